import Testing

@testable import Backprop
@testable import BackpropInspection

@Suite("What acts on an update")
struct UpdateTests {
  /// Two inputs, one output, all parameters known.
  private func network(_ weights: [Double] = [2, -3]) throws -> Network<Double> {
    var network = try Network<Double>(
      sizes: [2, 1], activations: [.identity], loss: .squaredError)
    network.parameters.setTensors(of: 0, weights: weights, biases: [1])
    return network
  }

  private func run<T: Scalar>(
    _ configuration: TrainingConfiguration, _ network: inout Network<T>, _ data: Dataset<T>,
    validation: Dataset<T>? = nil, metrics: MetricKind = .regression(scales: [1]),
    threads: Int = 1
  ) throws -> [EpochReport] {
    var reports: [EpochReport] = []
    try Trainer<T>(configuration: configuration, threads: threads).train(
      &network, on: data, validation: validation, metrics: metrics
    ) { if case .epoch(let report) = $0 { reports.append(report) } }
    return reports
  }

  /// One plain step on one example whose error is 0, so that penalties alone move the weights.
  private func step(
    _ weights: [Double], _ change: (inout TrainingConfiguration) -> Void
  ) throws -> (weights: [Double], biases: [Double], report: EpochReport) {
    var network = try network(weights)
    var configuration = TrainingConfiguration(
      optimizer: .sgd, learningRate: 0.5, schedule: .constant, batchSize: 4, epochs: 1)
    change(&configuration)
    // a = 0 w + 1 = y for each of 4 examples.
    let data = Dataset<Double>(
      inputs: Matrix(rows: 4, columns: 2), targets: Matrix([[1], [1], [1], [1]]))
    let reports = try run(configuration, &network, data)
    let (after, biases) = network.parameters.denseTensors(of: 0)
    return (after, biases, try #require(reports.first))
  }

  @Test("L1 pulls every weight toward 0 by η λ, a weight of 0 not at all, and no bias")
  func l1() throws {
    // λ (|2| + |−3|) = 0.25 · 5 = 1.25; w − η λ sign(w) = 2 − 0.125, −3 + 0.125.
    let (weights, biases, report) = try step([2, -3]) { $0.l1Penalty = 0.25 }
    #expect(weights == [1.875, -2.875] && biases == [1])
    #expect(report.loss == 1.25 && report.dataLoss == 0)
    #expect(try step([0, -3]) { $0.l1Penalty = 0.25 }.weights == [0, -2.875])
    // With L2 of 0.5 besides: 0.5 (0.5 · 2 + 0.25) = 0.625.
    let both = try step([2, -3]) { ($0.l1Penalty, $0.l2Penalty) = (0.25, 0.5) }
    #expect(both.weights == [1.375, -2.125])
    #expect(both.report.loss == 1.25 + 0.25 * 13)
  }

  @Test("λ counts as it stands, over n as Nielsen's, or over m as scikit-learn's")
  func l2Scaling() throws {
    // η λ w = 0.5 · 0.75 · (2, −3) = (0.75, −1.125), and over n = m = 4 a quarter: (0.1875, −0.28125).
    // Every number is a sum of few powers of 2, so nothing rounds.
    let plain = try step([2, -3]) { $0.l2Penalty = 0.75 }
    #expect(plain.weights == [1.25, -1.875])
    // ½ · 0.75 · (4 + 9)
    #expect(plain.report.loss == 4.875)
    for scaling in [L2Scaling.perExample, .perBatch] {
      let found = try step([2, -3]) { ($0.l2Penalty, $0.l2Scaling) = (0.75, scaling) }
      #expect(found.weights == [1.8125, -2.71875], "\(scaling)")
      #expect(found.report.loss == 4.875 / 4)
    }
    // Nielsen, network2.py: w ← (1 − η λ/n) w for each batch, n = 4 and two batches of 2.
    let nielsen = try step([2, -3]) {
      ($0.l2Penalty, $0.l2Scaling, $0.batchSize) = (0.8, .perExample, 2)
    }
    #expect(
      zip(nielsen.weights, [2 * 0.9 * 0.9, -3 * 0.9 * 0.9]).allSatisfy { abs($0 - $1) < 1e-15 })
    // scikit-learn, _compute_loss_grad: (… + alpha · coef) / n_samples of the batch: 3 rows, then 1.
    let batches = try step([2, -3]) {
      ($0.l2Penalty, $0.l2Scaling, $0.batchSize) = (0.6, .perBatch, 3)
    }
    let factor = (1 - 0.5 * 0.6 / 3) * (1 - 0.5 * 0.6 / 1)
    #expect(zip(batches.weights, [2 * factor, -3 * factor]).allSatisfy { abs($0 - $1) < 1e-15 })
    var stored = TrainingConfiguration(batchSize: 32, l2Penalty: 0.8)
    (stored.l2Scaling, stored.trainingExamples) = (.perExample, 80)
    #expect(stored.effectiveL2Penalty(batch: 7) == 0.01)
    stored.l2Scaling = .perBatch
    #expect(stored.effectiveL2Penalty(batch: 8) == 0.1 && stored.effectiveL2Penalty() == 0.025)
  }

