/// Trains a network on a data set, and reports what happens.
///
/// ```swift
/// let trainer = Trainer<Float>(configuration: TrainingConfiguration(epochs: 50, seed: 1))
/// let summary = trainer.train(
///   &network, on: training, validation: validation,
///   metrics: .classification(probabilities: true))
/// ```
///
/// The same configuration, data and network give the same weights, bit for bit, for any number of
/// threads. No memory is allocated between the steps of an epoch.
public struct Trainer<T: Scalar>: Sendable {
  public let configuration: TrainingConfiguration
  /// Number of threads; small batches use one anyway.
  public let threads: Int
  /// What is diagnosed before the first step and after each epoch; nil for nothing. It costs time
  /// between the epochs and changes no bit of the run.
  public let diagnosis: DiagnosisOptions?

  /// - Parameters:
  ///   - configuration: What decides the run.
  ///   - threads: Threads to use, at least 1. Changes the time and not the result.
  ///   - diagnosis: What to diagnose between the epochs; nil for nothing. This configuration takes
  ///     the place of the one that stands there.
  /// - Precondition: The configuration's numbers lie in their ranges.
  public init(
    configuration: TrainingConfiguration, threads: Int = 1, diagnosis: DiagnosisOptions? = nil
  ) {
    precondition(
      configuration.batchSize >= 1 && configuration.epochs >= 1 && configuration.learningRate > 0,
      "batch size \(configuration.batchSize), \(configuration.epochs) epochs, "
        + "learning rate \(configuration.learningRate)")
    precondition(
      configuration.optimizer.isValid && configuration.schedule.isValid
        && (configuration.patience ?? 1) >= 1 && configuration.l2Penalty >= 0
        && configuration.weightDecay >= 0 && (configuration.clipNorm ?? 1) > 0
        && (configuration.clipValue ?? 1) > 0 && (0...1).contains(configuration.warmUp ?? 0),
      "\(configuration): a number is out of its range")
    self.configuration = configuration
    self.threads = threads
    var diagnosis = diagnosis
    diagnosis?.configuration = configuration
    self.diagnosis = diagnosis
  }

  /// Runs all epochs, or as many as early stopping or an interruption leaves.
  ///
  /// - Parameters:
  ///   - network: Trained in place; in the end it holds the weights of the best epoch.
  ///   - training: At least one example.
  ///   - validation: Examples that choose the best epoch and end a run that has patience.
  ///   - metrics: How outputs are judged.
  ///   - report: Receives the events, on the caller's thread.
  ///   - isInterrupted: Asked after every step; true ends the run after that step.
  /// - Returns: How the run ended; also the last event.
  /// - Precondition: The data has as many inputs and outputs as the network.
  @specialized(where T == Float)
  @specialized(where T == Double)
  @discardableResult
  public func train(
    _ network: inout Network<T>, on training: Dataset<T>, validation: Dataset<T>? = nil,
    metrics: MetricKind, report: (TrainingEvent) -> Void = { _ in },
    isInterrupted: () -> Bool = { false }
  ) -> TrainingSummary {
    precondition(training.count >= 1, "training without examples")
    var run = Run(self, network, training, validation, metrics)
    report(
      .start(
        TrainingStart(
          examples: training.count, validationExamples: validation?.count ?? 0,
          parameters: network.parameterCount, sizes: network.sizes,
          stepsPerEpoch: run.stepsPerEpoch, configuration: configuration)))
    run.diagnose(network, after: 0, report)
    var reason = TrainingSummary.Reason.completed
    for epoch in 1...configuration.epochs {
      if let end = run.epoch(epoch, &network, isInterrupted, report) {
        reason = end
        break
      }
    }
    let summary = run.finish(&network, reason)
    report(.end(summary))
    return summary
  }
}

