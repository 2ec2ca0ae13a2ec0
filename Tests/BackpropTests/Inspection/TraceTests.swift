import Testing

@testable import Backprop
@testable import BackpropInspection

@Suite("A trace of one pass")
struct TraceTests {
  func trace<T: Scalar>(
    _ network: Network<T>, _ data: Dataset<T>, rule: OptimizerRule = .sgd, rate: Double = 0.1,
    l2Penalty: Double = 0, weightDecay: Double = 0
  ) -> Trace<T> {
    network.trace(
      data.batch,
      optimizer: Optimizer(
        rule: rule, weightDecay: weightDecay, for: network.parameters.layout),
      learningRate: rate, l2Penalty: l2Penalty)
  }

  @Test("Mazur's example: every number of the text, and each equals its right side")
  func mazur() throws {
    let network = try HandWorkedTests().mazur()
    let data = Dataset<Double>(inputs: Matrix([[0.05, 0.10]]), targets: Matrix([[0.01, 0.99]]))
    let trace = trace(network, data, rate: 0.5)
    #expect(abs(trace.loss - 0.298371108760003) < 1e-14)
    #expect(trace.layers.map(\.layer) == [2, 3])
    // z_h1 = 0.15 · 0.05 + 0.2 · 0.1 + 0.35 = 0.3775
    #expect(abs(trace.layers[0].weightedInputs[0, 0] - 0.3775) < 1e-15)
    #expect(abs(trace.layers[0].outputs[0, 0] - 0.593269992107187) < 1e-14)
    #expect(abs((trace.layers[1].derivative?[0, 0] ?? 0) - 0.186815601808960) < 1e-14)
    #expect(abs(trace.layers[1].outputGradient[0, 0] - 0.741365069552316) < 1e-14)
    #expect(abs(trace.layers[1].delta[0, 0] - 0.138498561628557) < 1e-14)
    #expect(abs(trace.layers[1].delta[0, 1] + 0.038098236516556) < 1e-14)
    #expect(abs(trace.layers[0].delta[0, 0] - 0.008771354689487) < 1e-14)
    #expect(abs(trace.layers[0].delta[0, 1] - 0.009954254705217) < 1e-14)
    #expect(abs((trace.layers[1].tensor(.weight)?.gradient[0] ?? .nan) - 0.082167040564231) < 1e-14)
    #expect(trace.layers[1].tensor(.bias)?.gradient == trace.layers[1].delta[row: 0])
    #expect(abs(trace.update.lossAfterWeightsOnly - 0.291027773693599) < 1e-13)
    #expect(abs(trace.update.lossAfter - 0.280471446791430) < 1e-13)
    let squares = trace.layers.reduce(0.0) { $0 + $1.gradientSquares }
    #expect(abs(trace.update.predictedChange + 0.5 * squares) < 1e-15)
    let verification = trace.verification(for: network)
    #expect(verification.verified && verification.worstResidual < 1e-15, "\(verification)")
    // z, a, σ′, ∂C/∂a, δ of 4 neurons, C of the example and of the batch, BP3 of 4 biases and BP4 of
    // 8 weights, the updates of all 12, the predicted change
    // twice, and the penalty before and after.
    #expect(verification.equations == 4 * 5 + 2 + 12 + 12 + 2 + 2)
  }

