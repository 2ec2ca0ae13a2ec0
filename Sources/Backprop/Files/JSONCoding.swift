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
  public init(encoding value: some Encodable) throws {
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
  public func decoded<Value: Decodable>(
    as type: Value.Type, userInfo: [CodingUserInfoKey: any Sendable] = [:]
  ) throws -> Value {
    let decoder = JSONDecoder()
    decoder.userInfo = userInfo
    decoder.nonConformingFloatDecodingStrategy = .convertFromString(
      positiveInfinity: "Infinity", negativeInfinity: "-Infinity", nan: "NaN")
    return try decoder.decode(type, from: Data(utf8))
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
