// L-BFGS: the direction of a quasi-Newton method from the last few steps, and a search along it.
//
// Nocedal & Wright, Numerical Optimization (2nd ed. 2006): the two-loop recursion (algorithm 7.4) in
// the loop of algorithm 7.5, and a line search for the strong Wolfe conditions (algorithms 3.5 and
// 3.6). Liu & Nocedal 1989, doi:10.1007/BF01589116. Where the book leaves a choice it is that of
// `torch.optim.LBFGS` (line_search_fn="strong_wolfe"), so that the two can be compared step by step:
// a first trial of η min(1, 1/‖g‖₁) and then of η, minima of cubics that are kept off the ends of
// the bracket, pairs of steps only where sᵀy > 10⁻¹⁰, and the two tolerances below.
//
// With s = θₖ₊₁ − θₖ, y = ∇Cₖ₊₁ − ∇Cₖ and ρ = 1 / sᵀy of the last m steps:
//
//     q ← −∇C;  from the newest pair back:  α ← ρ sᵀq;  q ← q − α y
//     d ← γ q,  γ = sᵀy / yᵀy of the newest
//     from the oldest pair on:  β ← ρ yᵀd;  d ← d + (α − β) s
//
// Every vector is a flat buffer, every sum is in double and in an order that is fixed, and one thread
// forms it: a pass over the parameters is little beside the pass over all examples that each point on
// the line costs. So neither threads nor the width of vectors change a bit.

/// C and what it is made of at one point.
package struct Objective: Equatable {
  package var dataLoss: Double
  package var penalty: Double

  package init(dataLoss: Double, penalty: Double) {
    self.dataLoss = dataLoss
    self.penalty = penalty
  }

  package var value: Double { dataLoss + penalty }
}

/// What is left of L-BFGS after a step besides its pairs: a checkpoint keeps it.
struct LineSearchRecord: Codable, Equatable, Sendable {
  /// Why no further step is worth taking.
  enum End: String, Codable, Sendable {
    /// No element of the gradient is larger than the tolerance.
    case gradient
    /// Neither C nor any parameter moves by more than the tolerance.
    case progress
  }

  /// Passes over all examples, forward and back, that the steps so far have cost.
  var evaluations = 0
  var end: End?
  /// max |∂C/∂θ| where the last step ended.
  var largestSlope = 0.0
}

/// The memory of L-BFGS, and its working vectors; allocated once.
struct LBFGS<T: Scalar>: Sendable {
  /// A run ends where max |∂C/∂θ| is no larger.
  static var gradientTolerance: Double { 1e-7 }
  /// A run ends where C, or every parameter, moves by no more.
  static var changeTolerance: Double { 1e-9 }
  /// sᵀy of a pair that is kept is larger.
  static var leastCurvature: Double { 1e-10 }
  /// c₁ of sufficient decrease and c₂ of curvature: equation 3.7.
  static var sufficientDecrease: Double { 1e-4 }
  static var curvature: Double { 0.9 }
  /// Points on a line that are tried at most.
  static var mostTrials: Int { 25 }

  /// m, pairs that are kept.
  let memory: Int
  private(set) var record = LineSearchRecord()
  /// What the last step ended with: network, workspace and gradient stand at it. Nil before a step.
  private(set) var reached: Objective?

  /// s and y; pair k, from the oldest, stands at `(oldest + k) % memory`.
  private var steps: [Parameters<T>]
  private var changes: [Parameters<T>]
  private var oldest = 0
  private var count = 0
  /// ρ and α of each pair.
  private var inverseCurvatures: [Double]
  private var shares: [Double]
  /// γ
  private var scale = 1.0
  private var direction: Parameters<T>
  private var origin: Parameters<T>
  private var originGradient: Parameters<T>

  /// - Parameters:
  ///   - memory: m, at least 1.
  ///   - layout: That of the parameters.
  init(memory: Int, for layout: ParameterLayout) {
    self.memory = memory
    steps = (0..<memory).map { _ in Parameters(layout: layout) }
    changes = (0..<memory).map { _ in Parameters(layout: layout) }
    inverseCurvatures = Array(repeating: 0, count: memory)
    shares = Array(repeating: 0, count: memory)
    direction = Parameters(layout: layout)
    origin = Parameters(layout: layout)
    originGradient = Parameters(layout: layout)
  }

