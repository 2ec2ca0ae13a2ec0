import ArgumentParser
import Backprop
import BackpropInspection

/// One call of `train`: from options that have been checked to a model that has been saved.
struct TrainingJob {
  let command: TrainCommand
  /// The model to go on from.
  let base: Model?
  let output: String
  let threads: Int
  let reporter: TrainingReporter
  /// Where checkpoints go; nil if there are none.
  let checkpoints: CheckpointWriter?
  /// Searches a learning rate in the place of training; nil to train.
  let tuner: RateTuner?
  /// What to go on from; nil for a run that begins.
  let resumption: Resumption?
  /// The words of the command line, as `command` was made of them.
  let arguments: [String]

  /// Checks all that can be checked before data is read.
  init(
    _ command: TrainCommand, arguments: [String], checkpoints: CheckpointWriter? = nil,
    resumption: Resumption? = nil, tuner: RateTuner? = nil
  ) throws {
    self.command = command
    self.arguments = arguments
    self.checkpoints = checkpoints
    self.resumption = resumption
    self.tuner = tuner
    try command.training.check()
    try command.streaming.check(command.training)
    try command.updates.check(with: command.training)
    threads = try command.outputOptions.threadCount()
    output = command.goal.output ?? command.checkpoints.output ?? GoalOptions.defaultOutput
    // With other data, the columns must become inputs as they did when the weights were learned.
    base =
      if let resumption, try command.goal.force || resumption.wasForced {
        try resumption.model()
      } else {
        try command.goal.from.map { try Model.open($0) }
      }
    reporter = TrainingReporter(
      json: command.outputOptions.json, quiet: command.outputOptions.quiet)
    try Self.checkNames(command)
    try command.folds.check(command)
    let hidden =
      try base.map { $0.network.layers.hiddenDense.count } ?? Self.hiddenSizes(command).count
    let layers = base?.network.layers.count ?? hidden + (command.layers.scalesInputs ? 2 : 1)
    try command.noise.check(
      hidden: hidden, loss: base?.network.loss ?? command.network.loss.map(Names.loss),
      batchSize: command.training.batchSize)
    _ = try Self.configuration(
      command, examples: 1, hasValidation: false, layers: layers, hasDropout: false)
    if let base, resumption == nil {
      try Self.checkAgreement(of: command.network.given + command.layers.given, with: base)
      try command.table.checkAgreement(with: base)
    }
    if let base, let resumption, command.goal.force {
      try Self.checkAgreement(of: resumption.givenNetwork, with: base)
    }
    // The model to go on from may be replaced by what becomes of it; data never.
    if tuner == nil {
      try OutputFile.check(output, isNoneOf: [command.data, command.training.validationData])
    }
    if tuner == nil, command.folds.savesModel(command) {
      if command.goal.output == nil, command.checkpoints.resume != nil,
        let target = Folder.link(at: output)
      {
        // It may have come with the checkpoints, from elsewhere.
        throw UsageError("\(output) is a link to \(target); say with -o where the model goes")
      }
      try OutputFile.checkModel(output, force: command.goal.force)
    }
    try command.records.check(
      model: output, inputs: [command.data, command.training.validationData, command.goal.from],
      force: tuner == nil ? command.goal.force : nil)
  }

  var isDouble: Bool {
    get throws {
      if let base { return base.network.precisionName == Double.precisionName }
      return try command.network.precision.map(Names.isDouble) ?? false
    }
  }

