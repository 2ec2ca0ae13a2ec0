/// Keeps the weights of the best epoch, and says when patience is at an end.
///
/// The best epoch is the one with the highest validation accuracy, for classes; of equals, and for
/// every other task, the one with the lowest validation loss. Without validation data the last epoch
/// is the best.
struct EarlyStopping<T: Scalar> {
  let patience: Int?
  private(set) var bestEpoch = 0
  private(set) var bestEvaluation: Evaluation?
  private var bestParameters: Parameters<T>

  /// - Parameter initial: What stands in for the best weights until an epoch is finished.
  init(patience: Int?, initial: Parameters<T>) {
    self.patience = patience
    bestParameters = Parameters(layout: initial.layout)
    bestParameters.assign(initial)
  }

  /// Takes note of a finished epoch.
  ///
  /// - Returns: Whether it is the best so far.
  mutating func record(
    epoch: Int, evaluation: Evaluation?, parameters: Parameters<T>
  ) -> Bool {
    if let evaluation, let bestEvaluation, !Self.isBetter(evaluation, than: bestEvaluation) {
      return false
    }
    bestEpoch = epoch
    bestEvaluation = evaluation
    bestParameters.assign(parameters)
    return true
  }

  /// Whether `patience` epochs have passed without a better one.
  func isExhausted(after epoch: Int) -> Bool {
    guard let patience else { return false }
    return epoch - bestEpoch >= patience
  }

  /// Puts the best weights back, or the first ones if no epoch was recorded.
  func restore(into parameters: inout Parameters<T>) { parameters.assign(bestParameters) }

  /// What a checkpoint keeps.
  var best: BestEpoch<T> {
    BestEpoch(epoch: bestEpoch, evaluation: bestEvaluation, parameters: bestParameters)
  }

  /// Goes on from a checkpoint.
  mutating func restore(_ best: BestEpoch<T>) {
    bestEpoch = best.epoch
    bestEvaluation = best.evaluation
    bestParameters.assign(best.parameters)
  }

  private static func isBetter(_ candidate: Evaluation, than best: Evaluation) -> Bool {
    if candidate.metrics.classCount > 0, candidate.metrics.accuracy != best.metrics.accuracy {
      return candidate.metrics.accuracy > best.metrics.accuracy
    }
    return candidate.loss < best.loss
  }
}
