import ArgumentParser
import Backprop
import BackpropInspection

/// Options of every command.
struct OutputOptions: ParsableArguments {
  @Flag(name: .long, help: "Print JSON, and nothing else, on standard output.")
  var json = false

  @Flag(name: .long, help: "No progress and no notes on standard error.")
  var quiet = false

  @Option(
    name: .long, help: "Threads to use; the result does not depend on it. (default: physical cores)"
  )
  var threads: Int?

  func threadCount() throws -> Int {
    guard let threads else { return Processor.physicalCores }
    guard (1...1024).contains(threads) else {
      throw UsageError("--threads \(threads): give a number from 1 to 1024")
    }
    return threads
  }

  /// A remark that is neither result nor error.
  func note(_ text: String) {
    if !quiet { Terminal.printError(text) }
  }
}

/// How to read a table.
struct TableReadingOptions: ParsableArguments {
  @Option(name: .long, help: "Columns to read as text, whatever they look like: a,b,…")
  var categorical: String?

  @Option(name: .long, help: "Columns that must hold numbers: a,b,…")
  var numeric: String?

  @Option(name: .long, help: "Columns that are no features: a,b,…")
  var ignore: String?

  @Option(
    name: .long, parsing: .unconditional,
    help: "The character between cells, or \"tab\". (default: found out)")
  var delimiter: String?

  @Flag(name: .long, help: "The first row holds the names of the columns, whatever it looks like.")
  var header = false

  @Flag(name: .long, help: "The first row is data; columns are called 0, 1, …")
  var noHeader = false

  /// Refuses to say how columns are to be read to a model that knows.
  func checkAgreement(with model: Model) throws {
    guard model.encoder != nil else { return }
    for (option, text) in [
      ("--categorical", categorical), ("--numeric", numeric), ("--ignore", ignore),
    ] where text != nil {
      throw UsageError("\(option) contradicts the model, which says itself how columns are read")
    }
  }

  /// - Parameters:
  ///   - target: Targets as the user wrote them.
  ///   - model: The model that the table is for. Its columns tell a header of numbers from data.
  ///   - weights: A column of weights.
  func tableOptions(
    target: String? = nil, for model: Model? = nil, weights: String? = nil
  ) throws -> TableOptions {
    if header, noHeader { throw UsageError("give --header or --no-header, not both") }
    // A name may have commas itself.
    var names = target.map { Names.parts($0) + [$0] } ?? []
    names += model?.encoder?.columns.map(\.name) ?? []
    names += model?.targetEncoder?.columns ?? []
    names += [weights, model?.weights?.column].compactMap(\.self)
    return TableOptions(
      header: noHeader ? false : header ? true : nil,
      delimiter: try delimiter.map(Self.delimiterByte),
      categorical: try Names.split(categorical, option: "--categorical"),
      numeric: try Names.split(numeric, option: "--numeric"),
      ignore: try Names.split(ignore, option: "--ignore"), expectedNames: names)
  }

  private static func delimiterByte(_ text: String) throws -> UInt8 {
    if text == "tab" || text == "\\t" { return UInt8(ascii: "\t") }
    guard text.utf8.count == 1, let byte = text.utf8.first, byte < 0x80, byte != UInt8(ascii: "\""),
      byte != UInt8(ascii: "\n"), byte != UInt8(ascii: "\r")
    else {
      throw UsageError("--delimiter \(text.quoted): give one character, such as ; or tab")
    }
    return byte
  }
}

/// Reading names and lists from the command line, with errors that list what there is.
enum Names {
  /// The parts of "a,b,c", without spaces around them; none of an empty text.
  ///
  /// - Throws: `UsageError` for a comma too many.
  static func split(_ text: String?, option: String) throws -> [String] {
    guard let text, !trimmed(text).isEmpty else { return [] }
    let parts = parts(text)
    guard !parts.contains("") else { throw emptyPart(text, option) }
    return parts
  }

  static func parts(_ text: String) -> [String] {
    text.split(separator: ",", omittingEmptySubsequences: false).map { trimmed(String($0)) }
  }

  private static func emptyPart(_ text: String, _ option: String) -> UsageError {
    UsageError("\(option) \(text.shown()): nothing stands before or after a comma; take it out")
  }

  /// The columns of a table that "a,b,c" names; a name may have commas itself.
  ///
  /// - Throws: `UsageError` for a comma too many.
  static func columns(
    _ text: String?, in table: Table, option: String = "--target"
  ) throws -> [String] {
    guard let text else { return [] }
    let names = Set(table.columns.map(\.name))
    if names.contains(text) { return [text] }
    if trimmed(text).isEmpty { return [] }
    let parts = text.split(separator: ",", omittingEmptySubsequences: false)
    let most = names.map { $0.count { $0 == "," } }.max() ?? 0
    var result: [String] = []
    var first = 0
    while first < parts.count {
      // The longest run of parts that is a name; else the part by itself.
      let last = min(first + 1 + most, parts.count)
      let runs = (first + 2..<max(first + 2, last + 1)).reversed().lazy.map { end in
        (name: trimmed(parts[first..<end].joined(separator: ",")), end: end)
      }
      let run =
        runs.first { names.contains($0.name) } ?? (trimmed(String(parts[first])), first + 1)
      guard !run.name.isEmpty || names.contains("") else { throw emptyPart(text, option) }
      result.append(run.name)
      first = run.end
    }
    return result
  }

