import Foundation
import Testing

@testable import Backprop

@Suite("Ensembles, and the temperature of their members")
struct EnsembleTests {
  private static func table(rows: Int = 150) throws -> Table {
    var random = RandomSource(seed: 8, purpose: .sampling)
    let x = (0..<rows).map { _ in random.normal() }
    let labels = (0..<rows).map { row in
      let z = x[row] + 0.5 * random.normal()
      return z > 0.7 ? "high" : z < -0.7 ? "low" : "mid"
    }
    return try Table(columns: [
      ("x", .numbers(x)), ("noise", .numbers((0..<rows).map { _ in random.normal() })),
      ("label", .texts(labels)), ("value", .numbers(x.map { 3 * $0 + 0.1 })),
    ])
  }

  private static func configuration(_ target: String, members: Int = 3) -> TrainingConfiguration {
    var configuration = TrainingConfiguration(epochs: 6, seed: 2)
    configuration.recipe = .plain
    configuration.data.target = [target]
    configuration.data.ignore = [target == "label" ? "value" : "label"]
    configuration.network.hidden = [8]
    configuration.stopping.members = members
    return configuration
  }

  @Test(
    "The members are networks of one model, the same for any number of threads",
    arguments: ["label", "value"])
  func members(target: String) throws {
    let table = try Self.table()
    var models: [[UInt8]] = []
    for threads in [1, 2, 5] {
      let fit = try Estimator(Self.configuration(target), threads: threads).fit(table)
      #expect(fit.model.members.count == 3 && fit.heldOut.examples == 150 && fit.test == nil)
      models.append(try fit.model.safeTensors().bytes)
    }
    #expect(models[1] == models[0] && models[2] == models[0])
    let model = try Model(bytes: models[0])
    #expect(model.members.count == 3)
    // Their prediction is the mean of theirs.
    let inputs: Matrix<Float> = try model.inputs(of: table, as: Float.self)
    let outputs = model.members.map { $0.network(as: Float.self).predictions(for: inputs) }
    #expect(outputs[0] != outputs[1] && outputs[1] != outputs[2])
    if target == "label" {
      let answer = try model.predict(table)[7].probabilities
      for (label, name) in (model.targetEncoder?.labels ?? []).enumerated() {
        let mean = outputs.reduce(0.0) { $0 + Double($1[7, label]) } / 3
        #expect(abs((answer[name] ?? .nan) - mean) < 1e-6)
      }
    }
    // The settings lead to it again.
    let again = try Estimator(try #require(model.configuration)).fit(table).model
    #expect(try again.safeTensors().bytes == models[0])
  }

  @Test("Out of fold: each row by the member that did not learn from it")
  func outOfFold() throws {
    let table = try Self.table()
    let estimator = Estimator(Self.configuration("value"), threads: 1)
    let prepared: PreparedFit<Double> = try estimator.prepare(
      FitTables(training: table), as: Double.self, warn: { _, _ in })
    let ensemble = try estimator.trainMembers(
      prepared, warn: { _, _ in }, report: { _ in }, isInterrupted: { false })
    guard case .memory(let data) = prepared.training else {
      Issue.record("rows in a file")
      return
    }
    let folds = try Folds.random(rows: 150, count: 3, seed: 2)
    var squares = 0.0
    for (index, member) in ensemble.members.enumerated() {
      let own = data.subset(folds[index].validation)
      let outputs = member.predictions(for: own.inputs)
      for row in 0..<own.count {
        let error = outputs[row, 0] - own.targets[row, 0]
        squares += error * error
      }
    }
    #expect(abs(ensemble.outOfFold.loss - squares / 300) < 1e-12)
    #expect(ensemble.summaries.allSatisfy { $0.reason == .completed && $0.bestEpoch > 0 })
  }

  @Test("A temperature makes the log loss least and leaves the largest probability where it is")
  func temperature() throws {
    // z = ±2 and right three times of four.
    var network = try Network<Double>(
      sizes: [1, 2], activations: [.softmax], loss: .crossEntropy, seed: 1)
    network.parameters.setTensors(of: 0, weights: [2, -2], biases: [0, 0])
    let examples = Dataset<Double>(
      inputs: Matrix([[1], [1], [1], [1]]), classes: [0, 0, 0, 1], of: 2)
    let before = network.evaluate(
      on: examples, metrics: .classification(threshold: 0.5, probabilities: true))
    let temperature = network.calibrate(on: examples, classes: [0, 0, 0, 1])
    func sum(_ t: Double) -> Double {
      3 * log(1 + exp(-4 / t)) + log(1 + exp(4 / t)) + 2 * log(t) * log(t)
    }
    let least = stride(from: 0.25, through: 4, by: 0.001).min { sum($0) < sum($1) } ?? 0
    #expect(abs(temperature - least) < 0.01 && least > 1.2)
    let after = network.evaluate(
      on: examples, metrics: .classification(threshold: 0.5, probabilities: true))
    #expect(after.loss < before.loss)
    // One sigmoid of the same difference of z is divided by the same temperature.
    var sigmoid = try Network<Double>(
      sizes: [1, 1], activations: [.sigmoid], loss: .binaryCrossEntropy)
    sigmoid.parameters.setTensors(of: 0, weights: [-4], biases: [0])
    let ones = Dataset<Double>(inputs: examples.inputs, targets: Matrix([[0], [0], [0], [1]]))
    #expect(abs(sigmoid.calibrate(on: ones, classes: [0, 0, 0, 1]) - temperature) < 0.01)
    // A few rows that are all right do not make it certain.
    var sure = try Network<Double>(sizes: [1, 2], activations: [.softmax], loss: .crossEntropy)
    sure.parameters.setTensors(of: 0, weights: [2, -2], biases: [0, 0])
    let right = Dataset<Double>(inputs: Matrix([[1], [1]]), classes: [0, 0], of: 2)
    #expect((0.7...1).contains(sure.calibrate(on: right, classes: [0, 0])))
    #expect(after.value(of: .accuracy) == before.value(of: .accuracy))
    var regression = try Network<Double>(
      sizes: [1, 1], activations: [.identity], loss: .squaredError)
    #expect(
      regression.calibrate(on: Dataset(inputs: Matrix([[1]]), targets: Matrix([[1]])), classes: [0])
        == 1)
  }

