/// A fold that came to no good end.
package struct FoldStopped: Error {
  package let summary: TrainingSummary
  /// From 1.
  package let fold: Int
}

extension Estimator {
  /// Deals the rows into folds and judges each by a network that learned from the others, of which a part
  /// is held out to choose its epoch; encoders are fitted on those rows alone.
  ///
  /// - Parameters:
  ///   - table: Rows with features and target.
  ///   - count: How many folds, at least 2.
  ///   - report: Receives the events of each run, on the caller's thread.
  ///   - isInterrupted: Asked after every step; true ends it.
  /// - Throws: As `fit`; `CancellationError` if it was interrupted.
  public func crossValidate(
    _ table: Table, folds count: Int, report: (TrainingEvent) -> Void = { _ in },
    isInterrupted: () -> Bool = { false }
  ) throws -> CrossValidation {
    let tables = FitTables(training: table)
    do {
      let warn = { report(.warning(code: $0, message: $1)) }
      return switch precision {
      case .float:
        try crossValidate(
          tables, folds: count, as: Float.self, warn: warn, report: report,
          isInterrupted: isInterrupted)
      case .double:
        try crossValidate(
          tables, folds: count, as: Double.self, warn: warn, report: report,
          isInterrupted: isInterrupted)
      }
    } catch let error as FoldStopped {
      if error.summary.reason == .interrupted { throw CancellationError() }
      throw DivergenceError(divergence: error.summary.divergence)
    }
  }

  /// Checks what can be checked before any data is read.
  ///
  /// - Throws: `ConfigurationError`.
  package func validate(folds count: Int) throws(ConfigurationError) {
    let (data, stopping) = (configuration.data, configuration.stopping)
    guard count >= 2 else {
      throw ConfigurationError(
        "folds", "\(count): give at least 2, one to judge by and one to train on")
    }
    for (name, isGiven, reason) in [
      (
        "from", base != nil || data.from != nil,
        "the model may have learned from the rows that are to judge it"
      ),
      (
        "validationData", stopping.validationData != nil,
        "the rows of the table judge, and a part of the others chooses the epoch (validation)"
      ),
      (
        "test", stopping.testPart ?? 0 > 0 || stopping.testFile != nil,
        "each fold is tested on rows that chose nothing"
      ),
      ("memory", data.memory != nil, "each fold is held in memory"),
      (
        "interval", stopping.interval != nil,
        "the networks that judge the folds are thrown away, and none is there to have them"
      ),
      ("members", stopping.isEnsemble, "an ensemble deals its rows into folds of its own"),
    ] where isGiven {
      throw ConfigurationError(name, "has no meaning with folds: \(reason)")
    }
    try validate()
  }

  /// - Parameters:
  ///   - began: Is told of each fold before its run.
  ///   - ended: And after it.
  /// - Throws: `FoldStopped` if a run was interrupted or diverged.
  package func crossValidate<T: Scalar>(
    _ tables: FitTables, folds count: Int, as type: T.Type,
    began: (_ fold: Int, PreparedFit<T>) -> Void = { _, _ in },
    ended: (_ fold: Int, CrossValidation.Fold, [Metric]) -> Void = { _, _, _ in },
    warn: Warn = { _, _ in }, report: (TrainingEvent) -> Void, isInterrupted: () -> Bool = { false }
  ) throws -> CrossValidation {
    if let own = weighing(tables.training) {
      return try own.crossValidate(
        tables, folds: count, as: type, began: began, ended: ended, warn: warn, report: report,
        isInterrupted: isInterrupted)
    }
    if let own = try following(tables, oneRun: "folds") {
      return try own.crossValidate(
        tables, folds: count, as: type, began: began, ended: ended, warn: warn, report: report,
        isInterrupted: isInterrupted)
    }
    try validate(folds: count)
    try checkReading(of: tables.training)
    let table = tables.training
    let seed = configuration.seed
    let names = try targetNames(in: table, usual: tables.targets)
    let targets = try TargetColumns(of: table, columns: names, task: configuration.data.task)
    let folds: Folds
    do {
      folds =
        if let codes = targets.codes {
          try .stratified(codes: codes, labels: targets.labels, count: count, seed: seed)
        } else {
          try .random(rows: table.rowCount, count: count, seed: seed)
        }
    } catch {
      throw DataError(file: table.file, error.description)
    }
    let pool = ThreadPool.of(threads)
    var result: CrossValidation?
    for index in 0..<count {
      let split = folds[index]
      let inner = Split(
        of: split.training, codes: targets.codes,
        fraction: validationFraction(rows: split.training.count, warn), seed: seed)
      let design: Design<T> = try design(table, names, { _ in inner }, warn)
      try configuration.validate(for: design.network)
      try checkMonitor(design.coders, design.network)
      if inner.validation.isEmpty { try checkWithoutValidation(rows: split.training.count) }
      let (others, test, _) = try design.coders.datasets(
        of: table, split: split, for: design.network)
      let training = others.subset(inner.training.places(in: split.training))
      let validation =
        inner.validation.isEmpty
        ? nil : others.subset(inner.validation.places(in: split.training))
      var prepared = PreparedFit(
        network: design.network, coders: design.coders,
        configuration: resolved(
          for: design.network, design.coders, examples: training.count,
          hasValidation: validation != nil, held: inner.validation.count),
        training: .memory(training), validation: validation.map { .memory($0) },
        test: .memory(test),
        meanWeight: training.meanWeight, rowCount: table.rowCount, plan: plan)
      try prepared.network.start(
        from: prepared.training, by: prepared.configuration.network.initializer, seed: seed)
      began(index + 1, prepared)
      let summary = try Trainer<T>(configuration: prepared.configuration, threads: threads).train(
        &prepared.network, on: training, validation: validation, metrics: prepared.metrics,
        report: report, isInterrupted: isInterrupted)
      guard summary.reason == .completed || summary.reason == .earlyStop else {
        throw FoldStopped(summary: summary, fold: index + 1)
      }
      var metrics = Metric.usual(for: prepared.metrics, outputs: prepared.network.outputCount)
      if case .quantile(let quantile) = prepared.network.loss {
        metrics.append(.pinball(quantile: quantile))
      }
      var done = result ?? CrossValidation(metrics: metrics)
      let fold = done.add(
        prepared.network, summary, examples: (training.count, validation?.count ?? 0), test: test,
        kind: prepared.metrics,
        positive: prepared.metrics.positiveClass(
          means: try TrainingExamples.memory(training).targetMeans()),
        clipping: design.coders.target, pool: pool)
      ended(index + 1, fold, metrics)
      result = done
    }
    return result ?? CrossValidation(metrics: [])
  }
}

extension [UInt32] {
  /// Where each of these rows stands among others; both ascending.
  fileprivate func places(in rows: [UInt32]) -> [UInt32] {
    var place = 0
    return map { row in
      while rows[place] != row { place += 1 }
      return UInt32(place)
    }
  }
}
