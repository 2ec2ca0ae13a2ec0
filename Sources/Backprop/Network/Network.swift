/// A multilayer perceptron: its layers, their parameters, and the loss that it is trained on.
///
/// Layer 1 of the literature is the input; `layers` holds layers 2 … L, those that compute.
///
/// ```swift
/// var network = try Network<Float>(
///   sizes: [4, 64, 3], activations: [.relu, .softmax], loss: .crossEntropy, seed: 1)
/// ```
public struct Network<T: Scalar>: Sendable {
  /// Layers 2 … L.
  public let layers: [Layer]
  /// The tensors of all layers.
  ///
  /// - Precondition: Those that are set are of this network's layout.
  public var parameters: Parameters<T> {
    didSet {
      precondition(parameters.layout == layout, "the parameters of another network than \(sizes)")
    }
  }
  private let layout: ParameterLayout
  /// C of one example, a function of the last layer's output.
  public let loss: Loss
  /// How the examples of a batch are weighed: 1/m each, or 1.
  public let reduction: Reduction

  /// The widths: inputs, hidden layers, outputs.
  public var sizes: [Int] { [layers[0].inputs] + layers.map(\.outputs) }
  /// Number of inputs, n¹.
  public var inputCount: Int { layers[0].inputs }
  /// Number of outputs, nᴸ.
  public var outputCount: Int { layers[layers.count - 1].outputs }
  /// Number of weights and biases.
  public var parameterCount: Int { parameters.layout.parameterCount }
  /// σ of the last layer.
  package var outputActivation: Activation { layers[layers.count - 1].activation }

  /// The most weights and biases that a network may have.
  package static var largestParameterCount: Int { 1 << 33 }

  /// Makes a network of dense layers with fresh weights.
  ///
  /// - Parameters:
  ///   - sizes: Inputs, hidden layers and outputs; at least two numbers, each at least 1.
  ///   - activations: σ of layers 2 … L, one per layer.
  ///   - loss: The loss that BP1 begins with.
  ///   - reduction: Mean or sum over the examples of a batch.
  ///   - dropout: Probabilities with which the outputs of hidden layers are dropped in training, one
  ///     per hidden layer; empty for none.
  ///   - initializer: How weights begin; nil takes the one suited to each layer's activation.
  ///   - normalizations: How hidden layers normalise, one element per layer; empty for none.
  ///   - isParametric: Whether the activations of hidden layers are parametric.
  ///   - scalesInputs: Whether a scaling layer stands in front of them.
  ///   - isNTK: Whether all of them are in NTK form, which the rules of Adam's family train.
  ///   - seed: The same seed gives the same weights, also behind a scaling layer.
  /// - Throws: `NetworkError` if the sizes or the activations make no network, or the loss is not
  ///   defined on the outputs of the last activation.
  public init(
    sizes: [Int], activations: [Activation], loss: Loss, reduction: Reduction = .mean,
    dropout: [Double] = [], initializer: Initializer? = nil,
    normalizations: [Normalization?] = [], isParametric: Bool = false, scalesInputs: Bool = false,
    isNTK: Bool = false, seed: UInt64 = 0
  ) throws(NetworkError) {
    try self.init(
      sizes: sizes, activations: activations, loss: loss, reduction: reduction, dropout: dropout,
      initializer: initializer, normalizations: normalizations, isParametric: isParametric,
      columns: nil, scalesInputs: scalesInputs, isNTK: isNTK, seed: seed)
  }

