// What Scripts/check-counts counts: so many steps of training, or a run whose memory is looked at.
//
//     count-steps W1 STEPS               steps of a workload, one thread, then the end
//     count-steps memory 64,1024,10 BATCH two steps of a network with Adam, then one line of JSON with
//                                        its parameters, activations and the peak memory in bytes

import Backprop
import FoundationEssentials

func fail(_ message: String) -> Never {
  fatalError(message)
}

func dataset(rows: Int, inputs: Int, outputs: Int, isClassification: Bool) -> Dataset<Float> {
  var x = Matrix<Float>(rows: rows, columns: inputs)
  var y = Matrix<Float>(rows: rows, columns: outputs)
  var state: UInt32 = 1
  func next() -> UInt32 {
    state = state &* 1_664_525 &+ 1_013_904_223
    return state >> 8
  }
  for row in 0..<rows {
    for column in 0..<inputs { x[row, column] = Float(next()) / 0x1p24 }
    if isClassification {
      y[row, Int(next()) % outputs] = 1
    } else {
      for column in 0..<outputs { y[row, column] = Float(next()) / 0x1p24 }
    }
  }
  return Dataset(inputs: x, targets: y)
}

func train(
  _ sizes: [Int], hidden: Activation, rule: OptimizerRule, batch: Int, rows: Int, steps: Int
) throws {
  let outputs = sizes[sizes.count - 1]
  let isClassification = outputs > 1
  var network = try Network<Float>(
    sizes: sizes,
    activations: Array(repeating: hidden, count: sizes.count - 2)
      + [isClassification ? .softmax : .identity],
    loss: isClassification ? .crossEntropy : .squaredError, seed: 1)
  let configuration = TrainingConfiguration(
    optimizer: rule, learningRate: 1e-4, schedule: .constant, batchSize: batch, epochs: 1)
  var left = steps
  Trainer<Float>(configuration: configuration).train(
    &network, on: dataset(
      rows: rows, inputs: sizes[0], outputs: outputs, isClassification: isClassification),
    metrics: isClassification ? .classification(probabilities: true) : .regression(scales: [1]),
    isInterrupted: {
      left -= 1
      return left == 0
    })
}

/// The most memory that this process has had, in bytes.
func peakMemory() throws -> Int {
  let status = try String(contentsOfFile: "/proc/self/status", encoding: .utf8)
  for line in status.split(separator: "\n") where line.hasPrefix("VmHWM:") {
    return (line.split(separator: " ").compactMap { Int($0) }.first ?? 0) * 1024
  }
  fail("/proc/self/status has no VmHWM")
}

let arguments = CommandLine.arguments
guard arguments.count >= 3 else { fail("count-steps W1|W2|W4 STEPS, or memory SIZES BATCH") }
switch arguments[1] {
case "W1":
  try train(
    [784, 30, 10], hidden: .sigmoid, rule: .sgd, batch: 10, rows: 2000, steps: Int(arguments[2])!)
case "W2":
  try train(
    [784, 128, 10], hidden: .relu, rule: .momentum(), batch: 32, rows: 2048,
    steps: Int(arguments[2])!)
case "W4":
  try train(
    [16, 64, 64, 1], hidden: .relu, rule: .adam(), batch: 32, rows: 8192, steps: Int(arguments[2])!)
case "memory":
  let sizes = arguments[2].split(separator: ",").compactMap { Int($0) }
  let batch = Int(arguments[3])!
  try train(sizes, hidden: .relu, rule: .adam(), batch: batch, rows: 8192, steps: 2)
  let parameters = zip(sizes, sizes.dropFirst()).reduce(0) { $0 + ($1.0 + 1) * $1.1 }
  // a of every layer but the input, and δ of as many.
  let activations = 2 * batch * sizes.dropFirst().reduce(0, +)
  print(
    "{\"parameters\":\(parameters),\"activations\":\(activations),"
      + "\"inputs\":\(batch * sizes[0]),\"peak\":\(try peakMemory())}")
default: fail("nothing is called \(arguments[1])")
}
