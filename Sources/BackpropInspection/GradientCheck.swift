import Backprop

/// Holds the gradient of backpropagation against central differences of the loss alone.
///
/// The engine's own equations run in double precision; some entries of W and b of every layer are
/// compared with central differences. For an entry with g by backpropagation, d by differences, and
/// u, what rounding and truncation can have done to d, and rounding to g:
///
///     relative error = |g − d| / max(|g|, |d|, resolution)
///
/// A difference beyond u is no rounding, and the resolution is 0. One within u says nothing about g,
/// and is measured against u / 1e-7, the size of derivative that differences resolve to the threshold
/// of good; so it stays below that threshold, however small g is.
///
/// Nothing but the loss is asked for its value, so a wrong δ, σ′, ∇ₐC or index cannot hide; and an
/// `ExampleLoss` or an `ElementwiseActivation` of your own goes through the same check:
///
/// ```swift
/// let report = GradientCheck().run(network, on: data)
/// print(report.passed, report.tensors.map(\.worstRelativeError))
/// ```
public struct GradientCheck: Sendable {
  /// How h is chosen.
  public enum Step: Hashable, Sendable {
    /// By extrapolation, for each entry.
    case auto
    /// Plain central differences with this h; smaller where it crosses a kink.
    case fixed(Double)
  }

  /// A backward pass: carries the error of the forward pass in the workspace back, and forms the
  /// gradient.
  package typealias BackwardPass = (
    Network<Double>, inout Workspace<Double>, inout Parameters<Double>
  ) -> Void

  // The thresholds of CS231n, "Gradient checks" (cs231n.github.io/neural-networks-3): above 1e-2 the
  // gradient is probably wrong; between 1e-4 and 1e-2 one should feel uncomfortable; up to 1e-4 is
  // fine for objectives with kinks, but too high without; 1e-7 and less is good.
  package static let wrongError = 1e-2
  package static let suspiciousError = 1e-4
  package static let goodError = 1e-7
  /// Roundings of the gradient add up over the layers.
  private static let safety = 8.0

  /// Entries of each tensor; nil for all.
  package var entriesPerTensor: Int?
  /// How h is chosen.
  public var step: Step
  /// λ with which the regulariser is checked; at least 0, and 0 checks that it adds nothing.
  package var l2Penalty: Double
  /// λ₁ of λ₁ ‖W‖₁, checked with it; at least 0.
  package var l1Penalty = 0.0
  /// The same seed draws the same entries.
  public var seed: UInt64
  /// Whether the V-curve is measured.
  package var measuresCurve: Bool

  /// A check that is to be run.
  ///
  /// - Parameters:
  ///   - entriesPerTensor: Entries of each tensor, at least 1; nil for all.
  ///   - step: How h is chosen; a fixed one is positive.
  ///   - l2Penalty: λ with which the regulariser is checked by itself, at least 0.
  ///   - seed: The same seed draws the same entries.
  ///   - measuresCurve: Whether it is measured how the error of plain differences depends on h.
  public init(
    entriesPerTensor: Int? = 24, step: Step = .auto, l2Penalty: Double = 1e-3, seed: UInt64 = 0,
    measuresCurve: Bool = true
  ) {
    precondition((entriesPerTensor ?? 1) >= 1 && l2Penalty >= 0, "\(entriesPerTensor ?? 0) entries")
    if case .fixed(let h) = step { precondition(h > 0 && h.isFinite, "a step of \(h)") }
    self.entriesPerTensor = entriesPerTensor
    self.step = step
    self.l2Penalty = l2Penalty
    self.seed = seed
    self.measuresCurve = measuresCurve
  }

  /// Checks a network on some examples.
  ///
  /// - Parameters:
  ///   - network: In double precision; `converted(to: Double.self)` makes it so.
  ///   - examples: At least one; a few dozen are enough.
  ///   - pool: Threads to use; nil for the caller's alone. Changes no bit.
  /// - Complexity: O(entries × forward passes), some 10 passes an entry.
  public func run(
    _ network: Network<Double>, on examples: Dataset<Double>, pool: ThreadPool? = nil
  ) -> GradientReport {
    run(network, on: examples, pool: pool, backward: nil)
  }

