import Backprop

/// Certifies, by numbers, the two assumptions that backpropagation makes about the loss.
///
/// Assumption I: C = Σₓ wₓ Cₓ, a weighted sum over examples. Assumption II: C depends on the
/// parameters through aᴸ only. The types of the library admit nothing else, with one exception: an
/// `ExampleLoss` of your own may forget its `weight`, and this finds it.
package struct AssumptionCheck: Sendable {
  /// Random splits, directions and permutations to try.
  package var trials: Int
  package var seed: UInt64

  /// Largest residual that rounding explains. A sum over examples in another order differs by a few ε
  /// of its terms' absolute sum; what depends on more, differs in the first digits.
  package static let tolerance = 1e-12
  /// The same where a Taylor series is cut off behind its first term.
  package static let firstOrderTolerance = 1e-6

  package init(trials: Int = 4, seed: UInt64 = 0) {
    precondition(trials >= 1, "\(trials) trials")
    self.trials = trials
    self.seed = seed
  }

  /// Whether C and its gradient are weighted sums over the examples.
  ///
  /// - Parameters:
  ///   - network: In double precision.
  ///   - examples: At least one.
  /// - Complexity: O(examples + trials × examples) passes of single examples.
  package func sumOverExamples(
    _ network: Network<Double>, _ examples: Dataset<Double>
  ) -> AssumptionReport {
    precondition(examples.count >= 1, "assumptions about no example")
    var random = RandomSource(seed: seed, purpose: .sampling, index: 1 << 16)
    // Between ½ and 2, so that an example's weight cannot be taken for 1.
    let weights = (0..<examples.count).map { index in
      (examples.weights?[index] ?? 1) * (0.5 + 1.5 * random.uniform())
    }
    let weighted = Dataset(
      inputs: examples.inputs, targets: examples.targets, weights: weights)
    let plain = Dataset(inputs: examples.inputs, targets: examples.targets)
    var probe = Probe(network, capacity: examples.count)

    // Each example alone, with weight 1; then times its weight, and added up.
    var oneByOne = Sum(of: network)
    for (index, weight) in weights.enumerated() {
      oneByOne.add(probe.pass(plain.subset([UInt32(index)]), .sum), factor: weight)
    }
    var worst: [AssumptionReport.Property: Double] = [:]
    func note(_ property: AssumptionReport.Property, _ residual: Double) {
      worst[property] = max(worst[property] ?? 0, residual.isNaN ? .infinity : residual)
    }
    for reduction in Reduction.allCases {
      let scale: Double = reduction.scale(count: examples.count)
      let whole = probe.pass(weighted, reduction)
      // Where the terms of the gradient have cancelled, ε of them is left.
      let size = max(
        oneByOne.size * scale, 64 * Double.ulpOfOne / Self.tolerance * probe.largestMagnitude())
      note(.exampleWeights, oneByOne.lossResidual(whole, scale: scale))
      note(.exampleWeightsOfGradient, oneByOne.gradientResidual(whole, scale: scale, size: size))

      for _ in 0..<trials where examples.count > 1 {
        let order = random.permutation(of: examples.count)
        let cut = 1 + random.index(below: examples.count - 1)
        var parts = Sum(of: network)
        for rows in [order[..<cut], order[cut...]] {
          // A mean of m examples weighs a part of k of them k/m.
          let factor = reduction == .mean ? Double(rows.count) * scale : 1
          parts.add(probe.pass(weighted.subset(Array(rows)), reduction), factor: factor)
        }
        note(.splits, parts.lossResidual(whole, scale: 1))
        note(.splitsOfGradient, parts.gradientResidual(whole, scale: 1, size: size))
      }
    }
    return AssumptionReport(worst, tolerance: { _ in Self.tolerance })
  }

  /// Loss and gradient of some examples.
  private struct Pass {
    let loss: Double
    let gradient: Parameters<Double>
  }

  /// Runs the engine under either reduction.
  private struct Probe: ~Copyable {
    let network: Network<Double>
    var workspace: Workspace<Double>
    private var reduction = Reduction.sum

    init(_ network: Network<Double>, capacity: Int) {
      self.network = network
      workspace = Workspace(for: network, capacity: capacity)
    }

    private var reduced: Network<Double> {
      Network(
        layers: network.layers, parameters: network.parameters, loss: network.loss,
        reduction: reduction)
    }

    mutating func pass(_ examples: Dataset<Double>, _ reduction: Reduction) -> Pass {
      self.reduction = reduction
      let network = reduced
      var gradient = network.makeGradient()
      let loss = network.forward(examples.batch, in: &workspace)
      network.backward(in: &workspace, into: &gradient)
      return Pass(loss: loss, gradient: gradient)
    }

    /// The most that an entry of the last pass's gradient is added up from.
    func largestMagnitude() -> Double {
      let magnitudes = reduced.gradientMagnitudes(in: workspace)
      return (0..<magnitudes.layout.count).reduce(0) { max($0, magnitudes.start[$1]) }
    }
  }

  /// Σ f C and Σ f ∇C over parts, added up as passes come: one gradient in memory, not one a part.
  private struct Sum {
    private var loss = 0.0
    private var absoluteLoss = 0.0
    private var gradient: Parameters<Double>
    /// Σ f max |∇C|: parts may cancel, their sizes do not. A gradient far below its loss may be 0 but
    /// for rounding, and counts as a thousandth of the loss.
    private(set) var size = 0.0

    init(of network: Network<Double>) { gradient = network.makeGradient() }

    mutating func add(_ pass: Pass, factor: Double) {
      loss += factor * pass.loss
      absoluteLoss += abs(factor * pass.loss)
      var largest = 1e-3 * abs(pass.loss)
      let target = gradient.mutableStart
      for index in 0..<gradient.layout.count {
        target[index] += factor * pass.gradient.start[index]
        largest = max(largest, abs(pass.gradient.start[index]))
      }
      size += factor * largest
    }

    /// |C − scale Σ f C′| / scale Σ |f C′|.
    func lossResidual(_ whole: Pass, scale: Double) -> Double {
      residual(whole.loss - scale * loss, scale * absoluteLoss)
    }

    /// max |∇C − scale Σ f ∇C′| / size.
    func gradientResidual(_ whole: Pass, scale: Double, size: Double) -> Double {
      var largest = 0.0
      for index in 0..<gradient.layout.count {
        let difference = abs(whole.gradient.start[index] - scale * gradient.start[index])
        if !(difference <= largest) { largest = difference }
      }
      return residual(largest, size)
    }
  }

  static func residual(_ difference: Double, _ scale: Double) -> Double {
    difference == 0 ? 0 : abs(difference) / max(scale, .leastNormalMagnitude)
  }
}

