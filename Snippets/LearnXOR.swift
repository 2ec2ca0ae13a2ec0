// A network of two inputs, eight hidden neurons and one output learns the exclusive or.

import Backprop

// snippet.main
let examples = Dataset<Float>(
  inputs: Matrix([[0, 0], [0, 1], [1, 0], [1, 1]]),
  targets: Matrix([[0], [1], [1], [0]]))
var network = try Network<Float>(
  sizes: [2, 8, 1], activations: [.tanh, .sigmoid], loss: .binaryCrossEntropy, seed: 1)
let trainer = try Trainer<Float>(
  configuration: TrainingConfiguration(learningRate: 0.05, batchSize: 4, epochs: 300))
try trainer.train(&network, on: examples, metrics: .classification(probabilities: true))
print(network.predictions(for: examples.inputs).elements)
// snippet.end

let outputs = network.predictions(for: examples.inputs)
precondition(outputs[0, 0] < 0.1 && outputs[1, 0] > 0.9, "it has not learned")
