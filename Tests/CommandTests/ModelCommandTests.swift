import Backprop
import Foundation
import Testing

@Suite("The commands create, evaluate, predict and inspect")
struct ModelCommandTests {
  private let runner: CommandRunner

  init() throws { runner = try CommandRunner() }

  private func keys(_ document: JSONValue?) -> [String] { document?.object?.map(\.key) ?? [] }

  @Test("Mazur's example gives his loss to twelve digits")
  func mazur() throws {
    try runner.writeMazur()
    let result = try runner.run(
      "evaluate", "mazur.safetensors", "mazur.csv", "--target", "o1,o2", "--json")
    let loss = try #require(try result.documents[0]["loss"]?.double)
    #expect(abs(loss - 0.298371108760003) < 1e-12)
    #expect(try result.documents[0]["confusion"] == .null)
  }

  @Test("Weights from an .npz archive give the same model as those from a safetensors file")
  func archive() throws {
    try runner.writeMazur()
    // numpy.savez of the same four arrays in float64.
    let archive = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
      .appendingPathComponent("Fixtures/mazur.npz").path
    let result = try runner.run(
      "create", "--sizes", "2,2,2", "--activation", "sigmoid", "--loss", "squared-error",
      "--weights", archive, "--precision", "double", "-o", "other.safetensors")
    #expect(result.exitCode == 0, "\(result.errors)")
    #expect(try runner.read("other.safetensors") == runner.read("mazur.safetensors"))
  }

  @Test("A model without targets asks for them, and counts the inputs")
  func createdModel() throws {
    try runner.writeMazur()
    let unnamed = try runner.run("evaluate", "mazur.safetensors", "mazur.csv")
    #expect(unnamed.exitCode == 2 && unnamed.errors.contains("--target"))
    let tooMany = try runner.run("predict", "mazur.safetensors", "mazur.csv")
    #expect(tooMany.exitCode == 1 && tooMany.errors.contains("takes 2 inputs"))
    let predicted = try runner.run("predict", "mazur.safetensors", "mazur.csv", "--target", "o1,o2")
    #expect(predicted.outputLines[0] == "prediction:0,prediction:1")
    #expect(predicted.outputLines[1].hasPrefix("0.75136506955231"))
  }

