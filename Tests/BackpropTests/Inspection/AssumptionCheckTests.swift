import Testing

@testable import Backprop
@testable import BackpropInspection

/// Squared error whose value, or whose gradient, forgets the weight of the example.
private struct ForgetfulLoss: ExampleLoss {
  let forgetsInValue: Bool
  let forgetsInGradient: Bool
  let name = "forgetful"

  func value<T: Scalar>(outputs: Span<T>, targets: Span<T>, weight: T) -> T {
    var sum: T = 0
    for index in outputs.indices {
      let r = outputs[index] - targets[index]
      sum += r * r / 2
    }
    return forgetsInValue ? sum : weight * sum
  }

  func formGradient<T: Scalar>(
    outputs: Span<T>, targets: Span<T>, weight: T, into gradient: inout MutableSpan<T>
  ) {
    for index in outputs.indices {
      let r = outputs[index] - targets[index]
      gradient[index] = forgetsInGradient ? r : weight * r
    }
  }
}

@Suite("Both assumptions about the loss")
struct AssumptionCheckTests {
  @Test("Two examples, by hand: the mean of their losses, and nothing but aᴸ")
  func byHand() throws {
    var network = try Network<Double>(
      sizes: [1, 1, 1], activations: [.identity, .identity], loss: .squaredError)
    network.parameters.setTensors(of: 0, weights: [2], biases: [0])
    network.parameters.setTensors(of: 1, weights: [1], biases: [0])
    // a = 2x: C₁ = ½(2 − 1)² = ½, C₂ = ½(4 − 1)² = 4.5; the mean is 2.5, and every part is exact.
    let data = Dataset<Double>(inputs: Matrix([[1], [2]]), targets: Matrix([[1], [1]]))
    let check = AssumptionCheck()
    let sums = check.sumOverExamples(network, data)
    #expect(sums.passed && sums.worstResidual < 1e-15)
    #expect(
      sums.details.map(\.property) == [
        .splits, .splitsOfGradient, .exampleWeights, .exampleWeightsOfGradient,
      ])
    let outputs = check.functionOfOutputs(network, data)
    #expect(outputs.passed)
    #expect(outputs.details.map(\.property) == [.lossOfOutputs, .permutedNeurons, .firstOrder])
    // One hidden neuron, and numbers without rounding: exactly the same loss.
    #expect(outputs.details[0].residual == 0 && outputs.details[1].residual == 0)
    // C is quadratic in a: the odd differences of both sides are equal but for rounding.
    #expect(outputs.details[2].residual < 1e-9)
  }

  @Test(
    "They hold for every legal pair of output activation and loss",
    arguments: GradientTests.legalPairs.indices)
  func everyLegalPair(index: Int) throws {
    let (activation, loss) = GradientTests.legalPairs[index]
    let hidden = GradientTests.activations.filter { $0 != .softmax }
    let (network, data) = try GradientCheckTests.example(
      hidden: [hidden[index % hidden.count], .tanh], output: activation, loss: loss,
      reduction: index % 2 == 0 ? .mean : .sum, weighted: index % 3 == 0, seed: UInt64(index + 1))
    let check = AssumptionCheck(trials: 2, seed: UInt64(index))
    let (one, two) = (
      check.sumOverExamples(network, data), check.functionOfOutputs(network, data)
    )
    #expect(one.passed && one.details.count == 4, "\(activation), \(loss): \(one)")
    #expect(two.passed && two.details.count >= 2, "\(activation), \(loss): \(two)")
  }

  @Test("A loss that forgets the weight of the example is caught by assumption I")
  func forgottenWeight() throws {
    for (value, gradient) in [(true, false), (false, true), (true, true)] {
      let loss = ForgetfulLoss(forgetsInValue: value, forgetsInGradient: gradient)
      let (network, data) = try GradientCheckTests.example(
        hidden: [.tanh], output: .identity, loss: .custom(loss))
      let report = AssumptionCheck().sumOverExamples(network, data)
      #expect(!report.passed && report.worstResidual > 0.1, "\(report)")
      let broken = Set(report.details.filter { !$0.passed }.map(\.property))
      #expect(broken.contains(.exampleWeights) == value)
      #expect(broken.contains(.exampleWeightsOfGradient) == gradient)
      #expect(broken.contains(.splits) == value && broken.contains(.splitsOfGradient) == gradient)
    }
    let (network, data) = try GradientCheckTests.example(
      hidden: [.tanh], output: .identity,
      loss: .custom(ForgetfulLoss(forgetsInValue: false, forgetsInGradient: false)))
    #expect(AssumptionCheck().sumOverExamples(network, data).passed)
  }

  @Test("A gradient of the loss that is not its gradient breaks the first order of assumption II")
  func wrongGradient() throws {
    let (network, data) = try GradientCheckTests.example(
      hidden: [.tanh], output: .identity, loss: .custom(WrongQuartic()))
    let report = AssumptionCheck().functionOfOutputs(network, data)
    #expect(!report.passed)
    #expect(report.details.filter { !$0.passed }.map(\.property) == [.firstOrder])
  }

  @Test("Neurons in another order are other parameters and the same function")
  func permutedNeurons() throws {
    let (network, data) = try GradientCheckTests.example(
      hidden: [.maxout(pieces: 2), .tanh], output: .softmax, loss: .crossEntropy)
    var random = RandomSource(seed: 3, purpose: .sampling)
    let permuted = AssumptionCheck.permutingNeurons(of: network, &random)
    #expect(permuted.parameters != network.parameters)
    let (before, after) = (
      network.predictions(for: data.inputs), permuted.predictions(for: data.inputs)
    )
    for (left, right) in zip(before.elements.joined(), after.elements.joined()) {
      #expect(abs(left - right) < 1e-15)
    }
    // The first column of W² holds the same numbers in another order.
    let column = { (network: Network<Double>) in
      network.parameters.tensors(of: 0).weights.elements.map { $0[0] }
    }
    #expect(column(permuted) != column(network))
    #expect(column(permuted).sorted() == column(network).sorted())
  }

  @Test("Outputs that saturate are no broken assumption")
  func saturation() throws {
    var (network, data) = try GradientCheckTests.example(
      hidden: [.tanh], output: .sigmoid, loss: .binaryCrossEntropy)
    // Logits up to ±100: a rounds to 1, whose log(1 − a) only the logit knows.
    for scale in [1e1, 1e2] {
      let (weights, biases) = network.parameters.denseTensors(of: 1)
      network.parameters.setTensors(of: 1, weights: weights.map { $0 * scale }, biases: biases)
      let report = AssumptionCheck().functionOfOutputs(network, data)
      #expect(report.details[0].passed, "\(scale): \(report.details[0])")
    }
    data = data.subset([0])
    #expect(AssumptionCheck().sumOverExamples(network, data).passed)
  }
}

