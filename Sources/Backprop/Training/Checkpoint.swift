/// Everything that a run needs to go on with the same bits, as it stands after one of its steps.
///
/// Random numbers are functions of (seed, purpose, epoch, …), so there is no generator to save: θ, the
/// moments and t of the rule, the place in the epoch, the best epoch with its weights, and the sums of
/// the epoch that is under way are all there is. A run that was killed and resumed therefore ends with
/// the same weights, and tells the same losses on its way, as one that never was.
///
/// ```swift
/// let folder = try CheckpointFolder("checkpoints")
/// try trainer.train(
///   &network, on: training, metrics: metrics,
///   checkpoints: Checkpoints(every: .seconds(30)) { try? folder.save($0) })
/// // Later, in another process:
/// let checkpoint: Checkpoint<Float> = try folder.newestCheckpoint()
/// try trainer.resume(&network, from: checkpoint, on: training, metrics: metrics)
/// ```
///
/// It refers to the run's memory and copies nothing; whoever keeps one makes the run copy its
/// parameters at the next step.
public struct Checkpoint<T: Scalar>: Sendable {
  /// The network with the weights after the step, not with the best ones.
  public let network: Network<T>
  package let configuration: TrainingConfiguration
  /// Updates made since the start of the run, t.
  public let step: Int
  /// The tensors of the rule by name: `firstMoment`, `secondMoment`, `maximumMoment`; of L-BFGS
  /// `step.0`, `change.0`, …, from the oldest. And `average`, that of the weights, if the run averages
  /// them.
  let moments: [(name: String, values: Parameters<T>)]
  /// What else L-BFGS has to know.
  var lineSearch: LineSearchRecord?
  /// How many weights are in the average.
  var averaged = 0
  /// Into how many blocks a whole batch is cut (`Blocks`).
  var blocks = 1
  let best: BestEpoch<T>
  let running: RunningEpoch
  /// What `plateau` has made of the losses so far.
  let plateau: PlateauTracker
  /// What the run was trained and validated on.
  package let data: DataFingerprint
  /// The version of the engine: another one may give other bits.
  package let version: String
  /// Strings that belong to whoever trains, such as how columns become inputs; kept as they are.
  package var attachments: [String: String] = [:]

  /// The epoch that is under way, from 1.
  public var epoch: Int { running.epoch }
  /// Steps of this epoch that are done.
  package var stepInEpoch: Int { running.steps }
}

/// How often a run hands out checkpoints. It changes no bit of the run.
public enum CheckpointInterval: Hashable, Sendable {
  /// After every n-th step of the run; after each where n is below 1.
  case steps(Int)
  /// After the first step that ends so long after the last checkpoint, in seconds.
  case seconds(Double)
}

/// When a run hands out checkpoints, and to whom.
public struct Checkpoints<T: Scalar> {
  package let interval: CheckpointInterval
  /// Receives each checkpoint on the trainer's thread, between two steps.
  package let receive: (Checkpoint<T>) -> Void
  /// Whether one is handed out after the last step too, for what goes on when this run is done.
  package var includesLast = false

  /// Asks for checkpoints.
  ///
  /// - Parameters:
  ///   - interval: How often. A run that is interrupted hands one out besides.
  ///   - receive: Receives each checkpoint, between two steps.
  public init(every interval: CheckpointInterval, _ receive: @escaping (Checkpoint<T>) -> Void) {
    self.interval = interval
    self.receive = receive
  }

  /// Whether one is due after the step `step`, `elapsed` after the last one.
  func isDue(after step: Int, elapsed: @autoclosure () -> Duration) -> Bool {
    switch interval {
    case .steps(let count): step % max(1, count) == 0
    case .seconds(let seconds): elapsed().inSeconds >= seconds
    }
  }
}

/// The epoch that is under way: how far it has come, and the sums that its report is made of.
struct RunningEpoch: Codable, Equatable, Sendable {
  /// From 1.
  var epoch: Int
  /// Steps that are done.
  var steps = 0
  var totals = LossTotals()
  var metrics: Metrics
  /// η of the last step, or of the configuration before the first.
  var learningRate: Double
}

