import Testing

@testable import Backprop
@testable import BackpropInspection

@Suite("The equations, as identities")
struct EquationTests {
  static let canonicalPairs: [(Activation, Loss)] = [
    (.softmax, .crossEntropy), (.sigmoid, .binaryCrossEntropy), (.identity, .squaredError),
  ]

  @Test("The canonical shortcut of BP1 equals the general form", arguments: 0..<3)
  func canonicalShortcut(index: Int) throws {
    let (activation, loss) = Self.canonicalPairs[index]
    let network = try Network<Double>(
      sizes: [4, 5, 3], activations: [.tanh, activation], loss: loss, seed: 9)
    let data = randomExamples(for: loss, inputs: 4, outputs: 3, count: 7, seed: 2, weighted: true)
    var workspace = Workspace(for: network, capacity: 7)
    network.forward(data.batch, in: &workspace)
    network.formOutputDelta(0..<7, in: workspace, usingShortcut: true)
    let shortcut = workspace.delta(of: 1)
    network.formOutputDelta(0..<7, in: workspace, usingShortcut: false)
    let general = workspace.delta(of: 1)
    for row in 0..<7 {
      for column in 0..<3 {
        #expect(abs(shortcut[row, column] - general[row, column]) < 1e-15)
      }
    }
    #expect(shortcut[0, 0] != 0)
  }

  @Test(
    "The gradient of a batch is the weighted sum of the gradients of its examples",
    arguments: Reduction.allCases)
  func factorRule(reduction: Reduction) throws {
    let network = try Network<Double>(
      sizes: [3, 6, 4], activations: [.gelu, .softmax], loss: .squaredError, reduction: reduction,
      seed: 4)
    let data = randomExamples(
      for: .squaredError, inputs: 3, outputs: 4, count: 5, seed: 8, weighted: true)
    var workspace = Workspace(for: network, capacity: 5)
    var whole = network.makeGradient()
    let loss = network.forward(data.batch, in: &workspace)
    network.backward(in: &workspace, into: &whole)

    var sumOfLosses = 0.0
    var sum = [Double](repeating: 0, count: whole.layout.count)
    for example in 0..<5 {
      let single = data.subset([UInt32(example)])
      var gradient = network.makeGradient()
      let part = network.forward(single.batch, in: &workspace)
      network.backward(in: &workspace, into: &gradient)
      // Alone, an example weighs w · 1 under both reductions; in the batch w/m under the mean.
      let factor = reduction == .mean ? 1.0 / 5 : 1
      sumOfLosses += factor * part
      for index in sum.indices { sum[index] += factor * gradient.start[index] }
    }
    #expect(abs(loss - sumOfLosses) < 1e-14)
    for index in sum.indices { #expect(abs(whole.start[index] - sum[index]) < 1e-14) }
  }

  @Test("A row's outputs do not depend on the batch it comes in")
  func batchInvariance() throws {
    let network = try Network<Float>(
      sizes: [37, 65, 33, 10], activations: [.relu, .mish, .softmax], loss: .crossEntropy, seed: 4)
    var inputs = Matrix<Float>(rows: 50, columns: 37)
    var random = RandomSource(seed: 1, purpose: .sampling)
    for row in 0..<50 {
      for column in 0..<37 { inputs[row, column] = Float(random.normal()) }
    }
    let together = network.predictions(for: inputs)
    for row in 0..<50 {
      #expect(
        network.predictions(for: inputs.gathered([UInt32(row)]))[row: 0] == together[row: row])
    }
  }

  @Test("Keeping z for a trace changes no bit")
  func keepingWeightedInputs() throws {
    let network = try Network<Float>(
      sizes: [7, 19, 5], activations: [.relu, .softmax], loss: .crossEntropy, seed: 4)
    let data = randomExamples(for: .crossEntropy, inputs: 7, outputs: 5, count: 9, seed: 3)
    let batch = Batch<Float>(inputs: data.inputs.converted(), targets: data.targets.converted())
    var plain = Workspace(for: network, capacity: 9)
    var traced = Workspace(for: network, capacity: 9, keepsWeightedInputs: true)
    var first = network.makeGradient()
    var second = network.makeGradient()
    let plainLoss = network.forward(batch, in: &plain)
    let tracedLoss = network.forward(batch, in: &traced)
    #expect(plainLoss == tracedLoss)
    network.backward(in: &plain, into: &first)
    network.backward(in: &traced, into: &second)
    #expect(first == second)
    let notKept = plain.weightedInputs(of: 0)
    #expect(notKept == nil)
    let z = traced.weightedInputs(of: 0)
    let a = traced.outputs(of: 0)
    #expect(z?.elements.map { $0.map { max(0, $0) } } == a.elements)
  }

