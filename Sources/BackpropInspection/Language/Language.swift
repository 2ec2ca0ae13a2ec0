import Backprop

/// The languages in which the commands speak.
///
/// Formulas, identifiers and the messages of errors are not translated.
public enum Language: String, CaseIterable, Codable, Sendable {
  /// English.
  case english = "en"
  /// Korean.
  case korean = "ko"

  /// The text of a key.
  ///
  /// - Parameters:
  ///   - key: A key of both files, such as "explain.forward".
  ///   - arguments: What takes the place of {0}, {1}, …, in the order of the key's English text.
  /// - Returns: The text; the key itself if there is none, which a test excludes.
  package func text(_ key: String, _ arguments: String...) -> String {
    text(key, arguments: arguments)
  }

  /// The same with the arguments in an array.
  package func text(_ key: String, arguments: [String]) -> String {
    guard let template = texts[key] else { return key }
    return Self.fill(template, arguments)
  }

  /// The texts of several keys, one after the other.
  func texts(_ keys: [String]) -> String { keys.map { text($0) }.joined(separator: " ") }

  /// All texts by key.
  ///
  /// What `explain`, `check`, `whatif` and `doctor` say stands in two files, `EnglishText` and `KoreanText`,
  /// under the same keys, which a test compares; what the others say in `CommandText`, each text with all
  /// its languages.
  var texts: [String: String] {
    switch self {
    case .english: EnglishText.all
    case .korean: KoreanText.all
    }
  }

  /// A text with arguments in the places of {0}, {1}, ….
  static func fill(_ template: String, _ arguments: [String]) -> String {
    guard template.contains("{") else { return template }
    var result = ""
    var rest = template[...]
    while let open = rest.firstIndex(of: "{") {
      result += rest[..<open]
      rest = rest[open...]
      guard let close = rest.firstIndex(of: "}"),
        let number = Int(rest[rest.index(after: open)..<close]), arguments.indices.contains(number)
      else {
        result += "{"
        rest = rest.dropFirst()
        continue
      }
      result += arguments[number]
      rest = rest[rest.index(after: close)...]
    }
    return result + rest
  }
}
