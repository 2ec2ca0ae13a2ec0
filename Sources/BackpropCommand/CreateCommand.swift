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

  @OptionGroup
  var layers: LayerOptions

  @Option(.seed)
  var seed: String?

  @Option(name: .long, help: "Weights of your own: an .npz or .safetensors file.")
  var weights: String?

  @Option(name: [.customShort("o"), .long], help: "Where to save the model.")
  var output: String

  @Flag(name: .long, help: "Overwrite a file that is no model.")
  var force = false

  @OptionGroup(title: "Output")
  var outputOptions: OutputOptions

  func run() throws {
    _ = try outputOptions.threadCount()
    let language = try outputOptions.language()
    var settings = TrainingConfiguration()
    try CommandWords.take(into: &settings, except: ["activation"])
    try settings.validate()
    if weights != nil, settings.network.initializer != nil {
      throw UsageError("give --weights or --initializer, not both")
    }
    try OutputFile.check(output, isNoneOf: [weights])
    try OutputFile.checkModel(output, force: force)
    let network: AnyNetwork =
      settings.network.precision == .double
      ? .double(try makeNetwork(settings)) : .float(try makeNetwork(settings))
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
        language.text(
          .created, output, network.sizes.map(String.init).joined(separator: "–"),
          language.count(network.parameterCount, .parameter)))
    }
  }

  private func makeNetwork<T: Scalar>(_ configuration: TrainingConfiguration) throws -> Network<T> {
    let settings = configuration.network
    guard let loss = settings.loss else {
      throw UsageError("give --loss: one of \(Loss.names.joined(separator: ", "))")
    }
    let sizes = try Names.sizes(sizes, option: "--sizes")
    guard sizes.count >= 2 else {
      throw UsageError(
        "--sizes \(self.sizes): give at least inputs and outputs, for example 4,16,3")
    }
    let activations = try Names.activations(
      activation, count: sizes.count - 1, option: "--activation")
    let hidden = sizes.count - 2
    var norms = settings.norm ?? []
    if norms.count == 1 { norms = Array(repeating: norms[0], count: hidden) }
    let columns: [ColumnsLayer.Part]? =
      settings.embedNumbers == true ? [.waves(inputs: sizes[0])] : nil
    try Estimator.checkMemory(
      sizes: sizes, activations: activations, columns: columns, copies: 3, as: T.self)
    do {
      let network = try Network<T>(
        sizes: sizes, activations: activations, loss: loss, reduction: settings.reduction ?? .mean,
        dropout: [], initializer: weights == nil ? settings.initializer : .zeros,
        normalizations: norms, isParametric: settings.parametric == true,
        columns: columns,
        scalesInputs: settings.scaleInputs == true, isNTK: settings.ntk == true,
        seed: configuration.seed)
      guard let weights else { return network }
      return try WeightFile.network(
        from: weights, layers: network.layers, loss: loss, reduction: network.reduction)
    } catch let error as NetworkError {
      throw UsageError(error.description)
    }
  }
}
