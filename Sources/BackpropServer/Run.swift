import Backprop
import BackpropInspection
import Dispatch
import Synchronization

/// A run of training that can be paused after any step, looked into while it stands or goes, taken back to the end of an
/// epoch, and begun anew with the same weights. Each way on is that of the trainer, with its bits.
///
/// The trainer runs on a thread of its own and asks this object after every step whether it may go on.
final class Run<T: Scalar>: Sendable {
  enum Status: String { case ready, running, paused, ended }

  /// What the run is to do next, once the step that is under way is done.
  private enum Turn: Sendable {
    case stop
    case rewind
    case back(Checkpoint<T>)
    /// Go on from the state that it is in, by other settings.
    case goOn
  }

  private struct State {
    var status = Status.ready
    /// Steps until it pauses; nil for no end.
    var allowance: Int? = 0
    /// Whether it pauses at the end of the epoch.
    var pausesAtEpoch = false
    var isWaiting = false
    var turn: Turn?
    /// The learning rate, where somebody has set another one.
    var rate: Double?
    var network: Network<T>
    var epoch = 0
    var step = 0
    var reason: String?
    /// The state at the end of epochs, ascending.
    var history: [Checkpoint<T>] = []
    /// The newest state that is whole.
    var newest: Checkpoint<T>?
    /// The last epoch whose end was told of.
    var told = 0
    /// One whose end would be told of once more, for the run goes on from there.
    var toldEpoch: Int?
    /// Whether the step that is under way is none: a turn came at the end of an epoch, where the trainer cannot end.
    var discardsStep = false
    /// Whether somebody wants to see the weights after the step that is under way.
    var isAsked = false
  }

  /// As many epochs one can go back to.
  private static var mostHistory: Int { 60 }
  /// Of networks with fewer parameters; of others there would be too much to keep.
  private static var largestHistory: Int { 2_000_000 }

  let subject: Subject<T>
  let events = EventStream()
  private let threads: Int
  private let stepsPerEpoch: Int
  private let state: Mutex<State>
  private let gate = DispatchSemaphore(value: 0)

  init(_ subject: Subject<T>, threads: Int) {
    self.subject = subject
    self.threads = threads
    let count = subject.training.count
    let batches = (count - 1) / subject.configuration.examplesPerStep(of: count) + 1
    stepsPerEpoch = (batches - 1) / max(1, subject.configuration.accumulate ?? 1) + 1
    state = Mutex(State(network: subject.network))
    events.send(["event": "stand", "epoch": 0])
    DispatchQueue.global().async { self.work() }
  }

  // MARK: Asked from outside

  /// The weights as they are: of a run that goes, those after the last step that somebody was shown.
  var network: Network<T> {
    state.withLock { state in
      state.isAsked = true
      return state.network
    }
  }

  /// Another network with the same shape takes the place of what is shown, until the next step.
  func show(_ network: Network<T>) { state.withLock { $0.network = network } }

  var learningRate: Double { state.withLock { $0.rate } ?? subject.configuration.learningRate }

  var description: JSONValue {
    let rate = learningRate
    return state.withLock { state in
      [
        "status": .string(state.status.rawValue), "epoch": JSONValue(state.epoch),
        "step": JSONValue(state.step), "reason": state.reason.map { .string($0) } ?? .null,
        "learningRate": JSONValue(rate),
        "epochs": .array(state.history.map { JSONValue($0.epoch) }),
      ]
    }
  }

  func start() { allow(nil, pausesAtEpoch: false) }
  func oneStep() { allow(1, pausesAtEpoch: false) }
  func oneEpoch() { allow(nil, pausesAtEpoch: true) }

  func pause() {
    state.withLock { state in
      if state.status == .running { state.allowance = 0 }
    }
  }

  func rewind() { turn(.rewind) }

  /// Ends the run for good, and whoever listens.
  func stop() {
    turn(.stop)
    events.finish()
  }

  /// Goes on with another learning rate from the step on that comes next.
  func change(rate: Double) {
    state.withLock { $0.rate = rate }
    turn(.goOn)
  }

  /// Goes back to the end of an epoch; false if it is not kept.
  func back(to epoch: Int) -> Bool {
    let checkpoint = state.withLock { $0.history.last { $0.epoch == epoch } }
    guard let checkpoint else { return false }
    turn(.back(checkpoint))
    return true
  }

  private func allow(_ steps: Int?, pausesAtEpoch: Bool) {
    wake { state in
      guard state.status != .ended else { return }
      (state.allowance, state.pausesAtEpoch) = (steps, pausesAtEpoch)
      state.status = .running
    }
    tellStatus()
  }

  private func turn(_ turn: Turn) {
    wake { state in
      switch (state.turn, turn) {
      // What ends a run is final, and another rate takes nobody's turn.
      case (.stop?, _), (.some, .goOn): return
      default: state.turn = turn
      }
    }
  }

