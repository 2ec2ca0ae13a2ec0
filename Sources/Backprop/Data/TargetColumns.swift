/// How the cells of target columns become labels and numbers.
struct TargetCells: Hashable, Sendable {
  /// Of each column: how its numbers are written, and which of its texts are no missing values.
  let styles: [NumberStyle]
  let textsKept: [ColumnReading.TextsKept]
  /// The words of a boolean, of which the case does not count.
  let words: [BooleanWords?]
  let missing: MissingMarkers

  init(of table: Table, _ columns: [String]) throws(DataError) {
    var words: [BooleanWords?] = []
    var styles: [NumberStyle] = []
    var textsKept: [ColumnReading.TextsKept] = []
    for name in columns {
      let column = try table.columns[table.position(of: name)]
      var (style, kept, booleans) = (
        NumberStyle.plain, ColumnReading.TextsKept.quoted, BooleanWords?.none
      )
      switch column.reading {
      case .numbers(let own): style = own
      case .categories(let own): kept = own
      case .booleans(let own): booleans = own
      case .dates: break
      }
      styles.append(style)
      textsKept.append(kept)
      words.append(booleans)
    }
    (self.styles, self.textsKept, self.words, missing) = (styles, textsKept, words, table.missing)
  }

  /// As a file without settings has them.
  init(plain count: Int) {
    styles = Array(repeating: .plain, count: count)
    textsKept = Array(repeating: .quoted, count: count)
    words = Array(repeating: nil, count: count)
    missing = .usual
  }
}

extension TargetCells: Codable {}

