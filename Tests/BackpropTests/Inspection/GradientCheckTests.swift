import Testing

@testable import Backprop
@testable import BackpropInspection

/// C = Σ (a − y)⁴ / 4 with a gradient that forgets the cube: wrong everywhere but at |a − y| = 1.
struct WrongQuartic: ExampleLoss {
  let name = "wrong-quartic"

  func value<T: Scalar>(outputs: Span<T>, targets: Span<T>, weight: T) -> T {
    var sum: T = 0
    for index in outputs.indices {
      let r = outputs[index] - targets[index]
      sum += r * r * r * r / 4
    }
    return weight * sum
  }

  func formGradient<T: Scalar>(
    outputs: Span<T>, targets: Span<T>, weight: T, into gradient: inout MutableSpan<T>
  ) {
    for index in outputs.indices {
      let r = outputs[index] - targets[index]
      gradient[index] = weight * r
    }
  }
}

/// Softsign whose derivative forgets the square.
private struct WrongSoftsign: ElementwiseActivation {
  let name = "wrong-softsign"
  func value<T: Scalar>(_ z: T) -> T { z / (1 + abs(z)) }
  func derivative<T: Scalar>(_ z: T) -> T { 1 / (1 + abs(z)) }
}

/// ReLU as a user would write it: the check cannot know where its kink is.
struct OwnReLU: ElementwiseActivation {
  let name = "own-relu"
  func value<T: Scalar>(_ z: T) -> T { max(z, 0) }
  func derivative<T: Scalar>(_ z: T) -> T { z > 0 ? 1 : 0 }
}

@Suite("The gradient check")
struct GradientCheckTests {
  /// A random net with biases away from zero, and examples for it.
  static func example(
    hidden: [Activation], output: Activation, loss: Loss, outputs: Int = 3,
    sizes: [Int] = [5, 6, 4],
    reduction: Reduction = .mean, weighted: Bool = false, count: Int = 6, seed: UInt64 = 1
  ) throws -> (network: Network<Double>, data: Dataset<Double>) {
    var network = try Network<Double>(
      sizes: [4] + hidden.indices.map { sizes[$0 % sizes.count] } + [outputs],
      activations: hidden + [output], loss: loss, reduction: reduction, initializer: .normal(0.5),
      seed: seed)
    for tensor in network.parameters.layout.tensors where tensor.role == .bias {
      for unit in 0..<tensor.count {
        network.parameters[tensor, unit] = 0.1 * Double(unit % 5) - 0.17
      }
    }
    return (
      network,
      randomExamples(
        for: loss, inputs: 4, outputs: outputs, count: count, seed: seed + 100, weighted: weighted)
    )
  }

  @Test("One neuron, by hand: C = ½(wx + b − y)², and every number of the report")
  func byHand() throws {
    var network = try Network<Double>(
      sizes: [1, 1], activations: [.identity], loss: .squaredError)
    network.parameters.setTensors(of: 0, weights: [2], biases: [1])
    let data = Dataset<Double>(inputs: Matrix([[3]]), targets: Matrix([[5]]))
    // a = 2·3 + 1 = 7, C = ½(7 − 5)² = 2; ∂C/∂w = (7 − 5)·3 = 6, ∂C/∂b = 2.
    let report = GradientCheck(l2Penalty: 0.5).run(network, on: data)
    #expect(report.loss == 2)
    #expect(report.passed && report.suspect == nil)
    #expect(report.tensors.map(\.symbol) == ["W²", "b²"])
    #expect(report.tensors.map(\.shape) == [[1, 1], [1]])
    #expect(report.tensors.map(\.checked) == [1, 1])
    #expect(report.tensors[0].worst?.analytic == 6)
    #expect(abs((report.tensors[0].worst?.numeric ?? 0) - 6) < 1e-12)
    #expect(report.tensors[1].worst?.analytic == 2)
    // ½ · 0.5 · ‖W‖² has the gradient 0.5 · 2 = 1 for w and 0 for b.
    #expect(report.regularizer.checked == 2 && report.regularizer.verdict == .good)

    // Half the gradient: |3 − 6| / 6 = ½ for w, and as much for b.
    let half = GradientCheck(measuresCurve: false).run(network, on: data) {
      $0.backward(in: &$1, into: &$2)
      $2.setTensors(of: 0, weights: [3], biases: [1])
    }
    #expect(!half.passed && half.curve.isEmpty)
    #expect(half.tensors.allSatisfy { abs($0.worstRelativeError - 0.5) < 1e-12 })
    #expect(half.suspect?.equations == ["BP1"])
  }

