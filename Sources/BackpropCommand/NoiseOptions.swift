import ArgumentParser
import Backprop
import BackpropInspection

/// What training changes at random, or blurs, so that the network learns no example by heart.
struct NoiseOptions: ParsableArguments {
  @Option(
    name: .long, parsing: .unconditional,
    help:
      "The probability that an output of a hidden layer is dropped in a step of training, one for all or a list p1,p2,…. (default: none; with --from: the model's)"
  )
  var dropout: String?

  @Option(
    name: .long, parsing: .unconditional,
    help: "The probability that an input is dropped in a step of training. (default: 0)")
  var inputDropout: Double?

  @Option(
    name: .long, parsing: .unconditional,
    help:
      "The deviation s of noise N(0, s²) on the inputs in training, after they are standardised. (default: 0)"
  )
  var inputNoise: Double?

  @Option(
    name: .long, parsing: .unconditional,
    help:
      "ε of y ← (1−ε) y + ε/K in training, K classes (2 for each output of binary-cross-entropy). The training loss is that of these targets; validation and metrics keep the classes. (default: 0)"
  )
  var labelSmoothing: Double?

  @Option(
    name: .long, parsing: .unconditional,
    help:
      "α of mixup: each example is mixed with another of its batch, λ to 1−λ, λ ~ Beta(α, α); so are targets and weights. (default: 0, none)"
  )
  var mixup: Double?

  /// Checks what can be checked before any data is read.
  ///
  /// - Parameters:
  ///   - hidden: Number of hidden layers.
  ///   - loss: The loss, if it is known already.
  ///   - batchSize: Examples a step, if that was given.
  func check(hidden: Int, loss: Loss?, batchSize: Int?) throws {
    if batchSize == 1, (mixup ?? 0) > 0 {
      throw UsageError(
        "--mixup mixes the examples of a batch, and --batch-size 1 leaves none to mix with")
    }
    _ = try probabilities(hidden: hidden)
    if let loss { try self.check(for: loss) }
  }

  /// Refuses what has no meaning under a loss.
  func check(for loss: Loss) throws {
    let regularization = configure(TrainingConfiguration()).regularization
    try UsageError.unless { () throws(ConfigurationError) in try regularization.check(for: loss) }
  }

  /// The probability of each hidden layer; nil if the option was not given.
  func probabilities(hidden count: Int) throws -> [Double]? {
    guard let dropout else { return nil }
    let values = try Names.split(dropout, option: "--dropout").map { part in
      guard let value = Double(part), value >= 0, value < 1 else {
        throw UsageError(
          "--dropout \(dropout): \(part.quoted) is no probability of at least 0 and below 1")
      }
      return value
    }
    if values.allSatisfy({ $0 == 0 }), values.count == 1 || values.count == count {
      return []
    }
    if count == 0 {
      throw UsageError(
        "--dropout \(dropout): there is no hidden layer, and the outputs of the last layer are not "
          + "dropped; leave it out, or give --hidden")
    }
    if values.count == 1 { return Array(repeating: values[0], count: count) }
    guard values.count == count else {
      throw UsageError(
        "--dropout \(dropout): \(Format.count(values.count, "probability", plural: "probabilities")) "
          + "for \(Format.count(count, "hidden layer")); give one for each, or one for all"
          + (values.count == count + 1 ? "; the outputs of the last layer are not dropped" : ""))
    }
    return values
  }

  /// A configuration with these options in it. 0 is the same as nothing.
  func configure(_ configuration: TrainingConfiguration) -> TrainingConfiguration {
    func unlessZero(_ value: Double?) -> Double? { value == 0 ? nil : value }
    var configuration = configuration
    configuration.inputNoise = unlessZero(inputNoise)
    configuration.inputDropout = unlessZero(inputDropout)
    configuration.labelSmoothing = unlessZero(labelSmoothing)
    configuration.mixup = unlessZero(mixup)
    return configuration
  }
}

extension TrainingConfiguration {
  /// "input noise 0.1, label smoothing 0.05"; nil if nothing is random but dropout.
  var noiseText: String? {
    let parts = [
      ("input noise", inputNoise), ("input dropout", inputDropout),
      ("label smoothing", labelSmoothing), ("mixup", mixup),
    ].compactMap { name, value in value.map { "\(name) \(JSONValue($0))" } }
    return parts.isEmpty ? nil : parts.joined(separator: ", ")
  }
}

extension [Layer] {
  /// "dropout 0.5", or "dropout 0.2, 0.5" for hidden layers that differ; nil if there is none.
  var dropoutText: String? {
    guard haveDropout else { return nil }
    let values = hiddenDense.map { JSONValue($0.dropout).description }
    return "dropout " + (Set(values).count == 1 ? values[0] : values.joined(separator: ", "))
  }
}
