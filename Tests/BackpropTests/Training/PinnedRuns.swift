import Foundation
import Testing

@testable import Backprop
@testable import BackpropInspection

/// A training run whose parameters are pinned: `Fixtures/pinned_bits.json` holds their SHA-256.
///
/// A refactoring must leave every one of them as it is. Where bits are meant to change,
/// `BACKPROP_PIN=1 swift test --filter PinnedBits` writes the file anew, and the commit says why.
struct PinnedRun: Sendable, CustomStringConvertible {
  let name: String
  var sizes = [2, 70, 33, 3]
  var activations: [Activation] = [.silu, .maxout(pieces: 3), .softmax]
  var loss = Loss.crossEntropy
  var dropout: [Double] = []
  var normalizations: [Normalization?] = []
  var configuration: TrainingConfiguration
  /// A scaling layer in front, and parametric activations.
  var hasKinds = false
  var isSpooled = false
  var isDouble = false

  var description: String { name }

  /// Each stands for a part of the engine: rules, normalisation, dropout, mixup, shards, data in a
  /// file, accumulation, double precision, examples read in place, the further kinds of layers.
  static let all: [PinnedRun] = [
    PinnedRun(
      name: "adam", configuration: TrainingConfiguration(batchSize: 48, epochs: 3, clipNorm: 1)),
    PinnedRun(
      name: "adamw-double",
      configuration: TrainingConfiguration(
        optimizer: .adamW(), batchSize: 48, epochs: 3, l2Penalty: 1e-3), isDouble: true),
    PinnedRun(
      name: "sgd-regression", sizes: [2, 40, 3], activations: [.tanh, .identity],
      loss: .squaredError,
      configuration: TrainingConfiguration(optimizer: .sgd, batchSize: 32, epochs: 3)),
    PinnedRun(
      name: "nesterov-sigmoid", sizes: [2, 18, 17, 3], activations: [.sigmoid, .elu(), .sigmoid],
      loss: .binaryCrossEntropy,
      configuration: TrainingConfiguration(optimizer: .nesterov(), batchSize: 10, epochs: 3)),
    PinnedRun(
      name: "lbfgs", sizes: [2, 12, 3], activations: [.softplus, .softmax],
      configuration: TrainingConfiguration(optimizer: .lbfgs(), epochs: 12, shuffles: false)),
    PinnedRun(
      name: "normalisation", activations: [.gelu, .relu, .softmax], normalizations: [.layer, .rms],
      configuration: TrainingConfiguration(optimizer: .nAdam(), batchSize: 24, epochs: 3)),
    PinnedRun(
      name: "dropout-and-noise", activations: [.relu, .mish, .softmax], dropout: [0.2, 0.3],
      configuration: TrainingConfiguration(
        optimizer: .rmsProp(), batchSize: 100, epochs: 4, inputNoise: 0.1, inputDropout: 0.1,
        labelSmoothing: 0.05)),
    PinnedRun(
      name: "mixup", activations: [.leakyReLU(), .selu, .softmax],
      configuration: TrainingConfiguration(
        optimizer: .lion(), batchSize: 64, epochs: 4, mixup: 0.3)),
    PinnedRun(
      name: "shards-in-file", activations: [.relu, .tanh, .softmax], normalizations: [.rms, nil],
      configuration: TrainingConfiguration(
        batchSize: 50, epochs: 3, shuffleBlock: ShuffleBlock(rows: 8, window: 3), shards: 5),
      isSpooled: true),
    PinnedRun(name: "accumulation", configuration: accumulating),
    PinnedRun(
      name: "one-output", sizes: [2, 64, 64, 1], activations: [.relu, .relu, .identity],
      loss: .huber(),
      configuration: TrainingConfiguration(optimizer: .adaGrad(), batchSize: 32, epochs: 3)),
    PinnedRun(
      name: "wide", sizes: [80, 300, 20, 3], activations: [.relu, .silu, .softmax],
      configuration: TrainingConfiguration(
        optimizer: .momentum(), batchSize: 700, epochs: 3, weightDecay: 1e-3)),
    PinnedRun(
      name: "kinds", activations: [.silu, .relu, .softmax], normalizations: [.rms, nil],
      configuration: TrainingConfiguration(optimizer: .adamW(), batchSize: 40, epochs: 3),
      hasKinds: true),
  ]

