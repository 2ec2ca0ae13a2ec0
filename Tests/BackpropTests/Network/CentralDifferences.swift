@testable import Backprop
@testable import BackpropInspection

/// The gradient of a network's loss by differences of the loss alone, to hold BP1–BP4 against.
struct CentralDifferences {
  var network: Network<Double>
  let batch: Batch<Double>
  /// What every pass changes at random, the same each time.
  var regularization: StochasticRegularization?
  private(set) var kinks = 0
  private(set) var checked = 0
  private(set) var worstRelativeError = 0.0

  init(
    _ network: Network<Double>, _ batch: Batch<Double>,
    under regularization: StochasticRegularization? = nil
  ) {
    self.network = network
    self.batch = batch
    self.regularization = regularization
  }

  private mutating func loss(
    _ tensor: ParameterTensor, _ element: Int, at value: Double,
    _ workspace: inout Workspace<Double>
  ) -> Double {
    let old = network.parameters[tensor, element]
    network.parameters[tensor, element] = value
    defer { network.parameters[tensor, element] = old }
    return network.forward(batch, in: &workspace, under: regularization)
  }

  /// ∂C/∂θ by the five-point rule: (C₋₂ − 8 C₋₁ + 8 C₁ − C₂) / 12h, with an error of order h⁴.
  private mutating func derivative(
    _ tensor: ParameterTensor, _ element: Int, step h: Double,
    _ workspace: inout Workspace<Double>
  ) -> Double {
    let center = network.parameters[tensor, element]
    let minus2 = loss(tensor, element, at: center - 2 * h, &workspace)
    let minus1 = loss(tensor, element, at: center - h, &workspace)
    let plus1 = loss(tensor, element, at: center + h, &workspace)
    let plus2 = loss(tensor, element, at: center + 2 * h, &workspace)
    return (minus2 - 8 * minus1 + 8 * plus1 - plus2) / (12 * h)
  }

  /// Compares every parameter with `gradient`.
  ///
  /// The relative error is |g − d| / max(|g|, |d|, 1e-3 · largest |g|). Where two step sizes disagree
  /// a kink of the activation or the loss lies within the step: the entry is counted, not judged.
  mutating func compare(with gradient: Parameters<Double>) {
    var workspace = Workspace(for: network, capacity: batch.count, regularization: regularization)
    let entries = network.parameters.layout.tensors.flatMap { tensor in
      (0..<tensor.count).map { (tensor, $0) }
    }
    let largest = entries.map { abs(gradient[$0, $1]) }.max() ?? 0
    for (tensor, element) in entries {
      let wide = derivative(tensor, element, step: 4e-4, &workspace)
      let narrow = derivative(tensor, element, step: 1e-4, &workspace)
      let expected = gradient[tensor, element]
      let scale = max(abs(expected), abs(narrow), 1e-3 * largest, 1e-12)
      if abs(wide - narrow) / scale > 1e-6 {
        kinks += 1
        continue
      }
      checked += 1
      worstRelativeError = max(worstRelativeError, abs(expected - narrow) / scale)
    }
  }
}

/// Small random examples whose targets a loss is defined on.
func randomExamples(
  for loss: Loss, inputs: Int, outputs: Int, count: Int, seed: UInt64, weighted: Bool = false
) -> Dataset<Double> {
  var random = RandomSource(seed: seed, purpose: .sampling)
  var x = Matrix<Double>(rows: count, columns: inputs)
  var y = Matrix<Double>(rows: count, columns: outputs)
  for row in 0..<count {
    for column in 0..<inputs { x[row, column] = random.normal() }
    let label = random.index(below: outputs)
    for column in 0..<outputs {
      switch loss {
      case .crossEntropy: y[row, column] = column == label ? 1 : 0
      case .hinge:
        y[row, column] =
          outputs == 1 ? (random.uniform() < 0.5 ? -1 : 1) : (column == label ? 1 : 0)
      case .binaryCrossEntropy: y[row, column] = random.uniform() < 0.5 ? 0 : 1
      case .poisson: y[row, column] = Double(random.index(below: 4))
      default: y[row, column] = random.normal()
      }
    }
  }
  let weights = weighted ? (0..<count).map { _ in 0.5 + random.uniform() } : nil
  return Dataset(inputs: x, targets: y, weights: weights)
}
