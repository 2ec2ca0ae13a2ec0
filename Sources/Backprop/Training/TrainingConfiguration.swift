/// Everything that decides a training run, except the data and the network.
///
/// The number of threads is not part of it: it changes no bit of the result.
public struct TrainingConfiguration: Codable, Hashable, Sendable {
  public var optimizer: OptimizerRule
  /// η, the largest learning rate of the schedule; positive.
  public var learningRate: Double
  public var schedule: Schedule
  /// The share of the steps over which η rises in a line before the schedule begins, from 0 to 1;
  /// nil for none. A cosine has its own besides.
  public var warmUp: Double?
  /// m, examples a step; at least 1. The last batch of an epoch may be shorter.
  public var batchSize: Int
  /// Passes over the training data; at least 1.
  public var epochs: Int
  /// Whether each epoch takes the examples in a new random order. L-BFGS compares the sums of one
  /// epoch with those of another and takes them in the order of the data.
  public var shuffles: Bool
  /// The blocks that are shuffled instead of single examples; nil for a full shuffle. The order is the
  /// same whether the data is in memory or spooled, which needs blocks.
  public var shuffleBlock: ShuffleBlock?
  /// Blocks into which each batch is cut (`Blocks`), at least 1; nil for as many as its length and the
  /// network ask for.
  public var shards: Int?
  /// λ of ½ λ ‖W‖² in the loss; at least 0. Enters with BP4, never in δ.
  public var l2Penalty: Double
  /// Decoupled decay of the weights: W ← W − η λ W; at least 0.
  public var weightDecay: Double
  /// The greatest ‖g‖ of a step, over all weights and biases; positive. Nil for any. The gradient is
  /// clipped with the penalty in it, by value before by norm.
  public var clipNorm: Double?
  /// The greatest |gᵢ| of a step; positive. Nil for any.
  public var clipValue: Double?
  /// Epochs without a better validation score after which training stops; nil for never.
  public var patience: Int?
  /// What chooses the best epoch, and what counts as better; nil for the usual (see `Monitor`).
  public var monitor: Monitor?
  /// The same seed gives the same run, bit for bit.
  public var seed: UInt64
  /// s of the Gaussian noise that is added to inputs in training; nil for none. See
  /// `StochasticRegularization`, as for what follows. Dropout of hidden layers stands in the layers.
  public var inputNoise: Double?
  /// The probability that an input is dropped in training, in 0 ..< 1; nil for none.
  public var inputDropout: Double?
  /// ε of the smoothed targets, in 0 ..< 1; nil for none. The training loss is that of the smoothed
  /// targets; its metrics, and all of validation, know the targets as they are.
  public var labelSmoothing: Double?
  /// α of mixup, positive; nil for none. The training loss is that of the mixed examples. Metrics
  /// judge a mixed example of a classification by the class of its larger part.
  public var mixup: Double?

  // Nil in each of these is as if it were not there.
  /// λ₁ of λ₁ ‖W‖₁ in the loss; at least 0. Enters with BP4, never in δ; its slope at 0 is 0.
  public var l1Penalty: Double?
  /// What `l2Penalty` is divided by; nil for nothing.
  public var l2Scaling: L2Scaling?
  /// n of `L2Scaling.perExample`, for whoever has a model and not its training data. A run counts
  /// its own examples.
  public var trainingExamples: Int?
  /// After each update, the greatest norm of the weights that enter one neuron; positive.
  public var maxNorm: Double?
  /// Which average of the weights is validated and kept; nil for the weights themselves.
  public var averaging: WeightAveraging?
  /// Batches whose gradients make one update, at least 1; the update is that of the joined batch.
  public var accumulate: Int?
  /// Factors of rate and decay: one for all layers, or one for each of 2 … L.
  public var tensorFactors: [TensorFactors]?
  /// Between which momenta a one-cycle schedule moves; nil for the rule's own.
  public var cycleMomentum: MomentumCycle?

