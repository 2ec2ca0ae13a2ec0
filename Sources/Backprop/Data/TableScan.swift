/// What the first pass finds out about one column.
struct ColumnScan {
  enum Order {
    case inferred
    case categorical
    case numeric
    case ignore
  }

  var order = Order.inferred
  /// Whether only empty cells are missing.
  var keepsAllTexts = false
  /// Cells that are empty, or look missing.
  var missing = 0
  var numbers = 0
  /// Cells that are neither numbers nor missing.
  var texts = 0
  var firstText: (line: Int, text: String)?
  /// What all texts look like.
  var shapes = CellShapes.all
  /// Of the first texts, those that are numbers, however written, and those that are dates; the first that is
  /// none.
  var dressed = 0
  var firstOther: (line: Int, text: String)?
  var dates = 0
  var firstNoDate: (line: Int, text: String)?
  /// Most digits behind the points of its decimals, where they are kept; nil where it is not known.
  var fractionDigits: Int?

  static let textsLookedAt = 1_000
  /// Of the missing cells, those in quotes that are not empty, and those that are a minus.
  var quotedMarkers = 0
  var minuses = 0
  var hasPlus = false
  /// How often each text stands for a missing value.
  var markers: [String: Int] = [:]

  /// The reading as far as it shows without another pass, and whether one must decide.
  ///
  /// A column is numeric too if nine of ten values are numbers: then a text is rather a mistake than
  /// a category, and whoever reads the column as numbers will report it with its line.
  var reading: (reading: ColumnReading, isOpen: Bool) {
    let categories = ColumnReading.categories(keepsAllTexts ? .all : hasPlus ? .signs : .quoted)
    switch order {
    case .categorical: return (categories, false)
    case .numeric: return (.numbers(.plain), texts > 0)
    case .inferred, .ignore:
      if texts == 0 { return (.numbers(.plain), false) }
      if keepsAllTexts { return (categories, false) }
      if shapes.contains(.number) { return (.numbers(.plain), true) }
      if numbers == 0, let words = shapes.booleans { return (.booleans(words), false) }
      if numbers == 0, shapes.contains(.date) { return (.dates(.yearFirst), true) }
      return (9 * texts <= numbers ? .numbers(.plain) : categories, false)
    }
  }

  /// How many cells have no value if the column is read so.
  func missing(read reading: ColumnReading) -> Int {
    switch reading.textsKept {
    case .none, .all: missing
    case .quoted: missing - quotedMarkers
    case .signs: missing - quotedMarkers - minuses
    }
  }

  var isIgnored: Bool { order == .ignore }
}

extension DelimitedFile {
  /// Reads all rows; returns their number, and their columns as far as they are kept.
  ///
  /// - Parameters:
  ///   - keeping: Whether to keep columns.
  ///   - markers: What stands for a missing value.
  /// - Throws: `DataError` for text that is not a table, or in a column that must be numeric.
  func scan(
    _ scans: inout [ColumnScan], names: [String], keeping: Bool, markers: MissingMarkers
  ) throws(DataError) -> (rows: Int, kept: KeptColumns?, passed: PassedLines) {
    var rows = 0
    // Where a number can be missing, every cell is looked at.
    let keeping = keeping && markers.numbers.isEmpty
    var keeper = ColumnKeeper(
      scans.map(\.order), keeping: keeping, seesNumbers: markers.numbers.isEmpty)
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
        try scan(&reader, column, rows == single[column], &scans[column], names, markers, &keeper)
        column += 1
      }
      keeper.endRow(bytesRead: reader.bytesRead)
    }
    for column in 0..<columnCount where !scans[column].isIgnored {
      scans[column].numbers += rows - single[column]
    }
    for column in 0..<columnCount { scans[column].fractionDigits = keeper.fractionDigits(column) }
    return (rows, keeper.columns(bytesRead: reader.bytesRead), reader.passed)
  }

  /// Looks at one cell.
  ///
  /// - Parameter areSingle: Whether this was done with all cells of the column before this one.
  private func scan(
    _ reader: inout CSVReader, _ column: Int, _ areSingle: Bool, _ scan: inout ColumnScan,
    _ names: [String], _ markers: MissingMarkers, _ keeper: inout ColumnKeeper
  ) throws(DataError) {
    if scan.isIgnored { return }
    let bytes = reader.bytes(column)
    let isMissing = markers.numbers.isEmpty ? false : markers.matches(bytes)
    if !isMissing, scan.order != .categorical, let start = bytes.baseAddress {
      let number = DecimalNumber.value(start, bytes.count)
      // An infinite number counts as a number here, so that reading the column reports it.
      if !number.isNaN || MissingMarkers.isInfinite(bytes) {
        scan.numbers += 1
        return keeper.keep(number, bytes, column)
      }
    }
    let isFirst = areSingle && scan.texts == 0 && scan.numbers == 0
    if MissingMarkers.isBlank(bytes) || !scan.keepsAllTexts && markers.matches(bytes) {
      let isProtected = reader.isQuoted(column) && !markers.matchesAdded(bytes)
      return count(missing: bytes, isProtected, column, &scan, &keeper)
    }
    if bytes.count == 1, bytes[0] == UInt8(ascii: "+"), !scan.hasPlus {
      scan.hasPlus = true
      // A minus before it was kept as missing.
      if scan.minuses > 0 { keeper.drop(column) }
    }
    let isNew = keeper.keep(text: bytes, column, isFirst: isFirst)
    scan.texts += 1
    if scan.texts == 1 {
      scan.firstText = (reader.line, String(decoding: bytes, as: UTF8.self))
    }
    if scan.texts > ColumnScan.textsLookedAt {
      if isNew, !scan.shapes.isEmpty { scan.shapes = scan.shapes.intersection(of: bytes) }
    } else {
      let shapes = CellShapes.all.intersection(of: bytes)
      scan.shapes.formIntersection(shapes)
      let text = (reader.line, String(decoding: bytes, as: UTF8.self))
      if shapes.contains(.number) {
        scan.dressed += 1
      } else {
        scan.firstOther = scan.firstOther ?? text
      }
      if shapes.contains(.date) {
        scan.dates += 1
      } else {
        scan.firstNoDate = scan.firstNoDate ?? text
      }
    }
    if scan.order == .numeric, !scan.shapes.contains(.number) {
      let text = String(decoding: bytes, as: UTF8.self)
      throw Self.notANumber(text, file: path, .line(reader.line), column: names[column])
    }
  }

  /// Counts a cell that looks missing; whether it is may depend on the column.
  private func count(
    missing text: UnsafeBufferPointer<UInt8>, _ isQuoted: Bool, _ column: Int,
    _ scan: inout ColumnScan, _ keeper: inout ColumnKeeper
  ) {
    scan.missing += 1
    if MissingMarkers.isBlank(text) { return keeper.keepMissing(column) }
    scan.markers[String(decoding: text, as: UTF8.self), default: 0] += 1
    let isMinus = text.count == 1 && text[0] == UInt8(ascii: "-")
    if isQuoted { scan.quotedMarkers += 1 } else if isMinus { scan.minuses += 1 }
    guard isQuoted || isMinus && scan.hasPlus else { return keeper.keepMissing(column) }
    // Of a column that has begun with numbers it is missing; of one that has begun with texts it is one.
    if scan.texts > 0 {
      keeper.keep(text: text, column)
    } else if scan.numbers > 0 {
      keeper.keepMissing(column)
    } else {
      keeper.drop(column)
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
