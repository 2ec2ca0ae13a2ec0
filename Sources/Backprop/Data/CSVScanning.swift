import CBackprop

/// Finds the cells of one row in the buffer of a reader: by blocks of 64 bytes where a row is plain, cell by cell
/// where it is not.
extension CSVReader {
  enum Outcome {
    case row
    case blank
    case incomplete
    case end
  }

  /// Goes past the blank lines that follow one, which may be most of a file, byte by byte.
  mutating func skipBlankLines() {
    var at = position
    while at < filled {
      switch buffer[at] {
      case CSVByte.lineFeed: at += 1
      case CSVByte.carriageReturn:
        // Whether a line feed belongs to it shows after a refill.
        guard at + 1 < filled else { return }
        at += buffer[at + 1] == CSVByte.lineFeed ? 2 : 1
      case CSVByte.space where delimiter != CSVByte.space || isSpaced,
        CSVByte.tab where delimiter != CSVByte.tab:
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
  mutating func scanRow() throws(DataError) -> Outcome {
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
  mutating func scanClosely() throws(DataError) -> Outcome {
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
    bytes[end] = CSVByte.lineFeed

    if at == end { return atEnd ? .end : .incomplete }
    while true {
      let start = at
      if bytes[at] == CSVByte.space, delimiter != CSVByte.space {
        var next = at
        while bytes[next] == CSVByte.space, next < end { next += 1 }
        if next == end, !atEnd { return try incomplete(from: start) }
        if bytes[next] == CSVByte.quote, next < end { at = next }
      }
      if bytes[at] == CSVByte.quote, at < end {
        let opening = at
        let form = try scanQuoted(&at, &breaks, &high)
        if at == end, !atEnd { return try incomplete(from: start) }
        cells[count] = Cell(start: Int32(opening + 1), end: Int32(at - 1), form: form)
        while at < end, bytes[at] == CSVByte.space, delimiter != CSVByte.space { at += 1 }
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
      if byte == CSVByte.carriageReturn {
        if at + 1 == end, !atEnd { return try incomplete(from: start) }
        if at + 1 < end, bytes[at + 1] == CSVByte.lineFeed { at += 1 }
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
  mutating func scanSpaced() throws(DataError) -> Outcome {
    let bytes = buffer
    let end = filled
    var at = position
    var count = 0
    var breaks = 0
    var high: UInt64 = 0
    func isBlank(_ byte: UInt8) -> Bool { byte == CSVByte.space || byte == CSVByte.tab }
    func endsRow(_ byte: UInt8) -> Bool {
      byte == CSVByte.lineFeed || byte == CSVByte.carriageReturn
    }
    bytes[end] = CSVByte.lineFeed

    if at == end { return atEnd ? .end : .incomplete }
    while true {
      while at < end, isBlank(bytes[at]) { at += 1 }
      if at == end, !atEnd { return try incomplete(from: position) }
      if at == end || endsRow(bytes[at]) { break }
      let start = at
      var form = Form.plain
      if bytes[at] == CSVByte.quote {
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
      if bytes[at] == CSVByte.carriageReturn {
        if at + 1 == end, !atEnd { return try incomplete(from: position) }
        if at + 1 < end, bytes[at + 1] == CSVByte.lineFeed { at += 1 }
      }
      at += 1
    }
    return try accept(count, breaks: breaks, end: at, isASCII: high & 0x80 == 0)
  }

  // MARK: Lines that are none of the table

  /// Goes past the line at `position`, whatever it holds and however long it is; false at the end.
  mutating func skipLine() throws(DataError) -> Bool {
    if position == filled, !atEnd { try refill() }
    guard position < filled else { return false }
    while true {
      var at = position
      while at < filled, buffer[at] != CSVByte.lineFeed, buffer[at] != CSVByte.carriageReturn {
        at += 1
      }
      if at + 1 < filled || atEnd {
        let isPair =
          at + 1 < filled && buffer[at] == CSVByte.carriageReturn
          && buffer[at + 1] == CSVByte.lineFeed
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
  mutating func passComment() throws(DataError) -> Bool {
    guard comments != .none else { return false }
    while true {
      var at = position
      while at < filled,
        buffer[at] == CSVByte.space
          || (buffer[at] == CSVByte.tab && (isSpaced || delimiter != CSVByte.tab))
      {
        at += 1
      }
      if at < filled {
        guard buffer[at] == commentMark else { return false }
        guard case .unlikeRows(_, let cells) = comments else { break }
        let mark = at
        while at < filled, buffer[at] != CSVByte.lineFeed, buffer[at] != CSVByte.carriageReturn {
          at += 1
        }
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
  mutating func noteRow(atMark mark: Int, end: Int) {
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
    let first = text.first { $0 != CSVByte.space && $0 != CSVByte.tab } ?? 0
    if (48...57).contains(first) || first == UInt8(ascii: "-") || first == UInt8(ascii: ".") {
      passed.rowLikeCommentOfNumbers = passed.rowLikeCommentOfNumbers ?? nextLine
    }
  }

  /// The cells that a line would make, as far as can be said without the lines that follow.
  func cellCount(_ line: Range<Int>) -> Int {
    var count = isSpaced ? 0 : 1
    var isQuoted = false
    var isBetween = true
    for at in line {
      let byte = buffer[at]
      if byte == CSVByte.quote { isQuoted.toggle() }
      if isSpaced {
        let isBlank = !isQuoted && (byte == CSVByte.space || byte == CSVByte.tab)
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
  mutating func accept(
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
  func scanQuoted(
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
      case CSVByte.quote:
        // Whether a quote at the end of the buffer is doubled shows after a refill.
        guard at < end, buffer[at] == CSVByte.quote else { return form }
        form = Form.quotedWithDoubledQuotes
        at += 1
      case CSVByte.lineFeed: breaks += 1
      case CSVByte.carriageReturn: if at < end, buffer[at] != CSVByte.lineFeed { breaks += 1 }
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
  func incomplete(from start: Int) throws(DataError) -> Outcome {
    if filled - start > Self.cellLimit { throw tooLarge() }
    if filled - position > Self.rowLimit {
      throw failure(
        0, "a row is larger than \(Self.rowLimit >> 20) MiB", remedy: "is this a table of text?")
    }
    return .incomplete
  }

  func tooLarge() -> DataError {
    failure(
      0, "a cell is larger than \(Self.cellLimit >> 20) MiB",
      remedy: "look for a quote that is not closed, or for missing line breaks")
  }

  static let nulProblem = "a NUL byte"
  static let nulRemedy = "is this a text file? Save it as UTF-8 text"

  func failure(_ breaks: Int, _ problem: String, remedy: String) -> DataError {
    DataError(file: path, place: .line(nextLine + breaks), problem, remedy: remedy)
  }

  func isAllSpaces(_ cell: Cell) -> Bool {
    (cell.start..<cell.end).allSatisfy { buffer[Int($0)] == CSVByte.space || buffer[Int($0)] == 9 }
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
