/// A small random search around the settings of an ensemble, for as long as there is time.
///
/// The first trial is the settings as they are; each other one draws the width, the learning rate, dropout and
/// decay that nobody gave around them (Bergstra & Bengio 2012, *Random Search for Hyper-Parameter Optimization*,
/// JMLR 13). The first is kept, and beside it those with which the mean gets better out of fold (Caruana et al. 2004,
/// *Ensemble Selection from Libraries of Models*, doi:10.1145/1015330.1015432). Their settings are stored, and training
/// by them gives the same bits; the time that there was is not.
struct RecipeSearch {
  /// No trial is begun that would end later.
  private(set) var deadline: ContinuousClock.Instant
  private let seconds: Double
  /// The names of the settings that nobody gave.
  let searched: [String]

  /// - Parameter given: What the user says.
  init(seconds: Double, given: TrainingConfiguration) {
    self.seconds = min(max(seconds, 0), 1e9)
    deadline = .now + .seconds(self.seconds)
    searched = Variants.names.filter { Setting.named($0)?.read(given) == nil }
  }

  /// The same with all its time before it.
  var restarted: RecipeSearch {
    var own = self
    own.deadline = .now + .seconds(seconds)
    return own
  }

  static let mostTrials = 200
  /// The most trials whose members make up a model.
  static let mostKept = 4

  /// A trial with all settings that are searched, such as "hidden=128,128,128 learning-rate=0.05".
  ///
  /// - Parameters:
  ///   - number: Of the trial, from 0, which is the settings as they are.
  ///   - searched: The names of those that may be others.
  static func settings(
    ofTrial number: Int, around base: TrainingConfiguration, searched: [String]
  ) -> String {
    var random = RandomSource(seed: base.seed, purpose: .trial, index: UInt32(number))
    var trial = base
    let hidden = base.network.hidden ?? []
    // All are drawn, so that what is given changes nothing of the others.
    let width = [96, 128, 256][random.index(below: 3)]
    let rate = rounded(base.learningRate * .naturalExponential(random.uniform() - 0.4))
    let dropout = [0.05, 0.1, 0.15, 0.2, 0.3][random.index(below: 5)]
    let decay = rounded(base.weightDecay * .naturalExponential(2 * random.uniform() - 1))
    if number > 0 {
      if searched.contains(Setting.hidden.name) {
        trial.network.hidden = [Int](repeating: width, count: hidden.count)
      }
      if searched.contains(Setting.learningRate.name) { trial.learningRate = rate }
      if searched.contains(Setting.dropout.name), !hidden.isEmpty {
        trial.noise.dropout = [dropout]
      }
      if searched.contains(Setting.weightDecay.name) { trial.weightDecay = decay }
    }
    return Variants.names.compactMap { name in
      Setting.named(name)?.read(trial).map { "\(name)=\(text(of: $0))" }
    }.joined(separator: " ")
  }

  private static func text(of value: JSONValue) -> String {
    guard let values = value.array else { return value.shown }
    return values.isEmpty ? "none" : values.map(text).joined(separator: ",")
  }

  /// To three digits, so that a setting is short.
  private static func rounded(_ value: Double) -> Double {
    guard value > 0 else { return value }
    var scale = 1.0
    while value * scale < 100 { scale *= 10 }
    return (value * scale).rounded() / scale
  }
}

/// A trial of a search that has ended.
package struct SearchTrial: Sendable {
  /// From 1.
  package let number: Int
  package let settings: String
  /// Each row as the member of the trial judges it that did not learn from it.
  package let outOfFold: Evaluation
  /// The numbers of the trials, from 1, whose mean is best so far.
  package let best: [Int]
  package let ofBest: Evaluation
}

/// The trials of a search, and which of them are best together.
struct SearchRecord<T: Scalar> {
  let monitor: Monitor
  /// Judges outputs for all rows.
  let judge: (Matrix<T>) -> Evaluation
  private(set) var trials: [TrainedFolds<T>] = []
  private var scores: [Evaluation] = []
  /// Places in `trials`: the first, and those that make the mean better, the best of them first.
  private(set) var best: [Int] = []

  init(monitor: Monitor, judge: @escaping (Matrix<T>) -> Evaluation) {
    self.monitor = monitor
    self.judge = judge
  }

