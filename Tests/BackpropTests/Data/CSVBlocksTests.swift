import Testing

@testable import Backprop
@testable import BackpropInspection

/// Rows are cut and numbers read by blocks of bytes; these tests hold the blocks against plain loops,
/// with whatever matters at every place in a block.
@Suite struct CSVBlocksTests {
  let fixture: DataFixture

  init() throws { fixture = try DataFixture() }

  /// Rows of cells without quotes, cut by a plain loop.
  private func cut(_ text: String) -> [[String]] {
    text.unicodeScalars.split(whereSeparator: { $0 == "\r" || $0 == "\n" }).map { row in
      row.split(separator: ",", omittingEmptySubsequences: false).map { String($0) }
    }
  }

  @Test(
    "A row is cut the same wherever its cells lie in a block",
    arguments: ["\n", "\r\n", "\r"])
  func offsets(end: String) throws {
    for offset in 0...140 {
      let long = String(repeating: "x", count: offset)
      let rows = ["\(long),1,,é\t2", ",\(long)", "\(long)é,\(long)\t", "7"]
      for text in [rows.joined(separator: end), rows.joined(separator: end) + end] {
        #expect(try fixture.cells(text.utf8) == cut(text), "\(offset)")
        #expect(try fixture.cells("\u{FEFF}\(text)".utf8) == cut(text), "\(offset)")
      }
    }
  }