  @Test("Plain central differences are off by h² C‴/6, by hand")
  func truncation() throws {
    // C = (wx)⁴/4 through the loss of the user's own, x = 1, w = 2, y = 0: C′ = w³ = 8, C‴ = 6w = 12.
    var network = try Network<Double>(
      sizes: [1, 1], activations: [.identity], loss: .custom(WrongQuartic()))
    network.parameters.setTensors(of: 0, weights: [2], biases: [0])
    let data = Dataset<Double>(inputs: Matrix([[1]]), targets: Matrix([[0]]))
    let plain = GradientCheck(step: .fixed(0.1), measuresCurve: false).run(network, on: data)
    // D(0.1) = 8 + 0.01 · 12 / 6 = 8.02 (and no term of higher order); by extrapolation it is 8.
    #expect(abs((plain.tensors[0].worst?.numeric ?? 0) - 8.02) < 1e-12)
    let extrapolated = GradientCheck(measuresCurve: false).run(network, on: data)
    #expect(abs((extrapolated.tensors[0].worst?.numeric ?? 0) - 8) < 1e-12)
  }

  @Test("Every verdict has the threshold of CS231n, and kinks widen the range of good")
  func verdicts() {
    func verdict(_ error: Double, _ hasKinks: Bool) -> GradientVerdict {
      GradientVerdict(relativeError: error, hasKinks: hasKinks)
    }
    #expect(verdict(0, false) == .good && verdict(1e-7, false) == .good)
    #expect(verdict(2e-7, false) == .suspicious && verdict(2e-7, true) == .good)
    #expect(verdict(1e-4, true) == .good && verdict(2e-4, true) == .suspicious)
    #expect(verdict(1e-2, true) == .suspicious && verdict(1.1e-2, true) == .wrong)
    #expect(verdict(.infinity, true) == .wrong && verdict(.nan, true) == .wrong)
  }

  @Test(
    "It passes every legal pair of output activation and loss, on a random net",
    arguments: GradientTests.legalPairs.indices)
  func everyLegalPair(index: Int) throws {
    let (activation, loss) = GradientTests.legalPairs[index]
    let hidden = GradientTests.activations.filter { $0 != .softmax }
    let mixed = [hidden[index % hidden.count], hidden[(index * 7 + 3) % hidden.count]]
    let (network, data) = try Self.example(
      hidden: mixed, output: activation, loss: loss,
      reduction: index % 2 == 0 ? .mean : .sum, weighted: index % 3 == 0, seed: UInt64(index + 1))
    let report = GradientCheck(entriesPerTensor: 8, measuresCurve: false).run(network, on: data)
    let pair = "\(mixed) → \(activation), \(loss)"
    #expect(report.passed && report.suspect == nil, "\(pair)")
    for tensor in report.tensors {
      #expect(tensor.worstRelativeError <= 1e-7, "\(pair): \(tensor)")
      #expect(tensor.unjudged == 0, "\(pair): \(tensor)")
    }
  }

