/// The first lines of a text file, before it is known what stands between its cells.
struct TableHead {
  /// A line and its number, from 1.
  struct Line {
    let line: Int
    let bytes: [UInt8]
  }

  /// Lines that begin with the mark of comments, above the first that does not.
  private(set) var comments: [Line] = []
  /// Whether any line is taken for a comment.
  private(set) var hasComments = false
  /// Whether all lines begin with the mark, and the mark was not given: then it is part of the data.
  private(set) var isAllMarked = false
  /// What Excel's first line `sep=;` says.
  private(set) var separator: UInt8?
  /// Rows that are not empty, with every quoted byte and quote replaced by a letter.
  private var rows: [[UInt8]] = []

  private static let candidates = [",", ";", "\t", "|"].map { $0.utf8.first ?? 0 }
  private static let mostRows = 100

  /// - Parameters:
  ///   - bytes: The beginning of the file, from a line on that is not blank.
  ///   - line: The number of that line.
  ///   - mark: What begins a comment; 0 for nothing.
  ///   - markIsGiven: Whether a user said so.
  init(_ bytes: [UInt8], line: Int, mark: UInt8, markIsGiven: Bool) {
    split(bytes, line, mark)
    if rows.isEmpty, !comments.isEmpty, !markIsGiven {
      (comments, hasComments, isAllMarked) = ([], false, true)
      split(bytes, line, 0)
    }
  }

  private mutating func split(_ bytes: [UInt8], _ firstLine: Int, _ mark: UInt8) {
    let (lineFeed, carriageReturn) = (UInt8(ascii: "\n"), UInt8(ascii: "\r"))
    let quote = UInt8(ascii: "\"")
    var number = firstLine
    var start = 0
    var row: [UInt8] = []
    var isQuoted = false
    // Lines one by one; a quoted cell may go on in the next one.
    while start < bytes.count, rows.count < Self.mostRows {
      let end = bytes[start...].firstIndex { $0 == lineFeed || $0 == carriageReturn }
      let line = bytes[start..<(end ?? bytes.count)]
      var next = end.map { $0 + 1 } ?? bytes.count
      if let end, bytes[end] == carriageReturn, next < bytes.count, bytes[next] == lineFeed {
        next += 1
      }
      let first = line.first { $0 != UInt8(ascii: " ") && $0 != UInt8(ascii: "\t") }
      if !isQuoted, rows.isEmpty, separator == nil, let byte = Self.separator(line),
        number == firstLine
      {
        separator = byte
      } else if !isQuoted, mark != 0, first == mark {
        hasComments = true
        if rows.isEmpty { comments.append(Line(line: number, bytes: Array(line))) }
      } else {
        for byte in line {
          let isQuote = byte == quote
          if isQuote { isQuoted.toggle() }
          row.append(isQuoted || isQuote ? UInt8(ascii: "q") : byte)
        }
        if isQuoted {
          row.append(UInt8(ascii: "q"))
        } else {
          // What follows the last line break is a row only if nothing else is.
          if !row.isEmpty, end != nil || rows.isEmpty { rows.append(row) }
          row = []
        }
      }
      number += 1
      start = next
    }
    if rows.isEmpty, !row.isEmpty { rows.append(row) }
  }

  private static func separator(_ line: ArraySlice<UInt8>) -> UInt8? {
    let text = String(decoding: line, as: UTF8.self)
    let bare = text.first == "\"" && text.last == "\"" ? text.dropFirst().dropLast() : text[...]
    guard bare.count == 5, bare.lowercased().hasPrefix("sep="), let byte = bare.utf8.last,
      byte < 0x80, byte >= 32 || byte == UInt8(ascii: "\t"), !isLetterOrDigit(byte)
    else { return nil }
    return byte
  }

  private static func isLetterOrDigit(_ byte: UInt8) -> Bool {
    (48...57).contains(byte) || (97...122).contains(byte | 32)
  }

  // MARK: What stands between cells

  /// The delimiter that cuts the rows best.
  var delimiter: RowLayout.Delimiter {
    let (best, agreeing) = Self.best(of: rows[...])
    if let best, agreeing == rows.count {
      if best == UInt8(ascii: "\t"), isSpaced, tabsLeaveNumbersUncut { return .spaces }
      return .byte(best)
    }
    if best == nil || best == UInt8(ascii: "\t"), isSpaced { return .spaces }
    // A title has none of the delimiter below it.
    for above in 1..<max(2, min(TableShape.mostLinesAbove, rows.count - 1)) {
      let below = rows.dropFirst(above)
      let (candidate, agreeing) = Self.best(of: below)
      if below.count >= 2, agreeing == below.count, let candidate,
        rows[0].contains(candidate) == false
      {
        return .byte(candidate)
      }
    }
    return .byte(best ?? Self.candidates[0])
  }

