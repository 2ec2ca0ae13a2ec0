import Backprop

/// What a model uses, as JSON and as text.
package struct ImportanceReport {
  package let importance: PermutationImportance
  package let dependences: [PartialDependence]
  package let examples: Int
  /// What the model knows of the rows; nil if it knows nothing of them.
  package let rows: EvaluationReport.KnownRows?
  package let target: TargetEncoder
  package let weights: ExampleWeights?
  /// The weights of training that were not looked at: every row counts once.
  package let unusedWeights: ExampleWeights?

  package init(
    importance: PermutationImportance, dependences: [PartialDependence], examples: Int,
    rows: EvaluationReport.KnownRows?, target: TargetEncoder, weights: ExampleWeights?,
    unusedWeights: ExampleWeights?
  ) {
    self.importance = importance
    self.dependences = dependences
    self.examples = examples
    self.rows = rows
    self.target = target
    self.weights = weights
    self.unusedWeights = unusedWeights
  }

  var options: PermutationImportance.Options { importance.options }

  // MARK: JSON

  package var document: JSONValue {
    [
      "schema": "backprop.importance/1",
      "examples": JSONValue(examples),
      "rows": rows.map { .string($0.name) } ?? .null,
      "weights": weights?.json(labels: target.labels) ?? .null,
      "metric": .string(options.metric.description),
      "higherIsBetter": JSONValue(options.metric.isHigherBetter),
      "baseline": JSONValue(importance.baseline),
      "repeats": JSONValue(options.repeats),
      "seed": JSONValue(options.seed),
      "level": JSONValue(PermutationImportance.level),
      "columns": .array(
        importance.columns.map { column in
          [
            "name": .string(column.column.name), "importance": JSONValue(column.importance),
            "interval": JSONValue([column.interval.low, column.interval.high]),
            "drops": JSONValue(column.drops),
          ]
        }),
      "dependence": .array(dependences.map(Self.json)),
    ]
  }

  private static func json(_ dependence: PartialDependence) -> JSONValue {
    [
      "column": .string(dependence.column),
      "meaning": .string(dependence.meaning.rawValue),
      "outputs": JSONValue(dependence.outputs),
      "points": .array(
        dependence.points.map { point in
          let value: JSONValue =
            switch point.value {
            case .number(let number): JSONValue(number)
            case .label(let label): .string(label)
            case .missing: .null
            }
          return ["value": value, "predictions": JSONValue(point.means)]
        }),
      "levelsLeftOut": JSONValue(dependence.leftOut),
    ]
  }

  // MARK: Text

  /// Outputs of a table of dependence, the most that a terminal has room for.
  private static let mostOutputs = 6

  package func lines(in language: Language) -> [String] {
    let terms = Terms(language)
    let name = terms.name(options.metric)
    var rows = [(language.text(.examples), Format.count(examples))]
    if let known = self.rows { rows.append((language.text(.rows), known.text(in: language))) }
    if let weights = weights ?? unusedWeights {
      let text = weights.text(labels: target.labels, in: language)
      rows.append(
        (
          language.text(.weights),
          self.weights == nil ? language.text(.rowsCountOnce, text) : text
        ))
    }
    rows.append((language.text(.metric), "\(name) \(value(importance.baseline))"))
    let width = (rows.map(\.0.displayWidth).max() ?? 0) + 2
    var lines = rows.map { Format.right($0, width) + $1 }
    var table = TextTable([
      (language.text(.column), .left), (language.text(.importance), .right),
      (language.text(.intervalHeading), .left),
    ])
    for column in importance.columns {
      let interval = column.interval
      table.add(
        column.column.name.shown(limit: 32), value(column.importance),
        interval.low.isNaN ? "–" : "[\(value(interval.low)), \(value(interval.high))]")
    }
    lines += [""] + table.lines(indent: 0)
    lines += [
      "",
      language.text(
        options.metric.isHigherBetter ? .importanceFall : .importanceRise, name,
        String(options.repeats), String(options.seed)),
    ]
    if options.repeats > 1 { lines.append(language.text(.importanceInterval)) }
    lines.append(language.text(.importanceTwins))
    return lines + dependences.flatMap { self.lines(of: $0, language) }
  }

  private func value(_ value: Double) -> String { MetricText.value(options.metric, value) }

  private func lines(of dependence: PartialDependence, _ language: Language) -> [String] {
    let shown = self.shown(of: dependence, most: Self.mostOutputs)
    let isNumber = dependence.isOfNumbers
    let heading: Text =
      switch dependence.meaning {
      case .probability: .meanProbability
      case .share: .shareOfRows
      case .value: .meanPrediction
      }
    var table = TextTable(
      [(dependence.column.shown(limit: 24), isNumber ? .right : .left)]
        + shown.map { (dependence.outputs[$0].shown(limit: 16), .right) })
    for point in dependence.points {
      table.add(
        [point.value.text(in: language)]
          + shown.map {
            dependence.meaning == .value
              ? Format.short(point.means[$0]) : Format.fixed(point.means[$0], 4)
          })
    }
    var lines = ["", language.text(heading, dependence.column.shown())] + table.lines(indent: 0)
    if shown.count < dependence.outputs.count, !isOfTwo(dependence) {
      lines.append(
        language.text(.outputsShown, String(shown.count), String(dependence.outputs.count)))
    }
    if dependence.leftOut > 0 {
      lines.append(language.text(.levelsLeftOut, Format.count(dependence.leftOut)))
    }
    return lines
  }

  /// Which outputs are shown: of two classes the positive one, of many those that move most, in their order.
  func shown(of dependence: PartialDependence, most: Int) -> [Int] {
    if isOfTwo(dependence) { return [options.positive] }
    let spans = dependence.outputs.indices.map { dependence.span(of: $0) }
    return dependence.outputs.indices.sorted { (spans[$0], $1) > (spans[$1], $0) }.prefix(most)
      .sorted()
  }

  /// Whether one output says what the other does.
  private func isOfTwo(_ dependence: PartialDependence) -> Bool {
    target.task == .classification && dependence.outputs.count == 2
  }
}

