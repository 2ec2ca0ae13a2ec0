// What Scripts/check-counts counts and Scripts/time-shares times: so many steps of training, or a run
// whose memory is looked at.
//
//     count-steps W1 STEPS [THREADS]     steps of a workload, W1 to W8 or W8-1024, one thread if nothing
//                                        else is said, then the end
//     count-steps time W1 STEPS          the same, then one line of JSON with the seconds it took
//     count-steps variant                the instruction set that the kernels are those of
//     count-steps memory 64,1024,10 BATCH two steps of a network with Adam, then one line of JSON with
//                                        its parameters, activations and the peak memory in bytes

import Backprop
import CBackprop
import Failing
import FoundationEssentials

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
  var loss = Loss.crossEntropy
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
    case "W4":
      (sizes, rule, batch, rows) = ([16, 64, 64, 1], .adam(), 32, 8192)
      loss = .squaredError
    case "W5":
      (sizes, rule, batch, rows) = ([64, 256, 256, 256, 1], .adamW(), 256, 25_600)
      loss = .squaredError
    case "W6": (sizes, rule, batch, rows) = ([1024, 4096, 4096, 10], .momentum(), 1024, 2048)
    case "W7":
      (sizes, rule, batch, rows) = (Array(repeating: 256, count: 33) + [10], .adam(), 64, 3200)
    case "W8", "W8-1024":
      (sizes, rule) = ([4, 32, 16, 4], .adam())
      (batch, rows) = name == "W8" ? (10_000, 10_000) : (1024, 10_240)
      (hidden, loss) = (.tanh, .squaredError)
    default: return nil
    }
  }

  init(sizes: [Int], rule: OptimizerRule, batch: Int, rows: Int, steps: Int) {
    (self.sizes, self.rule, self.batch, self.rows, self.steps) = (sizes, rule, batch, rows, steps)
    if sizes[sizes.count - 1] == 1 { loss = .squaredError }
  }

  /// Trains for so many steps.
  ///
  /// - Returns: The seconds of training, without those of making data and network.
  @discardableResult
  func train(threads: Int = 1) throws -> Double {
    let outputs = sizes[sizes.count - 1]
    let isClassification = loss == .crossEntropy
    var network = try Network<Float>(
      sizes: sizes,
      activations: Array(repeating: hidden, count: sizes.count - 2)
        + [isClassification ? .softmax : .identity],
      loss: loss, seed: 1)
    let configuration = TrainingConfiguration(
      optimizer: rule, learningRate: 1e-4, schedule: .constant, batchSize: batch,
      epochs: max(1, (steps * batch + rows - 1) / rows))
    var left = steps
    return try Trainer<Float>(configuration: configuration, threads: threads).train(
      &network,
      on: dataset(
        rows: rows, inputs: sizes[0], outputs: outputs, isClassification: isClassification),
      metrics: isClassification
        ? .classification(probabilities: true)
        : .regression(scales: Array(repeating: 1, count: outputs)),
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
  fail("/proc/self/status has no VmHWM; memory is counted on Linux only", status: 1)
}

let usage =
  "count-steps W1 STEPS [THREADS], count-steps time W1 STEPS, count-steps variant or "
  + "count-steps memory 64,1024,10 BATCH"

func whole(_ text: String, _ name: String, _ range: ClosedRange<Int>) -> Int {
  guard let number = Int(text), range.contains(number) else {
    fail(
      "\(name) is \"\(text)\", and must be a whole number from \(range.lowerBound) to "
        + "\(range.upperBound)")
  }
  return number
}

func workload(_ name: String, _ steps: String) -> Workload {
  guard let workload = Workload(name, steps: whole(steps, "STEPS", 1...1_000_000_000)) else {
    fail("there is no workload \"\(name)\"; take one of W1 to W8, or W8-1024")
  }
  return workload
}

/// What `memory` is asked for; its data have `rows` rows, and no batch has more.
func network(_ widths: String, batch: String, rows: Int) -> Workload {
  let sizes = widths.split(separator: ",", omittingEmptySubsequences: false).map {
    whole(String($0), "a width in \"\(widths)\"", 1...1 << 20)
  }
  guard sizes.count >= 2 else {
    fail("SIZES is \"\(widths)\", and must have two widths or more, as 64,1024,10")
  }
  let parameters = zip(sizes, sizes.dropFirst()).reduce(0) { $0 + ($1.0 + 1) * $1.1 }
  guard parameters <= 1 << 30 else {
    fail("\(widths) has \(parameters) parameters, and may have \(1 << 30); take smaller widths")
  }
  return Workload(
    sizes: sizes, rule: .adam(), batch: whole(batch, "BATCH", 1...rows), rows: rows, steps: 2)
}

func run(_ arguments: ArraySlice<String>) throws {
  let rest = Array(arguments.dropFirst())
  switch arguments.first {
  case nil: fail("it is not said what to do; the ways are: \(usage)")
  case "variant"? where rest.isEmpty:
    let name =
      switch bp_variant_active() {
      case BP_FMA128: "FMA of 128 bits"
      case BP_AVX2: "AVX2"
      case BP_AVX512: "AVX-512"
      case BP_NEON: "NEON"
      default: "baseline"
      }
    print(name)
  case "time"? where rest.count == 2:
    print("{\"seconds\":\(try workload(rest[0], rest[1]).train())}")
  case "memory"? where rest.count == 2:
    let workload = network(rest[0], batch: rest[1], rows: 8192)
    let (sizes, batch) = (workload.sizes, workload.batch)
    try workload.train()
    let parameters = zip(sizes, sizes.dropFirst()).reduce(0) { $0 + ($1.0 + 1) * $1.1 }
    // a of every layer but the input, and δ of as many.
    let activations = 2 * batch * sizes.dropFirst().reduce(0, +)
    print(
      "{\"parameters\":\(parameters),\"activations\":\(activations),"
        + "\"inputs\":\(batch * sizes[0]),\"peak\":\(try peakMemory())}")
  case let mode? where ["variant", "time", "memory"].contains(mode):
    fail("\(mode) with \(rest.count) arguments after it; the ways are: \(usage)")
  case let name? where 1...2 ~= rest.count:
    let threads = rest.count == 2 ? whole(rest[1], "THREADS", 1...256) : 1
    try workload(name, rest[0]).train(threads: threads)
  case let name?:
    fail("\"\(name)\" with \(rest.count) arguments after it; the ways are: \(usage)")
  }
}

do {
  try run(CommandLine.arguments.dropFirst())
} catch {
  fail("\(error)", status: 1)
}
