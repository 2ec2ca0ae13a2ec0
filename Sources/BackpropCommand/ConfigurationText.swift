import Backprop
import BackpropInspection

// What commands say of a configuration.

extension TrainingConfiguration {
  /// "input noise 0.1, label smoothing 0.05"; nil if nothing is random but dropout.
  func noiseText(in language: Language) -> String? {
    let parts = [
      (Text.inputNoise, inputNoise), (.inputDropout, inputDropout),
      (.categoryDropout, categoryDropout), (.labelSmoothing, labelSmoothing), (.mixup, mixup),
    ].compactMap { text, value in
      value.map { language.text(text, JSONValue($0).description) }
    }
    return parts.isEmpty ? nil : parts.joined(separator: ", ")
  }
}

extension [Layer] {
  /// "dropout 0.5", or "dropout 0.2, 0.5" for hidden layers that differ; nil if there is none.
  func dropoutText(in language: Language) -> String? {
    guard haveDropout else { return nil }
    let values = hiddenDense.map { JSONValue($0.dropout).description }
    return language.text(
      .dropout, Set(values).count == 1 ? values[0] : values.joined(separator: ", "))
  }
}

extension TrainingConfiguration {
  /// What `inspect` says of the updates, a line each.
  func updateLines(in language: Language) -> [(name: Text, text: String)] {
    var penalties: [String] = []
    if l2Penalty > 0 {
      let scaling = l2Scaling ?? .loss
      let effective =
        scaling == .loss
        ? "" : language.text(.ofWholeBatch, Format.short(effectiveL2Penalty()))
      penalties.append("L2 \(l2Penalty) (\(scaling.rawValue)\(effective))")
    }
    if let l1Penalty { penalties.append("L1 \(l1Penalty)") }
    if weightDecay > 0 { penalties.append(language.text(.decay, String(weightDecay))) }
    if let maxNorm { penalties.append("max-norm \(maxNorm)") }
    var update: [String] = []
    if let accumulate { update.append(language.text(.accumulated, String(accumulate))) }
    if let averaging { update.append(averaging.text(in: language)) }
    if let tensorFactors {
      let rates = tensorFactors.map { "\($0.weightRate)/\($0.biasRate)" }
      update.append(language.text(.rateFactors, rates.joined(separator: ", ")))
      if tensorFactors.contains(where: { $0.biasDecay > 0 }) {
        update.append(language.text(.biasesDecay))
      }
    }
    if network.ntk == true { update.append(language.text(.ntkForm)) }
    if schedule.regularizationSchedule == .flatCos {
      update.append(language.text(.regularizationFalls))
    }
    if let cycle = cycleMomentum {
      update.append(language.text(.momentum, String(cycle.high), String(cycle.low)))
    }
    return [(Text.penalties, penalties), (.updates, update)].filter { !$0.1.isEmpty }
      .map { ($0.0, $0.1.joined(separator: "; ")) }
  }
}

extension WeightAveraging {
  fileprivate func text(in language: Language) -> String {
    switch self {
    case .exponential(let decay): language.text(.exponentialAverage, String(decay))
    case .stochastic(let start): language.text(.stochasticAverage, String(start))
    }
  }
}
