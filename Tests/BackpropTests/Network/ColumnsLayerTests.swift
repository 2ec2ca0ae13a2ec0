import Testing

@testable import Backprop
@testable import BackpropInspection

@Suite("Layers of columns: waves of numbers, entries of categories")
struct ColumnsLayerTests {
  /// Two inputs as they are, three with waves, a category of 4 entries, one more as it is, and one of 3.
  static let parts: [ColumnsLayer.Part] = [
    .identity(inputs: 2), .waves(inputs: 3), .embedding(entries: 4), .identity(inputs: 1),
    .embedding(entries: 3),
  ]

  static func columns(_ parts: [ColumnsLayer.Part] = parts, isNTK: Bool = false) -> Layer {
    .columns(ColumnsLayer(parts: parts, isNTK: isNTK))
  }

  static func network<T: Scalar>() throws -> Network<T> {
    try LayerKindTests.network([
      columns(), LayerKindTests.scale(31), LayerKindTests.dense(31, 6, .silu),
      LayerKindTests.dense(6, 3, .softmax, parametric: false),
    ])
  }

  /// Numbers, and codes of which some are of no entry.
  static func data<T: Scalar>(_ count: Int, seed: UInt64 = 4) -> Dataset<T> {
    var random = RandomSource(seed: seed, purpose: .sampling)
    var (inputs, targets) = (Matrix<T>(rows: count, columns: 8), Matrix<T>(rows: count, columns: 3))
    for row in 0..<count {
      for column in 0..<8 { inputs[row, column] = T(1.5 * random.normal()) }
      inputs[row, 5] = T(random.index(below: 6))
      inputs[row, 7] = row % 7 == 3 ? -1 : T(random.index(below: 3))
      targets[row, random.index(below: 3)] = 1
    }
    return Dataset(
      inputs: inputs, targets: targets, weights: (0..<count).map { T(0.5 + Double($0 % 3)) })
  }

  // MARK: By hand

