/// Rows to train on and rows to validate on, both ascending; together every row that is split, once.
public struct Split: Sendable, Equatable {
  public let training: [UInt32]
  public let validation: [UInt32]

  public init(training: [UInt32], validation: [UInt32]) {
    self.training = training
    self.validation = validation
  }

  /// Splits some of the rows, as `stratified` and `random` split all.
  ///
  /// - Parameters:
  ///   - rows: The rows, ascending.
  ///   - codes: The class of every row of the table; nil to pick at random.
  ///   - fraction: The part of them to validate on, 0 ≤ fraction < 1.
  ///   - seed: The run's seed.
  public init(of rows: [UInt32], codes: [UInt32]?, fraction: Double, seed: UInt64) {
    let places = Split.stratified(
      codes: rows.map { codes?[Int($0)] ?? 0 }, fraction: fraction, seed: seed)
    training = places.training.map { rows[Int($0)] }
    validation = places.validation.map { rows[Int($0)] }
  }

  /// Picks the validation rows at random.
  ///
  /// - Parameters:
  ///   - count: Number of rows.
  ///   - fraction: The part to validate on, 0 ≤ fraction < 1, rounded to the nearest number of rows;
  ///     at least one row stays for training.
  ///   - seed: The run's seed.
  /// - Complexity: O(count).
  public static func random(count: Int, fraction: Double, seed: UInt64) -> Split {
    stratified(codes: [UInt32](repeating: 0, count: count), fraction: fraction, seed: seed)
  }

  /// Picks the validation rows at random from each class, in proportion.
  ///
  /// The total is rounded once, as in `random`; the rows that rounding leaves go to the classes with
  /// the largest remainders, among equal ones to those that the seed draws. At least one row of each class stays for training.
  ///
  /// - Parameters:
  ///   - codes: The class of each row.
  ///   - fraction: The part to validate on, 0 ≤ fraction < 1.
  ///   - seed: The run's seed.
  /// - Complexity: O(rows + classes log classes).
  public static func stratified(codes: [UInt32], fraction: Double, seed: UInt64) -> Split {
    precondition(fraction >= 0 && fraction < 1, "a validation part of \(fraction)")
    var classes = [[UInt32]](repeating: [], count: Int(codes.max() ?? 0) + 1)
    for (row, code) in codes.enumerated() { classes[Int(code)].append(UInt32(row)) }

    var random = RandomSource(seed: seed, purpose: .split)
    for index in classes.indices { random.shuffle(&classes[index]) }
    // Of equal remainders the one with the lower rank comes first: another class in another run.
    var ranks = classes.indices.map { UInt32($0) }
    random.shuffle(&ranks)

    let shares = classes.map { Double($0.count) * fraction }
    var taken = zip(shares, classes).map { min(Int($0), max(0, $1.count - 1)) }
    let total = Int((Double(codes.count) * fraction).rounded())
    let byRemainder = classes.indices.sorted { left, right in
      let (first, second) = (
        shares[left] - Double(taken[left]), shares[right] - Double(taken[right])
      )
      return first != second ? first > second : ranks[left] < ranks[right]
    }
    var left = total - taken.reduce(0, +)
    for index in byRemainder where left > 0 && taken[index] + 1 < classes[index].count {
      taken[index] += 1
      left -= 1
    }

    var isValidation = [Bool](repeating: false, count: codes.count)
    for (index, count) in taken.enumerated() {
      for row in classes[index].prefix(count) { isValidation[Int(row)] = true }
    }
    let rows = codes.indices.map { UInt32($0) }
    return Split(
      training: rows.filter { !isValidation[Int($0)] },
      validation: rows.filter { isValidation[Int($0)] })
  }
}
