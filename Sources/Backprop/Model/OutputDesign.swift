/// How a network ends: what the last layer computes, which loss judges it, how targets are coded.
///
/// It follows from the task unless parts of it are named.
public struct OutputDesign: Sendable, Equatable {
  public let loss: Loss
  /// σ of the last layer.
  public let activation: Activation
  public let coding: TargetCoding

  /// Completes what is named to a whole that fits together.
  ///
  /// Classes: softmax with cross-entropy; two classes on one sigmoid under binary cross-entropy, on
  /// one output of ±1 under hinge. Several labels: a sigmoid each, with binary cross-entropy.
  /// Numbers: identity with squared error, on standardised targets. Any other activation, and the
  /// losses that need outputs of a certain range, take numbers as they are.
  ///
  /// - Parameters:
  ///   - task: What is to be learned.
  ///   - labels: Number of labels of a classification.
  ///   - loss: The loss, if it is named.
  ///   - activation: The output activation, if it is named.
  /// - Throws: `OutputDesignError` if what is named does not fit the task.
  public init(
    task: LearningTask, labels: Int, loss: Loss? = nil, activation: Activation? = nil
  ) throws(OutputDesignError) {
    let loss = loss ?? Self.usualLoss(task: task, activation: activation)
    let usualActivation: Activation =
      task == .classification && loss == .squaredError ? .softmax : loss.canonicalActivation
    self.loss = loss
    self.activation = activation ?? usualActivation
    switch task {
    case .classification:
      let hasOneOutput = labels == 2 && self.activation != .softmax
      if loss == .poisson { throw OutputDesignError(task: task, loss: loss) }
      coding = hasOneOutput ? (loss == .hinge ? .plusMinusOne : .zeroOne) : .oneHot
    case .multilabel:
      if loss == .poisson || loss == .crossEntropy || loss == .hinge {
        throw OutputDesignError(task: task, loss: loss)
      }
      coding = .zeroOne
    case .regression:
      if loss == .crossEntropy || loss == .hinge {
        throw OutputDesignError(task: task, loss: loss)
      }
      coding = self.activation == .identity ? .standardized : .raw
    }
  }

  private static func usualLoss(task: LearningTask, activation: Activation?) -> Loss {
    switch (task, activation) {
    case (.regression, _): .squaredError
    case (.multilabel, nil), (.multilabel, .sigmoid): .binaryCrossEntropy
    case (.classification, nil), (.classification, .softmax): .crossEntropy
    case (.classification, .sigmoid): .binaryCrossEntropy
    default: .squaredError
    }
  }

  /// Finds a target that the loss is not defined on: Poisson takes counts, cross-entropies shares.
  ///
  /// - Throws: `DataError` with the row.
  public func check(_ targets: TargetColumns, file: String?) throws(DataError) {
    guard targets.task == .regression else { return }
    let isShare = loss == .binaryCrossEntropy
    guard isShare || loss == .poisson else { return }
    let bad = targets.values.firstIndex { !($0 >= 0 && (!isShare || $0 <= 1)) }
    guard let bad else { return }
    let width = targets.columns.count
    throw DataError(
      file: file, place: .row(bad / width + 1), column: targets.columns[bad % width],
      "\(JSONValue(targets.values[bad])) is no target of the loss \(loss)",
      remedy: isShare ? "it takes numbers from 0 to 1" : "it takes numbers of at least 0")
  }
}

/// A loss that cannot judge a task.
public struct OutputDesignError: UserError, Equatable {
  public let task: LearningTask
  public let loss: Loss

  public var description: String {
    let losses =
      switch task {
      case .classification: "cross-entropy, binary-cross-entropy, squared-error or hinge"
      case .multilabel: "binary-cross-entropy or squared-error"
      case .regression: "squared-error, absolute-error, huber, quantile or poisson"
      }
    return "the loss \(loss) does not fit the task \(task.rawValue): use \(losses)"
  }
}