  @Test("Weights of a temperature count beside each other alone; where all are 0 there is none")
  func weightedTemperature() throws {
    func temperature(_ weights: [Double]?) throws -> Double {
      var network = try Network<Double>(
        sizes: [1, 2], activations: [.softmax], loss: .crossEntropy)
      network.parameters.setTensors(of: 0, weights: [2, -2], biases: [0, 0])
      let rows = Dataset<Double>(
        inputs: Matrix([[1], [1], [1], [1]]), classes: [0, 0, 0, 1], of: 2, weights: weights)
      return network.calibrate(on: rows, classes: [0, 0, 0, 1])
    }
    let plain = try temperature(nil)
    #expect(try temperature([3, 3, 3, 3]) == plain && temperature([0, 0, 0, 0]) == 1)
    #expect(try temperature([1, 1, 1, 5]) > plain + 0.1)
  }

  @Test(
    "Sure and wrong: the temperature is that of z, where the probability of a Float is 1 already")
  func sureAndWrong() throws {
    func temperature<T: Scalar>(_ type: T.Type) throws -> Double {
      var network = try Network<T>(
        sizes: [1, 1], activations: [.sigmoid], loss: .binaryCrossEntropy)
      network.parameters.setTensors(of: 0, weights: [1], biases: [0])
      let x = [T](repeating: 3, count: 60) + [20]
      return network.calibrate(
        on: Dataset(
          inputs: Matrix(x.map { [$0] }), targets: Matrix(x.map { [T($0 == 3 ? 1 : 0)] })),
        classes: x.map { $0 == 3 ? 1 : 0 })
    }
    #expect(abs(try temperature(Float.self) - temperature(Double.self)) < 0.01)
  }

