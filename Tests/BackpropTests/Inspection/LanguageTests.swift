import Foundation
import Testing

@testable import Backprop
@testable import BackpropInspection

@Suite("English and Korean")
struct LanguageTests {
  @Test("Both files have the same keys, with the same places for arguments")
  func sameKeys() {
    let english = Language.english.texts
    let korean = Language.korean.texts
    #expect(Set(english.keys).symmetricDifference(korean.keys).sorted() == [])
    for (key, text) in english {
      #expect(Self.places(text) == Self.places(korean[key] ?? ""), "\(key)")
    }
  }

  @Test("Every key that the sources use is there, and every key that is there is used")
  func usedKeys() throws {
    let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
      .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
      .appendingPathComponent("Sources")
    let files = try #require(
      FileManager.default.enumerator(at: root, includingPropertiesForKeys: nil))
    var used: Set<String> = []
    let pattern = /"((?:explain|check|whatif|doctor)\.[A-Za-z0-9.\-]+)"/
    for case let file as URL in files
    where file.pathExtension == "swift"
      && !["EnglishText.swift", "KoreanText.swift"].contains(file.lastPathComponent)
    {
      let lines = try String(contentsOf: file, encoding: .utf8).split(separator: "\n")
      for line in lines where !line.contains("///") {
        for match in line.matches(of: pattern) { used.insert(String(match.output.1)) }
      }
    }
    used.formUnion(Self.checkComputedKeys + Self.doctorComputedKeys)
    let known = Set(Language.english.texts.keys)
    #expect(used.subtracting(known).sorted() == [])
    #expect(known.subtracting(used).sorted() == [])
  }

  @Test("Tensors pass or fail; no text gives them a colour")
  func noColours() {
    for (key, text) in Language.english.texts {
      #expect(text.firstMatch(of: /\b([Rr]ed|[Gg]reen)\b/) == nil, "\(key)")
    }
    for (key, text) in Language.korean.texts {
      #expect(text.firstMatch(of: /빨간|빨강|초록/) == nil, "\(key)")
    }
  }

  @Test("A step is 단계 in Korean, cross-entropy 교차 엔트로피, δ 에러 and a deviation 오차")
  func koreanWords() {
    for (key, text) in Language.korean.texts {
      #expect(!text.contains("걸음") && !text.contains("크로스"), "\(key)")
    }
    for key in ["explain.delta.definition", "check.error"] {
      let text = Language.korean.text(key)
      #expect(text.contains("에러") && text.contains("오차"), "\(key)")
    }
  }

  @Test("Arguments stand where the language wants them")
  func arguments() {
    #expect(Language.english.text("no.such.key") == "no.such.key")
    #expect(Language.english.text("explain.more", "7") == "… 7 more")
    #expect(Language.korean.text("explain.more", "7") == "… 외 7개")
  }

  @Test("A syllable of Hangul takes two columns, a Greek letter or a superscript one")
  func widths() {
    #expect("가중치".displayWidth == 6)
    #expect("δ³ = ".displayWidth == 5)
    #expect("a\u{336}b".displayWidth == 2)
  }

  /// The numbers in braces, sorted.
  private static func places(_ text: String) -> [String] {
    text.matches(of: /\{(\d+)\}/).map { String($0.output.1) }.sorted()
  }
}
