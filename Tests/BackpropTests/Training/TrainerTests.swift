import Testing

@testable import Backprop
@testable import BackpropInspection

@Suite("The trainer")
struct TrainerTests {
  /// Three spirals in the plane.
  static func spirals(_ count: Int, seed: UInt64) -> Dataset<Float> {
    var random = RandomSource(seed: seed, purpose: .sampling)
    var x = Matrix<Float>(rows: count, columns: 2)
    var y = Matrix<Float>(rows: count, columns: 3)
    for row in 0..<count {
      let label = row % 3
      let radius = random.uniform()
      let turn = 0.5 * radius + Double(label) / 3 * 2 + 0.05 * random.normal()
      let cosine = Schedule.cosine(halfTurns: turn.truncatingRemainder(dividingBy: 1))
      let sine = Schedule.cosine(halfTurns: abs(0.5 - turn.truncatingRemainder(dividingBy: 1)))
      let sign: Double = Int(turn) % 2 == 0 ? 1 : -1
      x[row, 0] = Float(sign * radius * cosine)
      x[row, 1] = Float(sign * radius * sine)
      y[row, label] = 1
    }
    return Dataset(inputs: x, targets: y)
  }

  static func network<T: Scalar>(seed: UInt64 = 1) throws -> Network<T> {
    try Network<T>(
      sizes: [2, 32, 24, 3], activations: [.relu, .tanh, .softmax], loss: .crossEntropy, seed: seed)
  }

  static let metrics = MetricKind.classification(probabilities: true)

  @Test("A network learns three spirals")
  func learns() throws {
    var network: Network<Float> = try Self.network()
    let configuration = TrainingConfiguration(
      learningRate: 0.01, batchSize: 30, epochs: 40, seed: 2)
    let validation = Self.spirals(150, seed: 2)
    var losses: [Double] = []
    let summary = try Trainer<Float>(configuration: configuration).train(
      &network, on: Self.spirals(300, seed: 1), validation: validation, metrics: Self.metrics
    ) { event in
      if case .epoch(let report) = event { losses.append(report.loss) }
    }
    #expect(summary.reason == .completed && summary.epochs == 40 && summary.steps == 400)
    #expect(losses.count == 40 && losses[39] < 0.3 * losses[0])
    let accuracy = try #require(summary.validation).metrics.accuracy
    #expect(accuracy > 0.9)
    // The network holds the weights that the summary speaks of.
    #expect(network.evaluate(on: validation, metrics: Self.metrics) == summary.validation)
  }

  @Test(
    "The same run gives the same bits for 1, 2 and 3 threads",
    arguments: OptimizerRule.allCases)
  func threadInvariance(rule: OptimizerRule) throws {
    // Wide enough that the products are split between threads.
    func run(threads: Int) throws -> Parameters<Float> {
      var network = try Network<Float>(
        sizes: [2, 200, 130, 3], activations: [.relu, .gelu, .softmax], loss: .crossEntropy, seed: 1
      )
      let configuration = TrainingConfiguration(
        optimizer: rule, learningRate: 0.01, batchSize: 64, epochs: 2, l2Penalty: 1e-4, seed: 2)
      try Trainer<Float>(configuration: configuration, threads: threads).train(
        &network, on: Self.spirals(300, seed: 1), validation: Self.spirals(60, seed: 2),
        metrics: Self.metrics)
      return network.parameters
    }
    let one = try run(threads: 1)
    #expect(try run(threads: 1) == one)
    #expect(try run(threads: 2) == one)
    #expect(try run(threads: 3) == one)
  }

  @Test(
    "Under every rule and its suggested rate the loss falls, the gradient clipped or not",
    arguments: OptimizerRule.allCases)
  func everyRuleLearns(rule: OptimizerRule) throws {
    for clip in [nil, 0.5] where clip == nil || !rule.searchesLines {
      var network: Network<Float> = try Self.network()
      let configuration = TrainingConfiguration(
        optimizer: rule, schedule: rule.ignoresSchedule ? .constant : .cosine(), batchSize: 30,
        epochs: 30, clipNorm: clip, seed: 2)
      var losses: [Double] = []
      let summary = try Trainer<Float>(configuration: configuration).train(
        &network, on: Self.spirals(300, seed: 1), metrics: Self.metrics
      ) { event in
        if case .epoch(let report) = event { losses.append(report.loss) }
      }
      #expect(summary.steps == (rule.takesAllExamples ? 30 : 300))
      #expect(losses[29] < 0.9 * losses[0], "\(rule): \(losses[0]) to \(losses[29])")
    }
  }

