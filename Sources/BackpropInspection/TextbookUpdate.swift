import Backprop

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// One step of a rule for one parameter, as its paper writes it: what a trace is held against. It
/// shares nothing with the kernels and with `OptimizerRule.terms`.
struct TextbookUpdate {
  private let update: UpdateTrace
  /// ε of the engine's precision: a sum so near to 0 that its sign is a matter of rounding may have
  /// either.
  private let epsilon: Double
  private let gradientSum: Double
  /// t of this step, from 1.
  private let t: Double
  /// μₜ, μₜ₊₁ and Πₜ of NAdam.
  private var momentum = (now: 0.0, next: 0.0, product: 1.0)

  /// - Parameter gradientSum: ‖g‖₁ over all parameters, with penalties.
  init(_ update: UpdateTrace, epsilon: Double, gradientSum: Double) {
    self.update = update
    self.gradientSum = gradientSum
    self.epsilon = epsilon
    t = Double(update.step + 1)
    if case .nAdam(let beta1, _, _, let decay) = update.optimizer {
      func momentum(_ step: Double) -> Double {
        beta1 * (1 - 0.5 * pow(0.96, step * decay))
      }
      self.momentum.now = momentum(t)
      self.momentum.next = momentum(t + 1)
      for step in 0...update.step {
        if self.momentum.product <= 1e-300 { break }
        self.momentum.product *= momentum(Double(step + 1))
      }
    }
  }

  /// Below it the numbers of the engine's precision are rounded to an absolute error.
  private var leastNormal: Double {
    epsilon > 1e-12 ? Double(Float.leastNormalMagnitude) : .leastNormalMagnitude
  }

  /// Δθ. The scale counts θ too, because Δθ was read off as a difference of two rounded numbers.
  func change(
    parameter theta: Double, gradient: Double, firstMoment m: Double, secondMoment v: Double,
    maximum: Double, isWeight: Bool
  ) -> RightSide {
    let l1 = isWeight && theta != 0 ? (theta > 0 ? 1 : -1) * (update.l1Penalty ?? 0) : 0
    let penalty = (isWeight ? update.l2Penalty * theta : 0) + l1
    let g = gradient + penalty
    let magnitude = abs(gradient) + abs(penalty) + 2 * abs(l1)
    let decayed = isWeight ? -update.learningRate * update.weightDecay * theta : 0
    let step: Double
    // By how much an error of g or m moves the step.
    var gain = 1.0
    // How large the moments are that g is added to.
    var history = 0.0
    // By how much the step itself may be another.
    var doubt = 0.0
    switch update.optimizer {
    case .gradientDescent, .sgd: step = g
    case .momentum(let momentum):
      step = momentum * m + g
      history = abs(momentum * m)
    case .nesterov(let momentum):
      step = g + momentum * (momentum * m + g)
      history = abs(momentum * m) + abs(momentum * g)
    case .adaGrad(let epsilon):
      gain = 1 / ((v + g * g).squareRoot() + epsilon)
      step = g * gain
    case .rmsProp(let rho, let epsilon):
      gain = 1 / ((rho * v + (1 - rho) * g * g).squareRoot() + epsilon)
      step = g * gain
    case .adadelta(let rho, let epsilon):
      // The first moment is the mean of the squared steps.
      let second = rho * v + (1 - rho) * g * g
      gain = (m + epsilon).squareRoot() / (second + epsilon).squareRoot()
      step = g * gain
    case .adam(let beta1, let beta2, let epsilon), .adamW(let beta1, let beta2, let epsilon):
      let first = (beta1 * m + (1 - beta1) * g) / (1 - pow(beta1, t))
      let second = (beta2 * v + (1 - beta2) * g * g) / (1 - pow(beta2, t))
      step = first / (second.squareRoot() + epsilon)
      gain = 1 / (1 - pow(beta1, t)) / (second.squareRoot() + epsilon)
      history = abs(beta1 * m)
    case .amsGrad(let beta1, let beta2, let epsilon):
      let first = (beta1 * m + (1 - beta1) * g) / (1 - pow(beta1, t))
      let most = max(maximum, beta2 * v + (1 - beta2) * g * g)
      let root = (most / (1 - pow(beta2, t))).squareRoot() + epsilon
      step = first / root
      gain = 1 / (1 - pow(beta1, t)) / root
      history = abs(beta1 * m)
    case .nAdam(let beta1, let beta2, let epsilon, _):
      let first = beta1 * m + (1 - beta1) * g
      let second = (beta2 * v + (1 - beta2) * g * g) / (1 - pow(beta2, t))
      let ahead =
        (1 - momentum.now) / (1 - momentum.product) * g
        + momentum.next / (1 - momentum.product * momentum.next) * first
      step = ahead / (second.squareRoot() + epsilon)
      gain = 1 / (1 - momentum.product) / (second.squareRoot() + epsilon)
      history = abs(beta1 * m)
    case .rAdam(let beta1, let beta2, let epsilon):
      let first = (beta1 * m + (1 - beta1) * g) / (1 - pow(beta1, t))
      let correction = 1 - pow(beta2, t)
      let longest = 2 / (1 - beta2) - 1
      let length = longest - 2 * t * pow(beta2, t) / correction
      if length > 5 {
        let squared =
          (length - 4) * (length - 2) * longest / ((longest - 4) * (longest - 2) * length)
        let second = beta2 * v + (1 - beta2) * g * g
        let factor =
          squared.squareRoot() * correction.squareRoot() / (second.squareRoot() + epsilon)
        step = first * factor
        gain = factor / (1 - pow(beta1, t))
      } else {
        step = first
        gain = 1 / (1 - pow(beta1, t))
      }
      history = abs(beta1 * m)
    case .lion(let beta1, _):
      let direction = beta1 * m + (1 - beta1) * g
      step = direction > 0 ? 1 : direction < 0 ? -1 : 0
      // Of nothing but zeros the sign is 0; of what rounding, or underflow, leaves it may be any.
      let terms = abs(beta1 * m) + (1 - beta1) * magnitude
      if terms > 0, abs(direction) <= max(8 * epsilon * terms, leastNormal) {
        doubt = 2 / epsilon
      }
    case .lbfgs:
      // The first point that is tried: of the first step with ‖Δθ‖₁ = η, or less where the gradient
      // is small; a trace knows of no steps before.
      gain = update.step == 0 ? min(1, 1 / gradientSum) : 1
      step = g * gain
    case .rprop(let shrinkage, let growth, let smallest, let largest):
      // The first moment is the sign of the last gradient, the second the step size.
      let sign: Double = g > 0 ? 1 : g < 0 ? -1 : 0
      var size = update.step == 0 ? update.learningRate : v
      if sign * m > 0 { size = min(size * growth, largest) }
      if sign * m < 0 { size = max(size * shrinkage, smallest) }
      let moved = sign * m < 0 ? 0 : -sign * min(max(size, smallest), largest)
      let isUncertain = penalty != 0 && abs(g) <= 8 * epsilon * magnitude
      return RightSide(
        value: decayed + moved,
        scale: abs(theta) + abs(moved) + abs(decayed)
          + (isUncertain ? size * growth / epsilon : 0))
    }
    let change = decayed - update.learningRate * step
    // An error of nothing is none, however large the gain.
    let error = magnitude + history > 0 ? gain * (magnitude + history) : 0
    return RightSide(
      value: change,
      scale: abs(theta) + abs(change) + abs(decayed) + update.learningRate * (error + doubt))
  }
}
