import Backprop

/// Every quantity of one pass of the engine: what training computes for a batch, copied out.
///
/// The record holds, for all layers, x, y, z, a, σ′, ∂C/∂a, δ, the gradient of every tensor and the
/// optimiser's update, and C before and after. `Network.trace` takes it from a `Workspace` after the very same
/// calls that a training step makes; nothing of it is computed by other code. `verification(for:)` holds
/// each quantity against its equation. Only C after the update has none in the record: it is what the
/// engine measured at θ + Δθ.
///
/// The Codable form is versioned: keys are never renamed within a version. Matrices are arrays of
/// rows.
public struct Trace<T: Scalar>: Codable, Sendable, Equatable {
  /// The version of the Codable form that this library writes: 2.
  package static var currentVersion: Int { 2 }

  /// The version of this record's form.
  package let version: Int
  /// "float" or "double": the precision that the engine ran in.
  package let precision: String
  /// The widths: inputs, hidden layers, outputs.
  package let sizes: [Int]
  /// C of one example, by its name.
  package let lossName: String
  /// How the examples are weighed.
  public let reduction: Reduction
  /// The numbers of the examples in their data set, from 1; one for each row of the matrices.
  package let examples: [Int]
  /// wₓ of each example: its own weight times the factor of the reduction.
  public let weights: [T]
  /// wₓ Cₓ of each example.
  package let losses: [T]
  /// x, `[m, inputs]`.
  public let inputs: Matrix<T>
  /// y, `[m, outputs]`.
  public let targets: Matrix<T>
  /// Layers 2 … L.
  public let layers: [LayerTrace<T>]
  /// What the optimiser did, and to what effect.
  public let update: UpdateTrace

  /// C = Σₓ wₓ Cₓ, without penalties.
  public let loss: Double
  /// ½ λ ‖W‖².
  public let penalty: Double
}

/// One layer of a trace.
public struct LayerTrace<T: Scalar>: Codable, Sendable, Equatable {
  /// l, from 2 to L.
  public let layer: Int
  /// "dense", "scale" or "columns": what files call the kind of layer.
  package let kind: String
  /// What a layer of columns makes of its inputs; nil of others.
  package let columns: [ColumnsLayer.Part]?
  /// σ, by its name: "relu".
  public let activation: String
  /// All tensors of the layer in their order.
  public let tensors: [TensorTrace<T>]
  /// z, `[m, affine outputs]`.
  public let weightedInputs: Matrix<T>
  /// σ(z) of a parametric activation, `[m, outputs]`; nil elsewhere, where it is a.
  package let activated: Matrix<T>?
  /// a, `[m, outputs]`.
  public let outputs: Matrix<T>
  /// σ′(z), `[m, affine outputs]`; nil for softmax, whose derivative is a matrix. Of maxout: 1 for the
  /// winner, 0 for the others. Of a normalised layer σ′(n).
  public let derivative: Matrix<T>?
  /// ∂C/∂a, `[m, outputs]`: wₓ ∇ₐC in the last layer (BP1), (Wˡ⁺¹)ᵀ δˡ⁺¹ in a hidden one (BP2).
  public let outputGradient: Matrix<T>
  /// δ, `[m, affine outputs]`, as training uses it.
  public let delta: Matrix<T>
  /// δᴸ by the general form of BP1, where training takes the shortcut of a canonical pair; else nil.
  public let generalDelta: Matrix<T>?
  /// What stands between z and σ; nil where z is not normalised.
  package let normalization: NormalizationTrace<T>?

  /// What σ is applied to, `[m, affine outputs]`: n of a normalised layer, else z.
  package var activationInputs: Matrix<T> { normalization?.normalized ?? weightedInputs }
}

