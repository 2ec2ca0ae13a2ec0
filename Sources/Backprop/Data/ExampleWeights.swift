/// How much examples weigh, in the loss, in metrics and in early stopping alike.
///
/// The weight of an example is the number in its row times the factor of its class:
///
///     wₓ = w(row) · w(class)
///
/// They enter the loss and nothing else: C = Σ wₓ Cₓ under the reduction `sum`, Σ wₓ Cₓ / m over a
/// batch of m examples under `mean` (not / Σ wₓ: the factor of an example must not depend on who else is
/// in its batch). So under `sum` an example of weight 2 is the same as two of weight 1; under `mean` too,
/// but for m, which counts examples. Weights that average to 1, as balanced ones do, leave the meaning of
/// a learning rate as it is. Metrics divide by Σ wₓ. Means and deviations of an encoder are those of
/// the rows, without weights.
package struct ExampleWeights: Codable, Equatable, Sendable {
  /// The column with a number of at least 0 in every row, which is no feature; nil for 1 in each.
  package var column: String?
  /// A factor of at least 0 for each label, in the order of the labels; nil for 1 each.
  package var classes: [Double]?

  package init(column: String? = nil, classes: [Double]? = nil) {
    self.column = column
    self.classes = classes
  }

  /// Whether all examples weigh the same.
  package var isEmpty: Bool { column == nil && classes == nil }

  /// What is wrong with factors for these labels; nil if nothing is.
  package func problem(labels: [String]) -> String? {
    guard let classes else { return nil }
    guard classes.count == labels.count else {
      return "\(classes.count) weights for \(labels.count) labels"
    }
    let isUsable = classes.allSatisfy { $0 >= 0 && $0.isFinite } && classes.contains { $0 > 0 }
    return isUsable ? nil : "weights of classes must be at least 0, and one greater"
  }

  /// Factors that make all classes weigh the same: w(k) = n / (K nₖ).
  ///
  /// n and nₖ are sums of the weights of rows, K is the number of labels; over the rows the factors
  /// average to 1. King & Zeng 2001, doi:10.1093/oxfordjournals.pan.a004868; scikit-learn's
  /// `class_weight="balanced"`.
  ///
  /// - Parameters:
  ///   - codes: The class of each row.
  ///   - labels: All labels.
  ///   - weights: The weight of each row; nil where all are 1.
  ///   - rows: The training rows; nil for all.
  /// - Throws: `DataError` if a class has no weight.
  package static func balanced(
    codes: [UInt32], labels: [String], weights: [Double]? = nil, rows: [UInt32]? = nil
  ) throws(DataError) -> [Double] {
    var sums = [Double](repeating: 0, count: labels.count)
    func add(_ row: Int) { sums[Int(codes[row])] += weights?[row] ?? 1 }
    if let rows {
      for row in rows { add(Int(row)) }
    } else {
      codes.indices.forEach(add)
    }
    let total = sums.reduce(0, +)
    if let empty = sums.firstIndex(where: { !($0 > 0) }) {
      throw DataError(
        "the label \(labels[empty].quoted) has no weight in the training rows, so that "
          + "classes cannot be balanced",
        remedy: "give it rows of a weight above 0, or name the weights of the classes")
    }
    return sums.map { total / (Double(labels.count) * $0) }
  }

  // MARK: Reading

  /// The numbers of the weight column.
  ///
  /// - Parameters:
  ///   - table: A table with the column.
  ///   - rows: The rows, from 0, in any order, also repeatedly; nil for all.
  /// - Returns: One a row; nil if there is no such column to read.
  /// - Throws: `DataError` for a missing column or value, a text, a negative number.
  package func rowWeights(
    of table: Table, rows: [UInt32]? = nil
  ) throws(DataError) -> [Double]? {
    guard let column else { return nil }
    let count = rows?.count ?? table.rowCount
    try table.requireMemory(rows: count, columns: 1, Double.self)
    var weights: [Double] = []
    weights.reserveCapacity(count)
    let request = try request(column, of: table)
    do {
      try table.read([request], rows: rows) { (chunk) throws(DataError) in
        for index in 0..<chunk.count {
          let weight = chunk.values[index]
          guard weight >= 0 else {
            let row = rows.map { Int($0[chunk.start + index]) } ?? chunk.start + index
            throw negative(weight, in: table, row: row)
          }
          weights.append(weight)
        }
      }
    } catch {
      throw explained(error)
    }
    return weights
  }

  func request(_ column: String, of table: Table) throws(DataError) -> ColumnRequest {
    let position = try table.position(of: column)
    if let question = table.columns[position].question { throw question }
    return ColumnRequest(
      column: position, reading: .numbers(table.columns[position].style),
      whyRequired: "an example needs a weight in every row")
  }

  /// What helps a feature (leave the cell empty, call the column text) does not help a weight.
  func explained(_ error: DataError) -> DataError {
    var error = error
    if let column, error.column == column {
      error.remedy = "a weight is a number of at least 0; 0 leaves its row out"
    }
    return error
  }

  private func negative(_ weight: Double, in table: Table, row: Int) -> DataError {
    DataError(
      file: table.file, place: (try? table.line(ofRow: row)) ?? table.place(ofRow: row),
      column: column, "the weight \(DecimalNumber.text(weight)) is negative")
  }

  private func tooLarge<T: Scalar>(
    _ weight: Double, in table: Table, row: Int, _ type: T.Type
  ) -> DataError {
    DataError(
      file: table.file, place: (try? table.line(ofRow: row)) ?? table.place(ofRow: row),
      column: column,
      "the weight \(DecimalNumber.text(weight)) is too large for numbers of "
        + "\(T.precisionName) precision",
      remedy: "divide all weights by their mean")
  }

  static func allZero(_ count: Int, column: String?, file: String?) -> DataError {
    DataError(
      file: file, column: column,
      "the weights of all \(count) examples are 0, so that nothing counts",
      remedy: "give some of them a weight above 0")
  }

  /// The weight of one example.
  ///
  /// - Parameters:
  ///   - rowWeight: The number in the row, or 1.
  ///   - code: Its class, of a classification.
  func weight<T: Scalar>(
    ofRow rowWeight: Double, code: Int, _ target: TargetEncoder, in table: Table, row: Int
  ) throws(DataError) -> T {
    guard rowWeight >= 0 else { throw negative(rowWeight, in: table, row: row) }
    var weight = rowWeight
    if let classes, target.task == .classification { weight *= classes[code] }
    let rounded = T(weight)
    guard rounded.isFinite else { throw tooLarge(weight, in: table, row: row, T.self) }
    return rounded
  }

  /// The same examples with their weights.
  ///
  /// - Parameters:
  ///   - dataset: The encoded rows.
  ///   - table: Their table.
  ///   - rows: The row of each example in the table, from 0; nil if they are all in order.
  ///   - target: How targets were encoded.
  /// - Throws: `DataError` for a bad weight, or if all are 0.
  package func weighted<T: Scalar>(
    _ dataset: Dataset<T>, of table: Table, rows: [UInt32]? = nil, target: TargetEncoder
  ) throws(DataError) -> Dataset<T> {
    guard !isEmpty, dataset.count > 0 else { return dataset }
    var weights =
      try rowWeights(of: table, rows: rows) ?? [Double](repeating: 1, count: dataset.count)
    precondition(weights.count == dataset.count, "\(weights.count) weights for \(dataset.count)")
    if let classes, target.task == .classification {
      for index in weights.indices {
        weights[index] *= classes[target.code(ofEncoded: dataset.storedTargets, row: index)]
      }
    }
    let rounded = weights.map { T($0) }
    if let index = rounded.firstIndex(where: { !$0.isFinite }) {
      let row = rows.map { Int($0[index]) } ?? index
      throw tooLarge(weights[index], in: table, row: row, T.self)
    }
    guard rounded.contains(where: { $0 > 0 }) else {
      throw Self.allZero(dataset.count, column: column, file: table.file)
    }
    var weighted = Dataset(
      inputs: dataset.storedInputs, targets: dataset.storedTargets, weights: rounded)
    weighted.categories = dataset.categories
    return weighted
  }
}

