import Backprop
import Failing

/// Median seconds of predicting one row of a program's own dictionary, and of the network alone.
struct RowTimes {
  var row = 0.0
  var network = 0.0
  var calls = 0
}

/// A model of 64, 64 hidden neurons, trained for one epoch on a table of so many columns, every fourth of them
/// of categories.
func measureRows(columns: Int, seconds: Double) throws -> RowTimes {
  let rows = 512
  var table: [(name: String, values: TableValues)] = []
  var row: [String: Cell] = [:]
  for column in 0..<columns {
    let name = "column_\(column)"
    if column % 4 == 3 {
      let names = (0..<rows).map { "category \(($0 &* 7 &+ column) % 5)" }
      table.append((name, .texts(names)))
      row[name] = .text(names[3])
    } else {
      let numbers = (0..<rows).map { Double(($0 &* 31 &+ column &* 17) % 101) / 7 }
      table.append((name, .numbers(numbers)))
      row[name] = .number(numbers[3])
    }
  }
  table.append(("target", .texts((0..<rows).map { "class \($0 % 3)" })))
  var configuration = TrainingConfiguration(epochs: 1)
  configuration.data.target = ["target"]
  let model = try Estimator(configuration, threads: 1).fit(Table(columns: table)).model

  guard case .float(let network) = model.network else { fail("a model of other than floats") }
  var predictor = Predictor(network)
  let inputs = Matrix<Float>(rows: 1, columns: network.sizes[0])
  var outputs = Matrix<Float>(rows: 1, columns: network.outputCount)

  let clock = ContinuousClock()
  /// Seconds a call, over a hundred.
  func time(_ call: () throws -> Void) rethrows -> Double {
    let start = clock.now
    for _ in 0..<100 { try call() }
    let (whole, part) = (clock.now - start).components
    return (Double(whole) + Double(part) * 1e-18) / 100
  }
  var times: (row: [Double], network: [Double]) = ([], [])
  let start = clock.now
  while clock.now - start < .seconds(seconds) {
    times.row.append(try time { _ = try model.predict(row) })
    times.network.append(time { predictor.predict(inputs, into: &outputs) })
  }
  times.row.sort()
  times.network.sort()
  return RowTimes(
    row: times.row[times.row.count / 2], network: times.network[times.network.count / 2],
    calls: times.row.count * 100)
}