  private static var accumulating: TrainingConfiguration {
    var configuration = TrainingConfiguration(batchSize: 16, epochs: 3, clipValue: 0.1)
    configuration.accumulate = 3
    configuration.averaging = .exponential(decay: 0.9)
    (configuration.updates.rateFactors, configuration.updates.biasRateFactor) = ([0.5], 4)
    return configuration
  }

  /// The SHA-256 of the run's parameters, little-endian, in the order of a model file.
  func digest(threads: Int) throws -> String {
    isDouble
      ? try digest(Double.self, threads: threads) : try digest(Float.self, threads: threads)
  }

  private func digest<T: Scalar>(_ type: T.Type, threads: Int) throws -> String {
    var network = try Network<T>(
      sizes: sizes, activations: activations, loss: loss, dropout: dropout,
      normalizations: normalizations, isParametric: hasKinds, scalesInputs: hasKinds, seed: 5)
    let data: Dataset<T> = try examples()
    var configuration = configuration
    // The digests are of the epoch that this chooses.
    if loss == .crossEntropy { configuration.stopping.metric = .accuracy }
    try Trainer<T>(configuration: configuration, threads: threads).train(
      &network, on: isSpooled ? .spooled(try SameBitsTests.spooled(data)) : .memory(data),
      validation: .memory(data),
      metrics: loss == .crossEntropy
        ? .classification(probabilities: true)
        : .regression(scales: [Double](repeating: 1, count: sizes[sizes.count - 1])))
    var hash = SHA256()
    for index in network.layers.indices {
      let (weights, biases) = network.parameters.denseTensors(of: index)
      let (gain, shift) = network.parameters.normalization(of: index) ?? ([], [])
      for tensor in [weights, biases, gain, shift] {
        tensor.withUnsafeBytes { hash.add(Array($0)) }
      }
      for tensor in network.parameters.layout.tensors(of: index)
      where [.scale, .slope].contains(tensor.role) {
        network.parameters.elements(of: tensor).withUnsafeBytes { hash.add(Array($0)) }
      }
    }
    return hash.hexadecimal()
  }

  /// 750 points of three spirals, weighted; with further columns of random numbers where the network
  /// wants more, and the first class alone where it has one output.
  private func examples<T: Scalar>() throws -> Dataset<T> {
    let spirals = TrainerTests.spirals(750, seed: 1)
    var random = RandomSource(seed: 7, purpose: .sampling)
    var x = Matrix<T>(rows: spirals.count, columns: sizes[0])
    var y = Matrix<T>(rows: spirals.count, columns: sizes[sizes.count - 1])
    for row in 0..<spirals.count {
      for column in 0..<x.columns {
        x[row, column] = column < 2 ? T(spirals.inputs[row, column]) : T(random.normal())
      }
      for column in 0..<y.columns { y[row, column] = T(spirals.targets[row, column]) }
    }
    return Dataset(
      inputs: x, targets: y, weights: (0..<spirals.count).map { T(1 + $0 % 3) })
  }

  /// The digests that are to be found, by the names of the runs; replaces them if BACKPROP_PIN asks.
  static func pinned(_ found: () throws -> [String: String]) throws -> [String: String] {
    if ProcessInfo.processInfo.environment["BACKPROP_PIN"] == "1" {
      let encoder = JSONEncoder()
      encoder.outputFormatting = [.prettyPrinted, .sortedKeys]
      let file = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
        .deletingLastPathComponent().appendingPathComponent("Fixtures/pinned_bits.json")
      try (encoder.encode(found()) + Data("\n".utf8)).write(to: file)
    }
    return try fixture("pinned_bits", as: [String: String].self)
  }
}
