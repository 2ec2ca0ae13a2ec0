/// How outputs are judged against targets.
public enum MetricKind: Hashable, Codable, Sendable {
  /// One-hot targets, or one output that is compared with `threshold`: ½ for 0/1, 0 for ±1.
  case classification(threshold: Double = 0.5, probabilities: Bool)
  /// Each output a yes or no of its own, by the threshold.
  case multiLabel(threshold: Double = 0.5)
  /// Numbers. `scales` turns each output back into its unit; the metrics average over outputs.
  case regression(scales: [Double])
}

/// Counts and sums that make the metrics of a pass over data.
///
/// Sums run in the order of the examples, in double precision.
public struct Metrics: Sendable, Equatable, Codable {
  public let kind: MetricKind
  /// Examples seen.
  public private(set) var count = 0
  /// Counts of (actual, predicted) classes, row-major; empty if the task has none.
  public private(set) var confusion: [Int] = []
  private let outputs: Int
  private var logLossSum = 0.0
  private var exactMatches = 0
  private var labelsCorrect = 0
  private var squaredErrors: [Double] = []
  private var absoluteErrors: [Double] = []
  private var targetSums: [Double] = []
  private var targetSquares: [Double] = []
  private var targetShifts: [Double] = []

  /// Nothing counted yet.
  ///
  /// - Parameters:
  ///   - kind: How outputs are judged.
  ///   - outputs: Number of outputs of the network.
  public init(kind: MetricKind, outputs: Int) {
    self.kind = kind
    self.outputs = outputs
    switch kind {
    case .classification:
      let classes = max(outputs, 2)
      confusion = [Int](repeating: 0, count: classes * classes)
    case .multiLabel: break
    case .regression(let scales):
      precondition(scales.count == outputs, "\(scales.count) scales for \(outputs) outputs")
      let zeros = [Double](repeating: 0, count: outputs)
      squaredErrors = zeros
      absoluteErrors = zeros
      targetSums = zeros
      targetSquares = zeros
      targetShifts = zeros
    }
  }

  /// Number of classes, 0 if the task has none.
  public var classCount: Int {
    if case .classification = kind { max(outputs, 2) } else { 0 }
  }

  /// Names and values, the first of them the one to quote.
  ///
  /// `accuracy` and `logLoss` (natural logarithm) for classes; `accuracy` per label and `exactMatch`
  /// for several labels; `rmse`, `mae` in units of the target and `r2` for regression.
  public var values: [(name: String, value: Double)] {
    guard count > 0 else { return [] }
    let n = Double(count)
    switch kind {
    case .classification(_, let probabilities):
      return [("accuracy", accuracy)] + (probabilities ? [("logLoss", logLossSum / n)] : [])
    case .multiLabel:
      return [
        ("accuracy", Double(labelsCorrect) / (n * Double(outputs))),
        ("exactMatch", Double(exactMatches) / n),
      ]
    case .regression:
      let m = n * Double(outputs)
      let scores = (0..<outputs).map { output -> Double in
        let total = targetSquares[output] - targetSums[output] * targetSums[output] / n
        return total > 0 ? 1 - squaredErrors[output] / total : 0
      }
      return [
        ("rmse", (squaredErrors.reduce(0, +) / m).squareRoot()),
        ("mae", absoluteErrors.reduce(0, +) / m),
        ("r2", scores.reduce(0, +) / Double(outputs)),
      ]
    }
  }

  /// Share of examples whose class is right.
  public var accuracy: Double {
    guard classCount > 0, count > 0 else { return .nan }
    let right = (0..<classCount).reduce(0) { $0 + confusion[$1 * classCount + $1] }
    return Double(right) / Double(count)
  }

  /// The confusion counts as rows of actual classes, columns of predicted ones.
  public var confusionRows: [[Int]] {
    (0..<classCount).map { Array(confusion[($0 * classCount)..<(($0 + 1) * classCount)]) }
  }

  /// Whether the arrays have the lengths that the kind asks for, when they come from a file.
  func isConsistent(outputs: Int) -> Bool {
    let numbers = [squaredErrors, absoluteErrors, targetSums, targetSquares, targetShifts]
    let isRegression = if case .regression = kind { true } else { false }
    if case .regression(let scales) = kind, scales.count != outputs { return false }
    return self.outputs == outputs && count >= 0
      && confusion.count == classCount * classCount && confusion.allSatisfy { $0 >= 0 }
      && numbers.allSatisfy { $0.count == (isRegression ? outputs : 0) }
  }

  /// Adds the examples of a batch.
  mutating func add<T: Scalar>(outputs a: MatrixView<T>, targets y: MatrixView<T>, rows: Int) {
    for row in 0..<rows {
      let output = a.start + row * a.stride
      let target = y.start + row * y.stride
      switch kind {
      case .classification(let threshold, let probabilities):
        addClass(output, target, T(threshold), probabilities)
      case .multiLabel(let threshold): addLabels(output, target, T(threshold))
      case .regression(let scales): addNumbers(output, target, scales, isFirst: count + row == 0)
      }
    }
    count += rows
  }

  private mutating func addClass<T: Scalar>(
    _ output: UnsafePointer<T>, _ target: UnsafePointer<T>, _ threshold: T, _ probabilities: Bool
  ) {
    let actual: Int
    let predicted: Int
    let probability: T
    if outputs == 1 {
      actual = target[0] > threshold ? 1 : 0
      predicted = output[0] > threshold ? 1 : 0
      probability = actual == 1 ? output[0] : 1 - output[0]
    } else {
      actual = Self.indexOfLargest(target, outputs)
      predicted = Self.indexOfLargest(output, outputs)
      probability = output[actual]
    }
    confusion[actual * classCount + predicted] += 1
    if probabilities {
      // A probability that underflowed to 0 would make the mean infinite; the smallest normal number
      // of the precision stands in.
      logLossSum -= Double.naturalLogarithm(
        max(Double(probability), Double(T.leastNormalMagnitude)))
    }
  }

  /// The first of the largest elements.
  static func indexOfLargest<T: Scalar>(_ values: UnsafePointer<T>, _ count: Int) -> Int {
    var best = 0
    for index in 1..<max(count, 1) where values[index] > values[best] { best = index }
    return best
  }

  private mutating func addLabels<T: Scalar>(
    _ output: UnsafePointer<T>, _ target: UnsafePointer<T>, _ threshold: T
  ) {
    var right = 0
    for label in 0..<outputs where (output[label] > threshold) == (target[label] > threshold) {
      right += 1
    }
    labelsCorrect += right
    if right == outputs { exactMatches += 1 }
  }

  private mutating func addNumbers<T: Scalar>(
    _ output: UnsafePointer<T>, _ target: UnsafePointer<T>, _ scales: [Double], isFirst: Bool
  ) {
    for index in 0..<outputs {
      let actual = Double(target[index]) * scales[index]
      let error = Double(output[index]) * scales[index] - actual
      squaredErrors[index] += error * error
      absoluteErrors[index] += abs(error)
      // Sums of y less the first y, so that a large mean costs no digits of the variance.
      if isFirst { targetShifts[index] = actual }
      let shifted = actual - targetShifts[index]
      targetSums[index] += shifted
      targetSquares[index] += shifted * shifted
    }
  }
}
