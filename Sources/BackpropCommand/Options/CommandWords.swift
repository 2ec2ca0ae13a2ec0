import ArgumentParser
import Backprop

/// The options of a command, as the parser itself knows them: there is no second list to keep.
struct OptionTable {
  enum Kind {
    case option, flag, positional
  }

  /// By their long names, without dashes.
  private(set) var kinds: [String: Kind] = [:]
  /// The long names in the order of the help.
  private(set) var order: [String] = []
  private var short: [Character: String] = [:]

  /// - Parameter help: What the parser tells about a command, in JSON.
  init(_ help: String) {
    let arguments = (try? JSONValue(parsing: help))?["command"]?["arguments"]?.array ?? []
    for argument in arguments {
      let kind: Kind
      switch argument["kind"]?.string {
      case "option": kind = .option
      case "flag": kind = .flag
      default: kind = .positional
      }
      let names = argument["names"]?.array ?? []
      let long = names.filter { $0["kind"]?.string == "long" }.compactMap { $0["name"]?.string }
      let shown = kind == .positional ? [argument["valueName"]?.string].compactMap(\.self) : long
      for name in shown {
        kinds[name] = kind
        order.append(name)
      }
      for name in names where name["kind"]?.string == "short" {
        if let character = name["name"]?.string?.first, let long = long.first {
          short[character] = long
        }
      }
    }
  }

  /// One option, or the data, of a command line.
  struct Word {
    /// Nil for what is neither.
    let name: String?
    let value: String?
  }

  /// The words of a command line as the parser takes them.
  func words(of arguments: [String]) -> [Word] {
    var words: [Word] = []
    var rest = arguments[...]
    var isOver = false
    while let text = rest.popFirst() {
      if isOver || !text.hasPrefix("-") || text == "-" {
        words.append(Word(name: order.first { kinds[$0] == .positional }, value: text))
        continue
      }
      if text == "--" {
        isOver = true
        continue
      }
      var name: String?
      var value: String?
      let sign = text.firstIndex(of: "=")
      if text.hasPrefix("--") {
        name = String(text[..<(sign ?? text.endIndex)].dropFirst(2))
        value = sign.map { String(text[text.index(after: $0)...]) }
      } else {
        name = text.dropFirst().first.flatMap { short[$0] }
        let behind = text.dropFirst(2)
        if !behind.isEmpty { value = String(behind.first == "=" ? behind.dropFirst() : behind) }
      }
      if let known = name, kinds[known] == .option, value == nil { value = rest.popFirst() }
      words.append(Word(name: name, value: value))
    }
    return words
  }
}

/// The words of this call.
enum CommandWords {
  static let command = BackpropCommand.configuration.subcommands.first {
    $0.configuration.commandName == CommandLine.arguments.dropFirst().first
  }

  /// Without the names of the program and the command.
  static let own: [OptionTable.Word] =
    command.map {
      OptionTable($0._dumpHelp()).words(of: Array(CommandLine.arguments.dropFirst(2)))
    } ?? []

  /// What takes the place of another setting if it is said later.
  private static let counterparts = [
    ("validation", "validation-data"), ("swa", "ema"), ("momentum", "cycle-momentum"),
  ]

  /// Puts the settings of the command line into a configuration, the last of each. What had a meaning and
  /// has none any more beside them is left out: nobody typed it.
  ///
  /// - Parameter names: Options that mean something else in this command.
  /// - Throws: `ConfigurationError`, `UsageError`.
  static func take(
    into configuration: inout TrainingConfiguration, except names: Set<String> = []
  ) throws {
    let given = own.compactMap { word -> (setting: Setting, value: JSONValue)? in
      guard let name = word.name, !names.contains(name), let setting = Setting.named(name),
        setting.name == name
      else { return nil }
      return (setting, setting.isFlag ? true : .string(word.value ?? ""))
    }
    let isGiven = Set(given.map(\.setting.name))
    if isGiven.isSuperset(of: ["header", "no-header"]) {
      throw UsageError("give --header or --no-header, not both")
    }
    let hadMeaning = configuration.vain == nil
    for (name, other) in counterparts where isGiven.contains(name) && !isGiven.contains(other) {
      try Setting.named(other)?.set(&configuration, to: .null)
    }
    for (setting, value) in given { try setting.set(&configuration, to: value) }
    if hadMeaning { configuration.leaveOutWhatIsVain(beside: isGiven) }
  }

  /// Whether an option was given, by its long name.
  static func has(_ name: String) -> Bool { own.contains { $0.name == name } }

  // MARK: Options that there are not

  /// What people type who know other programs.
  private static let otherNames = [
    "lr": "learning-rate", "eta": "learning-rate", "learning-rate-init": "learning-rate",
    "early-stopping": "patience", "n-iter-no-change": "patience", "max-iter": "epochs",
    "num-epochs": "epochs", "n-epochs": "epochs", "iterations": "epochs", "alpha": "l2",
    "wd": "weight-decay", "layers": "hidden", "hidden-layer-sizes": "hidden",
    "hidden-size": "hidden",
    "bs": "batch-size", "batch": "batch-size", "solver": "optimizer", "opt": "optimizer",
    "random-state": "seed", "save": "output", "out": "output", "label": "target", "y": "target",
    "val": "validation", "validation-split": "validation", "validation-fraction": "validation",
    "momentum-decay": "momentum", "clip": "clip-norm", "grad-clip": "clip-norm",
    "lr-schedule": "schedule", "scheduler": "schedule", "warmup": "warm-up", "verbose": "quiet",
    "ckpt": "checkpoint", "checkpoint-dir": "checkpoint", "continue": "resume",
    "config-file": "config",
    "monitor": "metric", "class-weights": "class-weight", "sample-weight": "weight-column",
    "sep": "delimiter",
    "l1-penalty": "l1", "l2-penalty": "l2", "dtype": "precision", "device": "threads",
    "test-size": "test", "test-split": "test", "test-data": "test", "test-file": "test",
    "split": "part", "pos-label": "positive", "n-jobs": "threads", "jobs": "threads",
    "workers": "threads",
  ]

  /// What is wrong with an option that there is not, and how it is called here; nil if there is none such.
  static var unknownOption: String? {
    guard let command else { return nil }
    let table = OptionTable(command._dumpHelp())
    for word in own {
      guard let name = word.name, table.kinds[name] == nil, name != "help", name != "version" else {
        continue
      }
      let spelled = name.replacing("_", with: "-").lowercased()
      if let right = table.kinds[spelled] != nil ? spelled : otherNames[spelled],
        table.kinds[right] != nil
      {
        return "there is no option --\(name.shown()); it is called --\(right)"
      }
      if spelled == "unweighted", table.kinds["weighted"] != nil {
        return
          "there is no option --\(name.shown()): every row counts once unless --weighted is given"
      }
    }
    return nil
  }
}
