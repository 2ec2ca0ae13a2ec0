/// The batches of one epoch, in order: each example once, the last batch perhaps shorter.
public struct Batches<T: Scalar>: Sequence, IteratorProtocol {
  private let inputs: Matrix<T>
  private let targets: Matrix<T>
  private let weights: Matrix<T>?
  private let order: [UInt32]?
  private let size: Int
  private var position = 0

  init(
    inputs: Matrix<T>, targets: Matrix<T>, weights: Matrix<T>?, order: [UInt32]?, size: Int
  ) {
    self.inputs = inputs
    self.targets = targets
    self.weights = weights
    self.order = order
    self.size = size
  }

  public mutating func next() -> Batch<T>? {
    guard position < inputs.rows else { return nil }
    let range = position..<Swift.min(position + size, inputs.rows)
    position = range.upperBound
    return Batch(
      inputs: inputs, targets: targets, weights: weights,
      rows: order.map { .indices($0[range]) } ?? .range(range))
  }
}

/// Deals the examples of a data set into batches, epoch after epoch.
///
/// The order of an epoch is a function of (seed, epoch) alone, so that a run that begins again at any
/// epoch sees the same batches.
struct BatchSource<T: Scalar> {
  private let inputs: Matrix<T>
  private let targets: Matrix<T>
  private let weights: Matrix<T>?
  private let seed: UInt64
  private var order: [UInt32]

  init(_ dataset: Dataset<T>, seed: UInt64) {
    inputs = dataset.inputs
    targets = dataset.targets
    weights = dataset.weights.map { Matrix([$0]) }
    self.seed = seed
    order = []
  }

  /// The batches of one epoch.
  ///
  /// - Parameters:
  ///   - size: Examples a batch.
  ///   - epoch: From 1.
  ///   - shuffled: Whether the order is random; else it is the data's own.
  mutating func batches(of size: Int, epoch: Int, shuffled: Bool) -> Batches<T> {
    if shuffled {
      if order.isEmpty {
        order = [UInt32](repeating: 0, count: inputs.rows)
      }
      for index in order.indices { order[index] = UInt32(index) }
      var random = RandomSource(seed: seed, purpose: .shuffle, index: UInt32(epoch))
      random.shuffle(&order)
    }
    return Batches(
      inputs: inputs, targets: targets, weights: weights, order: shuffled ? order : nil, size: size)
  }
}
