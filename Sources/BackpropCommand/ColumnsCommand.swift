import ArgumentParser
import Backprop
import BackpropInspection

/// `backprop columns DATA`: what each column is taken for, and why.
struct ColumnsCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "columns",
    abstract: "Show what each column of a file is taken for, and why.",
    discussion: """
      Whatever is guessed about a column is a line here; a guess that may lose something is a warning with \
      the option that says otherwise. The same options in `train` read the file the same way.

      EXAMPLES:
        backprop columns penguins.csv --target species
        backprop columns houses.csv --missing -999 --decimal , --json
      """)

  @Argument(help: "The data: a file, or a folder with IDX files.")
  var data: String

  @Option(.target) var target: String?

  @OptionGroup(title: "Reading the data")
  var table: TableReadingOptions

  @OptionGroup(title: "Output")
  var output: OutputOptions

  func run() throws {
    let language = try output.language()
    var configuration = TrainingConfiguration()
    try CommandWords.take(into: &configuration)
    let estimator = Estimator(configuration, threads: try output.threadCount())
    let options = try TableOptions(configuration.data, for: nil, threads: estimator.threads)
    let source = try DataSource.open(existing: data, options: options)
    let table = source.training
    table.warnings.forEach { output.note("warning: \($0)") }
    let targets = try targetNames(in: table, source.targets)
    let reports = try table.columnReports(targets: targets)
    if output.json {
      try Terminal.printOutput(ColumnsText.document(reports, of: table).description)
    } else {
      for line in ColumnsText.lines(reports, of: table, in: language) {
        try Terminal.printOutput(line)
      }
    }
  }

  private func targetNames(in table: Table, _ usual: [String]) throws -> [String] {
    guard let target else { return usual }
    return try table.columns(named: target)
  }
}
