import Testing

@testable import Backprop
@testable import BackpropInspection

@Suite struct NPZTests {
  let fixture: DataFixture

  init() throws { fixture = try DataFixture() }

  private let x = ArrayFile.npy("<f8", [3, 2], ArrayFile.doubles([1, 2, 3, 4, 5, 6]))
  private let y = ArrayFile.npy("<i8", [3], [0, 1, 1].flatMap { ArrayFile.little($0, 8) })

  @Test(
    "Stored and deflated members, with and without 64-bit sizes", arguments: [false, true],
    [false, true])
  func members(isDeflated: Bool, is64Bit: Bool) throws {
    let bytes = ArrayFile.zip(
      [("x.npy", x), ("y.npy", y)], isDeflated: isDeflated, is64Bit: is64Bit)
    let path = try fixture.file(bytes, name: "a.npz")
    let archive = try ArrayArchive(contentsOf: path)
    #expect(archive.names == ["x", "y"])
    let array = try archive.array(named: "x")
    #expect(array.shape == [3, 2] && array.values == [1, 2, 3, 4, 5, 6])
    #expect(
      fixture.message { _ = try archive.array(named: "z") }
        == "a.npz: there is no array \"z\"; the arrays are \"x\", \"y\"")
    let source = try DataSource.open(path: path)
    #expect(source.training.columns.map(\.name) == ["0", "1", "y"])
    #expect(source.targets == ["y"])
    #expect(try TargetColumns(of: source.training, columns: ["y"]).codes == [0, 1, 1])
  }

  @Test("Test parts, targets of two columns and images are found by their names")
  func names() throws {
    let images = ArrayFile.npy("|u1", [2, 2, 2], [0, 51, 102, 153, 204, 255, 0, 51])
    let pairs = ArrayFile.npy("<f4", [2, 2], ArrayFile.floats([0.5, 1, 2, 3]))
    let path = try fixture.file(
      ArrayFile.zip([
        ("x_train.npy", images), ("y_train.npy", pairs), ("x_test.npy", images),
        ("y_test.npy", pairs),
      ]), name: "a.npz")
    let source = try DataSource.open(path: path)
    let targets = try TargetColumns(of: source.training, columns: ["y"])
    #expect(targets.columns == ["y.0", "y.1"] && targets.task == .regression)
    #expect(targets.values == [0.5, 1, 2, 3])
    let features = try FeatureEncoder(fitting: source.training, excluding: ["y"])
    #expect(
      (try features.encode(source.training) as Matrix<Double>).elements[0] == [0, 0.2, 0.4, 0.6])
    #expect(source.test?.rowCount == 2)
  }

  @Test("Damage anywhere is an error")
  func damage() throws {
    let cases: [((inout [UInt8], inout [UInt8]) -> Void, String)] = [
      ({ file, _ in file[file.count - 1] ^= 1 }, "the checksum of \"x.npy\" is wrong"),
      ({ _, directory in directory[24] = 99 }, "cannot be true"),
      ({ _, directory in directory[8] = 1 }, "is encrypted"),
      ({ _, directory in directory[10] = 12 }, "is compressed by method 12"),
      ({ _, directory in directory[42] = 200 }, "lies outside of the file"),
      ({ file, _ in file[0] = 0 }, "a NUL byte"),
    ]
    for (damage, expected) in cases {
      let path = try fixture.file(ArrayFile.zip([("x.npy", x)], damage: damage), name: "a.npz")
      let message = fixture.message { _ = try DataSource.open(path: path) }
      #expect(message.contains(expected) && !message.isEmpty, "\(message)")
    }
  }

  @Test("A compressed member cannot be larger than the array that it claims to be")
  func bomb() throws {
    let bytes = ArrayFile.npy("|u1", [4], [1, 2, 3, 4]) + [UInt8](repeating: 0, count: 1 << 20)
    let path = try fixture.file(ArrayFile.zip([("x.npy", bytes)], isDeflated: true), name: "a.npz")
    #expect(
      fixture.message { _ = try DataSource.open(path: path) }
        .hasPrefix("a.npz (x.npy): the header claims 4 elements"))
  }

  @Test("Names and shapes are looked at before any array is inflated, and only what is wanted is")
  func lazily() throws {
    // The contents of every member are damaged behind the header.
    let zeros = [UInt8](repeating: 0, count: 4 << 20)
    func damaged(_ members: [(String, [UInt8])]) -> [UInt8] {
      var random = RandomSource(seed: 1, purpose: .sampling)
      let noise = (0..<4000).map { _ in UInt8(truncatingIfNeeded: random.nextWord()) }
      return ArrayFile.zip(
        members.map { ($0.0, $0.1 + noise) }, isDeflated: true,
        damage: { file, _ in
          for at in file.indices where at % 3000 == 2999 { file[at] ^= 0x55 }
        })
    }
    let large = ArrayFile.npy("<f8", [1000, 524], zeros)
    let path = try fixture.file(
      damaged([
        ("layers.0.weight.npy", large), ("layers.0.bias.npy", large), ("bomb.npy", large),
      ]), name: "w.npz")
    let archive = try ArrayArchive(contentsOf: path)
    #expect(try archive.shape(named: "bomb") == [1000, 524])
    #expect(try archive.shape(named: "other") == nil)
    #expect(throws: DataError.self) { try archive.array(named: "bomb") }
    func message(_ inputs: Int, _ outputs: Int) -> String {
      fixture.message {
        let _: Network<Float> = try WeightFile.network(
          from: path,
          layers: [.dense(DenseLayer(inputs: inputs, outputs: outputs, activation: .identity))],
          loss: .squaredError)
      }
    }
    #expect(message(3, 2).contains("shape [1000, 524], but the layer needs [2, 3]"))
    #expect(message(524, 1000).contains("layers.0.bias"))
    #expect(
      fixture.message { _ = try DataSource.open(path: path) }
        .contains("do not say what is input and what is target"))
    let pair = try fixture.file(
      damaged([("x.npy", large), ("y.npy", ArrayFile.npy("<f8", [999], zeros))]), name: "a.npz")
    #expect(
      fixture.message { _ = try DataSource.open(path: pair) }
        == "a.npz: x has 1000 rows, but y has 999")
  }

  @Test(
    "A file cut to any length or with any byte changed is an error or the same arrays, never a crash"
  )
  func everyByte() throws {
    let bytes = ArrayFile.zip([("x.npy", x), ("y.npy", y)], isDeflated: true, is64Bit: true)
    for length in 0..<bytes.count {
      let path = try fixture.file(bytes.prefix(length), name: "a.npz")
      #expect(throws: DataError.self) { try ArrayArchive(contentsOf: path) }
    }
    for position in bytes.indices {
      var changed = bytes
      changed[position] ^= 0x41
      let path = try fixture.file(changed, name: "a.npz")
      do {
        let values = try ArrayArchive(contentsOf: path).array(named: "x").values
        #expect(values == [1, 2, 3, 4, 5, 6])
      } catch {
        #expect(!error.description.contains("\n"))
      }
    }
  }
}

