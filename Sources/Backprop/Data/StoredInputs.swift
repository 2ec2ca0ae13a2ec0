/// The inputs of a data set as memory holds them: numbers, or the bytes that they are made of.
package enum StoredInputs<T: Scalar>: Sendable {
  case numbers(Matrix<T>)
  case bytes(ByteInputs<T>)

  /// Number of examples.
  var count: Int {
    switch self {
    case .numbers(let matrix): matrix.rows
    case .bytes(let bytes): bytes.count
    }
  }

  /// Number of inputs.
  var columns: Int {
    switch self {
    case .numbers(let matrix): matrix.columns
    case .bytes(let bytes): bytes.columns
    }
  }

  /// The numbers of a range where they are if they stand there as kernels read them, else in `target`.
  @inline(__always)
  func view(
    of range: Range<Int>, copiedTo target: MatrixView<T>, pool: ThreadPool?
  ) -> MatrixView<T> {
    switch self {
    case .numbers(let matrix): return matrix.paddedView(of: range, copiedTo: target)
    case .bytes(let bytes):
      bytes.form(range, into: target.start, stride: target.stride, pool: pool)
      return target
    }
  }

  /// The numbers of some examples, in their order.
  @inline(__always)
  func gather(
    _ indices: UnsafeBufferPointer<UInt32>, into target: MatrixView<T>, pool: ThreadPool?
  ) {
    switch self {
    case .numbers(let matrix):
      T.kernels.gather(
        pool?.handle, indices.count, matrix.columns, matrix.operand, indices.baseAddress,
        target.operand)
    case .bytes(let bytes):
      bytes.gather(indices, into: target.start, stride: target.stride, pool: pool)
    }
  }

  /// Where the rows of some examples are, for a kernel that fetches them before they are gathered.
  @inline(__always)
  func withRows(
    _ indices: UnsafeBufferPointer<UInt32>, _ body: (UnsafePointer<RowsAhead>?) -> Void
  ) {
    switch self {
    case .numbers(let matrix):
      let size = MemoryLayout<T>.stride
      var rows = RowsAhead(
        source: matrix.start, stride: matrix.stride * size, bytes: matrix.columns * size,
        places: nil, indices: indices.baseAddress, count: indices.count)
      body(&rows)
    case .bytes(let bytes): bytes.withRows(indices, body)
    }
  }

  /// The examples at the given indices, in their order. Numbers are copied, bytes are not.
  package func selecting(_ indices: [UInt32]) -> StoredInputs {
    switch self {
    case .numbers(let matrix): .numbers(matrix.gathered(indices))
    case .bytes(let bytes): .bytes(bytes.selecting(indices))
    }
  }

  /// The numbers of a range, compact if they are copied.
  package func matrix(of range: Range<Int>) -> Matrix<T> {
    var result = Matrix<T>(rows: range.count, columns: columns, isCompact: true)
    let start = result.mutableStart
    switch self {
    case .numbers(let matrix):
      for row in 0..<range.count {
        (start + row * columns).update(
          from: matrix.start + (range.lowerBound + row) * matrix.stride, count: columns)
      }
    case .bytes(let bytes): bytes.form(range, into: start, stride: columns, pool: nil)
    }
    return result
  }
}

