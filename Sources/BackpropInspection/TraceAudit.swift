import Backprop

/// The comparison of one trace, equation by equation.
struct Audit<T: Scalar> {
  private var equations = 0
  private var worst = 0.0
  private var failures: [VerificationFailure] = []
  private var failed = false
  let epsilon = Double(T.ulpOfOne)
  let tiny = Double(T.leastNormalMagnitude)

  func result(isFinite: Bool) -> Verification {
    Verification(
      verified: !failed && isFinite, isFinite: isFinite, equations: equations,
      worstResidual: worst, failures: isFinite ? failures : [])
  }

  /// Compares the two sides of one equation.
  ///
  /// - Parameters:
  ///   - scale: The sum of the magnitudes of the right side's terms.
  ///   - terms: Roundings that the engine makes on the way, beyond a few.
  @inline(__always)
  mutating func compare(
    _ left: Double, _ right: Double, scale: Double, terms: Int,
    _ place: (equation: TraceEquation, layer: Int, row: Int, neuron: Int, input: Int)
  ) {
    equations += 1
    let difference = abs(left - right)
    let limit = (Double(terms) + 8) * epsilon
    let residual = difference == 0 ? 0 : difference / scale
    if residual <= limit {
      if residual > worst { worst = residual }
      return
    }
    // Below the normal numbers a rounding is absolute. A slope of the loss may be infinite on both
    // sides where an output has rounded to 0 or 1.
    if difference <= Double(terms + 8) * tiny || (!left.isFinite && !right.isFinite) { return }
    fail(left, right, residual, limit, place)
  }

  private mutating func fail(
    _ left: Double, _ right: Double, _ residual: Double, _ limit: Double,
    _ place: (equation: TraceEquation, layer: Int, row: Int, neuron: Int, input: Int)
  ) {
    failed = true
    if residual > worst || residual.isNaN { worst = residual }
    guard failures.count < Verification.mostFailures else { return }
    failures.append(
      VerificationFailure(
        equation: place.equation, layer: place.layer, row: place.row, neuron: place.neuron,
        input: place.input, left: left, right: right, residual: residual, limit: limit))
  }

  /// z = W a + b.
  mutating func weightedInputs(_ record: LayerTrace<T>, below: Matrix<T>) {
    guard let weights = record.tensor(.weight), let biases = record.tensor(.bias) else { return }
    for row in 0..<below.rows {
      let a = below.start + row * below.stride
      for j in biases.values.indices {
        let first = weights.index(j)
        let bias = Double(biases.values[j])
        var (sum, scale) = (bias, abs(bias))
        for k in 0..<weights.columns {
          let term = Double(weights.values[first + k]) * Double(a[k])
          sum += term
          scale += abs(term)
        }
        compare(
          Double(record.weightedInputs[row, j]), sum, scale: scale, terms: weights.columns,
          (.weightedInput, record.layer, row + 1, j + 1, 0))
      }
    }
  }

  /// a = σ(z) and σ′, of a normalised layer a = σ(n) and σ′(n); of a parametric activation σ and not a.
  mutating func activation(_ record: LayerTrace<T>, _ activation: Activation) {
    let l = record.layer
    let parameter = Double(T(activation.kernelParameter))
    let values = record.activated ?? record.outputs
    let units = values.columns
    for row in 0..<values.rows {
      let zs = record.activationInputs[row: row].map { Double($0) }
      let exponentials = SoftmaxFormula(activation == .softmax ? zs : [])
      for j in 0..<units {
        let right: RightSide
        switch activation {
        case .softmax: right = exponentials.output(j)
        case .maxout(let pieces):
          let most = zs[(j * pieces)..<((j + 1) * pieces)].max() ?? 0
          right = RightSide(value: most, scale: abs(most))
        default: right = activation.textbookValue(zs[j], parameter)
        }
        compare(
          Double(values[row, j]), right.value, scale: right.scale,
          terms: activation == .softmax ? units : 8,
          (record.activated == nil ? .output : .activated, l, row + 1, j + 1, 0))
      }
      guard let derivative = record.derivative else { continue }
      for j in 0..<derivative.columns {
        let right: RightSide
        if case .maxout(let pieces) = activation {
          let pieceRange = (j / pieces * pieces)..<((j / pieces + 1) * pieces)
          let winner = pieceRange.reduce(pieceRange.lowerBound) { zs[$1] > zs[$0] ? $1 : $0 }
          right = RightSide(value: j == winner ? 1 : 0, scale: 1)
        } else {
          right = activation.textbookDerivative(z: zs[j], a: Double(values[row, j]), parameter)
        }
        compare(
          Double(derivative[row, j]), right.value, scale: right.scale, terms: 8,
          (.derivative, l, row + 1, j + 1, 0))
      }
    }
  }

