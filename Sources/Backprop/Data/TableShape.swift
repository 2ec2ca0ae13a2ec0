/// Where a table begins among the first rows of a file, how many columns it has, and whether its first
/// row holds names: what follows from how many cells the rows have, and what these look like.
///
/// What is found is certain, or said in a warning where nothing can go wrong by it, or refused with what
/// would make it certain.
struct TableShape {
  struct Row {
    let line: Int
    let cells: [String]
  }

  /// What a cell looks like.
  enum Look {
    case missing
    case number
    case text

    init(_ cell: String) {
      var cell = cell
      self = cell.withUTF8 { utf8 in
        guard let start = utf8.baseAddress, !MissingMarkers.usual.matches(utf8) else {
          return .missing
        }
        let isNumber =
          DecimalNumber.value(start, utf8.count).isFinite
          || CellShapes.number.intersection(of: utf8) == .number
        return isNumber ? .number : .text
      }
    }
  }

  /// How sure it is that the first row holds names.
  enum Header {
    case no
    /// Different texts that do not recur.
    case likely
    /// A text above nothing but numbers.
    case certain

    var isStrong: Bool { self == .certain }
  }

  /// Rows of titles that are looked for.
  static let mostLinesAbove = 25

  /// Number of columns.
  private(set) var width: Int
  /// The line of the first row of the table.
  private(set) var firstLine: Int
  /// The cells of the first row, if it is a header: as many as there are columns.
  private(set) var headerCells: [String]
  /// Whether every row ends with a delimiter, behind which there is no column.
  private(set) var rowsEndWithDelimiter = false
  private(set) var header = Header.no
  private(set) var warnings: [String] = []
  /// Whether the first row has other cells than those below, and so can be names alone.
  private var hasOwnWidth = false
  private var first: [String]
  private var below: [Row]
  private let path: String
  private let isHeaderByOptions: Bool?

  /// - Parameters:
  ///   - rows: The first rows of the file, at least one.
  ///   - names: What the columns are called, if a user says so.
  ///   - isCalled: Whether a user or a model calls a column so.
  ///   - header: Whether the first row holds names, if a user says so.
  init(
    _ rows: [Row], names: [String]?, isCalled: (String) -> Bool, header: Bool?, path: String,
    delimiter: RowLayout.Delimiter
  ) throws(DataError) {
    self.path = path
    isHeaderByOptions = header
    var start = Self.start(of: rows)
    if start > rows.startIndex, start < rows.count {
      let count = start
      warnings.append(
        "\(count == 1 ? "the first line is a title" : "the first \(count) lines that are not blank are titles")"
          + ", and the table begins in line \(rows[start].line)")
    }
    var body = rows[start...]
    if header != true, names == nil, let titles = Self.sparseTitles(body) {
      start += titles
      body = rows[start...]
      warnings.append(
        "the first lines have one cell alone and are titles: the table begins in line "
          + "\(rows[start].line)")
    }
    first = rows[start].cells
    firstLine = rows[start].line
    headerCells = first
    width = first.count
    let others = Array(body.dropFirst())
    below = Array(others.prefix { [width] in $0.cells.count == width })
    let looksNamed = first.allSatisfy { Look($0) != .number }
    if below.isEmpty, !others.isEmpty {
      let count = others[0].cells.count
      let areEqual = others.allSatisfy { $0.cells.count == count }
      let endEmpty = others.allSatisfy { $0.cells.last?.isEmpty ?? false }
      if areEqual, header != false, looksNamed || header == true {
        hasOwnWidth = true
        if count == width + 1, endEmpty {
          // A header without the delimiter that ends the rows.
          (below, rowsEndWithDelimiter) = (others, true)
          warnings.append("every row ends with a delimiter, behind which there is no column")
        } else if count == width + 1, Self.areRowNames(others), names == nil {
          headerCells = [""] + first
          (width, below) = (count, others)
          warnings.append(
            "the header is one name short, as R writes it: the first column is row names")
        } else if count + 1 == width, first.last?.isEmpty ?? false, names == nil {
          headerCells.removeLast()
          (width, below) = (count, others)
          warnings.append("the header ends with a delimiter, behind which there is no column")
        } else if names?.count == count {
          (width, below) = (count, others)
        } else if names == nil, count > 1, others.count > 1 {
          throw Self.namesDiffer(
            first, count, path: path, firstLine, rows: others, delimiter)
        } else {
          hasOwnWidth = false
        }
      } else if areEqual, count > 1, others.count > 1 {
        throw Self.widthsDiffer(first, count, path: path, firstLine, rows: others, delimiter)
      }
    } else if !below.isEmpty, others.count == below.count, width > 1, !rowsEndWithDelimiter,
      names.map({ $0.count == width - 1 }) ?? true,
      ([first] + below.map(\.cells)).allSatisfy({ $0.last?.isEmpty ?? false }),
      ![String(width - 1), "unnamed_\(width - 1)"].contains(where: isCalled)
    {
      rowsEndWithDelimiter = true
      width -= 1
      headerCells.removeLast()
      warnings.append("every row ends with a delimiter, behind which there is no column")
    }
    if rowsEndWithDelimiter {
      below = below.map { Row(line: $0.line, cells: $0.cells.dropLast()) }
      first = headerCells
    } else if headerCells.count == width {
      first = headerCells
    }
    if first.count == width { self.header = Self.header(first, below.map(\.cells)) }
    if let names, names.count != width {
      throw DataError(
        file: path, place: .line(firstLine),
        "there are \(names.count) column names for \(width) columns", remedy: "give one for each")
    }
  }

