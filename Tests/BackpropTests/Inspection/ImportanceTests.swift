import Testing

@testable import Backprop
@testable import BackpropInspection

@Suite("Permutation importance and partial dependence")
struct ImportanceTests {
  /// y = w · x + b as a network of Doubles.
  private static func linear(_ weights: [Double], bias: Double = 0) throws -> Network<Double> {
    var network = try Network<Double>(
      sizes: [weights.count, 1], activations: [.identity], loss: .squaredError)
    network.parameters.setTensors(of: 0, weights: weights, biases: [bias])
    return network
  }

  private static func columns(_ names: String...) -> [InputColumn] {
    names.enumerated().map { InputColumn(name: $1, feature: nil, inputs: $0..<($0 + 1)) }
  }

  private static func rows(_ count: Int, _ row: (Int) -> [Double]) -> [[Double]] {
    (0..<count).map(row)
  }

  /// The importance of the columns of members whose mean is right on all rows.
  private static func importance(
    _ networks: [Network<Double>], _ columns: [InputColumn], _ inputs: [[Double]],
    targets: [Double]? = nil, metric: Metric = .loss, repeats: Int = 10, seed: UInt64 = 0,
    weights: [Double]? = nil, threads: Int = 1
  ) throws -> PermutationImportance {
    let model = Model(members: networks.map { .double($0) })
    let x = Matrix(inputs)
    let targets = targets.map { Matrix($0.map { [$0] }) } ?? networks[0].predictions(for: x)
    var options = PermutationImportance.Options(metric: metric)
    (options.repeats, options.seed) = (repeats, seed)
    return try PermutationImportance(
      of: model, networks[0], columns: columns,
      on: Dataset(inputs: x, targets: targets, weights: weights),
      metrics: .regression(scales: [1]), options: options, pool: ThreadPool.of(threads))
  }

  private static func drops(_ result: PermutationImportance, of name: String) -> [Double] {
    result.columns.first { $0.column.name == name }?.drops ?? []
  }

  @Test("Two rows of y = 2a: a permutation changes nothing, or adds RMSE 2")
  func twoRows() throws {
    // Swapped, both rows are wrong by 2 (1 − 0): RMSE √((4 + 4) / 2) = 2. Else 0.
    let result = try Self.importance(
      [Self.linear([2, 0])], Self.columns("a", "b"), [[0, 5], [1, 7]], metric: .rmse, repeats: 40)
    let a = Self.drops(result, of: "a")
    #expect(result.baseline == 0 && Set(a) == [0, 2])
    // k of 40 drops are 2: mean k/20, and the sample variance of them n/(n − 1) · 4 p (1 − p).
    let p = Double(a.count { $0 == 2 }) / 40
    let half = 2.0226909200367604 * (40.0 / 39 * 4 * p * (1 - p) / 40).squareRoot()
    let interval = result.columns[0].interval
    #expect(result.columns[0].column.name == "a" && result.columns[0].importance == 2 * p)
    #expect(abs(interval.low - (2 * p - half)) < 1e-6 && abs(interval.high - (2 * p + half)) < 1e-6)
    // Not looked at: exactly 0, and so is its interval.
    #expect(Self.drops(result, of: "b") == [Double](repeating: 0, count: 40))
    #expect(result.columns[1].interval == (0, 0))
  }

