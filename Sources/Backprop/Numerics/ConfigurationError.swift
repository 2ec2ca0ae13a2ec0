/// A number of a configuration outside its range, or a setting that has no meaning beside another.
public struct ConfigurationError: UserError, Equatable {
  /// The setting as it is called in JSON: "learningRate", "optimizer.beta1".
  public let name: String
  /// What was found, and what to do: "-1: give a number greater than 0".
  public let problem: String

  public var message: String { "\(name) \(problem)" }

  package init(_ name: String, _ problem: String) {
    self.name = name
    self.problem = problem
  }
}

/// Where a number may lie. Each range stands once, beside the setting that it is of.
package struct NumberRange: Sendable {
  /// What an error asks for: "greater than 0".
  let text: String
  let contains: @Sendable (Double) -> Bool

  package static let positive = NumberRange(text: "greater than 0") { $0 > 0 }
  package static let atLeastZero = NumberRange(text: "of at least 0") { $0 >= 0 }
  /// [0, 1]
  package static let part = NumberRange(text: "from 0 to 1") { $0 >= 0 && $0 <= 1 }
  /// [0, 1)
  package static let belowOne = NumberRange(text: "of at least 0 and below 1") { $0 >= 0 && $0 < 1 }
  /// [½, 1)
  package static let fromHalf = NumberRange(text: "of at least 0.5 and below 1") {
    $0 >= 0.5 && $0 < 1
  }
  /// (0, 1)
  package static let inside = NumberRange(text: "greater than 0 and below 1") { $0 > 0 && $0 < 1 }

  /// Numbers below 2⁵³, which a Double holds exactly.
  package static func whole(_ range: ClosedRange<Int>) -> NumberRange {
    NumberRange(text: "from \(range.lowerBound) to \(range.upperBound)") {
      $0 >= Double(range.lowerBound) && $0 <= Double(range.upperBound)
    }
  }

  /// A count that comes from a file or a caller: to go on counting overflows nothing.
  package static let counts = 0...(1 << 53)

  /// - Parameters:
  ///   - value: The number; nil for one that was not given.
  ///   - name: The setting that it is of.
  /// - Throws: `ConfigurationError` if the number lies outside, or is not finite.
  package func check(_ value: Double?, _ name: String) throws(ConfigurationError) {
    guard let value, !(value.isFinite && contains(value)) else { return }
    throw ConfigurationError(name, "\(value.shortestText): give a number \(text)")
  }

  package func check(_ value: Int?, _ name: String) throws(ConfigurationError) {
    guard let value, !contains(Double(value)) else { return }
    throw ConfigurationError(name, "\(value): give a number \(text)")
  }
}
