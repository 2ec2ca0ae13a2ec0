/// Reads decimal numbers from bytes: correctly rounded and independent of any locale, without
/// allocation up to 15 digits.
///
/// The grammar is `[+-] (digits [. digits] | . digits) [(e|E) [+-] digits]`; no hexadecimal, no
/// thousands separators, no surrounding spaces.
enum DecimalNumber {
  /// The value of `count` bytes, infinite if it is too large for a Double, NaN if it is no number.
  ///
  /// - Complexity: O(count).
  @inline(__always)
  static func value(_ bytes: UnsafePointer<UInt8>, _ count: Int) -> Double {
    var at = 0
    var isNegative = false
    if count > 0, bytes[0] == UInt8(ascii: "-") || bytes[0] == UInt8(ascii: "+") {
      isNegative = bytes[0] == UInt8(ascii: "-")
      at = 1
    }
    let start = at
    var significand: UInt64 = 0
    while at < count {
      let digit = bytes[at] &- 48
      if digit > 9 { break }
      significand = significand &* 10 &+ UInt64(digit)
      at &+= 1
    }
    var digits = at &- start
    var exponent = 0
    if at < count, bytes[at] == UInt8(ascii: ".") {
      at &+= 1
      let fraction = at
      while at < count {
        let digit = bytes[at] &- 48
        if digit > 9 { break }
        significand = significand &* 10 &+ UInt64(digit)
        at &+= 1
      }
      exponent = fraction &- at
      digits &-= exponent
    }
    if digits == 0 { return .nan }
    if at < count, bytes[at] | 0x20 == UInt8(ascii: "e") {
      guard let written = Self.exponent(bytes, count, &at) else { return .nan }
      exponent += written
    }
    if at != count { return .nan }
    // Clinger 1990 (doi:10.1145/93548.93557): both factors are exact, so one rounding is right. More
    // than 19 digits may have wrapped around.
    guard digits <= 19, significand <= 1 << 53, exponent >= -22, exponent <= 22 else {
      return long(bytes, count)
    }
    let power = powersOfTen[Swift.abs(exponent)]
    let magnitude = exponent < 0 ? Double(significand) / power : Double(significand) * power
    return isNegative ? -magnitude : magnitude
  }

  // MARK: The rare parts

  /// Reads the part of a number behind and with its `e`; nil if there are no digits.
  private static func exponent(
    _ bytes: UnsafePointer<UInt8>, _ count: Int, _ at: inout Int
  ) -> Int? {
    at += 1
    var isNegative = false
    if at < count, bytes[at] == UInt8(ascii: "-") || bytes[at] == UInt8(ascii: "+") {
      isNegative = bytes[at] == UInt8(ascii: "-")
      at += 1
    }
    let start = at
    var exponent = 0
    while at < count {
      let digit = bytes[at] &- 48
      if digit > 9 { break }
      // Beyond a million only the sign matters.
      if exponent < 1_000_000 { exponent = exponent * 10 + Int(digit) }
      at += 1
    }
    return at == start ? nil : isNegative ? -exponent : exponent
  }

  /// More than 15 digits or so, or an extreme exponent: the C library rounds them.
  @inline(never)
  private static func long(_ bytes: UnsafePointer<UInt8>, _ count: Int) -> Double {
    // The grammar has been checked, so the text means the same to `strtod`, which stands behind this.
    Double(String(decoding: UnsafeBufferPointer(start: bytes, count: count), as: UTF8.self)) ?? .nan
  }

  private static let powersOfTen: [Double] = [
    1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16,
    1e17, 1e18, 1e19, 1e20, 1e21, 1e22,
  ]

  static func value(_ text: String) -> Double {
    var text = text
    return text.withUTF8 { utf8 in utf8.baseAddress.map { value($0, utf8.count) } ?? .nan }
  }

  /// The shortest text for the number that a text spells; nil if that is none, or infinite.
  static func shortestForm(of text: String) -> String? {
    let number = value(text)
    return number.isFinite ? Self.text(number) : nil
  }

  /// The shortest text for a number: integers without point or exponent, and never "-0".
  static func text(_ value: Double) -> String {
    if value == 0 { return "0" }
    if Swift.abs(value) < 0x1p53, value == value.rounded() { return String(Int(value)) }
    return "\(value)"
  }
}
