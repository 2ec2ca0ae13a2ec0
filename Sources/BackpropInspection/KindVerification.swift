import Backprop

// The equations of a scaling layer and of a parametric activation, left side against right side as in
// TraceAudit.swift. Each does nothing for a layer without such a tensor.

extension Audit {
  /// z = s ⊙ x of a scaling layer.
  mutating func scaledInputs(_ record: LayerTrace<T>, below: Matrix<T>) {
    guard let scales = record.tensor(.scale)?.values else { return }
    each(record.weightedInputs, (.scaledInput, record.layer)) { row, j in
      Self.product(Double(scales[j]), Double(below[row, j]))
    }
  }

  /// ∂C/∂aˡ = sˡ⁺¹ ⊙ δˡ⁺¹ below a scaling layer.
  mutating func scaledDown(_ record: LayerTrace<T>, from above: LayerTrace<T>) {
    guard let scales = above.tensor(.scale)?.values else { return }
    each(record.outputGradient, (.errorScaledDown, record.layer)) { row, j in
      Self.product(Double(scales[j]), Double(above.delta[row, j]))
    }
  }

  /// ∂C/∂s = Σₓ x ⊙ δ.
  mutating func scaleGradient(_ record: LayerTrace<T>, below: Matrix<T>) {
    guard let scales = record.tensor(.scale) else { return }
    sums(scales.gradient, over: below.rows, (.scaleGradient, record.layer)) { row, j in
      Self.product(Double(below[row, j]), Double(record.delta[row, j]))
    }
  }

  /// x, A cos(2π f x + φ) + c and E[x] of a layer of columns.
  mutating func columnOutputs(_ record: LayerTrace<T>, below: Matrix<T>) {
    guard let textbook = record.textbookColumns else { return }
    each(record.weightedInputs, (.columnOutput, record.layer)) { row, j in
      textbook.output(j) { Double(below[row, $0]) }
    }
  }

  /// The gradients of all tensors of a layer of columns.
  mutating func columnGradients(_ record: LayerTrace<T>, below: Matrix<T>) {
    guard let textbook = record.textbookColumns else { return }
    var sums = textbook.zeros()
    for row in 0..<below.rows {
      textbook.addGradient(
        { j in
          let delta = Double(record.delta[row, j])
          return RightSide(value: delta, scale: abs(delta))
        }, { Double(below[row, $0]) }, to: &sums)
    }
    for tensor in record.tensors {
      guard let sums = sums[tensor.role] else { continue }
      for (index, (value, sum)) in zip(tensor.gradient, sums).enumerated() {
        let place = tensor.place(of: index)
        compare(
          Double(value), sum.value, scale: sum.scale + tiny, terms: below.rows + 8,
          (.columnGradient, record.layer, 0, place.neuron, place.input))
      }
    }
  }

  /// a = x + α ⊙ (σ(x) − x) of a parametric activation, x being z or n.
  mutating func parametricOutputs(_ record: LayerTrace<T>) {
    guard let slopes = record.tensor(.slope)?.values, let activated = record.activated else {
      return
    }
    each(record.outputs, (.parametricOutput, record.layer)) { row, j in
      let (alpha, value) = (Double(slopes[j]), Double(activated[row, j]))
      let x = Double(record.activationInputs[row, j])
      return RightSide(
        value: x + alpha * (value - x), scale: abs(x) + abs(alpha) * (abs(value) + abs(x)))
    }
  }

  /// ∂C/∂α = Σₓ ∂C/∂a ⊙ (σ(x) − x).
  mutating func slopeGradient(_ record: LayerTrace<T>) {
    guard let slopes = record.tensor(.slope), let activated = record.activated else { return }
    sums(slopes.gradient, over: activated.rows, (.slopeGradient, record.layer)) { row, j in
      let (value, x) = (Double(activated[row, j]), Double(record.activationInputs[row, j]))
      let slope = Double(record.outputGradient[row, j])
      return RightSide(value: slope * (value - x), scale: abs(slope) * (abs(value) + abs(x)))
    }
  }

  private static func product(_ left: Double, _ right: Double) -> RightSide {
    RightSide(value: left * right, scale: abs(left * right))
  }

  /// Compares every element of a matrix with its right side.
  private mutating func each(
    _ left: Matrix<T>, _ place: (equation: TraceEquation, layer: Int),
    _ right: (Int, Int) -> RightSide
  ) {
    for row in 0..<left.rows {
      for j in 0..<left.columns {
        let right = right(row, j)
        compare(
          Double(left[row, j]), right.value, scale: right.scale, terms: 8,
          (place.equation, place.layer, row + 1, j + 1, 0))
      }
    }
  }

  /// Compares every element of a vector with the sum of its terms over the batch.
  private mutating func sums(
    _ left: [T], over rows: Int, _ place: (equation: TraceEquation, layer: Int),
    _ term: (Int, Int) -> RightSide
  ) {
    for (j, value) in left.enumerated() {
      var sum = RightSide(value: 0, scale: 0)
      for row in 0..<rows {
        let term = term(row, j)
        sum.value += term.value
        sum.scale += term.scale
      }
      compare(
        Double(value), sum.value, scale: sum.scale, terms: rows + 8,
        (place.equation, place.layer, 0, j + 1, 0))
    }
  }
}
