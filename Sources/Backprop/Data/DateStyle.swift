/// How the cells of a column write dates and times: the order of day, month and year, decided by the column.
///
/// Read are ISO 8601 (`2024-03-05`, `2024-03`, `2024-03-05T14:30:00Z`), three numbers with `-`, `/` or `.`
/// between them, months by their English names (`5 Mar 2024`, `Mar 5, 2024`, `05-Mar-24`), each with a time
/// behind it or not (`14:30`, `2:30:15.5 PM`), and times alone. A year of two digits is 1969 to 2068. An
/// offset from UTC is read and left out: parts of a date are those of the place where it was written.
package enum DateStyle: String, Codable, CaseIterable, Sendable {
  /// Year, month, day.
  case yearFirst
  case dayFirst
  case monthFirst
  /// No day at all.
  case time

  /// What a user may say.
  package static let orders: [DateStyle] = [.yearFirst, .dayFirst, .monthFirst]

  /// The days since 1 January 1970 with their fraction, of a time alone that of the day; NaN for what is
  /// none in this order.
  func value(_ text: UnsafeBufferPointer<UInt8>) -> Double {
    DateText(text)?.value(in: self) ?? .nan
  }
}

extension DateStyle {
  /// "2024-03-05", with a time if it has one; of a time alone "14:30:00".
  static func text(ofDays date: Double) -> String {
    let values = DatePart.values(date, first: 0)
    let seconds = Int((values.hour * 3600).rounded())
    let time = [seconds / 3600, seconds / 60 % 60, seconds % 60].map(padded).joined(separator: ":")
    if date > 0, date < 1 { return time }
    let day = (1...31).first { day in
      DateText.days(Int(values.year), Int(values.month), day).map(Double.init)
        == date.rounded(.down)
    }
    guard let day else { return "" }
    let text = "\(Int(values.year))-\(padded(Int(values.month)))-\(padded(day))"
    return seconds == 0 ? text : "\(text) \(time)"
  }

  private static func padded(_ number: Int) -> String { number < 10 ? "0\(number)" : "\(number)" }
}

/// The parts of a date as a cell writes them, in their order.
struct DateText {
  private enum Day {
    case none
    /// Three numbers with their digits; of "24-03-05" the year may stand in front, of "24.03.05" it does not.
    case numbers(Int, Int, Int, digits: (Int, Int, Int), isHyphened: Bool)
    /// The name of the month tells.
    case named(year: Int, month: Int, day: Int)
  }

  private let day: Day
  /// Seconds of the day; nil if there is no time.
  private let seconds: Double?
  /// Whether it says how far it is from UTC, other than "Z".
  let hasOffset: Bool

  private static let longest = 48
  private static let months = [
    "jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec",
  ]
  private static let monthNames = [
    "january", "february", "march", "april", "may", "june", "july", "august", "september",
    "october",
    "november", "december",
  ]
  private static let days = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
  private static let dayNames = [
    "monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday",
  ]

  /// Nil if this is no date and no time.
  init?(_ text: UnsafeBufferPointer<UInt8>) {
    guard (4...Self.longest).contains(text.count), text.contains(where: Self.isDigit) else {
      return nil
    }
    var tokens = Tokens(text)
    tokens.skipBlanks()
    if let word = tokens.word, Self.days.contains(word) || Self.dayNames.contains(word) {
      tokens.takeWord()
      tokens.accept(",")
      tokens.accept(".")
      tokens.skipBlanks()
    }
    let start = tokens.at
    if let seconds = Self.time(&tokens), tokens.isAtEnd {
      (day, self.seconds, hasOffset) = (.none, seconds, tokens.hasOffset)
      return
    }
    tokens.at = start
    guard let day = Self.day(&tokens) else { return nil }
    var seconds: Double?
    if !tokens.isAtEnd {
      guard tokens.accept("T") || tokens.accept("t") || tokens.skipBlanks() || tokens.accept(",")
      else { return nil }
      tokens.skipBlanks()
      if !tokens.isAtEnd {
        guard let time = Self.time(&tokens), tokens.isAtEnd else { return nil }
        seconds = time
      }
    }
    (self.day, self.seconds, hasOffset) = (day, seconds, tokens.hasOffset)
  }

  /// Whether it has no day.
  var isTimeOnly: Bool { if case .none = day { true } else { false } }

