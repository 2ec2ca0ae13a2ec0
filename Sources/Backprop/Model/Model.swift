/// A network in the precision that it was made with.
public enum AnyNetwork: Sendable {
  case float(Network<Float>)
  case double(Network<Double>)

  /// "float" or "double".
  public var precisionName: String {
    switch self {
    case .float: Float.precisionName
    case .double: Double.precisionName
    }
  }

  public var layers: [Layer] {
    switch self {
    case .float(let network): network.layers
    case .double(let network): network.layers
    }
  }

  public var loss: Loss {
    switch self {
    case .float(let network): network.loss
    case .double(let network): network.loss
    }
  }

  public var reduction: Reduction {
    switch self {
    case .float(let network): network.reduction
    case .double(let network): network.reduction
    }
  }

  public var sizes: [Int] {
    switch self {
    case .float(let network): network.sizes
    case .double(let network): network.sizes
    }
  }

  public var parameterCount: Int {
    switch self {
    case .float(let network): network.parameterCount
    case .double(let network): network.parameterCount
    }
  }

  /// σ of the last layer.
  public var outputActivation: Activation {
    switch self {
    case .float(let network): network.outputActivation
    case .double(let network): network.outputActivation
    }
  }
}

/// All that is needed to predict from data as a user has it: encoder, network, decoder.
///
/// ```swift
/// let model = try Model(contentsOf: "model.safetensors")
/// let table = try Table(contentsOf: "new.csv")
/// ```
///
/// A model is one safetensors file; what stands in it is described at `ModelKey`.
public struct Model: Sendable {
  public var network: AnyNetwork
  /// How columns become inputs; nil if the network takes numbers as they are.
  public var encoder: FeatureEncoder?
  /// How target columns become outputs, and outputs labels; nil if outputs are numbers as they are.
  public var targetEncoder: TargetEncoder?
  /// The run that made the weights; nil if they were never trained.
  public var configuration: TrainingConfiguration?
  /// What examples weighed in training; nil if all weighed the same.
  public var weights: ExampleWeights?
  /// The options of the program that trained it, an object by their names, so that it can be done
  /// again; nil if nobody left any.
  public var options: JSONValue?

  /// - Precondition: The encoders have as many outputs as the network has inputs and outputs.
  public init(
    network: AnyNetwork, encoder: FeatureEncoder? = nil, targetEncoder: TargetEncoder? = nil,
    configuration: TrainingConfiguration? = nil, weights: ExampleWeights? = nil,
    options: JSONValue? = nil
  ) {
    let sizes = network.sizes
    precondition(
      encoder == nil || encoder?.outputCount == sizes[0],
      "an encoder of \(encoder?.outputCount ?? 0) features for \(sizes[0]) inputs")
    precondition(
      targetEncoder == nil || targetEncoder?.outputCount == sizes[sizes.count - 1],
      "a target encoder of \(targetEncoder?.outputCount ?? 0) for \(sizes[sizes.count - 1]) outputs"
    )
    self.network = network
    self.encoder = encoder
    self.targetEncoder = targetEncoder
    self.configuration = configuration
    self.weights = weights
    self.options = options
  }
}

extension TargetEncoder {
  /// How the outputs of a network with this output activation are judged against these targets.
  public func metrics(outputActivation: Activation) -> MetricKind {
    let threshold = coding == .plusMinusOne ? 0.0 : 0.5
    switch task {
    case .classification:
      return .classification(
        threshold: threshold, probabilities: hasProbabilities(outputActivation: outputActivation))
    case .multilabel: return .multiLabel(threshold: threshold)
    case .regression:
      return .regression(
        scales: coding == .standardized
          ? deviations : [Double](repeating: 1, count: outputCount))
    }
  }

  /// Whether outputs of this activation are the probabilities of the labels: softmax over classes,
  /// one sigmoid for two classes, or a sigmoid for each label that may be there or not. Sigmoids for
  /// several classes are not: they need not sum to 1.
  public func hasProbabilities(outputActivation: Activation) -> Bool {
    switch (task, coding) {
    case (.classification, .oneHot): outputActivation == .softmax
    case (.classification, .zeroOne), (.multilabel, .zeroOne): outputActivation == .sigmoid
    default: false
    }
  }
}
