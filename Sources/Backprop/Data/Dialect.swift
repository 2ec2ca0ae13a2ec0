/// How a text file is delimited, where its table begins, and what its columns are called.
struct Dialect {
  private(set) var layout: RowLayout
  /// The names of the columns; unnamed ones of a header have empty names at position 0, else "unnamed_"
  /// and their position, and all of a file without a header are called by their positions.
  private(set) var names: [String] = []
  /// Whether the first row that a reader comes to is no data.
  private(set) var hasHeader = false
  /// Lines of comment above the table.
  private(set) var topComments = 0
  /// What a user should know about how the file was understood, a line each.
  private(set) var warnings: [String] = []
  let identity: InputFile.Identity
  private let path: String
  private let options: TableOptions
  /// Names that a user or a model calls columns by.
  private let calledNames: [String]

  private static let sampleRows = 100

  /// Looks at the first rows of a file.
  ///
  /// - Throws: `DataError` if the file is empty or not text, a name stands twice in its header, or where
  ///   the table begins is not certain.
  init(path: String, options: TableOptions) throws(DataError) {
    self.path = path
    self.options = options
    calledNames = options.categorical + options.numeric + options.ignore + options.expectedNames
    let stream = try ByteStream(path: path)
    identity = stream.identity
    layout = RowLayout(delimiter: .byte(UInt8(ascii: ",")), skippedLines: options.skipLines)
    var probe = try CSVReader(stream, layout)
    let bytes = try probe.head(limit: 1 << 16)
    let mark = options.comment ?? UInt8(ascii: "#")
    let head = TableHead(
      bytes, line: probe.nextLine, mark: mark, markIsGiven: options.comment != nil)
    var separator: UInt8?
    if let byte = head.separator, options.delimiter.map({ $0 == byte }) ?? !options.isSpaced {
      separator = byte
      layout.skippedLines = probe.nextLine
      warnings.append("the first line says what stands between cells, and is no row")
    }
    layout.delimiter =
      options.isSpaced
      ? .spaces : (options.delimiter ?? separator).map { .byte($0) } ?? head.delimiter
    if layout.delimiter == .spaces, !options.isSpaced {
      warnings.append("cells are taken to be separated by runs of spaces")
    }
    topComments = head.comments.count
    let marksComments = options.comment.map { $0 != 0 } ?? head.hasComments
    let rows = try sample(marksComments ? mark : nil)
    guard let first = rows.first else {
      throw DataError(
        file: path,
        layout.skippedLines > 0 || topComments > 0
          ? "holds no table below its first lines" : "the file is empty",
        remedy: "a table needs at least one row")
    }
    var shape = try TableShape(
      rows, names: options.columnNames.isEmpty ? nil : options.columnNames,
      isCalled: { [calledNames] name in calledNames.contains(name) }, header: options.header,
      path: path, delimiter: layout.delimiter)
    warnings += shape.warnings
    if shape.firstLine > first.line || topComments > 0 {
      layout.skippedLines = max(layout.skippedLines, shape.firstLine - 1)
    }
    layout.rowsEndWithDelimiter = shape.rowsEndWithDelimiter
    layout.blankLinesAreRows = shape.width == 1
    if options.comment.map({ $0 != 0 }) ?? !head.isAllMarked {
      layout.comments =
        options.comment == nil ? .unlikeRows(mark, cells: shape.width) : .lines(mark)
    }
    try nameColumns(&shape, head.comments)
    try warnOfSkippedRows(shape)
  }

  /// The first rows, each with its line.
  private func sample(_ mark: UInt8?) throws(DataError) -> [TableShape.Row] {
    var layout = layout
    layout.comments = mark.map { .lines($0) } ?? .none
    var reader = try CSVReader(ByteStream(path: path), layout)
    var rows: [TableShape.Row] = []
    do throws(DataError) {
      while rows.count <= Self.sampleRows + TableShape.mostLinesAbove, try reader.next() {
        var cells: [String] = []
        cells.reserveCapacity(reader.count)
        for column in 0..<reader.count { cells.append(reader.text(column)) }
        rows.append(TableShape.Row(line: reader.line, cells: cells))
      }
    } catch {
      // A row further down is reported when the file is read, after all that is above it.
      if rows.isEmpty { throw error }
    }
    return rows
  }

  // MARK: Names

