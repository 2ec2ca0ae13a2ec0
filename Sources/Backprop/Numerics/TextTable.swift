/// Rows of cells set in columns, for a terminal: Hangul counts two columns.
package struct TextTable {
  package enum Alignment {
    case left, right
  }

  package let header: [String]
  package let alignments: [Alignment]
  private(set) var rows: [[String]] = []

  /// - Parameter columns: The heading and the alignment of each column.
  package init(_ columns: [(heading: String, alignment: Alignment)]) {
    header = columns.map(\.heading)
    alignments = columns.map(\.alignment)
  }

  package mutating func add(_ cells: String...) { add(cells) }

  package mutating func add(_ cells: [String]) {
    precondition(cells.count == header.count, "\(cells.count) cells for \(header.count) columns")
    rows.append(cells)
  }

  /// The lines, the headings first.
  ///
  /// - Parameter indent: Spaces before each line.
  package func lines(indent: Int = 2) -> [String] {
    let all = [header] + rows
    let widths = header.indices.map { column in all.map { $0[column].displayWidth }.max() ?? 0 }
    return all.map { row in
      let cells = row.indices.map { column in
        alignments[column] == .left
          ? Format.right(row[column], widths[column]) : Format.left(row[column], widths[column])
      }
      let line = String(repeating: " ", count: indent) + cells.joined(separator: "  ")
      return String(line.reversed().drop { $0 == " " }.reversed())
    }
  }
}
