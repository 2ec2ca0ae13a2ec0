#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

// What a trace is held against, continued: the outputs of softmax, and one step of each rule.

/// The outputs of softmax from its weighted inputs, by the textbook.
struct SoftmaxFormula {
  private let terms: [Double]
  private let sum: Double
  private let distances: [Double]

  init(_ z: [Double]) {
    let most = z.max() ?? 0
    distances = z.map { most - $0 }
    terms = distances.map { exp(-$0) }
    sum = terms.reduce(0, +)
  }

  /// e^(z − max) moves by a share of |z − max| ε when z does by ε.
  func output(_ j: Int) -> RightSide {
    let value = terms[j] / sum
    return RightSide(value: value, scale: value * (1 + distances[j]))
  }
}

/// One step of a rule for one parameter, as its paper writes it.
struct TextbookUpdate {
  private let update: UpdateTrace

  init(_ update: UpdateTrace) { self.update = update }

  /// Δθ. The scale counts θ too, because Δθ was read off as a difference of two rounded numbers.
  func change(
    parameter theta: Double, gradient: Double, firstMoment m: Double, secondMoment v: Double,
    isWeight: Bool
  ) -> RightSide {
    let penalty = isWeight ? update.l2Penalty * theta : 0
    let g = gradient + penalty
    let decayed = isWeight ? -update.learningRate * update.weightDecay * theta : 0
    let step: Double
    // The sum of the magnitudes of what the step is added up from.
    var terms = 0.0
    switch update.optimizer {
    case .sgd: step = g
    case .momentum(let momentum):
      step = momentum * m + g
      terms = abs(momentum * m)
    case .nesterov(let momentum):
      step = g + momentum * (momentum * m + g)
      terms = abs(momentum * m) + abs(momentum * g)
    case .adam(let beta1, let beta2, let epsilon), .adamW(let beta1, let beta2, let epsilon):
      let t = Double(update.step + 1)
      let first = (beta1 * m + (1 - beta1) * g) / (1 - pow(beta1, t))
      let second = (beta2 * v + (1 - beta2) * g * g) / (1 - pow(beta2, t))
      step = first / (second.squareRoot() + epsilon)
      terms =
        (abs(beta1 * m) + abs((1 - beta1) * g)) / (1 - pow(beta1, t))
        / (second.squareRoot() + epsilon)
    }
    let change = decayed - update.learningRate * step
    return RightSide(
      value: change,
      scale: abs(theta) + abs(change)
        + update.learningRate * (abs(gradient) + abs(penalty) + terms) + abs(decayed))
  }
}
