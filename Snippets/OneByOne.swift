// A trained network answers examples as they come, one at a time and without allocating.

import Backprop

let corners: [(inputs: [Float], target: [Float])] = [
  ([0, 0], [0]), ([0, 1], [1]), ([1, 0], [1]), ([1, 1], [0]),
]
let examples = Dataset<Float>(
  inputs: Matrix(corners.map(\.inputs)), targets: Matrix(corners.map(\.target)))
var network = try Network<Float>(
  sizes: [2, 8, 1], activations: [.tanh, .sigmoid], loss: .binaryCrossEntropy, seed: 1)
let trainer = try Trainer<Float>(
  configuration: TrainingConfiguration(learningRate: 0.05, batchSize: 4, epochs: 300))
try trainer.train(&network, on: examples, metrics: .classification(probabilities: true))

// snippet.main
var predictor = Predictor(network)
var example = Matrix<Float>(rows: 1, columns: network.inputCount)
var probability = Matrix<Float>(rows: 1, columns: network.outputCount)
for corner in corners {
  for (column, value) in corner.inputs.enumerated() { example[0, column] = value }
  predictor.predict(example, into: &probability)
  print("\(corner.inputs): \(probability[0, 0])")
}
// snippet.end

let outputs = network.predictions(for: examples.inputs)
precondition(probability[0, 0] == outputs[3, 0], "one example and four give other bits")
precondition(outputs[0, 0] < 0.1 && outputs[1, 0] > 0.9, "it has not learned")
