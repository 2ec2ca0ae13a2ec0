extension Estimator {
  /// Settings that say otherwise than the model to go on from.
  func checkAgreementWithBase() throws(ConfigurationError) {
    guard let base else { return }
    // Its own configuration has a recipe of which nothing is left to fill in.
    if let recipe = configuration.recipe,
      configuration.following(recipe.settings(task: base.targetEncoder?.task ?? .regression))
        != configuration
    {
      throw ConfigurationError(
        "recipe",
        "has no meaning where a model goes on, which is one network as it is; leave it out")
    }
    let own = NetworkSettings(of: base.network)
    let layers = base.network.layers.hiddenDense.count
    var mine = configuration.network
    mine.activation = try Self.spread(mine.activation, "activation", layers)
    mine.norm = try Self.spread(mine.norm, "norm", layers)
    var theirs = own
    theirs.activation = try Self.spread(own.activation, "activation", layers)
    theirs.norm = try Self.spread(own.norm ?? [nil], "norm", layers)
    var (given, model) = (TrainingConfiguration(), TrainingConfiguration())
    (given.network, model.network) = (mine, theirs)
    // Its own configuration says what it is, and how its columns were read.
    let said = { (setting: Setting) in base.configuration.flatMap(setting.read) }
    if ![nil, said(.initializer)].contains(Setting.initializer.read(configuration)) {
      throw ConfigurationError(
        "initializer", "has no meaning where a model goes on: the weights are the model's")
    }
    for setting in Setting.all
    where setting.group == .network && setting.name != Setting.initializer.name {
      guard let value = setting.shown(given), !setting.isSame(given, model),
        setting.read(given) != setting.read(model) ?? false
      else { continue }
      throw ConfigurationError(
        setting.property,
        (setting.isFlag ? "" : "\(value) ") + "contradicts the model, which has "
          + (setting.shown(model) ?? "none"))
    }
    guard base.encoder != nil else { return }
    for setting in Setting.columnSettings
    where ![nil, said(setting)].contains(setting.read(configuration)) {
      throw ConfigurationError(
        setting.property, "contradicts the model, which says itself how columns are read")
    }
  }
}

extension NetworkSettings {
  /// What a network is.
  package init(of network: AnyNetwork) {
    switch network {
    case .float(let network): self.init(of: network)
    case .double(let network): self.init(of: network)
    }
  }

  init<T: Scalar>(of network: Network<T>) {
    let layers = network.layers.hiddenDense
    hidden = layers.map(\.outputs)
    activation = Self.joined(layers.map(\.activation))
    outputActivation = network.outputActivation
    loss = network.loss
    reduction = network.reduction
    precision = T.self == Double.self ? .double : .float
    if layers.contains(where: { $0.normalization != nil }) {
      norm = Self.joined(layers.map(\.normalization))
    }
    if !layers.isEmpty, layers.allSatisfy(\.isParametric) { parametric = true }
    if network.layers.contains(where: { $0.scale != nil }) { scaleInputs = true }
    if network.layers[0].columns?.hasWaves == true { embedNumbers = true }
    if network.layers.allSatisfy(\.isNTK) { ntk = true }
  }

  /// One for all where they are alike.
  private static func joined<Value: Equatable>(_ values: [Value]) -> [Value]? {
    guard let first = values.first else { return nil }
    return values.allSatisfy { $0 == first } ? [first] : values
  }
}