/// One step of the optimiser, and what it did to the loss.
public struct UpdateTrace: Codable, Sendable, Equatable {
  package let optimizer: OptimizerRule
  /// t, updates made before this one.
  package let step: Int
  /// η.
  package let learningRate: Double
  /// λ of ½ λ ‖W‖².
  package let l2Penalty: Double
  /// λ₁ of λ₁ ‖W‖₁; nil for none.
  package let l1Penalty: Double?
  /// λ of decoupled decay.
  package let weightDecay: Double
  /// C of the same examples after the update, without penalties.
  public let lossAfter: Double
  /// ½ λ ‖W‖² + λ₁ ‖W‖₁ after the update.
  package let penaltyAfter: Double
  /// C after an update of the weights alone, biases frozen.
  public let lossAfterWeightsOnly: Double
  /// The change of C + ½ λ ‖W‖² to first order: −η ‖∇(C + ½ λ ‖W‖²)‖² for plain descent, from the
  /// gradient itself; else ∇(C + ½ λ ‖W‖²) · Δθ.
  public let predictedChange: Double
  /// The same for the weights alone.
  package let predictedChangeWeightsOnly: Double

  /// Whether Δθ is −η times the gradient and nothing else.
  package var isPlainDescent: Bool {
    (optimizer == .sgd || optimizer == .gradientDescent) && weightDecay == 0
  }
}

extension Network {
  /// Takes one step of training apart: runs it, and keeps every quantity.
  ///
  /// - Parameters:
  ///   - batch: One example or several.
  ///   - examples: The numbers by which the record names them; nil for 1 … m.
  ///   - optimizer: The rule, with its moments as they are before the step.
  ///   - learningRate: η.
  ///   - l2Penalty: λ of ½ λ ‖W‖²; enters with BP4, never in δ.
  ///   - l1Penalty: λ₁ of λ₁ ‖W‖₁, likewise.
  ///   - pool: Threads to use; nil for the caller's alone. Changes no bit.
  /// - Returns: The record. The network itself does not change.
  /// - Precondition: The batch has at least one example, and as many numbers as examples.
  /// - Complexity: O(batch × weights), in memory O(weights + batch × neurons).
  @specialized(where T == Float)
  @specialized(where T == Double)
  public func trace(
    _ batch: Batch<T>, examples: [Int]? = nil, optimizer: Optimizer<T>, learningRate: Double,
    l2Penalty: Double = 0, l1Penalty: Double = 0, pool: ThreadPool? = nil
  ) -> Trace<T> {
    let examples = examples ?? Array(1...max(batch.count, 1))
    precondition(
      batch.count >= 1 && examples.count == batch.count,
      "\(examples.count) numbers for \(batch.count) examples")
    // The step itself, as the trainer makes it.
    var workspace = Workspace(for: self, capacity: batch.count, keepsWeightedInputs: true)
    var gradient = makeGradient()
    let loss = forward(batch, in: &workspace, pool: pool)
    backward(in: &workspace, into: &gradient, pool: pool)
    let equations = gradient
    let penalties = Penalties(l1: l1Penalty, l2: l2Penalty)
    gradient.addGradient(of: penalties, at: parameters, pool: pool)
    var after = self
    var stepped = optimizer
    stepped.update(&after.parameters, along: gradient, rate: learningRate, pool: pool)

    // The copies.
    let last = layers.count - 1
    let weights = (0..<batch.count).map { workspace.weight(of: $0) }
    let losses = workspace.exampleLosses
    let inputs = workspace.copy(workspace.inputs)
    let targets = workspace.copy(workspace.targets)
    var records: [LayerTrace<T>] = []
    for index in layers.indices {
      let delta = workspace.delta(of: index)
      var general: Matrix<T>?
      let outputGradient: Matrix<T>
      if index == last {
        // The last layer is copied last, so its δ may be formed anew, by the general form.
        if self.loss.isCanonical(with: outputActivation) {
          formOutputDelta(0..<batch.count, in: workspace, usingShortcut: false)
          general = workspace.delta(of: index)
        }
        outputGradient = workspace.copy(workspace.states[index].outputGradient)
      } else {
        outputGradient = self.outputGradient(of: index, in: workspace)
      }
      records.append(
        LayerTrace(
          layer: index + 2, kind: layers[index].kindName,
          columns: layers[index].columns?.parts,
          activation: layers[index].activation.description,
          tensors: tensorTraces(
            of: index, gradient: equations, changed: after.parameters, optimizer: optimizer),
          weightedInputs: workspace.weightedInputs(of: index) ?? Matrix(rows: 0, columns: 0),
          activated: layers[index].isParametric
            ? workspace.copy(workspace.states[index].activated) : nil,
          outputs: workspace.outputs(of: index),
          derivative: derivative(of: index, in: workspace), outputGradient: outputGradient,
          delta: delta, generalDelta: general,
          normalization: normalizationTrace(of: index, in: workspace)))
    }

    // The loss after the step, and after a step of the weights alone.
    var weightsOnly = self
    for tensor in parameters.layout.tensors where tensor.role.isPenalized {
      weightsOnly.parameters.setElements(of: tensor, to: after.parameters.elements(of: tensor))
    }
    let lossAfter = after.forward(batch, in: &workspace, pool: pool)
    let lossAfterWeightsOnly = weightsOnly.forward(batch, in: &workspace, pool: pool)
    let isPlainDescent =
      (optimizer.rule == .sgd || optimizer.rule == .gradientDescent) && optimizer.weightDecay == 0
    var predicted = (weights: 0.0, others: 0.0)
    for tensor in records.flatMap(\.tensors) {
      var change = 0.0
      for (index, theta) in tensor.values.enumerated() {
        let slope =
          Double(tensor.gradient[index])
          + (tensor.role.isPenalized ? penalties.slope(at: Double(theta)) : 0)
        // −η ‖∇‖² of plain descent, not by way of Δθ, which is read off as a difference of rounded
        // parameters.
        change += slope * (isPlainDescent ? -learningRate * slope : Double(tensor.update[index]))
      }
      if tensor.role.isPenalized { predicted.weights += change } else { predicted.others += change }
    }
    return Trace(
      version: Trace<T>.currentVersion, precision: T.precisionName, sizes: sizes,
      lossName: self.loss.description, reduction: reduction, examples: examples, weights: weights,
      losses: losses, inputs: inputs, targets: targets, layers: records,
      update: UpdateTrace(
        optimizer: optimizer.rule, step: optimizer.step, learningRate: learningRate,
        l2Penalty: l2Penalty, l1Penalty: l1Penalty > 0 ? l1Penalty : nil,
        weightDecay: optimizer.weightDecay, lossAfter: lossAfter,
        penaltyAfter: after.parameters.penalty(penalties),
        lossAfterWeightsOnly: lossAfterWeightsOnly,
        predictedChange: predicted.weights + predicted.others,
        predictedChangeWeightsOnly: predicted.weights),
      loss: loss, penalty: parameters.penalty(penalties))
  }

