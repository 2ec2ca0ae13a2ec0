import Backprop

/// What most likely lies behind the findings of a diagnosis.
///
/// One fault shows in many measures: at a learning rate of 100 C diverges, the error explodes, units die.
/// The causes are tried in their order; each has evidence of its own, a measure or a short run of a fresh
/// copy in which that one thing is different.
package struct Cause: Codable, Hashable, Sendable {
  package let name: Name
  /// The findings that follow from it, nearest first.
  package let explains: [Finding.Code]
  /// What its text names: a setting or measure, then what was tried in its place.
  package let values: [Double]

  /// From the first that would hide the others on.
  package enum Name: String, CaseIterable, Codable, Sendable {
    /// A weight is NaN or infinite.
    case brokenWeights
    /// The weights of a layer began equal, or the neurons of every hidden layer are copies though nothing
    /// pulls their weights together.
    case equalWeights
    /// An input is far larger than 1, and a fresh copy learns from standardised ones.
    case unscaledInputs
    /// A fresh copy learns without penalties, decay and a bound on the norms, or comes far further.
    case penalties
    /// A fresh copy learns without clipping.
    case clipping
    /// The weights at the start are of another size than those that suit the activations, and a copy learns
    /// only from the latter, or the first loss is not that of guessing though the inputs are scaled.
    case initialWeights
    /// A fresh copy learns at a smaller rate, or, where C diverges, the network itself no longer does that.
    case largeRate
    /// A fresh copy learns at the rate that is usual for the rule.
    case smallRate
    /// Most outputs were dropped in training, and the network learned nothing, or a fresh copy comes far further.
    case dropout
    /// A fresh copy learns in some steps what the model did not in its run.
    case shortRun
    /// σ′ of the last layer stands in δᴸ, and is near 0.
    case outputPair
    /// σ′ of sigmoid or tanh shrinks the error layer by layer.
    case saturatingLayers
    /// A few examples are learned by heart, and nothing helps with others: neither the run's settings nor
    /// those with which a network learns most easily.
    case unrelatedTargets

    /// The table of causes and symptoms: what a cause brings about, nearest first.
    var symptoms: [Finding.Code] {
      switch self {
      case .brokenWeights: [.nonFinite]
      case .equalWeights:
        [.symmetry, .vanishingError, .deadUnits, .cannotOverfit, .constantAnswers, .lossAtStart]
          + Self.ofSteps
      case .unscaledInputs, .initialWeights:
        [.lossAtStart, .explodingError, .saturatedUnits, .vanishingError, .deadUnits, .nonFinite]
          + [.divergence, .cannotOverfit, .constantAnswers] + Self.ofSteps
      case .largeRate:
        [.divergence, .stepTooLarge, .updateTooLarge, .nonFinite, .explodingError, .deadUnits]
          + [.saturatedUnits, .vanishingError, .symmetry, .cannotOverfit, .constantAnswers]
      case .smallRate, .clipping, .shortRun: [.updateTooSmall, .constantAnswers]
      case .penalties:
        [.constantAnswers, .vanishingError, .deadUnits, .symmetry, .cannotOverfit] + Self.ofSteps
      case .dropout: [.constantAnswers, .deadUnits, .explodingError, .vanishingError]
      case .saturatingLayers:
        [.vanishingError, .saturatedUnits, .updateTooSmall, .cannotOverfit, .constantAnswers]
      case .outputPair: [.saturatedUnits, .vanishingError, .cannotOverfit, .constantAnswers]
      case .unrelatedTargets: [.constantAnswers]
      }
    }

    private static let ofSteps: [Finding.Code] = [.stepTooLarge, .updateTooLarge, .updateTooSmall]
  }

  /// The sentence that names it.
  package func title(in language: Language) -> String { text("title", language) }

  /// What to do about it.
  package func advice(in language: Language) -> String { text("advice", language) }

  private func text(_ part: String, _ language: Language) -> String {
    language.text(
      "doctor.cause.\(name.rawValue).\(part)",
      arguments: name == .saturatingLayers
        ? values.map { language.count(Int($0), .hiddenLayer) } : values.map(Self.number))
  }

  /// Four digits, as few as they need: 100, 0.002.
  private static func number(_ value: Double) -> String {
    JSONValue(Double(Format.short(value)) ?? value).description
  }
}

