import CBackprop
import Foundation
import Testing

@testable import Backprop
@testable import BackpropInspection

@Suite("The same bits")
struct SameBitsTests {
  /// The same numbers in a file.
  static func spooled<T: Scalar>(_ data: Dataset<T>) throws -> SpooledDataset<T> {
    let spool = try SpooledDataset<T>(
      count: data.count, inputs: data.inputs.columns, targets: data.storedTargets.matrix.columns,
      classes: data.storedTargets.classCount, hasWeights: data.weights != nil,
      in: FileManager.default.temporaryDirectory.path)
    for row in 0..<data.count {
      try spool.write(data.subset([UInt32(row)]), rows: 1, at: row)
    }
    return spool
  }

  /// The same examples, of whose targets the classes are kept and not the one-hot rows.
  static func classes(of data: Dataset<Float>) -> Dataset<Float> {
    let codes = data.targets.elements.map { UInt32($0.firstIndex(of: 1) ?? 0) }
    return Dataset(
      inputs: data.inputs, classes: codes, of: data.targets.columns, weights: data.weights)
  }

  static func weighted(_ count: Int) -> Dataset<Float> {
    let data = TrainerTests.spirals(count, seed: 1)
    return Dataset(
      inputs: data.inputs, targets: data.targets,
      weights: (0..<data.count).map { Float(1 + $0 % 3) })
  }

  @Test("Blocks in random order hold each row once, and the order is that of the windows")
  func order() {
    // 10 rows in blocks of 3: 0–2, 3–5, 6–8 and 9 alone; windows of 2 blocks.
    let block = ShuffleBlock(rows: 3, window: 2)
    var whole = [UInt32](repeating: 99, count: 10)
    var all = BlockOrder(count: 10, block: block, seed: 4, epoch: 2, shuffled: true)
    all.all(into: &whole)
    #expect(whole.sorted() == [UInt32](0..<10))
    var windows = BlockOrder(count: 10, block: block, seed: 4, epoch: 2, shuffled: true)
    var found: [UInt32] = []
    var places: [UInt32] = []
    for _ in 0..<2 {
      var loaded: [UInt32] = []
      let count = windows.nextWindow(into: &places) { (rows, place) throws(Never) in
        #expect(place == loaded.count)
        loaded += rows.map { UInt32($0) }
      }
      #expect(count == loaded.count && [4, 6].contains(count))
      found += places.map { loaded[Int($0)] }
    }
    #expect(found == whole)
    var other = BlockOrder(count: 10, block: block, seed: 4, epoch: 3, shuffled: true)
    var next = whole
    other.all(into: &next)
    #expect(next != whole)
  }

  @Test("Rows move a third of the data on average, as in a full shuffle")
  func displacement() {
    let count = 20_000
    func mean(_ block: ShuffleBlock) -> Double {
      var order = [UInt32](repeating: 0, count: count)
      var blocks = BlockOrder(count: count, block: block, seed: 1, epoch: 1, shuffled: true)
      blocks.all(into: &order)
      return order.enumerated().reduce(0.0) { $0 + abs(Double($1.element) - Double($1.offset)) }
        / Double(count) / Double(count)
    }
    #expect(abs(mean(ShuffleBlock(rows: count, window: 1)) - 1 / 3.0) < 0.01)
    #expect(abs(mean(ShuffleBlock(rows: 16, window: 64)) - 1 / 3.0) < 0.03)
  }

