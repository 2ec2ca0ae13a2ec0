/// What a trainer reports while it runs, made of what observers see. Progress bar and JSON lines are
/// subscribers.
public enum TrainingEvent: Codable, Sendable {
  /// Before the first step.
  case start(TrainingStart)
  /// Within an epoch, several times a second at most.
  case progress(TrainingProgress)
  /// After each epoch.
  case epoch(EpochReport)
  /// What a user should know; the code says for programs of what kind it is, such as "metric".
  case warning(code: String, message: String)
  /// How the run ended; the last event.
  case end(TrainingSummary)
}

/// The shape of a run, before its first step.
public struct TrainingStart: Codable, Sendable {
  /// A place in a run.
  package struct Position: Codable, Hashable, Sendable {
    /// From 1.
    package let epoch: Int
    /// Updates made before.
    package let step: Int
  }

  /// Training examples, at least 1.
  public let examples: Int
  /// Examples that choose the best epoch; 0 for none.
  public let validationExamples: Int
  /// Number of weights and biases.
  public let parameters: Int
  /// The widths: inputs, hidden layers, outputs.
  public let sizes: [Int]
  /// The probability of each hidden layer that an output is dropped.
  package let dropout: [Double]
  package let stepsPerEpoch: Int
  /// Into how many blocks a whole batch is cut, for the order of its sums (`Blocks`).
  package let blocks: Int
  /// What decides the run, with what the run chose where nothing was given.
  public let configuration: TrainingConfiguration
  /// Where a run goes on; nil for one that begins.
  package let resumedFrom: Position?
}

/// How far an epoch has come.
public struct TrainingProgress: Codable, Sendable {
  /// From 1.
  public let epoch: Int
  /// Epochs of a run that nothing ends early.
  public let epochs: Int
  /// Steps of this epoch that are done.
  package let stepInEpoch: Int
  package let stepsPerEpoch: Int
  /// The objective so far, averaged over the epoch's examples so far.
  public let loss: Double
  /// Training examples per second of this epoch so far.
  package let examplesPerSecond: Double
}

/// One finished epoch.
public struct EpochReport: Codable, Sendable {
  /// From 1.
  public let epoch: Int
  /// Epochs of a run that nothing ends early.
  public let epochs: Int
  /// Updates made since the start of the run.
  public let step: Int
  /// The objective (data loss plus penalties) at each step, averaged over the epoch's examples.
  public let loss: Double
  /// The same without penalties.
  public let dataLoss: Double
  /// Metrics on the training examples, as each batch met them.
  public let metrics: Metrics
  /// Loss and metrics on the validation data after the epoch; nil without such data.
  public let validation: Evaluation?
  /// η of the epoch's last step.
  public let learningRate: Double
  /// Wall time of the epoch's steps in seconds, validation not included.
  public let seconds: Double
  /// Training examples per second of these.
  public let examplesPerSecond: Double
  /// Whether this is the best epoch so far.
  public let isBest: Bool
}

/// How a run ended. The network then holds the weights of the best epoch.
public struct TrainingSummary: Codable, Sendable {
  /// Why a run ended.
  public enum Reason: String, Codable, Sendable {
    /// All epochs were run, or L-BFGS found nothing left to gain.
    case completed
    /// Patience was at an end.
    case earlyStop
    /// The caller asked for it.
    case interrupted
    /// A number was NaN or infinite.
    case diverged
  }
  /// Why the run ended.
  public let reason: Reason
  /// The epoch whose weights are kept, from 1; 0 if none was finished.
  public let bestEpoch: Int
  /// Epochs that were finished.
  public let epochs: Int
  /// Updates made since the start of the run, those before a checkpoint that it goes on from among them.
  public let steps: Int
  /// On the validation data, with the weights that are kept.
  public let validation: Evaluation?
  /// Where the first number that is not finite arose, if the run diverged.
  public let divergence: Divergence?
  /// Why the run was completed before its last epoch, if L-BFGS found nothing left to gain.
  package let note: String?
  /// Passes over all examples that the steps of L-BFGS cost; nil under the other rules, where a step
  /// is one.
  package let evaluations: Int?
  /// Wall time in seconds; of a run that goes on from a checkpoint, since it went on.
  public let seconds: Double
}
