/// How a table becomes what a network takes and gives: the coders of a model, or, for a model that
/// has none, the numeric columns as they are.
package struct ModelData: Sendable {
  package let encoder: FeatureEncoder?
  package let target: TargetEncoder
  /// What examples weigh; nil if all weigh the same.
  package var weights: ExampleWeights?
  /// A column that is neither feature nor target, where inputs are the numeric columns as they are.
  package var ignoredColumn: String?

  package init(
    encoder: FeatureEncoder?, target: TargetEncoder, weights: ExampleWeights? = nil,
    ignoredColumn: String? = nil
  ) {
    self.encoder = encoder
    self.target = target
    self.weights = weights
    self.ignoredColumn = ignoredColumn
  }

  /// Examples from the rows of a table, with targets that the network's loss is defined on.
  ///
  /// - Parameter rows: The rows, from 0, ascending; nil for all.
  package func dataset<T: Scalar>(
    of table: Table, rows: [UInt32]? = nil, for network: Network<T>
  ) throws -> Dataset<T> {
    let dataset = try encoded(table, rows: rows, inputs: network.inputCount, as: T.self)
    try network.loss.check(dataset, target: target, rows: rows, file: table.file)
    return try weights?.weighted(dataset, of: table, rows: rows, target: target) ?? dataset
  }

  /// The same data for another table, which may lack the column of weights unless it is required.
  package func weighing(_ table: Table, required: Bool) -> ModelData {
    var data = self
    if !required, let column = weights?.column, !table.has(column) { data.weights?.column = nil }
    return data
  }

  /// The same from the parts of a table.
  package func datasets<T: Scalar>(
    of table: Table, split: Split, for network: Network<T>
  ) throws -> (training: Dataset<T>, validation: Dataset<T>, test: Dataset<T>) {
    var parts: (training: Dataset<T>, validation: Dataset<T>, test: Dataset<T>)
    if let encoder {
      parts = try Dataset.encoding(table, features: encoder, target: target, split: split)
    } else {
      let all = try encoded(table, rows: nil, inputs: network.inputCount, as: T.self)
      parts = (
        all.subset(split.training), all.subset(split.validation), all.subset(split.test)
      )
    }
    for (part, rows) in [
      (parts.training, split.training), (parts.validation, split.validation),
      (parts.test, split.test),
    ] {
      try network.loss.check(part, target: target, rows: rows, file: table.file)
    }
    if let weights {
      parts.training = try weights.weighted(
        parts.training, of: table, rows: split.training, target: target)
      parts.validation = try weights.weighted(
        parts.validation, of: table, rows: split.validation, target: target)
      parts.test = try weights.weighted(
        parts.test, of: table, rows: split.test, target: target)
    }
    return parts
  }

  private func encoded<T: Scalar>(
    _ table: Table, rows: [UInt32]?, inputs count: Int, as type: T.Type
  ) throws -> Dataset<T> {
    if let rows {
      let inputs: Matrix<T> =
        try encoder?.encode(table, rows: rows)
        ?? Self.plainInputs(of: table, excluding: noInputs(in: table), rows: rows, count: count)
      return try Dataset(inputs: inputs, targetsOf: table, target: target, rows: rows)
    }
    if let encoder {
      return try Dataset(encoding: table, features: encoder, target: target)
    }
    return try Dataset(
      inputs: Self.plainInputs(of: table, excluding: noInputs(in: table), count: count),
      targetsOf: table, target: target)
  }

  /// The columns that a model without an encoder takes as they are, in their order.
  package func plainColumns(of table: Table) -> [String] {
    let others = noInputs(in: table)
    return table.columns.filter {
      $0.kind == .numeric && !$0.isIgnored && !others.contains($0.name)
    }.map(\.name)
  }

  /// Columns that are no inputs of a model without an encoder.
  private func noInputs(in table: Table) -> [String] {
    [ignoredColumn, weights?.column].compactMap(\.self).reduce(into: target.columns) {
      if table.has($1), !$0.contains($1) { $0.append($1) }
    }
  }

  /// Inputs only: target columns may be there or not.
  package static func inputs<T: Scalar>(
    of table: Table, for model: Model, targets: [String], as type: T.Type
  ) throws -> Matrix<T> {
    if let encoder = model.encoder { return try encoder.encode(table) }
    let names = Set(table.columns.map(\.name))
    let known = (model.targetEncoder?.columns ?? []).filter(names.contains)
    let weights = [model.weights?.column].compactMap(\.self).filter(names.contains)
    return try plainInputs(
      of: table, excluding: (targets.isEmpty ? known : targets) + weights,
      count: model.network.sizes[0])
  }

  private static func plainInputs<T: Scalar>(
    of table: Table, excluding targets: [String], rows: [UInt32]? = nil, count: Int
  ) throws -> Matrix<T> {
    let inputs: Matrix<T> = try table.numericMatrix(excluding: targets, rows: rows)
    guard inputs.columns == count else {
      throw DataError(
        file: table.file,
        "\(Format.count(inputs.columns, "numeric column")) besides the targets, but the model takes "
          + Format.count(count, "input"),
        remedy: "name the targets, and ignore what is no input")
    }
    return inputs
  }

  /// The targets of a model that has no coder of its own: as many numeric columns as it has outputs,
  /// or one column of class labels.
  package static func target(
    for network: AnyNetwork, in table: Table, names: [String]
  ) throws -> TargetEncoder {
    guard !names.isEmpty else {
      throw ConfigurationError(
        "target",
        "is not given, and the model names no targets of its own: name a column, or several")
    }
    let outputs = network.sizes[network.sizes.count - 1]
    let columns = try table.expanding(names)
    let areNumeric = columns.allSatisfy { name in
      table.columns.contains { $0.name == name && $0.kind == .numeric }
    }
    let isDecision = network.loss == .binaryCrossEntropy || network.loss == .hinge
    if columns.count == outputs, areNumeric, !(outputs == 1 && isDecision) {
      return try TargetEncoder(fitting: table, targets: columns, task: .regression, coding: .raw)
    }
    guard columns.count == 1 else {
      throw ConfigurationError(
        "target",
        "names \(Format.count(columns.count, "column")), but the model has "
          + "\(Format.count(outputs, "output")): name as many numeric columns, or one of labels")
    }
    if areNumeric, outputs == 1 {
      let numbers = try TargetColumns(of: table, columns: columns, task: .regression)
      let found = Set(numbers.values)
      let coding: TargetCoding = network.loss == .hinge ? .plusMinusOne : .zeroOne
      // Labels as the loss itself writes them first; a file may happen to hold one of them only.
      let usual: [[Double]] = network.loss == .hinge ? [[-1, 1], [0, 1]] : [[0, 1], [-1, 1]]
      if let labels = usual.first(where: found.isSubset) {
        return try TargetEncoder(
          fitting: Table(columns: [(columns[0], .numbers(labels))]), targets: columns,
          task: .classification, coding: coding)
      }
      // Shares between 0 and 1 are no labels.
      if found.count != 2 || found.contains(where: { $0 != $0.rounded() }) {
        return try TargetEncoder(fitting: numbers, coding: .raw)
      }
    }
    let labels = try TargetColumns(of: table, columns: columns, task: .classification)
    let coding: TargetCoding =
      outputs > 1 ? .oneHot : network.loss == .hinge ? .plusMinusOne : .zeroOne
    guard labels.labels.count == max(outputs, 2) else {
      throw DataError(
        file: table.file, column: columns[0],
        "\(Format.count(labels.labels.count, "label")), but the model has "
          + Format.count(outputs, "output"))
    }
    return try TargetEncoder(fitting: labels, coding: coding)
  }
}

extension Model {
  /// Refuses target names that are not the model's own.
  package func checkTargets(_ names: [String], in table: Table) throws {
    guard let targetEncoder, !names.isEmpty else { return }
    let given = try table.expanding(names)
    guard given != targetEncoder.columns else { return }
    throw ConfigurationError(
      "target",
      "\(Format.list(given)) contradicts the model, which has \(Format.list(targetEncoder.columns))"
    )
  }
}

extension Table {
  package func has(_ column: String) -> Bool { columns.contains { $0.name == column } }
}
