import Testing

@testable import Backprop
@testable import BackpropInspection

/// Batches of 4 rows and more of 64 numbers and more, which the first layer reads where they stand.
@Suite("Rows read in place")
struct RowsInPlaceTests {
  static let inputs = 70

  static func dataset(_ count: Int, isCompact: Bool = true) -> Dataset<Float> {
    var x = Matrix<Float>(rows: count, columns: inputs, isCompact: isCompact)
    var y = Matrix<Float>(rows: count, columns: 3)
    var random = RandomSource(seed: 4, purpose: .sampling)
    for row in 0..<count {
      for column in 0..<inputs { x[row, column] = Float(random.uniform() * 2 - 1) }
      y[row, random.index(below: 3)] = 1
    }
    return Dataset(inputs: x, targets: y)
  }

  static func network() throws -> Network<Float> {
    try Network<Float>(
      sizes: [inputs, 40, 3], activations: [.relu, .softmax], loss: .crossEntropy, seed: 5)
  }

  @Test(
    "A batch read in place has the bits of a copy: inputs, losses and gradients",
    arguments: [1, 3, 4, 7, 24, 130], [true, false])
  func batch(rows count: Int, isCompact: Bool) throws {
    let network = try Self.network()
    let data = Self.dataset(200, isCompact: isCompact)
    let rows = (0..<count).map { UInt32($0 * 89 % 200) }
    let scattered = Batch(
      inputs: data.storedInputs, targets: data.storedTargets, weights: nil,
      rows: .indices(rows[...]))
    let copied = data.subset(rows).batch
    let pool = ThreadPool(threads: 2)
    for shards in [1, 3] {
      for pool in [nil, pool] {
        let found = [scattered, copied].map { batch in
          var workspace = Workspace(for: network, capacity: count)
          workspace.shards = shards
          var gradient = network.makeGradient()
          network.forward(batch, in: &workspace, pool: pool)
          network.backward(in: &workspace, into: &gradient, pool: pool)
          #expect((workspace.inputs.rows != nil) == (count > 3 && batch.isScattered))
          return (workspace.copy(workspace.inputs), workspace.exampleLosses, gradient)
        }
        #expect(found[0].0 == found[1].0 && found[0].1 == found[1].1 && found[0].2 == found[1].2)
      }
    }
  }

  @Test("A run on data in a file has the bits of one in memory", arguments: [1, 3])
  func spooled(shards: Int) throws {
    let data = Self.dataset(90)
    let spool = try SameBitsTests.spooled(data)
    let configuration = TrainingConfiguration(
      batchSize: 16, epochs: 2, shuffleBlock: ShuffleBlock(rows: 8, window: 3), shards: shards)
    let runs = try [(TrainingExamples.memory(data), 1), (.spooled(spool), 1), (.spooled(spool), 2)]
      .map { (examples, threads) in
        var network = try Self.network()
        try Trainer<Float>(configuration: configuration, threads: threads).train(
          &network, on: examples, validation: nil, metrics: TrainerTests.metrics)
        return network.parameters
      }
    #expect(runs[0] == runs[1] && runs[0] == runs[2])
  }

  @Test("A divergence names the example, wherever its row stands")
  func divergence() throws {
    var data = Self.dataset(90)
    var x = data.inputs
    x[16, 5] = .infinity
    data = Dataset(inputs: x, targets: data.targets)
    var network = try Self.network()
    let summary = try Trainer<Float>(configuration: TrainingConfiguration(batchSize: 16, epochs: 1))
      .train(&network, on: data, metrics: TrainerTests.metrics)
    let divergence = try #require(summary.divergence)
    #expect(divergence.layer == 1 && divergence.neuron == 6 && divergence.example == 17)
  }
}

extension Batch {
  fileprivate var isScattered: Bool { if case .indices = rows { true } else { false } }
}