  /// Takes in a trial, and chooses anew.
  mutating func add(_ trial: TrainedFolds<T>) -> SearchTrial {
    trials.append(trial)
    scores.append(judge(trial.outputs))
    // What has proved itself on many tables is not given up for what a few rows say.
    best = [0]
    var ofBest = scores[0]
    while best.count < RecipeSearch.mostKept {
      var next: (place: Int, evaluation: Evaluation)?
      for place in trials.indices where !best.contains(place) {
        let evaluation = judge(Matrix.mean(of: (best + [place]).map { trials[$0].outputs }))
        if monitor.isBetter(evaluation, than: next?.evaluation ?? ofBest) {
          next = (place, evaluation)
        }
      }
      guard let next else { break }
      best.append(next.place)
      ofBest = next.evaluation
    }
    let last = scores[scores.count - 1]
    return SearchTrial(
      number: trials.count, settings: trial.variant.text, outOfFold: last,
      best: best.map { $0 + 1 }, ofBest: ofBest)
  }
}

extension Estimator {
  /// Trial after trial, until there is no time for another.
  func run<T: Scalar>(
    _ search: RecipeSearch, _ prepared: PreparedFit<T>, _ data: Dataset<T>, _ folds: Folds,
    train: ([Variant<T>]) throws -> [TrainedFolds<T>], tried: (SearchTrial) -> Void,
    isInterrupted: () -> Bool
  ) throws -> EnsembleFit<T> {
    let positive = prepared.metrics.positiveClass(
      means: try TrainingExamples.memory(data).targetMeans())
    let metric = prepared.configuration.stopping.metric
    var record = SearchRecord<T>(
      monitor: Monitor(metric: metric),
      judge: {
        prepared.network.evaluate(
          prepared.coders.target.clipped($0), on: data, metrics: prepared.metrics,
          watching: metric, positive: positive)
      })
    let clock = ContinuousClock()
    var longest = (seconds: 0.0, parameters: 1)
    // What was cut short is no trial, but better than nothing.
    var unfinished: TrainedFolds<T>?
    for number in 0..<RecipeSearch.mostTrials {
      if number > 0, isInterrupted() || clock.now > search.deadline { break }
      let text = RecipeSearch.settings(
        ofTrial: number, around: prepared.configuration, searched: search.searched)
      do {
        let variant = try variant(text, of: prepared)
        let start = clock.now
        let parameters = variant.network.parameterCount
        let ratio = max(1, Double(parameters) / Double(longest.parameters))
        if number > 0, start + .seconds(longest.seconds * ratio) > search.deadline { continue }
        let trained = try train([variant])[0]
        if trained.isWhole {
          tried(record.add(trained))
        } else if number == 0 {
          unfinished = trained
          break
        }
        let seconds = (clock.now - start) / .seconds(1)
        if seconds > longest.seconds { longest = (seconds, parameters) }
      } catch  where number > 0 {
        // Settings that diverge, or for which there is no memory, are none of the best.
      }
    }
    let wasInterrupted = isInterrupted()
    if let unfinished {
      return prepared.ensemble(of: [unfinished], data, folds, prepared.configuration)
    }
    let chosen = record.best.map { record.trials[$0] }
    var configuration = chosen[0].variant.configuration
    if chosen.count > 1 {
      configuration.stopping.variants = chosen.map(\.variant.text).joined(separator: " | ")
    }
    return prepared.ensemble(
      of: chosen, data, folds, configuration, wasInterrupted: wasInterrupted)
  }

  /// The settings of a run with those of a text in their place.
  func variant<T: Scalar>(
    _ text: String, of prepared: PreparedFit<T>
  ) throws -> Variant<T> {
    var own = self
    own.configuration = try Variants.applying(text, to: prepared.configuration)
    own.configuration.stopping.variants = nil
    guard
      own.configuration.network != prepared.configuration.network
        || own.configuration.noise.dropout != prepared.configuration.noise.dropout,
      let encoder = prepared.coders.encoder
    else {
      return Variant(text: text, configuration: own.configuration, network: prepared.network)
    }
    let (settings, target) = (own.configuration.network, prepared.coders.target)
    let network: Network<T> = try own.network(
      encoder, target,
      OutputDesign(
        task: target.task, labels: target.labels.count, loss: settings.loss,
        activation: settings.outputActivation))
    try own.configuration.validate(for: network)
    return Variant(text: text, configuration: own.configuration, network: network)
  }
}
