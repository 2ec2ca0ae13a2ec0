import Backprop

/// Data to play with: made up, two inputs and two classes.
enum BuiltInData: String, CaseIterable, Sendable {
  case xor, moons, circles, spiral

  /// What is to be learned of it.
  static let target = "class"
  private static let rows = 200

  /// The table, always the same.
  func table() throws(DataError) -> Table {
    var random = RandomSource(
      seed: 1, purpose: .sampling, index: UInt32(Self.allCases.firstIndex(of: self) ?? 0))
    var (x, y, label): ([Double], [Double], [String?]) = ([], [], [])
    for row in 0..<Self.rows {
      let isSecond = row % 2 == 1
      let t = random.uniform()
      func noise(_ size: Double) -> Double { size * random.normal() }
      let point: (Double, Double)
      switch self {
      case .xor:
        let (left, low) = (row / 2 % 2 == 0, (row / 2 % 2 == 0) != isSecond)
        point = (
          (left ? -0.5 : 0.5) + noise(0.15), (low ? -0.5 : 0.5) + noise(0.15)
        )
      case .moons:
        let angle = Double.pi * t
        point =
          isSecond
          ? (1 - Self.cosine(angle) + noise(0.12), 0.5 - Self.sine(angle) + noise(0.12))
          : (Self.cosine(angle) + noise(0.12), Self.sine(angle) + noise(0.12))
      case .circles:
        let (angle, radius) = (2 * Double.pi * t, isSecond ? 0.4 : 1.0)
        point = (
          radius * Self.cosine(angle) + noise(0.08), radius * Self.sine(angle) + noise(0.08)
        )
      case .spiral:
        let (angle, radius) = (3 * Double.pi * t + (isSecond ? Double.pi : 0), 0.1 + 0.9 * t)
        point = (
          radius * Self.cosine(angle) + noise(0.03), radius * Self.sine(angle) + noise(0.03)
        )
      }
      x.append(point.0)
      y.append(point.1)
      label.append(isSecond ? "B" : "A")
    }
    return try Table(columns: [
      ("x", .numbers(x)), ("y", .numbers(y)), (Self.target, .texts(label)),
    ])
  }

  /// Of angles up to 4π, by halving them and their series: no library of mathematics is needed for a picture.
  private static func sine(_ angle: Double) -> Double { cosine(angle - .pi / 2) }

  private static func cosine(_ angle: Double) -> Double {
    if abs(angle) > 0.5 {
      let half = cosine(angle / 2)
      return 2 * half * half - 1
    }
    let square = angle * angle
    return 1 - square / 2 * (1 - square / 12 * (1 - square / 30 * (1 - square / 56)))
  }
}
