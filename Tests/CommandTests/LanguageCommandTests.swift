import Testing

@Suite("The option --language")
struct LanguageCommandTests {
  private let runner: CommandRunner

  init() throws {
    runner = try CommandRunner()
    try runner.trainSmall()
  }

  /// What each command is asked; the files are those of `trainSmall`.
  private static let calls = [
    ["train", "classes.csv", "--target", "label", "--epochs", "2", "--curves", "--diagnose"],
    ["train", "classes.csv", "--target", "label", "--epochs", "2", "--folds", "3"],
    ["tune-rate", "classes.csv", "--target", "label", "--steps", "20"],
    [
      "create", "--sizes", "2,3,2", "--activation", "tanh,softmax", "--loss", "cross-entropy", "-o",
      "fresh.safetensors",
    ],
    ["evaluate", "model.safetensors", "classes.csv", "--bootstrap", "10"],
    ["inspect", "model.safetensors"], ["doctor", "model.safetensors", "classes.csv"],
    ["check", "model.safetensors", "classes.csv"],
    ["whatif", "product"],
  ]

  @Test("Every command speaks Korean when it is asked to, and English when not", arguments: calls)
  func korean(call: [String]) throws {
    let english = try runner.run(call)
    let named = try runner.run(call + ["--language", "en"])
    let korean = try runner.run(call + ["--language", "ko"])
    #expect(english.exitCode == 0 && korean.exitCode == 0, "\(korean.errors)")
    func words(_ result: CommandRunner.Result) -> [Substring] {
      (result.output + result.errors).split { !$0.isLetter && !$0.isNumber }
    }
    #expect(words(named).count == words(english).count)
    #expect(!words(english).contains { $0.contains(where: Self.isHangul) })
    #expect(words(korean).contains { $0.contains(where: Self.isHangul) })
    #expect(!(korean.output + korean.errors).contains(/\{\d/))
    for word in [
      "loss", "epoch", "examples", "layer", "rate", "network", "target", "saved", "best", "mean",
      "training", "and", "of", "the",
    ] {
      // English stay names in parentheses behind the Korean ones, and options.
      let text = (korean.output + korean.errors).replacing("(log loss)", with: "")
        .replacing("--learning-rate", with: "")
      #expect(!text.contains(try Regex("\\b\(word)\\b(?!:)")), "\(word)")
    }
  }

  private static func isHangul(_ character: Character) -> Bool {
    character.unicodeScalars.contains { (0xAC00...0xD7A3).contains($0.value) }
  }

  @Test(
    "A metric and a loss have their English name behind them the first time on a stream, and not again"
  )
  func names() throws {
    let result = try runner.run(
      "train", "classes.csv", "--target", "label", "--epochs", "3", "--language", "ko")
    for text in [result.output, result.errors] {
      #expect(text.matches(of: /정확도\(accuracy\)/).count == 1)
    }
    #expect(result.errors.matches(of: /교차 엔트로피\(cross-entropy\)/).count == 1)
    #expect(result.errors.contains(/검증 손실 \S+ +정확도 \d/))
    #expect(result.output.contains("로그 손실(log loss) "))
    let evaluated = try runner.run(
      "evaluate", "model.safetensors", "classes.csv", "--language", "ko")
    #expect(evaluated.output.contains("균형 정확도(balanced accuracy)"))
    #expect(evaluated.output.contains("교차 엔트로피(cross-entropy)"))
    for call in [["explain", "model.safetensors", "classes.csv"], ["whatif", "mutants"]] {
      let output = try runner.run(call + ["--language", "ko"]).output
      #expect(output.matches(of: /교차 엔트로피\(cross-entropy\)/).count == 1, "\(call)")
    }
  }

  @Test("Files, JSON and errors are the same in both languages")
  func english() throws {
    for call in [
      ["evaluate", "model.safetensors", "classes.csv", "--json"],
      ["inspect", "model.safetensors", "--json"],
      ["doctor", "model.safetensors", "classes.csv", "--json"],
      ["predict", "model.safetensors", "classes.csv", "--probabilities"],
      ["inspect", "absent.safetensors"], ["train", "classes.csv", "--target", "absent"],
    ] {
      let (english, korean) = (try runner.run(call), try runner.run(call + ["--language", "ko"]))
      #expect(english.output == korean.output && english.errors == korean.errors, "\(call)")
    }
  }

  @Test(
    "A language that there is not is refused by every command",
    arguments: calls + [["predict", "model.safetensors", "classes.csv"]])
  func unknown(call: [String]) throws {
    let result = try runner.run(call + ["--language", "fr"])
    #expect(result.exitCode == 2 && result.errors.contains("the languages are en, ko"))
  }
}
