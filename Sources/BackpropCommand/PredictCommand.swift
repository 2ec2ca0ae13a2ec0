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

  @Argument(help: "The data: a file, or a folder with IDX files.")
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
    if let output {
      try OutputFile.checkFolder(output)
      try OutputFile.check(output, isNoneOf: [data, model])
    }
    let model = try Model.open(model)
    try self.table.checkAgreement(with: model)
    var options = try self.table.tableOptions(target: target, for: model)
    options.threads = threads
    if probabilities {
      let activation = model.network.outputActivation
      guard model.targetEncoder?.hasProbabilities(outputActivation: activation) ?? false else {
        throw UsageError(
          "--probabilities: the outputs of this model (\(model.network.outputActivation)) are none")
      }
    }
    let source = try DataSource.open(data, options)
    let table = source.test ?? source.training
    table.warnings.forEach { outputOptions.note("warning: \($0)") }
    switch model.network {
    case .float(let network): try predict(network, model, table, threads)
    case .double(let network): try predict(network, model, table, threads)
    }
  }

  private func predict<T: Scalar>(
    _ network: Network<T>, _ model: Model, _ table: Table, _ threads: Int
  ) throws {
    let inputs: Matrix<T> = try ModelData.inputs(
      of: table, for: model, targets: try Names.columns(target, in: table), as: T.self)
    table.discardKeptColumns()
    let pool = threads > 1 && inputs.rows > 1000 ? ThreadPool(threads: threads) : nil
    let sink = try OutputSink(output)
    // Lines are made of some 4 million outputs at a time, a document of all.
    let most = outputOptions.json ? inputs.rows : max(1, (1 << 22) / network.outputCount)
    for first in stride(from: 0, through: max(0, inputs.rows - 1), by: max(1, most)) {
      let rows = first..<min(first + most, inputs.rows)
      let some = rows.count == inputs.rows ? inputs : inputs.gathered(rows.map { UInt32($0) })
      let writer = try PredictionWriter(
        outputs: network.predictions(for: some, pool: pool), first: first,
        target: model.targetEncoder, outputActivation: network.outputActivation)
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
private struct PredictionWriter<T: Scalar> {
  let outputs: Matrix<T>
  /// The row of the data that is the first of the outputs.
  let first: Int
  /// Nil for a model whose outputs mean nothing but themselves.
  let predictions: Predictions?

  init(
    outputs: Matrix<T>, first: Int, target: TargetEncoder?, outputActivation: Activation
  ) throws {
    self.outputs = outputs
    self.first = first
    predictions = try target.map { target in
      try target.decode(
        outputs, first: first,
        areProbabilities: target.hasProbabilities(outputActivation: outputActivation))
    }
    guard predictions == nil else { return }
    for row in 0..<outputs.rows {
      try Predictions.requireFinite(outputs[row: row], row: first + row)
    }
  }

  private var columnCount: Int { predictions?.columns.count ?? outputs.columns }

  /// Names of the outputs, where there are several.
  private func columnName(_ column: Int) -> String { predictions?.columns[column] ?? "\(column)" }

  private func text(_ row: Int, _ column: Int) -> String {
    predictions?.text(row: row, column: column) ?? JSONValue(outputs[row, column]).plainText
  }

  /// Hands out the lines of the CSV, a thousand at a time, with the header if they are the first.
  func forEachLine(probabilities: Bool, _ body: (String) throws -> Void) throws {
    let columns = columnCount
    var header =
      columns == 1 ? ["prediction"] : (0..<columns).map { "prediction:\(columnName($0))" }
    let labels = probabilities ? predictions?.labels ?? [] : []
    header += labels
    var text = first == 0 ? header.map(Self.cell).joined(separator: ",") + "\n" : ""
    for row in 0..<outputs.rows {
      for column in 0..<columns {
        if column > 0 { text += "," }
        text += Self.cell(self.text(row, column))
      }
      if let predictions {
        for label in labels.indices {
          let value = predictions.probabilities[row * labels.count + label]
          text += "," + predictions.number(value)
        }
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
    let columns = columnCount
    let rows = (0..<outputs.rows).map { row -> JSONValue in
      let values = (0..<columns).map { column -> JSONValue in
        guard let predictions else { return JSONValue(outputs[row, column]) }
        guard predictions.task == .regression else { return .string(text(row, column)) }
        let value = predictions.values[row * columns + column]
        return Double(T(value)) == value ? JSONValue(T(value)) : JSONValue(value)
      }
      return columns == 1 ? values[0] : .array(values)
    }
    var probabilities = JSONValue.null
    if let predictions, !predictions.probabilities.isEmpty {
      let labels = predictions.labels.count
      probabilities = .array(
        (0..<outputs.rows).map { row in
          JSONValue((0..<labels).map { T(predictions.probabilities[row * labels + $0]) })
        })
    }
    return [
      "schema": "backprop.predict/1", "predictions": .array(rows),
      "labels": JSONValue(predictions?.labels ?? []), "probabilities": probabilities,
    ]
  }
}

extension JSONValue {
  /// A number or a string without quotes.
  fileprivate var plainText: String { string ?? description }
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
