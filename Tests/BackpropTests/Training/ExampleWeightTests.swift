import Testing

@testable import Backprop
@testable import BackpropInspection

@Suite("Weights of examples and of classes")
struct ExampleWeightTests {
  /// A 3–5–2 network and four examples, none of whose numbers is exact in binary.
  func network<T: Scalar>(_ reduction: Reduction, as type: T.Type = T.self) throws -> Network<T> {
    try Network<T>(
      sizes: [3, 5, 2], activations: [.tanh, .softmax], loss: .crossEntropy, reduction: reduction,
      seed: 4)
  }

  let inputs = [[0.1, -0.7, 0.3], [0.9, 0.2, -0.6], [-0.3, 0.4, 1.1], [0.7, 0.6, -0.2]]
  let targets: [[Double]] = [[1, 0], [0, 1], [0, 1], [1, 0]]

  func dataset<T: Scalar>(_ rows: [Int], weights: [T]? = nil) -> Dataset<T> {
    Dataset(
      inputs: Matrix<Double>(rows.map { inputs[$0] }).converted(),
      targets: Matrix<Double>(rows.map { targets[$0] }).converted(), weights: weights)
  }

  func gradient<T: Scalar>(of network: Network<T>, _ data: Dataset<T>) -> Parameters<T> {
    var workspace = Workspace(for: network, capacity: data.count)
    var gradient = network.makeGradient()
    _ = network.forward(data.batch, in: &workspace)
    network.backward(in: &workspace, into: &gradient)
    return gradient
  }

  /// What is the same to the bit, and why: δ of weight 2 is 2δ exactly, since a factor 2 never rounds.
  /// A sum over the batch runs in the order of its examples, s ← fl(s + aδ). Its first two terms from
  /// the same example give fl(aδ + fl(aδ)) = 2 fl(aδ), exactly fl(a · 2δ), and all later terms then meet
  /// the same sum. Later in the order the two sides round differently, as any other order of a sum
  /// would.
  @Test("A weight of 2 is the example twice, to the bit under sum, where it opens the sum")
  func twice() throws {
    func check<T: Scalar>(_ type: T.Type) throws {
      let network: Network<T> = try network(.sum)
      let weighted = gradient(of: network, dataset([0, 1, 2, 3], weights: [2, 1, 1, 1]))
      let copied = gradient(of: network, dataset([0, 0, 1, 2, 3]))
      #expect(weighted == copied)
      #expect(weighted != gradient(of: network, dataset([0, 1, 2, 3])))
    }
    try check(Double.self)
    try check(Float.self)
  }

  @Test("The same holds of a training step: the weights that come out are the same bits")
  func trainingStep() throws {
    for rule: OptimizerRule in [.sgd, .momentum(0.9), .adam(), .adamW()] {
      let trainer = try Trainer<Float>(
        configuration: TrainingConfiguration(
          optimizer: rule, learningRate: 0.1, schedule: .constant, batchSize: 8, epochs: 1,
          shuffles: false))
      var weighted: Network<Float> = try network(.sum)
      var copied = weighted
      let kind = MetricKind.classification(probabilities: true)
      _ = try trainer.train(&weighted, on: dataset([0, 1, 2], weights: [2, 1, 1]), metrics: kind)
      _ = try trainer.train(&copied, on: dataset([0, 0, 1, 2]), metrics: kind)
      #expect(weighted.parameters == copied.parameters, "\(rule.name)")
    }
  }

  @Test("Anywhere in the order it is the same within rounding, and to the bit if sums are exact")
  func anywhere() throws {
    let network: Network<Double> = try network(.sum)
    let weighted = gradient(of: network, dataset([0, 1, 2, 3], weights: [1, 1, 2, 0]))
    let copied = gradient(of: network, dataset([2, 0, 1, 2]))
    for layer in network.layers.indices {
      let (found, expected) = (weighted.numbers(of: layer), copied.numbers(of: layer))
      #expect(relativeDifference(found.weights, expected.weights) < 1e-15)
      #expect(relativeDifference(found.biases, expected.biases) < 1e-15)
    }
    // One linear neuron with small whole numbers: every sum is exact.
    var linear = try Network<Double>(
      sizes: [1, 1], activations: [.identity], loss: .squaredError, reduction: .sum)
    linear.parameters.setTensors(of: 0, weights: [3], biases: [-1])
    func data(_ x: [Double], _ y: [Double], _ w: [Double]? = nil) -> Dataset<Double> {
      Dataset(inputs: Matrix(x.map { [$0] }), targets: Matrix(y.map { [$0] }), weights: w)
    }
    // a = 2, 5, −4; δ = w (a − y) = 1, 2·3, −6: ∂C/∂b = 1, ∂C/∂W = 1·1 + 2·6 + (−1)(−6) = 19.
    let once = gradient(of: linear, data([1, 2, -1], [1, 2, 2], [1, 2, 1]))
    #expect(once.numbers(of: 0).weights == [19] && once.numbers(of: 0).biases == [1])
    #expect(once == gradient(of: linear, data([1, 2, -1, 2], [1, 2, 2, 2])))
  }

