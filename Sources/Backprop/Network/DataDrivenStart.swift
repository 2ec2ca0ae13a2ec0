extension Network {
  /// The most rows that the start is taken from.
  package static var rowsOfStart: Int { 256 }

  /// Goes on from fresh weights to those of `Initializer.data`: layer by layer, from the bottom, the weights of
  /// each neuron are divided by the deviation of its z over the rows, and its bias is
  ///
  ///     b = −Σᵢ eᵢ zᵢ / Σᵢ eᵢ        over 5 of the rows drawn at random, eᵢ exponential
  ///
  /// Holzmüller, Grinsztajn & Steinwart 2024, *Better by Default*, arXiv 2407.04491 (RealMLP).
  ///
  /// - Parameters:
  ///   - rows: Rows of training, `[rows, inputs]`, at least one.
  ///   - seed: The same seed gives the same start.
  package mutating func start(from rows: Matrix<T>, seed: UInt64) {
    precondition(rows.rows > 0 && rows.columns == inputCount, "no rows to start from")
    var workspace = Workspace(for: self, capacity: rows.rows, keepsWeightedInputs: true)
    var stream = UInt32(1 << 16)
    for (index, layer) in layers.enumerated() where layer.dense != nil {
      guard let weight = parameters.layout.tensor(.weight, of: index),
        let bias = parameters.layout.tensor(.bias, of: index)
      else { continue }
      var z = weightedInputs(of: index, for: rows, in: &workspace)
      var weights = parameters.elements(of: weight)
      let inputs = weight.shape[1]
      for neuron in 0..<weight.shape[0] {
        var moments = Moments()
        for row in 0..<rows.rows { moments.add(Double(z[row, neuron])) }
        guard moments.deviation > 0 else { continue }
        for place in neuron * inputs..<(neuron + 1) * inputs {
          weights[place] = T(Double(weights[place]) / moments.deviation)
        }
      }
      parameters.setElements(of: weight, to: weights)
      z = weightedInputs(of: index, for: rows, in: &workspace)
      var random = RandomSource(seed: seed, purpose: .initialization, index: stream)
      stream += 1
      let biases = (0..<bias.count).map { neuron in
        var (sum, total) = (0.0, 0.0)
        for _ in 0..<5 {
          let share = -Double.naturalLogarithm(random.uniform())
          sum += share * Double(z[random.index(below: rows.rows), neuron])
          total += share
        }
        return T(-sum / total)
      }
      parameters.setElements(of: bias, to: biases)
    }
  }

  /// z of a layer, with what the parameters are now.
  private func weightedInputs(
    of layer: Int, for rows: Matrix<T>, in workspace: inout Workspace<T>
  ) -> Matrix<T> {
    workspace.rows = rows.rows
    workspace.inputs = rows.paddedView(
      of: 0..<rows.rows, copiedTo: workspace.gatheredInputs)
    propagate(0..<rows.rows, in: workspace, pool: nil)
    return workspace.weightedInputs(of: layer) ?? Matrix(rows: 0, columns: 0)
  }
}

extension Network {
  /// The same from at most `rowsOfStart` examples, drawn at random, where the initialiser says so.
  ///
  /// - Throws: `FileError` if they cannot be read.
  mutating func start(
    from examples: TrainingExamples<T>, by initializer: Initializer?, seed: UInt64
  ) throws(FileError) {
    guard initializer == .data else { return }
    let count = examples.count
    var rows = [UInt32](0..<UInt32(count))
    if count > Self.rowsOfStart {
      var random = RandomSource(seed: seed, purpose: .sampling, index: 1)
      rows = (0..<Self.rowsOfStart).map { _ in UInt32(random.index(below: count)) }
    }
    start(from: try examples.subset(rows).inputs, seed: seed)
  }
}
