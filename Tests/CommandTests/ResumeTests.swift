import Backprop
import Foundation
import Testing

@testable import BackpropCommand

@Suite("The command train, interrupted and resumed")
struct ResumeTests {
  private let runner: CommandRunner
  private let options = [
    "train", "classes.csv", "--target", "label", "--hidden", "8", "--epochs", "12",
    "--batch-size", "4", "--schedule", "constant", "--patience", "5", "--seed", "3", "--json",
    "--quiet",
  ]

  init() throws {
    runner = try CommandRunner()
    try runner.writeClassification()
  }

  /// The epochs and the end of a log, without what a clock says.
  private func losses(_ documents: [JSONValue]) -> [String] {
    documents.compactMap { document in
      guard ["epoch", "end"].contains(document["event"]?.string),
        let members = document.object
      else { return nil }
      return JSONValue.object(
        members.filter { !["seconds", "examplesPerSecond", "model"].contains($0.key) }
      ).description
    }
  }

  private func events(_ name: String, in documents: [JSONValue]) -> [JSONValue] {
    documents.filter { $0["event"]?.string == name }
  }

  /// The checkpoints of a folder, and what is left of half-written ones.
  private func checkpoints(_ folder: String) throws -> [String] {
    try FileManager.default.contentsOfDirectory(atPath: runner.path(folder)).sorted()
      .filter { $0 != "model.safetensors" }
  }

  /// Starts a run that saves its state at every step, and kills it after so many checkpoints.
  private func runAndKill(
    after count: Int, signal: Int32 = SIGKILL, _ more: [String] = []
  ) throws -> CommandRunner.Result {
    let running = try runner.start(options + ["--checkpoint", "run", "--every", "1"] + more)
    func saved() -> Int { running.output.components(separatedBy: "\"checkpoint\"").count - 1 }
    while running.process.isRunning, saved() < count { Thread.sleep(forTimeInterval: 0.001) }
    kill(running.process.processIdentifier, signal)
    return try running.finish()
  }

  @Test("A run that was killed ends with the bytes and the log of one that was not")
  func killed() throws {
    let whole = try runner.run(options + ["-o", "whole.safetensors"])
    #expect(whole.exitCode == 0, "\(whole.errors)")
    let killed = try runAndKill(after: 40, ["-o", "m.safetensors"])
    #expect(killed.exitCode == SIGKILL)
    #expect(try !runner.files.contains("m.safetensors"))

    // Options are those of the run; DATA and what is written are given again.
    let resumed = try runner.run(
      "train", "classes.csv", "--resume", "run", "--json", "-o", "m.safetensors")
    #expect(resumed.exitCode == 0, "\(resumed.errors)")
    #expect(try runner.read("m.safetensors") == runner.read("whole.safetensors"))
    let documents = try resumed.documents
    let start = documents[0]["resumedFrom"]
    #expect(start?.object?.map(\.key) == ["file", "epoch", "step"])
    let file = try #require(start?["file"]?.string)
    #expect(file.hasPrefix("run/checkpoint-0000000000"))
    let epoch = try #require(start?["epoch"]?.int)
    #expect(epoch >= 4)
    let before = losses(try killed.documents).prefix(epoch - 1)
    #expect(Array(before) + losses(documents) == losses(try whole.documents))
    let saved = events("checkpoint", in: documents)
    #expect(
      saved.first?.object?.map(\.key) == ["event", "epoch", "step", "file", "seconds"])
    #expect(try checkpoints("run").count == 3)

