/// A network at work on new examples, with the memory of its passes kept from call to call.
///
/// `Network.predictions(for:pool:)` makes room for every call; where calls are many and small, that room
/// costs more than the pass. Both give the same bits, and so do one example and a thousand.
///
/// ```swift
/// var predictor = Predictor(network)
/// var probabilities = Matrix<Float>(rows: 1, columns: network.outputCount)
/// predictor.predict(example, into: &probabilities)
/// ```
///
/// A predictor serves one call at a time. Threads that answer side by side have one each; the network's
/// parameters are then in memory once.
public struct Predictor<T: Scalar>: ~Copyable {
  /// What predicts, as it was when the predictor was made.
  package let network: Network<T>
  /// The most examples of one call.
  package let capacity: Int
  private var workspace: Workspace<T>

  /// Makes room for the passes of up to `capacity` examples.
  ///
  /// - Parameters:
  ///   - network: What predicts.
  ///   - capacity: The most examples of one call, at least 1.
  public init(_ network: Network<T>, capacity: Int = 1) {
    precondition(capacity >= 1, "a predictor for \(capacity) examples")
    self.network = network
    self.capacity = capacity
    workspace = Workspace(for: network, capacity: capacity)
  }

  /// aᴸ of some examples. Dropout takes no part.
  ///
  /// - Parameters:
  ///   - inputs: x, `[examples, inputs]`.
  ///   - rows: Which of them, at most `capacity`; nil for all.
  ///   - outputs: Receives aᴸ of the first of these examples in its first row, and so on; `[at least as
  ///     many, outputs]`. Further rows stay as they are.
  ///   - pool: Threads to use; nil for the caller's alone. Changes no bit.
  /// - Precondition: The shapes agree as above.
  /// - Complexity: O(examples × weights), without allocation if nobody else holds the elements of
  ///   `outputs`.
  @specialized(where T == Float)
  @specialized(where T == Double)
  public mutating func predict(
    _ inputs: Matrix<T>, rows: Range<Int>? = nil, into outputs: inout Matrix<T>,
    pool: ThreadPool? = nil
  ) {
    let rows = rows ?? 0..<inputs.rows
    precondition(
      inputs.columns == network.inputCount && rows.lowerBound >= 0
        && rows.upperBound <= inputs.rows && rows.count <= capacity,
      "rows \(rows) of [\(inputs.rows), \(inputs.columns)] for \(network.inputCount) inputs and "
        + "at most \(capacity) examples")
    precondition(
      outputs.columns == network.outputCount && outputs.rows >= rows.count,
      "\(rows.count) × \(network.outputCount) outputs into [\(outputs.rows), \(outputs.columns)]")
    workspace.rows = rows.count
    workspace.inputs = inputs.paddedView(of: rows, copiedTo: workspace.gatheredInputs)
    network.propagate(0..<workspace.rows, in: workspace, pool: pool)
    let found = workspace.states[network.layers.count - 1].outputs
    let target = outputs.mutableStart
    for row in 0..<rows.count {
      (target + row * outputs.stride).update(
        from: found.start + row * found.stride, count: network.outputCount)
    }
  }
}
