import Backprop

/// How much worse a model judges once the values of a column no longer belong to their rows.
///
/// Of a column j, with the score s of the rows as they are and the score sᵣ once the inputs of j have been
/// permuted among the rows for the r-th of R times, turned so that larger is better:
///
///     importance = s − (s₁ + … + s_R) / R
///
/// So it is positive where the column helps, exactly 0 where the model does not look at it, and negative
/// where it does harm (or by chance). Breiman 2001, doi:10.1023/A:1010933404324, on any rows and not those
/// out of a bag alone; scikit-learn's `permutation_importance`. It is of this model on these rows: columns
/// that say the same stand in for each other, and each then counts for less than both together.
///
/// The r-th permutation is the same for every column, a function of (seed, r): the importance of one does
/// not depend on which others there are, or on their order, and differences between two are surer.
package struct PermutationImportance: Sendable {
  package struct Options: Sendable {
    package let metric: Metric
    /// Of two classes the one that precision and recall are of.
    package var positive = 1
    /// R, at least 1.
    package var repeats = 10
    package var seed: UInt64 = 0

    package init(metric: Metric) { self.metric = metric }
  }

  package struct Column: Sendable {
    package let column: InputColumn
    /// s − sᵣ for r = 1 … R, in the unit of the metric.
    package let drops: [Double]

    /// Their mean.
    package var importance: Double { drops.reduce(0, +) / Double(drops.count) }

    /// mean ± t · sd / √R with the sample standard deviation sd (R − 1) and the quantile t of Student's
    /// distribution with R − 1 degrees: of the importance that ever more permutations of the same rows
    /// would give, 95 %. It does not tell of other rows. NaN of a single permutation.
    package var interval: (low: Double, high: Double) {
      let (mean, count) = (importance, Double(drops.count))
      guard drops.count > 1 else { return (.nan, .nan) }
      let variance = drops.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / (count - 1)
      let half = Self.studentQuantile(drops.count - 1) * (variance / count).squareRoot()
      return (mean - half, mean + half)
    }
  }

  /// The share of the distribution of the mean that an interval holds.
  package static let level = 0.95

  package let options: Options
  /// s in the metric's own direction.
  package let baseline: Double
  /// The most important first; of equal ones in the order of the model.
  package let columns: [Column]

  /// - Parameters:
  ///   - model: Its members count as one model.
  ///   - first: The network of the first member.
  ///   - columns: What is permuted.
  ///   - dataset: The rows, at least 2; they keep their targets and weights.
  ///   - kind: How outputs are judged.
  ///   - pool: Threads to use; nil for the caller's alone. Changes no bit.
  ///   - report: Called before each permutation with its number, from 1.
  /// - Throws: `DataError` if the metric is not defined on these rows, or an output is no number.
  /// - Complexity: R × columns + 1 passes over the rows.
  package init<T: Scalar>(
    of model: Model, _ first: Network<T>, columns: [InputColumn], on dataset: Dataset<T>,
    metrics kind: MetricKind, options: Options, pool: ThreadPool? = nil,
    report: (_ permutation: Int) -> Void = { _ in }
  ) throws(DataError) {
    guard dataset.count > 1 else {
      throw DataError(
        "\(Format.count(dataset.count, "row")), and to permute takes two at least",
        remedy: "give more rows")
    }
    func score(_ inputs: Matrix<T>) throws(DataError) -> Double {
      var (evaluation, predictions) = model.evaluateKeepingPredictions(
        first,
        on: Dataset(
          inputs: .numbers(inputs), targets: dataset.storedTargets, weights: dataset.weights),
        metrics: kind, for: [options.metric], pool: pool)
      guard evaluation.loss.isFinite else {
        throw DataError(
          "the loss is \(JSONValue(evaluation.loss)): an output is no number",
          remedy: "the rows are far from what the network was trained on, or its training diverged")
      }
      predictions.positive = options.positive
      return predictions.value(of: options.metric)
    }
    let inputs = dataset.inputs
    let baseline = try score(inputs)
    guard baseline.isFinite else {
      throw DataError(
        "\(options.metric) is not defined on these rows",
        remedy: "name another metric, or give rows of which no class is absent")
    }
    var drops = [[Double]](repeating: [], count: columns.count)
    var permuted = inputs
    for permutation in 1...options.repeats {
      report(permutation)
      var random = RandomSource(
        seed: options.seed, purpose: .permutation, index: UInt32(permutation))
      let order = random.permutation(of: inputs.rows)
      for (index, column) in columns.enumerated() {
        permuted.take(column.inputs, of: inputs, from: order)
        let score = try score(permuted)
        drops[index].append(options.metric.isHigherBetter ? baseline - score : score - baseline)
        permuted.take(column.inputs, of: inputs)
      }
    }
    self.options = options
    self.baseline = baseline
    let all = zip(columns, drops).map { Column(column: $0, drops: $1) }
    // What is not a number is no importance.
    func rank(_ index: Int) -> Double {
      all[index].importance.isNaN ? -.infinity : all[index].importance
    }
    self.columns = all.indices.sorted { (rank($0), $1) > (rank($1), $0) }.map { all[$0] }
  }

  /// The metric that an importance is in unless another is named: what chose the epoch of the run, where
  /// that was named; else what scikit-learn's `score` is, accuracy of classes, all labels right of several
  /// labels, R² of numbers.
  package static func usualMetric(for kind: MetricKind, monitored: Metric?) -> Metric {
    if let monitored, monitored.isDefined(for: kind) { return monitored }
    return switch kind {
    case .classification: .accuracy
    case .multiLabel: .exactMatch
    case .regression: .r2
    }
  }
}

extension PermutationImportance.Column {
  /// The 0.975 quantile of Student's t with so many degrees of freedom.
  ///
  /// From 10 on by the expansion in 1/n around the normal quantile z (Abramowitz & Stegun 1964, 26.7.5), to
  /// a relative error of 4e-6 at most.
  static func studentQuantile(_ degrees: Int) -> Double {
    let few = [
      12.706204736432095, 4.302652729911275, 3.182446305284263, 2.7764451051977987,
      2.5705818366147395, 2.4469118487916806, 2.3646242510102993, 2.306004135204166,
      2.2621571628540993,
    ]
    if degrees <= few.count { return few[degrees - 1] }
    let (z, n) = (1.959963984540054, Double(degrees))
    let s = z * z
    let g1 = z * (s + 1) / 4
    let g2 = z * ((5 * s + 16) * s + 3) / 96
    let g3 = z * (((3 * s + 19) * s + 17) * s - 15) / 384
    let g4 = z * ((((79 * s + 776) * s + 1482) * s - 1920) * s - 945) / 92160
    return z + (g1 + (g2 + (g3 + g4 / n) / n) / n) / n
  }
}

extension Matrix {
  /// Takes some columns of another matrix, of the rows in an order, or as they are.
  fileprivate mutating func take(_ columns: Range<Int>, of other: Matrix, from order: [UInt32]) {
    let start = mutableStart
    for row in 0..<rows {
      for column in columns { start[row * stride + column] = other[Int(order[row]), column] }
    }
  }

  fileprivate mutating func take(_ columns: Range<Int>, of other: Matrix) {
    let start = mutableStart
    for row in 0..<rows {
      for column in columns { start[row * stride + column] = other[row, column] }
    }
  }
}
