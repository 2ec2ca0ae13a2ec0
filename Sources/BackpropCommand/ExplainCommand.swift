import ArgumentParser
import Backprop
import BackpropInspection

/// `backprop explain MODEL DATA --example N`: one step of backpropagation, written out and verified.
struct ExplainCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "explain",
    abstract: "Write out one step of backpropagation on your own network and data, verified.",
    discussion: """
      Runs one training step with the engine, keeps every quantity, and walks through it in the order \
      of the algorithm: the two assumptions, forward, BP1, BP2, BP3, BP4, update. Every left side is \
      computed anew from its right side's operands; exit code 1 if one does not hold. Layers are \
      numbered as in the chapter: 1 is the input. Rows and neurons are numbered from 1. The update is \
      one step of plain gradient descent unless --optimizer names another rule, whose moments then \
      begin at zero. Nothing is written to the model.

      EXAMPLES:
        backprop explain model.safetensors penguins.csv --step all
        backprop explain model.safetensors penguins.csv --batch 1,80,300 \\
          --neuron 3:2 --step bp2
        backprop explain model.safetensors penguins.csv --format html -o step.html
      """)

  @OptionGroup
  var arguments: LabelledDataArguments

  @OptionGroup(title: "What to explain")
  var subject: SubjectOptions

  @OptionGroup(title: "The update")
  var update: UpdateOptions

  @OptionGroup(title: "Form")
  var form: FormOptions

  @OptionGroup(title: "Output")
  var output: OutputOptions

  struct SubjectOptions: ParsableArguments {
    @Option(
      name: .long, parsing: .unconditional,
      help: "The example: a row of the data, from 1. (default: the row with the largest loss)")
    var example: Int?

    @Option(name: .long, help: "A batch of rows: N,M,…")
    var batch: String?

    @Option(name: .long, parsing: .unconditional, help: "A batch of the first k rows.")
    var batchSize: Int?

    @Option(
      name: .long,
      help: "The neuron to write out: layer:neuron. (default: in each layer the largest error)")
    var neuron: String?

    @Option(
      name: .long, help: "The weight to write out: layer:to,from. (default: the largest gradient)")
    var weight: String?

    @Option(
      name: .long,
      help: "Which examples pushed this weight, most first: layer:to,from. Looks at all rows.")
    var whyWeight: String?

    @Option(
      name: .long,
      help: """
        Only one phase: \(ExplainStep.names.dropLast().joined(separator: ", ")). Or all: one after \
        the other; on a terminal Enter or n goes on, b or p back, q quits.
        """)
    var step: String?
  }

  struct UpdateOptions: ParsableArguments {
    @Option(
      name: .long, parsing: .unconditional,
      help: "η of the step. (default: the model's, if it was trained by this rule; else the rule's)"
    )
    var learningRate: Double?

    @Option(
      name: .long, help: "\(OptimizerRule.names.joined(separator: ", ")). (default: sgd)")
    var optimizer: String?
  }

  struct FormOptions: ParsableArguments {
    @Option(
      name: .customLong("top"), parsing: .unconditional,
      help: "The most neurons, terms and weights to list. (default: \(Self.defaultLimit))")
    var limit: Int?

    @Flag(name: .long, help: "List all of them.")
    var all = false

    @Option(name: .long, help: "\(ExplainFormat.names). (default: text)")
    var format: String?

    @Flag(name: .long, help: "ASCII only in formulas.")
    var ascii = false

    @Option(
      name: [.customShort("o"), .customLong("output")],
      help:
        "Write to this file; html is a page for a browser that needs no other file. (default: standard output)"
    )
    var file: String?

    static let defaultLimit = 5
  }

  func run() throws {
    let language = try output.language()
    let format = try format()
    let step = try step()
    let limit = try limit()
    let threads = try output.threadCount()
    if let rate = update.learningRate, !(rate.isFinite && rate > 0) {
      throw UsageError("--learning-rate \(rate): give a number greater than 0")
    }
    if let file = form.file {
      try OutputFile.checkFolder(file)
      try OutputFile.check(file, isNoneOf: [arguments.model, arguments.data])
    }
    if format == .html {
      guard subject.step == nil, subject.whyWeight == nil else {
        throw UsageError(
          "\(subject.step == nil ? "--why-weight" : "--step") has no meaning with --format html, a page of all steps of one update; leave it out"
        )
      }
    }
    let opened = try arguments.open(rowLimit: lastRowToRead(), output)
    let layers = opened.model.network.layers
    var focus = ExplainFocus(limit: limit)
    focus.neuron = try subject.neuron.map { try Places.neuron($0, "--neuron", layers) }
    focus.weight = try subject.weight.map { try Places.weight($0, "--weight", layers) }
    let job = ExplainJob(
      data: opened, focus: focus, language: language, format: format, step: step,
      walks: subject.step == "all" && Terminal.isConversation && format == .text
        && form.file == nil,
      isASCII: form.ascii, modelName: arguments.model, dataName: arguments.data,
      output: try form.file.map { try AtomicFile($0) }, pool: ThreadPool.of(threads))
    if let text = subject.whyWeight {
      let place = try Places.weight(text, "--why-weight", layers)
      switch opened.model.network {
      case .float(let network): try job.whyWeight(place, network)
      case .double(let network): try job.whyWeight(place, network)
      }
      return try job.finish()
    }
    let rows = try rows(count: opened.table.rowCount)
    let (rule, rate) = try rule(of: opened.model)
    switch opened.model.network {
    case .float(let network): try job.run(network, rows: rows, rule: rule, learningRate: rate)
    case .double(let network): try job.run(network, rows: rows, rule: rule, learningRate: rate)
    }
  }

  // MARK: Options

  private func format() throws -> ExplainFormat {
    guard let name = form.format else { return output.json ? .json : .text }
    guard let format = ExplainFormat(rawValue: name) else {
      throw UsageError("--format \(name): the formats are \(ExplainFormat.names)")
    }
    if output.json, format != .json {
      throw UsageError("--json contradicts --format \(name)")
    }
    return format
  }

  private func step() throws -> ExplainStep? {
    guard let name = subject.step, name != "all" else { return nil }
    guard ExplainStep.names.contains(name), let step = ExplainStep(rawValue: name) else {
      throw UsageError(
        "--step \(name): the steps are \(ExplainStep.names.joined(separator: ", "))")
    }
    return step
  }

  private func limit() throws -> Int {
    if form.all, form.limit != nil { throw UsageError("give --top or --all, not both") }
    if form.all { return Int.max }
    guard let limit = form.limit else { return FormOptions.defaultLimit }
    guard limit >= 1 else { throw UsageError("--top \(limit): give a number of at least 1") }
    return limit
  }

  /// How far the data is read: to the last row that can be shown, and those that stand beside it for
  /// assumption I. Nil for all, which `--why-weight` and the search for the largest loss look at.
  private func lastRowToRead() -> Int? {
    if subject.whyWeight != nil { return nil }
    let batch = subject.batch.map { $0.split(separator: ",").map { Int($0) } } ?? []
    let rows = batch + [subject.batchSize, subject.example]
    guard let last = rows.compactMap(\.self).max(), last >= 1, last < Int(Int32.max) else {
      return nil
    }
    return last + ExplainJob.mostForAdditivity - 1
  }

  /// The rows asked for, from 0 and ascending; nil if none is.
  private func rows(count: Int) throws -> [UInt32]? {
    let given = [
      subject.example.map { _ in "--example" }, subject.batch.map { _ in "--batch" },
      subject.batchSize.map { _ in "--batch-size" },
    ].compactMap(\.self)
    guard given.count <= 1 else {
      throw UsageError("give only one of \(given.joined(separator: ", "))")
    }
    func row(_ number: Int, _ option: String) throws -> UInt32 {
      guard number >= 1, number <= count else {
        throw UsageError(
          "\(option) \(number): the data has \(Format.count(count, "row")), numbered from 1")
      }
      return UInt32(number - 1)
    }
    if let text = subject.batch {
      let rows = try Names.split(text, option: "--batch").map { part in
        guard let number = Int(part) else {
          throw UsageError(
            "--batch \(text): \(part.quoted) is no number of a row; give for example 1,5,9")
        }
        return try row(number, "--batch")
      }.sorted()
      for (row, next) in zip(rows, rows.dropFirst()) where row == next {
        throw UsageError("--batch \(text): row \(row + 1) stands there twice")
      }
      return rows
    }
    if let size = subject.batchSize {
      _ = try row(size, "--batch-size")
      return Array(0..<UInt32(size))
    }
    return try subject.example.map { [try row($0, "--example")] }
  }

  private func rule(of model: Model) throws -> (OptimizerRule, Double) {
    let (rule, rate) = ExplainedStep<Float>.rule(
      try update.optimizer.map(Names.optimizer), of: model.configuration)
    return (rule, update.learningRate ?? rate)
  }
}

