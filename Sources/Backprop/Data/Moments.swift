/// Mean and standard deviation of numbers in one pass, without the cancellation of Σx² − (Σx)²/n.
///
/// Welford 1962 (doi:10.1080/00401706.1962.10490022): M ← M + (x − M)/n, S ← S + (x − M)(x − M′).
struct Moments {
  private(set) var count = 0
  private(set) var mean = 0.0
  private var squares = 0.0
  private var smallest = Double.infinity
  private var largest = -Double.infinity

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
