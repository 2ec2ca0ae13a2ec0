/// The gradient of every example of a batch by itself, from the factors of BP3 and BP4.
///
/// BP4 says that an example's gradient is the outer product of its δ and of the outputs below it. Both
/// stand in the workspace after a backward pass over the whole batch, so one pass gives the gradients
/// of all examples: their norms at the cost of a norm of δ and of a, any single element as one product
/// (Goodfellow 2015, arXiv 1510.01799). Each already carries its example's weight wₓ, so they sum to
/// the gradient of the batch (assumption I).
public struct ExampleGradients<T: Scalar>: Sendable {
  /// ‖∂(wₓ Cₓ)/∂(Wˡ, bˡ)‖ of each example, `[m, layers]`: layers 2 … L; of a normalised layer with γ and β.
  public let layerNorms: Matrix<Double>
  /// ‖∇(wₓ Cₓ)‖ of each example over all parameters.
  public let norms: [Double]
  /// a of the layer below each layer, and δ of each layer, `[m, …]`.
  private let below: [Matrix<T>]
  private let deltas: [Matrix<T>]

  /// - Parameter normalizationSquares: ‖∂(wₓ Cₓ)/∂(γ, β)‖² of each example, for each layer; nil where
  ///   it is not normalised.
  init(below: [Matrix<T>], deltas: [Matrix<T>], normalizationSquares: [[Double]?]) {
    self.below = below
    self.deltas = deltas
    let count = deltas.first?.rows ?? 0
    var layerNorms = Matrix<Double>(rows: count, columns: deltas.count)
    for example in 0..<count {
      for layer in deltas.indices {
        // ‖δ aᵀ‖² + ‖δ‖² = ‖δ‖² (‖a‖² + 1)
        let delta = deltas[layer].squaredNorm(ofRow: example)
        let outputs = below[layer].squaredNorm(ofRow: example)
        let gains = normalizationSquares[layer]?[example] ?? 0
        layerNorms[example, layer] = (delta * (outputs + 1) + gains).squareRoot()
      }
    }
    self.layerNorms = layerNorms
    norms = (0..<count).map { example in
      layerNorms[row: example].reduce(0) { $0 + $1 * $1 }.squareRoot()
    }
  }

  /// Number of examples, m.
  public var count: Int { norms.count }

  /// ∂(wₓ Cₓ)/∂W[output][input] of every example, or of the bias where `input` is nil.
  ///
  /// - Parameters:
  ///   - layer: Index of the layer, from 0 for the first that computes.
  ///   - output: Row of W, from 0.
  ///   - input: Column of W, from 0.
  /// - Returns: One number an example; they sum to the gradient of the batch.
  public func values(layer: Int, output: Int, input: Int?) -> [T] {
    (0..<count).map { example in
      let delta = deltas[layer][example, output]
      return input.map { delta * below[layer][example, $0] } ?? delta
    }
  }

  /// a of one neuron of the layer below, for every example: the other factor of BP4.
  ///
  /// - Parameters:
  ///   - layer: Index of the layer whose weights are meant, from 0 for the first that computes.
  ///   - input: Column of W, from 0.
  public func inputs(of layer: Int, _ input: Int) -> [T] {
    (0..<count).map { below[layer][$0, input] }
  }

  /// The gradient of one example over all parameters of a layer: W `[outputs, inputs]` and b.
  ///
  /// - Complexity: O(outputs × inputs).
  public func gradient(of example: Int, layer: Int) -> AffineTensor<T> {
    let delta = deltas[layer][row: example]
    let outputs = below[layer][row: example]
    var weights = Matrix<T>(rows: delta.count, columns: outputs.count)
    for (row, slope) in delta.enumerated() {
      weights.setRow(row, to: outputs.map { slope * $0 })
    }
    return AffineTensor(weights: weights, biases: delta)
  }
}

extension Network {
  /// The gradients of the single examples of the batch that the last backward pass went through.
  ///
  /// - Parameter workspace: Holds a and δ of every layer, after `backward`.
  /// - Complexity: O(batch × neurons): nothing of the size of the weights is formed.
  public func exampleGradients(in workspace: borrowing Workspace<T>) -> ExampleGradients<T> {
    check(workspace)
    var below = [workspace.copy(workspace.inputs)]
    var deltas: [Matrix<T>] = []
    var squares: [[Double]?] = []
    for index in layers.indices {
      deltas.append(workspace.delta(of: index))
      if index + 1 < layers.count { below.append(workspace.outputs(of: index)) }
      guard let kind = layers[index].normalization,
        let kept = workspace.states[index].normalization,
        let moments = workspace.moments(of: index)
      else {
        squares.append(nil)
        continue
      }
      squares.append(
        kind.exampleSquares(
          of: workspace.copy(kept.delta), weightedInputs: workspace.copy(kept.weightedInputs),
          means: moments.means, inverseDeviations: moments.inverseDeviations))
    }
    return ExampleGradients(below: below, deltas: deltas, normalizationSquares: squares)
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
