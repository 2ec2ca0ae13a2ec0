import CBackprop

/// Cuts a delimited text file into rows of cells, one row at a time, in a buffer of fixed size.
///
/// Goals, in this order: never misread (RFC 4180; every departure is an error with its line), memory
/// that does not depend on the file, speed.
///
/// - Rows end with LF, CRLF or CR. Cells may be quoted; inside quotes, delimiters and line breaks are
///   text and a doubled quote is a quote. A quote inside an unquoted cell is text.
/// - Spaces around an unquoted cell, and around the quotes of a quoted one, are not part of it (a
///   departure from RFC 4180, for the sake of `1, 2, ?` and `"x", "y, z"`).
/// - Blank lines are skipped, and lines of comment; see `RowLayout`. A UTF-8 byte order mark is skipped.
/// - Errors: invalid UTF-8, a NUL byte, a quote that is never closed, text behind a closing quote, a
///   cell above 16 MiB, a row above 256 MiB or a million cells.
struct CSVReader: ~Copyable {
  /// Where a cell of the current row lies in the buffer, and its `Form`.
  typealias Cell = bp_cell

  enum Form {
    static let plain: UInt8 = 0
    static let quoted: UInt8 = 1
    static let quotedWithDoubledQuotes: UInt8 = 2
  }

  static let cellLimit = 16 << 20
  static let rowLimit = 256 << 20
  static let columnLimit = 1_000_000
  private static let bufferSize = 1 << 20
  private static let slack = 64
  /// Readable bytes in front of the buffer.
  private static let lead = 16

  let path: String
  /// The line on which the current row begins, from 1.
  var line = 0
  /// Number of cells of the current row.
  var count = 0
  /// Bytes of text that have come from the file.
  private(set) var bytesRead = 0
  /// The line at which reading goes on.
  var nextLine = 1
  /// Lines that were passed over between the rows.
  var passed = PassedLines()

  private var stream: ByteStream
  // `slack` bytes more than `capacity`: a sentinel behind the last byte, and room for the end of the
  // block that begins there.
  var buffer: UnsafeMutablePointer<UInt8>
  var capacity: Int
  var filled = 0
  var position = 0
  var atEnd = false

  var cells: UnsafeMutablePointer<Cell>
  var cellCapacity = 256
  // How many rows to scan closely at once: where one has quotes, the next ones mostly have too.
  var closeRows = 0
  let delimiter: UInt8
  let isSpaced: Bool
  let comments: RowLayout.Comments
  let commentMark: UInt8
  var rowsEndWithDelimiter: Bool
  let blankLinesAreRows: Bool
  // Whether a row has come, behind which blank lines are between rows.
  var hasRow = false
  // Blank lines that are rows and stand before the row at `position`.
  var pendingBlanks = 0
  // 1 for the bytes that may end an unquoted cell: delimiter, CR, LF, NUL.
  let ends: UnsafeMutablePointer<UInt8>
  private var scratch = UnsafeMutableBufferPointer<UInt8>.allocate(capacity: 0)

  init(_ stream: consuming ByteStream, delimiter: UInt8) throws(DataError) {
    try self.init(stream, RowLayout(delimiter: .byte(delimiter)))
  }

  init(_ stream: consuming ByteStream, _ layout: RowLayout) throws(DataError) {
    path = stream.path
    // One byte more than a small file, so that its end shows at once.
    let size = stream.isCompressed ? Self.bufferSize : stream.identity.size + 1
    capacity = min(Self.bufferSize, size)
    self.stream = stream
    delimiter = layout.delimiter.byte
    isSpaced = layout.delimiter == .spaces
    comments = layout.comments
    commentMark = layout.comments.mark
    rowsEndWithDelimiter = layout.rowsEndWithDelimiter
    blankLinesAreRows = layout.blankLinesAreRows
    // Runs of spaces are cut cell by cell, always.
    closeRows = isSpaced ? .max : 0
    buffer = Self.allocate(capacity)
    cells = .allocate(capacity: cellCapacity)
    ends = .allocate(capacity: 256)
    ends.initialize(repeating: 0, count: 256)
    for byte in [delimiter, CSVByte.lineFeed, CSVByte.carriageReturn, 0] { ends[Int(byte)] = 1 }
    try refill()
    if filled >= 3, buffer[0] == 0xEF, buffer[1] == 0xBB, buffer[2] == 0xBF { position = 3 }
    if filled >= 2, buffer[0] ^ buffer[1] == 1, buffer[0] & buffer[1] == 0xFE {
      throw DataError(
        file: path, "is UTF-16 text, not UTF-8",
        remedy: "save it as UTF-8: \(ForeignFormat.recoding("UTF-16", path))")
    }
    for skipped in 0..<layout.skippedLines {
      guard try skipLine() else {
        throw DataError(
          file: path, "has \(skipped) lines, and \(layout.skippedLines) are to be skipped",
          remedy: "skip fewer lines")
      }
    }
  }

