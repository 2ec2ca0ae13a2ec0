/// A safetensors file: named tensors, and strings about them.
///
/// The format (https://github.com/huggingface/safetensors): the length N of the header, 8 bytes
/// little-endian; N bytes of JSON, `{"name": {"dtype", "shape", "data_offsets": [begin, end]}}`, with
/// an optional `__metadata__` of strings; then the data, without holes or overlap.
///
/// Opening checks every length against the size of the file before anything is allocated for it; the
/// data stays in the file until a tensor is asked for. Duplicate keys are refused everywhere.
package struct SafeTensors: Sendable {
  /// The type of a tensor's elements, by its name in the header.
  package enum ElementType: String, Sendable, CaseIterable {
    case f64 = "F64"
    case i64 = "I64"
    case u64 = "U64"
    case f32 = "F32"
    case i32 = "I32"
    case u32 = "U32"
    case f16 = "F16"
    case bf16 = "BF16"
    case i16 = "I16"
    case u16 = "U16"
    case f8e4m3 = "F8_E4M3"
    case f8e5m2 = "F8_E5M2"
    case i8 = "I8"
    case u8 = "U8"
    case bool = "BOOL"

    /// Bytes of an element.
    package var size: Int {
      switch self {
      case .f64, .i64, .u64: 8
      case .f32, .i32, .u32: 4
      case .f16, .bf16, .i16, .u16: 2
      case .f8e4m3, .f8e5m2, .i8, .u8, .bool: 1
      }
    }
  }

  /// Where a tensor stands, and what it holds.
  package struct Tensor: Sendable, Equatable {
    package let name: String
    package let type: ElementType
    package let shape: [Int]
    /// Bytes of the data section, from its begin.
    package let range: Range<Int>

    /// Product of the shape.
    package var count: Int { range.count / type.size }
  }

  /// The longest header that is read.
  package static let largestHeader = 100_000_000

  /// The file, as the user named it.
  package let path: String
  /// Tensors in the order of their data.
  package let tensors: [Tensor]
  /// Strings about the tensors, in the order of the file.
  package let metadata: [(key: String, value: String)]
  private let source: Source
  private let dataStart: Int
  private let positions: [String: Int]

  private enum Source: Sendable {
    case file(OpenFile)
    case memory([UInt8])
  }

  /// Opens a file and checks its header.
  ///
  /// - Throws: `FileError` if it cannot be read, `SafeTensorsError` if it is not such a file.
  package init(contentsOf path: String) throws {
    let file = try OpenFile(path)
    try self.init(source: .file(file), size: file.size, path: path)
  }

  /// Checks bytes in memory.
  ///
  /// - Parameters:
  ///   - bytes: A whole file.
  ///   - path: What to call it in an error.
  package init(bytes: [UInt8], path: String = "safetensors") throws {
    try self.init(source: .memory(bytes), size: bytes.count, path: path)
  }

  /// The value of a metadata key.
  package subscript(metadata key: String) -> String? {
    metadata.first { $0.key == key }?.value
  }

  /// The tensor of a name.
  package subscript(_ name: String) -> Tensor? {
    positions[name].map { tensors[$0] }
  }

  /// The elements of a tensor of floating-point numbers, in row-major order.
  ///
  /// - Throws: `SafeTensorsError` if it holds something else; `FileError`.
  package func elements<T: Scalar>(of tensor: Tensor, as type: T.Type = T.self) throws -> [T] {
    switch tensor.type {
    case .f32:
      let values = [Float](try bytes(of: tensor))
      return values as? [T] ?? values.map { T($0) }
    case .f64:
      let values = [Double](try bytes(of: tensor))
      return values as? [T] ?? values.map { T($0) }
    case .bf16:
      // The upper half of a Float.
      return try bytes(of: tensor).littleEndianWords(UInt16.self).map {
        T(Float(bitPattern: UInt32($0) << 16))
      }
    case .f16:
      return try bytes(of: tensor).littleEndianWords(UInt16.self).map { T(Double(halfBits: $0)) }
    default:
      throw problem(.notNumbers(type: tensor.type.rawValue), tensor.name)
    }
  }

  /// The elements of a tensor of whole numbers, in row-major order.
  ///
  /// - Throws: `SafeTensorsError` if it holds something else than I64; `FileError`.
  package func integers(of tensor: Tensor) throws -> [Int] {
    guard tensor.type == .i64 else {
      throw problem(.notNumbers(type: tensor.type.rawValue), tensor.name)
    }
    return try bytes(of: tensor).littleEndianWords(Int64.self).map { Int($0) }
  }

  private func bytes(of tensor: Tensor) throws(FileError) -> [UInt8] {
    let start = dataStart + tensor.range.lowerBound
    switch source {
    case .file(let file): return try file.bytes(at: start, count: tensor.range.count)
    case .memory(let bytes): return Array(bytes[start..<(start + tensor.range.count)])
    }
  }

  private func problem(
    _ problem: SafeTensorsError.Problem, _ tensor: String? = nil
  ) -> SafeTensorsError {
    SafeTensorsError(path: path, tensor: tensor, problem: problem)
  }
}

