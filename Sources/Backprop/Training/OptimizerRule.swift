/// The rule by which a gradient moves the parameters.
///
/// g is the gradient ∂C/∂θ of the step, t the number of the step from 1, η the learning rate. Decay,
/// where it is asked for, is decoupled under every rule: θ ← θ − η λ θ before the step, for weights
/// and not for biases.
public enum OptimizerRule: Hashable, Sendable {
  /// Gradient descent: θ ← θ − η g, with g over all examples. Cauchy 1847, Comptes rendus 25,
  /// 536–538.
  case gradientDescent
  /// Stochastic gradient descent: θ ← θ − η g, with g over a batch. Robbins & Monro 1951,
  /// doi:10.1214/aoms/1177729586.
  case sgd
  /// v ← μ v + g; θ ← θ − η v. Polyak 1964, doi:10.1016/0041-5553(64)90137-5.
  case momentum(Double = 0.9)
  /// v ← μ v + g; θ ← θ − η (g + μ v). Nesterov 1983, in the form of Sutskever et al. 2013.
  case nesterov(Double = 0.9)
  /// v ← v + g²; θ ← θ − η g / (√v + ε). Duchi, Hazan & Singer 2011, JMLR 12, 2121–2159.
  case adaGrad(epsilon: Double = 1e-10)
  /// v ← ρ v + (1 − ρ) g²; θ ← θ − η g / (√v + ε), with ρ = `smoothing`. Tieleman & Hinton 2012,
  /// Neural Networks for Machine Learning, lecture 6.5.
  case rmsProp(smoothing: Double = 0.99, epsilon: Double = 1e-8)
  /// v ← ρ v + (1 − ρ) g²; d = g √(u + ε) / √(v + ε); u ← ρ u + (1 − ρ) d²; θ ← θ − η d, with
  /// ρ = `smoothing`. Zeiler 2012, arXiv 1212.5701.
  case adadelta(smoothing: Double = 0.9, epsilon: Double = 1e-6)
  /// m ← β₁ m + (1 − β₁) g; v ← β₂ v + (1 − β₂) g²;
  /// θ ← θ − η (m / (1 − β₁ᵗ)) / (√(v / (1 − β₂ᵗ)) + ε). Kingma & Ba 2015, arXiv 1412.6980.
  case adam(beta1: Double = 0.9, beta2: Double = 0.999, epsilon: Double = 1e-8)
  /// Adam with v̂ ← max(v̂, v) in the place of v under the root, so that no step grows again.
  /// Reddi, Kale & Kumar 2018, arXiv 1904.09237.
  case amsGrad(beta1: Double = 0.9, beta2: Double = 0.999, epsilon: Double = 1e-8)
  /// Adam with Nesterov's look ahead, its momentum rising with t: μₜ = β₁ (1 − ½ · 0.96^(t ψ)),
  /// Πₜ = μ₁ ⋯ μₜ, ψ = `momentumDecay`;
  /// θ ← θ − η (g (1 − μₜ) / (1 − Πₜ) + m μₜ₊₁ / (1 − Πₜ₊₁)) / (√(v / (1 − β₂ᵗ)) + ε).
  /// Dozat 2016, Incorporating Nesterov Momentum into Adam, ICLR workshop.
  case nAdam(
    beta1: Double = 0.9, beta2: Double = 0.999, epsilon: Double = 1e-8,
    momentumDecay: Double = 4e-3)
  /// Adam with decoupled weight decay. Loshchilov & Hutter 2019, arXiv 1711.05101.
  case adamW(beta1: Double = 0.9, beta2: Double = 0.999, epsilon: Double = 1e-8)
  /// Adam that trusts v by as much as its variance is known. With ρ∞ = 2 / (1 − β₂) − 1 and
  /// ρ = ρ∞ − 2 t β₂ᵗ / (1 − β₂ᵗ): while ρ ≤ 5, θ ← θ − η m / (1 − β₁ᵗ); then
  /// θ ← θ − η r (m / (1 − β₁ᵗ)) √(1 − β₂ᵗ) / (√v + ε),
  /// r² = (ρ − 4)(ρ − 2) ρ∞ / ((ρ∞ − 4)(ρ∞ − 2) ρ). Liu et al. 2020, arXiv 1908.03265.
  case rAdam(beta1: Double = 0.9, beta2: Double = 0.999, epsilon: Double = 1e-8)
  /// θ ← θ − η sign(β₁ m + (1 − β₁) g); m ← β₂ m + (1 − β₂) g. Chen et al. 2023, arXiv 2302.06675.
  case lion(beta1: Double = 0.9, beta2: Double = 0.99)
  /// iRprop−, with g over all examples; s is the sign of the gradient before, Δ begins at the η of
  /// the first step. sign(g) s > 0: Δ ← min(`growth` Δ, `largest`). sign(g) s < 0:
  /// Δ ← max(`shrinkage` Δ, `smallest`), and g counts as 0. Then θ ← θ − sign(g) Δ; s ← sign(g).
  /// Riedmiller & Braun 1993, doi:10.1109/ICNN.1993.298623; this form: Igel & Hüsken 2000.
  case rprop(
    shrinkage: Double = 0.5, growth: Double = 1.2, smallest: Double = 1e-6, largest: Double = 50)
  /// L-BFGS with a search for the strong Wolfe conditions, with g over all examples: θ ← θ − t H g,
  /// where H is formed from the last `memory` steps and the changes of g along them, and t is
  /// searched anew each step, from η on. Several passes over the data a step; for small data and
  /// smooth losses. It ends by itself where nothing is left to gain. Liu & Nocedal 1989,
  /// doi:10.1007/BF01589116; Nocedal & Wright 2006, algorithms 7.5 and 3.5.
  case lbfgs(memory: Int = 10)

