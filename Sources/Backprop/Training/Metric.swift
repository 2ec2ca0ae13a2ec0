/// A number that judges a model on data, by the name that the command line and model files use.
///
/// `Metrics.value(of:)` has the formulas and sources of those that every epoch reports. All are weighted
/// by the weights of the examples: an example of weight 2 counts as two.
public enum Metric: NamedCase {
  /// The loss that training descends, Σ wₓ Cₓ / n, without penalties.
  case loss
  /// The share of examples whose class is right, 0 … 1; for several labels, of labels that are right.
  case accuracy
  /// The mean recall over the classes that occur, 0 … 1.
  case balancedAccuracy
  /// The share of examples of which every label is right, 0 … 1.
  case exactMatch
  /// −Σ w ln p / Σ w with the probability p of the right class, ≥ 0.
  case logLoss
  /// The mean squared distance of probabilities from the truth: 0 … 1 for two classes, 0 … 2 for more.
  case brier
  /// The area under the ROC curve, 0 … 1: the chance that a positive example has a larger output than a
  /// negative one. The mean over several classes, each against the rest, or over labels.
  case rocAUC
  /// The area under the curve of precision against recall, without interpolation, 0 … 1; means likewise.
  case averagePrecision
  /// Macro F1, 0 … 1: the mean F1 over the classes or labels that occur or are predicted.
  case f1
  /// The correlation of actual and predicted classes, −1 … 1.
  case matthewsCorrelation
  /// The share of examples whose class is among the k with the largest outputs, 0 … 1; k is at least 1.
  case topK(Int = 5)
  /// How far the probability of the predicted class is from the share that is right, 0 … 1: in equal bins
  /// of that probability, at least 1, each of which weighs as its examples do.
  case expectedCalibrationError(bins: Int = 15)
  /// The root of the mean squared error over all outputs, in the unit of the target, ≥ 0.
  case rmse
  /// The mean absolute error over all outputs, in the unit of the target, ≥ 0.
  case mae
  /// 1 − Σ w (a − y)² / Σ w (y − ȳ)², at most 1: the mean over the outputs whose targets differ.
  case r2
  /// The median of |a − y| in the unit of the target, ≥ 0: the mean over outputs.
  case medianAbsoluteError
  /// The mean over all outputs of q (y − a) where y ≥ a, (1 − q) (a − y) elsewhere, in the unit of the
  /// target; 0 < q < 1.
  case pinball(quantile: Double = 0.5)

  /// Every case once.
  package static let allCases: [Metric] = [
    .loss, .accuracy, .balancedAccuracy, .exactMatch, .logLoss, .brier, .rocAUC, .averagePrecision,
    .f1, .matthewsCorrelation, .topK(), .expectedCalibrationError(), .rmse, .mae, .r2,
    .medianAbsoluteError, .pinball(),
  ]

  /// The names that `init(_:)` reads, as the command line shows them.
  package static let names = [
    "loss", "accuracy", "balanced-accuracy", "exact-match", "log-loss", "brier", "roc-auc",
    "pr-auc", "f1", "mcc", "top-k[:5]", "ece[:15]", "rmse", "mae", "r2", "median-ae",
    "pinball[:0.5]",
  ]

  static let kind = "metric"

  /// Reads a name such as "roc-auc" or "top-k:3".
  ///
  /// - Returns: nil if the name is unknown, or its argument out of its range.
  public init?(_ description: String) {
    guard let text = NameWithArgument(description) else { return nil }
    switch (text.name, text.argument) {
    case ("loss", nil): self = .loss
    case ("accuracy", nil): self = .accuracy
    case ("balanced-accuracy", nil): self = .balancedAccuracy
    case ("exact-match", nil): self = .exactMatch
    case ("log-loss", nil): self = .logLoss
    case ("brier", nil): self = .brier
    case ("roc-auc", nil): self = .rocAUC
    case ("pr-auc", nil): self = .averagePrecision
    case ("f1", nil): self = .f1
    case ("mcc", nil): self = .matthewsCorrelation
    case ("top-k", nil): self = .topK()
    case ("top-k", let k?) where k >= 1 && k <= 1e6 && k == k.rounded(): self = .topK(Int(k))
    case ("ece", nil): self = .expectedCalibrationError()
    case ("ece", let bins?) where bins >= 1 && bins <= 1e6 && bins == bins.rounded():
      self = .expectedCalibrationError(bins: Int(bins))
    case ("rmse", nil): self = .rmse
    case ("mae", nil): self = .mae
    case ("r2", nil): self = .r2
    case ("median-ae", nil): self = .medianAbsoluteError
    case ("pinball", nil): self = .pinball()
    case ("pinball", let quantile?) where quantile > 0 && quantile < 1:
      self = .pinball(quantile: quantile)
    default: return nil
    }
  }

  public var description: String {
    switch self {
    case .loss: "loss"
    case .accuracy: "accuracy"
    case .balancedAccuracy: "balanced-accuracy"
    case .exactMatch: "exact-match"
    case .logLoss: "log-loss"
    case .brier: "brier"
    case .rocAUC: "roc-auc"
    case .averagePrecision: "pr-auc"
    case .f1: "f1"
    case .matthewsCorrelation: "mcc"
    case .topK(let k): "top-k:\(k)"
    case .expectedCalibrationError(let bins): "ece:\(bins)"
    case .rmse: "rmse"
    case .mae: "mae"
    case .r2: "r2"
    case .medianAbsoluteError: "median-ae"
    case .pinball(let quantile): NameWithArgument.text("pinball", quantile)
    }
  }

