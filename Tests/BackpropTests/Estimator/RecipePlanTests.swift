import Testing

@testable import Backprop

@Suite("What the recipe auto makes of a table")
struct RecipePlanTests {
  private static func table(rows: Int, isNumber: Bool = false) throws -> Table {
    var random = RandomSource(seed: 8, purpose: .sampling)
    let x = (0..<rows).map { _ in random.normal() }
    return try Table(columns: [
      ("x", .numbers(x)), ("c", .texts(x.map { $0 > 1 ? "b" : "a" })),
      ("y", isNumber ? .numbers(x.map { 2 * $0 + 1 }) : .texts(x.map { $0 > 0 ? "yes" : "no" })),
    ])
  }

  private static func plan(
    rows: Int, numbers: Int = 20, task: LearningTask = .classification, pixels: Bool = false,
    oneRun: String? = nil, seconds: Double? = nil,
    _ change: (inout TrainingConfiguration) -> Void = { _ in }
  ) throws -> RecipePlan {
    var given = TrainingConfiguration()
    change(&given)
    let columns = try Table(
      columns: (0..<numbers).map { ("x\($0)", .numbers([1, 2])) } + [("y", .numbers([0, 1]))])
    return RecipePlan(
      rows: rows, columns: TableColumns(of: columns, targets: ["y"]), task: task, pixels: pixels,
      given: given, oneRun: oneRun,
      budget: seconds.map { ComputeBudget(seconds: $0, speedOfThread: 36e9, threads: 2) }
        ?? .usual(rows: rows))
  }

  @Test("Rows, task, pixels and rule decide the recipe")
  func recipe() throws {
    #expect(try Self.plan(rows: 99).reason == .fewRows(99))
    #expect(try Self.plan(rows: 99).recipe == .plain && Self.plan(rows: 100).recipe == .realMLP)
    #expect(try Self.plan(rows: 100).reason == .table(rows: 100, columns: 20))
    #expect(try Self.plan(rows: 5_000, pixels: true).recipe == .pixels)
    #expect(try Self.plan(rows: 5_000, task: .multilabel).recipe == .plain)
    #expect(try Self.plan(rows: 5_000) { $0.updates.optimizer = .sgd }.reason == .rule("sgd"))
    #expect(try Self.plan(rows: 5_000) { $0.updates.optimizer = .adam() }.recipe == .realMLP)
  }

  @Test(
    "Of many images a few choose the epoch, of few the usual part, and none where a table of its own does"
  )
  func pixels() throws {
    func part(_ rows: Int?) -> Double? {
      Recipe.pixels.settings(task: .classification, rows: rows).stopping.validation
    }
    #expect(part(60_000) == 0.05 && part(1_000) == 0.2 && part(nil) == nil)
    var given = TrainingConfiguration()
    given.stopping.members = 5
    let several = given.following(Recipe.pixels.settings(task: .classification, rows: 60_000))
    #expect(several.stopping.validation == nil && several.stopping.members == 5)
  }

