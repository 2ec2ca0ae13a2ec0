import Backprop

/// What `explain` says: phases of blocks, in no particular form yet.
package struct ExplainDocument {
  package var title: String
  /// Stands under the title: network, loss, rule.
  package var introduction: [Block] = []
  package var phases: [Phase] = []

  package init(title: String, introduction: [Block] = [], phases: [Phase] = []) {
    self.title = title
    self.introduction = introduction
    self.phases = phases
  }

  /// One phase of the algorithm.
  package struct Phase {
    package let step: ExplainStep
    let heading: String
    var blocks: [Block]
  }

  /// Formulas inside of text stand between backticks.
  package enum Block {
    case text(String)
    case heading(String)
    case equation(Equation)
    case table(Table)
    /// A line that says whether something holds.
    case verdict(String, holds: Bool)
  }

  /// left = right = right …, one right side a line.
  package struct Equation {
    let left: String
    let rights: [String]

    package init(_ left: String, _ rights: String...) { self.init(left, rights) }

    /// A right side that says the same as the one before it is left out.
    init(_ left: String, _ rights: [String]) {
      self.left = left
      self.rights = rights.enumerated().filter { $0 == 0 || $1 != rights[$0 - 1] }.map(\.element)
    }
  }

  /// Cells are formulas and numbers, aligned to the right.
  package struct Table {
    let header: [String]
    var rows: [[String]] = []
    /// A line under the rows: how many are not shown.
    package var remainder: String?

    package init(_ header: String...) { self.init(header) }
    init(_ header: [String]) { self.header = header }
    /// A row for each of some indices.
    init(_ columns: [(title: String, cell: (Int) -> String)], _ indices: [Int]) {
      header = columns.map(\.title)
      rows = indices.map { index in columns.map { $0.cell(index) } }
    }

    package mutating func add(_ cells: String...) { rows.append(cells) }
  }
}

/// The parts that `--step` chooses from.
package enum ExplainStep: String, CaseIterable {
  case assumptions, forward, bp1, bp2, bp3, bp4, update

  /// What the option takes; "all" walks from one to the next.
  package static let names = ["forward", "bp1", "bp2", "bp3", "bp4", "update", "all"]
}

/// A form in which a document is written.
package protocol ExplainRenderer {
  func begin(_ document: ExplainDocument) -> String
  func phase(_ phase: ExplainDocument.Phase, number: Int) -> String
  func end(_ verdict: ExplainDocument.Block) -> String
}

// MARK: Text

/// For a terminal of so many columns.
package struct TextRenderer: ExplainRenderer {
  package let width: Int
  package let isASCII: Bool

  package init(width: Int, isASCII: Bool) {
    self.width = width
    self.isASCII = isASCII
  }

  package func begin(_ document: ExplainDocument) -> String {
    lines(of: document.title) + document.introduction.map { render($0, margin: "") }.joined()
  }

  package func phase(_ phase: ExplainDocument.Phase, number: Int) -> String {
    "\n" + lines(of: phase.heading, after: "\(number)  ")
      + phase.blocks.map { render($0, margin: "   ") }.joined()
  }

  package func end(_ verdict: ExplainDocument.Block) -> String {
    "\n" + render(verdict, margin: "")
  }

  private func plain(_ text: String) -> String {
    isASCII ? Notation.ascii(text) : Notation.terminal(text)
  }

  private func render(_ block: ExplainDocument.Block, margin: String) -> String {
    switch block {
    case .text(let text): return lines(of: text, after: margin)
    case .heading(let text): return "\n" + lines(of: text, after: margin)
    case .verdict(let text, let holds):
      return lines(of: text, after: margin + plain(holds ? "✓ " : "✗ "))
    case .equation(let equation): return render(equation, margin: margin + "  ")
    case .table(let table):
      var text = TextTable(table.header.map { (plain($0), .right) })
      for row in table.rows { text.add(row.map(plain)) }
      let rest = table.remainder.map { [margin + "  " + plain($0)] } ?? []
      return (text.lines(indent: margin.count + 2) + rest).map { $0 + "\n" }.joined()
    }
  }

  private func render(_ equation: ExplainDocument.Equation, margin: String) -> String {
    let left = plain(equation.left)
    // A long left side stands on a line of its own.
    let column = left.displayWidth > 24 ? 4 : left.displayWidth
    var text = left.displayWidth > column ? margin + left + "\n" : ""
    for (index, right) in equation.rights.enumerated() {
      let head = Format.right(index == 0 && text.isEmpty ? left : "", column)
      text += lines(of: "`\(right)`", after: margin + head + " = ")
    }
    return text
  }

  /// The lines of a text, the first after a prefix, the others below.
  private func lines(of text: String, after prefix: String = "") -> String {
    let room = width - prefix.displayWidth
    let margin = String(repeating: " ", count: prefix.displayWidth)
    return LineBreaks.lines(of: plain(text), width: room).enumerated().map { index, line in
      (index == 0 ? prefix : margin) + line + "\n"
    }.joined()
  }
}

// MARK: Markdown and LaTeX

