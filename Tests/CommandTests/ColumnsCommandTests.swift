import Backprop
import Foundation
import Testing

@Suite struct ColumnsCommandTests {
  let runner: CommandRunner

  init() throws { runner = try CommandRunner() }

  private static let text = """
    Id,price,when,ok,city,mixed,y
    1,"1,234.50",2024-01-05,TRUE,Rome,1.5,a
    2,"2,000",2024-02-06,False,Oslo,None,b
    3,999,2024-03-07,true,Rome,3,a
    4,"7,000",2023-04-08,FALSE,,4,b

    """

  @Test("Each column is a line with its kind, and in JSON what it is taken for and why")
  func columns() throws {
    try runner.write("t.csv", Self.text)
    let result = try runner.run("columns", "t.csv", "--target", "y")
    #expect(result.exitCode == 0 && result.errors.isEmpty, "\(result.errors)")
    #expect(result.outputLines[0] == "rows 4, columns 7, inputs of a network 12 (over all rows)")
    #expect(result.output.contains("row number"))
    #expect(
      result.output.contains("mixed: 3 of 4 cells are numbers; 1 is \"None\", taken as missing"))
    let document = try runner.run("columns", "t.csv", "--target", "y", "--json").documents[0]
    #expect(document["schema"] == "backprop.columns/1" && document["rows"] == 4)
    let columns = document["columns"]?.array ?? []
    #expect(
      columns.map { $0["kind"]?.string } == [
        "row-number", "number", "date", "boolean", "category", "number", "category",
      ])
    #expect(columns.map { $0["inputs"]?.int } == [0, 1, 5, 1, 3, 2, 0])
    #expect(columns.map { $0["missing"]?.int } == [0, 0, 0, 0, 1, 1, 0])
    #expect(columns.map { $0["distinct"]?.int } == [4, 4, 4, 2, 2, 3, 2])
    #expect(document["header"] == true && document["warnings"] == [])
    #expect(columns[1]["range"] == ["999", "7000"])
    #expect(columns[4]["frequent"] == [["Rome", 2], ["Oslo", 1]])
    #expect(
      columns[0]["warnings"] == [
        "left out: it numbers the rows from 1; call it numeric to keep it"
      ])
    let korean = try runner.run("columns", "t.csv", "--target", "y", "--language", "ko")
    #expect(korean.output.contains("행 번호") && korean.output.contains("날짜"))
  }

  @Test("What a column leaves open is shown, and refused where it is used")
  func questions() throws {
    try runner.write("t.csv", "x,y\n1.199,a\n693,b\n2.045,a\n")
    let shown = try runner.run("columns", "t.csv", "--target", "y")
    #expect(shown.exitCode == 0 && shown.output.contains("\"1.199\" may be 1.199 or 1199"))
    let refused = try runner.run("train", "t.csv", "--target", "y", "--epochs", "1")
    #expect(refused.exitCode == 1 && !refused.output.contains("epoch"))
    #expect(refused.errors.contains("t.csv, line 2, column \"x\": \"1.199\" may be 1.199 or 1199"))
    for (option, range) in [("--decimal", ["1.199", "693"]), ("--thousands", ["693", "2045"])] {
      let document = try runner.run(
        "columns", "t.csv", "--target", "y", option, ".", "--json"
      ).documents[0]
      #expect(document["columns"]?.array?[0]["range"] == JSONValue.array(range.map { .string($0) }))
      let trained = try runner.run(
        "train", "t.csv", "--target", "y", "--epochs", "1", option, ".", "--quiet")
      #expect(trained.exitCode == 0, "\(trained.errors)")
      // The model holds to it.
      #expect(try runner.run("predict", "model.safetensors", "t.csv").exitCode == 0)
    }
  }

  @Test("predict, evaluate and a file to validate on say what training did not see")
  func unknowns() throws {
    try runner.write("t.csv", "c,y\n" + String(repeating: "red,a\nblue,b\n", count: 20))
    try runner.write("v.csv", "c,y\nrat,a\nblue,b\nred,a\n")
    let trained = try runner.run(
      "train", "t.csv", "--target", "y", "--epochs", "2", "--validation-data", "v.csv")
    let line = "column \"c\": 1 cell that training did not see, \"rat\""
    #expect(trained.exitCode == 0 && trained.errors.contains(line), "\(trained.errors)")
    for command in ["predict", "evaluate"] {
      let result = try runner.run(command, "model.safetensors", "v.csv")
      #expect(result.exitCode == 0 && result.errors.contains(line), "\(result.errors)")
    }
  }
}
