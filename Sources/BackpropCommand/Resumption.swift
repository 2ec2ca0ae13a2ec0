import ArgumentParser
import Backprop
import BackpropInspection

/// What a run goes on from: a checkpoint, with the options that its run was started with.
struct Resumption {
  let file: CheckpointFile

  /// The attachment that says that a run went on with other data or options: the coders of the
  /// checkpoint are then not those that the data would give.
  static let forcedKey = "backprop.forced"
  /// The attachment with the points of the learning curves so far.
  static let curvesKey = "backprop.curves"

  var wasForced: Bool {
    get throws { try file.attachments[Self.forcedKey] != nil }
  }

  /// The points that were drawn before; nil if nobody kept them.
  var curves: LearningCurves? {
    get throws {
      try file.attachments[Self.curvesKey].flatMap { text in
        let curves = try? JSONValue(parsing: text).decoded(as: LearningCurves.self)
        return curves?.isConsistent ?? false ? curves : nil
      }
    }
  }

  /// Whether it is one network of several.
  let isEnsemble: Bool

  init(file: CheckpointFile) throws {
    self.file = file
    isEnsemble = try file.attachments[EnsembleCheckpoints.configurationKey] != nil
  }

  /// The settings of its run.
  var configuration: TrainingConfiguration {
    get throws {
      guard let text = try file.attachments[EnsembleCheckpoints.configurationKey] else {
        return try file.configuration
      }
      do {
        let configuration = try JSONValue(parsing: text).decoded(as: TrainingConfiguration.self)
        try configuration.validate()
        return configuration
      } catch {
        throw CheckpointError.damaged(
          path: file.path, reason: "\(EnsembleCheckpoints.configurationKey): \(error)")
      }
    }
  }

  /// How often and how many checkpoints the run saved, where nothing else is said now.
  func restore(_ options: inout CheckpointOptions) throws {
    guard let text = try file.attachments[CheckpointOptions.attachmentKey],
      let stored = try? JSONValue(parsing: text)
    else { return }
    let given = options
    options.every = options.every ?? stored["every"]?.string
    options.keep = options.keep ?? stored["keep"]?.int
    // Of what another wrote no more is taken than what can be meant.
    if (try? options.check()) == nil { options = given }
  }

  /// The state, checked against the run that is to go on.
  ///
  /// - Throws: `ResumptionError` with all that differs and may not.
  func checkpoint<T: Scalar>(
    for prepared: PreparedFit<T>, _ data: DataFingerprint, force: Bool,
    _ reporter: TrainingReporter
  ) throws -> Checkpoint<T> {
    let checkpoint = try Checkpoint<T>(file)
    var differences = checkpoint.differences(
      from: prepared.configuration, prepared.network, data, metrics: prepared.metrics)
    if differences.isEmpty { differences = try coderDifferences(prepared.coders) }
    guard differences.allSatisfy({ force && $0.canBeForced }) else {
      throw ResumptionError(path: file.path, differences: differences, isForced: force)
    }
    if !differences.isEmpty {
      reporter.warn(
        code: "forced",
        "going on in spite of other options or data; the result is not that of one run: "
          + ResumptionError.list(differences))
    }
    reporter.resumedFile = file.path
    reporter.note(
      reporter.language.text(
        .goingOn, file.path, String(checkpoint.epoch), String(checkpoint.step)))
    return checkpoint
  }