/// The best epoch so far, its score and its weights.
struct BestEpoch<T: Scalar>: Sendable {
  /// From 1; 0 if none was finished, and the weights are then those of the start.
  let epoch: Int
  let evaluation: Evaluation?
  let parameters: Parameters<T>
  /// The epoch from which patience counts, 0 if none was finished, and its score.
  let lastImprovement: Int
  let reference: Evaluation?
}

/// The version of the engine, which decides the bits of a run; a checkpoint carries it, and `backprop --version` prints.
package enum EngineVersion {
  package static let current = "0.2.0"
}

// MARK: The data

/// Which data a run was given: hashes of its numbers, to tell the same from other data.
package struct DataFingerprint: Codable, Hashable, Sendable {
  /// One data set, with a `ChangeHash` of each of its parts.
  package struct Part: Codable, Hashable, Sendable {
    package let examples: Int
    let inputs: String
    let targets: String
    let weights: String?

    private init(
      examples: Int, inputs: ChangeHash, targets: ChangeHash, weights: ChangeHash?
    ) {
      self.examples = examples
      self.inputs = inputs.hexadecimal
      self.targets = targets.hexadecimal
      self.weights = weights?.hexadecimal
    }

    package init<T: Scalar>(_ dataset: Dataset<T>) {
      let (stored, answers) = (dataset.storedInputs, dataset.storedTargets)
      var inputs = ChangeHash(rows: stored.count, columns: stored.columns)
      // Bytes become numbers some rows at a time.
      let chunk = max(1, 25_000 / max(1, stored.columns))
      for first in stride(from: 0, to: stored.count, by: chunk) {
        inputs.add(stored.matrix(of: first..<min(stored.count, first + chunk)))
      }
      var targets = ChangeHash(
        rows: answers.count, columns: answers.columns, classes: answers.classCount)
      targets.add(answers.matrix)
      var weights = ChangeHash(rows: dataset.count, columns: 1)
      if let numbers = dataset.weights { weights.add(numbers) }
      self.init(
        examples: dataset.count, inputs: inputs, targets: targets,
        weights: dataset.weights == nil ? nil : weights)
    }

    init<T: Scalar>(_ examples: TrainingExamples<T>) throws(FileError) {
      switch examples {
      case .memory(let dataset): self.init(dataset)
      case .spooled(let data):
        var inputs = ChangeHash(rows: data.count, columns: data.inputCount)
        try data.forEachPiece { inputs.add($0) }
        var targets = ChangeHash(
          rows: data.count, columns: data.classCount ?? data.targetCount, classes: data.classCount)
        try data.forEachPiece(ofTargets: true) { targets.add($0) }
        var weights = ChangeHash(rows: data.count, columns: 1)
        if data.hasWeights { try data.forEachPiece(ofWeights: true) { weights.add($0) } }
        self.init(
          examples: data.count, inputs: inputs, targets: targets,
          weights: data.hasWeights ? weights : nil)
      }
    }

    /// Whether the examples are the same, whatever they weigh.
    package func hasExamples(of other: Part) -> Bool {
      (examples, inputs, targets) == (other.examples, other.inputs, other.targets)
    }

    /// What differs from another data set, and is worth saying; nil if nothing does.
    func difference(from other: Part) -> (now: String, before: String)? {
      if examples != other.examples { return ("\(examples) examples", "\(other.examples)") }
      let parts = [
        ("inputs", inputs != other.inputs), ("targets", targets != other.targets),
        ("weights", weights != other.weights),
      ]
      guard let (name, _) = parts.first(where: \.1) else { return nil }
      return ("with other \(name)", "others, of \(examples) examples too")
    }
  }

  package let training: Part
  package let validation: Part?

  /// - Complexity: O(numbers in the data); some 2 GB a second.
  package init<T: Scalar>(training: Dataset<T>, validation: Dataset<T>?) {
    self.training = Part(training)
    self.validation = validation.map { Part($0) }
  }

  /// The same of data that may be spooled: the hashes are those of the same data in memory.
  ///
  /// - Throws: `FileError` if the spooled data cannot be read.
  package init<T: Scalar>(
    training: TrainingExamples<T>, validation: TrainingExamples<T>?
  ) throws(FileError) {
    self.training = try Part(training)
    if let validation {
      self.validation = try Part(validation)
    } else {
      self.validation = nil
    }
  }
}
