/// All that is fixed before the first step of a fit.
package struct PreparedFit<T: Scalar> {
  package var network: Network<T>
  package let coders: ModelData
  /// What was chosen for what was not given stands in it.
  package let configuration: TrainingConfiguration
  package let training: TrainingExamples<T>
  package let validation: TrainingExamples<T>?
  package let test: TrainingExamples<T>?
  /// Σ w / n of the training examples; 1 where all weigh the same.
  package let meanWeight: Double
  package let rowCount: Int
  /// What the model is going to know its rows by; nil of a fold.
  package var rows: TrainedRows?
  /// What the recipe `auto` came to; nil where it was not asked.
  package var plan: RecipePlan?

  /// The rows that judge best: those that chose nothing, else those that chose the epoch, else those that
  /// were learned from.
  package var judging: TrainingExamples<T> { test ?? validation ?? training }

  /// What a model reaches on some rows that looks at no column and gives the mean of the training targets: of
  /// classes their shares, and so the most frequent of them. Every row counts once, in the mean and here.
  package func baseline(
    on examples: TrainingExamples<T>, pool: ThreadPool?
  ) throws(FileError) -> Evaluation? {
    guard let rows else { return nil }
    return try network.evaluate(on: examples, metrics: metrics, giving: rows.baseline, pool: pool)
  }

  /// How outputs are judged.
  package var metrics: MetricKind {
    coders.target.metrics(outputActivation: network.outputActivation)
  }

  /// The network as it is, with its coders.
  package var model: Model { model(of: [network], configuration) }

  /// The networks of an ensemble, with their coders.
  ///
  /// - Parameter configuration: What they were trained by.
  func model(of members: [Network<T>], _ configuration: TrainingConfiguration) -> Model {
    var configuration = configuration
    // How the data was held has no part in the model; where it was leads back to it.
    configuration.data.memory = nil
    if !configuration.shuffles { configuration.shuffleBlock = nil }
    return Model(
      members: members.map { AnyNetwork($0) }, encoder: coders.encoder,
      targetEncoder: coders.target,
      configuration: configuration, weights: coders.weights, rows: rows)
  }
}

/// A network with its coders, and the rows that it learns from.
struct Design<T: Scalar> {
  var network: Network<T>
  let coders: ModelData
  let split: Split
}

/// Receives what a user should know, as a code and a line.
package typealias Warn = (_ code: String, _ message: String) -> Void

extension Estimator {
  /// Checks what can be checked before any data is read.
  ///
  /// - Parameters:
  ///   - hasValidationTable: Whether rows to validate on come as a table of their own.
  ///   - hasTestTable: Whether rows to test on do.
  /// - Throws: `ConfigurationError`.
  package func validate(
    hasValidationTable: Bool = false, hasTestTable: Bool = false
  ) throws(ConfigurationError) {
    if configuration.data.from != nil, base == nil {
      throw ConfigurationError(
        "from", "names a model that was not given: Estimator(configuration, from: model) takes it")
    }
    if base != nil, configuration.stopping.isEnsemble {
      throw ConfigurationError(
        "members", "has no meaning where a model goes on, which is one network; leave it out")
    }
    if let base, base.members.count > 1 {
      throw ConfigurationError(
        "from",
        "has \(base.members.count) networks, and one can be trained on: train it with --members 1")
    }
    // Of a regression: what it has of no other task could contradict what is given.
    var configuration = configuration
    let recipe = configuration.recipe ?? .usual
    if base == nil { configuration = configuration.following(recipe.settings(task: .regression)) }
    let network = configuration.network
    let hidden =
      base?.network.layers.hiddenDense.count
      ?? (network.hidden ?? NetworkSettings.defaultHidden).count
    // How many layers there are the table may have to say.
    let isOpen =
      base == nil
      && (recipe == .auto || network.embedNumbers == true
        || configuration.data.embedCategories != nil)
    try configuration.validate(
      layers: isOpen
        ? nil : base?.network.layers.count ?? hidden + (network.scaleInputs == true ? 2 : 1),
      loss: base?.network.loss)
    try configuration.checkGiven(hasValidationTable: hasValidationTable)
    if let part = configuration.stopping.testPart, hasTestTable {
      throw ConfigurationError(
        "test", "\(part.shortestText), and a table to test on, are two things to test on: give one")
    }
    if recipe != .auto || network.hidden != nil || base != nil {
      _ = try Self.spread(network.activation, "activation", hidden)
      _ = try Self.spread(network.norm, "norm", hidden)
      _ = try dropout(hidden: hidden)
    }
    try checkAgreementWithBase()
  }

