/// A column of a table in memory.
enum MemoryColumn: Sendable {
  case numbers([Double])
  case texts([String?])
  /// Elements `first`, `first + step`, … of an array as it stands in its file.
  case array(NumericArray, first: Int, step: Int)
}

extension Table {
  /// A table of columns in memory, whose numbers must be finite or NaN.
  init(
    memory: [(name: String, values: MemoryColumn)], rowCount: Int, file: String? = nil,
    groups: [String: [String]] = [:], pixelScale: Double? = nil, ignoring: Set<String> = [],
    categorical: Set<String> = [], missing markers: MissingMarkers = .usual,
    weightColumn: String? = nil, warnings: [String] = []
  ) throws(DataError) {
    var columns: [Column] = []
    var names: Set<String> = []
    for (name, values) in memory {
      guard names.insert(name).inserted else {
        throw DataError(
          file: file, "two columns are called \(name.quoted)", remedy: "give each a name of its own"
        )
      }
      var missing = 0
      var reading =
        categorical.contains(name) ? ColumnReading.categories(.quoted) : .numbers(.plain)
      switch values {
      case .texts(let texts):
        reading = .categories(.quoted)
        missing = texts.count { $0.map { $0.withBytes(MissingMarkers.isBlank) } ?? true }
      case .numbers, .array:
        if case .array(let array, let first, let step) = values, array.type.isInteger {
          let row =
            array.type.size == 8
            ? (0..<rowCount).first { !array.isExact(first + $0 * step) } : nil
          if let row {
            throw DataError(
              file: file, place: .row(row + 1), column: name,
              "a whole number beyond 2⁵³, which would not be held exactly",
              remedy:
                "save the array with .astype('f8') if it is a quantity, or .astype('U') if it is a name"
            )
          }
          if markers.numbers.isEmpty { break }
        }
        for row in 0..<rowCount {
          let value = values.number(row)
          if value.isInfinite { throw Self.infinite("\(value)", file, .row(row + 1), name) }
          if value.isNaN || markers.numbers.contains(value) { missing += 1 }
        }
      }
      columns.append(
        Column(
          name: name, missing: missing, isIgnored: ignoring.contains(name) || name == weightColumn,
          reading: reading))
    }
    try self.init(
      columns: columns, rowCount: rowCount, warnings: warnings, file: file,
      source: .memory(memory.map(\.values)), groups: groups, pixelScale: pixelScale,
      requestedCategories: categorical, missing: markers, weightColumn: weightColumn)
  }

  static func infinite(
    _ value: String, _ file: String?, _ place: DataError.Place, _ column: String
  ) -> DataError {
    DataError(
      file: file, place: place, column: column,
      "\(value.quoted) is not a finite number",
      remedy: "correct it, leave it empty if it is missing, or ignore the column")
  }

  /// The same table with some columns read otherwise, as the options of a user ask.
  func applying(_ options: TableOptions) throws(DataError) -> Table {
    guard case .memory(let values) = source else { return self }
    var options = options
    (options.categorical, options.numeric, options.ignore) = (
      rejoined(options.categorical), rejoined(options.numeric), rejoined(options.ignore)
    )
    for name in options.categorical + options.numeric + options.ignore {
      _ = try position(of: name)
    }
    if let name = options.numeric.first(where: options.categorical.contains) {
      throw DataError(
        file: file, "column \(name.quoted) cannot be both categorical and numeric")
    }
    guard !(options.categorical + options.ignore).isEmpty || options.missing != .usual else {
      return self
    }
    return try Table(
      memory: zip(columns, values).map { ($0.name, $1) }, rowCount: rowCount, file: file,
      groups: groups, pixelScale: options.categorical.isEmpty ? pixelScale : nil,
      ignoring: Set(options.ignore), categorical: Set(options.categorical),
      missing: options.missing, weightColumn: weightColumn, warnings: warnings)
  }
}

extension MemoryColumn {
  var isText: Bool { if case .texts = self { true } else { false } }

  /// The number in a row; NaN where it is missing or not a number.
  func number(_ row: Int) -> Double {
    switch self {
    case .numbers(let values): values[row]
    case .array(let array, let first, let step): array.number(first + row * step)
    case .texts: .nan
    }
  }

  /// The text in a row; nil where it is missing.
  func text(_ row: Int) -> String? {
    if case .texts(let values) = self { return values[row] }
    let value = number(row)
    return value.isNaN ? nil : DecimalNumber.text(value)
  }
}
