import Backprop
import BackpropInspection

/// One option of a configuration file, as it is written there.
struct ConfigurationEntry: Equatable {
  enum Value: Equatable {
    case null
    case bool(Bool)
    /// A text or a number, letter by letter.
    case scalar(String)
    case list([String])
  }

  let key: String
  /// From 1; nil where the format has no lines to speak of.
  let line: Int?
  let value: Value
}

/// The part of YAML 1.2 that a flat list of options needs, by the letter; the rest is refused.
///
/// Why not a library: Yams, the one that is kept well, brings Foundation and a C parser, and the command
/// carries neither. What is read: one document of `key: value` lines; scalars that are plain, 'single' or
/// "double" quoted (with the escapes of JSON); lists of such scalars, as `[a, b]` over one line or
/// several, or as lines of `- a`; comments; empty lines; `---` before the first key. A plain `true` or
/// `false` is a boolean, a plain `null`, `~` or nothing is null, and everything else is text, so that
/// `no` and `007` stay what they are. What is refused, with its line: mappings inside, lists in lists,
/// anchors, aliases, tags, block scalars, directives, further documents, a plain scalar over
/// several lines, keys twice, tabs that indent.
struct FlatYAML {
  /// Why a line is not read.
  struct Failure: Error {
    let line: Int
    let problem: String
  }

  private let lines: [Substring]
  /// The line that is read, from 0.
  private var index = 0
  private var entries: [ConfigurationEntry] = []

  /// The entries of a file, in their order.
  static func entries(of text: String) throws(Failure) -> [ConfigurationEntry] {
    var reader = FlatYAML(text)
    try reader.read()
    return reader.entries
  }

  private init(_ text: String) {
    let text = text.hasPrefix("\u{FEFF}") ? text.dropFirst() : text[...]
    lines = text.split(omittingEmptySubsequences: false) { $0 == "\n" || $0 == "\r\n" }
  }

  private func failure(_ problem: String, at line: Int? = nil) -> Failure {
    Failure(line: (line ?? index) + 1, problem: problem)
  }

  private mutating func read() throws(Failure) {
    var hasBegun = false
    while index < lines.count {
      let line = lines[index]
      if Self.isBlank(line) {
        index += 1
        continue
      }
      if line.hasPrefix("---") || line.hasPrefix("...") {
        guard line.hasPrefix("---"), Self.isBlank(line.dropFirst(3)), !hasBegun else {
          throw failure("a file holds one document")
        }
        hasBegun = true
        index += 1
        continue
      }
      hasBegun = true
      guard line.first != "%" else { throw failure("directives are not read") }
      guard line.first != " ", line.first != "\t" else {
        throw failure(
          "an indented line belongs to no key; options stand at the left margin, each with a value "
            + "or a list")
      }
      guard line != "-", !line.hasPrefix("- ") else {
        throw failure("a list without a key; write key: and then its items")
      }
      try readEntry()
    }
  }

  private mutating func readEntry() throws(Failure) {
    let start = index
    var scanner = Scanner(String(lines[index]), line: start + 1)
    let key = try scanner.key()
    if entries.contains(where: { $0.key == key }) {
      throw failure("\(key) stands here twice")
    }
    index += 1
    var value = try scanner.value()
    // A flow list may go on over lines.
    while value == nil {
      guard index < lines.count else { throw failure("the list has no ]", at: start) }
      var isClosing = false
      while index < lines.count, !isClosing {
        scanner.append(lines[index])
        isClosing = lines[index].contains("]")
        index += 1
      }
      value = try scanner.value()
    }
    if value == .null, scanner.isEmpty, let list = try blockList() { value = .list(list) }
    if let value { entries.append(ConfigurationEntry(key: key, line: start + 1, value: value)) }
  }

