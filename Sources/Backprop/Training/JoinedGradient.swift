/// The gradient of several batches as that of one, for networks whose batch is larger than memory.
///
/// By assumption I the gradient of the joined batch is the weighted sum of the batches' gradients:
/// under a mean a batch of m has the weight m/M, with M the examples of all of them, under a sum 1. The
/// last group of an epoch may hold fewer batches; its mean is over its own examples, as that of a shorter
/// last batch is.
struct JoinedGradient<T: Scalar>: Sendable {
  /// Batches of an update.
  let batches: Int
  private let batchSize: Int
  private let examples: Int
  private var count = 0
  private var sum: Parameters<T>

  init(of batches: Int, batchSize: Int, examples: Int, layout: ParameterLayout) {
    self.batchSize = batchSize
    self.examples = examples
    self.batches = min(batches, (examples + batchSize - 1) / batchSize)
    sum = Parameters(layout: self.batches > 1 ? layout : ParameterLayout(layers: []))
  }

  /// Updates of one epoch.
  var updatesPerEpoch: Int {
    let whole = batchSize * batches
    return (examples + whole - 1) / whole
  }

  /// Batches of the update that is under way.
  var taken: Int { count / batchSize }

  /// M, the examples of an update of an epoch, from 0.
  func examples(ofUpdate update: Int) -> Int {
    max(1, min(batchSize * batches, examples - update * batchSize * batches))
  }

  /// Takes the gradient of the next batch in.
  ///
  /// - Parameters:
  ///   - gradient: Of a batch; where the update is complete, it becomes that of all its batches.
  ///   - rows: Examples of the batch.
  ///   - all: M.
  ///   - reduction: Of the loss.
  /// - Returns: Whether the update is complete.
  mutating func add(
    _ gradient: inout Parameters<T>, rows: Int, of all: Int, reduction: Reduction,
    pool: ThreadPool?
  ) -> Bool {
    guard batches > 1 else { return true }
    if count == 0 { sum.clear() }
    sum.add(gradient, times: reduction == .mean ? T(rows) / T(all) : 1, pool: pool)
    count += rows
    guard count >= all else { return false }
    count = 0
    Swift.swap(&sum, &gradient)
    return true
  }
}

extension Parameters {
  fileprivate mutating func clear() { mutableStart.update(repeating: 0, count: layout.count) }

  /// Adds so many times other parameters of the same layout, biases too.
  fileprivate mutating func add(_ other: Parameters, times factor: T, pool: ThreadPool?) {
    let target = mutableStart
    // The gradient of ½ λ ‖θ‖² is λ θ.
    T.kernels.add_penalty_gradient(pool?.handle, layout.all, Double(factor), other.start, target)
  }
}
