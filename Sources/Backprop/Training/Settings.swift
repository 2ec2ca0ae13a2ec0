// All settings, in the order in which they are shown.

extension Setting {
  package static let all: [Setting] =
    dataSettings + networkSettings + updateSettings + scheduleSettings + noiseSettings
    + stoppingSettings

  // MARK: Data

  package static let data = text(
    "data", .data, \.data.data, "The data: a file, or a folder with IDX files.")
  package static let target = list(
    "target", .data, \.data.target, isText: true, "What to learn: one column, or several: a,b,…",
    json: { .string($0) }, parse: { (text, _) throws(ConfigurationError) in text })
  package static let task = named(
    "task", .data, \.data.task, of: LearningTask.allCases.map(\.rawValue),
    "classification, regression or multi-label. (default: follows from the target)",
    json: { .string($0.rawValue) }, parse: { LearningTask(rawValue: $0) })
  package static let from = text(
    "from", .data, \.data.from, "Go on from this model: its network, encoder and labels.")
  package static let weightColumn = text(
    "weight-column", .data, \.data.weightColumn,
    "A column with the weight of each example, a number of at least 0, in loss, metrics and early stopping; it is no feature. Under --reduction sum a weight of 2 is the same as the row twice; under mean the loss of a batch of m is Σ w C / m."
  )
  package static let classWeight = text(
    "class-weight", .data, \.data.classWeight,
    "The weight of each class: balanced, which is n/(K·nₖ), or a=1,b=5; a class that is not named weighs 1. (default: none)"
  )
  package static let categorical = names(
    "categorical", \.data.categorical, "Columns to read as text, whatever they look like: a,b,…")
  package static let numeric = names(
    "numeric", \.data.numeric, "Columns that must hold numbers: a,b,…")
  package static let ignore = names(
    "ignore", \.data.ignore, "Columns that are no features: a,b,…")
  package static let delimiter = text(
    "delimiter", .data, \.data.delimiter,
    "The character between cells, \"tab\", or \"space\" for columns lined up by runs of spaces. (default: found out)",
    check: { (text, name) throws(ConfigurationError) in
      if text != spaces { _ = try delimiterByte(text, name) }
    })
  package static let header = flag(
    "header", .data, \.data.header,
    "The first row holds the names of the columns, whatever it looks like.")
  package static let noHeader = flag(
    "no-header", .data, \.data.header, isNegated: true,
    "The first row is data; columns are called 0, 1, …")
  package static let skipLines = whole(
    "skip-lines", .data, \.data.skipLines, 0...Int(UInt32.max),
    "So many lines at the top are none of the table. (default: found out)")
  package static let comment = text(
    "comment", .data, \.data.comment,
    "The character that begins a line which is none of the table, or none. (default: # where such a line is no row)",
    check: { (text, name) throws(ConfigurationError) in _ = try commentByte(text, name) })
  package static let columnNames = names(
    "column-names", \.data.columnNames,
    "What the columns are called, a,b,…, where there is no header; with --header in its place.",
    check: { (names, property) throws(ConfigurationError) in
      if let name = names.first(where: { name in names.count { $0 == name } > 1 }) {
        throw ConfigurationError(property, "names \(name.quoted) twice; give each column its own")
      }
    })
  package static let missing = list(
    "missing", .data, \.data.missing, isNumber: true,
    "Further texts and numbers that stand for a missing value, such as -999: a,b,… (beside the usual: empty, NA, None, NULL, -, …)",
    json: { .string($0) }, parse: { (text, _) throws(ConfigurationError) in text })
  package static let noMissing = flag(
    "no-missing", .data, \.data.usualMissing, isNegated: true,
    "Nothing but an empty cell and what --missing names stands for a missing value.")
  package static let keepText = names(
    "keep-text", \.data.keepText,
    "Columns in which only an empty cell is missing, and NA is a text as others: a,b,…")
  package static let decimal = named(
    "decimal", .data, \.data.decimal, of: NumberStyle.Decimal.allCases.map(\.rawValue),
    "What stands before the fraction of numbers, where a column leaves it open. (default: found out, or asked)",
    json: { .string($0) }, parse: { NumberStyle.Decimal(rawValue: $0)?.rawValue })
  package static let thousands = named(
    "thousands", .data, \.data.thousands, of: NumberStyle.Thousands.allCases.map(\.name),
    "What stands between groups of three digits, likewise. (default: found out, or asked)",
    json: { .string($0) }, parse: { NumberStyle.Thousands(name: $0)?.name })
  package static let dateOrder = named(
    "date-order", .data, \.data.dateOrder, of: DateStyle.orders.map(\.name),
    "The order of dates, likewise. (default: found out, or asked)",
    json: { .string($0) }, parse: { DateStyle(name: $0)?.name })
  package static let scaling = named(
    "scaling", .data, \.data.scaling, of: ColumnScaling.allCases.map(\.rawValue),
    "How columns become inputs of one scale: standard, mean and deviation; robust, median and quartiles, outliers drawn in. (default: standard)",
    json: { .string($0.rawValue) }, parse: { ColumnScaling(rawValue: $0) })
  package static let clipPredictions = named(
    "clip-predictions", .data, \.data.clipPredictions, of: ["on", "off"],
    "Of a regression: on keeps predictions within the numbers of the training rows. (default: off, but on in the recipes for tables)",
    json: { .string($0 ? "on" : "off") },
    parse: { ["on": true, "off": false][$0] })
  package static let embedCategories = whole(
    "embed-categories", .data, \.data.embedCategories, 0...FeatureEncoder.requestedCategoryLimit,
    "Learn a vector of 8 numbers for each category of a column that has more than so many; those of others are an input each. (default: none are learnt)"
  )
  package static let seed = parsed(
    "seed", .data, \.data.seed, expected: "a whole number from 0 to 2⁶⁴ − 1",
    "The same seed gives the same model. (default: \(TrainingConfiguration().seed))",
    json: { JSONValue($0) }, parse: { UInt64($0) })
  package static let noShuffle = flag(
    "no-shuffle", .data, \.data.shuffle, isNegated: true,
    "Take the examples in their order in every epoch.")
  package static let shuffleBlock = whole(
    "shuffle-block", .data, \.data.shuffleBlock, 1...Int(UInt32.max),
    "Shuffle blocks of so many rows, and rows within --shuffle-window blocks; the same order with or without --memory. (default: single rows; with --memory what fits)"
  )
  package static let shuffleWindow = whole(
    "shuffle-window", .data, \.data.shuffleWindow, 1...Int(UInt32.max),
    "Blocks that are shuffled together. (default: \(ShuffleBlock.usualWindow))")
  package static let memory = text(
    "memory", .data, \.data.memory,
    "Train in so much memory, such as 500MB or 2GB, from data of any size: encoded rows are kept in a temporary file and shuffled in blocks. For delimited text. (default: all in memory)",
    check: { (text, name) throws(ConfigurationError) in _ = try bytes(text, name) })

