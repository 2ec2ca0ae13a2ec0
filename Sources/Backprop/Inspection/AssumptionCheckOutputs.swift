// Assumption II: C depends on the parameters through aᴸ only.

extension AssumptionCheck {
  /// Whether C changes only through aᴸ.
  ///
  /// - Parameters:
  ///   - network: In double precision.
  ///   - examples: At least one.
  /// - Complexity: O(trials) passes.
  public func functionOfOutputs(
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
    var gradient = network.makeGradient()
    let loss = network.forward(batch, in: &workspace)
    network.backward(in: &workspace, into: &gradient)
    let roundoff = network.roundoff(of: loss, in: workspace)
    let outputs = workspace.outputs(of: network.layers.count - 1)
    let losses = workspace.exampleLosses

    // The same loss on top of nothing but a copy of aᴸ.
    let top = Self.lossAlone(of: network)
    let alone = Self.lossAndGradient(top, outputs, examples)
    // Rounding of aᴸ itself: a loss from logits is more accurate than one from aᴸ.
    let slope = zip(alone.gradient.elements.joined(), outputs.elements.joined())
    let scale =
      losses.reduce(0) { $0 + abs($1) } + slope.reduce(0) { $0 + abs($1.0 * $1.1) }
    // One by one, so that differences do not cancel. An output that underflowed to 0 has no
    // logarithm, though its logit has.
    let difference = zip(alone.losses, losses).reduce(0) { sum, pair in
      pair.0.isFinite ? sum + abs(pair.0 - pair.1) : sum
    }
    note(.lossOfOutputs, Self.residual(difference, scale.isFinite ? scale : abs(loss)))

    var random = RandomSource(seed: seed, purpose: .sampling, index: 1 << 16 + 1)
    for _ in 0..<trials where network.layers.count > 1 {
      let permuted = Self.permutingNeurons(of: network, &random)
      let other = permuted.forward(batch, in: &workspace)
      note(
        .permutedNeurons, Self.residual(other - loss, max(abs(loss), roundoff / .ulpOfOne)))
    }
    for _ in 0..<trials {
      if let residual = firstOrderResidual(network, examples, top, alone.gradient, &random) {
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

  /// C and w ∇ₐC from aᴸ and y: under the identity, BP1 is δ = w ∇ₐC.
  private static func lossAndGradient(
    _ top: Network<Double>, _ outputs: Matrix<Double>, _ examples: Dataset<Double>
  ) -> (losses: [Double], gradient: Matrix<Double>) {
    var workspace = Workspace(for: top, capacity: examples.count)
    let batch = Batch(inputs: outputs, targets: examples.targets, weights: examples.weights)
    top.forward(batch, in: &workspace)
    top.formOutputDelta(in: &workspace)
    return (workspace.exampleLosses, workspace.delta(of: 0))
  }

  /// The same function of x, with the neurons of every hidden layer in another order.
  static func permutingNeurons(
    of network: Network<Double>, _ random: inout RandomSource
  ) -> Network<Double> {
    var result = network
    for layer in network.layers.indices.dropLast() {
      let order = random.permutation(of: network.layers[layer].outputs).map(Int.init)
      let pieces = network.layers[layer].activation.pieces
      let source = result.parameters
      let (tensor, above) = (source.layout.tensors[layer], source.layout.tensors[layer + 1])
      for (place, neuron) in order.enumerated() {
        for piece in 0..<pieces {
          for input in Array(0..<tensor.inputs).map(Optional.init) + [nil] {
            result.parameters[layer: layer, output: place * pieces + piece, input: input] =
              source[layer: layer, output: neuron * pieces + piece, input: input]
          }
        }
        for output in 0..<above.outputs {
          result.parameters[layer: layer + 1, output: output, input: place] =
            source[layer: layer + 1, output: output, input: neuron]
        }
      }
    }
    return result
  }

  /// |C(θ + v) − C(θ − v) − ∇ₐC · (aᴸ(θ + v) − aᴸ(θ − v))| / Σ |∇ₐC Δaᴸ| for a small random v.
  ///
  /// - Returns: nil where the loss has a kink on the way.
  private func firstOrderResidual(
    _ network: Network<Double>, _ examples: Dataset<Double>, _ top: Network<Double>,
    _ slope: Matrix<Double>, _ random: inout RandomSource
  ) -> Double? {
    // Rounding grows as ε/t, the second term of the odd series as t²: t = ∛ε.
    let size = 6e-6
    let direction = Self.randomDirection(network.parameters, &random)
    var workspace = Workspace(for: network, capacity: examples.count)
    var patterns = (KinkPattern(), KinkPattern())
    func move(_ t: Double) -> (loss: Double, outputs: Matrix<Double>) {
      var moved = network
      let theta = moved.parameters.mutableStart
      for index in 0..<moved.parameters.layout.count { theta[index] += t * direction[index] }
      let loss = moved.forward(examples.batch, in: &workspace)
      return (loss, workspace.outputs(of: network.layers.count - 1))
    }
    let (above, below) = (move(size), move(-size))
    if network.loss.fold != .none {
      for (outputs, isAbove) in [(above.outputs, true), (below.outputs, false)] {
        var topWorkspace = Workspace(for: top, capacity: examples.count)
        top.forward(
          Batch(inputs: outputs, targets: examples.targets, weights: examples.weights),
          in: &topWorkspace)
        if isAbove {
          top.formKinkPattern(in: topWorkspace, into: &patterns.0)
        } else {
          top.formKinkPattern(in: topWorkspace, into: &patterns.1)
        }
      }
      guard patterns.0 == patterns.1 else { return nil }
    }
    var (change, scale) = (0.0, 0.0)
    for row in 0..<examples.count {
      for column in 0..<network.outputCount {
        let term =
          slope[row, column] * (above.outputs[row, column] - below.outputs[row, column])
        change += term
        scale += abs(term)
      }
    }
    guard scale > 0 else { return above.loss == below.loss ? 0 : nil }
    return Self.residual(above.loss - below.loss - change, scale)
  }

  /// A random number in (−1, 1) times max(|θ|, 0.1) for every weight and bias; 0 in the padding. Not
  /// a random sign: moves of equal size could cancel in aᴸ.
  private static func randomDirection(
    _ parameters: Parameters<Double>, _ random: inout RandomSource
  ) -> [Double] {
    var direction = [Double](repeating: 0, count: parameters.layout.count)
    for tensor in parameters.layout.tensors {
      for output in 0..<tensor.outputs {
        for input in Array(0..<tensor.inputs).map(Optional.init) + [nil] {
          let index = tensor.index(output: output, input: input)
          direction[index] =
            (2 * random.uniform() - 1) * max(abs(parameters.start[index]), 0.1)
        }
      }
    }
    return direction
  }
}
