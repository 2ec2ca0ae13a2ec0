/// The keys under which a checkpoint says in `__metadata__` what its tensors are.
///
/// Layers, loss, reduction, precision and configuration stand under the keys of a model file, the
/// weights under its names. Besides them there are the tensors of the best epoch (`best.layers.0.weight`)
/// and those of the rule (`firstMoment.layers.0.weight`, …), of the same shapes; and of a classification
/// the confusion counts that are not 0 (`running.confusion` of the epoch that is under way,
/// `best.confusion`, `reference.confusion`), I64 `[cells, 3]`: actual class, predicted class, examples.
package enum CheckpointKey {
  /// SHA-256 of the whole file with 64 zeros in the place of these 64 digits. It is the first key, so
  /// that its place is known before anything of the file is believed.
  package static let sha256 = "backprop.sha256"
  /// The version of this format, a whole number. A reader refuses others.
  package static let format = "backprop.checkpoint"
  /// Position, sums of the running epoch, best epoch, fingerprint of the data, version: JSON.
  package static let state = "backprop.state"

  /// The version that is written, and the only one that is read.
  package static let formatVersion = 4
}

/// Why a file is no checkpoint to go on from.
public enum CheckpointError: UserError, Equatable {
  /// Cut, altered, or no checkpoint at all.
  case damaged(path: String, reason: String)
  /// A whole checkpoint of a version that this one does not read.
  case otherFormat(path: String, found: String)
  /// A whole checkpoint whose tensors memory cannot hold.
  case memory(path: String, String)
  /// A checkpoint in "float" of a run in "double", or the reverse.
  case wrongPrecision(path: String, found: String, expected: String)
  /// There is no checkpoint in the folder.
  case noCheckpoint(folder: String)
  /// Every checkpoint of a folder is damaged; the reason is the newest one's.
  case noneWhole(folder: String, count: Int, reason: String)
  /// Another run is writing its checkpoints there.
  case folderInUse(folder: String)

  public var message: String {
    switch self {
    case .damaged(let path, let reason): "\(path) is not a whole checkpoint: \(reason)"
    case .otherFormat(let path, let found):
      "\(path): checkpoint format \(found), but this version reads \(CheckpointKey.formatVersion); "
        + "go on with the version that wrote it"
    case .wrongPrecision(let path, let found, let expected):
      "\(path): precision \(found), but the run has \(expected); a run goes on in its own precision"
    case .memory(let path, let shortage): "\(path): \(shortage)"
    case .noCheckpoint(let folder):
      "\(folder) holds no checkpoint of a run"
    case .noneWhole(let folder, let count, let reason):
      "\(folder): none of the checkpoints (\(count)) is whole: \(reason); begin the run anew, in "
        + "another folder"
    case .folderInUse(let folder):
      "\(folder): another run is writing its checkpoints there; wait for its end, or name another "
        + "folder"
    }
  }
}

