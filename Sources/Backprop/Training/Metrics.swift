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
/// Sums run in the order of the examples, in double precision. Examples count by their weights, so
/// that one of weight 2 is two. What needs all outputs at once is computed by `JudgedExamples`.
public struct Metrics: Sendable, Equatable, Codable {
  public let kind: MetricKind
  /// Examples seen.
  public private(set) var count = 0
  /// Counts of (actual, predicted) classes without weights, row-major; empty if the task has none.
  public private(set) var confusion: [Int] = []
  private let outputs: Int
  /// Σ w, the number of examples where all weights are 1.
  private var weightSum = 0.0
  private var rightSum = 0.0
  private var logLossSum = 0.0
  private var exactMatches = 0.0
  private var labelsCorrect = 0.0
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
  /// for several labels; `rmse`, `mae` in units of the target and `r2` for regression (NaN where all
  /// targets are the same).
  public var values: [(name: String, value: Double)] {
    guard count > 0 else { return [] }
    let n = weightSum
    switch kind {
    case .classification(_, let probabilities):
      return [("accuracy", accuracy)] + (probabilities ? [("logLoss", logLossSum / n)] : [])
    case .multiLabel:
      return [
        ("accuracy", labelsCorrect / (n * Double(outputs))),
        ("exactMatch", exactMatches / n),
      ]
    case .regression:
      let m = n * Double(outputs)
      let scores = (0..<outputs).map { output in
        Self.determination(
          error: squaredErrors[output], sum: targetSums[output], squares: targetSquares[output],
          weight: n)
      }
      return [
        ("rmse", (squaredErrors.reduce(0, +) / m).squareRoot()),
        ("mae", absoluteErrors.reduce(0, +) / m),
        ("r2", JudgedExamples.meanOfDefined(scores)),
      ]
    }
  }

  /// R² from sums over examples of y less a constant: 1 − Σ w (a − y)² / Σ w (y − ȳ)².
  static func determination(
    error: Double, sum: Double, squares: Double, weight: Double
  ) -> Double {
    let total = squares - sum * sum / weight
    return total > 0 ? 1 - error / total : .nan
  }

  /// The value of a metric, if it is one of `values`.
  public func value(of metric: Metric) -> Double? {
    let key = metric.key
    return values.first { $0.name == key }?.value
  }

  /// Share of examples whose class is right.
  public var accuracy: Double {
    guard classCount > 0, count > 0 else { return .nan }
    return rightSum / weightSum
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
    return self.outputs == outputs && count >= 0 && weightSum >= 0
      && confusion.count == classCount * classCount && confusion.allSatisfy { $0 >= 0 }
      && numbers.allSatisfy { $0.count == (isRegression ? outputs : 0) }
  }

  /// Adds the examples of a batch.
  ///
  /// - Parameter w: One weight a row; nil where all are 1.
  mutating func add<T: Scalar>(
    outputs a: MatrixView<T>, targets y: MatrixView<T>, weights w: UnsafePointer<T>? = nil,
    rows: Int
  ) {
    switch kind {
    case .classification(let threshold, let probabilities):
      let most = 64
      for first in stride(from: 0, to: rows, by: most) {
        let some = first..<min(first + most, rows)
        // Logarithms are taken together; so few numbers are on the stack.
        withUnsafeTemporaryAllocation(of: Double.self, capacity: most) { logarithms in
          for row in some {
            logarithms[row - first] = addClass(
              a.start + row * a.stride, y.start + row * y.stride, Self.weight(w, row), T(threshold))
          }
          guard probabilities else { return }
          Double.formLogarithms(of: logarithms, count: some.count)
          for row in some { logLossSum -= Self.weight(w, row) * logarithms[row - first] }
        }
      }
    case .multiLabel(let threshold):
      for row in 0..<rows {
        addLabels(
          a.start + row * a.stride, y.start + row * y.stride, Self.weight(w, row), T(threshold))
      }
    case .regression(let scales): addNumbers(a, y, w, rows, scales)
    }
    count += rows
  }

