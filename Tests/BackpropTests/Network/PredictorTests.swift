import CReference
import Testing

@testable import Backprop
@testable import BackpropInspection

@Suite("A predictor")
struct PredictorTests {
  /// Inputs between widths that fill whole vectors, and two hidden layers of the kind in question.
  private func network<T: Scalar>(
    inputs: Int, hidden: Activation, output: Activation = .identity, of: T.Type
  ) throws -> Network<T> {
    try Network<T>(
      sizes: [inputs, 33, 18, 5], activations: [hidden, hidden, output], loss: .squaredError,
      dropout: [0.5, 0], normalizations: [nil, .layer], seed: 6)
  }

  /// Normal numbers, and NaN wherever the rows are padded.
  private func examples<T: Scalar>(
    _ rows: Int, _ columns: Int, isCompact: Bool = false, of: T.Type
  ) -> Matrix<T> {
    var matrix = Matrix<T>(rows: rows, columns: columns, isCompact: isCompact)
    var random = RandomSource(seed: 8, purpose: .sampling)
    for row in 0..<rows {
      for column in 0..<columns { matrix[row, column] = T(random.normal()) }
      for column in columns..<max(columns, matrix.stride) {
        matrix.mutableStart[row * matrix.stride + column] = .nan
      }
    }
    return matrix
  }

  private func nan<T: Scalar>(_ rows: Int, _ columns: Int, of: T.Type) -> Matrix<T> {
    Matrix([[T]](repeating: [T](repeating: .nan, count: columns), count: rows))
  }

  /// Whether a predictor that takes `portion` examples at a time gives the bits of `predictions`.
  private func expectSameBits<T: Scalar>(
    _ network: Network<T>, _ inputs: Matrix<T>, portion: Int, pool: ThreadPool? = nil,
    comment: Comment
  ) {
    let expected = network.predictions(for: inputs)
    #expect(expected.elements.allSatisfy { $0.allSatisfy { $0.isFinite } }, comment)
    var predictor = Predictor(network, capacity: portion)
    // One row more than is asked for: it stays as it was.
    var outputs: Matrix<T> = nan(portion + 1, network.outputCount, of: T.self)
    for first in stride(from: 0, to: inputs.rows, by: portion) {
      let rows = first..<min(inputs.rows, first + portion)
      predictor.predict(inputs, rows: rows, into: &outputs, pool: pool)
      for row in rows {
        #expect(outputs[row: row - first] == expected[row: row], comment)
      }
      #expect(outputs[row: portion].allSatisfy { $0.isNaN }, comment)
    }
  }

  @Test("Gives the bits of predictions(for:), whatever the layers", arguments: Activation.allCases)
  func activations(activation: Activation) throws {
    let isHidden = activation != .softmax
    let own = Activation.custom(Softsign())
    let float = try network(
      inputs: 21, hidden: isHidden ? activation : own, output: isHidden ? .identity : activation,
      of: Float.self)
    let double = try network(
      inputs: 21, hidden: isHidden ? activation : own, output: isHidden ? .identity : activation,
      of: Double.self)
    for portion in [1, 3, 7] {
      expectSameBits(
        float, examples(7, 21, of: Float.self), portion: portion, comment: "\(portion) at a time")
      expectSameBits(
        double, examples(7, 21, of: Double.self), portion: portion, comment: "\(portion) at a time")
    }
  }

  @Test(
    "Reads no padding, and takes rows that have none",
    arguments: [1, 7, 15, 16, 17, 31, 32, 33, 100, 512, 784])
  func widths(inputs: Int) throws {
    let network = try network(inputs: inputs, hidden: .relu, of: Float.self)
    for isCompact in [false, true] {
      let inputs = examples(11, inputs, isCompact: isCompact, of: Float.self)
      for portion in [1, 4, 11] {
        expectSameBits(
          network, inputs, portion: portion,
          comment: "\(portion) at a time\(isCompact ? ", compact" : "")")
      }
    }
  }

  @Test("Threads change no bit", arguments: [1, 64, 300])
  func threads(portion: Int) throws {
    let network = try Network<Float>(
      sizes: [70, 300, 130, 9], activations: [.tanh, .relu, .softmax], loss: .crossEntropy, seed: 2)
    let inputs = examples(300, 70, of: Float.self)
    expectSameBits(
      network, inputs, portion: portion, pool: ThreadPool(threads: 3), comment: "3 threads")
  }

  @Test("Remembers nothing of earlier calls")
  func independentCalls() throws {
    let network = try network(inputs: 9, hidden: .mish, of: Float.self)
    let inputs = examples(6, 9, of: Float.self)
    var fresh = nan(2, 5, of: Float.self)
    var first = Predictor(network, capacity: 6)
    first.predict(inputs, rows: 3..<5, into: &fresh)

    var used = nan(6, 5, of: Float.self)
    var second = Predictor(network, capacity: 6)
    second.predict(nan(6, 9, of: Float.self), into: &used)
    #expect(used.elements.allSatisfy { $0.allSatisfy { $0.isNaN } })
    second.predict(inputs, rows: 3..<5, into: &used)
    #expect(used[row: 0] == fresh[row: 0] && used[row: 1] == fresh[row: 1])
    // No example is no call.
    second.predict(inputs, rows: 2..<2, into: &used)
    #expect(used[row: 0] == fresh[row: 0])
  }