  /// The same behind a layer that makes vectors of columns, if there is one.
  package init(
    sizes: [Int], activations: [Activation], loss: Loss, reduction: Reduction, dropout: [Double],
    initializer: Initializer?, normalizations: [Normalization?], isParametric: Bool,
    columns: [ColumnsLayer.Part]?, scalesInputs: Bool, isNTK: Bool, seed: UInt64
  ) throws(NetworkError) {
    guard sizes.count >= 2 else { throw .tooFewSizes(sizes) }
    if let index = sizes.firstIndex(where: { $0 < 1 }) {
      throw .badSize(sizes[index], position: index)
    }
    guard activations.count == sizes.count - 1 else {
      throw .activationCount(found: activations.count, layers: sizes.count - 1)
    }
    guard dropout.isEmpty || dropout.count == activations.count - 1 else {
      throw .dropoutCount(found: dropout.count, layers: activations.count - 1)
    }
    guard normalizations.isEmpty || normalizations.count >= sizes.count - 2 else {
      throw .normalizationCount(found: normalizations.count, layers: sizes.count - 2)
    }
    let columns = columns.map { ColumnsLayer(parts: $0, isNTK: isNTK) }
    precondition(
      columns.map { $0.inputs == sizes[0] } ?? true,
      "columns of \(columns?.inputs ?? 0) inputs for a network of \(sizes[0])")
    let width = columns?.outputs ?? sizes[0]
    var front = columns.map { [Layer.columns($0)] } ?? []
    if scalesInputs { front.append(.scale(ScaleLayer(size: width, isNTK: isNTK))) }
    let layers = activations.indices.map { index in
      Layer.dense(
        DenseLayer(
          inputs: index == 0 ? width : sizes[index], outputs: sizes[index + 1],
          activation: activations[index],
          normalization: index < normalizations.count ? normalizations[index] : nil,
          dropout: index < dropout.count ? dropout[index] : 0,
          isParametric: isParametric && index < activations.count - 1, isNTK: isNTK))
    }
    try self.init(layers: front + layers, loss: loss, reduction: reduction)
    drawWeights(by: initializer, seed: seed)
  }

  /// Every weight anew.
  ///
  /// - Parameters:
  ///   - initializer: How weights begin; nil takes the one suited to each layer's activation.
  ///   - seed: The same seed gives the same weights, whatever stands between the layers that have any.
  private mutating func drawWeights(by initializer: Initializer?, seed: UInt64) {
    let weights = parameters.layout.tensors.filter { $0.role == .weight }
    for (index, tensor) in weights.enumerated() {
      var random = RandomSource(seed: seed, purpose: .initialization, index: UInt32(index))
      let initializer = initializer ?? .suited(to: layers[tensor.layer].activation)
      parameters.setElements(
        of: tensor,
        to: initializer.weights(
          inputs: tensor.shape[1], outputs: tensor.shape[0], using: &random))
    }
    if initializer == .ntk { drawNTK(seed: seed) }
    drawColumns(seed: seed)
  }

  /// Biases N(0, 1), and a last layer of zeros.
  private mutating func drawNTK(seed: UInt64) {
    let biases = parameters.layout.tensors.filter { $0.role == .bias }
    for (index, tensor) in biases.enumerated() {
      var random = RandomSource(
        seed: seed, purpose: .initialization, index: UInt32(1 << 16 + index))
      parameters.setElements(
        of: tensor, to: (0..<tensor.count).map { _ in T(random.normal()) })
    }
    for tensor in parameters.layout.tensors(of: layers.count - 1) {
      parameters.setElements(of: tensor, to: [T](repeating: 0, count: tensor.count))
    }
  }

  /// A network of the same layers as at its beginning: fresh weights, all else as `init` has it.
  package func freshlyDrawn(seed: UInt64, by initializer: Initializer? = nil) -> Network {
    var parameters = Parameters<T>(layout: layout)
    parameters.setStarts()
    var result = Network(
      layers: layers, parameters: parameters, loss: loss, reduction: reduction)
    result.drawWeights(by: initializer, seed: seed)
    return result
  }

  /// Makes a network of given layers, all weights zero; gains, scales and slopes are 1.
  ///
  /// - Throws: `NetworkError` as above, and if the layers do not fit together.
  public init(layers: [Layer], loss: Loss, reduction: Reduction) throws(NetworkError) {
    try Self.validate(layers)
    if case .custom = loss {
    } else if Loss(loss.description) == nil {
      throw .badParameter(of: loss.description)
    }
    let output = layers[layers.count - 1].activation
    guard loss.accepts(outputActivation: output) else {
      throw .lossNotDefined(loss, outputActivation: output)
    }
    self.layers = layers
    self.loss = loss
    self.reduction = reduction
    layout = ParameterLayout(layers: layers)
    if let shortage = Memory.shortage(layout.count * MemoryLayout<T>.size) {
      throw .memory(parameters: layout.count, shortage)
    }
    parameters = Parameters(layout: layout)
    parameters.setStarts()
  }

