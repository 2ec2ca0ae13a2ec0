import Backprop

// What if the assumptions did not hold? Three losses that break one of them, or seem to, each
// differentiated in three ways: by the equations as they stand ("naive"), by the equations with the
// term that the chain rule asks for ("repaired"), and by central differences of the loss.
//
// The equations, as written, are wrong for such a loss; the chain rule is not. The engine runs all
// three: a repair is another weight of an example, or one more term, and no second implementation.

/// An experiment with a loss that breaks an assumption of backpropagation.
package enum Experiment: String, CaseIterable, Codable, Sendable {
  /// C = Πₓ Cₓ: not a sum over examples, so assumption I is broken.
  ///
  /// By the product rule ∂C/∂θ = Σₓ (Π_{y≠x} C_y) ∂Cₓ/∂θ: each δᴸ is to be scaled by
  /// wₓ = ∂C/∂Cₓ = Π_{y≠x} C_y, which is the weight of an example.
  case product
  /// log Πₓ Cₓ = Σₓ log Cₓ: the logarithm restores the sum, of other losses: wₓ = 1/Cₓ.
  case logarithm
  /// C + Σₓ wₓ ½ λ ‖aˡ‖² for a hidden layer l: not a function of aᴸ only, so assumption II is broken.
  ///
  /// aˡ now reaches the loss by two ways, so BP2 has one more term at layer l:
  /// δˡ = ((Wˡ⁺¹)ᵀ δˡ⁺¹ + wₓ λ aˡ) ⊙ σ′(zˡ).
  case hiddenPenalty = "hidden-penalty"
  /// C + ½ λ ‖W‖²: a function of the parameters themselves. Only BP4 changes, by + λ W; δ does not.
  case l2

  /// The assumption that is broken: "I", "II"; nil for L2, which breaks none that δ needs.
  package var brokenAssumption: String? {
    switch self {
    case .product, .logarithm: "I"
    case .hiddenPenalty: "II"
    case .l2: nil
    }
  }
}

