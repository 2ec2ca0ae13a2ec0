import Testing

@testable import Backprop
@testable import BackpropInspection

@Suite("safetensors files")
struct SafeTensorsTests {
  /// A file from a header and data, the length of the header in front.
  private func file(_ header: String, data: [UInt8] = [], length: UInt64? = nil) -> [UInt8] {
    let length = length ?? UInt64(header.utf8.count)
    return (0..<8).map { UInt8(truncatingIfNeeded: length >> (8 * UInt64($0))) }
      + Array(header.utf8) + data
  }

  /// Two tensors: "b" F32 [2] = 1, 2 and "a" F32 [1, 1] = −0.5.
  private var twoTensors: [UInt8] {
    file(
      #"{"__metadata__":{"k":"v"},"a":{"dtype":"F32","shape":[1,1],"data_offsets":[8,12]},"#
        + #""b":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}"#,
      data: [0, 0, 0x80, 0x3F, 0, 0, 0, 0x40, 0, 0, 0, 0xBF])
  }

  private func problem(_ bytes: [UInt8]) -> SafeTensorsError.Problem? {
    do {
      _ = try SafeTensors(bytes: bytes)
      return nil
    } catch let error as SafeTensorsError {
      #expect(!error.description.contains("\n"))
      return error.problem
    } catch {
      return nil
    }
  }

  @Test("A file laid out by hand is read")
  func byHand() throws {
    let read = try SafeTensors(bytes: twoTensors)
    #expect(read.tensors.map(\.name) == ["b", "a"])
    #expect(read[metadata: "k"] == "v")
    let a = try #require(read["a"])
    let b = try #require(read["b"])
    #expect(a.shape == [1, 1] && b.shape == [2])
    #expect(try read.elements(of: a) == [-0.5 as Float])
    #expect(try read.elements(of: b, as: Double.self) == [1, 2])
  }