  @Test("It finds every mutant, and names its equation and its mistake", arguments: Mutant.allCases)
  func everyMutant(mutant: Mutant) throws {
    let (network, data) = try Self.example(
      hidden: [.tanh, .sigmoid], output: .softmax, loss: .crossEntropy)
    #expect(mutant.applies(to: network))
    let report = GradientCheck(measuresCurve: false).run(network, on: data) {
      mutant.backward($0, in: &$1, into: &$2)
    }
    #expect(!report.passed)
    let red = report.tensors.filter { $0.verdict == .wrong }.map(\.symbol)
    let expected: [String] =
      switch mutant {
      case .untransposed, .withoutDerivative: ["W²", "b²", "W³", "b³"]
      case .frozenFirstLayer: ["W²", "b²"]
      case .wrongOutputs: ["W²", "W³", "W⁴"]
      case .withoutBiasGradient: ["b²", "b³", "b⁴"]
      case .softmaxDiagonal, .signFlipped: ["W²", "b²", "W³", "b³", "W⁴", "b⁴"]
      }
    #expect(red == expected)
    #expect(report.suspect?.equations == mutant.equations)
    #expect(report.suspect?.mutant == mutant)
  }

  @Test(
    "A mutant that does not apply is backpropagation itself",
    arguments: [Mutant.untransposed, .withoutDerivative, .softmaxDiagonal])
  func mutantsThatDoNotApply(mutant: Mutant) throws {
    // One output, and identities below it: nothing to transpose, no σ′, no softmax.
    let (network, data) = try Self.example(
      hidden: [.identity], output: .sigmoid, loss: .binaryCrossEntropy, outputs: 1)
    #expect(!mutant.applies(to: network))
    let report = GradientCheck(measuresCurve: false).run(network, on: data) {
      mutant.backward($0, in: &$1, into: &$2)
    }
    #expect(report.passed)
  }

  @Test("Mutants of a maxout net are found too", arguments: Mutant.allCases)
  func mutantsOfMaxout(mutant: Mutant) throws {
    let (network, data) = try Self.example(
      hidden: [.maxout(pieces: 3), .relu], output: .softmax, loss: .squaredError, seed: 3)
    let report = GradientCheck(measuresCurve: false).run(network, on: data) {
      mutant.backward($0, in: &$1, into: &$2)
    }
    #expect(!report.passed)
    #expect(report.suspect?.equations == mutant.equations)
  }

  @Test("On a ReLU net kinks are marked, and the check passes")
  func kinksAreMarked() throws {
    let (network, data) = try Self.example(
      hidden: [.relu, .relu], output: .softmax, loss: .crossEntropy, count: 20)
    for step in [GradientCheck.Step.auto, .fixed(1e-2)] {
      let report = GradientCheck(step: step, measuresCurve: false).run(network, on: data)
      #expect(report.passed)
      #expect(report.tensors.reduce(0) { $0 + $1.kinks } > 0)
    }
  }

