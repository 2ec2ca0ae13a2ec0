import Backprop
import BackpropInspection

/// Progress on standard error: on a terminal one line that is drawn again, else a few plain lines.
final class ProgressDisplay {
  private let isInteractive: Bool
  private let terms: Terms
  private var language: Language { terms.language }
  private let hasColor: Bool
  private let clock = ContinuousClock()
  private let start: ContinuousClock.Instant
  private var lastDrawn: ContinuousClock.Instant?
  private var hasLine = false
  private var lastEpoch: EpochReport?
  private var bestEpoch: EpochReport?
  /// The epochs that have a line which stays.
  private var shown: Set<Int> = []

  /// Lines of a run whose progress does not go to a terminal, about.
  private static let plainLines = 20

  init(isInteractive: Bool, _ terms: Terms) {
    self.isInteractive = isInteractive
    self.terms = terms
    hasColor = Terminal.hasColor
    start = clock.now
  }

  /// A line that stays.
  func note(_ text: String) {
    erase()
    Terminal.printError(text)
  }

  /// Before the first epoch: a large file takes a while to read.
  func showReading(_ path: String) {
    guard isInteractive else { return }
    erase()
    Terminal.writeError(language.text(.reading, path.shown()))
    hasLine = true
  }

  /// Within an epoch.
  func show(_ report: TrainingProgress) {
    guard isInteractive else { return }
    let inEpoch = Double(report.stepInEpoch) / Double(max(1, report.stepsPerEpoch))
    draw(
      epoch: report.epoch, epochs: report.epochs,
      done: (Double(report.epoch - 1) + inEpoch) / Double(report.epochs),
      loss: report.loss, examplesPerSecond: report.examplesPerSecond)
  }

  /// After an epoch.
  func show(_ report: EpochReport) {
    lastEpoch = report
    if report.isBest { bestEpoch = report }
    if isInteractive {
      draw(
        epoch: report.epoch, epochs: report.epochs,
        done: Double(report.epoch) / Double(report.epochs), loss: report.loss,
        examplesPerSecond: report.examplesPerSecond)
    } else if isPlainEpoch(report) {
      Terminal.printError(line(report))
      shown.insert(report.epoch)
    }
  }

  /// The line of the epoch whose weights are kept, unless it stands among the others already.
  func showBest(of summary: TrainingSummary) {
    guard !isInteractive, let bestEpoch, bestEpoch.epoch == summary.bestEpoch,
      !shown.contains(bestEpoch.epoch)
    else { return }
    note("\(line(bestEpoch))  (\(terms.language.text(.bestEpoch)))")
  }

  /// Takes the line away, so that the summary follows the notes.
  func finish() { erase() }

  /// The first epoch, the last, and every few between.
  private func isPlainEpoch(_ report: EpochReport) -> Bool {
    let spacing = (report.epochs + Self.plainLines - 1) / Self.plainLines
    return report.epoch == 1 || report.epoch == report.epochs
      || report.epoch.isMultiple(of: spacing)
  }

  /// "epoch   5/100  loss 0.1234     accuracy 0.9688  held-out loss 0.1300     accuracy 0.9710 …"
  private func line(_ report: EpochReport) -> String {
    let total = String(report.epochs)
    var parts = [language.text(.epoch, Format.left(String(report.epoch), total.count), total)]
    // As wide as the longest number of four digits, so that the columns stand below each other.
    let width = 9
    parts.append("\(terms.name(.loss)) \(Format.right(Format.short(report.loss), width))")
    parts.append(contentsOf: quotedMetric(report.metrics))
    if let validation = report.validation {
      parts.append(
        "\(language.text(.heldOutLoss)) \(Format.right(Format.short(validation.loss), width))")
      parts.append(contentsOf: quotedMetric(validation.metrics))
    }
    parts.append(rate(report.examplesPerSecond))
    return parts.joined(separator: "  ")
  }

  private func quotedMetric(_ metrics: Metrics) -> [String] {
    metrics.shown.prefix(1).map(terms.text)
  }

