/// Everything that decides a training run, except the data itself.
///
/// One type for whoever trains: the library, the command's options, configuration files, models and
/// checkpoints. What is nil was not given; what a run then chooses stands in its place in
/// `TrainingStart.configuration`. Names and ranges of all settings are the same for all of them.
///
/// ```swift
/// var configuration = TrainingConfiguration(epochs: 50, seed: 1)
/// configuration.network.hidden = [128, 64]
/// configuration.updates.optimizer = .adamW()
/// ```
///
/// The number of threads is not part of it: it changes no bit of the result.
public struct TrainingConfiguration: Hashable, Sendable {
  /// What the network is. A `Trainer`, which is given a network, does not look at it.
  public var network = NetworkSettings()
  /// What a step does: rule, learning rate, batch, penalties.
  public var updates = UpdateSettings()
  /// How long the run is, and how its rate moves.
  public var schedule = ScheduleSettings()
  /// What training changes at random, or blurs.
  public var noise = NoiseSettings()
  /// What is held out, and when the run ends before its last epoch.
  public var stopping = StoppingSettings()
  /// Where the examples come from, and in which order. A `Trainer` looks at the order alone.
  public var data = DataSettings()

  /// A configuration in which a few settings are given; further ones are set in their groups.
  ///
  /// - Parameters:
  ///   - optimizer: The rule; nil for Adam.
  ///   - learningRate: η, the largest of the schedule, positive; nil for what suits the rule.
  ///   - schedule: How η moves; nil for a cosine.
  ///   - warmUp: The share of the steps over which η rises in a line, from 0 to 1.
  ///   - batchSize: m, at least 1; nil for what suits the number of examples.
  ///   - epochs: Passes over the data, at least 1; nil for what suits the number of examples.
  ///   - shuffles: Whether each epoch takes the examples in a new random order.
  ///   - l2Penalty: λ of ½ λ ‖W‖² in the loss, at least 0.
  ///   - weightDecay: λ of W ← W − η λ W, at least 0; nil for what suits the rule.
  ///   - clipNorm: The greatest ‖g‖ of a step, positive; nil for any.
  ///   - clipValue: The greatest |gᵢ| of a step, positive; nil for any.
  ///   - patience: Epochs without a better validation score after which training stops.
  ///   - seed: The same seed gives the same run, bit for bit.
  public init(
    optimizer: OptimizerRule? = nil, learningRate: Double? = nil, schedule: Schedule? = nil,
    warmUp: Double? = nil, batchSize: Int? = nil, epochs: Int? = nil, shuffles: Bool = true,
    l2Penalty: Double = 0, weightDecay: Double? = nil, clipNorm: Double? = nil,
    clipValue: Double? = nil, patience: Int? = nil, seed: UInt64? = nil
  ) {
    if let optimizer { self.optimizer = optimizer }
    updates.learningRate = learningRate
    if let schedule { self.rateSchedule = schedule }
    if let warmUp { self.schedule.warmUp = warmUp }
    updates.batchSize = batchSize
    self.schedule.epochs = epochs
    if !shuffles { data.shuffle = false }
    updates.l2 = l2Penalty == 0 ? nil : l2Penalty
    updates.weightDecay = weightDecay
    updates.clipNorm = clipNorm
    updates.clipValue = clipValue
    stopping.patience = patience
    data.seed = seed
  }

  /// The same with what tests of the engine give besides.
  package init(
    optimizer: OptimizerRule? = nil, learningRate: Double? = nil, schedule: Schedule? = nil,
    warmUp: Double? = nil, batchSize: Int? = nil, epochs: Int? = nil, shuffles: Bool = true,
    l2Penalty: Double = 0, weightDecay: Double? = nil, clipNorm: Double? = nil,
    clipValue: Double? = nil, patience: Int? = nil, seed: UInt64? = nil, monitor: Monitor? = nil,
    shuffleBlock: ShuffleBlock? = nil, shards: Int? = nil, inputNoise: Double? = nil,
    inputDropout: Double? = nil, labelSmoothing: Double? = nil, mixup: Double? = nil
  ) {
    self.init(
      optimizer: optimizer, learningRate: learningRate, schedule: schedule, warmUp: warmUp,
      batchSize: batchSize, epochs: epochs, shuffles: shuffles, l2Penalty: l2Penalty,
      weightDecay: weightDecay, clipNorm: clipNorm, clipValue: clipValue, patience: patience,
      seed: seed)
    self.monitor = monitor
    self.shuffleBlock = shuffleBlock
    updates.shards = shards
    noise.inputNoise = inputNoise
    noise.inputDropout = inputDropout
    noise.labelSmoothing = labelSmoothing
    noise.mixup = mixup
  }
}

