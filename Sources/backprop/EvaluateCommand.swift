import ArgumentParser
import Backprop

/// `backprop evaluate MODEL DATA`: loss and metrics of a model on data.
struct EvaluateCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "evaluate",
    abstract: "Judge a model on data that has targets.",
    discussion: """
      Of a folder with IDX files, or an archive that brings a test part, the test part is used.

      EXAMPLES:
        backprop evaluate model.safetensors penguins.csv
        backprop evaluate model.safetensors test.csv --json
      """)

  @OptionGroup
  var arguments: LabelledDataArguments

  @OptionGroup(title: "Output")
  var output: OutputOptions

  func run() throws {
    let threads = try output.threadCount()
    let opened = try arguments.open(preferringTest: true, output)
    switch opened.model.network {
    case .float(let network): try evaluate(network, opened.coders, opened.table, threads)
    case .double(let network): try evaluate(network, opened.coders, opened.table, threads)
    }
  }

  private func evaluate<T: Scalar>(
    _ network: Network<T>, _ data: ModelData, _ table: Table, _ threads: Int
  ) throws {
    let dataset = try data.dataset(of: table, for: network)
    let pool = threads > 1 && dataset.count > 1000 ? ThreadPool(threads: threads) : nil
    let evaluation = network.evaluate(
      on: dataset, metrics: data.target.metrics(outputActivation: network.outputActivation),
      pool: pool)
    if output.json {
      try Terminal.printOutput(
        document(evaluation, examples: dataset.count, labels: data.target.labels).description)
    } else {
      try printTable(evaluation, examples: dataset.count, target: data.target, loss: network.loss)
    }
  }

  private func document(_ evaluation: Evaluation, examples: Int, labels: [String]) -> JSONValue {
    let metrics = evaluation.metrics
    return [
      "schema": "backprop.evaluate/1", "examples": JSONValue(examples),
      "loss": JSONValue(evaluation.loss), "metrics": TrainingReporter.json(metrics),
      "confusion": metrics.classCount == 0
        ? .null
        : [
          "labels": JSONValue(labels),
          "counts": .array(metrics.confusionRows.map { JSONValue($0) }),
        ],
    ]
  }

  /// Classes of a confusion matrix that still fits a terminal.
  private static let mostClassesShown = 20

  private func printTable(
    _ evaluation: Evaluation, examples: Int, target: TargetEncoder, loss: Loss
  ) throws {
    var rows = [("examples", Format.count(examples))]
    rows += evaluation.metrics.values.map { name, value in
      (MetricText.name(name), MetricText.value(name, value))
    }
    rows.append(("loss", "\(Format.short(evaluation.loss)) (\(loss))"))
    let width = (rows.map(\.0.count).max() ?? 0) + 2
    for (name, value) in rows {
      try Terminal.printOutput(Format.right(name, width) + value)
    }
    let classes = evaluation.metrics.classCount
    guard classes > 0, classes <= Self.mostClassesShown else { return }
    try Terminal.printOutput("\nactual ↓ predicted →")
    let names = target.labels.map { $0.count > 12 ? "\($0.prefix(11))…" : $0 }
    let counts = evaluation.metrics.confusionRows
    let columns = names.indices.map { column in
      max(names[column].count, counts.map { Format.count($0[column]).count }.max() ?? 0)
    }
    let first = names.map(\.count).max() ?? 0
    let header = zip(names, columns).map { Format.left($0, $1) }.joined(separator: "  ")
    try Terminal.printOutput(Format.right("", first) + "  " + header)
    for (name, row) in zip(names, counts) {
      let cells = zip(row, columns).map { Format.left(Format.count($0), $1) }
      try Terminal.printOutput(Format.right(name, first) + "  " + cells.joined(separator: "  "))
    }
  }
}
