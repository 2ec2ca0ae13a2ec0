import Testing

@testable import Backprop

@Suite("Intervals of predictions")
struct PredictionIntervalsTests {
  @Test("By hand: the second of three sums from below and from above")
  func byHand() throws {
    let intervals = PredictionIntervals(
      level: 0.5, isOfFolds: true, residuals: [[[3, 1]], [[2]]])
    // 10 + {1, 3} and 20 + 2: 11, 13, 22. 10 − {1, 3} and 20 − 2: 7, 9, 18.
    let (lower, upper) = intervals.bounds([10, 20], column: 0, level: 0.5)
    #expect(lower == 9 && upper == 13)
    #expect(intervals.rows == 3 && intervals.isOfFolds && intervals.promised(0.9) == 0.8)
    // One fold is split conformal prediction: 5 ± the ⌈0.5 · 4⌉-th residual.
    let one = PredictionIntervals(level: 0.5, isOfFolds: false, residuals: [[[4, 1, 2]]])
    #expect(one.bounds([5], column: 0, level: 0.5) == (3, 7))
    #expect(one.promised(0.9) == 0.9)
  }

  @Test("As counting through all sums has it, of any sign and size", arguments: 0..<40)
  func counted(seed: UInt64) throws {
    var random = RandomSource(seed: seed, purpose: .sampling)
    let scale = [1e-300, 1, 1e300][random.index(below: 3)]
    let folds = (0..<1 + random.index(below: 4)).map { _ in
      (0..<8 + random.index(below: 9)).map { _ in abs(random.normal()) * scale }
    }
    let centers = folds.map { _ in random.normal() * scale * 3 }
    let intervals = PredictionIntervals(
      level: 0.7, isOfFolds: true, residuals: folds.map { [$0] })
    let n = Double(intervals.rows + 1)
    func nth(_ sums: [Double], _ rank: Double) -> Double { sums.sorted()[Int(rank) - 1] }
    for level in [0.5, 0.7, 0.8] {
      let (lower, upper) = intervals.bounds(centers, column: 0, level: level)
      let alpha = 1 - level
      let above = zip(centers, folds).flatMap { center, own in own.map { center + $0 } }
      let below = zip(centers, folds).flatMap { center, own in own.map { center - $0 } }
      #expect(upper == nth(above, ((1 - alpha) * n - 1e-9).rounded(.up)))
      #expect(lower == nth(below, (alpha * n + 1e-9).rounded(.down)))
    }
  }

  @Test("A level that so few rows cannot show is refused, and says how many it needs")
  func tooFew() throws {
    let intervals = PredictionIntervals(level: 0.5, isOfFolds: false, residuals: [[[1, 2, 3]]])
    #expect(throws: Never.self) { try intervals.check(level: 0.75) }
    let error = #expect(throws: ConfigurationError.self) { try intervals.check(level: 0.9) }
    #expect(error?.description.contains("needs 9 rows that judge, and there are 3") ?? false)
    for level in [0, 0.49, 1, -1, .nan] {
      #expect(throws: ConfigurationError.self) { try intervals.check(level: level) }
    }
  }

  private static func table(rows: Int, seed: UInt64) throws -> Table {
    var random = RandomSource(seed: seed, purpose: .sampling)
    let x = (0..<rows).map { _ in random.normal() }
    return try Table(columns: [
      ("x", .numbers(x)), ("y", .numbers(x.map { 100 * $0 + 7 + 20 * random.normal() })),
      ("z", .numbers(x.map { -$0 + 0.1 * random.normal() })),
    ])
  }

