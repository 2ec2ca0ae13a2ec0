// MARK: What a run reads

// The settings as the engine reads them: with the value that stands for what was not given.
extension TrainingConfiguration {
  package var optimizer: OptimizerRule {
    get {
      let rule = updates.optimizer ?? .adam()
      guard let momentum = updates.momentum else { return rule }
      return switch rule {
      case .sgd, .momentum: momentum == 0 ? .sgd : .momentum(momentum)
      case .nesterov: .nesterov(momentum)
      default: rule
      }
    }
    set {
      updates.momentum = nil
      switch newValue {
      case .momentum(let momentum) where newValue != .momentum():
        (updates.optimizer, updates.momentum) = (.momentum(), momentum)
      case .nesterov(let momentum) where newValue != .nesterov():
        (updates.optimizer, updates.momentum) = (.nesterov(), momentum)
      default: updates.optimizer = newValue
      }
    }
  }
  package var learningRate: Double {
    get { updates.learningRate ?? optimizer.suggestedLearningRate }
    set { updates.learningRate = newValue }
  }
  package var weightDecay: Double {
    get { updates.weightDecay ?? optimizer.suggestedWeightDecay }
    set { updates.weightDecay = newValue }
  }
  /// The warm-up of a cosine is its own.
  package var rateSchedule: Schedule {
    get {
      let schedule = schedule.schedule ?? (optimizer.ignoresSchedule ? .constant : .cosine())
      guard schedule.hasOwnWarmUp, let warmUp = self.schedule.warmUp else { return schedule }
      return .cosine(warmUp: warmUp)
    }
    set {
      schedule.schedule = newValue
      guard case .cosine(let warmUp) = newValue else { return }
      (schedule.schedule, schedule.warmUp) = (.cosine(), newValue == .cosine() ? nil : warmUp)
    }
  }
  /// The rise before the schedule; nil for none.
  package var warmUp: Double? {
    get { rateSchedule.hasOwnWarmUp ? nil : schedule.warmUp }
    set { schedule.warmUp = newValue }
  }
  package var cycleMomentum: MomentumCycle? {
    get { schedule.cycleMomentum }
    set { schedule.cycleMomentum = newValue }
  }
  /// Before a run has resolved it, that of the smallest data.
  package var batchSize: Int {
    get { updates.batchSize ?? Self.suggestedBatchSize(examples: 1) }
    set { updates.batchSize = newValue }
  }
  /// Before a run has resolved it, that of the smallest data.
  package var epochs: Int {
    get { schedule.epochs ?? Self.suggestedEpochs(examples: 1, batchSize: batchSize) }
    set { schedule.epochs = newValue }
  }
  package var shuffles: Bool {
    get { data.shuffle ?? true }
    set { data.shuffle = newValue }
  }
  package var seed: UInt64 {
    get { data.seed ?? 0 }
    set { data.seed = newValue }
  }
  package var shuffleBlock: ShuffleBlock? {
    get {
      data.shuffleBlock.map {
        ShuffleBlock(rows: $0, window: data.shuffleWindow ?? ShuffleBlock.usualWindow)
      }
    }
    set { (data.shuffleBlock, data.shuffleWindow) = (newValue?.rows, newValue?.window) }
  }
  package var shards: Int? {
    get { updates.shards }
    set { updates.shards = newValue }
  }
  package var l2Penalty: Double {
    get { updates.l2 ?? 0 }
    set { updates.l2 = newValue }
  }
  package var l2Scaling: L2Scaling? {
    get { updates.l2Scaling }
    set { updates.l2Scaling = newValue }
  }
  package var trainingExamples: Int? {
    get { updates.trainingExamples }
    set { updates.trainingExamples = newValue }
  }
  package var l1Penalty: Double? {
    get { updates.l1.unlessZero }
    set { updates.l1 = newValue }
  }
  package var clipNorm: Double? {
    get { updates.clipNorm }
    set { updates.clipNorm = newValue }
  }
  package var clipValue: Double? {
    get { updates.clipValue }
    set { updates.clipValue = newValue }
  }
  package var maxNorm: Double? {
    get { updates.maxNorm }
    set { updates.maxNorm = newValue }
  }
  package var averaging: WeightAveraging? {
    get {
      updates.ema.map { .exponential(decay: $0) } ?? updates.swa.map { .stochastic(start: $0) }
    }
    set {
      (updates.ema, updates.swa) = (nil, nil)
      switch newValue {
      case .exponential(let decay): updates.ema = decay
      case .stochastic(let start): updates.swa = start
      case nil: break
      }
    }
  }
  package var accumulate: Int? {
    get { updates.accumulate == 1 ? nil : updates.accumulate }
    set { updates.accumulate = newValue }
  }
  /// Factors of rate and decay: one for all layers, or one for each of 2 … L.
  package var tensorFactors: [TensorFactors]? {
    let factors = (updates.rateFactors ?? [1]).map { rate in
      TensorFactors(
        weightRate: rate, biasRate: rate * (updates.biasRateFactor ?? 1),
        biasDecay: updates.decayBiases == true ? 1 : 0)
    }
    return factors.allSatisfy { $0 == TensorFactors() } ? nil : factors
  }
  package var patience: Int? {
    get { stopping.patience }
    set { stopping.patience = newValue }
  }
  package var monitor: Monitor? {
    get {
      stopping.metric == nil && stopping.minDelta == nil
        ? nil : Monitor(metric: stopping.metric, minimumDelta: stopping.minDelta ?? 0)
    }
    set {
      stopping.metric = newValue?.metric
      stopping.minDelta = newValue.flatMap { $0.minimumDelta == 0 ? nil : $0.minimumDelta }
    }
  }
  package var categoryDropout: Double? {
    get { noise.categoryDropout.unlessZero }
    set { noise.categoryDropout = newValue }
  }
  package var inputNoise: Double? {
    get { noise.inputNoise.unlessZero }
    set { noise.inputNoise = newValue }
  }
  package var inputDropout: Double? {
    get { noise.inputDropout.unlessZero }
    set { noise.inputDropout = newValue }
  }
  package var labelSmoothing: Double? {
    get { noise.labelSmoothing.unlessZero }
    set { noise.labelSmoothing = newValue }
  }
  package var mixup: Double? {
    get { noise.mixup.unlessZero }
    set { noise.mixup = newValue }
  }

