import ArgumentParser
import Backprop
import BackpropInspection

/// Where options may come from besides the command line.
struct ConfigurationOptions: ParsableArguments {
  @Option(
    name: .long,
    help:
      "Take options from this YAML or JSON file (- is standard input), each under its long name, and DATA as data: hidden: [64, 64]. Options of the command line win; what is written (\(TrainOptionTable.outputs.sorted().joined(separator: ", "))) is said there alone. `inspect MODEL --config` prints such a file."
  )
  var config: String?
}

/// The options of `train`, as the parser itself knows them: there is no second list to keep.
struct TrainOptionTable {
  enum Kind {
    case option, flag, positional
  }

  /// By their long names, without dashes.
  private(set) var kinds: [String: Kind] = [:]
  /// The long names in the order of the help.
  private(set) var order: [String] = []
  private var short: [Character: String] = [:]

  static let train = TrainOptionTable(TrainCommand._dumpHelp())

  /// What can be given on a command line only.
  static let noKeys: Set<String> = ["config", "help", "version"]
  /// What is written, and over what: for whoever calls the command to say, and for no file.
  static let outputs: Set<String> = [
    "output", "force", "plot", "tensorboard", "checkpoint", "resume", "spool",
  ]
  /// What belongs to one call and does not enter into the model that it makes.
  static let ofOneCall = noKeys.union(outputs).union([
    "json", "quiet", "threads", "curves", "diagnose", "every", "keep", "folds", "memory",
  ])

  /// - Parameter help: What the parser tells about a command, in JSON.
  private init(_ help: String) {
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
    /// The words that it takes.
    let range: Range<Int>
  }

  /// The words of a command line as the parser takes them.
  func words(of arguments: [String]) -> [Word] {
    var words: [Word] = []
    var index = 0
    var isOver = false
    while index < arguments.count {
      let text = arguments[index]
      var end = index + 1
      var name: String?
      var value: String?
      if isOver || !text.hasPrefix("-") || text == "-" {
        name = order.first { kinds[$0] == .positional }
        value = text
      } else if text == "--" {
        isOver = true
      } else {
        let sign = text.firstIndex(of: "=")
        if text.hasPrefix("--") {
          name = String(text[..<(sign ?? text.endIndex)].dropFirst(2))
          value = sign.map { String(text[text.index(after: $0)...]) }
        } else {
          name = text.dropFirst().first.flatMap { short[$0] }
          let rest = text.dropFirst(2)
          if !rest.isEmpty { value = String(rest.first == "=" ? rest.dropFirst() : rest) }
        }
        if let known = name, kinds[known] == .option, value == nil, end < arguments.count {
          value = arguments[end]
          end += 1
        }
      }
      words.append(Word(name: name, value: value, range: index..<end))
      index = end
    }
    return words
  }

  /// The options that a command line gives, the last of each, and the data under its name.
  func given(by arguments: [String]) -> [String: JSONValue] {
    var given: [String: JSONValue] = [:]
    for word in words(of: arguments) {
      guard let name = word.name, let kind = kinds[name] else { continue }
      given[name] = kind == .flag ? true : Self.value(word.value ?? "")
    }
    return given
  }

  /// A number where the text is one to the letter, so that it can become the same text again.
  private static func value(_ text: String) -> JSONValue {
    if case .number(let number) = try? JSONValue(parsing: text), number.description == text {
      return .number(number)
    }
    return .string(text)
  }
}

/// The words of this call, with those of a configuration file in front of them: of an option that is
/// given twice the last one counts.
enum CommandWords {
  /// Read once, as a pipe can be; without the name of the program.
  static let all = Result { try expanded(Array(CommandLine.arguments.dropFirst())) }

  private static func expanded(_ arguments: [String]) throws -> [String] {
    guard let command = arguments.first, command == TrainCommand.configuration.commandName,
      arguments.contains(where: { $0.hasPrefix("--config") })
    else { return arguments }
    let own = Array(arguments.dropFirst())
    let options = TrainOptionTable.train
    let words = options.words(of: own)
    let configs = words.filter { $0.name == "config" }
    // Without a value, or beside --help, it is for the parser to answer.
    guard let config = configs.first, let path = config.value,
      !words.contains(where: { $0.name == "help" })
    else { return arguments }
    guard configs.count == 1 else { throw UsageError("give --config once") }
    guard !path.isEmpty else { throw UsageError("--config \"\": give the name of a file") }

    let file = try ConfigurationFile(path).arguments(options)
    let names = Set(words.compactMap(\.name))
    var front: [String] = []
    // What is given on the command line, or contradicted by its counterpart there, gives way.
    for option in file.options where !names.contains(option.name) {
      let counterpart =
        option.name.hasPrefix("no-") ? String(option.name.dropFirst(3)) : "no-\(option.name)"
      if !names.contains(counterpart) { front += option.words }
    }
    var rest = own
    rest.removeSubrange(config.range)
    if let data = file.data, !names.contains("data") {
      if data.hasPrefix("-") {
        rest += (rest.contains("--") ? [] : ["--"]) + [data]
      } else {
        front.append(data)
      }
    }
    return [command] + front + rest
  }
}
