// Settings whose text is more than a name or a number.

extension Setting {
  /// What stands for runs of spaces as a delimiter.
  package static let spaces = "space"

  /// The byte that begins a comment as a text names it; 0 for none.
  package static func commentByte(
    _ text: String, _ name: String = "comment"
  ) throws(ConfigurationError) -> UInt8 {
    if text == "none" { return 0 }
    guard text.utf8.count == 1, let byte = text.utf8.first, (33...126).contains(byte),
      byte != UInt8(ascii: "\""), !(48...57).contains(byte), byte != UInt8(ascii: "-")
    else {
      throw ConfigurationError(name, "\(text.quoted): give one character, such as # or %, or none")
    }
    return byte
  }

  /// The byte between cells that a text names.
  package static func delimiterByte(
    _ text: String, _ name: String = "delimiter"
  ) throws(ConfigurationError) -> UInt8 {
    if text == "tab" || text == "\\t" { return UInt8(ascii: "\t") }
    guard text.utf8.count == 1, let byte = text.utf8.first, byte < 0x80, byte != UInt8(ascii: "\""),
      byte != UInt8(ascii: "\n"), byte != UInt8(ascii: "\r")
    else {
      throw ConfigurationError(
        name, "\(text.quoted): give one character, such as ;, or tab, or space")
    }
    return byte
  }

  /// The bytes of "500MB".
  package static func bytes(
    _ text: String, _ name: String = "memory"
  ) throws(ConfigurationError) -> Int {
    let units: [(String, Double)] = [
      ("KIB", 1024), ("MIB", 1_048_576), ("GIB", 1_073_741_824), ("TIB", 1_099_511_627_776),
      ("KB", 1e3), ("MB", 1e6), ("GB", 1e9), ("TB", 1e12), ("K", 1e3), ("M", 1e6), ("G", 1e9),
    ]
    let upper = text.uppercased()
    if let (unit, factor) = units.first(where: { upper.hasSuffix($0.0) }),
      let number = Double(String(upper.dropLast(unit.utf8.count)).trimmingSpaces),
      number.isFinite, number > 0, number * factor < 1e15
    {
      return Int(number * factor)
    }
    throw ConfigurationError(name, "\(text.shown()): give a size such as 500MB or 2GB")
  }
}

extension OptimizerRule {
  /// The name, with what it says besides.
  var text: String { if case .lbfgs(let memory) = self { "\(name):\(memory)" } else { name } }
}

extension MomentumCycle {
  /// Reads "low:high".
  init?(_ text: String) {
    let parts = text.split(separator: ":", omittingEmptySubsequences: false).map { Double($0) }
    guard parts.count == 2, let low = parts[0], let high = parts[1] else { return nil }
    self.init(low: low, high: high)
  }
}
