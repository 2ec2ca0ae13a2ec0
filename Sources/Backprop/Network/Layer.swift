/// One layer of a network that computes: its kind, with the kind's shapes.
///
/// Every layer of the list has a number of the chapter, whatever its kind: layer 1 is the input, and
/// the layers count on from 2. Each computes a from the outputs of the layer below, and has a z and a
/// δ = ∂C/∂z of its own. The network only walks the list.
public enum Layer: Hashable, Sendable {
  /// A fully connected layer, a = σ(W a + b).
  case dense(DenseLayer)
  /// A layer with a factor for each input, a = s ⊙ x.
  case scale(ScaleLayer)
  /// A layer in front that makes vectors of the columns of a table.
  case columns(ColumnsLayer)
}

/// What a kind of layer states: one file a kind.
///
/// Each function takes some rows of a batch (`LayerPass`), so that a batch can be passed as a whole or
/// block by block; a row does not depend on the others.
protocol LayerKind: Hashable, Sendable {
  /// Number of inputs, the outputs of the layer below.
  var inputs: Int { get }
  /// Number of outputs.
  var outputs: Int { get }
  /// Width of z and δ.
  var affineOutputs: Int { get }
  /// σ in a = σ(z).
  var activation: Activation { get }
  /// The tensors, in groups that share panels; at most `ParameterLayout.mostGroups`.
  var tensorGroups: [TensorGroup] { get }

  /// The slots in a workspace.
  ///
  /// - Parameters:
  ///   - capacity: Rows of the slots.
  ///   - demands: What else than the layer's own passes will read.
  func makeState<T: Scalar>(
    capacity: Int, for demands: StateDemands, in arena: inout Arena<T>
  ) -> LayerState<T>

  /// a, and whatever the way back needs, from the outputs of the layer below.
  func forward<T: Scalar>(_ pass: LayerPass<T>, below: MatrixView<T>)

  /// The layer's own part of BP2: its δ from ∂C/∂a, through its own mask, σ′ and normalisation.
  ///
  /// - Parameter pastDerivative: Whether the product above has multiplied by σ′ already; what is left
  ///   then stands where `elementwiseDerivative` said.
  func formDelta<T: Scalar>(_ pass: LayerPass<T>, pastDerivative: Bool)

  /// BP3 and BP4: the gradient of every tensor of the layer, summed over the rows as `Blocks` says.
  ///
  /// - Parameters:
  ///   - below: The outputs of the layer below, `[rows, inputs]`.
  ///   - gradient: The flat buffer of the sum to write into.
  ///   - ahead: Rows that are read next, or nil; they are fetched meanwhile.
  func formGradient<T: Scalar>(
    _ pass: LayerPass<T>, below: MatrixView<T>, into gradient: UnsafeMutablePointer<T>,
    fetching ahead: UnsafePointer<RowsAhead>?)

  /// ∂C/∂a of the layer below, `[rows, inputs]`, from this layer's δ: the first half of BP2.
  func formInputGradient<T: Scalar>(_ pass: LayerPass<T>, into target: MatrixView<T>)
}

/// What of a workspace is read by others than the layer itself.
struct StateDemands {
  /// Whether z is kept even if the layer does without: for a trace, and of the last layer.
  let weightedInputs: Bool
  /// Whether ∂C/∂a is formed apart from δ: by the loss, or by a layer above that cannot fuse σ′ in.
  let outputGradient: Bool
  /// Whether outputs are dropped at random.
  let dropout: Bool
}

/// Some rows of a batch on their way through one layer.
package struct LayerPass<T: Scalar> {
  /// Number of rows.
  let rows: Int
  /// The row of the batch that they begin with: random numbers are functions of it.
  let first: Int
  /// Into how many blocks these rows are cut, for the sums over them.
  let blocks: Int
  /// The slots of the layer, from the first of these rows on.
  package let state: LayerState<T>
  /// The flat buffer, and where the layer's groups of tensors stand in it.
  let parameters: UnsafePointer<T>
  let offsets: SIMD4<Int>
  /// Number of the layer in the chapter, from 2.
  let number: Int
  /// What the step changes at random; nil for nothing, dropout included.
  let regularization: StochasticRegularization?
  /// Threads to use; nil for the caller's alone. Changes no bit.
  let pool: ThreadPool?

  /// The same for a kernel.
  var sum: SumOverBlocks { SumOverBlocks(count: blocks, continues: false) }

  /// The parameters of a group.
  func parameters(_ group: Int) -> UnsafePointer<T> { parameters + offsets[group] }
}

/// σ′ of an elementwise activation as the product of BP2 can fuse it in: δ = (δ W) ⊙ σ′.
struct ElementwiseDerivative<T: Scalar> {
  let activation: Activation
  /// a, or z where σ′ is computed from it.
  let kept: MatrixView<T>
  /// Receives the product: δ, or ∂C/∂n of a normalised layer.
  let target: MatrixView<T>
}

