import Testing

@testable import Backprop
@testable import BackpropInspection

@Suite("Scaling layers and parametric activations")
struct LayerKindTests {
  static let elementwise = Activation.allCases.filter(\.hasElementwiseKernel)

  static func dense(
    _ inputs: Int, _ outputs: Int, _ activation: Activation, _ normalization: Normalization? = nil,
    dropout: Double = 0, parametric: Bool = true
  ) -> Layer {
    .dense(
      DenseLayer(
        inputs: inputs, outputs: outputs, activation: activation, normalization: normalization,
        dropout: dropout, isParametric: parametric))
  }

  static func scale(_ size: Int) -> Layer { .scale(ScaleLayer(size: size)) }

  /// A network at a general point: no scale, slope or gain is 1, no shift and no bias is 0.
  static func network<T: Scalar>(
    _ layers: [Layer], loss: Loss = .crossEntropy, reduction: Reduction = .mean
  ) throws -> Network<T> {
    var network = try Network<T>(layers: layers, loss: loss, reduction: reduction)
    var random = RandomSource(seed: 7, purpose: .sampling)
    for tensor in network.parameters.layout.tensors {
      for element in 0..<tensor.count {
        network.parameters[tensor, element] =
          T(tensor.role.start + (tensor.role == .weight ? 0.6 : 0.4) * random.normal())
      }
    }
    return network
  }

  /// Both kinds, everywhere they may stand, with dropout and either normalisation.
  static func mixed(dropout: Double = 0, _ activation: Activation = .silu) -> [Layer] {
    [
      scale(4), dense(4, 7, activation, dropout: dropout), scale(7),
      dense(7, 6, .tanh, parametric: false), scale(6), scale(6),
      dense(6, 5, .gelu, .layer, dropout: dropout), dense(5, 6, .mish, .rms),
      dense(6, 4, .maxout(pieces: 2), parametric: false), scale(4),
      dense(4, 3, .softmax, parametric: false),
    ]
  }

  func passes<T: Scalar>(
    _ network: Network<T>, _ batch: Batch<T>, under regularization: StochasticRegularization? = nil,
    pool: ThreadPool? = nil
  ) -> (loss: Double, outputs: [Matrix<T>], deltas: [Matrix<T>], gradient: Parameters<T>) {
    var workspace = Workspace(for: network, capacity: batch.count, regularization: regularization)
    var gradient = network.makeGradient()
    let loss = network.forward(batch, in: &workspace, under: regularization, pool: pool)
    network.backward(in: &workspace, into: &gradient, pool: pool)
    return (
      loss, network.layers.indices.map { workspace.outputs(of: $0) },
      network.layers.indices.map { workspace.delta(of: $0) }, gradient
    )
  }

  // MARK: By hand

  @Test("A scaling layer by hand")
  func scaleByHand() throws {
    var network = try Network<Double>(
      layers: [Self.scale(2), Self.dense(2, 1, .identity, parametric: false)],
      loss: .squaredError, reduction: .sum)
    network.parameters.set(.scale, of: 0, to: [2, -1])
    network.parameters.setTensors(of: 1, weights: [3, 4], biases: [1])
    // x = (1, 2) and (−1, 0.5), y = 0: z² = (2, −2) and (−2, −0.5)
    // a³ = 6 − 8 + 1 = −1 and −6 − 2 + 1 = −7; C = ½ (1 + 49); δ³ = −1 and −7
    // δ² = ∂C/∂a² = (3, 4) δ³ = (−3, −4) and (−21, −28)
    // ∂C/∂s = Σₓ x ⊙ δ² = (1·−3 + −1·−21, 2·−4 + 0.5·−28) = (18, −22)
    let found = passes(
      network, Batch(inputs: Matrix([[1, 2], [-1, 0.5]]), targets: Matrix([[0], [0]])))
    #expect(found.loss == 25)
    #expect(found.outputs[0] == Matrix([[2, -2], [-2, -0.5]]))
    #expect(found.deltas[0] == Matrix([[-3, -4], [-21, -28]]))
    #expect(found.gradient.elements(.scale, of: 0) == [18, -22])
    // ∂C/∂W = Σₓ δ³ a² = −1 · (2, −2) − 7 · (−2, −0.5) = (12, 5.5)
    #expect(found.gradient.elements(.weight, of: 1) == [12, 5.5])
  }