  // MARK: State

  /// The pairs by name, from the oldest: `step.0`, `change.0`, `step.1`, …
  var moments: [(name: String, values: Parameters<T>)] {
    (0..<count).flatMap { k in
      let index = (oldest + k) % memory
      return [("step.\(k)", steps[index]), ("change.\(k)", changes[index])]
    }
  }

  /// Goes on with pairs that `moments` named.
  mutating func restore(
    _ moments: [(name: String, values: Parameters<T>)], _ record: LineSearchRecord
  ) {
    self.record = record
    reached = nil
    (oldest, count) = (0, moments.count / 2)
    for k in 0..<count {
      steps[k].assign(moments[2 * k].values)
      changes[k].assign(moments[2 * k + 1].values)
      rate(pair: k)
    }
  }

  /// Forms ρ of a pair, and γ, which is the newest's.
  private mutating func rate(pair index: Int) {
    let product = changes[index].dot(steps[index])
    inverseCurvatures[index] = 1 / product
    scale = product / changes[index].dot(changes[index])
  }

  /// Why the run has come to its end, for people; nil if it has not.
  func note(afterSteps steps: Int) -> String? {
    let cost = "after \(steps) steps and \(record.evaluations) passes over the examples"
    switch record.end {
    case nil: return nil
    case .gradient:
      return "L-BFGS has reached a minimum \(cost): no element of the gradient is larger than "
        + "\(Self.gradientTolerance)"
    case .progress:
      return "L-BFGS makes no more progress \(cost): the largest element of the gradient is "
        + "\(record.largestSlope)"
    }
  }

  // MARK: The step

  /// Forms d by the two-loop recursion.
  private mutating func formDirection(from gradient: Parameters<T>) {
    direction.combine(-1, gradient, 0, gradient)
    for k in stride(from: count - 1, through: 0, by: -1) {
      let index = (oldest + k) % memory
      shares[index] = steps[index].dot(direction) * inverseCurvatures[index]
      direction.add(-shares[index], changes[index])
    }
    if count > 0 { direction.scale(by: scale) }
    for k in 0..<count {
      let index = (oldest + k) % memory
      let share = changes[index].dot(direction) * inverseCurvatures[index]
      direction.add(shares[index] - share, steps[index])
    }
  }

  /// The length that is tried first: η, but before there is any history no further than 1 in all.
  private func firstTrial(_ gradient: Parameters<T>, rate: Double, isFirst: Bool) -> Double {
    isFirst ? min(1, 1 / gradient.sumOfMagnitudes) * rate : rate
  }

  /// Moves to the first point that a search would try, without asking for C there.
  mutating func moveToFirstTrial(
    _ parameters: inout Parameters<T>, along gradient: Parameters<T>, rate: Double, isFirst: Bool
  ) {
    formDirection(from: gradient)
    let length = firstTrial(gradient, rate: rate, isFirst: isFirst)
    parameters.add(length, direction)
  }

  /// One iteration: a direction, and a search along it.
  ///
  /// - Parameters:
  ///   - network: Stands at θₖ, and in the end at θₖ₊₁.
  ///   - workspace: Receives the pass at θₖ₊₁.
  ///   - gradient: ∇C at θₖ, with penalties; receives that at θₖ₊₁.
  ///   - objective: C at θₖ.
  ///   - rate: η, the length that is tried first.
  ///   - isFirst: Whether this is the first step of the run.
  ///   - evaluate: Passes all examples through the network, forward and back, and forms C and ∇C.
  /// - Returns: t, the length of the step; 0 if there is none to take.
  mutating func step(
    _ network: inout Network<T>, in workspace: inout Workspace<T>,
    gradient: inout Parameters<T>, objective: Objective, rate: Double, isFirst: Bool,
    evaluate: (Network<T>, inout Workspace<T>, inout Parameters<T>) -> Objective
  ) -> Double {
    reached = objective
    if isFirst { record.evaluations = 1 }
    record.largestSlope = gradient.largestMagnitude
    guard record.largestSlope > Self.gradientTolerance else {
      record.end = .gradient
      return 0
    }
    formDirection(from: gradient)
    let slope = gradient.dot(direction)
    guard slope <= -Self.changeTolerance else {
      record.end = .progress
      return 0
    }
    origin.assign(network.parameters)
    originGradient.assign(gradient)

    var current = (length: 0.0, objective: objective)
    let largest = direction.largestMagnitude
    let start = Trial(length: 0, value: objective.value, slope: slope)
    var search = WolfeSearch(start: start, largestElement: largest)
    var trial = firstTrial(gradient, rate: rate, isFirst: isFirst)
    while true {
      current = (trial, move(to: trial, &network, &workspace, &gradient, evaluate))
      let value = current.objective.value
      let slope = gradient.dot(direction)
      // What is not finite is too far: worse than any number.
      let isFinite = value.isFinite && slope.isFinite
      guard
        let next = search.next(
          after: Trial(
            length: trial, value: isFinite ? value : .infinity, slope: isFinite ? slope : .nan))
      else { break }
      trial = next
    }
    // The best point need not be the last one that was tried.
    let length = search.best.length
    if length != current.length {
      current = (length, move(to: length, &network, &workspace, &gradient, evaluate))
    }
    reached = current.objective
    keepPair(length: length, gradient)
    record.largestSlope = gradient.largestMagnitude
    if record.largestSlope <= Self.gradientTolerance {
      record.end = .gradient
    } else if length * largest <= Self.changeTolerance
      || abs(current.objective.value - objective.value) < Self.changeTolerance
    {
      record.end = .progress
    }
    return length
  }