  /// Throws unless the layers fit together and are not too many parameters. Allocates nothing.
  static func validate(_ layers: [Layer]) throws(NetworkError) {
    guard !layers.isEmpty else { throw .tooFewSizes([]) }
    var count = 0
    for (index, layer) in layers.enumerated() {
      guard layer.inputs >= 1 else { throw .badSize(layer.inputs, position: index) }
      guard layer.outputs >= 1 else { throw .badSize(layer.outputs, position: index + 1) }
      if index > 0, layers[index - 1].outputs != layer.inputs {
        throw .layersDoNotFit(
          layer: index + 2, inputs: layer.inputs, outputsBelow: layers[index - 1].outputs)
      }
      if case .own = layer.activation {
      } else if Activation(layer.activation.description) != layer.activation {
        throw .badParameter(of: layer.activation.description)
      }
      if index < layers.count - 1, layer.activation == .softmax {
        throw .softmaxNotLast(layer: index + 2)
      }
      guard (0..<1).contains(layer.dropout) else {
        throw .badDropout(layer.dropout, layer: index + 2)
      }
      if index == layers.count - 1, layer.dropout > 0 { throw .dropoutOfOutputs(layer: index + 2) }
      if layer.isParametric, !layer.activation.hasElementwiseKernel {
        throw .notElementwise(layer.activation, layer: index + 2)
      }
      if index == layers.count - 1, layer.isParametric || layer.dense == nil {
        throw .lastLayer(layer.functions, layer: index + 2)
      }
      if index > 0, layer.columns != nil { throw .columnsNotFirst(layer: index + 2) }
      // What the groups multiply, first by itself: it may be any number of a file.
      guard max(layer.inputs, layer.outputs) <= largestParameterCount,
        layer.activation.pieces <= largestParameterCount / layer.outputs
      else { throw .tooLarge }
      for group in layer.tensorGroups {
        let (elements, overflow) = group.width.multipliedReportingOverflow(by: group.rows)
        guard !overflow, elements <= largestParameterCount - count else { throw .tooLarge }
        count += elements
      }
      if index == layers.count - 1, layer.normalization != nil {
        throw .normalizedOutput(layer: index + 2)
      }
    }
  }

  /// The same network with other dropout; the weights stay.
  ///
  /// - Parameter dropout: As for `init`: one probability per hidden dense layer, or none.
  /// - Throws: `NetworkError` if they are too many or too few, or no probabilities below 1.
  package func withDropout(_ dropout: [Double]) throws(NetworkError) -> Network {
    guard dropout.isEmpty || dropout.count == layers.hiddenDense.count else {
      throw .dropoutCount(found: dropout.count, layers: layers.hiddenDense.count)
    }
    var rest = dropout[...]
    let changed = layers.map { layer in
      layer.dense.map { .dense($0.with(dropout: rest.popFirst() ?? 0)) } ?? layer
    }
    _ = try Network(layers: changed, loss: loss, reduction: reduction)
    return Network(layers: changed, parameters: parameters, loss: loss, reduction: reduction)
  }

  /// The same function of the same weights, whose steps are those of ordinary weights and not of NTK form.
  package var inOrdinaryForm: Network {
    guard layers.contains(where: \.isNTK) else { return self }
    let ordinary = layers.map(\.inOrdinaryForm)
    var result = Parameters<T>(layout: ParameterLayout(layers: ordinary))
    for (own, other) in zip(result.layout.tensors, layout.tensors) {
      result.setElements(of: own, to: parameters.elements(of: other))
    }
    return Network(layers: ordinary, parameters: result, loss: loss, reduction: reduction)
  }

  /// The same network in another precision, each parameter rounded once.
  package func converted<U: Scalar>(to type: U.Type) -> Network<U> {
    Network<U>(
      layers: layers, parameters: parameters.converted(to: type), loss: loss, reduction: reduction)
  }

  package init(layers: [Layer], parameters: Parameters<T>, loss: Loss, reduction: Reduction) {
    self.layers = layers
    self.parameters = parameters
    layout = parameters.layout
    self.loss = loss
    self.reduction = reduction
  }

  /// A gradient (or velocity, or moment) of zeros for this network.
  public func makeGradient() -> Parameters<T> { Parameters(layout: parameters.layout) }

  /// Traps unless workspace and parameters are this network's. Arrays that share their memory are
  /// equal at a glance, so this costs a pass nothing.
  package func check(_ workspace: borrowing Workspace<T>) {
    precondition(
      workspace.layers == layers, "a workspace for another network than \(sizes)")
  }
}

