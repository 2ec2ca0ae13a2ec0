import Testing

@testable import Backprop
@testable import BackpropInspection

@Suite("Line breaks")
struct LineBreaksTests {
  @Test("A formula breaks before a term, not inside of a product")
  func terms() {
    #expect(
      LineBreaks.lines(of: "`0.5 · (−0.25) + 0.75 · 0.1 + 1`", width: 24) == [
        "0.5 · (−0.25)", "+ 0.75 · 0.1 + 1",
      ])
    #expect(LineBreaks.lines(of: "`a = b / c · d / e`", width: 14) == ["a = b / c", "· d / e"])
    // The one gap that is left is taken even so.
    #expect(LineBreaks.lines(of: "`0.123456 · 0.654321`", width: 12) == ["0.123456", "· 0.654321"])
  }

  @Test("A parenthesis stays whole where it fits into a line, else it breaks between its terms")
  func parentheses() {
    #expect(
      LineBreaks.lines(of: "a loss (of one example) alone", width: 24) == [
        "a loss (of one example)", "alone",
      ])
    #expect(
      LineBreaks.lines(of: "all of a loss (of one example)", width: 24) == [
        "all of a loss", "(of one example)",
      ])
    #expect(
      LineBreaks.lines(of: "`(0.5 · 0.25 + 0.75 · 0.1) · 2`", width: 16) == [
        "(0.5 · 0.25", "+ 0.75 · 0.1)", "· 2",
      ])
  }

  @Test("Prose keeps a formula, name = value, a number and its unit together")
  func prose() {
    #expect(LineBreaks.lines(of: "the step η = 0.5 is", width: 14) == ["the step", "η = 0.5 is"])
    #expect(
      LineBreaks.lines(of: "the error `δ = a − y` is", width: 16) == ["the error", "δ = a − y is"])
    #expect(LineBreaks.lines(of: "of what all 34 % are", width: 16) == ["of what", "all 34 % are"])
    #expect(
      LineBreaks.lines(of: "a word too-long-for-a-line", width: 8) == [
        "a word", "too-long-for-a-line",
      ])
  }
}
