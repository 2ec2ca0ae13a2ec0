/// An average of the weights along a run, which is validated and kept in the place of the weights.
///
/// Training itself goes on with the weights as they are.
package enum WeightAveraging: Codable, Hashable, Sendable {
  /// After every update t, from 1, with θ̄₁ = θ₁:
  ///
  ///     θ̄ₜ = θ̄ₜ₋₁ + (1 − d)/(1 − dᵗ) (θₜ − θ̄ₜ₋₁)
  ///
  /// which is mₜ/(1 − dᵗ) of mₜ = d mₜ₋₁ + (1 − d) θₜ from m₀ = 0: the weight of the start does not
  /// linger. Polyak & Juditsky 1992, doi:10.1137/0330046; the correction: Kingma & Ba 2015, arXiv
  /// 1412.6980.
  case exponential(decay: Double = 0.999)
  /// The equal average of the weights at the ends of the epochs after the first ⌊start · epochs⌋. The
  /// epochs before have no part in choosing the best. Izmailov et al. 2018, arXiv 1803.05407.
  case stochastic(start: Double = 0.75)

  /// - Throws: `ConfigurationError` unless the decay lies in (0, 1), or the start in [0, 1).
  package func validate() throws(ConfigurationError) {
    switch self {
    case .exponential(let decay):
      try NumberRange.inside.check(decay, "averaging.exponential.decay")
    case .stochastic(let start):
      try NumberRange.belowOne.check(start, "averaging.stochastic.start")
    }
  }
}

/// The average of a run, and how many weights are in it. How much the next counts is a function of
/// that number alone, so that a resumed run has the same bits.
struct WeightAverage<T: Scalar>: Sendable {
  /// Under which a checkpoint keeps it.
  static var name: String { "average" }

  private let kind: WeightAveraging?
  /// Epochs before those that are averaged, for `stochastic`.
  private let epochsBefore: Int
  private(set) var count = 0
  private var values: Parameters<T>

  init(_ kind: WeightAveraging?, epochs: Int, layout: ParameterLayout) {
    self.kind = kind
    epochsBefore = if case .stochastic(let start) = kind { Int(start * Double(epochs)) } else { 0 }
    values = Parameters(layout: kind == nil ? ParameterLayout(layers: []) : layout)
  }

  /// What a checkpoint keeps.
  var tensors: [(name: String, values: Parameters<T>)] { kind == nil ? [] : [(Self.name, values)] }

  mutating func restore(count: Int, _ tensors: [(name: String, values: Parameters<T>)]) {
    guard kind != nil, let average = tensors.first(where: { $0.name == Self.name }) else { return }
    self.count = count
    values.assign(average.values)
  }

  /// Takes the weights after an update in.
  mutating func addStep(_ parameters: Parameters<T>, pool: ThreadPool?) {
    guard case .exponential(let decay) = kind else { return }
    add(parameters, share: (1 - decay) / (1 - Double.power(decay, to: count + 1)), pool)
  }

  /// Takes the weights after an epoch in.
  ///
  /// - Returns: Whether the average begins here, after epochs without one.
  mutating func addEpoch(_ epoch: Int, _ parameters: Parameters<T>, pool: ThreadPool?) -> Bool {
    guard case .stochastic = kind, epoch > epochsBefore else { return false }
    add(parameters, share: 1 / Double(count + 1), pool)
    return count == 1
  }

  private mutating func add(_ parameters: Parameters<T>, share: Double, _ pool: ThreadPool?) {
    count += 1
    guard count > 1 else { return values.assign(parameters) }
    let target = values.mutableStart
    T.kernels.blend(pool?.handle, parameters.layout.all, share, parameters.start, target)
  }

  /// Puts the average in the place of the weights and keeps those, or the reverse; does nothing
  /// before there is one.
  mutating func swap(with parameters: inout Parameters<T>) {
    if count > 0 { Swift.swap(&values, &parameters) }
  }
}
