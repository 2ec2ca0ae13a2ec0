import ArgumentParser
import Backprop
import BackpropInspection

/// `backprop evaluate MODEL DATA`: loss and metrics of a model on data.
struct EvaluateCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "evaluate",
    abstract: "Judge a model on data that has targets.",
    discussion: """
      Of a folder with IDX files, or an archive that brings a test part, the test part is used. Every \
      row counts once; with --weighted it weighs what it did in training: by the column where DATA \
      has it, and by its class. A model knows the rows that it was trained on: --part judges by those \
      that it set apart (test) or chose its epoch by (held-out). A dash (in JSON "NaN") is a number that is not defined on this data. \
      In JSON, the confusion of more than 1,000 classes is the list of its cells that are not 0: \
      actual class, predicted class, examples.

      EXAMPLES:
        backprop evaluate model.safetensors penguins.csv --part test
        backprop evaluate model.safetensors test.csv --bootstrap 1000 \\
          --metrics roc-auc,f1 --json
      """)

  @OptionGroup
  var arguments: LabelledDataArguments

  @OptionGroup(title: "Which rows, which classes")
  var judging: JudgingOptions

  @OptionGroup(title: "What to show")
  var metrics: MetricOptions

  @OptionGroup(title: "Output")
  var output: OutputOptions

  func run() throws {
    let threads = try output.threadCount()
    let language = try output.language()
    try metrics.check()
    try judging.check()
    if let plot = metrics.plot {
      try RecordOptions.check(
        plot: plot, model: nil, inputs: [arguments.data, arguments.model], force: nil)
    }
    var opened = try arguments.open(
      preferringTest: judging.part.part == nil, averages: true,
      weights: metrics.weighting.weightColumn, output)
    opened.coders.weights = try metrics.weighting.weights(of: opened, output)
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
    let judged = try JudgedRows(
      opened, network, part: judging.part.role(), path: arguments.data)
    let dataset = judged.dataset
    table.discardKeptColumns()
    let pool = dataset.count > 1000 ? ThreadPool.of(threads) : nil
    let classes = data.target.task == .classification ? data.target.labels.count : 0
    var (evaluation, predictions) = opened.model.evaluateKeepingPredictions(
      network, on: dataset, metrics: kind, for: shown + (classes == 2 ? [.rocAUC] : []),
      pool: pool)
    guard evaluation.loss.isFinite else {
      throw DataError(
        file: table.file, "the loss is \(JSONValue(evaluation.loss)): an output is no number",
        remedy: "the rows are far from what the network was trained on, or its training diverged")
    }
    let decision = try decision(&predictions, data.target, opened.model, kind, classes)
    var intervals: [MetricInterval] = []
    if let samples = metrics.bootstrap, samples > 0 {
      intervals = predictions.bootstrap([.loss] + shown, samples: samples, seed: metrics.seed)
    }
    var report = EvaluationReport(
      evaluation: evaluation, predictions: predictions, target: data.target, weights: data.weights,
      loss: network.loss, metrics: Array(zip(shown, predictions.values(of: shown))),
      intervals: intervals, samples: metrics.bootstrap ?? 0, seed: metrics.seed,
      showsClasses: metrics.metrics == nil)
    report.rows = judged.known
    // Rows of the test that have made the intervals say nothing of them.
    if opened.model.intervals?.isOfFolds == true || judged.known == nil {
      report.predictionInterval = opened.model.intervalScore(on: dataset, pool: pool)
    }
    report.decision = decision
    if data.weights == nil { report.unusedWeights = opened.model.weights }
    // Means in which every row counts once are no baseline of rows that do not.
    if data.weights == nil, let rows = opened.model.rows {
      report.baseline = try network.evaluate(
        on: .memory(dataset), metrics: kind, giving: rows.baseline, pool: pool)
      report.usualLabel = data.target.usualLabel(rows.baseline)
    }
    if output.json {
      try Terminal.printOutput(report.document.description)
    } else {
      for line in report.lines(in: language) { try Terminal.printOutput(line) }
    }
    guard let decision, metrics.curves || metrics.plot != nil else { return }
    let label = data.target.labels[decision.positive]
    let curves = ClassCurves(
      predictions, positive: decision.positive, label: label,
      hasProbabilities: kind == .classification(probabilities: true), language: language)
    if metrics.curves, !output.json {
      for line in curves.lines(isASCII: Terminal.isDumb) { try Terminal.printOutput(line) }
    }
    if let path = metrics.plot {
      let file = try AtomicFile(path)
      let (model, rows) = (Folder.split(arguments.model).name, Folder.split(arguments.data).name)
      let picture = curves.picture(
        title: "\(model.shown()) on \(rows.shown())",
        subtitle: "\(Format.count(dataset.count, "example")), \(label.shown()) is positive; "
          + "ROC AUC \(Format.short(predictions.value(of: .rocAUC)))")
      try file.write(Array(picture.utf8))
      try file.commit()
    }
  }
}

