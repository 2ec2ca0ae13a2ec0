import Backprop
import Testing

@Suite("What acts on an update, from the command line")
struct UpdateCommandTests {
  private let runner: CommandRunner

  init() throws {
    runner = try CommandRunner()
    try runner.writeClassification()
  }

  private func train(_ options: String...) throws -> CommandRunner.Result {
    try runner.run(
      ["train", "classes.csv", "--target", "label", "--hidden", "4", "--epochs", "8", "--quiet"]
        + options)
  }

  @Test("Every option is stored with the model and shown by inspect; explain and check hold")
  func stored() throws {
    let result = try train(
      "--l1", "0.001", "--l2", "0.5", "--l2-scaling", "per-example", "--max-norm", "2", "--ema",
      "0.9", "--accumulate", "2", "--rate-factors", "1,0.5", "--bias-rate-factor", "2",
      "--weight-decay", "0.01", "--decay-biases", "--schedule", "one-cycle", "--cycle-momentum",
      "0.85:0.95")
    #expect(result.exitCode == 0, "\(result.errors)")
    let model = try Model(contentsOf: runner.path("model.safetensors"))
    let configuration = try #require(model.configuration)
    #expect(configuration.l1Penalty == 0.001 && configuration.l2Scaling == .perExample)
    let examples = try #require(configuration.trainingExamples)
    #expect(configuration.effectiveL2Penalty(batch: 3) == 0.5 / Double(examples))
    #expect(configuration.averaging == .exponential(decay: 0.9) && configuration.maxNorm == 2)
    #expect(
      configuration.tensorFactors == [
        TensorFactors(biasRate: 2, biasDecay: 1),
        TensorFactors(weightRate: 0.5, biasRate: 1, biasDecay: 1),
      ])
    let inspected = try runner.run("inspect", "model.safetensors").output
    for text in ["L2 0.5 (per-example", "L1 0.001", "max-norm 2.0", "2 batches", "EMA", "biases"] {
      #expect(inspected.contains(text), "\(text)")
    }
    let explained = try runner.run(
      "explain", "model.safetensors", "classes.csv", "--example", "1", "--optimizer", "sgd")
    #expect(explained.exitCode == 0, "\(explained.errors)")
    #expect(explained.output.contains("λ₁ sign("))
    let checked = try runner.run("check", "model.safetensors", "classes.csv")
    #expect(checked.exitCode == 0 && checked.output.contains("λ₁‖W‖₁"), "\(checked.output)")
  }

  @Test(
    "Options that cannot be meant are refused before data is read, with exit code 2",
    arguments: [
      (["--l1", "-1"], "--l1"), (["--ema", "1"], "--ema"), (["--swa", "1"], "--swa"),
      (["--ema", "0.9", "--swa", "0.5"], "one is saved"), (["--max-norm", "0"], "--max-norm"),
      (["--l2-scaling", "per-batch"], "L2 penalty"),
      (["--l2-scaling", "nielsen", "--l2", "1"], "loss"),
      (["--accumulate", "0"], "--accumulate"),
      (["--accumulate", "2", "--optimizer", "gd"], "all examples"),
      (["--rate-factors", "1,x"], "\"x\""), (["--cycle-momentum", "0.9"], "low:high"),
      (["--cycle-momentum", "0.8:0.9"], "one-cycle"), (["--decay-biases"], "weight decay"),
      (["--rate-factors", "1,2,3"], "2 layers"),
      (["--optimizer", "lbfgs", "--max-norm", "1"], "no meaning for lbfgs"),
      (["--optimizer", "lbfgs", "--ema", "0.9"], "no meaning for lbfgs"),
      (["--optimizer", "lbfgs", "--dropout", "0.2"], "no meaning for lbfgs"),
      (["--optimizer", "lbfgs", "--mixup", "0.3"], "no meaning for lbfgs"),
      (["--rate-factors", "1e300", "--bias-rate-factor", "1e300"], "smaller"),
    ])
  func refused(options: [String], text: String) throws {
    let result = try runner.run(
      ["train", "classes.csv", "--target", "label", "--hidden", "4"] + options)
    #expect(result.exitCode == 2 && result.errors.contains(text), "\(result.errors)")
    #expect(try runner.files == ["classes.csv"])
  }
}
