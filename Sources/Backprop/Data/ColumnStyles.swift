/// Another pass over a file that decides how columns write what is no plain decimal: numbers in other
/// clothes, and dates. Every cell must agree; of what all cells leave open, the options decide, and where
/// they say nothing, the user is asked.
extension DelimitedFile {
  /// What was decided of a column.
  struct Decision {
    var reading: ColumnReading
    /// Why, and what is taken for what.
    var reason: String
    /// What the user must say before the column can be used; nil if nothing is open.
    var question: DataError?
    /// Cells that are a number which stands for a missing value, in other clothes.
    var missing = 0
  }

  /// Decides about columns that are not plain; nil for one whose cells agree on nothing.
  ///
  /// - Parameter scans: What the first pass found.
  func decisions(
    _ scans: [ColumnScan], names: [String], options: TableOptions
  ) throws(DataError) -> [Int: Decision?] {
    let isAsked = options.decimal != nil || options.thousands != nil
    var columns = scans.indices.filter { column in
      let scan = scans[column]
      return !scan.isIgnored && (scan.reading.isOpen || isAsked && scan.isPlain)
    }
    if !isAsked { columns += try mixedColumns(scans) }
    guard !columns.isEmpty else { return [:] }
    var styles = columns.map { column -> any CellStyles in
      if case .dates = scans[column].reading.reading { return DateStyles(options.dateOrder) }
      return NumberStyles(options, isPlain: scans[column].texts == 0)
    }
    var reader = try open()
    while try reader.next() {
      try checkWidth(reader)
      for (place, column) in columns.enumerated() {
        let bytes = reader.bytes(column)
        if !MissingMarkers.isBlank(bytes), !options.missing.matches(bytes) {
          styles[place].add(bytes, line: reader.line)
        }
      }
    }
    var decisions: [Int: Decision?] = [:]
    for (place, column) in columns.enumerated() {
      decisions[column] = .some(styles[place].decision(file: path, column: names[column]))
    }
    return decisions
  }

  /// Columns of plain decimals whose cells are numbers below 1000 without a point and numbers
  /// with three digits behind it: "693" beside "1.199".
  private func mixedColumns(_ scans: [ColumnScan]) throws(DataError) -> [Int] {
    var mixes: [(column: Int, mix: ThreeDigits)] = scans.indices.compactMap { column in
      let digits = scans[column].fractionDigits
      return scans[column].isPlain && (digits ?? 3) == 3 ? (column, ThreeDigits()) : nil
    }
    var reader = try open()
    var rows = 0
    while mixes.contains(where: { $0.mix.isPossible && !$0.mix.isMixed }), try reader.next() {
      try checkWidth(reader)
      rows += 1
      for place in mixes.indices where mixes[place].mix.isPossible {
        mixes[place].mix.add(reader.bytes(mixes[place].column))
        let isKnown = scans[mixes[place].column].fractionDigits != nil
        if rows == Self.rowsOfPoints && !mixes[place].mix.hasWhole
          || rows == Self.rowsLookedAt && !isKnown && !mixes[place].mix.isMixed
        {
          mixes[place].mix.giveUp()
        }
      }
    }
    return mixes.filter { $0.mix.isMixed }.map(\.column)
  }

  /// Where it is not known how many digits stand behind the points.
  private static let rowsLookedAt = 100_000
  /// Rows of numbers with a point, after which the others have one as well.
  private static let rowsOfPoints = 1_000
}

extension ColumnScan {
  /// Whether it holds nothing but plain decimals.
  var isPlain: Bool { !isIgnored && order != .categorical && texts == 0 && numbers > 0 }
}

/// Learns from the cells of a column how they are written.
private protocol CellStyles {
  mutating func add(_ text: UnsafeBufferPointer<UInt8>, line: Int)

  /// Nil if the cells agree on nothing.
  func decision(file: String, column: String) -> DelimitedFile.Decision?
}

/// Whether a point may stand before a fraction or a group of three digits in all cells of a column.
private struct ThreeDigits {
  private(set) var isPossible = true
  private var hasPoint = false
  private(set) var hasWhole = false

  /// Whether some cells have a point and others have none.
  var isMixed: Bool { isPossible && hasPoint && hasWhole }

  mutating func giveUp() { isPossible = false }

