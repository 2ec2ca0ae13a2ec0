/// One run: what is allocated once, and how far it has come.
final class Run<T: Scalar> {
  let configuration: TrainingConfiguration
  let pool: ThreadPool?
  /// Whether steps use the pool.
  var choice: PoolChoice
  let metricKind: MetricKind
  /// Of two classes the one that the metric of the epochs is of.
  var positive = 1
  let validation: Int?
  let batchSize: Int
  let stepsPerEpoch: Int
  /// Batches before this epoch, where the epochs before had other numbers of them.
  var batchesBefore: Int?
  let examples: Int
  /// What steps change at random; nil for nothing.
  let regularization: StochasticRegularization?
  var source: BatchSource<T>
  var validationSource: BatchSource<T>?
  /// Why data could not be read, which ended the run.
  var failure: FileError?
  var workspace: Workspace<T>
  var evaluationWorkspace: Workspace<T>
  var gradient: Parameters<T>
  /// Into how many blocks a whole batch is cut; a shorter one has no more.
  let blocks: Int
  let blockPasses: BlockPasses<T>
  let blockMetrics: BlockMetrics
  /// The gradients of the batches of one update, where it takes several.
  var accumulator: GradientAccumulator<T>
  var average: WeightAverage<T>
  var optimizer: Optimizer<T>
  var earlyStopping: EarlyStopping<T>
  var plateau = PlateauTracker()
  var observers: [any TrainingObserver<T>] = []
  var divergence: Divergence?
  var epochsFinished = 0
  var checkpoints: Checkpoints<T>?
  /// The digests of the data, if there are checkpoints.
  var data: DataFingerprint?
  /// Sets the rate of each step in the place of the schedule, and takes note of its loss.
  var ramp: RateRamp?
  /// The epoch that is under way, or that a resumed run begins in.
  var running: RunningEpoch
  var lastCheckpoint: ContinuousClock.Instant
  let clock = ContinuousClock()
  let start: ContinuousClock.Instant

  init(
    _ trainer: Trainer<T>, _ network: Network<T>, _ training: TrainingExamples<T>,
    _ validation: TrainingExamples<T>?, _ metrics: MetricKind
  ) {
    configuration = trainer.configuration.resolved(
      examples: training.count, hasValidation: validation != nil)
    running = RunningEpoch(
      epoch: 0, metrics: Metrics(kind: metrics, outputs: network.outputCount),
      learningRate: configuration.learningRate)
    pool = ThreadPool.of(trainer.threads)
    choice = PoolChoice(pool)
    metricKind = metrics
    self.validation = validation?.count
    examples = training.count
    batchSize = configuration.examplesPerStep(of: training.count)
    accumulator = GradientAccumulator(
      of: configuration.accumulate ?? 1, batchSize: batchSize, examples: training.count,
      layout: network.parameters.layout)
    stepsPerEpoch = accumulator.updatesPerEpoch
    source = BatchSource(
      training, seed: configuration.seed, block: configuration.shuffleBlock, capacity: batchSize)
    validationSource = validation.map { data in
      let chunk = network.chunk(of: data.count)
      return BatchSource(
        data, seed: 0, block: ShuffleBlock(rows: chunk, window: 1), capacity: chunk)
    }
    var regularization = configuration.regularization
    regularization.categories = training.categories
    let isNoisy =
      regularization.changesInputs || regularization.changesTargets
      || network.layers.haveDropout
    self.regularization = isNoisy ? regularization : nil
    workspace = Workspace(for: network, capacity: batchSize, regularization: self.regularization)
    workspace.shards = configuration.shards
    let layout = network.parameters.layout
    blocks = configuration.blocksOfBatch(
      examples: examples, parameters: network.parameterCount)
    let metricsOfBlocks = BlockMetrics(
      kind: metrics, outputs: network.outputCount, count: blocks, examples: batchSize)
    blockMetrics = metricsOfBlocks
    blockPasses = BlockPasses(for: layout, blocks: blocks) {
      metricsOfBlocks.judge($0, $1, in: $2)
    }
    evaluationWorkspace = Workspace(
      for: network, capacity: network.chunk(of: validation?.count ?? 0))
    gradient = network.makeGradient()
    optimizer = Optimizer(
      rule: configuration.optimizer, weightDecay: configuration.weightDecay,
      factors: configuration.tensorFactors, for: network.parameters.layout)
    average = WeightAverage(
      configuration.averaging, epochs: configuration.epochs, layout: network.parameters.layout)
    earlyStopping = EarlyStopping(
      patience: configuration.patience, monitor: configuration.monitor,
      initial: network.parameters)
    start = clock.now
    lastCheckpoint = start
  }

  /// Shows the observers the data, which may have to be read for them.
  func beginObserving(_ training: TrainingExamples<T>) {
    do throws(FileError) {
      for observer in observers {
        try observer.begin(on: training, configuration: configuration)
      }
    } catch {
      failure = error
    }
  }