  @Test("Under mean the loss of a batch is Σ w C / m, and so is that of an evaluation")
  func mean() throws {
    var network = try Network<Double>(
      sizes: [1, 1], activations: [.identity], loss: .squaredError, reduction: .mean)
    network.parameters.setTensors(of: 0, weights: [1], biases: [0])
    let data = Dataset<Double>(
      inputs: Matrix([[1], [2]]), targets: Matrix([[0], [0]]), weights: [3, 1])
    // C = ½ and 2: (3·½ + 2)/2.
    var workspace = Workspace(for: network, capacity: 2)
    #expect(network.forward(data.batch, in: &workspace) == 1.75)
    let evaluation = network.evaluate(on: data, metrics: .regression(scales: [1]))
    #expect(evaluation.loss == 1.75)
    // Metrics divide by Σ w: √((3·1 + 4)/4), (3·1 + 2)/4.
    #expect(evaluation.metrics.value(of: .rmse) == 1.75.squareRoot())
    #expect(evaluation.metrics.value(of: .mae) == 1.25)
  }

  @Test("The metrics of a training epoch are weighted too")
  func epochMetrics() throws {
    let start: Network<Float> = try network(.mean)
    let data: Dataset<Float> = dataset([0, 1, 2, 3], weights: [0.5, 4, 1, 0.25])
    let kind = MetricKind.classification(probabilities: true)
    var found: Metrics?
    var network = start
    // One batch of all examples meets the weights of the start.
    let trainer = try Trainer<Float>(
      configuration: TrainingConfiguration(batchSize: 4, epochs: 1, shuffles: false))
    _ = try trainer.train(&network, on: data, metrics: kind) {
      if case .epoch(let report) = $0 { found = report.metrics }
    }
    #expect(found == start.evaluate(on: data, metrics: kind).metrics)
    #expect(
      found?.accuracy != start.evaluate(on: dataset([0, 1, 2, 3]), metrics: kind).metrics.accuracy)
  }

  @Test("Balanced classes: n/(K nₖ) by hand, with weights of rows, over the training rows")
  func balanced() throws {
    let labels = ["a", "b"]
    // 1 of a, 3 of b: 4/(2·1), 4/(2·3).
    #expect(try ExampleWeights.balanced(codes: [0, 1, 1, 1], labels: labels) == [2, 2.0 / 3])
    // The a weighs 3: both classes weigh 3, of 6: 6/(2·3) = 1.
    #expect(
      try ExampleWeights.balanced(codes: [0, 1, 1, 1], labels: labels, weights: [3, 1, 1, 1])
        == [1, 1])
    // Rows 0 and 1 only: one each.
    #expect(
      try ExampleWeights.balanced(codes: [0, 1, 1, 1], labels: labels, rows: [0, 1]) == [1, 1])
    #expect(throws: DataError.self) {
      try ExampleWeights.balanced(codes: [0, 1, 1], labels: labels, weights: [0, 1, 1])
    }
  }

  @Test("The weight of an example is that of its row times that of its class, in its table's order")
  func product() throws {
    let table = try Table(columns: [
      ("x", .numbers([1, 2, 3, 4])), ("w", .numbers([1, 0, 2, 0.5])),
      ("y", .texts(["b", "a", "a", "b"])),
    ])
    for coding: TargetCoding in [.oneHot, .zeroOne, .plusMinusOne] {
      let target = try TargetEncoder(fitting: table, targets: ["y"], coding: coding)
      let features = try FeatureEncoder(fitting: table, excluding: ["y", "w"])
      let data = try Dataset<Float>(encoding: table, features: features, target: target)
      let weights = ExampleWeights(column: "w", classes: [10, 100])
      #expect(
        try weights.weighted(data, of: table, target: target).weights == [100, 0, 20, 50])
      let part = data.subset([1, 3])
      #expect(
        try weights.weighted(part, of: table, rows: [1, 3], target: target).weights == [0, 50])
      #expect(throws: DataError.self) {
        try weights.weighted(data.subset([1]), of: table, rows: [1], target: target)
      }
      #expect(throws: DataError.self) {
        try ExampleWeights(classes: [1e39, 1]).weighted(data, of: table, target: target)
      }
    }
  }

  @Test("Weights are part of a model; what contradicts its labels is refused")
  func model() throws {
    let table = try Table(columns: [
      ("x", .numbers([1, 2])), ("y", .texts(["a", "b"])),
    ])
    let target = try TargetEncoder(fitting: table, targets: ["y"])
    let network = try Network<Float>(
      sizes: [1, 2], activations: [.softmax], loss: .crossEntropy)
    func bytes(_ weights: ExampleWeights?) throws -> [UInt8] {
      try Model(members: [.float(network)], targetEncoder: target, weights: weights).safeTensors()
        .bytes
    }
    let weights = ExampleWeights(column: "w", classes: [1, 5])
    #expect(try Model(bytes: bytes(weights)).weights == weights)
    let wrong = try bytes(ExampleWeights(classes: [1, 2, 3]))
    #expect(throws: ModelError.self) { try Model(bytes: wrong) }
    let plain = try SafeTensors(bytes: bytes(nil))
    #expect(plain[metadata: ModelKey.weights] == nil)
  }
}
