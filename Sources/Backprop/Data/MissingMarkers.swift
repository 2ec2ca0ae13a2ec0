/// The texts that stand for a missing value, in features and in targets alike. An empty cell always does.
package struct MissingMarkers: Hashable, Sendable {
  /// What else counts, as it is written.
  package let added: [String]
  /// Whether what other programs write counts.
  package let areUsual: Bool

  /// The numbers among them.
  let numbers: Set<Double>
  /// For each length in bytes the markers of that length, one behind the other.
  private let byLength: [[UInt8]]
  /// Whether a marker begins with a byte: most cells end here.
  private let starts: [Bool]

  /// What is read as missing unless someone says otherwise: what pandas reads
  /// (https://pandas.pydata.org/docs/reference/api/pandas.read_csv.html, `na_values`), what databases and
  /// spreadsheets write, and marks.
  package static let usual = MissingMarkers()

  package static let usualTexts = [
    "#N/A", "#N/A N/A", "#NA", "-1.#IND", "-1.#QNAN", "-NaN", "-nan", "1.#IND", "1.#QNAN", "<NA>",
    "N/A", "NA", "NULL", "NaN", "None", "n/a", "nan", "null", "NAN", "Null", "NaT", "na", "N.A.",
    "n.a.", "\\N", "(null)", "(NULL)", "<null>", "<NULL>", "[NULL]", "[null]", "#NULL!", "#VALUE!",
    "#REF!", "#DIV/0!", "#NUM!", "#NAME?", "?", "-", "--", "---", ".", "..",
  ]

  /// - Parameters:
  ///   - added: Further texts; spaces around them do not count.
  ///   - areUsual: Whether the usual ones count too.
  package init(adding added: [String] = [], areUsual: Bool = true) {
    self.added = added
    self.areUsual = areUsual
    numbers = Set(added.map { DecimalNumber.value($0.trimmingSpaces) }.filter(\.isFinite))
    var byLength: [[UInt8]] = []
    var starts = [Bool](repeating: false, count: 256)
    for text in (areUsual ? Self.usualTexts : []) + added.map(\.trimmingSpaces) {
      let bytes = Array(text.utf8)
      guard let first = bytes.first else { continue }
      starts[Int(first)] = true
      while byLength.count <= bytes.count { byLength.append([]) }
      byLength[bytes.count] += bytes
    }
    self.byLength = byLength
    self.starts = starts
  }

  /// Whether a cell, without spaces around it, is one of them.
  @inline(__always)
  func matches(_ text: UnsafeBufferPointer<UInt8>) -> Bool {
    guard text.count > 0 else { return true }
    if !numbers.isEmpty, let start = text.baseAddress,
      numbers.contains(DecimalNumber.value(start, text.count))
    {
      return true
    }
    return text.count < byLength.count && starts[Int(text[0])] && isListed(text)
  }

  /// Whether a cell is one of those that were added, which quotes do not protect.
  func matchesAdded(_ text: UnsafeBufferPointer<UInt8>) -> Bool {
    if added.isEmpty { return false }
    let text = String(decoding: text, as: UTF8.self)
    return added.contains { $0.trimmingSpaces == text }
  }

  func matches(_ text: String) -> Bool {
    var text = text
    return text.withUTF8 { matches($0) }
  }

  private func isListed(_ text: UnsafeBufferPointer<UInt8>) -> Bool {
    let length = text.count
    return byLength[length].withUnsafeBufferPointer { markers in
      stride(from: 0, to: markers.count, by: length).contains { start in
        (0..<length).allSatisfy { markers[start + $0] == text[$0] }
      }
    }
  }

  /// Whether a cell is empty, or holds nothing but spaces, tabs and U+00A0, the space that does not break.
  @inline(__always)
  static func isBlank(_ text: UnsafeBufferPointer<UInt8>) -> Bool {
    guard text.count > 0 else { return true }
    guard text[0] <= 0x20 || text[0] == 0xC2 else { return false }
    return text.allSatisfy { $0 == 0x20 || $0 == 0x09 || $0 == 0xC2 || $0 == 0xA0 }
  }

  package static func == (left: MissingMarkers, right: MissingMarkers) -> Bool {
    left.areUsual == right.areUsual && left.added == right.added
  }

  package func hash(into hasher: inout Hasher) {
    hasher.combine(areUsual)
    hasher.combine(added)
  }
}

extension MissingMarkers {
  /// Whether a text spells an infinite number in letters: "inf", "-Infinity".
  static func isInfinite(_ text: UnsafeBufferPointer<UInt8>) -> Bool {
    guard text.count >= 3, text.count <= 9 else { return false }
    let isSigned = text[0] == UInt8(ascii: "-") || text[0] == UInt8(ascii: "+")
    let start = isSigned ? 1 : 0
    guard text[start] | 0x20 == UInt8(ascii: "i") else { return false }
    let word = String(decoding: text.dropFirst(start), as: UTF8.self).lowercased()
    return word == "inf" || word == "infinity"
  }

  /// Whether a text spells an infinite number, or one too large for a Double.
  static func isInfinite(_ text: String) -> Bool {
    var text = text
    return text.withUTF8 { utf8 in
      guard let start = utf8.baseAddress else { return false }
      return isInfinite(utf8) || DecimalNumber.value(start, utf8.count).isInfinite
    }
  }
}

extension MissingMarkers: Codable {
  private enum CodingKeys: String, CodingKey { case usual, added }

  package init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: CodingKeys.self)
    self.init(
      adding: try container.decodeIfPresent([String].self, forKey: .added) ?? [],
      areUsual: try container.decodeIfPresent(Bool.self, forKey: .usual) ?? true)
  }

  package func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: CodingKeys.self)
    if !areUsual { try container.encode(areUsual, forKey: .usual) }
    if !added.isEmpty { try container.encode(added, forKey: .added) }
  }
}
