/// Loss and metrics of one pass over data.
public struct Evaluation: Sendable, Equatable, Codable {
  /// Σ wₓ Cₓ / n over the n examples, without penalties: what training descends under the reduction
  /// `mean`. Metrics are divided by Σ wₓ instead.
  public let loss: Double
  package internal(set) var metrics: Metrics
  /// The metric that a run watches, if it is none of `metrics` and not the loss.
  package internal(set) var watched: WatchedMetric?
  /// Whether the loss is the log loss, which people are told once; it differs from that of `metrics` where
  /// examples have weights, by which that is divided.
  package internal(set) var lossIsLogLoss = false

  init(loss: Double, metrics: Metrics, lossIsLogLoss: Bool = false) {
    self.loss = loss
    self.metrics = metrics
    self.lossIsLogLoss = lossIsLogLoss
  }

  /// What no examples say.
  static func ofNothing(_ kind: MetricKind) -> Evaluation {
    var outputs = 0
    if case .regression(let scales) = kind { outputs = scales.count }
    return Evaluation(loss: .nan, metrics: Metrics(kind: kind, outputs: outputs, examples: 0))
  }

  /// Examples that were judged.
  public var examples: Int { metrics.count }

  /// The value of a metric, if this evaluation has it.
  public func value(of metric: Metric) -> Double? {
    if metric == .loss { return loss }
    return watched?.metric == metric ? watched?.value : metrics.value(of: metric)
  }
}

extension Evaluation: CustomStringConvertible {
  /// "accuracy 0.9855, log loss 0.07424"
  public var description: String {
    if shown.isEmpty { return "nothing was held out" }
    return shown.map { "\(MetricText.name($0)) \(MetricText.value($0, $1))" }.joined(
      separator: ", ")
  }

  /// What people are told, in its order; empty if no examples said anything.
  package var shown: [(metric: Metric, value: Double)] {
    if examples == 0, loss.isNaN { return [] }
    let watched = watched.map { [($0.metric, $0.value)] } ?? []
    return watched + metrics.shown + (lossIsLogLoss ? [] : [(.loss, loss)])
  }
}

