import CZlib
import Foundation
import Testing

@testable import Backprop
@testable import BackpropInspection

/// Files of arrays, built byte by byte.
enum ArrayFile {
  static func idx(type: UInt8 = 8, sizes: [Int], _ elements: [UInt8]) -> [UInt8] {
    [0, 0, type, UInt8(sizes.count)] + sizes.flatMap { bigEndian($0) } + elements
  }

  private static func bigEndian(_ value: Int) -> [UInt8] {
    [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: value >> $0) }
  }

  static func npy(_ header: String, _ elements: [UInt8], version: UInt8 = 1) -> [UInt8] {
    let text = Array(header.utf8) + [0x0A]
    let length = little(text.count, version == 1 ? 2 : 4)
    return [0x93] + Array("NUMPY".utf8) + [version, 0] + length + text + elements
  }

  static func npy(_ descriptor: String, _ shape: [Int], _ elements: [UInt8]) -> [UInt8] {
    let sizes = shape.map { "\($0)," }.joined(separator: " ")
    return npy(
      "{'descr': '\(descriptor)', 'fortran_order': False, 'shape': (\(sizes)), }", elements)
  }

  static func little(_ value: Int, _ count: Int) -> [UInt8] {
    (0..<count).map { UInt8(truncatingIfNeeded: value >> (8 * $0)) }
  }

  static func floats(_ values: [Float]) -> [UInt8] {
    values.flatMap { little(Int($0.bitPattern), 4) }
  }

  static func doubles(_ values: [Double]) -> [UInt8] {
    values.flatMap { little(Int(bitPattern: UInt($0.bitPattern)), 8) }
  }

  /// Compresses as gzip (window 31) or as raw deflate (window −15).
  static func deflated(_ bytes: [UInt8], window: Int32) -> [UInt8] {
    var stream = z_stream()
    deflateInit2_(
      &stream, 6, Z_DEFLATED, window, 8, Z_DEFAULT_STRATEGY, ZLIB_VERSION,
      Int32(MemoryLayout<z_stream>.size))
    var source = bytes
    var target = [UInt8](repeating: 0, count: Int(deflateBound(&stream, UInt(bytes.count))) + 64)
    source.withUnsafeMutableBufferPointer { source in
      target.withUnsafeMutableBufferPointer { target in
        stream.next_in = source.baseAddress
        stream.avail_in = UInt32(source.count)
        stream.next_out = target.baseAddress
        stream.avail_out = UInt32(target.count)
        deflate(&stream, Z_FINISH)
      }
    }
    target.removeLast(Int(stream.avail_out))
    deflateEnd(&stream)
    return target
  }

  /// A zip archive; sizes go into 64-bit extra fields if asked for, as numpy.savez writes them.
  static func zip(
    _ members: [(name: String, bytes: [UInt8])], isDeflated: Bool = false, is64Bit: Bool = false,
    damage: (inout [UInt8], inout [UInt8]) -> Void = { _, _ in }
  ) -> [UInt8] {
    var file: [UInt8] = []
    var directory: [UInt8] = []
    for (name, bytes) in members {
      let stored = isDeflated ? deflated(bytes, window: -15) : bytes
      let checksum = Int(crc32(0, bytes, UInt32(bytes.count)))
      let extra =
        is64Bit
        ? little(1, 2) + little(16, 2) + little(bytes.count, 8) + little(stored.count, 8) : []
      let sizes =
        is64Bit
        ? little(0xFFFF_FFFF, 4) + little(0xFFFF_FFFF, 4)
        : little(stored.count, 4) + little(bytes.count, 4)
      let common =
        little(45, 2) + little(0, 2) + little(isDeflated ? 8 : 0, 2) + little(0, 4)
        + little(checksum, 4) + sizes + little(name.utf8.count, 2) + little(extra.count, 2)
      directory +=
        little(0x0201_4B50, 4) + little(45, 2) + common + little(0, 10) + little(file.count, 4)
        + Array(name.utf8) + extra
      file += little(0x0403_4B50, 4) + common + Array(name.utf8) + extra + stored
    }
    damage(&file, &directory)
    let start = file.count
    return file + directory + little(0x0605_4B50, 4) + little(0, 4) + little(members.count, 2)
      + little(members.count, 2) + little(directory.count, 4) + little(start, 4) + little(0, 2)
  }
}

@Suite struct IDXTests {
  let fixture: DataFixture

  init() throws { fixture = try DataFixture() }

  private let images = ArrayFile.idx(sizes: [3, 2, 2], (0..<12).map { $0 * 5 })
  private let labels = ArrayFile.idx(sizes: [3], [7, 0, 7])

