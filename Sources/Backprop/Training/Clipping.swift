// Bounds on the gradient of a step, so that one bad batch cannot throw the parameters away.

extension Parameters {
  /// ‖g‖₂ over all weights and biases, in double precision, in an order that is fixed: tensor by
  /// tensor, panel by panel, 16 lanes and a tree.
  ///
  /// - Complexity: O(parameters), without allocation.
  package var norm: Double {
    var sum = 0.0
    for index in layout.areas.indices {
      sum += T.kernels.sum_squares(layout.areas[index], start)
    }
    return sum.squareRoot()
  }

  /// Clips this gradient, by value first.
  ///
  ///     gᵢ ← min(max(gᵢ, −value), value)
  ///     g ← g · norm / ‖g‖   where ‖g‖ > norm
  ///
  /// Pascanu, Mikolov & Bengio 2013, arXiv 1211.5063. A gradient that is not finite does not become
  /// finite by its norm.
  ///
  /// - Parameters:
  ///   - bound: The greatest ‖g‖ over all weights and biases together; positive. Nil for any.
  ///   - value: The greatest |gᵢ|; positive. Nil for any.
  ///   - pool: Threads to use; changes no bit.
  /// - Complexity: O(parameters), without allocation; nothing where both are nil.
  package mutating func clip(toNorm bound: Double?, value: Double?, pool: ThreadPool? = nil) {
    if let value { scale(by: 1, bound: value, pool) }
    if let bound {
      let norm = norm
      if !(norm <= bound) { scale(by: bound / norm, bound: .infinity, pool) }
    }
  }

  private mutating func scale(by factor: Double, bound: Double, _ pool: ThreadPool?) {
    let target = mutableStart
    T.kernels.clip(pool?.handle, layout.all, factor, bound, target)
  }
}
