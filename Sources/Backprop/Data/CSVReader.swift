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
  private(set) var line = 0
  /// Number of cells of the current row.
  private(set) var count = 0
  /// Bytes of text that have come from the file.
  private(set) var bytesRead = 0
  /// The line at which reading goes on.
  private(set) var nextLine = 1
  /// Lines that were passed over between the rows.
  private(set) var passed = PassedLines()

  private var stream: ByteStream
  // `slack` bytes more than `capacity`: a sentinel behind the last byte, and room for the end of the
  // block that begins there.
  private var buffer: UnsafeMutablePointer<UInt8>
  private var capacity: Int
  private var filled = 0
  private var position = 0
  private var atEnd = false

  private var cells: UnsafeMutablePointer<Cell>
  private var cellCapacity = 256
  // How many rows to scan closely at once: where one has quotes, the next ones mostly have too.
  private var closeRows = 0
  private let delimiter: UInt8
  private let isSpaced: Bool
  private let comments: RowLayout.Comments
  private let commentMark: UInt8
  private var rowsEndWithDelimiter: Bool
  private let blankLinesAreRows: Bool
  // Whether a row has come, behind which blank lines are between rows.
  private var hasRow = false
  // Blank lines that are rows and stand before the row at `position`.
  private var pendingBlanks = 0
  // 1 for the bytes that may end an unquoted cell: delimiter, CR, LF, NUL.
  private let ends: UnsafeMutablePointer<UInt8>
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
    for byte in [delimiter, lineFeed, carriageReturn, 0] { ends[Int(byte)] = 1 }
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
      if first == commentMark || first == space, try passComment() { continue }
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
      while start < end, buffer[start] == space { start &+= 1 }
      while start < end, buffer[end &- 1] == space { end &-= 1 }
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
      at += buffer[at] == quote ? 2 : 1
    }
    return UnsafeBufferPointer(start: scratch.baseAddress, count: written)
  }
}

private let lineFeed = UInt8(ascii: "\n")
private let carriageReturn = UInt8(ascii: "\r")
private let quote = UInt8(ascii: "\"")
private let space = UInt8(ascii: " ")
private let tab = UInt8(ascii: "\t")

// MARK: Scanning

extension CSVReader {
  private enum Outcome {
    case row
    case blank
    case incomplete
    case end
  }

  /// Goes past the blank lines that follow one, which may be most of a file, byte by byte.
  private mutating func skipBlankLines() {
    var at = position
    while at < filled {
      switch buffer[at] {
      case lineFeed: at += 1
      case carriageReturn:
        // Whether a line feed belongs to it shows after a refill.
        guard at + 1 < filled else { return }
        at += buffer[at + 1] == lineFeed ? 2 : 1
      case space where delimiter != space || isSpaced, tab where delimiter != tab:
        at += 1
        continue
      default: return
      }
      position = at
      nextLine += 1
    }
  }

  /// Finds the cells of the row at `position`. A row that the buffer does not hold to its end is
  /// `incomplete`, changes nothing, and is scanned from its start again after a refill.
  private mutating func scanRow() throws(DataError) -> Outcome {
    if closeRows > 0 {
      if isSpaced { return try scanSpaced() }
      closeRows &-= 1
      return try scanClosely()
    }
    var next = 0
    var isASCII = true
    let count = bp_row_of_cells(
      buffer, position, filled, delimiter, cellCapacity, cells, &next, &isASCII)
    if count > 0 { return try accept(count, breaks: 0, end: next, isASCII: isASCII) }
    let outcome = try scanClosely()
    if case .row = outcome { closeRows = 15 }
    return outcome
  }

