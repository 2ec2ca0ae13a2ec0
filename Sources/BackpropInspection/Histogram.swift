import Backprop

/// How many of some numbers lie where, in buckets of equal width.
///
/// The arithmetic is that of TensorBoard's `histogram_pb` in double precision, to the bit: edges
/// minimum + i · (range / n), the last one the maximum; the bucket of v is ⌊(v − minimum) / width⌋.
package struct Histogram: Sendable, Equatable {
  /// The numbers of one bucket, left ≤ v < right; the last one holds the maximum too.
  package struct Bucket: Sendable, Equatable {
    package let left: Double
    package let right: Double
    package let count: Int
  }

  /// In ascending order. All zero if there was no number; where there is one value only, or the
  /// range has no width in double precision, the last one holds everything.
  package let buckets: [Bucket]
  /// Infinities and NaN, which no bucket holds.
  package let nonFinite: Int

  /// Numbers in the buckets.
  package var count: Int { buckets.reduce(0) { $0 + $1.count } }

  /// Counts numbers.
  ///
  /// - Parameters:
  ///   - values: What is counted; the order does not matter.
  ///   - buckets: n, at least 1.
  /// - Complexity: O(values + n), in two passes over the values.
  @specialized(where T == Float)
  @specialized(where T == Double)
  package init<T: Scalar>(of values: [T], buckets n: Int) {
    precondition(n >= 1, "a histogram of \(n) buckets")
    var (minimum, maximum) = (Double.infinity, -Double.infinity)
    var nonFinite = 0
    for value in values {
      let value = Double(value)
      guard value.isFinite else {
        nonFinite += 1
        continue
      }
      minimum = min(minimum, value)
      maximum = max(maximum, value)
    }
    self.nonFinite = nonFinite
    guard minimum <= maximum else {
      buckets = [Bucket](repeating: Bucket(left: 0, right: 0, count: 0), count: n)
      return
    }
    let width = (maximum - minimum) / Double(n)
    guard width > 0, width.isFinite else {
      let empty = Bucket(left: minimum, right: minimum, count: 0)
      buckets =
        [Bucket](repeating: empty, count: n - 1)
        + [Bucket(left: minimum, right: maximum, count: values.count - nonFinite)]
      return
    }
    var counts = [Int](repeating: 0, count: n)
    for value in values {
      let value = Double(value)
      guard value.isFinite else { continue }
      counts[min(n - 1, Int((value - minimum) / width))] += 1
    }
    func edge(_ index: Int) -> Double {
      index == n ? maximum : Double(index) * width + minimum
    }
    buckets = (0..<n).map { Bucket(left: edge($0), right: edge($0 + 1), count: counts[$0]) }
  }
}

/// Whether and how a trainer measures the distributions of weights, gradients and δ.
package struct DistributionOptions: Sendable {
  /// Training examples, drawn at random, on which gradients and δ are measured; at least 1.
  package var examples = 256
  /// Buckets of each histogram, at least 1.
  package var buckets = 30

  package init() {}

  /// - Throws: `ConfigurationError` with the first number that lies outside its range.
  package func validate() throws(ConfigurationError) {
    try NumberRange.whole(1...100_000_000).check(examples, "examples")
    try NumberRange.whole(1...1_000_000).check(buckets, "buckets")
  }
}

/// The distributions of one tensor.
package struct TensorDistributions: Sendable {
  package let role: ParameterTensor.Role
  package let values: Histogram
  /// ∂C/∂θ of the objective, penalties included, over the measured examples.
  package let gradient: Histogram
}

/// The distributions of one layer.
package struct LayerDistributions: Sendable {
  /// l, from 2 to L.
  package let layer: Int
  /// All tensors of the layer in their order.
  package let tensors: [TensorDistributions]
  /// δ, of every neuron for every measured example.
  package let delta: Histogram
}

/// The distributions of all layers between two epochs.
package struct EpochDistributions: Sendable {
  /// The epoch that has just ended; 0 before the first step.
  package let epoch: Int
  /// Updates made since the start of the run.
  package let step: Int
  /// Training examples that gradients and δ were measured on.
  package let examples: Int
  /// Layers 2 … L.
  package let layers: [LayerDistributions]
}

