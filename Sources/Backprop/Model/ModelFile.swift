extension Model {
  /// Reads a model file.
  ///
  /// - Parameters:
  ///   - path: A file that `write(to:)` made.
  ///   - losses: Losses of your own that a model may name.
  ///   - activations: Activations of your own that a model may name.
  /// - Throws: A `UserError`: `FileError` if the file cannot be read, `ModelError` or `NetworkError` if it
  ///   is no model, or one about the file's bytes. Every inconsistency is found before the network is
  ///   allocated.
  public init(
    contentsOf path: String, losses: [any ExampleLoss] = [],
    activations: [any ElementwiseActivation] = []
  ) throws {
    let file: SafeTensors
    do {
      file = try SafeTensors(contentsOf: path)
    } catch let error as SafeTensorsError where error.isOfAnotherFormat {
      throw ModelError.notSafeTensors(path: path)
    }
    try self.init(file, losses: losses, activations: activations)
  }

  /// Reads a model from the bytes of its file.
  ///
  /// - Parameters:
  ///   - bytes: What `write(to:)` wrote.
  ///   - losses: Losses of your own that a model may name.
  ///   - activations: Activations of your own that a model may name.
  /// - Throws: As `init(contentsOf:)`, which errors call "model".
  public init(
    bytes: [UInt8], losses: [any ExampleLoss] = [],
    activations: [any ElementwiseActivation] = []
  ) throws {
    try self.init(
      SafeTensors(bytes: bytes, path: "model"), losses: losses, activations: activations)
  }

  /// Whether a file is a model that this program made; false too if it cannot be read.
  package static func isModel(_ path: String) -> Bool {
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
    let count = try metadata.valueIfPresent(ModelKey.members, as: Int.self) ?? 1
    guard Self.memberCounts.contains(count) else {
      throw metadata.problem(ModelKey.members, "\(count) networks")
    }
    let layersOfMembers =
      try metadata.layersOfMembers(with: activations)
      ?? [[Layer]](repeating: layers, count: count)
    guard layersOfMembers.count == count, layersOfMembers[0] == layers,
      layersOfMembers.allSatisfy({
        $0.first?.inputs == layers.first?.inputs && $0.last?.outputs == layers.last?.outputs
          && $0.last?.activation == layers.last?.activation
      })
    else {
      throw metadata.problem(
        ModelKey.layersOfMembers, "layers that do not suit \(count) networks of one model")
    }
    func networks<T: Scalar>(_ make: (Network<T>) -> AnyNetwork) throws -> [AnyNetwork] {
      try file.checkElements(are: T.self)
      let prefixes = (0..<count).map { $0 == 0 ? "" : Self.prefix(ofMember: $0) }
      for tensor in file.tensors
      where tensor.name.hasPrefix("members.")
        && !prefixes.dropFirst().contains(where: tensor.name.hasPrefix)
      {
        throw ModelError.extraTensor(path: file.path, name: tensor.name)
      }
      return try zip(prefixes, layersOfMembers).map {
        make(
          try Network(
            weights: file, prefix: $0, layers: $1, loss: loss, reduction: reduction))
      }
    }
    let members: [AnyNetwork]
    switch precision {
    case Float.precisionName: members = try networks(AnyNetwork.float)
    case Double.precisionName: members = try networks(AnyNetwork.double)
    default:
      throw metadata.problem(ModelKey.precision, "expected \"float\" or \"double\"")
    }
    let encoder = try metadata.valueIfPresent(ModelKey.encoder, as: FeatureEncoder.self)
    let targetEncoder = try metadata.valueIfPresent(ModelKey.target, as: TargetEncoder.self)
    var configuration = try metadata.valueIfPresent(
      ModelKey.configuration, as: TrainingConfiguration.self
    )?.ofRun
    configuration?.network.takeOwn(of: NetworkSettings(of: members[0]))
    do {
      try Self.check(configuration, for: members[0])
    } catch {
      throw metadata.problem(ModelKey.configuration, error.description)
    }
    let weights = try metadata.valueIfPresent(ModelKey.weights, as: ExampleWeights.self)
    let rows = try metadata.valueIfPresent(ModelKey.rows, as: TrainedRows.self)
    let sizes = members[0].sizes
    if let rows,
      rows.baseline.count != sizes[sizes.count - 1] || !rows.baseline.allSatisfy(\.isFinite)
    {
      throw metadata.problem(
        ModelKey.rows,
        "\(rows.baseline.count) means, but the network has \(sizes[sizes.count - 1]) outputs")
    }
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
    self.init(
      members: members, encoder: encoder, targetEncoder: targetEncoder,
      configuration: configuration, weights: weights, rows: rows)
    intervals = try metadata.valueIfPresent(ModelKey.intervals, as: PredictionIntervals.self)
    if intervals != nil, targetEncoder.map({ $0.task != .regression }) ?? false {
      throw metadata.problem(ModelKey.intervals, "intervals of what is no number")
    }
    if let problem = intervals?.problem(networks: count, columns: sizes[sizes.count - 1]) {
      throw metadata.problem(ModelKey.intervals, problem)
    }
  }

  /// - Throws: `ConfigurationError` if no run of such a network has this configuration.
  private static func check(
    _ configuration: TrainingConfiguration?, for network: AnyNetwork
  ) throws(ConfigurationError) {
    try configuration?.validate(
      layers: network.layers.count, loss: network.loss, hasDropout: network.layers.haveDropout)
  }

  private static let memberCounts = 1...TrainingConfiguration.mostNetworks

  /// What stands before the names of the tensors of a further member, from 1.
  private static func prefix(ofMember index: Int) -> String { "members.\(index)." }

  /// Writes the model file: complete, or not at all.
  ///
  /// The bytes depend on nothing but the model.
  ///
  /// - Returns: The SHA-256 of the file, 64 hexadecimal digits.
  /// - Throws: `FileError`; `ConfigurationError` for a configuration that no file could be read with.
  @discardableResult
  public func write(to path: String) throws -> String {
    try safeTensors().write(to: path)
  }

  /// What a model file holds.
  func safeTensors() throws -> SafeTensorsWriter {
    try Self.check(configuration, for: network)
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
    try add(ModelKey.rows, rows)
    try add(ModelKey.intervals, intervals)
    if members.count > 1 { try add(ModelKey.members, members.count) }
    if members.contains(where: { $0.layers != network.layers }) {
      try add(ModelKey.layersOfMembers, members.map(\.layers))
    }
    let tensors = members.enumerated().flatMap { index, member in
      let prefix = index == 0 ? "" : Self.prefix(ofMember: index)
      return switch member {
      case .float(let network): network.parameters.tensors(prefix: prefix)
      case .double(let network): network.parameters.tensors(prefix: prefix)
      }
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
      throw ModelError.otherFormat(path: file.path, found: JSONValue.string(format).description)
    }
  }
}