// MARK: Checking the header

extension SafeTensors {
  private init(source: Source, size: Int, path: String) throws {
    func failure(_ problem: SafeTensorsError.Problem) -> SafeTensorsError {
      SafeTensorsError(path: path, tensor: nil, problem: problem)
    }
    func read(at offset: Int, count: Int) throws(FileError) -> [UInt8] {
      switch source {
      case .file(let file): try file.bytes(at: offset, count: count)
      case .memory(let bytes): Array(bytes[offset..<(offset + count)])
      }
    }
    guard size >= 8 else { throw failure(.tooShort(size: size)) }
    let length = try read(at: 0, count: 8).littleEndianWords(UInt64.self)[0]
    guard length <= UInt64(Self.largestHeader) else {
      throw failure(.headerTooLong(length: length, size: size))
    }
    let headerLength = Int(length)
    guard 8 + headerLength <= size else {
      throw failure(.headerTooLong(length: length, size: size))
    }
    let header = try read(at: 8, count: headerLength)
    guard header.first == UInt8(ascii: "{") else { throw failure(.notAnObject) }
    let document: JSONValue
    do throws(JSONError) {
      document = try JSONValue(parsing: header, limits: .init(depth: 8))
    } catch {
      throw failure(.header(error))
    }
    guard let members = document.object else { throw failure(.notAnObject) }

    var metadata: [(key: String, value: String)] = []
    var tensors: [Tensor] = []
    for member in members {
      if member.key == "__metadata__" {
        metadata = try Self.metadata(member.value, path: path)
      } else {
        tensors.append(try Self.tensor(member, path: path))
      }
    }
    // Offsets decide the order; equal begins (of empty tensors) keep the order of their ends.
    tensors.sort {
      ($0.range.lowerBound, $0.range.upperBound) < ($1.range.lowerBound, $1.range.upperBound)
    }
    var end = 0
    for tensor in tensors {
      guard tensor.range.lowerBound == end else {
        throw SafeTensorsError(
          path: path, tensor: tensor.name,
          problem: .hole(begin: tensor.range.lowerBound, previousEnd: end))
      }
      end = tensor.range.upperBound
    }
    guard end == size - 8 - headerLength else {
      throw failure(.wrongSize(expected: end, found: size - 8 - headerLength))
    }
    self.source = source
    self.path = path
    self.tensors = tensors
    self.metadata = metadata
    dataStart = 8 + headerLength
    positions = Dictionary(
      tensors.enumerated().map { ($1.name, $0) }, uniquingKeysWith: { first, _ in first })
  }

  private static func metadata(
    _ value: JSONValue, path: String
  ) throws(SafeTensorsError) -> [(key: String, value: String)] {
    guard let members = value.object else {
      throw SafeTensorsError(path: path, tensor: nil, problem: .metadataNotStrings)
    }
    var metadata: [(key: String, value: String)] = []
    for member in members {
      guard let text = member.value.string else {
        throw SafeTensorsError(path: path, tensor: nil, problem: .metadataNotStrings)
      }
      metadata.append((member.key, text))
    }
    return metadata
  }

  private static func tensor(
    _ member: JSONMember, path: String
  ) throws(SafeTensorsError) -> Tensor {
    func failure(_ problem: SafeTensorsError.Problem) -> SafeTensorsError {
      SafeTensorsError(path: path, tensor: member.key, problem: problem)
    }
    let entry = member.value
    guard let fields = entry.object, fields.count == 3, let typeName = entry["dtype"]?.string,
      let dimensions = entry["shape"]?.array, let offsets = entry["data_offsets"]?.array,
      offsets.count == 2, let begin = offsets[0].int, let end = offsets[1].int
    else { throw failure(.badEntry) }
    guard let type = ElementType(rawValue: typeName) else { throw failure(.unknownType(typeName)) }
    var shape: [Int] = []
    var bytes = type.size
    for dimension in dimensions {
      guard let extent = dimension.int, extent >= 0 else { throw failure(.badEntry) }
      let (product, overflow) = bytes.multipliedReportingOverflow(by: extent)
      guard !overflow else { throw failure(.tooLarge) }
      bytes = product
      shape.append(extent)
    }
    guard begin >= 0, end >= begin else { throw failure(.badOffsets(begin: begin, end: end)) }
    guard end - begin == bytes else {
      throw failure(.sizeDisagrees(shape: shape, bytes: bytes, found: end - begin))
    }
    return Tensor(name: member.key, type: type, shape: shape, range: begin..<end)
  }
}

