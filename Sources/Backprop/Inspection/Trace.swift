/// Every quantity of one pass of the engine: what training computes for a batch, copied out.
///
/// The record holds, for all layers, x, y, z, a, σ′, ∂C/∂a, δ, ∂C/∂b, ∂C/∂W and the optimiser's
/// update, and C before and after. `Network.trace` takes it from a `Workspace` after the very same
/// calls that a training step makes; nothing of it is computed by other code. `verification(for:)` holds
/// each quantity against its equation. Only C after the update has none in the record: it is what the
/// engine measured at θ + Δθ.
///
/// The Codable form is versioned: keys are never renamed within a version. Matrices are arrays of
/// rows.
public struct Trace<T: Scalar>: Codable, Sendable, Equatable {
  /// The version of the Codable form that this library writes: 1.
  public static var currentVersion: Int { 1 }

  /// The version of this record's form.
  public let version: Int
  /// "float" or "double": the precision that the engine ran in.
  public let precision: String
  /// The widths: inputs, hidden layers, outputs.
  public let sizes: [Int]
  /// C of one example, by its name.
  public let lossName: String
  /// How the examples are weighed.
  public let reduction: Reduction
  /// The numbers of the examples in their data set, from 1; one for each row of the matrices.
  public let examples: [Int]
  /// wₓ of each example: its own weight times the factor of the reduction.
  public let weights: [T]
  /// wₓ Cₓ of each example.
  public let losses: [T]
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
  public let activation: String
  /// W `[affine outputs, inputs]` and b before the update.
  public let parameters: AffineTensor<T>
  /// z, `[m, affine outputs]`.
  public let weightedInputs: Matrix<T>
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
  /// ∂C/∂W by BP4 and ∂C/∂b by BP3, without penalties.
  public let gradient: AffineTensor<T>
  /// What the update added to W and b.
  public let update: AffineTensor<T>
  /// The first moment (or velocity) before the update; nil where the rule has none.
  public let firstMoment: AffineTensor<T>?
  /// The second moment before the update; nil where the rule has none.
  public let secondMoment: AffineTensor<T>?
  /// The largest second moment before the update; nil where the rule has none.
  public let maximumMoment: AffineTensor<T>?
  /// What stands between z and σ; nil where z is not normalised.
  public let normalization: NormalizationTrace<T>?

  /// What σ is applied to, `[m, affine outputs]`: n of a normalised layer, else z.
  public var activationInputs: Matrix<T> { normalization?.normalized ?? weightedInputs }
  /// ‖∂C/∂(W, b, γ, β)‖².
  var gradientSquares: Double { gradient.squares + (normalization?.gradient.squares ?? 0) }
}

/// Weights and biases of one layer, or a gradient, a moment or an update of them.
public struct AffineTensor<T: Scalar>: Codable, Sendable, Equatable {
  /// `[affine outputs, inputs]`.
  public let weights: Matrix<T>
  /// `[affine outputs]`.
  public let biases: [T]

  /// The square root of the sum of all squares, in double precision.
  public var norm: Double { squares.squareRoot() }

  var squares: Double {
    let weights = weights.view(from: 0).norm(rows: weights.rows)
    return weights * weights + biases.reduce(0) { $0 + Double($1) * Double($1) }
  }
}

/// One step of the optimiser, and what it did to the loss.
public struct UpdateTrace: Codable, Sendable, Equatable {
  public let optimizer: OptimizerRule
  /// t, updates made before this one.
  public let step: Int
  /// η.
  public let learningRate: Double
  /// λ of ½ λ ‖W‖².
  public let l2Penalty: Double
  /// λ₁ of λ₁ ‖W‖₁; nil for none.
  public let l1Penalty: Double?
  /// λ of decoupled decay.
  public let weightDecay: Double
  /// C of the same examples after the update, without penalties.
  public let lossAfter: Double
  /// ½ λ ‖W‖² + λ₁ ‖W‖₁ after the update.
  public let penaltyAfter: Double
  /// C after an update of the weights alone, biases frozen.
  public let lossAfterWeightsOnly: Double
  /// The change of C + ½ λ ‖W‖² to first order: −η ‖∇(C + ½ λ ‖W‖²)‖² for plain descent, from the
  /// gradient itself; else ∇(C + ½ λ ‖W‖²) · Δθ.
  public let predictedChange: Double
  /// The same for the weights alone.
  public let predictedChangeWeightsOnly: Double

  /// Whether Δθ is −η times the gradient and nothing else.
  public var isPlainDescent: Bool {
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
      let before = parameters.affineTensor(of: index)
      let changed = after.parameters.affineTensor(of: index)
      records.append(
        LayerTrace(
          layer: index + 2, activation: layers[index].activation.description, parameters: before,
          weightedInputs: workspace.weightedInputs(of: index) ?? Matrix(rows: 0, columns: 0),
          outputs: workspace.outputs(of: index),
          derivative: derivative(of: index, in: workspace), outputGradient: outputGradient,
          delta: delta, generalDelta: general, gradient: equations.affineTensor(of: index),
          update: changed.subtracting(before),
          firstMoment: optimizer.firstMoment.affineTensorIfPresent(of: index),
          secondMoment: optimizer.secondMoment.affineTensorIfPresent(of: index),
          maximumMoment: optimizer.maximumMoment.affineTensorIfPresent(of: index),
          normalization: normalizationTrace(
            of: index, in: workspace, gradient: equations, changed: after.parameters,
            optimizer: optimizer)))
    }