  private func rate(_ examplesPerSecond: Double) -> String {
    guard examplesPerSecond.isFinite, examplesPerSecond < 1e12 else { return "" }
    return language.text(.examplesPerSecond, Format.count(Int(examplesPerSecond)))
  }

  // MARK: The line on a terminal

  private func draw(
    epoch: Int, epochs: Int, done: Double, loss: Double, examplesPerSecond: Double
  ) {
    let now = clock.now
    // Ten times a second is as much as an eye can follow.
    if let lastDrawn, now - lastDrawn < .milliseconds(100), done < 1 { return }
    lastDrawn = now
    let (seconds, attoseconds) = (now - start).components
    let elapsed = Double(seconds) + Double(attoseconds) * 1e-18
    let metrics = lastEpoch?.validation?.metrics ?? lastEpoch?.metrics
    let line = ProgressLine(
      language: language, epoch: language.text(.epoch, String(epoch), String(epochs)),
      loss: "\(terms.name(.loss)) \(Format.short(loss))",
      metric: metrics?.shown.first.map { metric, value in
        metric == .accuracy && language == .english
          ? "acc \(Format.fixed(value, 3))" : "\(terms.name(metric)) \(Format.short(value))"
      },
      isHeldOut: lastEpoch?.validation != nil,
      rate: ProgressLine.rate(examplesPerSecond).map { language.text(.perSecond, $0) },
      left: done > 0
        ? language.text(.timeLeft, Format.time(elapsed / done - elapsed)) : nil)
    let (text, room) = line.fitted(into: Terminal.width - 1)
    let bar = room > 0 ? "  \(Self.bar(done, width: room, hasColor: hasColor))" : ""
    Terminal.writeError("\r\u{1B}[2K\(line.epoch)\(bar)\(text)")
    hasLine = true
  }

  private static func bar(_ done: Double, width: Int, hasColor: Bool) -> String {
    let full = min(width, max(0, Int((done * Double(width)).rounded(.down))))
    let filled = String(repeating: "━", count: full)
    let rest = String(repeating: hasColor ? "━" : "─", count: width - full)
    return hasColor ? "\u{1B}[32m\(filled)\u{1B}[90m\(rest)\u{1B}[0m" : filled + rest
  }

  private func erase() {
    guard hasLine else { return }
    Terminal.clearLine()
    hasLine = false
  }
}

/// The parts of the line on a terminal, in words as short as they can be understood.
private struct ProgressLine {
  let language: Language
  let epoch: String
  let loss: String
  var metric: String?
  /// Whether the metric is one of the rows held out.
  let isHeldOut: Bool
  var rate: String?
  let left: String?

  private static let shortestBar = 8
  private static let longestBar = 30

  /// What stands behind the bar, and how long the bar can be; 0 if there is no room for one.
  ///
  /// What has no room goes: first a word that explains, then the rate, then metric and loss.
  func fitted(into width: Int) -> (text: String, bar: Int) {
    let heldOut = isHeldOut ? metric.map { language.text(.heldOutMetric, $0) } : metric
    let choices = [
      [loss, heldOut, rate, left], [loss, metric, rate, left], [loss, metric, left],
      [loss, left], [left],
    ]
    for parts in choices {
      let text = parts.compactMap(\.self).map { "  \($0)" }.joined()
      let room = width - epoch.displayWidth - text.displayWidth - 2
      if room >= Self.shortestBar { return (text, min(room, Self.longestBar)) }
    }
    let text = left.map { "  \($0)" } ?? ""
    return (epoch.displayWidth + text.displayWidth <= width ? text : "", 0)
  }

  /// "950", "12k", "1.7M": examples a second; nil before there is any.
  static func rate(_ examplesPerSecond: Double) -> String? {
    guard examplesPerSecond.isFinite, examplesPerSecond >= 0 else { return nil }
    for (unit, suffix) in [(1e9, "G"), (1e6, "M"), (1e3, "k")] where examplesPerSecond >= unit {
      let value = examplesPerSecond / unit
      return "\(Format.fixed(value, value < 9.95 ? 1 : 0))\(suffix)"
    }
    return Format.fixed(examplesPerSecond, 0)
  }
}