/// The target columns of a table, read as a whole: 8 bytes a value, 2 bytes of a label.
///
/// Reading them first says what the task is and gives the classes for a stratified split, before any
/// feature is looked at.
package struct TargetColumns: Sendable {
  package let task: LearningTask
  /// The names of the target columns.
  package let columns: [String]
  /// Classification: the labels as they are written, in the order of their codes (by value if all
  /// are numbers, else by Unicode scalars). Else empty.
  package let labels: [String]
  /// Multi-label: for each column the values that mean no and yes. Else empty.
  package let pairs: [[String]]
  /// How the cells of each column are read.
  let cells: TargetCells
  package let rowCount: Int
  /// Row-major `[rowCount, columns]`: code of the label; 0 or 1; or the number.
  package var values: [Double] { labelCodes.map { $0.map { Double($0) } } ?? numbers }
  private let numbers: [Double]
  /// Classification: the codes, in 2 bytes each. Else nil.
  private let labelCodes: [UInt16]?

  /// Most labels of a classification.
  package static let labelLimit = 10_000

  /// Reads target columns and finds out the task.
  ///
  /// One column of text is a classification, and so is one of integers if it has two different ones,
  /// or up to 20 that recur five times on average; other numbers are a regression. Several columns
  /// are multi-label if each has two values (numbers: 0 and 1), a regression if all are numbers.
  ///
  /// - Parameters:
  ///   - table: The table.
  ///   - names: Names of its columns, at least one.
  ///   - task: The task if the user says so.
  /// - Throws: `DataError` for a missing column or value, or values that do not fit the task.
  /// - Complexity: One pass over the table, another one over a file whose labels are numbers.
  package init(of table: Table, columns names: [String], task: LearningTask? = nil)
    throws(DataError)
  {
    let columns = try table.expanding(names)
    guard !columns.isEmpty else {
      throw DataError(
        file: table.file, "no target column is named",
        remedy: "the columns are "
          + DataError.list(table.columns.map(\.name)))
    }
    if task == .classification, columns.count > 1 {
      throw DataError(
        file: table.file, "classification needs one target column, not \(columns.count)",
        remedy: "choose the task multi-label if each column means yes or no")
    }
    let cells = try TargetCells(of: table, columns)
    var requests: [ColumnRequest] = []
    var indices: [CategoryIndex?] = []
    for name in columns {
      let position = try table.position(of: name)
      let column = table.columns[position]
      if let question = column.question { throw question }
      if task == .regression, column.kind == .date {
        throw DataError(
          file: table.file, column: name, "dates are no numbers to learn",
          remedy: "write them as a number, for example of days")
      }
      let isText = column.kind != .numeric && task != .regression
      let index =
        isText
        ? CategoryIndex(limit: Self.labelLimit, booleans: cells.words[indices.count]) : nil
      indices.append(index)
      requests.append(
        ColumnRequest(
          column: position, reading: index.map { .categories($0) } ?? .numbers(column.style),
          whyRequired: "a target needs one in every row",
          textsKept: isText ? cells.textsKept[indices.count - 1] : .none))
    }
    let width = columns.count
    var values: [Double] = []
    var codes: [UInt16] = []
    // One column of text is a classification, unless someone says otherwise.
    let areCodes = width == 1 && indices[0] != nil && (task ?? .classification) == .classification
    if areCodes {
      codes.reserveCapacity(table.rowCount)
    } else {
      try table.requireMemory(rows: table.rowCount, columns: width, Double.self)
      values.reserveCapacity(table.rowCount * width)
    }
    try table.read(requests) { (chunk) throws(DataError) in
      let read = UnsafeBufferPointer(start: chunk.values, count: chunk.count * chunk.width)
      if areCodes {
        for code in read { codes.append(UInt16(clamping: Int(code))) }
      } else {
        values += read
      }
      for (name, index) in zip(columns, indices) where index?.isFull == true {
        throw Self.tooManyLabels(table, name)
      }
    }
    self.columns = columns
    rowCount = table.rowCount
    self.cells = cells

    let distinct = columns.indices.map { column in
      indices[column] == nil ? Self.distinct(values, column, width, limit: Self.labelLimit) : nil
    }
    let chosen: LearningTask
    if let task {
      chosen = task
    } else {
      chosen = try Self.inferred(
        table, columns, texts: indices.map { $0?.count }, numbers: distinct)
    }
    self.task = chosen
    switch chosen {
    case .regression:
      (labels, pairs) = ([], [])
      (self.numbers, labelCodes) = (values, nil)
    case .classification:
      let found: [String]
      if let index = indices[0] {
        found = index.categories
      } else {
        guard let numbers = distinct[0] else { throw Self.tooManyLabels(table, columns[0]) }
        if case .delimited = table.source { values = [] }
        if let written = try Self.asWritten(requests[0], cells.textsKept[0], in: table) {
          (found, codes) = written
        } else {
          let places = Dictionary(uniqueKeysWithValues: zip(numbers, UInt16(0)...))
          codes = values.map { places[$0] ?? 0 }
          found = numbers.map(DecimalNumber.text)
        }
      }
      try Self.check(labels: found, table, columns[0])
      labels = orderedCategories(found)
      pairs = []
      (self.numbers, labelCodes) = ([], Self.renumbered(codes, from: found, to: labels))
    case .multilabel:
      var pairs: [[String]] = []
      for column in columns.indices {
        let found = indices[column]?.categories ?? distinct[column]?.map(DecimalNumber.text) ?? []
        let pair = try Self.pair(found, table, columns[column])
        if let numbers = indices[column] == nil ? pair.map({ Double($0) ?? 0 }) : nil {
          for at in stride(from: column, to: values.count, by: width) {
            values[at] = values[at] == numbers[1] ? 1 : 0
          }
        } else if found.first != pair[0] {
          for at in stride(from: column, to: values.count, by: width) {
            values[at] = 1 - values[at]
          }
        }
        pairs.append(pair)
      }
      labels = []
      self.pairs = pairs
      (self.numbers, labelCodes) = (values, nil)
    }
  }

  /// Classification: the code of each row's label, as a stratified split needs it. Else nil.
  package var codes: [UInt32]? {
    labelCodes.map { $0.map { UInt32($0) } }
  }

  /// The moments of each column of numbers.
  ///
  /// - Parameter rows: The rows, in any order, also repeatedly; nil for all.
  func moments(of rows: [UInt32]?) -> [Moments] {
    let moments = moments(of: rows, scales: nil)
    let scales = moments.map { $0.neededScale ?? 1 }
    return scales.contains { $0 != 1 } ? self.moments(of: rows, scales: scales) : moments
  }

  private func moments(of rows: [UInt32]?, scales: [Double]?) -> [Moments] {
    let width = columns.count
    var moments = ColumnMoments(columns: 0..<width, scales: scales)
    let total = rows?.count ?? rowCount
    var values: [Double] = []
    for start in stride(from: 0, to: total, by: 4096) {
      let count = min(4096, total - start)
      values.removeAll(keepingCapacity: true)
      for position in start..<(start + count) {
        let row = rows.map { Int($0[position]) } ?? position
        values += numbers[(row * width)..<((row + 1) * width)]
      }
      values += repeatElement(0, count: TableChunk.slack)
      values.withUnsafeBufferPointer {
        guard let first = $0.baseAddress else { return }
        moments.add(TableChunk(start: start, count: count, width: width, values: first))
      }
    }
    return moments.moments
  }

  // MARK: Inference

  private static func inferred(
    _ table: Table, _ columns: [String], texts: [Int?], numbers: [[Double]?]
  ) throws(DataError) -> LearningTask {
    if columns.count == 1 {
      guard texts[0] == nil else { return .classification }
      guard let values = numbers[0], values.allSatisfy({ $0 == $0.rounded() }) else {
        return .regression
      }
      let recur = values.count <= 20 && values.count * 5 <= table.rowCount
      return values.count == 2 || recur ? .classification : .regression
    }
    let areBinary = columns.indices.allSatisfy { column in
      if let count = texts[column] { return count == 2 }
      return numbers[column]?.allSatisfy { $0 == 0 || $0 == 1 } ?? false
    }
    if areBinary { return .multilabel }
    if let column = texts.firstIndex(where: { $0 != nil }) {
      throw DataError(
        file: table.file, column: columns[column],
        "one of several targets holds text with \(texts[column] ?? 0) different values",
        remedy: "name one column to classify by, or only columns of numbers, or of two values each")
    }
    return .regression
  }

  /// The texts of a column that looks like numbers and their codes by row: "007" must stay what it
  /// is. Nil for arrays, whose numbers have no spelling.
  private static func asWritten(
    _ request: ColumnRequest, _ textsKept: ColumnReading.TextsKept, in table: Table
  ) throws(DataError) -> (texts: [String], codes: [UInt16])? {
    guard case .delimited = table.source else { return nil }
    let index = CategoryIndex(limit: labelLimit)
    var request = request
    request.reading = .categories(index)
    request.textsKept = textsKept
    var codes: [UInt16] = []
    codes.reserveCapacity(table.rowCount)
    try table.read([request]) { (chunk) throws(DataError) in
      for row in 0..<chunk.count { codes.append(UInt16(clamping: Int(chunk.values[row]))) }
      if index.isFull { throw tooManyLabels(table, table.columns[request.column].name) }
    }
    return (index.categories, codes)
  }

  /// The different numbers of a column, ascending; nil if there are more than `limit`.
  private static func distinct(
    _ values: [Double], _ column: Int, _ width: Int, limit: Int
  ) -> [Double]? {
    var found: Set<Double> = []
    var last = Double.nan
    for at in stride(from: column, to: values.count, by: width) where values[at] != last {
      last = values[at]
      found.insert(last)
      if found.count > limit { return nil }
    }
    return found.sorted()
  }

  private static func check(
    labels: [String], _ table: Table, _ column: String
  ) throws(DataError) {
    if labels.count == 1 {
      throw DataError(
        file: table.file, column: column,
        "every row has the same label \(labels[0].quoted)",
        remedy: "a classification needs rows of at least two labels")
    }
    if labels.count > 20, 2 * labels.count > table.rowCount {
      throw DataError(
        file: table.file, column: column,
        "\(labels.count) different labels in \(table.rowCount) rows are too many to be learned",
        remedy: "name another target, or choose the task regression if it is a quantity")
    }
  }

  private static func tooManyLabels(_ table: Table, _ column: String) -> DataError {
    DataError(
      file: table.file, column: column,
      "more than \(labelLimit) different labels, or 64 MiB of them",
      remedy: "name another target, or choose the task regression if it is a quantity")
  }

  private static func renumbered(
    _ codes: [UInt16], from found: [String], to labels: [String]
  ) -> [UInt16] {
    if found == labels { return codes }
    let position = Dictionary(uniqueKeysWithValues: zip(labels, UInt16(0)...))
    let new = found.map { position[$0] ?? 0 }
    return codes.map { new[Int($0)] }
  }

  private static func pair(
    _ found: [String], _ table: Table, _ column: String
  ) throws(DataError) -> [String] {
    let ordered = orderedCategories(found)
    if ordered.count == 2 { return ordered }
    if ordered.count == 1, ordered == ["0"] || ordered == ["1"] { return ["0", "1"] }
    throw DataError(
      file: table.file, column: column,
      "a multi-label target needs two values, but it has \(found.count)",
      remedy: "write 0 and 1, or choose another task")
  }
}