  @Test("A parametric activation by hand")
  func slopeByHand() throws {
    var network = try Network<Double>(
      layers: [Self.dense(1, 2, .relu), Self.dense(2, 1, .identity, parametric: false)],
      loss: .squaredError, reduction: .sum)
    network.parameters.setTensors(of: 0, weights: [1, -3], biases: [0, 0])
    network.parameters.set(.slope, of: 0, to: [0.5, 0.25])
    network.parameters.setTensors(of: 1, weights: [1, 2], biases: [0])
    // x = 2, y = 0: z = (2, −6), σ(z) = (2, 0), a = z + α (σ(z) − z) = (2, −6 + 0.25 · 6) = (2, −4.5)
    // a³ = 2 − 9 = −7; ∂C/∂a = (1, 2) · −7 = (−7, −14)
    // δ = ∂C/∂a (1 + α (σ′ − 1)) = (−7, −14 · 0.75) = (−7, −10.5)
    // ∂C/∂α = ∂C/∂a (σ(z) − z) = (0, −14 · 6) = (0, −84)
    let found = passes(network, Batch(inputs: Matrix([[2]]), targets: Matrix([[0]])))
    #expect(found.loss == 24.5)
    #expect(found.outputs[0] == Matrix([[2, -4.5]]))
    #expect(found.deltas[0] == Matrix([[-7, -10.5]]))
    #expect(found.gradient.elements(.slope, of: 0) == [0, -84])
    #expect(found.gradient.elements(.weight, of: 0) == [-14, -21])
  }

  // MARK: Properties

  @Test("At its start a network with both kinds is the plain network", arguments: elementwise)
  func start(activation: Activation) throws {
    func network(_ isParametric: Bool, _ scalesInputs: Bool) throws -> Network<Double> {
      try Network<Double>(
        sizes: [4, 9, 8, 3], activations: [activation, activation, .softmax], loss: .crossEntropy,
        normalizations: [.layer, nil], isParametric: isParametric, scalesInputs: scalesInputs,
        seed: 3)
    }
    let data = randomExamples(for: .crossEntropy, inputs: 4, outputs: 3, count: 20, seed: 1)
    let plain = try network(false, false).predictions(for: data.inputs)
    for (isParametric, scalesInputs) in [(true, false), (false, true), (true, true)] {
      let other = try network(isParametric, scalesInputs)
      #expect(other.layers.count == (scalesInputs ? 4 : 3))
      #expect(other.layers.hiddenDense.map(\.isParametric) == [isParametric, isParametric])
      let difference = relativeDifference(
        other.predictions(for: data.inputs).elements.flatMap { $0 },
        plain.elements.flatMap { $0 })
      #expect(difference < 1e-14)
    }
    // With α = 0 the layer is linear.
    var linear = try Network<Double>(
      layers: [Self.dense(4, 5, activation), Self.dense(5, 2, .identity, parametric: false)],
      loss: .squaredError, reduction: .mean)
    linear.parameters.set(.weight, of: 0, to: Array(repeating: 0.3, count: 20))
    linear.parameters.set(.slope, of: 0, to: [0, 0, 0, 0, 0])
    var workspace = Workspace(for: linear, capacity: 20, keepsWeightedInputs: true)
    linear.forward(
      Batch(inputs: data.inputs, targets: Matrix(rows: 20, columns: 2)), in: &workspace)
    #expect(workspace.outputs(of: 0) == workspace.weightedInputs(of: 0))
  }

  @Test("Every parameter agrees with central differences", arguments: elementwise, [0, 0.4])
  func differences(activation: Activation, dropout: Double) throws {
    let network: Network<Double> = try Self.network(Self.mixed(dropout: dropout, activation))
    let data = randomExamples(
      for: .crossEntropy, inputs: 4, outputs: 3, count: 5, seed: 2, weighted: true)
    let regularization = dropout > 0 ? StochasticRegularization(seed: 3) : nil
    let gradient = passes(network, data.batch, under: regularization).gradient
    var differences = CentralDifferences(network, data.batch, under: regularization)
    differences.compare(with: gradient)
    #expect(differences.worstRelativeError <= 1e-7, "\(activation)")
    #expect(differences.checked > 5 * differences.kinks, "\(activation)")
  }

  @Test("Threads and scattered rows of a wide data set change no bit")
  func threads() throws {
    let data = RowsInPlaceTests.dataset(200)
    let layers = [
      Self.scale(70), Self.dense(70, 40, .relu), Self.scale(40),
      Self.dense(40, 3, .softmax, parametric: false),
    ]
    let network: Network<Float> = try Self.network(layers)
    let rows = (0..<130).map { UInt32($0 * 89 % 200) }
    let scattered = Batch(
      inputs: data.storedInputs, targets: data.storedTargets, weights: nil,
      rows: .indices(rows[...]))
    let one = passes(network, scattered)
    for (batch, pool) in [
      (scattered, ThreadPool(threads: 2)), (data.subset(rows).batch, nil),
      (data.subset(rows).batch, ThreadPool(threads: 3)),
    ] {
      let other = passes(network, batch, pool: pool)
      #expect(one.loss == other.loss && one.gradient == other.gradient)
      #expect(one.outputs == other.outputs && one.deltas == other.deltas)
    }
    let inputs = data.subset(rows).inputs
    let predictions = network.predictions(for: inputs)
    var predictor = Predictor(network)
    for row in 0..<rows.count {
      var outputs = Matrix<Float>(rows: 1, columns: 3)
      predictor.predict(inputs, rows: row..<(row + 1), into: &outputs)
      #expect(outputs[row: 0] == predictions[row: row])
    }
  }