  @Test("Five shards are ((g₀ + g₁) + (g₂ + g₃)) + g₄, to the bit", arguments: [2, 3, 4, 5, 40])
  func tree(shards: Int) throws {
    let network = try Network<Float>(
      sizes: [2, 33, 3], activations: [.silu, .softmax], loss: .crossEntropy, seed: 3)
    let data = Self.weighted(12)
    let m = data.count
    let batch = data.batch
    var workspace = Workspace(for: network, capacity: m)
    workspace.shards = shards
    var found = network.makeGradient()
    network.forward(batch, in: &workspace)
    network.backward(in: &workspace, into: &found)

    // Each shard as a batch of its own, with the factor 1/m of the whole batch.
    var sums: [[Float]] = try (0..<shards).map { shard in
      let rows = (shard * m / shards..<(shard + 1) * m / shards).map { UInt32($0) }
      var gradient = network.makeGradient()
      let count = gradient.layout.count
      if rows.isEmpty { return [Float](repeating: 0, count: count) }
      var summed = network
      summed = try Network<Float>(
        sizes: [2, 33, 3], activations: [.silu, .softmax], loss: .crossEntropy, reduction: .sum,
        seed: 3)
      var part = data.subset(rows)
      part = Dataset(
        inputs: part.inputs, targets: part.targets,
        weights: part.weights.map { $0.map { $0 * (1 / Float(m)) } })
      var workspace = Workspace(for: summed, capacity: rows.count)
      summed.forward(part.batch, in: &workspace)
      summed.backward(in: &workspace, into: &gradient)
      return Array(UnsafeBufferPointer(start: gradient.start, count: count))
    }
    var stride = 1
    while stride < shards {
      for left in Swift.stride(from: 0, to: shards - stride, by: 2 * stride) {
        sums[left] = zip(sums[left], sums[left + stride]).map(+)
      }
      stride *= 2
    }
    #expect(Array(UnsafeBufferPointer(start: found.start, count: sums[0].count)) == sums[0])
  }

