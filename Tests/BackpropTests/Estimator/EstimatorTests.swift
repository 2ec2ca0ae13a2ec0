import Foundation
import Testing

@testable import Backprop

@Suite("An estimator")
struct EstimatorTests {
  private static let penguins: Table = {
    let path = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
      .appendingPathComponent("../../../Examples/penguins.csv").standardized.path
    do { return try Table(contentsOf: path) } catch { preconditionFailure("\(error)") }
  }()

  private static func configuration(epochs: Int? = 4) -> TrainingConfiguration {
    var configuration = TrainingConfiguration(epochs: epochs, seed: 1)
    configuration.recipe = .plain
    configuration.data.target = ["species"]
    return configuration
  }

  @Test("A fit holds rows out, tells of its run, and its model has all that was chosen")
  func fit() throws {
    var epochs: [Int] = []
    let fit = try Estimator(Self.configuration(), threads: 2).fit(
      Self.penguins,
      report: { if case .epoch(let report) = $0 { epochs.append(report.epoch) } })
    #expect(epochs == [1, 2, 3, 4] && fit.summary.reason == .completed)
    #expect(fit.heldOut.examples == 69 && fit.test == nil && fit.warnings.isEmpty)
    #expect(fit.heldOut.description.hasPrefix("accuracy "))
    #expect(!fit.heldOut.description.contains(", loss"))
    let configuration = try #require(fit.model.configuration)
    #expect(
      configuration.network.hidden == [64, 64] && configuration.network.loss == .crossEntropy)
    #expect(configuration.updates.batchSize == 16 && configuration.data.task == .classification)
    // Given again it leads to the same model and to itself, whatever the number of threads.
    let again = try Estimator(configuration, threads: 1).fit(Self.penguins).model
    #expect(try again.safeTensors().bytes == fit.model.safeTensors().bytes)
  }

  @Test("Other rows may choose and judge, and a model may go on")
  func tables() throws {
    let first = try Estimator(Self.configuration(), threads: 1).fit(
      Self.penguins, validation: Self.penguins)
    #expect(first.heldOut.examples == 344 && first.test == nil)
    // Rows that were used judge nothing.
    #expect(throws: ConfigurationError.self) {
      try Estimator(Self.configuration(), threads: 1).fit(
        Self.penguins, validation: Self.penguins, test: Self.penguins)
    }
    var settings = Self.configuration(epochs: 1)
    let second = try Estimator(settings, from: first.model, threads: 1).fit(Self.penguins)
    #expect(second.model.encoder == first.model.encoder)
    settings.network.hidden = [3]
    let error = #expect(throws: ConfigurationError.self) {
      try Estimator(settings, from: first.model).fit(Self.penguins)
    }
    #expect(
      error?.description.contains("hidden 3 contradicts the model, which has [64,64]") ?? false)
  }

  @Test("Rows to validate on leave all others to learn from, and may be waited for")
  func validationTable() throws {
    func start(_ change: (inout TrainingConfiguration) -> Void) throws -> (TrainingStart?, Fit) {
      var (configuration, start) = (Self.configuration(), TrainingStart?.none)
      change(&configuration)
      let fit = try Estimator(configuration, threads: 1).fit(
        Self.penguins, validation: Self.penguins
      ) {
        if case .start(let found) = $0 { start = found }
      }
      return (start, fit)
    }
    for change: (inout TrainingConfiguration) -> Void in [
      { _ in }, { $0.stopping.patience = 2 },
      { ($0.stopping.validation, $0.stopping.patience) = (0, 2) }, { $0.stopping.validation = 0.2 },
    ] {
      let (start, fit) = try start(change)
      #expect(start?.examples == 344 && start?.validationExamples == 344)
      #expect(fit.warnings.isEmpty && fit.model.configuration?.stopping.validation ?? 0 == 0)
    }
  }

  @Test("A regression of which nothing is held out has a fit")
  func nothingHeldOut() throws {
    let numbers = (0..<15).map { Double($0) }
    let table = try Table(columns: [("x", .numbers(numbers)), ("y", .numbers(numbers))])
    let fit = try Estimator(target: "y").fit(table)
    #expect(fit.heldOut.description == "nothing was held out" && fit.warnings.count == 1)
    #expect(fit.heldOut.examples == 0 && fit.heldOut.loss.isNaN)
  }

  @Test("A table must have been read as the configuration says, and what it ignores is no feature")
  func reading() throws {
    var configuration = Self.configuration(epochs: 1)
    configuration.data.ignore = ["island", "year"]
    let fit = try Estimator(configuration, threads: 1).fit(Self.penguins)
    #expect(fit.model.encoder?.columns.map(\.name).contains("year") == false)
    let file = try #require(Self.penguins.file)
    var read = try Table(contentsOf: file, options: TableOptions(configuration.data))
    let other = try Estimator(configuration, threads: 1).fit(read).model
    #expect(try other.safeTensors().bytes == fit.model.safeTensors().bytes)
    // From the configuration of the model to the same model.
    let again = try Estimator(#require(other.configuration), threads: 1).fit(Self.penguins).model
    #expect(try again.safeTensors().bytes == other.safeTensors().bytes)

    func problem(_ table: Table, _ change: (inout TrainingConfiguration) -> Void) -> String {
      var configuration = Self.configuration(epochs: 1)
      change(&configuration)
      do {
        return "\(try Estimator(configuration, threads: 1).fit(table).model.encoder != nil)"
      } catch { return "\(error)" }
    }
    #expect(problem(Self.penguins) { $0.data.ignore = ["yaer"] }.contains("did you mean \"year\"?"))
    #expect(
      problem(Self.penguins) { $0.data.categorical = ["year"] }.hasPrefix(
        "categorical year was not read as"))
    #expect(
      problem(Self.penguins) { $0.data.numeric = ["island"] }.hasPrefix(
        "numeric island was not read as"))
    #expect(
      problem(Self.penguins) { $0.data.from = "a.safetensors" }.hasPrefix("from names a model"))
    #expect(
      problem(Self.penguins) { $0.stopping.validationData = "v.csv" }.hasPrefix(
        "validationData names"))
    configuration.data.ignore = nil
    configuration.data.categorical = ["year"]
    read = try Table(contentsOf: file, options: TableOptions(configuration.data))
    #expect(problem(read) { $0.data.categorical = ["year"] } == "true")
  }

  @Test("A model with a loss and an activation of one's own is read back whole")
  func own() throws {
    var configuration = Self.configuration(epochs: 1)
    configuration.data.target = ["year"]
    configuration.network.activation = [.custom(Softsign())]
    configuration.network.loss = .custom(LogCosh())
    let model = try Estimator(configuration, threads: 1).fit(Self.penguins).model
    let read = try Model(
      bytes: model.safeTensors().bytes, losses: [LogCosh()], activations: [Softsign()])
    #expect(read.configuration?.network.activation == [.custom(Softsign())])
    #expect(read.configuration?.network.loss?.description == "custom:\(LogCosh().name)")
    #expect(try read.safeTensors().bytes == model.safeTensors().bytes)
  }

  @Test("What is missing or does not suit the data is an error by its name")
  func refused() throws {
    func name(_ change: (inout TrainingConfiguration) -> Void) -> String {
      var configuration = Self.configuration()
      change(&configuration)
      do {
        _ = try Estimator(configuration, threads: 1).fit(Self.penguins)
        return "nothing"
      } catch let error as ConfigurationError { return error.name } catch { return "\(error)" }
    }
    #expect(name { $0.data.target = nil } == "target")
    #expect(name { $0.data.target = ["specis"] }.contains("did you mean \"species\"?"))
    #expect(name { $0.network.loss = .poisson } == "loss")
    #expect(name { $0.stopping.metric = .rmse } == "metric")
    #expect(name { $0.noise.dropout = [0.1, 0.2, 0.3] } == "dropout")
    #expect(name { $0.data.classWeight = "Adelie=x" } == "classWeight")
    #expect(name { $0.data.weightColumn = "species" } == "weightColumn")
    #expect(name { $0.updates.learningRate = -1 } == "learningRate")
    #expect(name { $0.updates.learningRate = 1e30 }.contains("the run diverged"))
  }

  @Test("A fit of a task has the same model, and ends when the task is cancelled")
  func tasks() async throws {
    let estimator = Estimator(Self.configuration(), threads: 1)
    let fit = try await estimator.fit(Self.penguins)
    let alone = try sameFit(estimator)
    #expect(try fit.model.safeTensors().bytes == alone.model.safeTensors().bytes)
    let endless = Estimator(Self.configuration(epochs: 1_000_000), threads: 1)
    let task = Task { try await endless.fit(Self.penguins) }
    try await Task.sleep(for: .milliseconds(50))
    task.cancel()
    await #expect(throws: CancellationError.self) { try await task.value }
  }

  /// Without a task, the other of the two methods.
  private func sameFit(_ estimator: Estimator) throws -> Fit { try estimator.fit(Self.penguins) }

  @Test("Folds judge networks that learned from the others")
  func folds() throws {
    let result = try Estimator(Self.configuration(), threads: 1).crossValidate(
      Self.penguins, folds: 3)
    #expect(result.folds.count == 3 && result.folds.map(\.examples.test).reduce(0, +) == 344)
    #expect(result.statistics(of: .accuracy).mean > 0.5)
    var warnings = 0
    let few = try Table(columns: [
      ("x", .numbers((0..<25).map { Double($0) })),
      ("y", .numbers((0..<25).map { Double($0 % 7) })),
    ])
    _ = try Estimator(target: "y").crossValidate(few, folds: 3) {
      if case .warning = $0 { warnings += 1 }
    }
    #expect(warnings == 3)
    #expect(throws: CancellationError.self) {
      try Estimator(Self.configuration(), threads: 100_000).crossValidate(
        Self.penguins, folds: 3, isInterrupted: { true })
    }
  }

  @Test("Events pass through JSON")
  func events() throws {
    var events: [TrainingEvent] = []
    _ = try Estimator(Self.configuration(epochs: 2), threads: 1).fit(Self.penguins) {
      events.append($0)
    }
    for event in events {
      let document = try JSONValue(encoding: event)
      #expect(try JSONValue(encoding: document.decoded(as: TrainingEvent.self)) == document)
    }
    #expect(events.count >= 4)
  }
}