  @Test("The plan of 5,000 × 20 and of 50,000 × 20 costs what 10 s and 60 s are enough for")
  func budget() throws {
    for (rows, seconds) in [(1_000, 10.0), (5_000, 10), (50_000, 60), (500_000, 190)] {
      let plan = try Self.plan(rows: rows, task: .regression)
      #expect(try #require(plan.multiplyAdds) <= seconds * 60e9, "\(plan)")
      #expect(plan.members == 5, "\(plan)")
      let steps = try #require(plan.epochs) * (rows * 4 / 5 / 256)
      #expect(plan.epochs == 256 || steps > 2_000, "\(plan)")
    }
    // Small tables have the whole plan.
    #expect(
      try Self.plan(rows: 800).epochs == 256 && Self.plan(rows: 800).hidden == [128, 128, 128])
    // However wide, there is a plan, and it has an epoch.
    for (rows, numbers) in [(100, 5_000), (3_000_000, 100), (200_000, 2_000)] {
      let plan = try Self.plan(rows: rows, numbers: numbers)
      #expect(plan.recipe == .realMLP && plan.epochs ?? 0 >= 1, "\(plan)")
    }
  }

  @Test("What is given stays, and what asks for one run has one")
  func given() throws {
    let asked = try Self.plan(rows: 1_000, oneRun: "--plot")
    #expect(asked.members == nil && asked.oneRun == "--plot")
    let own = try Self.plan(rows: 1_000) {
      $0.stopping.members = 3
      $0.network.hidden = [40]
      $0.schedule.epochs = 7
    }
    #expect(own.members == 3 && own.epochs == 7)
    #expect(try Self.plan(rows: 1_000) { $0.network.hidden = [] }.recipe == .realMLP)
    // Widths and counts of any size are no trap.
    for change: (inout TrainingConfiguration) -> Void in [
      { $0.network.hidden = [4_000_000_000, 4_000_000_000] }, { $0.network.hidden = [.max, .max] },
      { $0.updates.batchSize = .max }, { $0.updates.batchSize = 0 }, { $0.stopping.members = .max },
      { $0.schedule.epochs = .max },
    ] { #expect(try Self.plan(rows: 1_000, change).recipe == .realMLP) }
  }

  @Test("Epochs that are given are paid for by width and members, as far as these are not given")
  func givenEpochs() throws {
    // 50,000 rows of 20 numbers for 256 epochs: in 60 s one network, and no three.
    let one = try Self.plan(rows: 50_000) { $0.schedule.epochs = 256 }
    #expect(one.members == nil && one.epochs == 256)
    #expect(try #require(one.multiplyAdds) <= 60 * 72e9)
    let few = try Self.plan(rows: 50_000) { $0.schedule.epochs = 20 }
    #expect(few.members == 5 && few.hidden == [128, 128, 128])
    // Members that are given stay, and their epochs are those that there is time for.
    let many = try Self.plan(rows: 50_000, seconds: 30) { $0.stopping.members = 10 }
    #expect(many.members == 10 && many.epochs ?? 256 < 60)
    #expect(try #require(many.multiplyAdds) <= 30 * 72e9)
    // What is asked for is done even where nothing fits.
    let asked = try Self.plan(rows: 500_000, seconds: 1) {
      $0.stopping.members = 4
      $0.schedule.epochs = 90
    }
    #expect(asked.members == 4 && asked.epochs == 90 && asked.more == nil)
  }

  @Test("More time buys more, and none at all the plain recipe")
  func time() throws {
    #expect(try Self.plan(rows: 5_000, seconds: 1e-3).reason == .time)
    var cost = 0.0
    for seconds in [2.0, 10, 60, 1e6, 1e300] {
      let plan = try Self.plan(rows: 5_000, seconds: seconds)
      #expect(plan.recipe == .realMLP && plan.multiplyAdds ?? 0 <= seconds * 60e9)
      #expect(plan.multiplyAdds ?? 0 >= cost, "\(plan)")
      cost = plan.multiplyAdds ?? 0
    }
    let rich = try Self.plan(rows: 5_000, seconds: 1e6)
    #expect(rich.hidden == [128, 128, 128] && rich.epochs == 256 && rich.more == nil)
    // What there is time for without being asked leaves a search to be bought.
    let usual = try #require(Self.plan(rows: 800).more)
    #expect(usual.width == nil && usual.seconds > 8)
    // The time that is told for the next width buys it.
    let narrow = try Self.plan(rows: 50_000, seconds: 10)
    let more = try #require(narrow.more)
    let width = try #require(more.width)
    #expect(width > (narrow.hidden?[0] ?? 0))
    let bought = try Self.plan(rows: 50_000, seconds: more.seconds.rounded(.up)).hidden?[0]
    #expect(bought == width)
    // Members go side by side, and the last may go alone.
    let budget = ComputeBudget(seconds: 1, speedOfThread: 12, threads: 4)
    #expect([1, 2, 4, 5, 8].map { budget.speed(members: $0) } == [24, 24, 48, 30, 48])
    #expect(
      Network<Float>.measuredSpeed(TableColumns(of: try Self.table(rows: 3), targets: ["y"])) > 1e6)
  }

  @Test("A fit under auto has the settings of its plan, which lead to the same bits again")
  func fit() throws {
    for isNumber in [false, true] {
      var configuration = TrainingConfiguration(epochs: 2, seed: 5)
      configuration.data.target = ["y"]
      configuration.recipe = .auto
      configuration.network.hidden = [8]
      let table = try Self.table(rows: 120, isNumber: isNumber)
      let fit = try Estimator(configuration, threads: 2).fit(table)
      let settings = try #require(fit.model.configuration)
      #expect(settings.recipe == .realMLP && settings.stopping.members == 5)
      #expect(fit.model.members.count == 5 && settings.network.embedNumbers == true)
      #expect(fit.model.network.layers.map(\.kindName) == ["columns", "scale", "dense", "dense"])
      let again = try Estimator(settings, threads: 1).fit(table).model
      #expect(try again.safeTensors().bytes == fit.model.safeTensors().bytes)
      let read = try Model(bytes: fit.model.safeTensors().bytes)
      let row = try read.predict(["x": 0.5, "c": "a"])
      let same = try fit.model.predict(["x": 0.5, "c": "a"])
      #expect(row.values == same.values && row.probabilities == same.probabilities)
    }
    var few = TrainingConfiguration(epochs: 2)
    few.data.target = ["y"]
    few.recipe = .auto
    let model = try Estimator(few).fit(try Self.table(rows: 40)).model
    #expect(model.configuration?.recipe == .plain && model.members.count == 1)
  }

  @Test("Categories of many levels are looked up, in one row and in a table, known or not")
  func embedding() throws {
    var random = RandomSource(seed: 2, purpose: .sampling)
    let levels = (0..<200).map { _ in "k\(random.index(below: 12))" }
    let table = try Table(columns: [
      ("k", .texts(levels)), ("x", .numbers((0..<200).map { _ in random.normal() })),
      ("y", .numbers(levels.map { 0.37 * (Double($0.dropFirst()) ?? 0) })),
    ])
    var configuration = TrainingConfiguration(epochs: 60, seed: 1)
    configuration.data.target = ["y"]
    configuration.recipe = .realMLP
    configuration.network.hidden = [16, 16]
    configuration.updates.batchSize = 32
    let fit = try Estimator(configuration).fit(table)
    let kinds = fit.model.network.layers.map(\.kindName)
    #expect(kinds == ["columns", "scale", "dense", "dense", "dense"])
    // The target is a function of the level alone.
    #expect(fit.heldOut.loss < 0.1 * fit.baseline.loss, "\(fit.heldOut)")
    let rows = try Table(columns: [
      ("k", .texts(["k3", "k11", "unheard"])), ("x", .numbers([0, 0.5, -1])),
    ])
    let answers = try fit.model.predict(rows)
    for (row, k) in ["k3", "k11", "unheard"].enumerated() {
      let one = try fit.model.predict(["k": .text(k), "x": .number([0, 0.5, -1][row])])
      #expect(one.value == answers[row].value, "\(k)")
    }
    // What it is that the numbers of categories must not be.
    for change: (inout TrainingConfiguration) -> Void in [
      { $0.noise.mixup = 0.2 }, { $0.noise.inputNoise = 0.1 }, { $0.noise.inputDropout = 0.1 },
    ] {
      var own = configuration
      change(&own)
      #expect(throws: ConfigurationError.self) { try Estimator(own).fit(table) }
    }
  }
}
