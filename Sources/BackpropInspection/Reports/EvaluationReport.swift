import Backprop

/// An evaluation, as JSON and as text.
package struct EvaluationReport {
  package let evaluation: Evaluation
  package let predictions: EvaluatedPredictions
  package let target: TargetEncoder
  package let weights: ExampleWeights?
  package let loss: Loss
  package let metrics: [(metric: Metric, value: Double)]
  /// Of the loss and the metrics; empty if nobody asked.
  package let intervals: [MetricInterval]
  package let samples: Int
  package let seed: UInt64
  /// Whether the text shows the classes one by one.
  package let showsClasses: Bool
  /// What the model knows of the rows; nil if it knows nothing of them.
  package var rows: KnownRows?
  /// What a model reaches that looks at no column; nil if nobody knows the rows of training.
  package var baseline: Evaluation?
  package var usualLabel: String?
  /// The weights of training that were not looked at: every row counts once.
  package var unusedWeights: ExampleWeights?
  /// Of two classes.
  package var decision: ClassDecision?
  /// How the intervals of predictions do on these rows; nil if there are none.
  package var predictionInterval: IntervalScore?

  /// What a model knows of the rows that judge it.
  package enum KnownRows {
    /// All rows of the data that the parts were taken from, learned from and others.
    case all(parts: [TrainedRows.Role])
    /// Those of one part, because they were asked for, or are all there are.
    case part(TrainedRows.Role, isAsked: Bool)

    var name: String {
      switch self {
      case .all: "all"
      case .part(let role, _): role.rawValue
      }
    }

    func text(in language: Language) -> String {
      switch self {
      case .all(let parts):
        let names = parts.map { "--part \($0.rawValue)" }.joined(separator: ", ")
        return language.text(.rowsOfTraining)
          + (parts.isEmpty ? "" : language.text(.rowsOfParts, names))
      case .part(.training, isAsked: false): return language.text(.rowsOfTraining)
      case .part(.training, _): return language.text(.rowsLearned)
      case .part(.heldOut, _): return language.text(.rowsHeldOut)
      case .part(.test, _): return language.text(.rowsOfTest)
      }
    }
  }

  /// Which of two classes is the positive one, and from where on it is predicted.
  package struct ClassDecision {
    package enum Source {
      case model, given, bestF1
    }

    package let positive: Int
    /// Whether it is the rarer one of the training rows, and nobody named it.
    package let isRarest: Bool
    package let threshold: Double
    package let source: Source

    package init(positive: Int, isRarest: Bool, threshold: Double, source: Source) {
      self.positive = positive
      self.isRarest = isRarest
      self.threshold = threshold
      self.source = source
    }
  }

  package init(
    evaluation: Evaluation, predictions: EvaluatedPredictions, target: TargetEncoder,
    weights: ExampleWeights?, loss: Loss, metrics: [(metric: Metric, value: Double)],
    intervals: [MetricInterval], samples: Int, seed: UInt64, showsClasses: Bool
  ) {
    self.evaluation = evaluation
    self.predictions = predictions
    self.target = target
    self.weights = weights
    self.loss = loss
    self.metrics = metrics
    self.intervals = intervals
    self.samples = samples
    self.seed = seed
    self.showsClasses = showsClasses
  }

  // MARK: JSON

  package var document: JSONValue {
    var members: [JSONMember] = [
      JSONMember("schema", "backprop.evaluate/1"),
      JSONMember("examples", JSONValue(predictions.count)),
      JSONMember("loss", JSONValue(evaluation.loss)),
      JSONMember(
        "metrics", .object(metrics.map { JSONMember($0.metric.key, JSONValue($0.value)) })),
      JSONMember("confusion", confusion),
      JSONMember("classes", classes),
      JSONMember("weights", weights?.json(labels: target.labels) ?? .null),
      JSONMember("rows", rows.map { .string($0.name) } ?? .null),
      JSONMember("baseline", baseline.map(Self.json) ?? .null),
      JSONMember("positive", decision.map { .string(target.labels[$0.positive]) } ?? .null),
      JSONMember("threshold", decision.map { JSONValue($0.threshold) } ?? .null),
    ]
    if let predictionInterval {
      members.append(JSONMember("interval", predictionInterval.json))
    }
    if samples > 0 {
      members.append(
        JSONMember(
          "intervals",
          .object(
            intervals.map { interval in
              JSONMember(
                interval.metric.key,
                [
                  "value": JSONValue(interval.value), "low": JSONValue(interval.low),
                  "high": JSONValue(interval.high),
                ])
            })))
      members.append(
        JSONMember(
          "bootstrap",
          [
            "samples": JSONValue(samples), "level": JSONValue(EvaluatedPredictions.bootstrapLevel),
            "seed": JSONValue(seed),
          ]))
    }
    return .object(members)
  }

  private static func json(_ evaluation: Evaluation) -> JSONValue {
    .object(
      [JSONMember("loss", JSONValue(evaluation.loss))]
        + evaluation.metrics.values.map { JSONMember($0.name, JSONValue($0.value)) })
  }

  /// More classes than this have their confusion listed cell by cell: most of the matrix is 0.
  private static let mostClassesInMatrix = 1000

  /// Counts of examples, and, if they have weights, the sums of those.
  private var confusion: JSONValue {
    let counts = predictions.counts
    guard counts.classCount > 0 else { return .null }
    var members = [JSONMember("labels", JSONValue(target.labels))]
    guard counts.classCount <= Self.mostClassesInMatrix else {
      members.append(
        JSONMember(
          "cells",
          .array(counts.cells.map { JSONValue([$0.actual, $0.predicted, $0.count]) })))
      return .object(members)
    }
    members.append(JSONMember("counts", .array(counts.rows.map { JSONValue($0) })))
    if predictions.isWeighted {
      members.append(
        JSONMember("weights", .array(predictions.confusion.map { JSONValue($0) })))
    }
    return .object(members)
  }

  private var classes: JSONValue {
    let scores = predictions.classScores
    guard !scores.isEmpty else { return .null }
    return .array(
      zip(target.labels, scores).map { label, score in
        [
          "label": .string(label), "precision": JSONValue(score.precision),
          "recall": JSONValue(score.recall), "f1": JSONValue(score.f1),
          "support": JSONValue(score.support),
        ]
      })
  }

  // MARK: Text

  /// Classes of a confusion matrix that still fits a terminal.
  private static let mostClassesShown = 20

  package func lines(in language: Language) -> [String] {
    let terms = Terms(language)
    var rows: [(name: String, value: String, interval: String)] = []
    rows.append((language.text(.examples), Format.count(predictions.count), ""))
    if let known = self.rows { rows.append((language.text(.rows), known.text(in: language), "")) }
    if let weights {
      rows.append(
        (language.text(.weights), weights.text(labels: target.labels, in: language), ""))
    } else if let unusedWeights {
      let text = unusedWeights.text(labels: target.labels, in: language)
      rows.append((language.text(.weights), language.text(.rowsCountOnce, text), ""))
    }
    if let decision {
      rows.append((language.text(.positiveClass), text(of: decision, in: language), ""))
    }
    for (metric, value) in metrics {
      rows.append((terms.name(metric), MetricText.value(metric, value), interval(metric)))
    }
    let weighing =
      predictions.isWeighted
      ? language.text(.perExample, Format.short(evaluation.metrics.meanWeight)) : ""
    rows.append(
      (
        terms.name(.loss),
        language.text(
          .lossOfData, Format.short(evaluation.loss), terms.name(loss), weighing),
        interval(.loss)
      ))
    if let predictionInterval {
      rows.append((language.text(.predictionInterval), terms.text(predictionInterval), ""))
    }
    if let gap = gapOfLogLoss {
      rows.append(("", language.text(.clippedLogLoss, Format.short(gap)), ""))
    }
    if let baseline, baseline.loss.isFinite {
      rows.append(
        (language.text(.baseline), terms.text(baseline: baseline, usual: usualLabel), ""))
      if let text = terms.text(
        failuresOf: evaluation, against: baseline, shown: metrics)
      {
        rows.append(("", text, ""))
      }
    }
    let width = (rows.map(\.name.displayWidth).max() ?? 0) + 2
    let values = rows.filter { !$0.interval.isEmpty }.map(\.value.displayWidth).max() ?? 0
    var lines = rows.map { row in
      let value =
        row.interval.isEmpty ? row.value : Format.right(row.value, values + 2) + row.interval
      return Format.right(row.name, width) + value
    }
    if samples > 0 {
      lines += [
        "",
        language.text(.interval, language.count(samples, .sample), String(seed)),
      ]
    }
    guard showsClasses else { return lines }
    return lines + classLines(language) + confusionLines(language)
  }

  /// By how much the loss is above the log loss that it is, because that takes no probability for less than
  /// the least normal number; nil if they are one.
  private var gapOfLogLoss: Double? {
    guard evaluation.lossIsLogLoss, !predictions.isWeighted,
      let logLoss = evaluation.value(of: .logLoss)
    else { return nil }
    let gap = evaluation.loss - logLoss
    return abs(gap) > 1e-4 * max(1e-6, abs(evaluation.loss)) ? gap : nil
  }

  private func text(of decision: ClassDecision, in language: Language) -> String {
    let label = target.labels[decision.positive].shown()
    let threshold = Format.short(decision.threshold)
    let which = decision.isRarest ? language.text(.rarest, label) : label
    return switch decision.source {
    case .model: which
    case .given: language.text(.aboveThreshold, which, threshold)
    case .bestF1:
      language.text(.aboveThreshold, which, threshold) + language.text(.chosenForF1)
    }
  }

  private func interval(_ metric: Metric) -> String {
    guard let interval = intervals.first(where: { $0.metric == metric }) else { return "" }
    return "[\(MetricText.value(metric, interval.low)), \(MetricText.value(metric, interval.high))]"
  }

  private func shortened(_ label: String) -> String {
    label.shown(limit: 12)
  }

  /// A number of examples, or a sum of weights.
  private func amount(_ value: Double) -> String {
    value == value.rounded() && value < 1e15 ? Format.count(Int(value)) : Format.short(value)
  }

  private func classLines(_ language: Language) -> [String] {
    let scores = predictions.classScores
    guard !scores.isEmpty, scores.count <= Self.mostClassesShown else { return [] }
    var table = TextTable([
      (language.text(predictions.classCount > 0 ? .classHeading : .labelHeading), .left),
      (language.text(.precision), .right), (language.text(.recall), .right), ("F1", .right),
      (language.text(predictions.isWeighted ? .weight : .support), .right),
    ])
    for (label, score) in zip(target.labels, scores) {
      func share(_ value: Double) -> String { value.isNaN ? "–" : Format.fixed(value, 4) }
      table.add(
        shortened(label), share(score.precision), share(score.recall), share(score.f1),
        amount(score.support))
    }
    return [""] + table.lines(indent: 0)
  }

  private func confusionLines(_ language: Language) -> [String] {
    let classes = predictions.classCount
    guard classes > 0, classes <= Self.mostClassesShown else { return [] }
    let names = target.labels.map(shortened)
    let cells = predictions.confusion.map { $0.map(amount) }
    let columns = names.indices.map { column in
      max(names[column].displayWidth, cells.map { $0[column].displayWidth }.max() ?? 0)
    }
    let first = names.map(\.displayWidth).max() ?? 0
    let header = zip(names, columns).map { Format.left($0, $1) }.joined(separator: "  ")
    let title =
      language.text(.confusion) + (predictions.isWeighted ? language.text(.sumsOfWeights) : "")
    return ["", title, Format.right("", first) + "  " + header]
      + zip(names, cells).map { name, row in
        Format.right(name, first) + "  "
          + zip(row, columns).map { Format.left($0, $1) }.joined(separator: "  ")
      }
  }
}
