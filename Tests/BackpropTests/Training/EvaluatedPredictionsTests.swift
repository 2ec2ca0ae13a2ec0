import Testing

@testable import Backprop
@testable import BackpropInspection

/// Outputs and targets as rows, judged.
func judged(
  _ kind: MetricKind, outputs: [[Double]], targets: [[Double]], weights: [Double]? = nil
) -> EvaluatedPredictions {
  var examples = EvaluatedPredictions(kind: kind, outputs: outputs[0].count)
  let (a, y) = (Matrix(outputs), Matrix(targets))
  let w = weights.map { Matrix([$0]) }
  examples.add(
    outputs: a.view(from: 0), targets: y.view(from: 0), weights: w?.start, losses: nil,
    rows: outputs.count)
  return examples
}

@Suite("Metrics of all outputs, by hand")
struct EvaluatedPredictionsTests {
  static let classes = MetricKind.classification(probabilities: true)
  static let ln2 = 0.6931471805599453

  /// Two classes by one output: scores of examples of the first (0) and second (1) class.
  func binary(_ scores: [Double], _ labels: [Double], weights: [Double]? = nil)
    -> EvaluatedPredictions
  {
    judged(
      Self.classes, outputs: scores.map { [$0] }, targets: labels.map { [$0] }, weights: weights)
  }

