/// Examples as a network takes them: one row each, all numbers.
public struct Dataset<T: Scalar>: Sendable {
  /// x as it is kept.
  let storedInputs: StoredInputs<T>
  /// y, `[examples, outputs]`; classes are one-hot.
  public let targets: Matrix<T>
  /// One weight per example, at least 0; nil where all are 1.
  public let weights: [T]?

  /// Number of examples.
  public var count: Int { storedInputs.count }

  /// x, `[examples, inputs]`.
  ///
  /// - Complexity: O(1), but O(examples × inputs) where the inputs are pixels, which are kept as the
  ///   bytes of their file.
  public var inputs: Matrix<T> {
    switch storedInputs {
    case .numbers(let matrix): matrix
    case .bytes: storedInputs.matrix(of: 0..<count)
    }
  }

  /// - Parameters:
  ///   - inputs: x, `[examples, inputs]`.
  ///   - targets: y, `[examples, outputs]`.
  ///   - weights: One per example, or nil where all are 1.
  /// - Precondition: As many targets, and weights, as inputs.
  public init(inputs: Matrix<T>, targets: Matrix<T>, weights: [T]? = nil) {
    self.init(inputs: .numbers(inputs), targets: targets, weights: weights)
  }

  init(inputs: StoredInputs<T>, targets: Matrix<T>, weights: [T]? = nil) {
    let count = inputs.count
    precondition(
      count == targets.rows && (weights == nil || weights?.count == count),
      "\(count) inputs, \(targets.rows) targets, \(weights?.count ?? count) weights")
    storedInputs = inputs
    self.targets = targets
    self.weights = weights
  }

  /// A copy of the examples at the given indices, in their order.
  public func subset(_ indices: [UInt32]) -> Dataset {
    Dataset(
      inputs: storedInputs.selecting(indices), targets: targets.gathered(indices),
      weights: weights.map { weights in indices.map { weights[Int($0)] } })
  }

  /// All examples as one batch.
  public var batch: Batch<T> {
    Batch(
      inputs: storedInputs, targets: targets, weights: weights.map { Matrix([$0]) },
      rows: .range(0..<count))
  }
}
