/// Why rows cannot be dealt into folds.
package enum FoldError: UserError, Equatable {
  case tooFew(folds: Int)
  case fewerRowsThanFolds(rows: Int, folds: Int)
  /// A class that cannot be in every fold; the label is nil if nobody named it.
  case fewerExamplesThanFolds(code: UInt32, label: String?, examples: Int, folds: Int)

  package var message: String {
    switch self {
    case .tooFew(let folds):
      "\(folds) folds: at least 2 are needed, one to judge by and one to train on"
    case .fewerRowsThanFolds(let rows, let folds):
      "\(folds) folds of \(rows) rows: every fold needs a row; take at most \(rows) folds"
    case .fewerExamplesThanFolds(let code, let label, let examples, let folds):
      "class \(label.map { $0.quoted } ?? "\(code)") has \(examples) "
        + "\(examples == 1 ? "example" : "examples"), fewer than \(folds) folds: "
        + (examples < 2
          ? "give it more rows, or leave its row out" : "take at most \(examples) folds")
    }
  }
}

/// The rows of a data set dealt into k parts, each of which judges once what the others trained.
///
/// A fold is a function of (rows, classes, k, seed). Stratified, each class is spread so that its
/// counts in two folds differ by 1 at most; so do the sizes of the folds. Stone 1974,
/// doi:10.1111/j.2517-6161.1974.tb00994.x; Kohavi 1995 (IJCAI, 1137–1143) on strata.
package struct Folds: Sendable, Equatable {
  /// The fold of each row, from 0.
  private let foldOfRow: [UInt32]
  /// k, at least 2.
  package let count: Int

  /// Deals rows at random.
  ///
  /// - Parameters:
  ///   - rows: Number of rows, at least k.
  ///   - count: k, at least 2.
  ///   - seed: The run's seed.
  /// - Throws: `FoldError`.
  /// - Complexity: O(rows).
  package static func random(rows: Int, count: Int, seed: UInt64) throws(FoldError) -> Folds {
    try Folds(classes: [(0..<rows).map { UInt32($0) }], rows: rows, count: count, seed: seed)
  }

  /// Deals the rows of each class in turn, where the class before left off.
  ///
  /// - Parameters:
  ///   - codes: The class of each row.
  ///   - labels: The names of the classes, for the error; may be empty.
  ///   - count: k, at least 2 and at most the examples of the smallest class that has any.
  ///   - seed: The run's seed.
  /// - Throws: `FoldError`.
  /// - Complexity: O(rows).
  package static func stratified(
    codes: [UInt32], labels: [String] = [], count: Int, seed: UInt64
  ) throws(FoldError) -> Folds {
    var classes = [[UInt32]](repeating: [], count: Int(codes.max() ?? 0) + 1)
    for (row, code) in codes.enumerated() { classes[Int(code)].append(UInt32(row)) }
    if count >= 2, codes.count >= count {
      let sizes = classes.indices.filter { !classes[$0].isEmpty && classes[$0].count < count }
      if let least = sizes.min(by: { classes[$0].count < classes[$1].count }) {
        throw .fewerExamplesThanFolds(
          code: UInt32(least), label: labels.indices.contains(least) ? labels[least] : nil,
          examples: classes[least].count, folds: count)
      }
    }
    return try Folds(classes: classes, rows: codes.count, count: count, seed: seed)
  }

  private init(
    classes: [[UInt32]], rows: Int, count: Int, seed: UInt64
  ) throws(FoldError) {
    guard count >= 2 else { throw .tooFew(folds: count) }
    guard rows >= count else { throw .fewerRowsThanFolds(rows: rows, folds: count) }
    var foldOfRow = [UInt32](repeating: 0, count: rows)
    // Stream 0 splits; a part that folds hold out is drawn by it again.
    var random = RandomSource(seed: seed, purpose: .split, index: 1)
    var next = 0
    for members in classes {
      var members = members
      random.shuffle(&members)
      for row in members {
        foldOfRow[Int(row)] = UInt32(next)
        next = (next + 1) % count
      }
    }
    self.foldOfRow = foldOfRow
    self.count = count
  }

  /// The rows that a fold judges as `validation`, all others as `training`.
  ///
  /// - Parameter fold: From 0.
  package subscript(_ fold: Int) -> Split {
    precondition((0..<count).contains(fold), "fold \(fold) of \(count)")
    let rows = foldOfRow.indices.map { UInt32($0) }
    return Split(
      training: rows.filter { foldOfRow[Int($0)] != fold },
      validation: rows.filter { foldOfRow[Int($0)] == fold })
  }
}
