import Foundation
import Testing

@testable import Backprop
@testable import BackpropInspection

/// Rows are read in any order, also repeatedly, and never past the last, whatever a table is made of.
@Suite struct RowOrderTests {
  private let fixture: DataFixture
  private static let rowCount = 9_000

  init() throws { fixture = try DataFixture() }

  /// The same rows kept from text, read from text, partly one and partly the other, and in memory.
  private func tables() throws -> [Table] {
    var random = RandomSource(seed: 1, purpose: .sampling)
    var numbers: [[Double]] = [[], [], [], []]
    var texts: [String?] = []
    var text = "a,b,w,k,c\n"
    for row in 0..<Self.rowCount {
      let (a, b) = (Double(row), random.uniform() < 0.1 ? .nan : (random.uniform() * 100).rounded())
      let (w, k) = (Double(random.index(below: 5)), Double(random.index(below: 3)))
      for (column, value) in [a, b, w, k].enumerated() { numbers[column].append(value) }
      texts.append(random.uniform() < 0.1 ? nil : ["red", "blue", "grey"][random.index(below: 3)])
      text += "\(Int(a)),\(b.isNaN ? "" : "\(b)"),\(Int(w)),\(Int(k)),\(texts[row] ?? "")\n"
    }
    let path = try fixture.file(text)
    let columns = zip(["a", "b", "w", "k"], numbers).map {
      (name: $0, values: TableValues.numbers($1))
    }
    return [
      try Table(contentsOf: path),
      try Table(contentsOf: path, options: .init(with: { $0.keepsColumns = false })),
      try Table(columns: columns + [(name: "c", values: .texts(texts))]),
    ]
  }

  private static let orders: [[UInt32]] = [
    [5000, 1], [1, 0], [7, 7], [], [8999, 0, 8999, 0],
    (0..<UInt32(rowCount)).reversed(), (0..<20_000).map { UInt32($0 * 7919 % rowCount) },
  ]

  /// The bits of some rows of a matrix.
  private func bits(_ matrix: Matrix<Double>, _ rows: [UInt32]) -> [[UInt64]] {
    rows.map { matrix[row: Int($0)].map(\.bitPattern) }
  }

  private func all(_ matrix: Matrix<Double>) -> [[UInt64]] {
    bits(matrix, (0..<UInt32(matrix.rows)).map { $0 })
  }