  @Test("A folder named as that of MNIST gives both parts, compressed or not")
  func folder() throws {
    _ = try fixture.file(images, name: "d/train-images-idx3-ubyte")
    _ = try fixture.file(
      ArrayFile.deflated(labels, window: 31), name: "d/train-labels-idx1-ubyte.gz")
    _ = try fixture.file(
      ArrayFile.deflated(ArrayFile.idx(sizes: [1, 2, 2], [1, 2, 3, 4]), window: 31),
      name: "d/t10k-images.idx3-ubyte.gz")
    _ = try fixture.file(ArrayFile.idx(sizes: [1], [0]), name: "d/t10k-labels.idx1-ubyte")
    let source = try DataSource.open(path: fixture.folder.path + "/d")
    #expect(source.targets == ["label"])
    #expect(source.training.rowCount == 3)
    #expect(source.training.columns.map(\.name) == ["0", "1", "2", "3", "label"])

    let features = try FeatureEncoder(fitting: source.training, excluding: ["label"])
    #expect(features.features == [.pixels(count: 4, scale: 255)])
    let inputs: Matrix<Double> = try features.encode(source.training)
    #expect(inputs.elements[2] == [40, 45, 50, 55].map { $0 / 255 })
    let target = try TargetEncoder(fitting: source.training, targets: source.targets)
    #expect(target.labels == ["0", "7"])
    let test = try #require(source.test)
    #expect(
      (try features.encode(test) as Matrix<Double>).elements == [[1, 2, 3, 4].map { $0 / 255 }])
    #expect((try target.encode(test) as Matrix<Double>).elements == [[1, 0]])
  }

  @Test("A file of images is read with the labels beside it, or without")
  func file() throws {
    let path = try fixture.file(images, name: "a-images-idx3-ubyte")
    #expect(try DataSource.open(path: path).targets.isEmpty)
    _ = try fixture.file(labels, name: "a-labels-idx1-ubyte")
    #expect(try DataSource.open(path: path).targets == ["label"])
  }

  @Test("With a limit, no more than so many images are read, and what follows is not looked at")
  func limit() throws {
    let path = try fixture.file(images, name: "b-images-idx3-ubyte")
    _ = try fixture.file(labels, name: "b-labels-idx1-ubyte")
    let two = try DataSource.open(path: path, options: TableOptions(with: { $0.rowLimit = 2 }))
      .training
    #expect(two.rowCount == 2)
    let whole = try DataSource.open(path: path).training
    let names = whole.columns.map(\.name)
    #expect(two.columns.map(\.name) == names)
    let first: Matrix<Double> = try two.numericMatrix(excluding: [])
    let all: Matrix<Double> = try whole.numericMatrix(excluding: [])
    #expect(first.elements == Array(all.elements.prefix(2)))
    #expect(
      try DataSource.open(path: path, options: TableOptions(with: { $0.rowLimit = 9 })).training
        .rowCount == 3)
    // As many labels as images are asked for all the same.
    _ = try fixture.file(ArrayFile.idx(sizes: [2], [0, 1]), name: "b-labels-idx1-ubyte")
    #expect(
      fixture.message {
        _ = try DataSource.open(path: path, options: TableOptions(with: { $0.rowLimit = 1 }))
      }.contains("has 2 labels for the 3 images"))
  }

  @Test("All element types are read")
  func types() throws {
    let cases: [(UInt8, [UInt8], [Double])] = [
      (0x09, [0xFF, 1], [-1, 1]), (0x0B, [0xFF, 0xFE, 1, 0], [-2, 256]),
      (0x0C, [0xFF, 0xFF, 0xFF, 0xFD, 0, 0, 1, 0], [-3, 256]),
      (0x0D, [0x3F, 0x80, 0, 0, 0xC0, 0, 0, 0], [1, -2]),
      (0x0E, [0x3F, 0xF0, 0, 0, 0, 0, 0, 0, 0xC0, 0, 0, 0, 0, 0, 0, 0], [1, -2]),
    ]
    for (type, bytes, expected) in cases {
      let path = try fixture.file(ArrayFile.idx(type: type, sizes: [2], bytes), name: "x")
      let array = try IDX.array(path: path).examples
      #expect((0..<2).map(array.number) == expected)
    }
  }

  @Test("Headers that lie are errors, before anything is allocated")
  func lies() throws {
    let big = ArrayFile.idx(sizes: [Int(UInt32.max), 28, 28], [1, 2])
    let cases: [([UInt8], String)] = [
      (Array(images.dropLast()), "claims 3 × 2 × 2 elements, 28 bytes, but the file has 27"),
      (images + [0], "claims 3 × 2 × 2 elements, 28 bytes, but the file has 29"),
      (Array(images.prefix(9)), "x: ends within its header"),
      (big, "claims 4294967295 × 28 × 28 elements"),
      (
        ArrayFile.idx(sizes: [Int](repeating: Int(UInt32.max), count: 4), []),
        "which no file can hold"
      ),
      (ArrayFile.idx(sizes: [0, 28, 28], []), "an array of 0 × 28 × 28 has no elements"),
      (ArrayFile.deflated(big, window: 31), "bytes, but the file can have"),
      (
        ArrayFile.deflated(Array(images.dropLast()), window: 31),
        "ends after 11 of 12 bytes of elements"
      ),
      (ArrayFile.deflated(images + [0], window: 31), "goes on behind the 3 × 2 × 2 elements"),
      (
        Array(ArrayFile.deflated(images, window: 31).dropLast(9)),
        "ends in the middle of its compressed data"
      ),
    ]
    for (bytes, expected) in cases {
      let path = try fixture.file(bytes, name: "x")
      let message = fixture.message { _ = try DataSource.open(path: path) }
      #expect(message.contains(expected), "\(message)")
    }
    _ = try fixture.file(images, name: "d/train-images-idx3-ubyte")
    _ = try fixture.file(ArrayFile.idx(sizes: [2], [0, 1]), name: "d/train-labels-idx1-ubyte")
    let message = fixture.message { _ = try DataSource.open(path: fixture.folder.path + "/d") }
    #expect(message.hasPrefix("d/train-labels-idx1-ubyte: has 2 labels for the 3 images of"))
    try FileManager.default.createDirectory(
      at: fixture.folder.appendingPathComponent("e"), withIntermediateDirectories: true)
    #expect(
      fixture.message { _ = try DataSource.open(path: fixture.folder.path + "/e") }
        .hasPrefix("e: is a folder without IDX files; it needs train-images-idx3-ubyte"))
  }

  @Test("Of two damaged parts of a folder, the error names the training part")
  func damagedParts() throws {
    let short = images.dropLast()
    _ = try fixture.file(images, name: "d/train-images-idx3-ubyte")
    _ = try fixture.file(short, name: "d/t10k-images-idx3-ubyte")
    let open = { _ = try DataSource.open(path: fixture.folder.path + "/d") }
    #expect(fixture.message(open).hasPrefix("d/t10k-images-idx3-ubyte: "))
    _ = try fixture.file(short, name: "d/train-images-idx3-ubyte")
    #expect(fixture.message(open).hasPrefix("d/train-images-idx3-ubyte: "))
  }

  @Test("Images that compress to a hundredth are read whole, and no further than they go")
  func highlyCompressed() throws {
    var pixels = [UInt8](repeating: 0, count: 500 * 784)
    for index in stride(from: 0, to: pixels.count, by: 10_000) { pixels[index] = 200 }
    let bytes = ArrayFile.deflated(ArrayFile.idx(sizes: [500, 28, 28], pixels), window: 31)
    #expect(bytes.count * 100 < pixels.count)
    let path = try fixture.file(bytes, name: "x")
    let read = try IDX.array(path: path).examples.withBytes { Array($0) }
    #expect(read == pixels)
    let long = ArrayFile.deflated(ArrayFile.idx(sizes: [499, 28, 28], pixels), window: 31)
    #expect(throws: DataError.self) { try IDX.array(path: fixture.file(long, name: "y")) }
  }

  @Test("A file cut to any length is an error, never a crash")
  func everyLength() throws {
    for bytes in [images, ArrayFile.deflated(images, window: 31)] {
      for length in 0..<bytes.count {
        let path = try fixture.file(bytes.prefix(length), name: "x")
        #expect(throws: DataError.self) { try DataSource.open(path: path) }
      }
    }
  }
}

