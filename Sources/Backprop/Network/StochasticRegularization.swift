/// Dropout, of neurons, inputs and categories, input noise, label smoothing and mixup: what one training step
/// changes at random, and the counters that its random numbers come from.
///
/// A forward pass under it mixes examples (mixup), takes categories for unknown ones, adds Gaussian noise
/// to the inputs, drops inputs and outputs of hidden layers (dropout), and smooths the targets of a
/// classification, in this order. A pass without one, as in evaluation and prediction, does none of it.
///
/// Every number is a function of (seed, purpose, step, layer, position in the batch, neuron), by
/// Philox 4×32-10: nothing has to be saved to repeat a step, and neither threads nor vectors change a
/// bit. The same values twice are the same masks twice, so a step is a function of its parameters that
/// central differences can check.
package struct StochasticRegularization: Hashable, Sendable {
  /// The run's seed.
  package var seed: UInt64
  /// Steps of the run before this one; at least 0. Steps that differ by 2³² are alike.
  package var step: Int
  /// s of the normal numbers N(0, s²) that are added to every input, in units of the inputs as the
  /// network sees them; at least 0.
  ///
  /// Bishop 1995, *Training with Noise is Equivalent to Tikhonov Regularization*,
  /// doi:10.1162/neco.1995.7.1.108. No number lies beyond ±6.34 s.
  package var inputDeviation: Double
  /// The probability that an input is dropped, in 0 ..< 1; the others grow by 1/(1−p).
  ///
  /// That of a hidden layer's output stands in the layer: `DenseLayer.dropout`.
  package var inputDropout: Double
  /// ε of the smoothed targets, in 0 ..< 1: y ← (1−ε) y + ε/K over the K classes of a
  /// cross-entropy, y ← (1−ε) y + ε/2 for each output of a binary one.
  ///
  /// Szegedy et al. 2016, *Rethinking the Inception Architecture*, arXiv 1512.00567, section 7.
  package var labelSmoothing: Double
  /// α of mixup, positive; 0 for none. Each batch draws λ ~ Beta(α, α) and a permutation π
  /// of the rows of each of its blocks, and
  ///
  ///     x̃ᵢ = λ xᵢ + (1−λ) x_π(i)        w̃ᵢ = λ wᵢ + (1−λ) w_π(i)
  ///     ỹᵢ = (λ wᵢ yᵢ + (1−λ) w_π(i) y_π(i)) / w̃ᵢ
  ///
  /// take the places of x, w and y, so that C = Σ w̃ C(x̃, ỹ) is λ Σ w C(x̃, y) plus the other share
  /// wherever the loss is linear in y. λ or 1−λ, whichever is larger, goes to the example itself,
  /// which leaves the distribution of the mixed batch as it is (π and its inverse are equally
  /// likely) and says whose class an example is judged by.
  ///
  /// Zhang et al. 2018, *mixup: Beyond Empirical Risk Minimization*, arXiv 1710.09412.
  package var mixup: Double
  /// The probability that a category of an example is taken for one that nobody knows, in 0 ..< 1.
  ///
  /// Its inputs become those of an unknown category, the shares of the levels. Without it the network has
  /// never seen such a point, and what it says there is as its weights began.
  package var categoryDropout: Double
  /// The columns that this is done to.
  package var categories: [CategoryInputs] = []
  /// What the dropout of hidden layers is multiplied by in this step, from 0 to 1.
  package var dropoutFactor = 1.0

  package init(
    seed: UInt64, step: Int = 0, inputDeviation: Double = 0, inputDropout: Double = 0,
    labelSmoothing: Double = 0, mixup: Double = 0, categoryDropout: Double = 0
  ) {
    self.categoryDropout = categoryDropout
    self.seed = seed
    self.step = step
    self.inputDeviation = inputDeviation
    self.inputDropout = inputDropout
    self.labelSmoothing = labelSmoothing
    self.mixup = mixup
  }

  /// - Throws: `ConfigurationError` with the first number that lies outside its range.
  package func validate() throws(ConfigurationError) {
    try NumberRange.atLeastZero.check(inputDeviation, "inputNoise")
    try NumberRange.belowOne.check(inputDropout, "inputDropout")
    try NumberRange.belowOne.check(categoryDropout, "categoryDropout")
    try NumberRange.belowOne.check(labelSmoothing, "labelSmoothing")
    try NumberRange.atLeastZero.check(mixup, "mixup")
  }

  /// Whether the numbers lie in their ranges.
  package var isValid: Bool { step >= 0 && (try? validate()) != nil }

  var changesInputs: Bool {
    mixup > 0 || inputDeviation > 0 || inputDropout > 0 || dropsCategories
  }
  var dropsCategories: Bool { categoryDropout > 0 && !categories.isEmpty }
  var changesTargets: Bool { mixup > 0 || labelSmoothing > 0 }

  /// The same in another step.
  func at(step: Int) -> StochasticRegularization {
    var regularization = self
    regularization.step = step
    return regularization
  }

  /// The upper half of the counter: (purpose and layer, step). Layer 1 is the input.
  func stream(_ purpose: RandomSource.Purpose, layer: Int) -> UInt64 {
    UInt64(UInt32(truncatingIfNeeded: step)) << 32
      | UInt64(UInt32(truncatingIfNeeded: layer << 8) | purpose.rawValue)
  }

  /// Words below this are dropped: p · 2³².
  static func threshold(_ probability: Double) -> UInt32 {
    UInt32(min((probability * 0x1p32).rounded(), 0x1p32 - 1))
  }
}

