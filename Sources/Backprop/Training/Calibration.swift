extension Network {
  /// Divides the weights and biases of the last layer by the temperature under which the log loss of some
  /// examples is least, so that the probabilities are those that occur. The largest one stays the largest.
  ///
  ///     softmax(z / T) with the T that minimises −Σₓ (wₓ/w̄) log pₓ + 2 (log T)², ¼ ≤ T ≤ 4
  ///
  /// w̄ is the mean of the weights. The second term is a normal prior on log T of deviation ½: a few rows that are
  /// all right are no reason to be certain of all. One sigmoid is a softmax over 0 and z. Nothing happens where
  /// outputs are no probabilities of one class out of several. Guo et al. 2017, *On Calibration of Modern Neural
  /// Networks*, arXiv 1706.04599.
  ///
  /// - Parameters:
  ///   - examples: Others than those that it learned from.
  ///   - classes: The class of each of them, from 0.
  /// - Returns: T.
  @discardableResult
  package mutating func calibrate(
    on examples: Dataset<T>, classes: [Int], pool: ThreadPool? = nil
  ) -> Double {
    precondition(classes.count == examples.count, "not one class for each example")
    let isSigmoid = outputActivation == .sigmoid && outputCount == 1
    let mean = examples.meanWeight
    guard examples.count > 0, mean > 0, isSigmoid || outputActivation == .softmax else { return 1 }
    var logits: [[Double]] = []
    propagate(allOf: examples.inputs, pool: pool) { rows, last in
      for row in 0..<rows.count {
        let z = last.weightedInputs.row(row).map { Double($0) }
        logits.append(isSigmoid ? [0, z[0]] : z)
      }
    }
    func logLoss(_ temperature: Double) -> Double {
      let logarithm = Double.naturalLogarithm(temperature)
      var sum = 2 * logarithm * logarithm
      for (row, z) in logits.enumerated() {
        let own = z[classes[row]]
        let total = z.reduce(0.0) { $0 + Double.naturalExponential(($1 - own) / temperature) }
        sum += Double(examples.weights?[row] ?? 1) / mean * Double.naturalLogarithm(total)
      }
      return sum
    }
    let most = Double.naturalLogarithm(4)
    let temperature = Double.naturalExponential(
      leastByGoldenSection(in: -most...most) { logLoss(Double.naturalExponential($0)) })
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
