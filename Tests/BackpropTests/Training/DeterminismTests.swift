import CBackprop
import Testing

@testable import Backprop
@testable import BackpropInspection

/// The selection of an instruction set, and whole training runs on each. Serialized, because the
/// selection is global: whatever selects or asks which one is active stands here. Other suites may
/// run beside it, since the variants that are selected here differ in no bit.
@Suite("Whole runs on every instruction set", .serialized)
struct DeterminismTests {
  static let fusedVariants = [BP_FMA128, BP_AVX2, BP_AVX512, BP_NEON].filter {
    bp_variant_supported($0)
  }

  func run<T: Scalar>(_ type: T.Type, threads: Int) throws -> (Parameters<T>, [Double]) {
    var network = try Network<T>(
      sizes: [2, 70, 33, 3], activations: [.silu, .maxout(pieces: 3), .softmax],
      loss: .crossEntropy,
      seed: 5)
    let spirals = TrainerTests.spirals(200, seed: 1)
    let data = Dataset<T>(
      inputs: spirals.inputs.converted(), targets: spirals.targets.converted())
    var losses: [Double] = []
    try Trainer<T>(
      configuration: TrainingConfiguration(
        optimizer: .adamW(), learningRate: 0.01, batchSize: 48, epochs: 3, l2Penalty: 1e-3),
      threads: threads
    ).train(
      &network, on: data, validation: data, metrics: .classification(probabilities: true)
    ) { event in
      if case .epoch(let report) = event {
        losses += [report.loss, report.validation?.loss ?? .nan]
      }
    }
    return (network.parameters, losses)
  }

  func compareVariants<T: Scalar>(_ type: T.Type) throws {
    let active = bp_variant_active()
    defer { _ = bp_variant_select(active) }
    var expected: (Parameters<T>, [Double])?
    for variant in Self.fusedVariants {
      #expect(bp_variant_select(variant))
      for threads in [1, 2] {
        let found = try run(type, threads: threads)
        #expect(found.1.allSatisfy { $0.isFinite })
        if let expected {
          #expect(found.0 == expected.0, "\(variant), \(threads) threads")
          #expect(found.1 == expected.1, "\(variant), \(threads) threads")
        } else {
          expected = found
        }
      }
    }
  }

  @Test("Threads, vectors, data in memory or in a file, a resumed run: one result for each cut")
  func wholeMatrix() throws {
    let active = bp_variant_active()
    defer { _ = bp_variant_select(active) }
    let data = SameBitsTests.weighted(120)
    var results: [Parameters<Float>] = []
    // One block, five, and as many as 48 rows ask for, which are two.
    for shards in [1, 5, nil] {
      var expected: Parameters<Float>?
      for variant in Self.fusedVariants {
        #expect(bp_variant_select(variant))
        for threads in [1, 2, 3, 8] {
          for isInFile in [false, true] {
            // All that is random, all that is normalised, and weights.
            let fresh = try Network<Float>(
              sizes: [2, 70, 33, 3], activations: [.gelu, .relu, .softmax], loss: .crossEntropy,
              dropout: [0.2, 0.3], normalizations: [.layer, .rms], seed: 5)
            let trainer = try Trainer<Float>(
              configuration: TrainingConfiguration(
                optimizer: .adam(), learningRate: 0.01, batchSize: 48, epochs: 2, l2Penalty: 1e-3,
                clipNorm: 1, shuffleBlock: ShuffleBlock(rows: 8, window: 3), shards: shards,
                inputNoise: 0.1, labelSmoothing: 0.05, mixup: 0.3),
              threads: threads)
            let examples: TrainingExamples<Float> =
              isInFile ? .spooled(try SameBitsTests.spooled(data)) : .memory(data)
            var kept: [Checkpoint<Float>] = []
            var network = fresh
            try trainer.train(
              &network, on: examples, validation: nil, metrics: TrainerTests.metrics,
              checkpoints: Checkpoints(every: .steps(4)) { kept.append($0) })
            let reference = expected ?? network.parameters
            expected = reference
            let what: Comment =
              "\(variant), \(threads) threads, \(shards ?? 0) shards, in a file: \(isInFile)"
            #expect(network.parameters == reference, what)
            var resumed = fresh
            try trainer.resume(
              &resumed, from: try #require(kept.first), on: examples, validation: nil,
              metrics: TrainerTests.metrics,
              data: DataFingerprint(training: examples, validation: nil))
            #expect(resumed.parameters == reference, what)
          }
        }
      }
      if let expected { results.append(expected) }
    }
    // The number of blocks is part of a run.
    #expect(results.count == 3 && results[0] != results[1] && results[1] != results[2])
    #expect(results[0] != results[2])
  }

