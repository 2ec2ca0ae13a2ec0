import Dispatch
import Synchronization

/// From a table to a model: what most programs need.
///
/// ```swift
/// let table = try Table(contentsOf: "penguins.csv")
/// let fit = try Estimator(target: "species", seed: 1).fit(table)
/// print(fit.heldOut)
/// try fit.model.write(to: "penguins.safetensors")
/// ```
///
/// Task, output layer and loss follow from the target, all else from the table, unless the configuration says so: of
/// 100 rows and more mostly five networks, each of which leaves out a fifth of the rows to choose its best epoch,
/// and whose mean is the model; of fewer rows one network, for which a fifth is held out. `backprop train` is a face
/// of this type: the same configuration and data give the same model, bit for bit, whatever the number of threads.
public struct Estimator: Sendable {
  /// What decides the fit.
  public var configuration: TrainingConfiguration
  /// The model to go on from: its network, encoder and labels. Nil for a new one.
  public var base: Model?
  /// Threads to use, at least 1. Changes the time and not the result.
  public var threads: Int
  /// The seconds that the recipe `auto` plans for, and searches settings in; nil for as many as usual, and for a plan
  /// that is the same on every machine.
  package var seconds: Double?
  /// What the recipe `auto` came to; nil where it was not asked.
  var plan: RecipePlan?
  /// The search around the plan; nil where no time is given.
  var search: RecipeSearch?

  /// An estimator with a configuration.
  ///
  /// - Parameters:
  ///   - configuration: What decides the fit; its `data.target` names what is to be learned.
  ///   - base: The model to go on from; nil for a new one.
  ///   - threads: Nil for one on each physical core.
  public init(
    _ configuration: TrainingConfiguration, from base: Model? = nil, threads: Int? = nil
  ) {
    self.configuration = configuration
    self.base = base
    self.threads = threads ?? Processor.physicalCores
  }

  /// An estimator with the defaults of everything.
  ///
  /// - Parameters:
  ///   - target: The column that is to be learned. One of text is a classification, one of numbers a
  ///     regression; "a,b" are two columns.
  ///   - seed: The same seed gives the same model.
  public init(target: String, seed: UInt64 = 0) {
    var configuration = TrainingConfiguration(seed: seed)
    configuration.data.target = [target]
    self.init(configuration)
  }

  /// Fits a model to a table.
  ///
  /// - Parameters:
  ///   - table: Rows with features and target.
  ///   - validation: Rows that choose the best epoch; nil for a part of the table.
  ///   - test: Rows that choose nothing and judge in the end; nil for the part of the table that
  ///     `configuration.stopping.test` says, or none.
  ///   - report: Receives the events of the run, on the caller's thread.
  ///   - isInterrupted: Asked after every step; true ends the run, whose best model so far is kept.
  /// - Throws: `ConfigurationError` for a setting out of its range, or that does not suit the data;
  ///   `DataError`; `DivergenceError` if the loss is no number before an epoch was finished.
  public func fit(
    _ table: Table, validation: Table? = nil, test: Table? = nil,
    report: (TrainingEvent) -> Void = { _ in }, isInterrupted: () -> Bool = { false }
  ) throws -> Fit {
    let tables = FitTables(training: table, validation: validation, test: test)
    return switch precision {
    case .float: try fit(tables, as: Float.self, report: report, isInterrupted: isInterrupted)
    case .double: try fit(tables, as: Double.self, report: report, isInterrupted: isInterrupted)
    }
  }

  /// Fits a model to a table, on a thread of its own.
  ///
  /// - Parameters:
  ///   - table: Rows with features and target.
  ///   - validation: Rows that choose the best epoch; nil for a part of the table.
  ///   - test: Rows that choose nothing and judge in the end; nil for the part of the table that
  ///     `configuration.stopping.test` says, or none.
  ///   - report: Receives the events of the run, on that thread.
  /// - Throws: As above; `CancellationError` if the task is cancelled, which ends the run after the step.
  public func fit(
    _ table: Table, validation: Table? = nil, test: Table? = nil,
    report: @escaping @Sendable (TrainingEvent) -> Void = { _ in }
  ) async throws -> Fit {
    let isCancelled = CancellationFlag()
    let fit = try await withTaskCancellationHandler {
      try await withCheckedThrowingContinuation { continuation in
        DispatchQueue.global().async {
          continuation.resume(
            with: Result {
              try self.fit(
                table, validation: validation, test: test, report: report,
                isInterrupted: { isCancelled.value.load(ordering: .relaxed) })
            })
        }
      }
    } onCancel: {
      isCancelled.value.store(true, ordering: .relaxed)
    }
    try Task.checkCancellation()
    return fit
  }

