// Metrics of classes: of the predicted ones, and of their probabilities.

/// What a table of classes shows of one of them.
public struct ClassScore: Sendable, Equatable {
  /// TP / (TP + FP), the share of the predictions that are right; NaN if the class is never predicted.
  public let precision: Double
  /// TP / (TP + FN), the share of the examples that are found; NaN if the class does not occur.
  public let recall: Double
  /// 2 TP / (2 TP + FP + FN), the harmonic mean of both; NaN if the class neither occurs nor is
  /// predicted. van Rijsbergen 1979, *Information Retrieval*, ch. 7.
  public let f1: Double
  /// Σ w of the examples of the class.
  public let support: Double

  /// - Parameters:
  ///   - right: TP, Σ w of the examples of the class that are found.
  ///   - predicted: TP + FP.
  ///   - actual: TP + FN.
  init(right: Double, predicted: Double, actual: Double) {
    precision = predicted > 0 ? right / predicted : .nan
    recall = actual > 0 ? right / actual : .nan
    f1 = predicted + actual > 0 ? 2 * right / (predicted + actual) : .nan
    support = actual
  }
}

extension JudgedExamples {
  /// Σ w of the examples of each class that are right, that are predicted, that there are.
  private struct ClassTotals {
    var right: [Double]
    var predicted: [Double]
    var actual: [Double]

    var scores: [ClassScore] {
      right.indices.map {
        ClassScore(right: right[$0], predicted: predicted[$0], actual: actual[$0])
      }
    }
  }

  private func totals(_ sample: Sample) -> ClassTotals {
    let isMultiLabel = classCount == 0
    let zeros = [Double](repeating: 0, count: isMultiLabel ? outputs : classCount)
    var totals = ClassTotals(right: zeros, predicted: zeros, actual: zeros)
    for example in 0..<count {
      let weight = sample.weights[example]
      if isMultiLabel {
        for index in 0..<outputs {
          let label = label(index, of: example)
          if label.predicted { totals.predicted[index] += weight }
          if label.actual { totals.actual[index] += weight }
          if label.predicted, label.actual { totals.right[index] += weight }
        }
      } else {
        totals.predicted[predicted[example]] += weight
        totals.actual[actual[example]] += weight
        if predicted[example] == actual[example] { totals.right[actual[example]] += weight }
      }
    }
    return totals
  }

  /// Precision, recall, F1 and support of each class, or of each label that may be there.
  public var classScores: [ClassScore] {
    if case .regression = kind { return [] }
    return totals(Sample(of: self, ranking: Ranking())).scores
  }

  /// Σ w of the examples of each actual class (rows) by their predicted one (columns).
  public var confusion: [[Double]] {
    var sums = [[Double]](
      repeating: [Double](repeating: 0, count: classCount), count: classCount)
    for example in actual.indices {
      sums[actual[example]][predicted[example]] += weights.isEmpty ? 1 : weights[example]
    }
    return sums
  }

  /// The share of examples whose class is right; for several labels, of labels that are right.
  func accuracy(_ sample: Sample) -> Double {
    var sum = 0.0
    if classCount == 0 {
      for example in 0..<count {
        var right = 0
        for index in 0..<outputs {
          let label = label(index, of: example)
          if label.predicted == label.actual { right += 1 }
        }
        sum += sample.weights[example] * Double(right)
      }
      return sum / (sample.total * Double(outputs))
    }
    for example in 0..<count where predicted[example] == actual[example] {
      sum += sample.weights[example]
    }
    return sum / sample.total
  }

  /// The mean recall over the classes that occur.
  ///
  /// Brodersen et al. 2010, doi:10.1109/ICPR.2010.764; scikit-learn's `balanced_accuracy_score`.
  func balancedAccuracy(_ sample: Sample) -> Double {
    Self.meanOfDefined(totals(sample).scores.map(\.recall))
  }

  /// Macro F1: the mean F1 over the classes that occur or are predicted.
  ///
  /// Two classes are no exception: both count. scikit-learn's `f1_score(average="macro")`.
  func f1(_ sample: Sample) -> Double {
    Self.meanOfDefined(totals(sample).scores.map(\.f1))
  }

