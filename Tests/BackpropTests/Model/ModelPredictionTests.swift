import Foundation
import Testing

@testable import Backprop

@Suite("A model predicts")
struct ModelPredictionTests {
  /// Numbers, one of them often missing; a number that is a category; a text; two classes.
  private static let table: Table = {
    let rows = 120
    func column(_ value: (Int) -> Double) -> TableValues { .numbers((0..<rows).map(value)) }
    do {
      return try Table(
        columns: [
          ("length", column { Double($0 % 17) / 3 }),
          ("mass", column { $0 % 5 == 0 ? .nan : Double($0 % 11) * 1e3 }),
          (
            "island", .texts((0..<rows).map { $0 % 7 == 0 ? nil : ["Dream", "Torgersen"][$0 % 2] })
          ),
          ("grade", .texts((0..<rows).map { "\($0 % 3).0" })),
          ("constant", column { _ in 4 }),
          ("kind", .texts((0..<rows).map { $0 % 17 > 8 ? "long" : "short" })),
          ("price", column { Double($0 % 17) * 100 + Double($0 % 3) }),
        ])
    } catch {
      preconditionFailure("\(error)")
    }
  }()

  private static func model(
    _ target: String, ignoring other: String, precision: Precision = .float
  ) throws -> Model {
    var configuration = TrainingConfiguration(epochs: 3, seed: 1)
    configuration.recipe = .plain
    configuration.data.target = [target]
    configuration.network.hidden = [6]
    configuration.network.precision = precision
    let columns = table.columns.map(\.name).filter { $0 != other }
    return try Estimator(configuration, threads: 1).fit(selecting(columns)).model
  }

  /// The table with some of its columns.
  private static func selecting(_ names: [String]) throws -> Table {
    guard case .memory(let values) = table.source else { preconditionFailure("in memory") }
    return try Table(
      memory: zip(table.columns, values).map { ($0.name, $1) }.filter { names.contains($0.0) },
      rowCount: table.rowCount, categorical: ["grade"])
  }

  /// A row of the table as a program has it.
  private static func row(_ row: Int, without names: Set<String>) -> [String: Cell] {
    guard case .memory(let values) = table.source else { preconditionFailure("in memory") }
    var cells: [String: Cell] = [:]
    for (column, values) in zip(table.columns, values) where !names.contains(column.name) {
      switch values {
      case .texts(let texts): cells[column.name] = texts[row].map { .text($0) } ?? .missing
      default: cells[column.name] = .number(values.number(row))
      }
    }
    return cells
  }

  @Test(
    "A row by itself is answered as in a table, to the bit: classes and numbers, both precisions",
    arguments: [Precision.float, .double])
  func rows(precision: Precision) throws {
    for (target, other) in [("kind", "price"), ("price", "kind")] {
      let model = try Self.model(target, ignoring: other, precision: precision)
      let all = try model.predict(Self.table, threads: 2)
      #expect(all.count == 120 && all.indices == 0..<120)
      for index in [0, 1, 7, 35, 119] {
        let row = Self.row(index, without: ["kind", "price"])
        let answer = try model.predict(row)
        #expect(answer.label == all[index].label && answer.values == all[index].values)
        #expect(answer.probabilities == all[index].probabilities)
        #expect(answer.labels == [target: answer.label] && answer.description == answer.label)
        // The target may be there.
        #expect(try model.predict(Self.row(index, without: [other])).label == answer.label)
        // A number in other digits, and one that is spelled out, are the same.
        var spelled = row
        if case .text(let grade) = row["grade"] { spelled["grade"] = .number(Double(grade) ?? 0) }
        if case .number(let length) = row["length"] { spelled["length"] = .text("\(length)") }
        #expect(try model.predict(spelled).probabilities == answer.probabilities)
      }
      let isNumber = target == "price"
      #expect(try model.predict(Self.row(0, without: [other])).value.isNaN != isNumber)
      let evaluation = try model.evaluate(Self.table)
      #expect(evaluation.examples == 120 && evaluation.loss.isFinite)
      #expect(evaluation.description.hasPrefix(isNumber ? "RMSE " : "accuracy "))
    }
  }

  private struct Row: Encodable {
    enum Island: String, Encodable { case dream = "Dream" }
    var length: Float = 2.5
    var mass: Double?
    var island: Island? = .dream
    var grade = 1
    var constant: UInt8 = 4
  }

  private struct Wide: Encodable {
    enum Grade: Int128, Encodable { case first = 1 }
    var length = Decimal(2.5)
    var mass: Int128?
    var island: String? = "Dream"
    var grade = Grade.first
    var constant: UInt128? = 4
  }

