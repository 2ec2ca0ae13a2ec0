extension SpooledDataset {
  /// The parts of a table, encoded and in files; what `Dataset.encoding` gives, bit for bit.
  package struct Parts: Sendable {
    package let training: SpooledDataset
    /// Nil if no row is left for validation.
    package let validation: SpooledDataset?
    /// Nil if no row is set apart for the test.
    package let test: SpooledDataset?
    /// Σ w / n of the training rows; 1 where all weigh the same.
    package let meanWeight: Double
  }

  /// Encodes a table in one pass, some hundred rows at a time, into temporary files.
  ///
  /// - Parameters:
  ///   - table: The table.
  ///   - features: Turns columns into inputs.
  ///   - target: Turns columns into targets.
  ///   - weights: What the examples weigh; nil if all weigh the same.
  ///   - loss: Whose domain the targets must lie in.
  ///   - split: The rows of the parts: each row of the table is in one of them, and they ascend.
  ///   - folder: Where the files are made.
  /// - Throws: `DataError` for a bad cell, `FileError` if the disk is full.
  package static func encoding(
    _ table: Table, features: FeatureEncoder, target: TargetEncoder, weights: ExampleWeights?,
    loss: Loss, split: Split, in folder: String
  ) throws -> Parts {
    precondition(
      split.isWhole(table.rowCount), "a split of other than these \(table.rowCount) rows")
    let plan = features.rowPlan
    let inputs = try features.requests(of: table)
    let weights = weights ?? ExampleWeights()
    let counts = [split.training.count, split.validation.count, split.test.count]
    var places = Split.Parts(split)
    let parts = try counts.map { count in
      SpoolPart(
        try SpooledDataset(
          count: count, inputs: features.outputCount, targets: target.columns.count,
          classes: target.classCount, hasWeights: !weights.isEmpty,
          categories: features.categoryInputs, in: folder))
    }
    var requests = inputs + (try target.requests(of: table))
    if let column = weights.column { requests.append(try weights.request(column, of: table)) }
    let (targets, weight) = (inputs.count, requests.count - 1)
    var failure: FileError?
    do throws(DataError) {
      try table.read(requests) { (chunk) throws(DataError) in
        for index in 0..<chunk.count where failure == nil {
          let row = chunk.start + index
          let values = chunk.values + index * chunk.width
          let part = parts[places.part(of: row)]
          let place = part.nextRow()
          guard plan.form(values, into: place.inputs) else {
            throw plan.tooLarge(values, inputs, in: table, row: row, T.self)
          }
          guard target.form(values + targets, into: place.targets) else {
            throw try target.tooLarge(values + targets, place.targets, in: table, row: row)
          }
          part.rows.append(UInt32(row))
          if !weights.isEmpty {
            part.weights.append(
              try weights.weight(
                ofRow: weights.column == nil ? 1 : values[weight], code: Int(values[targets]),
                target, in: table, row: row))
          }
          if part.isFull {
            failure = try part.flush(loss, target, table)
          }
        }
      }
      for part in parts where failure == nil { failure = try part.flush(loss, target, table) }
      features.noteUnknowns(inputs, in: table)
    } catch {
      throw weights.explained(error)
    }
    if let failure { throw failure }
    if !weights.isEmpty {
      for part in parts where part.total > 0 && !(part.weightSum > 0) {
        throw ExampleWeights.allZero(part.total, column: weights.column, file: table.file)
      }
    }
    return Parts(
      training: parts[0].spool, validation: counts[1] > 0 ? parts[1].spool : nil,
      test: counts[2] > 0 ? parts[2].spool : nil,
      meanWeight: weights.isEmpty ? 1 : parts[0].weightSum / Double(max(counts[0], 1)))
  }
}

/// Rows on their way into a file.
private final class SpoolPart<T: Scalar> {
  let spool: SpooledDataset<T>
  private var inputs: Matrix<T>
  private var targets: Matrix<T>
  /// The rows of the table that wait to be written, and their weights.
  var rows: [UInt32] = []
  var weights: [T] = []
  private var written = 0
  private(set) var weightSum = 0.0

  /// Rows that have been taken.
  var total: Int { written + rows.count }
  var isFull: Bool { rows.count == inputs.rows }

  init(_ spool: SpooledDataset<T>) {
    self.spool = spool
    // Pieces of about a megabyte.
    let bytes = SpooledDataset<T>.bytesPerExample(spool.inputCount, spool.targetCount, true)
    let capacity = max(1, min(4096, (1 << 20) / bytes))
    inputs = Matrix(rows: capacity, columns: spool.inputCount, isCompact: true)
    targets = Matrix(rows: capacity, columns: spool.targetCount, isCompact: true)
  }

  /// Zeros for the next row.
  func nextRow() -> (inputs: UnsafeMutablePointer<T>, targets: UnsafeMutablePointer<T>) {
    let place = (
      inputs.mutableStart + rows.count * spool.inputCount,
      targets.mutableStart + rows.count * spool.targetCount
    )
    place.0.update(repeating: 0, count: spool.inputCount)
    place.1.update(repeating: 0, count: spool.targetCount)
    return place
  }

  /// Checks and writes what waits; returns why it could not be written.
  func flush(
    _ loss: Loss, _ target: TargetEncoder, _ table: Table
  ) throws(DataError) -> FileError? {
    let count = rows.count
    guard count > 0 else { return nil }
    if target.task == .regression {
      try loss.check(
        count: count, columns: target.columns, file: table.file, row: { Int(self.rows[$0]) },
        target: { Double(self.targets[$0, $1]) })
    }
    for weight in weights { weightSum += Double(weight) }
    let piece = Dataset(
      inputs: .numbers(inputs), targets: StoredTargets(targets, classCount: spool.classCount),
      weights: spool.hasWeights
        ? weights + [T](repeating: 0, count: inputs.rows - count) : nil)
    do {
      try spool.write(piece, rows: count, at: written)
    } catch {
      return error
    }
    written += count
    rows.removeAll(keepingCapacity: true)
    weights.removeAll(keepingCapacity: true)
    return nil
  }
}
