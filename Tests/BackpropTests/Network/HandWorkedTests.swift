import Testing

@testable import Backprop
@testable import BackpropInspection

@Suite("Training steps worked by hand")
struct HandWorkedTests {
  /// Mazur, "A Step by Step Backpropagation Example" (2015): 2–2–2, sigmoid, C = ½‖a − y‖².
  func mazur() throws -> Network<Double> {
    var network = try Network<Double>(
      sizes: [2, 2, 2], activations: [.sigmoid, .sigmoid], loss: .squaredError)
    network.parameters.setTensors(of: 0, weights: [0.15, 0.20, 0.25, 0.30], biases: [0.35, 0.35])
    network.parameters.setTensors(of: 1, weights: [0.40, 0.45, 0.50, 0.55], biases: [0.60, 0.60])
    return network
  }

  @Test("Mazur's example: loss, gradient of w5, and the loss after one step with frozen biases")
  func mazurStep() throws {
    var network = try mazur()
    let batch = Batch<Double>(inputs: Matrix([[0.05, 0.10]]), targets: Matrix([[0.01, 0.99]]))
    var workspace = Workspace(for: network, capacity: 1)
    var gradient = network.makeGradient()
    // z_h1 = 0.15·0.05 + 0.2·0.1 + 0.35 = 0.3775, a_h1 = 0.593269992…; z_o1 = 1.105905967…
    let before = network.forward(batch, in: &workspace)
    #expect(abs(before - 0.298371108760003) < 1e-14)
    let hidden = workspace.outputs(of: 0)[0, 0]
    let output = workspace.outputs(of: 1)[0, 0]
    #expect(abs(hidden - 0.593269992107187) < 1e-14)
    #expect(abs(output - 0.751365069552316) < 1e-14)
    network.backward(in: &workspace, into: &gradient)
    // δ_o1 = (a − y) a (1 − a) = 0.74136507 · 0.186815602 = 0.138498562; w5: δ_o1 a_h1 = 0.082167041
    let delta = workspace.delta(of: 1)[0, 0]
    #expect(abs(delta - 0.138498561628557) < 1e-14)
    #expect(abs(gradient[layer: 1, output: 0, input: 0] - 0.082167040564231) < 1e-13)
    #expect(abs(gradient[layer: 0, output: 0, input: 0] - 0.000438567734474) < 1e-13)
    for layer in 0..<2 {
      for output in 0..<2 { gradient[layer: layer, output: output, input: nil] = 0 }
    }
    var optimizer = Optimizer<Double>(rule: .sgd, for: network.parameters.layout)
    optimizer.update(&network.parameters, along: gradient, rate: 0.5)
    // w5⁺ = 0.4 − 0.5 · 0.082167041 = 0.35891648
    #expect(abs(network.parameters[layer: 1, output: 0, input: 0] - 0.358916479717885) < 1e-13)
    let after = network.forward(batch, in: &workspace)
    #expect(abs(after - 0.291027773693599) < 1e-14)
  }

  @Test("One sigmoid neuron learns as in Nielsen, chapter 3: one step by hand, then 300 epochs")
  func nielsenNeuron() throws {
    // x = 1, y = 0, w = 0.6, b = 0.9, η = 0.15, C = ½(a − y)².
    // z = 1.5, a = 0.817574476…; δ = a · a (1 − a) = 0.121940…; ∂C/∂w = ∂C/∂b = δ.
    var network = try Network<Double>(
      sizes: [1, 1], activations: [.sigmoid], loss: .squaredError)
    network.parameters.setTensors(of: 0, weights: [0.6], biases: [0.9])
    let data = Dataset<Double>(inputs: Matrix([[1]]), targets: Matrix([[0]]))
    var workspace = Workspace(for: network, capacity: 1)
    var gradient = network.makeGradient()
    network.forward(data.batch, in: &workspace)
    network.backward(in: &workspace, into: &gradient)
    let a = 0.8175744761936437
    #expect(abs(gradient[layer: 0, output: 0, input: 0] - a * a * (1 - a)) < 1e-15)
    #expect(
      gradient[layer: 0, output: 0, input: 0] == gradient[layer: 0, output: 0, input: nil])

    let configuration = TrainingConfiguration(
      optimizer: .sgd, learningRate: 0.15, schedule: .constant, batchSize: 1, epochs: 300)
    try Trainer<Double>(configuration: configuration).train(
      &network, on: data, metrics: .regression(scales: [1]))
    let output = network.predictions(for: data.inputs)[0, 0]
    // The text shows 0.09 for the output after 300 epochs.
    #expect((output * 100).rounded() == 9)
  }
}