  // MARK: Where the table begins

  /// The row at which the table begins: behind titles, which have one cell each where the table has more.
  private static func start(of rows: [Row]) -> Int {
    guard let width = rows.last?.cells.count, width > 1, rows[0].cells.count == 1 else { return 0 }
    let above = rows.prefix { $0.cells.count == 1 && Look($0.cells[0]) == .text }.count
    let table = rows[above...]
    guard above <= mostLinesAbove, table.count > 1,
      let body = table.dropFirst().first?.cells.count, let head = table.first?.cells.count,
      head > 1,
      table.dropFirst().allSatisfy({ $0.cells.count == body }), abs(head - body) <= 1
    else { return 0 }
    // A header of one name above two columns is R's.
    if above == 1, head == 2, areRowNames(Array(table)) { return 0 }
    return above
  }

  /// How many rows at the top have one cell with a text, and else only empty ones: titles as a
  /// spreadsheet writes them, above a header without holes. Nil for none.
  private static func sparseTitles(_ rows: ArraySlice<Row>) -> Int? {
    guard let width = rows.first?.cells.count, width > 2,
      rows.allSatisfy({ $0.cells.count == width })
    else { return nil }
    let above = rows.prefix { row in
      row.cells.dropFirst().allSatisfy(\.isEmpty)
        && (row.cells[0].isEmpty || Look(row.cells[0]) == .text)
    }.count
    let table = rows.dropFirst(above)
    guard above > 0, above <= mostLinesAbove, table.count > 1, let first = table.first,
      rows.prefix(above).contains(where: { !$0.cells[0].isEmpty }),
      !first.cells.dropLast().contains(""),
      header(first.cells, table.dropFirst().map(\.cells)) != .no
    else { return nil }
    return above
  }

  /// Whether the first cells of rows are names of the rows: 1, 2, 3, …, or different texts.
  private static func areRowNames(_ rows: [Row]) -> Bool {
    let cells = rows.map { $0.cells[0] }
    if cells.enumerated().allSatisfy({ Int($1) == $0 + 1 }) { return true }
    return cells.count > 1 && cells.allSatisfy { Look($0) == .text }
      && Set(cells).count == cells.count
  }

  private static func namesDiffer(
    _ first: [String], _ count: Int, path: String, _ line: Int, rows: [Row],
    _ delimiter: RowLayout.Delimiter
  ) -> DataError {
    if first.count + 1 == count || first.count == count + 1 {
      return DataError(
        file: path, place: .line(line),
        "the header has \(first.count) names, but the rows below have \(count) cells",
        remedy: "correct it, or say header and column-names with \(count) names")
    }
    return widthsDiffer(first, count, path: path, line, rows: rows, delimiter)
  }

  private static func widthsDiffer(
    _ first: [String], _ count: Int, path: String, _ line: Int, rows: [Row],
    _ delimiter: RowLayout.Delimiter
  ) -> DataError {
    DataError(
      file: path, place: .line(line),
      "has \(first.count) cells, but the rows below have \(count)",
      remedy:
        "say skip-lines \(rows[0].line - 1) if the table begins in line \(rows[0].line), or put "
        + "quotes around a cell that contains the delimiter \(delimiter.name)")
  }

  // MARK: Names

