/// The equation that a failed gradient check points at.
///
/// Each equation feeds other tensors, so the red ones tell where the mistake is:
///
///     red                                     equation
///     biases only                             BP3
///     weights only                            BP4
///     W and b of one layer, all exactly 0     BP3 and BP4 of that layer: never formed
///     W and b of every layer                  BP1: δᴸ is wrong, and all others come from it
///     W and b of layer l and below            BP2, on the way to layer l
public struct Suspect: Codable, Hashable, Sendable {
  public enum Finding: String, Codable, CaseIterable, Sendable {
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
  public let finding: Finding
  /// "BP1" … "BP4".
  public let equations: [String]
  /// The layer, 2 … L, at which the mistake enters; nil if it is in all.
  public let layer: Int?
  /// The known mistake that gives exactly this gradient; nil if none does.
  public let mutant: Mutant?

  /// - Parameters:
  ///   - tensors: W and b of every layer, checked.
  ///   - isGradient: Whether a mutant gives the gradient that was checked.
  /// - Returns: nil if no tensor is wrong.
  init?(_ tensors: [TensorCheck], of isGradient: (Mutant) -> Bool) {
    let red = tensors.filter { $0.verdict == .wrong }
    guard !red.isEmpty else { return nil }
    let layers = Set(red.map(\.layer))
    let last = tensors.map(\.layer).max() ?? 0
    let redBiases = red.filter { $0.name == .bias }.map(\.layer)
    // Tensors that differences cannot judge are neither red nor green.
    let sound = tensors.filter { $0.verdict != .wrong && $0.isTelling }
    switch (red.contains { $0.name == .weight }, redBiases.max()) {
    case (false, _):
      (finding, equations) = (.biasGradient, ["BP3"])
      layer = layers.count == 1 && last > 2 ? layers.first : nil
    case (true, nil):
      (finding, equations) = (.weightGradient, ["BP4"])
      layer = layers.count == 1 && last > 2 ? layers.first : nil
    case (true, let top?):
      if layers.count == 1, red.allSatisfy(\.isZero) {
        (finding, equations) = (.layerGradient, ["BP3", "BP4"])
        layer = top
      } else if sound.contains(where: { $0.layer <= top }) || layers.contains(where: { $0 > top }) {
        (finding, equations) = (.unclear, [])
        layer = nil
      } else if top == last {
        (finding, equations) = (.outputDelta, ["BP1"])
        layer = nil
      } else {
        (finding, equations) = (.backpropagatedDelta, ["BP2"])
        layer = top
      }
    }
    mutant = Mutant.allCases.first(where: isGradient)
  }
}