  /// wₓ Cₓ from aᴸ (or zᴸ, where the engine takes it), their sum, and wₓ ∇ₐC.
  mutating func loss(
    _ trace: Trace<T>, _ record: LayerTrace<T>, _ loss: Loss, _ activation: Activation
  ) {
    let parameter = Double(T(loss.kernel?.parameter ?? 0))
    let l = record.layer
    for row in 0..<trace.examples.count {
      let a = record.outputs[row: row].map { Double($0) }
      let y = trace.targets[row: row].map { Double($0) }
      let weight = Double(trace.weights[row])
      let slopes = loss.textbookGradient(a, y, parameter)
      var rights: [RightSide] = []
      let stable = loss.textbookFromWeightedInputs(
        record.weightedInputs[row: row].map { Double($0) }, y, activation)
      if let stable {
        rights.append(RightSide(value: weight * stable.value, scale: weight * stable.scale))
      }
      if let terms = loss.textbookTerms(a, y, parameter) {
        // What a rounding of a does to the value counts as well. An output that has rounded to 0 or 1
        // may have an infinite logarithm: that is why some losses are taken from z.
        // Below the normal numbers the rounding of a is absolute.
        let moved = zip(slopes ?? [], a).reduce(0) { $0 + abs($1.0.value) * max(abs($1.1), tiny) }
        let value = weight * terms.reduce(0, +)
        if value.isFinite || stable == nil {
          rights.append(
            RightSide(value: value, scale: weight * (terms.reduce(0) { $0 + abs($1) } + moved)))
        }
      }
      if case .custom(let custom) = loss {
        let value = custom.value(outputs: a.span, targets: y.span, weight: weight)
        rights.append(RightSide(value: value, scale: abs(value) + weight))
      }
      for right in rights {
        compare(
          Double(trace.losses[row]), right.value, scale: right.scale, terms: a.count + 8,
          (.exampleLoss, l, row + 1, 1, 0))
      }
      guard let slopes else {
        ownGradient(trace, record, loss, row: row, a, y, weight)
        continue
      }
      for (j, slope) in slopes.enumerated() {
        if loss.isAtKink(a, y, output: j, epsilon: epsilon) { continue }
        // −y/a of a tiny output may be beyond the numbers of the engine's precision.
        let isTooLarge = abs(slope.value) > Double(T.greatestFiniteMagnitude)
        let value = isTooLarge ? (slope.value < 0 ? -Double.infinity : .infinity) : slope.value
        compare(
          Double(record.outputGradient[row, j]), weight * value,
          scale: weight * slope.scale, terms: 2, (.lossGradient, l, row + 1, j + 1, 0))
      }
    }
    let losses = trace.losses.map { Double($0) }
    compare(
      trace.loss, losses.reduce(0, +), scale: losses.reduce(0) { $0 + abs($1) },
      terms: losses.count, (.assumptionI, l, 0, 1, 0))
  }

  /// wₓ ∇ₐC of a user's own loss, whose own formula in Double stands on the right.
  private mutating func ownGradient(
    _ trace: Trace<T>, _ record: LayerTrace<T>, _ loss: Loss, row: Int, _ a: [Double],
    _ y: [Double], _ weight: Double
  ) {
    guard case .custom(let custom) = loss else { return }
    var slopes = [Double](repeating: 0, count: a.count)
    var span = slopes.mutableSpan
    custom.formGradient(outputs: a.span, targets: y.span, weight: weight, into: &span)
    for (j, slope) in slopes.enumerated() {
      // How well conditioned the formula is nobody knows; a slope of size wₓ is the measure.
      compare(
        Double(record.outputGradient[row, j]), slope, scale: abs(slope) + abs(weight), terms: 64,
        (.lossGradient, record.layer, row + 1, j + 1, 0))
    }
  }

  /// ∂C/∂aˡ = (Wˡ⁺¹)ᵀ δˡ⁺¹.
  mutating func passedDown(_ record: LayerTrace<T>, from above: LayerTrace<T>) {
    guard let weights = above.tensor(.weight) else { return }
    for row in 0..<record.outputs.rows {
      var sums = [Double](repeating: 0, count: weights.columns)
      var scales = sums
      for j in 0..<above.delta.columns {
        let first = weights.index(j)
        let delta = Double(above.delta[row, j])
        for k in 0..<weights.columns {
          let term = Double(weights.values[first + k]) * delta
          sums[k] += term
          scales[k] += abs(term)
        }
      }
      for k in 0..<weights.columns {
        compare(
          Double(record.outputGradient[row, k]), sums[k], scale: scales[k],
          terms: above.delta.columns, (.errorPassedDown, record.layer, row + 1, k + 1, 0))
      }
    }
  }

