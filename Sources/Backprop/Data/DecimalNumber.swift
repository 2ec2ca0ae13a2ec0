/// Reads decimal numbers from bytes: correctly rounded, independent of any locale, no allocation.
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
    // Up to 19 digits fit into the significand; more may have wrapped around.
    if digits > 19 { return general(bytes, count) }
    let magnitude: Double
    if significand <= 1 << 53, exponent >= -22, exponent <= 22 {
      // Clinger 1990 (doi:10.1145/93548.93557): both factors are exact, so one rounding is right.
      let power = powersOfTen[Swift.abs(exponent)]
      magnitude =
        exponent < 0 ? Double(significand) / power : Double(significand) * power
    } else if significand != 0, exponent >= smallestPower, exponent <= largestPower {
      magnitude = rounded(significand, exponent)
    } else {
      return general(bytes, count)
    }
    return isNegative ? -magnitude : magnitude
  }

  // MARK: Eight digits at a time

  /// The same as `value`, for bytes of which at least 16 behind the last are readable.
  ///
  /// Everyday numbers, up to 8 digits before the point and 16 behind, no exponent, are read without a
  /// loop and hardly a branch: signs and lengths change from cell to cell, so branches on them are
  /// foretold badly.
  @inline(__always)
  static func value(padded bytes: UnsafePointer<UInt8>, _ count: Int) -> Double {
    // 0 only for "+", 0x2B, and "-", 0x2D, which differ in bit 2 too.
    let other = UInt64((bytes[0] &- UInt8(ascii: "+")) & 0xFD)
    let isSigned = (other &- 1) &>> 63
    let isNegative = isSigned & UInt64(bytes[0] &>> 2)
    let signs = Int(truncatingIfNeeded: isSigned)
    let start = bytes + signs
    let size = count &- signs
    let word = digits(at: start)
    let whole = leadingDigits(word)
    let significand: UInt64
    var fraction = 0
    if whole >= size {
      if size < 1 { return .nan }
      significand = number(word, size)
    } else {
      fraction = size &- whole &- 1
      if start[whole] != UInt8(ascii: ".") || size < 2 || fraction > 16 {
        // Words are no numbers at their first letter.
        return whole == 0 && start[0] != UInt8(ascii: ".") ? .nan : value(bytes, count)
      }
      let first = digits(at: start + (whole &+ 1))
      let sum = number(word, whole)
      if fraction <= 8 {
        if leadingDigits(first) < fraction { return value(bytes, count) }
        significand = sum &* wholePowers[fraction] &+ number(first, fraction)
      } else {
        let second = digits(at: start + (whole &+ 9))
        // Up to 19 digits fit.
        if leadingDigits(first) < 8 || leadingDigits(second) < fraction &- 8 || size > 20 {
          return value(bytes, count)
        }
        significand =
          (sum &* 100_000_000 &+ number(first, 8)) &* wholePowers[fraction &- 8]
          &+ number(second, fraction &- 8)
      }
    }
    let magnitude: Double
    if significand < 1 << 52 {
      // Clinger's case again, the significand converted as the low bits of a number in [2^52, 2^53).
      let exact = Double(bitPattern: 0x4330_0000_0000_0000 | significand) - 0x1p52
      magnitude = exact / powersOfTen[fraction]
    } else {
      magnitude = rounded(significand, 0 &- fraction)
    }
    return Double(bitPattern: magnitude.bitPattern | isNegative &<< 63)
  }

  /// Eight bytes, the first one lowest, with the digits 0…9 in the lanes that hold digits.
  @inline(__always)
  private static func digits(at bytes: UnsafePointer<UInt8>) -> UInt64 {
    UInt64(littleEndian: UnsafeRawPointer(bytes).loadUnaligned(as: UInt64.self))
      ^ 0x3030_3030_3030_3030
  }

  /// How many of the first lanes hold digits: a lane above 9 gets its top bit set, without a carry
  /// into the next.
  @inline(__always)
  private static func leadingDigits(_ word: UInt64) -> Int {
    let others =
      (((word & 0x7F7F_7F7F_7F7F_7F7F) &+ 0x7676_7676_7676_7676) | word) & 0x8080_8080_8080_8080
    return others.trailingZeroBitCount &>> 3
  }

  /// The number that the first `count` lanes spell, 0…8: the rest is shifted out, so that zeros stand
  /// in front, then pairs, fours and eights of digits are joined (Lemire 2018 and 2022, "Quickly
  /// parsing eight digits", lemire.me/blog).
  @inline(__always)
  private static func number(_ word: UInt64, _ count: Int) -> UInt64 {
    var lanes = word << UInt64(truncatingIfNeeded: 64 &- 8 &* count)
    lanes = lanes &* 10 &+ (lanes &>> 8)
    let pairs: UInt64 = 0x0000_00FF_0000_00FF
    return
      ((lanes & pairs) &* (100 &+ 1_000_000 &<< 32)
      &+ ((lanes &>> 16) & pairs) &* (1 &+ 10_000 &<< 32)) &>> 32
  }

  private static let wholePowers: [UInt64] = [
    1, 10, 100, 1000, 10_000, 100_000, 1_000_000, 10_000_000, 100_000_000,
  ]

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

  /// The rare cases: more than 19 digits, or extreme exponents.
  @inline(never)
  private static func general(_ bytes: UnsafePointer<UInt8>, _ count: Int) -> Double {
    // The grammar has been checked, so the text means the same to Swift as it does here.
    Double(String(decoding: UnsafeBufferPointer(start: bytes, count: count), as: UTF8.self)) ?? .nan
  }

  private static let powersOfTen: [Double] = [
    1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16,
    1e17, 1e18, 1e19, 1e20, 1e21, 1e22,
  ]

  // MARK: Sixteen to nineteen digits

  // 5^q for these q can be had exactly, or as a reciprocal by one long division; and within them the
  // truncated 128-bit product below always decides the rounding (Lemire 2021, section 8).
  private static let smallestPower = -27
  private static let largestPower = 55

  /// 5^q as a 128-bit significand with its top bit set: exact for q ≥ 0, rounded up below.
  private static let powersOfFive: [(high: UInt64, low: UInt64)] = {
    (smallestPower...largestPower).map { exponent in
      var power: UInt128 = 1
      for _ in 0..<Swift.abs(exponent) { power *= 5 }
      if exponent >= 0 {
        power <<= UInt128(power.leadingZeroBitCount)
      } else {
        // ⌊2^b / 5^-q⌋ + 1 with the b that sets the top bit; 5^27 < 2^63, so digits of 64 bits do.
        let divisor = UInt64(power)
        let bits = 64 - divisor.leadingZeroBitCount
        let (high, rest) = divisor.dividingFullWidth((1 << UInt64(bits - 1), 0))
        let (low, _) = divisor.dividingFullWidth((rest, 0))
        power = (UInt128(high) << 64 | UInt128(low)) + 1
      }
      return (UInt64(power >> 64), UInt64(truncatingIfNeeded: power))
    }
  }()

  /// significand × 10^exponent, rounded to nearest, ties to even.
  ///
  /// The algorithm of Eisel and Lemire: Number parsing at a gigabyte per second, Software: Practice
  /// and Experience 51 (2021), doi:10.1002/spe.2984. With w the significand shifted up to bit 63,
  /// w × 5^q holds 53 + 2 leading bits of the result; 2^q goes into the binary exponent.
  @inline(never)
  private static func rounded(_ significand: UInt64, _ exponent: Int) -> Double {
    let shift = significand.leadingZeroBitCount
    let w = significand << UInt64(shift)
    let power = powersOfFive[exponent - smallestPower]
    var (high, low) = w.multipliedFullWidth(by: power.high)
    if high & 0x1FF == 0x1FF {
      let second = w.multipliedFullWidth(by: power.low).high
      let (sum, carry) = low.addingReportingOverflow(second)
      low = sum
      if carry { high += 1 }
    }
    let top = Int(high >> 63)
    var mantissa = high >> UInt64(top + 9)
    // ⌊log₂ 10^q⌋ = ⌊q · 217706 / 2¹⁶⌋ in this range.
    var binaryExponent = ((217_706 * exponent) >> 16) + 63 + top - shift + 1023
    if low <= 1, exponent >= -4, exponent <= 23, mantissa & 3 == 1,
      mantissa << UInt64(top + 9) == high
    {
      mantissa &= ~1
    }
    mantissa += mantissa & 1
    mantissa >>= 1
    if mantissa >= 1 << 53 {
      mantissa = 1 << 52
      binaryExponent += 1
    }
    return Double(
      sign: .plus, exponentBitPattern: UInt(binaryExponent), significandBitPattern: mantissa)
  }

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