  /// What the steps of a run change at random besides the outputs of hidden layers, at step 0.
  package var regularization: StochasticRegularization {
    StochasticRegularization(
      seed: seed, inputDeviation: inputNoise ?? 0, inputDropout: inputDropout ?? 0,
      labelSmoothing: labelSmoothing ?? 0, mixup: mixup ?? 0,
      categoryDropout: categoryDropout ?? 0)
  }

  /// η of a step: the warm-up in a line, then the schedule over the steps that are left.
  ///
  /// - Parameters:
  ///   - step: Steps taken before.
  ///   - stepsPerEpoch: Steps of one epoch, at least 1.
  package func rate(at step: Int, stepsPerEpoch: Int) -> Double {
    if optimizer.searchesLines { return learningRate }
    let total = stepsPerEpoch * epochs
    let rising = Int(((warmUp ?? 0) * Double(total)).rounded(.up))
    if step < rising { return learningRate * Double(step + 1) / Double(rising) }
    return rateSchedule.rate(
      at: step - rising, of: total - rising, stepsPerEpoch: stepsPerEpoch, peak: learningRate)
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
}

extension Double? {
  /// Nothing where it is 0.
  fileprivate var unlessZero: Double? { self == 0 ? nil : self }
}

// MARK: What a run chooses

extension TrainingConfiguration {
  /// The configuration of a run on so many examples: what was not given and has one value stands in it.
  ///
  /// Given again, it leads to the same run and to itself.
  ///
  /// - Parameters:
  ///   - examples: Training examples, at least 1.
  ///   - hasValidation: Whether there are examples that choose the best epoch.
  package func resolved(examples: Int, hasValidation: Bool) -> TrainingConfiguration {
    var resolved = self
    let rule = optimizer
    resolved.optimizer = rule
    switch rule {
    case .momentum(let momentum), .nesterov(let momentum):
      if cycleMomentum == nil { resolved.updates.momentum = momentum }
    default: break
    }
    resolved.learningRate = learningRate
    resolved.weightDecay = weightDecay
    resolved.l2Penalty = l2Penalty
    resolved.seed = seed
    resolved.schedule.schedule = rateSchedule
    if case .cosine(let warmUp) = rateSchedule {
      (resolved.schedule.schedule, resolved.schedule.warmUp) = (.cosine(), warmUp)
    }
    if !rule.takesAllExamples {
      resolved.batchSize = updates.batchSize ?? Self.suggestedBatchSize(examples: examples)
    }
    // Whoever says how many epochs wants as many.
    if patience == nil, hasValidation, schedule.epochs == nil || rateSchedule == .constant {
      resolved.patience = Self.suggestedPatience(
        examples: examples, batchSize: resolved.examplesPerStep(of: examples))
    }
    if schedule.epochs == nil {
      resolved.epochs = Self.suggestedEpochs(
        examples: examples, batchSize: resolved.examplesPerStep(of: examples))
    }
    resolved.trainingExamples = l2Scaling == .perExample ? examples : nil
    return resolved
  }