  @Test("It holds what the engine computed, bit for bit, and does not change the network")
  func sameBits() throws {
    let network = try Network<Float>(
      sizes: [7, 19, 5], activations: [.relu, .softmax], loss: .crossEntropy, seed: 4)
    let double = randomExamples(
      for: .crossEntropy, inputs: 7, outputs: 5, count: 9, seed: 3, weighted: true)
    let data = Dataset<Float>(
      inputs: double.inputs.converted(), targets: double.targets.converted(),
      weights: double.weights?.map { Float($0) })
    var workspace = Workspace(for: network, capacity: 9)
    var gradient = network.makeGradient()
    var trained = network
    let loss = network.forward(data.batch, in: &workspace)
    network.backward(in: &workspace, into: &gradient)
    var optimizer = Optimizer<Float>(rule: .adam(), for: network.parameters.layout)
    optimizer.update(&trained.parameters, along: gradient, rate: 0.01)

    let trace = trace(network, data, rule: .adam(), rate: 0.01)
    #expect(trace.loss == loss && trace.losses == workspace.exampleLosses)
    for layer in 0..<2 {
      #expect(trace.layers[layer].outputs == workspace.outputs(of: layer))
      #expect(trace.layers[layer].delta == workspace.delta(of: layer))
      let tensors = network.parameters.layout.tensors(of: layer)
      #expect(trace.layers[layer].tensors.map(\.name) == tensors.map(\.name))
      for (record, tensor) in zip(trace.layers[layer].tensors, tensors) {
        let before = network.parameters.elements(of: tensor)
        #expect(record.values == before && record.gradient == gradient.elements(of: tensor))
        let after = trained.parameters.elements(of: tensor)
        #expect(record.update == zip(after, before).map { $0 - $1 })
        #expect(record.firstMoment?.count == tensor.count && record.maximumMoment == nil)
      }
    }
    #expect(trace.update.lossAfter == trained.forward(data.batch, in: &workspace))
  }

  @Test(
    "Every equation holds for every legal pair of output activation and loss, in both precisions",
    arguments: GradientTests.legalPairs.indices)
  func everyLegalPair(index: Int) throws {
    let (output, loss) = GradientTests.legalPairs[index]
    let hidden =
      GradientTests.activations.filter { $0 != .softmax } + [.custom(Softsign())]
    let activations = [
      hidden[index % hidden.count], hidden[(index * 7 + 3) % hidden.count], output,
    ]
    let network = try Network<Double>(
      sizes: [4, 9, 18, 3], activations: activations, loss: loss,
      reduction: index % 2 == 0 ? .mean : .sum, initializer: .normal(0.5), seed: UInt64(index))
    let data = randomExamples(
      for: loss, inputs: 4, outputs: 3, count: 6, seed: UInt64(index) + 50, weighted: true)
    let double = trace(network, data).verification(for: network)
    #expect(double.verified, "\(activations), \(loss): \(double.failures.first?.description ?? "")")
    let single = network.converted(to: Float.self)
    let float = trace(
      single,
      Dataset(
        inputs: data.inputs.converted(), targets: data.targets.converted(),
        weights: data.weights?.map { Float($0) })
    ).verification(for: single)
    #expect(float.verified, "\(activations), \(loss): \(float.failures.first?.description ?? "")")
    #expect(float.worstResidual > double.worstResidual)
  }

  @Test(
    "The update of every rule follows its formula, with decay and a penalty",
    arguments: OptimizerRule.allCases)
  func rules(rule: OptimizerRule) throws {
    let network = try Network<Double>(
      sizes: [3, 4, 2], activations: [.tanh, .identity], loss: .squaredError, seed: 2)
    let data = randomExamples(for: .squaredError, inputs: 3, outputs: 2, count: 5, seed: 6)
    // Moments that are not zero any more.
    var optimizer = Optimizer<Double>(
      rule: rule, weightDecay: rule.searchesLines ? 0 : 0.01, for: network.parameters.layout)
    var moved = network
    var workspace = Workspace(for: network, capacity: 5)
    var gradient = network.makeGradient()
    for _ in 0..<3 {
      moved.forward(data.batch, in: &workspace)
      moved.backward(in: &workspace, into: &gradient)
      optimizer.update(&moved.parameters, along: gradient, rate: 0.05)
    }
    let trace = moved.trace(
      data.batch, optimizer: optimizer, learningRate: 0.05, l2Penalty: 0.02)
    let verification = trace.verification(for: moved)
    #expect(verification.verified, "\(rule): \(verification.failures)")
    #expect(trace.penalty > 0 && trace.update.step == 3)
  }

