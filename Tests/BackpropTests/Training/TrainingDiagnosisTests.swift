import Testing

@testable import Backprop
@testable import BackpropInspection

@Suite("Diagnosis between the epochs of a run")
struct TrainingDiagnosisTests {
  private func run(
    _ rule: OptimizerRule, diagnosis: DiagnosisOptions?, schedule: Schedule = .cosine(),
    initializer: Initializer? = nil
  ) throws -> (parameters: Parameters<Float>, diagnoses: [EpochDiagnosis], events: [String]) {
    var network = try Network<Float>(
      sizes: [2, 20, 12, 3], activations: [.relu, .sigmoid, .softmax], loss: .crossEntropy,
      initializer: initializer, seed: 1)
    let configuration = TrainingConfiguration(
      optimizer: rule, learningRate: 0.01, schedule: schedule, batchSize: 20, epochs: 3,
      l2Penalty: 1e-3, seed: 2)
    var diagnoses: [EpochDiagnosis] = []
    var events: [String] = []
    try Trainer<Float>(configuration: configuration).train(
      &network, on: TrainerTests.spirals(90, seed: 1),
      validation: TrainerTests.spirals(30, seed: 2),
      metrics: TrainerTests.metrics,
      observers: diagnosis.map { options in
        [
          DiagnosisObserver(options) { diagnosis in
            events.append("diagnosis \(diagnosis.epoch)")
            diagnoses.append(diagnosis)
          }
        ]
      } ?? []
    ) { event in
      switch event {
      case .start: events.append("start")
      case .epoch(let report): events.append("epoch \(report.epoch)")
      default: break
      }
    }
    return (network.parameters, diagnoses, events)
  }