  func run<T: Scalar>(in precision: T.Type) throws {
    var options = try command.table.tableOptions(
      target: command.goal.target, for: base, weights: command.weights.weightColumn)
    options.keepsColumns = command.streaming.memory == nil
    options.threads = threads
    reporter.reading(command.data)
    let source = try DataSource.open(command.data, options)
    let table = source.training
    table.warnings.forEach { reporter.warn(code: "table", $0) }
    var names = try Names.columns(command.goal.target, in: table)
    if names.isEmpty { names = source.targets }
    try WeightOptions.check(
      command.weights.weightColumn, targets: names, encoder: base?.encoder)

    if let count = command.folds.folds {
      try crossValidate(count, table, names: names, as: T.self)
      if !command.folds.savesModel(command) { return }
    }
    let budget = try memoryBudget(for: table)
    try budget?.checkReading(
      rows: table.rowCount, targets: numericTargets(names, in: table), file: command.data)
    var prepared: Preparation<T>
    if let base {
      prepared = try prepare(base, table: table, names: names)
    } else {
      prepared = try prepare(table: table, names: names)
    }
    try command.noise.check(for: prepared.network.loss)
    if let base,
      let dropout = try command.noise.probabilities(
        hidden: base.network.layers.hiddenDense.count)
    {
      prepared.network = try prepared.network.withDropout(dropout)
    }
    let network = prepared.network
    let data = prepared.data
    let hasWeightColumn = command.weights.weightColumn != nil
    let examples: RunExamples<T>
    if let budget {
      examples = try spooled(
        table, validation: command.training.validationData, options: options,
        split: prepared.split, data: data, network: network, budget: budget)
    } else {
      let (training, held) = try data.datasets(of: table, split: prepared.split, for: network)
      var validation: Dataset<T>? = held.count > 0 ? held : nil
      if let path = command.training.validationData {
        let table = try DataSource.open(path, options).training
        validation = try data.weighing(table, required: hasWeightColumn).dataset(
          of: table, for: network)
      }
      examples = RunExamples(
        training: .memory(training), validation: validation.map { .memory($0) },
        meanWeight: training.meanWeight,
        configuration: try configuration(
          for: network, examples: training.count, hasValidation: validation != nil))
    }
    let test = try source.test.map {
      try data.weighing($0, required: hasWeightColumn).dataset(of: $0, for: network)
    }
    table.discardKeptColumns()
    source.test?.discardKeptColumns()
    let configuration = examples.configuration
    if let metric = command.training.monitor {
      let kind = data.target.metrics(outputActivation: network.outputActivation)
      _ = try Names.metric(metric, for: kind)
    }
    if examples.validation == nil {
      try command.training.checkWithoutValidation(rows: table.rowCount)
    }

    reporter.describe(
      data: command.data, rows: table.rowCount, coders: data, layers: network.layers,
      parameters: network.parameterCount, loss: network.loss, configuration: configuration)
    reporter.describe(
      data.weights, mean: examples.meanWeight, labels: data.target.labels,
      reduction: network.reduction)
    // The search takes no --memory, so that its examples are always at hand.
    if let tuner, case .memory(let training) = examples.training {
      return try tuner.run(
        prepared.network, data, configuration, on: training, threads: threads, reporter)
    }
    try train(
      &prepared.network, data, configuration, training: examples.training,
      validation: examples.validation, test: test, held: prepared.split.validation.count)
  }

  /// The configuration for a network and a number of training examples.
  func configuration<T: Scalar>(
    for network: Network<T>, examples: Int, hasValidation: Bool
  ) throws -> TrainingConfiguration {
    try Self.configuration(
      command, examples: examples, hasValidation: hasValidation, layers: network.layers.count,
      hasDropout: network.layers.haveDropout)
  }

  /// What all groups of options say, checked.
  private static func configuration(
    _ command: TrainCommand, examples: Int, hasValidation: Bool, layers: Int, hasDropout: Bool
  ) throws -> TrainingConfiguration {
    var configuration = command.noise.configure(
      command.streaming.applied(
        to: try command.training.configuration(examples: examples, hasValidation: hasValidation)))
    try command.updates.apply(to: &configuration, examples: examples)
    try UsageError.unless { () throws(ConfigurationError) in
      try configuration.validate(layers: layers, hasDropout: hasDropout)
    }
    return configuration
  }

