import Dispatch
import Synchronization

/// The members of an ensemble, each trained on all folds of the rows but its own.
///
/// Breiman 1996, *Bagging Predictors*, doi:10.1007/BF00058655; of folds, as cross-validation committees,
/// Parmanto, Munro & Doyle 1996.
package struct EnsembleFit<T: Scalar>: Sendable {
  /// Those that finished an epoch, of a run that was interrupted; else all.
  package let members: [Network<T>]
  /// Which of those that were asked for they are, from 1.
  package let numbers: [Int]
  /// How many were asked for.
  package let count: Int
  /// How the run of each ended.
  package let summaries: [TrainingSummary]
  /// Each row as the members judge it that did not learn from it. The rows have chosen their epochs and
  /// temperatures, and these are fewer members than the mean has.
  package let outOfFold: Evaluation
  /// For each fold the rows that its members did not learn from, and what these say of them.
  let judged: [JudgedFold<T>]
  /// The settings that it was trained by, with those of a search in the place of what was searched.
  package let configuration: TrainingConfiguration
  /// How the whole ended, with the networks that are not kept.
  let reason: TrainingSummary.Reason
  let divergence: Divergence?

  /// How the runs ended, as one: the epochs are those of the member that took the most.
  package var summary: TrainingSummary {
    TrainingSummary(
      reason: reason, bestEpoch: summaries.map(\.bestEpoch).max() ?? 0,
      epochs: summaries.map(\.epochs).max() ?? 0,
      steps: summaries.map(\.steps).reduce(0, +), validation: nil, divergence: divergence,
      note: nil, evaluations: nil, seconds: summaries.map(\.seconds).max() ?? 0)
  }
}

/// Rows of a fold, and the mean of the outputs of the members that did not learn from them.
struct JudgedFold<T: Scalar>: Sendable {
  let rows: [UInt32]
  /// `[rows, outputs]`.
  let outputs: Matrix<T>
}

/// Where the states of an ensemble's networks go, and where those come from that go on.
package struct MemberCheckpoints<T: Scalar>: Sendable {
  /// The state that a network goes on from, by its number from 1; nil for one that begins.
  let resume: @Sendable (Int) -> Checkpoint<T>?
  /// Called once all of these are known to be of this run, before any network begins.
  let begin: @Sendable () -> Void
  /// What receives its further ones, on the thread that trains it.
  let receiver: @Sendable (Int) -> Checkpoints<T>

  package init(
    resume: @escaping @Sendable (Int) -> Checkpoint<T>?, begin: @escaping @Sendable () -> Void,
    receiver: @escaping @Sendable (Int) -> Checkpoints<T>
  ) {
    self.resume = resume
    self.begin = begin
    self.receiver = receiver
  }
}

/// Settings of an ensemble's members, and the network that these are drawn from.
struct Variant<T: Scalar>: Sendable {
  /// What in its settings may be other than in those of the others; empty for nothing.
  let text: String
  let configuration: TrainingConfiguration
  let network: Network<T>
}

/// A network for each fold by the settings of one variant.
struct TrainedFolds<T: Scalar> {
  let variant: Variant<T>
  /// In the order of the folds; nil for those that were interrupted before they finished an epoch.
  let members: [TrainedMember<T>?]
  /// For each row what the member says that did not learn from it; zeros where there is none.
  let outputs: Matrix<T>
}

/// A member that is trained: its network, and how its run ended.
struct TrainedMember<T: Scalar>: Sendable {
  let network: Network<T>
  let summary: TrainingSummary
  /// What of its run nobody was told yet.
  var warnings: [Warning] = []

  struct Warning: Sendable {
    let code, message: String
  }
}

/// Deals the members of an ensemble out to threads.
private final class MemberQueue<T: Scalar>: Sendable {
  private let count: Int
  private let taken = Atomic(0)
  private let stopped = Atomic(false)
  private let done = Mutex<[Int: Result<TrainedMember<T>, any Error>]>([:])

