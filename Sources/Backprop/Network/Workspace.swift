/// What one batch leaves in a network: z, a and δ of every layer, allocated once and kept.
///
/// The workspace is the trace: `Trace` copies these very numbers out. A training step allocates
/// nothing. z is kept where σ′ needs it (GELU, SiLU, Mish, maxout, your own), for the last layer, and for
/// all layers if that is asked for; the kernels are the same, so are the bits.
public struct Workspace<T: Scalar>: ~Copyable {
  /// Examples that fit.
  package let capacity: Int
  /// The layers that the matrices below belong to.
  let layers: [Layer]
  /// Examples of the last batch, m.
  package internal(set) var rows = 0

  /// The last batch, held so that the views of its rows stay valid.
  var batch: Batch<T>?
  /// The batch that comes next, if it is known: its rows are fetched while this one is at work.
  var ahead: Batch<T>?
  /// x of the last batch: rows of the data set itself, or a gathered copy.
  package var inputs: MatrixView<T>
  package var targets: MatrixView<T>
  /// Example weights of the last batch, or nil where all are 1.
  package var weights: UnsafePointer<T>?
  /// y and w as the data has them, whatever regularisation made of them.
  var ownTargets: MatrixView<T>
  var ownWeights: UnsafePointer<T>?
  /// The noise of the last forward pass; nil where it was none.
  var regularization: StochasticRegularization?

  /// The factor of each example's weight in C: 1/m of a mean, with the m of the whole update.
  package var scale: T = 1
  /// Into how many blocks each batch is cut; nil for as many as its length and the network ask for.
  var shards: Int?
  private let parameterCount: Int

  let gatheredInputs: MatrixView<T>
  /// Which rows of the data set the last batch is, where they are read in place.
  let places: UnsafeMutablePointer<UInt32>
  let gatheredTargets: MatrixView<T>
  let gatheredWeights: UnsafeMutablePointer<T>
  /// wₓ Cₓ of each example.
  let losses: UnsafeMutablePointer<T>
  package let states: [LayerState<T>]
  var regularized: RegularizedBatch<T>
  private let buffer: AlignedBuffer<T>

  /// Allocates for batches of up to `capacity` examples.
  ///
  /// - Parameters:
  ///   - network: The network whose passes leave their numbers here.
  ///   - capacity: The most examples of a batch, at least 0.
  ///   - keepsWeightedInputs: Whether z of every layer is kept, as a trace needs it, with room for
  ///     ∂C/∂a.
  public init(
    for network: Network<T>, capacity: Int, keepsWeightedInputs: Bool = false
  ) {
    self.init(
      for: network, capacity: capacity, keepsWeightedInputs: keepsWeightedInputs,
      regularization: nil)
  }

  /// The same with room for what steps change at random.
  ///
  /// - Parameter regularization: One like those of the passes to come; nil if there will be none.
  package init(
    for network: Network<T>, capacity: Int, keepsWeightedInputs: Bool = false,
    regularization: StochasticRegularization?
  ) {
    precondition(capacity >= 0, "a workspace for \(capacity) examples")
    self.capacity = capacity
    layers = network.layers
    parameterCount = network.parameterCount
    // Two walks of the same plan: one adds up the sizes, the other hands out the memory.
    var measure = Arena<T>(base: nil)
    _ = Self.plan(layers, capacity, keepsWeightedInputs, regularization, in: &measure)
    buffer = AlignedBuffer(count: measure.used)
    var arena = Arena<T>(base: buffer.start)
    let plan = Self.plan(layers, capacity, keepsWeightedInputs, regularization, in: &arena)
    gatheredInputs = plan.inputs
    places = UnsafeMutableRawPointer(plan.places.start)
      .bindMemory(to: UInt32.self, capacity: capacity)
    gatheredTargets = plan.targets
    gatheredWeights = plan.weights.start
    losses = plan.losses.start
    states = plan.states
    regularized = plan.regularized
    ownTargets = plan.targets
    ownWeights = nil
    self.regularization = nil
    inputs = plan.inputs
    targets = plan.targets
    weights = nil
    batch = nil
    ahead = nil
  }

  private static func plan(
    _ layers: [Layer], _ capacity: Int, _ keepsWeightedInputs: Bool,
    _ regularization: StochasticRegularization?,
    in arena: inout Arena<T>
  ) -> (
    inputs: MatrixView<T>, places: MatrixView<T>, targets: MatrixView<T>, weights: MatrixView<T>,
    losses: MatrixView<T>, states: [LayerState<T>], regularized: RegularizedBatch<T>
  ) {
    let inputs = arena.matrix(capacity, layers.first?.inputs ?? 0)
    // As wide as a UInt32, at least.
    let places = arena.matrix(1, capacity)
    let targets = arena.matrix(capacity, layers.last?.outputs ?? 0)
    let weights = arena.matrix(1, capacity)
    let losses = arena.matrix(1, capacity)
    let states = layers.indices.map { index in
      let isLast = index == layers.count - 1
      return layers[index].makeState(
        capacity: capacity,
        for: StateDemands(
          weightedInputs: keepsWeightedInputs || isLast,
          outputGradient: keepsWeightedInputs || isLast || !layers[index + 1].fusesDerivative,
          dropout: regularization != nil),
        in: &arena)
    }
    let mixes = (regularization?.mixup ?? 0) > 0
    let regularized = RegularizedBatch<T>(
      inputs: regularization?.changesInputs ?? false
        ? arena.matrix(capacity, inputs.columns) : .none,
      targets: regularization?.changesTargets ?? false
        ? arena.matrix(capacity, targets.columns) : .none,
      weights: mixes ? arena.matrix(1, capacity) : .none,
      shares: mixes ? arena.matrix(1, capacity) : .none,
      partners: mixes ? [UInt32](repeating: 0, count: capacity) : [])
    return (inputs, places, targets, weights, losses, states, regularized)
  }

