import Testing

@testable import Backprop
@testable import BackpropInspection

@Suite("Quantile maps of heavy-tailed columns")
struct QuantileMapTests {
  /// Quantiles of a distribution, by the inverse of its distribution function.
  static func numbers(_ count: Int, _ inverse: (Double) -> Double) -> [Double] {
    (0..<count).map { inverse((Double($0) + 0.5) / Double(count)) }
  }

  static let logNormal = numbers(2_000) {
    power(2.718281828459045, 1.3 * RandomSource.normalQuantile($0))
  }

  static func power(_ base: Double, _ exponent: Double) -> Double {
    Double.naturalExponential(exponent * Double.naturalLogarithm(base))
  }

  @Test("A column is heavy-tailed by its own numbers alone")
  func evidence() throws {
    let normal = Self.numbers(1_000) { 7 + 3 * RandomSource.normalQuantile($0) }
    let exponential = Self.numbers(1_000) { -Double.naturalLogarithm(1 - $0) }
    #expect(abs(try #require(QuantileMap.tail(of: normal)) - 1.72) < 0.02)
    #expect(abs(try #require(QuantileMap.tail(of: exponential)) - 3.56) < 0.1)
    #expect(QuantileMap(ofHeavyTails: normal) == nil)
    #expect(QuantileMap(ofHeavyTails: exponential) == nil)
    #expect(QuantileMap(ofHeavyTails: Self.logNormal) != nil)
    // Left tails count as right ones.
    #expect(QuantileMap(ofHeavyTails: Self.logNormal.map { -$0 }.sorted()) != nil)
    // Few numbers count, half of all that are equal leave no width, and one row is no column.
    #expect(QuantileMap(ofHeavyTails: [0, 0, 1, 1, 1, 1, 2, 2, 900, 1_000]) == nil)
    #expect(
      QuantileMap(ofHeavyTails: [Double](repeating: 0, count: 60) + (1...40).map { Double($0) })
        == nil)
    #expect(QuantileMap(ofHeavyTails: [3]) == nil && QuantileMap(ofHeavyTails: []) == nil)
  }

  @Test("Numbers become about normal ones in their order, and back")
  func map() throws {
    let map = try #require(QuantileMap(ofHeavyTails: Self.logNormal))
    var moments = Moments()
    for number in Self.logNormal {
      moments.add(map.score(number))
      #expect(abs(map.number(map.score(number)) - number) <= 1e-12 * number)
    }
    #expect(abs(moments.mean) < 0.01 && abs(moments.deviation - 1) < 0.01)
    let scores = Self.logNormal.map(map.score)
    #expect(zip(scores, scores.dropFirst()).allSatisfy { $0 <= $1 })
    // Beyond the ends is as at the ends.
    #expect(map.score(-1e300) == scores[0] && map.score(1e300) == scores[scores.count - 1])
    #expect(map.isUsable && map.numbers.count == 256)
  }

  @Test("Equal numbers have the mean of their scores")
  func ties() {
    let map = QuantileMap(of: [Double](repeating: 1, count: 100) + (2...101).map { Double($0) })
    // The lower half of a normal variable has the mean −√(2/π).
    #expect(abs(map.score(1) + 0.798) < 0.05 && map.numbers.filter { $0 == 1 }.count == 1)
    for count in [1, 2, 3, 11, 200, 253, 254, 255, 256, 1_000] {
      #expect(QuantileMap(of: (0..<count).map { Double($0) }).isUsable, "\(count)")
    }
    #expect(map.isUsable)
    // Numbers that no binary fraction is, many times each.
    var prices = [Double](repeating: 0.8, count: 300) + [Double](repeating: 1.8, count: 100)
    prices += [Double](repeating: 2.8, count: 300) + (1...40).map { 1.8 + 100 * Double($0) }
    #expect(QuantileMap(of: prices.sorted()).isUsable)
    for unit in [0.1, 7.8958, 19.99, 1e-9] {
      let rounded = Self.logNormal.map { ($0 * 10).rounded() * unit }.sorted()
      let map = QuantileMap(of: rounded)
      #expect(map.isUsable && Set(map.numbers.map { ($0 / unit * 2).rounded() }).count > 20)
    }
  }

  @Test("A heavy-tailed column of a table is mapped under robust scaling, and goes into the file")
  func column() throws {
    let texts = Self.logNormal.map { "\($0)" }.joined(separator: "\n")
    let fixture = try DataFixture()
    let table = try fixture.table("x\n" + texts + "\n")
    let robust = try FeatureEncoder(fitting: table, excluding: [], scaling: .robust)
    #expect(robust.heavyTails == ["x"])
    #expect(try FeatureEncoder(fitting: table, excluding: []).heavyTails.isEmpty)
    let inputs: Matrix<Double> = try robust.encode(table)
    let largest = (0..<inputs.rows).map { abs(inputs[$0, 0]) }.max() ?? 0
    // A normal column of quartiles 1.349 apart, drawn in: 3.48 / 1.349 becomes 1.96.
    #expect(abs(largest - 1.96) < 0.03)
    let read = try JSONValue(encoding: robust).decoded(as: FeatureEncoder.self)
    #expect(read == robust)
    let again: Matrix<Double> = try read.encode(table)
    #expect(again == inputs)
    // A map that no column can have is refused.
    for map in [
      ##"{"numbers":[],"scores":[]}"##, ##"{"numbers":[1,1],"scores":[0,1]}"##,
      ##"{"numbers":[1,2],"scores":[1,0]}"##, ##"{"numbers":[1,2],"scores":[0]}"##,
      ##"{"numbers":[-1e308,1e308],"scores":[-1,1]}"##,
    ] {
      let text =
        ##"{"features":[{"kind":"numeric","name":"x","mean":0,"deviation":1,"indicator":false,"map":"##
        + map + "}]}"
      #expect(throws: DecodingError.self) {
        try JSONValue(parsing: text).decoded(as: FeatureEncoder.self)
      }
    }
  }
}
