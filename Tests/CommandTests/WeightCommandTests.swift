import Backprop
import Foundation
import Testing

@Suite("Weights, metrics and monitors on the command line")
struct WeightCommandTests {
  private let runner: CommandRunner

  init() throws { runner = try CommandRunner() }

  private func keys(_ document: JSONValue?) -> [String] { document?.object?.map(\.key) ?? [] }

  /// Two classes with a column of weights; `w` is 2 in the first row if it is not repeated.
  private func writeWeighted(_ name: String, repeatsFirst: Bool) throws {
    var text = "a,b,w,label\n"
    for row in 0..<30 {
      let line = "\((row * 7) % 20),\((row * 13) % 17)"
      let label = (row * 7) % 20 < (row * 13) % 17 ? "below" : "above"
      let times = row == 0 && repeatsFirst ? 2 : 1
      let weight = row == 0 && !repeatsFirst ? 2 : 1
      for _ in 0..<times { text += "\(line),\(weight),\(label)\n" }
    }
    try runner.write(name, text)
  }

  @Test("A weight of 2 and the row twice train the same model, to the bit, under sum")
  func twice() throws {
    // One block, since a batch with a row more is cut elsewhere. A model without an encoder, because means and deviations of an encoder are those of rows.
    let created = try runner.run(
      "create", "--sizes", "2,5,2", "--activation", "tanh,softmax", "--loss", "cross-entropy",
      "--reduction", "sum", "--seed", "3", "-o", "start.safetensors")
    #expect(created.exitCode == 0, "\(created.errors)")
    var tensors: [[UInt8]] = []
    for repeats in [false, true] {
      try writeWeighted("x.csv", repeatsFirst: repeats)
      let trained = try runner.run(
        "train", "x.csv", "--from", "start.safetensors", "--target", "label", "--validation", "0",
        "--weight-column", "w", "--no-shuffle", "--batch-size", "40", "--epochs", "1",
        "--shards", "1", "--optimizer", "sgd", "--learning-rate", "0.01", "--quiet", "-o",
        "out.safetensors")
      #expect(trained.exitCode == 0, "\(trained.errors)")
      // Behind the header, which holds the configuration.
      tensors.append(try runner.read("out.safetensors").suffix((2 * 5 + 5 + 5 * 2 + 2) * 4))
    }
    #expect(tensors[0] == tensors[1])
  }

  @Test("Log loss and loss stand side by side where they are two quantities, which are then named")
  func lossText() throws {
    try writeWeighted("x.csv", repeatsFirst: false)
    func line(_ options: String...) throws -> String {
      let trained = try runner.run(
        ["train", "x.csv", "--target", "label", "--epochs", "1", "--hidden", "4"] + options)
      #expect(trained.exitCode == 0, "\(trained.errors)")
      return trained.outputLines[0]
    }
    // Divided by the weights and by the examples they differ, and are the same quantity.
    for options in [[], ["--weight-column", "w"], ["--class-weight", "above=3,below=1"]] {
      let text = try runner.run(
        ["train", "x.csv", "--target", "label", "--epochs", "1", "--hidden", "4"] + options
      ).outputLines[0]
      #expect(text.contains(", log loss ") && !text.contains(", loss "), "\(text)")
    }
    #expect(try line("--validation", "0").hasSuffix("were learned from; nothing was held out"))
    for (option, value) in [("--label-smoothing", "0.1"), ("--mixup", "0.2")] {
      for options in [[option, value, "--validation", "0"], [option, value]] {
        let text = try runner.run(
          ["train", "x.csv", "--target", "label", "--epochs", "1", "--hidden", "4"] + options
        ).outputLines[0]
        #expect(text.contains(", log loss ") && !text.contains(", loss "), "\(text)")
      }
    }
    let other = try line("--loss", "squared-error")
    #expect(other.contains(", log loss ") && other.contains(", loss "), "\(other)")

    _ = try line("--weight-column", "w")
    let evaluated = try runner.run(
      "evaluate", "model.safetensors", "x.csv", "--weighted"
    ).outputLines
    let loss = try #require(evaluated.first { $0.hasPrefix("loss ") })
    // 31 / 30.
    #expect(loss.hasSuffix("(cross-entropy per example; weights average 1.033)"), "\(loss)")
    let folds = try runner.run(
      "train", "x.csv", "--target", "label", "--epochs", "1", "--hidden", "4", "--folds", "2")
    #expect(!folds.errors.contains(", loss ") && folds.errors.contains(", log loss "))
    #expect(!folds.outputLines.contains { $0.hasPrefix("loss ") })
  }