  /// The settings that steps depend on, without what network and data say themselves.
  package var ofSteps: TrainingConfiguration {
    var settings = self
    settings.network = NetworkSettings()
    settings.noise.dropout = nil
    (settings.stopping.validation, settings.stopping.validationData) = (nil, nil)
    (settings.stopping.test, settings.stopping.interval) = (nil, nil)
    settings.stopping.variants = nil
    settings.data = DataSettings()
    (settings.data.seed, settings.data.shuffle) = (seed, data.shuffle)
    settings.shuffleBlock = shuffleBlock
    return settings
  }

  /// Takes another rule, with the learning rate and the decay that it suggests. What has no meaning
  /// under it is left out.
  package mutating func change(to rule: OptimizerRule) {
    optimizer = rule
    learningRate = rule.suggestedLearningRate
    weightDecay = rule.suggestedWeightDecay
    leaveOutWhatIsVain(beside: [Setting.optimizer.name])
  }

  /// A batch size that suits so many training examples: 16 for small sets, up to 256 for large ones.
  package static func suggestedBatchSize(examples: Int) -> Int {
    switch examples {
    case ..<1000: 16
    case ..<10_000: 32
    case ..<50_000: 64
    case ..<200_000: 128
    default: 256
    }
  }

  /// As many epochs as make a run converge: about 6,000 steps for small sets, at least 20 epochs for
  /// large ones, and at most 300; but of sets that are too small to hold rows out, which no epoch can be
  /// chosen by, 2,400 steps in batches of the usual size, with which XOR is solved from any seed.
  package static func suggestedEpochs(examples: Int, batchSize: Int) -> Int {
    let stepsPerEpoch = (max(1, examples) - 1) / max(1, batchSize) + 1
    if examples < StoppingSettings.fewestRowsToSplit {
      return 2400 / ((max(1, examples) - 1) / suggestedBatchSize(examples: 1) + 1)
    }
    return min(300, max(20, 6000 / stepsPerEpoch))
  }

  /// As many epochs without a better validation as are no accident: at least 20, and at least 400 steps.
  package static func suggestedPatience(examples: Int, batchSize: Int) -> Int {
    let stepsPerEpoch = (max(1, examples) - 1) / max(1, batchSize) + 1
    return max(20, 400 / stepsPerEpoch)
  }
}
