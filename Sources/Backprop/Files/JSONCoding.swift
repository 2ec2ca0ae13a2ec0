#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

// The bridge between Codable values and JSON documents. It goes through Foundation's coders, in one
// place, so that keys come out sorted, and NaN and infinities as the three strings of JSONValue.

extension JSONValue {
  /// The document of a value: keys sorted, so that equal values give equal bytes.
  ///
  /// - Throws: What the value's own `encode(to:)` throws.
  package init(encoding value: some Encodable) throws {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    encoder.nonConformingFloatEncodingStrategy = .convertToString(
      positiveInfinity: "Infinity", negativeInfinity: "-Infinity", nan: "NaN")
    try self.init(parsing: Array(encoder.encode(value)))
  }

  /// The value that a document stands for.
  ///
  /// - Parameters:
  ///   - type: The type of the value.
  ///   - userInfo: What the type's own `init(from:)` may ask the decoder for.
  /// - Throws: `DecodingError` if keys or types do not fit.
  package func decoded<Value: Decodable>(
    as type: Value.Type, userInfo: [CodingUserInfoKey: any Sendable] = [:]
  ) throws -> Value {
    let decoder = JSONDecoder()
    decoder.userInfo = userInfo
    decoder.nonConformingFloatDecodingStrategy = .convertFromString(
      positiveInfinity: "Infinity", negativeInfinity: "-Infinity", nan: "NaN")
    return try decoder.decode(type, from: Data(utf8))
  }
}

extension JSONValue: Codable {
  private struct MemberKey: CodingKey {
    let stringValue: String
    var intValue: Int? { nil }
    init(stringValue: String) { self.stringValue = stringValue }
    init?(intValue: Int) { nil }
  }

  package init(from decoder: any Decoder) throws {
    if let container = try? decoder.container(keyedBy: MemberKey.self) {
      self = .object(
        try container.allKeys.map {
          JSONMember($0.stringValue, try container.decode(JSONValue.self, forKey: $0))
        })
    } else if var container = try? decoder.unkeyedContainer() {
      var values: [JSONValue] = []
      while !container.isAtEnd { values.append(try container.decode(JSONValue.self)) }
      self = .array(values)
    } else {
      let value = try decoder.singleValueContainer()
      if value.decodeNil() {
        self = .null
      } else if let bool = try? value.decode(Bool.self) {
        self = .bool(bool)
      } else if let number = try? value.decode(UInt64.self) {
        self.init(number)
      } else if let number = try? value.decode(Int64.self) {
        self.init(number)
      } else if let text = try? value.decode(String.self) {
        self = .string(text)
      } else {
        self.init(try value.decode(Double.self))
      }
    }
  }

  package func encode(to encoder: any Encoder) throws {
    switch self {
    case .object(let members):
      var container = encoder.container(keyedBy: MemberKey.self)
      for member in members {
        try container.encode(member.value, forKey: MemberKey(stringValue: member.key))
      }
    case .array(let values):
      var container = encoder.unkeyedContainer()
      for value in values { try container.encode(value) }
    case .null, .bool, .number, .string:
      var container = encoder.singleValueContainer()
      switch self {
      case .bool(let value): try container.encode(value)
      case .string(let text): try container.encode(text)
      case .number(let number):
        if let whole = Int64(number.description) {
          try container.encode(whole)
        } else if let whole = UInt64(number.description) {
          try container.encode(whole)
        } else {
          try container.encode(number.double ?? .nan)
        }
      default: try container.encodeNil()
      }
    }
  }
}

extension DecodingError {
  /// What is wrong and under which key, in one line.
  package var line: String {
    switch self {
    case .keyNotFound(let key, let context):
      "no key \(key.stringValue.quoted)" + Self.place(context)
    case .typeMismatch(let type, let context):
      "expected \(type)" + Self.place(context)
    case .valueNotFound(let type, let context):
      "expected \(type), found null" + Self.place(context)
    case .dataCorrupted(let context): context.debugDescription + Self.place(context)
    @unknown default: "not what it should be"
    }
  }

  private static func place(_ context: Context) -> String {
    let path = context.codingPath.map { $0.intValue.map { "[\($0)]" } ?? ".\($0.stringValue)" }
    return path.isEmpty ? "" : " in \(path.joined())"
  }
}