  @Test("The weight column is no feature; evaluate uses it if asked, predict needs none")
  func column() throws {
    try writeWeighted("x.csv", repeatsFirst: false)
    let trained = try runner.run(
      "train", "x.csv", "--target", "label", "--weight-column", "w", "--epochs", "3", "--hidden",
      "4")
    #expect(trained.exitCode == 0 && trained.errors.contains("weights: column w; "))
    let model = try runner.run("inspect", "model.safetensors", "--json").documents[0]
    #expect(model["sizes"]?[0]?.int == 2)
    #expect(model["weights"]?["column"]?.string == "w")
    let weighted = try runner.run(
      "evaluate", "model.safetensors", "x.csv", "--weighted", "--json"
    ).documents[0]
    #expect(weighted["weights"]?["column"]?.string == "w")
    #expect(keys(weighted["confusion"]) == ["labels", "counts", "weights"])
    let sums = weighted["confusion"]?["weights"]?.array?.flatMap { $0.array ?? [] } ?? []
    #expect(sums.compactMap(\.double).reduce(0, +) == 31)
    let plain = try runner.run(
      "evaluate", "model.safetensors", "x.csv", "--json"
    ).documents[0]
    #expect(plain["weights"] == .null && plain["loss"] != weighted["loss"])
    #expect(keys(plain["confusion"]) == ["labels", "counts"])
    let lines = try runner.run("evaluate", "model.safetensors", "x.csv", "--weighted").outputLines
    #expect(lines[2] == "weights            column w")
    let text = try runner.run("evaluate", "model.safetensors", "x.csv").outputLines[2]
    #expect(text.contains("every row counts once") && text.contains("--weighted"))

    try runner.write("bare.csv", "a,b,label\n1,2,below\n5,2,above\n")
    #expect(try runner.run("predict", "model.safetensors", "bare.csv").exitCode == 0)
    let bare = try runner.run("evaluate", "model.safetensors", "bare.csv", "--weighted")
    #expect(bare.exitCode == 0 && bare.errors.contains("column w, which is missing here"))
  }

  @Test("Labels with commas and equals signs have weights like any other")
  func labelsWithCommas() throws {
    let labels = [",a", "b,", "c=x,d", "e"]
    try runner.write(
      "x.csv", "n,label\n" + (0..<40).map { "\($0),\"\(labels[$0 % 4])\"\n" }.joined())
    func train(_ weights: String) throws -> CommandRunner.Result {
      try runner.run(
        "train", "x.csv", "--target", "label", "--class-weight", weights, "--epochs", "1",
        "--hidden", "2", "--quiet", "-o", "m.st", "--force")
    }
    let trained = try train(",a=2,b,=3,c=x,d=4,e=5")
    #expect(trained.exitCode == 0, "\(trained.errors)")
    let inspected = try runner.run("inspect", "m.st", "--json").documents.first
    let weights = inspected?["weights"]?["classes"]
    for (label, weight) in zip(labels, [2.0, 3, 4, 5]) {
      #expect(weights?[label]?.double == weight, "\(label)")
    }
    for list in ["e=2,", " ,e=2"] {
      let refused = try train(list)
      #expect(refused.exitCode == 2 && refused.errors.contains("comma"), "\(refused.errors)")
    }
  }

