import Foundation
import Testing

@testable import Backprop
@testable import BackpropInspection
@testable import BackpropCommand

#if canImport(FoundationXML)
  import FoundationXML
#endif

@Suite("Learning curves")
struct LearningCurveTests {
  /// Curves of a run with these losses: for training, and for the validation data.
  private func curves(_ training: [Double], _ validation: [Double?]) -> LearningCurves {
    var curves = LearningCurves()
    var lowest = Double.infinity
    for (index, (loss, held)) in zip(training, validation).enumerated() {
      let metrics = Metrics(kind: .regression(scales: [1]), outputs: 1)
      let isBest = held.map { $0 < lowest } ?? true
      lowest = min(lowest, held ?? .infinity)
      curves.add(
        EpochReport(
          epoch: index + 1, epochs: training.count, step: index + 1, loss: loss, dataLoss: loss,
          metrics: metrics, validation: held.map { Evaluation(loss: $0, metrics: metrics) },
          learningRate: 0.1, seconds: 1, examplesPerSecond: 1, isBest: isBest))
    }
    return curves
  }

  private func labels(_ axis: CurveAxis) -> [String] { axis.ticks.map(\.label) }

  @Test("Ticks of a linear axis are round numbers that reach around the values")
  func linearTicks() {
    #expect(
      labels(CurveAxis(linear: 0.52...1, limits: 0...1)) == [
        "0.5", "0.6", "0.7", "0.8", "0.9", "1",
      ])
    #expect(labels(CurveAxis(linear: -3...12)) == ["-5", "0", "5", "10", "15"])
    #expect(
      labels(CurveAxis(linear: 1200...48_000)) == [
        "0", "10,000", "20,000", "30,000", "40,000", "50,000",
      ])
    #expect(labels(CurveAxis(linear: 2e-9...9e-9)) == ["2e-9", "4e-9", "6e-9", "8e-9", "1e-8"])
    // Flat curves stand in the middle.
    let flat = CurveAxis(linear: 0.5...0.5)
    #expect(abs(flat.position(of: 0.5) - 0.5) < 0.2)
    #expect(labels(CurveAxis(linear: 0...0)).contains("0"))
    #expect(labels(CurveAxis(linear: 1...1, limits: 0...1)).last == "1")
  }

  @Test("Ticks of a logarithmic axis are powers of ten, with 2 and 5 times them if there is room")
  func logarithmicTicks() {
    #expect(
      labels(CurveAxis(logarithmic: 0.03...0.8)) == ["0.02", "0.05", "0.1", "0.2", "0.5", "1"])
    #expect(
      labels(CurveAxis(logarithmic: 0.0002...0.9)) == ["0.0001", "0.001", "0.01", "0.1", "1"])
    let wide = CurveAxis(logarithmic: 1e-30...2)
    #expect(wide.ticks.count <= 6)
    #expect(wide.ticks[0].value <= 1e-30 && wide.ticks[wide.ticks.count - 1].value >= 2)
    #expect(CurveAxis(logarithmic: 0.01...1).position(of: 0.1) == 0.5)
  }

  @Test("Every axis holds its values, whatever they are")
  func axesHold() {
    var random = RandomSource(seed: 1, purpose: .sampling)
    for _ in 0..<2000 {
      let size = pow(10, 198 * random.uniform() - 98)
      let (a, b) = (size * (random.uniform() - 0.5), size * (random.uniform() - 0.5))
      var axes = [CurveAxis(linear: min(a, b)...max(a, b))]
      let (low, high) = (min(abs(a), abs(b)), max(abs(a), abs(b)))
      if low > 0 { axes.append(CurveAxis(logarithmic: low...high)) }
      for axis in axes {
        let values = axis.isLogarithmic ? [low, high] : [a, b]
        #expect((2...7).contains(axis.ticks.count), "\(values): \(axis.ticks)")
        #expect(
          values.allSatisfy { (-1e-6...1.000001).contains(axis.position(of: $0)) },
          "\(values): \(axis.ticks)")
      }
    }
  }

  @Test("No loss is too large, too small or too strange to be drawn")
  func extremes() {
    let least = Double.leastNonzeroMagnitude
    let greatest = Double.greatestFiniteMagnitude
    for losses in [
      [least, 0], [greatest, 1], [greatest, -greatest], [.infinity, .nan], [1e-99, 1e99], [0, 0],
      [-3, -3], [-1e-101, 1e-99], [1, 1 + 1e-15], [1e100, 1e-100],
    ] {
      let curves = curves(losses, losses.reversed())
      let picture = CurvesPicture(curves: curves, title: "", subtitle: "").text
      #expect(XMLParser(data: Data(picture.utf8)).parse(), "\(losses)")
      #expect(!picture.contains("=\"NaN") && !picture.contains("∞"), "\(losses)")
      _ = CurvesText(curves: curves, width: 80, isASCII: false, hasColor: true).lines
    }
    let none = CurvesPicture(curves: LearningCurves(), title: "", subtitle: "").text
    #expect(none.contains("No epoch was finished.</text>"))
  }

  @Test("Ticks of the epochs are 1 and round numbers")
  func epochTicks() {
    #expect(CurveAxis.epochs(upTo: 1, most: 6) == [1])
    #expect(CurveAxis.epochs(upTo: 4, most: 6) == [1, 2, 3, 4])
    #expect(CurveAxis.epochs(upTo: 60, most: 6) == [1, 10, 20, 30, 40, 50, 60])
    #expect(CurveAxis.epochs(upTo: 12, most: 6) == [1, 2, 4, 6, 8, 10, 12])
  }

  @Test("The loss is on a logarithmic scale from more than a decade on, if it is positive")
  func scale() {
    #expect(curves([1, 0.5, 0.11], [1, 1, 1]).panels[0].axis.isLogarithmic == false)
    #expect(curves([1, 0.5, 0.09], [1, 1, 1]).panels[0].axis.isLogarithmic == true)
    #expect(curves([1, 0.5, 0], [1, 1, 1]).panels[0].axis.isLogarithmic == false)
  }

  @Test("The best epoch is the validation data's; without any none is marked")
  func best() {
    let held = curves([3, 2, 1, 0.9], [3, 2, 2.5, 2.6])
    #expect(held.bestEpoch == 2 && held.panels[0].best?.value == 2)
    let all = curves([3, 2, 1], [nil, nil, nil])
    #expect(all.bestEpoch == nil && all.panels[0].validation.isEmpty)
  }

  @Test("Of a long run every few epochs are kept, and the best and the last always")
  func thinning() {
    let count = 20_001
    let losses = (0..<count).map { 1 / Double($0 + 1) }
    let validation = losses.indices.map { $0 == 12_344 ? 0 : losses[$0] }
    let curves = curves(losses, validation)
    let epochs = curves.panels[0].training.map(\.epoch)
    #expect(epochs.count < 4200 && epochs.first == 1 && epochs.last == count)
    #expect(curves.spacing == 8 && epochs.contains(12_345))
    #expect(curves.summary.contains("Every 8th epoch is drawn"))
  }

  @Test("The picture is XML without anything to run or load, and says in words what it shows")
  func picture() throws {
    let picture = CurvesPicture(
      curves: curves([2, 1, 0.1], [2, 1.5, 1.7]), title: "a<b>&\"c\u{1}.csv", subtitle: "small")
    let text = picture.text
    let parser = XMLParser(data: Data(text.utf8))
    #expect(parser.parse(), "\(parser.parserError.map { "\($0)" } ?? "")")
    for part in ["<script", "href", "url(", "@import", "@font-face", "NaN", "inf"] {
      #expect(!text.contains(part), "\(part)")
    }
    #expect(text.contains("<title id=\"title\">a&lt;b&gt;&amp;&quot;c .csv</title>"))
    #expect(text.contains("aria-labelledby=\"title desc\"") && text.contains("role=\"img\""))
    #expect(
      text.contains(
        "<desc id=\"desc\">3 epochs. loss (log scale): training from 2.000 to 0.1000, validation "
          + "from 2.000 to 1.700. Best epoch by the validation data: 2.</desc>"))
    #expect(text.contains("prefers-color-scheme: dark"))
    #expect(text.contains("best epoch by the validation data: 2<"))
  }

  @Test("In a terminal no line is wider than it, in Braille and in ASCII")
  func text() {
    let curves = curves(
      (1...50).map { 2 / Double($0) }, (1...50).map { 1 / Double($0) + Double($0) / 100 })
    for width in [40, 80, 110] {
      for isASCII in [false, true] {
        let lines = CurvesText(curves: curves, width: width, isASCII: isASCII, hasColor: false)
          .lines
        #expect(lines.dropFirst().allSatisfy { $0.count <= width }, "\(lines)")
        let text = lines.joined(separator: "\n")
        #expect(!text.contains("\u{1B}"))
        #expect(text.allSatisfy(\.isASCII) == isASCII)
        #expect(text.contains("training   0.04000") && text.contains("validation 0.5200"))
        #expect(text.contains("best epoch 10"))
      }
    }
    let one = self.curves([1], [1])
    #expect(
      CurvesText(curves: one, width: 80, isASCII: true, hasColor: false).lines.contains {
        $0.contains("o")
      })
  }
}

