/// Trains a network on a data set, and reports what happens.
///
/// ```swift
/// let trainer = try Trainer<Float>(configuration: TrainingConfiguration(epochs: 50, seed: 1))
/// let summary = try trainer.train(
///   &network, on: training, validation: validation,
///   metrics: .classification(probabilities: true))
/// ```
///
/// The same configuration, data and network give the same weights, bit for bit, for any number of
/// threads. No memory is allocated between the steps of an epoch.
public struct Trainer<T: Scalar>: Sendable {
  package let configuration: TrainingConfiguration
  /// Number of threads; small batches use one anyway.
  package let threads: Int

  /// A trainer of any networks that the configuration suits.
  ///
  /// - Parameters:
  ///   - configuration: What decides the run.
  ///   - threads: Threads to use, at least 1. Changes the time and not the result.
  /// - Throws: `ConfigurationError` if a number lies outside its range.
  public init(
    configuration: TrainingConfiguration, threads: Int = 1
  ) throws(ConfigurationError) {
    try configuration.validate()
    self.init(checked: configuration, threads: threads)
  }

  /// A trainer whose options have passed `validate`.
  package init(checked configuration: TrainingConfiguration, threads: Int) {
    self.configuration = configuration
    self.threads = threads
  }

  /// Runs all epochs, or as many as early stopping or an interruption leaves.
  ///
  /// - Parameters:
  ///   - network: Trained in place; in the end it holds the weights of the best epoch.
  ///   - training: At least one example.
  ///   - validation: Examples that choose the best epoch and end a run that has patience.
  ///   - metrics: How outputs are judged.
  ///   - checkpoints: When to hand out the state of the run, and to whom; nil for never.
  ///   - observers: Who sees network and workspace between the steps; nobody else's bits depend on them.
  ///   - report: Receives the events, on the caller's thread.
  ///   - isInterrupted: Asked after every step; true ends the run after that step.
  /// - Returns: How the run ended; also the last event.
  /// - Throws: `ConfigurationError` if the configuration does not suit the network.
  /// - Precondition: The data has as many inputs and outputs as the network.
  @specialized(where T == Float)
  @specialized(where T == Double)
  @discardableResult
  public func train(
    _ network: inout Network<T>, on training: Dataset<T>, validation: Dataset<T>? = nil,
    metrics: MetricKind, checkpoints: Checkpoints<T>? = nil,
    observers: [any TrainingObserver<T>] = [], report: (TrainingEvent) -> Void = { _ in },
    isInterrupted: () -> Bool = { false }
  ) throws(ConfigurationError) -> TrainingSummary {
    try configuration.validate(for: network)
    return trainChecked(
      &network, on: training, validation: validation, metrics: metrics, checkpoints: checkpoints,
      observers: observers, report: report, isInterrupted: isInterrupted)
  }

  /// The same with a configuration that is known to suit the network.
  package func trainChecked(
    _ network: inout Network<T>, on training: Dataset<T>, validation: Dataset<T>? = nil,
    metrics: MetricKind, checkpoints: Checkpoints<T>? = nil,
    observers: [any TrainingObserver<T>] = [], report: (TrainingEvent) -> Void = { _ in },
    isInterrupted: () -> Bool = { false }
  ) -> TrainingSummary {
    let data = checkpoints.map { _ in
      DataFingerprint(training: training, validation: validation)
    }
    // Data in memory cannot fail to be read.
    var failure: FileError?
    return run(
      &network, on: .memory(training), validation: validation.map { .memory($0) },
      metrics: metrics, data: data, from: nil, checkpoints: checkpoints, observers: observers,
      report: report,
      isInterrupted: isInterrupted, failure: &failure)
  }

  /// The same on data that may be spooled, with the same bits as on the same data in memory.
  ///
  /// - Parameters:
  ///   - data: The fingerprint of the data, if it is known already and there are checkpoints.
  /// - Throws: `ConfigurationError` likewise; `FileError` if spooled data cannot be read. There is no last
  ///   event then.
  /// - Precondition: Spooled training data has a `shuffleBlock`, and a rule that takes batches.
  @discardableResult
  package func train(
    _ network: inout Network<T>, on training: TrainingExamples<T>,
    validation: TrainingExamples<T>?, metrics: MetricKind, data: DataFingerprint? = nil,
    checkpoints: Checkpoints<T>? = nil, observers: [any TrainingObserver<T>] = [],
    report: (TrainingEvent) -> Void = { _ in },
    isInterrupted: () -> Bool = { false }
  ) throws -> TrainingSummary {
    try configuration.validate(for: network)
    var data = data
    if checkpoints != nil, data == nil {
      data = try DataFingerprint(training: training, validation: validation)
    }
    var failure: FileError?
    let summary = run(
      &network, on: training, validation: validation, metrics: metrics, data: data, from: nil,
      checkpoints: checkpoints, observers: observers, report: report, isInterrupted: isInterrupted,
      failure: &failure)
    if let failure { throw failure }
    return summary
  }