  /// Trains, saves and reports; throws the exit code unless all went well.
  private func train<T: Scalar>(
    _ network: inout Network<T>, _ data: ModelData, _ configuration: TrainingConfiguration,
    training: TrainingExamples<T>, validation: TrainingExamples<T>?, test: Dataset<T>?, held: Int
  ) throws {
    let metrics = data.target.metrics(outputActivation: network.outputActivation)
    var diagnosis = command.training.diagnose ? DiagnosisOptions() : nil
    diagnosis?.isUntrained = base?.configuration == nil
    let records = RunRecords(
      command.records, data: command.data, target: data.target.columns,
      warn: { reporter.warn(code: $0, $1) })
    let trainer = try Trainer<T>(configuration: configuration, threads: threads)
    let observers = records.observers() + (diagnosis.map { [DiagnosisObserver<T>($0)] } ?? [])
    Interruption.becomeRequest()
    let report = { (event: TrainingEvent) in
      reporter.report(event)
      records.report(event)
    }
    if let resumption { try records.goOn(from: resumption.curves) }
    let isForced = try resumption.map { try command.goal.force || $0.wasForced } ?? false
    let receiver: Checkpoints<T>? = try checkpoints?.receiver(
      data, isForced: isForced, records: records, reporter)
    let summary: TrainingSummary
    let fingerprint =
      resumption == nil && receiver == nil
      ? nil : try DataFingerprint(training: training, validation: validation)
    if let resumption, let fingerprint {
      let checkpoint = try resumption.checkpoint(
        for: network, configuration, fingerprint, metrics: metrics, coders: data,
        force: command.goal.force, reporter)
      summary = try trainer.resume(
        &network, from: checkpoint, on: training, validation: validation, metrics: metrics,
        data: fingerprint, force: command.goal.force, checkpoints: receiver, observers: observers,
        report: report, isInterrupted: { Interruption.isRequested })
    } else {
      summary = try trainer.train(
        &network, on: training, validation: validation, metrics: metrics, data: fingerprint,
        checkpoints: receiver, observers: observers, report: report,
        isInterrupted: { Interruption.isRequested })
    }

    var saved: (path: String, sha256: String)?
    if summary.reason != .diverged || summary.bestEpoch > 0 {
      let model = Model(
        network: AnyNetwork(network), encoder: data.encoder, targetEncoder: data.target,
        configuration: configuration, weights: data.weights,
        options: resolvedOptions(
          network, configuration, task: data.target.task, held: held))
      saved = (output, try model.write(to: output))
    }
    let isWhole = summary.reason == .completed || summary.reason == .earlyStop
    let pool = threads > 1 ? ThreadPool(threads: threads) : nil
    let usual = Metric.usual(for: metrics, outputs: network.outputCount)
    let tested = isWhole ? test : nil
    reporter.finish(
      summary, validationExamples: validation?.count ?? 0,
      test: tested.map {
        network.evaluateKeepingPredictions(on: $0, metrics: metrics, for: usual, pool: pool)
      }, saved: saved,
      data: command.data, curves: records.textForTerminal(isResult: !command.outputOptions.json))
    switch summary.reason {
    case .completed, .earlyStop:
      if let failure = reporter.outputFailure { throw failure }
      if let failure = records.failure { throw failure }
    case .interrupted: throw ExitCode(Interruption.exitCode)
    case .diverged: throw ExitCode(CommandFailure.badData)
    }
  }
}

// MARK: Preparing

/// What is fixed before the first step.
struct Preparation<T: Scalar> {
  var network: Network<T>
  let data: ModelData
  let split: Split
}