  @Test("Softmax with squared error: δ through the Jacobian agrees with central differences in z")
  func softmaxSquaredError() throws {
    // One layer whose weights are the identity: z = x, so ∂C/∂x is δ itself.
    var network = try Network<Double>(
      sizes: [3, 3], activations: [.softmax], loss: .squaredError)
    network.parameters.setTensors(
      of: 0, weights: [1, 0, 0, 0, 1, 0, 0, 0, 1], biases: [0, 0, 0])
    let x = [0.3, -0.2, 0.9]
    let y = Matrix<Double>([[0, 1, 0]])
    func loss(_ x: [Double]) -> Double {
      var workspace = Workspace(for: network, capacity: 1)
      return network.forward(Batch(inputs: Matrix([x]), targets: y), in: &workspace)
    }
    let trace = trace(network, Dataset(inputs: Matrix([x]), targets: y))
    #expect(trace.layers[0].derivative == nil && trace.layers[0].generalDelta == nil)
    for j in 0..<3 {
      var (plus, minus) = (x, x)
      plus[j] += 1e-5
      minus[j] -= 1e-5
      let slope = (loss(plus) - loss(minus)) / 2e-5
      #expect(abs(trace.layers[0].delta[0, j] - slope) < 1e-10)
      // The diagonal alone, a (1 − a), would be wrong.
      let a = trace.layers[0].outputs[0, j]
      #expect(abs(trace.layers[0].outputGradient[0, j] * a * (1 - a) - slope) > 1e-3)
    }
  }

  @Test(
    "A number that is not what its equation says is found, and the equation named",
    arguments: [
      ("weightedInputs", TraceEquation.weightedInput), ("outputs", .output),
      ("derivative", .derivative), ("outputGradient", .errorPassedDown), ("delta", .bp2),
      ("tensors.0.gradient", .bp4), ("tensors.1.gradient", .bp3), ("tensors.0.update", .update),
    ])
  func corruption(path: String, equation: TraceEquation) throws {
    let network = try Network<Double>(
      sizes: [3, 4, 2], activations: [.tanh, .softmax], loss: .squaredError, seed: 2)
    let data = randomExamples(for: .squaredError, inputs: 3, outputs: 2, count: 5, seed: 6)
    let good = trace(network, data)
    let document = try JSONValue(encoding: good)
    #expect(try document.decoded(as: Trace<Double>.self) == good)
    let bad = try document.scaling(["layers", "0"] + path.split(separator: ".").map(String.init))
      .decoded(as: Trace<Double>.self)
    let verification = bad.verification(for: network)
    #expect(!verification.verified)
    #expect(verification.failures.contains { $0.equation == equation && $0.layer == 2 })
  }

  @Test("A wrong sum of the losses, and a wrong ∇ₐC, are found")
  func corruptLoss() throws {
    let network = try Network<Double>(
      sizes: [3, 2], activations: [.sigmoid], loss: .binaryCrossEntropy, seed: 2)
    let data = randomExamples(for: .binaryCrossEntropy, inputs: 3, outputs: 2, count: 5, seed: 6)
    let document = try JSONValue(encoding: trace(network, data))
    for (path, equation) in [
      (["losses"], TraceEquation.exampleLoss), (["loss"], .assumptionI),
      (["layers", "0", "outputGradient"], .lossGradient),
      (["layers", "0", "generalDelta"], .bp1), (["layers", "0", "delta"], .bp1Shortcut),
    ] {
      let verification = try document.scaling(path).decoded(as: Trace<Double>.self)
        .verification(for: network)
      #expect(verification.failures.contains { $0.equation == equation }, "\(path)")
    }
  }

  @Test(
    "An output that rounds to 1 makes the general form infinite, and the shortcut is still right")
  func saturated() throws {
    var network = try Network<Float>(
      sizes: [1, 2], activations: [.softmax], loss: .crossEntropy)
    network.parameters.setTensors(of: 0, weights: [200, -200], biases: [0, 0])
    let data = Dataset<Float>(inputs: Matrix([[1]]), targets: Matrix([[0, 1]]))
    let trace = trace(network, data)
    #expect(trace.layers[0].delta.elements == [[1, -1]])
    #expect(trace.layers[0].generalDelta?[0, 0].isNaN ?? false)
    #expect(trace.verification(for: network).verified)
  }

