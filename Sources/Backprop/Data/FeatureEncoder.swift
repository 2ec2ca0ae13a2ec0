/// Turns the feature columns of a table into the inputs of a network.
///
/// Part of a model: fitted once on the training rows, stored with it, the same ever after.
///
/// - A number x becomes (x − mean) / deviation. A missing one becomes 0, which is the mean; and if
///   training had missing ones, a further input says so with 1. A constant column becomes 0.
/// - A category becomes one input of 1 among zeros; what is missing or did not occur in training is
///   the category "unknown".
/// - Pixels are divided by their largest value.
public struct FeatureEncoder: Sendable {
  package enum Feature: Equatable, Sendable {
    /// Mean and standard deviation (with n, not n − 1; 0 if constant) over the training rows;
    /// `hasIndicator` if a further input says whether the value is missing.
    case numeric(name: String, mean: Double, deviation: Double, hasIndicator: Bool)
    /// The categories of the training rows in order: by value if all are numbers, else by scalars.
    case categorical(name: String, categories: [String])
    /// Columns "0" … "count − 1", to be divided by `scale`.
    case pixels(count: Int, scale: Double)

    /// Number of inputs that it becomes.
    package var outputCount: Int {
      switch self {
      case .numeric(_, _, _, let hasIndicator): hasIndicator ? 2 : 1
      case .categorical(_, let categories): categories.count + 1
      case .pixels(let count, _): count
      }
    }
  }

  /// The features in the order of their inputs.
  package let features: [Feature]
  /// Number of inputs.
  package let outputCount: Int
  /// Columns that fitting left out, and why, a line each; not stored with a model.
  package internal(set) var warnings: [String] = []

  /// Most inputs that a user gets without asking, for one column and for all.
  static let categoryLimit = 1_000
  static let requestedCategoryLimit = 100_000
  static let outputLimit = 1 << 20

  init(features: [Feature]) throws(DataError) {
    var count = 0
    for feature in features {
      let isUsable =
        switch feature {
        case .numeric(_, let mean, let deviation, _):
          mean.isFinite && deviation.isFinite && deviation >= 0
        case .categorical(_, let categories): Set(categories).count == categories.count
        case .pixels(let count, let scale):
          (1...Self.outputLimit).contains(count) && scale.isFinite && scale > 0
        }
      guard isUsable else { throw DataError("a feature encoder with impossible numbers") }
      count += feature.outputCount
      guard count <= Self.outputLimit else {
        throw DataError(
          "the features need more than \(Self.outputLimit) inputs",
          remedy: "ignore columns with very many categories")
      }
    }
    guard count > 0 else { throw DataError("a feature encoder without features") }
    self.features = features
    outputCount = count
  }

  /// The columns that a table must have to be encoded.
  package var columns: [(name: String, kind: Table.Kind)] {
    features.flatMap { feature -> [(String, Table.Kind)] in
      switch feature {
      case .numeric(let name, _, _, _): [(name, .numeric)]
      case .categorical(let name, _): [(name, .categorical)]
      case .pixels(let count, _): (0..<count).map { (String($0), .numeric) }
      }
    }
  }

  /// What each input is: "bill_length_mm", "bill_length_mm is missing", "island=Biscoe",
  /// "island=unknown".
  public var featureNames: [String] {
    features.flatMap { feature -> [String] in
      switch feature {
      case .numeric(let name, _, _, let hasIndicator):
        hasIndicator ? [name, "\(name) is missing"] : [name]
      case .categorical(let name, let categories):
        (categories + ["unknown"]).map { "\(name)=\($0)" }
      case .pixels(let count, _): (0..<count).map(String.init)
      }
    }
  }

