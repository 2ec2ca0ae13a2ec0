/// Some examples of a data set: which rows, and of what. It refers to the data and copies nothing.
public struct Batch<T: Scalar> {
  /// x of the whole data set, `[examples, inputs]`.
  package let inputs: StoredInputs<T>
  /// y of the whole data set, `[examples, outputs]`.
  package let targets: StoredTargets<T>
  /// Weights of all examples, `[1, examples]`, or nil where all are 1.
  package let weights: Matrix<T>?
  package let rows: Rows

  /// Which rows of the data set: a range, or wherever they stand.
  package enum Rows {
    case range(Range<Int>)
    case indices(ArraySlice<UInt32>)
  }

  /// Number of examples, m.
  package var count: Int {
    switch rows {
    case .range(let range): range.count
    case .indices(let indices): indices.count
    }
  }

  /// All rows of a pair of matrices.
  ///
  /// - Parameters:
  ///   - inputs: x, `[m, inputs]`.
  ///   - targets: y, `[m, outputs]`.
  ///   - weights: One weight per example, at least 0; nil where all are 1.
  public init(inputs: Matrix<T>, targets: Matrix<T>, weights: [T]? = nil) {
    precondition(
      inputs.rows == targets.rows && (weights == nil || weights?.count == inputs.rows),
      "\(inputs.rows) inputs, \(targets.rows) targets, \(weights?.count ?? inputs.rows) weights")
    self.init(
      inputs: .numbers(inputs), targets: StoredTargets(targets),
      weights: weights.map { Matrix([$0]) }, rows: .range(0..<inputs.rows))
  }

  package init(inputs: StoredInputs<T>, targets: StoredTargets<T>, weights: Matrix<T>?, rows: Rows)
  {
    self.inputs = inputs
    self.targets = targets
    self.weights = weights
    self.rows = rows
  }

  /// The first of these examples, at most so many.
  func prefix(_ most: Int) -> Batch {
    let few: Rows =
      switch rows {
      case .range(let range): .range(range.prefix(most))
      case .indices(let indices): .indices(indices.prefix(most))
      }
    return Batch(inputs: inputs, targets: targets, weights: weights, rows: few)
  }
}

extension Matrix {
  /// The rows of a range where they are if they are padded, else copied.
  func paddedView(
    of range: Range<Int>, copiedTo target: MatrixView<Element>
  ) -> MatrixView<Element> {
    let view = view(from: range.lowerBound)
    if isPadded { return view }
    for row in 0..<range.count {
      (target.start + row * target.stride).update(
        from: view.start + row * view.stride, count: columns)
    }
    return target
  }
}
