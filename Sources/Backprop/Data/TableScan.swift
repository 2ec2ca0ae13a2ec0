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
  /// Reads all rows; returns their number.
  ///
  /// - Throws: `DataError` for text that is not a table, or in a column that must be numeric.
  func scan(_ scans: inout [ColumnScan], names: [String]) throws(DataError) -> Int {
    var rows = 0
    let isIgnored = scans.map(\.isIgnored)
    let mayBeNumber = scans.map { $0.order != .categorical }
    // Flat, so that counting a number touches nothing else.
    let numbers = UnsafeMutablePointer<Int>.allocate(capacity: columnCount)
    numbers.initialize(repeating: 0, count: columnCount)
    defer {
      for column in 0..<columnCount { scans[column].numbers += numbers[column] }
      numbers.deallocate()
    }
    var reader = try open()
    while try reader.next() {
      try checkWidth(reader)
      rows += 1
      for column in 0..<columnCount where !isIgnored[column] {
        let bytes = reader.bytes(column)
        // An infinite number counts as a number here, so that reading the column reports it.
        if mayBeNumber[column], let start = bytes.baseAddress,
          !DecimalNumber.value(padded: start, bytes.count).isNaN || MissingValue.isInfinite(bytes)
        {
          numbers[column] &+= 1
        } else if MissingValue.matches(bytes) {
          scans[column].missing += 1
        } else {
          scans[column].texts += 1
          if scans[column].texts > 1 { continue }
          let text = String(decoding: bytes, as: UTF8.self)
          scans[column].firstText = (reader.line, text)
          if scans[column].order == .numeric {
            throw Self.notANumber(text, file: path, .line(reader.line), column: names[column])
          }
        }
      }
    }
    return rows
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
