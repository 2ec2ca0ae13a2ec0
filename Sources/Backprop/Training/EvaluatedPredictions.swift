/// What a network gave for the examples of a data set, and what it should have given, kept so that any
/// metric can be computed from it.
///
/// `Metrics` are sums, and cost nothing during training; medians, areas under curves and bootstrap
/// intervals need all examples at once. Of classes that is some 60 bytes an example, and 8 more for
/// each output only if a metric ranks the outputs (`Metric.ranksOutputs`); of labels and numbers 16 for
/// each output.
///
/// All metrics are weighted. A bootstrap sample is nothing but other weights, the number of times that
/// each example was drawn, because an example of weight 2 counts as two.
package struct EvaluatedPredictions: Sendable {
  package let kind: MetricKind
  /// Number of outputs of the network.
  package let outputs: Int
  /// Of two classes, the one that precision and recall are of where one number is asked for.
  package var positive = 1
  /// Examples held.
  package private(set) var count = 0
  /// Whether outputs of classes are kept as they are.
  private let keepsOutputs: Bool
  /// a, `[count, outputs]`. Empty for classes if no metric needs them.
  private(set) var scores: [Double] = []
  /// y, `[count, outputs]`: numbers as the network is to give them, or 1 for each label that is there.
  /// Empty for classes.
  private(set) var targets: [Double] = []
  /// Empty if the task has no classes.
  private(set) var classified: [ClassifiedExample] = []
  /// wₓ Cₓ of each example.
  package private(set) var losses: [Double] = []
  /// wₓ of each example; empty where all are 1.
  private var weights: [Double] = []

  /// Nothing held yet.
  ///
  /// - Parameters:
  ///   - kind: How outputs are judged.
  ///   - outputs: Number of outputs of the network.
  ///   - metrics: What is going to be asked for; nil for any.
  init(kind: MetricKind, outputs: Int, for metrics: [Metric]? = nil) {
    self.kind = kind
    self.outputs = outputs
    keepsOutputs = metrics?.contains(where: \.ranksOutputs) ?? true
  }

  /// Number of classes, 0 if the task has none.
  package var classCount: Int { kind.classCount(outputs: outputs) }

  /// Whether the examples have weights.
  package var isWeighted: Bool { !weights.isEmpty }

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
        classified.append(
          ClassifiedExample(output, target, outputs, T(threshold), probabilities: probabilities))
        if keepsOutputs {
          for index in 0..<outputs { scores.append(Double(output[index])) }
        }
      case .multiLabel(let threshold):
        for index in 0..<outputs {
          scores.append(Double(output[index]))
          targets.append(target[index] > T(threshold) ? 1 : 0)
        }
      case .regression:
        for index in 0..<outputs {
          scores.append(Double(output[index]))
          targets.append(Double(target[index]))
        }
      }
      if let w { weights.append(Double(w[row])) }
      losses.append(c.map { Double($0[row]) } ?? 0)
    }
    count += rows
  }

  /// Predicts other classes, and says how sure that is.
  mutating func decide(_ decision: (_ example: Int) -> (predicted: Int, confidence: Double)) {
    for example in classified.indices {
      let (predicted, confidence) = decision(example)
      classified[example] = classified[example].predicting(predicted, confidence: confidence)
    }
  }

  /// Counts of (actual, predicted) classes without weights; of no classes if the task has none.
  package var counts: ConfusionCounts {
    var counts = ConfusionCounts(classes: classCount, examples: count)
    for example in classified {
      counts.add(actual: example.actual, predicted: example.predicted)
    }
    return counts
  }

  // MARK: Values

  /// The value of a metric on all examples.
  ///
  /// - Returns: NaN where the metric is not defined: of no examples, or as its own text says.
  /// - Precondition: The metric is defined for the kind, and one of those that outputs were kept for.
  package func value(of metric: Metric) -> Double { values(of: [metric])[0] }

  /// Values of several metrics on all examples; what they share is computed once.
  package func values(of metrics: [Metric]) -> [Double] {
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

    init(of examples: EvaluatedPredictions, ranking: Ranking, draws: [Double] = []) {
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
    precondition(
      !metric.ranksOutputs || scores.count == count * outputs, "no outputs were kept for \(metric)")
    guard count > 0 else { return .nan }
    switch metric {
    case .loss:
      let sum =
        sample.draws.isEmpty
        ? losses.reduce(0, +) : zip(losses, sample.draws).reduce(0) { $0 + $1.0 * $1.1 }
      return sum / Double(count)
    case .accuracy, .exactMatch, .logLoss, .rmse, .mae, .r2:
      return metrics(sample).value(of: metric) ?? .nan
    case .balancedAccuracy: return balancedAccuracy(sample)
    case .f1: return f1(sample)
    case .matthewsCorrelation: return matthewsCorrelation(sample)
    case .topK(let k): return topK(k, sample)
    case .brier: return brier(sample)
    case .expectedCalibrationError(let bins): return expectedCalibrationError(bins, sample)
    case .rocAUC: return meanOverRankings(sample, Self.areaUnderROC)
    case .averagePrecision:
      return meanOverRankings(sample) { ties in
        guard classCount == 2, positive == 0 else { return Self.averagePrecision(ties) }
        return Self.averagePrecision(
          ties.reversed().map { Tie(positive: $0.negative, negative: $0.positive) })
      }
    case .medianAbsoluteError: return medianAbsoluteError(sample)
    case .pinball(let quantile): return pinball(quantile, sample)
    }
  }

  /// The sums of every epoch over a sample.
  private func metrics(_ sample: Sample) -> Metrics {
    var metrics = Metrics(kind: kind, outputs: outputs, examples: 0)
    if classCount > 0 {
      metrics.add(classified, weights: sample.weights)
      return metrics
    }
    func view(_ numbers: UnsafeBufferPointer<Double>) -> MatrixView<Double> {
      MatrixView(
        start: UnsafeMutablePointer(mutating: numbers.baseAddress.unsafelyUnwrapped),
        columns: outputs, stride: outputs, isKept: true)
    }
    scores.withUnsafeBufferPointer { scores in
      targets.withUnsafeBufferPointer { targets in
        metrics.add(
          outputs: view(scores), targets: view(targets), weights: sample.weights, rows: 0..<count)
      }
    }
    return metrics
  }

  /// Σ w f(x) / Σ w over the examples x of a sample, counted from 0.
  func mean(_ sample: Sample, _ f: (Int) -> Double) -> Double {
    var sum = 0.0
    for example in 0..<count { sum += sample.weights[example] * f(example) }
    return sum / sample.total
  }
}

