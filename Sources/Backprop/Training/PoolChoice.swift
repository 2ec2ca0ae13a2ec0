/// Whether the threads of a pool pay for the steps of a run, found out by measuring.
///
/// A step of a small network takes some microseconds, and what two processors must hand to each other in
/// it may cost more than the second one saves: on one machine it pays, on another, or a moment later, it
/// does not. So now and then some steps are made the other way, and the faster way is kept. Neither way
/// changes a bit of the result.
struct PoolChoice {
  /// Steps of a trial; the fastest of them counts, since whatever else runs only takes time away. One
  /// that takes twice as long as the kept way ends the trial.
  private static let trial = 8
  /// Steps between two trials: few at first, and twice as many each time the kept way wins.
  private static let intervals = 32...2048
  /// Steps that take longer than this, with all threads, are worth them and not tried alone.
  private static let longest = Duration.milliseconds(1)

  private let pool: ThreadPool?
  private var usesPool = true
  private var isTrying = false
  private var steps = 0
  private var interval = PoolChoice.intervals.lowerBound
  private var fastest = Duration.seconds(1 << 30)
  private var fastestBefore = Duration.seconds(1 << 30)

  init(_ pool: ThreadPool?) { self.pool = pool }

  /// The pool for the next step; nil for the caller's thread alone.
  var current: ThreadPool? { usesPool != isTrying ? pool : nil }

  /// Takes note of how long the last step took.
  mutating func record(_ duration: Duration) {
    guard pool != nil else { return }
    steps += 1
    fastest = min(fastest, duration)
    if isTrying {
      if steps == Self.trial || duration > fastestBefore * 2 { conclude() }
    } else if steps == interval {
      begin(trying: !usesPool || fastest < Self.longest)
    } else if steps == interval - Self.trial {
      // Only the last steps before a trial are compared with it.
      fastest = .seconds(1 << 30)
    }
  }

  private mutating func begin(trying: Bool) {
    isTrying = trying
    steps = 0
    fastestBefore = fastest
    fastest = .seconds(1 << 30)
  }

  private mutating func conclude() {
    let other = fastest
    let kept = fastestBefore
    begin(trying: false)
    if other < kept {
      usesPool.toggle()
      interval = Self.intervals.lowerBound
    } else {
      interval = min(2 * interval, Self.intervals.upperBound)
    }
  }
}
