import Backprop

/// The state of one layer: its error, its units and its updates.
public struct LayerDiagnosis: Codable, Hashable, Sendable {
  /// l, from 2 to L.
  public let layer: Int
  package let neurons: Int
  /// The name of σ.
  package let activation: String
  /// ‖δˡ‖ and what made it, over the measured examples.
  package let flow: ErrorFlow
  /// Share of the layer's ReLU units that gave 0 for every example; nil for other activations.
  public let deadShare: Double?
  /// Share of the outputs, over units and examples, at which σ′ is near 0; nil except for sigmoid and
  /// tanh, and of a parametric activation, which lets the error through beside σ. On the last layer a saturated output may simply be right, so only those that are wrong by
  /// half their range or more count; and nil where the loss strikes σ′ out (a canonical pair).
  public let saturatedShare: Double?
  /// Share of the neurons that have a twin: the same elements in every tensor, and the same δ for every
  /// measured example; nil for the last layer, where targets tell neurons apart, and for a scaling
  /// layer, where each has an input of its own.
  package let symmetricShare: Double?
  /// ‖ΔW‖ / ‖W‖; nil where W is 0 or there is none, or no step was made.
  public let weightUpdateRatio: Double?
  /// ‖Δb‖ / ‖b‖, all tensors but W as one; nil likewise. Biases begin at 0, so that early ratios are
  /// large: no finding judges it.
  package let biasUpdateRatio: Double?
}

/// How far a step moves the tensors of one layer, as shares of their norms.
struct UpdateRatio: Sendable {
  var weight: Double?
  var bias: Double?

  /// The median of each over some steps; of two in the middle the larger.
  static func median(of steps: [UpdateRatio]) -> UpdateRatio {
    func median(_ values: [Double]) -> Double? {
      let finite = values.filter(\.isFinite).sorted()
      return finite.isEmpty ? nil : finite[finite.count / 2]
    }
    return UpdateRatio(
      weight: median(steps.compactMap(\.weight)), bias: median(steps.compactMap(\.bias)))
  }
}

extension Parameters {
  /// ‖θ − θ₀‖ / ‖θ₀‖ of every tensor.
  ///
  /// - Parameter start: θ₀, of the same layout.
  /// - Returns: One element a layer; a ratio is nil where θ₀ is 0.
  @specialized(where T == Float)
  @specialized(where T == Double)
  func updateRatios(from start: Parameters) -> [UpdateRatio] {
    precondition(layout == start.layout, "parameters of different layouts")
    /// Of all tensors of a layer that the penalties touch, or of all others.
    func ratio(of layer: Int, penalized: Bool) -> Double? {
      var (moves, norms) = (0.0, 0.0)
      for tensor in layout.tensors(of: layer) where tensor.role.isPenalized == penalized {
        for (new, old) in zip(elements(of: tensor), start.elements(of: tensor)) {
          let move = Double(new) - Double(old)
          moves += move * move
          norms += Double(old) * Double(old)
        }
      }
      return norms > 0 ? (moves / norms).squareRoot() : nil
    }
    return (0..<layout.layerCount).map {
      UpdateRatio(weight: ratio(of: $0, penalized: true), bias: ratio(of: $0, penalized: false))
    }
  }
}

/// Which units ever fire, and how many outputs lie where σ′ is near 0, over any number of batches.
struct ActivityCount<T: Scalar> {
  /// Whether each ReLU unit gave anything but 0; no elements for other activations.
  private var hasFired: [[Bool]]
  private var saturated: [Int]
  private var examples = 0
  private let bound: T
  private let activations: [Activation]
  private let isParametric: [Bool]
  /// Whether σ′ of the last layer holds the error back.
  private let countsLast: Bool

  /// - Parameter saturatedDerivative: σ′ over its largest value up to which an output is saturated.
  init(for network: Network<T>, saturatedDerivative: Double) {
    activations = network.layers.map(\.activation)
    isParametric = network.layers.map(\.isParametric)
    hasFired = network.layers.map { layer in
      layer.activation == .relu ? [Bool](repeating: false, count: layer.outputs) : []
    }
    saturated = [Int](repeating: 0, count: network.layers.count)
    bound = T(saturatedDerivative)
    countsLast = !network.loss.isCanonical(with: network.outputActivation)
  }