  @Test("A wrong predicted change and a wrong penalty are found, under Adam with L2 too")
  func corruptUpdate() throws {
    let network = try Network<Double>(
      sizes: [3, 4, 2], activations: [.tanh, .identity], loss: .custom(LogCosh()), seed: 2)
    let data = randomExamples(for: .squaredError, inputs: 3, outputs: 2, count: 5, seed: 6)
    let good = trace(network, data, rule: .adam(), l2Penalty: 0.3)
    #expect(good.verification(for: network).verified)
    let document = try JSONValue(encoding: good)
    for (path, equation) in [
      (["penalty"], TraceEquation.penalty), (["update", "penaltyAfter"], .penalty),
      (["update", "predictedChange"], .predictedChange),
      (["update", "predictedChangeWeightsOnly"], .predictedChange),
      (["layers", "1", "outputGradient"], .lossGradient),
    ] {
      let verification = try document.scaling(path).decoded(as: Trace<Double>.self)
        .verification(for: network)
      #expect(verification.failures.contains { $0.equation == equation }, "\(path)")
    }
  }

  @Test("The predicted change of plain descent comes from the gradient, not from rounded weights")
  func predictedChange() throws {
    // Weights so large that Float has no number between w and w − η g: nothing moves.
    var network = try Network<Float>(sizes: [1, 1], activations: [.identity], loss: .squaredError)
    network.parameters.setTensors(of: 0, weights: [1e8], biases: [0])
    let data = Dataset<Float>(inputs: Matrix([[1]]), targets: Matrix([[1e8 - 8]]))
    let trace = trace(network, data, rate: 0.01, l2Penalty: 0)
    #expect(trace.layers[0].tensors[0].update == [0])
    // g = a − y = 8 for the weight and for the bias: −0.01 · (64 + 64).
    #expect(abs(trace.update.predictedChange + 1.28) < 1e-12)
    #expect(abs(trace.update.predictedChangeWeightsOnly + 0.64) < 1e-12)
    #expect(trace.verification(for: network).verified)
    // With a penalty the gradient is g + λ w: −0.01 ((8 + 1)² + 8²) for λ = 1e-8.
    let penalized = self.trace(network, data, rate: 0.01, l2Penalty: 1e-8)
    #expect(abs(penalized.update.predictedChange + 1.45) < 1e-9)
    #expect(penalized.verification(for: network).verified)
  }

  @Test("A step beyond the largest number is no failure of the rule")
  func overflowingStep() throws {
    let network = try Network<Float>(
      sizes: [1, 1], activations: [.identity], loss: .squaredError, seed: 1)
    let data = Dataset<Float>(inputs: Matrix([[1e4]]), targets: Matrix([[1e4]]))
    let trace = trace(network, data, rate: 1e38)
    #expect(!trace.layers[0].tensors[0].update[0].isFinite)
    let verification = trace.verification(for: network)
    #expect(!verification.failures.contains { $0.equation == .update }, "\(verification.failures)")
  }

  @Test("The errors of one example have their own norms, those of the batch theirs")
  func errorFlowOfRow() throws {
    let network = try Network<Double>(
      sizes: [3, 4, 2], activations: [.tanh, .softmax], loss: .crossEntropy, seed: 2)
    let data = randomExamples(for: .crossEntropy, inputs: 3, outputs: 2, count: 5, seed: 6)
    let trace = trace(network, data)
    let rows = (0..<5).map { trace.errorFlow(ofRow: $0) }
    let delta = trace.layers[1].delta[row: 2]
    #expect(abs(rows[2][1].norm - (delta[0] * delta[0] + delta[1] * delta[1]).squareRoot()) < 1e-15)
    let whole = trace.errorFlow[0].norm
    let squares = rows.reduce(0.0) { $0 + $1[0].norm * $1[0].norm }
    #expect(abs(whole - squares.squareRoot()) < 1e-15)
  }

