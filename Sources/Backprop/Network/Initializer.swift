/// How the weights of a layer begin. Biases begin at zero.
public enum Initializer: NamedCase {
  /// Every weight 0.
  case zeros
  /// Every weight the same.
  case constant(Double)
  /// U(−r, r).
  case uniform(Double)
  /// N(0, s²).
  case normal(Double)
  /// U(−√(6/(in+out)), √(6/(in+out))). Glorot & Bengio 2010.
  case xavierUniform
  /// N(0, 2/(in+out)).
  case xavierNormal
  /// U(−√(6/in), √(6/in)). He et al. 2015, arXiv 1502.01852.
  case heUniform
  /// N(0, 2/in).
  case heNormal
  /// U(−√(3/in), √(3/in)). LeCun et al. 1998.
  case lecunUniform
  /// N(0, 1/in).
  case lecunNormal
  /// As layers in NTK form begin: weights N(0, 1/in), biases N(0, 1), the last layer all zero.
  case ntk
  /// By some rows of training: weights N(0, 1/in), those of each neuron then divided by the deviation that its
  /// z has over the rows; and biases that put the bend of each neuron among them. An `Estimator` has the rows;
  /// without them it is LeCun's. Holzmüller, Grinsztajn & Steinwart 2024, arXiv 2407.04491.
  case data

  /// Every case once.
  package static let allCases: [Initializer] = [
    .zeros, .constant(0.5), .uniform(0.5), .normal(0.5), .xavierUniform, .xavierNormal, .heUniform,
    .heNormal, .lecunUniform, .lecunNormal, .ntk, .data,
  ]

  static let kind = "initializer"

  /// The names that `init(_:)` reads, as the command line shows them.
  package static let names = [
    "zeros", "constant:c", "uniform:r", "normal:s", "xavier-uniform", "xavier-normal", "he-uniform",
    "he-normal", "lecun-uniform", "lecun-normal", "ntk", "data",
  ]

  /// The initialiser that keeps the variance of an activation's signal from layer to layer.
  package static func suited(to activation: Activation) -> Initializer {
    switch activation {
    case .relu, .leakyReLU, .elu, .softplus, .gelu, .silu, .mish, .maxout: .heNormal
    case .selu: .lecunNormal
    case .identity, .sigmoid, .tanh, .softmax, .own: .xavierUniform
    }
  }

  public init?(_ description: String) {
    guard let text = NameWithArgument(description) else { return nil }
    switch (text.name, text.argument) {
    case ("zeros", nil): self = .zeros
    case ("constant", let value?): self = .constant(value)
    case ("uniform", let limit?) where limit >= 0: self = .uniform(limit)
    case ("normal", let deviation?) where deviation >= 0: self = .normal(deviation)
    case ("xavier-uniform", nil): self = .xavierUniform
    case ("xavier-normal", nil): self = .xavierNormal
    case ("he-uniform", nil): self = .heUniform
    case ("he-normal", nil): self = .heNormal
    case ("lecun-uniform", nil): self = .lecunUniform
    case ("lecun-normal", nil): self = .lecunNormal
    case ("ntk", nil): self = .ntk
    case ("data", nil): self = .data
    default: return nil
    }
  }

  public var description: String {
    switch self {
    case .zeros: "zeros"
    case .constant(let value): NameWithArgument.text("constant", value)
    case .uniform(let limit): NameWithArgument.text("uniform", limit)
    case .normal(let deviation): NameWithArgument.text("normal", deviation)
    case .xavierUniform: "xavier-uniform"
    case .xavierNormal: "xavier-normal"
    case .heUniform: "he-uniform"
    case .heNormal: "he-normal"
    case .lecunUniform: "lecun-uniform"
    case .lecunNormal: "lecun-normal"
    case .ntk: "ntk"
    case .data: "data"
    }
  }

  /// Draws the weights of one layer, row-major `[affine outputs, inputs]`.
  ///
  /// - Parameters:
  ///   - inputs: Fan-in, the layer's number of inputs.
  ///   - outputs: Fan-out. The affine width, so the pieces of a maxout unit count each.
  func weights<T: Scalar>(
    inputs: Int, outputs: Int, using random: inout RandomSource
  ) -> [T] {
    let fanIn = Double(max(inputs, 1))
    let fanSum = Double(max(inputs + outputs, 1))
    let count = inputs * outputs
    switch self {
    case .zeros: return [T](repeating: 0, count: count)
    case .constant(let value): return [T](repeating: T(value), count: count)
    case .uniform(let limit): return Self.uniform(limit, count, using: &random)
    case .normal(let deviation): return Self.normal(deviation, count, using: &random)
    case .xavierUniform: return Self.uniform((6 / fanSum).squareRoot(), count, using: &random)
    case .xavierNormal: return Self.normal((2 / fanSum).squareRoot(), count, using: &random)
    case .heUniform: return Self.uniform((6 / fanIn).squareRoot(), count, using: &random)
    case .heNormal: return Self.normal((2 / fanIn).squareRoot(), count, using: &random)
    case .lecunUniform: return Self.uniform((3 / fanIn).squareRoot(), count, using: &random)
    case .lecunNormal, .ntk, .data:
      return Self.normal((1 / fanIn).squareRoot(), count, using: &random)
    }
  }

  @specialized(where T == Float)
  @specialized(where T == Double)
  private static func uniform<T: Scalar>(
    _ limit: Double, _ count: Int, using random: inout RandomSource
  ) -> [T] {
    var values = [T](repeating: 0, count: count)
    for index in values.indices { values[index] = T((2 * random.uniform() - 1) * limit) }
    return values
  }

  @specialized(where T == Float)
  @specialized(where T == Double)
  private static func normal<T: Scalar>(
    _ deviation: Double, _ count: Int, using random: inout RandomSource
  ) -> [T] {
    var values = [T](repeating: 0, count: count)
    for index in values.indices { values[index] = T(random.normal() * deviation) }
    return values
  }
}