  private static let dataSettings = [
    data, target, task, from, weightColumn, classWeight, categorical, numeric, ignore, delimiter,
    header, noHeader, skipLines, comment, columnNames, missing, noMissing, keepText, decimal,
    thousands, dateOrder, scaling, embedCategories, clipPredictions, seed, noShuffle, shuffleBlock,
    shuffleWindow, memory,
  ]

  /// What says how the cells of columns are read, which a model with an encoder says itself.
  package static let columnSettings = [
    categorical, numeric, ignore, missing, noMissing, keepText, decimal, thousands, dateOrder,
    scaling, embedCategories, clipPredictions,
  ]

  private static func names(
    _ name: String, _ place: Place<[String]>, _ help: String,
    check: @escaping @Sendable ([String], _ property: String) throws(ConfigurationError) -> Void = {
      (_, _) throws(ConfigurationError) in
    }
  ) -> Setting {
    list(
      name, .data, place, help, json: { .string($0) },
      parse: { (text, _) throws(ConfigurationError) in text }, check: check)
  }

  // MARK: Network

  package static let recipe = named(
    "recipe", .network, \.recipe, of: Recipe.allCases.map(\.rawValue),
    "Settings that are not given: auto, by the table; plain; realmlp or realmlp-s, for tables; pixels, for images. (default: \(Recipe.usual.rawValue))",
    json: { .string($0.rawValue) }, parse: { Recipe(rawValue: $0) })
  package static let hidden = list(
    "hidden", .network, \.network.hidden, none: "none",
    "Widths of the hidden layers, or none. (default: \(NetworkSettings.defaultHidden.map(String.init).joined(separator: ",")))",
    json: { JSONValue($0) },
    parse: { (text, name) throws(ConfigurationError) in
      guard let size = Int(text) else {
        throw ConfigurationError(name, "\(text.quoted): give whole numbers, or none")
      }
      return size
    },
    check: { (sizes, name) throws(ConfigurationError) in
      for size in sizes {
        try NumberRange(text: "of at least 1 for every layer") { $0 >= 1 }.check(size, name)
      }
    })
  package static let activation = list(
    "activation", .network, \.network.activation,
    "Activation of the hidden layers, one for all or a list. (default: \(NetworkSettings.defaultActivation))",
    json: { $0.isOwn ? nil : .string($0.description) },
    parse: { (text, name) throws(ConfigurationError) in
      try NamedChoice.value(text, name, Activation.names) { Activation($0) }
    },
    check: { (activations, name) throws(ConfigurationError) in
      guard activations.contains(.softmax) else { return }
      throw ConfigurationError(name, "softmax: softmax belongs on the last layer only")
    })
  package static let outputActivation = named(
    "output-activation", .network, \.network.outputActivation, of: Activation.names,
    "Activation of the last layer. (default: follows from task and loss)",
    json: { $0.isOwn ? nil : .string($0.description) }, parse: { Activation($0) })
  package static let loss = named(
    "loss", .network, \.network.loss, of: Loss.names,
    "\(Loss.names.joined(separator: ", ")). (default: follows from the task)",
    json: { $0.isOwn ? nil : .string($0.description) }, parse: { Loss($0) })
  package static let reduction = named(
    "reduction", .network, \.network.reduction, of: Reduction.allCases.map(\.rawValue),
    "The loss of a batch: mean or sum over its examples. (default: mean)",
    json: { .string($0.rawValue) }, parse: { Reduction(rawValue: $0) })
  package static let initializer = named(
    "initializer", .network, \.network.initializer, of: Initializer.names,
    "\(Initializer.names.joined(separator: ", ")). (default: suits the activation)",
    json: { .string($0.description) }, parse: { Initializer($0) })
  package static let precision = named(
    "precision", .network, \.network.precision, of: Precision.allCases.map(\.rawValue),
    "float or double. (default: float)",
    json: { .string($0.rawValue) }, parse: { Precision(rawValue: $0) })
  package static let norm = list(
    "norm", .network, \.network.norm,
    "Normalisation of the hidden layers, one for all or a list: none, \(Normalization.allCases.map(\.rawValue).joined(separator: ", ")). (default: none)",
    json: { .string($0?.rawValue ?? "none") },
    parse: { (text, name) throws(ConfigurationError) in
      if text == "none" { return Normalization?.none }
      guard let normalization = Normalization(rawValue: text) else {
        throw ConfigurationError(
          name,
          text == "batch"
            ? "batch: batch normalisation couples the examples of a batch, so that its gradient is not "
              + "the sum of theirs; use layer or rms"
            : "\(text.quoted): is no normalisation; use none, layer or rms")
      }
      return normalization
    })
  package static let parametric = flag(
    "parametric", .network, \.network.parametric,
    "The neurons of the hidden layers learn how much of their activation they apply: a = z + α (σ(z) − z), α from 1."
  )
  package static let scaleInputs = flag(
    "scale-inputs", .network, \.network.scaleInputs,
    "A layer in front that learns a factor for each input: a = s ⊙ x, s from 1.")

