import Backprop

// A layer of columns in words: what it makes of its inputs, and the gradients of what it learns.

extension Explanation {
  /// z = x, A cos(2π f x + φ) + c, or E[x]; and a = z.
  package func columnsForward(_ l: Int) -> [Block] {
    let record = layer(l)
    guard let textbook = record.textbookColumns else { return [] }
    let (inputs, outputs) = (below(l)[row: 0], record.outputs[row: 0])
    let j = chosen(l)
    let indices = shown(outputs.map { Double($0) }, always: j)
    var table = Table(
      say("explain.column.neuron"), say("explain.column.madeOf"), Notation.symbol("a", layer: l))
    for index in indices {
      table.add("\(index + 1)", origin(textbook, l, index), Notation.number(outputs[index]))
    }
    table.remainder = remainder(outputs.count, shown: indices.count)
    let z = Notation.symbol("z", layer: l, j + 1)
    var blocks: [Block] = [.text(say("explain.kinds.columns")), .table(table)]
    let x = { (input: Int) in Notation.symbol("a", layer: l - 1, input + 1) }
    switch textbook.outputs[j] {
    case .input(let input):
      blocks.append(.equation(Equation(z, x(input), Notation.number(outputs[j]))))
    case .entry(let first, let count, let number, let input):
      let value = Double(inputs[input])
      let place = textbook.place(first: first, count: count, number: number, at: value)
      let entry = place / ColumnsLayer.embeddingWidth - first
      blocks.append(
        .equation(
          Equation(
            z, "E[\(x(input))]\(Notation.subscripts(number + 1))",
            "E[\(entry)]\(Notation.subscripts(number + 1))", Notation.number(outputs[j]))))
    case .wave(let wave, let number, let input):
      let value = Double(inputs[input])
      let sum = sum(
        of: (0..<TextbookColumns.waves).map { h in
          let amplitude = textbook.amplitude(wave, h, number: number)
          let angle = textbook.angle(wave, h, at: value).value
          let index = Notation.subscripts(h + 1)
          return (
            "A\(index) cos(2π f\(index) \(x(input)) + φ\(index))",
            "\(Notation.factor(amplitude)) · cos(\(Notation.number(angle)))",
            amplitude * textbook.cosine(angle)
          )
        }, rest: ("c", textbook.offset(wave, number: number)))
      blocks.append(
        .equation(
          Equation(z, sum.symbols, sum.factors, sum.values, Notation.number(outputs[j]))))
    }
    blocks.append(
      .equation(Equation(Notation.symbol("a", layer: l, j + 1), z, Notation.number(outputs[j]))))
    return blocks
  }

  /// What an output is made of: "x₃", "waves of x₃, sum 2", "E[x₅]₂".
  private func origin(_ textbook: TextbookColumns, _ l: Int, _ j: Int) -> String {
    let x = { (input: Int) in Notation.symbol("a", layer: l - 1, input + 1) }
    switch textbook.outputs[j] {
    case .input(let input): return x(input)
    case .wave(_, let number, let input): return say("explain.waves", x(input), "\(number + 1)")
    case .entry(_, _, let number, let input):
      return "E[\(x(input))]\(Notation.subscripts(number + 1))"
    }
  }

  /// BP3 and BP4 of a layer of columns: the formulas, and the gradient of every tensor.
  package func columnGradients(_ l: Int) -> [Block] {
    let record = layer(l)
    guard record.columns != nil else { return [] }
    let delta = Notation.symbol("δ", layer: l)
    let sum = isBatch ? "Σₓ " : ""
    let formulas: [ParameterTensor.Role: String] = [
      .offset: "\(sum)\(delta)", .amplitude: "\(sum)\(delta) cos(2π f x + φ)ᵀ",
      .phase: "−\(sum)(Aᵀ \(delta)) ⊙ sin(2π f x + φ)",
      .frequency: "−2π \(sum)x (Aᵀ \(delta)) ⊙ sin(2π f x + φ)",
      .embedding: isBatch ? "Σ \(delta)(x)" : delta,
    ]
    var blocks: [Block] = [.text(say("explain.kinds.columnGradient"))]
    for tensor in record.tensors {
      guard let formula = formulas[tensor.role] else { continue }
      blocks.append(
        .equation(
          Equation(
            "∂C/∂\(Notation.symbol(tensor.role.letter, layer: l))", formula,
            vector(tensor.gradient))))
    }
    return blocks
  }
}
