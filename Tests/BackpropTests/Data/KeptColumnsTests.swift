import Foundation
import Testing

@testable import Backprop
@testable import BackpropInspection

/// What a table kept from its first pass is what the text says, bit for bit.
@Suite struct KeptColumnsTests {
  private let fixture: DataFixture
  private static let streamed = TableOptions(with: { $0.keepsColumns = false })

  init() throws { fixture = try DataFixture() }

  /// Cells of many kinds; a column has one kind, with some of the others among it.
  private static let kinds: [@Sendable (inout RandomSource) -> String] = [
    { "\($0.index(below: 10))" },
    { "\(Int($0.uniform() * 256))" },
    { "\(Int($0.uniform() * 70_000) - 35_000)" },
    { "\(Int($0.uniform() * 4e9) - 2_000_000_000)" },
    { "\(($0.uniform() * 2e7).rounded() / 1e6 - 10)" },
    { "\(($0.uniform() * 2e4).rounded() / 1e2)" },
    { "\($0.uniform())" },
    { "\($0.uniform() * 1e-4)e\(Int($0.uniform() * 40) - 20)" },
    { "0.\(Int($0.uniform() * 1e9))\(Int($0.uniform() * 1e9))\(Int($0.uniform() * 1e9))" },
    { "\"\(Int($0.uniform() * 100)).5\"" },
    { _ in "7" },
    { "00\(Int($0.uniform() * 100)).50" },
    {
      ["red", "blue", "\"a \"\"quoted\"\" one\"", "1.0", "\u{E9}", "e\u{301}"][
        $0.index(below: 6)]
    },
  ]
  private static let rare = [
    "", "NA", "?", "\"\"", " 5", " -5.25 ", "+3", "-0", "-0.0", ".5", "5.", "1e3", "-2.5E-3",
    "1e-320", "1e300", "123456789012345678901234567890", "0.1000000000000000055511151231257827",
    "99999999", "214748.3647", "-214748.3648", "2147483647", "-2147483648", "1.2e-05",
    // Texts.
    "\" 5\"", "-", ".", "1.2.3", "\"1,5\"",
  ]
  private static let texts = 5
  private static let columns = 9

  private func text(seed: UInt64, rows: Int, rareness: Double) -> String {
    var random = RandomSource(seed: seed, purpose: .sampling)
    let kinds = random.permutation(of: Self.kinds.count).prefix(Self.columns).map {
      Self.kinds[Int($0)]
    }
    // Columns of numbers are kept if no text is among them.
    let rare = Self.rare.dropLast(seed == 1 ? 0 : Self.texts)
    var text = kinds.indices.map { "c\($0)" }.joined(separator: ",") + "\n"
    for _ in 0..<rows {
      let cells = kinds.map { kind in
        random.uniform() < rareness
          ? rare[random.index(below: rare.count)] : kind(&random)
      }
      text += cells.joined(separator: ",") + "\n"
    }
    return text
  }

  /// Everything a pass says, as bits, or its error.
  private func bits(
    _ table: Table, _ requests: [ColumnRequest], _ rows: [UInt32]?
  ) -> (bits: [UInt64], error: String) {
    var bits: [UInt64] = []
    let error = fixture.message {
      try table.read(requests, rows: rows) { (chunk) throws(DataError) in
        // The same NaN means missing, whatever its bits.
        for at in 0..<chunk.count * chunk.width {
          bits.append(chunk.values[at].isNaN ? 0 : chunk.values[at].bitPattern ^ 1)
        }
      }
    }
    // What comes before an error is delivered in other portions.
    return error.isEmpty ? (bits, error) : ([], error)
  }

