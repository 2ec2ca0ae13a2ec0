import ArgumentParser
import Backprop
import BackpropInspection

/// `backprop train DATA --target COL`: from a file to a model.
struct TrainCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "train",
    abstract: "Train a network on a file, and save it as a model.",
    discussion: """
      DATA is a CSV or TSV file (also .gz), an .npy or .npz file, or a folder with IDX files. What \
      is to be learned follows from the target column: text is a classification, numbers are a \
      regression, several columns of 0 and 1 are labels of their own. A part of the rows is held \
      out to choose the best epoch, whose weights are saved.

      EXAMPLES:
        backprop train penguins.csv --target species
        backprop train houses.csv --target price --hidden 128,64 --epochs 200 \\
          -o houses.safetensors --checkpoint run
      """)

  @Argument(help: "The data: a file, or a folder with IDX files.")
  var data: String

  @OptionGroup(title: "What to learn, and where to save it")
  var goal: GoalOptions

  @OptionGroup(title: "Options in a file")
  var file: ConfigurationOptions

  @OptionGroup(title: "Network")
  var network: NetworkOptions

  @OptionGroup(title: "Network")
  var layers: LayerOptions

  @OptionGroup(title: "Training")
  var training: RunOptions

  @OptionGroup(title: "Noise in training")
  var noise: NoiseOptions

  @OptionGroup(title: "Updates")
  var updates: UpdateOptions

  @OptionGroup(title: "Cross-validation")
  var folds: FoldOptions

  @OptionGroup(title: "Weights")
  var weights: WeightOptions

  @OptionGroup(title: "Large data and order of summation")
  var streaming: StreamingOptions

  @OptionGroup(title: "Records of the run")
  var records: RecordOptions

  @OptionGroup(title: "Checkpoints")
  var checkpoints: CheckpointOptions

  @OptionGroup(title: "Reading the data")
  var table: TableReadingOptions

  @OptionGroup(title: "Output")
  var outputOptions: OutputOptions

  func run() throws {
    // A reader of the JSON lines may go away; the model is saved all the same.
    Terminal.ignoreBrokenPipes()
    let job = try TrainingJob.make(for: self)
    if try job.isDouble {
      try job.run(in: Double.self)
    } else {
      try job.run(in: Float.self)
    }
  }
}

/// What is to come out.
struct GoalOptions: ParsableArguments {
  @Option(name: .long, help: "What to learn: one column, or several: a,b,…")
  var target: String?

  @Option(
    name: .long,
    help: "classification, regression or multi-label. (default: follows from the target)")
  var task: String?

  @Option(
    name: [.customShort("o"), .long],
    help: "Where to save the model. (default: \(Self.defaultOutput), with --resume in its folder)")
  var output: String?

  @Option(name: .long, help: "Go on from this model: its network, encoder and labels.")
  var from: String?

  @Flag(
    name: .long,
    help:
      "Overwrite a file that this program did not make, or checkpoints; resume with other data or options."
  )
  var force = false

  static let defaultOutput = "model.safetensors"
}

/// What the network is.
struct NetworkOptions: ParsableArguments {
  @Option(
    name: .long, help: "Widths of the hidden layers, or none. (default: \(Self.defaultHidden))")
  var hidden: String?

  @Option(
    name: .long,
    help:
      "Activation of the hidden layers, one for all or a list. (default: \(Self.defaultActivation))"
  )
  var activation: String?

  @Option(name: .long, help: "Activation of the last layer. (default: follows from task and loss)")
  var outputActivation: String?

  @Option(
    name: .long, help: "\(Loss.names.joined(separator: ", ")). (default: follows from the task)")
  var loss: String?

  @Option(name: .long, help: "The loss of a batch: mean or sum over its examples. (default: mean)")
  var reduction: String?

  @Option(
    name: .long,
    help: "\(Initializer.names.joined(separator: ", ")). (default: suits the activation)")
  var initializer: String?

  @Option(name: .long, help: "float or double. (default: float)")
  var precision: String?

  static let defaultHidden = "64,64"
  static let defaultActivation = "relu"

  /// Each option that was given, with its text.
  var given: [(option: String, text: String)] {
    [
      ("--hidden", hidden), ("--activation", activation), ("--output-activation", outputActivation),
      ("--loss", loss), ("--reduction", reduction), ("--initializer", initializer),
      ("--precision", precision),
    ].compactMap { option, text in text.map { (option, $0) } }
  }
}

