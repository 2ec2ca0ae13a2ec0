/// How to read a delimited text file; what is nil or empty is found out from the file.
public struct TableOptions: Sendable, Equatable {
  /// Whether the first row holds the names of the columns; nil to decide by its look and by the names
  /// below: a first row in which one of them stands is a header.
  public var header: Bool?
  /// The byte between cells; nil to choose among `,` `;` tab and `|`.
  public var delimiter: UInt8?
  /// Names of columns to be read as text, whatever they look like.
  public var categorical: [String]
  /// Names of columns that must hold numbers.
  public var numeric: [String]
  /// Names of columns that are no features.
  public var ignore: [String]
  /// What stands for a missing value.
  package var missing = MissingMarkers.usual
  /// Names of columns in which only an empty cell is missing.
  package var keepText: [String] = []
  /// What stands before a fraction, where the cells of a column leave it open; nil to ask.
  package var decimal: NumberStyle.Decimal?
  /// What stands between groups of three digits, likewise.
  package var thousands: NumberStyle.Thousands?
  /// The order of day, month and year, likewise.
  package var dateOrder: DateStyle?
  /// Lines at the top that are none of the table, at least 0.
  package var skipLines = 0
  /// The byte that begins a line which is none of the table; 0, which no text has, for none. Nil for `#`,
  /// where such a line is no row by its cells.
  package var comment: UInt8?
  /// The names of all columns, where the file has no header, or `header` says that they take its place;
  /// empty for those of the file.
  package var columnNames: [String] = []
  /// Whether cells stand between runs of spaces and tabs, whatever the delimiter.
  package var isSpaced = false
  /// Names of columns that the caller is going to ask for, such as the targets. They only help to
  /// recognise a header ("2019" above numbers); that one is missing is no error here.
  package var expectedNames: [String] = []
  /// The most rows that the caller is going to look at, at least 1; nil for all. Images are then read
  /// no further, and what follows in their file is not checked; other tables have all their rows.
  package var rowLimit: Int?
  /// Whether a table of delimited text keeps its columns from the first pass, so that later passes need
  /// not read the text again: faster, for up to 3/4 of the text's size in memory. See `Table`.
  package var keepsColumns = true
  /// Threads that may read at the same time, at least 1: the two parts of a folder of IDX files.
  package var threads = 1

  /// Options of which some are given.
  ///
  /// - Parameters:
  ///   - header: Whether the first row holds the names of the columns; nil to find out.
  ///   - delimiter: The byte between cells; nil to find out.
  ///   - categorical: Names of columns to be read as text.
  ///   - numeric: Names of columns that must hold numbers.
  ///   - ignore: Names of columns that are no features.
  public init(
    header: Bool? = nil, delimiter: UInt8? = nil, categorical: [String] = [],
    numeric: [String] = [], ignore: [String] = []
  ) {
    self.header = header
    self.delimiter = delimiter
    self.categorical = categorical
    self.numeric = numeric
    self.ignore = ignore
  }
}

/// The values of one column of a table in memory.
public enum TableValues: Sendable {
  /// NaN where missing.
  case numbers([Double])
  /// Nil where missing.
  case texts([String?])

  var count: Int {
    switch self {
    case .numbers(let values): values.count
    case .texts(let values): values.count
    }
  }
}

