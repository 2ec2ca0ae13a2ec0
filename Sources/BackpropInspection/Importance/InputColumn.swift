import Backprop

/// A column of a model's data, and the inputs that it becomes: what is moved when the column is.
package struct InputColumn: Sendable {
  package let name: String
  /// Nil for a number that is an input as it is.
  package let feature: Feature?
  /// The inputs, all of which belong to this column.
  package let inputs: Range<Int>
  /// How the columns of the model became inputs of one scale.
  package let scaling: ColumnScaling

  package init(
    name: String, feature: Feature?, inputs: Range<Int>, scaling: ColumnScaling = .standard
  ) {
    self.scaling = scaling
    self.name = name
    self.feature = feature
    self.inputs = inputs
  }

  /// The columns that a model takes of a table, in the order of its inputs.
  ///
  /// - Throws: `DataError` for pixels: one alone means nothing, and its neighbours say nearly the same.
  package static func all(of data: ModelData, in table: Table) throws(DataError) -> [InputColumn] {
    guard let encoder = data.encoder else {
      return data.plainColumns(of: table).enumerated().map { index, name in
        InputColumn(name: name, feature: nil, inputs: index..<(index + 1))
      }
    }
    var columns: [InputColumn] = []
    var first = 0
    for feature in encoder.features {
      if case .pixels(let count, _) = feature {
        throw DataError(
          file: table.file,
          "the model's inputs are \(Format.count(count, "pixel")), and importance is of columns",
          remedy: "give a model of a table; of a picture `explain` shows what the pixels do")
      }
      let inputs = first..<(first + feature.outputCount)
      first = inputs.upperBound
      columns.append(
        InputColumn(
          name: feature.columns[0].name, feature: feature, inputs: inputs, scaling: encoder.scaling)
      )
    }
    return columns
  }
}

// MARK: - Values of a column

/// A value of a column, at which the model is asked what it makes of all rows.
package struct GridValue<T: Scalar> {
  package let value: ColumnValue
  /// What the column's inputs are then.
  let inputs: [T]
}

/// A value as the data has it.
package enum ColumnValue: Equatable, Sendable {
  case number(Double)
  case label(String)
  case missing
}

extension InputColumn {
  /// The quantiles of a number's grid: the middle nine tenths of the rows, since at the ends few rows say
  /// what the model was to learn.
  static let quantiles = [0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95]
  /// Most levels of a category that are looked at, the most frequent of training.
  static let mostLevels = 12

  /// Whether there is a grid: the parts of a date do not make a date again.
  package var hasGrid: Bool { if case .date = feature { false } else { true } }

  /// The values at which the dependence on this column is looked at.
  ///
  /// - Parameter examples: x, `[examples, inputs]`.
  /// - Returns: The values, and how many levels were left out.
  func grid<T: Scalar>(of examples: Matrix<T>) -> (values: [GridValue<T>], leftOut: Int) {
    switch feature {
    case nil: return (numbers(of: examples, mean: 0, deviation: 1, hasIndicator: false), 0)
    case .numeric(_, let mean, let deviation, let hasIndicator, _, let map):
      return (
        numbers(
          of: examples, mean: mean, deviation: deviation, hasIndicator: hasIndicator, map: map)
          + (hasIndicator ? [GridValue(value: .missing, inputs: [0, 1])] : []), 0
      )
    case .boolean(_, let words, let share, let hasIndicator):
      let indicator: [T] = hasIndicator ? [0] : []
      let (no, yes) = scaling.levels(ofShare: share)
      let missing = scaling.means([share]).map { T($0) }
      return (
        [
          GridValue(value: .label(words.words.no), inputs: [T(no)] + indicator),
          GridValue(value: .label(words.words.yes), inputs: [T(yes)] + indicator),
        ] + (hasIndicator ? [GridValue(value: .missing, inputs: missing + [1])] : []), 0
      )
    case .categorical(_, let categories, let shares, _, let isCoded):
      // By their share; of equal ones the first.
      let frequent = shares.indices.sorted { (shares[$0], $1) > (shares[$1], $0) }
      let levels = frequent.prefix(Self.mostLevels).sorted()
      let values = levels.map { level in
        var inputs = isCoded ? [T(level)] : shares.map { T(scaling.levels(ofShare: $0).off) }
        if !isCoded { inputs[level] = T(scaling.levels(ofShare: shares[level]).on) }
        return GridValue(
          value: level < categories.count ? .label(categories[level]) : .missing, inputs: inputs)
      }
      return (values, shares.count - levels.count)
    case .date, .pixels: return ([], 0)
    }
  }

  /// All values that a number has if they are few, else its quantiles, each a value of a row; without outliers
  /// that robust scaling has drawn in.
  private func numbers<T: Scalar>(
    of examples: Matrix<T>, mean: Double, deviation: Double, hasIndicator: Bool,
    map: QuantileMap? = nil
  ) -> [GridValue<T>] {
    let first = inputs.lowerBound
    let sorted = (0..<examples.rows).filter { !hasIndicator || examples[$0, first + 1] == 0 }
      .map { examples[$0, first] }
      // Of an outlier that has been drawn in to nearly ±3 the last digits are lost, and soon all.
      .filter { scaling != .robust || abs($0) < 2.99 }.sorted()
    func distinct(_ values: some Sequence<T>) -> [T] {
      values.reduce(into: []) { if $0.last != $1 { $0.append($1) } }
    }
    var values = distinct(sorted)
    if values.count > Self.quantiles.count {
      values = distinct(
        Self.quantiles.map { sorted[Int(($0 * Double(sorted.count - 1)).rounded())] })
    }
    return values.map { value in
      GridValue(
        value: .number(
          Self.number(of: value, mean: mean, deviation: deviation, scaling: scaling, map: map)),
        inputs: [value] + (hasIndicator ? [0] : []))
    }
  }

  /// The number of fewest digits that becomes an input: the one of the file, as good as always.
  static func number<T: Scalar>(
    of input: T, mean: Double, deviation: Double, scaling: ColumnScaling = .standard,
    map: QuantileMap? = nil
  ) -> Double {
    guard deviation > 0 else { return map?.numbers[0] ?? mean }
    func isIt(_ number: Double) -> Bool {
      let z = T(((map?.score(number) ?? number) - mean) / deviation)
      return (scaling == .robust ? T(ColumnScaling.clipped(Double(z))) : z) == input
    }
    let z = scaling == .robust ? ColumnScaling.unclipped(Double(input)) : Double(input)
    let scaled = z * deviation + mean
    let exact = map?.number(scaled) ?? scaled
    if isIt(0) { return 0 }
    for digits in 0..<15 {
      let number = Double(Format.scientific(exact, digits: digits)) ?? exact
      if isIt(number) { return number }
    }
    return exact
  }
}
