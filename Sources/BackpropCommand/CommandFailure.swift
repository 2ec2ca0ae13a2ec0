import ArgumentParser
import Backprop
import BackpropInspection

/// A mistake in how the command was called: exit code 2.
struct UsageError: Error, CustomStringConvertible {
  let description: String

  init(_ description: String) { self.description = description }

  /// What the library refuses, called by its option.
  init(_ error: ConfigurationError) {
    description = "\(Self.option(of: error.name)) \(error.problem)"
  }

  /// The option that a setting is given by.
  static func option(of setting: String) -> String {
    switch setting {
    case "data": return "DATA"
    case "optimizer.momentum": return "--momentum"
    case "schedule.warmUp": return "--warm-up"
    case "shuffleBlock.rows": return "--shuffle-block"
    case "shuffleBlock.window": return "--shuffle-window"
    case "averaging.exponential.decay": return "--ema"
    case "averaging.stochastic.start": return "--swa"
    case "cycleMomentum.low", "cycleMomentum.high": return "--cycle-momentum"
    default: break
    }
    for group in ["optimizer", "schedule"] where setting.hasPrefix("\(group).") {
      return "--\(group), its \(setting.dropFirst(group.count + 1))"
    }
    return "--" + Setting.name(ofProperty: setting)
  }
}

/// Turns errors into one line on standard error, and an exit code: 0 done, 1 bad data or model,
/// 2 usage, 130 after Ctrl-C (143 after SIGTERM, 129 after SIGHUP).
enum CommandFailure {
  static let badData: Int32 = 1
  static let usage: Int32 = 2

  /// Reports an error, and says how to exit.
  static func report(_ error: any Error) -> Int32 {
    if let code = error as? ExitCode { return code.rawValue }
    Terminal.clearLine()
    switch error {
    case let error as UsageError:
      Terminal.printError("error: \(line(error.description)); see '\(helpCommand)'")
      return usage
    case let error as ConfigurationError:
      Terminal.printError("error: \(line(UsageError(error).description)); see '\(helpCommand)'")
      return usage
    case let error as any UserError:
      Terminal.printError("error: \(line(error.description))")
      return badData
    default: break
    }
    if BackpropCommand.exitCode(for: error) == .success {
      do {
        try Terminal.writeOutput(BackpropCommand.fullMessage(for: error) + "\n")
        return 0
      } catch {
        Terminal.printError("error: \(error.description)")
        return badData
      }
    }
    if let error = unknownCommand ?? CommandWords.unknownOption {
      Terminal.printError("error: \(error); see '\(helpCommand)'")
      return usage
    }
    // What the parser throws is about usage; anything else would be a bug, and is told as it is.
    Terminal.printError("error: \(line(BackpropCommand.message(for: error))); see '\(helpCommand)'")
    return usage
  }

  /// One line of a text that may have several.
  private static func line(_ text: String) -> String {
    let line = text.split(whereSeparator: \.isNewline).joined(separator: " ")
    return line.hasSuffix(".") ? String(line.dropLast()) : line
  }

  private static var commandNames: [String] {
    BackpropCommand.configuration.subcommands.compactMap { $0.configuration.commandName }
  }

  /// What is wrong if the first argument is no command; nil if it is one, or an option.
  private static var unknownCommand: String? {
    guard let name = CommandLine.arguments.dropFirst().first, !name.hasPrefix("-"),
      !(commandNames + ["help"]).contains(name)
    else { return nil }
    let suggestion =
      nearMatch(name, in: commandNames).map { "did you mean \($0)?" }
      ?? "the commands are \(commandNames.joined(separator: ", "))"
    return "there is no command \(name.quoted); \(suggestion)"
  }

  private static var helpCommand: String {
    let names = commandNames
    let name = CommandLine.arguments.dropFirst().first.flatMap { names.contains($0) ? $0 : nil }
    return "backprop \(name.map { "\($0) " } ?? "")--help"
  }
}
