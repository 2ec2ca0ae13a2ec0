import Testing

@testable import Backprop

@Suite("A split with a test")
struct TestSplitTests {
  /// 40 rows of class 0 and 20 of class 1, mixed.
  private static let codes: [UInt32] = (0..<60).map { $0 % 3 == 2 ? 1 : 0 }

  private func split(test: Double, validation: Double = 0.25, seed: UInt64 = 1) -> Split {
    Split(
      count: 60, codes: Self.codes, test: test, validation: { _ in validation }, seed: seed)
  }

  @Test("Rows for the test are set apart by class, and a part of the others is held out by class")
  func parts() {
    let split = split(test: 0.2)
    #expect(split.isWhole(60))
    func counts(_ rows: [UInt32]) -> [Int] {
      [0, 1].map { code in rows.count { Self.codes[Int($0)] == code } }
    }
    // 0.2 of 40 and 20; 0.25 of the 32 and 16 that are left.
    #expect(counts(split.test) == [8, 4] && counts(split.validation) == [8, 4])
    #expect(counts(split.training) == [24, 12])
  }

  @Test("What is set apart depends on nothing that is done with the others, and on the seed")
  func independence() {
    let one = split(test: 0.2)
    #expect(split(test: 0.2, validation: 0).test == one.test)
    #expect(split(test: 0.2, seed: 2).test != one.test)
    // Other numbers than those that hold rows out.
    #expect(Split.stratified(codes: Self.codes, fraction: 0.2, seed: 1).validation != one.test)
  }

  @Test("Without a test the rows are split as they always were")
  func withoutTest() {
    #expect(
      split(test: 0) == Split.stratified(codes: Self.codes, fraction: 0.25, seed: 1))
  }

  @Test("Each row is told its part, asked in ascending order")
  func asked() {
    let split = Split(training: [0, 3], validation: [1], test: [2, 4])
    var parts = Split.Parts(split)
    #expect((0..<5).map { parts.part(of: $0) } == [0, 1, 2, 0, 2])
    #expect(split.isWhole(5) && !Split(training: [0], validation: [], test: [2]).isWhole(2))
  }
}
