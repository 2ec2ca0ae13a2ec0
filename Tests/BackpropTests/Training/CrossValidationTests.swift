import Testing

@testable import Backprop
@testable import BackpropInspection

@Suite("Cross-validation and training by chunks")
struct CrossValidationTests {
  @Test("Mean and sample standard deviation, by hand")
  func statistics() {
    // (0.8 + 0.9 + 1.0) / 3 = 0.9; squares 0.01 + 0 + 0.01 = 0.02; √(0.02 / (3 − 1)) = 0.1
    let (mean, deviation) = CrossValidation.statistics([0.8, 0.9, 1.0])
    #expect(abs(mean - 0.9) < 1e-15 && abs(deviation - 0.1) < 1e-15)
    #expect(CrossValidation.statistics([0.5, .nan]).mean.isNaN)
  }

  @Test("A fold is a run on the rows of the others, judged by its own")
  func folds() throws {
    let data = TrainerTests.spirals(60, seed: 1)
    let network: Network<Float> = try TrainerTests.network()
    let trainer = try Trainer<Float>(configuration: TrainingConfiguration(batchSize: 8, epochs: 3))
    let folds = try Folds.stratified(codes: (0..<60).map { UInt32($0 % 3) }, count: 4, seed: 5)
    let result = try trainer.crossValidate(
      network, on: data, folds: folds, metrics: TrainerTests.metrics)
    #expect(result.folds.count == 4)
    for (index, fold) in result.folds.enumerated() {
      var copy = network
      try trainer.train(
        &copy, on: data.subset(folds[index].training), metrics: TrainerTests.metrics)
      #expect(
        fold.evaluation
          == copy.evaluate(
            on: data.subset(folds[index].validation), metrics: TrainerTests.metrics))
      #expect(fold.examples == (45, 0, 15))
      #expect(fold.values[0] == fold.evaluation.metrics.accuracy)
    }
    let losses = result.folds.map(\.evaluation.loss)
    #expect(result.statistics(of: .loss).mean == losses.reduce(0, +) / 4)
  }

  @Test(
    "Two chunks of a batch each end with the bits of one epoch over both, moments included",
    arguments: OptimizerRule.allCases.filter { !$0.takesAllExamples })
  func partialFit(rule: OptimizerRule) throws {
    let data = TrainerTests.spirals(20, seed: 3)
    let start: Network<Float> = try TrainerTests.network()
    let trainer = try Trainer<Float>(
      configuration: TrainingConfiguration(
        optimizer: rule, schedule: .constant, batchSize: 10, epochs: 1, shuffles: false,
        l2Penalty: 1e-3, weightDecay: 1e-2, clipNorm: 0.5))
    var whole = start
    var moments: [(name: String, values: Parameters<Float>)] = []
    try trainer.train(
      &whole, on: data, metrics: TrainerTests.metrics,
      checkpoints: Checkpoints(every: .steps(2)) { moments = $0.moments })

    var parts = start
    var state = try PartialTraining(for: parts, configuration: trainer.configuration)
    for chunk in [0..<10, 10..<20] {
      try trainer.partialFit(
        &parts, on: data.subset(chunk.map { UInt32($0) }), metrics: TrainerTests.metrics,
        state: &state)
    }
    #expect(parts.parameters.bits == whole.parameters.bits)
    #expect(parts.parameters.bits != start.parameters.bits)
    #expect(state.optimizer.step == 2 && state.passes == 2)
    #expect(state.optimizer.moments.map(\.name) == moments.map(\.name))
    for (now, before) in zip(state.optimizer.moments, moments) {
      #expect(now.values.bits == before.values.bits, "\(now.name)")
    }
  }

  @Test("Factors, max-norm and joined batches go from chunk to chunk as from epoch to epoch")
  func partialFitWithUpdates() throws {
    let data = TrainerTests.spirals(40, seed: 3)
    let start: Network<Float> = try TrainerTests.network()
    var configuration = TrainingConfiguration(
      schedule: .constant, batchSize: 5, epochs: 1, shuffles: false, weightDecay: 1e-2)
    configuration.l1Penalty = 1e-3
    configuration.maxNorm = 1
    configuration.accumulate = 2
    configuration.updates.rateFactors = [2]
    (configuration.updates.biasRateFactor, configuration.updates.decayBiases) = (1.5, true)
    let trainer = try Trainer<Float>(configuration: configuration)
    var whole = start
    try trainer.train(&whole, on: data, metrics: TrainerTests.metrics)
    var parts = start
    var state = try PartialTraining(for: parts, configuration: configuration)
    // Two updates of 2 · 5 examples each.
    for chunk in [0..<20, 20..<40] {
      try trainer.partialFit(
        &parts, on: data.subset(chunk.map { UInt32($0) }), metrics: TrainerTests.metrics,
        state: &state)
    }
    #expect(state.optimizer.step == 4)
    #expect(parts.parameters.bits == whole.parameters.bits)
  }

  @Test("Chunks of different lengths draw the random numbers of one epoch over all of them")
  func partialFitOfUnequalChunks() throws {
    let data = TrainerTests.spirals(60, seed: 3)
    let start: Network<Float> = try TrainerTests.network()
    let trainer = try Trainer<Float>(
      configuration: TrainingConfiguration(
        schedule: .constant, batchSize: 5, epochs: 1, shuffles: false, inputNoise: 0.3))
    var whole = start
    try trainer.train(&whole, on: data, metrics: TrainerTests.metrics)
    var parts = start
    var state = try PartialTraining(for: parts, configuration: trainer.configuration)
    for chunk in [0..<35, 35..<40, 40..<60] {
      try trainer.partialFit(
        &parts, on: data.subset(chunk.map { UInt32($0) }), metrics: TrainerTests.metrics,
        state: &state)
    }
    #expect(parts.parameters.bits == whole.parameters.bits)
  }

  @Test("Random numbers are counted by the batches of the chunks, joined or not")
  func batchesOfChunks() throws {
    var network: Network<Float> = try TrainerTests.network()
    var configuration = TrainingConfiguration(schedule: .constant, batchSize: 5)
    configuration.accumulate = 2
    var state = try PartialTraining(for: network, configuration: configuration)
    let trainer = try Trainer<Float>(configuration: configuration)
    // 33 examples are 7 batches in 4 updates, then 5 are one.
    for (count, batches, steps) in [(33, 7, 4), (5, 8, 5)] {
      try trainer.partialFit(
        &network, on: TrainerTests.spirals(count, seed: 1), metrics: TrainerTests.metrics,
        state: &state)
      #expect(state.batches == batches && state.optimizer.step == steps)
    }
  }

  @Test("An average of the weights, which would end with the call, is refused")
  func partialFitWithAverage() async {
    await #expect(processExitsWith: .failure) {
      var network: Network<Float> = try TrainerTests.network()
      var configuration = TrainingConfiguration(schedule: .constant)
      configuration.averaging = .exponential()
      var state = try PartialTraining(for: network, configuration: configuration)
      try Trainer<Float>(configuration: configuration).partialFit(
        &network, on: TrainerTests.spirals(20, seed: 3), metrics: TrainerTests.metrics,
        state: &state)
    }
  }

  @Test("A call is one pass: 25 examples in batches of 10 are three steps, each example once")
  func onePass() throws {
    var network: Network<Float> = try TrainerTests.network()
    let trainer = try Trainer<Float>(
      configuration: TrainingConfiguration(schedule: .constant, batchSize: 10, epochs: 50))
    var state = try PartialTraining(for: network, configuration: trainer.configuration)
    let report = try trainer.partialFit(
      &network, on: TrainerTests.spirals(25, seed: 1), metrics: TrainerTests.metrics, state: &state)
    #expect(state.optimizer.step == 3 && report.metrics.count == 25)
  }

  @Test("A chunk that diverges leaves network and state as they were")
  func divergence() throws {
    var network: Network<Float> = try TrainerTests.network()
    let configuration = TrainingConfiguration(
      optimizer: .momentum(), learningRate: 1e38, schedule: .constant, batchSize: 5)
    var state = try PartialTraining(for: network, configuration: configuration)
    let before = network.parameters.bits
    #expect(throws: DivergenceError.self) {
      try Trainer<Float>(configuration: configuration).partialFit(
        &network, on: TrainerTests.spirals(20, seed: 1), metrics: TrainerTests.metrics,
        state: &state)
    }
    #expect(network.parameters.bits == before)
    #expect(state.optimizer.step == 0 && state.passes == 0)
  }
}

extension Parameters<Float> {
  fileprivate var bits: [UInt32] {
    (0..<layout.count).map { start[$0].bitPattern }
  }
}
