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
    /// The weights of a layer began equal.
    case equalWeights
    /// An input is far larger than 1, and a fresh copy learns from standardised ones.
    case unscaledInputs
    /// A fresh copy learns without penalties, decay and a bound on the norms.
    case penalties
    /// A fresh copy learns without clipping.
    case clipping
    /// A copy learns from the weights that suit its activations, or the first loss is not that of guessing
    /// though the inputs are scaled.
    case initialWeights
    /// A fresh copy learns at a smaller rate, or, where C diverges, no longer does that.
    case largeRate
    /// A fresh copy learns at the rate that is usual for the rule.
    case smallRate
    /// Most outputs were dropped in training; a fresh copy learns without that.
    case dropout
    /// A fresh copy learns in some steps what the model did not in its run.
    case shortRun
    /// σ′ of the last layer stands in δᴸ, and is near 0.
    case outputPair
    /// σ′ of sigmoid or tanh shrinks the error layer by layer.
    case saturatingLayers
    /// A few examples are learned by heart, and that helps no other.
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
    language.text("doctor.cause.\(name.rawValue).\(part)", arguments: values.map(Self.number))
  }

  /// Four digits, as few as they need: 100, 0.002.
  private static func number(_ value: Double) -> String {
    JSONValue(Double(Format.short(value)) ?? value).description
  }
}

extension Cause {
  /// The first cause that has its evidence, and brings about something that was found; nil if none has.
  ///
  /// - Parameter inputSize: The largest root mean square of an input.
  init?<T: Scalar>(
    of findings: [Finding], in network: Network<T>, on data: Dataset<T>, inputSize: Double,
    options: DiagnosisOptions, pool: ThreadPool?
  ) {
    let found = Set(findings.map(\.code))
    guard !found.isEmpty else { return nil }
    let (configuration, bounds) = (options.configuration, options.thresholds)
    let rate = (
      own: configuration.learningRate, usual: configuration.optimizer.suggestedLearningRate
    )
    let dropout = network.layers.map(\.dropout).max() ?? 0
    let saturating = network.layers.dropLast().count { $0.activation.saturates }
    let runs = FreshRuns(of: network, on: data, options: options, pool: pool)
    lazy var learns = runs.learn()

    /// What was measured, if that is evidence.
    func evidence(of name: Name) -> [Double]? {
      switch name {
      case .brokenWeights: network.firstFaultOfParameters() == nil ? nil : []
      case .equalWeights:
        found.contains(.symmetry)
          && (options.isUntrained || configuration.network.initializer?.drawsEqualWeights == true)
          ? [] : nil
      case .unscaledInputs:
        inputSize > bounds[.inputSize] && (learns || runs.standardized.learn()) ? [inputSize] : nil
      case .largeRate:
        learns || configuration.optimizer.ignoresSchedule
          ? nil
          : [rate.usual, rate.own / 10, rate.own / 100].first { tried in
            tried < rate.own / 2
              && runs.learn(orStay: found.contains(.divergence)) { $0.learningRate = tried }
          }.map { [rate.own, $0] }
      case .smallRate:
        !learns && rate.own < rate.usual / 2 && runs.learn { $0.learningRate = rate.usual }
          ? [rate.own, rate.usual] : nil
      case .initialWeights:
        found.contains(.lossAtStart) && inputSize <= bounds[.inputSize]
          || !learns && runs.learn(from: network.freshlyDrawn(seed: configuration.seed)) ? [] : nil
      case .penalties:
        !learns
          && runs.learn {
            ($0.updates.l2, $0.updates.l1, $0.updates.maxNorm) = (nil, nil, nil)
            $0.weightDecay = 0
          } ? [] : nil
      case .clipping:
        !learns && runs.learn { ($0.updates.clipNorm, $0.updates.clipValue) = (nil, nil) }
          ? [] : nil
      case .dropout: dropout >= 0.5 && learns ? [dropout] : nil
      case .shortRun:
        configuration.epochs * data.count / configuration.examplesPerStep(of: data.count)
          < 2 * runs.steps && learns ? [Double(runs.steps)] : nil
      case .outputPair:
        findings.contains { $0.code == .saturatedUnits && $0.layer == network.layers.count + 1 }
          ? [] : nil
      case .saturatingLayers:
        found.contains(.vanishingError) && saturating > 0 ? [Double(saturating)] : nil
      case .unrelatedTargets: !learns && !found.contains(.cannotOverfit) ? [] : nil
      }
    }

    for name in Name.allCases {
      let explained = name.symptoms.filter(found.contains)
      if !explained.isEmpty, let values = evidence(of: name) {
        self.init(name: name, explains: explained, values: values)
        return
      }
    }
    return nil
  }
}

/// Short runs of fresh copies, judged on examples that they did not learn from.
private struct FreshRuns<T: Scalar> {
  private let network: Network<T>
  private var training: Dataset<T>
  private var held: Dataset<T>
  /// C below which a network knows more than a constant.
  private let bound: Double
  private var options: DiagnosisOptions
  private let pool: ThreadPool?

  var steps: Int { options.steps }

  /// Examples that are too few to hold any out.
  private static var fewExamples: Int { 20 }

  init(
    of network: Network<T>, on data: Dataset<T>, options: DiagnosisOptions, pool: ThreadPool?
  ) {
    self.network =
      options.isUntrained
      ? network
      : network.freshlyDrawn(
        seed: options.configuration.seed, by: options.configuration.network.initializer)
    var random = RandomSource(seed: options.configuration.seed, purpose: .sampling, index: 2)
    let order = random.permutation(of: data.count)
    let isFew = data.count < Self.fewExamples
    training = isFew ? data : data.subset(order.suffix(data.count / 2).sorted())
    held = isFew ? data : data.subset(Array(order.prefix(min(options.examples, data.count / 2))))
    bound =
      network.loss.ofConstant(held.batch).map { options.thresholds.bound(below: $0) } ?? -.infinity
    self.options = options
    self.options.steps *= 2
    self.pool = pool
  }

  /// The same on standardised inputs.
  var standardized: FreshRuns {
    var result = self
    (result.training, result.held) = (training.standardized, held.standardized)
    return result
  }

  /// Whether a copy learns.
  ///
  /// - Parameters:
  ///   - start: Where it begins; nil for weights as the run's own.
  ///   - staying: Whether it is enough that C does not rise.
  ///   - change: The one thing that is different.
  func learn(
    from start: Network<T>? = nil, orStay staying: Bool = false,
    _ change: (inout TrainingConfiguration) -> Void = { _ in }
  ) -> Bool {
    var options = options
    change(&options.configuration)
    let run = TrialRun(
      of: start ?? network, on: training, measured: held.batch, options: options, pool: pool)
    let losses = run.record.losses
    return losses[run.record.steps] < bound
      || staying && losses.allSatisfy { $0 <= options.thresholds[.lossRise] * losses[0] }
  }
}

extension Dataset {
  /// The same with every input of mean 0 and variance 1, or 0.
  fileprivate var standardized: Dataset {
    var x = inputs
    for column in 0..<x.columns {
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
