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
  /// What stands for settings that are not given; nil for `plain`. An `Estimator` looks at it.
  package var recipe: Recipe?

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
  /// Whether the layers are in NTK form, which the rules of Adam's family train.
  package var ntk: Bool?
  /// Whether a layer in front makes waves of each number.
  package var embedNumbers: Bool?

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
  /// How dropout and decoupled decay move; nil for not at all.
  package var regularizationSchedule: RegularizationSchedule?
}

/// What training changes at random, or blurs. 0 is the same as nil.
public struct NoiseSettings: Hashable, Sendable {
  /// The probability that an output of a hidden layer is dropped, in 0 ..< 1: one for all, or one for each.
  public var dropout: [Double]?
  /// The probability that an input is dropped, in 0 ..< 1.
  public var inputDropout: Double?
  /// The probability that a category of an example is taken for an unknown one, in 0 ..< 1. Nil for what an
  /// `Estimator` chooses, and none without one.
  package var categoryDropout: Double?
  /// s of the Gaussian noise that is added to inputs; at least 0.
  public var inputNoise: Double?
  /// ε of the smoothed targets, in 0 ..< 1. The training loss is that of the smoothed targets; its metrics,
  /// and all of validation, know the targets as they are.
  public var labelSmoothing: Double?
  /// α of mixup, at least 0. The training loss is that of the mixed examples. Metrics judge a mixed example
  /// of a classification by the class of its larger part.
  public var mixup: Double?

  /// What an `Estimator` takes for `categoryDropout` where columns are categories.
  package static let defaultCategoryDropout = 0.1
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
  /// Networks of the model, at least 1: the rows are dealt into so many folds, and each network learns from
  /// all but one, which chooses its epoch. Nil for what the recipe has: of most tables five under `auto`, else one.
  public var members: Int?
  /// The level of the intervals that predictions of numbers have, at least 0.5 and below 1; nil for none.
  public var interval: Double?
  /// Of an ensemble: settings in which some of its networks differ, "dropout=0.1 | dropout=0.3", each for as many as
  /// there are members; nil for none.
  package var variants: String?
  /// The networks of the model.
  package var networkCount: Int {
    (members ?? 1) * (variants.map { Variants.parts(of: $0).count } ?? 1)
  }
  package var isEnsemble: Bool { (members ?? 1) > 1 }

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
  /// How columns become inputs of one scale; nil for mean and deviation.
  package var scaling: ColumnScaling?
  /// The most categories of a column that become an input each; more are looked up. Nil for any number.
  package var embedCategories: Int?
  /// Whether predicted numbers are kept within those of training; nil for not.
  package var clipPredictions: Bool?
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
