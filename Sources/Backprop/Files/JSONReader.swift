/// Why bytes are not a JSON document that we accept.
package struct JSONError: UserError, Equatable {
  /// What was found, and what was expected.
  package let problem: String
  /// Byte of the document, from 0.
  package let position: Int

  package var message: String { "not valid JSON at byte \(position): \(problem)" }
}

extension JSONValue {
  /// Bounds on what a reader accepts.
  package struct Limits: Sendable {
    /// Arrays and objects inside each other.
    package var depth: Int
    /// Bytes of the whole document.
    package var bytes: Int

    package init(depth: Int = 64, bytes: Int = 100_000_000) {
      self.depth = depth
      self.bytes = bytes
    }
  }

  /// Reads a document by the letter of RFC 8259.
  ///
  /// Stricter than most readers: UTF-8 without a byte order mark, no lone surrogate, no duplicate
  /// key, nothing after the document.
  ///
  /// - Throws: `JSONError` with the byte where reading stopped.
  /// - Complexity: O(bytes).
  package init(parsing bytes: [UInt8], limits: Limits = Limits()) throws(JSONError) {
    guard bytes.count <= limits.bytes else {
      throw JSONError(
        problem: "\(bytes.count) bytes, more than the limit of \(limits.bytes)",
        position: limits.bytes)
    }
    var reader = JSONReader(bytes: bytes, depthLimit: limits.depth)
    self = try reader.document()
  }

  /// Reads a document from text.
  package init(parsing text: String, limits: Limits = Limits()) throws(JSONError) {
    try self.init(parsing: Array(text.utf8), limits: limits)
  }
}

/// A recursive descent over bytes; recursion ends at the depth limit.
private struct JSONReader {
  let bytes: [UInt8]
  let depthLimit: Int
  private var position = 0
  private var depth = 0

  init(bytes: [UInt8], depthLimit: Int) {
    self.bytes = bytes
    self.depthLimit = depthLimit
  }

  mutating func document() throws(JSONError) -> JSONValue {
    skipSpace()
    let value = try value()
    skipSpace()
    guard position == bytes.count else { throw problem("text after the end of the document") }
    return value
  }

  private func problem(_ text: String) -> JSONError {
    JSONError(problem: text, position: position)
  }

  private func peek() -> UInt8? { position < bytes.count ? bytes[position] : nil }

  private mutating func skipSpace() {
    while let byte = peek(), byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09 {
      position += 1
    }
  }

  private mutating func take(_ character: Unicode.Scalar) -> Bool {
    guard let byte = peek(), UInt32(byte) == character.value else { return false }
    position += 1
    return true
  }

  private mutating func value() throws(JSONError) -> JSONValue {
    switch peek() {
    case UInt8(ascii: "{"): return try object()
    case UInt8(ascii: "["): return try array()
    case UInt8(ascii: "\""): return .string(try string())
    case UInt8(ascii: "t"): return try word("true", .bool(true))
    case UInt8(ascii: "f"): return try word("false", .bool(false))
    case UInt8(ascii: "n"): return try word("null", .null)
    case let byte? where byte == UInt8(ascii: "-") || isDigit(byte): return .number(try number())
    case nil: throw problem("the document ends where a value should stand")
    default: throw problem("no value begins like this")
    }
  }

  private mutating func word(_ word: String, _ value: JSONValue) throws(JSONError) -> JSONValue {
    for character in word.unicodeScalars {
      guard take(character) else { throw problem("expected \(word)") }
    }
    return value
  }

  private mutating func descend() throws(JSONError) {
    depth += 1
    guard depth <= depthLimit else { throw problem("nested deeper than \(depthLimit) levels") }
    position += 1
    skipSpace()
  }

  private mutating func array() throws(JSONError) -> JSONValue {
    try descend()
    defer { depth -= 1 }
    var values: [JSONValue] = []
    if take("]") { return .array(values) }
    while true {
      values.append(try value())
      skipSpace()
      if take("]") { return .array(values) }
      guard take(",") else { throw problem("expected , or ] in an array") }
      skipSpace()
    }
  }