  @Test("Patience ends a run, and the best weights come back")
  func patience() throws {
    var network: Network<Float> = try Self.network()
    let configuration = TrainingConfiguration(
      optimizer: .sgd, learningRate: 1e-9, schedule: .constant, epochs: 50, patience: 3, seed: 2)
    // A learning rate of 1e-9 moves nothing that float can hold: the first epoch stays the best.
    var reports: [EpochReport] = []
    let summary = try Trainer<Float>(configuration: configuration).train(
      &network, on: Self.spirals(90, seed: 1), validation: Self.spirals(60, seed: 2),
      metrics: Self.metrics
    ) { event in
      if case .epoch(let report) = event { reports.append(report) }
    }
    #expect(summary.reason == .earlyStop)
    #expect(summary.epochs == summary.bestEpoch + 3)
    #expect(reports.map(\.isBest).lastIndex(of: true) == summary.bestEpoch - 1)
  }

  @Test("A learning rate that diverges stops the run and names step, layer and neuron")
  func divergence() throws {
    var network = try Network<Float>(
      sizes: [2, 16, 3], activations: [.relu, .identity], loss: .squaredError, seed: 1)
    let configuration = TrainingConfiguration(
      optimizer: .sgd, learningRate: 1e6, schedule: .constant, epochs: 50, seed: 2)
    let summary = try Trainer<Float>(configuration: configuration).train(
      &network, on: Self.spirals(300, seed: 1), metrics: .regression(scales: [1, 1, 1]))
    let divergence = try #require(summary.divergence)
    #expect(summary.reason == .diverged)
    #expect(divergence.step == summary.steps + 1)
    #expect((2...3).contains(divergence.layer))
    #expect(divergence.description.contains("step \(divergence.step)"))
  }

  @Test("A run that diverges in its last step keeps finite weights", arguments: [1, 3])
  func divergenceInTheLastStep(epochs: Int) throws {
    var network = try Network<Float>(
      sizes: [2, 16, 3], activations: [.relu, .identity], loss: .squaredError, seed: 1)
    let start = network.parameters
    // One batch an epoch, no validation data: only the update can do harm.
    let configuration = TrainingConfiguration(
      optimizer: .sgd, learningRate: 1e38, schedule: .constant, batchSize: 300, epochs: epochs)
    let summary = try Trainer<Float>(configuration: configuration).train(
      &network, on: Self.spirals(300, seed: 1), metrics: .regression(scales: [1, 1, 1]))
    #expect(summary.reason == .diverged && summary.bestEpoch == 0 && summary.divergence != nil)
    #expect(network.parameters == start)
  }

  @Test("An interruption ends the run after the step, with the best weights")
  func interruption() throws {
    var network: Network<Float> = try Self.network()
    let start = network.parameters
    var steps = 0
    let summary = try Trainer<Float>(configuration: TrainingConfiguration(batchSize: 30)).train(
      &network, on: Self.spirals(90, seed: 1), metrics: Self.metrics,
      isInterrupted: {
        steps += 1
        return steps == 2
      })
    #expect(summary.reason == .interrupted && summary.steps == 2)
    #expect(network.parameters != start)
  }

  @Test("Every example is in one batch of an epoch, and epochs are shuffled differently")
  func batches() {
    let data = Self.spirals(47, seed: 1)
    var source = BatchSource(data, seed: 3)
    func order(_ epoch: Int) -> [UInt32] {
      source.batches(of: 10, epoch: epoch, shuffled: true).flatMap { batch -> [UInt32] in
        if case .indices(let indices) = batch.rows { Array(indices) } else { [] }
      }
    }
    let first = order(1)
    #expect(first.sorted() == Array(0..<47))
    #expect(first != order(2))
    #expect(first == order(1))
    #expect(source.batches(of: 10, epoch: 1, shuffled: true).map(\.count) == [10, 10, 10, 10, 7])
  }

  @Test("The L2 penalty enters the objective and not the data loss")
  func penalty() throws {
    var network: Network<Double> = try Self.network()
    let data = Self.spirals(30, seed: 1)
    var report: EpochReport?
    // One batch an epoch: the objective is the loss before the step plus ½ λ ‖W‖² before the step.
    let squares = (0..<3).reduce(0.0) { sum, layer in
      sum + network.parameters.denseTensors(of: layer).weights.reduce(0) { $0 + $1 * $1 }
    }
    let configuration = TrainingConfiguration(
      optimizer: .sgd, learningRate: 0.1, schedule: .constant, batchSize: 30, epochs: 1,
      l2Penalty: 0.02)
    try Trainer<Double>(configuration: configuration).train(
      &network, on: Dataset(inputs: data.inputs.converted(), targets: data.targets.converted()),
      metrics: Self.metrics
    ) { event in
      if case .epoch(let epoch) = event { report = epoch }
    }
    let epoch = try #require(report)
    #expect(abs(epoch.loss - epoch.dataLoss - 0.01 * squares) < 1e-12)
  }
}
