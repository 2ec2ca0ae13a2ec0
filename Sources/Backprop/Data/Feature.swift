/// One column of a table, and what inputs it becomes.
package enum Feature: Equatable, Sendable {
  /// Mean and standard deviation (with n, not n − 1; 0 if constant) over the training rows;
  /// `hasIndicator` if a further input says whether the value is missing. Of a heavy-tailed column they are those
  /// of the scores of `map`.
  case numeric(
    name: String, mean: Double, deviation: Double, hasIndicator: Bool, style: NumberStyle = .plain,
    map: QuantileMap? = nil)
  /// Two words; `share` is that of yes among the training rows that have one.
  case boolean(name: String, words: BooleanWords, share: Double, hasIndicator: Bool)
  /// The parts of a date that vary over the training rows, each as a number.
  case date(name: String, style: DateStyle, first: Double, parts: [Part], hasIndicator: Bool)
  /// The categories of the training rows in order: by value if all are numbers, else by scalars. `shares` are
  /// theirs among the training rows, and behind them that of missing values if there were any. Where `isCoded`
  /// it becomes one input, the number of the level, which the network looks up: from 0, and that of an
  /// unknown behind the last.
  case categorical(
    name: String, categories: [String], shares: [Double],
    textsKept: ColumnReading.TextsKept = .quoted, isCoded: Bool = false
  )
  /// Columns "0" … "count − 1", to be divided by `scale`.
  case pixels(count: Int, scale: Double)

  /// A part of a date, with its mean and deviation over the training rows.
  package struct Part: Equatable, Codable, Sendable {
    package let part: DatePart
    let mean: Double
    let deviation: Double
  }

  /// Number of inputs that it becomes.
  package var outputCount: Int {
    switch self {
    case .numeric(_, _, _, let hasIndicator, _, _), .boolean(_, _, _, let hasIndicator):
      hasIndicator ? 2 : 1
    case .date(_, _, _, let parts, let hasIndicator): parts.count + (hasIndicator ? 1 : 0)
    case .categorical(_, _, let shares, _, let isCoded): isCoded ? 1 : shares.count
    case .pixels(let count, _): count
    }
  }

  /// The shares of the levels, each with an input, or of yes, among the training rows; nil of numbers and codes.
  var levelShares: [Double]? {
    switch self {
    case .categorical(_, _, let shares, _, let isCoded): isCoded ? nil : shares
    case .boolean(_, _, let share, _): [share]
    case .numeric, .date, .pixels: nil
    }
  }

  /// The number of codes of a category that is looked up, that of an unknown among them; nil of others.
  package var codeCount: Int? {
    if case .categorical(_, _, let shares, _, true) = self { shares.count + 1 } else { nil }
  }

  /// The columns that it is made of.
  package var columns: [(name: String, kind: Table.Kind)] {
    switch self {
    case .numeric(let name, _, _, _, _, _): [(name, .numeric)]
    case .boolean(let name, _, _, _): [(name, .boolean)]
    case .date(let name, _, _, _, _): [(name, .date)]
    case .categorical(let name, _, _, _, _): [(name, .categorical)]
    case .pixels(let count, _): (0..<count).map { (String($0), .numeric) }
    }
  }

  /// What each input stands for: "mass", "mass is missing", "island = Dream", "pixel 17".
  ///
  /// - Parameter equal: What stands between a column and its category.
  package func outputNames(equal: String = " = ", pixel: String = "pixel ") -> [String] {
    switch self {
    case .numeric(let name, _, _, let hasIndicator, _, _),
      .boolean(let name, _, _, let hasIndicator):
      [name] + (hasIndicator ? ["\(name) is missing"] : [])
    case .date(let name, _, _, let parts, let hasIndicator):
      parts.map { "\(name), \($0.part.text)" } + (hasIndicator ? ["\(name) is missing"] : [])
    case .categorical(let name, _, _, _, true): [name]
    case .categorical(let name, let categories, let shares, _, false):
      categories.map { "\(name)\(equal)\($0)" }
        + (shares.count > categories.count ? ["\(name) is missing"] : [])
    case .pixels(let count, _): (0..<count).map { "\(pixel)\($0)" }
    }
  }

  /// Whether its numbers are possible.
  var isUsable: Bool {
    func areShares(_ shares: [Double]) -> Bool {
      shares.allSatisfy { (0...1).contains($0) } && abs(shares.reduce(0, +) - 1) < 1e-9
    }
    func isScale(_ mean: Double, _ deviation: Double) -> Bool {
      mean.isFinite && deviation.isFinite && deviation >= 0
    }
    return switch self {
    case .numeric(_, let mean, let deviation, _, _, let map):
      isScale(mean, deviation) && map?.isUsable ?? true
    case .boolean(_, _, let share, _): (0...1).contains(share)
    case .date(_, _, let first, let parts, let hasIndicator):
      abs(first) < 1e8 && parts.allSatisfy { isScale($0.mean, $0.deviation) }
        && !(parts.isEmpty && !hasIndicator)
    case .categorical(_, let categories, let shares, _, _):
      Set(categories).count == categories.count && areShares(shares)
        && (categories.count...(categories.count + 1)).contains(shares.count)
    case .pixels(let count, let scale):
      (1...FeatureEncoder.outputLimit).contains(count) && scale.isFinite && scale > 0
    }
  }
}

