import Testing

@testable import Backprop
@testable import BackpropInspection

@Suite("What a diagnosis measures, by hand")
struct DiagnosisMeasureTests {
  /// One neuron of identity, w = 2 and b = 1; x = 1, y = 0, C = ½(a − y)².
  private static func neuron() throws -> (network: Network<Double>, data: Dataset<Double>) {
    var network = try Network<Double>(
      sizes: [1, 1], activations: [.identity], loss: .squaredError)
    network.parameters.setTensors(of: 0, weights: [2], biases: [1])
    return (network, Dataset(inputs: Matrix([[1]]), targets: Matrix([[0]])))
  }

  private static func trial(learningRate: Double, steps: Int) throws -> TrialRun<Double> {
    let (network, data) = try neuron()
    var options = DiagnosisOptions(
      configuration: TrainingConfiguration(
        optimizer: .sgd, learningRate: learningRate, batchSize: 1))
    options.steps = steps
    return TrialRun(
      of: network, on: data, measured: data.batch, options: options, pool: nil)
  }

  @Test("One step: the promised and the real change of C, and the share by which it moves θ")
  func step() throws {
    // a = 2 + 1 = 3, C = 4.5, δ = 3, so ∂C/∂w = ∂C/∂b = 3. η = 0.1: Δw = Δb = −0.3.
    // Promised: 3 · (−0.3) + 3 · (−0.3) = −1.8. Real: a = 1.7 + 0.7 = 2.4, C = 2.88: −1.62.
    let run = try Self.trial(learningRate: 0.1, steps: 1)
    #expect(abs(run.record.predictedChange + 1.8) < 1e-12)
    #expect(abs(run.record.realChange + 1.62) < 1e-12)
    #expect(run.record.steps == 1)
    #expect(zip(run.record.losses, [4.5, 2.88]).allSatisfy { abs($0 - $1) < 1e-12 })
    // ‖Δw‖ / ‖w‖ = 0.3 / 2, ‖Δb‖ / ‖b‖ = 0.3 / 1.
    #expect(abs((run.updates[0].weight ?? 0) - 0.15) < 1e-12)
    #expect(abs((run.updates[0].bias ?? 0) - 0.3) < 1e-12)
  }

  @Test("A rate that overshoots the minimum keeps a tenth of its promise; a larger one diverges")
  func overshoot() throws {
    // Each step multiplies a by 1 − 2η. η = 0.9: a = 3 → −2.4, so C falls by 1.62 of promised 16.2.
    let overshooting = try Self.trial(learningRate: 0.9, steps: 1).record
    #expect(abs(overshooting.realChange / overshooting.predictedChange - 0.1) < 1e-12)
    // η = 1.1: a → −1.2 a, and C = 4.5 · 1.44ⁿ after n steps.
    let diverging = try Self.trial(learningRate: 1.1, steps: 10).record
    var factor = 1.0
    for _ in 0..<10 { factor *= 1.44 }
    #expect(abs(diverging.losses[10] / 4.5 / factor - 1) < 1e-12)
    #expect(diverging.firstNonfinite == nil)
  }