/// What the network is.
public struct NetworkSettings: Hashable, Sendable {
  /// Widths of the hidden layers, each at least 1; empty for none.
  public var hidden: [Int]?
  /// σ of the hidden layers: one for all, or one for each.
  public var activation: [Activation]?
  /// σ of the last layer; nil for what follows from task and loss.
  public var outputActivation: Activation?
  /// The loss; nil for what follows from the task.
  public var loss: Loss?
  /// The loss of a batch: mean or sum over its examples.
  public var reduction: Reduction?
  /// How weights begin; nil for what suits each activation.
  public var initializer: Initializer?
  /// The numbers that the network computes in; nil for float.
  public var precision: Precision?
  /// Normalisation of the hidden layers: one for all, or one for each, nil for none.
  public var norm: [Normalization?]?
  /// Whether the hidden layers learn how much of their activation they apply.
  public var parametric: Bool?
  /// Whether a layer in front learns a factor for each input.
  public var scaleInputs: Bool?

  package static let defaultHidden = [64, 64]
  package static let defaultActivation = Activation.relu
}

/// The element type of a network.
public enum Precision: String, CaseIterable, Sendable {
  /// 32 bits.
  case float
  /// 64 bits.
  case double
}

/// What a step does.
public struct UpdateSettings: Hashable, Sendable {
  /// The rule; nil for Adam.
  public var optimizer: OptimizerRule?
  /// η, the largest learning rate of the schedule; positive. Nil for what suits the rule.
  public var learningRate: Double?
  /// μ of SGD with momentum and of Nesterov, in 0 ..< 1; nil for the rule's own.
  public var momentum: Double?
  /// Decoupled decay of the weights: W ← W − η λ W; at least 0. Nil for what suits the rule.
  public var weightDecay: Double?
  /// m, examples a step; at least 1. The last batch of an epoch may be shorter. Nil for what suits the
  /// number of examples.
  public var batchSize: Int?
  /// λ of ½ λ ‖W‖² in the loss; at least 0. Enters with BP4, never in δ.
  public var l2: Double?
  /// What `l2` is divided by; nil for nothing.
  public var l2Scaling: L2Scaling?
  /// n of `L2Scaling.perExample`, for whoever has a model and not its training data. A run counts its own
  /// examples.
  package var trainingExamples: Int?
  /// λ₁ of λ₁ ‖W‖₁ in the loss; at least 0. Enters with BP4, never in δ; its slope at 0 is 0.
  public var l1: Double?
  /// The greatest ‖g‖ of a step, over all parameters; positive. Nil for any. The gradient is clipped with
  /// the penalty in it, by value before by norm.
  public var clipNorm: Double?
  /// The greatest |gᵢ| of a step; positive. Nil for any.
  public var clipValue: Double?
  /// After each update, the greatest norm of the weights that enter one neuron; positive.
  public var maxNorm: Double?
  /// The decay of an exponential average of the weights, which is validated and kept; in 0 ... 1.
  public var ema: Double?
  /// The share of the epochs after which the weights at their ends are averaged, and the average is
  /// validated and kept; in 0 ..< 1.
  public var swa: Double?
  /// Batches whose gradients make one update, at least 1; the update is that of the joined batch.
  public var accumulate: Int?
  /// What η is multiplied by: one number of at least 0 for all layers, or one for each of 2 … L.
  public var rateFactors: [Double]?
  /// What η of the biases is multiplied by besides; at least 0.
  public var biasRateFactor: Double?
  /// Whether `weightDecay` acts on the biases too.
  public var decayBiases: Bool?
  /// Blocks into which each batch is cut, at least 1; nil for as many as its length and the network ask
  /// for.
  public var shards: Int?
}

/// How long a run is, and how its rate moves.
public struct ScheduleSettings: Hashable, Sendable {
  /// Passes over the training data; at least 1. Nil for what suits the number of examples.
  public var epochs: Int?
  /// How η moves; nil for a cosine, and constant under the rules that search for their steps.
  public var schedule: Schedule?
  /// The share of the steps over which η rises in a line before the schedule begins, from 0 to 1.
  public var warmUp: Double?
  /// Between which momenta a one-cycle schedule moves; nil for the rule's own.
  public var cycleMomentum: MomentumCycle?
}