  /// Counts the outputs of the last forward pass.
  @specialized(where T == Float)
  @specialized(where T == Double)
  mutating func add(_ workspace: borrowing Workspace<T>) {
    examples += workspace.rows
    for (index, activation) in activations.enumerated() {
      let outputs = workspace.states[index].outputs
      let isLast = index == activations.count - 1
      for row in 0..<workspace.rows {
        let a = outputs.row(row)
        if isLast, activation == .sigmoid || activation == .tanh {
          saturated[index] += saturatedAndWrong(a, workspace.targets.row(row), activation)
          continue
        }
        switch activation {
        case .relu: for unit in a.indices where a[unit] != 0 { hasFired[index][unit] = true }
        // σ′ = a (1 − a), at most ¼.
        case .sigmoid:
          for value in a where 4 * value * (1 - value) <= bound { saturated[index] += 1 }
        // σ′ = 1 − a², at most 1.
        case .tanh: for value in a where 1 - value * value <= bound { saturated[index] += 1 }
        default: break
        }
      }
    }
  }

  /// Outputs of the last layer at which σ′ is near 0, on the wrong side.
  private func saturatedAndWrong(
    _ a: UnsafeMutableBufferPointer<T>, _ y: UnsafeMutableBufferPointer<T>, _ activation: Activation
  ) -> Int {
    a.indices.count { unit in
      let derivative = activation == .sigmoid ? 4 * a[unit] * (1 - a[unit]) : 1 - a[unit] * a[unit]
      return derivative <= bound && abs(a[unit] - y[unit]) >= (activation == .sigmoid ? 0.5 : 1)
    }
  }

  /// Share of the units of a layer, from 0, that never fired; nil unless it is ReLU.
  func deadShare(of layer: Int) -> Double? {
    guard activations[layer] == .relu, examples > 0 else { return nil }
    let units = hasFired[layer]
    return Double(units.count { !$0 }) / Double(units.count)
  }

  /// Share of the outputs of a layer, from 0, that are saturated, on the last one also wrong; nil unless
  /// σ can be, and holds the error back.
  func saturatedShare(of layer: Int, neurons: Int) -> Double? {
    guard [.sigmoid, .tanh].contains(activations[layer]), !isParametric[layer],
      layer < activations.count - 1 || countsLast, examples > 0
    else { return nil }
    return Double(saturated[layer]) / (Double(neurons) * Double(examples))
  }
}

extension Network {
  /// Share of the neurons of a hidden layer that have a twin: equal elements in every tensor, and an
  /// equal δ for every example of the last backward pass.
  ///
  /// Such neurons get the same gradient and stay the same for ever. Equal δ alone would not do: dead
  /// units of ReLU all have δ = 0, and still differ.
  ///
  /// - Parameter layer: A hidden layer, from 0 for the first that computes.
  /// - Returns: nil for a layer without weights, each of whose neurons has an input of its own.
  /// - Complexity: O(neurons × (inputs + batch)), unless many neurons agree in part.
  func symmetricShare(of layer: Int, in workspace: borrowing Workspace<T>) -> Double? {
    guard let first = parameters.layout.tensor(.weight, of: layer) else { return nil }
    let neurons = layers[layer].outputs
    let tensors = parameters.layout.tensors(of: layer)
    let delta = workspace.states[layer].delta
    let pieces = delta.columns / neurons
    let rows = workspace.rows
    func areEqual(_ left: Int, _ right: Int) -> Bool {
      tensors.allSatisfy { tensor in
        // A row an output, or one for each of its pieces.
        let elements = tensor.count / neurons
        return (0..<elements).allSatisfy {
          parameters[tensor, left * elements + $0] == parameters[tensor, right * elements + $0]
        }
      }
        && (0..<pieces).allSatisfy { piece in
          let (i, j) = (left * pieces + piece, right * pieces + piece)
          return (0..<rows).allSatisfy { delta.row($0)[i] == delta.row($0)[j] }
        }
    }
    // Neurons that differ in the first weight are not compared further.
    var groups: [T: [[Int]]] = [:]
    for neuron in 0..<neurons {
      let key = parameters[first, neuron * first.count / neurons]
      if let group = groups[key]?.firstIndex(where: { areEqual($0[0], neuron) }) {
        groups[key]?[group].append(neuron)
      } else {
        groups[key, default: []].append([neuron])
      }
    }
    let twins = groups.values.joined().reduce(0) { $0 + ($1.count > 1 ? $1.count : 0) }
    return Double(twins) / Double(neurons)
  }

