import Foundation
import Testing

@testable import Backprop
@testable import BackpropInspection

/// Each finding has a network that shows it, and one that does not.
@Suite("What a diagnosis finds")
struct DiagnosisFindingTests {
  /// Handwritten digits of 8 × 8 pixels, standardised: a stand-in for Fashion-MNIST, whose package
  /// may not be there.
  static let digits: Dataset<Float> = {
    // A test that cannot read its data would say so at the first use of the empty set.
    (try? readDigits()) ?? Dataset(inputs: Matrix([]), targets: Matrix([]))
  }()

  private static func readDigits() throws -> Dataset<Float> {
    let path = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
      .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
      .appendingPathComponent("Examples/digits.csv").path
    let table = try DataSource.open(path: path).training
    let all = try PreparedTable<Float>(
      table, target: "digit", task: .classification, validation: 0, seed: 0
    ).training
    return all.subset([UInt32](0..<400))
  }

  static let metrics = MetricKind.classification(probabilities: true)

  /// The network of the issue: four hidden layers of 30.
  static func deep(
    _ activation: Activation, _ initializer: Initializer? = nil, hidden: Int = 4
  ) throws -> Network<Float> {
    try Network<Float>(
      sizes: [64] + [Int](repeating: 30, count: hidden) + [10],
      activations: [Activation](repeating: activation, count: hidden) + [.softmax],
      loss: .crossEntropy, initializer: initializer, seed: 1)
  }

  /// A diagnosis of an untrained network on the digits.
  static func diagnosis(
    _ network: Network<Float>, rate scale: Double = 1, rule: OptimizerRule = .adam(),
    steps: Int = 20, overfitSteps: Int = 1, thresholds: DiagnosisThresholds = DiagnosisThresholds(),
    threads: Int = 1, weight: Float? = nil
  ) throws -> Diagnosis {
    var options = DiagnosisOptions(
      configuration: TrainingConfiguration(
        optimizer: rule, learningRate: scale * rule.suggestedLearningRate, batchSize: 16))
    options.isUntrained = true
    options.examples = 64
    options.steps = steps
    options.overfitSteps = overfitSteps
    options.thresholds = thresholds
    return try Diagnosis(
      of: network,
      on: Dataset(
        inputs: digits.inputs, targets: digits.targets,
        weights: weight.map { [Float](repeating: $0, count: digits.count) }), metrics: metrics,
      options: options,
      pool: threads > 1 ? ThreadPool(threads: threads) : nil)
  }

  /// Codes and layers, without the trial by heart, for which most of these have no steps.
  static func found(_ diagnosis: Diagnosis) -> [String] {
    diagnosis.findings.filter { $0.code != .cannotOverfit }.map { finding in
      "\(finding.code)" + (finding.layer.map { " \($0)" } ?? "")
    }
  }

  @Test(
    "A network that has learned its data is healthy, whatever its loss",
    arguments: [Loss.hinge, .absoluteError, .crossEntropy, .squaredError])
  func learned(loss: Loss) throws {
    let output: Activation = loss == .crossEntropy ? .softmax : .identity
    var network = try Network<Float>(
      sizes: [64, 32, 10], activations: [.relu, output], loss: loss, seed: 1)
    try Trainer<Float>(configuration: TrainingConfiguration(batchSize: 16, epochs: 40)).train(
      &network, on: Self.digits, metrics: Self.metrics)
    var options = DiagnosisOptions(configuration: TrainingConfiguration(batchSize: 16))
    options.overfitSteps = 1
    let diagnosis = try Diagnosis(
      of: network, on: Self.digits, metrics: Self.metrics, options: options)
    #expect(Self.found(diagnosis) == [], "\(diagnosis.trial?.losses ?? [])")
  }

  @Test("Weights of the examples are no fault of the loss at the start", arguments: [0.1, 5])
  func weightedExamples(weight: Float) throws {
    let found = try Self.found(Self.diagnosis(Self.deep(.relu), weight: weight))
    #expect(!found.contains("lossAtStart"), "\(found)")
  }

