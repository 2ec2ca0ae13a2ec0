/// Mean and standard deviation of numbers in one pass, without the cancellation of Σx² − (Σx)²/n.
///
/// Welford 1962 (doi:10.1080/00401706.1962.10490022): M ← M + (x − M)/n, S ← S + (x − M)(x − M′).
struct Moments {
  private(set) var count = 0
  // Of the numbers times `scale`, as are the next three.
  private var scaledMean = 0.0
  private var squares = 0.0
  private var smallestScaled = Double.infinity
  private var largestScaled = -Double.infinity
  private var scale = 1.0

  init() {}

  /// Those of two groups of numbers together (Chan, Golub and LeVeque 1983,
  /// doi:10.1080/00031305.1983.10483115), with δ = M₂ − M₁:
  ///
  ///     M = M₁ + δ n₂/n        S = S₁ + S₂ + δ² n₁n₂/n
  ///
  /// - Precondition: Both have the same scale.
  init(_ first: Moments, _ second: Moments) {
    precondition(first.scale == second.scale, "moments of other units")
    self = first
    guard second.count > 0 else { return }
    guard first.count > 0 else {
      self = second
      return
    }
    count += second.count
    let difference = second.scaledMean - first.scaledMean
    let part = Double(second.count) / Double(count)
    scaledMean += difference * part
    squares += second.squares + difference * difference * (Double(first.count) * part)
    smallestScaled = min(smallestScaled, second.smallestScaled)
    largestScaled = max(largestScaled, second.largestScaled)
  }

  fileprivate init(
    count: Int, mean: Double, squares: Double, smallest: Double, largest: Double, scale: Double
  ) {
    (self.count, scaledMean, self.squares) = (count, mean, squares)
    (smallestScaled, largestScaled, self.scale) = (smallest, largest, scale)
  }

  @inline(__always)
  mutating func add(_ value: Double) {
    count += 1
    let difference = value - scaledMean
    scaledMean += difference / Double(count)
    squares += difference * (value - scaledMean)
    smallestScaled = min(smallestScaled, value)
    largestScaled = max(largestScaled, value)
  }

  var mean: Double { scaledMean / scale }

  /// The smallest and the largest of the numbers; infinite if there are none.
  var smallest: Double { smallestScaled / scale }
  var largest: Double { largestScaled / scale }

  /// The standard deviation with n in the denominator. 0 if all numbers are equal, which rounding in
  /// `squares` would hide, or as near to each other as rounding makes equal numbers (0.3 and 0.1 + 0.2).
  var deviation: Double {
    let most = max(abs(smallestScaled), abs(largestScaled))
    guard largestScaled - smallestScaled > most * Self.rounding else { return 0 }
    return max((squares / Double(count)).squareRoot() / scale, .leastNonzeroMagnitude)
  }

  /// Of a few sums of numbers of one magnitude: 16 units in the last place.
  private static let rounding = 0x1p-48

  /// What to multiply the numbers by in a second pass, because squares of theirs are too small or too
  /// large for a Double: a power of two, which changes no digit. Nil if none are.
  var neededScale: Double? {
    let most = max(abs(smallestScaled), abs(largestScaled))
    guard smallestScaled < largestScaled, !(0x1p-400...0x1p400).contains(most) else { return nil }
    return Double(sign: .plus, exponent: max(-1022, min(1023, -Int(most.exponent))), significand: 1)
  }
}

/// The moments of neighbouring columns, by a kernel that takes 16 of them at a time.
///
/// Rows are cut into blocks of `blockRows`. Those of a block are added one after the other, bit for bit
/// as `Moments` adds numbers; blocks are joined by the binary tree that joins those of a batch: two
/// neighbours, two neighbouring pairs, and so on. So a block may be summed wherever it is at hand.
struct ColumnMoments {
  static let blockRows = 65_536

  let columns: Range<Int>
  private let stride: Int
  private let scales: [Double]?
  /// Of the block that is under way: rows of count, mean, squares, smallest and largest.
  private var state: [Double]
  private var rowsOfBlock = 0
  private var wholeBlocks = BlockTree<[Moments]>()

  /// - Parameters:
  ///   - columns: Which columns of a chunk.
  ///   - scales: What to multiply each by; nil for nothing.
  init(columns: Range<Int>, scales: [Double]? = nil) {
    self.columns = columns
    self.scales = scales
    stride = (columns.count + 15) / 16 * 16
    state = Self.empty(stride)
  }

  private static func empty(_ stride: Int) -> [Double] {
    [Double](repeating: 0, count: 3 * stride)
      + [Double](repeating: .infinity, count: stride)
      + [Double](repeating: -.infinity, count: stride)
  }

  /// Adds the rows of a chunk; NaN is left out.
  mutating func add(_ chunk: TableChunk) {
    guard let scales else {
      return add(chunk.count, chunk.values + columns.lowerBound, chunk.width)
    }
    var scaled = [Double](repeating: 0, count: chunk.count * stride)
    for row in 0..<chunk.count {
      for (at, column) in columns.enumerated() {
        scaled[row * stride + at] = chunk.values[row * chunk.width + column] * scales[at]
      }
    }
    scaled.withUnsafeBufferPointer {
      if let start = $0.baseAddress { add(chunk.count, start, stride) }
    }
  }

  private mutating func add(_ rows: Int, _ values: UnsafePointer<Double>, _ width: Int) {
    var row = 0
    while row < rows {
      let count = min(rows - row, Self.blockRows - rowsOfBlock)
      state.withUnsafeMutableBufferPointer {
        Double.kernels.add_moments(
          count, columns.count,
          .init(start: UnsafeMutableRawPointer(mutating: values + row * width), stride: width),
          .init(start: $0.baseAddress, stride: stride))
      }
      row += count
      rowsOfBlock += count
      if rowsOfBlock == Self.blockRows { closeBlock() }
    }
  }

  private mutating func closeBlock() {
    wholeBlocks.add(momentsOfBlock, Self.join)
    rowsOfBlock = 0
    state = Self.empty(stride)
  }

  private static func join(_ left: inout [Moments], _ right: [Moments]) {
    for at in left.indices { left[at] = Moments(left[at], right[at]) }
  }

  private var momentsOfBlock: [Moments] {
    columns.indices.map { column in
      let at = column - columns.lowerBound
      return Moments(
        count: Int(state[at]), mean: state[stride + at], squares: state[2 * stride + at],
        smallest: state[3 * stride + at], largest: state[4 * stride + at],
        scale: scales?[at] ?? 1)
    }
  }

  /// The moments of all columns of the chunks.
  var moments: [Moments] {
    wholeBlocks.sum(with: momentsOfBlock, Self.join) ?? []
  }
}
