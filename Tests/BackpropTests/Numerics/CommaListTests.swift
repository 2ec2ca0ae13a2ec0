import Testing

@testable import Backprop

@Suite("Lists of names between commas")
struct CommaListTests {
  @Test("Quotes hold a part together, and are letters anywhere else")
  func parts() {
    for (text, parts) in [
      ("", [""]), ("a", ["a"]), (" a , b", ["a", "b"]), ("a,,b", ["a", "", "b"]),
      ("a,", ["a", ""]),
      ("\"price, net\"", ["price, net"]), (" \"a,b\" ,c", ["a,b", "c"]),
      ("\"say \"\"no\"\", b\",c", ["say \"no\", b", "c"]), ("5\" pipe,b", ["5\" pipe", "b"]),
      ("\"a,b", ["\"a", "b"]), ("\"a\"b,c", ["\"a\"b", "c"]), ("\"\",x", ["", "x"]),
    ] {
      #expect(text.partsAtCommas == parts, "\(text)")
    }
  }

  @Test("What was cut at commas is the column that it came from, unless every part is one")
  func rejoined() {
    let columns = ["a", "b", "price, net", "a,b", "x,y,z"]
    for (names, expected) in [
      (["price", "net"], ["price, net"]), (["a", "b"], ["a", "b"]), (["a,b"], ["a,b"]),
      (["a", "x", "y", "z", "b"], ["a", "x,y,z", "b"]), (["x", "y"], ["x", "y"]),
    ] {
      #expect(Table.rejoined(names, among: columns) == expected)
    }
  }
}
