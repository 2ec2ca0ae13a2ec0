import Backprop

/// The languages in which `explain`, `check`, `whatif` and `doctor` speak.
///
/// All text stands in two files, `EnglishText` and `KoreanText`, under the same keys; a test compares
/// them, and with the keys that the sources use. Formulas and identifiers are not translated.
public enum Language: String, CaseIterable, Codable, Sendable {
  case english = "en"
  case korean = "ko"

  /// The text of a key.
  ///
  /// - Parameters:
  ///   - key: A key of both files, such as "explain.forward".
  ///   - arguments: What takes the place of {0}, {1}, …, in the order of the key's English text.
  /// - Returns: The text; the key itself if there is none, which a test excludes.
  public func text(_ key: String, _ arguments: String...) -> String {
    text(key, arguments: arguments)
  }

  /// The same with the arguments in an array.
  public func text(_ key: String, arguments: [String]) -> String {
    guard let template = texts[key] else { return key }
    return Self.fill(template, arguments)
  }

  /// All texts by key.
  var texts: [String: String] {
    switch self {
    case .english: EnglishText.all
    case .korean: KoreanText.all
    }
  }

  private static func fill(_ template: String, _ arguments: [String]) -> String {
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

extension String {
  /// Columns that the text takes on a terminal: Hangul and other wide characters take two, marks that
  /// combine with the character before them none (Unicode Standard Annex #11).
  public var displayWidth: Int {
    unicodeScalars.reduce(0) { $0 + $1.displayWidth }
  }
}

extension Unicode.Scalar {
  fileprivate var displayWidth: Int {
    switch value {
    case 0x0300...0x036F, 0x200B...0x200F, 0x20D0...0x20F0, 0xFE00...0xFE0F: 0
    case 0x1100...0x115F, 0x2E80...0x303E, 0x3041...0x33FF, 0x3400...0x4DBF, 0x4E00...0x9FFF,
      0xA000...0xA4CF, 0xA960...0xA97F, 0xAC00...0xD7A3, 0xF900...0xFAFF, 0xFE30...0xFE6F,
      0xFF00...0xFF60, 0xFFE0...0xFFE6, 0x1F300...0x1F64F, 0x1F900...0x1F9FF, 0x20000...0x3FFFD:
      2
    default: 1
    }
  }
}
