import Backprop

// The second half of the algorithm in words: BP1, BP2, BP3, BP4 and the update.

extension Explanation {
  // MARK: BP1

  /// - Parameter explainsJacobian: Whether Jσ was not explained before.
  package func outputError(explainsJacobian: Bool) -> [Block] {
    let l = lastLayer
    let j = chosen(l)
    var blocks: [Block] = firstOfBatch + [.text(say("explain.delta.definition"))]
    if explainsJacobian, last.derivative == nil {
      blocks.append(.text(say("explain.softmaxDerivative")))
    }
    let delta = last.delta[row: 0]
    let slopes = last.outputGradient[row: 0]
    let outputs = last.outputs[row: 0]
    let targets = trace.targets[row: 0]
    let pieces = activation(l).pieces
    let indices = shown(delta.map { Double($0) }, always: j)

    var table = Table(say("explain.column.neuron"), "a", "y", "∂C/∂a", "σ′(z)", "δ")
    var withoutDerivative = Table(say("explain.column.neuron"), "a", "y", "∂C/∂a", "δ")
    for index in indices {
      let unit = index / pieces
      let cells = [
        name(l, of: index), Notation.number(outputs[unit]), Notation.number(targets[unit]),
        Notation.number(slopes[unit]),
      ]
      let error = Notation.number(delta[index])
      if let derivative = last.derivative?[row: 0] {
        table.rows.append(cells + [Notation.number(derivative[index]), error])
      } else {
        withoutDerivative.rows.append(cells + [error])
      }
    }
    if last.derivative == nil { table = withoutDerivative }
    table.remainder = remainder(delta.count, shown: indices.count)
    blocks.append(.table(table))

    blocks += lossGradient(j / pieces)
    if last.generalDelta != nil {
      blocks += canonical(j)
    } else if last.derivative != nil {
      blocks.append(.equation(elementwise(j)))
      blocks += heldBack(j)
    } else {
      blocks.append(.text(say("explain.bp1.jacobian")))
      blocks.append(.equation(jacobian(j, error: delta[j])))
    }
    blocks.append(.equation(Equation(Notation.symbol("δ", layer: l), vector(delta))))
    return blocks
  }

  /// ∂C/∂aⱼ of the last layer.
  private func lossGradient(_ j: Int) -> [Block] {
    let text = LossText(trace: trace, loss: network.loss, limit: focus.limit, language: language)
    let (formula, numbers) = text.gradient(j)
    let weight = trace.weights[0]
    // The weight of the example enters here and nowhere else.
    let isWeighted = weight != 1
    let factor = isWeighted ? "\(Notation.number(weight)) · " : ""
    func weighted(_ text: String) -> String {
      isWeighted && text.contains(" ") ? "\(factor)(\(text))" : factor + text
    }
    var rights = [isWeighted ? "wₓ · (\(formula))" : formula]
    if let numbers { rights.append(weighted(numbers)) }
    rights.append(Notation.number(last.outputGradient[0, j]))
    return [.equation(Equation("∂C/∂" + Notation.symbol("a", layer: lastLayer, j + 1), rights))]
  }

  /// δⱼ = ∂C/∂aⱼ · σ′(zⱼ).
  private func elementwise(_ j: Int) -> Equation {
    let unit = j / activation(lastLayer).pieces
    let slope = Notation.factor(last.outputGradient[0, unit])
    let derivative = Notation.factor(last.derivative?[0, j] ?? 1)
    return Equation(
      Notation.symbol("δ", layer: lastLayer, j + 1),
      "∂C/∂\(Notation.symbol("a", layer: lastLayer, unit + 1)) · "
        + "σ′(\(Notation.symbol("z", layer: lastLayer, j + 1)))",
      "\(slope) · \(derivative)", Notation.number(last.delta[0, j]))
  }

  /// What σ′ leaves of the slope of the loss: little where the neuron is saturated.
  private func heldBack(_ j: Int) -> [Block] {
    switch activation(lastLayer) {
    case .sigmoid, .tanh: break
    default: return []
    }
    guard let derivative = last.derivative?[0, j], derivative < 0.1 else { return [] }
    return [
      .text(
        say(
          "explain.bp1.saturated", "\(j + 1)", Format.fixed(100 * Double(derivative), 2)))
    ]
  }

