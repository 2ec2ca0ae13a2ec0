/// How the cells of a column write numbers that are not plain decimals: `1.234,50 €`, `(5)`, `12 %`.
///
/// What every style reads besides plain decimals: blanks and tabs around, U+2212 for minus, `(5)` for −5 as
/// accountants write it, one unit before or after the digits. A percentage stays the number that stands
/// there: `12 %` is 12.
package struct NumberStyle: Hashable, Codable, Sendable {
  /// What stands before the fraction.
  package enum Decimal: String, Codable, CaseIterable, Sendable {
    case point = "."
    case comma = ","
  }

  /// What stands between groups of three digits.
  package enum Thousands: String, Codable, CaseIterable, Sendable {
    case comma = ","
    case point = "."
    /// Also U+00A0, U+2009 and U+202F.
    case space = " "
    /// Also U+2019.
    case apostrophe = "'"

    var byte: UInt8 { rawValue.utf8.first ?? 0 }

    /// As an option spells it.
    package var name: String { self == .space ? "space" : rawValue }

    package init?(name: String) {
      guard let match = Self.allCases.first(where: { $0.name == name || $0.rawValue == name })
      else {
        return nil
      }
      self = match
    }
  }

  package let decimal: Decimal
  /// Nil if digits are not grouped.
  package let thousands: Thousands?
  /// "$", "USD", "%"; nil for bare numbers.
  package let unit: String?

  package init(decimal: Decimal = .point, thousands: Thousands? = nil, unit: String? = nil) {
    self.decimal = decimal
    self.thousands = thousands
    self.unit = unit
  }

  package static let plain = NumberStyle()

  /// Whether a plain decimal is the number that it looks like.
  package var readsPlain: Bool { decimal == .point && thousands != .point }

  /// The number that a cell spells; NaN if it spells none, or one of another unit, infinite if it is too large
  /// for a Double.
  func value(_ text: UnsafeBufferPointer<UInt8>) -> Double {
    guard let number = DressedNumber(text), number.unit == nil || number.unitName == unit else {
      return .nan
    }
    return number.value(in: self)
  }

  /// Ways to write a number that a column may have, the usual ones first.
  static let hypotheses: [NumberStyle] = [
    NumberStyle(), NumberStyle(thousands: .comma), NumberStyle(decimal: .comma),
    NumberStyle(decimal: .comma, thousands: .point), NumberStyle(thousands: .space),
    NumberStyle(decimal: .comma, thousands: .space), NumberStyle(thousands: .apostrophe),
    NumberStyle(decimal: .comma, thousands: .apostrophe),
  ]
}

/// A number in whatever a cell wraps it: sign, parentheses, unit, and between them digits with separators.
struct DressedNumber {
  let isNegative: Bool
  /// The unit as it is written; nil if there is none.
  let unit: String?
  /// Digits, points, commas, spaces, apostrophes and an exponent, in ASCII.
  private let body: [UInt8]

  private static let longest = 64
  private static let symbols = [
    "%", "٪", "％", "$", "€", "£", "¥", "₩", "₹", "₽", "₺", "₴", "₫", "฿", "₪", "₦", "₱", "₡", "₲",
    "₵",
    "¢", "US$", "A$", "C$", "HK$", "NT$", "R$", "S$", "NZ$", "kr", "zł", "Kč", "Fr.", "Fr", "Ft",
    "lei", "円", "원", "元",
  ]
  private static let currencies: Set<String> = [
    "AED", "ARS", "AUD", "BGN", "BRL", "CAD", "CHF", "CLP", "CNY", "COP", "CZK", "DKK", "EGP",
    "EUR",
    "GBP", "HKD", "HUF", "IDR", "ILS", "INR", "ISK", "JPY", "KES", "KRW", "MAD", "MXN", "MYR",
    "NGN",
    "NOK", "NZD", "PEN", "PHP", "PKR", "PLN", "RON", "RUB", "SAR", "SEK", "SGD", "THB", "TRY",
    "TWD",
    "UAH", "USD", "VND", "ZAR",
  ]
  private static let units = Set(symbols).union(currencies)

