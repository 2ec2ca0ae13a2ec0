import Backprop

/// What came out when a trace was held against the equations.
public struct Verification: Codable, Sendable, Equatable {
  /// Whether every equation holds, and the pass was finite.
  public let verified: Bool
  /// Whether z, a, δ, the losses and the gradients are all finite. Where they are not, the equations
  /// say nothing, and none is accused.
  package let isFinite: Bool
  /// Equations that were compared.
  package let equations: Int
  /// The largest |left − right| over the sum of the magnitudes of the terms of the right side.
  package let worstResidual: Double
  /// The first equations that do not hold; not all where they are many.
  public let failures: [VerificationFailure]

  static let mostFailures = 20
}

/// One equation whose sides differ.
public struct VerificationFailure: Codable, Sendable, Equatable, CustomStringConvertible {
  package let equation: TraceEquation
  /// l; the last layer for the equations of the loss.
  package let layer: Int
  /// The row of the batch, from 1; 0 where the equation sums over the batch.
  package let row: Int
  /// The neuron in the layer, from 1.
  package let neuron: Int
  /// The neuron in the layer below, from 1; 0 where the equation has none.
  package let input: Int
  package let left: Double
  package let right: Double
  /// |left − right| over the magnitude of the terms, and what rounding allows.
  package let residual: Double
  package let limit: Double

  public var description: String {
    let place =
      (row > 0 ? ", row \(row) of the batch" : "") + ", neuron \(neuron)"
      + (input > 0 ? ", input \(input)" : "")
    return "\(equation.rawValue), layer \(layer)\(place): left side \(left), right side \(right), "
      + "residual \(residual), but rounding allows \(limit)"
  }
}

/// The equations that a trace is held against.
package enum TraceEquation: String, Codable, CaseIterable, Sendable {
  /// z = W a + b
  case weightedInput = "z = W a + b"
  /// z = s ⊙ x of a scaling layer
  case scaledInput = "z = s ⊙ x"
  /// What a layer of columns makes of its inputs.
  case columnOutput = "z = x, A cos(2π f x + φ) + c, E[x]"
  /// a = σ(z)
  case output = "a = σ(z)"
  /// σ(z) of a parametric activation
  case activated = "σ(z)"
  /// a = z + α ⊙ (σ(z) − z) of a parametric activation
  case parametricOutput = "a = z + α (σ(z) − z)"
  /// σ′ from z or a
  case derivative = "σ′(z)"
  /// wₓ Cₓ as a function of aᴸ and y
  case exampleLoss = "wₓ Cₓ = wₓ C(aᴸ, y)"
  /// C = Σₓ wₓ Cₓ, assumption I
  case assumptionI = "C = Σₓ wₓ Cₓ"
  /// ∂C/∂aᴸ = wₓ ∇ₐC
  case lossGradient = "∂C/∂aᴸ = wₓ ∇ₐC"
  /// BP1
  case bp1 = "BP1"
  /// δᴸ = w (a − y), the shortcut of a canonical pair
  case bp1Shortcut = "BP1, shortcut"
  /// ∂C/∂aˡ = (Wˡ⁺¹)ᵀ δˡ⁺¹, the first half of BP2
  case errorPassedDown = "BP2, (Wˡ⁺¹)ᵀ δˡ⁺¹"
  /// ∂C/∂aˡ = sˡ⁺¹ ⊙ δˡ⁺¹, the same below a scaling layer
  case errorScaledDown = "BP2, sˡ⁺¹ ⊙ δˡ⁺¹"
  /// BP2
  case bp2 = "BP2"
  /// The mean of z over the neurons of a normalised layer
  case normalizationMean = "mean z"
  /// s = 1 / √(var + ε) of a normalised layer
  case inverseDeviation = "s = 1 / √(var + ε)"
  /// n = γ ⊙ ẑ + β of a normalised layer
  case normalized = "n = γ ⊙ ẑ + β"
  /// ∂C/∂n = ∂C/∂a ⊙ σ′(n) of a normalised layer, after which BP2 goes through its Jacobian
  case normalizedDelta = "BP2, ∂C/∂n"
  /// ∂C/∂γ = Σₓ ∂C/∂n ⊙ ẑ
  case gainGradient = "∂C/∂γ"
  /// ∂C/∂β = Σₓ ∂C/∂n
  case shiftGradient = "∂C/∂β"
  /// ∂C/∂s = Σₓ x ⊙ δ
  case scaleGradient = "∂C/∂s"
  /// Those of a layer of columns.
  case columnGradient = "∂C/∂(f, φ, A, c, E)"
  /// ∂C/∂α = Σₓ ∂C/∂a ⊙ (σ(z) − z)
  case slopeGradient = "∂C/∂α"
  case bp3 = "BP3"
  case bp4 = "BP4"
  /// Δθ by the optimiser's rule
  case update = "update"
  /// The predicted change of C: −η ‖∇C‖² for plain descent, else ∇C · Δθ
  case predictedChange = "∇C · Δθ"
  /// ½ λ ‖W‖²
  case penalty = "½ λ ‖W‖²"
}
