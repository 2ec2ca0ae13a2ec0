@testable import Backprop
@testable import BackpropInspection
import Foundation

// Shared with the fuzz targets (Fuzz/Support).

/// A model or checkpoint in which somebody changed what stands in its header as JSON, and made it whole
/// again: the checksum of a checkpoint is right.
package struct ChangedFile: Sendable {
  /// The documents of `__metadata__` by their keys; nil where what stands there is a mere text.
  private var documents: [(key: String, value: JSONValue?, text: String)]
  /// The rest of the header, and the tensors.
  private let tensors: [JSONMember]
  private let data: ArraySlice<UInt8>
  /// Where a document holds something: every value, and every list and object as a whole.
  package private(set) var places: [[Step]] = []

  package enum Step: Hashable, Sendable {
    case key(String)
    case index(Int)
  }

  /// - Parameter bytes: A file of ours.
  package init?(_ bytes: [UInt8]) {
    guard bytes.count > 8 else { return nil }
    let length = bytes[0..<8].reversed().reduce(0) { $0 << 8 | Int($1) }
    guard let header = try? JSONValue(parsing: Array(bytes[8..<(8 + length)])),
      let members = header.object, let metadata = header["__metadata__"]?.object
    else { return nil }
    tensors = members.filter { $0.key != "__metadata__" }
    data = bytes[(8 + length)...]
    documents = metadata.map { member in
      let text = member.value.string ?? ""
      return (member.key, try? JSONValue(parsing: text), text)
    }
    for document in documents where document.key != CheckpointKey.sha256 {
      places += Self.places(in: document.value ?? .null).map { [.key(document.key)] + $0 }
    }
  }

  private static func places(in value: JSONValue) -> [[Step]] {
    let inner: [(Step, JSONValue)] =
      switch value {
      case .object(let members): members.map { (.key($0.key), $0.value) }
      case .array(let items): items.enumerated().map { (.index($0.offset), $0.element) }
      default: []
      }
    return [[]] + inner.flatMap { step, value in places(in: value).map { [step] + $0 } }
  }

  /// Puts a value in a place, or takes away what stands there.
  package mutating func change(_ place: [Step], to value: JSONValue?) {
    guard case .key(let key) = place.first,
      let index = documents.firstIndex(where: { $0.key == key })
    else { return }
    if let changed = Self.changed(documents[index].value ?? .null, place.dropFirst(), value) {
      documents[index].value = changed
    } else {
      documents.remove(at: index)
    }
  }

  private static func changed(
    _ old: JSONValue, _ place: ArraySlice<Step>, _ new: JSONValue?
  ) -> JSONValue? {
    guard let step = place.first else { return new }
    switch (step, old) {
    case (.key(let key), .object(let members)):
      return .object(
        members.compactMap { member in
          guard member.key == key else { return member }
          return changed(member.value, place.dropFirst(), new).map { JSONMember(key, $0) }
        })
    case (.index(let index), .array(let items)):
      return .array(
        items.enumerated().compactMap { at, item in
          at == index ? changed(item, place.dropFirst(), new) : item
        })
    default: return old
    }
  }

  /// The file.
  package var bytes: [UInt8] {
    let zeros = String(repeating: "0", count: 64)
    let unsigned = bytes(checksum: zeros)
    return documents.contains { $0.key == CheckpointKey.sha256 }
      ? bytes(checksum: SHA256.hexadecimal(of: unsigned)) : unsigned
  }

  private func bytes(checksum: String) -> [UInt8] {
    let metadata = documents.map { document -> JSONMember in
      if document.key == CheckpointKey.sha256 { return JSONMember(document.key, .string(checksum)) }
      return JSONMember(document.key, .string(document.value?.description ?? document.text))
    }
    var header = JSONValue.object([JSONMember("__metadata__", .object(metadata))] + tensors).utf8
    header += repeatElement(0x20, count: (8 - header.count % 8) % 8)
    return (0..<8).map { UInt8(truncatingIfNeeded: header.count >> (8 * $0)) } + header + data
  }

  /// What numbers, words and lists may be changed to: the ends of every range, other kinds of values,
  /// names that mean something elsewhere. Nil takes a place away.
  package static let values: [JSONValue?] = [
    nil, .null, true, 0, 1, -1, 2, 7, 0.5, -0.5,
    JSONValue(Double.leastNonzeroMagnitude), 1e-9, 1e18, 1e300,
    .number(JSONNumber(Int64.max)), .number(JSONNumber(Int64.min)),
    .number(JSONNumber(UInt64.max)), .number(JSONNumber(Int64(1) << 53)), 4_294_967_296, "", "NaN",
    "Infinity", "lbfgs", "adamw", "softmax", "maxout:3", "hinge", "quantile:0.5", "plateau",
    "none", [], [0], [1, 2, 3], [:],
  ]
}