  func value(in style: DateStyle) -> Double {
    let fraction = (seconds ?? 0) / 86_400
    switch day {
    case .none: return style != .time ? .nan : fraction < 1 ? fraction : 0
    case .named where style == .time, .numbers where style == .time: return .nan
    case .named(let year, let month, let day):
      return Self.days(year, month, day).map { Double($0) + fraction } ?? .nan
    case .numbers(let first, let second, let third, let digits, let isHyphened):
      let (year, month, day, yearDigits, others) =
        switch style {
        case .yearFirst: (first, second, third, digits.0, (digits.1, digits.2))
        case .dayFirst: (third, second, first, digits.2, (digits.0, digits.1))
        case .monthFirst, .time: (third, first, second, digits.2, (digits.0, digits.1))
        }
      guard others.0 <= 2, others.1 <= 2,
        yearDigits == 4
          || yearDigits == 2
            && (style != .yearFirst || isHyphened && digits.1 == 2 && digits.2 == 2)
      else { return .nan }
      return Self.days(Self.fullYear(year, yearDigits), month, day).map { Double($0) + fraction }
        ?? .nan
    }
  }

  // MARK: The calendar

  /// POSIX: 69 to 99 are of the 20th century.
  private static func fullYear(_ year: Int, _ digits: Int) -> Int {
    digits > 2 ? year : year < 69 ? 2000 + year : 1900 + year
  }

  /// Days since 1 January 1970 in the Gregorian calendar, or nil if there is no such day (Hinnant,
  /// chrono-Compatible Low-Level Date Algorithms, days_from_civil).
  fileprivate static func days(_ year: Int, _ month: Int, _ day: Int) -> Int? {
    guard (1...9999).contains(year), (1...12).contains(month), day >= 1 else { return nil }
    let isLeap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
    let lengths = [31, isLeap ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]
    guard day <= lengths[month - 1] else { return nil }
    let shifted = month <= 2 ? year - 1 : year
    let era = shifted / 400
    let yearOfEra = shifted - era * 400
    let dayOfYear = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1
    return era * 146_097 + yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear - 719_468
  }

  // MARK: Reading

  private static func isDigit(_ byte: UInt8) -> Bool { byte &- 48 <= 9 }

  private static func day(_ tokens: inout Tokens) -> Day? {
    if let month = month(&tokens) {
      // Mar 5, 2024
      tokens.accept(".")
      guard tokens.skipBlanks() || tokens.accept("-"), let day = tokens.number(most: 2) else {
        return nil
      }
      _ = tokens.accept(",") || tokens.accept("-")
      tokens.skipBlanks()
      guard let year = tokens.number(most: 4), year.digits == 2 || year.digits == 4 else {
        return nil
      }
      return .named(year: fullYear(year.value, year.digits), month: month, day: day.value)
    }
    guard let first = tokens.number(most: 4) else { return nil }
    let at = tokens.at
    tokens.accept(".")
    _ = tokens.accept("-") || tokens.accept("/")
    tokens.skipBlanks()
    if let month = month(&tokens) {
      // 5 Mar 2024, 05-Mar-24
      _ = tokens.accept(".") || tokens.accept(",")
      _ = tokens.accept("-") || tokens.accept("/")
      tokens.skipBlanks()
      guard let other = tokens.number(most: 4) else { return nil }
      if first.digits == 4, other.digits <= 2 {
        return .named(year: first.value, month: month, day: other.value)
      }
      guard first.digits <= 2, other.digits == 2 || other.digits == 4 else { return nil }
      return .named(
        year: fullYear(other.value, other.digits), month: month, day: first.value)
    }
    tokens.at = at
    guard let separator = tokens.separator, let second = tokens.number(most: 2) else { return nil }
    if tokens.accept(separator) {
      if separator == "." { tokens.skipBlanks() }
      guard let third = tokens.number(most: 4) else { return nil }
      return .numbers(
        first.value, second.value, third.value,
        digits: (first.digits, second.digits, third.digits), isHyphened: separator == "-")
    }
    // 2024-03
    guard first.digits == 4, separator == "-", second.digits == 2 else { return nil }
    return .numbers(
      first.value, second.value, 1, digits: (4, 2, 1), isHyphened: true)
  }

  private static func month(_ tokens: inout Tokens) -> Int? {
    guard let word = tokens.word else { return nil }
    let short = word == "sept" ? "sep" : word
    guard let index = months.firstIndex(of: short) ?? monthNames.firstIndex(of: word) else {
      return nil
    }
    tokens.takeWord()
    return index + 1
  }

