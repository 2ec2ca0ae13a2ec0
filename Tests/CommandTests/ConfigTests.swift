import Backprop
import Foundation
import Testing

@Suite("train --config and inspect --config")
struct ConfigTests {
  private let runner: CommandRunner

  init() throws {
    runner = try CommandRunner()
    try runner.writeClassification()
  }

  /// The message for a configuration, which must be refused as a mistake in usage.
  private func refusal(_ text: String, _ name: String = "c.yaml") throws -> String {
    try runner.write(name, text)
    let result = try runner.run("train", "nothing.csv", "--config", name)
    #expect(result.exitCode == 2, "\(text): \(result.errors)")
    return result.errors
  }

  /// Options that say what is written, and over what.
  private let outputs = [
    "output", "force", "plot", "tensorboard", "checkpoint", "resume", "spool",
  ]

  @Test(
    "What is written is not for a file to say, whether the user's own or one that a model holds")
  func outputsInFiles() throws {
    try runner.write("victim", "mine")
    for name in outputs {
      let value = name == "force" ? "true" : "victim"
      let errors = try refusal("epochs: 1\n\(name): \(value)\n")
      #expect(
        errors.hasPrefix(
          "error: c.yaml, line 2, \(name): a file does not choose what is written, or over what; "
            + "take it out, and give --\(name) on the command line"), "\(errors)")
      #expect(
        try refusal("{\"\(name)\": \(name == "force" ? value : "\"\(value)\"")}").contains(name))
      // What says nothing is nothing to refuse.
      try runner.write("c.yaml", "\(name): \(name == "force" ? "false" : "~")\n")
      let silent = try runner.run("train", "nothing.csv", "--config", "c.yaml")
      #expect(silent.errors.contains("no such file: nothing.csv"), "\(silent.errors)")
    }

    let trained = try runner.run(
      "train", "classes.csv", "--target", "label", "--epochs", "1", "--quiet", "-o", "m")
    #expect(trained.exitCode == 0, "\(trained.errors)")
    let model = try Model(contentsOf: runner.path("m"))
    let stored = try #require(model.options?.object)
    var foreign = stored
    for name in outputs + ["json", "config", "help", "new\noutput: victim"] {
      let value: JSONValue = name == "force" || name == "json" ? true : "victim"
      foreign.append(JSONMember(name, value))
    }
    _ = try Model(
      network: model.network, encoder: model.encoder, targetEncoder: model.targetEncoder,
      configuration: model.configuration, weights: model.weights, options: .object(foreign)
    ).write(to: runner.path("foreign"))
    for form in [[], ["--json"]] {
      let shown = try runner.run(["inspect", "foreign", "--config"] + form)
      #expect(try shown.output == runner.run(["inspect", "m", "--config"] + form).output)
      #expect(shown.errors.hasPrefix("warning: foreign holds other entries among its options"))
    }
    #expect(try runner.read("victim") == Array("mine".utf8))
  }

  @Test(
    "Every other option of train can be given in a file, and means the same as on the command line")
  func everyOption() throws {
    let help = try JSONValue(parsing: runner.run("train", "--experimental-dump-help").output)
    let arguments = try #require(help["command"]?["arguments"]?.array)
    var count = 0
    for argument in arguments where argument["kind"]?.string != "positional" {
      let names = (argument["names"]?.array ?? []).filter { $0["kind"]?.string == "long" }
      let name = try #require(names.first?["name"]?.string)
      if (outputs + ["config", "help", "version"]).contains(name) { continue }
      count += 1
      let isFlag = argument["kind"]?.string == "flag"
      // A number that some options take, and a text that most refuse: in their own words.
      for value in isFlag ? ["true"] : ["-3", "nonsense"] {
        try runner.write("c.yaml", "# one option\n\(name): \(value)\n")
        let inFile = try runner.run("train", "nothing.csv", "--config", "c.yaml")
        let onLine = try runner.run(
          "train", "nothing.csv", isFlag ? "--\(name)" : "--\(name)=\(value)")
        #expect(inFile.exitCode == onLine.exitCode, "\(name): \(value)")
        let message = inFile.errors.replacing("c.yaml, line 2, \(name): ", with: "")
        #expect(message == onLine.errors, "\(name): \(value)")
      }
    }
    #expect(count >= 49 - outputs.count)
  }

  @Test("A model's configuration gives its bytes again, as YAML, as JSON, by a pipe and by a file")
  func again() throws {
    for (index, options) in [
      [],
      ["--optimizer", "nesterov", "--momentum", "0.8", "--schedule", "step:2:0.5", "--l2", "1e-3"],
      ["--optimizer", "rprop", "--hidden", "none", "--validation", "0"],
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
          "JSON",
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
      "c.yaml",
      """
      ---
      data: nothing.csv   # not read
      'target': "label"
      hidden: [4,
        5]  # two layers
      categorical:
        - a
        - 'b'
      epochs: 7
      no-shuffle: true
      header: true
      patience: ~
      monitor:
      quiet: true

      """)
    let result = try runner.run(
      "train", "classes.csv", "--config", "c.yaml", "--epochs=2", "-o", "m")
    #expect(result.exitCode == 0, "\(result.errors)")
    #expect(result.errors.isEmpty)
    let lines = try runner.run("inspect", "m", "--config").outputLines
    for line in [
      "data: \"classes.csv\"", "data: classes.csv", "hidden: [4, 5]", "epochs: 2",
      "no-shuffle: true", "categorical: \"a,b\"", "header: true",
    ].dropFirst() {
      #expect(lines.contains(line), "\(line) in \(lines)")
    }
    #expect(!lines.contains { $0.hasPrefix("monitor") || $0.hasPrefix("quiet") })
  }

  @Test("What is no option, of the wrong type or other YAML is refused with its line")
  func refusals() throws {
    for (text, message) in [
      (
        "epochs: 3\nlearning_rate: 0.1\n",
        "line 2: there is no option \"learning_rate\"; did you mean learning-rate?"
      ),
      ("batchSize: 3", "did you mean batch-size?"),
      ("epochs: many", "line 1, epochs: The value 'many' is invalid"),
      ("quiet: 1", "line 1, quiet: expected true or false"),
      ("target: yes\nmonitor: true", "line 2, monitor: expected a text or a number"),
      ("config: x", "config belongs to the command line"),
      ("epochs: 1\nepochs: 2", "line 2: epochs stands here twice"),
      ("class-weight: {a: 1}", "line 1: mappings are not read"),
      ("class-weight:\n  a: 1", "line 2: mappings and texts over several lines"),
      ("hidden: [1, [2]]", "lists in lists"), ("hidden: [1, 2", "line 1: the list has no ]"),
      ("hidden: &a 3", "anchors"), ("target: |\n  a", "several lines"),
      ("a: b: c", "a colon before a space"), ("target: \"x", "is not closed"),
      ("\tepochs: 3", "indented"),
      ("epochs: 1\n---\nepochs: 2", "line 2: a file holds one document"),
      ("%YAML 1.2", "directives"), ("- a", "a list without a key"),
      ("epochs", "expected an option"),
      ("ignore: [\"a,b\", c]", "would be two items"), ("epochs: 'a' b", "something follows"),
    ] {
      let errors = try refusal(text)
      #expect(errors.contains(message), "\(text): \(errors)")
      #expect(errors.hasPrefix("error: c.yaml"), "\(errors)")
    }
    #expect(try refusal("{\"epochs\": 3,}", "c.json").contains("c.json: not valid JSON"))
    #expect(try refusal("{\"epochs\": {}}", "c.json").contains("epochs: an object has no meaning"))
    #expect(try refusal("[1]", "c.json").contains("expected an object"))
    #expect(try refusal("{\"schema\": \"other/1\"}", "c").contains("backprop.config/1"))
    let missing = try runner.run("train", "x.csv", "--config", "missing.yaml")
    #expect(missing.exitCode == 1 && missing.errors.contains("no such file: missing.yaml"))
  }

  @Test("A run that was started by a file is resumed without it, to the same bytes")
  func resumed() throws {
    try runner.write(
      "c.yaml", "data: classes.csv\ntarget: label\nhidden: 8\nepochs: 6\nbatch-size: 4\n")
    #expect(try runner.run("train", "--config", "c.yaml", "-o", "whole", "--quiet").exitCode == 0)
    let first = try runner.run(
      "train", "--config", "c.yaml", "-o", "m", "--checkpoint", "run", "--every", "5", "--quiet")
    #expect(first.exitCode == 0, "\(first.errors)")
    let resumed = try runner.run("train", "classes.csv", "--resume", "run", "--quiet")
    #expect(resumed.exitCode == 0, "\(resumed.errors)")
    #expect(try runner.read("run/model.safetensors") == runner.read("whole"))
  }

  @Test("A model without options says so")
  func noOptions() throws {
    try runner.writeMazur()
    let result = try runner.run("inspect", "mazur.safetensors", "--config")
    #expect(result.exitCode == 1 && result.errors.contains("holds no options"))
  }
}
