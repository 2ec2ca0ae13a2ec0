import Backprop

/// A diagnosis as text for a terminal 80 columns wide, in a learner's language.
struct DoctorReport {
  let diagnosis: Diagnosis
  let language: Language
  /// What the loss should be before the first step; nil if that is past, or cannot be said.
  let lossOfGuessing: Double?

  private static let width = 80
  /// A space at which no line is broken.
  private static let tie = "\u{A0}"

  /// - Parameter title: The name of the model.
  func lines(title: String) -> [String] {
    [text("doctor.title", title), ""] + layerLines + [""] + trialLines + [""] + findingLines + [""]
      + thresholdLines
  }

  private func text(_ key: String, _ arguments: String...) -> String {
    // Swift has no way to pass on a list of arguments; no text takes more than five.
    let a = arguments + [String](repeating: "", count: 5)
    return language.text(key, a[0], a[1], a[2], a[3], a[4])
  }

  // MARK: Layers

  private var layerLines: [String] {
    var table = TextTable([
      (text("doctor.layer"), .right), (text("doctor.activation"), .left), ("‖δ‖", .right),
      ("Wᵀ", .right), ("σ′", .right), (text("doctor.ratio"), .right),
      (text("doctor.units"), .right),
      ("ΔW/W", .right),
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
    legend.add("Wᵀ", text("doctor.legend.weights"))
    legend.add("σ′", text("doctor.legend.derivative"))
    legend.add(text("doctor.ratio"), text("doctor.legend.ratio", Format.short(total)))
    legend.add("ΔW/W", text("doctor.legend.update"))
    let scope = text(
      "doctor.scope", Format.count(diagnosis.examples), Format.count(diagnosis.measuredExamples))
    return ["  " + scope, ""] + table.lines() + [""] + legend.lines().dropFirst()
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
    if let dead = layer.deadShare { return text("doctor.dead", Self.percent(dead)) }
    if let saturated = layer.saturatedShare {
      return text("doctor.saturated", Self.percent(saturated))
    }
    return "–"
  }

  static func percent(_ share: Double) -> String { "\(Format.fixed(100 * share, 0))%" }

  // MARK: Trials

  private var trialLines: [String] {
    var table = TextTable([("", .left), ("", .left)])
    let loss = Format.short(diagnosis.loss)
    table.add(
      text("doctor.loss"),
      lossOfGuessing.map { text("doctor.loss.start", loss, Format.short($0)) }
        ?? text("doctor.loss.now", loss))
    if let trial = diagnosis.trial {
      if trial.predictedChange.isFinite {
        table.add(
          text("doctor.first"),
          text(
            "doctor.first.change", Format.short(trial.predictedChange),
            Format.short(trial.realChange)))
      }
      table.add(
        text("doctor.trial"),
        text(
          "doctor.trial.rule", trial.optimizer, JSONValue(trial.learningRate).description,
          Format.count(trial.steps), Format.count(trial.batchSize)))
      let losses = trial.losses
      var course = text(
        "doctor.trial.course", Format.short(losses[0]), Format.short(losses[losses.count - 1]))
      if let peak = losses.max(), peak > 1.001 * losses[0], trial.firstNonfinite == nil {
        course += ", " + text("doctor.trial.peak", Format.short(peak))
      }
      table.add("", course)
    }
    if let overfit = diagnosis.overfit {
      let score = Format.fixed(overfit.score, 2)
      table.add(
        text("doctor.overfit"),
        text(
          "doctor.overfit.reached", String(overfit.examples),
          text("doctor.score.\(overfit.measure.rawValue)", score),
          String(overfit.steps)))
    }
    return Array(table.lines().dropFirst())
  }

  // MARK: Findings

  private var findingLines: [String] {
    guard !diagnosis.findings.isEmpty else { return [text("doctor.none")] }
    var lines = [text("doctor.findings")]
    // One code may be found in several layers: its advice is given once.
    var rest = diagnosis.findings[...]
    while let first = rest.first {
      let group = rest.prefix { $0.code == first.code && $0.severity == first.severity }
      rest = rest.dropFirst(group.count)
      lines += [""] + self.lines(of: Array(group), first)
    }
    return lines
  }

  private func lines(of group: [Finding], _ first: Finding) -> [String] {
    let severity = text("doctor.\(first.severity.rawValue)")
    var lines = ["  \(severity): \(first.title(in: language)) (\(first.code.rawValue))"]
    let isPlace = first.code == .nonFinite
    let values = group.map { finding -> String in
      if isPlace { return place }
      let value = Format.short(finding.value)
      // A layer and its value stay in one line.
      return finding.layer.map {
        text("doctor.inLayer", String($0), value).replacing(" ", with: Self.tie)
      } ?? value
    }
    var parts = [
      (isPlace ? text("doctor.where") : text("doctor.value"), values.joined(separator: ", "))
    ]
    if !isPlace {
      parts.append((text("doctor.threshold"), JSONValue(first.threshold).description))
    }
    parts.append((text("doctor.source"), first.source))
    parts.append((text("doctor.todo"), first.advice(in: language)))
    let width = parts.map(\.0.displayWidth).max() ?? 0
    for (name, value) in parts {
      for (index, line) in Self.wrapped(value, to: Self.width - width - 6).enumerated() {
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
      fault.example.map { text("doctor.place.example", layer, neuron, String($0)) }
      ?? text("doctor.place.neuron", layer, neuron)
    if fault.isInLoss { place = text("doctor.place.loss", place) }
    return text("doctor.place", String(fault.step), place)
  }

  /// Breaks text at its spaces, into lines of at most so many columns.
  static func wrapped(_ text: String, to width: Int) -> [String] {
    var lines: [String] = []
    var line = ""
    for word in text.split(separator: " ") {
      if !line.isEmpty, line.displayWidth + 1 + String(word).displayWidth > width {
        lines.append(line)
        line = ""
      }
      line += (line.isEmpty ? "" : " ") + word
    }
    return (lines + [line]).map { $0.replacing(tie, with: " ") }
  }

  // MARK: Thresholds

  private var thresholdLines: [String] {
    var table = TextTable([
      (text("doctor.name"), .left), (text("doctor.value"), .right), (text("doctor.meaning"), .left),
    ])
    for name in DiagnosisThresholds.Name.allCases {
      table.add(
        name.rawValue, JSONValue(diagnosis.thresholds[name]).description,
        name.meaning(in: language))
    }
    return [text("doctor.thresholds"), ""] + table.lines()
  }
}

// MARK: Between the epochs of a run

extension EpochDiagnosis {
  /// The line of `train --diagnose --json`.
  var json: JSONValue {
    [
      "event": "diagnosis", "epoch": JSONValue(epoch), "layers": .array(layers.map(\.json)),
      "findings": .array(findings.map(\.json)),
    ]
  }

  /// The measures in one line, then a line for each code that was found. Like all that `train` says
  /// they are in English.
  var lines: [String] {
    var parts = ["diagnosis \(epoch)"]
    if let first = layers.first, let last = layers.last, layers.count > 1 {
      parts.append("‖δ²‖/‖δᴸ‖ \(Format.short(first.flow.norm / last.flow.norm))")
    }
    let updates = layers.compactMap(\.weightUpdateRatio)
    if let least = updates.min(), let largest = updates.max() {
      parts.append("‖ΔW‖/‖W‖ \(Format.short(least)) … \(Format.short(largest))")
    }
    for (name, share) in [
      ("dead", layers.compactMap(\.deadShare).max()),
      ("saturated", layers.compactMap(\.saturatedShare).max()),
    ] {
      if let share { parts.append("\(name) \(DoctorReport.percent(share))") }
    }
    var lines = [parts.joined(separator: "  ")]
    var rest = findings[...]
    while let first = rest.first {
      let group = rest.prefix { $0.code == first.code && $0.severity == first.severity }
      rest = rest.dropFirst(group.count)
      let layers = group.compactMap(\.layer).map(String.init)
      let place =
        layers.isEmpty
        ? "" : " in layer\(layers.count == 1 ? "" : "s") \(layers.joined(separator: ", "))"
      lines.append(
        "  \(first.severity.rawValue): \(first.title(in: .english))\(place) (\(first.code.rawValue))"
      )
    }
    return lines
  }
}