  @Test(
    "Inputs, targets, plain numbers and weights are those of the rows asked for", arguments: orders)
  func anyOrder(rows: [UInt32]) throws {
    let tables = try tables()
    let features = try FeatureEncoder(fitting: tables[0], excluding: ["k"])
    let weights = ExampleWeights(column: "w")
    for (index, table) in tables.enumerated() {
      // Classes that are numbers are read from the text even where columns are kept.
      for task in [LearningTask.classification, .regression] {
        let target = try TargetEncoder(fitting: table, targets: ["k"], task: task)
        #expect(try all(target.encode(table, rows: rows)) == bits(target.encode(table), rows))
      }
      #expect(
        try all(features.encode(table, rows: rows)) == bits(features.encode(table), rows),
        "\(index)")
      #expect(
        try all(table.numericMatrix(excluding: ["b"], rows: rows))
          == bits(table.numericMatrix(excluding: ["b"]), rows), "\(index)")
      let found = try #require(try weights.rowWeights(of: table, rows: rows))
      let whole = try #require(try weights.rowWeights(of: table))
      #expect(found == rows.map { whole[Int($0)] }, "\(index)")
    }
  }

  @Test("Some kept columns and some read from the text go together, in any order")
  func mixed() throws {
    let tables = try tables()
    let rows = Self.orders[6]
    let found = try tables.map { table in
      var values: [UInt64] = []
      let index = CategoryIndex(["0", "1", "2"], unseen: .error)
      let requests = [0, 3, 1, 2, 4].map { column in
        ColumnRequest(
          column: column,
          reading: column == 3
            ? .categories(index)
            : column == 4
              ? .categories(CategoryIndex(["red", "grey"], unseen: .unknown)) : .numbers())
      }
      #expect(
        table.kept.map { !table.holds(requests[1], $0) && table.holds(requests[0], $0) } ?? true)
      try table.read(requests, rows: rows) { (chunk) throws(DataError) in
        #expect(chunk.start * chunk.width == values.count)
        for at in 0..<chunk.count * chunk.width {
          values.append(chunk.values[at].isNaN ? 0 : chunk.values[at].bitPattern)
        }
      }
      return values
    }
    #expect(found[0].count == 5 * rows.count && found[0] == found[1] && found[0] == found[2])
  }

  @Test("An encoder fitted to rows counts each as often as it is named")
  func fitting() throws {
    let rows: [UInt32] = [3, 1, 3, 8000]
    for table in try tables() {
      let features = try FeatureEncoder(
        fitting: table, excluding: ["b", "w", "k", "c"], rows: rows)
      // (3 + 1 + 3 + 8000) / 4
      guard case .numeric(_, let mean, _, _, _, _) = features.features[0] else {
        return #expect(Bool(false))
      }
      #expect(mean == 2001.75)
      let target = try TargetEncoder(fitting: table, targets: ["a"], task: .regression, rows: rows)
      #expect(target.means == [2001.75])
    }
  }

  @Test("Rows of an array of a file come in any order")
  func arrays() throws {
    let header = "{'descr': '<f4', 'fortran_order': False, 'shape': (3, 2), }"
    let text = header + String(repeating: " ", count: 117 - header.utf8.count) + "\n"
    var bytes = [0x93] + Array("NUMPY".utf8) + [1, 0, UInt8(text.utf8.count), 0] + Array(text.utf8)
    for value in [1, 2, 3, 4, 5, 6] as [Float] {
      withUnsafeBytes(of: value.bitPattern.littleEndian) { bytes += $0 }
    }
    let table = try Table(contentsOf: fixture.file(bytes, name: "x.npy"))
    let matrix: Matrix<Float> = try table.numericMatrix(excluding: [], rows: [2, 0, 2])
    #expect(matrix.elements == [[5, 6], [1, 2], [5, 6]])
  }

  @Test("Rows past the last are refused, in memory and in files")
  func pastTheLast() async throws {
    await #expect(processExitsWith: .failure) {
      let table = try Table(columns: [(name: "x", values: .numbers([1, 2]))])
      let _: Matrix<Float> = try table.numericMatrix(excluding: [], rows: [2])
    }
    await #expect(processExitsWith: .failure) {
      let table = try DataFixture().table("x\n1\n2\n")
      let _: Matrix<Float> = try table.numericMatrix(excluding: [], rows: [0, 5000])
    }
    await #expect(processExitsWith: .failure) {
      let spool = try SpooledDataset<Float>(
        count: 2, inputs: 1, targets: 1, hasWeights: false, in: "/tmp")
      _ = try spool.subset([2])
    }
  }

  @Test("A split that is not one of the table's rows is refused, and one that is, is taken")
  func splits() async throws {
    let split = Split(training: [0, 2], validation: [1])
    #expect(split.isWhole(3) && !split.isWhole(4) && !split.isWhole(2))
    for (training, validation) in [
      ([2, 0], [1]), ([0, 1], [1]), ([0, 3], [1]), ([0, 0], [1, 2]), ([0], [2, 1]), ([], []),
    ] as [([UInt32], [UInt32])] {
      #expect(!Split(training: training, validation: validation).isWhole(3))
    }
    #expect(Split(training: [], validation: []).isWhole(0))
    await #expect(processExitsWith: .failure) {
      let table = try DataFixture().table("x,y\n1,0.5\n2,1.5\n3,2.5\n")
      let features = try FeatureEncoder(fitting: table, excluding: ["y"])
      let target = try TargetEncoder(fitting: table, targets: ["y"])
      // Written past the end of a matrix of two rows before.
      _ = try Dataset<Float>.encoding(
        table, features: features, target: target,
        split: Split(training: [0, 1], validation: [5]))
    }
  }
}