  @Test("A created model is trained further on one column of labels, and learns their names")
  func createdThenTrained() throws {
    try runner.writeClassification()
    let created = try runner.run(
      "create", "--sizes", "2,4,2", "--activation", "tanh,softmax", "--loss", "cross-entropy",
      "--seed", "3", "-o", "new.safetensors", "--json")
    #expect(try created.documents[0]["parameters"]?.int == 22)
    let result = try runner.run(
      "train", "classes.csv", "--from", "new.safetensors", "--target", "label", "--epochs", "2",
      "--quiet")
    #expect(result.exitCode == 0, "\(result.errors)")
    let predicted = try runner.run("predict", "model.safetensors", "classes.csv")
    #expect(
      Set(predicted.outputLines.dropFirst()).isSubset(of: ["below", "\"above, or \"\"equal\"\"\""]))
    #expect(predicted.outputLines.count == 61)
  }

  @Test("One output under a decision's loss takes labels, even if only one of them occurs")
  func oneLabel() throws {
    for (loss, activation) in [("binary-cross-entropy", "sigmoid"), ("hinge", "identity")] {
      let created = try runner.run(
        "create", "--sizes", "1,1", "--activation", activation, "--loss", loss, "-o",
        "m.safetensors")
      #expect(created.exitCode == 0, "\(created.errors)")
      for (label, cell) in [("1", 3), ("0", 0), ("-1", 0)] {
        try runner.write("x.csv", "a,y\n1,\(label)\n2,\(label)\n")
        let result = try runner.run(
          "evaluate", "m.safetensors", "x.csv", "--target", "y", "--quiet", "--json")
        #expect(result.exitCode == 0, "\(result.errors)")
        let document = try #require(try result.documents.first)
        let counts = document["confusion"]?["counts"]?.array?.flatMap { $0.array ?? [] } ?? []
        let actual = counts.prefix(2).compactMap(\.int).reduce(0, +)
        #expect(actual == (cell == 0 ? 2 : 0))
      }
    }
  }

  @Test("Predictions keep the order of the rows, with a column for each label's probability")
  func predict() throws {
    try runner.trainSmall()
    let all = try runner.run("predict", "model.safetensors", "classes.csv", "--probabilities")
    #expect(all.outputLines[0] == "prediction,\"above, or \"\"equal\"\"\",below")
    #expect(all.outputLines.count == 61)
    // Rows one by one, without their targets, give the same lines.
    let lines = String(decoding: try runner.read("classes.csv"), as: UTF8.self)
      .split(separator: "\n")
    for row in [1, 2, 17, 60] {
      let cells = lines[row].split(separator: ",").prefix(3).joined(separator: ",")
      try runner.write("one.csv", "a,b,colour\n\(cells)\n")
      let one = try runner.run("predict", "model.safetensors", "one.csv", "--probabilities")
      #expect(one.outputLines == [all.outputLines[0], all.outputLines[row]])
    }
    let file = try runner.run(
      "predict", "model.safetensors", "classes.csv", "--probabilities", "-o", "out.csv")
    #expect(file.exitCode == 0 && file.output.isEmpty)
    #expect(try runner.read("out.csv") == Array(all.output.utf8))
  }

  @Test("Predictions as JSON have the keys of the contract")
  func predictJSON() throws {
    try runner.trainSmall()
    let result = try runner.run("predict", "model.safetensors", "classes.csv", "--json")
    let document = try #require(try result.documents.first)
    #expect(keys(document) == ["schema", "predictions", "labels", "probabilities"])
    #expect(document["schema"]?.string == "backprop.predict/1")
    #expect(document["predictions"]?.array?.count == 60)
    #expect(document["labels"]?.description == #"["above, or \"equal\"","below"]"#)
    #expect(document["probabilities"]?[59]?.array?.count == 2)
  }

  @Test("Several numbers are predicted in their own units, a column each")
  func severalTargets() throws {
    try runner.writeRegression()
    let trained = try runner.run(
      "train", "numbers.csv", "--target", "y,z", "--epochs", "60", "--quiet")
    #expect(trained.exitCode == 0, "\(trained.errors)")
    #expect(trained.outputLines[0].hasPrefix("held out  RMSE "))
    let result = try runner.run("predict", "model.safetensors", "numbers.csv")
    #expect(result.outputLines[0] == "prediction:y,prediction:z")
    // Row 2 is a = 7, b = 13: y = 8.5, z = 20.
    let values = result.outputLines[2].split(separator: ",").compactMap { Double($0) }
    #expect(abs(values[0] - 8.5) < 6 && abs(values[1] - 20) < 4)
  }

  @Test(
    "Of many classes predictions come in pieces, and the confusion lists the cells that are not 0")
  func manyClasses() throws {
    let rows = (0..<4300).map { "\($0 % 1001),\($0 % 7),c\($0 % 1001)" }
    try runner.write("x.csv", "a,b,label\n" + rows.joined(separator: "\n") + "\n")
    try runner.write("last.csv", "a,b,label\n" + rows.suffix(200).joined(separator: "\n") + "\n")
    let trained = try runner.run(
      "train", "x.csv", "--target", "label", "--hidden", "none", "--epochs", "1", "--quiet")
    #expect(trained.exitCode == 0, "\(trained.errors)")
    let all = try runner.run("predict", "model.safetensors", "x.csv").outputLines
    let last = try runner.run("predict", "model.safetensors", "last.csv").outputLines
    #expect(all.count == 4301 && last.count == 201 && all[0] == last[0])
    #expect(all.suffix(200) == last.suffix(200))
    let confusion = try runner.run("evaluate", "model.safetensors", "last.csv", "--json")
      .documents[0]["confusion"]
    #expect(keys(confusion) == ["labels", "cells"])
    let cells = confusion?["cells"]?.array?.compactMap { $0.array?.compactMap(\.int) } ?? []
    #expect(cells.reduce(0) { $0 + $1[2] } == 200 && cells.allSatisfy { $0.count == 3 })
  }

  @Test(
    "An evaluation shows metrics and the confusion matrix, and as JSON the keys of the contract")
  func evaluate() throws {
    try runner.trainSmall()
    let text = try runner.run("evaluate", "model.safetensors", "classes.csv")
    #expect(
      text.outputLines[0].hasPrefix("examples") && text.output.contains("actual ↓ predicted →"))
    let result = try runner.run("evaluate", "model.safetensors", "classes.csv", "--json")
    let document = try #require(try result.documents.first)
    #expect(
      keys(document) == [
        "schema", "examples", "loss", "metrics", "confusion", "classes", "weights", "rows",
        "baseline", "positive", "threshold",
      ])
    #expect(
      keys(document["metrics"]) == [
        "accuracy", "logLoss", "balancedAccuracy", "f1", "mcc", "rocAUC", "prAUC", "brier", "ece15",
      ])
    #expect(document["schema"]?.string == "backprop.evaluate/1")
    #expect(keys(document["confusion"]) == ["labels", "counts"])
    let counts = document["confusion"]?["counts"]?.array?.flatMap { $0.array ?? [] } ?? []
    #expect(counts.compactMap(\.int).reduce(0, +) == 60)
  }

  @Test("An inspection shows the layers as the chapter counts them")
  func inspect() throws {
    try runner.trainSmall()
    let result = try runner.run("inspect", "model.safetensors", "--json")
    let document = try #require(try result.documents.first)
    #expect(
      Array(keys(document).prefix(6)) == [
        "schema", "sizes", "parameters", "layers", "loss", "reduction",
      ])
    #expect(document["schema"]?.string == "backprop.inspect/2")
    #expect(
      keys(document["layers"]?[0]) == [
        "layer", "outputs", "activation", "normalization", "weightNorm", "kind",
      ])
    #expect(document["layers"]?[0]?["layer"]?.int == 2)
    #expect(document["layers"]?.array?.count == 2)
    #expect(keys(document["encoder"]).contains("features"))
    #expect(document["configuration"]?["schedule"]?["epochs"]?.int == 3)
    let text = try runner.run("inspect", "model.safetensors")
    #expect(text.output.contains("softmax") && text.output.contains("colour"))
  }

  @Test("A reader that goes away ends predict quietly, and does not keep train from saving")
  func brokenPipe() throws {
    try runner.trainSmall()
    for (script, file) in [
      ("predict model.safetensors classes.csv", "model.safetensors"),
      (
        "train classes.csv --target label --epochs 3 --json -o piped.safetensors",
        "piped.safetensors"
      ),
    ] {
      let process = Process()
      process.executableURL = URL(fileURLWithPath: "/bin/sh")
      process.arguments = [
        "-c", "(sleep 0.3; '\(CommandRunner.executable.path)' \(script)) 2> errors | true; sleep 2",
      ]
      process.currentDirectoryURL = runner.folder
      try process.run()
      process.waitUntilExit()
      #expect(try !String(decoding: runner.read("errors"), as: UTF8.self).contains("rror"))
      #expect(try runner.files.contains(file))
    }
  }
}