  /// Every rule once, with its default constants.
  package static let allCases: [OptimizerRule] = [
    .gradientDescent, .sgd, .momentum(), .nesterov(), .adaGrad(), .rmsProp(), .adadelta(), .adam(),
    .amsGrad(), .nAdam(), .adamW(), .rAdam(), .lion(), .rprop(),
    .lbfgs(),
  ]

  /// The names that `init(name:)` reads, as the command line shows them.
  package static let names = allCases.map(\.name)
  /// The same, with what may stand behind them.
  package static let spellings = allCases.map { $0.searchesLines ? "\($0.name)[:memory]" : $0.name }

  /// The rule of this name with its default constants, "lbfgs:20" with a memory of 20; nil if the name
  /// is unknown.
  public init?(name: String) {
    if name.hasPrefix("lbfgs:") {
      guard let memory = Int(name.dropFirst(6)), Self.memories.contains(memory) else { return nil }
      self = .lbfgs(memory: memory)
      return
    }
    guard let rule = Self.allCases.first(where: { $0.name == name }) else { return nil }
    self = rule
  }

  /// What `init(name:)` reads, without the constants: "adam", "lbfgs".
  public var name: String {
    switch self {
    case .gradientDescent: "gd"
    case .sgd: "sgd"
    case .momentum: "momentum"
    case .nesterov: "nesterov"
    case .adaGrad: "adagrad"
    case .rmsProp: "rmsprop"
    case .adadelta: "adadelta"
    case .adam: "adam"
    case .amsGrad: "amsgrad"
    case .nAdam: "nadam"
    case .adamW: "adamw"
    case .rAdam: "radam"
    case .lion: "lion"
    case .rprop: "rprop"
    case .lbfgs: "lbfgs"
    }
  }

  /// Pairs of steps that L-BFGS can be told to keep.
  static let memories = 1...1000

