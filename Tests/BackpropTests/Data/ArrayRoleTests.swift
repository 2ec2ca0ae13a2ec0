import Testing

@testable import Backprop
@testable import BackpropInspection

@Suite("Arrays of every type of numbers and of texts, and what their names say of them")
struct ArrayRoleTests {
  let fixture: DataFixture

  init() throws { fixture = try DataFixture() }

  private func values(_ descriptor: String, _ bytes: [UInt8], _ count: Int) throws -> [Double] {
    let path = try fixture.file(ArrayFile.npy(descriptor, [count], bytes), name: "a.npy")
    let table = try Table(contentsOf: path)
    let matrix: Matrix<Double> = try table.numericMatrix(excluding: [])
    return matrix.elements.map { $0[0] }
  }

  private func source(_ members: [(String, [UInt8])]) throws -> DataSource {
    let path = try fixture.file(
      ArrayFile.zip(members.map { ("\($0.0).npy", $0.1) }), name: "a.npz")
    return try DataSource.open(path: path)
  }

  private func floats(_ values: [Float]) -> [UInt8] {
    ArrayFile.npy("<f4", [values.count], ArrayFile.floats(values))
  }

  /// Four code points of 4 bytes each.
  private func texts(_ values: [String], _ isBig: Bool = false) -> [UInt8] {
    let bytes = values.flatMap { text -> [UInt8] in
      let codes = text.unicodeScalars.map { Int($0.value) }
      return (codes + [Int](repeating: 0, count: 4 - codes.count)).flatMap { code in
        let little = ArrayFile.little(code, 4)
        return isBig ? little.reversed() : little
      }
    }
    return ArrayFile.npy(isBig ? ">U4" : "<U4", [values.count], bytes)
  }

