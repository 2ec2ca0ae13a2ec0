/// A layer with a factor for each input: a = s ⊙ x.
///
///     z = s ⊙ x,  a = z      δ = ∂C/∂a      ∂C/∂s = Σₓ x ⊙ δ      ∂C/∂x = s ⊙ δ
///
/// In front of the first dense layer it learns how much each column of a table counts: s begins at 1, and
/// an input that does not help is turned down with one number, not with a column of W. No penalty and no
/// decay touches s. It may stand anywhere but last. Holzmüller, Grinsztajn & Steinwart 2024,
/// arXiv 2407.04491.
public struct ScaleLayer: Hashable, Sendable {
  /// Number of inputs, and of outputs.
  public let size: Int
  /// Whether it stands in front of layers in NTK form. Then s takes steps six times as long, and decays.
  package let isNTK: Bool

  /// A layer of as many inputs as outputs, at least 1 and checked by `Network.init`.
  package init(size: Int, isNTK: Bool = false) {
    self.size = size
    self.isNTK = isNTK
  }
}

extension ScaleLayer: LayerKind {
  var inputs: Int { size }
  var outputs: Int { size }
  var affineOutputs: Int { size }
  var activation: Activation { .identity }

  var tensorGroups: [TensorGroup] {
    let factors =
      isNTK ? UpdateFactors(rate: 6, decay: 6, decays: true) : UpdateFactors()
    return [
      TensorGroup(
        width: size, members: [TensorGroup.Member(name: "scale", role: .scale, factors: factors)])
    ]
  }

  /// z is a, and ∂C/∂a is δ.
  func makeState<T: Scalar>(
    capacity: Int, for demands: StateDemands, in arena: inout Arena<T>
  ) -> LayerState<T> {
    let (outputs, delta) = (arena.matrix(capacity, size), arena.matrix(capacity, size))
    return LayerState(
      weightedInputs: outputs, outputs: outputs, delta: delta, outputGradient: delta)
  }

  /// a = s ⊙ x.
  func forward<T: Scalar>(_ pass: LayerPass<T>, below: MatrixView<T>) {
    T.kernels.scale_columns(
      below.scaling(pass.rows), pass.parameters(0), pass.state.outputs.operand)
  }

  /// Nothing is left to do: ∂C/∂a has been written into δ.
  func formDelta<T: Scalar>(_ pass: LayerPass<T>, pastDerivative: Bool) {}

  /// ∂C/∂s = Σₓ x ⊙ δ: BP4 of this kind.
  func formGradient<T: Scalar>(
    _ pass: LayerPass<T>, below: MatrixView<T>, into gradient: UnsafeMutablePointer<T>,
    fetching ahead: UnsafePointer<RowsAhead>?
  ) {
    T.kernels.column_products(
      below.scaling(pass.rows), pass.state.delta.operand, pass.sum, gradient + pass.offsets[0])
  }

  /// s ⊙ δ, `[rows, inputs]`.
  func formInputGradient<T: Scalar>(_ pass: LayerPass<T>, into target: MatrixView<T>) {
    T.kernels.scale_columns(
      pass.state.delta.scaling(pass.rows), pass.parameters(0), target.operand)
  }
}
