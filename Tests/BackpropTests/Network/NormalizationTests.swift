import CBackprop
import Testing

@testable import Backprop
@testable import BackpropInspection

@Suite("Layer and RMS normalisation")
struct NormalizationTests {
  static let activations: [Activation] =
    Activation.allCases.filter { $0 != .softmax } + [.maxout(pieces: 3)]

  /// Two inputs, two normalised neurons with W = 1, b = 0 and the identity, and one output 1 n₁ + 2 n₂
  /// under ½ (a − 0)².
  func twoNeurons(_ normalization: Normalization) throws -> Network<Double> {
    var network = try Network<Double>(
      sizes: [2, 2, 1], activations: [.identity, .identity], loss: .squaredError,
      normalizations: [normalization])
    network.parameters.setTensors(of: 0, weights: [1, 0, 0, 1], biases: [0, 0])
    network.parameters.setTensors(of: 1, weights: [1, 2], biases: [0])
    return network
  }

  func gradient(
    _ network: Network<Double>, _ x: [Double]
  ) -> (
    loss: Double, delta: [Double], gradient: Parameters<Double>
  ) {
    var workspace = Workspace(for: network, capacity: 1)
    var gradient = network.makeGradient()
    let loss = network.forward(
      Batch(inputs: Matrix([x]), targets: Matrix([[0]])), in: &workspace)
    network.backward(in: &workspace, into: &gradient)
    return (loss, workspace.delta(of: 0)[row: 0].map { $0 }, gradient)
  }

  func isClose(_ found: [Double], _ expected: [Double], _ tolerance: Double = 1e-13) -> Bool {
    found.count == expected.count
      && zip(found, expected).allSatisfy { abs($0 - $1) <= tolerance * max(1, abs($1)) }
  }

