/// A rule at work: its moments, and the steps taken.
public struct Optimizer<T: Scalar>: Sendable {
  package let rule: OptimizerRule
  /// λ of decoupled decay: θ ← θ − η λ θ before the step, for weights, not for biases.
  package let weightDecay: Double
  /// Factors of rate and decay, one for all layers or one for each; nil for 1, and no decay of biases.
  package let factors: [TensorFactors]?
  /// Updates made so far, t.
  package private(set) var step = 0
  /// v of momentum and Nesterov, m of Lion and of Adam and its kin, u of Adadelta, the signs s of
  /// RPROP; without elements under the other rules.
  package private(set) var firstMoment: Parameters<T>
  /// v of the rules that divide by its root, the step sizes Δ of RPROP; without elements under the
  /// other rules.
  package private(set) var secondMoment: Parameters<T>
  /// v̂ of AMSGrad; without elements under the other rules.
  package private(set) var maximumMoment: Parameters<T>
  /// The pairs of L-BFGS and its working vectors; nil under the other rules.
  private(set) var lbfgs: LBFGS<T>?
  private var momentumProduct = MomentumProduct()
  /// The tensors: where they stand, and what the last step did to them.
  private var spans: [UpdateSpan]
  private let updateFactors: [UpdateFactors]
  private let layout: ParameterLayout

  /// Begins with zero moments, for parameters of the given layout.
  ///
  /// - Precondition: No decay where the rule searches along lines: what is searched is the loss.
  public init(rule: OptimizerRule, weightDecay: Double = 0, for layout: ParameterLayout) {
    self.init(rule: rule, weightDecay: weightDecay, factors: nil, for: layout)
  }

  /// The same with factors of rate and decay.
  ///
  /// - Precondition: There are as many factors as layers, or one, or none.
  package init(
    rule: OptimizerRule, weightDecay: Double = 0, factors: [TensorFactors]?,
    for layout: ParameterLayout
  ) {
    precondition(
      factors.map { $0.count == 1 || $0.count == layout.layerCount } ?? true,
      "\(factors?.count ?? 0) factors for \(layout.layerCount) layers")
    precondition(
      (weightDecay == 0 && factors == nil) || !rule.searchesLines,
      "decay \(weightDecay) or factors under \(rule.name)")
    self.rule = rule
    self.weightDecay = weightDecay
    self.factors = factors
    self.layout = layout
    updateFactors = layout.tensors.map { tensor in
      tensor.updateFactors(factors.map { $0[$0.count == 1 ? 0 : tensor.layer] })
    }
    precondition(
      rule.isRatioOfMoments || layout.tensors.allSatisfy { $0.factors == UpdateFactors() },
      "weights in NTK form under \(rule.name), which is no ratio of moments")
    spans = layout.tensors.map {
      UpdateSpan(panels: $0.kernelPanels, rate: 0, decay: 0, epsilon: 0)
    }
    let nothing = ParameterLayout(layers: [])
    let moments = rule.moments
    firstMoment = Parameters(layout: moments.first ? layout : nothing)
    secondMoment = Parameters(layout: moments.second ? layout : nothing)
    maximumMoment = Parameters(layout: moments.third ? layout : nothing)
    if case .lbfgs(let memory) = rule { lbfgs = LBFGS(memory: memory, for: layout) }
  }

  /// What a checkpoint keeps besides the step: the tensors that the rule has, by their names.
  var moments: [(name: String, values: Parameters<T>)] {
    if let lbfgs { return lbfgs.moments }
    return [
      ("firstMoment", firstMoment), ("secondMoment", secondMoment),
      ("maximumMoment", maximumMoment),
    ].filter { $0.1.layout.count > 0 }
  }

  /// Goes on after so many steps with the moments of a checkpoint, which are those of this rule.
  mutating func restore(
    step: Int, moments: [(name: String, values: Parameters<T>)],
    lineSearch: LineSearchRecord? = nil
  ) {
    precondition(
      rule.accepts(momentNames: moments.map(\.name)), "the moments of another rule than \(rule)")
    self.step = step
    if lbfgs != nil {
      lbfgs?.restore(moments, lineSearch ?? LineSearchRecord())
      return
    }
    for (name, values) in moments {
      switch name {
      case "firstMoment": firstMoment.assign(values)
      case "secondMoment": secondMoment.assign(values)
      default: maximumMoment.assign(values)
      }
    }
  }