extension TrainingJob {
  /// A new network for a table: the task from the target, the coders from the training rows.
  ///
  /// - Parameter rows: The rows of a fold's own split; nil to split all.
  func prepare<T: Scalar>(
    table: Table, names: [String], rows part: Split? = nil
  ) throws -> Preparation<T> {
    guard !names.isEmpty else {
      throw UsageError(
        "say what to learn with --target COL[,COL…]; the columns are "
          + Format.list(table.columns.map(\.name), limit: 12))
    }
    let options = command.network
    let task = try command.goal.task.map(Names.task)
    let targets = try TargetColumns(of: table, columns: names, task: task)
    let design: OutputDesign
    do {
      design = try OutputDesign(
        task: targets.task, labels: targets.labels.count, loss: options.loss.map(Names.loss),
        activation: options.outputActivation.map(Names.activation))
    } catch let error as OutputDesignError {
      throw UsageError(error.description)
    }
    try design.check(targets, file: table.file)
    let split = part ?? self.split(table, codes: targets.codes)
    let rows = split.training.count == table.rowCount ? nil : split.training
    let weights = try weights(table, targets.task, targets.labels, targets.codes, split)
    let encoder = try FeatureEncoder(
      fitting: table, excluding: names + [weights?.column].compactMap(\.self), rows: rows)
    encoder.warnings.forEach { reporter.warn(code: "feature", $0) }
    let target = try TargetEncoder(fitting: targets, coding: design.coding, rows: rows)
    let hidden = try Self.hiddenSizes(command)
    let activations = try Names.activations(
      options.activation ?? NetworkOptions.defaultActivation, count: hidden.count,
      option: "--activation")
    let sizes = [encoder.outputCount] + hidden + [target.outputCount]
    try Names.checkMemory(
      sizes: sizes, activations: activations + [design.activation], copies: 5, as: T.self)
    do {
      let network = try Network<T>(
        sizes: sizes, activations: activations + [design.activation], loss: design.loss,
        reduction: options.reduction.map(Names.reduction) ?? .mean,
        dropout: command.noise.probabilities(hidden: hidden.count) ?? [],
        initializer: options.initializer.map(Names.initializer),
        normalizations: command.layers.normalizations(count: hidden.count),
        isParametric: command.layers.isParametric, scalesInputs: command.layers.scalesInputs,
        seed: command.training.seed ?? 0)
      return Preparation(
        network: network,
        data: ModelData(encoder: encoder, target: target, weights: weights), split: split)
    } catch let error as NetworkError {
      throw UsageError(error.description)
    }
  }

  /// The network and the coders of a model, for a table with the same columns.
  private func prepare<T: Scalar>(
    _ base: Model, table: Table, names: [String]
  ) throws -> Preparation<T> {
    if command.goal.target != nil { try base.checkTargets(names, in: table) }
    let target =
      try base.targetEncoder
      ?? ModelData.target(for: base.network, in: table, names: names)
    if let task = command.goal.task {
      try requireAgreement("--task", task, target.task.rawValue)
    }
    let codes = try target.codes(of: table)
    let split = split(table, codes: codes)
    let weights = try weights(table, target.task, target.labels, codes, split)
    return Preparation(
      network: base.network.network(),
      data: ModelData(
        encoder: base.encoder, target: target, weights: weights,
        ignoredColumn: base.weights?.column), split: split)
  }

  /// What the examples weigh, by the options and the model to go on from; nil if all weigh the same.
  private func weights(
    _ table: Table, _ task: LearningTask, _ labels: [String], _ codes: [UInt32]?, _ split: Split
  ) throws -> ExampleWeights? {
    let options = command.weights
    let weights = try options.weights(
      after: base?.weights, table: table, task: task, labels: labels, codes: codes,
      rows: split.training.count == table.rowCount ? nil : split.training)
    if options.weightColumn == nil, let column = base?.weights?.column, weights.column == nil {
      reporter.warn(
        code: "weights",
        "the model was trained with weights of column \(column), which is missing here: rows weigh "
          + "the same")
    }
    return weights.isEmpty ? nil : weights
  }

  /// Target columns whose numbers are kept while the data is split: all of them where the task is not
  /// known to be a classification by labels.
  private func numericTargets(_ names: [String], in table: Table) -> Int {
    if names.count == 1, let column = table.columns.first(where: { $0.name == names[0] }),
      column.kind == .categorical
    {
      return 0
    }
    return max(1, names.count)
  }

  private func split(_ table: Table, codes: [UInt32]?) -> Split {
    let options = command.training
    let fraction = validationFraction(rows: table.rowCount)
    let seed = options.seed ?? TrainingConfiguration().seed
    return codes.map { Split.stratified(codes: $0, fraction: fraction, seed: seed) }
      ?? Split.random(count: table.rowCount, fraction: fraction, seed: seed)
  }

  /// The part of so many training rows that is held out to choose the best epoch.
  func validationFraction(rows: Int) -> Double {
    let options = command.training
    if options.validationData != nil { return 0 }
    if options.validation == nil, rows < RunOptions.fewestRowsToSplit {
      reporter.warn(
        code: "noValidation",
        "\(Format.count(rows, "row")) are too few to hold any out: training on all")
      return 0
    }
    return options.validation ?? RunOptions.defaultValidation
  }

