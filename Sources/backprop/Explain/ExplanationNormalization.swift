import Backprop

// A normalised layer in words: what stands between z and σ on the way up, and what an error goes
// through on the way back.

extension Explanation {
  /// What σ is applied to in layer l: n of a normalised layer, else z.
  func argument(_ l: Int) -> String { layer(l).normalization == nil ? "z" : "n" }

  /// ẑ of the neurons of layer l for the example that is shown.
  private func standardized(_ l: Int) -> [Double] {
    guard let normalization = layer(l).normalization else { return [] }
    return layer(l).weightedInputs[row: 0].map { normalization.standardized($0, row: 0) }
  }

  /// "z²ⱼ": each neuron of the layer.
  private func each(_ letter: String, _ l: Int) -> String {
    Notation.symbol(letter, layer: l) + "ⱼ"
  }

  // MARK: Forward

  /// z, ẑ, n, a and σ′ of the neurons that are shown.
  func normalizedTable(
    _ l: Int, _ normalization: NormalizationTrace<T>, _ indices: [Int]
  ) -> Table {
    let record = layer(l)
    let pieces = activation(l).pieces
    let hats = standardized(l)
    let derivative = record.derivative?[row: 0]
    var table = Table(
      [say("explain.column.neuron"), "z", "ẑ", "n", "a"] + (derivative == nil ? [] : ["σ′(n)"]))
    for index in indices {
      table.rows.append(
        [
          name(l, of: index), Notation.number(record.weightedInputs[0, index]),
          Notation.number(hats[index]), Notation.number(normalization.normalized[0, index]),
          Notation.number(record.outputs[0, index / pieces]),
        ] + (derivative.map { [Notation.number($0[index])] } ?? []))
    }
    return table
  }

  /// Mean and s of the layer, ẑ and n of neuron j.
  func normalizedForward(_ l: Int, _ j: Int) -> [Block] {
    guard let normalization = layer(l).normalization else { return [] }
    let z = layer(l).weightedInputs[row: 0]
    let isCentred = normalization.kind == .layer
    let mean = normalization.means[0]
    let inverse = normalization.inverseDeviations[0]
    let width = Format.count(z.count)
    var blocks: [Block] = [
      .text(say(isCentred ? "explain.norm.layer" : "explain.norm.rms"))
    ]
    if isCentred {
      blocks.append(
        .equation(Equation("μ", "Σⱼ \(each("z", l)) / \(width)", Notation.number(mean))))
    }
    let spread = z.reduce(0.0) { sum, value in
      let distance = Double(value) - Double(mean)
      return sum + distance * distance
    }
    let term = isCentred ? "(\(each("z", l)) − μ)²" : "(\(each("z", l)))²"
    blocks.append(
      .equation(
        Equation(
          "s", "1 / √(Σⱼ \(term) / \(width) + ε)",
          "1 / √(\(Notation.number(spread / Double(z.count))) + "
            + "\(Notation.number(Normalization.epsilon)))",
          Notation.number(inverse))))
    let hat = standardized(l)[j]
    let symbol = Notation.symbol("z", layer: l, j + 1)
    blocks.append(
      .equation(
        Equation(
          Notation.symbol("ẑ", layer: l, j + 1),
          isCentred ? "(\(symbol) − μ) · s" : "\(symbol) · s",
          isCentred
            ? "(\(Notation.factor(z[j])) − \(Notation.factor(mean))) · \(Notation.number(inverse))"
            : "\(Notation.factor(z[j])) · \(Notation.number(inverse))",
          Notation.number(hat))))
    let gain = normalization.parameters.gain[j]
    let product =
      "\(Notation.symbol("γ", layer: l, j + 1)) \(Notation.symbol("ẑ", layer: l, j + 1))"
    let numbers = "\(Notation.factor(gain)) · \(Notation.factor(hat))"
    blocks.append(
      .equation(
        Equation(
          Notation.symbol("n", layer: l, j + 1),
          isCentred ? "\(product) + \(Notation.symbol("β", layer: l, j + 1))" : product,
          isCentred
            ? Notation.sum([numbers, Notation.number(normalization.parameters.shift[j])]) : numbers,
          Notation.number(normalization.normalized[0, j]))))
    return blocks
  }

  // MARK: BP2

  /// The votes, σ′, ∂C/∂n, ẑ and δ of the neurons that are shown.
  func normalizedErrorTable(
    _ l: Int, _ normalization: NormalizationTrace<T>, _ indices: [Int]
  ) -> Table {
    let record = layer(l)
    let pieces = activation(l).pieces
    let hats = standardized(l)
    var table = Table(
      say("explain.column.neuron"), say("explain.column.votes"), "σ′(n)", "∂C/∂n", "ẑ", "δ")
    for index in indices {
      table.add(
        name(l, of: index), Notation.number(record.outputGradient[0, index / pieces]),
        Notation.number(record.derivative?[0, index] ?? 1),
        Notation.number(normalization.normalizedDelta[0, index]), Notation.number(hats[index]),
        Notation.number(record.delta[0, index]))
    }
    return table
  }

