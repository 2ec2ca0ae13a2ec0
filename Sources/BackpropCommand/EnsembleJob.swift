import ArgumentParser
import Backprop
import BackpropInspection

extension TrainingJob {
  /// Refuses what an ensemble has no place for, before any data is read.
  static func checkEnsemble(_ command: TrainCommand, _ settings: StoppingSettings) throws {
    guard settings.isEnsemble else { return }
    guard let option = asksForOneRun(command) else { return }
    throw UsageError(
      "\(option) has no meaning for an ensemble of \(settings.members ?? 1) members, which are several "
        + "runs at a time; leave it out, or take --members 1")
  }

  /// The option that asks for one run; nil if none does.
  static func asksForOneRun(_ command: TrainCommand) -> String? {
    [
      ("--plot", command.records.plot != nil), ("--curves", command.records.curves),
      ("--tensorboard", command.records.tensorBoard != nil),
      ("--diagnose", command.goal.diagnose),
    ].first { $0.1 }?.0
  }

  /// Where the states of the networks are saved, and from where they go on; nil for neither.
  private func ensembleCheckpoints() throws -> EnsembleCheckpoints? {
    if let resumption, !resumption.isEnsemble {
      throw UsageError(
        "--resume \(command.checkpoints.resume ?? ""): its run is of one network, and this one is of several; give what it was started with"
      )
    }
    guard let checkpoints else { return nil }
    if let name = checkpoints.folder.names.last, !checkpoints.replaces {
      throw DataError(
        file: checkpoints.folder.path,
        "holds checkpoints of one network (\(name)), and this run has several",
        remedy: "name another folder")
    }
    return EnsembleCheckpoints(
      checkpoints, resumed: resumption == nil ? nil : command.checkpoints.resume)
  }

  /// Trains the members, saves them as one model and reports; throws the exit code unless all went well.
  func trainEnsemble<T: Scalar>(_ prepared: PreparedFit<T>) throws {
    Interruption.becomeRequest()
    reporter.ensemble = prepared.configuration
    let checkpoints = try ensembleCheckpoints()
    if let resumption {
      reporter.resumedFile = resumption.file.path
      let differences = try resumption.coderDifferences(prepared.coders)
      guard differences.isEmpty else {
        throw ResumptionError(
          path: resumption.file.path, differences: differences.map(\.unforced), isForced: false)
      }
    }
    let states: (checkpoints: MemberCheckpoints<T>, resumed: [Int])? = try checkpoints?.members(
      prepared
    ) { reporter.warn(code: "damagedCheckpoint", $0, evenIfQuiet: true) }
    if let resumed = checkpoints?.resumed, let numbers = states?.resumed, !numbers.isEmpty {
      reporter.note(
        reporter.language.text(
          .goingOnWithNetworks, resumed, numbers.map(String.init).joined(separator: ", "),
          String(prepared.configuration.stopping.networkCount)))
    }
    let ensemble: EnsembleFit<T>
    do {
      defer { checkpoints.map(reporter.report) }
      ensemble = try estimator.trainMembers(
        prepared, checkpoints: states?.checkpoints,
        warn: { reporter.warn(code: $0, $1) }, began: { reporter.fold = ($0, $1) },
        tried: reporter.report, report: reporter.report,
        isInterrupted: {
          checkpoints.map(reporter.report)
          return Interruption.isRequested
        })
    } catch let error as CheckpointMismatch {
      throw ResumptionError(
        path: checkpoints?.resumed ?? "", differences: error.differences.map(\.unforced),
        isForced: false)
    } catch is CancellationError {
      reporter.endWithNothing(.interrupted)
      Terminal.printError(
        "interrupted: no model is saved, because no network had finished an epoch"
          + reporter.howToGoOn(to: output))
      throw ExitCode(Interruption.exitCode)
    } catch let error as DivergenceError {
      reporter.endWithNothing(.diverged)
      Terminal.printError(
        "error: a member: \(error.divergence?.description ?? "the run diverged"); try a smaller --learning-rate; "
          + "no model is saved")
      throw ExitCode(CommandFailure.badData)
    }
    reporter.fold = nil
    reporter.report(ensemble)
    let pool = ThreadPool.of(estimator.threads)
    let model = prepared.model(of: ensemble)
    if prepared.configuration.stopping.interval != nil, model.intervals == nil {
      reporter.warn(
        code: "interval",
        "predictions have no intervals: the run was ended before enough rows were judged",
        evenIfQuiet: true)
    }
    let saved = (output, try model.write(to: output))
    var scores = try RunScores(prepared, model, validation: nil, pool: pool)
    scores.outOfFold = ensemble.outOfFold
    reporter.finish(
      ensemble.summary, scores, examples: (prepared.training.count, 0), saved: saved, data: data,
      configuration: ensemble.configuration)
    switch ensemble.summary.reason {
    case .completed, .earlyStop: break
    case .interrupted: throw ExitCode(Interruption.exitCode)
    case .diverged: throw ExitCode(CommandFailure.badData)
    }
    if let failure = reporter.outputFailure { throw failure }
  }
}

extension CheckpointMismatch.Difference {
  /// The same where a run of several networks cannot be made to go on.
  fileprivate var unforced: CheckpointMismatch.Difference {
    .init(name, now: now, before: before, canBeForced: false)
  }
}

extension TrainingReporter {
  /// Tells what has become of the checkpoints since the last call.
  fileprivate func report(_ checkpoints: EnsembleCheckpoints) {
    for event in checkpoints.takeEvents() {
      switch event {
      case .saved(let path, let epoch, let step):
        saved(path, epoch: epoch, step: step, seconds: nil)
        checkpointFolder = checkpoints.path
      case .failed(let reason): warn(code: "checkpoint", reason)
      }
    }
  }

  /// Tells of a trial of a search.
  fileprivate func report(_ trial: SearchTrial) {
    printJSON([
      "event": "trial", "trial": JSONValue(trial.number), "settings": .string(trial.settings),
      "outOfFold": Self.json(trial.outOfFold), "best": .array(trial.best.map { JSONValue($0) }),
      "outOfFoldOfBest": Self.json(trial.ofBest),
    ])
    note(
      language.text(
        .trial, String(trial.number), notes.text(trial.outOfFold), trial.settings,
        notes.text(trial.ofBest), trial.best.map(String.init).joined(separator: " + ")))
  }

  /// Tells how the members of an ensemble ended.
  fileprivate func report<T: Scalar>(_ fit: EnsembleFit<T>) {
    ensemble = fit.configuration
    networks = (saved: fit.members.count, asked: fit.count)
    for (number, summary) in zip(fit.numbers, fit.summaries) {
      printJSON([
        "event": "member", "member": JSONValue(number), "members": JSONValue(fit.count),
        "reason": .string(summary.reason.rawValue), "bestEpoch": JSONValue(summary.bestEpoch),
        "validation": summary.validation.map(Self.json) ?? .null,
        "seconds": JSONValue(summary.seconds),
      ])
    }
    let epochs = fit.summaries.map { String($0.bestEpoch) }
    note(language.text(.bestEpochsOfMembers, epochs.joined(separator: ", ")))
  }
}
