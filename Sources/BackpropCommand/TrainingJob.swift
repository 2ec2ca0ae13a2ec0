import ArgumentParser
import Backprop
import BackpropInspection

/// One call of `train`: from options that have been checked to a model that has been saved.
struct TrainingJob {
  let command: TrainCommand
  private(set) var estimator: Estimator
  /// The path of the data.
  let data: String
  let output: String
  let reporter: TrainingReporter
  /// Where checkpoints go; nil if there are none.
  let checkpoints: CheckpointWriter?
  /// What to go on from; nil for a run that begins.
  let resumption: Resumption?

  /// Checks all that can be checked before data is read.
  ///
  /// - Parameters:
  ///   - configuration: What all sources of settings say together.
  ///   - checkpoints: Makes what saves the state of the run.
  init(
    _ command: TrainCommand, _ configuration: TrainingConfiguration,
    checkpoints: CheckpointWriter? = nil, resumption: Resumption? = nil
  ) throws {
    self.command = command
    self.checkpoints = checkpoints
    self.resumption = resumption
    guard let data = configuration.data.data else {
      throw UsageError("give DATA, a file or a folder with IDX files, or --resume DIR")
    }
    self.data = data
    output = command.goal.output ?? command.checkpoints.output ?? GoalOptions.defaultOutput
    reporter = try TrainingReporter(
      json: command.outputOptions.json, command.outputOptions)
    try command.folds.check(command, configuration)
    try Self.checkEnsemble(command, configuration.stopping)
    var base: Model?
    // Of a run that went on from a model, or goes on with other data, columns must become inputs as they
    // did when the weights were learned.
    if let resumption, !resumption.isEnsemble,
      try configuration.data.from != nil || command.goal.force || resumption.wasForced
    {
      base = try resumption.model()
    } else {
      base = try configuration.data.from.map { try Model(contentsOf: $0) }
    }
    var estimator = Estimator(
      configuration, from: base, threads: try command.outputOptions.threadCount())
    estimator.seconds = try command.goal.seconds(configuration)
    self.estimator = estimator
    if estimator.seconds != nil, checkpoints != nil {
      throw UsageError(
        "--time has no meaning with checkpoints: what a search comes to depends on how long it went on; leave one of the two out"
      )
    }
    if command.goal.spool != nil, configuration.data.memory == nil {
      throw UsageError("--spool needs --memory")
    }
    try estimator.validate()
    // The model to go on from may be replaced by what becomes of it; data never.
    let inputs = [
      data, configuration.stopping.validationData, configuration.stopping.testFile,
    ]
    try OutputFile.check(output, isNoneOf: inputs)
    if let test = configuration.stopping.testFile,
      let same = [data, configuration.stopping.validationData].compactMap(\.self).first(where: {
        OutputFile.areSame($0, test)
      })
    {
      throw UsageError(
        "--test \(test.shown()) is \(same.shown()), whose rows are learned from or choose the epoch; "
          + "give other rows, or a part of these: --test 0.2")
    }
    if command.folds.savesModel(command) {
      if command.goal.output == nil, command.checkpoints.resume != nil,
        let target = Folder.link(at: output)
      {
        // It may have come with the checkpoints, from elsewhere.
        throw UsageError("\(output) is a link to \(target); say with -o where the model goes")
      }
      try OutputFile.checkModel(output, force: command.goal.force)
    }
    try command.records.check(
      model: output, inputs: inputs + [configuration.data.from], force: command.goal.force)
  }

  func run<T: Scalar>(in precision: T.Type) throws {
    if resumption != nil, command.data == nil, data == StandardInput.path {
      throw UsageError(
        "the run read standard input: give DATA, which is - for the same rows by standard input again"
      )
    }
    if let stored = try resumption?.configuration {
      for (path, before, what, option) in [
        (data, stored.data.data, "data", "DATA"),
        (
          estimator.configuration.stopping.validationData, stored.stopping.validationData,
          "validation data", "--validation-data"
        ),
      ] {
        guard let path, path == before, path != StandardInput.path, !Folder.exists(path) else {
          continue
        }
        throw DataError(
          file: path, "is the \(what) that the checkpoint names, and there is no such file here",
          remedy: "give \(option), or go on where the run was begun")
      }
    }
    let tables = try estimator.readTables(data, spoolFolder: spoolFolder, reporter) {
      $0.hasCheckpoints = checkpoints != nil
      $0.oneRun = Self.asksForOneRun(command)
    }
    // Once: what judges and what is saved are of one plan.
    var job = self
    job.estimator = try estimator.planned(for: tables)
    try job.run(on: tables, in: precision)
  }

  private func run<T: Scalar>(on tables: FitTables, in precision: T.Type) throws {
    if let count = command.folds.folds {
      try crossValidate(count, tables, as: T.self)
      if !command.folds.savesModel(command) { return }
    }
    var prepared: PreparedFit<T> = try estimator.preparing(tables, reporter)
    reporter.describe(prepared, data: data)
    if prepared.configuration.stopping.isEnsemble {
      try trainEnsemble(prepared)
    } else {
      try train(&prepared)
    }
  }

  private var spoolFolder: String { command.goal.spool ?? Folder.split(output).folder }

