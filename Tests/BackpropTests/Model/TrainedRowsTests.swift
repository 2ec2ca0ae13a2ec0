import Foundation
import Testing

@testable import Backprop

@Suite("The rows that a model was trained on")
struct TrainedRowsTests {
  /// 60 rows of two numbers and a class that follows from them.
  private static func rows(
    changed: Set<Int> = [], extra: Double = 1000
  ) throws -> Table {
    let a = (0..<60).map { changed.contains($0) ? extra : Double($0 % 7) }
    let b = (0..<60).map { changed.contains($0) ? -extra : Double($0 % 5) }
    return try Table(columns: [
      ("a", .numbers(a)), ("b", .numbers(b)),
      ("y", .texts((0..<60).map { ($0 % 7) + ($0 % 5) > 5 ? "high" : "low" })),
    ])
  }

  private static func configuration(test: String? = "0.2") -> TrainingConfiguration {
    var configuration = TrainingConfiguration(epochs: 5, seed: 3)
    configuration.recipe = .plain
    configuration.data.target = ["y"]
    configuration.network.hidden = [4]
    configuration.data.classWeight = "balanced"
    configuration.stopping.test = test
    return configuration
  }

  private func split(_ model: Model, _ table: Table) throws -> Split {
    let codes = try #require(model.targetEncoder).codes(of: table)
    return try #require(model.split(rowCount: table.rowCount, codes: codes))
  }

  @Test("Nothing touches the rows of the test: whatever their cells, the model is the same")
  func testIsApart() throws {
    let estimator = Estimator(Self.configuration(), threads: 1)
    let fit = try estimator.fit(try Self.rows())
    #expect(fit.test?.examples == 12 && fit.heldOut.examples == 10)
    let apart = try split(fit.model, try Self.rows()).test
    let other = try estimator.fit(Self.rows(changed: Set(apart.map { Int($0) })))
    // The fingerprint of the test is another; all that was learned is not.
    #expect(
      Model(
        network: fit.model.network, encoder: fit.model.encoder,
        targetEncoder: fit.model.targetEncoder, configuration: fit.model.configuration
      ).safeTensorsBytes
        == Model(
          network: other.model.network, encoder: other.model.encoder,
          targetEncoder: other.model.targetEncoder, configuration: other.model.configuration
        ).safeTensorsBytes)
    #expect(fit.model.weights == other.model.weights && fit.heldOut == other.heldOut)
    #expect(fit.test?.loss != other.test?.loss)
    #expect(fit.model.rows?.test != other.model.rows?.test)
    // A change of one row that is learned from is no secret.
    let changed = try estimator.fit(
      try Self.rows(changed: [Int(split(fit.model, Self.rows()).training[0])]))
    #expect(changed.model.encoder != fit.model.encoder)
  }

  @Test("A model knows its rows again, and finds those that it set apart, from its file")
  func knowsRows() throws {
    let table = try Self.rows()
    let fit = try Estimator(Self.configuration(), threads: 1).fit(table)
    let model = try Model(bytes: fit.model.safeTensors().bytes)
    let rows = try #require(model.rows)
    let split = try split(model, table)
    var coders = try model.coders(for: table, targets: [])
    // A test counts every row once.
    coders.weights = nil
    guard case .float(let network) = model.network else { return }
    for role in TrainedRows.Role.allCases {
      let part = try coders.dataset(of: table, rows: split.rows(role), for: network)
      #expect(rows.role(of: part) == role)
      if role == .test {
        let again = network.evaluate(
          on: part, metrics: coders.target.metrics(outputActivation: network.outputActivation))
        #expect(again == fit.test)
      }
    }
    // Not by their number alone.
    let others = try Self.rows(changed: [Int(split.training[0])])
    #expect(
      try rows.role(of: coders.dataset(of: others, rows: split.training, for: network)) == nil)
    #expect(model.split(rowCount: 59, codes: nil) == nil)
  }

  @Test("The baseline names the most frequent class of the training rows, and knows their shares")
  func baselineOfClasses() throws {
    let fit = try Estimator(Self.configuration(test: "0"), threads: 1).fit(
      try Self.rows(), validation: try Self.rows())
    let shares = try #require(fit.model.rows?.baseline)
    let high = (0..<60).count { ($0 % 7) + ($0 % 5) > 5 }
    #expect(abs(shares[0] - Double(high) / 60) < 1e-12 && abs(shares[0] + shares[1] - 1) < 1e-12)
    // Though classes are balanced in training.
    let usual = Double(max(high, 60 - high)) / 60
    #expect(abs((fit.baseline.value(of: .accuracy) ?? 0) - usual) < 1e-6)
  }

  @Test("The baseline of a regression is the mean of the training targets: R² of 0 on those")
  func baselineOfNumbers() throws {
    let table = try Table(columns: [
      ("x", .numbers((0..<10).map(Double.init))),
      ("y", .numbers([3, 1, 4, 1, 5, 9, 2, 6, 5, 3])),
    ])
    var configuration = TrainingConfiguration(epochs: 2, seed: 1)
    configuration.recipe = .plain
    configuration.data.target = ["y"]
    configuration.data.task = .regression
    let fit = try Estimator(configuration, threads: 1).fit(table)
    // Σ (y − 3.9)² / 10 = (207 − 10 · 3.9²) / 10 = 5.49
    #expect(abs((fit.baseline.value(of: .rmse) ?? 0) - 5.49.squareRoot()) < 1e-5)
    #expect(abs(fit.baseline.value(of: .r2) ?? 1) < 1e-6)
  }

  @Test("A test that is given twice, as a part of no rows, or with folds is refused")
  func refused() throws {
    var configuration = Self.configuration()
    #expect(throws: ConfigurationError.self) {
      try Estimator(configuration).fit(try Self.rows(), test: try Self.rows())
    }
    #expect(throws: ConfigurationError.self) {
      try Estimator(configuration).crossValidate(try Self.rows(), folds: 3)
    }
    configuration.stopping.test = "rows.csv"
    #expect(throws: ConfigurationError.self) { try Estimator(configuration).fit(try Self.rows()) }
    configuration.stopping.test = "1.5"
    #expect(throws: ConfigurationError.self) { try Estimator(configuration).fit(try Self.rows()) }
  }
}

extension Model {
  fileprivate var safeTensorsBytes: [UInt8]? { try? safeTensors().bytes }
}
