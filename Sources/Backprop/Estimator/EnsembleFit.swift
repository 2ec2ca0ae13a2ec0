import Dispatch
import Synchronization

/// The members of an ensemble, each trained on all folds of the rows but its own.
///
/// Breiman 1996, *Bagging Predictors*, doi:10.1007/BF00058655; of folds, as cross-validation committees,
/// Parmanto, Munro & Doyle 1996.
package struct EnsembleFit<T: Scalar>: Sendable {
  package let members: [Network<T>]
  /// How the run of each ended.
  package let summaries: [TrainingSummary]
  /// Each row as the member judges it that did not learn from it. The rows have chosen that member's epoch
  /// and temperature, and it is one member and not their mean.
  package let outOfFold: Evaluation

  /// How the runs ended, as one: the epochs are those of the member that took the most.
  package var summary: TrainingSummary {
    let diverged = summaries.first { $0.reason == .diverged }
    return TrainingSummary(
      reason: diverged?.reason
        ?? (summaries.contains { $0.reason == .interrupted } ? .interrupted : .completed),
      bestEpoch: summaries.map(\.bestEpoch).max() ?? 0, epochs: summaries.map(\.epochs).max() ?? 0,
      steps: summaries.map(\.steps).reduce(0, +), validation: nil, divergence: diverged?.divergence,
      note: nil,
      evaluations: nil, seconds: summaries.map(\.seconds).max() ?? 0)
  }
}

/// A member that is trained: its network, and how its run ended.
private struct TrainedMember<T: Scalar>: Sendable {
  let network: Network<T>
  let summary: TrainingSummary
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

  /// All members in their order.
  ///
  /// - Throws: What the first of them threw; `CancellationError` if one was not trained.
  func members() throws -> [TrainedMember<T>] {
    let done = done.withLock { $0 }
    for index in 0..<count {
      if case .failure(let error)? = done[index], !(error is CancellationError) { throw error }
    }
    return try (0..<count).map { index in
      guard let result = done[index] else { throw CancellationError() }
      return try result.get()
    }
  }
}

extension Estimator {
  /// Trains the members of an ensemble, side by side on the threads. The number of threads changes no bit.
  ///
  /// - Parameters:
  ///   - prepared: All rows as those of training, and a configuration that says how many members.
  ///   - began: Is told on the caller's thread of each member that is trained there, from 1; the first is.
  ///   - report: Receives the events of those.
  ///   - isInterrupted: Asked after every step of those; true ends all runs.
  /// - Throws: `DivergenceError` if the loss of a member is no number before an epoch was finished;
  ///   `ConfigurationError` for fewer rows than folds; `CancellationError` if a member had finished no epoch.
  package func trainMembers<T: Scalar>(
    _ prepared: PreparedFit<T>, warn: Warn, began: (Int) -> Void = { _ in },
    report: (TrainingEvent) -> Void, isInterrupted: () -> Bool
  ) throws -> EnsembleFit<T> {
    guard case .memory(let data) = prepared.training else {
      preconditionFailure("an ensemble of rows in a file")
    }
    let count = prepared.configuration.stopping.members ?? 1
    let folds = try folds(of: data, prepared.coders.target, count, warn)
    let queue = MemberQueue<T>(count: count)
    let workers = min(max(threads, 1), count)
    let threadsOfOne = max(1, threads / workers)
    // The caller's first member is the first of all, whatever the threads do.
    var own = queue.next()
    let others = DispatchGroup()
    for _ in 1..<workers {
      DispatchQueue.global().async(group: others) {
        while let index = queue.next() {
          queue.receive(
            index,
            Result {
              try self.train(
                prepared, on: data, folds[index], number: index, threads: threadsOfOne,
                report: { _ in }, isInterrupted: { queue.isStopped })
            })
        }
      }
    }
    func stopIfInterrupted() -> Bool {
      if isInterrupted() { queue.stop() }
      return queue.isStopped
    }
    while let index = own {
      began(index + 1)
      queue.receive(
        index,
        Result {
          try self.train(
            prepared, on: data, folds[index], number: index, threads: threadsOfOne,
            report: report, isInterrupted: stopIfInterrupted)
        })
      own = queue.next()
    }
    while others.wait(timeout: .now() + .milliseconds(50)) == .timedOut { _ = stopIfInterrupted() }
    let members = try queue.members()
    return EnsembleFit(
      members: members.map(\.network), summaries: members.map(\.summary),
      outOfFold: outOfFold(members.map(\.network), prepared, data, folds))
  }

  /// The fit of an ensemble.
  func fitEnsemble<T: Scalar>(
    _ prepared: PreparedFit<T>, warn: Warn, report: (TrainingEvent) -> Void,
    isInterrupted: () -> Bool
  ) throws -> Fit {
    let ensemble = try trainMembers(
      prepared, warn: warn, report: report, isInterrupted: isInterrupted)
    let model = prepared.model(of: ensemble.members)
    let pool = ThreadPool.of(threads)
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

  /// One member: fresh weights, its own order of rows, its own best epoch and temperature.
  private func train<T: Scalar>(
    _ prepared: PreparedFit<T>, on data: Dataset<T>, _ split: Split, number: Int, threads: Int,
    report: (TrainingEvent) -> Void, isInterrupted: () -> Bool
  ) throws -> TrainedMember<T> {
    var configuration = prepared.configuration
    var random = RandomSource(
      seed: configuration.seed, purpose: .member, index: UInt32(number))
    configuration.seed = UInt64(random.nextWord()) << 32 | UInt64(random.nextWord())
    configuration.stopping.members = nil
    let (training, validation) = (data.subset(split.training), data.subset(split.validation))
    var network = prepared.network.freshlyDrawn(
      seed: configuration.seed, by: configuration.network.initializer)
    try network.start(
      from: .memory(training), by: configuration.network.initializer, seed: configuration.seed)
    let summary = try Trainer<T>(configuration: configuration, threads: threads).train(
      &network, on: training, validation: validation, metrics: prepared.metrics, report: report,
      isInterrupted: isInterrupted)
    if summary.bestEpoch == 0 {
      throw summary.reason == .diverged
        ? DivergenceError(divergence: summary.divergence) : CancellationError()
    }
    let target = prepared.coders.target
    if target.task == .classification,
      target.hasProbabilities(outputActivation: network.outputActivation)
    {
      network.calibrate(
        on: validation,
        classes: target.codes(of: validation), pool: ThreadPool.of(threads))
    }
    return TrainedMember(network: network, summary: summary)
  }

  private func outOfFold<T: Scalar>(
    _ members: [Network<T>], _ prepared: PreparedFit<T>, _ data: Dataset<T>, _ folds: Folds
  ) -> Evaluation {
    let pool = ThreadPool.of(threads)
    var outputs = Matrix<T>(rows: data.count, columns: prepared.network.outputCount)
    for (index, network) in members.enumerated() {
      let rows = folds[index].validation
      let own = network.predictions(for: data.subset(rows).inputs, pool: pool)
      for (place, row) in rows.enumerated() {
        outputs.setRow(Int(row), to: own[row: place])
      }
    }
    return prepared.network.evaluate(outputs, on: data.unweighted, metrics: prepared.metrics)
      .evaluation
  }
}
