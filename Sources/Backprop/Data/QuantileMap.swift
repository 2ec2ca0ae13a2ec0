/// A map of a heavy-tailed column to numbers that are about normal: straight lines between quantiles of the
/// training rows, each of which becomes that of the standard normal distribution.
///
/// Half of such a column may lie in a thousandth of its range, where scaling by any centre and width leaves it.
/// What lies beyond the smallest and the largest number of those that quantiles are taken of is mapped as they
/// are. scikit-learn's `QuantileTransformer(output_distribution="normal")` is the same with other knots.
package struct QuantileMap: Hashable, Codable, Sendable {
  /// The most quantiles between the smallest and the largest number.
  private static let mostQuantiles = 254
  /// Distinct numbers below which a column counts, and has no distribution to speak of.
  private static let fewestNumbers = 11
  /// By how many widths the hundredth farthest number of a heavy-tailed column is from the median: of a normal
  /// column 1.7, of an exponential one 3.6.
  package static let heavyTail = 5

  /// Ascending.
  package let numbers: [Double]
  /// Of each number; ascending.
  let scores: [Double]

  /// A map, if a column is heavy-tailed: a hundredth of its numbers lie farther than `heavyTail` times
  /// q₇₅ − q₂₅ above or below the median.
  ///
  /// - Parameters:
  ///   - sorted: Numbers of the column, ascending.
  init?(ofHeavyTails sorted: [Double]) {
    guard let tail = Self.tail(of: sorted), tail > Double(Self.heavyTail) else { return nil }
    var distinct = 1
    for index in sorted.indices.dropFirst() where sorted[index] != sorted[index - 1] {
      distinct += 1
      if distinct >= Self.fewestNumbers { break }
    }
    guard distinct >= Self.fewestNumbers else { return nil }
    self.init(of: sorted)
  }

  /// How many widths the hundredth farthest number is from the median; nil where half of all are equal.
  static func tail(of sorted: [Double]) -> Double? {
    guard let first = sorted.first, let last = sorted.last, (last - first).isFinite else {
      return nil
    }
    let quantile = { ColumnSample.quantile($0, of: sorted) }
    let (median, width) = (quantile(0.5), quantile(0.75) - quantile(0.25))
    guard width > 0, width.isFinite else { return nil }
    return max(quantile(0.99) - median, median - quantile(0.01)) / width
  }

  /// - Parameter sorted: Numbers, ascending, at least one.
  init(of sorted: [Double]) {
    let count = min(Self.mostQuantiles, sorted.count)
    let ends = 0.5 / Double(sorted.count)
    // Of few numbers the outermost quantiles are the ends themselves.
    let between = (0..<count).map { (Double($0) + 0.5) / Double(count) }
      .filter { $0 > 1.5 * ends && $0 < 1 - 1.5 * ends }
    let shares = [ends] + between + [1 - ends]
    var (numbers, scores, equal): ([Double], [Double], Double) = ([], [], 0)
    for (index, share) in shares.enumerated() {
      let quantile =
        index == 0
        ? sorted[0]
        : index == shares.count - 1
          ? sorted[sorted.count - 1] : ColumnSample.quantile(share, of: sorted)
      // Between two numbers that are nearly equal rounding could go back.
      let number = max(quantile, numbers.last ?? quantile)
      let score = RandomSource.normalQuantile(share)
      if numbers.last == number {
        // Equal numbers have the mean of their scores.
        equal += 1
        scores[scores.count - 1] += (score - scores[scores.count - 1]) / (equal + 1)
      } else {
        numbers.append(number)
        scores.append(score)
        equal = 0
      }
    }
    (self.numbers, self.scores) = (numbers, scores)
  }

  /// Whether it can be one, wherever it comes from.
  var isUsable: Bool {
    func ascends(_ values: [Double]) -> Bool {
      values.allSatisfy(\.isFinite) && zip(values, values.dropFirst()).allSatisfy { $0 < $1 }
    }
    guard let first = numbers.first, let last = numbers.last else { return false }
    return (last - first).isFinite && numbers.count == scores.count && ascends(numbers)
      && ascends(scores)
      && scores.allSatisfy { abs($0) < 10 }
  }

  /// What a number becomes.
  package func score(_ number: Double) -> Double { Self.between(number, numbers, scores) }

  /// The number that becomes so.
  package func number(_ score: Double) -> Double { Self.between(score, scores, numbers) }

  private static func between(_ x: Double, _ from: [Double], _ to: [Double]) -> Double {
    var (low, high) = (0, from.count - 1)
    if x <= from[low] { return to[low] }
    if x >= from[high] { return to[high] }
    while high - low > 1 {
      let middle = (low + high) / 2
      if from[middle] <= x { low = middle } else { high = middle }
    }
    let part = (x - from[low]) / (from[high] - from[low])
    return to[low] * (1 - part) + to[high] * part
  }
}
