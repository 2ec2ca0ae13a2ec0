import Testing

@testable import Backprop
@testable import BackpropInspection

@Suite struct CSVReaderTests {
  let fixture: DataFixture

  init() throws { fixture = try DataFixture() }

  @Test(
    "Rows end with LF, CRLF or CR, the last one with or without",
    arguments: [
      "a,b\n1,2\n", "a,b\r\n1,2\r\n", "a,b\r1,2\r", "a,b\n1,2", "\u{FEFF}a,b\r\n1,2",
      "\na,b\n\n1,2\n\n\n",
    ])
  func lineEnds(text: String) throws {
    #expect(try fixture.cells(text.utf8) == [["a", "b"], ["1", "2"]])
  }

  @Test("Quotes hold delimiters, line breaks and doubled quotes")
  func quotes() throws {
    let text = "\"a,\"\"x\"\"\",\"b\nc\"\r\n\"\",\"\"\"\"\n 5\" , x \n\" y \",\"\" \n"
    #expect(
      try fixture.cells(text.utf8) == [
        ["a,\"x\"", "b\nc"], ["", "\""], ["5\"", "x"], [" y ", ""],
      ])
  }

  @Test("Spaces before an opening quote are skipped, unless they are delimiters")
  func spaceBeforeQuote() throws {
    let text = "\"x\", \"y, z\"\n  \"a\"\"b\" ,  5\" \n , \"\"\n"
    #expect(try fixture.cells(text.utf8) == [["x", "y, z"], ["a\"b", "5\""], ["", ""]])
    #expect(try fixture.cells("a \"b c\" d\n".utf8, delimiter: " ") == [["a", "b c", "d"]])
    for extra in -6...3 {
      let long = String(repeating: "x", count: (1 << 20) - 4 + extra)
      #expect(try fixture.cells("\(long),  \"a,b\"\n".utf8) == [[long, "a,b"]])
    }
  }

  @Test("Empty cells at both ends of a row count")
  func emptyCells() throws {
    #expect(try fixture.cells(",,\n,\n".utf8) == [["", "", ""], ["", ""]])
  }

  @Test("A row that ends exactly at, before or behind the end of the buffer is read whole")
  func bufferEdges() throws {
    for extra in -3...3 {
      let long = String(repeating: "x", count: (1 << 20) - 4 + extra)
      let text = "\(long),\"a\"\"b\"\r\nc,d\r\n"
      #expect(try fixture.cells(text.utf8) == [[long, "a\"b"], ["c", "d"]])
    }
  }

  @Test("A row larger than the buffer is read")
  func longRow() throws {
    let long = String(repeating: "xy\n", count: 1_000_000)
    let rows = try fixture.cells("a,\"\(long)\"\nb,c\n".utf8)
    #expect(rows == [["a", long], ["b", "c"]])
  }

  @Test("Bad text is an error with its line")
  func badText() throws {
    let cases: [([UInt8], String)] = [
      (Array("a,b\n1,\"2\n3,4\n".utf8), "t.csv, line 2: a quoted cell opens here"),
      (Array("a,b\n\"x\ny\",\"2\n3,4\n".utf8), "t.csv, line 3: a quoted cell opens here"),
      (Array("a,b\n1,\"2\"x\n".utf8), "t.csv, line 2: text follows the closing quote"),
      (Array("a,b\n1,2\0\n".utf8), "t.csv, line 2: a NUL byte"),
      (Array("a,b\n\"1\n\0\",2\n".utf8), "t.csv, line 3: a NUL byte"),
      (
        Array("a,b\n1,\n2,\u{E9}\n".unicodeScalars.map { UInt8($0.value) }),
        "t.csv, line 3: byte 0xE9 is not UTF-8"
      ),
      ([0xFF, 0xFE, 0x61, 0x00], "t.csv: is UTF-16 text"),
      (
        Array("a\n".utf8) + Array(repeating: 0x78, count: 17 << 20),
        "t.csv, line 2: a cell is larger than 16 MiB"
      ),
      (
        Array("a\n\"".utf8) + Array(repeating: 0x0A, count: 17 << 20),
        "t.csv, line 2: a cell is larger than 16 MiB"
      ),
    ]
    for (bytes, expected) in cases {
      let message = fixture.message { _ = try fixture.cells(bytes) }
      #expect(message.hasPrefix(expected), "\(message)")
      #expect(!message.contains("\n"))
    }
  }

  @Test(
    "Blank lines are passed over, however many there are, and each counts as a line",
    arguments: ["\n", "\r\n", "\r", " \n", "\t \r\n", "\r\n\n\r"])
  func blankLines(blank: String) throws {
    let lines = blank == "\r\n\n\r" ? 3 : 1
    // Beyond the end of the buffer, which falls on any byte of a line.
    let count = (1 << 20) / blank.utf8.count + 3
    let blanks = String(repeating: blank, count: count)
    let text = "a,b\n\(blanks)1,2\n\(blanks) 3,\"4\"x\n"
    let path = try fixture.file(text)
    var reader = try CSVReader(ByteStream(path: path), delimiter: UInt8(ascii: ","))
    #expect(try reader.next() && reader.line == 1)
    #expect(try reader.next() && reader.line == 2 + count * lines && reader.text(1) == "2")
    let message = fixture.message { _ = try fixture.cells(text.utf8) }
    #expect(message.hasPrefix("t.csv, line \(3 + 2 * count * lines): text follows"), "\(message)")
  }

  @Test("A tab or a space that is the delimiter makes cells, not blank lines")
  func delimitersAlone() throws {
    #expect(try fixture.cells("\n\t\n \n".utf8, delimiter: "\t") == [["", ""]])
    #expect(try fixture.cells("\n \n\t\n".utf8, delimiter: " ") == [["", ""]])
  }

  @Test("What was written with quotes is read back, whatever it holds")
  func roundTrip() throws {
    var random = RandomSource(seed: 1, purpose: .sampling)
    let letters = Array("ab1 ,;\"\n\r\té漢🦜".unicodeScalars)
    for _ in 0..<300 {
      let width = 2 + random.index(below: 4)
      let rows = (0..<1 + random.index(below: 6)).map { _ in
        (0..<width).map { _ in
          var cell = ""
          for _ in 0..<random.index(below: 6) {
            cell.unicodeScalars.append(letters[random.index(below: letters.count)])
          }
          return cell
        }
      }
      let end = ["\n", "\r\n", "\r"][random.index(below: 3)]
      let text = rows.map { row in
        row.map { "\"" + $0.replacing("\"", with: "\"\"") + "\"" }.joined(separator: ",")
      }.joined(separator: end)
      let read = try fixture.cells(text.utf8)
      #expect(read.map { $0.map { Array($0.utf8) } } == rows.map { $0.map { Array($0.utf8) } })
    }
  }
}