  @Test(
    "Values, statistics, encoded inputs and errors are those of the text, whatever cells look like",
    arguments: [(1, 0.0005), (2, 0.001), (3, 0.2), (4, 0.002)])
  func sameBits(seed: UInt64, rareness: Double) throws {
    // More than a block of 4096 rows.
    let rows = 4_500
    let path = try fixture.file(text(seed: seed, rows: rows, rareness: rareness))
    let kept = try Table(contentsOf: path)
    let streamed = try Table(contentsOf: path, options: Self.streamed)
    #expect(kept.columns == streamed.columns)
    #expect(kept.rowCount == streamed.rowCount && kept.warnings == streamed.warnings)
    #expect(kept.kept != nil && streamed.kept == nil)

    var random = RandomSource(seed: seed, purpose: .sampling)
    let some = (0..<UInt32(rows)).filter { _ in random.uniform() < 0.7 }
    var isKept = 0
    for (position, column) in kept.columns.enumerated() {
      for (chosen, reason) in [(nil, nil), (some, "of this test")] {
        func request(_ reading: ColumnRequest.Reading) -> [ColumnRequest] {
          [ColumnRequest(column: position, reading: reading, whyRequired: reason)]
        }
        if column.kind == .numeric {
          let requests = request(.numbers())
          if let columns = kept.kept, requests.allSatisfy({ kept.holds($0, columns) }) {
            isKept += 1
          }
          let (left, right) = (bits(kept, requests, chosen), bits(streamed, requests, chosen))
          #expect(left.bits == right.bits && left.error == right.error, "\(column)")
        } else {
          for limit in [3, 1000] {
            let (one, other) = (CategoryIndex(limit: limit), CategoryIndex(limit: limit))
            let left = bits(kept, request(.categories(one)), chosen)
            let right = bits(streamed, request(.categories(other)), chosen)
            #expect(left.bits == right.bits && left.error == right.error, "\(column)")
            #expect(one.categories == other.categories && one.isFull == other.isFull)
          }
          for unseen in [CategoryIndex.Unseen.unknown, .error] {
            let requests = request(
              .categories(CategoryIndex(["blue", "1"], unseen: unseen), numbersAreEqual: true))
            let (left, right) = (bits(kept, requests, chosen), bits(streamed, requests, chosen))
            #expect(left.bits == right.bits && left.error == right.error, "\(column)")
          }
        }
      }
    }
    #expect(isKept > 0)

    for chosen in [nil, some] {
      let left = Result { try FeatureEncoder(fitting: kept, excluding: [], rows: chosen) }
      let right = Result { try FeatureEncoder(fitting: streamed, excluding: [], rows: chosen) }
      #expect("\(left)" == "\(right)")
      guard case .success(let encoder) = left else { continue }
      let one: Matrix<Float> = try encoder.encode(kept, rows: chosen)
      let other: Matrix<Float> = try encoder.encode(streamed, rows: chosen)
      for row in 0..<one.rows {
        #expect(one[row: row].map(\.bitPattern) == other[row: row].map(\.bitPattern))
      }
    }
  }

  @Test("Small integers take one byte, with a missing value too")
  func oneByte() throws {
    var text = "a,b,c\n"
    for row in 0..<5000 { text += "\(row % 256),\(row % 7 == 0 ? "" : "\(row % 255)"),\(row)\n" }
    let table = try fixture.table(text)
    let kept = try #require(table.kept)
    let blocks = try #require(kept.all)
    #expect(blocks.map(\.rows).reduce(0, +) == 5000)
    #expect(blocks[0].groups.map(\.width) == [1, 2] && blocks[0].groups[0].count == 2)
  }

  @Test("Nothing is kept of what takes more memory than three quarters of its text")
  func bound() throws {
    // 8 bytes for the 4 of "1e9,".
    let short = String(repeating: "1e9,1e-9,-0\n", count: 120_000)
    let table = try fixture.table("a,b,c\n" + short)
    #expect(table.kept == nil)
    let usual = String(repeating: "1.2345,-2.3456,17\n", count: 120_000)
    #expect(try fixture.table("a,b,c\n" + usual).kept != nil)
  }