/// Runs experiments on a network and some examples.
package struct ExperimentLab: Sendable {
  /// λ of the penalties; positive.
  package var lambda: Double
  /// Entries of each tensor that are compared; at least 1.
  package var entriesPerTensor: Int
  package var seed: UInt64

  /// The most factors of a product: more, and it would leave the range of numbers.
  package static let mostFactors = 6
  /// The least loss that is a factor. A loss that is ε but for rounding has no derivative to speak of.
  package static let leastFactor = 1e-9

  package init(lambda: Double = 0.1, entriesPerTensor: Int = 12, seed: UInt64 = 0) {
    precondition(lambda > 0 && entriesPerTensor >= 1, "λ \(lambda), \(entriesPerTensor) entries")
    self.lambda = lambda
    self.entriesPerTensor = entriesPerTensor
    self.seed = seed
  }

  /// Runs one experiment.
  ///
  /// - Parameters:
  ///   - network: In double precision.
  ///   - examples: At least two; the product takes the few with the largest losses.
  /// - Throws: `ExperimentError` where the network or the examples admit no such loss.
  package func run(
    _ experiment: Experiment, _ network: Network<Double>, on examples: Dataset<Double>
  ) throws(ExperimentError) -> ExperimentReport {
    let network = network.inOrdinaryForm
    switch experiment {
    case .product, .logarithm:
      let factors = try Self.factors(of: network, examples)
      return product(experiment, network, factors.examples, losses: factors.losses)
    case .hiddenPenalty: return try hiddenPenalty(network, examples)
    case .l2: return l2(network, examples)
    }
  }

  // MARK: Assumption I

  /// The examples with the largest losses, if they are clearly above 0, and those losses.
  private static func factors(
    of network: Network<Double>, _ examples: Dataset<Double>
  ) throws(ExperimentError) -> (examples: Dataset<Double>, losses: [Double]) {
    let plain = Dataset(inputs: examples.inputs, targets: examples.targets)
    var workspace = Workspace(for: network, capacity: examples.count)
    _ = network.forward(plain.batch, in: &workspace, scale: 1, pool: nil)
    let losses = workspace.exampleLosses
    let rows = losses.indices.filter { losses[$0] > leastFactor && losses[$0].isFinite }
      .sorted { losses[$0] != losses[$1] ? losses[$0] > losses[$1] : $0 < $1 }.prefix(mostFactors)
    guard rows.count >= 2 else {
      throw .tooFewFactors(positive: rows.count, examples: examples.count)
    }
    return (plain.subset(rows.map { UInt32($0) }), rows.map { losses[$0] })
  }

  private func product(
    _ experiment: Experiment, _ network: Network<Double>, _ examples: Dataset<Double>,
    losses: [Double]
  ) -> ExperimentReport {
    let sum = Network(
      layers: network.layers, parameters: network.parameters, loss: network.loss, reduction: .sum)
    let weights = losses.indices.map { x in
      experiment == .product
        ? losses.indices.reduce(1.0) { $1 == x ? $0 : $0 * losses[$1] }  // Π_{y≠x} C_y
        : 1 / losses[x]
    }
    let weighted = Dataset(
      inputs: examples.inputs, targets: examples.targets, weights: weights)
    let naive = Self.gradient(of: sum, examples)
    let repaired = Self.gradient(of: sum, weighted)
    let batch = examples.batch
    return report(experiment, sum, examples.count, naive.gradient, repaired) { network, workspace in
      _ = network.forward(batch, in: &workspace)
      let losses = workspace.exampleLosses
      return experiment == .product
        ? losses.reduce(1, *) : losses.reduce(0) { $0 + Double.naturalLogarithm($1) }
    }
  }

  // MARK: Assumption II

  private func hiddenPenalty(
    _ network: Network<Double>, _ examples: Dataset<Double>
  ) throws(ExperimentError) -> ExperimentReport {
    guard network.layers.count > 1 else { throw .noHiddenLayer }
    // The last hidden layer: what is above it stays right, what is below it does not.
    let hidden = network.layers.count - 2
    let batch = examples.batch
    let naive = Self.gradient(of: network, examples)
    var workspace = Workspace(
      for: network, capacity: examples.count, keepsWeightedInputs: true)
    var gradient = network.makeGradient()
    let loss = network.forward(batch, in: &workspace)
    backward(network, penalizing: hidden, in: &workspace, into: &gradient)
    let roundoff = network.roundoff(
      of: loss, in: workspace, network.magnitudes(in: workspace))
    let lambda = lambda
    return report(
      .hiddenPenalty, network, examples.count, naive.gradient, (gradient, roundoff),
      penalizedLayer: hidden + 2
    ) { network, workspace in
      let loss = network.forward(batch, in: &workspace)
      return loss + Self.penalty(lambda, on: hidden, of: network, in: workspace)
    }
  }

  /// wₓ of every example of the last batch.
  private static func weight(
    of row: Int, _ network: Network<Double>, in workspace: borrowing Workspace<Double>
  ) -> Double {
    workspace.weight(of: row)
  }

  /// Σₓ wₓ ½ λ ‖aˡₓ‖².
  private static func penalty(
    _ lambda: Double, on layer: Int, of network: Network<Double>,
    in workspace: borrowing Workspace<Double>
  ) -> Double {
    var sum = 0.0
    for row in 0..<workspace.rows {
      let squares = workspace.states[layer].outputs.row(row).reduce(0) { $0 + $1 * $1 }
      sum += weight(of: row, network, in: workspace) * lambda / 2 * squares
    }
    return sum
  }

  /// The engine's backward pass, with one more term in BP2 at a hidden layer.
  private func backward(
    _ network: Network<Double>, penalizing hidden: Int, in workspace: inout Workspace<Double>,
    into gradient: inout Parameters<Double>
  ) {
    let rows = 0..<workspace.rows
    network.formOutputDelta(rows, in: workspace)  // BP1
    for layer in network.layers.indices.reversed() {
      network.formGradient(
        of: layer, rows, blocks: workspace.blocks.count, in: workspace, into: gradient.mutableStart,
        pool: nil)
      if layer > 0 {
        if layer - 1 == hidden {
          formPenalizedDelta(network, of: hidden, in: workspace)
        } else {
          network.formBackpropagatedDelta(below: layer, rows, in: workspace, pool: nil)  // BP2
        }
      }
    }
  }

  /// BP2 with one more term: δˡ from ∂C/∂aˡ + wₓ λ aˡ.
  private func formPenalizedDelta(
    _ network: Network<Double>, of layer: Int, in workspace: borrowing Workspace<Double>
  ) {
    let rows = 0..<workspace.rows
    let pass = network.pass(rows, through: layer, in: workspace, pool: nil)
    network.layers[layer + 1].formInputGradient(
      network.pass(rows, through: layer + 1, in: workspace, pool: nil),
      into: pass.state.outputGradient)
    for row in rows {
      let factor = lambda * Self.weight(of: row, network, in: workspace)
      let (gradient, a) = (pass.state.outputGradient.row(row), pass.state.outputs.row(row))
      for column in a.indices { gradient[column] += factor * a[column] }
    }
    network.layers[layer].formDelta(pass)
  }

  // MARK: Penalties on parameters

  private func l2(_ network: Network<Double>, _ examples: Dataset<Double>) -> ExperimentReport {
    let batch = examples.batch
    let lambda = lambda
    let (naive, roundoff) = Self.gradient(of: network, examples)
    var repaired = naive
    repaired.addSquaredNormGradient(lambda, of: network.parameters, pool: nil)
    let penalty = network.parameters.squaredNormPenalty(lambda)
    // Whether the error is left alone: two steps as training takes them, with the penalty and without.
    func delta(_ lambda: Double) -> [Matrix<Double>] {
      network.trace(
        batch, optimizer: Optimizer(rule: .sgd, for: network.parameters.layout),
        learningRate: 0.1, l2Penalty: lambda
      ).layers.map(\.delta)
    }
    return report(
      .l2, network, examples.count, naive, (repaired, roundoff + .ulpOfOne * penalty),
      leavesDelta: delta(lambda) == delta(0)
    ) { network, workspace in
      network.forward(batch, in: &workspace) + network.parameters.squaredNormPenalty(lambda)
    }
  }

  // MARK: Comparing

  /// The engine's gradient, and the rounding of its loss.
  private static func gradient(
    of network: Network<Double>, _ examples: Dataset<Double>
  ) -> (gradient: Parameters<Double>, roundoff: Double) {
    var workspace = Workspace(
      for: network, capacity: examples.count, keepsWeightedInputs: true)
    var gradient = network.makeGradient()
    let loss = network.forward(examples.batch, in: &workspace)
    network.backward(in: &workspace, into: &gradient)
    let magnitudes = network.magnitudes(in: workspace)
    return (gradient, network.roundoff(of: loss, in: workspace, magnitudes))
  }

  private func report(
    _ experiment: Experiment, _ network: Network<Double>, _ count: Int,
    _ naive: Parameters<Double>, _ repaired: (gradient: Parameters<Double>, roundoff: Double),
    penalizedLayer: Int? = nil, leavesDelta: Bool? = nil,
    objective: @escaping NumericDerivative.Objective
  ) -> ExperimentReport {
    var workspace = Workspace(for: network, capacity: count, keepsWeightedInputs: true)
    let value = objective(network, &workspace)
    var derivative = NumericDerivative(
      of: network, capacity: count, roundoff: repaired.roundoff + .ulpOfOne * abs(value),
      objective: objective)
    let drawer = GradientCheck(entriesPerTensor: entriesPerTensor, seed: seed)
    var tensors: [ExperimentReport.Tensor] = []
    for tensor in network.parameters.layout.tensors {
      var record = ExperimentReport.Tensor(layer: tensor.layer + 2, name: tensor.role)
      let entries = drawer.entries(of: tensor, steepIn: repaired.gradient)
      for entry in entries.drawn {
        let d = derivative.estimate(entry, step: .auto)
        guard d.isUsable else { continue }
        record.add(
          ExperimentReport.Sample(
            output: entry.output, input: entry.input, naive: naive[entry],
            repaired: repaired.gradient[entry], numeric: d.value,
            naiveError: GradientCheck.relativeError(naive[entry], d),
            repairedError: GradientCheck.relativeError(repaired.gradient[entry], d)))
      }
      tensors.append(record)
    }
    return ExperimentReport(
      experiment: experiment, examples: count, loss: value, lambda: lambda, tensors: tensors,
      hasKinks: network.hasKinks, penalizedLayer: penalizedLayer, leavesDelta: leavesDelta)
  }
}

/// Why an experiment cannot be made.
package enum ExperimentError: UserError, Equatable {
  case tooFewFactors(positive: Int, examples: Int)
  case noHiddenLayer

  package var message: String {
    switch self {
    case .tooFewFactors(let positive, let examples):
      "a product of losses needs 2 examples whose loss is clearly above 0, found \(positive) of "
        + "\(examples): give more examples, or a model that does not fit them perfectly"
    case .noHiddenLayer:
      "a penalty on a hidden activation needs a hidden layer, and the network has none: "
        + "give a deeper one"
    }
  }
}
