// Terms of the loss that depend on the parameters. They enter with BP4 and never touch δ.

extension Parameters {
  /// ½ λ ‖W‖² over the weights of all layers; biases are not penalised.
  func squaredNormPenalty(_ lambda: Double) -> Double {
    var sum = 0.0
    for index in layout.tensors.indices {
      let tensor = layout.tensors[index]
      sum += T.kernels.sumSquares(
        tensor.panels, tensor.rows, tensor.decayedRows, start + tensor.offset)
    }
    return lambda / 2 * sum
  }

  /// Adds λ W, the gradient of ½ λ ‖W‖², to this gradient.
  ///
  /// - Parameters:
  ///   - lambda: λ, at least 0.
  ///   - parameters: W and b of the same layout.
  mutating func addSquaredNormGradient(
    _ lambda: Double, of parameters: Parameters, pool: ThreadPool?
  ) {
    let target = mutableStart
    for index in layout.tensors.indices {
      let tensor = layout.tensors[index]
      T.kernels.addPenaltyGradient(
        pool?.handle, tensor.panels, tensor.rows, tensor.decayedRows,
        parameters.start + tensor.offset, T(lambda), target + tensor.offset)
    }
  }
}
