/// A fully connected layer: z = W a + b, an optional normalisation of z, then a = σ(z), or a mix of both.
///
/// Its tensors are W `[affine outputs, inputs]` and b, which share panels; where it is normalised, the
/// gain and shift, which share others; and α where its activation is parametric.
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
  /// Whether each neuron learns how much of σ it applies, x being z, or n where z is normalised:
  ///
  ///     a = x + α (σ(x) − x)      δ = ∂C/∂a ⊙ (1 + α (σ′(x) − 1))      ∂C/∂α = Σₓ ∂C/∂a ⊙ (σ(x) − x)
  ///
  /// (δ is ∂C/∂n of a normalised layer, which then goes through its Jacobian.) α, a number a neuron,
  /// begins at 1, where a = σ(x); at 0 the neuron is linear. No penalty and no decay touches it. For
  /// hidden layers and elementwise activations. Holzmüller, Grinsztajn & Steinwart 2024,
  /// arXiv 2407.04491; for ReLU He et al. 2015, arXiv 1502.01852.
  package let isParametric: Bool
  /// Whether the weights are in NTK form, z = W̃ a/√d + b with d inputs: by their steps, as `UpdateFactors`
  /// has it. Then biases and α take steps a tenth as long, and α decays. Jacot, Gabriel & Hongler 2018,
  /// arXiv 1806.07572; the tenth is of Holzmüller, Grinsztajn & Steinwart 2024, arXiv 2407.04491.
  package let isNTK: Bool

  /// A layer as it is described; `Network.init` checks it.
  ///
  /// - Parameters:
  ///   - inputs: Number of inputs, at least 1.
  ///   - outputs: Number of outputs, at least 1.
  ///   - activation: σ.
  ///   - normalization: How z is normalised; nil for not at all, as in a last layer.
  ///   - dropout: p, in 0 ..< 1; 0 for a last layer.
  ///   - isParametric: Whether each neuron learns how much of σ it applies.
  ///   - isNTK: Whether the weights are in NTK form.
  public init(
    inputs: Int, outputs: Int, activation: Activation, normalization: Normalization? = nil,
    dropout: Double = 0, isParametric: Bool = false, isNTK: Bool = false
  ) {
    self.isNTK = isNTK
    self.isParametric = isParametric
    self.normalization = normalization
    self.inputs = inputs
    self.outputs = outputs
    self.activation = activation
    self.dropout = dropout
  }
}

extension DenseLayer {
  /// The same layer with other dropout, or in another form.
  func with(dropout: Double? = nil, isNTK: Bool? = nil) -> DenseLayer {
    DenseLayer(
      inputs: inputs, outputs: outputs, activation: activation, normalization: normalization,
      dropout: dropout ?? self.dropout, isParametric: isParametric, isNTK: isNTK ?? self.isNTK)
  }
}

extension DenseLayer: LayerKind {
  /// The outputs times the pieces of the activation.
  var affineOutputs: Int { outputs * activation.pieces }

  var tensorGroups: [TensorGroup] {
    let map = TensorGroup(
      width: affineOutputs,
      members: [
        TensorGroup.Member(
          name: "weight", role: .weight, form: .panels, rows: inputs,
          factors: isNTK ? .neuralTangent(inputs: inputs) : UpdateFactors()),
        TensorGroup.Member(name: "bias", role: .bias, factors: smallSteps),
      ])
    var groups = [map]
    if let normalization {
      groups.append(
        TensorGroup(
          width: affineOutputs,
          members: zip(normalization.tensorNames, [.gain, .shift]).map {
            TensorGroup.Member(name: $0, role: $1)
          }))
    }
    if isParametric {
      groups.append(
        TensorGroup(
          width: outputs,
          members: [TensorGroup.Member(name: "alpha", role: .slope, factors: slopeSteps)]))
    }
    return groups
  }

  /// Of what is no weight in a layer in NTK form.
  private var smallSteps: UpdateFactors { UpdateFactors(rate: isNTK ? 0.1 : 1) }
  private var slopeSteps: UpdateFactors {
    isNTK ? UpdateFactors(rate: 0.1, decay: 0.1, decays: true) : UpdateFactors()
  }

  /// Which of the groups α is.
  private var slopes: Int { normalization == nil ? 1 : 2 }