    // The loss after the step, and after a step of the weights alone.
    var weightsOnly = self
    for index in layers.indices {
      weightsOnly.parameters.setTensors(
        of: index, weights: after.parameters.denseTensors(of: index).weights,
        biases: parameters.denseTensors(of: index).biases)
    }
    let lossAfter = after.forward(batch, in: &workspace, pool: pool)
    let lossAfterWeightsOnly = weightsOnly.forward(batch, in: &workspace, pool: pool)
    let isPlainDescent =
      (optimizer.rule == .sgd || optimizer.rule == .gradientDescent) && optimizer.weightDecay == 0
    var predicted = (weights: 0.0, biases: 0.0)
    for record in records {
      let (theta, g, move) = (record.parameters, record.gradient, record.update)
      if isPlainDescent {
        // −η ‖g + λ w + λ₁ sign(w)‖², not by way of Δθ, which is read off as a difference of rounded
        // weights.
        predicted.weights -=
          learningRate
          * (g.weights.dot(g.weights) + 2 * l2Penalty * g.weights.dot(theta.weights)
            + l2Penalty * l2Penalty * theta.weights.dot(theta.weights))
        if l1Penalty > 0 {
          let signs = theta.weights.signs
          predicted.weights -=
            learningRate * l1Penalty
            * (2 * g.weights.dot(signs) + 2 * l2Penalty * theta.weights.dot(signs)
              + l1Penalty * signs.dot(signs))
        }
        predicted.biases -= learningRate * g.biases.reduce(0) { $0 + Double($1) * Double($1) }
        predicted.biases -= learningRate * (record.normalization?.gradient.squares ?? 0)
      } else {
        predicted.weights += g.weights.dot(move.weights)
        predicted.weights += l2Penalty * theta.weights.dot(move.weights)
        if l1Penalty > 0 {
          predicted.weights += l1Penalty * theta.weights.signs.dot(move.weights)
        }
        predicted.biases += zip(g.biases, move.biases).reduce(0) {
          $0 + Double($1.0) * Double($1.1)
        }
        predicted.biases += record.normalization.map { $0.gradient.dot($0.update) } ?? 0
      }
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
        predictedChange: predicted.weights + predicted.biases,
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
          rows, gradient: $0.view(from: 0), outputs: state.outputs,
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
    let width = parameters.biases.count
    func fits(_ tensor: AffineTensor<T>?) -> Bool {
      tensor.map { $0.weights.has(width, inputs) && $0.biases.count == width } ?? true
    }
    let pieces = Activation(activation)?.pieces ?? 1
    return width == outputs * pieces && fits(parameters) && fits(gradient) && fits(update)
      && fits(firstMoment) && fits(secondMoment) && weightedInputs.has(examples, width)
      && self.outputs.has(examples, outputs) && outputGradient.has(examples, outputs)
      && delta.has(examples, width) && (derivative?.has(examples, width) ?? true)
      && (generalDelta?.has(examples, width) ?? true)
      && (normalization?.fits(examples: examples, width: width) ?? true)
  }
}

extension Matrix {
  fileprivate func has(_ rows: Int, _ columns: Int) -> Bool {
    self.rows == rows && self.columns == columns
  }
}

extension Parameters {
  /// W and b of a layer, copied out.
  func affineTensor(of layer: Int) -> AffineTensor<T> {
    let (weights, biases) = tensors(of: layer)
    return AffineTensor(weights: weights, biases: biases)
  }

  /// The same, or nil if these parameters have no elements at all.
  func affineTensorIfPresent(of layer: Int) -> AffineTensor<T>? {
    layout.count > 0 ? affineTensor(of: layer) : nil
  }
}

extension AffineTensor {
  /// This less another, element by element.
  func subtracting(_ other: AffineTensor) -> AffineTensor {
    AffineTensor(
      weights: weights.subtracting(other.weights),
      biases: zip(biases, other.biases).map { $0 - $1 })
  }
}

extension Matrix {
  /// This less another, element by element.
  func subtracting(_ other: Matrix) -> Matrix {
    var result = Matrix(rows: rows, columns: columns)
    let target = result.mutableStart
    for row in 0..<rows {
      let (left, right) = (start + row * stride, other.start + row * other.stride)
      for column in 0..<columns {
        target[row * result.stride + column] = left[column] - right[column]
      }
    }
    return result
  }

  /// The sum of the products of all elements, in double precision.
  func dot(_ other: Matrix) -> Double {
    var sum = 0.0
    for row in 0..<rows {
      let (left, right) = (start + row * stride, other.start + row * other.stride)
      for column in 0..<columns { sum += Double(left[column]) * Double(right[column]) }
    }
    return sum
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
