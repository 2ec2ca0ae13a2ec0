/// How a layer normalises what its affine map gives, before the activation: each example by itself.
///
///     z = W a + b      n = γ ⊙ ẑ + β      a = σ(n)
///     layer   ẑ = (z − mean z) / √(mean (z − mean z)² + ε)     Ba, Kiros & Hinton 2016, arXiv 1607.06450
///     rms     ẑ = z / √(mean z² + ε), without β                Zhang & Sennrich 2019, arXiv 1910.07467
///
/// The means run over the neurons of the layer, for one example; of a maxout layer over all its pieces.
/// δ stays ∂C/∂z, so that BP3 and BP4 of W and b do not change. BP2 first gives ∂C/∂n and then goes
/// through the Jacobian; with g = γ ⊙ ∂C/∂n and s = 1/√(… + ε):
///
///     layer   δ = s (g − mean g − ẑ mean (g ⊙ ẑ))
///     rms     δ = s (g − ẑ mean (g ⊙ ẑ))
///     ∂C/∂γ = Σₓ ∂C/∂n ⊙ ẑ      ∂C/∂β = Σₓ ∂C/∂n
///
/// The loss of an example depends on no other example, so assumption I holds: the gradient of a batch
/// is the sum of its examples' gradients, whatever the batch, the shard or the worker. Batch
/// normalisation (Ioffe & Szegedy 2015, arXiv 1502.03167) takes its mean and variance over the batch:
/// it couples the examples, C is no sum of Cₓ any more, and a sum of shards would be another function.
/// So it is not offered.
public enum Normalization: String, Codable, Hashable, Sendable, CaseIterable {
  /// Mean 0 and variance 1; gain γ and shift β.
  case layer
  /// Mean square 1; gain γ.
  case rms

  /// ε, under the root.
  package static let epsilon = 1e-5

  /// Whether the mean is taken away, and a shift added.
  package var isCentred: Bool { self == .layer }
  /// What γ and β are called in a file, behind the name of their layer; as PyTorch would.
  var tensorNames: [String] { isCentred ? ["norm.weight", "norm.bias"] : ["norm.weight"] }
}

/// What the normalisation of one layer keeps of a batch.
package struct NormalizationState<T: Scalar> {
  /// z, `[m, affine outputs]`.
  package let weightedInputs: MatrixView<T>
  /// The mean and s of each example, `[m, 2]`, dense.
  package let moments: UnsafeMutablePointer<T>
  /// ∂C/∂n, `[m, affine outputs]`.
  package let delta: MatrixView<T>

  /// The examples from `row` on.
  func dropping(_ row: Int) -> NormalizationState {
    NormalizationState(
      weightedInputs: weightedInputs.dropping(row), moments: moments + 2 * row,
      delta: delta.dropping(row))
  }
}

extension Normalization {
  /// n from z.
  func form<T: Scalar>(
    _ rows: Int, gains: UnsafePointer<T>, of state: NormalizationState<T>, into n: MatrixView<T>
  ) {
    T.kernels.normalize(operand(rows, state), Self.epsilon, gains, n.operand)
  }

  /// δ from ∂C/∂n.
  func formDelta<T: Scalar>(
    _ rows: Int, gains: UnsafePointer<T>, of state: NormalizationState<T>, into delta: MatrixView<T>
  ) {
    T.kernels.normalize_delta(operand(rows, state), state.delta.operand, gains, delta.operand)
  }

  /// ∂C/∂γ and ∂C/∂β from ∂C/∂n.
  func formGradient<T: Scalar>(
    _ rows: Int, of state: NormalizationState<T>, blocks: SumOverBlocks,
    into gradient: UnsafeMutablePointer<T>
  ) {
    T.kernels.normalize_gradient(operand(rows, state), state.delta.operand, blocks, gradient)
  }
}

extension Network {
  /// How each layer normalises; nil where it does not.
  package var normalizations: [Normalization?] { layers.map(\.normalization) }
}

extension Parameters {
  /// γ and β of a normalised layer; no shift under RMS, and nil for a layer that is not normalised.
  ///
  /// - Parameter layer: Index of the layer, from 0 for the first that computes.
  package func normalization(of layer: Int) -> (gain: [T], shift: [T])? {
    elements(.gain, of: layer).map { ($0, elements(.shift, of: layer) ?? []) }
  }

  /// Replaces γ and β of a normalised layer.
  ///
  /// - Parameters:
  ///   - layer: Index of the layer, which is normalised.
  ///   - gain: γ, `[affine outputs]`.
  ///   - shift: β, `[affine outputs]`; empty under RMS.
  package mutating func setNormalization(of layer: Int, gain: [T], shift: [T]) {
    set(.gain, of: layer, to: gain)
    if !shift.isEmpty { set(.shift, of: layer, to: shift) }
  }
}

extension Layer {
  /// "relu", or "layer norm + parametric relu" where z is normalised first and α learnt; "scale" of a
  /// scaling layer.
  package var functions: String {
    guard let dense else { return kindName }
    return (dense.normalization.map { "\($0.rawValue) norm + " } ?? "")
      + (dense.isParametric ? "parametric " : "") + dense.activation.description
  }
}
