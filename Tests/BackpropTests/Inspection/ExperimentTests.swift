import Testing

@testable import Backprop
@testable import BackpropInspection

@Suite("What if the assumptions did not hold")
struct ExperimentTests {
  /// a = wx with w = 1, for x = 1, 2 and y = 0.
  private func line() throws -> (network: Network<Double>, data: Dataset<Double>) {
    var network = try Network<Double>(
      sizes: [1, 1], activations: [.identity], loss: .squaredError)
    network.parameters.setTensors(of: 0, weights: [1], biases: [0])
    return (network, Dataset(inputs: Matrix([[1], [2]]), targets: Matrix([[0], [0]])))
  }

  @Test("A product of two losses, by hand: naive, repaired and differences")
  func productByHand() throws {
    let (network, data) = try line()
    // C₁ = ½w² = ½, C₂ = 2w² = 2. Naive: ∂(C₁ + C₂)/∂w = w + 4w = 5.
    // The product is w⁴, with the slope 4w³ = 4 = C₂ · 1 + C₁ · 4.
    let report = try ExperimentLab().run(.product, network, on: data)
    let weight = try #require(report.tensors[0].samples.first)
    #expect(report.loss == 1)
    #expect(weight.naive == 5 && weight.repaired == 4)
    #expect(abs(weight.numeric - 4) < 1e-12)
    // |5 − 4| / 5.
    #expect(abs(report.tensors[0].naiveError - 0.2) < 1e-12)
    #expect(report.isRepaired && report.naiveFailing.map(\.symbol).contains("W²"))
  }

  @Test("The logarithm of the product, by hand")
  func logarithmByHand() throws {
    let (network, data) = try line()
    // log w⁴ = 4 log w, with the slope 4/w = 4 = 1 / ½ + 4 / 2.
    let report = try ExperimentLab().run(.logarithm, network, on: data)
    let weight = try #require(report.tensors[0].samples.first)
    #expect(report.loss == 0)
    #expect(weight.repaired == 4 && abs(weight.numeric - 4) < 1e-11)
    #expect(report.isRepaired)
  }

  @Test("A penalty on a hidden activation, by hand: one more term in BP2")
  func hiddenPenaltyByHand() throws {
    var network = try Network<Double>(
      sizes: [1, 1, 1], activations: [.identity, .identity], loss: .squaredError)
    network.parameters.setTensors(of: 0, weights: [2], biases: [0])
    network.parameters.setTensors(of: 1, weights: [3], biases: [0])
    let data = Dataset<Double>(inputs: Matrix([[1]]), targets: Matrix([[5]]))
    // a² = 2, a³ = 6, C = ½(6 − 5)² + ½ · 0.5 · 2² = 1.5.
    // δ³ = 1; naive δ² = 3 · 1 = 3, repaired δ² = 3 + 0.5 · 2 = 4; ∂C/∂W² = δ² x.
    let report = try ExperimentLab(lambda: 0.5).run(.hiddenPenalty, network, on: data)
    #expect(report.loss == 1.5 && report.penalizedLayer == 2)
    let weight = try #require(report.tensors[0].samples.first)
    #expect(weight.naive == 3 && weight.repaired == 4 && abs(weight.numeric - 4) < 1e-12)
    #expect(report.isRepaired)
    // Above the penalised layer the equations stay right.
    #expect(report.naiveFailing.map(\.symbol) == ["W²", "b²"])
  }

  @Test("L2, by hand: δ keeps its bits, and only BP4 gains λW")
  func l2ByHand() throws {
    let (network, data) = try line()
    // The mean of ½(wx)² over x = 1, 2 has the slope 2.5 w = 2.5; with ½ · 0.1 · w², 2.6.
    let report = try ExperimentLab(lambda: 0.1).run(.l2, network, on: data)
    let weight = try #require(report.tensors[0].samples.first)
    #expect(abs(weight.naive - 2.5) < 1e-15 && abs(weight.repaired - 2.6) < 1e-15)
    #expect(abs(weight.numeric - 2.6) < 1e-12)
    #expect(report.leavesDelta == true && report.isRepaired && report.passed)
    #expect(report.naiveFailing.map(\.symbol) == ["W²"])
  }

  @Test(
    "Repaired gradients match and naive ones do not, on networks of every kind of activation",
    arguments: Experiment.allCases)
  func everyExperiment(experiment: Experiment) throws {
    for hidden: [Activation] in [
      [.tanh, .sigmoid], [.relu, .maxout(pieces: 2)], [.gelu, .custom(Softsign())],
    ] {
      for (output, loss) in [
        (Activation.softmax, Loss.crossEntropy), (.softmax, .squaredError), (.identity, .huber()),
      ] {
        let (network, data) = try GradientCheckTests.example(
          hidden: hidden, output: output, loss: loss, weighted: true, seed: 5)
        let report = try ExperimentLab(entriesPerTensor: 6).run(experiment, network, on: data)
        #expect(report.passed, "\(hidden), \(loss): \(report)")
        #expect(!report.naiveFailing.isEmpty)
      }
    }
  }

  @Test("An experiment that a network or its data do not admit says why")
  func impossibleExperiments() throws {
    let (network, data) = try line()
    #expect(throws: ExperimentError.noHiddenLayer) {
      try ExperimentLab().run(.hiddenPenalty, network, on: data)
    }
    let exact = Dataset(inputs: data.inputs, targets: data.inputs)
    #expect(throws: ExperimentError.tooFewFactors(positive: 0, examples: 2)) {
      try ExperimentLab().run(.product, network, on: exact)
    }
  }

  @Test("The mutant lab: all train from the same weights, and the check finds every one")
  func mutantLab() throws {
    let example = try LabExample(seed: 1, count: 60)
    let reports = MutantLab(epochs: 2).run(
      example.network, on: example.data, checking: example.data.subset(Array(0..<12)),
      metrics: .classification(probabilities: true))
    #expect(reports.map(\.mutant) == [nil] + Mutant.allCases)
    #expect(reports.allSatisfy { $0.applies && $0.isAsExpected })
    #expect(Set(reports.map(\.metricBefore)).count == 1)
    #expect(reports[0].failing.isEmpty && reports.dropFirst().allSatisfy { !$0.failing.isEmpty })
    // Ways part with the first step.
    #expect(Set(reports.map(\.lossAfter)).count == 8)
  }

  @Test("The lab's own loop with the right backward pass gives the trainer's bits")
  func labAgainstTrainer() throws {
    let example = try LabExample(seed: 2, count: 50)
    let report = MutantLab(epochs: 3, batchSize: 8, learningRate: 0.1, seed: 4).run(
      example.network, on: example.data, checking: example.data.subset([0, 1]),
      metrics: .classification(probabilities: true))[0]
    var network = example.network
    try Trainer<Double>(
      configuration: TrainingConfiguration(
        optimizer: .sgd, learningRate: 0.1, schedule: .constant, batchSize: 8, epochs: 3, seed: 4)
    ).train(&network, on: example.data, metrics: .classification(probabilities: true))
    let evaluation = network.evaluate(
      on: example.data, metrics: .classification(probabilities: true))
    #expect(report.lossAfter == evaluation.loss)
  }
}
