import Backprop

/// All that `backprop check` found.
package struct CheckResult {
  package let model: String
  package let data: String
  /// Rows of the table that the examples were drawn from.
  package let rows: Int
  package let network: Network<Double>
  package let gradient: GradientReport
  package let assumptionI: AssumptionReport
  package let assumptionII: AssumptionReport
  package let mutant: Mutant?
  /// Whether the user chose h.
  package let hasFixedStep: Bool

  package init(
    model: String, data: String, rows: Int, network: Network<Double>, gradient: GradientReport,
    assumptionI: AssumptionReport, assumptionII: AssumptionReport, mutant: Mutant?,
    hasFixedStep: Bool
  ) {
    self.model = model
    self.data = data
    self.rows = rows
    self.network = network
    self.gradient = gradient
    self.assumptionI = assumptionI
    self.assumptionII = assumptionII
    self.mutant = mutant
    self.hasFixedStep = hasFixedStep
  }

  package var passed: Bool { gradient.passed && assumptionI.passed && assumptionII.passed }

  package func document() -> JSONValue {
    [
      "schema": "backprop.check/1", "passed": JSONValue(passed),
      "tensors": .array(gradient.tensors.map(Self.json)),
      "assumptionI": Self.json(assumptionI), "assumptionII": Self.json(assumptionII),
      "conclusive": JSONValue(gradient.isConclusive),
      "suspect": gradient.suspect.map(Self.json) ?? .null,
      "mutant": mutant.map { .string($0.rawValue) } ?? .null,
      "loss": JSONValue(gradient.loss), "examples": JSONValue(gradient.examples),
      "regularizer": [
        "lambda": JSONValue(gradient.regularizer.lambda),
        "l1": gradient.regularizer.l1.map { JSONValue($0) } ?? .null,
        "checked": JSONValue(gradient.regularizer.checked),
        "worstRelativeError": JSONValue(gradient.regularizer.worstRelativeError),
        "verdict": .string(gradient.regularizer.verdict.rawValue),
      ],
      "curve": .array(
        gradient.curve.map { point in
          [
            "h": JSONValue(point.h), "entries": JSONValue(point.entries),
            "median": point.median.map { JSONValue($0) } ?? .null,
            "worst": point.worst.map { JSONValue($0) } ?? .null,
          ]
        }),
    ]
  }

  private static func json(_ tensor: TensorCheck) -> JSONValue {
    [
      "layer": JSONValue(tensor.layer), "name": .string(tensor.name.rawValue),
      "checked": JSONValue(tensor.checked), "kinks": JSONValue(tensor.kinks),
      "worstRelativeError": JSONValue(tensor.worstRelativeError),
      "verdict": .string(tensor.verdict.rawValue), "shape": JSONValue(tensor.shape),
      "unjudged": JSONValue(tensor.unjudged), "unresolved": JSONValue(tensor.unresolved),
      "worst": tensor.worst.map { worst in
        [
          "output": JSONValue(worst.output + 1),
          "input": worst.input.map { JSONValue($0 + 1) } ?? .null,
          "analytic": JSONValue(worst.analytic), "numeric": JSONValue(worst.numeric),
          "h": JSONValue(worst.step),
        ]
      } ?? .null,
    ]
  }

  private static func json(_ assumption: AssumptionReport) -> JSONValue {
    [
      "passed": JSONValue(assumption.passed),
      "worstResidual": JSONValue(assumption.worstResidual),
      "details": .array(
        assumption.details.map { detail in
          [
            "property": .string(detail.property.rawValue), "residual": JSONValue(detail.residual),
            "tolerance": JSONValue(detail.tolerance), "passed": JSONValue(detail.passed),
          ]
        }),
    ]
  }

  private static func json(_ suspect: Suspect) -> JSONValue {
    [
      "finding": .string(suspect.finding.rawValue), "equations": JSONValue(suspect.equations),
      "layer": suspect.layer.map { JSONValue($0) } ?? .null,
      "mutant": suspect.mutant.map { .string($0.rawValue) } ?? .null,
    ]
  }
}