  package static let ntk = flag(
    "ntk", .network, \.network.ntk,
    "Layers in NTK form, z = W a/√d + b for d inputs; biases and slopes learn a tenth as fast, the factors of --scale-inputs six times. For adam and its kin."
  )

  package static let embedNumbers = flag(
    "embed-numbers", .network, \.network.embedNumbers,
    "A layer in front that makes 4 inputs of each number x: x and A cos(2π f x + φ) + c, 16 waves to 3 numbers, all learnt."
  )

  private static let networkSettings = [
    recipe, hidden, activation, outputActivation, loss, reduction, initializer, precision, norm,
    parametric, scaleInputs, ntk, embedNumbers,
  ]

  // MARK: Updates

  package static let optimizer = named(
    "optimizer", .updates, \.updates.optimizer, of: OptimizerRule.spellings,
    "\(OptimizerRule.spellings.joined(separator: ", ")); gd, rprop and lbfgs take all examples a step. (default: \(TrainingConfiguration().optimizer.name))",
    json: { rule in
      let text = rule.text
      return OptimizerRule(name: text) == rule
        ? .string(text) : (try? JSONValue(encoding: rule)) ?? .string(text)
    },
    parse: { OptimizerRule(name: $0) },
    fromObject: { (value, property) throws(ConfigurationError) in
      guard value.object != nil else { return nil }
      do {
        return try value.decoded(as: OptimizerRule.self)
      } catch {
        let problem = (error as? DecodingError)?.line ?? "\(error)"
        throw ConfigurationError(property, "\(value.shown): \(problem)")
      }
    },
    check: { (rule, _) throws(ConfigurationError) in try rule.validate() })
  package static let learningRate = number(
    "learning-rate", .updates, \.updates.learningRate, .positive,
    "Largest learning rate. (default: suits the optimizer)")
  package static let momentum = number(
    "momentum", .updates, \.updates.momentum, .belowOne,
    "Momentum of sgd, momentum and nesterov. (default: \(momentumDefaults))")
  package static let weightDecay = number(
    "weight-decay", .updates, \.updates.weightDecay, .atLeastZero,
    "Decoupled decay of the weights. (default: suits the optimizer)")
  // No epoch has more than 2³² steps, so that all of them can be counted.
  package static let batchSize = whole(
    "batch-size", .updates, \.updates.batchSize, 1...Int(UInt32.max),
    "Examples a step. (default: suits their number)")
  package static let l2 = number(
    "l2", .updates, \.updates.l2, .atLeastZero, "Adds ½ λ ‖W‖² to the loss. (default: 0)")
  package static let l2Scaling = named(
    "l2-scaling", .updates, \.updates.l2Scaling, of: L2Scaling.allCases.map(\.rawValue),
    "What λ of --l2 is divided by: loss, nothing; per-example, the number of training examples (Nielsen); per-batch, that of the batch (scikit-learn's alpha). --weight-decay is the third kind, beside the loss. (default: loss)",
    json: { .string($0.rawValue) }, parse: { L2Scaling(rawValue: $0) })
  package static let trainingExamples = whole(
    "training-examples", .updates, \.updates.trainingExamples, 1...(1 << 53),
    "The number of examples that --l2-scaling per-example divides by. (default: counted)")
  package static let l1 = number(
    "l1", .updates, \.updates.l1, .atLeastZero,
    "Adds λ ‖W‖₁ to the loss, which drives weights to 0. (default: 0)")
  package static let clipNorm = number(
    "clip-norm", .updates, \.updates.clipNorm, .positive,
    "The greatest norm of a step's gradient; a longer one is shortened. (default: none)")
  package static let clipValue = number(
    "clip-value", .updates, \.updates.clipValue, .positive,
    "The greatest magnitude of each element of a gradient. (default: none)")
  package static let maxNorm = number(
    "max-norm", .updates, \.updates.maxNorm, .positive,
    "The greatest norm of the weights that enter a neuron; after each update longer ones are scaled to it. (default: none)"
  )
  package static let ema = number(
    "ema", .updates, \.updates.ema, .inside,
    "Validate and save an exponential average of the weights over the updates, with this decay, such as 0.999."
  )
  package static let swa = number(
    "swa", .updates, \.updates.swa, .belowOne,
    "Validate and save the equal average of the weights at the ends of the epochs after this part of them, such as 0.75."
  )
  package static let accumulate = whole(
    "accumulate", .updates, \.updates.accumulate, 1...Int(Int32.max),
    "Batches whose gradients make one update, that of the joined batch. (default: 1)")
  package static let rateFactors = numbers(
    "rate-factors", .updates, \.updates.rateFactors, .atLeastZero,
    "What the learning rate is multiplied by: one number for all layers, or one for each, a,b,…; 0 leaves a layer as it is."
  )
  package static let biasRateFactor = number(
    "bias-rate-factor", .updates, \.updates.biasRateFactor, .atLeastZero,
    "What the learning rate of the biases is multiplied by besides. (default: 1)")
  package static let decayBiases = flag(
    "decay-biases", .updates, \.updates.decayBiases, "Let --weight-decay act on the biases too.")
  package static let shards = whole(
    "shards", .updates, \.updates.shards, 1...1024,
    "Cut each batch into so many blocks, whose gradients are added in a fixed tree; part of the run's bits. (default: by batch and network)"
  )

