/// How a network ends: what the last layer computes, which loss judges it, how targets are coded.
///
/// It follows from the task unless parts of it are named.
package struct OutputDesign: Sendable, Equatable {
  package let loss: Loss
  /// σ of the last layer.
  package let activation: Activation
  package let coding: TargetCoding

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
  package init(
    task: LearningTask, labels: Int, loss: Loss? = nil, activation: Activation? = nil
  ) throws(OutputDesignError) {
    let loss = loss ?? Self.usualLoss(task: task, activation: activation)
    let usualActivation: Activation =
      task == .classification && loss == .squaredError ? .softmax : loss.defaultOutputActivation
    self.loss = loss
    self.activation = activation ?? usualActivation
    switch task {
    case .classification:
      let hasOneOutput = labels == 2 && self.activation != .softmax
      if loss == .poisson { throw OutputDesignError(task: task, loss: loss) }
      // −Σ y log a sees only the output of the right class: sigmoids that need not sum to 1 would all
      // go to 1, and nothing would tell the classes apart.
      if loss == .crossEntropy, self.activation == .sigmoid {
        throw OutputDesignError(task: task, loss: loss, activation: .sigmoid)
      }
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

  /// Finds a target that the loss is not defined on, or that no output can come near: those of a
  /// sigmoid lie between 0 and 1, of tanh between -1 and 1, of ReLU at 0 and above.
  ///
  /// The bounds themselves are allowed, though a sigmoid only approaches them.
  ///
  /// - Throws: `DataError` with the row.
  package func check(_ targets: TargetColumns, file: String?) throws(DataError) {
    guard targets.task == .regression else { return }
    let width = targets.columns.count
    try loss.check(
      count: targets.rowCount, columns: targets.columns, file: file, row: { $0 },
      target: { targets.values[$0 * width + $1] })
    guard coding == .raw, let (least, greatest) = activation.bounds else { return }
    let bad = targets.values.firstIndex { !($0 >= least && $0 <= greatest) }
    guard let bad else { return }
    let range =
      greatest.isFinite
      ? "between \(JSONValue(least)) and \(JSONValue(greatest))" : "at least \(JSONValue(least))"
    throw DataError(
      file: file, place: .row(bad / width + 1), column: targets.columns[bad % width],
      "\(JSONValue(targets.values[bad])) is out of reach of the output activation \(activation), "
        + "whose outputs are \(range)",
      remedy: "rescale the targets, or use the output activation identity")
  }
}

extension Activation {
  /// The least and the greatest output, or what outputs approach; nil if they have no bounds.
  fileprivate var bounds: (least: Double, greatest: Double)? {
    switch self {
    case .sigmoid, .softmax: (0, 1)
    case .tanh: (-1, 1)
    case .relu, .softplus: (0, .infinity)
    case .leakyReLU(let slope): slope == 0 ? (0, .infinity) : nil
    case .elu(let alpha): (-alpha, .infinity)
    // λα, and the minima of z Φ(z), z sigmoid(z) and z tanh(softplus z), rounded down.
    case .selu: (-1.7581, .infinity)
    case .gelu: (-0.17, .infinity)
    case .silu: (-0.2785, .infinity)
    case .mish: (-0.3089, .infinity)
    case .identity, .maxout, .own: nil
    }
  }
}

/// A loss that cannot judge a task, or not on these outputs.
package struct OutputDesignError: UserError, Equatable {
  package let task: LearningTask
  package let loss: Loss
  /// The output activation, if it is what does not fit.
  package var activation: Activation?

  package var message: String {
    if let activation {
      return "the loss \(loss) needs outputs that sum to 1, which those of \(activation) do not: "
        + "use softmax, or the loss binary-cross-entropy"
    }
    let losses =
      switch task {
      case .classification: "cross-entropy, binary-cross-entropy, squared-error or hinge"
      case .multilabel: "binary-cross-entropy or squared-error"
      case .regression: "squared-error, absolute-error, huber, quantile or poisson"
      }
    return "the loss \(loss) does not fit the task \(task.rawValue): use \(losses)"
  }
}