  /// The same, cell by cell: rows with quotes, with many cells, at the end of the buffer, in error.
  private mutating func scanClosely() throws(DataError) -> Outcome {
    let bytes = buffer
    let end = filled
    let ends = self.ends
    let delimiter = self.delimiter
    let delimiters = 0x0101_0101_0101_0101 &* UInt64(delimiter)
    var cells = self.cells
    var cellCapacity = self.cellCapacity
    var at = position
    var count = 0
    var breaks = 0
    // The disjunction of all bytes, in any lane: whether there is more than ASCII.
    var high: UInt64 = 0
    bytes[end] = lineFeed

    if at == end { return atEnd ? .end : .incomplete }
    while true {
      let start = at
      if bytes[at] == space, delimiter != space {
        var next = at
        while bytes[next] == space, next < end { next += 1 }
        if next == end, !atEnd { return try incomplete(from: start) }
        if bytes[next] == quote, next < end { at = next }
      }
      if bytes[at] == quote, at < end {
        let opening = at
        let form = try scanQuoted(&at, &breaks, &high)
        if at == end, !atEnd { return try incomplete(from: start) }
        cells[count] = Cell(start: Int32(opening + 1), end: Int32(at - 1), form: form)
        while at < end, bytes[at] == space, delimiter != space { at += 1 }
        if at == end, !atEnd { return try incomplete(from: start) }
        if ends[Int(bytes[at])] == 0 {
          throw failure(
            breaks, "text follows the closing quote of a cell",
            remedy: "write a quote inside a quoted cell twice")
        }
      } else {
        at = endOfPlainCell(bytes, at, ends, delimiters, &high)
        if at == end, !atEnd { return try incomplete(from: start) }
        cells[count] = Cell(start: Int32(start), end: Int32(at), form: Form.plain)
      }
      count &+= 1
      if at == end { break }
      let byte = bytes[at]
      if byte == delimiter {
        at &+= 1
        if count == cellCapacity {
          try growCells()
          cells = self.cells
          cellCapacity = self.cellCapacity
        }
        continue
      }
      if byte == 0 { throw failure(breaks, Self.nulProblem, remedy: Self.nulRemedy) }
      if byte == carriageReturn {
        if at + 1 == end, !atEnd { return try incomplete(from: start) }
        if at + 1 < end, bytes[at + 1] == lineFeed { at += 1 }
      }
      at &+= 1
      break
    }

    // Rows of as many cells are found by blocks from now on.
    if count + 128 > self.cellCapacity, self.cellCapacity < Self.columnLimit { try growCells() }
    return try accept(
      count, breaks: breaks, end: at, isASCII: high & 0x8080_8080_8080_8080 == 0)
  }

  /// The same for cells between runs of spaces and tabs. A cell in quotes may have both.
  private mutating func scanSpaced() throws(DataError) -> Outcome {
    let bytes = buffer
    let end = filled
    var at = position
    var count = 0
    var breaks = 0
    var high: UInt64 = 0
    func isBlank(_ byte: UInt8) -> Bool { byte == space || byte == tab }
    func endsRow(_ byte: UInt8) -> Bool { byte == lineFeed || byte == carriageReturn }
    bytes[end] = lineFeed

    if at == end { return atEnd ? .end : .incomplete }
    while true {
      while at < end, isBlank(bytes[at]) { at += 1 }
      if at == end, !atEnd { return try incomplete(from: position) }
      if at == end || endsRow(bytes[at]) { break }
      let start = at
      var form = Form.plain
      if bytes[at] == quote {
        form = try scanQuoted(&at, &breaks, &high)
        if at == end, !atEnd { return try incomplete(from: start) }
        if at < end, !isBlank(bytes[at]), !endsRow(bytes[at]) {
          throw failure(
            breaks, "text follows the closing quote of a cell",
            remedy: "write a quote inside a quoted cell twice")
        }
      } else {
        while at < end, !isBlank(bytes[at]), !endsRow(bytes[at]) {
          if bytes[at] == 0 { throw failure(breaks, Self.nulProblem, remedy: Self.nulRemedy) }
          high |= UInt64(bytes[at])
          at += 1
        }
        if at == end, !atEnd { return try incomplete(from: start) }
      }
      if count == cellCapacity { try growCells() }
      let isPlain = form == Form.plain
      cells[count] = Cell(
        start: Int32(isPlain ? start : start + 1), end: Int32(isPlain ? at : at - 1), form: form)
      count += 1
    }
    if count == 0 {
      cells[0] = Cell(start: Int32(at), end: Int32(at), form: Form.plain)
      count = 1
    }
    if at < end {
      if bytes[at] == carriageReturn {
        if at + 1 == end, !atEnd { return try incomplete(from: position) }
        if at + 1 < end, bytes[at + 1] == lineFeed { at += 1 }
      }
      at += 1
    }
    return try accept(count, breaks: breaks, end: at, isASCII: high & 0x80 == 0)
  }