  deinit {
    (buffer - Self.lead).deallocate()
    cells.deallocate()
    ends.deallocate()
    scratch.deallocate()
  }

  private static func allocate(_ capacity: Int) -> UnsafeMutablePointer<UInt8> {
    let start = UnsafeMutablePointer<UInt8>.allocate(capacity: lead + capacity + slack)
    start.initialize(repeating: 0, count: lead)
    return start + lead
  }

  /// The beginning of the file, from its first line on that is not blank.
  mutating func head(limit: Int) throws(DataError) -> [UInt8] {
    skipBlankLines()
    while filled - position < limit, !atEnd {
      try refill()
      skipBlankLines()
    }
    return Array(
      UnsafeBufferPointer(start: buffer + position, count: min(filled - position, limit)))
  }

  /// Goes to the next row that is not blank; false at the end of the file.
  mutating func next() throws(DataError) -> Bool {
    if pendingBlanks > 0 { return takeBlankLine() }
    var blanks = 0
    while true {
      let first = buffer[position]
      if first == commentMark || first == CSVByte.space, try passComment() { continue }
      let (start, startLine) = (position, nextLine)
      switch try scanRow() {
      case .row:
        if blanks > 0, hasRow {
          guard !blankLinesAreRows else {
            // The row is scanned again when their turn is over.
            (position, nextLine, pendingBlanks) = (start, startLine, blanks)
            return takeBlankLine()
          }
          passed.blank += blanks
        }
        hasRow = true
        if rowsEndWithDelimiter { try dropLastCell() }
        return true
      case .blank:
        skipBlankLines()
        blanks += nextLine - startLine
      case .incomplete: try refill()
      case .end: return false
      }
    }
  }

  /// Goes to the header, which may lack the delimiter at the end that the rows have.
  mutating func nextHeader() throws(DataError) -> Bool {
    let rowsEnd = rowsEndWithDelimiter
    rowsEndWithDelimiter = false
    guard try next() else { return false }
    rowsEndWithDelimiter = rowsEnd
    // Between a header and the first row a blank line is a row only where every line is one.
    hasRow = blankLinesAreRows
    return true
  }

  /// Makes a blank line the current row: one empty cell.
  private mutating func takeBlankLine() -> Bool {
    line = nextLine - pendingBlanks
    pendingBlanks -= 1
    cells[0] = Cell(start: Int32(position), end: Int32(position), form: Form.plain)
    count = 1
    return true
  }

  /// Takes away what stands behind the delimiter at the end of a row: nothing.
  private mutating func dropLastCell() throws(DataError) {
    guard count > 1, isAllSpaces(cells[count - 1]), cells[count - 1].form == Form.plain else {
      throw error(
        "a row that does not end with the delimiter, as the rows above do",
        remedy: "end it so, or give every column a name if there is a column behind the last one")
    }
    count -= 1
  }

  /// The cell at `index` of the current row, unquoted; valid until the next call of this reader. At
  /// least 16 bytes behind it are readable.
  @inline(__always)
  mutating func bytes(_ index: Int) -> UnsafeBufferPointer<UInt8> {
    let cell = cells[index]
    var start = Int(cell.start)
    var end = Int(cell.end)
    if cell.form == Form.plain {
      while start < end, buffer[start] == CSVByte.space { start &+= 1 }
      while start < end, buffer[end &- 1] == CSVByte.space { end &-= 1 }
    } else if cell.form == Form.quotedWithDoubledQuotes {
      return undoubled(start, end)
    }
    return UnsafeBufferPointer(start: buffer + start, count: end &- start)
  }

  /// Whether the cell at `index` of the current row stands in quotes.
  func isQuoted(_ index: Int) -> Bool { cells[index].form != Form.plain }

  /// Reads the cells of the current row from `first` on as decimals; returns the index of the first
  /// one that is none, or `count`. See `decimals` of the kernels.
  @inline(__always)
  func decimals(
    from first: Int, _ fractions: UnsafePointer<UInt8>, limit: UInt64,
    into target: UnsafeMutablePointer<Int32>
  ) -> Int {
    Double.kernels.decimals(buffer, cells, first, count, fractions, limit, target)
  }

  /// The cell at `index` as text.
  mutating func text(_ index: Int) -> String { String(decoding: bytes(index), as: UTF8.self) }

  /// An error about the current row.
  func error(_ problem: String, column: String? = nil, remedy: String? = nil) -> DataError {
    DataError(file: path, place: .line(line), column: column, problem, remedy: remedy)
  }

