// A loss of your own: it sees the output, the target and the example's weight, and nothing else.

import Backprop

// snippet.main
/// C = Σ w⁺ (a − y)² where a < y, and (a − y)² elsewhere: too little costs more than too much.
struct AsymmetricSquare: ExampleLoss {
  let name = "asymmetric-square"
  let underestimate = 4.0

  func value<T: Scalar>(outputs: Span<T>, targets: Span<T>, weight: T) -> T {
    var sum: T = 0
    for index in outputs.indices {
      let error = outputs[index] - targets[index]
      sum += (error < 0 ? T(underestimate) : 1) * error * error
    }
    return weight * sum
  }

  func formGradient<T: Scalar>(
    outputs: Span<T>, targets: Span<T>, weight: T, into gradient: inout MutableSpan<T>
  ) {
    for index in outputs.indices {
      let error = outputs[index] - targets[index]
      gradient[index] = weight * 2 * (error < 0 ? T(underestimate) : 1) * error
    }
  }
}

var network = try Network<Float>(
  sizes: [1, 16, 1], activations: [.tanh, .identity], loss: .custom(AsymmetricSquare()), seed: 1)
let x = (0..<64).map { Float($0) / 32 - 1 }
let data = Dataset<Float>(inputs: Matrix(x.map { [$0] }), targets: Matrix(x.map { [$0 * $0] }))
let summary = try Trainer<Float>(
  configuration: TrainingConfiguration(learningRate: 0.03, batchSize: 16, epochs: 200)
).train(&network, on: data, metrics: .regression(scales: [1]))
print("finished after \(summary.steps) steps")
// snippet.end

let worst = zip(x, network.predictions(for: data.inputs).elements).map { abs($0 * $0 - $1[0]) }
  .max()
precondition((worst ?? 1) < 0.2, "it has not learned: \(worst ?? 1)")