@Suite("Checks of networks that fit their data, and of raw inputs")
struct ConvergedNetworkTests {
  /// A tanh network whose targets are its own outputs but for a residual.
  static func fitted(residual: Double) throws -> (Network<Double>, Dataset<Double>) {
    let network = try Network<Double>(
      sizes: [2, 8, 1], activations: [.tanh, .identity], loss: .squaredError, seed: 3)
    let inputs = Matrix<Double>([[0, 0], [0, 1], [1, 0], [1, 1]])
    let outputs = network.predictions(for: inputs)
    let targets = Matrix<Double>((0..<4).map { [outputs[$0, 0] + residual * Double($0 - 1)] })
    return (network, Dataset(inputs: inputs, targets: targets))
  }

  @Test(
    "Near a minimum, rounding is no mistake of backpropagation",
    arguments: [0, 1e-15, 1e-14, 1e-12, 1e-10, 1e-8, 1e-6, 1e-4])
  func nearMinimum(residual: Double) throws {
    let (network, data) = try Self.fitted(residual: residual)
    let report = GradientCheck(entriesPerTensor: nil, measuresCurve: false).run(network, on: data)
    #expect(
      report.passed
        && report.tensors.allSatisfy {
          $0.verdict == .good || residual < 1e-8 && $0.verdict == .notJudged
        },
      "\(report.tensors.map { ($0.symbol, $0.worstRelativeError) })")
    #expect(report.suspect == nil)
    let assumptions = AssumptionCheck().functionOfOutputs(network, data)
    #expect(assumptions.passed, "\(assumptions)")
  }

  @Test("A softmax that is certain and right rounds by ε, not by ε C", arguments: 0..<6)
  func certainSoftmax(seed: Int) throws {
    var network = try Network<Double>(
      sizes: [3, 6, 3], activations: [.tanh, .softmax], loss: .crossEntropy, seed: UInt64(seed))
    let data = randomExamples(
      for: .crossEntropy, inputs: 3, outputs: 3, count: 8, seed: UInt64(seed))
    try Trainer<Double>(
      configuration: TrainingConfiguration(
        learningRate: 0.05, schedule: .constant, batchSize: 8, epochs: 4000)
    ).train(&network, on: data, metrics: .classification(probabilities: true))
    // Twice the logits: answers as certain as long training makes them.
    var (weights, biases) = network.parameters.denseTensors(of: 1)
    weights = weights.map { 2 * $0 }
    biases = biases.map { 2 * $0 }
    network.parameters.setTensors(of: 1, weights: weights, biases: biases)
    let report = GradientCheck(entriesPerTensor: nil, measuresCurve: false).run(network, on: data)
    #expect(report.loss > 0 && report.loss < 1e-8)
    #expect(
      report.tensors.allSatisfy { $0.verdict == .good || $0.verdict == .notJudged },
      "\(report.loss) \(report.tensors.map { ($0.symbol, $0.worstRelativeError) })")
    let broken = GradientCheck(measuresCurve: false).run(network, on: data) {
      Mutant.withoutDerivative.backward($0, in: &$1, into: &$2)
    }
    #expect(!broken.passed && broken.suspect?.equations == ["BP2"])
  }

  @Test("Where C is beyond the largest number beside θ, an entry is not judged, and nobody accused")
  func overflow() throws {
    let network = try Network<Double>(
      sizes: [2, 2, 2], activations: [.sigmoid, .sigmoid], loss: .squaredError, seed: 1)
    let data = Dataset<Double>(
      inputs: Matrix([[1e300, 0.1]]), targets: Matrix([[0.01, 0.99]]))
    let report = GradientCheck(measuresCurve: false).run(network, on: data)
    #expect(report.passed && report.suspect == nil, "\(report.tensors)")
  }

  @Test("A wrong sign near a minimum is still found where differences can resolve it")
  func mutantNearMinimum() throws {
    let (network, data) = try Self.fitted(residual: 1e-4)
    let report = GradientCheck(measuresCurve: false).run(network, on: data) {
      Mutant.signFlipped.backward($0, in: &$1, into: &$2)
    }
    #expect(!report.passed && report.suspect?.equations == ["BP1"])
  }

  @Test(
    "Raw inputs and saturated outputs break no assumption",
    arguments: [(Activation.softmax, Loss.crossEntropy), (.sigmoid, .binaryCrossEntropy)],
    [1.0, 30, 600])
  func rawInputs(pair: (Activation, Loss), scale: Double) throws {
    for seed in 0..<6 {
      let network = try Network<Double>(
        sizes: [4, 8, 3], activations: [.relu, pair.0], loss: pair.1, seed: UInt64(seed))
      let data = randomExamples(
        for: pair.1, inputs: 4, outputs: 3, count: 12, seed: UInt64(seed) + 9)
      let raw = Dataset(
        inputs: Matrix(data.inputs.elements.map { $0.map { scale * $0 } }), targets: data.targets)
      let report = AssumptionCheck(seed: UInt64(seed)).functionOfOutputs(network, raw)
      #expect(report.passed, "\(seed): \(report.details.map { ($0.property, $0.residual) })")
    }
  }

  @Test(
    "Logits far apart, up to where an output is no normal number", arguments: [300, 368, 372, 400])
  func farLogits(x: Double) throws {
    var network = try Network<Double>(
      sizes: [1, 2], activations: [.softmax], loss: .crossEntropy)
    network.parameters.setTensors(of: 0, weights: [1, -1], biases: [0, 0])
    let data = Dataset<Double>(
      inputs: Matrix([[x], [0.3]]), targets: Matrix([[0, 1], [1, 0]]))
    let report = AssumptionCheck().functionOfOutputs(network, data)
    #expect(report.passed, "\(report.details.map { ($0.property, $0.residual) })")
  }

  @Test("A tensor that sits on kinks altogether is not judged, and a bend is judged")
  func onKinks() throws {
    for (activation, isConclusive) in [(Activation.relu, false), (.elu(), true)] {
      let network = try Network<Double>(
        sizes: [2, 4, 1], activations: [activation, .identity], loss: .squaredError,
        initializer: .zeros)
      let data = randomExamples(for: .squaredError, inputs: 2, outputs: 1, count: 5, seed: 2)
      let report = GradientCheck(measuresCurve: false).run(network, on: data)
      #expect(report.passed && report.isConclusive == isConclusive, "\(activation): \(report)")
    }
  }

  @Test("A kink of one's own activation right at z = 0 is marked, and not failed")
  func ownKink() throws {
    let network = try Network<Double>(
      sizes: [2, 5, 1], activations: [.custom(OwnReLU()), .identity], loss: .squaredError,
      initializer: .heNormal, seed: 4)
    let data = Dataset<Double>(
      inputs: Matrix([[0, 0], [1, -0.5]]), targets: Matrix([[1], [0.5]]))
    let report = GradientCheck(entriesPerTensor: nil, measuresCurve: false).run(network, on: data)
    #expect(report.passed, "\(report.tensors)")
    #expect(report.tensors[1].kinks > 0)
  }

  @Test("A mutant of a dead network makes no difference, and is left out")
  func deadNetwork() throws {
    let network = try Network<Double>(
      sizes: [2, 4, 3], activations: [.relu, .softmax], loss: .crossEntropy, initializer: .zeros)
    let data = randomExamples(for: .crossEntropy, inputs: 2, outputs: 3, count: 5, seed: 2)
    #expect(!Mutant.untransposed.differs(for: network, on: data))
    #expect(!Mutant.frozenFirstLayer.differs(for: network, on: data))
    #expect(Mutant.withoutBiasGradient.differs(for: network, on: data))
  }
}