  @Test("Columns that were discarded are read from the file, and a file that changed is an error")
  func discarding() throws {
    let path = try fixture.file("a,b\n1,x\n2.5,y\n")
    let table = try Table(contentsOf: path)
    let encoder = try FeatureEncoder(fitting: table, excluding: [])
    let before: Matrix<Float> = try encoder.encode(table)
    #expect(table.kept?.all != nil)
    table.discardKeptColumns()
    #expect(table.kept?.all == nil)
    let after: Matrix<Float> = try encoder.encode(table)
    #expect(before[row: 1] == after[row: 1])
    let other = try Table(contentsOf: path)
    _ = try fixture.file("a,b\n1,x\n2.5,y\n3,x\n")
    let message = fixture.message { _ = try FeatureEncoder(fitting: other, excluding: []) }
    #expect(message == "t.csv: the file changed while it was read; run again")
  }

  @Test("Classes that are numbers come from the text, the other columns from memory")
  func classesOfNumbers() throws {
    var random = RandomSource(seed: 6, purpose: .sampling)
    let rows = 9_000
    var text = "label,a,b,c,d,e\n"
    for _ in 0..<rows {
      text += "\(random.index(below: 10))" + (random.uniform() < 0.1 ? ".0" : "")
      for _ in 0..<5 { text += ",\((random.uniform() * 1e4).rounded() / 100)" }
      text += "\n"
    }
    for cell in ["", "1,2,3,x,5,6\n", "1,2,3,,5,6\n", ",2,3,4,5,6\n"] {
      let path = try fixture.file(text + cell)
      let tables = try [TableOptions(), Self.streamed].map {
        try Table(contentsOf: path, options: $0)
      }
      let kept = try #require(tables[0].kept)
      func holds(_ column: Int, _ reading: ColumnRequest.Reading) -> Bool {
        var request = ColumnRequest(column: column, reading: reading)
        if case .categories = reading { request.textsKept = .quoted }
        return tables[0].holds(request, kept)
      }
      #expect(!holds(0, .categories(CategoryIndex(limit: 20))))
      #expect(
        [1, 2, 4].allSatisfy { holds($0, .numbers()) }
          && holds(3, .numbers()) == !cell.contains("x"))
      let some = (0..<UInt32(tables[0].rowCount)).filter { $0 % 3 != 0 }
      for chosen in [nil, some] {
        let found = tables.map { table in
          bits(
            table,
            [1, 0, 2, 3, 4].map { column in
              ColumnRequest(
                column: column,
                reading: column == 0
                  ? .categories(CategoryIndex(limit: 20), numbersAreEqual: true) : .numbers(),
                whyRequired: "of this test")
            }, chosen)
        }
        #expect(found[0].bits == found[1].bits && found[0].error == found[1].error)
        // The last row is none of the chosen.
        #expect(found[0].error.isEmpty == (cell.isEmpty || chosen != nil), "\(cell)")
      }
    }
  }

  @Test("Memory of spellings is counted once for each, and forgotten with their column")
  func memoryOfSpellings() throws {
    var (few, many) = ("a,b\n", "a,b\n")
    for row in 0..<70_000 {
      few += "yes,1.25\n"
      many += "an identifier of row \(row),1.25\n"
    }
    for (text, holdsText) in [(few, true), (many, false)] {
      let table = try Table(contentsOf: fixture.file(text))
      let kept = try #require(table.kept)
      #expect(table.holds(ColumnRequest(column: 1, reading: .numbers()), kept))
      let texts = ColumnRequest(column: 0, reading: .categories(CategoryIndex(limit: 5)))
      #expect(table.holds(texts, kept) == holdsText)
    }
  }

  @Test("A table that is given up in the middle of its first row is that of the text")
  func givenUpWithinARow() throws {
    let columns = 70_000
    var text = (0..<columns).map { "c\($0)" }.joined(separator: ",") + "\n"
    for row in 0..<3 {
      text += (0..<columns).map { $0 % 50 == 7 ? "\(row + 1)234567.\(row)" : "t\(row)" }
        .joined(separator: ",")
      text += "\n"
    }
    let path = try fixture.file(text)
    let tables = try [TableOptions(), Self.streamed].map {
      try Table(contentsOf: path, options: $0)
    }
    #expect(tables[0].kept == nil && tables[0].columns == tables[1].columns)
    let found = tables.map { bits($0, [ColumnRequest(column: 7, reading: .numbers())], nil) }
    #expect(found[0].bits == found[1].bits && found[0].bits.count == 3)
  }

  @Test(
    "An infinite number is an error with its line, whatever its column has been before",
    arguments: ["inf", "-Infinity", "1e999", "-1e999"], ["1", "1.5e-10", "-0", ""])
  func infinite(cell: String, first: String) throws {
    let path = try fixture.file("x,y\n\(first),1\n2,2\n\(cell),3\n4,4\n")
    let messages = [TableOptions(), Self.streamed].map { options in
      fixture.message {
        let table = try Table(contentsOf: path, options: options)
        let encoder = try FeatureEncoder(fitting: table, excluding: [])
        let _: Matrix<Float> = try encoder.encode(table)
      }
    }
    #expect(messages[0] == messages[1] && messages[0].contains("line 4"), "\(messages)")
  }

  @Test("Moments by columns are those of one number after the other, bit for bit")
  func moments() {
    var random = RandomSource(seed: 5, purpose: .sampling)
    for width in [1, 3, 15, 16, 17, 50] {
      let rows = 100
      let values = (0..<rows * width + TableChunk.slack).map { _ in
        random.uniform() < 0.1 ? Double.nan : (random.uniform() - 0.5) * 1e3
      }
      var columns = ColumnMoments(columns: 0..<width)
      values.withUnsafeBufferPointer {
        guard let start = $0.baseAddress else { return }
        columns.add(TableChunk(start: 0, count: rows, width: width, values: start))
      }
      for column in 0..<width {
        var moments = Moments()
        for row in 0..<rows where !values[row * width + column].isNaN {
          moments.add(values[row * width + column])
        }
        #expect(columns.moments[column].count == moments.count)
        #expect(columns.moments[column].mean.bitPattern == moments.mean.bitPattern)
        #expect(columns.moments[column].deviation.bitPattern == moments.deviation.bitPattern)
      }
    }
  }

  @Test(
    "Blocks of rows are joined by the binary tree, however the rows come", arguments: [0, 1, 7])
  func momentsOfBlocks(more: Int) {
    // Three whole blocks and a part: ((1 + 2) + (3 + part)).
    let block = ColumnMoments.blockRows
    let rows = 3 * block + more
    var random = RandomSource(seed: 6, purpose: .sampling)
    let values = (0..<rows + TableChunk.slack).map { _ in random.uniform() * 10 + 1e6 }
    func moments(_ rows: Range<Int>) -> Moments {
      var result = Moments()
      for row in rows { result.add(values[row]) }
      return result
    }
    let expected = Moments(
      Moments(moments(0..<block), moments(block..<2 * block)),
      Moments(moments(2 * block..<3 * block), moments(3 * block..<rows)))
    for chunk in [rows, 4096, 1000, block + 1] {
      var columns = ColumnMoments(columns: 0..<1)
      values.withUnsafeBufferPointer {
        guard let first = $0.baseAddress else { return }
        for start in stride(from: 0, to: rows, by: chunk) {
          columns.add(
            TableChunk(
              start: start, count: min(chunk, rows - start), width: 1, values: first + start))
        }
      }
      #expect(columns.moments[0].count == rows)
      #expect(columns.moments[0].mean.bitPattern == expected.mean.bitPattern)
      #expect(columns.moments[0].deviation.bitPattern == expected.deviation.bitPattern)
    }
    // Uniform over 10: the standard deviation is 10/√12.
    #expect(abs(expected.deviation - 10 / 12.0.squareRoot()) < 0.02)
    let whole = moments(0..<rows)
    #expect(abs(expected.mean / whole.mean - 1) < 1e-14)
    #expect(abs(expected.deviation / whole.deviation - 1) < 1e-9)
  }
}