  /// The lines of "- item" that follow; nil if there are none.
  private mutating func blockList() throws(Failure) -> [String]? {
    var items: [String] = []
    var indentation: Int?
    while index < lines.count {
      let line = lines[index]
      if Self.isBlank(line) {
        index += 1
        continue
      }
      let content = line.drop { $0 == " " }
      guard content == "-" || content.hasPrefix("- ") else {
        if content.startIndex > line.startIndex || content.first == "\t" {
          throw failure(
            content.first == "\t"
              ? "a tab indents the line; YAML indents by spaces"
              : "mappings and texts over several lines are not read; the options are flat")
        }
        break
      }
      let depth = line.count - content.count
      guard depth == indentation ?? depth else {
        throw failure("the items of a list stand below each other")
      }
      indentation = depth
      var scanner = Scanner(String(content.dropFirst()), line: index + 1)
      items.append(try scanner.item())
      index += 1
    }
    return items.isEmpty ? nil : items
  }

  private static func isBlank(_ line: Substring) -> Bool {
    let content = line.drop { $0 == " " || $0 == "\t" }
    return content.isEmpty || content.first == "#"
  }
}

/// Reads what stands in one entry.
private struct Scanner {
  private var text: [Character]
  private var position = 0
  private var valueStart = 0
  /// From 1.
  private let line: Int
  /// Whether the value was not there at all.
  private(set) var isEmpty = false

  init(_ text: String, line: Int) {
    self.text = Array(text)
    self.line = line
  }

  private func failure(_ problem: String) -> FlatYAML.Failure {
    FlatYAML.Failure(line: line, problem: problem)
  }

  mutating func append(_ line: Substring) { text += ["\n"] + Array(line) }

  private var current: Character? { position < text.count ? text[position] : nil }
  private var next: Character? { position + 1 < text.count ? text[position + 1] : nil }

  /// Spaces and comments; lines as well.
  private mutating func skipSpace() {
    while let character = current {
      if character == " " || character == "\t" || character == "\n" {
        position += 1
      } else if character == "#", position == 0 || text[position - 1].isWhitespace {
        while let character = current, character != "\n" { position += 1 }
      } else {
        return
      }
    }
  }

  mutating func key() throws(FlatYAML.Failure) -> String {
    var key = ""
    if current == "\"" || current == "'" {
      key = try quoted()
    } else {
      while let character = current,
        character.isLetter || character.isNumber || character == "-" || character == "_"
      {
        key.append(character)
        position += 1
      }
    }
    while current == " " { position += 1 }
    guard !key.isEmpty, current == ":", next == nil || next == " " || next == "\t" else {
      throw failure("expected an option and its value, such as epochs: 100")
    }
    position += 1
    valueStart = position
    return key
  }

  /// The value behind a key; nil if a list is not closed yet.
  mutating func value() throws(FlatYAML.Failure) -> ConfigurationEntry.Value? {
    position = valueStart
    skipSpace()
    guard let first = current else {
      isEmpty = true
      return .null
    }
    if first == "[" { return try flowList().map { .list($0) } }
    let isQuoted = first == "\"" || first == "'"
    let scalar = isQuoted ? try quoted() : try plain(inList: false)
    try expectEnd()
    if isQuoted { return .scalar(scalar) }
    switch scalar {
    case "~", "null", "Null", "NULL": return .null
    case "true", "True", "TRUE": return .bool(true)
    case "false", "False", "FALSE": return .bool(false)
    default: return .scalar(scalar)
    }
  }

  /// An item behind a dash.
  mutating func item() throws(FlatYAML.Failure) -> String {
    skipSpace()
    guard let first = current else { throw failure("an item without a value") }
    if first == "[" || first == "-" && (next == " " || next == nil) {
      throw failure("lists in lists are not read")
    }
    let scalar =
      first == "\"" || first == "'" ? try quoted() : try plain(inList: false)
    try expectEnd()
    return scalar
  }

