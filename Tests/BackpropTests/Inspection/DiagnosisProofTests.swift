import Foundation
import Testing

@testable import Backprop
@testable import BackpropInspection

/// What a diagnosis must not say without proof, and faults that hide behind a lucky draw.
@Suite("What a diagnosis proves")
struct DiagnosisProofTests {
  /// A file of `Examples/`, standardised, all its rows.
  private static func example(
    _ name: String, _ target: String, _ task: LearningTask = .classification
  ) throws -> Dataset<Float> {
    let path = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
      .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
      .appendingPathComponent("Examples/\(name)").path
    return try PreparedTable<Float>(
      DataSource.open(path: path).training, target: target, task: task, validation: 0, seed: 0
    ).training
  }

  private static func flowers() throws -> Dataset<Float> { try example("iris.csv", "species") }

  private static func network(
    _ sizes: [Int], _ hidden: Activation = .relu, _ output: Activation = .softmax,
    loss: Loss = .crossEntropy, initializer: Initializer? = nil, dropout: Double = 0,
    seed: UInt64
  ) throws -> Network<Float> {
    let count = sizes.count - 2
    return try Network<Float>(
      sizes: sizes, activations: [Activation](repeating: hidden, count: count) + [output],
      loss: loss, dropout: [Double](repeating: dropout, count: count), initializer: initializer,
      seed: seed)
  }

  /// A diagnosis of a network that a run with these settings has left as it is.
  private static func diagnosis(
    _ network: Network<Float>, on data: Dataset<Float>, _ configuration: TrainingConfiguration,
    isUntrained: Bool = false
  ) throws -> Diagnosis {
    var options = DiagnosisOptions(configuration: configuration)
    options.isUntrained = isUntrained
    let metrics: MetricKind =
      network.outputActivation == .identity
      ? .regression(scales: [1]) : .classification(probabilities: true)
    return try Diagnosis(of: network, on: data, metrics: metrics, options: options)
  }

  private static func trained(
    _ network: Network<Float>, on data: Dataset<Float>, _ configuration: TrainingConfiguration
  ) throws -> Network<Float> {
    var network = network
    try Trainer<Float>(configuration: configuration).train(
      &network, on: data,
      metrics: network.outputActivation == .identity
        ? .regression(scales: [1]) : .classification(probabilities: true))
    return network
  }

  @Test("Copies that are slow for their few steps prove nothing about the data")
  func slowCopies() throws {
    // Four rows, of which none can be held out.
    let gates = try Self.example("xor.csv", "y")
    for seed in 0..<4 as Range<UInt64> {
      let network = try Self.network([2, 2, 2], seed: seed)
      let diagnosis = try Self.diagnosis(network, on: gates, TrainingConfiguration(batchSize: 4))
      #expect(diagnosis.mostLikely?.name != .unrelatedTargets, "seed \(seed)")
    }
    // σ′ of two layers of sigmoid makes each step of this pair small; the flowers are easy to learn.
    let configuration = TrainingConfiguration(optimizer: .sgd, batchSize: 16)
    for seed in 0..<4 as Range<UInt64> {
      let network = try Self.network(
        [4, 64, 64, 3], .sigmoid, .sigmoid, loss: .squaredError, seed: seed)
      let diagnosis = try Self.diagnosis(network, on: Self.flowers(), configuration)
      #expect(diagnosis.mostLikely?.name != .unrelatedTargets, "seed \(seed)")
    }
  }

  @Test("Steps that are too small are named, however lucky the first weights were")
  func smallSteps() throws {
    let data = try Self.flowers()
    for seed in 0..<8 as Range<UInt64> {
      let network = try Self.network([4, 32, 3], seed: seed)
      let rate = try Self.diagnosis(
        network, on: data, TrainingConfiguration(learningRate: 1e-9, batchSize: 16))
      #expect(rate.mostLikely?.name == .smallRate, "seed \(seed)")
      #expect(rate.findings.contains { $0.code == .updateTooSmall }, "seed \(seed)")
      let clipped = try Self.diagnosis(
        network, on: data,
        TrainingConfiguration(optimizer: .sgd, batchSize: 16, clipNorm: 1e-9))
      #expect(clipped.mostLikely?.name == .clipping, "seed \(seed)")
      #expect(clipped.findings.contains { $0.code == .updateTooSmall }, "seed \(seed)")
    }
  }

