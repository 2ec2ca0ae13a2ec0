import Backprop
import BackpropInspection
import Synchronization

/// The studio: data, a network on the bench, and what takes their place.
public final class Studio: Sendable {
  /// What the studio begins with.
  public struct Opening: Sendable {
    /// A file or folder with data; nil for data that is made up.
    public var data: String?
    /// The columns to learn.
    public var target: String?
    /// A model file to look into and to train on; nil for a new network.
    public var model: String?
    /// Settings of the run that are given.
    public var configuration = TrainingConfiguration()

    public init() {}
  }

  /// Data that networks are made for.
  private struct Source: Sendable {
    let tables: FitTables
    let name: String
    var targets: [String]
    /// The file that the table is read from, where it came by a browser.
    var file: ScratchFile?
  }

  private struct State {
    var source: Source
    var bench: any Bench
  }

  /// Limits for what comes by a browser.
  static let mostBytes = 64 << 20
  static let mostRows = 500_000
  static let mostColumns = 2_000
  private static let mostParameters = 20_000_000

  private let threads: Int
  private let state: Mutex<State>

  /// Opens data and a network.
  ///
  /// - Throws: What is wrong with them, as `backprop train` would say it.
  public init(_ opening: Opening, threads: Int? = nil) throws {
    let count = threads ?? Processor.physicalCores
    self.threads = count
    var configuration = opening.configuration
    if let target = opening.target { configuration.data.target = [target] }
    let model = try opening.model.map { try Model(contentsOf: $0) }
    let source = try Self.source(opening.data, configuration, for: model)
    if configuration.data.target == nil, !source.targets.isEmpty {
      configuration.data.target = source.targets
    }
    let bench = try Self.bench(
      source, configuration, from: model?.member(0), name: opening.model ?? "new network",
      threads: count)
    state = Mutex(State(source: source, bench: bench))
  }

  /// Removes what stands on the disk, for a process that ends.
  public func removeFiles() { state.withLock { $0.source.file?.remove() } }

  var bench: any Bench { state.withLock { $0.bench } }

  private static func source(
    _ path: String?, _ configuration: TrainingConfiguration, for model: Model?
  ) throws -> Source {
    guard let path else { return try source(builtIn: .moons) }
    var settings = configuration.data
    if let trained = model?.configuration?.data {
      settings.delimiter = settings.delimiter ?? trained.delimiter
      settings.header = settings.header ?? trained.header
      settings.columnNames = settings.columnNames ?? trained.columnNames
    }
    let source = try DataSource.open(path: path, options: TableOptions(settings, for: model))
    return Source(
      tables: FitTables(
        training: source.training, validation: source.validation, targets: source.targets),
      name: path, targets: source.targets)
  }

  private static func source(builtIn data: BuiltInData) throws -> Source {
    Source(
      tables: FitTables(training: try data.table()), name: data.rawValue,
      targets: [BuiltInData.target])
  }

  private static func bench(
    _ source: Source, _ configuration: TrainingConfiguration, from base: Model?, name: String,
    threads: Int
  ) throws -> any Bench {
    let names = (model: name, data: source.name)
    switch base?.network {
    case .float(let network)? where base?.encoder == nil:
      return BenchOf(
        try Subject.asItIs(
          network, base ?? Model(network: .float(network)), source.tables.training,
          targets: try targets(configuration, source), names: names), threads: threads)
    case .double(let network)? where base?.encoder == nil:
      return BenchOf(
        try Subject.asItIs(
          network, base ?? Model(network: .double(network)), source.tables.training,
          targets: try targets(configuration, source), names: names), threads: threads)
    default: break
    }
    let isDouble: Bool =
      if case .double? = base?.network { true } else {
        base == nil && configuration.network.precision == .double
      }
    return isDouble
      ? BenchOf<Double>(
        try Subject(source.tables, configuration, from: base, threads: threads, names: names),
        threads: threads)
      : BenchOf<Float>(
        try Subject(source.tables, configuration, from: base, threads: threads, names: names),
        threads: threads)
  }

  private static func targets(
    _ configuration: TrainingConfiguration, _ source: Source
  ) throws -> [String] {
    let named = try configuration.data.target.map { names in
      try names.flatMap { try source.tables.training.columns(named: $0) }
    }
    return named ?? source.targets
  }

  // MARK: What takes their place

  /// A new network by the settings of a configuration, for the data as it is or for data that is made up.
  ///
  ///     {"dataset":"xor","target":"class","configuration":{…}}
  func build(_ request: JSONValue) throws {
    var source = state.withLock { $0.source }
    if let name = request["dataset"]?.string {
      guard let data = BuiltInData(rawValue: name) else {
        throw StudioError(
          "there is no data \(name.shown()); there are \(BuiltInData.allCases.map(\.rawValue).joined(separator: ", "))"
        )
      }
      source = try Self.source(builtIn: data)
    }
    let configuration =
      try request["configuration"].map { try $0.decoded(as: TrainingConfiguration.self) }
      ?? TrainingConfiguration()
    try put(source, configuration, target: request["target"]?.string)
  }

  /// Data that somebody dropped on the page.
  func take(_ bytes: [UInt8], name: String, target: String?) throws {
    let file = try ScratchFile(bytes)
    let table: Table
    do {
      table = try Table(contentsOf: file.path)
    } catch {
      throw StudioError("\(error)".replacing(file.path, with: name.shown()))
    }
    guard table.rowCount <= Self.mostRows, table.columns.count <= Self.mostColumns else {
      throw StudioError(
        "the table has \(table.rowCount) rows and \(table.columns.count) columns; the studio takes "
          + "\(Self.mostRows) and \(Self.mostColumns): start it with the file, or take fewer")
    }
    let last = table.columns.last?.name
    try put(
      Source(
        tables: FitTables(training: table), name: name.shown(), targets: [last].compactMap(\.self),
        file: file),
      TrainingConfiguration(), target: target)
  }

  private func put(
    _ source: Source, _ configuration: TrainingConfiguration, target: String?
  ) throws {
    var (source, configuration) = (source, configuration)
    // Files are named by whoever starts the studio, and by nobody else.
    configuration.data.from = nil
    configuration.data.data = nil
    configuration.data.memory = nil
    configuration.stopping.members = nil
    if let target { source.targets = [target] }
    if configuration.data.target == nil { configuration.data.target = source.targets }
    let widths = configuration.network.hidden ?? []
    guard widths.allSatisfy({ $0 >= 1 && $0 <= 4_096 }), widths.count <= 50 else {
      throw StudioError("hidden layers have 1 to 4096 neurons, and there are at most 50")
    }
    let parameters = zip(widths, widths.dropFirst()).reduce(0) { $0 + $1.0 * $1.1 }
    guard parameters <= Self.mostParameters else {
      throw StudioError(
        "the hidden layers have \(parameters) weights; the studio takes \(Self.mostParameters)")
    }
    let bench = try Self.bench(
      source, configuration, from: nil, name: "new network", threads: threads)
    state.withLock { state in
      state.bench.stop()
      state = State(source: source, bench: bench)
    }
  }
}
