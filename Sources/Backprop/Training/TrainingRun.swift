/// One run: what is allocated once, and how far it has come.
struct Run<T: Scalar>: ~Copyable {
  let configuration: TrainingConfiguration
  let pool: ThreadPool?
  /// Whether steps use the pool.
  var choice: PoolChoice
  let metricKind: MetricKind
  let validation: Int?
  let batchSize: Int
  let stepsPerEpoch: Int
  let examples: Int
  /// What steps change at random; nil for nothing.
  let noise: Noise?
  var source: BatchSource<T>
  var validationSource: BatchSource<T>?
  /// Why data could not be read, which ended the run.
  var failure: FileError?
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
  /// Sets the rate of each step in the place of the schedule, and takes note of its loss.
  var ramp: RateRamp?
  /// The epoch that a resumed run begins in.
  var resumed: RunningEpoch?
  var lastCheckpoint: ContinuousClock.Instant
  let clock = ContinuousClock()
  let start: ContinuousClock.Instant

  init(
    _ trainer: Trainer<T>, _ network: Network<T>, _ training: TrainingExamples<T>,
    _ validation: TrainingExamples<T>?, _ metrics: MetricKind, _ failure: inout FileError?
  ) {
    configuration = trainer.configuration
    pool = trainer.threads > 1 ? ThreadPool(threads: trainer.threads) : nil
    choice = PoolChoice(pool)
    metricKind = metrics
    self.validation = validation?.count
    examples = training.count
    batchSize = configuration.examplesPerStep(of: training.count)
    joined = JoinedGradient(
      of: configuration.accumulate ?? 1, batchSize: batchSize, examples: training.count,
      layout: network.parameters.layout)
    stepsPerEpoch = joined.updatesPerEpoch
    source = BatchSource(
      training, seed: configuration.seed, block: configuration.shuffleBlock, capacity: batchSize)
    validationSource = validation.map { data in
      let chunk = network.chunk(of: data.count)
      return BatchSource(
        data, seed: 0, block: ShuffleBlock(rows: chunk, window: 1), capacity: chunk)
    }
    let noise = configuration.noise
    let isNoisy =
      noise.changesInputs || noise.changesTargets || network.layers.contains { $0.dropout > 0 }
    self.noise = isNoisy ? noise : nil
    workspace = Workspace(for: network, capacity: batchSize, noise: self.noise)
    if let shards = configuration.shards, shards > 1 {
      workspace.shards = ShardSums(count: shards, layout: network.parameters.layout)
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
    let data = Self.measured(training, trainer, &failure)
    probe = data.diagnosis.flatMap { data in
      trainer.diagnosis.map { DiagnosisProbe(on: data, options: $0) }
    }
    distributionProbe = data.distributions.flatMap { data in
      trainer.distributions.map {
        DistributionProbe(on: data, configuration: trainer.configuration, options: $0)
      }
    }
    self.failure = failure
    start = clock.now
    lastCheckpoint = start
  }

  /// The examples that are measured between the epochs, in memory.
  private static func measured(
    _ training: TrainingExamples<T>, _ trainer: Trainer<T>, _ failure: inout FileError?
  ) -> (diagnosis: Dataset<T>?, distributions: Dataset<T>?) {
    // The same examples that a diagnosis of as many would look at.
    let sample = trainer.distributions.map { options in
      var sample = DiagnosisOptions(configuration: trainer.configuration)
      sample.examples = options.examples
      return sample
    }
    do throws(FileError) {
      let parts = try [trainer.diagnosis, sample].map { (options) throws(FileError) in
        try options.map { (options) throws(FileError) in
          try training.subset(options.rows(of: training.count))
        }
      }
      return (parts[0], parts[1])
    } catch {
      failure = error
      return (nil, nil)
    }
  }

  /// Takes the place of the run that made a checkpoint.
  mutating func goOn(from checkpoint: Checkpoint<T>) {
    optimizer.restore(
      step: checkpoint.step,
      moments: checkpoint.moments.filter { $0.name != WeightAverage<T>.name },
      lineSearch: checkpoint.lineSearch)
    average.restore(count: checkpoint.averaged, checkpoint.moments)
    earlyStopping.restore(checkpoint.best)
    epochsFinished = checkpoint.epoch - 1
    resumed = checkpoint.running
    plateau = checkpoint.plateau
  }

  /// Whether outputs in training are judged by the targets of the data, and not by smoothed or mixed
  /// ones: wherever targets are classes.
  private var judgesOwnTargets: Bool {
    if case .regression = metricKind { false } else { true }
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
        moments: optimizer.moments + average.tensors, lineSearch: optimizer.lbfgs?.record,
        averaged: average.count, best: earlyStopping.best, running: running, plateau: plateau,
        data: data, version: EngineVersion.current))
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
    var lastStep = epochStart
    var running =
      resumed
      ?? RunningEpoch(
        epoch: epoch,
        metrics: Metrics(kind: metricKind, outputs: network.outputCount, examples: examples),
        learningRate: configuration.learningRate)
    resumed = nil
    let firstExample = running.totals.count
    var batches = source.batches(
      of: batchSize, epoch: epoch,
      shuffled: configuration.shuffles && !configuration.optimizer.searchesLines)
    // What the interrupted run has done; it ended with the last of these in its workspace.
    for _ in 0..<min(running.steps, stepsPerEpoch) * joined.batches {
      guard let batch = batches.next() else { break }
      workspace.batch = batch
    }

