import Backprop

/// What `backprop columns` prints.
package enum ColumnsText {
  package static func lines(
    _ reports: [ColumnReport], of source: Table, in language: Language
  ) -> [String] {
    let rows = source.rowCount
    let inputs = reports.reduce(0) { $0 + $1.inputs }
    var table = TextTable([
      (language.text(.column), .left), (language.text(.kind), .left),
      (language.text(.inputs), .right), (language.text(.missingCells), .right),
      (language.text(.distinct), .right), (language.text(.values), .left),
    ])
    for report in reports {
      table.add([
        report.name.shown(limit: 24), language.kind(of: report), String(report.inputs),
        String(report.missing), distinct(report), values(report),
      ])
    }
    var lines = [
      language.text(
        .columnsOf, Format.count(rows), Format.count(reports.count), Format.count(inputs))
    ]
    if let hasHeader = source.hasHeader {
      lines.append(language.text(hasHeader ? .firstRowIsNames : .firstRowIsData))
    }
    lines.append("")
    lines += table.lines(indent: 0)
    lines.append("")
    for report in reports {
      lines.append("\(report.name.shown()): \(report.reason)")
      lines += report.warnings.map { "  warning: \($0)" }
    }
    return lines
  }

  package static func document(_ reports: [ColumnReport], of source: Table) -> JSONValue {
    [
      "schema": "backprop.columns/1", "rows": JSONValue(source.rowCount),
      "header": source.hasHeader.map { JSONValue($0) } ?? .null,
      "warnings": .array(source.warnings.map { .string($0) }),
      "columns": .array(
        reports.map { report in
          .object(
            [
              JSONMember("name", .string(report.name)),
              JSONMember("kind", .string(report.kind.rawValue)),
              JSONMember("target", JSONValue(report.isTarget)),
              JSONMember("inputs", JSONValue(report.inputs)),
              JSONMember("missing", JSONValue(report.missing)),
              JSONMember("distinct", report.distinct.map { JSONValue($0) } ?? .null),
              JSONMember("reason", .string(report.reason)),
              JSONMember("warnings", .array(report.warnings.map { .string($0) })),
            ]
              + (report.range.map { range in
                [JSONMember("range", .array([.string(range.smallest), .string(range.largest)]))]
              } ?? [])
              + (report.frequent.isEmpty
                ? []
                : [
                  JSONMember(
                    "frequent",
                    .array(
                      report.frequent.map { .array([.string($0.text), JSONValue($0.count)]) }))
                ]))
        }),
    ]
  }

  private static func distinct(_ report: ColumnReport) -> String {
    if report.distinct == nil, report.range == nil, report.frequent.isEmpty { return "–" }
    return report.distinct.map(String.init) ?? "> \(ColumnReport.distinctLimit)"
  }

  private static func values(_ report: ColumnReport) -> String {
    if let range = report.range { return "\(range.smallest) … \(range.largest)" }
    let more = report.distinct.map { $0 > report.frequent.count } ?? true
    return report.frequent.map { "\($0.text.shown(limit: 20)) \($0.count)" }.joined(separator: ", ")
      + (more && !report.frequent.isEmpty ? ", …" : "")
  }
}

extension Language {
  fileprivate func kind(of report: ColumnReport) -> String {
    if report.isTarget { return text(.target) }
    return switch report.kind {
    case .number: text(.kindNumber)
    case .category: text(.kindCategory)
    case .date: text(.kindDate)
    case .boolean: text(.kindBoolean)
    case .text: text(.kindText)
    case .rowNumber: text(.kindRowNumber)
    case .constant: text(.kindConstant)
    }
  }
}

extension Language {
  /// "7 columns (numbers 5, categories 2) as 15 inputs": kinds and inputs where they say more than the number.
  package func columns(of encoder: FeatureEncoder) -> String {
    var columns = count(encoder.columns.count, .column)
    let kinds = [
      (Table.Kind.numeric, Text.numbers), (.categorical, .categories), (.boolean, .booleans),
      (.date, .dates),
    ].compactMap { kind, name -> String? in
      let count = encoder.columns.count { $0.kind == kind }
      return count > 0 ? "\(text(name)) \(count)" : nil
    }
    if kinds.count > 1 { columns += " (\(kinds.joined(separator: ", ")))" }
    return encoder.columns.count == encoder.outputCount
      ? columns : text(.columnsAsInputs, columns, count(encoder.outputCount, .input))
  }
}

// MARK: - Texts

extension Text {
  static let numbers = Text("numbers", "수")
  static let categories = Text("categories", "범주")
  static let booleans = Text("booleans", "참/거짓")
  static let dates = Text("dates", "날짜")
  static let column = Text("column", "열")
  static let kind = Text("kind", "종류")
  static let missingCells = Text("missing", "없음")
  static let distinct = Text("distinct", "고윳값 수")
  static let values = Text("values", "값")
  static let columnsOf = Text(
    "rows {0}, columns {1}, inputs of a network {2} (over all rows)",
    "행 {0}개, 열 {1}개, 신경망의 입력 {2}개 (모든 행 기준)")
  static let firstRowIsNames = Text(
    "the first row holds the names of the columns (--no-header if it is data)",
    "첫 행은 열 이름입니다(데이터라면 --no-header)")
  static let firstRowIsData = Text(
    "the first row is data (--header if it holds the names of the columns)",
    "첫 행은 데이터입니다(열 이름이라면 --header)")
  static let kindNumber = Text("number", "수")
  static let kindCategory = Text("category", "범주")
  static let kindDate = Text("date", "날짜")
  static let kindBoolean = Text("boolean", "참/거짓")
  static let kindText = Text("text", "글")
  static let kindRowNumber = Text("row number", "행 번호")
  static let kindConstant = Text("constant", "상수")
}
