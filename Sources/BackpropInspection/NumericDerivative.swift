import Backprop

// Goals, in this order: not to call a right gradient wrong, because of rounding, of truncation or of a
// kink; not to call a wrong one right; few forward passes.

/// One parameter of a network: W[output][input], or the bias of `output` where `input` is nil.
struct ParameterEntry: Hashable, Sendable {
  let role: ParameterTensor.Role
  /// From 0 for the first layer that computes.
  let layer: Int
  /// Its place in the flat buffer.
  let index: Int
  let output: Int
  /// Nil in a vector.
  let input: Int?
}

extension Parameters {
  subscript(entry: ParameterEntry) -> T {
    get { start[entry.index] }
    set { mutableStart[entry.index] = newValue }
  }
}

/// ∂C/∂θ of single parameters by central differences of C alone.
///
///     D(h) = (C(θ + h) − C(θ − h)) / 2h = C′ + h² C‴/6 + h⁴ C⁗′/120 + …
///
/// A small h loses digits to rounding, about ε|C|/h of them, a large one to truncation. Ridders'
/// extrapolation (1982, doi:10.1016/S0141-1195(82)80057-0) begins with a large h, halves it and
/// cancels one power of h² after the other, so that rounding stays small and truncation vanishes:
/// T(i, j) = T(i, j−1) + (T(i, j−1) − T(i−1, j−1)) / (4ʲ − 1).
struct NumericDerivative: ~Copyable {
  /// C of a network whose parameter has been moved; leaves its forward pass in the workspace.
  typealias Objective = (Network<Double>, inout Workspace<Double>) -> Double
  /// How much rounding can change C of the pass that a workspace holds.
  typealias Roundoff = (Network<Double>, inout Workspace<Double>, Double) -> Double

  /// A derivative, and how far it can be trusted.
  struct Estimate {
    let value: Double
    /// What rounding and truncation can have done to the value, and rounding to what it is held
    /// against.
    private(set) var uncertainty: Double
    /// The smallest h in use.
    let step: Double
    /// Whether a kink lay between θ − h and θ + h for the first h.
    let crossedKink: Bool
    /// Whether some h crossed no kink.
    let isUsable: Bool

    mutating func widen(by error: Double) {
      uncertainty = error.isNaN ? .infinity : uncertainty + error
    }

    init(
      value: Double, uncertainty: Double, step: Double, crossedKink: Bool, isUsable: Bool
    ) {
      self.value = value
      self.uncertainty = uncertainty
      self.step = step
      self.crossedKink = crossedKink
      self.isUsable = isUsable
    }
  }

  private var network: Network<Double>
  private var workspace: Workspace<Double>
  private let objective: Objective
  /// How much rounding can change C at θ, and where the parameter has been moved, if that is known.
  private let roundoff: Double
  private let roundoffThere: Roundoff?
  /// By how much the rounding of C grows with h for the entry at hand.
  private var growth = 0.0
  /// C at θ.
  private let centerValue: Double
  /// max |aˡ⁻¹ₖ| over the examples, by layer and input.
  private let reach: [[Double]]
  private let center: KinkPattern
  private var pattern = KinkPattern()
  private let hasOwnFunctions: Bool

  /// The most that the first step moves a weighted input z: well inside the radius of convergence of
  /// every σ (tanh has π/2), so that extrapolation pays at once.
  private static let firstMove = 0.25
  /// Rows of the tableau; 7 halvings take the first step to its 128th part.
  private static let mostRows = 8
  /// A relative error at which more rows are not worth their passes.
  private static let aim = 1e-10
  /// h is divided by this where it crosses a kink; below 4⁻¹⁴ of the first step there is none to use.
  private static let retreat = 4.0
  private static let mostRetreats = 14
  /// Tableaus that may fail to converge before the best of them is taken.
  private static let mostMisses = 4
  /// Estimates of rounding and truncation are of the right size, not bounds.
  private static let safety = 4.0
  /// About ∛ε, where rounding and truncation of a plain difference are least.
  private static let smallStep = 1e-5