  /// Examples, coders and network of a fit.
  package func prepare<T: Scalar>(
    _ tables: FitTables, as type: T.Type, warn: Warn
  ) throws -> PreparedFit<T> {
    if let own = weighing(tables.training) { return try own.prepare(tables, as: type, warn: warn) }
    if let own = try following(tables) {
      return try own.prepare(tables, as: type, warn: warn)
    }
    try validate(
      hasValidationTable: tables.validation != nil, hasTestTable: tables.test != nil)
    let table = tables.training
    if tables.validation == nil, configuration.stopping.validationData != nil {
      throw ConfigurationError(
        "validationData", "names a file that was not read: give its table as `validation`")
    }
    if tables.test == nil, configuration.stopping.testFile != nil {
      throw ConfigurationError(
        "test", "names a file that was not read: give its table as `test`")
    }
    if base?.encoder == nil { try checkReading(of: table) }
    let names = try targetNames(in: table, usual: tables.targets)
    let budget = try memoryBudget(for: table)
    try budget?.checkReading(
      rows: table.rowCount, targets: numericTargets(names, in: table), file: table.file)
    let parts = { codes in
      self.split(
        table, codes: codes,
        isWhole: tables.validation != nil || self.configuration.stopping.isEnsemble, warn)
    }
    var design: Design<T> =
      if let base {
        try self.design(from: base, table, names, parts, warn)
      } else {
        try self.design(table, names, parts, warn)
      }
    if base != nil, let dropout = try dropout(hidden: design.network.layers.hiddenDense.count) {
      design.network = try design.network.withDropout(dropout)
    }
    let (network, coders, split) = (design.network, design.coders, design.split)
    if let part = configuration.stopping.testPart, part > 0, split.test.isEmpty {
      throw ConfigurationError(
        "test",
        "\(part.shortestText) sets none of \(Format.count(table.rowCount, "row")) apart, each class "
          + "keeping one to train on: give a larger part, or a file to test on")
    }
    try configuration.validate(for: network)
    try checkMonitor(coders, network)
    try checkClipping(coders.target.task)
    try checkInterval(
      coders, training: split.training.count, test: tables.test?.rowCount ?? split.test.count)
    let hasWeightColumn = configuration.data.weightColumn != nil
    let members = configuration.stopping.members ?? 1
    let hasValidation = tables.validation != nil || !split.validation.isEmpty || members > 1
    if !hasValidation { try checkWithoutValidation(rows: table.rowCount) }
    var resolved = resolved(
      for: network, coders,
      examples: split.training.count - (members > 1 ? split.training.count / members : 0),
      hasValidation: hasValidation, held: split.validation.count)
    if tables.validation != nil { resolved.stopping.validation = nil }
    let training: TrainingExamples<T>
    var (validation, test): (TrainingExamples<T>?, TrainingExamples<T>?)
    let meanWeight: Double
    if let budget {
      (training, validation, test, meanWeight) = try spooled(
        tables, split, coders, network, budget, &resolved)
    } else {
      let (own, held, apart) = try coders.datasets(of: table, split: split, for: network)
      var others: Dataset<T>? = held.count > 0 ? held : nil
      if let table = tables.validation {
        others = try coders.weighing(table, required: hasWeightColumn).dataset(
          of: table, for: network)
      }
      (training, meanWeight) = (.memory(own), own.meanWeight)
      validation = others.map { .memory($0) }
      test = apart.count > 0 ? .memory(apart) : nil
    }
    if let table = tables.test {
      test = .memory(
        try coders.weighing(table, required: hasWeightColumn).dataset(of: table, for: network))
    }
    for table in [table, tables.validation, tables.test].compactMap(\.self) {
      table.discardKeptColumns()
    }
    let rows = try TrainedRows(training: training, validation: validation, test: test)
    if tables.test != nil, let role = rows.roleOfTest {
      throw ConfigurationError(
        "test",
        "the rows to test on are those "
          + (role == .training ? "to learn from" : "that choose the epoch")
          + ", and can judge nothing; give others")
    }
    if let known = base?.rows, !rows.training.hasExamples(of: known.training),
      validation != nil || test != nil
    {
      warn(
        "rows",
        "the model may have learned from rows that judge it now: "
          + "only with data, seed, validation and test of its training are the same rows held out again"
      )
    }
    var prepared = PreparedFit(
      network: network, coders: coders, configuration: resolved, training: training,
      validation: validation, test: test, meanWeight: meanWeight, rowCount: table.rowCount,
      rows: rows, plan: plan)
    if base == nil, members == 1 {
      try prepared.network.start(
        from: training, by: resolved.network.initializer, seed: configuration.seed)
    }
    return prepared
  }

