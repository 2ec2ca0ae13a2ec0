// How the rows of a batch come to stand where the passes read them.

extension Batch {
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