  @Test("Numbers that are shares are calibrated by nobody")
  func shares() throws {
    let table = try Table(columns: [
      ("x", .numbers((0..<60).map { Double($0 % 9) })),
      ("y", .numbers((0..<60).map { 0.3 + Double($0 % 9) / 90 })),
    ])
    var configuration = TrainingConfiguration(epochs: 40, seed: 1)
    configuration.recipe = .plain
    configuration.data.target = ["y"]
    configuration.data.task = .regression
    configuration.network.loss = .binaryCrossEntropy
    configuration.stopping.members = 3
    let fit = try Estimator(configuration).fit(table)
    #expect(abs(try fit.model.predict(["x": 4]).value - 0.344) < 0.05)
  }

  @Test("Golden section finds the one minimum of a function")
  func goldenSection() {
    #expect(abs(leastByGoldenSection(in: -2...5) { ($0 - 1.25) * ($0 - 1.25) } - 1.25) < 0.01)
    #expect(leastByGoldenSection(in: 0...1) { $0 } < 0.001)
  }

  @Test("What an ensemble has no place for is refused by name")
  func refusals() throws {
    let table = try Self.table()
    for (name, change): (String, (inout TrainingConfiguration) -> Void) in [
      ("validation", { $0.stopping.validation = 0.2 }), ("memory", { $0.data.memory = "1GB" }),
      ("members", { $0.stopping.members = 0 }), ("members", { $0.stopping.members = 31 }),
    ] {
      var configuration = Self.configuration("value")
      change(&configuration)
      let few = try Table(columns: [
        ("x", .numbers((0..<30).map { Double($0 * $0 % 7) })),
        ("label", .texts((0..<30).map { "t\($0 % 3)" })),
        ("value", .numbers((0..<30).map { Double($0) })),
      ])
      do {
        _ = try Estimator(configuration).fit(name == "members" ? few : table)
        Issue.record("\(name) was not refused")
      } catch let error as ConfigurationError {
        #expect(error.name == name, "\(error)")
      }
    }
  }

  @Test("A class with fewer rows than folds is dealt whatever its class, and said")
  func rareClass() throws {
    var labels = (0..<60).map { $0 % 2 == 0 ? "a" : "b" }
    labels[7] = "rare"
    let table = try Table(columns: [
      ("x", .numbers((0..<60).map { Double($0 % 11) })), ("label", .texts(labels)),
    ])
    var configuration = Self.configuration("label")
    configuration.data.ignore = nil
    let fit = try Estimator(configuration).fit(table)
    #expect(fit.warnings.contains { $0.contains("fewer rows than there are folds") })
  }

  @Test("Interrupted before each member has an epoch it is cancelled; later it keeps what it has")
  func interrupted() throws {
    let table = try Self.table()
    #expect(throws: CancellationError.self) {
      try Estimator(Self.configuration("label"), threads: 1).fit(table, isInterrupted: { true })
    }
    // In the last member's second epoch.
    var (member, epoch) = (0, 0)
    let estimator = Estimator(Self.configuration("label"), threads: 1)
    let prepared: PreparedFit<Float> = try estimator.prepare(
      FitTables(training: table), as: Float.self, warn: { _, _ in })
    let ensemble = try estimator.trainMembers(
      prepared, warn: { _, _ in },
      began: { number, _ in (member, epoch) = (number, 0) },
      report: { if case .epoch(let report) = $0 { epoch = report.epoch } },
      isInterrupted: { member == 3 && epoch == 1 })
    #expect(ensemble.summary.reason == .interrupted && ensemble.summaries[2].bestEpoch == 1)
  }

  @Test("One sigmoid: folds by class; and a member that diverges is told of")
  func sigmoidAndDivergence() throws {
    var labels = (0..<40).map { _ in "no" }
    labels[11] = "yes"
    let table = try Table(columns: [
      ("x", .numbers((0..<40).map { Double($0 % 7) })), ("label", .texts(labels)),
    ])
    var configuration = Self.configuration("label")
    configuration.data.ignore = nil
    configuration.network.loss = .binaryCrossEntropy
    #expect(
      try Estimator(configuration).fit(table).warnings.contains { $0.contains("fewer rows") })
    var wild = Self.configuration("value", members: 2)
    wild.updates.optimizer = .sgd
    wild.updates.learningRate = 1e6
    #expect(throws: DivergenceError.self) { try Estimator(wild).fit(Self.table()) }
  }
}
