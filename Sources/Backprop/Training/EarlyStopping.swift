/// Keeps the weights of the best epoch, and says when patience is at an end.
///
/// The best epoch is the one with the highest validation accuracy, for classes; of equals, and for
/// every other task, the one with the lowest validation loss. Without validation data the last epoch
/// is the best.
struct EarlyStopping<T: Scalar> {
  let patience: Int?
  private(set) var bestEpoch = 0
  private(set) var bestEvaluation: Evaluation?
  private var bestParameters: Parameters<T>?

  init(patience: Int?) { self.patience = patience }

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
    if bestParameters == nil {
      var copy = Parameters<T>(layout: parameters.layout)
      copy.assign(parameters)
      bestParameters = copy
    } else {
      bestParameters?.assign(parameters)
    }
    return true
  }

  /// Whether `patience` epochs have passed without a better one.
  func isExhausted(after epoch: Int) -> Bool {
    guard let patience else { return false }
    return epoch - bestEpoch >= patience
  }

  /// Puts the best weights back; leaves the present ones if no epoch was recorded.
  func restore(into parameters: inout Parameters<T>) {
    if let bestParameters { parameters.assign(bestParameters) }
  }

  private static func isBetter(_ candidate: Evaluation, than best: Evaluation) -> Bool {
    if candidate.metrics.classCount > 0, candidate.metrics.accuracy != best.metrics.accuracy {
      return candidate.metrics.accuracy > best.metrics.accuracy
    }
    return candidate.loss < best.loss
  }
}
