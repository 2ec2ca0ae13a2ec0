import Testing

@testable import Backprop

@Suite("Recipes, and what they are made of")
struct RecipeTests {
  private static func table(rows: Int = 120, seed: UInt64 = 3) throws -> Table {
    var random = RandomSource(seed: seed, purpose: .sampling)
    let x = (0..<rows).map { _ in random.normal() }
    let levels = (0..<rows).map { _ in ["a", "b", "c"][random.index(below: 3)] }
    let labels = (0..<rows).map { row in
      x[row] + (levels[row] == "b" ? 1 : 0) + 0.3 * random.normal() > 0.3 ? "yes" : "no"
    }
    return try Table(columns: [
      ("x", .numbers(x)), ("t", .texts(levels)), ("label", .texts(labels)),
    ])
  }

  private static func configuration(epochs: Int = 4) -> TrainingConfiguration {
    var configuration = TrainingConfiguration(epochs: epochs, seed: 5)
    configuration.recipe = .plain
    configuration.data.target = ["label"]
    return configuration
  }

  @Test("A recipe takes the places of what is not given, and leaves the rest")
  func fills() throws {
    var given = Self.configuration(epochs: 7)
    given.recipe = .realMLPS
    given.network.hidden = [8]
    let whole = given.following(Recipe.realMLPS.settings(task: .classification))
    #expect(whole.schedule.epochs == 7 && whole.network.hidden == [8])
    #expect(whole.network.activation == [.selu] && whole.network.ntk == true)
    #expect(whole.noise.labelSmoothing == 0.1 && whole.schedule.schedule == .coslog4)
    #expect(whole.following(Recipe.realMLPS.settings(task: .classification)) == whole)
    // What has no meaning beside what is given is left out.
    for (change, isSmoothed, isNTK): ((inout TrainingConfiguration) -> Void, Bool, Bool) in [
      ({ $0.network.loss = .hinge }, false, true),
      ({ $0.network.outputActivation = .tanh }, false, true),
      ({ $0.stopping.metric = .rocAUC }, false, true),
      ({ $0.stopping.metric = .accuracy }, true, true),
      ({ $0.updates.optimizer = .sgd }, true, false),
      ({ $0.updates.optimizer = .lbfgs() }, false, false),
      ({ $0.network.ntk = false }, true, false),
      ({ $0.updates.optimizer = .adam() }, true, true),
    ] {
      var own = given
      change(&own)
      let filled = own.following(Recipe.realMLPS.settings(task: .classification))
      #expect((filled.noise.labelSmoothing != nil) == isSmoothed, "\(own.json)")
      #expect((filled.network.ntk == true) == isNTK, "\(own.json)")
      #expect((filled.updates.learningRate == 0.04) == isNTK, "\(own.json)")
      #expect((filled.network.initializer == .ntk) == isNTK, "\(own.json)")
    }
    let numbers = Self.configuration().following(Recipe.realMLPS.settings(task: .regression))
    #expect(numbers.network.activation == [.mish] && numbers.noise.labelSmoothing == nil)
    #expect(Recipe.plain.settings(task: .regression) == TrainingConfiguration())
  }

  @Test("A model of a recipe knows its settings, which lead to the same bits again")
  func model() throws {
    var configuration = Self.configuration()
    configuration.recipe = .realMLPS
    let table = try Self.table()
    let model = try Estimator(configuration, threads: 2).fit(table).model
    #expect(model.network.layers.map(\.kindName) == ["scale", "dense", "dense", "dense", "dense"])
    #expect(model.network.layers.allSatisfy { $0.isNTK })
    let settings = try #require(model.configuration)
    #expect(settings.recipe == .realMLPS && settings.network.hidden == [256, 256, 256])
    #expect(settings.stopping.metric == .accuracy)
    let again = try Estimator(settings, threads: 1).fit(table).model
    #expect(try again.safeTensors().bytes == model.safeTensors().bytes)
    #expect(try Model(bytes: model.safeTensors().bytes).network.layers == model.network.layers)
  }

