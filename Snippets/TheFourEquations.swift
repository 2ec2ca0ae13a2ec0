// Every number of the article "The four equations". What this prints stands there line for line, in
// English and in Korean: Scripts/check-article compares them. So labels are formulas, not words.

import Backprop
import BackpropInspection

// snippet.main
// Mazur's network: 2–2–2, sigmoid, C = ½‖a − y‖².
var network = try Network<Double>(
  sizes: [2, 2, 2], activations: [.sigmoid, .sigmoid], loss: .squaredError)
network.parameters.setTensors(of: 0, weights: [0.15, 0.20, 0.25, 0.30], biases: [0.35, 0.35])
network.parameters.setTensors(of: 1, weights: [0.40, 0.45, 0.50, 0.55], biases: [0.60, 0.60])
let example = Batch<Double>(inputs: Matrix([[0.05, 0.10]]), targets: Matrix([[0.01, 0.99]]))
let descent = Optimizer<Double>(rule: .sgd, for: network.parameters.layout)

// One step of training, and every quantity of it, each held against its equation.
let trace = network.trace(example, optimizer: descent, learningRate: 0.5)
let verification = trace.verification(for: network)
precondition(verification.verified, "\(verification.failures)")

// What the way down did to the error.
var workspace = Workspace(for: network, capacity: 1)
var gradient = network.makeGradient()
network.forward(example, in: &workspace)
network.backward(in: &workspace, into: &gradient)
let flow = network.errorFlow(in: workspace)
// snippet.end

let hidden = trace.layers[0]  // layer 2
let last = trace.layers[1]  // layer 3 = L
let (x, y) = (trace.inputs[row: 0], trace.targets[row: 0])
let (a2, a3) = (hidden.outputs[row: 0], last.outputs[row: 0])
let (delta2, delta3) = (hidden.delta[row: 0], last.delta[row: 0])
let (slope2, slope3) = (hidden.derivative?[row: 0] ?? [], last.derivative?[row: 0] ?? [])
guard let weights2 = hidden.tensor(.weight), let biases2 = hidden.tensor(.bias),
  let weights3 = last.tensor(.weight), let biases3 = last.tensor(.bias)
else { preconditionFailure("a dense layer without W or b") }
let (w2, w3) = (rows(weights2.values), rows(weights3.values))

// The network and its example.
print("x = \(vector(x))")
print("y = \(vector(y))")
print("W² = \(matrix(w2))   b² = \(vector(biases2.values))")
print("W³ = \(matrix(w3))   b³ = \(vector(biases3.values))")

// Forward.
let terms = (0..<2).map { "\(number(w2[0][$0])) · \(number(x[$0]))" }.joined(separator: " + ")
print(
  "z²₁ = \(terms) + \(number(biases2.values[0])) = \(number(hidden.weightedInputs[0, 0]))")
print("z² = \(vector(hidden.weightedInputs[row: 0]))")
print("a² = \(vector(a2))")
print("z³ = \(vector(last.weightedInputs[row: 0]))")
print("a³ = \(vector(a3))")
print("σ′(z²) = \(vector(slope2))")
print("σ′(z³) = \(vector(slope3))")

// The loss of the example.
let squares = (0..<2).map { "½ (\(number(a3[$0])) − \(number(y[$0])))²" }.joined(separator: " + ")
print("C = \(squares) = \(number(trace.loss))")

// δ by its definition. A push on b³₁ is a push on z³₁.
let h = 0.001
let pushed = [h, -h].map { push in
  var moved = network
  moved.parameters[layer: 1, output: 0, input: nil] += push
  return moved.forward(example, in: &workspace)
}
print("h = \(number(h))")
print("C(z³₁ + h) = \(number(pushed[0], digits: 9))")
print("C(z³₁ − h) = \(number(pushed[1], digits: 9))")
print("(C(z³₁ + h) − C(z³₁ − h)) / 2h = \(number((pushed[0] - pushed[1]) / (2 * h)))")

// BP1.
print("∇ₐC = a³ − y = \(vector(last.outputGradient[row: 0]))")
print("δ³₁ = \(number(last.outputGradient[0, 0])) · \(number(slope3[0])) = \(number(delta3[0]))")
print("δ³₂ = \(number(last.outputGradient[0, 1])) · \(number(slope3[1])) = \(number(delta3[1]))")
print("δ³ = \(vector(delta3))")

