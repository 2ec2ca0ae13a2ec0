/// Examples as a network takes them: one row each, all numbers.
public struct Dataset<T: Scalar>: Sendable {
  /// x as it is kept.
  package let storedInputs: StoredInputs<T>
  /// y as it is kept.
  package let storedTargets: StoredTargets<T>
  /// One weight per example, at least 0; nil where all are 1.
  package let weights: [T]?
  /// Which inputs say of what category an example is; empty where that is not known.
  package var categories: [CategoryInputs] = []

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

  /// y, `[examples, outputs]`; classes are one-hot.
  ///
  /// - Complexity: O(1), but O(examples × outputs) where the targets are classes, of which no more than
  ///   a number an example is kept.
  public var targets: Matrix<T> { storedTargets.numbers }

  /// Examples with their targets as they are.
  ///
  /// - Parameters:
  ///   - inputs: x, `[examples, inputs]`.
  ///   - targets: y, `[examples, outputs]`.
  ///   - weights: One per example, or nil where all are 1.
  /// - Precondition: As many targets, and weights, as inputs.
  public init(inputs: Matrix<T>, targets: Matrix<T>, weights: [T]? = nil) {
    self.init(inputs: .numbers(inputs), targets: StoredTargets(targets), weights: weights)
  }

  /// Examples of classes, whose targets are one-hot.
  ///
  /// - Parameters:
  ///   - inputs: x, `[examples, inputs]`.
  ///   - classes: The class of each example, from 0.
  ///   - count: Number of classes, at most 2²⁴.
  ///   - weights: One per example, or nil where all are 1.
  /// - Precondition: As many classes, and weights, as inputs; each class below their number.
  public init(inputs: Matrix<T>, classes: [UInt32], of count: Int, weights: [T]? = nil) {
    precondition(classes.allSatisfy { $0 < count }, "a class past the last of \(count)")
    var codes = Matrix<T>(rows: classes.count, columns: 1, isCompact: true)
    let start = codes.mutableStart
    for (example, code) in classes.enumerated() { start[example] = T(code) }
    self.init(
      inputs: .numbers(inputs), targets: StoredTargets(codes, classCount: count), weights: weights)
  }

  package init(inputs: StoredInputs<T>, targets: StoredTargets<T>, weights: [T]? = nil) {
    let count = inputs.count
    precondition(
      count == targets.count && (weights == nil || weights?.count == count),
      "\(count) inputs, \(targets.count) targets, \(weights?.count ?? count) weights")
    storedInputs = inputs
    storedTargets = targets
    self.weights = weights
  }

  /// A copy of the examples at the given indices, in their order.
  package func subset(_ indices: [UInt32]) -> Dataset {
    var subset = Dataset(
      inputs: storedInputs.selecting(indices), targets: storedTargets.selecting(indices),
      weights: weights.map { weights in indices.map { weights[Int($0)] } })
    subset.categories = categories
    return subset
  }

  /// All examples as one batch.
  public var batch: Batch<T> {
    Batch(
      inputs: storedInputs, targets: storedTargets, weights: weights.map { Matrix([$0]) },
      rows: .range(0..<count))
  }

  /// Σ w / n; 1 where all weigh the same.
  package var meanWeight: Double {
    guard let weights, !weights.isEmpty else { return 1 }
    return weights.reduce(0.0) { $0 + Double($1) } / Double(weights.count)
  }
}