  /// - Parameters:
  ///   - network: At θ.
  ///   - capacity: Examples of the batches that the objective runs.
  ///   - roundoff: How much rounding can change C, as `Network.roundoff` estimates it.
  ///   - roundoffThere: The same where the parameter has been moved. Near a minimum C rounds far less
  ///     than a step away from it; nil takes ε |C| there.
  ///   - objective: C.
  init(
    of network: Network<Double>, capacity: Int, roundoff: Double,
    roundoffThere: Roundoff? = nil, objective: @escaping Objective
  ) {
    self.network = network
    self.objective = objective
    self.roundoff = roundoff
    self.roundoffThere = roundoffThere
    hasOwnFunctions = network.hasOwnFunctions
    var workspace = Workspace(for: network, capacity: capacity, keepsWeightedInputs: true)
    centerValue = objective(network, &workspace)
    var center = KinkPattern()
    network.formKinkPattern(in: workspace, into: &center)
    self.center = center
    let views = [workspace.inputs] + workspace.states.dropLast().map(\.outputs)
    let rows = workspace.rows
    let codes = network.layers[0].columns?.codes ?? []
    reach = views.enumerated().map { layer, view in
      (0..<view.columns).map { column in
        // The number of an entry is no size.
        if layer == 0, codes.contains(column) { return 0 }
        return (0..<rows).reduce(0) { max($0, abs(view.row($1)[column])) }
      }
    }
    self.workspace = workspace
  }

  /// The derivative with respect to one parameter.
  mutating func estimate(_ entry: ParameterEntry, step: GradientCheck.Step) -> Estimate {
    switch step {
    case .fixed(let h):
      measureGrowth(entry, h)
      return plainEstimate(entry, from: h)
    case .auto:
      let first = firstStep(of: entry)
      measureGrowth(entry, first)
      return extrapolatedEstimate(entry, from: first)
    }
  }

  /// An estimate that smaller steps bear out, or theirs.
  ///
  /// Where C has a cliff beside θ, as between saturated outputs, rows of a tableau on its far side may
  /// agree by chance; steps that stay on the near side tell.
  ///
  /// - Parameter error: By how much `estimate` has been widened.
  mutating func confirmed(
    _ estimate: Estimate, _ entry: ParameterEntry, allowing error: Double
  ) -> Estimate {
    let first = estimate.step / 16
    measureGrowth(entry, first)
    var narrow = extrapolatedEstimate(entry, from: first)
    guard narrow.isUsable else { return estimate }
    narrow.widen(by: error)
    let distance = abs(narrow.value - estimate.value)
    return distance <= narrow.uncertainty + estimate.uncertainty ? estimate : narrow
  }

  /// What rounding can do to C(θ ± h): between θ and the first step it grows about as h does.
  private func roundoff(at h: Double) -> Double { roundoff + growth * h }

  private mutating func measureGrowth(_ entry: ParameterEntry, _ h: Double) {
    let theta = network.parameters[entry]
    var most = 0.0
    for moved in [theta + h, theta - h] {
      network.parameters[entry] = moved
      let c = objective(network, &workspace)
      let there = roundoffThere?(network, &workspace, c) ?? Double.ulpOfOne * abs(c)
      if there.isFinite { most = max(most, there) }
    }
    network.parameters[entry] = theta
    growth = max(0, most - roundoff) / h
  }

  /// D(h) itself; nil where a kink lies between θ − h and θ + h.
  mutating func quotient(_ entry: ParameterEntry, step h: Double) -> Double? {
    let difference = difference(entry, h)
    return difference.crossed == .kink ? nil : difference.quotient
  }

  private func firstStep(of entry: ParameterEntry) -> Double {
    let largest =
      switch entry.role {
      case .weight: reach[entry.layer][entry.input ?? 0]
      case .scale: reach[entry.layer][entry.output]
      // A gain moves n by ẑ, which is about 1, a slope moves a by σ(z) − z.
      // Of waves that turn with x.
      case .frequency: 2 * Double.pi * (reach[entry.layer].max() ?? 1)
      case .bias, .gain, .shift, .slope, .phase, .amplitude, .offset, .embedding: 1.0
      }
    return Self.firstMove / max(largest, Self.firstMove)
  }

