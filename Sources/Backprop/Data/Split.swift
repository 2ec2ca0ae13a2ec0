/// Rows to train on, rows to validate on, and rows that are set apart for the test; each part ascends, and
/// together they are every row that is split, once.
package struct Split: Sendable, Equatable {
  package let training: [UInt32]
  package let validation: [UInt32]
  package let test: [UInt32]

  package init(training: [UInt32], validation: [UInt32], test: [UInt32] = []) {
    self.training = training
    self.validation = validation
    self.test = test
  }

  /// Whether these are so many rows, from 0, each once, and all parts ascend.
  func isWhole(_ count: Int) -> Bool {
    var (training, validation, test) = (training[...], validation[...], test[...])
    for row in 0..<UInt32(count) {
      if training.first == row {
        training.removeFirst()
      } else if validation.first == row {
        validation.removeFirst()
      } else if test.first == row {
        test.removeFirst()
      } else {
        return false
      }
    }
    return training.isEmpty && validation.isEmpty && test.isEmpty
  }

  /// Tells in which part each row is, asked in ascending order: 0 training, 1 validation, 2 test.
  struct Parts {
    private var validation: ArraySlice<UInt32>
    private var test: ArraySlice<UInt32>

    init(_ split: Split?) {
      validation = (split?.validation ?? [])[...]
      test = (split?.test ?? [])[...]
    }

    mutating func part(of row: Int) -> Int {
      if let next = validation.first, Int(next) == row {
        validation.removeFirst()
        return 1
      }
      if let next = test.first, Int(next) == row {
        test.removeFirst()
        return 2
      }
      return 0
    }
  }

  /// Sets rows apart for the test, and holds a part of the others out.
  ///
  /// The test rows depend on nothing but rows, classes, fraction and seed, so that they are the same whatever
  /// is held out of the others.
  ///
  /// - Parameters:
  ///   - count: Number of rows.
  ///   - codes: The class of each row; nil to pick at random.
  ///   - test: The part to set apart, 0 ≤ test < 1.
  ///   - validation: The part of so many others to validate on.
  ///   - seed: The run's seed.
  package init(
    count: Int, codes: [UInt32]?, test: Double, validation: (_ others: Int) -> Double, seed: UInt64
  ) {
    let codes = codes ?? [UInt32](repeating: 0, count: count)
    guard test > 0 else {
      self = .stratified(codes: codes, fraction: validation(count), seed: seed)
      return
    }
    let apart = Split.stratified(codes: codes, fraction: test, seed: seed, purpose: .testSplit)
    let others = Split(
      of: apart.training, codes: codes, fraction: validation(apart.training.count), seed: seed)
    self.init(
      training: others.training, validation: others.validation, test: apart.validation)
  }

  /// Splits some of the rows, as `stratified` and `random` split all.
  ///
  /// - Parameters:
  ///   - rows: The rows, ascending.
  ///   - codes: The class of every row of the table; nil to pick at random.
  ///   - fraction: The part of them to validate on, 0 ≤ fraction < 1.
  ///   - seed: The run's seed.
  package init(of rows: [UInt32], codes: [UInt32]?, fraction: Double, seed: UInt64) {
    let places = Split.stratified(
      codes: rows.map { codes?[Int($0)] ?? 0 }, fraction: fraction, seed: seed)
    self.init(
      training: places.training.map { rows[Int($0)] },
      validation: places.validation.map { rows[Int($0)] })
  }

  /// Picks the validation rows at random.
  ///
  /// - Parameters:
  ///   - count: Number of rows.
  ///   - fraction: The part to validate on, 0 ≤ fraction < 1, rounded to the nearest number of rows;
  ///     at least one row stays for training.
  ///   - seed: The run's seed.
  /// - Complexity: O(count).
  package static func random(count: Int, fraction: Double, seed: UInt64) -> Split {
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
  ///   - purpose: What the rows are picked for.
  /// - Complexity: O(rows + classes log classes).
  package static func stratified(
    codes: [UInt32], fraction: Double, seed: UInt64, purpose: RandomSource.Purpose = .split
  ) -> Split {
    precondition(fraction >= 0 && fraction < 1, "a validation part of \(fraction)")
    // The rows sorted by class, one array for all of them: 4 bytes a row.
    var counts = [Int](repeating: 0, count: Int(codes.max() ?? 0) + 1)
    for code in codes { counts[Int(code)] += 1 }
    var starts = [0]
    for count in counts { starts.append(starts[starts.count - 1] + count) }
    var next = starts
    var sorted = [UInt32](repeating: 0, count: codes.count)
    for (row, code) in codes.enumerated() {
      sorted[next[Int(code)]] = UInt32(row)
      next[Int(code)] += 1
    }
    let classes = counts.indices.map { starts[$0]..<starts[$0 + 1] }

    var random = RandomSource(seed: seed, purpose: purpose)
    for range in classes { random.shuffle(&sorted, in: range) }
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
      for row in sorted[classes[index]].prefix(count) { isValidation[Int(row)] = true }
    }
    sorted = []
    let held = taken.reduce(0, +)
    var training: [UInt32] = []
    var validation: [UInt32] = []
    training.reserveCapacity(codes.count - held)
    validation.reserveCapacity(held)
    for (row, isHeld) in isValidation.enumerated() {
      if isHeld { validation.append(UInt32(row)) } else { training.append(UInt32(row)) }
    }
    return Split(training: training, validation: validation)
  }
}
