/// What a network's outputs mean: labels, numbers, probabilities.
public struct Predictions: Sendable, Equatable {
  /// What was to be learned; a regression where outputs mean nothing but themselves.
  public let task: LearningTask
  /// The names of the target columns.
  public let columns: [String]
  /// Classification: all labels by code. Multi-label: the names of the columns. Regression: empty.
  public let labels: [String]
  package let rowCount: Int
  /// Row-major `[rowCount, columns]`: code of the predicted label; 0 or 1; or the number.
  package let values: [Double]
  /// Row-major `[rowCount, labels]`: the probability of each label, or of yes for each column; empty
  /// for a regression and if the outputs are no probabilities.
  package let probabilities: [Double]
  /// Between which numbers the targets are expected; nil if the model does not say.
  package internal(set) var bounds: Bounds?

  /// Row-major `[rowCount, columns]`, in the targets' units.
  package struct Bounds: Sendable, Equatable {
    /// About which share of new rows they hold.
    package let level: Double
    package internal(set) var lower: [Double] = []
    package internal(set) var upper: [Double] = []
  }

  fileprivate let pairs: [[String]]
  fileprivate let isSingle: Bool

  /// The predicted label or number as text; numbers in the shortest form that gives the same bits.
  package func text(row: Int, column: Int = 0) -> String {
    let value = values[row * columns.count + column]
    return switch task {
    case .classification: labels[Int(value)]
    case .multilabel: pairs[column][Int(value)]
    case .regression: number(value)
    }
  }

  /// A number of these predictions in the shortest form that gives the same bits: at their precision,
  /// where that holds it.
  package func number(_ value: Double) -> String {
    isSingle && Double(Float(value)) == value ? "\(Float(value))" : "\(value)"
  }

  /// Refuses outputs of a network for one row (from 0) that predict nothing.
  ///
  /// - Throws: `DataError` if one is infinite or NaN.
  package static func requireFinite<T: Scalar>(_ outputs: [T], row: Int) throws(DataError) {
    guard let index = outputs.firstIndex(where: { !$0.isFinite }) else { return }
    throw DataError(
      place: .row(row + 1),
      "output \(index) of the network is \(outputs[index]), which is no prediction",
      remedy: "the row is far from what the network was trained on, or its training diverged")
  }
}

extension Predictions {
  /// Outputs that mean nothing but themselves, in columns "0", "1", ….
  init<T: Scalar>(raw outputs: Matrix<T>, first: Int = 0) throws(DataError) {
    var values: [Double] = []
    values.reserveCapacity(outputs.rows * outputs.columns)
    for row in 0..<outputs.rows {
      let output = outputs[row: row]
      try Self.requireFinite(output, row: first + row)
      values += output.map { Double($0) }
    }
    self.init(
      task: .regression, columns: (0..<outputs.columns).map(String.init), labels: [],
      rowCount: outputs.rows, values: values, probabilities: [], pairs: [],
      isSingle: T.self == Float.self)
  }
}

extension TargetEncoder {
  /// Decodes the outputs of a network.
  ///
  /// A class is predicted by the largest output, the first of equals; of two classes with one output,
  /// the second if it is beyond ½ (zero-one) or 0 (plus-minus-one).
  ///
  /// - Parameters:
  ///   - outputs: aᴸ, `[examples, outputCount]`.
  ///   - first: The row of the data that the first of them is of, from 0, for an error.
  ///   - areProbabilities: Whether the outputs come from softmax or a sigmoid.
  /// - Throws: `DataError` if an output, or a number that it stands for, is not finite: there is no
  ///   largest of numbers of which one is NaN.
  package func decode<T: Scalar>(
    _ outputs: Matrix<T>, first: Int = 0, areProbabilities: Bool = true
  ) throws(DataError) -> Predictions {
    precondition(
      outputs.columns == outputCount, "\(outputs.columns) outputs for \(outputCount) targets")
    var values: [Double] = []
    var probabilities: [Double] = []
    let hasProbabilities = areProbabilities && (coding == .oneHot || coding == .zeroOne)
    for row in 0..<outputs.rows {
      let output = outputs[row: row]
      try Predictions.requireFinite(output, row: first + row)
      switch coding {
      case .oneHot:
        var best = 0
        for index in output.indices where output[index] > output[best] { best = index }
        values.append(Double(best))
        if hasProbabilities { probabilities += output.map { Double($0) } }
      case .zeroOne:
        values += output.map { $0 > 0.5 ? 1 : 0 }
        if hasProbabilities {
          for probability in output {
            // In the precision of the outputs, so that 1 − p has no more digits than p.
            if task == .classification { probabilities.append(Double(1 - probability)) }
            probabilities.append(Double(probability))
          }
        }
      case .plusMinusOne: values += output.map { $0 > 0 ? 1 : 0 }
      case .raw: values += output.enumerated().map { clipped(Double($1), $0) }
      case .standardized:
        let numbers = output.enumerated().map { index, value in
          let number = clipped(Double(value) * deviations[index] + means[index], index)
          // At the precision of the outputs, unless that ends before the target's unit begins.
          let rounded = T(number)
          return rounded.isNormal || number == 0 ? Double(rounded) : number
        }
        try Predictions.requireFinite(numbers, row: first + row)
        values += numbers
      }
    }
    return Predictions(
      task: task, columns: columns, labels: labels, rowCount: outputs.rows, values: values,
      probabilities: probabilities, pairs: pairs, isSingle: T.self == Float.self)
  }
}

