// The one neuron of Nielsen, Neural Networks and Deep Learning, ch. 3: badly wrong, and slow to learn.

import Backprop
import BackpropInspection

// snippet.main
// One sigmoid neuron that is to turn 1 into 0 begins at w = b = 2, where σ is nearly flat.
let example = Batch<Double>(inputs: Matrix([[1]]), targets: Matrix([[0]]))
var outputs: [Loss: [Int: Double]] = [:]
for loss in [Loss.squaredError, .binaryCrossEntropy] {
  var neuron = try Network<Double>(sizes: [1, 1], activations: [.sigmoid], loss: loss)
  neuron.parameters.setTensors(of: 0, weights: [2], biases: [2])
  var optimizer = Optimizer<Double>(rule: .sgd, for: neuron.parameters.layout)
  var workspace = Workspace(for: neuron, capacity: 1)
  var gradient = neuron.makeGradient()
  print("\(loss), η = 0.15")
  for epoch in 0...300 {
    if epoch % 50 == 0 {
      let trace = neuron.trace(example, optimizer: optimizer, learningRate: 0.15)
      let record = trace.layers[0]
      let (a, derivative) = (record.outputs[0, 0], record.derivative?[0, 0] ?? 0)
      outputs[loss, default: [:]][epoch] = a
      print(
        "t = \(epoch): C = \(number(trace.loss)), a = \(number(a)), "
          + "∂C/∂a = \(number(record.outputGradient[0, 0])), σ′ = \(number(derivative)), "
          + "δ = \(number(record.delta[0, 0]))")
    }
    neuron.forward(example, in: &workspace)
    neuron.backward(in: &workspace, into: &gradient)
    optimizer.update(&neuron.parameters, along: gradient, rate: 0.15)
  }
}
// snippet.end

/// Four decimals, with the zeros at the end: 0.0177, 55.5982.
func number(_ value: Double) -> String {
  let scaled = Int((value * 10_000).rounded())
  return "\(scaled / 10_000)." + String(String(scaled % 10_000 + 10_000).dropFirst())
}

let (squared, entropy) = (outputs[.squaredError] ?? [:], outputs[.binaryCrossEntropy] ?? [:])
precondition((squared[150] ?? 0) > 0.9, "with squared error it hardly learns for 150 epochs")
precondition((squared[300] ?? 1) < 0.25, "and then it does")
precondition((entropy[50] ?? 1) < 0.25, "with cross-entropy it learns from the first epoch")