  /// θ ← θₖ + t d, and C and ∇C there.
  private mutating func move(
    to length: Double, _ network: inout Network<T>, _ workspace: inout Workspace<T>,
    _ gradient: inout Parameters<T>,
    _ evaluate: (Network<T>, inout Workspace<T>, inout Parameters<T>) -> Objective
  ) -> Objective {
    network.parameters.combine(length, direction, 1, origin)
    record.evaluations += 1
    return evaluate(network, &workspace, &gradient)
  }

  /// Takes s and y of the step into the memory, in the place of the oldest pair if it is full.
  private mutating func keepPair(length: Double, _ gradient: Parameters<T>) {
    // The vectors that the next step forms anew hold the pair until it is known to be one.
    originGradient.subtract(from: gradient)
    direction.scale(by: length)
    guard originGradient.dot(direction) > Self.leastCurvature else { return }
    let index: Int
    if count < memory {
      index = (oldest + count) % memory
      count += 1
    } else {
      index = oldest
      oldest = (oldest + 1) % memory
    }
    swap(&changes[index], &originGradient)
    swap(&steps[index], &direction)
    rate(pair: index)
  }
}

extension Network {
  /// C and ∇C over a batch, penalties included, as a search along a line asks for them.
  package func formObjective(
    of batch: Batch<T>, penalties: Penalties, in workspace: inout Workspace<T>,
    into gradient: inout Parameters<T>, pool: ThreadPool?
  ) -> Objective {
    let dataLoss = forward(batch, in: &workspace, pool: pool)
    backward(in: &workspace, into: &gradient, pool: pool)
    gradient.addGradient(of: penalties, at: parameters, pool: pool)
    return Objective(dataLoss: dataLoss, penalty: parameters.penalty(penalties))
  }
}

// MARK: Vectors

extension Parameters {
  /// Σᵢ xᵢ yᵢ
  func dot(_ other: Parameters) -> Double {
    T.kernels.dot(layout.count, start, other.start)
  }

  /// ‖x‖₁
  var sumOfMagnitudes: Double { T.kernels.sum_magnitudes(layout.count, start) }

  /// ‖x‖∞; NaN if there is one.
  var largestMagnitude: Double { T.kernels.largest_magnitude(layout.count, start) }

  /// Becomes a x + b y.
  mutating func combine(_ a: Double, _ x: Parameters, _ b: Double, _ y: Parameters) {
    T.kernels.combine(layout.count, a, x.start, b, y.start, mutableStart)
  }

  /// Becomes x less itself.
  mutating func subtract(from x: Parameters) {
    let target = mutableStart
    T.kernels.combine(layout.count, 1, x.start, -1, target, target)
  }

  /// Becomes itself + a x.
  mutating func add(_ a: Double, _ x: Parameters) {
    let target = mutableStart
    T.kernels.combine(layout.count, a, x.start, 1, target, target)
  }

  /// Becomes a times itself.
  mutating func scale(by a: Double) {
    let target = mutableStart
    T.kernels.combine(layout.count, a, target, 0, target, target)
  }
}