  /// Goes on with a run from one of its checkpoints, in the middle of an epoch if need be: weights,
  /// losses and metrics from there on are those, bit for bit, of a run that was never interrupted.
  ///
  /// The epoch of the checkpoint is the first that is reported.
  ///
  /// - Parameters:
  ///   - network: A network as the run began with; its weights are replaced.
  ///   - checkpoint: The state to go on from.
  ///   - training: The data of the run.
  ///   - validation: Its validation data.
  ///   - metrics: How its outputs are judged.
  ///   - force: Goes on even if options, data or version are others, as far as that has a meaning. The
  ///     result is then that of no single run. An epoch whose examples come in another order begins
  ///     anew; scores on other data are not compared with those before.
  ///   - checkpoints: When further checkpoints are handed out, and to whom.
  ///   - observers: Called after every epoch.
  ///   - report: Receives the events of the run.
  ///   - isInterrupted: Asked after every step; true ends the run.
  /// - Throws: A `UserError` with all that differs, or `ConfigurationError`, before anything is changed.
  @specialized(where T == Float)
  @specialized(where T == Double)
  @discardableResult
  public func resume(
    _ network: inout Network<T>, from checkpoint: Checkpoint<T>, on training: Dataset<T>,
    validation: Dataset<T>? = nil, metrics: MetricKind, force: Bool = false,
    checkpoints: Checkpoints<T>? = nil, observers: [any TrainingObserver<T>] = [],
    report: (TrainingEvent) -> Void = { _ in },
    isInterrupted: () -> Bool = { false }
  ) throws -> TrainingSummary {
    let data = DataFingerprint(training: training, validation: validation)
    let checkpoint = try accepted(checkpoint, network, data, metrics: metrics, force: force)
    network.parameters.assign(checkpoint.network.parameters)
    var failure: FileError?
    return run(
      &network, on: .memory(training), validation: validation.map { .memory($0) },
      metrics: metrics, data: data, from: checkpoint, checkpoints: checkpoints,
      observers: observers, report: report,
      isInterrupted: isInterrupted, failure: &failure)
  }

  /// The same on data that may be spooled. A run may go on with its data held in another way.
  ///
  /// - Parameters:
  ///   - data: The fingerprint of the data.
  /// - Throws: `CheckpointMismatch` or `ConfigurationError` before anything is changed, or `FileError` if
  ///   spooled data cannot be read.
  @discardableResult
  package func resume(
    _ network: inout Network<T>, from checkpoint: Checkpoint<T>, on training: TrainingExamples<T>,
    validation: TrainingExamples<T>?, metrics: MetricKind, data: DataFingerprint,
    force: Bool = false, checkpoints: Checkpoints<T>? = nil,
    observers: [any TrainingObserver<T>] = [], report: (TrainingEvent) -> Void = { _ in },
    isInterrupted: () -> Bool = { false }
  ) throws -> TrainingSummary {
    let checkpoint = try accepted(checkpoint, network, data, metrics: metrics, force: force)
    network.parameters.assign(checkpoint.network.parameters)
    var failure: FileError?
    let summary = run(
      &network, on: training, validation: validation, metrics: metrics, data: data,
      from: checkpoint, checkpoints: checkpoints, observers: observers, report: report,
      isInterrupted: isInterrupted,
      failure: &failure)
    if let failure { throw failure }
    return summary
  }

  /// The checkpoint as this run can go on from it.
  private func accepted(
    _ checkpoint: Checkpoint<T>, _ network: Network<T>, _ data: DataFingerprint,
    metrics: MetricKind, force: Bool
  ) throws -> Checkpoint<T> {
    try configuration.validate(for: network)
    let differences = checkpoint.differences(
      from: configuration, network, data, metrics: metrics)
    guard differences.allSatisfy({ force && $0.canBeForced }) else {
      throw CheckpointMismatch(differences: differences)
    }
    return checkpoint.forced(through: differences, metrics: metrics)
  }

  @specialized(where T == Float)
  @specialized(where T == Double)
  func run(
    _ network: inout Network<T>, on training: TrainingExamples<T>,
    validation: TrainingExamples<T>?, metrics: MetricKind, data: DataFingerprint?,
    from checkpoint: Checkpoint<T>?, checkpoints: Checkpoints<T>?, ramp: RateRamp? = nil,
    observers: [any TrainingObserver<T>] = [], report: (TrainingEvent) -> Void,
    isInterrupted: () -> Bool, failure: inout FileError?
  ) -> TrainingSummary {
    precondition(training.count >= 1, "training without examples")
    let run = Run(self, network, training, validation, metrics)
    if configuration.monitor?.metric == .averagePrecision {
      do throws(FileError) {
        run.positive = metrics.positiveClass(means: try training.targetMeans())
      } catch {
        run.failure = error
      }
    }
    run.observers = observers
    run.beginObserving(training)
    run.checkpoints = checkpoints
    run.data = data
    run.ramp = ramp
    if let checkpoint { run.goOn(from: checkpoint) }
    let first = checkpoint?.epoch ?? 1
    report(
      .start(
        TrainingStart(
          examples: training.count, validationExamples: validation?.count ?? 0,
          parameters: network.parameterCount, sizes: network.sizes,
          dropout: network.layers.hiddenDense.map(\.dropout), stepsPerEpoch: run.stepsPerEpoch,
          blocks: run.blocks, configuration: run.configuration,
          resumedFrom: checkpoint.map { .init(epoch: $0.epoch, step: $0.step) })))
    if checkpoint == nil { run.observe(network, after: 0) }
    var reason = TrainingSummary.Reason.completed
    for epoch in first...run.configuration.epochs where run.failure == nil {
      if let end = run.epoch(epoch, &network, isInterrupted, report) {
        reason = end
        break
      }
    }
    let summary = run.finish(&network, reason)
    failure = run.failure
    if failure == nil { report(.end(summary)) }
    return summary
  }
}
