import Backprop

extension RateReport {
  /// The loss against the rate as a standalone SVG picture, in the manner of the learning curves; the
  /// same search gives the same bytes.
  package var picture: String {
    let size = (width: 760.0, height: 440.0)
    let plot = (left: 72.0, top: 116.0, width: 656.0, height: 246.0)
    let bottom = plot.top + plot.height
    func number(_ value: Double) -> String { CurvesPicture.number(value) }
    func text(_ name: String, _ x: Double, _ y: Double, _ text: String, _ anchor: String = "start")
      -> String
    {
      "<text class=\"\(name)\" x=\"\(number(x))\" y=\"\(number(y))\" text-anchor=\"\(anchor)\">"
        + "\(CurvesPicture.escaped(text))</text>"
    }
    func line(_ name: String, _ x1: Double, _ y1: Double, _ x2: Double, _ y2: Double) -> String {
      "<line class=\"\(name)\" x1=\"\(number(x1))\" y1=\"\(number(y1))\" x2=\"\(number(x2))\" "
        + "y2=\"\(number(y2))\"/>"
    }
    let heading = "\(title): loss against learning rate"
    var lines = [
      CurvesPicture.start(width: size.width, height: size.height),
      "<title id=\"title\">\(CurvesPicture.escaped(heading))</title>",
      "<desc id=\"desc\">\(CurvesPicture.escaped(summary))</desc>",
      "<style>", CurvesPicture.style, ".raw { fill: #777; opacity: 0.45; }",
      ".mark { stroke: #d55e00; fill: none; stroke-width: 2; }", "</style>",
      "<rect class=\"paper\" width=\"100%\" height=\"100%\"/>",
      text("heading", 24, 36, CurvesPicture.shortened(heading, to: 66)),
      text("muted", 24, 58, CurvesPicture.shortened(subtitle, to: 110)),
    ]
    guard let axis = lossAxis, let first = drawn.first, let last = drawn.last,
      last.rate > first.rate
    else {
      lines.append(text("muted", 24, 130, "No step has a finite loss."))
      return lines.joined(separator: "\n") + "\n</svg>\n"
    }
    let rates = CurveAxis(logarithmic: first.rate...last.rate)
    func x(_ rate: Double) -> Double {
      plot.left + plot.width * min(1, max(0, rates.position(of: rate)))
    }
    func y(_ loss: Double) -> Double {
      bottom - plot.height * min(1, max(0, axis.position(of: loss)))
    }
    // The key.
    lines.append(line("training", 24, 82, 52, 82))
    lines.append(text("key", 60, 86, "smoothed loss"))
    lines.append("<circle class=\"raw\" cx=\"178\" cy=\"82\" r=\"2\"/>")
    lines.append(text("key", 188, 86, "loss of a step"))
    for tick in axis.ticks {
      lines.append(line("grid", plot.left, y(tick.value), plot.left + plot.width, y(tick.value)))
      lines.append(text("tick", plot.left - 8, y(tick.value) + 4, tick.label, "end"))
    }
    lines.append(line("axis", plot.left, bottom, plot.left + plot.width, bottom))
    for tick in rates.ticks {
      lines.append(line("axis", x(tick.value), bottom, x(tick.value), bottom + 5))
      lines.append(text("tick", x(tick.value), bottom + 19, tick.label, "middle"))
    }
    lines.append(
      text("muted", plot.left + plot.width / 2, bottom + 42, "learning rate (log scale)", "middle"))
    let range = axis.ticks[0].value...axis.ticks[axis.ticks.count - 1].value
    for point in drawn where range.contains(point.loss) {
      lines.append(
        "<circle class=\"raw\" cx=\"\(number(x(point.rate)))\" cy=\"\(number(y(point.loss)))\" "
          + "r=\"1.6\"/>")
    }
    let points = drawn.map { "\(number(x($0.rate))),\(number(y($0.smoothed)))" }
    lines.append("<polyline class=\"training\" points=\"\(points.joined(separator: " "))\"/>")
    // Names above each other, so that marks may stand close.
    var height = plot.top + 2
    for (name, rate, mark) in [
      ("proposed", result.proposed, "mark"), ("threshold", result.threshold, "bestline"),
      ("lowest loss", result.rangeTest.lowest?.rate, "bestline"),
    ] {
      guard let rate, rate >= first.rate, rate <= rates.ticks[rates.ticks.count - 1].value else {
        continue
      }
      lines.append(line(mark, x(rate), plot.top - 6, x(rate), bottom))
      let isRight = x(rate) > plot.left + plot.width * 0.72
      lines.append(
        text(
          "note", x(rate) + (isRight ? -6 : 6), height, "\(name) \(Format.short(rate))",
          isRight ? "end" : "start"))
      height += 18
    }
    return lines.joined(separator: "\n") + "\n</svg>\n"
  }

  /// What the picture shows, in sentences.
  private var summary: String {
    let range = result.rangeTest
    var parts = [
      "\(Format.count(range.points.count, "step")) from rate \(JSONValue(options.lowest)) on."
    ]
    if let lowest = range.lowest {
      parts.append(
        "The smoothed loss is lowest, \(Format.short(lowest.smoothed)), at rate "
          + "\(Format.short(lowest.rate)).")
    }
    if let exploded = range.exploded {
      parts.append("It explodes at rate \(Format.short(exploded)).")
    }
    if let threshold = result.threshold { parts.append("Threshold: \(Format.short(threshold)).") }
    if let proposed = result.proposed { parts.append("Proposed: \(JSONValue(proposed)).") }
    return parts.joined(separator: " ")
  }
}