/// How it is trained.
struct RunOptions: ParsableArguments {
  @Option(
    name: .long,
    help:
      "\(OptimizerRule.names.joined(separator: ", ")); gd, rprop and lbfgs[:memory] take all examples a step. (default: \(TrainingConfiguration().optimizer.name))"
  )
  var optimizer: String?

  @Option(
    name: .long, parsing: .unconditional,
    help: "Largest learning rate. (default: suits the optimizer)")
  var learningRate: Double?

  @Option(
    name: .long, parsing: .unconditional,
    help: "Momentum of sgd, momentum and nesterov. (default: \(Self.momentumDefaults))")
  var momentum: Double?

  @Option(
    name: .long, parsing: .unconditional,
    help: "Decoupled decay of the weights. (default: suits the optimizer)")
  var weightDecay: Double?

  @Option(
    name: .customLong("l2"), parsing: .unconditional,
    help: "Adds ½ λ ‖W‖² to the loss. (default: 0)")
  var l2Penalty: Double?

  @Option(
    name: .long,
    help:
      "How the rate moves: \(Schedule.names.joined(separator: ", ")). step and cosine-restarts: epochs and factor; plateau: factor, patience in epochs. (default: \(TrainingConfiguration().schedule.name); rprop and lbfgs: constant)"
  )
  var schedule: String?

  @Option(
    name: .long, parsing: .unconditional,
    help: "Part of the steps over which the rate rises in a line. (default: \(Self.warmUpDefaults))"
  )
  var warmUp: Double?

  @Option(
    name: .long, parsing: .unconditional,
    help: "The greatest norm of a step's gradient; a longer one is shortened. (default: none)")
  var clipNorm: Double?

  @Option(
    name: .long, parsing: .unconditional,
    help: "The greatest magnitude of each element of a gradient. (default: none)")
  var clipValue: Double?

  @Option(
    name: .long, parsing: .unconditional,
    help: "Examples a step. (default: suits the number of examples)")
  var batchSize: Int?

  @Option(
    name: .long, parsing: .unconditional,
    help: "Passes over the data. (default: suits the number of examples)")
  var epochs: Int?

  @Flag(name: .long, help: "Take the examples in their order in every epoch.")
  var noShuffle = false

  @Option(
    name: .long, parsing: .unconditional,
    help:
      "Part of the rows held out to choose the best epoch by: the one with the highest accuracy on them, of equals the lowest loss (regression: the lowest loss). 0 trains on all. (default: \(Self.defaultValidation))"
  )
  var validation: Double?

  @Option(name: .long, help: "A file to validate on, instead of a part of DATA.")
  var validationData: String?

  @Option(
    name: .long, parsing: .unconditional,
    help:
      "Stop after so many epochs without a better validation. (default: \(Self.defaultPatience) under a constant schedule, else never)"
  )
  var patience: Int?

  @Option(
    name: .long,
    help:
      "The metric of the validation data that chooses the best epoch: \(Metric.names.joined(separator: ", ")). (default: see --validation)"
  )
  var monitor: String?

  @Option(
    name: .long, parsing: .unconditional,
    help: "By how much the metric must get better for an epoch to renew --patience. (default: 0)")
  var minDelta: Double?

  @Option(
    name: .long, parsing: .unconditional,
    help: "The same seed gives the same model. (default: \(TrainingConfiguration().seed))")
  var seed: UInt64?

  @Flag(
    name: .long,
    help:
      "Show the state of the layers before the first step and after each epoch, and what is out of bounds. Changes nothing of the run; `backprop doctor` says more."
  )
  var diagnose = false

  /// "0 for sgd, 0.9 for momentum, …": what the rules themselves say.
  private static var momentumDefaults: String {
    let rules = OptimizerRule.names.compactMap { OptimizerRule(name: $0) }
    return rules.compactMap { rule in
      switch rule {
      case .sgd: "0 for sgd"
      case .momentum(let momentum), .nesterov(let momentum): "\(momentum) for \(rule.name)"
      default: nil
      }
    }.joined(separator: ", ")
  }

  /// "0.05 for cosine, else 0": what the schedule itself says.
  private static var warmUpDefaults: String {
    guard case .cosine(let warmUp) = Schedule.cosine() else { return "0" }
    return "\(warmUp) for cosine, else 0"
  }

  static let defaultValidation = 0.2
  static let defaultPatience = 20
  /// Fewer rows than this are too few to hold any out unless that is asked for.
  static let fewestRowsToSplit = 20