  private mutating func flowList() throws(FlatYAML.Failure) -> [String]? {
    position += 1
    var items: [String] = []
    while true {
      skipSpace()
      guard let first = current else { return nil }
      if first == "]" { break }
      switch first {
      case ",": throw failure("an item of the list is missing before a comma")
      case "[": throw failure("lists in lists are not read")
      case "\"", "'": items.append(try quoted())
      default: items.append(try plain(inList: true))
      }
      skipSpace()
      guard let separator = current else { return nil }
      if separator == "," {
        position += 1
      } else if separator != "]" {
        throw failure("expected , or ] in the list")
      }
    }
    position += 1
    try expectEnd()
    return items
  }

  private mutating func expectEnd() throws(FlatYAML.Failure) {
    skipSpace()
    if current != nil { throw failure("something follows the value; quote it as a whole") }
  }

  private mutating func plain(inList: Bool) throws(FlatYAML.Failure) -> String {
    switch current {
    case "{": throw failure("mappings are not read; write the value as on the command line")
    case "&", "*", "!": throw failure("anchors, aliases and tags are not read; quote the text")
    case "|", ">": throw failure("texts over several lines are not read; quote the text")
    case "%", "@", "`", "]", "}", ",":
      throw failure("a text that begins with \(text[position]) must be quoted")
    case "-", "?", ":":
      if next == nil || next == " " {
        throw failure("a text that begins with \"\(text[position]) \" must be quoted")
      }
    default: break
    }
    var scalar = ""
    while let character = current, character != "\n" {
      if inList, ",[]{}".contains(character) { break }
      if character == "#", text[position - 1].isWhitespace { break }
      if character == ":", next == nil || next == " " {
        throw failure("a text with a colon before a space must be quoted")
      }
      scalar.append(character)
      position += 1
    }
    while scalar.last?.isWhitespace ?? false { scalar.removeLast() }
    return scalar
  }

  private mutating func quoted() throws(FlatYAML.Failure) -> String {
    let quote = text[position]
    let start = position
    position += 1
    while let character = current, character != "\n" {
      position += 1
      if character == "\\", quote == "\"" {
        position += 1
      } else if character == quote {
        if quote == "'", current == "'" {
          position += 1
          continue
        }
        let inner = String(text[start + 1..<position - 1])
        guard quote == "\"" else { return inner.replacingOccurrences(of: "''", with: "'") }
        do {
          return try JSONValue(parsing: "\"\(inner.replacingOccurrences(of: "\t", with: "\\t"))\"")
            .string ?? ""
        } catch {
          throw failure("the escapes of a \"text\" are those of JSON: \(error.problem)")
        }
      }
    }
    throw failure("the quote \(quote) is not closed on its line")
  }
}

extension String {
  fileprivate func replacingOccurrences(of part: String, with other: String) -> String {
    split(separator: part, omittingEmptySubsequences: false).joined(separator: other)
  }
}

// MARK: Writing

extension FlatYAML {
  /// A line of a file that `entries(of:)`, and any other reader of YAML, reads as this value.
  static func line(_ key: String, _ value: JSONValue) -> String {
    "\(key): \(text(value))"
  }

  private static func text(_ value: JSONValue) -> String {
    switch value {
    case .string(let string): isPlain(string) ? string : value.description
    case .array(let items): "[\(items.map(text).joined(separator: ", "))]"
    default: value.description
    }
  }

  /// Whether no reader takes a text for anything else than a text.
  private static func isPlain(_ text: String) -> Bool {
    guard let first = text.unicodeScalars.first, isLetter(first) || first == "/" || first == "_",
      text.unicodeScalars.allSatisfy({
        isLetter($0) || ("0"..."9").contains($0) || "-_./=+".unicodeScalars.contains($0)
      })
    else { return false }
    return !["true", "false", "null", "yes", "no", "on", "off", "y", "n"]
      .contains(text.lowercased())
  }

  private static func isLetter(_ scalar: Unicode.Scalar) -> Bool {
    ("a"..."z").contains(scalar) || ("A"..."Z").contains(scalar)
  }
}
