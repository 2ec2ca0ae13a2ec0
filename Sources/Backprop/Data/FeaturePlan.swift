/// How to turn the values of one row into inputs, flat for speed.
struct FeaturePlan: Sendable {
  struct Slot: Sendable {
    enum Kind: UInt8, Sendable {
      case number
      case numberOrMissing
      /// One of two numbers, or that of an unknown.
      case boolean
      /// An input for each level, which is off or on, or that of an unknown.
      case category
      /// The number of the level.
      case code
      /// A number by a map.
      case mapped
      case date
    }
    var kind: Kind
    var mean = 0.0
    var deviation = 1.0
    var outputs: Int
    /// Whether the last input, or the last level, says that the value is missing.
    var hasIndicator = false
    /// Of codes, that of an unknown.
    var unknown = 0
    var offset = 0

    var isNumber: Bool { kind == .number || kind == .numberOrMissing }
  }

  private var slots: [Slot] = []
  private var outputCount = 0
  // Neighbouring numbers whose inputs are neighbours too, and of all slots what these need.
  private var runs: [(first: Int, count: Int, offset: Int)] = []
  private var means: [Double] = []
  private var deviations: [Double] = []
  // Slots that need more than that; of categories what their inputs are, of dates the first and the parts.
  private var others: [Int] = []
  private var levels: [Int: Levels] = [:]
  private var maps: [Int: QuantileMap] = [:]
  private var dates: [Int: (first: Double, parts: [Feature.Part])] = [:]

  private let scaling: ColumnScaling

  private struct Levels {
    let off: [Double]
    let on: [Double]
    let unknown: [Double]

    init(_ shares: [Double], _ scaling: ColumnScaling) {
      off = shares.map { scaling.levels(ofShare: $0).off }
      on = shares.map { scaling.levels(ofShare: $0).on }
      unknown = scaling.means(shares)
    }
  }

  /// What the features of an encoder need.
  init(_ features: [Feature], _ scaling: ColumnScaling) {
    self.scaling = scaling
    for feature in features {
      levels[slots.count] = feature.levelShares.map { Levels($0, scaling) }
      switch feature {
      case .numeric(_, let mean, let deviation, let hasIndicator, _, let map):
        maps[slots.count] = map
        append(
          Slot(
            kind: map != nil ? .mapped : hasIndicator ? .numberOrMissing : .number, mean: mean,
            // A constant column is (x − mean) / ∞ = 0.
            deviation: deviation > 0 ? deviation : .infinity, outputs: feature.outputCount,
            hasIndicator: hasIndicator))
      case .boolean(_, _, _, let hasIndicator):
        append(
          Slot(
            kind: .boolean, outputs: feature.outputCount, hasIndicator: hasIndicator))
      case .date(_, _, let first, let parts, let hasIndicator):
        dates[slots.count] = (first, parts)
        append(Slot(kind: .date, outputs: feature.outputCount, hasIndicator: hasIndicator))
      case .categorical(_, let categories, let shares, _, true):
        append(
          Slot(
            kind: .code, outputs: 1, hasIndicator: shares.count > categories.count,
            unknown: shares.count))
      case .categorical(_, let categories, let shares, _, false):
        append(
          Slot(
            kind: .category, outputs: shares.count, hasIndicator: shares.count > categories.count))
      case .pixels(let count, let scale):
        for _ in 0..<count { append(Slot(kind: .number, deviation: scale, outputs: 1)) }
      }
    }
  }

  private mutating func append(_ slot: Slot) {
    var slot = slot
    slot.offset = outputCount
    outputCount += slot.outputs
    if slot.isNumber {
      if let last = runs.last, last.first + last.count == slots.count,
        last.offset + last.count == slot.offset
      {
        runs[runs.count - 1].count += 1
      } else {
        runs.append((slots.count, 1, slot.offset))
      }
    }
    if slot.kind != .number { others.append(slots.count) }
    means.append(slot.mean)
    deviations.append(slot.deviation)
    slots.append(slot)
  }

