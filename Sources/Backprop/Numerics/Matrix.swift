/// A row-major matrix whose rows are padded for vector kernels.
///
/// A value: copies are independent (copy on write). Row r, column c is element
/// `r * stride + c`; the stride is a multiple of 16, plus 16 more where rows would otherwise start in
/// the same cache set, unless the matrix is compact. What stands in the padding is unspecified.
public struct Matrix<Element: Scalar>: Sendable {
  /// Number of rows, at least 0.
  public let rows: Int
  /// Number of columns, at least 0.
  public let columns: Int
  /// Distance between the starts of two rows, in elements.
  @usableFromInline package let stride: Int
  @usableFromInline
  var buffer: AlignedBuffer<Element>

  /// A matrix of zeros, `[rows, columns]`.
  ///
  /// - Parameters:
  ///   - rows: Number of rows, at least 0.
  ///   - columns: Number of columns, at least 0.
  ///   - isCompact: Whether rows follow each other without padding. That is for data that is only
  ///     kept: the first layer reads its rows where they are, or copied into padded ones.
  public init(rows: Int, columns: Int, isCompact: Bool = false) {
    precondition(rows >= 0 && columns >= 0, "a matrix of \(rows) × \(columns)")
    self.rows = rows
    self.columns = columns
    stride = isCompact ? columns : Self.stride(columns: columns)
    let (count, overflow) = rows.multipliedReportingOverflow(by: stride)
    buffer = AlignedBuffer(count: overflow ? .max : count)
  }

  /// A matrix from its rows, which must be equally long.
  public init(_ elements: [[Element]]) {
    self.init(rows: elements.count, columns: elements.first?.count ?? 0)
    for (row, values) in elements.enumerated() {
      precondition(values.count == columns, "row \(row) has \(values.count) of \(columns) columns")
      for (column, value) in values.enumerated() { self[row, column] = value }
    }
  }

  /// The stride of a matrix with so many columns: a multiple of 16, and 16 more when it is at least
  /// 512 and a multiple of 256, so that a column of rows does not fall into one cache set.
  package static func stride(columns: Int) -> Int {
    let padded = (columns + 15) / 16 * 16
    return padded >= 512 && padded % 256 == 0 ? padded + 16 : padded
  }

  /// The element of a row and a column, both from 0.
  ///
  /// - Precondition: Both lie in the matrix.
  @inlinable
  public subscript(row: Int, column: Int) -> Element {
    get {
      precondition(row >= 0 && row < rows && column >= 0 && column < columns)
      return buffer.start[row * stride + column]
    }
    set {
      precondition(row >= 0 && row < rows && column >= 0 && column < columns)
      makeUnique()
      buffer.start[row * stride + column] = newValue
    }
  }

  /// The elements of one row.
  public subscript(row row: Int) -> [Element] {
    precondition(row >= 0 && row < rows, "row \(row) of \(rows)")
    return Array(UnsafeBufferPointer(start: buffer.start + row * stride, count: columns))
  }

  /// The elements as an array of rows.
  public var elements: [[Element]] { (0..<rows).map { self[row: $0] } }

  /// The rows at the given indices, in their order.
  package func gathered(_ indices: [UInt32]) -> Matrix {
    precondition(
      indices.allSatisfy { Int($0) < rows }, "an index past the last of \(rows) rows")
    var result = Matrix(rows: indices.count, columns: columns)
    indices.withUnsafeBufferPointer { indices in
      Element.kernels.gather(
        nil, indices.count, columns, operand, indices.baseAddress,
        .init(start: result.mutableStart, stride: result.stride))
    }
    return result
  }

  /// Replaces one row by as many elements as there are columns.
  package mutating func setRow(_ row: Int, to values: some Collection<Element>) {
    precondition(
      row >= 0 && row < rows && values.count == columns, "\(values.count) elements for row \(row)")
    let start = mutableStart + row * stride
    for (column, value) in values.enumerated() { start[column] = value }
  }

  /// Puts rows of another matrix in the places of those with some indices, in their order.
  package mutating func setRows(_ indices: [UInt32], to rows: Matrix) {
    precondition(indices.count == rows.rows, "\(rows.rows) rows for \(indices.count)")
    for (place, row) in indices.enumerated() { setRow(Int(row), to: rows[row: place]) }
  }

  /// Whether kernels can work on the rows where they are.
  var isPadded: Bool { stride % 16 == 0 }

  /// The rows from `row` on, for a pass that only reads them while the matrix lives.
  package func view(from row: Int) -> MatrixView<Element> {
    MatrixView(start: buffer.start + row * stride, columns: columns, stride: stride, isKept: true)
  }

  @inlinable
  mutating func makeUnique() {
    if !isKnownUniquelyReferenced(&buffer) { buffer = buffer.copy() }
  }

  /// The first element, for a kernel that reads. Valid while the matrix lives.
  package var start: UnsafePointer<Element> { UnsafePointer(buffer.start) }

  /// The first element, for a kernel that writes.
  package var mutableStart: UnsafeMutablePointer<Element> {
    mutating get {
      makeUnique()
      return buffer.start
    }
  }
}

extension Matrix: Equatable {
  public static func == (left: Matrix, right: Matrix) -> Bool {
    left.rows == right.rows && left.columns == right.columns
      && (0..<left.rows).allSatisfy { left[row: $0] == right[row: $0] }
  }
}