  private static let updateSettings = [
    optimizer, learningRate, momentum, weightDecay, batchSize, l2, l2Scaling, trainingExamples, l1,
    clipNorm, clipValue, maxNorm, ema, swa, accumulate, rateFactors, biasRateFactor, decayBiases,
    shards,
  ]

  /// "0 for sgd, 0.9 for momentum, …": what the rules themselves say.
  private static var momentumDefaults: String {
    OptimizerRule.allCases.compactMap { rule in
      switch rule {
      case .sgd: "0 for sgd"
      case .momentum(let momentum), .nesterov(let momentum): "\(momentum) for \(rule.name)"
      default: nil
      }
    }.joined(separator: ", ")
  }

  /// Numbers in a range: one, or one for each layer.
  private static func numbers(
    _ name: String, _ group: Group, _ place: Place<[Double]>, _ range: NumberRange, _ help: String
  ) -> Setting {
    list(
      name, group, place, isNumber: true, help, json: { JSONValue($0) },
      parse: { (text, property) throws(ConfigurationError) in
        guard let number = Double(text) else {
          throw ConfigurationError(
            property, "\(text.quoted): give a number \(range.text), or a list of them")
        }
        return number
      },
      check: { (numbers, property) throws(ConfigurationError) in
        for number in numbers { try range.check(number, property) }
        guard numbers.isEmpty else { return }
        throw ConfigurationError(property, "is empty: give one number, or one for each layer")
      })
  }