  /// The layers' records, from the last backward pass.
  ///
  /// - Parameters:
  ///   - workspace: Holds the passes over the measured examples.
  ///   - activity: What the units did, over these examples or more.
  ///   - updates: How far a step moves each layer; empty if none was made.
  func layerDiagnoses(
    in workspace: borrowing Workspace<T>, activity: ActivityCount<T>, updates: [UpdateRatio]
  ) -> [LayerDiagnosis] {
    let flow = errorFlow(in: workspace)
    var result: [LayerDiagnosis] = []
    for (index, layer) in layers.enumerated() {
      let isHidden = index < layers.count - 1
      result.append(
        LayerDiagnosis(
          layer: index + 2, neurons: layer.outputs, activation: layer.activation.description,
          flow: flow[index], deadShare: activity.deadShare(of: index),
          saturatedShare: activity.saturatedShare(of: index, neurons: layer.outputs),
          symmetricShare: isHidden ? symmetricShare(of: index, in: workspace) : nil,
          weightUpdateRatio: updates.isEmpty ? nil : updates[index].weight,
          biasUpdateRatio: updates.isEmpty ? nil : updates[index].bias))
    }
    return result
  }

  /// ‖δᴸ‖ that rounding alone makes: ε of what a − y is added up from, with the weights of the
  /// examples.
  func errorResolution(in workspace: borrowing Workspace<T>) -> Double {
    let last = workspace.states[layers.count - 1]
    let scale = workspace.scale
    var sum = 0.0
    for row in 0..<workspace.rows {
      let weight = Double((workspace.weights?[row] ?? 1) * scale)
      let (a, y) = (last.outputs.row(row), workspace.targets.row(row))
      for j in a.indices {
        let size = weight * (abs(Double(a[j])) + abs(Double(y[j])))
        sum += size * size
      }
    }
    return Double(T.ulpOfOne) * sum.squareRoot()
  }

  /// C of an example if every class is equally likely, ln K; for K yes-or-no outputs K ln 2. Nil for
  /// losses whose first value depends on the targets.
  package var lossOfGuessing: Double? {
    let ln2 = Double.naturalLogarithm(2)
    switch (loss, outputActivation) {
    case (.crossEntropy, .softmax) where outputCount > 1:
      return Double.naturalLogarithm(Double(outputCount))
    case (.binaryCrossEntropy, .sigmoid): return Double(outputCount) * ln2
    default: return nil
    }
  }
}

extension DiagnosisThresholds {
  /// What is out of bounds in the layers.
  ///
  /// - Parameters:
  ///   - judgesSmallUpdates: False where the schedule itself makes the updates small.
  ///   - judgesLargeUpdates: False where the rule itself mends updates that are too large.
  ///   - errorResolution: ‖δᴸ‖ up to which it is rounding, and its way down says nothing.
  func findings(
    in layers: [LayerDiagnosis], judgesSmallUpdates: Bool = true, judgesLargeUpdates: Bool = true,
    errorResolution: Double = 0
  ) -> [Finding] {
    var findings: [Finding] = []
    func check(
      _ code: Finding.Code, _ value: Double?, in layer: Int, above name: Name
    ) {
      guard let value, value > self[name] else { return }
      findings.append(Finding(code, layer: layer, value: value, threshold: self[name]))
    }
    // ‖δ²‖ / ‖δᴸ‖. Without a hidden layer it is 1, and without an error NaN, which is in bounds.
    let error = layers.last?.flow.norm ?? 0
    let total = error > errorResolution ? (layers.first?.flow.norm ?? 0) / error : .nan
    for layer in layers {
      if total < self[.vanishingTotal], let ratio = layer.flow.ratio, ratio < self[.vanishingRatio]
      {
        findings.append(
          Finding(
            .vanishingError, layer: layer.layer, value: ratio, threshold: self[.vanishingRatio]))
      }
      if total > self[.explodingTotal] {
        check(.explodingError, layer.flow.ratio, in: layer.layer, above: .explodingRatio)
      }
      check(.deadUnits, layer.deadShare, in: layer.layer, above: .deadShare)
      check(.saturatedUnits, layer.saturatedShare, in: layer.layer, above: .saturatedShare)
      check(.symmetry, layer.symmetricShare, in: layer.layer, above: .symmetricShare)
      if judgesLargeUpdates {
        check(.updateTooLarge, layer.weightUpdateRatio, in: layer.layer, above: .updateLarge)
      }
      if judgesSmallUpdates, let ratio = layer.weightUpdateRatio, ratio < self[.updateSmall] {
        findings.append(
          Finding(
            .updateTooSmall, layer: layer.layer, value: ratio, threshold: self[.updateSmall]))
      }
    }
    return findings
  }

  /// Whether the loss of a network that was never trained is that of guessing.
  func finding(lossAtStart loss: Double, of guessing: Double?) -> Finding? {
    guard let guessing else { return nil }
    let distance = abs(loss - guessing) / guessing
    guard distance > self[.lossAtStart] else { return nil }
    return Finding(.lossAtStart, value: distance, threshold: self[.lossAtStart])
  }
}
