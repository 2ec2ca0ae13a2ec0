/// How the learning rate moves from the first step to the last.
///
/// t counts steps from 0, T is the number of steps of the whole run and e the epoch of the step,
/// from 0. A linear warm-up before any of them is `ScheduleSettings.warmUp`; t, e and T then
/// count from its end.
public enum Schedule: Hashable, Sendable {
  /// η throughout.
  case constant
  /// η rises in a line over the first `warmUp` share of the steps, then falls to 0 along half a
  /// cosine. Loshchilov & Hutter 2017, arXiv 1608.03983.
  case cosine(warmUp: Double = 0.05)
  /// η γ^⌊e / epochs⌋, γ = `factor`: times γ after every so many epochs.
  case step(epochs: Int, factor: Double = 0.1)
  /// η γᵉ, γ = `factor`.
  case exponential(factor: Double = 0.95)
  /// η / (t + 1)^p, p = `exponent`. Robbins & Monro 1951, doi:10.1214/aoms/1177729586, for
  /// ½ < p ≤ 1.
  case inverseScaling(exponent: Double = 0.5)
  /// Half a cosine from η to 0, again and again; the first takes `epochs` epochs, each further one
  /// `growth` times as many as that before. Loshchilov & Hutter 2017, arXiv 1608.03983.
  case cosineRestarts(epochs: Int, growth: Int = 1)
  /// Half a cosine up from η/25 to η over the first `rise` share of the steps, and half a cosine down
  /// to η/250,000 at the last. Smith & Topin 2019, arXiv 1708.07120, with PyTorch's shape and
  /// constants; the momentum stays.
  case oneCycle(rise: Double = 0.3)
  /// η ½ (1 − cos(2π log₂(1 + 15 t/T))): four waves, each twice as long as the one before.
  /// Holzmüller, Grinsztajn & Steinwart 2024, arXiv 2407.04491 (RealMLP).
  case coslog4
  /// η, times `factor` whenever more than `patience` epochs in a row have not brought the loss below the
  /// least so far by more than a ten-thousandth of that. As PyTorch's ReduceLROnPlateau.
  case plateau(factor: Double = 0.1, patience: Int = 10)

  /// Every schedule once.
  package static let allCases: [Schedule] = [
    .cosine(), .constant, .step(epochs: 30), .exponential(), .inverseScaling(),
    .cosineRestarts(epochs: 10), .oneCycle(), .coslog4, .plateau(),
  ]

  /// The names that `init(name:)` reads, as the command line shows them.
  package static let names = [
    "cosine", "constant", "step:30[:0.1]", "exponential[:0.95]", "inverse-scaling[:0.5]",
    "cosine-restarts:10[:1]", "one-cycle[:0.3]", "coslog4", "plateau[:0.1[:10]]",
  ]

  /// Reads a name such as "cosine" or "step:30:0.5".
  ///
  /// - Returns: nil if the name is unknown, or an argument missing its range.
  public init?(name: String) {
    let parts = name.split(separator: ":", omittingEmptySubsequences: false)
    var numbers: [Double] = []
    for part in parts.dropFirst() {
      guard let number = Double(part), number.isFinite else { return nil }
      numbers.append(number)
    }
    func whole(_ index: Int) -> Int? {
      Int(exactly: numbers[index]).flatMap { Self.wholeNumbers.contains($0) ? $0 : nil }
    }
    let schedule: Schedule
    switch (parts.first ?? "", numbers.count) {
    case ("constant", 0): schedule = .constant
    case ("cosine", 0): schedule = .cosine()
    case ("step", 1...2):
      guard let epochs = whole(0) else { return nil }
      schedule =
        numbers.count == 1 ? .step(epochs: epochs) : .step(epochs: epochs, factor: numbers[1])
    case ("exponential", 0): schedule = .exponential()
    case ("exponential", 1): schedule = .exponential(factor: numbers[0])
    case ("inverse-scaling", 0): schedule = .inverseScaling()
    case ("inverse-scaling", 1): schedule = .inverseScaling(exponent: numbers[0])
    case ("cosine-restarts", 1...2):
      guard let epochs = whole(0), let growth = numbers.count == 1 ? 1 : whole(1) else {
        return nil
      }
      schedule = .cosineRestarts(epochs: epochs, growth: growth)
    case ("one-cycle", 0): schedule = .oneCycle()
    case ("one-cycle", 1): schedule = .oneCycle(rise: numbers[0])
    case ("coslog4", 0): schedule = .coslog4
    case ("plateau", 0): schedule = .plateau()
    case ("plateau", 1): schedule = .plateau(factor: numbers[0])
    case ("plateau", 2):
      guard let patience = whole(1) else { return nil }
      schedule = .plateau(factor: numbers[0], patience: patience)
    default: return nil
    }
    do {
      try schedule.validate()
      self = schedule
    } catch {
      return nil
    }
  }

  /// The name without arguments.
  public var name: String {
    switch self {
    case .constant: "constant"
    case .cosine: "cosine"
    case .step: "step"
    case .exponential: "exponential"
    case .inverseScaling: "inverse-scaling"
    case .cosineRestarts: "cosine-restarts"
    case .oneCycle: "one-cycle"
    case .coslog4: "coslog4"
    case .plateau: "plateau"
    }
  }

