import Backprop

/// A diagnosis as text for a terminal 80 columns wide, in a learner's language.
package struct DoctorReport {
  package let diagnosis: Diagnosis
  package let language: Language
  /// What the loss should be before the first step; nil if that is past, or cannot be said.
  package let lossOfGuessing: Double?
  /// Whether training drops outputs, and the diagnosis does not.
  package let hasDropout: Bool
  /// Whether the network may have learned from the very rows that it was diagnosed on.
  package let isTrained: Bool

  package init(
    diagnosis: Diagnosis, language: Language, lossOfGuessing: Double?, hasDropout: Bool,
    isTrained: Bool
  ) {
    self.isTrained = isTrained
    self.diagnosis = diagnosis
    self.language = language
    self.lossOfGuessing = lossOfGuessing
    self.hasDropout = hasDropout
  }

  private static let width = 80

  /// - Parameter title: The name of the model.
  package func lines(title: String) -> [String] {
    [language.text("doctor.title", title), ""] + causeLines + layerLines + [""] + trialLines + [""]
      + findingLines + [""] + thresholdLines
  }

  // MARK: Layers

  private var layerLines: [String] {
    var table = TextTable([
      (language.text("doctor.layer"), .right), (language.text("doctor.activation"), .left),
      ("‖δ‖", .right), ("Wᵀ", .right), ("σ′", .right), (language.text("doctor.ratio"), .right),
      (language.text("doctor.units"), .right), ("ΔW/W", .right),
    ])
    for layer in diagnosis.layers {
      table.add(
        String(layer.layer), Self.short(layer.activation), Format.short(layer.flow.norm),
        factor(layer.flow.weightFactor), factor(layer.flow.derivativeFactor),
        factor(layer.flow.ratio), idle(layer), layer.weightUpdateRatio.map(Format.short) ?? "–")
    }
    var legend = TextTable([("", .left), ("", .left)])
    let norms = diagnosis.layers.map(\.flow.norm)
    let total = (norms.first ?? 0) / (norms.last ?? 0)
    legend.add("Wᵀ", language.text("doctor.legend.weights"))
    legend.add("σ′", language.text("doctor.legend.derivative"))
    legend.add(
      language.text("doctor.ratio"), language.text("doctor.legend.ratio", Format.short(total)))
    legend.add("ΔW/W", language.text("doctor.legend.update"))
    let scope = language.text(
      "doctor.scope", language.count(diagnosis.examples, .example),
      Format.count(diagnosis.measuredExamples))
    let remark = hasDropout ? ["  " + language.text("doctor.dropoutOff")] : []
    return ["  " + scope] + remark + [""] + table.lines() + [""] + legend.lines().dropFirst()
  }

  /// An activation in at most ten columns.
  private static func short(_ name: String) -> String {
    if name.displayWidth <= 10 { return name }
    let bare = name.hasPrefix("custom:") ? name : String(name.prefix { $0 != ":" })
    return bare.count <= 10 ? bare : bare.prefix(9) + "…"
  }

  private func factor(_ value: Double?) -> String {
    guard let value else { return "–" }
    return value == 0 || value.magnitude >= 0.001 && value.magnitude < 1000
      ? Format.fixed(value, 3) : Format.short(value)
  }

  private func idle(_ layer: LayerDiagnosis) -> String {
    if let dead = layer.deadShare { return language.text("doctor.dead", Self.percent(dead)) }
    if let saturated = layer.saturatedShare {
      return language.text("doctor.saturated", Self.percent(saturated))
    }
    return "–"
  }

  package static func percent(_ share: Double) -> String { "\(Format.fixed(100 * share, 0))%" }

  // MARK: Trials

  private var trialLines: [String] {
    var table = TextTable([("", .left), ("", .left)])
    let loss = Format.short(diagnosis.loss)
    table.add(
      language.text("doctor.loss"),
      lossOfGuessing.map { language.text("doctor.loss.start", loss, Format.short($0)) }
        ?? language.text("doctor.loss.now", loss))
    if let trial = diagnosis.trial {
      if trial.predictedChange.isFinite {
        table.add(
          language.text("doctor.first"),
          language.text(
            "doctor.first.change", Format.short(trial.predictedChange),
            Format.short(trial.realChange)))
      }
      table.add(
        language.text("doctor.trial"),
        language.text(
          "doctor.trial.rule", trial.optimizer, JSONValue(trial.learningRate).description,
          language.count(trial.steps, .step), language.count(trial.batchSize, .example)))
      let losses = trial.losses
      var course = language.text(
        "doctor.trial.course", Format.short(losses[0]), Format.short(losses[losses.count - 1]))
      if let peak = losses.max(), peak > 1.001 * losses[0], trial.firstNonfinite == nil {
        course += ", " + language.text("doctor.trial.peak", Format.short(peak))
      }
      table.add("", course)
    }
    if let overfit = diagnosis.overfit {
      let score = Format.fixed(overfit.score, 2)
      table.add(
        language.text("doctor.overfit"),
        language.text(
          "doctor.overfit.reached", language.count(overfit.examples, .example),
          language.text("doctor.score.\(overfit.measure.rawValue)", score),
          language.count(overfit.steps, .step)))
    }
    return Array(table.lines().dropFirst())
  }

  // MARK: Findings

  private var causeLines: [String] {
    guard let cause = diagnosis.mostLikely else {
      return diagnosis.findings.isEmpty ? [] : [language.text("doctor.noCause"), ""]
    }
    return [language.text("doctor.mostLikely", cause.title(in: language))]
      + lines(of: [(language.text("doctor.todo"), cause.advice(in: language))]) + [""]
  }

  private var findingLines: [String] {
    guard !diagnosis.findings.isEmpty else {
      return [language.text("doctor.none")]
        + (isTrained
          ? LineBreaks.lines(of: language.text("doctor.none.trained"), width: Self.width) : [])
    }
    let explained = diagnosis.mostLikely?.explains ?? []
    let symptoms = diagnosis.findings.prefix { explained.contains($0.code) }
    let others = diagnosis.findings.dropFirst(symptoms.count)
    var parts: [[String]] = []
    if !symptoms.isEmpty {
      parts.append([language.text("doctor.symptoms")])
      parts += Array(symptoms).groups().map { lines(of: $0, first: $0[0], isSymptom: true) }
    }
    if !others.isEmpty {
      parts.append([language.text("doctor.findings")])
      parts += Array(others).groups(byAdvice: true).map {
        lines(of: $0, first: $0[0], isSymptom: false)
      }
    }
    return Array(parts.joined(separator: [""]))
  }

  /// - Parameter isSymptom: Whether what to do is said with its cause.
  private func lines(of group: [Finding], first: Finding, isSymptom: Bool) -> [String] {
    let severity = language.text("doctor.\(first.severity.rawValue)")
    let heading = "  \(severity): \(first.title(in: language)) (\(first.code.rawValue))"
    let isPlace = first.code == .nonFinite
    let values = group.map { finding -> String in
      if isPlace { return place }
      let value = Format.short(finding.value)
      return finding.layer.map { language.text("doctor.inLayer", String($0), value) } ?? value
    }
    var parts = [
      (
        isPlace ? language.text("doctor.where") : language.text("doctor.value"),
        // As in a formula, a layer and its value stay in one line.
        "`\(values.joined(separator: ", "))`"
      )
    ]
    if !isPlace {
      parts.append((language.text("doctor.threshold"), JSONValue(first.threshold).description))
    }
    parts.append((language.text("doctor.source"), first.source))
    if !isSymptom { parts.append((language.text("doctor.todo"), first.advice(in: language))) }
    return [heading] + lines(of: parts)
  }

  /// Names, and their texts behind them.
  private func lines(of parts: [(String, String)]) -> [String] {
    let width = parts.map(\.0.displayWidth).max() ?? 0
    var lines: [String] = []
    for (name, value) in parts {
      for (index, line) in LineBreaks.lines(of: value, width: Self.width - width - 6).enumerated() {
        lines.append("    " + Format.right(index == 0 ? name : "", width) + "  " + line)
      }
    }
    return lines
  }

  /// Step, layer, neuron and example of the first number that is not finite.
  private var place: String {
    guard let fault = diagnosis.firstNonfinite ?? diagnosis.trial?.firstNonfinite else {
      return "–"
    }
    let (layer, neuron) = (String(fault.layer), String(fault.neuron))
    var place =
      fault.example.map { language.text("doctor.place.example", layer, neuron, String($0)) }
      ?? language.text("doctor.place.neuron", layer, neuron)
    if fault.isInLoss { place = language.text("doctor.place.loss", place) }
    return language.text("doctor.place", String(fault.step), place)
  }

  // MARK: Thresholds

  private var thresholdLines: [String] {
    var table = TextTable([
      (language.text("doctor.name"), .left), (language.text("doctor.threshold"), .right),
      (language.text("doctor.meaning"), .left),
    ])
    for name in DiagnosisThresholds.Name.allCases {
      table.add(
        name.rawValue, JSONValue(diagnosis.thresholds[name]).description,
        name.meaning(in: language))
    }
    return [language.text("doctor.thresholds"), ""] + table.lines()
  }
}

