import Testing

@testable import Backprop
@testable import BackpropInspection

@Suite("JSON documents")
struct JSONTests {
  @Test("A document keeps the order of its keys and the digits of its numbers")
  func order() throws {
    let text = #"{"b":1.50,"a":[-0,1e-08,true,null,"x"],"c":{}}"#
    #expect(try JSONValue(parsing: text).description == text)
  }

  @Test("Space around tokens is read over")
  func space() throws {
    let value = try JSONValue(parsing: " \r\n\t{ \"a\" : [ 1 , 2 ] , \"b\" : { } } \n")
    #expect(value.description == #"{"a":[1,2],"b":{}}"#)
  }

  @Test("Escapes are read, and only those that must be are written")
  func escapes() throws {
    let value = try JSONValue(parsing: #""\"\\\/\b\f\n\r\t\u0041\u00e9\ud83d\ude00é😀""#)
    #expect(value.string == "\"\\/\u{8}\u{c}\n\r\tAé😀é😀")
    #expect(value.description == #""\"\\/\u0008\u000c\n\r\tAé😀é😀""#)
    #expect(try JSONValue(parsing: value.description) == value)
  }

  @Test(
    "What is not JSON is refused",
    arguments: [
      "", " ", "{", "}", "[", "[1", "[1,", "[1,]", "[,1]", "{\"a\"}", "{\"a\":}", "{\"a\":1,}",
      "{a:1}", "{1:2}", "{'a':1}", "01", "-", "+1", ".5", "1.", "1e", "1e+", "0x1", "NaN",
      "Infinity", "-Infinity", "nul", "tru", "TRUE", "\"", "\"a", "\"\\\"", "\"\\x\"", "\"\\u12\"",
      "\"\\u12g4\"", "\"\\ud800\"", "\"\\udc00\"", "\"\\ud800\\u0041\"", "\"\\ud800x\"", "\"\n\"",
      "\"\u{1}\"", "1 2", "{} {}", "[1 2]", "{\"a\":1 \"b\":2}", "\u{feff}{}", "/*c*/1", "1,",
    ])
  func refused(text: String) {
    #expect(throws: JSONError.self) { try JSONValue(parsing: text) }
  }

  @Test("Duplicate keys are refused, at any depth and however they are spelled")
  func duplicates() {
    for text in [#"{"a":1,"a":1}"#, #"[{"x":{"a":1,"b":2,"\u0061":3}}]"#] {
      #expect(throws: JSONError.self) { try JSONValue(parsing: text) }
    }
  }

  @Test("Keys that differ in bytes are different keys, though they look the same")
  func canonicalEquivalence() throws {
    let value = try JSONValue(parsing: "{\"\u{e9}\":1,\"e\u{301}\":2}")
    #expect(value.object?.count == 2)
  }

  @Test("Bytes that are not UTF-8 are refused")
  func encoding() {
    for bytes: [UInt8] in [
      [0x22, 0xFF, 0x22], [0x22, 0xC0, 0x80, 0x22], [0x22, 0xED, 0xA0, 0x80, 0x22],
      [0x22, 0x5C, 0x6E, 0xE2, 0x82, 0x22], [0x22, 0xF5, 0x80, 0x80, 0x80, 0x22],
    ] {
      #expect(throws: JSONError.self) { try JSONValue(parsing: bytes) }
    }
  }

  @Test("Depth and size are limited")
  func limits() throws {
    let limits = JSONValue.Limits(depth: 3, bytes: 20)
    _ = try JSONValue(parsing: "[[[1]]]", limits: limits)
    #expect(throws: JSONError.self) { try JSONValue(parsing: "[[[[1]]]]", limits: limits) }
    #expect(throws: JSONError.self) {
      try JSONValue(parsing: "[1,2,3,4,5,6,7,8,9,10]", limits: limits)
    }
    let deep = String(repeating: "[", count: 1_000_000)
    #expect(throws: JSONError.self) { try JSONValue(parsing: deep) }
  }

  @Test("Every prefix of a document is refused")
  func prefixes() {
    let bytes = Array(#"{"a":[1.5e3,"\u00e9\n",true,{"b":null}],"c":-0.25}"#.utf8)
    for count in 0..<bytes.count {
      #expect(throws: JSONError.self) { try JSONValue(parsing: Array(bytes[..<count])) }
    }
  }

  @Test("Numbers are written in the shortest form that reads back to the same bits")
  func shortest() {
    #expect(JSONValue(0.1 as Float).description == "0.1")
    #expect(JSONValue(Double(0.1 as Float)).description == "0.10000000149011612")
    #expect(JSONValue(1.0).description == "1")
    #expect(JSONValue(-0.0).description == "-0")
    #expect(JSONValue(1e-8).description == "1e-08")
    #expect(JSONValue(1e300).description == "1e+300")
    #expect(JSONValue(UInt64.max).description == "18446744073709551615")
    var random = RandomSource(seed: 1, purpose: .sampling)
    for _ in 0..<2000 {
      let value = Double(bitPattern: UInt64(random.nextWord()) << 32 | UInt64(random.nextWord()))
      let back = (try? JSONValue(parsing: JSONValue(value).description))?.double
      #expect(back?.bitPattern == value.bitPattern || value.isNaN && back?.isNaN == true)
    }
  }

  @Test("What is not a number is one of three strings")
  func nonFinite() {
    #expect(JSONValue(Double.nan).description == "\"NaN\"")
    #expect(JSONValue(Float.infinity).description == "\"Infinity\"")
    #expect(JSONValue(-Double.infinity).description == "\"-Infinity\"")
    #expect(JSONValue(-Double.infinity).double == -.infinity)
  }

  @Test("Codable values pass through with sorted keys and all 64 bits of a seed")
  func coding() throws {
    let configuration = TrainingConfiguration(
      optimizer: .nesterov(0.9), learningRate: 0.1, schedule: .constant, patience: 3, seed: .max)
    let value = try JSONValue(encoding: configuration)
    let keys = value.object?.map(\.key) ?? []
    #expect(keys == keys.sorted())
    #expect(value["data"]?["seed"]?.description == "18446744073709551615")
    #expect(try value.decoded(as: TrainingConfiguration.self) == configuration)
  }

  @Test("NaN and infinities pass through Codable as strings")
  func codingNonFinite() throws {
    let value = try JSONValue(encoding: [Double.nan, .infinity, -.infinity, 0.1])
    #expect(value.description == #"["NaN","Infinity","-Infinity",0.1]"#)
    let back = try value.decoded(as: [Double].self)
    #expect(back[0].isNaN && back[1] == .infinity && back[3] == 0.1)
  }
}

@Suite("SHA-256")
struct SHA256Tests {
  @Test("The examples of FIPS 180 come out")
  func examples() {
    #expect(
      SHA256.hexadecimal(of: [])
        == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855")
    #expect(
      SHA256.hexadecimal(of: Array("abc".utf8))
        == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad")
    #expect(
      SHA256.hexadecimal(
        of: Array("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq".utf8))
        == "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1")
  }

  @Test("Pieces of any length give the digest of the whole")
  func pieces() {
    let bytes = (0..<300).map { UInt8(truncatingIfNeeded: $0 &* 37) }
    let whole = SHA256.hexadecimal(of: bytes)
    for cut in 0...bytes.count {
      var hash = SHA256()
      hash.add(Array(bytes[..<cut]))
      hash.add(Array(bytes[cut...]))
      #expect(hash.hexadecimal() == whole)
    }
  }
}
