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
      ("--checkpoint", command.checkpoints.checkpoint != nil),
      ("--resume", command.checkpoints.resume != nil), ("--plot", command.records.plot != nil),
      ("--curves", command.records.curves), ("--tensorboard", command.records.tensorBoard != nil),
      ("--diagnose", command.goal.diagnose),
    ].first { $0.1 }?.0
  }

  /// Trains the members, saves them as one model and reports; throws the exit code unless all went well.
  func trainEnsemble<T: Scalar>(_ prepared: PreparedFit<T>) throws {
    Interruption.becomeRequest()
    reporter.ensemble = prepared.configuration
    let ensemble: EnsembleFit<T>
    do {
      ensemble = try estimator.trainMembers(
        prepared, warn: { reporter.warn(code: $0, $1) },
        began: { reporter.fold = ($0, $1) }, tried: reporter.report, report: reporter.report,
        isInterrupted: { Interruption.isRequested })
    } catch is CancellationError {
      reporter.endWithNothing(.interrupted)
      Terminal.printError(
        "interrupted: nothing is saved, because no network had finished an epoch")
      throw ExitCode(Interruption.exitCode)
    } catch let error as DivergenceError {
      reporter.endWithNothing(.diverged)
      Terminal.printError(
        "error: a member: \(error.divergence?.description ?? "the run diverged"); try a smaller --learning-rate; "
          + "nothing is saved")
      throw ExitCode(CommandFailure.badData)
    }
    reporter.fold = nil
    reporter.report(zip(ensemble.numbers, ensemble.summaries), of: ensemble.configuration)
    let pool = ThreadPool.of(estimator.threads)
    let model = prepared.model(of: ensemble, pool: pool)
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

extension TrainingReporter {
  /// Tells of a trial of a search.
  fileprivate func report(_ trial: SearchTrial) {
    printJSON([
      "event": "trial", "trial": JSONValue(trial.number), "settings": .string(trial.settings),
      "outOfFold": Self.json(trial.outOfFold), "best": .array(trial.best.map { JSONValue($0) }),
      "outOfFoldOfBest": Self.json(trial.ofBest),
    ])
    func score(_ evaluation: Evaluation) -> String {
      notes.text(evaluation)
    }
    note(
      language.text(
        .trial, String(trial.number), score(trial.outOfFold), trial.settings,
        score(trial.ofBest), trial.best.map(String.init).joined(separator: " + ")))
  }

  /// Tells how the members of an ensemble ended.
  fileprivate func report(
    _ members: some Sequence<(Int, TrainingSummary)>, of configuration: TrainingConfiguration
  ) {
    let members = Array(members)
    ensemble = configuration
    let count = configuration.stopping.networkCount
    membersSaved = members.count
    for (number, summary) in members {
      printJSON([
        "event": "member", "member": JSONValue(number), "members": JSONValue(count),
        "reason": .string(summary.reason.rawValue), "bestEpoch": JSONValue(summary.bestEpoch),
        "validation": summary.validation.map(Self.json) ?? .null,
        "seconds": JSONValue(summary.seconds),
      ])
    }
    let epochs = members.map { String($0.1.bestEpoch) }
    note(language.text(.bestEpochsOfMembers, epochs.joined(separator: ", ")))
  }
}