  @Test("One RMS-normalised example by hand")
  func rmsByHand() throws {
    var network = try twoNeurons(.rms)
    network.parameters.setNormalization(of: 0, gain: [2, 3], shift: [])
    // z = (3, 4): mean z² = 12.5, s = 1/√(12.5 + ε), ẑ = (3s, 4s), n = (6s, 12s)
    // a = 6s + 24s = 30s, C = ½ a², δ² = a
    let s = 1 / (12.5 + Normalization.epsilon).squareRoot()
    let a = 30 * s
    let found = gradient(network, [3, 4])
    #expect(isClose([found.loss], [a * a / 2]))
    // ∂C/∂n = (a, 2a); g = (2a, 6a); mean (g ẑ) = (6as + 24as)/2 = 15as
    // δ = s (2a − 3s · 15as, 6a − 4s · 15as)
    #expect(isClose(found.delta, [s * (2 * a - 45 * a * s * s), s * (6 * a - 60 * a * s * s)]))
    // ∂C/∂γ = (a · 3s, 2a · 4s); BP3: ∂C/∂b = δ; BP4: ∂C/∂W = δ xᵀ
    #expect(
      isClose(found.gradient.normalization(of: 0)?.gain ?? [], [3 * a * s, 8 * a * s]))
    #expect(found.gradient.normalization(of: 0)?.shift == [])
    let d = found.delta
    let tensors = found.gradient.denseTensors(of: 0)
    #expect(tensors.biases == d)
    #expect(isClose(tensors.weights, [3 * d[0], 4 * d[0], 3 * d[1], 4 * d[1]]))
  }

  @Test("One layer-normalised example by hand")
  func layerByHand() throws {
    var network = try twoNeurons(.layer)
    network.parameters.setNormalization(of: 0, gain: [2, 3], shift: [0.5, -1])
    // z = (3.002, 3): mean 3.001, z − mean = (0.001, −0.001), variance 1e-6, s = 1/√(1e-6 + ε),
    // ẑ = (u, −u) with u = 0.001 s, n = (2u + ½, −3u − 1)
    // a = 2u + ½ − 6u − 2 = −4u − 1.5, δ² = a
    let s = 1 / (1e-6 + Normalization.epsilon).squareRoot()
    let u = 0.001 * s
    let a = -4 * u - 1.5
    let found = gradient(network, [3.002, 3])
    #expect(isClose([found.loss], [a * a / 2], 1e-10))
    // ∂C/∂n = (a, 2a); g = (2a, 6a); mean g = 4a; mean (g ẑ) = (2au − 6au)/2 = −2au
    // δ = s (2a − 4a + u 2au, 6a − 4a − u 2au) = s (−2a + 2au², 2a − 2au²)
    let d = s * (-2 * a + 2 * a * u * u)
    #expect(isClose(found.delta, [d, -d], 1e-10))
    // ∂C/∂γ = (a u, −2a u); ∂C/∂β = (a, 2a)
    let gains = found.gradient.normalization(of: 0)
    #expect(isClose(gains?.gain ?? [], [a * u, -2 * a * u], 1e-10))
    #expect(isClose(gains?.shift ?? [], [a, 2 * a], 1e-10))
  }

  /// A normalised network at a general point: no gain is 1, no shift and bias is 0.
  static func network(
    _ normalizations: [Normalization?], _ activations: [Activation], sizes: [Int] = [4, 7, 5, 3],
    seed: UInt64 = 3
  ) throws -> Network<Double> {
    var network = try Network<Double>(
      sizes: sizes, activations: activations + [.softmax], loss: .crossEntropy,
      initializer: .normal(0.7), normalizations: normalizations, seed: seed)
    var random = RandomSource(seed: seed, purpose: .sampling)
    for tensor in network.parameters.layout.tensors where tensor.role != .weight {
      for element in 0..<tensor.count {
        network.parameters[tensor, element] =
          (tensor.role == .gain ? 1 : 0) + 0.3 * random.normal()
      }
    }
    return network
  }

  @Test(
    "Every parameter agrees with central differences, gains and shifts too",
    arguments: Normalization.allCases, activations)
  func differences(normalization: Normalization, activation: Activation) throws {
    let network = try Self.network(
      [normalization, normalization], [activation, activation])
    let data = randomExamples(
      for: .crossEntropy, inputs: 4, outputs: 3, count: 5, seed: 2, weighted: true)
    var workspace = Workspace(for: network, capacity: 5)
    var gradient = network.makeGradient()
    network.forward(data.batch, in: &workspace)
    network.backward(in: &workspace, into: &gradient)
    var differences = CentralDifferences(network, data.batch)
    differences.compare(with: gradient)
    #expect(differences.worstRelativeError <= 1e-7)
    #expect(differences.checked > 5 * differences.kinks)
    let report = GradientCheck(entriesPerTensor: 20).run(network, on: data)
    #expect(report.passed)
    #expect(report.tensors.contains { $0.name == .gain && $0.checked > 0 })
    #expect(report.tensors.contains { $0.name == .shift } == (normalization == .layer))
    #expect(report.tensors.allSatisfy { $0.verdict == .good }, "\(report.tensors)")
  }

  @Test(
    "The gradient of a batch is the sum of its examples' gradients",
    arguments: Normalization.allCases)
  func assumptionOne(normalization: Normalization) throws {
    var network = try Self.network([normalization, nil], [.tanh, .relu])
    network = Network(
      layers: network.layers, parameters: network.parameters, loss: network.loss, reduction: .sum)
    let data = randomExamples(
      for: .crossEntropy, inputs: 4, outputs: 3, count: 6, seed: 2, weighted: true)
    var workspace = Workspace(for: network, capacity: 6)
    var (whole, part) = (network.makeGradient(), network.makeGradient())
    network.forward(data.batch, in: &workspace)
    network.backward(in: &workspace, into: &whole)
    var sum = [Double](repeating: 0, count: whole.layout.count)
    for row in 0..<6 {
      let one = Batch(
        inputs: Matrix([data.inputs[row: row].map { $0 }]),
        targets: Matrix([data.targets[row: row].map { $0 }]),
        weights: data.weights.map { [$0[row]] })
      network.forward(one, in: &workspace)
      network.backward(in: &workspace, into: &part)
      for index in sum.indices { sum[index] += part.start[index] }
    }
    let found = (0..<whole.layout.count).map { whole.start[$0] }
    #expect(relativeDifference(found, sum) < 1e-14)
    let check = AssumptionCheck(seed: 1)
    #expect(check.sumOverExamples(network, data).passed)
    #expect(check.functionOfOutputs(network, data).passed)
  }

  @Test("The kernels agree with plain loops at every size, and leave the padding 0")
  func kernels() {
    for variant in supportedVariants {
      for columns in 1...67 {
        for isCentred in [true, false] {
          compare(bp_kernels_of(variant, BP_F64).pointee, columns, isCentred)
        }
      }
    }
  }

  private func compare(_ kernels: bp_kernels, _ n: Int, _ isCentred: Bool) {
    let rows = 3
    var random = RandomSource(seed: UInt64(n), purpose: .sampling)
    var (z, d) = (Matrix<Double>(rows: rows, columns: n), Matrix<Double>(rows: rows, columns: n))
    for row in 0..<rows {
      for column in 0..<n { (z[row, column], d[row, column]) = (random.normal(), random.normal()) }
    }
    let stride = z.stride
    let k = isCentred ? 1 : 0
    let (gain, shift) = (
      (0..<n).map { _ in random.normal() }, (0..<n).map { _ in isCentred ? random.normal() : 0 }
    )
    var panels = [Double](repeating: 0, count: stride * 2)
    kernels.pack(k, n, isCentred ? gain : [], isCentred ? shift : gain, &panels)
    var moments = [Double](repeating: .nan, count: 2 * rows)
    var out = Matrix<Double>(rows: rows, columns: n)
    for index in 0..<(rows * stride) { out.mutableStart[index] = .nan }
    var delta = out
    var gradient = [Double](repeating: .nan, count: stride * (k + 1))
    // Whatever stands behind the last column is not read.
    let (zs, ds) = (z.mutableStart, d.mutableStart)
    for row in 0..<rows {
      for index in (row * stride + n)..<((row + 1) * stride) {
        (zs[index], ds[index]) = (.nan, .nan)
      }
    }
    moments.withUnsafeMutableBufferPointer {
      let normalization = bp_normalization(
        rows: rows, columns: n, centred: isCentred, z: z.target, moments: $0.baseAddress)
      kernels.normalize(normalization, Normalization.epsilon, panels, out.target)
      kernels.normalize_delta(normalization, d.target, panels, delta.target)
      kernels.normalize_gradient(
        normalization, d.target, .init(count: 1, continues: false), &gradient)
    }
    var (gains, shifts) = ([Double](repeating: 0, count: n), [Double](repeating: 0, count: n))
    for row in 0..<rows {
      let zr = (0..<n).map { zs[row * stride + $0] }
      let dr = (0..<n).map { ds[row * stride + $0] }
      let mean = isCentred ? zr.reduce(0, +) / Double(n) : 0
      let variance = zr.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(n)
      let s = 1 / (variance + Normalization.epsilon).squareRoot()
      let hat = zr.map { ($0 - mean) * s }
      let g = zip(dr, gain).map(*)
      let level = isCentred ? g.reduce(0, +) / Double(n) : 0
      let along = zip(g, hat).map(*).reduce(0, +) / Double(n)
      let found = (0..<stride).map { out.start[row * stride + $0] }
      let passed = (0..<stride).map { delta.start[row * stride + $0] }
      #expect(isClose(Array(found[..<n]), (0..<n).map { gain[$0] * hat[$0] + shift[$0] }))
      #expect(
        isClose(
          Array(passed[..<n]), (0..<n).map { s * (g[$0] - level - hat[$0] * along) },
          1e-13 * max(1, s)))
      #expect(found[n...].allSatisfy { $0 == 0 } && passed[n...].allSatisfy { $0 == 0 })
      for j in 0..<n {
        gains[j] += dr[j] * hat[j]
        shifts[j] += dr[j]
      }
    }
    var (first, second) = ([Double](repeating: 0, count: n), [Double](repeating: 0, count: n))
    kernels.unpack(k, n, gradient, &first, &second)
    #expect(isClose(isCentred ? first : second, gains))
    #expect(!isCentred || isClose(second, shifts))
  }

  func trained<T: Scalar>(
    _ type: T.Type, _ normalization: Normalization, threads: Int, rule: OptimizerRule = .adamW(),
    epochs: Int = 3
  ) throws -> Parameters<T> {
    var network = try Network<T>(
      sizes: [2, 70, 33, 3], activations: [.silu, .maxout(pieces: 2), .softmax],
      loss: .crossEntropy, normalizations: [normalization, normalization], seed: 5)
    let spirals = TrainerTests.spirals(200, seed: 1)
    let data = Dataset<T>(
      inputs: spirals.inputs.converted(), targets: spirals.targets.converted())
    try Trainer<T>(
      configuration: TrainingConfiguration(
        optimizer: rule, learningRate: 0.01, batchSize: 48, epochs: epochs, l2Penalty: 1e-3,
        clipNorm: rule.searchesLines ? nil : 1),
      threads: threads
    ).train(&network, on: data, metrics: .classification(probabilities: true))
    return network.parameters
  }

  @Test("One, two and four threads give the same bits", arguments: Normalization.allCases)
  func threads(normalization: Normalization) throws {
    let one = try trained(Float.self, normalization, threads: 1)
    #expect(try trained(Float.self, normalization, threads: 2) == one)
    #expect(try trained(Float.self, normalization, threads: 4) == one)
  }

  @Test("Every rule trains gains and shifts", arguments: OptimizerRule.allCases)
  func rules(rule: OptimizerRule) throws {
    let parameters = try trained(Double.self, .layer, threads: 1, rule: rule, epochs: 1)
    for layer in 0..<2 {
      let gains = try #require(parameters.normalization(of: layer))
      #expect(gains.gain.contains { $0 != 1 } && gains.shift.contains { $0 != 0 })
      #expect(gains.gain.allSatisfy(\.isFinite) && gains.shift.allSatisfy(\.isFinite))
    }
  }

  @Test("Decay and the penalty leave gain and shift alone")
  func decay() throws {
    var network = try Self.network([.layer, .rms], [.tanh, .tanh])
    let before = network.parameters
    var gradient = network.makeGradient()
    gradient.addSquaredNormGradient(1, of: before, pool: nil)
    for layer in 0..<2 {
      let gains = try #require(gradient.normalization(of: layer))
      #expect(gains.gain.allSatisfy { $0 == 0 } && gains.shift.allSatisfy { $0 == 0 })
    }
    var optimizer = Optimizer<Double>(
      rule: .adamW(), weightDecay: 0.5, for: network.parameters.layout)
    optimizer.update(&network.parameters, along: network.makeGradient(), rate: 0.1)
    #expect(network.parameters != before)
    for layer in 0..<2 {
      #expect(
        network.parameters.normalization(of: layer)?.gain == before.normalization(of: layer)?.gain)
    }
  }

  @Test("The parameters without normalisation lie as they did, and it adds 2 or 1 a neuron")
  func layout() throws {
    let plain = try Network<Float>(
      sizes: [3, 20, 20, 2], activations: [.relu, .relu, .identity], loss: .squaredError, seed: 1)
    let normalized = try Network<Float>(
      sizes: [3, 20, 20, 2], activations: [.relu, .relu, .identity], loss: .squaredError,
      normalizations: [.layer, .rms], seed: 1)
    #expect(plain.parameters.layout.tensors.count == 6)
    #expect(plain.parameterCount == 4 * 20 + 21 * 20 + 21 * 2)
    #expect(normalized.parameterCount == plain.parameterCount + 2 * 20 + 20)
    for index in 0..<plain.parameters.layout.count {
      #expect(plain.parameters.start[index] == normalized.parameters.start[index])
    }
  }

  @Test("The last layer cannot be normalised")
  func outputLayer() {
    #expect(throws: NetworkError.normalizedOutput(layer: 2)) {
      try Network<Float>(
        sizes: [2, 2], activations: [.identity], loss: .squaredError, normalizations: [.layer])
    }
  }
}

