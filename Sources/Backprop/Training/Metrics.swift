/// How outputs are judged against targets.
public enum MetricKind: Hashable, Codable, Sendable {
  /// One-hot targets, or one output that is compared with `threshold`: ½ for 0/1, 0 for ±1.
  case classification(threshold: Double = 0.5, probabilities: Bool)
  /// Each output a yes or no of its own, by the threshold.
  case multiLabel(threshold: Double = 0.5)
  /// Numbers. `scales` turns each output back into its unit; the metrics average over outputs.
  case regression(scales: [Double])

  /// The metrics that are sums over examples, and cost nothing during training; the first of them is the
  /// one to quote. The loss is not among them.
  package var metricsOfEveryEpoch: [Metric] {
    switch self {
    case .classification(_, let probabilities): probabilities ? [.accuracy, .logLoss] : [.accuracy]
    case .multiLabel: [.accuracy, .exactMatch]
    case .regression: [.rmse, .mae, .r2]
    }
  }

  /// Number of classes that so many outputs tell apart, 0 if the task has none.
  func classCount(outputs: Int) -> Int {
    if case .classification = self { max(outputs, 2) } else { 0 }
  }
}

/// Counts and sums over examples, and the metrics that they make: those of every epoch.
///
/// Sums are in double precision, in the order of the examples. Examples count by their weights, so
/// that one of weight 2 is two. What needs all outputs at once, such as areas under curves, is not
/// among them.
///
/// Parts of a pass may be summed apart, at the same time if each has its own sums, and merged: each sum
/// of a part is added once, so that the same parts merged in the same order give the same bits, however
/// many threads formed them. Neither adding nor merging allocates, unless new cells of a large
/// confusion matrix do.
public struct Metrics: Sendable, Equatable {
  package let kind: MetricKind
  /// Examples seen.
  package private(set) var count = 0
  /// Counts of (actual, predicted) classes without weights; of no classes if the task has none.
  package internal(set) var confusion = ConfusionCounts(classes: 0)
  private let outputs: Int
  /// Σ w, the number of examples where all weights are 1.
  private var weightSum = 0.0
  /// Σ w of the examples whose class is right; for several labels Σ w times the labels that are right.
  private var rightSum = 0.0
  /// −Σ w ln p.
  private var logLossSum = 0.0
  /// Σ w of the examples whose labels are all right.
  private var exactMatches = 0.0
  /// Of a regression, one each output.
  private var outputSums: [OutputSums] = []

  /// Σ w of the numbers of one output.
  private struct OutputSums: Equatable, Codable {
    // In the unit of the outputs, which standardised targets leave near 1 whatever their own is.
    var squaredErrors = 0.0
    var absoluteErrors = 0.0
    /// Of y less the first y, so that a large mean costs no digits of the variance.
    var targets = 0.0
    var targetSquares = 0.0
    /// The first y.
    var shift = 0.0

    /// Adds Σ and Σ² of other targets, of which so much is the weight, about this shift:
    ///
    ///     y − s = (y − s′) + d,   d = s′ − s
    mutating func merge(_ other: OutputSums, weight: Double) {
      squaredErrors += other.squaredErrors
      absoluteErrors += other.absoluteErrors
      let d = other.shift - shift
      targets += other.targets + weight * d
      targetSquares += other.targetSquares + d * (2 * other.targets + weight * d)
    }
  }

  /// Nothing counted yet.
  ///
  /// - Parameters:
  ///   - kind: How outputs are judged.
  ///   - outputs: Number of outputs of the network.
  ///   - examples: How many are going to come, as far as that is known.
  package init(kind: MetricKind, outputs: Int, examples: Int = 2048) {
    self.kind = kind
    self.outputs = outputs
    confusion = ConfusionCounts(classes: kind.classCount(outputs: outputs), examples: examples)
    if case .regression(let scales) = kind {
      precondition(scales.count == outputs, "\(scales.count) scales for \(outputs) outputs")
      outputSums = Array(repeating: OutputSums(), count: outputs)
    }
  }

  /// Σ w / n; NaN of no examples.
  package var meanWeight: Double { weightSum / Double(count) }

  /// Number of classes, 0 if the task has none.
  package var classCount: Int { kind.classCount(outputs: outputs) }

  // MARK: Values

  /// Names and values, the first of them the one to quote; none of no examples.
  ///
  /// `accuracy` and `logLoss` for classes; `accuracy` per label and `exactMatch` for several labels;
  /// `rmse`, `mae` and `r2` for regression.
  public var values: [(name: String, value: Double)] {
    shown.map { ($0.metric.key, $0.value) }
  }

