// Areas under curves: how well outputs put examples in order.

extension EvaluatedPredictions {
  /// Examples in ascending order of what a metric ranks them by: an output, or an error.
  ///
  /// Made once for all samples of a bootstrap, which draw other weights and not other outputs.
  struct Ranking {
    /// One order for each output that is ranked; empty if nothing is.
    var orders: [[UInt32]] = []
  }

  /// The orders that some metrics need.
  ///
  /// - Complexity: O(outputs × examples log examples) if one of them ranks, else O(1).
  func ranking(for metrics: [Metric]) -> Ranking {
    guard metrics.contains(where: \.ranksOutputs) else { return Ranking() }
    let keys: [(Int) -> Double] =
      switch kind {
      case .classification where classCount == 2: [{ positiveScore($0) }]
      case .classification, .multiLabel:
        (0..<outputs).map { index in { scores[$0 * outputs + index] } }
      case .regression:
        (0..<outputs).map { index in
          { abs(scores[$0 * outputs + index] - targets[$0 * outputs + index]) }
        }
      }
    return Ranking(
      orders: keys.map { key in
        let values = (0..<count).map(key)
        return (0..<count).map { UInt32($0) }.sorted { left, right in
          let (a, b) = (values[Int(left)], values[Int(right)])
          return a != b ? a < b : left < right
        }
      })
  }

  /// The output that speaks for the second of two classes.
  private func positiveScore(_ example: Int) -> Double {
    scores[example * outputs + outputs - 1]
  }

  /// Examples of one score, taken together: w of those that are positive, and of the others.
  struct Tie {
    var positive = 0.0
    var negative = 0.0
  }

  /// The mean of a measure over rankings: the second of two classes; each of several classes against
  /// the rest; each label. Rankings of which the measure is not defined are left out; NaN if all are.
  func meanOverRankings(_ sample: Sample, _ measure: ([Tie]) -> Double) -> Double {
    Metric.meanOfDefined(
      sample.ranking.orders.enumerated().map { index, order in
        let isBinary = classCount == 2
        var ties: [Tie] = []
        var last = Double.nan
        for example in order {
          let example = Int(example)
          let weight = sample.weights[example]
          guard weight > 0 else { continue }
          let score = isBinary ? positiveScore(example) : scores[example * outputs + index]
          if score != last { ties.append(Tie()) }
          last = score
          let isPositive =
            switch kind {
            case .classification: classified[example].actual == (isBinary ? 1 : index)
            case .multiLabel, .regression: targets[example * outputs + index] == 1
            }
          if isPositive {
            ties[ties.count - 1].positive += weight
          } else {
            ties[ties.count - 1].negative += weight
          }
        }
        return measure(ties)
      })
  }

  /// The area under the curve of true against false positives (ROC).
  ///
  ///     AUC = Σ w⁺ w⁻ [a⁺ > a⁻, ½ if equal] / (Σ w⁺ Σ w⁻)
  ///
  /// over all pairs of a positive and a negative example: the chance that the positive one has the
  /// larger output. NaN if there are none of either. Hanley & McNeil 1982,
  /// doi:10.1148/radiology.143.1.7063747; one-vs-rest macro mean for several classes; scikit-learn's
  /// `roc_auc_score(multi_class="ovr")`.
  ///
  /// - Parameter ties: Ascending by score.
  static func areaUnderROC(_ ties: [Tie]) -> Double {
    var (area, positive, below) = (0.0, 0.0, 0.0)
    for tie in ties {
      area += tie.positive * (below + tie.negative / 2)
      positive += tie.positive
      below += tie.negative
    }
    // Rounding of weighted sums could lead beyond a perfect order.
    return positive > 0 && below > 0 ? min(1, area / (positive * below)) : .nan
  }

  /// Average precision, the area under the curve of precision against recall (PR AUC).
  ///
  ///     AP = Σₙ (Rₙ − Rₙ₋₁) Pₙ
  ///
  /// over descending thresholds, precision Pₙ and recall Rₙ at each, without interpolation, which
  /// would be too favourable (Davis & Goadrich 2006, doi:10.1145/1143844.1143874). NaN without a
  /// positive example. scikit-learn's `average_precision_score`.
  ///
  /// - Parameter ties: Ascending by score.
  static func averagePrecision(_ ties: [Tie]) -> Double {
    var (sum, positive, all) = (0.0, 0.0, 0.0)
    for tie in ties.reversed() {
      positive += tie.positive
      all += tie.positive + tie.negative
      if tie.positive > 0 { sum += tie.positive * (positive / all) }
    }
    return positive > 0 ? min(1, sum / positive) : .nan
  }
}