@Suite("Normalisation as PyTorch has it")
struct NormalizationReferenceTests {
  struct Case: Decodable {
    let name: String
    let sizes: [Int]
    let activations: [Activation]
    let normalizations: [Normalization]
    let inputs: [[Double]]
    let targets: [[Double]]
    let weights: [[[Double]]]
    let biases: [[Double]]
    let gains: [[Double]]
    let shifts: [[Double]]
    let lossValue: Double
    let weightGradients: [[[Double]]]
    let biasGradients: [[Double]]
    let gainGradients: [[Double]]
    let shiftGradients: [[Double]]
  }
  struct Document: Decodable { let cases: [Case] }

  @Test("Loss and all gradients agree with nn.LayerNorm and nn.RMSNorm")
  func torch() throws {
    for reference in try fixture("pytorch_normalization", as: Document.self).cases {
      var network = try Network<Double>(
        sizes: reference.sizes, activations: reference.activations, loss: .crossEntropy,
        normalizations: reference.normalizations)
      for layer in reference.weights.indices {
        network.parameters.setTensors(
          of: layer, weights: reference.weights[layer].flatMap { $0 },
          biases: reference.biases[layer])
        guard layer < reference.gains.count else { continue }
        network.parameters.setNormalization(
          of: layer, gain: reference.gains[layer], shift: reference.shifts[layer])
      }
      var workspace = Workspace(for: network, capacity: reference.inputs.count)
      var gradient = network.makeGradient()
      let loss = network.forward(
        Batch(inputs: Matrix(reference.inputs), targets: Matrix(reference.targets)),
        in: &workspace)
      network.backward(in: &workspace, into: &gradient)
      #expect(relativeDifference([loss], [reference.lossValue]) <= 1e-10, "\(reference.name)")
      for layer in reference.weights.indices {
        let tensors = gradient.denseTensors(of: layer)
        let expected = reference.weightGradients[layer].flatMap { $0 }
        #expect(relativeDifference(tensors.weights, expected) <= 1e-10, "\(reference.name)")
        // Behind a layer normalisation a bias that moves all neurons alike changes nothing, so sums may
        // cancel; they are held against the largest of the weights' gradients.
        let scale = (expected + reference.biasGradients[layer]).map(abs).max() ?? 1
        let worst = zip(tensors.biases, reference.biasGradients[layer]).map { abs($0 - $1) }.max()
        #expect((worst ?? .nan) <= 1e-10 * scale, "\(reference.name)")
        guard let gains = gradient.normalization(of: layer) else { continue }
        #expect(relativeDifference(gains.gain, reference.gainGradients[layer]) <= 1e-10)
        #expect(relativeDifference(gains.shift, reference.shiftGradients[layer]) <= 1e-10)
      }
    }
  }
}