  /// The same by metric.
  package var shown: [(metric: Metric, value: Double)] {
    kind.metricsOfEveryEpoch.compactMap { metric in value(of: metric).map { (metric, $0) } }
  }

  /// Share of examples whose class is right.
  package var accuracy: Double { classCount > 0 ? value(of: .accuracy) ?? .nan : .nan }

  /// The value of a metric, if it is one of `values`.
  ///
  /// - `accuracy`: the share of examples whose class is right; for several labels, of labels that are
  ///   right.
  /// - `exactMatch`: the share of examples of which every label is right.
  /// - `logLoss`: −Σ w ln p / Σ w with the probability p of the right class, natural logarithm. Good 1952,
  ///   doi:10.1111/j.2517-6161.1952.tb00104.x; scikit-learn's `log_loss`. A p that underflowed to 0
  ///   counts as the least normal number of the precision.
  /// - `rmse`: √(Σₓ wₓ ‖a − y‖² / (K Σₓ wₓ)) over all K outputs, in the unit of the target, ≥ 0. One root
  ///   of the whole mean; scikit-learn's `root_mean_squared_error` takes a root for each output and
  ///   their mean, which is the same for one output.
  /// - `mae`: Σₓ wₓ ‖a − y‖₁ / (K Σₓ wₓ), likewise; scikit-learn's `mean_absolute_error`.
  /// - `r2`: 1 − Σ w (a − y)² / Σ w (y − ȳ)² with ȳ = Σ w y / Σ w, the mean over the outputs whose targets
  ///   differ; NaN if none do. Wright 1921; scikit-learn's `r2_score`, which gives 0 or 1 to a
  ///   constant target instead.
  public func value(of metric: Metric) -> Double? {
    guard count > 0, kind.metricsOfEveryEpoch.contains(metric) else { return nil }
    let numbers = weightSum * Double(outputs)
    switch metric {
    case .accuracy: return rightSum / (classCount > 0 ? weightSum : numbers)
    case .exactMatch: return exactMatches / weightSum
    case .logLoss: return logLossSum / weightSum
    case .rmse:
      return unit * (sum { $1 * $1 * $0.squaredErrors } / numbers).squareRoot()
    case .mae: return unit * (sum { $1 * $0.absoluteErrors } / numbers)
    case .r2:
      return Metric.meanOfDefined(
        outputSums.map { sums in
          let spread = spread(of: sums)
          return spread > 0 ? 1 - sums.squaredErrors / spread : .nan
        })
    default: return nil
    }
  }

  /// R² of all outputs together, 1 − Σ w ‖a − y‖² / Σ w ‖y − ȳ‖²; NaN where all targets are the same.
  ///
  /// scikit-learn's `r2_score(multioutput="variance_weighted")`.
  package var varianceWeightedR2: Double {
    let spread = sum { $1 * $1 * self.spread(of: $0) }
    return spread > 0 ? 1 - sum { $1 * $1 * $0.squaredErrors } / spread : .nan
  }

  /// The largest of the scales, 1 of none.
  private var unit: Double {
    guard case .regression(let scales) = kind, let largest = scales.max(), largest > 0 else {
      return 1
    }
    return largest
  }

  /// Adds terms of the outputs, each made of its sums and of its scale in `unit`.
  private func sum(_ term: (OutputSums, _ scale: Double) -> Double) -> Double {
    guard case .regression(let scales) = kind else { return 0 }
    let unit = unit
    return zip(outputSums, scales).reduce(0) { $0 + term($1.0, $1.1 / unit) }
  }

  /// Σ w (y − ȳ)² of an output.
  private func spread(of sums: OutputSums) -> Double {
    sums.targetSquares - sums.targets * sums.targets / weightSum
  }

  // MARK: Summing

  /// Adds some of the examples of a batch.
  ///
  /// - Parameters:
  ///   - a: Outputs, `[rows, outputs]`.
  ///   - y: Targets, `[rows, outputs]`.
  ///   - w: One weight a row; nil where all are 1.
  ///   - rows: The rows to add.
  mutating func add<T: Scalar>(
    outputs a: MatrixView<T>, targets y: MatrixView<T>, weights w: UnsafePointer<T>? = nil,
    rows: Range<Int>
  ) {
    switch kind {
    case .classification(let threshold, let probabilities):
      let most = 64
      for first in stride(from: rows.lowerBound, to: rows.upperBound, by: most) {
        let some = first..<min(first + most, rows.upperBound)
        // Logarithms are taken together; so few numbers are on the stack.
        withUnsafeTemporaryAllocation(of: Double.self, capacity: most) { logarithms in
          for row in some {
            let example = Self.classes(
              a.start + row * a.stride, y.start + row * y.stride, outputs, T(threshold))
            confusion.add(actual: example.actual, predicted: example.predicted)
            add(isRight: example.actual == example.predicted, weight: Self.weight(w, row))
            logarithms[row - first] = Self.clamped(example.probability)
          }
          guard probabilities else { return }
          Double.formLogarithms(of: logarithms, count: some.count)
          for row in some { add(logarithm: logarithms[row - first], weight: Self.weight(w, row)) }
        }
      }
    case .multiLabel(let threshold):
      for row in rows {
        addLabels(
          a.start + row * a.stride, y.start + row * y.stride, Self.weight(w, row), T(threshold))
      }
    case .regression: addNumbers(a, y, w, rows)
    }
    count += rows.count
  }

