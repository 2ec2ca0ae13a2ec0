/// An interval around the value of a metric.
package struct MetricInterval: Sendable, Equatable {
  package let metric: Metric
  /// On the examples themselves.
  package let value: Double
  package let low: Double
  package let high: Double
}

extension MetricInterval {
  /// The shares p of which the share p̂ that was found is not too far, which says something of few examples
  /// and of a share of 1 too, where every bootstrap sample is the same:
  ///
  ///     (p̂ + z²/2n ± z √(p̂ (1 − p̂)/n + z²/4n²)) / (1 + z²/n)
  ///
  /// Wilson 1927, doi:10.1080/01621459.1927.10502953.
  ///
  /// - Parameters:
  ///   - share: p̂, of the examples whose class is right.
  ///   - n: The number of examples; (Σ w)² / Σ w² where they have weights (Kish 1965, *Survey Sampling*,
  ///     ch. 11).
  package init(ofAccuracy share: Double, examples n: Double) {
    let z = 1.959963984540054
    let middle = share + z * z / (2 * n)
    let half = z * (share * (1 - share) / n + z * z / (4 * n * n)).squareRoot()
    let scale = 1 + z * z / n
    self.init(
      metric: .accuracy, value: share, low: max(0, (middle - half) / scale),
      high: min(1, (middle + half) / scale))
  }
}

extension EvaluatedPredictions {
  /// The share of the bootstrap values that an interval holds.
  package static let bootstrapLevel = 0.95

  /// An interval of one metric that is had without being asked for: Wilson's of a share of examples, else by
  /// the bootstrap, with fewer draws of many examples.
  package func interval(of metric: Metric) -> MetricInterval {
    if metric == .accuracy, classCount > 0 {
      let weights = Sample(of: self, ranking: Ranking()).weights
      let sum = weights.reduce(0, +)
      return MetricInterval(
        ofAccuracy: value(of: .accuracy), examples: sum * sum / weights.reduce(0) { $0 + $1 * $1 })
    }
    let samples = min(1000, max(100, 20_000_000 / max(1, count)))
    return bootstrap([metric], samples: samples, seed: 0)[0]
  }

  /// Percentile intervals by the bootstrap: how far metrics would move with other examples.
  ///
  /// As many examples are drawn as there are, with replacement; the metric is computed of the draw; and
  /// the interval holds the middle `bootstrapLevel` of the values, with linear interpolation between
  /// them. It tells of the choice of test examples, not of another run of training. Values that are
  /// not defined (a class was not drawn) are left out. Efron 1979, doi:10.1214/aos/1176344552; Efron &
  /// Tibshirani 1993, ch. 13.
  ///
  /// - Parameters:
  ///   - metrics: Metrics that are defined for the kind.
  ///   - samples: Number of draws, at least 1.
  ///   - seed: The same seed gives the same draws.
  /// - Complexity: O(samples × examples × outputs), after one sorting.
  package func bootstrap(_ metrics: [Metric], samples: Int, seed: UInt64) -> [MetricInterval] {
    let ranking = ranking(for: metrics)
    let whole = Sample(of: self, ranking: ranking)
    var values = [[Double]](repeating: [], count: metrics.count)
    var draws = [Double](repeating: 0, count: count)
    for number in 0..<(count > 0 ? samples : 0) {
      var random = RandomSource(seed: seed, purpose: .bootstrap, index: UInt32(number))
      for index in draws.indices { draws[index] = 0 }
      for _ in 0..<count { draws[random.index(below: count)] += 1 }
      let sample = Sample(of: self, ranking: ranking, draws: draws)
      for (index, metric) in metrics.enumerated() {
        let value = value(of: metric, in: sample)
        if !value.isNaN { values[index].append(value) }
      }
    }
    let tail = (1 - Self.bootstrapLevel) / 2
    return zip(metrics, values).map { metric, values in
      let sorted = values.sorted()
      return MetricInterval(
        metric: metric, value: value(of: metric, in: whole),
        low: Self.percentile(tail, of: sorted), high: Self.percentile(1 - tail, of: sorted))
    }
  }

  /// The value at the place p (n − 1) of n sorted ones, from 0; NaN of none.
  static func percentile(_ p: Double, of sorted: [Double]) -> Double {
    guard let last = sorted.last else { return .nan }
    let place = p * Double(sorted.count - 1)
    let index = Int(place)
    guard index + 1 < sorted.count else { return last }
    return sorted[index] + (place - Double(index)) * (sorted[index + 1] - sorted[index])
  }
}
