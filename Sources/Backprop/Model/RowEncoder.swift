#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// Turns a value whose keys are columns into a row: a struct with a number, a text or nil for each.
struct RowEncoder: Encoder {
  private let storage: Storage
  let codingPath: [any CodingKey]
  var userInfo: [CodingUserInfoKey: Any] { [:] }

  private final class Storage {
    var row: [String: Cell] = [:]
    /// A value without a key.
    var single: Cell?
    /// What is wrong where a container cannot throw.
    var problem: DataError?
  }

  /// - Throws: `DataError` that names the column if the value is no row, or a key holds more than one value.
  static func row(_ value: some Encodable) throws -> [String: Cell] {
    let storage = Storage()
    try value.encode(to: RowEncoder(storage: storage, codingPath: []))
    if storage.single != nil { RowEncoder(storage: storage, codingPath: []).refuse("is no row") }
    if let problem = storage.problem { throw problem }
    return storage.row
  }

  /// Remembers that the value at this place cannot be used.
  private func refuse(_ problem: String) {
    let column = codingPath.first?.stringValue
    storage.problem =
      storage.problem
      ?? DataError(
        column: column, "the value \(problem)",
        remedy: column == nil
          ? "give a struct or a dictionary whose keys are columns"
          : "give one number, one text, or nil where it is missing")
  }

  /// The number or text that a value is; nil if it encodes itself otherwise.
  private static func cell(_ value: some Encodable) -> Cell? {
    switch value {
    case let text as String: .text(text)
    case let bool as Bool: Cell(booleanLiteral: bool)
    case let number as Double: .number(number)
    // As a file would spell it: beyond 2⁵³ a Double is another number, and 0.7 of a Float another decimal.
    case let number as any BinaryInteger:
      Double(exactly: number).map(Cell.number) ?? .text("\(number)")
    case let number as Decimal: .text(number.description)
    case let number as any (BinaryFloatingPoint & CustomStringConvertible):
      Double(number.description).map(Cell.number)
    default: nil
    }
  }

  private func put(_ value: some Encodable, forKey key: any CodingKey) throws {
    if let cell = Self.cell(value) {
      storage.row[key.stringValue] = cell
      return
    }
    // An enum that is coded as its raw value, say.
    let inside = RowEncoder(storage: Storage(), codingPath: codingPath + [key])
    try inside.put(value)
    storage.problem = storage.problem ?? inside.storage.problem
    if let cell = inside.storage.single {
      storage.row[key.stringValue] = cell
    } else {
      inside.refuse("has several parts")
      storage.problem = storage.problem ?? inside.storage.problem
    }
  }

  /// A value without a key: the row itself, or what a key holds.
  private func put(_ value: some Encodable) throws {
    if value is Date { return refuse("is a date, which a file has as a text or a number") }
    if let cell = Self.cell(value) {
      storage.single = cell
    } else {
      try value.encode(to: self)
    }
  }

  func container<Key: CodingKey>(keyedBy type: Key.Type) -> KeyedEncodingContainer<Key> {
    KeyedEncodingContainer(Keyed<Key>(encoder: self))
  }
  func unkeyedContainer() -> any UnkeyedEncodingContainer {
    refuse("is a list")
    return Unkeyed(codingPath: codingPath)
  }
  func singleValueContainer() -> any SingleValueEncodingContainer { Single(encoder: self) }

  private struct Keyed<Key: CodingKey>: KeyedEncodingContainerProtocol {
    let encoder: RowEncoder
    var codingPath: [any CodingKey] { encoder.codingPath }

    func encodeNil(forKey key: Key) { encoder.storage.row[key.stringValue] = .missing }
    func encode<Value: Encodable>(_ value: Value, forKey key: Key) throws {
      try encoder.put(value, forKey: key)
    }
    // Which the standard library would refuse.
    func encode(_ value: Int128, forKey key: Key) throws { try encoder.put(value, forKey: key) }
    func encode(_ value: UInt128, forKey key: Key) throws { try encoder.put(value, forKey: key) }
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
    func encodeIfPresent(_ value: Int128?, forKey key: Key) throws { try put(value, key) }
    func encodeIfPresent(_ value: UInt128?, forKey key: Key) throws { try put(value, key) }
    func encodeIfPresent<Value: Encodable>(_ value: Value?, forKey key: Key) throws {
      try put(value, key)
    }
    private func put(_ value: (some Encodable)?, _ key: Key) throws {
      if let value { try encode(value, forKey: key) } else { encodeNil(forKey: key) }
    }
    func nestedContainer<Nested: CodingKey>(
      keyedBy keyType: Nested.Type, forKey key: Key
    ) -> KeyedEncodingContainer<Nested> {
      inside(key).container(keyedBy: keyType)
    }
    func nestedUnkeyedContainer(forKey key: Key) -> any UnkeyedEncodingContainer {
      inside(key).unkeyedContainer()
    }
    // The class above a class has columns of the same row.
    func superEncoder() -> any Encoder { encoder }
    func superEncoder(forKey key: Key) -> any Encoder { encoder }

    private func inside(_ key: Key) -> RowEncoder {
      let inside = RowEncoder(storage: encoder.storage, codingPath: codingPath + [key])
      inside.refuse("has several parts")
      return inside
    }
  }

  private struct Single: SingleValueEncodingContainer {
    let encoder: RowEncoder
    var codingPath: [any CodingKey] { encoder.codingPath }

    func encodeNil() { encoder.storage.single = .missing }
    func encode<Value: Encodable>(_ value: Value) throws { try encoder.put(value) }
    func encode(_ value: Int128) throws { try encoder.put(value) }
    func encode(_ value: UInt128) throws { try encoder.put(value) }
  }

  /// A list, which is refused: what it holds goes nowhere.
  private struct Unkeyed: UnkeyedEncodingContainer {
    let codingPath: [any CodingKey]
    var count: Int { 0 }
    private var nowhere: RowEncoder { RowEncoder(storage: Storage(), codingPath: codingPath) }

    func encodeNil() {}
    func encode<Value: Encodable>(_ value: Value) {}
    func encode(_ value: Int128) {}
    func encode(_ value: UInt128) {}
    func nestedContainer<Key: CodingKey>(
      keyedBy keyType: Key.Type
    ) -> KeyedEncodingContainer<Key> { nowhere.container(keyedBy: keyType) }
    func nestedUnkeyedContainer() -> any UnkeyedEncodingContainer { self }
    func superEncoder() -> any Encoder { nowhere }
  }

  private init(storage: Storage, codingPath: [any CodingKey]) {
    self.storage = storage
    self.codingPath = codingPath
  }
}
