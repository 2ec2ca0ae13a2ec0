import Foundation
import Testing

@testable import Backprop
@testable import BackpropInspection

/// A file of reference numbers; `Reference/README.md` says how it was made and what its keys are.
///
/// `make check-peers` sets BACKPROP_FIXTURES to a folder of freshly computed files.
func fixture<Value: Decodable>(_ name: String, as type: Value.Type) throws -> Value {
  let folder =
    ProcessInfo.processInfo.environment["BACKPROP_FIXTURES"].map { URL(fileURLWithPath: $0) }
    ?? URL(fileURLWithPath: #filePath).deletingLastPathComponent()
    .appendingPathComponent("Fixtures")
  return try JSONDecoder().decode(
    type, from: Data(contentsOf: folder.appendingPathComponent(name + ".json")))
}

/// The network of a fixture.
struct ReferenceNetwork: Decodable {
  let sizes: [Int]
  let activations: [Activation]
  let loss: Loss
  let reduction: Reduction
  let weights: [[[Double]]]
  let biases: [[Double]]
  let inputs: [[Double]]
  let targets: [[Double]]

  func network<T: Scalar>() throws -> Network<T> {
    var network = try Network<T>(
      sizes: sizes, activations: activations, loss: loss, reduction: reduction)
    for layer in weights.indices {
      network.parameters.setTensors(
        of: layer, weights: weights[layer].flatMap { $0.map { T($0) } },
        biases: biases[layer].map { T($0) })
    }
    return network
  }

  func batch<T: Scalar>(weights: [Double]? = nil) -> Batch<T> {
    Batch(
      inputs: Matrix<Double>(inputs).converted(), targets: Matrix<Double>(targets).converted(),
      weights: weights?.map { T($0) })
  }
}

/// The largest |found − expected| over the largest |expected| of an array.
func relativeDifference(_ found: [Double], _ expected: [Double]) -> Double {
  guard found.count == expected.count else { return .infinity }
  let scale = expected.map(abs).max() ?? 0
  let worst = zip(found, expected).map { abs($0 - $1) }.max() ?? 0
  return worst.isNaN ? .infinity : worst / max(scale, .leastNormalMagnitude)
}

extension Parameters {
  /// Weights and biases of a layer as flat arrays of Double.
  func numbers(of layer: Int) -> (weights: [Double], biases: [Double]) {
    let (weights, biases) = denseTensors(of: layer)
    return (weights.map { Double($0) }, biases.map { Double($0) })
  }
}

/// What a fit makes of a table before its first step, with the examples in memory.
struct PreparedTable<T: Scalar> {
  let features: FeatureEncoder
  let target: TargetEncoder
  let training: Dataset<T>
  let validation: Dataset<T>?

  init(
    _ table: Table, target: String, task: LearningTask? = nil, validation fraction: Double,
    seed: UInt64
  ) throws {
    var configuration = TrainingConfiguration(seed: seed)
    configuration.recipe = .plain
    configuration.data.target = [target]
    configuration.data.task = task
    configuration.stopping.validation = fraction
    let fit = try Estimator(configuration).prepare(FitTables(training: table), as: T.self) { _, _ in
    }
    features = try #require(fit.coders.encoder)
    self.target = fit.coders.target
    let rows = { (examples: TrainingExamples<T>) in
      try examples.subset([UInt32](0..<UInt32(examples.count)))
    }
    training = try rows(fit.training)
    validation = try fit.validation.map(rows)
  }
}

extension TableOptions {
  /// With what only the module itself sets.
  init(with change: (inout TableOptions) -> Void) {
    self.init()
    change(&self)
  }
}