/// A metric of the validation data beyond those of every epoch.
package struct WatchedMetric: Sendable, Equatable, Codable {
  package let metric: Metric
  package let value: Double
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
    var workspace = Workspace(for: self, capacity: chunk(of: dataset.count))
    return evaluate(on: dataset, metrics: metrics, in: &workspace, pool: pool)
  }

  /// The same, and what each example was given, kept for metrics that sums are not enough for.
  ///
  /// - Parameters:
  ///   - dataset: Examples of as many inputs and outputs as the network has.
  ///   - kind: How outputs are judged.
  ///   - metrics: What is going to be asked of the predictions; nil for any metric. Of many classes, those
  ///     that rank (areas under curves) take 8 bytes for each output of each example.
  ///   - pool: Threads to use; nil for the caller's alone. Changes no bit.
  package func evaluateKeepingPredictions(
    on dataset: Dataset<T>, metrics kind: MetricKind, for metrics: [Metric]? = nil,
    pool: ThreadPool? = nil
  ) -> (evaluation: Evaluation, predictions: EvaluatedPredictions) {
    var workspace = Workspace(for: self, capacity: chunk(of: dataset.count))
    let none = EvaluatedPredictions(kind: kind, outputs: outputCount, for: metrics)
    var kept: EvaluatedPredictions? = none
    let evaluation = evaluate(
      on: dataset, metrics: kind, in: &workspace, pool: pool, keeping: &kept)
    return (evaluation, kept ?? none)
  }

  /// The same of outputs that are at hand.
  func evaluate(
    _ outputs: Matrix<T>, on dataset: Dataset<T>, metrics kind: MetricKind,
    watching metric: Metric?, positive: Int
  ) -> Evaluation {
    let watched = metric.flatMap { $0.isOfEveryEpoch ? nil : $0 }
    var (evaluation, kept) = evaluate(
      outputs, on: dataset, metrics: kind, keeping: watched.map { [$0] } ?? [])
    if let watched, evaluation.loss.isFinite {
      kept.positive = positive
      evaluation.watched = WatchedMetric(metric: watched, value: kept.value(of: watched))
    }
    return evaluation
  }

  /// The same with a metric that is watched, which keeps the outputs only if it needs them.
  func evaluate(
    on batches: Batches<T>, count: Int, metrics kind: MetricKind, watching metric: Metric?,
    positive: Int, in workspace: inout Workspace<T>, pool: ThreadPool?
  ) -> Evaluation {
    var kept: EvaluatedPredictions?
    guard let metric, !metric.isOfEveryEpoch else {
      return evaluate(
        on: batches, count: count, metrics: kind, in: &workspace, pool: pool, keeping: &kept)
    }
    kept = EvaluatedPredictions(kind: kind, outputs: outputCount, for: [metric])
    kept?.positive = positive
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
    var kept: EvaluatedPredictions?
    return evaluate(on: dataset, metrics: kind, in: &workspace, pool: pool, keeping: &kept)
  }

  private func evaluate(
    on dataset: Dataset<T>, metrics kind: MetricKind, in workspace: inout Workspace<T>,
    pool: ThreadPool?, keeping kept: inout EvaluatedPredictions?
  ) -> Evaluation {
    var source = BatchSource(dataset, seed: 0)
    let batches = source.batches(
      of: chunk(of: dataset.count), epoch: 1, shuffled: false)
    return evaluate(
      on: batches, count: dataset.count, metrics: kind, in: &workspace, pool: pool, keeping: &kept)
  }

  @specialized(where T == Float)
  @specialized(where T == Double)
  private func evaluate(
    on batches: Batches<T>, count: Int, metrics kind: MetricKind,
    in workspace: inout Workspace<T>, pool: ThreadPool?, keeping kept: inout EvaluatedPredictions?,
    outputs: Matrix<T>? = nil, countsOnce: Bool = false
  ) -> Evaluation {
    // Each batch by its blocks, and the batches by the same tree.
    let none = Metrics(kind: kind, outputs: outputCount, examples: count)
    var metrics = BlockTree<Metrics>()
    var total = BlockTree<Double>()
    var isLogLoss = false
    if case .classification = kind { isLogLoss = self.loss.isLogLoss(outputs: outputCount) }
    let judge = BlockMetrics(
      kind: kind, outputs: outputCount,
      count: workspace.shards
        ?? Blocks.count(rows: workspace.capacity, parameters: parameterCount),
      examples: workspace.capacity)
    var done = 0
    for batch in batches {
      let batch = countsOnce ? batch.unweighted : batch
      let loss: Double
      if let outputs {
        loss = self.loss(
          of: outputs.gathered(
            (done..<done + batch.count).map { UInt32(outputs.rows == 1 ? 0 : $0) }), in: batch,
          &workspace)
        done += batch.count
      } else {
        loss = forward(batch, in: &workspace, scale: 1, pool: pool)
      }
      // The workspace then holds the batch at fault.
      guard loss.isFinite else { return Evaluation(loss: loss, metrics: none) }
      total.add(loss) { $0 += $1 }
      metrics.add(judge.judge(workspace)) { $0.merge($1) }
      kept?.add(
        outputs: workspace.states[layers.count - 1].outputs, targets: workspace.targets,
        weights: workspace.weights, losses: UnsafePointer(workspace.losses), rows: batch.count)
    }
    return Evaluation(
      loss: (total.sum { $0 += $1 } ?? 0) / Double(max(count, 1)),
      metrics: metrics.sum { $0.merge($1) } ?? none, lossIsLogLoss: isLogLoss)
  }

  /// Loss and metrics of outputs that were computed elsewhere, such as the mean of several networks'.
  ///
  /// - Parameter outputs: One row for each example, in their order; or one for all.
  func evaluate(
    _ outputs: Matrix<T>, on dataset: Dataset<T>, metrics kind: MetricKind,
    keeping metrics: [Metric]? = nil
  ) -> (evaluation: Evaluation, predictions: EvaluatedPredictions) {
    var workspace = Workspace(for: self, capacity: chunk(of: dataset.count))
    let none = EvaluatedPredictions(kind: kind, outputs: outputCount, for: metrics)
    var kept: EvaluatedPredictions? = none
    var source = BatchSource(dataset, seed: 0)
    let evaluation = evaluate(
      on: source.batches(of: chunk(of: dataset.count), epoch: 1, shuffled: false),
      count: dataset.count, metrics: kind, in: &workspace, pool: nil, keeping: &kept,
      outputs: outputs)
    return (evaluation, kept ?? none)
  }

  /// Loss and metrics on examples that may be in a file, each counting once, whatever it weighs.
  ///
  /// - Parameters:
  ///   - outputs: What every example is given instead of what the network makes of it.
  ///   - metric: What is watched beyond the metrics of every epoch.
  ///   - positive: Of two classes the one that it is of.
  /// - Throws: `FileError` if they cannot be read.
  package func evaluate(
    on examples: TrainingExamples<T>, metrics kind: MetricKind, giving outputs: [Double]? = nil,
    watching metric: Metric? = nil, positive: Int = 1, pool: ThreadPool? = nil
  ) throws(FileError) -> Evaluation {
    let chunk = chunk(of: examples.count)
    var workspace = Workspace(for: self, capacity: chunk)
    var source = BatchSource(
      examples, seed: 0, block: ShuffleBlock(rows: chunk, window: 1), capacity: chunk)
    let watched = metric.flatMap { $0.isOfEveryEpoch ? nil : $0 }
    var kept = watched.map { EvaluatedPredictions(kind: kind, outputs: outputCount, for: [$0]) }
    kept?.positive = positive
    var evaluation = evaluate(
      on: source.batches(of: chunk, epoch: 1, shuffled: false), count: examples.count,
      metrics: kind, in: &workspace, pool: pool, keeping: &kept,
      outputs: outputs.map { Matrix([$0.map { T($0) }]) }, countsOnce: true)
    if let failure = source.failure { throw failure }
    if let watched, let kept, evaluation.loss.isFinite {
      evaluation.watched = WatchedMetric(metric: watched, value: kept.value(of: watched))
    }
    return evaluation
  }

  /// Puts outputs in the place of those of a pass, and gives their loss.
  private func loss(
    of outputs: Matrix<T>, in batch: Batch<T>, _ workspace: inout Workspace<T>
  ) -> Double {
    begin(batch, in: &workspace, scale: 1, under: nil, pool: nil)
    let target = workspace.states[layers.count - 1].outputs
    for row in 0..<batch.count {
      target.row(row).baseAddress.unsafelyUnwrapped.update(
        from: outputs.start + row * outputs.stride, count: outputs.columns)
    }
    formLossesOfOutputs(0..<batch.count, in: workspace)
    return workspace.loss
  }
}

extension Batch {
  /// The same examples, all of weight 1.
  fileprivate var unweighted: Batch {
    weights == nil ? self : Batch(inputs: inputs, targets: targets, weights: nil, rows: rows)
  }
}

extension Dataset {
  /// The same examples, all of weight 1.
  package var unweighted: Dataset { Dataset(inputs: storedInputs, targets: storedTargets) }
}
