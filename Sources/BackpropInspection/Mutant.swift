import Backprop

/// The seven classic mistakes in backpropagation, each as a backward pass that runs.
///
/// A mutant is composed of the engine's own pieces, with one of them replaced; all else is as it
/// should be. Mutants live here, beside the check that must find them, and never in the hot path.
package enum Mutant: String, CaseIterable, Codable, Sendable {
  /// BP2 with W in place of Wᵀ: its numbers read as `[in, out]`, without moving any.
  case untransposed = "bp2-no-transpose"
  /// BP4 with aˡ in place of aˡ⁻¹, cut or repeated to its width.
  case wrongOutputs = "bp4-wrong-layer"
  /// The loop ends too early: ∂C/∂W and ∂C/∂b of the first layer that computes stay 0.
  case frozenFirstLayer = "first-layer-frozen"
  /// BP2 without ⊙ σ′(z).
  case withoutDerivative = "bp2-no-derivative"
  /// ∂C/∂b stays 0.
  case withoutBiasGradient = "no-bp3"
  /// δᴸ = ∇ₐC ⊙ a (1 − a): the Jacobian of softmax, taken for its diagonal.
  case softmaxDiagonal = "softmax-diagonal"
  /// δᴸ with its sign flipped: y − a for a − y.
  case signFlipped = "sign-flipped"

  /// The equations that the mutant breaks: "BP1" … "BP4".
  package var equations: [String] {
    switch self {
    case .untransposed, .withoutDerivative: ["BP2"]
    case .wrongOutputs: ["BP4"]
    case .frozenFirstLayer: ["BP3", "BP4"]
    case .withoutBiasGradient: ["BP3"]
    case .softmaxDiagonal, .signFlipped: ["BP1"]
    }
  }

  /// Whether the mutant is another function than backpropagation for networks of this shape.
  package func applies<T: Scalar>(to network: Network<T>) -> Bool {
    switch self {
    case .untransposed:
      // One row or one column is its own transpose, as memory has it.
      network.layers.dropFirst().contains {
        $0.dense != nil && $0.inputs > 1 && $0.affineOutputs > 1
      }
    case .frozenFirstLayer: network.layers.count > 1
    case .withoutDerivative: network.layers.dropLast().contains { $0.activation != .identity }
    case .softmaxDiagonal: network.outputActivation == .softmax && network.outputCount > 1
    case .wrongOutputs, .withoutBiasGradient, .signFlipped: true
    }
  }

  /// Whether the mutant gives another gradient than backpropagation on these examples. Where nothing
  /// flows, as through dead neurons, a mistake makes no difference.
  package func differs(for network: Network<Double>, on examples: Dataset<Double>) -> Bool {
    guard applies(to: network) else { return false }
    var workspace = Workspace(for: network, capacity: examples.count)
    var (right, wrong) = (network.makeGradient(), network.makeGradient())
    network.forward(examples.batch, in: &workspace)
    network.backward(in: &workspace, into: &right)
    backward(network, in: &workspace, into: &wrong)
    let count = right.layout.count
    let largest = (0..<count).reduce(0.0) { max($0, abs(right.start[$1]), abs(wrong.start[$1])) }
    return (0..<count).contains { abs(right.start[$0] - wrong.start[$0]) > 1e-10 * largest }
  }

  /// The broken backward pass.
  ///
  /// - Parameters:
  ///   - network: The network of the last forward pass.
  ///   - workspace: Holds that pass; receives δˡ of every layer, as the mutant has it.
  ///   - gradient: Receives what the mutant takes for the gradient.
  package func backward<T: Scalar>(
    _ network: Network<T>, in workspace: inout Workspace<T>, into gradient: inout Parameters<T>
  ) {
    network.check(workspace)
    formOutputDelta(network, in: &workspace)
    for layer in network.layers.indices.reversed() {
      formGradient(network, of: layer, in: &workspace, into: &gradient)
      if layer > 0 { formBackpropagatedDelta(network, below: layer, in: &workspace) }
    }
  }

  /// BP1, or what the mutant makes of it.
  private func formOutputDelta<T: Scalar>(_ network: Network<T>, in workspace: inout Workspace<T>) {
    let last = workspace.states[network.layers.count - 1]
    switch self {
    case .softmaxDiagonal where network.outputActivation == .softmax:
      network.formLossGradient(0..<workspace.rows, in: workspace)
      // The kernel of sigmoid: its σ′, computed from a, is a (1 − a).
      T.kernels.multiply_derivative(
        workspace.rows, network.outputCount, last.outputGradient.operand, last.outputs.operand,
        Activation.sigmoid.kernel, 0, last.delta.operand)
    case .signFlipped:
      network.formOutputDelta(0..<workspace.rows, in: workspace)
      for row in 0..<workspace.rows {
        let delta = last.delta.row(row)
        for index in delta.indices { delta[index] = -delta[index] }
      }
    default: network.formOutputDelta(0..<workspace.rows, in: workspace)
    }
  }

  /// BP3 and BP4, or what the mutant makes of them.
  private func formGradient<T: Scalar>(
    _ network: Network<T>, of layer: Int, in workspace: inout Workspace<T>,
    into gradient: inout Parameters<T>
  ) {
    let inputs = network.layers[layer].inputs
    switch self {
    case .wrongOutputs:
      let a = workspace.states[layer].outputs
      var repeated = Matrix<T>(rows: workspace.rows, columns: inputs)
      for row in 0..<workspace.rows {
        repeated.setRow(row, to: (0..<inputs).map { a.row(row)[$0 % a.columns] })
      }
      network.layers[layer].formGradient(
        network.pass(
          0..<workspace.rows, through: layer, blocks: workspace.blocks.count, in: workspace,
          pool: nil),
        below: repeated.view(from: 0), into: gradient.mutableStart)
      // The view above is read while the matrix lives.
      withExtendedLifetime(repeated) {}
    case .frozenFirstLayer where layer == 0:
      for tensor in gradient.layout.tensors(of: layer) {
        gradient.setElements(of: tensor, to: [T](repeating: 0, count: tensor.count))
      }
    default:
      network.formGradient(
        of: layer, 0..<workspace.rows, blocks: workspace.blocks.count, in: workspace,
        into: gradient.mutableStart, pool: nil)
      guard self == .withoutBiasGradient, let biases = gradient.layout.tensor(.bias, of: layer)
      else { return }
      gradient.setElements(of: biases, to: [T](repeating: 0, count: biases.count))
    }
  }

  /// BP2, or what the mutant makes of it.
  private func formBackpropagatedDelta<T: Scalar>(
    _ network: Network<T>, below layer: Int, in workspace: inout Workspace<T>
  ) {
    switch self {
    case .untransposed where network.layers[layer].dense != nil:
      var misread = network
      let (weights, biases) = network.parameters.denseTensors(of: layer)
      let (inputs, outputs) = (network.layers[layer].inputs, network.layers[layer].affineOutputs)
      // Row j of [out, in] becomes column j of [in, out], filled from the same flat numbers.
      let numbers = (0..<outputs).flatMap { j in (0..<inputs).map { weights[$0 * outputs + j] } }
      misread.parameters.setTensors(of: layer, weights: numbers, biases: biases)
      misread.formBackpropagatedDelta(
        below: layer, 0..<workspace.rows, in: workspace, pool: nil)
    case .withoutDerivative:
      let passedDown = network.outputGradient(of: layer - 1, in: workspace)
      let below = workspace.states[layer - 1]
      // To every piece of a maxout unit: which one won is its derivative.
      let pieces = network.layers[layer - 1].activation.pieces
      for row in 0..<workspace.rows {
        let delta = (below.normalization?.delta ?? below.delta).row(row)
        for index in delta.indices { delta[index] = passedDown[row, index / pieces] }
        // Where it is kept, ∂C/∂α is formed from it.
        let kept = below.outputGradient.row(row)
        for index in kept.indices { kept[index] = passedDown[row, index] }
      }
      network.layers[layer - 1].formDelta(
        network.pass(0..<workspace.rows, through: layer - 1, in: workspace, pool: nil),
        pastDerivative: true)
    default:
      network.formBackpropagatedDelta(
        below: layer, 0..<workspace.rows, in: workspace, pool: nil)
    }
  }
}