  private mutating func difference(
    _ entry: ParameterEntry, _ h: Double
  ) -> (quotient: Double, crossed: Fold) {
    let theta = network.parameters[entry]
    let (above, below) = (theta + h, theta - h)
    var crossed = Fold.none
    let cAbove = value(entry, at: above, &crossed)
    let cBelow = value(entry, at: below, &crossed)
    network.parameters[entry] = theta
    // θ ± h are rounded; their distance is exact where 2h need not be it.
    return ((cAbove - cBelow) / (above - below), crossed)
  }

  /// C with one parameter moved; notes what lies between.
  private mutating func value(
    _ entry: ParameterEntry, at theta: Double, _ crossed: inout Fold
  ) -> Double {
    network.parameters[entry] = theta
    let c = objective(network, &workspace)
    network.formKinkPattern(in: workspace, into: &pattern)
    if pattern.kinks != center.kinks {
      crossed = .kink
    } else if crossed == .none, pattern.bends != center.bends {
      crossed = .bend
    }
    return c
  }

  private mutating func plainEstimate(_ entry: ParameterEntry, from first: Double) -> Estimate {
    var h = first
    var crossedKink = false
    for attempt in 0...Self.mostRetreats {
      let (quotient, crossed) = difference(entry, h)
      if crossed != .kink, quotient.isFinite {
        return Estimate(
          value: quotient, uncertainty: Self.safety * roundoff(at: h) / h, step: h,
          crossedKink: crossedKink, isUsable: true)
      }
      if attempt == 0, crossed == .kink { crossedKink = true }
      h /= Self.retreat
    }
    return Self.unusable(step: h)
  }

  private mutating func extrapolatedEstimate(
    _ entry: ParameterEntry, from first: Double
  ) -> Estimate {
    var start = first
    var crossedKink = false
    var (best, misses) = (Tableau(step: first), 0)
    for attempt in 0...Self.mostRetreats {
      let (tableau, crossed) = extrapolate(entry, from: start)
      let rounding = 16 * roundoff(at: tableau.step) / tableau.step
      // A kink of a user's own function is seen only by steps that do not come to agree.
      let disagree = hasOwnFunctions && tableau.error > max(1e-6 * abs(tableau.value), rounding)
      if attempt == 0, crossed == .kink || disagree { crossedKink = true }
      if crossed == .none, !disagree, tableau.value.isFinite {
        misses += 1
        if tableau.error < best.error { best = tableau }
        // Where the first steps leave the series' radius of convergence, smaller ones do better.
        let isGood = tableau.error <= max(10 * Self.aim * abs(tableau.value), rounding)
        if isGood || misses == Self.mostMisses { break }
      }
      start /= Self.retreat
    }
    guard misses > 0 else { return bentEstimate(entry) }
    if hasOwnFunctions, hasCorner(entry) { return Self.unusable(step: best.step) }
    return Estimate(
      value: best.value,
      uncertainty: Self.safety * max(best.error, roundoff(at: best.step) / best.step),
      step: best.step, crossedKink: crossedKink, isUsable: true)
  }

  /// At a bend there is a derivative, but no series to extrapolate: plain differences with two small h,
  /// whose distance says how far they can be trusted.
  private mutating func bentEstimate(_ entry: ParameterEntry) -> Estimate {
    let h = Self.smallStep
    let (wide, crossed) = difference(entry, h)
    let (narrow, crossedToo) = difference(entry, h / Self.retreat)
    guard crossed != .kink, crossedToo != .kink, wide.isFinite, narrow.isFinite,
      !(hasOwnFunctions && hasCorner(entry))
    else {
      return Self.unusable(step: h / Self.retreat)
    }
    let rounding = roundoff(at: h) * Self.retreat / h
    return Estimate(
      value: narrow, uncertainty: Self.safety * max(abs(wide - narrow), rounding),
      step: h / Self.retreat, crossedKink: false, isUsable: true)
  }

