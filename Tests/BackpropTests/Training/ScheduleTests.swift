import Foundation
import Testing

@testable import Backprop

@Suite("Schedules and optimisers")
struct ScheduleTests {
  @Test("The cosine schedule warms up in a line, peaks, and falls to zero")
  func cosine() {
    let schedule = Schedule.cosine(warmUp: 0.05)
    // 100 steps: 5 of warm-up at 1/5, 2/5, … of the peak, then half a cosine over 95.
    #expect(schedule.rate(at: 0, of: 100, peak: 2) == 0.4)
    #expect(schedule.rate(at: 4, of: 100, peak: 2) == 2)
    #expect(schedule.rate(at: 5, of: 100, peak: 2) == 2)
    let late = schedule.rate(at: 99, of: 100, peak: 2)
    #expect(late > 0 && late < 0.001)
    for step in 5..<100 {
      #expect(
        schedule.rate(at: step, of: 100, peak: 1) > schedule.rate(at: step + 1, of: 100, peak: 1))
    }
    #expect(Schedule.constant.rate(at: 7, of: 10, peak: 0.3) == 0.3)
  }

  @Test("The cosine of half turns agrees with libm to 4e-16")
  func cosineAccuracy() {
    for n in 0...1000 {
      let x = Double(n) / 1000
      #expect(abs(Schedule.cosine(halfTurns: x) - cos(Double.pi * x)) < 4e-16)
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
}
