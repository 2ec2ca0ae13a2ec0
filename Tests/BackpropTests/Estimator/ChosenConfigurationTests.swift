import Foundation
import Testing

@testable import Backprop

/// What a run chose or was told can be given again, to the same run; what is given in vain is refused by
/// what was given, and nothing is silently another.
@Suite("A configuration that a run has had")
struct ChosenConfigurationTests {
  private static let rows = 60
  private static func column(_ value: (Int) -> Double) -> TableValues {
    .numbers((0..<rows).map(value))
  }

  private static let table: Table = {
    do {
      return try Table(columns: [
        ("a", column { Double($0 % 7 + 1) }), ("b", column { Double($0 % 5) }),
        ("n", column { Double($0 % 3) }),
        ("text", .texts((0..<rows).map { $0 % 2 == 0 ? "even" : "odd" })),
        ("y", column { Double($0 % 7 - $0 % 5) }),
      ])
    } catch { preconditionFailure("\(error)") }
  }()

  private static func settings(
    _ change: (inout TrainingConfiguration) -> Void = { _ in }
  ) -> TrainingConfiguration {
    var configuration = TrainingConfiguration(epochs: 2, seed: 1)
    configuration.recipe = .plain
    configuration.data.target = ["y"]
    configuration.network.hidden = [4]
    change(&configuration)
    return configuration
  }

  /// What is wrong; "nothing" if nothing is.
  private static func problem(_ body: () throws -> Void) -> String {
    do {
      try body()
      return "nothing"
    } catch { return "\(error)" }
  }

  private static func problem(
    _ configuration: TrainingConfiguration, from base: Model? = nil, of table: Table = table
  ) -> String {
    problem { _ = try Estimator(configuration, from: base, threads: 1).fit(table) }
  }