  public init(
    optimizer: OptimizerRule = .adam(), learningRate: Double? = nil,
    schedule: Schedule = .cosine(), warmUp: Double? = nil, batchSize: Int = 32, epochs: Int = 100,
    shuffles: Bool = true, l2Penalty: Double = 0, weightDecay: Double? = nil,
    clipNorm: Double? = nil, clipValue: Double? = nil, patience: Int? = nil, seed: UInt64 = 0,
    monitor: Monitor? = nil, shuffleBlock: ShuffleBlock? = nil, shards: Int? = nil,
    inputNoise: Double? = nil, inputDropout: Double? = nil, labelSmoothing: Double? = nil,
    mixup: Double? = nil
  ) {
    self.optimizer = optimizer
    self.learningRate = learningRate ?? optimizer.suggestedLearningRate
    self.schedule = schedule
    self.warmUp = warmUp
    self.batchSize = batchSize
    self.epochs = epochs
    self.shuffles = shuffles
    self.shuffleBlock = shuffleBlock
    self.shards = shards
    self.l2Penalty = l2Penalty
    self.weightDecay = weightDecay ?? optimizer.suggestedWeightDecay
    self.clipNorm = clipNorm
    self.clipValue = clipValue
    self.patience = patience
    self.monitor = monitor
    self.seed = seed
    self.inputNoise = inputNoise
    self.inputDropout = inputDropout
    self.labelSmoothing = labelSmoothing
    self.mixup = mixup
  }

  /// What the steps of a run change at random besides the outputs of hidden layers, at step 0.
  public var regularization: StochasticRegularization {
    StochasticRegularization(
      seed: seed, inputDeviation: inputNoise ?? 0, inputDropout: inputDropout ?? 0,
      labelSmoothing: labelSmoothing ?? 0, mixup: mixup ?? 0)
  }

  /// η of a step: the warm-up in a line, then the schedule over the steps that are left.
  ///
  /// - Parameters:
  ///   - step: Steps taken before.
  ///   - stepsPerEpoch: Steps of one epoch, at least 1.
  public func rate(at step: Int, stepsPerEpoch: Int) -> Double {
    if optimizer.searchesLines { return learningRate }
    let total = stepsPerEpoch * epochs
    let rising = Int(((warmUp ?? 0) * Double(total)).rounded(.up))
    if step < rising { return learningRate * Double(step + 1) / Double(rising) }
    return schedule.rate(
      at: step - rising, of: total - rising, stepsPerEpoch: stepsPerEpoch, peak: learningRate)
  }

  /// Checks every number against its range, and what has no meaning beside what else is said.
  ///
  /// Whoever takes a configuration asks this first: the trainer, a reader of a model or a checkpoint,
  /// the command. What passes traps nowhere.
  ///
  /// - Parameters:
  ///   - layers: Layers that compute, where the network is known.
  ///   - loss: Its loss, likewise.
  ///   - hasDropout: Whether a layer of it drops outputs.
  /// - Throws: `ConfigurationError` with the first setting at fault.
  public func validate(
    layers: Int? = nil, loss: Loss? = nil, hasDropout: Bool = false
  ) throws(ConfigurationError) {
    try optimizer.validate()
    try schedule.validate()
    try regularization.validate()
    try monitor?.validate()
    try averaging?.validate()
    try shuffleBlock?.validate()
    for factors in tensorFactors ?? [] { try factors.validate() }
    try NumberRange.positive.check(learningRate, "learningRate")
    try NumberRange.part.check(warmUp, "warmUp")
    // No epoch has more than 2³² steps, so that all of them can be counted.
    try NumberRange.whole(1...Int(UInt32.max)).check(batchSize, "batchSize")
    try NumberRange.whole(1...100_000_000).check(epochs, "epochs")
    try NumberRange.whole(1...1024).check(shards, "shards")
    try NumberRange.whole(1...Int(Int32.max)).check(accumulate, "accumulate")
    try NumberRange(text: "of at least 1") { $0 >= 1 }.check(patience, "patience")
    try NumberRange(text: "of at least 1") { $0 >= 1 }.check(trainingExamples, "trainingExamples")
    for (name, value) in [
      ("l2Penalty", l2Penalty), ("l1Penalty", l1Penalty), ("weightDecay", weightDecay),
    ] { try NumberRange.atLeastZero.check(value, name) }
    for (name, value) in [("clipNorm", clipNorm), ("clipValue", clipValue), ("maxNorm", maxNorm)] {
      try NumberRange.positive.check(value, name)
    }
    if let loss { try regularization.check(for: loss) }
    if optimizer.searchesLines, hasDropout {
      throw ConfigurationError(
        "dropout",
        "has no meaning for \(optimizer.name), which compares losses along a line, and dropout makes "
          + "those of many functions; leave it out")
    }
    try checkMeaning(layers: layers)
  }

