/// A dense array of numbers of any rank, kept as the bytes of the file it came from.
///
/// So a set of images costs a byte a pixel until it is encoded. Dimension 0 counts the examples.
struct NumericArray: Sendable {
  enum ElementType: Sendable {
    case uint8, bool, int8
    case int16(bigEndian: Bool)
    case int32(bigEndian: Bool)
    case int64(bigEndian: Bool)
    case uint16(bigEndian: Bool)
    case uint32(bigEndian: Bool)
    case uint64(bigEndian: Bool)
    case float16(bigEndian: Bool)
    case float32(bigEndian: Bool)
    case float64(bigEndian: Bool)

    /// Bytes of one element.
    var size: Int {
      switch self {
      case .uint8, .bool, .int8: 1
      case .int16, .uint16, .float16: 2
      case .int32, .uint32, .float32: 4
      case .int64, .uint64, .float64: 8
      }
    }

    var isInteger: Bool {
      switch self {
      case .float16, .float32, .float64: false
      default: true
      }
    }
  }

  let type: ElementType
  let shape: [Int]
  /// Whether the first dimension varies fastest (Fortran order) instead of the last.
  let isFortranOrder: Bool
  private let bytes: [UInt8]

  /// - Precondition: `bytes` holds exactly the elements of `shape`.
  init(type: ElementType, shape: [Int], isFortranOrder: Bool = false, bytes: [UInt8]) {
    precondition(
      Self.byteCount(shape, of: type.size) == bytes.count, "\(bytes.count) bytes for \(shape)")
    self.type = type
    self.shape = shape
    self.isFortranOrder = isFortranOrder
    self.bytes = bytes
  }

  /// The bytes that an array of elements of a size takes, or nil if the number does not fit into an
  /// Int.
  static func byteCount(_ shape: [Int], of size: Int) -> Int? {
    var count = size
    for dimension in shape {
      let (product, overflow) = count.multipliedReportingOverflow(by: dimension)
      if overflow || dimension < 0 { return nil }
      count = product
    }
    return count
  }

  /// Number of examples: the first dimension.
  var rows: Int { shape.first ?? 1 }

  /// Number of elements of one example.
  var columns: Int { shape.dropFirst().reduce(1, *) }

  /// The columns of the array, all dimensions but the first flattened (the last varying fastest).
  var memoryColumns: [MemoryColumn] {
    guard isFortranOrder, shape.count > 1 else {
      return (0..<columns).map { .array(self, first: $0, step: columns) }
    }
    return (0..<columns).map { column in
      // Position of the column's indices (i1, …, in) in Fortran order: ((in … + i2) d1 + i1) d0.
      var rest = column
      var first = 0
      var strides = [1]
      for dimension in shape.dropLast() { strides.append(strides[strides.count - 1] * dimension) }
      for axis in stride(from: shape.count - 1, to: 0, by: -1) {
        first += rest % shape[axis] * strides[axis]
        rest /= shape[axis]
      }
      return .array(self, first: first, step: 1)
    }
  }

  /// All bytes of the elements, in the order of the file.
  @inline(__always)
  func withBytes<Result>(_ body: (UnsafeBufferPointer<UInt8>) -> Result) -> Result {
    bytes.withUnsafeBufferPointer(body)
  }

  /// Whether two arrays are one and the same in memory.
  func isSame(as other: NumericArray) -> Bool {
    withBytes { own in
      other.withBytes { own.baseAddress == $0.baseAddress && own.count == $0.count }
    }
  }

  /// The element at a position in the order of the file, as a Double.
  @inline(__always)
  func number(_ index: Int) -> Double {
    switch type {
    case .uint8: Double(bytes[index])
    case .bool: bytes[index] == 0 ? 0 : 1
    case .int8: Double(Int8(bitPattern: bytes[index]))
    case .int16(let big): Double(Int16(bitPattern: word(index, big)))
    case .int32(let big): Double(Int32(bitPattern: word(index, big)))
    case .int64(let big): Double(Int64(bitPattern: word(index, big)))
    case .uint16(let big): Double(word(index, big) as UInt16)
    case .uint32(let big): Double(word(index, big) as UInt32)
    case .uint64(let big): Double(word(index, big) as UInt64)
    case .float16(let big): Double(halfBits: word(index, big))
    case .float32(let big): Double(Float(bitPattern: word(index, big)))
    case .float64(let big): Double(bitPattern: word(index, big))
    }
  }

  /// Whether a Double holds the element at a position exactly.
  func isExact(_ index: Int) -> Bool {
    switch type {
    case .int64(let big): Int64(bitPattern: word(index, big)).magnitude <= 1 << 53
    case .uint64(let big): (word(index, big) as UInt64) <= (1 << 53)
    default: true
    }
  }

  /// Elements `first`, `first + step`, … into every `stride`-th place of a row-major block.
  func copy(
    from first: Int, step: Int, count: Int, to target: UnsafeMutablePointer<Double>, stride: Int
  ) {
    if case .uint8 = type {
      bytes.withUnsafeBufferPointer { bytes in
        for row in 0..<count { target[row * stride] = Double(bytes[first + row * step]) }
      }
    } else {
      for row in 0..<count { target[row * stride] = number(first + row * step) }
    }
  }

  @inline(__always)
  private func word<Word: FixedWidthInteger & UnsignedInteger>(
    _ index: Int, _ bigEndian: Bool
  ) -> Word {
    let size = MemoryLayout<Word>.size
    let word = bytes.withUnsafeBytes {
      $0.loadUnaligned(fromByteOffset: index * size, as: Word.self)
    }
    return bigEndian ? Word(bigEndian: word) : Word(littleEndian: word)
  }
}