@Suite("The settings of a run")
struct SettingTests {
  @Test("Every setting is read as it is written, under either name, in its group and by itself")
  func roundTrip() throws {
    let values: [String: JSONValue] = [
      "data": "x.csv", "target": ["a", "b"], "task": "regression", "from": "m", "weightColumn": "w",
      "classWeight": "a=1", "categorical": ["a", "b"], "numeric": "a", "ignore": "a",
      "delimiter": "tab", "header": true, "skipLines": 3, "comment": "%",
      "columnNames": ["a", "b"], "missing": ["-999", "x"], "noMissing": true,
      "keepText": ["a", "b"], "decimal": ",", "thousands": "space", "dateOrder": "day-first",
      "scaling": "robust", "embedCategories": 8, "embedNumbers": true, "recipe": "realmlp-s",
      "ntk": true, "members": 3, "categoryDropout": 0.2,
      "regularizationSchedule": "flat-cos",
      "seed": JSONValue(UInt64.max), "noShuffle": true, "shuffleBlock": 3, "shuffleWindow": 4,
      "memory": "500MB", "hidden": [4, 5],
      "activation": ["tanh", "elu:0.5"], "outputActivation": "softmax", "loss": "huber:2",
      "reduction": "sum", "initializer": "normal:0.1", "precision": "double",
      "norm": ["layer", "none"], "parametric": true, "scaleInputs": true, "optimizer": "lbfgs:7",
      "learningRate": 0.1, "momentum": 0.5, "weightDecay": 0.1, "batchSize": 7, "l2": 0.1,
      "l2Scaling": "per-batch", "trainingExamples": 9, "l1": 0.1, "clipNorm": 2, "clipValue": 3,
      "maxNorm": 4, "ema": 0.9, "swa": 0.5, "accumulate": 2, "rateFactors": [0.5, 1],
      "biasRateFactor": 2, "decayBiases": true, "shards": 8, "epochs": 11,
      "schedule": "step:3:0.5", "warmUp": 0.1, "cycleMomentum": "0.8:0.9", "dropout": [0.1, 0.2],
      "inputDropout": 0.1, "inputNoise": 0.2, "labelSmoothing": 0.1, "mixup": 0.3,
      "validation": 0.3, "validationData": "v.csv", "patience": 5, "metric": "top-k:3",
      "minDelta": 0.1, "test": 0.25, "interval": 0.8, "clipPredictions": "on",
      "variants": "dropout=0.1 | learning-rate=0.03 hidden=4,4",
    ]
    var all = TrainingConfiguration()
    for setting in Setting.all where setting.name != "no-header" {
      let value = try #require(values[setting.property], "\(setting.name)")
      var one = TrainingConfiguration()
      #expect(setting.read(one) == nil)
      for document: JSONValue in [
        .object([JSONMember(setting.property, value)]), .object([JSONMember(setting.name, value)]),
        .object([JSONMember(setting.group.rawValue, .object([JSONMember(setting.property, value)]))]
        ),
      ] {
        one = TrainingConfiguration()
        try one.take(document)
        #expect(setting.read(one) == value, "\(setting.name)")
        #expect(
          one.json.object?.count == 1
            && one.json[setting.group.rawValue]?[setting.property] == value)
      }
      // As a text, as a command line has it.
      if !setting.isFlag {
        let text =
          value.array.map { $0.compactMap(\.scalar).joined(separator: ",") } ?? value.scalar ?? ""
        var other = TrainingConfiguration()
        try setting.set(&other, to: .string(text))
        #expect(setting.name == "target" || other == one, "\(setting.name)")
      }
      try all.take(one.json)
      try setting.set(&one, to: .null)
      #expect(one == TrainingConfiguration(), "\(setting.name)")
    }
    #expect(try JSONValue(encoding: all).decoded(as: TrainingConfiguration.self) == all)
    #expect(Setting.all.count == values.count + 1)
    #expect(Set(Setting.all.map(\.name)).count == Setting.all.count)
    #expect(Setting.all.allSatisfy { Setting.name(ofProperty: $0.property) == $0.name })
  }

  @Test("A rule with numbers of its own is an object")
  func rules() throws {
    for rule in [
      OptimizerRule.adam(beta1: 0.5), .rmsProp(smoothing: 0.5), .momentum(0.7), .nesterov(),
    ] {
      let configuration = TrainingConfiguration(optimizer: rule)
      let read = try JSONValue(encoding: configuration).decoded(as: TrainingConfiguration.self)
      #expect(read == configuration && read.optimizer == rule)
    }
  }

  @Test("What no document can say is no value of a setting")
  func values() {
    for change: (inout TrainingConfiguration) -> Void in [
      { $0.stopping.metric = .expectedCalibrationError(bins: 0) },
      { $0.stopping.metric = .topK(0) }, { $0.network.initializer = .uniform(-1) },
      { $0.network.initializer = .constant(.nan) }, { $0.network.loss = .huber(delta: -1) },
      { $0.network.activation = [.elu(alpha: .nan)] },
      { $0.schedule.schedule = .cosine(warmUp: 0.3) },
    ] {
      var configuration = TrainingConfiguration()
      change(&configuration)
      #expect(throws: ConfigurationError.self) { try configuration.validate() }
    }
  }

  @Test("A name of one column that looks like several, or like none, is read as it is written")
  func names() throws {
    for names in [["a,b"], [" a"], [""], ["a", "b"], ["a"]] {
      var configuration = TrainingConfiguration()
      configuration.data.ignore = names
      #expect(
        try JSONValue(encoding: configuration).decoded(as: TrainingConfiguration.self)
          == configuration)
    }
  }

  @Test("A document is an object in which every setting stands once, in its own group")
  func documents() throws {
    func problem(_ text: String) -> String {
      do {
        _ = try JSONValue(parsing: text).decoded(as: TrainingConfiguration.self)
        return "nothing"
      } catch { return "\(error)" }
    }
    for text in ["[]", "null", "3", "\"x\""] {
      #expect(problem(text).contains("expected an object"))
    }
    #expect(problem("{\"schema\":\"backprop.config/2\",\"epochs\":1}") == "nothing")
    #expect(problem("{\"schema\":\"x\"}").contains("schema expected"))
    for text in [
      "{\"epochs\":1,\"schedule\":{\"epochs\":2}}", "{\"learningRate\":0.1,\"learning-rate\":0.2}",
      "{\"header\":true,\"noHeader\":true}",
    ] { #expect(problem(text).contains("given twice"), "\(text)") }
    #expect(problem("{\"updates\":{\"hidden\":[3]}}").contains("stands in network, not in updates"))
    #expect(problem("{\"netwrk\":{}}").contains("did you mean network?"))
    for value in ["[1]", "3", "\"x\""] {
      #expect(
        problem("{\"network\":\(value)}").contains("network is a group of settings: give an obj"))
    }
    for (rule, message) in [
      ("{\"rule\":\"adam\",\"beta1\":0.5}", "no key \"beta2\""),
      ("{\"rule\":\"adm\"}", "\"adm\" is not the name of a known optimizer"),
      ("{\"rule\":\"momentum\",\"momentum\":\"x\"}", "expected Double"),
      ("\"lbfgs:1000000\"", "expected lbfgs[:memory], with"), ("\"lbfg\"", "did you mean lbfgs?"),
    ] {
      #expect(problem("{\"optimizer\":\(rule)}").contains(message), "\(rule)")
    }
    #expect(problem("{\"network\":null,\"schedule\":null,\"data\":null}") == "nothing")
  }

  @Test("A value out of its range changes nothing")
  func refused() {
    var configuration = TrainingConfiguration(learningRate: 0.5)
    for value: JSONValue in [-1, "x", [], "NaN", true] {
      #expect(throws: ConfigurationError.self) {
        try Setting.learningRate.set(&configuration, to: value)
      }
    }
    #expect(configuration == TrainingConfiguration(learningRate: 0.5))
  }
}
