/// The gradient of several batches as that of one, for networks whose batch is larger than memory.
///
/// By assumption I the gradient of the joined batch is the weighted sum of its examples' gradients. The
/// weight, 1/M under a mean with M the examples of the whole update, is in each batch's δ already, so
/// that the gradients are added as they are. The last group of an epoch may hold fewer batches; its mean
/// is over its own examples, as that of a shorter last batch is.
struct GradientAccumulator<T: Scalar>: Sendable {
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
  /// - Returns: Whether the update is complete.
  mutating func add(
    _ gradient: inout Parameters<T>, rows: Int, of all: Int, pool: ThreadPool?
  ) -> Bool {
    guard batches > 1 else { return true }
    if count == 0 { sum.mutableStart.update(repeating: 0, count: sum.layout.count) }
    // The gradient of ½ λ ‖θ‖² is λ θ: here λ is 1.
    T.kernels.add_penalty_gradient(
      pool?.handle, sum.layout.all, 1, gradient.start, sum.mutableStart)
    count += rows
    guard count >= all else { return false }
    count = 0
    Swift.swap(&sum, &gradient)
    return true
  }
}