  @Test("The keys of a value are its columns, and what is nil is missing")
  func encodable() throws {
    let model = try Self.model("kind", ignoring: "price")
    let row: [String: Cell] = [
      "length": 2.5, "mass": nil, "island": "Dream", "grade": 1, "constant": 4,
    ]
    #expect(try model.predict(Row()).probabilities == model.predict(row).probabilities)
    let lost = try model.predict(Row(island: nil)).probabilities
    #expect(lost != (try model.predict(row).probabilities))
    #expect(try model.predict(Optional(Row())).probabilities == model.predict(row).probabilities)
    #expect(try model.predict(Long()).probabilities == model.predict(row).probabilities)
    #expect(try model.predict(Wide()).probabilities == model.predict(row).probabilities)
    #expect(try model.predict(Wide(island: nil)).probabilities == lost)
    struct List: Encodable { var length = [1.0] }
    struct Inside: Encodable {
      struct Part: Encodable { var a = 1 }
      var island = Part()
    }
    struct Dated: Encodable { var grade = Date(timeIntervalSince1970: 0) }
    let errors = [
      #expect(throws: DataError.self) { try model.predict(List()) },
      #expect(throws: DataError.self) { try model.predict(Inside()) },
      #expect(throws: DataError.self) { try model.predict(Dated()) },
      #expect(throws: DataError.self) { try model.predict([Row()]) },
      #expect(throws: DataError.self) { try model.predict(3.0) },
    ]
    #expect(errors.map { $0?.column } == ["length", "island", "grade", nil, nil])
    #expect(
      errors.map { $0?.problem } == [
        "the value is a list", "the value has several parts",
        "the value is a date, which a file has as a text or a number", "the value is a list",
        "the value is no row",
      ])
  }

  /// A class above a class has columns of the same row.
  private class Short: Encodable {
    var length = 2.5
    var mass: Double?
    var island = "Dream"

    init() {}
    private enum Key: CodingKey { case length, mass, island }
    func encode(to encoder: any Encoder) throws {
      var row = encoder.container(keyedBy: Key.self)
      try row.encode(length, forKey: .length)
      try row.encodeIfPresent(mass, forKey: .mass)
      try row.encode(island, forKey: .island)
    }
  }

  private final class Long: Short {
    private enum Key: CodingKey { case grade, constant }
    override func encode(to encoder: any Encoder) throws {
      var row = encoder.container(keyedBy: Key.self)
      try row.encode(1, forKey: .grade)
      try row.encode(4, forKey: .constant)
      try super.encode(to: row.superEncoder())
    }
  }

  @Test("A value of a program is the category that a file spells so")
  func spelling() throws {
    let wide = ["9007199254740992", "9007199254740993"]
    let texts: (([String]) -> TableValues) = { names in
      .texts((0..<60).map { names[$0 % 2] })
    }
    let table = try Table(columns: [
      ("code", texts(wide)), ("share", texts(["0.7x", "0.7"])), ("flag", texts(["False", "True"])),
      ("y", texts(["p", "q"])),
    ])
    var configuration = TrainingConfiguration(epochs: 1, seed: 1)
    configuration.recipe = .plain
    configuration.data.target = ["y"]
    let model = try Estimator(configuration, threads: 1).fit(table).model
    struct Row: Encodable {
      var code: UInt64 = 9_007_199_254_740_993
      var share: Float = 0.7
      var flag = true
    }
    let expected = try model.predict(table)[1].probabilities
    #expect(
      try model.predict(["code": .text(wide[1]), "share": "0.7", "flag": "True"]).probabilities
        == expected)
    #expect(try model.predict(Row()).probabilities == expected)
    #expect(
      try model.predict(["code": .text(" \(wide[1])"), "share": "0.7 ", "flag": true]).probabilities
        == expected)
  }

  @Test("What is not given, no column or no value of one is refused by its name")
  func refused() throws {
    let model = try Self.model("kind", ignoring: "price")
    let row = Self.row(1, without: ["kind", "price"])
    func message(_ change: (inout [String: Cell]) -> Void) -> String {
      var row = row
      change(&row)
      do {
        _ = try model.predict(row)
        return "nothing"
      } catch { return "\(error)" }
    }
    #expect(message { _ in } == "nothing")
    #expect(
      message { $0["mass"] = nil }.contains("\"mass\" is not given; where its value is missing"))
    #expect(
      message {
        $0["mass"] = nil
        $0["mas"] = 1
      }.contains("is it the one named \"mas\"?"))
    #expect(message { $0["lenght"] = 1 }.contains("no column \"lenght\"; did you mean \"length\"?"))
    #expect(message { $0["length"] = "4x" }.contains("column \"length\": \"4x\" is not a number"))
    #expect(message { $0["length"] = .number(.infinity) }.contains("not a finite number"))
    #expect(message { $0["length"] = .number(1e300) }.contains("too large for numbers of float"))
    #expect(message { $0["length"] = "NA" } == "nothing")
    #expect(message { $0["length"] = " 2.5 " } == "nothing")
    // What training did not see is unknown, as in a table.
    #expect(message { $0["island"] = "Elsewhere" } == "nothing")
    #expect(message { $0["island"] = 3.5 } == "nothing")
  }

  @Test("Arrays are rows in the order of the columns, or inputs where there is no encoder")
  func arrays() throws {
    var configuration = TrainingConfiguration(epochs: 2, seed: 1)
    configuration.recipe = .plain
    configuration.data.target = ["price"]
    let model = try Estimator(configuration, threads: 1).fit(
      Self.selecting(["length", "mass", "price"])
    ).model
    let rows: [[Double]] = [[2, .nan], [1.5, 3000]]
    let found = try model.predict(rows)
    for (index, row) in rows.enumerated() {
      let named: [String: Cell] = ["length": .number(row[0]), "mass": .number(row[1])]
      #expect(try model.predict(named).value == found[index].value)
    }
    #expect(try model.predict([[Double]]()).isEmpty)
    #expect(try model.predict([[2, 3]]).count == 1)
    #expect(try model.predict(rows, threads: 1_000_000)[0].value == found[0].value)
    #expect(throws: DataError.self) { try model.predict([[1.0]]) }
    let network = try Network<Double>(
      sizes: [2, 3], activations: [.identity], loss: .squaredError, seed: 1)
    let plain = Model(network: .double(network))
    let outputs = network.predictions(for: Matrix([[1, 2]]))
    #expect(
      try plain.predict([[1.0, 2.0]])[0].values == [
        "0": outputs[0, 0], "1": outputs[0, 1], "2": outputs[0, 2],
      ])
    let error = #expect(throws: DataError.self) { try plain.predict(["a": 1]) }
    #expect(error?.message.contains("knows no columns") ?? false)
  }

  @Test("Members of an ensemble are averaged, and make one file")
  func members() throws {
    let first = try Self.model("kind", ignoring: "price")
    guard case .float(let network) = first.network else { preconditionFailure("a float") }
    let members = [network, network.freshlyDrawn(seed: 5), network.freshlyDrawn(seed: 6)]
    let model = Model(
      members: members.map { .float($0) }, encoder: first.encoder,
      targetEncoder: first.targetEncoder, configuration: first.configuration)
    let read = try Model(bytes: model.safeTensors().bytes)
    #expect(read.members.count == 3)
    let inputs: Matrix<Float> = try model.inputs(of: Self.table, as: Float.self)
    let outputs = members.map { $0.predictions(for: inputs) }
    let mean = (outputs[0][3, 1] + outputs[1][3, 1] + outputs[2][3, 1]) * (1 / 3)
    let labels = first.targetEncoder?.labels ?? []
    for model in [model, read] {
      let row = try model.predict(Self.row(3, without: ["kind", "price"]))
      #expect(row.probabilities[labels[1]] == Double(mean))
      #expect(try model.predict(Self.table)[3].probabilities == row.probabilities)
    }
    // By hand: the cross-entropy of the averaged outputs.
    let dataset: Dataset<Float> = try model.coders(for: Self.table, targets: []).dataset(
      of: Self.table, for: network)
    var sum = 0.0
    for row in 0..<120 {
      let label = (0..<2).first { dataset.targets[row, $0] == 1 } ?? 0
      sum -= Double.naturalLogarithm(
        Double((outputs[0][row, label] + outputs[1][row, label] + outputs[2][row, label]) / 3))
    }
    let evaluation = try read.evaluate(Self.table)
    #expect(abs(evaluation.loss - sum / 120) < 1e-6 && evaluation.examples == 120)
    // A tensor of a member that there is not is refused.
    var writer = try model.safeTensors()
    writer.metadata.removeAll { $0.key == ModelKey.members }
    #expect(throws: ModelError.self) { try Model(bytes: writer.bytes) }
    writer = try model.safeTensors()
    writer.metadata = writer.metadata.map { ($0.key, $0.key == ModelKey.members ? "4" : $0.value) }
    let error = #expect(throws: ModelError.self) { try Model(bytes: writer.bytes) }
    #expect(error?.message.contains("no tensor \"members.3.layers.0.weight\"") ?? false)
    // One of several networks cannot be meant where one is trained on.
    let refused = #expect(throws: ConfigurationError.self) {
      try Estimator(TrainingConfiguration(), from: read).fit(Self.table)
    }
    #expect(refused?.problem.contains("3 networks") ?? false)
  }

  @Test("Any number of tasks use one model at once, each with the answer that it has alone")
  func tasks() async throws {
    let model = try Self.model("kind", ignoring: "price")
    let rows = (0..<40).map { Self.row($0, without: ["kind", "price"]) }
    let alone = try rows.map { try model.predict($0).probabilities }
    try await withThrowingTaskGroup(of: Bool.self) { group in
      for task in 0..<8 {
        group.addTask {
          for index in 0..<200 {
            let row = (index * 7 + task) % rows.count
            if try model.predict(rows[row]).probabilities != alone[row] { return false }
          }
          return true
        }
      }
      for try await isRight in group { #expect(isRight) }
    }
  }
}
