/// NPY, the format of one NumPy array: versions 1 to 3, a header of at most 10,000 bytes.
///
/// numpy.lib.format describes it. Objects (pickles) are never read.
enum NPY {
  static let magic: [UInt8] = [0x93] + "NUMPY".utf8
  static let headerLimit = 10_000

  /// What stands in front of the elements of an array.
  struct Header {
    let type: NumericArray.ElementType
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
    return try NumericArray.read(
      type: header.type, shape: header.shape, isFortranOrder: header.isFortranOrder,
      headerSize: header.size, totalSize: totalSize, from: &stream)
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

  private static func elementType(
    _ descriptor: String, _ path: String
  ) throws(DataError) -> NumericArray.ElementType {
    switch descriptor {
    case "<f4": .float32(bigEndian: false)
    case "<f8": .float64(bigEndian: false)
    case "<i4": .int32(bigEndian: false)
    case "<i8": .int64
    case "<i2": .int16(bigEndian: false)
    case "|i1": .int8
    case "|u1": .uint8
    case "|b1": .bool
    default:
      throw DataError(
        file: path, "elements of the type \(descriptor.quoted) are not read",
        remedy: "convert the array, for example with .astype('<f4')")
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
      var type: NumericArray.ElementType?
      var shape: [Int]?
      var isFortranOrder: Bool?
      try expect("{")
      while !accept("}") {
        let key = try string()
        try expect(":")
        switch key {
        case "descr" where type == nil: type = try NPY.elementType(try descriptor(), path)
        case "shape" where shape == nil: shape = try tuple()
        case "fortran_order" where isFortranOrder == nil: isFortranOrder = try boolean()
        default: throw malformed
        }
        if accept(",") { continue }
        try expect("}")
        break
      }
      skipSpaces()
      guard at == bytes.count, let type, let shape, let isFortranOrder else { throw malformed }
      return Header(type: type, shape: shape, isFortranOrder: isFortranOrder, size: size)
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