/// For a page: Markdown with formulas in LaTeX between dollar signs, as GitHub and notebooks show it.
package struct MarkdownRenderer: ExplainRenderer {

  package init() {
  }
  package func begin(_ document: ExplainDocument) -> String {
    "# \(text(document.title))\n" + document.introduction.map(render).joined()
  }

  package func phase(_ phase: ExplainDocument.Phase, number: Int) -> String {
    "\n## \(number). \(text(phase.heading))\n" + phase.blocks.map(render).joined()
  }

  package func end(_ verdict: ExplainDocument.Block) -> String { render(verdict) }

  private func text(_ text: String) -> String {
    Inline.parts(text).map { part in
      part.isFormula
        ? "$\(Notation.latex(part.text))$" : Self.escaped(part.text)
    }.joined()
  }

  /// What Markdown and HTML would give a meaning loses it.
  private static func escaped(_ text: String) -> String {
    text.map { character in
      switch character {
      case "<": "&lt;"
      case ">": "&gt;"
      case "&": "&amp;"
      case "\\", "_", "*", "[", "]", "|", "$", "~", "#": "\\\(character)"
      default: String(character)
      }
    }.joined()
  }

  private func render(_ block: ExplainDocument.Block) -> String {
    switch block {
    case .text(let text): return "\n\(self.text(text))\n"
    case .heading(let text): return "\n### \(self.text(text))\n"
    case .verdict(let text, let holds): return "\n\(holds ? "✓" : "✗") \(self.text(text))\n"
    case .equation(let equation):
      return "\n$$\n\\begin{aligned}\n\(Inline.aligned(equation))\n\\end{aligned}\n$$\n"
    case .table(let table):
      var lines = [table.header] + [table.header.map { _ in "--:" }] + table.rows
      lines = lines.enumerated().map { number, row in
        number == 1 ? row : row.map { "$\(Notation.latex($0))$" }
      }
      let rest = table.remainder.map { "\n\(text($0))\n" } ?? ""
      return "\n" + lines.map { "| " + $0.joined(separator: " | ") + " |\n" }.joined() + rest
    }
  }
}

/// A document for LaTeX, with the packages amsmath and cancel (kotex for Korean).
package struct LaTeXRenderer: ExplainRenderer {
  package let language: Language

  package init(language: Language) {
    self.language = language
  }

  package func begin(_ document: ExplainDocument) -> String {
    let hangul = language == .korean ? "\\usepackage{kotex}\n" : ""
    return """
      \\documentclass{article}
      \\usepackage[utf8]{inputenc}
      \\usepackage{amsmath,amssymb,cancel}
      \\usepackage[margin=2cm]{geometry}
      \(hangul)\\allowdisplaybreaks
      \\begin{document}
      \\section*{\(text(document.title))}

      """ + document.introduction.map(render).joined()
  }

  package func phase(_ phase: ExplainDocument.Phase, number: Int) -> String {
    "\n\\subsection*{\(number). \(text(phase.heading))}\n" + phase.blocks.map(render).joined()
  }

  package func end(_ verdict: ExplainDocument.Block) -> String {
    render(verdict) + "\\end{document}\n"
  }

  private func text(_ text: String) -> String {
    Inline.parts(text).map { part in
      part.isFormula ? "$\(Notation.latex(part.text))$" : Self.escaped(part.text)
    }.joined()
  }

  private static func escaped(_ text: String) -> String {
    text.map { character in
      switch character {
      case "_", "%", "#", "&", "{", "}", "$": "\\\(character)"
      case "\\": "\\textbackslash{}"
      case "~": "\\textasciitilde{}"
      case "^": "\\textasciicircum{}"
      case "–": "--"
      case "…": "\\dots{}"
      case "“": "``"
      case "”": "''"
      default:
        character.isASCII || character.isLetter && !Self.isMathematical(character)
          ? String(character) : "$\(Notation.latex(String(character)))$"
      }
    }.joined()
  }

  private static func isMathematical(_ character: Character) -> Bool {
    character.unicodeScalars.contains { (0x370...0x3FF).contains($0.value) }
  }

  private func render(_ block: ExplainDocument.Block) -> String {
    switch block {
    case .text(let text): return "\n\(self.text(text))\n"
    case .heading(let text): return "\n\\paragraph{\(self.text(text))}\n"
    case .verdict(let text, let holds):
      return "\n$\(holds ? "\\checkmark" : "\\times")$ \(self.text(text))\n"
    case .equation(let equation):
      return "\\begin{align*}\n\(Inline.aligned(equation))\n\\end{align*}\n"
    case .table(let table):
      let columns = String(repeating: "r", count: table.header.count)
      let lines = ([table.header] + table.rows).enumerated().map { number, row in
        row.map { "$\(Notation.latex($0))$" }.joined(separator: " & ") + " \\\\"
          + (number == 0 ? " \\hline" : "") + "\n"
      }
      let rest = table.remainder.map { "\n\(text($0))\n" } ?? ""
      return "\n\\begin{center}\\begin{tabular}{\(columns)}\n" + lines.joined()
        + "\\end{tabular}\\end{center}\n" + rest
    }
  }
}

/// Text with formulas between backticks.
package enum Inline {
  /// A name or label from outside inside of such text: shown, and never the begin of a formula.
  package static func outside(_ text: String) -> String { text.shown().replacing("`", with: "ˋ") }

  package static func parts(_ text: String) -> [(text: String, isFormula: Bool)] {
    text.split(separator: "`", omittingEmptySubsequences: false).enumerated().map { index, part in
      (String(part), index % 2 == 1)
    }
  }

  package static func aligned(_ equation: ExplainDocument.Equation) -> String {
    equation.rights.enumerated().map { index, right in
      (index == 0 ? Notation.latex(equation.left) + " " : "") + "&= " + Notation.latex(right)
    }.joined(separator: " \\\\\n")
  }
}
