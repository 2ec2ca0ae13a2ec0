import Backprop
import Foundation
import Testing

@Suite("Tables as people have them, through the commands")
struct TableReadingTests {
  private let runner: CommandRunner

  init() throws { runner = try CommandRunner() }

  private var command: String { CommandRunner.executable.path }
  private let quick = ["--hidden", "4", "--epochs", "2", "--quiet"]

  private func errors() -> String {
    String(decoding: (try? runner.read("errors")) ?? [], as: UTF8.self)
  }

  @Test("A model is read with as its training was, unless something else is said")
  func inherited() throws {
    var text = "Report\nof 2020; by us\n% no row\n"
    for row in 0..<40 { text += "\(row % 7)  \(row % 5) \(row % 2 == 0 ? "yes" : "no")\n" }
    try runner.write("a.txt", text)
    let trained = try runner.run(
      [
        "train", "a.txt", "--skip-lines", "2", "--comment", "%", "--delimiter", "space",
        "--column-names", "a,\"price, net\",label", "--target", "label",
      ] + quick)
    #expect(trained.exitCode == 0, "\(trained.errors)")
    for line in [["evaluate"], ["predict"]] {
      let result = try runner.run(line + ["model.safetensors", "a.txt", "--json"])
      #expect(result.exitCode == 0, "\(result.errors)")
      let document = try result.documents[0]
      #expect((document["examples"]?.int ?? document["predictions"]?.array?.count) == 40)
    }
    try runner.write("b.csv", "a;price, net\n1;2\n3;4\n")
    let other = try runner.run([
      "predict", "model.safetensors", "b.csv", "--skip-lines", "0", "--comment", "none",
      "--delimiter", ";", "--header",
    ])
    #expect(other.exitCode == 0 && other.outputLines.count == 3, "\(other.errors)")
    let written = try runner.run("inspect", "model.safetensors", "--config")
    #expect(written.output.contains("price, net"))
  }

  @Test(
    "Names with commas are columns in every option, in quotes or not, and in a file of settings")
  func commas() throws {
    var text = "\"price, net\",\"a,b\",w,\"code, old\",\"y, true\"\n"
    for row in 0..<40 { text += "\(row % 7),\(row % 3),1,\(row % 4),\(row % 5)\n" }
    try runner.write("t.csv", text)
    for names in [
      ["y, true", "price, net", "code, old", "a,b"],
      ["\"y, true\"", "\"price, net\"", "\"code, old\"", "\"a,b\""],
    ] {
      let trained = try runner.run(
        [
          "train", "t.csv", "--target", names[0], "--ignore", names[1], "--categorical", names[2],
          "--numeric", names[3], "--task", "regression", "--json",
        ] + quick.dropLast())
      #expect(trained.exitCode == 0, "\(trained.errors)")
      let settings = try runner.run("inspect", "model.safetensors", "--config")
      try runner.write("c.json", settings.output)
      let again = try runner.run([
        "train", "t.csv", "--config", "c.json", "--quiet", "-o", "b.safetensors",
      ])
      #expect(again.exitCode == 0, "\(again.errors)")
      #expect(try runner.run("evaluate", "b.safetensors", "t.csv").exitCode == 0)
    }
    try runner.write(
      "d.json",
      """
      {"target": ["y, true"], "ignore": ["price, net", "w"], "categorical": ["code, old"],
       "weightColumn": "a,b", "epochs": 1}
      """)
    let trained = try runner.run("train", "t.csv", "--config", "d.json", "--quiet")
    #expect(trained.exitCode == 0, "\(trained.errors)")
    let weighed = try runner.run(
      ["train", "t.csv", "--target", "y, true", "--weight-column", "a,b"] + quick)
    #expect(weighed.exitCode == 0, "\(weighed.errors)")
  }

  @Test("Every line of a file of one column has its prediction")
  func blankLines() throws {
    var text = "x,y\n"
    for row in 0..<40 { text += row % 9 == 0 ? ",0\n" : "\(row % 7),\(row % 5)\n" }
    try runner.write("t.csv", text)
    #expect(try runner.run(["train", "t.csv", "--target", "y"] + quick).exitCode == 0)
    try runner.write("x.csv", "x\n1\n\n3\n\n\n5\n\n\n")
    let result = try runner.run("predict", "model.safetensors", "x.csv")
    #expect(result.outputLines.count == 7, "\(result.output)\(result.errors)")
    let document = try runner.run("predict", "model.safetensors", "x.csv", "--json").documents[0]
    let predictions = try #require(document["predictions"]?.array?.map(\.double))
    #expect(predictions.count == 6)
    #expect(predictions[1] == predictions[3] && predictions[3] == predictions[4])
  }

