extension TrainingConfiguration {
  /// Checks every number against its range, and what has no meaning beside what else is said.
  ///
  /// Whoever takes a configuration asks this first: the trainer, a reader of a model or a checkpoint, the
  /// command. What passes traps nowhere.
  ///
  /// - Parameters:
  ///   - layers: Layers that compute, where the network is known.
  ///   - loss: Its loss, likewise.
  ///   - hasDropout: Whether a layer of it drops outputs.
  /// - Throws: `ConfigurationError` with the first setting at fault.
  public func validate(
    layers: Int? = nil, loss: Loss? = nil, hasDropout: Bool = false
  ) throws(ConfigurationError) {
    for setting in Setting.all { try setting.check(self) }
    try optimizer.validate()
    try rateSchedule.validate()
    try shuffleBlock?.validate()
    if let bias = updates.biasRateFactor,
      let rate = updates.rateFactors?.first(where: { !($0 * bias).isFinite })
    {
      throw ConfigurationError(
        "biasRateFactor",
        "\(bias.shortestText) times a rate factor of \(rate.shortestText) is no number any more; give "
          + "smaller ones")
    }
    try checkRule(hasDropout: hasDropout)
    try checkSchedule()
    if let loss = loss ?? network.loss { try regularization.check(for: loss) }
    if let count = updates.rateFactors?.count, count != 1, count != layers ?? max(1, count) {
      throw ConfigurationError(
        "rateFactors",
        "are \(count)\(layers.map { " for \($0) layers" } ?? ""): give one for all, or one for each"
      )
    }
  }

  /// - Throws: `ConfigurationError` with the first setting that is at fault by itself, or for the network.
  package func validate<T: Scalar>(for network: Network<T>) throws(ConfigurationError) {
    try validate(
      layers: network.layers.count, loss: network.loss,
      hasDropout: network.layers.haveDropout)
    guard
      optimizer.isRatioOfMoments
        || network.parameters.layout.tensors.allSatisfy({ $0.factors == UpdateFactors() })
    else {
      throw ConfigurationError(
        "optimizer",
        "\(optimizer.name) is no rule for weights in NTK form: use one of Adam's family")
    }
    guard network.layers[0].columns?.looksUp == true else { return }
    for (name, value) in [
      ("mixup", mixup), ("inputNoise", inputNoise), ("inputDropout", inputDropout),
    ] where (value ?? 0) > 0 {
      throw ConfigurationError(
        name,
        "changes inputs, and some of these are the numbers of categories, which mean nothing but themselves: "
          + "leave it out, or embed no categories")
    }
  }

  /// What has no meaning under the rule, or beside another setting of the updates.
  private func checkRule(hasDropout: Bool = false) throws(ConfigurationError) {
    let rule = optimizer
    func refuse(_ name: String, _ isGiven: Bool, _ problem: String) throws(ConfigurationError) {
      if isGiven { throw ConfigurationError(name, problem) }
    }
    switch rule {
    case .sgd, .momentum, .nesterov: break
    default:
      try refuse(
        "momentum", updates.momentum != nil,
        "has no meaning for \(rule.name); use the optimizer momentum")
    }
    try refuse(
      "momentum", updates.momentum != nil && cycleMomentum != nil,
      "is what a cycle of the momentum moves: give one of the two")
    try refuse(
      "swa", updates.ema != nil && updates.swa != nil, "and an EMA are two averages: one is saved")
    try refuse(
      "dropout", rule.searchesLines && (hasDropout || noise.dropout?.contains { $0 != 0 } ?? false),
      "has no meaning for \(rule.name), which compares losses along a line, and dropout makes those of "
        + "many functions; leave it out")
    if rule.searchesLines, let name = bends.first {
      throw ConfigurationError(
        name,
        "has no meaning for \(rule.name), whose steps are searched for a lower loss; leave it out"
          + (name == "weightDecay" ? ", or give an L2 penalty, which is part of the loss" : ""))
    }
  }

  /// What is done to a step that a search for a lower loss would not know of, by name.
  private var bends: [String] {
    [
      ("weightDecay", weightDecay != 0), ("clipNorm", clipNorm != nil),
      ("clipValue", clipValue != nil), ("inputNoise", inputNoise != nil),
      ("inputDropout", inputDropout != nil), ("categoryDropout", categoryDropout != nil),
      ("labelSmoothing", labelSmoothing != nil),
      ("mixup", mixup != nil), ("maxNorm", maxNorm != nil), ("ema", updates.ema != nil),
      ("swa", updates.swa != nil), ("accumulate", (accumulate ?? 1) != 1),
      ("rateFactors", hasRateFactors), ("biasRateFactor", hasBiasRateFactor),
      ("decayBiases", updates.decayBiases == true),
    ].filter(\.1).map(\.0)
  }

  private var hasRateFactors: Bool { updates.rateFactors?.contains { $0 != 1 } ?? false }
  private var hasBiasRateFactor: Bool { (updates.biasRateFactor ?? 1) != 1 }