extension StochasticRegularization {
  /// Throws unless the loss is defined on the targets that it makes.
  ///
  /// Smoothing needs targets that are probabilities: cross-entropy and binary cross-entropy. Mixup
  /// takes any loss but hinge, whose targets are classes alone.
  package func check(for loss: Loss) throws(ConfigurationError) {
    switch loss {
    case .crossEntropy, .binaryCrossEntropy: return
    case .hinge where mixup > 0:
      throw ConfigurationError(
        "mixup",
        "makes targets between the classes, on which \(loss) is not defined: "
          + "use cross-entropy or binary-cross-entropy, or no mixup")
    default:
      guard labelSmoothing > 0 else { return }
      throw ConfigurationError(
        "labelSmoothing",
        "spreads the probability of classes, and \(loss) knows none: "
          + "use cross-entropy or binary-cross-entropy, or no smoothing")
    }
  }
}

// MARK: Applying it

/// Where a workspace keeps what regularisation makes of a batch.
struct RegularizedBatch<T: Scalar> {
  /// x̃, `[m, inputs]`.
  let inputs: MatrixView<T>
  /// ỹ, `[m, outputs]`.
  let targets: MatrixView<T>
  /// w̃ of each example, and its share in its own mixture, `[1, m]` each.
  let weights: MatrixView<T>
  let shares: MatrixView<T>
  /// π.
  var partners: [UInt32]
}

extension Workspace {
  /// Changes inputs, targets and weights of the batch that is loaded.
  mutating func apply(_ regularization: StochasticRegularization, loss: Loss, pool: ThreadPool?) {
    precondition(
      hasRoom(for: regularization), "\(regularization) in a workspace without room for it")
    if regularization.mixup > 0 { mix(regularization) }
    let changed = regularized.inputs
    if regularization.dropsCategories { dropCategories(regularization) }
    if regularization.inputDeviation > 0 {
      T.kernels.add_normal(
        pool?.handle,
        .init(
          rows: rows, columns: inputs.columns, x: inputs.operand, seed: regularization.seed,
          stream: regularization.stream(.inputNoise, layer: 1), first: 0),
        regularization.inputDeviation, changed.operand)
      inputs = changed
    }
    if regularization.inputDropout > 0 {
      let p = regularization.inputDropout
      T.kernels.dropout(
        pool?.handle,
        .init(
          rows: rows, columns: inputs.columns, x: inputs.operand, seed: regularization.seed,
          stream: regularization.stream(.dropout, layer: 1), first: 0),
        StochasticRegularization.threshold(p), 1 / (1 - p), MatrixView<T>.none.optionalOperand,
        changed.operand)
      inputs = changed
    }
    if regularization.labelSmoothing > 0 {
      let epsilon = regularization.labelSmoothing
      let classes = loss == .binaryCrossEntropy ? 2 : targets.columns
      T.kernels.scale_and_shift(
        rows, targets.columns, targets.operand, 1 - epsilon, epsilon / Double(classes),
        regularized.targets.operand)
      targets = regularized.targets
    }
  }

