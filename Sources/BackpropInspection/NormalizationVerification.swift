import Backprop

// The equations of a normalised layer, left side against right side as in TraceAudit.swift: z,
// the moments, n and ∂C/∂n are operands as they stand in the record.

extension Audit {
  /// The mean of z, s, and n = γ ⊙ ẑ + β.
  mutating func forward(_ record: LayerTrace<T>, _ normalization: NormalizationTrace<T>) {
    let l = record.layer
    let width = Double(record.weightedInputs.columns)
    let terms = record.weightedInputs.columns
    guard let gain = record.tensor(.gain)?.values else { return }
    let shift = record.tensor(.shift)?.values ?? []
    for row in 0..<record.weightedInputs.rows {
      let z = record.weightedInputs[row: row].map { Double($0) }
      let mean = Double(normalization.means[row])
      let isCentred = normalization.kind.isCentred
      compare(
        mean, isCentred ? z.reduce(0, +) / width : 0,
        scale: isCentred ? z.reduce(0) { $0 + abs($1) } / width : 0, terms: terms,
        (.normalizationMean, l, row + 1, 1, 0))
      let squares = z.reduce(0) { $0 + ($1 - mean) * ($1 - mean) }
      // A sum beyond the largest number of the precision leaves s = 0, as it must.
      let right =
        squares > Double(T.greatestFiniteMagnitude)
        ? 0 : 1 / (squares / width + Double(T(Normalization.epsilon))).squareRoot()
      let inverse = Double(normalization.inverseDeviations[row])
      compare(inverse, right, scale: right, terms: terms, (.inverseDeviation, l, row + 1, 1, 0))
      for j in z.indices {
        let product = Double(gain[j]) * (z[j] - mean) * inverse
        let added = isCentred ? Double(shift[j]) : 0
        compare(
          Double(normalization.normalized[row, j]), product + added,
          scale: abs(product) + abs(added), terms: 8, (.normalized, l, row + 1, j + 1, 0))
      }
    }
  }

  /// The second half of BP2: δ = s (g − mean g − ẑ mean (g ⊙ ẑ)) with g = γ ⊙ ∂C/∂n; under RMS without
  /// the mean of g.
  mutating func delta(_ record: LayerTrace<T>, _ normalization: NormalizationTrace<T>) {
    guard let gain = record.tensor(.gain)?.values else { return }
    let width = Double(record.delta.columns)
    let isCentred = normalization.kind.isCentred
    for row in 0..<record.delta.rows {
      let inverse = Double(normalization.inverseDeviations[row])
      let hats = record.weightedInputs[row: row].map { normalization.standardized($0, row: row) }
      let slopes = zip(gain, normalization.normalizedDelta[row: row])
        .map { Double($0) * Double($1) }
      var (level, along) = (RightSide(value: 0, scale: 0), RightSide(value: 0, scale: 0))
      for (slope, hat) in zip(slopes, hats) {
        level.value += slope / width
        level.scale += abs(slope) / width
        along.value += slope * hat / width
        along.scale += abs(slope * hat) / width
      }
      if !isCentred { level = RightSide(value: 0, scale: 0) }
      for j in hats.indices {
        compare(
          Double(record.delta[row, j]),
          inverse * (slopes[j] - level.value - hats[j] * along.value),
          scale: inverse * (abs(slopes[j]) + level.scale + abs(hats[j]) * along.scale) + tiny,
          terms: hats.count + 8, (.bp2, record.layer, row + 1, j + 1, 0))
      }
    }
  }

  /// ∂C/∂γ = Σₓ ∂C/∂n ⊙ ẑ and ∂C/∂β = Σₓ ∂C/∂n.
  mutating func gradient(_ record: LayerTrace<T>, _ normalization: NormalizationTrace<T>) {
    guard let gains = record.tensor(.gain)?.gradient else { return }
    let shifts = record.tensor(.shift)?.gradient ?? []
    let delta = normalization.normalizedDelta
    for j in 0..<delta.columns {
      var (gain, shift) = (RightSide(value: 0, scale: 0), RightSide(value: 0, scale: 0))
      for row in 0..<delta.rows {
        let slope = Double(delta[row, j])
        let product = slope * normalization.standardized(record.weightedInputs[row, j], row: row)
        gain.value += product
        gain.scale += abs(product)
        shift.value += slope
        shift.scale += abs(slope)
      }
      compare(
        Double(gains[j]), gain.value, scale: gain.scale,
        terms: delta.rows + 8,
        (.gainGradient, record.layer, 0, j + 1, 0))
      guard normalization.kind.isCentred else { continue }
      compare(
        Double(shifts[j]), shift.value, scale: shift.scale,
        terms: delta.rows, (.shiftGradient, record.layer, 0, j + 1, 0))
    }
  }
}