@Suite struct DecimalNumberTests {
  private func value(_ text: String) -> Double {
    var text = text
    return text.withUTF8 { utf8 in
      utf8.baseAddress.map { DecimalNumber.value($0, utf8.count) } ?? .nan
    }
  }

  @Test("Numbers are numbers, and nothing else is")
  func grammar() {
    for text in [
      "0", "-0", "+1", "1.", ".5", "1e3", "1E-3", "-1.5e+07", "007", "1e400",
      "123456789012345678901234567890",
    ] {
      #expect(value(text) == Double(text.hasSuffix(".") ? text + "0" : text), "\(text)")
    }
    for text in [
      "", "-", ".", "e5", "1e", "1e+", "0x10", "1,5", "1 ", " 1", "inf", "nan", "1_000", "1.2.3",
      "--1", "½",
    ] {
      #expect(value(text).isNaN, "\(text)")
    }
  }

  @Test("The sign of zero is kept")
  func zeros() {
    #expect(value("-0").sign == .minus)
    #expect(value("-0e500").sign == .minus)
    #expect(value("1e-400") == 0)
  }

  @Test("Every number is rounded as Swift's own parser rounds it")
  func rounding() {
    var random = RandomSource(seed: 2, purpose: .sampling)
    for _ in 0..<200_000 {
      let bits = UInt64(random.nextWord()) << 32 | UInt64(random.nextWord())
      // All binary exponents at times, those of everyday numbers mostly.
      var number = Double(bitPattern: bits)
      if random.index(below: 4) > 0 { number = Double(Int64(bitPattern: bits)) * 0x1p-60 }
      if !number.isFinite { continue }
      let text = "\(number)"
      #expect(value(text).bitPattern == number.bitPattern, "\(text)")
    }
    for _ in 0..<200_000 {
      let digits = UInt64(random.nextWord()) << 32 | UInt64(random.nextWord())
      let exponent = random.index(below: 90) - 32
      let text = "\(digits >> UInt64(random.index(below: 64)))e\(exponent)"
      #expect(value(text).bitPattern == Double(text)?.bitPattern, "\(text)")
    }
  }

  @Test("Halfway cases go to the even neighbour")
  func halves() {
    // 2^53 + 1 lies between 2^53 and 2^53 + 2; the first has the even significand. 2^53 + 3 goes up.
    #expect(value("9007199254740993") == 9_007_199_254_740_992)
    #expect(value("9007199254740995") == 9_007_199_254_740_996)
    #expect(value("9007199254740993.0") == 9_007_199_254_740_992)
    #expect(value("9007199254740993.001") == 9_007_199_254_740_994)
    #expect(value("90071992547409930e-1") == 9_007_199_254_740_992)
  }
}
