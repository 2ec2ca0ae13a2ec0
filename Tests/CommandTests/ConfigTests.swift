import Foundation
import Testing

@testable import Backprop

@Suite("train --config and inspect --config")
struct ConfigTests {
  private let runner: CommandRunner

  init() throws {
    runner = try CommandRunner()
    try runner.writeClassification()
  }

  /// The message for a configuration, which must be refused as a mistake in usage.
  private func refusal(_ text: String, _ name: String = "c.json") throws -> String {
    try runner.write(name, text)
    let result = try runner.run("train", "nothing.csv", "--config", name)
    #expect(result.exitCode == 2, "\(text): \(result.errors)")
    return result.errors
  }

  /// Options that say what is written, and over what.
  private let outputs = [
    "output", "force", "plot", "tensorboard", "checkpoint", "resume", "spool",
  ]

  @Test("What is written is not for a file to say")
  func outputsInFiles() throws {
    try runner.write("victim", "mine")
    for name in outputs {
      let errors = try refusal(
        "{\"epochs\": 1, \"\(name)\": \(name == "force" ? "true" : "\"victim\"")}")
      #expect(
        errors.hasPrefix(
          "error: c.json, \(name): a file does not choose what is written, or over what; "
            + "take it out, and give --\(name) on the command line"), "\(errors)")
    }
    for name in ["json", "quiet", "threads", "folds", "every", "keep", "curves", "diagnose"] {
      #expect(try refusal("{\"\(name)\": 1}").contains("belongs to the command line"), "\(name)")
    }
    #expect(try runner.read("victim") == Array("mine".utf8))
  }

  @Test(
    "Every setting can be given in a file, by either name, and means the same as on the command line"
  )
  func everySetting() throws {
    for setting in Setting.all where setting.name != "data" {
      // A number that some settings take, and a text that most refuse: in their own words.
      for value in setting.isFlag ? ["true"] : ["-3", "nonsense", "0.5", "3"] {
        let onLine = try runner.run(
          "train", "nothing.csv",
          setting.isFlag ? "--\(setting.name)" : "--\(setting.name)=\(value)")
        if onLine.errors.contains("Unknown option") {
          #expect(setting.name == "training-examples")
          continue
        }
        for name in [setting.name, setting.property] {
          let text = Double(value) == nil && !setting.isFlag ? "\"\(value)\"" : value
          for document in [
            "{\"\(name)\": \(text)}", "{\"\(setting.group)\": {\"\(name)\": \(text)}}",
          ] {
            try runner.write("c.json", document)
            let inFile = try runner.run("train", "nothing.csv", "--config", "c.json")
            #expect(inFile.exitCode == onLine.exitCode, "\(document)")
            let message = inFile.errors.replacing(
              "c.json, \(setting.property) ", with: "--\(setting.name) ")
            #expect(message == onLine.errors, "\(document)")
          }
        }
      }
    }
  }

  @Test("A model's configuration gives its bytes again, by a pipe, a file and a named pipe")
  func again() throws {
    for (index, options) in [
      [],
      ["--optimizer", "nesterov", "--momentum", "0.8", "--schedule", "step:2:0.5", "--l2", "1e-3"],
      ["--optimizer", "rprop", "--hidden", "none", "--validation", "0"],
      ["--memory", "200MB", "--no-shuffle"], ["--memory", "200MB", "--shuffle-window", "2"],
      ["--categorical", "a", "--ignore", "a"], ["--numeric", "colour", "--ignore", "colour"],
      ["--activation", "tanh,gelu", "--schedule", "constant", "--class-weight", "balanced"],
      ["--precision", "double", "--ignore", "colour", "--no-shuffle", "--warm-up", "0.1"],
      [
        "--l1", "1e-4", "--ema", "0.99", "--max-norm", "3", "--l2", "1e-3", "--l2-scaling",
        "per-example", "--accumulate", "2",
      ],
      [
        "--optimizer", "momentum", "--schedule", "one-cycle", "--cycle-momentum", "0.8:0.9",
        "--swa", "0.5", "--weight-decay", "1e-3", "--decay-biases", "--hidden", "4",
        "--rate-factors", "0.5,1", "--bias-rate-factor", "2",
      ],
    ].enumerated() {
      let trained = try runner.run(
        ["train", "classes.csv", "--target", "label", "--epochs", "2", "--quiet", "-o", "a"]
          + options)
      #expect(trained.exitCode == 0, "\(trained.errors)")
      let binary = CommandRunner.executable.path
      for (kind, line) in [
        ("pipe", "'\(binary)' inspect a --config | '\(binary)' train --config - -o b --quiet"),
        (
          "file",
          "'\(binary)' inspect a --config --json > c.json; '\(binary)' train --config c.json -o b"
        ),
        (
          "FIFO",
          "rm -f f; mkfifo f; '\(binary)' inspect a --config > f & '\(binary)' train --config f -o b"
        ),
      ] {
        try? FileManager.default.removeItem(atPath: runner.path("b"))
        #expect(try runner.shell("(\(line)) > /dev/null 2> errors") == 0, "\(index), \(kind)")
        #expect(try runner.read("a") == runner.read("b"), "\(index), \(kind)")
      }
    }
  }

  @Test("The options of the command line win, DATA and flags among them")
  func precedence() throws {
    try runner.write(
      "c.json",
      """
      {"data": "nothing.csv", "target": "label", "network": {"hidden": [4, 5]},
       "categorical": ["a", "b"], "epochs": 7, "no-shuffle": true, "header": true, "ema": 0.5,
       "stopping": {"patience": null, "validation": 0.5}}
      """)
    let result = try runner.run(
      "train", "classes.csv", "--config", "c.json", "--epochs=2", "--swa", "0.5", "--quiet", "-o",
      "m", "--validation-data", "classes.csv")
    #expect(result.exitCode == 0, "\(result.errors)")
    #expect(result.errors.isEmpty)
    let shown = try JSONValue(parsing: runner.run("inspect", "m", "--config").output)
    #expect(shown["data"]?["data"]?.string == "classes.csv")
    #expect(shown["network"]?["hidden"] == [4, 5] && shown["schedule"]?["epochs"] == 2)
    #expect(shown["data"]?["noShuffle"] == true && shown["data"]?["header"] == true)
    #expect(shown["data"]?["categorical"] == ["a", "b"])
    #expect(shown["updates"]?["ema"] == nil && shown["updates"]?["swa"] == 0.5)
    #expect(shown["stopping"]?["validationData"]?.string == "classes.csv")
    #expect(shown["stopping"]?["validation"] == nil && shown["stopping"]?["patience"] == nil)
  }

  @Test("What the file says and has no meaning beside an option of the command line gives way")
  func later() throws {
    let train = [
      "train", "classes.csv", "--target", "label", "--epochs", "2", "--quiet", "-o", "a",
    ]
    for (before, after) in [
      (["--l2", "0.1", "--l2-scaling", "per-example"], ["--l2-scaling", "loss"]),
      (["--l2", "0.1", "--l2-scaling", "per-example"], ["--l2", "0"]),
      ([], ["--schedule", "one-cycle"]), ([], ["--optimizer", "gd"]),
      (["--rate-factors", "0.5"], ["--optimizer", "rprop"]),
      (["--optimizer", "adamw", "--mixup", "0.2", "--ema", "0.9"], ["--optimizer", "lbfgs"]),
      (["--optimizer", "nesterov"], ["--optimizer", "adam"]),
      (["--shuffle-block", "4", "--shuffle-window", "2"], ["--no-shuffle"]),
      (["--patience", "2", "--min-delta", "0.1", "--metric", "f1"], ["--validation", "0"]),
      (["--weight-decay", "0.1", "--decay-biases"], ["--weight-decay", "0"]),
      (
        ["--optimizer", "momentum", "--schedule", "one-cycle", "--cycle-momentum", "0.8:0.9"],
        ["--momentum", "0.5"]
      ),
      (
        ["--optimizer", "sgd", "--momentum", "0.5", "--schedule", "one-cycle"],
        ["--cycle-momentum", "0.8:0.9"]
      ),
    ] {
      #expect(try runner.run(train + before + ["--force"]).exitCode == 0, "\(before)")
      #expect(
        try runner.shell("'\(CommandRunner.executable.path)' inspect a --config > c.json") == 0)
      let result = try runner.run(
        ["train", "--config", "c.json", "--quiet", "-o", "b", "--force"] + after)
      #expect(result.exitCode == 0 && result.errors.isEmpty, "\(after): \(result.errors)")
    }
    // But what the file itself says in vain is its mistake, and what the line says that of the line.
    for (text, options, message) in [
      ("{\"mixup\": 0.2, \"batchSize\": 1}", ["--epochs", "2"], "--mixup mixes the examples"),
      (
        "{\"batchSize\": 4}", ["--optimizer", "gd", "--batch-size", "5"], "--batch-size has no mean"
      ),
    ] {
      try runner.write("c.json", text)
      let result = try runner.run(train + ["--config", "c.json", "--force"] + options)
      #expect(result.exitCode == 2 && result.errors.contains(message), "\(result.errors)")
    }
  }

  @Test("A model may go on with its own configuration")
  func ofTheModel() throws {
    let first = try runner.run(
      "train", "classes.csv", "--target", "label", "--epochs", "2", "--quiet", "-o", "a",
      "--ignore", "colour", "--categorical", "b", "--numeric", "a", "--initializer", "he-normal")
    #expect(first.exitCode == 0, "\(first.errors)")
    #expect(try runner.shell("'\(CommandRunner.executable.path)' inspect a --config > c.json") == 0)
    let next = try runner.run("train", "--from", "a", "--config", "c.json", "--quiet", "-o", "b")
    #expect(next.exitCode == 0, "\(next.errors)")
    let last = try runner.run("train", "classes.csv", "--from", "a", "--quiet", "-o", "c")
    #expect(last.exitCode == 0, "\(last.errors)")
    let shown = try JSONValue(parsing: runner.run("inspect", "c", "--config").output)
    #expect(shown["data"]?["target"] == "label")
  }

  @Test("What is no setting, of the wrong type or no JSON is refused by its name")
  func refusals() throws {
    for (text, message) in [
      ("{\"learningrate\": 0.1}", "learningrate is no setting; did you mean learningRate?"),
      ("{\"epochs\": \"many\"}", "epochs many: give a whole number from 1"),
      ("{\"epochs\": 1.5}", "epochs 1.5: give a whole number"),
      ("{\"epochs\": {}}", "epochs {}: give a whole number"),
      ("{\"noShuffle\": 1}", "noShuffle 1: give true or false"),
      ("{\"target\": true}", "target true: give one, or a list"),
      ("{\"hidden\": [1, [2]]}", "a list holds texts or numbers"),
      ("{\"config\": \"x\"}", "config: belongs to the command line"),
      ("{\"epochs\": 1, \"epochs\": 2}", "epochs"), ("{\"epochs\": 3,}", "c.json: not valid JSON"),
      ("epochs: 3", "a configuration is a document of JSON"), ("[1]", "expected an object"),
      ("{\"schema\": \"other/1\"}", "backprop.config/2"),
      ("{\"optimizer\": {\"rule\": \"adam\"}}", "optimizer"),
    ] {
      let errors = try refusal(text)
      #expect(errors.contains(message), "\(text): \(errors)")
      #expect(errors.hasPrefix("error: c.json"), "\(errors)")
    }
    let missing = try runner.run("train", "x.csv", "--config", "missing.json")
    #expect(missing.exitCode == 1 && missing.errors.contains("no such file: missing.json"))
  }

  @Test("A run that was started by a file is resumed without it, to the same bytes")
  func resumed() throws {
    try runner.write(
      "c.json",
      "{\"data\": \"classes.csv\", \"target\": \"label\", \"hidden\": 8, \"epochs\": 6, \"batchSize\": 4}"
    )
    #expect(try runner.run("train", "--config", "c.json", "-o", "whole", "--quiet").exitCode == 0)
    let first = try runner.run(
      "train", "--config", "c.json", "-o", "m", "--checkpoint", "run", "--every", "5", "--quiet")
    #expect(first.exitCode == 0, "\(first.errors)")
    let resumed = try runner.run("train", "--resume", "run", "--quiet")
    #expect(resumed.exitCode == 0, "\(resumed.errors)")
    #expect(try runner.read("run/model.safetensors") == runner.read("whole"))
  }

  @Test("A model that was never trained says so")
  func noSettings() throws {
    try runner.writeMazur()
    let result = try runner.run("inspect", "mazur.safetensors", "--config")
    #expect(result.exitCode == 1 && result.errors.contains("holds no settings"))
  }
}