  /// Takes the place of the run that made a checkpoint.
  func goOn(from checkpoint: Checkpoint<T>) {
    optimizer.restore(
      step: checkpoint.step,
      moments: checkpoint.moments.filter { $0.name != WeightAverage<T>.name },
      lineSearch: checkpoint.lineSearch)
    average.restore(count: checkpoint.averaged, checkpoint.moments)
    earlyStopping.restore(checkpoint.best)
    epochsFinished = checkpoint.epoch - 1
    running = checkpoint.running
    plateau = checkpoint.plateau
  }

  /// Hands out the state after a step, if it is time. Weights that are not finite end the run soon and
  /// are no state to go on from.
  private func saveIfDue(
    _ network: Network<T>, now: ContinuousClock.Instant, isInterrupted: Bool
  ) {
    guard let checkpoints, let data,
      isInterrupted || checkpoints.isDue(after: optimizer.step, elapsed: now - lastCheckpoint)
        || checkpoints.includesLast && running.steps == stepsPerEpoch && mayBeLast,
      network.firstFaultOfParameters() == nil
    else { return }
    checkpoints.receive(
      Checkpoint(
        network: network, configuration: configuration, step: optimizer.step,
        moments: optimizer.moments + average.tensors, lineSearch: optimizer.lbfgs?.record,
        averaged: average.count, blocks: blocks, best: earlyStopping.best, running: running,
        plateau: plateau, data: data, version: EngineVersion.current))
    lastCheckpoint = clock.now
  }

  /// Whether the run may end with this epoch.
  private var mayBeLast: Bool {
    running.epoch == configuration.epochs || earlyStopping.isExhausted(after: running.epoch)
      || optimizer.lbfgs?.record.end != nil
  }

  /// One pass over the training data, then the validation data.
  ///
  /// - Returns: Why the run ends here, or nil if it goes on.
  func epoch(
    _ epoch: Int, _ network: inout Network<T>, _ isInterrupted: () -> Bool,
    _ report: (TrainingEvent) -> Void
  ) -> TrainingSummary.Reason? {
    var batches = begin(epoch, network)
    var clock = EpochClock(firstExample: running.totals.count)
    while let batch = batches.next() {
      workspace.ahead = batches.upcoming
      switch step(batch, &network) {
      case .accumulating: continue
      case .diverged: return .diverged
      case .updated: running.steps += 1
      }
      // By index: without optimisation an array's iterator allocates, and a step must not.
      for index in observers.indices {
        observers[index].stepEnded(optimizer.step, network: network, workspace: workspace)
      }
      let isInterrupted = isInterrupted()
      choice.record(clock.stepEnded())
      if checkpoints != nil {
        saveIfDue(network, now: clock.lastStep, isInterrupted: isInterrupted)
      }
      if isInterrupted {
        return isSound(network, epoch, isLast: true) ? .interrupted : .diverged
      }
      if clock.isReportDue() {
        report(
          .progress(
            TrainingProgress(
              epoch: epoch, epochs: configuration.epochs, stepInEpoch: running.steps,
              stepsPerEpoch: stepsPerEpoch, loss: running.totals.objective,
              examplesPerSecond: clock.examplesPerSecond(until: running.totals.count))))
      }
    }
    return close(epoch, &network, clock, report)
  }

  /// The batches of an epoch; of a resumed one those that the interrupted run has not made.
  private func begin(_ epoch: Int, _ network: Network<T>) -> Batches<T> {
    if running.epoch != epoch {
      running = RunningEpoch(
        epoch: epoch,
        metrics: Metrics(kind: metricKind, outputs: network.outputCount, examples: examples),
        learningRate: configuration.learningRate)
    }
    var batches = source.batches(
      of: batchSize, epoch: epoch,
      shuffled: configuration.shuffles && !configuration.optimizer.searchesLines)
    // The interrupted run ended with the last of these in its workspace.
    for _ in 0..<min(running.steps, stepsPerEpoch) * accumulator.batches {
      guard let batch = batches.next() else { break }
      workspace.batch = batch
    }
    return batches
  }