  /// δ of neuron j from ∂C/∂n of the whole layer, through the Jacobian of the normalisation.
  func normalizedDelta(_ l: Int, _ j: Int) -> [Block] {
    guard let normalization = layer(l).normalization else { return [] }
    let isCentred = normalization.kind == .layer
    let hats = standardized(l)
    let gains = normalization.parameters.gain
    let errors = normalization.normalizedDelta[row: 0]
    let slopes = zip(gains, errors).map { Double($0) * Double($1) }
    let count = Double(slopes.count)
    let level = slopes.reduce(0, +) / count
    let along = zip(slopes, hats).reduce(0.0) { $0 + $1.0 * $1.1 } / count
    let width = Format.count(slopes.count)
    let (g, hat) = (Notation.symbol("g", layer: l, j + 1), Notation.symbol("ẑ", layer: l, j + 1))
    var blocks: [Block] = [
      .text(say(isCentred ? "explain.norm.bp2.layer" : "explain.norm.bp2.rms")),
      .equation(
        Equation(
          g,
          "\(Notation.symbol("γ", layer: l, j + 1)) ∂C/∂\(Notation.symbol("n", layer: l, j + 1))",
          "\(Notation.factor(gains[j])) · \(Notation.factor(errors[j]))",
          Notation.number(slopes[j]))),
    ]
    if isCentred {
      blocks.append(
        .equation(Equation("p", "Σⱼ \(each("g", l)) / \(width)", Notation.number(level))))
    }
    let inverse = Notation.number(normalization.inverseDeviations[0])
    let tail = "\(Notation.factor(hats[j])) · \(Notation.factor(along))"
    blocks += [
      .equation(
        Equation("q", "Σⱼ \(each("g", l)) \(each("ẑ", l)) / \(width)", Notation.number(along))),
      .equation(
        Equation(
          Notation.symbol("δ", layer: l, j + 1),
          isCentred ? "s (\(g) − p − \(hat) q)" : "s (\(g) − \(hat) q)",
          isCentred
            ? "\(inverse) · (\(Notation.number(slopes[j])) − \(Notation.factor(level)) − \(tail))"
            : "\(inverse) · (\(Notation.number(slopes[j])) − \(tail))",
          Notation.number(layer(l).delta[0, j]))),
    ]
    return blocks
  }

  // MARK: Gradients

  /// ∂C/∂γ and ∂C/∂β of every normalised layer.
  func normalizationGradients() -> [Block] {
    var blocks: [Block] = []
    for l in stride(from: lastLayer, through: 2, by: -1) {
      guard let normalization = layer(l).normalization else { continue }
      if blocks.isEmpty { blocks.append(.text(say("explain.norm.gradient"))) }
      let (n, hat) = (Notation.symbol("n", layer: l), Notation.symbol("ẑ", layer: l))
      let gradient = normalization.gradient
      blocks.append(
        .equation(
          Equation(
            "∂C/∂\(Notation.symbol("γ", layer: l))",
            isBatch ? "Σₓ ∂C/∂\(n)(x) ⊙ \(hat)(x)" : "∂C/∂\(n) ⊙ \(hat)", vector(gradient.gain))))
      blocks.append(.equation(gainGradient(l, chosen(l), normalization)))
      guard !gradient.shift.isEmpty else { continue }
      blocks.append(
        .equation(
          Equation(
            "∂C/∂\(Notation.symbol("β", layer: l))", isBatch ? "Σₓ ∂C/∂\(n)(x)" : "∂C/∂\(n)",
            vector(gradient.shift))))
    }
    return blocks
  }

  /// ∂C/∂γⱼ = Σₓ ∂C/∂nⱼ ẑⱼ.
  private func gainGradient(
    _ l: Int, _ j: Int, _ normalization: NormalizationTrace<T>
  ) -> Equation {
    let errors = (0..<trace.examples.count).map { Double(normalization.normalizedDelta[$0, j]) }
    let hats = (0..<trace.examples.count).map {
      normalization.standardized(layer(l).weightedInputs[$0, j], row: $0)
    }
    let name = "∂C/∂\(Notation.symbol("γ", layer: l, j + 1))"
    let error = "∂C/∂\(Notation.symbol("n", layer: l, j + 1))"
    let hat = Notation.symbol("ẑ", layer: l, j + 1)
    let value = Notation.number(normalization.gradient.gain[j])
    guard isBatch else {
      return Equation(
        name, "\(error) \(hat)", "\(Notation.factor(errors[0])) · \(Notation.factor(hats[0]))",
        value)
    }
    let products = zip(errors, hats).map { $0 * $1 }
    return Equation(
      name, "Σₓ \(error)(x) \(hat)(x)", perExample(products, symbol: "").values, value)
  }

  // MARK: Update

  /// γ and β of layer l before and after, with what moved them; nil where it is not normalised.
  ///
  /// - Parameter isRounded: Becomes true where one did not move by what the rule says.
  func normalizationTable(_ l: Int, _ isRounded: inout Bool) -> Table? {
    guard let normalization = layer(l).normalization else { return nil }
    var table = Table(
      say("explain.column.parameter"), say("explain.column.before"), "∂C/∂θ", "Δθ",
      say("explain.column.after"))
    let (values, slopes) = (normalization.parameters, normalization.gradient)
    let indices = shown(slopes.gain.map { Double($0) }, always: chosen(l))
    let moves = normalization.update
    for (letter, before, gradient, change) in [
      ("γ", values.gain, slopes.gain, moves.gain), ("β", values.shift, slopes.shift, moves.shift),
    ] where !before.isEmpty {
      for index in indices {
        table.add(
          Notation.symbol(letter, layer: l, index + 1), Notation.number(before[index]),
          Notation.number(gradient[index]), Notation.number(change[index]),
          Notation.number(before[index] + change[index]))
        let expected = -trace.update.learningRate * Double(gradient[index])
        if trace.update.isPlainDescent,
          abs(Double(change[index]) - expected) > 1e-3 * abs(expected)
        {
          isRounded = true
        }
      }
    }
    let count = values.gain.count + values.shift.count
    table.remainder = remainder(count, shown: table.rows.count)
    return table
  }
}
