import ArgumentParser
import Backprop

// The settings of a run as options. What each is called, what it takes and what it means stands in
// `Setting`; here they are declared for the parser and its help, and `CommandWords` reads them.

extension Setting {
  fileprivate var argumentHelp: ArgumentHelp {
    ArgumentHelp("\(help)", valueName: isNumber ? "n" : "text")
  }
}

extension Option where Value == String? {
  init(_ setting: Setting) {
    self.init(
      name: .customLong(setting.name), parsing: setting.isNumber ? .unconditional : .next,
      help: setting.argumentHelp)
  }
}

extension Flag where Value == Bool {
  init(wrappedValue: Bool, _ setting: Setting) {
    self.init(
      wrappedValue: wrappedValue, name: .customLong(setting.name), help: setting.argumentHelp)
  }
}

/// What matters most; the short help of `train` shows no other settings.
struct CommonOptions: ParsableArguments {
  @Option(.target) var target: String?
  @Option(.recipe) var recipe: String?
  @Option(.hidden) var hidden: String?
  @Option(.epochs) var epochs: String?
  @Option(.learningRate) var learningRate: String?
  @Option(.optimizer) var optimizer: String?
  @Option(.batchSize) var batchSize: String?
  @Option(.dropout) var dropout: String?
  @Option(.validation) var validation: String?
  @Option(.test) var test: String?
  @Option(.patience) var patience: String?
  @Option(.seed) var seed: String?
}

/// What is learned, and what its examples weigh.
struct TargetOptions: ParsableArguments {
  @Option(.task) var task: String?
  @Option(.from) var from: String?
  @Option(.weightColumn) var weightColumn: String?
  @Option(.classWeight) var classWeight: String?
}

/// How a table is read.
struct TableReadingOptions: ParsableArguments {
  @Option(.categorical) var categorical: String?
  @Option(.numeric) var numeric: String?
  @Option(.ignore) var ignore: String?
  @Option(.delimiter) var delimiter: String?
  @Flag(.header) var header = false
  @Flag(.noHeader) var noHeader = false
  @Option(.skipLines) var skipLines: String?
  @Option(.comment) var comment: String?
  @Option(.columnNames) var columnNames: String?
  @Option(.missing) var missing: String?
  @Flag(.noMissing) var noMissing = false
  @Option(.keepText) var keepText: String?
  @Option(.decimal) var decimal: String?
  @Option(.thousands) var thousands: String?
  @Option(.dateOrder) var dateOrder: String?
}

/// What the network is, for whoever says its hidden layers.
struct NetworkOptions: ParsableArguments {
  @Option(.activation) var activation: String?
  @Option(.outputActivation) var outputActivation: String?
  @Option(.scaling) var scaling: String?
  @Option(.embedCategories) var embedCategories: String?
  @Option(.clipPredictions) var clipPredictions: String?
  @OptionGroup var layers: LayerOptions
}

/// What the network is, besides its sizes and activations.
struct LayerOptions: ParsableArguments {
  @Option(.loss) var loss: String?
  @Option(.reduction) var reduction: String?
  @Option(.initializer) var initializer: String?
  @Option(.precision) var precision: String?
  @Option(.norm) var norm: String?
  @Flag(.parametric) var parametric = false
  @Flag(.scaleInputs) var scaleInputs = false
  @Flag(.ntk) var ntk = false
  @Flag(.embedNumbers) var embedNumbers = false
}

/// How a step is made.
struct UpdateOptions: ParsableArguments {
  @Option(.momentum) var momentum: String?
  @Option(.weightDecay) var weightDecay: String?
  @Option(.l2) var l2: String?
  @Option(.l2Scaling) var l2Scaling: String?
  @Option(.l1) var l1: String?
  @Option(.clipNorm) var clipNorm: String?
  @Option(.clipValue) var clipValue: String?
  @Option(.maxNorm) var maxNorm: String?
  @Option(.ema) var ema: String?
  @Option(.swa) var swa: String?
  @Option(.accumulate) var accumulate: String?
  @Option(.rateFactors) var rateFactors: String?
  @Option(.biasRateFactor) var biasRateFactor: String?
  @Flag(.decayBiases) var decayBiases = false
  @Option(.shards) var shards: String?
}

/// How long a run is, and how its rate moves.
struct ScheduleOptions: ParsableArguments {
  @Option(.schedule) var schedule: String?
  @Option(.warmUp) var warmUp: String?
  @Option(.cycleMomentum) var cycleMomentum: String?
  @Option(.regularizationSchedule) var regularizationSchedule: String?
}

/// What training changes at random, or blurs, so that the network learns no example by heart.
struct NoiseOptions: ParsableArguments {
  @Option(.inputDropout) var inputDropout: String?
  @Option(.inputNoise) var inputNoise: String?
  @Option(.categoryDropout) var categoryDropout: String?
  @Option(.labelSmoothing) var labelSmoothing: String?
  @Option(.mixup) var mixup: String?
}

/// What is held out, and when a run ends before its last epoch.
struct StoppingOptions: ParsableArguments {
  @Option(.validationData) var validationData: String?
  @Option(.members) var members: String?
  @Option(.variants) var variants: String?
  @Option(.interval) var interval: String?
  @Option(.metric) var metric: String?
  @Option(.minDelta) var minDelta: String?
}

/// In which order the examples are taken, and how they are held.
struct OrderOptions: ParsableArguments {
  @Flag(.noShuffle) var noShuffle = false
  @Option(.shuffleBlock) var shuffleBlock: String?
  @Option(.shuffleWindow) var shuffleWindow: String?
  @Option(.memory) var memory: String?
}
