// What Scripts/check-counts counts and Scripts/time-shares times: so many steps of training, or a run
// whose memory is looked at.
//
//     count-steps W1 STEPS               steps of a workload, W1 to W7, one thread, then the end
//     count-steps time W1 STEPS          the same, then one line of JSON with the seconds it took
//     count-steps variant                the instruction set that the kernels are those of
//     count-steps memory 64,1024,10 BATCH two steps of a network with Adam, then one line of JSON with
//                                        its parameters, activations and the peak memory in bytes

import Backprop
import CBackprop
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

struct Workload {
  var sizes: [Int]
  var hidden = Activation.relu
  var rule: OptimizerRule
  var batch: Int
  var rows: Int
  var steps: Int

  /// One of Benchmarks/workloads.json; of data, no more than its shuffling and caches need.
  init?(_ name: String, steps: Int) {
    self.steps = steps
    switch name {
    case "W1":
      (sizes, rule, batch, rows) = ([784, 30, 10], .sgd, 10, 2000)
      hidden = .sigmoid
    case "W2": (sizes, rule, batch, rows) = ([784, 128, 10], .momentum(), 32, 2048)
    case "W3": (sizes, rule, batch, rows) = ([784, 512, 512, 10], .adam(), 128, 12_800)
    case "W4": (sizes, rule, batch, rows) = ([16, 64, 64, 1], .adam(), 32, 8192)
    case "W5": (sizes, rule, batch, rows) = ([64, 256, 256, 256, 1], .adamW(), 256, 25_600)
    case "W6": (sizes, rule, batch, rows) = ([1024, 4096, 4096, 10], .momentum(), 1024, 2048)
    case "W7":
      (sizes, rule, batch, rows) = (Array(repeating: 256, count: 33) + [10], .adam(), 64, 3200)
    default: return nil
    }
  }

  init(sizes: [Int], rule: OptimizerRule, batch: Int, rows: Int, steps: Int) {
    (self.sizes, self.rule, self.batch, self.rows, self.steps) = (sizes, rule, batch, rows, steps)
  }

  /// Trains for so many steps, on one thread.
  ///
  /// - Returns: The seconds of training, without those of making data and network.
  @discardableResult
  func train() throws -> Double {
    let outputs = sizes[sizes.count - 1]
    let isClassification = outputs > 1
    var network = try Network<Float>(
      sizes: sizes,
      activations: Array(repeating: hidden, count: sizes.count - 2)
        + [isClassification ? .softmax : .identity],
      loss: isClassification ? .crossEntropy : .squaredError, seed: 1)
    let configuration = TrainingConfiguration(
      optimizer: rule, learningRate: 1e-4, schedule: .constant, batchSize: batch,
      epochs: max(1, (steps * batch + rows - 1) / rows))
    var left = steps
    return Trainer<Float>(configuration: configuration).train(
      &network,
      on: dataset(
        rows: rows, inputs: sizes[0], outputs: outputs, isClassification: isClassification),
      metrics: isClassification ? .classification(probabilities: true) : .regression(scales: [1]),
      isInterrupted: {
        left -= 1
        return left == 0
      }
    ).seconds
  }
}

/// The most memory that this process has had, in bytes.
func peakMemory() throws -> Int {
  let status = try String(contentsOfFile: "/proc/self/status", encoding: .utf8)
  for line in status.split(separator: "\n") where line.hasPrefix("VmHWM:") {
    return (line.split(separator: " ").compactMap { Int($0) }.first ?? 0) * 1024
  }
  fail("/proc/self/status has no VmHWM")
}

let usage = "count-steps W1…W7 STEPS, time W1…W7 STEPS, variant, or memory SIZES BATCH"

func workload(_ name: String, _ steps: String) -> Workload {
  guard let steps = Int(steps), steps >= 1, let workload = Workload(name, steps: steps) else {
    fail(usage)
  }
  return workload
}

let arguments = CommandLine.arguments.dropFirst()
switch (arguments.first, Array(arguments.dropFirst())) {
case ("variant", []):
  let name =
    switch bp_variant_active() {
    case BP_FMA128: "FMA of 128 bits"
    case BP_AVX2: "AVX2"
    case BP_AVX512: "AVX-512"
    case BP_NEON: "NEON"
    default: "baseline"
    }
  print(name)
case ("time", let rest) where rest.count == 2:
  print("{\"seconds\":\(try workload(rest[0], rest[1]).train())}")
case ("memory", let rest) where rest.count == 2:
  let sizes = rest[0].split(separator: ",").compactMap { Int($0) }
  guard sizes.count >= 2, let batch = Int(rest[1]), batch >= 1 else { fail(usage) }
  try Workload(sizes: sizes, rule: .adam(), batch: batch, rows: 8192, steps: 2).train()
  let parameters = zip(sizes, sizes.dropFirst()).reduce(0) { $0 + ($1.0 + 1) * $1.1 }
  // a of every layer but the input, and δ of as many.
  let activations = 2 * batch * sizes.dropFirst().reduce(0, +)
  print(
    "{\"parameters\":\(parameters),\"activations\":\(activations),"
      + "\"inputs\":\(batch * sizes[0]),\"peak\":\(try peakMemory())}")
case (let name?, let rest) where rest.count == 1: try workload(name, rest[0]).train()
default: fail(usage)
}
