/// Sees a run from inside, between two of its steps, on the trainer's thread: probes, histograms, a view
/// of the workspace. What it does takes time and changes no bit of the run.
///
/// An observer serves one run. What it finds it hands to whoever made it.
public protocol TrainingObserver<Element>: AnyObject {
  /// The numbers of the network, `Float` or `Double`.
  associatedtype Element: Scalar

  /// Before the first step; of a resumed run before the first of its own.
  ///
  /// - Throws: `FileError` if spooled data cannot be read, which ends the run.
  func begin(
    on training: TrainingExamples<Element>, configuration: TrainingConfiguration
  ) throws(FileError)

  /// After an update.
  ///
  /// - Parameters:
  ///   - step: Updates made since the start of the run.
  ///   - network: With the parameters after the update.
  ///   - workspace: z, a and δ of the step's last batch, before the update; of a rule that searches
  ///     along a line, those of the point where the search ended.
  func stepEnded(
    _ step: Int, network: Network<Element>, workspace: borrowing Workspace<Element>)

  /// Before the first step, as epoch 0, and after each epoch.
  ///
  /// - Parameters:
  ///   - state: Where the run stands.
  ///   - workspace: z and a of the pass that saw the weights to be sound, over the last batch or its first
  ///     examples; without examples before the first step.
  func epochEnded(
    _ state: EpochState<Element>, workspace: borrowing Workspace<Element>)
}

extension TrainingObserver {
  public func begin(
    on training: TrainingExamples<Element>, configuration: TrainingConfiguration
  ) throws(FileError) {}
  public func stepEnded(
    _ step: Int, network: Network<Element>, workspace: borrowing Workspace<Element>
  ) {}
  public func epochEnded(
    _ state: EpochState<Element>, workspace: borrowing Workspace<Element>
  ) {}
}

/// Where a run stands between two epochs.
public struct EpochState<T: Scalar> {
  /// The epoch that has just ended; 0 before the first step.
  public let epoch: Int
  /// The network as it goes on, which need not be the best one.
  public let network: Network<T>
  /// The rule with its moments and t.
  public let optimizer: Optimizer<T>
  /// η of the step that was last, or of the first that is to come.
  public let learningRate: Double
  /// Threads that may be used; nil for the caller's alone.
  package let pool: ThreadPool?
}
