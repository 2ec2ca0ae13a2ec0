import Backprop

/// Collects the epochs of a run, and says what its learning curves are.
package struct LearningCurves: Codable {

  package init() {
  }
  /// What is drawn of one epoch.
  private struct Point: Codable {
    let epoch: Int
    let loss: Double
    let validationLoss: Double?
    let metric: Double?
    let validationMetric: Double?
  }

  /// One line: numbers over epochs, in ascending order.
  package typealias Series = [(epoch: Int, value: Double)]

  /// Curves of one quantity.
  package struct Panel {
    let title: String
    let axis: CurveAxis
    let training: Series
    let validation: Series
    /// The best epoch's value on the validation data.
    let best: (epoch: Int, value: Double)?
  }

  /// Every so many epochs there is a point, besides those that are kept for their own sake.
  private(set) var spacing = 1
  /// Epochs that were finished.
  private(set) var epochs = 0
  private var points: [Point] = []
  private var last: Point?
  private var best: Point?

  /// A panel has some 400 pixels; beyond so many points every other one goes.
  private static let mostPoints = 4096

  /// The best epoch by the validation data; nil without any, when the last one is kept.
  package var bestEpoch: Int? { best?.epoch }

  /// - Parameter monitored: The metric that chooses the best epoch, which is then the one that is drawn;
  ///   nil for the first of every epoch. Not every metric is at hand on the training data.
  package mutating func add(_ report: EpochReport, monitored: Metric? = nil) {
    let usual = report.metrics.values.first
    let metric = monitored == .loss ? nil : monitored
    let point = Point(
      // Without penalties, which the loss on validation data has not either.
      epoch: report.epoch, loss: report.dataLoss, validationLoss: report.validation?.loss,
      metric: metric.map { report.metrics.value(of: $0) } ?? usual?.value,
      validationMetric: metric.map { report.validation?.value(of: $0) }
        ?? report.validation?.metrics.values.first?.value)
    hasPenalty = hasPenalty || report.loss != report.dataLoss
    metricName = metric?.key ?? usual?.name
    epochs = report.epoch
    last = point
    if report.isBest, report.validation != nil { best = point }
    guard (report.epoch - 1).isMultiple(of: spacing) else { return }
    points.append(point)
    if points.count > Self.mostPoints {
      spacing *= 2
      points = points.filter { ($0.epoch - 1).isMultiple(of: spacing) }
    }
  }

  /// Whether curves that come from a file can be gone on with.
  package var isConsistent: Bool {
    let all = points + [last, best].compactMap(\.self)
    return points.count <= Self.mostPoints && (1...1 << 40).contains(spacing)
      && (0...1 << 40).contains(epochs)
      && all.allSatisfy { (1...max(1, epochs)).contains($0.epoch) }
      && zip(points, points.dropFirst()).allSatisfy { $0.epoch < $1.epoch }
  }

  private var hasPenalty = false
  private var metricName: String?

  /// The loss, and the first metric, as pictures show them.
  package var panels: [Panel] { panels(Terms(.english)) }

  /// The same with titles in the words of a language.
  func panels(_ terms: Terms) -> [Panel] {
    // The last epoch and the best one are drawn whatever the spacing.
    var drawn = points
    for point in [best, last].compactMap(\.self)
    where !drawn.contains(where: { $0.epoch == point.epoch }) {
      drawn.append(point)
    }
    drawn.sort { $0.epoch < $1.epoch }
    func series(_ value: (Point) -> Double?) -> Series {
      drawn.compactMap { point in
        value(point).flatMap(Self.drawable).map { (point.epoch, $0) }
      }
    }
    func panel(
      _ title: String, isError: Bool, limits: ClosedRange<Double>?, _ training: (Point) -> Double?,
      _ validation: (Point) -> Double?
    ) -> Panel? {
      let (training, held) = (series(training), series(validation))
      let values = (training + held).map(\.value)
      guard let low = values.min(), let high = values.max() else { return nil }
      let axis =
        isError && low > 0 && high > 10 * low
        ? CurveAxis(logarithmic: low...high) : CurveAxis(linear: low...high, limits: limits)
      return Panel(
        title: axis.isLogarithmic ? terms.language.text(.logScale, title) : title, axis: axis,
        training: training,
        validation: held,
        best: best.flatMap { best in
          validation(best).flatMap(Self.drawable).map { (best.epoch, $0) }
        })
    }
    let loss = panel(
      hasPenalty ? terms.language.text(.lossWithoutPenalties) : terms.name(.loss), isError: true,
      limits: nil,
      { $0.loss }, { $0.validationLoss })
    let metric = metricName.flatMap { name in
      panel(
        MetricText.metric(name).map(terms.name) ?? name,
        isError: ["rmse", "mae", "logLoss"].contains(name),
        limits: ["accuracy", "exactMatch"].contains(name) ? 0...1 : nil,
        { $0.metric }, { $0.validationMetric })
    }
    return [loss, metric].compactMap(\.self)
  }

  /// A value as an axis can hold it: what is beyond all measure is left out, what is nothing is 0.
  private static func drawable(_ value: Double) -> Double? {
    guard abs(value) <= 1e100 else { return nil }
    return abs(value) < 1e-100 ? 0 : value
  }

  /// What the curves show, in sentences.
  package var summary: String {
    guard let last else { return "No epoch was finished." }
    var parts: [String] = []
    for panel in panels {
      var lines: [String] = []
      for (name, series) in [("training", panel.training), ("validation", panel.validation)] {
        guard let first = series.first, let end = series.last else { continue }
        lines.append("\(name) from \(Format.short(first.value)) to \(Format.short(end.value))")
      }
      parts.append("\(panel.title): \(lines.joined(separator: ", ")).")
    }
    var text = "\(Format.count(last.epoch, "epoch")). \(parts.joined(separator: " "))"
    if let bestEpoch { text += " Best epoch by the validation data: \(bestEpoch)." }
    if spacing > 1 { text += " Every \(spacing)th epoch is drawn." }
    return text
  }
}