/// Why a file is not a safetensors file that we can read.
package struct SafeTensorsError: UserError, Equatable {
  package enum Problem: Equatable, Sendable {
    case tooShort(size: Int)
    case headerTooLong(length: UInt64, size: Int)
    case notAnObject
    case header(JSONError)
    case metadataNotStrings
    case badEntry
    case unknownType(String)
    case tooLarge
    case badOffsets(begin: Int, end: Int)
    case sizeDisagrees(shape: [Int], bytes: Int, found: Int)
    case hole(begin: Int, previousEnd: Int)
    case wrongSize(expected: Int, found: Int)
    case notNumbers(type: String)
  }

  /// The file, as the user named it.
  package let path: String
  /// The tensor that is wrong, if it is one.
  package let tensor: String?
  package let problem: Problem

  /// Whether the file is something else, and no damaged or cut one: a text, say.
  var isOfAnotherFormat: Bool {
    switch problem {
    case .tooShort, .notAnObject: return true
    case .headerTooLong(let length, _):
      // Eight letters of a text, taken for a length.
      return (0..<8).allSatisfy { index in
        let byte = length >> (8 * UInt64(index)) & 0xFF
        return byte >= 9 && byte < 0x7F
      }
    default: return false
    }
  }

  package var message: String {
    let place = path + (tensor.map { ", tensor \(JSONValue.string($0))" } ?? "")
    return "\(place): \(text)"
  }

  private var text: String {
    switch problem {
    case .tooShort(let size):
      "not a safetensors file: \(size) bytes, and 8 for the length of the header are needed"
    case .headerTooLong(let length, let size):
      "not a safetensors file, or a truncated one: a header of \(length) bytes is announced in a "
        + "file of \(size)"
    case .notAnObject: "not a safetensors file: the header is no JSON object"
    case .header(let problem): "damaged safetensors header: \(problem)"
    case .metadataNotStrings: "__metadata__ must hold strings only"
    case .badEntry:
      "expected {\"dtype\": …, \"shape\": [whole numbers], \"data_offsets\": [begin, end]}"
    case .unknownType(let name): "element type \(name.quoted) is not known"
    case .tooLarge: "the product of the shape is too large for any file"
    case .badOffsets(let begin, let end): "data_offsets [\(begin), \(end)] are no range"
    case .sizeDisagrees(let shape, let bytes, let found):
      "shape \(shape) takes \(bytes) bytes, but data_offsets span \(found)"
    case .hole(let begin, let previousEnd):
      "its data begins at byte \(begin), but the data before it ends at \(previousEnd)"
    case .wrongSize(let expected, let found):
      "the header describes \(expected) bytes of data, the file has \(found): it is truncated, or "
        + "something was appended"
    case .notNumbers(let type): "elements of type \(type) are not read; save them as F32 or F64"
    }
  }
}

// MARK: Bytes and numbers

extension Array where Element == UInt8 {
  /// The bytes as little-endian integers.
  func littleEndianWords<Word: FixedWidthInteger>(_ type: Word.Type) -> [Word] {
    let size = MemoryLayout<Word>.size
    return withUnsafeBytes { buffer in
      (0..<(count / size)).map {
        Word(littleEndian: buffer.loadUnaligned(fromByteOffset: $0 * size, as: Word.self))
      }
    }
  }
}

extension Array where Element == Float {
  /// Numbers from little-endian bytes.
  init(_ bytes: [UInt8]) {
    self = bytes.littleEndianWords(UInt32.self).map { Float(bitPattern: $0) }
  }
}

extension Array where Element == Double {
  /// Numbers from little-endian bytes.
  init(_ bytes: [UInt8]) {
    self = bytes.littleEndianWords(UInt64.self).map { Double(bitPattern: $0) }
  }
}

extension Double {
  /// The number of 16 bits: a sign, 5 bits of exponent, 10 of fraction (IEEE 754-2019, table 3.5). In whole
  /// numbers, for not every platform has the type.
  init(halfBits bits: UInt16) {
    let (exponent, fraction) = (Int(bits >> 10 & 31), Double(bits & 0x3FF))
    let magnitude: Double =
      switch exponent {
      // Below 2⁻¹⁴ the numbers are 2⁻²⁴ apart.
      case 0: fraction * 0x1p-24
      case 31: fraction == 0 ? .infinity : .nan
      default: (1024 + fraction) * Double(sign: .plus, exponent: exponent - 25, significand: 1)
      }
    self = bits >> 15 == 0 ? magnitude : -magnitude
  }
}
