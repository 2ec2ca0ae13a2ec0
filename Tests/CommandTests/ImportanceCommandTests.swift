import Backprop
import Testing

@Suite struct ImportanceCommandTests {
  let runner: CommandRunner

  init() throws { runner = try CommandRunner() }

  /// y = yes where x > 0; z and the colour say nothing, and w is a weight.
  private func train(_ options: String...) throws {
    let rows = (0..<90).map { row in
      let isYes = row % 5 == 0
      let x = Double(isYes ? row % 7 : -(row % 7)) + (isYes ? 1.5 : -1.5)
      return "\(x),\((row * 7) % 11),\(["red", "blue", "green"][row * 3 % 7 % 3]),"
        + "\(isYes ? 2 : 1),\(isYes ? "yes" : "no")"
    }
    try runner.write("data.csv", "x,z,colour,w,y\n" + rows.joined(separator: "\n") + "\n")
    let trained = try runner.run(
      [
        "train", "data.csv", "--target", "y", "--weight-column", "w", "--hidden", "4", "--epochs",
        "40", "--quiet",
      ] + options)
    #expect(trained.exitCode == 0, "\(trained.errors)")
  }

  private func importance(_ options: String...) throws -> JSONValue {
    let result = try runner.run(
      ["importance", "model.safetensors", "data.csv", "--json"] + options)
    #expect(result.exitCode == 0 && result.errors.isEmpty, "\(result.errors)")
    return try #require(try result.documents.first)
  }

