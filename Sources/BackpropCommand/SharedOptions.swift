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

  @Option(
    name: .customLong("language"),
    help:
      "What the command itself prints: \(Language.allCases.map(\.rawValue).joined(separator: " or ")). Files, JSON, names, help, warnings and errors stay English. (default: en)"
  )
  var languageName: String?

  func language() throws -> Language {
    guard let languageName else { return .english }
    guard let language = Language(rawValue: languageName) else {
      throw UsageError(
        "--language \(languageName): the languages are "
          + Language.allCases.map(\.rawValue).joined(separator: ", "))
    }
    return language
  }

  func threadCount() throws -> Int {
    guard let threads else { return Processor.physicalCores }
    guard (1...ThreadPool.most).contains(threads) else {
      throw UsageError("--threads \(threads): give a number from 1 to \(ThreadPool.most)")
    }
    return threads
  }

  /// A remark that is neither result nor error.
  func note(_ text: String) {
    if !quiet { Terminal.printError(text) }
  }
}

/// Reading names and lists of options that are no settings of a run.
enum Names {
  /// The parts of "a,b,c", without spaces around them; none of an empty text.
  ///
  /// - Throws: `UsageError` for a comma too many.
  static func split(_ text: String?, option: String) throws -> [String] {
    guard let text else { return [] }
    return try NamedChoice.parts(of: .string(text), String(option.dropFirst(2)))
  }

  /// The seconds of "30s", "5m" or "2h"; nil if it is no such time.
  static func seconds(_ text: String) -> Double? {
    let units: [Character: Double] = ["s": 1, "m": 60, "h": 3600]
    guard let unit = text.last.flatMap({ units[$0] }), let number = Double(text.dropLast()),
      number > 0, (number * unit).isFinite
    else { return nil }
    return number * unit
  }

  /// Widths from "3,4,2".
  static func sizes(_ text: String, option: String) throws -> [Int] {
    try split(text, option: option).map { part in
      guard let size = Int(part) else {
        throw UsageError("\(option) \(text): \(part.quoted) is no whole number")
      }
      guard size >= 1 else {
        throw UsageError("\(option) \(text): every layer needs at least 1 neuron")
      }
      return size
    }
  }

  static func optimizer(_ text: String) throws -> OptimizerRule {
    try NamedChoice.value(text, "optimizer", OptimizerRule.spellings) { OptimizerRule(name: $0) }
  }

  /// A metric that is defined where outputs are judged so.
  static func metric(
    _ text: String, for kind: MetricKind? = nil, option: String = "metrics"
  ) throws -> Metric {
    let metric = try NamedChoice.value(text, option, Metric.names) { Metric($0) }
    if let kind { try metric.check(for: kind, option) }
    return metric
  }

  /// One activation for each of `count` layers: a list of as many, or one for all.
  static func activations(_ text: String, count: Int, option: String) throws -> [Activation] {
    let activations = try split(text, option: option).map { name in
      try NamedChoice.value(name, "activation", Activation.names) { Activation($0) }
    }
    if activations.count == 1 { return Array(repeating: activations[0], count: count) }
    guard activations.count == count else {
      throw UsageError(
        "\(option) \(text): \(Format.count(activations.count, "activation")) for "
          + "\(Format.count(count, "layer")); give one for each, or one for all")
    }
    return activations
  }
}

/// For commands whose short help leaves options out.
struct HelpOptions: ParsableArguments {
  @Flag(name: .customLong("help-all"), help: "Show all options.")
  var showsAll = false

  /// Ends the call with the whole help of its command, whatever else was given, as `--help` does.
  static func showIfAsked() throws {
    guard CommandLine.arguments.contains("--help-all"), let command = CommandWords.command,
      CommandWords.has("help-all"), OptionTable(command._dumpHelp()).kinds["help-all"] != nil
    else { return }
    throw CleanExit.message(BackpropCommand.helpMessage(for: command, includeHidden: true))
  }
}
