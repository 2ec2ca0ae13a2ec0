import Backprop

/// Trains each mutant of backpropagation, and the right one, from the same weights on the same batches.
///
/// It shows why a wrong gradient is so easily missed: accuracy is fine for some mutants, for they still
/// go downhill more often than not; the gradient check fails for all.
package struct MutantLab: Sendable {
  package var epochs: Int
  package var batchSize: Int
  /// η of plain gradient descent: no rule that rescales the gradient may cover for a mutant.
  package var learningRate: Double
  package var seed: UInt64

  package init(
    epochs: Int = 30, batchSize: Int = 16, learningRate: Double = 0.2, seed: UInt64 = 0
  ) {
    precondition(
      epochs >= 1 && batchSize >= 1 && learningRate > 0,
      "\(epochs) epochs, batch size \(batchSize), learning rate \(learningRate)")
    self.epochs = epochs
    self.batchSize = batchSize
    self.learningRate = learningRate
    self.seed = seed
  }

  /// Trains and checks backpropagation, then every mutant.
  ///
  /// - Parameters:
  ///   - network: The weights that all begin with.
  ///   - data: Examples to train on, and to judge by.
  ///   - checked: Some of them, for the gradient check.
  ///   - metrics: How outputs are judged.
  /// - Returns: Backpropagation first, then the mutants in their order.
  package func run(
    _ network: Network<Double>, on data: Dataset<Double>, checking checked: Dataset<Double>,
    metrics: MetricKind
  ) -> [MutantReport] {
    let network = network.inOrdinaryForm
    let before = network.evaluate(on: data, metrics: metrics)
    return ([nil] + Mutant.allCases).map { mutant in
      guard mutant?.differs(for: network, on: checked) ?? true else {
        return MutantReport(skipping: mutant)
      }
      let backward = Self.backward(mutant)
      let check = GradientCheck(seed: seed, measuresCurve: false)
        .run(network, on: checked, backward: backward)
      let after = train(network, on: data, backward).evaluate(on: data, metrics: metrics)
      return MutantReport(mutant: mutant, before: before, after: after, check: check)
    }
  }

  static func backward(_ mutant: Mutant?) -> GradientCheck.BackwardPass {
    { network, workspace, gradient in
      if let mutant {
        mutant.backward(network, in: &workspace, into: &gradient)
      } else {
        network.backward(in: &workspace, into: &gradient)
      }
    }
  }

  /// The loop of `Trainer`, with a backward pass of one's own, and nothing else.
  private func train(
    _ start: Network<Double>, on data: Dataset<Double>, _ backward: GradientCheck.BackwardPass
  ) -> Network<Double> {
    var network = start
    let size = min(batchSize, data.count)
    var source = BatchSource(data, seed: seed)
    var workspace = Workspace(for: network, capacity: size)
    var gradient = network.makeGradient()
    var optimizer = Optimizer<Double>(rule: .sgd, for: network.parameters.layout)
    for epoch in 1...epochs {
      for batch in source.batches(of: size, epoch: epoch, shuffled: true) {
        // A mutant that climbs leaves the range of numbers, and has shown what it can do.
        guard network.forward(batch, in: &workspace).isFinite else { return network }
        backward(network, &workspace, &gradient)
        optimizer.update(&network.parameters, along: gradient, rate: learningRate)
      }
    }
    return network
  }
}

/// One mutant, or backpropagation itself: what training and the gradient check say of it.
package struct MutantReport: Codable, Hashable, Sendable {
  /// nil for backpropagation as it should be.
  package let mutant: Mutant?
  /// Whether it is another function than backpropagation for this network; else nothing was run.
  package let applies: Bool
  /// The metric that judges, such as "accuracy".
  package let metric: String?
  package let metricBefore: Double?
  package let metricAfter: Double?
  package let lossBefore: Double?
  package let lossAfter: Double?
  package let checkPassed: Bool?
  /// Symbols of the tensors that the check calls wrong: "W²", "b²".
  package let failing: [String]
  /// The equations that the check names.
  package let suspects: [String]

  init(mutant: Mutant?, before: Evaluation, after: Evaluation, check: GradientReport) {
    self.mutant = mutant
    applies = true
    metric = before.metrics.values.first?.name
    metricBefore = before.metrics.values.first?.value
    metricAfter = after.metrics.values.first?.value
    lossBefore = before.loss
    lossAfter = after.loss
    checkPassed = check.passed
    failing = check.tensors.filter { $0.verdict == .wrong }.map(\.symbol)
    suspects = check.suspect?.equations ?? []
  }

  init(skipping mutant: Mutant?) {
    self.mutant = mutant
    applies = false
    (metric, metricBefore, metricAfter) = (nil, nil, nil)
    (lossBefore, lossAfter, checkPassed) = (nil, nil, nil)
    (failing, suspects) = ([], [])
  }

  /// Whether the check says what is so: backpropagation passes, and a mutant fails with its equation.
  package var isAsExpected: Bool {
    guard applies else { return true }
    return mutant.map { checkPassed == false && suspects == $0.equations } ?? (checkPassed == true)
  }
}

/// The network and the data of `backprop whatif` where none are given.
///
/// Two inputs, three classes: six clouds on a circle, whose classes take turns, so that no line
/// separates them and the hidden layers have something to do. Everything is a function of the seed.
package struct LabExample: Sendable {
  package let network: Network<Double>
  package let data: Dataset<Double>

  /// Widths, activations and loss of the network.
  package static let sizes = [2, 8, 8, 3]

  /// - Parameters:
  ///   - seed: Draws the weights and the clouds.
  ///   - count: Examples, as many of each class as of the others, but for a rest.
  package init(seed: UInt64 = 0, count: Int = 180) throws(NetworkError) {
    network = try Network(
      sizes: Self.sizes, activations: [.tanh, .tanh, .softmax], loss: .crossEntropy, seed: seed)
    var random = RandomSource(seed: seed, purpose: .sampling)
    var inputs = Matrix<Double>(rows: count, columns: 2)
    var targets = Matrix<Double>(rows: count, columns: 3)
    // cos and sin of 0°, 60°, … 300°.
    let half = 0.75.squareRoot()
    let centers = [(1, 0), (0.5, half), (-0.5, half), (-1, 0), (-0.5, -half), (0.5, -half)]
    for row in 0..<count {
      let cloud = row % centers.count
      inputs[row, 0] = 2 * centers[cloud].0 + 0.4 * random.normal()
      inputs[row, 1] = 2 * centers[cloud].1 + 0.4 * random.normal()
      targets[row, cloud % 3] = 1
    }
    data = Dataset(inputs: inputs, targets: targets)
  }
}
