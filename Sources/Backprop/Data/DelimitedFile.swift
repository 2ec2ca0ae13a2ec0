/// A delimited text file whose dialect is known, so that every pass over it reads the same rows.
struct DelimitedFile: Sendable {
  let path: String
  let layout: RowLayout
  let hasHeader: Bool
  let identity: InputFile.Identity
  let columnCount: Int

  /// A reader in front of the first row behind the header.
  func open() throws(DataError) -> CSVReader {
    let stream = try ByteStream(path: path)
    guard stream.identity == identity else { throw changed }
    var reader = try CSVReader(stream, layout)
    if hasHeader, !(try reader.nextHeader()) { throw changed }
    return reader
  }

  /// Throws if the file is no longer the one that was opened.
  func checkIdentity() throws(DataError) {
    guard try InputFile(path: path).identity == identity else { throw changed }
  }

  var changed: DataError {
    DataError(file: path, "the file changed while it was read", remedy: "run again")
  }

  @inline(__always)
  func checkWidth(_ reader: borrowing CSVReader) throws(DataError) {
    if reader.count != columnCount { throw ragged(reader) }
  }

  private func ragged(_ reader: borrowing CSVReader) -> DataError {
    reader.error(
      "the row has \(reader.count) cells, but \(columnCount) were expected",
      remedy: reader.count > columnCount
        ? "put quotes around a cell that contains the delimiter \(layout.delimiter.name)"
        : "add the missing cells, or remove the row")
  }

  /// What is to be said of lines that were passed over.
  ///
  /// - Parameters:
  ///   - above: Comments above the table.
  ///   - firstIsNumbers: Whether numbers stand in the first column.
  /// - Throws: `DataError` if a row may be a comment as well.
  func warnings(
    of passed: PassedLines, above: Int, firstIsNumbers: Bool
  ) throws(DataError) -> [String] {
    var warnings: [String] = []
    let comments = above + passed.comments
    if let line = passed.rowLikeCommentOfNumbers, firstIsNumbers {
      throw DataError(
        file: path, place: .line(line), "begins with # as a comment does, above or below numbers",
        remedy: "say comment # to pass over such lines, or comment none to read them")
    }
    if case .unlikeRows(let mark, _) = layout.comments, comments > 0 {
      let mark = Character(Unicode.Scalar(mark))
      if let line = passed.rowLikeComment {
        throw DataError(
          file: path, place: .line(line),
          "begins with \(mark) as \(Format.count(comments, "comment")) of this file, and has as many "
            + "cells as a row",
          remedy: "say comment \(mark) to pass over such lines, or comment none to read them")
      }
      warnings.append(
        "\(Format.count(comments, "line")) that \(comments == 1 ? "begins" : "begin") with \(mark) "
          + "\(comments == 1 ? "is" : "are") passed over as comments")
    }
    if passed.blank > 0 {
      warnings.append(
        "\(Format.count(passed.blank, "blank line")) between the rows \(passed.blank == 1 ? "is" : "are") "
          + "no \(passed.blank == 1 ? "row" : "rows")")
    }
    return warnings
  }

  static func notANumber(
    _ text: String, as noun: String = "number", file: String?, _ place: DataError.Place,
    column: String
  ) -> DataError {
    DataError(
      file: file, place: place, column: column, "\(text.quoted) is not a \(noun)",
      remedy:
        "correct it, or leave it empty if it is missing; in training, missing \(text.quoted) or categorical say "
        + "otherwise"
    )
  }
}

