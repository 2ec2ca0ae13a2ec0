import Testing

@testable import Backprop
@testable import BackpropInspection

@Suite("Folds")
struct FoldsTests {
  /// Classes of 7, 5 and 11 rows, mixed.
  private static let codes: [UInt32] = (0..<23).map { row in
    row % 3 == 0 && row < 21 ? 0 : row % 4 == 1 && row < 21 && row % 3 != 0 ? 1 : 2
  }

  @Test(
    "Every row judges once; sizes of folds, and of each class in them, differ by 1 at most",
    arguments: [2, 3, 4])
  func partition(count: Int) throws {
    let codes = Self.codes
    let folds = try Folds.stratified(codes: codes, count: count, seed: 7)
    var judged: [UInt32] = []
    for fold in 0..<count {
      let split = folds[fold]
      judged += split.validation
      #expect((split.training + split.validation).sorted() == codes.indices.map { UInt32($0) })
      #expect(split.training == split.training.sorted())
      #expect(split.validation == split.validation.sorted())
    }
    #expect(judged.sorted() == codes.indices.map { UInt32($0) })
    func spread(_ counts: [Int]) -> Int { counts.max()! - counts.min()! }
    #expect(spread((0..<count).map { folds[$0].validation.count }) <= 1)
    for code in Set(codes) {
      #expect(
        spread((0..<count).map { folds[$0].validation.count { codes[Int($0)] == code } }) <= 1)
    }
  }

  @Test("A seed gives the same folds again, another seed others")
  func seeds() throws {
    let folds = try Folds.stratified(codes: Self.codes, count: 3, seed: 1)
    #expect(try Folds.stratified(codes: Self.codes, count: 3, seed: 1) == folds)
    #expect(try Folds.stratified(codes: Self.codes, count: 3, seed: 2) != folds)
    #expect(
      try Folds.random(rows: 40, count: 4, seed: 1) != Folds.random(rows: 40, count: 4, seed: 2))
  }

  @Test("As many folds as rows leave one row out each")
  func leaveOneOut() throws {
    let folds = try Folds.random(rows: 5, count: 5, seed: 0)
    #expect((0..<5).map { folds[$0].validation.count } == [1, 1, 1, 1, 1])
  }

  @Test("What cannot be dealt is refused with the class, its count and a remedy")
  func errors() {
    #expect(throws: FoldError.tooFew(folds: 1)) { try Folds.random(rows: 9, count: 1, seed: 0) }
    #expect(throws: FoldError.fewerRowsThanFolds(rows: 4, folds: 5)) {
      try Folds.stratified(codes: [0, 1, 0, 1], count: 5, seed: 0)
    }
    let error = FoldError.fewerExamplesThanFolds(code: 1, label: "b", examples: 1, folds: 2)
    #expect(throws: error) {
      try Folds.stratified(codes: [0, 1, 0, 0], labels: ["a", "b"], count: 2, seed: 0)
    }
    #expect(
      error.description
        == "class \"b\" has 1 example, fewer than 2 folds: give it more rows, or leave its row out")
    // A label that no row has is nobody's trouble.
    #expect(throws: Never.self) {
      try Folds.stratified(codes: [0, 2, 0, 2], labels: ["a", "b", "c"], count: 2, seed: 0)
    }
  }

  @Test("Some rows are split as all are: by class, each of the rows once")
  func splitOfRows() {
    let rows: [UInt32] = [1, 2, 4, 5, 7, 8, 10, 11, 13, 14]
    let split = Split(
      of: rows, codes: (0..<15).map { UInt32($0 % 3 == 1 ? 0 : 1) }, fraction: 0.4, seed: 3)
    #expect((split.training + split.validation).sorted() == rows)
    // 0.4 of 5 rows of either class are 2.
    #expect(split.validation.count { $0 % 3 == 1 } == 2)
    #expect(split.validation.count == 4)
  }
}
