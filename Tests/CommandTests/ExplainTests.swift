import Backprop
import Foundation
import Testing

@Suite("The command explain")
struct ExplainTests {
  private let runner: CommandRunner

  init() throws { runner = try CommandRunner() }

  private func explainMazur(_ more: String...) throws -> CommandRunner.Result {
    try runner.writeMazur()
    return try runner.run(
      ["explain", "mazur.safetensors", "mazur.csv", "--target", "o1,o2", "--learning-rate", "0.5"]
        + more)
  }

  @Test("Mazur's example: the errors, the loss before and after, and every equation verified")
  func mazur() throws {
    let result = try explainMazur("--example", "1")
    #expect(result.exitCode == 0, "\(result.errors)")
    let text = result.output
    for line in [
      "δ³ = (0.138499, −0.038098)", "δ² = (0.008771, 0.009954)",
      "C 0.298371 → 0.291028 (weights only)", "C 0.298371 → 0.280471 (weights and biases)",
      "= 0.4 · 0.593270 + 0.45 · 0.596884 + 0.6", "= (0.062324 − 0.020954) · 0.240613",
    ] {
      #expect(text.contains(line), "\(line) is not in the output")
    }
    #expect(text.contains("✓ verified: 50 equations"))
    // The phases stand in the order of the algorithm.
    let headings = result.outputLines.filter { $0.first?.isNumber ?? false }
    #expect(headings.map { $0.prefix(1) } == ["1", "2", "3", "4", "5", "6", "7"])
  }

