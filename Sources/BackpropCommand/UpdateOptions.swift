import ArgumentParser
import Backprop
import BackpropInspection

/// What acts on the weights beside rule and rate.
struct UpdateOptions: ParsableArguments {
  @Option(
    name: .customLong("l1"), parsing: .unconditional,
    help: "Adds λ ‖W‖₁ to the loss, which drives weights to 0. (default: 0)")
  var l1Penalty: Double?

  @Option(
    name: .customLong("l2-scaling"),
    help:
      "What λ of --l2 is divided by: loss, nothing; per-example, the number of training examples (Nielsen); per-batch, that of the batch (scikit-learn's alpha). --weight-decay is the third kind, beside the loss. (default: loss)"
  )
  var l2Scaling: String?

  @Option(
    name: .long, parsing: .unconditional,
    help:
      "The greatest norm of the weights that enter a neuron; after each update longer ones are scaled to it. (default: none)"
  )
  var maxNorm: Double?

  @Option(
    name: .long, parsing: .unconditional,
    help:
      "Validate and save an exponential average of the weights over the updates, with this decay, such as 0.999."
  )
  var ema: Double?

  @Option(
    name: .long, parsing: .unconditional,
    help:
      "Validate and save the equal average of the weights at the ends of the epochs after this part of them, such as 0.75."
  )
  var swa: Double?

  @Option(
    name: .long, parsing: .unconditional,
    help: "Batches whose gradients make one update, that of the joined batch. (default: 1)")
  var accumulate: Int?

  @Option(
    name: .long, parsing: .unconditional,
    help:
      "What the learning rate is multiplied by: one number for all layers, or one for each, a,b,…; 0 leaves a layer as it is."
  )
  var rateFactors: String?

  @Option(
    name: .long, parsing: .unconditional,
    help: "What the learning rate of the biases is multiplied by besides. (default: 1)")
  var biasRateFactor: Double?

  @Flag(name: .long, help: "Let --weight-decay act on the biases too.")
  var decayBiases = false

  @Option(
    name: .long,
    help:
      "With one-cycle: the momentum (β₁ of adam and its kin) falls from high to low and rises again, low:high, such as 0.85:0.95."
  )
  var cycleMomentum: String?

  /// Checks what can be checked before any data is read.
  func check(with run: RunOptions) throws {
    if ema != nil, swa != nil {
      throw UsageError("give --ema or --swa, not both: one average is saved")
    }
    if try scaling() != nil, (run.l2Penalty ?? 0) == 0 {
      throw UsageError("--l2-scaling says how --l2 is meant; give --l2 too, or leave it out")
    }
    let configuration = try run.configuration(examples: 1, hasValidation: false)
    let rule = configuration.optimizer
    if rule.takesAllExamples, (accumulate ?? 1) > 1 {
      throw UsageError(
        "--accumulate has no meaning for \(rule.name), whose steps take all examples; leave it out")
    }
    if rule.ignoresSchedule, rateFactors != nil || biasRateFactor != nil {
      throw UsageError(
        "\(rule.name) finds the size of its steps by itself: leave --rate-factors and "
          + "--bias-rate-factor out")
    }
    if decayBiases, configuration.weightDecay == 0 {
      throw UsageError("--decay-biases says what --weight-decay acts on; give --weight-decay too")
    }
    if cycleMomentum != nil, run.momentum != nil {
      throw UsageError("give --momentum or --cycle-momentum, not both")
    }
  }

  /// Adds what was asked for to a configuration that has none of it.
  ///
  /// - Parameters:
  ///   - configuration: That of `RunOptions`.
  ///   - examples: Training examples.
  func apply(to configuration: inout TrainingConfiguration, examples: Int) throws {
    configuration.l1Penalty = l1Penalty == 0 ? nil : l1Penalty
    configuration.l2Scaling = try scaling()
    if configuration.l2Scaling == .perExample { configuration.trainingExamples = examples }
    configuration.maxNorm = maxNorm
    configuration.averaging =
      ema.map { .exponential(decay: $0) } ?? swa.map { .stochastic(start: $0) }
    configuration.accumulate = accumulate == 1 ? nil : accumulate
    configuration.tensorFactors = try factors()
    configuration.cycleMomentum = try cycle()
  }

  private func scaling() throws -> L2Scaling? {
    try l2Scaling.map { text in
      guard let scaling = L2Scaling(rawValue: text) else {
        throw UsageError(
          "--l2-scaling \(text): give one of "
            + L2Scaling.allCases.map(\.rawValue).joined(separator: ", "))
      }
      return scaling
    }
  }

  private func factors() throws -> [TensorFactors]? {
    if rateFactors == nil, biasRateFactor == nil, !decayBiases { return nil }
    let rates = try rateFactors.map { text in
      try Names.split(text, option: "--rate-factors").map { part in
        guard let factor = Double(part), factor.isFinite, factor >= 0 else {
          throw UsageError(
            "--rate-factors \(text): \(part.quoted) is not a number of at least 0; give one, or a,b,…"
          )
        }
        return factor
      }
    }
    return try (rates ?? [1]).map { rate in
      let biasRate = rate * (biasRateFactor ?? 1)
      guard biasRate.isFinite else {
        throw UsageError(
          "--rate-factors \(JSONValue(rate)) times --bias-rate-factor \(JSONValue(biasRateFactor ?? 1)) is "
            + "no number any more; give smaller ones")
      }
      return TensorFactors(
        weightRate: rate, biasRate: biasRate, biasDecay: decayBiases ? 1 : 0)
    }
  }

  private func cycle() throws -> MomentumCycle? {
    try cycleMomentum.map { text in
      let parts = text.split(separator: ":", omittingEmptySubsequences: false).map { Double($0) }
      guard parts.count == 2, let low = parts[0], let high = parts[1] else {
        throw UsageError(
          "--cycle-momentum \(text): give low:high with 0 ≤ low ≤ high < 1, such as 0.85:0.95")
      }
      return MomentumCycle(low: low, high: high)
    }
  }
}

extension TrainingConfiguration {
  /// What `inspect` says of the updates, a line each.
  var updateLines: [(name: String, text: String)] {
    var penalties: [String] = []
    if l2Penalty > 0 {
      let scaling = l2Scaling ?? .loss
      let effective =
        scaling == .loss ? "" : ", λ = \(Format.short(effectiveL2Penalty())) for a whole batch"
      penalties.append("L2 \(l2Penalty) (\(scaling.rawValue)\(effective))")
    }
    if let l1Penalty { penalties.append("L1 \(l1Penalty)") }
    if weightDecay > 0 { penalties.append("decoupled decay \(weightDecay)") }
    if let maxNorm { penalties.append("max-norm \(maxNorm)") }
    var update: [String] = []
    if let accumulate { update.append("\(accumulate) batches an update") }
    if let averaging { update.append(averaging.summary) }
    if let tensorFactors {
      let rates = tensorFactors.map { "\($0.weightRate)/\($0.biasRate)" }
      update.append("rate factors (weights/biases) \(rates.joined(separator: ", "))")
      if tensorFactors.contains(where: { $0.biasDecay > 0 }) { update.append("biases decay too") }
    }
    if let cycle = cycleMomentum { update.append("momentum \(cycle.high) – \(cycle.low)") }
    return [("penalties", penalties), ("updates", update)].filter { !$0.1.isEmpty }
      .map { ($0.0, $0.1.joined(separator: "; ")) }
  }
}
