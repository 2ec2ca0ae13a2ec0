import Backprop

/// Formulas as text in the notation of the chapter, δ³₁ = a²₁ · w, and the same for terminals that
/// have ASCII only, and for LaTeX.
///
/// Everything is written once, in Unicode; the other two forms are read off it, so they cannot say
/// anything else. Text between ⟦ and ⟧ is struck out: a factor that cancels.
package enum Notation {
  /// l as a superscript: ³.
  package static func superscript(_ number: Int) -> String {
    String(String(number).compactMap { digit in digit.wholeNumberValue.map { superscripts[$0] } })
  }

  /// j as a subscript: ₁₂.
  package static func subscripts(_ number: Int) -> String {
    String(String(number).compactMap { digit in digit.wholeNumberValue.map { lowDigits[$0] } })
  }

  /// "δ³₁"
  package static func symbol(_ letter: String, layer: Int, _ neuron: Int? = nil) -> String {
    letter + superscript(layer) + (neuron.map { subscripts($0) } ?? "")
  }

  /// "w³₁₂", or "w³₁,₂" in a layer that has an index above 9, where the digits alone would be ambiguous.
  package static func weight(_ layer: Layer, number: Int, _ output: Int, _ input: Int) -> String {
    "w" + superscript(number) + subscripts(output)
      + (max(layer.affineOutputs, layer.inputs) > 9 ? "," : "") + subscripts(input)
  }

  private static let superscripts = Array("⁰¹²³⁴⁵⁶⁷⁸⁹")
  private static let lowDigits = Array("₀₁₂₃₄₅₆₇₈₉")

  // MARK: Numbers

  /// A number as it is shown: exactly if six decimals are enough for that, else rounded to six, or
  /// to five significant digits where it is very small or large. Only the display is rounded.
  package static func number<T: Scalar>(_ value: T) -> String {
    guard value.isFinite else { return value.isNaN ? "NaN" : value < 0 ? "−∞" : "∞" }
    if value == 0 { return "0" }
    let shortest = value.description
    let size = abs(Double(value))
    if !shortest.contains("e"), size < 1e7 {
      let parts = shortest.split(separator: ".")
      if parts.count == 2, parts[1].count <= 6 {
        return sign(parts[1] == "0" ? String(parts[0]) : shortest)
      }
    }
    if size < 1e-3 || size >= 1e7 {
      return Format.scientific(Double(value), digits: 4).replacing("-", with: "−")
    }
    return sign(Format.fixed(Double(value), 6))
  }

  /// The same with its sign, also a plus, and a space: "+ 0.055400", "− 0.019049".
  package static func signedTerm(_ text: String) -> String {
    text.hasPrefix("−") ? "− " + text.dropFirst() : "+ " + text
  }

  /// A number as a factor: in parentheses if it is negative.
  package static func factor<T: Scalar>(_ value: T) -> String {
    let text = number(value)
    return text.hasPrefix("−") ? "(\(text))" : text
  }

  /// A number of terms as a sum without a leading plus: "0.055400 − 0.019049".
  package static func sum(_ terms: [String]) -> String {
    terms.enumerated().map { index, term in index == 0 ? term : signedTerm(term) }
      .joined(separator: " ")
  }

  private static func sign(_ text: String) -> String {
    text.hasPrefix("-") ? "−" + text.dropFirst() : text
  }

  // MARK: Other forms

  /// A formula for a terminal: what is struck out gets a stroke through every character.
  package static func terminal(_ text: String) -> String {
    struck(text) { inside in inside.map { "\($0)\u{336}" }.joined() }
  }

  /// A formula in ASCII; what is not mathematics (Hangul, names) stays.
  package static func ascii(_ text: String) -> String {
    let struck = struck(text) { "[/\($0)/]" }
    var result = ""
    var script: Script?
    var isGrouped = false
    let characters = Array(struck)
    for (index, character) in characters.enumerated() {
      let (next, plain) = Script.read(characters, index, after: script)
      if next != script {
        if isGrouped {
          result += ")"
          isGrouped = false
        }
        if let next {
          result += next == .upper ? "^" : "_"
          // l+1 as one exponent.
          var end = index
          while end < characters.count, Script.read(characters, end, after: next).0 == next {
            end += 1
          }
          isGrouped = characters[index..<end].contains { "⁺⁻".contains($0) }
          if isGrouped { result += "(" }
        } else if character.isLetter || Self.asciiForms[character]?.first?.isLetter ?? false,
          result.last?.isLetter ?? false
        {
          result += " "
        }
      }
      script = next
      let form = next != nil ? plain : Self.asciiForms[character] ?? String(character)
      // J σ, not Jsigma: a name of several letters does not grow together with a letter before it.
      if next == nil, form.count > 1, form.first?.isLetter ?? false, result.last?.isLetter ?? false
      {
        result += " "
      }
      result += form
    }
    return isGrouped ? result + ")" : result
  }

  private static let asciiForms: [Character: String] = [
    "δ": "delta", "σ": "sigma", "η": "eta", "λ": "lambda", "θ": "theta", "α": "alpha", "∂": "d",
    "∇": "grad", "Σ": "sum", "Δ": "d", "Φ": "Phi", "φ": "phi", "′": "'", "⊙": "(.)", "·": "*",
    "×": "x", "−": "-", "→": "->", "←": "<-", "≈": "~", "‖": "||", "√": "sqrt", "½": "1/2",
    "≤": "<=", "∞": "inf", "…": "...", "–": "-", "≡": ":=", "│": "|", "─": "-", "✓": "ok",
    "✗": "FAILED", "≠": "!=", "≥": ">=", "γ": "gamma", "β": "beta", "μ": "mu", "ε": "eps",
    "ẑ": "zhat", "“": "\"", "”": "\"",
  ]

  /// A formula in the mathematical mode of LaTeX.
  package static func latex(_ text: String) -> String {
    let struck = struck(text) { "\u{1}\($0)\u{2}" }
    var result = ""
    var script: Script?
    var word = ""
    // Whether a norm has begun.
    var isInside = false
    func flush() {
      guard !word.isEmpty else { return }
      defer { word = "" }
      if word.unicodeScalars.contains(where: { $0.value >= 0x1100 }) {
        result += "\\text{\(word)}"
      } else if word.count == 1 {
        result += word
      } else {
        result +=
          ["exp", "log", "max", "min", "tanh"].contains(word)
          ? "\\\(word) " : "\\mathrm{\(word)}"
      }
    }
    let characters = Array(struck)
    func isWord(_ character: Character) -> Bool {
      character.isLetter && Self.latexForms[character] == nil
        && Script.read([character], 0, after: nil).0 == nil
    }
    func isProse(_ word: String) -> Bool {
      word.count > 1 || word.unicodeScalars.contains { $0.value >= 0x1100 }
    }
    // Characters before this have been written already.
    var skipped = 0
    for (index, character) in characters.enumerated() where index >= skipped {
      let (next, plain) = Script.read(characters, index, after: script)
      if next != script {
        flush()
        if script != nil { result += "}" }
        if let next { result += next == .upper ? "^{" : "_{" }
        script = next
      }
      if next != nil {
        result += plain == "T" ? "\\top" : plain
        continue
      }
      // 4.3857e−04 is a number, not a product.
      if character == "e", index > 0, characters[index - 1].isNumber, index + 2 < characters.count,
        "+−".contains(characters[index + 1]), characters[index + 2].isNumber
      {
        flush()
        var end = index + 2
        while end < characters.count, characters[end].isNumber { end += 1 }
        let sign = characters[index + 1] == "−" ? "-" : ""
        let digits = String(characters[(index + 2)..<end]).drop { $0 == "0" }
        result += " \\cdot 10^{\(sign)\(digits.isEmpty ? "0" : String(digits))}"
        skipped = end
        continue
      }
      if isWord(character) {
        word.append(character)
        continue
      }
      // A space beside a word is one to be seen; others LaTeX sets by itself.
      let isSpace =
        character == " "
        && (isProse(word)
          || !word.isEmpty && index + 1 < characters.count
            && characters[index + 1].isNumber
          || isProse(String(characters[(index + 1)...].prefix(while: isWord))))
      flush()
      if isSpace {
        result += "\\ "
        continue
      }
      // √v and √(v + ε), the parentheses of which the root takes over.
      if character == "√", let (inside, end) = radicand(characters, index + 1) {
        result += "\\sqrt{\(latex(inside))}"
        skipped = end
        continue
      }
      switch character {
      case "‖":
        result += isInside ? "\\rVert " : "\\lVert "
        isInside.toggle()
      case "\u{1}": result += "\\cancel{"
      case "\u{2}": result += "}"
      case "_", "%", "#", "&", "{", "}", "$": result += "\\\(character)"
      default: result += Self.latexForms[character] ?? String(character)
      }
    }
    flush()
    if script != nil { result += "}" }
    return result
  }

  /// What stands under a root: one letter, or what is in parentheses; and where the text goes on.
  private static func radicand(
    _ characters: [Character], _ start: Int
  ) -> (inside: String, end: Int)? {
    guard start < characters.count else { return nil }
    if characters[start].isLetter { return (String(characters[start]), start + 1) }
    guard characters[start] == "(" else { return nil }
    var depth = 0
    for index in start..<characters.count {
      if characters[index] == "(" { depth += 1 }
      if characters[index] == ")" { depth -= 1 }
      if depth == 0 { return (String(characters[(start + 1)..<index]), index + 1) }
    }
    return nil
  }

  private static let latexForms: [Character: String] = [
    "ε": "\\epsilon ", "δ": "\\delta ", "σ": "\\sigma ", "η": "\\eta ", "λ": "\\lambda ",
    "θ": "\\theta ",
    "α": "\\alpha ", "∂": "\\partial ", "∇": "\\nabla ", "Σ": "\\sum ", "Δ": "\\Delta ",
    "Φ": "\\Phi ", "φ": "\\varphi ", "′": "'", "⊙": "\\odot ", "·": "\\cdot ", "×": "\\times ",
    "−": "-", "→": "\\to ", "←": "\\leftarrow ", "≈": "\\approx ", "√": "\\surd ",
    "½": "\\tfrac12 ", "≤": "\\le ", "≥": "\\ge ", "∞": "\\infty ", "…": "\\dots ", "–": "-",
    "≡": "\\equiv ", "✓": "\\checkmark ", "✗": "\\times ", "≠": "\\ne ", "\\": "\\backslash ",
    "γ": "\\gamma ", "β": "\\beta ", "μ": "\\mu ", "ẑ": "\\hat z",
  ]

  /// Applies a form to what stands between ⟦ and ⟧, and takes the marks away.
  private static func struck(_ text: String, _ form: (String) -> String) -> String {
    var result = ""
    var inside: String?
    for character in text {
      switch (character, inside) {
      case ("⟦", _): inside = ""
      case ("⟧", let text?):
        result += form(text)
        inside = nil
      case (_, .some): inside?.append(character)
      default: result.append(character)
      }
    }
    return result + (inside ?? "")
  }
}