  /// Whether one of the names by which a user calls columns stands in the first row.
  ///
  /// The number of a column is its name in a file without a header, and says nothing.
  func holds(_ names: [String]) -> Bool {
    let positions = Set((0..<width).map(String.init))
    return names.contains { headerCells.contains($0) && !positions.contains($0) }
  }

  /// Whether the first row holds names.
  ///
  /// - Parameter calledNames: By which a user or a model calls columns.
  /// - Throws: `DataError` if it may as well be data.
  func looksLikeHeader(_ calledNames: [String]) throws(DataError) -> Bool {
    if hasOwnWidth || header != .no { return true }
    guard isHeaderOfYears else { return false }
    let positions = Set((0..<width).map(String.init))
    let isAsked = calledNames.first { positions.contains($0) }
    if isAsked == nil, !below.contains(where: { $0.cells.contains(where: Self.isYear) }) {
      return true
    }
    guard isAsked != nil || width > 2 else { return false }
    throw DataError(
      file: path, place: .line(firstLine),
      "\(first[0]), \(first[1]), … may be the names of the columns or a row of numbers"
        + (isAsked.map { ", and column \($0.quoted) is asked for" } ?? ""),
      remedy: "say header and call columns by these names, or say no-header")
  }

  /// Whether numbers are among the names of the columns, if the first row holds names.
  var headerHasNumbers: Bool { header == .likely && first.contains { Look($0) == .number } }

  /// Whether the first row counts years up, as no row below does.
  var isHeaderOfYears: Bool {
    first.count > 1 && first.allSatisfy(Self.isYear) && Self.countsUp(first)
      && !below.contains { $0.cells.allSatisfy(Self.isYear) && Self.countsUp($0.cells) }
      && !below.isEmpty
  }

  /// Whether the first row is a header although names of the columns are given.
  ///
  /// - Throws: `DataError` if nobody said so, and it looks like one.
  func hasHeaderBesideNames(_ names: [String]) throws(DataError) -> Bool {
    if let isHeader = isHeaderByOptions { return isHeader }
    if first == names { return true }
    if hasOwnWidth { return true }
    guard header.isStrong else { return false }
    throw DataError(
      file: path, place: .line(firstLine),
      "looks like names of columns, and others are given",
      remedy: "say header if they take its place, or no-header if it is data")
  }

  /// Whether the first row holds names.
  ///
  /// It does if a text stands above nothing but numbers. Otherwise its cells must all be different,
  /// and no text among them may recur in its column; and if it holds numbers, they must count up
  /// ("2019", "2020", "2021", or "1990", "2000", "2010"), as those of no row below do. A date above dates is no name.
  private static func header(_ first: [String], _ values: [[String]]) -> Header {
    let sample = values.map { $0.map(Look.init) }
    let isOfDates = first.enumerated().contains { column, name in
      isDate(name) && values.contains { isDate($0[column]) }
    }
    if isOfDates { return .no }
    var recurs = false
    for (column, name) in first.enumerated() where Look(name) == .text {
      let looks = sample.map { $0[column] }
      if looks.contains(.number), !looks.contains(.text) { return .certain }
      recurs = recurs || values.contains { $0[column] == name }
    }
    let names = first[0].isEmpty ? first.dropFirst() : first[...]
    guard !recurs, Set(names).count == names.count, names.contains(where: { Look($0) == .text }),
      !names.contains(where: { Look($0) == .missing })
    else { return .no }
    guard names.contains(where: { Look($0) == .number }) else { return .likely }
    return countsUp(first) && !values.contains(where: countsUp) ? .likely : .no
  }

  /// Whether the numbers of a row are at least two integers, each by one more than the one before; or at least
  /// three that ascend.
  private static func countsUp(_ row: [String]) -> Bool {
    let numbers = row.filter { Look($0) == .number }
    let integers = numbers.compactMap { Int($0) }
    guard numbers.count >= 2, integers.count == numbers.count else { return false }
    let pairs = zip(integers, integers.dropFirst())
    return integers.count > 2
      ? pairs.allSatisfy { $0 < $1 } : pairs.allSatisfy { $0 < $1 && $0 + 1 == $1 }
  }

  private static func isDate(_ cell: String) -> Bool { cell.withBytes { DateText($0) != nil } }

  private static func isYear(_ cell: String) -> Bool {
    cell.utf8.count == 4 && Int(cell).map { (1800...2199).contains($0) } ?? false
  }
}
