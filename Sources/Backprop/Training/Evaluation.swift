/// Loss and metrics of one pass over data.
public struct Evaluation: Sendable, Equatable, Codable {
  /// Σ wₓ Cₓ / n over the n examples, without penalties: what training descends under the reduction
  /// `mean`. Metrics are divided by Σ wₓ instead.
  public let loss: Double
  public let metrics: Metrics
  /// The metric that a run watches, if it is none of `metrics` and not the loss.
  public var watched: WatchedMetric?

  /// Examples that are evaluated at a time. A loss is the sum of its chunks' sums, so that the last bits
  /// of one in Double depend on it: it is the same for any number of threads, and stays as it is.
  static func chunk(of count: Int) -> Int { max(1, min(count, 1024)) }

  /// The value of a metric, if this evaluation has it.
  public func value(of metric: Metric) -> Double? {
    if metric == .loss { return loss }
    return watched?.metric == metric ? watched?.value : metrics.value(of: metric)
  }
}

/// A metric of the validation data beyond those of every epoch.
public struct WatchedMetric: Sendable, Equatable, Codable {
  public let metric: Metric
  public let value: Double
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

  /// The outputs of the network on a data set, kept for any metric, and their evaluation.
  ///
  /// - Parameters:
  ///   - dataset: Examples of as many inputs and outputs as the network has.
  ///   - metrics: How outputs are judged.
  ///   - pool: Threads to use; nil for the caller's alone. Changes no bit.
  public func judge(
    on dataset: Dataset<T>, metrics: MetricKind, pool: ThreadPool? = nil
  ) -> (evaluation: Evaluation, examples: JudgedExamples) {
    var workspace = Workspace(for: self, capacity: Evaluation.chunk(of: dataset.count))
    let examples = JudgedExamples(kind: metrics, outputs: outputCount, capacity: dataset.count)
    var kept: JudgedExamples? = examples
    let evaluation = evaluate(
      on: dataset, metrics: metrics, in: &workspace, pool: pool, keeping: &kept)
    return (evaluation, kept ?? examples)
  }

  /// The same with a metric that is watched, which keeps the outputs only if it needs them.
  func evaluate(
    on batches: Batches<T>, count: Int, metrics kind: MetricKind, watching metric: Metric?,
    in workspace: inout Workspace<T>, pool: ThreadPool?
  ) -> Evaluation {
    var kept: JudgedExamples?
    guard let metric, !metric.isOfEveryEpoch else {
      return evaluate(
        on: batches, count: count, metrics: kind, in: &workspace, pool: pool, keeping: &kept)
    }
    kept = JudgedExamples(kind: kind, outputs: outputCount, capacity: count)
    var evaluation = evaluate(
      on: batches, count: count, metrics: kind, in: &workspace, pool: pool, keeping: &kept)
    guard evaluation.loss.isFinite, let kept else { return evaluation }
    evaluation.watched = WatchedMetric(metric: metric, value: kept.value(of: metric))
    return evaluation
  }

  func evaluate(
    on dataset: Dataset<T>, metrics kind: MetricKind, in workspace: inout Workspace<T>,
    pool: ThreadPool?
  ) -> Evaluation {
    var kept: JudgedExamples?
    return evaluate(on: dataset, metrics: kind, in: &workspace, pool: pool, keeping: &kept)
  }

  private func evaluate(
    on dataset: Dataset<T>, metrics kind: MetricKind, in workspace: inout Workspace<T>,
    pool: ThreadPool?, keeping kept: inout JudgedExamples?
  ) -> Evaluation {
    var source = BatchSource(dataset, seed: 0)
    let batches = source.batches(
      of: Evaluation.chunk(of: dataset.count), epoch: 1, shuffled: false)
    return evaluate(
      on: batches, count: dataset.count, metrics: kind, in: &workspace, pool: pool, keeping: &kept)
  }

  @specialized(where T == Float)
  @specialized(where T == Double)
  private func evaluate(
    on batches: Batches<T>, count: Int, metrics kind: MetricKind,
    in workspace: inout Workspace<T>, pool: ThreadPool?, keeping kept: inout JudgedExamples?
  ) -> Evaluation {
    var metrics = Metrics(kind: kind, outputs: outputCount)
    var total = 0.0
    for batch in batches {
      let loss = forward(batch, in: &workspace, scale: 1, pool: pool)
      // The workspace then holds the batch at fault.
      guard loss.isFinite else { return Evaluation(loss: loss, metrics: metrics) }
      total += loss
      let outputs = workspace.states[layers.count - 1].outputs
      metrics.add(
        outputs: outputs, targets: workspace.targets, weights: workspace.weights, rows: batch.count)
      kept?.add(
        outputs: outputs, targets: workspace.targets, weights: workspace.weights,
        losses: UnsafePointer(workspace.losses), rows: batch.count)
    }
    return Evaluation(loss: total / Double(max(count, 1)), metrics: metrics)
  }
}
