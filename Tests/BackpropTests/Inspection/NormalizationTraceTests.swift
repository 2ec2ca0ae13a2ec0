import Testing

@testable import Backprop
@testable import BackpropInspection

@Suite("A trace of a normalised network")
struct NormalizationTraceTests {
  static let activations: [Activation] = [
    .identity, .sigmoid, .relu, .tanh, .gelu, .silu, .softplus, .maxout(pieces: 3),
    .custom(Softsign()),
  ]

  /// A network whose gains and shifts are not 1 and 0 any more.
  func network(
    _ normalizations: [Normalization?], _ activation: Activation, seed: UInt64 = 2
  ) throws -> Network<Double> {
    var network = try Network<Double>(
      sizes: [4, 19, 7, 3], activations: [activation, activation, .softmax], loss: .crossEntropy,
      initializer: .normal(0.5), normalizations: normalizations, seed: seed)
    for layer in 0..<2 {
      guard let (gain, shift) = network.parameters.normalization(of: layer) else { continue }
      network.parameters.setNormalization(
        of: layer, gain: gain.indices.map { 0.5 + Double($0 % 5) / 4 },
        shift: shift.indices.map { Double($0 % 7) / 5 - 0.5 })
    }
    return network
  }

  func trace<T: Scalar>(
    _ network: Network<T>, _ data: Dataset<T>, rule: OptimizerRule = .sgd, l2Penalty: Double = 0
  ) -> Trace<T> {
    network.trace(
      data.batch, optimizer: Optimizer(rule: rule, for: network.parameters.layout),
      learningRate: 0.1, l2Penalty: l2Penalty)
  }

  @Test("Two neurons by hand: the record holds z, the moments, n, ∂C/∂n and the gradients")
  func byHand() throws {
    var network = try Network<Double>(
      sizes: [2, 2, 1], activations: [.identity, .identity], loss: .squaredError,
      normalizations: [.layer])
    network.parameters.setTensors(of: 0, weights: [1, 0, 0, 1], biases: [0, 0])
    network.parameters.setTensors(of: 1, weights: [1, 2], biases: [0])
    network.parameters.setNormalization(of: 0, gain: [2, 3], shift: [0.5, -1])
    let trace = trace(network, Dataset(inputs: Matrix([[5, 3]]), targets: Matrix([[0]])))
    let normalization = try #require(trace.layers[0].normalization)
    // z = (5, 3): mean 4, variance 1, ẑ = (s, −s), n = (2s + ½, −3s − 1), a = −4s − 1½
    let s = 1 / (1 + Normalization.epsilon).squareRoot()
    #expect(trace.layers[0].weightedInputs.elements == [[5, 3]])
    #expect(normalization.means == [4])
    #expect(abs(normalization.inverseDeviations[0] - s) < 1e-15)
    #expect(abs(normalization.normalized[0, 0] - (2 * s + 0.5)) < 1e-14)
    #expect(abs(normalization.normalized[0, 1] - (-3 * s - 1)) < 1e-14)
    let a = -4 * s - 1.5
    // ∂C/∂n = (a, 2a), ∂C/∂γ = (a s, −2a s), ∂C/∂β = (a, 2a); −η = −0.1 moves them
    #expect(abs(normalization.normalizedDelta[0, 1] - 2 * a) < 1e-13)
    #expect(abs((trace.layers[0].tensor(.gain)?.gradient[1] ?? .nan) + 2 * a * s) < 1e-13)
    #expect(abs((trace.layers[0].tensor(.shift)?.gradient[0] ?? .nan) - a) < 1e-13)
    #expect(abs((trace.layers[0].tensor(.shift)?.update[0] ?? .nan) + 0.1 * a) < 1e-13)
    #expect(trace.layers[1].normalization == nil)
    let verification = trace.verification(for: network)
    #expect(verification.verified, "\(verification.failures)")
    // z, a, σ′, ∂C/∂a and δ of 3 neurons, the last δ by the shortcut and the general form too (2 more),
    // C of the example and of the batch, BP3 of 3, BP4 of 6, 9
    // updates, the predicted change and the penalty twice each; of the normalisation mean and s, n,
    // ∂C/∂n, ∂C/∂γ, ∂C/∂β of 2 neurons and the updates of 4 parameters.
    #expect(verification.equations == 3 * 5 + 2 + 2 + 3 + 6 + 9 + 4 + 2 + 2 * 4 + 4)
  }

  @Test(
    "Every equation holds for both kinds and every activation, in both precisions, batch or example",
    arguments: Normalization.allCases, activations.indices)
  func holds(kind: Normalization, index: Int) throws {
    let activation = Self.activations[index]
    let network = try network([kind, kind], activation, seed: UInt64(index))
    for count in [1, 6] {
      let data = randomExamples(
        for: .crossEntropy, inputs: 4, outputs: 3, count: count, seed: UInt64(index) + 50,
        weighted: true)
      let double = trace(network, data, l2Penalty: 0.01).verification(for: network)
      #expect(double.verified, "\(kind), \(activation): \(double.failures)")
      let single = network.converted(to: Float.self)
      let float = trace(
        single,
        Dataset(
          inputs: data.inputs.converted(), targets: data.targets.converted(),
          weights: data.weights?.map { Float($0) }), l2Penalty: 0.01
      ).verification(for: single)
      #expect(float.verified, "\(kind), \(activation): \(float.failures)")
      #expect(float.worstResidual > double.worstResidual)
    }
  }

