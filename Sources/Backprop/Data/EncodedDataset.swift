extension Dataset {
  /// Encodes all rows of a table in one pass.
  ///
  /// - Throws: `DataError` for a missing column, a bad cell, a number that is not finite once it
  ///   is encoded, or a label that training did not know.
  package init(
    encoding table: Table, features: FeatureEncoder, target: TargetEncoder
  ) throws(DataError) {
    (self, _, _) = try Self.encoding(table, features: features, target: target, split: nil)
  }

  /// Inputs that have been encoded, and the targets that the same rows of a table have.
  ///
  /// - Parameters:
  ///   - inputs: x, `[examples, inputs]`.
  ///   - table: A table with the target columns.
  ///   - target: Turns them into targets.
  ///   - rows: The row of each example, from 0, ascending; nil for all.
  /// - Throws: `DataError` as `TargetEncoder.encode` does.
  package init(
    inputs: Matrix<T>, targetsOf table: Table, target: TargetEncoder, rows: [UInt32]? = nil
  ) throws(DataError) {
    self.init(inputs: .numbers(inputs), targets: try target.stored(table, rows: rows))
  }

  /// Encodes the parts of a table in one pass, each straight into its own matrices, so that no row is held
  /// twice. The parts for validation and test may be empty.
  ///
  /// - Precondition: Each row of the table is in one of the parts of the split, and these ascend.
  package static func encoding(
    _ table: Table, features: FeatureEncoder, target: TargetEncoder, split: Split
  ) throws(DataError) -> (training: Dataset, validation: Dataset, test: Dataset) {
    try encoding(table, features: features, target: target, split: .some(split))
  }

  @specialized(where T == Float)
  @specialized(where T == Double)
  private static func encoding(
    _ table: Table, features: FeatureEncoder, target: TargetEncoder, split: Split?
  ) throws(DataError) -> (training: Dataset, validation: Dataset, test: Dataset) {
    let rowCount = table.rowCount
    let held = [split?.validation ?? [], split?.test ?? []]
    precondition(split?.isWhole(rowCount) ?? true, "a split of other than these \(rowCount) rows")
    let bytes = ByteInputs<T>(of: table, encodedBy: features)
    let plan = features.rowPlan
    let requests = bytes == nil ? try features.requests(of: table) : []
    let columns = bytes == nil ? features.outputCount : 0
    try table.requireMemory(rows: rowCount, columns: columns + target.columns.count, T.self)
    let counts = [rowCount - held[0].count - held[1].count, held[0].count, held[1].count]
    var parts = counts.map { rows in
      (
        Matrix<T>(rows: rows, columns: columns, isCompact: true),
        Matrix<T>(rows: rows, columns: target.columns.count, isCompact: true)
      )
    }
    let starts = parts.indices.map { (parts[$0].0.mutableStart, parts[$0].1.mutableStart) }
    let strides = (parts[0].0.stride, parts[0].1.stride)
    var filled = [0, 0, 0]
    var places = Split.Parts(split)
    let width = requests.count
    try table.read(requests + target.requests(of: table)) { (chunk) throws(DataError) in
      for row in 0..<chunk.count {
        let part = places.part(of: chunk.start + row)
        let values = chunk.values + row * chunk.width
        let outputs = starts[part].1 + filled[part] * strides.1
        guard
          bytes != nil
            || plan.form(values, into: starts[part].0 + filled[part] * strides.0)
        else {
          throw plan.tooLarge(
            values, requests, in: table, row: chunk.start + row, T.self)
        }
        guard target.form(values + width, into: outputs) else {
          throw try target.tooLarge(values + width, outputs, in: table, row: chunk.start + row)
        }
        filled[part] += 1
      }
    }
    features.noteUnknowns(requests, in: table)
    let targets = parts.map { StoredTargets($0.1, classCount: target.classCount) }
    if let bytes {
      let isSplit = counts[0] < rowCount
      return (
        Dataset(
          inputs: .bytes(isSplit ? bytes.selecting(split?.training ?? []) : bytes),
          targets: targets[0]),
        Dataset(inputs: .bytes(bytes.selecting(held[0])), targets: targets[1]),
        Dataset(inputs: .bytes(bytes.selecting(held[1])), targets: targets[2])
      )
    }
    var training = Dataset(inputs: .numbers(parts[0].0), targets: targets[0])
    training.categories = features.categoryInputs
    return (
      training,
      Dataset(inputs: .numbers(parts[1].0), targets: targets[1]),
      Dataset(inputs: .numbers(parts[2].0), targets: targets[2])
    )
  }
}
