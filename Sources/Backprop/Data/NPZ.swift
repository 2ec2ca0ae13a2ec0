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

  private func columns(named name: String) throws(DataError) -> ArrayColumns {
    let member = try member(named: name)
    var stream = try archive.stream(of: member)
    return try NPY.columns(from: &stream, totalSize: member.size)
  }

  // MARK: Tables

  /// What an array is for.
  private enum Role: String, CaseIterable {
    case inputs
    case targets
    case weights

    var names: [String] {
      switch self {
      case .inputs: ["inputs", "X", "x", "data"]
      case .targets: ["targets", "y", "Y", "labels", "target"]
      case .weights: ["weights", "w", "sample_weight"]
      }
    }
  }

  /// Which rows an array is of.
  private enum Part: CaseIterable {
    case training
    case validation
    case test

    var endings: [String] {
      switch self {
      case .training: ["", "_train"]
      case .validation: ["_val", "_valid", "_validation"]
      case .test: ["_test"]
      }
    }
  }

  /// The array of each role, and those of none.
  ///
  /// - Throws: `DataError` if two have one role.
  private func roles() throws(DataError) -> (named: [Part: [Role: String]], others: [String]) {
    var named: [Part: [Role: String]] = [:]
    var others: [String] = []
    for name in names {
      let place = Part.allCases.lazy.compactMap { part in
        Role.allCases.first { role in
          role.names.contains { start in part.endings.contains { name == start + $0 } }
        }.map { (part, $0) }
      }.first
      guard let (part, role) = place else {
        others.append(name)
        continue
      }
      if let other = named[part, default: [:]].updateValue(name, forKey: role) {
        throw DataError(
          file: archive.path,
          "the arrays \(other.quoted) and \(name.quoted) are both called as the \(role.rawValue) are",
          remedy: "leave one of them out")
      }
    }
    return (named, others)
  }

  /// The table that an archive means, by the names of its arrays: inputs `x` and targets `y`, perhaps
  /// weights `w` (or as above), with parts for validation in `x_val`, `y_val` and for the test in
  /// `x_test`, `y_test`; or columns, if all arrays have one dimension.
  func dataSource() throws(DataError) -> DataSource {
    let found = try roles()
    if let training = found.named[.training], let inputs = training[.inputs] {
      return try dataSource(found.named, training, inputs: inputs, others: found.others)
    }
    if names.count == 1 {
      return DataSource(training: try table(names[0], nil), test: nil, targets: [])
    }
    var shapes: [[Int]] = []
    for name in names { shapes.append(try shape(named: name) ?? []) }
    guard let first = shapes.first, first.count == 1, shapes.allSatisfy({ $0 == first })
    else {
      throw DataError(
        file: archive.path,
        "the arrays \(DataError.list(names)) do not say what is input and what is target",
        remedy: "name them x and y, and x_test and y_test if there is a test part")
    }
    var columns: [(name: String, values: MemoryColumn)] = []
    for name in names { columns.append((name, try self.columns(named: name).columns[0])) }
    let table = try Table(memory: columns, rowCount: first[0], file: archive.path)
    return DataSource(training: table, test: nil, targets: [])
  }

  /// The parts of an archive whose arrays have roles.
  private func dataSource(
    _ parts: [Part: [Role: String]], _ training: [Role: String], inputs: String, others: [String]
  ) throws(DataError) -> DataSource {
    var warnings: [String] = []
    if !others.isEmpty {
      let isOne = others.count == 1
      warnings.append(
        "the \(isOne ? "array" : "arrays") \(DataError.list(others)) "
          + (isOne ? "has no role and is not used" : "have no role and are not used"))
    }
    let whole = try table(
      inputs, training[.targets], weights: training[.weights], column: training[.weights],
      warnings: warnings)
    var tables: [Part: Table] = [:]
    for part in [Part.validation, .test] {
      guard let arrays = parts[part] else { continue }
      guard let inputs = arrays[.inputs] else {
        throw DataError(
          file: archive.path,
          "\(DataError.list(arrays.values.sorted())) without inputs beside it",
          remedy: "name them x\(part.endings[0])")
      }
      tables[part] = try table(
        inputs, arrays[.targets], weights: arrays[.weights], column: training[.weights])
    }
    return DataSource(
      training: whole, test: tables[.test], targets: training[.targets] == nil ? [] : ["y"],
      validation: tables[.validation])
  }

  /// - Parameters:
  ///   - weights: The array with the weight of each row.
  ///   - column: What the column of weights is called; of rows without weights all are 1. Nil for none.
  private func table(
    _ inputs: String, _ targets: String?, weights: String? = nil, column: String? = nil,
    warnings: [String] = []
  ) throws(DataError) -> Table {
    let count = try shape(named: inputs)?.first ?? 1
    for other in [targets, weights].compactMap(\.self) {
      let shape = try shape(named: other) ?? []
      guard (shape.first ?? 1) == count else {
        throw DataError(
          file: archive.path, "\(inputs) has \(count) rows, but \(other) has \(shape.first ?? 1)")
      }
      guard other != weights || shape.dropFirst().allSatisfy({ $0 == 1 }) else {
        throw DataError(
          file: archive.path, "\(other) has \(shape.dropFirst().reduce(1, *)) weights for a row",
          remedy: "give one for each")
      }
    }
    let x = try self.columns(named: inputs)
    var columns = x.columns.enumerated().map { (name: String($0), values: $1) }
    var groups: [String: [String]] = [:]
    if let targets {
      let y = try self.columns(named: targets)
      let names = y.columns.count == 1 ? ["y"] : y.columns.indices.map { "y.\($0)" }
      columns += zip(names, y.columns).map { (name: $0, values: $1) }
      groups["y"] = names
      groups[targets] = names
    }
    if let column {
      let values: MemoryColumn =
        if let weights {
          try self.columns(named: weights).columns[0]
        } else {
          .numbers([Double](repeating: 1, count: count))
        }
      columns.append((name: column, values: values))
    }
    return try Table(
      memory: columns, rowCount: x.rows, file: archive.path, groups: groups,
      pixelScale: x.pixelScale, weightColumn: column, warnings: warnings)
  }
}

extension NumericArray {
  /// Bytes of rank three and more are images.
  var pixelScale: Double? {
    if case .uint8 = type, shape.count > 2 { return 255 }
    return nil
  }
}