  init(count: Int) { self.count = count }

  /// The next member, from 0; nil if there is none, or all are to stop.
  func next() -> Int? {
    let index = taken.wrappingAdd(1, ordering: .relaxed).oldValue
    return index < count && !isStopped ? index : nil
  }

  var isStopped: Bool { stopped.load(ordering: .relaxed) }
  func stop() { stopped.store(true, ordering: .relaxed) }

  /// An error ends all.
  func receive(_ index: Int, _ result: Result<TrainedMember<T>, any Error>) {
    if case .failure = result { stop() }
    done.withLock { $0[index] = result }
  }

  /// The members in their order; nil for those that were interrupted before they finished an epoch.
  ///
  /// - Throws: What the first of them threw; `CancellationError` if none finished one.
  func members() throws -> [TrainedMember<T>?] {
    let done = done.withLock { $0 }
    let members = try (0..<count).map { index in
      do {
        return try done[index]?.get()
      } catch is CancellationError {
        return nil
      }
    }
    if members.allSatisfy({ $0 == nil }) { throw CancellationError() }
    return members
  }
}

extension Estimator {
  /// Trains the members of an ensemble, side by side on the threads. The number of threads changes no bit.
  ///
  /// Where there is time for more than one ensemble, settings that nobody gave are searched (`RecipeSearch`).
  ///
  /// - Parameters:
  ///   - prepared: All rows as those of training, and a configuration that says how many members.
  ///   - checkpoints: Keeps the states of the networks; nil for none. With them there is no search.
  ///   - began: Is told on the caller's thread of each member that is trained there, from 1, and of how many;
  ///     the first is.
  ///   - tried: Is told of each trial of a search.
  ///   - report: Receives the events of the members that are trained on the caller's thread.
  ///   - isInterrupted: Asked after every step of those; true ends all runs.
  /// - Throws: `DivergenceError` if the loss of a member is no number before an epoch was finished;
  ///   `ConfigurationError` for fewer rows than folds; `CancellationError` if it was interrupted before a member
  ///   had finished an epoch. Members that had are kept. `CheckpointMismatch` for states of another run.
  package func trainMembers<T: Scalar>(
    _ prepared: PreparedFit<T>, checkpoints: MemberCheckpoints<T>? = nil,
    warn: Warn,
    began: (_ number: Int, _ count: Int) -> Void = { _, _ in },
    tried: (SearchTrial) -> Void = { _ in }, report: (TrainingEvent) -> Void,
    isInterrupted: () -> Bool
  ) throws -> EnsembleFit<T> {
    guard case .memory(let data) = prepared.training else {
      preconditionFailure("an ensemble of rows in a file")
    }
    let settings = prepared.configuration.stopping
    let folds = try folds(of: data, prepared.coders.target, settings.members ?? 1, warn)
    func train(_ variants: [Variant<T>]) throws -> [TrainedFolds<T>] {
      try trainFolds(
        variants, prepared, data, folds, checkpoints: checkpoints, warn: warn, began: began,
        report: report,
        isInterrupted: isInterrupted)
    }
    let own = Variant(text: "", configuration: prepared.configuration, network: prepared.network)
    if let text = settings.variants {
      let trained = try train(Variants.parts(of: text).map { try variant($0, of: prepared) })
      return prepared.ensemble(of: trained, data, folds, prepared.configuration)
    }
    guard let search, !search.searched.isEmpty, checkpoints == nil else {
      return prepared.ensemble(of: try train([own]), data, folds, prepared.configuration)
    }
    return try run(
      search, prepared, data, folds, train: train, tried: tried, isInterrupted: isInterrupted)
  }

