/// The loss Cₓ of one example: a function of the last layer's output aᴸ and the target y.
///
/// The loss of a data set is the weighted sum of the losses of its examples, C = Σₓ wₓ Cₓ
/// (assumption I), and Cₓ depends on nothing but aᴸ and y (assumption II): no case, and no
/// `ExampleLoss` of your own, is ever shown anything else. The factors ½, 1/m and the weights of
/// examples enter here and nowhere else; δ then carries them through BP2 to BP4.
public enum Loss: Sendable {
  /// C = ½ ‖a − y‖², summed over outputs.
  case squaredError
  /// C = Σ |a − y|, with derivative 0 at 0.
  case absoluteError
  /// C = Σ h(a − y), h quadratic up to `delta` and linear beyond. Huber 1964, doi:10.1214/aoms/1177703732.
  case huber(delta: Double = 1)
  /// C = −Σ (y log a + (1 − y) log(1 − a)); outputs in (0, 1), targets in [0, 1].
  case binaryCrossEntropy
  /// C = −Σ y log a; outputs in (0, 1), the targets of an example sum to 1.
  case crossEntropy
  /// One output, y = ±1: C = max(0, 1 − y a). Several outputs, one-hot y with class c:
  /// C = Σ_{j≠c} max(0, 1 + aⱼ − a_c). Weston & Watkins 1999. Derivative 0 at the kink.
  case hinge
  /// C = Σ (a − y log a); outputs positive, targets at least 0.
  case poisson
  /// C = Σ max(q (y − a), (q − 1)(y − a)), the pinball loss; 0 < q < 1.
  case quantile(Double)
  /// A loss of your own.
  case custom(any ExampleLoss)

  /// Every built-in case once.
  package static let allCases: [Loss] = [
    .squaredError, .absoluteError, .huber(), .binaryCrossEntropy, .crossEntropy, .hinge, .poisson,
    .quantile(0.9),
  ]

  /// The names that `init(_:)` reads, as the command line shows them.
  package static let names = [
    "squared-error", "absolute-error", "huber[:1]", "binary-cross-entropy", "cross-entropy",
    "hinge",
    "poisson", "quantile:0.9",
  ]

  static let kind = "loss"

  /// Whether the loss is defined on the outputs of this activation.
  ///
  /// Cross-entropies need outputs in (0, 1), Poisson positive ones; the others take any.
  package func accepts(outputActivation: Activation) -> Bool {
    switch self {
    case .binaryCrossEntropy, .crossEntropy: outputActivation.range == .unitInterval
    case .poisson: outputActivation.range != .unrestricted
    default: true
    }
  }

  /// The output activation that belongs to the loss: the one that makes a canonical pair, if any.
  package var defaultOutputActivation: Activation {
    switch self {
    case .crossEntropy: .softmax
    case .binaryCrossEntropy: .sigmoid
    case .poisson: .softplus
    default: .identity
    }
  }

  /// Whether C of an example whose target is a class is −ln p of the right class, its share in the log
  /// loss.
  package func isLogLoss(outputs: Int) -> Bool {
    switch self {
    case .crossEntropy: outputs > 1
    case .binaryCrossEntropy: outputs == 1
    default: false
    }
  }

  /// Whether BP1 of this pair is δᴸ = w (a − y), because ∇ₐC and σ′ cancel.
  ///
  /// Softmax with cross-entropy (targets that sum to 1), sigmoid with binary cross-entropy, identity
  /// with squared error.
  package func isCanonical(with activation: Activation) -> Bool {
    switch (self, activation) {
    case (.crossEntropy, .softmax), (.binaryCrossEntropy, .sigmoid), (.squaredError, .identity):
      true
    default: false
    }
  }
}

/// A loss of a user's own: the value and the gradient for one example.
///
/// The protocol shows the last layer's output, the target and the example's weight and nothing else,
/// so assumption II holds by type; the library adds over examples, so assumption I holds too.
///
/// ```swift
/// struct LogCosh: ExampleLoss {
///   let name = "log-cosh"
///   func value<T: Scalar>(outputs: Span<T>, targets: Span<T>, weight: T) -> T { … }
///   func formGradient<T: Scalar>(
///     outputs: Span<T>, targets: Span<T>, weight: T, into gradient: inout MutableSpan<T>) { … }
/// }
/// ```
public protocol ExampleLoss: Sendable {
  /// The name that a model file records.
  var name: String { get }

  /// w C(a, y) for one example.
  ///
  /// - Parameters:
  ///   - outputs: aᴸ, as many as the last layer has.
  ///   - targets: y, as many.
  ///   - weight: w, the weight of the example in the loss of the batch.
  func value<T: Scalar>(outputs: Span<T>, targets: Span<T>, weight: T) -> T

  /// w ∇ₐC(a, y) for one example; writes every element of `gradient`.
  func formGradient<T: Scalar>(
    outputs: Span<T>, targets: Span<T>, weight: T, into gradient: inout MutableSpan<T>)
}

extension Loss: NamedCase {
  /// Reads a name such as "cross-entropy" or "huber:1.5".
  ///
  /// - Returns: nil if the name is unknown, or its argument missing its range.
  public init?(_ description: String) {
    guard let text = NameWithArgument(description) else { return nil }
    switch (text.name, text.argument) {
    case ("squared-error", nil): self = .squaredError
    case ("absolute-error", nil): self = .absoluteError
    case ("huber", nil): self = .huber()
    case ("huber", let delta?) where delta > 0: self = .huber(delta: delta)
    case ("binary-cross-entropy", nil): self = .binaryCrossEntropy
    case ("cross-entropy", nil): self = .crossEntropy
    case ("hinge", nil): self = .hinge
    case ("poisson", nil): self = .poisson
    case ("quantile", let quantile?) where quantile > 0 && quantile < 1: self = .quantile(quantile)
    default: return nil
    }
  }

  public var description: String {
    switch self {
    case .squaredError: "squared-error"
    case .absoluteError: "absolute-error"
    case .huber(let delta): NameWithArgument.text("huber", delta)
    case .binaryCrossEntropy: "binary-cross-entropy"
    case .crossEntropy: "cross-entropy"
    case .hinge: "hinge"
    case .poisson: "poisson"
    case .quantile(let quantile): NameWithArgument.text("quantile", quantile)
    case .custom(let loss): "custom:\(loss.name)"
    }
  }

  public static func == (left: Loss, right: Loss) -> Bool { left.description == right.description }
  public func hash(into hasher: inout Hasher) { hasher.combine(description) }
}

/// How the losses of the examples of a batch become the loss of the batch.
public enum Reduction: String, Codable, CaseIterable, Sendable {
  /// wₓ = 1/m: the mean over the m examples of the batch.
  case mean
  /// wₓ = 1.
  case sum

  /// The factor that multiplies every example's weight in a batch of `count` examples.
  package func scale<T: Scalar>(count: Int) -> T {
    switch self {
    case .mean: count > 0 ? 1 / T(count) : 1
    case .sum: 1
    }
  }
}
