import Foundation
import Testing

@testable import Backprop
@testable import BackpropInspection

@Suite("Checkpoints")
struct CheckpointTests {
  /// A folder that goes away with the value.
  final class Folder {
    let path: String

    init() throws {
      let url = FileManager.default.temporaryDirectory
        .appendingPathComponent("checkpoints-\(UUID().uuidString)")
      try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
      path = url.path
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }

    func bytes(_ name: String) throws -> [UInt8] {
      try Array(Data(contentsOf: URL(fileURLWithPath: "\(path)/\(name)")))
    }

    func write(_ name: String, _ bytes: [UInt8]) throws {
      try Data(bytes).write(to: URL(fileURLWithPath: "\(path)/\(name)"))
    }
  }

  /// All that a run tells, except what a clock says.
  enum Line: Equatable {
    case epoch(
      Int, step: Int, loss: Double, dataLoss: Double, Metrics, Evaluation?, rate: Double,
      isBest: Bool)
    case end(TrainingSummary.Reason, best: Int, epochs: Int, steps: Int, Evaluation?)

    init?(_ event: TrainingEvent) {
      switch event {
      case .epoch(let report):
        self = .epoch(
          report.epoch, step: report.step, loss: report.loss, dataLoss: report.dataLoss,
          report.metrics, report.validation, rate: report.learningRate, isBest: report.isBest)
      case .end(let summary):
        self = .end(
          summary.reason, best: summary.bestEpoch, epochs: summary.epochs, steps: summary.steps,
          summary.validation)
      default: return nil
      }
    }

    func isOf(_ epoch: Int) -> Bool {
      if case .epoch(let own, _, _, _, _, _, _, _) = self { own >= epoch } else { true }
    }
  }

  /// A run of few steps, with all that a run can have.
  struct Run<T: Scalar> {
    var configuration: TrainingConfiguration
    let training: Dataset<T>
    let validation: Dataset<T>?
    let metrics: MetricKind
    let layers: (sizes: [Int], activations: [Activation], loss: Loss)

    init(_ rule: OptimizerRule, isRegression: Bool = false, weighted: Bool = false) {
      // Four steps an epoch, the last of them with one example.
      configuration = TrainingConfiguration(
        optimizer: rule, learningRate: 0.05, batchSize: 4, epochs: 5, l2Penalty: 1e-3, patience: 2,
        seed: 3)
      func data(_ count: Int, _ seed: UInt64) -> Dataset<T> {
        let spirals = TrainerTests.spirals(count, seed: seed)
        return Dataset(
          inputs: spirals.inputs.converted(), targets: spirals.targets.converted(),
          weights: weighted ? (0..<count).map { T(1 + $0 % 3) } : nil)
      }
      training = data(13, 1)
      validation = data(7, 2)
      metrics =
        isRegression
        ? .regression(scales: [1, 2.5, 0.1]) : .classification(probabilities: true)
      layers =
        isRegression
        ? ([2, 5, 3], [.tanh, .identity], .squaredError)
        : ([2, 17, 3], [.relu, .softmax], .crossEntropy)
    }

    func network(seed: UInt64) throws -> Network<T> {
      try Network(
        sizes: layers.sizes, activations: layers.activations, loss: layers.loss, seed: seed)
    }

    /// - Returns: The weights in the end, the log, and what was handed out.
    func run(
      from checkpoint: Checkpoint<T>? = nil, every interval: CheckpointInterval? = nil,
      force: Bool = false, stoppingAfter last: Int = .max
    ) throws -> (parameters: Parameters<T>, log: [Line], checkpoints: [Checkpoint<T>]) {
      var network = try network(seed: checkpoint == nil ? 1 : 99)
      var log: [Line] = []
      var checkpoints: [Checkpoint<T>] = []
      var steps = checkpoint?.step ?? 0
      let receiver = interval.map { Checkpoints<T>(every: $0) { checkpoints.append($0) } }
      func report(_ event: TrainingEvent) { if let line = Line(event) { log.append(line) } }
      func isInterrupted() -> Bool {
        steps += 1
        return steps >= last
      }
      let trainer = try Trainer<T>(configuration: configuration)
      if let checkpoint {
        try trainer.resume(
          &network, from: checkpoint, on: training, validation: validation, metrics: metrics,
          force: force, checkpoints: receiver, report: report, isInterrupted: isInterrupted)
      } else {
        try trainer.train(
          &network, on: training, validation: validation, metrics: metrics, checkpoints: receiver,
          report: report, isInterrupted: isInterrupted)
      }
      return (network.parameters, log, checkpoints)
    }

