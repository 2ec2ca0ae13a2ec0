import Testing

@testable import Backprop
@testable import BackpropInspection

/// Tables as people have them: what stands above, behind and between the rows.
@Suite("The shape of a table is read with a word, or refused with what mends it")
struct TableShapeTests {
  let fixture: DataFixture

  init() throws { fixture = try DataFixture() }

  private func names(_ table: Table) -> [String] { table.columns.map(\.name) }

  /// All cells of a table as text, "" where missing.
  private func cells(_ table: Table) throws -> [[String]] {
    guard case .delimited(let file) = table.source else { return [] }
    var reader = try file.open()
    var rows: [[String]] = []
    while try reader.next() {
      try file.checkWidth(reader)
      var row: [String] = []
      for index in 0..<reader.count { row.append(reader.text(index)) }
      rows.append(row)
    }
    #expect(rows.count == table.rowCount)
    return rows
  }

  struct Case: Sendable, CustomTestStringConvertible {
    let text: String
    let names: [String]
    let rows: [[String]]
    /// What a warning begins or goes on with; nil for no warning at all.
    let word: String?
    var options = TableOptions()

    var testDescription: String { text.debugDescription }
  }

  static let cases: [Case] = [
    Case(
      text: "a,b,c\n1,2,3,\n4,5,6,\n", names: ["a", "b", "c"],
      rows: [["1", "2", "3"], ["4", "5", "6"]], word: "every row ends with a delimiter"),
    Case(
      text: "a;b;c;\n1;2;3;\n4;;6;\n", names: ["a", "b", "c"],
      rows: [["1", "2", "3"], ["4", "", "6"]], word: "every row ends with a delimiter"),
    Case(
      text: "1,2,\n3,4,\n", names: ["0", "1"], rows: [["1", "2"], ["3", "4"]],
      word: "every row ends with a delimiter"),
    Case(
      text: "a,b,\n1,2\n3,4\n", names: ["a", "b"], rows: [["1", "2"], ["3", "4"]],
      word: "the header ends with a delimiter"),
    Case(
      text: "a,b,\n1,2,\n3,4,5\n", names: ["a", "b", "unnamed_2"],
      rows: [["1", "2", ""], ["3", "4", "5"]], word: nil),
    Case(
      text: "1,2,\n3,4,\n", names: ["0", "1", "2"], rows: [["1", "2", ""], ["3", "4", ""]],
      word: nil, options: TableOptions(with: { $0.expectedNames = ["2"] })),
    Case(
      text: "\"mpg\",\"cyl\"\n\"Mazda RX4\",21,6\n\"Datsun\",22.8,4\n", names: ["", "mpg", "cyl"],
      rows: [["Mazda RX4", "21", "6"], ["Datsun", "22.8", "4"]], word: "as R writes it"),
    Case(
      text: "\"x\" \"y\"\n\"1\" 5 \"a\"\n\"2\" 6 \"b c\"\n", names: ["", "x", "y"],
      rows: [["1", "5", "a"], ["2", "6", "b c"]], word: "as R writes it"),
    Case(
      text: "Report of the year\n\nby the bureau\n\na,b\n1,2\n3,4\n", names: ["a", "b"],
      rows: [["1", "2"], ["3", "4"]], word: "the table begins in line 5"),
    Case(
      text: "Report,,\n,,\nx,y,z\n1,2,3\n4,5,6\n", names: ["x", "y", "z"],
      rows: [["1", "2", "3"], ["4", "5", "6"]], word: "the table begins in line 3"),
    Case(
      text: "# made by \"hand\n#\na,b\n1,2\n# no, more, cells\n3,4\n", names: ["a", "b"],
      rows: [["1", "2"], ["3", "4"]], word: "3 lines that begin with # are passed over"),
    Case(
      text: "# a,b,c\n1.0,2.0,3.0\n4.0,5.0,6.0\n", names: ["a", "b", "c"],
      rows: [["1.0", "2.0", "3.0"], ["4.0", "5.0", "6.0"]],
      word: "called as the comment in line 1 says"),
    Case(
      text: "# x y\n1 2\n3 4\n", names: ["x", "y"], rows: [["1", "2"], ["3", "4"]],
      word: "called as the comment in line 1 says"),
    Case(
      text: "#,Name,HP\n1,Bulba,45\n2,Ivy,60\n", names: ["#", "Name", "HP"],
      rows: [["1", "Bulba", "45"], ["2", "Ivy", "60"]], word: "comment in line 1"),
    Case(
      text: "colour,n\n#ff0000,1\n#00ff00,2\nred,3\n", names: ["colour", "n"],
      rows: [["#ff0000", "1"], ["#00ff00", "2"], ["red", "3"]], word: nil),
    Case(
      text: "#ff0000,1\n#00ff00,2\n", names: ["0", "1"],
      rows: [["#ff0000", "1"], ["#00ff00", "2"]], word: nil),
    Case(
      text: "# by Excel\na,b\nx,1\n#N/A,2\n#DIV/0!,3\n", names: ["a", "b"],
      rows: [["x", "1"], ["#N/A", "2"], ["#DIV/0!", "3"]], word: "passed over as comments"),
    Case(
      text: "rank,b\n#1,2\n#2,3\n", names: ["rank", "b"], rows: [["#1", "2"], ["#2", "3"]],
      word: nil),
    Case(
      text: "% made\n1;2\n%3;4\n5;6\n", names: ["0", "1"], rows: [["1", "2"], ["5", "6"]],
      word: nil,
      options: TableOptions(with: { $0.comment = UInt8(ascii: "%") })),
    Case(
      text: "#a,1\nb,2\n", names: ["0", "1"], rows: [["#a", "1"], ["b", "2"]], word: nil,
      options: TableOptions(with: { ($0.comment, $0.header) = (0, false) })),
    Case(
      text: "sep=;\na;b\n1,5;2\n3;4\n", names: ["a", "b"], rows: [["1,5", "2"], ["3", "4"]],
      word: "the first line says what stands between cells"),
    Case(
      text: "\"sep=|\"\r\na|b\r\n1|2\r\n", names: ["a", "b"], rows: [["1", "2"]],
      word: "the first line says what stands between cells"),
    Case(
      text: "  18.0   8   307.0 \t\"chevrolet chevelle malibu\"\n  15.0   8   ?\t\"buick\"\n",
      names: ["0", "1", "2", "3"],
      rows: [["18.0", "8", "307.0", "chevrolet chevelle malibu"], ["15.0", "8", "?", "buick"]],
      word: "runs of spaces"),
    Case(
      text: "x    y  label\n1    2  a\n10  20  b\n", names: ["x", "y", "label"],
      rows: [["1", "2", "a"], ["10", "20", "b"]], word: "runs of spaces"),
    Case(
      text: "name surname\nJohn Smith\nJane Doe\n", names: ["name", "surname"],
      rows: [["John", "Smith"], ["Jane", "Doe"]], word: nil,
      options: TableOptions(with: { $0.isSpaced = true })),
    Case(
      text: "name\nJohn Smith\nJane Doe\n", names: ["name"], rows: [["John Smith"], ["Jane Doe"]],
      word: nil),
    Case(
      text: "2019,2020,2021\n5,6,7\n1,9,8\n", names: ["2019", "2020", "2021"],
      rows: [["5", "6", "7"], ["1", "9", "8"]], word: "counts years"),
    Case(
      text: "x\n1,2\n3,4\n", names: ["a", "b"], rows: [["1", "2"], ["3", "4"]], word: nil,
      options: TableOptions(with: { ($0.skipLines, $0.columnNames) = (1, ["a", "b"]) })),
    Case(
      text: "1,2\n3,4\n", names: ["a", "price, net"], rows: [["1", "2"], ["3", "4"]], word: nil,
      options: TableOptions(with: { $0.columnNames = ["a", "price, net"] })),
    Case(
      text: "x,y\n3,4\n", names: ["a", "b"], rows: [["3", "4"]], word: nil,
      options: TableOptions(with: { ($0.header, $0.columnNames) = (true, ["a", "b"]) })),
    Case(
      text: "x,y,\n3,4,\n5,6,\n", names: ["a", "b"], rows: [["3", "4"], ["5", "6"]],
      word: "every row ends",
      options: TableOptions(with: { ($0.header, $0.columnNames) = (true, ["a", "b"]) })),
    Case(
      text: "x\n1\n\n \n3\n\n\n", names: ["x"], rows: [["1"], [""], [""], ["3"]], word: nil),
    Case(text: "\n\nx\n\n3\n", names: ["x"], rows: [[""], ["3"]], word: nil),
    Case(
      text: "x,y\n\n1,2\n\n\n3,4\n\n", names: ["x", "y"], rows: [["1", "2"], ["3", "4"]],
      word: "2 blank lines between the rows are no rows"),
    Case(
      text: "x,y\n\n1,2\n3,4\n\n\n", names: ["x", "y"], rows: [["1", "2"], ["3", "4"]], word: nil),
  ]