  @Test("A run has the same bits for any number of threads, whole blocks to a thread or not")
  func runs() throws {
    let data = RowsInPlaceTests.dataset(200)
    func trained(threads: Int, shards: Int?) throws -> Parameters<Float> {
      var network: Network<Float> = try Self.network(
        [Self.scale(70), Self.dense(70, 9, .silu, dropout: 0.2), Self.scale(9)]
          + [Self.dense(9, 3, .softmax, parametric: false)])
      try Trainer<Float>(
        configuration: TrainingConfiguration(batchSize: 100, epochs: 2, shards: shards),
        threads: threads
      ).train(&network, on: data, metrics: TrainerTests.metrics)
      return network.parameters
    }
    for shards in [nil, 1, 5] {
      let one = try trained(threads: 1, shards: shards)
      #expect(try trained(threads: 2, shards: shards) == one)
      #expect(try trained(threads: 3, shards: shards) == one)
    }
    #expect(try trained(threads: 1, shards: 1) != trained(threads: 1, shards: nil))
  }

  @Test(
    "Every rule trains scales and slopes, and no decay touches them",
    arguments: OptimizerRule.allCases)
  func rules(rule: OptimizerRule) throws {
    var network: Network<Double> = try Self.network(Self.mixed())
    let before = network.parameters
    var decayed = before
    var optimizer = Optimizer<Double>(rule: .adamW(), weightDecay: 0.5, for: before.layout)
    optimizer.update(&decayed, along: network.makeGradient(), rate: 0.1)
    let data = randomExamples(for: .crossEntropy, inputs: 4, outputs: 3, count: 30, seed: 2)
    try Trainer<Double>(
      configuration: TrainingConfiguration(
        optimizer: rule, learningRate: 0.01, batchSize: 10, epochs: 1, l2Penalty: 1e-3)
    ).train(&network, on: data, metrics: .classification(probabilities: true))
    for tensor in before.layout.tensors where tensor.role == .scale || tensor.role == .slope {
      #expect(decayed.elements(of: tensor) == before.elements(of: tensor))
      let after = network.parameters.elements(of: tensor)
      #expect(after != before.elements(of: tensor) && after.allSatisfy(\.isFinite))
    }
  }

  // MARK: What is refused

