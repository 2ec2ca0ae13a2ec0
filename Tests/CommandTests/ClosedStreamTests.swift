import Foundation
import Testing

@Suite("Standard streams that are closed")
struct ClosedStreamTests {
  private let runner: CommandRunner
  private let command = "'\(CommandRunner.executable.path)'"

  init() throws {
    runner = try CommandRunner()
    try runner.writeClassification()
  }

  /// Bytes of the event file, which begin with the time.
  private func eventBytes() throws -> Int {
    let names = try FileManager.default.contentsOfDirectory(atPath: runner.path("board"))
    #expect(names.count == 1)
    return try runner.read("board/\(names[0])").count
  }

  @Test("No file that train opens takes the place of a closed stream, whichever are closed")
  func train() throws {
    var whole: (model: [UInt8], plot: [UInt8], events: Int)?
    for closed in 0..<8 {
      let streams = [("<", "/dev/null"), (">", "output"), ("2>", "errors")].enumerated()
      let redirections = streams.map { stream, words in
        closed & 1 << stream == 0 ? "\(words.0) \(words.1)" : "\(words.0)&-"
      }
      let status = try runner.shell(
        "rm -rf output errors board; \(command) train classes.csv --target label --hidden 8"
          + " --epochs 5 --memory 100MB --shuffle-block 4 --plot c.svg --tensorboard board -o m"
          + " \(redirections.joined(separator: " "))")
      // What was to be printed is lost; the model is not.
      #expect(status == (closed & 2 == 0 ? 0 : 1), "\(redirections)")
      let found = (try runner.read("m"), try runner.read("c.svg"), try eventBytes())
      let expected = whole ?? found
      whole = expected
      #expect(found == expected, "\(redirections)")
      if closed & 4 == 0 {
        let errors = String(decoding: try runner.read("errors"), as: UTF8.self)
        #expect(errors.contains("epoch 5/5"), "\(errors)")
        #expect(errors.contains("error: cannot write standard output") == (status == 1))
      }
    }
  }

  @Test("A result that nobody can be given is an error")
  func lost() throws {
    try runner.trainSmall()
    let model = "model.safetensors"
    for line in [
      "inspect \(model)", "inspect \(model) --config", "evaluate \(model) classes.csv",
      "predict \(model) classes.csv",
      "check \(model) classes.csv", "doctor \(model) classes.csv",
      "explain \(model) classes.csv", "tune-rate classes.csv --target label --quiet", "--version",
      "train --help", "train classes.csv --target label --folds 2 --epochs 1 --quiet",
      "create --sizes 2,1 --activation tanh --loss squared-error -o new.safetensors",
    ] {
      #expect(try runner.shell("\(command) \(line) >&- 2> errors") == 1, "\(line)")
      let errors = String(decoding: try runner.read("errors"), as: UTF8.self)
      #expect(
        errors.hasPrefix("error: ") && errors.split(separator: "\n").count == 1,
        "\(line): \(errors)")
    }
    // As /dev/stdout itself, which a test must not put at risk.
    try FileManager.default.createSymbolicLink(
      atPath: runner.path("stream"), withDestinationPath: "/dev/stdout")
    // The same by their names, which must not become those of files.
    for (line, code, error) in [
      ("train classes.csv --config - <&-", 1, "cannot read standard input: it is closed"),
      ("train classes.csv --config /dev/stdin <&-", 1, "/dev/stdin is a folder"),
      ("train /dev/stdin --target label <&-", 1, "/dev/stdin: is a folder"),
      ("predict \(model) classes.csv -o stream >&-", 2, "stream is a folder"),
    ] {
      #expect(try runner.shell("\(command) \(line) 2> errors") == Int32(code), "\(line)")
      let errors = String(decoding: try runner.read("errors"), as: UTF8.self)
      #expect(errors.hasPrefix("error: \(error)"), "\(errors)")
    }
    #expect(
      try FileManager.default.destinationOfSymbolicLink(atPath: runner.path("stream"))
        == "/dev/stdout")
  }
}
