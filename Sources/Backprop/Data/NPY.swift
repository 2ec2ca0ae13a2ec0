/// NPY, the format of one NumPy array: versions 1 to 3, a header of at most 10,000 bytes.
///
/// numpy.lib.format describes it. Objects (pickles) are never read.
enum NPY {
  static let magic: [UInt8] = [0x93] + "NUMPY".utf8
  static let headerLimit = 10_000

  /// What the elements of an array are.
  enum Element {
    case number(NumericArray.ElementType)
    case text(FixedText)
  }

  /// Texts of a fixed length, filled up with zeros: `<U5` in code points of 4 bytes, `|S5` in bytes.
  struct FixedText {
    let isUnicode: Bool
    let length: Int
    let isBigEndian: Bool

    var size: Int { isUnicode ? 4 * length : length }
  }

  /// What stands in front of the elements of an array.
  struct Header {
    let element: Element
    let shape: [Int]
    let isFortranOrder: Bool
    /// Bytes of the header.
    let size: Int
  }

  /// Reads an array.
  ///
  /// - Parameters:
  ///   - stream: The file or member.
  ///   - totalSize: Its size if known beforehand.
  static func array(
    from stream: inout some ByteSource & ~Copyable, totalSize: Int? = nil
  ) throws(DataError) -> NumericArray {
    let header = try header(from: &stream)
    guard case .number(let type) = header.element else {
      throw DataError(file: stream.path, "holds texts where numbers are wanted")
    }
    return try NumericArray.read(
      type: type, shape: header.shape, isFortranOrder: header.isFortranOrder,
      headerSize: header.size, totalSize: totalSize, from: &stream)
  }

  /// Reads an array of numbers or texts as columns of a table: its dimensions but the first flattened.
  static func columns(
    from stream: inout some ByteSource & ~Copyable, totalSize: Int? = nil
  ) throws(DataError) -> ArrayColumns {
    let header = try header(from: &stream)
    switch header.element {
    case .number(let type):
      let array = try NumericArray.read(
        type: type, shape: header.shape, isFortranOrder: header.isFortranOrder,
        headerSize: header.size, totalSize: totalSize, from: &stream)
      return ArrayColumns(
        shape: array.shape, columns: array.memoryColumns, pixelScale: array.pixelScale)
    case .text(let text):
      guard !header.isFortranOrder || header.shape.count < 2 else {
        throw DataError(
          file: stream.path, "texts in Fortran order are not read",
          remedy: "save numpy.ascontiguousarray of it")
      }
      let bytes = try NumericArray.read(
        type: .uint8, shape: header.shape + [text.size], headerSize: header.size,
        totalSize: totalSize, from: &stream)
      let width = header.shape.dropFirst().reduce(1, *)
      var columns = [[String?]](repeating: [], count: width)
      for row in 0..<bytes.rows {
        for column in 0..<width {
          let start = (row * width + column) * text.size
          guard let value = bytes.withBytes({ text.value($0[start..<start + text.size]) }) else {
            throw DataError(
              file: stream.path, place: .row(row + 1), "a text that is not Unicode",
              remedy: text.isUnicode ? nil : "save it with .astype('U')")
          }
          columns[column].append(value.isEmpty ? nil : value)
        }
      }
      return ArrayColumns(
        shape: header.shape, columns: columns.map { .texts($0) }, pixelScale: nil)
    }
  }

  /// Reads no more than the header.
  static func header(
    from stream: inout some ByteSource & ~Copyable
  ) throws(DataError) -> Header {
    let path = stream.path
    let start = try stream.bytes(upTo: 8)
    guard start.count == 8, Array(start.prefix(6)) == magic else {
      throw DataError(file: path, "is not an NPY array: it does not begin with \\x93NUMPY")
    }
    guard (1...3).contains(start[6]) else {
      throw DataError(file: path, "is of NPY version \(start[6]); only 1 to 3 are known")
    }
    let lengthSize = start[6] == 1 ? 2 : 4
    let length = try stream.bytes(upTo: lengthSize).reversed().reduce(0) { $0 << 8 | Int($1) }
    guard length <= headerLimit else {
      throw DataError(
        file: path, "an NPY header of \(length) bytes; at most \(headerLimit) are read")
    }
    let text = try stream.bytes(upTo: length)
    guard text.count == length else { throw DataError(file: path, "ends within its NPY header") }
    var parser = HeaderParser(path: path, bytes: text)
    return try parser.header(size: 8 + lengthSize + length)
  }

  private static func element(
    _ descriptor: String, _ path: String
  ) throws(DataError) -> Element {
    let order = descriptor.first
    let kind = descriptor.dropFirst().first
    if let order, let kind, let size = Int(descriptor.dropFirst(2)), "<>|".contains(order) {
      let big = order == ">"
      if kind == "U" || kind == "S", (1...1 << 20).contains(size) {
        return .text(FixedText(isUnicode: kind == "U", length: size, isBigEndian: big))
      }
      if order != "|" || size == 1, let type = number(kind, size, big) { return .number(type) }
    }
    throw DataError(
      file: path, "elements of the type \(descriptor.quoted) are not read",
      remedy: "convert the array, for example with .astype('<f4'), or .astype('U') for texts")
  }

  private static func number(
    _ kind: Character, _ size: Int, _ big: Bool
  ) -> NumericArray.ElementType? {
    switch (kind, size) {
    case ("f", 2): .float16(bigEndian: big)
    case ("f", 4): .float32(bigEndian: big)
    case ("f", 8): .float64(bigEndian: big)
    case ("i", 1): .int8
    case ("i", 2): .int16(bigEndian: big)
    case ("i", 4): .int32(bigEndian: big)
    case ("i", 8): .int64(bigEndian: big)
    case ("u", 1): .uint8
    case ("u", 2): .uint16(bigEndian: big)
    case ("u", 4): .uint32(bigEndian: big)
    case ("u", 8): .uint64(bigEndian: big)
    case ("b", 1): .bool
    default: nil
    }
  }