  /// δⱼ = Σₖ ∂C/∂aₖ ∂aₖ/∂zⱼ through the Jacobian of softmax.
  private func jacobian(_ j: Int, error: T) -> Equation {
    let a = last.outputs[row: 0]
    let slopes = last.outputGradient[row: 0]
    let l = lastLayer
    let terms = sum(
      of: a.indices.map { k in
        // ∂aₖ/∂zⱼ = aₖ ([k = j] − aⱼ)
        let jacobian = Double(a[k]) * ((k == j ? 1 : 0) - Double(a[j]))
        return (
          "∂C/∂\(Notation.symbol("a", layer: l, k + 1)) "
            + "∂\(Notation.symbol("a", layer: l, k + 1))/∂\(Notation.symbol("z", layer: l, j + 1))",
          "\(Notation.factor(slopes[k])) · \(Notation.factor(jacobian))",
          Double(slopes[k]) * jacobian
        )
      })
    return Equation(
      Notation.symbol("δ", layer: l, j + 1), terms.symbols, terms.factors, terms.values,
      Notation.number(error))
  }

  /// The general form of BP1 and the shortcut of a canonical pair, side by side.
  private func canonical(_ j: Int) -> [Block] {
    guard let general = last.generalDelta else { return [] }
    let l = lastLayer
    let name = Notation.symbol("δ", layer: l, j + 1)
    let (a, y) = (Notation.symbol("a", layer: l, j + 1), "y" + Notation.subscripts(j + 1))
    let weight = trace.weights[0]
    let (factor, symbol) =
      weight == 1 ? ("", "") : ("\(Notation.number(weight)) · ", "wₓ · ")
    let difference =
      "\(Notation.factor(last.outputs[0, j])) − \(Notation.factor(trace.targets[0, j]))"
    let value = general[0, j]
    var blocks: [Block] = []
    if !value.isFinite { blocks.append(.text(say("explain.bp1.notFinite"))) }
    switch activation(l) {
    case .softmax:
      blocks.append(.text(say("explain.bp1.jacobian")))
      if value.isFinite { blocks.append(.equation(jacobian(j, error: value))) }
    case .sigmoid:
      blocks.append(.text(say("explain.bp1.general")))
      blocks.append(
        .equation(
          Equation(
            name, "∂C/∂\(a) · σ′(\(Notation.symbol("z", layer: l, j + 1)))",
            "\(symbol)(\(a) − \(y)) / ⟦(\(a) (1 − \(a)))⟧ · ⟦\(a) (1 − \(a))⟧",
            "\(Notation.factor(last.outputGradient[0, j])) · "
              + Notation.factor(last.derivative?[0, j] ?? 1),
            Notation.number(value))))
    default:
      blocks.append(.text(say("explain.bp1.general")))
      blocks.append(.equation(elementwise(j)))
    }
    blocks.append(.text(say("explain.bp1.shortcut", weight == 1 ? "a − y" : "wₓ (a − y)")))
    let inParentheses =
      weight == 1 ? ("\(a) − \(y)", difference) : ("(\(a) − \(y))", "(\(difference))")
    blocks.append(
      .equation(
        Equation(
          name, symbol + inParentheses.0, factor + inParentheses.1,
          Notation.number(last.delta[0, j]))))
    if value.isFinite {
      let distance = abs(Double(value) - Double(last.delta[0, j]))
      blocks.append(.text(say("explain.bp1.equal", Notation.number(distance))))
    }
    return blocks
  }

  // MARK: BP2

  package func backpropagation() -> [Block] {
    guard lastLayer > 2 else { return [.text(say("explain.bp2.none"))] }
    var blocks: [Block] = firstOfBatch + [.text(say("explain.bp2.votes"))]
    for l in stride(from: lastLayer - 1, through: 2, by: -1) { blocks += backpropagation(to: l) }
    return blocks
  }

