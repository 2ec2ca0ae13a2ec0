import CReference
import Testing

@testable import Backprop
@testable import BackpropInspection

@Suite("L-BFGS")
struct LBFGSTests {
  @Test("The minimum of a cubic lies where its slope is zero, and inside its bounds")
  func cubic() {
    // φ(t) = (t − 1)²: φ(0) = 1, φ′(0) = −2; φ(3) = 4, φ′(3) = 4. d₁ = −2 + 4 − 3 · (1 − 4)/(0 − 3)
    // = −1, d₂ = √(1 + 8) = 3, t = 3 − 3 (4 + 3 + 1)/(4 + 2 + 6) = 1.
    let (a, b) = (Trial(length: 0, value: 1, slope: -2), Trial(length: 3, value: 4, slope: 4))
    #expect(WolfeSearch.cubicMinimum(a, b, from: 0, to: 3) == 1)
    #expect(WolfeSearch.cubicMinimum(b, a, from: 0, to: 3) == 1)
    #expect(WolfeSearch.cubicMinimum(a, b, from: 2, to: 3) == 2)
    // A value that is not finite: the middle.
    let far = Trial(length: 3, value: .infinity, slope: .nan)
    #expect(WolfeSearch.cubicMinimum(a, far, from: 0, to: 3) == 1.5)
  }

  /// Searches along φ, and returns the points that were tried.
  func search(from first: Double, _ phi: (Double) -> (Double, Double)) -> (Trial, [Double]) {
    let (value, slope) = phi(0)
    var search = WolfeSearch(
      start: Trial(length: 0, value: value, slope: slope), largestElement: 1)
    var tried: [Double] = []
    var next: Double? = first
    while let length = next {
      tried.append(length)
      let (value, slope) = phi(length)
      next = search.next(after: Trial(length: length, value: value, slope: slope))
    }
    return (search.best, tried)
  }

  @Test("A search ends at a point that meets the strong Wolfe conditions, from any first length")
  func wolfe() {
    let lines: [(Double) -> (Double, Double)] = [
      { t in ((t - 1) * (t - 1), 2 * (t - 1)) },
      { t in (-t / (t * t + 2), (t * t - 2) / ((t * t + 2) * (t * t + 2))) },
      { t in (t * t * t * t - 3 * t, 4 * t * t * t - 3) },
      // No number beyond 2.
      { t in t < 2 ? ((t - 1) * (t - 1), 2 * (t - 1)) : (.infinity, .nan) },
    ]
    for phi in lines {
      let (value, slope) = phi(0)
      for first in [1e-3, 0.1, 1, 10] {
        let (best, tried) = search(from: first, phi)
        #expect(best.value <= value + 1e-4 * best.length * slope)
        #expect(abs(best.slope) <= -0.9 * slope)
        #expect(tried.count <= 26 && best.length > 0)
      }
    }
  }

  @Test("On a quadratic with a memory of all steps it ends at the minimum, and says why")
  func quadratic() throws {
    // One weight and one bias: least squares. y = 3 x − 1 without noise.
    var network = try Network<Double>(
      sizes: [1, 1], activations: [.identity], loss: .squaredError, seed: 1)
    let x = [-1.0, 0, 1, 2]
    let data = Dataset<Double>(
      inputs: Matrix(x.map { [$0] }), targets: Matrix(x.map { [3 * $0 - 1] }))
    let configuration = TrainingConfiguration(
      optimizer: .lbfgs(), schedule: .constant, batchSize: 4, epochs: 100)
    let summary = try Trainer<Double>(configuration: configuration).train(
      &network, on: data, metrics: .regression(scales: [1]))
    #expect(summary.reason == .completed && summary.epochs < 20)
    #expect(summary.note != nil && (summary.evaluations ?? 0) >= summary.steps)
    let (weights, biases) = network.parameters.numbers(of: 0)
    // It stops where C moves by less than 1e-9: θ is then within some 1e-5 of the minimum.
    #expect(abs(weights[0] - 3) < 1e-4 && abs(biases[0] + 1) < 1e-4)
  }