extension Table {
  /// Opens a delimited text file: finds its dialect, then reads it once from end to end.
  init(delimited path: String, options: TableOptions) throws(DataError) {
    let dialect = try Dialect(path: path, options: options)
    let file = DelimitedFile(
      path: path, layout: dialect.layout, hasHeader: dialect.hasHeader,
      identity: dialect.identity, columnCount: dialect.names.count)
    let names = dialect.names
    var warnings = dialect.warnings
    var scans = try Self.plan(names, path, options)
    // The first column of R's and pandas' own files numbers the rows: harmful as a feature.
    if names.count > 1, names[0].isEmpty, case .inferred = scans[0].order {
      scans[0].order = .ignore
      warnings.append(
        "the first column has no name and is ignored: it looks like row names; say header and column-names "
          + "to keep it")
    }
    let (rowCount, kept, passed) = try file.scan(
      &scans, names: names, keeping: options.keepsColumns, markers: options.missing)
    warnings += try file.warnings(
      of: passed, above: dialect.topComments, firstIsNumbers: scans[0].numbers > 0)
    if rowCount == 0 {
      throw DataError(
        file: path, dialect.hasHeader ? "a header, but no rows" : "the file has no rows",
        remedy: "a table needs at least one row of data")
    }
    let decisions = try file.decisions(scans, names: names, options: options)
    let columns = scans.indices.map { Self.column(names[$0], scans[$0], decisions[$0]) }
    try self.init(
      columns: columns, rowCount: rowCount, warnings: warnings, file: path,
      source: .delimited(file), kept: kept,
      requestedCategories: Set(Self.rejoined(options.categorical, among: names)),
      requestedNumbers: Set(Self.rejoined(options.numeric, among: names)), missing: options.missing)
  }

  /// A column as it is read, and what its owner should know about that.
  ///
  /// - Parameter decision: Of a pass over its cells, if there was one.
  private static func column(
    _ name: String, _ scan: ColumnScan, _ decision: DelimitedFile.Decision??
  ) -> Column {
    var warnings: [String] = []
    var reading = scan.reading.reading
    var reason = ""
    var question: DataError?
    var missing = 0
    switch decision {
    case .some(.some(let decision)):
      (reading, reason) = (decision.reading, decision.reason)
      (question, missing) = (decision.question, decision.missing)
    case .some(.none):
      // The cells agree on nothing: what is no number then is a text.
      if case .numeric = scan.order { break }
      if 9 * scan.texts > scan.numbers {
        reading = .categories(.quoted)
        warnings.append(
          "column \(name.quoted) is read as categories: its cells look like numbers or dates, but not all "
            + "in one way; the first is \((scan.firstText?.text ?? "").quoted)")
      }
    case nil:
      if case .inferred = scan.order, case .categories = reading {
        warnings += Self.doubts(name, scan)
      }
    }
    return Column(
      name: name, missing: scan.missing(read: reading) + missing, isIgnored: scan.isIgnored,
      reading: reading,
      reason: reason, question: question, warnings: warnings, markers: scan.markers)
  }

  /// A column of categories that has many numbers or dates: one text may keep it from being one of them.
  private static func doubts(_ name: String, _ scan: ColumnScan) -> [String] {
    // What the first texts are, all are taken to be.
    let share = Double(scan.texts) / Double(max(1, min(scan.texts, ColumnScan.textsLookedAt)))
    let cells = scan.numbers + scan.texts
    for (count, kind, other) in [
      (scan.numbers + Int(Double(scan.dressed) * share), "numbers", scan.firstOther),
      (Int(Double(scan.dates) * share), "dates", scan.firstNoDate),
    ] {
      guard count > 1, 2 * count >= cells, let other else { continue }
      return [
        "column \(name.quoted) is read as categories, though \(share > 1 ? "about " : "")\(count) of \(cells) "
          + "cells look like \(kind): \(other.text.quoted) in line \(other.line) is none; if it stands for no "
          + "value, say missing \(other.text.quoted)"
      ]
    }
    return []
  }

  private static func plan(
    _ names: [String], _ path: String, _ options: TableOptions
  ) throws(DataError) -> [ColumnScan] {
    var scans = [ColumnScan](repeating: ColumnScan(), count: names.count)
    let orders: [(ColumnScan.Order, [String])] = [
      (.categorical, options.categorical), (.numeric, options.numeric), (.ignore, options.ignore),
    ]
    for (order, ordered) in orders {
      for name in rejoined(ordered, among: names) {
        guard let position = names.firstIndex(of: name) else {
          throw noColumn(name, among: names, file: path)
        }
        if case .numeric = order, case .categorical = scans[position].order {
          throw DataError(
            file: path, "column \(name.quoted) cannot be both categorical and numeric")
        }
        scans[position].order = order
      }
    }
    for name in rejoined(options.keepText, among: names) {
      guard let position = names.firstIndex(of: name) else {
        throw noColumn(name, among: names, file: path)
      }
      scans[position].keepsAllTexts = true
    }
    return scans
  }
}