  private func backpropagation(to l: Int) -> [Block] {
    let record = layer(l)
    let above = layer(l + 1)
    let delta = record.delta[row: 0]
    let slopes = record.outputGradient[row: 0]
    let pieces = activation(l).pieces
    let j = chosen(l)
    let indices = shown(delta.map { Double($0) }, always: j)
    var blocks: [Block] = [heading(l)]
    var table = errorTable(l, indices)
    table.remainder = remainder(delta.count, shown: indices.count)
    blocks.append(.table(table))

    // The votes of the layer above, for each neuron that is shown; symbols for the one in focus. In a
    // normalised layer σ′ gives ∂C/∂n, and δ comes after.
    let scaled = record.normalization?.normalizedDelta[row: 0] ?? delta
    for index in [j] + indices.filter({ $0 != j }) {
      let unit = index / pieces
      let terms = votes(for: unit, from: above)
      let name =
        record.normalization == nil
        ? Notation.symbol("δ", layer: l, index + 1)
        : "∂C/∂\(Notation.symbol("n", layer: l, index + 1))"
      let value = Notation.number(scaled[index])
      guard let slope = slope(l, index) else {
        // A scaling layer passes on what it gets.
        blocks.append(
          .equation(
            index == j
              ? Equation(name, terms.symbols, terms.factors, terms.values, value)
              : Equation(name, terms.values, value)))
        continue
      }
      if index == j {
        blocks.append(
          .equation(
            Equation(
              name, "\(grouped(terms.symbols)) · \(slope.symbols)",
              "\(grouped(terms.factors)) · \(slope.factors)",
              "\(grouped(terms.values)) · \(slope.value)",
              "\(Notation.factor(slopes[unit])) · \(slope.value)", value)))
      } else {
        blocks.append(.equation(Equation(name, "\(grouped(terms.values)) · \(slope.value)", value)))
      }
    }
    blocks += normalizedDelta(l, j)
    blocks.append(.equation(Equation(Notation.symbol("δ", layer: l), vector(delta))))

    let flows = trace.errorFlow(ofRow: 0)
    let flow = flows[l - 2]
    let aboveNorm = flows[l - 1].norm
    if let weights = flow.weightFactor, let derivative = flow.derivativeFactor {
      let names = (Notation.superscript(l), Notation.superscript(l + 1))
      let passedDown =
        above.tensor(.weight) == nil
        ? "‖s\(names.1) ⊙ δ\(names.1)‖" : "‖(W\(names.1))ᵀ δ\(names.1)‖"
      blocks.append(
        .equation(
          Equation(
            "‖δ\(names.0)‖ / ‖δ\(names.1)‖",
            "\(passedDown) / ‖δ\(names.1)‖ · ‖δ\(names.0)‖ / \(passedDown)",
            "\(Notation.number(weights * aboveNorm)) / \(Notation.number(aboveNorm)) · "
              + "\(Notation.number(flow.norm)) / \(Notation.number(weights * aboveNorm))",
            "\(Notation.number(weights)) · \(Notation.number(derivative))",
            Notation.number(weights * derivative))))
      blocks.append(
        .text(
          say(
            above.tensor(.weight) == nil || record.tensor(.weight) == nil
              || record.activated != nil
              ? "explain.kinds.factors"
              : record.normalization == nil ? "explain.bp2.factors" : "explain.norm.factors",
            Notation.number(weights), Notation.number(derivative))))
    }
    return blocks
  }

  /// A sum as a factor: in parentheses if it has several terms, or is negative.
  private func grouped(_ sum: String) -> String {
    sum.contains(" + ") || sum.contains(" − ") || sum.hasPrefix("−") ? "(\(sum))" : sum
  }

  /// The votes, σ′ and α, what a normalisation makes of them, and δ of the neurons that are shown.
  private func errorTable(_ l: Int, _ indices: [Int]) -> Table {
    let record = layer(l)
    let (pieces, hats) = (activation(l).pieces, standardized(l))
    var columns: [(title: String, cell: (Int) -> String)] = [
      (say("explain.column.neuron"), { name(l, of: $0) }),
      (
        say("explain.column.votes"), { Notation.number(record.outputGradient[0, $0 / pieces]) }
      ),
    ]
    if record.tensor(.weight) != nil {
      columns.append(
        ("σ′(\(argument(l)))", { Notation.number(record.derivative?[0, $0] ?? 1) }))
    }
    if let alphas = record.tensor(.slope)?.values {
      columns.append(("α", { Notation.number(alphas[$0]) }))
    }
    if let normalization = record.normalization {
      columns.append(("∂C/∂n", { Notation.number(normalization.normalizedDelta[0, $0]) }))
      columns.append(("ẑ", { Notation.number(hats[$0]) }))
    }
    columns.append(("δ", { Notation.number(record.delta[0, $0]) }))
    return Table(columns, indices)
  }

