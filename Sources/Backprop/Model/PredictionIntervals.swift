/// How far the targets of rows that a network did not learn from lay from what it predicted for them, and so how
/// far those of new rows will.
///
/// With Rᵢ = |yᵢ − μ̂₋ₖ₍ᵢ₎(xᵢ)|, where μ̂₋ₖ₍ᵢ₎ is the network that held the fold of row i out, the interval of a new x
/// at the level 1 − α, at least one half, goes
///
///     from the ⌊α(n + 1)⌋-th smallest of μ̂₋ₖ₍ᵢ₎(x) − Rᵢ to the ⌈(1 − α)(n + 1)⌉-th smallest of μ̂₋ₖ₍ᵢ₎(x) + Rᵢ
///
/// over the n rows. That is CV+ (Barber, Candès, Ramdas & Tibshirani 2021, *Predictive Inference with the
/// Jackknife+*, doi:10.1214/20-AOS1965). Where rows are exchangeable and chose nothing it holds the target with a
/// probability of about 1 − 2α at least, and usually near 1 − α. One network with rows of a test is the same with
/// one fold, split conformal prediction, and holds it with 1 − α at least (Lei et al. 2018,
/// doi:10.1080/01621459.2017.1307116).
package struct PredictionIntervals: Codable, Equatable, Sendable {
  /// The level 1 − α that was asked for, in ½ ..< 1.
  package let level: Double
  /// Whether the rows are those of folds (CV+), and not of a test.
  package let isOfFolds: Bool
  /// For each fold and each target column the residuals, ascending, in the target's unit. What is predicted for a
  /// fold is the mean of the networks that held it out: of k folds the first, the one behind k others, and so on.
  private let residuals: [[[Double]]]

  /// - Parameters:
  ///   - residuals: Of each fold and each target column, in the target's unit, in any order.
  init(level: Double, isOfFolds: Bool, residuals: [[[Double]]]) {
    self.level = level
    self.isOfFolds = isOfFolds
    self.residuals = residuals.map { $0.map { $0.sorted() } }
  }

  /// How many rows there are residuals of.
  package var rows: Int { residuals.reduce(0) { $0 + ($1.first?.count ?? 0) } }
  /// The level that is proved, of folds up to a term of their number that goes to 0 with that of the rows.
  package func promised(_ level: Double) -> Double { isOfFolds ? 2 * level - 1 : level }

  /// - Throws: `ConfigurationError` for a level out of its range, or that so few rows cannot show.
  package func check(level: Double) throws(ConfigurationError) {
    try Self.check(level: level, rows: rows)
  }

  static func check(level: Double, rows: Int) throws(ConfigurationError) {
    // Below one half the bounds of CV+ may change places.
    guard level >= 0.5, level < 1 else {
      throw ConfigurationError(
        "interval", "\(level.shortestText): give a level of at least 0.5 and below 1")
    }
    guard rank(level, rows) <= rows else {
      let needed = (level / (1 - level) - 1e-6).rounded(.up)
      throw ConfigurationError(
        "interval",
        "\(level.shortestText) needs \(Int(min(needed, 1e15))) rows that judge, and there are \(rows): "
          + "give a lower level, or more rows")
    }
  }

  /// Which of the n values in their order is the bound.
  private static func rank(_ level: Double, _ rows: Int) -> Int {
    // A level such as 0.9 is a little more than 9/10 in binary.
    Int((level * Double(rows + 1) - 1e-9).rounded(.up))
  }

  /// The interval of one row.
  ///
  /// - Parameters:
  ///   - centers: What the networks predict that held a fold out, for each fold, in the target's unit.
  ///   - column: The target column, from 0.
  func bounds(_ centers: [Double], column: Int, level: Double) -> (lower: Double, upper: Double) {
    let rank = Self.rank(level, rows)
    return (
      -smallest(rank, centers.map { -$0 }, column), smallest(rank, centers, column)
    )
  }

  /// The value of so much a rank, from 1, among all sums of a fold's prediction and one of its residuals.
  private func smallest(_ rank: Int, _ centers: [Double], _ column: Int) -> Double {
    var low = Int64.max
    var high = Int64.min
    for (center, own) in zip(centers, residuals) where !own[column].isEmpty {
      low = min(low, Self.key(center + own[column][0]))
      high = max(high, Self.key(center + own[column][own[column].count - 1]))
    }
    while low < high {
      // Half the sum, which may be no number of these itself.
      let middle = (low & high) + ((low ^ high) >> 1)
      let value = Self.value(middle)
      let count = zip(centers, residuals).reduce(0) { sum, pair in
        sum + pair.1[column].countOfFirst { pair.0 + $0 <= value }
      }
      if count >= rank { high = middle } else { low = middle + 1 }
    }
    return Self.value(low)
  }

  /// Whole numbers in the order of the numbers whose bits they are, so that a search by halves ends.
  private static func key(_ value: Double) -> Int64 {
    let bits = Int64(bitPattern: value.bitPattern)
    return bits >= 0 ? bits : Int64.min - bits
  }

  private static func value(_ key: Int64) -> Double {
    Double(bitPattern: UInt64(bitPattern: key >= 0 ? key : Int64.min - key))
  }

  /// What is wrong with them for a model of so many networks and target columns; nil if nothing.
  func problem(networks: Int, columns: Int) -> String? {
    guard level >= 0.5, level < 1 else { return "a level of \(level)" }
    let isWhole = residuals.allSatisfy { own in
      own.count == columns
        && own.allSatisfy { values in
          values.count == own[0].count && values.allSatisfy { $0.isFinite && $0 >= 0 }
            && zip(values, values.dropFirst()).allSatisfy { $0 <= $1 }
        }
    }
    guard !residuals.isEmpty, networks % residuals.count == 0, isWhole, rows > 0,
      Self.rank(level, rows) <= rows
    else {
      return "residuals that do not suit \(networks) networks of \(columns) targets"
    }
    return nil
  }
}

