import Synchronization

/// Predicts one row at a time, for any number of tasks at once.
///
/// There are as many workspaces as cores, and each serves one call at a time; whoever finds none free
/// makes one for itself. So nobody waits for a lock.
final class RowPredictors: Sendable {
  private let members: [AnyNetwork]
  private let slots: [Slot]
  private let calls = Atomic(0)

  private final class Slot: Sendable {
    let predictor = Mutex<(any RowPredicting)?>(nil)
  }

  init(_ members: [AnyNetwork]) {
    self.members = members
    slots = (0..<Self.cores).map { _ in Slot() }
  }

  private static let cores = Processor.physicalCores

  /// What the members say of one row.
  func predict(_ row: RowInputs, _ target: RowTarget) throws -> Predictions {
    let first = calls.wrappingAdd(1, ordering: .relaxed).oldValue
    for offset in slots.indices {
      let slot = slots[Int(UInt(bitPattern: first &+ offset) % UInt(slots.count))]
      let found = try slot.predictor.withLockIfAvailable { kept in
        let predictor = kept ?? makePredictor(row)
        kept = predictor
        return try predictor.predict(row, target)
      }
      if let found { return found }
    }
    return try makePredictor(row).predict(row, target)
  }

  private func makePredictor(_ row: RowInputs) -> any RowPredicting {
    switch members[0] {
    case .float: RowPredictor<Float>(members)
    case .double: RowPredictor<Double>(members)
    }
  }
}

/// What the outputs of a model mean.
struct RowTarget: Sendable {
  let encoder: TargetEncoder?
  let areProbabilities: Bool
  let intervals: PredictionIntervals?

  /// What the mean of the members' outputs says, with its intervals.
  ///
  /// - Parameters:
  ///   - outputs: Those of each member.
  ///   - first: The row of the data that the first of them is, for an error.
  ///   - level: That of the intervals; nil for their own.
  func predictions<T: Scalar>(
    _ outputs: [Matrix<T>], first: Int = 0, level: Double? = nil
  ) throws -> Predictions {
    let mean = Matrix.mean(of: outputs)
    var predictions =
      try encoder?.decode(mean, first: first, areProbabilities: areProbabilities)
      ?? Predictions(raw: mean, first: first)
    if let intervals {
      predictions.bounds = intervals.bounds(
        outputs, level: level ?? intervals.level, in: encoder)
    }
    return predictions
  }
}

private protocol RowPredicting: AnyObject {
  func predict(_ row: RowInputs, _ target: RowTarget) throws -> Predictions
}

private final class RowPredictor<T: Scalar>: RowPredicting {
  /// A predictor cannot be copied, and so not be in an array by itself.
  private final class Member {
    var predictor: Predictor<T>
    var outputs: Matrix<T>

    init(_ network: Network<T>) {
      predictor = Predictor(network)
      outputs = Matrix(rows: 1, columns: network.outputCount)
    }
  }

  private let members: [Member]
  private var inputs: Matrix<T>
  /// The values of the row, with room behind them that kernels read.
  private var values: [Double] = []

  init(_ members: [AnyNetwork]) {
    self.members = members.map { Member($0.network()) }
    inputs = Matrix(rows: 1, columns: members[0].sizes[0])
  }

  @specialized(where T == Float)
  @specialized(where T == Double)
  func predict(_ row: RowInputs, _ target: RowTarget) throws -> Predictions {
    let count = inputs.columns
    let start = inputs.mutableStart
    start.update(repeating: 0, count: count)
    try row.form(into: start, &values)
    for member in members { member.predictor.predict(inputs, into: &member.outputs) }
    // No key path: making one takes longer than the network.
    return try target.predictions(members.map { $0.outputs })
  }
}

extension Matrix {
  /// The mean of matrices of one shape, in their order; one by itself is as it is.
  static func mean(of matrices: [Matrix]) -> Matrix {
    guard matrices.count > 1 else { return matrices[0] }
    var mean = matrices[0]
    let scale = 1 / Element(matrices.count)
    for row in 0..<mean.rows {
      for column in 0..<mean.columns {
        var sum = mean[row, column]
        for other in matrices.dropFirst() { sum += other[row, column] }
        mean[row, column] = sum * scale
      }
    }
    return mean
  }
}

// MARK: - A row as inputs

/// A row of a program, and how it becomes the inputs of a model.
struct RowInputs {
  let features: RowFeatures
  let row: [String: Cell]

  /// Forms x, in zeros.
  ///
  /// - Throws: `DataError` for a column that is not given, a key that is no column, or a value that is none
  ///   of its column.
  @inline(__always)
  func form<T: Scalar>(
    into inputs: UnsafeMutablePointer<T>, _ values: inout [Double]
  ) throws(DataError) {
    let columns = features.columns
    let width = columns.count + TableChunk.slack
    if values.count != width { values = [Double](repeating: 0, count: width) }
    for (index, column) in columns.enumerated() {
      guard let cell = row[column.name] else { throw features.missing(column.name, in: row) }
      values[index] = try column.value(of: cell)
    }
    if row.count > columns.count { try features.checkKeys(of: row) }
    let areFinite = values.withUnsafeBufferPointer {
      features.plan.form($0.baseAddress.unsafelyUnwrapped, into: inputs)
    }
    guard areFinite else {
      let index = columns.indices.first { !T(features.plan.encoded(values[$0], slot: $0)).isFinite }
      let column = columns[index ?? 0]
      throw DataError(
        column: column.name,
        "\(DecimalNumber.text(values[index ?? 0])) is too large for numbers of \(T.precisionName) "
          + "precision once it is encoded",
        remedy: "correct it")
    }
  }
}