  private static func hiddenSizes(_ command: TrainCommand) throws -> [Int] {
    try Names.sizes(command.network.hidden ?? NetworkOptions.defaultHidden, option: "--hidden")
  }

  /// Names of closed sets, checked before the data is read.
  private static func checkNames(_ command: TrainCommand) throws {
    let options = command.network
    _ = try command.goal.task.map(Names.task)
    _ = try options.loss.map(Names.loss)
    _ = try options.outputActivation.map(Names.activation)
    _ = try options.reduction.map(Names.reduction)
    _ = try options.initializer.map(Names.initializer)
    _ = try options.precision.map(Names.isDouble)
    let hidden = try options.hidden.map { try Names.sizes($0, option: "--hidden") }
    if let activation = options.activation {
      let usual = try Names.sizes(NetworkOptions.defaultHidden, option: "--hidden")
      let list = try Names.activations(
        activation,
        count: command.goal.from == nil
          ? (hidden ?? usual).count : Names.parts(activation).count,
        option: "--activation")
      if list.contains(.softmax) {
        throw UsageError("--activation softmax: softmax belongs on the last layer only")
      }
    }
    if let text = command.layers.normalization {
      let usual = try Names.sizes(NetworkOptions.defaultHidden, option: "--hidden")
      let count =
        command.goal.from == nil ? (hidden ?? usual).count : Names.parts(text).count
      _ = try command.layers.normalizations(count: count)
    }
    _ = try command.table.tableOptions()
  }

  /// Options that say otherwise than the model to go on from.
  private static func checkAgreement(
    of given: [(option: String, text: String)], with base: Model
  ) throws {
    let layers = base.network.layers
    let hidden = layers.hiddenDense.map { String($0.outputs) }.joined(separator: ",")
    let activations = layers.hiddenDense.map(\.activation)
    for (option, text) in given {
      switch option {
      case "--hidden":
        let sizes = try Names.sizes(text, option: option)
        try requireAgreement(
          option, sizes.isEmpty ? "none" : sizes.map(String.init).joined(separator: ","),
          hidden.isEmpty ? "none" : hidden)
      case "--activation":
        let list = try Names.activations(text, count: activations.count, option: option)
        try requireAgreement(
          option, list.map(\.description).joined(separator: ","),
          activations.map(\.description).joined(separator: ","))
      case "--norm":
        let list = try Names.normalizations(text, count: activations.count, option: option)
        try requireAgreement(
          option, list.map { $0?.rawValue ?? "none" }.joined(separator: ","),
          layers.hiddenDense.map { $0.normalization?.rawValue ?? "none" }.joined(separator: ","))
      case "--parametric":
        guard layers.hiddenDense.allSatisfy(\.isParametric) else {
          throw UsageError(
            "\(option) contradicts the model, which has hidden layers with plain activations")
        }
      case "--scale-inputs":
        guard layers[0].dense == nil else {
          throw UsageError("\(option) contradicts the model, which has no scaling layer in front")
        }
      case "--output-activation":
        try requireAgreement(
          option, Names.activation(text).description, base.network.outputActivation.description)
      case "--loss":
        try requireAgreement(
          option, Names.loss(text).description, base.network.loss.description)
      case "--reduction":
        try requireAgreement(option, text, base.network.reduction.rawValue)
      case "--precision":
        try requireAgreement(option, text, base.network.precisionName)
      default:
        throw UsageError("\(option) has no meaning with --from: the weights are the model's")
      }
    }
  }
}

extension AnyNetwork {
  init<T: Scalar>(_ network: Network<T>) {
    if let network = network as? Network<Double> {
      self = .double(network)
    } else {
      self = .float(network as? Network<Float> ?? network.converted(to: Float.self))
    }
  }

  /// The network in a precision, which is the network itself if it is its own.
  func network<T: Scalar>(as type: T.Type = T.self) -> Network<T> {
    switch self {
    case .float(let network): network as? Network<T> ?? network.converted(to: type)
    case .double(let network): network as? Network<T> ?? network.converted(to: type)
    }
  }
}