  private mutating func object() throws(JSONError) -> JSONValue {
    try descend()
    defer { depth -= 1 }
    var members: [JSONMember] = []
    // Keys compare by their bytes: Swift's own equality would call "é" and "e´" the same.
    var keys: Set<[UInt8]> = []
    if take("}") { return .object(members) }
    while true {
      guard peek() == UInt8(ascii: "\"") else { throw problem("expected a key in quotes") }
      let start = position
      let key = try string()
      guard keys.insert(Array(key.utf8)).inserted else {
        position = start
        throw problem("duplicate key \(key.quoted)")
      }
      skipSpace()
      guard take(":") else { throw problem("expected : after a key") }
      skipSpace()
      members.append(JSONMember(key, try value()))
      skipSpace()
      if take("}") { return .object(members) }
      guard take(",") else { throw problem("expected , or } in an object") }
      skipSpace()
    }
  }

  private mutating func digits() throws(JSONError) {
    guard let byte = peek(), isDigit(byte) else { throw problem("expected a digit") }
    while let byte = peek(), isDigit(byte) { position += 1 }
  }

  private func isDigit(_ byte: UInt8) -> Bool { byte >= 0x30 && byte <= 0x39 }

  private mutating func number() throws(JSONError) -> JSONNumber {
    let start = position
    _ = take("-")
    if !take("0") { try digits() }
    if take(".") { try digits() }
    if take("e") || take("E") {
      if !take("+") { _ = take("-") }
      try digits()
    }
    return JSONNumber(checked: String(decoding: bytes[start..<position], as: UTF8.self))
  }

  private mutating func string() throws(JSONError) -> String {
    position += 1
    let start = position
    while let byte = peek(), byte != UInt8(ascii: "\""), byte != UInt8(ascii: "\\"), byte >= 0x20 {
      position += 1
    }
    if peek() == UInt8(ascii: "\"") {
      let text = try validated(bytes[start..<position])
      position += 1
      return text
    }
    return try stringWithEscapes(from: start)
  }

  private mutating func stringWithEscapes(from start: Int) throws(JSONError) -> String {
    var characters = Array(bytes[start..<position])
    while true {
      guard let byte = peek() else { throw problem("the document ends within a string") }
      guard byte >= 0x20 else { throw problem("a control character in a string must be escaped") }
      position += 1
      if byte == UInt8(ascii: "\"") { return try validated(characters[...]) }
      if byte == UInt8(ascii: "\\") {
        characters.append(contentsOf: Array(String(try escape()).utf8))
      } else {
        characters.append(byte)
      }
    }
  }

  private func validated(_ slice: ArraySlice<UInt8>) throws(JSONError) -> String {
    guard let text = String(validating: slice, as: UTF8.self) else {
      throw problem("a string is not UTF-8")
    }
    return text
  }

  private mutating func escape() throws(JSONError) -> Unicode.Scalar {
    guard let byte = peek() else { throw problem("the document ends within a string") }
    position += 1
    switch byte {
    case UInt8(ascii: "\""): return "\""
    case UInt8(ascii: "\\"): return "\\"
    case UInt8(ascii: "/"): return "/"
    case UInt8(ascii: "b"): return "\u{8}"
    case UInt8(ascii: "f"): return "\u{c}"
    case UInt8(ascii: "n"): return "\n"
    case UInt8(ascii: "r"): return "\r"
    case UInt8(ascii: "t"): return "\t"
    case UInt8(ascii: "u"): break
    default: throw problem("no such escape in a string")
    }
    var code = try hexadecimal()
    if (0xD800..<0xDC00).contains(code) {
      guard take("\\"), take("u") else { throw problem("half of a surrogate pair") }
      let low = try hexadecimal()
      guard (0xDC00..<0xE000).contains(low) else { throw problem("half of a surrogate pair") }
      code = 0x10000 + (code - 0xD800) << 10 + (low - 0xDC00)
    }
    guard let scalar = Unicode.Scalar(code) else { throw problem("half of a surrogate pair") }
    return scalar
  }

  private mutating func hexadecimal() throws(JSONError) -> UInt32 {
    var code: UInt32 = 0
    for _ in 0..<4 {
      let digit: UInt8
      switch peek() {
      case let byte? where isDigit(byte): digit = byte - UInt8(ascii: "0")
      case let byte? where (0x61...0x66).contains(byte): digit = byte - 0x61 + 10
      case let byte? where (0x41...0x46).contains(byte): digit = byte - 0x41 + 10
      default: throw problem("expected four hexadecimal digits after \\u")
      }
      code = code << 4 | UInt32(digit)
      position += 1
    }
    return code
  }
}