  /// Checks another backward pass than the engine's.
  ///
  /// - Parameter backward: The pass to be checked; nil for the engine's own.
  package func run(
    _ network: Network<Double>, on examples: Dataset<Double>, pool: ThreadPool? = nil,
    backward: BackwardPass?
  ) -> GradientReport {
    precondition(examples.count >= 1, "a gradient check without examples")
    let batch = examples.batch
    var workspace = Workspace(
      for: network, capacity: examples.count, keepsWeightedInputs: true)
    let loss = network.forward(batch, in: &workspace, pool: pool)
    var engine = network.makeGradient()
    network.backward(in: &workspace, into: &engine, pool: pool)
    let magnitudes = network.magnitudes(in: workspace)
    let roundoff = network.roundoff(of: loss, in: workspace, magnitudes)
    let gradientMagnitudes = network.gradientMagnitudes(in: workspace)
    var analytic = engine
    if let backward {
      analytic = network.makeGradient()
      backward(network, &workspace, &analytic)
    }
    var scratch = network.makeGradient()
    var derivative = NumericDerivative(
      of: network, capacity: examples.count, roundoff: roundoff,
      roundoffThere: { network, workspace, loss in
        network.backward(in: &workspace, into: &scratch, pool: pool)
        return network.roundoff(of: loss, in: workspace, magnitudes)
      }, objective: { network, workspace in network.forward(batch, in: &workspace, pool: pool) })

    var tensors: [TensorCheck] = []
    var steepest: [ParameterEntry] = []
    var drawn: [ParameterEntry] = []
    for tensor in network.parameters.layout.tensors {
      let entries = entries(of: tensor, steepIn: engine)
      steepest += entries.steepest.prefix(1)
      drawn += entries.drawn
      tensors.append(
        check(entries.drawn, of: tensor, analytic, gradientMagnitudes, network, &derivative))
    }
    return GradientReport(
      loss: loss, examples: examples.count, tensors: tensors,
      regularizer: checkRegularizer(of: network),
      curve: measuresCurve ? curve(Array(steepest.prefix(12)), analytic, &derivative) : [],
      suspect: Suspect(tensors) { mutant in
        guard mutant.applies(to: network) else { return false }
        var gradient = network.makeGradient()
        mutant.backward(network, in: &workspace, into: &gradient)
        return Self.agree(analytic, gradient, at: drawn)
          && !Self.agree(engine, gradient, at: drawn)
      })
  }

  /// Whether two gradients are one but for rounding.
  private static func agree(
    _ left: Parameters<Double>, _ right: Parameters<Double>, at entries: [ParameterEntry]
  ) -> Bool {
    let largest = entries.reduce(0) { max($0, abs(left[$1]), abs(right[$1])) }
    return largest > 0
      && entries.allSatisfy { abs(left[$0] - right[$0]) <= 1e-10 * largest }
  }

  private func check(
    _ entries: [ParameterEntry], of tensor: ParameterTensor, _ analytic: Parameters<Double>,
    _ magnitudes: Parameters<Double>, _ network: Network<Double>,
    _ derivative: inout NumericDerivative
  ) -> TensorCheck {
    var (checked, kinks, unresolved, resolved) = (0, 0, 0, 0)
    var worst: EntryCheck?
    for entry in entries {
      var d = derivative.estimate(entry, step: step)
      if d.crossedKink { kinks += 1 }
      guard d.isUsable else { continue }
      checked += 1
      let g = analytic[entry]
      let rounding = Self.safety * Double.ulpOfOne * magnitudes[entry]
      d.widen(by: rounding)
      var relativeError = Self.relativeError(g, d)
      if step == .auto, relativeError > Self.goodError {
        // Before anything is accused: is it so for smaller steps too?
        d = derivative.confirmed(d, entry, allowing: rounding)
        relativeError = Self.relativeError(g, d)
      }
      let size = max(abs(g), abs(d.value))
      if size > 0 {
        if d.uncertainty > Self.wrongError * size { unresolved += 1 } else { resolved += 1 }
      }
      if worst == nil || relativeError > (worst?.relativeError ?? 0) {
        worst = EntryCheck(
          output: entry.output, input: entry.input, analytic: g, numeric: d.value,
          relativeError: relativeError, step: d.step)
      }
    }
    let error = worst?.relativeError ?? 0
    var verdict = GradientVerdict(relativeError: error, hasKinks: network.hasKinks || kinks > 0)
    if checked == 0 || (verdict == .good && unresolved > 0 && resolved == 0) {
      verdict = .notJudged
    }
    return TensorCheck(
      layer: tensor.layer + 2, name: tensor.role, shape: tensor.shape, checked: checked,
      kinks: kinks, unjudged: entries.count - checked, unresolved: unresolved,
      worstRelativeError: error,
      verdict: verdict, worst: worst, isZero: entries.allSatisfy { analytic[$0] == 0 })
  }

  /// The relative error as it is defined above; infinite where it is not a number.
  static func relativeError(_ g: Double, _ d: NumericDerivative.Estimate) -> Double {
    let difference = abs(g - d.value)
    guard difference > 0 else { return difference.isNaN ? .infinity : 0 }
    let resolution = difference <= d.uncertainty ? d.uncertainty / goodError : 0
    return difference / max(abs(g), abs(d.value), resolution)
  }

