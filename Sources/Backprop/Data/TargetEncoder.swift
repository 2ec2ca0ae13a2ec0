/// Turns target columns into the numbers that a network is trained on, and outputs back into labels.
///
/// Part of a model: fitted once, stored with it, the same ever after.
public struct TargetEncoder: Equatable, Sendable {
  /// What is to be learned.
  public let task: LearningTask
  package let coding: TargetCoding
  /// The names of the target columns.
  public let columns: [String]
  /// Classification: the labels by code. Multi-label: the names of the columns. Regression: empty.
  public let labels: [String]
  /// Multi-label: for each column the values that mean no and yes. Else empty.
  package let pairs: [[String]]
  /// Standardised regression: mean and standard deviation (with n, not n − 1) of each column over
  /// the training rows; a constant column has 1. Else empty.
  package let means: [Double]
  package let deviations: [Double]
  /// The smallest and the largest number of each column in the training rows, where predictions are kept within
  /// them; else empty.
  package let lowest: [Double]
  package let highest: [Double]
  /// How cells become labels and numbers.
  let cells: TargetCells

  /// Fits to targets that have been read.
  ///
  /// - Parameters:
  ///   - targets: The target columns.
  ///   - coding: Nil for the usual one: one-hot, standardised, or zero-one for multi-label.
  ///   - rows: The training rows, from which mean and deviation are taken; nil for all.
  ///   - clips: Whether numbers that are predicted are kept within those of the training rows.
  /// - Throws: `DataError` if the coding does not fit the task or the number of labels.
  package init(
    fitting targets: TargetColumns, coding: TargetCoding? = nil, rows: [UInt32]? = nil,
    clips: Bool = false
  ) throws(DataError) {
    let coding = coding ?? Self.usualCoding(of: targets.task)
    let isStandardized = targets.task == .regression && coding == .standardized
    let isClipped = targets.task == .regression && clips
    let moments = isStandardized || isClipped ? targets.moments(of: rows) : []
    let means = isStandardized ? moments.map(\.mean) : []
    let deviations = isStandardized ? moments.map { $0.deviation > 0 ? $0.deviation : 1 } : []
    try self.init(
      task: targets.task, coding: coding, columns: targets.columns,
      labels: targets.task == .multilabel ? targets.columns : targets.labels, pairs: targets.pairs,
      means: means, deviations: deviations, lowest: isClipped ? moments.map(\.smallest) : [],
      highest: isClipped ? moments.map(\.largest) : [], cells: targets.cells)
  }

  /// Reads the target columns of a table and fits to them.
  package init(
    fitting table: Table, targets: [String], task: LearningTask? = nil, coding: TargetCoding? = nil,
    rows: [UInt32]? = nil
  ) throws(DataError) {
    try self.init(
      fitting: TargetColumns(of: table, columns: targets, task: task), coding: coding, rows: rows)
  }