  /// δ = ∂C/∂a ⊙ σ′, or through the Jacobian of softmax: BP2, and BP1 in its general form. Of a
  /// parametric activation δ = ∂C/∂a ⊙ (1 + α (σ′ − 1)).
  mutating func delta(
    _ record: LayerTrace<T>, _ activation: Activation, _ equation: TraceEquation,
    of delta: Matrix<T>? = nil
  ) {
    let delta = delta ?? record.delta
    for row in 0..<delta.rows {
      let slopes = record.outputGradient[row: row].map { Double($0) }
      if let derivative = record.derivative {
        let pieces = activation.pieces
        for j in 0..<delta.columns {
          var right = RightSide(value: Double(derivative[row, j]), scale: 0)
          right.scale = abs(right.value)
          if let alpha = record.tensor(.slope).map({ Double($0.values[j]) }) {
            right.value = 1 + alpha * (right.value - 1)
            right.scale = 1 + abs(alpha) * (right.scale + 1)
          }
          let slope = slopes[j / pieces]
          compare(
            Double(delta[row, j]), slope * right.value, scale: abs(slope) * right.scale + tiny,
            terms: 8,
            (equation, record.layer, row + 1, j + 1, 0))
        }
      } else {
        let a = record.outputs[row: row].map { Double($0) }
        let shared = zip(slopes, a).reduce(0) { $0 + $1.0 * $1.1 }
        let sharedScale = zip(slopes, a).reduce(0) { $0 + abs($1.0 * $1.1) }
        for j in 0..<delta.columns {
          compare(
            Double(delta[row, j]), a[j] * (slopes[j] - shared),
            scale: a[j] * (abs(slopes[j]) + sharedScale), terms: delta.columns + 8,
            (equation, record.layer, row + 1, j + 1, 0))
        }
      }
    }
  }

  /// δᴸ = w (a − y); and the general form, which is the same function.
  mutating func shortcut(_ trace: Trace<T>, _ record: LayerTrace<T>, _ activation: Activation) {
    guard let general = record.generalDelta else { return }
    delta(record, activation, .bp1, of: general)
    for row in 0..<general.rows {
      let weight = Double(trace.weights[row])
      for j in 0..<general.columns {
        let (a, y) = (Double(record.outputs[row, j]), Double(trace.targets[row, j]))
        compare(
          Double(record.delta[row, j]), weight * (a - y), scale: weight * abs(a - y), terms: 0,
          (.bp1Shortcut, record.layer, row + 1, j + 1, 0))
        // Where an output has rounded to 0 or 1 the general form divides by zero; the shortcut is
        // there for that.
        let other = Double(general[row, j])
        guard other.isFinite else { continue }
        compare(
          Double(record.delta[row, j]), other, scale: weight * (abs(a) + abs(y)),
          terms: general.columns + 8, (.bp1Shortcut, record.layer, row + 1, j + 1, 0))
      }
    }
  }

  /// BP3 and BP4: sums over the batch.
  mutating func gradient(_ record: LayerTrace<T>, below: Matrix<T>) {
    guard let weights = record.tensor(.weight), let biases = record.tensor(.bias) else { return }
    let delta = record.delta
    let l = record.layer
    var sums = [Double](repeating: 0, count: below.columns)
    var scales = sums
    for j in 0..<delta.columns {
      var (bias, biasScale) = (0.0, 0.0)
      for k in sums.indices { (sums[k], scales[k]) = (0, 0) }
      for row in 0..<delta.rows {
        let slope = Double(delta.start[row * delta.stride + j])
        bias += slope
        biasScale += abs(slope)
        let a = below.start + row * below.stride
        for k in 0..<below.columns {
          let term = slope * Double(a[k])
          sums[k] += term
          scales[k] += abs(term)
        }
      }
      compare(
        Double(biases.gradient[j]), bias, scale: biasScale, terms: delta.rows,
        (.bp3, l, 0, j + 1, 0))
      for k in 0..<below.columns {
        compare(
          Double(weights.gradient[weights.index(j, k)]), sums[k], scale: scales[k],
          terms: delta.rows, (.bp4, l, 0, j + 1, k + 1))
      }
    }
  }

