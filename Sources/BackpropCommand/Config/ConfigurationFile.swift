import ArgumentParser
import Backprop
import BackpropInspection

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// A file that holds options of `train`, each under its long name.
struct ConfigurationFile {
  /// As errors name it.
  let name: String
  let entries: [ConfigurationEntry]

  /// The schema of a file in JSON, which `inspect --config --json` writes and a file may name.
  static let schema = "backprop.config/1"
  private static let mostBytes = 1 << 20

  /// Reads a file once, from front to back: it may be a pipe, and "-" is standard input.
  init(_ path: String) throws {
    name = path == "-" ? "standard input" : path
    let bytes = try Self.bytes(of: path, name)
    guard let text = String(validating: bytes, as: UTF8.self) else {
      throw UsageError("\(name) is not a text in UTF-8, and so no configuration")
    }
    let isJSON =
      path.lowercased().hasSuffix(".json") || text.first { !$0.isWhitespace } == "{"
    entries = try isJSON ? Self.json(text, name) : Self.yaml(text, name)
  }

  private static func bytes(of path: String, _ name: String) throws -> [UInt8] {
    let descriptor = path == "-" ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else {
      throw errno == ENOENT ? FileError.missing(path: path) : failure(name)
    }
    defer { if path != "-" { close(descriptor) } }
    var bytes: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 1 << 16)
    while true {
      let count = read(descriptor, &buffer, buffer.count)
      if count < 0, errno == EINTR { continue }
      // A stream that was closed is a folder: see Terminal.fillClosedStreams.
      if count < 0, errno == EISDIR {
        throw path == "-"
          ? FileError.failed(verb: "read", path: name, reason: "it is closed, or a folder")
          : FileError.isFolder(path: path)
      }
      if count < 0 { throw failure(name) }
      if count == 0 { return bytes }
      bytes += buffer[..<count]
      guard bytes.count <= mostBytes else {
        throw UsageError("\(name) has more than \(Format.count(mostBytes)) bytes: no configuration")
      }
    }
  }

  private static func failure(_ name: String) -> FileError {
    .failed(verb: "read", path: name, reason: String(cString: strerror(errno)))
  }

  private static func yaml(_ text: String, _ name: String) throws -> [ConfigurationEntry] {
    do {
      return try FlatYAML.entries(of: text)
    } catch {
      throw UsageError("\(name), line \(error.line): \(error.problem)")
    }
  }

  private static func json(_ text: String, _ name: String) throws -> [ConfigurationEntry] {
    let document: JSONValue
    do {
      document = try JSONValue(parsing: text)
    } catch {
      throw UsageError("\(name): \(error.description)")
    }
    guard let members = document.object else {
      throw UsageError("\(name): expected an object with an option a key")
    }
    return try members.map { member in
      func scalar(_ value: JSONValue) -> String? {
        if case .number(let number) = value { number.description } else { value.string }
      }
      let value: ConfigurationEntry.Value
      switch member.value {
      case .null: value = .null
      case .bool(let bool): value = .bool(bool)
      case .array(let items):
        let texts = items.compactMap(scalar)
        guard texts.count == items.count else {
          throw UsageError("\(name), \(member.key): a list holds texts or numbers")
        }
        value = .list(texts)
      case .object:
        throw UsageError(
          "\(name), \(member.key): an object has no meaning here; write the value as on the command "
            + "line")
      default: value = .scalar(scalar(member.value) ?? "")
      }
      return ConfigurationEntry(key: member.key, line: nil, value: value)
    }
  }
}

// MARK: As arguments

extension ConfigurationFile {
  /// What the file says, as words of the command line.
  struct Arguments {
    var options: [(name: String, words: [String])] = []
    var data: String?
  }

  /// The options of the file, checked one by one against those of the command.
  ///
  /// - Throws: `UsageError` with file, line and key.
  func arguments(_ options: TrainOptionTable) throws -> Arguments {
    var arguments = Arguments()
    for entry in entries {
      let place = entry.line.map { "\(name), line \($0)" } ?? name
      func problem(_ text: String) -> UsageError { UsageError("\(place), \(entry.key): \(text)") }
      if entry.key == "schema", entry.line == nil {
        guard entry.value == .scalar(Self.schema) else {
          throw problem("expected \"\(Self.schema)\"")
        }
        continue
      }
      guard let kind = options.kinds[entry.key], !TrainOptionTable.noKeys.contains(entry.key) else {
        throw UsageError("\(place): \(Self.unknown(entry.key, options))")
      }
      var words: [String]?
      switch (kind, entry.value) {
      case (_, .null), (.flag, .bool(false)): break
      case (.flag, .bool(true)): words = ["--\(entry.key)"]
      case (.flag, _): throw problem("expected true or false")
      case (_, .bool(let value)):
        throw problem("expected a text or a number; a text \"\(value)\" stands in quotes")
      case (.positional, .scalar(let text)): arguments.data = text
      case (.positional, .list): throw problem("expected one path")
      case (.option, .scalar(let text)): words = ["--\(entry.key)=\(text)"]
      case (.option, .list(let items)):
        if let item = items.first(where: { $0.contains(",") }) {
          throw problem(
            "\(item.quoted) with its comma would be two items; write the whole list as "
              + "one text, as on the command line")
        }
        words = ["--\(entry.key)=\(items.joined(separator: ","))"]
      }
      guard let words else { continue }
      guard !TrainOptionTable.outputs.contains(entry.key) else {
        throw problem(
          "a file does not choose what is written, or over what; take it out, and give "
            + "--\(entry.key) on the command line")
      }
      do {
        _ = try TrainCommand.parse(words + ["data"])
      } catch {
        throw problem(
          TrainCommand.message(for: error).split(whereSeparator: \.isNewline).joined(separator: " ")
        )
      }
      arguments.options.append((entry.key, words))
    }
    return arguments
  }

  private static func unknown(_ key: String, _ options: TrainOptionTable) -> String {
    if TrainOptionTable.noKeys.contains(key) {
      return "\(key) belongs to the command line, not into a file"
    }
    let keys = options.order.filter { !TrainOptionTable.noKeys.contains($0) }
    // Those who write Python, or the names of the library.
    let kebab = key.reduce(into: "") { text, character in
      if character.isUppercase { text += "-" }
      text += character == "_" ? "-" : character.lowercased()
    }
    let near = keys.contains(kebab) ? kebab : nearMatch(key, in: keys)
    return "there is no option \(key.quoted); "
      + (near.map { "did you mean \($0)?" } ?? "backprop train --help lists them")
  }
}
