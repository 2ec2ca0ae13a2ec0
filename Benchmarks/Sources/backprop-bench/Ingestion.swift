@_spi(Benchmarks) import Backprop
import FoundationEssentials

/// Seconds of the fastest of three readings of a delimited file.
struct ReadingTimes {
  /// One pass: cells cut, kinds found, every number read and checked; no value is kept.
  var opening = Double.infinity
  /// The same, and then what `train` needs: statistics and the encoded matrix, a pass each.
  var encoding = Double.infinity
  var rows = 0
}

func measureReading(_ path: String) throws -> ReadingTimes {
  let clock = ContinuousClock()
  func seconds(since start: ContinuousClock.Instant) -> Double {
    let (seconds, attoseconds) = (clock.now - start).components
    return Double(seconds) + Double(attoseconds) * 1e-18
  }
  var times = ReadingTimes()
  for _ in 0..<3 {
    let start = clock.now
    let table = try Table(contentsOf: path)
    times.opening = min(times.opening, seconds(since: start))
    let inputs = try table.encoded(as: Float.self)
    times.encoding = min(times.encoding, seconds(since: start))
    times.rows = inputs.rows
  }
  return times
}