  private func wake(_ change: (inout State) -> Void) {
    let wasWaiting = state.withLock { state in
      change(&state)
      defer { state.isWaiting = false }
      return state.isWaiting
    }
    if wasWaiting { gate.signal() }
  }

  private func tellStatus() {
    let (status, epoch, step) = state.withLock { ($0.status, $0.epoch, $0.step) }
    events.send([
      "event": "status", "status": .string(status.rawValue), "epoch": JSONValue(epoch),
      "step": JSONValue(step),
    ])
  }

  // MARK: On the trainer's thread

  /// Waits until a step may be made, or there is a turn to take.
  ///
  /// - Returns: Whether there is a turn.
  private func waitForLeave() -> Bool {
    while true {
      let (waits, hasTurn) = state.withLock { state -> (Bool, Bool) in
        if state.turn != nil { return (false, true) }
        if state.status == .running, state.allowance == 0 { state.status = .paused }
        state.isWaiting = state.status != .running
        return (state.isWaiting, false)
      }
      if !waits { return hasTurn }
      tellStatus()
      gate.wait()
    }
  }

  private func work() {
    var checkpoint: Checkpoint<T>?
    while true {
      if !waitForLeave() { train(from: checkpoint) }
      let turn = state.withLock { state in
        defer { (state.turn, state.discardsStep) = (nil, false) }
        return state.turn
      }
      switch turn {
      case .stop: return
      case .goOn:
        checkpoint = state.withLock { state in
          if state.status != .ended {
            state.network = state.newest?.network ?? subject.network
            state.step = state.newest?.step ?? 0
          }
          return state.newest
        }
      case .rewind:
        checkpoint = nil
        state.withLock { $0.rate = nil }
        stand(at: nil)
      case .back(let earlier):
        checkpoint = earlier
        stand(at: earlier)
      case nil: break
      }
    }
  }

  /// Stands still at a state; nil for the start.
  private func stand(at checkpoint: Checkpoint<T>?) {
    let epoch = checkpoint?.epoch ?? 0
    state.withLock { state in
      state.network = checkpoint?.network ?? subject.network
      (state.epoch, state.step) = (epoch, checkpoint?.step ?? 0)
      state.told = min(state.told, epoch)
      (state.allowance, state.reason, state.newest) = (0, nil, checkpoint)
      state.status = checkpoint == nil ? .ready : .paused
      state.history.removeAll { $0.step > checkpoint?.step ?? 0 }
    }
    events.forget(after: epoch)
    events.send(["event": "stand", "epoch": JSONValue(epoch)])
    tellStatus()
  }

  /// Trains until the end or the next turn, and waits for that.
  private func train(from checkpoint: Checkpoint<T>?) {
    var network = subject.network
    var configuration = subject.configuration
    if let rate = state.withLock({ $0.rate }) { configuration.learningRate = rate }
    state.withLock { state in
      // A state after the last step of an epoch is made before its end is told of.
      state.toldEpoch = checkpoint.flatMap {
        $0.stepInEpoch == stepsPerEpoch && $0.epoch <= state.told ? $0.epoch : nil
      }
    }
    let end: JSONValue
    do {
      let summary = try train(&network, from: checkpoint, configuration)
      if state.withLock({ $0.turn != nil }) { return }
      state.withLock { state in
        (state.status, state.reason) = (.ended, summary.reason.rawValue)
        // The best epoch's, which are those of the model; those at fault where there are none.
        if summary.bestEpoch > 0, summary.reason != .diverged { state.network = network }
      }
      end = [
        "event": "end", "reason": .string(summary.reason.rawValue),
        "bestEpoch": JSONValue(summary.bestEpoch),
        "divergence": summary.divergence.map { .string($0.description) } ?? .null,
      ]
    } catch {
      state.withLock { ($0.status, $0.reason) = (.ended, "error") }
      end = ["event": "error", "message": .string("\(error)")]
    }
    events.send(end, epoch: state.withLock { $0.epoch })
    tellStatus()
    // After the end only a turn leads on.
    while true {
      let waits = state.withLock { state in
        state.isWaiting = state.turn == nil
        return state.isWaiting
      }
      if !waits { return }
      gate.wait()
    }
  }

