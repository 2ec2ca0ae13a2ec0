import Backprop

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

// The formulas of the activations and of the losses as a textbook writes them, in Double, with the
// functions of the C library. They compute nothing that is shown or trained: they are what a trace is
// held against, so they share no line with the kernels.

/// The right side of an equation, and how large a rounding error of it can be.
struct RightSide {
  var value: Double
  /// The sum of the magnitudes of the terms: an error of ε in each operand moves the value by about
  /// ε · scale.
  var scale: Double
}

extension Activation {
  /// σ(z) of one element. Not for softmax and maxout, which act on several.
  ///
  /// - Parameter parameter: The slope or α, rounded as the engine rounds it.
  func textbookValue(_ z: Double, _ parameter: Double) -> RightSide {
    func exact(_ value: Double) -> RightSide { RightSide(value: value, scale: abs(value)) }
    switch self {
    case .identity, .softmax, .maxout: return exact(z)
    case .sigmoid: return exact(1 / (1 + exp(-z)))
    case .tanh: return exact(Self.hyperbolicTangent(z))
    case .relu: return exact(max(0, z))
    case .leakyReLU: return exact(z > 0 ? z : parameter * z)
    case .elu: return exact(z > 0 ? z : parameter * expm1(z))
    case .selu:
      return exact(Self.seluScale * (z > 0 ? z : Self.seluAlpha * expm1(z)))
    case .softplus: return exact(max(z, 0) + log1p(exp(-abs(z))))
    case .gelu:
      let value = z * erfc(-z / 2.0.squareRoot()) / 2
      // A rounding of z / √2 moves erfc in its tail by a share of z² ε.
      return RightSide(value: value, scale: abs(value) * (1 + z * z))
    case .silu: return exact(z * Self.logistic(z).value)
    case .mish: return exact(z * Self.hyperbolicTangent(max(z, 0) + log1p(exp(-abs(z)))))
    case .own(let own):
      let custom = own.activation
      let value = custom.value(z)
      // How well conditioned somebody's own formula is nobody knows; a rounding of z moves it so.
      return RightSide(value: value, scale: abs(value) + abs(z * custom.derivative(z)))
    }
  }

  /// σ′ of one element, from z or from a = σ(z), as the engine takes it. Not for softmax and maxout.
  func textbookDerivative(z: Double, a: Double, _ parameter: Double) -> RightSide {
    func sum(_ terms: Double...) -> RightSide {
      RightSide(value: terms.reduce(0, +), scale: terms.reduce(0) { $0 + abs($1) })
    }
    switch self {
    case .identity, .softmax, .maxout: return sum(1)
    case .sigmoid: return sum(a * (1 - a))
    case .tanh: return sum(1, -a * a)
    case .relu: return sum(a > 0 ? 1 : 0)
    case .leakyReLU: return sum(a > 0 ? 1 : parameter)
    case .elu: return a > 0 ? sum(1) : sum(a, parameter)
    case .selu:
      return a > 0 ? sum(Self.seluScale) : sum(a, Self.seluScale * Self.seluAlpha)
    case .softplus: return sum(-expm1(-a))
    case .gelu:
      let density = exp(-z * z / 2) / (2 * Double.pi).squareRoot()
      let distribution = erfc(-z / 2.0.squareRoot()) / 2
      return RightSide(
        value: distribution + z * density,
        scale: (distribution + abs(z) * density) * (1 + z * z))
    case .silu:
      let (s, rest) = Self.logistic(z)
      return sum(s, z * s * rest)
    case .mish:
      let t = Self.hyperbolicTangent(max(z, 0) + log1p(exp(-abs(z))))
      let s = Self.logistic(z).value
      // 1 − t² cancels where t is near 1.
      return RightSide(
        value: t + z * s * (1 - t * t), scale: abs(t) + abs(z) * s * (1 + t * t))
    case .own(let own):
      let value = own.activation.derivative(z)
      return RightSide(value: value, scale: abs(value) + abs(z))
    }
  }

  /// 1 / (1 + e⁻ᶻ) and 1 less it, neither by way of an infinite exponential.
  private static func logistic(_ z: Double) -> (value: Double, rest: Double) {
    let e = exp(-abs(z))
    return z < 0 ? (e / (1 + e), 1 / (1 + e)) : (1 / (1 + e), e / (1 + e))
  }

  private static let seluScale = 1.0507009873554804934193349852946
  private static let seluAlpha = 1.6732632423543772848170429916717

  /// The function of the C library, whose name the case `tanh` hides.
  private static func hyperbolicTangent(_ x: Double) -> Double {
    let e = expm1(2 * x)
    return e.isInfinite ? 1 : e / (e + 2)
  }
}

