/// The rule by which a gradient moves the parameters.
public enum OptimizerRule: Hashable, Sendable {
  /// θ ← θ − η g
  case sgd
  /// v ← μ v + g; θ ← θ − η v. Polyak 1964, doi:10.1016/0041-5553(64)90137-5.
  case momentum(Double = 0.9)
  /// v ← μ v + g; θ ← θ − η (g + μ v). Nesterov 1983, in the form of Sutskever et al. 2013.
  case nesterov(Double = 0.9)
  /// Kingma & Ba 2015, arXiv 1412.6980.
  case adam(beta1: Double = 0.9, beta2: Double = 0.999, epsilon: Double = 1e-8)
  /// Adam with decoupled weight decay. Loshchilov & Hutter 2019, arXiv 1711.05101.
  case adamW(beta1: Double = 0.9, beta2: Double = 0.999, epsilon: Double = 1e-8)

  /// The names that `init(name:)` reads, as the command line shows them.
  public static let names = ["sgd", "momentum", "nesterov", "adam", "adamw"]

  /// The rule of this name with its default constants; nil if the name is unknown.
  public init?(name: String) {
    switch name {
    case "sgd": self = .sgd
    case "momentum": self = .momentum()
    case "nesterov": self = .nesterov()
    case "adam": self = .adam()
    case "adamw": self = .adamW()
    default: return nil
    }
  }

  public var name: String {
    switch self {
    case .sgd: "sgd"
    case .momentum: "momentum"
    case .nesterov: "nesterov"
    case .adam: "adam"
    case .adamW: "adamw"
    }
  }

  /// Whether the constants lie in their ranges: μ, β₁ and β₂ in [0, 1), ε positive.
  var isValid: Bool {
    switch self {
    case .sgd: true
    case .momentum(let momentum), .nesterov(let momentum): (0..<1).contains(momentum)
    case .adam(let beta1, let beta2, let epsilon), .adamW(let beta1, let beta2, let epsilon):
      (0..<1).contains(beta1) && (0..<1).contains(beta2) && epsilon > 0
    }
  }

  /// The learning rate that serves most networks under this rule.
  public var suggestedLearningRate: Double {
    switch self {
    case .sgd: 0.1
    case .momentum, .nesterov: 0.02
    case .adam, .adamW: 2e-3
    }
  }

  /// The decoupled weight decay that belongs to the rule: 0 for all but AdamW.
  public var suggestedWeightDecay: Double {
    if case .adamW = self { 0.01 } else { 0 }
  }
}

extension OptimizerRule: Codable {
  private enum Key: String, CodingKey { case rule, momentum, beta1, beta2, epsilon }

  public init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: Key.self)
    func number(_ key: Key) throws -> Double { try container.decode(Double.self, forKey: key) }
    let name = try container.decode(String.self, forKey: .rule)
    switch name {
    case "sgd": self = .sgd
    case "momentum": self = .momentum(try number(.momentum))
    case "nesterov": self = .nesterov(try number(.momentum))
    case "adam":
      self = .adam(
        beta1: try number(.beta1), beta2: try number(.beta2), epsilon: try number(.epsilon))
    case "adamw":
      self = .adamW(
        beta1: try number(.beta1), beta2: try number(.beta2), epsilon: try number(.epsilon))
    default:
      throw DecodingError.dataCorruptedError(
        forKey: .rule, in: container,
        debugDescription: "\"\(name)\" is not the name of a known optimizer")
    }
  }

  public func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: Key.self)
    try container.encode(name, forKey: .rule)
    switch self {
    case .sgd: break
    case .momentum(let momentum), .nesterov(let momentum):
      try container.encode(momentum, forKey: .momentum)
    case .adam(let beta1, let beta2, let epsilon), .adamW(let beta1, let beta2, let epsilon):
      try container.encode(beta1, forKey: .beta1)
      try container.encode(beta2, forKey: .beta2)
      try container.encode(epsilon, forKey: .epsilon)
    }
  }
}

/// A rule at work: its moments, and the steps taken.
public struct Optimizer<T: Scalar>: Sendable {
  public let rule: OptimizerRule
  /// λ of decoupled decay: θ ← θ − η λ θ before the step, for weights, not for biases.
  public let weightDecay: Double
  /// Updates made so far, t.
  public private(set) var step = 0
  /// v of momentum and Nesterov, m of Adam; without elements under plain descent.
  public private(set) var firstMoment: Parameters<T>
  /// v of Adam; without elements under the other rules.
  public private(set) var secondMoment: Parameters<T>

