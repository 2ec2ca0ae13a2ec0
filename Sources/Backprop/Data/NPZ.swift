/// The arrays of an .npz archive: a zip archive of .npy members.
package struct ArrayArchive {
  /// The names of the arrays, in the order of the archive.
  package let names: [String]
  private let archive: ZipArchive

  /// Opens an archive; its arrays are read when they are asked for.
  ///
  /// - Throws: `DataError` if it is no zip archive of .npy members.
  package init(contentsOf path: String) throws(DataError) {
    archive = try ZipArchive(path: path)
    if let error = ForeignFormat.error(members: archive.members.map(\.name), path: path) {
      throw error
    }
    names = archive.members.map { member in
      String(member.name.hasSuffix(".npy") ? member.name.dropLast(4) : member.name[...])
    }
  }

  /// An array with its shape, elements in row-major order.
  ///
  /// - Throws: `DataError` if there is no such array, or it is damaged or not of numbers.
  package func array(named name: String) throws(DataError) -> (shape: [Int], values: [Double]) {
    let array = try numericArray(named: name)
    if let shortage = Memory.shortage(
      NumericArray.byteCount(array.shape, of: 8))
    {
      throw DataError(file: "\(archive.path) (\(name))", shortage)
    }
    var values = [Double](repeating: 0, count: array.rows * array.columns)
    for (column, source) in array.memoryColumns.enumerated() {
      for row in 0..<array.rows { values[row * array.columns + column] = source.number(row) }
    }
    return (array.shape, values)
  }

  /// The shape of an array, nil if there is none of this name; its elements are not looked at.
  ///
  /// - Throws: `DataError` if its header is damaged or not of numbers.
  package func shape(named name: String) throws(DataError) -> [Int]? {
    guard names.contains(name) else { return nil }
    var stream = try archive.stream(of: try member(named: name))
    return try NPY.header(from: &stream).shape
  }

  func numericArray(named name: String) throws(DataError) -> NumericArray {
    let member = try member(named: name)
    var stream = try archive.stream(of: member)
    return try NPY.array(from: &stream, totalSize: member.size)
  }

  private func member(named name: String) throws(DataError) -> ZipArchive.Member {
    guard let index = names.firstIndex(of: name) else {
      let match = nearMatch(name, in: names)
      throw DataError(
        file: archive.path, "there is no array \(name.quoted)",
        remedy: match.map { "did you mean \($0.quoted)?" }
          ?? "the arrays are \(DataError.list(names))")
    }
    return archive.members[index]
  }

  // MARK: Tables

  private static let inputNames = ["x", "X", "x_train", "X_train", "inputs"]
  private static let targetNames = ["y", "Y", "y_train", "Y_train", "labels", "targets"]

  /// The table that an archive means, by the names of its arrays: inputs `x` and targets `y` (or as
  /// above), with a test part in `x_test` and `y_test`; or columns, if all arrays have one dimension.
  func dataSource() throws(DataError) -> DataSource {
    if let inputs = names.first(where: Self.inputNames.contains) {
      let targets = names.first(where: Self.targetNames.contains)
      let training = try table(inputs, targets)
      var test: Table?
      if let testInputs = names.first(where: ["x_test", "X_test"].contains) {
        test = try table(testInputs, names.first(where: ["y_test", "Y_test"].contains))
      }
      return DataSource(training: training, test: test, targets: targets == nil ? [] : ["y"])
    }
    if names.count == 1 {
      return DataSource(training: try table(names[0], nil), test: nil, targets: [])
    }
    var shapes: [[Int]?] = []
    for name in names { shapes.append(try shape(named: name)) }
    guard let shape = shapes.first ?? nil, shape.count == 1, shapes.allSatisfy({ $0 == shape })
    else {
      throw DataError(
        file: archive.path,
        "the arrays \(DataError.list(names)) do not say what is input and what is target",
        remedy: "name them x and y, and x_test and y_test if there is a test part")
    }
    var columns: [(name: String, values: MemoryColumn)] = []
    for name in names {
      columns.append((name, .array(try numericArray(named: name), first: 0, step: 1)))
    }
    let table = try Table(memory: columns, rowCount: shape[0], file: archive.path)
    return DataSource(training: table, test: nil, targets: [])
  }

  private func rowCount(of name: String) throws(DataError) -> Int {
    try shape(named: name)?.first ?? 1
  }

  private func table(_ inputs: String, _ targets: String?) throws(DataError) -> Table {
    if let targets {
      let (count, targetCount) = (try rowCount(of: inputs), try rowCount(of: targets))
      guard targetCount == count else {
        throw DataError(
          file: archive.path, "\(inputs) has \(count) rows, but \(targets) has \(targetCount)")
      }
    }
    let x = try numericArray(named: inputs)
    var columns = x.memoryColumns.enumerated().map { (name: String($0), values: $1) }
    var groups: [String: [String]] = [:]
    if let targets {
      let y = try numericArray(named: targets)
      let names = y.columns == 1 ? ["y"] : (0..<y.columns).map { "y.\($0)" }
      columns += zip(names, y.memoryColumns).map { (name: $0, values: $1) }
      groups["y"] = names
      groups[targets] = names
    }
    return try Table(
      memory: columns, rowCount: x.rows, file: archive.path, groups: groups,
      pixelScale: x.pixelScale)
  }
}

extension NumericArray {
  /// Bytes of rank three and more are images.
  var pixelScale: Double? {
    if case .uint8 = type, shape.count > 2 { return 255 }
    return nil
  }
}