  @Test("Max-norm shortens the weights of the neurons that are too long, and no bias")
  func maxNorm() throws {
    // ‖(3, 4)‖ = 5 → 2.5: (1.5, 2). The error is 0, so nothing else moves.
    let cut = try step([3, 4]) { $0.maxNorm = 2.5 }
    #expect(cut.weights == [1.5, 2] && cut.biases == [1])
    #expect(try step([3, 4]) { $0.maxNorm = 5 }.weights == [3, 4])
    var network: Network<Float> = try TrainerTests.network()
    var configuration = TrainingConfiguration(learningRate: 0.05, batchSize: 30, epochs: 5)
    configuration.maxNorm = 0.5
    _ = try run(
      configuration, &network, TrainerTests.spirals(300, seed: 1), metrics: TrainerTests.metrics)
    for layer in network.layers.indices {
      let weights = network.parameters.tensors(of: layer).weights
      for row in 0..<weights.rows {
        let square = weights[row: row].reduce(0.0) { $0 + Double($1) * Double($1) }
        #expect(square.squareRoot() <= 0.5 * (1 + 1e-6))
      }
    }
  }

  @Test("An EMA is (1 − d) Σ dᵗ⁻ˢ θₛ over (1 − dᵗ), and training goes on as without it")
  func exponentialAverage() throws {
    // A plain step of η = 0.5 with L1 of 0.25 moves the first weight by −0.125: θₛ = 2 − s/8.
    let decay = 0.5
    let found = try step([2, -3]) {
      ($0.l1Penalty, $0.batchSize) = (0.25, 1)
      $0.averaging = .exponential(decay: decay)
    }
    // t = 4: ½ (θ₄ + ½ θ₃ + ¼ θ₂ + ⅛ θ₁) / (1 − 1/16), θ = 1.5, 1.625, 1.75, 1.875
    let expected = 0.5 * (1.5 + 0.8125 + 0.4375 + 0.234375) / 0.9375
    #expect(abs(found.weights[0] - expected) < 1e-15)
    func losses(_ averaging: WeightAveraging?) throws -> [Double] {
      var network: Network<Float> = try TrainerTests.network()
      var configuration = TrainingConfiguration(batchSize: 30, epochs: 4)
      configuration.averaging = averaging
      return try run(
        configuration, &network, TrainerTests.spirals(300, seed: 1), metrics: TrainerTests.metrics
      ).map(\.loss)
    }
    let plain = try losses(nil)
    #expect(try losses(.exponential()) == plain && losses(.stochastic()) == plain)
  }

  @Test("SWA is the equal average of the ends of the last epochs, and these alone are judged")
  func stochasticAverage() throws {
    // One step an epoch of −0.125: θ = 1.875, 1.75, 1.625, 1.5. From half of 4 epochs on: two of them.
    let found = try step([2, -3]) {
      ($0.l1Penalty, $0.epochs, $0.averaging) = (0.25, 4, .stochastic(start: 0.5))
    }
    #expect(found.weights[0] == (1.625 + 1.5) / 2)
    let validation = TrainerTests.spirals(90, seed: 2)
    var network: Network<Float> = try TrainerTests.network()
    var configuration = TrainingConfiguration(learningRate: 0.01, batchSize: 30, epochs: 12)
    configuration.averaging = .stochastic(start: 0.5)
    let reports = try run(
      configuration, &network, TrainerTests.spirals(300, seed: 1), validation: validation,
      metrics: TrainerTests.metrics)
    #expect(reports[6].isBest)
    let best = try #require(reports.last { $0.isBest })
    #expect(best.epoch >= 7)
    #expect(network.evaluate(on: validation, metrics: TrainerTests.metrics) == best.validation)
  }

