import Backprop
import Failing

/// What besides the workload's own rule a run is measured with.
struct Extras {
  var clipNorm: Double?
  var dropout: Double?
  var ema: Double?
  var maxNorm: Double?
}

/// Samples a second of each epoch, ascending, over about `seconds`; and of all of them together with
/// what lies between them, which is what the peers are measured by.
///
/// What is timed is the trainer itself, as a user has it: shuffled batches gathered, forward, backward,
/// update, metrics, events.
func measureTraining(
  _ workload: Workload, threads: Int, seconds: Double, folder: String?, extras: Extras
) throws -> (epochs: [Double], overall: Double) {
  var network = try workload.network(dropout: extras.dropout)
  let dataset =
    try folder.map { try workload.shared(in: $0, network: &network) } ?? workload.dataset()
  var configuration = TrainingConfiguration(
    optimizer: workload.optimizer, learningRate: 1e-4, schedule: .constant,
    batchSize: workload.batchSize, epochs: 1_000_000, clipNorm: extras.clipNorm)
  configuration.updates.ema = extras.ema
  configuration.updates.maxNorm = extras.maxNorm
  let clock = ContinuousClock()
  var rates: [Double] = []
  var (start, warm, last) = (clock.now, clock.now, clock.now)
  try Trainer<Float>(configuration: configuration, threads: threads).train(
    &network, on: dataset,
    metrics: workload.isClassification
      ? .classification(probabilities: true)
      : .regression(scales: Array(repeating: 1, count: dataset.targets.columns)),
    report: { event in
      if case .start = event { start = clock.now }
      // The first epoch warms the caches up.
      if case .epoch(let report) = event {
        last = clock.now
        if report.epoch > 1 { rates.append(report.examplesPerSecond) } else { warm = last }
      }
    },
    isInterrupted: { rates.count >= 3 && clock.now - start > .seconds(seconds) })
  let (whole, part) = (last - warm).components
  let elapsed = Double(whole) + Double(part) * 1e-18
  return (rates.sorted(), Double(rates.count * dataset.count) / elapsed)
}

/// Trains from the shared weights on the first batches, in their order, and gives the mean loss over
/// their examples before and after.
func checkTraining(
  _ workload: Workload, threads: Int, folder: String, steps: Int, learningRate: Double
) throws -> (before: Double, after: Double) {
  var network = try workload.network()
  let all = try workload.shared(in: folder, network: &network)
  guard steps * workload.batchSize <= all.count else {
    fail(
      "\(steps) steps of \(workload.batchSize) rows need \(steps * workload.batchSize), and \(folder) has "
        + "\(all.count); take at most \(all.count / workload.batchSize) steps")
  }
  let rows = steps * workload.batchSize
  let dataset = Dataset(
    inputs: Matrix(Array(all.inputs.elements.prefix(rows))),
    targets: Matrix(Array(all.targets.elements.prefix(rows))))
  let metrics = MetricKind.regression(
    scales: Array(repeating: 1, count: dataset.targets.columns))
  let before = network.evaluate(on: dataset, metrics: metrics).loss
  var configuration = TrainingConfiguration(
    optimizer: workload.optimizer, learningRate: learningRate, schedule: .constant,
    batchSize: workload.batchSize, epochs: 1)
  configuration.data.shuffle = false
  if case .adamW = workload.optimizer { configuration.updates.weightDecay = 0.01 }
  try Trainer<Float>(configuration: configuration, threads: threads).train(
    &network, on: dataset, metrics: metrics)
  return (before, network.evaluate(on: dataset, metrics: metrics).loss)
}