  @Test("A network of ReLU with its own initializer is healthy, and learns 20 examples by heart")
  func healthy() throws {
    let diagnosis = try Self.diagnosis(Self.deep(.relu), overfitSteps: 300)
    #expect(diagnosis.findings == [])
    let overfit = try #require(diagnosis.overfit)
    #expect(overfit.score == 1 && overfit.examples == 20 && overfit.steps < 300)
    #expect(diagnosis.layers.map(\.layer) == [2, 3, 4, 5, 6])
    #expect(diagnosis.measuredExamples == 64 && diagnosis.examples == 400)
  }

  @Test("Four sigmoid layers: vanishing errors in each, whose ratios lie between 0.1 and 0.4")
  func vanishing() throws {
    let diagnosis = try Self.diagnosis(Self.deep(.sigmoid))
    #expect(Self.found(diagnosis) == (2...5).map { "vanishingError \($0)" })
    for layer in diagnosis.layers.dropLast() {
      let ratio = try #require(layer.flow.ratio)
      #expect(0.1 < ratio && ratio < 0.4, "\(ratio) in layer \(layer.layer)")
      // σ′ of a sigmoid is at most ¼, and near that at the start.
      #expect(try #require(layer.flow.derivativeFactor) <= 0.25)
    }
    #expect(try Self.found(Self.diagnosis(Self.deep(.sigmoid, hidden: 1))) == [])
  }

  @Test(
    "A learning rate a hundred times as large diverges",
    arguments: [OptimizerRule.sgd, .adam()])
  func diverging(rule: OptimizerRule) throws {
    let network = try Self.deep(.sigmoid)
    let diagnosis = try Self.diagnosis(network, rate: 100, rule: rule)
    #expect(diagnosis.findings[0].code == .divergence)
    #expect(diagnosis.findings[0].value > 1.25 && diagnosis.findings[0].severity == .error)
    #expect(Self.found(diagnosis).contains("stepTooLarge"))
    #expect(try !Self.found(Self.diagnosis(network, rule: rule)).contains("divergence"))
  }

  @Test("Zero and constant weights make the neurons of each hidden layer copies of each other")
  func symmetry() throws {
    for initializer in [Initializer.zeros, .constant(0.1)] {
      let diagnosis = try Self.diagnosis(Self.deep(.sigmoid, initializer))
      let symmetric = diagnosis.findings.filter { $0.code == .symmetry }
      #expect(symmetric.map(\.layer) == [2, 3, 4, 5], "\(initializer)")
      #expect(symmetric.allSatisfy { $0.value == 1 && $0.severity == .error })
    }
  }

  @Test("Wide weights under ReLU let the error explode")
  func exploding() throws {
    // ‖Wᵀδ‖ / ‖δ‖ is about √30 · 1, of which ReLU leaves √½: 3.9 a layer.
    let diagnosis = try Self.diagnosis(Self.deep(.relu, .normal(1)))
    let layers = diagnosis.findings.filter { $0.code == .explodingError }.compactMap(\.layer)
    #expect(layers == [2, 3, 4, 5])
    // And the first loss is far from ln 10.
    #expect(Self.found(diagnosis).contains("lossAtStart"))
  }

