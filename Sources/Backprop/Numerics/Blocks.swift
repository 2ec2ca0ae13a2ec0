/// How the rows of a batch are cut, so that whatever is summed over a batch is summed in an order that
/// any number of threads, and of processes, can keep.
///
/// Block i of s holds rows ⌊i m/s⌋ ..< ⌊(i + 1) m/s⌋. Gradient and metrics of a block are each summed over
/// its rows in ascending order, its loss by the lanes of `sum`, and blocks are added by a binary tree that
/// depends on s alone, its left part the largest power of two below s:
///
///     S(a, b) = S(a, a + h) + S(a + h, b),     h = 2^⌈log₂(b − a)⌉ ⁄ 2
///
/// so that five blocks are ((g₀ + g₁) + (g₂ + g₃)) + g₄. Blocks fix the bits; in which order, on which
/// thread and product by product or block by block they are computed does not. The factor 1/m of a mean is
/// in δ already, and is that of the whole batch.
package struct Blocks: Hashable, Sendable {
  /// m, rows of the batch.
  package let rows: Int
  /// s, at least 1. Blocks may be empty.
  package let count: Int

  /// The rows of one block.
  package func rows(of block: Int) -> Range<Int> {
    block * rows / count..<(block + 1) * rows / count
  }

  /// Into how many blocks a batch is cut: a function of its length and of the size of the network alone.
  ///
  /// A power of two: two from 16 rows on, then one for every 32 rows up to 16, and from 8,192 rows on so
  /// many that none is longer than 512, 65,536 at most. A network of 2²² parameters has one for every 16
  /// rows, so that 16 workers can share a batch of 256.
  ///
  /// What it costs: each element of the gradient is written once and added once more for each two
  /// blocks, beside the rows of a block that are multiplied and added for it.
  ///
  /// - Parameters:
  ///   - rows: m, at least 0.
  ///   - parameters: Weights, biases and whatever else is learnt.
  package static func count(rows: Int, parameters: Int) -> Int {
    guard rows >= 16 else { return 1 }
    let length = parameters >= 1 << 22 ? 16 : 32
    let fair = min(16, rows / length)
    let needed = (rows + 511) / 512
    let powerBelow = fair < 2 ? 2 : 1 << (Int.bitWidth - 1 - fair.leadingZeroBitCount)
    let powerAbove = needed < 2 ? 1 : 1 << (Int.bitWidth - (needed - 1).leadingZeroBitCount)
    return min(max(powerBelow, powerAbove), most)
  }

  /// As many as the kernels count.
  private static var most: Int { 1 << 16 }

  /// Adds numbers of all blocks, one each, by the tree.
  func sum(_ value: (Int) -> Double) -> Double { Self.sum(0..<count, value) }

  private static func sum(_ blocks: Range<Int>, _ value: (Int) -> Double) -> Double {
    if blocks.count == 1 { return value(blocks.lowerBound) }
    let half = 1 << (Int.bitWidth - 1 - (blocks.count - 1).leadingZeroBitCount)
    let middle = blocks.lowerBound + half
    return sum(blocks.lowerBound..<middle, value) + sum(middle..<blocks.upperBound, value)
  }

  /// Adds values of all blocks by the tree, in place: the sum is left in the first. Allocates nothing.
  func merge<Value>(
    _ values: UnsafeMutableBufferPointer<Value>, _ add: (inout Value, Value) -> Void
  ) {
    var stride = 1
    while stride < count {
      var left = 0
      while left + stride < count {
        add(&values[left], values[left + stride])
        left += 2 * stride
      }
      stride *= 2
    }
  }
}

/// The tree of `Blocks` over values that come one after the other, of which nobody knows how many there
/// will be: for each bit of their number it keeps the sum of so many, the largest first.
struct BlockTree<Value> {
  private var count = 0
  private var sums: [Value] = []

  /// - Parameter join: Adds the second value, of later blocks, to the first.
  mutating func add(_ value: Value, _ join: (inout Value, Value) -> Void) {
    var value = value
    // A carry of binary addition: two sums of as many blocks become one.
    for _ in 0..<(~count).trailingZeroBitCount {
      var sum = sums.removeLast()
      join(&sum, value)
      value = sum
    }
    sums.append(value)
    count += 1
  }

  /// The sum of all, and of one more if there is one; nil of none.
  func sum(with last: Value? = nil, _ join: (inout Value, Value) -> Void) -> Value? {
    (sums + [last].compactMap(\.self)).reversed().reduce(nil as Value?) { right, left in
      guard let right else { return left }
      var left = left
      join(&left, right)
      return left
    }
  }
}
