import Backprop

/// What a search for a rate found: as JSON, and as lines for a terminal.
package struct RateReport {
  package let result: RateSearchResult
  package let options: RateSearchOptions
  package let configuration: TrainingConfiguration
  package let sizes: [Int]
  package let title: String
  package let examples: Int
  package let parameters: Int

  package init(
    result: RateSearchResult, options: RateSearchOptions, configuration: TrainingConfiguration,
    sizes: [Int], title: String, examples: Int, parameters: Int
  ) {
    self.result = result
    self.options = options
    self.configuration = configuration
    self.sizes = sizes
    self.title = title
    self.examples = examples
    self.parameters = parameters
  }

  /// Points of the range test whose numbers can be drawn.
  package var drawn: [RateRangeTest.Point] {
    result.rangeTest.settled.filter { $0.smoothed.isFinite && $0.smoothed < 1e100 }
  }

  /// The axis of the losses: what lies far above the loss of the beginning is cut off, because the
  /// explosion would leave no room for the rest.
  package var lossAxis: CurveAxis? {
    let values = drawn.map(\.smoothed)
    guard let first = values.first, let low = values.min(), let high = values.max() else {
      return nil
    }
    let top = min(high, 2 * max(first, low))
    return low > 0 && top > 10 * low
      ? CurveAxis(logarithmic: low...top) : CurveAxis(linear: min(low, top)...top)
  }

  /// "network 4–64–64–3, adam, batches of 16"
  package var subtitle: String {
    "network \(sizes.map(String.init).joined(separator: "–")), \(configuration.optimizer.name), "
      + "batches of \(configuration.batchSize), \(Format.count(examples, "example"))"
  }

  package static func losses(_ attempt: RateAttempt, _ language: Language) -> String {
    attempt.losses.map { Format.short($0) }.joined(separator: " → ")
      + ", " + language.text(attempt.falls ? .falls : .doesNotFall)
  }

  // MARK: JSON

  package var json: JSONValue {
    func rate(_ value: Double?) -> JSONValue { value.map { JSONValue($0) } ?? .null }
    return [
      "schema": "backprop.tune-rate/1", "examples": JSONValue(examples),
      "parameters": JSONValue(parameters), "sizes": JSONValue(sizes),
      "optimizer": .string(configuration.optimizer.name),
      "batchSize": JSONValue(configuration.batchSize),
      "seed": JSONValue(Int(truncatingIfNeeded: configuration.seed)),
      "rangeTest": [
        "low": JSONValue(options.lowest), "high": JSONValue(options.highest),
        "points": .array(
          result.rangeTest.points.map {
            [
              "rate": JSONValue($0.rate), "loss": JSONValue($0.loss),
              "smoothed": JSONValue($0.smoothed),
            ]
          }),
        "steepest": rate(result.rangeTest.steepest?.rate),
        "lowest": rate(result.rangeTest.lowest?.rate),
        "exploded": rate(result.rangeTest.exploded),
      ],
      "thresholdSearch": [
        "attempts": .array(
          result.attempts.map {
            [
              "rate": JSONValue($0.rate), "losses": .array($0.losses.map { JSONValue($0) }),
              "falls": .bool($0.falls),
            ]
          }),
        "threshold": rate(result.threshold),
      ],
      "proposed": rate(result.proposed),
    ]
  }

  // MARK: Lines

  package func lines(
    width: Int, isASCII: Bool, hasColor: Bool, _ language: Language
  ) -> [String] {
    var lines = curve(width: width, isASCII: isASCII, hasColor: hasColor, language)
    lines += ["", language.text(.rangeTest)]
    let range = result.rangeTest
    var marks = TextTable([
      ("", .left), (language.text(.rate), .right), (language.text(.smoothedLoss), .right),
    ])
    for (name, point) in [
      (Text.settles, range.settled.first), (.steepest, range.steepest), (.lowest, range.lowest),
    ] {
      if let point {
        marks.add(language.text(name), Format.short(point.rate), Format.short(point.smoothed))
      }
    }
    if let last = range.points.last {
      marks.add(
        language.text(range.exploded == nil ? .ends : .explodes), Format.short(last.rate),
        Format.short(last.smoothed))
    }
    lines += marks.lines()
    lines += ["", language.text(.thresholdSearch)]
    let parts = result.attempts.map { $0.losses.count - 1 }.max() ?? 0
    var table = TextTable(
      [(language.text(.rate), .right), (language.text(.before), .right)]
        + (1...max(parts, 1)).map { (language.text(.part, String($0)), .right) }
        + [(language.text(.loss), .left)])
    for attempt in result.attempts {
      var cells = [Format.short(attempt.rate)] + attempt.losses.map { Format.short($0) }
      while cells.count < table.header.count - 1 { cells.append("–") }
      table.add(
        Array(cells.prefix(table.header.count - 1)) + [
          language.text(attempt.falls ? .falls : .doesNotFall)
        ])
    }
    lines += table.lines() + [""]
    let shares = RateSearchResult.shares
    if let proposed = result.proposed {
      lines.append(
        Format.right(language.text(.proposed), 10) + "--learning-rate \(JSONValue(proposed))   "
          + language.text(
            .smallerOf, JSONValue(shares.lowest).description,
            JSONValue(shares.threshold).description))
    } else {
      lines.append(Format.right(language.text(.proposed), 10) + language.text(.none))
    }
    return lines
  }

  /// The smoothed loss against the logarithm of the rate.
  private func curve(
    width: Int, isASCII: Bool, hasColor: Bool, _ language: Language
  ) -> [String] {
    guard let axis = lossAxis, let first = drawn.first, let last = drawn.last,
      last.rate > first.rate
    else { return [] }
    func colored(_ text: String, _ code: Int) -> String {
      hasColor ? "\u{1B}[\(code)m\(text)\u{1B}[0m" : text
    }
    let labelWidth = max(6, axis.ticks.map(\.label.count).max() ?? 0)
    let columns = max(8, min(width, 100) - labelWidth - 3)
    let steps = axis.ticks.count - 1
    let height = max(2, 12 / steps) * steps + 1
    let rates = CurveAxis(logarithmic: first.rate...last.rate)
    var canvas = DotCanvas(columns: columns, rows: height, isASCII: isASCII)
    canvas.draw(
      drawn.map { (x: rates.position(of: $0.rate), y: axis.position(of: $0.smoothed)) }, layer: 0)
    var labels: [Int: String] = [:]
    for tick in axis.ticks {
      let place = (1 - axis.position(of: tick.value)) * Double(height - 1)
      labels[min(height - 1, max(0, Int(place.rounded())))] = tick.label
    }
    let indent = String(repeating: " ", count: labelWidth + 1)
    let name = language.text(.smoothedLoss)
    var lines = [indent + (axis.isLogarithmic ? language.text(.logScale, name) : name)]
    for row in 0..<height {
      let label = labels[row]
      let edge = isASCII ? (label == nil ? "|" : "+") : (label == nil ? "│" : "┤")
      let cells = canvas.cells[row].map { $0.layer == nil ? $0.text : colored($0.text, 36) }
      lines.append("\(Format.left(label ?? "", labelWidth)) \(edge)\(cells.joined())")
    }
    func column(_ rate: Double) -> Int {
      let place = min(1, max(0, rates.position(of: rate)))
      return min(columns - 1, Int((place * Double(columns - 1)).rounded()))
    }
    var rule = [String](repeating: isASCII ? "-" : "─", count: columns)
    for tick in rates.ticks { rule[column(tick.value)] = isASCII ? "+" : "┬" }
    if let proposed = result.proposed { rule[column(proposed)] = isASCII ? "^" : "▲" }
    lines.append("\(indent)\(isASCII ? "+" : "└")\(rule.joined())")
    var numbers = ""
    for tick in rates.ticks {
      let start = max(0, min(columns - tick.label.count, column(tick.value) - tick.label.count / 2))
      guard numbers.isEmpty || start > numbers.count else { continue }
      numbers += String(repeating: " ", count: start - numbers.count) + tick.label
    }
    lines.append("\(indent) \(numbers)")
    let mark =
      result.proposed.map {
        "   \(isASCII ? "^" : "▲") \(language.text(.proposed)): \(JSONValue($0))"
      } ?? ""
    lines.append("\(indent) \(language.text(.learningRate))\(mark)")
    return lines
  }
}
