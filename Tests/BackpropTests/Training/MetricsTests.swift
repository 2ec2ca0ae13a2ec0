import Testing

@testable import Backprop
@testable import BackpropInspection

@Suite("Metrics")
struct MetricsTests {
  func metrics(
    _ kind: MetricKind, outputs: [[Double]], targets: [[Double]]
  ) -> [String: Double] {
    var metrics = Metrics(kind: kind, outputs: outputs[0].count)
    let a = Matrix(outputs)
    let y = Matrix(targets)
    // In two batches, since sums go on from one to the next.
    metrics.add(outputs: a.view(from: 0), targets: y.view(from: 0), rows: 0..<2)
    metrics.add(outputs: a.view(from: 0), targets: y.view(from: 0), rows: 2..<outputs.count)
    return Dictionary(uniqueKeysWithValues: metrics.values.map { ($0.name, $0.value) })
  }

  @Test("Regression: RMSE, MAE and R², also where the first targets are 0")
  func regression() {
    // y = 0, 0, 6, 2; a = 1, 0, 3, 2. Errors 1, 0, −3, 0: squares 10, RMSE √2.5, MAE 1.
    // Mean of y 2, squares about it 4 + 4 + 16 + 0 = 24: R² = 1 − 10/24.
    let found = metrics(
      .regression(scales: [1]), outputs: [[1], [0], [3], [2]], targets: [[0], [0], [6], [2]])
    #expect(abs((found["rmse"] ?? 0) - 2.5.squareRoot()) < 1e-15)
    #expect(found["mae"] == 1)
    #expect(abs((found["r2"] ?? 0) - (1 - 10.0 / 24)) < 1e-15)
  }

  @Test("Regression: scales give units back, and R² is the mean over outputs")
  func scaledRegression() {
    // The first output as above but 10 times as large; the second is predicted by its mean: R² 0.
    let found = metrics(
      .regression(scales: [10, 1]),
      outputs: [[1, 3], [0, 3], [3, 3], [2, 3]], targets: [[0, 1], [0, 5], [6, 1], [2, 5]])
    // Squares 1000 + 16, over 8 numbers; absolute errors 40 + 8.
    #expect(abs((found["rmse"] ?? 0) - 127.0.squareRoot()) < 1e-13)
    #expect(found["mae"] == 6)
    #expect(abs((found["r2"] ?? 0) - (1 - 10.0 / 24) / 2) < 1e-15)
  }

  @Test("Classification: accuracy, log loss and the confusion counts")
  func classification() {
    let outputs = [[0.5, 0.25, 0.25], [0.25, 0.5, 0.25], [0.5, 0.25, 0.25]]
    let targets = [[1.0, 0, 0], [0, 1, 0], [0, 0, 1]]
    let found = metrics(.classification(probabilities: true), outputs: outputs, targets: targets)
    // Probabilities of the right class ½, ½, ¼: −(ln ½ + ln ½ + ln ¼)/3 = 4/3 ln 2.
    #expect(found["accuracy"] == 2.0 / 3)
    #expect(abs((found["logLoss"] ?? 0) - 4.0 / 3 * 0.6931471805599453) < 1e-15)
    var metrics = Metrics(kind: .classification(probabilities: false), outputs: 3)
    let a = Matrix(outputs)
    let y = Matrix(targets)
    metrics.add(outputs: a.view(from: 0), targets: y.view(from: 0), rows: 0..<3)
    #expect(metrics.confusion.rows == [[1, 0, 0], [0, 1, 0], [1, 0, 0]])
    #expect(metrics.values.map(\.name) == ["accuracy"])
  }

  @Test("Two classes with one output are told apart by the threshold")
  func binary() {
    let outputs = [[0.9], [-0.2], [0.1], [-3]]
    let found = metrics(
      .classification(threshold: 0, probabilities: false), outputs: outputs,
      targets: [[1], [-1], [-1], [-1]])
    #expect(found["accuracy"] == 0.75)
  }

  @Test("Several labels: the share of right labels, and of rows that are all right")
  func multiLabel() {
    let found = metrics(
      .multiLabel(), outputs: [[0.9, 0.1], [0.6, 0.6], [0.2, 0.7]],
      targets: [[1, 0], [1, 0], [0, 1]])
    #expect(found["accuracy"] == 5.0 / 6)
    #expect(found["exactMatch"] == 2.0 / 3)
  }

  @Test(
    "Metrics of numbers are those of any unit, however small or large",
    arguments: [1e-300, 1e-200, 1, 1e200, 1e306])
  func units(unit: Double) throws {
    // Errors 1, −1, 2, 0 units; targets 0, 1, 2, 3 units: R² = 1 − 6/5.
    let found = metrics(
      .regression(scales: [unit]), outputs: [[1], [0], [4], [3]], targets: [[0], [1], [2], [3]])
    let rmse = try #require(found["rmse"])
    let mae = try #require(found["mae"])
    let r2 = try #require(found["r2"])
    #expect(abs(rmse / unit - 1.5.squareRoot()) < 1e-14)
    #expect(abs(mae / unit - 1) < 1e-14)
    #expect(abs(r2 + 0.2) < 1e-14)
    // Of two outputs, one of another unit, the larger one counts.
    let two = metrics(
      .regression(scales: [unit, unit * 1e-9]), outputs: [[1, 5], [0, 5], [4, 5], [3, 5]],
      targets: [[0, 0], [1, 0], [2, 0], [3, 0]])
    #expect(abs(try #require(two["rmse"]) / unit - 0.75.squareRoot()) < 1e-14)
  }
}