@Suite("Records of a run: --plot, --curves, --tensorboard")
struct RunRecordTests {
  private let runner: CommandRunner

  init() throws { runner = try CommandRunner() }

  private let small = ["train", "classes.csv", "--target", "label", "--hidden", "8"]

  @Test("They change no bit of the model and no line of the log but its times")
  func sameBits() throws {
    func run(_ more: String...) throws -> (model: [UInt8], log: [JSONValue?]) {
      let result = try runner.run(small + ["--epochs", "4", "--json", "--quiet"] + more)
      #expect(result.exitCode == 0, "\(result.errors)")
      let log = try result.documents.flatMap { [$0["loss"], $0["validation"], $0["sha256"]] }
      return (try runner.read("model.safetensors"), log)
    }
    try runner.writeClassification()
    let without = try run()
    let with = try run("--plot", "c.svg", "--curves", "--tensorboard", "runs")
    #expect(with.model == without.model && with.log == without.log)
    #expect(try runner.files == ["c.svg", "classes.csv", "model.safetensors", "runs"])
    // The same run draws the same picture.
    let picture = try runner.read("c.svg")
    _ = try run("--plot", "c.svg")
    #expect(try runner.read("c.svg") == picture)
  }

  @Test("Curves are results: on standard output before what is saved, beside JSON elsewhere")
  func curves() throws {
    try runner.writeClassification()
    let result = try runner.run(small + ["--epochs", "4", "--quiet", "--curves"])
    #expect(result.exitCode == 0 && result.errors.isEmpty)
    #expect(result.outputLines.first?.hasPrefix("learning curves") == true)
    #expect(result.outputLines.last?.hasPrefix("next ") == true)
    let curves = result.outputLines.prefix { !$0.hasPrefix("held out ") }
    #expect(curves.count > 10 && curves.allSatisfy { $0.count <= 80 })
    let json = try runner.run(small + ["--epochs", "4", "--quiet", "--curves", "--json"])
    #expect(try json.documents.count == 6)
    #expect(json.errorLines.first?.hasPrefix("learning curves") == true)
    let dumb = try runner.shell(
      "TERM=dumb '\(CommandRunner.executable.path)' \(small.joined(separator: " ")) --epochs 4 "
        + "--quiet --curves > dumb")
    #expect(dumb == 0)
    let lines = String(decoding: try runner.read("dumb"), as: UTF8.self).split(separator: "\n")
    #expect(lines.dropLast(3).allSatisfy { $0.allSatisfy(\.isASCII) })
  }

