/// By how much learning rate and decoupled decay of one layer differ from those of the run.
///
/// A factor of the rate multiplies η of the layer's weights or of its biases, in the decay too; 0
/// leaves them as they are. RPROP has no rate after its first step, and none of its own a layer.
package struct TensorFactors: Codable, Hashable, Sendable {
  package var weightRate: Double
  package var biasRate: Double
  /// Multiplies `weightDecay` for the weights.
  package var weightDecay: Double
  /// And for the biases, which do not decay unless this says so.
  package var biasDecay: Double

  /// - Parameters: Each at least 0 and finite.
  package init(
    weightRate: Double = 1, biasRate: Double = 1, weightDecay: Double = 1, biasDecay: Double = 0
  ) {
    self.weightRate = weightRate
    self.biasRate = biasRate
    self.weightDecay = weightDecay
    self.biasDecay = biasDecay
  }

  /// - Throws: `ConfigurationError` with the first that is negative or not finite.
  package func validate() throws(ConfigurationError) {
    for (name, factor) in [
      ("weightRate", weightRate), ("biasRate", biasRate), ("weightDecay", weightDecay),
      ("biasDecay", biasDecay),
    ] { try NumberRange.atLeastZero.check(factor, "tensorFactors.\(name)") }
  }
}

/// The momenta of a one-cycle run: from `high` down to `low` while the rate rises, and back while it
/// falls, along the same half cosines.
///
/// It is μ of momentum and Nesterov, and β₁ of Adam and its kin. Smith 2018, arXiv 1803.09820; as
/// PyTorch's OneCycleLR, whose values are `low` 0.85 and `high` 0.95.
public struct MomentumCycle: Codable, Hashable, Sendable {
  /// The momentum where the rate is highest, from 0 to `high`.
  package var low: Double
  /// The momentum at start and end, below 1.
  package var high: Double

  /// Momenta with 0 ≤ `low` ≤ `high` < 1, which is checked with the configuration.
  public init(low: Double = 0.85, high: Double = 0.95) {
    self.low = low
    self.high = high
  }

  /// - Throws: `ConfigurationError` unless 0 ≤ low ≤ high < 1.
  package func validate() throws(ConfigurationError) {
    try NumberRange.belowOne.check(low, "cycleMomentum.low")
    try NumberRange(text: "of at least \(low) and below 1") { $0 >= low && $0 < 1 }
      .check(high, "cycleMomentum.high")
  }

  /// The momentum of one step of a one-cycle schedule; arguments as for `Schedule.rate`.
  func momentum(at step: Int, of total: Int, rise: Double) -> Double {
    let last = Double(total - 1)
    let top = rise * Double(total) - 1
    let t = Double(step)
    if top > 0 && t <= top { return Schedule.anneal(from: high, to: low, share: t / top) }
    return Schedule.anneal(from: low, to: high, share: last > top ? (t - top) / (last - top) : 1)
  }
}

extension OptimizerRule {
  /// Whether a schedule can move its momentum.
  package var canCycleMomentum: Bool {
    switch self {
    case .momentum, .nesterov, .adam, .amsGrad, .adamW, .rAdam, .lion: true
    default: false
    }
  }

  /// The rule with another μ or β₁; itself where it has none that a schedule can move.
  func with(momentum: Double) -> OptimizerRule {
    switch self {
    case .momentum: .momentum(momentum)
    case .nesterov: .nesterov(momentum)
    case .adam(_, let beta2, let epsilon): .adam(beta1: momentum, beta2: beta2, epsilon: epsilon)
    case .amsGrad(_, let beta2, let epsilon):
      .amsGrad(beta1: momentum, beta2: beta2, epsilon: epsilon)
    case .adamW(_, let beta2, let epsilon): .adamW(beta1: momentum, beta2: beta2, epsilon: epsilon)
    case .rAdam(_, let beta2, let epsilon): .rAdam(beta1: momentum, beta2: beta2, epsilon: epsilon)
    case .lion(_, let beta2): .lion(beta1: momentum, beta2: beta2)
    default: self
    }
  }
}

extension TrainingConfiguration {
  /// μ or β₁ of a step; nil for the rule's own.
  ///
  /// - Parameters:
  ///   - step: Updates made before.
  ///   - stepsPerEpoch: Updates of one epoch, at least 1.
  package func momentum(at step: Int, stepsPerEpoch: Int) -> Double? {
    guard let cycleMomentum, case .oneCycle(let rise) = rateSchedule else { return nil }
    return cycleMomentum.momentum(at: step, of: stepsPerEpoch * epochs, rise: rise)
  }
}