extension TargetEncoder {
  /// The code of the class of each encoded example.
  package func codes<T: Scalar>(of dataset: Dataset<T>) -> [Int] {
    (0..<dataset.count).map { code(ofEncoded: dataset.storedTargets, row: $0) }
  }

  /// The code of the class of an encoded example.
  func code<T: Scalar>(ofEncoded targets: StoredTargets<T>, row: Int) -> Int {
    switch coding {
    case .oneHot: targets.code(of: row) ?? 0
    case .plusMinusOne: targets.matrix[row, 0] > 0 ? 1 : 0
    case .zeroOne, .standardized, .raw: targets.matrix[row, 0] > 0.5 ? 1 : 0
    }
  }
}

extension ExampleWeights {
  /// The factors of "a=1,b=5". A label may have commas and equals signs itself.
  static func factors(
    _ text: String, labels: [String]
  ) throws(ConfigurationError) -> [Double] {
    func problem(_ what: String) -> ConfigurationError {
      ConfigurationError("classWeight", "\(text.shown()): \(what)")
    }
    var factors = [Double](repeating: 1, count: labels.count)
    var named: Set<Int> = []
    // What may be the beginning of a label with commas.
    var begun: String?
    let emptyPart = problem("nothing stands before or after a comma; take it out")
    for part in text.split(separator: ",", omittingEmptySubsequences: false) {
      if begun == nil, String(part).trimmingSpaces.isEmpty, text.contains(","),
        !labels.contains(where: { $0.hasPrefix("\(part),") })
      {
        throw emptyPart
      }
      let pending = begun.map { "\($0),\(part)" } ?? String(part)
      begun = pending
      guard let sign = pending.lastIndex(of: "="),
        let factor = Double(String(pending[pending.index(after: sign)...]).trimmingSpaces)
      else { continue }
      let label = String(pending[..<sign]).trimmingSpaces
      begun = nil
      guard let index = labels.firstIndex(of: label) else {
        throw problem(
          "there is no label \(label.quoted); "
            + (nearMatch(label, in: labels).map { "did you mean \($0)?" }
              ?? "the labels are \(Format.list(labels, limit: 12))"))
      }
      guard factor >= 0, factor.isFinite else {
        throw problem("the weight of \(label.quoted) must be a number of at least 0")
      }
      guard named.insert(index).inserted else { throw problem("\(label.quoted) is named twice") }
      factors[index] = factor
    }
    if let begun {
      if text.contains(","), begun.trimmingSpaces.isEmpty { throw emptyPart }
      throw problem("\(begun.quoted) has no number; write balanced, or label=weight,label=weight")
    }
    guard factors.contains(where: { $0 > 0 }) else {
      throw problem("all weights are 0, so that nothing counts")
    }
    return factors
  }
}

extension ExampleWeights {
  package func json(labels: [String]) -> JSONValue {
    [
      "column": column.map { .string($0) } ?? .null,
      "classes": classes.map { classes in
        .object(zip(labels, classes).map { JSONMember($0, JSONValue($1)) })
      } ?? .null,
    ]
  }
}