/// A checkpoint file whose checksum is right, before it is known of what precision it is.
package struct CheckpointFile: Sendable {
  package let path: String
  let file: SafeTensors

  /// Opens a file and reads it once, to verify its checksum.
  ///
  /// - Throws: `CheckpointError.damaged` if a single bit is not as it was written, `FileError` if the
  ///   file cannot be read.
  package init(contentsOf path: String) throws {
    self.path = path
    try Self.verify(path)
    do {
      file = try SafeTensors(contentsOf: path)
    } catch let error as SafeTensorsError {
      throw CheckpointError.damaged(path: path, reason: error.description)
    }
    let format = file[metadata: CheckpointKey.format] ?? "none"
    guard format == "\(CheckpointKey.formatVersion)" else {
      throw CheckpointError.otherFormat(path: path, found: format)
    }
  }

  /// "float" or "double".
  package var precisionName: String {
    get throws { try ModelMetadata(file: file).value(ModelKey.precision, as: String.self) }
  }

  /// The configuration of the run.
  ///
  /// - Throws: `ModelError` if it is none.
  package var configuration: TrainingConfiguration {
    get throws {
      let metadata = ModelMetadata(file: file)
      let configuration = try metadata.value(
        ModelKey.configuration, as: TrainingConfiguration.self
      ).ofRun
      do {
        try configuration.validate()
      } catch {
        throw metadata.problem(ModelKey.configuration, error.description)
      }
      return configuration
    }
  }

  /// What whoever trained attached to it.
  package var attachments: [String: String] {
    get throws {
      try ModelMetadata(file: file).value(CheckpointKey.state, as: CheckpointState.self).attachments
    }
  }

  /// What stands in the header before the digits of the checksum.
  fileprivate static let prefix = Array("{\"__metadata__\":{\"\(CheckpointKey.sha256)\":\"".utf8)
  fileprivate static let placeholder = String(repeating: "0", count: 64)

  private static func verify(_ path: String) throws {
    func damaged(_ reason: String) -> CheckpointError { .damaged(path: path, reason: reason) }
    let file = try OpenFile(path)
    let digits = (8 + prefix.count)..<(8 + prefix.count + 64)
    guard file.size >= digits.upperBound else { throw damaged("it ends after \(file.size) bytes") }
    var head = try file.bytes(at: 0, count: digits.upperBound)
    guard Array(head[8..<digits.lowerBound]) == prefix else {
      throw damaged("it does not begin as one")
    }
    let found = String(decoding: head[digits], as: UTF8.self)
    head.replaceSubrange(digits, with: placeholder.utf8)
    var hash = SHA256()
    hash.add(head)
    var position = digits.upperBound
    while position < file.size {
      let count = min(1 << 20, file.size - position)
      hash.add(try file.bytes(at: position, count: count))
      position += count
    }
    guard hash.hexadecimal() == found else {
      throw damaged("its content does not give its checksum; it was cut or altered")
    }
  }
}

// MARK: Writing

/// What stands as JSON in a checkpoint.
private struct CheckpointState: Codable {
  let step: Int
  let running: RunningEpoch
  let plateau: PlateauTracker
  let bestEpoch: Int
  let bestEvaluation: Evaluation?
  let lastImprovement: Int
  let reference: Evaluation?
  let moments: [String]
  let lineSearch: LineSearchRecord?
  /// Nil where nothing is averaged.
  let averaged: Int?
  let blocks: Int
  let data: DataFingerprint
  let version: String
  let attachments: [String: String]

  /// The metrics that count classes, and the tensor that each of them has its counts in.
  var counted: [(tensor: String, metrics: Metrics)] {
    let all: [(String, Metrics?)] = [
      ("running", running.metrics), ("best", bestEvaluation?.metrics),
      ("reference", reference?.metrics),
    ]
    return all.compactMap { owner, metrics in
      metrics.flatMap { $0.classCount > 0 ? ("\(owner).confusion", $0) : nil }
    }
  }
}

extension Checkpoint {
  /// Writes the file: complete and on disk, or not at all. The bytes depend on nothing but the state.
  ///
  /// - Throws: `FileError`.
  /// - Complexity: O(parameters), with a dense copy of one tensor at a time.
  public func write(to path: String) throws {
    var metadata: [(key: String, value: String)] = [
      (CheckpointKey.sha256, CheckpointFile.placeholder)
    ]
    func add(_ key: String, _ value: some Encodable) throws {
      metadata.append((key, try JSONValue(encoding: value).description))
    }
    try add(CheckpointKey.format, CheckpointKey.formatVersion)
    try add(ModelKey.precision, T.precisionName)
    try add(ModelKey.layers, network.layers)
    try add(ModelKey.loss, network.loss)
    try add(ModelKey.reduction, network.reduction)
    try add(ModelKey.configuration, configuration)
    let state = CheckpointState(
      step: step, running: running, plateau: plateau, bestEpoch: best.epoch,
      bestEvaluation: best.evaluation, lastImprovement: best.lastImprovement,
      reference: best.reference,
      moments: moments.map(\.name), lineSearch: lineSearch,
      averaged: averaged > 0 ? averaged : nil, blocks: blocks, data: data, version: version,
      attachments: attachments)
    try add(CheckpointKey.state, state)
    var tensors = network.parameters.tensors() + best.parameters.tensors(prefix: "best.")
    for moment in moments { tensors += moment.values.tensors(prefix: "\(moment.name).") }
    tensors += state.counted.map { name, metrics in
      let cells = metrics.confusion.cells
      return SafeTensorsWriter.Tensor(
        name: name, shape: [cells.count, 3],
        integers: cells.flatMap { [$0.actual, $0.predicted, $0.count] })
    }

    var writer = SafeTensorsWriter(tensors: tensors, metadata: metadata)
    var hash = SHA256()
    writer.forEachPiece { hash.add($0) }
    writer.metadata[0].value = hash.hexadecimal()
    let file = try AtomicFile(path)
    try writer.forEachPiece { (piece) throws(FileError) in try file.write(piece) }
    try file.commit()
  }
}

