import CReference
import Testing

@testable import Backprop
@testable import BackpropInspection

@Suite("Dropout, input noise, label smoothing and mixup")
struct NoiseTests {
  static let everything = StochasticRegularization(
    seed: 7, step: 11, inputDeviation: 0.2, inputDropout: 0.3, labelSmoothing: 0.1, mixup: 0.4)

  @Test("A dropped unit passes nothing up and nothing down, the others 1/(1−p)")
  func byHand() throws {
    // One input x = 2, four identity units with weights 1, 2, 3, 4 and biases 0, one output with
    // weights 1: a = (2, 4, 6, 8). With p = ½ a kept unit hands up 2 a. C = ½ (out − 0)², so
    // δᴸ = out, and δⱼ = out · 1 · rⱼ with r = 0 or 2; ∂C/∂wⱼ = δⱼ · 2.
    var network = try Network<Double>(
      sizes: [1, 4, 1], activations: [.identity, .identity], loss: .squaredError, dropout: [0.5])
    for unit in 0..<4 {
      network.parameters[layer: 0, output: unit, input: 0] = Double(unit + 1)
      network.parameters[layer: 1, output: 0, input: unit] = 1
    }
    let batch = Batch(inputs: Matrix([[2]]), targets: Matrix<Double>([[0]]))
    var seen = Set<[Bool]>()
    for step in 0..<20 {
      let regularization = StochasticRegularization(seed: 1, step: step)
      var workspace = Workspace(for: network, capacity: 1, regularization: regularization)
      var gradient = network.makeGradient()
      network.forward(batch, in: &workspace, under: regularization)
      network.backward(in: &workspace, into: &gradient)
      // The rule of the header for neuron j of the example at position 0 in layer 2.
      let kept = (0..<4).map { unit in
        RandomSource.philox(
          counter: (UInt32(unit), 0, 2 << 8 | 4, UInt32(step)), key: (1, 0)
        ).0 >= 0x8000_0000
      }
      seen.insert(kept)
      let out = (0..<4).reduce(0.0) { $0 + (kept[$1] ? 4 * Double($1 + 1) : 0) }
      #expect(workspace.outputs(of: 1)[0, 0] == out)
      for unit in 0..<4 {
        #expect(workspace.outputs(of: 0)[0, unit] == 2 * Double(unit + 1))
        #expect(workspace.delta(of: 0)[0, unit] == (kept[unit] ? 2 * out : 0))
        #expect(
          gradient[layer: 0, output: unit, input: 0] == (kept[unit] ? 4 * out : 0))
        #expect(
          gradient[layer: 1, output: 0, input: unit]
            == (kept[unit] ? 4 * Double(unit + 1) * out : 0))
      }
    }
    #expect(seen.count > 5)
  }

  @Test(
    "Under fixed masks the gradient is that of central differences with the same masks",
    arguments: GradientTests.activations.filter { $0 != .softmax })
  func gradient(activation: Activation) throws {
    for (loss, output, normalizations) in [
      (Loss.crossEntropy, Activation.softmax, []), (.binaryCrossEntropy, .sigmoid, []),
      (.crossEntropy, .softmax, [Normalization.layer, .rms]),
    ] {
      let network = try Network<Double>(
        sizes: [4, 9, 8, 3], activations: [activation, activation, output], loss: loss,
        dropout: [0.3, 0.5], initializer: .normal(0.5), normalizations: normalizations, seed: 3)
      let data = randomExamples(
        for: loss, inputs: 4, outputs: 3, count: 6, seed: 5, weighted: true)
      var workspace = Workspace(for: network, capacity: 6, regularization: Self.everything)
      var gradient = network.makeGradient()
      network.forward(data.batch, in: &workspace, under: Self.everything)
      network.backward(in: &workspace, into: &gradient)
      var differences = CentralDifferences(network, data.batch, under: Self.everything)
      differences.compare(with: gradient)
      #expect(differences.checked > 60)
      #expect(differences.worstRelativeError < 1e-7, "\(differences.worstRelativeError)")
    }
  }

  @Test("What dropout hands up has the mean of what it was given, and drops a share p")
  func expectation() throws {
    let network = try Network<Double>(
      sizes: [1, 200, 1], activations: [.identity, .identity], loss: .squaredError,
      dropout: [0.3], initializer: .constant(1))
    let batch = Batch(
      inputs: Matrix<Double>(rows: 50, columns: 1), targets: Matrix<Double>(rows: 50, columns: 1))
    var dropped = 0
    var sum = 0.0
    for step in 0..<20 {
      let regularization = StochasticRegularization(seed: 3, step: step)
      var workspace = Workspace(for: network, capacity: 50, regularization: regularization)
      network.forward(batch, in: &workspace, under: regularization)
      let mask = workspace.copy(workspace.states[0].mask)
      for row in 0..<50 {
        for value in mask[row: row] {
          dropped += value == 0 ? 1 : 0
          sum += value
        }
      }
    }
    // 200,000 draws: one standard deviation of the share is √(0.3 · 0.7 / 200,000) = 0.001.
    #expect(abs(Double(dropped) / 200_000 - 0.3) < 0.004)
    #expect(abs(sum / 200_000 - 1) < 0.006)
  }

  @Test("Evaluation, prediction and a pass without noise drop nothing")
  func evaluation() throws {
    let dropping = try Network<Float>(
      sizes: [2, 20, 3], activations: [.relu, .softmax], loss: .crossEntropy, dropout: [0.5],
      seed: 1)
    let plain = try dropping.withDropout([])
    #expect(plain.layers[0].dropout == 0 && plain.parameters == dropping.parameters)
    let data = TrainerTests.spirals(30, seed: 1)
    #expect(dropping.predictions(for: data.inputs) == plain.predictions(for: data.inputs))
    #expect(
      dropping.evaluate(on: data, metrics: TrainerTests.metrics)
        == plain.evaluate(on: data, metrics: TrainerTests.metrics))
  }

  @Test("Smoothed targets are (1−ε) y + ε/K, and (1−ε) y + ε/2 for yes and no")
  func smoothing() throws {
    // ε = 0.2, K = 4: 1 → 0.8 + 0.05 = 0.85, 0 → 0.05. Binary: 1 → 0.9, 0 → 0.1.
    for (loss, output, yes, no) in [
      (Loss.crossEntropy, Activation.softmax, 0.85, 0.05),
      (.binaryCrossEntropy, .sigmoid, 0.9, 0.1),
    ] {
      let network = try Network<Double>(sizes: [1, 4], activations: [output], loss: loss)
      let batch = Batch(inputs: Matrix([[1]]), targets: Matrix<Double>([[0, 0, 1, 0]]))
      let regularization = StochasticRegularization(seed: 1, labelSmoothing: 0.2)
      var workspace = Workspace(for: network, capacity: 1, regularization: regularization)
      network.forward(batch, in: &workspace, under: regularization)
      let targets = workspace.copy(workspace.targets)
      for column in 0..<4 {
        #expect(abs(targets[0, column] - (column == 2 ? yes : no)) < 1e-15)
      }
      // Metrics are shown the targets of the data.
      #expect(workspace.copy(workspace.ownTargets)[0, 2] == 1)
    }
  }

  @Test("The loss of a mixed batch is the mixture of the losses, weights included")
  func mixupIsLinear() throws {
    let network = try Network<Double>(
      sizes: [4, 5, 3], activations: [.tanh, .softmax], loss: .crossEntropy, reduction: .sum,
      seed: 2)
    let data = randomExamples(
      for: .crossEntropy, inputs: 4, outputs: 3, count: 8, seed: 9, weighted: true)
    let regularization = StochasticRegularization(seed: 5, step: 3, mixup: 0.7)
    var workspace = Workspace(for: network, capacity: 8, regularization: regularization)
    let loss = network.forward(data.batch, in: &workspace, under: regularization)
    var random = RandomSource(seed: 5, purpose: .mixup, index: 3)
    let beta = random.beta(0.7)
    let lambda = max(beta, 1 - beta)
    let partners = random.permutation(of: 8).map(Int.init)
    var x = data.inputs
    for row in 0..<8 {
      for column in 0..<4 {
        x[row, column] =
          lambda * data.inputs[row, column] + (1 - lambda) * data.inputs[partners[row], column]
      }
    }
    let outputs = network.predictions(for: x)
    let weights = try #require(data.weights)
    var expected = 0.0
    for row in 0..<8 {
      for (share, example) in [(lambda, row), (1 - lambda, partners[row])] {
        for column in 0..<3 where data.targets[example, column] == 1 {
          expected -=
            share * weights[example] * Double.naturalLogarithm(outputs[row, column])
        }
      }
    }
    #expect(abs(loss - expected) < 1e-12 * expected)
  }

  @Test("λ of mixup has the mean and the variance of Beta(α, α)", arguments: [0.2, 1, 4])
  func beta(alpha: Double) {
    // Mean ½, variance 1 / (4 (2 α + 1)).
    let values = (0..<20_000).map { index in
      var random = RandomSource(seed: 1, purpose: .mixup, index: UInt32(index))
      return random.beta(alpha)
    }
    let mean = values.reduce(0, +) / 20_000
    let variance = values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / 20_000
    #expect(abs(mean - 0.5) < 0.012)
    #expect(abs(variance * 4 * (2 * alpha + 1) - 1) < 0.05)
    #expect(values.allSatisfy { $0 >= 0 && $0 <= 1 })
  }

  @Test("The training loss is smoothed, the validation loss is not, and accuracy counts classes")
  func reported() throws {
    let data = TrainerTests.spirals(60, seed: 1)
    func run(_ smoothing: Double?) throws -> EpochReport {
      var network: Network<Float> = try TrainerTests.network()
      var reports: [EpochReport] = []
      var configuration = TrainingConfiguration(learningRate: 1e-9, batchSize: 60, epochs: 1)
      configuration.labelSmoothing = smoothing
      try Trainer<Float>(configuration: configuration).train(
        &network, on: data, validation: data, metrics: TrainerTests.metrics
      ) { if case .epoch(let report) = $0 { reports.append(report) } }
      return try #require(reports.first)
    }
    let (plain, smoothed) = (try run(nil), try run(0.3))
    #expect(plain.loss != smoothed.loss)
    #expect(plain.metrics == smoothed.metrics)
    let losses = (try #require(plain.validation).loss, try #require(smoothed.validation).loss)
    #expect(abs(losses.0 - losses.1) < 1e-6)
  }

  /// A configuration with everything that is random in it.
  static func noisy(_ rule: OptimizerRule) -> TrainingConfiguration {
    TrainingConfiguration(
      optimizer: rule, learningRate: 0.01, batchSize: 12, epochs: 2, seed: 4, inputNoise: 0.1,
      inputDropout: 0.1, labelSmoothing: 0.1, mixup: 0.3)
  }

  @Test(
    "Activation × rule × dropout: the same bits for 1, 2 and 4 threads",
    arguments: Activation.allCases.filter { $0 != .softmax })
  func threads(activation: Activation) throws {
    let data = TrainerTests.spirals(80, seed: 1)
    for rule in OptimizerRule.allCases where !rule.searchesLines {
      // 40 · 900 outputs: enough that masks are split among threads.
      func run(threads: Int) throws -> Parameters<Float> {
        var network = try Network<Float>(
          sizes: [2, 900, 5, 3], activations: [activation, activation, .softmax],
          loss: .crossEntropy, dropout: [0.2, 0.5], seed: 1)
        var configuration = Self.noisy(rule)
        configuration.batchSize = 40
        configuration.epochs = 1
        try Trainer<Float>(configuration: configuration, threads: threads).train(
          &network, on: data, metrics: TrainerTests.metrics)
        return network.parameters
      }
      let expected = try run(threads: 1)
      for threads in [2, 4] {
        #expect(try run(threads: threads) == expected, "\(rule), \(threads) threads")
      }
    }
  }

  @Test("A run that is resumed after any step ends with the same bits")
  func resume() throws {
    let data = TrainerTests.spirals(45, seed: 1)
    let trainer = try Trainer<Float>(configuration: Self.noisy(.adam()))
    func network() throws -> Network<Float> {
      try TrainerTests.network().withDropout([0.2, 0.5])
    }
    var whole = try network()
    var checkpoints: [Checkpoint<Float>] = []
    try trainer.train(
      &whole, on: data, metrics: TrainerTests.metrics,
      checkpoints: Checkpoints<Float>(every: .steps(1)) { checkpoints.append($0) })
    #expect(checkpoints.count == 8)
    for checkpoint in checkpoints {
      var resumed = try network()
      try trainer.resume(
        &resumed, from: checkpoint, on: data, metrics: TrainerTests.metrics)
      #expect(resumed.parameters == whole.parameters, "after step \(checkpoint.step)")
    }
    // Another dropout is another run.
    var other = try network().withDropout([0.2, 0.4])
    #expect(throws: CheckpointMismatch.self) {
      try trainer.resume(
        &other, from: checkpoints[0], on: data, metrics: TrainerTests.metrics)
    }
  }

  @Test("No memory is allocated between the steps of a noisy epoch")
  func allocations() throws {
    guard allocation_count() >= 0 else { return }
    let data = TrainerTests.spirals(600, seed: 1)
    let weighted = Dataset(
      inputs: data.inputs, targets: data.targets, weights: (0..<600).map { Float(1 + $0 % 3) })
    var network = try Network<Float>(
      sizes: [2, 40, 24, 3], activations: [.relu, .maxout(pieces: 2), .softmax],
      loss: .crossEntropy, dropout: [0.2, 0.5], seed: 1)
    var counts: [Int64] = Array(repeating: 0, count: 110)
    var steps = 0
    try Trainer<Float>(configuration: Self.noisy(.adam())).train(
      &network, on: weighted, metrics: TrainerTests.metrics,
      isInterrupted: {
        counts[steps] = allocation_count()
        steps += 1
        return false
      })
    #expect(steps == 100)
    #expect(counts[49] == counts[1], "\(counts[49] - counts[1]) allocations in 48 steps")
  }

  @Test("Dropout is refused on the last layer, out of its range, and in lists of a wrong length")
  func refused() {
    func make(_ dropout: [Double]) throws -> Network<Float> {
      try Network(
        sizes: [2, 4, 3], activations: [.relu, .softmax], loss: .crossEntropy, dropout: dropout)
    }
    #expect(throws: NetworkError.badDropout(1, layer: 2)) { try make([1]) }
    #expect(throws: NetworkError.badDropout(-0.5, layer: 2)) { try make([-0.5]) }
    #expect(throws: NetworkError.dropoutCount(found: 2, layers: 1)) { try make([0.5, 0.5]) }
    let last = DenseLayer(inputs: 2, outputs: 1, activation: .identity, dropout: 0.5)
    #expect(throws: NetworkError.dropoutOfOutputs(layer: 2)) {
      try Network<Float>(layers: [.dense(last)], loss: .squaredError, reduction: .mean)
    }
    #expect(throws: ConfigurationError.self) {
      try StochasticRegularization(seed: 1, labelSmoothing: 0.1).check(for: .squaredError)
    }
    #expect(throws: ConfigurationError.self) {
      try StochasticRegularization(seed: 1, mixup: 1).check(for: .hinge)
    }
  }

  @Test("A layer without dropout is written as before, and one with it comes back")
  func coding() throws {
    let plain = Layer.dense(DenseLayer(inputs: 2, outputs: 3, activation: .relu))
    #expect(try JSONValue(encoding: plain)["dropout"] == nil)
    let layer = Layer.dense(DenseLayer(inputs: 2, outputs: 3, activation: .relu, dropout: 0.25))
    #expect(try JSONValue(encoding: layer).decoded(as: Layer.self) == layer)
    #expect(try JSONValue(encoding: plain).decoded(as: Layer.self) == plain)
  }

  @Test("The gradients of the examples sum to that of the batch, with dropout too")
  func exampleGradients() throws {
    let network = try Network<Double>(
      sizes: [4, 8, 6, 3], activations: [.tanh, .relu, .softmax], loss: .crossEntropy,
      dropout: [0.5, 0.3], seed: 3)
    var random = RandomSource(seed: 2, purpose: .sampling)
    let inputs = Matrix((0..<10).map { _ in (0..<4).map { _ in random.normal() } })
    let data = Dataset<Double>(inputs: inputs, classes: (0..<10).map { UInt32($0 % 3) }, of: 3)
    let regularization = StochasticRegularization(seed: 5, step: 2)
    var workspace = Workspace(for: network, capacity: 10, regularization: regularization)
    var gradient = network.makeGradient()
    network.forward(data.batch, in: &workspace, under: regularization)
    network.backward(in: &workspace, into: &gradient)
    let examples = network.exampleGradients(in: workspace)
    for layer in 0..<3 {
      let (weights, biases) = gradient.tensors(of: layer)
      for j in 0..<weights.rows {
        for k in 0..<weights.columns {
          let sum = examples.values(layer: layer, output: j, input: k).reduce(0, +)
          #expect(abs(sum - weights[j, k]) < 1e-14)
        }
        let sum = examples.values(layer: layer, output: j, input: nil).reduce(0, +)
        #expect(abs(sum - biases[j]) < 1e-14)
      }
    }
  }
}
