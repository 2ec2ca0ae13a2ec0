// The second half of the algorithm: output error → backpropagate → gradients.
//
// Nielsen, Neural Networks and Deep Learning (2015), ch. 2. Layer 1 is the input, L the last;
// δˡⱼ ≡ ∂C/∂zˡⱼ. For a batch, one example a row:
//
//     BP1   δᴸ = Jσ(zᴸ)ᵀ ∇ₐC              (∇ₐC ⊙ σ′(zᴸ) for an elementwise σ)
//     BP2   δˡ = (δˡ⁺¹ Wˡ⁺¹) ⊙ σ′(zˡ)
//     BP3   ∂C/∂bˡ = Σₓ δˡ
//     BP4   ∂C/∂Wˡ = Σₓ δˡ aˡ⁻¹ᵀ
//
// The weight wₓ of each example (1/m for a mean) enters with ∇ₐC; δ carries it from there.

extension Network {
  /// Carries the error of the last forward pass back through the layers and forms the gradient.
  ///
  /// - Parameters:
  ///   - workspace: Holds the last forward pass; receives δˡ of every layer.
  ///   - gradient: Receives ∂C/∂θ of every tensor; its old elements are not read.
  ///   - pool: Threads to use; nil for the caller's alone. Changes no bit.
  /// - Complexity: O(batch × weights), without allocation.
  @specialized(where T == Float)
  @specialized(where T == Double)
  public func backward(
    in workspace: inout Workspace<T>, into gradient: inout Parameters<T>, pool: ThreadPool? = nil
  ) {
    check(workspace)
    precondition(
      gradient.layout == parameters.layout, "the gradient of another network than \(sizes)")
    backward(
      0..<workspace.rows, blocks: workspace.blocks.count, in: workspace,
      into: gradient.mutableStart, pool: pool)
  }

  /// The same for some rows: output error → backpropagate → gradients.
  ///
  /// - Parameters:
  ///   - rows: All rows of the batch, or those of one block.
  ///   - blocks: Into how many blocks they are cut.
  ///   - sum: Receives their gradient, a flat buffer.
  func backward(
    _ rows: Range<Int>, blocks: Int, in workspace: borrowing Workspace<T>,
    into sum: UnsafeMutablePointer<T>, pool: ThreadPool?
  ) {
    formOutputDelta(rows, in: workspace)  // BP1
    for layer in stride(from: layers.count - 1, through: 0, by: -1) {
      // BP3, BP4
      formGradient(of: layer, rows, blocks: blocks, in: workspace, into: sum, pool: pool)
      if layer > 0 {
        formBackpropagatedDelta(below: layer, rows, in: workspace, pool: pool)  // BP2
      }
    }
  }

  /// One step's passes over a batch: forward, and back to the gradient.
  ///
  /// A small network is passed block by block, and a thread takes whole blocks; a large one product by
  /// product, and threads share each. That is a question of time alone: both give the same bits.
  ///
  /// - Parameters:
  ///   - batch: Examples, at most as many as the workspace holds.
  ///   - workspace: Receives the passes.
  ///   - scale: The factor of each example's weight, 1/m of a mean.
  ///   - regularization: What is changed at random; nil for nothing.
  ///   - gradient: Receives ∂C/∂θ of every tensor.
  ///   - passes: Memory for whole blocks, and who judges their outputs.
  /// - Returns: C = Σₓ wₓ Cₓ of the batch, without penalties.
  @specialized(where T == Float)
  @specialized(where T == Double)
  package func forwardAndBackward(
    _ batch: Batch<T>, in workspace: inout Workspace<T>, scale: T,
    under regularization: StochasticRegularization?,
    into gradient: inout Parameters<T>, through passes: BlockPasses<T>, pool: ThreadPool?
  ) -> Double {
    begin(batch, in: &workspace, scale: scale, under: regularization, pool: pool)
    let blocks = workspace.blocks
    if passes.suit(blocks, width: workspace.width, pool: pool) {
      passes.pass(self, workspace, blocks, into: &gradient, pool: pool)
    } else {
      let rows = 0..<workspace.rows
      propagate(rows, in: workspace, pool: pool)
      formLosses(rows, in: workspace)
      for block in 0..<blocks.count { passes.judge(block, blocks.rows(of: block), workspace) }
      backward(
        rows, blocks: blocks.count, in: workspace, into: gradient.mutableStart, pool: pool)
    }
    return workspace.loss
  }