  /// Names and labels that became the same numbers, but are not the same.
  func coderDifferences(_ now: ModelData) throws -> [CheckpointMismatch.Difference] {
    let before = try model()
    func names(_ encoder: FeatureEncoder?) -> [String] { encoder?.columns.map(\.name) ?? [] }
    func text(_ encoder: TargetEncoder) -> String {
      Format.list(encoder.columns, limit: 8) + ": " + Format.list(encoder.labels, limit: 8)
    }
    var differences: [CheckpointMismatch.Difference] = []
    if names(now.encoder) != names(before.encoder) {
      differences.append(
        .init(
          "columns", now: Format.list(names(now.encoder), limit: 8),
          before: Format.list(names(before.encoder), limit: 8)))
    } else if now.encoder != before.encoder {
      // Where the names are the same, what differs is what a column holds.
      let pairs = zip(now.encoder?.features ?? [], before.encoder?.features ?? [])
      let (own, other) = pairs.first { $0 != $1 }.map(Self.difference) ?? ("others", "its own")
      differences.append(.init("columns", now: own, before: other))
    }
    if let target = before.targetEncoder, now.target != target {
      differences.append(.init("targets", now: text(now.target), before: text(target)))
    }
    return differences
  }

  /// What a column holds now, and what it held before.
  private static func difference(
    _ now: Feature, _ before: Feature
  ) -> (now: String, before: String) {
    switch (now, before) {
    case (.categorical(let name, let own, _, _, _), .categorical(_, let others, _, _, _)):
      if let category = own.first(where: { !others.contains($0) }) {
        return ("\(name.shown()) with a category \(category.quoted)", "none such")
      }
      if let category = others.first(where: { !own.contains($0) }) {
        return ("\(name.shown()) without a category \(category.quoted)", "it")
      }
      return ("\(name.shown()) of other shares of its categories", "its own")
    case (.numeric(let name, _, _, _, _, _), .numeric):
      return ("\(name.shown()) of other numbers", "its own")
    case (.pixels, _): return ("images", "others")
    default:
      let name = now.columns[0].name.shown()
      if now.columns[0].kind == before.columns[0].kind {
        return ("\(name) of other values", "its own")
      }
      return ("\(name) as \(now.columns[0].kind.noun)", before.columns[0].kind.noun)
    }
  }

  /// The model as it was at the checkpoint: network, encoder, labels and settings.
  func model() throws -> Model {
    let attachments = try file.attachments
    func value<Value: Decodable>(_ key: String, _ type: Value.Type) throws -> Value? {
      do {
        return try attachments[key].map { try JSONValue(parsing: $0).decoded(as: type) }
      } catch let error as DecodingError {
        throw CheckpointError.damaged(path: file.path, reason: "\(key): \(error.line)")
      } catch let error as JSONError {
        throw CheckpointError.damaged(path: file.path, reason: "\(key): \(error)")
      }
    }
    let network: AnyNetwork =
      if try file.precisionName == Double.precisionName {
        .double(try Checkpoint<Double>(file).network)
      } else {
        .float(try Checkpoint<Float>(file).network)
      }
    let encoder = try value(ModelKey.encoder, FeatureEncoder.self)
    let target = try value(ModelKey.target, TargetEncoder.self)
    let sizes = network.sizes
    guard encoder?.outputCount ?? sizes[0] == sizes[0],
      target?.outputCount ?? sizes[sizes.count - 1] == sizes[sizes.count - 1]
    else {
      throw CheckpointError.damaged(
        path: file.path, reason: "its encoders do not fit its network")
    }
    let weights = try value(ModelKey.weights, ExampleWeights.self)
    if let problem = weights?.problem(labels: target?.labels ?? []) {
      throw CheckpointError.damaged(path: file.path, reason: "\(ModelKey.weights): \(problem)")
    }
    return Model(
      members: [network], encoder: encoder, targetEncoder: target,
      configuration: try configuration, weights: weights)
  }
}

/// Why a run does not go on.
struct ResumptionError: UserError {
  let path: String
  let differences: [CheckpointMismatch.Difference]
  let isForced: Bool

  var message: String {
    let remedy =
      differences.allSatisfy(\.canBeForced)
      ? "give the data and options that it was started with, or --force to go on with these"
      : isForced
        ? "--force cannot help here: give what it was started with, or begin a new run"
        : "give what it was started with, or begin a new run"
    return "\(path) is of another run: \(Self.list(differences)); \(remedy)"
  }

