import Backprop

/// What an experiment showed.
public struct ExperimentReport: Codable, Hashable, Sendable {
  /// One parameter, differentiated in three ways.
  public struct Sample: Codable, Hashable, Sendable {
    /// Neuron, from 0.
    public let output: Int
    /// Neuron of the layer below, from 0; nil for a bias.
    public let input: Int?
    /// By the four equations as they stand.
    public let naive: Double
    /// By the equations with the term that the chain rule asks for.
    public let repaired: Double
    /// By central differences of the loss of the experiment.
    public let numeric: Double
    /// Relative errors against central differences, as `GradientCheck` defines them.
    public let naiveError: Double
    public let repairedError: Double

    /// What makes an entry worth showing: how wrong the naive number is; else how large it is.
    fileprivate var interest: (Double, Double) {
      (naiveError > GradientCheck.suspiciousError ? abs(naive - numeric) : 0, abs(numeric))
    }
  }

  /// W or b of one layer.
  public struct Tensor: Codable, Hashable, Sendable {
    /// l, from 2 to L.
    public let layer: Int
    public let name: ParameterTensor.Role
    /// The worst relative errors of all samples.
    public private(set) var naiveError = 0.0
    public private(set) var repairedError = 0.0
    /// The entry that shows most first: where the naive number is furthest off, or the largest.
    public private(set) var samples: [Sample] = []

    /// "W²", "b³".
    public var symbol: String { TensorCheck.symbol(name, layer: layer) }

    init(layer: Int, name: ParameterTensor.Role) {
      self.layer = layer
      self.name = name
    }

    mutating func add(_ sample: Sample) {
      naiveError = max(naiveError, sample.naiveError)
      repairedError = max(repairedError, sample.repairedError)
      let place = samples.firstIndex { $0.interest < sample.interest } ?? samples.count
      samples.insert(sample, at: place)
    }
  }

  public let experiment: Experiment
  public let examples: Int
  /// The loss of the experiment, at the network's parameters.
  public let loss: Double
  /// λ of the penalty, where there is one.
  public let lambda: Double
  /// W and b of layers 2 … L, in this order.
  public let tensors: [Tensor]
  /// Whether the network or its loss has kinks.
  let hasKinks: Bool
  /// The hidden layer whose activation is penalised, 2 … L − 1; nil in other experiments.
  public let penalizedLayer: Int?
  /// Whether δ of every layer has the same bits with and without the penalty on W; nil in other
  /// experiments.
  public let leavesDelta: Bool?

  /// Whether the repaired equations agree with central differences.
  public var isRepaired: Bool {
    tensors.allSatisfy {
      GradientVerdict(relativeError: $0.repairedError, hasKinks: hasKinks) == .good
    }
  }

  /// Tensors for which the equations as they stand are wrong.
  public var naiveRed: [Tensor] {
    tensors.filter { $0.naiveError > GradientCheck.wrongError }
  }

  /// Whether all came out as the chain rule says: the repair is right, and δ is what it was.
  public var passed: Bool { isRepaired && leavesDelta != false }
}