    // Once more from the end: the same model again, in the place that is its own.
    try FileManager.default.removeItem(atPath: runner.path("m.safetensors"))
    let again = try runner.run("train", "classes.csv", "--resume", "run/")
    #expect(again.exitCode == 0)
    #expect(again.errors.contains("without -o the model will be saved in run/model.safetensors"))
    #expect(again.outputLines.contains("saved     run/model.safetensors"))
    #expect(try !runner.files.contains("m.safetensors"))
    #expect(try runner.read("run/model.safetensors") == runner.read("whole.safetensors"))
  }

  @Test("A run that takes over a folder leaves nothing there of the run before")
  func takenOver() throws {
    let short = options + ["--epochs", "4", "--patience", "9", "--checkpoint", "run"]
    #expect(try runner.run(short + ["--every", "1", "--seed", "1"]).exitCode == 0)
    #expect(try checkpoints("run").count == 3)
    // It saves later than the one before ever came: what is older would pass for its own.
    let longer = short + ["--epochs", "30", "--every", "100", "--seed", "2", "--force"]
    #expect(try runner.run(longer).exitCode == 0)
    let names = try checkpoints("run")
    #expect(!names.isEmpty && names.allSatisfy { $0.hasSuffix("00.safetensors") }, "\(names)")
  }

  @Test("A run whose DATA stood behind -- is resumed like any other")
  func terminator() throws {
    let first =
      Array(options.filter { $0 != "classes.csv" }) + ["--checkpoint", "run", "--every", "7"]
    #expect(try runner.run(first + ["-o", "m.safetensors", "--", "classes.csv"]).exitCode == 0)
    let whole = try runner.read("m.safetensors")
    let resumed = try runner.run("train", "--resume", "run", "classes.csv", "--quiet")
    #expect(resumed.exitCode == 0, "\(resumed.errors)")
    #expect(try runner.read("run/model.safetensors") == whole)
  }

  @Test("A run in its order within a budget of memory is resumed, to the same bytes")
  func memoryInOrder() throws {
    let ordered = options + ["--memory", "200MB", "--no-shuffle", "--checkpoint", "run"]
    let first = try runner.run(ordered + ["--every", "5", "-o", "m"])
    #expect(first.exitCode == 0, "\(first.errors)")
    let resumed = try runner.run("train", "--resume", "run", "--quiet", "-o", "again")
    #expect(resumed.exitCode == 0, "\(resumed.errors)")
    #expect(try runner.read("again") == runner.read("m"))
  }

  @Test("With --force the run keeps how it reads its columns and how its weights began")
  func forcedReading() throws {
    let first = try runner.run(
      options + [
        "--ignore", "colour", "--categorical", "a", "--numeric", "b", "--initializer", "he-normal",
        "--checkpoint", "run", "--every", "5", "-o", "m",
      ])
    #expect(first.exitCode == 0, "\(first.errors)")
    let resume = ["train", "--resume", "run", "--force", "--quiet", "-o"]
    let resumed = try runner.run(resume + ["again"])
    #expect(resumed.exitCode == 0, "\(resumed.errors)")
    #expect(try runner.read("again") == runner.read("m"))
    let other = try runner.run(resume + ["other", "--ignore", "a"])
    #expect(other.exitCode == 2 && other.errors.contains("--ignore contradicts the model"))
  }

  @Test("A file that the checkpoint names and is not here is called so, whatever it is for")
  func movedFiles() throws {
    let text = String(decoding: try runner.read("classes.csv"), as: UTF8.self)
    try runner.write("held.csv", text)
    let first = try runner.run(
      options + ["--validation-data", "held.csv", "--checkpoint", "run", "--every", "5", "-o", "m"])
    #expect(first.exitCode == 0, "\(first.errors)")
    try runner.move("held.csv", to: "helb.csv")
    let resumed = try runner.run("train", "--resume", "run", "-o", "again")
    #expect(resumed.exitCode == 1)
    #expect(
      resumed.errors.contains("held.csv: is the validation data that the checkpoint names"),
      "\(resumed.errors)")
    #expect(resumed.errors.contains("give --validation-data"), "\(resumed.errors)")
    let given = try runner.run(
      "train", "--resume", "run", "--validation-data", "helb.csv", "--quiet", "-o", "again")
    #expect(given.exitCode == 0, "\(given.errors)")
  }

  @Test("A run that is refused once its data was read leaves no folder behind")
  func noFolder() throws {
    let refused = try runner.run(
      "train", "classes.csv", "--target", "a", "--class-weight", "x=2", "--checkpoint", "new")
    #expect(refused.exitCode == 2, "\(refused.errors)")
    #expect(try !runner.files.contains("new"))
    // One that was there stays.
    #expect(try runner.shell("mkdir old") == 0)
    _ = try runner.run(
      "train", "classes.csv", "--target", "a", "--class-weight", "x=2", "--checkpoint", "old")
    #expect(try runner.files.contains("old"))
  }

  @Test("With --force and nothing changed, weights that came with --from stay")
  func forcedWeights() throws {
    let base = options + ["--epochs", "2", "--class-weight", "balanced", "-o", "base.safetensors"]
    #expect(try runner.run(base).exitCode == 0)
    let more = [
      "train", "classes.csv", "--from", "base.safetensors", "--epochs", "3", "--json", "--quiet",
      "--checkpoint", "run", "--every", "5", "-o", "a.safetensors",
    ]
    #expect(try runner.run(more).exitCode == 0)
    let resumed = try runner.run(
      "train", "classes.csv", "--resume", "run", "--force", "--json", "-o", "b.safetensors")
    #expect(resumed.exitCode == 0, "\(resumed.errors)")
    #expect(try events("warning", in: resumed.documents).isEmpty)
    #expect(try runner.read("a.safetensors") == runner.read("b.safetensors"))
  }

  @Test("The curves of a resumed run are those of one that was not interrupted")
  func curves() throws {
    let plotted = options + ["--metric", "roc-auc", "--patience", "12"]
    #expect(try runner.run(plotted + ["--plot", "whole.svg"]).exitCode == 0)
    #expect(
      try runner.run(plotted + ["--plot", "c.svg", "--checkpoint", "run", "--every", "10"])
        .exitCode == 0)
    #expect(try runner.read("c.svg") == runner.read("whole.svg"))
    // Back to an earlier epoch.
    for name in try checkpoints("run").dropFirst() {
      try FileManager.default.removeItem(atPath: runner.path("run/\(name)"))
    }
    let resumed = ["train", "classes.csv", "--resume", "run", "--quiet", "--plot", "c.svg"]
    #expect(try runner.run(resumed).exitCode == 0)
    #expect(try runner.read("c.svg") == runner.read("whole.svg"))
    let text = String(decoding: try runner.read("whole.svg"), as: UTF8.self)
    #expect(text.contains("ROC AUC"))
  }

  @Test("A damaged checkpoint is named even if nothing else is to be said")
  func damagedAndQuiet() throws {
    #expect(
      try runner.run(options + ["--checkpoint", "run", "--every", "5"]).exitCode == 0)
    let newest = "run/\(try #require(try checkpoints("run").last))"
    try runner.write(newest, Array(try runner.read(newest).dropLast()))
    let resumed = try runner.run("train", "classes.csv", "--resume", "run", "--quiet")
    #expect(resumed.exitCode == 0)
    #expect(resumed.errors.contains(newest) && resumed.errors.contains("going on from the one"))
  }

  @Test("Patience without validation data is an error, also where the rows are too few to split")
  func patienceWithoutValidation() throws {
    try runner.write("few.csv", "x,label\n1,a\n2,b\n3,a\n4,b\n")
    for option in ["--patience", "--min-delta"] {
      let result = try runner.run(
        "train", "few.csv", "--target", "label", "--schedule", "constant", option, "1")
      #expect(result.exitCode == 2)
      #expect(
        result.errors.contains("\(option) needs validation data, and 4 rows are too few"),
        "\(result.errors)")
    }
    // Of so many epochs under another schedule there is no patience that it could renew.
    let vain = try runner.run(
      "train", "classes.csv", "--target", "label", "--min-delta", "1", "--epochs", "5")
    #expect(vain.exitCode == 2 && vain.errors.contains("give patience too"))
  }

  @Test("Ctrl-C saves the state of that step, and says how to go on")
  func interrupted() throws {
    let whole = try runner.run(options + ["-o", "whole.safetensors"])
    #expect(whole.exitCode == 0)
    let running = try runner.start(
      options + ["--epochs", "100000", "--patience", "100000", "--checkpoint", "run"])
    while running.process.isRunning, running.output.count(where: { $0 == "\n" }) < 3 {
      Thread.sleep(forTimeInterval: 0.001)
    }
    running.process.interrupt()
    let result = try running.finish()
    #expect(result.exitCode == 130)
    #expect(result.errors.contains("; go on with --resume run -o model.safetensors"))
    let saved = events("checkpoint", in: try result.documents)
    #expect(saved.count == 1)
    let name = try #require(saved.first?["file"]?.string)
    #expect(try checkpoints("run").map { "run/\($0)" } == [name])
  }

  @Test("A damaged newest checkpoint is named, and the one before is used; without any, none is")
  func damaged() throws {
    #expect(try runner.run(options + ["-o", "whole.safetensors"]).exitCode == 0)
    _ = try runAndKill(after: 9)
    let names = try checkpoints("run").filter { !$0.hasPrefix(".") }
    #expect(names.count >= 2)
    var bytes = try runner.read("run/\(names[names.count - 1])")
    bytes[bytes.count / 2] ^= 4
    try runner.write("run/\(names[names.count - 1])", bytes)
    let resumed = try runner.run("train", "classes.csv", "--resume", "run", "--json")
    #expect(resumed.exitCode == 0, "\(resumed.errors)")
    #expect(resumed.errors.contains("warning: run/\(names[names.count - 1]) is not a whole"))
    let documents = try resumed.documents
    #expect(documents[0]["resumedFrom"]?["file"]?.string == "run/\(names[names.count - 2])")
    #expect(events("warning", in: documents).first?["code"]?.string == "damagedCheckpoint")
    #expect(try runner.read("run/model.safetensors") == runner.read("whole.safetensors"))

    for name in try checkpoints("run") { try runner.write("run/\(name)", [1, 2, 3]) }
    let refused = try runner.run("train", "classes.csv", "--resume", "run")
    #expect(refused.exitCode == 1 && refused.errorLines.count == 1)
    #expect(refused.errors.contains("none of the checkpoints (3) is whole"))
  }

  @Test("Other data, options or another network are refused by name, and what can be is forced")
  func refusals() throws {
    _ = try runAndKill(after: 9)
    let before = try checkpoints("run").filter { !$0.hasPrefix(".") }
    func refused(_ arguments: String..., data: String = "classes.csv", names: [String]) throws {
      let result = try runner.run(["train", data, "--resume", "run"] + arguments)
      #expect(result.exitCode == 1, "\(arguments)")
      let error = try #require(result.errorLines.last)
      #expect(error.contains("is of another run: "))
      for name in names { #expect(error.contains(name), "\(name) in \(error)") }
      #expect(try checkpoints("run") == before)
    }
    try refused(
      "--epochs", "15",
      names: ["--epochs 15 (the checkpoint has 12)", "or --force to go on with these"])
    try refused(
      "--learning-rate", "0.5", "--patience", "9", names: ["--learning-rate 0.5", "--patience 9"])
    try refused(
      "--hidden", "9", names: ["network 4–9–2", "the checkpoint has 4–8–2", "begin a new run"])
    try refused("--optimizer", "sgd", names: ["--optimizer sgd (the checkpoint has adam)"])
    try refused("--validation", "0.4", names: ["training data 36 examples (the checkpoint has 48)"])
    try refused("--force", "--optimizer", "sgd", names: ["--force cannot help"])
    let text = String(decoding: try runner.read("classes.csv"), as: UTF8.self)
    try runner.write("other.csv", text.replacing("\n0,0,", with: "\n0,1,"))
    try refused(data: "other.csv", names: ["training data with other inputs", "48 examples too"])
    try runner.write("labels.csv", text.replacing("below", with: "under"))
    try refused(data: "labels.csv", names: ["targets label: "])

    let precision = try runner.run(
      "train", "classes.csv", "--resume", "run", "--precision", "double")
    #expect(precision.exitCode == 1 && precision.errors.contains("precision float"))
    let initializer = try runner.run(
      "train", "classes.csv", "--resume", "run", "--initializer", "zeros")
    #expect(initializer.exitCode == 2)
    let hidden = try runner.run(
      "train", "classes.csv", "--resume", "run", "--hidden", "9", "--force")
    #expect(hidden.exitCode == 2 && hidden.errors.contains("--hidden 9 contradicts"))

    // What was said before may be said again, in full.
    let again = try runner.run(options + ["--resume", "run", "-o", "a.safetensors"])
    #expect(again.exitCode == 0, "\(again.errors)")
    let forced = try runner.run(
      "train", "other.csv", "--resume", "run", "--epochs", "15", "--patience", "15", "--force",
      "--json", "-o", "b.safetensors")
    #expect(forced.exitCode == 0, "\(forced.errors)")
    #expect(forced.errors.contains("warning: going on in spite of other options or data"))
    #expect(events("epoch", in: try forced.documents).last?["epoch"]?.int == 15)
  }

  @Test("A disk that is full costs the checkpoint and not the run; the last good one stays")
  func fullDisk() throws {
    #expect(try runner.run(options + ["-o", "whole.safetensors"]).exitCode == 0)
    _ = try runAndKill(after: 9)
    let before = try checkpoints("run").filter { !$0.hasPrefix(".") }
    let sizes = try [runner.read("run/\(before[0])").count, runner.read("whole.safetensors").count]
    // A limit on the size of files, in blocks of 512 bytes, between that of a model and a checkpoint.
    let blocks = sizes[1] / 512 + 1
    #expect(blocks * 512 < sizes[0])
    let status = try runner.shell(
      "trap '' XFSZ; ulimit -f \(blocks) && exec '\(CommandRunner.executable.path)' train classes.csv"
        + " --resume run 2> errors > output")
    #expect(status == 0)
    let errors = String(decoding: try runner.read("errors"), as: UTF8.self)
    #expect(errors.contains("warning: no checkpoint after step "))
    #expect(errors.contains("\(before[before.count - 1]) stays the newest"))
    #expect(try checkpoints("run") == before)
    #expect(try runner.read("run/model.safetensors") == runner.read("whole.safetensors"))
  }

  @Test("A checkpoint that came from elsewhere does not choose what is written, whatever it holds")
  func foreign() throws {
    #expect(
      try runner.run(options + ["--checkpoint", "run", "--every", "5", "-o", "m"]).exitCode == 0)
    try FileManager.default.removeItem(atPath: runner.path("m"))
    let stored = try CheckpointFolder.newest(in: runner.path("run")).file
    var checkpoint = try Checkpoint<Float>(stored)
    for text in ["victim", "victim.svg"] { try runner.write(text, "mine") }
    try runner.write("elsewhere", "mine")
    let before = try runner.files
    // What is written is no setting of a run, so that a file cannot say it.
    for name in ["output", "plot", "tensorboard", "force", "checkpoint", "resume", "spool"] {
      #expect(Setting.named(name) == nil)
    }
    for text in [
      #"{"every":"5","keep":3,"output":"victim","force":true,"plot":"victim.svg"}"#,
      #"{"keep":0}"#, #"{"every":"never"}"#, "[]", "no JSON",
    ] {
      checkpoint.attachments[CheckpointOptions.attachmentKey] = text
      try checkpoint.write(to: stored.path)
      let resumed = try runner.run("train", "--resume", "run", "--quiet")
      #expect(resumed.exitCode == 0, "\(text): \(resumed.errors)")
      #expect(try runner.files == before, "\(text)")
      for name in ["victim", "victim.svg"] { #expect(try runner.read(name) == Array("mine".utf8)) }
    }
    // Nor do links that came along.
    let next = runner.path(
      "run/checkpoint-\(String(1_000_000_000_001 + checkpoint.step).dropFirst()).safetensors")
    try FileManager.default.createSymbolicLink(atPath: next, withDestinationPath: "../elsewhere")
    let resumed = try runner.run("train", "classes.csv", "--resume", "run", "--every", "1")
    #expect(resumed.exitCode == 0, "\(resumed.errors)")
    #expect((try? FileManager.default.destinationOfSymbolicLink(atPath: next)) == nil)
    let model = runner.path("run/model.safetensors")
    for target in ["../elsewhere", "../new"] {
      try FileManager.default.removeItem(atPath: model)
      try FileManager.default.createSymbolicLink(atPath: model, withDestinationPath: target)
      let refused = try runner.run("train", "classes.csv", "--resume", "run")
      #expect(refused.exitCode == 2)
      #expect(
        refused.errors.contains("model.safetensors is a link to \(target); say with -o"),
        "\(refused.errors)")
    }
    #expect(try runner.read("elsewhere") == Array("mine".utf8))
    #expect(try runner.files == before)
  }

  @Test("What a checkpoint brings along of the command is looked at before it is used")
  func foreignAttachments() throws {
    #expect(
      try runner.run(options + ["--checkpoint", "run", "--every", "5", "-o", "m"]).exitCode == 0)
    let stored = try CheckpointFolder.newest(in: runner.path("run")).file
    let whole = try Checkpoint<Float>(stored)
    func resumed(_ key: String, _ text: String, _ more: String...) throws -> CommandRunner.Result {
      var checkpoint = whole
      checkpoint.attachments[key] = text
      try checkpoint.write(to: stored.path)
      return try runner.run(
        ["train", "classes.csv", "--resume", "run", "-o", "m", "--force"] + more)
    }
    for (key, text) in [
      ("backprop.weights", #"{"classes":[1]}"#), ("backprop.weights", #"{"classes":[1,-1]}"#),
      ("backprop.encoder", "{}"), ("backprop.encoder", "no JSON"), ("backprop.target", "{}"),
    ] {
      let result = try resumed(key, text)
      #expect(result.exitCode == 1, "\(key) \(text): \(result.errors)")
      #expect(
        result.errors.contains("is not a whole checkpoint: \(key)")
          && result.errorLines.count == 1, "\(result.errors)")
    }
    // Curves are no reason not to go on: they begin anew.
    func point(_ epoch: String) -> String { "{\"epoch\":\(epoch),\"loss\":1}" }
    func curves(_ points: [String], spacing: String = "1", epochs: String = "1") -> String {
      "{\"spacing\":\(spacing),\"epochs\":\(epochs),\"hasPenalty\":false,\"points\":["
        + points.joined(separator: ",") + "]}"
    }
    for text in [
      "{}", curves([point("-9223372036854775808")]), curves([point("9223372036854775807")]),
      curves([point("1")], spacing: "4611686018427387904"),
      curves([point("1")], spacing: "-9223372036854775808"), curves([point("1")], spacing: "0"),
      curves((0..<5000).map { _ in point("1") }),
      curves([point("1")], epochs: "9223372036854775807"),
    ] {
      let result = try resumed("backprop.curves", text, "--plot", "c.svg", "--curves")
      #expect(result.exitCode == 0, "\(text.prefix(80)): \(result.errors)")
    }
  }

  @Test("An interval of ten times the age of the universe comes to no checkpoint, and to a model")
  func longInterval() throws {
    let result = try runner.run(options + ["--checkpoint", "run", "--every", "1e17h"])
    #expect(result.exitCode == 0, "\(result.errors)")
    // And so to no folder of them.
    #expect(try runner.files.contains("model.safetensors") && !runner.files.contains("run"))
  }

  @Test("Options that make no sense leave no folder, and a folder of another run is left alone")
  func usage() throws {
    for (arguments, code, text) in [
      (["--every", "5"], 2, "--every needs --checkpoint DIR"),
      (["--keep", "5"], 2, "--keep needs --checkpoint DIR"),
      (["--checkpoint", "r", "--every", "0"], 2, "--every 0: give a time such as 30s"),
      (["--checkpoint", "r", "--every", "-3s"], 2, "--every -3s"),
      (["--checkpoint", "r", "--keep", "0"], 2, "--keep 0"),
      (["--checkpoint", ""], 2, "give the name of a folder"),
      (["--checkpoint", "r", "--loss", "x"], 2, "--loss \"x\": there is no such name"),
      (["--checkpoint", "no/such"], 1, "cannot make the folder no/such"),
      (["--checkpoint", "classes.csv"], 1, "classes.csv"),
      (["--resume", "none"], 1, "no such file: none"),
    ] {
      let result = try runner.run(["train", "classes.csv", "--target", "label"] + arguments)
      #expect(result.exitCode == Int32(code), "\(arguments): \(result.errors)")
      #expect(result.errorLines.count == 1 && result.errors.contains(text), "\(result.errors)")
    }
    #expect(try runner.run(["train", "--resume", "r", "--checkpoint", "r"]).exitCode == 2)
    #expect(try runner.files == ["classes.csv"])

    // One command that begins, and goes on.
    let both = ["--checkpoint", "run", "--resume", "run", "--every", "3"]
    #expect(try runner.run(options + both).exitCode == 0)
    let first = try runner.read("run/model.safetensors")
    let second = try runner.run(options + both)
    #expect(second.exitCode == 0 && second.output.contains("resumedFrom"))
    #expect(try runner.read("run/model.safetensors") == first)
    #expect(try runner.files == ["classes.csv", "run"])

    // Data that is elsewhere.
    try runner.move("classes.csv", to: "moved.csv")
    let moved = try runner.run(["train", "--resume", "run"])
    #expect(moved.exitCode == 1 && moved.errors.contains("is the data that the checkpoint names"))
    #expect(moved.errors.contains("give DATA"))
    #expect(try runner.run(["train", "moved.csv", "--resume", "run"]).exitCode == 0)
    try runner.move("moved.csv", to: "classes.csv")

    let again = try runner.run(options + ["--checkpoint", "run"])
    #expect(again.exitCode == 1 && again.errors.contains("go on from them with --resume run"))
    let forced = try runner.run(options + ["--checkpoint", "run", "--every", "9", "--force"])
    #expect(forced.exitCode == 0)
    let refused = try runner.run("evaluate", "run/\(checkpoints("run")[0])", "classes.csv")
    #expect(refused.exitCode == 1 && refused.errors.contains("is a checkpoint and no model yet"))
  }
}