  @Test("They hold about the share of new rows that was asked for, of networks and of one")
  func coverage() throws {
    var configuration = TrainingConfiguration(epochs: 30, seed: 2)
    configuration.recipe = .plain
    configuration.data.target = ["y"]
    configuration.data.ignore = ["z"]
    configuration.network.hidden = [8]
    configuration.stopping.interval = 0.8
    configuration.stopping.members = 4
    let training = try Self.table(rows: 300, seed: 1)
    let fresh = try Self.table(rows: 1_000, seed: 2)
    func held(_ model: Model) throws -> Double {
      let bounds = try #require(try model.predict(fresh).bounds)
      #expect(bounds.level == 0.8)
      let y = try (0..<1_000).map { row in
        Double(try #require(fresh.cells(of: ["y"])[0].cells[row] as String?)) ?? .nan
      }
      return Double(y.indices.count { bounds.lower[$0] <= y[$0] && y[$0] <= bounds.upper[$0] })
        / 1_000
    }
    let several = try Estimator(configuration).fit(training).model
    #expect(several.intervals?.isOfFolds == true && several.intervals?.rows == 300)
    #expect(try (0.74...0.88).contains(held(several)))
    // One row has the same as the table, and the file keeps them.
    let read = try Model(bytes: several.safeTensors().bytes)
    let row = try read.predict(fresh)
    #expect(try row.bounds == several.predict(fresh).bounds)
    let first = try #require(try read.predict(["x": 0.5]).interval)
    #expect(try first.contains(read.predict(["x": 0.5]).value))
    #expect(read.member(1).intervals == nil)
    configuration.stopping.members = nil
    configuration.stopping.test = "0.4"
    let one = try Estimator(configuration).fit(training).model
    #expect(one.intervals?.isOfFolds == false && one.intervals?.rows == 120)
    #expect(try (0.7...0.9).contains(held(one)))
  }

  @Test("Two targets have intervals in their own units")
  func targets() throws {
    var configuration = TrainingConfiguration(epochs: 30, seed: 2)
    configuration.recipe = .plain
    configuration.data.target = ["y", "z"]
    configuration.network.hidden = [8]
    configuration.stopping.interval = 0.9
    configuration.stopping.members = 3
    let model = try Estimator(configuration).fit(try Self.table(rows: 200, seed: 1)).model
    let bounds = try #require(try model.predict(Self.table(rows: 5, seed: 9)).bounds)
    #expect(bounds.lower.count == 10)
    let widths = (0..<10).map { bounds.upper[$0] - bounds.lower[$0] }
    #expect(widths[0] > 30 && widths[0] < 200 && widths[1] > 0.1 && widths[1] < 6, "\(widths)")
  }

  @Test("What has no intervals is refused before the first step")
  func refused() throws {
    let table = try Table(columns: [
      ("x", .numbers((0..<60).map { Double($0) })), ("y", .numbers((0..<60).map { Double($0) })),
      ("c", .texts((0..<60).map { $0 % 2 == 0 ? "a" : "b" })),
    ])
    func problem(
      _ target: String, _ change: (inout TrainingConfiguration) -> Void
    ) -> String {
      var configuration = TrainingConfiguration(epochs: 2, seed: 1)
      configuration.recipe = .plain
      configuration.data.target = [target]
      configuration.stopping.interval = 0.9
      change(&configuration)
      do {
        return "\(try Estimator(configuration).fit(table).model.intervals != nil)"
      } catch { return "\(error)" }
    }
    #expect(problem("y") { $0.stopping.members = 3 } == "true")
    #expect(problem("c") { $0.stopping.members = 3 }.contains("is for numbers"))
    #expect(problem("y") { _ in }.contains("set a test of 0.2 apart"))
    #expect(problem("y") { $0.stopping.test = "0.1" }.contains("needs 9 rows"))
    #expect(
      problem("y") { ($0.stopping.members, $0.stopping.interval) = (3, 0.99) }.contains("99 rows"))
    #expect(
      problem("y") { ($0.stopping.members, $0.stopping.interval) = (3, 1) }.contains("below 1"))
  }

  @Test("A file whose residuals do not suit its networks is refused")
  func damaged() throws {
    var configuration = TrainingConfiguration(epochs: 2, seed: 2)
    configuration.recipe = .plain
    configuration.data.target = ["y"]
    configuration.stopping.interval = 0.8
    configuration.stopping.members = 3
    let model = try Estimator(configuration).fit(try Self.table(rows: 60, seed: 1)).model
    for text in [
      #"{"level": 0.8, "isOfFolds": true, "residuals": [[[1, 2, 3, 4, 5]], [[1, 2]]]}"#,
      #"{"level": 0.8, "isOfFolds": true, "residuals": []}"#,
      #"{"level": 2, "isOfFolds": true, "residuals": [[[1, 2, 3, 4, 5]]]}"#,
      #"{"level": 0.8, "isOfFolds": true, "residuals": [[[5, 2, 3, 4, 5]]]}"#,
      #"{"level": 0.8, "isOfFolds": true, "residuals": [[[1, 2]]]}"#,
    ] {
      var writer = try model.safeTensors()
      writer.metadata = writer.metadata.map {
        ($0.key, $0.key == ModelKey.intervals ? text : $0.value)
      }
      #expect(throws: ModelError.self, "\(text)") { try Model(bytes: writer.bytes) }
    }
  }
}
