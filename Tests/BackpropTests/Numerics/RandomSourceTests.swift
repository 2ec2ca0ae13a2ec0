import Testing

@testable import Backprop
@testable import BackpropInspection

@Suite("Random numbers")
struct RandomSourceTests {
  @Test("Philox 4×32-10 gives the known answers of Random123")
  func knownAnswers() {
    #expect(
      RandomSource.philox(counter: (0, 0, 0, 0), key: (0, 0))
        == (0x6627_e8d5, 0xe169_c58d, 0xbc57_ac4c, 0x9b00_dbd8))
    let ones = UInt32.max
    #expect(
      RandomSource.philox(counter: (ones, ones, ones, ones), key: (ones, ones))
        == (0x408f_276d, 0x41c8_3b0e, 0xa20b_c7c6, 0x6d54_51fd))
    #expect(
      RandomSource.philox(
        counter: (0x243f_6a88, 0x85a3_08d3, 0x1319_8a2e, 0x0370_7344),
        key: (0xa409_3822, 0x299f_31d0))
        == (0xd16c_fe09, 0x94fd_cceb, 0x5001_e420, 0x2412_6ea1))
  }

  @Test("The normal quantile is right at known points and symmetric")
  func normalQuantile() {
    #expect(RandomSource.normalQuantile(0.5) == 0)
    // Φ⁻¹(0.975) = 1.959963984540054…, Φ⁻¹(1e-10) = −6.361340902404056…
    #expect(abs(RandomSource.normalQuantile(0.975) - 1.959963984540054) < 1e-14)
    #expect(abs(RandomSource.normalQuantile(1e-10) + 6.361340902404056) < 1e-13)
    #expect(RandomSource.normalQuantile(0.25) == -RandomSource.normalQuantile(0.75))
  }

  @Test("Normal numbers have mean 0, variance 1 and kurtosis 3")
  func moments() {
    var random = RandomSource(seed: 7, purpose: .initialization)
    let values = (0..<100_000).map { _ in random.normal() }
    let n = Double(values.count)
    #expect(abs(values.reduce(0, +) / n) < 0.015)
    #expect(abs(values.reduce(0) { $0 + $1 * $1 } / n - 1) < 0.02)
    #expect(abs(values.reduce(0) { $0 + $1 * $1 * $1 * $1 } / n - 3) < 0.15)
  }

  @Test("A permutation holds every index once, and streams differ by seed, purpose and index")
  func permutations() {
    var first = RandomSource(seed: 1, purpose: .shuffle, index: 1)
    var second = RandomSource(seed: 1, purpose: .shuffle, index: 2)
    var third = RandomSource(seed: 2, purpose: .shuffle, index: 1)
    var fourth = RandomSource(seed: 1, purpose: .split, index: 1)
    let order = first.permutation(of: 1000)
    #expect(order.sorted() == Array(0..<1000))
    #expect(order != second.permutation(of: 1000))
    #expect(order != third.permutation(of: 1000))
    #expect(order != fourth.permutation(of: 1000))
    var again = RandomSource(seed: 1, purpose: .shuffle, index: 1)
    #expect(order == again.permutation(of: 1000))
  }

  @Test("Indices below a bound are equally likely")
  func bounds() {
    var random = RandomSource(seed: 3, purpose: .sampling)
    var counts = [Int](repeating: 0, count: 7)
    for _ in 0..<70_000 { counts[random.index(below: 7)] += 1 }
    #expect(counts.allSatisfy { abs($0 - 10_000) < 400 }, "\(counts)")
  }
}
