import Backprop

extension Terms {
  /// What is to be known of the intervals of a model's predictions, and how they did on rows of a test.
  package func text(_ intervals: PredictionIntervals, _ score: IntervalScore?) -> String {
    let rows = language.count(intervals.rows, .row)
    let level = Self.percent(intervals.level)
    let text =
      intervals.isOfFolds
      ? language.text(
        .intervalOfFolds, level, rows, Self.percent(intervals.promised(intervals.level)))
      : language.text(.intervalOfTest, level, rows)
    return text + (score.map { "; " + self.text($0) } ?? "")
  }

  /// "91.3 % of 206 rows lie inside, mean width 9.87"
  package func text(_ score: IntervalScore) -> String {
    language.text(
      .intervalHeld, language.count(score.examples, .row), Self.percent(score.coverage),
      score.meanWidths.map { Format.short($0) }.joined(separator: ", "))
  }

  /// To a tenth: "90 %", "92.5 %".
  private static func percent(_ share: Double) -> String {
    let tenths = (1000 * share).rounded() / 10
    return (tenths == tenths.rounded() ? String(Int(tenths)) : "\(tenths)") + " %"
  }
}

extension IntervalScore {
  /// `{"level": 0.9, "coverage": 0.913, "meanWidth": 9.87, "examples": 206}`; a width for each of several targets.
  package var json: JSONValue {
    [
      "level": JSONValue(level), "coverage": JSONValue(coverage),
      "meanWidth": meanWidths.count == 1
        ? JSONValue(meanWidths[0]) : .array(meanWidths.map { JSONValue($0) }),
      "examples": JSONValue(examples),
    ]
  }
}

extension PredictionIntervals {
  /// `{"level": 0.9, "method": "CV+", "promised": 0.8, "rows": 1030, "test": {…}}`
  package func json(_ score: IntervalScore?) -> JSONValue {
    [
      "level": JSONValue(level), "method": isOfFolds ? "CV+" : "split conformal",
      "promised": JSONValue(promised(level)), "rows": JSONValue(rows),
      "test": score?.json ?? .null,
    ]
  }
}
