import Testing

@testable import Backprop
@testable import BackpropInspection

@Suite("A file in another format is named as what it is, with one line that converts it")
struct ForeignFormatTests {
  let fixture: DataFixture

  init() throws { fixture = try DataFixture() }

  private func message(_ bytes: [UInt8], _ name: String) throws -> String {
    let path = try fixture.file(bytes, name: name)
    return fixture.message { _ = try DataSource.open(path: path) }
  }

  @Test("By the first bytes, compressed or not")
  func beginnings() throws {
    let rest: [UInt8] = [0x15, 0, 1, 2, 3]
    let cases: [([UInt8], String, String)] = [
      (Array("PAR1".utf8) + rest, "a Parquet file", "read_parquet"),
      (Array("ARROW1".utf8) + rest, "an Arrow or Feather file", "read_feather"),
      (Array("FEA1".utf8) + rest, "an Arrow or Feather file", "read_feather"),
      (Array("ORC".utf8) + rest, "an ORC file", "read_orc"),
      (Array("SQLite format 3\0".utf8) + rest, "an SQLite database", "sqlite3 -header -csv"),
      ([0x89] + Array("HDF\r\n".utf8) + [0x1A, 0x0A, 0], "an HDF5 file", "read_hdf"),
      (
        [0xD0, 0xCF, 0x11, 0xE0, 0xA1, 0xB1, 0x1A, 0xE1, 0, 0], "an Excel workbook", "read_excel"
      ),
      ([0x80, 4, 0x95, 0, 0], "a pickle", "read_pickle"),
      (Array("{\"a\": 1}\n{\"a\": 2}\n".utf8), "JSON lines", "lines=True"),
      (Array("\u{FEFF}\n{\n  \"a\": [1]\n}\n".utf8), "JSON", "read_json(\""),
      (Array("[{\"a\": 1}]".utf8), "JSON", "read_json"),
      (Array("[[1, 2], [3, 4]]".utf8), "JSON", "read_json"),
      (Array("<!DOCTYPE html>\n<html>".utf8), "an HTML page", "read_html"),
      (Array("<?xml version=\"1.0\"?>".utf8), "XML", "read_xml"),
      ([9, 0, 0, 0, 0, 0, 0, 0] + Array("{\"a\":{}}".utf8), "a safetensors file", "a model"),
    ]
    for (bytes, name, remedy) in cases {
      for (bytes, file) in [(bytes, "f.x"), (ArrayFile.deflated(bytes, window: 31), "f.x.gz")] {
        let message = try message(bytes, file)
        #expect(message.hasPrefix("\(file): is \(name)"), "\(message)")
        #expect(message.contains(remedy), "\(message)")
      }
    }
    let path = try fixture.file(Array("PAR1".utf8) + rest, name: "my data.parquet")
    #expect(
      fixture.message { _ = try DataSource.open(path: path) }
        == "my data.parquet: is a Parquet file, which is not read; convert it: python3 -c 'import "
        + "pandas as pd; pd.read_parquet(\"my data.parquet\").to_csv(\"data.csv\", index=False)'")
  }

  @Test("A name does not break out of the line that is to be typed")
  func names() throws {
    for name in ["a'; rm x.parquet", "a\"b.parquet", "a\nb.parquet"] {
      let message = try message(Array("PAR1".utf8) + [0, 1], name)
      #expect(message.hasSuffix("pd.read_parquet(\"FILE\").to_csv(\"data.csv\", index=False)'"))
    }
  }

  @Test("What only begins so is a table")
  func tables() throws {
    for text in [
      "PAR1,PAR2\n1,2\n3,4\n", "ORC,a\n1,2\n", "[x],[y]\n1,2\n", "{x},y\n1,2\n", "<5,b\n1,2\n",
    ] {
      #expect(try fixture.table(text).columns.count == 2)
    }
  }

  @Test("A zip archive is what its members say")
  func archives() throws {
    let cases: [([String], String, String)] = [
      (["[Content_Types].xml", "xl/workbook.xml"], "is an Excel workbook", "read_excel"),
      (["mimetype", "content.xml"], "is an OpenDocument spreadsheet", "read_excel"),
      (["m/data.pkl"], "is a file of PyTorch", "numpy.savez"),
      (["a.csv"], "is a zip archive without arrays", "unzip "),
    ]
    for (members, name, remedy) in cases {
      let bytes = ArrayFile.zip(members.map { ($0, [1, 2, 3]) })
      let message = try message(bytes, "f.xlsx")
      #expect(message.contains(name) && message.contains(remedy), "\(message)")
    }
  }

  @Test("A text that is not UTF-8 is named with its line and the line that converts it")
  func encodings() throws {
    #expect(
      try message(Array("a,b\n1,".utf8) + [0xE9, 0x0A], "f.csv")
        .hasPrefix(
          "f.csv, line 2: byte 0xE9 is not UTF-8; save the file as UTF-8; if it is Latin-1: iconv"))
    let message = try message([0xFF, 0xFE, 0x61, 0, 0x2C, 0], "f.csv")
    #expect(
      message.hasPrefix("f.csv: is UTF-16 text, not UTF-8; save it as UTF-8: iconv -f UTF-16"))
    #expect(message.hasSuffix("> f-utf8.csv"))
  }
}
