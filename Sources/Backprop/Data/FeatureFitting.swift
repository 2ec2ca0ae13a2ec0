extension FeatureEncoder {
  /// Fits to the training rows of a table.
  ///
  /// Left out with a warning are columns without any value, and columns of text with more than a
  /// thousand categories, or with a category for almost every row (names, identifiers), unless the
  /// options of the table call them categorical.
  ///
  /// - Parameters:
  ///   - table: The table.
  ///   - targets: Names of the columns that are no features.
  ///   - rows: The training rows, from 0, in any order; nil for all. One that is named twice counts
  ///     twice.
  ///   - scaling: How columns become inputs of one scale.
  ///   - mostOneHot: Categories of a column beyond which it becomes a code; nil for none.
  /// - Throws: `DataError` if no feature is left, or there are too many categories.
  /// - Complexity: One pass over the table, and one over columns with numbers below 2⁻⁴⁰⁰ or above 2⁴⁰⁰.
  package init(
    fitting table: Table, excluding targets: [String], rows: [UInt32]? = nil,
    scaling: ColumnScaling = .standard, mostOneHot: Int? = nil
  ) throws(DataError) {
    let excluded = Set(try table.expanding(targets))
    let positions = table.columns.indices.filter {
      !table.columns[$0].isIgnored && !excluded.contains(table.columns[$0].name)
    }
    guard !positions.isEmpty else {
      throw DataError(
        file: table.file, "no column is left as a feature", remedy: "name fewer targets")
    }
    if let scale = table.pixelScale,
      positions.enumerated().allSatisfy({ table.columns[$1].name == String($0) })
    {
      try self.init(features: [.pixels(count: positions.count, scale: scale)])
      return
    }
    for position in positions {
      if let question = table.columns[position].question { throw question }
    }
    let statistics = try Self.statistics(of: table, positions, rows, scaling)
    var features: [Feature] = []
    var warnings: [String] = []
    for (position, var statistic) in zip(positions, statistics) {
      let column = table.columns[position]
      statistic.mostOneHot = mostOneHot
      do throws(LeftOutColumn) {
        features.append(try statistic.feature(of: column))
      } catch {
        if error.isRefused {
          throw DataError(
            file: table.file, column: column.name, error.reason, remedy: error.remedy)
        }
        warnings.append("column \(column.name.quoted) is left out: \(error)")
      }
    }
    guard !features.isEmpty else {
      throw DataError(
        file: table.file, "no column can be used as a feature",
        remedy: warnings.joined(separator: "; "))
    }
    try self.init(features: features, missing: table.missing, scaling: scaling)
    self.warnings = warnings
  }

  /// Statistics of some columns over the training rows.
  static func statistics(
    of table: Table, _ positions: [Int], _ rows: [UInt32]?, _ scaling: ColumnScaling = .standard
  ) throws(DataError) -> [ColumnStatistic] {
    var statistics = [ColumnStatistic](repeating: ColumnStatistic(), count: positions.count)
    var requests: [ColumnRequest] = []
    for (slot, position) in positions.enumerated() {
      let column = table.columns[position]
      var request = ColumnRequest(
        column: position, reading: .numbers(), textsKept: column.reading.textsKept)
      switch column.reading {
      case .numbers(let style):
        request.reading = .numbers(.number(style))
        if table.mayNumberRows(column) { statistics[slot].firstNumber = .nan }
      case .dates(let style): request.reading = .numbers(.date(style))
      case .booleans(let words): statistics[slot].index = CategoryIndex(words)
      case .categories:
        let isRequested = table.requestedCategories.contains(column.name)
        statistics[slot].isRequested = isRequested
        statistics[slot].index = CategoryIndex(
          limit: isRequested ? requestedCategoryLimit : categoryLimit)
      }
      if let index = statistics[slot].index { request.reading = .categories(index) }
      requests.append(request)
    }
    var runs: [ColumnMoments] = []
    var slot = 0
    while slot < statistics.count {
      let first = slot
      while slot < statistics.count, statistics[slot].index == nil { slot += 1 }
      if slot > first { runs.append(ColumnMoments(columns: first..<slot)) } else { slot += 1 }
    }
    let dates = positions.indices.filter { table.columns[positions[$0]].kind == .date }
    let counted = statistics.indices.filter { statistics[$0].index != nil }
    let numbering = statistics.indices.filter { statistics[$0].firstNumber != nil }
    let sampled =
      scaling == .robust ? statistics.indices.filter { statistics[$0].index == nil } : []
    for slot in sampled { statistics[slot].sample = ColumnSample() }
    var rowCount = 0
    try table.read(requests, rows: rows) { (chunk) throws(DataError) in
      rowCount += chunk.count
      for run in runs.indices { runs[run].add(chunk) }
      for slot in counted { statistics[slot].count(chunk, slot) }
      for slot in dates { statistics[slot].addParts(chunk, slot) }
      for slot in sampled {
        for row in 0..<chunk.count {
          statistics[slot].sample?.add(chunk.values[row * chunk.width + slot])
        }
      }
      for slot in numbering { statistics[slot].compareWithRows(chunk, slot, rows) }
    }
    var extreme: [(slot: Int, scale: Double)] = []
    for slot in statistics.indices { statistics[slot].rows = rowCount }
    for run in runs {
      for (slot, moments) in zip(run.columns, run.moments) {
        statistics[slot].moments = moments
        statistics[slot].present = moments.count
        if let scale = moments.neededScale { extreme.append((slot, scale)) }
      }
    }
    if extreme.isEmpty { return statistics }
    var scaled = ColumnMoments(columns: 0..<extreme.count, scales: extreme.map(\.scale))
    try table.read(extreme.map { requests[$0.slot] }, rows: rows) { (chunk) throws(DataError) in
      scaled.add(chunk)
    }
    for (moments, (slot, _)) in zip(scaled.moments, extreme) { statistics[slot].moments = moments }
    return statistics
  }
}