  @Test("ROC AUC is the share of pairs in the right order, a tie half of one")
  func areaUnderROC() {
    // Positive ¾, ¼; negative ½, ¼. Pairs: ¾>½ 1, ¾>¼ 1, ¼<½ 0, ¼=¼ ½: 2.5 of 4.
    #expect(binary([0.75, 0.25, 0.5, 0.25], [1, 1, 0, 0]).value(of: .rocAUC) == 0.625)
    // The positive ¼ counts 3 times: pairs 2·1 + 3·½ = 3.5 of 4·2.
    #expect(
      binary([0.75, 0.25, 0.5, 0.25], [1, 1, 0, 0], weights: [1, 3, 1, 1]).value(of: .rocAUC)
        == 0.4375)
    // All the same score: no order, ½.
    #expect(binary([0.5, 0.5, 0.5], [1, 0, 0]).value(of: .rocAUC) == 0.5)
    // One class only: not defined.
    #expect(binary([0.75, 0.25], [1, 1]).value(of: .rocAUC).isNaN)
    // What weighs nothing is not there.
    #expect(binary([0.75, 0.25], [1, 0], weights: [1, 0]).value(of: .rocAUC).isNaN)
  }

  @Test("PR AUC is precision at each threshold, weighed by the recall that it adds")
  func averagePrecision() {
    // Descending: ¾ positive (P 1, ΔR ½); ½ negative; ¼ both (P ½, ΔR ½): ½ + ¼.
    #expect(binary([0.75, 0.25, 0.5, 0.25], [1, 1, 0, 0]).value(of: .averagePrecision) == 0.75)
    #expect(binary([0.75, 0.25], [0, 0]).value(of: .averagePrecision).isNaN)
    #expect(binary([0.25], [1]).value(of: .averagePrecision) == 1)
    // Of the other class, least outputs first: one of the two at 0.25, then both of three.
    var other = binary([0.75, 0.25, 0.5, 0.25], [1, 1, 0, 0])
    other.positive = 0
    #expect(abs(other.value(of: .averagePrecision) - (0.5 + 2.0 / 3) / 2) < 1e-12)
    #expect(MetricKind.classification(probabilities: true).positiveClass(means: [0.9]) == 0)
    #expect(MetricKind.classification(probabilities: true).positiveClass(means: [0.9, 0.1]) == 1)
  }

  /// Confusion of three classes: actual 0: 2 right, 1 as 1. Actual 1: 1 right, 1 as 0. None is 2.
  let absent = judged(
    classes,
    outputs: [
      [0.75, 0.25, 0], [0.75, 0.25, 0], [0.25, 0.75, 0], [0.25, 0.75, 0], [0.75, 0.25, 0],
    ],
    targets: [[1, 0, 0], [1, 0, 0], [1, 0, 0], [0, 1, 0], [0, 1, 0]])

  @Test(
    "Precision, recall and F1 of each class; a class that is absent has none, and no part in means")
  func classTable() {
    let scores = absent.classScores
    // Class 0: TP 2, FP 1, FN 1. Class 1: TP 1, FP 1, FN 1.
    #expect(scores[0].precision == 2.0 / 3 && scores[0].recall == 2.0 / 3)
    #expect(scores[0].f1 == 4.0 / 6 && scores[0].support == 3)
    #expect(scores[1].precision == 0.5 && scores[1].recall == 0.5 && scores[1].f1 == 0.5)
    #expect(scores[2].precision.isNaN && scores[2].recall.isNaN && scores[2].f1.isNaN)
    #expect(scores[2].support == 0)
    #expect(absent.value(of: .balancedAccuracy) == (2.0 / 3 + 0.5) / 2)
    #expect(absent.value(of: .f1) == (2.0 / 3 + 0.5) / 2)
    #expect(absent.confusion == [[2, 1, 0], [1, 1, 0], [0, 0, 0]])
    // A class that is predicted but does not occur: recall has no value, F1 is 0 and counts.
    let predicted = judged(
      Self.classes, outputs: [[0.75, 0.25, 0], [0, 0.25, 0.75]], targets: [[1, 0, 0], [1, 0, 0]])
    #expect(predicted.classScores[2].precision == 0 && predicted.classScores[2].recall.isNaN)
    #expect(predicted.value(of: .balancedAccuracy) == 0.5)
    // Class 0: TP 1, FP 0, FN 1: F1 ⅔. Class 2: 0.
    #expect(predicted.value(of: .f1) == 1.0 / 3)
  }

  @Test("MCC is the correlation of actual and predicted; 0 where one of them is constant")
  func matthewsCorrelation() {
    // TP 2 (of 3), TN 1 (of 2): (2·1 − 1·1)/√(3·3·2·2) = 1/6.
    #expect(abs(absent.value(of: .matthewsCorrelation) - 1.0 / 6) < 1e-15)
    #expect(binary([0.75, 0.75, 0.75], [1, 0, 1]).value(of: .matthewsCorrelation) == 0)
    #expect(binary([0.75, 0.25], [1, 0]).value(of: .matthewsCorrelation) == 1)
    #expect(binary([0.75, 0.25], [0, 1]).value(of: .matthewsCorrelation) == -1)
  }

  @Test(
    "Top-k counts a class among the k largest outputs; ties go to the first, as in a prediction")
  func topK() {
    let examples = judged(
      Self.classes,
      outputs: [[0.5, 0.25, 0.25, 0], [0.5, 0.25, 0.25, 0], [0.5, 0.25, 0.25, 0]],
      targets: [[1, 0, 0, 0], [0, 1, 0, 0], [0, 0, 1, 0]])
    #expect(examples.value(of: .topK(1)) == 1.0 / 3)
    #expect(examples.value(of: .topK(1)) == examples.value(of: .accuracy))
    #expect(examples.value(of: .topK(2)) == 2.0 / 3)
    #expect(examples.value(of: .topK(3)) == 1)
    #expect(binary([0.75, 0.75], [1, 0]).value(of: .topK(1)) == 0.5)
    #expect(binary([0.75, 0.75], [1, 0]).value(of: .topK(2)) == 1)
  }

  @Test("Log loss and Brier score of two classes and of more")
  func probabilities() {
    // p of the right class ¾, ½ … with weights 1 and 3.
    let two = binary([0.75, 0.5], [1, 0], weights: [1, 3])
    // Brier: (¼² + 3·½²)/4.
    #expect(two.value(of: .brier) == (0.0625 + 0.75) / 4)
    let expected = ((2 * Self.ln2 - 1.0986122886681098) + 3 * Self.ln2) / 4
    #expect(abs(two.value(of: .logLoss) - expected) < 1e-15)
    // Two outputs mean the same: the score is not doubled.
    let both = judged(
      Self.classes, outputs: [[0.25, 0.75], [0.5, 0.5]], targets: [[0, 1], [1, 0]], weights: [1, 3])
    #expect(both.value(of: .brier) == two.value(of: .brier))
    // Three: (½−1)² + ¼² + ¼².
    let three = judged(Self.classes, outputs: [[0.5, 0.25, 0.25]], targets: [[1, 0, 0]])
    #expect(three.value(of: .brier) == 0.375)
    #expect(abs(three.value(of: .logLoss) - Self.ln2) < 1e-15)
  }

  @Test("The calibration error is the gap of confidence and accuracy in each bin")
  func calibration() {
    // Two bins (0, ½], (½, 1]. Confidence ¾ right, ¾ wrong, ⅝ right: accuracy ⅔, confidence 17/24.
    let examples = binary([0.75, 0.25, 0.625], [1, 1, 1])
    let gap = 17.0 / 24 - 2.0 / 3
    #expect(abs(examples.value(of: .expectedCalibrationError(bins: 2)) - gap) < 1e-15)
    // Eight bins: ¾ ends bin 6, ⅝ bin 5: (2·|½ − ¾| + |1 − ⅝|)/3.
    #expect(
      abs(examples.value(of: .expectedCalibrationError(bins: 8)) - (0.5 + 0.375) / 3) < 1e-15)
    #expect(binary([1], [1]).value(of: .expectedCalibrationError()) == 0)
  }

  @Test("One example has every metric that needs no second one")
  func oneExample() {
    let one = judged(Self.classes, outputs: [[0.25, 0.75, 0]], targets: [[0, 1, 0]])
    #expect(one.value(of: .accuracy) == 1 && one.value(of: .balancedAccuracy) == 1)
    #expect(one.value(of: .f1) == 1 && one.value(of: .matthewsCorrelation) == 0)
    #expect(one.value(of: .rocAUC).isNaN && one.value(of: .averagePrecision) == 1)
    let number = judged(.regression(scales: [2]), outputs: [[3]], targets: [[1]])
    #expect(number.value(of: .rmse) == 4 && number.value(of: .medianAbsoluteError) == 4)
    #expect(number.value(of: .r2).isNaN)
    #expect(
      EvaluatedPredictions(kind: Self.classes, outputs: 2).value(of: .accuracy).isNaN,
      "of no examples")
  }

  @Test("Regression: median, pinball; R² of a constant target is not defined")
  func regression() {
    // a − y: 1, −2, 3, −6. |·| sorted 1, 2, 3, 6: median 2.5.
    let outputs: [[Double]] = [[1], [-2], [3], [-6]]
    let targets: [[Double]] = [[0], [0], [0], [0]]
    let plain = judged(.regression(scales: [1]), outputs: outputs, targets: targets)
    #expect(plain.value(of: .medianAbsoluteError) == 2.5)
    // y − a = −1, 2, −3, 6 at q = ¾: ¼, 1.5, ¾, 4.5.
    #expect(plain.value(of: .pinball(quantile: 0.75)) == 1.75)
    #expect(plain.value(of: .mae) == 3 && plain.value(of: .pinball()) == 1.5)
    #expect(plain.value(of: .r2).isNaN)
    // The 1 weighs as much as two: 1, 1, 2, 3, 6.
    let weighted = judged(
      .regression(scales: [1]), outputs: outputs, targets: targets, weights: [2, 1, 1, 1])
    #expect(weighted.value(of: .medianAbsoluteError) == 2)
    // Two outputs in units of 2 and 3. |a − y|: 1, 2, 3 and 4, 5, 9: medians 2 · 2 and 3 · 5, mean 9½.
    // Pinball at ¾ of y − a = −1, 2, −3 and 4, −5, 9, in units: ½, 3, 1½ and 9, 3¾, 20¼: 38/6.
    for unit in [1.0, 1e306, 1e-300] {
      let scaled = judged(
        .regression(scales: [2 * unit, 3 * unit]), outputs: [[1, -4], [-2, 5], [3, -9]],
        targets: [[0, 0], [0, 0], [0, 0]])
      #expect(abs(scaled.value(of: .medianAbsoluteError) / unit - 9.5) < 1e-13)
      #expect(abs(scaled.value(of: .pinball(quantile: 0.75)) / unit - 38.0 / 6) < 1e-13)
    }
    // Constant and varying targets: the mean over those that vary.
    let two = judged(
      .regression(scales: [1, 1]), outputs: [[5, 0], [5, 2]], targets: [[5, 0], [5, 4]])
    #expect(two.value(of: .r2) == 0.5)
  }

  @Test("Several labels: areas and F1 are means over the labels")
  func multiLabel() {
    let examples = judged(
      .multiLabel(), outputs: [[0.75, 0.25], [0.25, 0.75], [0.625, 0.5]],
      targets: [[1, 1], [0, 0], [0, 1]])
    // Label 0: positive ¾ above both: 1. Label 1: positives ¼, ½ below the negative ¾: 0.
    #expect(examples.value(of: .rocAUC) == 0.5)
    // Label 0: TP 1, FP 1, FN 0: ⅔. Label 1: TP 0: 0.
    #expect(examples.value(of: .f1) == 1.0 / 3)
    // Right: label 0 in rows 1, 2; label 1 in none.
    #expect(examples.value(of: .accuracy) == 2.0 / 6 && examples.value(of: .exactMatch) == 0)
    #expect(examples.classScores.map(\.support) == [1, 2])
  }

  @Test("A weight of 2 is the example twice, and a weight of 0 is none, in every metric")
  func duplicates() {
    var random = RandomSource(seed: 3, purpose: .sampling)
    func check(
      _ kind: MetricKind, _ outputs: [[Double]], _ targets: [[Double]],
      sourceLocation: SourceLocation = #_sourceLocation
    ) {
      let weights = outputs.indices.map { Double($0 % 3) }
      let times = outputs.indices.flatMap { Array(repeating: $0, count: $0 % 3) }
      let weighted = judged(kind, outputs: outputs, targets: targets, weights: weights)
      let copied = judged(
        kind, outputs: times.map { outputs[$0] }, targets: times.map { targets[$0] })
      for metric in Metric.defined(for: kind) {
        let (found, expected) = (weighted.value(of: metric), copied.value(of: metric))
        #expect(
          abs(found - expected) <= 1e-14 * max(1, abs(expected)), "\(metric)",
          sourceLocation: sourceLocation)
      }
    }
    let rows = 40
    let p = (0..<rows).map { _ in
      let parts = (0..<4).map { _ in Double(random.index(below: 8) + 1) }
      return parts.map { $0 / parts.reduce(0, +) }
    }
    let codes = (0..<rows).map { _ in random.index(below: 4) }
    check(Self.classes, p, codes.map { code in (0..<4).map { $0 == code ? 1 : 0 } })
    check(Self.classes, p.map { [$0[0] * 2 / (1 + $0[0])] }, codes.map { [$0 < 2 ? 1 : 0] })
    check(
      .multiLabel(), p.map { $0.map { min(1, 2 * $0) } },
      codes.map { c in (0..<4).map { $0 <= c ? 1 : 0 } })
    check(.regression(scales: [3, 1]), p.map { [$0[0], $0[1]] }, p.map { [$0[2], $0[3]] })
  }

  @Test("The metrics of every epoch are the same numbers, with weights and without")
  func sameAsEpochs() {
    var random = RandomSource(seed: 5, purpose: .sampling)
    let outputs = (0..<30).map { _ in (0..<3).map { _ in random.uniform() } }
    let targets = (0..<30).map { row in (0..<3).map { $0 == row % 3 ? 1.0 : 0 } }
    let weights = (0..<30).map { _ in random.uniform() }
    for kind: MetricKind in [Self.classes, .multiLabel(), .regression(scales: [1, 2, 3])] {
      for weights in [nil, weights] {
        var metrics = Metrics(kind: kind, outputs: 3)
        let (a, y, w) = (Matrix(outputs), Matrix(targets), weights.map { Matrix([$0]) })
        metrics.add(
          outputs: a.view(from: 0), targets: y.view(from: 0), weights: w?.start, rows: 0..<30)
        let examples = judged(kind, outputs: outputs, targets: targets, weights: weights)
        for (name, value) in metrics.values {
          let metric = Metric.allCases.first { $0.key == name }
          #expect(metric.map { examples.value(of: $0) } == value, "\(name) of \(kind)")
          #expect(metric?.isOfEveryEpoch == true)
        }
      }
    }
  }

  @Test(
    "Of classes, outputs are kept only for metrics that rank them; the others are the same without")
  func withoutOutputs() throws {
    let network = try Network<Float>(
      sizes: [2, 6], activations: [.softmax], loss: .crossEntropy, seed: 4)
    let data = Dataset(
      inputs: Matrix((0..<30).map { [Float($0), Float(7 * $0 % 5)] }),
      classes: (0..<30).map { UInt32($0 * $0 % 6) }, of: 6)
    let all = Metric.defined(for: Self.classes)
    let few = all.filter { !$0.ranksOutputs }
    func predictions(for metrics: [Metric]?) -> EvaluatedPredictions {
      network.evaluateKeepingPredictions(on: data, metrics: Self.classes, for: metrics).predictions
    }
    let (whole, short) = (predictions(for: nil), predictions(for: few))
    #expect(whole.scores.count == 180 && short.scores.isEmpty)
    #expect(predictions(for: all).scores.count == 180)
    #expect(short.values(of: few) == whole.values(of: few))
    #expect(short.classScores.map(\.support) == whole.classScores.map(\.support))
  }

  @Test("A metric's name reads back to it; names are those of the list")
  func names() {
    for metric in Metric.allCases { #expect(Metric(metric.description) == metric) }
    let bare = Metric.names.map { String($0.prefix { $0 != "[" }) }
    #expect(bare.map { Metric($0) } == Metric.allCases)
    #expect(Metric("top-k:3") == .topK(3) && Metric("top-k:0") == nil && Metric("f2") == nil)
    #expect(Metric("pinball:0.9")?.key == "pinball0.9" && Metric("pinball:1") == nil)
  }

  @Test("A bootstrap interval holds the middle 95 % of the values, and depends on the seed alone")
  func bootstrap() {
    // Percentiles of 0, 1, …, 40: places 0.025 · 40 = 1 and 39.
    let sorted = (0...40).map { Double($0) }
    #expect(EvaluatedPredictions.percentile(0.025, of: sorted) == 1)
    #expect(EvaluatedPredictions.percentile(0.975, of: sorted) == 39)
    #expect(EvaluatedPredictions.percentile(0.5, of: [1, 2]) == 1.5)
    #expect(EvaluatedPredictions.percentile(0.975, of: [7]) == 7)
    #expect(EvaluatedPredictions.percentile(0.025, of: []).isNaN)

    // 80 of 100 right.
    let scores = (0..<100).map { $0 % 5 == 0 ? 0.25 : 0.75 }
    let examples = binary(scores, [Double](repeating: 1, count: 100))
    let found = examples.bootstrap([.accuracy, .rocAUC, .brier], samples: 2000, seed: 7)
    #expect(found[2] == examples.bootstrap([.brier], samples: 2000, seed: 7)[0])
    #expect(found[2] != examples.bootstrap([.brier], samples: 100, seed: 8)[0])
    // Binomial with n = 100, p = 0.8: standard deviation 0.04, so about 0.8 ± 0.078.
    #expect(found[0].value == 0.8)
    #expect(abs(found[0].low - 0.72) < 0.015 && abs(found[0].high - 0.88) < 0.015)
    #expect(found[1].value.isNaN && found[1].low.isNaN && found[1].high.isNaN)
  }
}