  @Test("Biases far below zero kill units of ReLU; the whole data set is looked at")
  func dead() throws {
    var network = try Self.deep(.relu)
    let (weights, _) = network.parameters.denseTensors(of: 1)
    network.parameters.setTensors(
      of: 1, weights: weights, biases: (0..<30).map { $0 < 18 ? -1000 : 0 })
    let diagnosis = try Self.diagnosis(network)
    let dead = try #require(diagnosis.findings.first { $0.code == .deadUnits })
    #expect(dead.layer == 3 && dead.value == 0.6 && dead.threshold == 0.4)
    // Dead units all have δ = 0, but their weights differ.
    #expect(!Self.found(diagnosis).contains("symmetry 3"))
    var thresholds = DiagnosisThresholds()
    thresholds[.deadShare] = 0.7
    #expect(
      try !Self.found(Self.diagnosis(network, thresholds: thresholds)).contains("deadUnits 3"))
  }

  @Test("Large weights saturate tanh; small ones do not")
  func saturated() throws {
    #expect(
      try Self.found(Self.diagnosis(Self.deep(.tanh, .normal(3)))).contains("saturatedUnits 2"))
    #expect(try Self.found(Self.diagnosis(Self.deep(.tanh))) == [])
  }

  @Test("Updates of a millionth of the weights are too small, those that double them too large")
  func updates() throws {
    let network = try Self.deep(.relu)
    let small = try Self.diagnosis(network, rate: 1e-6, rule: .sgd)
    #expect(Self.found(small) == (2...6).map { "updateTooSmall \($0)" })
    #expect(small.findings.allSatisfy { $0.code == .cannotOverfit || $0.severity == .info })
    // Weights of 1e-4, which each step of Adam moves by up to 2e-3.
    let large = try Self.diagnosis(Self.deep(.relu, .normal(1e-4)), steps: 3)
    #expect(Self.found(large).contains("updateTooLarge 6"))
    #expect(try Self.found(Self.diagnosis(network, steps: 3)) == [])
  }

  @Test("A few examples cannot be learned by a network of zeros, nor when nothing tells them apart")
  func byHeart() throws {
    let zeros = try Self.diagnosis(Self.deep(.relu, .zeros), overfitSteps: 30)
    let finding = try #require(zeros.findings.first { $0.code == .cannotOverfit })
    #expect(finding.value < 1 && finding.threshold == 1)

    // y = x, seven rows of which three say the same twice: five different examples.
    let x: [[Double]] = [[1], [2], [2], [3], [3], [4], [5]]
    let network = try Network<Double>(
      sizes: [1, 8, 1], activations: [.tanh, .identity], loss: .squaredError, seed: 1)
    func fit(_ y: [[Double]]) -> OverfitTrial? {
      OverfitTrial(
        of: network, on: Dataset(inputs: Matrix(x), targets: Matrix(y)),
        metrics: .regression(scales: [1]), options: DiagnosisOptions())
    }
    let line = try #require(fit(x))
    #expect(line.examples == 5 && line.measure == .r2 && line.score >= 0.95)
    #expect(fit(x.map { _ in [1.0] }) == nil)
  }

  @Test("A weight that is NaN is named before any step, and no trial is made")
  func nonFiniteWeight() throws {
    var network = try Self.deep(.relu)
    network.parameters[layer: 1, output: 20, input: 3] = .nan
    let diagnosis = try Self.diagnosis(network)
    #expect(diagnosis.trial == nil && diagnosis.overfit == nil)
    #expect(diagnosis.findings.map(\.code) == [.nonFinite])
    let fault = try #require(diagnosis.firstNonfinite)
    #expect(fault.step == 0 && fault.layer == 3 && fault.neuron == 21 && fault.example == nil)
  }

  @Test("An overflow in a step is named by step, layer, neuron and the row of the data")
  func nonFiniteExample() throws {
    // a = x, C = |a − y|: ∂C/∂w is the mean of the x, 7.5e37, so that after a step w = −7.5e37 and only
    // the third row, −7.5e37 · 3e38, overflows.
    var network = try Network<Float>(
      sizes: [1, 1], activations: [.identity], loss: .absoluteError)
    network.parameters.setTensors(of: 0, weights: [1], biases: [0])
    let data = Dataset<Float>(
      inputs: Matrix([[1], [2], [3e38], [4]]), targets: Matrix([[0], [0], [2e38], [0]]))
    var options = DiagnosisOptions(
      configuration: TrainingConfiguration(
        optimizer: .sgd, learningRate: 1, batchSize: 4))
    options.overfitSteps = 1
    let diagnosis = try Diagnosis(
      of: network, on: data, metrics: .regression(scales: [1]), options: options)
    let fault = try #require(diagnosis.trial?.firstNonfinite)
    #expect(fault.step == 1 && fault.layer == 2 && fault.neuron == 1 && fault.example == 3)
    #expect(diagnosis.findings.prefix(2).map(\.code) == [.nonFinite, .divergence])
  }

  @Test("The same diagnosis comes out twice, and for two threads, bit for bit")
  func determinism() throws {
    let network = try Self.deep(.sigmoid)
    let document = try JSONValue(encoding: Self.diagnosis(network)).description
    #expect(try JSONValue(encoding: Self.diagnosis(network)).description == document)
    #expect(try JSONValue(encoding: Self.diagnosis(network, threads: 2)).description == document)
    let read = try JSONValue(parsing: document).decoded(as: Diagnosis.self)
    #expect(try read.findings == Self.diagnosis(network).findings)
  }

  @Test("Findings are ranked: errors first, then causes before effects, then from the input up")
  func ranking() {
    let findings = [
      Finding(.updateTooSmall, layer: 2, value: 0, threshold: 1),
      Finding(.vanishingError, layer: 3, value: 0, threshold: 1),
      Finding(.vanishingError, layer: 2, value: 0, threshold: 1),
      Finding(.cannotOverfit, value: 0, threshold: 1),
      Finding(.nonFinite, layer: 9, value: 0, threshold: 1),
    ]
    #expect(
      findings.ranked().map { "\($0.code) \($0.layer ?? 0)" } == [
        "nonFinite 9", "cannotOverfit 0", "vanishingError 2", "vanishingError 3",
        "updateTooSmall 2",
      ])
  }

  @Test("A threshold is set by its name; a wrong name or number says what is right")
  func thresholds() throws {
    var thresholds = DiagnosisThresholds()
    try thresholds.set("deadShare=0.5")
    #expect(thresholds[.deadShare] == 0.5 && thresholds[.lossRise] == 1.25)
    let document = try JSONValue(encoding: thresholds)
    #expect(document.object?.count == DiagnosisThresholds.Name.allCases.count)
    #expect(try document.decoded(as: DiagnosisThresholds.self)[.deadShare] == 0.5)
    for (text, part) in [
      ("deadShare", "name=value"), ("deadshare=1", "did you mean deadShare?"),
      ("deadShare=much", "at least 0"), ("deadShare=-1", "at least 0"), ("lossRise=NaN", "0"),
    ] {
      let error = #expect(throws: DiagnosisThresholdError.self) { try thresholds.set(text) }
      #expect(error?.description.contains(part) == true, "\(text)")
    }
  }

  @Test(
    "Every finding says what it is, where its bound comes from and what to do, in two languages")
  func texts() {
    for code in Finding.Code.allCases {
      let finding = Finding(code, value: 1, threshold: 2)
      #expect(finding.whatToDo == finding.advice(in: .english))
      #expect(finding.source.contains(/\d{4}/), "\(code)")
      for language in Language.allCases {
        #expect(!finding.title(in: language).hasPrefix("doctor."), "\(code)")
        #expect(!finding.advice(in: language).hasPrefix("doctor."), "\(code)")
      }
    }
  }
}

extension LanguageTests {
  /// Keys of `doctor` that the sources put together from closed sets.
  static var doctorComputedKeys: [String] {
    Finding.Code.allCases.flatMap {
      ["doctor.\($0.rawValue).title", "doctor.\($0.rawValue).advice"]
    }
      + Cause.Name.allCases.flatMap {
        ["doctor.cause.\($0.rawValue).title", "doctor.cause.\($0.rawValue).advice"]
      } + DiagnosisThresholds.Name.allCases.map { "doctor.threshold.\($0.rawValue)" }
      + Finding.Severity.allCases.map { "doctor.\($0.rawValue)" }
      + OverfitTrial.Measure.allCases.map { "doctor.score.\($0.rawValue)" }
  }
}