  @Test("A pass that is not finite is no failure of an equation, and is not verified")
  func notFinite() throws {
    for activation in [Activation.tanh, .relu] {
      var network = try Network<Double>(
        sizes: [2, 3, 1], activations: [activation, .identity], loss: .squaredError, seed: 1)
      network.parameters[layer: 0, output: 1, input: 0] = .nan
      let data = Dataset<Double>(inputs: Matrix([[1, 2]]), targets: Matrix([[1]]))
      let verification = trace(network, data).verification(for: network)
      #expect(!verification.verified && !verification.isFinite && verification.failures.isEmpty)
    }
  }

  @Test("A record whose shapes do not fit, or of another version or precision, is refused")
  func badRecords() throws {
    let network = try Network<Double>(
      sizes: [3, 4, 2], activations: [.maxout(), .softmax], loss: .crossEntropy, seed: 2)
    let data = randomExamples(for: .crossEntropy, inputs: 3, outputs: 2, count: 5, seed: 6)
    let document = try JSONValue(encoding: trace(network, data))
    _ = try document.decoded(as: Trace<Double>.self)
    #expect(throws: DecodingError.self) { try document.decoded(as: Trace<Float>.self) }
    for (path, value) in [
      (["version"], JSONValue(99)), (["inputs"], [[1, 2, 3]]), (["weights"], [1]),
      (["layers", "0", "delta"], [[1]]), (["layers", "1", "generalDelta"], [[1, 2]]),
      (["layers", "0", "activation"], "tanh"), (["layers", "0", "kind"], "scale"),
      (["layers", "0", "kind"], "none"), (["layers", "0", "tensors"], []),
      (["layers", "1", "tensors", "1", "gradient"], [1]),
      (["layers", "1", "tensors", "0", "shape"], [4, 2]),
      (["layers", "1", "tensors", "0", "role"], "scale"),
      (["layers", "1", "tensors", "1", "values"], [1, 2, 3]),
    ] {
      #expect(throws: DecodingError.self, "\(path)") {
        try document.replacing(path, by: value).decoded(as: Trace<Double>.self)
      }
    }
  }

  @Test("A margin that rounding alone decides may go either way", arguments: 0..<40)
  func hingeKink(seed: Int) throws {
    let network = try Network<Float>(
      sizes: [2, 8, 3], activations: [.relu, .softmax], loss: .hinge, seed: UInt64(seed))
    // Saturated outputs: margins of 1 + 0 − 1.
    var random = RandomSource(seed: UInt64(seed), purpose: .sampling)
    let x = (0..<10).map { _ in [Float(random.normal() * 50), Float(random.normal() * 50)] }
    let y = (0..<10).map { row in (0..<3).map { Float(row % 3 == $0 ? 1 : 0) } }
    let verification = trace(network, Dataset(inputs: Matrix(x), targets: Matrix(y)))
      .verification(for: network)
    #expect(verification.verified, "\(verification.failures)")
  }

  @Test(
    "The formulas of SiLU and Mish hold over the whole range", arguments: [-750.0, -40, 17, 18])
  func tails(from start: Double) throws {
    for activation in [Activation.silu, .mish] {
      var network = try Network<Double>(
        sizes: [1, 1], activations: [activation], loss: .squaredError)
      network.parameters.setTensors(of: 0, weights: [1], biases: [0])
      let x = (0..<400).map { [start + Double($0) / 10] }
      let data = Dataset<Double>(inputs: Matrix(x), targets: Matrix(x.map { _ in [0] }))
      let verification = trace(network, data).verification(for: network)
      #expect(verification.verified, "\(activation): \(verification.failures)")
    }
  }

  @Test(
    "Outputs too small for normal numbers are no failure, nor is a slope too large to write down")
  func denormal() throws {
    var network = try Network<Float>(
      sizes: [1, 2], activations: [.softmax], loss: .crossEntropy)
    network.parameters.setTensors(of: 0, weights: [1, -1], biases: [0, 0])
    for half in [43.5, 45.5, 47, 50] {
      let data = Dataset<Float>(
        inputs: Matrix([[Float(half)], [0.5]]), targets: Matrix([[0, 1], [1, 0]]))
      let trace = trace(network, data)
      #expect(trace.layers[0].outputs[0, 1] < Float.leastNormalMagnitude * 2)
      let verification = trace.verification(for: network)
      #expect(verification.verified, "\(half): \(verification.failures)")
    }
  }

  @Test("The gradients of the single examples sum to the gradient of the batch")
  func exampleGradients() throws {
    let network = try Network<Double>(
      sizes: [3, 6, 4], activations: [.maxout(), .softmax], loss: .squaredError, seed: 4)
    let data = randomExamples(
      for: .squaredError, inputs: 3, outputs: 4, count: 5, seed: 8, weighted: true)
    var workspace = Workspace(for: network, capacity: 5)
    var gradient = network.makeGradient()
    network.forward(data.batch, in: &workspace)
    network.backward(in: &workspace, into: &gradient)
    let examples = network.exampleGradients(in: workspace)
    #expect(examples.count == 5)
    for layer in network.layers.indices {
      for output in 0..<network.layers[layer].affineOutputs {
        for input in (0..<network.layers[layer].inputs).map(Optional.some) + [nil] {
          let sum = examples.values(layer: layer, output: output, input: input).reduce(0, +)
          let whole = gradient[layer: layer, output: output, input: input]
          #expect(abs(sum - whole) < 1e-15)
        }
      }
    }
    // The norm from the factors is the norm of the gradient written out, and of a pass alone.
    for example in 0..<5 {
      let squares = (0..<2).map { layer in
        let (weights, biases) = examples.gradient(of: example, layer: layer)
        return (weights.elements.joined() + biases).reduce(0) { $0 + $1 * $1 }
      }
      #expect(abs(examples.layerNorms[example, 1] - squares[1].squareRoot()) < 1e-15)
      #expect(abs(examples.norms[example] - (squares[0] + squares[1]).squareRoot()) < 1e-15)
      let single = data.subset([UInt32(example)])
      var own = network.makeGradient()
      network.forward(single.batch, in: &workspace)
      network.backward(in: &workspace, into: &own)
      let norm = own.layout.tensors.flatMap { own.elements(of: $0) }.reduce(0) { $0 + $1 * $1 }
        .squareRoot()
      #expect(abs(examples.norms[example] - norm / 5) < 1e-15)
    }
  }
}

