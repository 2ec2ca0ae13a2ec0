import ArgumentParser
import Backprop

/// `backprop train DATA --target COL`: from a file to a model.
struct TrainCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "train",
    abstract: "Train a network on a file, and save it as a model.",
    discussion: """
      DATA is a CSV or TSV file (also .gz), an .npy or .npz file, or a folder with IDX files. What \
      is to be learned follows from the target column: text is a classification, numbers are a \
      regression, several columns of 0 and 1 are labels of their own. What is not given the table \
      decides (--recipe auto); the defaults that options name are those of --recipe plain.

      EXAMPLES:
        backprop train penguins.csv --target species
        backprop train houses.csv --target price --hidden 128,64 --epochs 200 \\
          -o houses.safetensors --checkpoint run
      """)

  @Argument(
    help:
      "The data: a file, - for standard input, or a folder with IDX files. With --resume, that of the run."
  )
  var data: String?

  @OptionGroup(title: "What matters most")
  var common: CommonOptions

  @OptionGroup(title: "Where to save it")
  var goal: GoalOptions

  @OptionGroup(title: "What to learn", visibility: .hidden)
  var target: TargetOptions

  @OptionGroup(title: "Network", visibility: .hidden)
  var network: NetworkOptions

  @OptionGroup(title: "Updates", visibility: .hidden)
  var updates: UpdateOptions

  @OptionGroup(title: "Schedule", visibility: .hidden)
  var schedule: ScheduleOptions

  @OptionGroup(title: "Noise in training", visibility: .hidden)
  var noise: NoiseOptions

  @OptionGroup(title: "What is held out, and when to stop", visibility: .hidden)
  var stopping: StoppingOptions

  @OptionGroup(title: "Order and memory", visibility: .hidden)
  var order: OrderOptions

  @OptionGroup(title: "Reading the data", visibility: .hidden)
  var table: TableReadingOptions

  @OptionGroup(title: "Cross-validation", visibility: .hidden)
  var folds: FoldOptions

  @OptionGroup(title: "Records of the run", visibility: .hidden)
  var records: RecordOptions

  @OptionGroup(title: "Checkpoints")
  var checkpoints: CheckpointOptions

  @OptionGroup(title: "Output")
  var outputOptions: OutputOptions

  @OptionGroup
  var help: HelpOptions

  func run() throws {
    // A reader of the JSON lines may go away; the model is saved all the same.
    Terminal.ignoreBrokenPipes()
    let job = try TrainingJob.make(for: self)
    switch job.estimator.precision {
    case .float: try job.run(in: Float.self)
    case .double: try job.run(in: Double.self)
    }
  }
}

/// What is written, and from where settings are read.
struct GoalOptions: ParsableArguments {
  @Option(
    name: [.customShort("o"), .long],
    help: "Where to save the model. (default: \(Self.defaultOutput), with --resume in its folder)")
  var output: String?

  @Option(
    name: .long,
    help:
      "Take settings from this file of JSON (- is standard input): {\"hidden\": [64, 64]}. Options of the command line win. `inspect MODEL --config` prints such a file."
  )
  var config: String?

  @Option(
    name: .long, parsing: .unconditional,
    help: ArgumentHelp(
      "With --recipe auto: the time to plan for, 30s, 5m or 2h. Too little makes fewer and narrower networks for fewer epochs; more tries other widths, learning rates, dropout and decay, as far as they are not given, and keeps what is best together out of fold. The model has the settings that lead to it again; another machine may come to others. With --folds the time of each fold. (default: the same plan everywhere, for 10s of 5,000 rows and 60s of 50,000 on two cores)",
      visibility: .hidden)
  )
  var time: String?

  @Option(
    name: .long,
    help: ArgumentHelp(
      "The folder of the temporary file of --memory, which vanishes with the run. (default: the model's)",
      visibility: .hidden))
  var spool: String?

  @Flag(
    name: .long,
    help: ArgumentHelp(
      "Show the state of the layers before the first step and after each epoch, and what is out of bounds. Changes nothing of the run; `backprop doctor` says more.",
      visibility: .hidden))
  var diagnose = false

  @Flag(
    name: .long,
    help:
      "Overwrite a file that this program did not make, or checkpoints; resume with other data or options."
  )
  var force = false

  static let defaultOutput = "model.safetensors"

  /// The seconds of `--time`.
  func seconds(_ configuration: TrainingConfiguration) throws -> Double? {
    guard let time else { return nil }
    // Thirty years, beyond which the clock does not count.
    guard let seconds = Names.seconds(time), seconds <= 1e9 else {
      throw UsageError("--time \(time.shown()): give a time such as 30s, 5m or 2h")
    }
    guard configuration.recipe ?? .usual == .auto, configuration.data.from == nil else {
      throw UsageError(
        "--time is for --recipe auto, which plans with it; "
          + (configuration.data.from == nil
            ? "give that, or leave the time out" : "a model that goes on is one network as it is"))
    }
    return seconds
  }
}
