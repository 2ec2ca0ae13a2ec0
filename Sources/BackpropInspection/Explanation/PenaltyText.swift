import Backprop

/// The penalties of an update in formulas: ½ λ ‖W‖², λ₁ ‖W‖₁ or both.
package struct PenaltyText {
  private let l2: Double
  private let l1: Double

  package init(_ update: UpdateTrace) {
    l2 = update.l2Penalty
    l1 = update.l1Penalty ?? 0
  }

  package var isPresent: Bool { l2 > 0 || l1 > 0 }

  private func joined(_ ofSquares: String, _ ofMagnitudes: String, by sign: String) -> String {
    [l2 > 0 ? ofSquares : nil, l1 > 0 ? ofMagnitudes : nil].compactMap(\.self)
      .joined(separator: sign)
  }

  /// What the objective holds besides C.
  package var term: String { joined("½ λ ‖W‖²", "λ₁ ‖W‖₁", by: " + ") }

  package var lambdas: String {
    joined("λ = \(Notation.number(l2))", "λ₁ = \(Notation.number(l1))", by: ", ")
  }

  /// Its slope in a weight of this name.
  package func slope(of name: String) -> String {
    joined("λ \(name)", "λ₁ sign(\(name))", by: " + ")
  }

  package func slope(at weight: Double) -> Double {
    l2 * weight + (weight > 0 ? l1 : weight < 0 ? -l1 : 0)
  }

  package func slopeInNumbers(at weight: Double) -> String {
    let sign: Double = weight > 0 ? 1 : weight < 0 ? -1 : 0
    return joined(
      "\(Notation.number(l2)) · \(Notation.factor(weight))",
      "\(Notation.number(l1)) · \(Notation.factor(sign))", by: " + ")
  }
}
