/// Examples as a network takes them: one row each, all numbers.
public struct Dataset<T: Scalar>: Sendable {
  /// x, `[examples, inputs]`.
  public let inputs: Matrix<T>
  /// y, `[examples, outputs]`; classes are one-hot.
  public let targets: Matrix<T>
  /// One weight per example, at least 0; nil where all are 1.
  public let weights: [T]?

  /// Number of examples.
  public var count: Int { inputs.rows }

  /// - Parameters:
  ///   - inputs: x, `[examples, inputs]`.
  ///   - targets: y, `[examples, outputs]`.
  ///   - weights: One per example, or nil where all are 1.
  /// - Precondition: As many targets, and weights, as inputs.
  public init(inputs: Matrix<T>, targets: Matrix<T>, weights: [T]? = nil) {
    precondition(
      inputs.rows == targets.rows && (weights == nil || weights?.count == inputs.rows),
      "\(inputs.rows) inputs, \(targets.rows) targets, \(weights?.count ?? inputs.rows) weights")
    self.inputs = inputs
    self.targets = targets
    self.weights = weights
  }

  /// A copy of the examples at the given indices, in their order.
  public func subset(_ indices: [UInt32]) -> Dataset {
    Dataset(
      inputs: inputs.gathered(indices), targets: targets.gathered(indices),
      weights: weights.map { weights in indices.map { weights[Int($0)] } })
  }

  /// All examples as one batch.
  public var batch: Batch<T> { Batch(inputs: inputs, targets: targets, weights: weights) }
}