  /// Seconds of the day.
  private static func time(_ tokens: inout Tokens) -> Double? {
    guard var hour = tokens.number(most: 2)?.value, tokens.accept(":"),
      let minute = tokens.number(most: 2), minute.digits == 2, minute.value < 60
    else { return nil }
    var seconds = 0.0
    if tokens.accept(":") {
      guard let whole = tokens.number(most: 2), whole.digits == 2, whole.value <= 60 else {
        return nil
      }
      seconds = Double(whole.value)
      if tokens.accept(".") || tokens.accept(",") {
        guard let fraction = tokens.number(most: 9) else { return nil }
        seconds +=
          Double(fraction.value) / (0..<fraction.digits).reduce(1.0) { power, _ in power * 10 }
      }
    }
    let at = tokens.at
    tokens.skipBlanks()
    if let word = tokens.word, word == "am" || word == "pm" {
      guard (1...12).contains(hour) else { return nil }
      tokens.takeWord()
      hour = hour % 12 + (word == "pm" ? 12 : 0)
    } else if let word = tokens.word, word == "z" || word == "utc" || word == "gmt" {
      tokens.takeWord()
    } else if tokens.accept("+") || tokens.accept("-") {
      tokens.hasOffset = true
      guard let offset = tokens.number(most: 4) else { return nil }
      if offset.digits <= 2, tokens.accept(":"), tokens.number(most: 2) == nil { return nil }
    } else {
      tokens.at = at
    }
    guard hour < 24 || hour == 24 && minute.value == 0 && seconds == 0 else { return nil }
    return Double(hour * 3600 + minute.value * 60) + seconds
  }

  /// A cell, and how far it has been read.
  private struct Tokens {
    private let text: UnsafeBufferPointer<UInt8>
    var at = 0
    var hasOffset = false

    init(_ text: UnsafeBufferPointer<UInt8>) {
      self.text = text
    }

    var isAtEnd: Bool {
      (at..<text.count).allSatisfy { text[$0] == 0x20 || text[$0] == 0x09 }
    }

    @discardableResult
    mutating func skipBlanks() -> Bool {
      let start = at
      while at < text.count, text[at] == 0x20 || text[at] == 0x09 { at += 1 }
      return at > start
    }

    @discardableResult
    mutating func accept(_ character: Unicode.Scalar) -> Bool {
      guard at < text.count, text[at] == UInt8(ascii: character) else { return false }
      at += 1
      return true
    }

    /// The separator that stands here, which is taken.
    var separator: Unicode.Scalar? {
      mutating get { (["-", "/", "."] as [Unicode.Scalar]).first { accept($0) } }
    }

    mutating func number(most digits: Int) -> (value: Int, digits: Int)? {
      var value = 0
      let start = at
      while at < text.count, at - start < digits, isDigit(text[at]) {
        value = value * 10 + Int(text[at] - 48)
        at += 1
      }
      let isOver = at < text.count && isDigit(text[at])
      return at > start && !isOver ? (value, at - start) : nil
    }

    private var endOfWord: Int {
      var end = at
      while end < text.count, (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(text[end] | 0x20) {
        end += 1
      }
      return end
    }

    /// The letters that stand here, in lower case; nil if there are none.
    var word: String? {
      let end = endOfWord
      return end > at ? String(decoding: text[at..<end], as: UTF8.self).lowercased() : nil
    }

    mutating func takeWord() { at = endOfWord }
  }
}

/// A part of a date that becomes an input.
package enum DatePart: String, Codable, CaseIterable, Sendable {
  case year
  case month
  /// 0 is Monday.
  case dayOfWeek
  /// 1 is the first.
  case dayOfYear
  /// With its fraction.
  case hour
  /// Since the first date of the training rows.
  case days

  /// What the input is called.
  package var text: String {
    switch self {
    case .year: "year"
    case .month: "month"
    case .dayOfWeek: "day of week"
    case .dayOfYear: "day of year"
    case .hour: "hour"
    case .days: "days since the first"
    }
  }

  /// The parts of a date that is given as days since 1 January 1970 (Hinnant, as above, civil_from_days).
  static func values(_ date: Double, first: Double) -> (
    year: Double, month: Double, dayOfWeek: Double, dayOfYear: Double, hour: Double, days: Double
  ) {
    let day = date.rounded(.down)
    let shifted = Int(day) + 719_468
    let era = shifted >= 0 ? shifted / 146_097 : (shifted - 146_096) / 146_097
    let dayOfEra = shifted - era * 146_097
    let yearOfEra =
      (dayOfEra - dayOfEra / 1_460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
    // Counted from 1 March.
    let dayOfShifted = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
    let monthFromMarch = (5 * dayOfShifted + 2) / 153
    let month = monthFromMarch < 10 ? monthFromMarch + 3 : monthFromMarch - 9
    let year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)
    let isLeap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
    let dayOfYear = month > 2 ? dayOfShifted + 60 + (isLeap ? 1 : 0) : dayOfShifted - 305
    let dayOfWeek = ((Int(day) + 3) % 7 + 7) % 7
    return (
      Double(year), Double(month), Double(dayOfWeek), Double(dayOfYear), (date - day) * 24,
      date - first
    )
  }

  /// This part of a date.
  func value(_ date: Double, first: Double) -> Double {
    let values = Self.values(date, first: first)
    return switch self {
    case .year: values.year
    case .month: values.month
    case .dayOfWeek: values.dayOfWeek
    case .dayOfYear: values.dayOfYear
    case .hour: values.hour
    case .days: values.days
    }
  }
}
