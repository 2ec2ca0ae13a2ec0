/// The outputs of a network on a data set, kept so that any metric can be computed from them.
///
/// The metrics of `Metrics` are sums, and cost nothing during training; areas under curves, medians
/// and bootstrap intervals need all outputs at once: 8 bytes for each, and some more an example.
///
/// All metrics are weighted. A bootstrap sample is nothing but other weights, the number of times that
/// each example was drawn, because an example of weight 2 counts as two.
public struct JudgedExamples: Sendable {
  public let kind: MetricKind
  /// Number of outputs of the network.
  public let outputs: Int
  /// Examples held.
  public private(set) var count = 0
  /// a, `[count, outputs]`; in units of the target for a regression.
  private(set) var scores: [Double] = []
  /// y, `[count, outputs]`: numbers in their unit, or 1 for each label that is there. Empty for classes.
  private(set) var targets: [Double] = []
  /// Codes of classes; empty if the task has none.
  private(set) var actual: [Int] = []
  private(set) var predicted: [Int] = []
  /// The probability of the right class, not below the least normal number of the precision; empty if
  /// outputs are no probabilities.
  private(set) var rightProbabilities: [Double] = []
  /// wₓ Cₓ of each example.
  private(set) var losses: [Double] = []
  /// wₓ of each example; empty where all are 1.
  private(set) var weights: [Double] = []

  /// Nothing held yet.
  ///
  /// - Parameters:
  ///   - kind: How outputs are judged.
  ///   - outputs: Number of outputs of the network.
  ///   - capacity: Examples that are going to come.
  init(kind: MetricKind, outputs: Int, capacity: Int = 0) {
    self.kind = kind
    self.outputs = outputs
    scores.reserveCapacity(capacity * outputs)
  }

  /// Number of classes, 0 if the task has none.
  public var classCount: Int {
    if case .classification = kind { max(outputs, 2) } else { 0 }
  }

  /// Whether the examples have weights.
  public var isWeighted: Bool { !weights.isEmpty }

  /// Adds the examples of a batch.
  ///
  /// - Parameters:
  ///   - a: Outputs, `[rows, outputs]`.
  ///   - y: Targets, `[rows, outputs]`.
  ///   - weights: wₓ, one a row, or nil where all are 1.
  ///   - losses: wₓ Cₓ, one a row, or nil if nobody asks for them.
  mutating func add<T: Scalar>(
    outputs a: MatrixView<T>, targets y: MatrixView<T>, weights w: UnsafePointer<T>?,
    losses c: UnsafePointer<T>?, rows: Int
  ) {
    for row in 0..<rows {
      let output = a.start + row * a.stride
      let target = y.start + row * y.stride
      switch kind {
      case .classification(let threshold, let probabilities):
        let example = Metrics.classes(output, target, outputs, T(threshold))
        actual.append(example.actual)
        predicted.append(example.predicted)
        if probabilities { rightProbabilities.append(Metrics.clamped(example.probability)) }
        for index in 0..<outputs { scores.append(Double(output[index])) }
      case .multiLabel(let threshold):
        for index in 0..<outputs {
          scores.append(Double(output[index]))
          targets.append(target[index] > T(threshold) ? 1 : 0)
        }
      case .regression(let scales):
        for index in 0..<outputs {
          scores.append(Double(output[index]) * scales[index])
          targets.append(Double(target[index]) * scales[index])
        }
      }
      if let w { weights.append(Double(w[row])) }
      losses.append(c.map { Double($0[row]) } ?? 0)
    }
    count += rows
  }

  // MARK: Values

  /// The value of a metric on all examples.
  ///
  /// - Returns: NaN where the metric is not defined: of no examples, or as its own text says.
  /// - Precondition: The metric is defined for the kind.
  public func value(of metric: Metric) -> Double {
    value(of: metric, in: Sample(of: self, ranking: ranking(for: [metric])))
  }

  /// Values of several metrics on all examples; what they share is computed once.
  public func values(of metrics: [Metric]) -> [Double] {
    let sample = Sample(of: self, ranking: ranking(for: metrics))
    return metrics.map { value(of: $0, in: sample) }
  }

  /// The examples with the weights that they have in one sample.
  struct Sample {
    /// wₓ, times the number of times that the example was drawn.
    let weights: [Double]
    /// Times that each example was drawn; empty for once each.
    let draws: [Double]
    /// Σ wₓ.
    let total: Double
    let ranking: Ranking

    init(of examples: JudgedExamples, ranking: Ranking, draws: [Double] = []) {
      var weights =
        examples.weights.isEmpty
        ? [Double](repeating: 1, count: examples.count) : examples.weights
      if !draws.isEmpty { for index in weights.indices { weights[index] *= draws[index] } }
      self.weights = weights
      self.draws = draws
      self.ranking = ranking
      total = weights.reduce(0, +)
    }
  }

  func value(of metric: Metric, in sample: Sample) -> Double {
    precondition(metric.isDefined(for: kind), "\(metric) of \(kind)")
    guard count > 0 else { return .nan }
    switch metric {
    case .loss:
      let sum =
        sample.draws.isEmpty
        ? losses.reduce(0, +) : zip(losses, sample.draws).reduce(0) { $0 + $1.0 * $1.1 }
      return sum / Double(count)
    case .accuracy: return accuracy(sample)
    case .exactMatch: return exactMatch(sample)
    case .balancedAccuracy: return balancedAccuracy(sample)
    case .f1: return f1(sample)
    case .matthewsCorrelation: return matthewsCorrelation(sample)
    case .topK(let k): return topK(k, sample)
    case .logLoss: return logLoss(sample)
    case .brier: return brier(sample)
    case .expectedCalibrationError(let bins): return expectedCalibrationError(bins, sample)
    case .rocAUC: return meanOverRankings(sample, Self.areaUnderROC)
    case .averagePrecision: return meanOverRankings(sample, Self.averagePrecision)
    case .rmse: return rootMeanSquare(sample)
    case .mae: return meanAbsolute(sample)
    case .r2: return r2(sample)
    case .medianAbsoluteError: return medianAbsoluteError(sample)
    case .pinball(let quantile): return pinball(quantile, sample)
    }
  }