/// Why something cannot be a network. A `layer` is counted as in the chapter: 1 is the input, 2 the first
/// that computes.
public enum NetworkError: UserError, Equatable {
  /// Fewer sizes than one of the inputs and one of the outputs.
  case tooFewSizes([Int])
  /// A size below 1; `position` is 0 for the inputs.
  case badSize(Int, position: Int)
  /// Not one activation for each of the `layers` after the input.
  case activationCount(found: Int, layers: Int)
  /// A layer has not as many inputs as the layer below has outputs.
  case layersDoNotFit(layer: Int, inputs: Int, outputsBelow: Int)
  /// A hidden layer has softmax.
  case softmaxNotLast(layer: Int)
  /// Fewer normalisations than the hidden `layers`.
  case normalizationCount(found: Int, layers: Int)
  /// The last layer is normalised.
  case normalizedOutput(layer: Int)
  /// The loss is not defined on what the last layer gives.
  case lossNotDefined(Loss, outputActivation: Activation)
  /// An activation or a loss whose number is out of its range.
  case badParameter(of: String)
  /// More parameters than a network may have, 2³³.
  case tooLarge
  /// More than there is; the text says how much.
  case memory(parameters: Int, String)
  /// A probability of dropout outside 0 ..< 1.
  case badDropout(Double, layer: Int)
  /// The last layer has dropout.
  case dropoutOfOutputs(layer: Int)
  /// Not one probability of dropout for each of the hidden `layers`.
  case dropoutCount(found: Int, layers: Int)
  /// A parametric activation that is none of the elementwise ones.
  case notElementwise(Activation, layer: Int)
  /// A layer that makes vectors of columns stands behind another.
  case columnsNotFirst(layer: Int)
  /// The last layer scales, or has a parametric activation.
  case lastLayer(String, layer: Int)

  public var message: String {
    switch self {
    case .tooFewSizes(let sizes):
      "a network needs at least an input and an output size, found \(sizes.count): give for example 4,16,3"
    case .badSize(let size, let position):
      "size \(size) of layer \(position + 1): every layer needs at least 1 neuron"
    case .activationCount(let found, let layers):
      "\(found) activations for \(layers) layers after the input: give one for each, or one for all"
    case .layersDoNotFit(let layer, let inputs, let outputsBelow):
      "layer \(layer) takes \(inputs) inputs, but the layer below has \(outputsBelow) outputs"
    case .softmaxNotLast(let layer):
      "layer \(layer) is hidden and cannot use softmax: softmax belongs on the last layer only"
    case .normalizationCount(let found, let layers):
      "\(found) normalizations for \(layers) hidden layers: give one for each, or one for all"
    case .normalizedOutput(let layer):
      "layer \(layer) is the last and cannot be normalised: only hidden layers are"
    case .lossNotDefined(let loss, let activation):
      "loss \(loss) is not defined on the outputs of \(activation): "
        + "use \(loss.defaultOutputActivation) on the last layer, or another loss"
    case .badParameter(let name):
      "\(name): the number is out of its range; the activations are "
        + Activation.names.joined(separator: ", ") + "; the losses "
        + Loss.names.joined(separator: ", ")
    case .tooLarge:
      "the network would have more than 2³³ weights: use smaller layers"
    case .memory(let parameters, let shortage):
      "\(parameters) parameters: \(shortage); use smaller layers"
    case .badDropout(let p, let layer):
      "dropout \(p) of layer \(layer): give a probability of at least 0 and below 1"
    case .dropoutOfOutputs(let layer):
      "layer \(layer) is the last, and its outputs cannot be dropped: dropout is for hidden layers"
    case .notElementwise(let activation, let layer):
      "\(activation) of layer \(layer) cannot be parametric: only the built-in elementwise activations can, "
        + "such as relu, silu or mish"
    case .columnsNotFirst(let layer):
      "layer \(layer) makes vectors of columns, which only the first layer after the input can"
    case .lastLayer(let functions, let layer):
      "layer \(layer) is the last and cannot be \(functions): the loss asks for a plain dense layer there"
    case .dropoutCount(let found, let layers):
      layers == 0
        ? "dropout for a network without hidden layers: leave it out, or add a hidden layer"
        : "\(found) probabilities of dropout for \(layers) hidden layers (the last layer has none): "
          + "give one for each, or one for all"
    }
  }
}