  /// "--epochs 60 (the checkpoint has 40), training data 61 examples (the checkpoint has 60)"
  static func list(_ differences: [CheckpointMismatch.Difference]) -> String {
    differences.map { "\(Self.name($0.name)) \($0.now) (the checkpoint has \($0.before))" }
      .joined(separator: ", ")
  }

  /// The option of a setting; what is no setting stays as it is.
  private static func name(_ name: String) -> String {
    let isSetting = Setting.named(name) != nil || name.contains(".")
    return isSetting ? UsageError.option(of: name) : name
  }
}

// MARK: Settings that are taken over

extension TrainingJob {
  /// The job of a command: with its folder of checkpoints open, and, if it resumes, the settings of the
  /// run that it goes on with.
  static func make(for command: TrainCommand) throws -> TrainingJob {
    let options = command.checkpoints
    try options.check()
    try command.folds.check(command, TrainingConfiguration())
    guard let path = options.folder else {
      return try TrainingJob(command, try settings(of: command))
    }
    if let resume = options.resume, options.checkpoint != resume {
      try Folder.checkExists(resume)
    }
    let folder = try CheckpointFolder(path)
    let isSame = options.resume.map { OutputFile.areSame($0, path) } ?? false
    let networks = CheckpointFolder.members(in: path)
    if !isSame, !command.goal.force,
      let newest = folder.names.last ?? networks.first.map({ "member-\($0)" })
    {
      throw DataError(
        file: path, "holds checkpoints of a run already (the newest is \(newest))",
        remedy:
          "go on from them with --resume \(path), or name another folder, or --force to replace them"
      )
    }
    func writer(_ command: TrainCommand) throws -> CheckpointWriter {
      try CheckpointWriter(folder, command.checkpoints, replaces: !isSame)
    }
    guard let resume = options.resume,
      !(isSame && options.checkpoint != nil && folder.names.isEmpty && networks.isEmpty)
    else {
      return try TrainingJob(
        command, try settings(of: command), checkpoints: writer(command))
    }

    let isEnsemble = !CheckpointFolder.members(in: resume).isEmpty
    let (file, damaged) =
      try isEnsemble
      ? EnsembleCheckpoints.newest(in: resume)
      : isSame ? folder.newest() : CheckpointFolder.newest(in: resume)
    let resumption = try Resumption(file: file)
    let stored = try resumption.configuration
    let settings = try settings(of: command, after: stored)
    // Networks that have a state keep its weights, and those that have none would begin with others.
    if let initializer = settings.network.initializer, !command.goal.force || isEnsemble,
      initializer != stored.network.initializer
    {
      throw UsageError(
        "--initializer \(initializer) has no meaning with --resume: the weights are the checkpoint's"
      )
    }
    var command = command
    try resumption.restore(&command.checkpoints)
    let job = try TrainingJob(
      command, settings, checkpoints: writer(command), resumption: resumption)
    if command.goal.output == nil {
      job.reporter.note(job.reporter.language.text(.savedWithoutOutput, job.output))
    }
    // Of an ensemble each network tells of its own.
    for error in isEnsemble ? [] : damaged {
      job.reporter.warn(
        code: "damagedCheckpoint", "\(error.description); going on from the one before",
        evenIfQuiet: true)
    }
    return job
  }

  /// What a checkpoint, a file of settings and the command line say, the last of them first.
  private static func settings(
    of command: TrainCommand, after stored: TrainingConfiguration = TrainingConfiguration()
  ) throws -> TrainingConfiguration {
    var configuration = stored
    if let path = command.goal.config {
      if path == StandardInput.path, command.data == path {
        throw UsageError("DATA and --config are both -, and standard input is read only once")
      }
      try ConfigurationFile.take(path, into: &configuration)
    }
    try CommandWords.take(into: &configuration)
    if let data = command.data { configuration.data.data = data }
    return configuration
  }
}