  @Test("After Ctrl-C and after a divergence the picture and the events are there")
  func endings() throws {
    try runner.writeClassification()
    let running = try runner.start(
      small + [
        "--epochs", "100000000", "--schedule", "constant", "--patience", "100000000", "--json",
        "--plot", "c.svg", "--tensorboard", "runs",
      ])
    while running.process.isRunning, running.output.count(where: { $0 == "\n" }) < 4 {
      Thread.sleep(forTimeInterval: 0.01)
    }
    running.process.interrupt()
    let interrupted = try running.finish()
    #expect(interrupted.exitCode == 130)
    let epochs = try interrupted.documents.count { $0["event"]?.string == "epoch" }
    #expect(
      String(decoding: try runner.read("c.svg"), as: UTF8.self)
        .contains("<desc id=\"desc\">\(Format.count(epochs)) epochs."))
    #expect(try runner.files == ["c.svg", "classes.csv", "model.safetensors", "runs"])

    try runner.writeRegression()
    let diverged = try runner.run(
      "train", "numbers.csv", "--target", "y", "--optimizer", "sgd", "--learning-rate", "0.9",
      "--schedule", "constant", "--hidden", "8", "--activation", "identity", "--epochs", "1000",
      "--batch-size", "60", "--quiet", "--plot", "d.svg", "--curves", "--tensorboard", "runs")
    #expect(diverged.exitCode == 1)
    #expect(try runner.files.contains("d.svg"))
    #expect(diverged.outputLines.first?.hasPrefix("learning curves") == true)
    #expect(try FileManager.default.contentsOfDirectory(atPath: runner.path("runs")).count == 2)
  }

  @Test("Places where nothing can be written are usage errors, told before the data is read")
  func badPlaces() throws {
    try runner.writeClassification()
    try runner.trainSmall("-o", "old.svg")
    let before = try runner.files
    for (arguments, part) in [
      (["--plot", "classes.csv"], "one of the inputs"),
      (["--plot", "./classes.csv"], "one of the inputs"),
      (["--plot", "old.svg", "--from", "old.svg"], "one of the inputs"),
      (["--plot", "m.svg", "-o", "./m.svg"], "where the model is saved"),
      (["--plot", "no/c.svg"], "no folder no"), (["--plot", "."], "is a folder"),
      (["--plot", ""], "--plot \"\""), (["--plot", "-"], "--curves"),
      (["--plot", "c.png"], ".svg"), (["--tensorboard", "classes.csv"], "classes.csv is a file"),
      (["--tensorboard", "classes.csv/runs"], "classes.csv is a file"),
      (["--tensorboard", "classes.csv/"], "classes.csv is a file"),
      (["--tensorboard", ""], "--tensorboard \"\""),
    ] {
      let result = try runner.run(["train", "classes.csv", "--target", "label"] + arguments)
      #expect(result.exitCode == 2 && result.errorLines.count == 1, "\(arguments)")
      #expect(result.errors.contains(part), "\(arguments): \(result.errors)")
    }
    #expect(try runner.files == before)
    // What is wrong with the data leaves no folder behind.
    let result = try runner.run("train", "classes.csv", "--target", "x", "--tensorboard", "runs")
    #expect(result.exitCode != 0)
    #expect(try runner.files == before)
  }

  @Test(
    "A picture takes the place of a picture of ours, and of nothing else unless that is asked for")
  func replaced() throws {
    try runner.writeClassification()
    let svg = "<svg xmlns=\"http://www.w3.org/2000/svg\"><title>mine</title></svg>\n"
    for text in ["mine", svg, ""] {
      try runner.write("p.svg", text)
      for command in [
        small + ["--epochs", "1"], ["tune-rate", "classes.csv", "--target", "label"],
      ] {
        let refused = try runner.run(command + ["--quiet", "--plot", "p.svg"])
        #expect(refused.exitCode == 2, "\(command)")
        let hasForce = command[0] == "train"
        #expect(
          refused.errors.hasPrefix(
            "error: p.svg exists and is no picture of this program; give another name with --plot"
              + (hasForce ? ", or --force;" : ";")), "\(refused.errors)")
        #expect(try runner.read("p.svg") == Array(text.utf8))
        #expect(try runner.files == ["classes.csv", "p.svg"])
      }
    }
    let train = small + ["--epochs", "1", "--quiet", "--plot"]
    #expect(try runner.run(train + ["p.svg", "--force"]).exitCode == 0)
    let tune = ["tune-rate", "classes.csv", "--target", "label", "--quiet", "--plot"]
    for command in [train, tune, train] {
      #expect(try runner.run(command + ["p.svg"]).exitCode == 0)
    }
    // Both names lead to the same file, which is not there yet.
    try FileManager.default.createSymbolicLink(
      atPath: runner.path("l.svg"), withDestinationPath: "m")
    let same = try runner.run(train + ["l.svg", "-o", "m"])
    #expect(same.exitCode == 2 && same.errors.contains("where the model is saved"))
  }

  @Test("A disk that is full costs the events after it, never the model, and is an error")
  func fullDisk() throws {
    try runner.writeClassification()
    // No file may grow beyond 16 kB, twice the model and a few epochs of events.
    let status = try runner.shell(
      "trap '' XFSZ; ulimit -f 32; '\(CommandRunner.executable.path)' "
        + "\(small.joined(separator: " ")) --epochs 30 --tensorboard runs --json > log 2> errors")
    let errors = String(decoding: try runner.read("errors"), as: UTF8.self)
      .split(separator: "\n")
    #expect(status == 1)
    #expect(errors.count { $0.hasPrefix("warning: cannot write runs/events") } == 1)
    #expect(errors.last?.hasPrefix("error: cannot write runs/events") == true)
    #expect(try runner.run("inspect", "model.safetensors").exitCode == 0)
    let log = String(decoding: try runner.read("log"), as: UTF8.self)
    #expect(log.contains("\"code\":\"tensorboard\"") && log.contains("\"reason\":\"completed\""))
    // The file ends with a whole record: the length of each leads to the next.
    let name = try #require(
      FileManager.default.contentsOfDirectory(atPath: runner.path("runs")).first)
    let bytes = try runner.read("runs/\(name)")
    var offset = 0
    while offset + 8 <= bytes.count {
      offset += 16 + (0..<8).reduce(0) { $0 + Int(bytes[offset + $1]) << (8 * $1) }
    }
    #expect(offset == bytes.count && bytes.count > 1000)
  }
}