/// What was found about one assumption.
package struct AssumptionReport: Codable, Hashable, Sendable {
  /// What follows from an assumption, and was tried.
  package enum Property: String, Codable, CaseIterable, Sendable {
    /// I: C of all examples is the sum of C of the parts of a random split.
    case splits
    /// I: and so is ∇C.
    case splitsOfGradient
    /// I: C with random positive weights is Σ wₓ Cₓ of the examples one by one.
    case exampleWeights
    /// I: and so is ∇C.
    case exampleWeightsOfGradient
    /// II: C is found again from a copy of aᴸ, and y, alone.
    case lossOfOutputs
    /// II: other hidden neurons in other places, but the same aᴸ: the same C.
    case permutedNeurons
    /// II: to first order, ΔC = ∇ₐC · Δaᴸ when all parameters change.
    case firstOrder
  }

  /// One property: the residual of its equation, relative to the terms of the equation.
  package struct Detail: Codable, Hashable, Sendable {
    package let property: Property
    /// The worst of all trials.
    package let residual: Double
    /// The largest residual that is rounding, or the next term of the series.
    package let tolerance: Double
    package var passed: Bool { residual <= tolerance }
  }
  package let details: [Detail]

  package var passed: Bool { details.allSatisfy(\.passed) }
  /// The worst residual of all properties.
  package var worstResidual: Double { details.reduce(0) { max($0, $1.residual) } }

  init(_ worst: [Property: Double], tolerance: (Property) -> Double) {
    details = Property.allCases.compactMap { property in
      worst[property].map {
        Detail(property: property, residual: $0, tolerance: tolerance(property))
      }
    }
  }
}
