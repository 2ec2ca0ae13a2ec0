extension Network {
  /// Divides the weights and biases of the last layer by the temperature under which the log loss of some
  /// examples is least, so that the probabilities are those that occur. The largest one stays the largest.
  ///
  ///     softmax(z / T) with the T that minimises −Σₓ wₓ log pₓ
  ///
  /// Nothing happens where outputs are no probabilities of classes. Guo et al. 2017, *On Calibration of Modern
  /// Neural Networks*, arXiv 1706.04599.
  ///
  /// - Parameter examples: Others than those that it learned from.
  /// - Returns: T.
  @discardableResult
  package mutating func calibrate(on examples: Dataset<T>, pool: ThreadPool? = nil) -> Double {
    guard outputActivation == .softmax, examples.count > 0,
      examples.storedTargets.classCount != nil
    else { return 1 }
    let outputs = predictions(for: examples.inputs, pool: pool)
    // Up to a number that is the same for all classes, log a is z.
    let logits = (0..<examples.count).map { row in
      outputs[row: row].map { Double.naturalLogarithm(max(Double($0), 1e-38)) }
    }
    let codes = (0..<examples.count).map { examples.storedTargets.code(of: $0) ?? 0 }
    func logLoss(_ temperature: Double) -> Double {
      var sum = 0.0
      for (row, z) in logits.enumerated() {
        let own = z[codes[row]]
        let total = z.reduce(0.0) { $0 + Double.naturalExponential(($1 - own) / temperature) }
        sum += Double(examples.weights?[row] ?? 1) * Double.naturalLogarithm(total)
      }
      return sum
    }
    let temperature = Double.naturalExponential(
      leastByGoldenSection(in: -1.4...1.4) { logLoss(Double.naturalExponential($0)) })
    for tensor in parameters.layout.tensors(of: layers.count - 1) {
      parameters.setElements(
        of: tensor, to: parameters.elements(of: tensor).map { T(Double($0) / temperature) })
    }
    return temperature
  }
}

/// Where a function of one minimum has it, to a thousandth of the range. Kiefer 1953,
/// doi:10.1090/S0002-9939-1953-0055639-3.
func leastByGoldenSection(
  in range: ClosedRange<Double>, _ function: (Double) -> Double
) -> Double {
  let ratio = (5.0.squareRoot() - 1) / 2
  var (low, high) = (range.lowerBound, range.upperBound)
  var (left, right) = (high - ratio * (high - low), low + ratio * (high - low))
  var (atLeft, atRight) = (function(left), function(right))
  while high - low > 1e-3 * (range.upperBound - range.lowerBound) {
    if atLeft <= atRight {
      (high, right, atRight) = (right, left, atLeft)
      left = high - ratio * (high - low)
      atLeft = function(left)
    } else {
      (low, left, atLeft) = (left, right, atRight)
      right = low + ratio * (high - low)
      atRight = function(right)
    }
  }
  return (low + high) / 2
}
