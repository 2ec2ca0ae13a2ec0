/// A shuffle that needs only a part of the data at a time: blocks in random order, shuffled in windows.
///
/// The data is cut into blocks of `rows` consecutive examples. Each epoch takes the blocks in a random
/// order, joins `window` of them at a time and shuffles the examples within each such window:
///
///     order = π₁(B₍σ₁₎ ∪ … ∪ B₍σw₎), π₂(B₍σw₊₁₎ ∪ …), …
///
/// σ and all π are drawn (Fisher–Yates) from the stream (seed, shuffle, epoch), so the order is a
/// function of the seed, the epoch, `rows`, `window` and the number of examples, and of nothing else:
/// not of how the data is held. Any two examples can meet in a batch, but two of the same block stand in
/// the same window in every epoch, and are therefore together more often than under a full shuffle.
/// With `rows` 1 any order is as likely as any other. An example moves as far as under a full shuffle,
/// n/3 places on average, as long as there are many windows.
package struct ShuffleBlock: Codable, Hashable, Sendable {
  /// Consecutive examples of a block, at least 1.
  package var rows: Int
  /// Blocks that are shuffled together, at least 1.
  package var window: Int

  /// Enough blocks that a window of sorted data still has examples from all over it.
  package static let usualWindow = 64

  package init(rows: Int, window: Int = Self.usualWindow) {
    self.rows = rows
    self.window = window
  }

  /// - Throws: `ConfigurationError` if a number is below 1, or the rows of a window are more than
  ///   2³² − 1.
  package func validate() throws(ConfigurationError) {
    let most = Int(UInt32.max)
    try NumberRange.whole(1...most).check(window, "shuffleBlock.window")
    try NumberRange.whole(1...most / window).check(rows, "shuffleBlock.rows")
  }
}

/// The order of one epoch, window after window.
struct BlockOrder {
  private let count: Int
  private let block: ShuffleBlock
  private let isShuffled: Bool
  private var blocks: [UInt32]
  private var position = 0
  private var random: RandomSource

  /// - Parameters:
  ///   - count: Number of examples.
  ///   - block: How they are dealt.
  ///   - seed: The run's seed.
  ///   - epoch: From 1.
  ///   - shuffled: Whether the order is random; else it is the data's own.
  init(count: Int, block: ShuffleBlock, seed: UInt64, epoch: Int, shuffled: Bool) {
    self.count = count
    self.block = block
    isShuffled = shuffled
    blocks = [UInt32](0..<UInt32((count + block.rows - 1) / block.rows))
    random = RandomSource(seed: seed, purpose: .shuffle, index: UInt32(epoch))
    if shuffled { random.shuffle(&blocks) }
  }

  /// The rows of each block of the next window; none if the epoch is over.
  private mutating func nextBlocks() -> ArraySlice<UInt32> {
    let range = position..<min(position + block.window, blocks.count)
    position = range.upperBound
    return blocks[range]
  }

  private func rows(of index: UInt32) -> Range<Int> {
    let start = Int(index) * block.rows
    return start..<min(start + block.rows, count)
  }

  /// The next window of a source that holds only a window.
  ///
  /// - Parameters:
  ///   - order: Receives the places in the window in the order of the epoch.
  ///   - load: Is told each block's rows in the data and its place in the window.
  /// - Returns: The number of examples, 0 if the epoch is over.
  mutating func nextWindow<Failure: Error>(
    into order: inout [UInt32], load: (_ rows: Range<Int>, _ place: Int) throws(Failure) -> Void
  ) throws(Failure) -> Int {
    var place = 0
    for index in nextBlocks() {
      let rows = rows(of: index)
      try load(rows, place)
      place += rows.count
    }
    order.removeAll(keepingCapacity: true)
    for index in 0..<place { order.append(UInt32(index)) }
    if isShuffled { random.shuffle(&order) }
    return place
  }

  /// The blocks after the window that was last, for a source that reads ahead.
  func following(_ body: (Range<Int>) -> Void) {
    for index in blocks[position..<min(position + block.window, blocks.count)] {
      body(rows(of: index))
    }
  }

  /// The rest of the epoch, for a source that holds all examples.
  mutating func all(into order: inout [UInt32]) {
    var filled = 0
    while position < blocks.count {
      let start = filled
      for index in nextBlocks() {
        for row in rows(of: index) {
          order[filled] = UInt32(row)
          filled += 1
        }
      }
      if isShuffled { random.shuffle(&order, in: start..<filled) }
    }
  }
}
