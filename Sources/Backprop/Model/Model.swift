/// All that is needed to predict from data as a user has it: encoder, network, decoder.
///
/// ```swift
/// let model = try Model(contentsOf: "penguins.safetensors")
/// let answer = try model.predict(["island": "Biscoe", "bill_length_mm": 46.1, …, "sex": nil])
/// print(answer.label, answer.probabilities["Gentoo"] ?? 0)
/// ```
///
/// A model does not change, and any number of tasks may use one at the same time: each call takes a
/// workspace that nobody else has, and waits for none. It is one safetensors file.
public struct Model: Sendable {
  /// The networks whose outputs are averaged: one, or the members of an ensemble. All are of the same
  /// precision, and take and give the same numbers.
  public let members: [AnyNetwork]
  /// How columns become inputs; nil if the network takes numbers as they are.
  public let encoder: FeatureEncoder?
  /// How target columns become outputs, and outputs labels; nil if outputs are numbers as they are.
  public let targetEncoder: TargetEncoder?
  /// The run that made the weights; nil if they were never trained.
  public let configuration: TrainingConfiguration?
  /// What examples weighed in training; nil if all weighed the same.
  package let weights: ExampleWeights?
  /// What it was trained on; nil if that is not known.
  package let rows: TrainedRows?
  /// How far predictions lie from what happens; nil if nobody asked.
  package internal(set) var intervals: PredictionIntervals?
  let rowPredictors: RowPredictors
  /// How rows of a program become inputs; nil without an encoder.
  let features: RowFeatures?

  /// The network; of an ensemble the first member.
  public var network: AnyNetwork { members[0] }

  /// The model of one member alone, from 0, with the settings that it was trained by.
  package func member(_ index: Int) -> Model {
    guard members.count > 1 else { return self }
    var configuration = configuration
    if let run = configuration, let text = run.stopping.variants {
      let variants = Variants.parts(of: text)
      let own = variants[min(index / (run.stopping.members ?? 1), variants.count - 1)]
      configuration = (try? Variants.applying(own, to: run)) ?? run
    }
    configuration?.stopping.members = nil
    configuration?.stopping.variants = nil
    configuration?.stopping.interval = nil
    return Model(
      members: [members[index]], encoder: encoder, targetEncoder: targetEncoder,
      configuration: configuration, weights: weights, rows: rows)
  }

  /// A model of one network.
  ///
  /// - Precondition: The encoders have as many outputs as the network has inputs and outputs.
  public init(
    network: AnyNetwork, encoder: FeatureEncoder? = nil, targetEncoder: TargetEncoder? = nil,
    configuration: TrainingConfiguration? = nil
  ) {
    self.init(
      members: [network], encoder: encoder, targetEncoder: targetEncoder,
      configuration: configuration, weights: nil)
  }

  /// - Parameter members: The networks of an ensemble, at least one.
  /// - Precondition: They are of one precision, and of the same numbers of inputs and outputs; the encoders
  ///   fit these.
  package init(
    members: [AnyNetwork], encoder: FeatureEncoder? = nil, targetEncoder: TargetEncoder? = nil,
    configuration: TrainingConfiguration? = nil, weights: ExampleWeights? = nil,
    rows: TrainedRows? = nil
  ) {
    precondition(!members.isEmpty, "a model without a network")
    let (sizes, precision) = (members[0].sizes, members[0].precisionName)
    precondition(
      members.allSatisfy {
        $0.sizes.first == sizes.first && $0.sizes.last == sizes.last
          && $0.precisionName == precision
          && $0.outputActivation == members[0].outputActivation
      }, "members of an ensemble that do not fit together")
    precondition(
      encoder == nil || encoder?.outputCount == sizes[0],
      "an encoder of \(encoder?.outputCount ?? 0) features for \(sizes[0]) inputs")
    precondition(
      targetEncoder == nil || targetEncoder?.outputCount == sizes[sizes.count - 1],
      "a target encoder of \(targetEncoder?.outputCount ?? 0) for \(sizes[sizes.count - 1]) outputs"
    )
    self.members = members
    self.encoder = encoder
    self.targetEncoder = targetEncoder
    self.configuration = configuration
    self.weights = weights
    self.rows = rows
    rowPredictors = RowPredictors(members)
    features = encoder.map {
      RowFeatures($0, others: (targetEncoder?.columns ?? []) + [weights?.column].compactMap(\.self))
    }
  }
}

extension TargetEncoder {
  /// How the outputs of a network with this output activation are judged against these targets.
  package func metrics(outputActivation: Activation) -> MetricKind {
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
  package func hasProbabilities(outputActivation: Activation) -> Bool {
    switch (task, coding) {
    case (.classification, .oneHot): outputActivation == .softmax
    case (.classification, .zeroOne), (.multilabel, .zeroOne): outputActivation == .sigmoid
    default: false
    }
  }
}
