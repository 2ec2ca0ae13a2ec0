/// Counter-based random numbers: Philox 4×32-10.
///
/// Salmon, Moraes, Dror, Shaw: Parallel Random Numbers: As Easy as 1, 2, 3 (SC 2011),
/// doi:10.1145/2063384.2063405. The n-th block of a stream is a function of (seed, purpose, epoch, n)
/// alone. So there is nothing to save in a checkpoint, and nothing depends on threads or workers.
public struct RandomSource: Sendable {
  /// What a stream is for. Streams of different purposes are independent.
  public enum Purpose: UInt32, Sendable {
    case initialization = 1
    case shuffle = 2
    case split = 3
    case dropout = 4
    case sampling = 5
  }

  private let key: (UInt32, UInt32)
  private let stream: (UInt32, UInt32)
  private var block: UInt64 = 0
  private var words = (UInt32(0), UInt32(0), UInt32(0), UInt32(0))
  private var unused = 0

  /// Opens the stream for (seed, purpose, index) at its beginning.
  ///
  /// - Parameters:
  ///   - seed: The run's seed.
  ///   - purpose: What the numbers are for.
  ///   - index: A counter within the purpose: the epoch of a shuffle, the number of a tensor.
  public init(seed: UInt64, purpose: Purpose, index: UInt32 = 0) {
    key = (UInt32(truncatingIfNeeded: seed), UInt32(truncatingIfNeeded: seed >> 32))
    stream = (purpose.rawValue, index)
  }

  /// One block of Philox 4×32-10: four words for a counter and a key.
  public static func philox(
    counter: (UInt32, UInt32, UInt32, UInt32), key: (UInt32, UInt32)
  ) -> (UInt32, UInt32, UInt32, UInt32) {
    var (c0, c1, c2, c3) = counter
    var (k0, k1) = key
    for _ in 0..<10 {
      let p0 = UInt64(0xD251_1F53) &* UInt64(c0)
      let p1 = UInt64(0xCD9E_8D57) &* UInt64(c2)
      (c0, c1, c2, c3) = (
        UInt32(truncatingIfNeeded: p1 >> 32) ^ c1 ^ k0, UInt32(truncatingIfNeeded: p1),
        UInt32(truncatingIfNeeded: p0 >> 32) ^ c3 ^ k1, UInt32(truncatingIfNeeded: p0)
      )
      k0 &+= 0x9E37_79B9
      k1 &+= 0xBB67_AE85
    }
    return (c0, c1, c2, c3)
  }

  /// The next 32 random bits.
  public mutating func nextWord() -> UInt32 {
    if unused == 0 {
      let low = UInt32(truncatingIfNeeded: block)
      let high = UInt32(truncatingIfNeeded: block >> 32)
      words = Self.philox(counter: (low, high, stream.0, stream.1), key: key)
      block &+= 1
      unused = 4
    }
    unused -= 1
    switch unused {
    case 3: return words.0
    case 2: return words.1
    case 1: return words.2
    default: return words.3
    }
  }

  /// A number in 0 ..< bound, each equally likely (Lemire 2019, doi:10.1145/3230636).
  ///
  /// - Precondition: `bound` is at least 1.
  public mutating func index(below bound: Int) -> Int {
    precondition(bound >= 1 && bound <= Int(UInt32.max), "bound \(bound) is not in 1 ... 2³²−1")
    let range = UInt32(bound)
    var product = UInt64(nextWord()) &* UInt64(range)
    if UInt32(truncatingIfNeeded: product) < range {
      let threshold = (0 &- range) % range
      while UInt32(truncatingIfNeeded: product) < threshold {
        product = UInt64(nextWord()) &* UInt64(range)
      }
    }
    return Int(product >> 32)
  }

  /// A number in the open interval (0, 1): (n + ½) / 2⁵³ for 53 random bits n.
  public mutating func uniform() -> Double {
    let high = UInt64(nextWord() >> 5)
    let low = UInt64(nextWord() >> 6)
    return (Double(high << 26 | low) + 0.5) * 0x1p-53
  }

  /// The indices 0 ..< count in random order (Fisher–Yates; Durstenfeld 1964).
  ///
  /// - Complexity: O(count).
  public mutating func permutation(of count: Int) -> [UInt32] {
    var indices = [UInt32](0..<UInt32(count))
    shuffle(&indices)
    return indices
  }

  /// Puts the elements into random order, in place, without allocation.
  public mutating func shuffle(_ indices: inout [UInt32]) {
    var last = indices.count - 1
    while last > 0 {
      indices.swapAt(last, index(below: last + 1))
      last -= 1
    }
  }
}
