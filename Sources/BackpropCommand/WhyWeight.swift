import Backprop
import BackpropInspection

/// `explain --why-weight l:j,k`: which examples pushed one weight, most first.
///
/// BP4 makes the gradient of a weight a sum of one product an example, a δ. Plain descent moves the
/// weight by −η times the sum, so each example's push is −η a δ, whose sign says which way.
extension ExplainJob {
  /// Rows that go through the network at a time.
  private static let chunk = 1024

  func whyWeight<T: Scalar>(
    _ place: (layer: Int, output: Int, input: Int), _ network: Network<T>
  ) throws {
    let dataset = try data.dataset(for: network)
    var products: [(row: Int, a: T, delta: T)] = []
    products.reserveCapacity(dataset.count)
    // Under a mean over the whole data set every example has the weight 1/n, whatever the chunk.
    var summed = try Network<T>(layers: network.layers, loss: network.loss, reduction: .sum)
    summed.parameters = network.parameters
    let scale: T = network.reduction == .mean ? 1 / T(dataset.count) : 1
    let chunk = min(Self.chunk, dataset.count)
    var workspace = Workspace(for: summed, capacity: chunk)
    var gradient = summed.makeGradient()
    for first in stride(from: 0, to: dataset.count, by: chunk) {
      let rows = (first..<min(first + chunk, dataset.count)).map { UInt32($0) }
      summed.forward(dataset.subset(rows).batch, in: &workspace, pool: pool)
      summed.backward(in: &workspace, into: &gradient, pool: pool)
      let examples = summed.exampleGradients(in: workspace)
      let deltas = examples.values(layer: place.layer - 2, output: place.output - 1, input: nil)
      let outputs = examples.inputs(of: place.layer - 2, place.input - 1)
      for (offset, (a, delta)) in zip(outputs, deltas).enumerated() {
        products.append((first + offset + 1, a, delta * scale))
      }
    }
    let sorted = products.sorted { left, right in
      let (p, q) = (
        abs(Double(left.a) * Double(left.delta)), abs(Double(right.a) * Double(right.delta))
      )
      return p == q ? left.row < right.row : p > q
    }
    let total = products.reduce(0.0) { $0 + Double($1.a) * Double($1.delta) }
    let magnitude = products.reduce(0.0) { $0 + abs(Double($1.a) * Double($1.delta)) }
    if format == .json {
      try write(
        whyWeightJSON(place, sorted, total: total, magnitude: magnitude).description + "\n")
    } else {
      let name = Notation.weight(
        network.layers[place.layer - 2], number: place.layer, place.output, place.input)
      try write(
        place, name, sorted, total: total, magnitude: magnitude, count: dataset.count,
        isPlainMean: network.reduction == .mean && dataset.weights == nil)
    }
  }

  private func whyWeightJSON<T: Scalar>(
    _ place: (layer: Int, output: Int, input: Int), _ products: [(row: Int, a: T, delta: T)],
    total: Double, magnitude: Double
  ) -> JSONValue {
    [
      "schema": "backprop.explain-weight/1",
      "weight": [JSONValue(place.layer), JSONValue(place.output), JSONValue(place.input)],
      "gradient": JSONValue(total), "sumOfMagnitudes": JSONValue(magnitude),
      "examples": .array(
        products.prefix(focus.limit).map { product in
          [
            "example": JSONValue(product.row), "a": JSONValue(product.a),
            "delta": JSONValue(product.delta),
            "gradient": JSONValue(Double(product.a) * Double(product.delta)),
          ]
        }),
    ]
  }

  private func write<T: Scalar>(
    _ place: (layer: Int, output: Int, input: Int), _ name: String,
    _ products: [(row: Int, a: T, delta: T)], total: Double, magnitude: Double, count: Int,
    isPlainMean: Bool
  ) throws {
    let a = Notation.symbol("a", layer: place.layer - 1, place.input)
    let delta = Notation.symbol("δ", layer: place.layer, place.output)
    var document = ExplainDocument(
      title: language.text(
        "explain.why.title", name, Format.count(count),
        Inline.outside(dataName)))
    document.introduction.append(.text(language.text("explain.why.text", name, a, delta)))
    if isPlainMean {
      document.introduction.append(.text(language.text("explain.why.weight", String(count))))
    }
    var table = ExplainDocument.Table(
      language.text("explain.column.example"), a, delta, "∂C/∂w",
      language.text("explain.column.push"), language.text("explain.column.share"))
    let shown = products.prefix(focus.limit)
    for product in shown {
      let value = Double(product.a) * Double(product.delta)
      table.add(
        "\(product.row)", Notation.number(product.a), Notation.number(product.delta),
        Notation.number(value),
        value == 0
          ? "0" : language.text(value < 0 ? "explain.why.up" : "explain.why.down"),
        magnitude > 0 ? Format.fixed(100 * abs(value) / magnitude, 1) + " %" : "0 %")
    }
    if products.count > shown.count {
      table.remainder = language.text("explain.more", Format.count(products.count - shown.count))
    }
    document.introduction.append(.table(table))
    document.introduction.append(
      .equation(
        ExplainDocument.Equation("∂C/∂\(name)", "Σₓ \(a) \(delta)", Notation.number(total))))
    if magnitude > 0 {
      document.introduction.append(
        .text(
          language.text(
            "explain.why.cancel", Format.fixed(100 * (1 - abs(total) / magnitude), 1))))
    }
    let text = renderer().begin(document)
    try write(format == .latex ? text + "\\end{document}\n" : text)
  }
}
