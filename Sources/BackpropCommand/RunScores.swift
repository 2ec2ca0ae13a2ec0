import Backprop
import BackpropInspection

/// What the model of a run is worth on each part of its rows, with what the rows were for.
struct RunScores {
  /// On the rows that it learned from.
  let training: Evaluation
  /// On the rows that chose nothing; nil if there are none.
  var test: Evaluation?
  /// What was given for each of these; nil where they are in a file.
  var testPredictions: EvaluatedPredictions?
  /// How far the metric that is quoted would move with other rows held out; nil where they are in a file.
  var heldOutInterval: MetricInterval?
  var testInterval: MetricInterval?
  let baseline: Evaluation?
  /// The class that the baseline always names.
  var usualLabel: String?

  init<T: Scalar>(_ prepared: PreparedFit<T>, pool: ThreadPool?) throws(FileError) {
    let (network, kind) = (prepared.network, prepared.metrics)
    let quoted = kind.metricsOfEveryEpoch[0]
    training = try network.evaluate(on: prepared.training, metrics: kind, pool: pool)
    switch prepared.test {
    case .memory(let test)?:
      let usual = Metric.usual(for: kind, outputs: network.outputCount)
      let (evaluation, predictions) = network.evaluateKeepingPredictions(
        on: test, metrics: kind, for: usual, pool: pool)
      self.test = evaluation
      testPredictions = predictions
      testInterval = predictions.interval(of: quoted)
    case let test?: self.test = try network.evaluate(on: test, metrics: kind, pool: pool)
    case nil: break
    }
    if case .memory(let rows)? = prepared.validation {
      heldOutInterval = network.evaluateKeepingPredictions(
        on: rows, metrics: kind, for: [quoted], pool: pool
      ).predictions.interval(of: quoted)
    }
    baseline = try prepared.baseline(on: prepared.judging, pool: pool)
    if let means = prepared.rows?.baseline {
      usualLabel = prepared.coders.target.usualLabel(means)
    }
  }
}
