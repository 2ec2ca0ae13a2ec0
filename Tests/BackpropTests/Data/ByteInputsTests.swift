import CReference
import Testing

@testable import Backprop
@testable import BackpropInspection

/// Pixels that stay bytes must be, in every bit, the numbers that the encoder makes of them.
@Suite("Inputs kept as bytes")
struct ByteInputsTests {
  private let fixture: DataFixture

  init() throws { fixture = try DataFixture() }

  /// Images of 7 × 5 pixels in which every byte occurs, with labels, as tables of bytes and of Doubles.
  private func tables(rows: Int = 90) throws -> (bytes: Table, numbers: Table) {
    let pixels = (0..<rows * 35).map { UInt8(truncatingIfNeeded: $0 * 7 + $0 / 256) }
    let labels = (0..<rows).map { UInt8($0 * 5 % 3) }
    _ = try fixture.file(
      ArrayFile.idx(sizes: [rows, 7, 5], pixels), name: "d/train-images-idx3-ubyte")
    _ = try fixture.file(ArrayFile.idx(sizes: [rows], labels), name: "d/train-labels-idx1-ubyte")
    let bytes = try DataSource.open(path: fixture.folder.path + "/d").training
    var columns = (0..<35).map { column in
      (
        name: String(column),
        values: MemoryColumn.numbers((0..<rows).map { Double(pixels[$0 * 35 + column]) })
      )
    }
    columns.append((name: "label", values: .numbers(labels.map { Double($0) })))
    return (bytes, try Table(memory: columns, rowCount: rows, pixelScale: 255))
  }

  private func areBytes<T>(_ dataset: Dataset<T>) -> Bool {
    if case .bytes = dataset.storedInputs { true } else { false }
  }

  private func prepared<T: Scalar>(_ table: Table, as type: T.Type) throws -> PreparedTable<T> {
    try PreparedTable(table, target: "label", task: .classification, validation: 0.3, seed: 4)
  }

  @Test("Every byte becomes what the encoder makes of it, or the scale is refused")
  func allBytes() throws {
    for scale in [255, 256, 1, 16, 15, 100, 0.5, 3, 0x1p-100, 0x1p100] {
      let float = try #require(ByteInputs<Float>.divisor(scale))
      let double = try #require(ByteInputs<Double>.divisor(scale))
      for byte in 0...255 {
        let number = (Double(byte) - 0) / scale
        #expect((Float(byte) / float).bitPattern == Float(number).bitPattern, "\(byte) / \(scale)")
        #expect((Double(byte) / double).bitPattern == number.bitPattern, "\(byte) / \(scale)")
      }
    }
    // No Float holds the first, and the quotients show it; those by the last are infinite.
    #expect(ByteInputs<Float>.divisor(1e-30) == nil)
    #expect(ByteInputs<Double>.divisor(1e-30) != nil)
    #expect(ByteInputs<Float>.divisor(1e-60) == nil)
  }

  @Test("Both parts of a split have the inputs, targets and fingerprint of the same numbers")
  func split() throws {
    func check<T: Scalar>(_ type: T.Type) throws {
      let (bytes, numbers) = try tables()
      let (kept, plain) = (try prepared(bytes, as: T.self), try prepared(numbers, as: T.self))
      #expect(kept.features.features == plain.features.features)
      let pairs = [
        (kept.training, plain.training),
        (try #require(kept.validation), try #require(plain.validation)),
      ]
      for (kept, plain) in pairs {
        #expect(areBytes(kept) && !areBytes(plain))
        #expect(kept.inputs == plain.inputs)
        #expect(kept.targets == plain.targets)
        let some: [UInt32] = [5, 0, 5, 11]
        #expect(kept.subset(some).inputs == plain.subset(some).inputs)
        #expect(kept.subset(some).subset([2, 1]).inputs == plain.subset([5, 0]).inputs)
        #expect(
          DataFingerprint(training: kept, validation: nil)
            == DataFingerprint(training: plain, validation: nil))
      }
    }
    try check(Float.self)
    try check(Double.self)
  }

  @Test("A run ends with the same bits, in any order of the examples", arguments: [true, false])
  func training(shuffles: Bool) throws {
    let (bytes, numbers) = try tables()
    let parameters = try [bytes, numbers].map { table in
      let data = try prepared(table, as: Float.self)
      var network = try Network<Float>(
        sizes: [35, 20, 3], activations: [.relu, .softmax], loss: .crossEntropy, seed: 2)
      let summary = try Trainer<Float>(
        configuration: TrainingConfiguration(batchSize: 13, epochs: 3, shuffles: shuffles)
      ).train(
        &network, on: data.training, validation: data.validation, metrics: TrainerTests.metrics)
      let judged = network.evaluate(on: data.training, metrics: TrainerTests.metrics)
      return (network.parameters, summary.steps, judged)
    }
    #expect(parameters[0].0 == parameters[1].0)
    #expect(parameters[0].2 == parameters[1].2)
  }

  @Test("No memory is allocated between the steps on bytes")
  func allocations() throws {
    guard allocation_count() >= 0 else { return }
    let data = try prepared(tables(rows: 600).bytes, as: Float.self)
    #expect(areBytes(data.training))
    var network = try Network<Float>(
      sizes: [35, 20, 3], activations: [.relu, .softmax], loss: .crossEntropy, seed: 2)
    var counts: [Int64] = [Int64](repeating: 0, count: 70)
    var steps = 0
    try Trainer<Float>(configuration: TrainingConfiguration(batchSize: 20, epochs: 2)).train(
      &network, on: data.training, metrics: TrainerTests.metrics,
      isInterrupted: {
        counts[steps] = allocation_count()
        steps += 1
        return false
      })
    #expect(steps == 42)
    #expect(counts[20] == counts[1], "\(counts[20] - counts[1]) allocations")
    #expect(counts[41] == counts[21], "\(counts[41] - counts[21]) allocations")
  }

  @Test("Bytes that are no neighbours, or standardised, become numbers as before")
  func otherTables() throws {
    let (bytes, _) = try tables()
    let standardised = try FeatureEncoder(
      features: (0..<35).map {
        .numeric(name: String($0), mean: 3, deviation: 2, hasIndicator: false)
      })
    let fewer = try FeatureEncoder(features: [.pixels(count: 34, scale: 255)])
    #expect(ByteInputs<Float>(of: bytes, encodedBy: standardised) == nil)
    #expect(ByteInputs<Float>(of: bytes, encodedBy: fewer)?.columns == 34)
    let numbers = try tables().numbers
    #expect(ByteInputs<Float>(of: numbers, encodedBy: fewer) == nil)
    let signed = try fixture.file(
      ArrayFile.idx(type: 9, sizes: [2, 5, 7], [UInt8](repeating: 200, count: 70)), name: "s")
    let integers = try Table(contentsOf: signed)
    #expect(ByteInputs<Float>(of: integers, encodedBy: fewer) == nil)
  }
}