  // MARK: Schedule

  package static let epochs = whole(
    "epochs", .schedule, \.schedule.epochs, 1...100_000_000,
    "Passes over the data. (default: suits its size)")
  package static let schedule = named(
    "schedule", .schedule, \.schedule.schedule, of: Schedule.names,
    "How the rate moves: \(Schedule.names.joined(separator: ", ")). step and cosine-restarts: epochs and factor; plateau: factor, patience in epochs. (default: \(TrainingConfiguration().rateSchedule.name); rprop and lbfgs: constant)",
    json: { .string($0.description) }, parse: { Schedule(name: $0) },
    check: { (schedule, name) throws(ConfigurationError) in
      try schedule.validate()
      guard case .cosine(let warmUp) = schedule, schedule != .cosine() else { return }
      throw ConfigurationError(name, "cosine has a warm-up of \(warmUp): give it as warmUp")
    })
  package static let warmUp = number(
    "warm-up", .schedule, \.schedule.warmUp, .part,
    "Part of the steps over which the rate rises in a line. (default: \(warmUpDefaults))")
  package static let cycleMomentum = parsed(
    "cycle-momentum", .schedule, \.schedule.cycleMomentum,
    expected: "low:high with 0 ≤ low ≤ high < 1, such as 0.85:0.95",
    "With one-cycle: the momentum (β₁ of adam and its kin) falls from high to low and rises again, low:high, such as 0.85:0.95.",
    json: { .string("\($0.low):\($0.high)") }, parse: { MomentumCycle($0) },
    check: { (cycle, _) throws(ConfigurationError) in try cycle.validate() })

  package static let regularizationSchedule = named(
    "regularization-schedule", .schedule, \.schedule.regularizationSchedule,
    of: RegularizationSchedule.allCases.map(\.rawValue),
    "How the dropout of hidden layers and --weight-decay move: constant, or flat-cos, whole for half of the steps, then down to 0. (default: constant)",
    json: { .string($0.rawValue) }, parse: { RegularizationSchedule(rawValue: $0) })

  private static let scheduleSettings = [
    epochs, schedule, warmUp, cycleMomentum, regularizationSchedule,
  ]

  /// "0.05 for cosine, else 0": what the schedule itself says.
  private static var warmUpDefaults: String {
    guard case .cosine(let warmUp) = Schedule.cosine() else { return "0" }
    return "\(warmUp) for cosine, else 0"
  }

  // MARK: Noise

  package static let dropout = numbers(
    "dropout", .noise, \.noise.dropout, .belowOne,
    "The probability that an output of a hidden layer is dropped in a step of training, one for all or a list p1,p2,…. (default: none; with --from: the model's)"
  )
  package static let inputDropout = number(
    "input-dropout", .noise, \.noise.inputDropout, .belowOne,
    "The probability that an input is dropped in a step of training. (default: 0)")
  package static let categoryDropout = number(
    "category-dropout", .noise, \.noise.categoryDropout, .belowOne,
    "The probability that a category is taken for one that nobody knows in a step of training, so that unknown ones meet weights that were trained. (default: \(NoiseSettings.defaultCategoryDropout))"
  )
  package static let inputNoise = number(
    "input-noise", .noise, \.noise.inputNoise, .atLeastZero,
    "The deviation s of noise N(0, s²) on the inputs in training, after they are standardised. (default: 0)"
  )
  package static let labelSmoothing = number(
    "label-smoothing", .noise, \.noise.labelSmoothing, .belowOne,
    "ε of y ← (1−ε) y + ε/K in training, K classes (2 for each output of binary-cross-entropy). The training loss is that of these targets; validation and metrics keep the classes. (default: 0)"
  )
  package static let mixup = number(
    "mixup", .noise, \.noise.mixup, .atLeastZero,
    "α of mixup: each example is mixed with another of its batch, λ to 1−λ, λ ~ Beta(α, α); so are targets and weights. (default: 0, none)"
  )

