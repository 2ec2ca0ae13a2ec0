/// What a normalised layer adds to its record: everything between z and σ, on the way up and back.
///
///     n = γ ⊙ ẑ + β,  ẑ = (z − mean) s
///
/// In such a layer a = σ(n), σ′ is taken at n, ∂C/∂a ⊙ σ′(n) is ∂C/∂n, and δ comes of it through the
/// Jacobian of the normalisation.
public struct NormalizationTrace<T: Scalar>: Codable, Sendable, Equatable {
  public let kind: Normalization
  /// The mean of z over the neurons, for each example; 0 under RMS.
  public let means: [T]
  /// s = 1 / √(var + ε) of each example, of the mean square under RMS.
  public let inverseDeviations: [T]
  /// n, `[m, affine outputs]`: what σ is applied to.
  public let normalized: Matrix<T>
  /// ∂C/∂n, `[m, affine outputs]`.
  public let normalizedDelta: Matrix<T>
  /// γ and β before the update.
  public let parameters: GainAndShift<T>
  /// ∂C/∂γ = Σₓ ∂C/∂n ⊙ ẑ and ∂C/∂β = Σₓ ∂C/∂n.
  public let gradient: GainAndShift<T>
  /// What the update added to γ and β.
  public let update: GainAndShift<T>
  /// The first moment (or velocity) before the update; nil where the rule has none.
  public let firstMoment: GainAndShift<T>?
  /// The second moment before the update; nil where the rule has none.
  public let secondMoment: GainAndShift<T>?
  /// The largest second moment before the update; nil where the rule has none.
  public let maximumMoment: GainAndShift<T>?
}

/// Gain and shift of one layer, or a gradient, a moment or an update of them.
public struct GainAndShift<T: Scalar>: Codable, Sendable, Equatable {
  /// Of γ, `[affine outputs]`.
  public let gain: [T]
  /// Of β, `[affine outputs]`; empty under RMS.
  public let shift: [T]

  var squares: Double { (gain + shift).reduce(0) { $0 + Double($1) * Double($1) } }
}

extension NormalizationTrace {
  /// ẑ of one neuron for one example, from the recorded z and moments.
  ///
  /// - Parameter z: The weighted input of the neuron.
  public func standardized(_ z: T, row: Int) -> Double {
    (Double(z) - Double(means[row])) * Double(inverseDeviations[row])
  }

  /// Whether no number is NaN or infinite.
  var isFinite: Bool {
    let numbers = means + inverseDeviations + gradient.gain + gradient.shift
    return numbers.allSatisfy(\.isFinite) && normalized.isFinite && normalizedDelta.isFinite
  }

  /// Whether all shapes are those of a layer of a width, in a batch.
  func fits(examples: Int, width: Int) -> Bool {
    func fits(_ tensor: GainAndShift<T>?) -> Bool {
      tensor.map {
        $0.gain.count == width && $0.shift.count == (kind.isCentred ? width : 0)
      } ?? true
    }
    return means.count == examples && inverseDeviations.count == examples
      && normalized.rows == examples && normalized.columns == width
      && normalizedDelta.rows == examples && normalizedDelta.columns == width && fits(parameters)
      && fits(gradient) && fits(update) && fits(firstMoment) && fits(secondMoment)
      && fits(maximumMoment)
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

extension Parameters {
  /// γ and β of a layer, copied out; nil where it is not normalised, or there are no elements at all.
  func gainAndShift(of layer: Int) -> GainAndShift<T>? {
    guard layout.count > 0, let (gain, shift) = normalization(of: layer) else { return nil }
    return GainAndShift(gain: gain, shift: shift)
  }
}

extension GainAndShift {
  /// The sum of the products of all elements, in double precision.
  func dot(_ other: GainAndShift) -> Double {
    var sum = 0.0
    for (left, right) in zip(gain + shift, other.gain + other.shift) {
      sum += Double(left) * Double(right)
    }
    return sum
  }

  /// This less another, element by element.
  func subtracting(_ other: GainAndShift) -> GainAndShift {
    GainAndShift(
      gain: Self.difference(gain, other.gain), shift: Self.difference(shift, other.shift))
  }

  private static func difference(_ left: [T], _ right: [T]) -> [T] {
    zip(left, right).map { $0 - $1 }
  }
}

extension Network {
  /// The record of what a layer's normalisation did; nil where it has none.
  ///
  /// - Parameters:
  ///   - workspace: Holds the pass, there and back.
  ///   - gradient: What the pass back formed, without penalties.
  ///   - changed: The parameters after the update.
  ///   - optimizer: The rule, with its moments as they were before the update.
  func normalizationTrace(
    of layer: Int, in workspace: borrowing Workspace<T>, gradient: Parameters<T>,
    changed: Parameters<T>, optimizer: Optimizer<T>
  ) -> NormalizationTrace<T>? {
    guard let kind = layers[layer].normalization,
      let kept = workspace.states[layer].normalization,
      let moments = workspace.moments(of: layer), let before = parameters.gainAndShift(of: layer),
      let slopes = gradient.gainAndShift(of: layer), let after = changed.gainAndShift(of: layer)
    else { return nil }
    return NormalizationTrace(
      kind: kind, means: moments.means, inverseDeviations: moments.inverseDeviations,
      normalized: workspace.copy(workspace.states[layer].weightedInputs),
      normalizedDelta: workspace.copy(kept.delta), parameters: before, gradient: slopes,
      update: after.subtracting(before),
      firstMoment: optimizer.firstMoment.gainAndShift(of: layer),
      secondMoment: optimizer.secondMoment.gainAndShift(of: layer),
      maximumMoment: optimizer.maximumMoment.gainAndShift(of: layer))
  }
}