  /// In which numbers the network is trained.
  package var precision: Precision {
    if let base { return base.network.precisionName == Double.precisionName ? .double : .float }
    return configuration.network.precision ?? .float
  }

  private func fit<T: Scalar>(
    _ tables: FitTables, as type: T.Type, report: (TrainingEvent) -> Void,
    isInterrupted: () -> Bool
  ) throws -> Fit {
    var warnings: [String] = []
    func warn(_ code: String, _ message: String) {
      warnings.append(message)
      report(.warning(code: code, message: message))
    }
    var prepared = try prepare(tables, as: T.self, warn: warn)
    if prepared.configuration.stopping.isEnsemble {
      var fit = try fitEnsemble(
        prepared, warn: warn, report: report, isInterrupted: isInterrupted)
      fit.warnings = warnings
      return fit
    }
    let summary = try Trainer<T>(configuration: prepared.configuration, threads: threads).train(
      &prepared.network, on: prepared.training, validation: prepared.validation,
      metrics: prepared.metrics, report: report, isInterrupted: isInterrupted)
    guard summary.reason != .diverged || summary.bestEpoch > 0 else {
      throw DivergenceError(divergence: summary.divergence)
    }
    let pool = ThreadPool.of(threads)
    let model = prepared.modelWithIntervals(pool: pool)
    func judge(_ examples: TrainingExamples<T>) throws(FileError) -> Evaluation {
      guard case .memory(let rows) = examples, !model.isOneNetwork else {
        return try prepared.network.evaluate(on: examples, metrics: prepared.metrics, pool: pool)
      }
      return model.evaluateKeepingPredictions(
        prepared.network, on: rows.unweighted, metrics: prepared.metrics, for: [], pool: pool
      ).evaluation
    }
    return Fit(
      model: model, summary: summary,
      heldOut: model.isOneNetwork
        ? summary.validation ?? Evaluation.ofNothing(prepared.metrics)
        : try prepared.validation.map(judge) ?? Evaluation.ofNothing(prepared.metrics),
      test: try prepared.test.map(judge),
      baseline: try prepared.baseline(on: prepared.judging, pool: pool)
        ?? Evaluation.ofNothing(prepared.metrics), warnings: warnings)
  }
}

private final class CancellationFlag: Sendable {
  let value = Atomic(false)
}

/// What came of a fit.
public struct Fit: Sendable {
  /// With the weights of the best epoch.
  public let model: Model
  /// How the run ended.
  public let summary: TrainingSummary
  /// Loss and metrics on the rows that chose the best epoch; of no examples if nothing was held out. Of an
  /// ensemble they are all rows of training, each judged by the member that did not learn from it.
  public let heldOut: Evaluation
  /// The same on the rows that chose nothing, each counting once whatever it weighs; nil if there were none.
  public let test: Evaluation?
  /// What a model reaches that looks at no column: it gives the mean of the training targets, of classes
  /// their shares and so the most frequent one. On the rows of the test if there are any, else on those held
  /// out, else on those of training, each counting once. A model that is no better has learned nothing.
  public let baseline: Evaluation
  /// What was guessed or left out, a line each.
  public fileprivate(set) var warnings: [String]
}

/// The rows of a fit.
package struct FitTables {
  package var training: Table
  package var validation: Table?
  package var test: Table?
  /// What the data itself calls its targets, if nobody else does.
  package var targets: [String]
  /// Where temporary files are made, of a fit in a budget of memory.
  package var spoolFolder = "."
  /// Whether checkpoints are going to be written, which takes memory.
  package var hasCheckpoints = false
  /// What asks for a run of one network, such as an option; nil for nothing.
  package var oneRun: String?

  package init(
    training: Table, validation: Table? = nil, test: Table? = nil, targets: [String] = []
  ) {
    self.training = training
    self.validation = validation
    self.test = test
    self.targets = targets
  }
}
