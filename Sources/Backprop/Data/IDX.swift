/// IDX, the format of MNIST: two zero bytes, the type, the rank, big-endian sizes, elements.
enum IDX {
  /// Most elements of one example.
  static let columnLimit = CSVReader.columnLimit

  /// Whether a file that begins with these bytes is IDX.
  static func isIDX(_ head: [UInt8]) -> Bool {
    head.count >= 4 && head[0] == 0 && head[1] == 0 && elementType(head[2]) != nil
      && (1...8).contains(head[3])
  }

  private static func elementType(_ code: UInt8) -> NumericArray.ElementType? {
    switch code {
    case 0x08: .uint8
    case 0x09: .int8
    case 0x0B: .int16(bigEndian: true)
    case 0x0C: .int32(bigEndian: true)
    case 0x0D: .float32(bigEndian: true)
    case 0x0E: .float64(bigEndian: true)
    default: nil
    }
  }

  /// Reads a file; its size is checked against its header before anything is allocated.
  ///
  /// - Parameter limit: The most examples to read; nil for all, and then nothing may follow them.
  /// - Returns: The examples, and how many the header claims.
  static func array(
    path: String, rows limit: Int? = nil
  ) throws(DataError) -> (examples: NumericArray, claimed: Int) {
    var stream = try ByteStream(path: path)
    let magic = try stream.bytes(upTo: 4)
    guard isIDX(magic), let type = elementType(magic[2]) else {
      throw DataError(
        file: path, "is not an IDX file: it does not begin with 0, 0, a type and a rank")
    }
    let rank = Int(magic[3])
    let sizes = try stream.bytes(upTo: 4 * rank)
    guard sizes.count == 4 * rank else { throw DataError(file: path, "ends within its header") }
    let shape = (0..<rank).map { axis in
      sizes[4 * axis..<4 * axis + 4].reduce(0) { $0 << 8 | Int($1) }
    }
    let examples = try NumericArray.read(
      type: type, shape: shape, rows: limit, headerSize: 4 + 4 * rank, totalSize: nil, from: &stream
    )
    return (examples, shape[0])
  }

  // MARK: Folders

  /// Images, with their labels if there are any, as a table: columns "0", "1", … for the pixels of an
  /// image row by row, and "label".
  static func table(
    images path: String, labels: String?, rows limit: Int?
  ) throws(DataError) -> Table {
    let (images, imageCount) = try array(path: path, rows: limit)
    guard images.shape.count > 1 else {
      throw DataError(file: path, "holds labels, not images", remedy: "name the file of images")
    }
    var columns = images.memoryColumns.enumerated().map { (name: String($0), values: $1) }
    if let labels {
      let (codes, codeCount) = try array(path: labels, rows: limit)
      guard codes.shape.count == 1 else {
        throw DataError(file: labels, "holds an array of rank \(codes.shape.count), not labels")
      }
      guard codeCount == imageCount else {
        throw DataError(
          file: labels, "has \(codeCount) labels for the \(imageCount) images of \(path)",
          remedy: "use files that belong together")
      }
      columns.append((name: "label", values: .array(codes, first: 0, step: 1)))
    }
    var isBytes = false
    if case .uint8 = images.type { isBytes = true }
    return try Table(
      memory: columns, rowCount: images.rows, file: path, pixelScale: isBytes ? 255 : nil)
  }

  /// A folder with files named as those of MNIST: `train-images-idx3-ubyte`,
  /// `train-labels-idx1-ubyte`, `t10k-…` for the test part; or with a point, `train-images.idx3-…`;
  /// each perhaps with `.gz`.
  static func folder(
    _ path: String, rows limit: Int? = nil, threads: Int = 1
  ) throws(DataError) -> DataSource {
    let base = path.hasSuffix("/") ? path : path + "/"
    @Sendable func part(_ names: [String]) -> Result<Table?, DataError> {
      Result { () throws(DataError) in
        for name in names {
          guard let images = file(base + name + "-images", rank: 3) else { continue }
          return try table(
            images: images, labels: file(base + name + "-labels", rank: 1), rows: limit)
        }
        return nil
      }
    }
    let parts = ThreadPool.both(
      threads: threads, { part(["train"]) }, { part(["t10k", "test"]) })
    let (training, test) = (try parts.0.get(), try parts.1.get())
    guard let first = training ?? test else {
      throw DataError(
        file: path, "is a folder without IDX files",
        remedy: "it needs train-images-idx3-ubyte and train-labels-idx1-ubyte, perhaps with .gz")
    }
    let hasLabels = first.position(ifPresent: "label") != nil
    return DataSource(
      training: first, test: training == nil ? nil : test, targets: hasLabels ? ["label"] : [])
  }

