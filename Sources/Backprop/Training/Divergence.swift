/// Where a run met its first NaN or infinity.
public struct Divergence: Codable, Hashable, Sendable, CustomStringConvertible {
  /// The step of the run, from 1; 0 before the first.
  package let step: Int
  package let epoch: Int
  /// Layer of the network, 1 for the input, L for the last.
  package let layer: Int
  /// Neuron in the layer, from 1.
  package let neuron: Int
  /// Row of the training data, from 1: of what the trainer was given, which may be a part of a file.
  /// Nil for a weight or bias, which belongs to no example, and for validation data.
  package let example: Int?
  /// Whether all outputs are still finite and only the loss overflowed; layer, neuron and example are
  /// then those of the largest output.
  package let isInLoss: Bool

  public var description: String {
    let place =
      "layer \(layer), neuron \(neuron)" + (example.map { ", training example \($0)" } ?? "")
    let fault =
      isInLoss
      ? "the loss is not finite any more; the largest output is in \(place)"
      : "the first number that is not finite is in \(place)"
    return "the run diverged at step \(step) (epoch \(epoch)): \(fault)"
  }
}

extension Divergence {
  package init(step: Int, epoch: Int, at fault: Fault) {
    self.init(
      step: step, epoch: epoch, layer: fault.layer, neuron: fault.neuron, example: fault.example,
      isInLoss: fault.isInLoss)
  }

  /// A place in a network and its data; all numbers from 1, the layer's from that of the input.
  package struct Fault {
    let layer: Int
    let neuron: Int
    var example: Int?
    var isInLoss = false
  }
}

extension Network {
  /// The first weight or bias that is not finite.
  ///
  /// - Returns: Its layer, 2 … L, and the neuron whose it is; nil if all are finite.
  package func firstFaultOfParameters() -> Divergence.Fault? {
    let layout = parameters.layout
    guard UnsafeBufferPointer(start: parameters.start, count: layout.count).firstNonfinite >= 0
    else { return nil }
    for tensor in layout.tensors {
      let position = parameters.elements(of: tensor).withUnsafeBufferPointer(\.firstNonfinite)
      guard position >= 0 else { continue }
      let output = tensor.shape.count > 1 ? position / tensor.shape[1] : position
      return Divergence.Fault(
        layer: tensor.layer + 2, neuron: output / layers[tensor.layer].activation.pieces + 1)
    }
    return nil
  }

  /// The first number that is not finite in the last forward pass, in the order of the pass; or, where
  /// only the loss overflowed, the output that is largest.
  package func firstFault(in workspace: borrowing Workspace<T>) -> Divergence.Fault {
    let views = [workspace.inputs] + workspace.states.map(\.outputs)
    for (index, view) in views.enumerated() {
      for row in 0..<workspace.rows {
        let position = UnsafeBufferPointer(view.row(row)).firstNonfinite
        guard position >= 0 else { continue }
        return Divergence.Fault(
          layer: index + 1, neuron: position + 1, example: workspace.example(ofRow: row))
      }
    }
    let outputs = workspace.states[layers.count - 1].outputs
    var largest = (value: T(0), row: 0, neuron: 1)
    for row in 0..<workspace.rows {
      for (index, value) in outputs.row(row).enumerated() where abs(value) > largest.value {
        largest = (abs(value), row, index + 1)
      }
    }
    return Divergence.Fault(
      layer: layers.count + 1, neuron: largest.neuron,
      example: workspace.example(ofRow: largest.row), isInLoss: true)
  }
}

extension Workspace {
  /// The row of the data set, from 1, that a row of the last batch was.
  fileprivate func example(ofRow row: Int) -> Int? {
    switch batch?.rows {
    case nil: nil
    case .range(let range): range.lowerBound + row + 1
    case .indices(let indices): Int(indices[indices.startIndex + row]) + 1
    }
  }
}
