import Backprop

/// Some real steps on a copy of a network, at a constant learning rate.
package struct DiagnosisTrial: Codable, Hashable, Sendable {
  /// The name of the rule.
  package let optimizer: String
  /// η of every step.
  package let learningRate: Double
  /// Examples a step.
  package let batchSize: Int
  /// C, averaged over the measured examples: before the first step, then after each. The last one is
  /// not finite if the trial ended there.
  package let losses: [Double]
  /// ∇C·Δθ of the first step: what its batch's C would change by if C were linear. Penalties are left
  /// out; C is the batch's by the network's own reduction.
  package let predictedChange: Double
  /// C(θ + Δθ) − C(θ) of the first step, on the same batch, in double precision.
  package let realChange: Double
  /// Where the first NaN or infinity arose; nil if all stayed finite.
  package let firstNonfinite: Divergence?

  /// Steps that were made.
  package var steps: Int { losses.count - 1 }
}

/// The trial itself, and what only its run can see.
struct TrialRun<T: Scalar> {
  let record: DiagnosisTrial
  /// ‖Δθ‖ / ‖θ‖ of every layer, the median over the steps. One step would not do: the first of Adam
  /// moves every parameter by η, whatever its gradient.
  let updates: [UpdateRatio]

  /// - Parameters:
  ///   - network: Left as it is.
  ///   - data: What the batches are dealt from, as in training.
  ///   - measured: The examples whose C is followed.
  init(
    of network: Network<T>, on data: Dataset<T>, measured: Batch<T>, options: DiagnosisOptions,
    pool: ThreadPool?
  ) {
    let configuration = options.configuration
    let batchSize = configuration.examplesPerStep(of: data.count)
    var network = network
    var before = network.parameters
    var gradient = network.makeGradient()
    var workspace = Workspace(for: network, capacity: max(batchSize, measured.count))
    var optimizer = Optimizer<T>(
      rule: configuration.optimizer, weightDecay: configuration.weightDecay,
      factors: configuration.tensorFactors, for: network.parameters.layout)
    var source = BatchSource(data, seed: configuration.seed)
    var losses = [network.meanLoss(of: measured, in: &workspace, pool: pool)]
    var ratios: [[UpdateRatio]] = []
    var change = (predicted: Double.nan, real: Double.nan)
    var fault: Divergence?
    var epoch = 0
    while optimizer.step < options.steps, fault == nil {
      epoch += 1
      for batch in source.batches(of: batchSize, epoch: epoch, shuffled: configuration.shuffles) {
        let loss = network.forward(batch, in: &workspace, pool: pool)
        guard loss.isFinite else {
          fault = Divergence(
            step: optimizer.step + 1, epoch: epoch, at: network.firstFault(in: workspace))
          losses.append(.nan)
          break
        }
        network.backward(in: &workspace, into: &gradient, pool: pool)
        let dataGradient = optimizer.step == 0 ? gradient : nil
        gradient.addGradient(
          of: configuration.penalties(examples: data.count, batch: batch.count),
          at: network.parameters, pool: pool)
        gradient.clip(
          toNorm: configuration.clipNorm, value: configuration.clipValue, pool: pool)
        before.assign(network.parameters)
        if configuration.optimizer.searchesLines {
          let penalties = configuration.penalties(examples: data.count, batch: batch.count)
          _ = optimizer.search(
            &network, in: &workspace, gradient: &gradient,
            objective: Objective(
              dataLoss: loss, penalty: network.parameters.penalty(penalties)),
            rate: configuration.learningRate
          ) { network, workspace, gradient in
            network.formObjective(
              of: batch, penalties: penalties, in: &workspace, into: &gradient, pool: pool)
          }
        } else {
          optimizer.update(
            &network.parameters, along: gradient, rate: configuration.learningRate, pool: pool)
        }
        if let bound = configuration.maxNorm {
          network.parameters.limitNorms(to: bound, pool: pool)
        }
        ratios.append(network.parameters.updateRatios(from: before))
        if let dataGradient {
          change = network.change(from: before, along: dataGradient, on: batch, pool: pool)
        }
        losses.append(network.meanLoss(of: measured, in: &workspace, pool: pool))
        if losses[losses.count - 1].isFinite == false {
          fault = Divergence(
            step: optimizer.step, epoch: epoch,
            at: network.firstFaultOfParameters() ?? network.firstFault(in: workspace))
        }
        if fault != nil || optimizer.step == options.steps { break }
      }
    }
    updates = network.layers.indices.map { layer in UpdateRatio.median(of: ratios.map { $0[layer] })
    }
    record = DiagnosisTrial(
      optimizer: configuration.optimizer.name, learningRate: configuration.learningRate,
      batchSize: batchSize, losses: losses, predictedChange: change.predicted,
      realChange: change.real, firstNonfinite: fault)
  }
}

extension Network {
  /// C averaged over a batch, whatever the reduction.
  func meanLoss(
    of batch: Batch<T>, in workspace: inout Workspace<T>, pool: ThreadPool?
  ) -> Double {
    forward(batch, in: &workspace, scale: Reduction.mean.scale(count: batch.count), pool: pool)
  }