extension Cause {
  /// From here on most outputs are dropped.
  private static var strongDropout: Double { 0.5 }

  /// The first cause that has its evidence, and brings about something that was found; nil if none has.
  ///
  /// What held a run back all along shows in no measure, and is named even if nothing was found.
  ///
  /// - Parameters:
  ///   - loss: C of the network over all data.
  ///   - inputSize: The largest root mean square of an input.
  init?<T: Scalar>(
    of findings: [Finding], in network: Network<T>, on data: Dataset<T>, loss: Double,
    inputSize: Double, options: DiagnosisOptions, pool: ThreadPool?
  ) {
    let found = Set(findings.map(\.code))
    let (configuration, bounds) = (options.configuration, options.thresholds)
    let rate = (
      own: configuration.learningRate, usual: configuration.optimizer.suggestedLearningRate
    )
    let dropout = network.layers.map(\.dropout).max() ?? 0
    let saturating = network.layers.dropLast().count { $0.activation.saturates }
    let hasDiverged = found.contains(.divergence)
    let isRestrained = configuration.restrainsWeights
    guard !found.isEmpty || isRestrained || dropout >= Self.strongDropout else { return nil }
    let steps = configuration.epochs * data.count / configuration.examplesPerStep(of: data.count)
    let runs = FreshRuns(of: network, on: data, options: options, pool: pool)
    lazy var learns = runs.learn()
    // As long as it takes a penalty to win over the data.
    lazy var long = runs.longer
    // Whether the network knows less than half of what there is to know, after at least as many steps.
    lazy var isBehind =
      !options.isUntrained && steps >= long.steps && loss > (runs.constantLoss ?? .infinity) / 2

    /// What was measured, if that is evidence.
    ///
    /// - Parameter isFound: Whether it brings about something that was found.
    func evidence(of name: Name, isFound: Bool) -> [Double]? {
      switch name {
      case .brokenWeights: network.firstFaultOfParameters() == nil ? nil : []
      case .equalWeights:
        found.contains(.symmetry)
          && (options.isUntrained || configuration.network.initializer?.drawsEqualWeights == true
            || !isRestrained && !hasDiverged
              && findings.count { $0.code == .symmetry && $0.value == 1 }
                == network.layers.hiddenDense.count)
          ? [] : nil
      case .unscaledInputs:
        inputSize > bounds[.inputSize] && (learns || runs.standardized.learn()) ? [inputSize] : nil
      case .largeRate:
        configuration.optimizer.ignoresSchedule
          ? nil
          : [rate.usual, rate.own / 10, rate.own / 100].first { tried in
            tried < rate.own / 2
              && (!learns && runs.learn { $0.learningRate = tried }
                || hasDiverged && runs.stays(network, at: tried))
          }.map { [rate.own, $0] }
      case .smallRate:
        !learns && rate.own < rate.usual / 2 && runs.learn { $0.learningRate = rate.usual }
          ? [rate.own, rate.usual] : nil
      case .initialWeights:
        runs.start.hasUnsuitedWeights
          && (found.contains(.lossAtStart) && inputSize <= bounds[.inputSize]
            || !learns && runs.learn(from: network.freshlyDrawn(seed: configuration.seed)))
          ? [] : nil
      case .penalties:
        if !isRestrained {
          nil
        } else if isFound, !learns, runs.learn({ $0.releaseWeights() }) {
          []
        } else if isBehind {
          // With them a fresh copy stays as far behind as the network itself.
          min(loss, long.course().end) > 2 * long.course { $0.releaseWeights() }.best ? [] : nil
        } else {
          nil
        }
      case .clipping:
        !learns && runs.learn { ($0.updates.clipNorm, $0.updates.clipValue) = (nil, nil) }
          ? [] : nil
      case .dropout:
        // The copies drop nothing; a run that is shorter than theirs would prove nothing.
        dropout >= Self.strongDropout && steps >= 2 * runs.steps
          && (found.contains(.constantAnswers) && learns
            || isBehind && loss > 2 * long.course().best)
          ? [dropout] : nil
      case .shortRun:
        steps < 2 * runs.steps && learns
          ? [Double(runs.steps)]
          : 2 * steps < long.steps && long.learn() ? [Double(long.steps)] : nil
      case .outputPair:
        findings.contains { $0.code == .saturatedUnits && $0.layer == network.layers.count + 1 }
          ? [] : nil
      case .saturatingLayers:
        found.contains(.vanishingError) && saturating > 0 ? [Double(saturating)] : nil
      case .unrelatedTargets:
        !learns && !found.contains(.cannotOverfit) && runs.holdsOut && !runs.easy.everLearn()
          ? [Double(runs.steps)] : nil
      }
    }

    for name in Name.allCases {
      let explained = name.symptoms.filter(found.contains)
      let isHidden =
        name == .penalties && isRestrained || name == .dropout && dropout >= Self.strongDropout
      let isFound = !explained.isEmpty
      if isFound || isHidden, let values = evidence(of: name, isFound: isFound) {
        self.init(name: name, explains: explained, values: values)
        return
      }
    }
    return nil
  }
}