  @Test("The JSON has the keys of the contract, and numbers that read back to the same bits")
  func json() throws {
    let result = try explainMazur("--json")
    let document = try result.documents[0]
    #expect(
      document.object?.prefix(11).map(\.key) == [
        "schema", "example", "loss", "reduction", "inputs", "targets", "layers", "lossAfter",
        "predictedChange", "verified", "worstResidual",
      ])
    #expect(document["schema"]?.string == "backprop.explain/2")
    #expect(document["verified"]?.bool == true)
    let last = try #require(document["layers"]?[1])
    for key in [
      "layer", "kind", "activation", "tensors", "z", "a", "derivative", "lossGradient", "delta",
    ] {
      #expect(last[key] != nil, "\(key)")
    }
    for (tensor, role) in zip(last["tensors"]?.array ?? [], ["weight", "bias"]) {
      #expect(
        (tensor.object ?? []).map(\.key) == [
          "name", "role", "shape", "values", "gradient", "update",
        ])
      #expect(tensor["name"]?.string == "layers.1.\(role)" && tensor["role"]?.string == role)
    }
    #expect(last["tensors"]?[0]?["shape"] == [2, 2] && last["tensors"]?[1]?["shape"] == [2])
    // 17 digits where they are needed: the text is the shortest of the same bits.
    let fixture = 0.13849856162855698
    #expect(last["delta"]?[0]?.double == fixture)
    #expect(result.output.contains("0.13849856162855698"))
    #expect(document["layers"]?[0]?["lossGradient"] == nil)
    #expect(document["layers"]?[0]?["tensors"]?[0]?["values"]?[1]?[0]?.double == 0.25)
    #expect(abs((document["lossAfterWeightsOnly"]?.double ?? 0) - 0.291027773693599) < 1e-14)
  }

  @Test("A batch: the examples' errors, their sum, and how much they cancel")
  func batch() throws {
    try runner.trainSmall()
    let text = try runner.run(
      "explain", "model.safetensors", "classes.csv", "--batch", "2, 1,60", "--top", "3")
    #expect(text.exitCode == 0, "\(text.errors)")
    #expect(text.output.contains("‖Σₓ ∇(wₓ Cₓ)‖ / Σₓ ‖∇(wₓ Cₓ)‖"))
    #expect(text.output.contains("(x₁) + ") && text.output.contains("cancelled in the sum"))
    let json = try runner.run(
      "explain", "model.safetensors", "classes.csv", "--batch-size", "4", "--json")
    let document = try json.documents[0]
    #expect(document["examples"] == [1, 2, 3, 4])
    #expect(document["layers"]?[0]?["delta"]?.array?.count == 4)
    // The gradient of a bias is the sum of the errors of its neuron.
    let errors = try #require(document["layers"]?[1]?["delta"]?.array)
    let sum = errors.reduce(0.0) { $0 + ($1[0]?.double ?? .nan) }
    let gradient = try #require(document["layers"]?[1]?["tensors"]?[1]?["gradient"]?[0]?.double)
    #expect(abs(sum - gradient) < 1e-6)
  }

  @Test("Korean stays within 80 columns and leaves formulas alone; English says the same numbers")
  func korean() throws {
    let korean = try explainMazur("--language", "ko")
    let english = try explainMazur()
    #expect(korean.exitCode == 0)
    for line in korean.outputLines { #expect(line.displayWidth <= 80, "\(line)") }
    for line in english.outputLines { #expect(line.displayWidth <= 80, "\(line)") }
    for word in ["순전파", "에러", "손실 함수", "경사 하강법", "편향", "가중치", "검증됨"] {
      #expect(korean.output.contains(word), "\(word)")
    }
    // Up to the update, where the left sides are words.
    let formulas = english.outputLines.prefix { !$0.hasPrefix("7") }
      .filter { $0.hasPrefix("     ") && $0.contains("= ") }
    let koreanLines = Set(korean.outputLines)
    #expect(formulas.count > 20)
    for formula in formulas {
      #expect(koreanLines.contains(formula), "\(formula)")
    }
  }

  @Test("Data that overflows the network is refused with the reason, and no equation is accused")
  func overflow() throws {
    let created = try runner.run(
      "create", "--sizes", "2,3,1", "--activation", "relu,identity", "--loss", "squared-error",
      "-o", "big.safetensors")
    #expect(created.exitCode == 0)
    try runner.write("big.csv", "a,b,y\n1e38,1e38,1\n")
    let result = try runner.run("explain", "big.safetensors", "big.csv", "--target", "y")
    #expect(result.exitCode == 1 && result.output.isEmpty)
    #expect(result.errors.contains("no equation can be shown"), "\(result.errors)")
  }

  /// The number that stands behind "name =" or in a column, as the text shows it.
  private func number(_ text: Substring) -> Double? {
    Double(text.replacing("−", with: "-").replacing("(", with: "").replacing(")", with: ""))
  }

  @Test("With L2 the update is −η (∂C/∂w + λ w), and both stand beside it")
  func penalty() throws {
    try runner.writeClassification()
    let trained = try runner.run(
      "train", "classes.csv", "--target", "label", "--hidden", "4", "--activation", "tanh", "--l2",
      "0.05", "--epochs", "5", "--quiet")
    #expect(trained.exitCode == 0)
    let result = try runner.run(
      "explain", "model.safetensors", "classes.csv", "--learning-rate", "0.5")
    #expect(result.exitCode == 0, "\(result.errors)")
    #expect(result.output.contains("Δw = −η (∂C/∂w + λ w)"))
    #expect(result.output.contains("predicted = −η ‖∇(C + ½ λ ‖W‖²)‖²"))
    #expect(result.output.contains("(the objective)") && result.output.contains(" + λ w³"))
    let update = result.output.components(separatedBy: "7  Update")[1]
    let rows = update.split(separator: "\n").map { $0.split(separator: " ") }
      .filter { $0.count == 6 && $0[0].hasPrefix("w") && number($0[1]) != nil }
    #expect(rows.count >= 8)
    for row in rows {
      let cells = row.dropFirst().compactMap { number($0) }
      // before, ∂C/∂w, λ w, Δw, after
      #expect(abs(cells[2] - 0.05 * cells[0]) < 2e-6, "\(row)")
      #expect(abs(cells[3] + 0.5 * (cells[1] + cells[2])) < 3e-6, "\(row)")
      #expect(abs(cells[4] - cells[0] - cells[3]) < 3e-6, "\(row)")
    }
  }

  @Test("In a batch every norm that is shown is that of the errors shown beside it")
  func normsOfBatch() throws {
    try runner.trainSmall()
    let result = try runner.run(
      "explain", "model.safetensors", "classes.csv", "--batch", "3,9,20,41", "--step", "bp2",
      "--all")
    let lines = result.outputLines.map { $0.drop { $0 == " " } }
    #expect(lines.contains { $0.hasPrefix("Shown for example 3") })
    let start = try #require(lines.firstIndex { $0.hasPrefix("δ² = (") })
    let end = try #require(lines.firstIndex { $0.hasPrefix("‖δ²‖") })
    let vector = lines[start..<end].joined(separator: " ").dropFirst("δ² = ".count)
    let values = vector.split(separator: ",").compactMap {
      number($0.filter { $0 != " " }[...])
    }
    #expect(values.count == 8)
    let norm = values.reduce(0) { $0 + $1 * $1 }.squareRoot()
    // "= a / b · ‖δ²‖ / a"
    let numbers = try #require(
      lines.dropFirst(end).first { $0.hasPrefix("= 0") || $0.hasPrefix("= 1") })
    let shown = try #require(number(numbers.split(separator: " ")[5]))
    #expect(abs(shown - norm) < 1e-5, "\(shown) \(norm)")
  }

  @Test("A learning rate beyond the precision is refused; a change too small for it is said to be")
  func extremeRates() throws {
    try runner.trainSmall()
    let huge = try runner.run(
      "explain", "model.safetensors", "classes.csv", "--learning-rate", "1e300")
    #expect(huge.exitCode == 2 && huge.errors.contains("no number of float precision"))
    let tiny = try runner.run(
      "explain", "model.safetensors", "classes.csv", "--learning-rate", "1e-12", "--step", "update")
    #expect(tiny.exitCode == 0)
    #expect(tiny.output.contains("smaller than float precision can tell"))
    #expect(!tiny.output.contains("nothing moves"))
  }

  @Test("The rows of a maxout layer are neuron.piece, and --neuron counts neurons")
  func maxout() throws {
    let created = try runner.run(
      "create", "--sizes", "2,3,2", "--activation", "maxout:3,identity", "--loss", "squared-error",
      "-o", "max.safetensors")
    #expect(created.exitCode == 0)
    try runner.write("m.csv", "a,b,p,q\n1,2,0,1\n")
    let explain = ["explain", "max.safetensors", "m.csv", "--target", "p,q", "--step", "forward"]
    let result = try runner.run(explain + ["--neuron", "2:3", "--all"])
    #expect(result.exitCode == 0, "\(result.errors)")
    #expect(result.output.contains(" 3.2  ") && result.output.contains("a²₃ = max"))
    #expect(try runner.run(explain + ["--neuron", "2:4"]).errors.contains("neurons 1 to 3"))
  }

  @Test("Without a row the one with the largest loss is explained, and a learned row is called so")
  func largestLoss() throws {
    try runner.trainSmall()
    let all = try runner.run(
      "explain", "model.safetensors", "classes.csv", "--batch-size", "60", "--json")
    let losses = try #require(try all.documents[0]["exampleLosses"]?.array).compactMap(\.double)
    let row = try #require(losses.indices.max { losses[$0] < losses[$1] }) + 1
    let json = try runner.run("explain", "model.safetensors", "classes.csv", "--json")
    #expect(try json.documents[0]["example"]?.int == row)
    let text = try runner.run("explain", "model.safetensors", "classes.csv")
    #expect(text.output.contains("Example \(row) is shown because its loss, "), "\(text.output)")

    // y = 2x: the second row is off by 1, the others not at all.
    try runner.write("lines.csv", "x,y\n1,2\n2,5\n3,6\n")
    try runner.write("learned.csv", "x,y\n1,2\n3,6\n")
    let created = try runner.run(
      "create", "--sizes", "1,1", "--activation", "identity", "--loss", "squared-error",
      "--initializer", "constant:2", "-o", "line.safetensors")
    #expect(created.exitCode == 0, "\(created.errors)")
    func explain(_ data: String, _ more: String...) throws -> String {
      try runner.run(["explain", "line.safetensors", data, "--target", "y"] + more).output
        .replacing("\n", with: " ")
    }
    let largest = try explain("lines.csv")
    #expect(largest.contains("Example 2 is shown because its loss, 0.5, is the largest of all 3;"))
    #expect(!largest.contains("learned:"))
    let learned = try explain("lines.csv", "--example", "3")
    #expect(learned.contains("This example is learned: its loss is 0, its error ‖δᴸ‖ = 0."))
    #expect(learned.contains("Without --example") && !learned.contains("is shown because"))
    #expect(try explain("learned.csv").contains("Even this example is learned: its loss is 0"))
    #expect(try !explain("lines.csv", "--batch", "1,3").contains("learned:"))
  }

  @Test(
    "README's penguin: three epochs leave one without measures an Adelie, and its error is seen")
  func penguin() throws {
    let data = CommandRunner.example("penguins.csv")
    let trained = try runner.run(
      "train", data, "--target", "species", "--epochs", "3", "-o", "early.safetensors", "--quiet")
    #expect(trained.exitCode == 0, "\(trained.errors)")
    let result = try runner.run("explain", "early.safetensors", data, "--step", "bp1")
    #expect(result.output.contains("the example is “Gentoo”; the network says “Adelie”"))
    #expect(result.outputLines.contains { $0.contains("δ⁴ = (") && $0.contains(", −0.829") })
  }

  @Test("BP1 has the Jacobian where the last activation is softmax, and ⊙ σ′ elsewhere")
  func headingOfBP1() throws {
    let elementwise = try explainMazur("--step", "bp1")
    #expect(elementwise.output.contains("BP1, the error of the last layer: δᴸ = ∇ₐC ⊙ σ′(zᴸ)"))
    #expect(!elementwise.output.contains("Jacobian"))
    try runner.trainSmall()
    let softmax = try runner.run("explain", "model.safetensors", "classes.csv", "--step", "bp1")
    #expect(softmax.output.contains("BP1, the error of the last layer: δᴸ = Jσ(zᴸ)ᵀ ∇ₐC"))
    #expect(softmax.output.contains("the Jacobian\n   Jσ: ∂aₖ/∂zⱼ = aₖ ([k = j] − aⱼ)."))
    // Between all phases it stands where it is first needed, once.
    let all = try runner.run("explain", "model.safetensors", "classes.csv")
    #expect(all.output.components(separatedBy: "Softmax acts on all z").count == 2)
    #expect(all.output.contains("Here of 3 of the 60 examples:"))
    // wₓ stands where it is not 1.
    #expect(softmax.output.contains("shortcut δ = a − y:"))
    let batch = try runner.run(
      "explain", "model.safetensors", "classes.csv", "--step", "bp1", "--batch-size", "2")
    #expect(batch.output.contains("shortcut δ = wₓ (a − y):"))
  }

  @Test("Assumption I has the 1/n of a mean, and none of a sum")
  func assumptionI() throws {
    try runner.write("three.csv", "x,y\n1,2\n2,5\n3,7\n")
    for (reduction, formula, symbols, numbers) in [
      ("mean", "1/n · Σₓ Cₓ", "1/3 · (C₁ + C₂ + C₃)", "1/3 · (0 + 0.5 + 0.5)"),
      ("sum", "Σₓ Cₓ", "C₁ + C₂ + C₃", "0 + 0.5 + 0.5"),
    ] {
      let created = try runner.run(
        "create", "--sizes", "1,1", "--activation", "identity", "--loss", "squared-error",
        "--initializer", "constant:2", "--reduction", reduction, "-o", "\(reduction).safetensors")
      #expect(created.exitCode == 0, "\(created.errors)")
      for rows in [["--example", "2"], ["--batch", "1,2,3"]] {
        let result = try runner.run(
          ["explain", "\(reduction).safetensors", "three.csv", "--target", "y"] + rows)
        let text = result.output.replacing("\n   C =", with: " C =")
        #expect(text.contains("is the \(reduction) of the losses of its examples: C = \(formula)."))
        #expect(text.contains("     C = \(symbols)\n       = \(numbers)\n"), "\(text)")
        #expect(text.contains(reduction == "mean" ? "= 0.333333\n" : "       = 1\n"))
      }
    }
  }

  @Test("A layer with an index above 9 separates the two indices of every weight")
  func indices() throws {
    try runner.write("wide.csv", "a,b,y\n1,2,1\n")
    let created = try runner.run(
      "create", "--sizes", "2,12,1", "--activation", "tanh,identity", "--loss", "squared-error",
      "-o", "wide.safetensors")
    #expect(created.exitCode == 0, "\(created.errors)")
    let explain = ["explain", "wide.safetensors", "wide.csv", "--target", "y"]
    let result = try runner.run(explain + ["--all", "--neuron", "2:3"])
    #expect(result.output.contains("z²₃ = w²₃,₁ a¹₁ + w²₃,₂ a¹₂ + b²₃"))
    #expect(
      result.output.contains("w³₁,₁ a²₁ + w³₁,₂ a²₂") && result.output.contains("w³₁,₁₂ a²₁₂"))
    // One vote is no sum, and no line says what the line above has said.
    #expect(result.output.contains("δ²₃ = w³₁,₃ δ³₁ · σ′(z²₃)\n"))
    #expect(result.output.contains("σ′(z³₁) = 1\n\n3  BP1"))
    let bare = /w[²³][₀-₉]+(?![₀-₉,])/
    #expect(result.output.firstMatch(of: bare) == nil)
    let why = try runner.run(explain + ["--why-weight", "2:1,2"])
    #expect(why.output.contains("∂C/∂w²₁,₂"))
    #expect(try explainMazur().output.contains("w³₁₂"))
  }

  @Test(
    "Lines end between terms, not in a product, a parenthesis, or between a number and its word")
  func lineEnds() throws {
    try runner.writeClassification()
    let trained = try runner.run(
      "train", "classes.csv", "--target", "label", "--hidden", "20,20", "--epochs", "2", "--quiet")
    #expect(trained.exitCode == 0)
    for language in ["en", "ko"] {
      for ascii in [[], ["--ascii"]] {
        let result = try runner.run(
          ["explain", "model.safetensors", "classes.csv", "--language", language] + ascii)
        #expect(result.output.contains(language == "ko" ? "(외 15개)" : "(15 more)"))
        for line in result.outputLines {
          #expect(line.displayWidth <= 80, "\(line)")
          for end in [" ·", " *", " +", " −", " -", " =", " …", " ...", " /", " ⊙", " →"] {
            #expect(!line.hasSuffix(end), "\(line)")
          }
          let (open, close) = (line.count { $0 == "(" }, line.count { $0 == ")" })
          // A parenthesis that is longer than a line begins behind "= " and goes on below.
          #expect(open <= close || line.contains("= ("), "\(line)")
        }
      }
    }
  }

  @Test("--step shows one phase, and the equations are all verified nevertheless")
  func step() throws {
    let result = try explainMazur("--step", "bp2")
    #expect(result.output.contains("\n4  BP2") && !result.output.contains("3  BP1"))
    #expect(result.output.contains("verified: 50 equations"))
    // Without a terminal there is nobody to press Enter.
    let all = try explainMazur("--step", "all")
    #expect(all.exitCode == 0 && all.output.contains("\n7  Update"))
  }

  #if os(Linux)
    @Test(
      "On a terminal --step all goes on and back by its keys alone, and ends with q or the input")
    func walk() throws {
      try runner.writeMazur()
      // `script` gives the command a terminal of its own.
      let command =
        "'\(CommandRunner.executable.path)' explain mazur.safetensors mazur.csv --target o1,o2 "
        + "--step all"
      func walk(_ keys: String) throws -> String {
        let status = try runner.shell(
          "printf '\(keys)' | script -qec \"\(command)\" /dev/null > walk.txt 2>&1")
        #expect(status == 0)
        return String(decoding: try runner.read("walk.txt"), as: UTF8.self)
      }
      func count(_ part: String, in text: String) -> Int {
        text.components(separatedBy: part).count - 1
      }
      let whole = try walk("\\nn\\n\\nN\\n\\n\\n\\n")
      #expect(whole.contains("7  Update") && whole.contains("verified"))
      #expect(count("n: next, b or p: back, q: quit", in: whole) == 7)
      let short = try walk("\\nq\\n")
      #expect(short.contains("2  Forward") && !short.contains("3  BP1"))
      let back = try walk("\\n\\nb\\np\\np\\nq\\n")
      #expect(count("3  BP1", in: back) == 1 && count("2  Forward", in: back) == 2)
      #expect(count("1  Two assumptions", in: back) == 3)
      // Another key shows the keys again, and goes nowhere.
      let other = try walk("x\\nq \\nnn\\nq\\n")
      #expect(count("n: next, b or p: back, q: quit", in: other) == 4)
      #expect(!other.contains("2  Forward"))
      let ended = try walk("\\n")
      #expect(ended.contains("2  Forward") && !ended.contains("3  BP1"))
      #expect(!ended.contains("verified"))
    }
  #endif

  @Test("A neuron and a weight in focus are written out")
  func focus() throws {
    let neuron = try explainMazur("--neuron", "3:2", "--step", "forward")
    #expect(neuron.output.contains("z³₂ = w³₂₁ a²₁ + w³₂₂ a²₂ + b³₂"))
    let weight = try explainMazur("--weight", "2:1,2", "--step", "bp4")
    #expect(weight.output.contains("∂C/∂w²₁₂ = a¹₂ δ²₁"))
  }

  @Test("ASCII, Markdown and LaTeX are read off the same formulas")
  func formats() throws {
    let ascii = try explainMazur("--ascii")
    #expect(ascii.output.utf8.allSatisfy { $0 < 0x80 })
    #expect(ascii.output.contains("delta^3 = (0.138499, -0.038098)"))
    let adam = try explainMazur("--optimizer", "adam", "--ascii")
    #expect(adam.output.utf8.allSatisfy { $0 < 0x80 } && adam.output.contains(" + eps)"))
    let root = try explainMazur("--optimizer", "adam", "--format", "latex")
    #expect(root.output.contains("\\sqrt{v") && root.output.contains("\\epsilon"))
    let markdown = try explainMazur("--format", "markdown")
    #expect(markdown.output.contains("\\delta ^{3} &= (0.138499, -0.038098)"))
    let latex = try explainMazur("--format", "latex")
    #expect(
      latex.output.hasPrefix("\\documentclass") && latex.output.hasSuffix("\\end{document}\n"))
    #expect(latex.output.count { $0 == "{" } == latex.output.count { $0 == "}" })
    let formulas = latex.output.unicodeScalars.filter { $0.value >= 0x80 }
    #expect(formulas.isEmpty, "\(String(String.UnicodeScalarView(formulas)))")
  }

  @Test("What a canonical pair cancels is struck out: one neuron, cross-entropy")
  func struckOut() throws {
    try runner.write("one.csv", "x,y\n1,0\n")
    let created = try runner.run(
      "create", "--sizes", "1,1", "--activation", "sigmoid", "--loss", "binary-cross-entropy",
      "--initializer", "constant:2", "--precision", "double", "-o", "one.safetensors")
    #expect(created.exitCode == 0)
    let explain = ["explain", "one.safetensors", "one.csv", "--target", "y", "--step", "bp1"]
    let result = try runner.run(explain)
    // a = σ(2) = 0.880797: δ = a − y although σ′ is 0.104994.
    #expect(result.output.contains("= 0.880797 − 0"))
    #expect(result.output.contains("a\u{336}²\u{336}₁\u{336}"))
    #expect(try runner.run(explain + ["--ascii"]).output.contains("[/a^2_1 (1 - a^2_1)/]"))
    #expect(try runner.run(explain + ["--format", "latex"]).output.contains("\\cancel{a^{2}_{1}"))
  }

  @Test("--why-weight ranks the examples by how hard they pushed, and their sum is the gradient")
  func whyWeight() throws {
    try runner.trainSmall()
    let result = try runner.run(
      "explain", "model.safetensors", "classes.csv", "--why-weight", "3:1,2", "--all", "--json")
    #expect(result.exitCode == 0, "\(result.errors)")
    let document = try result.documents[0]
    let examples = try #require(document["examples"]?.array)
    let pushes = examples.compactMap { $0["gradient"]?.double }
    #expect(pushes.count == 60)
    #expect(zip(pushes, pushes.dropFirst()).allSatisfy { abs($0) >= abs($1) })
    // The same gradient as a batch of all rows gives.
    let all = try runner.run(
      "explain", "model.safetensors", "classes.csv", "--batch-size", "60", "--json")
    let gradient = try #require(
      try all.documents[0]["layers"]?[1]?["tensors"]?[0]?["gradient"]?[0]?[1]?.double)
    #expect(abs(pushes.reduce(0, +) - gradient) < 1e-6)
    let text = try runner.run(
      "explain", "model.safetensors", "classes.csv", "--why-weight", "3:1,2", "--language", "ko")
    #expect(text.output.contains("예제") && text.output.contains("외 55개"))
    // Their δ are not those that BP1 shows of one example alone.
    #expect(text.output.contains("wₓ = 1/60"))
  }

  @Test(
    "What cannot be explained is refused in one line that says why",
    arguments: [
      (["--example", "2"], "the data has 1 row"), (["--example", "0"], "numbered from 1"),
      (["--example", "-1"], "numbered from 1"),
      (["--batch", "1,x"], "\"x\" is no number of a row"),
      (["--batch", "1,1"], "row 1 stands there twice"),
      (["--example", "1", "--batch-size", "1"], "only one of --example, --batch-size"),
      (["--neuron", "1:1"], "the layers that compute are 2 to 3"),
      (["--neuron", "2"], "give layer:neuron"), (["--neuron", "3:9"], "has neurons 1 to 2"),
      (["--weight", "2:1"], "give layer:to,from"),
      (["--why-weight", "2:1,7"], "layer 1 has neurons 1 to 2"),
      (["--step", "bp5"], "the steps are forward, bp1"), (["--top", "0"], "at least 1"),
      (["--top", "3", "--all"], "not both"), (["--format", "pdf"], "text, json, markdown, latex"),
      (["--language", "fr"], "the languages are en, ko"),
      (["--learning-rate", "0"], "greater than 0"), (["--optimizer", "sgdd"], "did you mean sgd"),
    ])
  func refusals(options: [String], reason: String) throws {
    try runner.writeMazur()
    let result = try runner.run(
      ["explain", "mazur.safetensors", "mazur.csv", "--target", "o1,o2"] + options)
    #expect(result.exitCode == 2)
    #expect(result.output.isEmpty)
    #expect(result.errorLines.count == 1 && result.errors.contains(reason), "\(result.errors)")
  }
}