  @Test("A quote is seen wherever it lies in a block")
  func quotesAtOffsets() throws {
    for offset in 1...140 {
      let long = String(repeating: "y", count: offset)
      let text = "\(long),\"a,\n\"\"\(long)\",\(long)\n1,\(long)\"\n"
      #expect(
        try fixture.cells(text.utf8) == [[long, "a,\n\"\(long)", long], ["1", "\(long)\""]],
        "\(offset)")
    }
  }

  @Test("A NUL and a byte that is not UTF-8 are seen wherever they lie in a block")
  func badBytesAtOffsets() throws {
    for offset in 0...140 {
      let start = Array("a,b\n1,\(String(repeating: "z", count: offset))".utf8)
      for (byte, problem) in [(0, "a NUL byte"), (0xE9, "byte 0xE9 is not UTF-8")] as [(UInt8, _)] {
        let message = fixture.message {
          _ = try fixture.cells(start + [byte] + Array("\n3,4\n".utf8))
        }
        #expect(message.hasPrefix("t.csv, line 2: \(problem)"), "\(offset): \(message)")
      }
    }
  }

  @Test("Rows of any width are cut, wide ones after narrow ones and the other way round")
  func widths() throws {
    for width in [1, 63, 64, 65, 127, 128, 190, 191, 192, 193, 255, 256, 257, 447, 449, 900, 5000] {
      let row = (0..<width).map(String.init)
      let text = "0,1\n" + row.joined(separator: ",") + "\n"
      #expect(try fixture.cells((text + text).utf8) == [["0", "1"], row, ["0", "1"], row])
    }
  }

  @Test("Random rows are cut as by a plain loop, over many buffers")
  func randomRows() throws {
    var random = RandomSource(seed: 3, purpose: .sampling)
    let letters = Array("0123456789.,,,- e\tü漢".unicodeScalars)
    var text = ""
    while text.utf8.count < 3 << 20 {
      // "x" so that no row is blank.
      text += "x"
      for _ in 0..<random.index(below: 200) {
        text.unicodeScalars.append(letters[random.index(below: letters.count)])
      }
      text += ["\n", "\r\n", "\r"][random.index(below: 3)]
    }
    let expected = cut(text).map { row in
      row.map { cell in
        var scalars = Substring(cell).unicodeScalars
        while scalars.first == " " { scalars.removeFirst() }
        while scalars.last == " " { scalars.removeLast() }
        return String(scalars)
      }
    }
    #expect(try fixture.cells(text.utf8) == expected)
  }

  // MARK: Numbers

  /// What Swift makes of a text of the grammar, and NaN of any other, whatever stands behind it.
  private func expectSame(_ text: String) {
    let expected = isOfGrammar(text) ? Double(text).map(bits) : bits(.nan)
    for padding in [UInt8(ascii: "5"), UInt8(ascii: ".")] {
      let found = (Array(text.utf8) + [padding]).withUnsafeBufferPointer { buffer in
        buffer.baseAddress.map { bits(DecimalNumber.value($0, buffer.count - 1)) }
      }
      if found != expected {
        Issue.record("\(text) before \(padding): \(found ?? 0) is not \(expected ?? 0)")
      }
    }
  }

  private func isOfGrammar(_ text: String) -> Bool {
    func unsigned(_ text: Substring) -> Substring {
      text.first == "-" || text.first == "+" ? text.dropFirst() : text
    }
    let parts = text.split(maxSplits: 1, omittingEmptySubsequences: false) {
      $0 == "e" || $0 == "E"
    }
    let numerals = unsigned(parts[0]).utf8.filter { $0 != UInt8(ascii: ".") }
    let exponent = parts.count == 2 ? Array(unsigned(parts[1]).utf8) : [UInt8(ascii: "0")]
    let isDigit = { (letter: UInt8) in (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(letter) }
    return !numerals.isEmpty && numerals.allSatisfy(isDigit)
      && unsigned(parts[0]).utf8.count <= numerals.count + 1
      && !exponent.isEmpty && exponent.allSatisfy(isDigit)
  }

  /// All NaNs are one.
  private func bits(_ value: Double) -> UInt64 { value.isNaN ? .max : value.bitPattern }

  @Test("Decimals of 1 to 25 digits are rounded as Swift rounds them")
  func decimals() {
    var random = RandomSource(seed: 4, purpose: .sampling)
    for count in 1...25 {
      for point in -1...count {
        for _ in 0..<40 {
          var text = ["", "-", "+"][random.index(below: 3)]
          for place in 0..<count {
            if place == point { text += "." }
            text += String(random.index(below: 10))
          }
          if point == count { text += "." }
          expectSame(text)
          if random.index(below: 4) == 0 { expectSame(text + "e\(random.index(below: 60) - 30)") }
        }
      }
    }
  }

  @Test("Halfway cases and the limits of the exact range have the same bits")
  func hardDecimals() {
    for base in [1 << 52, 1 << 53, 1 << 54, 9_999_999_999_999_999] as [UInt64] {
      for offset in 0...8 {
        let digits = String(base - 4 + UInt64(offset))
        expectSame(digits)
        for point in 0...digits.count {
          let at = digits.index(digits.startIndex, offsetBy: point)
          expectSame("\(digits[..<at]).\(digits[at...])")
          expectSame("-\(digits[..<at]).\(digits[at...])5")
        }
      }
    }
    for text in [
      "0", "-0", "+0", "0.0", "-0.0", "-.0", ".5", "-.5", "0.1", "00000000", "000000000.1",
      "0.0000000000000000", "0.00000000000000001", "99999999.9999999999999999", "1e22", "1e400",
    ] {
      expectSame(text)
    }
  }

  @Test("What is not of the grammar is no number")
  func grammar() {
    var random = RandomSource(seed: 5, purpose: .sampling)
    let letters = Array("0123456789..-+eE,/: x\u{7F}".utf8)
    for _ in 0..<30_000 {
      let text = (0..<random.index(below: 24)).map { _ in
        // Mostly digits, so that many are nearly numbers.
        random.index(below: 8) == 0
          ? letters[random.index(below: letters.count)] : letters[random.index(below: 10)]
      }
      expectSame(String(decoding: text, as: UTF8.self))
    }
    for text in [
      "", "-", "+", ".", "-.", "1.2.3", "12345678x", "1.12345678x", "1.123456789012345x",
    ] {
      expectSame(text)
    }
  }
}
