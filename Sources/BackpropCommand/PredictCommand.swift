import ArgumentParser
import Backprop
import BackpropInspection

/// `backprop predict MODEL DATA`: a prediction for every row, in the order of the rows.
struct PredictCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "predict",
    abstract: "Predict the target of every row.",
    discussion: """
      Prints CSV: a column `prediction`, or for several targets a column `prediction:NAME` each; \
      with --probabilities a column for each label as well, called by the label. DATA may have the \
      target columns or not. Of a folder with IDX files the test part is used.

      EXAMPLES:
        backprop predict model.safetensors penguins.csv
        backprop predict model.safetensors new.csv --probabilities -o predictions.csv
      """)

  @Argument(help: "A model file.")
  var model: String

  @Argument(help: "The data: a file, - for standard input, or a folder with IDX files.")
  var data: String

  @Option(name: [.customShort("o"), .long], help: "Where to write. (default: standard output)")
  var output: String?

  @Flag(name: .long, help: "Add the probability of each label.")
  var probabilities = false

  @Option(name: .long, help: "Columns that are no inputs of a model without an encoder: a,b,…")
  var target: String?

  @OptionGroup(title: "Reading the data")
  var table: TableReadingOptions

  @OptionGroup(title: "Output")
  var outputOptions: OutputOptions

  func run() throws {
    let threads = try outputOptions.threadCount()
    // It prints data alone; a language that there is not is refused all the same.
    _ = try outputOptions.language()
    if let output {
      try OutputFile.checkFolder(output)
      try OutputFile.check(output, isNoneOf: [data, model])
    }
    let model = try Model(contentsOf: model)
    var settings = try model.readingSettings()
    settings.target = target.map { [$0] }
    let options = try TableOptions(settings, for: model, threads: threads)
    if probabilities {
      let activation = model.network.outputActivation
      guard model.targetEncoder?.hasProbabilities(outputActivation: activation) ?? false else {
        throw UsageError(
          "--probabilities: the outputs of this model (\(model.network.outputActivation)) are none")
      }
    }
    let source = try DataSource.open(existing: data, options: options)
    let table = source.test ?? source.training
    table.warnings.forEach { outputOptions.note("warning: \($0)") }
    let targets = try target.map { try table.columns(named: $0) } ?? []
    switch model.network {
    case .float: try predict(model, table, targets, threads, as: Float.self)
    case .double: try predict(model, table, targets, threads, as: Double.self)
    }
  }

  private func predict<T: Scalar>(
    _ model: Model, _ table: Table, _ targets: [String], _ threads: Int, as type: T.Type
  ) throws {
    let inputs: Matrix<T> = try model.inputs(of: table, targets: targets, as: T.self)
    table.discardKeptColumns()
    let sink = try OutputSink(output)
    // Lines are made of some 4 million outputs at a time, a document of all.
    let outputs = model.network.sizes.last ?? 1
    let most = outputOptions.json ? inputs.rows : max(1, (1 << 22) / outputs)
    for first in stride(from: 0, through: max(0, inputs.rows - 1), by: max(1, most)) {
      let rows = first..<min(first + most, inputs.rows)
      let some = rows.count == inputs.rows ? inputs : inputs.gathered(rows.map { UInt32($0) })
      let writer = PredictionWriter(
        predictions: try model.predictions(of: some, first: first, threads),
        hasHeader: first == 0, isDouble: T.self == Double.self)
      if outputOptions.json {
        try sink.write(writer.document.description + "\n")
      } else {
        try writer.forEachLine(probabilities: probabilities) { try sink.write($0) }
      }
    }
    try sink.finish()
  }
}

/// Predictions as CSV and as JSON.
private struct PredictionWriter {
  let predictions: Predictions
  let hasHeader: Bool
  let isDouble: Bool

  private var columns: Range<Int> { predictions.columns.indices }

  /// Hands out the lines of the CSV, a thousand at a time.
  func forEachLine(probabilities: Bool, _ body: (String) throws -> Void) throws {
    var header =
      columns.count == 1 ? ["prediction"] : predictions.columns.map { "prediction:\($0)" }
    let labels = probabilities ? predictions.labels : []
    header += labels
    var text = hasHeader ? header.map(Self.cell).joined(separator: ",") + "\n" : ""
    for row in 0..<predictions.rowCount {
      for column in columns {
        if column > 0 { text += "," }
        text += Self.cell(predictions.text(row: row, column: column))
      }
      for label in labels.indices {
        text += "," + predictions.number(predictions.probabilities[row * labels.count + label])
      }
      text += "\n"
      if row % 1000 == 999 {
        try body(text)
        text = ""
      }
    }
    try body(text)
  }

  /// A cell of a CSV: in quotes where RFC 4180 wants them.
  private static func cell(_ text: String) -> String {
    let isPlain = text.utf8.allSatisfy { byte in
      byte != UInt8(ascii: ",") && byte != UInt8(ascii: "\"") && byte != UInt8(ascii: "\n")
        && byte != UInt8(ascii: "\r")
    }
    if isPlain, text.utf8.first != UInt8(ascii: " "), text.utf8.last != UInt8(ascii: " ") {
      return text
    }
    return "\""
      + text.split(separator: "\"", omittingEmptySubsequences: false).joined(separator: "\"\"")
      + "\""
  }

  var document: JSONValue {
    let rows = (0..<predictions.rowCount).map { row -> JSONValue in
      let values = columns.map { column -> JSONValue in
        predictions.task == .regression
          ? number(predictions.values[row * columns.count + column])
          : .string(predictions.text(row: row, column: column))
      }
      return columns.count == 1 ? values[0] : .array(values)
    }
    let labels = predictions.labels.count
    let probabilities: JSONValue =
      predictions.probabilities.isEmpty
      ? .null
      : .array(
        (0..<predictions.rowCount).map { row in
          .array((0..<labels).map { number(predictions.probabilities[row * labels + $0]) })
        })
    return [
      "schema": "backprop.predict/1", "predictions": .array(rows),
      "labels": JSONValue(predictions.labels), "probabilities": probabilities,
    ]
  }

  /// In the precision of the outputs, where that holds it.
  private func number(_ value: Double) -> JSONValue {
    !isDouble && Double(Float(value)) == value ? JSONValue(Float(value)) : JSONValue(value)
  }
}

/// Standard output, or a file that appears when it is complete.
private struct OutputSink {
  private let file: AtomicFile?
  /// A terminal would obey what a label holds.
  private let isTerminal: Bool

  init(_ path: String?) throws {
    file = try path.map { try AtomicFile($0) }
    isTerminal = file?.isTerminal ?? Terminal.outputIsTerminal
  }

  func write(_ text: String) throws {
    let text = isTerminal ? Self.lines(text) : text
    if let file {
      try file.write(Array(text.utf8))
    } else {
      try Terminal.writeOutput(text)
    }
  }

  func finish() throws { try file?.commit() }

  /// Lines for a terminal: whatever a label holds, it is drawn and not obeyed.
  private static func lines(_ text: String) -> String {
    text.split(separator: "\n", omittingEmptySubsequences: false)
      .map { String($0).shown(limit: .max) }.joined(separator: "\n")
  }
}
