import CReference
import Testing

@testable import Backprop
@testable import BackpropInspection

@Suite("Allocations")
struct AllocationTests {
  @Test("The count sees an allocation")
  func counting() {
    let before = allocation_count()
    // −1: sanitizers bring their own allocator, and on macOS it cannot be replaced like this.
    guard before >= 0 else { return }
    let matrix = Matrix<Float>(rows: 3, columns: 3)
    #expect(allocation_count() > before)
    #expect(matrix.rows == 3)
  }

  @Test(
    "No memory is allocated between the steps of a running epoch",
    arguments: OptimizerRule.allCases.filter { !$0.takesAllExamples })
  func trainingSteps(rule: OptimizerRule) throws {
    guard allocation_count() >= 0 else { return }
    let data = TrainerTests.spirals(600, seed: 1)
    let weighted = Dataset(
      inputs: data.inputs, targets: data.targets,
      weights: (0..<600).map { Float(1 + $0 % 3) })
    for dataset in [data, weighted] {
      var network = try Network<Float>(
        sizes: [2, 40, 24, 16, 3], activations: [.relu, .maxout(pieces: 2), .mish, .softmax],
        loss: .crossEntropy, seed: 1)
      var counts = [Int64](repeating: 0, count: 70)
      var steps = 0
      let configuration = TrainingConfiguration(
        optimizer: rule, learningRate: 1e-3, batchSize: 20, epochs: 2, l2Penalty: 1e-4)
      try Trainer<Float>(configuration: configuration).train(
        &network, on: dataset, metrics: TrainerTests.metrics,
        isInterrupted: {
          counts[steps] = allocation_count()
          steps += 1
          return false
        })
      #expect(steps == 60)
      // Steps 1 … 30 are one epoch, 31 … 60 the other. The first step of a run makes what is made
      // once: a thread's scratch memory, and the tables of generic types.
      #expect(counts[29] == counts[1], "\(counts[29] - counts[1]) allocations in 28 steps")
      #expect(counts[59] == counts[30], "\(counts[59] - counts[30]) allocations in 29 steps")
    }
  }

  @Test(
    "Nor where many classes are counted in many blocks, of which the last batch has longer ones")
  func manyClasses() throws {
    guard allocation_count() >= 0 else { return }
    // 7 batches of 256 in 8 blocks of 32, then one of 127 in 2 of 64.
    let rows = 7 * 256 + 127
    var random = RandomSource(seed: 3, purpose: .sampling)
    let data = Dataset<Float>(
      inputs: Matrix((0..<rows).map { _ in [Float(random.normal()), Float(random.normal())] }),
      classes: (0..<rows).map { UInt32($0 * 7 % 60) }, of: 60)
    var network = try Network<Float>(
      sizes: [2, 16, 60], activations: [.tanh, .softmax], loss: .crossEntropy, seed: 1)
    var counts: [Int64] = []
    counts.reserveCapacity(40)
    try Trainer<Float>(
      configuration: TrainingConfiguration(learningRate: 0.1, batchSize: 256, epochs: 2)
    ).train(
      &network, on: data, metrics: .classification(probabilities: true),
      isInterrupted: {
        counts.append(allocation_count())
        return false
      })
    #expect(counts.count == 16)
    #expect(counts[7] == counts[1], "\(counts)")
    #expect(counts[15] == counts[8], "\(counts)")
  }

  @Test(
    "Nor where penalties, max-norm, averages, clipping, factors and joined batches act on the step",
    arguments: [WeightAveraging.exponential(), .stochastic(start: 0)])
  func updatedSteps(averaging: WeightAveraging) throws {
    guard allocation_count() >= 0 else { return }
    var network = try Network<Float>(
      sizes: [2, 40, 24, 16, 3], activations: [.relu, .maxout(pieces: 2), .mish, .softmax],
      loss: .crossEntropy, seed: 1)
    var configuration = TrainingConfiguration(
      optimizer: .adam(), learningRate: 1e-3, schedule: .oneCycle(), batchSize: 10, epochs: 2,
      l2Penalty: 1e-4, weightDecay: 1e-3, clipNorm: 0.5, clipValue: 0.1)
    configuration.l1Penalty = 1e-4
    configuration.l2Scaling = .perBatch
    configuration.maxNorm = 1
    configuration.averaging = averaging
    configuration.accumulate = 2
    (configuration.updates.biasRateFactor, configuration.updates.decayBiases) = (2, true)
    configuration.cycleMomentum = MomentumCycle()
    var counts = [Int64](repeating: 0, count: 70)
    var steps = 0
    try Trainer<Float>(configuration: configuration).train(
      &network, on: TrainerTests.spirals(600, seed: 1), metrics: TrainerTests.metrics,
      isInterrupted: {
        counts[steps] = allocation_count()
        steps += 1
        return false
      })
    // 600 / (2 · 10) updates an epoch.
    #expect(steps == 60)
    #expect(counts[29] == counts[1], "\(counts[29] - counts[1]) allocations in 28 steps")
    #expect(counts[59] == counts[30], "\(counts[59] - counts[30]) allocations in 29 steps")
  }

  @Test("Nor by an update under any rule", arguments: OptimizerRule.allCases)
  func updates(rule: OptimizerRule) throws {
    guard allocation_count() >= 0 else { return }
    let network = try Network<Float>(
      sizes: [3, 20, 2], activations: [.tanh, .identity], loss: .squaredError, seed: 1)
    // By itself: without optimisation, a property that is checked when set allocates.
    var parameters = network.parameters
    var gradient = parameters
    var optimizer = Optimizer<Float>(rule: rule, for: parameters.layout)
    optimizer.update(&parameters, along: gradient, rate: 0.01)
    gradient.clip(toNorm: 0.1, value: 0.1)
    let before = allocation_count()
    for _ in 0..<10 {
      gradient.clip(toNorm: 0.05, value: 0.01)
      optimizer.update(&parameters, along: gradient, rate: 0.01)
    }
    #expect(allocation_count() == before, "\(rule)")
  }

  @Test("Nor by the caller of a pool of threads, when the products are large enough to share")
  func pooledSteps() throws {
    guard allocation_count() >= 0 else { return }
    // 2 · 64 · 128 · 128 operations a product: more than one thread keeps for itself.
    var network = try Network<Float>(
      sizes: [2, 128, 128, 3], activations: [.relu, .tanh, .softmax], loss: .crossEntropy, seed: 1)
    var counts: [Int64] = Array(repeating: 0, count: 20)
    var steps = 0
    let configuration = TrainingConfiguration(
      optimizer: .adam(), learningRate: 1e-3, batchSize: 64, epochs: 1)
    try Trainer<Float>(configuration: configuration, threads: 2).train(
      &network, on: TrainerTests.spirals(640, seed: 1), metrics: TrainerTests.metrics,
      isInterrupted: {
        counts[steps] = allocation_count()
        steps += 1
        return false
      })
    #expect(steps == 10)
    #expect(counts[9] == counts[1], "\(counts[9] - counts[1]) allocations in 8 steps")
  }
}