// MARK: Reading

extension Checkpoint {
  /// Reads a checkpoint.
  ///
  /// - Parameters:
  ///   - file: A file that is whole.
  ///   - losses: Losses of your own that it may name.
  ///   - activations: Activations of your own that it may name.
  /// - Throws: `CheckpointError`, `ModelError`, `NetworkError` or `FileError`. Shapes are checked before
  ///   anything is allocated.
  package init(
    _ file: CheckpointFile, losses: [any ExampleLoss] = [],
    activations: [any ElementwiseActivation] = []
  ) throws {
    let metadata = ModelMetadata(file: file.file)
    let precision = try file.precisionName
    guard precision == T.precisionName else {
      throw CheckpointError.wrongPrecision(
        path: file.path, found: precision, expected: T.precisionName)
    }
    let state = try metadata.value(CheckpointKey.state, as: CheckpointState.self)
    let layers = try metadata.layers(with: activations)
    try Network<T>.validate(layers)
    let layout = ParameterLayout(layers: layers)
    configuration = try metadata.value(ModelKey.configuration, as: TrainingConfiguration.self)
    guard
      configuration.optimizer.accepts(
        momentNames: state.moments.filter { $0 != WeightAverage<T>.name }),
      state.moments.count(where: { $0 == WeightAverage<T>.name }) <= 1
    else {
      throw metadata.problem(
        CheckpointKey.state, "the moments are none of \(configuration.optimizer.name)")
    }
    let bytes = layout.count.multipliedReportingOverflow(
      by: MemoryLayout<T>.size * (2 + state.moments.count))
    if let shortage = Memory.shortage(bytes.overflow ? nil : bytes.partialValue) {
      throw CheckpointError.memory(path: file.path, shortage)
    }
    let prefixes = ["", "best."] + state.moments.map { "\($0)." }
    let expected = Set(
      prefixes.flatMap { prefix in
        layout.tensors.map { prefix + $0.name }
      } + state.counted.map(\.tensor))
    if let extra = file.file.tensors.first(where: { !expected.contains($0.name) }) {
      throw ModelError.extraTensor(path: file.path, name: extra.name)
    }
    network = try Network(
      tensors: file.file, layers: layers, loss: metadata.loss(among: losses),
      reduction: metadata.value(ModelKey.reduction, as: Reduction.self))
    do {
      try configuration.validate(for: network)
    } catch {
      throw metadata.problem(ModelKey.configuration, error.description)
    }
    step = state.step
    var (running, bestEvaluation, reference) = (
      state.running, state.bestEvaluation, state.reference
    )
    let outputs = network.outputCount
    try running.metrics.takeConfusion("running.confusion", from: file.file, outputs: outputs)
    try bestEvaluation?.metrics.takeConfusion(
      "best.confusion", from: file.file, outputs: outputs)
    try reference?.metrics.takeConfusion(
      "reference.confusion", from: file.file, outputs: outputs)
    self.running = running
    plateau = state.plateau
    best = BestEpoch(
      epoch: state.bestEpoch, evaluation: bestEvaluation,
      parameters: try Parameters(file.file, prefix: "best.", layout: layout),
      lastImprovement: state.lastImprovement, reference: reference)
    moments = try state.moments.map { name in
      (name, try Parameters(file.file, prefix: "\(name).", layout: layout))
    }
    lineSearch = state.lineSearch
    averaged = state.averaged ?? 0
    blocks = state.blocks
    data = state.data
    version = state.version
    attachments = state.attachments
    let counts = [step, averaged, stepInEpoch, plateau.badEpochs, lineSearch?.evaluations ?? 0]
    guard
      counts.allSatisfy(NumberRange.counts.contains), stepInEpoch <= step, blocks >= 1,
      running.totals.count == running.metrics.count, epoch >= 1, epoch <= configuration.epochs,
      (0..<epoch).contains(best.epoch),
      (0..<epoch).contains(best.lastImprovement),
      running.totals.isConsistent, running.learningRate.isFinite, plateau.scale.isFinite,
      ([running.metrics] + [best.evaluation, best.reference].compactMap { $0?.metrics })
        .allSatisfy({ $0.isConsistent(outputs: outputs) })
    else {
      throw metadata.problem(CheckpointKey.state, "its numbers do not fit together")
    }
  }
}

