import Testing

@testable import Backprop

@Suite("Robust scaling, and categories that nobody knows")
struct ColumnScalingTests {
  @Test("Numbers are scaled by median and quartiles, and outliers drawn in")
  func numbers() throws {
    // Sorted 0, 1, 2, 3, 100: median 2, quartiles 1 and 3; z = (x − 2)/2, then z/√(1 + (z/3)²).
    let table = try Table(columns: [
      ("x", .numbers([3, 0, 100, 1, 2])), ("k", .numbers([7, 7, 7, 7, 7])),
    ])
    let encoder = try FeatureEncoder(fitting: table, excluding: [], scaling: .robust)
    let inputs: Matrix<Double> = try encoder.encode(table)
    func drawnIn(_ z: Double) -> Double { z / (1 + z * z / 9).squareRoot() }
    let expected = [0.5, -1, 49, -0.5, 0].map(drawnIn)
    for (row, value) in expected.enumerated() {
      #expect(abs(inputs[row, 0] - value) < 1e-15 && inputs[row, 1] == 0)
    }
    #expect(
      inputs[2, 0] < 3 && ColumnScaling.clipped(1e300) == 3
        && ColumnScaling.clipped(-.infinity) == -3)
    // Equal quartiles: half of the range.
    let flat = try Table(columns: [("x", .numbers([5, 5, 5, 5, 5, 5, 9]))])
    let one: Matrix<Double> = try FeatureEncoder(fitting: flat, excluding: [], scaling: .robust)
      .encode(flat)
    #expect(one[0, 0] == 0 && abs(one[6, 0] - drawnIn(2)) < 1e-15)
  }

  @Test(
    "0 and 1 of a category are scaled as numbers are: by their median and quartiles",
    arguments: [(0.1, 0.0, 2.0), (0.3, 0, 1), (0.5, -0.5, 0.5), (0.7, -1, 0), (0.9, -2, 0)])
  func levels(share: Double, off: Double, on: Double) {
    let found = ColumnScaling.robust.levels(ofShare: share)
    #expect(found == (ColumnScaling.clipped(off), ColumnScaling.clipped(on)))
    #expect(ColumnScaling.standard.levels(ofShare: share) == (0, 1))
  }

  @Test("A category that nobody knows enters as the mean of the training rows, in either scaling")
  func unknown() throws {
    let texts = ["a", "b", "a", "c", "a", "a", "b", "a", "a", "a"]
    let table = try Table(columns: [
      ("t", .texts(texts)), ("b", .texts(texts.map { $0 == "a" ? "yes" : "no" })),
    ])
    let other = try Table(columns: [("t", .texts(["q"])), ("b", .texts([""]))])
    for scaling in ColumnScaling.allCases {
      let encoder = try FeatureEncoder(fitting: table, excluding: [], scaling: scaling)
      let (rows, unknown): (Matrix<Double>, Matrix<Double>) = (
        try encoder.encode(table), try encoder.encode(other)
      )
      for column in 0..<encoder.outputCount {
        let mean = (0..<rows.rows).reduce(0) { $0 + rows[$1, column] } / Double(rows.rows)
        #expect(abs(unknown[0, column] - mean) < 1e-12, "\(scaling) \(column)")
      }
      // What dropout of categories makes of a row is what an unknown one becomes.
      var inputs = (0..<encoder.outputCount).map { rows[3, $0] }
      inputs.withUnsafeMutableBufferPointer { buffer in
        for column in encoder.categoryInputs {
          if let start = buffer.baseAddress { column.formUnknown(start) }
        }
      }
      #expect(inputs == (0..<encoder.outputCount).map { unknown[0, $0] })
    }
  }

  @Test("The scaling is in the model file, and a row of a program becomes what a table's does")
  func kept() throws {
    let texts = ["a", "b", "a", "c", "a", "b"]
    let table = try Table(columns: [
      ("x", .numbers([1, 2, 3, 4, 5, 60])), ("t", .texts(texts)),
      ("y", .numbers([1, 2, 3, 4, 5, 6])),
    ])
    var configuration = TrainingConfiguration(epochs: 2)
    configuration.recipe = .plain
    configuration.data.target = ["y"]
    configuration.data.scaling = .robust
    configuration.stopping.validation = 0
    let model = try Estimator(configuration).fit(table).model
    let again = try Model(bytes: model.safeTensors().bytes)
    #expect(again.encoder == model.encoder && again.encoder?.scaling == .robust)
    let predictions = try model.predict(table)
    for row in 0..<table.rowCount {
      let one = try model.predict([
        "x": .number([1, 2, 3, 4, 5, 60][row]), "t": .text(texts[row]),
      ])
      #expect(one.value == predictions[row].value)
    }
  }
}