  @Test("- is standard input, which leaves nothing behind")
  func standardInput() throws {
    try runner.trainSmall()
    let model = try runner.read("model.safetensors")
    let line = "train - --target label --hidden 8 --epochs 3 --seed 2 --quiet -o s.safetensors"
    #expect(
      try runner.shell(
        "mkdir -p tmp; export TMPDIR=tmp; cat classes.csv | \(command) \(line) 2> errors") == 0)
    #expect(errors() == "")
    #expect(try runner.shell("gzip -kc classes.csv | \(command) \(line) 2> errors") == 0)
    let predicted = try runner.run("predict", "model.safetensors", "classes.csv").output
    for name in ["classes.csv"] {
      #expect(
        try runner.shell("cat \(name) | \(command) predict s.safetensors - > out 2> errors") == 0)
      #expect(String(decoding: try runner.read("out"), as: UTF8.self) == predicted)
      #expect(
        try runner.shell("\(command) evaluate s.safetensors - < \(name) > out 2> errors") == 0)
    }
    #expect(!model.isEmpty)
    #expect(try FileManager.default.contentsOfDirectory(atPath: runner.path("tmp")).isEmpty)
  }

  @Test("Standard input that cannot be read, or not twice, is refused in one line")
  func refusedInput() throws {
    try runner.trainSmall()
    let quick = "--target label --epochs 1 --quiet"
    for (line, code, error) in [
      (
        "\(command) train - \(quick) <&-", 1,
        "cannot read standard input: it is closed, or a folder"
      ),
      (
        "\(command) predict model.safetensors - < /dev/null", 1, "standard input: the file is empty"
      ),
      (
        "echo 'a,b\n1' | \(command) predict model.safetensors -", 1,
        "standard input, line 2: the row has"
      ),
      (
        "cat classes.csv | \(command) train - \(quick) --validation-data -", 1,
        "cannot read standard input: it is read already"
      ),
      ("\(command) train - \(quick) --config - < /dev/null", 2, "DATA and --config are both -"),
    ] {
      #expect(try runner.shell("\(line) > out 2> errors") == Int32(code), "\(line)")
      let errors = errors()
      #expect(errors.hasPrefix("error: \(error)"), "\(line): \(errors)")
      #expect(errors.split(separator: "\n").count == 1, "\(line): \(errors)")
    }
  }

  @Test("A run on standard input goes on with the same rows, by a file or once more so")
  func resumedInput() throws {
    try runner.writeClassification()
    let line = "train - --target label --hidden 8 --epochs 3 --quiet --checkpoint run --every 1"
    #expect(
      try runner.shell("cat classes.csv | \(command) \(line) 2> errors") == 0, "\(errors())")
    #expect(try runner.shell("\(command) train --resume run --quiet 2> errors") == 2)
    #expect(errors().hasPrefix("error: the run read standard input: give DATA"))
    for line in [
      "train - --resume run --quiet < classes.csv", "train classes.csv --resume run --quiet",
    ] {
      #expect(try runner.shell("\(command) \(line) 2> errors") == 0, "\(errors())")
    }
  }

  @Test("The part for validation that an archive brings chooses the epoch, unless another is named")
  func archive() throws {
    let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
    let path = folder.appendingPathComponent("Fixtures/parts.npz").path
    let trained = try runner.run("train", path, "--hidden", "4", "--epochs", "2", "--json")
    #expect(trained.exitCode == 0, "\(trained.errors)")
    let start = try #require(try trained.documents.first { $0["event"]?.string == "start" })
    #expect(start["examples"]?.int == 30 && start["validationExamples"]?.int == 10)
    let split = try runner.run(
      "train", path, "--hidden", "4", "--epochs", "2", "--json", "--validation", "0.5")
    let other = try #require(try split.documents.first { $0["event"]?.string == "start" })
    #expect(other["validationExamples"]?.int == 15, "\(split.errors)")
    let evaluated = try runner.run("evaluate", "model.safetensors", path, "--json")
    #expect(try evaluated.documents[0]["examples"]?.int == 10, "\(evaluated.errors)")
  }
}
