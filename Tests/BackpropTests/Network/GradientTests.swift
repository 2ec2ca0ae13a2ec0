import Testing

@testable import Backprop
@testable import BackpropInspection

/// A loss as a user would write it: log cosh(a − y).
struct LogCosh: ExampleLoss {
  let name = "log-cosh"

  func value<T: Scalar>(outputs: Span<T>, targets: Span<T>, weight: T) -> T {
    var sum: T = 0
    for index in outputs.indices {
      // log cosh r = |r| + log(1 + e^(−2|r|)) − log 2
      let r = abs(Double(outputs[index]) - Double(targets[index]))
      var tail = 1 + exponential(-2 * r)
      tail = Double.naturalLogarithm(tail)
      sum += T(r + tail - 0.693147180559945309)
    }
    return weight * sum
  }

  func formGradient<T: Scalar>(
    outputs: Span<T>, targets: Span<T>, weight: T, into gradient: inout MutableSpan<T>
  ) {
    for index in outputs.indices {
      let e = exponential(-2 * (Double(outputs[index]) - Double(targets[index])))
      gradient[index] = weight * T((1 - e) / (1 + e))
    }
  }

  private func exponential(_ x: Double) -> Double {
    var result = 1.0
    var term = 1.0
    for n in 1...60 {
      term *= x / Double(n)
      result += term
    }
    return result
  }
}

@Suite("BP1–BP4 against central differences")
struct GradientTests {
  static let activations: [Activation] =
    Activation.allCases + [.leakyReLU(slope: 0.1), .elu(alpha: 0.5), .maxout(pieces: 3)]
  static let legalPairs: [(Activation, Loss)] = (Loss.allCases + [.custom(LogCosh())]).flatMap {
    loss in
    activations.filter { loss.accepts(outputActivation: $0) }.map { ($0, loss) }
  }

  func worstError(
    hidden: [Activation], output: Activation, loss: Loss, outputs: Int = 3,
    reduction: Reduction = .mean, weighted: Bool = false, seed: UInt64 = 1
  ) throws -> (error: Double, checked: Int, kinks: Int) {
    let hiddenSizes = hidden.indices.map { [5, 4, 6][$0 % 3] }
    var network = try Network<Double>(
      sizes: [4] + hiddenSizes + [outputs], activations: hidden + [output], loss: loss,
      reduction: reduction, initializer: .normal(0.5), seed: seed)
    // Biases away from zero, so that BP3 is tested at a general point.
    for tensor in network.parameters.layout.tensors where tensor.role == .bias {
      for unit in 0..<tensor.count {
        network.parameters[tensor, unit] = 0.1 * Double(unit % 5) - 0.17
      }
    }
    let data = randomExamples(
      for: loss, inputs: 4, outputs: outputs, count: 6, seed: seed + 100, weighted: weighted)
    var workspace = Workspace(for: network, capacity: data.count)
    var gradient = network.makeGradient()
    network.forward(data.batch, in: &workspace)
    network.backward(in: &workspace, into: &gradient)
    var differences = CentralDifferences(network, data.batch)
    differences.compare(with: gradient)
    return (differences.worstRelativeError, differences.checked, differences.kinks)
  }

  @Test(
    "The gradient is right for every legal pair of output activation and loss",
    arguments: legalPairs.indices)
  func everyLegalPair(index: Int) throws {
    let (activation, loss) = Self.legalPairs[index]
    let hidden = Self.activations.filter { $0 != .softmax }
    let mixed = [hidden[index % hidden.count], hidden[(index * 7 + 3) % hidden.count]]
    let result = try worstError(
      hidden: mixed, output: activation, loss: loss,
      reduction: index % 2 == 0 ? .mean : .sum, weighted: index % 3 == 0, seed: UInt64(index + 1))
    #expect(result.error <= 1e-7, "\(mixed) → \(activation), \(loss): \(result)")
    #expect(result.checked > 4 * result.kinks, "\(mixed) → \(activation), \(loss): \(result)")
  }

  @Test(
    "The gradient is right for every activation on hidden layers",
    arguments: activations.filter { $0 != .softmax })
  func everyHiddenActivation(activation: Activation) throws {
    let result = try worstError(
      hidden: [activation, activation, activation], output: .softmax, loss: .crossEntropy)
    #expect(result.error <= 1e-7, "\(activation): \(result)")
    #expect(result.checked > 4 * result.kinks)
  }

  @Test("The binary hinge loss has the right gradient")
  func binaryHinge() throws {
    let result = try worstError(hidden: [.tanh], output: .identity, loss: .hinge, outputs: 1)
    #expect(result.error <= 1e-7)
    #expect(result.checked > 4 * result.kinks)
  }

  @Test("A wrong gradient is found")
  func wrongGradientIsFound() throws {
    let network = try Network<Double>(
      sizes: [3, 4, 2], activations: [.tanh, .softmax], loss: .crossEntropy, seed: 3)
    let data = randomExamples(for: .crossEntropy, inputs: 3, outputs: 2, count: 4, seed: 5)
    var workspace = Workspace(for: network, capacity: 4)
    var gradient = network.makeGradient()
    network.forward(data.batch, in: &workspace)
    network.backward(in: &workspace, into: &gradient)
    gradient[layer: 0, output: 1, input: 2] *= 1.001
    var differences = CentralDifferences(network, data.batch)
    differences.compare(with: gradient)
    #expect(differences.worstRelativeError > 1e-4)
  }
}
