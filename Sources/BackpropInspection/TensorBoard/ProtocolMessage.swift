import Backprop

/// A message of Protocol Buffers while it is written: fields one after another, by number.
///
/// Only what TensorBoard's events need of the encoding
/// (https://protobuf.dev/programming-guides/encoding): varints, 64-bit numbers, and what is
/// preceded by its length. A field begins with the varint (number << 3) | wire type.
struct ProtocolMessage {
  private(set) var bytes: [UInt8] = []

  /// Wire type 0: int64, enum.
  mutating func add(_ field: Int, integer: Int64) {
    addVarint(UInt64(field) << 3)
    // Two's complement: negative numbers take ten bytes.
    addVarint(UInt64(bitPattern: integer))
  }

  /// Wire type 1: double.
  mutating func add(_ field: Int, double: Double) {
    addVarint(UInt64(field) << 3 | 1)
    bytes.append(littleEndian: double.bitPattern)
  }

  /// Wire type 2: bytes, and packed numbers.
  mutating func add(_ field: Int, bytes content: [UInt8]) {
    addVarint(UInt64(field) << 3 | 2)
    addVarint(UInt64(content.count))
    bytes += content
  }

  /// Wire type 2: a string in UTF-8.
  mutating func add(_ field: Int, string: String) { add(field, bytes: Array(string.utf8)) }

  /// Wire type 2: a message within the message.
  mutating func add(_ field: Int, message build: (inout ProtocolMessage) -> Void) {
    var message = ProtocolMessage()
    build(&message)
    add(field, bytes: message.bytes)
  }

  /// Seven bits a byte, the lowest first; the top bit says that more follow.
  private mutating func addVarint(_ value: UInt64) {
    var rest = value
    while rest >= 0x80 {
      bytes.append(UInt8(truncatingIfNeeded: rest) | 0x80)
      rest >>= 7
    }
    bytes.append(UInt8(rest))
  }
}

extension [UInt8] {
  mutating func append(littleEndian value: some FixedWidthInteger) {
    for byte in 0..<(value.bitWidth / 8) {
      append(UInt8(truncatingIfNeeded: value >> (8 * byte)))
    }
  }
}
