import Backprop

/// The names of metrics and losses in what one stream is told: in Korean with the English behind a name
/// where it is first printed, such as 정확도(accuracy).
package final class Terms {
  package let language: Language
  private var said: Set<String> = []

  package init(_ language: Language) { self.language = language }

  package func name(_ metric: Metric) -> String {
    named(MetricText.name(metric), metric.korean)
  }

  package func name(_ loss: Loss) -> String { named(loss.description, loss.korean) }

  /// "accuracy 0.9855"
  package func text(_ metric: Metric, _ value: Double) -> String {
    "\(name(metric)) \(MetricText.value(metric, value))"
  }

  /// - Parameter interval: Of one of its metrics.
  package func text(_ evaluation: Evaluation, _ interval: MetricInterval? = nil) -> String {
    let parts = evaluation.shown.map { metric, value in
      let text = text(metric, value)
      guard let interval, interval.metric == metric else { return text }
      return "\(text) \(interval.text)"
    }
    return parts.isEmpty ? language.text(.nothingHeldOut) : parts.joined(separator: ", ")
  }

  /// - Parameter korean: Nil where Koreans say it in English.
  private func named(_ english: String, _ korean: String?) -> String {
    guard language == .korean, let korean else { return english }
    // A name in Latin letters is its own translation.
    let needsEnglish = english != "loss" && !korean.hasPrefix(english.prefix { $0 != " " })
    return said.insert(english).inserted && needsEnglish ? "\(korean)(\(english))" : korean
  }
}

extension MetricInterval {
  /// "[0.9220, 0.9974]"
  package var text: String {
    "[\(MetricText.value(metric, low)), \(MetricText.value(metric, high))]"
  }
}

extension Metric {
  fileprivate var korean: String? {
    switch self {
    case .loss: "손실"
    case .accuracy: "정확도"
    case .balancedAccuracy: "균형 정확도"
    case .exactMatch: "완전 일치"
    case .logLoss: "로그 손실"
    case .brier: "브라이어 점수"
    case .topK(let k): "상위 \(k) 정확도"
    case .medianAbsoluteError: "절대 오차 중앙값"
    case .pinball(let quantile): "핀볼 손실 \(quantile)"
    case .f1: "F1(매크로 평균)"
    case .expectedCalibrationError(let bins): "ECE (구간 \(bins)개)"
    case .rocAUC, .averagePrecision, .matthewsCorrelation, .rmse, .mae, .r2: nil
    }
  }
}

extension Loss {
  fileprivate var korean: String? {
    switch self {
    case .squaredError: "제곱 오차"
    case .absoluteError: "절대 오차"
    case .huber: "후버 손실"
    case .binaryCrossEntropy: "이진 교차 엔트로피"
    case .crossEntropy: "교차 엔트로피"
    case .hinge: "힌지 손실"
    case .poisson: "푸아송 손실"
    case .quantile: "분위수 손실"
    case .custom: nil
    }
  }
}

extension LearningTask {
  package func text(in language: Language) -> String {
    switch self {
    case .classification: language.text(.classification)
    case .regression: language.text(.regression)
    case .multilabel: language.text(.multiLabel)
    }
  }
}

extension Reduction {
  package func text(in language: Language) -> String {
    self == .mean ? language.text(.mean) : language.text(.sum)
  }
}

extension ExampleWeights {
  /// "column w; classes a=1, b=2"
  package func text(labels: [String], in language: Language) -> String {
    let named = classes.map { zip(labels, $0).map { "\($0.shown())=\(Format.short($1))" } }
    return [
      column.map { language.text(.weightColumn, $0.shown()) },
      named.map { language.text(.weightsOfClasses, Format.list($0, limit: 12)) },
    ].compactMap(\.self).joined(separator: "; ")
  }
}
