import Backprop
import Foundation
import Testing

@Suite("The option --norm")
struct NormalizationCommandTests {
  private let runner: CommandRunner
  private let options = [
    "train", "classes.csv", "--target", "label", "--hidden", "8,6", "--epochs", "6",
    "--batch-size", "4", "--seed", "3", "--quiet",
  ]

  init() throws {
    runner = try CommandRunner()
    try runner.writeClassification()
  }

  @Test("A normalised run that was broken off and resumed ends with the same bytes")
  func resumed() throws {
    let normalized = options + ["--norm", "layer,rms", "--json"]
    let whole = try runner.run(normalized + ["-o", "whole.safetensors"])
    #expect(whole.exitCode == 0, "\(whole.errors)")
    let running = try runner.start(
      normalized + ["-o", "m.safetensors", "--checkpoint", "run", "--every", "1"])
    func saved() -> Int { running.output.components(separatedBy: "\"checkpoint\"").count - 1 }
    while running.process.isRunning, saved() < 5 { Thread.sleep(forTimeInterval: 0.001) }
    kill(running.process.processIdentifier, SIGKILL)
    _ = try running.finish()
    let resumed = try runner.run(
      "train", "classes.csv", "--resume", "run", "-o", "m.safetensors", "--json")
    #expect(resumed.exitCode == 0, "\(resumed.errors)")
    #expect(try runner.read("m.safetensors") == runner.read("whole.safetensors"))
  }

  @Test(
    "A normalised model is checked, inspected, explained, judged and diagnosed")
  func commands() throws {
    let trained = try runner.run(options + ["--norm", "layer,rms", "-o", "m.safetensors"])
    #expect(trained.exitCode == 0, "\(trained.errors)")
    let inspected = try runner.run("inspect", "m.safetensors", "--json")
    let layers = try inspected.documents[0]["layers"]?.array ?? []
    #expect(layers.map { $0["normalization"]?.string } == ["layer", "rms", nil])
    let checked = try runner.run("check", "m.safetensors", "classes.csv", "--json")
    #expect(checked.exitCode == 0, "\(checked.errors)")
    #expect(checked.output.contains("\"gain\"") && checked.output.contains("\"shift\""))
    let explained = try runner.run("explain", "m.safetensors", "classes.csv")
    #expect(explained.exitCode == 0, "\(explained.output) \(explained.errors)")
    #expect(try runner.run("doctor", "m.safetensors", "classes.csv").exitCode <= 1)
    let broken = try runner.run("whatif", "all", "m.safetensors", "classes.csv", "--epochs", "2")
    #expect(broken.exitCode == 0, "\(broken.output) \(broken.errors)")
    #expect(try runner.run("evaluate", "m.safetensors", "classes.csv").exitCode == 0)
    let other = try runner.run(
      options.filter { $0 != "8,6" && $0 != "--hidden" }
        + ["--from", "m.safetensors", "--norm", "none", "-o", "n.safetensors"])
    #expect(other.exitCode != 0 && other.errors.contains("--norm"))
  }

  @Test(
    "explain verifies normalised layers and shows them: batch or example, both languages, both precisions",
    arguments: ["relu", "tanh", "gelu", "maxout"], ["float", "double"])
  func explained(activation: String, precision: String) throws {
    let trained = try runner.run(
      options + [
        "--norm", "layer,rms", "--activation", activation, "--precision", precision, "-o",
        "m.safetensors",
      ])
    #expect(trained.exitCode == 0, "\(trained.errors)")
    for which in [["--example", "2"], ["--batch-size", "5"]] {
      let call = ["explain", "m.safetensors", "classes.csv"] + which
      let json = try runner.run(call + ["--json"])
      #expect(json.exitCode == 0, "\(json.errors)")
      let document = try json.documents[0]
      #expect(document["verified"]?.bool == true)
      let layers = try #require(document["layers"]?.array)
      let first = try #require(layers[0]["normalization"])
      #expect(first["kind"]?.string == "layer" && layers[2]["normalization"] == .null)
      for key in ["mean", "inverseDeviation", "n", "nDelta"] {
        #expect(first[key] != nil && first[key] != .null, "\(key)")
      }
      let roles = layers.map { ($0["tensors"]?.array ?? []).compactMap { $0["role"]?.string } }
      #expect(
        roles == [
          ["weight", "bias", "gain", "shift"], ["weight", "bias", "gain"], ["weight", "bias"],
        ])
      for language in ["en", "ko"] {
        let text = try runner.run(call + ["--language", language])
        #expect(text.exitCode == 0, "\(text.errors)")
        for line in text.outputLines { #expect(line.displayWidth <= 80, "\(line)") }
        for part in ["s (g²", "∂C/∂γ²", "∂C/∂β²", "σ′(n²", " = γ²", "∂C/∂n³"] {
          #expect(text.output.contains(part), "\(part)")
        }
        #expect(text.output.contains(language == "ko" ? "층 정규화" : "Layer normalisation"))
      }
    }
  }

  @Test("`create` makes a normalised network, its weights also from a user's own arrays")
  func created() throws {
    func create(_ more: [String], _ output: String) throws -> CommandRunner.Result {
      try runner.run(
        [
          "create", "--sizes", "2,3,1", "--activation", "tanh", "--loss", "squared-error", "--norm",
          "layer", "-o", output,
        ] + more)
    }
    #expect(try create([], "m.safetensors").exitCode == 0)
    let again = try create(["--weights", "m.safetensors"], "n.safetensors")
    #expect(again.exitCode == 0, "\(again.errors)")
    #expect(try runner.read("m.safetensors") == runner.read("n.safetensors"))
  }

  @Test(
    "What is no normalisation is refused before data is read",
    arguments: [
      ("batch", "couples the examples"), ("layers", "no normalisation"),
      ("layer,rms,none", "2 hidden layers"),
    ])
  func refused(text: String, words: String) throws {
    let result = try runner.run(
      "train", "nothing.csv", "--target", "label", "--hidden", "8,6", "--norm", text)
    #expect(result.exitCode == 2 && result.errors.contains(words), "\(result.errors)")
  }
}