  @Test("A loss with kinks, at outputs that sit on them, is not failed")
  func lossKinks() throws {
    let (network, data) = try Self.example(
      hidden: [.tanh], output: .identity, loss: .absoluteError)
    // The target is the output itself: |a − y| has its kink right here, and no h avoids it.
    let targets = network.predictions(for: data.inputs)
    let report = GradientCheck(measuresCurve: false).run(
      network, on: Dataset(inputs: data.inputs, targets: targets))
    #expect(report.passed && !report.isConclusive)
    #expect(
      report.tensors.allSatisfy {
        $0.checked == 0 && $0.kinks == $0.unjudged && $0.verdict == .notJudged
      })
  }

  @Test("Softmax with squared error is right, through the Jacobian of softmax")
  func softmaxJacobian() throws {
    let (network, data) = try Self.example(
      hidden: [.sigmoid], output: .softmax, loss: .squaredError, outputs: 4)
    #expect(GradientCheck(entriesPerTensor: nil).run(network, on: data).passed)
  }

  @Test("Gradients that vanish on the way down are still judged to 1e-7")
  func vanishingGradients() throws {
    let network = try Network<Double>(
      sizes: [4, 30, 30, 30, 30, 3],
      activations: [.sigmoid, .sigmoid, .sigmoid, .sigmoid, .softmax],
      loss: .crossEntropy, seed: 4)
    let data = randomExamples(for: .crossEntropy, inputs: 4, outputs: 3, count: 8, seed: 1)
    let report = GradientCheck(entriesPerTensor: 6, measuresCurve: false).run(network, on: data)
    #expect(report.tensors.allSatisfy { $0.worstRelativeError <= 1e-7 && $0.verdict == .good })
    #expect(abs(report.tensors[0].worst?.analytic ?? 1) < 1e-3)
    let frozen = GradientCheck(entriesPerTensor: 6, measuresCurve: false).run(network, on: data) {
      Mutant.frozenFirstLayer.backward($0, in: &$1, into: &$2)
    }
    #expect(frozen.suspect?.finding == .layerGradient)
  }

  @Test("An activation and a loss of one's own pass, and wrong derivatives of them do not")
  func ownFunctions() throws {
    let own = Activation.custom(Softsign())
    var (network, data) = try Self.example(
      hidden: [own, own], output: own, loss: .custom(LogCosh()))
    #expect(GradientCheck(measuresCurve: false).run(network, on: data).passed)

    (network, data) = try Self.example(
      hidden: [.tanh, .custom(WrongSoftsign())], output: .identity, loss: .squaredError)
    var report = GradientCheck(measuresCurve: false).run(network, on: data)
    #expect(report.suspect?.equations == ["BP2"] && report.suspect?.layer == 3)

    (network, data) = try Self.example(
      hidden: [.tanh], output: .custom(WrongSoftsign()), loss: .squaredError)
    report = GradientCheck(measuresCurve: false).run(network, on: data)
    #expect(report.suspect?.equations == ["BP1"] && report.suspect?.mutant == nil)

    (network, data) = try Self.example(
      hidden: [.tanh], output: .identity, loss: .custom(WrongQuartic()))
    report = GradientCheck(measuresCurve: false).run(network, on: data)
    #expect(report.suspect?.equations == ["BP1"])
  }

  @Test("A kink of an activation of one's own is found by steps that disagree")
  func ownKinks() throws {
    let own = Activation.custom(OwnReLU())
    let (network, data) = try Self.example(
      hidden: [own, own], output: .softmax, loss: .crossEntropy, count: 20)
    let report = GradientCheck(measuresCurve: false).run(network, on: data)
    #expect(report.passed)
    #expect(report.tensors.reduce(0) { $0 + $1.kinks } > 0)
  }

  @Test("The error falls as h², then rises as 1/h: a V")
  func curve() throws {
    let (network, data) = try Self.example(
      hidden: [.tanh, .tanh], output: .softmax, loss: .crossEntropy)
    let curve = GradientCheck().run(network, on: data).curve
    #expect(curve.map(\.h).first == 1e-1 && curve.map(\.h).last == 1e-13)
    let errors = curve.compactMap(\.median)
    #expect(errors.count == 13)
    // A tenth of h is a hundredth of the error, between 1e-1 and 1e-3.
    #expect(errors[0] / errors[1] > 50 && errors[0] / errors[1] < 200)
    #expect(errors[1] / errors[2] > 50 && errors[1] / errors[2] < 200)
    let lowest = errors.firstIndex(of: errors.min() ?? 0) ?? 0
    #expect((3...6).contains(lowest), "\(errors)")
    #expect(errors[12] > 1e3 * errors[lowest])
  }

  @Test("One seed draws the same entries, and the report goes through JSON unchanged")
  func reportIsAValue() throws {
    let (network, data) = try Self.example(
      hidden: [.relu, .tanh], output: .softmax, loss: .crossEntropy)
    let check = GradientCheck(entriesPerTensor: 5, seed: 7)
    let report = check.run(network, on: data)
    #expect(check.run(network, on: data) == report)
    let json = try JSONValue(encoding: report)
    #expect(try json.decoded(as: GradientReport.self) == report)
    #expect(report.tensors.allSatisfy { $0.checked + $0.unjudged == min(5, $0.shape.reduce(1, *)) })
  }
}
