import Backprop

/// One tensor of a layer in a trace: what it was, what it should have been, and what became of it.
public struct TensorTrace<T: Scalar>: Codable, Sendable, Equatable {
  /// As files call it, `layers.0.weight`: layers counted from 0.
  package let name: String
  /// What the elements do in their layer.
  package let role: ParameterTensor.Role
  /// `[outputs, inputs]` of a matrix, `[outputs]` of a vector.
  public let shape: [Int]
  /// θ before the update, dense and row-major like all that follow.
  public let values: [T]
  /// ∂C/∂θ, without penalties.
  public let gradient: [T]
  /// Δθ, what the update added.
  public let update: [T]
  /// The first moment (or velocity) before the update; nil where the rule has none.
  package let firstMoment: [T]?
  /// The second moment before the update; nil where the rule has none.
  package let secondMoment: [T]?
  /// The largest second moment before the update; nil where the rule has none.
  package let maximumMoment: [T]?

  /// Elements of a row: the inputs of a matrix, 1 of a vector.
  package var columns: Int { shape.count > 1 ? shape[1] : 1 }

  /// Where an element stands.
  ///
  /// - Parameters:
  ///   - output: Row of a matrix, place in a vector, from 0.
  ///   - input: Column of a matrix, from 0; 0 of a vector.
  package func index(_ output: Int, _ input: Int = 0) -> Int { output * columns + input }

  /// The number of an element's neuron and of its input, from 1; the input of a vector is 0.
  func place(of element: Int) -> (neuron: Int, input: Int) {
    (element / columns + 1, shape.count > 1 ? element % columns + 1 : 0)
  }

  /// Whether it is a tensor of that kind, and everything beside the values is as large as they are.
  func fits(_ tensor: ParameterTensor) -> Bool {
    let others = [gradient, update, firstMoment, secondMoment, maximumMoment].compactMap(\.self)
    return role == tensor.role && shape == tensor.shape && values.count == tensor.count
      && others.allSatisfy { $0.count == values.count }
  }
}

extension LayerTrace {
  /// The tensor that does so; nil if the layer has none.
  public func tensor(_ role: ParameterTensor.Role) -> TensorTrace<T>? {
    tensors.first { $0.role == role }
  }

  /// ‖∂C/∂θ‖² over all tensors of the layer, in double precision.
  public var gradientSquares: Double {
    tensors.reduce(0) { sum, tensor in
      tensor.gradient.reduce(sum) { $0 + Double($1) * Double($1) }
    }
  }
}

extension Network {
  /// The record of every tensor of a layer.
  ///
  /// - Parameters:
  ///   - gradient: What the pass back formed, without penalties.
  ///   - changed: The parameters after the update.
  ///   - optimizer: The rule, with its moments as they were before the update.
  func tensorTraces(
    of layer: Int, gradient: Parameters<T>, changed: Parameters<T>, optimizer: Optimizer<T>
  ) -> [TensorTrace<T>] {
    parameters.layout.tensors(of: layer).map { tensor in
      func moment(_ moment: Parameters<T>) -> [T]? {
        moment.layout.count > 0 ? moment.elements(of: tensor) : nil
      }
      let before = parameters.elements(of: tensor)
      return TensorTrace(
        name: tensor.name, role: tensor.role, shape: tensor.shape, values: before,
        gradient: gradient.elements(of: tensor),
        update: zip(changed.elements(of: tensor), before).map { $0 - $1 },
        firstMoment: moment(optimizer.firstMoment), secondMoment: moment(optimizer.secondMoment),
        maximumMoment: moment(optimizer.maximumMoment))
    }
  }
}