  @Test("A network that is shaken by its first steps and comes back does not diverge")
  func shaken() throws {
    // C of a constant answer is small where a class is rare, and a wobble soon rises above it.
    let count = 203
    let rows = (0..<count).map { row -> [Float] in
      let shift: Float = row < 200 ? 0 : 3
      return (0..<4).map { shift + 0.3 * Float((row * (7 + $0) + $0 * $0) % 11) / 11 }
    }
    let rare = Dataset<Float>(
      inputs: Matrix(rows), targets: Matrix((0..<count).map { $0 < 200 ? [1, 0] : [0, 1] }))
    let adam = TrainingConfiguration(learningRate: 0.02, batchSize: 16, epochs: 40)
    for seed in 0..<3 as Range<UInt64> {
      let network = try Self.trained(Self.network([4, 64, 2], seed: seed), on: rare, adam)
      #expect(try Self.diagnosis(network, on: rare, adam).findings == [], "seed \(seed)")
    }
    // AdaGrad begins a trial with an empty sum, and so with its largest steps.
    let widths = try Self.example("iris.csv", "petal_width", .regression)
    let adaGrad = TrainingConfiguration(
      optimizer: OptimizerRule.adaGrad(), batchSize: 16, epochs: 30)
    for seed in 0..<3 as Range<UInt64> {
      let network = try Self.trained(
        Self.network(
          [widths.inputs.columns, 64, 64, 1], .relu, .identity, loss: .squaredError, seed: seed),
        on: widths, adaGrad)
      let found = try Self.diagnosis(network, on: widths, adaGrad).findings.map(\.code)
      #expect(!found.contains(.divergence) && !found.contains(.stepTooLarge), "seed \(seed)")
    }
  }

  @Test("Weights are of the wrong size only if they are of another than suits")
  func sizes() throws {
    let data = try Self.flowers()
    let configuration = TrainingConfiguration(batchSize: 16)
    for seed in 0..<8 as Range<UInt64> {
      for sizes in [[4, 3], [4, 16, 3]] {
        let usual = try Self.diagnosis(
          Self.network(sizes, seed: seed), on: data, configuration, isUntrained: true)
        #expect(usual.mostLikely == nil, "\(sizes), seed \(seed)")
      }
      let large = try Self.diagnosis(
        Self.network([4, 16, 3], initializer: .normal(10), seed: seed), on: data, configuration,
        isUntrained: true)
      #expect(large.mostLikely?.name == .initialWeights, "seed \(seed)")
    }
  }

  @Test("Copies in every hidden layer began equal, whoever drew the weights")
  func copies() throws {
    let configuration = TrainingConfiguration(batchSize: 16, epochs: 2)
    for initializer in [Initializer.zeros, .constant(0.1)] {
      let network = try Self.network([4, 16, 3], initializer: initializer, seed: 0)
      let diagnosis = try Self.diagnosis(network, on: Self.flowers(), configuration)
      #expect(diagnosis.mostLikely?.name == .equalWeights, "\(initializer)")
    }
  }

  @Test(
    "A penalty that wins only in the end is named, and so is dropout, though no measure shows it")
  func restraints() throws {
    let data = try Self.flowers()
    var penalized = TrainingConfiguration(batchSize: 16, epochs: 80)
    for strength in [1.0, 10] {
      penalized.updates.l2 = strength
      for seed in 0..<3 as Range<UInt64> {
        let network = try Self.trained(Self.network([4, 32, 3], seed: seed), on: data, penalized)
        let cause = try Self.diagnosis(network, on: data, penalized).mostLikely
        #expect(cause?.name == .penalties, "λ = \(strength), seed \(seed)")
      }
    }
    let plain = TrainingConfiguration(batchSize: 16, epochs: 80)
    for seed in 0..<3 as Range<UInt64> {
      let dropping = try Self.network([4, 64, 64, 3], dropout: 0.95, seed: seed)
      let diagnosis = try Self.diagnosis(Self.trained(dropping, on: data, plain), on: data, plain)
      #expect(diagnosis.mostLikely?.name == .dropout, "seed \(seed)")
      // By heart is learned with all neurons, and as long as it is allowed to take.
      #expect(diagnosis.overfit?.score == 1, "seed \(seed)")
    }
    // What does no harm is not blamed.
    var mild = plain
    mild.updates.l2 = 0.01
    for seed in 0..<3 as Range<UInt64> {
      let network = try Self.network([4, 32, 3], dropout: 0.5, seed: seed)
      let healthy = try Self.trained(network, on: data, mild)
      let diagnosis = try Self.diagnosis(healthy, on: data, mild)
      #expect(diagnosis.mostLikely == nil && diagnosis.findings == [], "seed \(seed)")
    }
  }

  @Test("Inputs are only to be scaled where they are not")
  func scaling() {
    let finding = Finding(.cannotOverfit, value: 0, threshold: 1)
    for language in Language.allCases {
      let advice = finding.advised(in: [], scalesInputs: false).advice(in: language)
      #expect(!advice.contains("scaled") && !advice.contains("크기를 맞추지"))
      #expect(finding.advised(in: [], scalesInputs: true).advice(in: language) != advice)
    }
  }
}