@Suite struct NPYTests {
  let fixture: DataFixture

  init() throws { fixture = try DataFixture() }

  private func array(_ bytes: [UInt8]) throws -> (columns: [[Double]], shape: [Int]) {
    var stream = try ByteStream(path: fixture.file(bytes, name: "a.npy"))
    let array = try NPY.array(from: &stream)
    return (
      array.memoryColumns.map { column in (0..<array.rows).map(column.number) }, array.shape
    )
  }

  @Test("All element types and versions are read")
  func types() throws {
    let cases: [(String, [UInt8], [Double])] = [
      ("<f4", ArrayFile.floats([1.5, -2]), [1.5, -2]),
      ("<f8", ArrayFile.doubles([0.1, 3]), [0.1, 3]),
      ("<i4", ArrayFile.little(-5, 4) + ArrayFile.little(6, 4), [-5, 6]),
      ("<i8", ArrayFile.little(-5, 8) + ArrayFile.little(6, 8), [-5, 6]),
      ("|u1", [0, 255], [0, 255]),
      ("|b1", [0, 1], [0, 1]),
    ]
    for (descriptor, bytes, expected) in cases {
      #expect(try array(ArrayFile.npy(descriptor, [2], bytes)).columns == [expected])
    }
    let header = "{ \"shape\":(2,1),'fortran_order':False,'descr':'|u1'}"
    for version in [1, 2, 3] as [UInt8] {
      let result = try array(ArrayFile.npy(header, [4, 5], version: version))
      #expect(result.columns == [[4, 5]] && result.shape == [2, 1])
    }
  }

