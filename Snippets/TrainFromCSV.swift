// From a CSV file to a saved model and back: the penguins, with their missing values.

import Backprop

let path = CommandLine.arguments.dropFirst().first ?? "Examples/penguins.csv"

// snippet.main
let table = try Table(contentsOf: path)
let targets = try TargetColumns(of: table, columns: ["species"])
let data = try PreparedData<Float>(table, targets: targets, validation: 0.2, seed: 1)

var network = try Network<Float>(
  sizes: [data.features.outputCount, 32, data.target.outputCount],
  activations: [.relu, .softmax], loss: .crossEntropy, seed: 1)
let configuration = TrainingConfiguration(batchSize: 16, epochs: 60, seed: 1)
let summary = try Trainer<Float>(configuration: configuration, threads: 2).train(
  &network, on: data.training, validation: data.validation,
  metrics: .classification(probabilities: true))

let model = Model(
  network: .float(network), encoder: data.features, targetEncoder: data.target,
  configuration: configuration)
try model.write(to: "penguins.safetensors")

let inputs: Matrix<Float> = try data.features.encode(table)
let predictions = try data.target.decode(network.predictions(for: inputs))
print(
  "row 1 is a \(predictions.text(row: 0)); held-out accuracy \(summary.validation?.metrics.accuracy ?? 0)"
)
// snippet.end

precondition((summary.validation?.metrics.accuracy ?? 0) >= 0.95, "it has not learned")