  @Test("The writer lays out bytes as the format says")
  func layout() {
    let writer = SafeTensorsWriter(
      tensors: [
        .init(name: "b", shape: [1]) { [1 as Float] },
        .init(name: "a", shape: [2]) { [2 as Float, 3] },
        .init(name: "z", shape: [1]) { [-1.0] },
      ], metadata: [("k", "v")])
    // The doubles first, then by name.
    let header =
      #"{"__metadata__":{"k":"v"},"z":{"dtype":"F64","shape":[1],"data_offsets":[0,8]},"#
      + #""a":{"dtype":"F32","shape":[2],"data_offsets":[8,16]},"#
      + #""b":{"dtype":"F32","shape":[1],"data_offsets":[16,20]}}"#
    let padded = header + String(repeating: " ", count: (8 - header.utf8.count % 8) % 8)
    #expect(padded.utf8.count % 8 == 0)
    #expect(
      writer.bytes
        == file(
          padded,
          data: [0, 0, 0, 0, 0, 0, 0xF0, 0xBF] + [0, 0, 0, 0x40, 0, 0, 0x40, 0x40]
            + [0, 0, 0x80, 0x3F]))
  }

  @Test("What is written is read back with the same bits")
  func roundTrip() throws {
    let singles: [Float] = [.leastNonzeroMagnitude, -0.0, .greatestFiniteMagnitude, .pi]
    let doubles: [Double] = [.ulpOfOne, -.pi, .leastNonzeroMagnitude]
    let names = ["layers.10.weight", "é \"\\\n", ""]
    let writer = SafeTensorsWriter(
      tensors: [
        .init(name: names[0], shape: [2, 2]) { singles },
        .init(name: names[1], shape: [3, 1]) { doubles },
        .init(name: names[2], shape: [0, 7]) { [Float]() },
      ], metadata: [("key", "{\"a\":1}"), ("other", "")])
    let read = try SafeTensors(bytes: writer.bytes)
    #expect(read.metadata.map(\.key) == ["key", "other"])
    #expect(read[metadata: "key"] == "{\"a\":1}")
    let single: [Float] = try read.elements(of: #require(read[names[0]]))
    let double: [Double] = try read.elements(of: #require(read[names[1]]))
    let none: [Float] = try read.elements(of: #require(read[names[2]]))
    #expect(single.map(\.bitPattern) == singles.map(\.bitPattern))
    #expect(double.map(\.bitPattern) == doubles.map(\.bitPattern))
    #expect(none.isEmpty)
  }

  @Test("bfloat16 is the upper half of a Float")
  func bfloat16() throws {
    let read = try SafeTensors(
      bytes: file(
        #"{"x":{"dtype":"BF16","shape":[2],"data_offsets":[0,4]}}"#, data: [0x80, 0x3F, 0, 0xC0]))
    #expect(try read.elements(of: read.tensors[0]) == [1.0, -2.0])
  }

  @Test("float16 is read")
  func float16() throws {
    let read = try SafeTensors(
      bytes: file(
        #"{"x":{"dtype":"F16","shape":[2],"data_offsets":[0,4]}}"#, data: [0, 0x3C, 1, 0x80]))
    #expect(try read.elements(of: read.tensors[0]) == [1.0, -0x1p-24])
  }

  @Test("A file without tensors is a file")
  func empty() throws {
    #expect(try SafeTensors(bytes: file("{}")).tensors.isEmpty)
    #expect(try SafeTensors(bytes: file("{}      ")).tensors.isEmpty)
  }

  @Test("A file cut at any byte is refused, and so is one with a byte more")
  func truncation() {
    let whole = twoTensors
    #expect(problem(whole) == nil)
    for count in 0..<whole.count { #expect(problem(Array(whole[..<count])) != nil) }
    #expect(problem(whole + [0]) == .wrongSize(expected: 12, found: 13))
  }

  @Test("No flipped bit of the header makes the reader trap")
  func flippedBits() {
    let whole = twoTensors
    for index in 0..<(whole.count - 12) {
      for bit in 0..<8 {
        var bytes = whole
        bytes[index] ^= 1 << UInt8(bit)
        if let read = try? SafeTensors(bytes: bytes) {
          for tensor in read.tensors {
            #expect((try? read.elements(of: tensor, as: Float.self))?.count ?? 1 <= 3)
          }
        }
      }
    }
  }

  @Test("A length of the header that lies is refused before anything is read")
  func lyingLength() {
    for length in [UInt64.max, 1 << 63, 100_000_001, 1000, 3] {
      #expect(problem(file("{}", length: length)) == .headerTooLong(length: length, size: 10))
    }
  }

  /// The one tensor "x" as its fields are given, in a file of `bytes` bytes of data.
  private func tensor(
    _ type: String = "\"F32\"", _ shape: String = "[2]", _ offsets: String = "[0,8]", bytes: Int = 8
  ) -> SafeTensors.ElementType? {
    let header = "{\"x\":{\"dtype\":\(type),\"shape\":\(shape),\"data_offsets\":\(offsets)}}"
    return try? SafeTensors(
      bytes: file(header, data: [UInt8](repeating: 0, count: bytes))
    ).tensors.first?.type
  }

  @Test("A header that lies about a tensor is refused")
  func lyingTensor() {
    #expect(tensor() == .f32)
    #expect(tensor("\"F64\"", "[]", "[0,8]") == .f64)
    #expect(tensor("\"F33\"") == nil)
    #expect(tensor("32") == nil)
    #expect(tensor("null") == nil)
    for shape in ["[3]", "[1]", "[-2]", "[2.0]", "[\"2\"]", "2", "{}", "null", "[2,2]", "[0]"] {
      #expect(tensor("\"F32\"", shape) == nil, "shape \(shape)")
    }
    // 2³¹ × 2³¹ × 4 × 4 overflows 64 bits and would wrap to 0.
    #expect(tensor("\"F32\"", "[2147483648,2147483648,4]", "[0,0]", bytes: 0) == nil)
    #expect(tensor("\"F32\"", "[9223372036854775807]", "[0,8]") == nil)
    #expect(tensor("\"F32\"", "[9223372036854775808]", "[0,8]") == nil)
    for offsets in [
      "[8,0]", "[0,7]", "[0,9]", "[1,9]", "[-8,0]", "[0]", "[0,4,8]", "[]", "[0,8.0]", "null",
      "[0,9223372036854775807]", "[9223372036854775800,9223372036854775807]", "[0,1e1]",
    ] {
      #expect(tensor("\"F32\"", "[2]", offsets) == nil, "offsets \(offsets)")
    }
    #expect(tensor("\"F32\"", "[2]", "[4,12]", bytes: 12) == nil)
  }

  @Test("Holes and overlaps between tensors are refused")
  func holes() {
    func entry(_ name: String, _ begin: Int, _ end: Int) -> String {
      "\"\(name)\":{\"dtype\":\"U8\",\"shape\":[\(end - begin)],\"data_offsets\":[\(begin),\(end)]}"
    }
    func read(_ entries: String...) -> SafeTensorsError.Problem? {
      problem(
        file("{\(entries.joined(separator: ","))}", data: [UInt8](repeating: 0, count: 8)))
    }
    #expect(read(entry("a", 0, 4), entry("b", 4, 8)) == nil)
    #expect(read(entry("b", 4, 8), entry("a", 0, 4)) == nil)
    #expect(read(entry("a", 0, 4), entry("e", 4, 4), entry("b", 4, 8)) == nil)
    #expect(read(entry("a", 0, 4), entry("b", 5, 8)) == .hole(begin: 5, previousEnd: 4))
    #expect(read(entry("a", 0, 4), entry("b", 3, 8)) == .hole(begin: 3, previousEnd: 4))
    #expect(read(entry("a", 0, 8), entry("b", 0, 8)) == .hole(begin: 0, previousEnd: 8))
    #expect(read(entry("a", 1, 8)) == .hole(begin: 1, previousEnd: 0))
  }

  @Test("Duplicate keys are refused: of tensors, within an entry, in the metadata")
  func duplicates() {
    let entry = #"{"dtype":"F32","shape":[2],"data_offsets":[0,8]}"#
    let data = [UInt8](repeating: 0, count: 8)
    for header in [
      "{\"x\":\(entry),\"x\":\(entry)}",
      #"{"x":{"dtype":"F32","dtype":"F32","shape":[2],"data_offsets":[0,8]}}"#,
      "{\"__metadata__\":{\"a\":\"1\",\"a\":\"1\"},\"x\":\(entry)}",
      "{\"__metadata__\":{},\"__metadata__\":{},\"x\":\(entry)}",
    ] {
      guard case .header(let error) = problem(file(header, data: data)) else {
        Issue.record("\(header) was read")
        continue
      }
      #expect(error.problem.contains("duplicate key"))
    }
  }

  @Test("Metadata that is not strings, and headers that are no object, are refused")
  func metadata() {
    for value in ["1", "[]", "null", #"{"a":1}"#, #"{"a":null}"#, #"{"a":{"b":"c"}}"#] {
      #expect(problem(file("{\"__metadata__\":\(value)}")) == .metadataNotStrings)
    }
    for header in ["[]", " {}", "null", "\"x\"", ""] {
      #expect(problem(file(header)) == .notAnObject)
    }
    #expect(problem(file(#"{"x":1}"#)) == .badEntry)
    #expect(
      problem(file(#"{"x":{"dtype":"F32","shape":[],"data_offsets":[0,4],"y":1}}"#)) == .badEntry)
  }

  @Test("Tensors of other types count for the size, but give no numbers")
  func otherTypes() throws {
    let read = try SafeTensors(
      bytes: file(#"{"x":{"dtype":"I64","shape":[1],"data_offsets":[0,8]}}"#, data: Array(0..<8)))
    #expect(throws: SafeTensorsError.self) {
      try read.elements(of: read.tensors[0], as: Float.self)
    }
  }
}
