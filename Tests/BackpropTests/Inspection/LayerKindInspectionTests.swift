import Testing

@testable import Backprop
@testable import BackpropInspection

@Suite("What is shown and checked of scaling layers and parametric activations")
struct LayerKindInspectionTests {
  static let activations: [Activation] = [.sigmoid, .tanh, .relu, .elu(), .softplus, .gelu, .silu]

  func data(_ count: Int = 6, seed: UInt64 = 2) -> Dataset<Double> {
    randomExamples(
      for: .crossEntropy, inputs: 4, outputs: 3, count: count, seed: seed, weighted: true)
  }

  func network(_ activation: Activation = .silu) throws -> Network<Double> {
    try LayerKindTests.network(LayerKindTests.mixed(activation))
  }

  func trace<T: Scalar>(
    _ network: Network<T>, _ data: Dataset<T>, rule: OptimizerRule = .sgd
  ) -> Trace<T> {
    network.trace(
      data.batch, optimizer: Optimizer(rule: rule, for: network.parameters.layout),
      learningRate: 0.1, l2Penalty: 0.01, l1Penalty: 0.01)
  }

  // MARK: Trace

  @Test("Every equation of a trace holds, in both precisions", arguments: activations)
  func holds(activation: Activation) throws {
    let network = try network(activation)
    for count in [1, 6] {
      let data = data(count)
      let double = trace(network, data).verification(for: network)
      #expect(double.verified, "\(activation): \(double.failures)")
      let single = network.converted(to: Float.self)
      let float = trace(
        single,
        Dataset(
          inputs: data.inputs.converted(), targets: data.targets.converted(),
          weights: data.weights?.map { Float($0) })
      ).verification(for: single)
      #expect(float.verified, "\(activation): \(float.failures)")
      #expect(float.worstResidual > double.worstResidual)
    }
  }

  @Test("The update of every rule is held against its formula", arguments: OptimizerRule.allCases)
  func rules(rule: OptimizerRule) throws {
    let network = try network()
    let trace = trace(network, data(), rule: rule)
    let verification = trace.verification(for: network)
    #expect(verification.verified, "\(rule): \(verification.failures)")
    #expect(trace.layers.map(\.kind).count { $0 == "scale" } == 5)
  }

