/// All parameters of a network in one flat, 64-byte aligned buffer; tensors are views of it.
///
/// A gradient, a velocity and a moment are values of the same type. So an update, a checkpoint, an
/// exchange between workers and a gradient check are each one loop over the buffer, or over its tensors
/// (`ParameterLayout`). The order is the kernels': panels of 16 outputs, and zero in the columns past the
/// last output. Row-major `[outputs, inputs]` exists only where weights are imported and exported.
public struct Parameters<T: Scalar>: Sendable {
  /// Where each tensor stands.
  public let layout: ParameterLayout
  private var buffer: AlignedBuffer<T>

  /// All zeros.
  package init(layout: ParameterLayout) {
    self.layout = layout
    buffer = AlignedBuffer(count: layout.count)
  }

  /// The elements of a tensor, dense and row-major.
  ///
  /// - Parameter tensor: One of the layout's.
  public func elements(of tensor: ParameterTensor) -> [T] {
    precondition(layout.has(tensor), "\(tensor.name) \(tensor.shape) is no tensor of this layout")
    let columns = tensor.shape.count > 1 ? tensor.shape[1] : 1
    let step = tensor.form == .table ? 1 : 16
    return [T](unsafeUninitializedCapacity: tensor.count) { elements, count in
      for first in 0..<tensor.shape[0] {
        let place = start + tensor.index(first)
        for second in 0..<columns { elements[first * columns + second] = place[second * step] }
      }
      count = tensor.count
    }
  }

  /// Replaces the elements of a tensor; the padding stays zero.
  ///
  /// - Parameters:
  ///   - tensor: One of the layout's.
  ///   - elements: Dense and row-major, as many as the tensor has.
  package mutating func setElements(of tensor: ParameterTensor, to elements: [T]) {
    precondition(layout.has(tensor), "\(tensor.name) \(tensor.shape) is no tensor of this layout")
    precondition(
      elements.count == tensor.count,
      "\(elements.count) elements for \(tensor.name) \(tensor.shape)")
    let start = mutableStart
    let columns = tensor.shape.count > 1 ? tensor.shape[1] : 1
    for first in 0..<tensor.shape[0] {
      let place = start + tensor.index(first)
      let step = tensor.form == .table ? 1 : 16
      for second in 0..<columns { place[second * step] = elements[first * columns + second] }
    }
  }

  /// The weights of a layer, `[affine outputs, inputs]`, and its biases; without elements of a layer that
  /// has none.
  ///
  /// - Parameter layer: Index of the layer, from 0 for the first that computes.
  package func tensors(of layer: Int) -> (weights: Matrix<T>, biases: [T]) {
    let (dense, biases) = denseTensors(of: layer)
    guard let tensor = layout.tensor(.weight, of: layer) else {
      return (Matrix(rows: 0, columns: 0), [])
    }
    var weights = Matrix<T>(rows: tensor.shape[0], columns: tensor.shape[1])
    for row in 0..<weights.rows {
      weights.setRow(row, to: dense[(row * weights.columns)..<((row + 1) * weights.columns)])
    }
    return (weights, biases)
  }

  /// The weights of a layer, dense and row-major `[affine outputs × inputs]`, and its biases; without
  /// elements of a layer that has none.
  package func denseTensors(of layer: Int) -> (weights: [T], biases: [T]) {
    (elements(.weight, of: layer) ?? [], elements(.bias, of: layer) ?? [])
  }

  /// The elements of the tensor of a layer that does so, dense and row-major; nil if it has none.
  public func elements(_ role: ParameterTensor.Role, of layer: Int) -> [T]? {
    layout.tensor(role, of: layer).map { elements(of: $0) }
  }

  /// Replaces W and b of a layer.
  ///
  /// - Parameters:
  ///   - layer: Index of the layer, from 0 for the first that computes.
  ///   - weights: W, dense and row-major, `[affine outputs × inputs]`.
  ///   - biases: b, `[affine outputs]`.
  public mutating func setTensors(of layer: Int, weights: [T], biases: [T]) {
    set(.weight, of: layer, to: weights)
    set(.bias, of: layer, to: biases)
  }

  /// Replaces the tensor of a layer that does so.
  ///
  /// - Precondition: The layer has one, of as many elements.
  package mutating func set(_ role: ParameterTensor.Role, of layer: Int, to elements: [T]) {
    guard let tensor = layout.tensor(role, of: layer) else {
      preconditionFailure("layer \(layer) has no \(role.rawValue)")
    }
    setElements(of: tensor, to: elements)
  }

  /// Sets the tensors that no initialiser draws to what they begin at: gains, scales and slopes to 1.
  mutating func setStarts() {
    for tensor in layout.tensors where tensor.role.start != 0 {
      setElements(of: tensor, to: [T](repeating: T(tensor.role.start), count: tensor.count))
    }
  }

  /// One element of a tensor, by its place in a dense, row-major copy.
  package subscript(tensor: ParameterTensor, element: Int) -> T {
    get { start[tensor.index(ofElement: element)] }
    set { mutableStart[tensor.index(ofElement: element)] = newValue }
  }

  /// One parameter: a weight W[output][input], or the bias of `output` where `input` is nil.
  public subscript(layer layer: Int, output output: Int, input input: Int?) -> T {
    get { start[index(layer, output, input)] }
    set { mutableStart[index(layer, output, input)] = newValue }
  }

  private func index(_ layer: Int, _ output: Int, _ input: Int?) -> Int {
    guard let tensor = layout.tensor(input == nil ? .bias : .weight, of: layer) else {
      preconditionFailure("layer \(layer) has no weights")
    }
    return tensor.index(output, input ?? 0)
  }

  /// The same parameters in another precision, each rounded once.
  package func converted<U: Scalar>(to type: U.Type) -> Parameters<U> {
    var result = Parameters<U>(layout: layout)
    let target = result.mutableStart
    for index in 0..<layout.count { target[index] = U(start[index]) }
    return result
  }

  /// Copies the elements of parameters of the same layout, without allocation.
  package mutating func assign(_ other: Parameters) {
    precondition(layout == other.layout, "parameters of different layouts")
    mutableStart.update(from: other.start, count: layout.count)
  }

  package var start: UnsafePointer<T> { UnsafePointer(buffer.start) }

  package var mutableStart: UnsafeMutablePointer<T> {
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