  mutating func add(_ text: UnsafeBufferPointer<UInt8>) {
    var digits = 0
    var behind = -1
    for (at, byte) in text.enumerated() {
      switch byte {
      case UInt8(ascii: "0")...UInt8(ascii: "9"):
        if behind >= 0 { behind += 1 } else { digits += 1 }
        // "0.123" is no group, and "0" no part of one.
        if digits == 1, behind < 0, byte == UInt8(ascii: "0"), at + 1 < text.count {
          isPossible = false
        }
      case UInt8(ascii: "."): behind = 0
      case UInt8(ascii: "-") where at == 0, UInt8(ascii: "+") where at == 0: break
      // A missing value has no digits.
      default: if digits > 0 { isPossible = false }
      }
    }
    guard digits > 0 || behind > 0 else { return }
    if !(1...3).contains(digits) || behind >= 0 && behind != 3 { isPossible = false }
    if behind == 3 { hasPoint = true } else { hasWhole = true }
  }
}

private struct NumberStyles: CellStyles {
  private let decimal: NumberStyle.Decimal?
  private let thousands: NumberStyle.Thousands?
  private let missing: Set<Double>
  /// By hypothesis, cells that are one of them.
  private var missingCells = [Int](repeating: 0, count: NumberStyle.hypotheses.count)
  /// Whether all cells are plain decimals.
  private let isPlain: Bool
  private var alive = Array(NumberStyle.hypotheses.indices)
  /// Whether two hypotheses made different numbers of a cell, and the first such cell.
  private var differing: [Int: (line: Int, text: String)] = [:]
  private var cells = 0
  private var bareCells = 0
  private var units: Set<String> = []
  private var negativeInParentheses = 0
  private var mix = ThreeDigits()
  private var firstText: String?

  init(_ options: TableOptions, isPlain: Bool) {
    (decimal, thousands, missing) = (options.decimal, options.thousands, options.missing.numbers)
    self.isPlain = isPlain
  }

  /// Of the hypotheses, a comma before the fraction; and beside it points between groups.
  private static let decimalComma = 2
  private static let pointsAndComma = 3

  private static func key(_ first: Int, _ second: Int) -> Int { first * 16 + second }

  mutating func add(_ text: UnsafeBufferPointer<UInt8>, line: Int) {
    if alive.isEmpty { return }
    guard let number = DressedNumber(text) else {
      alive = []
      return
    }
    cells += 1
    if let unit = number.unitName {
      units.insert(unit)
    } else {
      bareCells += 1
    }
    mix.add(text)
    let values = alive.map { number.value(in: NumberStyle.hypotheses[$0]) }
    for (place, hypothesis) in alive.enumerated() {
      if missing.contains(values[place]) { missingCells[hypothesis] += 1 }
      for other in alive.indices.dropFirst(place + 1)
      where values[place].isFinite && values[other].isFinite && values[place] != values[other] {
        let key = Self.key(hypothesis, alive[other])
        if differing[key] == nil {
          differing[key] = (line, String(decoding: text, as: UTF8.self))
        }
      }
    }
    alive = zip(alive, values).filter { $1.isFinite }.map(\.0)
    if firstText == nil, DecimalNumber.value(String(decoding: text, as: UTF8.self)).isNaN {
      firstText = String(decoding: text, as: UTF8.self)
    }
  }

  func decision(file: String, column: String) -> DelimitedFile.Decision? {
    guard !alive.isEmpty, units.count <= 1, units.isEmpty || bareCells == 0 else { return nil }
    let wanted = alive.filter { hypothesis in
      let style = NumberStyle.hypotheses[hypothesis]
      if let decimal, style.decimal != decimal { return false }
      guard let thousands else { return true }
      return style.thousands == thousands
        || style.thousands == nil && style.decimal.rawValue != thousands.rawValue
    }
    let left = wanted.isEmpty ? alive : wanted
    // A point between groups of three digits may come yet.
    let chosen =
      left[0] == Self.decimalComma && left.contains(Self.pointsAndComma)
      ? Self.pointsAndComma : left[0]
    // Where nothing differs from plain decimals, they are that.
    let isSame = chosen == 0 || alive.contains(0) && differing(0, chosen) == nil
    let other = left.first { $0 != chosen && self.differing(chosen, $0) != nil }
    let style = NumberStyle.hypotheses[isSame ? 0 : chosen]
    let named = NumberStyle(
      decimal: style.decimal, thousands: style.thousands, unit: units.first)
    var question: DataError?
    if let other, let cell = differing(chosen, other), !isPlain || mix.isMixed {
      question = Self.question(cell, chosen, other, file: file, column: column)
    }
    return DelimitedFile.Decision(
      reading: .numbers(named), reason: reason(named), question: question,
      missing: missingCells[isSame ? 0 : chosen])
  }

  /// A cell of which two hypotheses make different numbers.
  private func differing(_ first: Int, _ second: Int) -> (line: Int, text: String)? {
    differing[Self.key(min(first, second), max(first, second))]
  }