  private static let noiseSettings = [
    dropout, inputDropout, categoryDropout, inputNoise, labelSmoothing, mixup,
  ]

  // MARK: Stopping

  package static let validation = number(
    "validation", .stopping, \.stopping.validation, .belowOne,
    "Part of the rows held out to choose the best epoch by, the one with the lowest loss on them unless --metric names another measure. 0 trains on all. (default: \(StoppingSettings.defaultValidation))"
  )
  package static let validationData = text(
    "validation-data", .stopping, \.stopping.validationData,
    "A file to validate on, instead of a part of DATA.")
  package static let patience = whole(
    "patience", .stopping, \.stopping.patience, 1...(1 << 53),
    "Stop after so many epochs without a better validation. (default: suits the number of examples, where --epochs are not given or the schedule is constant; else never)"
  )
  package static let metric = named(
    "metric", .stopping, \.stopping.metric, of: Metric.names,
    "The metric of the validation data that chooses the best epoch: \(Metric.names.joined(separator: ", ")). (default: loss)",
    json: { .string($0.description) }, parse: { Metric($0) })
  package static let minDelta = number(
    "min-delta", .stopping, \.stopping.minDelta, .atLeastZero,
    "By how much the metric must get better for an epoch to renew --patience. (default: 0)")

  package static let members = whole(
    "members", .stopping, \.stopping.members, 1...100,
    "Networks of the model, whose outputs are averaged: the rows are dealt into so many folds, by class where there are any, and each network learns from all but one, which chooses its epoch. (default: 1)"
  )
  package static let variants = text(
    "variants", .stopping, \.stopping.variants,
    "Of an ensemble: train --members networks by each of these settings, \"learning-rate=0.03 dropout=0.1 | dropout=0.3\", all of which are the model. A search writes them.",
    check: { (text, _) throws(ConfigurationError) in
      for part in Variants.parts(of: text) {
        _ = try Variants.applying(part, to: TrainingConfiguration())
      }
    })
  package static let interval = number(
    "interval", .stopping, \.stopping.interval, .fromHalf,
    "Of a regression: give each prediction an interval of this level, such as 0.9. Of several networks CV+, which usually holds about that share of new rows, and is proved for about 1 − 2α of them where the level is 1 − α; of one network with --test split conformal, proved for the level itself. (default: none)"
  )
  package static let test = parsed(
    "test", .stopping, \.stopping.test, expected: "a part from 0 to below 1, or the path of a file",
    "Rows that choose nothing and judge the model in the end: 0.2 is that part of the rows, 0 none; or a file. (default: what the data brings)",
    json: { text in Double(text).map { JSONValue($0) } ?? .string(text) },
    parse: { $0.isEmpty ? nil : $0 },
    check: { (text, name) throws(ConfigurationError) in
      if let part = Double(text) { try NumberRange.belowOne.check(part, name) }
    })

  private static let stoppingSettings = [
    validation, validationData, members, variants, interval, patience, metric, minDelta, test,
  ]
}

extension NetworkSettings {
  /// Takes what no document can say, for only a program has it, from the network itself.
  mutating func takeOwn(of network: NetworkSettings) {
    if network.activation?.contains(where: \.isOwn) == true { activation = network.activation }
    if network.outputActivation?.isOwn == true { outputActivation = network.outputActivation }
    if network.loss?.isOwn == true { loss = network.loss }
  }
}

extension Activation {
  /// Whether only a program has it, and no document can say it.
  fileprivate var isOwn: Bool { if case .own = self { true } else { false } }
}

extension Loss {
  /// Whether only a program has it, and no document can say it.
  fileprivate var isOwn: Bool { if case .custom = self { true } else { false } }
}
