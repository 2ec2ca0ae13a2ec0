import Backprop

/// The gradient of every example of a batch by itself, from the factors of BP3 and BP4.
///
/// BP4 says that an example's gradient is the outer product of its δ and of the outputs below it. Both
/// stand in the workspace after a backward pass over the whole batch, so one pass gives the gradients
/// of all examples: their norms at the cost of a norm of δ and of a, any single element as one product
/// (Goodfellow 2015, arXiv 1510.01799). Each already carries its example's weight wₓ, so they sum to
/// the gradient of the batch (assumption I).
package struct ExampleGradients<T: Scalar>: Sendable {
  /// ‖∂(wₓ Cₓ)/∂θˡ‖ of each example over all tensors of a layer, `[m, layers]`: layers 2 … L.
  package let layerNorms: Matrix<Double>
  /// ‖∇(wₓ Cₓ)‖ of each example over all parameters.
  package let norms: [Double]
  private let factors: [ExampleFactors<T>]

  init(_ factors: [ExampleFactors<T>]) {
    self.factors = factors
    let count = factors.first?.delta.rows ?? 0
    var layerNorms = Matrix<Double>(rows: count, columns: factors.count)
    for (layer, factor) in factors.enumerated() {
      for (example, square) in factor.squares.enumerated() {
        layerNorms[example, layer] = square.squareRoot()
      }
    }
    self.layerNorms = layerNorms
    norms = (0..<count).map { example in
      layerNorms[row: example].reduce(0) { $0 + $1 * $1 }.squareRoot()
    }
  }

  /// Number of examples, m.
  package var count: Int { norms.count }

  /// ∂(wₓ Cₓ)/∂W[output][input] of every example, or of the bias where `input` is nil.
  ///
  /// - Parameters:
  ///   - layer: Index of a dense layer, from 0 for the first that computes.
  ///   - output: Row of W, from 0.
  ///   - input: Column of W, from 0.
  /// - Returns: One number an example; they sum to the gradient of the batch.
  package func values(layer: Int, output: Int, input: Int?) -> [T] {
    (0..<count).map { example in
      let delta = factors[layer].delta[example, output]
      return input.map { delta * factors[layer].below[example, $0] } ?? delta
    }
  }

  /// a of one neuron of the layer below, for every example: the other factor of BP4.
  ///
  /// - Parameters:
  ///   - layer: Index of the layer whose weights are meant, from 0 for the first that computes.
  ///   - input: Column of W, from 0.
  package func inputs(of layer: Int, _ input: Int) -> [T] {
    (0..<count).map { factors[layer].below[$0, input] }
  }

  /// ∂(wₓ Cₓ)/∂W `[affine outputs, inputs]` and ∂(wₓ Cₓ)/∂b of one example in a dense layer.
  ///
  /// - Complexity: O(outputs × inputs).
  package func gradient(of example: Int, layer: Int) -> (weights: Matrix<T>, biases: [T]) {
    let delta = factors[layer].delta[row: example]
    let outputs = factors[layer].below[row: example]
    var weights = Matrix<T>(rows: delta.count, columns: outputs.count)
    for (row, slope) in delta.enumerated() {
      weights.setRow(row, to: outputs.map { slope * $0 })
    }
    return (weights, delta)
  }
}

/// What the examples' gradients of one layer are products of.
struct ExampleFactors<T: Scalar>: Sendable {
  /// a of the layer below, `[m, inputs]`.
  let below: Matrix<T>
  /// δ, `[m, affine outputs]`.
  let delta: Matrix<T>
  /// ‖∂(wₓ Cₓ)/∂θ‖² of each example over all tensors.
  let squares: [Double]

  /// - Parameters:
  ///   - columns: The squares themselves, of a layer of columns.
  ///   - normalization: ‖∂(wₓ Cₓ)/∂(γ, β)‖² of each example; nil for a layer that is not normalised.
  ///   - mix: ∂C/∂a, σ(x) and x of a parametric activation, whose ∂C/∂α is ∂C/∂a (σ(x) − x).
  init(
    below: Matrix<T>, delta: Matrix<T>, isDense: Bool, columns: [Double]?, normalization: [Double]?,
    mix: (outputGradient: Matrix<T>, activated: Matrix<T>, inputs: Matrix<T>)?
  ) {
    self.below = below
    self.delta = delta
    squares =
      columns
      ?? (0..<delta.rows).map { row in
        // ‖δ aᵀ‖² + ‖δ‖² = ‖δ‖² (‖a‖² + 1) of an affine map, ‖x ⊙ δ‖² of a scaling layer.
        var sum =
          isDense
          ? delta.squaredNorm(ofRow: row) * (below.squaredNorm(ofRow: row) + 1)
          : (0..<delta.columns).reduce(0.0) {
            let product = Double(below[row, $1]) * Double(delta[row, $1])
            return $0 + product * product
          }
        sum += normalization?[row] ?? 0
        guard let mix else { return sum }
        return (0..<mix.activated.columns).reduce(sum) {
          let move = Double(mix.activated[row, $1]) - Double(mix.inputs[row, $1])
          let product = Double(mix.outputGradient[row, $1]) * move
          return $0 + product * product
        }
      }
  }
}

extension Network {
  /// The gradients of the single examples of the batch that the last backward pass went through.
  ///
  /// - Parameter workspace: Holds a and δ of every layer, after `backward`.
  /// - Complexity: O(batch × neurons): nothing of the size of the weights is formed.
  package func exampleGradients(in workspace: borrowing Workspace<T>) -> ExampleGradients<T> {
    check(workspace)
    var factors: [ExampleFactors<T>] = []
    for (index, layer) in layers.enumerated() {
      let state = workspace.states[index]
      var squares: [Double]?
      if let kind = layer.normalization, let kept = state.normalization,
        let moments = workspace.moments(of: index)
      {
        squares = kind.exampleSquares(
          of: workspace.copy(kept.delta), weightedInputs: workspace.copy(kept.weightedInputs),
          means: moments.means, inverseDeviations: moments.inverseDeviations)
      }
      let (below, delta) = (
        workspace.copy(workspace.inputs(of: index)), workspace.delta(of: index)
      )
      factors.append(
        ExampleFactors(
          below: below, delta: delta, isDense: layer.dense != nil,
          columns: textbookColumns(index)?.squares(below: below, delta: delta),
          normalization: squares,
          mix: layer.isParametric
            ? (
              workspace.copy(state.outputGradient), workspace.copy(state.activated),
              workspace.copy(state.weightedInputs)
            ) : nil))
    }
    return ExampleGradients(factors)
  }
}

extension Matrix {
  /// The sum of the squares of one row, in double precision.
  func squaredNorm(ofRow row: Int) -> Double {
    let start = start + row * stride
    var sum = 0.0
    for column in 0..<columns { sum += Double(start[column]) * Double(start[column]) }
    return sum
  }
}
