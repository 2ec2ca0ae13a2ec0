import ArgumentParser
import Backprop
import BackpropInspection

/// `backprop tune-rate DATA --target COL`: a learning rate before the run.
struct TuneRateCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "tune-rate",
    abstract: "Find a learning rate for a network and its data.",
    discussion: """
      Makes two short tests on copies of the network, and writes no model. The range test lets the \
      rate grow from step to step until the loss explodes (Smith 2017). The threshold search looks \
      for the largest rate at which the loss falls throughout the first epochs (Nielsen 2015, ch. \
      3). Proposed is the smaller of three tenths of the rate at which the smoothed loss of the range \
      test was lowest and half of the threshold. DATA and options are those of `train`.

      EXAMPLES:
        backprop tune-rate penguins.csv --target species
        backprop tune-rate digits.csv --target digit --hidden 64 --optimizer sgd \\
          --plot rates.svg
      """)

  @Argument(help: "The data: a file, - for standard input, or a folder with IDX files.")
  var data: String

  @OptionGroup(title: "What matters most")
  var common: CommonOptions

  @OptionGroup(title: "What to learn", visibility: .hidden)
  var target: TargetOptions

  @OptionGroup(title: "Search")
  var search: TuneRateOptions

  @OptionGroup(title: "Network", visibility: .hidden)
  var network: NetworkOptions

  @OptionGroup(title: "Updates", visibility: .hidden)
  var updates: UpdateOptions

  @OptionGroup(title: "Noise in training", visibility: .hidden)
  var noise: NoiseOptions

  @OptionGroup(title: "Training", visibility: .hidden)
  var training: TuneRateTraining

  @OptionGroup(title: "Reading the data", visibility: .hidden)
  var table: TableReadingOptions

  @OptionGroup(title: "Output")
  var output: OutputOptions

  @OptionGroup
  var help: HelpOptions

  func run() throws {
    Terminal.ignoreBrokenPipes()
    let options = try search.options()
    var configuration = TrainingConfiguration()
    try CommandWords.take(into: &configuration)
    try Self.refuseWhatIsSearched()
    let rule = configuration.optimizer
    if rule.ignoresSchedule {
      throw UsageError(
        "--optimizer \(rule.name) finds the size of its steps by itself: there is no rate to tune; "
          + "train with it at once")
    }
    let base = try configuration.data.from.map { try Model(contentsOf: $0) }
    let estimator = Estimator(configuration, from: base, threads: try output.threadCount())
    try estimator.validate()
    if let plot = search.plot {
      let inputs = [data, configuration.stopping.validationData, configuration.data.from]
      try RecordOptions.check(plot: plot, model: nil, inputs: inputs, force: nil)
    }
    switch estimator.precision {
    case .float: try run(estimator, options, as: Float.self)
    case .double: try run(estimator, options, as: Double.self)
    }
  }

  private func run<T: Scalar>(
    _ estimator: Estimator, _ options: RateSearchOptions, as type: T.Type
  ) throws {
    // Notes about the run go to standard error; the one document is the tuner's.
    let reporter = try TrainingReporter(json: false, output)
    let prepared: PreparedFit<T> = try estimator.preparing(
      estimator.readTables(data, reporter) { $0.oneRun = "tune-rate" }, reporter)
    reporter.describe(prepared, data: data)
    // There is no budget of memory here, so that the examples are at hand.
    guard case .memory(let training) = prepared.training else { return }
    let tuner = RateTuner(
      options: options, plot: search.plot, data: data, json: output.json)
    try tuner.run(
      prepared.network, prepared.coders, prepared.configuration, on: training,
      threads: estimator.threads, reporter)
  }

  /// Settings of `train` that a search sets itself, or that choose among epochs.
  private static func refuseWhatIsSearched() throws {
    for name in [
      "learning-rate", "schedule", "warm-up", "epochs", "patience", "metric", "min-delta",
    ] where CommandWords.has(name) {
      let instead =
        switch name {
        case "learning-rate": "--low and --high bound the rates"
        case "epochs": "--steps and --first-epochs say how long it searches"
        default: "leave it out, and give it to train"
        }
      throw UsageError("--\(name) has no meaning for tune-rate: \(instead)")
    }
  }
}

