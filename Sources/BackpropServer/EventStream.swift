import Backprop
import Synchronization

/// The events of a run for whoever listens: the newest few stand ready for one who comes back, and one who is slow misses
/// the older ones. Nobody who listens makes the run wait.
final class EventStream: Sendable {
  struct Event: Sendable {
    /// Ascending, over all streams of the process: one who comes back to another run is told all of it.
    let id: Int
    let text: String
    /// The epoch that it tells of; nil for none.
    let epoch: Int?
  }

  /// One who listens: what waits for it, and what wakes it.
  private struct Listener {
    var waiting: [Event]
    let wake: AsyncStream<Void>.Continuation
  }

  private struct State {
    var kept: [Event] = []
    var listeners: [Int: Listener] = [:]
    var nextListener = 0
    var isFinished = false
  }

  /// Events that one who comes back is told of, and that wait for a slow one.
  private static let mostKept = 4_000
  private static let lastID = Atomic(0)
  private let state = Mutex(State())

  func send(_ document: JSONValue, epoch: Int? = nil) {
    let text = document.description
    state.withLock { state in
      let id = Self.lastID.wrappingAdd(1, ordering: .relaxed).newValue
      let event = Event(id: id, text: text, epoch: epoch)
      Self.append(event, to: &state.kept)
      for number in state.listeners.keys {
        guard var listener = state.listeners.removeValue(forKey: number) else { continue }
        Self.append(event, to: &listener.waiting)
        listener.wake.yield()
        state.listeners[number] = listener
      }
    }
  }

  private static func append(_ event: Event, to events: inout [Event]) {
    events.append(event)
    if events.count > mostKept { events.removeFirst(mostKept / 4) }
  }

  /// Forgets what was of later epochs; of all, where a run begins anew.
  func forget(after epoch: Int) {
    state.withLock { state in
      state.kept.removeAll { $0.epoch.map { $0 > epoch } ?? (epoch == 0) }
    }
  }

  /// Ends the streams of all who listen: another run takes the place of this one.
  func finish() {
    state.withLock { state in
      state.isFinished = true
      state.listeners.values.forEach { $0.wake.finish() }
    }
  }

  /// Those after an event that are kept, and those to come, as many at a time as have come.
  ///
  /// - Parameter id: The last that is known; 0 for none.
  func batches(after id: Int) -> Batches {
    // A word that somebody is to look is enough, however many events there are.
    let (stream, wake) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))
    let number = state.withLock { state in
      let number = state.nextListener
      state.nextListener += 1
      let missed = state.kept.filter { $0.id > id }
      state.listeners[number] = Listener(waiting: missed, wake: wake)
      if !missed.isEmpty { wake.yield() }
      if state.isFinished { wake.finish() }
      return number
    }
    return Batches(stream: self, number: number, wakes: stream)
  }

  fileprivate func take(_ number: Int) -> [Event] {
    state.withLock { state in
      defer { state.listeners[number]?.waiting = [] }
      return state.listeners[number]?.waiting ?? []
    }
  }

  fileprivate func leave(_ number: Int) { state.withLock { $0.listeners[number] = nil } }

  /// What one who listens is told.
  struct Batches: Sendable {
    fileprivate let stream: EventStream
    fileprivate let number: Int
    fileprivate let wakes: AsyncStream<Void>

    /// The shortest time between two batches.
    private static let pause = Duration.milliseconds(50)

    /// Calls with each batch until the stream ends or the task is cancelled.
    func forEach(_ body: ([Event]) async throws -> Void) async rethrows {
      defer { stream.leave(number) }
      for await _ in wakes {
        let events = stream.take(number)
        if !events.isEmpty { try await body(events) }
        try? await Task.sleep(for: Self.pause)
      }
    }
  }
}
