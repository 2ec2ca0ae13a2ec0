/// An error that a user can cause and can mend.
///
/// It prints as one line: what is wrong, where (file, line, column, tensor), what was found, what was
/// expected, and how to mend it. The command prints that line and nothing else.
public protocol UserError: Error, CustomStringConvertible, Sendable {
  /// What the error says. It may hold text from outside as it is: `description` makes it fit to be
  /// seen.
  var message: String { get }
}

extension UserError {
  /// The message on one line, without control characters, of 2,000 characters at most.
  public var description: String { message.shown(limit: 2_000) }
}

/// Text that a closed set of names is parsed from: "relu", "leaky-relu:0.1".
///
/// The same spelling stands on the command line, in model files and in JSON.
struct NameWithArgument {
  let name: String
  let argument: Double?

  /// - Returns: nil if there is an argument that is not a finite number.
  init?(_ text: String) {
    let parts = text.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
    name = String(parts.first ?? "")
    if parts.count == 2 {
      guard let number = Double(parts[1]), number.isFinite else { return nil }
      argument = number
    } else {
      argument = nil
    }
  }

  /// "name:argument", the argument in its shortest form.
  static func text(_ name: String, _ argument: Double) -> String {
    argument == argument.rounded() && abs(argument) < 1e15
      ? "\(name):\(Int(argument))" : "\(name):\(argument)"
  }
}

/// A closed set whose cases are coded as their names.
protocol NamedCase: LosslessStringConvertible, Codable, Hashable, Sendable {
  /// What the set is called in an error: "activation".
  static var kind: String { get }
}

extension NamedCase {
  public init(from decoder: any Decoder) throws {
    let container = try decoder.singleValueContainer()
    let text = try container.decode(String.self)
    guard let value = Self(text) else {
      throw DecodingError.dataCorruptedError(
        in: container, debugDescription: "\(text.quoted) is not the name of a known \(Self.kind)")
    }
    self = value
  }

  public func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    try container.encode(description)
  }
}