  /// What the layer above says of a neuron: (Wˡ⁺¹)ᵀ δˡ⁺¹, or s ⊙ δˡ⁺¹ of a scaling layer.
  private func votes(
    for unit: Int, from above: LayerTrace<T>
  ) -> (symbols: String, factors: String, values: String) {
    let l = above.layer
    let errors = above.delta[row: 0]
    func term(_ name: String, _ value: T, _ i: Int) -> (String, String, Double) {
      (
        "\(name) \(Notation.symbol("δ", layer: l, i + 1))",
        "\(Notation.factor(value)) · \(Notation.factor(errors[i]))",
        Double(value) * Double(errors[i])
      )
    }
    if let scales = above.tensor(.scale)?.values {
      return sum(of: [term(Notation.symbol("s", layer: l, unit + 1), scales[unit], unit)])
    }
    guard let weights = above.tensor(.weight) else { return ("", "", "") }
    return sum(
      of: errors.indices.map { i in
        term(weightName(l, i + 1, unit + 1), weights.values[weights.index(i, unit)], i)
      })
  }

  // MARK: BP3

  package func biasGradients() -> [Block] {
    var blocks: [Block] = []
    if isBatch {
      blocks.append(.text(say("explain.bp3.batch", Format.count(trace.examples.count))))
    }
    for l in stride(from: lastLayer, through: 2, by: -1) {
      let record = layer(l)
      guard let gradient = record.tensor(.bias)?.gradient else { continue }
      let name = Notation.superscript(l)
      blocks.append(
        .equation(
          Equation(
            "∂C/∂b\(name)", isBatch ? "Σₓ δ\(name)(x)" : "δ\(name)", vector(gradient)))
      )
      guard isBatch else { continue }
      let j = chosen(l)
      let errors = (0..<trace.examples.count).map { Double(record.delta[$0, j]) }
      blocks.append(
        .equation(
          Equation(
            "∂C/∂\(Notation.symbol("b", layer: l, j + 1))",
            perExample(errors, symbol: Notation.symbol("δ", layer: l, j + 1)).symbols,
            perExample(errors, symbol: "").values,
            Notation.number(gradient[j]))))
    }
    return blocks + normalizationGradients() + slopeGradients()
  }

  /// A sum over the examples of the batch: "δ³₁(x₁) + …" and its numbers.
  package func perExample(_ values: [Double], symbol: String) -> (symbols: String, values: String) {
    let terms = sum(
      of: values.indices.map { row in
        ("\(symbol)(x\(Notation.subscripts(trace.examples[row])))", "", values[row])
      })
    return (terms.symbols, terms.values)
  }

  // MARK: BP4

  package func weightGradients() -> [Block] {
    var blocks: [Block] = []
    for l in stride(from: lastLayer, through: 2, by: -1) { blocks += weightGradients(l) }
    if isBatch { blocks += cancellation() }
    return blocks
  }

  /// The weights of layer l that are shown, as (output, input) from 0.
  package func shownWeights(_ l: Int) -> [(output: Int, input: Int)] {
    guard let weights = layer(l).tensor(.weight) else { return [] }
    var best: [(output: Int, input: Int, size: Double)] = []
    let limit = focus.limit
    for (index, slope) in weights.gradient.enumerated() {
      let size = abs(Double(slope))
      if best.count == limit, let least = best.last, size <= least.size { continue }
      let place = best.firstIndex { $0.size < size } ?? best.count
      best.insert((index / weights.columns, index % weights.columns, size), at: place)
      if best.count > limit { best.removeLast() }
    }
    var result = best.map { (output: $0.output, input: $0.input) }
    if let weight = focus.weight, weight.layer == l {
      let place = (output: weight.output - 1, input: weight.input - 1)
      result.removeAll { $0 == place }
      result.insert(place, at: 0)
      if result.count > limit { result.removeLast() }
    }
    if weights.values.count <= limit {
      result.sort { ($0.output, $0.input) < ($1.output, $1.input) }
    }
    return result
  }