/// One run: what is allocated once, and how far it has come.
private struct Run<T: Scalar>: ~Copyable {
  let configuration: TrainingConfiguration
  let pool: ThreadPool?
  let metricKind: MetricKind
  let validation: Dataset<T>?
  let batchSize: Int
  let stepsPerEpoch: Int
  let examples: Int
  var source: BatchSource<T>
  var workspace: Workspace<T>
  var evaluationWorkspace: Workspace<T>
  var gradient: Parameters<T>
  var optimizer: Optimizer<T>
  var earlyStopping: EarlyStopping<T>
  var plateau = PlateauTracker()
  let probe: DiagnosisProbe<T>?
  var divergence: Divergence?
  var epochsFinished = 0
  let clock = ContinuousClock()
  let start: ContinuousClock.Instant

  init(
    _ trainer: Trainer<T>, _ network: Network<T>, _ training: Dataset<T>,
    _ validation: Dataset<T>?, _ metrics: MetricKind
  ) {
    configuration = trainer.configuration
    pool = trainer.threads > 1 ? ThreadPool(threads: trainer.threads) : nil
    metricKind = metrics
    self.validation = validation
    examples = training.count
    batchSize = configuration.examplesPerStep(of: training.count)
    stepsPerEpoch = (training.count + batchSize - 1) / batchSize
    source = BatchSource(training, seed: configuration.seed)
    workspace = Workspace(for: network, capacity: batchSize)
    evaluationWorkspace = Workspace(
      for: network, capacity: Evaluation.chunk(of: validation?.count ?? 0))
    gradient = network.makeGradient()
    optimizer = Optimizer(
      rule: configuration.optimizer, weightDecay: configuration.weightDecay,
      for: network.parameters.layout)
    earlyStopping = EarlyStopping(
      patience: configuration.patience, initial: network.parameters)
    probe = trainer.diagnosis.map { DiagnosisProbe(on: training, options: $0) }
    start = clock.now
  }

  /// One pass over the training data, then the validation data.
  ///
  /// - Returns: Why the run ends here, or nil if it goes on.
  mutating func epoch(
    _ epoch: Int, _ network: inout Network<T>, _ isInterrupted: () -> Bool,
    _ report: (TrainingEvent) -> Void
  ) -> TrainingSummary.Reason? {
    let epochStart = clock.now
    var lastReport = epochStart
    var totals = LossTotals()
    var metrics = Metrics(kind: metricKind, outputs: network.outputCount)
    var rate = configuration.learningRate
    let lambda = configuration.l2Penalty

    for batch in source.batches(
      of: batchSize, epoch: epoch, shuffled: configuration.shuffles)
    {
      rate = self.rate(at: optimizer.step)
      let dataLoss = network.forward(batch, in: &workspace, pool: pool)
      let penalty = lambda > 0 ? network.parameters.squaredNormPenalty(lambda) : 0
      guard (dataLoss + penalty).isFinite else {
        divergence = Divergence(
          step: optimizer.step + 1, epoch: epoch, at: network.firstFault(in: workspace))
        return .diverged
      }
      network.backward(in: &workspace, into: &gradient, pool: pool)
      if lambda > 0 {
        gradient.addSquaredNormGradient(lambda, of: network.parameters, pool: pool)
      }
      gradient.clip(
        toNorm: configuration.clipNorm, value: configuration.clipValue, pool: pool)
      metrics.add(
        outputs: workspace.states[network.layers.count - 1].outputs, targets: workspace.targets,
        rows: batch.count)
      optimizer.update(&network.parameters, along: gradient, rate: rate, pool: pool)

      totals.add(dataLoss, penalty, count: batch.count, reduction: network.reduction)
      if isInterrupted() { return isSound(network, epoch) ? .interrupted : .diverged }
      let now = clock.now
      if now - lastReport > .milliseconds(100) {
        lastReport = now
        report(
          .progress(
            TrainingProgress(
              epoch: epoch, epochs: configuration.epochs,
              stepInEpoch: optimizer.step - (epoch - 1) * stepsPerEpoch,
              stepsPerEpoch: stepsPerEpoch, loss: totals.objective,
              examplesPerSecond: Double(totals.count) / (now - epochStart).inSeconds)))
      }
    }

    let seconds = (clock.now - epochStart).inSeconds
    guard isSound(network, epoch) else { return .diverged }
    let evaluation = validation.map {
      network.evaluate(on: $0, metrics: metricKind, in: &evaluationWorkspace, pool: pool)
    }
    if let evaluation, !evaluation.loss.isFinite {
      var fault = network.firstFault(in: evaluationWorkspace)
      // Its row counts in the validation data.
      fault.example = nil
      divergence = Divergence(step: optimizer.step, epoch: epoch, at: fault)
      return .diverged
    }
    // So that the order of the next epoch is dealt in place.
    workspace.batch = nil
    let isBest = earlyStopping.record(
      epoch: epoch, evaluation: evaluation, parameters: network.parameters)
    plateau.record(loss: evaluation?.loss ?? totals.objective, under: configuration.schedule)
    epochsFinished = epoch
    report(
      .epoch(
        EpochReport(
          epoch: epoch, epochs: configuration.epochs, step: optimizer.step,
          loss: totals.objective, dataLoss: totals.dataLoss, metrics: metrics,
          validation: evaluation, learningRate: rate, seconds: seconds,
          examplesPerSecond: Double(examples) / seconds, isBest: isBest)))
    diagnose(network, after: epoch, report)
    return earlyStopping.isExhausted(after: epoch) ? .earlyStop : nil
  }