  /// The configuration with all that was chosen in it.
  func resolved<T: Scalar>(
    for network: Network<T>, _ coders: ModelData, examples: Int, hasValidation: Bool, held: Int
  ) -> TrainingConfiguration {
    var resolved = configuration.resolved(examples: examples, hasValidation: hasValidation).ofRun
    resolved.network = NetworkSettings(of: network)
    resolved.network.initializer = configuration.network.initializer
    if let recipe = configuration.recipe, recipe != .plain {
      // What the recipe has and this run has not is said, or the recipe would bring it back.
      let own = recipe.settings(task: coders.target.task).network
      for flag: WritableKeyPath<NetworkSettings, Bool?> in [
        \.ntk, \.scaleInputs, \.parametric, \.embedNumbers,
      ]
      where own[keyPath: flag] == true && resolved.network[keyPath: flag] == nil {
        resolved.network[keyPath: flag] = false
      }
      if hasValidation, configuration.stopping.metric == nil {
        resolved.stopping.metric = recipe.metric(task: coders.target.task)
      }
    }
    if configuration.noise.categoryDropout == nil, !configuration.optimizer.takesAllExamples,
      coders.encoder?.categoryInputs.isEmpty == false
    {
      resolved.noise.categoryDropout = NoiseSettings.defaultCategoryDropout
    }
    resolved.data.target = coders.target.columns
    resolved.data.task = coders.target.task
    // Too few rows to hold any out are so the next time too.
    if held > 0 {
      resolved.stopping.validation =
        configuration.stopping.validation ?? StoppingSettings.defaultValidation
    }
    return resolved
  }

  /// The examples in temporary files, within a budget.
  private func spooled<T: Scalar>(
    _ tables: FitTables, _ split: Split, _ coders: ModelData, _ network: Network<T>,
    _ budget: MemoryBudget, _ resolved: inout TrainingConfiguration
  ) throws -> (TrainingExamples<T>, TrainingExamples<T>?, TrainingExamples<T>?, Double) {
    guard let encoder = coders.encoder else {
      throw ConfigurationError(
        "memory", "needs a model with an encoder, and the model to go on from has none")
    }
    resolved.shuffleBlock = try budget.block(
      for: network, rows: split.training.count, inputs: encoder.outputCount, target: coders.target,
      configuration: resolved, hasCheckpoints: tables.hasCheckpoints, keptPerRow: 4,
      window: configuration.data.shuffleWindow)
    func encode(
      _ table: Table, _ split: Split, _ weights: ExampleWeights?
    ) throws -> SpooledDataset<T>.Parts {
      try SpooledDataset<T>.encoding(
        table, features: encoder, target: coders.target, weights: weights, loss: network.loss,
        split: split, in: tables.spoolFolder)
    }
    let parts = try encode(tables.training, split, coders.weights)
    var validation = parts.validation
    if let table = tables.validation {
      let all = Split.random(count: table.rowCount, fraction: 0, seed: 0)
      let weighing = coders.weighing(table, required: configuration.data.weightColumn != nil)
      validation = try encode(table, all, weighing.weights).training
    }
    return (
      .spooled(parts.training), validation.map { .spooled($0) }, parts.test.map { .spooled($0) },
      parts.meanWeight
    )
  }

