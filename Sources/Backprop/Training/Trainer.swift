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
  /// Whether the distributions of weights, gradients and δ are measured at the same places, and how;
  /// nil for not at all. That too changes no bit of the run.
  public let distributions: DistributionOptions?

  /// - Parameters:
  ///   - configuration: What decides the run.
  ///   - threads: Threads to use, at least 1. Changes the time and not the result.
  ///   - diagnosis: What to diagnose between the epochs; nil for nothing. This configuration takes
  ///     the place of the one that stands there.
  ///   - distributions: What to measure between the epochs; nil for nothing.
  /// - Precondition: The configuration's numbers lie in their ranges.
  public init(
    configuration: TrainingConfiguration, threads: Int = 1, diagnosis: DiagnosisOptions? = nil,
    distributions: DistributionOptions? = nil
  ) {
    precondition(
      configuration.batchSize >= 1 && configuration.epochs >= 1 && configuration.learningRate > 0,
      "batch size \(configuration.batchSize), \(configuration.epochs) epochs, "
        + "learning rate \(configuration.learningRate)")
    precondition(
      configuration.optimizer.isValid && configuration.schedule.isValid
        && (configuration.patience ?? 1) >= 1 && configuration.l2Penalty >= 0
        && configuration.weightDecay >= 0 && (configuration.clipNorm ?? 1) > 0
        && (configuration.clipValue ?? 1) > 0 && (0...1).contains(configuration.warmUp ?? 0)
        && configuration.hasValidUpdates && (configuration.monitor?.isValid ?? true)
        && (diagnosis?.examples ?? 1) >= 1,
      "\(configuration): a number is out of its range")
    self.configuration = configuration
    self.threads = threads
    var diagnosis = diagnosis
    diagnosis?.configuration = configuration
    self.diagnosis = diagnosis
    precondition(
      distributions.map { $0.examples >= 1 && $0.buckets >= 1 } ?? true, "\(distributions as Any)")
    self.distributions = distributions
  }

  /// Runs all epochs, or as many as early stopping or an interruption leaves.
  ///
  /// - Parameters:
  ///   - network: Trained in place; in the end it holds the weights of the best epoch.
  ///   - training: At least one example.
  ///   - validation: Examples that choose the best epoch and end a run that has patience.
  ///   - metrics: How outputs are judged.
  ///   - checkpoints: When to hand out the state of the run, and to whom; nil for never.
  ///   - report: Receives the events, on the caller's thread.
  ///   - isInterrupted: Asked after every step; true ends the run after that step.
  /// - Returns: How the run ended; also the last event.
  /// - Precondition: The data has as many inputs and outputs as the network.
  @specialized(where T == Float)
  @specialized(where T == Double)
  @discardableResult
  public func train(
    _ network: inout Network<T>, on training: Dataset<T>, validation: Dataset<T>? = nil,
    metrics: MetricKind, checkpoints: Checkpoints<T>? = nil,
    report: (TrainingEvent) -> Void = { _ in }, isInterrupted: () -> Bool = { false }
  ) -> TrainingSummary {
    let data = checkpoints.map { _ in
      DataFingerprint(training: training, validation: validation)
    }
    return run(
      &network, on: training, validation: validation, metrics: metrics, data: data, from: nil,
      checkpoints: checkpoints, report: report, isInterrupted: isInterrupted)
  }

  /// Goes on with a run from one of its checkpoints, in the middle of an epoch if need be: weights,
  /// losses and metrics from there on are those, bit for bit, of a run that was never interrupted.
  ///
  /// The epoch of the checkpoint is the first that is reported.
  ///
  /// - Parameters:
  ///   - network: A network as the run began with; its weights are replaced.
  ///   - checkpoint: The state to go on from.
  ///   - training: The data of the run, and so for what follows.
  ///   - force: Goes on even if options, data or version are others, as far as that has a meaning. The
  ///     result is then that of no single run. An epoch whose examples come in another order begins
  ///     anew; scores on other data are not compared with those before.
  ///   - checkpoints: As for `train`, and so for what follows.
  /// - Throws: `CheckpointMismatch` with all that differs, before anything is changed.
  @specialized(where T == Float)
  @specialized(where T == Double)
  @discardableResult
  public func resume(
    _ network: inout Network<T>, from checkpoint: Checkpoint<T>, on training: Dataset<T>,
    validation: Dataset<T>? = nil, metrics: MetricKind, force: Bool = false,
    checkpoints: Checkpoints<T>? = nil, report: (TrainingEvent) -> Void = { _ in },
    isInterrupted: () -> Bool = { false }
  ) throws(CheckpointMismatch) -> TrainingSummary {
    let data = DataFingerprint(training: training, validation: validation)
    let differences = checkpoint.differences(
      from: configuration, network, data, metrics: metrics)
    guard differences.allSatisfy({ force && $0.canBeForced }) else {
      throw CheckpointMismatch(differences: differences)
    }
    let checkpoint = checkpoint.forced(through: differences, metrics: metrics)
    network.parameters.assign(checkpoint.network.parameters)
    return run(
      &network, on: training, validation: validation, metrics: metrics, data: data,
      from: checkpoint, checkpoints: checkpoints, report: report, isInterrupted: isInterrupted)
  }

  @specialized(where T == Float)
  @specialized(where T == Double)
  private func run(
    _ network: inout Network<T>, on training: Dataset<T>, validation: Dataset<T>?,
    metrics: MetricKind, data: DataFingerprint?, from checkpoint: Checkpoint<T>?,
    checkpoints: Checkpoints<T>?, report: (TrainingEvent) -> Void, isInterrupted: () -> Bool
  ) -> TrainingSummary {
    precondition(training.count >= 1, "training without examples")
    var run = Run(self, network, training, validation, metrics)
    run.checkpoints = checkpoints
    run.data = data
    if let checkpoint { run.goOn(from: checkpoint) }
    let first = checkpoint?.epoch ?? 1
    report(
      .start(
        TrainingStart(
          examples: training.count, validationExamples: validation?.count ?? 0,
          parameters: network.parameterCount, sizes: network.sizes,
          stepsPerEpoch: run.stepsPerEpoch, configuration: configuration,
          resumedFrom: checkpoint.map { ($0.epoch, $0.step) })))
    if checkpoint == nil { run.diagnose(network, after: 0, report) }
    var reason = TrainingSummary.Reason.completed
    for epoch in first...configuration.epochs {
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
struct Run<T: Scalar>: ~Copyable {
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
  /// The gradients of the batches of one update, where it takes several.
  var joined: JoinedGradient<T>
  var average: WeightAverage<T>
  var optimizer: Optimizer<T>
  var earlyStopping: EarlyStopping<T>
  var plateau = PlateauTracker()
  let probe: DiagnosisProbe<T>?
  let distributionProbe: DistributionProbe<T>?
  var divergence: Divergence?
  var epochsFinished = 0
  var checkpoints: Checkpoints<T>?
  /// The digests of the data, if there are checkpoints.
  var data: DataFingerprint?
  /// The epoch that a resumed run begins in.
  var resumed: RunningEpoch?
  var lastCheckpoint: ContinuousClock.Instant
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
    joined = JoinedGradient(
      of: configuration.accumulate ?? 1, batchSize: batchSize, examples: training.count,
      layout: network.parameters.layout)
    stepsPerEpoch = joined.updatesPerEpoch
    source = BatchSource(training, seed: configuration.seed)
    workspace = Workspace(for: network, capacity: batchSize)
    evaluationWorkspace = Workspace(
      for: network, capacity: Evaluation.chunk(of: validation?.count ?? 0))
    gradient = network.makeGradient()
    optimizer = Optimizer(
      rule: configuration.optimizer, weightDecay: configuration.weightDecay,
      factors: configuration.tensorFactors, for: network.parameters.layout)
    average = WeightAverage(
      configuration.averaging, epochs: configuration.epochs, layout: network.parameters.layout)
    earlyStopping = EarlyStopping(
      patience: configuration.patience, monitor: configuration.monitor,
      initial: network.parameters)
    probe = trainer.diagnosis.map { DiagnosisProbe(on: training, options: $0) }
    distributionProbe = trainer.distributions.map {
      DistributionProbe(on: training, configuration: trainer.configuration, options: $0)
    }
    start = clock.now
    lastCheckpoint = start
  }

  /// Takes the place of the run that made a checkpoint.
  mutating func goOn(from checkpoint: Checkpoint<T>) {
    optimizer.restore(
      step: checkpoint.step, moments: checkpoint.moments.filter { $0.name != WeightAverage<T>.name }
    )
    average.restore(count: checkpoint.averaged, checkpoint.moments)
    earlyStopping.restore(checkpoint.best)
    epochsFinished = checkpoint.epoch - 1
    resumed = checkpoint.running
    plateau = checkpoint.plateau
  }

  /// Hands out the state after a step, if it is time. Weights that are not finite end the run soon and
  /// are no state to go on from.
  private mutating func saveIfDue(
    _ network: Network<T>, _ running: RunningEpoch, now: ContinuousClock.Instant,
    isInterrupted: Bool
  ) {
    guard let checkpoints, let data,
      isInterrupted || checkpoints.isDue(after: optimizer.step, elapsed: now - lastCheckpoint),
      network.firstFaultOfParameters() == nil
    else { return }
    checkpoints.receive(
      Checkpoint(
        network: network, configuration: configuration, step: optimizer.step,
        moments: optimizer.moments + average.tensors, averaged: average.count,
        best: earlyStopping.best, running: running, plateau: plateau, data: data,
        version: EngineVersion.current))
    lastCheckpoint = clock.now
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
    var running =
      resumed
      ?? RunningEpoch(
        epoch: epoch, metrics: Metrics(kind: metricKind, outputs: network.outputCount),
        learningRate: configuration.learningRate)
    resumed = nil
    let firstExample = running.totals.count
    var batches = source.batches(of: batchSize, epoch: epoch, shuffled: configuration.shuffles)
    // What the interrupted run has done; it ended with the last of these in its workspace.
    for _ in 0..<min(running.steps, stepsPerEpoch) * joined.batches {
      guard let batch = batches.next() else { break }
      workspace.batch = batch
    }

    for batch in batches {
      // Not the steps of the optimizer, which are others if a run goes on with other batches.
      let position = (epoch - 1) * stepsPerEpoch + running.steps
      let rate = self.rate(at: position)
      let examplesOfUpdate = joined.examples(ofUpdate: running.steps)
      let penalties = configuration.penalties(examples: examples, batch: examplesOfUpdate)
      let dataLoss = network.forward(
        batch, in: &workspace, scale: network.reduction.scale(count: examplesOfUpdate), pool: pool)
      let penalty = network.parameters.penalty(penalties)
      guard (dataLoss + penalty).isFinite else {
        divergence = Divergence(
          step: optimizer.step + 1, epoch: epoch, at: network.firstFault(in: workspace))
        return .diverged
      }
      network.backward(in: &workspace, into: &gradient, pool: pool)
      running.metrics.add(
        outputs: workspace.states[network.layers.count - 1].outputs, targets: workspace.targets,
        weights: workspace.weights, rows: batch.count)
      running.totals.add(
        dataLoss, penalty, count: batch.count, of: examplesOfUpdate, reduction: network.reduction)
      guard
        joined.add(
          &gradient, rows: batch.count, of: examplesOfUpdate, reduction: network.reduction,
          pool: pool)
      else { continue }
      gradient.addGradient(of: penalties, at: network.parameters, pool: pool)
      gradient.clip(
        toNorm: configuration.clipNorm, value: configuration.clipValue, pool: pool)
      optimizer.update(
        &network.parameters, along: gradient, rate: rate,
        momentum: configuration.momentum(at: position, stepsPerEpoch: stepsPerEpoch), pool: pool)
      if let bound = configuration.maxNorm {
        network.parameters.limitNorms(to: bound, pool: pool)
      }
      average.addStep(network.parameters, pool: pool)

      running.steps += 1
      running.learningRate = rate
      let isInterrupted = isInterrupted()
      let now = clock.now
      if checkpoints != nil {
        saveIfDue(network, running, now: now, isInterrupted: isInterrupted)
      }
      if isInterrupted { return isSound(network, epoch) ? .interrupted : .diverged }
      if now - lastReport > .milliseconds(100) {
        lastReport = now
        report(
          .progress(
            TrainingProgress(
              epoch: epoch, epochs: configuration.epochs,
              stepInEpoch: running.steps, stepsPerEpoch: stepsPerEpoch,
              loss: running.totals.objective,
              examplesPerSecond: Double(running.totals.count - firstExample)
                / (now - epochStart).inSeconds)))
      }
    }

    let seconds = (clock.now - epochStart).inSeconds
    guard isSound(network, epoch) else { return .diverged }
    let beginsAverage = average.addEpoch(epoch, network.parameters, pool: pool)
    // What is validated and kept is the average, once there is one.
    average.swap(with: &network.parameters)
    let evaluation = validation.map {
      network.evaluate(
        on: $0, metrics: metricKind, watching: configuration.monitor?.metric,
        in: &evaluationWorkspace, pool: pool)
    }
    if let evaluation, !evaluation.loss.isFinite {
      var fault = network.firstFault(in: evaluationWorkspace)
      average.swap(with: &network.parameters)
      // Its row counts in the validation data.
      fault.example = nil
      divergence = Divergence(step: optimizer.step, epoch: epoch, at: fault)
      return .diverged
    }
    if epoch == 1, let metric = configuration.monitor?.metric,
      evaluation?.value(of: metric)?.isNaN ?? false
    {
      report(
        .warning(
          code: "monitor",
          message: "\(metric) is not defined on the validation data after epoch 1: epochs where it "
            + "is not are ranked by their loss"))
    }
    // So that the order of the next epoch is dealt in place.
    workspace.batch = nil
    let isBest = earlyStopping.record(
      epoch: epoch, evaluation: evaluation, parameters: network.parameters,
      forgettingBefore: beginsAverage)
    average.swap(with: &network.parameters)
    plateau.record(
      loss: evaluation?.loss ?? running.totals.objective, under: configuration.schedule)
    epochsFinished = epoch
    report(
      .epoch(
        EpochReport(
          epoch: epoch, epochs: configuration.epochs, step: optimizer.step,
          loss: running.totals.objective, dataLoss: running.totals.dataLoss,
          metrics: running.metrics, validation: evaluation, learningRate: running.learningRate,
          seconds: seconds, examplesPerSecond: Double(examples - firstExample) / seconds,
          isBest: isBest)))
    diagnose(network, after: epoch, report)
    return earlyStopping.isExhausted(after: epoch) ? .earlyStop : nil
  }

  /// η of a step: a function of its number, and of the losses of the epochs before under `plateau`.
  private func rate(at step: Int) -> Double {
    configuration.rate(at: step, stepsPerEpoch: stepsPerEpoch) * plateau.scale
  }

  /// Reports distributions and the state of the layers, as far as anyone asked for them.
  func diagnose(
    _ network: Network<T>, after epoch: Int, _ report: (TrainingEvent) -> Void
  ) {
    if let distributionProbe {
      report(
        .distributions(
          distributionProbe.distributions(
            after: epoch, step: optimizer.step, of: network, pool: pool)))
    }
    guard let probe else { return }
    // η of the step that was last, or of the first that is to come.
    let rate = rate(at: max(0, epoch * stepsPerEpoch - 1))
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
    } else {
      average.swap(with: &network.parameters)
    }
    return TrainingSummary(
      reason: reason, bestEpoch: earlyStopping.bestEpoch, epochs: epochsFinished,
      steps: optimizer.step, validation: earlyStopping.bestEvaluation, divergence: divergence,
      seconds: (clock.now - start).inSeconds)
  }
}

/// The loss of an epoch, averaged over its examples.
struct LossTotals: Codable, Equatable {
  private var dataSum = 0.0
  private var penaltySum = 0.0
  private(set) var count = 0

  /// Whether they can be those of an epoch, when they come from a file.
  var isConsistent: Bool { count >= 0 && dataSum.isFinite && penaltySum.isFinite }

  var dataLoss: Double { dataSum / Double(max(count, 1)) }
  var objective: Double { (dataSum + penaltySum) / Double(max(count, 1)) }

  /// - Parameters:
  ///   - dataLoss: The share of these examples in the loss of the update.
  ///   - count: These examples.
  ///   - all: All examples of the update, over which a mean is one.
  mutating func add(
    _ dataLoss: Double, _ penalty: Double, count: Int, of all: Int, reduction: Reduction
  ) {
    switch reduction {
    case .mean:
      dataSum += dataLoss * Double(all)
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
