/// The metrics of one batch, block by block, so that threads judge whole blocks and the sums still have
/// the order of `Blocks`. Allocated once for a run.
final class BlockMetrics {
  private let blocks: UnsafeMutableBufferPointer<Metrics>
  /// Whether outputs in training are judged by the targets of the data, and not by smoothed or mixed
  /// ones: wherever targets are classes.
  private let judgesOwnTargets: Bool

  /// - Parameters:
  ///   - count: The most blocks of a batch.
  ///   - examples: The most examples of a batch.
  init(kind: MetricKind, outputs: Int, count: Int, examples: Int) {
    blocks = .allocate(capacity: count)
    // Twice the usual length, as a shorter batch has fewer blocks; and times the blocks that the tree adds
    // to this one.
    let longest = 2 * ((examples + count - 1) / count)
    for block in 0..<count {
      let joined = block == 0 ? count : block & -block
      blocks.initializeElement(
        at: block,
        to: Metrics(kind: kind, outputs: outputs, examples: min(examples, joined * longest)))
    }
    judgesOwnTargets = if case .regression = kind { false } else { true }
  }

  deinit {
    blocks.deinitialize()
    blocks.deallocate()
  }

  /// Judges the rows of one block by the outputs that stand in a workspace.
  func judge<T: Scalar>(
    _ block: Int, _ rows: Range<Int>, in workspace: borrowing Workspace<T>
  ) {
    blocks[block].removeAll()
    blocks[block].add(
      outputs: workspace.states[workspace.layers.count - 1].outputs,
      targets: judgesOwnTargets ? workspace.ownTargets : workspace.targets,
      weights: judgesOwnTargets ? workspace.ownWeights : workspace.weights, rows: rows)
  }

  /// Judges the whole batch that stands in a workspace.
  func judge<T: Scalar>(_ workspace: borrowing Workspace<T>) -> Metrics {
    let cut = workspace.blocks
    for block in 0..<cut.count { judge(block, cut.rows(of: block), in: workspace) }
    cut.merge(blocks) { $0.merge($1) }
    return blocks[0]
  }

  /// Adds the blocks of a batch, all of which have been judged, to the metrics of an epoch.
  func add(_ cut: Blocks, to metrics: inout Metrics) {
    cut.merge(blocks) { $0.merge($1) }
    metrics.merge(blocks[0])
  }
}
