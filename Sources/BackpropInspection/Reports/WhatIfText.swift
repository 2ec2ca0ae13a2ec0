import Backprop

/// What `backprop whatif` prints for people, at most 80 columns wide.
package struct WhatIfText {
  private let result: WhatIfResult
  private let language: Language

  package init(_ result: WhatIfResult, _ language: Language) {
    self.result = result
    self.language = language
  }

  package var lines: [String] {
    var lines = introduction
    for report in result.experiments { lines += [""] + text(of: report) }
    if !result.mutants.isEmpty { lines += [""] + mutants }
    return lines + ["", language.text(result.passed ? "whatif.passed" : "whatif.failed")]
  }

  private var introduction: [String] {
    let network = result.subject.network
    let sizes = network.sizes.map(String.init).joined(separator: "–")
    let activations = Format.list(network.layers.map(\.activation.description), limit: 4)
    let source =
      result.subject.source.map { language.text("whatif.source", $0.model, $0.data) }
      ?? language.text("whatif.builtIn", Format.count(result.subject.data.count))
    return [
      source,
      language.text("whatif.network", sizes, activations, Terms(language).name(network.loss)),
    ]
  }

  private func text(of report: ExperimentReport) -> [String] {
    let key = report.experiment.rawValue
    let layer = report.penalizedLayer.map(String.init) ?? ""
    var lines = [language.text("whatif.title", language.text("whatif.\(key).question")), ""]
    lines += Self.paragraph(language.text("whatif.\(key).text", layer))
    lines += [
      "", "  " + language.text("whatif.naive", language.text("whatif.\(key).naive")),
      "  " + language.text("whatif.repaired", language.text("whatif.\(key).repaired")),
      "  " + loss(of: report),
      "",
    ]
    lines += table(of: report)
    if report.leavesDelta == true { lines += ["", "  " + language.text("whatif.leavesDelta")] }
    if report.leavesDelta == false { lines += ["", "  " + language.text("whatif.changesDelta")] }
    let failing = Self.shortened(report.naiveFailing.map(\.symbol))
    lines += [
      "",
      "  "
        + (failing.isEmpty
          ? language.text("whatif.naiveRight") : language.text("whatif.naiveWrong", failing)),
      "  " + language.text(report.isRepaired ? "whatif.repairRight" : "whatif.repairWrong"),
    ]
    return lines
  }

  private func loss(of report: ExperimentReport) -> String {
    let (loss, examples) = (Format.short(report.loss), Format.count(report.examples))
    switch report.experiment {
    case .product, .logarithm: return language.text("whatif.lossOfProduct", loss, examples)
    case .hiddenPenalty, .l2:
      return language.text("whatif.loss", loss, examples, String(report.lambda))
    }
  }

  private func table(of report: ExperimentReport) -> [String] {
    var table = TextTable([
      ("∂C/∂", .left), (language.text("whatif.column.naive"), .right),
      (language.text("whatif.column.error"), .right),
      (language.text("whatif.column.repaired"), .right),
      (language.text("whatif.column.error"), .right),
      (language.text("whatif.column.numeric"), .right),
    ])
    for tensor in report.tensors {
      guard let sample = tensor.samples.first else { continue }
      let place = ([sample.output] + (sample.input.map { [$0] } ?? [])).map { String($0 + 1) }
      table.add(
        "\(tensor.symbol)[\(place.joined(separator: ","))]", Format.short(sample.naive),
        CheckText.error(sample.naiveError), Format.short(sample.repaired),
        CheckText.error(sample.repairedError), Format.short(sample.numeric))
    }
    return table.lines()
  }

  /// A text with its line breaks, indented.
  private static func paragraph(_ text: String) -> [String] {
    text.split(separator: "\n", omittingEmptySubsequences: false).map { "  " + $0 }
  }

  private var mutants: [String] {
    let metric = result.mutants.first?.metric ?? "loss"
    var lines = [language.text("whatif.title", language.text("whatif.mutants.question")), ""]
    lines += Self.paragraph(
      language.text(
        "whatif.mutants.text", language.count(result.lab.epochs, .epoch),
        String(result.lab.learningRate)))
    var table = TextTable([
      ("", .left), (language.text("whatif.column.before"), .right),
      (language.text("whatif.column.after"), .right),
      (language.text("whatif.column.loss"), .right),
      (language.text("whatif.column.failing"), .left),
      (language.text("whatif.column.equations"), .left),
    ])
    for report in result.mutants {
      let name = report.mutant?.rawValue ?? language.text("whatif.right")
      guard report.applies else {
        table.add(name, "–", "–", "–", language.text("whatif.same"), "–")
        continue
      }
      func value(_ number: Double?) -> String {
        number.map { MetricText.value(metric, $0) } ?? "–"
      }
      table.add(
        name, value(report.metricBefore), value(report.metricAfter),
        report.lossAfter.map { Format.short($0) } ?? "–",
        report.failing.isEmpty
          ? language.text("whatif.noneFailing") : Self.shortened(report.failing),
        report.suspects.isEmpty ? "–" : report.suspects.joined(separator: ", "))
    }
    lines += [""] + table.lines()
    lines += [
      "",
      "  "
        + language.text(
          "whatif.metric", MetricText.metric(metric).map(Terms(language).name) ?? metric), "",
    ]
    // Training that works lowers the loss.
    if result.mutants.contains(where: {
      $0.mutant == nil && !($0.lossAfter ?? 0 <= $0.lossBefore ?? .infinity)
    }) {
      lines += ["  " + language.text("whatif.diverged"), ""]
    }
    for mutant in Mutant.allCases {
      lines.append(
        "  " + Format.right(mutant.rawValue, 20)
          + language.text("whatif.mutant.\(mutant.rawValue)"))
    }
    return lines
  }

  /// Six symbols fit the column; of more, the first two and the last stand for all.
  private static func shortened(_ symbols: [String]) -> String {
    symbols.count <= 6
      ? symbols.joined(separator: " ")
      : "\(symbols[0]) \(symbols[1]) … \(symbols[symbols.count - 1])"
  }
}