  @Test("Balanced classes are stored as numbers, and used in evaluations that ask for them")
  func classes() throws {
    var text = "a,label\n"
    for row in 0..<40 { text += "\(row),\(row < 10 ? "rare" : "common")\n" }
    try runner.write("x.csv", text)
    func train(_ weight: String) throws {
      let trained = try runner.run(
        "train", "x.csv", "--target", "label", "--class-weight", weight, "--epochs", "2", "--quiet",
        "--hidden", "4", "--validation", "0")
      #expect(trained.exitCode == 0, "\(trained.errors)")
    }
    func weights(_ command: [String]) throws -> [Double?] {
      let weights = try runner.run(command + ["--json"]).documents[0]["weights"]?["classes"]
      return [weights?["common"]?.double, weights?["rare"]?.double]
    }
    try train("balanced")
    // 40/(2·30) and 40/(2·10).
    #expect(try weights(["inspect", "model.safetensors"]) == [2.0 / 3, 2])
    let call = ["evaluate", "model.safetensors", "x.csv", "--weighted"]
    #expect(try weights(call) == [2.0 / 3, 2])
    let evaluation = try runner.run(call + ["--json"]).documents[0]
    // All classes weigh the same, so accuracy is balanced accuracy.
    let metrics = evaluation["metrics"]
    let accuracy = try #require(metrics?["accuracy"]?.double)
    #expect(abs(accuracy - (try #require(metrics?["balancedAccuracy"]?.double))) < 1e-6)
    #expect(evaluation["classes"]?[1]?["label"]?.string == "rare")
    try train("rare=5")
    #expect(try weights(["inspect", "model.safetensors"]) == [1, 5])
    try train("none")
    #expect(try weights(["inspect", "model.safetensors"]) == [nil, nil])
  }