  /// Encodes rows into inputs that are zero; returns whether they are all finite.
  ///
  /// - Parameters:
  ///   - values: The values of the first row.
  ///   - inputs: The inputs of the first row.
  ///   - rows: Number of rows.
  ///   - strides: From row to row, in values and in inputs.
  @inline(__always)
  func form<T: Scalar>(
    _ values: UnsafePointer<Double>, into inputs: UnsafeMutablePointer<T>, rows: Int = 1,
    strides: (Int, Int) = (0, 0)
  ) -> Bool {
    var areFinite = true
    means.withUnsafeBufferPointer { means in
      deviations.withUnsafeBufferPointer { deviations in
        guard let mean = means.baseAddress, let deviation = deviations.baseAddress else { return }
        for (first, count, offset) in runs {
          let runIsFinite = T.kernels.standardize(
            rows, count,
            .init(start: UnsafeMutableRawPointer(mutating: values + first), stride: strides.0),
            mean + first, deviation + first, .init(start: inputs + offset, stride: strides.1))
          areFinite = areFinite && runIsFinite
          if scaling == .robust { clip(rows, count, inputs + offset, strides.1) }
        }
      }
    }
    for index in others {
      let slot = slots[index]
      for row in 0..<rows {
        let value = values[row * strides.0 + index]
        let target = inputs + (row * strides.1 + slot.offset)
        switch slot.kind {
        case .category where value >= 0 && scaling == .standard: target[Int(value)] = 1
        case .code: target[0] = T(code(value, slot))
        // Only NaN differs from itself.
        case .numberOrMissing: if value != value { target[1] = 1 }
        case .number: break
        case .boolean, .category, .date, .mapped: formUnusual(index, value, target)
        }
      }
    }
    return areFinite
  }

  private func clip<T: Scalar>(
    _ rows: Int, _ columns: Int, _ inputs: UnsafeMutablePointer<T>, _ stride: Int
  ) {
    for row in 0..<rows {
      for column in 0..<columns {
        let place = inputs + row * stride + column
        place.pointee = T(ColumnScaling.clipped(Double(place.pointee)))
      }
    }
  }

  /// The number of a level: missing is the last where there were some in training, and behind all is unknown.
  private func code(_ value: Double, _ slot: Slot) -> Double {
    if value >= 0 { return value }
    let isMissing = slot.hasIndicator && value == Double(CategoryIndex.missing)
    return Double(isMissing ? slot.unknown - 1 : slot.unknown)
  }

  /// The inputs of a value that is no number, and of a category that is not 1 among zeros.
  private func formUnusual<T: Scalar>(
    _ index: Int, _ value: Double, _ target: UnsafeMutablePointer<T>
  ) {
    let slot = slots[index]
    let isMissing =
      slot.kind == .date || slot.kind == .mapped
      ? value.isNaN : value == Double(CategoryIndex.missing)
    if isMissing, slot.hasIndicator { target[slot.outputs - 1] = 1 }
    switch slot.kind {
    case .boolean:
      guard let levels = levels[index] else { return }
      target[0] = T((value < 0 ? levels.unknown : value == 0 ? levels.off : levels.on)[0])
    case .category:
      guard let levels = levels[index] else { return }
      let isKnown = value >= 0 || isMissing && slot.hasIndicator
      let inputs = isKnown ? levels.off : levels.unknown
      for place in inputs.indices { target[place] = T(inputs[place]) }
      guard isKnown else { return }
      let level = value >= 0 ? Int(value) : slot.outputs - 1
      target[level] = T(levels.on[level])
    case .date:
      guard !isMissing, let date = dates[index] else { return }
      for (place, part) in date.parts.enumerated() where part.deviation > 0 {
        let z = (part.part.value(value, first: date.first) - part.mean) / part.deviation
        target[place] = T(scaling == .robust ? ColumnScaling.clipped(z) : z)
      }
    case .mapped:
      guard !isMissing, let map = maps[index] else { return }
      let z = (map.score(value) - slot.mean) / slot.deviation
      target[0] = T(scaling == .robust ? ColumnScaling.clipped(z) : z)
    case .number, .numberOrMissing, .code: break
    }
  }

  /// What a number becomes; 0 for what is none.
  func encoded(_ value: Double, slot: Int) -> Double {
    let slot = slots[slot]
    return !slot.isNumber || value.isNaN ? 0 : (value - slot.mean) / slot.deviation
  }

  /// The error about a row whose inputs are not all finite.
  func tooLarge<T: Scalar>(
    _ values: UnsafePointer<Double>, _ requests: [ColumnRequest], in table: Table, row: Int,
    _ type: T.Type
  ) -> DataError {
    let index = slots.indices.first { !T(encoded(values[$0], slot: $0)).isFinite }
    let position = index ?? 0
    return table.tooLarge(
      values[position], column: requests[position].column, row: row, T.self)
  }
}
