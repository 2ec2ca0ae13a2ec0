/// Settings in which some networks of an ensemble differ from others, as a text: "dropout=0.1 | dropout=0.3".
enum Variants {
  /// The settings that may be others, by their names.
  static let names = [
    Setting.hidden, .learningRate, .dropout, .weightDecay,
  ].map(\.name)

  /// The variants of a text in which a bar stands between them.
  static func parts(of text: String) -> [String] {
    text.split(separator: "|", omittingEmptySubsequences: false).map { String($0).trimmingSpaces }
  }

  /// A configuration with the settings of a trial in the place of its own.
  ///
  /// - Throws: `ConfigurationError` for a text that is none.
  static func applying(
    _ text: String, to configuration: TrainingConfiguration
  ) throws(ConfigurationError) -> TrainingConfiguration {
    var result = configuration
    for part in text.split(separator: " ") {
      let sides = part.split(separator: "=", maxSplits: 1).map(String.init)
      guard sides.count == 2, names.contains(sides[0]), let setting = Setting.named(sides[0]) else {
        throw ConfigurationError(
          "variants",
          "\(text.quoted): give settings such as \"learning-rate=0.03 dropout=0.1\", of "
            + names.joined(separator: ", "))
      }
      try setting.set(&result, to: .string(sides[1]))
    }
    return result
  }
}