  /// What a step promised, and what it kept.
  ///
  /// Both are in double precision, from parameters that are exactly those of the step: the change is
  /// a small difference of large numbers.
  ///
  /// - Parameters:
  ///   - before: θ; the network itself holds θ + Δθ.
  ///   - gradient: ∇C at θ on this batch, without penalties.
  fileprivate func change(
    from before: Parameters<T>, along gradient: Parameters<T>, on batch: Batch<T>,
    pool: ThreadPool?
  ) -> (predicted: Double, real: Double) {
    var predicted = 0.0
    for index in 0..<parameters.layout.count {
      let move = Double(parameters.start[index]) - Double(before.start[index])
      predicted += Double(gradient.start[index]) * move
    }
    var network = converted(to: Double.self)
    let batch = batch.converted(to: Double.self)
    var workspace = Workspace(for: network, capacity: batch.count)
    let after = network.forward(batch, in: &workspace, pool: pool)
    network.parameters = before.converted(to: Double.self)
    return (predicted, after - network.forward(batch, in: &workspace, pool: pool))
  }
}

extension Batch {
  /// A copy of these examples in another precision.
  fileprivate func converted<U: Scalar>(to type: U.Type) -> Batch<U> {
    let indices: [UInt32] =
      switch rows {
      case .range(let range): range.map { UInt32($0) }
      case .indices(let indices): Array(indices)
      }
    func convert(_ matrix: Matrix<T>) -> Matrix<U> {
      Matrix<U>(matrix.elements.map { $0.map { U($0) } })
    }
    let chosen = inputs.selecting(indices)
    return Batch<U>(
      inputs: convert(chosen.matrix(of: 0..<indices.count)),
      targets: convert(targets.selecting(indices).numbers),
      weights: weights.map { weights in indices.map { U(weights[0, Int($0)]) } })
  }
}

/// The attempt to learn a few examples by heart: a network that cannot do that has a bug, or its data.
///
/// Karpathy, A Recipe for Training Neural Networks (2019): "overfit one batch".
package struct OverfitTrial: Codable, Hashable, Sendable {
  /// Examples that were to be learned; of several with the same inputs only one.
  package let examples: Int
  /// Steps, on all of them at a time, until the score was reached, or all that were allowed.
  package let steps: Int
  /// What the copy reached, by this measure.
  package let score: Double
  package let measure: Measure

  /// By what it is judged.
  package enum Measure: String, Codable, CaseIterable, Sendable {
    /// The share of examples whose class is right.
    case accuracy
    /// The share of examples all of whose labels are right.
    case exactMatch
    /// 1 − Σ(a − y)² / Σ(y − ȳ)², both sums over all outputs.
    case r2

    init(_ metrics: MetricKind) {
      self =
        switch metrics {
        case .classification: .accuracy
        case .multiLabel: .exactMatch
        case .regression: .r2
        }
    }

    /// The bound that decides.
    var threshold: DiagnosisThresholds.Name { self == .r2 ? .overfitR2 : .overfitAccuracy }
  }
}

extension OverfitTrial {
  /// Adam at a rate that is quick, then at one that is safe.
  private static let rates = [0.01, 0.002]
  /// Rows that are looked at for different examples.
  private static let mostCandidates = 1000

  /// - Returns: nil if the examples have nothing to tell apart: numbers that are all the same.
  init?<T: Scalar>(
    of network: Network<T>, on data: Dataset<T>, metrics: MetricKind, options: DiagnosisOptions,
    threads: Int = 1
  ) {
    var random = RandomSource(seed: options.configuration.seed, purpose: .sampling, index: 1)
    var rows: [UInt32] = []
    var seen: [[T]] = []
    for row in random.permutation(of: data.count).prefix(Self.mostCandidates) {
      if rows.count == options.overfitExamples { break }
      let inputs = data.storedInputs.matrix(of: Int(row)..<Int(row) + 1)[row: 0]
      if seen.contains(inputs) { continue }
      seen.append(inputs)
      rows.append(row)
    }
    // Weights of examples would only say which of them to learn first.
    let few = Dataset(
      inputs: data.storedInputs.selecting(rows), targets: data.storedTargets.selecting(rows))
    let measure = Measure(metrics)
    let goal = options.thresholds[measure.threshold]
    var best: OverfitTrial?
    for rate in Self.rates {
      guard
        var copy = try? Network<T>(
          layers: network.layers.map(\.withoutDropout), loss: network.loss,
          reduction: network.reduction)
      else { return nil }
      copy.parameters.assign(network.parameters)
      var hasReached = false
      var configuration = TrainingConfiguration(
        optimizer: .adam(), learningRate: rate, schedule: .constant, batchSize: few.count,
        epochs: options.overfitSteps, patience: options.overfitSteps,
        seed: options.configuration.seed)
      // What is asked is whether the classes are learned, however sure the network is of them.
      if case .classification = metrics { configuration.stopping.metric = .accuracy }
      let summary = Trainer<T>(checked: configuration, threads: threads).trainChecked(
        &copy, on: few, validation: few, metrics: metrics,
        report: { event in
          if case .epoch(let report) = event, let validation = report.validation {
            hasReached = Self.score(validation.metrics, measure) >= goal
          }
        }, isInterrupted: { hasReached })
      // All outputs count as the network has them, whatever their units.
      let score =
        measure == .r2
        ? copy.evaluate(
          on: few, metrics: .regression(scales: Array(repeating: 1, count: copy.outputCount))
        ).metrics.varianceWeightedR2
        : summary.validation.map { Self.score($0.metrics, measure) } ?? 0
      if score.isNaN { return nil }
      if score > best?.score ?? -.infinity {
        best = OverfitTrial(
          examples: few.count, steps: hasReached ? summary.bestEpoch : summary.steps, score: score,
          measure: measure)
      }
      if score >= goal { break }
    }
    guard let best else { return nil }
    self = best
  }

  private static func score(_ metrics: Metrics, _ measure: Measure) -> Double {
    metrics.values.first { $0.name == measure.rawValue }?.value ?? 0
  }
}