  /// Trains, saves and reports; throws the exit code unless all went well.
  private func train<T: Scalar>(_ prepared: inout PreparedFit<T>) throws {
    if resumption?.isEnsemble == true {
      throw UsageError(
        "--resume \(command.checkpoints.resume ?? ""): its run is of several networks, and this one is of one; leave --members out"
      )
    }
    if let checkpoints, !checkpoints.replaces,
      let number = CheckpointFolder.members(in: checkpoints.folder.path).first
    {
      throw DataError(
        file: checkpoints.folder.path,
        "holds checkpoints of several networks (member-\(number)), and this run is of one",
        remedy: "name another folder")
    }
    let records = RunRecords(
      command.records, data: data, target: prepared.coders.target.columns,
      warn: { reporter.warn(code: $0, $1) })
    let trainer = try Trainer<T>(
      configuration: prepared.configuration, threads: estimator.threads)
    var observers: [any TrainingObserver<T>] = records.observers()
    if command.goal.diagnose {
      var options = DiagnosisOptions()
      options.isUntrained = estimator.base?.configuration == nil
      observers.append(DiagnosisObserver<T>(options, report: reporter.report))
    }
    Interruption.becomeRequest()
    let report = { (event: TrainingEvent) in
      reporter.report(event)
      records.report(event)
    }
    if let resumption { try records.goOn(from: resumption.curves) }
    let isForced = try resumption.map { try command.goal.force || $0.wasForced } ?? false
    let receiver: Checkpoints<T>? = try checkpoints?.receiver(
      prepared.coders, isForced: isForced, records: records, reporter)
    let (training, validation) = (prepared.training, prepared.validation)
    let fingerprint =
      resumption == nil && receiver == nil
      ? nil : try DataFingerprint(training: training, validation: validation)
    let summary: TrainingSummary
    if let resumption, let fingerprint {
      let checkpoint = try resumption.checkpoint(
        for: prepared, fingerprint, force: command.goal.force, reporter)
      summary = try trainer.resume(
        &prepared.network, from: checkpoint, on: training, validation: validation,
        metrics: prepared.metrics, data: fingerprint, force: command.goal.force,
        checkpoints: receiver, observers: observers, report: report,
        isInterrupted: { Interruption.isRequested })
    } else {
      summary = try trainer.train(
        &prepared.network, on: training, validation: validation, metrics: prepared.metrics,
        data: fingerprint, checkpoints: receiver, observers: observers, report: report,
        isInterrupted: { Interruption.isRequested })
    }

    let pool = ThreadPool.of(estimator.threads)
    let model = prepared.modelWithIntervals(pool: pool)
    var saved: (path: String, sha256: String)?
    if summary.reason != .diverged || summary.bestEpoch > 0 {
      saved = (output, try model.write(to: output))
    }
    let isWhole = summary.reason == .completed || summary.reason == .earlyStop
    let scores =
      isWhole
      ? try RunScores(prepared, model, validation: summary.validation, pool: pool) : nil
    reporter.finish(
      summary, scores, examples: (training.count, validation?.count ?? 0), saved: saved,
      data: data, configuration: prepared.configuration,
      curves: records.textForTerminal(
        isResult: !command.outputOptions.json, reporter.language))
    switch summary.reason {
    case .completed, .earlyStop:
      if let failure = reporter.outputFailure { throw failure }
      if let failure = records.failure { throw failure }
    case .interrupted: throw ExitCode(Interruption.exitCode)
    case .diverged: throw ExitCode(CommandFailure.badData)
    }
  }
}

extension Estimator {
  /// Reads the data of a run, and tells what there is to be known about it.
  func readTables(
    _ path: String, spoolFolder: String = ".", _ reporter: TrainingReporter,
    _ change: (inout FitTables) -> Void = { _ in }
  ) throws -> FitTables {
    let options = try TableOptions(
      configuration.data, for: base, threads: threads)
    reporter.reading(path)
    let source = try DataSource.open(existing: path, options: options)
    source.training.warnings.forEach { reporter.warn(code: "table", $0) }
    if base?.encoder == nil {
      source.training.columnWarnings.forEach { reporter.warn(code: "column", $0) }
    }
    let stopping = configuration.stopping
    for (part, isUnused) in [
      ("test", source.test != nil && (stopping.testFile != nil || stopping.testPart ?? 0 > 0)),
      (
        "validation",
        source.validation != nil && (stopping.validationData != nil || stopping.validation ?? 0 > 0)
      ),
    ] where isUnused {
      reporter.warn(
        code: "unused",
        "the \(part) rows that \(path.shown()) brings are not used: --\(part) says otherwise")
    }
    var tables = FitTables(
      training: source.training, test: stopping.test == nil ? source.test : nil,
      targets: source.targets)
    tables.test =
      try stopping.testFile.map {
        let other = try DataSource.open(existing: $0, options: options)
        return other.test ?? other.training
      } ?? tables.test
    tables.validation = try configuration.stopping.validationData.map {
      try DataSource.open(existing: $0, options: options).training
    }
    if configuration.stopping.validationData == nil, configuration.stopping.validation == nil {
      tables.validation = source.validation
    }
    tables.spoolFolder = spoolFolder
    change(&tables)
    return tables
  }

  /// Examples, coders and network of a run; what makes no network is a mistake of the caller's.
  func preparing<T: Scalar>(
    _ tables: FitTables, _ reporter: TrainingReporter
  ) throws -> PreparedFit<T> {
    do {
      let prepared = try prepare(tables, as: T.self) { reporter.warn(code: $0, $1) }
      for table in [tables.training, tables.validation, tables.test].compactMap(\.self) {
        table.unknowns.lines.forEach { reporter.warn(code: "unknown", $0) }
      }
      return prepared
    } catch let error as NetworkError {
      throw UsageError(error.description)
    }
  }
}

extension DataSource {
  /// Opens data, that of standard input if the path is `-`; if there is no such file, suggests one of a
  /// similar name.
  static func open(existing path: String, options: TableOptions) throws -> DataSource {
    if path == StandardInput.path {
      try StandardInput.spool()
    } else {
      try Folder.checkExists(path)
    }
    return try open(path: path, options: options)
  }
}