/// scikit-learn's numbers; `Reference/metrics.py` makes them.
@Suite("Metrics against reference numbers")
struct MetricReferenceTests {
  struct Document: Decodable {
    struct Case: Decodable {
      let name: String
      let task: String
      let outputs: [[Double]]
      let targets: [[Double]]
      let weights: [Double]?
      let values: [String: Double]
      let precision: [Double?]
      let recall: [Double?]
      let support: [Double]
      let confusion: [[Double]]
    }
    struct Balanced: Decodable {
      let codes: [UInt32]
      let weights: [Double]?
      let values: [Double]
    }
    let cases: [Case]
    let balanced: [Balanced]
  }

  @Test("Every metric agrees with scikit-learn within 1e-12, by one output and by two")
  func scikitLearn() throws {
    for reference in try fixture("sklearn_metrics", as: Document.self).cases {
      let isBinary = reference.task == "classification" && reference.outputs[0].count == 2
      for isSingle in isBinary ? [false, true] : [false] {
        func part(_ rows: [[Double]]) -> [[Double]] { isSingle ? rows.map { [$0[1]] } : rows }
        let outputs = part(reference.outputs)
        let kind: MetricKind =
          reference.task == "classification"
          ? .classification(probabilities: true)
          : .regression(scales: outputs[0].map { _ in 1 })
        let examples = judged(
          kind, outputs: outputs, targets: part(reference.targets), weights: reference.weights)
        for (key, expected) in reference.values {
          let metric: Metric =
            switch key {
            case "top2": .topK(2)
            case "top3": .topK(3)
            case "pinball0.9": .pinball(quantile: 0.9)
            default: try #require(Metric.allCases.first { $0.key == key })
            }
          let found = examples.value(of: metric)
          #expect(
            abs(found - expected) <= 1e-12, "\(reference.name): \(metric) \(found), not \(expected)"
          )
        }
        for (index, score) in examples.classScores.enumerated() {
          for (found, expected) in [
            (score.precision, reference.precision[index]), (score.recall, reference.recall[index]),
            (score.support, reference.support[index]),
          ] {
            #expect(
              expected.map { abs(found - $0) <= 1e-12 } ?? found.isNaN,
              "\(reference.name), class \(index)")
          }
        }
        #expect(examples.confusion == reference.confusion)
      }
    }
  }

  @Test("Balanced weights of classes agree with scikit-learn, and average to 1")
  func balanced() throws {
    for reference in try fixture("sklearn_metrics", as: Document.self).balanced {
      let labels = reference.values.indices.map { "\($0)" }
      let found = try ExampleWeights.balanced(
        codes: reference.codes, labels: labels, weights: reference.weights)
      #expect(relativeDifference(found, reference.values) <= 1e-15)
      let weights = reference.weights ?? reference.codes.map { _ in 1 }
      let sum = zip(reference.codes, weights).reduce(0) { $0 + found[Int($1.0)] * $1.1 }
      #expect(abs(sum - weights.reduce(0, +)) < 1e-14)
    }
  }
}