/// The forms of the output.
enum ExplainFormat: String, CaseIterable {
  case text, json, markdown, latex, html

  static let names = allCases.map(\.rawValue).joined(separator: ", ")
}

/// Neurons and weights as a user names them, numbered as in the chapter.
enum Places {
  /// "3:2": neuron 2 of layer 3.
  static func neuron(
    _ text: String, _ option: String, _ layers: [Layer]
  ) throws -> (layer: Int, neuron: Int) {
    let numbers = text.split(separator: ":", omittingEmptySubsequences: false).map { Int($0) }
    guard numbers.count == 2, let layer = numbers[0], let neuron = numbers[1] else {
      throw UsageError("\(option) \(text): give layer:neuron, for example 2:1")
    }
    try check(layer, neuron, text, option, layers, \.outputs)
    return (layer, neuron)
  }

  /// "3:2,1": the weight to neuron 2 of layer 3 from neuron 1 of layer 2.
  static func weight(
    _ text: String, _ option: String, _ layers: [Layer]
  ) throws -> (layer: Int, output: Int, input: Int) {
    let parts = text.split(separator: ":", omittingEmptySubsequences: false)
    let numbers = parts.dropFirst().first.map { part in
      part.split(separator: ",", omittingEmptySubsequences: false).map { Int($0) }
    }
    guard parts.count == 2, let layer = Int(parts[0]), let numbers, numbers.count == 2,
      let output = numbers[0], let input = numbers[1]
    else {
      throw UsageError(
        "\(option) \(text): give layer:to,from, for example 2:1,3 for the weight to neuron 1 of "
          + "layer 2 from neuron 3 of layer 1")
    }
    try check(layer, output, text, option, layers, \.affineOutputs)
    guard layers[layer - 2].dense != nil else {
      let does = layers[layer - 2].columns == nil ? "scales its inputs" : "makes vectors of columns"
      throw UsageError("\(option) \(text): layer \(layer) \(does) and has no weights")
    }
    let inputs = layers[layer - 2].inputs
    guard (1...inputs).contains(input) else {
      throw UsageError(
        "\(option) \(text): layer \(layer - 1) has neurons 1 to \(inputs), not \(input)")
    }
    return (layer, output, input)
  }

  private static func check(
    _ layer: Int, _ neuron: Int, _ text: String, _ option: String, _ layers: [Layer],
    _ count: KeyPath<Layer, Int>
  ) throws {
    guard layer >= 2, layer <= layers.count + 1 else {
      throw UsageError(
        "\(option) \(text): the layers that compute are 2 to \(layers.count + 1), not \(layer)")
    }
    let neurons = layers[layer - 2][keyPath: count]
    guard (1...neurons).contains(neuron) else {
      throw UsageError(
        "\(option) \(text): layer \(layer) has neurons 1 to \(neurons), not \(neuron)")
    }
  }
}
