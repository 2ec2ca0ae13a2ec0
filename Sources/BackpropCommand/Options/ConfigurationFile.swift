import Backprop

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// A file with settings of a run, as JSON.
enum ConfigurationFile {
  private static let mostBytes = 1 << 20

  /// Puts the settings of a file into a configuration. It is read once, from front to back: it may be a
  /// pipe, and "-" is standard input.
  ///
  /// - Throws: `UsageError` with file and key.
  static func take(_ path: String, into configuration: inout TrainingConfiguration) throws {
    guard !path.isEmpty else { throw UsageError("--config \"\": give the name of a file") }
    let name = path == "-" ? "standard input" : path
    guard let text = String(validating: try bytes(of: path, name), as: UTF8.self) else {
      throw UsageError("\(name) is not a text in UTF-8, and so no configuration")
    }
    let document: JSONValue
    do {
      document = try JSONValue(parsing: text)
    } catch {
      throw UsageError("\(name): \(error.description); a configuration is a document of JSON")
    }
    do {
      try configuration.take(document)
    } catch {
      throw UsageError("\(name), \(Self.place(error))")
    }
  }

  /// Options of the command line that a file does not say.
  private static let outputs: Set<String> = [
    "output", "force", "plot", "tensorboard", "checkpoint", "resume", "spool",
  ]

  private static func place(_ error: ConfigurationError) -> String {
    let option = Setting.name(ofProperty: error.name)
    if outputs.contains(option) {
      return
        "\(error.name): a file does not choose what is written, or over what; take it out, and give "
        + "--\(option) on the command line"
    }
    if OptionTable(TrainCommand._dumpHelp()).kinds[option] != nil, Setting.named(option) == nil {
      return "\(error.name): belongs to the command line, not into a file"
    }
    return error.description
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
}
