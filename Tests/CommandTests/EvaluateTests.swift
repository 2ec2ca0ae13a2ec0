import Backprop
import Foundation
import Testing

@Suite("The command evaluate")
struct EvaluateTests {
  private let runner: CommandRunner

  init() throws { runner = try CommandRunner() }

  /// 90 rows, a third of class yes, which a number tells from the others but for some.
  private static func rows(_ change: (inout [String]) -> Void = { _ in }) -> String {
    var lines = (0..<90).map { row in
      let isYes = row % 3 == 0
      let x = Double((row * 37) % 50) / 10 + (isYes ? 2.5 : 0)
      return "\(x),\((row * 7) % 11),\(isYes ? "yes" : "no")"
    }
    change(&lines)
    return "x,z,y\n" + lines.joined(separator: "\n") + "\n"
  }

  private func train(_ options: String...) throws {
    try runner.write("data.csv", Self.rows())
    let trained = try runner.run(
      ["train", "data.csv", "--target", "y", "--hidden", "4", "--epochs", "30", "--quiet"]
        + options)
    #expect(trained.exitCode == 0, "\(trained.errors)")
  }

  private func evaluate(_ options: String..., data: String = "data.csv") throws -> JSONValue {
    let result = try runner.run(["evaluate", "model.safetensors", data, "--json"] + options)
    #expect(result.exitCode == 0, "\(result.errors)")
    return try #require(try result.documents.first)
  }

  @Test("The rows that a model was trained on are known by what they hold, not by the file's name")
  func knownRows() throws {
    try train("--test", "0.2")
    #expect(try evaluate()["rows"]?.string == "all")
    let quoted = Self.rows { lines in
      lines = lines.map { line in
        line.split(separator: ",").map { "\"\($0)\"" }.joined(separator: ",")
      }
    }
    try runner.write("other.csv", quoted)
    #expect(try evaluate(data: "other.csv")["rows"]?.string == "all")
    let line = try runner.run("evaluate", "model.safetensors", "other.csv").outputLines[1]
    #expect(line.contains("was trained on") && line.contains("--part test, --part held-out"))
    // Other rows, or the same in another order.
    try runner.write("new.csv", Self.rows { $0[1] = "1.7,3,no" })
    #expect(try evaluate(data: "new.csv")["rows"] == .null)
    try runner.write("turned.csv", Self.rows { $0.reverse() })
    #expect(try evaluate(data: "turned.csv")["rows"] == .null)
  }

  @Test("A part is judged as at the end of training, and refused of data that is another")
  func parts() throws {
    try runner.write("data.csv", Self.rows())
    let trained = try runner.run(
      "train", "data.csv", "--target", "y", "--hidden", "4", "--epochs", "30", "--test", "0.2",
      "--json")
    let end = try #require(try trained.documents.last)
    for (part, key, count) in [("test", "test", 18), ("held-out", "validation", 14)] {
      let judged = try evaluate("--part", part)
      #expect(judged["examples"]?.int == count && judged["rows"]?.string == part)
      #expect(judged["loss"] == end[key]?["loss"])
      #expect(judged["metrics"]?["accuracy"] == end[key]?["accuracy"])
    }
    #expect(try evaluate("--part", "training")["examples"]?.int == 58)
    try runner.write(
      "new.csv",
      Self.rows {
        $0[1] = "1.7,3,no"; $0[2] = "1.7,3,no"
      })
    try runner.write("short.csv", Self.rows { $0.removeLast() })
    for data in ["new.csv", "short.csv"] {
      let refused = try runner.run(
        "evaluate", "model.safetensors", data, "--part", "training")
      #expect(refused.exitCode == 1 && refused.errors.contains("is not the data"), "\(data)")
    }
    #expect(
      try runner.run("evaluate", "model.safetensors", "data.csv", "--part", "x").exitCode == 2)
    try train()
    let none = try runner.run("evaluate", "model.safetensors", "data.csv", "--part", "test")
    #expect(none.exitCode == 1 && none.errors.contains("--test 0.2"))
  }

  @Test("The rarest class of training is the positive one, above a threshold that is given")
  func thresholds() throws {
    try train()
    let usual = try evaluate()
    #expect(usual["positive"]?.string == "yes" && usual["threshold"]?.double == 0.5)
    func predicted(_ document: JSONValue, _ column: Int) -> Int {
      (document["confusion"]?["counts"]?.array ?? []).reduce(0) { $0 + ($1[column]?.int ?? 0) }
    }
    // Labels are in their order: no, yes.
    let low = try evaluate("--threshold", "0.05")
    #expect(predicted(low, 1) > predicted(usual, 1))
    #expect(predicted(try evaluate("--threshold", "1"), 1) == 0)
    #expect(predicted(try evaluate("--positive", "no", "--threshold", "1"), 0) == 0)
    #expect(low["metrics"]?["rocAUC"] == usual["metrics"]?["rocAUC"])
    func f1(_ document: JSONValue) -> Double { document["classes"]?[1]?["f1"]?.double ?? .nan }
    let best = try evaluate("--threshold", "best-f1")
    #expect(f1(best) >= f1(usual) && f1(best) >= f1(low))
    let again = try evaluate("--threshold", "\(try #require(best["threshold"]?.double))")
    #expect(again["confusion"] == best["confusion"])
    let text = try runner.run(
      "evaluate", "model.safetensors", "data.csv", "--threshold", "best-f1")
    #expect(text.output.contains("yes, the rarest in training, above 0."))
    #expect(text.output.contains("chosen for the best F1 of these rows"))
    for bad in [["--threshold", "2"], ["--threshold", "x"], ["--positive", "maybe"]] {
      let refused = try runner.run(["evaluate", "model.safetensors", "data.csv"] + bad)
      #expect(refused.exitCode == 2, "\(bad)")
    }
    // So does a prediction.
    func answers(_ options: String...) throws -> Int {
      try runner.run(["predict", "model.safetensors", "data.csv"] + options).outputLines.count {
        $0 == "yes"
      }
    }
    #expect(try answers() == predicted(usual, 1))
    #expect(try answers("--threshold", "0.05") == predicted(low, 1))
    #expect(try answers("--threshold", "1") == 0)
  }

  @Test("ROC and calibration curves are drawn in the terminal and as a picture, for two classes")
  func curves() throws {
    try train()
    let result = try runner.run(
      "evaluate", "model.safetensors", "data.csv", "--curves", "--plot", "curves.svg")
    #expect(result.exitCode == 0, "\(result.errors)")
    #expect(result.output.contains("ROC curve: yes that are found"))
    #expect(result.output.contains("calibration: share that is yes"))
    let picture = String(decoding: try runner.read("curves.svg"), as: UTF8.self)
    #expect(picture.hasPrefix("<svg ") && picture.hasSuffix("</svg>\n"))
    #expect(picture.contains("ROC curve") && picture.contains("probability of yes"))
    try runner.trainSmall()
    let refused = try runner.run(
      "evaluate", "model.safetensors", "classes.csv", "--plot", "more.svg")
    let labels = Set(
      String(decoding: try runner.read("classes.csv"), as: UTF8.self).split(separator: "\n")
        .dropFirst().compactMap { $0.split(separator: ",").last })
    #expect((refused.exitCode == 0) == (labels.count == 2))
  }
}
