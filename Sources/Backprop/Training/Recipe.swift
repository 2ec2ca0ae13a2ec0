/// What stands for settings that are not given, as a whole that has proved itself.
///
/// A setting that is given takes the place of the recipe's, and the rest of it stays.
package enum Recipe: String, Codable, CaseIterable, Sendable {
  /// One of the others, by the table; an `Estimator` says which (`RecipePlan`).
  case auto
  /// The defaults of the settings themselves.
  case plain
  /// RealMLP-TD-S, the simpler one: 256–256–256 in NTK form behind a scaling layer, on columns that are
  /// scaled robustly. Holzmüller, Grinsztajn & Steinwart 2024, *Better by Default*, arXiv 2407.04491.
  case realMLPS = "realmlp-s"
  /// RealMLP-TD of the same paper: waves of numbers, vectors of categories that are many, parametric
  /// activations, weights that begin by the data; dropout and decay that fade.
  case realMLP = "realmlp"
  /// Images: 512–128 of ReLU with a little dropout under Adam, 20 epochs with a warm-up and a cosine.
  case pixels

  /// The one that is taken where none is named.
  package static let usual = Recipe.auto

  /// So many rows choose the epoch of a network for images, as far as that is less than the usual part: their accuracy
  /// is known to half a percent, and every further one is worth more to learn from.
  private static let imagesHeldOut = 3_000.0

  /// Its settings for a task.
  ///
  /// - Parameter rows: Of the table of which a part is held out; nil for none, or if they are not known.
  package func settings(task: LearningTask, rows: Int? = nil) -> TrainingConfiguration {
    var settings = TrainingConfiguration()
    switch self {
    case .auto, .plain: return settings
    case .pixels:
      settings.network.hidden = [512, 128]
      settings.network.activation = [.silu]
      if task == .classification { settings.noise.labelSmoothing = 0.1 }
      if let rows, rows > 0 {
        let part = (1_000 * Self.imagesHeldOut / Double(rows)).rounded(.up) / 1_000
        settings.stopping.validation = min(StoppingSettings.defaultValidation, part)
      }
      settings.noise.dropout = [0.1]
      settings.updates.learningRate = 2e-3
      settings.updates.batchSize = 128
      settings.schedule.warmUp = 0.05
      settings.schedule.epochs = 20
      return settings
    case .realMLP, .realMLPS: break
    }
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
    if isRegression { settings.data.clipPredictions = true }
    settings.data.scaling = .robust
    if self == .realMLP {
      settings.data.embedCategories = 8
      settings.network.embedNumbers = true
      settings.network.parametric = true
      settings.network.initializer = .data
      settings.updates.learningRate = isRegression ? 0.2 : 0.04
      settings.updates.weightDecay = 0.02
      settings.noise.dropout = [0.15]
      settings.schedule.regularizationSchedule = .flatCos
    }
    return settings
  }

  /// What chooses the best epoch where rows are held out; nil for the loss.
  package func metric(task: LearningTask) -> Metric? {
    switch self {
    case .auto, .plain: nil
    case .realMLP, .realMLPS, .pixels: task == .classification ? .accuracy : nil
    }
  }
}

extension TrainingConfiguration {
  /// As a file of a run holds it: before there were recipes every run was plain.
  package var ofRun: TrainingConfiguration {
    var configuration = self
    configuration.recipe = recipe ?? .plain
    return configuration
  }

  /// The same with the settings of a recipe in the places of those that are not given, as far as they have a
  /// meaning beside these: no NTK form under a rule that it is not for, no rate, decay and start that suit another form,
  /// no smoothed targets for a loss that knows none, or where another metric than accuracy is to be the best.
  package func following(_ recipe: TrainingConfiguration) -> TrainingConfiguration {
    var result = self
    var given: Set<String> = []
    for setting in Setting.all {
      // An activation or a loss of one's own is given, and no document can say it.
      if setting.shown(self) != nil {
        given.insert(setting.name)
      } else if let value = setting.read(recipe) {
        try? setting.set(&result, to: value)
      }
    }
    result.leaveOutWhatIsVain(beside: given)
    if data.clipPredictions == nil, data.memory != nil { result.data.clipPredictions = nil }
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
    // A network without hidden layers says nothing of theirs.
    if network.hidden == [] {
      if network.activation == nil { result.network.activation = nil }
      if network.parametric == nil { result.network.parametric = nil }
      if noise.dropout == nil { result.noise.dropout = nil }
    }
    return result
  }
}