  /// - Throws: `ConfigurationError` with the first setting that is at fault by itself, or for the network.
  package func validate<T: Scalar>(for network: Network<T>) throws(ConfigurationError) {
    try validate(
      layers: network.layers.count, loss: network.loss,
      hasDropout: network.layers.haveDropout)
    guard
      optimizer.isRatioOfMoments
        || network.parameters.layout.tensors.allSatisfy({ $0.factors == UpdateFactors() })
    else {
      throw ConfigurationError(
        "optimizer",
        "\(optimizer.name) is no rule for weights in NTK form: use one of Adam's family")
    }
  }

  private func checkMeaning(layers: Int?) throws(ConfigurationError) {
    if let count = tensorFactors?.count, count != 1, count != layers ?? max(1, count) {
      throw ConfigurationError(
        "tensorFactors",
        "are \(count)\(layers.map { " for \($0) layers" } ?? ""): give one for all, or one for each"
      )
    }
    if optimizer.searchesLines, let name = bends.first {
      throw ConfigurationError(
        name,
        "has no meaning for \(optimizer.name), whose steps are searched for a lower loss; leave it out"
          + (name == "weightDecay" ? ", or give an L2 penalty, which is part of the loss" : ""))
    }
    guard let cycleMomentum else { return }
    try cycleMomentum.validate()
    guard case .oneCycle = schedule, (warmUp ?? 0) == 0 else {
      throw ConfigurationError(
        "cycleMomentum", "needs the schedule one-cycle, whose rate it moves against")
    }
    guard optimizer.canCycleMomentum else {
      throw ConfigurationError(
        "cycleMomentum",
        "has no meaning for \(optimizer.name): use one of "
          + OptimizerRule.allCases.filter(\.canCycleMomentum).map(\.name).joined(separator: ", "))
    }
  }

  /// What is done to a step that a search for a lower loss would not know of, by name.
  private var bends: [String] {
    [
      ("weightDecay", weightDecay != 0), ("clipNorm", clipNorm != nil),
      ("clipValue", clipValue != nil), ("inputNoise", inputNoise != nil),
      ("inputDropout", inputDropout != nil), ("labelSmoothing", labelSmoothing != nil),
      ("mixup", mixup != nil), ("maxNorm", maxNorm != nil), ("averaging", averaging != nil),
      ("accumulate", (accumulate ?? 1) != 1), ("tensorFactors", tensorFactors != nil),
    ].filter(\.1).map(\.0)
  }

  /// Takes another rule, with the learning rate and the decay that it suggests. What has no meaning
  /// under it is left out.
  public mutating func change(to rule: OptimizerRule) {
    optimizer = rule
    learningRate = rule.suggestedLearningRate
    weightDecay = rule.suggestedWeightDecay
    if rule.ignoresSchedule { (schedule, warmUp) = (.constant, nil) }
    if rule.ignoresSchedule || !rule.canCycleMomentum { cycleMomentum = nil }
    guard rule.searchesLines else { return }
    (clipNorm, clipValue, maxNorm) = (nil, nil, nil)
    (inputNoise, inputDropout, labelSmoothing, mixup) = (nil, nil, nil, nil)
    (averaging, accumulate, tensorFactors) = (nil, nil, nil)
  }

  /// Examples that a step takes of so many: a batch, or all under the rules that ask for all.
  package func examplesPerStep(of count: Int) -> Int {
    optimizer.takesAllExamples ? count : min(batchSize, count)
  }

  /// Into how many blocks a whole batch is cut.
  ///
  /// - Parameters:
  ///   - count: Training examples.
  ///   - parameters: Those of the network.
  func blocksOfBatch(examples count: Int, parameters: Int) -> Int {
    shards ?? Blocks.count(rows: examplesPerStep(of: count), parameters: parameters)
  }

  /// A batch size that suits so many training examples: 16 for small sets, up to 256 for large ones.
  public static func suggestedBatchSize(examples: Int) -> Int {
    switch examples {
    case ..<1000: 16
    case ..<10_000: 32
    case ..<50_000: 64
    case ..<200_000: 128
    default: 256
    }
  }

  /// As many epochs as make a run converge: about 6,000 steps for small sets, at least 20 epochs for
  /// large ones.
  public static func suggestedEpochs(examples: Int, batchSize: Int) -> Int {
    let stepsPerEpoch = (max(1, examples) - 1) / max(1, batchSize) + 1
    return min(300, max(20, 6000 / stepsPerEpoch))
  }
}
