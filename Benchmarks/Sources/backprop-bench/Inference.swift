import Backprop
import Failing

/// Median and 99th percentile of the seconds of a call, over about `seconds`; and the outputs of the
/// first rows.
func measureInference(
  _ workload: Workload, rows: Int, threads: Int, seconds: Double, folder: String?
) throws -> (median: Double, p99: Double, calls: Int, outputs: [Float]) {
  var network = try workload.network()
  let dataset =
    try folder.map { try workload.shared(in: $0, network: &network) } ?? workload.dataset()
  guard rows <= dataset.count else {
    fail("--rows has \(rows), and the folder of --data has \(dataset.count); take at most as many")
  }
  let pool = threads > 1 ? ThreadPool(threads: threads) : nil
  var predictor = Predictor(network, capacity: rows)
  var outputs = Matrix<Float>(rows: rows, columns: network.outputCount)
  let clock = ContinuousClock()
  var times: [Double] = []
  times.reserveCapacity(4_000_000)
  let start = clock.now
  var first = 0
  while clock.now - start < .seconds(seconds), times.count < 4_000_000 {
    if first + rows > dataset.count { first = 0 }
    let before = clock.now
    predictor.predict(
      dataset.inputs, rows: first..<(first + rows), into: &outputs, pool: pool)
    let (whole, part) = (clock.now - before).components
    times.append(Double(whole) + Double(part) * 1e-18)
    first += rows
  }
  times.sort()
  predictor.predict(dataset.inputs, rows: 0..<rows, into: &outputs, pool: pool)
  return (
    times[times.count / 2], times[times.count * 99 / 100], times.count,
    outputs.elements.flatMap { $0 }
  )
}
