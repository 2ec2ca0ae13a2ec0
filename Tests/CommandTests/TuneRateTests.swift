import Backprop
import Foundation
import Testing

@Suite("The command tune-rate, and L-BFGS")
struct TuneRateTests {
  private let runner: CommandRunner

  init() throws { runner = try CommandRunner() }

  private func keys(_ document: JSONValue?) -> [String] { document?.object?.map(\.key) ?? [] }

  private func tune(_ more: String...) throws -> CommandRunner.Result {
    try runner.run(
      [
        "tune-rate", CommandRunner.example("iris.csv"), "--target", "species", "--hidden", "8",
      ] + more)
  }

  @Test("JSON has the keys of the contract, is the same for the same seed, and no model is written")
  func contract() throws {
    let result = try tune("--json", "--quiet", "--plot", "rates.svg")
    #expect(result.exitCode == 0 && result.errors.isEmpty, "\(result.errors)")
    let document = try #require(try result.documents.first)
    #expect(
      keys(document) == [
        "schema", "examples", "parameters", "sizes", "optimizer", "batchSize", "seed", "rangeTest",
        "thresholdSearch", "proposed",
      ])
    #expect(document["schema"]?.string == "backprop.tune-rate/1")
    #expect(
      keys(document["rangeTest"]) == [
        "low", "high", "points", "steepest", "lowest", "exploded",
      ])
    #expect(keys(document["rangeTest"]?["points"]?[0]) == ["rate", "loss", "smoothed"])
    #expect(keys(document["thresholdSearch"]) == ["attempts", "threshold"])
    #expect(
      keys(document["thresholdSearch"]?["attempts"]?[0]) == ["rate", "losses", "falls"])
    let files = try FileManager.default.contentsOfDirectory(atPath: runner.path("."))
    #expect(files.filter { $0.hasSuffix(".safetensors") }.isEmpty)
    let picture = try String(contentsOfFile: runner.path("rates.svg"), encoding: .utf8)
    #expect(picture.hasPrefix("<svg") && picture.hasSuffix("</svg>\n"))
    #expect(picture.contains("proposed") && picture.contains("polyline"))
    let again = try tune("--json", "--quiet", "--plot", "rates.svg", "--threads", "1")
    #expect(again.output == result.output)
    #expect(try String(contentsOfFile: runner.path("rates.svg"), encoding: .utf8) == picture)
    #expect(try tune("--json", "--quiet", "--seed", "5").output != result.output)
  }

  @Test("Text shows the curve, both tests, and the option to give to train")
  func text() throws {
    let lines = try tune("--optimizer", "sgd").outputLines
    #expect(lines.contains("range test (Smith 2017)"))
    #expect(lines.contains("threshold search (Nielsen 2015, ch. 3)"))
    #expect(lines.contains { $0.hasPrefix("proposed  --learning-rate 0.") })
    #expect(lines.contains { $0.contains("learning rate") && $0.contains("proposed: 0.") })
  }

  @Test("What a search sets itself is refused, and rules that find their own rate")
  func refusals() throws {
    for (options, part) in [
      (["--learning-rate", "0.1"], "--low and --high bound the rates"),
      (["--epochs", "3"], "--steps and --first-epochs say"),
      (["--schedule", "cosine"], "leave it out, and give it to train"),
      (["--patience", "3"], "leave it out, and give it to train"),
      (["--optimizer", "rprop"], "there is no rate to tune"),
      (["--optimizer", "lbfgs"], "there is no rate to tune"),
      (["--low", "1", "--high", "0.5"], "--high 0.5: give a number greater than 1"),
      (["--low", "0"], "give a number from 1e-12"), (["--steps", "3"], "from 20 to 1000000"),
      (["--first-epochs", "1"], "from 2 to 1000"), (["--plot", "-"], "--plot - is no file"),
    ] {
      let result = try runner.run(
        ["tune-rate", CommandRunner.example("iris.csv"), "--target", "species"] + options)
      #expect(result.exitCode == 2, "\(options)")
      #expect(result.errors.contains(part), "\(options): \(result.errors)")
    }
  }

  @Test("A loss that falls at none of the rates is said, with exit code 1 and no proposal")
  func nothingFalls() throws {
    // At these rates no step moves what float can hold: the loss of each epoch is that before.
    let result = try tune("--json", "--low", "1e-12", "--high", "1e-11")
    #expect(result.exitCode == 1)
    #expect(result.errors.contains("the loss falls at no rate from 1e-12 to 1e-11"))
    #expect(try result.documents.first?["proposed"] == .null)
  }

  @Test("L-BFGS trains from the command, says how many passes it made, and why it ended")
  func lbfgs() throws {
    let result = try runner.run(
      "train", CommandRunner.example("iris.csv"), "--target", "species", "--hidden", "8",
      "--activation", "tanh", "--optimizer", "lbfgs:5", "--epochs", "1000", "--validation", "0",
      "--precision", "double", "--json")
    #expect(result.exitCode == 0, "\(result.errors)")
    let documents = try result.documents
    let end = try #require(documents.last)
    #expect(documents[0]["configuration"]?["updates"]?["optimizer"]?.string == "lbfgs:5")
    #expect(end["reason"]?.string == "completed")
    #expect(end["note"]?.string?.hasPrefix("L-BFGS ") ?? false)
    let epochs = documents.filter { $0["event"]?.string == "epoch" }
    #expect(epochs.count < 1000 && (end["evaluations"]?.int ?? 0) > epochs.count)
    #expect(try #require(epochs.last?["loss"]?.double) < 0.05)
  }
}