  @Test("The digests of data in a file are those of the same data in memory")
  func fingerprints() throws {
    let data = Self.weighted(70)
    let spool = TrainingExamples.spooled(try Self.spooled(data))
    #expect(
      try DataFingerprint(training: spool, validation: spool)
        == DataFingerprint(training: data, validation: data))
  }

  func run(
    _ data: TrainingExamples<Float>, _ configuration: TrainingConfiguration, threads: Int = 1,
    checkpoints: Checkpoints<Float>? = nil, activation: Activation = .relu
  ) throws -> (Parameters<Float>, [Double]) {
    var network = try Network<Float>(
      sizes: [2, 40, 3], activations: [activation, .softmax], loss: .crossEntropy, seed: 5)
    var losses: [Double] = []
    try Trainer<Float>(configuration: configuration, threads: threads).train(
      &network, on: data, validation: data, metrics: TrainerTests.metrics,
      checkpoints: checkpoints
    ) {
      if case .epoch(let report) = $0 {
        losses += [report.loss, report.validation?.loss ?? .nan]
      }
    }
    #expect(losses.count == 2 * configuration.epochs)
    return (network.parameters, losses)
  }

  @Test(
    "Data in a file gives the bits of data in memory, whatever blocks, windows and batches",
    arguments: [(1, 1), (1, 7), (5, 3), (16, 64), (1000, 1)])
  func chunkedOrWhole(rows: Int, window: Int) throws {
    let data = Self.weighted(70)
    let spool = try Self.spooled(data)
    for (batch, shuffles) in [(1, true), (16, true), (16, false), (1000, true)] {
      let configuration = TrainingConfiguration(
        batchSize: batch, epochs: 2, shuffles: shuffles,
        shuffleBlock: ShuffleBlock(rows: rows, window: window))
      let whole = try run(.memory(data), configuration)
      let chunked = try run(.spooled(spool), configuration)
      #expect(whole.0 == chunked.0 && whole.1 == chunked.1, "\(batch), \(shuffles)")
    }
  }

  @Test("Targets that are kept as classes give the bits of one-hot rows, whatever is done to them")
  func classTargets() throws {
    let data = Self.weighted(70)
    let classes = Self.classes(of: data)
    #expect(classes.storedTargets.matrix.columns == 1 && classes.targets == data.targets)
    #expect(classes.subset([3, 69, 3]).targets == data.subset([3, 69, 3]).targets)
    let spool = try Self.spooled(classes)
    #expect(
      try DataFingerprint(training: .spooled(spool), validation: TrainingExamples<Float>?.none)
        == DataFingerprint(training: classes, validation: nil))
    for regularization in [false, true] {
      for (batch, shuffles) in [(16, true), (16, false), (1000, true)] {
        var configuration = TrainingConfiguration(
          batchSize: batch, epochs: 2, shuffles: shuffles,
          shuffleBlock: ShuffleBlock(rows: 4, window: 3))
        if regularization { (configuration.labelSmoothing, configuration.mixup) = (0.1, 0.2) }
        let expected = try run(.memory(data), configuration)
        for examples in [TrainingExamples.memory(classes), .spooled(spool)] {
          let found = try run(examples, configuration)
          #expect(
            found.0 == expected.0 && found.1 == expected.1,
            "\(batch), \(shuffles), \(regularization)")
        }
      }
    }
  }

  @Test("A table's labels are kept as classes, in memory and in a file")
  func encodedClasses() throws {
    let labels = (0..<40).map { "label \($0 % 20)" }
    let table = try Table(columns: [
      ("x", .numbers((0..<40).map { Double($0) })), ("label", .texts(labels)),
    ])
    let prepared = try PreparedTable<Float>(table, target: "label", validation: 0.5, seed: 1)
    for data in [prepared.training, try #require(prepared.validation)] {
      #expect(data.storedTargets.matrix.columns == 1 && data.targets.columns == 20)
    }
    let whole: Matrix<Float> = try prepared.target.encode(table)
    let inputs: Matrix<Float> = try prepared.features.encode(table)
    #expect(
      try Dataset(inputs: inputs, targetsOf: table, target: prepared.target).targets == whole)
    for row in 0..<40 {
      let label = try #require(prepared.target.labels.firstIndex(of: labels[row]))
      #expect(whole[row: row] == (0..<20).map { $0 == label ? 1 : 0 })
    }
  }

  // Where dropout is a part of a layer, it belongs into this matrix.
  @Test(
    "Threads, chunked or whole: one result per number of shards, for every activation and rule",
    arguments: [1, 4])
  func matrix(shards: Int) throws {
    let data = Self.weighted(40)
    let spool = try Self.spooled(data)
    let rules = OptimizerRule.allCases.filter { !$0.takesAllExamples }
    let activations = Activation.allCases.filter { $0 != .softmax }
    for index in 0..<max(rules.count, activations.count) {
      let configuration = TrainingConfiguration(
        optimizer: rules[index % rules.count], learningRate: 0.01, batchSize: 24, epochs: 1,
        shuffleBlock: ShuffleBlock(rows: 4, window: 3), shards: shards)
      let activation = activations[index % activations.count]
      let expected = try run(.memory(data), configuration, activation: activation)
      for threads in [1, 2, 4] {
        for examples in [TrainingExamples.memory(data), .spooled(spool)] {
          let found = try run(
            examples, configuration, threads: threads, activation: activation)
          #expect(found.0 == expected.0 && found.1 == expected.1, "\(activation), \(threads)")
        }
      }
    }
  }

  @Test("As many shards as a batch has blocks anyway change no bit, and others are another sum")
  func shards() throws {
    // 64 examples are two batches of 32, of two blocks each.
    let data = TrainingExamples.memory(Self.weighted(64))
    let usual = try run(data, TrainingConfiguration(epochs: 2))
    let two = try run(data, TrainingConfiguration(epochs: 2, shards: 2))
    let one = try run(data, TrainingConfiguration(epochs: 2, shards: 1))
    let four = try run(data, TrainingConfiguration(epochs: 2, shards: 4))
    #expect(usual.0 == two.0 && usual.1 == two.1)
    #expect(usual.0 != one.0 && usual.0 != four.0 && one.0 != four.0)
  }

  @Test("A run on data in a file goes on from each checkpoint with the same bits")
  func resume() throws {
    let data = TrainingExamples.spooled(try Self.spooled(Self.weighted(70)))
    let configuration = TrainingConfiguration(
      batchSize: 16, epochs: 2, shuffleBlock: ShuffleBlock(rows: 4, window: 3), shards: 3)
    var kept: [Checkpoint<Float>] = []
    let whole = try run(
      data, configuration, checkpoints: Checkpoints(every: .steps(3)) { kept.append($0) })
    #expect(kept.count >= 3)
    for checkpoint in kept {
      var network = try Network<Float>(
        sizes: [2, 40, 3], activations: [.relu, .softmax], loss: .crossEntropy, seed: 5)
      try Trainer<Float>(configuration: configuration).resume(
        &network, from: checkpoint, on: data, validation: data, metrics: TrainerTests.metrics,
        data: DataFingerprint(training: data, validation: data))
      #expect(network.parameters == whole.0)
    }
  }
}