// MARK: What every kind states, for whoever walks the list

extension Layer {
  /// Number of inputs, the outputs of the layer below.
  public var inputs: Int {
    switch self {
    case .dense(let layer): layer.inputs
    case .scale(let layer): layer.inputs
    case .columns(let layer): layer.inputs
    }
  }
  /// Number of outputs.
  public var outputs: Int {
    switch self {
    case .dense(let layer): layer.outputs
    case .scale(let layer): layer.outputs
    case .columns(let layer): layer.outputs
    }
  }
  /// Width of z and δ: the outputs times the pieces of the activation.
  package var affineOutputs: Int {
    switch self {
    case .dense(let layer): layer.affineOutputs
    case .scale(let layer): layer.affineOutputs
    case .columns(let layer): layer.affineOutputs
    }
  }
  /// The activation function, in a = σ(z).
  public var activation: Activation {
    switch self {
    case .dense(let layer): layer.activation
    case .scale(let layer): layer.activation
    case .columns(let layer): layer.activation
    }
  }
  /// The probability that an output is dropped in training.
  package var dropout: Double { dense?.dropout ?? 0 }
  /// How z is normalised before the activation; nil where it is not.
  package var normalization: Normalization? { dense?.normalization }
  /// Whether neurons learn how much of the activation they apply.
  package var isParametric: Bool { dense?.isParametric ?? false }
  /// Whether it is in NTK form.
  package var isNTK: Bool {
    switch self {
    case .dense(let layer): layer.isNTK
    case .scale(let layer): layer.isNTK
    case .columns(let layer): layer.isNTK
    }
  }
  /// The same without dropout.
  package var withoutDropout: Layer { dense.map { .dense($0.with(dropout: 0)) } ?? self }
  /// The same with the steps of ordinary weights.
  var inOrdinaryForm: Layer {
    switch self {
    case .dense(let layer): .dense(layer.with(isNTK: false))
    case .scale(let layer): .scale(ScaleLayer(size: layer.size))
    case .columns(let layer): .columns(ColumnsLayer(parts: layer.parts))
    }
  }
  /// What the layer is called in files.
  package var kindName: String {
    switch self {
    case .dense: "dense"
    case .scale: "scale"
    case .columns: "columns"
    }
  }
  /// The layer, if it is fully connected.
  public var dense: DenseLayer? {
    if case .dense(let layer) = self { layer } else { nil }
  }
  /// The layer, if it scales its inputs.
  package var scale: ScaleLayer? {
    if case .scale(let layer) = self { layer } else { nil }
  }
  /// The layer, if it makes vectors of columns.
  package var columns: ColumnsLayer? {
    if case .columns(let layer) = self { layer } else { nil }
  }

  var tensorGroups: [TensorGroup] {
    switch self {
    case .dense(let layer): layer.tensorGroups
    case .scale(let layer): layer.tensorGroups
    case .columns(let layer): layer.tensorGroups
    }
  }

  /// Whether the product of this layer can fuse σ′ of the one below in.
  var fusesDerivative: Bool { dense != nil }

  func makeState<T: Scalar>(
    capacity: Int, for demands: StateDemands, in arena: inout Arena<T>
  ) -> LayerState<T> {
    switch self {
    case .dense(let layer): layer.makeState(capacity: capacity, for: demands, in: &arena)
    case .scale(let layer): layer.makeState(capacity: capacity, for: demands, in: &arena)
    case .columns(let layer): layer.makeState(capacity: capacity, for: demands, in: &arena)
    }
  }

  func forward<T: Scalar>(_ pass: LayerPass<T>, below: MatrixView<T>) {
    switch self {
    case .dense(let layer): layer.forward(pass, below: below)
    case .scale(let layer): layer.forward(pass, below: below)
    case .columns(let layer): layer.forward(pass, below: below)
    }
  }

  package func formDelta<T: Scalar>(_ pass: LayerPass<T>, pastDerivative: Bool = false) {
    switch self {
    case .dense(let layer): layer.formDelta(pass, pastDerivative: pastDerivative)
    case .scale(let layer): layer.formDelta(pass, pastDerivative: pastDerivative)
    case .columns(let layer): layer.formDelta(pass, pastDerivative: pastDerivative)
    }
  }

  package func formGradient<T: Scalar>(
    _ pass: LayerPass<T>, below: MatrixView<T>, into gradient: UnsafeMutablePointer<T>,
    fetching ahead: UnsafePointer<RowsAhead>? = nil
  ) {
    switch self {
    case .dense(let layer):
      layer.formGradient(pass, below: below, into: gradient, fetching: ahead)
    case .scale(let layer):
      layer.formGradient(pass, below: below, into: gradient, fetching: ahead)
    case .columns(let layer):
      layer.formGradient(pass, below: below, into: gradient, fetching: ahead)
    }
  }