  @Test("Units that never fire are dead, over all batches; outputs near the ends are saturated")
  func activity() throws {
    // ReLU: w = (1, −1, 0), b = (0, 0, −1): on x = 1 the first fires, on x = −1 the second; the third
    // never does.
    var network = try Network<Double>(
      sizes: [1, 3, 1], activations: [.relu, .identity], loss: .squaredError)
    network.parameters.setTensors(of: 0, weights: [1, -1, 0], biases: [0, 0, -1])
    func dead(_ inputs: [Double]) -> Double? {
      var count = ActivityCount(for: network, saturatedDerivative: 0.05)
      var workspace = Workspace(for: network, capacity: 1)
      for x in inputs {
        network.forward(Batch(inputs: Matrix([[x]]), targets: Matrix([[0]])), in: &workspace)
        count.add(workspace)
      }
      #expect(count.deadShare(of: 1) == nil)
      #expect(count.saturatedShare(of: 0, neurons: 3) == nil)
      return count.deadShare(of: 0)
    }
    #expect(dead([1]) == 2.0 / 3)
    #expect(dead([1, -1]) == 1.0 / 3)

    // 4a(1 − a) ≤ 0.05 from |z| = 4.38 on; 1 − tanh² z ≤ 0.05 from |z| = 2.18 on.
    for (activation, inside, outside) in [(Activation.sigmoid, 4.3, 4.4), (.tanh, 2.1, 2.2)] {
      var network = try Network<Double>(
        sizes: [1, 2, 1], activations: [activation, activation], loss: .squaredError)
      network.parameters.setTensors(of: 0, weights: [inside, -outside], biases: [0, 0])
      var count = ActivityCount(for: network, saturatedDerivative: 0.05)
      var workspace = Workspace(for: network, capacity: 1)
      network.forward(Batch(inputs: Matrix([[1]]), targets: Matrix([[0]])), in: &workspace)
      count.add(workspace)
      #expect(count.saturatedShare(of: 0, neurons: 2) == 0.5, "\(activation)")
      // The last layer gives 0, where σ′ is largest.
      #expect(count.saturatedShare(of: 1, neurons: 1) == 0)
    }
  }

  @Test("On the last layer a saturated output counts where it is wrong, and σ′ is not struck out")
  func saturatedOutput() throws {
    // z = 4: a = σ(4) = 0.982, 4 a (1 − a) = 0.0707.
    func share(_ loss: Loss, target: Double) throws -> Double? {
      var network = try Network<Double>(sizes: [1, 1], activations: [.sigmoid], loss: loss)
      network.parameters.setTensors(of: 0, weights: [2], biases: [2])
      var count = ActivityCount(for: network, saturatedDerivative: 0.1)
      var workspace = Workspace(for: network, capacity: 1)
      network.forward(Batch(inputs: Matrix([[1]]), targets: Matrix([[target]])), in: &workspace)
      count.add(workspace)
      return count.saturatedShare(of: 0, neurons: 1)
    }
    #expect(try share(.squaredError, target: 0) == 1)
    #expect(try share(.squaredError, target: 1) == 0)
    #expect(try share(.binaryCrossEntropy, target: 0) == nil)
  }

  @Test("Neurons with the same weights and the same δ are twins; dead ones with others are not")
  func twins() throws {
    // All are dead on x = 1, so every δ is 0; only the first two have the same weights.
    var network = try Network<Float>(
      sizes: [1, 4, 1], activations: [.relu, .identity], loss: .squaredError)
    network.parameters.setTensors(of: 0, weights: [-1, -1, -2, -3], biases: [0, 0, 0, 0])
    network.parameters.setTensors(of: 1, weights: [1, 1, 1, 1], biases: [0])
    func share() -> Double? {
      var workspace = Workspace(for: network, capacity: 1)
      var gradient = network.makeGradient()
      network.forward(Batch(inputs: Matrix([[1]]), targets: Matrix([[1]])), in: &workspace)
      network.backward(in: &workspace, into: &gradient)
      return network.symmetricShare(of: 0, in: workspace)
    }
    #expect(share() == 0.5)
    // The same weights, but the layer above tells them apart: alive, they get different δ.
    network.parameters.setTensors(of: 0, weights: [1, 1, -2, -3], biases: [0, 0, 0, 0])
    network.parameters.setTensors(of: 1, weights: [1, 2, 1, 1], biases: [0])
    #expect(share() == 0)
    network.parameters.setTensors(of: 0, weights: [1, 1, -2, -3], biases: [0, 0.5, 0, 0])
    network.parameters.setTensors(of: 1, weights: [1, 1, 1, 1], biases: [0])
    #expect(share() == 0)
  }

