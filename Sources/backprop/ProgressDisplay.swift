import Backprop

/// Progress on standard error: on a terminal one line that is drawn again, else a few plain lines.
final class ProgressDisplay {
  private let isInteractive: Bool
  private let hasColor: Bool
  private let clock = ContinuousClock()
  private let start: ContinuousClock.Instant
  private var lastDrawn: ContinuousClock.Instant?
  private var hasLine = false
  private var lastEpoch: EpochReport?

  /// Lines of a run whose progress does not go to a terminal, about.
  private static let plainLines = 20

  init(isInteractive: Bool) {
    self.isInteractive = isInteractive
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
    Terminal.writeError("reading \(path) …")
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
    if isInteractive {
      draw(
        epoch: report.epoch, epochs: report.epochs,
        done: Double(report.epoch) / Double(report.epochs), loss: report.loss,
        examplesPerSecond: report.examplesPerSecond)
    } else if isPlainEpoch(report) {
      Terminal.printError(Self.line(report))
    }
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
  private static func line(_ report: EpochReport) -> String {
    let total = String(report.epochs)
    var parts = ["epoch \(Format.left(String(report.epoch), total.count))/\(total)"]
    // As wide as the longest number of four digits, so that the columns stand below each other.
    let width = 9
    parts.append("loss \(Format.right(Format.short(report.loss), width))")
    parts.append(contentsOf: quotedMetric(report.metrics))
    if let validation = report.validation {
      parts.append("held-out loss \(Format.right(Format.short(validation.loss), width))")
      parts.append(contentsOf: quotedMetric(validation.metrics))
    }
    parts.append(rate(report.examplesPerSecond))
    return parts.joined(separator: "  ")
  }

  private static func quotedMetric(_ metrics: Metrics) -> [String] {
    metrics.values.first.map { name, value in
      ["\(MetricText.name(name)) \(MetricText.value(name, value))"]
    } ?? []
  }

  private static func rate(_ examplesPerSecond: Double) -> String {
    guard examplesPerSecond.isFinite, examplesPerSecond < 1e12 else { return "" }
    return "\(Format.count(Int(examplesPerSecond))) examples/s"
  }

  // MARK: The line on a terminal

  private func draw(
    epoch: Int, epochs: Int, done: Double, loss: Double, examplesPerSecond: Double
  ) {
    let now = clock.now
    // Ten times a second is as much as an eye can follow.
    if let lastDrawn, now - lastDrawn < .milliseconds(100), done < 1 { return }
    lastDrawn = now
    var parts = ["epoch \(epoch)/\(epochs)", "loss \(Format.short(loss))"]
    if let validation = lastEpoch?.validation {
      parts.append(contentsOf: Self.quotedMetric(validation.metrics).map { "held-out \($0)" })
    } else if let lastEpoch {
      parts.append(contentsOf: Self.quotedMetric(lastEpoch.metrics))
    }
    parts.append(Self.rate(examplesPerSecond))
    let (seconds, attoseconds) = (now - start).components
    let elapsed = Double(seconds) + Double(attoseconds) * 1e-18
    if done > 0 { parts.append("\(Format.time(elapsed / done - elapsed)) left") }
    // What has no room on a narrow terminal goes, the least important first.
    let width = Terminal.width - 1
    while parts.count > 1, parts.joined(separator: "  ").count > width { parts.removeLast() }
    let text = parts.dropFirst().joined(separator: "  ")
    let room = width - parts[0].count - text.count - 4
    let bar = room >= 8 ? "  \(Self.bar(done, width: min(room, 30), hasColor: hasColor))" : ""
    Terminal.writeError("\r\u{1B}[2K\(parts[0])\(bar)  \(text)")
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