  // MARK: Lines that are none of the table

  /// Goes past the line at `position`, whatever it holds and however long it is; false at the end.
  private mutating func skipLine() throws(DataError) -> Bool {
    if position == filled, !atEnd { try refill() }
    guard position < filled else { return false }
    while true {
      var at = position
      while at < filled, buffer[at] != lineFeed, buffer[at] != carriageReturn { at += 1 }
      if at + 1 < filled || atEnd {
        let isPair =
          at + 1 < filled && buffer[at] == carriageReturn && buffer[at + 1] == lineFeed
        position = min(filled, at + (isPair ? 2 : 1))
        nextLine += 1
        return true
      }
      // Whether a line feed belongs to a carriage return shows after a refill.
      position = at
      try refill()
    }
  }

  /// Goes past the line at `position` if it is a comment.
  private mutating func passComment() throws(DataError) -> Bool {
    guard comments != .none else { return false }
    while true {
      var at = position
      while at < filled,
        buffer[at] == space || (buffer[at] == tab && (isSpaced || delimiter != tab))
      {
        at += 1
      }
      if at < filled {
        guard buffer[at] == commentMark else { return false }
        guard case .unlikeRows(_, let cells) = comments else { break }
        let mark = at
        while at < filled, buffer[at] != lineFeed, buffer[at] != carriageReturn { at += 1 }
        if at < filled || atEnd {
          if cellCount(position..<at) != cells { break }
          noteRow(atMark: mark, end: at)
          return false
        }
      }
      if atEnd { return false }
      _ = try incomplete(from: position)
      try refill()
    }
    if passed.comments == 0 { passed.firstComment = nextLine }
    passed.comments += 1
    return try skipLine()
  }

  /// Notes a row that begins as a comment does; a spreadsheet's error, such as #N/A, begins none.
  private mutating func noteRow(atMark mark: Int, end: Int) {
    let text = UnsafeBufferPointer(start: buffer + mark + 1, count: end - mark - 1)
    let errors: [StaticString] = [
      "N/A", "NA", "DIV/0!", "VALUE!", "REF!", "NUM!", "NAME?", "NULL!",
    ]
    let isError = errors.contains { error in
      text.count >= error.utf8CodeUnitCount
        && (0..<error.utf8CodeUnitCount).allSatisfy { text[$0] == error.utf8Start[$0] }
    }
    if isError { return }
    passed.rowLikeComment = passed.rowLikeComment ?? nextLine
    let first = text.first { $0 != space && $0 != tab } ?? 0
    if (48...57).contains(first) || first == UInt8(ascii: "-") || first == UInt8(ascii: ".") {
      passed.rowLikeCommentOfNumbers = passed.rowLikeCommentOfNumbers ?? nextLine
    }
  }

  /// The cells that a line would make, as far as can be said without the lines that follow.
  private func cellCount(_ line: Range<Int>) -> Int {
    var count = isSpaced ? 0 : 1
    var isQuoted = false
    var isBetween = true
    for at in line {
      let byte = buffer[at]
      if byte == quote { isQuoted.toggle() }
      if isSpaced {
        let isBlank = !isQuoted && (byte == space || byte == tab)
        if isBetween, !isBlank { count += 1 }
        isBetween = isBlank
      } else if byte == delimiter, !isQuoted {
        count += 1
      }
    }
    return count - (rowsEndWithDelimiter ? 1 : 0)
  }

  /// Makes the `count` cells up to `end` the current row, if they may be.
  @inline(__always)
  private mutating func accept(
    _ count: Int, breaks: Int, end at: Int, isASCII: Bool
  ) throws(DataError) -> Outcome {
    if !isASCII { try checkUTF8(position, at) }
    if at - position > Self.cellLimit {
      for index in 0..<count where cells[index].end - cells[index].start > Self.cellLimit {
        throw tooLarge()
      }
    }
    let first = cells[0]
    let isBlank = count == 1 && first.form == Form.plain && isAllSpaces(first)
    self.count = count
    line = nextLine
    nextLine += breaks + 1
    position = at
    return isBlank ? .blank : .row
  }

