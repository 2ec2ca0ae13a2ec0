/// What stands for settings that are not given, as a whole that has proved itself.
///
/// A setting that is given takes the place of the recipe's, and the rest of it stays.
package enum Recipe: String, Codable, CaseIterable, Sendable {
  /// The defaults of the settings themselves.
  case plain
  /// RealMLP-TD-S, the simpler one: 256–256–256 in NTK form behind a scaling layer, on columns that are
  /// scaled robustly. Holzmüller, Grinsztajn & Steinwart 2024, *Better by Default*, arXiv 2407.04491.
  case realMLPS = "realmlp-s"

  /// Its settings for a task.
  package func settings(task: LearningTask) -> TrainingConfiguration {
    var settings = TrainingConfiguration()
    guard self != .plain else { return settings }
    let isRegression = task == .regression
    settings.network.hidden = [256, 256, 256]
    settings.network.activation = [isRegression ? .mish : .selu]
    settings.network.scaleInputs = true
    settings.network.ntk = true
    settings.network.initializer = .ntk
    settings.updates.optimizer = .adamW(beta1: 0.9, beta2: 0.95)
    settings.updates.learningRate = isRegression ? 0.07 : 0.04
    settings.updates.weightDecay = 0
    settings.updates.batchSize = 256
    settings.schedule.schedule = .coslog4
    settings.schedule.epochs = 256
    if task == .classification { settings.noise.labelSmoothing = 0.1 }
    settings.data.scaling = .robust
    return settings
  }

  /// What chooses the best epoch where rows are held out; nil for the loss.
  package func metric(task: LearningTask) -> Metric? {
    self == .realMLPS && task == .classification ? .accuracy : nil
  }
}

extension TrainingConfiguration {
  /// The same with the settings of a recipe in the places of those that are not given, as far as they have a
  /// meaning beside these: no NTK form under a rule that it is not for, no rate, decay and start that suit another form,
  /// no smoothed targets for a loss that knows none, or where another metric than accuracy is to be the best.
  package func following(_ recipe: TrainingConfiguration) -> TrainingConfiguration {
    var result = self
    var given: Set<String> = []
    for setting in Setting.all {
      if setting.read(self) != nil {
        given.insert(setting.name)
      } else if let value = setting.read(recipe) {
        try? setting.set(&result, to: value)
      }
    }
    result.leaveOutWhatIsVain(beside: given)
    if network.ntk == nil, !result.optimizer.isRatioOfMoments { result.network.ntk = nil }
    // The recipe's rate, decay and start are those of its form.
    if result.network.ntk != recipe.network.ntk {
      if updates.learningRate == nil { result.updates.learningRate = nil }
      if updates.weightDecay == nil { result.updates.weightDecay = nil }
      if network.initializer == nil { result.network.initializer = nil }
    }
    let knowsNoClasses =
      ![nil, .crossEntropy, .binaryCrossEntropy].contains(network.loss)
      || ![nil, .softmax, .sigmoid].contains(network.outputActivation)
    if noise.labelSmoothing == nil, knowsNoClasses || ![nil, .accuracy].contains(stopping.metric) {
      result.noise.labelSmoothing = nil
    }
    // A network without hidden layers says no activation of theirs.
    if network.activation == nil, network.hidden == [] { result.network.activation = nil }
    return result
  }
}