  /// Every rule with a schedule of its own, clipped; wide enough that updates are split among threads.
  func everyRule<T: Scalar>(_ type: T.Type, threads: Int) throws -> [Parameters<T>] {
    let spirals = TrainerTests.spirals(16, seed: 1)
    let data = Dataset<T>(
      inputs: spirals.inputs.converted(), targets: spirals.targets.converted())
    return try OptimizerRule.allCases.enumerated().map { index, rule in
      var network = try Network<T>(
        sizes: [2, 300, 230, 3], activations: [.silu, .tanh, .softmax], loss: .crossEntropy, seed: 5
      )
      let schedules = Schedule.allCases
      try Trainer<T>(
        configuration: TrainingConfiguration(
          optimizer: rule, learningRate: 0.01, schedule: schedules[index % schedules.count],
          batchSize: 8, epochs: 2, weightDecay: rule.searchesLines ? 0 : 0.01,
          clipNorm: rule.searchesLines ? nil : 0.5, clipValue: rule.searchesLines ? nil : 0.1),
        threads: threads
      ).train(&network, on: data, metrics: TrainerTests.metrics)
      return network.parameters
    }
  }

  func compareRules<T: Scalar>(_ type: T.Type) throws {
    let active = bp_variant_active()
    defer { _ = bp_variant_select(active) }
    var expected: [Parameters<T>]?
    for variant in Self.fusedVariants {
      #expect(bp_variant_select(variant))
      for threads in [1, 2, 4] where threads == 1 || variant == Self.fusedVariants.last {
        let found = try everyRule(type, threads: threads)
        let reference = expected ?? found
        expected = reference
        for (rule, pair) in zip(OptimizerRule.names, zip(found, reference)) {
          #expect(pair.0 == pair.1, "\(rule), \(variant), \(threads) threads")
        }
      }
    }
  }

  @Test("Every rule under every schedule, clipped, has the same bits for any vectors and threads")
  func rules() throws {
    try compareRules(Float.self)
    try compareRules(Double.self)
  }

  @Test("The parameters of chosen runs are those that are pinned, on every instruction set")
  func pinnedBits() throws {
    let active = bp_variant_active()
    defer { _ = bp_variant_select(active) }
    let pinned = try PinnedRun.pinned {
      try Dictionary(
        uniqueKeysWithValues: PinnedRun.all.map { ($0.name, try $0.digest(threads: 1)) })
    }
    #expect(pinned.count == PinnedRun.all.count && Set(pinned.values).count == pinned.count)
    for variant in Self.fusedVariants {
      #expect(bp_variant_select(variant))
      for (index, run) in PinnedRun.all.enumerated() {
        let found = try run.digest(threads: 1 + index % 3)
        #expect(found == pinned[run.name], "\(run), \(variant)")
      }
    }
  }

  @Test("A run in Float has the same bits for vectors of 128, 256 and 512 bits")
  func float() throws { try compareVariants(Float.self) }

  @Test("A run in Double has the same bits for vectors of 128, 256 and 512 bits")
  func double() throws { try compareVariants(Double.self) }

  @Test("The best supported variant is active, and an unsupported one cannot be selected")
  func selection() {
    #expect(bp_variant_active() == supportedVariants.last)
    for variant in [BP_BASELINE, BP_FMA128, BP_AVX2, BP_AVX512, BP_NEON] {
      for precision in [BP_F32, BP_F64] {
        #expect((bp_kernels_of(variant, precision) != nil) == bp_variant_supported(variant))
      }
      if !bp_variant_supported(variant) { #expect(!bp_variant_select(variant)) }
    }
  }
}
