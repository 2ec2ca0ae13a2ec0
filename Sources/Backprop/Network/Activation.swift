/// The activation function σ of a layer, applied to its weighted inputs: a = σ(z).
///
/// Every case but softmax and maxout acts on each element by itself; its derivative σ′ stands beside
/// it in the kernels (`activations.h`). Softmax acts on a row, so BP1 goes through its Jacobian.
/// Maxout takes the largest of k affine pieces, and the error flows to the winner.
public enum Activation: NamedCase {
  /// a = z
  case identity
  /// a = 1 / (1 + e⁻ᶻ)
  case sigmoid
  /// a = tanh z
  case tanh
  /// a = max(0, z), with σ′(0) = 0
  case relu
  /// a = z where z > 0, else slope · z; slope ≥ 0. Maas et al. 2013.
  case leakyReLU(slope: Double = 0.01)
  /// a = z where z > 0, else α (eᶻ − 1); α > 0. Clevert et al. 2016, arXiv 1511.07289.
  case elu(alpha: Double = 1)
  /// a = λ elu(z; α) with the self-normalising constants. Klambauer et al. 2017, arXiv 1706.02515.
  case selu
  /// a = log(1 + eᶻ)
  case softplus
  /// a = z Φ(z), exactly, by erf. Hendrycks & Gimpel 2016, arXiv 1606.08415.
  case gelu
  /// a = z sigmoid(z). Elfwing et al. 2018, arXiv 1702.03118.
  case silu
  /// a = z tanh(softplus z). Misra 2019, arXiv 1908.08681.
  case mish
  /// a = eᶻ / Σ eᶻ over the outputs of an example; on the last layer only.
  case softmax
  /// a = max over `pieces` affine maps per unit; pieces ≥ 2. Goodfellow et al. 2013, arXiv 1302.4389.
  case maxout(pieces: Int = 2)
  /// An activation of your own; `custom(_:)` makes it.
  case own(OwnActivation)

  /// Every built-in case once, with default arguments.
  package static let allCases: [Activation] = [
    .identity, .sigmoid, .tanh, .relu, .leakyReLU(), .elu(), .selu, .softplus, .gelu, .silu, .mish,
    .softmax, .maxout(),
  ]

  static let kind = "activation"

  /// Where a decoder finds the activations of a user's own.
  static let ownActivations = CodingUserInfoKey(rawValue: "backprop.activations")

  /// The names that `init(_:)` reads, as the command line shows them.
  package static let names = [
    "identity", "sigmoid", "tanh", "relu", "leaky-relu[:0.01]", "elu[:1]", "selu", "softplus",
    "gelu", "silu", "mish", "softmax", "maxout[:2]",
  ]

  /// Reads a name such as "relu" or "leaky-relu:0.1".
  ///
  /// - Returns: nil if the name is unknown, or its argument missing its range.
  public init?(_ description: String) {
    guard let text = NameWithArgument(description) else { return nil }
    switch (text.name, text.argument) {
    case ("identity", nil): self = .identity
    case ("sigmoid", nil): self = .sigmoid
    case ("tanh", nil): self = .tanh
    case ("relu", nil): self = .relu
    case ("leaky-relu", nil): self = .leakyReLU()
    case ("leaky-relu", let slope?) where slope >= 0: self = .leakyReLU(slope: slope)
    case ("elu", nil): self = .elu()
    case ("elu", let alpha?) where alpha > 0: self = .elu(alpha: alpha)
    case ("selu", nil): self = .selu
    case ("softplus", nil): self = .softplus
    case ("gelu", nil): self = .gelu
    case ("silu", nil): self = .silu
    case ("mish", nil): self = .mish
    case ("softmax", nil): self = .softmax
    case ("maxout", nil): self = .maxout()
    case ("maxout", let pieces?) where pieces >= 2 && pieces <= 1024 && pieces == pieces.rounded():
      self = .maxout(pieces: Int(pieces))
    default: return nil
    }
  }

  public var description: String {
    switch self {
    case .identity: "identity"
    case .sigmoid: "sigmoid"
    case .tanh: "tanh"
    case .relu: "relu"
    case .leakyReLU(let slope): NameWithArgument.text("leaky-relu", slope)
    case .elu(let alpha): NameWithArgument.text("elu", alpha)
    case .selu: "selu"
    case .softplus: "softplus"
    case .gelu: "gelu"
    case .silu: "silu"
    case .mish: "mish"
    case .softmax: "softmax"
    case .maxout(let pieces): NameWithArgument.text("maxout", Double(pieces))
    case .own(let own): "custom:\(own.activation.name)"
    }
  }

  /// Activations of a user's own are equal if their names are.
  public static func == (left: Activation, right: Activation) -> Bool {
    switch (left, right) {
    case (.leakyReLU(let a), .leakyReLU(let b)): a == b
    case (.elu(let a), .elu(let b)): a == b
    case (.maxout(let a), .maxout(let b)): a == b
    case (.own(let a), .own(let b)): a.activation.name == b.activation.name
    case (.identity, .identity), (.sigmoid, .sigmoid), (.tanh, .tanh), (.relu, .relu),
      (.selu, .selu), (.softplus, .softplus), (.gelu, .gelu), (.silu, .silu), (.mish, .mish),
      (.softmax, .softmax):
      true
    default: false
    }
  }