  private mutating func undoubled(_ start: Int, _ end: Int) -> UnsafeBufferPointer<UInt8> {
    // The buffer itself must stay as it is: a row may be scanned again after a refill.
    if scratch.count < end - start + 16 {
      scratch.deallocate()
      scratch = .allocate(capacity: max(end - start, 256) + Self.slack)
    }
    var written = 0
    var at = start
    while at < end {
      scratch[written] = buffer[at]
      written += 1
      at += buffer[at] == CSVByte.quote ? 2 : 1
    }
    return UnsafeBufferPointer(start: scratch.baseAddress, count: written)
  }
}

/// The bytes that mean something in delimited text.
enum CSVByte {
  static let lineFeed = UInt8(ascii: "\n")
  static let carriageReturn = UInt8(ascii: "\r")
  static let quote = UInt8(ascii: "\"")
  static let space = UInt8(ascii: " ")
  static let tab = UInt8(ascii: "\t")
}

// MARK: The buffer

extension CSVReader {
  /// Brings more of the file into the buffer, which keeps the row that has been begun and grows only
  /// for a row larger than itself.
  mutating func refill() throws(DataError) {
    if position > 0 {
      buffer.update(from: buffer + position, count: filled - position)
      filled -= position
      position = 0
    } else if filled == capacity {
      if let shortage = Memory.shortage(2 * capacity) {
        throw failure(
          0, "a row of more than \(capacity) bytes: \(shortage)", remedy: "is this a table?")
      }
      let larger = Self.allocate(2 * capacity)
      larger.update(from: buffer, count: filled)
      (buffer - Self.lead).deallocate()
      buffer = larger
      capacity *= 2
    }
    // Until it is full: a stream may give a byte at a time, and a row is scanned again after each refill.
    while !atEnd, filled < capacity {
      let read = try stream.read(
        into: UnsafeMutableBufferPointer(start: buffer + filled, count: capacity - filled))
      filled += read
      bytesRead += read
      atEnd = read == 0
    }
  }

  mutating func growCells() throws(DataError) {
    guard cellCapacity < Self.columnLimit else {
      throw failure(0, "a row of more than \(Self.columnLimit) cells", remedy: "is this a table?")
    }
    if let shortage = Memory.shortage(2 * cellCapacity * MemoryLayout<Cell>.size) {
      throw failure(
        0, "a row of more than \(cellCapacity) cells: \(shortage)", remedy: "is this a table?")
    }
    let larger = UnsafeMutablePointer<Cell>.allocate(capacity: 2 * cellCapacity)
    larger.update(from: cells, count: cellCapacity)
    cells.deallocate()
    cells = larger
    cellCapacity *= 2
  }

  func checkUTF8(_ start: Int, _ end: Int) throws(DataError) {
    let row = UnsafeBufferPointer(start: buffer + start, count: end - start)
    guard let offset = firstInvalidUTF8(row) else { return }
    var breaks = 0
    for at in 0..<offset where row[at] == CSVByte.lineFeed || row[at] == CSVByte.carriageReturn {
      if row[at] == CSVByte.lineFeed || (at + 1 < row.count && row[at + 1] != CSVByte.lineFeed) {
        breaks += 1
      }
    }
    throw failure(
      breaks, "byte 0x\(String(row[offset], radix: 16, uppercase: true)) is not UTF-8",
      remedy:
        "save the file as UTF-8; if it is Latin-1: \(ForeignFormat.recoding("WINDOWS-1252", path))")
  }
}

/// The position of the first byte that is not well-formed UTF-8 (Unicode 15, table 3-7), or nil.
func firstInvalidUTF8(_ bytes: UnsafeBufferPointer<UInt8>) -> Int? {
  var at = 0
  while at < bytes.count {
    let lead = bytes[at]
    if lead < 0x80 {
      at += 1
      continue
    }
    let length: Int
    var second: ClosedRange<UInt8> = 0x80...0xBF
    switch lead {
    case 0xC2...0xDF: length = 2
    case 0xE0: (length, second) = (3, 0xA0...0xBF)
    case 0xED: (length, second) = (3, 0x80...0x9F)
    case 0xE1...0xEF: length = 3
    case 0xF0: (length, second) = (4, 0x90...0xBF)
    case 0xF1...0xF3: length = 4
    case 0xF4: (length, second) = (4, 0x80...0x8F)
    default: return at
    }
    guard at + length <= bytes.count, second.contains(bytes[at + 1]) else { return at }
    for offset in 2..<max(2, length) where !(0x80...0xBF).contains(bytes[at + offset]) {
      return at
    }
    at += length
  }
  return nil
}