/// Short runs of copies, judged on examples that they did not learn from.
private struct FreshRuns<T: Scalar> {
  /// A fresh copy, drawn as the run's own network was.
  private(set) var start: Network<T>
  private var training: Dataset<T>
  private var held: Dataset<T>
  private var options: DiagnosisOptions
  private let pool: ThreadPool?

  var steps: Int { options.steps }
  /// Whether the examples are enough to hold some out.
  let holdsOut: Bool

  init(
    of network: Network<T>, on data: Dataset<T>, options: DiagnosisOptions, pool: ThreadPool?
  ) {
    start =
      options.isUntrained
      ? network
      : network.freshlyDrawn(
        seed: options.configuration.seed, by: options.configuration.network.initializer)
    var random = RandomSource(seed: options.configuration.seed, purpose: .sampling, index: 2)
    let order = random.permutation(of: data.count)
    holdsOut = data.count >= 20
    training = holdsOut ? data.subset(order.suffix(data.count / 2).sorted()) : data
    held = holdsOut ? data.subset(Array(order.prefix(min(options.examples, data.count / 2)))) : data
    self.options = options
    self.options.steps *= 2
    self.pool = pool
  }

  /// The same on standardised inputs.
  var standardized: FreshRuns {
    var result = self
    let codes = start.layers[0].columns?.codes ?? []
    result.training = training.standardized(except: codes)
    result.held = held.standardized(except: codes)
    return result
  }

  /// The same of six times as many steps.
  var longer: FreshRuns {
    var result = self
    result.options.steps *= 6
    return result
  }

  /// Everything that makes learning easy: a wide layer of ReLU, a loss that strikes σ′ out, Adam at its usual
  /// rate, scaled inputs and many steps. What this does not learn, the inputs hardly tell.
  var easy: FreshRuns {
    var result = standardized
    let isCanonical = start.loss.isCanonical(with: start.outputActivation)
    let network = try? Network<T>(
      sizes: [start.inputCount, 64, start.outputCount],
      activations: [.relu, isCanonical ? start.outputActivation : .identity],
      loss: isCanonical ? start.loss : .squaredError, reduction: .mean, dropout: [],
      initializer: nil, normalizations: [], isParametric: false,
      columns: start.layers[0].columns?.parts, scalesInputs: false, isNTK: false,
      seed: options.configuration.seed)
    result.start = network ?? start
    result.options.configuration = TrainingConfiguration(
      batchSize: 32, seed: options.configuration.seed)
    result.options.steps *= 5
    return result
  }

  /// Whether a copy learns: at its end it knows more than a constant, and more than at its beginning, where a
  /// lucky draw may do so without a step.
  ///
  /// - Parameters:
  ///   - start: Where it begins; nil for weights as the run's own.
  ///   - change: The one thing that is different.
  func learn(
    from start: Network<T>? = nil, _ change: (inout TrainingConfiguration) -> Void = { _ in }
  ) -> Bool {
    let losses = losses(from: start, change)
    return losses[losses.count - 1] < bound(from: losses[0])
  }