extension TargetEncoder {
  /// Whether predicted numbers are kept within those of training.
  package var clips: Bool { !lowest.isEmpty }

  /// A number in the unit of its target column, kept within those of training if that is asked for.
  func clipped(_ number: Double, _ column: Int) -> Double {
    lowest.isEmpty ? number : min(max(number, lowest[column]), highest[column])
  }

  /// An output as a number in the unit of its target column.
  func number<T: Scalar>(_ output: T, _ column: Int) -> Double {
    coding == .standardized ? Double(output) * deviations[column] + means[column] : Double(output)
  }

  /// Outputs `[examples, outputCount]` that are kept within the targets of training, where that is asked for.
  package func clipped<T: Scalar>(_ outputs: Matrix<T>) -> Matrix<T> {
    guard clips else { return outputs }
    var result = outputs
    let isStandardized = coding == .standardized
    for column in columns.indices {
      let (mean, deviation) = isStandardized ? (means[column], deviations[column]) : (0, 1)
      let low = T((lowest[column] - mean) / deviation)
      let high = T((highest[column] - mean) / deviation)
      // What is no number stays none.
      for row in 0..<result.rows where !result[row, column].isNaN {
        result[row, column] = min(max(result[row, column], low), high)
      }
    }
    return result
  }
}

// MARK: - One row

/// What a model answers for one row.
///
/// ```swift
/// print(answer.label, answer.probabilities["Gentoo"] ?? 0)
/// ```
public struct Prediction: Sendable, CustomStringConvertible {
  private let predictions: Predictions
  private let row: Int

  fileprivate init(_ predictions: Predictions, _ row: Int) {
    self.predictions = predictions
    self.row = row
  }

  /// The predicted label; of a regression the number as text. Of several targets, that of the first.
  public var label: String { predictions.text(row: row) }

  /// The predicted number in the target's unit; NaN where labels are predicted. Of several targets, that of
  /// the first.
  public var value: Double { predictions.task == .regression ? at(0) : .nan }

  /// Between which numbers, in the target's unit, the value is expected, of a model that was trained with an
  /// `interval`; else nil. Of several targets, that of the first.
  public var interval: ClosedRange<Double>? {
    guard let bounds = predictions.bounds else { return nil }
    let place = row * predictions.columns.count
    return bounds.lower[place]...bounds.upper[place]
  }

  /// The predicted label of each target column; of a regression the numbers as text.
  public var labels: [String: String] { byColumn { predictions.text(row: row, column: $0) } }

  /// The predicted number of each target column, in its unit; empty where labels are predicted.
  public var values: [String: Double] { predictions.task == .regression ? byColumn(at) : [:] }

  /// The probability of each label, or of yes for each target column of several labels; empty if the
  /// outputs are no probabilities.
  public var probabilities: [String: Double] {
    guard !predictions.probabilities.isEmpty else { return [:] }
    let labels = predictions.labels
    return Dictionary(
      labels.indices.map { (labels[$0], predictions.probabilities[row * labels.count + $0]) },
      uniquingKeysWith: { first, _ in first })
  }

  /// The labels, or numbers, of all target columns.
  public var description: String {
    predictions.columns.indices.map { predictions.text(row: row, column: $0) }
      .joined(separator: ", ")
  }

  private func at(_ column: Int) -> Double {
    predictions.values[row * predictions.columns.count + column]
  }

  private func byColumn<Value>(_ value: (Int) -> Value) -> [String: Value] {
    Dictionary(
      predictions.columns.indices.map { (predictions.columns[$0], value($0)) },
      uniquingKeysWith: { first, _ in first })
  }
}

extension Predictions: RandomAccessCollection {
  public var startIndex: Int { 0 }
  public var endIndex: Int { rowCount }

  /// The prediction of a row, from 0.
  ///
  /// - Precondition: There is such a row.
  public subscript(row: Int) -> Prediction {
    precondition(indices.contains(row), "row \(row) of \(rowCount)")
    return Prediction(self, row)
  }
}