  /// An IDX file of images, and the file of labels beside it if there is one.
  static func file(_ path: String, rows limit: Int? = nil) throws(DataError) -> DataSource {
    let slash = path.lastIndex(of: "/").map { path.index(after: $0) } ?? path.startIndex
    let name = path[slash...]
    var labels: String?
    if let range = name.firstRange(of: "-images") {
      labels = file(path[..<slash] + name[..<range.lowerBound] + "-labels", rank: 1)
    }
    let table = try table(images: path, labels: labels, rows: limit)
    return DataSource(training: table, test: nil, targets: labels == nil ? [] : ["label"])
  }

  private static func file(_ start: some StringProtocol, rank: Int) -> String? {
    for separator in ["-", "."] {
      for ending in ["", ".gz"] {
        let path = "\(start)\(separator)idx\(rank)-ubyte\(ending)"
        if Folder.exists(path) { return path }
      }
    }
    return nil
  }
}

extension NumericArray {
  /// Reads the elements behind a header, and nothing must follow them.
  ///
  /// Sizes are checked in this order, before anything is allocated: no dimension of 0, the product
  /// without overflow, no more than the file can hold, exactly what it holds where that is known.
  ///
  /// - Parameters:
  ///   - limit: The most examples to read. What is behind them is then not looked at.
  ///   - headerSize: Bytes of the header, which have been read.
  ///   - totalSize: Bytes of header and elements if known beforehand.
  static func read(
    type: ElementType, shape: [Int], isFortranOrder: Bool = false, rows limit: Int? = nil,
    headerSize: Int, totalSize: Int?, from stream: inout some ByteSource & ~Copyable
  ) throws(DataError) -> NumericArray {
    let path = stream.path
    let text = shape.map(String.init).joined(separator: " × ")
    guard !shape.contains(0) else {
      throw DataError(file: path, "an array of \(text) has no elements")
    }
    guard let bytes = byteCount(shape, of: type.size), bytes < Int.max - headerSize else {
      throw DataError(
        file: path, "the header claims \(text) elements, which no file can hold")
    }
    let columns = shape.dropFirst().reduce(1, *)
    guard columns <= IDX.columnLimit else {
      throw DataError(file: path, "\(columns) numbers for an example are more than can be used")
    }
    let total = headerSize + bytes
    let size = totalSize ?? (stream.isCompressed ? nil : stream.sizeLimit)
    guard size.map({ $0 == total }) ?? (total <= stream.sizeLimit) else {
      throw DataError(
        file: path,
        "the header claims \(text) elements, \(total) bytes, but the file "
          + (size.map { "has \($0)" } ?? "can have \(stream.sizeLimit) at most"),
        remedy: "fetch or write it again")
    }
    if let limit, limit < shape[0] {
      precondition(!isFortranOrder && limit >= 1, "\(limit) examples of \(text)")
      let elements = try stream.bytes(upTo: bytes / shape[0] * limit)
      guard elements.count == bytes / shape[0] * limit else {
        throw DataError(
          file: path, "ends after \(elements.count) of \(bytes) bytes of elements",
          remedy: "fetch or write it again")
      }
      return NumericArray(type: type, shape: [limit] + shape.dropFirst(), bytes: elements)
    }
    let elements = try stream.bytes(upTo: bytes)
    guard elements.count == bytes else {
      throw DataError(
        file: path, "ends after \(elements.count) of \(bytes) bytes of elements",
        remedy: "fetch or write it again")
    }
    guard try stream.bytes(upTo: 1).isEmpty else {
      throw DataError(
        file: path, "goes on behind the \(text) elements that its header claims",
        remedy: "fetch or write it again")
    }
    return NumericArray(type: type, shape: shape, isFortranOrder: isFortranOrder, bytes: elements)
  }
}