  /// A network for each variant and fold.
  private func trainFolds<T: Scalar>(
    _ variants: [Variant<T>], _ prepared: PreparedFit<T>, _ data: Dataset<T>, _ folds: Folds,
    checkpoints: MemberCheckpoints<T>?, warn: Warn, began: (Int, Int) -> Void,
    report: (TrainingEvent) -> Void,
    isInterrupted: () -> Bool
  ) throws -> [TrainedFolds<T>] {
    let count = variants.count * folds.count
    let queue = MemberQueue<T>(count: count)
    let workers = min(max(threads, 1), count)
    let threadsOfOne = max(1, threads / workers)
    let fold = FoldTraining(prepared, data, folds, threads: threadsOfOne, checkpoints: checkpoints)
    if let checkpoints {
      // Before any begins: those that do would save states beside those of another run.
      for index in 0..<count {
        try fold.checkState(
          variants[index / folds.count], index % folds.count, number: index + 1)
      }
      checkpoints.begin()
    }
    // The caller's first member is the first of all, whatever the threads do.
    var own = queue.next()
    let others = DispatchGroup()
    for _ in 1..<workers {
      DispatchQueue.global().async(group: others) {
        while let index = queue.next() {
          queue.receive(
            index,
            Result {
              var warnings: [TrainedMember<T>.Warning] = []
              var member = try fold.train(
                variants[index / folds.count], index % folds.count, number: index + 1,
                report: {
                  if case .warning(let code, let message) = $0 {
                    warnings.append(.init(code: code, message: message))
                  }
                }, isInterrupted: { queue.isStopped })
              member.warnings = warnings
              return member
            })
        }
      }
    }
    func stopIfInterrupted() -> Bool {
      if isInterrupted() { queue.stop() }
      return queue.isStopped
    }
    while let index = own {
      began(index + 1, count)
      queue.receive(
        index,
        Result {
          try fold.train(
            variants[index / folds.count], index % folds.count, number: index + 1, report: report,
            isInterrupted: stopIfInterrupted)
        })
      own = queue.next()
    }
    while others.wait(timeout: .now() + .milliseconds(50)) == .timedOut { _ = stopIfInterrupted() }
    let members = try queue.members()
    for warning in members.flatMap({ $0?.warnings ?? [] }) { warn(warning.code, warning.message) }
    let pool = ThreadPool.of(threads)
    return variants.enumerated().map { index, variant in
      let own = Array(members[index * folds.count..<(index + 1) * folds.count])
      return TrainedFolds(variant, own, data, folds, pool: pool)
    }
  }

  /// The fit of an ensemble.
  func fitEnsemble<T: Scalar>(
    _ prepared: PreparedFit<T>, warn: Warn, report: (TrainingEvent) -> Void,
    isInterrupted: () -> Bool
  ) throws -> Fit {
    let ensemble = try trainMembers(
      prepared, warn: warn, report: report, isInterrupted: isInterrupted)
    let pool = ThreadPool.of(threads)
    let model = prepared.model(of: ensemble)
    if prepared.configuration.stopping.interval != nil, model.intervals == nil {
      warn(
        "interval",
        "predictions have no intervals: the run was ended before enough rows were judged")
    }
    var test: Evaluation?
    if case .memory(let rows)? = prepared.test {
      test =
        model.evaluateKeepingPredictions(
          prepared.network, on: rows.unweighted, metrics: prepared.metrics, for: [], pool: pool
        ).evaluation
    }
    return Fit(
      model: model, summary: ensemble.summary, heldOut: ensemble.outOfFold, test: test,
      baseline: try prepared.baseline(on: prepared.judging, pool: pool)
        ?? Evaluation.ofNothing(prepared.metrics), warnings: [])
  }

