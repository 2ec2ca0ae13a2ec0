import Backprop

/// Puts a trace into words and formulas, phase by phase. Every number in it stands in the trace, or is
/// a product or a sum of numbers that stand beside it.
package struct Explanation<T: Scalar> {
  package let trace: Trace<T>
  package let network: Network<T>
  package let language: Language
  package let focus: ExplainFocus
  /// Names of the inputs, if the model knows them.
  package let inputNames: [String]
  /// Losses of some examples, each alone and all together, as the engine gives them.
  package let additivity: Additivity

  package init(
    trace: Trace<T>, network: Network<T>, language: Language, focus: ExplainFocus,
    inputNames: [String], additivity: Additivity
  ) {
    self.trace = trace
    self.network = network
    self.language = language
    self.focus = focus
    self.inputNames = inputNames
    self.additivity = additivity
  }

  /// Assumption I on a few rows of the user's data.
  package struct Additivity {
    /// Numbers of the examples.
    let examples: [Int]
    /// Rows of the user's data.
    let count: Int
    /// Cₓ of each example by itself.
    let losses: [Double]
    /// What each weighs in C: 1/n under a mean.
    let scale: Double
    /// C of all of them in one batch.
    let total: Double
    /// What rounding allows the two to differ by.
    let tolerance: Double

    package init(
      examples: [Int], count: Int, losses: [Double], scale: Double, total: Double,
      tolerance: Double
    ) {
      self.examples = examples
      self.count = count
      self.losses = losses
      self.scale = scale
      self.total = total
      self.tolerance = tolerance
    }

    package var holds: Bool {
      abs(scale * losses.reduce(0, +) - total) <= tolerance || !total.isFinite
    }
  }

  package typealias Block = ExplainDocument.Block
  package typealias Equation = ExplainDocument.Equation
  package typealias Table = ExplainDocument.Table
  package typealias Phase = ExplainDocument.Phase

  /// L.
  package var lastLayer: Int { trace.layers.count + 1 }
  package var isBatch: Bool { trace.examples.count > 1 }
  package var last: LayerTrace<T> { trace.layers[trace.layers.count - 1] }

  /// ‖δᴸ‖ of the example that is shown.
  package var outputErrorNorm: Double { trace.errorFlow(ofRow: 0).last?.norm ?? 0 }

  /// Whether the loss of a single example and its error are too small to show anything.
  package var isLearned: Bool { !isBatch && abs(trace.loss) < 1e-3 && outputErrorNorm < 1e-3 }

  /// The record of layer l, 2 … L.
  package func layer(_ l: Int) -> LayerTrace<T> { trace.layers[l - 2] }

  /// a of the layer below layer l.
  package func below(_ l: Int) -> Matrix<T> { l == 2 ? trace.inputs : trace.layers[l - 3].outputs }

  package func activation(_ l: Int) -> Activation { network.layers[l - 2].activation }

  package func say(_ key: String, _ arguments: String...) -> String {
    language.text(key, arguments: arguments)
  }

  /// All phases in the order of the algorithm.
  ///
  /// - Parameter isAlone: Whether only one will be shown, which then explains all its symbols itself.
  package func phases(isAlone: Bool) -> [Phase] {
    [
      Phase(
        step: .assumptions, heading: say("explain.heading.assumptions"), blocks: assumptions()),
      Phase(step: .forward, heading: say("explain.heading.forward"), blocks: forward()),
      Phase(
        step: .bp1,
        heading: say(
          "explain.heading.bp1", last.derivative == nil ? "Jσ(zᴸ)ᵀ ∇ₐC" : "∇ₐC ⊙ σ′(zᴸ)"),
        blocks: outputError(explainsJacobian: isAlone)),
      Phase(step: .bp2, heading: say("explain.heading.bp2"), blocks: backpropagation()),
      Phase(step: .bp3, heading: say("explain.heading.bp3"), blocks: biasGradients()),
      Phase(step: .bp4, heading: say("explain.heading.bp4"), blocks: weightGradients()),
      Phase(step: .update, heading: say("explain.heading.update"), blocks: update()),
    ]
  }

  /// "w³₁₂": the weight to one neuron of layer l from another below, both from 1.
  package func weightName(_ l: Int, _ output: Int, _ input: Int) -> String {
    Notation.weight(network.layers[l - 2], number: l, output, input)
  }

  // MARK: What is shown of a wide layer

  /// Which of some values are shown: all, or the largest, and always those in focus.
  package func shown(_ values: [Double], always: Int? = nil) -> [Int] {
    let limit = focus.limit
    guard values.count > limit else { return Array(values.indices) }
    var order = values.indices.sorted { left, right in
      let (a, b) = (abs(values[left]), abs(values[right]))
      return a == b ? left < right : a > b
    }
    if let always {
      order.removeAll { $0 == always }
      order.insert(always, at: 0)
    }
    return order.prefix(limit).sorted()
  }

  package func remainder(_ count: Int, shown: Int) -> String? {
    count > shown ? say("explain.more", Format.count(count - shown)) : nil
  }

  /// The neuron of layer l that is written out, from 0: the one asked for, else the one with the
  /// largest error.
  package func chosen(_ l: Int) -> Int {
    if let neuron = focus.neuron(in: l) {
      // Of a maxout neuron the piece that wins.
      let z = layer(l).activationInputs[row: 0]
      let pieces = activation(l).pieces
      let first = (neuron - 1) * pieces
      return (first..<(first + pieces)).reduce(first) { z[$1] > z[$0] ? $1 : $0 }
    }
    if let weight = focus.weight, weight.layer == l { return weight.output - 1 }
    let delta = layer(l).delta
    let row = delta[row: 0].map { abs(Double($0)) }
    return row.indices.reduce(0) { row[$1] > row[$0] ? $1 : $0 }
  }

  /// What a row of a table is called: the neuron, or neuron.piece where maxout has several.
  package func name(_ l: Int, of affine: Int) -> String {
    let pieces = activation(l).pieces
    return pieces == 1 ? "\(affine + 1)" : "\(affine / pieces + 1).\(affine % pieces + 1)"
  }

  /// Says how the z of a maxout layer are counted.
  package func piecesNote(_ l: Int) -> [Block] {
    let pieces = activation(l).pieces
    return pieces == 1 ? [] : [.text(say("explain.pieces", "\(pieces)"))]
  }

  /// The unit of a maxout layer to which an affine output belongs; elsewhere the output itself.
  package func unit(_ l: Int, of affine: Int) -> Int { affine / activation(l).pieces }

  /// A sum of products with the k largest written out and the others added up.
  ///
  /// - Parameters:
  ///   - terms: Each term: its symbols, its factors as numbers, and its value.
  ///   - rest: A last term that is always written out, such as the bias.
  package func sum(
    of terms: [(symbols: String, factors: String, value: Double)],
    rest: (symbols: String, value: Double)? = nil
  ) -> (symbols: String, factors: String, values: String) {
    let indices = shown(terms.map(\.value))
    var symbols = indices.map { terms[$0].symbols }
    var factors = indices.map { terms[$0].factors }
    var values = indices.map { Notation.number(terms[$0].value) }
    if indices.count < terms.count {
      let hidden = terms.indices.filter { !indices.contains($0) }
      let total = hidden.reduce(0.0) { $0 + terms[$1].value }
      let more = say("explain.moreTerms", Format.count(hidden.count))
      symbols.append("… (\(more))")
      factors.append("\(Notation.factor(total)) (\(more))")
      values.append("\(Notation.number(total)) (\(more))")
    }
    if let rest {
      symbols.append(rest.symbols)
      factors.append(Notation.number(rest.value))
      values.append(Notation.number(rest.value))
    }
    return (
      symbols.joined(separator: " + "), Notation.sum(factors), Notation.sum(values)
    )
  }

  /// "(0.138499, −0.038098)", of a wide layer the first neurons.
  package func vector(_ values: [T]) -> String {
    let shown = values.prefix(focus.limit)
    let texts = shown.map { Notation.number($0) }
    let rest = remainder(values.count, shown: shown.count).map { [$0] } ?? []
    return "(" + (texts + rest).joined(separator: ", ") + ")"
  }

  // MARK: Assumptions

  private func assumptions() -> [Block] {
    let isMean = trace.reduction == .mean
    var blocks: [Block] = [
      .heading(say(isMean ? "explain.assumptionI.mean" : "explain.assumptionI.sum"))
    ]
    let total = Notation.number(additivity.total)
    let texts = additivity.losses.map { Notation.number($0) }
    let names = additivity.examples.map { "C" + Notation.subscripts($0) }
    let indices = shown(additivity.losses)
    let isWhole = indices.count == texts.count
    let others = additivity.losses.indices.filter { !indices.contains($0) }
    let rest = others.reduce(0.0) { $0 + additivity.losses[$1] }
    let more = say("explain.moreTerms", Format.count(others.count))
    if additivity.examples.count < additivity.count {
      blocks.append(
        .text(
          say(
            "explain.assumptionI.part", Format.count(additivity.examples.count),
            Format.count(additivity.count))))
    }
    if additivity.examples.count == 1 {
      blocks.append(.equation(Equation("C", names[0], total)))
    } else {
      func weighed(_ sum: String) -> String {
        isMean ? "1/\(Format.count(texts.count)) · (\(sum))" : sum
      }
      blocks.append(
        .equation(
          Equation(
            "C",
            weighed(
              (indices.map { names[$0] } + (isWhole ? [] : ["… (\(more))"]))
                .joined(separator: " + ")),
            weighed(
              Notation.sum(
                indices.map { texts[$0] } + (isWhole ? [] : ["\(Notation.number(rest)) (\(more))"]))
            ),
            total)))
    }
    blocks.append(
      .text(
        additivity.examples.count > 1
          ? say("explain.assumptionI.together", Format.count(additivity.examples.count), total)
          : say("explain.assumptionI.single")))
    let weight = Notation.number(trace.weights[0])
    if !isBatch, additivity.examples.count > 1 {
      blocks.append(.text(say("explain.assumptionI.alone", "\(trace.examples[0])")))
    }
    if isBatch || trace.weights[0] != 1 {
      blocks.append(
        .text(
          isMean
            ? say("explain.weight.mean", Format.count(trace.examples.count), weight)
            : say("explain.weight.sum", weight)))
    }
    let penalty = PenaltyText(trace.update)
    if penalty.isPresent {
      blocks.append(
        .text(
          say("explain.penalty", penalty.lambdas, Notation.number(trace.penalty), penalty.term)))
    }
    blocks.append(.heading(say("explain.assumptionII")))
    blocks += firstOfBatch
    blocks += LossText(trace: trace, loss: network.loss, limit: focus.limit, language: language)
      .blocks()
    return blocks
  }

  // MARK: Forward

  /// Says which example of a batch is shown.
  package var firstOfBatch: [Block] {
    isBatch ? [.text(say("explain.firstOfBatch", "\(trace.examples[0])"))] : []
  }

  private func forward() -> [Block] {
    var blocks: [Block] = []
    blocks += firstOfBatch
    blocks.append(.equation(Equation("x", vector(trace.inputs[row: 0]))))
    if !inputNames.isEmpty {
      let values = trace.inputs[row: 0].map { Double($0) }
      let names = shown(values).filter { $0 < inputNames.count }.map { index in
        "x\(Notation.subscripts(index + 1)) \(Inline.outside(inputNames[index]))"
      }
      let rest = remainder(values.count, shown: names.count).map { [$0] } ?? []
      blocks.append(
        .text(say("explain.inputNames", (names + rest).joined(separator: ", "))))
    }
    blocks.append(.equation(Equation("y", vector(trace.targets[row: 0]))))
    for l in 2...lastLayer { blocks += forward(l) }
    return blocks
  }

  private func forward(_ l: Int) -> [Block] {
    let record = layer(l)
    guard let weights = record.tensor(.weight), let biases = record.tensor(.bias) else {
      return [heading(l)] + scaledForward(l) + columnsForward(l)
    }
    let z = record.weightedInputs[row: 0]
    let a = record.outputs[row: 0]
    let pieces = activation(l).pieces
    var blocks: [Block] = [heading(l)] + piecesNote(l)
    let j = chosen(l)
    let indices = shown(
      z.indices.map { abs(Double(a[$0 / pieces])) }, always: j)
    var table = forwardTable(l, indices)
    table.remainder = remainder(z.count, shown: indices.count)
    blocks.append(.table(table))

    let inputs = below(l)[row: 0]
    let terms = sum(
      of: inputs.indices.map { k in
        let weight = weights.values[weights.index(j, k)]
        return (
          "\(weightName(l, j + 1, k + 1)) \(Notation.symbol("a", layer: l - 1, k + 1))",
          "\(Notation.factor(weight)) · \(Notation.factor(inputs[k]))",
          Double(weight) * Double(inputs[k])
        )
      },
      rest: (Notation.symbol("b", layer: l, j + 1), Double(biases.values[j])))
    blocks.append(
      .equation(
        Equation(
          Notation.symbol("z", layer: l, j + 1), terms.symbols, terms.factors, terms.values,
          Notation.number(z[j]))))
    blocks += normalizedForward(l, j)
    let argument = argument(l)
    let u = unit(l, of: j)
    let text = ActivationText(
      activation: activation(l), argument: argument,
      value: record.activated == nil
        ? Notation.symbol("a", layer: l, u + 1) : "σ(\(Notation.symbol(argument, layer: l, j + 1)))"
    )
    if let activated = record.activated {
      blocks += parametricForward(l, j, activated, text)
    } else {
      blocks.append(
        .equation(
          Equation(
            Notation.symbol("a", layer: l, u + 1),
            text.function(z: Notation.symbol(argument, layer: l, j + 1)), Notation.number(a[u]))))
    }
    if let derivative = record.derivative?[row: 0] {
      let value = Notation.number(derivative[j])
      let name = "σ′(\(Notation.symbol(argument, layer: l, j + 1)))"
      let formula = text.derivative
      if let numbers = text.derivative(
        a: Notation.factor((record.activated ?? record.outputs)[0, u]))
      {
        blocks.append(.equation(Equation(name, formula, numbers, value)))
      } else {
        blocks.append(.equation(Equation(name, formula, value)))
      }
    } else {
      blocks.append(.text(say("explain.softmaxDerivative")))
    }
    return blocks
  }

  /// z, what a normalisation makes of it, σ where it is not a, a, and σ′ of the neurons that are shown.
  private func forwardTable(_ l: Int, _ indices: [Int]) -> Table {
    let record = layer(l)
    let (x, pieces, hats) = (argument(l), activation(l).pieces, standardized(l))
    var columns: [(title: String, cell: (Int) -> String)] = [
      (say("explain.column.neuron"), { name(l, of: $0) }),
      ("z", { Notation.number(record.weightedInputs[0, $0]) }),
    ]
    if let normalization = record.normalization {
      columns.append(("ẑ", { Notation.number(hats[$0]) }))
      columns.append(("n", { Notation.number(normalization.normalized[0, $0]) }))
    }
    if let activated = record.activated {
      columns.append(("σ(\(x))", { Notation.number(activated[0, $0]) }))
    }
    columns.append(("a", { Notation.number(record.outputs[0, $0 / pieces]) }))
    if let derivative = record.derivative {
      columns.append(("σ′(\(x))", { Notation.number(derivative[0, $0]) }))
    }
    return Table(columns, indices)
  }

  /// "Layer 2: sigmoid, 30 neurons"
  package func heading(_ l: Int) -> Block {
    .heading(
      say(
        "explain.layer", "\(l)", network.layers[l - 2].functions,
        Format.count(network.layers[l - 2].outputs)))
  }
}