  @Test("Guessing among ten classes costs ln 10, among three yes-or-no outputs 3 ln 2")
  func guessing() throws {
    func guessing(_ outputs: Int, _ activation: Activation, _ loss: Loss) throws -> Double? {
      try Network<Float>(sizes: [1, outputs], activations: [activation], loss: loss)
        .lossOfGuessing
    }
    #expect(abs((try guessing(10, .softmax, .crossEntropy) ?? 0) - 2.302585092994046) < 1e-14)
    #expect(abs((try guessing(3, .sigmoid, .binaryCrossEntropy) ?? 0) - 2.079441541679836) < 1e-14)
    #expect(try guessing(1, .softmax, .crossEntropy) == nil)
    #expect(try guessing(3, .identity, .squaredError) == nil)
  }

  @Test("The best constant outputs cost half the variance, or the entropy of the labels")
  func constant() {
    let x = Matrix<Double>([[0], [0], [0], [0]])
    // y = 1, 1, 1, 5: mean 2, variance (1 + 1 + 1 + 9) / 4 = 3.
    let numbers = Batch(inputs: x, targets: Matrix([[1], [1], [1], [5]]))
    #expect(Loss.squaredError.ofConstant(numbers) == 1.5)
    // Shares ¾ and ¼: −¾ ln ¾ − ¼ ln ¼ = 0.562335144618808.
    let labels = Batch(inputs: x, targets: Matrix([[1, 0], [1, 0], [1, 0], [0, 1]]))
    #expect(abs((Loss.crossEntropy.ofConstant(labels) ?? 0) - 0.562335144618808) < 1e-15)
    let decision = Batch(inputs: x, targets: Matrix([[1], [1], [1], [0]]))
    #expect(
      abs((Loss.binaryCrossEntropy.ofConstant(decision) ?? 0) - 0.562335144618808) < 1e-15)
    // Undecided outputs violate the margin by 1.
    #expect(Loss.hinge.ofConstant(decision) == 1)
    // Weights 1, 1, 1, 3 make both labels equally likely: ln 2, times 6 / 4 for their sum.
    let weighted = Batch(
      inputs: x, targets: Matrix([[1, 0], [1, 0], [1, 0], [0, 1]]), weights: [1, 1, 1, 3])
    #expect(
      abs((Loss.crossEntropy.ofConstant(weighted) ?? 0) - 1.5 * 0.6931471805599453) < 1e-15)
  }

  @Test("A layer that shrinks the error is no finding unless the whole network does")
  func bothBounds() {
    func layers(_ norms: [Double]) -> [LayerDiagnosis] {
      norms.indices.map { index in
        let above = index + 1 < norms.count ? norms[index + 1] : nil
        return LayerDiagnosis(
          layer: index + 2, neurons: 1, activation: "identity",
          flow: ErrorFlow(
            layer: index + 2, norm: norms[index], passedDown: above == nil ? nil : norms[index],
            above: above), deadShare: nil, saturatedShare: nil, symmetricShare: nil,
          weightUpdateRatio: nil, biasUpdateRatio: nil)
      }
    }
    func found(_ norms: [Double]) -> [String] {
      DiagnosisThresholds().findings(in: layers(norms)).map { "\($0.code) \($0.layer ?? 0)" }
    }
    // 0.25 is below 0.5, but so is not 0.25 below 0.05.
    #expect(found([0.25, 1]) == [])
    // 0.25 · 0.8 · 0.2 = 0.04: layers 2 and 4 are named, layer 3 is not.
    #expect(found([0.04, 0.16, 0.2, 1]) == ["vanishingError 2", "vanishingError 4"])
    // 10 is above 2, but not above 20; 5 · 1 · 5 is.
    #expect(found([10, 1]) == [])
    #expect(found([25, 5, 5, 1]) == ["explodingError 2", "explodingError 4"])
    #expect(found([1]) == [])
    #expect(found([0, 0, 0]) == [])
  }
}
