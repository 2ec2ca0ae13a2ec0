import Backprop

/// δ by its definition, ∂C/∂z: what C becomes when z of one neuron moves and all else stays as it is.
///
/// A bias moves z of its neuron by as much as it moves itself, so the engine's own forward pass with another bias is the
/// experiment. In a batch z moves for every example, and Σₓ δ predicts the change.
package struct DeltaExperiment<T: Scalar> {
  /// The changes Δz that are made, ascending, 0 among them.
  package static var changes: [Double] {
    let ups = [0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1]
    return ups.reversed().map { -$0 } + [0] + ups
  }

  let network: Network<T>
  let batch: Dataset<T>

  package init(_ network: Network<T>, on batch: Dataset<T>) {
    self.network = network
    self.batch = batch
  }

  /// C for each of `changes`; nil of a layer whose neurons have no bias.
  ///
  /// - Parameters:
  ///   - layer: From 2.
  ///   - neuron: From 0.
  package func losses(layer: Int, neuron: Int) -> [Double]? {
    guard
      let bias = network.parameters.layout.tensors.first(where: {
        $0.layer + 2 == layer && $0.role == .bias
      }), neuron >= 0, neuron < bias.count
    else { return nil }
    var moved = network
    var workspace = Workspace(for: network, capacity: batch.count)
    let own = network.parameters.elements(of: bias)
    return Self.changes.map { change in
      var biases = own
      biases[neuron] += T(change)
      moved.parameters.setElements(of: bias, to: biases)
      return moved.forward(batch.batch, in: &workspace)
    }
  }

  /// Those of the first neurons of every layer, for a page that no engine stands behind.
  package func json(neuronsPerLayer count: Int) -> JSONValue {
    .array(
      network.layers.indices.compactMap { index in
        let layer = index + 2
        let losses = (0..<min(count, network.layers[index].affineOutputs)).compactMap {
          self.losses(layer: layer, neuron: $0)
        }
        guard !losses.isEmpty else { return nil }
        return [
          "layer": JSONValue(layer), "changes": JSONValue(Self.changes),
          "losses": .array(losses.map { JSONValue($0) }),
        ]
      })
  }
}
