import Testing

@testable import Backprop
@testable import BackpropInspection

@Suite("The page of explain")
struct PageCommandTests {
  private let runner: CommandRunner

  init() throws { runner = try CommandRunner() }

  /// The document that a page holds.
  private func document(_ path: String) throws -> JSONValue {
    let page = String(decoding: try runner.read(path), as: UTF8.self)
    let start = try #require(page.range(of: "id=\"page-data\">")).upperBound
    let end = try #require(page.range(of: "</script>", range: start..<page.endIndex)).lowerBound
    return try JSONValue(parsing: String(page[start..<end]))
  }

  @Test("One file holds the document of explain --json, its modules and no address of another file")
  func page() throws {
    try runner.writeClassification()
    #expect(
      try runner.run(
        "train", "classes.csv", "--target", "label", "--hidden", "4", "--epochs", "2", "-o", "a.st"
      ).exitCode == 0)
    let base = ["explain", "a.st", "classes.csv", "--example", "3"]
    let made = try runner.run(base + ["--format", "html", "-o", "step.html", "--language", "ko"])
    #expect(made.exitCode == 0 && made.output.isEmpty, "\(made)")
    let found = try document("step.html")
    #expect(found["trace"] == (try runner.run(base + ["--json"]).documents[0]))
    #expect(found["language"]?.string == "ko" && found["schema"]?.string == "backprop.page/1")
    #expect(found["truth"]?.array?.count == 1 && found["outputNames"]?.array?.count == 2)
    let page = String(decoding: try runner.read("step.html"), as: UTF8.self)
    for word in ["import ", "export ", "src=", "href=", "http:"] {
      let lines = page.split(separator: "\n").filter {
        $0.hasPrefix(word) || $0.contains(" \(word)\"")
      }
      #expect(lines.isEmpty, "\(word): \(lines.first ?? "")")
    }
    #expect(page.contains("class NetworkPicture") && !page.contains("class TrainView"))
    // To standard output without -o, and every other form to a file with it.
    #expect(try runner.run(base + ["--format", "html"]).output.hasPrefix("<!doctype html>"))
    #expect(try runner.run(base + ["-o", "step.txt"]).output.isEmpty)
    #expect(
      String(decoding: try runner.read("step.txt"), as: UTF8.self)
        == (try runner.run(base).output))
  }

  @Test(
    "What of the network moves C as much as δ says: the measurements of a page are the engine's")
  func nudges() throws {
    let example = try LabExample()
    let batch = example.data.subset([4])
    let step = ExplainedStep(
      example.network, on: batch, numbers: [5], rule: .sgd, learningRate: 0.1, configuration: nil,
      pool: nil)
    let experiment = DeltaExperiment(example.network, on: batch)
    let changes = DeltaExperiment<Double>.changes
    let zero = try #require(changes.firstIndex(of: 0))
    for (index, layer) in step.trace.layers.enumerated() {
      for neuron in 0..<layer.delta.columns {
        let losses = try #require(experiment.losses(layer: index + 2, neuron: neuron))
        #expect(losses[zero] == step.trace.loss)
        // A central difference of the smallest changes.
        let slope = (losses[zero + 1] - losses[zero - 1]) / (changes[zero + 1] - changes[zero - 1])
        #expect(abs(slope - layer.delta[0, neuron]) < 1e-4, "layer \(index + 2), neuron \(neuron)")
      }
    }
    #expect(
      experiment.losses(layer: 2, neuron: 8) == nil && experiment.losses(layer: 9, neuron: 0) == nil
    )
  }

  @Test("A page of one phase, of a weight's examples, or in the place of an input is refused")
  func refused() throws {
    try runner.writeClassification()
    #expect(
      try runner.run(
        "train", "classes.csv", "--target", "label", "--hidden", "4", "--epochs", "1", "-o", "a.st"
      ).exitCode == 0)
    for (options, word) in [
      (["--format", "html", "--step", "bp2"], "--step"),
      (["--format", "html", "--why-weight", "2:1,1"], "--why-weight"),
      (["--format", "html", "-o", "classes.csv"], "classes.csv"),
      (["-o", "missing/step.html"], "missing"),
    ] {
      let result = try runner.run(["explain", "a.st", "classes.csv"] + options)
      #expect(result.exitCode == 2 && result.errors.contains(word), "\(options): \(result)")
    }
  }

  @Test("Every text of the page stands in both languages, and somebody shows it")
  func words() throws {
    let files = PageFile.all.filter { $0.name.hasSuffix(".js") }
    let words = try #require(files.first { $0.name == "words.js" }).text
    let parts = words.components(separatedAt: "const korean")
    #expect(parts.count == 2)
    func keys(_ text: Substring) -> [String] {
      text.matches(of: /(?:^|[,{\s])"?([A-Za-z][A-Za-z0-9.\-]*)"?: "/).map { String($0.1) }
    }
    let rest = String(parts[1]).components(separatedAt: "const dictionaries")
    let (english, korean) = (keys(parts[0]), keys(rest[0]))
    #expect(english == korean && Set(english).count == english.count && english.count > 100)
    let others = files.filter { $0.name != "words.js" }.map(\.text).joined()
    for key in english
    where !key.contains(".") && !["minus", "plus", "paused", "ready"].contains(key) {
      let isShown =
        others.contains("\"\(key)\"") || others.contains("`\(key.prefix { !$0.isNumber })${")
      #expect(isShown, "nobody shows \(key)")
    }
  }
}

extension String {
  fileprivate func components(separatedAt word: String) -> [Substring] {
    guard let range = firstRange(of: word) else { return [self[...]] }
    return [self[..<range.lowerBound], self[range.lowerBound...]]
  }
}