  private func weightGradients(_ l: Int) -> [Block] {
    let record = layer(l)
    guard let tensor = record.tensor(.weight) else {
      return [heading(l)] + scaleGradients(l) + columnGradients(l)
    }
    let weights = shownWeights(l)
    guard
      let first = focus.weight.flatMap({ weight in
        weight.layer == l ? (output: weight.output - 1, input: weight.input - 1) : nil
      }) ?? weights.first
    else { return [] }
    var blocks: [Block] = [heading(l)]
    var table =
      isBatch
      ? Table(say("explain.column.weight"), "∂C/∂w")
      : Table(
        say("explain.column.weight"), Notation.symbol("a", layer: l - 1),
        Notation.symbol("δ", layer: l), "∂C/∂w")
    for (output, input) in weights {
      let name = weightName(l, output + 1, input + 1)
      let value = Notation.number(tensor.gradient[tensor.index(output, input)])
      table.rows.append(
        isBatch
          ? [name, value]
          : [
            name, Notation.number(below(l)[0, input]), Notation.number(record.delta[0, output]),
            value,
          ])
    }
    table.remainder = remainder(tensor.values.count, shown: weights.count)
    blocks.append(.table(table))

    let (j, k) = (first.output, first.input)
    let slope = tensor.gradient[tensor.index(j, k)]
    let name = "∂C/∂\(weightName(l, j + 1, k + 1))"
    let a = Notation.symbol("a", layer: l - 1, k + 1)
    let delta = Notation.symbol("δ", layer: l, j + 1)
    if isBatch {
      let products = (0..<trace.examples.count).map {
        Double(below(l)[$0, k]) * Double(record.delta[$0, j])
      }
      blocks.append(
        .equation(
          Equation(
            name, "Σₓ \(a)(x) \(delta)(x)", perExample(products, symbol: "").values,
            Notation.number(slope))))
    } else {
      blocks.append(
        .equation(
          Equation(
            name, "\(a) \(delta)",
            "\(Notation.factor(below(l)[0, k])) · \(Notation.factor(record.delta[0, j]))",
            Notation.number(slope))))
    }
    let penalty = PenaltyText(trace.update)
    if penalty.isPresent {
      // The penalty enters here, and nowhere before.
      let weight = Double(tensor.values[tensor.index(j, k)])
      blocks.append(
        .equation(
          Equation(
            "\(name) + \(penalty.slope(of: weightName(l, j + 1, k + 1)))",
            "\(Notation.factor(slope)) + \(penalty.slopeInNumbers(at: weight))",
            Notation.number(Double(slope) + penalty.slope(at: weight)))))
    }
    blocks.append(
      .equation(
        Equation(
          "‖∂C/∂W\(Notation.superscript(l))‖",
          Notation.number(
            tensor.gradient.reduce(0.0) { $0 + Double($1) * Double($1) }.squareRoot()))))
    return blocks
  }

  /// How much of the examples' gradients survives their sum.
  private func cancellation() -> [Block] {
    let gradients = trace.exampleGradients
    let norms = gradients.norms
    var blocks: [Block] = [.heading(say("explain.cancel.heading"))]
    let indices = shown(norms)
    var table = Table(say("explain.column.example"), "wₓ", "wₓ Cₓ", "‖∇(wₓ Cₓ)‖")
    for index in indices {
      table.add(
        "\(trace.examples[index])", Notation.number(trace.weights[index]),
        Notation.number(trace.losses[index]), Notation.number(norms[index]))
    }
    table.remainder = remainder(norms.count, shown: indices.count)
    blocks.append(.table(table))
    let total = norms.reduce(0, +)
    let whole = trace.gradientNorm
    guard total > 0 else { return blocks }
    blocks.append(
      .equation(
        Equation(
          "‖Σₓ ∇(wₓ Cₓ)‖ / Σₓ ‖∇(wₓ Cₓ)‖", "\(Notation.number(whole)) / \(Notation.number(total))",
          Notation.number(whole / total))))
    blocks.append(.text(say("explain.cancel.share", Format.fixed(100 * (1 - whole / total), 1))))
    return blocks
  }
}
