import Backprop
import Testing

@Suite("Dropout, noise, smoothing and mixup on the command line")
struct NoiseCommandTests {
  private let runner: CommandRunner

  init() throws { runner = try CommandRunner() }

  private static let options = [
    "--dropout", "0.1,0.3", "--input-dropout", "0.05", "--input-noise", "0.1",
    "--label-smoothing", "0.1", "--mixup", "0.2",
  ]

  @Test("The start of a run and an inspection show the options, and --from keeps the dropout")
  func shown() throws {
    try runner.writeClassification()
    let base = ["train", "classes.csv", "--target", "label", "--hidden", "6,5", "--epochs", "2"]
    let trained = try runner.run(base + Self.options + ["--json"])
    #expect(trained.exitCode == 0, "\(trained.errors)")
    let start = try #require(try trained.documents.first)
    #expect(start["dropout"]?.array?.map(\.double) == [0.1, 0.3])
    #expect(start["configuration"]?["noise"]?["mixup"]?.double == 0.2)
    let model = try runner.run("inspect", "model.safetensors", "--json").documents[0]
    #expect(model["layers"]?[1]?["dropout"]?.double == 0.3)
    #expect(model["configuration"]?["noise"]?["inputNoise"]?.double == 0.1)
    let text = try runner.run("inspect", "model.safetensors").output
    #expect(text.contains("label smoothing 0.1, mixup 0.2 in training"))

    for (options, expected) in [([], 0.3), (["--dropout", "0.25"], 0.25)] {
      let more = try runner.run(
        ["train", "classes.csv", "--from", "model.safetensors", "--epochs", "1", "-o", "b.st"]
          + options)
      #expect(more.exitCode == 0, "\(more.errors)")
      let document = try runner.run("inspect", "b.st", "--json").documents[0]
      #expect(document["layers"]?[1]?["dropout"]?.double == expected)
    }
  }

  @Test("check, explain and doctor say, in both languages, that dropout is off")
  func isOff() throws {
    try runner.writeClassification()
    let trained = try runner.run(
      "train", "classes.csv", "--target", "label", "--hidden", "4", "--epochs", "2", "--dropout",
      "0.5")
    #expect(trained.exitCode == 0, "\(trained.errors)")
    for command in ["check", "explain", "doctor"] {
      let example = command == "explain" ? ["--example", "1"] : []
      for (language, word) in [("en", "ropout"), ("ko", "드롭아웃을 끄고")] {
        let result = try runner.run(
          [command, "model.safetensors", "classes.csv", "--language", language] + example)
        #expect(result.output.contains(word), "\(command) \(language): \(result.errors)")
      }
    }
  }

  @Test(
    "What has no meaning is refused before the data is read, with exit 2",
    arguments: [
      (["--dropout", "1"], "--dropout 1: give a number of at least 0 and below 1"),
      (["--dropout", "-0.1"], "--dropout -0.1: give a number of at least 0 and below 1"),
      (["--dropout", "0.1,0.2,0.3"], "the outputs of the last layer are not dropped"),
      (["--dropout", "0.1", "--hidden", "none"], "there is no hidden layer"),
      (["--input-dropout", "1"], "--input-dropout 1: give a number of at least 0 and below 1"),
      (["--input-noise", "-1"], "--input-noise -1: give a number of at least 0"),
      (["--label-smoothing", "1"], "--label-smoothing 1"),
      (["--loss", "squared-error", "--label-smoothing", "0.1"], "squared-error knows none"),
      (["--loss", "hinge", "--mixup", "0.2"], "hinge is not defined"),
      (["--mixup", "0.2", "--batch-size", "1"], "leave none to mix with"),
    ])
  func refused(options: [String], message: String) throws {
    let result = try runner.run(["train", "missing.csv", "--target", "label"] + options)
    #expect(result.exitCode == 2)
    #expect(result.errors.contains(message), "\(result.errors)")
  }
}
