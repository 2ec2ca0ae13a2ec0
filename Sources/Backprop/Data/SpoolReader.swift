/// Deals the examples of a spooled data set into batches, holding one window of it at a time.
///
/// The batches are those of the same data in memory under the same `ShuffleBlock`. Their examples are
/// copied out of the window, which nobody else has; so a batch stays what it is for as long as it is held.
final class SpoolReader<T: Scalar> {
  let data: SpooledDataset<T>
  private let block: ShuffleBlock
  private let batchSize: Int
  private var window: Examples
  // Two, in turn: the last batch is still held when the next one is made.
  private var batch: Examples
  private var otherBatch: Examples
  private var order: BlockOrder
  /// Places in the window, in the order of the epoch, and how many of them have been dealt.
  private var places: [UInt32] = []
  private var position = 0
  private var dealt = 0
  /// Why the batches ended before the data did.
  private(set) var failure: FileError?

  private struct Examples {
    var inputs: Matrix<T>
    var targets: Matrix<T>
    /// `[1, rows]`; nil where all weigh the same.
    var weights: Matrix<T>?

    init(of data: SpooledDataset<T>, rows: Int, isCompact: Bool) {
      inputs = Matrix(rows: rows, columns: data.inputCount, isCompact: isCompact)
      targets = Matrix(rows: rows, columns: data.targetCount, isCompact: isCompact)
      weights = data.hasWeights ? Matrix(rows: 1, columns: rows) : nil
    }

    /// Takes the place of the rows from `row` on.
    mutating func copy(_ places: ArraySlice<UInt32>, of other: Examples, to row: Int) {
      inputs.copy(places, of: other.inputs, to: row)
      targets.copy(places, of: other.targets, to: row)
      guard let from = other.weights?.start, let to = weights?.mutableStart else { return }
      for (offset, place) in places.enumerated() { to[row + offset] = from[Int(place)] }
    }
  }

  /// - Parameters:
  ///   - data: What is dealt.
  ///   - block: The blocks and windows.
  ///   - batchSize: The most examples of a batch.
  init(_ data: SpooledDataset<T>, block: ShuffleBlock, batchSize: Int) {
    self.data = data
    self.block = block
    self.batchSize = batchSize
    let capacity = min(data.count, block.rows * block.window)
    window = Examples(of: data, rows: capacity, isCompact: true)
    batch = Examples(of: data, rows: min(batchSize, data.count), isCompact: false)
    otherBatch = Examples(of: data, rows: min(batchSize, data.count), isCompact: false)
    places.reserveCapacity(capacity)
    order = BlockOrder(count: 0, block: block, seed: 0, epoch: 0, shuffled: false)
  }

  /// Begins an epoch.
  func begin(seed: UInt64, epoch: Int, shuffled: Bool) {
    order = BlockOrder(
      count: data.count, block: block, seed: seed, epoch: epoch, shuffled: shuffled)
    places.removeAll(keepingCapacity: true)
    position = 0
    dealt = 0
  }

  /// The next batch; nil at the end of the epoch, or after a failure.
  func next() -> Batch<T>? {
    let wanted = min(batchSize, data.count - dealt)
    guard wanted > 0, failure == nil else { return nil }
    swap(&batch, &otherBatch)
    var filled = 0
    while filled < wanted {
      if position == places.count {
        do {
          try readWindow()
        } catch {
          failure = error
          return nil
        }
      }
      let some = places[position...].prefix(wanted - filled)
      batch.copy(some, of: window, to: filled)
      position += some.count
      filled += some.count
    }
    dealt += wanted
    return Batch(
      inputs: .numbers(batch.inputs),
      targets: StoredTargets(batch.targets, classCount: data.classCount), weights: batch.weights,
      rows: .range(0..<wanted))
  }

  private func readWindow() throws(FileError) {
    let data = data
    let inputs = window.inputs.mutableStart
    let targets = window.targets.mutableStart
    let weights = window.weights?.mutableStart
    _ = try order.nextWindow(into: &places) { (rows, place) throws(FileError) in
      try data.read(
        rows, inputs: inputs + place * data.inputCount,
        targets: targets + place * data.targetCount, weights: weights.map { $0 + place })
    }
    order.following(data.willRead)
    position = 0
  }
}

extension Matrix {
  /// Copies rows of another matrix, wherever they stand, over those from `row` on.
  fileprivate mutating func copy(_ places: ArraySlice<UInt32>, of other: Matrix, to row: Int) {
    let target = mutableStart + row * stride
    places.withUnsafeBufferPointer { indices in
      Element.kernels.gather(
        nil, indices.count, columns, other.operand, indices.baseAddress,
        .init(start: target, stride: stride))
    }
  }
}