  /// The budget of memory, if there is one; refuses data that is not streamed.
  private func memoryBudget(for table: Table) throws -> MemoryBudget? {
    guard let text = configuration.data.memory else { return nil }
    guard table.isStreamed else {
      throw DataError(
        file: table.file,
        "is an array or images, which are read whole: a budget of memory has no meaning",
        remedy: "leave it out, or convert the data to CSV")
    }
    return MemoryBudget(memory: try Setting.bytes(text), text: text)
  }

  // MARK: Network and coders

  /// A new network for a table: the task from the target, the coders from the training rows.
  ///
  /// - Parameter parts: Splits the rows, by their classes where there are any.
  func design<T: Scalar>(
    _ table: Table, _ names: [String], _ parts: ([UInt32]?) -> Split, _ warn: Warn
  ) throws -> Design<T> {
    let settings = configuration.network
    let targets = try TargetColumns(of: table, columns: names, task: configuration.data.task)
    let output: OutputDesign
    do {
      output = try OutputDesign(
        task: targets.task, labels: targets.labels.count, loss: settings.loss,
        activation: settings.outputActivation)
    } catch {
      throw ConfigurationError("loss", error.description)
    }
    try output.check(targets, file: table.file)
    let split = parts(targets.codes)
    let rows = split.training.count == table.rowCount ? nil : split.training
    let weights = try weights(table, targets.task, targets.labels, targets.codes, split, warn)
    let encoder = try FeatureEncoder(
      fitting: table,
      excluding: Set(table.expanding(names)).union([weights?.column].compactMap(\.self))
        .union(ignored(in: table)).sorted(), rows: rows,
      scaling: configuration.data.scaling ?? .standard,
      mostOneHot: configuration.data.embedCategories)
    encoder.warnings.forEach { warn("feature", $0) }
    let target = try TargetEncoder(
      fitting: targets, coding: output.coding, rows: rows,
      clips: configuration.data.clipPredictions == true)
    return Design(
      network: try network(encoder, target, output),
      coders: ModelData(encoder: encoder, target: target, weights: weights), split: split)
  }

  /// The network of the settings between inputs and targets that are coded so.
  func network<T: Scalar>(
    _ encoder: FeatureEncoder, _ target: TargetEncoder, _ output: OutputDesign
  ) throws -> Network<T> {
    let settings = configuration.network
    let columns = encoder.parts(embedsNumbers: settings.embedNumbers == true)
    let hidden = settings.hidden ?? NetworkSettings.defaultHidden
    let activations =
      try Self.spread(
        settings.activation ?? [NetworkSettings.defaultActivation], "activation", hidden.count)
      ?? []
    let sizes = [encoder.outputCount] + hidden + [target.outputCount]
    try Self.checkMemory(
      sizes: sizes, activations: activations + [output.activation], columns: columns, copies: 5,
      as: T.self)
    return try Network<T>(
      sizes: sizes, activations: activations + [output.activation], loss: output.loss,
      reduction: settings.reduction ?? .mean, dropout: dropout(hidden: hidden.count) ?? [],
      initializer: settings.initializer,
      normalizations: Self.spread(settings.norm, "norm", hidden.count) ?? [],
      isParametric: settings.parametric == true, columns: columns,
      scalesInputs: settings.scaleInputs == true, isNTK: settings.ntk == true,
      seed: configuration.seed)
  }

  /// The network and the coders of a model, for a table with the same columns.
  private func design<T: Scalar>(
    from base: Model, _ table: Table, _ names: [String], _ parts: ([UInt32]?) -> Split, _ warn: Warn
  ) throws -> Design<T> {
    if configuration.data.target != nil { try base.checkTargets(names, in: table) }
    let target =
      try base.targetEncoder ?? ModelData.target(for: base.network, in: table, names: names)
    if let task = configuration.data.task, task != target.task {
      throw ConfigurationError(
        "task", "\(task.rawValue) contradicts the model, which has \(target.task.rawValue)")
    }
    let codes = try target.codes(of: table)
    let split = parts(codes)
    let weights = try weights(table, target.task, target.labels, codes, split, warn)
    return Design(
      network: base.network.network(),
      coders: ModelData(
        encoder: base.encoder, target: target, weights: weights,
        ignoredColumn: base.weights?.column), split: split)
  }

