import Backprop

// Every left side of a trace against its right side, computed anew in Double from the operands as
// they stand in the record. The engine rounds in its own precision and sums in its own order, so the
// two agree up to a bound that follows from that: a sum of n terms may be off by (n + c) ε times the
// sum of the magnitudes of its terms (Higham, Accuracy and Stability of Numerical Algorithms, 2002,
// section 4.2), ε being the distance from 1 to the next number. Anything beyond is a failure.

extension Trace {
  /// Whether the pass met no NaN and no infinity.
  package var isFinite: Bool {
    loss.isFinite
      && layers.allSatisfy { record in
        record.weightedInputs.isFinite && record.outputs.isFinite && record.delta.isFinite
          && record.tensors.allSatisfy { $0.gradient.allSatisfy(\.isFinite) }
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
        && network.layers.map(\.kindName) == layers.map(\.kind)
        && network.layers.map(\.activation.description) == layers.map(\.activation)
        && network.normalizations == layers.map(\.normalization?.kind)
        && network.layers.map(\.isParametric) == layers.map { $0.activated != nil }
        && network.loss.description == lossName,
      "the trace of another network than \(network.sizes)")
    var audit = Audit<T>()
    let gradientSum = layers.flatMap(\.tensors).reduce(0.0) { $0 + $1.gradientSum(of: update) }
    var below = inputs
    for (index, record) in layers.enumerated() {
      let activation = network.layers[index].activation
      audit.weightedInputs(record, below: below)
      audit.scaledInputs(record, below: below)
      audit.columnOutputs(record, below: below)
      if let normalization = record.normalization { audit.forward(record, normalization) }
      audit.activation(record, activation)
      audit.parametricOutputs(record)
      if index + 1 < layers.count {
        audit.passedDown(record, from: layers[index + 1])
        audit.scaledDown(record, from: layers[index + 1])
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
      audit.scaleGradient(record, below: below)
      audit.columnGradients(record, below: below)
      audit.slopeGradient(record)
      if let normalization = record.normalization { audit.gradient(record, normalization) }
      audit.update(record, update, gradientSum: gradientSum)
      below = record.outputs
    }
    audit.predictedChange(self)
    audit.penalty(self)
    return audit.result(isFinite: isFinite)
  }
}

extension TensorTrace {
  /// Σ |g| over the elements, with the penalties of weights.
  fileprivate func gradientSum(of update: UpdateTrace) -> Double {
    values.indices.reduce(0.0) { sum, index in
      let value = role.isPenalized ? Double(values[index]) : 0
      let sign = value == 0 ? 0 : value > 0 ? 1.0 : -1
      return sum
        + abs(
          Double(gradient[index]) + update.l2Penalty * value + (update.l1Penalty ?? 0) * sign)
    }
  }
}