  /// Checks the arguments: shares in [0, 1], factors in (0, 1), an exponent that is positive, at
  /// least 1 epoch.
  ///
  /// - Throws: `ConfigurationError` with the first that lies outside.
  package func validate() throws(ConfigurationError) {
    func check(_ value: Double, _ key: Key, _ range: NumberRange) throws(ConfigurationError) {
      try range.check(value, "schedule.\(key.rawValue)")
    }
    func check(_ value: Int, _ key: Key) throws(ConfigurationError) {
      try NumberRange.whole(Self.wholeNumbers).check(value, "schedule.\(key.rawValue)")
    }
    switch self {
    case .constant, .coslog4: break
    case .cosine(let warmUp): try check(warmUp, .warmUp, .part)
    case .step(let epochs, let factor):
      try check(epochs, .epochs)
      try check(factor, .factor, .inside)
    case .exponential(let factor): try check(factor, .factor, .inside)
    case .inverseScaling(let exponent): try check(exponent, .exponent, .positive)
    case .cosineRestarts(let epochs, let growth):
      try check(epochs, .epochs)
      try check(growth, .growth)
    case .oneCycle(let rise): try check(rise, .rise, .part)
    case .plateau(let factor, let patience):
      try check(factor, .factor, .inside)
      try check(patience, .patience)
    }
  }

  /// Epochs, and by how many times they grow.
  private static let wholeNumbers = 1...1_000_000_000

  /// Whether the rate begins low by itself, so that a warm-up before it has no meaning.
  package var hasOwnRise: Bool {
    switch self {
    case .oneCycle, .coslog4: true
    default: false
    }
  }

  /// Whether its own arguments say how long it warms up.
  package var hasOwnWarmUp: Bool { if case .cosine = self { true } else { false } }

  /// The learning rate of one step; that of `plateau` before any reduction.
  ///
  /// - Parameters:
  ///   - step: Steps taken before, t in 0 ..< total.
  ///   - total: Steps of the whole run, T.
  ///   - stepsPerEpoch: Steps of one epoch, at least 1.
  ///   - peak: η, the configured learning rate.
  package func rate(at step: Int, of total: Int, stepsPerEpoch: Int, peak: Double) -> Double {
    switch self {
    case .constant, .plateau: return peak
    case .cosine(let warmUp):
      let rising = Int((warmUp * Double(total)).rounded(.up))
      if step < rising { return peak * Double(step + 1) / Double(rising) }
      let progress = Double(step - rising) / Double(max(1, total - rising))
      return peak * (0.5 + 0.5 * Self.cosine(halfTurns: min(progress, 1)))
    case .step(let epochs, let factor):
      return peak * Double.power(factor, to: step / stepsPerEpoch / epochs)
    case .exponential(let factor): return peak * Double.power(factor, to: step / stepsPerEpoch)
    case .inverseScaling(let exponent):
      return peak * Double.naturalExponential(-exponent * Double.naturalLogarithm(Double(step + 1)))
    case .cosineRestarts(let epochs, let growth):
      // In steps, and in floating point, which long cycles cannot overflow.
      var length = Double(epochs) * Double(stepsPerEpoch)
      var position = Double(step)
      if growth == 1 { position.formTruncatingRemainder(dividingBy: length) }
      while position >= length {
        position -= length
        length *= Double(growth)
      }
      return peak * (0.5 + 0.5 * Self.cosine(halfTurns: position / length))
    case .oneCycle(let rise):
      let (start, end) = (peak / 25, peak / 250_000)
      let last = Double(total - 1)
      let top = rise * Double(total) - 1
      let t = Double(step)
      if top > 0 && t <= top { return Self.anneal(from: start, to: peak, share: t / top) }
      return Self.anneal(from: peak, to: end, share: last > top ? (t - top) / (last - top) : 1)
    case .coslog4:
      let progress = Double(step) / Double(max(1, total))
      let turns = Double.naturalLogarithm(1 + 15 * progress) / Double.naturalLogarithm(2)
      let part = turns - turns.rounded(.down)
      // cos(2πx) = cos(2π(1 − x))
      return peak * (0.5 - 0.5 * Self.cosine(halfTurns: 2 * min(part, 1 - part)))
    }
  }

  /// Half a cosine between two rates.
  static func anneal(from start: Double, to end: Double, share: Double) -> Double {
    end + (start - end) / 2 * (1 + cosine(halfTurns: min(max(share, 0), 1)))
  }

  /// cos(πx) for 0 ≤ x ≤ 1, from its own series so that no libm can change a bit.
  ///
  /// cos(πx) = sin(y) with y = π(½ − x) in [−π/2, π/2], where the Taylor series to y²³ is exact to
  /// less than 1e-18.
  static func cosine(halfTurns x: Double) -> Double {
    let y = Double.pi * (0.5 - x)
    let square = y * y
    var sum = 1.0
    // sin y = y (1 − y²/(2·3) (1 − y²/(4·5) (1 − …)))
    var n = 22.0
    while n >= 2 {
      sum = 1 - square / (n * (n + 1)) * sum
      n -= 2
    }
    return y * sum
  }
}

