import Testing

@testable import Backprop
@testable import BackpropInspection

@Suite("Two outputs")
struct TwoOutputGradientTests {
  /// scikit-learn's issue 8349: its loss of a regression is a mean over examples and outputs, its
  /// gradient the mean over examples alone, and so the one over the other is the number of outputs.
  @Test(
    "Of a regression with two outputs the analytic over the numeric gradient is 1, not 2",
    arguments: Reduction.allCases)
  func ratio(reduction: Reduction) throws {
    for (sizes, activations) in [
      ([3, 2], [Activation.identity]), ([3, 5, 2], [.tanh, .identity]),
    ] {
      var network = try Network<Double>(
        sizes: sizes, activations: activations, loss: .squaredError, reduction: reduction, seed: 3)
      let data = randomExamples(for: .squaredError, inputs: 3, outputs: 2, count: 7, seed: 5)
      var workspace = Workspace(for: network, capacity: 7)
      var gradient = network.makeGradient()
      let loss = network.forward(data.batch, in: &workspace)
      network.backward(in: &workspace, into: &gradient)
      // ½ ‖a − y‖² summed over both outputs, and over examples or their mean.
      let outputs = network.predictions(for: data.inputs)
      var sum = 0.0
      for row in 0..<7 {
        for k in 0..<2 {
          let error = outputs[row, k] - data.targets[row, k]
          sum += error * error / 2
        }
      }
      #expect(abs(loss - (reduction == .mean ? sum / 7 : sum)) < 1e-13 * sum)

      let h = 1e-5
      for tensor in network.parameters.layout.tensors {
        for element in 0..<tensor.count {
          let theta = network.parameters[tensor, element]
          func value(_ theta: Double) -> Double {
            network.parameters[tensor, element] = theta
            return network.forward(data.batch, in: &workspace)
          }
          let numeric = (value(theta + h) - value(theta - h)) / (2 * h)
          network.parameters[tensor, element] = theta
          let analytic = gradient[tensor, element]
          #expect(
            abs(analytic / numeric - 1) < 1e-6, "\(reduction), \(sizes): \(analytic / numeric)")
        }
      }
    }
  }
}