/// What of a large network is written out.
package struct ExplainFocus {
  /// l and j, from 2 and 1.
  package var neuron: (layer: Int, neuron: Int)?
  /// l, j and k.
  package var weight: (layer: Int, output: Int, input: Int)?
  /// The most neurons, terms or weights that are listed.
  package var limit: Int

  package init(
    neuron: (layer: Int, neuron: Int)? = nil, weight: (layer: Int, output: Int, input: Int)? = nil,
    limit: Int
  ) {
    self.neuron = neuron
    self.weight = weight
    self.limit = limit
  }

  package func neuron(in layer: Int) -> Int? {
    if let neuron, neuron.layer == layer { return neuron.neuron }
    return nil
  }
}

/// An activation as formulas.
package struct ActivationText {
  package let activation: Activation
  /// What σ is applied to: "z", or "n" of a normalised layer.
  package var argument = "z"
  /// What σ gives: "a²₁", or "σ(z²₁)" of a parametric activation.
  package var value = "a"

  /// σ(z) written out, for the symbol of z, behind its name where that is the sigmoid's.
  package func function(z: String) -> String {
    activation == .sigmoid ? "σ(\(z)) = \(formula(z: z))" : formula(z: z)
  }

  /// σ(z) written out, for the symbol of z.
  package func formula(z: String) -> String {
    switch activation {
    case .identity: z
    case .sigmoid: "1 / (1 + exp(−\(z)))"
    case .tanh: "tanh \(z)"
    case .relu: "max(0, \(z))"
    case .leakyReLU(let slope): "max(0, \(z)) + \(Notation.number(slope)) · min(0, \(z))"
    case .elu(let alpha): "\(z) > 0 ? \(z) : \(Notation.number(alpha)) · (exp(\(z)) − 1)"
    case .selu: "1.050701 · (\(z) > 0 ? \(z) : 1.673263 · (exp(\(z)) − 1))"
    case .softplus: "log(1 + exp(\(z)))"
    case .gelu: "\(z) · Φ(\(z))"
    case .silu: "\(z) / (1 + exp(−\(z)))"
    case .mish: "\(z) · tanh(log(1 + exp(\(z))))"
    case .softmax: "exp(\(z)) / Σₖ exp(\(argument)ₖ)"
    case .maxout(let pieces): "max(\(argument) of \(pieces) pieces)"
    case .own(let own): "\(own.activation.name)(\(z))"
    }
  }

  /// σ′ written out.
  package var derivative: String {
    switch activation {
    case .identity: "1"
    case .sigmoid: "\(value) (1 − \(value))"
    case .tanh: "1 − (\(value))²"
    case .relu: "\(value) > 0 ? 1 : 0"
    case .leakyReLU(let slope): "\(value) > 0 ? 1 : \(Notation.number(slope))"
    case .elu(let alpha): "\(value) > 0 ? 1 : \(value) + \(Notation.number(alpha))"
    case .selu: "\(value) > 0 ? 1.050701 : \(value) + 1.758099"
    case .softplus: "1 − exp(−\(value))"
    case .gelu: "Φ(\(argument)) + \(argument) φ(\(argument))"
    case .silu: "s (1 + \(argument) (1 − s)), s = 1 / (1 + exp(−\(argument)))"
    case .mish:
      "t + \(argument) s (1 − t²), t = tanh(log(1 + exp(\(argument)))), "
        + "s = 1 / (1 + exp(−\(argument)))"
    case .softmax: "aₖ ([k = j] − aⱼ)"
    case .maxout: "\(argument) is the largest ? 1 : 0"
    case .own(let own): "\(own.activation.name)′(\(argument))"
    }
  }

  /// σ′ with the number of a in place, where that says more than the formula alone.
  package func derivative(a: String) -> String? {
    switch activation {
    case .sigmoid: "\(a) · (1 − \(a))"
    case .tanh: "1 − \(a)²"
    default: nil
    }
  }
}
