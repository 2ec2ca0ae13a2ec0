import ArgumentParser
import Backprop
import BackpropInspection

/// The arguments of every command that takes a model, and data with targets.
struct LabelledDataArguments: ParsableArguments {
  @Argument(help: "A model file.")
  var model: String

  @Argument(help: "The data: a file, - for standard input, or a folder with IDX files.")
  var data: String

  @Option(name: .long, help: "Targets of a model that names none: columns a,b,…")
  var target: String?

  @OptionGroup
  var member: MemberOption

  @OptionGroup(title: "Reading the data")
  var table: TableReadingOptions

  /// Opens both; nothing is encoded yet.
  ///
  /// - Parameters:
  ///   - preferringTest: Whether the test part is meant where the data brings one.
  ///   - averages: Whether the mean of several networks is meant where the model has them, and none is named;
  ///     else the first is.
  ///   - weights: A column of weights, if the user names one.
  ///   - rowLimit: The most rows that are looked at; nil for all.
  func open(
    preferringTest: Bool = false, averages: Bool = false, weights: String? = nil,
    rowLimit: Int? = nil,
    _ output: OutputOptions
  ) throws -> LabelledData {
    let whole = try Model(contentsOf: model)
    let model = try member.model(of: whole, default: averages ? nil : 1, output)
    var settings = try model.readingSettings()
    settings.weightColumn = weights
    settings.target = target.map { [$0] }
    var options = try TableOptions(settings, for: model, threads: output.threadCount())
    // A model without labels of its own takes them from all rows.
    options.rowLimit = model.targetEncoder == nil ? nil : rowLimit
    let source = try DataSource.open(existing: data, options: options)
    let table = preferringTest ? source.test ?? source.training : source.training
    table.warnings.forEach { output.note("warning: \($0)") }
    if model.encoder == nil { table.columnWarnings.forEach { output.note("warning: \($0)") } }
    var names = try target.map { try table.columns(named: $0) } ?? []
    try model.checkTargets(names, in: table)
    if names.isEmpty { names = source.targets }
    var coders = try model.coders(for: table, targets: names)
    coders.ignoredColumn = weights ?? model.weights?.column
    return LabelledData(
      model: model, table: table, validation: source.validation, test: source.test, coders: coders,
      output: output)
  }
}

/// Which network of an ensemble is meant.
struct MemberOption: ParsableArguments {
  @Option(
    name: .long, parsing: .unconditional,
    help: ArgumentHelp(
      "Of a model of several networks this one, from 1. (default: predict, evaluate and importance take all as one model, other commands the first)",
      valueName: "n"))
  var member: Int?

  /// The model of the network that is meant; the whole one if none is named and there is no default.
  ///
  /// - Parameter usual: The network that is taken where none is named; nil for all of them.
  func model(of whole: Model, default usual: Int?, _ output: OutputOptions) throws -> Model {
    let count = whole.members.count
    guard let number = member ?? usual else { return whole }
    guard (1...count).contains(number) else {
      throw UsageError(
        "--member \(number): the model has \(Format.count(count, "network")); give a number from 1 to \(count)"
      )
    }
    if count > 1, member == nil {
      output.note(try output.language().text(.memberShown, String(number), String(count)))
    }
    return whole.member(number - 1)
  }
}

extension Model {
  /// How the data is read: as the command line says, which must not contradict the model, and else as that
  /// of the training was.
  func readingSettings() throws -> DataSettings {
    var configuration = TrainingConfiguration()
    try CommandWords.take(into: &configuration, except: Self.ownOptions)
    if let trained = self.configuration?.data {
      var data = configuration.data
      data.delimiter = data.delimiter ?? trained.delimiter
      data.skipLines = data.skipLines ?? trained.skipLines
      data.comment = data.comment ?? trained.comment
      // Whether there is a header, and what the columns are called without it, are one thing.
      if data.header == nil, data.columnNames == nil {
        (data.header, data.columnNames) = (trained.header, trained.columnNames)
      }
      configuration.data = data
    }
    guard encoder != nil else { return configuration.data }
    for setting in Setting.columnSettings
    where setting.read(configuration) != nil {
      throw ConfigurationError(
        setting.property, "contradicts the model, which says itself how columns are read")
    }
    return configuration.data
  }

  /// Options of commands that take a model which are called as settings, and are none.
  private static let ownOptions: Set<String> = [
    "seed", "target", "epochs", "learning-rate", "optimizer", "batch-size", "weight-column",
    "metric", "interval",
  ]
}

/// A model, and a table that holds what it is asked for.
struct LabelledData {
  let model: Model
  let table: Table
  /// What the data brings beside it.
  let validation, test: Table?
  var coders: ModelData
  let output: OutputOptions

  /// The encoded examples of some rows (from 0, ascending; nil for all) of the table, or of another.
  func dataset<T: Scalar>(
    for network: Network<T>, of other: Table? = nil, rows: [UInt32]? = nil
  ) throws -> Dataset<T> {
    let table = other ?? table
    let dataset = try coders.dataset(of: table, rows: rows, for: network)
    table.unknowns.lines.forEach { output.note("warning: \($0)") }
    return dataset
  }

  /// `count` rows drawn at random without repetition, in ascending order; nil if that is all of them.
  func randomRows(_ count: Int, seed: UInt64) -> [UInt32]? {
    guard count < table.rowCount else { return nil }
    var random = RandomSource(seed: seed, purpose: .sampling)
    return random.permutation(of: table.rowCount).prefix(count).sorted()
  }
}
