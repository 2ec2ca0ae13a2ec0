import Testing

@testable import Backprop
@testable import BackpropInspection

@Suite struct TableTests {
  let fixture: DataFixture

  init() throws { fixture = try DataFixture() }

  private static let birds = """
    species,island,bill,sex
    Adelie,Torgersen,39.1,male
    Adelie,Biscoe,NA,female
    Gentoo,Biscoe,46.5,
    Gentoo,Biscoe,50,male

    """

  @Test("The kinds of columns follow from all their values")
  func kinds() throws {
    let table = try fixture.table(Self.birds)
    #expect(table.rowCount == 4)
    #expect(table.columns.map(\.name) == ["species", "island", "bill", "sex"])
    #expect(table.columns.map(\.kind) == [.categorical, .categorical, .numeric, .categorical])
    #expect(table.columns.map(\.missing) == [0, 0, 1, 1])
  }

  @Test(
    "The delimiter is found",
    arguments: [(",", "t.csv"), (";", "t.csv"), ("\t", "t.tsv"), ("|", "t.txt")])
  func delimiters(delimiter: String, name: String) throws {
    let text = Self.birds.replacing(",", with: delimiter)
    let table = try Table(contentsOf: fixture.file(text, name: name))
    #expect(table.columns.map(\.name) == ["species", "island", "bill", "sex"])
    #expect(table.rowCount == 4)
  }