  /// Nil if this is no number, however written.
  init?(_ text: UnsafeBufferPointer<UInt8>) {
    guard (1...Self.longest).contains(text.count), text.contains(where: Self.isDigit) else {
      return nil
    }
    var rest = Substring(String(decoding: text, as: UTF8.self))
    Self.trim(&rest)
    var isNegative = false
    let isAccounting = rest.first == "(" && rest.last == ")"
    if isAccounting {
      rest = rest.dropFirst().dropLast()
      isNegative = true
    }
    guard var first = rest.firstIndex(where: Self.isDigit),
      let last = rest.lastIndex(where: Self.isDigit)
    else { return nil }
    // ".5", but not the point of "Fr.5".
    if first > rest.startIndex {
      let before = rest.index(before: first)
      let isFree = before == rest.startIndex || !rest[rest.index(before: before)].isLetter
      if rest[before] == "." || rest[before] == ",", isFree { first = before }
    }
    var units: [String] = []
    for part in [rest[..<first], rest[rest.index(after: last)...]] {
      var part = part
      Self.trim(&part)
      // A sign stands before the digits, on either side of a unit.
      if part.startIndex < first, let sign = [part.first, part.last].first(where: Self.isSign) {
        guard !isNegative else { return nil }
        isNegative = sign != "+"
        part = part.first == sign ? part.dropFirst() : part.dropLast()
        Self.trim(&part)
      }
      if !part.isEmpty { units.append(String(part)) }
    }
    guard units.count <= 1, units.allSatisfy(Self.units.contains) else { return nil }
    var body: [UInt8] = []
    for character in rest[first...last] {
      switch character {
      case "\u{A0}", "\u{2009}", "\u{202F}", " ": body.append(UInt8(ascii: " "))
      case "\u{2019}", "'": body.append(UInt8(ascii: "'"))
      case "\u{2212}": body.append(UInt8(ascii: "-"))
      default:
        guard let ascii = character.asciiValue else { return nil }
        body.append(ascii)
      }
    }
    self.isNegative = isNegative
    self.unit = units.first
    self.body = body
  }

  /// What a unit is called in a style: all percent signs are one.
  var unitName: String? {
    switch unit {
    case "٪", "％": "%"
    default: unit
    }
  }

  /// The number in a style, which is not asked for the unit; NaN if it is none there.
  func value(in style: NumberStyle) -> Double {
    var digits: [UInt8] = []
    digits.reserveCapacity(body.count + 1)
    if isNegative { digits.append(UInt8(ascii: "-")) }
    let decimal: UInt8 = style.decimal == .point ? UInt8(ascii: ".") : UInt8(ascii: ",")
    let separator = style.thousands?.byte
    // Digits since the last separator, and whether there was one.
    var group = 0
    var isGrouped = false
    var at = 0
    while at < body.count, body[at] != decimal, body[at] | 0x20 != UInt8(ascii: "e") {
      if Self.isDigit(body[at]) {
        digits.append(body[at])
        group += 1
      } else {
        guard body[at] == separator, isGrouped ? group == 3 : (1...3).contains(group),
          isGrouped || digits[isNegative ? 1 : 0] != UInt8(ascii: "0")
        else { return .nan }
        isGrouped = true
        group = 0
      }
      at += 1
    }
    if isGrouped, group != 3 { return .nan }
    if at < body.count, body[at] == decimal {
      digits.append(UInt8(ascii: "."))
      digits += body[(at + 1)...]
    } else {
      digits += body[at...]
    }
    return digits.withUnsafeBufferPointer { digits in
      digits.baseAddress.map { DecimalNumber.value($0, digits.count) } ?? .nan
    }
  }

  private static func isDigit(_ byte: UInt8) -> Bool { byte &- 48 <= 9 }

  private static func isDigit(_ character: Character) -> Bool { ("0"..."9").contains(character) }

  private static func isSign(_ character: Character?) -> Bool {
    character == "-" || character == "+" || character == "\u{2212}"
  }

  private static func trim(_ text: inout Substring) {
    func isBlank(_ character: Character) -> Bool {
      switch character {
      case " ", "\t", "\u{A0}", "\u{2009}", "\u{202F}": true
      default: false
      }
    }
    while let first = text.first, isBlank(first) { text.removeFirst() }
    while let last = text.last, isBlank(last) { text.removeLast() }
  }
}
