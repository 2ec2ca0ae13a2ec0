import ArgumentParser
import Backprop
import BackpropInspection

/// When the state of a run is saved, and which one to go on from.
struct CheckpointOptions: ParsableArguments {
  @Option(
    name: .long,
    help: ArgumentHelp("Save the state of the run here again and again.", valueName: "dir"))
  var checkpoint: String?

  @Option(
    name: .long, parsing: .unconditional,
    help: ArgumentHelp(
      "How often: after 30s, 5m or 2h, or after so many steps. (default: \(Self.defaultEvery))",
      visibility: .hidden))
  var every: String?

  @Option(
    name: .long, parsing: .unconditional,
    help: ArgumentHelp(
      "How many checkpoints to keep. (default: \(CheckpointFolder.usualKeep))", visibility: .hidden)
  )
  var keep: Int?

  @Option(
    name: .long,
    help:
      "Go on from the newest whole checkpoint of this folder, with its data and settings, to the same model as without a break, and save there. Give --plot and --tensorboard again. With --checkpoint a run begins if there is none."
  )
  var resume: String?

  static let defaultEvery = "30s"
  /// The attachment of a checkpoint that holds how often and how many are saved.
  static let attachmentKey = "backprop.checkpoints"

  /// Where checkpoints are saved.
  var folder: String? { checkpoint ?? resume }

  /// Where the model of a run that may resume another is saved if nobody says so: beside its
  /// checkpoints, for a checkpoint does not say it either. Nil for other runs.
  var output: String? {
    guard resume != nil, let folder else { return nil }
    return folder + (folder.hasSuffix("/") ? "" : "/") + GoalOptions.defaultOutput
  }

  /// Checks what can be checked without a look at the disk.
  func check() throws {
    for (option, text) in [("--checkpoint", checkpoint), ("--resume", resume)] where text == "" {
      throw UsageError("\(option) \"\": give the name of a folder")
    }
    _ = try interval
    if let keep, keep < 1 { throw UsageError("--keep \(keep): give a number of at least 1") }
    if folder == nil, every != nil || keep != nil {
      throw UsageError("\(every != nil ? "--every" : "--keep") needs --checkpoint DIR")
    }
  }

  var interval: CheckpointInterval {
    get throws {
      let text = every ?? Self.defaultEvery
      if let steps = Int(text), steps >= 1 { return .steps(steps) }
      if let seconds = Names.seconds(text) { return .seconds(seconds) }
      throw UsageError(
        "--every \(text): give a time such as 30s, 5m or 2h, or a number of steps such as 1000")
    }
  }
}

/// Saves the checkpoints of a run. A disk that is full is no reason to lose the run: it goes on, the
/// checkpoint before stays, and a warning tells.
final class CheckpointWriter {
  let folder: CheckpointFolder
  let interval: CheckpointInterval
  let keep: Int
  /// As a resumed run takes them over.
  let options: JSONValue
  /// Whether what stands in the folder is of another run, and goes with the first checkpoint of this.
  private(set) var replaces: Bool
  private var isFailing = false
  private let clock = ContinuousClock()

  init(
    _ folder: CheckpointFolder, _ options: CheckpointOptions, replaces: Bool
  ) throws {
    self.replaces = replaces
    self.folder = folder
    interval = try options.interval
    keep = options.keep ?? CheckpointFolder.usualKeep
    self.options = [
      "every": options.every.map { .string($0) } ?? nil,
      "keep": options.keep.map { JSONValue($0) } ?? nil,
    ]
  }

  /// What receives the checkpoints of a run on data that is encoded so.
  ///
  /// - Parameters:
  ///   - isForced: Whether the run has gone on with other data or options before.
  ///   - records: What is drawn of the run so far is kept as well.
  func receiver<T: Scalar>(
    _ data: ModelData, isForced: Bool, records: RunRecords, _ reporter: TrainingReporter
  ) throws -> Checkpoints<T> {
    var attachments = try data.attachments
    attachments[CheckpointOptions.attachmentKey] = options.description
    if isForced { attachments[Resumption.forcedKey] = "true" }
    return Checkpoints(every: interval) { checkpoint in
      var checkpoint = checkpoint
      checkpoint.attachments = attachments
      checkpoint.attachments[Resumption.curvesKey] = records.curvesText
      self.save(checkpoint, reporter)
    }
  }

  private func save<T: Scalar>(_ checkpoint: Checkpoint<T>, _ reporter: TrainingReporter) {
    let start = clock.now
    do {
      let path = try folder.save(checkpoint, keep: keep, replacing: replaces)
      if replaces { CheckpointFolder.removeOthers(in: folder.path, than: nil, of: 1) }
      replaces = false
      isFailing = false
      let (seconds, attoseconds) = (clock.now - start).components
      reporter.saved(
        path, epoch: checkpoint.epoch, step: checkpoint.step,
        seconds: Double(seconds) + Double(attoseconds) * 1e-18)
    } catch {
      if !isFailing || Interruption.isRequested {
        let last = folder.names.last.map { "; \($0) stays the newest" } ?? ""
        reporter.warn(
          code: "checkpoint", "no checkpoint after step \(checkpoint.step): \(error)\(last)")
      }
      isFailing = true
    }
  }
}
