import Backprop
import Foundation
import Testing

@Suite("Signals that end the command")
struct SignalTests {
  private let runner: CommandRunner
  private let options = [
    "train", "classes.csv", "--target", "label", "--hidden", "8", "--schedule", "constant",
    "--json", "--quiet", "-o", "m.safetensors",
  ]
  private let ends: [(signal: Int32, code: Int32)] = [(SIGINT, 130), (SIGTERM, 143), (SIGHUP, 129)]

  init() throws {
    runner = try CommandRunner()
    try runner.writeClassification()
  }

  /// Starts a run without an end, and waits until it trains.
  private func startTraining() throws -> CommandRunner.Running {
    let running = try runner.start(
      options + ["--epochs", "100000", "--patience", "100000", "--plot", "c.svg"])
    while running.process.isRunning, running.output.count(where: { $0 == "\n" }) < 4 {
      Thread.sleep(forTimeInterval: 0.001)
    }
    return running
  }

  @Test(
    "While it trains each keeps the best model, and before and while it trains the end is alike")
  func ended() throws {
    for (signal, code) in ends {
      let running = try startTraining()
      kill(running.process.processIdentifier, signal)
      let result = try running.finish()
      #expect(result.exitCode == code && running.process.terminationReason == .exit)
      #expect(result.errors.contains("interrupted: the best model so far (epoch "))
      #expect(try result.documents.last?["reason"]?.string == "interrupted")
      #expect(try Model(contentsOf: runner.path("m.safetensors")).configuration != nil)
      #expect(try runner.files == ["c.svg", "classes.csv", "m.safetensors"])
      try FileManager.default.removeItem(atPath: runner.path("m.safetensors"))
    }
    // So large that it is still being read after half a second.
    let text = String(decoding: try runner.read("classes.csv"), as: UTF8.self)
    let header = text.prefix { $0 != "\n" } + "\n"
    try runner.write(
      "large.csv", header + String(repeating: String(text.dropFirst(header.count)), count: 40_000))
    for (signal, code) in ends {
      let running = try runner.start(["train", "large.csv"] + options.dropFirst(2))
      Thread.sleep(forTimeInterval: 0.5)
      kill(running.process.processIdentifier, signal)
      #expect(try running.finish().exitCode == code)
      #expect(try runner.files == ["c.svg", "classes.csv", "large.csv"])
    }
  }

  @Test("One wish to end may be sent twice, except by Ctrl-C, which then does not wait")
  func twice() throws {
    for signal in [SIGTERM, SIGHUP] {
      let running = try startTraining()
      for _ in 0..<20 { kill(running.process.processIdentifier, signal) }
      #expect(try running.finish().exitCode == 128 + signal)
      #expect(try runner.files == ["c.svg", "classes.csv", "m.safetensors"])
      try FileManager.default.removeItem(atPath: runner.path("m.safetensors"))
    }
  }

  @Test("Under nohup the end of the terminal is none of the run's business")
  func noHangUp() throws {
    let line = (options + ["--epochs", "2000", "--patience", "2000"]).joined(separator: " ")
    let status = try runner.shell(
      """
      trap '' HUP
      '\(CommandRunner.executable.path)' \(line) > output 2> errors &
      until grep -q epoch output; do sleep 0.01; done
      kill -HUP $!
      wait $!
      """)
    #expect(status == 0)
    let output = String(decoding: try runner.read("output"), as: UTF8.self)
    #expect(output.contains("\"reason\":\"completed\""))
  }

  @Test("What kill -9 left half-written goes when the same file is written again")
  func killed() throws {
    try runner.trainSmall()
    try runner.writeClassification(rows: 40_000)
    let arguments = [
      "predict", "model.safetensors", "classes.csv", "--probabilities", "-o", "out.csv",
    ]
    let running = try runner.start(arguments)
    while running.process.isRunning, try runner.files.count < 3 {}
    kill(running.process.processIdentifier, SIGKILL)
    #expect(try running.finish().exitCode == SIGKILL)
    let left = try runner.files.filter { $0.hasSuffix(".tmp") }
    #expect(left.count == 1 && left[0].hasPrefix(".out.csv."))
    try runner.writeClassification()
    #expect(try runner.run(arguments).exitCode == 0)
    #expect(try runner.files == ["classes.csv", "model.safetensors", "out.csv"])
  }

  @Test("An interrupt that a script ignores for what it starts with & still means the run")
  func ignoredInterrupt() throws {
    let line = (options + ["--epochs", "1000000", "--patience", "1000000"]).joined(separator: " ")
    let status = try runner.shell(
      """
      trap '' INT
      '\(CommandRunner.executable.path)' \(line) > output 2> errors &
      until grep -q epoch output; do sleep 0.01; done
      kill -INT $!
      wait $!
      """)
    #expect(status == 130)
  }
}