  /// Δθ by the rule, from gradient and moments; only weights are penalised, and shrink.
  mutating func update(_ record: LayerTrace<T>, _ update: UpdateTrace, gradientSum: Double) {
    let rule = TextbookUpdate(update, epsilon: epsilon, gradientSum: gradientSum)
    for tensor in record.tensors {
      for (index, value) in tensor.values.enumerated() {
        func moment(_ moment: [T]?) -> Double { moment.map { Double($0[index]) } ?? 0 }
        let right = rule.change(
          parameter: Double(value), gradient: Double(tensor.gradient[index]),
          firstMoment: moment(tensor.firstMoment), secondMoment: moment(tensor.secondMoment),
          maximum: moment(tensor.maximumMoment), isWeight: tensor.role.isPenalized)
        let (neuron, input) = tensor.place(of: index)
        step(
          Double(tensor.update[index]), right, from: Double(value),
          (.update, record.layer, 0, neuron, input))
      }
    }
  }

  /// One Δθ. A step beyond the largest number of the precision ends at infinity, as it must.
  @inline(__always)
  mutating func step(
    _ left: Double, _ right: RightSide, from theta: Double,
    _ place: (equation: TraceEquation, layer: Int, row: Int, neuron: Int, input: Int)
  ) {
    if !left.isFinite, abs(theta + right.value) > Double(T.greatestFiniteMagnitude) { return }
    compare(left, right.value, scale: right.scale, terms: 8, place)
  }

  /// −η ‖∇‖² of plain descent, ∇ · Δθ of any other rule; for all parameters and for the weights alone.
  mutating func predictedChange(_ trace: Trace<T>) {
    let update = trace.update
    let (lambda, lambda1) = (update.l2Penalty, update.l1Penalty ?? 0)
    let place = (equation: TraceEquation.predictedChange, layer: trace.layers.count + 1, 0, 1, 0)
    var (weights, others) = (RightSide(value: 0, scale: 0), RightSide(value: 0, scale: 0))
    var count = 0
    func slope(of weight: Double) -> Double {
      lambda * weight + (weight > 0 ? lambda1 : weight < 0 ? -lambda1 : 0)
    }
    func add(_ slope: Double, _ decay: Double, _ move: Double, to sum: inout RightSide) {
      let factor = update.isPlainDescent ? -update.learningRate * (slope + decay) : move
      let term = (slope + decay) * factor
      sum.value += term
      let size = abs(slope) + abs(decay)
      sum.scale += update.isPlainDescent ? update.learningRate * size * size : size * abs(move)
    }
    for tensor in trace.layers.flatMap(\.tensors) {
      for (index, theta) in tensor.values.enumerated() {
        let (g, move) = (Double(tensor.gradient[index]), Double(tensor.update[index]))
        if tensor.role.isPenalized {
          add(g, slope(of: Double(theta)), move, to: &weights)
        } else {
          add(g, 0, move, to: &others)
        }
      }
      count += tensor.values.count
    }
    compare(
      update.predictedChange, weights.value + others.value, scale: weights.scale + others.scale,
      terms: count, place)
    compare(
      update.predictedChangeWeightsOnly, weights.value, scale: weights.scale, terms: count, place)
  }

  /// ½ λ ‖W‖² + λ₁ ‖W‖₁ before and after the update.
  mutating func penalty(_ trace: Trace<T>) {
    let lambda = trace.update.l2Penalty
    let place = (equation: TraceEquation.penalty, layer: trace.layers.count + 1, 0, 1, 0)
    let lambda1 = trace.update.l1Penalty ?? 0
    var (before, after, scale, count) = (0.0, 0.0, 0.0, 0)
    for tensor in trace.layers.flatMap(\.tensors) where tensor.role.isPenalized {
      for (value, move) in zip(tensor.values, tensor.update) {
        let (w, change) = (Double(value), Double(move))
        let size = abs(w) + abs(change)
        before += lambda / 2 * w * w + lambda1 * abs(w)
        after += lambda / 2 * (w + change) * (w + change) + lambda1 * abs(w + change)
        scale += lambda / 2 * size * size + lambda1 * size
      }
      count += tensor.values.count
    }
    compare(trace.penalty, before, scale: before, terms: count, place)
    compare(trace.update.penaltyAfter, after, scale: scale, terms: count, place)
  }
}

extension Matrix {
  /// Whether no element is NaN or infinite.
  var isFinite: Bool {
    Element.kernels.first_nonfinite(rows, columns, operand) < 0
  }
}