  private init(
    task: LearningTask, coding: TargetCoding, columns: [String], labels: [String],
    pairs: [[String]],
    means: [Double], deviations: [Double], lowest: [Double], highest: [Double], cells: TargetCells
  ) throws(DataError) {
    self.task = task
    self.coding = coding
    self.columns = columns
    self.labels = labels
    self.pairs = pairs
    self.means = means
    self.deviations = deviations
    self.lowest = lowest
    self.highest = highest
    self.cells = cells
    let width = columns.count
    let fits =
      switch task {
      case .classification:
        width == 1 && labels.count >= 2 && Set(labels).count == labels.count && pairs.isEmpty
          && means.isEmpty
      case .multilabel:
        labels == columns && pairs.count == width && means.isEmpty
          && pairs.allSatisfy { $0.count == 2 && $0[0] != $0[1] }
      case .regression:
        labels.isEmpty && pairs.isEmpty && means.count == (coding == .standardized ? width : 0)
      }
    let scalesAreUsable =
      means.count == deviations.count && means.allSatisfy(\.isFinite)
      && deviations.allSatisfy { $0.isFinite && $0 > 0 } && lowest.count == highest.count
      && (lowest.isEmpty || task == .regression && lowest.count == width)
      && zip(lowest, highest).allSatisfy { $0.isFinite && $1.isFinite && $0 <= $1 }
    guard width > 0, fits, scalesAreUsable, cells.styles.count == width,
      cells.textsKept.count == width, cells.words.count == width
    else {
      throw DataError("the parts of a target encoder contradict each other")
    }
    let codings: [TargetCoding] =
      switch task {
      case .classification: labels.count == 2 ? [.oneHot, .zeroOne, .plusMinusOne] : [.oneHot]
      case .multilabel: [.zeroOne, .plusMinusOne]
      case .regression: [.standardized, .raw]
      }
    guard codings.contains(coding) else {
      let subject =
        task == .classification ? "\(labels.count) labels" : "the task \(task.rawValue)"
      throw DataError(
        column: columns[0], "the coding \(coding.rawValue) does not fit \(subject)",
        remedy: "use " + codings.map(\.rawValue).joined(separator: " or "))
    }
  }

  package static func usualCoding(of task: LearningTask) -> TargetCoding {
    switch task {
    case .classification: .oneHot
    case .regression: .standardized
    case .multilabel: .zeroOne
    }
  }

  /// Number of outputs that a network needs.
  package var outputCount: Int { coding == .oneHot ? labels.count : columns.count }

  /// Number of classes where targets are kept as their codes, and not as the numbers of the outputs.
  var classCount: Int? { coding == .oneHot ? labels.count : nil }

  // MARK: Encoding

  /// What a pass must read of a table for `form` below; throws if it lacks a target column.
  func requests(of table: Table) throws(DataError) -> [ColumnRequest] {
    var requests: [ColumnRequest] = []
    for (index, name) in columns.enumerated() {
      let known =
        switch task {
        case .classification: labels
        case .multilabel: pairs[index]
        case .regression: [String]()
        }
      let reading: ColumnRequest.Reading =
        task == .regression
        ? .numbers(.number(cells.styles[index]))
        : .categories(
          CategoryIndex(known, unseen: .error, booleans: cells.words[index]), numbersAreEqual: true)
      requests.append(
        ColumnRequest(
          column: try table.position(of: name), reading: reading,
          whyRequired: "a target needs one in every row",
          textsKept: task == .regression ? .none : cells.textsKept[index], missing: cells.missing))
    }
    return requests
  }

  /// Encodes the values of one row, `columns` of them, into as many numbers, of which a class is its code;
  /// returns whether they are all finite.
  func form<T: Scalar>(
    _ values: UnsafePointer<Double>, into outputs: UnsafeMutablePointer<T>
  ) -> Bool {
    switch coding {
    case .oneHot, .zeroOne, .raw: for index in columns.indices { outputs[index] = T(values[index]) }
    case .plusMinusOne: for index in columns.indices { outputs[index] = T(2 * values[index] - 1) }
    case .standardized:
      for index in columns.indices {
        outputs[index] = T((values[index] - means[index]) / deviations[index])
      }
    }
    return columns.indices.allSatisfy { outputs[$0].isFinite }
  }

  /// The error about a row whose encoded targets are not all finite.
  func tooLarge<T: Scalar>(
    _ values: UnsafePointer<Double>, _ outputs: UnsafePointer<T>, in table: Table, row: Int
  ) throws(DataError) -> DataError {
    let index = columns.indices.first { !outputs[$0].isFinite } ?? 0
    return table.tooLarge(
      values[index], column: try table.position(of: columns[index]), row: row, T.self)
  }