  @Test("What can be told apart is read as meant", arguments: cases)
  func shapes(_ shape: Case) throws {
    for ending in ["\n", "\r\n", "\r"] {
      let text = shape.text.replacing("\r\n", with: "\n").replacing("\n", with: ending)
      let table = try fixture.table(text, shape.options)
      #expect(names(table) == shape.names, "\(table.warnings)")
      #expect(try cells(table) == shape.rows)
      let warnings = table.warnings.filter {
        !$0.contains("has no name") && !$0.contains("decimal point")
      }
      #expect(warnings.isEmpty == (shape.word == nil), "\(warnings)")
      if let word = shape.word {
        #expect(warnings.contains { $0.contains(word) }, "\(warnings)")
      }
    }
  }

  @Test("What cannot be told apart is refused with what mends it")
  func refusals() throws {
    let cases: [(String, TableOptions, String)] = [
      (
        "a,b,\n\(String(repeating: "1,2,\n", count: 200))3,4,5\n", .init(),
        "t.csv, line 202: a row that does not end with the delimiter, as the rows above do; end it so, "
          + "or give every column a name if there is a column behind the last one"
      ),
      (
        "a,b\n5,1,2\n7,3,4\n", .init(),
        "t.csv, line 1: the header has 2 names, but the rows below have 3 cells; correct it, or say "
          + "header and column-names with 3 names"
      ),
      (
        "Report, 2020\na,b,c,d\n1,2,3,4\n5,6,7,8\n", .init(),
        "t.csv, line 1: has 2 cells, but the rows below have 4; say skip-lines 1 if the table begins in "
          + "line 2, or put quotes around a cell that contains the delimiter \",\""
      ),
      (
        "#ff0000,1\nred,2\nblue,3\n", .init(),
        "t.csv, line 1: begins with # as a comment does, and has as many cells as a row; say comment # "
          + "to pass over such lines, or comment none to read them"
      ),
      (
        "# note\na,b\nx,1\n#y,2\nz,3\n", .init(),
        "t.csv, line 4: begins with # as 1 comment of this file, and has as many cells as a row; say "
          + "comment # to pass over such lines, or comment none to read them"
      ),
      (
        "a,b\n1,2\n#3,4\n5,6\n", .init(),
        "t.csv, line 3: begins with # as a comment does, above or below numbers; say comment # to pass "
          + "over such lines, or comment none to read them"
      ),
      (
        "2019,2020,2021\n1,2,3\n4,5,6\n", .init(with: { $0.expectedNames = ["2"] }),
        "t.csv, line 1: 2019, 2020, … may be the names of the columns or a row of numbers, and column "
          + "\"2\" is asked for; say header and call columns by these names, or say no-header"
      ),
      (
        "x,y\n1,2\n", .init(with: { $0.columnNames = ["a", "b"] }),
        "t.csv, line 1: looks like names of columns, and others are given; say header if they take its "
          + "place, or no-header if it is data"
      ),
      (
        "1,2\n3,4\n", .init(with: { $0.columnNames = ["a", "b", "c"] }),
        "t.csv, line 1: there are 3 column names for 2 columns; give one for each"
      ),
      (
        "1,2\n3,4\n", .init(with: { $0.skipLines = 3 }),
        "t.csv: has 2 lines, and 3 are to be skipped; skip fewer lines"
      ),
      (
        "a  b\n1  2\n3\n", .init(with: { $0.isSpaced = true }),
        "t.csv, line 3: the row has 1 cells, but 2 were expected; add the missing cells, or remove the "
          + "row"
      ),
    ]
    for (text, options, expected) in cases {
      #expect(fixture.message { _ = try fixture.table(text, options) } == expected)
    }
  }

