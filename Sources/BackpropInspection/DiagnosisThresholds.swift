import Backprop

/// The bounds that a diagnosis judges by. Each has a name, a default and a source.
///
/// They are rules of thumb: they say where to look, and a network of a different kind may need others.
///
/// ```swift
/// var thresholds = DiagnosisThresholds()
/// thresholds[.deadShare] = 0.5
/// ```
package struct DiagnosisThresholds: Hashable, Sendable {
  private var changed: [Name: Double] = [:]

  /// The defaults.
  package init() {}

  package subscript(name: Name) -> Double {
    get { changed[name] ?? name.defaultValue }
    set { changed[name] = newValue }
  }

  /// Sets a threshold as the command line does: "deadShare=0.5".
  ///
  /// - Throws: `DiagnosisThresholdError` if there is no such name, or the number is out of its range.
  package mutating func set(_ assignment: String) throws(DiagnosisThresholdError) {
    let parts = assignment.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
    guard parts.count == 2 else { throw .noAssignment(assignment) }
    guard let name = Name(rawValue: String(parts[0])) else { throw .unknown(String(parts[0])) }
    guard let value = Double(parts[1]), value.isFinite, value >= 0 else {
      throw .badValue(String(parts[1]), name)
    }
    self[name] = value
  }

  /// What can be set.
  package enum Name: String, CaseIterable, Codable, Sendable {
    /// ‖δˡ‖ / ‖δˡ⁺¹‖ below which the error vanishes in layer l. σ′ of a sigmoid is at most ¼, so
    /// that it alone passes this bound. Nielsen 2015, ch. 5.
    case vanishingRatio
    /// ‖δ²‖ / ‖δᴸ‖ below which that counts: one layer that shrinks the error does no harm.
    /// Nielsen 2015, ch. 5, where layers that are slower by such a factor hardly learn.
    case vanishingTotal
    /// ‖δˡ‖ / ‖δˡ⁺¹‖ above which the error explodes in layer l. Pascanu et al. 2013.
    case explodingRatio
    /// ‖δ²‖ / ‖δᴸ‖ above which that counts.
    case explodingTotal
    /// The largest ‖ΔW‖ / ‖W‖ of a step. CS231n: it should be about 1e-3; a hundred times as much is
    /// allowed, because the first steps of Adam move every weight by almost η whatever its gradient.
    case updateLarge
    /// The smallest ‖ΔW‖ / ‖W‖ of a step: a hundredth of CS231n's 1e-3.
    case updateSmall
    /// The largest share of a layer's ReLU units that give 0 for every example. CS231n tells of 0.4
    /// where the learning rate is too high; a few are usual.
    case deadShare
    /// σ′ over its largest value at which an output of sigmoid or tanh counts as saturated: 0.1 is
    /// |z| > 3.6 for sigmoid, 1.8 for tanh. After Glorot & Bengio 2010, who plot such outputs.
    case saturatedDerivative
    /// The largest share of a layer's outputs that may be saturated. Glorot & Bengio 2010.
    case saturatedShare
    /// The largest share of a hidden layer's neurons that have a twin. Fresh random weights have none.
    case symmetricShare
    /// The least real over predicted change of C for one step. Nocedal & Wright 2006, algorithm 4.1:
    /// a region in which less than ¼ of the promise comes true is too large.
    case changeRatio
    /// The largest C of the trial over C at its start, or over that of the best constant outputs
    /// where that is more. LeCun et al. 1998: above twice the best rate C grows; in a healthy trial
    /// it never leaves its start upwards, so that a quarter is a generous margin.
    case lossRise
    /// The largest relative distance of the first loss from that of guessing. CS231n.
    case lossAtStart
    /// The largest C of a trained network over that of the best constant outputs: above, the inputs have
    /// taught it nothing. CS231n, whose first check is against guessing.
    case constantShare
    /// The largest root mean square of an input. LeCun et al. 1998 ask for about 1.
    case inputSize
    /// The least accuracy (exact matches for several labels) on the examples to be learned by heart.
    /// Karpathy 2019.
    case overfitAccuracy
    /// The least R² on the examples to be learned by heart, for numbers. Karpathy 2019 asks for the
    /// least loss that can be reached; some hundred steps come so close.
    case overfitR2

    package var defaultValue: Double {
      switch self {
      case .vanishingRatio: 0.5
      case .vanishingTotal: 0.05
      case .explodingRatio: 2
      case .explodingTotal: 20
      case .updateLarge: 0.1
      case .updateSmall: 1e-5
      case .deadShare: 0.4
      case .saturatedDerivative: 0.1
      case .saturatedShare: 0.5
      case .symmetricShare: 0
      case .changeRatio: 0.25
      case .lossRise: 1.25
      case .lossAtStart: 0.5
      case .constantShare: 0.95
      case .inputSize: 3
      case .overfitAccuracy: 1
      case .overfitR2: 0.95
      }
    }

    /// What is bounded, in a few words.
    package func meaning(in language: Language) -> String {
      language.text("doctor.threshold.\(rawValue)")
    }
  }
}

extension DiagnosisThresholds: Codable {
  package init(from decoder: any Decoder) throws {
    let values = try decoder.singleValueContainer().decode([String: Double].self)
    for (name, value) in values {
      if let name = Name(rawValue: name) { self[name] = value }
    }
  }

  /// Every threshold under its name.
  package func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    try container.encode(
      Dictionary(uniqueKeysWithValues: Name.allCases.map { ($0.rawValue, self[$0]) }))
  }
}

/// A threshold that cannot be set.
package enum DiagnosisThresholdError: UserError, Equatable {
  case noAssignment(String)
  case unknown(String)
  case badValue(String, DiagnosisThresholds.Name)

  package var message: String {
    switch self {
    case .noAssignment(let text):
      "threshold \(text.quoted): give name=value, for example "
        + "deadShare=\(DiagnosisThresholds.Name.deadShare.defaultValue)"
    case .unknown(let name):
      "there is no threshold \(name.quoted); "
        + (nearMatch(name, in: Self.names).map { "did you mean \($0)? " } ?? "")
        + "the names are " + Self.names.joined(separator: ", ")
    case .badValue(let text, let name):
      "threshold \(name.rawValue)=\(text): give a number of at least 0"
    }
  }

  private static var names: [String] { DiagnosisThresholds.Name.allCases.map(\.rawValue) }
}
