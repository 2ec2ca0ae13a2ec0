import Backprop

/// Assumption II in numbers: C of one example from aᴸ and y alone; and ∂C/∂a as formulas.
package struct LossText<T: Scalar> {
  package let trace: Trace<T>
  package let loss: Loss
  package let limit: Int
  package let language: Language

  private var a: [T] { trace.layers[trace.layers.count - 1].outputs[row: 0] }
  private var y: [T] { trace.targets[row: 0] }
  private var lastLayer: Int { trace.layers.count + 1 }
  /// The class of the example under a hinge, from 0.
  private var hingeClass: Int { Loss.classIndex(y.map { Double($0) }) }

  /// 1 − q without the digits that rounding leaves.
  private static func rest(_ q: Double) -> Double { ((1 - q) * 1e12).rounded() / 1e12 }

  package func blocks() -> [ExplainDocument.Block] {
    let terms = loss.textbookTerms(outputs: a, targets: y)
    let weight = Double(trace.weights[0])
    let value = weight == 0 ? 0 : Double(trace.losses[0]) / weight
    var blocks: [ExplainDocument.Block] = []
    guard let terms else {
      blocks.append(
        .equation(
          ExplainDocument.Equation("Cₓ", "\(loss)(aᴸ, y)", Notation.number(value))))
      return blocks
    }
    guard terms.reduce(0, +).isFinite || !value.isFinite else {
      // An output has rounded to 0 or 1, and its logarithm is infinite; the engine takes C from z.
      blocks.append(.text(language.text("explain.lossFromWeightedInputs")))
      blocks.append(
        .equation(
          ExplainDocument.Equation(
            "Cₓ",
            loss == .crossEntropy
              ? "Σⱼ yⱼ (log Σₖ exp(zₖ) − zⱼ)" : "Σⱼ (log(1 + exp(zⱼ)) − yⱼ zⱼ)",
            Notation.number(value))))
      return blocks
    }
    let symbol = formula
    // Cross-entropy has no term where the target is 0.
    let present = terms.indices.filter { loss != .crossEntropy || y[$0] != 0 }
    let order = present.sorted { abs(terms[$0]) > abs(terms[$1]) }
    let shown = order.prefix(limit).sorted()
    let hidden = order.dropFirst(limit).reduce(0.0) { $0 + terms[$1] }
    let more = language.text("explain.moreTerms", Format.count(max(0, order.count - limit)))
    let isWhole = order.count <= limit
    let numbers = shown.map { term($0) }
    let values = shown.map { Notation.number(terms[$0]) }
    let rest = isWhole ? [] : ["\(Notation.number(hidden)) (\(more))"]
    var rights = [symbol, Notation.sum(numbers + rest)]
    if order.count > 1 { rights.append(Notation.sum(values + rest)) }
    blocks.append(
      .equation(ExplainDocument.Equation("Cₓ", rights + [Notation.number(value)])))
    if weight != 1 {
      blocks.append(
        .equation(
          ExplainDocument.Equation(
            "wₓ Cₓ", "\(Notation.number(trace.weights[0])) · \(Notation.factor(value))",
            Notation.number(trace.losses[0]))))
    }
    return blocks
  }

  /// Cₓ as a sum over the outputs.
  private var formula: String {
    switch loss {
    case .squaredError: "½ Σⱼ (aⱼ − yⱼ)²"
    case .absoluteError: "Σⱼ |aⱼ − yⱼ|"
    case .huber(let delta):
      "Σⱼ (|aⱼ − yⱼ| ≤ \(Notation.number(delta)) ? ½ (aⱼ − yⱼ)² : "
        + "\(Notation.number(delta)) (|aⱼ − yⱼ| − \(Notation.number(delta / 2))))"
    case .binaryCrossEntropy: "−Σⱼ (yⱼ log aⱼ + (1 − yⱼ) log(1 − aⱼ))"
    case .crossEntropy: "−Σⱼ yⱼ log aⱼ"
    case .hinge:
      y.count == 1
        ? "max(0, 1 − y a)"
        : "Σⱼ max(0, 1 + aⱼ − \(Notation.symbol("a", layer: lastLayer, hingeClass + 1))), "
          + "j ≠ \(hingeClass + 1)"
    case .poisson: "Σⱼ (aⱼ − yⱼ log aⱼ)"
    case .quantile(let quantile):
      "Σⱼ max(\(Notation.number(quantile)) (yⱼ − aⱼ), "
        + "\(Notation.number(-Self.rest(quantile))) (yⱼ − aⱼ))"
    case .custom(let custom): "\(custom.name)(aᴸ, y)"
    }
  }

  /// The term of one output with its numbers.
  private func term(_ j: Int) -> String {
    let (a, y) = (Notation.factor(a[j]), Notation.factor(y[j]))
    switch loss {
    case .squaredError: return "½ (\(a) − \(y))²"
    case .absoluteError: return "|\(a) − \(y)|"
    case .binaryCrossEntropy:
      if self.y[j] == 0 { return "−log(1 − \(a))" }
      if self.y[j] == 1 { return "−log \(a)" }
      return "−(\(y) log \(a) + (1 − \(y)) log(1 − \(a)))"
    case .crossEntropy:
      return self.y[j] == 1 ? "−log \(a)" : "−\(y) log \(a)"
    case .hinge where self.y.count == 1: return "max(0, 1 − \(y) · \(a))"
    case .hinge:
      let c = hingeClass
      return j == c ? "0" : "max(0, 1 + \(a) − \(Notation.factor(self.a[c])))"
    case .poisson: return "(\(a) − \(y) log \(a))"
    case .huber(let delta):
      return abs(Double(self.a[j]) - Double(self.y[j])) <= delta
        ? "½ (\(a) − \(y))²"
        : "\(Notation.number(delta)) (|\(a) − \(y)| − \(Notation.number(delta / 2)))"
    case .quantile(let q):
      return self.a[j] < self.y[j]
        ? "\(Notation.number(q)) (\(y) − \(a))"
        : "\(Notation.number(Self.rest(q))) (\(a) − \(y))"
    case .custom:
      return Notation.number(loss.textbookTerms(outputs: self.a, targets: self.y)?[j] ?? 0)
    }
  }

  /// ∂C/∂aⱼ: the formula, and the formula with numbers.
  package func gradient(_ j: Int) -> (formula: String, numbers: String?) {
    let name = Notation.symbol("a", layer: lastLayer, j + 1)
    let target = "y" + Notation.subscripts(j + 1)
    let (a, y) = (Notation.factor(a[j]), Notation.factor(y[j]))
    switch loss {
    case .squaredError: return ("\(name) − \(target)", "\(a) − \(y)")
    case .absoluteError: return ("sign(\(name) − \(target))", "sign(\(a) − \(y))")
    case .huber(let delta):
      let limit = Notation.number(delta)
      return (
        "min(max(\(name) − \(target), −\(limit)), \(limit))",
        "min(max(\(a) − \(y), −\(limit)), \(limit))"
      )
    case .binaryCrossEntropy:
      return (
        "(\(name) − \(target)) / (\(name) (1 − \(name)))",
        "(\(a) − \(y)) / (\(a) · (1 − \(a)))"
      )
    case .crossEntropy: return ("−\(target) / \(name)", "−\(y) / \(a)")
    case .hinge where self.y.count == 1:
      return ("1 − y a > 0 ? −y : 0", "1 − \(y) · \(a) > 0 ? −\(y) : 0")
    case .hinge:
      // Each margin that is violated pushes its own output down, and all of them the class up.
      let c = hingeClass
      func margin(_ i: Int) -> String {
        "1 + \(Notation.factor(self.a[i])) − \(Notation.factor(self.a[c]))"
      }
      guard j == c else {
        return (
          "1 + \(name) − \(Notation.symbol("a", layer: lastLayer, c + 1)) > 0 ? 1 : 0",
          "\(margin(j)) > 0 ? 1 : 0"
        )
      }
      let others = self.a.indices.filter { $0 != c }
      let violated = others.filter { 1 + self.a[$0] - self.a[c] > 0 }
      return (
        language.text("explain.hingeGradient"),
        violated.isEmpty
          ? "0"
          : "−(" + violated.map { _ in "1" }.prefix(8).joined(separator: " + ")
            + (violated.count > 8 ? " + …" : "") + ")"
      )
    case .poisson: return ("1 − \(target) / \(name)", "1 − \(y) / \(a)")
    case .quantile(let q):
      let (below, above) = (Notation.number(-q), Notation.number(Self.rest(q)))
      return (
        "\(name) < \(target) ? \(below) : \(above)", "\(a) < \(y) ? \(below) : \(above)"
      )
    case .custom(let custom): return ("\(custom.name)′(aᴸ, y)", nil)
    }
  }
}