  /// Whether C rises otherwise to the right than to the left, however small the step: a kink of a user's
  /// own function that stands right at θ.
  private mutating func hasCorner(_ entry: ParameterEntry) -> Bool {
    let theta = network.parameters[entry]
    // How much steeper C is to the right than to the left.
    func steepening(_ h: Double) -> (size: Double, slope: Double) {
      network.parameters[entry] = theta + h
      let right = (objective(network, &workspace) - centerValue) / h
      network.parameters[entry] = theta - h
      let left = (centerValue - objective(network, &workspace)) / h
      network.parameters[entry] = theta
      return (abs(right - left), max(abs(right), abs(left)))
    }
    let wide = steepening(Self.smallStep)
    let narrow = steepening(Self.smallStep / Self.retreat)
    let rounding = Self.safety * roundoff(at: Self.smallStep) * Self.retreat / Self.smallStep
    // Of a smooth C both differ by h C″, which shrinks with h; of a corner by the same for every h.
    return narrow.size > 0.6 * wide.size && narrow.size > 1e-2 * narrow.slope + rounding
  }

  private static func unusable(step: Double) -> Estimate {
    Estimate(
      value: .nan, uncertainty: .infinity, step: step, crossedKink: true, isUsable: false)
  }

  /// The best element of a tableau.
  private struct Tableau {
    var value = Double.nan
    /// The distance to its neighbours of one order less.
    var error = Double.infinity
    /// The smallest h that it is made of.
    var step: Double
  }

  /// Ridders' tableau from one first step on, until it crosses a fold or is good enough.
  private mutating func extrapolate(
    _ entry: ParameterEntry, from first: Double
  ) -> (best: Tableau, crossed: Fold) {
    var h = first
    var previous: [Double] = []
    var best = Tableau(step: h)
    for row in 0..<Self.mostRows {
      let (quotient, crossed) = difference(entry, h)
      guard crossed == .none else { return (best, crossed) }
      // Beyond the largest number nothing can be told; a smaller first step may stay below it.
      guard quotient.isFinite else { return (Tableau(step: h), .none) }
      var current = [quotient]
      var power = 1.0
      for (column, above) in previous.enumerated() {
        power *= 4
        let next = current[column] + (current[column] - above) / (power - 1)
        let error = max(abs(next - current[column]), abs(next - above))
        if error <= best.error { best = Tableau(value: next, error: error, step: h) }
        current.append(next)
      }
      // Two rows may agree by chance, three hardly; and once rounding sets in, it only grows.
      if row >= 2,
        best.error <= Self.aim * abs(best.value)
          || abs((current.last ?? 0) - (previous.last ?? 0)) >= 2 * best.error
      {
        break
      }
      previous = current
      h /= 2
    }
    return (best, .none)
  }
}

extension Network {
  /// Σₖ |wⱼₖ aₖ| + |bⱼ| of every weighted input of the last pass, `[m, affine outputs]` a layer, of a
  /// scaling layer |sⱼ xⱼ|: z is rounded to about ε of this, however much cancels in it.
  func magnitudes(in workspace: borrowing Workspace<T>) -> [Matrix<Double>] {
    layers.indices.map { index in
      let below = index == 0 ? workspace.inputs : workspace.states[index - 1].outputs
      let (weights, biases) = parameters.denseTensors(of: index)
      let scales = parameters.elements(.scale, of: index)
      let columns = textbookColumns(index)
      let inputs = layers[index].inputs
      var result = Matrix<Double>(rows: workspace.rows, columns: layers[index].affineOutputs)
      for row in 0..<workspace.rows {
        let a = below.row(row)
        for j in 0..<result.columns {
          if let columns {
            result[row, j] = columns.output(j) { Double(a[$0]) }.scale
            continue
          }
          if let scales {
            result[row, j] = abs(Double(scales[j]) * Double(a[j]))
            continue
          }
          var sum = abs(Double(biases[j]))
          for k in 0..<inputs { sum += abs(Double(weights[j * inputs + k]) * Double(a[k])) }
          result[row, j] = sum
        }
      }
      return result
    }
  }