  public func hash(into hasher: inout Hasher) { hasher.combine(description) }

  /// Affine pieces behind each output: k for maxout, else 1.
  package var pieces: Int {
    if case .maxout(let pieces) = self { pieces } else { 1 }
  }

  /// Whether ∂C/∂a of the layer is formed before σ′ takes part, because σ′ has no kernel that could be
  /// fused into the product of BP2.
  var keepsOutputGradient: Bool {
    switch self {
    case .maxout, .own: true
    default: false
    }
  }

  /// Whether σ acts on each element by itself, by a kernel: as the products can fuse it in.
  var hasElementwiseKernel: Bool {
    switch self {
    case .softmax, .maxout, .own: false
    default: true
    }
  }

  /// The open or closed interval that outputs lie in, as far as a loss must know it.
  var range: OutputRange {
    switch self {
    case .sigmoid, .softmax: .unitInterval
    case .softplus: .positive
    default: .unrestricted
    }
  }

  /// What a loss can count on from the outputs of an activation.
  enum OutputRange {
    case unrestricted, positive, unitInterval
  }
}

/// An activation of a user's own: an elementwise function and its derivative.
///
/// The network calls it element by element, so it is slower than a built-in one; the equations are
/// the same. A wrong derivative is found by `GradientCheck`. On the last layer it serves the losses
/// that take any output.
///
/// ```swift
/// struct Softsign: ElementwiseActivation {
///   let name = "softsign"
///   func value<T: Scalar>(_ z: T) -> T { z / (1 + abs(z)) }
///   func derivative<T: Scalar>(_ z: T) -> T { 1 / ((1 + abs(z)) * (1 + abs(z))) }
/// }
/// ```
public protocol ElementwiseActivation: Sendable {
  /// The name that a model file records, after "custom:".
  var name: String { get }

  /// σ(z)
  func value<T: Scalar>(_ z: T) -> T

  /// σ′(z)
  func derivative<T: Scalar>(_ z: T) -> T
}

/// Holds an activation of a user's own.
///
/// A training step copies the activations of its layers several times, so they are plain values that
/// copy without counting references (an existential here cost a small network 11 % more
/// instructions a step). What this refers to therefore lives as long as the process: a few bytes for
/// each call of `Activation.custom`.
public struct OwnActivation: Sendable {
  private let box: Unmanaged<Box>

  private final class Box: Sendable {
    let activation: any ElementwiseActivation
    init(_ activation: any ElementwiseActivation) { self.activation = activation }
  }

  init(_ activation: any ElementwiseActivation) { box = .passRetained(Box(activation)) }

  /// The function and its derivative.
  public var activation: any ElementwiseActivation {
    box._withUnsafeGuaranteedRef { $0.activation }
  }
}

extension Activation {
  /// An activation of your own, a = σ(z) with the derivative that you give.
  ///
  /// - Parameter activation: The function. It is kept as long as the process lives.
  public static func custom(_ activation: any ElementwiseActivation) -> Activation {
    .own(OwnActivation(activation))
  }
}

extension Activation {
  /// a = σ(z), of weighted inputs that are kept.
  ///
  /// - Parameters:
  ///   - a: Receives σ(z), `[rows, outputs]`.
  ///   - z: The weighted inputs, `[rows, affine outputs]`.
  func form<T: Scalar>(_ rows: Int, outputs a: MatrixView<T>, from z: MatrixView<T>) {
    switch self {
    case .softmax: T.kernels.softmax(rows, a.columns, z.operand, a.operand)
    case .maxout(let pieces):
      T.kernels.maxout(rows, a.columns, pieces, z.operand, a.operand)
    case .own(let own): own.activation.form(rows, outputs: a, from: z)
    default:
      T.kernels.activate(rows, a.columns, z.operand, kernel, kernelParameter, a.operand)
    }
  }
}

extension ElementwiseActivation {
  /// a = σ(z), element by element.
  func form<T: Scalar>(_ rows: Int, outputs a: MatrixView<T>, from z: MatrixView<T>) {
    for row in 0..<rows {
      let (source, target) = (z.row(row), a.row(row))
      for column in 0..<a.columns { target[column] = value(source[column]) }
    }
  }

  /// δ = ∂C/∂a ⊙ σ′(z), element by element; the padding becomes zero, as kernels expect of a δ.
  func formDelta<T: Scalar>(
    _ rows: Int, _ delta: MatrixView<T>, gradient: MatrixView<T>, at z: MatrixView<T>
  ) {
    for row in 0..<rows {
      let (slope, source) = (gradient.row(row), z.row(row))
      let target = delta.start + row * delta.stride
      for column in 0..<delta.columns {
        target[column] = slope[column] * derivative(source[column])
      }
      for column in delta.columns..<(delta.columns + 15) / 16 * 16 { target[column] = 0 }
    }
  }
}
