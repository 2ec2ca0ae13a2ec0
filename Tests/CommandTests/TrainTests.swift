import Backprop
import Foundation
import Testing

@Suite("The command train")
struct TrainTests {
  private let runner: CommandRunner

  init() throws { runner = try CommandRunner() }

  private func keys(_ document: JSONValue?) -> [String] { document?.object?.map(\.key) ?? [] }

  @Test("Penguins are told apart: held-out accuracy of at least 0.97, and the model is saved")
  func penguins() throws {
    let data = CommandRunner.example("penguins.csv")
    let result = try runner.run("train", data, "--target", "species", "--epochs", "40", "--json")
    #expect(result.exitCode == 0)
    let end = try #require(try result.documents.last)
    #expect(try #require(end["validation"]?["accuracy"]?.double) >= 0.97)
    #expect(end["model"]?.string == "model.safetensors")
    #expect(
      end["sha256"]?.string == SHA256.hexadecimal(of: try runner.read("model.safetensors")))
    let predicted = try runner.run("predict", "model.safetensors", data)
    #expect(predicted.outputLines.count == 345 && predicted.outputLines[0] == "prediction")
    #expect(try runner.files == ["model.safetensors"])
  }

  @Test("Standard output says what was reached, what was saved and what to do next")
  func summary() throws {
    let result = try runner.trainSmall()
    #expect(result.errors.isEmpty)
    let lines = result.outputLines
    #expect(lines.count == 6)
    let number = #"[01]\.\d{4}"#
    #expect(
      try lines[0].contains(
        Regex("^held out  accuracy \(number) \\[\(number), \(number)\\], log loss")))
    #expect(
      lines[1].hasPrefix("          these rows chose the epoch") && lines[1].contains("--test"))
    #expect(lines[2].hasPrefix("training  accuracy ") && lines[2].hasSuffix("were learned from"))
    #expect(lines[3].hasPrefix("baseline  accuracy ") && lines[3].contains(": always "))
    #expect(lines[4] == "saved     model.safetensors")
    #expect(lines[5] == "next      backprop predict model.safetensors classes.csv")
  }

  @Test("Rows of a test are printed beside the others, each called what it is, and asked for again")
  func test() throws {
    try runner.writeClassification()
    let train = ["train", "classes.csv", "--target", "label", "--hidden", "4", "--quiet"]
    let lines = try runner.run(train + ["--test", "0.2"]).outputLines
    #expect(
      lines.map { String($0.prefix(9)) } == [
        "test     ", "held out ", "training ", "baseline ", "saved    ", "next     ",
      ])
    #expect(lines[0].hasSuffix("on 12 examples, which chose nothing"))
    #expect(lines[1].contains("on 10 examples, best epoch"))
    #expect(lines[2].hasSuffix("on 38 examples, which were learned from"))
    #expect(lines[5] == "next      backprop evaluate model.safetensors classes.csv --part test")
    // Held in a file as in memory, in one order.
    let blocks = ["--test", "0.2", "--json", "--shuffle-block", "16", "--shuffle-window", "2"]
    let end = try #require(try runner.run(train + blocks).documents.last)
    let spooled = try runner.run(train + blocks + ["--memory", "100MB"]).documents.last
    #expect(
      spooled?["test"]?["loss"] == end["test"]?["loss"] && spooled?["baseline"] == end["baseline"])
    #expect(end["baseline"]?["accuracy"]?.double != nil && end["test"]?["mcc"]?.double != nil)
    // A file of their own.
    let rows = String(decoding: try runner.read("classes.csv"), as: UTF8.self).split(
      separator: "\n")
    try runner.write("other.csv", rows.prefix(30).joined(separator: "\n") + "\n")
    let file = try #require(
      try runner.run(train + ["--test", "other.csv", "--json"]).documents.last)
    #expect(file["test"]?["accuracy"]?.double != nil)
    #expect(
      try runner.run("evaluate", "model.safetensors", "other.csv", "--part", "test", "--json")
        .documents[0]["metrics"]?["accuracy"] == file["test"]?["accuracy"])
    let absent = try runner.run("evaluate", "model.safetensors", "classes.csv", "--part", "test")
    #expect(absent.errors.contains("other.csv") && !absent.errors.contains("train with"))
    // Rows that were used judge nothing, by whatever name.
    try runner.write("copy.csv", try runner.read("other.csv"))
    for used in [
      ["--test", "./classes.csv"], ["--test", "other.csv", "--validation-data", "other.csv"],
      ["--test", "other.csv", "--validation-data", "copy.csv"],
    ] {
      #expect(try runner.run(train + used).errors.contains("choose the epoch"), "\(used)")
    }
    // The same rows are held out of a model that goes on only by the same split.
    let first = ["-o", "first.safetensors", "--test", "0.2"]
    #expect(try runner.run(train + first).exitCode == 0)
    let onward = [
      "train", "classes.csv", "--hidden", "4", "--from", "first.safetensors", "--epochs", "1",
      "-o", "next.safetensors", "--test", "0.2",
    ]
    #expect(try !runner.run(onward).errors.contains("may have learned"))
    #expect(try runner.run(onward + ["--seed", "5"]).errors.contains("may have learned"))
    let none = try #require(try runner.run(train + ["--test", "0", "--json"]).documents.last)
    #expect(none["test"] == .null)
    for bad in ["1", "-0.1", "nowhere.csv", ""] {
      #expect(try runner.run(train + ["--test=\(bad)"]).exitCode != 0, "\(bad)")
    }
  }

  @Test(
    "A model that learned nothing is told that it does not beat the baseline, and where to look")
  func baseline() throws {
    try runner.writeClassification()
    let lines = try runner.run(
      "train", "classes.csv", "--target", "label", "--hidden", "4", "--epochs", "1",
      "--learning-rate", "1e-12", "--initializer", "zeros", "--quiet"
    ).outputLines
    let place = try #require(lines.firstIndex { $0.hasPrefix("baseline") })
    #expect(lines[place + 1].contains("does not beat it in accuracy"))
    #expect(lines[place + 1].contains("backprop doctor model.safetensors classes.csv"))
    #expect(lines[place + 1].contains("backprop columns classes.csv --target label"))
  }

  @Test("Scores count every row once, whatever it weighs in training, and are those of evaluate")
  func scoresCountOnce() throws {
    let rows = (0..<120).map { "\($0 % 11),\($0 % 7),\($0 % 11 + $0 % 7 > 12 ? "rare" : "usual")" }
    try runner.write("rare.csv", "a,b,c\n" + rows.joined(separator: "\n") + "\n")
    for weights in [
      ["--class-weight", "balanced"], ["--class-weight", "rare=9", "--memory", "100MB"],
    ] {
      let trained = try runner.run(
        [
          "train", "rare.csv", "--target", "c", "--test", "0.2", "--epochs", "5", "--json",
          "--force",
        ]
          + weights)
      let end = try #require(try trained.documents.last)
      let again = try runner.run(
        "evaluate", "model.safetensors", "rare.csv", "--part", "test", "--json"
      ).documents[0]
      #expect(again["metrics"]?["accuracy"] == end["test"]?["accuracy"])
      #expect(again["loss"] == end["test"]?["loss"])
      #expect(again["baseline"] == end["baseline"])
      // The mean in which rows count once is no baseline of rows that do not.
      let weighed = try runner.run(
        "evaluate", "model.safetensors", "rare.csv", "--weighted", "--json"
      ).documents[0]
      #expect(weighed["baseline"] == .null)
    }
    let text = try runner.run(
      "train", "rare.csv", "--target", "c", "--class-weight", "balanced", "--epochs", "2",
      "--quiet",
      "--memory", "100MB", "--force"
    ).outputLines
    #expect(text[0].hasPrefix("held out  accuracy ") && text[0].contains(" ["))
    #expect(text.contains { $0.contains("every row counts once here") })
  }

  @Test("Where nothing is held out, training is the score of the model and not of the epoch")
  func trainingScore() throws {
    try runner.writeRegression()
    let line = try runner.run(
      "train", "numbers.csv", "--target", "y", "--validation", "0", "--dropout", "0.5", "--epochs",
      "3", "--quiet"
    ).outputLines[0]
    let judged = try runner.run("evaluate", "model.safetensors", "numbers.csv", "--json")
      .documents[0]
    let rmse = try #require(judged["metrics"]?["rmse"]?.double)
    let shown = try #require(
      line.split(separator: " ").drop { $0 != "RMSE" }.dropFirst().first.flatMap {
        Double($0.filter { $0.isNumber || $0 == "." })
      })
    #expect(abs(shown - rmse) < 1e-3 * rmse, "\(line)")
  }

  @Test("A test that no row is set apart for is refused")
  func emptyTest() throws {
    try runner.write("few.csv", "x,c\n" + (0..<5).map { "\($0),c\($0)\n" }.joined())
    try runner.write("two.csv", "x,y\n1,2.5\n2,3.5\n")
    for call in [
      ["few.csv", "--target", "c", "--test", "0.4"], ["two.csv", "--target", "y", "--test", "0.2"],
    ] {
      let result = try runner.run(["train"] + call)
      #expect(result.exitCode != 0 && result.errors.contains("apart"), "\(result.errors)")
      #expect(!result.output.contains("next"))
    }
  }

  @Test("Help of train fits two screens, and scikit-learn's names are answered with ours")
  func helpAndNames() throws {
    #expect(try runner.run("train", "--help").output.count { $0 == "\n" } < 80)
    for (call, name) in [
      (["train", "x.csv", "--test-size", "0.2"], "--test"),
      (["evaluate", "m", "x.csv", "--split", "test"], "--part"),
      (["evaluate", "m", "x.csv", "--pos-label", "a"], "--positive"),
      (["evaluate", "m", "x.csv", "--unweighted"], "--weighted"),
    ] {
      #expect(try runner.run(call).errors.contains(name), "\(call)")
    }
  }

  @Test("A baseline is held against the loss, and against the accuracy that is shown")
  func baselineOfTheLoss() throws {
    try runner.writeRegression()
    let numbers = try runner.run(
      "train", "numbers.csv", "--target", "y", "--loss", "quantile:0.9", "--quiet")
    #expect(!numbers.output.contains("does not beat it"), "\(numbers.output)")
    let rows = (0..<60).map { "\($0 % 9),\($0 % 9 > 5 ? "TRUE" : "FALSE")\n" }
    try runner.write("words.csv", "x,y\n" + rows.joined())
    #expect(try runner.run("train", "words.csv", "--target", "y", "--quiet").exitCode == 0)
    let call = ["evaluate", "model.safetensors", "words.csv", "--positive", "true"]
    let text = try runner.run(call).output
    #expect(text.contains("TRUE") && !text.contains("beat"), "\(text)")
    #expect(try runner.run(call + ["--threshold", "1"]).output.contains("beats it in the loss"))
    // What is for two classes is known before anything is printed.
    let curves = try runner.run(
      "train", "words.csv", "--target", "x", "--task", "classification", "--quiet", "--force")
    #expect(curves.exitCode == 0)
    let refused = try runner.run("evaluate", "model.safetensors", "words.csv", "--curves")
    #expect(refused.exitCode != 0 && refused.output.isEmpty)
  }

  @Test("--min-delta alone goes with the patience that is the default")
  func minDelta() throws {
    try runner.writeClassification()
    let train = [
      "train", "classes.csv", "--target", "label", "--hidden", "4", "--quiet", "--force",
    ]
    let result = try runner.run(train + ["--min-delta", "0.001"])
    #expect(result.exitCode == 0, "\(result.errors)")
    #expect(
      try runner.run(
        train + ["--min-delta", "0.001", "--epochs", "5", "--schedule", "cosine"]
      ).exitCode != 0)
  }

  @Test("XOR is solved with the defaults of everything else, from any seed", arguments: 0..<20)
  func xor(seed: Int) throws {
    let data = CommandRunner.example("xor.csv")
    let result = try runner.run(
      "train", data, "--target", "y", "--hidden", "4", "--activation", "tanh", "--seed", "\(seed)",
      "--quiet", "-o", "xor\(seed).safetensors")
    #expect(result.exitCode == 0)
    let answers = try runner.run("predict", "xor\(seed).safetensors", data).outputLines.dropFirst()
    let numbers = answers.map { (Double($0) ?? .nan) > 0.5 }
    #expect(numbers == [false, true, true, false])
  }

  @Test("The line of the best epoch is among those that are printed")
  func bestEpochLine() throws {
    try runner.writeClassification()
    let result = try runner.run(
      "train", "classes.csv", "--target", "label", "--hidden", "8", "--learning-rate", "0.05",
      "--epochs", "90", "--json")
    let best = try #require(try result.documents.last?["bestEpoch"]?.int)
    #expect(result.errorLines.contains { $0.contains("epoch \(best < 10 ? " " : "")\(best)/90 ") })
  }

  @Test("Progress is some twenty plain lines on standard error where there is no terminal")
  func progress() throws {
    try runner.writeClassification()
    let result = try runner.run(
      "train", "classes.csv", "--target", "label", "--hidden", "4", "--epochs", "90")
    #expect(result.exitCode == 0)
    let epochs = result.errorLines.filter { $0.hasPrefix("epoch ") }
    #expect((15...25).contains(epochs.count))
    #expect(epochs.first?.hasPrefix("epoch  1/90") == true)
    #expect(epochs.contains { $0.hasPrefix("epoch 90/90") })
    #expect(!result.errors.contains("\u{1B}") && !result.errors.contains("\r"))
  }

  @Test(
    "Columns of the data stand in front of the predictions, as they are written, under names of their own"
  )
  func keptColumns() throws {
    try runner.write(
      "x.csv",
      "id,prediction,a,y\n"
        + (0..<30).map { "00\($0),p\($0 % 3),\($0 % 5),\($0 % 2 == 0 ? "u" : "v")\n" }
        .joined())
    let trained = try runner.run(
      "train", "x.csv", "--target", "y", "--ignore", "id,prediction", "--epochs", "2", "--quiet")
    #expect(trained.exitCode == 0, "\(trained.errors)")
    let bare = try runner.run("predict", "model.safetensors", "x.csv").outputLines
    let kept = try runner.run("predict", "model.safetensors", "x.csv", "--id", "id").outputLines
    #expect(kept[0] == "id,prediction" && kept.count == 31)
    #expect(kept[7] == "006,\(bare[7])")
    let all = try runner.run("predict", "model.safetensors", "x.csv", "--keep", "--probabilities")
    #expect(all.outputLines[0] == "id,prediction,a,y,prediction_2,u,v")
    #expect(all.outputLines[5].hasPrefix("004,p1,4,u,\(bare[5]),"))
    #expect(all.errors.contains("prediction is kept, and the new one is called prediction_2"))
    let document = try runner.run(
      "predict", "model.safetensors", "x.csv", "--id", "id", "--json"
    ).documents[0]
    #expect(document["columns"]?["id"]?[29]?.string == "0029")
    for bad in [["--id", "nothing"], ["--id", "id", "--keep"]] {
      #expect(try runner.run(["predict", "model.safetensors", "x.csv"] + bad).exitCode != 0)
    }
  }

  @Test("Every optimiser and every schedule trains and is stored with the model")
  func rulesAndSchedules() throws {
    try runner.writeClassification()
    func configuration(_ options: String...) throws -> TrainingConfiguration {
      let result = try runner.run(
        ["train", "classes.csv", "--target", "label", "--hidden", "4", "--epochs", "8", "--quiet"]
          + options)
      #expect(result.exitCode == 0, "\(options): \(result.errors)")
      return try #require(try Model(contentsOf: runner.path("model.safetensors")).configuration)
    }
    for rule in OptimizerRule.allCases {
      let found = try configuration("--optimizer", rule.name)
      #expect(found.optimizer == rule && found.learningRate == rule.suggestedLearningRate)
      #expect(found.rateSchedule == (rule.ignoresSchedule ? .constant : .cosine()))
      #expect((found.updates.batchSize == nil) == rule.takesAllExamples)
    }
    for schedule in Schedule.allCases {
      #expect(try configuration("--schedule", schedule.description).rateSchedule == schedule)
    }
    let warm = try configuration(
      "--schedule", "step:3:0.5", "--warm-up", "0.25", "--clip-norm", "1", "--clip-value", "0.5")
    #expect(warm.rateSchedule == .step(epochs: 3, factor: 0.5) && warm.warmUp == 0.25)
    #expect(warm.clipNorm == 1 && warm.clipValue == 0.5)
    let cosine = try configuration("--warm-up", "0.25")
    #expect(cosine.rateSchedule == .cosine(warmUp: 0.25) && cosine.warmUp == nil)
    #expect(cosine.clipNorm == nil && cosine.clipValue == nil)
    let result = try runner.run("inspect", "model.safetensors")
    #expect(result.output.contains("adam, learning rate 0.002, cosine, batches of"))
  }

  @Test("JSON lines have the keys of the contract, in its order")
  func contract() throws {
    try runner.writeClassification()
    let result = try runner.run(
      "train", "classes.csv", "--target", "label", "--hidden", "4", "--epochs", "2", "--json")
    let documents = try result.documents
    #expect(documents.count == 4)
    #expect(
      keys(documents[0]) == [
        "schema", "event", "examples", "validationExamples", "parameters", "sizes",
        "blocks", "configuration",
      ])
    #expect(documents[0]["schema"]?.string == "backprop.train/2")
    #expect(documents[0]["event"]?.string == "start")
    #expect(documents[0]["examples"]?.int == 48 && documents[0]["validationExamples"]?.int == 12)
    #expect(
      keys(documents[1]) == [
        "event", "epoch", "step", "loss", "dataLoss", "metrics", "validation", "learningRate",
        "seconds", "examplesPerSecond",
      ])
    #expect(keys(documents[1]["metrics"]).first == "accuracy")
    #expect(keys(documents[1]["validation"]).prefix(2) == ["loss", "accuracy"])
    #expect(documents[2]["epoch"]?.int == 2)
    #expect(
      keys(documents[3]) == [
        "event", "reason", "bestEpoch", "validation", "test", "training", "baseline", "model",
        "sha256",
      ])
    #expect(documents[3]["reason"]?.string == "completed" && documents[3]["test"] == .null)
  }

  @Test("Warnings are events, and come after the start")
  func warnings() throws {
    try runner.write("x.csv", "a,b,y\n0,0,0\n0,1,1\n1,0,1\n1,1,0\n")
    let result = try runner.run(
      "train", "x.csv", "--target", "y", "--task", "classification", "--epochs", "1", "--json")
    let documents = try result.documents
    #expect(documents[0]["schema"]?.string == "backprop.train/2")
    #expect(
      documents.contains {
        keys($0) == ["event", "code", "message"] && $0["code"]?.string == "noValidation"
      })
  }

  @Test("The same run gives the same file, byte for byte, with 1 and 2 threads, twice")
  func determinism() throws {
    try runner.writeClassification(rows: 400)
    var files: Set<[UInt8]> = []
    for threads in ["1", "2", "1", "2"] {
      let result = try runner.run(
        "train", "classes.csv", "--target", "label", "--hidden", "64,64", "--batch-size", "128",
        "--epochs", "3", "--seed", "7", "--threads", threads, "--quiet")
      #expect(result.exitCode == 0)
      files.insert(try runner.read("model.safetensors"))
    }
    #expect(files.count == 1)
  }

  @Test("Training goes on from a model, with its labels and without being told the target")
  func from() throws {
    try runner.trainSmall()
    let before = try Model(contentsOf: runner.path("model.safetensors"))
    let result = try runner.run(
      "train", "classes.csv", "--from", "model.safetensors", "--epochs", "5", "--optimizer", "sgd",
      "-o", "more.safetensors", "--quiet")
    #expect(result.exitCode == 0, "\(result.errors)")
    let after = try Model(contentsOf: runner.path("more.safetensors"))
    #expect(after.encoder == before.encoder && after.targetEncoder == before.targetEncoder)
    #expect(after.configuration?.epochs == 5 && after.configuration?.optimizer == .sgd)
    #expect(after.network.sizes == before.network.sizes)
  }

  @Test("A validation of 0 trains on all rows")
  func noValidation() throws {
    try runner.writeClassification()
    let result = try runner.run(
      "train", "classes.csv", "--target", "label", "--validation", "0", "--epochs", "1", "--json")
    let documents = try result.documents
    #expect(documents[0]["examples"]?.int == 60 && documents[0]["validationExamples"]?.int == 0)
    #expect(documents.last?["validation"] == .null)
  }

  @Test("A file of its own can be what is validated on")
  func validationData() throws {
    try runner.writeClassification()
    try runner.write("v.csv", Array(try runner.read("classes.csv")))
    let result = try runner.run(
      "train", "classes.csv", "--target", "label", "--validation-data", "v.csv", "--epochs", "1",
      "--json")
    #expect(try result.documents[0]["validationExamples"]?.int == 60)
    #expect(try result.documents[0]["examples"]?.int == 60)
  }

  @Test("Of a folder with IDX files the t10k part is the test set, and chooses nothing")
  func idx() throws {
    try FileManager.default.createDirectory(
      atPath: runner.path("idx"), withIntermediateDirectories: true)
    // Images of 2 × 2: one of three pixels is bright, and says the label.
    for (part, count) in [("train", 60), ("t10k", 15)] {
      var images: [UInt8] = [0, 0, 8, 3, 0, 0, 0, UInt8(count), 0, 0, 0, 2, 0, 0, 0, 2]
      var labels: [UInt8] = [0, 0, 8, 1, 0, 0, 0, UInt8(count)]
      for index in 0..<count {
        let label = index % 3
        images += (0..<4).map { $0 == label ? 250 : UInt8(index) }
        labels.append(UInt8(label))
      }
      try runner.write("idx/\(part)-images-idx3-ubyte", images)
      try runner.write("idx/\(part)-labels-idx1-ubyte", labels)
    }
    let result = try runner.run("train", "idx", "--epochs", "60", "--json")
    #expect(result.exitCode == 0, "\(result.errors)")
    let documents = try result.documents
    #expect(documents[0]["examples"]?.int == 48 && documents[0]["validationExamples"]?.int == 12)
    #expect(documents.last?["test"]?["accuracy"]?.double == 1)
    let evaluated = try runner.run("evaluate", "model.safetensors", "idx", "--json")
    #expect(try evaluated.documents[0]["examples"]?.int == 15)
    let test = try #require(documents.last?["test"])
    #expect(try evaluated.documents[0]["loss"] == test["loss"])
    #expect(try evaluated.documents[0]["metrics"]?["rocAUC"] == test["rocAUC"])
    let predicted = try runner.run("predict", "model.safetensors", "idx")
    #expect(predicted.outputLines == ["prediction"] + (0..<15).map { "\($0 % 3)" })
  }

  @Test("No hidden layer, other activations, and a loss of choice make the network that they say")
  func architecture() throws {
    try runner.writeClassification()
    func layers(_ arguments: String...) throws -> String {
      let result = try runner.run(
        ["train", "classes.csv", "--target", "label", "--epochs", "1", "--quiet"] + arguments)
      #expect(result.exitCode == 0, "\(result.errors)")
      let model = try Model(contentsOf: runner.path("model.safetensors"))
      let activations = model.network.layers.map(\.activation.description)
      return "\(model.network.sizes.dropFirst()) \(activations) \(model.network.loss)"
    }
    #expect(try layers("--hidden", "none") == "[2] [\"softmax\"] cross-entropy")
    #expect(try layers("--hidden", "") == "[2] [\"softmax\"] cross-entropy")
    #expect(
      try layers("--hidden", "5,4", "--activation", "tanh,leaky-relu:0.1")
        == "[5, 4, 2] [\"tanh\", \"leaky-relu:0.1\", \"softmax\"] cross-entropy")
    #expect(
      try layers("--hidden", "3", "--loss", "binary-cross-entropy")
        == "[3, 1] [\"relu\", \"sigmoid\"] binary-cross-entropy")
    #expect(
      try layers("--hidden", "3", "--loss", "hinge") == "[3, 1] [\"relu\", \"identity\"] hinge")
    #expect(
      try layers("--hidden", "3", "--loss", "squared-error")
        == "[3, 2] [\"relu\", \"softmax\"] squared-error")
  }

  @Test("Ctrl-C finishes the step, saves the best model so far and says so, with exit code 130")
  func interrupt() throws {
    try runner.writeClassification()
    let running = try runner.start([
      "train", "classes.csv", "--target", "label", "--hidden", "8", "--epochs", "100000000",
      "--schedule", "constant", "--patience", "100000000", "--json",
    ])
    // Until two epochs are there; a run that fails ends the wait.
    while running.process.isRunning, running.output.count(where: { $0 == "\n" }) < 3 {
      Thread.sleep(forTimeInterval: 0.01)
    }
    running.process.interrupt()
    let result = try running.finish()
    #expect(result.exitCode == 130)
    let end = try #require(try result.documents.last)
    #expect(end["reason"]?.string == "interrupted")
    #expect(try #require(end["bestEpoch"]?.int) >= 1)
    #expect(result.errors.contains("interrupted: the best model so far (epoch "))
    #expect(try runner.files == ["classes.csv", "model.safetensors"])
    let predicted = try runner.run("evaluate", "model.safetensors", "classes.csv")
    #expect(predicted.exitCode == 0)
  }

  @Test("On a terminal of 80 columns the line holds bar, loss, metric and time left to the end")
  func terminalLine() throws {
    guard FileManager.default.isExecutableFile(atPath: "/usr/bin/script") else { return }
    try runner.writeClassification(rows: 400)
    // Without colours, so that the part of the bar that is done has characters of its own; all epochs.
    let command =
      "stty cols 80 rows 24; NO_COLOR=1 '\(CommandRunner.executable.path)' train classes.csv"
      + " --target label --hidden 32 --epochs 3000 --batch-size 8 > out"
    let process = try runner.shell("script -qec \"\(command)\" /dev/null > terminal < /dev/null")
    #expect(process == 0)
    let frames = String(decoding: try runner.read("terminal"), as: UTF8.self)
      .components(separatedBy: "\u{1B}[2K")
      .map { $0.replacing(/\u{1B}\[[0-9;]*m/, with: "").replacing("\r", with: "") }
      .filter { $0.hasPrefix("epoch ") && !$0.hasPrefix("epoch 1/") }
    #expect(frames.count > 1)
    for frame in frames {
      #expect(frame.count < 80 && !frame.contains("\n"))
      for part in ["loss ", "acc ", "/s", " left"] {
        #expect(frame.contains(part), "\(part) in \(frame)")
      }
      // On a slow machine frames are drawn before the bar has its first segment.
      let bar = frame.filter { "━─".contains($0) }
      #expect(bar.count >= 8 && !bar.contains("─━"), "\(frame)")
    }
    let last = try #require(frames.last)
    #expect(
      last.hasPrefix("epoch 3000/3000") && last.contains("━") && !last.contains("─"), "\(last)")
  }

  @Test("A full disk behind standard output is an error, after the model has been saved")
  func fullOutput() throws {
    guard FileManager.default.fileExists(atPath: "/dev/full") else { return }
    try runner.writeClassification()
    let command = "'\(CommandRunner.executable.path)'"
    for json in ["--json", ""] {
      let status = try runner.shell(
        "\(command) train classes.csv --target label --epochs 2 --quiet \(json) -o m.safetensors"
          + " > /dev/full 2> errors")
      #expect(status == 1)
      let errors = String(decoding: try runner.read("errors"), as: UTF8.self)
      #expect(errors.split(separator: "\n").count == 1)
      #expect(errors.hasPrefix("error: cannot write standard output"))
      #expect(try runner.run("inspect", "m.safetensors").exitCode == 0)
    }
    #expect(try runner.shell("\(command) --version > /dev/full 2> errors") == 1)
  }

  @Test("A reader that goes away does not keep train from saving, and is no error")
  func goneReader() throws {
    try runner.writeClassification()
    for json in ["--json", ""] {
      let status = try runner.shell(
        "{ '\(CommandRunner.executable.path)' train classes.csv --target label --epochs 2 --quiet"
          + " \(json) -o m\(json).safetensors; echo $? > status; } | true")
      #expect(status == 0)
      #expect(String(decoding: try runner.read("status"), as: UTF8.self) == "0\n")
      #expect(try runner.files.contains("m\(json).safetensors"))
    }
  }

  @Test("Ctrl-C while data is read ends train and evaluate with exit code 130, and no file")
  func interruptWhileReading() throws {
    try runner.trainSmall()
    // So large that it is still being read after half a second.
    let text = String(decoding: try runner.read("classes.csv"), as: UTF8.self)
    let header = text.prefix { $0 != "\n" } + "\n"
    try runner.write(
      "large.csv", header + String(repeating: String(text.dropFirst(header.count)), count: 40_000))
    let before = try runner.files
    for arguments in [
      ["evaluate", "model.safetensors", "large.csv"],
      ["predict", "model.safetensors", "large.csv", "-o", "out.csv"],
      ["train", "large.csv", "--target", "label", "-o", "other.safetensors"],
    ] {
      let running = try runner.start(arguments)
      Thread.sleep(forTimeInterval: 0.5)
      running.process.interrupt()
      let result = try running.finish()
      #expect(running.process.terminationReason == .exit)
      #expect(result.exitCode == 130)
      #expect(try runner.files == before)
    }
  }

  @Test("Ctrl-C while predictions are written removes what is half-written")
  func interruptWhileWriting() throws {
    try runner.trainSmall()
    try runner.writeClassification(rows: 40_000)
    let running = try runner.start([
      "predict", "model.safetensors", "classes.csv", "--probabilities", "-o", "out.csv",
    ])
    var names: Set<String> = []
    while running.process.isRunning {
      names = Set(try runner.files)
      if names.contains(where: { $0.hasSuffix(".tmp") }) { break }
    }
    running.process.interrupt()
    let result = try running.finish()
    #expect(names.contains { $0.hasPrefix(".out.csv.") && $0.hasSuffix(".tmp") })
    #expect(result.exitCode == 130)
    #expect(try runner.files == ["classes.csv", "model.safetensors"])
  }

  @Test("A link given to -o stays one, and one that leads nowhere is named before the data is read")
  func links() throws {
    try runner.writeClassification()
    let links = [("dangling", "new.safetensors"), ("loop", "loop"), ("gone", "no/m")]
    for (name, target) in links {
      try FileManager.default.createSymbolicLink(
        atPath: runner.path(name), withDestinationPath: target)
    }
    let before = try runner.files
    let train = ["train", "classes.csv", "--target", "label", "--epochs", "1", "--quiet", "-o"]
    for (name, reason) in [
      ("loop", "cannot write loop: "), ("gone", "cannot write gone: there is no folder ./no"),
    ] {
      let refused = try runner.run(train + [name])
      #expect(
        refused.exitCode == 2 && refused.errors.hasPrefix("error: \(reason)"), "\(refused.errors)")
    }
    #expect(try runner.files == before)
    #expect(try runner.run(train + ["dangling"]).exitCode == 0)
    #expect(try runner.files == (before + ["new.safetensors"]).sorted())
    #expect(try Model(contentsOf: runner.path("new.safetensors")).configuration != nil)
    for (name, target) in links {
      #expect(
        try FileManager.default.destinationOfSymbolicLink(atPath: runner.path(name)) == target)
    }
    for (name, reason) in [
      ("loop", "error: cannot read loop: "),
      ("gone", "error: gone is a link to no/m, which is not there"),
    ] {
      for command in [
        ["train", name, "--target", "x"], ["evaluate", name, "classes.csv"],
        ["train", "classes.csv", "--target", "label", "--resume", name, "--checkpoint", "run"],
      ] {
        let refused = try runner.run(command)
        #expect(
          refused.exitCode == 1 && refused.errors.hasPrefix(reason), "\(command): \(refused.errors)"
        )
      }
    }
  }

  @Test("A run that diverges late keeps the best model so far")
  func lateDivergence() throws {
    try runner.writeRegression()
    let result = try runner.run(
      "train", "numbers.csv", "--target", "y", "--optimizer", "sgd", "--learning-rate", "0.9",
      "--schedule", "constant", "--hidden", "8", "--activation", "identity", "--epochs", "1000",
      "--batch-size", "60", "--json")
    #expect(result.exitCode == 1)
    let end = try #require(try result.documents.last)
    #expect(end["reason"]?.string == "diverged" && end["bestEpoch"]?.int ?? 0 >= 1)
    #expect(end["model"]?.string == "model.safetensors")
    let last = try #require(result.errorLines.last)
    #expect(last.hasPrefix("error: the run diverged at step "))
    #expect(last.contains("the best model so far (epoch "))
    #expect(try runner.run("evaluate", "model.safetensors", "numbers.csv").exitCode == 0)
  }

  @Test("A target may have a comma in its name, also as one of several")
  func commaInName() throws {
    try runner.writeRegression()
    let text = String(decoding: try runner.read("numbers.csv"), as: UTF8.self)
    try runner.write("x.csv", text.replacing("a,b,y,z", with: "a,b,\"Price, USD\",z"))
    for (target, columns) in [
      ("Price, USD", ["Price, USD"]), ("z,Price, USD", ["z", "Price, USD"]),
      ("Price, USD, z", ["Price, USD", "z"]), ("z", ["z"]),
    ] {
      let result = try runner.run(
        "train", "x.csv", "--target", target, "--epochs", "1", "--hidden", "2", "--quiet")
      #expect(result.exitCode == 0, "\(result.errors)")
      let model = try Model(contentsOf: runner.path("model.safetensors"))
      #expect(model.targetEncoder?.columns == columns)
    }
  }

  @Test("A header of numbers is one if a column is called as it says, to the model too")
  func namedHeader() throws {
    let rows = (0..<30).map { "\($0),\($0 % 3).5\n" }.joined()
    try runner.write("x.csv", "2019,1999\n" + rows)
    let result = try runner.run(
      "train", "x.csv", "--target", "1999", "--epochs", "1", "--quiet")
    #expect(result.exitCode == 0, "\(result.errors)")
    let predicted = try runner.run("predict", "model.safetensors", "x.csv")
    #expect(predicted.outputLines.count == 31)
    let evaluated = try runner.run("evaluate", "model.safetensors", "x.csv", "--json")
    #expect(try evaluated.documents.first?["examples"]?.int == 30)
  }

  @Test("--header takes the first row as names, even if it holds numbers")
  func header() throws {
    let rows = (0..<30).map { "\($0),\($0 % 3).5\n" }.joined()
    try runner.write("x.csv", "2019,2020\n" + rows)
    let result = try runner.run(
      "train", "x.csv", "--header", "--target", "2020", "--epochs", "1", "--json")
    #expect(result.exitCode == 0, "\(result.errors)")
    let start = try #require(try result.documents.first)
    #expect(
      (start["examples"]?.int ?? 0) + (start["validationExamples"]?.int ?? 0) == 30)
  }

  @Test("Help comes with two examples that can be pasted, and the version is one line")
  func help() throws {
    for command in ["train", "create", "evaluate", "predict", "inspect"] {
      let result = try runner.run(command, "--help")
      #expect(result.exitCode == 0 && result.errors.isEmpty)
      let lines = result.output.split(separator: "\n", omittingEmptySubsequences: false)
      let start = try #require(lines.firstIndex(of: "EXAMPLES:"))
      let examples = lines[(start + 1)...].prefix { !$0.isEmpty }
      #expect(examples.count { $0.hasPrefix("  backprop \(command) ") } == 2, "\(command)")
      // A line that goes on says so, as a shell wants it.
      for (line, next) in zip(examples, examples.dropFirst()) {
        #expect(line.hasSuffix(" \\") == !next.hasPrefix("  backprop "), "\(line)")
        #expect(line.count <= 78)
      }
      #expect(!result.output.contains("(default: 0) (default: 0)"))
    }
    #expect(try runner.run("--version").outputLines.count == 1)
  }
}