  /// Checks the constants: μ, ρ, β₁ and β₂ in [0, 1), ε positive, ψ at least 0;
  /// 0 < shrinkage < 1 < growth and 0 < smallest ≤ largest; a memory from 1 to 1000.
  ///
  /// - Throws: `ConfigurationError` with the first that lies outside.
  package func validate() throws(ConfigurationError) {
    func check(_ value: Double, _ key: Key, _ range: NumberRange) throws(ConfigurationError) {
      try range.check(value, "optimizer.\(key.rawValue)")
    }
    switch self {
    case .gradientDescent, .sgd: break
    case .momentum(let momentum), .nesterov(let momentum):
      try check(momentum, .momentum, .belowOne)
    case .adaGrad(let epsilon): try check(epsilon, .epsilon, .positive)
    case .rmsProp(let smoothing, let epsilon), .adadelta(let smoothing, let epsilon):
      try check(smoothing, .smoothing, .belowOne)
      try check(epsilon, .epsilon, .positive)
    case .adam(let beta1, let beta2, let epsilon), .amsGrad(let beta1, let beta2, let epsilon),
      .adamW(let beta1, let beta2, let epsilon), .rAdam(let beta1, let beta2, let epsilon),
      .nAdam(let beta1, let beta2, let epsilon, _):
      try check(beta1, .beta1, .belowOne)
      try check(beta2, .beta2, .belowOne)
      try check(epsilon, .epsilon, .positive)
      if case .nAdam(_, _, _, let momentumDecay) = self {
        try check(momentumDecay, .momentumDecay, .atLeastZero)
      }
    case .lion(let beta1, let beta2):
      try check(beta1, .beta1, .belowOne)
      try check(beta2, .beta2, .belowOne)
    case .rprop(let shrinkage, let growth, let smallest, let largest):
      try check(shrinkage, .shrinkage, .inside)
      try check(growth, .growth, NumberRange(text: "greater than 1") { $0 > 1 })
      try check(smallest, .smallest, .positive)
      try check(
        largest, .largest, NumberRange(text: "of at least \(smallest)") { $0 >= smallest })
    case .lbfgs(let memory):
      try NumberRange.whole(Self.memories).check(memory, "optimizer.\(Key.memory.rawValue)")
    }
  }

  /// Whether a step takes all examples: `Trainer` then overrides the batch size. Its workspace holds
  /// what the network computes for all of them.
  package var takesAllExamples: Bool {
    switch self {
    case .gradientDescent, .rprop, .lbfgs: true
    default: false
    }
  }

  /// Whether a step is searched along a line, with several passes over the data: then clipping and
  /// decoupled decay have no meaning, because the search is for a lower loss.
  package var searchesLines: Bool { if case .lbfgs = self { true } else { false } }

  /// Whether a step is a first moment, or the gradient, over the root of a second one and ε: then it is
  /// the same step whatever the gradient is scaled by, ε aside (`UpdateFactors`).
  package var isRatioOfMoments: Bool {
    switch self {
    case .adaGrad, .rmsProp, .adam, .amsGrad, .nAdam, .adamW, .rAdam: true
    default: false
    }
  }

  /// Whether the rule finds the size of its steps by itself and the learning rate is only what it
  /// begins with, so that a schedule has no meaning.
  package var ignoresSchedule: Bool {
    switch self {
    case .rprop, .lbfgs: true
    default: false
    }
  }

  /// The learning rate that serves most networks under this rule.
  ///
  /// AdaGrad, NAdam and RPROP: PyTorch's default. RMSProp: Hinton's lecture. Adadelta: 1, as the
  /// paper, which has no rate. Lion: a tenth of Adam's, as the paper advises (3 to 10 times smaller).
  package var suggestedLearningRate: Double {
    switch self {
    case .gradientDescent, .sgd: 0.1
    case .momentum, .nesterov: 0.02
    case .adaGrad, .rprop: 0.01
    case .rmsProp: 1e-3
    case .adadelta, .lbfgs: 1
    case .adam, .amsGrad, .nAdam, .adamW, .rAdam: 2e-3
    case .lion: 2e-4
    }
  }

  /// The decoupled weight decay that belongs to the rule: 0 for all but AdamW, and Lion, whose smaller
  /// rate asks for as much more (η λ is the same).
  package var suggestedWeightDecay: Double {
    switch self {
    case .adamW: 0.01
    case .lion: 0.1
    default: 0
    }
  }

  /// Which of the three buffers of an `Optimizer` the rule fills.
  var moments: (first: Bool, second: Bool, third: Bool) {
    switch self {
    case .gradientDescent, .sgd, .lbfgs: (false, false, false)
    case .momentum, .nesterov, .lion: (true, false, false)
    case .adaGrad, .rmsProp: (false, true, false)
    case .adadelta, .adam, .nAdam, .adamW, .rAdam, .rprop: (true, true, false)
    case .amsGrad: (true, true, true)
    }
  }

