import Testing

@testable import Backprop
@testable import BackpropInspection

@Suite("The search for a learning rate")
struct RateSearchTests {
  func search(
    _ rule: OptimizerRule = .adam(), threads: Int = 1, reduction: Reduction = .mean,
    options: RateSearchOptions = RateSearchOptions()
  ) throws -> (RateSearchResult, Network<Float>) {
    let network = try Network<Float>(
      sizes: [2, 32, 16, 3], activations: [.relu, .relu, .softmax], loss: .crossEntropy,
      reduction: reduction, seed: 1)
    let search = try RateSearch(
      configuration: TrainingConfiguration(optimizer: rule, batchSize: 20, seed: 4),
      options: options, threads: threads)
    let copy = network
    let found = try search.run(
      network, on: TrainerTests.spirals(300, seed: 1), metrics: TrainerTests.metrics)
    #expect(network.parameters == copy.parameters)
    return (found, network)
  }

  @Test("Rates of the range test grow from the lowest to the highest by one factor")
  func ramp() {
    let ramp = RateRamp(RateSearchOptions(lowest: 1e-3, highest: 10, steps: 21))
    // 10⁴ in 20 steps: 10^0.2 a step.
    for step in 0..<21 {
      let expected =
        Double("1e-3").unsafelyUnwrapped
        * Double.naturalExponential(
          0.2 * 2.302_585_092_994_046 * Double(step))
      #expect(abs(ramp.rate(at: step) / expected - 1) < 1e-12)
    }
    for _ in 0..<21 {
      #expect(!ramp.isFinished)
      ramp.record(1, of: 5, under: .mean)
    }
    #expect(ramp.isFinished && !ramp.hasExploded)
    #expect(ramp.points.allSatisfy { abs($0.smoothed - 1) < 1e-12 })
  }

  @Test(
    "The average is corrected for its start, and a fourfold rise over its lowest is an explosion")
  func explosion() {
    let ramp = RateRamp(RateSearchOptions(steps: 100))
    ramp.record(2, of: 1, under: .mean)
    // (0.9 · 0.1 · 2 + 0.1 · 4) / (1 − 0.9²) = 0.58 / 0.19.
    ramp.record(4, of: 1, under: .mean)
    #expect(abs(ramp.points[0].smoothed - 2) < 1e-12)
    #expect(abs(ramp.points[1].smoothed - 0.58 / 0.19) < 1e-12)
    for _ in 0..<30 { ramp.record(1, of: 1, under: .mean) }
    #expect(!ramp.hasExploded)
    ramp.record(1000, of: 1, under: .mean)
    #expect(ramp.hasExploded && ramp.isFinished)
    let test = RateRangeTest(points: ramp.points, hasExploded: true)
    #expect(test.exploded == ramp.points.last?.rate)
    let endless = RateRamp(RateSearchOptions(steps: 100))
    endless.record(.nan, of: 1, under: .mean)
    #expect(endless.hasExploded)
    let sum = RateRamp(RateSearchOptions(steps: 100))
    sum.record(30, of: 10, under: .sum)
    #expect(sum.points[0].loss == 3)
  }

  @Test("An attempt falls if each loss is below the one before, or the task has been learned")
  func attempts() {
    #expect(RateAttempt(rate: 1, losses: [2, 1, 0.9, 0.8]).falls)
    #expect(!RateAttempt(rate: 1, losses: [2, 1, 1, 0.8]).falls)
    #expect(!RateAttempt(rate: 1, losses: [2, 2.5, 1, 0.8]).falls)
    #expect(RateAttempt(rate: 1, losses: [2, 0.15, 0.16, 0.17]).falls)
    #expect(!RateAttempt(rate: 1, losses: [2, 0.05, 0.15]).falls)
    #expect(!RateAttempt(rate: 1, losses: [2, .infinity]).falls)
  }

  @Test("Proposed is the smaller of 0.3 times the rate of the lowest loss and half the threshold")
  func proposal() {
    func point(_ rate: Double, _ smoothed: Double) -> RateRangeTest.Point {
      RateRangeTest.Point(rate: rate, loss: smoothed, smoothed: smoothed)
    }
    // Ten points that the average is made of, then from 2 down to 1 at a rate of 0.5, and up again.
    let points =
      (0..<11).map { _ in point(0.01, 2) } + [point(0.1, 1.5), point(0.5, 1), point(1, 3)]
    let test = RateRangeTest(points: points, hasExploded: true)
    #expect(test.lowest?.rate == 0.5 && test.hasFallen && test.exploded == 1)
    func proposed(_ threshold: Double?) -> Double? {
      RateSearchResult(
        rangeTest: test,
        attempts: threshold.map { [RateAttempt(rate: $0, losses: [2, 1])] } ?? []
      ).proposed
    }
    #expect(proposed(0.2) == 0.1)
    #expect(proposed(2) == 0.15)
    #expect(proposed(nil) == 0.15)
    let flat = RateRangeTest(points: (0..<30).map { _ in point(1, 2) }, hasExploded: false)
    #expect(!flat.hasFallen)
    #expect(RateSearchResult(rangeTest: flat, attempts: []).proposed == nil)
  }

  @Test(
    "A search is a function of its seed: the same for any threads, and leaves the network alone")
  func determinism() throws {
    let (one, _) = try search()
    #expect(try search().0 == one)
    #expect(try search(threads: 2).0 == one)
    #expect(one.rangeTest.points.count > 100 && one.threshold != nil)
    let rates = one.attempts.map(\.rate)
    #expect(rates == rates.sorted())
    // Beyond the threshold nothing fell.
    #expect(one.attempts.filter { $0.rate > one.threshold ?? 0 }.allSatisfy { !$0.falls })
  }

  @Test(
    "Training at the proposed rate ends lower than at ten times and at a thirtieth of it",
    arguments: [OptimizerRule.adam(), .sgd, .momentum()])
  func comparison(rule: OptimizerRule) throws {
    let (found, network) = try search(rule)
    let proposed = try #require(found.proposed)
    func loss(_ rate: Double) throws -> Double {
      var copy = network
      var last = Double.infinity
      let configuration = TrainingConfiguration(
        optimizer: rule, learningRate: rate, batchSize: 20, epochs: 10, seed: 4)
      try Trainer<Float>(configuration: configuration).train(
        &copy, on: TrainerTests.spirals(300, seed: 1), metrics: TrainerTests.metrics
      ) { event in
        if case .epoch(let report) = event { last = report.loss }
        if case .end(let summary) = event, summary.reason == .diverged { last = .infinity }
      }
      return last
    }
    let (right, high, low) = (try loss(proposed), try loss(10 * proposed), try loss(proposed / 30))
    #expect(right < high && right < low, "\(rule.name), \(proposed): \(right), \(high), \(low)")
  }
}
