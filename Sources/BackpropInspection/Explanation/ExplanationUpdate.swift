import Backprop

// The update in words, and what it did to the loss.

extension Explanation {
  package func update() -> [Block] {
    let step = trace.update
    let eta = Notation.number(step.learningRate)
    let penalty = PenaltyText(step)
    var blocks: [Block] = []
    if step.isPlainDescent {
      blocks.append(
        .text(
          penalty.isPresent
            ? say("explain.update.descentL2", eta, penalty.slope(of: "w"))
            : say("explain.update.descent", eta)))
    } else {
      blocks.append(.text(say("explain.update.rule", step.optimizer.name, eta)))
      for line in RuleText(rule: step.optimizer, penalty: penalty).equations {
        blocks.append(.equation(line))
      }
    }
    if step.weightDecay > 0 {
      blocks.append(.text(say("explain.update.decay", Notation.number(step.weightDecay))))
    }
    var isRounded = false
    for l in stride(from: lastLayer, through: 2, by: -1) {
      blocks += updateTable(l, &isRounded)
      blocks += vectorTable(l, &isRounded)
    }
    if !vectors.isEmpty, penalty.isPresent || step.weightDecay > 0 {
      blocks.append(
        .text(say("explain.kinds.noDecay", vectors.map(\.letter).joined(separator: ", "))))
    }
    if step.isPlainDescent, let place = shownWeights(lastLayer).first,
      let weights = last.tensor(.weight)
    {
      blocks.append(.equation(descent(weights, place.output, place.input)))
    }
    if isRounded { blocks.append(.text(say("explain.update.rounded", trace.precision))) }
    return blocks + effect()
  }

  /// What the network has besides weights and biases.
  private var vectors: [ParameterTensor.Role] {
    ParameterTensor.Role.allCases.filter { role in
      role != .weight && role != .bias && trace.layers.contains { $0.tensor(role) != nil }
    }
  }

  /// The weights of layer l before and after, with what moved them.
  ///
  /// - Parameter isRounded: Becomes true where a weight did not move by what the rule says, because its
  ///   precision has no such number.
  private func updateTable(_ l: Int, _ isRounded: inout Bool) -> [Block] {
    let step = trace.update
    guard let tensor = layer(l).tensor(.weight) else { return [] }
    let weights = shownWeights(l)
    let penaltyText = PenaltyText(step)
    let penalty = penaltyText.isPresent ? [penaltyText.slope(of: "w")] : []
    var table = Table(
      [say("explain.column.weight"), say("explain.column.before"), "∂C/∂w"] + penalty
        + ["Δw", say("explain.column.after")])
    for (output, input) in weights {
      let index = tensor.index(output, input)
      let (before, change) = (tensor.values[index], tensor.update[index])
      let slope = tensor.gradient[index]
      let decay = penaltyText.slope(at: Double(before))
      table.rows.append(
        [
          weightName(l, output + 1, input + 1), Notation.number(before),
          Notation.number(slope),
        ] + (penalty.isEmpty ? [] : [Notation.number(decay)])
          + [Notation.number(change), Notation.number(before + change)])
      let expected = -step.learningRate * (Double(slope) + decay)
      if step.isPlainDescent, abs(Double(change) - expected) > 1e-3 * abs(expected) {
        isRounded = true
      }
    }
    table.remainder = remainder(tensor.values.count, shown: weights.count)
    return [.table(table)]
  }