  @Test(
    "A number that is not what its equation says is found, and the equation named",
    arguments: [
      (2, "weightedInputs", TraceEquation.scaledInput), (2, "tensors.0.gradient", .scaleGradient),
      (2, "tensors.0.update", .update), (2, "tensors.0.values", .scaledInput), (2, "delta", .bp2),
      (3, "outputGradient", .errorScaledDown), (3, "activated", .activated),
      (3, "outputs", .parametricOutput), (3, "tensors.2.values", .parametricOutput),
      (3, "tensors.2.gradient", .slopeGradient), (3, "tensors.2.update", .update),
      (3, "delta", .bp2), (3, "derivative", .derivative),
      (8, "normalization.normalizedDelta", .normalizedDelta),
      (8, "tensors.4.gradient", .slopeGradient),
    ])
  func corruption(layer: Int, path: String, equation: TraceEquation) throws {
    let network = try network(.tanh)
    let good = trace(network, data())
    let document = try JSONValue(encoding: good)
    #expect(try document.decoded(as: Trace<Double>.self) == good)
    let place = ["layers", "\(layer - 2)"] + path.split(separator: ".").map(String.init)
    let verification = try document.scaling(place).decoded(as: Trace<Double>.self)
      .verification(for: network)
    #expect(!verification.verified)
    #expect(
      verification.failures.contains { $0.equation == equation && $0.layer == layer },
      "\(verification.failures)")
  }

  @Test("A δ without α is found")
  func wrongDelta() throws {
    let network = try network(.tanh)
    var document = try JSONValue(encoding: trace(network, data(1)))
    let record = try #require(document["layers"]?[1])
    // δ = ∂C/∂a ⊙ σ′, as if α were 1.
    let rows = try #require(record["outputGradient"]?.array)
    let derivative = try #require(record["derivative"])
    let plain = rows.enumerated().map { row, slopes in
      JSONValue.array(
        (slopes.array ?? []).enumerated().map { column, slope in
          JSONValue((slope.double ?? 0) * (derivative[row]?[column]?.double ?? 0))
        })
    }
    document = document.replacing(["layers", "1", "delta"], by: .array(plain))
    let failures = try document.decoded(as: Trace<Double>.self).verification(for: network).failures
    #expect(failures.contains { $0.equation == .bp2 && $0.layer == 3 })
  }

  @Test("The norms of the examples' gradients are those of passes of their own")
  func exampleNorms() throws {
    let network = try network()
    let data = data(4)
    let trace = trace(network, data)
    var workspace = Workspace(for: network, capacity: 4)
    var gradient = network.makeGradient()
    network.forward(data.batch, in: &workspace)
    network.backward(in: &workspace, into: &gradient)
    let inWorkspace = network.exampleGradients(in: workspace)
    for example in 0..<4 {
      let own = self.trace(network, data.subset([UInt32(example)])).gradientNorm / 4
      #expect(abs(trace.exampleGradients.norms[example] - own) < 1e-13 * own)
      #expect(abs(inWorkspace.norms[example] - own) < 1e-13 * own)
    }
    #expect(trace.exampleGradients.layerNorms == inWorkspace.layerNorms)
  }

  // MARK: Checks

  @Test("The gradient check in Double is good to 1e-7 for both kinds", arguments: activations)
  func gradientCheck(activation: Activation) throws {
    let network = try network(activation)
    let report = GradientCheck(entriesPerTensor: nil).run(network, on: data())
    #expect(report.passed && report.isConclusive)
    for role in [ParameterTensor.Role.scale, .slope] {
      let tensors = report.tensors.filter { $0.name == role }
      #expect(tensors.count == (role == .scale ? 5 : 3))
      for tensor in tensors {
        #expect(tensor.verdict == .good && tensor.worstRelativeError <= 1e-7, "\(tensor)")
        #expect(tensor.checked == tensor.shape[0])
      }
    }
    #expect(report.tensors.map(\.symbol).contains("s²"))
    #expect(report.tensors.map(\.symbol).contains("α³"))
    let assumptions = AssumptionCheck(seed: 1)
    let sums = assumptions.sumOverExamples(network, data())
    #expect(sums.passed, "\(sums)")
    let outputs = assumptions.functionOfOutputs(network, data())
    #expect(outputs.passed, "\(outputs)")
  }

  @Test("Other places for the neurons leave the function as it is")
  func permuted() throws {
    let network = try network()
    var random = RandomSource(seed: 1, purpose: .sampling)
    let other = AssumptionCheck.permutingNeurons(of: network, &random)
    #expect(other.parameters != network.parameters)
    let inputs = data().inputs
    let difference = relativeDifference(
      other.predictions(for: inputs).elements.flatMap { $0 },
      network.predictions(for: inputs).elements.flatMap { $0 })
    #expect(difference < 1e-13)
  }

  @Test("A wrong ∂C/∂s or ∂C/∂α turns its tensor red, and no equation of the four is accused")
  func wrongGradients() throws {
    let network = try network()
    for role in [ParameterTensor.Role.scale, .slope] {
      let report = GradientCheck().run(network, on: data()) { network, workspace, gradient in
        network.backward(in: &workspace, into: &gradient)
        for tensor in gradient.layout.tensors where tensor.role == role {
          gradient.setElements(of: tensor, to: gradient.elements(of: tensor).map { 1.1 * $0 })
        }
      }
      let red = report.tensors.filter { $0.verdict == .wrong }
      #expect(red.count == (role == .scale ? 5 : 3) && red.allSatisfy { $0.name == role })
      #expect(report.suspect?.finding == .unclear)
    }
  }

  @Test("Mutants are found and named, the frozen first layer too where it has no weights")
  func mutants() throws {
    let layers = [
      LayerKindTests.scale(4), LayerKindTests.dense(4, 5, .tanh), LayerKindTests.scale(5),
      LayerKindTests.dense(5, 6, .silu), LayerKindTests.dense(6, 3, .softmax, parametric: false),
    ]
    let network: Network<Double> = try LayerKindTests.network(layers)
    let data = data(20)
    for mutant in Mutant.allCases {
      #expect(mutant.differs(for: network, on: data), "\(mutant)")
      let report = GradientCheck(measuresCurve: false).run(
        network, on: data, backward: MutantLab.backward(mutant))
      #expect(!report.passed && report.suspect?.mutant == mutant, "\(mutant)")
      #expect(report.suspect?.equations == mutant.equations, "\(mutant)")
    }
  }

  @Test(
    "The experiments on the assumptions come out as the theory says", arguments: Experiment.allCases
  )
  func experiments(experiment: Experiment) throws {
    for layers in [
      LayerKindTests.mixed(), Array(LayerKindTests.mixed().prefix(3)),
      Array(LayerKindTests.mixed().prefix(2)),
    ] {
      let width = layers[layers.count - 1].outputs
      let last = LayerKindTests.dense(width, 3, .softmax, parametric: false)
      let network: Network<Double> = try LayerKindTests.network(
        layers.count == 11 ? layers : layers + [last])
      let report = try ExperimentLab().run(experiment, network, on: data(8))
      #expect(report.passed, "\(experiment), \(layers.count) layers")
    }
  }

  // MARK: Diagnosis

  @Test("Twins are neurons equal in α too; a scaling layer has none, and no ‖W‖")
  func diagnosis() throws {
    var network = try Network<Double>(
      sizes: [4, 6, 3], activations: [.tanh, .softmax], loss: .crossEntropy,
      initializer: .constant(0.5), isParametric: true, scalesInputs: true)
    let data = data()
    func layers() -> [LayerDiagnosis] {
      var workspace = Workspace(for: network, capacity: data.count)
      var gradient = network.makeGradient()
      network.forward(data.batch, in: &workspace)
      network.backward(in: &workspace, into: &gradient)
      var activity = ActivityCount(for: network, saturatedDerivative: 0.1)
      activity.add(workspace)
      var moved = network.parameters
      moved.set(.scale, of: 0, to: [2, 1, 1, 1])
      return network.layerDiagnoses(
        in: workspace, activity: activity, updates: moved.updateRatios(from: network.parameters))
    }
    let symmetric = layers()
    #expect(symmetric.map(\.symmetricShare) == [nil, 1, nil])
    #expect(symmetric.map(\.saturatedShare) == [nil, nil, nil])
    #expect(symmetric[0].weightUpdateRatio == nil && symmetric[0].biasUpdateRatio == 0.5)
    #expect(symmetric[1].weightUpdateRatio == 0)
    network.parameters.set(.slope, of: 1, to: [1, 1, 1, 1, 0.5, 0.25])
    #expect(layers()[1].symmetricShare == 4.0 / 6)
    // A run measures every tensor, and the doctor looks at all layers.
    var trained = network
    var found: [EpochDistributions] = []
    try Trainer<Double>(configuration: TrainingConfiguration(batchSize: 3, epochs: 1)).train(
      &trained, on: data, metrics: .classification(probabilities: true),
      observers: [DistributionObserver(DistributionOptions()) { found.append($0) }])
    #expect(
      found[1].layers.map { $0.tensors.map(\.role) } == [
        [.scale], [.weight, .bias, .slope], [.weight, .bias],
      ])
    #expect(found[1].layers[0].tensors[0].values.count == 4)
  }
}
