/// Turns the feature columns of a table into the inputs of a network.
///
/// Part of a model: fitted once on the training rows, stored with it, the same ever after.
///
/// - A number x becomes (x − mean) / deviation. A missing one becomes 0, which is the mean; and if
///   training had missing ones, a further input says so with 1. A constant column becomes 0.
/// - A boolean becomes 0 or 1, a date those of its parts that vary over the training rows, as numbers.
/// - A category becomes one input of 1 among zeros; a missing one is a level of its own if training had some.
/// - What training did not see is neutral: a category becomes the training shares of the levels, a boolean
///   that of yes. So it enters as the mean of the training rows, through weights that were trained.
/// - Pixels are divided by their largest value.
/// - Where the scaling is robust, centre and width are the median and the quartiles', outliers are drawn in, and
///   the 0 and 1 of categories are scaled as numbers are (`ColumnScaling`).
public struct FeatureEncoder: Sendable {
  /// The features in the order of their inputs.
  package let features: [Feature]
  /// What stands for a missing value.
  package let missing: MissingMarkers
  /// How columns become inputs of one scale.
  package let scaling: ColumnScaling
  /// Number of inputs.
  package let outputCount: Int
  /// Columns that fitting left out, and why, a line each; not stored with a model.
  package internal(set) var warnings: [String] = []

  /// Most inputs that a user gets without asking, for one column and for all.
  static let categoryLimit = 1_000
  package static let requestedCategoryLimit = 100_000
  static let outputLimit = 1 << 20

  init(
    features: [Feature], missing: MissingMarkers = .usual, scaling: ColumnScaling = .standard
  ) throws(DataError) {
    self.scaling = scaling
    var count = 0
    for feature in features {
      guard feature.isUsable else {
        throw DataError("a feature encoder with impossible numbers")
      }
      count += feature.outputCount
      guard count <= Self.outputLimit else {
        throw DataError(
          "the features need more than \(Self.outputLimit) inputs",
          remedy: "ignore columns with very many categories")
      }
    }
    guard count > 0 else { throw DataError("a feature encoder without features") }
    self.features = features
    self.missing = missing
    outputCount = count
  }

  /// The columns that a table must have to be encoded.
  package var columns: [(name: String, kind: Table.Kind)] { features.flatMap(\.columns) }

  /// What each input is: "bill_length_mm", "bill_length_mm is missing", "island=Biscoe".
  public var featureNames: [String] {
    features.flatMap { $0.outputNames(equal: "=", pixel: "") }
  }

  /// The columns whose quantiles became those of a normal distribution.
  package var heavyTails: [String] {
    features.compactMap {
      if case .numeric(let name, _, _, _, _, _?) = $0 { name } else { nil }
    }
  }

  /// What each input stands for: "mass", "mass is missing", "island = Dream", "pixel 17".
  package var outputNames: [String] { features.flatMap { $0.outputNames() } }

  // MARK: Encoding

  /// Encodes the rows of a table, in order: `[rows, outputCount]`.
  ///
  /// The matrix is compact.
  ///
  /// - Parameters:
  ///   - table: A table with the columns that it was fitted on.
  ///   - rows: The rows to encode, from 0, in any order, also repeatedly; nil for all.
  /// - Throws: `DataError` if a column is missing, a number is none, or is too large once encoded.
  /// - Complexity: One pass over the table.
  package func encode<T: Scalar>(
    _ table: Table, rows: [UInt32]? = nil
  ) throws(DataError) -> Matrix<T> {
    let count = rows?.count ?? table.rowCount
    let (plan, requests) = (rowPlan, try requests(of: table))
    try table.requireMemory(rows: count, columns: outputCount, T.self)
    var result = Matrix<T>(rows: count, columns: outputCount, isCompact: true)
    let stride = result.stride
    let start = result.mutableStart
    try table.read(requests, rows: rows) { (chunk) throws(DataError) in
      let inputs = start + chunk.start * stride
      if plan.form(
        chunk.values, into: inputs, rows: chunk.count, strides: (chunk.width, stride))
      {
        return
      }
      for row in 0..<chunk.count {
        let values = chunk.values + row * chunk.width
        guard plan.form(values, into: inputs + row * stride) else {
          let position = chunk.start + row
          throw plan.tooLarge(
            values, requests, in: table, row: rows.map { Int($0[position]) } ?? position, T.self)
        }
      }
    }
    noteUnknowns(requests, in: table)
    return result
  }