/// Runs of files that may hold anything: they end, in a result or in an error of one line.
package enum ForeignRun {
  /// Larger networks are not run: what is looked for is a number that traps, not one that takes long.
  private static let mostParameters = 10_000

  /// A small run whose file says as much as a file can.
  package enum Sample: String, CaseIterable, Sendable {
    case classification, regression, lineSearch
  }

  private static func configuration(_ sample: Sample) -> TrainingConfiguration {
    var configuration = TrainingConfiguration(batchSize: 5, epochs: 3, seed: 2)
    switch sample {
    case .classification:
      configuration.optimizer = .adam(beta1: 0.9, beta2: 0.999, epsilon: 1e-8)
      (configuration.updates.rateFactors, configuration.updates.decayBiases) = ([0.5, 1], true)
      configuration.weightDecay = 0.01
      configuration.clipNorm = 1
      configuration.labelSmoothing = 0.1
      configuration.mixup = 0.2
      configuration.patience = 2
      configuration.averaging = .exponential(decay: 0.9)
      configuration.rateSchedule = .plateau(factor: 0.5, patience: 2)
    case .regression:
      configuration.optimizer = .momentum(0.9)
      configuration.rateSchedule = .cosineRestarts(epochs: 2, growth: 2)
      configuration.l2Penalty = 0.01
      configuration.inputNoise = 0.1
      configuration.shards = 2
      configuration.accumulate = 2
    case .lineSearch: configuration.optimizer = .lbfgs(memory: 3)
    }
    return configuration
  }

  private static func network(_ sample: Sample) throws -> Network<Double> {
    try Network<Double>(
      sizes: [2, 3, 2], activations: [.tanh, sample == .classification ? .softmax : .identity],
      loss: sample == .classification ? .crossEntropy : .squaredError, seed: 4)
  }

  /// The bytes of a model and of a checkpoint in the middle of an epoch.
  ///
  /// - Parameter path: A file that may be written meanwhile.
  package static func files(
    of sample: Sample, by path: String
  ) throws -> (model: [UInt8], checkpoint: [UInt8]) {
    var network = try network(sample)
    let configuration = configuration(sample)
    let examples = examples(for: network, of: nil)
    var steps = 0
    try Trainer(configuration: configuration).train(
      &network, on: examples, validation: examples,
      metrics: sample == .classification
        ? .classification(probabilities: true) : .regression(scales: [1, 1]),
      checkpoints: Checkpoints(every: .steps(1)) { checkpoint in
        refused { try checkpoint.write(to: path) }
      }
    ) { (_: TrainingEvent) in
    } isInterrupted: {
      steps += 1
      return steps == 4
    }
    let checkpoint = try Data(contentsOf: URL(fileURLWithPath: path))
    let rows = (0..<30).map { "\($0 % 7),\($0 % 5),\($0 % 2 == 0 ? "p" : "q"),\($0),\($0 % 3)\n" }
    try Data(("a,b,y,z,v\n" + rows.joined()).utf8).write(to: URL(fileURLWithPath: path))
    let table = try Table(contentsOf: path)
    let model = Model(
      members: [.double(network)],
      encoder: try FeatureEncoder(fitting: table, excluding: ["y", "z", "v"]),
      targetEncoder: try TargetEncoder(
        fitting: table, targets: sample == .classification ? ["y"] : ["z", "v"],
        task: sample == .classification ? .classification : .regression),
      configuration: configuration,
      weights: ExampleWeights(column: "w", classes: sample == .classification ? [1, 2] : nil))
    try model.write(to: path)
    return ([UInt8](try Data(contentsOf: URL(fileURLWithPath: path))), [UInt8](checkpoint))
  }

  /// A model through reading, writing, `predict`, `evaluate`, `explain`, `check`, `doctor` and further
  /// training.
  ///
  /// - Returns: Whether it came so far that it was trained.
  @discardableResult
  package static func model(contentsOf path: String) -> Bool {
    var isTrained = false
    refused {
      let model = try Model(contentsOf: path)
      guard model.network.parameterCount <= mostParameters else { return }
      try model.write(to: path)
      switch model.network {
      case .float(let network): isTrained = try run(network, of: model)
      case .double(let network): isTrained = try run(network, of: model)
      }
    }
    return isTrained
  }

  private static func run<T: Scalar>(_ network: Network<T>, of model: Model) throws -> Bool {
    let metrics = metrics(of: network, model.targetEncoder)
    let examples = examples(for: network, of: model.targetEncoder)
    let predictions = network.predictions(for: examples.inputs)
    if let target = model.targetEncoder {
      refused {
        let decoded = try target.decode(predictions)
        for row in 0..<decoded.rowCount { _ = decoded.text(row: row) }
      }
    }
    let evaluation = network.evaluate(on: examples, metrics: metrics)
    _ = (try? JSONValue(encoding: evaluation))?.description
    let configuration = model.configuration ?? TrainingConfiguration()
    refused {
      var options = DiagnosisOptions(configuration: configuration)
      (options.steps, options.overfitSteps) = (3, 3)
      let diagnosis = try Diagnosis(of: network, on: examples, metrics: metrics, options: options)
      _ = try JSONValue(encoding: diagnosis).description
    }
    refused {
      try configuration.validate(layers: network.layers.count, loss: network.loss)
      let optimizer = Optimizer<T>(
        rule: configuration.optimizer, weightDecay: configuration.weightDecay,
        factors: configuration.tensorFactors, for: network.parameters.layout)
      let trace = network.trace(
        examples.batch, optimizer: optimizer, learningRate: configuration.learningRate,
        l2Penalty: configuration.l2Penalty, l1Penalty: configuration.l1Penalty ?? 0)
      if trace.isFinite { _ = trace.verification(for: network).verified }
    }
    var steps = 0
    refused {
      let trainer = try Trainer<T>(configuration: configuration, threads: 2)
      var copy = network
      try trainer.train(
        &copy, on: examples, metrics: metrics,
        isInterrupted: {
          steps += 1
          return steps > 3
        })
    }
    return steps > 0
  }

  /// A checkpoint through going on with its run for a few steps, and through a further checkpoint.
  ///
  /// - Returns: Whether it went on.
  @discardableResult
  package static func checkpoint(contentsOf path: String) -> Bool {
    var steps = 0
    refused {
      let file = try CheckpointFile(contentsOf: path)
      if try file.precisionName == Double.precisionName {
        steps = try run(Checkpoint<Double>(file), path)
      } else {
        steps = try run(Checkpoint<Float>(file), path)
      }
    }
    return steps > 0
  }

  private static func run<T: Scalar>(_ checkpoint: Checkpoint<T>, _ path: String) throws -> Int {
    let network = checkpoint.network
    guard network.parameterCount <= mostParameters else { return 0 }
    let trainer = try Trainer<T>(configuration: checkpoint.configuration, threads: 2)
    let examples = examples(for: network, of: nil)
    // Which of them the run had is not told outside; the others are refused.
    let ones = [Double](repeating: 1, count: network.outputCount)
    let kinds: [MetricKind] = [
      .classification(probabilities: true), .classification(probabilities: false),
      .classification(threshold: 0, probabilities: false), .multiLabel(),
      .regression(scales: ones),
    ]
    var all = 0
    for kind in kinds {
      refused {
        var copy = network
        var steps = 0
        defer { all += steps }
        let checkpoints = Checkpoints<T>(every: .steps(2)) { next in
          refused { try next.write(to: path + ".next") }
        }
        try trainer.resume(
          &copy, from: checkpoint, on: examples, validation: examples, metrics: kind, force: true,
          checkpoints: checkpoints
        ) {
          if case .epoch(let report) = $0 { _ = "\(report)" }
        } isInterrupted: {
          steps += 1
          return steps > 5
        }
      }
    }
    unlink(path + ".next")
    return all
  }

  private static func metrics<T: Scalar>(
    of network: Network<T>, _ target: TargetEncoder?
  ) -> MetricKind {
    target?.metrics(outputActivation: network.outputActivation)
      ?? .regression(scales: [Double](repeating: 1, count: network.outputCount))
  }

  /// A dozen examples with targets that every loss is defined on: one output is 1, the others are 0.
  package static func examples<T: Scalar>(
    for network: Network<T>, of target: TargetEncoder?
  ) -> Dataset<T> {
    var random = RandomSource(seed: 9, purpose: .sampling)
    let low: T = network.loss == .hinge ? -1 : 0
    let inputs = (0..<12).map { _ in (0..<network.sizes[0]).map { _ in T(random.normal()) } }
    let targets = (0..<12).map { row in
      (0..<network.outputCount).map { row % max(2, network.outputCount) == $0 ? 1 : low }
    }
    return Dataset(inputs: Matrix(inputs), targets: Matrix(targets))
  }

  /// Runs `body`, which may throw only what a user can read in one line.
  package static func refused(_ body: () throws -> Void) {
    do {
      try body()
    } catch let error as any UserError {
      let text = error.description
      precondition(!text.isEmpty && !text.contains { $0.isNewline }, "not one line: \(text)")
    } catch {
      preconditionFailure("an error that is none of ours: \(error)")
    }
  }
}
