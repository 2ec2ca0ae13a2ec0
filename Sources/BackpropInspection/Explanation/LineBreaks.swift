import Backprop

/// Breaks text that is too long for a line where that splits least.
///
/// A gap between two words has a cost: more inside of parentheses, more inside of a formula (between
/// backticks), there least before + and −, in prose more beside a number. Of the gaps that fit, the
/// cheapest makes way, and of equals the last. So a parenthesis, a product, `name = value`, or a number
/// and its unit stay whole wherever they fit into a line.
package enum LineBreaks {
  /// The lines, without backticks.
  ///
  /// - Parameter width: Columns of a line; what has no gap may be longer.
  package static func lines(of text: String, width: Int) -> [String] {
    var lines: [String] = []
    var line: [Word] = []
    for word in words(of: text) {
      line.append(word)
      while line.count > 1, joined(line[...]).displayWidth > width {
        let cut = line.indices.dropFirst().reversed().min { line[$0].cost < line[$1].cost } ?? 1
        lines.append(joined(line[..<cut]))
        line.removeFirst(cut)
      }
    }
    return lines + [joined(line[...])]
  }

  private struct Word {
    let text: String
    /// Of a break before it.
    let cost: Int
  }

  private static func joined(_ words: ArraySlice<Word>) -> String {
    words.map(\.text).joined(separator: " ")
  }

  private static func words(of text: String) -> [Word] {
    var words: [Word] = []
    var (depth, isFormula) = (0, false)
    for part in text.split(separator: " ", omittingEmptySubsequences: false) {
      let word = part.filter { $0 != "`" }
      let gap = words.last.map { cost($0.text, word, isFormula: isFormula) } ?? 0
      words.append(Word(text: word, cost: gap + 4 * (depth + (isFormula ? 1 : 0))))
      for character in part {
        switch character {
        case "`": isFormula.toggle()
        case "(", "[": depth += 1
        case ")", "]": depth = max(0, depth - 1)
        default: break
        }
      }
    }
    return words
  }

  /// From 0 to 3.
  private static func cost(_ left: String, _ right: String, isFormula: Bool) -> Int {
    if isOperator(left) { return 3 }
    guard isFormula else {
      return isOperator(right)
        ? 3 : left.last?.isNumber ?? false || right.first?.isNumber ?? false ? 1 : 0
    }
    if left.hasSuffix(",") || ["+", "−", "-"].contains(right) { return 0 }
    return isOperator(right) && !["=", "/"].contains(right) ? 2 : 3
  }

  private static func isOperator(_ word: String) -> Bool {
    !word.isEmpty && !word.contains { $0.isLetter || $0.isNumber }
  }
}
