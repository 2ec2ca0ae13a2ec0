/// Rows of padded elements somewhere in memory that the holder of the view keeps alive.
package struct MatrixView<T: Scalar> {
  package let start: UnsafeMutablePointer<T>
  package let columns: Int
  package let stride: Int
  package let isKept: Bool
  /// Which of the rows at `start` these are; nil for all of them in their order.
  package var rows: UnsafePointer<UInt32>?

  package init(
    start: UnsafeMutablePointer<T>, columns: Int, stride: Int, isKept: Bool,
    rows: UnsafePointer<UInt32>? = nil
  ) {
    self.start = start
    self.columns = columns
    self.stride = stride
    self.isKept = isKept
    self.rows = rows
  }

  /// No matrix; its start must not be read through.
  package static var none: MatrixView {
    MatrixView(
      start: UnsafeMutablePointer(bitPattern: 64).unsafelyUnwrapped, columns: 0, stride: 0,
      isKept: false)
  }

  /// The rows from `row` on.
  package func dropping(_ row: Int) -> MatrixView {
    MatrixView(
      start: rows == nil ? start + row * stride : start, columns: columns, stride: stride,
      isKept: isKept, rows: rows.map { $0 + row })
  }

  /// target ← target ⊙ this.
  package func multiply(into target: MatrixView, rows: Int, pool: ThreadPool?) {
    T.kernels.multiply(pool?.handle, rows, columns, operand, target.operand)
  }
}

/// Hands out aligned matrices from one allocation; without a base it only counts.
struct Arena<T: Scalar> {
  let base: UnsafeMutablePointer<T>?
  var used = 0

  init(base: UnsafeMutablePointer<T>?) { self.base = base }

  mutating func matrix(_ rows: Int, _ columns: Int) -> MatrixView<T> {
    let stride = Matrix<T>.stride(columns: columns)
    defer { used += rows * stride }
    guard let base else {
      let none = MatrixView<T>.none
      return MatrixView(start: none.start, columns: columns, stride: stride, isKept: true)
    }
    return MatrixView(start: base + used, columns: columns, stride: stride, isKept: true)
  }
}