  /// Begins with zero moments, for parameters of the given layout.
  public init(rule: OptimizerRule, weightDecay: Double = 0, for layout: ParameterLayout) {
    self.rule = rule
    self.weightDecay = weightDecay
    let nothing = ParameterLayout(layers: [])
    switch rule {
    case .sgd:
      firstMoment = Parameters(layout: nothing)
      secondMoment = Parameters(layout: nothing)
    case .momentum, .nesterov:
      firstMoment = Parameters(layout: layout)
      secondMoment = Parameters(layout: nothing)
    case .adam, .adamW:
      firstMoment = Parameters(layout: layout)
      secondMoment = Parameters(layout: layout)
    }
  }

  /// What a checkpoint keeps besides the step: the tensors that the rule has, by their names.
  var moments: [(name: String, values: Parameters<T>)] {
    [("firstMoment", firstMoment), ("secondMoment", secondMoment)].filter {
      $0.1.layout.count > 0
    }
  }

  /// Goes on after so many steps with the moments of a checkpoint, which are those of this rule.
  mutating func restore(step: Int, moments: [(name: String, values: Parameters<T>)]) {
    precondition(
      moments.map(\.name) == self.moments.map(\.name), "the moments of another rule than \(rule)")
    self.step = step
    for (name, values) in moments {
      if name == "firstMoment" { firstMoment.assign(values) } else { secondMoment.assign(values) }
    }
  }

  /// One step along a gradient: a single elementwise pass over the flat buffer.
  ///
  /// - Parameters:
  ///   - parameters: θ, changed in place.
  ///   - gradient: ∂C/∂θ, of the same layout.
  ///   - rate: η, the learning rate of this step.
  ///   - pool: Threads to use; nil for the caller's alone. Changes no bit.
  /// - Complexity: O(parameters), without allocation.
  @specialized(where T == Float)
  @specialized(where T == Double)
  public mutating func update(
    _ parameters: inout Parameters<T>, along gradient: Parameters<T>, rate: Double,
    pool: ThreadPool? = nil
  ) {
    precondition(
      gradient.layout == parameters.layout
        && (firstMoment.layout == parameters.layout || firstMoment.layout.count == 0),
      "parameters, gradient and moments of different networks")
    step += 1
    // By index: without optimisation an array's iterator allocates, and a step must not.
    let tensors = parameters.layout.tensors
    let theta = parameters.mutableStart
    let g = gradient.start
    let handle = pool?.handle
    let eta = T(rate)
    let decay = T(weightDecay)
    switch rule {
    case .sgd:
      for index in tensors.indices {
        let tensor = tensors[index]
        T.kernels.updateSGD(
          handle, tensor.panels, tensor.rows, tensor.decayedRows, g + tensor.offset, eta, decay,
          theta + tensor.offset)
      }
    case .momentum(let momentum), .nesterov(let momentum):
      let isNesterov = if case .nesterov = rule { true } else { false }
      let v = firstMoment.mutableStart
      for index in tensors.indices {
        let tensor = tensors[index]
        T.kernels.updateMomentum(
          handle, tensor.panels, tensor.rows, tensor.decayedRows, g + tensor.offset, eta,
          T(momentum), isNesterov, decay, v + tensor.offset, theta + tensor.offset)
      }
    case .adam(let beta1, let beta2, let epsilon), .adamW(let beta1, let beta2, let epsilon):
      let correction1 = T(1 - power(beta1, step))
      let correction2 = T(1 - power(beta2, step))
      let m = firstMoment.mutableStart
      let v = secondMoment.mutableStart
      for index in tensors.indices {
        let tensor = tensors[index]
        T.kernels.updateAdam(
          handle, tensor.panels, tensor.rows, tensor.decayedRows, g + tensor.offset, eta,
          T(beta1), T(1 - beta1), T(beta2), T(1 - beta2), T(epsilon), correction1, correction2,
          decay, m + tensor.offset, v + tensor.offset, theta + tensor.offset)
      }
    }
  }

  /// baseᵗ by repeated squaring: a function of t alone, so that a resumed run has the same bits.
  private func power(_ base: Double, _ exponent: Int) -> Double {
    var result = 1.0
    var square = base
    var remaining = exponent
    while remaining > 0 {
      if remaining & 1 == 1 { result *= square }
      square *= square
      remaining >>= 1
    }
    return result
  }
}