  @Test("The update of accumulated batches is that of the joined batch, the shorter last one too")
  func accumulation() throws {
    let spirals = TrainerTests.spirals(50, seed: 1)
    let data = Dataset<Double>(
      inputs: spirals.inputs.converted(), targets: spirals.targets.converted(),
      weights: (0..<50).map { Double(1 + $0 % 3) })
    for reduction in Reduction.allCases {
      func trained(_ batch: Int, _ accumulate: Int?) throws -> (Parameters<Double>, [Double]) {
        var network = try Network<Double>(
          sizes: [2, 9, 3], activations: [.tanh, .softmax], loss: .crossEntropy,
          reduction: reduction, seed: 1)
        var configuration = TrainingConfiguration(
          optimizer: .momentum(), learningRate: 0.01, batchSize: batch, epochs: 3,
          l2Penalty: 0.01, clipNorm: 1)
        (configuration.accumulate, configuration.l2Scaling) = (accumulate, .perBatch)
        let reports = try run(configuration, &network, data, metrics: TrainerTests.metrics)
        #expect(reports[2].step == 9)
        return (network.parameters, reports.map(\.loss))
      }
      // Of 50 examples: 4 · 5, 4 · 5, then 2 · 5; 2 · 10, 2 · 10, then 10; 3 · 7, 3 · 7, then 7 + 1.
      for (batch, groups) in [(5, 4), (10, 2), (7, 3)] {
        let (whole, losses) = try trained(batch * groups, nil)
        let (found, others) = try trained(batch, groups)
        for layer in 0..<2 {
          let (a, b) = (whole.denseTensors(of: layer), found.denseTensors(of: layer))
          #expect(zip(a.weights, b.weights).allSatisfy { abs($0 - $1) < 1e-13 }, "\(reduction)")
          #expect(zip(a.biases, b.biases).allSatisfy { abs($0 - $1) < 1e-13 })
        }
        if reduction == .mean {
          #expect(zip(losses, others).allSatisfy { abs($0 - $1) < 1e-12 })
        }
      }
    }
  }

  @Test("The penalty of an update counts once, however many batches it is made of")
  func penaltyOfJoinedBatches() {
    // An update of 3 + 1 examples, C = 6 + 2 in sum, penalty 4; as one batch, and as two.
    for reduction in Reduction.allCases {
      let scale = reduction == .mean ? 0.25 : 1
      var one = LossTotals()
      one.add(8 * scale, 4, count: 4, of: 4, reduction: reduction)
      var two = LossTotals()
      two.add(6 * scale, 4, count: 3, of: 4, reduction: reduction)
      two.add(2 * scale, 4, count: 1, of: 4, reduction: reduction)
      #expect(two.dataLoss == one.dataLoss && two.objective == one.objective)
    }
  }

  @Test(
    "Factors scale the step of each layer's weights and biases; 0 leaves them",
    arguments: OptimizerRule.allCases.filter { !$0.searchesLines })
  func factors(rule: OptimizerRule) throws {
    let start = try Network<Double>(
      sizes: [3, 20, 2], activations: [.tanh, .identity], loss: .squaredError, seed: 1
    ).parameters
    let gradient = try Network<Double>(
      sizes: [3, 20, 2], activations: [.tanh, .identity], loss: .squaredError, seed: 2
    ).parameters
    func stepped(_ factors: [TensorFactors]?, rate: Double = 0.25) -> Parameters<Double> {
      var parameters = start
      var optimizer = Optimizer<Double>(
        rule: rule, weightDecay: 0.5, factors: factors, for: start.layout)
      optimizer.update(&parameters, along: gradient, rate: rate)
      return parameters
    }
    let plain = stepped(nil)
    #expect(stepped([TensorFactors()]) == plain)
    if rule.ignoresSchedule { return }
    let mixed = stepped([
      TensorFactors(weightRate: 2, biasRate: 0), TensorFactors(weightRate: 0, weightDecay: 3),
    ])
    let double = stepped(nil, rate: 0.5)
    #expect(mixed.denseTensors(of: 0).weights == double.denseTensors(of: 0).weights)
    #expect(mixed.denseTensors(of: 0).biases == start.denseTensors(of: 0).biases)
    #expect(mixed.denseTensors(of: 1).weights == start.denseTensors(of: 1).weights)
    #expect(mixed.denseTensors(of: 1).biases == plain.denseTensors(of: 1).biases)
  }

  @Test("Biases decay where a factor says so")
  func biasDecay() throws {
    // b − η λ b = 1 − 0.5 · 0.5 · 1
    let found = try step([2, -3]) {
      ($0.weightDecay, $0.updates.decayBiases) = (0.5, true)
      $0.batchSize = 4
    }
    #expect(found.weights == [1.5, -2.25])
    #expect(found.biases == [0.75])
  }

