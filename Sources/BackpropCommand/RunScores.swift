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

  /// - Parameter validation: What the run said of the rows that chose the epoch.
  init<T: Scalar>(
    _ prepared: PreparedFit<T>, validation: Evaluation?, pool: ThreadPool?
  ) throws(FileError) {
    let (network, kind) = (prepared.network, prepared.metrics)
    let positive = kind.positiveClass(means: prepared.rows?.baseline ?? [])
    leavesOutWeights = prepared.coders.weights != nil
    training = try network.evaluate(on: prepared.training, metrics: kind, pool: pool)
    if let rows = prepared.validation, leavesOutWeights {
      heldOut = try network.evaluate(
        on: rows, metrics: kind, watching: prepared.configuration.stopping.metric,
        positive: positive, pool: pool)
    } else {
      heldOut = validation
    }
    switch prepared.test {
    case .memory(let rows)?:
      let usual = Metric.usual(for: kind, outputs: network.outputCount)
      let (evaluation, predictions) = network.evaluateKeepingPredictions(
        on: rows.unweighted, metrics: kind, for: usual, pool: pool)
      test = evaluation
      testPredictions = predictions
      testPredictions?.positive = positive
    case let rows?: test = try network.evaluate(on: rows, metrics: kind, pool: pool)
    case nil: break
    }
    testInterval = Self.interval(test, prepared.test, network, pool)
    heldOutInterval = Self.interval(heldOut, prepared.validation, network, pool)
    baseline = try prepared.baseline(on: prepared.judging, pool: pool)
    if let means = prepared.rows?.baseline {
      usualLabel = prepared.coders.target.usualLabel(means)
    }
  }

  /// The interval of the metric that is quoted.
  private static func interval<T: Scalar>(
    _ evaluation: Evaluation?, _ rows: TrainingExamples<T>?, _ network: Network<T>,
    _ pool: ThreadPool?
  ) -> MetricInterval? {
    guard let evaluation, let rows else { return nil }
    let kind = evaluation.metrics.kind
    if case .classification = kind {
      return evaluation.value(of: .accuracy).map {
        MetricInterval(ofAccuracy: $0, examples: Double(evaluation.examples))
      }
    }
    guard case .memory(let dataset) = rows else { return nil }
    let quoted = kind.metricsOfEveryEpoch[0]
    return network.evaluateKeepingPredictions(
      on: dataset.unweighted, metrics: kind, for: [quoted], pool: pool
    ).predictions.interval(of: quoted)
  }
}
