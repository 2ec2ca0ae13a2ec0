import Backprop
import BackpropInspection

/// What the studio works on: data, how it becomes inputs, and a network that begins.
struct Subject<T: Scalar>: Sendable {
  let network: Network<T>
  let coders: ModelData
  let configuration: TrainingConfiguration
  let table: Table
  let training: Dataset<T>
  let validation: Dataset<T>?
  let metrics: MetricKind
  /// Whether the network has learned already.
  let isTrained: Bool
  /// What model and data are called.
  let names: (model: String, data: String)
  /// What was guessed or left out on the way.
  let warnings: [String]

  /// A network for a table, as `train` makes it; or a model's, which goes on.
  init(
    _ tables: FitTables, _ configuration: TrainingConfiguration, from base: Model?, threads: Int,
    names: (model: String, data: String)
  ) throws {
    var warnings: [String] = []
    var configuration = configuration
    if base == nil { configuration.recipe = .plain }
    let estimator = Estimator(configuration, from: base, threads: threads)
    let prepared: PreparedFit<T> = try estimator.prepare(tables, as: T.self) {
      warnings.append($1)
    }
    guard case .memory(let training) = prepared.training else {
      throw ConfigurationError("memory", "has no meaning in the studio: its data is in memory")
    }
    var validation: Dataset<T>?
    if case .memory(let rows)? = prepared.validation { validation = rows }
    self.init(
      network: prepared.network, coders: prepared.coders, configuration: prepared.configuration,
      table: tables.training, training: training, validation: validation,
      metrics: prepared.metrics, isTrained: base?.configuration != nil, names: names,
      warnings: warnings)
  }

  private init(
    network: Network<T>, coders: ModelData, configuration: TrainingConfiguration, table: Table,
    training: Dataset<T>, validation: Dataset<T>?, metrics: MetricKind, isTrained: Bool,
    names: (model: String, data: String), warnings: [String]
  ) {
    self.network = network
    self.coders = coders
    self.configuration = configuration
    self.table = table
    self.training = training
    self.validation = validation
    self.metrics = metrics
    self.isTrained = isTrained
    self.names = names
    self.warnings = warnings
  }

  /// A model without coders: its inputs are the numeric columns.
  static func asItIs(
    _ network: Network<T>, _ model: Model, _ table: Table, targets: [String],
    names: (model: String, data: String)
  ) throws -> Subject {
    let coders = try model.coders(for: table, targets: targets)
    let training: Dataset<T> = try coders.dataset(of: table, for: network)
    let configuration =
      model.configuration
      ?? TrainingConfiguration().resolved(examples: training.count, hasValidation: false)
    return Subject(
      network: network, coders: coders, configuration: configuration, table: table,
      training: training, validation: nil,
      metrics: coders.target.metrics(outputActivation: network.outputActivation),
      isTrained: model.configuration != nil, names: names, warnings: [])
  }

  /// Some rows of the table, from 0 and ascending.
  func examples(_ rows: [UInt32]) throws -> Dataset<T> {
    try coders.dataset(of: table, rows: rows, for: network)
  }

  /// Rows drawn at random, in ascending order; all where they are no more.
  func randomRows(_ count: Int, seed: UInt64 = 0) -> [UInt32] {
    guard count < table.rowCount else { return (0..<UInt32(table.rowCount)).map(\.self) }
    var random = RandomSource(seed: seed, purpose: .sampling)
    return random.permutation(of: table.rowCount).prefix(count).sorted()
  }
}