    /// Goes on from every step, by way of a file, and compares.
    func checkEveryStep(in folder: Folder) throws {
      let whole = try run()
      let observed = try run(every: .steps(1))
      #expect(observed.parameters == whole.parameters && observed.log == whole.log)
      // A rule that takes all examples at a time makes one step an epoch.
      let stepsAtLeast = configuration.optimizer.takesAllExamples ? 5 : 12
      #expect(observed.checkpoints.count >= stepsAtLeast)
      for checkpoint in observed.checkpoints {
        let path = "\(folder.path)/c.safetensors"
        try checkpoint.write(to: path)
        let read = try Checkpoint<T>(CheckpointFile(contentsOf: path))
        let resumed = try run(from: read)
        let place = "\(configuration.optimizer.name), \(T.self), step \(checkpoint.step)"
        // The values themselves would fill pages.
        let hasSameBits = resumed.parameters == whole.parameters
        let hasSameLog = resumed.log == whole.log.filter { $0.isOf(checkpoint.epoch) }
        #expect(hasSameBits, "\(place)")
        #expect(hasSameLog, "\(place)")
        // A checkpoint of a checkpoint is the same file.
        let bytes = try folder.bytes("c.safetensors")
        try read.write(to: path)
        #expect(try folder.bytes("c.safetensors") == bytes, "\(place)")
      }
    }
  }

  @Test(
    "A run that goes on from any of its steps ends with the same bits and the same log",
    arguments: OptimizerRule.names)
  func everyStep(name: String) throws {
    let rule = try #require(OptimizerRule(name: name))
    let folder = try Folder()
    try Run<Float>(rule).checkEveryStep(in: folder)
    try Run<Double>(rule).checkEveryStep(in: folder)
  }

  @Test("So does one on numbers, and one whose examples have weights")
  func otherTasks() throws {
    let folder = try Folder()
    try Run<Float>(.adam(), isRegression: true).checkEveryStep(in: folder)
    try Run<Double>(.momentum(), isRegression: true, weighted: true).checkEveryStep(in: folder)
  }

  @Test("So does one that watches a metric, and renews its patience by gains of a least size only")
  func monitored() throws {
    let folder = try Folder()
    for monitor in [
      Monitor(metric: .rocAUC, minimumDelta: 0.0625), Monitor(metric: .loss, minimumDelta: 0.02),
    ] {
      var run = Run<Float>(.adam(), weighted: true)
      run.configuration.monitor = monitor
      run.configuration.epochs = 8
      try run.checkEveryStep(in: folder)
    }
  }

  @Test("So does one under a constant rate, without validation, in the order of the data")
  func plain() throws {
    let folder = try Folder()
    var run = Run<Float>(.adamW())
    run.configuration.rateSchedule = .constant
    run.configuration.shuffles = false
    run.configuration.patience = nil
    try run.checkEveryStep(in: folder)
  }

