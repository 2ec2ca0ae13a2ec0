import Backprop
import BackpropInspection
import Foundation
import Testing

@Suite("The command doctor")
struct DoctorTests {
  private let runner: CommandRunner

  init() throws { runner = try CommandRunner() }

  private func keys(_ document: JSONValue?) -> [String] { document?.object?.map(\.key) ?? [] }

  /// Makes a model for the digits: 64 inputs, two hidden layers of 8, 10 classes.
  private func create(_ initializer: String, activation: String = "sigmoid,sigmoid,softmax") throws
  {
    let result = try runner.run(
      "create", "--sizes", "64,8,8,10", "--activation", activation, "--loss", "cross-entropy",
      "--initializer", initializer, "-o", "m.safetensors", "--force")
    #expect(result.exitCode == 0, "\(result.errors)")
  }

  private func doctor(_ more: String...) throws -> CommandRunner.Result {
    let result = try runner.run(
      ["doctor", "m.safetensors", CommandRunner.example("digits.csv"), "--target", "digit"] + more)
    #expect(result.exitCode == 0 && result.errors.isEmpty, "\(result.errors)")
    return result
  }

  @Test("A trained model is healthy: its layers, trial and thresholds are shown, and no findings")
  func healthy() throws {
    try runner.trainSmall()
    let result = try runner.run("doctor", "model.safetensors", "classes.csv")
    #expect(result.exitCode == 0)
    let lines = result.outputLines
    #expect(lines[0] == "Diagnosis of model.safetensors")
    #expect(!result.output.contains("most likely"))
    #expect(lines[1] == "  60 examples; the error measured on 60 of them")
    #expect(lines[2].contains("‖δ‖") && lines[3].contains("relu") && lines[4].contains("softmax"))
    #expect(
      lines.contains("No findings: no measure that is judged here is out of its threshold."))
    // What C says of rows that the model has learned from is no promise.
    #expect(result.output.contains("those that the model has learned from"))
    #expect(lines.contains { $0.hasPrefix("  deadShare") && $0.contains(" 0.4 ") })
    #expect(lines.contains { $0.contains("adam, learning rate 0.002, 50 steps of 16 examples") })
  }

  @Test("Any rule is tried on a model that was trained with factors and decay of another")
  func otherRules() throws {
    try runner.writeClassification()
    for options in [
      ["--rate-factors", "1,0.5"], ["--bias-rate-factor", "2"], ["--weight-decay", "0.1"],
      ["--weight-decay", "0.1", "--decay-biases"], ["--mixup", "0.2", "--max-norm", "3"],
    ] {
      let trained = try runner.run(
        [
          "train", "classes.csv", "--target", "label", "--hidden", "4", "--epochs", "1", "--quiet",
        ] + options)
      #expect(trained.exitCode == 0, "\(trained.errors)")
      for rule in ["lbfgs", "lbfgs:1000", "rprop", "sgd"] {
        let result = try runner.run(
          "doctor", "model.safetensors", "classes.csv", "--optimizer", rule, "--steps", "2")
        #expect(result.exitCode == 0, "\(options), \(rule): \(result.errors)")
      }
    }
  }

  @Test("JSON has the keys of the contract, in its order, and the model's own rule is tried")
  func contract() throws {
    try create("zeros")
    let documents = try doctor("--json", "--examples", "32", "--steps", "3").documents
    try #require(documents.count == 1)
    let document = documents[0]
    #expect(
      keys(document) == [
        "schema", "examples", "measuredExamples", "loss", "layers", "trial", "overfit",
        "firstNonFinite", "mostLikely", "findings", "thresholds",
      ])
    #expect(keys(document["mostLikely"]) == ["cause", "text", "explains", "whatToDo"])
    #expect(document["mostLikely"]?["cause"]?.string == "equalWeights")
    #expect(document["schema"]?.string == "backprop.doctor/1")
    #expect(document["examples"]?.int == 1797 && document["measuredExamples"]?.int == 32)
    #expect(
      keys(document["layers"]?[0]) == [
        "layer", "neurons", "activation", "deltaNorm", "weightFactor", "derivativeFactor", "ratio",
        "deadShare", "saturatedShare", "symmetricShare", "weightUpdateRatio", "biasUpdateRatio",
      ])
    #expect(
      keys(document["trial"]) == [
        "optimizer", "learningRate", "batchSize", "steps", "predictedChange", "realChange",
        "losses", "firstNonFinite",
      ])
    #expect(document["trial"]?["steps"]?.int == 3)
    let first = try #require(document["findings"]?[0])
    #expect(
      keys(first) == ["code", "severity", "layer", "value", "threshold", "source", "whatToDo"])
    #expect(first["code"]?.string == "symmetry" && first["severity"]?.string == "error")
    #expect(first["layer"]?.int == 2 && first["value"]?.double == 1)
    #expect(document["thresholds"]?["lossRise"]?.double == 1.25)
  }

  /// Where Scripts/fashion-mnist looks for the data.
  private static let fashionMNIST =
    ProcessInfo.processInfo.environment["FASHION_MNIST"] ?? "/usr/share/datasets/fashion-mnist"

  @Test(
    "Four sigmoid layers on Fashion-MNIST: vanishing errors, and divergence at a hundredfold rate",
    .enabled(if: FileManager.default.fileExists(atPath: fashionMNIST)))
  func fashion() throws {
    let created = try runner.run(
      "create", "--sizes", "784,30,30,30,30,10", "--activation",
      "sigmoid,sigmoid,sigmoid,sigmoid,softmax", "--loss", "cross-entropy", "-o", "m.safetensors")
    #expect(created.exitCode == 0, "\(created.errors)")
    let rate = 100 * TrainingConfiguration().learningRate
    let result = try runner.run(
      "doctor", "m.safetensors", Self.fashionMNIST, "--json", "--learning-rate", "\(rate)")
    let document = try #require(try result.documents.first)
    let ratios = (document["layers"]?.array ?? []).compactMap { $0["ratio"]?.double }
    #expect(ratios.count == 4 && ratios.allSatisfy { 0.1 < $0 && $0 < 0.4 }, "\(ratios)")
    let found = (document["findings"]?.array ?? []).map {
      "\($0["code"]?.string ?? "") \($0["layer"]?.int ?? 0)"
    }
    #expect(found.starts(with: ["divergence 0"]))
    #expect(Set(found).isSuperset(of: (2...5).map { "vanishingError \($0)" }), "\(found)")
    #expect(document["mostLikely"]?["cause"]?.string == "largeRate")
  }

  @Test("The same seed gives the same bytes, another seed others, threads none")
  func seeds() throws {
    try create("xavier-normal")
    let options = ["--json", "--examples", "16", "--steps", "3"]
    func output(_ more: String...) throws -> String {
      try runner.run(
        ["doctor", "m.safetensors", CommandRunner.example("digits.csv"), "--target", "digit"]
          + options + more
      ).output
    }
    let first = try output()
    #expect(try output("--seed", "0", "--threads", "2") == first)
    #expect(try output("--seed", "1") != first)
  }

  @Test("A learning rate far too large is found to diverge, with the step and the neuron")
  func divergence() throws {
    try runner.writeRegression()
    let trained = try runner.run(
      "train", "numbers.csv", "--target", "y", "--hidden", "8", "--epochs", "3", "--quiet")
    #expect(trained.exitCode == 0)
    let result = try runner.run(
      "doctor", "model.safetensors", "numbers.csv", "--optimizer", "sgd", "--learning-rate", "1e9")
    #expect(result.exitCode == 0)
    #expect(result.output.contains("error: divergence (divergence)"))
    #expect(result.output.contains("error: a number that is not finite (nonFinite)"))
    #expect(result.output.contains(/where +step \d+: layer \d, neuron \d/))
    let usual = try runner.run("doctor", "model.safetensors", "numbers.csv")
    #expect(!usual.output.contains("divergence (divergence)"))
  }

  @Test(
    "The first line behind the title names the cause of a model that was trained badly",
    arguments: [
      (["--learning-rate", "100"], "the learning rate is too large (100; ", "학습률이 너무 큼 (100; "),
      (["--learning-rate", "1e-9"], "the learning rate is too small (1e-09", "학습률이 너무 작음 (1e-09"),
      (["--initializer", "zeros"], "the weights began equal", "가중치가 모두 같은 값에서"),
      (["--initializer", "normal:10"], "the weights at the start", "시작할 때 가중치의"),
      // The epoch that the loss would choose is one before the weights are small.
      (["--l2", "100", "--validation", "0"], "penalties or decay", "벌칙항이나 감쇠"),
      (["--optimizer", "sgd", "--clip-norm", "1e-9"], "the gradients are clipped", "기울기를 거의"),
      (["--dropout", "0.95", "--hidden", "4,4,4"], "training drops too many", "출력을 너무 많이"),
      (
        ["--activation", "sigmoid", "--hidden", "32,32,32,32,32,32,32,32,32,32"],
        "the error vanishes in", "에러가 사라짐"
      ),
    ])
  func mostLikely(options: [String], english: String, korean: String) throws {
    let trained = try runner.run(
      ["train", CommandRunner.example("penguins.csv"), "--target", "species", "--quiet"] + options)
    #expect(trained.exitCode == 0, "\(trained.errors)")
    for (language, title, text) in [
      ("en", "most likely: ", english), ("ko", "가장 유력한 원인: ", korean),
    ] {
      let result = try runner.run(
        "doctor", "model.safetensors", CommandRunner.example("penguins.csv"), "--language", language
      )
      let line = result.outputLines[1]
      #expect(line.hasPrefix(title) && line.contains(text), "\(line)")
      #expect(result.outputLines.allSatisfy { $0.displayWidth <= 80 })
    }
  }

  @Test(
    "One example is no \"1 examples\", and a model that was never trained is not to be trained anew"
  )
  func singular() throws {
    let created = try runner.run(
      "create", "--sizes", "1,1", "--activation", "sigmoid", "--loss", "squared-error",
      "--weights", CommandRunner.example("one-neuron.npz"), "-o", "m.safetensors")
    #expect(created.exitCode == 0, "\(created.errors)")
    let result = try runner.run(
      "doctor", "m.safetensors", CommandRunner.example("one-neuron.csv"), "--target", "y",
      "--steps", "1", "--learning-rate", "1e-9")
    #expect(result.exitCode == 0, "\(result.errors)")
    #expect(result.output.contains("  1 example; the error measured on 1 of them"))
    #expect(result.output.contains("1 step of 1 example"))
    #expect(!result.output.contains("1 examples") && !result.output.contains("1 steps"))
    #expect(!result.output.contains("anew") && !result.output.contains("model has learned"))
  }

  @Test(
    "Lines end between words that belong apart: not in a parenthesis, nor in a command",
    arguments: ["en", "ko"])
  func lineEnds(language: String) throws {
    for (initializer, rate) in [("zeros", "1"), ("xavier-normal", "100")] {
      try create(initializer, activation: "relu,relu,softmax")
      let result = try doctor("--language", language, "--learning-rate", rate)
      #expect(!result.output.contains("`"))
      for line in result.outputLines where line.hasPrefix("     ") {
        let depth = line.reduce(0) { $0 + ($1 == "(" ? 1 : $1 == ")" ? -1 : 0) }
        #expect(depth == 0 && !line.hasSuffix("backprop"), "\(line)")
      }
    }
  }

  @Test("A threshold that is set decides, and is printed")
  func thresholds() throws {
    try create("zeros")
    let result = try doctor("--threshold", "symmetricShare=1", "--threshold", "deadShare=0.25")
    #expect(!result.output.contains("(symmetry)"))
    #expect(result.output.contains(/symmetricShare +1\s/))
    #expect(result.output.contains(/deadShare +0\.25\s/))
  }

  @Test("In both languages every line fits into 80 columns", arguments: ["en", "ko"])
  func width(language: String) throws {
    // Zeros under ReLU show most findings at once.
    try create("zeros", activation: "relu,leaky-relu:0.01,softmax")
    let result = try doctor("--language", language, "--learning-rate", "1e-9", "--optimizer", "sgd")
    #expect(result.output.contains("(symmetry)") && result.output.contains("(deadUnits)"))
    #expect(result.outputLines.allSatisfy { $0.displayWidth <= 80 })
    #expect(result.output.contains("기울기 소실") == (language == "ko"))
    #expect(result.output.contains("vanishing error") == (language == "en"))
  }

  @Test(
    "Bad options are refused in one line, with exit code 2",
    arguments: [
      (["--steps", "0"], "--steps 0"), (["--examples", "-1"], "--examples -1"),
      (["--threshold", "deadshare=1"], "deadShare?"), (["--threshold", "deadShare"], "name=value"),
      (["--learning-rate", "0"], "greater than 0"), (["--optimizer", "adm"], "adam?"),
      (["--language", "fr"], "en, ko"),
    ])
  func badOptions(options: [String], part: String) throws {
    try runner.trainSmall()
    let result = try runner.run(["doctor", "model.safetensors", "classes.csv"] + options)
    #expect(result.exitCode == 2 && result.output.isEmpty)
    #expect(result.errorLines.count == 1 && result.errors.contains(part), "\(result.errors)")
  }
}