  /// σ′(z) of the last pass, `[m, affine outputs]`, by the kernel of BP1 and BP2; nil for softmax.
  func derivative(of layer: Int, in workspace: borrowing Workspace<T>) -> Matrix<T>? {
    let activation = layers[layer].activation
    let state = workspace.states[layer]
    let rows = workspace.rows
    var result = Matrix<T>(rows: rows, columns: layers[layer].affineOutputs)
    let start = result.mutableStart
    let target = MatrixView(
      start: start, columns: result.columns, stride: result.stride, isKept: true)
    switch activation {
    case .softmax: return nil
    default:
      // δ = ∂C/∂a ⊙ σ′ of an error of 1 is σ′.
      var ones = Matrix<T>(rows: rows, columns: layers[layer].outputs)
      for row in 0..<rows {
        ones.setRow(row, to: repeatElement(1, count: ones.columns))
      }
      withExtendedLifetime(ones) {
        activation.formDelta(
          rows, gradient: $0.view(from: 0), outputs: state.activated,
          weightedInputs: state.weightedInputs, into: target)
      }
    }
    return result
  }
}

extension Trace {
  private enum Key: String, CodingKey {
    case version, precision, sizes, lossName, reduction, examples, weights, losses, inputs, targets
    case layers, update, loss, penalty
  }