// MARK: - Numbers

extension EvaluatedPredictions {
  /// What turns outputs into the units of their targets: the largest of these, and each as a part of it,
  /// which no sum makes too large.
  private var units: (largest: Double, parts: [Double]) {
    guard case .regression(let scales) = kind, let largest = scales.max(), largest > 0 else {
      return (1, [Double](repeating: 1, count: outputs))
    }
    return (largest, scales.map { $0 / largest })
  }

  /// The mean pinball loss over all outputs, in the unit of the target, ≥ 0: least where a is the
  /// quantile q of y.
  ///
  ///     q (y − a) where y ≥ a, (1 − q) (a − y) elsewhere
  ///
  /// Koenker & Bassett 1978, doi:10.2307/1913643; scikit-learn's `mean_pinball_loss`.
  private func pinball(_ quantile: Double, _ sample: Sample) -> Double {
    let units = units
    return units.largest
      * mean(sample) { example in
        var sum = 0.0
        for index in 0..<outputs {
          let at = example * outputs + index
          let miss = (targets[at] - scores[at]) * units.parts[index]
          sum += miss >= 0 ? quantile * miss : (quantile - 1) * miss
        }
        return sum / Double(outputs)
      }
  }

  /// The median of |a − y|, the mean over outputs.
  ///
  /// The weighted median of sorted v₁ ≤ v₂ ≤ … is the first vᵢ with w₁ + … + wᵢ ≥ ½ Σ w; where that
  /// sum is the half exactly, the mean of vᵢ and the next one. With equal weights it is the usual
  /// median. scikit-learn's `median_absolute_error`.
  private func medianAbsoluteError(_ sample: Sample) -> Double {
    let units = units
    let medians = sample.ranking.orders.enumerated().map { index, order in
      let half = sample.total / 2
      var sum = 0.0
      var lower: Double?
      for example in order where sample.weights[Int(example)] > 0 {
        let at = Int(example) * outputs + index
        let magnitude = abs(scores[at] - targets[at]) * units.parts[index]
        if let lower { return (lower + magnitude) / 2 }
        sum += sample.weights[Int(example)]
        if sum > half { return magnitude }
        if sum == half { lower = magnitude }
      }
      return lower ?? .nan
    }
    return units.largest * (medians.reduce(0, +) / Double(outputs))
  }
}