  @Test("A last layer that scales or is parametric is refused, and so is a parametric maxout")
  func refused() {
    func fault(_ layers: [Layer]) -> NetworkError? {
      do throws(NetworkError) {
        _ = try Network<Float>(layers: layers, loss: .squaredError, reduction: .mean)
        return nil
      } catch { return error }
    }
    let last = Self.dense(3, 3, .identity, parametric: false)
    #expect(fault([Self.scale(3), last]) == nil)
    #expect(fault([Self.scale(3)]) == .lastLayer("scale", layer: 2))
    #expect(fault([last, Self.scale(3)]) == .lastLayer("scale", layer: 3))
    #expect(fault([last, Self.dense(3, 2, .tanh)]) == .lastLayer("parametric tanh", layer: 3))
    #expect(
      fault([Self.scale(4), last])
        == .layersDoNotFit(layer: 3, inputs: 3, outputsBelow: 4))
    #expect(fault([Self.scale(0), last]) == .badSize(0, position: 0))
    #expect(fault([Self.scale(.max), last]) == .tooLarge)
    for activation in [Activation.maxout(), .custom(Softsign())] {
      #expect(
        fault([Self.dense(3, 3, activation), last]) == .notElementwise(activation, layer: 2))
    }
    for error in [
      NetworkError.lastLayer("scale", layer: 2), .notElementwise(.maxout(), layer: 2),
    ] {
      #expect(error.description.contains("layer 2"))
    }
  }

  @Test("Dropout counts the hidden dense layers")
  func dropout() throws {
    let network: Network<Float> = try Self.network(Self.mixed())
    #expect(network.layers.hiddenDense.count == 5)
    let changed = try network.withDropout([0.1, 0.2, 0.3, 0.4, 0.5])
    #expect(changed.layers.map(\.dropout) == [0, 0.1, 0, 0.2, 0, 0, 0.3, 0.4, 0.5, 0, 0])
    #expect(changed.parameters == network.parameters)
    #expect(try changed.withDropout([]).layers == network.layers)
    #expect(throws: NetworkError.dropoutCount(found: 10, layers: 5)) {
      try network.withDropout([Double](repeating: 0.1, count: 10))
    }
  }

  @Test("A table stands entry by entry, each padded to whole panels")
  func table() {
    let layout = ParameterLayout(groups: [
      [
        TensorGroup(
          width: 20, members: [.init(name: "embedding", role: .weight, form: .table, rows: 5)])
      ],
      [TensorGroup(width: 3, members: [.init(name: "bias", role: .bias)])],
    ])
    let tensor = layout.tensors[0]
    #expect(tensor.shape == [5, 20] && tensor.count == 100)
    #expect(layout.count == 5 * 32 + 16)
    #expect(tensor.index(0, 0) == 0 && tensor.index(1, 0) == 32 && tensor.index(4, 19) == 147)
    var parameters = Parameters<Double>(layout: layout)
    let numbers = (0..<100).map { Double($0) }
    parameters.setElements(of: tensor, to: numbers)
    #expect(parameters.elements(of: tensor) == numbers)
    #expect(parameters.elements(of: layout.tensors[1]) == [0, 0, 0])
  }

  @Test("A tensor of another network is a bug of the caller, and reads nothing")
  func foreignTensor() async {
    await #expect(processExitsWith: .failure) {
      let small = try Network<Float>(
        sizes: [2, 3], activations: [.identity], loss: .squaredError)
      let large = try Network<Float>(
        sizes: [400, 4000, 3], activations: [.tanh, .identity], loss: .squaredError)
      _ = small.parameters.elements(of: large.parameters.layout.tensors[2])
    }
    await #expect(processExitsWith: .failure) {
      var small = try Network<Float>(
        sizes: [2, 3], activations: [.identity], loss: .squaredError)
      let other = try Network<Float>(
        sizes: [2, 3, 3], activations: [.tanh, .identity], loss: .squaredError)
      small.parameters.setElements(of: other.parameters.layout.tensors[3], to: [1, 2, 3])
    }
  }

  @Test("The factors of NTK form make the steps of W̃ = √d W under Adam's rules")
  func neuralTangentForm() throws {
    // One weight matrix as [1 × d], trained as W with the factors, and as W̃ by hand without them.
    let d = 9
    let root = Double(d).squareRoot()
    for (rule, decay) in [
      (OptimizerRule.adam(epsilon: 1e-3), 0.0), (.adamW(epsilon: 1e-3), 0.1),
      (.nAdam(epsilon: 1e-3), 0.0), (.amsGrad(epsilon: 1e-3), 0.05),
    ] {
      func layout(_ factors: UpdateFactors) -> ParameterLayout {
        ParameterLayout(groups: [
          [
            TensorGroup(
              width: 1,
              members: [
                .init(name: "weight", role: .weight, form: .panels, rows: d, factors: factors)
              ])
          ]
        ])
      }
      let (narrow, plain) = (layout(.neuralTangent(inputs: d)), layout(UpdateFactors()))
      var weights = Parameters<Double>(layout: narrow)
      var wide = Parameters<Double>(layout: plain)
      weights.setElements(of: narrow.tensors[0], to: (0..<d).map { Double($0) - 3.5 })
      wide.setElements(of: plain.tensors[0], to: (0..<d).map { (Double($0) - 3.5) * root })
      var optimizer = Optimizer<Double>(rule: rule, weightDecay: decay, for: narrow)
      var reference = Optimizer<Double>(rule: rule, weightDecay: decay, for: plain)
      for step in 0..<20 {
        let slope = weights.elements(of: narrow.tensors[0]).enumerated().map {
          0.1 * $1 + Double(($0 * 7 + step) % 5) - 2
        }
        var gradient = Parameters<Double>(layout: narrow)
        gradient.setElements(of: narrow.tensors[0], to: slope)
        // ∂C/∂W̃ = (∂C/∂W)/√d
        var scaled = Parameters<Double>(layout: plain)
        scaled.setElements(of: plain.tensors[0], to: slope.map { $0 / root })
        optimizer.update(&weights, along: gradient, rate: 0.05)
        reference.update(&wide, along: scaled, rate: 0.05)
        for (w, tilde) in zip(
          weights.elements(of: narrow.tensors[0]), wide.elements(of: plain.tensors[0]))
        { #expect(abs(w - tilde / root) < 1e-12, "\(rule), step \(step)") }
      }
    }
  }
}
