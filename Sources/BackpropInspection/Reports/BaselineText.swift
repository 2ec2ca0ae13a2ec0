import Backprop

// What a score is held against: a model that looks at no column.

extension Evaluation {
  /// The metrics in which a model is no better than its baseline, of the one that is quoted and the loss, which
  /// is what was learned: the mean is no answer to what another loss asks, and of rare classes the most
  /// frequent one is hard to beat in accuracy by any model.
  ///
  /// - Parameter shown: Values in the place of those of the model, where another threshold decides.
  package func failures(
    against baseline: Evaluation, shown: [(metric: Metric, value: Double)] = []
  ) -> [Metric] {
    let quoted = metrics.kind.metricsOfEveryEpoch[0]
    let isOfClasses = if case .regression = metrics.kind { false } else { true }
    return [quoted, .loss].filter { metric in
      guard let own = shown.first(where: { $0.metric == metric })?.value ?? value(of: metric),
        let other = baseline.value(of: metric), !other.isNaN
      else { return false }
      if metric != .loss, !isOfClasses, loss < baseline.loss { return false }
      return metric.isHigherBetter ? !(own > other) : !(own < other)
    }
  }
}

extension TargetEncoder {
  /// The label that is always named by a model that gives these means of the training targets; nil if the
  /// task has no classes.
  package func usualLabel(_ means: [Double]) -> String? {
    guard task == .classification, let first = means.first else { return nil }
    guard means.count == 1 else {
      let largest = means.indices.max { means[$0] < means[$1] }
      return largest.flatMap { labels.indices.contains($0) ? labels[$0] : nil }
    }
    let isSecond = first > (coding == .plusMinusOne ? 0 : 0.5)
    return isSecond ? labels.last : labels.first
  }
}

extension Terms {
  /// "accuracy 0.4419, log loss 1.05: always Adelie"
  package func text(baseline: Evaluation, usual label: String?) -> String {
    let what =
      switch baseline.metrics.kind {
      case .classification:
        language.text(.alwaysClass, (label ?? "").shown(limit: 24))
      case .multiLabel: language.text(.alwaysLabels)
      case .regression: language.text(.alwaysMean)
      }
    return language.text(.baselineOf, text(baseline), what)
  }

  /// Says where a model does not beat its baseline, and what to do; nil if it does.
  ///
  /// - Parameters:
  ///   - shown: Values in the place of those of the model, where another threshold decides.
  ///   - commands: Where to look for the cause.
  package func text(
    failuresOf evaluation: Evaluation, against baseline: Evaluation,
    shown: [(metric: Metric, value: Double)] = [], commands: [String] = []
  ) -> String? {
    let failures = evaluation.failures(against: baseline, shown: shown)
    guard !failures.isEmpty else { return nil }
    guard failures.contains(.loss) else {
      let isOfLabels = if case .multiLabel = evaluation.metrics.kind { true } else { false }
      return language.text(isOfLabels ? .labelsNotBeaten : .classesNotBeaten)
    }
    let names = failures.map { metric in
      // The loss of a classification is told as its log loss.
      name(metric == .loss && evaluation.lossIsLogLoss ? .logLoss : metric)
    }
    let text = language.text(.notBeaten, names.joined(separator: language.text(.and)))
    return commands.isEmpty
      ? text : text + language.text(.lookForCause, commands.joined(separator: "; "))
  }
}