  @Test("Waves and an entry by hand")
  func byHand() throws {
    var network = try Network<Double>(
      layers: [
        Self.columns([.waves(inputs: 1), .embedding(entries: 2)]),
        LayerKindTests.dense(12, 1, .identity, parametric: false),
      ], loss: .squaredError, reduction: .sum)
    // One wave of 16 turns once while x grows by 4, from a quarter of a turn: cos(π/2 (x + 1)).
    var (frequencies, phases) = (
      [Double](repeating: 0, count: 16), [Double](repeating: 0, count: 16)
    )
    var amplitudes = [Double](repeating: 0, count: 48)
    (frequencies[5], phases[5]) = (0.25, Double.pi / 2)
    (amplitudes[15], amplitudes[16], amplitudes[17]) = (2, -1, 4)
    network.parameters.set(.frequency, of: 0, to: frequencies)
    network.parameters.set(.phase, of: 0, to: phases)
    network.parameters.set(.amplitude, of: 0, to: amplitudes)
    network.parameters.set(.offset, of: 0, to: [0.5, 0, -1])
    network.parameters.set(.embedding, of: 0, to: (0..<16).map { Double($0) })
    network.parameters.setTensors(
      of: 1, weights: [0, 1, 1, 0, 1, 0, 0, 0, 0, 0, 0, 0], biases: [0])
    // x = 1: cos π = −1, so (1, 0.5 − 2, 1, −1 − 4); x = 2: sin and cos of 3π/2, so (2, 0.5, 0, −1).
    // Entry 1 begins with 8, what is no entry has the last, 1, too.
    let found = LayerKindTests().passes(
      network, Batch(inputs: Matrix([[1, 0], [2, 9]]), targets: Matrix([[0], [0]])))
    let expected: [[Double]] = [
      [1, -1.5, 1, -5, 0, 1, 2, 3, 4, 5, 6, 7], [2, 0.5, 0, -1, 8, 9, 10, 11, 12, 13, 14, 15],
    ]
    for row in 0..<2 {
      #expect(relativeDifference(found.outputs[0][row: row], expected[row]) < 1e-14)
    }
    // a³ = −1.5 + 1 + 0 = −0.5 and 0.5 + 0 + 8 = 8.5, and so is δ³; δ² is 1 where W is.
    // ∂C/∂c = Σ δ = (8, 8, 0); ∂C/∂A = Σ δ cos = −0.5 · −1 + 8.5 · 0 = 0.5 for the first two
    // ∂C/∂φ = −Σ (Aᵀ δ) sin u: sin π = 0, sin(3π/2) = −1: (2 − 1) · 8.5 = 8.5; ∂C/∂f = 2π · 2 · 8.5
    let gradient = found.gradient
    #expect(relativeDifference(try #require(gradient.elements(.offset, of: 0)), [8, 8, 0]) < 1e-14)
    let ofA = try #require(gradient.elements(.amplitude, of: 0))
    #expect(relativeDifference(Array(ofA[15..<18]), [0.5, 0.5, 0]) < 1e-14)
    #expect(abs(try #require(gradient.elements(.phase, of: 0))[5] - 8.5) < 1e-13)
    #expect(abs(try #require(gradient.elements(.frequency, of: 0))[5] - 34 * Double.pi) < 1e-12)
    let ofE = try #require(gradient.elements(.embedding, of: 0))
    #expect(
      relativeDifference(ofE, [-0.5, 0, 0, 0, 0, 0, 0, 0, 8.5, 0, 0, 0, 0, 0, 0, 0]) < 1e-14)
  }

  // MARK: Properties

  @Test("Every parameter agrees with central differences, and every equation of a trace holds")
  func differences() throws {
    let network: Network<Double> = try Self.network()
    let data: Dataset<Double> = Self.data(9)
    let gradient = LayerKindTests().passes(network, data.batch).gradient
    var differences = CentralDifferences(network, data.batch)
    differences.compare(with: gradient)
    #expect(differences.worstRelativeError <= 1e-7)
    for count in [1, 9] {
      let part = data.subset((0..<UInt32(count)).map(\.self))
      let trace = LayerKindInspectionTests().trace(network, part)
      let verification = trace.verification(for: network)
      #expect(verification.verified, "\(verification.failures)")
      let document = try JSONValue(encoding: trace)
      #expect(try document.decoded(as: Trace<Double>.self) == trace)
    }
    let float = network.converted(to: Float.self)
    let single = LayerKindInspectionTests().trace(float, Self.data(9)).verification(for: float)
    #expect(single.verified, "\(single.failures)")
  }

  @Test(
    "The gradient check, both assumptions and the experiments; a wrong gradient turns its tensor red"
  )
  func checks() throws {
    let network: Network<Double> = try Self.network()
    let data: Dataset<Double> = Self.data(12)
    let report = GradientCheck(entriesPerTensor: nil).run(network, on: data)
    #expect(report.passed && report.isConclusive)
    let roles: [ParameterTensor.Role] = [.frequency, .phase, .amplitude, .offset, .embedding]
    for role in roles {
      let tensor = try #require(report.tensors.first { $0.name == role })
      #expect(tensor.verdict == .good && tensor.worstRelativeError <= 1e-7, "\(tensor)")
      #expect(tensor.checked == tensor.shape.reduce(1, *))
      let wrong = GradientCheck().run(network, on: data) { network, workspace, gradient in
        network.backward(in: &workspace, into: &gradient)
        for tensor in gradient.layout.tensors where tensor.role == role {
          gradient.setElements(of: tensor, to: gradient.elements(of: tensor).map { 1.1 * $0 })
        }
      }
      #expect(wrong.tensors.filter { $0.verdict == .wrong }.map(\.name) == [role])
    }
    let assumptions = AssumptionCheck(seed: 1)
    #expect(assumptions.sumOverExamples(network, data).passed)
    #expect(assumptions.functionOfOutputs(network, data).passed)
  }

  @Test("The norms of the examples' gradients are those of passes of their own")
  func exampleNorms() throws {
    let network: Network<Double> = try Self.network()
    let data: Dataset<Double> = Self.data(4)
    let inspection = LayerKindInspectionTests()
    let norms = inspection.trace(network, data).exampleGradients.norms
    for example in 0..<4 {
      let own = inspection.trace(network, data.subset([UInt32(example)])).gradientNorm / 4
      #expect(abs(norms[example] - own) < 1e-12 * own)
    }
  }

  @Test("Threads, blocks in one go or each by itself, and scattered rows change no bit")
  func bits() throws {
    let network: Network<Float> = try Self.network()
    let data: Dataset<Float> = Self.data(230)
    let rows = (0..<150).map { UInt32($0 * 89 % 230) }
    let scattered = Batch(
      inputs: data.storedInputs, targets: data.storedTargets, weights: nil,
      rows: .indices(rows[...]))
    let one = LayerKindTests().passes(network, scattered)
    let gathered = Dataset(
      inputs: data.subset(rows).storedInputs, targets: data.subset(rows).storedTargets)
    for (batch, pool) in [
      (scattered, ThreadPool(threads: 2)), (gathered.batch, nil),
      (gathered.batch, ThreadPool(threads: 3)),
    ] {
      let other = LayerKindTests().passes(network, batch, pool: pool)
      #expect(one.loss == other.loss && one.gradient == other.gradient)
      #expect(one.outputs == other.outputs && one.deltas == other.deltas)
    }
    for shards in [nil, 1, 5] {
      let runs = try [1, 2, 3].map { threads in
        var own = network
        try Trainer<Float>(
          configuration: TrainingConfiguration(batchSize: 100, epochs: 2, shards: shards),
          threads: threads
        ).train(&own, on: data, metrics: TrainerTests.metrics)
        return own.parameters
      }
      #expect(runs[1] == runs[0] && runs[2] == runs[0])
    }
  }

  @Test("Cosine and sine of turns are right where f x is large and where it is no number")
  func largeAngles() throws {
    var network = try Network<Float>(
      layers: [
        Self.columns([.waves(inputs: 1)]), LayerKindTests.dense(4, 1, .identity, parametric: false),
      ], loss: .squaredError, reduction: .sum)
    network.parameters.set(.frequency, of: 0, to: [Float](repeating: 1, count: 16))
    network.parameters.set(
      .amplitude, of: 0, to: (0..<48).map { $0 < 3 ? Float(1) : 0 })
    var inputs: [Float] = (0..<2000).map { Float($0) * 0.013 - 13 }
    let count = inputs.count
    inputs += [1e7, -3e9, 1e30, .greatestFiniteMagnitude, .infinity, .nan]
    let batch = Batch(
      inputs: Matrix(inputs.map { [$0] }), targets: Matrix<Float>(rows: inputs.count, columns: 1))
    let outputs = LayerKindTests().passes(network, batch).outputs[0]
    for (row, x) in inputs.enumerated() {
      if row < count {
        let textbook = TextbookColumns([.waves(inputs: 1)]) { role in
          network.parameters.elements(role, of: 0)?.map { Double($0) } ?? []
        }
        #expect(abs(Double(outputs[row, 1]) - textbook.output(1) { _ in Double(x) }.value) < 1e-5)
      } else {
        #expect(x.isFinite ? abs(outputs[row, 1]) <= 1.000001 : outputs[row, 1].isNaN)
      }
    }
  }

  @Test("Fresh weights: what nobody knows begins at 0, in every embedding, and the rest does not")
  func fresh() throws {
    let network = try Network<Float>(
      layers: [Self.columns(), LayerKindTests.dense(31, 3, .softmax, parametric: false)],
      loss: .crossEntropy, reduction: .mean
    ).freshlyDrawn(seed: 3)
    let entries = try #require(network.parameters.elements(.embedding, of: 0))
    for entry in 0..<7 {
      let isOfUnknown = entry == 3 || entry == 6
      #expect(entries[(8 * entry)..<(8 * entry + 8)].allSatisfy { ($0 == 0) == isOfUnknown })
    }
    let phases = try #require(network.parameters.elements(.phase, of: 0))
    #expect(phases.allSatisfy { abs($0) <= Float.pi } && Set(phases).count == phases.count)
    let amplitudes = try #require(network.parameters.elements(.amplitude, of: 0))
    #expect(amplitudes.allSatisfy { abs($0) <= 0.25 && $0 != 0 })
  }

  // MARK: Files

  @Test("It is written and read as it is; what is no layer of columns is refused")
  func files() throws {
    let layer = Self.columns(isNTK: true)
    let document = try JSONValue(encoding: layer)
    #expect(try document.decoded(as: Layer.self) == layer)
    for broken in [
      ##"{"kind":"columns","inputs":8,"outputs":31}"##,
      ##"{"kind":"columns","inputs":8,"outputs":31,"columns":[]}"##,
      ##"{"kind":"columns","inputs":8,"outputs":30,"columns":[{"waves":7},{"identity":1}]}"##,
      ##"{"kind":"columns","inputs":1,"outputs":8,"columns":[{"embedding":0}]}"##,
      ##"{"kind":"columns","inputs":1,"outputs":8,"columns":[{"embedding":-4}]}"##,
      ##"{"kind":"columns","inputs":1,"outputs":8,"columns":[{"embedding":4,"waves":1}]}"##,
      ##"{"kind":"columns","inputs":1,"outputs":1,"columns":[{"spline":1}]}"##,
    ] {
      #expect(throws: DecodingError.self, "\(broken)") {
        try JSONValue(parsing: broken).decoded(as: Layer.self)
      }
    }
    // Only the first layer can be one.
    #expect(throws: NetworkError.columnsNotFirst(layer: 3)) {
      try Network<Float>(
        layers: [
          LayerKindTests.dense(4, 1, .relu), Self.columns([.waves(inputs: 1)]),
          LayerKindTests.dense(4, 1, .identity, parametric: false),
        ], loss: .squaredError, reduction: .mean)
    }
  }
}