  @Test("When checkpoints are taken changes no bit: by steps, by time, or at an interruption")
  func intervals() throws {
    let run = Run<Float>(.adam())
    let whole = try run.run()
    let folder = try Folder()
    for interval in [CheckpointInterval.seconds(0), .seconds(1e6), .steps(3)] {
      let found = try run.run(every: interval)
      #expect(found.parameters == whole.parameters && found.log == whole.log)
      switch interval {
      case .seconds(0): #expect(found.checkpoints.map(\.step) == Array(1...found.checkpoints.count))
      case .steps: #expect(found.checkpoints.allSatisfy { $0.step % 3 == 0 })
      case .seconds: #expect(found.checkpoints.isEmpty)
      }
    }
    let stopped = try run.run(every: .seconds(1e6), stoppingAfter: 6)
    #expect(stopped.checkpoints.map(\.step) == [6])
    let twice = try run.run(from: stopped.checkpoints[0], every: .steps(1), stoppingAfter: 9)
    #expect(twice.checkpoints.map(\.step) == [7, 8, 9])
    try twice.checkpoints[2].write(to: "\(folder.path)/a")
    try run.run(every: .steps(9)).checkpoints[0].write(to: "\(folder.path)/b")
    #expect(try folder.bytes("a") == folder.bytes("b"))
    #expect(try run.run(from: twice.checkpoints[2]).parameters == whole.parameters)
  }

