/// How the learning rate moves from the first step to the last.
public enum Schedule: Hashable, Sendable {
  /// η throughout.
  case constant
  /// η rises in a line over the first `warmUp` share of the steps, then falls to 0 along half a
  /// cosine. Loshchilov & Hutter 2017, arXiv 1608.03983.
  case cosine(warmUp: Double = 0.05)

  /// The names that `init(name:)` reads, as the command line shows them.
  public static let names = ["cosine", "constant"]

  public init?(name: String) {
    switch name {
    case "constant": self = .constant
    case "cosine": self = .cosine()
    default: return nil
    }
  }

  public var name: String {
    switch self {
    case .constant: "constant"
    case .cosine: "cosine"
    }
  }

  /// Whether the share of warm-up lies in [0, 1].
  var isValid: Bool {
    if case .cosine(let warmUp) = self { (0...1).contains(warmUp) } else { true }
  }

  /// The learning rate of one step.
  ///
  /// - Parameters:
  ///   - step: Steps taken before, t in 0 ..< total.
  ///   - total: Steps of the whole run.
  ///   - peak: η, the configured learning rate.
  public func rate(at step: Int, of total: Int, peak: Double) -> Double {
    switch self {
    case .constant: return peak
    case .cosine(let warmUp):
      let rising = Int((warmUp * Double(total)).rounded(.up))
      if step < rising { return peak * Double(step + 1) / Double(rising) }
      let progress = Double(step - rising) / Double(max(1, total - rising))
      return peak * (0.5 + 0.5 * Self.cosine(halfTurns: min(progress, 1)))
    }
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

extension Schedule: Codable {
  private enum Key: String, CodingKey { case name, warmUp }

  public init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: Key.self)
    let name = try container.decode(String.self, forKey: .name)
    switch name {
    case "constant": self = .constant
    case "cosine": self = .cosine(warmUp: try container.decode(Double.self, forKey: .warmUp))
    default:
      throw DecodingError.dataCorruptedError(
        forKey: .name, in: container,
        debugDescription: "\"\(name)\" is not the name of a known schedule")
    }
  }

  public func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: Key.self)
    try container.encode(name, forKey: .name)
    if case .cosine(let warmUp) = self { try container.encode(warmUp, forKey: .warmUp) }
  }
}