/// What `backprop check` prints for people, at most 80 columns wide.
package struct CheckText {
  private let result: CheckResult
  private let language: Language

  package init(_ result: CheckResult, _ language: Language) {
    self.result = result
    self.language = language
  }

  package var lines: [String] {
    introduction + tensors + curve + assumption("I", result.assumptionI)
      + assumption("II", result.assumptionII) + conclusion
  }

  /// An error with the two digits that it deserves: 3.2e-10, 0.98.
  package static func error(_ value: Double) -> String {
    guard value.isFinite, value > 0 else { return value == 0 ? "0" : "∞" }
    if value >= 0.0995, value < 9995 { return Format.fixed(value, 2) }
    return Format.scientific(value, digits: 1)
  }

  /// A power of ten: 1e-05.
  private static func power(_ value: Double) -> String {
    var (exponent, bound) = (0, 1.0)
    while bound > value * 3 {
      bound /= 10
      exponent += 1
    }
    return "1e-\(exponent < 10 ? "0" : "")\(exponent)"
  }

  private var introduction: [String] {
    let network = result.network
    let report = result.gradient
    var lines = [
      language.text("check.title", result.model), "",
      "  "
        + language.text(
          "check.examples", Format.count(report.examples), Format.count(result.rows), result.data),
      "  "
        + language.text(
          "check.network", network.sizes.map(String.init).joined(separator: "–"),
          Format.short(report.loss),
          "\(Terms(language).name(network.loss)), \(network.reduction.text(in: language))"),
    ]
    if network.layers.haveDropout { lines.append("  " + language.text("check.dropoutOff")) }
    if let mutant = result.mutant {
      let name = language.text("whatif.mutant.\(mutant.rawValue)")
      lines.append("  " + language.text("check.mutant", name))
    }
    lines += [
      "", "  " + language.text("check.g"),
      "  " + language.text(result.hasFixedStep ? "check.dFixed" : "check.d"),
      "  " + language.text("check.error"), "",
    ]
    return lines
  }

  private var tensors: [String] {
    let report = result.gradient
    var table = TextTable([
      (language.text("check.tensor"), .left), (language.text("check.shape"), .left),
      (language.text("check.checked"), .right), (language.text("check.kinks"), .right),
      (language.text("check.worst"), .right), (language.text("check.verdict"), .left),
    ])
    for tensor in report.tensors {
      table.add(
        tensor.symbol, tensor.shape.map(String.init).joined(separator: "×"),
        Format.count(tensor.checked), Format.count(tensor.kinks),
        tensor.checked > 0 ? Self.error(tensor.worstRelativeError) : "–",
        verdict(tensor.verdict))
    }
    let regularizer = report.regularizer
    table.add(
      regularizer.l1 == nil ? "½λ‖W‖²" : "½λ‖W‖² + λ₁‖W‖₁",
      "λ = \(regularizer.lambda)" + (regularizer.l1.map { ", λ₁ = \($0)" } ?? ""),
      Format.count(regularizer.checked), "0",
      Self.error(regularizer.worstRelativeError), verdict(regularizer.verdict))
    var lines = table.lines() + [""]
    lines.append("  " + language.text("check.thresholds"))
    lines.append("  " + language.text("check.between"))
    lines += notes
    for tensor in report.tensors where tensor.verdict == .wrong {
      guard let worst = tensor.worst else { continue }
      let place = ([worst.output] + (worst.input.map { [$0] } ?? [])).map { String($0 + 1) }
      lines.append(
        "  \(tensor.symbol)[\(place.joined(separator: ", "))]  g = \(Format.short(worst.analytic))"
          + "  d = \(Format.short(worst.numeric))")
    }
    return lines
  }

  private var notes: [String] {
    let tensors = result.gradient.tensors
    let (kinks, unjudged, unresolved) = tensors.reduce(into: (0, 0, 0)) { sum, tensor in
      sum.0 += tensor.kinks
      sum.1 += tensor.unjudged
      sum.2 += tensor.unresolved
    }
    var lines: [String] = []
    if kinks > 0 {
      lines.append(
        "  "
          + (unjudged == 0
            ? language.text("check.kinksNote", language.count(kinks, .entry))
            : language.text(
              "check.kinksUnjudged", language.count(kinks, .entry), Format.count(unjudged))))
    }
    // Dead neurons, or a loss at its minimum: right, but any equation would be.
    let zero = tensors.filter { $0.isZero && $0.checked > 0 && $0.verdict == .good }
    if !zero.isEmpty {
      let names =
        zero.count == tensors.count
        ? language.text("check.allTensors") : Format.list(zero.map(\.symbol), limit: 8)
      lines.append("  " + language.text("check.zeroNote", names))
    }
    if unresolved > 0 {
      lines.append("  " + language.text("check.unresolvedNote", language.count(unresolved, .entry)))
    }
    return lines
  }

  private func verdict(_ verdict: GradientVerdict) -> String {
    language.text("check.verdict.\(verdict.rawValue)")
  }

  private var curve: [String] {
    let points = result.gradient.curve
    guard points.contains(where: { $0.median != nil }) else { return [] }
    let isFlat = points.allSatisfy { ($0.worst ?? 1) > GradientCheck.wrongError }
    var table = TextTable([
      ("h", .left), (language.text("check.median"), .right),
      (language.text("check.curveWorst"), .right), (language.text("check.curveBar"), .left),
    ])
    for point in points {
      guard let median = point.median, let worst = point.worst else {
        table.add(Self.power(point.h), "–", "–", language.text("check.allKinks"))
        continue
      }
      table.add(
        Self.power(point.h), Self.error(median), Self.error(worst), Self.bar(median))
    }
    return ["", language.text("check.curve")] + table.lines()
      + ["  " + curveRemark(isFlat: isFlat)]
  }

  private func curveRemark(isFlat: Bool) -> String {
    guard isFlat else { return language.text("check.curveNote") }
    return language.text(
      result.gradient.passed ? "check.curveUnresolved" : "check.curveFlat")
  }

  /// Two columns a decade, from 1e-14 on.
  private static func bar(_ error: Double) -> String {
    var length = 0
    var bound = 1e-14
    while bound < error, length < 36 {
      bound *= 10.0.squareRoot()
      length += 1
    }
    return String(repeating: "▪", count: length)
  }

  private func assumption(_ number: String, _ report: AssumptionReport) -> [String] {
    let key = number == "I" ? "check.assumptionI" : "check.assumptionII"
    var table = TextTable([("", .left), (language.text("check.residual"), .right), ("", .left)])
    for detail in report.details {
      table.add(
        language.text("check.property.\(detail.property.rawValue)"), Self.error(detail.residual),
        language.text(detail.passed ? "check.holds" : "check.broken"))
    }
    return ["", language.text(key)] + table.lines()
  }

  private func wrapped(_ text: String) -> [String] {
    LineBreaks.lines(of: text.replacing("\n", with: " "), width: 80)
  }

  /// Whether the differences are at fault: some other h makes all of the curve's entries agree.
  private var isMatterOfStep: Bool {
    result.hasFixedStep && !result.gradient.passed
      && result.gradient.curve.contains {
        ($0.worst ?? 1) <= GradientCheck.suspiciousError && $0.entries > 0
      }
  }

  private var conclusion: [String] {
    var lines = [""]
    let report = result.gradient
    if report.suspect?.mutant == nil, isMatterOfStep {
      lines.append(language.text("check.otherStep"))
    } else if let suspect = report.suspect {
      let layer = suspect.layer.map(String.init) ?? ""
      let failing = report.tensors.filter { $0.verdict == .wrong }.map(\.symbol)
      lines += wrapped(language.text("check.failing", failing.joined(separator: ", ")))
      let finding =
        suspect.layer == nil
        ? language.text("check.suspect.\(suspect.finding.rawValue)")
        : language.text("check.suspectAt.\(suspect.finding.rawValue)", layer)
      lines.append(finding)
      if let mutant = suspect.mutant {
        lines.append(
          language.text(
            "check.resembles", language.text("whatif.mutant.\(mutant.rawValue)")))
      }
    }
    if !result.assumptionI.passed { lines.append(language.text("check.brokenI")) }
    if !result.assumptionII.passed { lines.append(language.text("check.brokenII")) }
    if report.regularizer.verdict == .wrong {
      lines.append(language.text("check.brokenRegularizer"))
    }
    let suspicious = report.tensors.filter { $0.verdict == .suspicious }.map(\.symbol)
    if !suspicious.isEmpty {
      lines += wrapped(language.text("check.suspicious", suspicious.joined(separator: ", ")))
    }
    let unjudged = result.gradient.tensors.filter { $0.verdict == .notJudged }.map(\.symbol)
    if result.passed, !unjudged.isEmpty {
      lines += wrapped(language.text("check.inconclusive", Format.list(unjudged, limit: 8)))
      if result.mutant != nil { lines.append(language.text("check.notCaught")) }
    } else if result.passed, result.mutant != nil {
      lines.append(language.text("check.notCaught"))
    } else {
      lines.append(language.text(result.passed ? "check.passed" : "check.failed"))
    }
    return lines
  }
}
