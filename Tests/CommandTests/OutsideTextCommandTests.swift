import Backprop
import Foundation
import Testing

@Suite("Text from outside, on the terminal")
struct OutsideTextCommandTests {
  private let runner: CommandRunner
  /// A label, a column and a file whose names would paint, jump, ring and lie.
  private let label = "red\u{1B}[31m\u{9B}2J\u{202E}`<script>"
  private let column = "a\u{1B}]0;owned\u{7}*<script>`"
  private let file = "evil\u{1B}[2J.csv"

  init() throws {
    runner = try CommandRunner()
    let rows = (0..<60).map { "\($0 % 7),\($0 % 5),\"\($0 % 7 > $0 % 5 ? label : "blue")\"\n" }
    try runner.write(file, "\"\(column)\",b,\"y\u{1B}[5m\"\n" + rows.joined())
  }

  /// What a run printed; only line ends may stand in it that are no letters.
  private func check(
    _ result: CommandRunner.Result, _ code: Int32 = 0,
    sourceLocation: SourceLocation = #_sourceLocation
  ) {
    #expect(result.exitCode == code, "\(result.errors)", sourceLocation: sourceLocation)
    for text in [result.output, result.errors] {
      let unseen = text.unicodeScalars.filter { $0.isUnseen && $0 != "\n" }
      #expect(
        unseen.isEmpty, "\(unseen) in \(text.debugDescription)", sourceLocation: sourceLocation)
      for line in text.split(separator: "\n") where !line.hasPrefix("{") {
        #expect(line.count < 3_000, sourceLocation: sourceLocation)
      }
    }
  }

  @Test("Headers, labels and file names reach no terminal as they are, in any command")
  func everyCommand() throws {
    let model = "m\u{1B}[1m.safetensors"
    let target = "y\u{1B}[5m"
    let train = ["train", file, "--target", target, "--epochs", "2", "--seed", "1", "-o", model]
    check(try runner.run(train))
    check(try runner.run(train + ["--force", "--json"]))
    check(try runner.run(train + ["--force", "--class-weight", "balanced", "--curves"]))
    check(try runner.run("inspect", model))
    check(try runner.run("inspect", model, "--json"))
    check(try runner.run("inspect", model, "--config"))
    check(try runner.run("evaluate", model, file))
    check(try runner.run("evaluate", model, file, "--bootstrap", "20"))
    check(try runner.run("doctor", model, file))
    check(try runner.run("check", model, file))
    check(try runner.run("tune-rate", file, "--target", target, "--steps", "20"))
    for format in ["text", "markdown", "latex", "json"] {
      for more in [["--example", "2"], ["--batch", "1,2"], ["--why-weight", "2:1,1"]] {
        let explained = try runner.run(["explain", model, file, "--format", format] + more)
        check(explained)
        #expect(!explained.output.contains("<script>") || format != "markdown")
      }
    }
    check(try runner.run("predict", model, file, "--json"))
    // A program gets the label itself, a terminal sees what it is made of.
    let piped = try runner.run("predict", model, file)
    #expect(piped.output.contains(label))
    try runner.write("quiet.csv", Array(try runner.read(file)))
    for more in ["", " -o /dev/stdout", " -o /dev/tty"] {
      let seen = try runner.shell(
        "script -qec \"'\(CommandRunner.executable.path)' predict m*.safetensors quiet.csv\(more)\" "
          + "typed > /dev/null 2>&1")
      #expect(seen == 0)
      let typed = String(decoding: try runner.read("typed"), as: UTF8.self)
      #expect(typed.contains("red\\u{1b}[31m\\u{9b}2J") && !typed.contains("\u{1B}[31m"))
    }
  }

  @Test("Messages about names from outside are one line of letters, and not a file")
  func errors() throws {
    let long = String(repeating: "x", count: 100_000)
    for target in ["no\u{1B}[31m\nerror: all is lost", long, ""] {
      check(try runner.run("train", file, "--target", target), target.isEmpty ? 2 : 1)
    }
    check(try runner.run("train", "no\u{1B}[31m.csv", "--target", "y"), 1)
    check(try runner.run("predict", file, file), 1)
    for arguments in [
      ["--hidden", "4\u{1B}[31m"], ["--hidden", long], ["--optimizer", "adam\u{1B}[31m"],
      ["--activation", long], ["--\u{1B}[31m"], ["--seed", "\u{1B}[31m"], ["--dropout", long],
      ["--metric\u{7}"], ["--every", long],
    ] {
      check(try runner.run(["train", file, "--target", "b"] + arguments), 2)
    }
    check(try runner.run("\u{1B}[31m"), 2)
    check(try runner.run(long), 2)
    // Labels of 100,000 letters, of which tables show the two ends.
    try runner.write(
      "long.csv", "a,y\n" + (0..<40).map { "\($0),\(long)\($0 % 2)\n" }.joined())
    check(
      try runner.run("train", "long.csv", "--target", "y", "--epochs", "1", "-o", "l.safetensors"))
    check(try runner.run("inspect", "l.safetensors"))
    check(try runner.run("evaluate", "l.safetensors", "long.csv"))
    check(try runner.run("explain", "l.safetensors", "long.csv"))
  }

  @Test("A comma too many is refused in every list")
  func lists() throws {
    try runner.writeClassification()
    for (option, lists) in [
      ("--hidden", ["4,,4", "4,", ",4", ","]), ("--target", ["label,", ",label", "label,,a"]),
      ("--activation", ["relu,", ",relu"]), ("--ignore", ["a,", "a,,b"]),
      ("--categorical", ["a,"]), ("--numeric", [",a"]), ("--norm", ["layer,"]),
      ("--dropout", ["0.1,", ",0.1"]), ("--rate-factors", ["1,,1", "1,"]),
      ("--class-weight", ["below=1,", ",below=1", "below=1,,below=2"]),
    ] {
      for list in lists {
        let target = option == "--target" ? [] : ["--target", "label"]
        let result = try runner.run(
          ["train", "classes.csv"] + target + [option, list, "-o", "m.safetensors"])
        #expect(result.exitCode == 2, "\(option) \(list): \(result.errors)")
        #expect(result.errors.contains(list) && result.errors.contains("comma"), "\(result.errors)")
        #expect(try runner.files == ["classes.csv", file])
      }
    }
    // A comma that belongs to the name is none too many; spaces are none either.
    try runner.write("comma.csv", "\"a,\",b\n" + (0..<30).map { "\($0),\($0 % 3)\n" }.joined())
    let named = try runner.run(
      "train", "comma.csv", "--target", "a,", "--epochs", "1", "--hidden", "4, 4", "-o", "m.st")
    #expect(named.exitCode == 0, "\(named.errors)")
  }
}