  /// The candidate that cuts the most rows into as many cells as the first one; of equals, the one
  /// that leaves the fewest cells in which another candidate stands beside a number (`5;1`, but not
  /// the decimal comma of `3,5`), then one that no blank follows everywhere, as it does in a text ("Rome, IT"), then
  /// the one that cuts the first row into more.
  private static func best(of rows: ArraySlice<[UInt8]>) -> (candidate: UInt8?, agreeing: Int) {
    var best: UInt8?
    var bestScore = (0, 0, 0, 0)
    for candidate in candidates {
      let counts = rows.map { row in row.count { $0 == candidate } }
      guard let first = counts.first, first > 0 else { continue }
      var uncut = 0
      for row in rows { uncut += uncutCells(of: row, candidate) }
      let isText = rows.allSatisfy { row in
        zip(row, row.dropFirst()).allSatisfy { $0 != candidate || $1 == UInt8(ascii: " ") }
      }
      let score = (counts.count { $0 == first }, -uncut, isText ? -1 : 0, first)
      if score > bestScore { (best, bestScore) = (candidate, score) }
    }
    return (best, bestScore.0)
  }

  /// Number of the cells of a row that another candidate would cut behind or before a number.
  private static func uncutCells(of row: [UInt8], _ delimiter: UInt8) -> Int {
    row.split(separator: delimiter).count { cell in
      guard let other = candidates.first(where: { $0 != delimiter && cell.contains($0) }),
        !text(cell).isDecimalComma
      else { return false }
      let parts = cell.split(separator: other, omittingEmptySubsequences: false)
      return [parts.first, parts.last].contains { part in
        guard let part else { return false }
        return DecimalNumber.value(text(part)).isFinite
      }
    }
  }

  private static func text(_ cell: ArraySlice<UInt8>) -> String {
    String(decoding: cell, as: UTF8.self).trimmingSpaces
  }

  private static func pieces(_ row: some Sequence<UInt8>) -> [String] {
    String(decoding: Array(row), as: UTF8.self).split { $0 == " " || $0 == "\t" }.map(String.init)
  }

  /// Whether runs of spaces cut all rows into as many cells, of which one column is numbers; a header may
  /// be one name short.
  private var isSpaced: Bool {
    let cells = rows.map(Self.pieces)
    guard let width = cells.last?.count, width > 1, let first = cells.first else { return false }
    if cells.count == 1 { return first.allSatisfy { TableShape.Look($0) == .number } }
    let body = cells.dropFirst()
    guard first.count == width || first.count + 1 == width,
      body.allSatisfy({ $0.count == width })
    else { return false }
    return (0..<width).contains { column in
      let looks = body.map { TableShape.Look($0[column]) }
      return looks.contains(.number) && !looks.contains(.text)
    }
  }

  /// Whether cells between tabs are several numbers, in every row but perhaps the first.
  private var tabsLeaveNumbersUncut: Bool {
    (rows.count == 1 ? rows[...] : rows.dropFirst()).allSatisfy { row in
      row.split(separator: UInt8(ascii: "\t")).contains { cell in
        let pieces = Self.pieces(cell)
        return pieces.count > 1 && pieces.allSatisfy { TableShape.Look($0) != .text }
      }
    }
  }
}

extension TableHead.Line {
  /// The cells of the line as it stands.
  func cells(_ delimiter: RowLayout.Delimiter) -> [String] { Self.cells(bytes[...], delimiter) }

  /// The cells behind the mark.
  func strippedCells(_ delimiter: RowLayout.Delimiter) -> [String] {
    let text = bytes.drop { $0 == UInt8(ascii: " ") || $0 == UInt8(ascii: "\t") }
    guard let mark = text.first else { return [] }
    return Self.cells(text.drop { $0 == mark }, delimiter)
  }

  private static func cells(
    _ bytes: ArraySlice<UInt8>, _ delimiter: RowLayout.Delimiter
  ) -> [String] {
    let quote = UInt8(ascii: "\"")
    func isBlank(_ byte: UInt8) -> Bool { byte == UInt8(ascii: " ") || byte == UInt8(ascii: "\t") }
    var cells: [String] = []
    var cell: [UInt8] = []
    var isQuoted = false
    func finished() -> String {
      let text = String(decoding: cell, as: UTF8.self).trimmingSpaces
      guard text.count > 1, text.first == "\"", text.last == "\"" else { return text }
      return String(text.dropFirst().dropLast()).replacing("\"\"", with: "\"")
    }
    for byte in bytes {
      if byte == quote { isQuoted.toggle() }
      let isEnd = delimiter == .spaces ? isBlank(byte) : byte == delimiter.byte
      if isEnd, !isQuoted {
        if delimiter != .spaces || !cell.isEmpty { cells.append(finished()) }
        cell = []
      } else {
        cell.append(byte)
      }
    }
    if delimiter != .spaces || !cell.isEmpty { cells.append(finished()) }
    return cells
  }
}
