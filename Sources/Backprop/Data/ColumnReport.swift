/// What a column of a table is taken for, and why.
package struct ColumnReport: Sendable {
  package enum Kind: String, Sendable {
    case number, category, date, boolean, text
    case rowNumber = "row-number"
    case constant
  }

  package let name: String
  package let kind: Kind
  /// Inputs of a network that it becomes; 0 for a target, and for a column that is left out.
  package let inputs: Int
  package let isTarget: Bool
  package let missing: Int
  /// Different values; nil if there are more than `distinctLimit`.
  package let distinct: Int?
  /// The smallest and the largest number, as texts; nil for texts.
  package let range: (smallest: String, largest: String)?
  /// The most frequent values and how often they occur; empty for numbers.
  package let frequent: [(text: String, count: Int)]
  package let reason: String
  package let warnings: [String]

  package static let distinctLimit = 100_000
  static let frequentLimit = 3
}

extension Table {
  /// What each column is taken for.
  ///
  /// - Parameter targets: Names of the columns that are no features.
  /// - Throws: `DataError` for a bad cell, or a name that is no column.
  /// - Complexity: Two passes over the table.
  package func columnReports(targets: [String]) throws(DataError) -> [ColumnReport] {
    let targets = Set(try expanding(targets))
    let positions = columns.indices.filter { !columns[$0].isIgnored }
    let statistics = try FeatureEncoder.statistics(of: self, positions, nil)
    let distinct = try distinctNumbers(
      positions.filter { columns[$0].kind == .numeric || columns[$0].kind == .date })
    var reports: [ColumnReport] = []
    for (position, column) in columns.enumerated() {
      guard let place = positions.firstIndex(of: position) else {
        reports.append(.ignored(column))
        continue
      }
      reports.append(
        ColumnReport(
          column, statistics[place], isTarget: targets.contains(column.name),
          distinctNumbers: distinct[position] ?? nil, rows: rowCount))
    }
    return reports
  }

  /// How many different numbers columns have, by their positions; nil where they are too many.
  private func distinctNumbers(_ positions: [Int]) throws(DataError) -> [Int: Int?] {
    var found = [Set<Double>?](repeating: [], count: positions.count)
    let requests = positions.map { ColumnRequest(column: $0, reading: .numbers(columns[$0].style)) }
    try read(requests) { (chunk) throws(DataError) in
      for slot in found.indices where found[slot] != nil {
        for row in 0..<chunk.count {
          let value = chunk.values[row * chunk.width + slot]
          if !value.isNaN { found[slot]?.insert(value) }
        }
        if let count = found[slot]?.count, count > ColumnReport.distinctLimit { found[slot] = nil }
      }
    }
    return Dictionary(uniqueKeysWithValues: zip(positions, found.map { $0?.count }))
  }
}

extension ColumnReport {
  fileprivate static func ignored(_ column: Table.Column) -> ColumnReport {
    ColumnReport(
      name: column.name, kind: column.name.isEmpty ? .rowNumber : .text, inputs: 0, isTarget: false,
      missing: 0, distinct: nil,
      range: nil,
      frequent: [], reason: "not looked at: it is ignored", warnings: [])
  }

  fileprivate init(
    _ column: Table.Column, _ statistic: ColumnStatistic, isTarget: Bool, distinctNumbers: Int?,
    rows: Int
  ) {
    name = column.name
    self.isTarget = isTarget
    missing = statistic.missing
    var reasons = [Self.reason(column, rows: rows)]
    var warnings = column.warnings
    if let question = column.question { warnings.append(question.description) }
    var kind: Kind =
      switch column.kind {
      case .numeric: .number
      case .categorical: .category
      case .boolean: .boolean
      case .date: .date
      }
    var inputs = 0
    do throws(LeftOutColumn) {
      let feature = try statistic.feature(of: column)
      inputs = feature.outputCount
      if case .numeric(_, _, 0, _, _, _) = feature { kind = .constant }
      if case .categorical(_, let categories, _, _, _) = feature, categories.count == 1 {
        kind = .constant
      }
      if case .boolean(_, _, let share, _) = feature, share == 0 || share == 1 { kind = .constant }
      if case .date(_, _, _, let parts, _) = feature, !parts.isEmpty {
        reasons.append("becomes " + parts.map(\.part.text).joined(separator: ", "))
      }
    } catch {
      switch error.kind {
      case .rowNumbers: kind = .rowNumber
      case .names: kind = .text
      case .constant, .empty: kind = .constant
      }
      if !isTarget { warnings.append("left out: \(error)") }
    }
    self.inputs = isTarget ? 0 : inputs
    self.kind = kind
    if let index = statistic.index {
      distinct = index.isFull ? nil : statistic.counts.count { $0 > 0 }
      range = nil
      let order = statistic.counts.indices.sorted {
        (statistic.counts[$1], $0) < (statistic.counts[$0], $1)
      }
      let texts = index.categories
      frequent = order.prefix(Self.frequentLimit).filter {
        $0 < texts.count && statistic.counts[$0] > 0
      }
      .map { (texts[$0], statistic.counts[$0]) }
    } else {
      distinct = distinctNumbers
      frequent = []
      let (smallest, largest) = (statistic.moments.smallest, statistic.moments.largest)
      range =
        statistic.present == 0
        ? nil
        : column.kind == .date
          ? (DateStyle.text(ofDays: smallest), DateStyle.text(ofDays: largest))
          : (DecimalNumber.text(smallest), DecimalNumber.text(largest))
    }
    reason = reasons.joined(separator: "; ")
    self.warnings = warnings
  }

  /// "298 of 300 cells are numbers; 2 are "None", taken as missing"
  private static func reason(_ column: Table.Column, rows: Int) -> String {
    let present = rows - column.missing
    var parts = [
      column.missing == 0 && !column.reason.isEmpty
        ? column.reason
        : "\(present) of \(rows) cells are \(column.kind == .categorical ? "texts" : column.kind.noun)"
    ]
    if column.missing > 0, !column.reason.isEmpty { parts.append(column.reason) }
    let markers = column.markers.sorted { ($1.value, $0.key) < ($0.value, $1.key) }
    let marked = column.markers.values.reduce(0, +)
    let areTexts = marked > column.missing
    for (text, count) in markers.prefix(3) {
      if text == "-", column.reading.textsKept == .signs {
        parts.append("\"-\" in \(Format.count(count, "cell")) is a text, as \"+\" is")
        continue
      }
      parts.append(
        areTexts
          ? "\(text.quoted) in \(Format.count(count, "cell")), as a text where it stands in quotes"
          : "\(count) \(count == 1 ? "is" : "are") \(text.quoted), taken as missing")
    }
    if column.missing > marked {
      let empty = column.missing - marked
      parts.append("\(empty) \(empty == 1 ? "is" : "are") empty")
    }
    return parts.joined(separator: "; ")
  }
}
