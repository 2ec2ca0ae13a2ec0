/// What the recipe `auto` makes of a table, and why.
///
/// It is a function of the table and of what is given alone, and so are the bits of the model; where a time is
/// given, how fast the processor is decides too, and a search around the plan goes on until it is over (`RecipeSearch`).
/// The settings that it comes to are stored with the model and lead to the same bits again.
package struct RecipePlan: Equatable, Sendable {
  /// Why this recipe.
  package enum Reason: Equatable, Sendable {
    /// So few rows that a large network only learns them by heart, and folds of them say little.
    case fewRows(Int)
    /// Images of so many pixels.
    case pixels(Int)
    /// Several labels at a time, which the recipe for tables was not made for.
    case labels(Int)
    /// A rule that the recipe's form is not for.
    case rule(String)
    /// So little time that nothing else is done in it.
    case time
    /// A table of so many rows and columns.
    case table(rows: Int, columns: Int)
  }

  package let recipe: Recipe
  package let reason: Reason
  /// What asks for one network, in the words of whoever asked; nil where several are trained.
  package private(set) var oneRun: String?
  /// What of the recipe the table decides; nil for the recipe's own.
  package private(set) var members: Int?
  package private(set) var hidden: [Int]?
  package private(set) var epochs: Int?
  /// About how many multiply-adds the plan costs; nil where it was not counted.
  package private(set) var multiplyAdds: Double?
  /// The seconds that more would take, and what they would buy; nil if nothing.
  package private(set) var more: More?
  /// Whether a time was given, and no settings are tried in it.
  package var triesNothing = false

  package struct More: Equatable, Sendable {
    package let seconds: Double
    /// That of the networks; nil for a search of settings.
    package let width: Int?
  }

  /// Rows below which the plain recipe is taken.
  package static let fewestRows = 100
  /// The networks of an ensemble.
  static let fullMembers = 5
  /// The widths of three hidden layers that are tried, the best first where there is time for it.
  private static let widths = [128, 96, 64]
  /// Updates below which a longer run is worth more than a wider network.
  private static let enoughSteps = 2_500
  private static let mostEpochs = 256
  /// So many ensembles are a search that is worth its time.
  private static let trialsThatPay = 8.0
  private static let fewestEpochs = 16

  /// - Parameters:
  ///   - rows: Of the table.
  ///   - columns: That are inputs.
  ///   - task: What is to be learned, of so many target columns.
  ///   - pixels: Whether the columns are those of images.
  ///   - given: What the user says.
  ///   - oneRun: What asks for one network; nil for nothing.
  ///   - budget: What it may cost.
  init(
    rows: Int, columns: TableColumns, task: LearningTask, pixels: Bool,
    given: TrainingConfiguration, oneRun: String?, budget: @autoclosure () -> ComputeBudget
  ) {
    func plain(_ reason: Reason) -> RecipePlan { RecipePlan(recipe: .plain, reason: reason) }
    if given.updates.optimizer?.isRatioOfMoments == false {
      self = plain(.rule(given.optimizer.name))
    } else if rows < Self.fewestRows {
      self = plain(.fewRows(rows))
    } else if pixels {
      self.init(recipe: .pixels, reason: .pixels(columns.count))
    } else if task == .multilabel {
      self = plain(.labels(columns.targets))
    } else {
      self.init(recipe: .realMLP, reason: .table(rows: rows, columns: columns.count))
      self.oneRun = oneRun
      let members = oneRun == nil ? given.stopping.members ?? Self.fullMembers : 1
      if !takeSize(rows: rows, columns, given, members, budget()) { self = plain(.time) }
    }
  }

  private init(recipe: Recipe, reason: Reason) {
    self.recipe = recipe
    self.reason = reason
  }

  /// Width, epochs and members for a budget: the widest network that makes enough steps; of the narrowest as
  /// many epochs as there is time for, and then fewer members.
  ///
  /// - Returns: Whether there is time for anything.
  private mutating func takeSize(
    rows: Int, _ columns: TableColumns, _ given: TrainingConfiguration, _ most: Int,
    _ budget: ComputeBudget
  ) -> Bool {
    let batch = Double(max(1, given.updates.batchSize ?? 256))
    func cost(_ width: Int, _ members: Int) -> (ofEpoch: Double, steps: Int) {
      let learned = max(1, most > 1 ? rows - rows / most : rows * 4 / 5)
      let widths = given.network.hidden ?? [width, width, width]
      return (
        columns.multiplyAdds(hidden: widths) * Double(learned) * Double(members),
        Int((Double(learned) / batch).rounded(.up))
      )
    }
    for width in Self.widths {
      let (ofEpoch, steps) = cost(width, most)
      let epochs =
        given.schedule.epochs ?? budget.epochs(ofEpoch, members: most, atMost: Self.mostEpochs)
      let isEnough = epochs >= Self.mostEpochs || epochs * steps >= Self.enoughSteps
      let isLast = width == Self.widths.last || given.network.hidden != nil
      if given.schedule.epochs == nil {
        if !isEnough, !isLast { continue }
        if epochs < Self.fewestEpochs { break }
      } else if ofEpoch * Double(epochs) > budget.multiplyAdds(members: most) {
        continue
      }
      take(width, epochs, most, ofEpoch)
      if let wider = Self.widths.last(where: { $0 > width }), given.network.hidden == nil,
        given.schedule.epochs == nil
      {
        let (ofEpoch, steps) = cost(wider, most)
        let epochs = min(Self.mostEpochs, (Self.enoughSteps + steps - 1) / steps)
        let speed = budget.speed(members: most)
        more = More(seconds: ofEpoch * Double(epochs) / speed, width: wider)
      } else if most > 1, !budget.isGiven {
        let seconds = ofEpoch * Double(epochs) / budget.speed(members: most)
        more = More(seconds: Self.trialsThatPay * seconds, width: nil)
      }
      return true
    }
    // What is given is done, however long it takes.
    let width = Self.widths[Self.widths.count - 1]
    let fewer = given.stopping.members == nil ? [3, 1].filter { $0 <= most } : [most]
    for members in fewer {
      let ofEpoch = cost(width, members).ofEpoch
      let epochs = budget.epochs(
        ofEpoch, members: members, atMost: given.schedule.epochs ?? Self.mostEpochs)
      let isAsked = given.schedule.epochs != nil || given.stopping.members != nil
      if epochs >= given.schedule.epochs ?? Self.fewestEpochs
        || members == fewer.last && (isAsked || !budget.isGiven)
      {
        take(width, given.schedule.epochs ?? max(epochs, 1), members, ofEpoch)
        return true
      }
    }
    return false
  }

  private mutating func take(_ width: Int, _ epochs: Int, _ members: Int, _ ofEpoch: Double) {
    hidden = [width, width, width]
    self.epochs = epochs
    self.members = members > 1 ? members : nil
    multiplyAdds = ofEpoch * Double(epochs)
  }

  /// The settings of the recipe as the plan has them.
  func settings(task: LearningTask, rows: Int?) -> TrainingConfiguration {
    var settings = recipe.settings(task: task, rows: rows)
    if let hidden { settings.network.hidden = hidden }
    if let epochs { settings.schedule.epochs = epochs }
    settings.stopping.members = members
    return settings
  }
}

