import Backprop
import Testing

@testable import BackpropServer

@Suite("A run of the studio")
struct RunTests {
  private static func subject(epochs: Int = 6) throws -> Subject<Float> {
    var configuration = TrainingConfiguration(epochs: epochs, seed: 3)
    configuration.network.hidden = [6]
    configuration.data.target = [BuiltInData.target]
    configuration.updates.batchSize = 40
    return try Subject(
      FitTables(training: try BuiltInData.moons.table()), configuration, from: nil, threads: 1,
      names: ("new", "moons"))
  }

  /// Waits until the run stands still.
  private static func wait<T>(
    for run: Run<T>, _ condition: (_ status: String, _ epoch: Int, _ step: Int) -> Bool
  ) async throws {
    for _ in 0..<2_000 {
      let now = run.description
      if condition(now["status"]?.string ?? "", now["epoch"]?.int ?? -1, now["step"]?.int ?? -1) {
        return
      }
      try await Task.sleep(for: .milliseconds(5))
    }
    Issue.record("the run stays as it is: \(run.description)")
  }

  private static func parameters<T>(_ network: Network<T>) -> [T] {
    network.parameters.layout.tensors.flatMap { network.parameters.elements(of: $0) }
  }

  /// The weights of a run of the trainer that is ended after so many steps.
  private static func trained(_ subject: Subject<Float>, steps: Int) throws -> [Float] {
    final class Watcher: TrainingObserver {
      let steps: Int
      var parameters: [Float] = []
      init(_ steps: Int) { self.steps = steps }
      func stepEnded(_ step: Int, network: Network<Float>, workspace: borrowing Workspace<Float>) {
        if step == steps { parameters = RunTests.parameters(network) }
      }
    }
    var network = subject.network
    let watcher = Watcher(steps)
    try Trainer<Float>(configuration: subject.configuration).train(
      &network, on: subject.training, validation: subject.validation, metrics: subject.metrics,
      observers: [watcher])
    return watcher.parameters
  }

  /// The losses of the epochs that were told of, in their order.
  private static func losses(_ run: Run<Float>) async throws -> [Double] {
    try await told(run.events).filter { $0["event"]?.string == "epoch" }
      .compactMap { $0["loss"]?.double }
  }

  /// What one who comes now is told at once.
  private static func told(_ stream: EventStream, after id: Int = 0) async throws -> [JSONValue] {
    var texts: [String] = []
    do {
      try await stream.batches(after: id).forEach { events in
        texts = events.map(\.text)
        throw CancellationError()
      }
    } catch is CancellationError {}
    return try texts.map { try JSONValue(parsing: $0) }
  }

  @Test("Steps and epochs one by one are those of the trainer, to the bit")
  func steps() async throws {
    let subject = try Self.subject()
    let run = Run(subject, threads: 1)
    defer { run.stop() }
    #expect(Self.parameters(run.network) == Self.parameters(subject.network))
    run.oneStep()
    try await Self.wait(for: run) { $0 == "paused" && $2 == 1 }
    #expect(Self.parameters(run.network) == (try Self.trained(subject, steps: 1)))
    run.oneStep()
    try await Self.wait(for: run) { $0 == "paused" && $2 == 2 }
    run.oneEpoch()
    try await Self.wait(for: run) { status, epoch, _ in status == "paused" && epoch == 1 }
    let steps = (subject.training.count - 1) / 40 + 1
    #expect(run.description["step"]?.int == steps)
    #expect(Self.parameters(run.network) == (try Self.trained(subject, steps: steps)))
  }

  @Test(
    "Rewound, a run begins with the same weights and takes the same way; taken back, it goes on from there"
  )
  func back() async throws {
    let subject = try Self.subject()
    let run = Run(subject, threads: 1)
    defer { run.stop() }
    run.start()
    try await Self.wait(for: run) { status, _, _ in status == "ended" }
    let whole = try await Self.losses(run)
    #expect(whole.count == 6)
    let end = Self.parameters(run.network)
    #expect(run.back(to: 3))
    try await Self.wait(for: run) { status, epoch, _ in status == "paused" && epoch == 3 }
    #expect(!run.back(to: 5), "what comes later is forgotten")
    // One epoch is one, also from the end of another.
    run.oneEpoch()
    try await Self.wait(for: run) { status, epoch, _ in status == "paused" && epoch == 4 }
    run.start()
    try await Self.wait(for: run) { status, epoch, _ in status == "ended" && epoch == 6 }
    #expect(try await Self.losses(run) == whole)
    #expect(Self.parameters(run.network) == end)
    run.rewind()
    try await Self.wait(for: run) { $0 == "ready" && $2 == 0 }
    #expect(Self.parameters(run.network) == Self.parameters(subject.network))
    run.start()
    try await Self.wait(for: run) { status, _, _ in status == "ended" }
    #expect(try await Self.losses(run) == whole)
  }

  @Test("Another rate acts from the next step on, and the run goes on")
  func rate() async throws {
    let subject = try Self.subject(epochs: 4)
    let run = Run(subject, threads: 1)
    defer { run.stop() }
    run.oneEpoch()
    try await Self.wait(for: run) { status, epoch, _ in status == "paused" && epoch == 1 }
    run.change(rate: 0.5)
    try await Self.wait(for: run) { _, _, _ in run.learningRate == 0.5 }
    // No step is made by it.
    let steps = (subject.training.count - 1) / 40 + 1
    try await Task.sleep(for: .milliseconds(200))
    #expect(run.description["step"]?.int == steps && run.description["status"]?.string == "paused")
    run.start()
    try await Self.wait(for: run) { status, epoch, _ in status == "ended" && epoch == 4 }
    let other = Run(subject, threads: 1)
    defer { other.stop() }
    other.start()
    try await Self.wait(for: other) { status, _, _ in status == "ended" }
    let (changed, usual) = (try await Self.losses(run), try await Self.losses(other))
    #expect(changed[0] == usual[0] && changed[1] != usual[1], "\(changed) \(usual)")
  }

  @Test("One who comes back is told what was missed and nothing of what is forgotten, in one batch")
  func events() async throws {
    let stream = EventStream()
    for number in 1...5 { stream.send(["n": JSONValue(number)], epoch: number) }
    #expect(try await Self.told(stream).compactMap { $0["n"]?.int } == [1, 2, 3, 4, 5])
    stream.forget(after: 3)
    stream.send(["n": 6])
    #expect(try await Self.told(stream).compactMap { $0["n"]?.int } == [1, 2, 3, 6])
    // One who is slow misses the oldest, and nobody waits for it.
    let slow = stream.batches(after: 0)
    for number in 7...20_000 { stream.send(["n": JSONValue(number)]) }
    stream.finish()
    var (count, last) = (0, 0)
    await slow.forEach { events in
      count += events.count
      last = events.last?.id ?? 0
      #expect(events.map(\.id) == events.map(\.id).sorted())
    }
    #expect(count < 5_000 && last > 0)
  }

  @Test(
    "What is made up is the same every time, and both classes are there",
    arguments: BuiltInData.allCases)
  func builtIn(data: BuiltInData) throws {
    let subject = try Subject<Float>(
      FitTables(training: try data.table()),
      {
        var configuration = TrainingConfiguration(epochs: 1)
        configuration.data.target = [BuiltInData.target]
        return configuration
      }(), from: nil, threads: 1, names: ("new", data.rawValue))
    #expect(subject.coders.target.labels == ["A", "B"] && subject.table.rowCount == 200)
    #expect(subject.training.inputs.columns == 2)
  }
}
