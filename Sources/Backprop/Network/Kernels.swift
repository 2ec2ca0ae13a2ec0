import CBackprop

// The closed sets of a network, as kernels name them.

extension Activation {
  /// The elementwise kernel; softmax and maxout have kernels of their own, a user's own has none.
  package var kernel: bp_activation {
    switch self {
    case .identity, .softmax, .maxout, .own: BP_IDENTITY
    case .sigmoid: BP_SIGMOID
    case .tanh: BP_TANH
    case .relu: BP_RELU
    case .leakyReLU: BP_LEAKY_RELU
    case .elu: BP_ELU
    case .selu: BP_SELU
    case .softplus: BP_SOFTPLUS
    case .gelu: BP_GELU
    case .silu: BP_SILU
    case .mish: BP_MISH
    }
  }

  package var kernelParameter: Double {
    switch self {
    case .leakyReLU(let slope): slope
    case .elu(let alpha): alpha
    default: 0
    }
  }

  /// Whether σ′ is computed from z; else it is computed from a = σ(z).
  package var derivativeUsesWeightedInputs: Bool { bp_derivative_uses_z(kernel) }
}

extension Loss {
  /// The kernel and its parameter, or nil for a custom loss.
  package var kernel: (kind: bp_loss, parameter: Double)? {
    switch self {
    case .squaredError: (BP_SQUARED_ERROR, 0)
    case .absoluteError: (BP_ABSOLUTE_ERROR, 0)
    case .huber(let delta): (BP_HUBER, delta)
    case .binaryCrossEntropy: (BP_BINARY_CROSS_ENTROPY, 0)
    case .crossEntropy: (BP_CROSS_ENTROPY, 0)
    case .hinge: (BP_HINGE, 0)
    case .poisson: (BP_POISSON, 0)
    case .quantile(let quantile): (BP_QUANTILE, quantile)
    case .custom: nil
    }
  }
}

extension Normalization {
  /// z of a batch and the moments of its rows.
  func operand<T: Scalar>(_ rows: Int, _ state: NormalizationState<T>) -> bp_normalization {
    bp_normalization(
      rows: rows, columns: state.weightedInputs.columns, centred: isCentred,
      z: state.weightedInputs.operand, moments: state.moments)
  }
}

extension Workspace {
  /// y and w of some rows of the batch, as the kernels of a loss take them.
  func kernelTargets(_ rows: Range<Int>) -> bp_targets {
    bp_targets(
      rows: rows.count, columns: targets.columns, y: targets.dropping(rows.lowerBound).operand,
      weights: weights.map { $0 + rows.lowerBound }, scale: Double(scale))
  }
}
