extension TableOptions {
  /// As the settings of a run say.
  ///
  /// - Throws: `ConfigurationError` for a delimiter of other than one character.
  public init(_ settings: DataSettings) throws(ConfigurationError) {
    try self.init(settings, for: nil)
  }

  /// As the settings of a run say.
  ///
  /// - Parameter model: The model that the table is for. Its columns tell a header of numbers from data.
  package init(
    _ settings: DataSettings, for model: Model?, threads: Int = 1
  ) throws(ConfigurationError) {
    // A name may have commas itself.
    var names = (settings.target ?? []).flatMap { target in
      target.partsAtCommas + [target]
    }
    names += model?.encoder?.columns.map(\.name) ?? []
    names += model?.targetEncoder?.columns ?? []
    names += [settings.weightColumn, model?.weights?.column].compactMap(\.self)
    var delimiter: UInt8?
    if let text = settings.delimiter, text != Setting.spaces {
      delimiter = try Setting.delimiterByte(text)
    }
    self.init(
      header: settings.header, delimiter: delimiter, categorical: settings.categorical ?? [],
      numeric: settings.numeric ?? [], ignore: settings.ignore ?? [])
    isSpaced = settings.delimiter == Setting.spaces
    skipLines = settings.skipLines ?? 0
    comment = try settings.comment.map { (text) throws(ConfigurationError) in
      try Setting.commentByte(text)
    }
    columnNames = settings.columnNames ?? []
    (expectedNames, keepsColumns) = (names, settings.memory == nil)
    self.threads = threads
    missing = MissingMarkers(
      adding: settings.missing ?? [], areUsual: settings.usualMissing ?? true)
    keepText = settings.keepText ?? []
    decimal = settings.decimal.flatMap { NumberStyle.Decimal(rawValue: $0) }
    thousands = settings.thousands.flatMap { NumberStyle.Thousands(name: $0) }
    dateOrder = settings.dateOrder.flatMap { DateStyle(name: $0) }
    if let decimal, decimal.rawValue == thousands?.rawValue {
      throw ConfigurationError(
        "thousands", "\(decimal.rawValue) cannot stand for both thousands and the decimal point")
    }
  }
}

extension Estimator {
  /// The same with the weights that the data itself brings; nil if it brings none, or others are asked for.
  func weighing(_ table: Table) -> Estimator? {
    guard let column = table.weightColumn, configuration.data.weightColumn == nil else {
      return nil
    }
    var own = self
    own.configuration.data.weightColumn = column
    return own
  }

  /// The same with what the data brings and its recipe comes to: for several fits of one plan.
  package func planned(for tables: FitTables) throws -> Estimator {
    let own = weighing(tables.training) ?? self
    return try own.following(tables) ?? own
  }

  /// The same with the settings of its recipe; nil if there are none left to take.
  func following(_ tables: FitTables) throws -> Estimator? {
    let recipe = configuration.recipe ?? .usual
    guard recipe != .plain, base == nil else { return nil }
    let table = tables.training
    let names = try targetNames(in: table, usual: tables.targets)
    let task =
      try configuration.data.task
      ?? TargetColumns(of: table, columns: names, task: nil).task
    var own = self
    // A table of its own that chooses the epoch leaves nothing to be held out.
    let rows = tables.validation == nil ? table.rowCount : nil
    if recipe == .auto {
      var plan = try plan(for: tables, targets: names, task: task)
      if let seconds {
        let search = RecipeSearch(seconds: seconds, given: configuration)
        let isPossible =
          plan.members != nil && configuration.stopping.variants == nil
          && !search.searched.isEmpty && !tables.hasCheckpoints
        if isPossible { own.search = search }
        plan.triesNothing = !isPossible && plan.reason != .time
      }
      own.plan = plan
      own.configuration.recipe = plan.recipe
      own.configuration = own.configuration.following(plan.settings(task: task, rows: rows))
    } else {
      own.configuration = configuration.following(
        recipe.settings(task: task, rows: rows))
    }
    return own.configuration == configuration ? nil : own
  }

  private func plan(
    for tables: FitTables, targets: [String], task: LearningTask
  ) throws -> RecipePlan {
    let table = tables.training
    let columns = try TableColumns(
      of: table,
      targets: Array(table.expanding(targets)),
      others: ignored(in: table) + [configuration.data.weightColumn].compactMap(\.self))
    let (stopping, data) = (configuration.stopping, configuration.data)
    let asked =
      tables.oneRun
      ?? (tables.validation != nil || stopping.validation != nil || stopping.validationData != nil
        ? "validation" : data.memory != nil ? "memory" : nil)
    func budget() -> ComputeBudget {
      guard let seconds else { return .usual(rows: table.rowCount) }
      let clock = ContinuousClock()
      let start = clock.now
      let speed =
        precision == .double
        ? Network<Double>.measuredSpeed(columns) : Network<Float>.measuredSpeed(columns)
      // Two threads at once are slower than one alone, and a fold is judged after each epoch.
      return ComputeBudget(
        seconds: max(0, seconds - (clock.now - start) / .seconds(1)), speedOfThread: 0.85 * speed,
        threads: max(threads, 1))
    }
    return RecipePlan(
      rows: table.rowCount, columns: columns, task: task, pixels: table.pixelScale != nil,
      given: configuration, oneRun: asked, budget: budget())
  }
}
