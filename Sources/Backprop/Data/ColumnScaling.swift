/// How columns become inputs of one scale.
package enum ColumnScaling: String, Codable, CaseIterable, Sendable {
  /// (x − mean) / deviation of numbers; categories are 0 and 1.
  case standard
  /// z = s (x − median) with s = 1 / (q₇₅ − q₂₅), or 2 / (largest − smallest) where the quartiles are equal,
  /// and then z / √(1 + (z/3)²), which no outlier leaves −3 … 3 by: of numbers, and of the 0 and 1 that
  /// categories are. Holzmüller, Grinsztajn & Steinwart 2024, arXiv 2407.04491.
  case robust

  /// What 0 and 1 become of which the training rows have a share of 1.
  package func levels(ofShare share: Double) -> (off: Double, on: Double) {
    guard self == .robust else { return (0, 1) }
    guard share > 0, share < 1 else { return (0, 0) }
    let median = share > 0.5 ? 1 : share < 0.5 ? 0 : 0.5
    let scale: Double = share > 0.25 && share <= 0.75 ? 1 : 2
    return (Self.clipped(-scale * median), Self.clipped(scale * (1 - median)))
  }

  /// The means over the training rows of what 0 and 1 become: the inputs of a category that nobody knows.
  package func means(_ shares: [Double]) -> [Double] {
    shares.map { share in
      let (off, on) = levels(ofShare: share)
      return off + share * (on - off)
    }
  }

  /// z / √(1 + (z/3)²), odd and monotone, −3 … 3.
  @inline(__always)
  package static func clipped(_ z: Double) -> Double {
    // Beyond it the square may overflow, and ±3 is nearer than any rounding.
    guard abs(z) < 0x1p60 else { return z < 0 ? -3 : 3 }
    let third = z / 3
    return z / (1 + third * third).squareRoot()
  }

  /// The z that becomes so.
  ///
  /// - Parameter value: Between −3 and 3.
  package static func unclipped(_ value: Double) -> Double {
    let third = value / 3
    return value / (1 - third * third).squareRoot()
  }
}

/// Numbers of a column to take quantiles of: all of up to 131,072 rows, of more every second, fourth, … row.
struct ColumnSample {
  private static let limit = 1 << 17
  private var values: [Double] = []
  private var step = 1
  private var rows = 0

  /// Takes the number of the next row; NaN is left out.
  mutating func add(_ value: Double) {
    defer { rows += 1 }
    guard rows % step == 0 else { return }
    values.append(value)
    guard values.count > Self.limit else { return }
    values = stride(from: 0, to: values.count, by: 2).map { values[$0] }
    step *= 2
  }

  /// The centre and the width that numbers are scaled by: the median, and q₇₅ − q₂₅ or half of the range; 0 of
  /// a constant column.
  ///
  /// - Parameters: The smallest and the largest number of all rows.
  func scale(smallest: Double, largest: Double) -> (centre: Double, width: Double) {
    let sorted = values.filter { !$0.isNaN }.sorted()
    guard !sorted.isEmpty else { return (0, 0) }
    let (low, median, high) = (
      Self.quantile(0.25, of: sorted), Self.quantile(0.5, of: sorted),
      Self.quantile(0.75, of: sorted)
    )
    let width = high > low ? high - low : largest / 2 - smallest / 2
    return (median, min(width, .greatestFiniteMagnitude))
  }

  /// A map of the numbers, if they are heavy-tailed.
  var heavyTailedMap: QuantileMap? {
    QuantileMap(ofHeavyTails: values.filter { !$0.isNaN }.sorted())
  }

  /// The centre and the width of what the numbers become by a map.
  func scale(by map: QuantileMap) -> (Double, Double) {
    var scores = ColumnSample()
    for value in values { scores.add(value.isNaN ? value : map.score(value)) }
    return scores.scale(smallest: map.scores[0], largest: map.scores[map.scores.count - 1])
  }

  /// A quantile of sorted numbers, between two of them in a line.
  static func quantile(_ share: Double, of sorted: [Double]) -> Double {
    let place = share * Double(sorted.count - 1)
    let below = Int(place)
    let above = min(below + 1, sorted.count - 1)
    let part = place - Double(below)
    return part == 0 || sorted[below] == sorted[above]
      ? sorted[below] : sorted[below] * (1 - part) + sorted[above] * part
  }
}
