// Every left side of a trace against its right side, computed anew in Double from the operands as
// they stand in the record. The engine rounds in its own precision and sums in its own order, so the
// two agree up to a bound that follows from that: a sum of n terms may be off by (n + c) ε times the
// sum of the magnitudes of its terms (Higham, Accuracy and Stability of Numerical Algorithms, 2002,
// section 4.2), ε being the distance from 1 to the next number. Anything beyond is a failure.

extension Trace {
  /// Whether the pass met no NaN and no infinity.
  public var isFinite: Bool {
    loss.isFinite
      && layers.allSatisfy { record in
        record.weightedInputs.isFinite && record.outputs.isFinite && record.delta.isFinite
          && record.gradient.weights.isFinite && record.gradient.biases.allSatisfy(\.isFinite)
          && (record.normalization?.isFinite ?? true)
      }
  }

  /// Holds every quantity of the record against its equation.
  ///
  /// - Parameter network: The network that was traced. Only its loss and its activations are used.
  /// - Returns: What came out; all equations of all layers are compared.
  /// - Complexity: O(batch × weights).
  @specialized(where T == Float)
  @specialized(where T == Double)
  public func verification(for network: Network<T>) -> Verification {
    precondition(
      network.sizes == sizes
        && network.layers.map(\.activation.description) == layers.map(\.activation)
        && network.normalizations == layers.map(\.normalization?.kind)
        && network.loss.description == lossName,
      "the trace of another network than \(network.sizes)")
    var audit = Audit<T>()
    let gradientSum = layers.reduce(0.0) { $0 + $1.gradientSum(of: update) }
    var below = inputs
    for (index, record) in layers.enumerated() {
      let activation = network.layers[index].activation
      audit.forward(record, below: below, activation)
      if let normalization = record.normalization { audit.forward(record, normalization) }
      if index + 1 < layers.count {
        audit.passedDown(record, from: layers[index + 1])
        if let normalization = record.normalization {
          audit.delta(record, activation, .normalizedDelta, of: normalization.normalizedDelta)
          audit.delta(record, normalization)
        } else {
          audit.delta(record, activation, .bp2)
        }
      } else {
        audit.loss(self, record, network.loss, activation)
        if record.generalDelta == nil {
          audit.delta(record, activation, .bp1)
        } else {
          audit.shortcut(self, record, activation)
        }
      }
      audit.gradient(record, below: below)
      audit.update(record, update, gradientSum: gradientSum)
      if let normalization = record.normalization {
        audit.gradient(record, normalization)
        audit.update(normalization, of: record.layer, update, gradientSum: gradientSum)
      }
      below = record.outputs
    }
    audit.predictedChange(self)
    audit.penalty(self)
    return audit.result(isFinite: isFinite)
  }
}

extension LayerTrace {
  /// Σ |g| over the weights, with their penalties, and the biases of the layer.
  fileprivate func gradientSum(of update: UpdateTrace) -> Double {
    var sum = 0.0
    for j in 0..<parameters.weights.rows {
      for k in 0..<parameters.weights.columns {
        let weight = Double(parameters.weights[j, k])
        let sign = weight == 0 ? 0 : weight > 0 ? 1.0 : -1
        sum += abs(
          Double(gradient.weights[j, k]) + update.l2Penalty * weight
            + (update.l1Penalty ?? 0) * sign)
      }
      sum += abs(Double(gradient.biases[j]))
    }
    guard let slopes = normalization?.gradient else { return sum }
    return (slopes.gain + slopes.shift).reduce(sum) { $0 + abs(Double($1)) }
  }
}
