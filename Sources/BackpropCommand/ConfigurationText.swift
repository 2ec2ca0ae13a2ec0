import Backprop

// What commands say of a configuration.

extension TrainingConfiguration {
  /// "input noise 0.1, label smoothing 0.05"; nil if nothing is random but dropout.
  var noiseText: String? {
    let parts = [
      ("input noise", inputNoise), ("input dropout", inputDropout),
      ("label smoothing", labelSmoothing), ("mixup", mixup),
    ].compactMap { name, value in value.map { "\(name) \(JSONValue($0))" } }
    return parts.isEmpty ? nil : parts.joined(separator: ", ")
  }
}

extension [Layer] {
  /// "dropout 0.5", or "dropout 0.2, 0.5" for hidden layers that differ; nil if there is none.
  var dropoutText: String? {
    guard haveDropout else { return nil }
    let values = hiddenDense.map { JSONValue($0.dropout).description }
    return "dropout " + (Set(values).count == 1 ? values[0] : values.joined(separator: ", "))
  }
}

extension TrainingConfiguration {
  /// What `inspect` says of the updates, a line each.
  var updateLines: [(name: String, text: String)] {
    var penalties: [String] = []
    if l2Penalty > 0 {
      let scaling = l2Scaling ?? .loss
      let effective =
        scaling == .loss ? "" : ", λ = \(Format.short(effectiveL2Penalty())) for a whole batch"
      penalties.append("L2 \(l2Penalty) (\(scaling.rawValue)\(effective))")
    }
    if let l1Penalty { penalties.append("L1 \(l1Penalty)") }
    if weightDecay > 0 { penalties.append("decoupled decay \(weightDecay)") }
    if let maxNorm { penalties.append("max-norm \(maxNorm)") }
    var update: [String] = []
    if let accumulate { update.append("\(accumulate) batches an update") }
    if let averaging { update.append(averaging.summary) }
    if let tensorFactors {
      let rates = tensorFactors.map { "\($0.weightRate)/\($0.biasRate)" }
      update.append("rate factors (weights/biases) \(rates.joined(separator: ", "))")
      if tensorFactors.contains(where: { $0.biasDecay > 0 }) { update.append("biases decay too") }
    }
    if let cycle = cycleMomentum { update.append("momentum \(cycle.high) – \(cycle.low)") }
    return [("penalties", penalties), ("updates", update)].filter { !$0.1.isEmpty }
      .map { ($0.0, $0.1.joined(separator: "; ")) }
  }
}
