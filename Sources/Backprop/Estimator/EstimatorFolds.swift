/// A fold that came to no good end.
package struct FoldStopped: Error {
  package let summary: TrainingSummary
  /// From 1.
  package let fold: Int
}

extension Estimator {
  /// Deals the rows into folds and judges each by what `fit` makes of the others: a network, for which a part of
  /// these is held out to choose its epoch, or an ensemble, which deals them into folds of its own (nested folds).
  /// Encoders are fitted on those rows alone.
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
    if let own = try following(tables) {
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
    let isEnsemble = configuration.stopping.isEnsemble
    var result: CrossValidation?
    for index in 0..<count {
      let split = folds[index]
      let inner =
        isEnsemble
        ? Split(training: split.training, validation: [])
        : Split(
          of: split.training, codes: targets.codes,
          fraction: validationFraction(rows: split.training.count, warn), seed: seed)
      let design: Design<T> = try design(table, names, { _ in inner }, warn)
      try configuration.validate(for: design.network)
      try checkMonitor(design.coders, design.network)
      if inner.validation.isEmpty, !isEnsemble {
        try checkWithoutValidation(rows: split.training.count)
      }
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
          hasValidation: validation != nil || isEnsemble, held: inner.validation.count),
        training: .memory(training), validation: validation.map { .memory($0) },
        test: .memory(test),
        meanWeight: training.meanWeight, rowCount: table.rowCount, plan: plan)
      try prepared.network.start(
        from: prepared.training, by: prepared.configuration.network.initializer, seed: seed)
      began(index + 1, prepared)
      let (model, summary) = try trained(
        &prepared, warn: warn, report: report, isInterrupted: isInterrupted)
      guard summary.reason == .completed || summary.reason == .earlyStop else {
        throw FoldStopped(summary: summary, fold: index + 1)
      }
      var metrics = Metric.usual(for: prepared.metrics, outputs: prepared.network.outputCount)
      if case .quantile(let quantile) = prepared.network.loss {
        metrics.append(.pinball(quantile: quantile))
      }
      var done = result ?? CrossValidation(metrics: metrics)
      let fold = done.add(
        model.evaluateKeepingPredictions(
          prepared.network, on: test, metrics: prepared.metrics, for: metrics, pool: pool),
        summary, examples: (training.count, validation?.count ?? 0, test.count),
        positive: prepared.metrics.positiveClass(
          means: try TrainingExamples.memory(training).targetMeans()))
      ended(index + 1, fold, metrics)
      result = done
    }
    return result ?? CrossValidation(metrics: [])
  }

  /// What a fit makes of the rows of a fold, and how it ended; a search has its time anew.
  private func trained<T: Scalar>(
    _ prepared: inout PreparedFit<T>, warn: Warn, report: (TrainingEvent) -> Void,
    isInterrupted: () -> Bool
  ) throws -> (Model, TrainingSummary) {
    guard prepared.configuration.stopping.isEnsemble else {
      let summary = try Trainer<T>(configuration: prepared.configuration, threads: threads).train(
        &prepared.network, on: prepared.training, validation: prepared.validation,
        metrics: prepared.metrics, report: report, isInterrupted: isInterrupted)
      return (prepared.model, summary)
    }
    var own = self
    own.search = search?.restarted
    func ended(_ reason: TrainingSummary.Reason, _ divergence: Divergence?) -> TrainingSummary {
      TrainingSummary(
        reason: reason, bestEpoch: 0, epochs: 0, steps: 0, validation: nil, divergence: divergence,
        note: nil, evaluations: nil, seconds: 0)
    }
    do {
      let ensemble = try own.trainMembers(
        prepared, warn: warn, report: report, isInterrupted: isInterrupted)
      return (prepared.model(of: ensemble), ensemble.summary)
    } catch is CancellationError {
      return (prepared.model, ended(.interrupted, nil))
    } catch let error as DivergenceError {
      return (prepared.model, ended(.diverged, error.divergence))
    }
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