  /// The correlation of actual and predicted classes, −1 … 1.
  ///
  ///     MCC = (c s − Σ tₖ pₖ) / √((s² − Σ tₖ²) (s² − Σ pₖ²))
  ///
  /// s weighs all examples, c those that are right, tₖ the examples of class k, pₖ its predictions.
  /// 0 where one class alone is actual, or predicted. Matthews 1975,
  /// doi:10.1016/0005-2795(75)90109-9; for several classes Gorodkin 2004,
  /// doi:10.1016/j.compbiolchem.2004.09.006; scikit-learn's `matthews_corrcoef`.
  func matthewsCorrelation(_ sample: Sample) -> Double {
    guard sample.total > 0 else { return .nan }
    let totals = totals(sample)
    // Shares instead of sums, so that squares of large weights stay finite.
    let (t, p) = (
      totals.actual.map { $0 / sample.total }, totals.predicted.map { $0 / sample.total }
    )
    let c = totals.right.reduce(0, +) / sample.total
    // One class alone is told by its sum, which rounding may keep from being exactly s.
    let isConstant = [totals.actual, totals.predicted].contains { sums in
      sums.filter { $0 > 0 }.count == 1
    }
    if isConstant { return 0 }
    let actualSpread = 1 - t.reduce(0) { $0 + $1 * $1 }
    let predictedSpread = 1 - p.reduce(0) { $0 + $1 * $1 }
    let covariance = c - zip(t, p).reduce(0) { $0 + $1.0 * $1.1 }
    return covariance / (actualSpread * predictedSpread).squareRoot()
  }

  /// The share of examples whose class is among the k with the largest outputs.
  ///
  /// Of equal outputs the class that comes first is taken, as in a prediction, so that top-1 is the
  /// accuracy. Russakovsky et al. 2015, doi:10.1007/s11263-015-0816-y; scikit-learn's
  /// `top_k_accuracy_score`, where ties go to the last.
  func topK(_ k: Int, _ sample: Sample) -> Double {
    var sum = 0.0
    for example in 0..<count {
      let right = actual[example]
      var before = 0
      if outputs == 1 {
        before = predicted[example] == right ? 0 : 1
      } else {
        let score = scores[example * outputs + right]
        for index in 0..<outputs {
          let other = scores[example * outputs + index]
          if other > score || (other == score && index < right) { before += 1 }
        }
      }
      if before < k { sum += sample.weights[example] }
    }
    return sum / sample.total
  }

  // MARK: Probabilities

  /// Log loss, −Σ w ln p / Σ w with the probability p of the right class, natural logarithm.
  ///
  /// Good 1952, doi:10.1111/j.2517-6161.1952.tb00104.x; scikit-learn's `log_loss`. A p that underflowed
  /// to 0 counts as the least normal number of the precision.
  func logLoss(_ sample: Sample) -> Double {
    var sum = 0.0
    for example in 0..<count {
      sum -= sample.weights[example] * Double.naturalLogarithm(rightProbabilities[example])
    }
    return sum / sample.total
  }

  /// Brier score, the mean squared distance of probabilities from the truth.
  ///
  /// Two classes: (p₁ − y)², 0 … 1. More: Σₖ (pₖ − yₖ)², 0 … 2, Brier's own scale. Brier 1950,
  /// doi:10.1175/1520-0493(1950)078<0001:VOFEIT>2.0.CO;2; scikit-learn's `brier_score_loss`.
  func brier(_ sample: Sample) -> Double {
    var sum = 0.0
    for example in 0..<count {
      var squares = 0.0
      if classCount == 2 {
        let miss = positiveScore(example) - Double(actual[example])
        squares = miss * miss
      } else {
        for index in 0..<outputs {
          let miss = scores[example * outputs + index] - (index == actual[example] ? 1 : 0)
          squares += miss * miss
        }
      }
      sum += sample.weights[example] * squares
    }
    return sum / sample.total
  }

  /// Expected calibration error: how far confidence is from being right.
  ///
  ///     ECE = Σ_b w_b |accuracy(b) − confidence(b)| / Σ w
  ///
  /// over equal bins ((b − 1)/B, b/B] of the probability of the predicted class. Naeini et al. 2015;
  /// Guo et al. 2017, arXiv 1706.04599, eq. 3, with 15 bins.
  func expectedCalibrationError(_ bins: Int, _ sample: Sample) -> Double {
    var misses = [Double](repeating: 0, count: bins)
    for example in 0..<count {
      let confidence =
        outputs == 1
        ? max(scores[example], 1 - scores[example])
        : scores[example * outputs + predicted[example]]
      let bin = Int((confidence * Double(bins)).rounded(.up)) - 1
      let isRight = predicted[example] == actual[example]
      misses[min(max(bin, 0), bins - 1)] +=
        sample.weights[example] * ((isRight ? 1 : 0) - confidence)
    }
    return misses.reduce(0) { $0 + abs($1) } / sample.total
  }

  /// The output that speaks for the second of two classes.
  func positiveScore(_ example: Int) -> Double {
    scores[example * outputs + outputs - 1]
  }
}