  /// One step of a rule that searches along lines: as many passes over all examples as the search
  /// takes, and then network, workspace and gradient stand where it ended.
  ///
  /// - Parameters:
  ///   - network: Moved in place.
  ///   - workspace: Receives the pass at the new point.
  ///   - gradient: ∂C/∂θ with penalties; receives that at the new point.
  ///   - objective: C where the network stands.
  ///   - rate: η, the length that is tried first.
  ///   - evaluate: Passes all examples through the network, forward and back.
  /// - Returns: The length of the step along its direction.
  /// - Complexity: O(parameters × memory) and the passes, without allocation.
  package mutating func search(
    _ network: inout Network<T>, in workspace: inout Workspace<T>,
    gradient: inout Parameters<T>, objective: Objective, rate: Double,
    evaluate: (Network<T>, inout Workspace<T>, inout Parameters<T>) -> Objective
  ) -> Double {
    precondition(lbfgs != nil, "\(rule.name) searches no lines")
    step += 1
    return lbfgs?.step(
      &network, in: &workspace, gradient: &gradient, objective: objective, rate: rate,
      isFirst: step == 1, evaluate: evaluate) ?? 0
  }

  /// One step along a gradient: a single elementwise pass over the flat buffer.
  ///
  /// Of L-BFGS this is the first point that a search would try; the search itself needs the loss,
  /// which `Trainer` has.
  ///
  /// - Parameters:
  ///   - parameters: θ, changed in place.
  ///   - gradient: ∂C/∂θ, of the same layout.
  ///   - rate: η, the learning rate of this step.
  ///   - momentum: μ, or β₁, of this step in the place of the rule's own; nil for that.
  ///   - decayFactor: What the decay of this step is multiplied by.
  ///   - pool: Threads to use; nil for the caller's alone. Changes no bit.
  /// - Complexity: O(parameters), without allocation.
  @specialized(where T == Float)
  @specialized(where T == Double)
  public mutating func update(
    _ parameters: inout Parameters<T>, along gradient: Parameters<T>, rate: Double,
    momentum: Double? = nil, decayFactor: Double = 1, pool: ThreadPool? = nil
  ) {
    precondition(
      gradient.layout == parameters.layout && layout == parameters.layout,
      "parameters, gradient and moments of different networks")
    step += 1
    if lbfgs != nil {
      lbfgs?.moveToFirstTrial(&parameters, along: gradient, rate: rate, isFirst: step == 1)
      return
    }
    let rule = momentum.map { self.rule.with(momentum: $0) } ?? self.rule
    let terms = rule.terms(ofStep: step, &momentumProduct)
    if case .rprop = rule, step == 1 {
      secondMoment.mutableStart.update(repeating: T(rate), count: secondMoment.layout.count)
    }
    setSpans(rate: rate, decay: weightDecay * decayFactor, epsilon: terms.epsilon)
    var update = rule.kernel
    (update.correction1, update.correction2) = (terms.correction1, terms.correction2)
    (update.gradient_share, update.moment_share) = (terms.gradientShare, terms.momentShare)
    update.gradient = UnsafeRawPointer(gradient.start)
    update.first = UnsafeMutableRawPointer(firstMoment.mutableStart)
    update.second = UnsafeMutableRawPointer(secondMoment.mutableStart)
    update.third = UnsafeMutableRawPointer(maximumMoment.mutableStart)
    update.parameters = UnsafeMutableRawPointer(parameters.mutableStart)
    spans.withUnsafeBufferPointer {
      (update.spans, update.span_count) = ($0.baseAddress, $0.count)
      T.kernels.update(pool?.handle, &update)
    }
  }

  /// What this step does to each tensor.
  private mutating func setSpans(rate: Double, decay: Double, epsilon: Double) {
    // By index: without optimisation an array's iterator allocates, and a step must not.
    for index in spans.indices {
      let factors = updateFactors[index]
      spans[index].rate = rate * factors.rate
      spans[index].decay = decay * factors.decay
      spans[index].epsilon = epsilon * factors.epsilon
    }
  }
}

extension ParameterTensor {
  /// By how much the updates of this tensor differ from those of the run.
  ///
  /// - Parameter own: What the run says of the tensor's layer; nil for nothing.
  func updateFactors(_ own: TensorFactors?) -> UpdateFactors {
    let own = own ?? TensorFactors()
    // What begins at 1 has nothing to gain by shrinking to 0.
    let decay =
      role.isPenalized || factors.decays ? own.weightDecay : role.start == 0 ? own.biasDecay : 0
    return UpdateFactors(
      rate: factors.rate * (role.isPenalized ? own.weightRate : own.biasRate),
      decay: factors.decay * decay,
      epsilon: factors.epsilon)
  }
}