  /// Some rows of the last batch on their way through one layer.
  package func pass(
    _ rows: Range<Int>, through layer: Int, blocks: Int = 1, in workspace: borrowing Workspace<T>,
    pool: ThreadPool?
  ) -> LayerPass<T> {
    LayerPass(
      rows: rows.count, first: rows.lowerBound, blocks: blocks,
      state: workspace.states[layer].dropping(rows.lowerBound), parameters: parameters.start,
      offsets: parameters.layout.offsets[layer], number: layer + 2,
      regularization: workspace.regularization,
      pool: pool)
  }

  /// BP1: δᴸ, the error of the output layer, of some rows.
  ///
  /// - Parameter usingShortcut: Whether a canonical pair may take δᴸ = w (a − y), in which ∇ₐC and
  ///   σ′ have cancelled; false takes the general form. Both are the same function, and a test
  ///   compares them.
  package func formOutputDelta(
    _ rows: Range<Int>, in workspace: borrowing Workspace<T>, usingShortcut: Bool = true
  ) {
    let last = layers.count - 1
    if usingShortcut, loss.isCanonical(with: outputActivation) {
      let state = workspace.states[last].dropping(rows.lowerBound)
      T.kernels.canonical_delta(
        workspace.kernelTargets(rows), state.outputs.operand, state.delta.operand)
      return
    }
    formLossGradient(rows, in: workspace)
    layers[last].formDelta(pass(rows, through: last, in: workspace, pool: nil))
  }

  /// w ∇ₐC of some examples.
  package func formLossGradient(_ rows: Range<Int>, in workspace: borrowing Workspace<T>) {
    let last = workspace.states[layers.count - 1]
    if case .custom(let custom) = loss {
      for row in rows {
        let outputs = last.outputs.row(row)
        let targets = workspace.targets.row(row)
        let slope = last.outputGradient.row(row)
        var span = slope.mutableSpan
        custom.formGradient(
          outputs: outputs.span, targets: targets.span, weight: workspace.weight(of: row),
          into: &span)
      }
      return
    }
    guard let kernel = loss.kernel else { preconditionFailure("\(loss) has no kernel") }
    T.kernels.loss_gradient(
      kernel.kind, kernel.parameter, workspace.kernelTargets(rows),
      last.outputs.dropping(rows.lowerBound).operand,
      last.outputGradient.dropping(rows.lowerBound).operand)
  }

  /// BP3 and BP4: the gradient of every tensor of one layer, from its δ and the outputs below it.
  package func formGradient(
    of layer: Int, _ rows: Range<Int>, blocks: Int, in workspace: borrowing Workspace<T>,
    into sum: UnsafeMutablePointer<T>, pool: ThreadPool?
  ) {
    workspace.withRowsAhead(of: layer, meanwhile: rows) { ahead in
      layers[layer].formGradient(
        pass(rows, through: layer, blocks: blocks, in: workspace, pool: pool),
        below: workspace.inputs(of: layer).dropping(rows.lowerBound), into: sum, fetching: ahead)
    }
  }

  /// BP2: δ of the layer below `layer`.
  package func formBackpropagatedDelta(
    below layer: Int, _ rows: Range<Int>, in workspace: borrowing Workspace<T>, pool: ThreadPool?
  ) {
    layers[layer].formDelta(
      pass(rows, through: layer, in: workspace, pool: pool), of: layers[layer - 1],
      pass(rows, through: layer - 1, in: workspace, pool: pool))
  }
}
