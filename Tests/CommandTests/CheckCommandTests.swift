import Backprop
import BackpropInspection
import Foundation
import Testing

@Suite("backprop check and whatif")
struct CheckCommandTests {
  private let runner: CommandRunner

  init() throws { runner = try CommandRunner() }

  /// A trained model whose loss is softmax with cross-entropy, two hidden layers.
  private func train() throws {
    try runner.writeClassification()
    let result = try runner.run(
      "train", "classes.csv", "--target", "label", "--hidden", "7,5", "--activation", "tanh",
      "--epochs", "2", "--quiet", "--seed", "1")
    #expect(result.exitCode == 0, "\(result.errors)")
  }

  private func check(_ more: String...) throws -> CommandRunner.Result {
    try runner.run(["check", "model.safetensors", "classes.csv", "--parameters", "6"] + more)
  }

  @Test("A trained model passes, and the JSON has the keys that are promised")
  func passes() throws {
    try train()
    let result = try check("--json")
    #expect(result.exitCode == 0, "\(result.errors)")
    let document = try #require(try result.documents.first)
    #expect(
      document.object?.prefix(5).map(\.key) == [
        "schema", "passed", "tensors", "assumptionI", "assumptionII",
      ])
    #expect(document["schema"]?.string == "backprop.check/1")
    #expect(document["passed"]?.bool == true && document["suspect"] == .null)
    let tensors = try #require(document["tensors"]?.array)
    #expect(tensors.compactMap { $0["layer"]?.int } == [2, 2, 3, 3, 4, 4])
    #expect(tensors.prefix(2).compactMap { $0["name"]?.string } == ["weight", "bias"])
    #expect(
      tensors[0].object?.prefix(6).map(\.key) == [
        "layer", "name", "checked", "kinks", "worstRelativeError", "verdict",
      ])
    for tensor in tensors {
      #expect(tensor["verdict"]?.string == "good" && (tensor["checked"]?.int ?? 0) >= 1)
      #expect((tensor["worstRelativeError"]?.double ?? 1) <= 1e-7)
    }
    for key in ["assumptionI", "assumptionII"] {
      #expect(document[key]?["passed"]?.bool == true)
      #expect((document[key]?["worstResidual"]?.double ?? 1) < 1e-6)
    }
    #expect(try check("--json").output == result.output, "one seed, one result")
  }

  @Test("A broken engine fails, names its equation, and exits with 1")
  func mutants() throws {
    let large = try runner.run("whatif", "mutants", "--epochs", "1", "--learning-rate", "1e30")
    #expect(large.output.contains("Backpropagation itself diverged here"))
    #expect(large.output.contains("for 1 epoch at learning rate"))
    #expect(large.output.contains("All begin with the same fresh weights"))

    try train()
    for mutant in Mutant.allCases {
      let result = try check("--json", "--mutant", mutant.rawValue)
      let document = try #require(try result.documents.first)
      #expect(result.exitCode == 1, "\(result.errors)")
      #expect(document["passed"]?.bool == false)
      #expect(document["suspect"]?["equations"] == JSONValue(mutant.equations))
      #expect(document["suspect"]?["mutant"]?.string == mutant.rawValue)
    }
  }

  @Test("The text fits 80 columns in both languages, and says which equation is wrong")
  func text() throws {
    try train()
    let commands: [[String]] = [
      ["check", "model.safetensors", "classes.csv"],
      ["check", "model.safetensors", "classes.csv", "--mutant", "bp2-no-derivative"],
      ["whatif", "all", "--epochs", "1"],
    ]
    for command in commands {
      for language in Language.allCases {
        let result = try runner.run(command + ["--language", language.rawValue])
        #expect(result.exitCode == (command.contains("--mutant") ? 1 : 0), "\(result.errors)")
        #expect(result.errors.isEmpty)
        for line in result.outputLines { #expect(line.displayWidth <= 80, "\(line)") }
        if command.contains("--mutant") { #expect(result.output.contains("BP2")) }
      }
    }
    let korean = try check("--language", "ko")
    #expect(korean.output.contains("기울기 검사") && korean.output.contains("통과"))
  }

  @Test("A ReLU model has its kinks marked, and passes with any step that is sensible")
  func kinks() throws {
    try runner.writeClassification()
    let trained = try runner.run(
      "train", "classes.csv", "--target", "label", "--hidden", "16,16", "--epochs", "2", "--quiet")
    #expect(trained.exitCode == 0)
    for step in ["auto", "1e-4"] {
      let result = try check("--json", "--h", step)
      let tensors = try #require(try result.documents.first?["tensors"]?.array)
      #expect(result.exitCode == 0, "\(result.output)")
      if step == "auto" {
        #expect(tensors.compactMap { $0["kinks"]?.int }.reduce(0, +) > 0)
      }
    }
  }

  @Test("A step that is too large is blamed on the step, not on an equation")
  func badStep() throws {
    try train()
    let result = try check("--h", "2")
    #expect(result.exitCode == 1, "\(result.output)")
    #expect(result.output.contains("--h auto") && !result.output.contains("So BP"))
  }

  @Test("Gradients that are all 0 pass, and the text says that this says nothing")
  func deadNetwork() throws {
    try runner.writeRegression()
    let created = try runner.run(
      "create", "--sizes", "3,4,1", "--activation", "relu,identity", "--loss", "hinge",
      "--initializer", "zeros", "-o", "dead.safetensors")
    #expect(created.exitCode == 0, "\(created.errors)")
    // All weights 0: every hidden output is 0, on the kink, and so is what reaches W².
    try runner.write("x.csv", "a,b,c,y\n1,2,3,1\n2,3,4,-1\n")
    let result = try runner.run("check", "dead.safetensors", "x.csv", "--target", "y")
    #expect(result.exitCode == 0 && result.output.contains("says nothing"), "\(result.output)")
  }

  @Test("A model without targets of its own is checked with --target")
  func createdModel() throws {
    try runner.writeRegression()
    let created = try runner.run(
      "create", "--sizes", "2,4,2", "--activation", "sigmoid,identity", "--loss", "huber",
      "--precision", "double", "-o", "model.safetensors")
    #expect(created.exitCode == 0, "\(created.errors)")
    let result = try runner.run(
      "check", "model.safetensors", "numbers.csv", "--target", "y,z", "--json")
    #expect(result.exitCode == 0, "\(result.output)")
    let unnamed = try runner.run("check", "model.safetensors", "numbers.csv")
    #expect(unnamed.exitCode == 2 && unnamed.errors.contains("--target"))
  }

  @Test("whatif needs no model; repaired gradients match, naive ones do not")
  func whatIf() throws {
    let result = try runner.run("whatif", "all", "--json", "--epochs", "1")
    #expect(result.exitCode == 0, "\(result.errors)")
    let document = try #require(try result.documents.first)
    #expect(document["schema"]?.string == "backprop.whatif/1")
    #expect(document["passed"]?.bool == true)
    let experiments = try #require(document["experiments"]?.array)
    #expect(
      experiments.compactMap { $0["name"]?.string } == Experiment.allCases.map(\.rawValue))
    for experiment in experiments {
      let tensors = try #require(experiment["tensors"]?.array)
      #expect(tensors.count == 6)
      #expect(tensors.allSatisfy { ($0["repairedError"]?.double ?? 1) <= 1e-7 })
      #expect(tensors.contains { ($0["naiveError"]?.double ?? 0) > 1e-2 })
    }
    let mutants = try #require(document["mutants"]?.array)
    #expect(mutants.count == 8 && mutants[0]["checkPassed"]?.bool == true)
    #expect(mutants.dropFirst().allSatisfy { $0["checkPassed"]?.bool == false })
    #expect(mutants.allSatisfy { $0["asExpected"]?.bool == true })
  }

  @Test("whatif alone lists its questions, each with its command; JSON needs one")
  func questions() throws {
    for language in Language.allCases {
      let list = try runner.run("whatif", "--language", language.rawValue)
      #expect(list.exitCode == 0, "\(list.errors)")
      for question in ["product", "hidden-penalty", "l2", "mutants", "all"] {
        let lines = list.outputLines
        let place = try #require(lines.firstIndex(of: "  backprop whatif \(question)"))
        #expect(lines[place + 1].hasPrefix("      ") && !lines[place + 1].contains("whatif"))
      }
    }
    let json = try runner.run("whatif", "--json")
    #expect(json.exitCode == 2 && json.output.isEmpty && json.errors.contains("product, hidden"))
  }

  @Test("whatif on a user's own model and data")
  func whatIfModel() throws {
    try train()
    let result = try runner.run(
      "whatif", "all", "model.safetensors", "classes.csv", "--epochs", "1", "--json")
    #expect(result.exitCode == 0, "\(result.output)")
    let document = try #require(try result.documents.first)
    #expect(document["examples"]?.int == 60)
    #expect(document["mutants"]?.array?.count == 8)
  }

  @Test("Mistakes in the call end in one clear line and exit code 2")
  func badInput() throws {
    try train()
    let calls: [([String], [String])] = [
      (
        ["--mutant", "bp2-no-transposed"], ["bp2-no-transposed", "did you mean bp2-no-transpose?"]
      ),
      (["--mutant", "nonsense"], ["nonsense", "sign-flipped"]),
      (["--examples", "0"], ["--examples 0", "at least 1"]),
      (["--examples", "-3"], ["--examples -3", "at least 1"]),
      (["--h", "-1"], ["--h -1", "1e-5"]), (["--h", "nan"], ["--h nan"]),
      (["--parameters", "none"], ["--parameters none", "all"]),
      (["--language", "fr"], ["--language fr", "en, ko"]),
    ]
    for (options, parts) in calls {
      let result = try runner.run(["check", "model.safetensors", "classes.csv"] + options)
      #expect(result.exitCode == 2 && result.output.isEmpty, "\(options)")
      #expect(result.errorLines.count == 1, "\(result.errors)")
      for part in parts { #expect(result.errors.contains(part), "\(result.errors)") }
    }
    let others: [([String], String)] = [
      (["nonsense"], "the names are product, hidden-penalty"),
      (["mutant"], "did you mean mutants?"),
      (["product", "model.safetensors"], "without DATA"),
      (["mutants", "--epochs", "0"], "--epochs 0"),
      (["mutants", "--learning-rate", "-1"], "--learning-rate -1"),
      (["product", "model.safetensors", "classes.csv", "--examples", "1"], "--examples 1"),
    ]
    for (arguments, part) in others {
      let result = try runner.run(["whatif"] + arguments)
      #expect(result.exitCode == 2 && result.output.isEmpty, "\(arguments)")
      #expect(result.errorLines.count == 1 && result.errors.contains(part), "\(result.errors)")
    }
  }

  @Test("A mutant that is no mistake for the network is refused, with those that are")
  func mutantThatDoesNotApply() throws {
    try runner.writeRegression()
    let created = try runner.run(
      "create", "--sizes", "3,1", "--activation", "identity", "--loss", "squared-error", "-o",
      "line.safetensors")
    #expect(created.exitCode == 0, "\(created.errors)")
    let result = try runner.run(
      "check", "line.safetensors", "numbers.csv", "--target", "y", "--mutant", "bp2-no-transpose")
    #expect(result.exitCode == 2 && result.errors.contains("sign-flipped"), "\(result.errors)")
  }

  @Test("A model whose loss is no number is told so, and exits with 1")
  func nonfiniteLoss() throws {
    try runner.write("x.csv", "a,y\n1e200,1\n2e200,3\n")
    let created = try runner.run(
      "create", "--sizes", "1,1", "--activation", "identity", "--loss", "squared-error",
      "--precision", "double", "-o", "m.safetensors")
    #expect(created.exitCode == 0)
    for command in [["check"], ["whatif", "product"]] {
      let result = try runner.run(
        command + ["m.safetensors", "x.csv", "--target", "y"])
      #expect(result.exitCode == 1 && result.errors.contains("the loss of m.safetensors"))
      #expect(result.errorLines.count == 1 && result.output.isEmpty)
    }
  }
}