  @Test("Bootstrap intervals stand beside the values, and repeat with the seed")
  func bootstrap() throws {
    try runner.trainSmall()
    let call = ["evaluate", "model.safetensors", "classes.csv", "--bootstrap", "200"]
    let document = try runner.run(call + ["--json"]).documents[0]
    #expect(
      keys(document["intervals"]) == ["loss"] + keys(document["metrics"]))
    for (key, interval) in (document["intervals"]?.object ?? []).map({ ($0.key, $0.value) }) {
      #expect(keys(interval) == ["value", "low", "high"])
      #expect(interval["value"] == (key == "loss" ? document["loss"] : document["metrics"]?[key]))
      let (low, high) = (interval["low"]?.double ?? .nan, interval["high"]?.double ?? .nan)
      #expect(low <= high, "\(key)")
    }
    #expect(document["bootstrap"]?["samples"]?.int == 200)
    #expect(try runner.run(call + ["--json", "--threads", "2"]).documents[0] == document)
    #expect(
      try runner.run(call + ["--json", "--seed", "1"]).documents[0]["intervals"]
        != document["intervals"])
    let text = try runner.run(call + ["--metrics", "roc-auc,top-k:2"])
    #expect(
      text.outputLines.map { String($0.prefix(8)) } == [
        "examples", "rows    ", "positive", "ROC AUC ", "top-2 ac", "loss    ", "baseline",
        "[95 % in",
      ])
    #expect(text.outputLines[3].contains("[") && !text.output.contains("predicted →"))
  }

  @Test("What is not defined is a dash in text, and \"NaN\" in JSON")
  func undefined() throws {
    try runner.writeRegression()
    let trained = try runner.run(
      "train", "numbers.csv", "--target", "y", "--epochs", "2", "--quiet")
    #expect(trained.exitCode == 0, "\(trained.errors)")
    try runner.write("constant.csv", "a,b,y,z\n1,2,3,4\n2,1,3,4\n")
    let call = ["evaluate", "model.safetensors", "constant.csv"]
    #expect(try runner.run(call).output.contains("R²         –\n"))
    #expect(try runner.run(call + ["--json"]).documents[0]["metrics"]?["r2"]?.string == "NaN")
    let pinball = try runner.run(call + ["--metrics", "pinball:0.9,r2", "--json"]).documents[0]
    #expect(keys(pinball["metrics"]) == ["pinball0.9", "r2"])
  }

  @Test("A watched metric chooses the best epoch, and stands with the validation of each")
  func monitor() throws {
    try runner.writeClassification()
    let result = try runner.run(
      "train", "classes.csv", "--target", "label", "--hidden", "4", "--epochs", "30", "--json",
      "--quiet", "--metric", "roc-auc", "--min-delta", "0.01", "--patience", "3")
    #expect(result.exitCode == 0, "\(result.errors)")
    let documents = try result.documents
    #expect(documents[0]["configuration"]?["stopping"]?["metric"]?.string == "roc-auc")
    let values = documents.compactMap { document in
      document["event"]?.string == "epoch" ? document["validation"]?["rocAUC"]?.double : nil
    }
    // By hand: the last epoch is the third after the last gain of at least 0.01, or the last of all.
    var (reference, improved) = (values[0], 1)
    var end = 30
    for (index, value) in values.enumerated().dropFirst() {
      if value - reference >= 0.01 { (reference, improved) = (value, index + 1) }
      if index + 1 - improved >= 3 {
        end = index + 1
        break
      }
    }
    #expect(values.count == end)
    #expect(documents.last?["validation"]?["rocAUC"]?.double == values.max())
  }

  @Test("Bad weights and metrics are named, with the line and a way out")
  func badInput() throws {
    func expectFailure(
      _ code: Int32, _ arguments: [String], _ parts: String...,
      sourceLocation: SourceLocation = #_sourceLocation
    ) throws {
      let result = try runner.run(arguments)
      #expect(result.exitCode == code, "\(result.errors)", sourceLocation: sourceLocation)
      #expect(result.errorLines.count == 1, "\(result.errors)", sourceLocation: sourceLocation)
      for part in parts {
        #expect(
          result.errors.contains(part), "\(part) in \(result.errors)",
          sourceLocation: sourceLocation)
      }
    }
    let train = ["train", "x.csv", "--target", "y", "--quiet", "--epochs", "1"]
    let weigh = train + ["--weight-column", "w"]
    for (cell, parts) in [
      ("-1", ["line 3", "\"w\"", "the weight -1 is negative"]),
      ("", ["line 3", "\"w\"", "0 leaves its row out"]),
      ("much", ["line 3", "\"w\"", "\"much\" is not a number"]),
      ("1e60", ["line 3", "\"w\"", "too large for numbers of float precision"]),
    ] {
      try runner.write("x.csv", "a,w,y\n1,1,p\n2,\(cell),q\n3,1,p\n4,1,q\n")
      try expectFailure(1, weigh, parts[0], parts[1], parts[2])
    }
    try runner.write("x.csv", "a,w,y\n1,0,p\n2,0,q\n3,0,p\n4,0,q\n")
    try expectFailure(1, weigh, "weights of all 4 examples are 0")
    try expectFailure(1, weigh + ["--class-weight", "balanced"], "\"p\" has no weight")
    try expectFailure(1, train + ["--weight-column", "v"], "no column \"v\"")
    try expectFailure(2, train + ["--weight-column", "y"], "y is a target")
    try expectFailure(
      2, train + ["--class-weight", "p=1,r=2"], "no label \"r\"", "the labels are p, q")
    try expectFailure(2, train + ["--class-weight", "p=-1"], "weight of \"p\"", "at least 0")
    try expectFailure(2, train + ["--class-weight", "p=1,p=2"], "\"p\" is named twice")
    try expectFailure(2, train + ["--class-weight", "p=0,q=0"], "all weights are 0")
    try expectFailure(2, train + ["--class-weight", "balance"], "write balanced, or")
    try expectFailure(
      2,
      [
        "train", "x.csv", "--target", "a", "--class-weight", "balanced", "--quiet", "--task",
        "regression",
      ], "--class-weight is for a classification", "weight column")
    try expectFailure(
      2, train + ["--metric", "auc"], "--metric \"auc\": there is no such name", "roc-auc")
    try expectFailure(
      2, train + ["--metric", "rmse"], "rmse does not judge this task", "accuracy")
    try expectFailure(
      2, train + ["--metric", "brier", "--loss", "hinge"], "brier needs probabilities")
    try expectFailure(
      2, train + ["--metric", "f1", "--validation", "0"], "--metric needs validation data")
    try expectFailure(2, train + ["--min-delta", "-1"], "--min-delta -1", "at least 0")
    #expect(try runner.files == ["x.csv"])

    #expect(try runner.run(train).exitCode == 0)
    let evaluate = ["evaluate", "model.safetensors", "x.csv"]
    try expectFailure(2, evaluate + ["--metrics", "acuracy"], "did you mean accuracy?")
    try expectFailure(2, evaluate + ["--metrics", "f1,f1"], "f1 twice")
    try expectFailure(2, evaluate + ["--metrics", "r2"], "r2 does not judge this task")
    try expectFailure(2, evaluate + ["--bootstrap", "-1"], "--bootstrap -1")
    try expectFailure(2, evaluate + ["--weight-column", "w"], "w is a feature of the model")
    try expectFailure(2, evaluate + ["--weight-column", "y"], "y is a target")
  }
}