/// Whether a character is raised or lowered, and which it is.
private enum Script {
  case upper, lower

  private static let upperForms: [Character: String] = [
    "⁰": "0", "¹": "1", "²": "2", "³": "3", "⁴": "4", "⁵": "5", "⁶": "6", "⁷": "7", "⁸": "8",
    "⁹": "9", "ˡ": "l", "ᴸ": "L", "⁺": "+", "⁻": "-", "ᵀ": "T", "ᶻ": "z", "ᵗ": "t",
  ]
  private static let lowerForms: [Character: String] = [
    "₀": "0", "₁": "1", "₂": "2", "₃": "3", "₄": "4", "₅": "5", "₆": "6", "₇": "7", "₈": "8",
    "₉": "9", "ⱼ": "j", "ₖ": "k", "ₓ": "x", "ₐ": "a", "ₘ": "m",
  ]

  /// The script of a character and what it is there.
  ///
  /// - Parameter script: The script of the character before: a comma between two subscripts is one.
  static func read(
    _ characters: [Character], _ index: Int, after script: Script?
  ) -> (Script?, String) {
    let character = characters[index]
    if character == ",", script == .lower, index + 1 < characters.count,
      lowerForms[characters[index + 1]] != nil
    {
      return (.lower, ",")
    }
    if let form = upperForms[character] { return (.upper, form) }
    if let form = lowerForms[character] { return (.lower, form) }
    return (nil, String(character))
  }
}
