/// Deals the examples of a spooled data set into batches, holding one window of it at a time.
///
/// The batches are those of the same data in memory under the same `ShuffleBlock`.
final class SpoolReader<T: Scalar> {
  let data: SpooledDataset<T>
  private let block: ShuffleBlock
  private let batchSize: Int
  private let inputs: Matrix<T>
  private let targets: Matrix<T>
  private let weights: Matrix<T>?
  // The same memory. Batches refer to the matrices while the next window is read into them.
  private let starts: Starts
  /// A batch whose examples are from more than one window, made when first needed.
  private var seam: Seam?
  private var order: BlockOrder
  // Two, in turn: the last batch may still hold the one before.
  private var places: [UInt32] = []
  private var otherPlaces: [UInt32] = []
  private var position = 0
  private var dealt = 0
  /// Why the batches ended before the data did.
  private(set) var failure: FileError?

  private struct Starts {
    let inputs: UnsafeMutablePointer<T>
    let targets: UnsafeMutablePointer<T>
    let weights: UnsafeMutablePointer<T>?
  }

  private struct Seam {
    let inputs: Matrix<T>
    let targets: Matrix<T>
    let weights: Matrix<T>?
    let starts: Starts
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
    let made = Self.matrices(of: data, rows: capacity)
    (inputs, targets, weights, starts) = (made.inputs, made.targets, made.weights, made.starts)
    places.reserveCapacity(capacity)
    otherPlaces.reserveCapacity(capacity)
    order = BlockOrder(count: 0, block: block, seed: 0, epoch: 0, shuffled: false)
  }

  private static func matrices(of data: SpooledDataset<T>, rows: Int) -> Seam {
    var inputs = Matrix<T>(rows: rows, columns: data.inputCount, isCompact: true)
    var targets = Matrix<T>(rows: rows, columns: data.targetCount, isCompact: true)
    var weights = data.hasWeights ? Matrix<T>(rows: 1, columns: rows, isCompact: true) : nil
    let starts = Starts(
      inputs: inputs.mutableStart, targets: targets.mutableStart, weights: weights?.mutableStart)
    return Seam(inputs: inputs, targets: targets, weights: weights, starts: starts)
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
    do throws(FileError) {
      if position == places.count { try readWindow() }
      dealt += wanted
      if position + wanted <= places.count {
        let range = position..<(position + wanted)
        position = range.upperBound
        return Batch(
          inputs: .numbers(inputs), targets: StoredTargets(targets, classCount: data.classCount),
          weights: weights,
          rows: .indices(places[range]))
      }
      return try acrossWindows(wanted)
    } catch {
      failure = error
      return nil
    }
  }

  private func acrossWindows(_ wanted: Int) throws(FileError) -> Batch<T> {
    let seam = seam ?? Self.matrices(of: data, rows: batchSize)
    self.seam = seam
    var filled = 0
    while filled < wanted {
      if position == places.count { try readWindow() }
      let place = Int(places[position])
      (seam.starts.inputs + filled * data.inputCount).update(
        from: starts.inputs + place * data.inputCount, count: data.inputCount)
      (seam.starts.targets + filled * data.targetCount).update(
        from: starts.targets + place * data.targetCount, count: data.targetCount)
      if let weights = starts.weights { seam.starts.weights?[filled] = weights[place] }
      position += 1
      filled += 1
    }
    return Batch(
      inputs: .numbers(seam.inputs),
      targets: StoredTargets(seam.targets, classCount: data.classCount), weights: seam.weights,
      rows: .range(0..<wanted))
  }

  private func readWindow() throws(FileError) {
    swap(&places, &otherPlaces)
    let data = data
    let starts = starts
    _ = try order.nextWindow(into: &places) { (rows, place) throws(FileError) in
      try data.read(
        rows, inputs: starts.inputs + place * data.inputCount,
        targets: starts.targets + place * data.targetCount,
        weights: starts.weights.map { $0 + place })
    }
    order.following(data.willRead)
    position = 0
  }
}