  /// Deals rows into folds, by class where every class has a row for each.
  private func folds<T: Scalar>(
    of data: Dataset<T>, _ target: TargetEncoder, _ count: Int, _ warn: Warn
  ) throws -> Folds {
    guard data.count >= count else {
      throw ConfigurationError(
        "members",
        "\(count) of \(Format.count(data.count, "row")): each holds out a fold of its own; take at most "
          + "\(data.count)")
    }
    do {
      if target.task == .classification {
        do {
          return try .stratified(
            codes: target.codes(of: data).map { UInt32($0) }, count: count,
            seed: configuration.seed)
        } catch FoldError.fewerExamplesThanFolds {
          warn(
            "folds",
            "a class has fewer rows than there are folds: rows are dealt whatever their class")
        }
      }
      return try .random(rows: data.count, count: count, seed: configuration.seed)
    } catch {
      throw ConfigurationError("members", error.description)
    }
  }
}

extension PreparedFit {
  /// The members of some variants as one ensemble.
  ///
  /// - Parameter wasInterrupted: Whether a search was ended before its time.
  func ensemble(
    of all: [TrainedFolds<T>], _ data: Dataset<T>, _ folds: Folds,
    _ configuration: TrainingConfiguration, wasInterrupted: Bool = false
  ) -> EnsembleFit<T> {
    // Of several settings only those that are whole, or the one that has the most: each network has its place among
    // the folds. What is missing was interrupted, for all else ends the whole.
    func finished(_ place: Int) -> Int { all[place].members.count { $0 != nil } }
    var kept = all.indices.filter { all.count == 1 || all[$0].isWhole }
    if kept.isEmpty, let most = all.indices.max(by: { finished($0) < finished($1) }) {
      kept = [most]
    }
    let trained = kept.map { all[$0] }
    let ends = all.flatMap(\.members)
    let diverged = ends.compactMap { $0?.summary }.first { $0.reason == .diverged }
    let isInterrupted =
      wasInterrupted || ends.contains { $0 == nil || $0?.summary.reason == .interrupted }
    var configuration = configuration
    if trained.count < all.count {
      configuration.stopping.variants = trained.map(\.variant.text).joined(separator: " | ")
    }
    // A fold of which one variant has no member is judged by the others.
    let judged = (0..<folds.count).compactMap { fold -> JudgedFold<T>? in
      let own = trained.filter { $0.members[fold] != nil }
      guard !own.isEmpty else { return nil }
      let rows = folds[fold].validation
      return JudgedFold(rows: rows, outputs: Matrix.mean(of: own.map { $0.outputs.gathered(rows) }))
    }
    var outputs = Matrix<T>(rows: data.count, columns: network.outputCount)
    for fold in judged { outputs.setRows(fold.rows, to: fold.outputs) }
    let rows = judged.flatMap(\.rows).sorted()
    let isWhole = rows.count == data.count
    let members = kept.flatMap { place in
      all[place].members.enumerated().compactMap { fold, member in
        member.map { (number: place * folds.count + fold + 1, member: $0) }
      }
    }
    let examples = isWhole ? data : data.subset(rows)
    return EnsembleFit(
      members: members.map(\.member.network), numbers: members.map(\.number), count: ends.count,
      summaries: members.map(\.member.summary),
      outOfFold: network.evaluate(
        coders.target.clipped(isWhole ? outputs : outputs.gathered(rows)),
        on: examples.unweighted, metrics: metrics
      ).evaluation,
      judged: judged, configuration: configuration,
      reason: diverged != nil ? .diverged : isInterrupted ? .interrupted : .completed,
      divergence: diverged?.divergence)
  }
}

/// What the members of an ensemble have in common.
private struct FoldTraining<T: Scalar>: Sendable {
  private let data: Dataset<T>
  private let folds: Folds
  private let metrics: MetricKind
  private let target: TargetEncoder
  private let threads: Int
  private let checkpoints: MemberCheckpoints<T>?

  init(
    _ prepared: PreparedFit<T>, _ data: Dataset<T>, _ folds: Folds, threads: Int,
    checkpoints: MemberCheckpoints<T>?
  ) {
    (self.data, self.folds, self.threads) = (data, folds, threads)
    self.checkpoints = checkpoints
    (metrics, target) = (prepared.metrics, prepared.coders.target)
  }