  /// The configuration for a number of training examples.
  func configuration(examples: Int, hasValidation: Bool) throws -> TrainingConfiguration {
    let rule = try rule()
    if rule.takesAllExamples, batchSize != nil {
      throw UsageError(
        "--batch-size has no meaning for \(rule.name), whose steps take all examples; leave it out, "
          + "or use --optimizer \(rule.name == "gd" ? "sgd" : rule.name == "rprop" ? "rmsprop" : "adam")"
      )
    }
    let batchSize =
      rule.takesAllExamples
      ? examples : batchSize ?? TrainingConfiguration.suggestedBatchSize(examples: examples)
    let schedule = try schedule(under: rule)
    let usualPatience = schedule == .constant && hasValidation ? Self.defaultPatience : nil
    return TrainingConfiguration(
      optimizer: rule, learningRate: learningRate, schedule: schedule,
      warmUp: schedule.hasOwnWarmUp ? nil : warmUp, batchSize: batchSize,
      epochs: epochs
        ?? TrainingConfiguration.suggestedEpochs(examples: examples, batchSize: batchSize),
      shuffles: !noShuffle, l2Penalty: l2Penalty ?? 0, weightDecay: weightDecay,
      clipNorm: clipNorm, clipValue: clipValue, patience: patience ?? usualPatience,
      seed: seed ?? TrainingConfiguration().seed, monitor: try monitored())
  }

  /// Nil if neither option is given.
  private func monitored() throws -> Monitor? {
    if monitor == nil, minDelta == nil { return nil }
    return Monitor(metric: try monitor.map { try Names.metric($0) }, minimumDelta: minDelta ?? 0)
  }

  /// The schedule, with what belongs to it; refused where it has no meaning.
  private func schedule(under rule: OptimizerRule) throws -> Schedule {
    let schedule =
      try self.schedule.map(Names.schedule)
      ?? (rule.ignoresSchedule ? .constant : TrainingConfiguration().schedule)
    if rule.ignoresSchedule, schedule != .constant || (warmUp ?? 0) > 0 {
      throw UsageError(
        "\(rule.name) finds the size of its steps by itself, and --learning-rate is only where it begins: "
          + "leave --schedule and --warm-up out")
    }
    guard let warmUp else { return schedule }
    if schedule.hasOwnRise, warmUp > 0 {
      throw UsageError(
        "--warm-up has no meaning for \(schedule.name), which begins low by itself; leave it out"
          + (schedule == .coslog4 ? "" : ", or give the part of the rise as one-cycle:\(warmUp)"))
    }
    if case .cosine = schedule { return .cosine(warmUp: warmUp) }
    return schedule
  }

  private func rule() throws -> OptimizerRule {
    let rule = try optimizer.map(Names.optimizer) ?? TrainingConfiguration().optimizer
    guard let momentum else { return rule }
    switch rule {
    case .sgd, .momentum: return momentum == 0 ? .sgd : .momentum(momentum)
    case .nesterov: return .nesterov(momentum)
    default:
      throw UsageError("--momentum has no meaning for \(rule.name); use --optimizer momentum")
    }
  }

  /// Refuses what asks for validation data where the rows were too few to hold any out.
  func checkWithoutValidation(rows: Int) throws {
    let options = [
      ("--patience", patience != nil), ("--monitor", monitor != nil),
      ("--min-delta", minDelta != nil),
    ]
    for (option, isGiven) in options where isGiven {
      throw UsageError(
        "\(option) needs validation data, and \(Format.count(rows, "row")) are too few to hold any out "
          + "by themselves; give --validation-data FILE, or say --validation \(Self.defaultValidation)"
      )
    }
  }

  /// Checks what can be checked before any data is read.
  func check() throws {
    try UsageError.unless { () throws(ConfigurationError) in
      try NumberRange.belowOne.check(validation, "validation")
    }
    if validation == 0, validationData == nil {
      for (option, isGiven) in [("--monitor", monitor != nil), ("--min-delta", minDelta != nil)]
      where isGiven {
        throw UsageError("\(option) needs validation data, and --validation 0 leaves none")
      }
    }
    if validation != nil, validationData != nil {
      throw UsageError("give --validation or --validation-data, not both")
    }
    if patience != nil, validation == 0, validationData == nil {
      throw UsageError("--patience needs validation data, and --validation 0 leaves none")
    }
  }
}
