import Testing

@testable import Backprop
@testable import BackpropInspection

/// An activation as a user would write it: z / (1 + |z|).
struct Softsign: ElementwiseActivation {
  let name = "softsign"

  func value<T: Scalar>(_ z: T) -> T { z / (1 + abs(z)) }

  func derivative<T: Scalar>(_ z: T) -> T {
    let scale = 1 + abs(z)
    return 1 / (scale * scale)
  }
}

/// σ of a built-in activation, written as a user's own, to compare the two ways.
private struct OwnLeakyReLU: ElementwiseActivation {
  let name = "own-leaky"
  func value<T: Scalar>(_ z: T) -> T { z > 0 ? z : 0.25 * z }
  func derivative<T: Scalar>(_ z: T) -> T { z > 0 ? 1 : 0.25 }
}

@Suite("An activation of one's own")
struct OwnActivationTests {
  @Test("On hidden and last layers its gradient agrees with central differences")
  func gradient() throws {
    let own = Activation.custom(Softsign())
    let result = try GradientTests().worstError(
      hidden: [own, .tanh, own], output: own, loss: .squaredError, weighted: true)
    #expect(result.error <= 1e-7 && result.checked > 50, "\(result)")
  }

  @Test("A built-in activation written as one's own gives the same bits")
  func sameBits() throws {
    let data = randomExamples(for: .squaredError, inputs: 4, outputs: 3, count: 9, seed: 5)
    func gradient(_ activation: Activation) throws -> Parameters<Double> {
      let network = try Network<Double>(
        sizes: [4, 21, 7, 3], activations: [activation, activation, .identity],
        loss: .squaredError, initializer: .heNormal, seed: 3)
      var workspace = Workspace(for: network, capacity: 9)
      var gradient = network.makeGradient()
      network.forward(data.batch, in: &workspace)
      network.backward(in: &workspace, into: &gradient)
      return gradient
    }
    let own = try gradient(.custom(OwnLeakyReLU()))
    let builtIn = try gradient(.leakyReLU(slope: 0.25))
    #expect(own.start[5] != 0)
    #expect((0..<own.layout.count).allSatisfy { own.start[$0] == builtIn.start[$0] })
  }

  @Test("A model file names it, and only a program that has it reads the file")
  func modelFile() throws {
    let network = try Network<Float>(
      sizes: [2, 3, 1], activations: [.custom(Softsign()), .identity], loss: .squaredError, seed: 1)
    let file = try SafeTensors(
      bytes: Array(Model(network: .float(network)).safeTensors().bytes), path: "own")
    #expect(throws: ModelError.self) { try Model(file) }
    let model = try Model(file, activations: [Softsign()])
    #expect(model.network.layers[0].activation == .custom(Softsign()))
  }
}
