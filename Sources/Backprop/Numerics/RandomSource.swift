/// Counter-based random numbers: Philox 4×32-10.
///
/// Salmon, Moraes, Dror, Shaw: Parallel Random Numbers: As Easy as 1, 2, 3 (SC 2011),
/// doi:10.1145/2063384.2063405. The n-th block of a stream is a function of (seed, purpose, epoch, n)
/// alone. So there is nothing to save in a checkpoint, and nothing depends on threads or workers.
package struct RandomSource: Sendable {
  /// What a stream is for. Streams of different purposes are independent.
  package enum Purpose: UInt32, Sendable {
    case initialization = 1
    case shuffle = 2
    case split = 3
    case dropout = 4
    case sampling = 5
    case bootstrap = 16
    case inputNoise = 20
    case mixup = 21
    case testSplit = 24
    case categoryDropout = 25
    case member = 26
    case trial = 27
    case permutation = 32
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
  package init(seed: UInt64, purpose: Purpose, index: UInt32 = 0) {
    key = (UInt32(truncatingIfNeeded: seed), UInt32(truncatingIfNeeded: seed >> 32))
    stream = (purpose.rawValue, index)
  }

  /// One block of Philox 4×32-10: four words for a counter and a key.
  package static func philox(
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
  package mutating func nextWord() -> UInt32 {
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
  package mutating func index(below bound: Int) -> Int {
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

  /// A number in the open interval (0, 1): (n + ½) / 2⁵² for 52 random bits n, each exact.
  package mutating func uniform() -> Double {
    let high = UInt64(nextWord() >> 6)
    let low = UInt64(nextWord() >> 6)
    return (Double(high << 26 | low) + 0.5) * 0x1p-52
  }

  /// The indices 0 ..< count in random order (Fisher–Yates; Durstenfeld 1964).
  ///
  /// - Complexity: O(count).
  package mutating func permutation(of count: Int) -> [UInt32] {
    var indices = [UInt32](0..<UInt32(count))
    shuffle(&indices)
    return indices
  }

  /// Puts the elements into random order, in place, without allocation.
  ///
  /// - Parameter count: How many of the first indices take part; nil for all.
  package mutating func shuffle(_ indices: inout [UInt32], count: Int? = nil) {
    shuffle(&indices, in: 0..<(count ?? indices.count))
  }

  /// The same for a part of them, as if it were an array of its own.
  mutating func shuffle(_ indices: inout [UInt32], in range: Range<Int>) {
    var last = range.count - 1
    while last > 0 {
      // Not swapAt, which allocates in a build without optimisation.
      let chosen = range.lowerBound + index(below: last + 1)
      let kept = indices[range.lowerBound + last]
      indices[range.lowerBound + last] = indices[chosen]
      indices[chosen] = kept
      last -= 1
    }
  }
}

extension RandomSource {
  /// A standard normal number, by the inverse of the distribution function.
  ///
  /// Wichura 1988, algorithm AS 241 (PPND16), doi:10.2307/2347330: relative accuracy about 1e-16.
  /// The inverse uses one uniform number for one normal number, and needs only a logarithm and a
  /// square root.
  package mutating func normal() -> Double {
    Self.normalQuantile(uniform())
  }

  /// Φ⁻¹(p) for 0 < p < 1.
  static func normalQuantile(_ p: Double) -> Double {
    let q = p - 0.5
    if abs(q) <= 0.425 {
      let r = 0.180625 - q * q
      let numerator = polynomial(
        r, 3.387132872796366608, 133.14166789178437745, 1971.5909503065514427,
        13731.693765509461125, 45921.953931549871457, 67265.770927008700853,
        33430.575583588128105, 2509.0809287301226727)
      let denominator = polynomial(
        r, 1, 42.313330701600911252, 687.1870074920579083, 5394.1960214247511077,
        21213.794301586595867, 39307.89580009271061, 28729.085735721942674,
        5226.495278852854561)
      return q * numerator / denominator
    }
    let tail = (-Double.naturalLogarithm(q < 0 ? p : 1 - p)).squareRoot()
    let magnitude: Double
    if tail <= 5 {
      let r = tail - 1.6
      magnitude =
        polynomial(
          r, 1.42343711074968357734, 4.6303378461565452959, 5.7694972214606914055,
          3.64784832476320460504, 1.27045825245236838258, 0.24178072517745061177,
          0.0227238449892691845833, 7.7454501427834140764e-4)
        / polynomial(
          r, 1, 2.05319162663775882187, 1.6763848301838038494, 0.68976733498510000455,
          0.14810397642748007459, 0.0151986665636164571966, 5.475938084995344946e-4,
          1.05075007164441684324e-9)
    } else {
      let r = tail - 5
      magnitude =
        polynomial(
          r, 6.6579046435011037772, 5.4637849111641143699, 1.7848265399172913358,
          0.29656057182850489123, 0.026532189526576123093, 0.0012426609473880784386,
          2.71155556874348757815e-5, 2.01033439929228813265e-7)
        / polynomial(
          r, 1, 0.59983220655588793769, 0.13692988092273580531, 0.0148753612908506148525,
          7.868691311456132591e-4, 1.8463183175100546818e-5, 1.4215117583164458887e-7,
          2.04426310338993978564e-15)
    }
    return q < 0 ? -magnitude : magnitude
  }

  /// c₀ + c₁ x + … + c₇ x⁷ by Horner's rule, each step fused.
  private static func polynomial(
    _ x: Double, _ c0: Double, _ c1: Double, _ c2: Double, _ c3: Double, _ c4: Double, _ c5: Double,
    _ c6: Double, _ c7: Double
  ) -> Double {
    var value = c7
    value = c6.addingProduct(value, x)
    value = c5.addingProduct(value, x)
    value = c4.addingProduct(value, x)
    value = c3.addingProduct(value, x)
    value = c2.addingProduct(value, x)
    value = c1.addingProduct(value, x)
    return c0.addingProduct(value, x)
  }
}
