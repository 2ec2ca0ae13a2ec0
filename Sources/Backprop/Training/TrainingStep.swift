// One step of a run. A rule is one of two steppers: those that go along the gradient, and those that
// search along a line.

/// What a batch led to.
enum StepOutcome {
  /// Its gradient waits for the other batches of the update.
  case accumulating
  case updated
  /// A number is not finite any more.
  case diverged
}

extension Run {
  /// One batch: input → forward → output error → backpropagate → gradients → update.
  func step(_ batch: Batch<T>, _ network: inout Network<T>) -> StepOutcome {
    configuration.optimizer.searchesLines
      ? searchLine(batch, &network) : descend(batch, &network)
  }

  /// A step along the gradient.
  private func descend(_ batch: Batch<T>, _ network: inout Network<T>) -> StepOutcome {
    let pool = choice.current
    // Not the steps of the optimizer, which are others if a run goes on with other batches. (Of a chunk by
    // itself it means nothing: the rate is constant.)
    let position = (running.epoch - 1) * stepsPerEpoch + running.steps
    let update = accumulator.examples(ofUpdate: running.steps)
    let penalties = configuration.penalties(examples: examples, batch: update)
    let regularizationFactor =
      configuration.schedule.regularizationSchedule?.factor(
        at: position, of: stepsPerEpoch * configuration.epochs) ?? 1
    var regularization = regularization?.at(
      step: (batchesBefore ?? (running.epoch - 1) * stepsPerEpoch * accumulator.batches)
        + running.steps * accumulator.batches + accumulator.taken)
    regularization?.dropoutFactor = regularizationFactor
    let dataLoss = network.forwardAndBackward(
      batch, in: &workspace, scale: network.reduction.scale(count: update),
      under: regularization, into: &gradient, through: blockPasses, pool: pool)
    let objective = Objective(
      dataLoss: dataLoss, penalty: network.parameters.penalty(penalties))
    guard take(objective, batch, of: update, network) else { return .diverged }
    guard accumulator.add(&gradient, rows: batch.count, of: update, pool: pool) else {
      return .accumulating
    }
    exchange(&gradient)
    gradient.addGradient(of: penalties, at: network.parameters, pool: pool)
    gradient.clip(toNorm: configuration.clipNorm, value: configuration.clipValue, pool: pool)
    running.learningRate = rate(at: position)
    optimizer.update(
      &network.parameters, along: gradient, rate: running.learningRate,
      momentum: configuration.momentum(at: position, stepsPerEpoch: stepsPerEpoch),
      decayFactor: regularizationFactor, pool: pool)
    if let bound = configuration.maxNorm { network.parameters.limitNorms(to: bound, pool: pool) }
    average.addStep(network.parameters, pool: pool)
    return .updated
  }

  /// A step to a lower loss along a line, which takes several passes over the batch.
  private func searchLine(
    _ batch: Batch<T>, _ network: inout Network<T>
  ) -> StepOutcome {
    let pool = pool
    let penalties = configuration.penalties(examples: examples, batch: batch.count)
    // Where the search before ended, the pass has been made.
    let objective =
      optimizer.lbfgs?.reached
      ?? network.formObjective(
        of: batch, penalties: penalties, in: &workspace, into: &gradient, pool: pool)
    let blocks = workspace.blocks
    for block in 0..<blocks.count {
      blockMetrics.judge(block, blocks.rows(of: block), in: workspace)
    }
    guard take(objective, batch, of: batch.count, network) else { return .diverged }
    running.learningRate = optimizer.search(
      &network, in: &workspace, gradient: &gradient, objective: objective,
      rate: rate(at: (running.epoch - 1) * stepsPerEpoch + running.steps)
    ) { network, workspace, gradient in
      network.formObjective(
        of: batch, penalties: penalties, in: &workspace, into: &gradient, pool: pool)
    }
    return .updated
  }

  /// Takes loss and metrics of a batch into the sums of the epoch.
  ///
  /// - Returns: Whether the loss is finite; if not, where the fault is has been noted.
  private func take(
    _ objective: Objective, _ batch: Batch<T>, of update: Int, _ network: Network<T>
  ) -> Bool {
    let loss = objective.dataLoss + objective.penalty
    ramp?.record(loss, of: batch.count, under: network.reduction)
    guard loss.isFinite else {
      divergence = Divergence(
        step: optimizer.step + 1, epoch: running.epoch, at: network.firstFault(in: workspace))
      return false
    }
    blockMetrics.add(workspace.blocks, to: &running.metrics)
    running.totals.add(
      objective.dataLoss, objective.penalty, count: batch.count, of: update,
      reduction: network.reduction)
    return true
  }

  /// Adds up the gradient over the processes that share a batch. One process has it whole.
  private func exchange(_ gradient: inout Parameters<T>) {}

  /// η of a step: a function of its number, and of the losses of the epochs before under `plateau`.
  func rate(at step: Int) -> Double {
    ramp?.rate(at: step)
      ?? configuration.rate(at: step, stepsPerEpoch: stepsPerEpoch) * plateau.scale
  }
}
