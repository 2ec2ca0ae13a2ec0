/// Turns a value whose keys are columns into a row: a struct with a number, a text or nil for each.
struct RowEncoder: Encoder {
  private let storage = Storage()
  var codingPath: [any CodingKey] { [] }
  var userInfo: [CodingUserInfoKey: Any] { [:] }

  private final class Storage {
    var row: [String: Cell] = [:]
    /// A value without a key.
    var single: Cell?
  }

  /// - Throws: `EncodingError` if the value is no row, or a key holds more than one value.
  static func row(_ value: some Encodable) throws -> [String: Cell] {
    let encoder = RowEncoder()
    try value.encode(to: encoder)
    guard encoder.storage.single == nil else { throw refused(value, "a single value is no row") }
    return encoder.storage.row
  }

  private static func refused(_ value: Any, _ problem: String) -> EncodingError {
    .invalidValue(value, .init(codingPath: [], debugDescription: problem))
  }

  private static func cell(_ value: some Encodable) throws -> Cell {
    switch value {
    case let text as String: return .text(text)
    case let bool as Bool: return Cell(booleanLiteral: bool)
    case let number as Double: return .number(number)
    case let number as any BinaryInteger: return .number(Double(number))
    case let number as any BinaryFloatingPoint: return .number(Double(number))
    default: break
    }
    // An enum that is coded as its raw value, say.
    let encoder = RowEncoder()
    try value.encode(to: encoder)
    guard let cell = encoder.storage.single else {
      throw refused(value, "a row has a single value for each of its keys")
    }
    return cell
  }

  func container<Key: CodingKey>(keyedBy type: Key.Type) -> KeyedEncodingContainer<Key> {
    KeyedEncodingContainer(Keyed<Key>(storage: storage))
  }
  func unkeyedContainer() -> any UnkeyedEncodingContainer { Unkeyed() }
  func singleValueContainer() -> any SingleValueEncodingContainer { Single(storage: storage) }

  private struct Keyed<Key: CodingKey>: KeyedEncodingContainerProtocol {
    let storage: Storage
    var codingPath: [any CodingKey] { [] }

    func encodeNil(forKey key: Key) { storage.row[key.stringValue] = .missing }
    func encode<Value: Encodable>(_ value: Value, forKey key: Key) throws {
      storage.row[key.stringValue] = try RowEncoder.cell(value)
    }
    // What is nil is missing, and not left out, as the standard library would. It does so by a method for
    // each of these types.
    func encodeIfPresent(_ value: Bool?, forKey key: Key) throws { try put(value, key) }
    func encodeIfPresent(_ value: String?, forKey key: Key) throws { try put(value, key) }
    func encodeIfPresent(_ value: Double?, forKey key: Key) throws { try put(value, key) }
    func encodeIfPresent(_ value: Float?, forKey key: Key) throws { try put(value, key) }
    func encodeIfPresent(_ value: Int?, forKey key: Key) throws { try put(value, key) }
    func encodeIfPresent(_ value: Int8?, forKey key: Key) throws { try put(value, key) }
    func encodeIfPresent(_ value: Int16?, forKey key: Key) throws { try put(value, key) }
    func encodeIfPresent(_ value: Int32?, forKey key: Key) throws { try put(value, key) }
    func encodeIfPresent(_ value: Int64?, forKey key: Key) throws { try put(value, key) }
    func encodeIfPresent(_ value: UInt?, forKey key: Key) throws { try put(value, key) }
    func encodeIfPresent(_ value: UInt8?, forKey key: Key) throws { try put(value, key) }
    func encodeIfPresent(_ value: UInt16?, forKey key: Key) throws { try put(value, key) }
    func encodeIfPresent(_ value: UInt32?, forKey key: Key) throws { try put(value, key) }
    func encodeIfPresent(_ value: UInt64?, forKey key: Key) throws { try put(value, key) }
    func encodeIfPresent<Value: Encodable>(_ value: Value?, forKey key: Key) throws {
      try put(value, key)
    }
    private func put(_ value: (some Encodable)?, _ key: Key) throws {
      if let value { try encode(value, forKey: key) } else { encodeNil(forKey: key) }
    }
    func nestedContainer<Nested: CodingKey>(
      keyedBy keyType: Nested.Type, forKey key: Key
    ) -> KeyedEncodingContainer<Nested> { RowEncoder().container(keyedBy: keyType) }
    func nestedUnkeyedContainer(forKey key: Key) -> any UnkeyedEncodingContainer { Unkeyed() }
    func superEncoder() -> any Encoder { RowEncoder() }
    func superEncoder(forKey key: Key) -> any Encoder { RowEncoder() }
  }

  private struct Single: SingleValueEncodingContainer {
    let storage: Storage
    var codingPath: [any CodingKey] { [] }

    func encodeNil() { storage.single = .missing }
    func encode<Value: Encodable>(_ value: Value) throws {
      storage.single = try RowEncoder.cell(value)
    }
  }

  /// A list, which is no row.
  private struct Unkeyed: UnkeyedEncodingContainer {
    var codingPath: [any CodingKey] { [] }
    var count: Int { 0 }

    func encodeNil() throws { throw RowEncoder.refused("nil", "a list is no row") }
    func encode<Value: Encodable>(_ value: Value) throws {
      throw RowEncoder.refused(value, "a list is no row")
    }
    func nestedContainer<Key: CodingKey>(
      keyedBy keyType: Key.Type
    ) -> KeyedEncodingContainer<Key> { RowEncoder().container(keyedBy: keyType) }
    func nestedUnkeyedContainer() -> any UnkeyedEncodingContainer { self }
    func superEncoder() -> any Encoder { RowEncoder() }
  }
}
