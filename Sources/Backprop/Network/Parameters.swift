/// All parameters of a network in one flat, 64-byte aligned buffer; layers are views of it.
///
/// A gradient, a velocity and a moment are values of the same type. So an update, a checkpoint, an
/// exchange between workers and a gradient check are each one loop over the buffer. The order is the
/// kernels': per layer, panels of 16 outputs, each panel one row per input and a last row of biases,
/// and zero in the columns past the last output. Row-major `[outputs, inputs]` exists only where
/// weights are imported and exported.
public struct Parameters<T: Scalar>: Sendable {
  /// Where each layer's tensor stands.
  public let layout: ParameterLayout
  private var buffer: AlignedBuffer<T>

  /// All zeros.
  public init(layout: ParameterLayout) {
    self.layout = layout
    buffer = AlignedBuffer(count: layout.count)
  }

  /// The weights of a layer, `[affine outputs, inputs]`, and its biases.
  ///
  /// - Parameter layer: Index of the layer, from 0 for the first that computes.
  public func tensors(of layer: Int) -> (weights: Matrix<T>, biases: [T]) {
    let tensor = layout.tensors[layer]
    let (dense, biases) = denseTensors(of: layer)
    var weights = Matrix<T>(rows: tensor.outputs, columns: tensor.inputs)
    for row in 0..<tensor.outputs {
      weights.setRow(row, to: dense[(row * tensor.inputs)..<((row + 1) * tensor.inputs)])
    }
    return (weights, biases)
  }

  /// The weights of a layer, dense and row-major `[affine outputs × inputs]`, and its biases.
  public func denseTensors(of layer: Int) -> (weights: [T], biases: [T]) {
    let tensor = layout.tensors[layer]
    var weights = [T](repeating: 0, count: tensor.inputs * tensor.outputs)
    var biases = [T](repeating: 0, count: tensor.outputs)
    T.kernels.unpack(tensor.inputs, tensor.outputs, start + tensor.offset, &weights, &biases)
    return (weights, biases)
  }

  /// Replaces the tensor of a layer.
  ///
  /// - Parameters:
  ///   - layer: Index of the layer, from 0 for the first that computes.
  ///   - weights: W, dense and row-major, `[affine outputs × inputs]`.
  ///   - biases: b, `[affine outputs]`.
  public mutating func setTensors(of layer: Int, weights: [T], biases: [T]) {
    let tensor = layout.tensors[layer]
    precondition(
      weights.count == tensor.inputs * tensor.outputs && biases.count == tensor.outputs,
      "\(weights.count) weights and \(biases.count) biases for [\(tensor.outputs), \(tensor.inputs)]"
    )
    T.kernels.pack(
      tensor.inputs, tensor.outputs, weights, biases, mutableStart + tensor.offset)
  }

  /// One parameter: a weight W[output][input], or the bias of `output` where `input` is nil.
  public subscript(layer layer: Int, output output: Int, input input: Int?) -> T {
    get { start[layout.tensors[layer].index(output: output, input: input)] }
    set { mutableStart[layout.tensors[layer].index(output: output, input: input)] = newValue }
  }

  /// The same parameters in another precision, each rounded once.
  public func converted<U: Scalar>(to type: U.Type) -> Parameters<U> {
    var result = Parameters<U>(layout: layout)
    let target = result.mutableStart
    for index in 0..<layout.count { target[index] = U(start[index]) }
    return result
  }

  /// Copies the elements of parameters of the same layout, without allocation.
  mutating func assign(_ other: Parameters) {
    precondition(layout == other.layout, "parameters of different layouts")
    mutableStart.update(from: other.start, count: layout.count)
  }

  var start: UnsafePointer<T> { UnsafePointer(buffer.start) }

  var mutableStart: UnsafeMutablePointer<T> {
    mutating get {
      if !isKnownUniquelyReferenced(&buffer) { buffer = buffer.copy() }
      return buffer.start
    }
  }
}

extension Parameters: Equatable {
  /// Equal in layout and in every number.
  public static func == (left: Parameters, right: Parameters) -> Bool {
    left.layout == right.layout
      && (0..<left.layout.count).allSatisfy { left.start[$0] == right.start[$0] }
  }
}

/// Where the tensors of all layers stand in the flat buffer.
public struct ParameterLayout: Equatable, Sendable {
  /// The affine map of one layer: ⌈outputs/16⌉ panels of (inputs + 1) rows of 16.
  public struct Tensor: Equatable, Sendable {
    /// Index of the first element in the buffer.
    public let offset: Int
    public let inputs: Int
    /// Width of the affine map: the outputs of the layer times its pieces.
    public let outputs: Int
    /// Whether these are the gain and shift of a normalisation, which nothing shrinks: the gain is the one
    /// "input", if there is a shift, and the shift the "bias"; without a shift the gain is the "bias".
    public var isNormalization = false

    var panels: Int { (outputs + 15) / 16 }
    var rows: Int { inputs + 1 }
    /// Rows that decay and penalties touch: the weights, not the biases, nor gain and shift.
    var decayedRows: Int { isNormalization ? 0 : inputs }
    var count: Int { panels * rows * 16 }

    /// All of its rows, and those that decay and penalties touch, as kernels have them.
    var allRows: KernelPanels {
      KernelPanels(start: offset, count: panels, rows: rows, stride: rows)
    }
    var weightRows: KernelPanels {
      KernelPanels(start: offset, count: panels, rows: decayedRows, stride: rows)
    }
    /// The others.
    var biasRows: KernelPanels {
      KernelPanels(
        start: offset + decayedRows * 16, count: panels, rows: rows - decayedRows, stride: rows)
    }

    func index(output: Int, input: Int?) -> Int {
      precondition(
        output >= 0 && output < outputs && input.map { $0 >= 0 && $0 < inputs } ?? true)
      return offset + (output / 16 * rows + (input ?? inputs)) * 16 + output % 16
    }
  }

  /// The affine maps of all layers, then the gains and shifts of the layers that are normalised.
  public let tensors: [Tensor]
  /// Number of layers; so many tensors are affine maps.
  public let layerCount: Int
  /// Where in `tensors` the gain and shift of each layer stand; nil where it is not normalised.
  let normalizationIndices: [Int?]
  /// Elements of the buffer, padding included.
  public let count: Int
  /// Weights, biases, gains and shifts, padding not included.
  public let parameterCount: Int

  init(layers: [Layer]) {
    var tensors: [Tensor] = []
    var offset = 0
    for layer in layers {
      let tensor = Tensor(offset: offset, inputs: layer.inputs, outputs: layer.affineOutputs)
      tensors.append(tensor)
      offset += tensor.count
    }
    var normalizationIndices: [Int?] = []
    for layer in layers {
      normalizationIndices.append(layer.normalization == nil ? nil : tensors.count)
      guard let normalization = layer.normalization else { continue }
      let tensor = Tensor(
        offset: offset, inputs: normalization.isCentred ? 1 : 0, outputs: layer.affineOutputs,
        isNormalization: true)
      tensors.append(tensor)
      offset += tensor.count
    }
    self.tensors = tensors
    layerCount = layers.count
    self.normalizationIndices = normalizationIndices
    count = offset
    parameterCount = tensors.reduce(0) { $0 + ($1.inputs + 1) * $1.outputs }
  }
}