extension EvaluateCommand {
  /// Which of two classes is the positive one, and the predictions by its threshold; nil of other tasks.
  private func decision(
    _ predictions: inout EvaluatedPredictions, _ target: TargetEncoder, _ model: Model,
    _ kind: MetricKind, _ classes: Int
  ) throws -> EvaluationReport.ClassDecision? {
    guard classes == 2 else {
      for (option, isGiven) in [
        ("--positive", judging.positive != nil), ("--threshold", judging.threshold != nil),
        ("--curves", metrics.curves), ("--plot", metrics.plot != nil),
      ] where isGiven {
        throw UsageError("\(option) is for two classes, and this is another task")
      }
      return nil
    }
    let (positive, isRarest) = try JudgingOptions.positive(judging.positive, of: target, model.rows)
    predictions.positive = positive
    guard let text = judging.threshold else {
      return .init(positive: positive, isRarest: isRarest, threshold: 0.5, source: .model)
    }
    guard case .classification(_, probabilities: true) = kind else {
      throw UsageError(
        "--threshold: the outputs of this model (\(model.network.outputActivation)) are no probabilities"
      )
    }
    let threshold: Double
    if text == "best-f1" {
      guard let best = predictions.bestThreshold(for: positive) else {
        throw DataError(
          file: arguments.data,
          "no row is \(target.labels[positive].quoted), so that no threshold has an F1",
          remedy: "name the other class with --positive, or give a number")
      }
      threshold = best.threshold
    } else {
      threshold = try JudgingOptions.number(text)
    }
    predictions = predictions.deciding(for: positive, above: threshold)
    return .init(
      positive: positive, isRarest: isRarest, threshold: threshold,
      source: text == "best-f1" ? .bestF1 : .given)
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

  @OptionGroup var weighting: WeightingOptions

  @Flag(name: .long, help: "Two classes: draw ROC and calibration curves below the numbers.")
  var curves = false

  @Option(
    name: .long, help: "Two classes: draw ROC and calibration curves into this SVG file.")
  var plot: String?

  static let mostSamples = 1_000_000

  /// Checks what can be checked before any data is read.
  func check() throws {
    if let bootstrap, !(0...Self.mostSamples).contains(bootstrap) {
      throw UsageError("--bootstrap \(bootstrap): give a number from 0 to \(Self.mostSamples)")
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
}

/// What the rows count that judge.
struct WeightingOptions: ParsableArguments {
  @Option(
    name: .long, help: "A column with the weight of each example. (default: every row counts once)")
  var weightColumn: String?

  @Flag(
    name: .long,
    help: "Rows weigh what they did in training: by the model's column and its weights of classes.")
  var weighted = false

  /// What the rows weigh; nil if every row counts once.
  func weights(of data: LabelledData, _ output: OutputOptions) throws -> ExampleWeights? {
    var weights = (weighted ? data.model.weights : nil) ?? ExampleWeights()
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
