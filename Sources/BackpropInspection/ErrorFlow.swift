import Backprop

/// How large the error of one layer is, and what the way down to it did to it.
///
/// BP2 has two factors, and each scales the error by its own:
///
///     ‖δˡ‖ / ‖δˡ⁺¹‖ = ‖(Wˡ⁺¹)ᵀ δˡ⁺¹‖ / ‖δˡ⁺¹‖ · ‖δˡ‖ / ‖(Wˡ⁺¹)ᵀ δˡ⁺¹‖
///                      what the weights did        what σ′ did, and a normalisation
///
/// Products of many such ratios far below 1 are the vanishing gradient, far above 1 the exploding one
/// (Hochreiter 1991; Bengio, Simard, Frasconi 1994, doi:10.1109/72.279181).
public struct ErrorFlow: Codable, Hashable, Sendable {
  /// l, from 2 to L.
  package let layer: Int
  /// ‖δˡ‖ over all neurons and all examples of the batch.
  public let norm: Double
  /// ‖(Wˡ⁺¹)ᵀ δˡ⁺¹‖ / ‖δˡ⁺¹‖; nil for the last layer, and where no error arrives.
  public let weightFactor: Double?
  /// ‖δˡ‖ / ‖(Wˡ⁺¹)ᵀ δˡ⁺¹‖; nil for the last layer, and where no error arrives.
  public let derivativeFactor: Double?

  /// ‖δˡ‖ / ‖δˡ⁺¹‖.
  public var ratio: Double? {
    guard let weightFactor else { return nil }
    return weightFactor * (derivativeFactor ?? 0)
  }

  init(layer: Int, norm: Double, passedDown: Double?, above: Double?) {
    self.layer = layer
    self.norm = norm
    if let passedDown, let above, above > 0 {
      weightFactor = passedDown / above
      derivativeFactor = passedDown > 0 ? norm / passedDown : nil
    } else {
      weightFactor = nil
      derivativeFactor = nil
    }
  }
}

extension Network {
  /// The sizes of the errors that the last backward pass left in a workspace.
  ///
  /// - Parameter workspace: Holds δ of every layer, after `backward`.
  /// - Returns: One element a layer, 2 … L in ascending order.
  /// - Complexity: O(batch × weights): (Wˡ⁺¹)ᵀ δˡ⁺¹ is formed once more, by the kernel of BP2.
  public func errorFlow(in workspace: borrowing Workspace<T>) -> [ErrorFlow] {
    check(workspace)
    var flow: [ErrorFlow] = []
    var above: Double?
    for index in layers.indices.reversed() {
      let passedDown = index + 1 < layers.count ? outputGradient(of: index, in: workspace) : nil
      let norm = workspace.states[index].delta.norm(rows: workspace.rows)
      flow.append(
        ErrorFlow(
          layer: index + 2, norm: norm,
          passedDown: passedDown.map { $0.view(from: 0).norm(rows: workspace.rows) }, above: above))
      above = norm
    }
    return flow.reversed()
  }

  /// (Wˡ⁺¹)ᵀ δˡ⁺¹ of the last backward pass, `[m, outputs]`: ∂C/∂aˡ, before σ′ takes part in BP2.
  ///
  /// - Parameter layer: A hidden layer, from 0 for the first that computes.
  func outputGradient(of layer: Int, in workspace: borrowing Workspace<T>) -> Matrix<T> {
    var result = Matrix<T>(rows: workspace.rows, columns: layers[layer].outputs)
    let start = result.mutableStart
    let target = MatrixView(
      start: start, columns: result.columns, stride: result.stride, isKept: true)
    layers[layer + 1].formInputGradient(
      pass(0..<workspace.rows, through: layer + 1, in: workspace, pool: nil), into: target)
    return result
  }
}

extension Trace {
  /// The sizes of the errors over the whole traced batch, layers 2 … L in ascending order.
  package var errorFlow: [ErrorFlow] {
    flow { matrix in matrix.view(from: 0).norm(rows: matrix.rows) }
  }

  /// The sizes of the errors of one example.
  ///
  /// - Parameter row: Its row in the matrices, from 0.
  package func errorFlow(ofRow row: Int) -> [ErrorFlow] {
    precondition(row >= 0 && row < examples.count, "row \(row) of \(examples.count)")
    return flow { matrix in matrix.squaredNorm(ofRow: row).squareRoot() }
  }

  private func flow(_ norm: (Matrix<T>) -> Double) -> [ErrorFlow] {
    layers.indices.map { index in
      let record = layers[index]
      let isLast = index == layers.count - 1
      return ErrorFlow(
        layer: record.layer, norm: norm(record.delta),
        passedDown: isLast ? nil : norm(record.outputGradient),
        above: isLast ? nil : norm(layers[index + 1].delta))
    }
  }

  /// ‖∇(wₓ Cₓ)‖ of each example, and every element of it.
  package var exampleGradients: ExampleGradients<T> {
    ExampleGradients(
      layers.enumerated().map { index, record in
        let below = index == 0 ? inputs : layers[index - 1].outputs
        return ExampleFactors(
          below: below, delta: record.delta, isDense: record.tensor(.weight) != nil,
          columns: record.textbookColumns?.squares(below: below, delta: record.delta),
          normalization: record.normalization?.exampleSquares(
            weightedInputs: record.weightedInputs),
          mix: record.activated.map { (record.outputGradient, $0, record.activationInputs) })
      })
  }

  /// ‖∇C‖ over all parameters, without penalties.
  package var gradientNorm: Double {
    layers.reduce(0) { $0 + $1.gradientSquares }.squareRoot()
  }
}

extension MatrixView {
  /// The square root of the sum of the squares of `rows` rows, in double precision.
  func norm(rows: Int) -> Double {
    var sum = 0.0
    for row in 0..<rows {
      for value in self.row(row) { sum += Double(value) * Double(value) }
    }
    return sum.squareRoot()
  }
}
