/// What chooses the best epoch of a run by its validation data, and what counts as better.
package struct Monitor: Codable, Hashable, Sendable {
  /// The metric; nil for the loss, which tells more of few examples than a count of those that are right,
  /// and does not let a sure mistake pass. Its own direction says whether a larger value is better.
  package var metric: Metric?
  /// δ, by how much the metric must get better to renew patience; at least 0. It does not enter into
  /// which weights are kept.
  package var minimumDelta: Double

  package init(metric: Metric? = nil, minimumDelta: Double = 0) {
    self.metric = metric
    self.minimumDelta = minimumDelta
  }

  /// - Throws: `ConfigurationError` if δ is negative or not finite.
  package func validate() throws(ConfigurationError) {
    try NumberRange.atLeastZero.check(minimumDelta, "minDelta")
  }

  /// The metric of an evaluation, turned so that larger is better.
  func score(_ evaluation: Evaluation) -> Double {
    let metric = metric ?? .loss
    let value = evaluation.value(of: metric) ?? .nan
    return metric.isHigherBetter ? value : -value
  }

  /// Whether an evaluation is better than another: by the metric, of equals by the lower loss. A metric
  /// that is not defined (NaN) is worse than any number, and equal to its like.
  func isBetter(_ candidate: Evaluation, than best: Evaluation) -> Bool {
    let (new, old) = (score(candidate), score(best))
    if new == old || (new.isNaN && old.isNaN) { return candidate.loss < best.loss }
    return old.isNaN || new > old
  }

  /// Whether an evaluation is better than another by at least δ; with δ = 0 the same as `isBetter`.
  func isImprovement(_ candidate: Evaluation, over reference: Evaluation) -> Bool {
    if minimumDelta == 0 { return isBetter(candidate, than: reference) }
    let (new, old) = (score(candidate), score(reference))
    return new - old >= minimumDelta || (old.isNaN && !new.isNaN)
  }
}

/// Keeps the weights of the best epoch, and says when patience is at an end.
///
/// The best epoch is the one whose validation data are judged best by the monitor: by default the one
/// with the lowest loss, which also decides between equals by another metric. Without validation data the last epoch is the best.
///
/// Patience counts the epochs since the last improvement. The first epoch is one; any later epoch is
/// one if it is better, by at least δ, than the epoch of the last improvement. So many small steps
/// count as one as soon as they add up to δ (as in Keras; scikit-learn's `tol` compares with the best
/// epoch, and never adds up). After k epochs in a row without an improvement, patience k is at an end.
/// Prechelt 1998, doi:10.1007/3-540-49430-8_3.
struct EarlyStopping<T: Scalar> {
  let patience: Int?
  let monitor: Monitor
  private(set) var bestEpoch = 0
  private(set) var bestEvaluation: Evaluation?
  private(set) var lastImprovement = 0
  /// The evaluation of `lastImprovement`.
  private var reference: Evaluation?
  private var bestParameters: Parameters<T>

  /// - Parameter initial: What stands in for the best weights until an epoch is finished.
  init(patience: Int?, monitor: Monitor? = nil, initial: Parameters<T>) {
    self.patience = patience
    self.monitor = monitor ?? Monitor()
    bestParameters = Parameters(layout: initial.layout)
    bestParameters.assign(initial)
  }

  /// Takes note of a finished epoch.
  ///
  /// - Parameter isFresh: Whether no epoch before can be compared with this one, nor be the best: its
  ///   weights are of another kind.
  /// - Returns: Whether it is the best so far.
  mutating func record(
    epoch: Int, evaluation: Evaluation?, parameters: Parameters<T>,
    forgettingBefore isFresh: Bool = false
  ) -> Bool {
    if isFresh { (bestEvaluation, reference) = (nil, nil) }
    if let evaluation, let reference, !monitor.isImprovement(evaluation, over: reference) {
      // Patience wears on.
    } else {
      lastImprovement = epoch
      reference = evaluation
    }
    if let evaluation, let bestEvaluation, !monitor.isBetter(evaluation, than: bestEvaluation) {
      return false
    }
    bestEpoch = epoch
    bestEvaluation = evaluation
    bestParameters.assign(parameters)
    return true
  }

  /// Whether `patience` epochs have passed without an improvement.
  func isExhausted(after epoch: Int) -> Bool {
    guard let patience else { return false }
    return epoch - lastImprovement >= patience
  }

  /// Puts the best weights back, or the first ones if no epoch was recorded.
  func restore(into parameters: inout Parameters<T>) { parameters.assign(bestParameters) }

  /// What a checkpoint keeps.
  var best: BestEpoch<T> {
    BestEpoch(
      epoch: bestEpoch, evaluation: bestEvaluation, parameters: bestParameters,
      lastImprovement: lastImprovement, reference: reference)
  }

  /// Goes on from a checkpoint.
  mutating func restore(_ best: BestEpoch<T>) {
    bestEpoch = best.epoch
    bestEvaluation = best.evaluation
    bestParameters.assign(best.parameters)
    lastImprovement = best.lastImprovement
    reference = best.reference
  }
}