extension Schedule: CustomStringConvertible {
  /// The name with its arguments, as `init(name:)` reads it; a cosine's warm-up is no part of it.
  public var description: String {
    switch self {
    case .constant, .cosine, .coslog4: name
    case .step(let epochs, let factor): "\(name):\(epochs):\(factor)"
    case .exponential(let factor): "\(name):\(factor)"
    case .inverseScaling(let exponent): "\(name):\(exponent)"
    case .cosineRestarts(let epochs, let growth): "\(name):\(epochs):\(growth)"
    case .oneCycle(let rise): "\(name):\(rise)"
    case .plateau(let factor, let patience): "\(name):\(factor):\(patience)"
    }
  }
}

extension Schedule: Codable {
  private enum Key: String, CodingKey {
    case name, warmUp, epochs, factor, exponent, growth, rise, patience
  }

  public init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: Key.self)
    let name = try container.decode(String.self, forKey: .name)
    func number(_ key: Key) throws -> Double { try container.decode(Double.self, forKey: key) }
    func whole(_ key: Key) throws -> Int { try container.decode(Int.self, forKey: key) }
    switch name {
    case "constant": self = .constant
    case "cosine": self = .cosine(warmUp: try number(.warmUp))
    case "step": self = .step(epochs: try whole(.epochs), factor: try number(.factor))
    case "exponential": self = .exponential(factor: try number(.factor))
    case "inverse-scaling": self = .inverseScaling(exponent: try number(.exponent))
    case "cosine-restarts":
      self = .cosineRestarts(epochs: try whole(.epochs), growth: try whole(.growth))
    case "one-cycle": self = .oneCycle(rise: try number(.rise))
    case "coslog4": self = .coslog4
    case "plateau":
      self = .plateau(factor: try number(.factor), patience: try whole(.patience))
    default:
      throw DecodingError.dataCorruptedError(
        forKey: .name, in: container,
        debugDescription: "\(name.quoted) is not the name of a known schedule")
    }
  }

  public func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: Key.self)
    try container.encode(name, forKey: .name)
    switch self {
    case .constant, .coslog4: break
    case .cosine(let warmUp): try container.encode(warmUp, forKey: .warmUp)
    case .step(let epochs, let factor):
      try container.encode(epochs, forKey: .epochs)
      try container.encode(factor, forKey: .factor)
    case .exponential(let factor): try container.encode(factor, forKey: .factor)
    case .inverseScaling(let exponent): try container.encode(exponent, forKey: .exponent)
    case .cosineRestarts(let epochs, let growth):
      try container.encode(epochs, forKey: .epochs)
      try container.encode(growth, forKey: .growth)
    case .oneCycle(let rise): try container.encode(rise, forKey: .rise)
    case .plateau(let factor, let patience):
      try container.encode(factor, forKey: .factor)
      try container.encode(patience, forKey: .patience)
    }
  }
}

/// How dropout of hidden layers and decoupled decay move from the first step to the last.
package enum RegularizationSchedule: String, CaseIterable, Sendable {
  case constant
  /// As they are for half of the steps, then down to 0 along half a cosine: ½ (1 + cos(π (max(1, 2t) − 1))), t
  /// from 0 to 1. Holzmüller, Grinsztajn & Steinwart 2024, arXiv 2407.04491.
  case flatCos = "flat-cos"

  /// What they are multiplied by.
  ///
  /// - Parameters:
  ///   - step: Steps taken before.
  ///   - total: Steps of the whole run, at least 1.
  package func factor(at step: Int, of total: Int) -> Double {
    switch self {
    case .constant: 1
    case .flatCos:
      Schedule.anneal(from: 1, to: 0, share: max(1, 2 * Double(step) / Double(total)) - 1)
    }
  }
}

/// What `Schedule.plateau` has seen of a run, and how far the rate is down.
///
/// After each epoch: if its loss is below the least so far by more than a ten-thousandth of that, it
/// is the least from now on, and the count of bad epochs is 0; else the count rises by 1, and where
/// it exceeds the patience, the rate is multiplied by the factor and the count is 0 again. PyTorch's
/// ReduceLROnPlateau does the same by default.
package struct PlateauTracker: Codable, Equatable, Sendable {
  /// The least loss so far; nil before the first epoch.
  package private(set) var least: Double?
  package private(set) var badEpochs = 0
  /// What the rate of the schedule is multiplied by.
  package private(set) var scale = 1.0

  package init() {}

  /// Takes the loss at the end of an epoch in.
  ///
  /// - Parameters:
  ///   - loss: On the validation data, or of the epoch's own steps where there are none.
  ///   - schedule: Any but `plateau` leaves everything as it is.
  package mutating func record(loss: Double, under schedule: Schedule) {
    guard case .plateau(let factor, let patience) = schedule else { return }
    if let least, !(loss < least * (1 - 1e-4)) {
      badEpochs += 1
    } else {
      least = loss
      badEpochs = 0
    }
    if badEpochs > patience {
      scale *= factor
      badEpochs = 0
    }
  }
}
