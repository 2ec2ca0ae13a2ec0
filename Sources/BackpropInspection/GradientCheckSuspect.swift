import Backprop

/// The equation that a failed gradient check points at.
///
/// Each equation feeds other tensors, so the failing ones tell where the mistake is:
///
///     failing                                 equation
///     biases only                             BP3
///     weights only                            BP4
///     W and b of one layer, all exactly 0     BP3 and BP4 of that layer: never formed
///     W and b of every layer                  BP1: δᴸ is wrong, and all others come from it
///     W and b of layer l and below            BP2, on the way to layer l
package struct Suspect: Codable, Hashable, Sendable {
  package enum Finding: String, Codable, CaseIterable, Sendable {
    /// BP1.
    case outputDelta
    /// BP2.
    case backpropagatedDelta
    /// BP3.
    case biasGradient
    /// BP4.
    case weightGradient
    /// BP3 and BP4 of one layer.
    case layerGradient
    /// More than one equation, or none that the pattern shows.
    case unclear
  }
  package let finding: Finding
  /// "BP1" … "BP4".
  package let equations: [String]
  /// The layer, 2 … L, at which the mistake enters; nil if it is in all.
  package let layer: Int?
  /// The known mistake that gives exactly this gradient; nil if none does.
  package let mutant: Mutant?

  /// - Parameters:
  ///   - tensors: W and b of every layer, checked.
  ///   - isGradient: Whether a mutant gives the gradient that was checked.
  /// - Returns: nil if no tensor is wrong.
  init?(_ tensors: [TensorCheck], of isGradient: (Mutant) -> Bool) {
    guard let highest = tensors.filter({ $0.verdict == .wrong }).map(\.layer).max() else {
      return nil
    }
    mutant = Mutant.allCases.first(where: isGradient)
    // The gradients of γ, β, s and α go beside the four equations.
    let tensors = tensors.filter { $0.name == .weight || $0.name == .bias }
    let failing = tensors.filter { $0.verdict == .wrong }
    let layers = Set(failing.map(\.layer))
    let last = tensors.map(\.layer).max() ?? 0
    // Tensors that say nothing, those of dead neurons for example, neither fail nor pass.
    let passing = tensors.filter { $0.verdict != .wrong && $0.isTelling }
    func has(_ tensors: [TensorCheck], _ kind: ParameterTensor.Role) -> Bool {
      tensors.contains { $0.name == kind }
    }
    let pattern: (finding: Finding, equations: [String], layer: Int?)
    let only = layers.count == 1 && last > 2 ? layers.first : nil
    let top = layers.max() ?? highest
    // ∂C/∂b is δ itself: where a bias passes, δ is right.
    let passingBelow = passing.filter { $0.name == .bias && $0.layer <= top }
    if failing.isEmpty {
      pattern = (.unclear, [], nil)
    } else if layers.count == 1, last > 2, failing.allSatisfy(\.isZero), has(failing, .weight),
      has(failing, .bias)
    {
      pattern = (.layerGradient, ["BP3", "BP4"], top)
    } else if !has(failing, .weight), has(passing, .weight) {
      pattern = (.biasGradient, ["BP3"], only)
    } else if !has(failing, .bias), has(passing, .bias) {
      pattern = (.weightGradient, ["BP4"], only)
    } else if !has(failing, .bias) || !passingBelow.isEmpty {
      pattern = (.unclear, [], nil)
    } else if top == last {
      pattern = (.outputDelta, ["BP1"], nil)
    } else {
      pattern = (.backpropagatedDelta, ["BP2"], top)
    }
    // A gradient that is a known mutant's is better evidence than a few drawn entries.
    if let mutant, mutant.equations != pattern.equations {
      finding = mutant.finding
      equations = mutant.equations
      layer = finding == .backpropagatedDelta || finding == .layerGradient ? top : nil
    } else {
      (finding, equations, layer) = pattern
    }
  }
}

extension Mutant {
  fileprivate var finding: Suspect.Finding {
    switch self {
    case .untransposed, .withoutDerivative: .backpropagatedDelta
    case .wrongOutputs: .weightGradient
    case .frozenFirstLayer: .layerGradient
    case .withoutBiasGradient: .biasGradient
    case .softmaxDiagonal, .signFlipped: .outputDelta
    }
  }
}
