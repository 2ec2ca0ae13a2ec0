/// Mean and standard deviation of numbers in one pass, without the cancellation of Σx² − (Σx)²/n.
///
/// Welford 1962 (doi:10.1080/00401706.1962.10490022): M ← M + (x − M)/n, S ← S + (x − M)(x − M′).
struct Moments {
  private(set) var count = 0
  private(set) var mean = 0.0
  private var squares = 0.0
  private var smallest = Double.infinity
  private var largest = -Double.infinity

  init() {}

  fileprivate init(
    count: Int, mean: Double, squares: Double, smallest: Double, largest: Double
  ) {
    (self.count, self.mean, self.squares) = (count, mean, squares)
    (self.smallest, self.largest) = (smallest, largest)
  }

  @inline(__always)
  mutating func add(_ value: Double) {
    count += 1
    let difference = value - mean
    mean += difference / Double(count)
    squares += difference * (value - mean)
    smallest = min(smallest, value)
    largest = max(largest, value)
  }

  /// The standard deviation with n in the denominator. Exactly 0 if all numbers are equal, which
  /// rounding in `squares` would hide.
  var deviation: Double {
    smallest < largest ? (squares / Double(count)).squareRoot() : 0
  }
}

/// The moments of neighbouring columns, by a kernel that takes 16 of them at a time: the bits of
/// `Moments`, in a tenth of the time.
struct ColumnMoments {
  let columns: Range<Int>
  private let stride: Int
  // Rows of count, mean, squares, smallest and largest.
  private var state: [Double]

  /// - Parameter columns: Which columns of a chunk.
  init(columns: Range<Int>) {
    self.columns = columns
    stride = (columns.count + 15) / 16 * 16
    state =
      [Double](repeating: 0, count: 3 * stride)
      + [Double](repeating: .infinity, count: stride)
      + [Double](repeating: -.infinity, count: stride)
  }

  /// Adds the rows of a chunk; NaN is left out.
  mutating func add(_ chunk: TableChunk) {
    state.withUnsafeMutableBufferPointer {
      Double.kernels.add_moments(
        chunk.count, columns.count,
        .init(
          start: UnsafeMutableRawPointer(mutating: chunk.values + columns.lowerBound),
          stride: chunk.width), .init(start: $0.baseAddress, stride: stride))
    }
  }

  /// The moments of a column of the chunks.
  subscript(column: Int) -> Moments {
    let at = column - columns.lowerBound
    return Moments(
      count: Int(state[at]), mean: state[stride + at], squares: state[2 * stride + at],
      smallest: state[3 * stride + at], largest: state[4 * stride + at])
  }
}