  @Test("Columns are the flattened later dimensions, in C and in Fortran order")
  func orders() throws {
    // Element (i, j, k) of shape (2, 3, 2) is 100 i + 10 j + k.
    let shape = [2, 3, 2]
    var c: [UInt8] = []
    for i in 0..<2 { for j in 0..<3 { for k in 0..<2 { c.append(UInt8(100 * i + 10 * j + k)) } } }
    var fortran: [UInt8] = []
    for k in 0..<2 {
      for j in 0..<3 { for i in 0..<2 { fortran.append(UInt8(100 * i + 10 * j + k)) } }
    }
    let expected = [0, 1, 10, 11, 20, 21].map { [Double($0), Double($0 + 100)] }
    #expect(try array(ArrayFile.npy("|u1", shape, c)).columns == expected)
    let header = "{'descr': '|u1', 'fortran_order': True, 'shape': (2, 3, 2)}"
    #expect(try array(ArrayFile.npy(header, fortran)).columns == expected)
  }

  @Test("Headers that lie or say too much are errors")
  func lies() throws {
    func header(_ text: String) -> [UInt8] { ArrayFile.npy(text, [1, 2]) }
    let cases: [([UInt8], String)] = [
      (ArrayFile.npy("|u1", [3], [1, 2]), "a.npy: the header claims 3 elements, "),
      (ArrayFile.npy("|u1", [1], [1, 2]), "a.npy: the header claims 1 elements, "),
      (ArrayFile.npy("<f8", [1 << 62, 4], []), "which no file can hold"),
      (ArrayFile.npy("|u1", [0, 1 << 62, 4], []), "has no elements"),
      (ArrayFile.npy("|u1", [1, 1 << 40], []), "more than can be used"),
      (
        header("{'descr': '|u1', 'fortran_order': False, 'shape': (99999999999999999999,)}"),
        "beyond"
      ),
      (header("{'descr': '|O', 'fortran_order': False, 'shape': (2,)}"), "\"|O\" are not read"),
      (header("{'descr': '>f3', 'fortran_order': False, 'shape': (2,)}"), "\">f3\" are not read"),
      (header("{'descr': '<M8[s]', 'fortran_order': False, 'shape': (2,)}"), "are not read"),
      (header("{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': (2,)}"), "records"),
      (
        header("{'descr': '|u1', 'descr': '|u1', 'fortran_order': False, 'shape': (2,)}"),
        "not understood"
      ),
      (header("{'descr': '|u1', 'fortran_order': False, 'shape': (2)}"), "not understood"),
      (header("{'descr': '|u1', 'fortran_order': False, 'shape': (-2,)}"), "not understood"),
      (header("{'descr': '|u1', 'fortran_order': False}"), "not understood"),
      (header("{'descr': '|u1', 'fortran_order': False, 'shape': (2,)} x"), "not understood"),
      (header("__import__('os')"), "not understood"),
      (ArrayFile.npy(String(repeating: " ", count: 10_001), [], version: 2), "at most 10000"),
      ([0x93] + Array("NUMPY".utf8) + [4, 0, 0, 0], "version 4"),
    ]
    for (bytes, expected) in cases {
      let message = fixture.message { _ = try array(bytes) }
      #expect(message.contains(expected), "\(message)")
    }
  }

  @Test("A two-dimensional array is a table with columns 0, 1, …")
  func table() throws {
    let path = try fixture.file(
      ArrayFile.npy("<f4", [2, 3], ArrayFile.floats([1, 2, 0, 4, .nan, 1])), name: "t.npy")
    let table = try Table(contentsOf: path)
    #expect(table.columns.map(\.name) == ["0", "1", "2"])
    #expect(table.columns.map(\.missing) == [0, 1, 0])
    #expect(try TargetColumns(of: table, columns: ["2"]).labels == ["0", "1"])
    let bad = try fixture.file(
      ArrayFile.npy("<f4", [2, 1], ArrayFile.floats([1, -.infinity])), name: "t.npy")
    #expect(
      fixture.message { _ = try Table(contentsOf: bad) }
        .hasPrefix("t.npy, row 2, column \"0\": \"-inf\" is not a finite number"))
  }
}
