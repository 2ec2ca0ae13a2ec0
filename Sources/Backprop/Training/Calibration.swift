extension Network {
  /// Divides the weights and biases of the last layer by the temperature under which the log loss of some
  /// examples is least, so that the probabilities are those that occur. The largest one stays the largest.
  ///
  ///     softmax(z / T) with the T that minimises −Σₓ wₓ log pₓ + 2 (log T)², ¼ ≤ T ≤ 4
  ///
  /// The second term is a normal prior on log T of deviation ½: a few rows that are all right are no reason to be
  /// certain of all. One sigmoid is a softmax over 0 and z. Nothing happens where outputs are no probabilities
  /// of classes, as of several labels. Guo et al. 2017, *On Calibration of Modern Neural Networks*,
  /// arXiv 1706.04599.
  ///
  /// - Parameter examples: Others than those that it learned from.
  /// - Returns: T.
  @discardableResult
  package mutating func calibrate(on examples: Dataset<T>, pool: ThreadPool? = nil) -> Double {
    let isSigmoid =
      outputActivation == .sigmoid && outputCount == 1 && loss == .binaryCrossEntropy
    guard examples.count > 0,
      isSigmoid || outputActivation == .softmax && examples.storedTargets.classCount != nil
    else { return 1 }
    let outputs = predictions(for: examples.inputs, pool: pool)
    // Up to a number that is the same for all classes, log a is z.
    let logits = (0..<examples.count).map { row in
      let outputs = outputs[row: row].map { Double($0) }
      return (isSigmoid ? [1 - outputs[0], outputs[0]] : outputs)
        .map { Double.naturalLogarithm(max($0, 1e-38)) }
    }
    let codes = (0..<examples.count).map { row in
      examples.storedTargets.code(of: row) ?? (examples.storedTargets.matrix[row, 0] > 0.5 ? 1 : 0)
    }
    func logLoss(_ temperature: Double) -> Double {
      let logarithm = Double.naturalLogarithm(temperature)
      var sum = 2 * logarithm * logarithm
      for (row, z) in logits.enumerated() {
        let own = z[codes[row]]
        let total = z.reduce(0.0) { $0 + Double.naturalExponential(($1 - own) / temperature) }
        sum += Double(examples.weights?[row] ?? 1) * Double.naturalLogarithm(total)
      }
      return sum
    }
    let temperature = Double.naturalExponential(
      leastByGoldenSection(in: -1.3862943611198906...1.3862943611198906) {
        logLoss(Double.naturalExponential($0))
      })
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