@Suite("The option --diagnose of train")
struct TrainDiagnoseTests {
  private let runner: CommandRunner

  init() throws { runner = try CommandRunner() }

  @Test("The model has the same SHA-256 with and without it")
  func sameModel() throws {
    let documents = try [[], ["--diagnose"]].map { option in
      try runner.writeClassification()
      let result = try runner.run(
        [
          "train", "classes.csv", "--target", "label", "--hidden", "8", "--epochs", "3", "--json",
          "--quiet",
        ] + option)
      #expect(result.exitCode == 0 && result.errors.isEmpty)
      return try result.documents
    }
    #expect(documents[0].last?["sha256"]?.string != nil)
    #expect(documents[0].last?["sha256"] == documents[1].last?["sha256"])
    let events = documents[1].map { "\($0["event"]?.string ?? "") \($0["epoch"]?.int ?? -1)" }
    #expect(
      events == [
        "start -1", "diagnosis 0", "epoch 1", "diagnosis 1", "epoch 2", "diagnosis 2", "epoch 3",
        "diagnosis 3", "end -1",
      ])
    #expect(
      documents[1][1].object?.map(\.key) == ["event", "epoch", "layers", "findings"])
    #expect(documents[1][1]["layers"]?.array?.count == 2)
  }

  @Test("Lines on standard error tell of each epoch; --quiet leaves them out")
  func lines() throws {
    try runner.writeClassification()
    let arguments = [
      "train", "classes.csv", "--target", "label", "--hidden", "8,8,8,8", "--activation", "sigmoid",
      "--epochs", "2", "--diagnose",
    ]
    let result = try runner.run(arguments)
    let lines = result.errorLines
    #expect(lines.filter { $0.hasPrefix("diagnosis ") }.count == 3)
    #expect(
      lines.contains("  warning: vanishing error in layers 2, 3, 4, 5 (vanishingError)"))
    #expect(lines.allSatisfy { !$0.hasPrefix("diagnosis") || $0.displayWidth <= 80 })
    #expect(try runner.run(arguments + ["--quiet"]).errors.isEmpty)
  }
}
