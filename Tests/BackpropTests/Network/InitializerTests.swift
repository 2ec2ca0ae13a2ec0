import Testing

@testable import Backprop
@testable import BackpropInspection

@Suite("Initialisers")
struct InitializerTests {
  static let inputs = 200
  static let outputs = 300

  /// The variance of a weight, from the formulas of the papers, and the largest magnitude.
  static func expectation(_ initializer: Initializer) -> (variance: Double, bound: Double) {
    switch initializer {
    case .zeros: (0, 0)
    case .constant: (0, 0.5)
    case .uniform(let limit): (limit * limit / 3, limit)
    case .normal(let deviation): (deviation * deviation, .infinity)
    case .xavierUniform: (2.0 / 500, (6.0 / 500).squareRoot())
    case .xavierNormal: (2.0 / 500, .infinity)
    case .heUniform: (2.0 / 200, (6.0 / 200).squareRoot())
    case .heNormal: (2.0 / 200, .infinity)
    case .lecunUniform: (1.0 / 200, (3.0 / 200).squareRoot())
    case .lecunNormal, .ntk, .data: (1.0 / 200, .infinity)
    }
  }

  @Test(
    "Weights have the mean, variance and bounds of their distribution",
    arguments: Initializer.allCases)
  func moments(initializer: Initializer) {
    var random = RandomSource(seed: 5, purpose: .initialization)
    let weights: [Double] = initializer.weights(
      inputs: Self.inputs, outputs: Self.outputs, using: &random)
    let n = Double(Self.inputs * Self.outputs)
    #expect(weights.count == Self.inputs * Self.outputs)
    let mean = weights.reduce(0, +) / n
    let variance = weights.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / n
    let expected = Self.expectation(initializer)
    if case .constant(let value) = initializer {
      #expect(weights.allSatisfy { $0 == value })
    } else {
      // Five standard errors of the mean, and of the variance (kurtosis at most 3).
      #expect(abs(mean) <= 5 * (expected.variance / n).squareRoot())
      #expect(abs(variance - expected.variance) <= 5 * expected.variance * (2 / n).squareRoot())
    }
    #expect(weights.allSatisfy { abs($0) <= expected.bound })
  }

  @Test("The same seed gives the same weights, another seed others")
  func seeds() throws {
    func network(seed: UInt64) throws -> Network<Float> {
      try Network(
        sizes: [5, 7, 3], activations: [.relu, .softmax], loss: .crossEntropy, seed: seed)
    }
    #expect(try network(seed: 1).parameters == network(seed: 1).parameters)
    #expect(try network(seed: 1).parameters != network(seed: 2).parameters)
  }

  @Test("Unless one is named, each activation gets the initialiser that suits it")
  func suited() {
    #expect(Initializer.suited(to: .relu) == .heNormal)
    #expect(Initializer.suited(to: .selu) == .lecunNormal)
    #expect(Initializer.suited(to: .tanh) == .xavierUniform)
    #expect(Initializer.suited(to: .maxout()) == .heNormal)
  }

  @Test("Names and values are the same after a round trip")
  func names() {
    for initializer in Initializer.allCases {
      #expect(Initializer(initializer.description) == initializer)
    }
    for activation in Activation.allCases {
      #expect(Activation(activation.description) == activation)
    }
    for loss in Loss.allCases { #expect(Loss(loss.description) == loss) }
    for name in ["relu:1", "elu:0", "leaky-relu:-1", "maxout:1.5", "quantile:1", "sigmoids", ""] {
      #expect(Activation(name) == nil && Loss(name) == nil)
    }
  }
}