  @Test("What a recipe has and a run turned off stays off, and few rows are no reason to refuse")
  func turnedOff() throws {
    var configuration = Self.configuration()
    configuration.recipe = .realMLPS
    (configuration.network.ntk, configuration.network.scaleInputs) = (false, false)
    configuration.network.hidden = [6]
    let table = try Self.table()
    let model = try Estimator(configuration).fit(table).model
    #expect(model.network.layers.map(\.kindName) == ["dense", "dense"])
    let again = try Estimator(try #require(model.configuration)).fit(table).model
    #expect(try again.safeTensors().bytes == model.safeTensors().bytes)
    configuration.network.hidden = []
    let flat = try Estimator(configuration).fit(table).model
    _ = try Estimator(try #require(flat.configuration), from: flat).fit(table)
    configuration.network.hidden = [6]
    let few = try Estimator(configuration).fit(Self.table(rows: 12))
    #expect(few.heldOut.examples == 0 && few.model.configuration?.stopping.metric == nil)
    // A model goes on with its own configuration, of which nothing is left to fill in.
    _ = try Estimator(try #require(model.configuration), from: model).fit(table)
    let plain = try Estimator(Self.configuration()).fit(table).model
    for base in [plain, model] {
      var other = Self.configuration()
      other.recipe = .realMLPS
      #expect(throws: ConfigurationError.self) { try Estimator(other, from: base).fit(table) }
    }
  }

  @Test("In ordinary form a network is the same function, without the factors")
  func ordinaryForm() throws {
    let network = try Network<Double>(
      sizes: [4, 9, 2], activations: [.selu, .softmax], loss: .crossEntropy, isParametric: true,
      scalesInputs: true, isNTK: true, seed: 3)
    let ordinary = network.inOrdinaryForm
    let rows = Matrix<Double>([[1, 2, -1, 0.5], [0, 3, 1, -2]])
    #expect(ordinary.predictions(for: rows) == network.predictions(for: rows))
    #expect(ordinary.parameters.layout.tensors.allSatisfy { $0.factors == UpdateFactors() })
    #expect(ordinary.layers.map(\.isParametric) == network.layers.map(\.isParametric))
  }

  @Test("Folds begin by the data where the initialiser says so")
  func foldsFromData() throws {
    func loss(_ initializer: Initializer) throws -> Double {
      var configuration = Self.configuration(epochs: 1)
      configuration.network.initializer = initializer
      return try Estimator(configuration).crossValidate(Self.table(), folds: 2)
        .statistics(of: .loss).mean
    }
    #expect(try loss(.data) != loss(.lecunNormal))
  }

  @Test("Layers in NTK form: the factors of their tensors, and no rule but Adam's family")
  func factors() throws {
    let network = try Network<Float>(
      sizes: [4, 9, 2], activations: [.selu, .softmax], loss: .crossEntropy, isParametric: true,
      scalesInputs: true, isNTK: true)
    let layout = network.parameters.layout
    let found = layout.tensors.map { ($0.name, $0.updateFactors(nil)) }
    let expected: [(String, UpdateFactors)] = [
      ("layers.0.scale", UpdateFactors(rate: 6, decay: 6)),
      ("layers.1.weight", UpdateFactors(rate: 0.5, decay: 2, epsilon: 2)),
      ("layers.1.bias", UpdateFactors(rate: 0.1, decay: 0)),
      ("layers.1.alpha", UpdateFactors(rate: 0.1, decay: 0.1)),
      ("layers.2.weight", UpdateFactors(rate: 1.0 / 3, decay: 3, epsilon: 3)),
      ("layers.2.bias", UpdateFactors(rate: 0.1, decay: 0)),
    ]
    #expect(found.count == expected.count)
    for ((name, factors), (other, wanted)) in zip(found, expected) {
      #expect(name == other && factors == wanted, "\(name) \(factors)")
    }
    #expect(throws: ConfigurationError.self) {
      try TrainingConfiguration(optimizer: .sgd).validate(for: network)
    }
  }

  @Test("NTK starts: biases are drawn, the last layer is zero")
  func ntkStart() throws {
    let network = try Network<Double>(
      sizes: [30, 400, 3], activations: [.selu, .softmax], loss: .crossEntropy, initializer: .ntk,
      isNTK: true, seed: 2)
    let (weights, biases) = network.parameters.denseTensors(of: 0)
    let square = weights.reduce(0) { $0 + $1 * $1 } / Double(weights.count)
    #expect(abs(square * 30 - 1) < 0.05)
    #expect(abs(biases.reduce(0) { $0 + $1 * $1 } / 400 - 1) < 0.4)
    #expect(network.parameters.denseTensors(of: 1).weights.allSatisfy { $0 == 0 })
  }

  @Test(
    "Starts by data: every neuron's z has deviation 1 over the rows, and its bias lies among them")
  func dataStart() throws {
    var random = RandomSource(seed: 1, purpose: .sampling)
    let rows = Matrix<Double>((0..<200).map { _ in (0..<6).map { _ in 5 * random.normal() + 3 } })
    var network = try Network<Double>(
      sizes: [6, 12, 7, 1], activations: [.mish, .mish, .identity], loss: .squaredError,
      initializer: .data, scalesInputs: true, seed: 4)
    network.start(from: rows, seed: 4)
    var workspace = Workspace(for: network, capacity: 200, keepsWeightedInputs: true)
    network.forward(
      Batch(inputs: rows, targets: Matrix<Double>(rows: 200, columns: 1)), in: &workspace)
    for layer in 1..<4 {
      let kept = workspace.weightedInputs(of: layer)
      let z = try #require(kept)
      for neuron in 0..<z.columns {
        var moments = Moments()
        for row in 0..<z.rows { moments.add(z[row, neuron]) }
        #expect(abs(moments.deviation - 1) < 1e-9)
        // z = 0 lies between the smallest and the largest, for b is less a mean of five of them.
        #expect(moments.smallest < 0 && moments.largest > 0)
      }
    }
  }

  @Test("flat-cos: whole for half of the steps, then half a cosine down to 0")
  func flatCos() {
    let schedule = RegularizationSchedule.flatCos
    for (step, factor) in [(0, 1.0), (50, 1), (75, 0.5), (100, 0)] {
      #expect(abs(schedule.factor(at: step, of: 100) - factor) < 1e-12)
    }
    #expect(RegularizationSchedule.constant.factor(at: 99, of: 100) == 1)
  }

  @Test(
    "flat-cos moves dropout and decay: a run under it has other bits, and none where there is neither"
  )
  func flatCosInRuns() throws {
    let table = try Self.table()
    func bytes(_ change: (inout TrainingConfiguration) -> Void) throws -> [UInt8] {
      var configuration = Self.configuration()
      configuration.network.hidden = [8]
      change(&configuration)
      let model = try Estimator(configuration).fit(table).model
      return try Model(network: model.network).safeTensors().bytes
    }
    for change: (inout TrainingConfiguration) -> Void in [
      { $0.noise.dropout = [0.5] }, { $0.updates.weightDecay = 1 },
    ] {
      let (constant, falling) = (
        try bytes(change),
        try bytes {
          change(&$0); $0.schedule.regularizationSchedule = .flatCos
        }
      )
      #expect(constant != falling)
    }
    let (plain, falling) = (
      try bytes { _ in }, try bytes { $0.schedule.regularizationSchedule = .flatCos }
    )
    #expect(plain == falling)
  }

  @Test(
    "Dropout of categories: as many as its probability says become unknown"
  )
  func categoryDropout() throws {
    let table = try Self.table(rows: 2000)
    let encoder = try FeatureEncoder(fitting: table, excluding: ["label"])
    let target = try TargetEncoder(fitting: table, targets: ["label"])
    let data = try Dataset<Double>.encoding(
      table, features: encoder, target: target,
      split: Split.random(count: 2000, fraction: 0, seed: 0)
    ).training
    let column = try #require(data.categories.first)
    #expect(data.categories.count == 1 && column.offset == 1)
    var regularization = StochasticRegularization(seed: 3, step: 2, categoryDropout: 0.25)
    regularization.categories = data.categories
    let network = try Network<Double>(
      sizes: [encoder.outputCount, 2], activations: [.softmax], loss: .crossEntropy)
    var workspace = Workspace(for: network, capacity: 2000, regularization: regularization)
    network.forward(data.batch, in: &workspace, under: regularization)
    let seen = workspace.copy(workspace.inputs)
    var count = 0
    for row in 0..<2000 {
      #expect(seen[row, 0] == data.inputs[row, 0])
      let levels = (1...3).map { seen[row, $0] }
      if levels == column.unknown {
        count += 1
      } else {
        #expect(levels == (1...3).map { data.inputs[row, $0] })
      }
    }
    // Five deviations of a binomial of 2000 and ¼.
    #expect(abs(count - 500) < 97)
    // An estimator asks for it where there are categories, under a rule of batches.
    #expect(
      try Estimator(Self.configuration()).fit(table).model.configuration?.noise.categoryDropout
        == NoiseSettings.defaultCategoryDropout)
    var none = Self.configuration()
    none.data.ignore = ["t"]
    #expect(try Estimator(none).fit(table).model.configuration?.noise.categoryDropout == nil)
    var all = Self.configuration()
    all.updates.optimizer = .lbfgs()
    #expect(try Estimator(all).fit(table).model.configuration?.noise.categoryDropout == nil)
  }
}