  /// The inputs of an unknown category take the places of those of some.
  private mutating func dropCategories(_ regularization: StochasticRegularization) {
    let changed = regularized.inputs
    if inputs.start != changed.start {
      T.kernels.scale_and_shift(rows, inputs.columns, inputs.operand, 1, 0, changed.operand)
      inputs = changed
    }
    var random = RandomSource(
      seed: regularization.seed, purpose: .categoryDropout,
      index: UInt32(truncatingIfNeeded: regularization.step))
    let threshold = StochasticRegularization.threshold(regularization.categoryDropout)
    for row in 0..<rows {
      let row = changed.start + row * changed.stride
      for column in regularization.categories where random.nextWord() < threshold {
        column.formUnknown(row)
      }
    }
  }

  private func hasRoom(for regularization: StochasticRegularization) -> Bool {
    guard
      regularization.isValid && (!regularization.changesInputs || regularized.inputs.isKept)
        && (!regularization.changesTargets || regularized.targets.isKept)
        && (regularization.mixup == 0 || regularized.shares.isKept)
    else { return false }
    // By index: a closure would allocate in a build without optimisation.
    for index in 0..<layers.count where layers[index].dropout > 0 && !states[index].mask.isKept {
      return false
    }
    return true
  }

  /// Mixup: x̃, ỹ and w̃ take the places of x, y and w.
  private mutating func mix(_ regularization: StochasticRegularization) {
    var random = RandomSource(
      seed: regularization.seed, purpose: .mixup,
      index: UInt32(truncatingIfNeeded: regularization.step))
    let beta = random.beta(regularization.mixup)
    let lambda = T(max(beta, 1 - beta))
    for row in 0..<rows { regularized.partners[row] = UInt32(row) }
    // Within a block, so that whoever has its rows has all that is mixed.
    let blocks = blocks
    for block in 0..<blocks.count {
      random.shuffle(&regularized.partners, in: blocks.rows(of: block))
    }

    let shares = regularized.shares.start
    for row in 0..<rows { shares[row] = lambda }
    mix(inputs, by: shares, into: regularized.inputs)
    inputs = regularized.inputs
    if let weights {
      let mixed = regularized.weights.start
      for row in 0..<rows {
        let own = lambda * weights[row]
        let sum = own + (1 - lambda) * weights[Int(regularized.partners[row])]
        mixed[row] = sum
        if sum > 0 { shares[row] = own / sum }
      }
      self.weights = UnsafePointer(mixed)
    }
    mix(targets, by: shares, into: regularized.targets)
    targets = regularized.targets
  }

  private func mix(
    _ source: MatrixView<T>, by shares: UnsafeMutablePointer<T>, into mixed: MatrixView<T>
  ) {
    regularized.partners.withUnsafeBufferPointer {
      T.kernels.mix(
        rows, source.columns, source.operand, $0.baseAddress, shares, mixed.operand)
    }
  }
}

extension RandomSource {
  /// A number in [0, 1] of the distribution Beta(α, α): G / (G + G′) for two gamma numbers.
  ///
  /// - Parameter alpha: α, positive.
  mutating func beta(_ alpha: Double) -> Double {
    // Beyond these bounds the distribution is a coin or the number ½ anyway.
    let alpha = min(max(alpha, 1e-9), 1e9)
    let first = logGamma(alpha)
    return 1 / (1 + Double.naturalExponential(logGamma(alpha) - first))
  }

  /// The logarithm of a number of the distribution Gamma(α, 1), which for a small α would be 0 itself.
  ///
  /// Marsaglia & Tsang 2000, *A Simple Method for Generating Gamma Variables*,
  /// doi:10.1145/358407.358414; below 1 by G(α) = G(α + 1) U^(1/α).
  private mutating func logGamma(_ alpha: Double) -> Double {
    if alpha < 1 {
      let power = Double.naturalLogarithm(uniform()) / alpha
      return logGamma(alpha + 1) + power
    }
    let d = alpha - 1.0 / 3
    let c = 1 / (9 * d).squareRoot()
    while true {
      let x = normal()
      let root = 1 + c * x
      guard root > 0 else { continue }
      let v = root * root * root
      let logV = Double.naturalLogarithm(v)
      if Double.naturalLogarithm(uniform()) < x * x / 2 + d - d * v + d * logV {
        return Double.naturalLogarithm(d) + logV
      }
    }
  }
}
