import Backprop
import Foundation
import Testing

@Suite("train --folds")
struct FoldTests {
  private let runner: CommandRunner

  init() throws {
    runner = try CommandRunner()
    try runner.writeClassification()
    try runner.writeRegression()
  }

  private func folds(_ more: String..., data: String = "classes.csv") throws
    -> CommandRunner.Result
  {
    try runner.run(
      ["train", data, "--hidden", "8", "--epochs", "3", "--seed", "2"] + more)
  }

  @Test("JSON lines tell each fold, and mean and sample deviation of all in the last line")
  func json() throws {
    let result = try folds("--target", "label", "--folds", "3", "--json", "--quiet")
    #expect(result.exitCode == 0, "\(result.errors)")
    let documents = try result.documents
    #expect(documents.count { $0["event"]?.string == "start" } == 1)
    #expect(documents[0]["folds"]?.int == 3)
    #expect(documents[1]["fold"]?.int == 1)
    let folds = documents.filter { $0["event"]?.string == "fold" }
    #expect(folds.compactMap { $0["fold"]?.int } == [1, 2, 3])
    // 60 rows: 20 judge, of the other 40 a fifth chooses the epoch.
    #expect(folds.compactMap { $0["testExamples"]?.int } == [20, 20, 20])
    #expect(folds.compactMap { $0["examples"]?.int } == [32, 32, 32])
    #expect(folds.compactMap { $0["validationExamples"]?.int } == [8, 8, 8])
    let values = folds.compactMap { $0["test"]?["accuracy"]?.double }
    let mean = values.reduce(0, +) / 3
    let squares = values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) }
    let end = try #require(documents.last)
    #expect(end["event"]?.string == "end" && end["model"] == .null)
    #expect(end["folds"]?["mean"]?["accuracy"]?.double == mean)
    #expect(end["folds"]?["sd"]?["accuracy"]?.double == (squares / 2).squareRoot())
    #expect(try !runner.files.contains("model.safetensors"))
  }

  @Test("With -o the model is that of a run without folds, and the same again")
  func model() throws {
    let result = try folds(
      "--target", "y", "--folds", "4", "-o", "a", "--quiet", data: "numbers.csv")
    #expect(result.exitCode == 0, "\(result.errors)")
    #expect(result.output.contains("mean and sample standard deviation (n − 1) over 4 folds"))
    #expect(try folds("--target", "y", "-o", "b", data: "numbers.csv").exitCode == 0)
    #expect(try runner.read("a") == runner.read("b"))
    let again = try folds(
      "--target", "y", "--folds", "4", "--quiet", "--threads", "2", data: "numbers.csv")
    #expect(again.outputLines.first == result.outputLines.first)
    #expect(Set(again.outputLines).isSubset(of: result.outputLines))
  }

  @Test("What acts on the updates acts in each fold too")
  func updates() throws {
    func losses(_ more: String...) throws -> [Double?] {
      let result = try runner.run(
        [
          "train", "numbers.csv", "--target", "y", "--hidden", "8", "--epochs", "3", "--folds", "2",
          "--json", "--quiet",
        ] + more)
      #expect(result.exitCode == 0, "\(result.errors)")
      return try result.documents.filter { $0["event"]?.string == "fold" }
        .map { $0["test"]?["loss"]?.double }
    }
    let plain = try losses()
    #expect(plain.count == 2)
    for options in [
      ["--l1", "0.1"], ["--max-norm", "0.1"], ["--ema", "0.9"], ["--swa", "0.5"],
      ["--accumulate", "2"], ["--rate-factors", "0.5"],
    ] {
      let found = try losses(options[0], options[1])
      #expect(found[0] != plain[0] && found[1] != plain[1], "\(options)")
    }
    // λ/n with n of the fold is no λ/1.
    #expect(
      try losses("--l2", "1", "--l2-scaling", "per-example") != losses("--l2", "1"))
  }

  @Test("A category that only the judging rows have is unknown to the encoder of their fold")
  func encoders() throws {
    var text = "a,c,y\n"
    for row in 0..<30 { text += "\(row),\(row == 0 ? "rare" : "x\(row % 2)"),\(2 * row).5\n" }
    try runner.write("rare.csv", text)
    let result = try folds(
      "--target", "y", "--folds", "2", "--json", "--validation", "0", data: "rare.csv")
    #expect(result.exitCode == 0, "\(result.errors)")
  }

  @Test("Weights of rows and classes count in each fold: all 2 double the loss, and no share")
  func weights() throws {
    var text = "a,w,label\n"
    for row in 0..<40 { text += "\(row),2,\(row % 2 == 0 ? "u" : "v")\n" }
    try runner.write("w.csv", text)
    // So small a rate leaves the weights as they were made: then C = Σ w C / n is 2 C to the bit.
    func tests(_ more: String...) throws -> [(loss: Double?, accuracy: Double?)] {
      let result = try runner.run(
        [
          "train", "w.csv", "--target", "label", "--folds", "2", "--json", "--quiet", "--epochs",
          "1",
          "--hidden", "4", "--learning-rate", "1e-30",
        ] + more)
      #expect(result.exitCode == 0, "\(result.errors)")
      return try result.documents.compactMap { $0["test"] }.filter { $0 != .null }.map {
        ($0["loss"]?.double, $0["accuracy"]?.double)
      }
    }
    let plain = try tests("--ignore", "w")
    let byRow = try tests("--weight-column", "w")
    let byClass = try tests("--ignore", "w", "--class-weight", "u=2,v=2")
    // Half of the rows of a fold's training part are of each class: balanced weights are 1.
    let balanced = try tests("--ignore", "w", "--class-weight", "balanced")
    #expect(plain.count == 2)
    for index in plain.indices {
      let loss = try #require(plain[index].loss)
      #expect(byRow[index].loss == 2 * loss && byClass[index].loss == 2 * loss)
      #expect(balanced[index].loss == loss)
      #expect(byRow[index].accuracy == plain[index].accuracy)
    }
  }

  @Test("What has no meaning is refused before data are read")
  func refusals() throws {
    for (arguments, message) in [
      (["--folds", "1"], "--folds 1: give at least 2"),
      (["--folds", "3", "--validation-data", "x.csv"], "--validation-data has no meaning with"),
      (["--folds", "3", "--memory", "1GB"], "--memory has no meaning with folds"),
      (["--folds", "3", "--from", "m"], "--from has no meaning with folds"),
      (["--folds", "3", "--resume", "run"], "--resume has no meaning with folds"),
      (["--folds", "3", "--checkpoint", "run"], "--checkpoint has no meaning with folds"),
      (["--folds", "3", "--plot", "p.svg"], "--plot has no meaning with folds: without -o"),
    ] {
      let result = try runner.run(["train", "nothing.csv", "--target", "y"] + arguments)
      #expect(result.exitCode == 2 && result.errors.contains(message), "\(result.errors)")
    }
    try runner.write("few.csv", "x,y\n1,1\n2,2\n3,3\n4,4\n5,5\n6,6\n")
    for option in [["--patience", "3"], ["--metric", "rmse"]] {
      let few = try runner.run(
        ["train", "few.csv", "--target", "y", "--folds", "2", "--epochs", "3"] + option)
      #expect(few.exitCode == 2 && few.errors.contains("\(option[0]) needs validation data"))
    }
    try runner.write("one.csv", "a,label\n1,u\n2,u\n3,v\n4,u\n")
    let result = try folds("--target", "label", "--folds", "2", data: "one.csv")
    #expect(result.exitCode == 1)
    #expect(result.errors.contains("class \"v\" has 1 example, fewer than 2 folds"))
  }
}