  /// What each input stands for: "mass", "mass is missing", "island = Dream", "pixel 17".
  package var outputNames: [String] {
    features.flatMap { feature in
      switch feature {
      case .numeric(let name, _, _, let hasIndicator):
        hasIndicator ? [name, "\(name) is missing"] : [name]
      case .categorical(let name, let categories):
        categories.map { "\(name) = \($0)" } + ["\(name) is unknown"]
      case .pixels(let count, _): (0..<count).map { "pixel \($0)" }
      }
    }
  }

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
    return result
  }

  /// What a pass must read of a table to encode it.
  func requests(of table: Table) throws(DataError) -> [ColumnRequest] {
    var requests: [ColumnRequest] = []
    for feature in features {
      switch feature {
      case .numeric(let name, _, _, _):
        requests.append(
          ColumnRequest(column: try position(of: name, in: table), reading: .numbers))
      case .categorical(let name, let categories):
        requests.append(
          ColumnRequest(
            column: try position(of: name, in: table),
            reading: .categories(
              CategoryIndex(categories, unseen: .unknown), numbersAreEqual: true)))
      case .pixels(let count, _):
        for pixel in 0..<count {
          requests.append(
            ColumnRequest(column: try position(of: String(pixel), in: table), reading: .numbers))
        }
      }
    }
    return requests
  }

  /// How to encode a row, wherever its values come from.
  var rowPlan: FeaturePlan {
    var plan = FeaturePlan()
    for feature in features {
      switch feature {
      case .numeric(_, let mean, let deviation, let hasIndicator):
        plan.append(
          .init(
            kind: hasIndicator ? .numberOrMissing : .number, mean: mean,
            // A constant column is (x − mean) / ∞ = 0.
            deviation: deviation > 0 ? deviation : .infinity, outputs: hasIndicator ? 2 : 1))
      case .categorical(_, let categories):
        plan.append(
          .init(kind: .category, mean: 0, deviation: 1, outputs: categories.count + 1))
      case .pixels(let count, let scale):
        for _ in 0..<count {
          plan.append(.init(kind: .number, mean: 0, deviation: scale, outputs: 1))
        }
      }
    }
    return plan
  }

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

/// How to turn the values of one row into inputs, flat for speed.
struct FeaturePlan: Sendable {
  struct Slot: Sendable {
    enum Kind: UInt8, Sendable {
      case number
      case numberOrMissing
      case category
    }
    var kind: Kind
    var mean: Double
    var deviation: Double
    var outputs: Int
    var offset = 0
  }

  private var slots: [Slot] = []
  private var outputCount = 0
  // Neighbouring numbers whose inputs are neighbours too, and of all slots what these need.
  private var runs: [(first: Int, count: Int, offset: Int)] = []
  private var means: [Double] = []
  private var deviations: [Double] = []
  // Slots that need more than that.
  private var others: [Int] = []

  mutating func append(_ slot: Slot) {
    var slot = slot
    slot.offset = outputCount
    outputCount += slot.outputs
    if slot.kind != .category {
      if let last = runs.last, last.first + last.count == slots.count,
        last.offset + last.count == slot.offset
      {
        runs[runs.count - 1].count += 1
      } else {
        runs.append((slots.count, 1, slot.offset))
      }
    }
    if slot.kind != .number { others.append(slots.count) }
    means.append(slot.mean)
    deviations.append(slot.deviation)
    slots.append(slot)
  }

  /// Encodes rows into inputs that are zero; returns whether they are all finite.
  ///
  /// - Parameters:
  ///   - values: The values of the first row.
  ///   - inputs: The inputs of the first row.
  ///   - rows: Number of rows.
  ///   - strides: From row to row, in values and in inputs.
  @inline(__always)
  func form<T: Scalar>(
    _ values: UnsafePointer<Double>, into inputs: UnsafeMutablePointer<T>, rows: Int = 1,
    strides: (Int, Int) = (0, 0)
  ) -> Bool {
    var areFinite = true
    means.withUnsafeBufferPointer { means in
      deviations.withUnsafeBufferPointer { deviations in
        guard let mean = means.baseAddress, let deviation = deviations.baseAddress else { return }
        for (first, count, offset) in runs {
          let runIsFinite = T.kernels.standardize(
            rows, count,
            .init(start: UnsafeMutableRawPointer(mutating: values + first), stride: strides.0),
            mean + first, deviation + first, .init(start: inputs + offset, stride: strides.1))
          areFinite = areFinite && runIsFinite
        }
      }
    }
    for index in others {
      let slot = slots[index]
      for row in 0..<rows {
        let value = values[row * strides.0 + index]
        let target = inputs + (row * strides.1 + slot.offset)
        if slot.kind == .category {
          let code = Int(value)
          target[code < 0 ? slot.outputs - 1 : code] = 1
        } else if value != value {
          // Only NaN differs from itself.
          target[1] = 1
        }
      }
    }
    return areFinite
  }

