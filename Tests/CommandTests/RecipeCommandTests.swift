import Backprop
import Foundation
import Testing

@Suite("Recipes and ensembles on the command line")
struct RecipeCommandTests {
  private let runner: CommandRunner

  init() throws { runner = try CommandRunner() }

  /// Waits for something that a running command does.
  private func wait(for running: CommandRunner.Running, _ isDone: () throws -> Bool) throws {
    let deadline = Date(timeIntervalSinceNow: 50)
    while try !isDone() {
      try #require(running.process.isRunning && Date() < deadline)
      Thread.sleep(forTimeInterval: 0.005)
    }
  }

  private static let base = [
    "train", "classes.csv", "--target", "label", "--recipe", "realmlp-s", "--hidden", "6",
    "--epochs", "3",
  ]

  @Test(
    "A recipe is shown by the run, kept by the model, and leads to the same model by its configuration"
  )
  func recipe() throws {
    try runner.writeClassification()
    let trained = try runner.run(Self.base + ["-o", "a.st"])
    #expect(trained.exitCode == 0, "\(trained.errors)")
    #expect(trained.errors.contains("(scale, selu, softmax)") && trained.errors.contains("adamw"))
    #expect(trained.errors.contains("label smoothing 0.1"))
    let configuration = try runner.run("inspect", "a.st", "--config").output
    #expect(configuration.contains("\"recipe\": \"realmlp-s\""))
    try runner.write("a.json", configuration)
    let again = try runner.run("train", "classes.csv", "--config", "a.json", "-o", "b.st")
    #expect(again.exitCode == 0, "\(again.errors)")
    #expect(try runner.read("b.st") == runner.read("a.st"))
  }

  @Test("An ensemble: one model, a line of its folds, and evaluate and predict that take it as one")
  func ensemble() throws {
    try runner.writeClassification()
    let options = ["--members", "3", "--test", "0.2", "-o", "e.st"]
    let trained = try runner.run(Self.base + options)
    #expect(trained.exitCode == 0, "\(trained.errors)")
    #expect(trained.outputLines.contains { $0.hasPrefix("folds     accuracy ") })
    #expect(trained.outputLines.contains { $0.contains("did not learn from it") })
    #expect(trained.outputLines.contains { $0.hasPrefix("test      ") })
    let documents = try runner.run(Self.base + options + ["--json", "--threads", "1"]).documents
    let end = try #require(documents.last)
    #expect(end["outOfFold"]?["accuracy"]?.double != nil && end["validation"] == .null)
    let judged = try runner.run("evaluate", "e.st", "classes.csv", "--part", "test", "--json")
    #expect(judged.exitCode == 0, "\(judged.errors)")
    #expect(try judged.documents[0]["metrics"]?["accuracy"] == end["test"]?["accuracy"])
    #expect(try runner.run("predict", "e.st", "classes.csv").exitCode == 0)
    #expect(try runner.run("inspect", "e.st").exitCode == 0)
  }

  @Test(
    "What an ensemble has no place for is refused with exit 2",
    arguments: [
      ["--plot", "p.svg"], ["--curves"], ["--tensorboard", "t"],
      ["--diagnose"], ["--validation", "0.2"], ["--validation-data", "classes.csv"],
      ["--memory", "1GB"],
    ])
  func refused(options: [String]) throws {
    try runner.writeClassification()
    let result = try runner.run(Self.base + ["--members", "3"] + options)
    #expect(result.exitCode == 2 && result.errors.contains(options[0]), "\(result.errors)")
    #expect(result.errors.contains("ensemble of 3 members"), "\(result.errors)")
  }

