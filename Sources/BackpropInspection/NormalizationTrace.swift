import Backprop

/// What a normalised layer adds to its record: everything between z and σ, on the way up and back.
///
///     n = γ ⊙ ẑ + β,  ẑ = (z − mean) s
///
/// In such a layer a = σ(n), σ′ is taken at n, ∂C/∂a ⊙ σ′(n) is ∂C/∂n, and δ comes of it through the
/// Jacobian of the normalisation.
package struct NormalizationTrace<T: Scalar>: Codable, Sendable, Equatable {
  package let kind: Normalization
  /// The mean of z over the neurons, for each example; 0 under RMS.
  package let means: [T]
  /// s = 1 / √(var + ε) of each example, of the mean square under RMS.
  package let inverseDeviations: [T]
  /// n, `[m, affine outputs]`: what σ is applied to.
  package let normalized: Matrix<T>
  /// ∂C/∂n, `[m, affine outputs]`.
  package let normalizedDelta: Matrix<T>
}

extension NormalizationTrace {
  /// ẑ of one neuron for one example, from the recorded z and moments.
  ///
  /// - Parameter z: The weighted input of the neuron.
  package func standardized(_ z: T, row: Int) -> Double {
    (Double(z) - Double(means[row])) * Double(inverseDeviations[row])
  }

  /// Whether no number is NaN or infinite.
  var isFinite: Bool {
    (means + inverseDeviations).allSatisfy(\.isFinite) && normalized.isFinite
      && normalizedDelta.isFinite
  }

  /// Whether all shapes are those of a layer of a width, in a batch.
  func fits(examples: Int, width: Int) -> Bool {
    means.count == examples && inverseDeviations.count == examples
      && normalized.rows == examples && normalized.columns == width
      && normalizedDelta.rows == examples && normalizedDelta.columns == width
  }

  /// ‖∂(wₓ Cₓ)/∂(γ, β)‖² of each example.
  func exampleSquares(weightedInputs z: Matrix<T>) -> [Double] {
    kind.exampleSquares(
      of: normalizedDelta, weightedInputs: z, means: means, inverseDeviations: inverseDeviations)
  }
}

extension Normalization {
  /// ‖∂(wₓ Cₓ)/∂(γ, β)‖² of each example: the squares of ∂C/∂n ⊙ ẑ, and those of ∂C/∂n with a shift.
  func exampleSquares<T: Scalar>(
    of delta: Matrix<T>, weightedInputs z: Matrix<T>, means: [T], inverseDeviations: [T]
  ) -> [Double] {
    var squares = [Double](repeating: 0, count: delta.rows)
    for row in squares.indices {
      let (mean, inverse) = (Double(means[row]), Double(inverseDeviations[row]))
      for column in 0..<delta.columns {
        let slope = Double(delta[row, column])
        let gain: Double = slope * (Double(z[row, column]) - mean) * inverse
        squares[row] += gain * gain
        if isCentred { squares[row] += slope * slope }
      }
    }
    return squares
  }
}

extension Workspace {
  /// The mean and s of each example of the last batch; nil where the layer is not normalised.
  func moments(of layer: Int) -> (means: [T], inverseDeviations: [T])? {
    guard let moments = states[layer].normalization?.moments else { return nil }
    var result = (means: [T](), inverseDeviations: [T]())
    for row in 0..<rows {
      result.means.append(moments[2 * row])
      result.inverseDeviations.append(moments[2 * row + 1])
    }
    return result
  }
}

extension Network {
  /// The record of what a layer's normalisation did; nil where it has none.
  ///
  /// - Parameter workspace: Holds the pass, there and back.
  func normalizationTrace(
    of layer: Int, in workspace: borrowing Workspace<T>
  ) -> NormalizationTrace<T>? {
    guard let kind = layers[layer].normalization,
      let kept = workspace.states[layer].normalization,
      let moments = workspace.moments(of: layer)
    else { return nil }
    return NormalizationTrace(
      kind: kind, means: moments.means, inverseDeviations: moments.inverseDeviations,
      normalized: workspace.copy(workspace.states[layer].weightedInputs),
      normalizedDelta: workspace.copy(kept.delta))
  }
}