  @Test("The momentum of one-cycle gives PyTorch's values")
  func momentumCycle() {
    // torch 2.x: OneCycleLR(SGD(lr=0.3, momentum=0.9), max_lr=0.3, total_steps=20), 0.85 … 0.95.
    let expected = [
      0.95, 0.9404508497187474, 0.9154508497187474, 0.8845491502812526,
      0.8595491502812526, 0.85, 0.8512536043909088, 0.854951556604879,
      0.8609084258765984, 0.8688255099070633, 0.878305813044122, 0.8888739533021842,
      0.8999999999999999, 0.9111260466978157, 0.9216941869558779, 0.9311744900929366,
      0.9390915741234015, 0.945048443395121, 0.9487463956090911, 0.95,
    ]
    var configuration = TrainingConfiguration(
      optimizer: .momentum(), schedule: .oneCycle(rise: 0.3), epochs: 20)
    #expect(configuration.momentum(at: 3, stepsPerEpoch: 1) == nil)
    configuration.cycleMomentum = MomentumCycle()
    for (step, momentum) in expected.enumerated() {
      let found = configuration.momentum(at: step, stepsPerEpoch: 1) ?? 0
      #expect(abs(found - momentum) < 1e-14, "step \(step)")
    }
    // v ← μ v + g with μ of the step: 1, then 0.5 · 1 + 1, then 0.25 · 1.5 + 1.
    var parameters = Parameters<Double>(layout: ParameterLayout(layers: []))
    parameters = (try? network().parameters) ?? parameters
    let start = parameters
    var gradient = start
    gradient.setTensors(of: 0, weights: [1, 1], biases: [1])
    var optimizer = Optimizer<Double>(rule: .momentum(), for: start.layout)
    for momentum in [0.9, 0.5, 0.25] {
      optimizer.update(&parameters, along: gradient, rate: 1, momentum: momentum)
    }
    #expect(parameters.denseTensors(of: 0).weights[0] == 2 - 1 - 1.5 - 1.375)
  }

  @Test("A run with all of it goes on from any step with the same bits, and for any threads")
  func exactness() throws {
    let folder = try CheckpointTests.Folder()
    for averaging in [WeightAveraging.exponential(decay: 0.9), .stochastic(start: 0.4)] {
      var run = CheckpointTests.Run<Float>(.adam())
      Self.all(&run.configuration, averaging)
      run.configuration.batchSize = 1
      run.configuration.accumulate = 3
      try run.checkEveryStep(in: folder)
      var results: [Parameters<Float>] = []
      for threads in [1, 2, 3] {
        var network = try Network<Float>(
          sizes: [2, 300, 300, 3], activations: [.relu, .tanh, .softmax], loss: .crossEntropy,
          seed: 1)
        var configuration = run.configuration
        (configuration.batchSize, configuration.epochs) = (60, 3)
        _ = try self.run(
          configuration, &network, TrainerTests.spirals(300, seed: 1),
          metrics: TrainerTests.metrics, threads: threads)
        results.append(network.parameters)
      }
      #expect(results[1] == results[0] && results[2] == results[0])
    }
  }

  /// Everything at once.
  private static func all(
    _ configuration: inout TrainingConfiguration, _ averaging: WeightAveraging
  ) {
    configuration.rateSchedule = .oneCycle()
    configuration.l1Penalty = 1e-3
    configuration.l2Scaling = .perBatch
    configuration.maxNorm = 2
    configuration.averaging = averaging
    (configuration.updates.biasRateFactor, configuration.updates.decayBiases) = (2, true)
    configuration.weightDecay = 0.01
    configuration.cycleMomentum = MomentumCycle()
  }

  @Test("A trace of a step with L1 equals its formulas, and the check of the regulariser holds")
  func inspection() throws {
    for rule in OptimizerRule.allCases {
      let network = try Network<Double>(
        sizes: [3, 5, 2], activations: [.tanh, .identity], loss: .squaredError, seed: 1)
      let data = randomExamples(
        for: .squaredError, inputs: 3, outputs: 2, count: 4, seed: 1)
      let trace = network.trace(
        data.batch, optimizer: Optimizer(rule: rule, for: network.parameters.layout),
        learningRate: 0.05, l2Penalty: 0.3, l1Penalty: 0.2)
      let verification = trace.verification(for: network)
      #expect(verification.verified, "\(rule): \(verification.failures)")
      #expect(trace.penalty > 0)
      var check = GradientCheck()
      check.l1Penalty = 0.2
      let report = check.run(network, on: data)
      #expect(report.regularizer.verdict == .good && report.regularizer.l1 == 0.2)
    }
  }

  @Test("A configuration without any of it encodes as before")
  func encoding() throws {
    let plain = try JSONValue(encoding: TrainingConfiguration())
    var full = TrainingConfiguration()
    Self.all(&full, .exponential())
    let read = try JSONValue(encoding: full).decoded(as: TrainingConfiguration.self)
    #expect(read == full)
    #expect(plain == [:])
  }
}
