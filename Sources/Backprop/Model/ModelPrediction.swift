extension Model {
  /// Predicts one row.
  ///
  /// - Parameter row: A value for each column of the model; nil where it is missing. Numbers may be texts
  ///   that spell them. Target columns may be there or not.
  /// - Throws: `DataError` for a column that is not given, a key that is no column (with the nearest name),
  ///   or a value that is none of its column.
  /// - Complexity: One pass of the network, without waiting for other tasks.
  public func predict(_ row: [String: Cell]) throws -> Prediction {
    guard let features else {
      throw DataError(
        "the model takes \(Format.count(network.sizes[0], "number")) as they are, and knows no columns",
        remedy: "give them as an array")
    }
    return try rowPredictors.predict(RowInputs(features: features, row: row), target)[0]
  }

  /// Predicts one row, whose columns are the keys of a value: a struct with a number, a text or nil for
  /// each column.
  ///
  /// - Throws: As above, also if a key holds more than one value.
  @_disfavoredOverload
  public func predict(_ row: some Encodable) throws -> Prediction {
    try predict(RowEncoder.row(row))
  }

  /// Predicts rows of numbers, in the order of the model's columns; NaN is missing.
  ///
  /// - Parameters:
  ///   - rows: Each as long as the model has columns, or, without an encoder, inputs.
  ///   - threads: Threads to use; the result does not depend on it.
  /// - Throws: `DataError` for a row of another length, or an infinite number.
  public func predict(_ rows: [[Double]], threads: Int = 1) throws -> Predictions {
    let names = encoder?.columns.map(\.name) ?? (0..<network.sizes[0]).map(String.init)
    if let row = rows.firstIndex(where: { $0.count != names.count }) {
      throw DataError(
        place: .row(row + 1),
        "\(Format.count(rows[row].count, "number")), and the model takes \(names.count)")
    }
    guard !rows.isEmpty else {
      return try predictions(of: Matrix<Double>(rows: 0, columns: network.sizes[0]), threads)
    }
    return try predict(
      Table(
        columns: names.enumerated().map { index, name in
          (name, .numbers(rows.map { $0[index] }))
        }), threads: threads)
  }

  /// Predicts all rows of a table, in their order.
  ///
  /// - Parameters:
  ///   - table: A table with the columns of the model. Target columns may be there or not; further ones
  ///     are not looked at.
  ///   - threads: Threads to use, at least 1. Changes the time and not the result.
  /// - Throws: `DataError` for a missing column or a bad cell.
  public func predict(_ table: Table, threads: Int = 1) throws -> Predictions {
    switch network {
    case .float: try predictions(of: inputs(of: table, as: Float.self), threads)
    case .double: try predictions(of: inputs(of: table, as: Double.self), threads)
    }
  }

  /// Loss and metrics on a table with the target columns.
  ///
  /// - Parameters:
  ///   - table: A table with the columns of the model, and its targets. Rows weigh what they did in training.
  ///   - target: Names of the targets of a model that names none.
  ///   - threads: Threads to use, at least 1. Changes the time and not the result.
  /// - Throws: `DataError` for a missing column, a bad cell, or a label that training did not know.
  public func evaluate(
    _ table: Table, target: [String] = [], threads: Int = 1
  ) throws -> Evaluation {
    try checkTargets(target, in: table)
    let coders = try coders(for: table, targets: target).weighing(table, required: false)
    return switch network {
    case .float(let network): try evaluate(network, coders, table, threads)
    case .double(let network): try evaluate(network, coders, table, threads)
    }
  }

  private func evaluate<T: Scalar>(
    _ first: Network<T>, _ coders: ModelData, _ table: Table, _ threads: Int
  ) throws -> Evaluation {
    let dataset = try coders.dataset(of: table, for: first)
    let kind = coders.target.metrics(outputActivation: first.outputActivation)
    return evaluateKeepingPredictions(
      first, on: dataset, metrics: kind, for: [], pool: ThreadPool.of(threads)
    ).evaluation
  }

  /// The same on encoded rows, and what each was given.
  ///
  /// - Parameters:
  ///   - first: The network of the first member.
  ///   - metrics: What is going to be asked of the predictions; nil for any metric.
  package func evaluateKeepingPredictions<T: Scalar>(
    _ first: Network<T>, on dataset: Dataset<T>, metrics kind: MetricKind, for metrics: [Metric]?,
    pool: ThreadPool?
  ) -> (evaluation: Evaluation, predictions: EvaluatedPredictions) {
    guard !isOneNetwork else {
      return first.evaluateKeepingPredictions(on: dataset, metrics: kind, for: metrics, pool: pool)
    }
    return first.evaluate(
      outputs(of: dataset.inputs, pool), on: dataset, metrics: kind, keeping: metrics)
  }

  /// The mean of the members' outputs, kept within the targets of training where that is asked for.
  package func outputs<T: Scalar>(of inputs: Matrix<T>, _ pool: ThreadPool?) -> Matrix<T> {
    let mean = Matrix.mean(of: outputsOfMembers(inputs, pool))
    return targetEncoder?.clipped(mean) ?? mean
  }

  /// Whether what a single network says is what the model says.
  package var isOneNetwork: Bool { members.count == 1 && targetEncoder?.clips != true }

  func outputsOfMembers<T: Scalar>(_ inputs: Matrix<T>, _ pool: ThreadPool?) -> [Matrix<T>] {
    members.map { $0.network(as: T.self).predictions(for: inputs, pool: pool) }
  }

  /// How the rows of a table become examples of the model.
  ///
  /// - Parameter targets: Names of the targets of a model that names none.
  package func coders(for table: Table, targets: [String]) throws -> ModelData {
    ModelData(
      encoder: encoder,
      target: try targetEncoder ?? ModelData.target(for: network, in: table, names: targets),
      weights: weights, ignoredColumn: weights?.column)
  }

  /// x of all rows.
  ///
  /// - Parameter targets: Columns that are no inputs of a model without an encoder.
  package func inputs<T: Scalar>(
    of table: Table, targets: [String] = [], as type: T.Type
  ) throws -> Matrix<T> {
    try ModelData.inputs(of: table, for: self, targets: targets, as: T.self)
  }

  /// What the members say of encoded rows.
  ///
  /// - Parameters:
  ///   - first: The row of the data that the first of them is, for an error.
  ///   - level: That of the intervals, if the model has any; nil for the one that was asked for in training.
  package func predictions<T: Scalar>(
    of inputs: Matrix<T>, first: Int = 0, level: Double? = nil, _ threads: Int
  ) throws -> Predictions {
    let pool = inputs.rows > 1000 ? ThreadPool.of(threads) : nil
    return try target.predictions(outputsOfMembers(inputs, pool), first: first, level: level)
  }

  var target: RowTarget {
    RowTarget(
      encoder: targetEncoder,
      areProbabilities: targetEncoder?.hasProbabilities(
        outputActivation: network.outputActivation) ?? false, intervals: intervals)
  }
}