  /// One member: fresh weights, its own order of rows, its own best epoch and temperature.
  ///
  /// - Parameters:
  ///   - fold: The one that it does not learn from, from 0.
  ///   - number: That of the network, from 1.
  func train(
    _ variant: Variant<T>, _ fold: Int, number: Int, report: (TrainingEvent) -> Void,
    isInterrupted: () -> Bool
  ) throws -> TrainedMember<T> {
    let configuration = configuration(of: variant, fold)
    let (training, validation) = examples(fold)
    let trainer = try Trainer<T>(configuration: configuration, threads: threads)
    let receiver = checkpoints?.receiver(number)
    var network: Network<T>
    let summary: TrainingSummary
    if let state = checkpoints?.resume(number) {
      network = variant.network
      summary = try trainer.resume(
        &network, from: state, on: training, validation: validation, metrics: metrics,
        checkpoints: receiver, report: report, isInterrupted: isInterrupted)
    } else {
      let initializer = configuration.network.initializer
      network = variant.network.freshlyDrawn(seed: configuration.seed, by: initializer)
      try network.start(from: .memory(training), by: initializer, seed: configuration.seed)
      summary = try trainer.train(
        &network, on: training, validation: validation, metrics: metrics,
        checkpoints: receiver, report: report, isInterrupted: isInterrupted)
    }
    if summary.bestEpoch == 0 {
      throw summary.reason == .diverged
        ? DivergenceError(divergence: summary.divergence) : CancellationError()
    }
    if target.task == .classification,
      target.hasProbabilities(outputActivation: network.outputActivation)
    {
      network.calibrate(
        on: validation,
        classes: target.codes(of: validation), pool: ThreadPool.of(threads))
    }
    return TrainedMember(network: network, summary: summary)
  }

  /// Looks whether the state that a network goes on from, if there is one, is of this run.
  ///
  /// - Throws: `CheckpointMismatch`.
  func checkState(_ variant: Variant<T>, _ fold: Int, number: Int) throws {
    guard let state = checkpoints?.resume(number) else { return }
    let (training, validation) = examples(fold)
    let differences = state.differences(
      from: configuration(of: variant, fold), variant.network,
      DataFingerprint(training: training, validation: validation), metrics: metrics)
    guard differences.isEmpty else { throw CheckpointMismatch(differences: differences) }
  }

  /// The settings of one member, whose seed is its own.
  private func configuration(of variant: Variant<T>, _ fold: Int) -> TrainingConfiguration {
    var configuration = variant.configuration
    var random = RandomSource(seed: configuration.seed, purpose: .member, index: UInt32(fold))
    configuration.seed = UInt64(random.nextWord()) << 32 | UInt64(random.nextWord())
    configuration.stopping.members = nil
    configuration.stopping.interval = nil
    return configuration
  }

  private func examples(_ fold: Int) -> (training: Dataset<T>, validation: Dataset<T>) {
    (data.subset(folds[fold].training), data.subset(folds[fold].validation))
  }
}

extension TrainedFolds {
  /// Whether each member came to its end.
  var isWhole: Bool {
    members.allSatisfy { member in
      member.map { $0.summary.reason == .completed || $0.summary.reason == .earlyStop } ?? false
    }
  }

  /// - Parameter members: In the order of the folds.
  fileprivate init(
    _ variant: Variant<T>, _ members: [TrainedMember<T>?], _ data: Dataset<T>, _ folds: Folds,
    pool: ThreadPool?
  ) {
    var outputs = Matrix<T>(rows: data.count, columns: variant.network.outputCount)
    for case (let fold, let member?) in members.enumerated() {
      let rows = folds[fold].validation
      let own = member.network.predictions(for: data.subset(rows).inputs, pool: pool)
      outputs.setRows(rows, to: own)
    }
    self.init(variant: variant, members: members, outputs: outputs)
  }
}
