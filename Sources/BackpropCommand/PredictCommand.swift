import ArgumentParser
import Backprop
import BackpropInspection

/// `backprop predict MODEL DATA`: a prediction for every row, in the order of the rows.
struct PredictCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "predict",
    abstract: "Predict the target of every row.",
    discussion: """
      Prints CSV, a line for each row, in their order: a column `prediction`, or for several targets a column `prediction:NAME` each; \
      with --probabilities a column for each label as well, called by the label. DATA may have the \
      target columns or not. Of a folder with IDX files the test part is used.

      EXAMPLES:
        backprop predict model.safetensors penguins.csv
        backprop predict model.safetensors new.csv --id customer --probabilities \\
          -o predictions.csv
      """)

  @Argument(help: "A model file.")
  var model: String

  @Argument(help: "The data: a file, - for standard input, or a folder with IDX files.")
  var data: String

  @Option(name: [.customShort("o"), .long], help: "Where to write. (default: standard output)")
  var output: String?

  @Flag(name: .long, help: "Add the probability of each label.")
  var probabilities = false

  @Option(
    name: .long, parsing: .unconditional,
    help:
      "A model that was trained with --interval: the level of the intervals, such as 0.8. (default: that of training)"
  )
  var interval: String?

  @Option(name: .long, help: "Columns that are no inputs of a model without an encoder: a,b,…")
  var target: String?

  @Option(
    name: .long,
    help:
      "Two classes: the probability above which the positive one is predicted. (default: 0.5)")
  var threshold: String?

  @Option(
    name: .long, help: "With --threshold: the positive class. (default: the rarest in training)")
  var positive: String?

  @Option(name: .long, help: "Put these columns of DATA in front: a,b,…")
  var id: String?

  @Flag(name: .long, help: "Put all columns of DATA in front.")
  var keep = false

  @OptionGroup
  var member: MemberOption

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
    let model = try member.model(of: Model(contentsOf: model), default: nil, outputOptions)
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
    let decision = try decision(of: model)
    let level = try level(of: model)
    let source = try DataSource.open(existing: data, options: options)
    let table = source.test ?? source.training
    table.warnings.forEach { outputOptions.note("warning: \($0)") }
    if model.encoder == nil {
      table.columnWarnings.forEach { outputOptions.note("warning: \($0)") }
    }
    let targets = try target.map { try table.columns(named: $0) } ?? []
    switch model.network {
    case .float: try predict(model, table, targets, threads, decision, level, as: Float.self)
    case .double: try predict(model, table, targets, threads, decision, level, as: Double.self)
    }
  }

  private func predict<T: Scalar>(
    _ model: Model, _ table: Table, _ targets: [String], _ threads: Int,
    _ decision: (positive: Int, threshold: Double)?, _ level: Double?, as type: T.Type
  ) throws {
    let inputs: Matrix<T> = try model.inputs(of: table, targets: targets, as: T.self)
    table.unknowns.lines.forEach { outputOptions.note("warning: \($0)") }
    let kept = try keptColumns(of: table)
    table.discardKeptColumns()
    let sink = try OutputSink(output)
    // Lines are made of some 4 million outputs at a time, a document of all.
    let outputs = model.network.sizes.last ?? 1
    let most = outputOptions.json ? inputs.rows : max(1, (1 << 22) / outputs)
    for first in stride(from: 0, through: max(0, inputs.rows - 1), by: max(1, most)) {
      let rows = first..<min(first + most, inputs.rows)
      let some = rows.count == inputs.rows ? inputs : inputs.gathered(rows.map { UInt32($0) })
      let writer = PredictionWriter(
        predictions: try model.predictions(of: some, first: first, level: level, threads),
        first: first,
        kept: kept, decision: decision, isDouble: T.self == Double.self)
      if first == 0, !outputOptions.json {
        for (old, new) in writer.renamed(probabilities: probabilities) {
          outputOptions.note(
            "the column \(old.shown()) is kept, and the new one is called \(new.shown())")
        }
      }
      if outputOptions.json {
        try sink.write(writer.document.description + "\n")
      } else {
        try writer.forEachLine(probabilities: probabilities) { try sink.write($0) }
      }
    }
    try sink.finish()
  }
}

extension PredictCommand {
  /// Which of two classes is predicted from which probability on; nil for what the model says.
  private func decision(of model: Model) throws -> (positive: Int, threshold: Double)? {
    guard let threshold else {
      if positive != nil { throw UsageError("--positive says what --threshold is of; give both") }
      return nil
    }
    let number = try JudgingOptions.number(threshold)
    let activation = model.network.outputActivation
    guard let target = model.targetEncoder, target.task == .classification,
      target.labels.count == 2, target.hasProbabilities(outputActivation: activation)
    else { throw UsageError("--threshold is for two classes and their probabilities") }
    return (try JudgingOptions.positive(positive, of: target, model.rows).code, number)
  }