  private func checkSchedule() throws(ConfigurationError) {
    let (rule, schedule, rise) = (optimizer, rateSchedule, self.schedule.warmUp ?? 0)
    if schedule.hasOwnRise, rise > 0 {
      throw ConfigurationError(
        "warmUp",
        "has no meaning for \(schedule.name), which begins low by itself; leave it out"
          + (schedule == .coslog4 ? "" : ", or give the part of the rise as one-cycle:\(rise)"))
    }
    guard let cycleMomentum else { return }
    try cycleMomentum.validate()
    guard case .oneCycle = schedule else {
      throw ConfigurationError(
        "cycleMomentum", "needs the schedule one-cycle, whose rate it moves against")
    }
    guard rule.canCycleMomentum else {
      throw ConfigurationError(
        "cycleMomentum",
        "has no meaning for \(rule.name): use one of "
          + OptimizerRule.allCases.filter(\.canCycleMomentum).map(\.name).joined(separator: ", "))
    }
  }

  /// Refuses what was given in vain: settings that change nothing beside the others, and are a mistake of
  /// whoever gave them.
  ///
  /// - Parameter hasValidationTable: Whether rows to validate on come as a table of their own, which then
  ///   stand in the place of a part of the rows.
  package func checkGiven(hasValidationTable: Bool = false) throws(ConfigurationError) {
    let rule = optimizer
    func refuse(_ name: String, _ isGiven: Bool, _ problem: String) throws(ConfigurationError) {
      if isGiven { throw ConfigurationError(name, problem) }
    }
    if rule.takesAllExamples {
      let all = "has no meaning for \(rule.name), whose steps take all examples; leave it out"
      let other = rule == .gradientDescent ? "sgd" : rule.searchesLines ? "adam" : "rmsprop"
      try refuse("batchSize", updates.batchSize != nil, "\(all), or use the optimizer \(other)")
      try refuse("accumulate", (accumulate ?? 1) > 1, all)
      try refuse("memory", data.memory != nil, "\(all), or use the optimizer \(other)")
    }
    for (name, isGiven) in [
      ("schedule", rateSchedule != .constant), ("warmUp", (schedule.warmUp ?? 0) > 0),
      ("rateFactors", hasRateFactors), ("biasRateFactor", hasBiasRateFactor),
    ] where rule.ignoresSchedule {
      try refuse(
        name, isGiven,
        "has no meaning for \(rule.name), which finds the size of its steps by itself, and the learning "
          + "rate is only where it begins; leave it out")
    }
    try refuse(
      "l2Scaling", (l2Scaling ?? .loss) != .loss && l2Penalty == 0,
      "says how the L2 penalty is meant; give one too, or leave it out")
    try refuse(
      "decayBiases", updates.decayBiases == true && weightDecay == 0,
      "says what the weight decay acts on; give one too")
    try refuse(
      "mixup", mixup != nil && updates.batchSize == 1,
      "mixes the examples of a batch, and batches of 1 leave none to mix with")
    try refuse(
      "shuffleWindow",
      data.shuffleWindow != nil && data.shuffleBlock == nil && data.memory == nil,
      "needs a shuffle block, or a budget of memory")
    try refuse(
      "shuffleBlock",
      data.shuffleBlock != nil && data.shuffle == false && data.memory == nil,
      "has no meaning where nothing is shuffled; leave one of the two out")
    let hasMinDelta = (stopping.minDelta ?? 0) > 0
    try refuse(
      "minDelta",
      hasMinDelta && patience == nil && schedule.epochs != nil && rateSchedule != .constant,
      "says when patience is renewed, and there is none; give patience too")
    try refuse(
      "validation", stopping.validation != nil && stopping.validationData != nil,
      "and a file to validate on are two things to validate on: give one")
    let judged = "each is judged by its own fold of the rows"
    for (name, isGiven, reason) in [
      ("validation", stopping.validation != nil, judged),
      ("validationData", stopping.validationData != nil || hasValidationTable, judged),
      ("from", data.from != nil, "each begins anew"),
      ("memory", data.memory != nil, "its rows are held in memory"),
    ] where stopping.isEnsemble {
      try refuse(
        name, isGiven,
        "has no meaning for an ensemble of \(stopping.members ?? 1) members: \(reason); leave one of the two out"
      )
    }
    try refuse(
      "variants", stopping.variants != nil && !stopping.isEnsemble,
      "are of an ensemble; give members too")
    try refuse(
      "variants", stopping.networkCount > Self.mostNetworks,
      "make \(stopping.networkCount) networks; a model has at most \(Self.mostNetworks)")
    guard stopping.validation == 0, !hasValidationTable else { return }
    for (name, isGiven) in [
      ("metric", stopping.metric != nil), ("minDelta", hasMinDelta),
      ("patience", patience != nil),
    ] { try refuse(name, isGiven, "needs validation data, and a validation of 0 leaves none") }
  }

  /// The networks that a model may have.
  static let mostNetworks = 1024

  /// The first setting that has no meaning beside the others; nil if all have one.
  package var vain: ConfigurationError? {
    do throws(ConfigurationError) {
      try checkRule()
      try checkSchedule()
      try checkGiven()
      return nil
    } catch { return error }
  }

  /// Leaves out what has no meaning any more beside settings that were said later, which stay.
  ///
  /// - Parameter later: Their names.
  package mutating func leaveOutWhatIsVain(beside later: Set<String>) {
    while let name = vain?.name, let setting = Setting.named(name), !later.contains(setting.name),
      setting.read(self) != nil, (try? setting.set(&self, to: .null)) != nil
    {}
  }
}
