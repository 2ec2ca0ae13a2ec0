import ArgumentParser
import Backprop
import BackpropInspection

/// `backprop create`: a model that was never trained, with fresh weights or a user's own.
struct CreateCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "create",
    abstract: "Make a model that is not trained yet, also from weights of your own.",
    discussion: """
      Weights are read from arrays called layers.0.weight [outputs, inputs], layers.0.bias and so \
      on. Such a model takes the numeric columns of a file as they are.

      EXAMPLES:
        backprop create --sizes 3,4,2 --activation tanh,softmax \\
          --loss cross-entropy -o new.safetensors
        backprop create --sizes 2,2,2 --activation sigmoid --loss squared-error \\
          --weights mine.npz --precision double -o mine.safetensors
      """)

  @Option(name: .long, help: "Widths: inputs, hidden layers, outputs.")
  var sizes: String

  @Option(name: .long, help: "Activation of each layer after the input, or one for all.")
  var activation: String

  @Option(name: .long, help: "\(Loss.names.joined(separator: ", ")).")
  var loss: String

  @Option(name: .long, help: "The loss of a batch: mean or sum over its examples. (default: mean)")
  var reduction: String?

  @Option(
    name: .long,
    help: "\(Initializer.names.joined(separator: ", ")). (default: suits the activation)")
  var initializer: String?

  @OptionGroup
  var layers: LayerOptions

  @Option(name: .long, help: "Weights of your own: an .npz or .safetensors file.")
  var weights: String?

  @Option(name: .long, help: "float or double. (default: float)")
  var precision: String?

  @Option(
    name: .long, parsing: .unconditional, help: "The same seed gives the same weights."
  )
  var seed: UInt64 = 0

  @Option(name: [.customShort("o"), .long], help: "Where to save the model.")
  var output: String

  @Flag(name: .long, help: "Overwrite a file that is no model.")
  var force = false

  @OptionGroup(title: "Output")
  var outputOptions: OutputOptions

  func run() throws {
    _ = try outputOptions.threadCount()
    if weights != nil, initializer != nil {
      throw UsageError("give --weights or --initializer, not both")
    }
    try OutputFile.check(output, isNoneOf: [weights])
    try OutputFile.checkModel(output, force: force)
    let network: AnyNetwork =
      try precision.map(Names.isDouble) ?? false
      ? .double(try makeNetwork()) : .float(try makeNetwork())
    let sha256 = try Model(network: network).write(to: output)
    if outputOptions.json {
      let document: JSONValue = [
        "schema": "backprop.create/1", "sizes": JSONValue(network.sizes),
        "parameters": JSONValue(network.parameterCount), "model": .string(output),
        "sha256": .string(sha256),
      ]
      try Terminal.printOutput(document.description)
    } else {
      try Terminal.printOutput(
        "saved \(output): \(network.sizes.map(String.init).joined(separator: "–")), "
          + Format.count(network.parameterCount, "parameter"))
    }
  }

  private func makeNetwork<T: Scalar>() throws -> Network<T> {
    let sizes = try Names.sizes(sizes, option: "--sizes")
    guard sizes.count >= 2 else {
      throw UsageError(
        "--sizes \(self.sizes): give at least inputs and outputs, for example 4,16,3")
    }
    let activations = try Names.activations(
      activation, count: sizes.count - 1, option: "--activation")
    let normalizations = try layers.normalizations(count: sizes.count - 2)
    try Names.checkMemory(sizes: sizes, activations: activations, copies: 3, as: T.self)
    let loss = try Names.loss(loss)
    let reduction = try reduction.map(Names.reduction) ?? .mean
    do {
      let network = try Network<T>(
        sizes: sizes, activations: activations, loss: loss, reduction: reduction,
        initializer: weights == nil ? initializer.map(Names.initializer) : .zeros,
        normalizations: normalizations, isParametric: layers.isParametric,
        scalesInputs: layers.scalesInputs, seed: seed)
      guard let weights else { return network }
      return try WeightFile.network(
        from: weights, layers: network.layers, loss: loss, reduction: reduction)
    } catch let error as NetworkError {
      throw UsageError(error.description)
    }
  }
}
