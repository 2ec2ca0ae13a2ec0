import Foundation
import Testing

@testable import Backprop
@testable import BackpropInspection

@Suite("Schedules and optimisers")
struct ScheduleTests {
  @Test("The cosine schedule warms up in a line, peaks, and falls to zero")
  func cosine() {
    let schedule = Schedule.cosine(warmUp: 0.05)
    // 100 steps: 5 of warm-up at 1/5, 2/5, … of the peak, then half a cosine over 95.
    #expect(schedule.rate(at: 0, of: 100, stepsPerEpoch: 10, peak: 2) == 0.4)
    #expect(schedule.rate(at: 4, of: 100, stepsPerEpoch: 10, peak: 2) == 2)
    #expect(schedule.rate(at: 5, of: 100, stepsPerEpoch: 10, peak: 2) == 2)
    let late = schedule.rate(at: 99, of: 100, stepsPerEpoch: 10, peak: 2)
    #expect(late > 0 && late < 0.001)
    for step in 5..<100 {
      #expect(
        schedule.rate(at: step, of: 100, stepsPerEpoch: 10, peak: 1)
          > schedule.rate(at: step + 1, of: 100, stepsPerEpoch: 10, peak: 1))
    }
    #expect(Schedule.constant.rate(at: 7, of: 10, stepsPerEpoch: 1, peak: 0.3) == 0.3)
  }

  @Test("The cosine of half turns agrees with libm to 4e-16")
  func cosineAccuracy() {
    for n in 0...1000 {
      let x = Double(n) / 1000
      #expect(abs(Schedule.cosine(halfTurns: x) - cos(Double.pi * x)) < 4e-16)
    }
  }

  struct Rates: Decodable {
    struct Case: Decodable {
      let name: String
      let warmUp: Double
      let rates: [Double]
    }
    let learningRate: Double
    let epochs: Int
    let losses: [Double]
    let cases: [Case]
  }

  @Test("Every schedule gives PyTorch's rates or its paper's, value for value")
  func pyTorchRates() throws {
    let reference = try fixture("pytorch_schedules", as: Rates.self)
    var seen: Set<String> = []
    for expected in reference.cases {
      var schedule = try #require(Schedule(name: expected.name), "\(expected.name)")
      if schedule == .cosine() { schedule = .cosine(warmUp: 0) }
      seen.insert(schedule.name)
      let configuration = TrainingConfiguration(
        learningRate: reference.learningRate, schedule: schedule, warmUp: expected.warmUp,
        epochs: reference.epochs)
      var plateau = PlateauTracker()
      for (step, rate) in expected.rates.enumerated() {
        let found = configuration.rate(at: step, stepsPerEpoch: 1) * plateau.scale
        #expect(abs(found - rate) <= 1e-14, "\(expected.name), step \(step)")
        plateau.record(loss: reference.losses[step], under: schedule)
      }
    }
    #expect(seen == Set(Schedule.allCases.map(\.name)))
  }

  @Test(
    "Steps and exponentials count epochs, a warm-up counts steps, and restarts come between epochs")
  func units() {
    // 3 steps an epoch. Times ½ after every 2 epochs: 6 steps at 1, 6 at ½, 6 at ¼.
    let halving = Schedule.step(epochs: 2, factor: 0.5)
    let rates = (0..<18).map { halving.rate(at: $0, of: 18, stepsPerEpoch: 3, peak: 1) }
    #expect(
      rates == [1, 1, 1, 1, 1, 1, 0.5, 0.5, 0.5, 0.5, 0.5, 0.5]
        + [Double](repeating: 0.25, count: 6))
    #expect(Schedule.exponential(factor: 0.5).rate(at: 8, of: 9, stepsPerEpoch: 3, peak: 1) == 0.25)
    // The first cycle takes 6 steps, the second 12, the third begins at 18.
    let restarts = Schedule.cosineRestarts(epochs: 2, growth: 2)
    for start in [0, 6, 18] {
      #expect(restarts.rate(at: start, of: 40, stepsPerEpoch: 3, peak: 1) == 1)
    }
    #expect(abs(restarts.rate(at: 12, of: 40, stepsPerEpoch: 3, peak: 1) - 0.5) < 1e-15)
    #expect(restarts.rate(at: 17, of: 40, stepsPerEpoch: 3, peak: 1) < 0.05)
    // A tenth of 20 steps: ½ and 1 times η, then the schedule from its beginning.
    let warm = TrainingConfiguration(
      learningRate: 0.5, schedule: halving, warmUp: 0.1, epochs: 4)
    #expect((0..<4).map { warm.rate(at: $0, stepsPerEpoch: 5) } == [0.25, 0.5, 0.5, 0.5])
    #expect(
      warm.rate(at: 11, stepsPerEpoch: 5) == 0.5 && warm.rate(at: 12, stepsPerEpoch: 5) == 0.25)
  }

  @Test("A run of one step or one epoch has a finite rate under every schedule")
  func shortRuns() {
    for schedule in Schedule.allCases {
      for total in 1...4 {
        for step in 0..<total {
          let rate = schedule.rate(at: step, of: total, stepsPerEpoch: total, peak: 2)
          #expect(rate >= 0 && rate <= 2, "\(schedule), step \(step) of \(total)")
        }
      }
    }
  }

  @Test("A schedule reads its own description, and its coded form")
  func text() throws {
    for schedule in Schedule.allCases {
      #expect(Schedule(name: schedule.description) == schedule)
      let coded = try JSONEncoder().encode(schedule)
      #expect(try JSONDecoder().decode(Schedule.self, from: coded) == schedule)
    }
    for text in [
      "step", "step:0", "step:2.5", "step:3:1", "step:3:0.1:4", "step:x", "exponential:0",
      "inverse-scaling:-1", "one-cycle:2", "cosine:0.1", "coslog4:1", "plateau:0.5:0", "",
      "cosine-restarts", "cosine-restarts:2:0", "step:nan", "step:1e99",
    ] {
      #expect(Schedule(name: text) == nil, "\(text)")
    }
  }

  @Test("Rules read their names and their coded forms, also within a configuration")
  func coding() throws {
    #expect(
      OptimizerRule.names == [
        "gd", "sgd", "momentum", "nesterov", "adagrad", "rmsprop", "adadelta", "adam", "amsgrad",
        "nadam", "adamw", "radam", "lion", "rprop",
        "lbfgs",
      ])
    for rule in OptimizerRule.allCases {
      try rule.validate()
      #expect(OptimizerRule(name: rule.name) == rule)
      let coded = try JSONEncoder().encode(rule)
      #expect(try JSONDecoder().decode(OptimizerRule.self, from: coded) == rule)
    }
    let text = """
      {"updates": {"optimizer": "adamw", "learningRate": 0.002}, "schedule": {"warmUp": 0.1},
       "data": {"seed": 0}}
      """
    let read = try JSONDecoder().decode(TrainingConfiguration.self, from: Data(text.utf8))
    #expect(
      read
        == TrainingConfiguration(
          optimizer: .adamW(), learningRate: 0.002, warmUp: 0.1, seed: 0))
    var other = TrainingConfiguration(optimizer: .adamW(beta1: 0.5))
    other.rateSchedule = .cosine(warmUp: 0.3)
    #expect(try JSONValue(encoding: other).decoded(as: TrainingConfiguration.self) == other)
    #expect(throws: DecodingError.self) {
      try JSONDecoder().decode(
        TrainingConfiguration.self, from: Data(text.replacing("seed", with: "seeds").utf8))
    }
  }

  @Test("On a plateau the rate falls after so many epochs and one more, and waits as long again")
  func plateau() {
    let schedule = Schedule.plateau(factor: 0.1, patience: 2)
    var tracker = PlateauTracker()
    // 1 is the least; 0.99999 is not a ten-thousandth below it. Bad epochs: 1, 2, 3 > 2.
    let scales = [1, 0.99999, 1, 1, 0.99999, 0.9, 0.9, 0.9, 0.9].map { loss -> Double in
      tracker.record(loss: loss, under: schedule)
      return tracker.scale
    }
    #expect(scales == [1, 1, 1, 0.1, 0.1, 0.1, 0.1, 0.1, 0.1 * 0.1])
    tracker.record(loss: .nan, under: .constant)
    #expect(tracker.least == 0.9)
  }

  @Test("The trainer lowers the rate on a plateau of the validation loss")
  func plateauRun() throws {
    var network: Network<Float> = try TrainerTests.network()
    // A rate of 1e-9 moves nothing that float can hold: every epoch is as bad as the first.
    let configuration = TrainingConfiguration(
      optimizer: .sgd, learningRate: 1e-9, schedule: .plateau(factor: 0.5, patience: 2), epochs: 9,
      seed: 2)
    for validation in [TrainerTests.spirals(60, seed: 2), nil] {
      var rates: [Double] = []
      try Trainer<Float>(configuration: configuration).train(
        &network, on: TrainerTests.spirals(90, seed: 1), validation: validation,
        metrics: TrainerTests.metrics
      ) { event in
        if case .epoch(let report) = event { rates.append(report.learningRate) }
      }
      // Epoch 1 is the least, 2, 3 and 4 are bad, so 5 runs at half the rate; and so on.
      #expect(rates == [1, 1, 1, 1, 0.5, 0.5, 0.5, 0.25, 0.25].map { $0 * 1e-9 })
    }
  }

  /// Parameters θ = (2, b = −1) of a 1–1 network, moved along g = (0.5, 0.25).
  func step(
    _ rule: OptimizerRule, decay: Double = 0, steps: Int = 1
  ) throws -> (weight: Double, bias: Double) {
    var network = try Network<Double>(sizes: [1, 1], activations: [.identity], loss: .squaredError)
    network.parameters.setTensors(of: 0, weights: [2], biases: [-1])
    var gradient = network.makeGradient()
    gradient.setTensors(of: 0, weights: [0.5], biases: [0.25])
    var optimizer = Optimizer<Double>(
      rule: rule, weightDecay: decay, for: network.parameters.layout)
    for _ in 0..<steps { optimizer.update(&network.parameters, along: gradient, rate: 0.1) }
    return (
      network.parameters[layer: 0, output: 0, input: 0],
      network.parameters[layer: 0, output: 0, input: nil]
    )
  }

  @Test("Plain descent: θ ← θ − η g, decay on the weight and not on the bias")
  func sgd() throws {
    // 2 − 0.1 · 0.5 = 1.95; −1 − 0.1 · 0.25 = −1.025; with decay 0.2 first 2 · (1 − 0.02) = 1.96.
    let plain = try step(.sgd)
    #expect(abs(plain.weight - 1.95) < 1e-15 && abs(plain.bias + 1.025) < 1e-15)
    let decayed = try step(.sgd, decay: 0.2)
    #expect(abs(decayed.weight - 1.91) < 1e-15 && abs(decayed.bias + 1.025) < 1e-15)
  }

  @Test("Momentum: v ← μ v + g, θ ← θ − η v; Nesterov looks one step ahead")
  func momentum() throws {
    // μ = 0.9: v = 0.5, then 0.95. θ = 2 − 0.05 − 0.095 = 1.855.
    #expect(abs(try step(.momentum(0.9), steps: 2).weight - 1.855) < 1e-15)
    // Nesterov: g + μ v = 0.95, then 0.5 + 0.9 · 0.95 = 1.355. θ = 2 − 0.095 − 0.1355 = 1.7695.
    #expect(abs(try step(.nesterov(0.9), steps: 2).weight - 1.7695) < 1e-15)
  }

  @Test("Adam's first step has length η whatever the gradient; AdamW decays the weight first")
  func adam() throws {
    // m/c₁ = g, v/c₂ = g²: θ − η g/(|g| + ε) = 2 − 0.1 · (1 − 2e-8) and −1 − 0.1 · (1 − 4e-8).
    let first = try step(.adam())
    #expect(abs(first.weight - (2 - 0.1 * 0.5 / (0.5 + 1e-8))) < 1e-15)
    #expect(abs(first.bias - (-1 - 0.1 * 0.25 / (0.25 + 1e-8))) < 1e-15)
    let decayed = try step(.adamW(), decay: 0.2)
    #expect(abs(decayed.weight - (1.96 - 0.1 * 0.5 / (0.5 + 1e-8))) < 1e-15)
    #expect(decayed.bias == first.bias)
  }

  @Test("A step is a function of the moments and t: a copy goes on with the same bits")
  func copies() throws {
    for rule in OptimizerRule.allCases {
      let network = try Network<Double>(
        sizes: [3, 5, 2], activations: [.tanh, .identity], loss: .squaredError, seed: 3)
      var (one, two) = (network.parameters, network.parameters)
      let gradient = network.parameters
      var optimizer = Optimizer<Double>(rule: rule, for: one.layout)
      for _ in 0..<7 { optimizer.update(&one, along: gradient, rate: 0.01) }
      two = one
      var copy = optimizer
      for _ in 0..<7 {
        optimizer.update(&one, along: gradient, rate: 0.01)
        copy.update(&two, along: gradient, rate: 0.01)
      }
      #expect(one == two, "\(rule)")
    }
    // Πₜ formed from the beginning has the bits of Πₜ formed step by step.
    var stepwise = MomentumProduct()
    for t in 1...20_000 {
      stepwise.advance(to: t, beta1: 0.9, momentumDecay: 4e-3)
      guard [1, 2, 999, 5000, 20_000].contains(t) else { continue }
      var anew = MomentumProduct()
      anew.advance(to: t, beta1: 0.9, momentumDecay: 4e-3)
      #expect(anew.value == stepwise.value && anew.momentum == stepwise.momentum)
    }
  }

  @Test("RMSProp, AdaGrad, Lion and RPROP by hand")
  func byHand() throws {
    // v = 0.25, √v = 0.5: 2 − 0.1 · 1; then v = 0.5: − 0.1 · 0.5 / √0.5.
    let root = 0.5.squareRoot()
    #expect(abs(try step(.adaGrad(), steps: 2).weight - (1.9 - 0.05 / root)) < 1e-9)
    // v = 0.01 · 0.25 = 0.0025, √v = 0.05: the first step is ten rates long.
    #expect(abs(try step(.rmsProp()).weight - 1) < 1e-6)
    // The sign alone counts.
    let lion = try step(.lion(), steps: 3)
    #expect(abs(lion.weight - 1.7) < 1e-15 && abs(lion.bias + 1.3) < 1e-15)
    // The sign stays: 0.1, then 1.2 times as much and again.
    #expect(abs(try step(.rprop(), steps: 3).weight - (2 - 0.1 - 0.12 - 0.144)) < 1e-15)
  }

  @Test("RPROP halves its step where the sign turns, and rests there")
  func turningSign() throws {
    var network = try Network<Double>(sizes: [1, 1], activations: [.identity], loss: .squaredError)
    var optimizer = Optimizer<Double>(rule: .rprop(), for: network.parameters.layout)
    var weights: [Double] = []
    for slope in [1.0, -1, -1, -1, 0] {
      var gradient = network.makeGradient()
      gradient.setTensors(of: 0, weights: [slope], biases: [0])
      optimizer.update(&network.parameters, along: gradient, rate: 0.5)
      weights.append(network.parameters[layer: 0, output: 0, input: 0] + 0)
    }
    let start = weights[0] + 0.5
    // Δ = 0.5; turned: 0.25 and no step; the sign that was forgotten: 0.25; then 0.3; no slope.
    for (found, moved) in zip(weights, [-0.5, -0.5, -0.25, 0.05, 0.05]) {
      #expect(abs(found - start - moved) < 1e-15)
    }
  }

  @Test("A gradient is clipped by value, then by norm, and a shorter one keeps its bits")
  func clipping() throws {
    let network = try Network<Double>(sizes: [2, 1], activations: [.identity], loss: .squaredError)
    var gradient = network.makeGradient()
    func reset() { gradient.setTensors(of: 0, weights: [3, -0.5], biases: [4]) }
    func numbers() -> [Double] {
      let (weights, biases) = gradient.numbers(of: 0)
      return weights + biases
    }
    reset()
    #expect(abs(gradient.norm - 25.25.squareRoot()) < 1e-15)
    gradient.clip(toNorm: 6, value: 4)
    gradient.clip(toNorm: nil, value: nil)
    #expect(numbers() == [3, -0.5, 4])
    gradient.clip(toNorm: nil, value: 2)
    #expect(numbers() == [2, -0.5, 2])
    // ‖(2, −½, 2)‖ = √8.25.
    gradient.clip(toNorm: 1, value: nil)
    #expect(abs(gradient.norm - 1) < 1e-15)
    #expect(abs(numbers()[0] - 2 / 8.25.squareRoot()) < 1e-15)
    reset()
    gradient.clip(toNorm: 1, value: 2)
    #expect(abs(numbers()[1] + 0.5 / 8.25.squareRoot()) < 1e-15)
    // What is not finite stays so: the trainer must see it.
    gradient.setTensors(of: 0, weights: [.infinity, 1], biases: [.nan])
    gradient.clip(toNorm: 1, value: nil)
    #expect(numbers().contains { $0.isNaN })
  }
}
