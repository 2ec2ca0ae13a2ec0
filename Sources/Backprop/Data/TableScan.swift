/// What the first pass finds out about one column.
struct ColumnScan {
  enum Order {
    case inferred
    case categorical
    case numeric
    case ignore
  }

  var order = Order.inferred
  var missing = 0
  var numbers = 0
  /// Cells that are neither numbers nor missing.
  var texts = 0
  var firstText: (line: Int, text: String)?

  /// A column is numeric too if nine of ten values are numbers: then a text is rather a mistake than
  /// a category, and whoever reads the column as numbers will report it with its line.
  var kind: Table.Kind {
    switch order {
    case .categorical: .categorical
    case .numeric: .numeric
    case .inferred, .ignore: 9 * texts <= numbers ? .numeric : .categorical
    }
  }

  var isIgnored: Bool { order == .ignore }
}

extension DelimitedFile {
  /// Reads all rows; returns their number, and their columns as far as they are kept.
  ///
  /// - Parameter keeping: Whether to keep columns.
  /// - Throws: `DataError` for text that is not a table, or in a column that must be numeric.
  func scan(
    _ scans: inout [ColumnScan], names: [String], keeping: Bool
  ) throws(DataError) -> (rows: Int, kept: KeptColumns?, passed: PassedLines) {
    var rows = 0
    var keeper = ColumnKeeper(scans.map(\.order), keeping: keeping)
    // Cells of each column that were looked at one by one; the others are numbers.
    let single = UnsafeMutablePointer<Int>.allocate(capacity: columnCount)
    single.initialize(repeating: 0, count: columnCount)
    defer { single.deallocate() }
    var reader = try open()
    while try reader.next() {
      try checkWidth(reader)
      rows += 1
      var column = 0
      while true {
        column = reader.decimals(
          from: column, keeper.fractions, limit: keeper.limit, into: keeper.row)
        if column == columnCount { break }
        single[column] &+= 1
        try scan(&reader, column, rows == single[column], &scans[column], names, &keeper)
        column += 1
      }
      keeper.endRow(bytesRead: reader.bytesRead)
    }
    for column in 0..<columnCount where !scans[column].isIgnored {
      scans[column].numbers += rows - single[column]
    }
    return (rows, keeper.columns(bytesRead: reader.bytesRead), reader.passed)
  }

  /// Looks at one cell.
  ///
  /// - Parameter areSingle: Whether this was done with all cells of the column before this one.
  private func scan(
    _ reader: inout CSVReader, _ column: Int, _ areSingle: Bool, _ scan: inout ColumnScan,
    _ names: [String], _ keeper: inout ColumnKeeper
  ) throws(DataError) {
    if scan.isIgnored { return }
    let bytes = reader.bytes(column)
    if scan.order != .categorical, let start = bytes.baseAddress {
      let number = DecimalNumber.value(start, bytes.count)
      // An infinite number counts as a number here, so that reading the column reports it.
      if !number.isNaN || MissingValue.isInfinite(bytes) {
        scan.numbers += 1
        return keeper.keep(number, bytes, column)
      }
    }
    if MissingValue.matches(bytes) {
      scan.missing += 1
      return keeper.keepMissing(column)
    }
    keeper.keep(
      text: bytes, column, isFirst: areSingle && scan.texts == 0 && scan.numbers == 0)
    scan.texts += 1
    if scan.texts > 1 { return }
    let text = String(decoding: bytes, as: UTF8.self)
    scan.firstText = (reader.line, text)
    if scan.order == .numeric {
      throw Self.notANumber(text, file: path, .line(reader.line), column: names[column])
    }
  }
}

extension String {
  /// Whether this is a number as much of Europe writes it: "3,14".
  var isDecimalComma: Bool {
    let parts = split(separator: ",", omittingEmptySubsequences: false)
    guard parts.count == 2, !parts[1].isEmpty else { return false }
    let whole = parts[0].first == "-" || parts[0].first == "+" ? parts[0].dropFirst() : parts[0]
    return (whole + parts[1]).allSatisfy { $0.isASCII && $0.isNumber }
  }
}