  private mutating func nameColumns(
    _ shape: inout TableShape, _ comments: [TableHead.Line]
  ) throws(DataError) {
    let width = shape.width
    if !options.columnNames.isEmpty {
      hasHeader = try shape.hasHeaderBesideNames(options.columnNames)
      names = options.columnNames
      return
    }
    let commented = try headerComment(comments, shape)
    if options.header == nil, !shape.holds(calledNames), let commented {
      if commented.contains(where: { calledNames.contains($0) }) || !shape.header.isStrong {
        names = try Self.named(commented, path, line: comments.last?.line ?? 1)
        warnings.append(
          "the columns are called as the comment in line \(comments.last?.line ?? 1) says")
        return
      }
    }
    if let header = options.header {
      hasHeader = header
    } else {
      hasHeader = shape.holds(calledNames)
      if !hasHeader { hasHeader = try shape.looksLikeHeader(calledNames) }
    }
    if hasHeader, options.header == nil, shape.isHeaderOfYears, !shape.holds(calledNames) {
      warnings.append(
        "the first row counts years and is taken for the names of the columns; say no-header if it is data"
      )
    }
    if hasHeader, options.header == nil, shape.headerHasNumbers, !shape.isHeaderOfYears,
      !shape.holds(calledNames)
    {
      warnings.append(
        "the first row has numbers and is taken for the names of the columns; say no-header if it is data"
      )
    }
    if options.header == false, shape.header.isStrong {
      warnings.append("the first row looks like names, and is read as data as you say")
    }
    names =
      hasHeader
      ? try Self.named(shape.headerCells, path, line: shape.firstLine)
      : (0..<width).map(String.init)
  }

  /// The names in the last comment above the table, without its mark: as numpy.savetxt writes them.
  ///
  /// - Throws: `DataError` if a comment could as well be a row.
  private func headerComment(
    _ comments: [TableHead.Line], _ shape: TableShape
  ) throws(DataError) -> [String]? {
    var names: [String]?
    for comment in comments {
      names = nil
      let cells = comment.cells(layout.delimiter)
      let stripped = comment.strippedCells(layout.delimiter)
      guard cells.count == shape.width || stripped.count == shape.width else { continue }
      let isText = stripped.enumerated().allSatisfy { column, cell in
        TableShape.Look(cell) == .text || column == 0 && cell.isEmpty
      }
      if !isText, cells.count == shape.width, shape.width > 1, options.comment == nil {
        throw DataError(
          file: path, place: .line(comment.line),
          "begins with # as a comment does, and has as many cells as a row",
          remedy: "say comment # to pass over such lines, or comment none to read them")
      }
      guard isText, Set(stripped).count == stripped.count else { continue }
      // What is called "#" or "#id" stays so if that is what it is called by.
      names =
        cells.count == shape.width
          && (stripped[0].isEmpty || calledNames.contains(cells[0])) ? cells : stripped
      if names?.count != shape.width { names = nil }
    }
    return names
  }

  private static func named(
    _ cells: [String], _ path: String, line: Int
  ) throws(DataError) -> [String] {
    var seen: [String: Int] = [:]
    var names: [String] = []
    for (column, cell) in cells.enumerated() {
      let name = cell.isEmpty && column > 0 ? "unnamed_\(column)" : cell
      if let earlier = seen[name] {
        throw DataError(
          file: path, place: .line(line),
          "columns \(earlier + 1) and \(column + 1) are both named \(name.quoted)",
          remedy: "rename one of them, or say that the file has no header")
      }
      seen[name] = column
      names.append(name)
    }
    return names
  }

  /// Lines that are skipped because somebody says so, and look like rows of the table.
  private mutating func warnOfSkippedRows(_ shape: TableShape) throws(DataError) {
    guard options.skipLines > 0, shape.width > 1 else { return }
    var above = layout
    (above.skippedLines, above.comments, above.rowsEndWithDelimiter) = (0, .none, false)
    var reader = try CSVReader(ByteStream(path: path), above)
    var count = 0
    do throws(DataError) {
      while count < Self.sampleRows, try reader.next(), reader.line <= options.skipLines {
        if reader.count == shape.width, reader.text(0) != "", reader.text(1) != "" { count += 1 }
      }
    } catch { return }
    if count > 0 {
      warnings.append(
        "\(count) of the \(options.skipLines) lines that are skipped have as many cells as a row")
    }
  }
}