  /// What a layer computes from: x, or a of the layer below, or its ã where outputs were dropped; layer
  /// from 0.
  package func inputs(of layer: Int) -> MatrixView<T> {
    if layer == 0 { return inputs }
    let below = states[layer - 1]
    return regularization != nil && layers[layer - 1].dropout > 0 ? below.dropped : below.outputs
  }

  /// How the last batch is cut.
  package var blocks: Blocks {
    Blocks(
      rows: rows, count: shards ?? Blocks.count(rows: rows, parameters: parameterCount))
  }

  /// C of the last batch, Σ wₓ Cₓ: each block by itself, then the tree.
  var loss: Double {
    let blocks = blocks
    return blocks.sum { block in
      let rows = blocks.rows(of: block)
      return T.kernels.sum(rows.count, losses + rows.lowerBound)
    }
  }

  /// Elements of one row of all layers, a and δ.
  var width: Int {
    var width = inputs.columns
    for index in layers.indices { width += 2 * layers[index].affineOutputs }
    return width
  }

  /// wₓ of one example: its own weight times the factor of the update.
  package func weight(of row: Int) -> T { (weights?[row] ?? 1) * scale }

  /// Copies the rows that a view shows of the last batch.
  package func copy(_ view: MatrixView<T>) -> Matrix<T> {
    var matrix = Matrix<T>(rows: rows, columns: view.columns)
    for row in 0..<rows {
      matrix.setRow(
        row, to: UnsafeBufferPointer(view.row(row)))
    }
    return matrix
  }

  /// aˡ of the last batch, `[m, outputs]`; layer from 0 for the first that computes.
  public func outputs(of layer: Int) -> Matrix<T> { copy(states[layer].outputs) }
  /// δˡ of the last batch, `[m, affine outputs]`.
  public func delta(of layer: Int) -> Matrix<T> { copy(states[layer].delta) }
  /// zˡ of the last batch, `[m, affine outputs]`, or nil where it is not kept.
  public func weightedInputs(of layer: Int) -> Matrix<T>? {
    if let normalization = states[layer].normalization { return copy(normalization.weightedInputs) }
    return activationInputs(of: layer)
  }
  /// What σ was applied to: n of a normalised layer, else zˡ; nil where it is not kept.
  package func activationInputs(of layer: Int) -> Matrix<T>? {
    states[layer].weightedInputs.columns > 0 || states[layer].outputs.columns == 0
      ? copy(states[layer].weightedInputs) : nil
  }
  /// wₓ Cₓ of each example of the last batch.
  package var exampleLosses: [T] { Array(UnsafeBufferPointer(start: losses, count: rows)) }
}

/// The matrices of one layer for one batch, inside a workspace.
package struct LayerState<T: Scalar> {
  /// What σ is applied to, `[m, affine outputs]`: z, or n of a normalised layer; without columns where it
  /// is not kept.
  package let weightedInputs: MatrixView<T>
  /// a, `[m, outputs]`.
  package let outputs: MatrixView<T>
  /// δ, `[m, affine outputs]`.
  package let delta: MatrixView<T>
  /// ∂C/∂a, `[m, outputs]`: ∇ₐC of the last layer, and the error before σ′ takes part (maxout, your own).
  package let outputGradient: MatrixView<T>
  /// z itself and ∂C/∂n; nil for a layer that is not normalised.
  package let normalization: NormalizationState<T>?
  /// r of dropout, 0 or 1/(1−p), `[m, outputs]`; without columns where nothing is ever dropped.
  let mask: MatrixView<T>
  /// ã = a ⊙ r, `[m, outputs]`, likewise.
  let dropped: MatrixView<T>
  /// σ of z, or of n, `[m, outputs]`: a itself, unless the activation is parametric.
  package let activated: MatrixView<T>
  /// Room for a key of 8 bytes a row, of a layer that looks entries up.
  let keys: UnsafeMutableRawPointer?

  init(
    weightedInputs: MatrixView<T>, outputs: MatrixView<T>, delta: MatrixView<T>,
    outputGradient: MatrixView<T>, normalization: NormalizationState<T>? = nil,
    mask: MatrixView<T> = .none, dropped: MatrixView<T> = .none, activated: MatrixView<T>? = nil,
    keys: UnsafeMutableRawPointer? = nil
  ) {
    self.weightedInputs = weightedInputs
    self.outputs = outputs
    self.delta = delta
    self.outputGradient = outputGradient
    self.normalization = normalization
    self.mask = mask
    self.dropped = dropped
    self.activated = activated ?? outputs
    self.keys = keys
  }

  /// The rows from `row` on.
  func dropping(_ row: Int) -> LayerState {
    if row == 0 { return self }
    return LayerState(
      weightedInputs: weightedInputs.dropping(row), outputs: outputs.dropping(row),
      delta: delta.dropping(row), outputGradient: outputGradient.dropping(row),
      normalization: normalization?.dropping(row), mask: mask.dropping(row),
      dropped: dropped.dropping(row), activated: activated.dropping(row),
      keys: keys.map { $0 + row * 8 })
  }
}