  /// The mean of the values that are defined; NaN if none is.
  static func meanOfDefined(_ values: some Sequence<Double>) -> Double {
    var (sum, count) = (0.0, 0)
    for value in values where !value.isNaN {
      sum += value
      count += 1
    }
    return count > 0 ? sum / Double(count) : .nan
  }
}

// MARK: - Numbers

extension JudgedExamples {
  /// Σₓ wₓ f(a − y) of each output.
  private func sums(_ sample: Sample, _ f: (Double) -> Double) -> [Double] {
    var sums = [Double](repeating: 0, count: outputs)
    for example in 0..<count {
      for index in 0..<outputs {
        let at = example * outputs + index
        sums[index] += sample.weights[example] * f(scores[at] - targets[at])
      }
    }
    return sums
  }

  /// The root of the mean squared error over all K outputs, in the unit of the target, ≥ 0.
  ///
  ///     RMSE = √(Σₓ wₓ ‖a − y‖² / (K Σₓ wₓ))
  ///
  /// One root of the whole mean. scikit-learn's `root_mean_squared_error` takes a root for each output
  /// and their mean, which is the same for one output.
  private func rootMeanSquare(_ sample: Sample) -> Double {
    let squares = sums(sample) { $0 * $0 }
    return (squares.reduce(0, +) / (sample.total * Double(outputs))).squareRoot()
  }

  /// The mean absolute error over all K outputs, in the unit of the target, ≥ 0.
  ///
  ///     MAE = Σₓ wₓ ‖a − y‖₁ / (K Σₓ wₓ)
  ///
  /// scikit-learn's `mean_absolute_error`.
  private func meanAbsolute(_ sample: Sample) -> Double {
    sums(sample) { abs($0) }.reduce(0, +) / (sample.total * Double(outputs))
  }

  /// The mean pinball loss over all outputs, in the unit of the target, ≥ 0: least where a is the
  /// quantile q of y.
  ///
  ///     q (y − a) where y ≥ a, (1 − q) (a − y) elsewhere
  ///
  /// Koenker & Bassett 1978, doi:10.2307/1913643; scikit-learn's `mean_pinball_loss`.
  private func pinball(_ quantile: Double, _ sample: Sample) -> Double {
    let losses = sums(sample) { -$0 >= 0 ? quantile * -$0 : (quantile - 1) * -$0 }
    return losses.reduce(0, +) / (sample.total * Double(outputs))
  }

  /// The coefficient of determination, the mean over the outputs whose targets differ.
  ///
  ///     R² = 1 − Σ w (a − y)² / Σ w (y − ȳ)²,   ȳ = Σ w y / Σ w
  ///
  /// NaN where all targets are the same. Wright 1921; scikit-learn's `r2_score`, which gives 0 or 1
  /// to a constant target instead.
  private func r2(_ sample: Sample) -> Double {
    let errors = sums(sample) { $0 * $0 }
    return Self.meanOfDefined(
      (0..<outputs).map { index in
        // Sums of y less the first y, so that a large mean costs no digits of the variance.
        let shift = targets[index]
        var (sum, squares) = (0.0, 0.0)
        for example in 0..<count {
          let shifted = targets[example * outputs + index] - shift
          sum += sample.weights[example] * shifted
          squares += sample.weights[example] * shifted * shifted
        }
        return Metrics.determination(
          error: errors[index], sum: sum, squares: squares, weight: sample.total)
      })
  }

  /// The median of |a − y|, the mean over outputs.
  ///
  /// The weighted median of sorted v₁ ≤ v₂ ≤ … is the first vᵢ with w₁ + … + wᵢ ≥ ½ Σ w; where that
  /// sum is the half exactly, the mean of vᵢ and the next one. With equal weights it is the usual
  /// median. scikit-learn's `median_absolute_error`.
  private func medianAbsoluteError(_ sample: Sample) -> Double {
    let medians = sample.ranking.orders.enumerated().map { index, order in
      let half = sample.total / 2
      var sum = 0.0
      var lower: Double?
      for example in order where sample.weights[Int(example)] > 0 {
        let at = Int(example) * outputs + index
        let magnitude = abs(scores[at] - targets[at])
        if let lower { return (lower + magnitude) / 2 }
        sum += sample.weights[Int(example)]
        if sum > half { return magnitude }
        if sum == half { lower = magnitude }
      }
      return lower ?? .nan
    }
    return medians.reduce(0, +) / Double(outputs)
  }
}

// MARK: - Labels that may each be there or not

extension JudgedExamples {
  /// Whether a label is predicted, and whether it is there.
  func label(_ index: Int, of example: Int) -> (predicted: Bool, actual: Bool) {
    var threshold = 0.5
    if case .multiLabel(let own) = kind { threshold = own }
    let at = example * outputs + index
    return (scores[at] > threshold, targets[at] == 1)
  }

  /// The share of examples of which every label is right.
  private func exactMatch(_ sample: Sample) -> Double {
    var sum = 0.0
    for example in 0..<count {
      let isRight = (0..<outputs).allSatisfy { index in
        let label = label(index, of: example)
        return label.predicted == label.actual
      }
      if isRight { sum += sample.weights[example] }
    }
    return sum / sample.total
  }
}