  private func reason(_ style: NumberStyle) -> String {
    guard let firstText else { return "all cells are numbers" }
    let value = firstText.withBytes { style.value($0) }
    return
      "all cells are numbers, written as \(firstText.quoted), which is \(DecimalNumber.text(value))"
  }

  /// What the user must say: the cell may be one number or the other.
  private static func question(
    _ cell: (line: Int, text: String), _ first: Int, _ second: Int, file: String, column: String
  ) -> DataError {
    func reading(_ hypothesis: Int) -> (value: String, style: NumberStyle) {
      let style = NumberStyle.hypotheses[hypothesis]
      let value = cell.text.withBytes { DressedNumber($0)?.value(in: style) } ?? .nan
      return (DecimalNumber.text(value), style)
    }
    func advice(_ style: NumberStyle) -> String {
      style.thousands.map { "thousands \($0.name)" } ?? "decimal \(style.decimal.rawValue)"
    }
    let (one, other) = (reading(first), reading(second))
    return DataError(
      file: file, place: .line(cell.line), column: column,
      "\(cell.text.quoted) may be \(one.value) or \(other.value), and no other cell of the column tells",
      remedy:
        "say \(advice(one.style)) for \(one.value), or \(advice(other.style)) for \(other.value)")
  }
}

private struct DateStyles: CellStyles {
  private let wanted: DateStyle?
  private var alive: [DateStyle] = [.yearFirst, .dayFirst, .monthFirst]
  private var differing: (line: Int, text: String)?
  private var times = 0
  private var hasOffsets = false
  private var cells = 0
  private var firstText: String?

  init(_ wanted: DateStyle?) {
    self.wanted = wanted
  }

  mutating func add(_ text: UnsafeBufferPointer<UInt8>, line: Int) {
    if alive.isEmpty { return }
    guard let date = DateText(text) else {
      alive = []
      return
    }
    cells += 1
    if firstText == nil { firstText = String(decoding: text, as: UTF8.self) }
    hasOffsets = hasOffsets || date.hasOffset
    if date.isTimeOnly {
      times += 1
      return
    }
    alive = alive.filter { date.value(in: $0).isFinite }
    if differing == nil, Set(alive.map { date.value(in: $0) }).count > 1 {
      differing = (line, String(decoding: text, as: UTF8.self))
    }
  }

  func decision(file: String, column: String) -> DelimitedFile.Decision? {
    // A column of dates and of times alone is neither.
    guard !alive.isEmpty, times == 0 || times == cells, let firstText else { return nil }
    if times > 0 {
      return DelimitedFile.Decision(
        reading: .dates(.time), reason: "all cells are times, as \(firstText.quoted)")
    }
    let chosen =
      wanted.flatMap { alive.contains($0) ? $0 : nil }
      // "1.2.2024" has the day in front wherever it is written so.
      ?? (alive == [.dayFirst, .monthFirst] && (differing?.text.contains(".") ?? false)
        ? .dayFirst : nil)
    var question: DataError?
    if chosen == nil, let cell = differing {
      question = DataError(
        file: file, place: .line(cell.line), column: column,
        "\(cell.text.quoted) may have "
          + alive.map(\.text).joined(separator: ", or ")
          + ", and no other cell of the column tells",
        remedy: "say the date order \(alive.map(\.name).joined(separator: " or "))")
    }
    let style = chosen ?? alive[0]
    return DelimitedFile.Decision(
      reading: .dates(style),
      reason: "all cells are dates, as \(firstText.quoted), \(style.text)"
        + (hasOffsets ? "; offsets from UTC are left out" : "")
        + (wanted.map { alive.contains($0) ? "" : "; the date order \($0.name) does not fit" } ?? ""),
      question: question)
  }
}

extension DateStyle {
  package init?(name: String) {
    guard let match = Self.orders.first(where: { $0.name == name }) else { return nil }
    self = match
  }

  /// As an option spells it.
  package var name: String {
    switch self {
    case .yearFirst: "year-first"
    case .dayFirst: "day-first"
    case .monthFirst: "month-first"
    case .time: "time"
    }
  }

  var text: String {
    switch self {
    case .yearFirst: "the year in front"
    case .dayFirst: "the day in front"
    case .monthFirst: "the month in front"
    case .time: "no day"
    }
  }
}

extension String {
  func withBytes<Result, Failure: Error>(
    _ body: (UnsafeBufferPointer<UInt8>) throws(Failure) -> Result
  ) throws(Failure) -> Result {
    var text = self
    var result: Swift.Result<Result, Failure>?
    text.withUTF8 { bytes in
      do throws(Failure) { result = .success(try body(bytes)) } catch { result = .failure(error) }
    }
    guard let result else { preconditionFailure("the body was not called") }
    return try result.get()
  }
}
