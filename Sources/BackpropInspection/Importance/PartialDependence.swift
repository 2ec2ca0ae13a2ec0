import Backprop

/// What a model says on average where one column has a value, and every other column what its rows have.
///
///     f̄ⱼ(v) = Σₓ w f(x with xⱼ = v) / Σₓ w
///
/// Friedman 2001, doi:10.1214/aos/1013203451, section 8.2; scikit-learn's `partial_dependence` by brute
/// force. Where columns depend on each other, some of these rows are such as nobody has.
package struct PartialDependence: Sendable {
  /// What the numbers are.
  package enum Meaning: String, Sendable {
    /// The mean probability of each label; of several labels, that of yes.
    case probability
    /// The share of rows that are given each label, where outputs are no probabilities.
    case share
    /// The mean number in the target's unit.
    case value
  }

  package struct Point: Sendable {
    package let value: ColumnValue
    /// One for each of `outputs`.
    package let means: [Double]
  }

  package let column: String
  package let meaning: Meaning
  /// Labels, or the names of the target columns.
  package let outputs: [String]
  /// In ascending order of a number, the order of the model of levels, and what is missing last.
  package let points: [Point]
  /// Levels that are rarer than those looked at.
  package let leftOut: Int

  /// - Parameters:
  ///   - column: One that has a grid.
  ///   - dataset: The rows, with their weights.
  ///   - target: What outputs mean.
  ///   - pool: Threads to use; nil for the caller's alone. Changes no bit.
  /// - Throws: `DataError` if an output is no number.
  /// - Complexity: A pass over the rows for each value, of which there are about a dozen.
  package init<T: Scalar>(
    of model: Model, on column: InputColumn, for dataset: Dataset<T>, target: TargetEncoder,
    pool: ThreadPool? = nil
  ) throws(DataError) {
    let inputs = dataset.inputs
    let grid = column.grid(of: inputs)
    let areProbabilities = target.hasProbabilities(
      outputActivation: model.network.outputActivation)
    var changed = inputs
    var points: [Point] = []
    for value in grid.values {
      let start = changed.mutableStart
      for row in 0..<changed.rows {
        for (place, input) in zip(column.inputs, value.inputs) {
          start[row * changed.stride + place] = input
        }
      }
      let predictions = try target.decode(
        model.outputs(of: changed, pool), areProbabilities: areProbabilities)
      points.append(Point(value: value.value, means: predictions.means(weights: dataset.weights)))
    }
    self.column = column.name
    self.points = points
    leftOut = grid.leftOut
    outputs = target.task == .classification ? target.labels : target.columns
    meaning = target.task == .regression ? .value : areProbabilities ? .probability : .share
  }

  /// Whether the column is a number, of which some may be missing.
  var isOfNumbers: Bool {
    points.contains { if case .number = $0.value { true } else { false } }
  }

  /// The greatest difference of an output over the column's values.
  package func span(of output: Int) -> Double {
    let means = points.map { $0.means[output] }
    return (means.max() ?? 0) - (means.min() ?? 0)
  }
}

extension Predictions {
  /// The mean over the rows of each probability, of each label (1 where it is predicted), or of each number.
  fileprivate func means<T: Scalar>(weights: [T]?) -> [Double] {
    let isOfCodes = probabilities.isEmpty && task == .classification
    let numbers = probabilities.isEmpty ? values : probabilities
    let width = isOfCodes || !probabilities.isEmpty ? labels.count : columns.count
    var sums = [Double](repeating: 0, count: width)
    var total = 0.0
    for row in 0..<rowCount {
      let weight = weights.map { Double($0[row]) } ?? 1
      total += weight
      if isOfCodes {
        sums[Int(values[row])] += weight
      } else {
        for index in 0..<width { sums[index] += weight * numbers[row * width + index] }
      }
    }
    return sums.map { $0 / total }
  }
}