  /// The Python dictionary literal of a header, which has exactly three keys:
  ///
  ///     {'descr': '<f4', 'fortran_order': False, 'shape': (60000, 784), }
  private struct HeaderParser {
    let path: String
    let bytes: [UInt8]
    var at = 0

    init(path: String, bytes: [UInt8]) {
      self.path = path
      self.bytes = bytes
    }

    mutating func header(size: Int) throws(DataError) -> Header {
      var element: Element?
      var shape: [Int]?
      var isFortranOrder: Bool?
      try expect("{")
      while !accept("}") {
        let key = try string()
        try expect(":")
        switch key {
        case "descr" where element == nil: element = try NPY.element(try descriptor(), path)
        case "shape" where shape == nil: shape = try tuple()
        case "fortran_order" where isFortranOrder == nil: isFortranOrder = try boolean()
        default: throw malformed
        }
        if accept(",") { continue }
        try expect("}")
        break
      }
      skipSpaces()
      guard at == bytes.count, let element, let shape, let isFortranOrder else { throw malformed }
      return Header(
        element: element, shape: shape, isFortranOrder: isFortranOrder, size: size)
    }

    var malformed: DataError {
      DataError(
        file: path, "the NPY header is not understood at its byte \(at)",
        remedy: "write the array with numpy.save")
    }

    mutating func skipSpaces() {
      while at < bytes.count, bytes[at] == 0x20 || bytes[at] == 0x0A { at += 1 }
    }

    mutating func accept(_ word: StaticString) -> Bool {
      skipSpaces()
      let end = at + word.utf8CodeUnitCount
      guard end <= bytes.count else { return false }
      for offset in 0..<word.utf8CodeUnitCount
      where bytes[at + offset] != word.utf8Start[offset] {
        return false
      }
      at = end
      return true
    }

    mutating func expect(_ word: StaticString) throws(DataError) {
      guard accept(word) else { throw malformed }
    }

    mutating func string() throws(DataError) -> String {
      skipSpaces()
      guard at < bytes.count, bytes[at] == UInt8(ascii: "'") || bytes[at] == UInt8(ascii: "\"")
      else { throw malformed }
      let quote = bytes[at]
      let start = at + 1
      at = start
      while at < bytes.count, bytes[at] != quote {
        guard (0x20..<0x7F).contains(bytes[at]), bytes[at] != UInt8(ascii: "\\") else {
          throw malformed
        }
        at += 1
      }
      guard at < bytes.count else { throw malformed }
      at += 1
      return String(decoding: bytes[start..<at - 1], as: UTF8.self)
    }

    /// A type as a string; a list describes records, which are not read.
    mutating func descriptor() throws(DataError) -> String {
      if accept("[") {
        throw DataError(
          file: path, "arrays of records are not read", remedy: "save plain numbers")
      }
      return try string()
    }

    mutating func boolean() throws(DataError) -> Bool {
      if accept("True") { return true }
      try expect("False")
      return false
    }

    mutating func tuple() throws(DataError) -> [Int] {
      var result: [Int] = []
      try expect("(")
      while !accept(")") {
        result.append(try integer())
        guard result.count <= 32 else { throw malformed }
        if accept(",") { continue }
        // (5) is a number in Python, (5,) a tuple.
        guard result.count > 1 else { throw malformed }
        try expect(")")
        break
      }
      return result
    }

    mutating func integer() throws(DataError) -> Int {
      skipSpaces()
      let start = at
      var value = 0
      while at < bytes.count, (0x30...0x39).contains(bytes[at]) {
        let (tenfold, overflow) = value.multipliedReportingOverflow(by: 10)
        let (sum, carry) = tenfold.addingReportingOverflow(Int(bytes[at] - 0x30))
        guard !overflow, !carry else {
          throw DataError(file: path, "the NPY header claims a size beyond 2⁶³")
        }
        value = sum
        at += 1
      }
      guard at > start else { throw malformed }
      return value
    }
  }
}

/// An array as columns of a table.
struct ArrayColumns {
  let shape: [Int]
  let columns: [MemoryColumn]
  /// What to divide by if it is images, else nil.
  let pixelScale: Double?

  /// Number of examples: the first dimension.
  var rows: Int { shape.first ?? 1 }
}

extension NPY.FixedText {
  /// The text of one element; nil if it is none.
  func value(_ bytes: Slice<UnsafeBufferPointer<UInt8>>) -> String? {
    guard isUnicode else {
      let end = bytes.lastIndex { $0 != 0 }.map { $0 + 1 } ?? bytes.startIndex
      return String(validating: bytes[..<end], as: UTF8.self)
    }
    var text = ""
    var zeros = 0
    for start in stride(from: bytes.startIndex, to: bytes.endIndex, by: 4) {
      let code = (0..<4).reduce(UInt32(0)) {
        $0 << 8 | UInt32(bytes[start + (isBigEndian ? $1 : 3 - $1)])
      }
      guard let scalar = Unicode.Scalar(code) else { return nil }
      // Zeros at the end fill up; others belong to the text.
      if code == 0 {
        zeros += 1
        continue
      }
      for _ in 0..<zeros { text.unicodeScalars.append("\0") }
      zeros = 0
      text.unicodeScalars.append(scalar)
    }
    return text
  }
}
