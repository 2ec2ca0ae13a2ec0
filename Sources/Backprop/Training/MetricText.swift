/// Metrics as people call them.
package enum MetricText {
  package static func name(_ metric: Metric) -> String {
    switch metric {
    case .logLoss: "log loss"
    case .exactMatch: "exact match"
    case .balancedAccuracy: "balanced accuracy"
    case .brier: "Brier score"
    case .rocAUC: "ROC AUC"
    case .averagePrecision: "PR AUC"
    case .f1: "F1 (macro)"
    case .matthewsCorrelation: "MCC"
    case .topK(let k): "top-\(k) accuracy"
    case .expectedCalibrationError(let bins): "ECE (\(bins) bins)"
    case .rmse: "RMSE"
    case .mae: "MAE"
    case .r2: "R²"
    case .medianAbsoluteError: "median AE"
    case .pinball(let quantile): "pinball \(quantile)"
    case .loss, .accuracy: metric.description
    }
  }

  /// The name of a metric of every epoch by its key.
  package static func name(_ key: String) -> String { metric(key).map(name) ?? key }

  /// Shares with four digits behind the point; a dash for what is not defined.
  package static func value(_ metric: Metric, _ value: Double) -> String {
    if value.isNaN { return "–" }
    return switch metric {
    case .accuracy, .exactMatch, .r2, .balancedAccuracy, .rocAUC, .averagePrecision, .f1,
      .matthewsCorrelation, .topK:
      Format.fixed(value, 4)
    default: Format.short(value)
    }
  }

  package static func value(_ key: String, _ value: Double) -> String {
    metric(key).map { Self.value($0, value) } ?? Format.short(value)
  }

  package static func metric(_ key: String) -> Metric? {
    Metric.allCases.first { $0.key == key }
  }
}
