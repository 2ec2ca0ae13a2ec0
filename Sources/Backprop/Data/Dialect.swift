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
    let probe = try CSVReader(stream, delimiter: Self.candidates[0])
    let head = probe.head(limit: 1 << 16)
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
    let hasHeader = options.header ?? Self.looksLikeHeader(first, sample, values)
    header = hasHeader ? try Self.named(first, path) : nil
  }

  static func name(of delimiter: UInt8) -> String {
    delimiter == 9 ? "tab" : "\"\(Character(Unicode.Scalar(delimiter)))\""
  }

  // MARK: Delimiter

  /// The candidate that cuts the most rows into as many cells as the first one; of equals, the one
  /// that cuts it into more.
  private static func delimiter(of head: [UInt8]) -> UInt8 {
    var counts = [[Int]](repeating: [], count: candidates.count)
    var row = [Int](repeating: 0, count: candidates.count)
    var isQuoted = false
    var length = 0
    func endRow() {
      if length > 0 { for index in counts.indices { counts[index].append(row[index]) } }
      row = [Int](repeating: 0, count: candidates.count)
      length = 0
    }
    for byte in head {
      if byte == UInt8(ascii: "\"") { isQuoted.toggle() }
      if !isQuoted, byte == 10 || byte == 13 {
        endRow()
        if counts[0].count == sampleRows { break }
        continue
      }
      length += 1
      if !isQuoted, let index = candidates.firstIndex(of: byte) { row[index] += 1 }
    }
    // What follows the last line break is a row only if nothing else is.
    if counts[0].isEmpty { endRow() }
    var best = 0
    var bestScore = (0, 0)
    for (index, count) in counts.enumerated() {
      guard let first = count.first, first > 0 else { continue }
      let score = (count.count { $0 == first }, first)
      if score > bestScore { (best, bestScore) = (index, score) }
    }
    return candidates[best]
  }

  // MARK: Header

  private enum Look {
    case missing
    case number
    case text

    init(_ cell: String) {
      var cell = cell
      self = cell.withUTF8 { utf8 in
        guard let start = utf8.baseAddress, !MissingValue.matches(utf8) else { return .missing }
        return DecimalNumber.value(start, utf8.count).isFinite ? .number : .text
      }
    }
  }

  /// Whether the first row holds names.
  ///
  /// It does if a text stands above nothing but numbers. It does not if it holds a number otherwise.
  /// In a table of texts alone it does if its cells are all different and none of them recurs in its
  /// column.
  private static func looksLikeHeader(
    _ first: [String], _ sample: [[Look]], _ values: [[String]]
  ) -> Bool {
    var recurs = false
    for (column, name) in first.enumerated() where Look(name) == .text {
      let looks = sample.map { $0[column] }
      if looks.contains(.number), !looks.contains(.text) { return true }
      recurs = recurs || values.contains { $0[column] == name }
    }
    let names = first.filter { Look($0) == .text }
    guard names.count == first.count || (names.count == first.count - 1 && first[0].isEmpty) else {
      return false
    }
    return !recurs && Set(names).count == names.count
  }

  private static func named(_ cells: [String], _ path: String) throws(DataError) -> [String] {
    var seen: [String: Int] = [:]
    var names: [String] = []
    for (column, cell) in cells.enumerated() {
      let name = cell.isEmpty && column > 0 ? "unnamed_\(column)" : cell
      if let earlier = seen[name] {
        throw DataError(
          file: path, place: .line(1),
          "columns \(earlier + 1) and \(column + 1) are both named \(DataError.quoted(name))",
          remedy: "rename one of them, or say that the file has no header")
      }
      seen[name] = column
      names.append(name)
    }
    return names
  }
}