  /// The key of the metric in JSON: "rocAUC", "top5", "ece15", "pinball0.5".
  package var key: String {
    switch self {
    case .balancedAccuracy: "balancedAccuracy"
    case .exactMatch: "exactMatch"
    case .logLoss: "logLoss"
    case .rocAUC: "rocAUC"
    case .averagePrecision: "prAUC"
    case .topK(let k): "top\(k)"
    case .expectedCalibrationError(let bins): "ece\(bins)"
    case .medianAbsoluteError: "medianAE"
    case .pinball(let quantile): "pinball\(quantile)"
    default: description
    }
  }

  /// Whether the metric is a sum over examples that every epoch reports anyway.
  var isOfEveryEpoch: Bool {
    switch self {
    case .loss, .accuracy, .exactMatch, .logLoss, .rmse, .mae, .r2: true
    default: false
    }
  }

  /// Whether the metric puts all examples in the order of their outputs, or errors.
  var ranksOutputs: Bool {
    switch self {
    case .rocAUC, .averagePrecision, .medianAbsoluteError: true
    default: false
    }
  }

  /// The mean of the values that are defined; NaN if none is.
  static func meanOfDefined(_ values: some Sequence<Double>) -> Double {
    var (sum, count) = (0.0, 0)
    for value in values where !value.isNaN {
      sum += value
      count += 1
    }
    return count > 0 ? sum / Double(count) : .nan
  }

  /// Whether a larger value is a better one.
  package var isHigherBetter: Bool {
    switch self {
    case .loss, .logLoss, .brier, .expectedCalibrationError, .rmse, .mae, .medianAbsoluteError,
      .pinball:
      false
    case .accuracy, .balancedAccuracy, .exactMatch, .rocAUC, .averagePrecision, .f1,
      .matthewsCorrelation, .topK, .r2:
      true
    }
  }

  /// Whether the metric means something where outputs are judged so.
  package func isDefined(for kind: MetricKind) -> Bool {
    switch (self, kind) {
    case (.loss, _): true
    case (.accuracy, .classification), (.balancedAccuracy, .classification),
      (.f1, .classification), (.matthewsCorrelation, .classification), (.topK, .classification),
      (.rocAUC, .classification), (.averagePrecision, .classification):
      true
    case (.logLoss, .classification(_, let probabilities)),
      (.brier, .classification(_, let probabilities)),
      (.expectedCalibrationError, .classification(_, let probabilities)):
      probabilities
    case (.accuracy, .multiLabel), (.exactMatch, .multiLabel), (.f1, .multiLabel),
      (.rocAUC, .multiLabel), (.averagePrecision, .multiLabel):
      true
    case (.rmse, .regression), (.mae, .regression), (.r2, .regression),
      (.medianAbsoluteError, .regression), (.pinball, .regression):
      true
    default: false
    }
  }

  /// - Throws: `ConfigurationError` with the name of a setting unless the metric is defined there.
  package func check(for kind: MetricKind, _ name: String) throws(ConfigurationError) {
    guard !isDefined(for: kind) else { return }
    let isWithoutProbabilities = isDefined(for: .classification(probabilities: true))
    let reason: String
    if case .classification = kind, isWithoutProbabilities {
      reason = "needs probabilities, and the outputs of this network are none"
    } else {
      reason = "does not judge this task"
    }
    throw ConfigurationError(
      name,
      "\(self) \(reason); there are "
        + (["loss"] + Metric.defined(for: kind).map(\.description)).joined(separator: ", "))
  }

  /// The metrics that are defined where outputs are judged so, `loss` not among them.
  package static func defined(for kind: MetricKind) -> [Metric] {
    allCases.filter { $0 != .loss && $0.isDefined(for: kind) }
  }

  /// More classes than this have no areas under curves unless they are asked for: each class takes a
  /// sorting of all examples.
  static let mostClassesRanked = 100

  /// What an evaluation shows if nothing is asked for: those of every epoch first.
  ///
  /// - Parameters:
  ///   - kind: How outputs are judged.
  ///   - outputs: Number of outputs of the network.
  package static func usual(for kind: MetricKind, outputs: Int) -> [Metric] {
    let metrics: [Metric] =
      switch kind {
      case .classification:
        [
          .accuracy, .logLoss, .balancedAccuracy, .f1, .matthewsCorrelation, .rocAUC,
          .averagePrecision, .brier, .expectedCalibrationError(),
        ] + (outputs > 5 ? [.topK()] : [])
      case .multiLabel: [.accuracy, .exactMatch, .f1, .rocAUC, .averagePrecision]
      case .regression: [.rmse, .mae, .r2, .medianAbsoluteError]
      }
    return metrics.filter { metric in
      metric.isDefined(for: kind)
        && (outputs <= mostClassesRanked || (metric != .rocAUC && metric != .averagePrecision))
    }
  }
}
