/// What the training rows say of a column.
struct ColumnStatistic {
  /// Its numbers; of dates the days.
  var moments = Moments()
  /// Of dates, by their parts.
  var parts: [DatePart: Moments] = [:]
  /// Its numbers again, and those of the parts, for quantiles; nil where none are asked for.
  var sample: ColumnSample?
  var partSamples: [DatePart: ColumnSample] = [:]
  /// The codes of its texts, and how many rows have each.
  var index: CategoryIndex?
  var counts: [Int] = []
  var isRequested = false
  /// The most categories that become an input each; nil for any number.
  var mostOneHot: Int?
  var rows = 0
  /// Rows with a value.
  var present = 0
  /// Where its numbers may count the rows, the first of them less its row; nil where they do not.
  var firstNumber: Double?

  var missing: Int { rows - present }

  /// The inputs that the column becomes.
  func feature(of column: Table.Column) throws(LeftOutColumn) -> Feature {
    if present == 0 { throw LeftOutColumn(.empty, "it has no value in the training rows") }
    switch column.reading {
    case .numbers(let style):
      if let firstNumber {
        throw LeftOutColumn(
          .rowNumbers, "it numbers the rows from \(DecimalNumber.text(firstNumber))",
          remedy: "call it numeric to keep it")
      }
      let map = sample?.heavyTailedMap
      let (mean, deviation) = map.flatMap { sample?.scale(by: $0) } ?? scale(moments, sample)
      return .numeric(
        name: column.name, mean: mean, deviation: deviation, hasIndicator: missing > 0,
        style: style, map: map)
    case .booleans(let words):
      return .boolean(
        name: column.name, words: words, share: Double(counts[1]) / Double(present),
        hasIndicator: missing > 0)
    case .dates(let style):
      let parts = varyingParts.filter { style != .time || $0.part == .hour }
      if parts.isEmpty, missing == 0 {
        throw LeftOutColumn(.constant, "all rows have the same \(style == .time ? "time" : "date")")
      }
      return .date(
        name: column.name, style: style, first: moments.smallest, parts: parts,
        hasIndicator: missing > 0)
    case .categories(let textsKept): return try category(column.name, textsKept)
    }
  }

  /// The parts of a date that vary; within one year the day of it says no more than the days since the first.
  private var varyingParts: [Feature.Part] {
    DatePart.allCases.compactMap { part in
      guard let moments = parts[part], moments.deviation > 0,
        part != .dayOfYear || (parts[.year]?.deviation ?? 0) > 0
      else { return nil }
      let (centre, deviation) = scale(moments, partSamples[part])
      let mean = part == .days ? centre - self.moments.smallest : centre
      return Feature.Part(part: part, mean: mean, deviation: deviation)
    }
  }

  /// Centre and width: mean and deviation, or what a sample says.
  private func scale(_ moments: Moments, _ sample: ColumnSample?) -> (Double, Double) {
    guard let sample, moments.deviation > 0 else { return (moments.mean, moments.deviation) }
    return sample.scale(smallest: moments.smallest, largest: moments.largest)
  }

  private func category(
    _ name: String, _ textsKept: ColumnReading.TextsKept
  ) throws(LeftOutColumn) -> Feature {
    guard let index, index.count > 0 else {
      throw LeftOutColumn(.empty, "it has no value in the training rows")
    }
    if index.isFull {
      if isRequested {
        throw LeftOutColumn(
          .names, "more than \(FeatureEncoder.requestedCategoryLimit) categories",
          remedy: "ignore the column", isRefused: true)
      }
      throw LeftOutColumn(
        .names, "more than \(FeatureEncoder.categoryLimit) different texts",
        remedy: "call it categorical to keep it")
    }
    if !isRequested, index.count > 20, 10 * index.count > 9 * present {
      throw LeftOutColumn(
        .names, "\(index.count) different texts in \(present) rows look like names",
        remedy: "call it categorical to keep it")
    }
    let categories = index.categories
    let ordered = orderedCategories(categories)
    let codes = Dictionary(uniqueKeysWithValues: zip(categories, categories.indices))
    var shares = ordered.map { Double(counts[codes[$0] ?? 0]) / Double(rows) }
    if missing > 0 { shares.append(Double(missing) / Double(rows)) }
    return .categorical(
      name: name, categories: ordered, shares: shares, textsKept: textsKept,
      isCoded: mostOneHot.map { categories.count > $0 } ?? false)
  }
}

/// Why a column becomes no input.
struct LeftOutColumn: Error, CustomStringConvertible {
  enum Kind {
    case empty, constant, names, rowNumbers
  }

  let kind: Kind
  let reason: String
  let remedy: String?
  /// Whether this is an error.
  let isRefused: Bool

  init(_ kind: Kind, _ reason: String, remedy: String? = nil, isRefused: Bool = false) {
    (self.kind, self.reason, self.remedy, self.isRefused) = (kind, reason, remedy, isRefused)
  }

  var description: String { reason + (remedy.map { "; \($0)" } ?? "") }
}
