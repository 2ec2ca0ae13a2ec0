import ArgumentParser
import Backprop
import BackpropInspection

/// `backprop importance MODEL DATA`: which columns a model uses, and how.
struct ImportanceCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "importance",
    abstract: "Show which columns a model uses, and how its answer depends on them.",
    discussion: """
      The importance of a column is how much worse the metric is, on average over --repeats, once the \
      column's values are permuted among the rows (Breiman 2001): positive where the column helps, exactly \
      0 where the model does not look at it. All inputs that a column becomes move together. Its interval is \
      mean ± t · sd / √repeats, 95 % by Student's t: of the mean that ever more permutations of the same \
      rows would give. It does not tell of other rows, nor of another training. Columns that say the same \
      stand in for each other, and each counts for less than both together.

      The dependence on a column is what the model says on average over all rows where this column alone \
      is set to a value (Friedman 2001): a number to quantiles of the rows from 5 to 95 %, a category to its \
      levels. Rows that were learned from flatter what was learned by heart: --part test takes those that \
      were set apart. Several networks of a model count as one.

      EXAMPLES:
        backprop importance model.safetensors penguins.csv --part test
        backprop importance model.safetensors houses.csv --metric mae --repeats 50 \\
          --plot importance.svg --json
      """)

  @OptionGroup
  var arguments: LabelledDataArguments

  @OptionGroup(title: "Which rows, which classes")
  var judging: ImportanceRows

  @OptionGroup(title: "What to measure")
  var measures: ImportanceOptions

  @OptionGroup(title: "Output")
  var output: OutputOptions

  func run() throws {
    let threads = try output.threadCount()
    let language = try output.language()
    let role = try judging.part.role()
    try measures.check()
    if let plot = measures.plot {
      try RecordOptions.check(
        plot: plot, model: nil, inputs: [arguments.data, arguments.model], force: nil)
    }
    var opened = try arguments.open(
      preferringTest: role == nil, averages: true, weights: measures.weighting.weightColumn, output)
    opened.coders.weights = try measures.weighting.weights(of: opened, output)
    switch opened.model.network {
    case .float(let network): try show(opened, network, role, threads, language)
    case .double(let network): try show(opened, network, role, threads, language)
    }
  }

  private func show<T: Scalar>(
    _ opened: LabelledData, _ network: Network<T>, _ role: TrainedRows.Role?, _ threads: Int,
    _ language: Language
  ) throws {
    let (model, target) = (opened.model, opened.coders.target)
    let kind = target.metrics(outputActivation: network.outputActivation)
    var options = PermutationImportance.Options(
      metric: try measures.metric.map { try Names.metric($0, for: kind, option: "metric") }
        ?? PermutationImportance.usualMetric(
          for: kind, monitored: model.configuration?.monitor?.metric))
    (options.repeats, options.seed) = (measures.repeats, measures.seed)
    if target.task == .classification, target.labels.count == 2 {
      options.positive = try JudgingOptions.positive(judging.positive, of: target, model.rows).code
    } else if judging.positive != nil {
      throw UsageError("--positive is for two classes, and this is another task")
    }
    let columns = try InputColumn.all(of: opened.coders, in: opened.table)
    let judged = try JudgedRows(opened, network, part: role, path: arguments.data)
    opened.table.discardKeptColumns()
    let dataset = judged.dataset
    let pool = dataset.count > 1000 ? ThreadPool.of(threads) : nil
    let isShown = Terminal.isInteractive && !output.quiet
    let importance: PermutationImportance
    do {
      importance = try PermutationImportance(
        of: model, network, columns: columns, on: dataset, metrics: kind, options: options,
        pool: pool
      ) { permutation in
        guard isShown else { return }
        Terminal.clearLine()
        Terminal.writeError("permutation \(permutation) of \(options.repeats) …")
      }
    } catch {
      Terminal.clearLine()
      throw error.naming(file: arguments.data)
    }
    if isShown { Terminal.clearLine() }
    let first = importance.columns.prefix(measures.dependence).map(\.column)
    for column in first where !column.hasGrid {
      output.note("note: \(column.name.shown()) is a date, which has no dependence to show")
    }
    let report = ImportanceReport(
      importance: importance,
      dependences: try first.filter(\.hasGrid).map {
        try PartialDependence(of: model, on: $0, for: dataset, target: target, pool: pool)
      },
      examples: dataset.count, rows: judged.known, target: target, weights: opened.coders.weights,
      unusedWeights: opened.coders.weights == nil ? model.weights : nil)
    if output.json {
      try Terminal.printOutput(report.document.description)
    } else {
      for line in report.lines(in: language) { try Terminal.printOutput(line) }
    }
    if let path = measures.plot {
      let file = try AtomicFile(path)
      let (model, rows) = (Folder.split(arguments.model).name, Folder.split(arguments.data).name)
      let picture = report.picture(
        title: "What \(model.shown()) uses on \(rows.shown())",
        subtitle: "\(Format.count(dataset.count, "example")); "
          + "\(MetricText.name(options.metric)) "
          + "\(MetricText.value(options.metric, importance.baseline)); "
          + "\(Format.count(options.repeats, "permutation")), "
          + "bars are means, lines their 95 % intervals")
      try file.write(Array(picture.utf8))
      try file.commit()
    }
  }
}

/// Which rows are asked, and which of two classes.
struct ImportanceRows: ParsableArguments {
  @OptionGroup var part: PartOptions

  @Option(
    name: .long,
    help: "Two classes: the label whose probability is shown. (default: the rarest in training)")
  var positive: String?
}

/// What an importance is measured by.
struct ImportanceOptions: ParsableArguments {
  @Option(
    name: .long,
    help:
      "What gets worse: \(Metric.names.joined(separator: ", ")). (default: the one that training was told to watch, else accuracy, exact-match of several labels, r2 of numbers)"
  )
  var metric: String?

  @Option(
    name: .long, parsing: .unconditional,
    help: "Permutations of each column.")
  var repeats: Int = Self.usualRepeats

  @Option(
    name: .long, parsing: .unconditional, help: "The same seed makes the same permutations.")
  var seed: UInt64 = 0

  @Option(
    name: .long, parsing: .unconditional,
    help: "Show the dependence on so many of the most important columns.")
  var dependence: Int = 3

  @OptionGroup var weighting: WeightingOptions

  @Option(name: .long, help: "Draw importance and dependence into this SVG file.")
  var plot: String?

  private static let usualRepeats = PermutationImportance.Options(metric: .loss).repeats
  private static let mostRepeats = 100_000

  /// Checks what can be checked before any data is read.
  func check() throws {
    guard (1...Self.mostRepeats).contains(repeats) else {
      throw UsageError("--repeats \(repeats): give a number from 1 to \(Self.mostRepeats)")
    }
    guard (0...1000).contains(dependence) else {
      throw UsageError("--dependence \(dependence): give a number of columns from 0 to 1000")
    }
    if let metric { _ = try Names.metric(metric, option: "metric") }
  }
}

extension DataError {
  /// The same of a file, unless it names one.
  fileprivate func naming(file: String) -> DataError {
    var error = self
    error.file = error.file ?? file
    return error
  }
}
