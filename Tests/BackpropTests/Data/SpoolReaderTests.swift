import Foundation
import Testing

@testable import Backprop
@testable import BackpropInspection

@Suite("Batches of spooled data")
struct SpoolReaderTests {
  /// Example k has the inputs k and −k, the target 100 + k and the weight 1 + k.
  private func spooled(count: Int) throws -> SpooledDataset<Float> {
    let data = try SpooledDataset<Float>(
      count: count, inputs: 2, targets: 1, hasWeights: true,
      in: FileManager.default.temporaryDirectory.path)
    let numbers = (0..<count).map(Float.init)
    var inputs = Matrix<Float>(rows: count, columns: 2, isCompact: true)
    var targets = Matrix<Float>(rows: count, columns: 1, isCompact: true)
    for (row, k) in numbers.enumerated() {
      (inputs[row, 0], inputs[row, 1], targets[row, 0]) = (k, -k, 100 + k)
    }
    try data.write(
      Dataset(inputs: inputs, targets: targets, weights: numbers.map { 1 + $0 }), rows: count,
      at: 0)
    return data
  }

  /// The examples of a batch, as they stand in memory now.
  private func examples(_ batch: Batch<Float>) throws -> [[Float]] {
    guard case .numbers(let inputs) = batch.inputs else { return [] }
    let weights = try #require(batch.weights)
    let rows: [Int] =
      switch batch.rows {
      case .range(let range): Array(range)
      case .indices(let indices): indices.map { Int($0) }
      }
    return rows.map { inputs[row: $0] + batch.targets.numbers[row: $0] + [weights[0, $0]] }
  }

  @Test(
    "A batch stays what it is while others are dealt, from the same window and from the next ones")
  func held() throws {
    let data = try spooled(count: 23)
    for (rows, window, size) in [(2, 2, 3), (4, 1, 4), (1, 5, 2), (3, 2, 20), (30, 1, 23)] {
      let reader = SpoolReader(
        data, block: ShuffleBlock(rows: rows, window: window), batchSize: size)
      for epoch in 1...2 {
        reader.begin(seed: 1, epoch: epoch, shuffled: false)
        var batches: [Batch<Float>] = []
        while let batch = reader.next() { batches.append(batch) }
        #expect(reader.failure == nil)
        let found = try batches.flatMap { try examples($0) }
        let expected = (0..<23).map { row -> [Float] in
          let k = Float(row)
          return [k, -k, 100 + k, 1 + k]
        }
        #expect(found == expected, "\(rows) × \(window), batches of \(size)")
      }
    }
  }
}
