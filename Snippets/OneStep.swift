// One step of backpropagation, phase by phase, with every quantity at hand.

import Backprop

// snippet.main
var network = try Network<Double>(
  sizes: [2, 2, 2], activations: [.sigmoid, .sigmoid], loss: .squaredError)
network.parameters.setTensors(of: 0, weights: [0.15, 0.20, 0.25, 0.30], biases: [0.35, 0.35])
network.parameters.setTensors(of: 1, weights: [0.40, 0.45, 0.50, 0.55], biases: [0.60, 0.60])
let batch = Batch<Double>(inputs: Matrix([[0.05, 0.10]]), targets: Matrix([[0.01, 0.99]]))

var workspace = Workspace(for: network, capacity: 1)
var gradient = network.makeGradient()
let loss = network.forward(batch, in: &workspace)  // 0.298371108760003
network.backward(in: &workspace, into: &gradient)  // BP1, then BP2, BP3 and BP4 layer by layer
print("C = \(loss), δ of the last layer = \(workspace.delta(of: 1).elements)")

var optimizer = Optimizer<Double>(rule: .sgd, for: network.parameters.layout)
optimizer.update(&network.parameters, along: gradient, rate: 0.5)
print("C after the step = \(network.forward(batch, in: &workspace))")
// snippet.end

precondition(abs(loss - 0.298371108760003) < 1e-12, "Mazur's example")
