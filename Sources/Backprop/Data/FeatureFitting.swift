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
  /// - Throws: `DataError` if no feature is left, or there are too many categories.
  /// - Complexity: One pass over the table, and one over columns with numbers below 2⁻⁴⁰⁰ or above 2⁴⁰⁰.
  package init(
    fitting table: Table, excluding targets: [String], rows: [UInt32]? = nil
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
    let statistics = try Self.statistics(of: table, positions, rows)
    var features: [Feature] = []
    var warnings: [String] = []
    for (position, statistic) in zip(positions, statistics) {
      do throws(Leftout) {
        features.append(try statistic.feature(name: table.columns[position].name))
      } catch {
        let column = table.columns[position].name.quoted
        switch error {
        case .ignored(let reason): warnings.append("column \(column) is ignored: \(reason)")
        case .refused(let problem, let remedy):
          throw DataError(
            file: table.file, column: table.columns[position].name, problem, remedy: remedy)
        }
      }
    }
    guard !features.isEmpty else {
      throw DataError(
        file: table.file, "no column can be used as a feature",
        remedy: warnings.joined(separator: "; "))
    }
    try self.init(features: features)
    self.warnings = warnings
  }

  private enum Leftout: Error {
    case ignored(String)
    case refused(String, remedy: String)
  }

  private enum Statistic {
    case numbers(Moments, missing: Int)
    case categories(CategoryIndex, present: Int, isRequested: Bool)

    func feature(name: String) throws(Leftout) -> Feature {
      switch self {
      case .numbers(let moments, let missing):
        if moments.count == 0 { throw .ignored("it has no value in the training rows") }
        return .numeric(
          name: name, mean: moments.mean, deviation: moments.deviation, hasIndicator: missing > 0)
      case .categories(let index, let present, let isRequested):
        if index.isFull {
          if isRequested {
            throw .refused(
              "more than \(requestedCategoryLimit) categories", remedy: "ignore the column")
          }
          throw .ignored("more than \(categoryLimit) different texts")
        }
        if index.count == 0 { throw .ignored("it has no value in the training rows") }
        if !isRequested, index.count > 20, 10 * index.count > 9 * present {
          throw .ignored("\(index.count) different texts in \(present) rows look like names")
        }
        return .categorical(name: name, categories: orderedCategories(index.categories))
      }
    }
  }

  private static func statistics(
    of table: Table, _ positions: [Int], _ rows: [UInt32]?
  ) throws(DataError) -> [Statistic] {
    var statistics: [Statistic] = []
    var requests: [ColumnRequest] = []
    for position in positions {
      let column = table.columns[position]
      if column.kind == .numeric {
        statistics.append(.numbers(Moments(), missing: 0))
        requests.append(ColumnRequest(column: position, reading: .numbers))
      } else {
        let isRequested = table.requestedCategories.contains(column.name)
        let index = CategoryIndex(limit: isRequested ? requestedCategoryLimit : categoryLimit)
        statistics.append(.categories(index, present: 0, isRequested: isRequested))
        requests.append(ColumnRequest(column: position, reading: .categories(index)))
      }
    }
    var runs: [ColumnMoments] = []
    var slot = 0
    while slot < statistics.count {
      let first = slot
      while slot < statistics.count, case .numbers = statistics[slot] { slot += 1 }
      if slot > first { runs.append(ColumnMoments(columns: first..<slot)) } else { slot += 1 }
    }
    var rowCount = 0
    try table.read(requests, rows: rows) { (chunk) throws(DataError) in
      rowCount += chunk.count
      for run in runs.indices { runs[run].add(chunk) }
      for slot in statistics.indices {
        switch statistics[slot] {
        case .numbers: break
        case .categories(let index, var present, let isRequested):
          for row in 0..<chunk.count
          where Int(chunk.values[row * chunk.width + slot]) != CategoryIndex.missing {
            present += 1
          }
          statistics[slot] = .categories(index, present: present, isRequested: isRequested)
        }
      }
    }
    var extreme: [(slot: Int, scale: Double)] = []
    for run in runs {
      for (slot, moments) in zip(run.columns, run.moments) {
        statistics[slot] = .numbers(moments, missing: rowCount - moments.count)
        if let scale = moments.neededScale { extreme.append((slot, scale)) }
      }
    }
    if extreme.isEmpty { return statistics }
    var scaled = ColumnMoments(columns: 0..<extreme.count, scales: extreme.map(\.scale))
    try table.read(extreme.map { requests[$0.slot] }, rows: rows) { (chunk) throws(DataError) in
      scaled.add(chunk)
    }
    for (moments, (slot, _)) in zip(scaled.moments, extreme) {
      statistics[slot] = .numbers(moments, missing: rowCount - moments.count)
    }
    return statistics
  }
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
        column: $0, reading: .numbers,
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