/// What a fit may cost.
package struct ComputeBudget: Equatable, Sendable {
  private let seconds: Double
  /// How many multiply-adds a thread does in a second, as `TableColumns` counts them.
  private let speedOfThread: Double
  private let threads: Int
  /// Whether somebody gave a time.
  let isGiven: Bool

  /// What a default fit takes on two cores of the slowest machine at hand (AVX2, 102 GFLOP/s a core): 10 seconds
  /// for up to 5,000 rows, 60 for 50,000, and from there on by the root of the rows.
  static func usual(rows: Int) -> ComputeBudget {
    let rows = Double(rows)
    let seconds =
      rows <= 5_000
      ? 10 : rows <= 50_000 ? 10 + (rows - 5_000) / 900 : 60 * (rows / 50_000).squareRoot()
    return ComputeBudget(seconds: seconds, speedOfThread: 36e9, threads: 2, isGiven: false)
  }

  /// - Parameters:
  ///   - speedOfThread: Multiply-adds of one thread in a second.
  ///   - threads: At least 1.
  init(seconds: Double, speedOfThread: Double, threads: Int, isGiven: Bool = true) {
    self.seconds = seconds
    self.speedOfThread = speedOfThread
    self.threads = threads
    self.isGiven = isGiven
  }

  /// How many multiply-adds are done in a second where so many networks are trained, a thread each, and a thread
  /// that is done takes the next. Of one network two threads share the steps; more bring little.
  func speed(members: Int) -> Double {
    let workers = min(threads, max(members, 1))
    let rounds = (max(members, 1) - 1) / workers + 1
    return speedOfThread
      * (members > 1 ? Double(members) / Double(rounds) : Double(min(threads, 2)))
  }

  func multiplyAdds(members: Int) -> Double { seconds * speed(members: members) }

  /// How many epochs it is enough for that cost so much each.
  func epochs(_ multiplyAddsOfEpoch: Double, members: Int, atMost most: Int) -> Int {
    guard multiplyAddsOfEpoch > 0 else { return most }
    return Int(min(Double(most), multiplyAdds(members: members) / multiplyAddsOfEpoch))
  }
}