  @Test("A linear model's loss ½ (a − y)² rises by w² Var(x) on average, for each column its own")
  func linearModel() throws {
    // E ½ (w xπ − w x)² = ½ w² · 2 Var(x), and Var(±1) = 1: 4 for w = 2, 9 for w = −3.
    let rows = Self.rows(64) { row in
      [row % 2 == 0 ? 1.0 : -1, row / 2 % 2 == 0 ? 1.0 : -1, Double(row)]
    }
    let network = try Self.linear([2, -3, 0], bias: 1)
    var held = [0, 0, 0]
    for seed in 0..<200 as Range<UInt64> {
      let result = try Self.importance(
        [network], Self.columns("a", "b", "c"), rows, repeats: 20, seed: seed)
      #expect(result.columns.map(\.column.name) == ["b", "a", "c"] && result.baseline == 0)
      for (index, expected) in [9.0, 4, 0].enumerated() {
        let interval = result.columns[index].interval
        #expect(interval.high - interval.low <= 0.25 * expected)
        if interval.low <= expected, expected <= interval.high { held[index] += 1 }
      }
    }
    // Of 200 intervals of 95 % about 190 hold what they are of, ± 3 √(200 · 0.95 · 0.05) = 9.
    #expect((181...199).contains(held[0]) && (181...199).contains(held[1]) && held[2] == 200)
    // The same permutation r for every column: b's loss is (3/2)² that of a column of a's values.
    let twins = try Self.importance(
      [Self.linear([2, -3])], Self.columns("a", "b"), rows.map { [$0[0], $0[0]] })
    #expect(
      zip(Self.drops(twins, of: "a"), Self.drops(twins, of: "b")).allSatisfy { $0 * 9 == $1 * 4 })
  }

  @Test("A metric of which more is better falls, and a column that does harm is negative")
  func direction() throws {
    let rows = Self.rows(50) { row in [Double(row * 7 % 50), Double(row * 11 % 50)] }
    let good = try Self.importance(
      [Self.linear([1, 0])], Self.columns("a", "b"), rows, metric: .r2)
    // R² = 1, and 1 − 2 Var / Var = −1 on average of a permuted one: falls by 2.
    #expect(good.baseline == 1)
    #expect(good.columns[0].interval.low <= 2 && good.columns[0].interval.high >= 2)
    // y = −a, where the model says a.
    let bad = try Self.importance(
      [Self.linear([1, 0])], Self.columns("a", "b"), rows, targets: rows.map { -($0[0] - 24.5) },
      metric: .mae)
    #expect(bad.columns.map(\.column.name) == ["b", "a"] && bad.columns[1].interval.high < 0)
    let once = try Self.importance(
      [Self.linear([1, 0])], Self.columns("a", "b"), rows, repeats: 1)
    #expect(once.columns[0].importance > 0 && once.columns[0].interval.low.isNaN)
  }

  @Test("Order and number of columns change no importance; a seed gives one result, another others")
  func streams() throws {
    let rows = Self.rows(40) { row in [Double(row * 7 % 32) / 32, Double(row * 3 % 32) / 32, 1] }
    let all = try Self.importance(
      [Self.linear([2, -1, 3])], Self.columns("a", "b", "c"), rows)
    let turned = try Self.importance(
      [Self.linear([-1, 2])], Self.columns("b", "a"), rows.map { [$0[1], $0[0]] })
    for name in ["a", "b"] {
      #expect(Self.drops(all, of: name) == Self.drops(turned, of: name))
    }
    // All its values are the same.
    #expect(Set(Self.drops(all, of: "c")) == [0])
    let other = try Self.importance(
      [Self.linear([2, -1, 3])], Self.columns("a", "b", "c"), rows, seed: 1)
    #expect(Self.drops(all, of: "a") != Self.drops(other, of: "a"))
  }

  @Test("Threads change no bit, and an ensemble is the model that its mean is")
  func threadsAndMembers() throws {
    let rows = Self.rows(3000) { row in
      [7, 11, 15, 19].map { (step: Int) in Double(row * step % 64) / 64 }
    }
    let deep = try Network<Double>(
      sizes: [4, 16, 16, 1], activations: [.tanh, .tanh, .identity], loss: .squaredError, seed: 3)
    let names = Self.columns("a", "b", "c", "d")
    func drops(_ result: PermutationImportance) -> [[Double]] { result.columns.map(\.drops) }
    let one = try Self.importance([deep], names, rows, repeats: 3)
    let two = try Self.importance([deep], names, rows, repeats: 3, threads: 2)
    #expect(drops(one) == drops(two) && one.columns.allSatisfy { $0.importance > 0 })
    // Of y = x · (2, 4, 0, 0) and x · (4, 0, 0, 2) the mean is x · (3, 2, 0, 1), exactly.
    let members = try [Self.linear([2, 4, 0, 0]), Self.linear([4, 0, 0, 2])]
    let mean = try Self.linear([3, 2, 0, 1])
    let y = mean.predictions(for: Matrix(rows)).elements.map { $0[0] }
    let ensemble = try Self.importance(members, names, rows, targets: y, threads: 2)
    #expect(drops(ensemble) == drops(try Self.importance([mean], names, rows)))
    #expect(ensemble.columns.map(\.column.name) == ["a", "b", "d", "c"])
  }

  @Test("A row of weight 2 counts as two where what is permuted is the same")
  func weights() throws {
    // The rows of weight 0 are there to be permuted, and are not judged.
    let rows: [[Double]] = [[1], [3], [3], [1]]
    let result = try Self.importance(
      [Self.linear([1])], Self.columns("a"), rows, metric: .rmse, repeats: 30,
      weights: [2, 0, 0, 2])
    // Rows 0 and 3 are wrong by 2 where they get a 3: RMSE of none, one or both of them.
    #expect(Set(Self.drops(result, of: "a")).isSubset(of: [0, 2.0.squareRoot(), 2]))
  }

  // MARK: Columns of a table

  private let files: DataFixture

  init() throws { files = try DataFixture() }

  private func table() throws -> Table {
    var text = "size,gap,island,open,day,y\n"
    for row in 0..<90 {
      let gap = row % 4 == 0 ? "" : "\(row % 5)"
      let island = ["Dream", "Biscoe", "Rum"][row % 3]
      let size = "\(Double(row * 7 % 30 + 391) / 10)"
      let open = row % 2 == 0 ? "yes" : "no"
      let y = row * 7 % 30 + (row % 3 == 0 ? 100 : 0)
      text += "\(size),\(gap),\(island),\(open),2024-0\(row % 9 + 1)-1\(row % 7),\(y)\n"
    }
    return try files.table(text)
  }

  private func fitted() throws -> (model: Model, coders: ModelData) {
    var configuration = TrainingConfiguration(epochs: 2, seed: 1)
    configuration.recipe = .plain
    configuration.data.target = ["y"]
    configuration.network.hidden = [4]
    let model = try Estimator(configuration, threads: 1).fit(table()).model
    return (model, try model.coders(for: table(), targets: []))
  }

  @Test("All inputs of a column move together, so that each row stays one of its kind")
  func groups() throws {
    let (_, coders) = try fitted()
    let columns = try InputColumn.all(of: coders, in: table())
    #expect(columns.map(\.name) == ["size", "gap", "island", "open", "day"])
    #expect(columns.map(\.inputs.count) == [1, 2, 3, 1, columns[4].inputs.count])
    #expect(columns[4].inputs.upperBound == coders.encoder?.outputCount)
    // The sum of one-hot inputs is 1 whatever the level: moved together they change nothing.
    let dataset = try Dataset<Double>(
      encoding: table(), features: #require(coders.encoder), target: coders.target)
    var weights = [Double](repeating: 0, count: dataset.inputs.columns)
    for input in columns[2].inputs { weights[input] = 5 }
    let result = try Self.importance(
      [Self.linear(weights)], columns, dataset.inputs.elements)
    #expect(result.columns.allSatisfy { Set($0.drops) == [0] })
  }

  @Test("A grid has the numbers of the file, levels, words, and what is missing; a date has none")
  func grids() throws {
    let (_, coders) = try fitted()
    let dataset = try Dataset<Float>(
      encoding: table(), features: #require(coders.encoder), target: coders.target)
    let columns = try InputColumn.all(of: coders, in: table())
    func values(_ column: Int) -> [ColumnValue] {
      columns[column].grid(of: dataset.inputs).values.map(\.value)
    }
    // 30 sizes, 3 rows each: 39.1, 39.2, … 42; the quantile p is that of place 89 p, rounded: 4, 9, 18, 27, …
    #expect(
      values(0)
        == [39.2, 39.4, 39.7, 40, 40.3, 40.6, 40.8, 41.1, 41.4, 41.7, 41.9].map {
          .number($0)
        })
    #expect(values(1) == [0, 1, 2, 3, 4].map { .number($0) } + [.missing])
    #expect(values(2) == [.label("Biscoe"), .label("Dream"), .label("Rum")])
    #expect(values(3) == [.label("no"), .label("yes")])
    #expect(columns.map(\.hasGrid) == [true, true, true, true, false] && values(4).isEmpty)
    // Each is encoded as the encoder does it.
    let row = try #require(
      columns[0].grid(of: dataset.inputs).values.first { $0.value == .number(41.9) })
    #expect((0..<90).contains { dataset.inputs[$0, 0] == row.inputs[0] })
    #expect(columns[1].grid(of: dataset.inputs).values.last?.inputs == [0, 1])
  }

  @Test(
    "Grids under robust scaling: the numbers of the file, and the inputs that the encoder makes of them"
  )
  func robustGrids() throws {
    let table = try Table(columns: [
      ("x", .numbers([1.5, 2.25, 3, 4, 50])), ("t", .texts(["a", "b", "a", "c", "a"])),
      ("b", .texts(["yes", "no", "yes", "yes", "yes"])),
    ])
    let encoder = try FeatureEncoder(fitting: table, excluding: [], scaling: .robust)
    let target = try TargetEncoder(fitting: table, targets: ["x"])
    let inputs: Matrix<Float> = try encoder.encode(table)
    let columns = try InputColumn.all(of: ModelData(encoder: encoder, target: target), in: table)
    let grids = columns.map { $0.grid(of: inputs).values }
    #expect(grids[0].map(\.value) == [1.5, 2.25, 3, 4, 50].map { .number($0) })
    let wild = try Table(columns: [("x", .numbers([1, 2, 3, 4, 5, 6, 7, 12_345, 1_000_000]))])
    let robust = try FeatureEncoder(fitting: wild, excluding: [], scaling: .robust)
    let far: Matrix<Float> = try robust.encode(wild)
    let column = try InputColumn.all(of: ModelData(encoder: robust, target: target), in: wild)[0]
    #expect(column.grid(of: far).values.map(\.value) == (1...7).map { .number(Double($0)) })
    for (column, grid) in zip(columns, grids) {
      for value in grid {
        let made = (0..<5).contains { row in
          column.inputs.map { inputs[row, $0] } == value.inputs
        }
        #expect(made, "\(column.name) \(value)")
      }
    }
  }

  @Test("The dependence of a linear model is its line, in the target's unit")
  func dependence() throws {
    let (_, coders) = try fitted()
    let table = try table()
    let encoder = try #require(coders.encoder)
    let dataset = try Dataset<Double>(encoding: table, features: encoder, target: coders.target)
    // a = size (standardised), so that y = mean + deviation · size; the inputs of others add nothing.
    var weights = [Double](repeating: 0, count: dataset.inputs.columns)
    weights[0] = 1
    let model = Model(
      network: .double(try Self.linear(weights)), encoder: encoder, targetEncoder: coders.target)
    let columns = try InputColumn.all(of: coders, in: table)
    let result = try PartialDependence(
      of: model, on: columns[0], for: dataset, target: coders.target)
    #expect(result.meaning == .value && result.outputs == ["y"] && result.points.count == 11)
    let ends = (result.points[0].means[0], result.points[10].means[0])
    // The 10 steps are not equal, but slopes are: (41.9 − 39.2) against (39.4 − 39.2).
    let slope = (result.points[1].means[0] - ends.0) / (39.4 - 39.2)
    #expect(abs((ends.1 - ends.0) / (41.9 - 39.2) / slope - 1) < 1e-9 && slope > 0)
    let flat = try PartialDependence(
      of: model, on: columns[2], for: dataset, target: coders.target)
    #expect(flat.points.count == 3 && flat.span(of: 0) == 0 && flat.leftOut == 0)
  }

  @Test("What cannot be permuted or judged is refused")
  func refusals() throws {
    let network = try Self.linear([1])
    #expect(throws: DataError.self) {
      try Self.importance([network], Self.columns("a"), [[1]])
    }
    // R² of a constant target.
    #expect(throws: DataError.self) {
      try Self.importance(
        [network], Self.columns("a"), [[1], [2]], targets: [3, 3], metric: .r2)
    }
  }

  // MARK: scikit-learn

  private struct Document: Decodable {
    struct Importance: Decodable {
      let metric: String
      let mean: [Double]
      let deviation: [Double]
      /// Of the mean.
      let error: [Double]
    }
    struct Dependence: Decodable {
      let grid: [Double]
      /// `[output][value]`.
      let average: [[Double]]
    }
    struct Case: Decodable {
      let name: String
      let importance: [Importance]
      let dependence: [Dependence]
      private enum CodingKeys: String, CodingKey { case name, importance, dependence }
      let network: ReferenceNetwork

      init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        name = try container.decode(String.self, forKey: .name)
        importance = try container.decode([Importance].self, forKey: .importance)
        dependence = try container.decode([Dependence].self, forKey: .dependence)
        network = try ReferenceNetwork(from: decoder)
      }
    }
    let cases: [Case]
  }

  @Test("Importance is scikit-learn's within the intervals, and dependence to 1e-12")
  func reference() throws {
    let (seeds, repeats) = (10, 20)
    var (held, all) = (0, 0)
    for reference in try fixture("sklearn_permutation_importance", as: Document.self).cases {
      let network: Network<Double> = try reference.network.network()
      let isOfClasses = network.outputCount > 1
      let model = Model(network: .double(network))
      let dataset = Dataset(
        inputs: Matrix(reference.network.inputs), targets: Matrix(reference.network.targets))
      let columns = Self.columns("0", "1", "2", "3")
      for expected in reference.importance {
        var drops = [[Double]](repeating: [], count: columns.count)
        for seed in 0..<seeds {
          var options = PermutationImportance.Options(metric: try #require(Metric(expected.metric)))
          (options.repeats, options.seed) = (repeats, UInt64(seed))
          let found = try PermutationImportance(
            of: model, network, columns: columns, on: dataset,
            metrics: isOfClasses
              ? .classification(probabilities: true) : .regression(scales: [1]), options: options)
          for column in found.columns {
            let index = column.column.inputs.lowerBound
            let (mean, error) = (expected.mean[index], expected.error[index])
            drops[index] += column.drops
            all += 1
            let interval = column.interval
            if interval.low - error <= mean, mean <= interval.high + error { held += 1 }
          }
        }
        for (index, drops) in drops.enumerated() {
          let all = PermutationImportance.Column(column: columns[index], drops: drops)
          let own = expected.deviation[index] / Double(drops.count).squareRoot()
          let error = expected.error[index]
          #expect(
            abs(all.importance - expected.mean[index])
              <= 4 * (own * own + error * error).squareRoot(),
            "\(reference.name), \(expected.metric), column \(index)")
          // t = 1.97 of 199 degrees; the deviation of 200 numbers is ± 5 % itself, 4 times of which is 0.8.
          #expect(abs(all.interval.high - all.interval.low - 2 * 1.97 * own) <= 0.8 * own)
        }
      }
      let target =
        isOfClasses
        ? try TargetEncoder(
          fitting: Table(columns: [("y", .texts(["a", "b", "c"]))]), targets: ["y"])
        : try TargetEncoder(
          fitting: Table(columns: [("y", .numbers([1.5, 2]))]), targets: ["y"],
          task: .regression, coding: .raw)
      for (column, expected) in zip(columns, reference.dependence) {
        let found = try PartialDependence(of: model, on: column, for: dataset, target: target)
        #expect(found.points.map(\.value) == expected.grid.map { .number($0) })
        for (output, average) in expected.average.enumerated() {
          #expect(relativeDifference(found.points.map { $0.means[output] }, average) <= 1e-12)
        }
      }
    }
    // 40 of a column that is not looked at are 0; of the others 95 % hold the mean, 114 of 120.
    #expect(all == 160 && (146...159).contains(held), "\(held)")
  }

  @Test("Student's quantiles are those of the tables")
  func quantiles() {
    for (degrees, expected) in [
      (1, 12.706204736432095), (9, 2.2621571628540993), (10, 2.2281388519649385),
      (19, 2.093024054408263), (29, 2.045229642132703), (1_000_000, 1.9599663569),
    ] {
      let found = PermutationImportance.Column.studentQuantile(degrees)
      #expect(abs(found / expected - 1) < 4e-6, "\(degrees)")
    }
  }
}
