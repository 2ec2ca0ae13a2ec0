/// A fully connected layer: z = W a + b, an optional normalisation of z, then a = σ(z).
///
/// Its parameters are one tensor of the flat buffer: W `[affine outputs, inputs]` and b; and one of the
/// gain and shift where it is normalised.
public struct DenseLayer: Hashable, Sendable {
  public let inputs: Int
  public let outputs: Int
  public let activation: Activation
  /// How z is normalised; nil where it is not.
  public let normalization: Normalization?
  /// p, the probability that an output is dropped in training, in 0 ..< 1; 0 for a last layer.
  ///
  /// What is left grows by 1/(1−p), so that the layer above meets the same mean with and without
  /// (inverted dropout). Off in evaluation and prediction. Srivastava et al. 2014, *Dropout*, JMLR
  /// 15(56):1929–1958.
  public let dropout: Double

  public init(
    inputs: Int, outputs: Int, activation: Activation, normalization: Normalization? = nil,
    dropout: Double = 0
  ) {
    self.normalization = normalization
    self.inputs = inputs
    self.outputs = outputs
    self.activation = activation
    self.dropout = dropout
  }

  var affineOutputs: Int { outputs * activation.pieces }

  var needsWeightedInputs: Bool {
    normalization != nil || activation.keepsOutputGradient
      || activation.derivativeUsesWeightedInputs
  }

  /// z = W a + b and a = σ(z) for a batch, one example a row.
  ///
  /// - Parameters:
  ///   - rows: Examples in the batch, m.
  ///   - below: Outputs of the layer below, `[m, inputs]`; its rows may stand anywhere.
  ///   - parameters: This layer's panels.
  ///   - state: Receives a `[m, outputs]`, and z `[m, affine outputs]` where it is kept.
  func forward<T: Scalar>(
    rows: Int, below: MatrixView<T>, parameters: UnsafePointer<T>, state: LayerState<T>,
    pool: ThreadPool?
  ) {
    let (z, a) = (state.weightedInputs, state.outputs)
    switch activation {
    case .softmax:
      formWeightedInputs(rows: rows, below: below, parameters: parameters, into: z, pool: pool)
      T.kernels.softmax(rows, outputs, z.operand, a.operand)
    case .maxout(let pieces):
      formWeightedInputs(rows: rows, below: below, parameters: parameters, into: z, pool: pool)
      T.kernels.maxout(rows, outputs, pieces, z.operand, a.operand)
    case .own(let own):
      formWeightedInputs(rows: rows, below: below, parameters: parameters, into: z, pool: pool)
      own.activation.form(rows, outputs: a, from: z)
    default:
      T.kernels.affine(
        pool?.handle,
        .init(
          m: rows, k: inputs, n: outputs, a: below.operand, a_rows: below.rows, panels: parameters,
          activation: activation.kernel, parameter: activation.kernelParameter,
          z: z.optionalOperand, out: a.operand))
    }
  }

  /// z = W a + b alone, `[m, affine outputs]`.
  func formWeightedInputs<T: Scalar>(
    rows: Int, below: MatrixView<T>, parameters: UnsafePointer<T>, into z: MatrixView<T>,
    pool: ThreadPool?
  ) {
    T.kernels.affine(
      pool?.handle,
      .init(
        m: rows, k: inputs, n: affineOutputs, a: below.operand, a_rows: below.rows,
        panels: parameters, activation: Activation.identity.kernel, parameter: 0,
        z: MatrixView<T>.none.optionalOperand, out: z.operand))
  }

  /// BP3 and BP4 for a batch: ∂C/∂b = Σₓ δ, ∂C/∂W = Σₓ δ aᵀ, in the order of the batch.
  ///
  /// - Parameters:
  ///   - below: a of the layer below, `[m, inputs]`; its rows may stand anywhere.
  ///   - delta: δ of this layer, `[m, affine outputs]`.
  ///   - ahead: Rows that are read next, or nil; they are fetched meanwhile.
  ///   - gradient: Receives this layer's panels: rows of ∂C/∂W, then the row of ∂C/∂b.
  func formBiasAndWeightGradient<T: Scalar>(
    rows: Int, below: MatrixView<T>, delta: MatrixView<T>,
    fetching ahead: UnsafePointer<RowsAhead>? = nil, gradient: UnsafeMutablePointer<T>,
    pool: ThreadPool?
  ) {
    T.kernels.parameter_gradient(
      pool?.handle,
      .init(
        m: rows, k: inputs, n: affineOutputs, a: below.operand, a_rows: below.rows,
        delta: delta.operand, ahead: ahead, gradient: gradient))
  }

  /// BP2: passes δ of this layer down, δˡ⁻¹ = (δˡ W) ⊙ σ′(zˡ⁻¹).
  ///
  /// σ′ belongs to the layer below, so that layer's activation and state are given. If that layer
  /// dropped outputs, aˡ⁻¹ ⊙ r is what came up, and r goes back with it: (δˡ W) ⊙ r ⊙ σ′(zˡ⁻¹). Where
  /// the layer below is normalised, this gives ∂C/∂n, and its normalisation goes on from there.
  ///
  /// - Parameters:
  ///   - delta: δ of this layer, `[m, affine outputs]`.
  ///   - parameters: This layer's panels.
  ///   - activation: σ of the layer below.
  ///   - state: The state of the layer below; receives its δ, `[m, its affine outputs]`.
  ///   - mask: r of the layer below, `[m, inputs]`, or nil if it dropped nothing.
  func formBackpropagatedDelta<T: Scalar>(
    rows: Int, delta: MatrixView<T>, parameters: UnsafePointer<T>,
    through activation: Activation, of state: LayerState<T>, dropped mask: MatrixView<T>? = nil,
    pool: ThreadPool?
  ) {
    if activation.keepsOutputGradient {
      formOutputGradient(
        rows: rows, delta: delta, parameters: parameters, into: state.outputGradient, pool: pool)
      mask?.multiply(into: state.outputGradient, rows: rows, pool: pool)
      activation.formDelta(
        rows, gradient: state.outputGradient, outputs: state.outputs,
        weightedInputs: state.weightedInputs, into: state.activationDelta)
    } else {
      let kept = activation.derivativeUsesWeightedInputs ? state.weightedInputs : state.outputs
      let target = state.activationDelta
      T.kernels.backpropagate(
        pool?.handle,
        .init(
          m: rows, n: affineOutputs, k: inputs, delta: delta.operand, panels: parameters,
          activation: activation.kernel, parameter: activation.kernelParameter,
          kept: kept.operand, out: target.operand))
      mask?.multiply(into: target, rows: rows, pool: pool)
    }
  }

  /// The first half of BP2: ∂C/∂a of the layer below, δ W, before σ′ takes part.
  ///
  /// - Parameters:
  ///   - delta: δ of this layer, `[m, affine outputs]`.
  ///   - parameters: This layer's panels.
  ///   - target: Receives δ W, `[m, inputs]`.
  func formOutputGradient<T: Scalar>(
    rows: Int, delta: MatrixView<T>, parameters: UnsafePointer<T>, into target: MatrixView<T>,
    pool: ThreadPool?
  ) {
    T.kernels.backpropagate(
      pool?.handle,
      .init(
        m: rows, n: affineOutputs, k: inputs, delta: delta.operand, panels: parameters,
        activation: Activation.identity.kernel, parameter: 0,
        kept: MatrixView<T>.none.optionalOperand, out: target.operand))
  }
}