  func makeState<T: Scalar>(
    capacity: Int, for demands: StateDemands, in arena: inout Arena<T>
  ) -> LayerState<T> {
    let keepsZ =
      demands.weightedInputs || normalization != nil || isParametric
      || activation.keepsOutputGradient || activation.derivativeUsesWeightedInputs
    let drops = demands.dropout && dropout > 0
    return LayerState(
      weightedInputs: keepsZ ? arena.matrix(capacity, affineOutputs) : .none,
      outputs: arena.matrix(capacity, outputs),
      delta: arena.matrix(capacity, affineOutputs),
      outputGradient: demands.outputGradient || !hasElementwiseDerivative
        ? arena.matrix(capacity, outputs) : .none,
      normalization: normalization.map { _ in
        NormalizationState(
          weightedInputs: arena.matrix(capacity, affineOutputs),
          moments: arena.matrix(1, 2 * capacity).start,
          delta: arena.matrix(capacity, affineOutputs))
      },
      mask: drops ? arena.matrix(capacity, outputs) : .none,
      dropped: drops ? arena.matrix(capacity, outputs) : .none,
      activated: isParametric ? arena.matrix(capacity, outputs) : nil)
  }

  // MARK: Forward

  /// z = W a + b, n = γ ⊙ ẑ + β where it is normalised, a = σ(z) or σ(n), mixed with z or n where it is
  /// parametric, and ã = a ⊙ r where outputs are dropped.
  ///
  /// - Parameter below: Outputs of the layer below, `[rows, inputs]`; they may stand anywhere.
  func forward<T: Scalar>(_ pass: LayerPass<T>, below: MatrixView<T>) {
    let state = pass.state
    if let kept = state.normalization, let normalization {
      formAffine(pass, below: below, into: kept.weightedInputs)
      normalization.form(pass.rows, gains: pass.parameters(1), of: kept, into: state.weightedInputs)
      activate(pass)
    } else if hasElementwiseDerivative {
      let (z, a) = (state.weightedInputs, state.outputs)
      T.kernels.affine(
        pass.pool?.handle,
        .init(
          m: pass.rows, k: inputs, n: outputs, a: below.operand, a_rows: below.rows,
          panels: pass.parameters(0), activation: activation.kernel,
          parameter: activation.kernelParameter, z: z.optionalOperand, out: a.operand))
    } else {
      formAffine(pass, below: below, into: state.weightedInputs)
      activate(pass)
    }
    if let regularization = pass.regularization, dropout > 0 {
      formDropped(pass, under: regularization)
    }
  }

  private func formAffine<T: Scalar>(
    _ pass: LayerPass<T>, below: MatrixView<T>, into z: MatrixView<T>
  ) {
    T.kernels.affine(
      pass.pool?.handle,
      .init(
        m: pass.rows, k: inputs, n: affineOutputs, a: below.operand, a_rows: below.rows,
        panels: pass.parameters(0), activation: Activation.identity.kernel, parameter: 0,
        z: MatrixView<T>.none.optionalOperand, out: z.operand))
  }

  /// a = σ(x), or x + α ⊙ (σ(x) − x).
  private func activate<T: Scalar>(_ pass: LayerPass<T>) {
    let (x, activated) = (pass.state.weightedInputs, pass.state.activated)
    activation.form(pass.rows, outputs: activated, from: x)
    guard isParametric else { return }
    T.kernels.scale_columns(
      activated.scaling(pass.rows, from: x), pass.parameters(slopes), pass.state.outputs.operand)
  }

  /// Inverted dropout: ã = a ⊙ r with rⱼ = 0 with probability p, else 1/(1−p). a stays beside ã,
  /// because σ′ is computed from it.
  private func formDropped<T: Scalar>(
    _ pass: LayerPass<T>, under regularization: StochasticRegularization
  ) {
    let dropout = dropout * regularization.dropoutFactor
    let (a, mask, dropped) = (pass.state.outputs, pass.state.mask, pass.state.dropped)
    T.kernels.dropout(
      pass.pool?.handle,
      .init(
        rows: pass.rows, columns: outputs, x: a.operand, seed: regularization.seed,
        stream: regularization.stream(.dropout, layer: pass.number), first: pass.first),
      StochasticRegularization.threshold(dropout), 1 / (1 - dropout), mask.operand, dropped.operand)
  }

  // MARK: Backward