extension Loss {
  /// The terms whose sum is C of one example, one an output (for a hinge of several outputs: 0 at the
  /// class itself), from aᴸ and y alone.
  ///
  /// - Parameters:
  ///   - parameter: The δ of Huber or the q of a quantile, rounded as the engine rounds it.
  /// - Returns: nil for a loss of a user's own, which is one number.
  func textbookTerms(_ a: [Double], _ y: [Double], _ parameter: Double) -> [Double]? {
    func term(_ factor: Double, _ logarithm: @autoclosure () -> Double) -> Double {
      factor == 0 ? 0 : factor * logarithm()
    }
    func each(_ body: (Double, Double) -> Double) -> [Double] { zip(a, y).map(body) }
    switch self {
    case .squaredError: return each { 0.5 * ($0 - $1) * ($0 - $1) }
    case .absoluteError: return each { abs($0 - $1) }
    case .huber:
      return each { a, y in
        let r = abs(a - y)
        return r <= parameter ? 0.5 * r * r : parameter * (r - 0.5 * parameter)
      }
    case .binaryCrossEntropy:
      return each { a, y in -term(y, log(a)) - term(1 - y, log1p(-a)) }
    case .crossEntropy: return each { a, y in -term(y, log(a)) }
    case .hinge:
      if a.count == 1 { return [max(0, 1 - y[0] * a[0])] }
      let c = Self.classIndex(y)
      return a.indices.map { $0 == c ? 0 : max(0, 1 + a[$0] - a[c]) }
    case .poisson: return each { a, y in a - term(y, log(a)) }
    case .quantile: return each { a, y in max(parameter * (y - a), (parameter - 1) * (y - a)) }
    case .custom: return nil
    }
  }

  /// C of one example from zᴸ, for the two pairs whose loss the engine computes from there because
  /// it is more accurate; nil for all others.
  func textbookFromWeightedInputs(
    _ z: [Double], _ y: [Double], _ activation: Activation
  ) -> RightSide? {
    switch (self, activation) {
    case (.crossEntropy, .softmax):
      let most = z.max() ?? 0
      let logarithm = log(z.reduce(0) { $0 + exp($1 - most) })
      var result = RightSide(value: 0, scale: 0)
      for (z, y) in zip(z, y) where y != 0 {
        result.value += y * ((most - z) + logarithm)
        result.scale += abs(y) * (abs(most) + abs(z) + abs(logarithm) + 1)
      }
      return result
    case (.binaryCrossEntropy, .sigmoid):
      var result = RightSide(value: 0, scale: 0)
      for (z, y) in zip(z, y) {
        let factor = z > 0 ? 1 - y : -y
        let tail = log1p(exp(-abs(z)))
        result.value += (factor == 0 ? 0 : factor * z) + tail
        result.scale += abs(z) * (1 + abs(y)) + tail
      }
      return result
    default: return nil
    }
  }

  /// ∇ₐC of one example, from aᴸ and y alone; nil for a loss of a user's own.
  func textbookGradient(_ a: [Double], _ y: [Double], _ parameter: Double) -> [RightSide]? {
    func sum(_ terms: Double...) -> RightSide {
      RightSide(value: terms.reduce(0, +), scale: terms.reduce(0) { $0 + abs($1) })
    }
    func quotient(_ y: Double, _ a: Double) -> Double { y == 0 ? 0 : y / a }
    func each(_ body: (Double, Double) -> RightSide) -> [RightSide] { zip(a, y).map(body) }
    func sign(_ r: Double) -> Double { r > 0 ? 1 : r < 0 ? -1 : 0 }
    switch self {
    case .squaredError: return each { sum($0 - $1) }
    case .absoluteError: return each { sum(sign($0 - $1)) }
    case .huber: return each { sum(min(max($0 - $1, -parameter), parameter)) }
    case .binaryCrossEntropy:
      return each { a, y in sum(quotient(1 - y, 1 - a), -quotient(y, a)) }
    case .crossEntropy: return each { a, y in sum(-quotient(y, a)) }
    case .hinge:
      if a.count == 1 { return [sum(1 - y[0] * a[0] > 0 ? -y[0] : 0)] }
      let c = Self.classIndex(y)
      let violations = a.indices.map { $0 != c && 1 + a[$0] - a[c] > 0 }
      return a.indices.map {
        sum($0 == c ? -Double(violations.count { $0 }) : violations[$0] ? 1 : 0)
      }
    case .poisson: return each { a, y in sum(1, -quotient(y, a)) }
    case .quantile: return each { a, y in sum(a < y ? -parameter : a > y ? 1 - parameter : 0) }
    case .custom: return nil
    }
  }

  /// The terms whose sum is C of one example, in Double, from outputs and targets as the engine has
  /// them; nil for a loss of a user's own.
  package func textbookTerms<T: Scalar>(outputs: [T], targets: [T]) -> [Double]? {
    textbookTerms(
      outputs.map { Double($0) }, targets.map { Double($0) }, Double(T(kernel?.parameter ?? 0)))
  }

  /// Whether an output lies so near a kink of ∇ₐC that rounding decides on which side: a margin of the
  /// hinge that is 0 but for ε. Either subgradient is right there.
  func isAtKink(_ a: [Double], _ y: [Double], output j: Int, epsilon: Double) -> Bool {
    guard case .hinge = self else { return false }
    func isZero(_ margin: Double, _ size: Double) -> Bool {
      abs(margin) <= 4 * epsilon * (1 + size)
    }
    if a.count == 1 { return isZero(1 - y[0] * a[0], abs(a[0])) }
    let c = Self.classIndex(y)
    func isUndecided(_ i: Int) -> Bool {
      i != c && isZero(1 + a[i] - a[c], abs(a[i]) + abs(a[c]))
    }
    return j == c ? a.indices.contains(where: isUndecided) : isUndecided(j)
  }

  /// The class of a one-hot row: the first of the largest.
  package static func classIndex(_ y: [Double]) -> Int {
    y.indices.reduce(0) { y[$1] > y[$0] ? $1 : $0 }
  }
}