  @Test("Keeps the network as it was given, and leaves copies of the outputs alone")
  func values() throws {
    var network = try network(inputs: 9, hidden: .relu, of: Float.self)
    let inputs = examples(1, 9, of: Float.self)
    let expected = network.predictions(for: inputs)
    var predictor = Predictor(network)
    network.parameters.setTensors(
      of: 2, weights: [Float](repeating: 0, count: 18 * 5), biases: [1, 2, 3, 4, 5])
    var outputs = nan(1, 5, of: Float.self)
    let copy = outputs
    predictor.predict(inputs, into: &outputs)
    #expect(outputs == expected)
    #expect(copy[row: 0].allSatisfy { $0.isNaN })
    // Nor do examples change that share their elements with the outputs.
    let square = try Network<Float>(
      sizes: [5, 40, 5], activations: [.tanh, .identity], loss: .squaredError, seed: 3)
    let original = outputs
    var onto = Predictor(square)
    onto.predict(original, into: &outputs)
    #expect(outputs == square.predictions(for: expected))
  }

  @Test("Allocates nothing in a call", arguments: [Activation.relu, .maxout(pieces: 2), .mish])
  func allocations(hidden: Activation) throws {
    guard allocation_count() >= 0 else { return }
    let network = try network(inputs: 21, hidden: hidden, output: .softmax, of: Float.self)
    var predictor = Predictor(network, capacity: 8)
    var outputs = Matrix<Float>(rows: 8, columns: 5)
    let padded = examples(40, 21, of: Float.self)
    let compact = examples(40, 21, isCompact: true, of: Float.self)
    // The first call makes what is made once: the tables of generic types.
    predictor.predict(padded, rows: 0..<8, into: &outputs)
    predictor.predict(compact, rows: 0..<8, into: &outputs)
    let before = allocation_count()
    for first in 0..<32 {
      predictor.predict(padded, rows: first..<(first + 1), into: &outputs)
      predictor.predict(padded, rows: first..<(first + 8), into: &outputs)
      predictor.predict(compact, rows: first..<(first + 8), into: &outputs)
    }
    #expect(allocation_count() == before, "\(allocation_count() - before) in 96 calls")
    // What does allocate is seen: elements that somebody else holds too are copied first.
    let held = outputs
    predictor.predict(padded, rows: 0..<1, into: &outputs)
    #expect(allocation_count() > before && held[row: 1] == outputs[row: 1])
  }

  @Test("Allocates nothing in the thread that calls a pool, either")
  func pooledAllocations() throws {
    guard allocation_count() >= 0 else { return }
    let network = try Network<Float>(
      sizes: [128, 128, 128, 3], activations: [.relu, .tanh, .softmax], loss: .crossEntropy, seed: 1
    )
    let pool = ThreadPool(threads: 2)
    var predictor = Predictor(network, capacity: 64)
    var outputs = Matrix<Float>(rows: 64, columns: 3)
    let inputs = examples(64, 128, of: Float.self)
    predictor.predict(inputs, into: &outputs, pool: pool)
    let before = allocation_count()
    for _ in 0..<8 { predictor.predict(inputs, into: &outputs, pool: pool) }
    #expect(allocation_count() == before, "\(allocation_count() - before) in 8 calls")
  }

  /// One call of a network of 4 inputs and 3 outputs.
  struct Call: Codable, CustomTestStringConvertible {
    let what: String
    var capacity = 4
    var inputs = [6, 4]
    var rows: [Int]? = [2, 6]
    var outputs = [4, 3]
    var isRefused = true

    var testDescription: String { what }

    static let all = [
      Call(what: "as many as there is room for, up to the last row", isRefused: false),
      Call(what: "no example at all", rows: [6, 6], outputs: [0, 3], isRefused: false),
      Call(what: "all rows", capacity: 6, rows: nil, outputs: [6, 3], isRefused: false),
      Call(what: "room for none", capacity: 0, rows: [0, 0]),
      Call(what: "one more than the capacity", rows: [1, 6], outputs: [5, 3]),
      Call(what: "all rows, more than the capacity", rows: nil, outputs: [6, 3]),
      Call(what: "a row behind the last", rows: [3, 7]),
      Call(what: "a row before the first", rows: [-1, 1]),
      Call(what: "too few inputs", inputs: [6, 3]),
      Call(what: "too many inputs", inputs: [6, 5]),
      Call(what: "too few rows for the outputs", outputs: [3, 3]),
      Call(what: "too few outputs", outputs: [4, 2]),
      Call(what: "too many outputs", outputs: [4, 4]),
    ]

    func run() throws {
      let network = try Network<Float>(
        sizes: [4, 8, 3], activations: [.relu, .softmax], loss: .crossEntropy)
      var predictor = Predictor(network, capacity: capacity)
      var target = Matrix<Float>(rows: outputs[0], columns: outputs[1])
      predictor.predict(
        Matrix(rows: inputs[0], columns: inputs[1]), rows: rows.map { $0[0]..<$0[1] },
        into: &target)
    }
  }

  @Test("Takes the calls that fit, and traps at those that do not", arguments: Call.all)
  func preconditions(call: Call) async {
    if call.isRefused {
      await #expect(processExitsWith: .failure) { [call = call as Call] in try call.run() }
    } else {
      await #expect(processExitsWith: .success) { [call = call as Call] in try call.run() }
    }
  }
}
