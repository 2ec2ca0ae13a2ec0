/// Numbers for people. Machines get the shortest exact form, from `JSONValue`.
package enum Format {
  /// With so many digits behind the point: 3.142.
  package static func fixed(_ value: Double, _ digits: Int) -> String {
    guard value.isFinite else { return value.isNaN ? "NaN" : value < 0 ? "-∞" : "∞" }
    var scale = 1.0
    for _ in 0..<digits { scale *= 10 }
    let scaled = (value.magnitude * scale).rounded()
    guard scaled < 1e15 else { return "\(value)" }
    let whole = Int(scaled) / Int(scale)
    let fraction = String(Int(scaled) % Int(scale))
    let sign = value < 0 && scaled > 0 ? "-" : ""
    if digits == 0 { return "\(sign)\(whole)" }
    return "\(sign)\(whole)." + String(repeating: "0", count: digits - fraction.count) + fraction
  }

  /// With four digits that count: 0.01234, 12.34, 1.234e-06.
  package static func short(_ value: Double) -> String {
    guard value.isFinite, value != 0 else { return fixed(value, value == 0 ? 1 : 0) }
    let exponent = decimalParts(value, digits: 3).exponent
    if exponent >= -4 && exponent <= 6 { return fixed(value, max(0, 3 - exponent)) }
    return scientific(value, digits: 3)
  }

  /// In scientific notation with so many digits behind the point: 1.234e-06.
  package static func scientific(_ value: Double, digits: Int) -> String {
    guard value.isFinite, value != 0 else { return fixed(value, 0) }
    let (mantissa, exponent) = decimalParts(value, digits: digits)
    let power = "\(exponent.magnitude < 10 ? "0" : "")\(exponent.magnitude)"
    let sign = value < 0 ? "-" : ""
    return "\(sign)\(fixed(mantissa, digits))e\(exponent < 0 ? "-" : "+")\(power)"
  }

  /// |value| = mantissa · 10^exponent, the mantissa at least 1 and below 10 once it is rounded.
  private static func decimalParts(
    _ value: Double, digits: Int
  ) -> (mantissa: Double, exponent: Int) {
    var (mantissa, exponent) = (value.magnitude, 0)
    var half = 0.5
    for _ in 0..<digits { half /= 10 }
    while mantissa >= 10 - half {
      mantissa /= 10
      exponent += 1
    }
    while mantissa < 1 - half / 10 {
      mantissa *= 10
      exponent -= 1
    }
    return (mantissa, exponent)
  }

  /// With commas between thousands: 12,345.
  package static func count(_ value: Int) -> String {
    let digits = String(value.magnitude)
    var text = ""
    for (index, digit) in digits.enumerated() {
      if index > 0, (digits.count - index).isMultiple(of: 3) { text += "," }
      text.append(digit)
    }
    return value < 0 ? "-\(text)" : text
  }

  /// A number of things: "1 row", "2 rows".
  package static func count(_ value: Int, _ noun: String, plural: String? = nil) -> String {
    "\(count(value)) \(value == 1 ? noun : plural ?? noun + "s")"
  }

  /// A time: 0:07, 12:34, 1:02:03.
  package static func time(_ seconds: Double) -> String {
    guard seconds.isFinite, seconds < 1e9 else { return "?" }
    let total = Int(seconds.rounded())
    func two(_ value: Int) -> String { value < 10 ? "0\(value)" : "\(value)" }
    let minutes = total / 60
    return minutes < 60
      ? "\(minutes):\(two(total % 60))"
      : "\(minutes / 60):\(two(minutes % 60)):\(two(total % 60))"
  }

  /// At most `limit` of some names, joined; they may come from outside.
  package static func list(_ names: [String], limit: Int = 8) -> String {
    names.prefix(limit).map { $0.shown() }.joined(separator: ", ")
      + (names.count > limit ? ", …" : "")
  }

  /// Text with spaces before it, so many columns wide.
  package static func left(_ text: String, _ width: Int) -> String {
    String(repeating: " ", count: max(0, width - text.displayWidth)) + text
  }

  /// Text with spaces behind it, so many columns wide.
  package static func right(_ text: String, _ width: Int) -> String {
    text + String(repeating: " ", count: max(0, width - text.displayWidth))
  }
}

extension String {
  /// Columns that the text takes on a terminal: Hangul and other wide characters take two, marks that
  /// combine with the character before them none (Unicode Standard Annex #11).
  package var displayWidth: Int {
    unicodeScalars.reduce(0) { $0 + $1.displayWidth }
  }
}

extension Unicode.Scalar {
  fileprivate var displayWidth: Int {
    switch value {
    case 0x0300...0x036F, 0x200B...0x200F, 0x20D0...0x20F0, 0xFE00...0xFE0F: 0
    case 0x1100...0x115F, 0x2E80...0x303E, 0x3041...0x33FF, 0x3400...0x4DBF, 0x4E00...0x9FFF,
      0xA000...0xA4CF, 0xA960...0xA97F, 0xAC00...0xD7A3, 0xF900...0xFAFF, 0xFE30...0xFE6F,
      0xFF00...0xFF60, 0xFFE0...0xFFE6, 0x1F300...0x1F64F, 0x1F900...0x1F9FF, 0x20000...0x3FFFD:
      2
    default: 1
    }
  }
}
