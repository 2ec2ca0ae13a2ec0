import Testing

@testable import Backprop
@testable import BackpropInspection

@Suite struct PrecisionTests {
  let fixture: DataFixture

  init() throws { fixture = try DataFixture() }

  @Test("A feature that is not finite once it is encoded is an error with line, column and value")
  func features() throws {
    let encoder = try FeatureEncoder(features: [
      .numeric(name: "k", mean: 0, deviation: 1, hasIndicator: false),
      .numeric(name: "x", mean: 0, deviation: 1, hasIndicator: true),
    ])
    let table = try fixture.table("k,x\n1,2\n\n3,1e39\n")
    let matrix: Matrix<Double> = try encoder.encode(table)
    #expect(matrix.elements[1] == [3, 1e39, 0])
    #expect(
      fixture.message { let _: Matrix<Float> = try encoder.encode(table) }
        == "t.csv, line 4, column \"x\": 1e+39 is too large for numbers of float precision once it "
        + "is encoded; correct it, rescale the column, or use double precision")
    // 1e308 − (−1e308) is infinite, and over an infinite deviation, that of a constant, NaN.
    let constant = try FeatureEncoder(features: [
      .numeric(name: "k", mean: -1e308, deviation: 0, hasIndicator: false)
    ])
    #expect(
      fixture.message {
        let _: Matrix<Double> = try constant.encode(fixture.table("k,x\n-1e308,2\n1e308,2\n"))
      }
        == "t.csv, line 3, column \"k\": 1e+308 is too large for numbers of double precision once it "
        + "is encoded; correct it or rescale the column")
  }

  @Test("So it is for plain numbers, targets and a whole data set, and in memory by its row")
  func others() throws {
    let table = try fixture.table("x,y\n1,2\n2,1e39\n3,5\n")
    let expected = "t.csv, line 3, column \"y\": 1e+39 is too large for numbers of float precision"
    #expect(
      fixture.message { let _: Matrix<Float> = try table.numericMatrix(excluding: []) }
        .hasPrefix(expected))
    let features = try FeatureEncoder(fitting: table, excluding: ["y"])
    let target = try TargetEncoder(
      fitting: table, targets: ["y"], task: .regression, coding: .raw)
    #expect(
      fixture.message { let _: Matrix<Float> = try target.encode(table) }.hasPrefix(expected))
    #expect(
      fixture.message {
        _ = try Dataset<Float>(encoding: table, features: features, target: target)
      }.hasPrefix(expected))
    let inputs = try FeatureEncoder(fitting: table, excluding: ["x"])
    let sound = try TargetEncoder(fitting: table, targets: ["x"], task: .regression, coding: .raw)
    // The deviation is 4.7e38 in Double: 1e39 itself becomes 1.41.
    _ = try Dataset<Float>(encoding: table, features: inputs, target: sound)
    let memory = try Table(columns: [(name: "x", values: .numbers([1, 1e39]))])
    #expect(
      fixture.message { let _: Matrix<Float> = try memory.numericMatrix(excluding: []) }
        .hasPrefix("row 2, column \"x\": 1e+39 is too large"))
  }

  @Test("Outputs that are not finite are an error, not a confident label")
  func outputs() throws {
    let table = try fixture.table("x,y\n1,a\n2,b\n")
    for coding in [TargetCoding.oneHot, .zeroOne, .plusMinusOne] {
      let encoder = try TargetEncoder(fitting: table, targets: ["y"], coding: coding)
      for bad in [Float.nan, .infinity] {
        let row = [Float](repeating: bad, count: encoder.outputCount)
        let outputs = Matrix<Float>([row.map { _ in 0 }, row])
        #expect(
          fixture.message { _ = try encoder.decode(outputs) }
            .hasPrefix("row 2: output 0 of the network is \(bad), which is no prediction"))
      }
    }
    let numbers = try TargetEncoder(
      fitting: fixture.table("y,x\n-1e38,1\n1e38,2\n"), targets: ["y"],
      task: .regression)
    // Beyond what a Float holds: the number is none the less known.
    let far = try numbers.decode(Matrix<Float>([[10]]))
    #expect(abs(far.values[0] / 1e39 - 1) < 1e-6 && Double(far.text(row: 0)) == far.values[0])
    let huge = try TargetEncoder(
      fitting: fixture.table("y,x\n-1e308,1\n1e308,2\n"), targets: ["y"], task: .regression)
    #expect(throws: DataError.self) { try huge.decode(Matrix<Float>([[10]])) }
    let tiny = try TargetEncoder(
      fitting: fixture.table("y,x\n1e-200,1\n3e-200,2\n"), targets: ["y"], task: .regression)
    #expect(abs(try tiny.decode(Matrix<Float>([[1]])).values[0] / 3e-200 - 1) < 1e-6)
  }

  @Test("Inputs are compact, so that they take no more memory than their numbers")
  func compact() throws {
    let table = try fixture.table("x,y\n1,2\n2,4\n")
    let plain: Matrix<Float> = try table.numericMatrix(excluding: [])
    #expect(plain.stride == 2)
    let encoder = try FeatureEncoder(fitting: table, excluding: ["y"])
    #expect((try encoder.encode(table) as Matrix<Float>).stride == 1)
  }
}
