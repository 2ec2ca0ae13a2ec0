import Backprop

// Assumption II: C depends on the parameters through aᴸ only.

extension AssumptionCheck {
  /// Whether C changes only through aᴸ.
  ///
  /// - Parameters:
  ///   - network: In double precision.
  ///   - examples: At least one.
  /// - Complexity: O(trials) passes.
  package func functionOfOutputs(
    _ network: Network<Double>, _ examples: Dataset<Double>
  ) -> AssumptionReport {
    precondition(examples.count >= 1, "assumptions about no example")
    var worst: [AssumptionReport.Property: Double] = [:]
    func note(_ property: AssumptionReport.Property, _ residual: Double) {
      worst[property] = max(worst[property] ?? 0, residual.isNaN ? .infinity : residual)
    }
    let batch = examples.batch
    var workspace = Workspace(
      for: network, capacity: examples.count, keepsWeightedInputs: true)
    network.forward(batch, in: &workspace)
    let last = network.layers.count - 1
    // The same loss on top of nothing but a copy of aᴸ.
    let top = Self.lossAlone(of: network)
    let here = Self.judged(workspace.outputs(of: last), workspace.exampleLosses, top, examples)
    for example in here where example.isFinite {
      note(.lossOfOutputs, Self.residual(example.loss - example.lossAlone, example.scale))
    }

    var random = RandomSource(seed: seed, purpose: .sampling, index: 1 << 16 + 1)
    for _ in 0..<trials where network.layers.count > 1 {
      let permuted = Self.permutingNeurons(of: network, &random)
      permuted.forward(batch, in: &workspace)
      let there = Self.judged(
        workspace.outputs(of: last), workspace.exampleLosses, top, examples)
      // Another order of the sums may round aᴸ otherwise; C may follow that, and nothing else.
      for (one, other) in zip(here, there) where one.isFinite && other.isFinite {
        note(
          .permutedNeurons,
          Self.residual(
            other.loss - one.loss - one.change(to: other).sum, one.scale + other.scale))
      }
    }
    for _ in 0..<trials {
      if let residual = firstOrderResidual(network, examples, top, &random) {
        note(.firstOrder, residual)
      }
    }
    return AssumptionReport(
      worst, tolerance: { $0 == .firstOrder ? Self.firstOrderTolerance : Self.tolerance })
  }

  /// A network that has nothing but aᴸ: its inputs, the identity, and the loss.
  private static func lossAlone(of network: Network<Double>) -> Network<Double> {
    let count = network.outputCount
    let layers = [Layer.dense(DenseLayer(inputs: count, outputs: count, activation: .identity))]
    var parameters = Parameters<Double>(layout: ParameterLayout(layers: layers))
    for index in 0..<count { parameters[layer: 0, output: index, input: index] = 1 }
    return Network(
      layers: layers, parameters: parameters, loss: network.loss, reduction: network.reduction)
  }

  /// One example as the loss sees it.
  private struct Judged {
    /// w C as the network gives it, from zᴸ where that is more accurate.
    let loss: Double
    /// w C from aᴸ and y alone.
    let lossAlone: Double
    let outputs: [Double]
    /// w ∇ₐC from aᴸ and y alone.
    let slopes: [Double]

    /// Whether it can be judged. An output that has rounded to 0 or 1 may have no logarithm, though its
    /// logit has.
    var isFinite: Bool {
      loss.isFinite && lossAlone.isFinite && slopes.allSatisfy(\.isFinite)
    }

    /// What a relative rounding of C and of aᴸ moves C by, over ε. Below the normal numbers the rounding
    /// of aᴸ is absolute.
    var scale: Double {
      zip(slopes, outputs).reduce(abs(loss)) {
        $0 + abs($1.0) * max(abs($1.1), .leastNormalMagnitude)
      }
    }

    /// The change of C on the way to other outputs: the mean of both slopes times the way, which is
    /// exact for a quadratic C and of third order for any other.
    func change(to other: Judged) -> (sum: Double, magnitude: Double) {
      var result = (sum: 0.0, magnitude: 0.0)
      for j in outputs.indices {
        let term = (slopes[j] + other.slopes[j]) / 2 * (other.outputs[j] - outputs[j])
        result.sum += term
        result.magnitude += abs(term)
      }
      return result
    }
  }

  /// C and w ∇ₐC of each example from aᴸ and y: under the identity, BP1 is δ = w ∇ₐC.
  ///
  /// - Parameter losses: w C of each example, as the network gives it.
  private static func judged(
    _ outputs: Matrix<Double>, _ losses: [Double], _ top: Network<Double>,
    _ examples: Dataset<Double>
  ) -> [Judged] {
    var workspace = Workspace(for: top, capacity: examples.count)
    let batch = Batch(inputs: outputs, targets: examples.targets, weights: examples.weights)
    top.forward(batch, in: &workspace)
    top.formOutputDelta(0..<examples.count, in: workspace)
    let slopes = workspace.delta(of: 0)
    return zip(losses, workspace.exampleLosses).enumerated().map { row, pair in
      Judged(
        loss: pair.0, lossAlone: pair.1, outputs: outputs[row: row], slopes: slopes[row: row])
    }
  }

