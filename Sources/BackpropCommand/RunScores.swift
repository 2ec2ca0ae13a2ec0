import Backprop
import BackpropInspection

/// What the model of a run is worth on each part of its rows, with what the rows were for. Every row counts
/// once, whatever it weighed in training, as `evaluate` has it.
struct RunScores {
  /// On the rows that it learned from.
  let training: Evaluation
  /// On the rows that chose nothing; nil if there are none.
  var test: Evaluation?
  /// What was given for each of these; nil where they are in a file.
  var testPredictions: EvaluatedPredictions?
  /// On the rows that chose the epoch, which was chosen by what they weigh; nil if there are none.
  let heldOut: Evaluation?
  /// How far the metric that is quoted would move with other rows held out; nil where rows in a file are too
  /// many to draw from.
  let heldOutInterval: MetricInterval?
  var testInterval: MetricInterval?
  let baseline: Evaluation?
  /// The class that the baseline always names.
  var usualLabel: String?
  /// Whether rows had weights, which count for nothing here.
  let leavesOutWeights: Bool

  /// Of an ensemble: each row of training as the member judges it that did not learn from it.
  var outOfFold: Evaluation?

  /// What is to be known of the intervals of predictions; nil if the model has none.
  let intervals: PredictionIntervals?
  /// How they do on the rows that chose nothing; nil if those gave them, or there are none.
  private(set) var intervalScore: IntervalScore?

  /// - Parameters:
  ///   - model: What has come of the run.
  ///   - validation: What the run said of the rows that chose the epoch.
  init<T: Scalar>(
    _ prepared: PreparedFit<T>, _ model: Model, validation: Evaluation?, pool: ThreadPool?
  ) throws(FileError) {
    let kind = prepared.metrics
    let network = Judge(
      network: prepared.network, model: model.isOneNetwork ? nil : model, kind: kind,
      pool: pool)
    intervals = model.intervals
    if model.members.count > 1, case .memory(let rows)? = prepared.test {
      intervalScore = model.intervalScore(on: rows, pool: pool)
    }
    let positive = kind.positiveClass(means: prepared.rows?.baseline ?? [])
    leavesOutWeights = prepared.coders.weights != nil
    training = try network.evaluate(on: prepared.training)
    if let rows = prepared.validation, !model.isOneNetwork {
      heldOut = try network.evaluate(on: rows)
    } else if let rows = prepared.validation, leavesOutWeights {
      heldOut = try prepared.network.evaluate(
        on: rows, metrics: kind, watching: prepared.configuration.stopping.metric,
        positive: positive, pool: pool)
    } else {
      heldOut = validation
    }
    switch prepared.test {
    case .memory(let rows)?:
      let usual = Metric.usual(for: kind, outputs: prepared.network.outputCount)
      let (evaluation, predictions) = network.evaluateKeepingPredictions(on: rows, for: usual)
      test = evaluation
      testPredictions = predictions
      testPredictions?.positive = positive
    case let rows?: test = try network.evaluate(on: rows)
    case nil: break
    }
    testInterval = network.interval(test, prepared.test)
    heldOutInterval = network.interval(heldOut, prepared.validation)
    baseline = try prepared.baseline(on: prepared.judging, pool: pool)
    if let means = prepared.rows?.baseline {
      usualLabel = prepared.coders.target.usualLabel(means)
    }
  }
}

/// One network, or the members of an ensemble, and how they are judged.
private struct Judge<T: Scalar> {
  let network: Network<T>
  let model: Model?
  let kind: MetricKind
  let pool: ThreadPool?

  /// Every row counting once.
  func evaluate(on examples: TrainingExamples<T>) throws(FileError) -> Evaluation {
    if model != nil, case .memory(let rows) = examples {
      return evaluateKeepingPredictions(on: rows, for: []).0
    }
    return try network.evaluate(on: examples, metrics: kind, pool: pool)
  }

  func evaluateKeepingPredictions(
    on rows: Dataset<T>, for metrics: [Metric]
  ) -> (Evaluation, EvaluatedPredictions) {
    model?.evaluateKeepingPredictions(
      network, on: rows.unweighted, metrics: kind, for: metrics, pool: pool)
      ?? network.evaluateKeepingPredictions(
        on: rows.unweighted, metrics: kind, for: metrics, pool: pool)
  }

  /// The interval of the metric that is quoted.
  func interval(_ evaluation: Evaluation?, _ rows: TrainingExamples<T>?) -> MetricInterval? {
    guard let evaluation, let rows else { return nil }
    if case .classification = kind {
      return evaluation.value(of: .accuracy).map {
        MetricInterval(ofAccuracy: $0, examples: Double(evaluation.examples))
      }
    }
    guard case .memory(let dataset) = rows else { return nil }
    let quoted = kind.metricsOfEveryEpoch[0]
    return evaluateKeepingPredictions(on: dataset, for: [quoted]).1.interval(of: quoted)
  }
}
