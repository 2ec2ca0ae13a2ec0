/// Adds up the gradient of a batch in an order that any number of workers can keep.
///
/// The batch of m examples is cut by position into s shards, shard i of s being the examples
/// ⌊i m/s⌋ ..< ⌊(i + 1) m/s⌋. The gradient of each is summed in ascending order, and the sums are added
/// by a binary tree that depends on s alone, its left part the largest power of two below s:
///
///     G(a, b) = G(a, a + h) + G(a + h, b),     h = 2^⌈log₂(b − a)⌉ ⁄ 2
///
/// so that five shards are ((g₀ + g₁) + (g₂ + g₃)) + g₄. The factor 1/m of a mean is in δ already, and is
/// that of the whole batch. δ itself is formed for all examples at once: a row of it does not depend on
/// the others. Memory: ⌈log₂ s⌉ times the largest layer.
final class ShardSums<T: Scalar>: Sendable {
  /// s, at least 2.
  let count: Int
  private let layout: ParameterLayout
  /// One partial sum for each level of the tree.
  private let partial: [AlignedBuffer<T>]

  init(count: Int, layout: ParameterLayout) {
    precondition(count >= 2, "\(count) shards")
    self.count = count
    self.layout = layout
    let levels = Int.bitWidth - (count - 1).leadingZeroBitCount
    partial = (0..<levels).map { _ in AlignedBuffer(count: layout.count) }
  }

  /// Forms the gradient of one layer.
  ///
  /// - Parameters:
  ///   - rows: Examples of the batch.
  ///   - layer: Whose tensors are formed.
  ///   - target: Receives them, in their places in the flat buffer.
  ///   - form: Writes the sum over some of the examples.
  func form(
    rows: Int, of layer: Int, into target: UnsafeMutablePointer<T>, pool: ThreadPool?,
    _ form: (Range<Int>, UnsafeMutablePointer<T>) -> Void
  ) {
    add(0..<count, level: 0, rows, layer, target, pool, form)
  }

  private func add(
    _ shards: Range<Int>, level: Int, _ rows: Int, _ layer: Int,
    _ target: UnsafeMutablePointer<T>, _ pool: ThreadPool?,
    _ form: (Range<Int>, UnsafeMutablePointer<T>) -> Void
  ) {
    if shards.count == 1 {
      form(shards.lowerBound * rows / count..<shards.upperBound * rows / count, target)
      return
    }
    let half = 1 << (Int.bitWidth - 1 - (shards.count - 1).leadingZeroBitCount)
    let middle = shards.lowerBound + half
    let right = partial[level].start
    add(shards.lowerBound..<middle, level: level + 1, rows, layer, target, pool, form)
    add(middle..<shards.upperBound, level: level + 1, rows, layer, right, pool, form)
    for area in layout.areas(of: layer) {
      // g ← g + 1 · h, exact but for one rounding; biases take part.
      T.kernels.add_penalty_gradient(pool?.handle, area.panels, 1, right, target)
    }
  }
}