extension [Finding] {
  /// Neighbours of one code and severity together, and of one advice where that is given, once.
  fileprivate func groups(byAdvice: Bool = false) -> [[Finding]] {
    reduce(into: []) { groups, finding in
      if let last = groups.last?[0], last.code == finding.code, last.severity == finding.severity,
        !byAdvice || last.advices == finding.advices
      {
        groups[groups.count - 1].append(finding)
      } else {
        groups.append([finding])
      }
    }
  }
}

// MARK: Between the epochs of a run

extension EpochDiagnosis {
  /// The line of `train --diagnose --json`.
  package var json: JSONValue {
    [
      "event": "diagnosis", "epoch": JSONValue(epoch), "layers": .array(layers.map(\.json)),
      "findings": .array(findings.map(\.json)),
    ]
  }

  /// The measures in one line, then a line for each code that was found.
  package func lines(in language: Language) -> [String] {
    var parts = [language.text(.diagnosis, String(epoch))]
    if let first = layers.first, let last = layers.last, layers.count > 1 {
      parts.append("‖δ²‖/‖δᴸ‖ \(Format.short(first.flow.norm / last.flow.norm))")
    }
    let updates = layers.compactMap(\.weightUpdateRatio)
    if let least = updates.min(), let largest = updates.max() {
      parts.append("‖ΔW‖/‖W‖ \(Format.short(least)) … \(Format.short(largest))")
    }
    for (name, share) in [
      (Text.dead, layers.compactMap(\.deadShare).max()),
      (.saturated, layers.compactMap(\.saturatedShare).max()),
    ] {
      if let share { parts.append(language.text(name, DoctorReport.percent(share))) }
    }
    return [parts.joined(separator: "  ")]
      + findings.groups().map { group in
        let layers = group.compactMap(\.layer).map(String.init)
        let place =
          layers.isEmpty
          ? ""
          : language.text(
            layers.count == 1 ? .inLayer : .inLayers, layers.joined(separator: ", "))
        let severity = language.text("doctor.\(group[0].severity.rawValue)")
        let title = group[0].title(in: language)
        return "  \(severity): \(title)\(place) (\(group[0].code.rawValue))"
      }
  }
}