    while let batch = batches.next() {
      workspace.ahead = batches.upcoming
      let pool = choice.current
      // Not the steps of the optimizer, which are others if a run goes on with other batches.
      let position = (epoch - 1) * stepsPerEpoch + running.steps
      let rate = self.rate(at: position)
      let examplesOfUpdate = joined.examples(ofUpdate: running.steps)
      let penalties = configuration.penalties(examples: examples, batch: examplesOfUpdate)
      // Where a search along a line ended, the pass has been made.
      let reached = optimizer.lbfgs?.reached
      let dataLoss =
        reached?.dataLoss
        ?? network.forward(
          batch, in: &workspace, scale: network.reduction.scale(count: examplesOfUpdate),
          under: noise?.at(step: position * joined.batches + joined.taken), pool: pool)
      let penalty = reached?.penalty ?? network.parameters.penalty(penalties)
      ramp?.record(dataLoss + penalty, of: batch.count, under: network.reduction)
      guard (dataLoss + penalty).isFinite else {
        divergence = Divergence(
          step: optimizer.step + 1, epoch: epoch, at: network.firstFault(in: workspace))
        return .diverged
      }
      if reached == nil {
        network.backward(in: &workspace, into: &gradient, pool: pool)
      }
      running.metrics.add(
        outputs: workspace.states[network.layers.count - 1].outputs,
        targets: judgesOwnTargets ? workspace.ownTargets : workspace.targets,
        weights: judgesOwnTargets ? workspace.ownWeights : workspace.weights,
        rows: 0..<batch.count)
      running.totals.add(
        dataLoss, penalty, count: batch.count, of: examplesOfUpdate, reduction: network.reduction)
      guard
        joined.add(
          &gradient, rows: batch.count, of: examplesOfUpdate, reduction: network.reduction,
          pool: pool)
      else { continue }
      // Of a pass that a search made, the gradient has its penalties.
      if reached == nil {
        gradient.addGradient(of: penalties, at: network.parameters, pool: pool)
      }
      gradient.clip(
        toNorm: configuration.clipNorm, value: configuration.clipValue, pool: pool)
      var length = rate
      if configuration.optimizer.searchesLines {
        length = search(
          &network, batch, Objective(dataLoss: dataLoss, penalty: penalty), penalties, rate: rate)
      } else {
        optimizer.update(
          &network.parameters, along: gradient, rate: rate,
          momentum: configuration.momentum(at: position, stepsPerEpoch: stepsPerEpoch), pool: pool)
      }
      if let bound = configuration.maxNorm {
        network.parameters.limitNorms(to: bound, pool: pool)
      }
      average.addStep(network.parameters, pool: pool)

      running.steps += 1
      running.learningRate = length
      let isInterrupted = isInterrupted()
      let now = clock.now
      choice.record(now - lastStep)
      lastStep = now
      if checkpoints != nil {
        saveIfDue(network, running, now: now, isInterrupted: isInterrupted)
      }
      if isInterrupted {
        return isSound(network, epoch, isLast: true) ? .interrupted : .diverged
      }
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
          code: "monitor",
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
    if optimizer.lbfgs?.record.end != nil { return .completed }
    return earlyStopping.isExhausted(after: epoch) ? .earlyStop : nil
  }

  /// Loss and metrics of the validation data, if there is any.
  private mutating func validation(of network: Network<T>) -> Evaluation? {
    guard let count = validation,
      let batches = validationSource?.batches(
        of: network.chunk(of: count), epoch: 1, shuffled: false)
    else { return nil }
    return network.evaluate(
      on: batches, count: count, metrics: metricKind, watching: configuration.monitor?.metric,
      in: &evaluationWorkspace, pool: pool)
  }

  /// One step of a rule that searches along lines.
  private mutating func search(
    _ network: inout Network<T>, _ batch: Batch<T>, _ objective: Objective, _ penalties: Penalties,
    rate: Double
  ) -> Double {
    let pool = pool
    return optimizer.search(
      &network, in: &workspace, gradient: &gradient, objective: objective, rate: rate
    ) { network, workspace, gradient in
      network.formObjective(
        of: batch, penalties: penalties, in: &workspace, into: &gradient, pool: pool)
    }
  }

  /// η of a step: a function of its number, and of the losses of the epochs before under `plateau`.
  private func rate(at step: Int) -> Double {
    ramp?.rate(at: step)
      ?? configuration.rate(at: step, stepsPerEpoch: stepsPerEpoch) * plateau.scale
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
  /// batch, of which a few examples must do between epochs, and where patience ends a run. All of a batch
  /// that is all the data: L-BFGS goes on from this pass. The loss of a step tells only of the weights
  /// before its update.
  private mutating func isSound(_ network: Network<T>, _ epoch: Int, isLast: Bool) -> Bool {
    if let fault = network.firstFaultOfParameters() {
      divergence = Divergence(step: optimizer.step, epoch: epoch, at: fault)
      return false
    }
    guard let batch = workspace.batch else { return true }
    let some = isLast || batch.count == examples ? batch : batch.prefix(32)
    if network.forward(some, in: &workspace, pool: pool).isFinite { return true }
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
      note: optimizer.lbfgs?.note(afterSteps: optimizer.step),
      evaluations: optimizer.lbfgs?.record.evaluations,
      seconds: (clock.now - start).inSeconds)
  }
}

extension Duration {
  var inSeconds: Double {
    let (seconds, attoseconds) = components
    return Double(seconds) + Double(attoseconds) * 1e-18
  }
}
