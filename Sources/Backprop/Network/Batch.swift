/// Some examples of a data set: which rows, and of what. It refers to the data and copies nothing.
public struct Batch<T: Scalar> {
  /// x of the whole data set, `[examples, inputs]`.
  let inputs: StoredInputs<T>
  /// y of the whole data set, `[examples, outputs]`.
  let targets: StoredTargets<T>
  /// Weights of all examples, `[1, examples]`, or nil where all are 1.
  let weights: Matrix<T>?
  let rows: Rows

  /// Which rows of the data set: a range, or wherever they stand.
  enum Rows {
    case range(Range<Int>)
    case indices(ArraySlice<UInt32>)
  }

  /// Number of examples, m.
  public var count: Int {
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

  init(inputs: StoredInputs<T>, targets: StoredTargets<T>, weights: Matrix<T>?, rows: Rows) {
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

  /// Whether the first layer reads x where it is, row by row: numbers, which nothing changes. Few or
  /// short rows are sooner copied than found again.
  private func readsInPlace(_ regularization: StochasticRegularization?) -> Bool {
    guard case .numbers = inputs else { return false }
    return count > 3 && inputs.columns >= 64 && !(regularization?.changesInputs ?? false)
  }

  /// Places x, y and w of these rows where the passes read them.
  ///
  /// - Parameter noise: What is going to change them; nil for nothing.
  func load(
    into workspace: inout Workspace<T>, under regularization: StochasticRegularization?,
    pool: ThreadPool?
  ) {
    precondition(
      count <= workspace.capacity, "\(count) examples in a workspace for \(workspace.capacity)")
    precondition(
      inputs.columns == workspace.gatheredInputs.columns
        && targets.columns == workspace.gatheredTargets.columns,
      "examples of \(inputs.columns) → \(targets.columns) for a network of "
        + "\(workspace.gatheredInputs.columns) → \(workspace.gatheredTargets.columns)")
    workspace.batch = self
    workspace.rows = count
    switch rows {
    case .range(let range):
      workspace.inputs = inputs.view(
        of: range, copiedTo: workspace.gatheredInputs, pool: pool)
      workspace.targets = targets.view(of: range, copiedTo: workspace.gatheredTargets)
      workspace.weights = weights.map { $0.start + range.lowerBound }
    case .indices(let indices):
      var x = workspace.gatheredInputs
      let y = workspace.gatheredTargets
      let w = workspace.gatheredWeights
      indices.withUnsafeBufferPointer { indices in
        if readsInPlace(regularization), case .numbers(let matrix) = inputs {
          workspace.places.update(from: indices.baseAddress.unsafelyUnwrapped, count: count)
          x = matrix.view(from: 0)
          x.rows = UnsafePointer(workspace.places)
        } else {
          inputs.gather(indices, into: x, pool: pool)
        }
        targets.gather(indices, into: y, pool: pool)
        if let weights {
          for (position, index) in indices.enumerated() { w[position] = weights.start[Int(index)] }
        }
      }
      workspace.inputs = x
      workspace.targets = y
      workspace.weights = weights == nil ? nil : UnsafePointer(w)
    }
    workspace.ownTargets = workspace.targets
    workspace.ownWeights = workspace.weights
  }
}

extension Workspace {
  /// More than the second cache keeps would be gone before it is read.
  private static var mostFetchedBytes: Int { 1 << 19 }

  /// Hands the rows of the batch that comes next to the gradient of the first layer, the last work of a
  /// pass, which fetches them from memory on the way; nil to the other layers.
  ///
  /// - Parameter part: The rows of this batch whose gradient is formed; it fetches as large a part.
  func withRowsAhead(
    of layer: Int, meanwhile part: Range<Int>, _ body: (UnsafePointer<RowsAhead>?) -> Void
  ) {
    guard layer == 0, rows > 0, let ahead, case .indices(let indices) = ahead.rows else {
      return body(nil)
    }
    indices.withUnsafeBufferPointer {
      let all = $0.count
      let first = all * part.lowerBound / rows
      let end = all * part.upperBound / rows
      ahead.inputs.withRows(UnsafeBufferPointer(rebasing: $0[first..<end])) { share in
        let fits = share.map { all * $0.pointee.bytes <= Self.mostFetchedBytes } ?? false
        body(fits ? share : nil)
      }
    }
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
