import Testing

@testable import Backprop
@testable import BackpropInspection

@Suite("Ranges of a configuration")
struct ConfigurationTests {
  /// One number out of its range each, and what the error calls it.
  static let faults: [(name: String, change: @Sendable (inout TrainingConfiguration) -> Void)] = [
    ("learningRate", { $0.learningRate = 0 }), ("learningRate", { $0.learningRate = .nan }),
    ("learningRate", { $0.learningRate = .infinity }),
    ("warmUp", { $0.warmUp = 1.5 }), ("batchSize", { $0.batchSize = 0 }),
    ("batchSize", { $0.batchSize = .max }), ("epochs", { $0.epochs = 0 }),
    (
      "epochs",
      {
        $0.epochs = .max
        $0.patience = 10
      }
    ),
    ("shards", { $0.shards = 0 }), ("shards", { $0.shards = .max }),
    ("accumulate", { $0.accumulate = -1 }), ("accumulate", { $0.accumulate = .max }),
    ("patience", { $0.patience = 0 }), ("trainingExamples", { $0.trainingExamples = -1 }),
    ("l2", { $0.l2Penalty = -1 }), ("l1", { $0.l1Penalty = .infinity }),
    ("weightDecay", { $0.weightDecay = -1 }), ("clipNorm", { $0.clipNorm = 0 }),
    ("clipValue", { $0.clipValue = .nan }), ("maxNorm", { $0.maxNorm = -1 }),
    ("minDelta", { $0.monitor = Monitor(minimumDelta: -1) }),
    ("inputNoise", { $0.inputNoise = -1 }), ("inputDropout", { $0.inputDropout = 1 }),
    ("labelSmoothing", { $0.labelSmoothing = 1 }), ("mixup", { $0.mixup = -1 }),
    ("ema", { $0.averaging = .exponential(decay: 1) }),
    ("swa", { $0.averaging = .stochastic(start: 1) }),
    ("biasRateFactor", { $0.updates.biasRateFactor = -1 }),
    ("rateFactors", { $0.updates.rateFactors = [] }),
    ("rateFactors", { $0.updates.rateFactors = [1, .nan] }),
    ("shuffleBlock", { $0.shuffleBlock = ShuffleBlock(rows: 0) }),
    ("shuffleBlock", { $0.shuffleBlock = ShuffleBlock(rows: .max) }),
    ("shuffleWindow", { $0.shuffleBlock = ShuffleBlock(rows: 1, window: -1) }),
    ("cycleMomentum", { $0.cycleMomentum = MomentumCycle() }),
    (
      "cycleMomentum.high",
      {
        $0.rateSchedule = .oneCycle()
        $0.cycleMomentum = MomentumCycle(low: 0.9, high: 0.5)
      }
    ),
    ("warmUp", { $0.rateSchedule = .cosine(warmUp: 2) }),
    ("schedule.epochs", { $0.rateSchedule = .step(epochs: 0) }),
    ("schedule.factor", { $0.rateSchedule = .exponential(factor: 1) }),
    ("schedule.exponent", { $0.rateSchedule = .inverseScaling(exponent: 0) }),
    ("schedule.growth", { $0.rateSchedule = .cosineRestarts(epochs: 1, growth: .max) }),
    ("schedule.rise", { $0.rateSchedule = .oneCycle(rise: -1) }),
    ("schedule.patience", { $0.rateSchedule = .plateau(patience: 0) }),
    ("momentum", { $0.optimizer = .momentum(1) }),
    ("optimizer.epsilon", { $0.optimizer = .adaGrad(epsilon: 0) }),
    ("optimizer.smoothing", { $0.optimizer = .adadelta(smoothing: -1) }),
    ("optimizer.beta1", { $0.optimizer = .adam(beta1: 1) }),
    ("optimizer.beta2", { $0.optimizer = .lion(beta2: .nan) }),
    ("optimizer.momentumDecay", { $0.optimizer = .nAdam(momentumDecay: -1) }),
    ("optimizer.shrinkage", { $0.optimizer = .rprop(shrinkage: 1) }),
    ("optimizer.growth", { $0.optimizer = .rprop(growth: .infinity) }),
    ("optimizer.smallest", { $0.optimizer = .rprop(smallest: 0) }),
    ("optimizer.largest", { $0.optimizer = .rprop(smallest: 1, largest: 0.5) }),
    ("optimizer.memory", { $0.optimizer = .lbfgs(memory: -1) }),
    ("optimizer.memory", { $0.optimizer = .lbfgs(memory: 1_000_000_000) }),
    (
      "weightDecay",
      {
        $0.optimizer = .lbfgs()
        $0.weightDecay = 0.1
      }
    ),
    (
      "biasRateFactor",
      {
        $0.optimizer = .lbfgs()
        $0.updates.biasRateFactor = 2
      }
    ),
  ]