  @Test(
    "Gain and shift follow the formula of every rule, and nothing shrinks them",
    arguments: OptimizerRule.allCases)
  func rules(rule: OptimizerRule) throws {
    var moved = try network([.layer, .rms], .tanh)
    let data = randomExamples(for: .crossEntropy, inputs: 4, outputs: 3, count: 5, seed: 6)
    var optimizer = Optimizer<Double>(
      rule: rule, weightDecay: rule.searchesLines ? 0 : 0.01, for: moved.parameters.layout)
    let first = moved.trace(data.batch, optimizer: optimizer, learningRate: 0.05, l2Penalty: 0.02)
    #expect(first.verification(for: moved).verified, "\(first.verification(for: moved).failures)")
    var workspace = Workspace(for: moved, capacity: 5)
    var gradient = moved.makeGradient()
    for _ in 0..<3 {
      moved.forward(data.batch, in: &workspace)
      moved.backward(in: &workspace, into: &gradient)
      optimizer.update(&moved.parameters, along: gradient, rate: 0.05)
    }
    let trace = moved.trace(data.batch, optimizer: optimizer, learningRate: 0.05, l2Penalty: 0.02)
    let verification = trace.verification(for: moved)
    #expect(verification.verified, "\(rule): \(verification.failures)")
  }

  @Test(
    "A number that is not what its equation says is found, and the equation named",
    arguments: [
      ("weightedInputs", TraceEquation.weightedInput), ("normalization.means", .normalizationMean),
      ("normalization.inverseDeviations", .inverseDeviation),
      ("normalization.normalized", .normalized), ("outputs", .output), ("derivative", .derivative),
      ("outputGradient", .errorPassedDown), ("normalization.normalizedDelta", .normalizedDelta),
      ("delta", .bp2), ("tensors.0.gradient", .bp4), ("tensors.1.gradient", .bp3),
      ("tensors.2.gradient", .gainGradient), ("tensors.3.gradient", .shiftGradient),
      ("tensors.2.update", .update), ("tensors.3.update", .update),
      ("tensors.2.values", .normalized), ("tensors.3.values", .normalized),
    ])
  func corruption(path: String, equation: TraceEquation) throws {
    let network = try network([.layer, .rms], .tanh)
    let data = randomExamples(for: .crossEntropy, inputs: 4, outputs: 3, count: 5, seed: 6)
    let good = trace(network, data)
    let document = try JSONValue(encoding: good)
    #expect(try document.decoded(as: Trace<Double>.self) == good)
    for layer in 0..<2 where layer == 0 || !path.hasPrefix("tensors.3") {
      let place = ["layers", "\(layer)"] + path.split(separator: ".").map(String.init)
      let bad = try document.scaling(place).decoded(as: Trace<Double>.self)
      let verification = bad.verification(for: network)
      #expect(!verification.verified)
      #expect(
        verification.failures.contains { $0.equation == equation && $0.layer == layer + 2 },
        "\(path): \(verification.failures)")
    }
  }

  @Test("A δ that did not go through the Jacobian of the normalisation is found")
  func jacobian() throws {
    let data = randomExamples(for: .crossEntropy, inputs: 4, outputs: 3, count: 5, seed: 6)
    for kind in Normalization.allCases {
      let network = try network([kind, kind], .tanh)
      let document = try JSONValue(encoding: trace(network, data))
      // δ = γ ⊙ ∂C/∂n, as if ẑ were z.
      let slopes = try #require(
        document["layers"]?[0]?["normalization"]?["normalizedDelta"])
      let bad = try document.replacing(["layers", "0", "delta"], by: slopes)
        .decoded(as: Trace<Double>.self)
      #expect(
        bad.verification(for: network).failures.contains { $0.equation == .bp2 && $0.layer == 2 })
    }
  }

  @Test("A record without the key of the normalisation is one of a layer that has none")
  func oldRecords() throws {
    let network = try network([nil, nil], .tanh)
    let data = randomExamples(for: .crossEntropy, inputs: 4, outputs: 3, count: 2, seed: 6)
    let document = try JSONValue(encoding: trace(network, data))
    #expect(document["layers"]?[0]?["normalization"] == nil)
    #expect(try document.decoded(as: Trace<Double>.self).verification(for: network).verified)
    // Shapes that no pass can have left are refused.
    let normalized = try JSONValue(encoding: trace(self.network([.layer, nil], .tanh), data))
    let short = normalized.replacing(["layers", "0", "normalization", "means"], by: [0])
    #expect(throws: DecodingError.self) { try short.decoded(as: Trace<Double>.self) }
  }

  @Test("The norms of the examples hold gain and shift, in the record and in the workspace")
  func exampleNorms() throws {
    let network = try network([.layer, .rms], .tanh)
    let data = randomExamples(for: .crossEntropy, inputs: 4, outputs: 3, count: 4, seed: 6)
    let trace = trace(network, data)
    var workspace = Workspace(for: network, capacity: 4)
    var gradient = network.makeGradient()
    network.forward(data.batch, in: &workspace)
    network.backward(in: &workspace, into: &gradient)
    let inWorkspace = network.exampleGradients(in: workspace).norms
    for example in 0..<4 {
      // The gradient of the example alone, from a pass of its own under the weight 1/4.
      let own = self.trace(network, data.subset([UInt32(example)])).gradientNorm / 4
      #expect(abs(trace.exampleGradients.norms[example] - own) < 1e-14)
      #expect(abs(inWorkspace[example] - own) < 1e-14)
    }
  }
}
