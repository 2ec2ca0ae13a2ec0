import Testing

@testable import Backprop
@testable import BackpropInspection

@Suite("Text from outside")
struct OutsideTextTests {
  @Test("What a terminal would obey is written out; letters of every script stay")
  func unseen() {
    #expect("a\u{1B}[31mb\r\nc\u{7}".shown() == "a\\u{1b}[31mb\\u{d}\\u{a}c\\u{7}")
    // C1 controls, a line separator, a change of direction, a tag.
    #expect("\u{9B}2J".shown() == "\\u{9b}2J")
    #expect("\u{85}\u{2028}\u{202E}\u{E0041}".shown() == "\\u{85}\\u{2028}\\u{202e}\\u{e0041}")
    for text in ["plain", "Größe", "손실", "متغیّر", "👩‍🚀", "e\u{301}", ""] {
      #expect(text.shown() == text)
    }
  }

  @Test("A long text keeps its beginning and its end", arguments: [1, 2, 3, 7, 60])
  func long(limit: Int) {
    let text = String(repeating: "x", count: 100_000) + "end"
    let shown = text.shown(limit: limit)
    #expect(shown.count == limit + 1 && shown.contains("…"))
    #expect(limit < 12 || shown.hasSuffix("end"))
    let fits = String(repeating: "é", count: limit)
    #expect(fits.shown(limit: limit) == fits)
  }

  @Test("An error that a user can cause is one line, whatever it is about")
  func errors() {
    let name = "a\n\u{1B}]0;title\u{7}" + String(repeating: "n", count: 100_000)
    let errors: [any UserError] = [
      DataError(file: name, place: .line(3), column: name, name, remedy: name),
      ModelError.missingTensor(path: name, name: name), FileError.missing(path: name),
      SafeTensorsError(path: name, tensor: name, problem: .unknownType(name)),
      ConfigurationError(name, name), CheckpointError.damaged(path: name, reason: name),
    ]
    for error in errors {
      let text = "\(error)"
      #expect(!text.unicodeScalars.contains { $0.isUnseen })
      #expect(text.unicodeScalars.count <= 2_100)
    }
  }

  @Test("A JSON document holds nothing that a terminal would obey, and reads back the same")
  func json() throws {
    let text = "\u{1B}[2J\u{9B}31m\u{202E}\u{E0041}\u{7F}\u{2028} é 👩‍🚀"
    let written = JSONValue.string(text).description
    #expect(!written.unicodeScalars.contains { $0.isUnseen })
    let read = try JSONValue(parsing: written)
    #expect(read == .string(text))
  }
}
