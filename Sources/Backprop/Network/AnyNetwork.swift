/// A network in the precision that it was made with.
public enum AnyNetwork: Sendable {
  /// Of 32-bit numbers.
  case float(Network<Float>)
  /// Of 64-bit numbers.
  case double(Network<Double>)

  /// "float" or "double".
  package var precisionName: String {
    switch self {
    case .float: Float.precisionName
    case .double: Double.precisionName
    }
  }

  package var layers: [Layer] {
    switch self {
    case .float(let network): network.layers
    case .double(let network): network.layers
    }
  }

  package var loss: Loss {
    switch self {
    case .float(let network): network.loss
    case .double(let network): network.loss
    }
  }

  package var reduction: Reduction {
    switch self {
    case .float(let network): network.reduction
    case .double(let network): network.reduction
    }
  }

  /// The widths: inputs, hidden layers, outputs.
  public var sizes: [Int] {
    switch self {
    case .float(let network): network.sizes
    case .double(let network): network.sizes
    }
  }

  /// Number of weights and biases.
  public var parameterCount: Int {
    switch self {
    case .float(let network): network.parameterCount
    case .double(let network): network.parameterCount
    }
  }

  /// σ of the last layer.
  package var outputActivation: Activation {
    switch self {
    case .float(let network): network.outputActivation
    case .double(let network): network.outputActivation
    }
  }
}

extension AnyNetwork {
  package init<T: Scalar>(_ network: Network<T>) {
    if let network = network as? Network<Double> {
      self = .double(network)
    } else {
      self = .float(network as? Network<Float> ?? network.converted(to: Float.self))
    }
  }

  /// The network in a precision, which is the network itself if it is its own.
  package func network<T: Scalar>(as type: T.Type = T.self) -> Network<T> {
    switch self {
    case .float(let network): network as? Network<T> ?? network.converted(to: type)
    case .double(let network): network as? Network<T> ?? network.converted(to: type)
    }
  }
}