  @Test(
    "It comes before the first step and after each epoch, and changes no bit of the run",
    arguments: OptimizerRule.allCases)
  func sameBits(rule: OptimizerRule) throws {
    let without = try run(rule, diagnosis: nil)
    let with = try run(rule, diagnosis: DiagnosisOptions())
    #expect(with.parameters == without.parameters)
    #expect(without.events == ["start", "epoch 1", "epoch 2", "epoch 3"])
    #expect(
      with.events == [
        "start", "diagnosis 0", "epoch 1", "diagnosis 1", "epoch 2", "diagnosis 2", "epoch 3",
        "diagnosis 3",
      ])
    let layers = with.diagnoses[3].layers
    #expect(layers.map(\.layer) == [2, 3, 4])
    #expect(layers.allSatisfy { ($0.weightUpdateRatio ?? 0) > 0 && $0.flow.norm > 0 })
    #expect(layers[0].deadShare != nil && layers[1].saturatedShare != nil)
  }

  @Test(
    "The update is the one that the run's own optimizer makes next, at the rate of its last step")
  func update() throws {
    // Plain descent without a schedule, and all examples measured: the step is −η (g + λ W) on the
    // first 20 rows.
    let found = try run(.sgd, diagnosis: DiagnosisOptions(), schedule: .constant).diagnoses[0]
    let network = try Network<Float>(
      sizes: [2, 20, 12, 3], activations: [.relu, .sigmoid, .softmax], loss: .crossEntropy, seed: 1)
    var moved = network
    var workspace = Workspace(for: network, capacity: 20)
    var gradient = network.makeGradient()
    network.forward(
      TrainerTests.spirals(90, seed: 1).subset([UInt32](0..<20)).batch, in: &workspace)
    network.backward(in: &workspace, into: &gradient)
    gradient.addSquaredNormGradient(1e-3, of: network.parameters, pool: nil)
    var optimizer = Optimizer<Float>(rule: .sgd, for: network.parameters.layout)
    optimizer.update(&moved.parameters, along: gradient, rate: 0.01)
    for layer in 0..<3 {
      let before = network.parameters.denseTensors(of: layer).weights
      let after = moved.parameters.denseTensors(of: layer).weights
      let move = zip(before, after).reduce(0.0) {
        $0 + (Double($1.1) - Double($1.0)) * (Double($1.1) - Double($1.0))
      }
      let norm = before.reduce(0.0) { $0 + Double($1) * Double($1) }
      let ratio = (move / norm).squareRoot()
      #expect(abs((found.layers[layer].weightUpdateRatio ?? 0) / ratio - 1) < 1e-9)
    }
  }

  @Test("A trial takes all examples where the rule does, and clips as the run does")
  func trial() throws {
    let network = try Network<Float>(
      sizes: [2, 20, 3], activations: [.relu, .softmax], loss: .crossEntropy, seed: 1)
    func trial(_ rule: OptimizerRule, clipNorm: Double?) throws -> DiagnosisTrial {
      var options = DiagnosisOptions(
        configuration: TrainingConfiguration(
          optimizer: rule, learningRate: 0.1, batchSize: 20, clipNorm: clipNorm))
      options.steps = 1
      return try #require(
        try Diagnosis(
          of: network, on: TrainerTests.spirals(90, seed: 1), metrics: TrainerTests.metrics,
          options: options
        ).trial)
    }
    let free = try trial(.gradientDescent, clipNorm: nil)
    #expect(free.batchSize == 90)
    #expect(try trial(.sgd, clipNorm: nil).batchSize == 20)
    // g c/‖g‖ instead of g: the change to first order, −η ‖g‖², becomes −η c ‖g‖.
    let norm = (-free.predictedChange / 0.1).squareRoot()
    let clipped = try trial(.gradientDescent, clipNorm: 0.01)
    #expect(abs(clipped.predictedChange / (-0.1 * 0.01 * norm) - 1) < 1e-3)
  }

  @Test("What is out of bounds is told: symmetry of zeros; a healthy run has nothing to tell")
  func findings() throws {
    let zeros = try run(.adam(), diagnosis: DiagnosisOptions(), initializer: .zeros)
    #expect(
      zeros.diagnoses[0].findings.filter { $0.code == .symmetry }.map(\.layer) == [2, 3])
    var options = DiagnosisOptions()
    options.isUntrained = true
    let healthy = try run(.adam(), diagnosis: options)
    #expect(healthy.diagnoses.allSatisfy { $0.findings.isEmpty })
    // Weights far too wide: the first loss is not ln 3, which is told once.
    let wide = try run(.adam(), diagnosis: options, initializer: .normal(20))
    #expect(
      wide.diagnoses.map { $0.findings.contains { $0.code == .lossAtStart } }
        == [true, false, false, false])
  }
}

@Suite("Where a run diverged")
struct DivergenceTests {
  @Test("The example is the row of the training data, whatever the shuffling")
  func example() throws {
    var network = try Network<Float>(
      sizes: [1, 2, 1], activations: [.relu, .identity], loss: .squaredError, seed: 1)
    // Only row 37 overflows: 3e38 · w + 3e38 · w.
    var inputs = Matrix<Float>(rows: 50, columns: 1)
    for row in 0..<50 { inputs[row, 0] = row == 36 ? 3e38 : 0.01 }
    network.parameters.setTensors(of: 0, weights: [1, 2], biases: [0, 0])
    for shuffles in [true, false] {
      let summary = try Trainer<Float>(
        configuration: TrainingConfiguration(
          optimizer: .sgd, learningRate: 1e-6, batchSize: 8, epochs: 1, shuffles: shuffles, seed: 4)
      ).train(
        &network, on: Dataset(inputs: inputs, targets: Matrix(rows: 50, columns: 1)),
        metrics: .regression(scales: [1]))
      let divergence = try #require(summary.divergence)
      #expect(divergence.example == 37 && divergence.layer == 2 && divergence.neuron == 2)
      #expect(divergence.description.contains("layer 2, neuron 2, training example 37"))
    }
  }

  @Test("A weight that is not finite belongs to no example")
  func weight() {
    let fault = Divergence(
      step: 3, epoch: 1, at: Divergence.Fault(layer: 2, neuron: 5))
    #expect(
      fault.description
        == "the run diverged at step 3 (epoch 1): the first number that is not finite is in layer 2, "
        + "neuron 5")
  }
}
