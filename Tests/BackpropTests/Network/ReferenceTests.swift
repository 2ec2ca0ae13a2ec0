import Testing

@testable import Backprop
@testable import BackpropInspection

@Suite("Against reference numbers")
struct ReferenceTests {
  struct Step: Decodable {
    let lossValue: Double
    let deltas: [[Double]]
    let outputs: [[Double]]
    let weightedInputs: [[Double]]
    let weightGradients: [[[Double]]]
    let biasGradients: [[Double]]
    let learningRate: Double
    let weightsAfter: [[[Double]]]
    let biasesAfter: [[Double]]
    let l2Penalty: Double?
    let dataLoss: Double?
    let weightGradientsWithPenalty: [[[Double]]]?
    let outputsAfter: [Double]?
  }

  @Test(
    "Every quantity of one step agrees with 40-digit arithmetic",
    arguments: ["sklearn_test_fit", "mazur"])
  func oneStep(name: String) throws {
    let reference = try fixture(name, as: ReferenceNetwork.self)
    let step = try fixture(name, as: Step.self)
    var network: Network<Double> = try reference.network()
    var workspace = Workspace(for: network, capacity: 1, keepsWeightedInputs: true)
    var gradient = network.makeGradient()
    let loss = network.forward(reference.batch(), in: &workspace)
    network.backward(in: &workspace, into: &gradient)
    #expect(abs(loss - (step.dataLoss ?? step.lossValue)) <= 1e-12)
    for layer in network.layers.indices {
      let z = workspace.weightedInputs(of: layer)
      let a = workspace.outputs(of: layer)
      let delta = workspace.delta(of: layer)
      #expect(relativeDifference(z?[row: 0] ?? [], step.weightedInputs[layer]) <= 1e-12)
      #expect(relativeDifference(a[row: 0], step.outputs[layer]) <= 1e-12)
      #expect(relativeDifference(delta[row: 0], step.deltas[layer]) <= 1e-12)
      let found = gradient.numbers(of: layer)
      #expect(
        relativeDifference(found.weights, step.weightGradients[layer].flatMap { $0 }) <= 1e-12)
      #expect(relativeDifference(found.biases, step.biasGradients[layer]) <= 1e-12)
    }
    // The update, through the trainer, with the penalty where the example has one.
    let configuration = TrainingConfiguration(
      optimizer: .sgd, learningRate: step.learningRate, schedule: .constant, batchSize: 1,
      epochs: 1, l2Penalty: step.l2Penalty ?? 0)
    let data = Dataset<Double>(
      inputs: Matrix(reference.inputs), targets: Matrix(reference.targets))
    var objective = 0.0
    try Trainer<Double>(configuration: configuration).train(
      &network, on: data,
      metrics: .regression(scales: [Double](repeating: 1, count: network.outputCount))
    ) { event in
      if case .epoch(let report) = event { objective = report.loss }
    }
    #expect(abs(objective - step.lossValue) <= 1e-12)
    for layer in network.layers.indices {
      let found = network.parameters.numbers(of: layer)
      #expect(relativeDifference(found.weights, step.weightsAfter[layer].flatMap { $0 }) <= 1e-12)
      #expect(relativeDifference(found.biases, step.biasesAfter[layer]) <= 1e-12)
    }
    if let outputs = step.outputsAfter {
      #expect(
        relativeDifference(network.predictions(for: data.inputs)[row: 0], outputs) <= 1e-12)
    }
  }

  struct Mazur: Decodable {
    struct Run: Decodable {
      let lossAfter: Double
      let steps: Int
      let lossAtEnd: Double
      let weightsAtEnd: [[[Double]]]
    }
    let learningRate: Double
    let frozenBiases: Run
  }

  @Test("Mazur's run of 10,000 steps with frozen biases ends where 40-digit arithmetic does")
  func mazurRun() throws {
    let reference = try fixture("mazur", as: ReferenceNetwork.self)
    let mazur = try fixture("mazur", as: Mazur.self)
    var network: Network<Double> = try reference.network()
    var workspace = Workspace(for: network, capacity: 1)
    var gradient = network.makeGradient()
    var optimizer = Optimizer<Double>(rule: .sgd, for: network.parameters.layout)
    for step in 1...mazur.frozenBiases.steps {
      network.forward(reference.batch(), in: &workspace)
      network.backward(in: &workspace, into: &gradient)
      for layer in 0..<2 {
        for unit in 0..<2 { gradient[layer: layer, output: unit, input: nil] = 0 }
      }
      optimizer.update(&network.parameters, along: gradient, rate: mazur.learningRate)
      if step == 1 {
        let loss = network.forward(reference.batch(), in: &workspace)
        #expect(abs(loss - mazur.frozenBiases.lossAfter) <= 1e-12)
      }
    }
    let loss = network.forward(reference.batch(), in: &workspace)
    #expect(abs(loss - mazur.frozenBiases.lossAtEnd) <= 1e-12)
    for layer in 0..<2 {
      #expect(
        relativeDifference(
          network.parameters.numbers(of: layer).weights,
          mazur.frozenBiases.weightsAtEnd[layer].flatMap { $0 }) <= 1e-10)
    }
  }

  struct Neuron: Decodable {
    struct Run: Decodable {
      struct Epoch: Decodable {
        let epoch: Int
        let weight: Double
        let bias: Double
        let output: Double
        let loss: Double
      }
      let name: String
      let learningRate: Double
      let loss: Loss
      let weights: [[[Double]]]
      let biases: [[Double]]
      let epochs: [Epoch]
    }
    let cases: [Run]
  }

  @Test("Nielsen's one-neuron runs agree with 40-digit arithmetic to 1e-12")
  func nielsen() throws {
    for run in try fixture("nielsen_neuron", as: Neuron.self).cases {
      var network = try Network<Double>(
        sizes: [1, 1], activations: [.sigmoid], loss: run.loss, reduction: .sum)
      network.parameters.setTensors(of: 0, weights: run.weights[0][0], biases: run.biases[0])
      let batch = Batch<Double>(inputs: Matrix([[1]]), targets: Matrix([[0]]))
      var workspace = Workspace(for: network, capacity: 1)
      var gradient = network.makeGradient()
      var optimizer = Optimizer<Double>(rule: .sgd, for: network.parameters.layout)
      var next = 0
      for epoch in 0...(run.epochs.last?.epoch ?? 0) {
        let loss = network.forward(batch, in: &workspace)
        if run.epochs[next].epoch == epoch {
          let expected = run.epochs[next]
          #expect(abs(loss - expected.loss) <= 1e-12, "\(run.name), epoch \(epoch)")
          let output = workspace.outputs(of: 0)[0, 0]
          #expect(abs(output - expected.output) <= 1e-12)
          #expect(
            abs(network.parameters[layer: 0, output: 0, input: 0] - expected.weight) <= 1e-12)
          #expect(
            abs(network.parameters[layer: 0, output: 0, input: nil] - expected.bias) <= 1e-12)
          next += 1
        }
        network.backward(in: &workspace, into: &gradient)
        optimizer.update(&network.parameters, along: gradient, rate: run.learningRate)
      }
      #expect(next == run.epochs.count)
    }
  }

  struct Gradients: Decodable {
    struct Case: Decodable {
      let name: String
      let exampleWeights: [Double]?
      let lossValue: Double
      let lossValueFloat: Double
      let weightGradients: [[[Double]]]
      let biasGradients: [[Double]]
      let weightGradientsFloat: [[[Double]]]
      let biasGradientsFloat: [[Double]]
    }
    let cases: [Case]
  }
  struct Networks: Decodable {
    let cases: [ReferenceNetwork]
  }

  func worstDifference<T: Scalar>(
    _ type: T.Type, _ reference: ReferenceNetwork, _ expected: Gradients.Case, loss: Double,
    weights: [[[Double]]], biases: [[Double]]
  ) throws -> Double {
    let network: Network<T> = try reference.network()
    var workspace = Workspace(for: network, capacity: reference.inputs.count)
    var gradient = network.makeGradient()
    let found = network.forward(
      reference.batch(weights: expected.exampleWeights), in: &workspace)
    network.backward(in: &workspace, into: &gradient)
    var worst = relativeDifference([found], [loss])
    for layer in network.layers.indices {
      let numbers = gradient.numbers(of: layer)
      worst = max(worst, relativeDifference(numbers.weights, weights[layer].flatMap { $0 }))
      worst = max(worst, relativeDifference(numbers.biases, biases[layer]))
    }
    return worst
  }

  @Test("Loss and gradients agree with PyTorch's autograd, in Double and in Float")
  func pyTorchGradients() throws {
    let networks = try fixture("pytorch_gradients", as: Networks.self).cases
    let expectations = try fixture("pytorch_gradients", as: Gradients.self).cases
    #expect(expectations.count >= 80)
    for (reference, expected) in zip(networks, expectations) {
      let double = try worstDifference(
        Double.self, reference, expected, loss: expected.lossValue,
        weights: expected.weightGradients, biases: expected.biasGradients)
      #expect(double <= 1e-12, "\(expected.name): \(double)")
      let float = try worstDifference(
        Float.self, reference, expected, loss: expected.lossValueFloat,
        weights: expected.weightGradientsFloat, biases: expected.biasGradientsFloat)
      #expect(float <= 1e-5, "\(expected.name): \(float)")
    }
  }

  struct OptimizerCases: Decodable {
    struct Case: Decodable {
      struct After: Decodable {
        let step: Int
        let lossBefore: Double
        let weights: [[[Double]]]
        let biases: [[Double]]
      }
      let name: String
      let problem: String
      let learningRate: Double
      let weightDecay: Double?
      let l2Penalty: Double?
      let clipNorm: Double?
      let clipValue: Double?
      let after: [After]
    }
    let quadratic: ReferenceNetwork
    let cases: [Case]
  }
  /// The keys of a rule's constants are those of its coded form.
  struct Rules: Decodable {
    let cases: [OptimizerRule]
  }

  @Test("Every optimiser walks where PyTorch's or its paper's walks, for 1,000 steps")
  func pyTorchOptimizers() throws {
    let net = try fixture("pytorch_optimizers", as: ReferenceNetwork.self)
    let document = try fixture("pytorch_optimizers", as: OptimizerCases.self)
    let rules = try fixture("pytorch_optimizers", as: Rules.self).cases
    #expect(Set(rules.map(\.name)).union(["lbfgs"]) == Set(OptimizerRule.names))
    for (rule, expected) in zip(rules, document.cases) {
      let reference = expected.problem == "net" ? net : document.quadratic
      var network: Network<Double> = try reference.network()
      let batch: Batch<Double> = reference.batch()
      var workspace = Workspace(for: network, capacity: batch.count)
      var gradient = network.makeGradient()
      var optimizer = Optimizer<Double>(
        rule: rule, weightDecay: expected.weightDecay ?? 0,
        for: network.parameters.layout)
      for step in 1...(expected.after.last?.step ?? 1) {
        let lambda = expected.l2Penalty ?? 0
        let loss = network.forward(batch, in: &workspace)
        network.backward(in: &workspace, into: &gradient)
        gradient.addSquaredNormGradient(lambda, of: network.parameters, pool: nil)
        gradient.clip(toNorm: expected.clipNorm, value: expected.clipValue)
        optimizer.update(&network.parameters, along: gradient, rate: expected.learningRate)
        guard let after = expected.after.first(where: { $0.step == step }) else { continue }
        let tolerance = step > 10 ? 1e-10 : 1e-12
        #expect(abs(loss - after.lossBefore) <= tolerance, "\(expected.name), step \(step)")
        for layer in network.layers.indices {
          let found = network.parameters.numbers(of: layer)
          #expect(
            relativeDifference(found.weights, after.weights[layer].flatMap { $0 }) <= tolerance,
            "\(expected.name), step \(step)")
          #expect(
            relativeDifference(found.biases, after.biases[layer]) <= tolerance,
            "\(expected.name), step \(step)")
        }
      }
    }
  }

  struct SearchCases: Decodable {
    struct Step: Decodable {
      let lossAfter: Double
      let evaluations: Int
      let weights: [[[Double]]]
      let biases: [[Double]]
    }
    /// The whole run, where one unit in the last place does not grow to another number of steps.
    struct Whole: Decodable {
      let steps: Int
      let evaluations: Int
      let loss: Double
      let end: String
    }
    struct Case: Decodable {
      let name: String
      let problem: String
      let learningRate: Double
      let memory: Int
      let l2Penalty: Double?
      let steps: [Step]
      let whole: Whole?
    }
    let quadratic: ReferenceNetwork
    let searches: [Case]
  }

  @Test(
    "L-BFGS searches where PyTorch's searches, evaluation by evaluation, and stops where it does")
  func pyTorchLBFGS() throws {
    let net = try fixture("pytorch_optimizers", as: ReferenceNetwork.self)
    let document = try fixture("pytorch_optimizers", as: SearchCases.self)
    for expected in document.searches {
      let reference = expected.problem == "net" ? net : document.quadratic
      var network: Network<Double> = try reference.network()
      let batch: Batch<Double> = reference.batch()
      let lambda = expected.l2Penalty ?? 0
      var workspace = Workspace(for: network, capacity: batch.count)
      var gradient = network.makeGradient()
      var optimizer = Optimizer<Double>(
        rule: .lbfgs(memory: expected.memory), for: network.parameters.layout)
      func evaluate(
        _ network: Network<Double>, _ workspace: inout Workspace<Double>,
        _ gradient: inout Parameters<Double>
      ) -> Objective {
        let loss = network.forward(batch, in: &workspace)
        network.backward(in: &workspace, into: &gradient)
        gradient.addSquaredNormGradient(lambda, of: network.parameters, pool: nil)
        return Objective(
          dataLoss: loss, penalty: network.parameters.squaredNormPenalty(lambda))
      }
      var objective = evaluate(network, &workspace, &gradient)
      func step() throws -> LBFGS<Double> {
        _ = optimizer.search(
          &network, in: &workspace, gradient: &gradient, objective: objective,
          rate: expected.learningRate, evaluate: evaluate)
        let found = try #require(optimizer.lbfgs)
        objective = try #require(found.reached)
        return found
      }
      var evaluations = 1
      for (index, after) in expected.steps.enumerated() {
        let place = "\(expected.name), step \(index + 1)"
        let found = try step()
        evaluations += after.evaluations
        #expect(found.record.evaluations == evaluations, "\(place)")
        #expect(abs(objective.value - after.lossAfter) <= 1e-10, "\(place)")
        for layer in network.layers.indices {
          let numbers = network.parameters.numbers(of: layer)
          let weights = relativeDifference(numbers.weights, after.weights[layer].flatMap { $0 })
          let biases = relativeDifference(numbers.biases, after.biases[layer])
          #expect(max(weights, biases) <= 1e-10, "\(place): \(weights), \(biases)")
        }
      }
      guard let whole = expected.whole else { continue }
      while optimizer.step < whole.steps {
        #expect(optimizer.lbfgs?.record.end == nil, "\(expected.name)")
        _ = try step()
      }
      let record = try #require(optimizer.lbfgs).record
      #expect(record.end?.rawValue == whole.end, "\(expected.name)")
      #expect(record.evaluations == 1 + whole.evaluations, "\(expected.name)")
      #expect(abs(objective.value - whole.loss) <= 1e-10, "\(expected.name)")
    }
  }
}