/// Measures the distributions of a run before its first step and after each epoch.
package final class DistributionObserver<T: Scalar>: TrainingObserver {
  private let options: DistributionOptions
  private let report: (EpochDistributions) -> Void
  private var probe: DistributionProbe<T>?

  /// - Parameters:
  ///   - options: What is measured.
  ///   - report: Receives each measurement, on the trainer's thread.
  /// - Precondition: At least one example is measured, in at least one bucket.
  package init(
    _ options: DistributionOptions = DistributionOptions(),
    report: @escaping (EpochDistributions) -> Void
  ) {
    precondition(
      options.examples >= 1 && options.buckets >= 1,
      "\(options.examples) examples in \(options.buckets) buckets")
    self.options = options
    self.report = report
  }

  package func begin(
    on training: TrainingExamples<T>, configuration: TrainingConfiguration
  ) throws(FileError) {
    // The same examples that a diagnosis of as many would look at.
    var sample = DiagnosisOptions(configuration: configuration)
    sample.examples = options.examples
    probe = DistributionProbe(
      on: try training.subset(sample.rows(of: training.count)), of: training.count,
      configuration: configuration, options: options)
  }

  package func epochEnded(
    _ state: EpochState<T>, workspace: borrowing Workspace<T>
  ) {
    guard let probe else { return }
    report(
      probe.distributions(
        after: state.epoch, step: state.optimizer.step, of: state.network, pool: state.pool))
  }
}

/// Measures distributions between the epochs of a run, in memory of its own: not one bit of the run
/// depends on it.
struct DistributionProbe<T: Scalar> {
  private let measured: Batch<T>
  private let buckets: Int
  private let penalties: Penalties

  /// - Parameters:
  ///   - data: The training examples that are measured on.
  ///   - examples: How many there are in all.
  ///   - configuration: The run's: its penalty is part of the gradient.
  ///   - options: What is measured.
  init(
    on data: Dataset<T>, of examples: Int, configuration: TrainingConfiguration,
    options: DistributionOptions
  ) {
    measured = Batch(data, rows: Array(0..<UInt32(data.count)))
    buckets = options.buckets
    penalties = configuration.penalties(
      examples: examples, batch: configuration.examplesPerUpdate(of: examples))
  }

  /// Measures a network between two steps.
  ///
  /// - Parameters:
  ///   - epoch: The epoch that has just ended; 0 before the first step.
  ///   - step: Updates made so far.
  ///   - network: Its state now.
  /// - Complexity: One pass forward and backward over the measured examples, and O(parameters).
  func distributions(
    after epoch: Int, step: Int, of network: Network<T>, pool: ThreadPool?
  ) -> EpochDistributions {
    var workspace = Workspace(for: network, capacity: measured.count)
    var gradient = network.makeGradient()
    network.forward(measured, in: &workspace, pool: pool)
    network.backward(in: &workspace, into: &gradient, pool: pool)
    gradient.addGradient(of: penalties, at: network.parameters, pool: pool)
    var layers: [LayerDistributions] = []
    for index in network.layers.indices {
      let delta = workspace.states[index].delta
      var deltas: [T] = []
      deltas.reserveCapacity(workspace.rows * delta.columns)
      for row in 0..<workspace.rows { deltas.append(contentsOf: delta.row(row)) }
      layers.append(
        LayerDistributions(
          layer: index + 2,
          tensors: network.parameters.layout.tensors(of: index).map { tensor in
            TensorDistributions(
              role: tensor.role,
              values: Histogram(of: network.parameters.elements(of: tensor), buckets: buckets),
              gradient: Histogram(of: gradient.elements(of: tensor), buckets: buckets))
          },
          delta: Histogram(of: deltas, buckets: buckets)))
    }
    return EpochDistributions(
      epoch: epoch, step: step, examples: measured.count, layers: layers)
  }
}