extension Array {
  /// How many elements at the front fulfil a condition that none behind them does.
  fileprivate func countOfFirst(_ isFulfilled: (Element) -> Bool) -> Int {
    var (low, high) = (0, count)
    while low < high {
      let middle = low + (high - low) / 2
      if isFulfilled(self[middle]) { low = middle + 1 } else { high = middle }
    }
    return low
  }
}

extension PredictionIntervals {
  /// The bounds of some rows, row-major `[rows, columns]`, in the targets' units.
  ///
  /// - Parameters:
  ///   - outputs: Those of each network.
  ///   - encoder: What they stand for; nil for themselves.
  package func bounds<T: Scalar>(
    _ outputs: [Matrix<T>], level: Double, in encoder: TargetEncoder?
  ) -> Predictions.Bounds {
    var bounds = Predictions.Bounds(level: level)
    for row in 0..<outputs[0].rows {
      for column in 0..<outputs[0].columns {
        let numbers = outputs.map {
          encoder?.number($0[row, column], column) ?? Double($0[row, column])
        }
        let centers = residuals.indices.map { fold in
          let own = stride(from: fold, to: numbers.count, by: residuals.count)
          let mean = own.reduce(0) { $0 + numbers[$1] } / Double(numbers.count / residuals.count)
          return encoder?.clipped(mean, column) ?? mean
        }
        let (lower, upper) = self.bounds(centers, column: column, level: level)
        bounds.lower.append(-Self.atLeast(-lower, T.self))
        bounds.upper.append(Self.atLeast(upper, T.self))
      }
    }
    return bounds
  }
}

extension PredictionIntervals {
  /// The least number of a precision that is not below one, so that a bound has no more digits than a
  /// prediction; the number itself beyond its range.
  private static func atLeast<T: Scalar>(_ value: Double, _ type: T.Type) -> Double {
    let rounded = T(value)
    guard rounded.isNormal else { return value }
    return Double(Double(rounded) < value ? rounded.nextUp : rounded)
  }
}

extension Model {
  /// The same, whose predictions have intervals; none where the rows are fewer than the level needs.
  ///
  /// - Parameter judged: For each fold what its networks say of rows that they did not learn from, and the targets of
  ///   these rows, both `[rows, outputs]`.
  func withIntervals<T: Scalar>(
    level: Double, isOfFolds: Bool, judged: [(outputs: Matrix<T>, targets: Matrix<T>)]
  ) -> Model {
    var model = self
    let encoder = targetEncoder
    func number(_ value: T, _ column: Int) -> Double {
      encoder?.number(value, column) ?? Double(value)
    }
    guard members.count % max(judged.count, 1) == 0 else { return self }
    let residuals = judged.map { outputs, targets in
      (0..<outputs.columns).map { column in
        (0..<outputs.rows).map { row -> Double in
          let center = number(outputs[row, column], column)
          return abs(
            (encoder?.clipped(center, column) ?? center) - number(targets[row, column], column))
        }
      }
    }
    let intervals = PredictionIntervals(
      level: level, isOfFolds: isOfFolds, residuals: residuals)
    if (try? intervals.check(level: level)) != nil { model.intervals = intervals }
    return model
  }
}

/// How often the targets of some rows lay within the intervals of their predictions, and how wide these were.
package struct IntervalScore: Equatable, Sendable {
  package let level: Double
  /// Over all rows and target columns.
  package let coverage: Double
  /// For each target column, in its unit.
  package let meanWidths: [Double]
  package let examples: Int
}

extension Model {
  /// How the intervals do on some examples, each counting once; nil if there are none.
  package func intervalScore<T: Scalar>(
    on examples: Dataset<T>, level: Double? = nil, pool: ThreadPool?
  ) -> IntervalScore? {
    guard let intervals, examples.count > 0 else { return nil }
    let level = level ?? intervals.level
    let bounds = intervals.bounds(
      outputsOfMembers(examples.inputs, pool), level: level, in: targetEncoder)
    let targets = examples.targets
    var held = 0
    var widths = [Double](repeating: 0, count: targets.columns)
    for row in 0..<targets.rows {
      for column in 0..<targets.columns {
        let place = row * targets.columns + column
        let y =
          targetEncoder?.number(targets[row, column], column) ?? Double(targets[row, column])
        if bounds.lower[place] <= y, y <= bounds.upper[place] { held += 1 }
        widths[column] += bounds.upper[place] - bounds.lower[place]
      }
    }
    let count = Double(targets.rows)
    return IntervalScore(
      level: level, coverage: Double(held) / (count * Double(targets.columns)),
      meanWidths: widths.map { $0 / count }, examples: targets.rows)
  }
}