  /// A file with the rows of the table.
  private static func file() throws -> (folder: URL, path: String) {
    let folder = FileManager.default.temporaryDirectory
      .appendingPathComponent("backprop-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    var text = "a,b,n,text,y\n"
    for row in 0..<rows {
      text += "\(row % 7 + 1),\(row % 5),\(row % 3),\(row % 2 == 0 ? "even" : "odd"),"
      text += "\(row % 7 - row % 5)\n"
    }
    let path = folder.appendingPathComponent("t.csv").path
    try text.write(toFile: path, atomically: true, encoding: .utf8)
    return (folder, path)
  }

  // MARK: Given again

  @Test("What a run has chosen passes the check of what is given, and leads to itself")
  func resolved() throws {
    let (folder, path) = try Self.file()
    defer { try? FileManager.default.removeItem(at: folder) }
    let changes: [(inout TrainingConfiguration) -> Void] = [
      { _ in }, { $0.data.shuffle = false }, { $0.data.memory = "200MB" },
      { ($0.data.memory, $0.data.shuffle) = ("200MB", false) },
      { ($0.data.memory, $0.data.shuffleWindow) = ("200MB", 2) },
      { ($0.data.memory, $0.data.shuffleWindow, $0.data.shuffle) = ("200MB", 2, false) },
      { ($0.data.memory, $0.data.shuffleBlock, $0.data.shuffle) = ("200MB", 4, false) },
      { ($0.data.shuffleBlock, $0.data.shuffleWindow) = (4, 2) },
      { $0.schedule.schedule = .constant },
      { ($0.schedule.schedule, $0.stopping.minDelta) = (.constant, 0.1) },
      { ($0.stopping.patience, $0.stopping.minDelta) = (2, 0) },
      { $0.schedule.schedule = .oneCycle() },
      { ($0.schedule.schedule, $0.schedule.cycleMomentum) = (.oneCycle(), MomentumCycle()) },
      { ($0.updates.l2, $0.updates.l2Scaling) = (0.1, .perExample) },
      { ($0.updates.weightDecay, $0.updates.decayBiases) = (0.1, true) },
      { ($0.updates.ema, $0.noise.mixup) = (0.9, 0.2) }, { $0.stopping.validation = 0 },
      { $0.stopping.validation = 0.001 }, { $0.data.weightColumn = "a" },
      { ($0.data.ignore, $0.data.categorical) = (["b"], ["n"]) },
    ]
    var tried = 0
    for rule in OptimizerRule.allCases {
      for (index, change) in changes.enumerated() {
        let given = Self.settings {
          $0.updates.optimizer = rule
          change(&$0)
        }
        // What has no meaning under the rule.
        if (try? Estimator(given).validate()) == nil { continue }
        func prepare(_ configuration: TrainingConfiguration) throws -> PreparedFit<Float> {
          var tables = try FitTables(
            training: Table(contentsOf: path, options: TableOptions(configuration.data)))
          tables.spoolFolder = folder.path
          return try Estimator(configuration, threads: 1).prepare(
            tables, as: Float.self, warn: { _, _ in })
        }
        let first = try prepare(given)
        let ofModel = try #require(first.model.configuration)
        for (name, chosen) in [("checkpoint", first.configuration), ("model", ofModel)] {
          let problem = Self.problem {
            try Estimator(chosen).validate()
            let again = try prepare(chosen)
            #expect(again.model.configuration == ofModel, "\(rule.name), \(index), \(name)")
            #expect(again.network.parameters == first.network.parameters)
          }
          #expect(problem == "nothing", "\(rule.name), \(index), \(name)")
          tried += 1
        }
      }
    }
    #expect(tried > 300)
  }

  @Test("The configuration of a model may be given with the model, however the table was read")
  func ofItsModel() throws {
    let (folder, path) = try Self.file()
    defer { try? FileManager.default.removeItem(at: folder) }
    let given = Self.settings {
      ($0.data.ignore, $0.data.categorical, $0.data.numeric) = (["b"], ["n"], ["a"])
      $0.network.initializer = .heNormal
    }
    let table = try Table(contentsOf: path, options: TableOptions(given.data))
    let model = try Estimator(given, threads: 1).fit(table).model
    let own = try #require(model.configuration)
    let next = try Estimator(own, from: model, threads: 1).fit(table).model
    for other in [try Table(contentsOf: path), Self.table] {
      let same = try Estimator(own, from: model, threads: 1).fit(other).model
      #expect(try same.safeTensors().bytes == next.safeTensors().bytes)
    }
    // And what it is not is still refused.
    for (name, change): (String, (inout TrainingConfiguration) -> Void) in [
      ("ignore", { $0.data.ignore = ["a"] }), ("categorical", { $0.data.categorical = ["b"] }),
      ("numeric", { $0.data.numeric = ["b"] }),
      ("initializer", { $0.network.initializer = .zeros }),
      ("hidden", { $0.network.hidden = [5] }), ("parametric", { $0.network.parametric = true }),
    ] {
      var other = own
      change(&other)
      #expect(Self.problem(other, from: model, of: table).hasPrefix(name), "\(name)")
    }
    for change: (inout TrainingConfiguration) -> Void in [
      { $0.network.parametric = false }, { $0.network.scaleInputs = false },
      { $0.network.norm = [nil] },
    ] {
      var same = own
      change(&same)
      #expect(Self.problem(same, from: model, of: table) == "nothing")
    }
    // A model that went on knows what it learned.
    var more = TrainingConfiguration(epochs: 1)
    more.data.seed = 2
    let last = try Estimator(more, from: model, threads: 1).fit(table).model
    #expect(last.configuration?.data.target == ["y"])
  }

  @Test("A loss or an activation of one's own is the model's, or is refused")
  func own() throws {
    func change(_ configuration: inout TrainingConfiguration) {
      configuration.network.activation = [.custom(Softsign())]
      configuration.network.loss = .custom(LogCosh())
    }
    let plain = try Estimator(Self.settings(), threads: 1).fit(Self.table).model
    let own = try Estimator(Self.settings(change), threads: 1).fit(Self.table).model
    let loss = Self.settings { $0.network.loss = .custom(LogCosh()) }
    #expect(
      Self.problem(loss, from: plain)
        == "loss custom:log-cosh contradicts the model, which has cross-entropy")
    let activation = Self.settings { $0.network.activation = [.custom(Softsign())] }
    #expect(
      Self.problem(activation, from: plain)
        == "activation [custom:softsign] contradicts the model, which has relu")
    #expect(
      Self.problem(Self.settings { $0.network.activation = [.relu] }, from: own)
        == "activation relu contradicts the model, which has [custom:softsign]")
    #expect(Self.problem(Self.settings(change), from: own) == "nothing")
  }

  @Test("Rows to validate on win over a part of the rows that a stored configuration held out")
  func validationTable() throws {
    let model = try Estimator(Self.settings(), threads: 1).fit(Self.table).model
    let stored = try #require(model.configuration)
    #expect(stored.stopping.validation != nil)
    let fit = try Estimator(stored, threads: 1).fit(Self.table, validation: Self.table)
    #expect(fit.heldOut.examples == Self.rows)
    #expect(fit.model.configuration?.stopping.validation == nil)
  }

  @Test("The number of training examples is counted, whatever is said")
  func trainingExamples() throws {
    let given = Self.settings { ($0.updates.l2, $0.updates.l2Scaling) = (0.1, .perExample) }
    var stored = try #require(
      try Estimator(given, threads: 1).fit(Self.table).model.configuration)
    let count = try #require(stored.updates.trainingExamples)
    stored.updates.trainingExamples = 7
    #expect(
      try Estimator(stored, threads: 1).fit(Self.table).model.configuration?.updates
        .trainingExamples == count)
    stored.updates.l2Scaling = nil
    let other = try Estimator(stored, threads: 1).fit(Self.table).model
    #expect(other.configuration?.updates.trainingExamples == nil)
  }

  // MARK: Columns

  @Test("A column may be ignored and be the weight, or be ignored and read in some way")
  func ignored() throws {
    let (folder, path) = try Self.file()
    defer { try? FileManager.default.removeItem(at: folder) }
    for given in [
      Self.settings { ($0.data.weightColumn, $0.data.ignore) = ("a", ["a"]) },
      Self.settings { ($0.data.categorical, $0.data.ignore) = (["b"], ["b"]) },
      Self.settings { ($0.data.numeric, $0.data.ignore) = (["b"], ["b"]) },
      Self.settings { ($0.data.numeric, $0.data.ignore) = (["text"], ["text"]) },
    ] {
      let tables = [
        Self.table, try Table(contentsOf: path),
        try Table(contentsOf: path, options: TableOptions(given.data)),
      ]
      let ignored = try #require(given.data.ignore)
      var files: Set<[UInt8]> = []
      for table in tables {
        let problem = Self.problem {
          let model = try Estimator(given, threads: 1).fit(table).model
          #expect(model.weights?.column == given.data.weightColumn)
          #expect(model.encoder?.columns.contains { ignored.contains($0.name) } == false)
          files.insert(try model.safeTensors().bytes)
        }
        #expect(problem == "nothing")
      }
      #expect(files.count == 1)
      #expect(
        Self.problem { _ = try Estimator(given).crossValidate(tables[0], folds: 2) } == "nothing")
    }
    let target = Self.settings { $0.data.ignore = ["y", "b"] }
    for table in [Self.table, try Table(contentsOf: path, options: TableOptions(target.data))] {
      #expect(Self.problem(target, of: table).hasPrefix("target y is ignored"))
    }
  }

  @Test("Columns have a name each")
  func twice() {
    #expect(
      Self.problem {
        _ = try Table(columns: [("x", .numbers([1])), ("y", .numbers([1])), ("x", .numbers([2]))])
      }.contains("two columns are called \"x\""))
  }

  // MARK: Folds, and too few rows

  @Test("Folds refuse what a fit refuses, and what no fold can do")
  func folds() throws {
    func problem(
      _ table: Table = Self.table, _ change: (inout TrainingConfiguration) -> Void
    ) -> String {
      Self.problem {
        _ = try Estimator(Self.settings(change), threads: 1).crossValidate(table, folds: 2)
      }
    }
    #expect(problem { _ in } == "nothing")
    #expect(
      problem { $0.stopping.validationData = "v.csv" }.hasPrefix("validationData has no mean"))
    #expect(problem { $0.data.memory = "200MB" }.hasPrefix("memory has no meaning with folds"))
    #expect(problem { $0.data.from = "m" }.hasPrefix("from has no meaning with folds"))
    let few = try Table(columns: [
      ("x", .numbers((0..<12).map { Double($0) })), ("y", .numbers((0..<12).map { Double($0) })),
    ])
    #expect(problem(few) { $0.stopping.patience = 3 }.hasPrefix("patience needs validation data"))
    #expect(problem(few) { $0.stopping.metric = .rmse }.hasPrefix("metric needs validation data"))
    #expect(problem { $0.stopping.validation = 0 } == "nothing")
    let model = try Estimator(Self.settings(), threads: 1).fit(Self.table).model
    #expect(
      Self.problem {
        _ = try Estimator(Self.settings(), from: model).crossValidate(Self.table, folds: 2)
      }.hasPrefix("from has no meaning with folds"))
    #expect(
      Self.problem { _ = try Estimator(Self.settings()).crossValidate(Self.table, folds: 1) }
        .hasPrefix("folds 1: give at least 2"))
  }

  @Test("Where a part that was given leaves nothing to validate on, it is the part that is named")
  func smallPart() {
    let given = Self.settings { ($0.stopping.validation, $0.stopping.patience) = (0.001, 2) }
    #expect(
      Self.problem(given)
        == "patience needs validation data, and a validation of 0.001 leaves none of 60 rows; give a "
        + "larger one, or a file to validate on")
  }

  @Test("A default that is given is no more than one that is not")
  func defaults() {
    for change: (inout TrainingConfiguration) -> Void in [
      { $0.stopping.minDelta = 0 },
      { ($0.stopping.minDelta, $0.stopping.validation) = (0, 0) },
      { $0.updates.l2Scaling = .loss }, { $0.data.classWeight = "none" },
      { ($0.updates.optimizer, $0.updates.biasRateFactor) = (.lbfgs(), 1) },
      { ($0.updates.optimizer, $0.updates.biasRateFactor) = (.rprop(), 1) },
      { ($0.updates.optimizer, $0.updates.rateFactors) = (.lbfgs(), [1]) },
      { ($0.updates.optimizer, $0.updates.accumulate) = (.lbfgs(), 1) },
      { ($0.updates.optimizer, $0.schedule.schedule) = (.rprop(), .constant) },
    ] { #expect(Self.problem(Self.settings(change)) == "nothing") }
  }

  // MARK: Others who take a configuration

  @Test("Training by chunk refuses what it cannot do, and never traps")
  func chunks() async throws {
    await #expect(processExitsWith: .success) {
      let network = try Network<Float>(
        sizes: [2, 3, 1], activations: [.relu, .identity], loss: .squaredError)
      for change: (inout TrainingConfiguration) -> Void in [
        { $0.updates.rateFactors = [1, 2, 3] }, { $0.updates.rateFactors = [] },
        { ($0.updates.optimizer, $0.updates.weightDecay) = (.lbfgs(), 0.1) },
        { $0.updates.optimizer = .lbfgs(memory: -1) },
        { $0.updates.optimizer = .lbfgs(memory: .max) }, { $0.updates.optimizer = .lbfgs() },
        { $0.updates.optimizer = .rprop() }, { $0.updates.weightDecay = -1 },
      ] {
        var configuration = TrainingConfiguration(schedule: .constant)
        change(&configuration)
        do {
          _ = try PartialTraining(for: network, configuration: configuration)
          exit(2)
        } catch {}
      }
    }
  }

  @Test("A model that could not be read back is not written")
  func written() throws {
    let model = try Estimator(Self.settings(), threads: 1).fit(Self.table).model
    let path = FileManager.default.temporaryDirectory
      .appendingPathComponent("backprop-\(UUID().uuidString)").path
    for change: (inout TrainingConfiguration) -> Void in [
      { $0.updates.learningRate = -1 }, { $0.updates.learningRate = .nan },
      { $0.updates.rateFactors = [1, 2, 3, 4, 5] },
    ] {
      var configuration = try #require(model.configuration)
      change(&configuration)
      let other = Model(
        network: model.network, encoder: model.encoder, targetEncoder: model.targetEncoder,
        configuration: configuration)
      #expect(throws: ConfigurationError.self) { try other.write(to: path) }
      #expect(!FileManager.default.fileExists(atPath: path))
    }
  }
}