  /// What a pass must read of a table to encode it.
  func requests(of table: Table) throws(DataError) -> [ColumnRequest] {
    var requests: [ColumnRequest] = []
    for feature in features {
      let reading: ColumnRequest.Reading
      var kept = ColumnReading.TextsKept.none
      switch feature {
      case .numeric(_, _, _, _, let style, _): reading = .numbers(.number(style))
      case .boolean(_, let words, _, _): reading = .categories(CategoryIndex(words))
      case .date(_, let style, _, _, _): reading = .numbers(.date(style))
      case .categorical(_, let categories, _, let textsKept, _):
        kept = textsKept
        reading = .categories(CategoryIndex(categories, unseen: .unknown), numbersAreEqual: true)
      case .pixels: reading = .numbers()
      }
      for column in feature.columns {
        requests.append(
          ColumnRequest(
            column: try position(of: column.name, in: table), reading: reading, textsKept: kept,
            missing: missing))
      }
    }
    return requests
  }

  /// Notes with the table what a pass found that training did not see.
  func noteUnknowns(_ requests: [ColumnRequest], in table: Table) {
    let coded = Set(features.filter { $0.codeCount != nil }.map { $0.columns[0].name })
    let found = zip(columns, requests).compactMap { column, request -> UnknownCells.Column? in
      guard case .categories(let index, _) = request.reading else { return nil }
      let texts = index.unknownTexts
      return UnknownCells.Column(
        name: column.name, isCoded: coded.contains(column.name), count: index.unknownCount,
        texts: texts,
        nearest: texts.map { nearMatch($0, in: index.categories) })
    }
    table.unknowns.note(found)
  }

  /// How to encode a row, wherever its values come from.
  var rowPlan: FeaturePlan { FeaturePlan(features, scaling) }

  private func position(of name: String, in table: Table) throws(DataError) -> Int {
    if let position = table.position(ifPresent: name) { return position }
    // A column that the model needs for itself is not this one under another name.
    let needed = columns.map(\.name)
    let taken = Set(needed)
    let free = table.columns.map(\.name).filter { !taken.contains($0) }
    throw DataError(
      file: table.file, "the column \(name.quoted) that the model needs is missing",
      remedy: nearMatch(name, in: free).map { "is it the one named \($0.quoted)?" }
        ?? "the model needs the columns \(DataError.list(needed))")
  }
}

extension FeatureEncoder: Equatable {
  public static func == (left: FeatureEncoder, right: FeatureEncoder) -> Bool {
    left.features == right.features && left.missing == right.missing
      && left.scaling == right.scaling
  }
}

// MARK: - The form in a model file

extension FeatureEncoder: Codable {
  private enum CodingKeys: String, CodingKey { case features, missing, scaling }

  /// Reads the form that `encode(to:)` writes; impossible numbers are refused.
  public init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: CodingKeys.self)
    do {
      try self.init(
        features: container.decode([Feature].self, forKey: .features),
        missing: container.decodeIfPresent(MissingMarkers.self, forKey: .missing) ?? .usual,
        scaling: container.decodeIfPresent(ColumnScaling.self, forKey: .scaling) ?? .standard)
    } catch let error as DataError {
      throw DecodingError.dataCorrupted(
        .init(codingPath: decoder.codingPath, debugDescription: error.description))
    }
  }

  public func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: CodingKeys.self)
    try container.encode(features, forKey: .features)
    if missing != .usual { try container.encode(missing, forKey: .missing) }
    if scaling != .standard { try container.encode(scaling, forKey: .scaling) }
  }
}
