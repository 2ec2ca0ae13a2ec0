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
      Self.penguins, validation: Self.penguins, test: Self.penguins)
    #expect(first.heldOut.examples == 344 && first.test == first.heldOut)
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
    #expect(name { $0.stopping.monitor = .rmse } == "monitor")
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
      "delimiter": "tab", "header": true, "seed": JSONValue(UInt64.max), "noShuffle": true,
      "shuffleBlock": 3, "shuffleWindow": 4, "memory": "500MB", "hidden": [4, 5],
      "activation": ["tanh", "elu:0.5"], "outputActivation": "softmax", "loss": "huber:2",
      "reduction": "sum", "initializer": "normal:0.1", "precision": "double",
      "norm": ["layer", "none"], "parametric": true, "scaleInputs": true, "optimizer": "lbfgs:7",
      "learningRate": 0.1, "momentum": 0.5, "weightDecay": 0.1, "batchSize": 7, "l2": 0.1,
      "l2Scaling": "per-batch", "trainingExamples": 9, "l1": 0.1, "clipNorm": 2, "clipValue": 3,
      "maxNorm": 4, "ema": 0.9, "swa": 0.5, "accumulate": 2, "rateFactors": [0.5, 1],
      "biasRateFactor": 2, "decayBiases": true, "shards": 8, "epochs": 11,
      "schedule": "step:3:0.5", "warmUp": 0.1, "cycleMomentum": "0.8:0.9", "dropout": [0.1, 0.2],
      "inputDropout": 0.1, "inputNoise": 0.2, "labelSmoothing": 0.1, "mixup": 0.3,
      "validation": 0.3, "validationData": "v.csv", "patience": 5, "monitor": "top-k:3",
      "minDelta": 0.1,
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