/// Rows of typed columns that can be read several times: a delimited file, or arrays in memory.
///
/// Opening a file reads it once, to find its columns, their kinds and the number of rows. Its columns
/// are kept in a compact form for later passes: usual numbers take a quarter to a half of their text, and
/// nothing is kept that takes more than 3/4 of the text, or a quarter of what can be had. With what they
/// are encoded into, Floats, peak memory is below the text's size for numbers of usual length (9
/// characters: 4 + 4 bytes). Where nothing is kept, by the options or because it is too much, for columns
/// that mix numbers and texts, and for numbers that are wanted as categories (classes 0 … 9), the text is
/// read again; the values of such columns take 8 bytes each while a pass lasts. Every value is the same
/// bits either way.
///
/// A column of a file is what all its cells are: numbers, also as `1.234,50 €`, `12 %` or `(5)`; dates and
/// times; booleans in any case; else categories. What the cells leave open ("1.199" beside "693") must be
/// said by a setting before the column is used.
///
/// Values that count as missing: an empty cell, and what pandas, databases and spreadsheets write for one
/// (`NA`, `None`, `n/a`, `NULL`, `-`, `.`, `#N/A`, …). In a column of categories those in quotes are texts. In
/// numbers from arrays NaN is missing. Infinite numbers are errors.
public struct Table: Sendable {
  /// What the values of a column are.
  public enum Kind: String, Codable, Sendable {
    /// Every value that is not missing is a number.
    case numeric
    /// Texts, each of them a category.
    case categorical
    /// Two words that mean no and yes, in any case.
    case boolean
    /// Dates, with or without a time, or times alone.
    case date

    /// What the values of such a column are called.
    package var noun: String {
      switch self {
      case .numeric: "numbers"
      case .categorical: "categories"
      case .boolean: "booleans"
      case .date: "dates"
      }
    }
  }

  /// One column: its name, and what its values are.
  public struct Column: Equatable, Sendable {
    /// What options and targets call it.
    public var name: String
    /// Numbers, categories, booleans or dates.
    public var kind: Kind { reading.kind }
    /// Number of rows without a value; not counted (0) if the column is ignored.
    public var missing: Int
    /// Whether the column is no feature, by the options or because it only numbers the rows.
    package var isIgnored: Bool
    /// How its cells become values.
    package var reading: ColumnReading
    /// Why it is read so, where that was found out from its cells; else empty.
    package var reason = ""
    /// What must be said before the column can be used; nil if nothing is open.
    package var question: DataError?
    /// What its owner may not have meant, a line each.
    package var warnings: [String] = []
    /// How often each text stands for a missing value.
    package var markers: [String: Int] = [:]

    /// How to read its cells where numbers are wanted.
    var style: CellStyle {
      switch reading {
      case .numbers(let style): .number(style)
      case .dates(let style): .date(style)
      case .booleans, .categories: .plain
      }
    }
  }

  /// The columns from left to right. Without a header their names are "0", "1", …
  public let columns: [Column]
  /// Number of rows, at least 1, without the header.
  public let rowCount: Int
  /// What a user should know about how the file was understood, a line each.
  package let warnings: [String]
  /// The same about columns, where no model says how they are read.
  package var columnWarnings: [String] { columns.flatMap(\.warnings) }
  /// The file as the user named it; nil for a table in memory.
  package let file: String?
  let source: Source
  /// The columns of a file as far as its first pass kept them.
  let kept: KeptColumns?
  /// Names that stand for several columns: "y" for "y.0", "y.1" of an array with two columns.
  let groups: [String: [String]]
  /// The column that the data itself calls its weights, if any.
  let weightColumn: String?
  /// What to divide pixels by if all features are bytes of images, else nil.
  let pixelScale: Double?
  /// Columns that the options call categorical.
  let requestedCategories: Set<String>
  /// Columns that the options call numeric.
  let requestedNumbers: Set<String>
  /// What stands for a missing value in its texts.
  let missing: MissingMarkers
  /// Cells that no encoder knew, as far as this table was encoded.
  package let unknowns: UnknownCells
  private let positions: [String: Int]

  enum Source: Sendable {
    case delimited(DelimitedFile)
    case memory([MemoryColumn])
  }

  /// Whether names of columns stood in the first row of a file; nil where there is no such row.
  package var hasHeader: Bool? {
    if case .delimited(let file) = source { file.hasHeader } else { nil }
  }

  /// Whether rows are read from a file in every pass, so that memory does not hold them.
  package var isStreamed: Bool { if case .delimited = source { true } else { false } }

  /// Frees the memory of columns that were kept from the first pass, in all copies of this table. Passes
  /// that follow read the file.
  package func discardKeptColumns() { kept?.discard() }