  static func trimmed(_ text: String) -> String {
    String(text.drop { $0 == " " }.reversed().drop { $0 == " " }.reversed())
  }

  /// Widths from "64,64"; none from "" and "none".
  static func sizes(_ text: String, option: String) throws -> [Int] {
    if text == "none" { return [] }
    return try split(text, option: option).map { part in
      guard let size = Int(part) else {
        throw UsageError("\(option) \(text): \(part.quoted) is no whole number")
      }
      guard size >= 1 else {
        throw UsageError("\(option) \(text): every layer needs at least 1 neuron")
      }
      return size
    }
  }

  static func activation(_ text: String) throws -> Activation {
    try value(text, "activation", Activation.names) { Activation($0) }
  }

  static func loss(_ text: String) throws -> Loss {
    try value(text, "loss", Loss.names) { Loss($0) }
  }

  static func initializer(_ text: String) throws -> Initializer {
    try value(text, "initializer", Initializer.names) { Initializer($0) }
  }

  static func optimizer(_ text: String) throws -> OptimizerRule {
    try value(text, "optimizer", OptimizerRule.names) { OptimizerRule(name: $0) }
  }

  static func schedule(_ text: String) throws -> Schedule {
    try value(text, "schedule", Schedule.names) { Schedule(name: $0) }
  }

  /// A metric that is defined where outputs are judged so.
  static func metric(_ text: String, for kind: MetricKind? = nil) throws -> Metric {
    let metric = try value(text, "metric", Metric.names) { Metric($0) }
    guard let kind, !metric.isDefined(for: kind) else { return metric }
    let isWithoutProbabilities = Metric.allCases.contains { other in
      other.isDefined(for: .classification(probabilities: true)) && other.key == metric.key
    }
    let reason: String
    if case .classification = kind, isWithoutProbabilities {
      reason = "needs probabilities, and the outputs of this network are none"
    } else {
      reason = "does not judge this task"
    }
    throw UsageError(
      "the metric \(text) \(reason); there are "
        + (["loss"] + Metric.defined(for: kind).map(\.description)).joined(separator: ", "))
  }

  static func task(_ text: String) throws -> LearningTask {
    try value(text, "task", LearningTask.allCases.map(\.rawValue)) { LearningTask(rawValue: $0) }
  }

  static func reduction(_ text: String) throws -> Reduction {
    try value(text, "reduction", Reduction.allCases.map(\.rawValue)) { Reduction(rawValue: $0) }
  }

  /// Whether the precision is double.
  static func isDouble(_ text: String) throws -> Bool {
    let names = [Float.precisionName, Double.precisionName]
    return try value(text, "precision", names) { names.contains($0) ? $0 == names[1] : nil }
  }

  /// One activation for each of `count` layers: a list of as many, or one for all.
  static func activations(_ text: String, count: Int, option: String) throws -> [Activation] {
    let activations = try split(text, option: option).map(activation)
    if activations.count == 1 { return Array(repeating: activations[0], count: count) }
    guard activations.count == count else {
      throw UsageError(
        "\(option) \(text): \(Format.count(activations.count, "activation")) for "
          + "\(Format.count(count, "layer")); give one for each, or one for all")
    }
    return activations
  }

  /// Refuses sizes whose parameters cannot fit into memory.
  ///
  /// - Parameter copies: How many times as many numbers are held: gradient, moments and best weights
  ///   of a run.
  static func checkMemory<T: Scalar>(
    sizes: [Int], activations: [Activation], copies: Double, as type: T.Type
  ) throws {
    let layers = zip(zip(sizes, sizes.dropFirst()), activations)
    let parameters = layers.reduce(0.0) { sum, layer in
      sum + (Double(layer.0.0) + 1) * Double(layer.0.1) * Double(layer.1.pieces)
    }
    let bytes = parameters * copies * Double(MemoryLayout<T>.size)
    guard let shortage = Memory.shortage(Int(exactly: bytes.rounded(.up))) else { return }
    throw UsageError(
      "sizes \(sizes.map(String.init).joined(separator: ",")): \(shortage); use smaller layers")
  }

  private static func value<Value>(
    _ text: String, _ kind: String, _ names: [String], _ parse: (String) -> Value?
  ) throws -> Value {
    if let value = parse(text) { return value }
    let bare = names.map { String($0.prefix { $0 != "[" && $0 != ":" }) }
    let name = String(text.prefix { $0 != ":" })
    if let index = bare.firstIndex(of: name) {
      throw UsageError(
        "\(kind) \(text.quoted): expected \(names[index]), with a number in its range where one is "
          + "given")
    }
    let suggestion = nearMatch(name, in: bare).map { "did you mean \($0)? " } ?? ""
    throw UsageError(
      "there is no \(kind) \(text.quoted); \(suggestion)the names are "
        + names.joined(separator: ", "))
  }
}
