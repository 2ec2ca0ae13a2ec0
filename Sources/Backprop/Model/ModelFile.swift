extension Model {
  /// Reads a model file.
  ///
  /// - Parameters:
  ///   - path: A file that `write(to:)` made.
  ///   - losses: Losses of your own that a model may name.
  ///   - activations: Activations of your own that a model may name.
  /// - Throws: `FileError`, `SafeTensorsError`, `ModelError` or `NetworkError`. Every inconsistency is
  ///   found before the network is allocated.
  public init(
    contentsOf path: String, losses: [any ExampleLoss] = [],
    activations: [any ElementwiseActivation] = []
  ) throws {
    try self.init(SafeTensors(contentsOf: path), losses: losses, activations: activations)
  }

  /// Whether a file is a model that this program made; false too if it cannot be read.
  public static func isModel(_ path: String) -> Bool {
    (try? SafeTensors(contentsOf: path))?[metadata: ModelKey.format] != nil
  }

  init(
    _ file: SafeTensors, losses: [any ExampleLoss] = [],
    activations: [any ElementwiseActivation] = []
  ) throws {
    let metadata = ModelMetadata(file: file)
    try metadata.checkFormat()
    let layers = try metadata.layers(with: activations)
    let loss = try metadata.loss(among: losses)
    let reduction = try metadata.value(ModelKey.reduction, as: Reduction.self)
    let precision = try metadata.value(ModelKey.precision, as: String.self)
    switch precision {
    case Float.precisionName:
      network = .float(try Network(file, layers: layers, loss: loss, reduction: reduction))
    case Double.precisionName:
      network = .double(try Network(file, layers: layers, loss: loss, reduction: reduction))
    default:
      throw metadata.problem(ModelKey.precision, "expected \"float\" or \"double\"")
    }
    encoder = try metadata.valueIfPresent(ModelKey.encoder, as: FeatureEncoder.self)
    targetEncoder = try metadata.valueIfPresent(ModelKey.target, as: TargetEncoder.self)
    configuration = try metadata.valueIfPresent(
      ModelKey.configuration, as: TrainingConfiguration.self)
    do {
      try configuration?.validate(
        layers: layers.count, loss: loss, hasDropout: layers.haveDropout)
    } catch {
      throw metadata.problem(ModelKey.configuration, error.description)
    }
    weights = try metadata.valueIfPresent(ModelKey.weights, as: ExampleWeights.self)
    options = try file[metadata: ModelKey.options].map { text in
      guard let options = try? JSONValue(parsing: text), options.object != nil else {
        throw metadata.problem(ModelKey.options, "expected an object")
      }
      return options
    }
    let sizes = network.sizes
    if let encoder, encoder.outputCount != sizes[0] {
      throw metadata.problem(
        ModelKey.encoder, "\(encoder.outputCount) features, but the network has \(sizes[0]) inputs")
    }
    if let targetEncoder, targetEncoder.outputCount != sizes[sizes.count - 1] {
      throw metadata.problem(
        ModelKey.target,
        "\(targetEncoder.outputCount) outputs, but the network has \(sizes[sizes.count - 1])")
    }
    if let problem = weights?.problem(labels: targetEncoder?.labels ?? []) {
      throw metadata.problem(ModelKey.weights, problem)
    }
  }

  /// Writes the model file: complete, or not at all.
  ///
  /// The bytes depend on nothing but the model.
  ///
  /// - Returns: The SHA-256 of the file, 64 hexadecimal digits.
  /// - Throws: `FileError`.
  @discardableResult
  public func write(to path: String) throws -> String {
    try safeTensors().write(to: path)
  }

  /// What a model file holds.
  func safeTensors() throws -> SafeTensorsWriter {
    var metadata: [(key: String, value: String)] = []
    func add(_ key: String, _ value: (some Encodable)?) throws {
      guard let value else { return }
      metadata.append((key, try JSONValue(encoding: value).description))
    }
    try add(ModelKey.format, ModelKey.formatVersion)
    try add(ModelKey.precision, network.precisionName)
    try add(ModelKey.layers, network.layers)
    try add(ModelKey.loss, network.loss)
    try add(ModelKey.reduction, network.reduction)
    try add(ModelKey.encoder, encoder)
    try add(ModelKey.target, targetEncoder)
    try add(ModelKey.configuration, configuration)
    try add(ModelKey.weights, weights)
    if let options { metadata.append((ModelKey.options, options.description)) }
    let tensors =
      switch network {
      case .float(let network): network.tensors
      case .double(let network): network.tensors
      }
    return SafeTensorsWriter(tensors: tensors, metadata: metadata)
  }
}

extension ModelMetadata {
  func checkFormat() throws {
    guard let format = file[metadata: ModelKey.format] else {
      if file[metadata: CheckpointKey.format] != nil {
        throw ModelError.checkpoint(path: file.path)
      }
      throw ModelError.notAModel(path: file.path)
    }
    guard format == "\(ModelKey.formatVersion)" else {
      throw ModelError.newerFormat(path: file.path, found: JSONValue.string(format).description)
    }
  }
}