  @Test("Delimiters inside quotes or ragged rows far below do not mislead the search")
  func delimiterTraps() throws {
    let quoted = try fixture.table("a;b\n\"1,2,3\";4\n\"5,6,7\";8\n")
    #expect(quoted.columns.map(\.name) == ["a", "b"])
    #expect(
      fixture.message { _ = try fixture.table("a,b\n1,2\n3,4;5;6;7\n8,9,10\n") }
        == "t.csv, line 4: the row has 3 cells, but 2 were expected; "
        + "put quotes around a cell that contains the delimiter \",\"")
  }

  @Test("A header is text above numbers, or different texts that do not recur")
  func headers() throws {
    let cases: [(String, Bool)] = [
      ("a,b\n1,2\n", true), ("5.1,3.5,setosa\n4.9,3.0,setosa\n", false), ("1,2\n3,4\n", false),
      ("id,2019,2020\n1,5,6\n", true), ("x,x,o\no,x,o\n", false), ("colour,size\nred,big\n", true),
      ("a,b\n?,NA\n1,2\n", true), ("red,big\nblue,small\nred,small\n", false),
      (",a\n1,2\n", true), ("?,1,x\n2,3,y\n", false),
    ]
    for (text, hasHeader) in cases {
      let table = try fixture.table(text)
      #expect((table.columns.last?.name != String(table.columns.count - 1)) == hasHeader, "\(text)")
    }
    let forced = try fixture.table("1,2\n3,4\n", TableOptions(header: true))
    #expect(forced.columns.map(\.name) == ["1", "2"])
    #expect(forced.rowCount == 1)
    let unforced = try fixture.table("a,b\n3,4\n", TableOptions(header: false))
    #expect(unforced.columns.map(\.name) == ["0", "1"])
    #expect(unforced.rowCount == 2)
  }

  @Test("A first column without a name is ignored with a warning")
  func rowNames() throws {
    let table = try fixture.table("\"\",\"a\",\"b\"\n\"1\",5,x\n\"2\",6,y\n")
    #expect(table.columns.map(\.isIgnored) == [true, false, false])
    #expect(table.warnings.count == 1)
  }

  @Test("Options overrule what the values look like")
  func options() throws {
    let table = try fixture.table(
      "zip,n,note\n1,2,a\n3,4,b\n",
      TableOptions(categorical: ["zip"], numeric: ["n"], ignore: ["note"]))
    #expect(table.columns.map(\.kind) == [.categorical, .numeric, .numeric])
    #expect(table.columns.map(\.isIgnored) == [false, false, true])
  }

  @Test("Bad tables are errors that say where and how to mend it")
  func badTables() throws {
    let cases: [(String, TableOptions, String)] = [
      ("", .init(), "t.csv: the file is empty; a table needs at least one row"),
      ("\n\n", .init(), "t.csv: the file is empty; a table needs at least one row"),
      ("a,b\n", .init(), "t.csv: a header, but no rows; a table needs at least one row of data"),
      (
        "a,b\n1,2\n3\n", .init(),
        "t.csv, line 3: the row has 1 cells, but 2 were expected; add the missing cells, "
          + "or remove the row"
      ),
      (
        "a,b\n1,\"x\ny\"\n3\n", .init(),
        "t.csv, line 4: the row has 1 cells, but 2 were expected; add the missing cells, "
          + "or remove the row"
      ),
      (
        "bill,b\n1,2\nabc,3\n", .init(numeric: ["bill"]),
        "t.csv, line 3, column \"bill\": \"abc\" is not a number; correct it, or leave it "
          + "empty if it is missing; in training, missing \"abc\" or categorical say otherwise"
      ),
      (
        "a,b\n1,2\n-inf,3\n", .init(),
        "t.csv, line 3, column \"a\": \"-inf\" is not a finite number; correct it, leave it empty "
          + "if it is missing, or ignore the column"
      ),
      (
        "a,b\n1,1e999\n2,3\n", .init(),
        "t.csv, line 2, column \"b\": \"1e999\" is not a finite number; correct it, leave it "
          + "empty if it is missing, or ignore the column"
      ),
      (
        "species,b\n1,2\n", .init(categorical: ["spieces"]),
        "t.csv: there is no column \"spieces\"; did you mean \"species\"?"
      ),
      (
        "a,b\n1,2\n", .init(ignore: ["zzz"]),
        "t.csv: there is no column \"zzz\"; the columns are \"a\", \"b\""
      ),
      (
        "a,b,a\n1,2,3\n", .init(),
        "t.csv, line 1: columns 1 and 3 are both named \"a\"; rename one of them, or say that the "
          + "file has no header"
      ),
    ]
    for (text, options, expected) in cases {
      let message = fixture.message {
        let _: Matrix<Float> = try fixture.table(text, options).numericMatrix(excluding: [])
      }
      #expect(message == expected)
    }
    #expect(
      fixture.message { _ = try Table(contentsOf: fixture.folder.path + "/none.csv") }
        == "no such file: none.csv")
  }

  @Test("A text among ten numbers is a mistake, among fewer it is a category")
  func mistakes() throws {
    let numbers = (1...9).map { "\($0),1\n" }.joined()
    let table = try fixture.table("a,b\n\(numbers)x,2\n")
    #expect(table.columns[0].kind == .numeric)
    #expect(
      fixture.message { _ = try FeatureEncoder(fitting: table, excluding: ["b"]) }
        == "t.csv, line 11, column \"a\": \"x\" is not a number; correct it, or leave it "
        + "empty if it is missing; in training, missing \"x\" or categorical say otherwise")
    let categories = try fixture.table("a,b\n\(numbers)x,2\ny,2\n")
    #expect(categories.columns[0].kind == .categorical)
    let asked = try fixture.table("a,b\n\(numbers)x,2\n", TableOptions(categorical: ["a"]))
    #expect(try FeatureEncoder(fitting: asked, excluding: ["b"]).outputCount == 10)
  }

  @Test("A file that changes between two passes is an error")
  func changed() throws {
    let table = try fixture.table("a,b\n1,2\n3,4\n")
    _ = try fixture.file("a,b\n1,2\n3,4\n5,6\n")
    let message = fixture.message {
      let _: Matrix<Float> = try table.numericMatrix(excluding: ["b"])
    }
    #expect(message == "t.csv: the file changed while it was read; run again")
  }

  @Test("Numbers and codes of a pass are those of the file, whatever rows are asked for")
  func passes() throws {
    let table = try fixture.table(Self.birds)
    let index = CategoryIndex(limit: 10)
    let requests = [
      ColumnRequest(column: 2, reading: .numbers()),
      ColumnRequest(column: 0, reading: .categories(index)),
      ColumnRequest(column: 3, reading: .categories(CategoryIndex(["male"], unseen: .unknown))),
    ]
    var values: [Double] = []
    try table.read(requests) { (chunk) throws(DataError) in
      values += UnsafeBufferPointer(start: chunk.values, count: chunk.count * chunk.width)
    }
    #expect(index.categories == ["Adelie", "Gentoo"])
    #expect(values.map { $0.isNaN ? -9 : $0 } == [39.1, 0, 0, -9, 0, -2, 46.5, 1, -1, 50, 1, 0])

    values = []
    try table.read([requests[0]], rows: [0, 3]) { (chunk) throws(DataError) in
      values += UnsafeBufferPointer(start: chunk.values, count: chunk.count * chunk.width)
    }
    #expect(values == [39.1, 50])
  }

  @Test("A table in memory is read like a file")
  func memory() throws {
    let table = try Table(columns: [
      (name: "x", values: .numbers([1, .nan, 3])), (name: "c", values: .texts(["a", nil, "b"])),
    ])
    #expect(table.columns.map(\.missing) == [1, 1])
    let index = CategoryIndex(limit: 10)
    var values: [Double] = []
    try table.read([
      ColumnRequest(column: 0, reading: .numbers()),
      ColumnRequest(column: 1, reading: .categories(index)),
    ]) { (chunk) throws(DataError) in
      values += UnsafeBufferPointer(start: chunk.values, count: chunk.count * chunk.width)
    }
    #expect(values.map { $0.isNaN ? -9 : $0 } == [1, 0, -9, -1, 3, 1])
    #expect(
      fixture.message { _ = try Table(columns: [(name: "x", values: .numbers([1, .infinity]))]) }
        .hasPrefix("row 2, column \"x\": \"inf\" is not a finite number"))
  }

  @Test("The near match has the fewest edits, and there is none for a strange name")
  func nearMatches() {
    let names = ["species", "island", "bill_length_mm", "bill_depth_mm", "sex"]
    #expect(nearMatch("spceies", in: names) == "species")
    #expect(nearMatch("bill_lenght_mm", in: names) == "bill_length_mm")
    #expect(nearMatch("Island", in: names) == "island")
    #expect(nearMatch("sx", in: names) == "sex")
    #expect(nearMatch("weight", in: names) == nil)
    #expect(nearMatch("", in: names) == nil)
    // What shares no letter was not meant.
    #expect(nearMatch("Y", in: ["a", "b"]) == nil && nearMatch("Y", in: ["a", "y"]) == "y")
    #expect(nearMatch("y", in: ["ab", "xy"]) == "xy")
  }
}