  /// Reads a record, and refuses one that no pass can have left.
  ///
  /// - Throws: `DecodingError` for another version or precision, and for shapes that do not fit
  ///   together.
  public init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: Key.self)
    version = try container.decode(Int.self, forKey: .version)
    precision = try container.decode(String.self, forKey: .precision)
    guard version == Self.currentVersion, precision == T.precisionName else {
      throw DecodingError.dataCorruptedError(
        forKey: .version, in: container,
        debugDescription:
          "a trace of version \(version) in \(precision) precision, expected version "
          + "\(Self.currentVersion) in \(T.precisionName)")
    }
    sizes = try container.decode([Int].self, forKey: .sizes)
    lossName = try container.decode(String.self, forKey: .lossName)
    reduction = try container.decode(Reduction.self, forKey: .reduction)
    examples = try container.decode([Int].self, forKey: .examples)
    weights = try container.decode([T].self, forKey: .weights)
    losses = try container.decode([T].self, forKey: .losses)
    inputs = try container.decode(Matrix<T>.self, forKey: .inputs)
    targets = try container.decode(Matrix<T>.self, forKey: .targets)
    layers = try container.decode([LayerTrace<T>].self, forKey: .layers)
    update = try container.decode(UpdateTrace.self, forKey: .update)
    loss = try container.decode(Double.self, forKey: .loss)
    penalty = try container.decode(Double.self, forKey: .penalty)
    let count = examples.count
    let isSound =
      count >= 1 && sizes.count == layers.count + 1 && weights.count == count
      && losses.count == count && inputs.has(count, sizes[0])
      && targets.has(count, sizes[sizes.count - 1])
      && layers.indices.allSatisfy { index in
        layers[index].layer == index + 2
          && layers[index].fits(
            examples: count, inputs: sizes[index], outputs: sizes[index + 1])
      }
    guard isSound else {
      throw DecodingError.dataCorruptedError(
        forKey: .layers, in: container,
        debugDescription:
          "the shapes of a trace do not fit the sizes \(sizes) and \(count) examples")
    }
  }
}

extension LayerTrace {
  /// Whether all shapes are those of a layer with so many inputs and outputs, in a batch.
  fileprivate func fits(examples: Int, inputs: Int, outputs: Int) -> Bool {
    guard self.outputs.has(examples, outputs), kind != "scale" || inputs == outputs else {
      return false
    }
    let layer: Layer =
      switch columns {
      case let columns?: .columns(ColumnsLayer(parts: columns))
      case nil where kind == "scale": .scale(ScaleLayer(size: outputs))
      case nil:
        .dense(
          DenseLayer(
            inputs: inputs, outputs: outputs, activation: Activation(activation) ?? .identity,
            normalization: normalization?.kind, isParametric: activated != nil))
      }
    guard layer.inputs == inputs, layer.outputs == outputs else { return false }
    let width = layer.affineOutputs
    let expected = ParameterLayout(layers: [layer]).tensors
    return kind == layer.kindName && tensors.count == expected.count
      && zip(tensors, expected).allSatisfy { $0.fits($1) }
      && weightedInputs.has(examples, width) && outputGradient.has(examples, outputs)
      && (activated?.has(examples, outputs) ?? true) && delta.has(examples, width)
      && (derivative?.has(examples, width) ?? true)
      && (generalDelta?.has(examples, width) ?? true)
      && (normalization?.fits(examples: examples, width: width) ?? true)
  }
}

extension Matrix {
  fileprivate func has(_ rows: Int, _ columns: Int) -> Bool {
    self.rows == rows && self.columns == columns
  }
}

extension Matrix: Codable {
  /// Reads an array of rows of equal length.
  public init(from decoder: any Decoder) throws {
    let container = try decoder.singleValueContainer()
    let rows = try container.decode([[Element]].self)
    guard rows.allSatisfy({ $0.count == rows[0].count }) else {
      throw DecodingError.dataCorruptedError(
        in: container, debugDescription: "rows of a matrix of different lengths")
    }
    self.init(rows)
  }

  /// Writes an array of rows.
  public func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    try container.encode(elements)
  }
}