// BP1 through the Jacobian of softmax, under two losses. W is the identity, so z = x.
let z = [0.3, -0.2, 0.9]
let label: [Double] = [0, 1, 0]
for loss in [Loss.squaredError, .crossEntropy] {
  var softmax = try Network<Double>(sizes: [3, 3], activations: [.softmax], loss: loss)
  softmax.parameters.setTensors(
    of: 0, weights: [1, 0, 0, 0, 1, 0, 0, 0, 1], biases: [0, 0, 0])
  let pass = softmax.trace(
    Batch(inputs: Matrix([z]), targets: Matrix([label])),
    optimizer: Optimizer(rule: .sgd, for: softmax.parameters.layout), learningRate: 0.5)
  precondition(pass.verification(for: softmax).verified)
  let record = pass.layers[0]
  let a = record.outputs[row: 0]
  let slope = record.outputGradient[row: 0]
  let jacobian = a.indices.map { k in a.indices.map { j in a[k] * ((j == k ? 1 : 0) - a[j]) } }
  let product = a.indices.map { j in a.indices.reduce(0) { $0 + jacobian[$1][j] * slope[$1] } }
  precondition(
    (0..<3).allSatisfy { abs(product[$0] - record.delta[0, $0]) < 1e-12 }, "BP1 of softmax")
  if loss == .squaredError {
    print("z = \(vector(z))")
    print("y = \(vector(label))")
    print("a = softmax(z) = \(vector(a))")
    for k in a.indices { print("J\(["₁", "₂", "₃"][k]) = \(vector(jacobian[k]))") }
    print("∇ₐC = a − y = \(vector(slope))")
    print("δ = Jᵀ ∇ₐC = \(vector(product))")
    let measured = z.indices.map { j in
      let losses = [h, -h].map { push in
        var moved = z
        moved[j] += push
        var workspace = Workspace(for: softmax, capacity: 1)
        return softmax.forward(
          Batch(inputs: Matrix([moved]), targets: Matrix([label])), in: &workspace)
      }
      return (losses[0] - losses[1]) / (2 * h)
    }
    print("(C(zⱼ + h) − C(zⱼ − h)) / 2h = \(vector(measured))")
    print("∇ₐC ⊙ a ⊙ (1 − a) = \(vector(a.indices.map { slope[$0] * a[$0] * (1 - a[$0]) }))")
  } else {
    print("∇ₐC = −y / a = \(vector(slope))")
    print("δ = Jᵀ ∇ₐC = \(vector(record.generalDelta?[row: 0] ?? []))")
    print("δ = a − y = \(vector(record.delta[row: 0]))")
  }
}

// BP2: the votes of the layer above, their sum, then σ′.
for j in 0..<2 {
  let votes = (0..<2).map { "\(number(w3[$0][j])) · \(operand(delta3[$0]))" }
  print(
    "((W³)ᵀ δ³)\(["₁", "₂"][j]) = \(votes.joined(separator: " + ")) = "
      + number(hidden.outputGradient[0, j]))
}
print("(W³)ᵀ δ³ = \(vector(hidden.outputGradient[row: 0]))")
for j in 0..<2 {
  print(
    "δ²\(["₁", "₂"][j]) = \(number(hidden.outputGradient[0, j])) · \(number(slope2[j])) = "
      + number(delta2[j]))
}
print("δ² = \(vector(delta2))")
let straight = (0..<2).map { w3[$0][0] * delta3[0] + w3[$0][1] * delta3[1] }
print("W³ δ³ = \(vector(straight))")

// The two factors of BP2.
print("‖δ³‖ = \(number(flow[1].norm))")
print("‖(W³)ᵀ δ³‖ / ‖δ³‖ = \(number(flow[0].weightFactor ?? .nan))")
print("‖δ²‖ / ‖(W³)ᵀ δ³‖ = \(number(flow[0].derivativeFactor ?? .nan))")
print("‖δ²‖ / ‖δ³‖ = \(number(flow[0].ratio ?? .nan))")

// BP3 and BP4.
print("∂C/∂b³ = δ³ = \(vector(biases3.gradient))")
print("∂C/∂b² = δ² = \(vector(biases2.gradient))")
print(
  "∂C/∂w³₁₁ = \(number(a2[0])) · \(number(delta3[0])) = \(number(weights3.gradient[0]))")
print("∂C/∂W³ = \(matrix(rows(weights3.gradient)))")
print("∂C/∂W² = \(matrix(rows(weights2.gradient)))")

// The weights of examples: two examples in one batch, the second counts three times.
let inputs: [[Double]] = [[0.05, 0.10], [0.10, 0.05]]
let targets: [[Double]] = [[0.01, 0.99], [0.99, 0.01]]
let both = network.trace(
  Batch(inputs: Matrix(inputs), targets: Matrix(targets), weights: [1, 3]),
  optimizer: descent, learningRate: 0.5)