extension ColumnStatistic {
  /// Counts the codes of texts.
  fileprivate mutating func count(_ chunk: TableChunk, _ slot: Int) {
    for row in 0..<chunk.count {
      let code = Int(chunk.values[row * chunk.width + slot])
      guard code != CategoryIndex.missing else { continue }
      present += 1
      while counts.count <= max(code, 1) { counts.append(0) }
      // A full index is left out.
      if code >= 0 { counts[code] += 1 }
    }
  }

  fileprivate mutating func addParts(_ chunk: TableChunk, _ slot: Int) {
    for row in 0..<chunk.count {
      let date = chunk.values[row * chunk.width + slot]
      if date.isNaN { continue }
      for part in DatePart.allCases {
        let value = part.value(date, first: 0)
        parts[part, default: Moments()].add(value)
        if sample != nil { partSamples[part, default: ColumnSample()].add(value) }
      }
    }
  }

  /// Goes on to take the numbers for those of the rows while each is by as much larger than its row's.
  fileprivate mutating func compareWithRows(_ chunk: TableChunk, _ slot: Int, _ rows: [UInt32]?) {
    for position in 0..<chunk.count {
      guard let first = firstNumber else { return }
      let place = chunk.start + position
      let row = Double(rows.map { Int($0[place]) } ?? place)
      let number = chunk.values[position * chunk.width + slot] - row
      firstNumber = first.isNaN && !number.isNaN || first == number ? number : nil
    }
  }
}

extension Table {
  /// Whether a column of numbers may count the rows, by its name; what the user calls numeric is a number.
  fileprivate func mayNumberRows(_ column: Column) -> Bool {
    guard rowCount >= 3, !requestedNumbers.contains(column.name) else { return false }
    let name = column.name.lowercased().filter { $0.isLetter || $0.isNumber }
    return Self.namesOfRowNumbers.contains(name) || name.hasPrefix("unnamed")
      || ["_id", " id", ".id"].contains { column.name.lowercased().hasSuffix($0) }
      || column.name.hasSuffix("Id") || column.name.hasSuffix("ID")
  }

  private static let namesOfRowNumbers: Set<String> = [
    "", "id", "index", "idx", "row", "rowid", "rownum", "rownumber", "rownames", "no", "nr", "obs",
    "observation", "record", "recordid", "recordnumber", "serial", "serialno", "sno", "slno",
  ]
}

extension Table {
  /// The numeric columns as they are, in their order, without targets and ignored columns:
  /// `[rows, columns]`. What a model that has no encoder is given. Pixels are divided by 255.
  /// The matrix is compact.
  ///
  /// - Parameters:
  ///   - targets: Names of columns that are no inputs.
  ///   - rows: The rows to take, from 0, in any order, also repeatedly; nil for all.
  /// - Throws: `DataError` for a missing value, one that is too large for the precision, or if there
  ///   is no numeric column.
  package func numericMatrix<T: Scalar>(
    excluding targets: [String], rows: [UInt32]? = nil
  ) throws(DataError) -> Matrix<T> {
    let excluded = Set(try expanding(targets))
    let positions = columns.indices.filter {
      columns[$0].kind == .numeric && !columns[$0].isIgnored
        && !excluded.contains(columns[$0].name)
    }
    guard !positions.isEmpty else {
      throw DataError(file: file, "no numeric column is left as a feature")
    }
    try requireMemory(rows: rows?.count ?? rowCount, columns: positions.count, T.self)
    let scale = pixelScale ?? 1
    var result = Matrix<T>(
      rows: rows?.count ?? rowCount, columns: positions.count, isCompact: true)
    let stride = result.stride
    let start = result.mutableStart
    let requests = positions.map {
      ColumnRequest(
        column: $0, reading: .numbers(columns[$0].style),
        whyRequired: columns[$0].missing > 0 ? "a model without an encoder needs one" : nil)
    }
    try read(requests, rows: rows) { (chunk) throws(DataError) in
      for row in 0..<chunk.count {
        let target = start + (chunk.start + row) * stride
        for column in 0..<chunk.width {
          let value = chunk.values[row * chunk.width + column]
          let input = T(value / scale)
          guard input.isFinite else {
            let position = chunk.start + row
            throw tooLarge(
              value, column: positions[column], row: rows.map { Int($0[position]) } ?? position,
              T.self)
          }
          target[column] = input
        }
      }
    }
    return result
  }
}

extension Table {
  /// All rows as the inputs of a network, by an encoder that is fitted on them.
  @_spi(Benchmarks)
  public func encoded<T: Scalar>(as type: T.Type) throws(DataError) -> Matrix<T> {
    try FeatureEncoder(fitting: self, excluding: []).encode(self)
  }
}