  /// What a number becomes; 0 for a category.
  func encoded(_ value: Double, slot: Int) -> Double {
    let slot = slots[slot]
    return slot.kind == .category || value.isNaN ? 0 : (value - slot.mean) / slot.deviation
  }

  /// The error about a row whose inputs are not all finite.
  func tooLarge<T: Scalar>(
    _ values: UnsafePointer<Double>, _ requests: [ColumnRequest], in table: Table, row: Int,
    _ type: T.Type
  ) -> DataError {
    let index = slots.indices.first { index in
      let slot = slots[index]
      return slot.kind != .category && !values[index].isNaN
        && !T((values[index] - slot.mean) / slot.deviation).isFinite
    }
    let position = index ?? 0
    return table.tooLarge(
      values[position], column: requests[position].column, row: row, T.self)
  }
}

extension FeatureEncoder: Equatable {
  public static func == (left: FeatureEncoder, right: FeatureEncoder) -> Bool {
    left.features == right.features
  }
}

// MARK: - The form in a model file

extension FeatureEncoder: Codable {
  private enum CodingKeys: String, CodingKey { case features }

  /// Reads the form that `encode(to:)` writes; impossible numbers are refused.
  public init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: CodingKeys.self)
    do {
      try self.init(features: container.decode([Feature].self, forKey: .features))
    } catch let error as DataError {
      throw DecodingError.dataCorrupted(
        .init(codingPath: decoder.codingPath, debugDescription: error.description))
    }
  }

  public func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: CodingKeys.self)
    try container.encode(features, forKey: .features)
  }
}

extension FeatureEncoder.Feature: Codable {
  private enum Kind: String, Codable {
    case numeric, categorical, pixels
  }

  private enum CodingKeys: String, CodingKey {
    case kind, name, mean, deviation, indicator, categories, count, scale
  }

  package init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: CodingKeys.self)
    switch try container.decode(Kind.self, forKey: .kind) {
    case .numeric:
      self = .numeric(
        name: try container.decode(String.self, forKey: .name),
        mean: try container.decode(Double.self, forKey: .mean),
        deviation: try container.decode(Double.self, forKey: .deviation),
        hasIndicator: try container.decode(Bool.self, forKey: .indicator))
    case .categorical:
      self = .categorical(
        name: try container.decode(String.self, forKey: .name),
        categories: try container.decode([String].self, forKey: .categories))
    case .pixels:
      self = .pixels(
        count: try container.decode(Int.self, forKey: .count),
        scale: try container.decode(Double.self, forKey: .scale))
    }
  }

  package func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: CodingKeys.self)
    switch self {
    case .numeric(let name, let mean, let deviation, let hasIndicator):
      try container.encode(Kind.numeric, forKey: .kind)
      try container.encode(name, forKey: .name)
      try container.encode(mean, forKey: .mean)
      try container.encode(deviation, forKey: .deviation)
      try container.encode(hasIndicator, forKey: .indicator)
    case .categorical(let name, let categories):
      try container.encode(Kind.categorical, forKey: .kind)
      try container.encode(name, forKey: .name)
      try container.encode(categories, forKey: .categories)
    case .pixels(let count, let scale):
      try container.encode(Kind.pixels, forKey: .kind)
      try container.encode(count, forKey: .count)
      try container.encode(scale, forKey: .scale)
    }
  }
}
