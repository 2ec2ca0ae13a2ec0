// Which columns and rows of a table a fit learns from, and which judge it.

extension Estimator {
  /// Refuses settings of how a table is read where it was read otherwise.
  func checkReading(of table: Table) throws {
    let settings = configuration.data
    let ignored = try ignored(in: table)
    for (setting, names, kind, kinds) in [
      (Setting.categorical, settings.categorical, Table.Kind.categorical, "categories"),
      (.numeric, settings.numeric, .numeric, "numbers"),
    ] {
      for name in try table.rejoined(names ?? []).flatMap({ try table.expanding([$0]) })
      where try !ignored.contains(name) && table.columns[table.position(of: name)].kind != kind {
        throw ConfigurationError(
          setting.property,
          "\(name.shown()) was not read as \(kinds): read the table with the options of this configuration"
        )
      }
    }
  }

  /// Columns that are no features by the configuration, or by how the table was read.
  func ignored(in table: Table) throws -> Set<String> {
    try Set(table.rejoined(configuration.data.ignore ?? []).flatMap { try table.expanding([$0]) })
      .union(table.columns.filter(\.isIgnored).map(\.name))
  }

  /// The columns that are to be learned.
  package func targetNames(in table: Table, usual: [String]) throws -> [String] {
    let names = try (configuration.data.target ?? []).flatMap { try table.columns(named: $0) }
    let column = configuration.data.weightColumn
    if let column, names.contains(column) {
      throw ConfigurationError("weightColumn", "\(column.shown()) is a target; name another column")
    }
    if let column, base?.encoder?.columns.contains(where: { $0.name == column }) ?? false {
      throw ConfigurationError(
        "weightColumn",
        "\(column.shown()) is a feature of the model; train a model with this setting")
    }
    let all = names.isEmpty ? usual : names
    // Of a first column without a name, which is ignored by itself, a target may say otherwise.
    let ignored = try ignored(in: table).subtracting([""])
    if let name = try all.lazy.flatMap({ try table.expanding([$0]) }).first(where: ignored.contains)
    {
      throw ConfigurationError(
        "target", "\(name.shown()) is ignored; take it out of the one or the other")
    }
    guard all.isEmpty, base == nil else { return all }
    throw ConfigurationError(
      "target",
      "is not given: say what to learn, one column or several; the columns are "
        + Format.list(table.columns.map(\.name), limit: 12))
  }

  /// Target columns whose numbers are kept while the data is split: all of them where the task is not
  /// known to be a classification by labels.
  func numericTargets(_ names: [String], in table: Table) -> Int {
    if names.count == 1, let column = table.columns.first(where: { $0.name == names[0] }),
      column.kind == .categorical
    {
      return 0
    }
    return names.count
  }

  /// The rows of a table in their parts: by class where there are any.
  ///
  /// - Parameter isWhole: Whether none are held out.
  func split(_ table: Table, codes: [UInt32]?, isWhole: Bool, _ warn: Warn) -> Split {
    Split(
      count: table.rowCount, codes: codes, test: configuration.stopping.testPart ?? 0,
      validation: { isWhole ? 0 : validationFraction(rows: $0, warn) }, seed: configuration.seed)
  }

  /// The part of so many training rows that is held out to choose the best epoch.
  func validationFraction(rows: Int, _ warn: Warn) -> Double {
    let settings = configuration.stopping
    if settings.validation == nil, rows < StoppingSettings.fewestRowsToSplit {
      warn(
        "noValidation",
        "\(Format.count(rows, "row")) are too few to hold any out: training on all")
      return 0
    }
    return settings.validation ?? StoppingSettings.defaultValidation
  }

  /// Refuses to keep within a range what is no number, or is judged in a file.
  func checkClipping(_ task: LearningTask) throws(ConfigurationError) {
    guard configuration.data.clipPredictions == true else { return }
    for (isVain, reason) in [
      (task != .regression, "is for numbers, and this is \(task.rawValue); leave it out"),
      (
        configuration.data.memory != nil, "needs its rows in memory; leave the budget of memory out"
      ),
    ] where isVain {
      throw ConfigurationError("clipPredictions", reason)
    }
  }

  /// Refuses intervals of what is no number, and those that no rows or too few judge.
  ///
  /// - Parameters:
  ///   - training: How many rows are dealt into folds, of an ensemble.
  ///   - test: How many rows choose nothing.
  func checkInterval(
    _ coders: ModelData, training: Int, test: Int
  ) throws(ConfigurationError) {
    guard let level = configuration.stopping.interval else { return }
    let text = level.shortestText
    guard coders.target.task == .regression else {
      throw ConfigurationError(
        "interval",
        "\(text) is for numbers, and this is \(coders.target.task.rawValue), whose probabilities say how sure it is; leave it out"
      )
    }
    guard configuration.data.memory == nil else {
      throw ConfigurationError(
        "interval", "\(text) needs its rows in memory; leave the budget of memory out")
    }
    guard configuration.stopping.isEnsemble || test > 0 else {
      throw ConfigurationError(
        "interval",
        "\(text) needs rows that one network neither learns from nor chooses its epoch by: set a test of 0.2 apart, or take members, 5 of them"
      )
    }
    try PredictionIntervals.check(
      level: level, rows: configuration.stopping.isEnsemble ? training : test)
  }

  /// Refuses what asks for validation data where the rows were too few to hold any out.
  func checkWithoutValidation(rows: Int) throws(ConfigurationError) {
    let (stopping, rows) = (configuration.stopping, Format.count(rows, "row"))
    let problem =
      if let part = stopping.validation {
        "a validation of \(part.shortestText) leaves none of \(rows); give a larger one, or a file to "
          + "validate on"
      } else {
        "\(rows) are too few to hold any out by themselves; give a file to validate on, or say a "
          + "validation of \(StoppingSettings.defaultValidation)"
      }
    for (name, isGiven) in [
      ("patience", stopping.patience != nil), ("metric", stopping.metric != nil),
      ("minDelta", (stopping.minDelta ?? 0) > 0),
    ] where isGiven {
      throw ConfigurationError(name, "needs validation data, and \(problem)")
    }
  }

  func checkMonitor<T: Scalar>(
    _ coders: ModelData, _ network: Network<T>
  ) throws(ConfigurationError) {
    guard let metric = configuration.stopping.metric else { return }
    try metric.check(
      for: coders.target.metrics(outputActivation: network.outputActivation), "metric")
  }
}
