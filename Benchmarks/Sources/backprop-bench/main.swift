// Trains the workloads W1 … W7 on random data in memory and prints samples per second, one JSON
// object a line. What is timed is the trainer itself: shuffled batches gathered, forward, backward,
// update, metrics. Usage: backprop-bench [--seconds s] [--threads 1,2] [--workload W1,W4]
// [--optimizer NAME] [--clip-norm c] [--dropout p] [--ema d] [--max-norm c]

import Backprop

struct Workload {
  let name: String
  let sizes: [Int]
  let hidden: Activation
  let loss: Loss
  let optimizer: OptimizerRule
  let batchSize: Int
  let examples: Int

  /// Multiply-adds count two: 4·Σ KN + 2·Σ KN without the first layer, for each example.
  var flopsPerExample: Double {
    let products = zip(sizes, sizes.dropFirst()).map { Double($0 * $1) }
    return 4 * products.reduce(0, +) + 2 * products.dropFirst().reduce(0, +)
  }
}

let workloads = [
  Workload(
    name: "W1", sizes: [784, 30, 10], hidden: .sigmoid, loss: .crossEntropy, optimizer: .sgd,
    batchSize: 10, examples: 20_000),
  Workload(
    name: "W2", sizes: [784, 128, 10], hidden: .relu, loss: .crossEntropy, optimizer: .momentum(),
    batchSize: 32, examples: 20_000),
  Workload(
    name: "W3", sizes: [784, 512, 512, 10], hidden: .relu, loss: .crossEntropy, optimizer: .adam(),
    batchSize: 128, examples: 12_800),
  Workload(
    name: "W4", sizes: [16, 64, 64, 1], hidden: .relu, loss: .squaredError, optimizer: .adam(),
    batchSize: 32, examples: 32_768),
  Workload(
    name: "W5", sizes: [64, 256, 256, 256, 1], hidden: .relu, loss: .squaredError,
    optimizer: .adamW(), batchSize: 256, examples: 25_600),
  Workload(
    name: "W6", sizes: [1024, 4096, 4096, 10], hidden: .relu, loss: .crossEntropy,
    optimizer: .momentum(), batchSize: 1024, examples: 2048),
  Workload(
    name: "W7", sizes: Array(repeating: 256, count: 33) + [10], hidden: .relu, loss: .crossEntropy,
    optimizer: .adam(), batchSize: 64, examples: 3200),
]

func value(after flag: String) -> String? {
  let arguments = CommandLine.arguments
  guard let index = arguments.firstIndex(of: flag), index + 1 < arguments.count else { return nil }
  return arguments[index + 1]
}

let seconds = value(after: "--seconds").flatMap(Double.init) ?? 2
let threadCounts = (value(after: "--threads") ?? "1,2").split(separator: ",").compactMap { Int($0) }
let otherRule = value(after: "--optimizer").flatMap { OptimizerRule(name: $0) }
let clipNorm = value(after: "--clip-norm").flatMap(Double.init)
let dropout = value(after: "--dropout").flatMap(Double.init)
let ema = value(after: "--ema").flatMap(Double.init)
let maxNorm = value(after: "--max-norm").flatMap(Double.init)
let chosen = value(after: "--workload").map { $0.split(separator: ",").map(String.init) }

/// Samples per second of each epoch, for about `seconds`.
func measure(_ workload: Workload, threads: Int) throws -> [Double] {
  var random = RandomSource(seed: 1, purpose: .sampling)
  let outputs = workload.sizes[workload.sizes.count - 1]
  var inputs = Matrix<Float>(rows: workload.examples, columns: workload.sizes[0])
  var targets = Matrix<Float>(rows: workload.examples, columns: outputs)
  for row in 0..<inputs.rows {
    for column in 0..<inputs.columns { inputs[row, column] = Float(random.uniform()) }
    if outputs == 1 {
      targets[row, 0] = Float(random.uniform())
    } else {
      targets[row, random.index(below: outputs)] = 1
    }
  }
  let isClassification = outputs > 1
  var network = try Network<Float>(
    sizes: workload.sizes,
    activations: Array(repeating: workload.hidden, count: workload.sizes.count - 2)
      + [isClassification ? .softmax : .identity],
    loss: workload.loss,
    dropout: dropout.map { Array(repeating: $0, count: workload.sizes.count - 2) } ?? [], seed: 1)
  var configuration = TrainingConfiguration(
    optimizer: otherRule ?? workload.optimizer, learningRate: 1e-4, schedule: .constant,
    batchSize: workload.batchSize, epochs: 1_000_000, clipNorm: clipNorm)
  configuration.averaging = ema.map { .exponential(decay: $0) }
  configuration.maxNorm = maxNorm
  let clock = ContinuousClock()
  var rates: [Double] = []
  var start = clock.now
  Trainer<Float>(configuration: configuration, threads: threads).train(
    &network, on: Dataset(inputs: inputs, targets: targets),
    metrics: isClassification
      ? .classification(probabilities: true) : .regression(scales: [1]),
    report: { event in
      if case .start = event { start = clock.now }
      // The first epoch warms the caches up.
      if case .epoch(let report) = event, report.epoch > 1 {
        rates.append(report.examplesPerSecond)
      }
    },
    isInterrupted: { rates.count >= 3 && clock.now - start > .seconds(seconds) })
  return rates.sorted()
}

for workload in workloads where chosen?.contains(workload.name) ?? true {
  for threads in threadCounts {
    let rates = try measure(workload, threads: threads)
    let median = rates[rates.count / 2]
    let best = rates[rates.count - 1]
    print(
      "{\"workload\":\"\(workload.name)\",\"threads\":\(threads),"
        + "\"samplesPerSecond\":\(median.rounded()),\"best\":\(best.rounded()),"
        + "\"gflops\":\((median * workload.flopsPerExample / 1e7).rounded() / 100)}")
  }
}