  /// Whether σ′ has a kernel that the product of the layer above can fuse in.
  var hasElementwiseDerivative: Bool { activation.hasElementwiseKernel && !isParametric }

  /// What the layer above fuses into its product; nil where σ′ takes part afterwards.
  func elementwiseDerivative<T: Scalar>(in state: LayerState<T>) -> ElementwiseDerivative<T>? {
    guard hasElementwiseDerivative else { return nil }
    return ElementwiseDerivative(
      activation: activation,
      kept: activation.derivativeUsesWeightedInputs ? state.weightedInputs : state.outputs,
      target: state.normalization?.delta ?? state.delta)
  }

  /// δ = ∂C/∂a ⊙ r ⊙ σ′(z), of a parametric activation ∂C/∂a ⊙ r ⊙ (1 + α (σ′(z) − 1)), and through the
  /// Jacobian of the normalisation where there is one: if outputs were dropped, ã = a ⊙ r is what came
  /// up, and r goes back with it.
  func formDelta<T: Scalar>(_ pass: LayerPass<T>, pastDerivative: Bool) {
    let state = pass.state
    let target = state.normalization?.delta ?? state.delta
    if pass.regularization != nil, dropout > 0 {
      state.mask.multiply(
        into: pastDerivative ? target : state.outputGradient, rows: pass.rows, pool: pass.pool)
    }
    if !pastDerivative {
      activation.formDelta(
        pass.rows, gradient: state.outputGradient, outputs: state.activated,
        weightedInputs: state.weightedInputs, into: target)
      if isParametric {
        // ∂C/∂a + α (∂C/∂a σ′ − ∂C/∂a)
        T.kernels.scale_columns(
          target.scaling(pass.rows, from: state.outputGradient), pass.parameters(slopes),
          target.operand)
      }
    }
    if let kept = state.normalization, let normalization {
      normalization.formDelta(pass.rows, gains: pass.parameters(1), of: kept, into: state.delta)
    }
  }

  /// BP3 and BP4: ∂C/∂b = Σₓ δ, ∂C/∂W = Σₓ δ aᵀ; ∂C/∂γ and ∂C/∂β of a normalised layer; and
  /// ∂C/∂α = Σₓ ∂C/∂a ⊙ (σ(z) − z) of a parametric activation.
  func formGradient<T: Scalar>(
    _ pass: LayerPass<T>, below: MatrixView<T>, into gradient: UnsafeMutablePointer<T>,
    fetching ahead: UnsafePointer<RowsAhead>?
  ) {
    T.kernels.parameter_gradient(
      pass.pool?.handle,
      .init(
        m: pass.rows, k: inputs, n: affineOutputs, a: below.operand, a_rows: below.rows,
        delta: pass.state.delta.operand, blocks: pass.sum, ahead: ahead,
        gradient: gradient + pass.offsets[0]))
    if let kept = pass.state.normalization, let normalization {
      normalization.formGradient(
        pass.rows, of: kept, blocks: pass.sum, into: gradient + pass.offsets[1])
    }
    if isParametric {
      let state = pass.state
      T.kernels.column_products(
        state.activated.scaling(pass.rows, from: state.weightedInputs),
        state.outputGradient.operand, pass.sum, gradient + pass.offsets[slopes])
    }
  }

  /// δ W, `[rows, inputs]`.
  func formInputGradient<T: Scalar>(_ pass: LayerPass<T>, into target: MatrixView<T>) {
    T.kernels.backpropagate(
      pass.pool?.handle,
      .init(
        m: pass.rows, n: affineOutputs, k: inputs, delta: pass.state.delta.operand,
        panels: pass.parameters(0), activation: Activation.identity.kernel, parameter: 0,
        kept: MatrixView<T>.none.optionalOperand, out: target.operand))
  }

  /// (δ W) ⊙ σ′ with σ′ of an elementwise layer below fused into the product.
  func formInputGradient<T: Scalar>(
    _ pass: LayerPass<T>, times derivative: ElementwiseDerivative<T>
  ) {
    T.kernels.backpropagate(
      pass.pool?.handle,
      .init(
        m: pass.rows, n: affineOutputs, k: inputs, delta: pass.state.delta.operand,
        panels: pass.parameters(0), activation: derivative.activation.kernel,
        parameter: derivative.activation.kernelParameter, kept: derivative.kept.operand,
        out: derivative.target.operand))
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
  package func formDelta<T: Scalar>(
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