  /// Whether a copy knows more than a constant after any of the steps.
  func everLearn() -> Bool {
    let losses = losses()
    return losses.contains { $0 < bound(from: losses[0]) }
  }

  /// C at the end of a run, and after its best step, which is what training keeps.
  func course(
    _ change: (inout TrainingConfiguration) -> Void = { _ in }
  ) -> (end: Double, best: Double) {
    let losses = losses(change)
    return (losses[losses.count - 1], losses.min() ?? .nan)
  }

  /// Whether a network does not diverge when it goes on at another rate.
  func stays(_ network: Network<T>, at rate: Double) -> Bool {
    let bounds = options.thresholds
    return bounds.rise(
      of: losses(from: network) { $0.learningRate = rate }, constantLoss: constantLoss ?? 0)
      <= bounds[.lossRise]
  }

  /// C of the best constant outputs.
  var constantLoss: Double? { start.loss.ofConstant(held.batch) }

  private func bound(from first: Double) -> Double {
    constantLoss.map { options.thresholds.bound(below: min(first, $0)) } ?? -.infinity
  }

  private func losses(
    from start: Network<T>? = nil, _ change: (inout TrainingConfiguration) -> Void = { _ in }
  ) -> [Double] {
    var options = options
    change(&options.configuration)
    return TrialRun(
      of: start ?? self.start, on: training, measured: held.batch, options: options, pool: pool
    ).record.losses
  }
}

extension TrainingConfiguration {
  /// Whether something beside the data pulls at the weights.
  fileprivate var restrainsWeights: Bool {
    weightDecay > 0 || updates.l2 ?? 0 > 0 || updates.l1 ?? 0 > 0 || updates.maxNorm != nil
  }

  fileprivate mutating func releaseWeights() {
    (updates.l2, updates.l1, updates.maxNorm) = (nil, nil, nil)
    weightDecay = 0
  }
}

extension Network {
  /// Whether the weights of a layer are more than twice, or less than half as large as those that suit its
  /// activation. Of a few weights that cannot be said.
  fileprivate var hasUnsuitedWeights: Bool {
    func size(_ tensor: ParameterTensor, _ parameters: Parameters<T>) -> Double {
      parameters.elements(of: tensor).reduce(0) { $0 + Double($1) * Double($1) }
    }
    let draws = (0..<8).map { freshlyDrawn(seed: $0).parameters }
    return parameters.layout.tensors.contains { tensor in
      let suited = draws.reduce(0) { $0 + size(tensor, $1) } / Double(draws.count)
      return tensor.role == .weight && tensor.count >= 8
        && !(suited / 4...suited * 4).contains(size(tensor, parameters))
    }
  }
}

extension Dataset {
  /// The same with every input of mean 0 and variance 1, or 0, but for those that are no sizes.
  fileprivate func standardized(except codes: Set<Int>) -> Dataset {
    var x = inputs
    for column in 0..<x.columns where !codes.contains(column) {
      let mean = (0..<x.rows).reduce(0) { $0 + x[$1, column] } / T(x.rows)
      for row in 0..<x.rows { x[row, column] -= mean }
      let variance = (0..<x.rows).reduce(0) { $0 + x[$1, column] * x[$1, column] } / T(x.rows)
      guard variance > 0 else { continue }
      for row in 0..<x.rows { x[row, column] /= variance.squareRoot() }
    }
    return Dataset(inputs: .numbers(x), targets: storedTargets, weights: weights)
  }
}

extension DiagnosisThresholds {
  /// C that is clearly below that of the best constant outputs.
  func bound(below constantLoss: Double) -> Double {
    constantLoss - (1 - self[.constantShare]) * abs(constantLoss)
  }
}

extension Activation {
  /// Whether σ′ goes to 0 on both sides.
  var saturates: Bool { self == .sigmoid || self == .tanh }
}

extension Initializer {
  fileprivate var drawsEqualWeights: Bool {
    switch self {
    case .zeros, .constant: true
    default: false
    }
  }
}