  @Test("Numbers out of their range are refused, however they were given")
  func badParameters() {
    for activation in [
      Activation.maxout(pieces: 1), .maxout(pieces: 0), .leakyReLU(slope: -0.5), .elu(alpha: -1),
      .elu(alpha: .nan),
    ] {
      #expect(throws: NetworkError.badParameter(of: activation.description)) {
        try Network<Float>(
          sizes: [2, 2, 1], activations: [activation, .identity], loss: .squaredError)
      }
    }
    for loss in [Loss.huber(delta: -1), .quantile(2)] {
      #expect(throws: NetworkError.badParameter(of: loss.description)) {
        try Network<Float>(sizes: [2, 1], activations: [.identity], loss: loss)
      }
    }
  }

  @Test("The workspace and the gradient of another network are a bug of the caller")
  func foreignWorkspace() async {
    await #expect(processExitsWith: .failure) {
      let small = try Network<Float>(
        sizes: [4, 8, 3], activations: [.relu, .softmax], loss: .crossEntropy)
      let large = try Network<Float>(
        sizes: [4, 4000, 3], activations: [.relu, .softmax], loss: .crossEntropy)
      let batch = Batch<Float>(inputs: Matrix([[1, 2, 3, 4]]), targets: Matrix([[1, 0, 0]]))
      var workspace = Workspace(for: small, capacity: 1)
      large.forward(batch, in: &workspace)
    }
    await #expect(processExitsWith: .failure) {
      let small = try Network<Float>(
        sizes: [4, 8, 3], activations: [.relu, .softmax], loss: .crossEntropy)
      let large = try Network<Float>(
        sizes: [4, 4000, 3], activations: [.relu, .softmax], loss: .crossEntropy)
      let batch = Batch<Float>(inputs: Matrix([[1, 2, 3, 4]]), targets: Matrix([[1, 0, 0]]))
      var workspace = Workspace(for: large, capacity: 1)
      var gradient = small.makeGradient()
      large.forward(batch, in: &workspace)
      large.backward(in: &workspace, into: &gradient)
    }
  }

  @Test("Networks that cannot be are refused with the reason")
  func refusals() {
    func error(_ make: () throws(NetworkError) -> Network<Float>) -> NetworkError? {
      do {
        _ = try make()
        return nil
      } catch { return error }
    }
    #expect(
      error { () throws(NetworkError) in
        try Network(sizes: [3, 0, 2], activations: [.relu, .softmax], loss: .crossEntropy)
      } == .badSize(0, position: 1))
    #expect(
      error { () throws(NetworkError) in
        try Network(sizes: [3, 4, 2], activations: [.softmax, .softmax], loss: .crossEntropy)
      } == .softmaxNotLast(layer: 2))
    #expect(
      error { () throws(NetworkError) in
        try Network(sizes: [3, 2], activations: [.identity], loss: .crossEntropy)
      } == .lossNotDefined(.crossEntropy, outputActivation: .identity))
    #expect(
      error { () throws(NetworkError) in
        try Network(sizes: [1 << 40, 1 << 40], activations: [.relu], loss: .squaredError)
      } == .tooLarge)
    #expect(
      error { () throws(NetworkError) in
        try Network(sizes: [3, 4, 2], activations: [.relu], loss: .squaredError)
      } == .activationCount(found: 1, layers: 2))
  }
}

extension Matrix {
  /// The same numbers in another precision.
  func converted<U: Scalar>() -> Matrix<U> { Matrix<U>(elements.map { $0.map { U($0) } }) }
}
