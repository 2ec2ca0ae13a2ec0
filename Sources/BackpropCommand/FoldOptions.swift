import ArgumentParser
import Backprop
import BackpropInspection

/// Whether the data judge themselves, and by how many parts.
struct FoldOptions: ParsableArguments {
  @Option(
    name: .long, parsing: .unconditional,
    help:
      "Cross-validate: deal the rows into so many folds (by class in a classification); each is judged by what is trained on the others alone, encoders too: a network, or an ensemble with folds of its own. Prints the metrics of each fold, their mean and sample standard deviation (n − 1). Saves a model, trained as without --folds, only if -o is given."
  )
  var folds: Int?

  /// Whether a model comes of it.
  func savesModel(_ command: TrainCommand) -> Bool {
    folds == nil || command.goal.output != nil
  }

  /// Refuses what has no meaning beside folds, before any data is read.
  func check(_ command: TrainCommand, _ configuration: TrainingConfiguration) throws {
    guard let folds else { return }
    try Estimator(configuration).validate(folds: folds)
    func refuse(_ option: String, _ isGiven: Bool, _ reason: String) throws {
      if isGiven { throw UsageError("\(option) has no meaning with folds: \(reason)") }
    }
    let checkpoints = "the state of several runs is not saved; leave one of the two out"
    try refuse("--checkpoint", command.checkpoints.checkpoint != nil, checkpoints)
    try refuse("--resume", command.checkpoints.resume != nil, checkpoints)
    guard !savesModel(command) else { return }
    let model = "without -o no model is trained that it could tell about; give -o as well"
    try refuse("--plot", command.records.plot != nil, model)
    try refuse("--curves", command.records.curves, model)
    try refuse("--tensorboard", command.records.tensorBoard != nil, model)
    try refuse("--diagnose", command.goal.diagnose, model)
  }
}

extension TrainingJob {
  /// Trains and judges fold by fold, and reports it; throws unless all folds went well.
  func crossValidate<T: Scalar>(
    _ count: Int, _ tables: FitTables, as precision: T.Type
  ) throws {
    Interruption.becomeRequest()
    defer { reporter.endFolds() }
    do {
      let result: CrossValidation = try estimator.crossValidate(
        tables, folds: count, as: T.self,
        began: { fold, prepared in
          reporter.begin(fold: fold, of: count, prepared.configuration)
          if fold == 1 { reporter.describe(prepared, data: data) }
        },
        ended: { fold, result, metrics in
          reporter.report(result, number: fold, of: count, metrics: metrics)
        }, warn: { reporter.warn(code: $0, $1) }, report: reporter.report,
        isInterrupted: { Interruption.isRequested })
      try reporter.report(result, endsRun: !command.folds.savesModel(command))
    } catch let error as NetworkError {
      throw UsageError(error.description)
    } catch let stopped as FoldStopped {
      reporter.stopped(stopped.summary, inFold: stopped.fold, of: count)
      throw ExitCode(
        stopped.summary.reason == .interrupted
          ? Interruption.exitCode : CommandFailure.badData)
    }
  }
}

// MARK: Reports

extension TrainingReporter {
  /// Tells of a fold that is done.
  func report(_ fold: CrossValidation.Fold, number: Int, of count: Int, metrics: [Metric]) {
    let values =
      [JSONMember("loss", JSONValue(fold.evaluation.loss))]
      + zip(metrics, fold.values).map { JSONMember($0.key, JSONValue($1)) }
    printJSON([
      "event": "fold", "fold": JSONValue(number), "folds": JSONValue(count),
      "examples": JSONValue(fold.examples.training),
      "validationExamples": JSONValue(fold.examples.validation),
      "testExamples": JSONValue(fold.examples.test),
      "reason": .string(fold.summary.reason.rawValue),
      "bestEpoch": JSONValue(fold.summary.bestEpoch),
      "validation": fold.summary.validation.map(Self.json) ?? .null, "test": .object(values),
      "seconds": JSONValue(fold.summary.seconds),
    ])
    let first =
      zip(metrics, fold.values).prefix(2).map(notes.text) + lossText(fold.evaluation.loss, notes)
    note(
      language.text(
        .foldResult, String(number), String(count), first.joined(separator: ", "),
        language.count(fold.examples.test, .example), String(fold.summary.bestEpoch)))
  }

  /// Tells of a fold that came to no good end.
  func stopped(_ summary: TrainingSummary, inFold fold: Int, of count: Int) {
    endWithNothing(summary.reason)
    let place = "fold \(fold) of \(count)"
    Terminal.printError(
      summary.reason == .interrupted
        ? language.text(.interruptedFold, String(fold), String(count))
        : "error: \(place): \(summary.divergence?.description ?? "the run diverged"); try a smaller "
          + "--learning-rate; nothing is saved")
  }

  /// Tells of all folds.
  ///
  /// - Parameter endsRun: Whether no model is going to be trained.
  func report(_ result: CrossValidation, endsRun: Bool) throws {
    finishProgress()
    let metrics = [.loss] + result.metrics
    let statistics = metrics.map { ($0, result.statistics(of: $0)) }
    foldsSummary = [
      "count": JSONValue(result.folds.count),
      "mean": .object(statistics.map { JSONMember($0.key, JSONValue($1.mean)) }),
      "sd": .object(statistics.map { JSONMember($0.key, JSONValue($1.deviation)) }),
    ]
    if endsRun {
      printJSON([
        "event": "end", "reason": "completed", "bestEpoch": nil, "validation": nil, "test": nil,
        "model": nil, "sha256": nil, "folds": foldsSummary ?? nil,
      ])
      if let outputFailure { throw outputFailure }
    }
    guard !json else { return }
    // One fold a column as long as a terminal of 80 columns has room.
    let showsFolds = result.folds.count <= 5
    var table = TextTable(
      [
        (language.text(.metric), .left), (language.text(.mean), .right),
        (language.text(.deviation), .right),
      ]
        + (showsFolds
          ? result.folds.indices.map { (language.text(.fold, String($0 + 1)), .right) }
          : [(language.text(.least), .right), (language.text(.greatest), .right)]))
    for (metric, statistics) in statistics where metric != .loss || !lossIsLogLoss {
      let values = result.folds.map { fold in
        result.metrics.firstIndex(of: metric).map { fold.values[$0] } ?? fold.evaluation.loss
      }
      let shown =
        showsFolds
        ? values
        : [values.reduce(.infinity, Double.minimum), values.reduce(-.infinity, Double.maximum)]
      table.add(
        [results.name(metric)]
          + ([statistics.mean, statistics.deviation] + shown).map { MetricText.value(metric, $0) })
    }
    if showsFolds {
      func row(_ name: Text, _ values: [Int]) {
        table.add([language.text(name), "", ""] + values.map { Format.count($0) })
      }
      row(.examples, result.folds.map(\.examples.test))
      row(.bestEpoch, result.folds.map(\.summary.bestEpoch))
    }
    for line in table.lines(indent: 0) { print(line) }
    print(language.text(.ofFolds, String(result.folds.count)))
    if let outputFailure { throw outputFailure }
  }
}