  private func train(
    _ network: inout Network<T>, from checkpoint: Checkpoint<T>?,
    _ configuration: TrainingConfiguration
  ) throws -> TrainingSummary {
    var options = DiagnosisOptions()
    options.examples = 128
    options.isUntrained = !subject.isTrained
    let diagnosis = DiagnosisObserver<T>(options) { found in
      guard self.state.withLock({ $0.toldEpoch != found.epoch }) else { return }
      self.events.send(
        [
          "event": "layers", "epoch": JSONValue(found.epoch),
          "layers": .array(found.layers.map(\.json)),
          "findings": .array(found.findings.map(\.json)),
        ], epoch: found.epoch)
    }
    // Whole states between epochs, and where the run is interrupted.
    let checkpoints = Checkpoints<T>(every: .steps(stepsPerEpoch)) { self.keep($0) }
    // The one that may wait at the end of an epoch comes last.
    let observers: [any TrainingObserver<T>] = [diagnosis, Watcher(self)]
    let trainer = try Trainer<T>(configuration: configuration, threads: threads)
    if let checkpoint {
      return try trainer.resume(
        &network, from: checkpoint, on: subject.training, validation: subject.validation,
        metrics: subject.metrics, force: true, checkpoints: checkpoints, observers: observers,
        report: report, isInterrupted: waitForLeave)
    }
    return try trainer.train(
      &network, on: subject.training, validation: subject.validation, metrics: subject.metrics,
      checkpoints: checkpoints, observers: observers, report: report, isInterrupted: waitForLeave)
  }

  private func keep(_ checkpoint: Checkpoint<T>) {
    state.withLock { state in
      guard !state.discardsStep else { return }
      state.newest = checkpoint
      guard checkpoint.stepInEpoch == stepsPerEpoch,
        subject.network.parameterCount <= Self.largestHistory
      else { return }
      state.history.removeAll { $0.epoch == checkpoint.epoch }
      state.history.append(checkpoint)
      // Every other one of the older half goes, so that the whole way stays in sight.
      if state.history.count > Self.mostHistory {
        let half = state.history.count / 2
        let older = state.history.prefix(half).enumerated().filter { $0.offset % 2 == 0 }
        state.history = older.map(\.element) + state.history.dropFirst(half)
      }
    }
  }

  private func report(_ event: TrainingEvent) {
    switch event {
    case .start(let start):
      events.send([
        "event": "start", "examples": JSONValue(start.examples),
        "validationExamples": JSONValue(start.validationExamples),
        "sizes": JSONValue(start.sizes), "parameters": JSONValue(start.parameters),
      ])
    case .progress(let progress):
      events.send(
        [
          "event": "progress", "epoch": JSONValue(progress.epoch),
          "loss": JSONValue(progress.loss),
        ], epoch: progress.epoch)
    case .epoch(let report):
      let isToldAlready = state.withLock { state in
        state.epoch = report.epoch
        let isTold = state.toldEpoch == report.epoch
        if !isTold { state.told = report.epoch }
        return isTold
      }
      if !isToldAlready { tell(report) }
    case .warning(let code, let message):
      events.send(["event": "warning", "code": .string(code), "message": .string(message)])
    case .end: break
    }
  }

  private func tell(_ report: EpochReport) {
    func json(_ values: [(String, Double)]) -> JSONValue {
      .object(values.map { JSONMember($0.0, JSONValue($0.1)) })
    }
    events.send(
      [
        "event": "epoch", "epoch": JSONValue(report.epoch), "step": JSONValue(report.step),
        "loss": JSONValue(report.loss),
        "metrics": json(report.metrics.values.map { ($0.name, $0.value) }),
        "validation": report.validation.map { held in
          json([("loss", held.loss)] + held.metrics.values.map { ($0.name, $0.value) })
        } ?? .null,
        "learningRate": JSONValue(report.learningRate),
        "examplesPerSecond": JSONValue(report.examplesPerSecond),
      ], epoch: report.epoch)
  }

  /// Sees the weights after each step.
  private final class Watcher: TrainingObserver {
    private let run: Run

    init(_ run: Run) { self.run = run }

    func stepEnded(_ step: Int, network: Network<T>, workspace: borrowing Workspace<T>) {
      run.state.withLock { state in
        guard !state.discardsStep else { return }
        state.step = step
        state.toldEpoch = nil
        if let allowance = state.allowance { state.allowance = max(0, allowance - 1) }
        // A copy is made where somebody looks, and where the run stands still after this step.
        if state.isAsked || state.allowance == 0 || state.turn != nil {
          state.network = network
          state.isAsked = false
        }
      }
    }

    func epochEnded(_ state: EpochState<T>, workspace: borrowing Workspace<T>) {
      let pauses = run.state.withLock { own in
        guard own.toldEpoch != state.epoch else { return false }
        own.network = state.network
        guard own.pausesAtEpoch, state.epoch > 0 else { return false }
        (own.allowance, own.pausesAtEpoch) = (0, false)
        return true
      }
      // Here, and not after the step that follows, the epoch is at its end. A turn has to wait for that step, which
      // then is none.
      if pauses, run.waitForLeave() { run.state.withLock { $0.discardsStep = true } }
    }
  }
}