  /// Goes from an opening quote to behind its closing one, or to the end of the buffer.
  private func scanQuoted(
    _ at: inout Int, _ breaks: inout Int, _ high: inout UInt64
  ) throws(DataError) -> UInt8 {
    let opening = breaks
    let start = at
    let end = filled
    var form = Form.quoted
    at += 1
    while at < end {
      let byte = buffer[at]
      high |= UInt64(byte)
      at += 1
      switch byte {
      case quote:
        // Whether a quote at the end of the buffer is doubled shows after a refill.
        guard at < end, buffer[at] == quote else { return form }
        form = Form.quotedWithDoubledQuotes
        at += 1
      case lineFeed: breaks += 1
      case carriageReturn: if at < end, buffer[at] != lineFeed { breaks += 1 }
      case 0: throw failure(breaks, Self.nulProblem, remedy: Self.nulRemedy)
      default: break
      }
    }
    if atEnd {
      if end - start > Self.cellLimit { throw tooLarge() }
      throw failure(
        opening, "a quoted cell opens here and is never closed", remedy: "close the quote")
    }
    return form
  }

  /// Decides whether it makes sense to read on for a row whose last cell began at `start`.
  private func incomplete(from start: Int) throws(DataError) -> Outcome {
    if filled - start > Self.cellLimit { throw tooLarge() }
    if filled - position > Self.rowLimit {
      throw failure(
        0, "a row is larger than \(Self.rowLimit >> 20) MiB", remedy: "is this a table of text?")
    }
    return .incomplete
  }

  private func tooLarge() -> DataError {
    failure(
      0, "a cell is larger than \(Self.cellLimit >> 20) MiB",
      remedy: "look for a quote that is not closed, or for missing line breaks")
  }

  private static let nulProblem = "a NUL byte"
  private static let nulRemedy = "is this a text file? Save it as UTF-8 text"

  private func failure(_ breaks: Int, _ problem: String, remedy: String) -> DataError {
    DataError(file: path, place: .line(nextLine + breaks), problem, remedy: remedy)
  }

  private func isAllSpaces(_ cell: Cell) -> Bool {
    (cell.start..<cell.end).allSatisfy { buffer[Int($0)] == space || buffer[Int($0)] == 9 }
  }

  /// Brings more of the file into the buffer, which keeps the row that has been begun and grows only
  /// for a row larger than itself.
  private mutating func refill() throws(DataError) {
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

  private mutating func growCells() throws(DataError) {
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

  private func checkUTF8(_ start: Int, _ end: Int) throws(DataError) {
    let row = UnsafeBufferPointer(start: buffer + start, count: end - start)
    guard let offset = firstInvalidUTF8(row) else { return }
    var breaks = 0
    for at in 0..<offset where row[at] == lineFeed || row[at] == carriageReturn {
      if row[at] == lineFeed || (at + 1 < row.count && row[at + 1] != lineFeed) { breaks += 1 }
    }
    throw failure(
      breaks, "byte 0x\(String(row[offset], radix: 16, uppercase: true)) is not UTF-8",
      remedy:
        "save the file as UTF-8; if it is Latin-1: \(ForeignFormat.recoding("WINDOWS-1252", path))")
  }
}

/// The position of the byte that ends an unquoted cell, eight bytes at a time.
///
/// Whether a byte x is zero shows in the top bit of (x − 1) & ~x, and whether it is less than 32 in
/// that of (x − 32) & ~x; a borrow can only make lanes above the first true one wrong (Anderson, Bit
/// Twiddling Hacks; Warren, Hacker's Delight, section 6-1). Line ends and NUL are less than 32.
@inline(__always)
private func endOfPlainCell(
  _ bytes: UnsafePointer<UInt8>, _ start: Int, _ ends: UnsafePointer<UInt8>, _ delimiters: UInt64,
  _ high: inout UInt64
) -> Int {
  var at = start
  while true {
    let word = UInt64(
      littleEndian: UnsafeRawPointer(bytes + at).loadUnaligned(as: UInt64.self))
    high |= word
    let difference = word ^ delimiters
    let found =
      (((word &- 0x2020_2020_2020_2020) & ~word)
        | ((difference &- 0x0101_0101_0101_0101) & ~difference)) & 0x8080_8080_8080_8080
    if found == 0 {
      at &+= 8
      continue
    }
    at &+= found.trailingZeroBitCount >> 3
    if ends[Int(bytes[at])] != 0 { return at }
    at &+= 1
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
