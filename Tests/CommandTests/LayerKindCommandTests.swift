import Backprop
import Foundation
import Testing

@Suite("The options --scale-inputs and --parametric")
struct LayerKindCommandTests {
  private let runner: CommandRunner
  private let kinds = ["--scale-inputs", "--parametric"]
  private let options = [
    "train", "classes.csv", "--target", "label", "--hidden", "8,6", "--epochs", "6",
    "--batch-size", "4", "--seed", "3", "--quiet",
  ]

  init() throws {
    runner = try CommandRunner()
    try runner.writeClassification()
  }

  @Test("A run that was broken off and resumed ends with the same bytes")
  func resumed() throws {
    let given = options + kinds + ["--dropout", "0.2,0.1", "--json"]
    let whole = try runner.run(given + ["-o", "whole.safetensors"])
    #expect(whole.exitCode == 0, "\(whole.errors)")
    let running = try runner.start(
      given + ["-o", "m.safetensors", "--checkpoint", "run", "--every", "1"])
    func saved() -> Int { running.output.components(separatedBy: "\"checkpoint\"").count - 1 }
    while running.process.isRunning, saved() < 5 { Thread.sleep(forTimeInterval: 0.001) }
    kill(running.process.processIdentifier, SIGKILL)
    _ = try running.finish()
    let resumed = try runner.run(
      "train", "classes.csv", "--resume", "run", "-o", "m.safetensors", "--json")
    #expect(resumed.exitCode == 0, "\(resumed.errors)")
    #expect(try runner.read("m.safetensors") == runner.read("whole.safetensors"))
  }

  @Test("The model goes through every command")
  func commands() throws {
    let given = options + kinds + ["--norm", "layer,none", "--dropout", "0.2"]
    let trained = try runner.run(given + ["-o", "m.safetensors", "--tensorboard", "board"])
    #expect(trained.exitCode == 0, "\(trained.errors)")
    let inspected = try runner.run("inspect", "m.safetensors", "--json").documents[0]
    #expect(inspected["sizes"] == [4, 4, 8, 6, 2])
    let layers = inspected["layers"]?.array ?? []
    #expect(layers.map { $0["kind"]?.string } == ["scale", "dense", "dense", "dense"])
    #expect(layers.map { $0["parametric"]?.bool } == [nil, true, true, nil])
    #expect(layers.map { $0["normalization"]?.string } == [nil, "layer", nil, nil])
    #expect(layers.map { $0["dropout"]?.double } == [nil, 0.2, 0.2, nil])
    #expect(layers[0]["weightNorm"] == .null && layers[1]["weightNorm"]?.double != nil)
    let text = try runner.run("inspect", "m.safetensors").output
    #expect(text.contains("scale") && text.contains("layer norm + parametric relu"))
    // The options that it was made with make it again.
    let options = try runner.run("inspect", "m.safetensors", "--config").output
    #expect(options.contains("\"scaleInputs\": true") && options.contains("\"parametric\": true"))
    try runner.write("options.json", options)
    let again = try runner.run("train", "--config", "options.json", "-o", "again.safetensors")
    #expect(again.exitCode == 0, "\(again.errors)")
    func hash(_ name: String) throws -> JSONValue? {
      try runner.run("predict", name, "classes.csv", "--json").documents[0]["probabilities"]
    }
    #expect(try hash("again.safetensors") == hash("m.safetensors"))

    let checked = try runner.run("check", "m.safetensors", "classes.csv", "--json")
    #expect(checked.exitCode == 0, "\(checked.errors)")
    let tensors = try checked.documents[0]["tensors"]?.array ?? []
    #expect(tensors.contains { $0["name"]?.string == "scale" })
    #expect(tensors.count { $0["name"]?.string == "slope" } == 2)
    let doctor = try runner.run("doctor", "m.safetensors", "classes.csv")
    #expect(doctor.exitCode <= 1 && doctor.errors.isEmpty, "\(doctor.errors)")
    let broken = try runner.run("whatif", "all", "m.safetensors", "classes.csv", "--epochs", "2")
    #expect(broken.exitCode == 0, "\(broken.output) \(broken.errors)")
    #expect(try runner.run("evaluate", "m.safetensors", "classes.csv").exitCode == 0)
    let further = try runner.run(
      "train", "classes.csv", "--from", "m.safetensors", "--epochs", "1", "--dropout", "0.3,0.1",
      "--scale-inputs", "--parametric", "--hidden", "8,6", "-o", "n.safetensors", "--quiet")
    #expect(further.exitCode == 0, "\(further.errors)")
    let dropout = try runner.run("inspect", "n.safetensors", "--json").documents[0]["layers"]
    #expect(dropout?[1]?["dropout"]?.double == 0.3 && dropout?[2]?["dropout"]?.double == 0.1)
  }