  /// All of layer l but weights and biases before and after, with what moved them: γ, β, s, α; and those of a
  /// layer of columns.
  private func vectorTable(_ l: Int, _ isRounded: inout Bool) -> [Block] {
    var table = Table(
      say("explain.column.parameter"), say("explain.column.before"), "∂C/∂θ", "Δθ",
      say("explain.column.after"))
    let tensors = vectors.compactMap { layer(l).tensor($0) }
    guard let first = tensors.first else { return [] }
    func largest(_ tensor: TensorTrace<T>) -> [Int] {
      // One a neuron, or elements of another shape.
      let isOfNeurons = tensor.values.count == layer(l).delta.columns && layer(l).columns == nil
      return shown(
        tensor.gradient.map { Double($0) }, always: isOfNeurons ? chosen(l) : nil)
    }
    let indices = largest(first)
    for tensor in tensors {
      let isLikeFirst = tensor.values.count == first.values.count
      for index in isLikeFirst ? indices : largest(tensor) {
        let (before, change) = (tensor.values[index], tensor.update[index])
        table.add(
          Notation.symbol(tensor.role.letter, layer: l, index + 1), Notation.number(before),
          Notation.number(tensor.gradient[index]), Notation.number(change),
          Notation.number(before + change))
        let expected = -trace.update.learningRate * Double(tensor.gradient[index])
        if trace.update.isPlainDescent,
          abs(Double(change) - expected) > 1e-3 * abs(expected)
        {
          isRounded = true
        }
      }
    }
    table.remainder = remainder(
      tensors.reduce(0) { $0 + $1.values.count }, shown: table.rows.count)
    return [.table(table)]
  }

  /// w + Δw = w − η (∂C/∂w + λ w) of one weight of the last layer.
  private func descent(_ weights: TensorTrace<T>, _ output: Int, _ input: Int) -> Equation {
    let step = trace.update
    let index = weights.index(output, input)
    let (before, slope) = (weights.values[index], weights.gradient[index])
    let after = before + weights.update[index]
    let name = weightName(lastLayer, output + 1, input + 1)
    let eta = Notation.number(step.learningRate)
    let penalty = PenaltyText(step)
    guard penalty.isPresent else {
      return Equation(
        "\(name) + Δ\(name)", "\(name) − η ∂C/∂\(name)",
        "\(Notation.factor(before)) − \(eta) · \(Notation.factor(slope))", Notation.number(after))
    }
    return Equation(
      "\(name) + Δ\(name)", "\(name) − η (∂C/∂\(name) + \(penalty.slope(of: name)))",
      "\(Notation.factor(before)) − \(eta) · (\(Notation.factor(slope)) + "
        + "\(penalty.slopeInNumbers(at: Double(before))))",
      Notation.number(after))
  }

  /// C before and after, and the predicted change beside the real one.
  private func effect() -> [Block] {
    let step = trace.update
    let penalty = PenaltyText(step)
    let hasPenalty = penalty.isPresent
    let (before, after) = (trace.loss + trace.penalty, step.lossAfter + step.penaltyAfter)
    let objective = hasPenalty ? "(C + \(penalty.term))" : "C"
    var blocks: [Block] = [
      .heading(say("explain.update.effect")),
      .text(
        say(
          !vectors.isEmpty ? "explain.update.allParameters" : "explain.update.all",
          Notation.number(trace.loss), Notation.number(step.lossAfter))),
      .text(
        say(
          "explain.update.weightsOnly", Notation.number(trace.loss),
          Notation.number(step.lossAfterWeightsOnly))),
    ]
    if hasPenalty {
      blocks.append(
        .text(
          say(
            "explain.update.objective", Notation.number(before), Notation.number(after),
            penalty.term)))
    }
    blocks.append(
      .equation(
        Equation(
          say("explain.update.predicted"),
          step.isPlainDescent ? "−η ‖∇\(objective)‖²" : "∇\(objective) · Δθ",
          Notation.number(step.predictedChange))))
    let real = after - before
    blocks.append(
      .equation(
        Equation(
          say("explain.update.real"),
          "\(Notation.number(after)) − \(Notation.factor(before))", Notation.number(real))))
    blocks.append(.text(judgement(real: real)))
    return blocks
  }