/// Further settings of the run that the rate is for.
struct TuneRateTraining: ParsableArguments {
  @Option(.validationData) var validationData: String?
  @Flag(.noShuffle) var noShuffle = false
  // Refused with the reason.
  @OptionGroup(visibility: .hidden) var schedule: ScheduleOptions
  @Option(.metric) var metric: String?
  @Option(.minDelta) var minDelta: String?
}

/// Where and how long is searched.
struct TuneRateOptions: ParsableArguments {
  @Option(
    name: .long, parsing: .unconditional,
    help: "The lowest rate. (default: \(JSONValue(RateSearchOptions().lowest)))")
  var low: Double?

  @Option(
    name: .long, parsing: .unconditional,
    help: "The highest rate. (default: \(JSONValue(RateSearchOptions().highest)))")
  var high: Double?

  @Option(
    name: .long, parsing: .unconditional,
    help: "Steps of the range test. (default: \(RateSearchOptions().steps))")
  var steps: Int?

  @Option(
    name: .long, parsing: .unconditional,
    help: "Epochs at each rate of the threshold search. (default: \(RateSearchOptions().epochs))")
  var firstEpochs: Int?

  @Option(name: .long, help: "Draw the loss against the rate into this SVG file.")
  var plot: String?

  func options() throws -> RateSearchOptions {
    let usual = RateSearchOptions()
    let options = RateSearchOptions(
      lowest: low ?? usual.lowest, highest: high ?? usual.highest, steps: steps ?? usual.steps,
      epochs: firstEpochs ?? usual.epochs)
    let names = [
      "lowest": "--low", "highest": "--high", "steps": "--steps", "epochs": "--first-epochs",
    ]
    do {
      try options.validate()
    } catch {
      throw UsageError("\(names[error.name] ?? error.name) \(error.problem)")
    }
    return options
  }
}

/// Makes the search in the place of training, and tells what it found.
struct RateTuner {
  let options: RateSearchOptions
  let plot: String?
  let data: String
  let json: Bool

  /// - Throws: `RateNotFoundError` if the loss falls at no rate.
  func run<T: Scalar>(
    _ network: Network<T>, _ coders: ModelData, _ configuration: TrainingConfiguration,
    on training: Dataset<T>, threads: Int, _ reporter: TrainingReporter
  ) throws {
    let search = try RateSearch(configuration: configuration, options: options, threads: threads)
    let found = try search.run(
      network, on: training,
      metrics: coders.target.metrics(outputActivation: network.outputActivation)
    ) { attempt in
      reporter.note(
        "η = \(Format.short(attempt.rate)): \(RateReport.losses(attempt, reporter.language))")
    }
    let report = RateReport(
      result: found, options: options, configuration: configuration, sizes: network.sizes,
      title: "\(Folder.split(data).name.shown()) → \(Format.list(coders.target.columns))",
      examples: training.count, parameters: network.parameterCount)
    if let plot {
      let file = try AtomicFile(plot)
      try file.write(Array(report.picture.utf8))
      try file.commit()
    }
    if json {
      try Terminal.printOutput(report.json.description)
    } else {
      for line in report.lines(
        width: Terminal.outputWidth, isASCII: Terminal.isDumb, hasColor: Terminal.outputHasColor,
        reporter.language)
      {
        try Terminal.writeOutput(line + "\n")
      }
      if let plot {
        try Terminal.printOutput(Format.right(reporter.language.text(.drawn), 10) + plot)
      }
    }
    if found.proposed == nil { throw RateNotFoundError(options: options) }
  }
}

/// The loss falls nowhere.
struct RateNotFoundError: UserError {
  let options: RateSearchOptions

  var message: String {
    "the loss falls at no rate from \(JSONValue(options.lowest)) to \(JSONValue(options.highest)): "
      + "look for constant or wildly scaled inputs and targets (`backprop doctor`), or search lower "
      + "with --low"
  }
}