  /// The level of the intervals; nil for the model's own, or none.
  private func level(of model: Model) throws -> Double? {
    guard let interval else { return nil }
    guard let level = Double(interval) else {
      throw UsageError(
        "--interval \(interval): give a level of at least 0.5 and below 1, such as 0.9")
    }
    guard let intervals = model.intervals else {
      throw UsageError(
        "--interval \(interval): the model knows none; train it with --interval"
          + (member.member == nil ? "" : ", and leave --member out"))
    }
    try intervals.check(level: level)
    return level
  }

  /// The columns of the data that are written in front of the predictions.
  private func keptColumns(of table: Table) throws -> [(name: String, cells: [String])] {
    guard id != nil || keep else { return [] }
    if id == "" { throw UsageError("--id \"\": give the name of a column") }
    if id != nil, keep { throw UsageError("give --id or --keep, not both") }
    let names =
      try id.map { try table.columns(named: $0) } ?? table.columns.map(\.name)
    return try table.cells(of: names)
  }
}

/// Predictions as CSV and as JSON.
private struct PredictionWriter {
  let predictions: Predictions
  /// The row of the data that the first of them is.
  let first: Int
  /// Columns of the data that stand in front, all rows of it.
  let kept: [(name: String, cells: [String])]
  /// Which of two classes is predicted above which probability; nil for what the model says.
  let decision: (positive: Int, threshold: Double)?
  let isDouble: Bool

  private var columns: Range<Int> { predictions.columns.indices }

  /// The columns of the predictions, by the name that they have and the one that no kept column has.
  private func names(probabilities: Bool) -> [(usual: String, shown: String)] {
    var taken = Set(kept.map(\.name))
    let usual =
      (columns.count == 1 ? ["prediction"] : predictions.columns.map { "prediction:\($0)" })
      + (predictions.bounds == nil
        ? []
        : columns.flatMap { column in
          ["lower", "upper"].map {
            columns.count == 1 ? $0 : "\($0):\(predictions.columns[column])"
          }
        })
      + (probabilities ? predictions.labels : [])
    return usual.map { name in
      var shown = name
      var number = 2
      while !taken.insert(shown).inserted {
        shown = "\(name)_\(number)"
        number += 1
      }
      return (name, shown)
    }
  }

  /// Columns that have another name than usual, because a kept one has it.
  func renamed(probabilities: Bool) -> [(usual: String, shown: String)] {
    names(probabilities: probabilities).filter { $0.usual != $0.shown }
  }

  /// The predicted label or number.
  private func answer(_ row: Int, _ column: Int) -> String {
    guard let decision else { return predictions.text(row: row, column: column) }
    let isPositive = predictions.probabilities[row * 2 + decision.positive] > decision.threshold
    return predictions.labels[isPositive ? decision.positive : 1 - decision.positive]
  }

  /// Hands out the lines of the CSV, a thousand at a time.
  func forEachLine(probabilities: Bool, _ body: (String) throws -> Void) throws {
    let labels = probabilities ? predictions.labels : []
    let header = kept.map(\.name) + names(probabilities: probabilities).map(\.shown)
    var text = first == 0 ? header.map(Self.cell).joined(separator: ",") + "\n" : ""
    for row in 0..<predictions.rowCount {
      for column in kept { text += Self.cell(column.cells[first + row]) + "," }
      for column in columns {
        if column > 0 { text += "," }
        text += Self.cell(answer(row, column))
      }
      if let bounds = predictions.bounds {
        for column in columns {
          let place = row * columns.count + column
          text += "," + predictions.number(bounds.lower[place])
          text += "," + predictions.number(bounds.upper[place])
        }
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
          : .string(answer(row, column))
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
    var members = [
      JSONMember("schema", "backprop.predict/1"), JSONMember("predictions", .array(rows)),
      JSONMember("labels", JSONValue(predictions.labels)),
      JSONMember("probabilities", probabilities),
    ]
    if let bounds = predictions.bounds {
      func rows(_ values: [Double]) -> JSONValue {
        .array(
          (0..<predictions.rowCount).map { row in
            let own = columns.map { number(values[row * columns.count + $0]) }
            return columns.count == 1 ? own[0] : .array(own)
          })
      }
      members.append(
        JSONMember(
          "interval",
          [
            "level": JSONValue(bounds.level), "lower": rows(bounds.lower),
            "upper": rows(bounds.upper),
          ]))
    }
    if !kept.isEmpty {
      members.append(
        JSONMember("columns", .object(kept.map { JSONMember($0.name, JSONValue($0.cells)) })))
    }
    return .object(members)
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
