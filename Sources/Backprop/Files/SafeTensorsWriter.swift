/// What to write into a safetensors file: tensors and strings.
///
/// The bytes depend on nothing but the contents: metadata in the order given, tensors by falling size
/// of their elements and then by name, the header padded with spaces to a multiple of 8.
package struct SafeTensorsWriter: Sendable {
  /// A tensor whose numbers are formed when they are written, so that a model needs no second copy.
  package struct Tensor: Sendable {
    package let name: String
    package let shape: [Int]
    let type: SafeTensors.ElementType
    let bytes: @Sendable () -> [UInt8]

    /// - Parameters:
    ///   - name: Its name; not `__metadata__`.
    ///   - shape: Its shape; the product is the number of elements.
    ///   - elements: The elements in row-major order.
    package init<T: Scalar>(
      name: String, shape: [Int], elements: @escaping @Sendable () -> [T]
    ) {
      precondition(name != "__metadata__", "no tensor can be called \(name)")
      self.name = name
      self.shape = shape
      type = T.self == Float.self ? .f32 : .f64
      let count = shape.reduce(1, *)
      bytes = {
        let values = elements()
        precondition(values.count == count, "\(values.count) elements for shape \(shape)")
        return values.littleEndianBytes
      }
    }

    /// The same of whole numbers, which are written as I64.
    package init(name: String, shape: [Int], integers: [Int]) {
      precondition(
        name != "__metadata__" && integers.count == shape.reduce(1, *),
        "\(integers.count) elements for \(name), shape \(shape)")
      self.name = name
      self.shape = shape
      type = .i64
      bytes = { integers.flatMap { withUnsafeBytes(of: Int64($0).littleEndian, Array.init) } }
    }

    var byteCount: Int { shape.reduce(type.size, *) }
  }

  package var tensors: [Tensor]
  package var metadata: [(key: String, value: String)]

  package init(tensors: [Tensor], metadata: [(key: String, value: String)] = []) {
    self.tensors = tensors
    self.metadata = metadata
  }

  private var sorted: [Tensor] {
    tensors.sorted {
      $0.type.size == $1.type.size
        ? Array($0.name.utf8).lexicographicallyPrecedes(Array($1.name.utf8))
        : $0.type.size > $1.type.size
    }
  }

  /// The length and the header, padded.
  private func header(_ tensors: [Tensor]) -> [UInt8] {
    var members: [JSONMember] = []
    if !metadata.isEmpty {
      members.append(
        JSONMember("__metadata__", .object(metadata.map { JSONMember($0.key, .string($0.value)) })))
    }
    var offset = 0
    for tensor in tensors {
      let end = offset + tensor.byteCount
      members.append(
        JSONMember(
          tensor.name,
          [
            "dtype": .string(tensor.type.rawValue), "shape": JSONValue(tensor.shape),
            "data_offsets": JSONValue([offset, end]),
          ]))
      offset = end
    }
    var text = JSONValue.object(members).utf8
    while text.count % 8 != 0 { text.append(UInt8(ascii: " ")) }
    let length = UInt64(text.count)
    return (0..<8).map { UInt8(truncatingIfNeeded: length >> (8 * UInt64($0))) } + text
  }

  /// Hands out the file in pieces, from first to last.
  func forEachPiece<E: Error>(_ body: ([UInt8]) throws(E) -> Void) throws(E) {
    let tensors = sorted
    try body(header(tensors))
    for tensor in tensors { try body(tensor.bytes()) }
  }

  /// The file as bytes.
  package var bytes: [UInt8] {
    var bytes: [UInt8] = []
    forEachPiece { bytes += $0 }
    return bytes
  }

  /// Writes the file so that it appears complete or not at all.
  ///
  /// - Returns: The SHA-256 of the file, 64 hexadecimal digits.
  @discardableResult
  package func write(to path: String) throws(FileError) -> String {
    let file = try AtomicFile(path)
    var hash = SHA256()
    try forEachPiece { (piece) throws(FileError) in
      hash.add(piece)
      try file.write(piece)
    }
    try file.commit()
    return hash.hexadecimal()
  }
}

extension Array where Element: Scalar {
  /// The elements as little-endian bytes.
  var littleEndianBytes: [UInt8] {
    #if _endian(little)
      return withUnsafeBytes { Array<UInt8>($0) }
    #else
      return flatMap { element in
        let bytes = withUnsafeBytes(of: element) { Array<UInt8>($0) }
        return bytes.reversed()
      }
    #endif
  }
}
