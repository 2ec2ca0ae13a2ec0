import Backprop
import BackpropInspection

/// The names of the command line for what the library calls by the keys of its JSON.
enum OptionName {
  /// The option that a setting is given by; a name that is no setting's stays as it is.
  static func of(_ setting: String) -> String {
    switch setting {
    case "network", "training data", "validation data", "metrics", "version", "columns", "targets":
      return setting
    case "l2Penalty": return "--l2"
    case "l1Penalty": return "--l1"
    case "averaging.exponential.decay": return "--ema"
    case "averaging.stochastic.start": return "--swa"
    case "averaging": return "--ema or --swa"
    case "tensorFactors": return "--rate-factors"
    case "cycleMomentum.low", "cycleMomentum.high": return "--cycle-momentum"
    case "shuffles": return "shuffling"
    case "shuffleBlock", "shuffleBlock.rows": return "--shuffle-block"
    case "shuffleBlock.window": return "--shuffle-window"
    case "optimizer.momentum": return "--momentum"
    case "schedule.warmUp": return "--warm-up"
    case "monitor.metric": return "--monitor"
    case "monitor.minimumDelta": return "--min-delta"
    default: break
    }
    for group in ["optimizer", "schedule"] where setting.hasPrefix("\(group).") {
      return "--\(group), its \(setting.dropFirst(group.count + 1))"
    }
    return setting.reduce(into: "--") { option, character in
      if character.isUppercase { option += "-" }
      option += character.lowercased()
    }
  }
}

extension UsageError {
  /// What a check of the library refuses, called by its option.
  ///
  /// - Parameters:
  ///   - names: Options of settings that are called otherwise than by `OptionName`.
  ///   - check: Throws for the first setting at fault.
  static func unless(
    _ names: [String: String] = [:], _ check: () throws(ConfigurationError) -> Void
  ) throws(UsageError) {
    do {
      try check()
    } catch {
      throw UsageError("\(names[error.name] ?? OptionName.of(error.name)) \(error.problem)")
    }
  }
}