  /// Opens a delimited text file or an array, by its contents: .csv, .tsv, .txt (also .gz), .npy,
  /// .npz. An .npz archive gives its training part; `DataSource` gives its test part too.
  ///
  /// - Throws: `DataError` if the file cannot be read or understood, or has no rows.
  /// - Complexity: One pass over the file; for text in constant memory but for the columns it keeps.
  public init(contentsOf path: String, options: TableOptions = TableOptions()) throws(DataError) {
    self = try DataSource.open(path: path, options: options).training
  }

  /// A table of columns in memory.
  ///
  /// - Precondition: There is a column, and all are equally long.
  /// - Throws: `DataError` for an infinite number, two columns of one name, or if there are no rows.
  public init(columns: [(name: String, values: TableValues)]) throws(DataError) {
    precondition(!columns.isEmpty, "a table without columns")
    for column in columns {
      precondition(
        column.values.count == columns[0].values.count,
        "column \(column.name) has \(column.values.count) of \(columns[0].values.count) rows")
    }
    try self.init(
      memory: columns.map { column in
        switch column.values {
        case .numbers(let values): (column.name, .numbers(values))
        case .texts(let values): (column.name, .texts(values))
        }
      }, rowCount: columns[0].values.count)
  }

  init(
    columns: [Column], rowCount: Int, warnings: [String] = [], file: String?, source: Source,
    kept: KeptColumns? = nil, groups: [String: [String]] = [:], pixelScale: Double? = nil,
    requestedCategories: Set<String> = [], requestedNumbers: Set<String> = [],
    missing: MissingMarkers = .usual, weightColumn: String? = nil
  ) throws(DataError) {
    guard rowCount > 0 else {
      throw DataError(file: file, "the table has no rows", remedy: "it needs at least one")
    }
    guard rowCount < Int(UInt32.max) else {
      throw DataError(
        file: file, "the table has \(rowCount) rows; at most \(UInt32.max) can be used")
    }
    self.columns = columns
    self.rowCount = rowCount
    self.warnings = warnings
    self.file = file
    self.source = source
    self.kept = kept
    self.groups = groups
    self.pixelScale = pixelScale
    self.requestedCategories = requestedCategories
    self.requestedNumbers = requestedNumbers
    self.missing = missing
    unknowns = UnknownCells()
    self.weightColumn = weightColumn
    positions = Dictionary(
      columns.enumerated().map { ($1.name, $0) }, uniquingKeysWith: { first, _ in first })
  }

  /// The position of a column from the left, from 0.
  ///
  /// - Throws: `DataError` that suggests the nearest name if there is no such column.
  package func position(of name: String) throws(DataError) -> Int {
    guard let position = positions[name] else {
      throw Self.noColumn(name, among: columns.map(\.name), file: file)
    }
    return position
  }

  func position(ifPresent name: String) -> Int? { positions[name] }

  /// The columns that a user means by the names of targets: a name of a two-dimensional array in an
  /// archive stands for all columns of the array.
  package func expanding(_ names: [String]) throws(DataError) -> [String] {
    var result: [String] = []
    for name in names {
      if positions[name] == nil, let members = groups[name] {
        result += members
      } else {
        _ = try position(of: name)
        result.append(name)
      }
    }
    for (index, name) in result.enumerated() where result[..<index].contains(name) {
      throw DataError(file: file, "column \(name.quoted) is named twice as a target")
    }
    return result
  }

