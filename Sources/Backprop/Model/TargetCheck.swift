/// What a loss asks of the targets y of an example, so that its formula means something.
///
/// A loss outside its domain still gives numbers, and a run would end without a word that its model
/// is of no use. So targets are checked once, where they are encoded.
extension Loss {
  /// How far the shares of an example may miss a sum of 1: they are often rounded when written down.
  private static let sumTolerance = 0.001

  /// What is wrong with the targets of one example: which of them (nil: all together), and what the
  /// loss takes.
  private func misfit(
    _ width: Int, _ target: (Int) -> Double
  ) -> (column: Int?, problem: String, remedy: String)? {
    func first(_ range: String, where isMisfit: (Double) -> Bool) -> (Int?, String, String)? {
      (0..<width).first { isMisfit(target($0)) }.map { column in
        (
          column, "\(JSONValue(target(column))) is no target of the loss \(self)",
          "it takes \(range)"
        )
      }
    }
    func values() -> String {
      (0..<min(width, 8)).map { JSONValue(target($0)).description }.joined(separator: ", ")
        + (width > 8 ? ", …" : "")
    }
    switch self {
    case .poisson: return first("numbers of at least 0") { !($0 >= 0) }
    case .binaryCrossEntropy: return first("numbers from 0 to 1") { !($0 >= 0 && $0 <= 1) }
    case .hinge where width == 1: return first("-1 and 1") { $0 != 1 && $0 != -1 }
    case .hinge:
      let isOneHot =
        (0..<width).allSatisfy { target($0) == 0 || target($0) == 1 }
        && (0..<width).reduce(0) { $0 + target($1) } == 1
      return isOneHot
        ? nil
        : (
          nil, "\(values()) are no targets of the loss \(self)",
          "it takes a 1 for the class and 0 for all others"
        )
    case .crossEntropy:
      if let misfit = first("shares from 0 to 1, which sum to 1", where: { !($0 >= 0) }) {
        return misfit
      }
      let sum = (0..<width).reduce(0) { $0 + target($1) }
      return abs(sum - 1) <= Self.sumTolerance
        ? nil
        : (
          nil, "the targets \(values()) sum to \(JSONValue(sum))",
          "the loss \(self) takes shares that sum to 1"
        )
    default: return nil
    }
  }

  /// Finds the first example whose targets the loss is not defined on.
  ///
  /// - Parameters:
  ///   - count: Number of examples.
  ///   - columns: Names of the targets.
  ///   - file: The file that they are from.
  ///   - row: The row of an example in its table, from 0.
  ///   - target: A target of an example: its row among the `count`, its column.
  func check(
    count: Int, columns: [String], file: String?, row: (Int) -> Int,
    target: (Int, Int) -> Double
  ) throws(DataError) {
    switch self {
    case .poisson, .binaryCrossEntropy, .hinge, .crossEntropy: break
    default: return
    }
    for example in 0..<count {
      guard let misfit = misfit(columns.count, { target(example, $0) }) else { continue }
      throw DataError(
        file: file, place: .row(row(example) + 1), column: misfit.column.map { columns[$0] },
        misfit.problem, remedy: misfit.remedy)
    }
  }

  /// Finds the first example of encoded data whose targets the loss is not defined on: Poisson takes
  /// numbers of at least 0, binary cross-entropy numbers from 0 to 1, cross-entropy shares that sum
  /// to 1, hinge ±1 of one output and one-hot classes of several.
  ///
  /// - Parameters:
  ///   - dataset: The examples.
  ///   - target: How their targets were encoded. Labels always fit.
  ///   - rows: The row of each example in its table, from 0; nil if they are all in order.
  ///   - file: The file that they are from.
  /// - Throws: `DataError` with row, column and value.
  /// - Complexity: O(examples × outputs) for targets that are numbers, else O(1).
  package func check<T: Scalar>(
    _ dataset: Dataset<T>, target: TargetEncoder, rows: [UInt32]? = nil, file: String?
  ) throws(DataError) {
    guard target.task == .regression else { return }
    let targets = dataset.targets
    try check(
      count: targets.rows, columns: target.columns, file: file,
      row: { example in rows.map { Int($0[example]) } ?? example },
      target: { Double(targets[$0, $1]) })
  }
}
