import Testing

@testable import Backprop
@testable import BackpropInspection

@Suite("Whether threads pay is found out by measuring")
struct PoolChoiceTests {
  /// Makes so many steps that take as long as told, and counts those that used the pool.
  private func stepsWithPool(
    of count: Int, _ choice: inout PoolChoice, together: Duration, alone: Duration
  ) -> Int {
    var used = 0
    for _ in 0..<count {
      let isUsed = choice.current != nil
      used += isUsed ? 1 : 0
      choice.record(isUsed ? together : alone)
    }
    return used
  }

  @Test("Threads that slow a step down are given up after one trial, and tried again now and then")
  func slowThreads() {
    var choice = PoolChoice(ThreadPool(threads: 2))
    // 32 steps before the first trial, which is over after 8.
    #expect(
      stepsWithPool(of: 40, &choice, together: .microseconds(20), alone: .microseconds(15)) == 32)
    // 10,000 steps are alone but for the 8 of each trial: after 32, 64, 128 … 2,048, 2,048, 2,048 steps
    // at most.
    let used = stepsWithPool(
      of: 10_000, &choice, together: .microseconds(20), alone: .microseconds(15))
    #expect(used > 0 && used <= 8 * 12)
  }

  @Test("Threads that pay are kept, and taken up again when they begin to pay")
  func fastThreads() {
    var choice = PoolChoice(ThreadPool(threads: 2))
    let used = stepsWithPool(
      of: 10_000, &choice, together: .microseconds(8), alone: .microseconds(15))
    #expect(used >= 10_000 - 8 * 12 && used < 10_000)
    _ = stepsWithPool(of: 5000, &choice, together: .microseconds(30), alone: .microseconds(15))
    #expect(choice.current == nil)
    _ = stepsWithPool(of: 5000, &choice, together: .microseconds(8), alone: .microseconds(15))
    #expect(choice.current != nil)
  }

  @Test("Long steps are never tried alone")
  func longSteps() {
    var choice = PoolChoice(ThreadPool(threads: 2))
    #expect(
      stepsWithPool(of: 500, &choice, together: .milliseconds(2), alone: .milliseconds(1)) == 500)
  }

  @Test("Steps that became long alone go back to all threads")
  func longStepsAlone() {
    var choice = PoolChoice(ThreadPool(threads: 2))
    // Alone is faster at first: 0.8 ms against 0.9.
    _ = stepsWithPool(of: 40, &choice, together: .microseconds(900), alone: .microseconds(800))
    #expect(choice.current == nil)
    _ = stepsWithPool(of: 100, &choice, together: .microseconds(900), alone: .microseconds(1200))
    #expect(choice.current != nil)
  }

  @Test("A trial that is far slower ends after its first step")
  func shortTrial() {
    var choice = PoolChoice(ThreadPool(threads: 2))
    let used = stepsWithPool(
      of: 10_000, &choice, together: .microseconds(10), alone: .microseconds(100))
    #expect(used >= 10_000 - 12 && used < 10_000)
  }

  @Test("Without a pool there is no choice")
  func noPool() {
    var choice = PoolChoice(nil)
    #expect(stepsWithPool(of: 100, &choice, together: .zero, alone: .microseconds(1)) == 0)
  }
}