  /// How much rounding can change C: each weighted input z is rounded to ε of the terms it is added up
  /// from, and C answers with δ; and the loss of each example is rounded itself.
  ///
  ///     ε (|C| + Σ |δⱼ| (Σₖ |wⱼₖ aₖ| + |bⱼ|) + Σₓ wₓ ρₓ)
  ///
  /// ρₓ is what the formula of the loss is added up from where that is more than Cₓ: 1 for
  /// cross-entropy of softmax, which is log(1 + a small sum) for an answer that is certain and right;
  /// and |∇ₐC a|, because a is rounded.
  ///
  /// - Parameters:
  ///   - objective: C.
  ///   - workspace: Holds z, a and δ of every layer, after `backward`.
  ///   - magnitudes: Of this pass, or of one nearby.
  func roundoff(
    of objective: Double, in workspace: borrowing Workspace<T>, _ magnitudes: [Matrix<Double>]
  ) -> Double {
    var sum = abs(objective)
    for (index, state) in workspace.states.enumerated() {
      for row in 0..<workspace.rows {
        let delta = state.delta.row(row)
        for j in delta.indices where delta[j] != 0 {
          sum += abs(Double(delta[j])) * magnitudes[index][row, j]
        }
        sum += normalizationMagnitude(of: index, row: row, state)
        sum += mixMagnitude(of: index, row: row, state)
      }
    }
    for row in 0..<workspace.rows { sum += lossMagnitude(ofRow: row, in: workspace) }
    return Double.ulpOfOne * sum
  }

  /// Σⱼ |∂C/∂nⱼ| times what nⱼ is made of: z and its mean, which cancel, ẑ, and the shift.
  private func normalizationMagnitude(of layer: Int, row: Int, _ state: LayerState<T>) -> Double {
    guard let kept = state.normalization, let (gains, shifts) = parameters.normalization(of: layer)
    else { return 0 }
    let (z, slope) = (kept.weightedInputs.row(row), kept.delta.row(row))
    let (mean, s) = (Double(kept.moments[2 * row]), Double(kept.moments[2 * row + 1]))
    var sum = 0.0
    for j in z.indices where slope[j] != 0 {
      let (gain, shift) = (Double(gains[j]), shifts.isEmpty ? 0 : Double(shifts[j]))
      let size = abs(Double(z[j]))
      sum += abs(Double(slope[j])) * (abs(gain) * s * (3 * size + 3 * abs(mean)) + abs(shift))
    }
    return sum
  }

  /// Σⱼ |∂C/∂aⱼ| times what aⱼ of a parametric activation is made of: x and α (σ(x) − x).
  private func mixMagnitude(of layer: Int, row: Int, _ state: LayerState<T>) -> Double {
    guard let alphas = parameters.elements(.slope, of: layer) else { return 0 }
    let (slope, x) = (state.outputGradient.row(row), state.weightedInputs.row(row))
    let values = state.activated.row(row)
    return alphas.indices.reduce(0.0) { sum, j in
      let (size, value) = (abs(Double(x[j])), abs(Double(values[j])))
      return sum + abs(Double(slope[j])) * (size + abs(Double(alphas[j])) * (value + size))
    }
  }

  /// wₓ ρₓ of one example, as `roundoff` has it.
  private func lossMagnitude(ofRow row: Int, in workspace: borrowing Workspace<T>) -> Double {
    let last = workspace.states[layers.count - 1]
    let weight = abs(
      Double(workspace.weight(of: row)))
    let (a, y) = (last.outputs.row(row), workspace.targets.row(row))
    switch (loss, outputActivation) {
    case (.crossEntropy, .softmax): return weight * y.reduce(0) { $0 + abs(Double($1)) }
    case (.binaryCrossEntropy, .sigmoid): return 0
    default: break
    }
    // Of the canonical pair left, squared error of the identity, δ is w ∇ₐC.
    let slopes =
      loss.isCanonical(with: outputActivation) ? last.delta.row(row) : last.outputGradient.row(row)
    var sum = 0.0
    for j in a.indices {
      let (slope, output) = (abs(Double(slopes[j])), abs(Double(a[j])))
      if slope.isFinite { sum += slope * output }
      switch loss {
      case .poisson where slope != 0, .hinge where slope != 0:
        sum += weight * (1 + output + abs(Double(y[j])))
      default: break
      }
    }
    return sum
  }
}
