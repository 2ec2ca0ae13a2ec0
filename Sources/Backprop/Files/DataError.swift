/// What is wrong with a data file, in one line: where, what, and how to mend it.
///
///     penguins.csv, line 7, column "bill_length_mm": "abc" is not a number; …
public struct DataError: UserError, Equatable {
  /// A place in a file or table. Lines and rows are counted from 1.
  public enum Place: Equatable, Sendable {
    /// A line of a file of text.
    case line(Int)
    /// A row of the data, among which the header is none.
    case row(Int)
  }

  /// The file as the user named it; nil for a table in memory.
  public var file: String?
  /// Where in the file or table; nil for no single line or row.
  public var place: Place?
  /// The name of the column; nil for no single one.
  public var column: String?
  /// What was found, and what was expected.
  public var problem: String
  /// How to mend it.
  public var remedy: String?

  package init(
    file: String? = nil, place: Place? = nil, column: String? = nil, _ problem: String,
    remedy: String? = nil
  ) {
    self.file = file
    self.place = place
    self.column = column
    self.problem = problem
    self.remedy = remedy
  }

  public var message: String {
    var location: [String] = []
    if let file { location.append(file == StandardInput.path ? StandardInput.name : file) }
    switch place {
    case .line(let line): location.append("line \(line)")
    case .row(let row): location.append("row \(row)")
    case nil: break
    }
    if let column { location.append("column \(column.quoted)") }
    let prefix = location.isEmpty ? "" : location.joined(separator: ", ") + ": "
    return prefix + problem + (remedy.map { "; \($0)" } ?? "")
  }

  /// The first dozen of some names or labels, and how many there are if that is not all.
  static func list(_ names: [String]) -> String {
    names.prefix(12).map(\.quoted).joined(separator: ", ")
      + (names.count > 12 ? ", … (\(names.count))" : "")
  }
}
