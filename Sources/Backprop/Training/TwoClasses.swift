// Two classes: which of them is the positive one, from which output on it is predicted, and the curves
// that show all such thresholds at once.

/// A point of a curve of two classes; all numbers are 0 … 1.
package struct ClassCurvePoint: Sendable, Equatable {
  package let x: Double
  package let y: Double

  package init(x: Double, y: Double) {
    (self.x, self.y) = (x, y)
  }
}

extension EvaluatedPredictions {
  /// What speaks for one of two classes: its probability where outputs are probabilities.
  ///
  /// - Precondition: There are two classes, and outputs were kept.
  private func score(of positive: Int, _ example: Int) -> Double {
    precondition(classCount == 2 && scores.count == count * outputs, "no outputs of two classes")
    if outputs == 2 { return scores[example * 2 + positive] }
    guard case .classification(let threshold, _) = kind, positive == 0 else {
      return scores[example]
    }
    return 2 * threshold - scores[example]
  }

  /// The same examples, with the positive class predicted where its output is above a threshold.
  ///
  /// - Parameters:
  ///   - positive: The code of the class, 0 or 1.
  ///   - threshold: In the unit of the outputs: of probabilities 0 … 1, where ½ is what a model does.
  package func deciding(for positive: Int, above threshold: Double) -> EvaluatedPredictions {
    var decided = self
    decided.decide { example in
      let score = score(of: positive, example)
      let isPositive = score > threshold
      return (isPositive ? positive : 1 - positive, isPositive ? score : 1 - score)
    }
    return decided
  }

  /// The threshold whose F1 of the positive class is the greatest on these examples, half-way between two
  /// outputs; of equal ones the largest.
  ///
  /// - Returns: nil if no example is positive.
  package func bestThreshold(for positive: Int) -> (threshold: Double, f1: Double)? {
    let steps = steps(for: positive)
    let all = steps.reduce(0) { $0 + $1.positive }
    guard all > 0 else { return nil }
    var best: (threshold: Double, f1: Double)?
    var (right, predicted) = (0.0, 0.0)
    for (index, step) in steps.enumerated() {
      right += step.positive
      predicted += step.positive + step.negative
      let f1 = 2 * right / (predicted + all)
      // Below the last output there is none; the least that leaves it above.
      let next = index + 1 < steps.count ? steps[index + 1].score : 2 * step.score - 1
      if f1 > best?.f1 ?? -1 { best = ((step.score + next) / 2, f1) }
    }
    return best.map { (min(max($0.threshold, 0), 1), $0.f1) }
  }

  /// The share of the positive examples that are found (y) at the share of the others that are taken for
  /// positive (x), for every threshold: from (0, 0) to (1, 1). Its area is `Metric.rocAUC`. Empty if one
  /// class alone occurs.
  package func rocCurve(for positive: Int) -> [ClassCurvePoint] {
    let steps = steps(for: positive)
    let (all, others) = steps.reduce((0.0, 0.0)) { ($0.0 + $1.positive, $0.1 + $1.negative) }
    guard all > 0, others > 0 else { return [] }
    var points = [ClassCurvePoint(x: 0, y: 0)]
    var (found, wrong) = (0.0, 0.0)
    for step in steps {
      found += step.positive
      wrong += step.negative
      points.append(ClassCurvePoint(x: wrong / others, y: found / all))
    }
    return points
  }

  /// The share of examples that are positive (y) where so much was predicted on average (x), in equal bins of
  /// the probability; bins without examples are left out. On the diagonal a probability is what it says.
  ///
  /// DeGroot & Fienberg 1983, doi:10.2307/2987588.
  package func calibrationCurve(for positive: Int, bins: Int = 10) -> [ClassCurvePoint] {
    var sums = [(weight: Double, score: Double, positive: Double)](
      repeating: (0, 0, 0), count: bins)
    for step in steps(for: positive) {
      let bin = min(max(Int(step.score * Double(bins)), 0), bins - 1)
      let weight = step.positive + step.negative
      sums[bin].weight += weight
      sums[bin].score += weight * step.score
      sums[bin].positive += step.positive
    }
    return sums.filter { $0.weight > 0 }.map {
      ClassCurvePoint(x: $0.score / $0.weight, y: $0.positive / $0.weight)
    }
  }

  /// The different outputs, the largest first, with Σ w of the positive and the other examples at each.
  private func steps(
    for positive: Int
  ) -> [(score: Double, positive: Double, negative: Double)] {
    let weights = Sample(of: self, ranking: Ranking()).weights
    let values = (0..<count).map { score(of: positive, $0) }
    var steps: [(score: Double, positive: Double, negative: Double)] = []
    for example in values.indices.sorted(by: { values[$0] > values[$1] }) where weights[example] > 0
    {
      if steps.last?.score != values[example] { steps.append((values[example], 0, 0)) }
      if classified[example].actual == positive {
        steps[steps.count - 1].positive += weights[example]
      } else {
        steps[steps.count - 1].negative += weights[example]
      }
    }
    return steps
  }
}