  /// η of a step: a function of its number, and of the losses of the epochs before under `plateau`.
  private func rate(at step: Int) -> Double {
    configuration.rate(at: step, stepsPerEpoch: stepsPerEpoch) * plateau.scale
  }

  /// Reports the state of the layers, if anyone asked for it.
  func diagnose(
    _ network: Network<T>, after epoch: Int, _ report: (TrainingEvent) -> Void
  ) {
    guard let probe else { return }
    // η of the step that was last, or of the first that is to come.
    let rate = rate(at: max(0, optimizer.step - 1))
    report(
      .diagnosis(
        probe.diagnosis(after: epoch, of: network, optimizer: optimizer, rate: rate, pool: pool)))
  }

  /// Whether the weights can be kept: they are finite, and so is the loss that they give on the last
  /// batch. The loss of a step tells only of the weights before its update.
  private mutating func isSound(_ network: Network<T>, _ epoch: Int) -> Bool {
    if let fault = network.firstFaultOfParameters() {
      divergence = Divergence(step: optimizer.step, epoch: epoch, at: fault)
      return false
    }
    guard let batch = workspace.batch else { return true }
    if network.forward(batch, in: &workspace, pool: pool).isFinite { return true }
    divergence = Divergence(
      step: optimizer.step, epoch: epoch, at: network.firstFault(in: workspace))
    return false
  }

  /// Puts the best weights in place and sums up. A run that was interrupted before its first epoch
  /// was finished keeps the weights that it has.
  mutating func finish(
    _ network: inout Network<T>, _ reason: TrainingSummary.Reason
  ) -> TrainingSummary {
    if earlyStopping.bestEpoch > 0 || reason == .diverged {
      earlyStopping.restore(into: &network.parameters)
    }
    return TrainingSummary(
      reason: reason, bestEpoch: earlyStopping.bestEpoch, epochs: epochsFinished,
      steps: optimizer.step, validation: earlyStopping.bestEvaluation, divergence: divergence,
      seconds: (clock.now - start).inSeconds)
  }
}

/// The loss of an epoch, averaged over its examples.
private struct LossTotals {
  private var dataSum = 0.0
  private var penaltySum = 0.0
  private(set) var count = 0

  var dataLoss: Double { dataSum / Double(max(count, 1)) }
  var objective: Double { (dataSum + penaltySum) / Double(max(count, 1)) }

  mutating func add(_ dataLoss: Double, _ penalty: Double, count: Int, reduction: Reduction) {
    switch reduction {
    case .mean:
      dataSum += dataLoss * Double(count)
      penaltySum += penalty * Double(count)
    case .sum:
      dataSum += dataLoss
      penaltySum += penalty
    }
    self.count += count
  }
}

extension Duration {
  var inSeconds: Double {
    let (seconds, attoseconds) = components
    return Double(seconds) + Double(attoseconds) * 1e-18
  }
}