  /// The entries to check of one tensor: a quarter where the gradient is largest, and so a mistake
  /// easiest to see; the others at random.
  func entries(
    of tensor: ParameterTensor, steepIn gradient: Parameters<Double>
  ) -> (drawn: [ParameterEntry], steepest: [ParameterEntry]) {
    let columns = tensor.shape.count > 1 ? tensor.shape[1] : 1
    func entry(_ element: Int) -> ParameterEntry {
      ParameterEntry(
        role: tensor.role, layer: tensor.layer, index: tensor.index(ofElement: element),
        output: element / columns, input: tensor.shape.count > 1 ? element % columns : nil)
    }
    let all = 0..<tensor.count
    let count = min(entriesPerTensor ?? all.count, all.count)
    // One pass that keeps the few largest: sorting a large tensor would cost more than its check.
    var steepest: [(index: Int, size: Double)] = []
    let steepCount = max(1, min(count / 4, 64))
    for index in all {
      let size = abs(gradient[entry(index)])
      if steepest.count == steepCount, size <= steepest[steepCount - 1].size { continue }
      let place = steepest.firstIndex { $0.size < size } ?? steepest.count
      steepest.insert((index, size), at: place)
      if steepest.count > steepCount { steepest.removeLast() }
    }
    var chosen = Set(steepest.map(\.index))
    if count == all.count {
      chosen = Set(all)
    } else {
      var random = RandomSource(seed: seed, purpose: .sampling, index: tensor.drawing)
      while chosen.count < count { chosen.insert(random.index(below: all.count)) }
    }
    return (chosen.sorted().map(entry), steepest.map { entry($0.index) })
  }

  /// ½ λ ‖W‖² is quadratic, so central differences are exact for every h; h = 1 leaves rounding least.
  /// λ₁ ‖W‖₁ is linear up to its kink at 0, so they are exact for every h < |w|; a weight of 0 has no
  /// slope, and is left out.
  private func checkRegularizer(of network: Network<Double>) -> RegularizerCheck {
    let penalties = Penalties(l1: l1Penalty, l2: l2Penalty)
    var parameters = network.parameters
    var gradient = network.makeGradient()
    gradient.addGradient(of: penalties, at: parameters, pool: nil)
    let uncertainty = 4 * Double.ulpOfOne * parameters.penalty(penalties)
    var (checked, worst) = (0, 0.0)
    for tensor in parameters.layout.tensors {
      for entry in entries(of: tensor, steepIn: gradient).drawn {
        let value = parameters[entry]
        let hasKink = l1Penalty > 0 && tensor.role.isPenalized
        if hasKink, value == 0 { continue }
        let h = hasKink ? abs(value) / 2 : 1
        parameters[entry] = value + h
        let above = parameters.penalty(penalties)
        parameters[entry] = value - h
        let below = parameters.penalty(penalties)
        parameters[entry] = value
        let estimate = NumericDerivative.Estimate(
          value: (above - below) / (2 * h),
          uncertainty: max(uncertainty / h, (l1Penalty + l2Penalty) * .ulpOfOne * 4),
          step: h, crossedKink: false, isUsable: true)
        worst = max(worst, Self.relativeError(gradient[entry], estimate))
        checked += 1
      }
    }
    return RegularizerCheck(
      lambda: l2Penalty, l1: l1Penalty > 0 ? l1Penalty : nil, checked: checked,
      worstRelativeError: worst,
      verdict: GradientVerdict(relativeError: worst, hasKinks: false))
  }

  /// The steps of the V-curve: 1e-1 … 1e-13.
  private static let curveSteps = [
    1e-1, 1e-2, 1e-3, 1e-4, 1e-5, 1e-6, 1e-7, 1e-8, 1e-9, 1e-10, 1e-11, 1e-12, 1e-13,
  ]

  private func curve(
    _ entries: [ParameterEntry], _ analytic: Parameters<Double>,
    _ derivative: inout NumericDerivative
  ) -> [CurvePoint] {
    var points: [CurvePoint] = []
    for h in Self.curveSteps {
      var errors: [Double] = []
      for entry in entries {
        guard let d = derivative.quotient(entry, step: h) else { continue }
        let g = analytic[entry]
        let size = max(abs(g), abs(d))
        errors.append(size > 0 ? abs(g - d) / size : 0)
      }
      errors.sort()
      points.append(
        CurvePoint(
          h: h, entries: errors.count,
          median: errors.isEmpty ? nil : errors[errors.count / 2], worst: errors.last))
    }
    return points
  }
}