precondition(both.verification(for: network).verified)
let alone = (0..<2).map { row in
  network.trace(
    Batch(inputs: Matrix([inputs[row]]), targets: Matrix([targets[row]])), optimizer: descent,
    learningRate: 0.5)
}
print("w = \(vector(both.weights))")
print("C₁ = \(number(alone[0].loss))   C₂ = \(number(alone[1].loss))")
print(
  "C = \(number(both.weights[0])) · \(number(alone[0].loss)) + "
    + "\(number(both.weights[1])) · \(number(alone[1].loss)) = \(number(both.loss))")
for row in 0..<2 {
  let own = vector(alone[row].layers[1].delta[row: 0])
  print(
    "x\(["₁", "₂"][row]): δ³ = \(number(both.weights[row])) · \(own) = "
      + vector(both.layers[1].delta[row: row]))
}
let shares = (0..<2).map { both.layers[1].delta[$0, 0] * both.layers[0].outputs[$0, 0] }
print(
  "∂C/∂w³₁₁ = \(number(shares[0])) + \(operand(shares[1])) = "
    + number(both.layers[1].tensors[0].gradient[0]))

// A penalty on the weights.
let lambda = 0.01
let penalised = network.trace(
  example, optimizer: descent, learningRate: 0.5, l2Penalty: lambda)
precondition(penalised.verification(for: network).verified)
precondition(penalised.layers.map(\.delta) == trace.layers.map(\.delta), "a penalty touched δ")
let slope = weights3.gradient[0] + lambda * w3[0][0]
precondition(abs(penalised.layers[1].tensors[0].update[0] + 0.5 * slope) < 1e-12, "BP4")
print("λ = \(number(lambda))   ½ λ ‖W‖² = \(number(penalised.penalty))")
print("δ³ = \(vector(penalised.layers[1].delta[row: 0]))")
print("δ² = \(vector(penalised.layers[0].delta[row: 0]))")
print(
  "∂(C + ½ λ ‖W‖²)/∂w³₁₁ = \(number(weights3.gradient[0])) + "
    + "\(number(lambda)) · \(number(w3[0][0])) = \(number(slope))")

// The update, and what it does to C.
print("η = 0.5")
print(
  "w³₁₁ − η ∂C/∂w³₁₁ = \(number(w3[0][0])) − 0.5 · \(number(weights3.gradient[0])) = "
    + number(w3[0][0] + weights3.update[0]))
print("C: \(number(trace.loss)) → \(number(trace.update.lossAfterWeightsOnly))   (W)")
print("C: \(number(trace.loss)) → \(number(trace.update.lossAfter))   (W, b)")
let squaredNorm = trace.layers.reduce(0) { $0 + $1.gradientSquares }
print("‖∇C‖² = \(number(squaredNorm))")
for rate in [0.5, 0.05, 0.005] {
  let step = network.trace(example, optimizer: descent, learningRate: rate)
  let predicted = step.update.predictedChange
  let change = step.update.lossAfter - step.loss
  precondition(abs(predicted + rate * squaredNorm) < 1e-12, "−η ‖∇C‖²")
  print(
    "η = \(number(rate)): −η ‖∇C‖² = \(number(predicted)), ΔC = \(number(change)), "
      + "ΔC / (−η ‖∇C‖²) = \(number(change / predicted, digits: 4))")
}

precondition(abs(trace.loss - 0.298371108760003) < 1e-12, "Mazur's example")
precondition(abs(trace.update.lossAfterWeightsOnly - 0.291027773693599) < 1e-12, "Mazur's step")

/// A number to a fixed count of decimals, without zeros at the end: 0.3775, −0.038098.
func number(_ value: Double, digits: Int = 6) -> String {
  let unit = (0..<digits).reduce(1.0) { power, _ in power * 10 }
  let scaled = Int((abs(value) * unit).rounded())
  let decimals = String(String(scaled % Int(unit) + Int(unit)).dropFirst())
  let kept = decimals.reversed().drop { $0 == "0" }.reversed()
  let text = kept.isEmpty ? "\(scaled / Int(unit))" : "\(scaled / Int(unit)).\(String(kept))"
  return value < 0 && scaled > 0 ? "−" + text : text
}

/// The same after an operator: a negative number in brackets.
func operand(_ value: Double) -> String {
  value < 0 ? "(\(number(value)))" : number(value)
}

/// (1, 2, 3)
func vector(_ values: [Double]) -> String {
  "(" + values.map { number($0) }.joined(separator: ", ") + ")"
}

/// The rows of a 2 × 2 matrix.
func rows(_ values: [Double]) -> [[Double]] { [Array(values[0..<2]), Array(values[2..<4])] }

/// [1, 2; 3, 4]
func matrix(_ rows: [[Double]]) -> String {
  let rows = rows.map { row in row.map { number($0) }.joined(separator: ", ") }
  return "[" + rows.joined(separator: "; ") + "]"
}
