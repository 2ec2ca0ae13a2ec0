/// The passes of a batch block by block, and what is kept of each block: for networks so small that a
/// thread takes whole blocks, forward and back, and their gradients are added afterwards.
///
/// Made once for a run; a pass allocates nothing. Memory: blocks × parameters.
package final class BlockPasses<T: Scalar>: PoolWork {
  /// Told of each block and its rows once their outputs stand in the workspace; of different blocks maybe
  /// at the same time.
  typealias Judge = (_ block: Int, _ rows: Range<Int>, borrowing Workspace<T>) -> Void

  /// The most elements of a gradient that is worth it: where the weights and the gradient of a block stay
  /// in the second cache of a processor.
  private static var mostElements: Int { (1 << 17) / MemoryLayout<T>.size }

  let judge: Judge
  private let size: Int
  private let capacity: Int
  private let sums: AlignedBuffer<T>
  // What is being passed; nil between two passes.
  private var network: UnsafePointer<Network<T>>?
  private var workspace: UnsafePointer<Workspace<T>>?
  private var blocks = Blocks(rows: 0, count: 1)

  /// - Parameters:
  ///   - layout: Of the network.
  ///   - blocks: The most blocks of a batch. Room for them is made only if the network is small enough.
  init(
    for layout: ParameterLayout, blocks: Int, judge: @escaping Judge = { _, _, _ in }
  ) {
    self.judge = judge
    size = layout.count
    capacity = blocks >= 2 && layout.count <= Self.mostElements ? blocks : 0
    sums = AlignedBuffer(count: capacity * size)
  }

  /// Whether a batch is to be passed block by block: where threads share it, and where what a product
  /// leaves would not stay in the second cache until the next one reads it.
  func suit(_ blocks: Blocks, width: Int, pool: ThreadPool?) -> Bool {
    guard blocks.count >= 2, blocks.count <= capacity else { return false }
    return pool != nil || blocks.rows * width * MemoryLayout<T>.size > 1 << 19
  }

  /// Passes the batch that stands in a workspace, and forms its losses and its gradient.
  func pass(
    _ network: Network<T>, _ workspace: borrowing Workspace<T>, _ blocks: Blocks,
    into gradient: inout Parameters<T>, pool: ThreadPool?
  ) {
    self.blocks = blocks
    withUnsafePointer(to: network) { network in
      withUnsafePointer(to: workspace) { workspace in
        self.network = network
        self.workspace = workspace
        ThreadPool.run(self, on: pool)
        self.network = nil
        self.workspace = nil
      }
    }
    T.kernels.add_blocks(
      pool?.handle, size, blocks.count, sums.start, size, gradient.mutableStart)
  }

  /// The blocks of one thread.
  func run(part: Int, of parts: Int) {
    guard let network, let workspace else { return }
    for block in part * blocks.count / parts..<(part + 1) * blocks.count / parts {
      network.pointee.pass(
        block, blocks.rows(of: block), in: workspace.pointee, into: sums.start + block * size,
        judge)
    }
  }
}

extension Network {
  /// One block: forward, loss, and back to its gradient.
  @specialized(where T == Float)
  @specialized(where T == Double)
  fileprivate func pass(
    _ block: Int, _ rows: Range<Int>, in workspace: borrowing Workspace<T>,
    into sum: UnsafeMutablePointer<T>, _ judge: BlockPasses<T>.Judge
  ) {
    propagate(rows, in: workspace, pool: nil)
    formLosses(rows, in: workspace)
    judge(block, rows, workspace)
    backward(rows, blocks: 1, in: workspace, into: sum, pool: nil)
  }
}
