import Backprop

/// What a gradient check found.
public struct GradientReport: Codable, Hashable, Sendable {
  /// C of the examples, without the regulariser.
  public let loss: Double
  /// Number of examples, at least 1.
  public let examples: Int
  /// All tensors of layers 2 … L, in the order of the layout.
  public let tensors: [TensorCheck]
  package let regularizer: RegularizerCheck
  /// The V-curve: how the error of plain central differences depends on h.
  package let curve: [CurvePoint]
  /// The equation that the failing tensors point at; nil if none fails.
  package let suspect: Suspect?

  /// Whether every tensor has an entry that was judged; without, nothing is known of it.
  package var isConclusive: Bool { tensors.allSatisfy { $0.verdict != .notJudged } }

  /// Whether no tensor is wrong, and the regulariser is not. A tensor that sits on kinks altogether is
  /// not wrong; it is not certified either, which its verdict says.
  public var passed: Bool {
    tensors.allSatisfy { $0.verdict != .wrong } && regularizer.verdict != .wrong
  }
}

/// A judgement of a relative error by the thresholds of `GradientCheck`.
public enum GradientVerdict: String, Codable, CaseIterable, Sendable {
  /// Up to 1e-7, or up to 1e-4 where network or loss have kinks.
  case good
  /// Larger than that, up to 1e-2.
  case suspicious
  /// Above 1e-2, or NaN.
  case wrong
  /// Every entry sits on a kink, where there is no derivative; or all that are not exactly 0 are too
  /// small for differences to tell a wrong one.
  case notJudged

  /// - Parameters:
  ///   - relativeError: NaN is wrong.
  ///   - hasKinks: Whether the network or the loss has kinks, so that up to 1e-4 is usual.
  init(relativeError: Double, hasKinks: Bool) {
    self =
      switch relativeError {
      case ...GradientCheck.goodError: .good
      case ...GradientCheck.suspiciousError: hasKinks ? .good : .suspicious
      case ...GradientCheck.wrongError: .suspicious
      default: .wrong
      }
  }
}

/// One tensor of a layer, checked.
public struct TensorCheck: Codable, Hashable, Sendable {
  /// l, from 2 to L.
  public let layer: Int
  /// Which tensor of the layer.
  public let name: ParameterTensor.Role
  /// `[affine outputs, inputs]` or `[affine outputs]`.
  package let shape: [Int]
  /// Entries that were judged.
  public let checked: Int
  /// Entries whose first step crossed a kink; they are judged all the same if a smaller one did not.
  package let kinks: Int
  /// Entries that no step could judge without crossing a kink.
  package let unjudged: Int
  /// Judged entries whose derivative, though not exactly 0, is too small for differences to tell a
  /// wrong one.
  package let unresolved: Int
  /// Over the judged entries; 0 if there is none.
  public let worstRelativeError: Double
  /// What the worst relative error says.
  public let verdict: GradientVerdict
  /// The entry of the worst relative error.
  package let worst: EntryCheck?
  /// Whether ∂C/∂ of all entries that were drawn is exactly 0 in backpropagation.
  package let isZero: Bool

  /// "W²", "b³": the symbol of the tensor, with its layer.
  package var symbol: String { Self.symbol(name, layer: layer) }

  static func symbol(_ name: ParameterTensor.Role, layer: Int) -> String {
    let digits = Array("⁰¹²³⁴⁵⁶⁷⁸⁹")
    return name.letter
      + String(String(layer).compactMap { $0.wholeNumberValue.map { digits[$0] } })
  }

  /// Whether the tensor can tell of a mistake in the equations before it: some derivative is large
  /// enough, and they are not all 0, as those of dead neurons are under any equation.
  var isTelling: Bool { checked > unresolved && !(isZero && verdict == .good) }
}

extension ParameterTensor.Role {
  /// What several elements are called.
  package var plural: String {
    switch self {
    case .bias: "biases"
    case .frequency: "frequencies"
    default: rawValue + "s"
    }
  }

  /// The symbol in an equation.
  package var letter: String {
    switch self {
    case .weight: "W"
    case .bias: "b"
    case .gain: "γ"
    case .shift: "β"
    case .scale: "s"
    case .slope: "α"
    case .frequency: "f"
    case .phase: "φ"
    case .amplitude: "A"
    case .offset: "c"
    case .embedding: "E"
    }
  }
}

extension ParameterTensor {
  /// The number under which entries of this tensor are drawn.
  var drawing: UInt32 {
    let base = UInt32(2 * layer)
    return switch role {
    case .weight: base
    case .bias: base + 1
    case .gain: base | 1 << 30
    case .shift: base + 1 | 1 << 30
    case .scale: base | 1 << 29
    case .slope: base + 1 | 1 << 29
    case .frequency: base | 1 << 28
    case .phase: base + 1 | 1 << 28
    case .amplitude: base | 1 << 27
    case .offset: base + 1 | 1 << 27
    case .embedding: base | 1 << 26
    }
  }
}

/// One parameter, checked.
package struct EntryCheck: Codable, Hashable, Sendable {
  /// Neuron, from 0.
  package let output: Int
  /// Neuron of the layer below, from 0; nil for a bias.
  package let input: Int?
  /// ∂C/∂θ by backpropagation.
  package let analytic: Double
  /// ∂C/∂θ by central differences.
  package let numeric: Double
  package let relativeError: Double
  /// The smallest h in use.
  package let step: Double
}

/// ½ λ ‖W‖² against its gradient λ W, by itself.
///
/// Added to C it would hide in it: a large penalty covers a wrong ∂C/∂W (CS231n).
package struct RegularizerCheck: Codable, Hashable, Sendable {
  /// λ of ½ λ ‖W‖².
  package let lambda: Double
  /// λ₁ of λ₁ ‖W‖₁; nil for none.
  package let l1: Double?
  package let checked: Int
  package let worstRelativeError: Double
  package let verdict: GradientVerdict
}

/// One point of the V-curve: to its left rounding grows as 1/h, to its right truncation as h².
package struct CurvePoint: Codable, Hashable, Sendable {
  package let h: Double
  /// Entries that cross no kink with this h.
  package let entries: Int
  /// |BP − D(h)| / max(|BP|, |D(h)|) of the entries; nil where all cross a kink.
  package let median: Double?
  package let worst: Double?
}