  /// The end of an epoch: its weights are seen to be sound, validated, and kept if they are the best.
  ///
  /// - Returns: Why the run ends here, or nil if it goes on.
  private func close(
    _ epoch: Int, _ network: inout Network<T>, _ clock: EpochClock,
    _ report: (TrainingEvent) -> Void
  ) -> TrainingSummary.Reason? {
    let seconds = clock.seconds
    failure = source.failure
    guard failure == nil else { return .interrupted }
    guard isSound(network, epoch, isLast: epoch == configuration.epochs) else { return .diverged }
    let beginsAverage = average.addEpoch(epoch, network.parameters, pool: pool)
    // What is validated and kept is the average, once there is one.
    average.swap(with: &network.parameters)
    let evaluation = validation(of: network)
    failure = validationSource?.failure
    guard failure == nil else {
      average.swap(with: &network.parameters)
      return .interrupted
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
          code: "metric",
          message: "\(metric) is not defined on the validation data after epoch 1: epochs where it "
            + "is not are ranked by their loss"))
    }
    // So that the order of the next epoch is dealt in place.
    workspace.batch = nil
    workspace.ahead = nil
    let isBest = earlyStopping.record(
      epoch: epoch, evaluation: evaluation, parameters: network.parameters,
      forgettingBefore: beginsAverage)
    average.swap(with: &network.parameters)
    plateau.record(
      loss: evaluation?.loss ?? running.totals.objective, under: configuration.rateSchedule)
    epochsFinished = epoch
    report(
      .epoch(
        EpochReport(
          epoch: epoch, epochs: configuration.epochs, step: optimizer.step,
          loss: running.totals.objective, dataLoss: running.totals.dataLoss,
          metrics: running.metrics, validation: evaluation, learningRate: running.learningRate,
          seconds: seconds,
          examplesPerSecond: Double(examples - clock.firstExample) / seconds, isBest: isBest)))
    observe(network, after: epoch)
    if optimizer.lbfgs?.record.end != nil { return .completed }
    return earlyStopping.isExhausted(after: epoch) ? .earlyStop : nil
  }

  /// Loss and metrics of the validation data, if there is any.
  private func validation(of network: Network<T>) -> Evaluation? {
    guard let count = validation,
      let batches = validationSource?.batches(
        of: network.chunk(of: count), epoch: 1, shuffled: false)
    else { return nil }
    return network.evaluate(
      on: batches, count: count, metrics: metricKind, watching: configuration.monitor?.metric,
      positive: positive,
      in: &evaluationWorkspace, pool: pool)
  }

  /// Shows the observers the network between two epochs.
  func observe(_ network: Network<T>, after epoch: Int) {
    guard !observers.isEmpty else { return }
    let state = EpochState(
      epoch: epoch, network: network, optimizer: optimizer,
      learningRate: rate(at: max(0, epoch * stepsPerEpoch - 1)), pool: pool)
    for observer in observers { observer.epochEnded(state, workspace: workspace) }
  }

  /// Whether the weights can be kept: they are finite, and so is the loss that they give on the last
  /// batch, of which a few examples must do between epochs, and where patience ends a run. A search along
  /// a line goes on from this pass, and takes all. The loss of a step tells only of the weights before its
  /// update.
  private func isSound(_ network: Network<T>, _ epoch: Int, isLast: Bool) -> Bool {
    if let fault = network.firstFaultOfParameters() {
      divergence = Divergence(step: optimizer.step, epoch: epoch, at: fault)
      return false
    }
    guard let batch = workspace.batch else { return true }
    let some =
      isLast || configuration.optimizer.searchesLines ? batch : batch.prefix(32)
    if network.forward(some, in: &workspace, pool: pool).isFinite { return true }
    divergence = Divergence(
      step: optimizer.step, epoch: epoch, at: network.firstFault(in: workspace))
    return false
  }

  /// Puts the best weights in place and sums up. A run that was interrupted before its first epoch
  /// was finished keeps the weights that it has.
  func finish(
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
      note: optimizer.lbfgs?.note(afterSteps: optimizer.step),
      evaluations: optimizer.lbfgs?.record.evaluations,
      seconds: (clock.now - start).inSeconds)
  }
}

/// The time that an epoch takes.
struct EpochClock {
  private let clock = ContinuousClock()
  private let start: ContinuousClock.Instant
  private var lastReport: ContinuousClock.Instant
  /// When the last step ended.
  private(set) var lastStep: ContinuousClock.Instant
  /// Examples of the epoch that another run has passed, which this one goes on from.
  let firstExample: Int

  init(firstExample: Int) {
    start = clock.now
    lastReport = start
    lastStep = start
    self.firstExample = firstExample
  }

  /// How long the step took that ends now.
  mutating func stepEnded() -> Duration {
    let now = clock.now
    defer { lastStep = now }
    return now - lastStep
  }

  /// Whether the last report was long ago; then one is made now.
  mutating func isReportDue() -> Bool {
    guard lastStep - lastReport > .milliseconds(100) else { return false }
    lastReport = lastStep
    return true
  }

  /// Wall time of the epoch so far.
  var seconds: Double { (clock.now - start).inSeconds }

  func examplesPerSecond(until count: Int) -> Double {
    Double(count - firstExample) / (lastStep - start).inSeconds
  }
}

extension Duration {
  var inSeconds: Double {
    let (seconds, attoseconds) = components
    return Double(seconds) + Double(attoseconds) * 1e-18
  }
}