  /// What the real change says beside the predicted one.
  private func judgement(real: Double) -> String {
    let step = trace.update
    if !real.isFinite { return say("explain.update.diverged") }
    if step.predictedChange == 0 { return say("explain.update.stationary") }
    // C is stored to ε of itself; log-sum-exp of a certain answer to ε.
    let weight = trace.weights.reduce(0.0) { $0 + abs(Double($1)) }
    let isLogarithm = network.loss == .crossEntropy && network.outputActivation == .softmax
    let resolution =
      Double(T.ulpOfOne) * (abs(trace.loss) + trace.penalty + (isLogarithm ? weight : 0))
    if abs(step.predictedChange) < 8 * resolution {
      return say(
        "explain.update.unresolved", trace.precision, Notation.number(resolution))
    }
    let ratio = real / step.predictedChange
    return ratio < 0
      ? say("explain.update.tooLarge")
      : say("explain.update.ratio", Format.fixed(100 * ratio, 1))
  }
}

/// A rule as equations, as its paper writes them; g is ∂C/∂w.
package struct RuleText {
  package let rule: OptimizerRule
  package let penalty: PenaltyText

  package typealias Equation = ExplainDocument.Equation

  package var equations: [Equation] {
    let g = [
      Equation("g", penalty.isPresent ? "∂C/∂w + \(penalty.slope(of: "w"))" : "∂C/∂w")
    ]
    return g + steps
  }

  private var steps: [Equation] {
    func number(_ value: Double) -> String { Notation.number(value) }
    /// 1 − β without the digits that rounding leaves.
    func rest(_ value: Double) -> String { number(((1 - value) * 1e12).rounded() / 1e12) }
    func moment(_ beta: Double) -> Equation {
      Equation("m", "\(number(beta)) m + \(rest(beta)) g")
    }
    func square(_ beta: Double) -> Equation {
      Equation("v", "\(number(beta)) v + \(rest(beta)) g²")
    }
    switch rule {
    case .gradientDescent, .sgd: return [Equation("Δw", "−η g")]
    case .momentum(let mu):
      return [Equation("v", "\(number(mu)) v + g"), Equation("Δw", "−η v")]
    case .nesterov(let mu):
      return [
        Equation("v", "\(number(mu)) v + g"), Equation("Δw", "−η (g + \(number(mu)) v)"),
      ]
    case .adaGrad: return [Equation("v", "v + g²"), Equation("Δw", "−η g / (√v + ε)")]
    case .rmsProp(let rho, _): return [square(rho), Equation("Δw", "−η g / (√v + ε)")]
    case .adadelta(let rho, _):
      return [square(rho), Equation("Δw", "−η g √(u + ε) / √(v + ε)")]
    case .adam(let beta1, let beta2, _), .adamW(let beta1, let beta2, _):
      return [
        moment(beta1), square(beta2),
        Equation(
          "Δw",
          "−η (m / (1 − \(number(beta1))ᵗ)) / (√(v / (1 − \(number(beta2))ᵗ)) + ε)"),
      ]
    case .amsGrad(let beta1, let beta2, _):
      return [
        moment(beta1), square(beta2), Equation("u", "max(u, v)"),
        Equation(
          "Δw",
          "−η (m / (1 − \(number(beta1))ᵗ)) / (√(u / (1 − \(number(beta2))ᵗ)) + ε)"),
      ]
    case .nAdam(let beta1, let beta2, _, _):
      return [
        moment(beta1), square(beta2),
        Equation("Δw", "−η (c g + c′ m) / (√(v / (1 − \(number(beta2))ᵗ)) + ε)"),
      ]
    case .rAdam(let beta1, let beta2, _):
      return [
        moment(beta1), square(beta2),
        Equation("Δw", "−η r (m / (1 − \(number(beta1))ᵗ)) / (√(v / (1 − \(number(beta2))ᵗ)) + ε)"),
      ]
    case .lion(let beta1, let beta2):
      return [
        Equation("Δw", "−η sign(\(number(beta1)) m + \(rest(beta1)) g)"), moment(beta2),
      ]
    case .rprop: return [Equation("Δw", "−sign(g) · η")]
    case .lbfgs: return [Equation("Δw", "−η g min(1, 1 / ‖g‖₁)")]
    }
  }
}
