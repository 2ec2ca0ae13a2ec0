import Backprop
import FoundationEssentials

/// Reads a delimited file into a table: its size in MB (10⁶ bytes), the seconds of the fastest of three
/// passes, and the rows.
func measureReading(_ path: String) throws -> (megabytes: Double, seconds: Double, rows: Int) {
  let bytes =
    try FileManager.default.attributesOfItem(atPath: path)[.size].flatMap {
      ($0 as? UInt64).map(Int.init) ?? $0 as? Int
    } ?? 0
  let clock = ContinuousClock()
  var fastest = Double.infinity
  var rows = 0
  for _ in 0..<3 {
    let start = clock.now
    rows = try Table(contentsOf: path).rowCount
    let (seconds, attoseconds) = (clock.now - start).components
    fastest = min(fastest, Double(seconds) + Double(attoseconds) * 1e-18)
  }
  return (Double(bytes) / 1e6, fastest, rows)
}
