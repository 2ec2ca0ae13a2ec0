import ArgumentParser
import Backprop
import BackpropInspection

/// `backprop evaluate MODEL DATA`: loss and metrics of a model on data.
struct EvaluateCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "evaluate",
    abstract: "Judge a model on data that has targets.",
    discussion: """
      Of a folder with IDX files, or an archive that brings a test part, the test part is used. A \
      model that was trained with weights is judged with them: by its column where DATA has it, and \
      by its weights of classes. The loss is what training descends; all other numbers are shares or \
      means of the whole weight. A dash (in JSON "NaN") is a number that is not defined on this data. \
      In JSON, the confusion of more than 1,000 classes is the list of its cells that are not 0: \
      actual class, predicted class, examples.

      EXAMPLES:
        backprop evaluate model.safetensors penguins.csv
        backprop evaluate model.safetensors test.csv --bootstrap 1000 \\
          --metrics roc-auc,f1 --json
      """)

  @OptionGroup
  var arguments: LabelledDataArguments

  @OptionGroup(title: "What to show")
  var metrics: MetricOptions

  @OptionGroup(title: "Output")
  var output: OutputOptions

  func run() throws {
    let threads = try output.threadCount()
    let language = try output.language()
    try metrics.check()
    var opened = try arguments.open(
      preferringTest: true, averages: true, weights: metrics.weightColumn, output)
    opened.coders.weights = try metrics.weights(of: opened, output)
    switch opened.model.network {
    case .float(let network): try evaluate(opened, network, threads, language)
    case .double(let network): try evaluate(opened, network, threads, language)
    }
  }

  private func evaluate<T: Scalar>(
    _ opened: LabelledData, _ network: Network<T>, _ threads: Int, _ language: Language
  ) throws {
    let (data, table) = (opened.coders, opened.table)
    let kind = data.target.metrics(outputActivation: network.outputActivation)
    let shown = try metrics.shown(for: kind, of: network)
    let dataset = try data.dataset(of: table, for: network)
    table.discardKeptColumns()
    let pool = dataset.count > 1000 ? ThreadPool.of(threads) : nil
    let (evaluation, predictions) = opened.model.evaluateKeepingPredictions(
      network, on: dataset, metrics: kind, for: shown, pool: pool)
    guard evaluation.loss.isFinite else {
      throw DataError(
        file: table.file, "the loss is \(JSONValue(evaluation.loss)): an output is no number",
        remedy: "the rows are far from what the network was trained on, or its training diverged")
    }
    var intervals: [MetricInterval] = []
    if let samples = metrics.bootstrap, samples > 0 {
      intervals = predictions.bootstrap([.loss] + shown, samples: samples, seed: metrics.seed)
    }
    let report = EvaluationReport(
      evaluation: evaluation, predictions: predictions, target: data.target, weights: data.weights,
      loss: network.loss, metrics: Array(zip(shown, predictions.values(of: shown))),
      intervals: intervals, samples: metrics.bootstrap ?? 0, seed: metrics.seed,
      showsClasses: metrics.metrics == nil)
    if output.json {
      try Terminal.printOutput(report.document.description)
    } else {
      for line in report.lines(in: language) { try Terminal.printOutput(line) }
    }
  }
}

/// What an evaluation computes.
struct MetricOptions: ParsableArguments {
  @Option(
    name: .long,
    help:
      "The metrics to show: \(Metric.names.joined(separator: ", ")). (default: all that fit the task, but pinball)"
  )
  var metrics: String?

  @Option(
    name: .long, parsing: .unconditional,
    help:
      "Add to each metric a 95 % percentile interval from so many bootstrap samples of the rows; 1000 is usual. (default: 0)"
  )
  var bootstrap: Int?

  @Option(
    name: .long, parsing: .unconditional,
    help: "The same seed draws the same bootstrap samples.")
  var seed: UInt64 = 0

  @Option(
    name: .long, help: "A column with the weight of each example. (default: the model's own)")
  var weightColumn: String?

  @Flag(name: .long, help: "All rows weigh the same, whatever the model says.")
  var unweighted = false

  static let mostSamples = 1_000_000

  /// Checks what can be checked before any data is read.
  func check() throws {
    if let bootstrap, !(0...Self.mostSamples).contains(bootstrap) {
      throw UsageError("--bootstrap \(bootstrap): give a number from 0 to \(Self.mostSamples)")
    }
    if unweighted, weightColumn != nil {
      throw UsageError("give --weight-column or --unweighted, not both")
    }
    if let metrics {
      let names = try Names.split(metrics, option: "--metrics")
      if names.isEmpty { throw UsageError("--metrics names none") }
      let found = try names.map { try Names.metric($0) }
      if let twice = found.indices.first(where: { found[..<$0].contains(found[$0]) }) {
        throw UsageError("--metrics names \(found[twice]) twice")
      }
    }
  }

  /// The metrics to show of a network, the loss not among them: it is always shown.
  func shown<T: Scalar>(for kind: MetricKind, of network: Network<T>) throws -> [Metric] {
    if let metrics {
      return try Names.split(metrics, option: "--metrics").map { try Names.metric($0, for: kind) }
        .filter { $0 != .loss }
    }
    var usual = Metric.usual(for: kind, outputs: network.outputCount)
    if case .quantile(let quantile) = network.loss { usual.append(.pinball(quantile: quantile)) }
    return usual
  }

  /// What the rows weigh: as the options say, else as in training.
  func weights(of data: LabelledData, _ output: OutputOptions) throws -> ExampleWeights? {
    if unweighted { return nil }
    var weights = data.model.weights ?? ExampleWeights()
    if let weightColumn {
      weights.column = weightColumn
    } else if let column = weights.column, !data.table.has(column) {
      output.note(
        "warning: the model was trained with weights of column \(column), which is missing here: "
          + "rows weigh the same")
      weights.column = nil
    }
    if let weightColumn {
      if data.coders.target.columns.contains(weightColumn) {
        throw UsageError("--weight-column \(weightColumn) is a target; name another column")
      }
      if data.model.encoder?.columns.contains(where: { $0.name == weightColumn }) ?? false {
        throw UsageError(
          "--weight-column \(weightColumn) is a feature of the model; train a model with this option"
        )
      }
    }
    return weights.isEmpty ? nil : weights
  }
}
