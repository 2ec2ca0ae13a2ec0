/// Where a run met its first NaN or infinity.
public struct Divergence: Sendable, Equatable, CustomStringConvertible {
  /// The step of the run, from 1.
  public let step: Int
  public let epoch: Int
  /// Layer of the network, 1 for the input, L for the last.
  public let layer: Int
  /// Neuron in the layer, from 1.
  public let neuron: Int
  /// Whether all outputs are still finite and only the loss overflowed; layer and neuron are then
  /// those of the largest output.
  public let isInLoss: Bool

  public var description: String {
    let place = "layer \(layer), neuron \(neuron)"
    let fault =
      isInLoss
      ? "the loss is not finite any more; the largest output is in \(place)"
      : "the first number that is not finite is in \(place)"
    return "the run diverged at step \(step) (epoch \(epoch)): \(fault)"
  }
}

extension Divergence {
  init(step: Int, epoch: Int, at fault: (layer: Int, neuron: Int, isInLoss: Bool)) {
    self.init(
      step: step, epoch: epoch, layer: fault.layer, neuron: fault.neuron, isInLoss: fault.isInLoss)
  }
}

extension Network {
  /// The first weight or bias that is not finite.
  ///
  /// - Returns: Its layer, 2 … L, and the neuron whose it is, from 1; nil if all are finite.
  func firstFaultOfParameters() -> (layer: Int, neuron: Int)? {
    for (index, tensor) in parameters.layout.tensors.enumerated() {
      let position = T.kernels.firstNonfinite(
        1, tensor.count, parameters.start + tensor.offset, tensor.count)
      guard position >= 0 else { continue }
      let output = position / (tensor.rows * 16) * 16 + position % 16
      return (index + 2, output / layers[index].activation.pieces + 1)
    }
    return nil
  }

  /// The first number that is not finite in the last forward pass, in the order of the pass; or, where
  /// only the loss overflowed, the output that is largest.
  ///
  /// - Returns: The layer (1 is the input) and the neuron, both from 1.
  func firstFault(
    in workspace: borrowing Workspace<T>
  ) -> (layer: Int, neuron: Int, isInLoss: Bool) {
    let views = [workspace.inputs] + workspace.states.map(\.outputs)
    for (index, view) in views.enumerated() {
      let position = T.kernels.firstNonfinite(workspace.rows, view.columns, view.start, view.stride)
      if position >= 0 { return (index + 1, position % view.columns + 1, false) }
    }
    let outputs = workspace.states[layers.count - 1].outputs
    var largest = (value: T(0), neuron: 1)
    for row in 0..<workspace.rows {
      for (index, value) in outputs.row(row).enumerated() where abs(value) > largest.value {
        largest = (abs(value), index + 1)
      }
    }
    return (layers.count + 1, largest.neuron, true)
  }
}
