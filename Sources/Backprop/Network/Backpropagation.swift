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
  ///   - gradient: Receives ∂C/∂W and ∂C/∂b of every layer; its old elements are not read.
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
    formOutputDelta(in: &workspace)  // BP1
    for layer in stride(from: layers.count - 1, through: 0, by: -1) {
      formGradient(of: layer, in: &workspace, into: &gradient, pool: pool)  // BP3, BP4
      if layer > 0 {
        formBackpropagatedDelta(below: layer, in: &workspace, pool: pool)  // BP2
      }
    }
  }

  /// Some rows of the last batch on their way through one layer.
  func pass(
    _ rows: Range<Int>, through layer: Int, in workspace: borrowing Workspace<T>, pool: ThreadPool?
  ) -> LayerPass<T> {
    LayerPass(
      rows: rows.count, first: rows.lowerBound,
      state: workspace.states[layer].dropping(rows.lowerBound), parameters: parameters.start,
      offsets: parameters.layout.offsets[layer], number: layer + 2, noise: workspace.noise,
      pool: pool)
  }

  /// BP1: δᴸ, the error of the output layer.
  ///
  /// - Parameter usingShortcut: Whether a canonical pair may take δᴸ = w (a − y), in which ∇ₐC and
  ///   σ′ have cancelled; false takes the general form. Both are the same function, and a test
  ///   compares them.
  func formOutputDelta(in workspace: inout Workspace<T>, usingShortcut: Bool = true) {
    let last = workspace.states[layers.count - 1]
    let rows = workspace.rows
    let delta = last.delta
    let a = last.outputs
    if usingShortcut, loss.isCanonical(with: outputActivation) {
      T.kernels.canonical_delta(
        workspace.kernelTargets(scale: reduction.scale(count: rows)), a.operand, delta.operand)
      return
    }
    formLossGradient(in: &workspace)
    layers[layers.count - 1].formDelta(
      pass(0..<rows, through: layers.count - 1, in: workspace, pool: nil))
  }

  /// w ∇ₐC of each example.
  func formLossGradient(in workspace: inout Workspace<T>) {
    let last = workspace.states[layers.count - 1]
    let rows = workspace.rows
    let gradient = last.outputGradient
    let a = last.outputs
    let y = workspace.targets
    let scale: T = reduction.scale(count: rows)
    if case .custom(let custom) = loss {
      for row in 0..<rows {
        let outputs = a.row(row)
        let targets = y.row(row)
        let slope = gradient.row(row)
        var span = slope.mutableSpan
        custom.formGradient(
          outputs: outputs.span, targets: targets.span,
          weight: (workspace.weights?[row] ?? 1) * scale, into: &span)
      }
      return
    }
    guard let kernel = loss.kernel else { preconditionFailure("\(loss) has no kernel") }
    T.kernels.loss_gradient(
      kernel.kind, kernel.parameter, workspace.kernelTargets(scale: scale), a.operand,
      gradient.operand)
  }

  /// BP3 and BP4: the gradient of every tensor of one layer, from its δ and the outputs below it.
  func formGradient(
    of layer: Int, in workspace: inout Workspace<T>, into gradient: inout Parameters<T>,
    pool: ThreadPool?
  ) {
    let below = workspace.inputs(of: layer)
    let target = gradient.mutableStart
    if let shards = workspace.shards {
      shards.form(rows: workspace.rows, of: layer, into: target, pool: pool) { rows, sum in
        layers[layer].formGradient(
          pass(rows, through: layer, in: workspace, pool: pool),
          below: below.dropping(rows.lowerBound), into: sum)
      }
    } else {
      workspace.withRowsAhead(of: layer) { ahead in
        layers[layer].formGradient(
          pass(0..<workspace.rows, through: layer, in: workspace, pool: pool), below: below,
          into: target, fetching: ahead)
      }
    }
  }

  /// BP2: δ of the layer below `layer`.
  func formBackpropagatedDelta(
    below layer: Int, in workspace: inout Workspace<T>, pool: ThreadPool?
  ) {
    let rows = 0..<workspace.rows
    layers[layer].formDelta(
      pass(rows, through: layer, in: workspace, pool: pool), of: layers[layer - 1],
      pass(rows, through: layer - 1, in: workspace, pool: pool))
  }
}

extension Activation {
  /// δ = Jσ(z)ᵀ ∂C/∂a: passes an error through the activation, which is ⊙ σ′(z) for an elementwise σ.
  ///
  /// - Parameters:
  ///   - gradient: ∂C/∂a, `[m, outputs]`.
  ///   - a: σ(z), `[m, outputs]`.
  ///   - z: The weighted inputs, `[m, affine outputs]`; read only where σ′ needs them.
  ///   - delta: Receives δ, `[m, affine outputs]`, its padding zero.
  func formDelta<T: Scalar>(
    _ rows: Int, gradient: MatrixView<T>, outputs a: MatrixView<T>, weightedInputs z: MatrixView<T>,
    into delta: MatrixView<T>
  ) {
    switch self {
    case .softmax:
      T.kernels.softmax_delta(
        rows, a.columns, gradient.operand, a.operand, delta.operand)
    case .maxout(let pieces):
      T.kernels.maxout_delta(
        rows, a.columns, pieces, gradient.operand, z.operand, delta.operand)
    case .own(let own):
      own.activation.formDelta(rows, delta, gradient: gradient, at: z)
    default:
      let kept = derivativeUsesWeightedInputs ? z : a
      T.kernels.multiply_derivative(
        rows, a.columns, gradient.operand, kept.operand, kernel, kernelParameter, delta.operand)
    }
  }
}
