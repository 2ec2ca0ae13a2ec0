import Testing

@testable import Backprop

@Suite("The search around a recipe, and ensembles of several settings")
struct RecipeSearchTests {
  private static func table(isNumber: Bool) throws -> Table {
    var random = RandomSource(seed: 8, purpose: .sampling)
    let x = (0..<140).map { _ in random.normal() }
    let y = x.map { $0 + 0.5 * random.normal() }
    return try Table(columns: [
      ("x", .numbers(x)), ("c", .texts(x.map { $0 > 1 ? "b" : "a" })),
      ("y", isNumber ? .numbers(y) : .texts(y.map { $0 > 0 ? "yes" : "no" })),
    ])
  }

  private static var base: TrainingConfiguration {
    var configuration = TrainingConfiguration(epochs: 2, seed: 5)
    configuration.network.hidden = [128, 128]
    configuration.updates.learningRate = 0.04
    configuration.updates.weightDecay = 0.02
    configuration.noise.dropout = [0.15]
    return configuration
  }

  @Test(
    "The first trial is the settings as they are; others change what nobody gave, and are read back"
  )
  func trials() throws {
    let all = Variants.names
    #expect(
      RecipeSearch.settings(ofTrial: 0, around: Self.base, searched: all)
        == "hidden=128,128 learning-rate=0.04 dropout=0.15 weight-decay=0.02")
    var texts: Set<String> = []
    for number in 1..<40 {
      let text = RecipeSearch.settings(ofTrial: number, around: Self.base, searched: all)
      texts.insert(text)
      let trial = try Variants.applying(text, to: Self.base)
      #expect(RecipeSearch.settings(ofTrial: 0, around: trial, searched: all) == text)
      #expect([96, 128, 256].contains(trial.network.hidden?[1]))
      #expect((0.0267...0.0729).contains(trial.learningRate), "\(text)")
      #expect((0.0073...0.0545).contains(trial.weightDecay), "\(text)")
      // What is given stays, and the others are drawn as before.
      let own = RecipeSearch.settings(
        ofTrial: number, around: Self.base, searched: ["learning-rate"])
      let found = try Variants.applying(own, to: Self.base)
      #expect(found.network.hidden == [128, 128] && found.noise.dropout == [0.15])
      #expect(found.learningRate == trial.learningRate)
    }
    #expect(texts.count == 39)
    for text in ["depth=3", "hidden", "learning-rate=fast", "epochs=3"] {
      #expect(throws: ConfigurationError.self, "\(text)") {
        try Variants.applying(text, to: Self.base)
      }
    }
  }

  @Test("What a search found is stored, and leads to the same bits", arguments: [false, true])
  func search(isNumber: Bool) throws {
    let table = try Self.table(isNumber: isNumber)
    var configuration = TrainingConfiguration(epochs: 2, seed: 5)
    configuration.data.target = ["y"]
    configuration.recipe = .auto
    configuration.stopping.members = 3
    var estimator = Estimator(configuration, threads: 2)
    estimator.seconds = 60
    let planned = try estimator.planned(for: FitTables(training: table))
    let prepared: PreparedFit<Float> = try planned.prepare(
      FitTables(training: table), as: Float.self, warn: { _, _ in })
    var trials: [SearchTrial] = []
    let ensemble = try planned.trainMembers(
      prepared, warn: { _, _ in }, tried: { trials.append($0) }, report: { _ in },
      isInterrupted: { trials.count == 4 })
    // What is kept is at least as good as each trial by itself.
    let monitor = Monitor(metric: prepared.configuration.stopping.metric)
    let last = try #require(trials.last)
    #expect(trials.count >= 2 && trials[0].number == 1 && trials[0].best == [1])
    for trial in trials { #expect(!monitor.isBetter(trial.ofBest, than: last.ofBest)) }
    #expect(trials.allSatisfy { $0.best[0] == 1 })
    let kept = ensemble.configuration.stopping.networkCount / 3
    #expect(kept == last.best.count && ensemble.members.count == 3 * kept)
    #expect(ensemble.outOfFold.loss == last.ofBest.loss)
    let model = prepared.model(of: ensemble)
    let again = try Estimator(try #require(model.configuration), threads: 1).fit(table).model
    #expect(try again.safeTensors().bytes == model.safeTensors().bytes)
    #expect(try Model(bytes: model.safeTensors().bytes).members.count == 3 * kept)
  }

  @Test("Members of several settings: one model and one file, the same for any number of threads")
  func variants() throws {
    let table = try Self.table(isNumber: true)
    var configuration = TrainingConfiguration(epochs: 3, seed: 1)
    configuration.recipe = .plain
    configuration.data.target = ["y"]
    configuration.stopping.members = 3
    configuration.stopping.interval = 0.8
    configuration.stopping.variants = "hidden=4 | hidden=8 dropout=0.2 learning-rate=0.003"
    let models = try [1, 2, 7].map {
      try Estimator(configuration, threads: $0).fit(table).model
    }
    let bytes = try models[0].safeTensors().bytes
    #expect(try models.allSatisfy { try $0.safeTensors().bytes == bytes })
    let read = try Model(bytes: bytes)
    #expect(read.members.map { $0.sizes[1] } == [4, 4, 4, 8, 8, 8])
    #expect(read.intervals?.rows == 140)
    // The mean of the two that held a row out is what its residual is of.
    let inputs: Matrix<Float> = try read.inputs(of: table, as: Float.self)
    let outputs = read.members.map { $0.network(as: Float.self).predictions(for: inputs) }
    let mean = outputs.reduce(0) { $0 + $1[5, 0] } / 6
    let target = try #require(read.targetEncoder)
    let answer = try read.predict(table)[5].value
    #expect(abs(answer - (Double(mean) * target.deviations[0] + target.means[0])) < 1e-5)
    #expect(try read.predict(["x": 0.3, "c": "a"]).value.isFinite)
    for layers in ["[]", "[[],[],[],[],[],[]]"] {
      var writer = try models[0].safeTensors()
      writer.metadata = writer.metadata.map {
        ($0.key, $0.key == ModelKey.layersOfMembers ? layers : $0.value)
      }
      #expect(throws: (any Error).self, "\(layers)") { try Model(bytes: writer.bytes) }
    }
    configuration.stopping.members = nil
    #expect(throws: ConfigurationError.self) { try Estimator(configuration).fit(table) }
  }
}
