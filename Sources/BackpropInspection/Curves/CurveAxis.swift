import Backprop

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// The scale of a curve's values, with round ticks; it begins and ends at one.
package struct CurveAxis {
  package struct Tick: Equatable {
    let value: Double
    let label: String
  }

  package let isLogarithmic: Bool
  /// Ascending, at least two.
  package let ticks: [Tick]

  private static let mostTicks = 6

  /// Equal steps of 1, 2 or 5 times a power of ten.
  ///
  /// - Parameters:
  ///   - range: What must find room; of magnitudes from 1e-100 to 1e100, or 0.
  ///   - limits: Values beyond which there are none, so that no tick is needed.
  package init(linear range: ClosedRange<Double>, limits: ClosedRange<Double>? = nil) {
    isLogarithmic = false
    var (low, high) = (range.lowerBound, range.upperBound)
    let size = max(abs(low), abs(high))
    // Curves that are flat in all digits that matter are drawn in the middle.
    if !(high - low > 1e-9 * size) {
      let room = size > 0 ? size * 0.1 : 1
      (low, high) = (low - room, high + room)
    }
    if let limits { (low, high) = (max(low, limits.lowerBound), min(high, limits.upperBound)) }
    var step = Self.step(atLeast: (high - low) / Double(Self.mostTicks - 1))
    func bounds() -> (first: Int, last: Int) {
      let width = step.value
      return (Int((low / width + 1e-9).rounded(.down)), Int((high / width - 1e-9).rounded(.up)))
    }
    // Rounding to ticks can add one at either end.
    if bounds().last - bounds().first >= Self.mostTicks {
      step = Self.step(atLeast: step.value * 1.01)
    }
    let (first, last) = bounds()
    ticks = (first...max(last, first + 1)).map { index in
      let (mantissa, exponent) = (index * step.mantissa, step.exponent)
      return Tick(
        value: Self.value(mantissa, exponent), label: Self.label(mantissa, exponent))
    }
  }

  /// Powers of ten, and 2 and 5 times them where there is room.
  ///
  /// - Parameter range: Of positive numbers, from 1e-100 to 1e100.
  package init(logarithmic range: ClosedRange<Double>) {
    isLogarithmic = true
    let lowest = Int(log10(range.lowerBound).rounded(.down))
    let highest = Int(log10(range.upperBound).rounded(.up))
    func candidates(_ mantissas: [Int], every stride: Int) -> [(mantissa: Int, exponent: Int)] {
      let first = lowest - (stride - 1)
      return Swift.stride(from: first, through: highest + stride, by: stride).flatMap { exponent in
        mantissas.map { ($0, exponent) }
      }
    }
    // The finest ticks of which a few reach around the range.
    let choices =
      [candidates([1, 2, 5], every: 1), candidates([1, 3], every: 1)]
      + (1...100).map { candidates([1], every: $0) }
    var ticks: [Tick] = []
    for choice in choices {
      let all = choice.map {
        Tick(
          value: Self.value($0.mantissa, $0.exponent), label: Self.label($0.mantissa, $0.exponent))
      }
      let below = all.lastIndex { $0.value <= range.lowerBound } ?? 0
      let above = all.firstIndex { $0.value >= range.upperBound } ?? all.count - 1
      ticks = Array(all[below...max(above, below + 1)])
      if ticks.count <= Self.mostTicks { break }
    }
    self.ticks = ticks
  }

  /// Where a value stands between the first tick (0) and the last (1).
  package func position(of value: Double) -> Double {
    let (low, high) = (ticks[0].value, ticks[ticks.count - 1].value)
    return isLogarithmic
      ? (log10(value) - log10(low)) / (log10(high) - log10(low)) : (value - low) / (high - low)
  }

  /// Ticks of the axis of epochs: 1, and round numbers up to the last epoch.
  package static func epochs(upTo last: Int, most: Int) -> [Int] {
    let step = Self.step(atLeast: max(1, Double(last) / Double(most)))
    let width = max(1, Int(step.value.rounded()))
    let round = Array(stride(from: width, through: last, by: width))
    // 1 needs some distance from the next.
    return width == 1 ? round : [1] + round.filter { $0 * 2 > width }
  }

  // MARK: Round numbers

  /// The smallest of 1, 2, 5 · 10^k that is not smaller.
  private static func step(
    atLeast size: Double
  ) -> (mantissa: Int, exponent: Int, value: Double) {
    let exponent = Int(log10(size).rounded(.down))
    for mantissa in [1, 2, 5] where value(mantissa, exponent) >= size * (1 - 1e-9) {
      return (mantissa, exponent, value(mantissa, exponent))
    }
    return (1, exponent + 1, value(1, exponent + 1))
  }

  /// mantissa · 10^exponent, rounded once.
  private static func value(_ mantissa: Int, _ exponent: Int) -> Double {
    Double("\(mantissa)e\(exponent)") ?? .nan
  }

  /// The same in digits: 0.05, 20, 2e-7.
  package static func label(_ mantissa: Int, _ exponent: Int) -> String {
    guard mantissa != 0 else { return "0" }
    var (mantissa, exponent) = (mantissa, exponent)
    while mantissa.isMultiple(of: 10) {
      mantissa /= 10
      exponent += 1
    }
    let sign = mantissa < 0 ? "-" : ""
    let digits = String(mantissa.magnitude)
    let leading = digits.count - 1 + exponent
    if leading < -4 || leading > 5 {
      let fraction = digits.count > 1 ? ".\(digits.dropFirst())" : ""
      return "\(sign)\(digits.prefix(1))\(fraction)e\(leading)"
    }
    if exponent >= 0 {
      return sign + Format.count((Int(digits + String(repeating: "0", count: exponent))) ?? 0)
    }
    let padded = String(repeating: "0", count: max(0, -exponent + 1 - digits.count)) + digits
    return "\(sign)\(padded.dropLast(-exponent)).\(padded.suffix(-exponent))"
  }
}
