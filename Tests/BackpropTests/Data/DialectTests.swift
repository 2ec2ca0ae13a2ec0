import Testing

@testable import Backprop
@testable import BackpropInspection

@Suite struct DialectTests {
  let fixture: DataFixture

  init() throws { fixture = try DataFixture() }

  private func names(_ text: String, _ options: TableOptions = TableOptions()) throws -> [String] {
    try fixture.table(text, options).columns.map(\.name)
  }

  @Test("Names that count, between names that are texts, are a header")
  func countingNames() throws {
    let years = "country,2019,2020,2021,class\nFR,1,7,3,a\nDE,4.5,5,6,b\n"
    #expect(try names(years) == ["country", "2019", "2020", "2021", "class"])
    let positions = "0,1,2,species\n5.1,3.5,1.4,setosa\n4.9,3.0,1.4,setosa\n"
    #expect(try names(positions) == ["0", "1", "2", "species"])
    // Every row counts here, the text recurs, or a cell is missing: data.
    for text in [
      "x,1,2\ny,3,4\n", "red,1,2,3\nblue,5,9,1\nred,4,4,4\n", "x,1,2,\ny,7,4,1\n",
    ] {
      #expect(
        try names(text)
          == (0..<(text.prefix { $0 != "\n" }.count { $0 == "," } + 1)).map(String.init))
    }
  }

  @Test("A first row with a name that the user gives is a header, whatever it looks like")
  func expectedNames() throws {
    let text = "2019,2020,2021\n5,2016,7\n1,9,8\n"
    #expect(
      fixture.message { _ = try names(text) }
        == "t.csv, line 1: 2019, 2020, … may be the names of the columns or a row of numbers; say "
        + "header and call columns by these names, or say no-header")
    for options in [
      TableOptions(with: { $0.expectedNames = ["2021"] }), TableOptions(categorical: ["2020"]),
      TableOptions(numeric: ["2020"]), TableOptions(ignore: ["2020"]), TableOptions(header: true),
    ] {
      #expect(try names(text, options) == ["2019", "2020", "2021"])
    }
    #expect(
      try names(text, TableOptions(with: { ($0.header, $0.expectedNames) = (false, ["2021"]) }))
        == ["0", "1", "2"])
    // "0" names a column of a file without a header.
    let pixels = "0,5,0\n1,0,9\n0,7,7\n"
    #expect(try names(pixels, TableOptions(with: { $0.expectedNames = ["0"] })) == ["0", "1", "2"])
  }

  @Test("A decimal comma is no delimiter, and nor is anything that leaves numbers uncut")
  func decimalCommas() throws {
    let table = try fixture.table("3,5;1,25;0,0\n4,5;2,25;0,5\n")
    #expect(table.columns.count == 3)
    #expect(table.columns.allSatisfy { $0.kind == .numeric })
    #expect(table.rowCount == 2)
    #expect(try names("3,5; 1,25\n4,5; 2,25\n").count == 2)
    #expect(try names("1,5\t2,5\n1,7\t0,5\n").count == 2)
    #expect(try names("a b, 12;5\nc, 13;6\n").count == 2)
    #expect(try names("1,2,3;4\n5,6,7;8\n").count == 3)
    #expect(try names("2020,5;6;7,x\n2021,5;6;8,y\n").count == 3)
  }

  @Test("Blank lines before the header, more than a buffer of them, hide no delimiter")
  func blankLines() throws {
    let fixture = try DataFixture()
    for (blank, count) in [
      ("\n", 1), ("\n", 70_000), ("\n", 3_000_000), ("\r\n", 600_000), ("  \n", 400_000),
    ] {
      for start in ["", "\u{FEFF}"] {
        let table = try fixture.table(
          start + String(repeating: blank, count: count) + "a;b\n1;2\n3;4\n")
        #expect(table.columns.map(\.name) == ["a", "b"] && table.rowCount == 2)
      }
    }
  }
}
