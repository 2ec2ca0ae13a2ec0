/// How a text file is delimited, and whether it begins with names.
struct Dialect {
  let delimiter: UInt8
  /// The names of the columns, or nil if the first row is data. Unnamed columns have empty names at
  /// position 0, else "unnamed_" and their position.
  let header: [String]?
  let columnCount: Int
  let identity: InputFile.Identity

  private static let candidates = [",", ";", "\t", "|"].map { $0.utf8.first ?? 0 }
  private static let sampleRows = 100

  /// Looks at the first rows of a file.
  ///
  /// - Throws: `DataError` if the file is empty or not text, or a name stands twice in its header.
  init(path: String, options: TableOptions) throws(DataError) {
    let stream = try ByteStream(path: path)
    identity = stream.identity
    var probe = try CSVReader(stream, delimiter: Self.candidates[0])
    let head = try probe.head(limit: 1 << 16)
    delimiter = options.delimiter ?? Self.delimiter(of: head)

    var reader = try CSVReader(ByteStream(path: path), delimiter: delimiter)
    guard try reader.next() else {
      throw DataError(file: path, "the file is empty", remedy: "a table needs at least one row")
    }
    columnCount = reader.count
    var first: [String] = []
    for column in 0..<columnCount { first.append(reader.text(column)) }
    var sample: [[Look]] = []
    var values: [[String]] = []
    while sample.count < Self.sampleRows, try reader.next(), reader.count == columnCount {
      var row: [String] = []
      for column in 0..<columnCount { row.append(reader.text(column)) }
      sample.append(row.map(Look.init))
      values.append(row)
    }
    let names = options.categorical + options.numeric + options.ignore + options.expectedNames
    let hasHeader =
      options.header
      ?? (Self.holds(first, names) || Self.looksLikeHeader(first, sample, values))
    header = hasHeader ? try Self.named(first, path) : nil
  }

  static func name(of delimiter: UInt8) -> String {
    delimiter == 9 ? "tab" : "\"\(Character(Unicode.Scalar(delimiter)))\""
  }

  // MARK: Delimiter

  /// The candidate that cuts the most rows into as many cells as the first one; of equals, the one
  /// that leaves the fewest cells in which another candidate stands beside a number (`5;1`, but not
  /// the decimal comma of `3,5`), then the one that cuts the first row into more.
  private static func delimiter(of head: [UInt8]) -> UInt8 {
    let rows = sample(of: head)
    var best = candidates[0]
    var bestScore = (0, 0, 0)
    for candidate in candidates {
      let counts = rows.map { row in row.count { $0 == candidate } }
      guard let first = counts.first, first > 0 else { continue }
      var uncut = 0
      for row in rows { uncut += uncutCells(of: row, candidate) }
      let score = (counts.count { $0 == first }, -uncut, first)
      if score > bestScore { (best, bestScore) = (candidate, score) }
    }
    return best
  }

  /// The first rows that are not empty, with every quoted byte and quote replaced by a letter.
  private static func sample(of head: [UInt8]) -> [[UInt8]] {
    var rows: [[UInt8]] = []
    var row: [UInt8] = []
    var isQuoted = false
    for byte in head {
      let isQuote = byte == UInt8(ascii: "\"")
      if isQuote { isQuoted.toggle() }
      if !isQuoted, byte == 10 || byte == 13 {
        if !row.isEmpty { rows.append(row) }
        if rows.count == sampleRows { return rows }
        row = []
      } else {
        row.append(isQuoted || isQuote ? UInt8(ascii: "q") : byte)
      }
    }
    // What follows the last line break is a row only if nothing else is.
    return rows.isEmpty && !row.isEmpty ? [row] : rows
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
    let space = UInt8(ascii: " ")
    let trimmed = cell.drop { $0 == space }
    let end = trimmed.lastIndex { $0 != space }.map { $0 + 1 } ?? trimmed.startIndex
    return String(decoding: trimmed[..<end], as: UTF8.self)
  }

  // MARK: Header

  private enum Look {
    case missing
    case number
    case text

    init(_ cell: String) {
      var cell = cell
      self = cell.withUTF8 { utf8 in
        guard let start = utf8.baseAddress, !MissingMarkers.usual.matches(utf8) else {
          return .missing
        }
        return DecimalNumber.value(start, utf8.count).isFinite ? .number : .text
      }
    }
  }

  /// Whether one of the names by which a user calls columns stands in the first row.
  ///
  /// The number of a column is its name in a file without a header, and says nothing.
  private static func holds(_ first: [String], _ names: [String]) -> Bool {
    let positions = Set((0..<first.count).map(String.init))
    return names.contains { first.contains($0) && !positions.contains($0) }
  }

  /// Whether the first row holds names.
  ///
  /// It does if a text stands above nothing but numbers. Otherwise its cells must all be different,
  /// and no text among them may recur in its column; and if it holds numbers, they must count up
  /// ("2019", "2020", "2021"), as those of no row below do.
  private static func looksLikeHeader(
    _ first: [String], _ sample: [[Look]], _ values: [[String]]
  ) -> Bool {
    var recurs = false
    for (column, name) in first.enumerated() where Look(name) == .text {
      let looks = sample.map { $0[column] }
      if looks.contains(.number), !looks.contains(.text) { return true }
      recurs = recurs || values.contains { $0[column] == name }
    }
    let names = first[0].isEmpty ? first.dropFirst() : first[...]
    guard !recurs, Set(names).count == names.count, names.contains(where: { Look($0) == .text }),
      !names.contains(where: { Look($0) == .missing })
    else { return false }
    guard names.contains(where: { Look($0) == .number }) else { return true }
    return countsUp(first) && !values.contains(where: countsUp)
  }

  /// Whether the numbers of a row are at least two integers, each by one more than the one before.
  private static func countsUp(_ row: [String]) -> Bool {
    let numbers = row.filter { Look($0) == .number }
    let integers = numbers.compactMap { Int($0) }
    return numbers.count >= 2 && integers.count == numbers.count
      && zip(integers, integers.dropFirst()).allSatisfy { $0 < $1 && $0 + 1 == $1 }
  }

  private static func named(_ cells: [String], _ path: String) throws(DataError) -> [String] {
    var seen: [String: Int] = [:]
    var names: [String] = []
    for (column, cell) in cells.enumerated() {
      let name = cell.isEmpty && column > 0 ? "unnamed_\(column)" : cell
      if let earlier = seen[name] {
        throw DataError(
          file: path, place: .line(1),
          "columns \(earlier + 1) and \(column + 1) are both named \(name.quoted)",
          remedy: "rename one of them, or say that the file has no header")
      }
      seen[name] = column
      names.append(name)
    }
    return names
  }
}