  @Test("A recipe that is none, and one under a rule that it cannot have, are refused")
  func unknown() throws {
    try runner.writeClassification()
    let none = try runner.run("train", "classes.csv", "--target", "label", "--recipe", "best")
    #expect(
      none.exitCode == 2 && none.errors.contains("auto, plain, realmlp-s, realmlp, pixels"),
      "\(none.errors)")
    // The recipe gives way to a rule that is named; what is asked for by name is refused under it.
    let other = try runner.run(Self.base + ["--optimizer", "sgd", "--json"])
    #expect(other.exitCode == 0, "\(other)")
    let settings = try other.documents[0]["configuration"]
    #expect(
      settings?["network"]?["ntk"]?.bool == false
        && settings?["updates"]?["learningRate"]?.double == 0.1)
    let sgd = try runner.run(Self.base + ["--optimizer", "sgd", "--ntk"])
    #expect(sgd.exitCode == 2 && sgd.errors.contains("NTK form"), "\(sgd.errors)")
  }

  @Test("Folds judge ensembles as train makes them, which deal the others into folds of their own")
  func nestedFolds() throws {
    try runner.writeClassification(rows: 120)
    let base = Self.base + ["--members", "2"]
    func folds(_ options: String...) throws -> [JSONValue] {
      let result = try runner.run(base + ["--folds", "3", "--json"] + options)
      #expect(result.exitCode == 0, "\(result.errors)")
      return try result.documents
    }
    let one = try folds("--threads", "1")
    #expect(
      one.map { $0["event"]?.string } == ["start", "fold", "fold", "fold", "end"], "\(one)")
    #expect(one[0]["folds"]?.int == 3 && one[0]["members"] == nil)
    #expect(one[0]["configuration"]?["stopping"]?["members"]?.int == 2)
    #expect(one[1]["examples"]?.int == 80 && one[1]["testExamples"]?.int == 40, "\(one[1])")
    let two = try folds("--threads", "2", "-o", "nested.st")
    for index in 1...3 { #expect(one[index]["test"] == two[index]["test"]) }
    // What is judged is a mean of two, and no single network.
    let single = try runner.run(Self.base + ["--folds", "3", "--json"])
    #expect(try single.documents.first { $0["event"] == "fold" }?["test"] != one[1]["test"])
    // The model is that of a run without folds.
    #expect(try runner.run(base + ["-o", "whole.st"]).exitCode == 0)
    #expect(try runner.read("nested.st") == runner.read("whole.st"))
  }

  @Test("The recipe auto says what it came to and why, in a line each, and as a line of JSON")
  func auto() throws {
    try runner.writeClassification(rows: 120)
    let base = [
      "train", "classes.csv", "--target", "label", "--recipe", "auto", "--hidden", "6", "--epochs",
      "2",
    ]
    let several = try runner.run(base + ["-o", "a.st"])
    #expect(several.exitCode == 0, "\(several.errors)")
    #expect(several.errors.contains("plan: recipe realmlp, for 120 rows of"), "\(several.errors)")
    #expect(several.errors.contains("plan: 5 networks, each learns from all rows but a fold"))
    #expect(several.outputLines.contains { $0.hasPrefix("folds     ") })
    let one = try runner.run(base + ["--plot", "p.svg", "-o", "b.st"])
    #expect(one.errors.contains("plan: one network, and not several, because of --plot"))
    #expect(one.exitCode == 0, "\(one.errors)")
    let documents = try runner.run(base + ["--json", "-o", "c.st"]).documents
    let plan = try #require(documents.first { $0["event"]?.string == "plan" })
    #expect(plan["recipe"]?.string == "realmlp" && plan["members"]?.int == 5)
    #expect(try runner.read("c.st") == runner.read("a.st"))
    let timed = try runner.run(base + ["--time", "2s", "-o", "d.st"])
    #expect(timed.exitCode == 0, "\(timed.errors)")
    #expect(timed.errors.contains("plan: recipe realmlp, for 120 rows"), "\(timed.errors)")
    let folds = try runner.run(base + ["--folds", "2"])
    #expect(folds.exitCode == 0, "\(folds.errors)")
    #expect(folds.errors.contains("plan: 5 networks, each learns from all rows but a fold"))
    let wide = try runner.run(
      "create", "--sizes", "3000000000000000000,1", "--activation", "identity", "--loss",
      "squared-error", "--embed-numbers", "-o", "w.st")
    #expect(wide.exitCode == 2 && wide.errors.contains("smaller layers"), "\(wide)")
    for (options, word) in [
      (["--time", "soon"], "30s, 5m or 2h"), (["--time", "-1s"], "30s, 5m or 2h"),
      (["--time", "2s", "--recipe", "plain"], "--recipe auto"),
    ] {
      let refused = try runner.run(base + options)
      #expect(refused.exitCode == 2 && refused.errors.contains(word), "\(refused.errors)")
    }
    try runner.writeClassification()
    let few = try runner.run(base + ["-o", "e.st"])
    #expect(few.errors.contains("plan: recipe plain, for "), "\(few.errors)")
  }

  @Test("One network of several is looked into by its number, the first without")
  func member() throws {
    try runner.writeClassification(rows: 120)
    let base = ["train", "classes.csv", "--target", "label", "--hidden", "6", "--epochs", "2"]
    // Without a word of recipes it is auto.
    #expect(try runner.runAsGiven(base + ["-o", "a.st"]).exitCode == 0)
    for call in [
      ["explain", "a.st", "classes.csv"], ["check", "a.st", "classes.csv"],
      ["doctor", "a.st", "classes.csv"], ["whatif", "l2", "a.st", "classes.csv"],
    ] {
      let first = try runner.run(call)
      #expect(first.exitCode == 0, "\(call): \(first.errors)")
      #expect(first.errors.contains("this is network 1 of 5"), "\(first.errors)")
      let third = try runner.run(call + ["--member", "3"])
      #expect(third.exitCode == 0 && !third.errors.contains("this is network"), "\(third.errors)")
      #expect(first.output != third.output)
      #expect(try runner.run(call + ["--member", "1"]).output == first.output)
      let none = try runner.run(call + ["--member", "6"])
      #expect(none.exitCode == 2 && none.errors.contains("from 1 to 5"), "\(none.errors)")
    }
    let whole = try runner.run("predict", "a.st", "classes.csv", "--probabilities")
    let one = try runner.run("predict", "a.st", "classes.csv", "--probabilities", "--member", "2")
    #expect(whole.exitCode == 0 && one.exitCode == 0 && whole.output != one.output)
    #expect(
      try runner.run("evaluate", "a.st", "classes.csv", "--json").output
        != runner.run("evaluate", "a.st", "classes.csv", "--json", "--member", "2").output)
    let quiet = try runner.run("explain", "a.st", "classes.csv", "--quiet")
    #expect(quiet.exitCode == 0 && quiet.errors.isEmpty, "\(quiet.errors)")
    let goingOn = try runner.run(base + ["--from", "a.st"])
    #expect(goingOn.exitCode == 2 && goingOn.errors.contains("--members 1"), "\(goingOn.errors)")
  }

  @Test("Intervals: told of by train, written by predict, counted by evaluate")
  func interval() throws {
    try runner.writeRegression(rows: 120)
    let base = [
      "train", "numbers.csv", "--target", "y", "--ignore", "z", "--hidden", "8", "--epochs", "40",
      "--test", "0.25", "-o", "i.st",
    ]
    for (options, words) in [
      (["--recipe", "realmlp", "--members", "4"], "80 % by CV+ on 90 rows"),
      (["--recipe", "plain"], "80 % by split conformal prediction on 30 rows"),
    ] {
      let trained = try runner.run(base + options + ["--interval", "0.8"])
      #expect(trained.exitCode == 0, "\(trained.errors)")
      #expect(
        trained.outputLines.contains { $0.hasPrefix("interval  \(words)") }, "\(trained.output)")
      let predicted = try runner.run("predict", "i.st", "numbers.csv", "--id", "y").outputLines
      #expect(predicted[0] == "y,prediction,lower,upper" && predicted.count == 121)
      let cells = predicted.dropFirst().map { $0.split(separator: ",").map { Double($0) ?? .nan } }
      #expect(cells.allSatisfy { $0[2] <= $0[1] && $0[1] <= $0[3] })
      let held = cells.count { $0[2] <= $0[0] && $0[0] <= $0[3] }
      #expect(held >= 84, "\(held)")
      let document = try runner.run("evaluate", "i.st", "numbers.csv", "--json").documents[0]
      if options.contains("plain") {
        // Rows that have made the intervals say nothing of them.
        #expect(document["interval"] == nil)
        // The one network is the model.
        let one = try runner.run("predict", "i.st", "numbers.csv", "--id", "y", "--member", "1")
        #expect(one.outputLines == predicted)
      } else {
        #expect(document["interval"]?["examples"]?.int == 120)
        let coverage = try #require(document["interval"]?["coverage"]?.double)
        #expect(abs(coverage - Double(held) / 120) < 0.01)
      }
      #expect(try runner.run("inspect", "i.st").output.contains(words))
      let wide = try runner.run("predict", "i.st", "numbers.csv", "--interval", "0.9", "--json")
      let bounds = try #require(wide.documents[0]["interval"])
      #expect(bounds["level"]?.double == 0.9 && bounds["lower"]?.array?.count == 120)
      #expect(bounds["lower"]?.array?[0].double ?? .nan <= cells.first?[2] ?? .nan)
    }
    for (call, word) in [
      (["predict", "i.st", "numbers.csv", "--interval", "0.999"], "there are 30"),
      (["predict", "i.st", "numbers.csv", "--interval", "90"], "at least 0.5"),
      (["predict", "i.st", "numbers.csv", "--interval", "0.05"], "at least 0.5"),
      (["predict", "i.st", "numbers.csv", "--interval", "wide"], "at least 0.5"),
      (base + ["--interval", "0.05", "--members", "3"], "at least 0.5"),
      (
        base.filter { $0 != "--test" && $0 != "0.25" } + ["--folds", "3", "--interval", "0.8"],
        "folds"
      ),
      (base + ["--recipe", "plain", "--interval", "0.8", "--test", "0"], "set a test of 0.2"),
      (base + ["--interval", "0.999", "--members", "3"], "there are 90"),
    ] {
      let refused = try runner.run(call)
      #expect(refused.exitCode == 2 && refused.errors.contains(word), "\(call): \(refused.errors)")
    }
    #expect(try runner.run(base + ["--recipe", "plain"]).exitCode == 0)
    let none = try runner.run("predict", "i.st", "numbers.csv", "--interval", "0.8")
    #expect(
      none.exitCode == 2 && none.errors.contains("train it with --interval"), "\(none.errors)")
  }

  @Test(
    "A search in the time that is left says what it tries, and its model is made again by its settings"
  )
  func search() throws {
    try runner.writeClassification(rows: 120)
    let base = ["train", "classes.csv", "--target", "label", "--epochs", "1", "--time", "3s"]
    let found = try runner.run(base + ["-o", "a.st"])
    #expect(found.exitCode == 0, "\(found.errors)")
    #expect(found.errors.contains("trial 1: accuracy"), "\(found.errors)")
    #expect(found.errors.contains("trial 2: ") && found.errors.contains("best so far trial "))
    try runner.write("a.json", try runner.run("inspect", "a.st", "--config").output)
    #expect(try runner.run("train", "--config", "a.json", "-o", "b.st").exitCode == 0)
    #expect(try runner.read("b.st") == runner.read("a.st"))
    let documents = try runner.run(base + ["-o", "c.st", "--json"]).documents
    let trial = try #require(documents.first { $0["event"]?.string == "trial" })
    #expect(trial["trial"]?.int == 1 && trial["settings"]?.string?.contains("dropout=") == true)
    #expect(trial["outOfFold"]?["accuracy"]?.double != nil)
    #expect(try runner.run("inspect", "a.st").exitCode == 0)
    #expect(try runner.run("explain", "a.st", "classes.csv").exitCode == 0)
    // One start for all trials, and the metric that is asked for.
    let ranked = try runner.run(
      base + ["-o", "c.st", "--json", "--metric", "roc-auc", "--learning-rate", "0.01"]
    ).documents
    #expect(ranked.count { $0["event"]?.string == "start" } == 1)
    let trials = ranked.filter { $0["event"]?.string == "trial" }
    #expect(trials.count >= 2 && trials.allSatisfy { $0["outOfFold"]?["rocAUC"]?.double != nil })
    #expect(trials.allSatisfy { $0["settings"]?.string?.contains("learning-rate=0.01 ") == true })
    let none = try runner.run(base + ["-o", "c.st", "--hidden", "none"])
    #expect(none.exitCode == 0 && none.errors.contains("hidden=none"), "\(none.errors)")
    for (options, word) in [
      (["--time", "1e25s"], "30s, 5m or 2h"),
      (["--time", "3s", "--checkpoint", "d"], "--time has"),
      (["--time", "3s", "--variants", "hidden"], "give settings such as"),
    ] {
      let refused = try runner.run(base.dropLast(2) + options)
      #expect(refused.exitCode == 2 && refused.errors.contains(word), "\(refused.errors)")
    }
    let many = Array(repeating: "dropout=0.1", count: 11).joined(separator: "|")
    let refused = try runner.run(
      base.dropLast(2) + ["--recipe", "realmlp", "--members", "100", "--variants", many])
    #expect(refused.exitCode == 2 && refused.errors.contains("at most 1024"), "\(refused.errors)")
  }

  @Test("With --force the states of a run replace those of another, of as many networks or not")
  func replacedStates() throws {
    try runner.writeClassification(rows: 120)
    let base = [
      "train", "classes.csv", "--target", "label", "--hidden", "4", "--epochs", "8", "--every", "1",
      "--checkpoint", "run",
    ]
    func members() -> [Int] { CheckpointFolder.members(in: runner.path("run")) }
    func ofOne() throws -> Int {
      try FileManager.default.contentsOfDirectory(atPath: runner.path("run"))
        .count { $0.hasPrefix("checkpoint-") }
    }
    let several = base + ["--recipe", "realmlp", "--members", "3"]
    #expect(try runner.run(several).exitCode == 0)
    #expect(try members() == [1, 2, 3] && ofOne() == 0)
    #expect(try runner.run(several).exitCode == 1)
    let two = try runner.run(base + ["--recipe", "realmlp", "--members", "2", "--force"])
    #expect(two.exitCode == 0 && members() == [1, 2], "\(two.errors)")
    let one = try runner.run(base + ["--recipe", "plain", "--force"])
    #expect(try one.exitCode == 0 && members().isEmpty && ofOne() > 0, "\(one.errors)")
    let resumed = try runner.run("train", "--resume", "run", "--members", "3")
    #expect(
      resumed.exitCode == 2 && resumed.errors.contains("is of one network"), "\(resumed.errors)")
    #expect(try runner.run(several + ["--force"]).exitCode == 0)
    #expect(try members() == [1, 2, 3] && ofOne() == 0)
    // A state that is damaged is told of, and its network begins anew, to the same model.
    let whole = try runner.read("model.safetensors")
    for name in try FileManager.default.contentsOfDirectory(atPath: runner.path("run/member-2")) {
      try runner.write("run/member-2/" + name, "no checkpoint")
    }
    let mended = try runner.run("train", "--resume", "run", "-o", "b.st")
    #expect(
      mended.exitCode == 0 && mended.errors.contains("network 2 begins anew"), "\(mended.errors)")
    #expect(try runner.read("b.st") == whole)
  }

  @Test("A search that is ended saves what it has, and its status says that it was ended")
  func endedSearch() throws {
    try runner.writeClassification(rows: 120)
    let running = try runner.start([
      "train", "classes.csv", "--target", "label", "--epochs", "1", "--time", "40s", "--json",
      "-o", "a.st",
    ])
    try wait(for: running) { running.output.contains("\"trial\":2") }
    kill(running.process.processIdentifier, SIGINT)
    let ended = try running.finish()
    #expect(ended.exitCode == 130, "\(ended.errors)")
    #expect(try ended.documents.last?["reason"]?.string == "interrupted")
    #expect(ended.errors.contains("interrupted: the mean of "), "\(ended.errors)")
    #expect(try runner.run("predict", "a.st", "classes.csv").exitCode == 0)
  }

  @Test("Predictions stay within the numbers of training where that is asked for, on every way")
  func clipping() throws {
    try runner.writeRegression(rows: 120)
    try runner.write("far.csv", "a,b,y\n1000,-1000,4000\n-1000,1000,-4000\n")
    let base = [
      "train", "numbers.csv", "--target", "y", "--ignore", "z", "--hidden", "8", "--epochs", "20",
      "-o", "c.st",
    ]
    for options in [["--recipe", "plain", "--clip-predictions", "on"], ["--recipe", "realmlp"]] {
      #expect(try runner.run(base + options).exitCode == 0)
      let far = try runner.run("predict", "c.st", "far.csv").outputLines.dropFirst()
        .map { Double($0) ?? .nan }
      // y = 3a − b of a in 0 … 19 and b in 0 … 16.
      #expect(far.allSatisfy { $0 >= -16 && $0 <= 57.5 }, "\(far)")
      let judged = try runner.run("evaluate", "c.st", "far.csv", "--json").documents[0]
      let errors = zip(far, [4_000.0, -4_000]).map { ($0 - $1) * ($0 - $1) }
      let rmse = (errors.reduce(0, +) / 2).squareRoot()
      #expect(abs((judged["metrics"]?["rmse"]?.double ?? .nan) - rmse) < 1e-3 * rmse)
    }
    #expect(
      try runner.run(base + ["--recipe", "realmlp", "--clip-predictions", "off"]).exitCode == 0)
    let free = try runner.run("predict", "c.st", "far.csv").outputLines
    #expect(free.dropFirst().contains { abs(Double($0) ?? 0) > 58 }, "\(free)")
    try runner.writeClassification(rows: 60)
    let classes = try runner.run(
      "train", "classes.csv", "--target", "label", "--clip-predictions", "on")
    #expect(classes.exitCode == 2 && classes.errors.contains("is for numbers"), "\(classes.errors)")
  }

  @Test("An ensemble that is ended goes on from the states of its networks to the same bytes")
  func resumed() throws {
    try runner.writeClassification(rows: 200)
    let base = [
      "train", "classes.csv", "--target", "label", "--recipe", "realmlp", "--hidden", "16",
      "--epochs", "500", "--members", "3", "--threads", "2",
    ]
    #expect(try runner.run(base + ["-o", "whole.st"]).exitCode == 0)
    let checkpoints = ["--checkpoint", "run", "--every", "7", "-o", "a.st"]
    let running = try runner.start(base + checkpoints)
    func hasState(_ number: Int) -> Bool {
      !CheckpointFolder.members(in: runner.path("run")).filter { $0 == number }.isEmpty
    }
    try wait(for: running) { hasState(1) && hasState(2) }
    running.process.terminate()
    #expect(try running.finish().exitCode == 143)
    #expect(!hasState(3))
    let others = try runner.run("train", "--resume", "run", "--seed", "9", "--threads", "3")
    #expect(others.exitCode == 2 || others.exitCode == 1, "\(others.errors)")
    #expect(others.errors.contains("the checkpoint has"), "\(others.errors)")
    #expect(!hasState(3), "a network of the refused run has saved its state beside the others")
    let initialized = try runner.run(
      "train", "--resume", "run", "--force", "--initializer", "he-normal")
    #expect(initialized.exitCode == 2, "\(initialized.errors)")
    // Where the states go on elsewhere, all of them are there from the start.
    let moved = try runner.run(
      "train", "--resume", "run/", "--checkpoint", "other", "-o", "c.st", "--threads", "2")
    #expect(moved.exitCode == 0, "\(moved.errors)")
    #expect(CheckpointFolder.members(in: runner.path("other")) == [1, 2, 3])
    let resumed = try runner.run("train", "--resume", "run", "-o", "b.st", "--threads", "1")
    #expect(resumed.exitCode == 0, "\(resumed.errors)")
    #expect(
      resumed.errors.contains("going on from run with networks 1, 2 of 3"), "\(resumed.errors)")
    for model in ["b.st", "c.st"] {
      #expect(try runner.read(model) == runner.read("whole.st"))
    }
    for (options, word) in [
      (base + ["--checkpoint", "run"], "--resume run"),
      (
        base + ["--recipe", "auto", "--time", "2s", "--checkpoint", "new"], "--time has no meaning"
      ),
      (
        ["train", "classes.csv", "--recipe", "plain", "--members", "1", "--resume", "run"],
        "its run is of several networks"
      ),
    ] {
      let refused = try runner.run(options)
      #expect(
        refused.exitCode != 0 && refused.errors.contains(word), "\(options): \(refused.errors)")
    }
  }

  @Test("A model of a recipe is looked into by every command", arguments: ["realmlp-s", "realmlp"])
  func lookedInto(recipe: String) throws {
    try runner.writeClassification()
    let base = Self.base.map { $0 == "realmlp-s" ? recipe : $0 }
    #expect(try runner.run(base + ["-o", "a.st"]).exitCode == 0)
    for call in [
      ["explain", "a.st", "classes.csv", "--step", "all"],
      ["explain", "a.st", "classes.csv", "--format", "json"],
      ["explain", "a.st", "classes.csv", "--optimizer", "adam"],
      ["check", "a.st", "classes.csv"], ["doctor", "a.st", "classes.csv"],
      ["whatif", "l2", "a.st", "classes.csv"], ["whatif", "mutants", "a.st", "classes.csv"],
      ["importance", "a.st", "classes.csv"], ["inspect", "a.st"],
    ] {
      let result = try runner.run(call)
      #expect(result.exitCode == 0 && !result.errors.contains("error"), "\(call): \(result)")
    }
    #expect(try runner.run("inspect", "a.st").output.contains("quartiles"))
  }

  @Test("inspect says of each column what the network is given of it")
  func columns() throws {
    var text = "level,size,y\n"
    for row in 0..<150 {
      // Few huge numbers far from a median of 4.5.
      let size = row % 50 == 0 ? 10_000 + row : row % 10
      text += "k\(row % 12),\(size)\(row % 10).5,\(row % 12 < 5 ? "no" : "yes")\n"
    }
    try runner.write("t.csv", text)
    let train = [
      "train", "t.csv", "--target", "y", "--recipe", "realmlp", "--hidden", "4", "--epochs", "2",
      "-o", "c.st",
    ]
    #expect(try runner.run(train).exitCode == 0)
    let english = try runner.run("inspect", "c.st").output
    #expect(english.contains("each with a learned entry, and one for what training did not see"))
    #expect(english.contains("heavy tails (a hundredth of the rows lie over 5 quartile distances"))
    let korean = try runner.run("inspect", "c.st", "--language", "ko").output
    #expect(korean.contains("저마다 배운 항목이 있고") && korean.contains("꼬리가 두꺼워"))
  }

  @Test("JSON of an ensemble: a start, a line a member in their order, an end, for any threads")
  func json() throws {
    try runner.writeClassification()
    for threads in ["1", "2"] {
      let documents = try runner.run(
        Self.base + ["--members", "3", "-o", "e.st", "--json", "--threads", threads]
      ).documents
      #expect(
        documents.map { $0["event"]?.string ?? "" } == [
          "start", "member", "member", "member", "end",
        ])
      #expect(documents[0]["members"]?.int == 3 && documents[2]["member"]?.int == 2)
      let settings = documents[0]["configuration"]
      #expect(settings?["stopping"]?["members"]?.int == 3 && settings?["data"]?["seed"]?.int == 0)
    }
    let wild = try runner.run(
      "train", "classes.csv", "--target", "label", "--members", "3", "--optimizer", "sgd",
      "--learning-rate", "1e30", "--json")
    #expect(wild.exitCode == 1 && wild.errors.contains("a member: "), "\(wild)")
    #expect(try wild.documents.last?["reason"]?.string == "diverged")
    let held = try runner.run("evaluate", "e.st", "classes.csv", "--part", "held-out")
    #expect(held.exitCode == 1 && held.errors.contains("one member of the ensemble"), "\(held)")
  }
}