  package func formInputGradient<T: Scalar>(_ pass: LayerPass<T>, into target: MatrixView<T>) {
    switch self {
    case .dense(let layer): layer.formInputGradient(pass, into: target)
    case .scale(let layer): layer.formInputGradient(pass, into: target)
    case .columns(let layer): layer.formInputGradient(pass, into: target)
    }
  }

  /// Passes the error of this layer, `above`, down into δ of the layer below.
  func formDelta<T: Scalar>(_ above: LayerPass<T>, of layer: Layer, _ below: LayerPass<T>) {
    if case .dense(let dense) = self, case .dense(let lower) = layer,
      let derivative = lower.elementwiseDerivative(in: below.state)
    {
      dense.formInputGradient(above, times: derivative)
      layer.formDelta(below, pastDerivative: true)
    } else {
      formInputGradient(above, into: below.state.outputGradient)
      layer.formDelta(below)
    }
  }
}

extension [Layer] {
  /// The fully connected layers but the last: those that dropout and normalisation are for.
  package var hiddenDense: [DenseLayer] { dropLast().compactMap(\.dense) }

  /// Whether any of them drops outputs in training.
  package var haveDropout: Bool { contains { $0.dropout > 0 } }
}

extension Layer: Codable {
  private enum Key: String, CodingKey {
    case kind, inputs, outputs, activation, normalization, dropout, parametric, ntk, columns
  }

  public init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: Key.self)
    let kind = try container.decode(String.self, forKey: .kind)
    let inputs = try container.decode(Int.self, forKey: .inputs)
    let outputs = try container.decode(Int.self, forKey: .outputs)
    let isNTK = try container.decodeIfPresent(Bool.self, forKey: .ntk) ?? false
    func fault(_ key: Key, _ description: String) -> DecodingError {
      .dataCorruptedError(forKey: key, in: container, debugDescription: description)
    }
    switch kind {
    case "dense":
      self = .dense(
        DenseLayer(
          inputs: inputs, outputs: outputs,
          activation: try Self.activation(container.superDecoder(forKey: .activation)),
          normalization: try container.decodeIfPresent(
            Normalization.self, forKey: .normalization),
          dropout: try container.decodeIfPresent(Double.self, forKey: .dropout) ?? 0,
          isParametric: try container.decodeIfPresent(Bool.self, forKey: .parametric) ?? false,
          isNTK: isNTK))
    case "scale":
      guard inputs == outputs else {
        throw fault(.outputs, "a scaling layer of \(inputs) inputs has \(outputs) outputs")
      }
      self = .scale(ScaleLayer(size: inputs, isNTK: isNTK))
    case "columns":
      let layer = ColumnsLayer(
        parts: try container.decode([ColumnsLayer.Part].self, forKey: .columns), isNTK: isNTK)
      guard !layer.parts.isEmpty, layer.parts.count <= FeatureEncoder.outputLimit,
        layer.inputs == inputs, layer.outputs == outputs
      else {
        throw fault(
          .columns,
          "columns of \(layer.inputs) inputs and \(layer.outputs) outputs, not "
            + "\(inputs) and \(outputs)")
      }
      self = .columns(layer)
    default:
      throw fault(.kind, "\(kind.quoted) is not a kind of layer that this version knows")
    }
  }

  /// An activation by its name, also a user's own that the decoder was told of.
  private static func activation(_ decoder: any Decoder) throws -> Activation {
    let container = try decoder.singleValueContainer()
    let name = try container.decode(String.self)
    guard name.hasPrefix("custom:") else { return try Activation(from: decoder) }
    let own = Activation.ownActivations.flatMap {
      decoder.userInfo[$0] as? [any ElementwiseActivation]
    }
    guard let activation = own?.first(where: { "custom:\($0.name)" == name }) else {
      throw DecodingError.dataCorruptedError(
        in: container,
        debugDescription:
          "\(name.quoted) is an activation of somebody's own, and can be read only by "
          + "a program that has it")
    }
    return .custom(activation)
  }

  public func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: Key.self)
    try container.encode(kindName, forKey: .kind)
    try container.encode(inputs, forKey: .inputs)
    try container.encode(outputs, forKey: .outputs)
    if isNTK { try container.encode(true, forKey: .ntk) }
    if let columns { try container.encode(columns.parts, forKey: .columns) }
    guard let layer = dense else { return }
    try container.encode(layer.activation, forKey: .activation)
    try container.encodeIfPresent(layer.normalization, forKey: .normalization)
    if layer.dropout != 0 { try container.encode(layer.dropout, forKey: .dropout) }
    if layer.isParametric { try container.encode(true, forKey: .parametric) }
  }
}