  /// The same function of x, with the neurons of every hidden dense layer in another order. A scaling
  /// layer takes over the order of what is below it.
  static func permutingNeurons(
    of network: Network<Double>, _ random: inout RandomSource
  ) -> Network<Double> {
    var result = network
    let source = network.parameters
    // Which neuron stands in each place.
    var below = Array(0..<network.inputCount)
    for (layer, kind) in network.layers.enumerated() {
      let isLast = layer == network.layers.count - 1
      if kind.columns != nil {
        below = Array(0..<kind.outputs)
        continue
      }
      let order =
        kind.dense == nil
        ? below
        : isLast
          ? Array(0..<kind.outputs) : random.permutation(of: kind.outputs).map(Int.init)
      // Row j of every tensor of the layer belongs to a neuron, column j of its weights to one below.
      for tensor in source.layout.tensors(of: layer) {
        let pieces = tensor.shape[0] / kind.outputs
        let columns = tensor.shape.count > 1 ? below : [0]
        for (place, neuron) in order.enumerated() {
          for piece in 0..<pieces {
            for (column, input) in columns.enumerated() {
              result.parameters.mutableStart[tensor.index(place * pieces + piece, column)] =
                source.start[tensor.index(neuron * pieces + piece, input)]
            }
          }
        }
      }
      below = order
    }
    return result
  }

  /// |C(θ + v) − C(θ − v) − ½ (∇ₐC(a₊) + ∇ₐC(a₋)) · (a₊ − a₋)| / Σ |½ (…) (a₊ − a₋)| for a small
  /// random v, beyond what rounding can do.
  ///
  /// - Returns: nil where the loss has a kink on the way.
  private func firstOrderResidual(
    _ network: Network<Double>, _ examples: Dataset<Double>, _ top: Network<Double>,
    _ random: inout RandomSource
  ) -> Double? {
    let direction = Self.randomDirection(network.parameters, &random)
    var workspace = Workspace(
      for: network, capacity: examples.count, keepsWeightedInputs: true)
    var patterns = (KinkPattern(), KinkPattern())
    let last = network.layers.count - 1
    func move(_ t: Double) -> [Judged] {
      var moved = network
      let theta = moved.parameters.mutableStart
      for index in 0..<moved.parameters.layout.count { theta[index] += t * direction[index] }
      moved.forward(examples.batch, in: &workspace)
      return Self.judged(
        workspace.outputs(of: last), workspace.exampleLosses, top, examples)
    }
    func weightedInputs() -> [Matrix<Double>] {
      network.layers.indices.compactMap { workspace.weightedInputs(of: $0) }
    }
    // So large that z moves by 1e-4 at the most: what is of third order is then 1e-8 of the change, and
    // rounding less.
    let trial = 6e-6
    _ = move(trial)
    let raised = weightedInputs()
    _ = move(-trial)
    let largest = zip(raised, weightedInputs()).reduce(0.0) { most, pair in
      zip(pair.0.elements.joined(), pair.1.elements.joined()).reduce(most) {
        max($0, abs($1.0 - $1.1) / 2)
      }
    }
    let size = largest > 0 && largest.isFinite ? min(trial * 1e-4 / largest, 1e-2) : trial
    let (above, below) = (move(size), move(-size))
    if network.loss.fold != .none {
      for (examplesThere, isAbove) in [(above, true), (below, false)] {
        var topWorkspace = Workspace(for: top, capacity: examples.count)
        top.forward(
          Batch(
            inputs: Matrix(examplesThere.map(\.outputs)), targets: examples.targets,
            weights: examples.weights),
          in: &topWorkspace)
        if isAbove {
          top.formKinkPattern(in: topWorkspace, into: &patterns.0)
        } else {
          top.formKinkPattern(in: topWorkspace, into: &patterns.1)
        }
      }
      guard patterns.0 == patterns.1 else { return nil }
    }
    var (difference, magnitude, rounding) = (0.0, 0.0, 0.0)
    for (low, high) in zip(below, above) where low.isFinite && high.isFinite {
      let change = low.change(to: high)
      difference += high.loss - low.loss - change.sum
      magnitude += change.magnitude
      rounding += Double.ulpOfOne * (low.scale + high.scale)
      // A rounding of a moves the slope of a logarithm, 1/a, by about its square.
      for j in low.slopes.indices {
        rounding +=
          Double.ulpOfOne * low.slopes[j] * low.slopes[j] * abs(low.outputs[j])
          * abs(high.outputs[j] - low.outputs[j])
      }
    }
    let beyond = max(0, abs(difference) - 8 * rounding)
    guard magnitude > 0 else { return beyond == 0 ? 0 : nil }
    return Self.residual(beyond, magnitude)
  }

  /// A random number in (−1, 1) times max(|θ|, 0.1) for every weight and bias; 0 in the padding. Not
  /// a random sign: moves of equal size could cancel in aᴸ.
  private static func randomDirection(
    _ parameters: Parameters<Double>, _ random: inout RandomSource
  ) -> [Double] {
    var direction = [Double](repeating: 0, count: parameters.layout.count)
    for tensor in parameters.layout.tensors {
      for element in 0..<tensor.count {
        let index = tensor.index(ofElement: element)
        direction[index] = (2 * random.uniform() - 1) * max(abs(parameters.start[index]), 0.1)
      }
    }
    return direction
  }
}
