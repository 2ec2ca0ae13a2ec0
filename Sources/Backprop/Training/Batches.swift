/// The batches of one epoch, in order: each example once, the last batch perhaps shorter.
package struct Batches<T: Scalar>: Sequence, IteratorProtocol {
  private let inputs: StoredInputs<T>
  private let targets: StoredTargets<T>
  private let weights: Matrix<T>?
  private let order: [UInt32]?
  private let size: Int
  private var position = 0
  /// Deals them instead, if the data is spooled.
  private var reader: SpoolReader<T>?

  package init(
    inputs: StoredInputs<T>, targets: StoredTargets<T>, weights: Matrix<T>?, order: [UInt32]?,
    size: Int
  ) {
    self.inputs = inputs
    self.targets = targets
    self.weights = weights
    self.order = order
    self.size = size
  }

  /// The batches that a reader is about to deal.
  init(_ reader: SpoolReader<T>) {
    let none = Matrix<T>(rows: 0, columns: 0)
    self.init(
      inputs: .numbers(none), targets: StoredTargets(none), weights: nil, order: nil, size: 1)
    self.reader = reader
  }

  package mutating func next() -> Batch<T>? {
    if let reader { return reader.next() }
    let batch = upcoming
    position += batch?.count ?? 0
    return batch
  }

  /// The batch that `next()` will give; nil at the end, and where it has yet to be read from a file.
  var upcoming: Batch<T>? {
    guard reader == nil, position < inputs.count else { return nil }
    let range = position..<Swift.min(position + size, inputs.count)
    return Batch(
      inputs: inputs, targets: targets, weights: weights,
      rows: order.map { .indices($0[range]) } ?? .range(range))
  }
}

/// Deals the examples of a data set into batches, epoch after epoch.
///
/// The order of an epoch is a function of (seed, epoch) and, where blocks are shuffled, of their size
/// alone, so that a run that begins again at any epoch sees the same batches, and so does one that holds
/// its data in another way.
package struct BatchSource<T: Scalar> {
  private enum Examples {
    case memory(inputs: StoredInputs<T>, targets: StoredTargets<T>, weights: Matrix<T>?)
    case spooled(SpoolReader<T>)
  }

  private let examples: Examples
  private let seed: UInt64
  private let block: ShuffleBlock?
  private var order: [UInt32]

  package init(_ dataset: Dataset<T>, seed: UInt64) {
    self.init(.memory(dataset), seed: seed, block: nil, capacity: 0)
  }

  /// - Parameters:
  ///   - data: What is dealt.
  ///   - seed: The run's seed.
  ///   - block: The blocks that are shuffled; nil for single examples. Spooled data must have them.
  ///   - capacity: Examples of a batch of spooled data.
  init(_ data: TrainingExamples<T>, seed: UInt64, block: ShuffleBlock?, capacity: Int) {
    switch data {
    case .memory(let data):
      examples = .memory(
        inputs: data.storedInputs, targets: data.storedTargets,
        weights: data.weights.map { Matrix([$0]) }
      )
    case .spooled(let data):
      guard let block else { preconditionFailure("spooled data is shuffled in blocks") }
      examples = .spooled(SpoolReader(data, block: block, batchSize: capacity))
    }
    self.seed = seed
    self.block = block
    order = []
  }

  /// Why the last epoch ended before its data did.
  var failure: FileError? {
    if case .spooled(let reader) = examples { reader.failure } else { nil }
  }

  /// The batches of one epoch.
  ///
  /// - Parameters:
  ///   - size: Examples a batch; of spooled data the capacity.
  ///   - epoch: From 1.
  ///   - shuffled: Whether the order is random; else it is the data's own.
  package mutating func batches(of size: Int, epoch: Int, shuffled: Bool) -> Batches<T> {
    switch examples {
    case .spooled(let reader):
      reader.begin(seed: seed, epoch: epoch, shuffled: shuffled)
      return Batches(reader)
    case .memory(let inputs, let targets, let weights):
      if shuffled { deal(inputs.count, epoch: epoch) }
      return Batches(
        inputs: inputs, targets: targets, weights: weights, order: shuffled ? order : nil,
        size: size)
    }
  }

  private mutating func deal(_ count: Int, epoch: Int) {
    if order.isEmpty {
      order = [UInt32](repeating: 0, count: count)
    }
    if let block {
      var blocks = BlockOrder(
        count: count, block: block, seed: seed, epoch: epoch, shuffled: true)
      blocks.all(into: &order)
      return
    }
    for index in order.indices { order[index] = UInt32(index) }
    var random = RandomSource(seed: seed, purpose: .shuffle, index: UInt32(epoch))
    random.shuffle(&order)
  }
}