  private static func weight<T: Scalar>(_ weights: UnsafePointer<T>?, _ row: Int) -> Double {
    weights.map { Double($0[row]) } ?? 1
  }

  /// - Returns: The probability of the right class, if outputs are probabilities.
  private mutating func addClass<T: Scalar>(
    _ output: UnsafePointer<T>, _ target: UnsafePointer<T>, _ weight: Double, _ threshold: T
  ) -> Double {
    let (actual, predicted, probability) = Self.classes(output, target, outputs, threshold)
    weightSum += weight
    confusion[actual * classCount + predicted] += 1
    if actual == predicted { rightSum += weight }
    return Self.clamped(probability)
  }

  /// The class of an example, the one that is predicted, and the probability of the right one if
  /// outputs are probabilities.
  @inline(__always)
  static func classes<T: Scalar>(
    _ output: UnsafePointer<T>, _ target: UnsafePointer<T>, _ outputs: Int, _ threshold: T
  ) -> (actual: Int, predicted: Int, probability: T) {
    if outputs == 1 {
      let actual = target[0] > threshold ? 1 : 0
      return (
        actual, output[0] > threshold ? 1 : 0, actual == 1 ? output[0] : 1 - output[0]
      )
    }
    let actual = indexOfLargest(target, outputs)
    return (actual, indexOfLargest(output, outputs), output[actual])
  }

  /// A probability that underflowed to 0 would make a mean of logarithms infinite; the smallest normal
  /// number of the precision stands in.
  static func clamped<T: Scalar>(_ probability: T) -> Double {
    max(Double(probability), Double(T.leastNormalMagnitude))
  }

  /// The first of the largest elements.
  static func indexOfLargest<T: Scalar>(_ values: UnsafePointer<T>, _ count: Int) -> Int {
    var (best, largest) = (0, values[0])
    // Without a branch, which would be guessed wrong as often as not.
    for index in 1..<max(count, 1) {
      let isLarger = values[index] > largest
      best = isLarger ? index : best
      largest = isLarger ? values[index] : largest
    }
    return best
  }

  private mutating func addLabels<T: Scalar>(
    _ output: UnsafePointer<T>, _ target: UnsafePointer<T>, _ weight: Double, _ threshold: T
  ) {
    weightSum += weight
    var right = 0
    for label in 0..<outputs where (output[label] > threshold) == (target[label] > threshold) {
      right += 1
    }
    labelsCorrect += weight * Double(right)
    if right == outputs { exactMatches += weight }
  }

  /// One output after the other, the sums of each in variables.
  private mutating func addNumbers<T: Scalar>(
    _ a: MatrixView<T>, _ y: MatrixView<T>, _ w: UnsafePointer<T>?, _ rows: Int, _ scales: [Double]
  ) {
    for row in 0..<rows { weightSum += Self.weight(w, row) }
    for index in 0..<(rows > 0 ? outputs : 0) {
      let scale = scales[index]
      // Sums of y less the first y, so that a large mean costs no digits of the variance.
      if count == 0 { targetShifts[index] = Double(y.start[index]) * scale }
      let shift = targetShifts[index]
      var (squares, magnitudes) = (squaredErrors[index], absoluteErrors[index])
      var (sum, sumOfSquares) = (targetSums[index], targetSquares[index])
      for row in 0..<rows {
        let weight = Self.weight(w, row)
        let actual = Double(y.start[row * y.stride + index]) * scale
        let error = Double(a.start[row * a.stride + index]) * scale - actual
        squares += weight * (error * error)
        magnitudes += weight * abs(error)
        let shifted = actual - shift
        sum += weight * shifted
        sumOfSquares += weight * (shifted * shifted)
      }
      (squaredErrors[index], absoluteErrors[index]) = (squares, magnitudes)
      (targetSums[index], targetSquares[index]) = (sum, sumOfSquares)
    }
  }
}
