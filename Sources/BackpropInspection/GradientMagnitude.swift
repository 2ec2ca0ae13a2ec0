import Backprop

// How large a rounding error of the gradient can be: near a minimum its terms cancel, and what is left
// is known only to ε of what they were.

extension Network {
  /// What each entry of the gradient is added up from: the equations of backpropagation with the
  /// magnitude of every term instead of its value, so that nothing cancels. Backpropagation rounds an
  /// entry to about ε of it.
  ///
  /// δᴸ = w (a − y) begins with w (|a| + |y|), the Jacobian of softmax with a (|s| + Σ |s| a) for
  /// s = ∇ₐC; and σ′ with the terms of its formula, such as 1 + a² for tanh.
  ///
  /// - Parameter workspace: Holds z, a and δ of every layer, after `backward`.
  /// - Complexity: O(batch × weights).
  func gradientMagnitudes(in workspace: borrowing Workspace<T>) -> Parameters<Double> {
    var result = Parameters<Double>(layout: parameters.layout)
    let front = textbookColumns(0)
    var ofFront = front?.zeros() ?? [:]
    for row in 0..<workspace.rows {
      var delta = outputDeltaMagnitudes(ofRow: row, in: workspace, into: &result)
      for layer in layers.indices.reversed() {
        delta = normalizedMagnitudes(delta, layer, row, workspace.states[layer], into: &result)
        let below = (layer == 0 ? workspace.inputs : workspace.states[layer - 1].outputs).row(row)
        var passedDown = [Double](repeating: 0, count: layers[layer].inputs)
        let target = result.mutableStart
        if let weights = parameters.layout.tensor(.weight, of: layer),
          let biases = parameters.layout.tensor(.bias, of: layer)
        {
          for j in delta.indices where delta[j] != 0 {
            target[biases.index(j)] += delta[j]
            for k in passedDown.indices {
              let index = weights.index(j, k)
              target[index] += delta[j] * abs(Double(below[k]))
              passedDown[k] += delta[j] * abs(Double(parameters.start[index]))
            }
          }
        } else if layer == 0, let columns = front {
          columns.addGradient(
            { RightSide(value: 0, scale: delta[$0]) }, { Double(below[$0]) }, to: &ofFront)
        } else if let scales = parameters.layout.tensor(.scale, of: layer) {
          for j in delta.indices {
            target[scales.index(j)] += delta[j] * abs(Double(below[j]))
            passedDown[j] = delta[j] * abs(Double(parameters.start[scales.index(j)]))
          }
        }
        if layer > 0 {
          delta = derivativeMagnitudes(
            of: layer - 1, row, passedDown, workspace.states[layer - 1], into: &result)
        }
      }
    }
    for tensor in parameters.layout.tensors(of: 0) {
      for (element, sum) in (ofFront[tensor.role] ?? []).enumerated() {
        result[tensor, element] = sum.scale
      }
    }
    return result
  }

  /// The magnitudes of what δᴸ of one example is added up from.
  private func outputDeltaMagnitudes(
    ofRow row: Int, in workspace: borrowing Workspace<T>, into result: inout Parameters<Double>
  ) -> [Double] {
    let state = workspace.states[layers.count - 1]
    let weight = abs(Double(workspace.weight(of: row)))
    let a = state.outputs.row(row).map { abs(Double($0)) }
    let y = workspace.targets.row(row).map { abs(Double($0)) }
    if loss.isCanonical(with: outputActivation) {
      let total = outputActivation == .softmax ? y.reduce(0, +) : 1
      return a.indices.map { weight * (a[$0] * total + y[$0]) }
    }
    let slopes = state.outputGradient.row(row).enumerated().map { j, slope in
      let size = slope.isFinite ? abs(Double(slope)) : 0
      switch loss {
      case .squaredError, .huber: return size + weight * (a[j] + y[j])
      default: return size
      }
    }
    if outputActivation == .softmax {
      let mean = zip(slopes, a).reduce(0) { $0 + $1.0 * $1.1 }
      return a.indices.map { a[$0] * (slopes[$0] + mean) }
    }
    return derivativeMagnitudes(of: layers.count - 1, row, slopes, state, into: &result)
  }

  /// The magnitudes of δ of a layer, from those of ∂C/∂a; adds those of ∂C/∂α.
  private func derivativeMagnitudes(
    of layer: Int, _ row: Int, _ slopes: [Double], _ state: LayerState<T>,
    into result: inout Parameters<Double>
  ) -> [Double] {
    let activation = layers[layer].activation
    if case .maxout(let pieces) = activation {
      return (0..<(slopes.count * pieces)).map { slopes[$0 / pieces] }
    }
    let parameter = Double(T(activation.kernelParameter))
    let usesZ = activation.derivativeUsesWeightedInputs
    let a = state.activated.row(row)
    let alphas = parameters.layout.tensor(.slope, of: layer)
    let target = result.mutableStart
    return slopes.indices.map { j in
      guard slopes[j] != 0 else { return 0 }
      let output = Double(a[j])
      let z = usesZ || alphas != nil ? Double(state.weightedInputs.row(row)[j]) : 0
      // 1 − a of a sigmoid is known to ε only.
      let scale =
        activation == .sigmoid
        ? output : activation.textbookDerivative(z: z, a: output, parameter).scale
      guard let alphas else { return slopes[j] * scale }
      let index = alphas.index(j)
      target[index] += slopes[j] * (abs(output) + abs(z))
      return slopes[j] * (1 + abs(Double(parameters.start[index])) * (scale + 1))
    }
  }

  /// The magnitudes of ∂C/∂z from those of ∂C/∂n, where a layer is normalised; adds those of ∂C/∂γ and
  /// ∂C/∂β.
  private func normalizedMagnitudes(
    _ delta: [Double], _ layer: Int, _ row: Int, _ state: LayerState<T>,
    into result: inout Parameters<Double>
  ) -> [Double] {
    guard let kept = state.normalization, let gains = parameters.layout.tensor(.gain, of: layer)
    else { return delta }
    let z = kept.weightedInputs.row(row)
    let mean = abs(Double(kept.moments[2 * row]))
    let s = Double(kept.moments[2 * row + 1])
    let target = result.mutableStart
    let shifts = parameters.layout.tensor(.shift, of: layer)
    var (slopes, units) = ([Double](), [Double]())
    for j in delta.indices {
      let gain = gains.index(j)
      let unit = s * (abs(Double(z[j])) + mean)
      target[gain] += delta[j] * unit
      if let shifts { target[shifts.index(j)] += delta[j] }
      slopes.append(delta[j] * abs(Double(parameters.start[gain])))
      units.append(unit)
    }
    let count = Double(max(slopes.count, 1))
    let mean1 = slopes.reduce(0, +) / count
    let mean2 = zip(slopes, units).reduce(0) { $0 + $1.0 * $1.1 } / count
    return slopes.indices.map { s * (slopes[$0] + mean1 + units[$0] * mean2) }
  }
}
