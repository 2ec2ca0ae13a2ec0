import Backprop

// A scaling layer and a parametric activation in words: what they add to the phases.

extension Explanation {
  // MARK: Forward

  /// z = s ⊙ a of the layer below, and a = z.
  package func scaledForward(_ l: Int) -> [Block] {
    guard let scales = layer(l).tensor(.scale)?.values else { return [] }
    let (inputs, outputs) = (below(l)[row: 0], layer(l).outputs[row: 0])
    let j = chosen(l)
    let indices = shown(outputs.map { Double($0) }, always: j)
    var table = Table(
      say("explain.column.neuron"), Notation.symbol("a", layer: l - 1),
      Notation.symbol("s", layer: l), Notation.symbol("a", layer: l))
    for index in indices {
      table.add(
        "\(index + 1)", Notation.number(inputs[index]), Notation.number(scales[index]),
        Notation.number(outputs[index]))
    }
    table.remainder = remainder(outputs.count, shown: indices.count)
    let z = Notation.symbol("z", layer: l, j + 1)
    return [
      .text(say("explain.kinds.scale")), .table(table),
      .equation(
        Equation(
          z,
          "\(Notation.symbol("s", layer: l, j + 1)) \(Notation.symbol("a", layer: l - 1, j + 1))",
          "\(Notation.factor(scales[j])) · \(Notation.factor(inputs[j]))",
          Notation.number(outputs[j]))),
      .equation(
        Equation(Notation.symbol("a", layer: l, j + 1), z, Notation.number(outputs[j]))),
    ]
  }

  /// σ(z), then a = z + α (σ(z) − z), of neuron j; with n for z where z is normalised.
  package func parametricForward(
    _ l: Int, _ j: Int, _ activated: Matrix<T>, _ text: ActivationText
  ) -> [Block] {
    guard let alphas = layer(l).tensor(.slope)?.values else { return [] }
    let x = Notation.symbol(text.argument, layer: l, j + 1)
    let alpha = Notation.symbol("α", layer: l, j + 1)
    let value = layer(l).activationInputs[0, j]
    return [
      .text(say("explain.kinds.parametric", text.argument)),
      .equation(Equation("σ(\(x))", text.formula(z: x), Notation.number(activated[0, j]))),
      .equation(
        Equation(
          Notation.symbol("a", layer: l, j + 1), "\(x) + \(alpha) (σ(\(x)) − \(x))",
          "\(Notation.number(value)) + \(Notation.factor(alphas[j])) · "
            + "(\(Notation.number(activated[0, j])) − \(Notation.factor(value)))",
          Notation.number(layer(l).outputs[0, j]))),
    ]
  }

  // MARK: BP2

  /// What ∂C/∂a of a neuron is multiplied by: σ′, or 1 + α (σ′ − 1); nil for a scaling layer.
  package func slope(_ l: Int, _ index: Int) -> (symbols: String, factors: String, value: String)? {
    let record = layer(l)
    guard record.tensor(.weight) != nil else { return nil }
    let name = "σ′(\(Notation.symbol(argument(l), layer: l, index + 1)))"
    let derivative = record.derivative?[0, index] ?? 1
    guard let alpha = record.tensor(.slope)?.values[index] else {
      let number = Notation.factor(derivative)
      return (name, number, number)
    }
    return (
      "(1 + \(Notation.symbol("α", layer: l, index + 1)) (\(name) − 1))",
      "(1 + \(Notation.factor(alpha)) · (\(Notation.number(derivative)) − 1))",
      Notation.factor(1 + Double(alpha) * (Double(derivative) - 1))
    )
  }

  // MARK: Gradients

  /// ∂C/∂α of every parametric activation: ∂C/∂a times σ(z) − z.
  package func slopeGradients() -> [Block] {
    var blocks: [Block] = []
    for l in stride(from: lastLayer, through: 2, by: -1) {
      let record = layer(l)
      guard let slopes = record.tensor(.slope), let activated = record.activated else { continue }
      if blocks.isEmpty { blocks.append(.text(say("explain.kinds.slopeGradient"))) }
      let j = chosen(l)
      let (a, x) = (Notation.symbol("a", layer: l), Notation.symbol(argument(l), layer: l))
      let terms = (0..<trace.examples.count).map { row in
        (
          error: record.outputGradient[row, j], value: activated[row, j],
          input: record.activationInputs[row, j]
        )
      }
      blocks += gradient(
        of: slopes, l,
        isBatch ? "Σₓ ∂C/∂\(a)(x) ⊙ (σ(\(x)) − \(x))(x)" : "∂C/∂\(a) ⊙ (σ(\(x)) − \(x))",
        terms.map { Double($0.error) * (Double($0.value) - Double($0.input)) },
        single: "\(Notation.factor(terms[0].error)) · (\(Notation.number(terms[0].value)) − "
          + "\(Notation.factor(terms[0].input)))")
    }
    return blocks
  }

  /// ∂C/∂s of a scaling layer: BP4, with one input to a neuron.
  package func scaleGradients(_ l: Int) -> [Block] {
    guard let scales = layer(l).tensor(.scale) else { return [] }
    let j = chosen(l)
    let (a, delta) = (Notation.symbol("a", layer: l - 1), Notation.symbol("δ", layer: l))
    let terms = (0..<trace.examples.count).map { row in
      (input: below(l)[row, j], error: layer(l).delta[row, j])
    }
    return gradient(
      of: scales, l, isBatch ? "Σₓ \(a)(x) ⊙ \(delta)(x)" : "\(a) ⊙ \(delta)",
      terms.map { Double($0.input) * Double($0.error) },
      single: "\(Notation.factor(terms[0].input)) · \(Notation.factor(terms[0].error))")
  }

  /// The gradient of a vector, and of the neuron in focus the number or the sum over the batch.
  private func gradient(
    of tensor: TensorTrace<T>, _ l: Int, _ formula: String, _ terms: [Double], single: String
  ) -> [Block] {
    let letter = tensor.role.letter
    let j = chosen(l)
    return [
      .equation(
        Equation("∂C/∂\(Notation.symbol(letter, layer: l))", formula, vector(tensor.gradient))),
      .equation(
        Equation(
          "∂C/∂\(Notation.symbol(letter, layer: l, j + 1))",
          isBatch ? perExample(terms, symbol: "").values : single,
          Notation.number(tensor.gradient[j]))),
    ]
  }
}
