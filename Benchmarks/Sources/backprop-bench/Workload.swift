import Backprop
import Failing
import FoundationEssentials

/// A network and how it is trained.
struct Workload {
  var name: String
  var sizes: [Int]
  var hidden: Activation
  var loss: Loss
  var optimizer: OptimizerRule
  var batchSize: Int
  var examples: Int

  var isClassification: Bool { loss == .crossEntropy }

  /// Multiply-adds count two: 4·Σ KN + 2·Σ KN without the first layer, for each example.
  var flopsPerExample: Double {
    let products = zip(sizes, sizes.dropFirst()).map { Double($0 * $1) }
    return 4 * products.reduce(0, +) + 2 * products.dropFirst().reduce(0, +)
  }

  /// The workloads of the table; `workloads.json` tells the peers of the same.
  static let all = [
    Workload(
      name: "W1", sizes: [784, 30, 10], hidden: .sigmoid, loss: .crossEntropy, optimizer: .sgd,
      batchSize: 10, examples: 20_000),
    Workload(
      name: "W2", sizes: [784, 128, 10], hidden: .relu, loss: .crossEntropy,
      optimizer: .momentum(), batchSize: 32, examples: 20_000),
    Workload(
      name: "W3", sizes: [784, 512, 512, 10], hidden: .relu, loss: .crossEntropy,
      optimizer: .adam(), batchSize: 128, examples: 12_800),
    Workload(
      name: "W4", sizes: [16, 64, 64, 1], hidden: .relu, loss: .squaredError, optimizer: .adam(),
      batchSize: 32, examples: 32_768),
    Workload(
      name: "W5", sizes: [64, 256, 256, 256, 1], hidden: .relu, loss: .squaredError,
      optimizer: .adamW(), batchSize: 256, examples: 25_600),
    Workload(
      name: "W6", sizes: [1024, 4096, 4096, 10], hidden: .relu, loss: .crossEntropy,
      optimizer: .momentum(), batchSize: 1024, examples: 8192),
    Workload(
      name: "W7", sizes: Array(repeating: 256, count: 33) + [10], hidden: .relu,
      loss: .crossEntropy, optimizer: .adam(), batchSize: 64, examples: 3200),
    Workload(
      name: "W8", sizes: [4, 32, 16, 4], hidden: .tanh, loss: .squaredError, optimizer: .adam(),
      batchSize: 10_000, examples: 10_000),
    Workload(
      name: "W8-1024", sizes: [4, 32, 16, 4], hidden: .tanh, loss: .squaredError,
      optimizer: .adam(), batchSize: 1024, examples: 10_240),
  ]

  /// A network with weights of its own.
  func network(dropout: Double? = nil) throws -> Network<Float> {
    try Network<Float>(
      sizes: sizes,
      activations: Array(repeating: hidden, count: sizes.count - 2)
        + [isClassification ? .softmax : .identity],
      loss: loss, dropout: dropout.map { Array(repeating: $0, count: sizes.count - 2) } ?? [],
      seed: 1)
  }

  /// Random inputs in 0 ..< 1, and a class or a number in 0 ..< 1 for each. The generator is a quick one
  /// (xorshift64*): making the data must not take longer than measuring.
  func dataset() -> Dataset<Float> {
    var state: UInt64 = 0x9e37_79b9_7f4a_7c15
    func next() -> Float {
      state ^= state >> 12
      state ^= state << 25
      state ^= state >> 27
      return Float((state &* 0x2545_f491_4f6c_dd1d) >> 40) / 0x1p24
    }
    let outputs = sizes[sizes.count - 1]
    var inputs = Matrix<Float>(rows: examples, columns: sizes[0])
    var targets = Matrix<Float>(rows: examples, columns: outputs)
    for row in 0..<examples {
      for column in 0..<inputs.columns { inputs[row, column] = next() }
      if isClassification {
        targets[row, Int(next() * Float(outputs))] = 1
      } else {
        for column in 0..<outputs { targets[row, column] = next() }
      }
    }
    return Dataset(inputs: inputs, targets: targets)
  }

  /// The data and the weights that a folder holds for all contestants: inputs.f32, targets.f32 and
  /// weights.f32, row by row; W of each layer as `[out, in]`, biases are zero.
  func shared(in folder: String, network: inout Network<Float>) throws -> Dataset<Float> {
    let inputs = try Self.floats(folder + "/inputs.f32")
    let targets = try Self.floats(folder + "/targets.f32")
    let weights = try Self.floats(folder + "/weights.f32")
    let rows = inputs.count / sizes[0]
    for (file, found, expected) in [
      ("inputs", inputs.count, max(rows, 1) * sizes[0]),
      ("targets", targets.count, rows * sizes[sizes.count - 1]),
      ("weights", weights.count, zip(sizes, sizes.dropFirst()).reduce(0) { $0 + $1.0 * $1.1 }),
    ] where found != expected {
      fail(
        "\(folder)/\(file).f32 has \(found) numbers, and should have \(expected) for \(rows) rows of "
          + "a network \(sizes.map(String.init).joined(separator: "–")); take the folder of this workload"
      )
    }
    var start = 0
    for (layer, (i, o)) in zip(sizes, sizes.dropFirst()).enumerated() {
      network.parameters.setTensors(
        of: layer, weights: Array(weights[start..<(start + i * o)]),
        biases: Array(repeating: 0, count: o))
      start += i * o
    }
    return Dataset(
      inputs: Self.matrix(inputs, rows: rows), targets: Self.matrix(targets, rows: rows))
  }

  private static func floats(_ path: String) throws -> [Float] {
    let data = try Data(contentsOf: URL(filePath: path), options: .mappedIfSafe)
    return data.withUnsafeBytes { Array($0.bindMemory(to: Float.self)) }
  }

  private static func matrix(_ values: [Float], rows: Int) -> Matrix<Float> {
    let columns = values.count / rows
    var matrix = Matrix<Float>(rows: rows, columns: columns)
    for row in 0..<rows {
      for column in 0..<columns { matrix[row, column] = values[row * columns + column] }
    }
    return matrix
  }
}
