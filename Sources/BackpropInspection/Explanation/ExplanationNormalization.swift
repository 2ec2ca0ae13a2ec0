import Backprop

// A normalised layer in words: what stands between z and σ on the way up, and what an error goes
// through on the way back.

extension Explanation {
  /// What σ is applied to in layer l: n of a normalised layer, else z.
  package func argument(_ l: Int) -> String { layer(l).normalization == nil ? "z" : "n" }

  /// ẑ of the neurons of layer l for the example that is shown.
  package func standardized(_ l: Int) -> [Double] {
    guard let normalization = layer(l).normalization else { return [] }
    return layer(l).weightedInputs[row: 0].map { normalization.standardized($0, row: 0) }
  }

  /// "z²ⱼ": each neuron of the layer.
  private func each(_ letter: String, _ l: Int) -> String {
    Notation.symbol(letter, layer: l) + "ⱼ"
  }

  // MARK: Forward

  /// Mean and s of the layer, ẑ and n of neuron j.
  package func normalizedForward(_ l: Int, _ j: Int) -> [Block] {
    guard let normalization = layer(l).normalization,
      let gains = layer(l).tensor(.gain)?.values
    else { return [] }
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
    let gain = gains[j]
    let product =
      "\(Notation.symbol("γ", layer: l, j + 1)) \(Notation.symbol("ẑ", layer: l, j + 1))"
    let numbers = "\(Notation.factor(gain)) · \(Notation.factor(hat))"
    blocks.append(
      .equation(
        Equation(
          Notation.symbol("n", layer: l, j + 1),
          isCentred ? "\(product) + \(Notation.symbol("β", layer: l, j + 1))" : product,
          isCentred
            ? Notation.sum([numbers, Notation.number(layer(l).tensor(.shift)?.values[j] ?? 0)])
            : numbers,
          Notation.number(normalization.normalized[0, j]))))
    return blocks
  }

  // MARK: BP2

  /// δ of neuron j from ∂C/∂n of the whole layer, through the Jacobian of the normalisation.
  package func normalizedDelta(_ l: Int, _ j: Int) -> [Block] {
    guard let normalization = layer(l).normalization,
      let gains = layer(l).tensor(.gain)?.values
    else { return [] }
    let isCentred = normalization.kind == .layer
    let hats = standardized(l)
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
  package func normalizationGradients() -> [Block] {
    var blocks: [Block] = []
    for l in stride(from: lastLayer, through: 2, by: -1) {
      guard let normalization = layer(l).normalization, let gain = layer(l).tensor(.gain) else {
        continue
      }
      if blocks.isEmpty { blocks.append(.text(say("explain.norm.gradient"))) }
      let (n, hat) = (Notation.symbol("n", layer: l), Notation.symbol("ẑ", layer: l))
      blocks.append(
        .equation(
          Equation(
            "∂C/∂\(Notation.symbol("γ", layer: l))",
            isBatch ? "Σₓ ∂C/∂\(n)(x) ⊙ \(hat)(x)" : "∂C/∂\(n) ⊙ \(hat)", vector(gain.gradient))))
      blocks.append(.equation(gainGradient(l, chosen(l), normalization, gain.gradient)))
      guard let shift = layer(l).tensor(.shift) else { continue }
      blocks.append(
        .equation(
          Equation(
            "∂C/∂\(Notation.symbol("β", layer: l))", isBatch ? "Σₓ ∂C/∂\(n)(x)" : "∂C/∂\(n)",
            vector(shift.gradient))))
    }
    return blocks
  }

  /// ∂C/∂γⱼ = Σₓ ∂C/∂nⱼ ẑⱼ.
  private func gainGradient(
    _ l: Int, _ j: Int, _ normalization: NormalizationTrace<T>, _ gradient: [T]
  ) -> Equation {
    let errors = (0..<trace.examples.count).map { Double(normalization.normalizedDelta[$0, j]) }
    let hats = (0..<trace.examples.count).map {
      normalization.standardized(layer(l).weightedInputs[$0, j], row: $0)
    }
    let name = "∂C/∂\(Notation.symbol("γ", layer: l, j + 1))"
    let error = "∂C/∂\(Notation.symbol("n", layer: l, j + 1))"
    let hat = Notation.symbol("ẑ", layer: l, j + 1)
    let value = Notation.number(gradient[j])
    guard isBatch else {
      return Equation(
        name, "\(error) \(hat)", "\(Notation.factor(errors[0])) · \(Notation.factor(hats[0]))",
        value)
    }
    let products = zip(errors, hats).map { $0 * $1 }
    return Equation(
      name, "Σₓ \(error)(x) \(hat)(x)", perExample(products, symbol: "").values, value)
  }
}