  /// What the examples weigh, by the configuration and the model to go on from; nil if all weigh the same.
  private func weights(
    _ table: Table, _ task: LearningTask, _ labels: [String], _ codes: [UInt32]?, _ split: Split,
    _ warn: Warn
  ) throws -> ExampleWeights? {
    let settings = configuration.data
    let model = base?.weights
    var weights = ExampleWeights(column: settings.weightColumn, classes: model?.classes)
    if settings.weightColumn == nil, let column = model?.column {
      if table.has(column) {
        weights.column = column
      } else {
        warn(
          "weights",
          "the model was trained with weights of column \(column.shown()), which is missing here: rows "
            + "weigh the same")
      }
    }
    if let classes = settings.classWeight, classes != "none" || task == .classification {
      guard task == .classification, let codes else {
        throw ConfigurationError(
          "classWeight",
          "is for a classification, and this is \(task.rawValue); weigh rows by a weight column")
      }
      switch classes {
      case "none": weights.classes = nil
      case "balanced":
        weights.classes = try ExampleWeights.balanced(
          codes: codes, labels: labels, weights: weights.rowWeights(of: table),
          rows: split.training.count == table.rowCount ? nil : split.training)
      default: weights.classes = try ExampleWeights.factors(classes, labels: labels)
      }
    }
    return weights.isEmpty ? nil : weights
  }

  /// The probability of each hidden layer; nil if it is not given.
  private func dropout(hidden count: Int) throws(ConfigurationError) -> [Double]? {
    guard let values = configuration.noise.dropout else { return nil }
    if values.allSatisfy({ $0 == 0 }), values.count == 1 || values.count == count { return [] }
    if count == 0 {
      throw ConfigurationError(
        "dropout",
        "\(JSONValue(values)): there is no hidden layer, and the outputs of the last layer are not "
          + "dropped; leave it out, or add hidden layers")
    }
    if values.count == count + 1 {
      throw ConfigurationError(
        "dropout",
        "\(JSONValue(values)) are \(values.count) for \(Format.count(count, "hidden layer")); give one "
          + "for each, or one for all; the outputs of the last layer are not dropped")
    }
    return try Self.spread(values, "dropout", count)
  }

  /// One value for each of the hidden layers: a list of as many, or one for all.
  static func spread<Value>(
    _ values: [Value]?, _ name: String, _ count: Int
  ) throws(ConfigurationError) -> [Value]? {
    guard let values else { return nil }
    if values.count == 1 { return Array(repeating: values[0], count: count) }
    guard values.count == count else {
      throw ConfigurationError(
        name,
        "has \(Format.count(values.count, "value")) for \(Format.count(count, "hidden layer")); give "
          + "one for each, or one for all")
    }
    return values
  }

  /// Refuses sizes whose parameters cannot fit into memory.
  ///
  /// - Parameter copies: How many times as many numbers are held: gradient, moments and best weights
  ///   of a run.
  package static func checkMemory<T: Scalar>(
    sizes: [Int], activations: [Activation], columns: [ColumnsLayer.Part]? = nil, copies: Double,
    as type: T.Type
  ) throws(ConfigurationError) {
    let front = columns.map { ColumnsLayer.size(of: $0) }
    let widths = [front?.outputs ?? Double(sizes[0])] + sizes.dropFirst().map { Double($0) }
    let layers = zip(zip(widths, widths.dropFirst()), activations)
    let parameters = layers.reduce(front?.elements ?? 0) { sum, layer in
      sum + (layer.0.0 + 1) * layer.0.1 * Double(layer.1.pieces)
    }
    let bytes = parameters * copies * Double(MemoryLayout<T>.size)
    guard let shortage = Memory.shortage(Int(exactly: bytes.rounded(.up))) else { return }
    throw ConfigurationError(
      "hidden",
      "sizes \(sizes.map(String.init).joined(separator: ",")): \(shortage); use smaller layers")
  }
}