/// The columns of a model as rows of a program meet them.
struct RowFeatures: Sendable {
  struct Column: Sendable {
    let name: String
    /// The codes of the categories; nil for numbers.
    let codes: [String: Int]?
    /// How a text is read where a number is wanted.
    let style: CellStyle
    let textsKept: ColumnReading.TextsKept
    let words: BooleanWords?
    let missing: MissingMarkers

    /// The number, NaN where it is missing, or the code of a category.
    @inline(__always)
    func value(of cell: Cell) throws(DataError) -> Double {
      switch (cell, codes) {
      case (.missing, nil): return .nan
      case (.missing, _?): return Double(CategoryIndex.missing)
      case (.number(let number), nil):
        guard !number.isInfinite else { throw notANumber("\(number)", "is not a finite number") }
        if case .date = style, !number.isNaN {
          throw notANumber(DecimalNumber.text(number), "is not a date")
        }
        return missing.numbers.contains(number) ? .nan : number
      case (.number(let number), let codes?):
        if number.isNaN { return Double(CategoryIndex.missing) }
        if words != nil, number == 0 || number == 1 { return number }
        return Double(codes[DecimalNumber.text(number)] ?? CategoryIndex.unknown)
      case (.text(let text), let codes?):
        if let code = codes[text] { return Double(code) }
        // As a file is read: without the spaces around.
        let trimmed = text.trimmingSpaces
        return codes[trimmed].map(Double.init) ?? unusual(trimmed, codes)
      case (.text(let text), nil): return try number(text.trimmingSpaces)
      }
    }

    /// The number that a text spells, as in a file.
    private func number(_ text: String) throws(DataError) -> Double {
      let value = text.withBytes { style.value($0) }
      if value.isFinite { return missing.numbers.contains(value) ? .nan : value }
      if isMissing(text) { return .nan }
      throw notANumber(
        text, MissingMarkers.isInfinite(text) ? "is not a finite number" : "is not a \(style.noun)")
    }

    private func isMissing(_ text: String) -> Bool {
      text.withBytes { MissingMarkers.isBlank($0) || textsKept != .all && missing.matches($0) }
    }

    private func notANumber(_ text: String, _ problem: String) -> DataError {
      DataError(
        column: name, "\(text.quoted) \(problem)", remedy: "give one, or nil where it is missing")
    }

    /// A boolean in another case, the same number in other digits, a missing value, or what training did not
    /// see.
    private func unusual(_ text: String, _ codes: [String: Int]) -> Double {
      if isMissing(text) { return Double(CategoryIndex.missing) }
      if let words { return Double(text.withBytes { words.code(of: $0) } ?? CategoryIndex.unknown) }
      let code = CategoryIndex.number(text).flatMap { codes[$0] }
      return Double(code ?? CategoryIndex.unknown)
    }
  }

  let columns: [Column]
  let plan: FeaturePlan
  /// Keys that a row may have besides: what it is asked for, and what it weighs.
  private let others: Set<String>

  init(_ encoder: FeatureEncoder, others: [String]) {
    columns = encoder.features.flatMap { feature -> [Column] in
      var codes: [String: Int]?
      var style = CellStyle.plain
      var textsKept = ColumnReading.TextsKept.none
      var words: BooleanWords?
      switch feature {
      case .numeric(_, _, _, _, let numbers, _): style = .number(numbers)
      case .date(_, let dates, _, _, _): style = .date(dates)
      case .boolean(_, let booleans, _, _):
        words = booleans
        codes = [booleans.words.no: 0, booleans.words.yes: 1]
      case .categorical(_, let categories, _, let texts, _):
        codes = Self.codes(of: categories)
        textsKept = texts
      case .pixels: break
      }
      return feature.columns.map {
        Column(
          name: $0.name, codes: codes, style: style, textsKept: textsKept, words: words,
          missing: encoder.missing)
      }
    }
    plan = encoder.rowPlan
    self.others = Set(others)
  }

  /// As `CategoryIndex` has them: a number is found in other digits too, unless another category is
  /// written so.
  private static func codes(of categories: [String]) -> [String: Int] {
    var codes = Dictionary(
      categories.enumerated().map { ($1, $0) }, uniquingKeysWith: { first, _ in first })
    for (code, category) in categories.enumerated() {
      guard let number = CategoryIndex.number(category), codes[number] == nil else {
        continue
      }
      codes[number] = code
    }
    // A Bool of a program, where a file has "True" or "TRUE".
    for name in ["true", "false"] where codes[name] == nil {
      codes[name] = codes[name.capitalized] ?? codes[name.uppercased()]
    }
    return codes
  }

  /// The error about a column that is not given.
  func missing(_ name: String, in row: [String: Cell]) -> DataError {
    let known = Set(columns.map(\.name))
    let near = nearMatch(name, in: row.keys.filter { !known.contains($0) }.sorted())
    return DataError(
      "the column \(name.quoted) is not given",
      remedy: near.map { "is it the one named \($0.quoted)?" }
        ?? "where its value is missing, say so: nil in a literal, else Cell.missing")
  }

  /// Refuses a key that is no column.
  func checkKeys(of row: [String: Cell]) throws(DataError) {
    let known = columns.map(\.name)
    let unknown = Set(row.keys).subtracting(known).subtracting(others)
    guard let key = unknown.min() else { return }
    throw DataError(
      "there is no column \(key.quoted)",
      remedy: nearMatch(key, in: known).map { "did you mean \($0.quoted)?" }
        ?? "the columns are \(DataError.list(known))")
  }
}
