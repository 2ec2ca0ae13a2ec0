/// One layer of a network that computes: its kind, with the kind's shapes.
///
/// A kind is one file that states its shapes, its forward pass, how it passes δ down (BP2) and the
/// gradients of its parameters (BP3, BP4), over views of the flat parameters. The dense layer is the
/// first of them. The network only walks the list.
public enum Layer: Hashable, Sendable {
  case dense(DenseLayer)

  /// Number of inputs, the outputs of the layer below.
  public var inputs: Int {
    switch self {
    case .dense(let layer): layer.inputs
    }
  }
  /// Number of outputs.
  public var outputs: Int {
    switch self {
    case .dense(let layer): layer.outputs
    }
  }
  /// Width of the affine map, and so of z and δ: the outputs times the pieces of the activation.
  public var affineOutputs: Int {
    switch self {
    case .dense(let layer): layer.affineOutputs
    }
  }
  /// The activation function.
  public var activation: Activation {
    switch self {
    case .dense(let layer): layer.activation
    }
  }
  /// The probability that an output is dropped in training.
  public var dropout: Double {
    switch self {
    case .dense(let layer): layer.dropout
    }
  }

  /// How z is normalised before the activation; nil where it is not.
  public var normalization: Normalization? {
    switch self {
    case .dense(let layer): layer.normalization
    }
  }

  /// Whether the backward pass needs z, so that the workspace keeps it.
  var needsWeightedInputs: Bool {
    switch self {
    case .dense(let layer): layer.needsWeightedInputs
    }
  }
}

extension Layer: Codable {
  private enum Key: String, CodingKey {
    case kind, inputs, outputs, activation, normalization, dropout
  }

  public init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: Key.self)
    let kind = try container.decode(String.self, forKey: .kind)
    guard kind == "dense" else {
      throw DecodingError.dataCorruptedError(
        forKey: .kind, in: container,
        debugDescription: "\"\(kind)\" is not a kind of layer that this version knows")
    }
    self = .dense(
      DenseLayer(
        inputs: try container.decode(Int.self, forKey: .inputs),
        outputs: try container.decode(Int.self, forKey: .outputs),
        activation: try Self.activation(container.superDecoder(forKey: .activation)),
        normalization: try container.decodeIfPresent(Normalization.self, forKey: .normalization),
        dropout: try container.decodeIfPresent(Double.self, forKey: .dropout) ?? 0))
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
        debugDescription: "\"\(name)\" is an activation of somebody's own, and can be read only by "
          + "a program that has it")
    }
    return .custom(activation)
  }

  public func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: Key.self)
    switch self {
    case .dense(let layer):
      try container.encode("dense", forKey: .kind)
      try container.encode(layer.inputs, forKey: .inputs)
      try container.encode(layer.outputs, forKey: .outputs)
      try container.encode(layer.activation, forKey: .activation)
      try container.encodeIfPresent(layer.normalization, forKey: .normalization)
      if layer.dropout != 0 { try container.encode(layer.dropout, forKey: .dropout) }
    }
  }
}
