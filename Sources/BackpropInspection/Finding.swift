import Backprop

/// Something that a diagnosis found to be out of its bounds.
///
/// A finding names a measure, not a verdict: its JSON holds what was measured (`value`), the bound that it
/// passed (`threshold`), and where the bound comes from (`source`).
public struct Finding: Codable, Hashable, Sendable {
  /// What was found.
  public let code: Code
  /// How bad it is.
  public let severity: Severity
  /// The layer, 2 … L; nil for the whole network.
  public let layer: Int?
  /// What was measured; its unit is the threshold's.
  package let value: Double
  package let threshold: Double
  /// Book or paper, with its year and DOI or address.
  package let source: String
  /// What to do about it, in English.
  public let whatToDo: String
  /// The keys of that.
  let advices: [String]

  /// - Parameter advices: Keys of what to do; nil for what is usual.
  init(
    _ code: Code, _ severity: Severity? = nil, layer: Int? = nil, value: Double, threshold: Double,
    advices: [String]? = nil
  ) {
    self.code = code
    self.severity = severity ?? code.usualSeverity
    self.layer = layer
    self.value = value
    self.threshold = threshold
    source = code.source
    self.advices = advices ?? ["doctor.\(code.rawValue).advice"]
    whatToDo = Language.english.texts(self.advices)
  }

  /// The name of the finding in a few words.
  package func title(in language: Language) -> String { code.title(in: language) }

  /// What to do about it.
  package func advice(in language: Language) -> String { language.texts(advices) }

  /// The same without the advice to do what is done already.
  func advised(in layers: [LayerDiagnosis], scalesInputs: Bool) -> Finding {
    let activation = layers.first { $0.layer == layer }.flatMap { Activation($0.activation) }
    let isLast = layer == layers.last?.layer
    var advices =
      switch code {
      case .vanishingError where activation?.saturates == false:
        ["doctor.vanishingError.advice.weights"]
      case .saturatedUnits where isLast: ["doctor.saturatedUnits.advice.last"]
      case .deadUnits where isLast: ["doctor.deadUnits.advice.last"]
      default: self.advices
      }
    if scalesInputs, Self.ofInputs.contains(code) {
      advices.append("doctor.advice.inputs")
    }
    return Finding(
      code, severity, layer: layer, value: value, threshold: threshold, advices: advices)
  }

  /// What inputs that are not scaled may bring about.
  private static let ofInputs: [Code] = [
    .explodingError, .saturatedUnits, .lossAtStart, .divergence, .cannotOverfit,
  ]

  /// How bad it is.
  public enum Severity: String, Codable, CaseIterable, Comparable, Sendable {
    /// Worth knowing.
    case info
    /// Learning is slow, or part of the network is of no use.
    case warning
    /// Learning fails.
    case error

    public static func < (left: Severity, right: Severity) -> Bool {
      left.rank < right.rank
    }

    fileprivate var rank: Int {
      switch self {
      case .info: 0
      case .warning: 1
      case .error: 2
      }
    }
  }

  /// What can be found, the causes before their effects: in this order findings of one severity are
  /// told.
  public enum Code: String, Codable, CaseIterable, Sendable {
    /// A weight, an output or the loss is NaN or infinite. The value is the step, 0 before the first.
    case nonFinite
    /// The loss rises far above its start in a trial. The value is by what factor.
    case divergence
    /// Neurons of a layer have the same weights and the same δ. The value is their share.
    case symmetry
    /// A few examples cannot be learned by heart. The value is the accuracy, or R².
    case cannotOverfit
    /// C of a trained network is that of constant outputs. The value is C over the least of those.
    case constantAnswers
    /// ‖δˡ‖ / ‖δˡ⁺¹‖ is small, and ‖δ²‖ / ‖δᴸ‖ too. The value is the former.
    case vanishingError
    /// ‖δˡ‖ / ‖δˡ⁺¹‖ is large, and ‖δ²‖ / ‖δᴸ‖ too. The value is the former.
    case explodingError
    /// Units of ReLU that give 0 for every example. The value is their share of the layer.
    case deadUnits
    /// Outputs of sigmoid or tanh where σ′ is near 0. The value is their share of the layer's.
    case saturatedUnits
    /// A step lowers C by far less than ∇C·Δθ says. The value is real over predicted change.
    case stepTooLarge
    /// ‖ΔW‖ / ‖W‖ of a step is large.
    case updateTooLarge
    /// ‖ΔW‖ / ‖W‖ of a step is small.
    case updateTooSmall
    /// The loss of a network that was never trained is not that of guessing. The value is its
    /// relative distance from that.
    case lossAtStart

    /// The name of the finding in a few words.
    package func title(in language: Language) -> String {
      language.text("doctor.\(rawValue).title")
    }

    var usualSeverity: Severity {
      switch self {
      case .nonFinite, .divergence, .symmetry, .cannotOverfit, .constantAnswers: .error
      case .vanishingError, .explodingError, .deadUnits, .saturatedUnits, .stepTooLarge,
        .updateTooLarge, .lossAtStart:
        .warning
      case .updateTooSmall: .info
      }
    }

    /// Where the measure and its bound come from.
    var source: String {
      switch self {
      case .nonFinite: "IEEE 754-2019, doi:10.1109/IEEESTD.2019.8766229"
      case .divergence:
        "LeCun, Bottou, Orr, Müller, Efficient BackProp (1998), doi:10.1007/3-540-49430-8_2"
      case .symmetry:
        "Rumelhart, Hinton, Williams, Learning Internal Representations (1986), ch. 8"
      case .cannotOverfit:
        "Karpathy, A Recipe for Training Neural Networks (2019), karpathy.github.io/2019/04/25/recipe"
      case .vanishingError:
        "Bengio, Simard, Frasconi (1994), doi:10.1109/72.279181; Nielsen (2015), ch. 5"
      case .explodingError:
        "Pascanu, Mikolov, Bengio (2013), arXiv 1211.5063; Nielsen (2015), ch. 5"
      case .deadUnits: "Maas, Hannun, Ng (2013), Rectifier Nonlinearities; CS231n (2016), notes 1"
      case .saturatedUnits: "Glorot, Bengio (2010), PMLR 9:249–256"
      case .stepTooLarge:
        "Nocedal, Wright, Numerical Optimization (2006), algorithm 4.1, "
          + "doi:10.1007/978-0-387-40065-5"
      case .updateTooLarge, .updateTooSmall: "CS231n (2016), notes 3, \"Ratio of weights:updates\""
      case .lossAtStart, .constantAnswers:
        "CS231n (2016), notes 3, \"Before learning: sanity checks\""
      }
    }
  }
}

extension [Finding] {
  /// What follows from the cause first, the nearest before; then the most severe; of equals in the order of
  /// `Finding.Code`, then from the input upwards.
  func ranked(by cause: Cause? = nil) -> [Finding] {
    let order = Finding.Code.allCases
    func key(_ finding: Finding) -> [Int] {
      [
        cause?.explains.firstIndex(of: finding.code) ?? order.count, -finding.severity.rank,
        order.firstIndex(of: finding.code) ?? 0, finding.layer ?? 0,
      ]
    }
    return sorted { key($0).lexicographicallyPrecedes(key($1)) }
  }
}
