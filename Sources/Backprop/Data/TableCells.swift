extension Table {
  /// The cells of some columns as they are written, in the order of the rows. Numbers that have no spelling,
  /// such as those of arrays, are in their shortest form, and "" where one is missing.
  ///
  /// - Throws: `DataError` for a column that there is not, or a file that changed.
  package func cells(of names: [String]) throws -> [(name: String, cells: [String])] {
    var columns: [String] = []
    for name in try rejoined(names).flatMap({ try expanding([$0]) }) where !columns.contains(name) {
      columns.append(name)
    }
    let positions = try columns.map { try position(of: $0) }
    var cells = [[String]](repeating: [], count: columns.count)
    switch source {
    case .delimited(let file):
      var reader = try file.open()
      while try reader.next() {
        try file.checkWidth(reader)
        for (place, position) in positions.enumerated() {
          cells[place].append(reader.text(position))
        }
      }
      guard cells.allSatisfy({ $0.count == rowCount }) else { throw file.changed }
    case .memory(let memory):
      for (place, position) in positions.enumerated() {
        cells[place] = (0..<rowCount).map { memory[position].text($0) ?? "" }
      }
    }
    return Array(zip(columns, cells)).map { (name: $0, cells: $1) }
  }
}
