// The first half of the algorithm: input → forward, and the loss of the batch.

extension Network {
  /// Carries a batch through the layers, aˡ = σ(Wˡ aˡ⁻¹ + bˡ), and adds up its loss.
  ///
  /// - Parameters:
  ///   - batch: Examples, at most as many as the workspace holds.
  ///   - workspace: Receives aˡ of every layer (and z where it is kept) and the losses.
  ///   - pool: Threads to use; nil for the caller's alone. Changes no bit.
  /// - Returns: C = Σₓ wₓ Cₓ of the batch, without penalties. Nothing is dropped.
  /// - Complexity: O(batch × weights), without allocation.
  @specialized(where T == Float)
  @specialized(where T == Double)
  @discardableResult
  public func forward(
    _ batch: Batch<T>, in workspace: inout Workspace<T>, pool: ThreadPool? = nil
  ) -> Double {
    forward(batch, in: &workspace, under: nil, pool: pool)
  }

  /// The same with what is changed at random in a step of training.
  ///
  /// - Precondition: The regularisation suits the loss (`StochasticRegularization.check(for:)`), and
  ///   the workspace was made for one like it.
  @specialized(where T == Float)
  @specialized(where T == Double)
  @discardableResult
  package func forward(
    _ batch: Batch<T>, in workspace: inout Workspace<T>,
    under regularization: StochasticRegularization?, pool: ThreadPool? = nil
  ) -> Double {
    forward(
      batch, in: &workspace, scale: reduction.scale(count: batch.count), under: regularization,
      pool: pool)
  }

  /// The same with wₓ = `scale` times the example's weight, whatever the reduction.
  package func forward(
    _ batch: Batch<T>, in workspace: inout Workspace<T>, scale: T,
    under regularization: StochasticRegularization? = nil,
    pool: ThreadPool?
  ) -> Double {
    begin(batch, in: &workspace, scale: scale, under: regularization, pool: pool)
    let rows = 0..<workspace.rows
    propagate(rows, in: workspace, pool: pool)
    formLosses(rows, in: workspace)
    return workspace.loss
  }

  /// Places a batch in the workspace, with what the noise makes of it.
  func begin(
    _ batch: Batch<T>, in workspace: inout Workspace<T>, scale: T,
    under regularization: StochasticRegularization?,
    pool: ThreadPool?
  ) {
    check(workspace)
    batch.load(into: &workspace, under: regularization, pool: pool)
    workspace.scale = scale
    workspace.regularization = regularization
    if let regularization { workspace.apply(regularization, loss: loss, pool: pool) }
  }

  /// aˡ of every layer for some rows, from the inputs that the workspace holds.
  func propagate(
    _ rows: Range<Int>, in workspace: borrowing Workspace<T>, pool: ThreadPool?
  ) {
    for index in layers.indices {
      layers[index].forward(
        pass(rows, through: index, in: workspace, pool: pool),
        below: workspace.inputs(of: index).dropping(rows.lowerBound))
    }
  }

  /// wₓ Cₓ of some examples from aᴸ, or from zᴸ where that is more accurate.
  func formLosses(_ rows: Range<Int>, in workspace: borrowing Workspace<T>) {
    let last = workspace.states[layers.count - 1].dropping(rows.lowerBound)
    let losses = workspace.losses + rows.lowerBound
    let targets = workspace.kernelTargets(rows)
    switch (loss, outputActivation) {
    case (.crossEntropy, .softmax):
      T.kernels.softmax_cross_entropy(targets, last.weightedInputs.operand, losses)
    case (.binaryCrossEntropy, .sigmoid):
      T.kernels.sigmoid_cross_entropy(targets, last.weightedInputs.operand, losses)
    default: formLossesOfOutputs(rows, in: workspace)
    }
  }

  /// wₓ Cₓ of some examples from aᴸ.
  func formLossesOfOutputs(_ rows: Range<Int>, in workspace: borrowing Workspace<T>) {
    let last = workspace.states[layers.count - 1].dropping(rows.lowerBound)
    switch loss {
    case .custom(let custom):
      for row in rows {
        let outputs = workspace.states[layers.count - 1].outputs.row(row)
        let targets = workspace.targets.row(row)
        workspace.losses[row] = custom.value(
          outputs: outputs.span, targets: targets.span, weight: workspace.weight(of: row))
      }
    default:
      guard let kernel = loss.kernel else { preconditionFailure("\(loss) has no kernel") }
      T.kernels.loss(
        kernel.kind, kernel.parameter, workspace.kernelTargets(rows), last.outputs.operand,
        workspace.losses + rows.lowerBound)
    }
  }

  /// Examples that a pass over many takes at a time: 1,024, or as many as have 2²² outputs in the widest
  /// layer, so that a workspace for them stays small beside the data.
  ///
  /// Loss and metrics are added chunk by chunk, by the tree of `Blocks`, so that their last bits depend on
  /// it: it is the same for any number of threads, and stays as it is.
  package func chunk(of count: Int) -> Int {
    let widest = layers.reduce(1) { max($0, $1.affineOutputs) }
    return max(1, min(count, 1024, (1 << 22) / widest))
  }

  /// aᴸ for every row of `inputs`.
  ///
  /// A row's outputs do not depend on the rows it comes with: one row and a thousand give the same
  /// bits.
  ///
  /// - Parameters:
  ///   - inputs: x, `[examples, inputs]`.
  ///   - pool: Threads to use; nil for the caller's alone.
  /// - Returns: aᴸ, `[examples, outputs]`.
  @specialized(where T == Float)
  @specialized(where T == Double)
  public func predictions(for inputs: Matrix<T>, pool: ThreadPool? = nil) -> Matrix<T> {
    precondition(
      inputs.columns == inputCount, "\(inputs.columns) inputs for a network of \(inputCount)")
    var predictions = Matrix<T>(rows: inputs.rows, columns: outputCount)
    let target = predictions.mutableStart
    propagate(allOf: inputs, pool: pool) { rows, last in
      for row in 0..<rows.count {
        (target + (rows.lowerBound + row) * predictions.stride).update(
          from: last.outputs.start + row * last.outputs.stride, count: outputCount)
      }
    }
    return predictions
  }

  /// Carries rows through the layers, a chunk at a time.
  ///
  /// - Parameter body: Is shown what each chunk leaves in the last layer, its first row first.
  func propagate(
    allOf inputs: Matrix<T>, pool: ThreadPool?, _ body: (Range<Int>, LayerState<T>) -> Void
  ) {
    let chunk = chunk(of: inputs.rows)
    var workspace = Workspace(for: self, capacity: chunk)
    for first in stride(from: 0, to: inputs.rows, by: chunk) {
      workspace.rows = min(chunk, inputs.rows - first)
      let rows = first..<(first + workspace.rows)
      workspace.inputs = inputs.paddedView(of: rows, copiedTo: workspace.gatheredInputs)
      propagate(0..<rows.count, in: workspace, pool: pool)
      body(rows, workspace.states[layers.count - 1])
    }
  }
}

extension MatrixView {
  /// The elements of one row. The caller keeps the memory alive while they are used.
  package func row(_ row: Int) -> UnsafeMutableBufferPointer<T> {
    UnsafeMutableBufferPointer(
      start: start + (rows.map { Int($0[row]) } ?? row) * stride, count: columns)
  }
}