  /// The columns that a text means: the one of that name, else those of "a,b,c". A name may have commas
  /// itself.
  ///
  /// - Throws: `ConfigurationError` for a comma too many; a name that is no column is none here.
  package func columns(named text: String) throws(ConfigurationError) -> [String] {
    if positions[text] != nil || groups[text] != nil { return [text] }
    if text.trimmingSpaces.isEmpty { return [] }
    // What is in quotes is one name.
    if text.contains("\"") {
      let names = text.partsAtCommas
      if names.allSatisfy({ positions[$0] != nil || groups[$0] != nil }) { return names }
    }
    let parts = text.split(separator: ",", omittingEmptySubsequences: false)
    let most = columns.map { $0.name.count { $0 == "," } }.max() ?? 0
    var result: [String] = []
    var first = 0
    while first < parts.count {
      // The longest run of parts that is a name; else the part by itself.
      let last = min(first + 1 + most, parts.count)
      let runs = (first + 2..<max(first + 2, last + 1)).reversed().lazy.map { end in
        (name: parts[first..<end].joined(separator: ",").trimmingSpaces, end: end)
      }
      let run =
        runs.first { positions[$0.name] != nil } ?? (String(parts[first]).trimmingSpaces, first + 1)
      guard !run.name.isEmpty || positions[""] != nil else {
        throw ConfigurationError(
          "target", "\(text.shown()): nothing stands before or after a comma; take it out")
      }
      result.append(run.name)
      first = run.end
    }
    return result
  }

  /// Names of columns as they were meant: "price", "net" that were cut from "price, net" are that column.
  func rejoined(_ names: [String]) -> [String] {
    Self.rejoined(names, among: columns.map(\.name))
  }

  static func rejoined(_ names: [String], among columns: [String]) -> [String] {
    guard names.count > 1, names.contains(where: { !columns.contains($0) }) else { return names }
    let cut = columns.filter { $0.contains(",") }.map { name in
      (
        name: name,
        parts: name.split(separator: ",", omittingEmptySubsequences: false).map {
          String($0).trimmingSpaces
        }
      )
    }.sorted { $0.parts.count > $1.parts.count }
    var result: [String] = []
    var rest = names[...]
    while let first = rest.first {
      let whole = cut.first { column in
        rest.starts(with: column.parts) && column.parts.contains { !columns.contains($0) }
      }
      result.append(whole?.name ?? first)
      rest = rest.dropFirst(whole?.parts.count ?? 1)
    }
    return result
  }

  static func noColumn(_ name: String, among names: [String], file: String?) -> DataError {
    let match = nearMatch(name, in: names)
    return DataError(
      file: file, "there is no column \(name.quoted)",
      remedy: match.map { "did you mean \($0.quoted)?" }
        ?? "the columns are \(DataError.list(names))")
  }

  /// The place of a row (from 0) as messages name it when the line is not at hand.
  func place(ofRow row: Int) -> DataError.Place { .row(row + 1) }

  /// The line of a row (from 0) in a file of text, which is read again to find it.
  func line(ofRow row: Int) throws(DataError) -> DataError.Place {
    guard case .delimited(let file) = source else { return place(ofRow: row) }
    var reader = try file.open()
    for _ in 0...row {
      guard try reader.next() else { throw file.changed }
    }
    return .line(reader.line)
  }

  /// Refuses numbers of some rows that memory could not hold, before any of it is taken.
  func requireMemory<T: Scalar>(
    rows: Int, columns: Int, _ type: T.Type
  ) throws(DataError) {
    let bytes = NumericArray.byteCount([rows, columns], of: MemoryLayout<T>.size)
    guard let shortage = Memory.shortage(bytes) else { return }
    throw DataError(
      file: file, "\(rows) rows of \(columns) numbers: \(shortage)",
      remedy: "use fewer rows, or ignore columns with many categories")
  }

  /// The error about a number that became infinite, or NaN, when it was encoded.
  func tooLarge<T: Scalar>(_ value: Double, column: Int, row: Int, _ type: T.Type) -> DataError {
    let place = (try? line(ofRow: row)) ?? place(ofRow: row)
    let isDouble = T.self == Double.self
    return DataError(
      file: file, place: place, column: columns[column].name,
      "\(DecimalNumber.text(value)) is too large for numbers of \(T.precisionName) precision once it "
        + "is encoded",
      remedy: isDouble
        ? "correct it or rescale the column"
        : "correct it, rescale the column, or use double precision")
  }
}