// MARK: - The form in a model file

extension Feature: Codable {
  private enum Kind: String, Codable {
    case numeric, boolean, date, categorical, pixels
  }

  private enum CodingKeys: String, CodingKey {
    case kind, name, mean, deviation, indicator, categories, count, scale
    case style, words, share, shares, first, parts, texts, coded, map
  }

  package init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: CodingKeys.self)
    func value<Value: Decodable>(_ key: CodingKeys) throws -> Value {
      try container.decode(Value.self, forKey: key)
    }
    switch try value(.kind) as Kind {
    case .numeric:
      self = .numeric(
        name: try value(.name), mean: try value(.mean), deviation: try value(.deviation),
        hasIndicator: try value(.indicator),
        style: try container.decodeIfPresent(NumberStyle.self, forKey: .style) ?? .plain,
        map: try container.decodeIfPresent(QuantileMap.self, forKey: .map))
    case .boolean:
      self = .boolean(
        name: try value(.name), words: try value(.words), share: try value(.share),
        hasIndicator: try value(.indicator))
    case .date:
      self = .date(
        name: try value(.name), style: try value(.style), first: try value(.first),
        parts: try value(.parts), hasIndicator: try value(.indicator))
    case .categorical:
      self = .categorical(
        name: try value(.name), categories: try value(.categories), shares: try value(.shares),
        textsKept: try value(.texts),
        isCoded: try container.decodeIfPresent(Bool.self, forKey: .coded) ?? false)
    case .pixels: self = .pixels(count: try value(.count), scale: try value(.scale))
    }
  }

  package func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: CodingKeys.self)
    switch self {
    case .numeric(let name, let mean, let deviation, let hasIndicator, let style, let map):
      try container.encode(Kind.numeric, forKey: .kind)
      try container.encode(name, forKey: .name)
      try container.encode(mean, forKey: .mean)
      try container.encode(deviation, forKey: .deviation)
      try container.encode(hasIndicator, forKey: .indicator)
      if style != .plain { try container.encode(style, forKey: .style) }
      try container.encodeIfPresent(map, forKey: .map)
    case .boolean(let name, let words, let share, let hasIndicator):
      try container.encode(Kind.boolean, forKey: .kind)
      try container.encode(name, forKey: .name)
      try container.encode(words, forKey: .words)
      try container.encode(share, forKey: .share)
      try container.encode(hasIndicator, forKey: .indicator)
    case .date(let name, let style, let first, let parts, let hasIndicator):
      try container.encode(Kind.date, forKey: .kind)
      try container.encode(name, forKey: .name)
      try container.encode(style, forKey: .style)
      try container.encode(first, forKey: .first)
      try container.encode(parts, forKey: .parts)
      try container.encode(hasIndicator, forKey: .indicator)
    case .categorical(let name, let categories, let shares, let textsKept, let isCoded):
      try container.encode(Kind.categorical, forKey: .kind)
      try container.encode(name, forKey: .name)
      try container.encode(categories, forKey: .categories)
      try container.encode(shares, forKey: .shares)
      try container.encode(textsKept, forKey: .texts)
      if isCoded { try container.encode(true, forKey: .coded) }
    case .pixels(let count, let scale):
      try container.encode(Kind.pixels, forKey: .kind)
      try container.encode(count, forKey: .count)
      try container.encode(scale, forKey: .scale)
    }
  }
}
