import Backprop

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// The outputs of softmax from its weighted inputs, by the textbook.
struct SoftmaxFormula {
  private let terms: [Double]
  private let sum: Double
  private let distances: [Double]

  init(_ z: [Double]) {
    let most = z.max() ?? 0
    distances = z.map { most - $0 }
    terms = distances.map { exp(-$0) }
    sum = terms.reduce(0, +)
  }

  /// e^(z − max) moves by a share of |z − max| ε when z does by ε.
  func output(_ j: Int) -> RightSide {
    let value = terms[j] / sum
    return RightSide(value: value, scale: value * (1 + distances[j]))
  }
}
