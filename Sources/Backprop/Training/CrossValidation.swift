/// What the folds of a cross-validation have shown.
///
/// ```swift
/// let result = try Estimator(target: "species", seed: 1).crossValidate(table, folds: 5)
/// let accuracy = result.statistics(of: .accuracy)
/// print(accuracy.mean, "±", accuracy.deviation)
/// ```
public struct CrossValidation: Sendable {
  /// One fold: a model trained on the others, judged by this one.
  public struct Fold: Sendable {
    /// How its run ended.
    package let summary: TrainingSummary
    /// The metrics of the rows that the fold held out, none of which has chosen anything.
    public let evaluation: Evaluation
    /// Their values, in the order of `metrics`.
    package let values: [Double]
    /// Examples that were trained on, that chose the best epoch, and that judged.
    package let examples: (training: Int, validation: Int, test: Int)
  }

  /// What each fold is judged by.
  public let metrics: [Metric]
  /// One for each fold, in the order of the folds.
  public private(set) var folds: [Fold] = []

  package init(metrics: [Metric]) { self.metrics = metrics }

  /// Takes in a fold.
  ///
  /// - Parameters:
  ///   - judged: What the rows that it held out say, judged by `metrics`.
  ///   - summary: How the run ended.
  ///   - examples: How many it was trained on, how many chose its best epoch, and how many it held out.
  ///   - positive: Of two classes the one that a metric of one class is of.
  @discardableResult
  package mutating func add(
    _ judged: (evaluation: Evaluation, predictions: EvaluatedPredictions),
    _ summary: TrainingSummary, examples: (training: Int, validation: Int, test: Int),
    positive: Int = 1
  ) -> Fold {
    var predictions = judged.predictions
    predictions.positive = positive
    let fold = Fold(
      summary: summary, evaluation: judged.evaluation, values: predictions.values(of: metrics),
      examples: examples)
    folds.append(fold)
    return fold
  }

  /// Mean and sample standard deviation of a metric over the folds, each fold counting the same:
  ///
  ///     x̄ = Σ xᵢ / k        s = √( Σ (xᵢ − x̄)² / (k − 1) )
  ///
  /// Folds share most of what they train on, so s says how much the numbers scatter, and s / √k is not
  /// the error of the mean (Bengio & Grandvalet 2004, JMLR 5, 1089–1105). Both are NaN if the metric is
  /// not defined in one of the folds.
  ///
  /// - Precondition: The metric is the loss or one of `metrics`; there are at least two folds.
  public func statistics(of metric: Metric) -> (mean: Double, deviation: Double) {
    let index = metrics.firstIndex(of: metric)
    precondition(index != nil || metric == .loss, "\(metric) was not asked for")
    return Self.statistics(
      folds.map { fold in index.map { fold.values[$0] } ?? fold.evaluation.loss })
  }

  static func statistics(_ values: [Double]) -> (mean: Double, deviation: Double) {
    precondition(values.count >= 2, "\(values.count) folds have no standard deviation")
    let mean = values.reduce(0, +) / Double(values.count)
    let squares = values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) }
    return (mean, (squares / Double(values.count - 1)).squareRoot())
  }
}

extension Trainer {
  /// Trains a copy of the network on all folds but one, for each fold, and judges it by that one.
  ///
  /// Every run begins with the same weights and goes through all its epochs: nothing is held out to
  /// choose one. For data whose encoding is learned as well, learn it for each fold from its training
  /// rows, and collect the folds in a `CrossValidation` yourself, as `backprop train --folds` does.
  ///
  /// - Parameters:
  ///   - network: The network at the start; it is not changed.
  ///   - data: All examples.
  ///   - folds: Of as many rows.
  ///   - kind: How outputs are judged.
  ///   - metrics: What the folds are judged by; nil for the usual ones.
  /// - Throws: `ConfigurationError` if the configuration does not suit the network.
  /// - Precondition: The data has as many inputs and outputs as the network.
  package func crossValidate(
    _ network: Network<T>, on data: Dataset<T>, folds: Folds, metrics kind: MetricKind,
    judgedBy metrics: [Metric]? = nil
  ) throws(ConfigurationError) -> CrossValidation {
    var result = CrossValidation(
      metrics: metrics ?? Metric.usual(for: kind, outputs: network.outputCount))
    let pool = ThreadPool.of(threads)
    for fold in 0..<folds.count {
      let split = folds[fold]
      let training = data.subset(split.training)
      var network = network
      let summary = try train(&network, on: training, metrics: kind)
      let test = data.subset(split.validation)
      result.add(
        network.evaluateKeepingPredictions(
          on: test, metrics: kind, for: result.metrics, pool: pool),
        summary, examples: (training.count, 0, test.count))
    }
    return result
  }
}