  @Test("A number out of its range is refused by its name, whoever takes the configuration")
  func ranges() throws {
    for (name, change) in Self.faults {
      var configuration = TrainingConfiguration()
      change(&configuration)
      func refuses(_ body: () throws -> Void) {
        do {
          try body()
          Issue.record("\(name) was let through")
        } catch let error as ConfigurationError {
          #expect(error.name == name, "\(error)")
        } catch {
          Issue.record("\(name): \(error)")
        }
      }
      refuses { try configuration.validate() }
      refuses { _ = try Trainer<Float>(configuration: configuration) }
      refuses { try DiagnosisOptions(configuration: configuration).validate() }
      guard !configuration.optimizer.ignoresSchedule else { continue }
      refuses { _ = try RateSearch(configuration: configuration) }
    }
  }

  @Test(
    "Every rule and schedule lets its own defaults through, and every rule the change to any other")
  func defaults() throws {
    for schedule in Schedule.allCases { try schedule.validate() }
    for rule in OptimizerRule.allCases {
      try TrainingConfiguration(optimizer: rule).validate()
      for other in OptimizerRule.allCases {
        var configuration = TrainingConfiguration(
          optimizer: rule, schedule: rule.ignoresSchedule ? .constant : .oneCycle())
        if !rule.searchesLines {
          configuration.weightDecay = 0.1
          configuration.clipNorm = 1
          configuration.mixup = 0.2
          configuration.maxNorm = 3
          configuration.averaging = .exponential()
          configuration.accumulate = 2
          (configuration.updates.biasRateFactor, configuration.updates.decayBiases) = (2, true)
        }
        if !rule.ignoresSchedule, rule.canCycleMomentum {
          configuration.cycleMomentum = MomentumCycle()
        }
        try configuration.validate()
        configuration.change(to: other)
        try configuration.validate()
        #expect(configuration.learningRate == other.suggestedLearningRate)
      }
    }
  }

  @Test("The diagnosis of a network lets every rule take the place of the one that trained it")
  func diagnosis() throws {
    let network = try Network<Float>(
      sizes: [2, 5, 3], activations: [.tanh, .softmax], loss: .crossEntropy, seed: 1)
    let data = TrainerTests.spirals(30, seed: 1)
    for rule in OptimizerRule.allCases {
      var options = DiagnosisOptions(
        configuration: TrainingConfiguration(optimizer: .adam(), weightDecay: 0.1))
      options.configuration.updates.rateFactors = [0.5]
      options.configuration.updates.decayBiases = true
      options.configuration.change(to: rule)
      (options.steps, options.overfitSteps) = (2, 2)
      let diagnosis = try Diagnosis(
        of: network, on: data, metrics: TrainerTests.metrics, options: options)
      #expect(diagnosis.trial?.optimizer == rule.name)
    }
  }

  @Test("An interval of any length is due or not, and never traps")
  func intervals() {
    for (interval, isDue) in [
      (CheckpointInterval.seconds(3.6e20), false), (.seconds(.infinity), false),
      (.seconds(.nan), false), (.seconds(-1), true), (.seconds(0), true), (.steps(0), true),
      (.steps(.min), true), (.steps(.max), false),
    ] {
      let checkpoints = Checkpoints<Float>(every: interval) { _ in }
      #expect(checkpoints.isDue(after: 7, elapsed: .seconds(1)) == isDue, "\(interval)")
    }
  }

  @Test(
    "Sets of which nothing is held out have 2,400 steps, others at most 300 epochs; patience 400 steps"
  )
  func suggestionsForSmallSets() {
    func epochs(_ examples: Int) -> Int {
      TrainingConfiguration.suggestedEpochs(examples: examples, batchSize: min(16, examples))
    }
    #expect([4, 16, 17, 40, 120, 275].map(epochs) == [2400, 2400, 1200, 300, 300, 300])
    // 6000 / 63, and the least.
    #expect(TrainingConfiguration.suggestedEpochs(examples: 2000, batchSize: 32) == 95)
    #expect(TrainingConfiguration.suggestedEpochs(examples: 1_000_000, batchSize: 256) == 20)
    // A step of all examples is no reason for more.
    #expect(TrainingConfiguration.suggestedEpochs(examples: 5000, batchSize: 5000) == 300)
    func patience(_ examples: Int) -> Int {
      TrainingConfiguration.suggestedPatience(examples: examples, batchSize: 16)
    }
    #expect([16, 120, 275, 900].map(patience) == [400, 50, 22, 20])
  }