  @Test("explain writes the equations of both kinds and verifies them, in both languages and forms")
  func explained() throws {
    let trained = try runner.run(
      options + kinds + [
        "--norm", "none,rms", "--activation", "tanh,silu", "--precision", "double", "-o",
        "m.safetensors",
      ])
    #expect(trained.exitCode == 0, "\(trained.errors)")
    for which in [["--example", "2"], ["--batch-size", "5"]] {
      let call = ["explain", "m.safetensors", "classes.csv"] + which
      for language in ["en", "ko"] {
        let text = try runner.run(call + ["--language", language])
        #expect(text.exitCode == 0, "\(text.errors)")
        for line in text.outputLines { #expect(line.displayWidth <= 80, "\(line)") }
        let isBatch = which[0] == "--batch-size"
        for part in [
          " = s²", "∂C/∂s² = " + (isBatch ? "Σₓ a¹(x) ⊙ δ²(x)" : "a¹ ⊙ δ²"),
          "∂C/∂α³ = " + (isBatch ? "Σₓ ∂C/∂a³(x)" : "∂C/∂a³ ⊙ (σ(z³) − z³)"), "(1 + α³",
          "(σ′(n⁴", " (σ(n⁴", "‖(W³)ᵀ δ³‖",
        ] {
          #expect(text.output.contains(part), "\(part)")
        }
        #expect(text.output.contains(language == "ko" ? "배율 층" : "A scaling layer"))
      }
      for format in ["markdown", "latex"] {
        let text = try runner.run(call + ["--format", format])
        #expect(text.exitCode == 0 && text.output.contains("\\alpha ^{3}"), "\(text.errors)")
      }
      let document = try runner.run(call + ["--optimizer", "adam", "--json"]).documents[0]
      #expect(document["schema"]?.string == "backprop.explain/2")
      #expect(document["verified"]?.bool == true)
      let layers = try #require(document["layers"]?.array)
      #expect(layers.map { $0["kind"]?.string } == ["scale", "dense", "dense", "dense"])
      let roles = layers.map { ($0["tensors"]?.array ?? []).compactMap { $0["role"]?.string } }
      #expect(
        roles == [
          ["scale"], ["weight", "bias", "slope"], ["weight", "bias", "gain", "slope"],
          ["weight", "bias"],
        ])
      let slope = try #require(layers[1]["tensors"]?[2])
      #expect(slope["name"]?.string == "layers.1.alpha" && slope["shape"] == [8])
      for key in ["values", "gradient", "update", "firstMoment", "secondMoment"] {
        #expect(slope[key]?.array?.count == 8, "\(key)")
      }
      #expect(layers[1]["activated"] != nil && layers[3]["activated"] == nil)
    }
    let why = try runner.run("explain", "m.safetensors", "classes.csv", "--why-weight", "2:1,1")
    #expect(why.exitCode == 2 && why.errors.contains("layer 2 scales its inputs"), "\(why.errors)")
    #expect(
      try runner.run("explain", "m.safetensors", "classes.csv", "--why-weight", "3:1,2").exitCode
        == 0)
  }

  @Test("`create` makes both kinds, their tensors also from a user's own arrays")
  func created() throws {
    func create(_ more: [String], _ output: String) throws -> CommandRunner.Result {
      try runner.run(
        [
          "create", "--sizes", "2,3,1", "--activation", "tanh", "--loss", "squared-error",
          "-o", output,
        ] + more)
    }
    #expect(try create(kinds, "m.safetensors").exitCode == 0)
    let again = try create(kinds + ["--weights", "m.safetensors"], "n.safetensors")
    #expect(again.exitCode == 0, "\(again.errors)")
    #expect(try runner.read("m.safetensors") == runner.read("n.safetensors"))
    let lacking = try create(kinds + ["--weights", "plain.safetensors"], "o.safetensors")
    #expect(lacking.exitCode == 1)
    #expect(try create([], "plain.safetensors").exitCode == 0)
    let missing = try create(kinds + ["--weights", "plain.safetensors"], "o.safetensors")
    #expect(missing.exitCode == 1 && missing.errors.contains("layers.0.scale"), "\(missing.errors)")
  }

  @Test("Factors for each layer count the scaling of the inputs")
  func factors() throws {
    let given = options + ["--scale-inputs", "-o", "m.safetensors"]
    let right = try runner.run(given + ["--rate-factors", "1,1,0.5,1"])
    #expect(right.exitCode == 0, "\(right.errors)")
    let wrong = try runner.run(given + ["--force", "--rate-factors", "1,0.5,1"])
    #expect(wrong.exitCode == 2 && wrong.errors.contains("4 layers"), "\(wrong.errors)")
  }

  @Test("What cannot be is refused with words")
  func refused() throws {
    let maxout = try runner.run(
      options + ["--parametric", "--activation", "maxout", "-o", "m.safetensors"])
    #expect(maxout.exitCode == 2 && maxout.errors.contains("cannot be parametric"))
    #expect(try runner.run(options + ["-o", "plain.safetensors"]).exitCode == 0)
    for option in kinds {
      let other = try runner.run(
        "train", "classes.csv", "--from", "plain.safetensors", option, "-o", "n.safetensors")
      #expect(other.exitCode == 2 && other.errors.contains("\(option) contradicts"))
    }
  }
}
