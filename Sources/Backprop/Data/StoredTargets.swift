/// The targets of a data set as memory holds them: numbers, or the class of each example, of which a
/// batch makes a one-hot row when it is read.
///
/// 10,000 classes of 100,000 examples would be 4 GB of zeros and ones.
package struct StoredTargets<T: Scalar>: Sendable {
  /// y, `[examples, outputs]`; or the codes of the classes, `[examples, 1]`.
  let matrix: Matrix<T>
  /// Number of classes, if the matrix holds their codes.
  let classCount: Int?

  /// - Parameters:
  ///   - matrix: y, or codes from 0 below the number of classes.
  ///   - classCount: Number of classes, nil for numbers; of Floats at most 2²⁴, which they all tell apart.
  init(_ matrix: Matrix<T>, classCount: Int? = nil) {
    precondition(
      classCount.map { matrix.columns == 1 && $0 <= 1 << 24 } ?? true,
      "\(matrix.columns) columns of codes of \(classCount ?? 0) classes")
    self.matrix = matrix
    self.classCount = classCount
  }

  /// Number of examples.
  var count: Int { matrix.rows }

  /// Number of outputs.
  var columns: Int { classCount ?? matrix.columns }

  /// The class of an example, if the targets are classes.
  func code(of example: Int) -> Int? {
    classCount.map { _ in Int(matrix[example, 0]) }
  }

  /// y of a range where it is if it stands there as kernels read it, else in `target`.
  func view(of range: Range<Int>, copiedTo target: MatrixView<T>) -> MatrixView<T> {
    guard classCount != nil else { return matrix.paddedView(of: range, copiedTo: target) }
    for (row, example) in range.enumerated() { formOneHot(of: example, row: row, in: target) }
    return target
  }

  /// y of some examples, in their order.
  func gather(
    _ indices: UnsafeBufferPointer<UInt32>, into target: MatrixView<T>, pool: ThreadPool?
  ) {
    guard classCount != nil else {
      return T.kernels.gather(
        pool?.handle, indices.count, matrix.columns, matrix.operand, indices.baseAddress,
        target.operand)
    }
    for (row, example) in indices.enumerated() {
      formOneHot(of: Int(example), row: row, in: target)
    }
  }

  private func formOneHot(of example: Int, row: Int, in target: MatrixView<T>) {
    let y = target.start + row * target.stride
    y.update(repeating: 0, count: columns)
    y[Int(matrix.start[example * matrix.stride])] = 1
  }

  /// The examples at the given indices, in their order.
  package func selecting(_ indices: [UInt32]) -> StoredTargets {
    StoredTargets(matrix.gathered(indices), classCount: classCount)
  }

  /// y as numbers, `[examples, outputs]`.
  ///
  /// - Complexity: O(1), but O(examples × outputs) for classes.
  package var numbers: Matrix<T> {
    guard classCount != nil else { return matrix }
    var numbers = Matrix<T>(rows: count, columns: columns)
    let target = MatrixView(
      start: numbers.mutableStart, columns: columns, stride: numbers.stride, isKept: true)
    return withExtendedLifetime(numbers) {
      _ = view(of: 0..<count, copiedTo: target)
      return numbers
    }
  }
}