  @Test("Patience is a default where nobody says how many epochs, or the rate stays")
  func defaultPatience() {
    func patience(epochs: Int?, _ schedule: Schedule? = nil, hasValidation: Bool = true) -> Int? {
      TrainingConfiguration(schedule: schedule, epochs: epochs)
        .resolved(examples: 120, hasValidation: hasValidation).patience
    }
    #expect(patience(epochs: nil) == 50 && patience(epochs: 300) == nil)
    #expect(patience(epochs: 300, .constant) == 50)
    #expect(patience(epochs: nil, hasValidation: false) == nil)
  }

  @Test("A batch size suggests epochs, whatever it is")
  func suggestions() {
    for size in [Int.min, 0, 1, .max] {
      for examples in [Int.min, 0, 1, .max] {
        let epochs = TrainingConfiguration.suggestedEpochs(examples: examples, batchSize: size)
        #expect((20...2400).contains(epochs))
      }
    }
  }

  @Test("What does not suit the network is an error of whoever trains it, and no trap")
  func network() throws {
    let data = TrainerTests.spirals(20, seed: 3)
    let network: Network<Float> = try TrainerTests.network()
    let dropping = try network.withDropout(network.layers.hiddenDense.map { _ in 0.5 })
    var factors = TrainingConfiguration(schedule: .constant)
    factors.updates.rateFactors = [Double](repeating: 1, count: 7)
    var smoothing = TrainingConfiguration(schedule: .constant)
    smoothing.labelSmoothing = 0.1
    let regression = try Network<Float>(
      sizes: [2, 3], activations: [.identity], loss: .squaredError)
    let cases: [(String, TrainingConfiguration, Network<Float>)] = [
      ("rateFactors", factors, network),
      ("dropout", TrainingConfiguration(optimizer: .lbfgs(), schedule: .constant), dropping),
      ("labelSmoothing", smoothing, regression),
    ]
    for (name, configuration, network) in cases {
      let trainer = try Trainer<Float>(configuration: configuration)
      var copy = network
      let metrics = TrainerTests.metrics
      func refuses(_ body: () throws -> Void) {
        let error = #expect(throws: ConfigurationError.self, "\(name)") { try body() }
        #expect(error?.name == name)
      }
      refuses { try trainer.train(&copy, on: data, metrics: metrics) }
      refuses {
        try trainer.train(&copy, on: .memory(data), validation: nil, metrics: metrics)
      }
      if !configuration.optimizer.takesAllExamples {
        var state = try PartialTraining(
          for: network, configuration: TrainingConfiguration(schedule: .constant))
        refuses {
          try trainer.partialFit(&copy, on: data, metrics: metrics, state: &state)
        }
        refuses {
          _ = try RateSearch(configuration: configuration).run(network, on: data, metrics: metrics)
        }
      }
      refuses {
        _ = try Diagnosis(
          of: network, on: data, metrics: metrics,
          options: DiagnosisOptions(configuration: configuration))
      }
      #expect(copy.parameters == network.parameters)
    }
  }

  @Test("Batches that are accumulated are none of a search for the rate")
  func accumulatingSearch() {
    var configuration = TrainingConfiguration()
    configuration.accumulate = 4
    let error = #expect(throws: ConfigurationError.self) {
      try RateSearch(configuration: configuration)
    }
    #expect(error?.name == "accumulate")
  }

  @Test("Numbers whose product is beyond an Int take all examples")
  func overflow() {
    var configuration = TrainingConfiguration(optimizer: .gradientDescent, l2Penalty: 1)
    configuration.accumulate = Int(Int32.max)
    configuration.trainingExamples = .max
    #expect(configuration.examplesPerUpdate(of: .max) == .max)
    #expect(configuration.effectiveL2Penalty() > 0)
  }

  @Test("The product of NAdam's momenta is known after any number of steps")
  func momentumProduct() {
    var product = MomentumProduct()
    product.advance(to: 1 << 53, beta1: 0.9, momentumDecay: 0.004)
    #expect(product.value < 1e-290)
    var near = MomentumProduct()
    near.advance(to: 3, beta1: 0.9, momentumDecay: 0.004)
    let expected = (1...3).reduce(1.0) {
      $0 * MomentumProduct.momentum($1, beta1: 0.9, momentumDecay: 0.004)
    }
    #expect(near.value == expected)
  }
}