/// Pixels of images that stay the bytes that they are in their file: a quarter of the memory of Floats.
///
/// A byte b becomes b / scale when a batch is read, with the bits that `FeaturePlan` gives it,
/// T((b − 0) / scale) in Double. To divide in Float rounds once instead of twice, which makes no
/// difference: 53 bits are more than 2 · 24 + 1 (Figueroa 1995, doi:10.1145/221332.221334). As that
/// wants a scale that a Float holds, all 256 bytes are tried before it is relied on.
package struct ByteInputs<T: Scalar>: Sendable {
  private let array: NumericArray
  private let first: Int
  private let step: Int
  private let divisor: T
  /// The row of the array for each example; nil if they are the same.
  private let places: [UInt32]?
  let columns: Int
  let count: Int

  private init(
    array: NumericArray, first: Int, step: Int, divisor: T, places: [UInt32]?, columns: Int,
    count: Int
  ) {
    self.array = array
    self.first = first
    self.step = step
    self.divisor = divisor
    self.places = places
    self.columns = columns
    self.count = count
  }

  /// All rows of a table, or nil if an encoder makes other inputs of it than such pixels.
  init?(of table: Table, encodedBy encoder: FeatureEncoder) {
    guard encoder.features.count == 1, case .pixels(let count, let scale) = encoder.features[0],
      let divisor = Self.divisor(scale), case .memory(let values) = table.source,
      let start = table.position(ifPresent: "0"), start + count <= values.count,
      case .array(let array, let first, let step) = values[start], case .uint8 = array.type
    else { return nil }
    // The columns must be neighbours in the array, in their order.
    for pixel in 0..<count {
      guard table.columns[start + pixel].name == String(pixel),
        case .array(let other, first + pixel, step) = values[start + pixel],
        other.isSame(as: array)
      else { return nil }
    }
    self.init(
      array: array, first: first, step: step, divisor: divisor, places: nil, columns: count,
      count: table.rowCount)
  }

  /// What to divide by, if that gives every byte the bits that the encoder gives it.
  static func divisor(_ scale: Double) -> T? {
    let divisor = T(scale)
    let isExact = (0...255).allSatisfy { byte in
      let encoded = T((Double(byte) - 0) / scale)
      return encoded.isFinite && encoded == T(byte) / divisor
    }
    return isExact ? divisor : nil
  }

  /// The examples at the given indices, in their order.
  func selecting(_ indices: [UInt32]) -> ByteInputs {
    precondition(
      indices.allSatisfy { Int($0) < count }, "an index past the last of \(count) rows")
    return ByteInputs(
      array: array, first: first, step: step, divisor: divisor,
      places: places.map { places in indices.map { places[Int($0)] } } ?? indices,
      columns: columns, count: indices.count)
  }

  /// The numbers of a range of examples.
  @inline(__always)
  func form(
    _ range: Range<Int>, into target: UnsafeMutablePointer<T>, stride: Int, pool: ThreadPool?
  ) {
    array.withBytes { bytes in
      guard let start = bytes.baseAddress else { return }
      if let places {
        places.withUnsafeBufferPointer { places in
          T.kernels.gather_bytes(
            pool?.handle,
            .init(
              source: start + first, stride: step, bytes: columns, places: nil,
              indices: places.baseAddress.map { $0 + range.lowerBound }, count: range.count),
            Double(divisor), .init(start: target, stride: stride))
        }
      } else {
        T.kernels.gather_bytes(
          pool?.handle,
          .init(
            source: start + first + range.lowerBound * step, stride: step, bytes: columns,
            places: nil, indices: nil, count: range.count),
          Double(divisor), .init(start: target, stride: stride))
      }
    }
  }

  /// Where the bytes of some examples are.
  @inline(__always)
  func withRows(
    _ indices: UnsafeBufferPointer<UInt32>, _ body: (UnsafePointer<RowsAhead>?) -> Void
  ) {
    array.withBytes { bytes in
      func call(_ places: UnsafePointer<UInt32>?) {
        var rows = RowsAhead(
          source: bytes.baseAddress.map { $0 + first }, stride: step, bytes: columns,
          places: places, indices: indices.baseAddress, count: indices.count)
        body(&rows)
      }
      if let places { places.withUnsafeBufferPointer { call($0.baseAddress) } } else { call(nil) }
    }
  }

  /// The numbers of some examples, in their order.
  @inline(__always)
  func gather(
    _ indices: UnsafeBufferPointer<UInt32>, into target: UnsafeMutablePointer<T>, stride: Int,
    pool: ThreadPool?
  ) {
    withRows(indices) { rows in
      guard let rows else { return }
      T.kernels.gather_bytes(
        pool?.handle, rows.pointee, Double(divisor), .init(start: target, stride: stride))
    }
  }
}