  @Test("The document has metric, baseline, columns with intervals, and dependences")
  func document() throws {
    try train("--test", "0.3")
    let document = try importance("--part", "test", "--repeats", "4", "--dependence", "2")
    #expect(document["schema"] == "backprop.importance/1" && document["rows"] == "test")
    #expect(document["metric"] == "accuracy" && document["higherIsBetter"] == true)
    #expect(document["repeats"] == 4 && document["seed"] == 0 && document["weights"] == .null)
    let judged = try #require(
      try runner.run("evaluate", "model.safetensors", "data.csv", "--part", "test", "--json")
        .documents.first)
    #expect(document["baseline"] == judged["metrics"]?["accuracy"])
    #expect(document["examples"] == judged["examples"])
    let columns = try #require(document["columns"]?.array)
    #expect(columns.count == 3 && columns[0]["name"] == "x")
    for column in columns {
      let value = try #require(column["importance"]?.double)
      let low = try #require(column["interval"]?[0]?.double)
      let high = try #require(column["interval"]?[1]?.double)
      let drops = try #require(column["drops"]?.array).compactMap(\.double)
      #expect(low <= value && value <= high && drops.count == 4)
      #expect(abs(drops.reduce(0, +) / 4 - value) < 1e-12)
    }
    let dependence = try #require(document["dependence"]?.array)
    #expect(dependence.count == 2 && dependence[0]["column"] == "x")
    #expect(dependence[0]["meaning"] == "probability" && dependence[0]["outputs"] == ["no", "yes"])
    let points = try #require(dependence[0]["points"]?.array)
    let yes = points.compactMap { $0["predictions"]?[1]?.double }
    #expect(yes.count == points.count && (yes.last ?? 0) > 0.5 && (yes.first ?? 1) < 0.5)
    // One number of threads gives what another does.
    let one = try importance("--repeats", "3", "--threads", "1")
    let two = try importance("--repeats", "3", "--threads", "2")
    #expect(one == two)
    let other = try importance("--seed", "1")
    #expect(one["rows"] == "all" && one["columns"] != other["columns"])
    let weighted = try importance("--weighted")
    #expect(weighted["weights"] != .null && weighted["baseline"] != .null)
    #expect(try importance("--dependence", "0")["dependence"] == [])
  }

  @Test("The text says what the rows are, what was measured, and shows a table of each")
  func text() throws {
    try train("--metric", "log-loss")
    let result = try runner.run("importance", "model.safetensors", "data.csv", "--dependence", "1")
    #expect(result.exitCode == 0 && result.errors.isEmpty, "\(result.errors)")
    let lines = result.outputLines
    #expect(lines[0] == "examples  90")
    #expect(lines[1].contains("was trained on, which flatters it; see --part held-out"))
    #expect(lines[2].contains("none: every row counts once (--weighted"))
    // What the run was told to watch.
    #expect(lines[3].hasPrefix("metric    log loss 0."))
    #expect(lines[4] == "column  importance  95 % interval" && lines[5].hasPrefix("x "))
    #expect(result.output.contains("by how much log loss rises on average"))
    #expect(result.output.contains("mean probability over the rows where x is"))
    #expect(lines.contains { $0.hasSuffix(" yes") } && !lines.contains { $0.hasSuffix(" no") })
    let no = try runner.run(
      "importance", "model.safetensors", "data.csv", "--positive", "no", "--repeats", "1",
      "--language", "ko")
    #expect(no.output.contains("중요도") && no.outputLines.contains { $0.hasSuffix(" no") })
    #expect(no.outputLines[5].hasSuffix("–") && !no.output.contains("스튜던트"))
  }

  @Test("A picture has a bar a column and a panel a dependence, and takes no file of another kind")
  func picture() throws {
    try train()
    let drawn = try runner.run(
      "importance", "model.safetensors", "data.csv", "--plot", "i.svg", "--quiet")
    #expect(drawn.exitCode == 0, "\(drawn.errors)")
    let picture = String(decoding: try runner.read("i.svg"), as: UTF8.self)
    #expect(picture.hasPrefix("<svg ") && picture.hasSuffix("</svg>\n"))
    #expect(picture.components(separatedBy: "class=\"bar\"").count == 4)
    #expect(picture.components(separatedBy: "class=\"panel\"").count == 4)
    #expect(!picture.contains("NaN") && picture.contains("fall of the accuracy"))
    let refused = try runner.run(
      "importance", "model.safetensors", "data.csv", "--plot", "data.csv")
    #expect(refused.exitCode == 2 && refused.errors.contains("would overwrite data.csv"))
  }

  @Test("A number's dependence is in its unit, a date has none, and a bare network has its columns")
  func otherModels() throws {
    let rows = (0..<60).map { "\($0 % 10),2024-01-\($0 % 28 + 1),\($0 % 10 * 100 + $0 / 10).5" }
    try runner.write("n.csv", "a,day,y\n" + rows.joined(separator: "\n") + "\n")
    let trained = try runner.run(
      "train", "n.csv", "--target", "y", "--epochs", "40", "--hidden", "4", "--quiet", "-o",
      "n.safetensors")
    #expect(trained.exitCode == 0, "\(trained.errors)")
    let result = try runner.run("importance", "n.safetensors", "n.csv", "--json")
    #expect(result.errors == "note: day is a date, which has no dependence to show\n")
    let document = try result.documents[0]
    #expect(document["metric"] == "r2" && document["dependence"]?.array?.count == 1)
    let points = try #require(document["dependence"]?[0]?["points"]?.array)
    #expect(points.compactMap { $0["value"]?.double } == (0..<10).map { Double($0) })
    let last = try #require(points.last?["predictions"]?[0]?.double)
    #expect(document["dependence"]?[0]?["meaning"] == "value" && last > 500)
    try runner.writeMazur()
    try runner.write("two.csv", "i1,i2,o1,o2\n0.05,0.10,0.01,0.99\n0.5,0.3,0.2,0.1\n")
    let bare = try runner.run(
      "importance", "mazur.safetensors", "two.csv", "--target", "o1,o2", "--metric", "mae",
      "--json")
    #expect(bare.exitCode == 0, "\(bare.errors)")
    let names = try bare.documents[0]["columns"]?.array?.compactMap { $0["name"]?.string }
    #expect(names?.sorted() == ["i1", "i2"])
    let one = try runner.run(
      "importance", "mazur.safetensors", "mazur.csv", "--target", "o1,o2", "--metric", "mae")
    #expect(one.exitCode == 1 && one.errors.contains("mazur.csv: 1 row, and to permute takes two"))
  }

  @Test("What cannot be measured is refused with what mends it")
  func refusals() throws {
    try train()
    for (options, text) in [
      (["--metric", "rmse"], "does not judge this task; there are loss, accuracy"),
      (["--metric", "acuracy"], "accuracy"), (["--repeats", "0"], "a number from 1 to"),
      (["--dependence", "-1"], "a number of columns from 0"), (["--part", "x"], "--part x: give"),
      (["--positive", "maybe"], "there is no such label"),
      (["--plot", "p.png"], "the picture is SVG"),
    ] {
      let refused = try runner.run(["importance", "model.safetensors", "data.csv"] + options)
      #expect(refused.exitCode == 2 && refused.errors.contains(text), "\(refused.errors)")
      #expect(refused.output.isEmpty && refused.errorLines.count == 1, "\(refused.errors)")
    }
    // One class alone ranks nothing.
    try runner.write("yes.csv", "x,z,colour,w,y\n1,2,red,1,yes\n2,3,blue,1,yes\n")
    let refused = try runner.run(
      "importance", "model.safetensors", "yes.csv", "--metric", "roc-auc")
    #expect(refused.exitCode == 1 && refused.errors.contains("yes.csv: roc-auc is not defined"))
  }
}