/// The columns of a table, as far as they decide what a network of them costs.
package struct TableColumns: Equatable, Sendable {
  let numbers: Int
  let others: Int
  let targets: Int

  var count: Int { numbers + others }

  /// - Parameters:
  ///   - targets: The names of the columns to learn.
  ///   - others: Those of further columns that are no inputs.
  init(of table: Table, targets: [String], others: [String] = []) {
    let targets = Set(targets)
    let none = targets.union(others)
    let inputs = table.columns.filter { !$0.isIgnored && !none.contains($0.name) }
    numbers = inputs.count { $0.kind == .numeric || $0.kind == .date }
    self.others = inputs.count - numbers
    self.targets = targets.count
  }

  /// About what one row costs in a step of the recipe for tables, in multiply-adds: three products, and what
  /// elements, waves and scales take in the time of so many. Measured, `Benchmarks/README.md`.
  func multiplyAdds(hidden: [Int]) -> Double {
    let inputs = ColumnsLayer.waveOutputs * numbers + 5 * others
    let widths = [inputs] + hidden
    // Widths may be any numbers.
    let products = zip(widths, hidden).reduce(0) { $0 + Double($1.0) * Double($1.1) }
    let neurons = hidden.reduce(0) { $0 + Double($1) }
    return 3 * products + 300 * neurons + Double(1_400 * numbers + 100 * inputs)
  }
}

extension Network {
  /// How many multiply-adds of a step of training one thread does in a second, as `TableColumns` counts them,
  /// found by making steps.
  static func measuredSpeed(_ columns: TableColumns) -> Double {
    let (width, rows) = (128, 256)
    let numbers = min(max(columns.numbers, 1), 64)
    let inputs = numbers + min(5 * columns.others, 256)
    var parts: [ColumnsLayer.Part] = [.waves(inputs: numbers)]
    if inputs > numbers { parts.append(.identity(inputs: inputs - numbers)) }
    guard
      var network = try? Network(
        sizes: [inputs, width, width, width, 1], activations: [.mish, .mish, .mish, .identity],
        loss: .squaredError, reduction: .mean, dropout: [0.15, 0.15, 0.15],
        initializer: .lecunNormal,
        normalizations: [], isParametric: true, columns: parts, scalesInputs: true, isNTK: true,
        seed: 0)
    else { return 1e9 }
    var random = RandomSource(seed: 0, purpose: .sampling)
    var x = Matrix<T>(rows: rows, columns: inputs)
    for row in 0..<rows { for column in 0..<inputs { x[row, column] = T(random.normal()) } }
    let batch = Batch(inputs: x, targets: Matrix<T>(rows: rows, columns: 1))
    let regularization = StochasticRegularization(seed: 0)
    var workspace = Workspace(for: network, capacity: rows, regularization: regularization)
    var gradient = network.makeGradient()
    var optimizer = Optimizer<T>(rule: .adamW(), for: network.parameters.layout)
    let clock = ContinuousClock()
    let ofRow = TableColumns(numbers: numbers, others: (inputs - numbers) / 5)
      .multiplyAdds(hidden: [width, width, width])
    // The first steps warm the caches and the clock of the processor.
    var (steps, start) = (0, clock.now)
    while true {
      network.forward(batch, in: &workspace, under: regularization)
      network.backward(in: &workspace, into: &gradient)
      optimizer.update(&network.parameters, along: gradient, rate: 1e-3)
      steps += 1
      if steps == 3 { start = clock.now }
      let taken = (clock.now - start) / .seconds(1)
      if steps > 3, taken > 0.1 { return ofRow * Double((steps - 3) * rows) / taken }
    }
  }
}

extension TableColumns {
  fileprivate init(numbers: Int, others: Int) {
    (self.numbers, self.others, targets) = (numbers, others, 1)
  }
}
