// An activation of your own: a function and its derivative, and the equations take it from there.

import Backprop

// snippet.main
/// σ(z) = max(0, z)². So et al. 2021, arXiv 2109.08668.
struct SquaredReLU: ElementwiseActivation {
  let name = "squared-relu"
  func value<T: Scalar>(_ z: T) -> T { max(0, z) * max(0, z) }
  func derivative<T: Scalar>(_ z: T) -> T { 2 * max(0, z) }
}

var network = try Network<Float>(
  sizes: [1, 8, 1], activations: [.custom(SquaredReLU()), .identity], loss: .squaredError, seed: 1)
let x = (0..<64).map { Float($0) / 32 - 1 }
let data = Dataset<Float>(inputs: Matrix(x.map { [$0] }), targets: Matrix(x.map { [$0 * abs($0)] }))
let summary = try Trainer<Float>(
  configuration: TrainingConfiguration(learningRate: 0.03, batchSize: 16, epochs: 200)
).train(&network, on: data, metrics: .regression(scales: [1]))
print("finished after \(summary.steps) steps")
// snippet.end

// σ′ is the slope of σ.
for z in [-1.5, 0.25, 2] {
  let rise = SquaredReLU().value(z + 1e-4) - SquaredReLU().value(z - 1e-4)
  precondition(abs(rise / 2e-4 - SquaredReLU().derivative(z)) < 1e-9, "σ′(\(z))")
}
let worst = zip(x, network.predictions(for: data.inputs).elements)
  .map { abs($0 * abs($0) - $1[0]) }.max()
precondition((worst ?? 1) < 0.05, "it has not learned: \(worst ?? 1)")
