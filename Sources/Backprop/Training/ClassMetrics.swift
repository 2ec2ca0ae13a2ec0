// Metrics of classes: of the predicted ones, and of their probabilities.

/// What a table of classes shows of one of them.
package struct ClassScore: Sendable, Equatable {
  /// TP / (TP + FP), the share of the predictions that are right; NaN if the class is never predicted.
  package let precision: Double
  /// TP / (TP + FN), the share of the examples that are found; NaN if the class does not occur.
  package let recall: Double
  /// 2 TP / (2 TP + FP + FN), the harmonic mean of both; NaN if the class neither occurs nor is
  /// predicted. van Rijsbergen 1979, *Information Retrieval*, ch. 7.
  package let f1: Double
  /// Σ w of the examples of the class.
  package let support: Double

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

/// An example of classes, as far as metrics need it.
struct ClassifiedExample: Sendable {
  let actual: Int
  let predicted: Int
  /// How many classes a prediction of several would name before the right one.
  let classesBefore: Int
  /// ln p of the right class, p not below the least normal number of the precision; 0 if outputs are no
  /// probabilities, and so for the next two.
  let logarithm: Double
  /// The probability of the predicted class.
  let confidence: Double
  /// Two classes: (p₁ − y)². More: Σₖ (pₖ − yₖ)².
  let squaredDistance: Double

  var isRight: Bool { actual == predicted }

  fileprivate init(
    actual: Int, predicted: Int, classesBefore: Int, logarithm: Double, confidence: Double,
    squaredDistance: Double
  ) {
    (self.actual, self.predicted, self.classesBefore) = (actual, predicted, classesBefore)
    (self.logarithm, self.confidence, self.squaredDistance) = (
      logarithm, confidence, squaredDistance
    )
  }

  /// - Parameters:
  ///   - output: a, `outputs` of them.
  ///   - target: y, likewise.
  ///   - threshold: What tells two classes of one output apart.
  init<T: Scalar>(
    _ output: UnsafePointer<T>, _ target: UnsafePointer<T>, _ outputs: Int, _ threshold: T,
    probabilities: Bool
  ) {
    let example = Metrics.classes(output, target, outputs, threshold)
    (actual, predicted) = (example.actual, example.predicted)
    if outputs == 1 {
      classesBefore = actual == predicted ? 0 : 1
    } else {
      let score = output[actual]
      var before = 0
      for index in 0..<outputs where output[index] >= score {
        if output[index] > score || index < actual { before += 1 }
      }
      classesBefore = before
    }
    guard probabilities else {
      (logarithm, confidence, squaredDistance) = (0, 0, 0)
      return
    }
    logarithm = Double.naturalLogarithm(Metrics.clamped(example.probability))
    let positive = Double(output[outputs - 1])
    confidence =
      outputs == 1 ? max(positive, 1 - positive) : Double(output[predicted])
    if outputs <= 2 {
      let miss = positive - Double(actual)
      squaredDistance = miss * miss
    } else {
      var squares = 0.0
      for index in 0..<outputs {
        let miss = Double(output[index]) - (index == actual ? 1 : 0)
        squares += miss * miss
      }
      squaredDistance = squares
    }
  }
}

extension ClassifiedExample {
  /// One of two classes with another prediction.
  func predicting(_ predicted: Int, confidence: Double) -> ClassifiedExample {
    ClassifiedExample(
      actual: actual, predicted: predicted, classesBefore: actual == predicted ? 0 : 1,
      logarithm: logarithm, confidence: confidence, squaredDistance: squaredDistance)
  }
}

extension EvaluatedPredictions {
  /// Whether a label is predicted, and whether it is there.
  private func label(_ index: Int, of example: Int) -> (predicted: Bool, actual: Bool) {
    var threshold = 0.5
    if case .multiLabel(let own) = kind { threshold = own }
    let at = example * outputs + index
    return (scores[at] > threshold, targets[at] == 1)
  }

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
        let (actual, predicted) = (classified[example].actual, classified[example].predicted)
        totals.predicted[predicted] += weight
        totals.actual[actual] += weight
        if predicted == actual { totals.right[actual] += weight }
      }
    }
    return totals
  }

  /// Precision, recall, F1 and support of each class, or of each label that may be there.
  package var classScores: [ClassScore] {
    if case .regression = kind { return [] }
    return totals(Sample(of: self, ranking: Ranking())).scores
  }

  /// Σ w of the examples of each actual class (rows) by their predicted one (columns).
  ///
  /// - Complexity: O(examples + K²).
  package var confusion: [[Double]] {
    var sums = [[Double]](
      repeating: [Double](repeating: 0, count: classCount), count: classCount)
    for (example, weight) in zip(classified, Sample(of: self, ranking: Ranking()).weights) {
      sums[example.actual][example.predicted] += weight
    }
    return sums
  }

  /// The mean recall over the classes that occur.
  ///
  /// Brodersen et al. 2010, doi:10.1109/ICPR.2010.764; scikit-learn's `balanced_accuracy_score`.
  func balancedAccuracy(_ sample: Sample) -> Double {
    Metric.meanOfDefined(totals(sample).scores.map(\.recall))
  }

  /// Macro F1: the mean F1 over the classes that occur or are predicted.
  ///
  /// Two classes are no exception: both count. scikit-learn's `f1_score(average="macro")`.
  func f1(_ sample: Sample) -> Double {
    Metric.meanOfDefined(totals(sample).scores.map(\.f1))
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
    mean(sample) { classified[$0].classesBefore < k ? 1 : 0 }
  }

  // MARK: Probabilities

  /// Brier score, the mean squared distance of probabilities from the truth.
  ///
  /// Two classes: (p₁ − y)², 0 … 1. More: Σₖ (pₖ − yₖ)², 0 … 2, Brier's own scale. Brier 1950,
  /// doi:10.1175/1520-0493(1950)078<0001:VOFEIT>2.0.CO;2; scikit-learn's `brier_score_loss`.
  func brier(_ sample: Sample) -> Double { mean(sample) { classified[$0].squaredDistance } }

  /// Expected calibration error: how far confidence is from being right.
  ///
  ///     ECE = Σ_b w_b |accuracy(b) − confidence(b)| / Σ w
  ///
  /// over equal bins ((b − 1)/B, b/B] of the probability of the predicted class. Naeini et al. 2015;
  /// Guo et al. 2017, arXiv 1706.04599, eq. 3, with 15 bins.
  func expectedCalibrationError(_ bins: Int, _ sample: Sample) -> Double {
    var misses = [Double](repeating: 0, count: bins)
    for (example, weight) in zip(classified, sample.weights) {
      let bin = Int((example.confidence * Double(bins)).rounded(.up)) - 1
      misses[min(max(bin, 0), bins - 1)] +=
        weight * ((example.isRight ? 1 : 0) - example.confidence)
    }
    return misses.reduce(0) { $0 + abs($1) } / sample.total
  }
}
