import Backprop
import Foundation
import Testing

/// A folder of its own in which the built command runs; removed with the value.
final class CommandRunner {
  /// What a finished command leaves.
  struct Result {
    let exitCode: Int32
    let output: String
    let errors: String

    var outputLines: [String] { Self.lines(output) }
    var errorLines: [String] { Self.lines(errors) }

    /// The JSON documents of standard output, one a line.
    var documents: [JSONValue] {
      get throws { try outputLines.map { try JSONValue(parsing: $0) } }
    }

    private static func lines(_ text: String) -> [String] {
      text.split(separator: "\n").map(String.init)
    }
  }

  let folder: URL

  init() throws {
    folder = FileManager.default.temporaryDirectory
      .appendingPathComponent("backprop-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
  }

  deinit { try? FileManager.default.removeItem(at: folder) }

  /// The command, which is built beside the tests.
  static var executable: URL {
    let bundle = Bundle.allBundles.first { $0.bundlePath.hasSuffix(".xctest") } ?? Bundle.main
    let products =
      bundle.bundlePath.hasSuffix(".xctest")
      ? bundle.bundleURL.deletingLastPathComponent() : bundle.bundleURL
    return products.appendingPathComponent("backprop")
  }

  /// A file of `Examples/`.
  static func example(_ name: String) -> String {
    URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .deletingLastPathComponent().appendingPathComponent("Examples/\(name)").path
  }

  /// Names in the folder, hidden ones too.
  var files: [String] {
    get throws { try FileManager.default.contentsOfDirectory(atPath: folder.path).sorted() }
  }

  func path(_ name: String) -> String { folder.appendingPathComponent(name).path }

  func write(_ name: String, _ text: String) throws { try write(name, Array(text.utf8)) }

  func write(_ name: String, _ bytes: [UInt8]) throws {
    try Data(bytes).write(to: folder.appendingPathComponent(name))
  }

  func move(_ name: String, to other: String) throws {
    try FileManager.default.moveItem(
      at: folder.appendingPathComponent(name), to: folder.appendingPathComponent(other))
  }

  func read(_ name: String) throws -> [UInt8] {
    try Array(Data(contentsOf: folder.appendingPathComponent(name)))
  }

  /// The same without a recipe beside what is given.
  func runAsGiven(_ arguments: [String]) throws -> Result {
    try start(arguments, isAsGiven: true).finish()
  }

  /// Runs the command to its end.
  func run(_ arguments: String...) throws -> Result { try run(arguments) }

  func run(_ arguments: [String]) throws -> Result {
    let running = try start(arguments)
    return try running.finish()
  }

  /// Runs a line of shell in the folder, and returns its status.
  func shell(_ line: String) throws -> Int32 {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/bin/sh")
    process.arguments = ["-c", line]
    process.currentDirectoryURL = folder
    process.standardInput = FileHandle.nullDevice
    try process.run()
    process.waitUntilExit()
    return process.terminationStatus
  }

  /// What trains does so by the plain recipe where nothing else is said: most tests are of what one network
  /// of few neurons does. `RecipeCommandTests` say what they mean.
  private static func plain(_ arguments: [String]) -> [String] {
    let others = ["--recipe", "--config", "--resume", "--from", "--time", "--help", "--help-all"]
    guard let command = arguments.first, ["train", "tune-rate"].contains(command),
      !arguments.contains(where: { argument in
        others.contains { argument == $0 || argument.hasPrefix($0 + "=") }
      })
    else { return arguments }
    return [command, "--recipe", "plain"] + arguments.dropFirst()
  }

  /// A command that runs; its streams go to files, so that no full pipe can stop it.
  func start(_ arguments: [String], isAsGiven: Bool = false) throws -> Running {
    let streams = FileManager.default.temporaryDirectory
      .appendingPathComponent("streams-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: streams, withIntermediateDirectories: true)
    let process = Process()
    process.executableURL = Self.executable
    process.arguments = isAsGiven ? arguments : Self.plain(arguments)
    process.currentDirectoryURL = folder
    process.standardInput = FileHandle.nullDevice
    let output = streams.appendingPathComponent("output")
    let errors = streams.appendingPathComponent("errors")
    for file in [output, errors] {
      _ = FileManager.default.createFile(atPath: file.path, contents: nil)
    }
    process.standardOutput = try FileHandle(forWritingTo: output)
    process.standardError = try FileHandle(forWritingTo: errors)
    try process.run()
    return Running(process: process, streams: streams)
  }

  struct Running {
    let process: Process
    let streams: URL

    /// What has come on standard output so far.
    var output: String {
      (try? String(contentsOf: streams.appendingPathComponent("output"), encoding: .utf8)) ?? ""
    }

    /// Waits for the end; a command that hangs is killed after a minute, and fails its test.
    func finish() throws -> Result {
      let deadline = Date(timeIntervalSinceNow: 60)
      while process.isRunning {
        if Date() > deadline { kill(process.processIdentifier, SIGKILL) }
        Thread.sleep(forTimeInterval: 0.002)
      }
      process.waitUntilExit()
      defer { try? FileManager.default.removeItem(at: streams) }
      return Result(
        exitCode: process.terminationStatus, output: output,
        errors: try String(contentsOf: streams.appendingPathComponent("errors"), encoding: .utf8))
    }
  }
}

extension CommandRunner {
  /// A small classification that is learned in an instant: the label is the sign of a − b.
  func writeClassification(rows: Int = 60) throws {
    var text = "a,b,colour,label\n"
    for row in 0..<rows {
      let (a, b) = ((row * 7) % 20, (row * 13) % 17)
      text +=
        "\(a),\(b),\(row % 3 == 0 ? "red" : "blue"),\(a < b ? "below" : "above, or \"equal\"")\n"
        .replacing("above, or \"equal\"", with: "\"above, or \"\"equal\"\"\"")
    }
    try write("classes.csv", text)
  }

  /// A small regression with two targets: y = 3a − b, z = a + b.
  func writeRegression(rows: Int = 60) throws {
    var text = "a,b,y,z\n"
    for row in 0..<rows {
      let (a, b) = ((row * 7) % 20, (row * 13) % 17)
      text += "\(a),\(b),\(3 * a - b).5,\(a + b)\n"
    }
    try write("numbers.csv", text)
  }

  /// Trains on the small classification, quickly.
  @discardableResult
  func trainSmall(_ more: String...) throws -> Result {
    try writeClassification()
    let result = try run(
      [
        "train", "classes.csv", "--target", "label", "--hidden", "8", "--epochs", "3", "--seed",
        "2", "--quiet",
      ]
        + more)
    #expect(result.exitCode == 0, "\(result.errors)")
    return result
  }

  /// The weights of Mazur's example as mazur.safetensors, and its data as mazur.csv
  /// (https://mattmazur.com/2015/03/17/a-step-by-step-backpropagation-example/).
  func writeMazur() throws {
    try write("mazur.csv", "i1,i2,o1,o2\n0.05,0.10,0.01,0.99\n")
    try SafeTensorsWriter(tensors: [
      .init(name: "layers.0.weight", shape: [2, 2]) { [0.15, 0.20, 0.25, 0.30] },
      .init(name: "layers.0.bias", shape: [2]) { [0.35, 0.35] },
      .init(name: "layers.1.weight", shape: [2, 2]) { [0.40, 0.45, 0.50, 0.55] },
      .init(name: "layers.1.bias", shape: [2]) { [0.60, 0.60] },
    ]).write(to: path("weights.safetensors"))
    let result = try run(
      "create", "--sizes", "2,2,2", "--activation", "sigmoid", "--loss", "squared-error",
      "--weights", "weights.safetensors", "--precision", "double", "-o", "mazur.safetensors")
    #expect(result.exitCode == 0, "\(result.errors)")
  }
}
