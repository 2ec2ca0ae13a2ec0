/// A JSON document that keeps the order of keys and the digits of numbers.
///
/// Why not `JSONSerialization`: headers of files must refuse duplicate keys, numbers must come back
/// with the same bits, and the command's documents have a fixed order of keys.
package enum JSONValue: Hashable, Sendable {
  case null
  case bool(Bool)
  case number(JSONNumber)
  case string(String)
  case array([JSONValue])
  case object([JSONMember])
}

/// A key and its value.
package struct JSONMember: Hashable, Sendable {
  package var key: String
  package var value: JSONValue

  package init(_ key: String, _ value: JSONValue) {
    self.key = key
    self.value = value
  }
}

/// A number in the syntax of JSON, kept as text so that no digit is lost.
package struct JSONNumber: Hashable, Sendable, CustomStringConvertible {
  /// The digits, for example "-1.5e-08".
  package let description: String

  /// Text that a reader has checked against the grammar of numbers.
  init(checked text: String) { description = text }

  package init(_ value: some FixedWidthInteger) { description = String(value) }

  /// The shortest text that reads back to the same bits in the value's own precision.
  ///
  /// - Returns: nil for NaN and infinities, which are not numbers in JSON.
  package init?<T: Scalar>(_ value: T) {
    guard value.isFinite else { return nil }
    description = value.shortestText
  }

  package var double: Double? { Double(description) }
}

extension JSONValue {
  /// A number in its shortest form, or one of "NaN", "Infinity", "-Infinity" as a string.
  package init<T: Scalar>(_ value: T) {
    if let number = JSONNumber(value) {
      self = .number(number)
    } else {
      self = .string(value.shortestText)
    }
  }

  package init(_ value: some FixedWidthInteger) { self = .number(JSONNumber(value)) }
  package init(_ value: String) { self = .string(value) }
  package init(_ value: Bool) { self = .bool(value) }
  package init(_ values: [JSONValue]) { self = .array(values) }
  package init<T: Scalar>(_ values: [T]) { self = .array(values.map { JSONValue($0) }) }
  package init(_ values: [Int]) { self = .array(values.map { JSONValue($0) }) }
  package init(_ values: [String]) { self = .array(values.map { .string($0) }) }

  /// The value of a key of an object; nil if this is no object, or has no such key.
  package subscript(_ key: String) -> JSONValue? {
    guard case .object(let members) = self else { return nil }
    return members.first { $0.key == key }?.value
  }

  /// An element of an array; nil if this is no array, or a shorter one.
  package subscript(_ index: Int) -> JSONValue? {
    guard case .array(let values) = self, values.indices.contains(index) else { return nil }
    return values[index]
  }

  package var string: String? { if case .string(let text) = self { text } else { nil } }
  package var bool: Bool? { if case .bool(let value) = self { value } else { nil } }
  package var array: [JSONValue]? { if case .array(let values) = self { values } else { nil } }
  package var object: [JSONMember]? { if case .object(let members) = self { members } else { nil } }

  /// A number, or one of the three strings that stand for what is not a number.
  package var double: Double? {
    switch self {
    case .number(let number): number.double
    case .string("NaN"): .nan
    case .string("Infinity"): .infinity
    case .string("-Infinity"): -.infinity
    default: nil
    }
  }

  /// An integer without fraction or exponent that fits.
  package var int: Int? {
    if case .number(let number) = self { Int(number.description) } else { nil }
  }
}

extension JSONValue: ExpressibleByDictionaryLiteral, ExpressibleByArrayLiteral,
  ExpressibleByStringLiteral, ExpressibleByIntegerLiteral, ExpressibleByBooleanLiteral,
  ExpressibleByFloatLiteral, ExpressibleByNilLiteral
{
  package init(dictionaryLiteral elements: (String, JSONValue)...) {
    self = .object(elements.map { JSONMember($0.0, $0.1) })
  }
  package init(arrayLiteral elements: JSONValue...) { self = .array(elements) }
  package init(stringLiteral value: String) { self = .string(value) }
  package init(integerLiteral value: Int) { self.init(value) }
  package init(booleanLiteral value: Bool) { self = .bool(value) }
  package init(floatLiteral value: Double) { self.init(value) }
  package init(nilLiteral: ()) { self = .null }
}

// MARK: Writing

extension JSONValue: CustomStringConvertible {
  /// The document in one line, without spaces.
  package var description: String {
    var text = ""
    write(to: &text)
    return text
  }

  /// The document in UTF-8, without spaces.
  package var utf8: [UInt8] { Array(description.utf8) }

  private func write(to text: inout String) {
    switch self {
    case .null: text += "null"
    case .bool(let value): text += value ? "true" : "false"
    case .number(let number): text += number.description
    case .string(let string): Self.write(string, to: &text)
    case .array(let values):
      text += "["
      for (index, value) in values.enumerated() {
        if index > 0 { text += "," }
        value.write(to: &text)
      }
      text += "]"
    case .object(let members):
      text += "{"
      for (index, member) in members.enumerated() {
        if index > 0 { text += "," }
        Self.write(member.key, to: &text)
        text += ":"
        member.value.write(to: &text)
      }
      text += "}"
    }
  }

  private static func write(_ string: String, to text: inout String) {
    text += "\""
    for scalar in string.unicodeScalars {
      switch scalar {
      case "\"": text += "\\\""
      case "\\": text += "\\\\"
      case "\n": text += "\\n"
      case "\r": text += "\\r"
      case "\t": text += "\\t"
      case _ where scalar.isUnseen:
        for unit in UTF16.encode(scalar) ?? .init() {
          let digits = String(unit, radix: 16)
          text += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
        }
      default: text.unicodeScalars.append(scalar)
      }
    }
    text += "\""
  }
}

extension JSONValue {
  /// The document over several lines, as people write it: a list of scalars on one.
  package var indented: String { indented(by: "") }

  private func indented(by margin: String) -> String {
    switch self {
    case .object(let members) where !members.isEmpty:
      let inner = margin + "  "
      let lines = members.map {
        inner + JSONValue.string($0.key).description + ": " + $0.value.indented(by: inner)
      }
      return "{\n" + lines.joined(separator: ",\n") + "\n" + margin + "}"
    case .array(let values) where !values.isEmpty:
      return "[" + values.map { $0.indented(by: margin) }.joined(separator: ", ") + "]"
    default: return description
    }
  }
}
