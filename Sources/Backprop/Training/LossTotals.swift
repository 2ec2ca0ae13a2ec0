/// The loss of an epoch, averaged over its examples.
struct LossTotals: Codable, Equatable {
  private var dataSum = 0.0
  private var penaltySum = 0.0
  private(set) var count = 0

  /// Whether they can be those of an epoch, when they come from a file.
  var isConsistent: Bool {
    NumberRange.counts.contains(count) && dataSum.isFinite && penaltySum.isFinite
  }

  var dataLoss: Double { dataSum / Double(max(count, 1)) }
  var objective: Double { (dataSum + penaltySum) / Double(max(count, 1)) }

  /// - Parameters:
  ///   - dataLoss: The share of these examples in the loss of the update.
  ///   - count: These examples.
  ///   - all: All examples of the update, over which a mean is one.
  mutating func add(
    _ dataLoss: Double, _ penalty: Double, count: Int, of all: Int, reduction: Reduction
  ) {
    switch reduction {
    case .mean:
      dataSum += dataLoss * Double(all)
      penaltySum += penalty * Double(count)
    case .sum:
      dataSum += dataLoss
      // Once for all batches of an update.
      penaltySum += penalty * Double(count) / Double(all)
    }
    self.count += count
  }
}
