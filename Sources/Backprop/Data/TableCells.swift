extension Table {
  /// The cells of some columns as they are written, in the order of the rows; "" where one is missing. Numbers
  /// that have no spelling, such as those of arrays, are in their shortest form.
  ///
  /// - Throws: `DataError` for a column that there is not, or a file that changed.
  package func cells(of names: [String]) throws -> [(name: String, cells: [String])] {
    let columns = try expanding(names)
    let requests = try columns.map { name in
      ColumnRequest(
        column: try position(of: name),
        reading: .categories(CategoryIndex(limit: Int(Int32.max))))
    }
    var codes = [[Int32]](repeating: [], count: columns.count)
    try read(requests) { (chunk) throws(DataError) in
      for row in 0..<chunk.count {
        for column in 0..<chunk.width {
          codes[column].append(Int32(chunk.values[row * chunk.width + column]))
        }
      }
    }
    for (name, request) in zip(columns, requests) {
      guard case .categories(let index, _) = request.reading, index.isFull else { continue }
      throw DataError(
        file: file, column: name, "has more different cells than can be held",
        remedy: "keep fewer columns")
    }
    return columns.indices.map { column in
      guard case .categories(let index, _) = requests[column].reading else {
        return (columns[column], [])
      }
      let texts = index.categories
      return (
        columns[column],
        codes[column].map { texts.indices.contains(Int($0)) ? texts[Int($0)] : "" }
      )
    }
  }
}
