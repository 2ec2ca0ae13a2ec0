import ArgumentParser
import Backprop
import BackpropInspection

/// The arguments of every command that takes a model, and data with targets.
struct LabelledDataArguments: ParsableArguments {
  @Argument(help: "A model file.")
  var model: String

  @Argument(help: "The data: a file, or a folder with IDX files.")
  var data: String

  @Option(name: .long, help: "Targets of a model that names none: columns a,b,…")
  var target: String?

  @OptionGroup(title: "Reading the data")
  var table: TableReadingOptions

  /// Opens both; nothing is encoded yet.
  ///
  /// - Parameters:
  ///   - preferringTest: Whether the test part is meant where the data brings one.
  ///   - weights: A column of weights, if the user names one.
  ///   - rowLimit: The most rows that are looked at; nil for all.
  func open(
    preferringTest: Bool = false, weights: String? = nil, rowLimit: Int? = nil,
    _ output: OutputOptions
  ) throws -> LabelledData {
    let model = try Model.open(model)
    try self.table.checkAgreement(with: model)
    var options = try self.table.tableOptions(target: target, for: model, weights: weights)
    // A model without labels of its own takes them from all rows.
    options.rowLimit = model.targetEncoder == nil ? nil : rowLimit
    options.threads = try output.threadCount()
    let source = try DataSource.open(data, options)
    let table = preferringTest ? source.test ?? source.training : source.training
    table.warnings.forEach { output.note("warning: \($0)") }
    var names = try Names.columns(target, in: table)
    try model.checkTargets(names, in: table)
    if names.isEmpty { names = source.targets }
    let encoder =
      try model.targetEncoder ?? ModelData.target(for: model.network, in: table, names: names)
    return LabelledData(
      model: model, table: table,
      coders: ModelData(
        encoder: model.encoder, target: encoder, ignoredColumn: weights ?? model.weights?.column))
  }
}

/// A model, and a table that holds what it is asked for.
struct LabelledData {
  let model: Model
  let table: Table
  var coders: ModelData

  /// The encoded examples of some rows (from 0, ascending; nil for all).
  func dataset<T: Scalar>(for network: Network<T>, rows: [UInt32]? = nil) throws -> Dataset<T> {
    try coders.dataset(of: table, rows: rows, for: network)
  }

  /// `count` rows drawn at random without repetition, in ascending order; nil if that is all of them.
  func randomRows(_ count: Int, seed: UInt64) -> [UInt32]? {
    guard count < table.rowCount else { return nil }
    var random = RandomSource(seed: seed, purpose: .sampling)
    return random.permutation(of: table.rowCount).prefix(count).sorted()
  }
}

/// The language of a command that explains something.
struct LanguageOptions: ParsableArguments {
  @Option(
    name: .customLong("language"),
    help: "\(Language.allCases.map(\.rawValue).joined(separator: " or ")). (default: en)")
  var name: String?

  func language() throws -> Language {
    guard let name else { return .english }
    guard let language = Language(rawValue: name) else {
      throw UsageError(
        "--language \(name): the languages are "
          + Language.allCases.map(\.rawValue).joined(separator: ", "))
    }
    return language
  }
}
