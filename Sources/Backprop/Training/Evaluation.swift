/// Loss and metrics of one pass over data.
public struct Evaluation: Sendable, Equatable, Codable {
  /// Cₓ averaged over the examples (with their weights), without penalties.
  public let loss: Double
  public let metrics: Metrics

  /// Examples that are evaluated at a time. The bits do not depend on it, only the time does.
  static func chunk(of count: Int) -> Int { max(1, min(count, 1024)) }
}

extension Network {
  /// Loss and metrics of the network on a data set.
  ///
  /// - Parameters:
  ///   - dataset: Examples of as many inputs and outputs as the network has.
  ///   - metrics: How outputs are judged.
  ///   - pool: Threads to use; nil for the caller's alone. Changes no bit.
  public func evaluate(
    on dataset: Dataset<T>, metrics: MetricKind, pool: ThreadPool? = nil
  ) -> Evaluation {
    var workspace = Workspace(for: self, capacity: Evaluation.chunk(of: dataset.count))
    return evaluate(on: dataset, metrics: metrics, in: &workspace, pool: pool)
  }

  @specialized(where T == Float)
  @specialized(where T == Double)
  func evaluate(
    on dataset: Dataset<T>, metrics kind: MetricKind, in workspace: inout Workspace<T>,
    pool: ThreadPool?
  ) -> Evaluation {
    var metrics = Metrics(kind: kind, outputs: outputCount)
    var total = 0.0
    let batches = Batches(
      inputs: dataset.inputs, targets: dataset.targets,
      weights: dataset.weights.map { Matrix([$0]) }, order: nil,
      size: Evaluation.chunk(of: dataset.count))
    for batch in batches {
      let loss = forward(batch, in: &workspace, scale: 1, pool: pool)
      // The workspace then holds the batch at fault.
      guard loss.isFinite else { return Evaluation(loss: loss, metrics: metrics) }
      total += loss
      metrics.add(
        outputs: workspace.states[layers.count - 1].outputs, targets: workspace.targets,
        rows: batch.count)
    }
    return Evaluation(loss: total / Double(max(dataset.count, 1)), metrics: metrics)
  }
}