@Suite("Checks of outputs that have rounded to their targets")
struct SaturatedOutputTests {
  /// A tanh network with random weights, its last layer's times a factor, whose targets are the classes
  /// that it gives.
  static func certain(
    _ output: Activation, _ loss: Loss, factor: Double, seed: UInt64 = 3
  ) throws -> (Network<Double>, Dataset<Double>) {
    var network = try Network<Double>(
      sizes: [3, 6, 3], activations: [.tanh, output], loss: loss, seed: seed)
    let data = randomExamples(for: loss, inputs: 3, outputs: 3, count: 8, seed: seed)
    var (weights, biases) = network.parameters.denseTensors(of: 1)
    weights = weights.map { factor * $0 }
    biases = biases.map { factor * $0 }
    network.parameters.setTensors(of: 1, weights: weights, biases: biases)
    let outputs = network.predictions(for: data.inputs)
    let targets = Matrix<Double>(
      (0..<8).map { row in
        let a = outputs[row: row]
        return output == .softmax
          ? a.map { $0 == a.max() ? 1 : 0 } : a.map { $0 > 0.5 ? 1.0 : 0 }
      })
    return (network, Dataset(inputs: data.inputs, targets: targets))
  }

  @Test(
    "An error that is rounding is neither wrong nor certified",
    arguments: [
      (Activation.sigmoid, Loss.binaryCrossEntropy), (.softmax, .squaredError),
      (.softmax, .crossEntropy), (.sigmoid, .squaredError),
    ], [30.0, 100, 300, 1000])
  func rounded(pair: (Activation, Loss), factor: Double) throws {
    for seed in 0..<4 {
      let (network, data) = try Self.certain(pair.0, pair.1, factor: factor, seed: UInt64(seed))
      let report = GradientCheck(measuresCurve: false).run(network, on: data)
      #expect(
        report.tensors.allSatisfy { $0.verdict == .good || $0.verdict == .notJudged },
        "\(seed): \(report.loss) \(report.tensors.map { ($0.symbol, $0.worst) })")
      let assumption = AssumptionCheck().sumOverExamples(network, data)
      #expect(assumption.passed, "\(seed): \(assumption.details)")
      for mutant in Mutant.allCases {
        let broken = GradientCheck(measuresCurve: false).run(network, on: data) {
          mutant.backward($0, in: &$1, into: &$2)
        }
        for tensor in broken.tensors where tensor.unresolved == tensor.checked {
          #expect(tensor.verdict == .notJudged || tensor.verdict == .wrong, "\(tensor)")
        }
      }
    }
  }

  @Test("The magnitudes of a gradient, by hand, and never below the gradient itself")
  func magnitudes() throws {
    // a = 2·3 + 1 = 7, δ = a − y = 7 − 5, so |a| + |y| = 12; ∂C/∂w = δ·3: 36, ∂C/∂b = δ: 12.
    var network = try Network<Double>(
      sizes: [1, 1], activations: [.identity], loss: .squaredError)
    network.parameters.setTensors(of: 0, weights: [2], biases: [1])
    var workspace = Workspace(for: network, capacity: 1)
    var gradient = network.makeGradient()
    network.forward(Batch(inputs: Matrix([[3]]), targets: Matrix([[5]])), in: &workspace)
    network.backward(in: &workspace, into: &gradient)
    let magnitudes = network.gradientMagnitudes(in: workspace)
    #expect(magnitudes[layer: 0, output: 0, input: 0] == 36)
    #expect(magnitudes[layer: 0, output: 0, input: nil] == 12)
  }
}

@Suite("Traces of gradients that are exactly 0")
struct ZeroGradientTraceTests {
  @Test(
    "A rule of signs moves nothing along a gradient of 0, and the trace is verified",
    arguments: [OptimizerRule.lion(), .rprop(), .adam(), .lbfgs()])
  func zeroGradient(rule: OptimizerRule) throws {
    // The second input is 0, and so is every ∂C/∂w of its column.
    let network = try Network<Float>(
      sizes: [2, 4, 3], activations: [.relu, .softmax], loss: .crossEntropy, seed: 1)
    let data = Dataset<Float>(inputs: Matrix([[1, 0]]), targets: Matrix([[0, 1, 0]]))
    let trace = network.trace(
      data.batch, examples: [1],
      optimizer: Optimizer<Float>(rule: rule, for: network.parameters.layout), learningRate: 0.01,
      l2Penalty: 0, pool: nil)
    let verification = trace.verification(for: network)
    #expect(verification.verified && verification.worstResidual.isFinite, "\(verification)")
  }
}