  @Test("Lines that are skipped and look like rows are told of")
  func skippedRows() throws {
    let table = try fixture.table(
      "1,2\n3,4\n5,6\n", TableOptions(with: { ($0.skipLines, $0.header) = (1, false) }))
    #expect(table.rowCount == 2)
    #expect(table.warnings == ["1 of the 1 lines that are skipped have as many cells as a row"])
  }

  @Test("Comments and blank lines longer than a buffer are passed over, in every pass alike")
  func longLines() throws {
    let comment = "# " + String(repeating: "x ", count: 550_000)
    let blanks = String(repeating: "\n", count: 1_200_000)
    let text = "a,b\n\(comment)\n1,2\n\(blanks)\(comment)\r\n3,4\n\(comment)"
    let table = try fixture.table(text)
    #expect(try cells(table) == [["1", "2"], ["3", "4"]])
    let some = String(repeating: "\n", count: 5_000)
    let one = try fixture.table("a\n1\n\(some)2\n\(blanks)")
    #expect(one.rowCount == 5_002)
    #expect(one.columns[0].missing == 5_000)
  }

  @Test("Settings of a configuration say how a table is read")
  func settings() throws {
    var configuration = TrainingConfiguration()
    try configuration.take(
      JSONValue(
        parsing: """
          {"skipLines": 1, "comment": "%", "columnNames": ["a", "price, net"], "delimiter": "space",
           "header": true}
          """))
    let options = try TableOptions(configuration.data)
    let table = try fixture.table("title\nx y\n% 1 2\n3   4\n", options)
    #expect(names(table) == ["a", "price, net"])
    #expect(try cells(table) == [["3", "4"]])
    #expect(throws: ConfigurationError.self) {
      try configuration.take(JSONValue(parsing: "{\"comment\": \"##\"}"))
    }
    #expect(throws: ConfigurationError.self) {
      try configuration.take(JSONValue(parsing: "{\"columnNames\": [\"a\", \"a\"]}"))
    }
  }
}