  /// Classification: the class of each row of a table. Else nil.
  ///
  /// - Throws: `DataError` for a missing column or value, or a label that did not occur in training.
  package func codes(of table: Table) throws(DataError) -> [UInt32]? {
    guard task == .classification else { return nil }
    var codes: [UInt32] = []
    codes.reserveCapacity(table.rowCount)
    try table.read(requests(of: table)) { (chunk) throws(DataError) in
      for row in 0..<chunk.count { codes.append(UInt32(chunk.values[row])) }
    }
    return codes
  }

  /// Encodes the targets of a table, `[rows, outputCount]`.
  ///
  /// - Parameters:
  ///   - table: A table with the columns that it was fitted on.
  ///   - rows: The rows to encode, from 0, in any order, also repeatedly; nil for all.
  /// - Throws: `DataError` for a missing column or value, or a label that did not occur in training,
  ///   or a number that is too large for the precision.
  package func encode<T: Scalar>(
    _ table: Table, rows: [UInt32]? = nil
  ) throws(DataError) -> Matrix<T> {
    try stored(table, rows: rows).numbers
  }

  /// The same as a data set keeps them.
  func stored<T: Scalar>(
    _ table: Table, rows: [UInt32]? = nil
  ) throws(DataError) -> StoredTargets<T> {
    let count = rows?.count ?? table.rowCount
    try table.requireMemory(rows: count, columns: columns.count, T.self)
    var result = Matrix<T>(rows: count, columns: columns.count, isCompact: classCount != nil)
    let stride = result.stride
    let start = result.mutableStart
    try table.read(requests(of: table), rows: rows) { (chunk) throws(DataError) in
      for row in 0..<chunk.count {
        let values = chunk.values + row * chunk.width
        let outputs = start + (chunk.start + row) * stride
        guard form(values, into: outputs) else {
          let position = chunk.start + row
          throw try tooLarge(
            values, outputs, in: table, row: rows.map { Int($0[position]) } ?? position)
        }
      }
    }
    return StoredTargets(result, classCount: classCount)
  }
}

// MARK: - The form in a model file

extension TargetEncoder: Codable {
  private enum CodingKeys: String, CodingKey {
    case task, coding, columns, labels, pairs, means, deviations, lowest, highest, cells
  }

  /// Reads the form that `encode(to:)` writes; parts that contradict each other are refused.
  public init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: CodingKeys.self)
    do {
      let columns = try container.decode([String].self, forKey: .columns)
      try self.init(
        task: container.decode(LearningTask.self, forKey: .task),
        coding: container.decode(TargetCoding.self, forKey: .coding), columns: columns,
        labels: container.decode([String].self, forKey: .labels),
        pairs: container.decodeIfPresent([[String]].self, forKey: .pairs) ?? [],
        means: container.decodeIfPresent([Double].self, forKey: .means) ?? [],
        deviations: container.decodeIfPresent([Double].self, forKey: .deviations) ?? [],
        lowest: container.decodeIfPresent([Double].self, forKey: .lowest) ?? [],
        highest: container.decodeIfPresent([Double].self, forKey: .highest) ?? [],
        cells: container.decodeIfPresent(TargetCells.self, forKey: .cells)
          ?? TargetCells(plain: columns.count))
    } catch let error as DataError {
      throw DecodingError.dataCorrupted(
        .init(codingPath: decoder.codingPath, debugDescription: error.description))
    }
  }

  public func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: CodingKeys.self)
    try container.encode(task, forKey: .task)
    try container.encode(coding, forKey: .coding)
    try container.encode(columns, forKey: .columns)
    try container.encode(labels, forKey: .labels)
    if !pairs.isEmpty { try container.encode(pairs, forKey: .pairs) }
    if !means.isEmpty {
      try container.encode(means, forKey: .means)
      try container.encode(deviations, forKey: .deviations)
    }
    if !lowest.isEmpty {
      try container.encode(lowest, forKey: .lowest)
      try container.encode(highest, forKey: .highest)
    }
    if cells != TargetCells(plain: columns.count) { try container.encode(cells, forKey: .cells) }
  }
}
