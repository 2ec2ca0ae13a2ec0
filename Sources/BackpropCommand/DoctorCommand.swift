import ArgumentParser
import Backprop
import BackpropInspection

/// `backprop doctor MODEL DATA`: what ails a network, measured on a user's own data.
struct DoctorCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "doctor",
    abstract: "Find out why a network does not learn, on your own data.",
    discussion: """
      Measures the error of every layer and what the weights and the derivative did to it, dead and \
      saturated units, the size of the updates; makes a trial of real steps on a copy; and lets a \
      copy learn a few examples by heart. What is out of bounds is a finding, with its threshold, \
      where that comes from, and what to do. If there are any, short runs of fresh copies, in each \
      of which one thing is different, tell the most likely cause, which is said first where one is \
      found. The exit code is 0 whatever is found: findings are results. `train --diagnose` shows the cheap ones after each epoch.

      Rule and learning rate are those that trained the model, unless given here. The thresholds \
      are printed; each can be set by its name.

      EXAMPLES:
        backprop doctor model.safetensors penguins.csv
        backprop doctor model.safetensors penguins.csv --optimizer sgd \\
          --learning-rate 10 --threshold deadShare=0.5
      """)

  @OptionGroup
  var arguments: LabelledDataArguments

  @OptionGroup(title: "What to measure")
  var measures: DoctorOptions

  @OptionGroup(title: "Output")
  var output: OutputOptions

  func run() throws {
    let threads = try output.threadCount()
    let language = try output.language()
    try measures.check()
    let opened = try arguments.open(output)
    switch opened.model.network {
    case .float(let network): try diagnose(network, opened, threads, language)
    case .double(let network): try diagnose(network, opened, threads, language)
    }
  }

  private func diagnose<T: Scalar>(
    _ network: Network<T>, _ opened: LabelledData, _ threads: Int, _ language: Language
  ) throws {
    let dataset = try opened.dataset(for: network)
    let options = try measures.diagnosisOptions(for: opened.model, examples: dataset.count)
    let diagnosis = try Diagnosis(
      of: network, on: dataset,
      metrics: opened.coders.target.metrics(outputActivation: network.outputActivation),
      options: options, pool: ThreadPool.of(threads))
    if output.json {
      try Terminal.printOutput(diagnosis.json.description)
      return
    }
    let report = DoctorReport(
      diagnosis: diagnosis, language: language,
      lossOfGuessing: options.isUntrained ? network.lossOfGuessing : nil,
      hasDropout: network.layers.haveDropout, isTrained: !options.isUntrained)
    for line in report.lines(title: arguments.model) { try Terminal.printOutput(line) }
  }
}

/// What is looked at, and by which bounds.
struct DoctorOptions: ParsableArguments {
  @Option(
    name: .long, parsing: .unconditional,
    help: ArgumentHelp(
      "Examples, drawn at random, to measure the error on; units are counted on all. "
        + "(default: \(DiagnosisOptions().examples))", valueName: "n"))
  var examples: Int?

  @Option(name: .long, help: "Rule of the trial. (default: the model's)")
  var optimizer: String?

  @Option(
    name: .long, parsing: .unconditional, help: "Learning rate of the trial. (default: the model's)"
  )
  var learningRate: Double?

  @Option(
    name: .long, parsing: .unconditional,
    help: "Steps of the trial. (default: \(DiagnosisOptions().steps))")
  var steps: Int?

  @Option(
    name: .long, parsing: .unconditionalSingleValue,
    help: ArgumentHelp(
      "Another bound than the usual one; may be repeated.", valueName: "name=value"))
  var threshold: [String] = []

  @Option(
    name: .long, parsing: .unconditional,
    help: "The same seed gives the same diagnosis. (default: \(TrainingConfiguration().seed))")
  var seed: UInt64?

  /// Checks what can be checked before the data is read.
  func check() throws { _ = try diagnosisOptions(for: nil, examples: 1) }

  /// - Parameters:
  ///   - model: The model, once it is read.
  ///   - count: Examples of the data.
  func diagnosisOptions(for model: Model?, examples count: Int) throws -> DiagnosisOptions {
    var options = DiagnosisOptions(
      configuration: try configuration(model?.configuration, examples: count))
    if let examples { options.examples = examples }
    if let steps { options.steps = steps }
    options.isUntrained = model?.configuration == nil
    options.thresholds = try thresholds()
    let checked = options
    try checked.validate()
    return options
  }

  /// The run that the trial imitates: the model's own as far as nothing else is given.
  private func configuration(
    _ own: TrainingConfiguration?, examples: Int
  ) throws -> TrainingConfiguration {
    var configuration =
      own ?? TrainingConfiguration().resolved(examples: examples, hasValidation: false)
    if let optimizer, optimizer != configuration.optimizer.name {
      configuration.change(to: try Names.optimizer(optimizer))
    }
    if let learningRate { configuration.learningRate = learningRate }
    configuration.seed = seed ?? TrainingConfiguration().seed
    return configuration
  }

  private func thresholds() throws -> DiagnosisThresholds {
    var thresholds = DiagnosisThresholds()
    do {
      for assignment in threshold { try thresholds.set(assignment) }
    } catch {
      throw UsageError(error.description)
    }
    return thresholds
  }
}