extension JSONValue {
  /// The document with another value at a path.
  func replacing(_ path: [String], by value: JSONValue) -> JSONValue {
    guard let name = path.first else { return value }
    let rest = Array(path.dropFirst())
    switch self {
    case .array(var values):
      guard let index = Int(name) else { return self }
      values[index] = values[index].replacing(rest, by: value)
      return .array(values)
    case .object(var members):
      guard let index = members.firstIndex(where: { $0.key == name }) else { return self }
      members[index].value = members[index].value.replacing(rest, by: value)
      return .object(members)
    default: return self
    }
  }

  /// The document with the first number at a path made 1 % larger.
  func scaling(_ path: [String]) -> JSONValue {
    guard let name = path.first else {
      switch self {
      case .array(var values):
        values[0] = values[0].scaling([])
        return .array(values)
      default: return JSONValue((double ?? 0) * 1.01 + 1e-6)
      }
    }
    switch self {
    case .array(var values):
      guard let index = Int(name) else { return self }
      values[index] = values[index].scaling(Array(path.dropFirst()))
      return .array(values)
    case .object(var members):
      guard let index = members.firstIndex(where: { $0.key == name }) else { return self }
      members[index].value = members[index].value.scaling(Array(path.dropFirst()))
      return .object(members)
    default: return self
    }
  }
}