  @Test("Whole numbers of either byte order")
  func wholeNumbers() throws {
    // 258 = 0x0102; of signed types −2 is all ones but the last bit.
    for (kind, size) in [("u", 2), ("u", 4), ("u", 8), ("i", 2), ("i", 4), ("i", 8)] {
      let little = ArrayFile.little(258, size) + ArrayFile.little(-2, size)
      let big =
        Array(ArrayFile.little(258, size).reversed()) + ArrayFile.little(-2, size).reversed()
      let last = kind == "i" ? -2 : size == 2 ? 65_534.0 : 4_294_967_294
      if kind == "u", size == 8 {
        #expect(try values("<u8", Array(little.prefix(8)), 1) == [258])
        #expect(try values(">u8", Array(big.prefix(8)), 1) == [258])
      } else {
        #expect(try values("<\(kind)\(size)", little, 2) == [258, last])
        #expect(try values(">\(kind)\(size)", big, 2) == [258, last])
      }
    }
    let path = try fixture.file(
      ArrayFile.npy("<i8", [2], ArrayFile.little(1 << 53, 8) + ArrayFile.little(1 << 53 | 1, 8)),
      name: "a.npy")
    #expect(
      fixture.message { _ = try Table(contentsOf: path) }.hasPrefix(
        "a.npy, row 2, column \"0\": a whole number beyond 2⁵³"))
  }

  @Test("Numbers of 16 bits: every one of them is worth sign × fraction × 2^exponent")
  func halves() throws {
    // 1, −2, the largest, the smallest normal one, the smallest of all, 0 (IEEE 754-2019, table 3.5).
    let bits = [0x3C00, 0xC000, 0x7BFF, 0x0400, 0x0001, 0x8000]
    let expected = [1, -2, 65_504, 0x1p-14, 0x1p-24, 0]
    #expect(try values("<f2", bits.flatMap { ArrayFile.little($0, 2) }, 6) == expected)
    #expect(try values(">f2", bits.flatMap { ArrayFile.little($0, 2).reversed() }, 6) == expected)
    #expect(Double(halfBits: 0x7C00) == .infinity && Double(halfBits: 0xFC00) == -.infinity)
    #expect(Double(halfBits: 0x7E00).isNaN)
    for exponent in 1...30 {
      for fraction in [0, 1, 511, 1023] {
        let value =
          (1 + Double(fraction) / 1024)
          * Double(sign: .plus, exponent: exponent - 15, significand: 1)
        #expect(Double(halfBits: UInt16(exponent << 10 | fraction)) == value)
      }
    }
    #expect(try values(">f4", [0x3F, 0x80, 0, 0], 1) == [1])
    #expect(try values(">f8", [0x3F, 0xF0, 0, 0, 0, 0, 0, 0], 1) == [1])
  }

  @Test("Texts of a fixed length are categories, and an empty one is missing")
  func fixedTexts() throws {
    for (isBig, name) in [(false, "y"), (true, "labels")] {
      let source = try source([
        ("x", floats([1, 2, 3])), (name, texts(["no", "", "日本 é"], isBig)),
      ])
      let target = try #require(source.training.columns.last)
      #expect(target.name == "y" && target.kind == .categorical && target.missing == 1)
      #expect(source.targets == ["y"])
      guard case .memory(let columns) = source.training.source else { return }
      #expect(
        columns[1].text(0) == "no" && columns[1].text(1) == nil && columns[1].text(2) == "日本 é")
    }
    let bytes = ArrayFile.npy("|S3", [2], Array("ab\0xyz".utf8))
    let source = try source([("X", floats([1, 2])), ("target", bytes)])
    guard case .memory(let columns) = source.training.source else { return }
    #expect(columns[1].text(0) == "ab" && columns[1].text(1) == "xyz")
    let wrong = ArrayFile.npy("<U1", [1], [0, 0xD8, 0, 0])
    #expect(
      fixture.message { _ = try self.source([("x", floats([1])), ("y", wrong)]) }
        == "a.npz (y.npy), row 1: a text that is not Unicode")
    let latin = ArrayFile.npy("|S1", [1], [0xE9])
    #expect(
      fixture.message { _ = try self.source([("x", floats([1])), ("y", latin)]) }.contains(
        "astype('U')"))
  }

  @Test(
    "Inputs, targets, weights and their parts have their names",
    arguments: [
      ["inputs", "targets", "weights"], ["X", "y", "w"], ["x", "labels", "sample_weight"],
      ["data", "target", "w"], ["X_train", "Y_train", "weights_train"],
    ])
  func roles(names: [String]) throws {
    let source = try source([
      (names[0], floats([1, 2])), (names[1], floats([5, 6])), (names[2], floats([0.5, 2])),
      ("X_valid", floats([7])), ("y_val", floats([8])), ("x_test", floats([9])),
      ("w_test", floats([3])),
    ])
    let columns = source.training.columns
    #expect(columns.map(\.name) == ["0", "y", names[2]])
    #expect(columns.map(\.isIgnored) == [false, false, true])
    #expect(source.training.weightColumn == names[2] && source.training.warnings.isEmpty)
    #expect(source.targets == ["y"])
    #expect(source.validation?.columns.map(\.name) == ["0", "y", names[2]])
    #expect(source.test?.columns.map(\.name) == ["0", names[2]])
  }

  @Test("An array without a role is named, and two for one role are refused")
  func doubtful() throws {
    let x = floats([1, 2])
    let named = try source([("x", x), ("y", x), ("ids", x), ("z", x)])
    #expect(named.training.warnings == ["the arrays \"ids\", \"z\" have no role and are not used"])
    #expect(
      fixture.message { _ = try source([("x", x), ("y", x), ("labels", x)]) }
        == "a.npz: the arrays \"y\" and \"labels\" are both called as the targets are; leave one of them out"
    )
    #expect(
      fixture.message { _ = try source([("x", x), ("X_train", x)]) }.contains(
        "\"x\" and \"X_train\""))
    #expect(
      fixture.message { _ = try source([("x", x), ("y_val", x)]) }.contains("without inputs"))
    let pairs = ArrayFile.npy("<f4", [2, 2], ArrayFile.floats([1, 2, 3, 4]))
    #expect(
      fixture.message { _ = try source([("x", x), ("w", pairs)]) }.contains("2 weights for a row"))
    #expect(
      fixture.message { _ = try source([("x", x), ("w", floats([1]))]) }.contains(
        "x has 2 rows, but w has 1"))
  }

  @Test("A fit takes the weights that the data brings, unless others are named")
  func weights() throws {
    let rows = 40
    let x = (0..<2 * rows).map { Float($0 % 7) }
    let source = try source([
      ("x", ArrayFile.npy("<f4", [rows, 2], ArrayFile.floats(x))),
      ("y", floats((0..<rows).map { Float($0 % 5) })),
      ("w", floats((0..<rows).map { Float($0 % 3) + 1 })),
    ])
    var configuration = TrainingConfiguration(seed: 1)
    configuration.recipe = .plain
    configuration.data.target = ["y"]
    configuration.schedule.epochs = 1
    let fit = try Estimator(configuration, threads: 1).fit(source.training)
    #expect(fit.model.weights?.column == "w")
    #expect(fit.model.encoder?.columns.map(\.name) == ["0", "1"])
    configuration.data.weightColumn = "1"
    #expect(
      try Estimator(configuration, threads: 1).crossValidate(source.training, folds: 2).folds.count
        == 2)
  }
}