  /// Adds examples of classes whose logarithms have been taken, without counting their cells.
  ///
  /// - Parameter weights: One an example.
  mutating func add(_ examples: [ClassifiedExample], weights: [Double]) {
    for (example, weight) in zip(examples, weights) {
      add(isRight: example.isRight, weight: weight)
      add(logarithm: example.logarithm, weight: weight)
    }
    count += examples.count
  }

  private mutating func add(isRight: Bool, weight: Double) {
    weightSum += weight
    if isRight { rightSum += weight }
  }

  private mutating func add(logarithm: Double, weight: Double) {
    logLossSum -= weight * logarithm
  }

  /// Adds the examples of another part of the pass, judged likewise.
  mutating func merge(_ other: Metrics) {
    precondition(outputs == other.outputs, "\(outputs) and \(other.outputs) outputs")
    if count == 0 {
      for index in outputSums.indices { outputSums[index].shift = other.outputSums[index].shift }
    }
    count += other.count
    confusion.merge(other.confusion)
    weightSum += other.weightSum
    rightSum += other.rightSum
    logLossSum += other.logLossSum
    exactMatches += other.exactMatches
    for index in outputSums.indices {
      outputSums[index].merge(other.outputSums[index], weight: other.weightSum)
    }
  }

  /// Forgets all examples and keeps the memory.
  mutating func removeAll() {
    count = 0
    confusion.removeAll()
    (weightSum, rightSum, logLossSum, exactMatches) = (0, 0, 0, 0)
    for index in outputSums.indices { outputSums[index] = OutputSums() }
  }

  private static func weight<T: Scalar>(_ weights: UnsafePointer<T>?, _ row: Int) -> Double {
    weights.map { Double($0[row]) } ?? 1
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
  package static func indexOfLargest<T: Scalar>(_ values: UnsafePointer<T>, _ count: Int) -> Int {
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
    rightSum += weight * Double(right)
    if right == outputs { exactMatches += weight }
  }

  /// One output after the other, the sums of each in variables.
  private mutating func addNumbers<T: Scalar>(
    _ a: MatrixView<T>, _ y: MatrixView<T>, _ w: UnsafePointer<T>?, _ rows: Range<Int>
  ) {
    for row in rows { weightSum += Self.weight(w, row) }
    for index in 0..<(rows.isEmpty ? 0 : outputs) {
      var sums = outputSums[index]
      if count == 0 { sums.shift = Double(y.start[rows.lowerBound * y.stride + index]) }
      for row in rows {
        let weight = Self.weight(w, row)
        let actual = Double(y.start[row * y.stride + index])
        let error = Double(a.start[row * a.stride + index]) - actual
        sums.squaredErrors += weight * (error * error)
        sums.absoluteErrors += weight * abs(error)
        let shifted = actual - sums.shift
        sums.targets += weight * shifted
        sums.targetSquares += weight * (shifted * shifted)
      }
      outputSums[index] = sums
    }
  }
}

// MARK: - The form in a checkpoint

extension Metrics: Codable {
  /// All but the confusion counts, which a checkpoint keeps as a tensor.
  private enum CodingKeys: String, CodingKey {
    case kind, count, outputs, weightSum, rightSum, logLossSum, exactMatches, outputSums
  }

  /// Whether the numbers can be those of a network with so many outputs, when they come from a file.
  func isConsistent(outputs: Int) -> Bool {
    var numbers = 0
    if case .regression(let scales) = kind {
      numbers = outputs
      if scales.count != outputs { return false }
    }
    // A count that a Double holds can be added to.
    return self.outputs == outputs && (0...(1 << 53)).contains(count) && weightSum >= 0
      && outputSums.count == numbers && confusion.classCount == classCount
      && (classCount == 0 || confusion.cells.reduce(0) { $0 + $1.count } == count)
  }
}
