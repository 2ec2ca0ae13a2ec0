import Backprop

/// A network and data to experiment with.
package struct WhatIfSubject {
  /// Where both are from; nil for the built-in ones.
  package let source: (model: String, data: String)?
  package let network: Network<Double>
  /// The same shape with weights that have learned nothing.
  package let freshNetwork: Network<Double>
  package let data: Dataset<Double>
  package let metrics: MetricKind

  package init(
    source: (model: String, data: String)?, network: Network<Double>, freshNetwork: Network<Double>,
    data: Dataset<Double>, metrics: MetricKind
  ) {
    self.source = source
    self.network = network
    self.freshNetwork = freshNetwork
    self.data = data
    self.metrics = metrics
  }
}

/// All that `backprop whatif` found.
package struct WhatIfResult {
  package let subject: WhatIfSubject
  package let experiments: [ExperimentReport]
  package let mutants: [MutantReport]
  package let lab: MutantLab

  package init(
    subject: WhatIfSubject, experiments: [ExperimentReport], mutants: [MutantReport], lab: MutantLab
  ) {
    self.subject = subject
    self.experiments = experiments
    self.mutants = mutants
    self.lab = lab
  }

  /// Whether all is as the theory says.
  package var passed: Bool {
    experiments.allSatisfy(\.passed) && mutants.allSatisfy(\.isAsExpected)
  }

  package var document: JSONValue {
    [
      "schema": "backprop.whatif/1", "passed": JSONValue(passed),
      "sizes": JSONValue(subject.network.sizes), "examples": JSONValue(subject.data.count),
      "experiments": .array(experiments.map(Self.json)), "mutants": .array(mutants.map(Self.json)),
    ]
  }

  private static func json(_ report: ExperimentReport) -> JSONValue {
    [
      "name": .string(report.experiment.rawValue), "passed": JSONValue(report.passed),
      "brokenAssumption": report.experiment.brokenAssumption.map { .string($0) } ?? .null,
      "loss": JSONValue(report.loss), "examples": JSONValue(report.examples),
      "penalizedLayer": report.penalizedLayer.map { JSONValue($0) } ?? .null,
      "leavesDelta": report.leavesDelta.map { JSONValue($0) } ?? .null,
      "tensors": .array(
        report.tensors.map { tensor in
          [
            "layer": JSONValue(tensor.layer), "name": .string(tensor.name.rawValue),
            "naiveError": JSONValue(tensor.naiveError),
            "repairedError": JSONValue(tensor.repairedError),
            "samples": .array(tensor.samples.map(Self.json)),
          ]
        }),
    ]
  }

  private static func json(_ sample: ExperimentReport.Sample) -> JSONValue {
    [
      "output": JSONValue(sample.output + 1),
      "input": sample.input.map { JSONValue($0 + 1) } ?? .null,
      "naive": JSONValue(sample.naive), "repaired": JSONValue(sample.repaired),
      "numeric": JSONValue(sample.numeric), "naiveError": JSONValue(sample.naiveError),
      "repairedError": JSONValue(sample.repairedError),
    ]
  }

  private static func json(_ report: MutantReport) -> JSONValue {
    func number(_ value: Double?) -> JSONValue { value.map { JSONValue($0) } ?? .null }
    return [
      "name": .string(report.mutant?.rawValue ?? "backpropagation"),
      "applies": JSONValue(report.applies),
      "metric": report.metric.map { .string($0) } ?? .null,
      "before": number(report.metricBefore), "after": number(report.metricAfter),
      "lossBefore": number(report.lossBefore), "lossAfter": number(report.lossAfter),
      "checkPassed": report.checkPassed.map { JSONValue($0) } ?? .null,
      "red": JSONValue(report.failing), "equations": JSONValue(report.suspects),
      "asExpected": JSONValue(report.isAsExpected),
    ]
  }
}