@Suite struct GzipTests {
  @Test("Compressed text is read, in one member or in several, whatever its name")
  func text() throws {
    let fixture = try DataFixture()
    let first = ArrayFile.deflated(Array("a,b\n1,2\n".utf8), window: 31)
    let second = ArrayFile.deflated(Array("3,4\n".utf8), window: 31)
    for bytes in [first + second, first + second + [0, 0, 0]] {
      let table = try Table(contentsOf: fixture.file(bytes, name: "t.csv"))
      #expect(table.rowCount == 2)
    }
    let path = try fixture.file(first + second.dropLast(3), name: "t.csv.gz")
    #expect(
      fixture.message { _ = try Table(contentsOf: path) }
        == "t.csv.gz: ends in the middle of its compressed data; fetch or compress it again")
    // A member a byte: the row is found in the buffer once it is full, not anew for each.
    let bytes = (Array("a,b\n1,2\n".utf8) + [UInt8](repeating: UInt8(ascii: "3"), count: 2000))
      .flatMap { ArrayFile.deflated([$0], window: 31) }
    let table = try fixture.cells(bytes)
    #expect(table.count == 3 && table[2][0].utf8.count == 2000)
    var damaged = first
    damaged[14] ^= 0xFF
    #expect(throws: DataError.self) { try Table(contentsOf: fixture.file(damaged)) }
  }
}