  @Test("Where the gradient is zero no step is made")
  func atMinimum() throws {
    var network = try Network<Float>(
      sizes: [1, 1], activations: [.identity], loss: .squaredError)
    network.parameters.setTensors(of: 0, weights: [2], biases: [0])
    let data = Dataset<Float>(inputs: Matrix([[1], [2]]), targets: Matrix([[2], [4]]))
    let before = network.parameters
    let summary = try Trainer<Float>(
      configuration: TrainingConfiguration(optimizer: .lbfgs(), epochs: 9)
    ).train(&network, on: data, metrics: .regression(scales: [1]))
    #expect(summary.reason == .completed && summary.steps == 1 && summary.evaluations == 1)
    #expect(network.parameters == before)
  }

  @Test("It ends at a lower loss than gradient descent in as many passes, penalty included")
  func classification() throws {
    func loss(_ rule: OptimizerRule, epochs: Int) throws -> (Double, Int) {
      var network: Network<Float> = try TrainerTests.network()
      var last = Double.nan
      let configuration = TrainingConfiguration(
        optimizer: rule, schedule: .constant, epochs: epochs, l2Penalty: 1e-4)
      let summary = try Trainer<Float>(configuration: configuration).train(
        &network, on: TrainerTests.spirals(300, seed: 1), metrics: TrainerTests.metrics
      ) { event in
        if case .epoch(let report) = event { last = report.loss }
      }
      return (last, summary.evaluations ?? summary.steps)
    }
    let (found, evaluations) = try loss(.lbfgs(), epochs: 100)
    let (plain, _) = try loss(.gradientDescent, epochs: evaluations)
    #expect(found < 0.2 * plain, "\(found) against \(plain) in \(evaluations) passes")
  }

  @Test("A step allocates nothing, once its memory is full", arguments: [1, 2])
  func allocations(threads: Int) throws {
    guard allocation_count() >= 0 else { return }
    let data = TrainerTests.spirals(200, seed: 1)
    var network = try Network<Float>(
      sizes: [2, 24, 3], activations: [.tanh, .softmax], loss: .crossEntropy, seed: 1)
    let batch = Batch(data, rows: (0..<200).map { UInt32($0) })
    var workspace = Workspace(for: network, capacity: 200)
    var gradient = network.makeGradient()
    var optimizer = Optimizer<Float>(
      rule: .lbfgs(memory: 3), for: network.parameters.layout)
    let pool = threads > 1 ? ThreadPool(threads: threads) : nil
    var objective = network.formObjective(
      of: batch, penalties: Penalties(l2: 1e-3), in: &workspace, into: &gradient, pool: pool)
    func step() {
      _ = optimizer.search(
        &network, in: &workspace, gradient: &gradient, objective: objective, rate: 1
      ) { network, workspace, gradient in
        network.formObjective(
          of: batch, penalties: Penalties(l2: 1e-3), in: &workspace, into: &gradient, pool: pool)
      }
      objective = optimizer.lbfgs?.reached ?? objective
    }
    for _ in 0..<5 { step() }
    let before = allocation_count()
    for _ in 0..<10 { step() }
    #expect(allocation_count() == before, "\(allocation_count() - before) allocations")
  }

  @Test("The memory is read from the name, and only from its range")
  func names() {
    #expect(OptimizerRule(name: "lbfgs") == .lbfgs(memory: 10))
    #expect(OptimizerRule(name: "lbfgs:3") == .lbfgs(memory: 3))
    for text in ["lbfgs:", "lbfgs:0", "lbfgs:1001", "lbfgs:x", "lbfgs:-1", "adam:3"] {
      #expect(OptimizerRule(name: text) == nil, "\(text)")
    }
  }
}
