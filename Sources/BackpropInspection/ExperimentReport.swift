import Backprop

/// What an experiment showed.
package struct ExperimentReport: Codable, Hashable, Sendable {
  /// One parameter, differentiated in three ways.
  package struct Sample: Codable, Hashable, Sendable {
    /// Neuron, from 0.
    package let output: Int
    /// Neuron of the layer below, from 0; nil for a bias.
    package let input: Int?
    /// By the four equations as they stand.
    package let naive: Double
    /// By the equations with the term that the chain rule asks for.
    package let repaired: Double
    /// By central differences of the loss of the experiment.
    package let numeric: Double
    /// Relative errors against central differences, as `GradientCheck` defines them.
    package let naiveError: Double
    package let repairedError: Double

    /// What makes an entry worth showing: how wrong the naive number is; else how large it is.
    fileprivate var interest: (Double, Double) {
      (naiveError > GradientCheck.suspiciousError ? abs(naive - numeric) : 0, abs(numeric))
    }
  }

  /// W or b of one layer.
  package struct Tensor: Codable, Hashable, Sendable {
    /// l, from 2 to L.
    package let layer: Int
    package let name: ParameterTensor.Role
    /// The worst relative errors of all samples.
    package private(set) var naiveError = 0.0
    package private(set) var repairedError = 0.0
    /// The entry that shows most first: where the naive number is furthest off, or the largest.
    package private(set) var samples: [Sample] = []

    /// "W²", "b³".
    package var symbol: String { TensorCheck.symbol(name, layer: layer) }

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

  package let experiment: Experiment
  package let examples: Int
  /// The loss of the experiment, at the network's parameters.
  package let loss: Double
  /// λ of the penalty, where there is one.
  package let lambda: Double
  /// W and b of layers 2 … L, in this order.
  package let tensors: [Tensor]
  /// Whether the network or its loss has kinks.
  let hasKinks: Bool
  /// The hidden layer whose activation is penalised, 2 … L − 1; nil in other experiments.
  package let penalizedLayer: Int?
  /// Whether δ of every layer has the same bits with and without the penalty on W; nil in other
  /// experiments.
  package let leavesDelta: Bool?

  /// Whether the repaired equations agree with central differences.
  package var isRepaired: Bool {
    tensors.allSatisfy {
      GradientVerdict(relativeError: $0.repairedError, hasKinks: hasKinks) == .good
    }
  }

  /// Tensors for which the equations as they stand are wrong.
  package var naiveFailing: [Tensor] {
    tensors.filter { $0.naiveError > GradientCheck.wrongError }
  }

  /// Whether all came out as the chain rule says: the repair is right, and δ is what it was.
  package var passed: Bool { isRepaired && leavesDelta != false }
}