  @Test("A checkpoint that is cut anywhere, or has a flipped bit, is told from a whole one")
  func damage() throws {
    let folder = try Folder()
    let checkpoint = try #require(
      try Run<Float>(.adam(), isRegression: true).run(every: .steps(5)).checkpoints.first)
    let path = "\(folder.path)/c.safetensors"
    try checkpoint.write(to: path)
    let bytes = try folder.bytes("c.safetensors")
    var checked = 0
    func expectDamaged(_ damaged: [UInt8], _ what: String) throws {
      try folder.write("c.safetensors", damaged)
      checked += 1
      do {
        _ = try CheckpointFile(contentsOf: path)
        Issue.record("\(what) went unseen")
      } catch let error as CheckpointError {
        guard case .damaged(path, _) = error else {
          Issue.record("\(what): \(error)")
          return
        }
      }
    }
    let lengths = Array(0..<200) + Array(stride(from: 200, to: bytes.count, by: 13))
    for length in lengths + [bytes.count - 1] {
      try expectDamaged(Array(bytes[..<length]), "a cut after \(length) bytes")
    }
    try expectDamaged(bytes + [0], "a byte behind the end")
    for index in Array(0..<300) + Array(stride(from: 300, to: bytes.count, by: 5)) {
      var damaged = bytes
      damaged[index] ^= 1 << UInt8(index % 8)
      try expectDamaged(damaged, "a flipped bit in byte \(index)")
    }
    #expect(checked > 1000)
    try folder.write("c.safetensors", bytes)
    _ = try Checkpoint<Float>(CheckpointFile(contentsOf: path))
    let wrong = CheckpointError.wrongPrecision(path: path, found: "float", expected: "double")
    #expect(throws: wrong) { try Checkpoint<Double>(CheckpointFile(contentsOf: path)) }
    #expect(throws: ModelError.checkpoint(path: path)) { try Model(contentsOf: path) }
  }

  @Test("Counts of many classes are a tensor of the cells that are not 0, and no text")
  func manyClasses() throws {
    let folder = try Folder()
    let path = "\(folder.path)/c.safetensors"
    let classes = 4000
    var y = Matrix<Float>(rows: 8, columns: classes)
    for row in 0..<8 { y[row, 500 * row] = 1 }
    let data = Dataset(inputs: Matrix((0..<8).map { [Float($0)] }), targets: y)
    var network = try Network<Float>(
      sizes: [1, classes], activations: [.softmax], loss: .crossEntropy, seed: 1)
    var taken: [Checkpoint<Float>] = []
    try Trainer<Float>(configuration: TrainingConfiguration(batchSize: 4, epochs: 2)).train(
      &network, on: data, validation: data, metrics: .classification(probabilities: true),
      checkpoints: Checkpoints(every: .steps(3)) { taken.append($0) })
    try taken[0].write(to: path)
    // θ and the best θ, 8,000 numbers each, and two of them for the rule's moments; 4,000² counts in
    // digits would be 32 MB.
    #expect(try folder.bytes("c.safetensors").count < 200_000)
    let file = try CheckpointFile(contentsOf: path)
    #expect(file.file["running.confusion"]?.shape[1] == 3)
    #expect(file.file["best.confusion"].map { (1...8).contains($0.shape[0]) } == true)
    #expect(try Checkpoint<Float>(file).running == taken[0].running)
    #expect(try Checkpoint<Float>(file).best.evaluation == taken[0].best.evaluation)
  }

  @Test("Counts and sums that do not fit together are refused, and none of them traps")
  func impossibleCounts() throws {
    let folder = try Folder()
    let path = "\(folder.path)/c.safetensors"
    let checkpoint = try #require(try Run<Float>(.sgd).run(every: .steps(6)).checkpoints.first)
    try checkpoint.write(to: path)
    let whole = try folder.bytes("c.safetensors")
    let length = whole[0..<8].reversed().reduce(0) { $0 << 8 | Int($1) }
    let tensor = try #require(try CheckpointFile(contentsOf: path).file["running.confusion"])
    let numbers = 8 + length + tensor.range.lowerBound

    /// Writes the bytes with the checksum that is theirs, and reads them.
    func read(_ change: (inout [UInt8]) -> Void) throws {
      var bytes = whole
      change(&bytes)
      let digits = 8 + "{\"__metadata__\":{\"\(CheckpointKey.sha256)\":\"".utf8.count
      bytes.replaceSubrange(digits..<(digits + 64), with: repeatElement(48, count: 64))
      bytes.replaceSubrange(digits..<(digits + 64), with: SHA256.hexadecimal(of: bytes).utf8)
      try folder.write("c.safetensors", bytes)
      _ = try Checkpoint<Float>(CheckpointFile(contentsOf: path))
    }
    func number(_ index: Int, _ value: Int) throws {
      try read { bytes in
        for byte in 0..<8 {
          bytes[numbers + 8 * index + byte] = UInt8(truncatingIfNeeded: value >> (8 * byte))
        }
      }
    }
    func text(_ old: String, _ new: String) throws {
      try read { bytes in
        let place = bytes.indices.first { bytes[$0...].starts(with: old.utf8) } ?? 0
        bytes.replaceSubrange(place..<(place + old.utf8.count), with: new.utf8)
        let length = length + new.utf8.count - old.utf8.count
        for byte in 0..<8 { bytes[byte] = UInt8(truncatingIfNeeded: length >> (8 * byte)) }
      }
    }
    try read { _ in }
    for (index, value) in [(0, 3), (1, -1), (0, .max), (2, 0), (2, .max), (2, 1000)] {
      #expect(throws: (any Error).self) { try number(index, value) }
    }
    // In the state, which is JSON in a string of JSON, the first count is that of the losses.
    let count = checkpoint.running.totals.count
    for other in ["\(Int.max)", "\(count + 1)", "-1"] {
      #expect(throws: ModelError.self) {
        try text("\\\"count\\\":\(count)", "\\\"count\\\":\(other)")
      }
    }
    #expect(throws: ModelError.self) {
      try text("running.confusion\"", "running.confusing\"")
    }
  }

  @Test("A folder keeps the newest, passes over damaged ones, and belongs to one run at a time")
  func folder() throws {
    let place = try Folder()
    let path = "\(place.path)/run"
    let checkpoints = try Run<Float>(.sgd).run(every: .steps(1)).checkpoints
    do {
      let folder = try CheckpointFolder(path)
      #expect(throws: CheckpointError.noCheckpoint(folder: path)) { try folder.newest() }
      for checkpoint in checkpoints.prefix(11) { try folder.save(checkpoint) }
      #expect(
        folder.names
          == [9, 10, 11].map { "checkpoint-0000000000\($0 < 10 ? "0" : "")\($0).safetensors" })
      #expect(throws: CheckpointError.folderInUse(folder: path)) { try CheckpointFolder(path) }
      let newest = try folder.newest()
      #expect(try Checkpoint<Float>(newest.file).step == 11 && newest.damaged.isEmpty)
    }
    let (nine, ten, eleven) = (
      "run/checkpoint-000000000009.safetensors", "run/checkpoint-000000000010.safetensors",
      "run/checkpoint-000000000011.safetensors"
    )
    try place.write(eleven, Array(place.bytes(eleven).dropLast()))
    try place.write("run/.checkpoint-000000000012.safetensors.1.tmp", [1])
    try place.write("run/notes.txt", [1])
    let folder = try CheckpointFolder(path)
    #expect(
      try FileManager.default.contentsOfDirectory(atPath: path).sorted()
        == folder.names + ["notes.txt"])
    let (file, damaged) = try folder.newest()
    #expect(try Checkpoint<Float>(file).step == 10)
    #expect(damaged.count == 1 && damaged[0].description.contains(eleven))
    // What this run has not reached goes once its own is there.
    try folder.save(Checkpoint<Float>(file), keep: 2)
    #expect(folder.names.map { "run/\($0)" } == [nine, ten])
    for name in [nine, ten] { try place.write(name, []) }
    do {
      _ = try folder.newest()
      Issue.record("an empty file was taken for a checkpoint")
    } catch let error as CheckpointError {
      guard case .noneWhole(path, 2, _) = error else {
        Issue.record("\(error)")
        return
      }
      #expect(error.description.contains(ten))
    }
  }

  @Test("What is not as it was is refused by its name; what can go on all the same, does if forced")
  func mismatch() throws {
    let run = Run<Float>(.adam())
    let checkpoint = try #require(try run.run(every: .steps(6)).checkpoints.first)
    func names(_ change: (inout TrainingConfiguration) -> Void) throws -> [String] {
      var other = run
      change(&other.configuration)
      do {
        _ = try other.run(from: checkpoint)
        return []
      } catch let error as CheckpointMismatch {
        #expect(error.description.contains("the checkpoint has"))
        return error.differences.map(\.name)
      }
    }
    #expect(try names { _ in } == [])
    #expect(try names { $0.epochs = 9 } == ["epochs"])
    #expect(
      try names {
        $0.learningRate = 0.01; $0.patience = nil
      } == ["learningRate", "patience"])
    #expect(try names { $0.optimizer = .adam(beta1: 0.8) } == ["optimizer.beta1"])
    #expect(try names { $0.optimizer = .sgd }.first == "optimizer")
    #expect(
      try names {
        $0.seed = 4; $0.batchSize = 5
      }.sorted() == ["batchSize", "seed"])

    // More epochs, forced: the log goes on to the last of them.
    var longer = run
    longer.configuration.epochs = 9
    longer.configuration.patience = nil
    #expect(try longer.run(from: checkpoint, force: true).log.count == 9 - checkpoint.epoch + 2)
    // Other batches: the epoch begins anew.
    var other = run
    other.configuration.batchSize = 13
    guard
      case .epoch(2, 7, _, _, let metrics, _, _, _) = try #require(
        try other.run(from: checkpoint, force: true).log.first)
    else {
      Issue.record("the epoch did not begin anew")
      return
    }
    #expect(metrics.count == 13)
    // Nothing makes sense of another rule, or of an end that has passed.
    other = run
    other.configuration.optimizer = .sgd
    #expect(throws: CheckpointMismatch.self) { try other.run(from: checkpoint, force: true) }
    other = run
    other.configuration.epochs = 1
    #expect(throws: CheckpointMismatch.self) { try other.run(from: checkpoint, force: true) }

    let wide = try Network<Float>(
      sizes: [2, 18, 3], activations: [.relu, .softmax], loss: .crossEntropy)
    let validation = try #require(run.validation)
    let differences = checkpoint.differences(
      from: run.configuration, wide,
      DataFingerprint(training: validation, validation: nil), metrics: run.metrics, version: "0")
    #expect(
      differences.map(\.name) == ["network", "training data", "validation data", "version"])
    #expect(differences.map(\.canBeForced) == [false, true, true, true])
    #expect(differences[0].now == "2–18–3 (relu, softmax)")
    #expect(differences[1].now == "7 examples" && differences[1].before == "13")
  }
}
