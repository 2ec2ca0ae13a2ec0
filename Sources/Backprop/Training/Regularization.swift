// Terms of the loss that depend on the parameters. They enter with BP4 and never touch δ.

extension Parameters {
  /// ½ λ ‖W‖² over the weights of all layers; biases are not penalised.
  package func squaredNormPenalty(_ lambda: Double) -> Double {
    var sum = 0.0
    for index in layout.tensors.indices where layout.tensors[index].role.isPenalized {
      let panels = layout.tensors[index].kernelPanels
      sum += T.kernels.sum_squares(panels, start)
    }
    return lambda / 2 * sum
  }

  /// Adds λ W, the gradient of ½ λ ‖W‖², to this gradient.
  ///
  /// - Parameters:
  ///   - lambda: λ, at least 0.
  ///   - parameters: W and b of the same layout.
  package mutating func addSquaredNormGradient(
    _ lambda: Double, of parameters: Parameters, pool: ThreadPool?
  ) {
    let target = mutableStart
    for index in layout.tensors.indices where layout.tensors[index].role.isPenalized {
      let panels = layout.tensors[index].kernelPanels
      T.kernels.add_penalty_gradient(
        pool?.handle, panels, lambda, parameters.start, target)
    }
  }
}