extension Metrics {
  /// Reads the confusion counts, if the task has classes, and as many as outputs tell apart.
  fileprivate mutating func takeConfusion(
    _ name: String, from file: SafeTensors, outputs: Int
  ) throws {
    guard classCount > 0, classCount == kind.classCount(outputs: outputs) else { return }
    guard let tensor = file[name] else {
      throw ModelError.missingTensor(path: file.path, name: name)
    }
    guard tensor.shape.count == 2, tensor.shape[1] == 3 else {
      throw ModelError.wrongShape(
        path: file.path, name: name, found: tensor.shape, expected: [tensor.shape.first ?? 0, 3])
    }
    guard
      let counts = ConfusionCounts(classes: classCount, cells: try file.integers(of: tensor))
    else {
      throw CheckpointError.damaged(
        path: file.path, reason: "\(name) holds no counts of \(classCount) classes")
    }
    confusion = counts
  }
}

extension Parameters {
  /// The tensors under the names of PyTorch, with something in front of them.
  func tensors(prefix: String = "") -> [SafeTensorsWriter.Tensor] {
    layout.tensors.map { tensor in
      SafeTensorsWriter.Tensor(name: prefix + tensor.name, shape: tensor.shape) {
        elements(of: tensor)
      }
    }
  }

  /// Reads tensors that `tensors(prefix:)` named.
  fileprivate init(_ file: SafeTensors, prefix: String, layout: ParameterLayout) throws {
    let type: SafeTensors.ElementType = T.self == Float.self ? .f32 : .f64
    func elements(_ name: String, _ shape: [Int]) throws -> [T] {
      guard let tensor = file[name] else {
        throw ModelError.missingTensor(path: file.path, name: name)
      }
      guard tensor.type == type else {
        throw ModelError.wrongType(
          path: file.path, name: name, found: tensor.type.rawValue, expected: type.rawValue)
      }
      guard tensor.shape == shape else {
        throw ModelError.wrongShape(
          path: file.path, name: name, found: tensor.shape, expected: shape)
      }
      return try file.elements(of: tensor)
    }
    self.init(layout: layout)
    for tensor in layout.tensors {
      setElements(of: tensor, to: try elements(prefix + tensor.name, tensor.shape))
    }
  }
}

extension Network {
  /// The network of a checkpoint, which holds further tensors.
  fileprivate init(
    tensors file: SafeTensors, layers: [Layer], loss: Loss, reduction: Reduction
  ) throws {
    try self.init(
      layers: layers, loss: loss, reduction: reduction, source: file.path,
      names: file.tensors.map(\.name).filter { $0.hasPrefix("layers.") },
      shape: { file[$0]?.shape },
      elements: { name in try file[name].map { try file.elements(of: $0) } ?? [] })
  }
}
