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
    ]
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

  /// More classes than this have their confusion listed cell by cell: most of the matrix is 0.
  private static let mostClassesInMatrix = 1000

  /// Counts of examples, and, if they have weights, the sums of those.
  private var confusion: JSONValue {
    let counts = evaluation.metrics.confusion
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
    if let weights {
      rows.append(
        (language.text(.weights), weights.text(labels: target.labels, in: language), ""))
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