  /// Whether the tensors of a checkpoint can be those of this rule, by their names; of L-BFGS they are as
  /// many pairs as it remembers, or fewer.
  func accepts(momentNames names: [String]) -> Bool {
    if case .lbfgs(let memory) = self {
      return names.count / 2 <= memory
        && names == (0..<names.count / 2).flatMap { ["step.\($0)", "change.\($0)"] }
    }
    let kept = [
      ("firstMoment", moments.first), ("secondMoment", moments.second),
      ("maximumMoment", moments.third),
    ]
    return names == kept.filter(\.1).map(\.0)
  }
}

extension OptimizerRule: Codable {
  private enum Key: String, CodingKey {
    case rule, momentum, beta1, beta2, epsilon, smoothing, momentumDecay
    case shrinkage, growth, smallest, largest, memory
  }

  public init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: Key.self)
    func number(_ key: Key) throws -> Double { try container.decode(Double.self, forKey: key) }
    let name = try container.decode(String.self, forKey: .rule)
    guard let rule = OptimizerRule(name: name) else {
      throw DecodingError.dataCorruptedError(
        forKey: .rule, in: container,
        debugDescription: "\(name.quoted) is not the name of a known optimizer")
    }
    switch rule {
    case .gradientDescent, .sgd: self = rule
    case .momentum: self = .momentum(try number(.momentum))
    case .nesterov: self = .nesterov(try number(.momentum))
    case .adaGrad: self = .adaGrad(epsilon: try number(.epsilon))
    case .rmsProp:
      self = .rmsProp(smoothing: try number(.smoothing), epsilon: try number(.epsilon))
    case .adadelta:
      self = .adadelta(smoothing: try number(.smoothing), epsilon: try number(.epsilon))
    case .adam:
      self = .adam(
        beta1: try number(.beta1), beta2: try number(.beta2), epsilon: try number(.epsilon))
    case .amsGrad:
      self = .amsGrad(
        beta1: try number(.beta1), beta2: try number(.beta2), epsilon: try number(.epsilon))
    case .nAdam:
      self = .nAdam(
        beta1: try number(.beta1), beta2: try number(.beta2), epsilon: try number(.epsilon),
        momentumDecay: try number(.momentumDecay))
    case .adamW:
      self = .adamW(
        beta1: try number(.beta1), beta2: try number(.beta2), epsilon: try number(.epsilon))
    case .rAdam:
      self = .rAdam(
        beta1: try number(.beta1), beta2: try number(.beta2), epsilon: try number(.epsilon))
    case .lion: self = .lion(beta1: try number(.beta1), beta2: try number(.beta2))
    case .rprop:
      self = .rprop(
        shrinkage: try number(.shrinkage), growth: try number(.growth),
        smallest: try number(.smallest), largest: try number(.largest))
    case .lbfgs: self = .lbfgs(memory: try container.decode(Int.self, forKey: .memory))
    }
  }

  public func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: Key.self)
    try container.encode(name, forKey: .rule)
    func encode(_ numbers: KeyValuePairs<Key, Double>) throws {
      for (key, number) in numbers { try container.encode(number, forKey: key) }
    }
    switch self {
    case .gradientDescent, .sgd: break
    case .momentum(let momentum), .nesterov(let momentum): try encode([.momentum: momentum])
    case .adaGrad(let epsilon): try encode([.epsilon: epsilon])
    case .rmsProp(let smoothing, let epsilon), .adadelta(let smoothing, let epsilon):
      try encode([.smoothing: smoothing, .epsilon: epsilon])
    case .adam(let beta1, let beta2, let epsilon), .amsGrad(let beta1, let beta2, let epsilon),
      .adamW(let beta1, let beta2, let epsilon), .rAdam(let beta1, let beta2, let epsilon):
      try encode([.beta1: beta1, .beta2: beta2, .epsilon: epsilon])
    case .nAdam(let beta1, let beta2, let epsilon, let momentumDecay):
      try encode([
        .beta1: beta1, .beta2: beta2, .epsilon: epsilon, .momentumDecay: momentumDecay,
      ])
    case .lion(let beta1, let beta2): try encode([.beta1: beta1, .beta2: beta2])
    case .rprop(let shrinkage, let growth, let smallest, let largest):
      try encode([
        .shrinkage: shrinkage, .growth: growth, .smallest: smallest, .largest: largest,
      ])
    case .lbfgs(let memory): try container.encode(memory, forKey: .memory)
    }
  }
}