/// What of an update is the same for all parameters and depends on t alone.
struct StepTerms {
  /// c₁ and c₂: the moments are divided by them.
  var correction1 = 1.0
  var correction2 = 1.0
  var epsilon = 0.0
  /// (1 − μₜ) / (1 − Πₜ) and μₜ₊₁ / (1 − Πₜ₊₁) of NAdam.
  var gradientShare = 0.0
  var momentShare = 0.0
}

extension OptimizerRule {
  /// The terms of step t, from 1: a function of t alone, so that a resumed run has the same bits.
  ///
  /// - Parameter product: Πₜ of the step before, if it is at hand; that spares forming it anew.
  func terms(ofStep t: Int, _ product: inout MomentumProduct) -> StepTerms {
    switch self {
    case .adam(let beta1, let beta2, let epsilon), .amsGrad(let beta1, let beta2, let epsilon),
      .adamW(let beta1, let beta2, let epsilon):
      return StepTerms(
        correction1: 1 - Double.power(beta1, to: t), correction2: 1 - Double.power(beta2, to: t),
        epsilon: epsilon)
    case .rAdam(let beta1, let beta2, let epsilon):
      let correction1 = 1 - Double.power(beta1, to: t)
      let powerOfBeta2 = Double.power(beta2, to: t)
      let correction2 = 1 - powerOfBeta2
      let longest = 2 / (1 - beta2) - 1
      let length = longest - 2 * Double(t) * powerOfBeta2 / correction2
      // Adam's update with √(v / ∞) + 1 = 1 for a denominator.
      guard length > 5 else {
        return StepTerms(correction1: correction1, correction2: .infinity, epsilon: 1)
      }
      let rectification =
        ((length - 4) * (length - 2) * longest
        / ((longest - 4) * (longest - 2) * length)).squareRoot()
      return StepTerms(
        correction1: correction1 / (rectification * correction2.squareRoot()), epsilon: epsilon)
    case .nAdam(let beta1, let beta2, let epsilon, let momentumDecay):
      product.advance(to: t, beta1: beta1, momentumDecay: momentumDecay)
      let next = MomentumProduct.momentum(t + 1, beta1: beta1, momentumDecay: momentumDecay)
      return StepTerms(
        correction2: 1 - Double.power(beta2, to: t), epsilon: epsilon,
        gradientShare: (1 - product.momentum) / (1 - product.value),
        momentShare: next / (1 - product.value * next))
    case .adaGrad(let epsilon), .rmsProp(_, let epsilon), .adadelta(_, let epsilon):
      return StepTerms(epsilon: epsilon)
    case .gradientDescent, .sgd, .momentum, .nesterov, .lion, .rprop, .lbfgs:
      return StepTerms()
    }
  }
}

/// Πₜ = μ₁ ⋯ μₜ of NAdam, always multiplied in this order. What is kept here is no state of a run:
/// whoever has t has the same product.
struct MomentumProduct: Sendable {
  private var step = 0
  private(set) var value = 1.0
  /// μₜ
  private(set) var momentum = 0.0

  /// - Complexity: O(1) from one step to the next; else O(t), and no more than the steps after which
  ///   the product has vanished.
  mutating func advance(to t: Int, beta1: Double, momentumDecay: Double) {
    if t <= step { (step, value) = (0, 1) }
    // 1 − Π is 1 long before: nothing is lost, and a denormal product would never become 0.
    while step < t, value > 1e-300 {
      step += 1
      value *= Self.momentum(step, beta1: beta1, momentumDecay: momentumDecay)
    }
    step = t
    momentum = Self.momentum(t, beta1: beta1, momentumDecay: momentumDecay)
  }

  /// μₜ = β₁ (1 − ½ · 0.96^(t ψ))
  static func momentum(_ t: Int, beta1: Double, momentumDecay: Double) -> Double {
    // log 0.96
    let power = Double.naturalExponential(-0.040_821_994_520_255_166 * Double(t) * momentumDecay)
    return beta1 * (1 - 0.5 * power)
  }
}

extension Double {
  /// baseⁿ by repeated squaring, n ≥ 0: no libm, and a function of n alone.
  static func power(_ base: Double, to exponent: Int) -> Double {
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