/// What training changes at random, or blurs. 0 is the same as nil.
public struct NoiseSettings: Hashable, Sendable {
  /// The probability that an output of a hidden layer is dropped, in 0 ..< 1: one for all, or one for each.
  public var dropout: [Double]?
  /// The probability that an input is dropped, in 0 ..< 1.
  public var inputDropout: Double?
  /// s of the Gaussian noise that is added to inputs; at least 0.
  public var inputNoise: Double?
  /// ε of the smoothed targets, in 0 ..< 1. The training loss is that of the smoothed targets; its metrics,
  /// and all of validation, know the targets as they are.
  public var labelSmoothing: Double?
  /// α of mixup, at least 0. The training loss is that of the mixed examples. Metrics judge a mixed example
  /// of a classification by the class of its larger part.
  public var mixup: Double?
}

/// What is held out, and when a run ends before its last epoch.
public struct StoppingSettings: Hashable, Sendable {
  /// The part of the rows that chooses the best epoch, in 0 ..< 1; 0 trains on all.
  public var validation: Double?
  /// The path of a file to validate on, instead of a part of the rows.
  public var validationData: String?
  /// Epochs without a better validation score after which training stops; at least 1.
  public var patience: Int?
  /// What chooses the best epoch; nil for the loss.
  public var metric: Metric?
  /// Rows that nothing touches until the run has ended and they judge it: "0.2" is that part of the rows, by
  /// class where there are any; "0" none, even if the data brings some; all else the path of a file.
  public var test: String?
  /// By how much the metric must get better to renew patience; at least 0.
  public var minDelta: Double?

  /// The part of the rows that is set apart for the test; nil if a file has them, or the data.
  package var testPart: Double? { test.flatMap { Double($0) } }
  /// The path of a file to test on.
  package var testFile: String? { testPart == nil ? test : nil }

  package static let defaultValidation = 0.2
  /// Fewer rows than this are too few to hold any out unless that is asked for.
  package static let fewestRowsToSplit = 20
}

/// Where the examples come from, what they weigh, and in which order they are taken.
public struct DataSettings: Hashable, Sendable {
  /// The path that the data is read from, where it is read from one.
  public var data: String?
  /// The columns that are to be learned. A name that is no column is taken for several, a,b,….
  public var target: [String]?
  /// Nil for what follows from the target.
  public var task: LearningTask?
  /// The path of the model whose network, encoder and labels the run goes on with.
  public var from: String?
  /// The column with the weight of each example.
  public var weightColumn: String?
  /// The weight of each class: "balanced", "none", or "a=1,b=5".
  public var classWeight: String?
  /// Columns to read as text, whatever they look like.
  public var categorical: [String]?
  /// Columns that must hold numbers.
  public var numeric: [String]?
  /// Columns that are no features.
  public var ignore: [String]?
  /// The character between cells, "tab", or "space" for runs of spaces and tabs.
  public var delimiter: String?
  /// Whether the first row holds the names of the columns.
  public var header: Bool?
  /// Lines at the top that are none of the table.
  public var skipLines: Int?
  /// The character that begins a line which is none of the table, or "none".
  public var comment: String?
  /// The names of the columns, where there is no header, or `header` says that they take its place.
  public var columnNames: [String]?
  /// Further texts and numbers that stand for a missing value.
  public var missing: [String]?
  /// Whether the usual texts for a missing value count: NA, None, NULL, -, …; nil for yes. An empty cell does.
  public var usualMissing: Bool?
  /// Columns in which only an empty cell is missing.
  public var keepText: [String]?
  /// What stands before the fraction of numbers where a column leaves it open: "." or ",".
  public var decimal: String?
  /// What stands between groups of three digits, likewise: "," "." "space" or "'".
  public var thousands: String?
  /// The order of dates, likewise: "year-first", "day-first" or "month-first".
  public var dateOrder: String?
  /// The same seed gives the same run, bit for bit.
  public var seed: UInt64?
  /// Whether each epoch takes the examples in a new random order. L-BFGS compares the sums of one epoch
  /// with those of another and takes them in the order of the data.
  public var shuffle: Bool?
  /// Consecutive rows of a block, at least 1: each epoch takes the blocks in a new random order, and shuffles
  /// the examples of `shuffleWindow` of them at a time. Nil for single rows, or what fits in `memory`.
  public var shuffleBlock: Int?
  /// Blocks that are shuffled together, at least 1.
  public var shuffleWindow: Int?
  /// How much memory a run may take, such as "500MB"; nil to hold all data.
  public var memory: String?
}

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
      labelSmoothing: labelSmoothing ?? 0, mixup: mixup ?? 0)
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
    settings.stopping.test = nil
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