extension ColumnValue {
  func text(in language: Language) -> String {
    switch self {
    case .number(let number): "\(JSONValue(number))"
    case .label(let label): label.shown(limit: 24)
    case .missing: language.text(.missingCells)
    }
  }
}

// MARK: - Texts

extension Text {
  static let importance = Text("importance", "중요도")
  static let intervalHeading = Text("95 % interval", "95 % 구간")
  static let importanceFall = Text(
    "importance: by how much {0} falls on average once the column's values are permuted among the rows ({1} times, seed {2})",
    "중요도: 열의 값을 행끼리 섞었을 때 {0} 감소량의 평균 (섞기 {1}회, 시드 {2})")
  static let importanceRise = Text(
    "importance: by how much {0} rises on average once the column's values are permuted among the rows ({1} times, seed {2})",
    "중요도: 열의 값을 행끼리 섞었을 때 {0} 증가량의 평균 (섞기 {1}회, 시드 {2})")
  static let importanceInterval = Text(
    "interval: of that mean over ever more permutations of these rows, by Student's t; it does not tell of other rows",
    "구간: 같은 행을 끝없이 섞었을 때 그 평균의 구간(스튜던트 t); 다른 행에 대해서는 말하지 않음")
  static let importanceTwins = Text(
    "columns that say the same stand in for each other: each counts for less than both together",
    "같은 내용을 담은 열은 서로를 대신하므로, 따로 재면 함께 잴 때보다 중요도가 낮음")
  static let meanProbability = Text(
    "mean probability over the rows where {0} is", "모든 행에서 {0} 값을 바꿨을 때의 평균 확률")
  static let shareOfRows = Text(
    "share of the rows that are predicted where {0} is", "모든 행에서 {0} 값을 바꿨을 때의 예측 비율")
  static let meanPrediction = Text(
    "mean prediction over the rows where {0} is", "모든 행에서 {0} 값을 바꿨을 때의 평균 예측")
  static let outputsShown = Text(
    "those {0} of {1} that move most; --json has all", "{1}개 중 가장 많이 변하는 {0}개; --json에 모두 있음")
  static let levelsLeftOut = Text(
    "and rarer values: {0}", "더 드문 값: {0}개")
}
