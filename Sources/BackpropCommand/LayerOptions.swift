import ArgumentParser
import Backprop
import BackpropInspection

/// What the layers have besides weights, biases and an activation.
struct LayerOptions: ParsableArguments {
  @Option(
    name: .customLong("norm"),
    help:
      "Normalisation of the hidden layers, one for all or a list: none, \(Normalization.allCases.map(\.rawValue).joined(separator: ", ")). (default: none)"
  )
  var normalization: String?

  @Flag(
    name: .customLong("parametric"),
    help:
      "The neurons of the hidden layers learn how much of their activation they apply: a = z + α (σ(z) − z), α from 1."
  )
  var isParametric = false

  @Flag(
    name: .customLong("scale-inputs"),
    help: "A layer in front that learns a factor for each input: a = s ⊙ x, s from 1.")
  var scalesInputs = false

  /// Each option that was given, with its text; none of a flag.
  var given: [(option: String, text: String)] {
    (normalization.map { [("--norm", $0)] } ?? []) + (isParametric ? [("--parametric", "")] : [])
      + (scalesInputs ? [("--scale-inputs", "")] : [])
  }

  /// - Parameter count: Number of hidden layers.
  /// - Returns: One element per hidden layer; none without the option.
  func normalizations(count: Int) throws -> [Normalization?] {
    guard let normalization else { return [] }
    return try Names.normalizations(normalization, count: count, option: "--norm")
  }
}

extension Names {
  /// One normalisation for all hidden layers, or a list.
  static func normalizations(
    _ text: String, count: Int, option: String
  ) throws -> [Normalization?] {
    let list = try split(text, option: option).map { name in
      if name == "none" { return Normalization?.none }
      guard let normalization = Normalization(rawValue: name) else {
        throw UsageError(
          name == "batch"
            ? "\(option) batch: batch normalisation couples the examples of a batch, so that its "
              + "gradient is not the sum of theirs; use layer or rms"
            : "\(option) \(text): \(name.quoted) is no normalisation; use none, layer or rms")
      }
      return normalization
    }
    if list.count == 1 { return Array(repeating: list[0], count: count) }
    guard list.count == count else {
      throw UsageError(
        "\(option) \(text): \(Format.count(list.count, "normalisation")) for "
          + "\(Format.count(count, "hidden layer")); give one for each, or one for all")
    }
    return list
  }
}
