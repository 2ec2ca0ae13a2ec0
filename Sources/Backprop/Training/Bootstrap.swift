/// An interval around the value of a metric.
package struct MetricInterval: Sendable, Equatable {
  package let metric: Metric
  /// On the examples themselves.
  package let value: Double
  package let low: Double
  package let high: Double
}

extension EvaluatedPredictions {
  /// The share of the bootstrap values that an interval holds.
  package static let bootstrapLevel = 0.95

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
