import Backprop

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// Learning curves as a standalone SVG picture: no script, nothing to load, light or dark as its
/// viewer prefers.
///
/// Colours are Okabe and Ito's (2008), which people with any form of colour blindness tell apart;
/// they differ in brightness too, and the validation line is dashed. The same run gives the same
/// bytes.
package struct CurvesPicture {
  package let curves: LearningCurves
  package let title: String
  package let subtitle: String

  package init(curves: LearningCurves, title: String, subtitle: String) {
    self.curves = curves
    self.title = title
    self.subtitle = subtitle
  }

  private static let size = (width: 920.0, height: 420.0)
  private static let plot = (width: 372.0, height: 236.0, top: 122.0)
  /// Left edges of the plots.
  private static let lefts = [66.0, 526.0]

  package var text: String {
    var lines = [
      Self.start(width: Self.size.width, height: Self.size.height),
      "<title id=\"title\">\(Self.escaped(title))</title>",
      "<desc id=\"desc\">\(Self.escaped(curves.summary))</desc>",
      "<style>", Self.style, "</style>",
      "<rect class=\"paper\" width=\"100%\" height=\"100%\"/>",
      text("heading", x: 24, y: 36, Self.shortened(title, to: 80)),
      text("muted", x: 24, y: 58, Self.shortened(subtitle, to: 130)),
    ]
    lines += legend
    let panels = curves.panels
    for (panel, left) in zip(panels, Self.lefts) { lines += draw(panel, left: left) }
    if panels.isEmpty { lines.append(text("muted", x: 24, y: 130, "No epoch was finished.")) }
    return lines.joined(separator: "\n") + "\n</svg>\n"
  }

  /// How every picture of the program begins, which tells that it is one.
  package static func start(width: Double, height: Double) -> String {
    "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"\(number(width))\" "
      + "height=\"\(number(height))\" viewBox=\"0 0 \(number(width)) \(number(height))\" "
      + "role=\"img\" aria-labelledby=\"title desc\">\n\(mark)"
  }

  private static let mark = "<!-- drawn by backprop -->"

  /// Whether a file is a picture that this program drew.
  package static func isPicture(_ path: String) -> Bool {
    guard let file = fopen(path, "r") else { return false }
    defer { fclose(file) }
    var head = [UInt8](repeating: 0, count: 512)
    let count = fread(&head, 1, head.count, file)
    return String(decoding: head[..<count], as: UTF8.self).contains(mark)
  }

  package static let style = """
    text { font: 12px system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", Arial, \
    sans-serif; fill: #222; }
    .paper { fill: #fff; }
    .heading { font-size: 18px; font-weight: 600; }
    .panel { font-size: 13px; font-weight: 600; }
    .muted, .tick { fill: #555; }
    .note { stroke: #fff; stroke-width: 4px; stroke-linejoin: round; paint-order: stroke; }
    .grid { stroke: #e4e4e4; fill: none; }
    .axis { stroke: #777; fill: none; }
    .bestline { stroke: #777; fill: none; stroke-dasharray: 2 3; }
    .training { stroke: #0072b2; fill: none; stroke-width: 2; stroke-linejoin: round; }
    .validation { stroke: #d55e00; fill: none; stroke-width: 2; stroke-linejoin: round; \
    stroke-dasharray: 7 3; }
    .dot { stroke-dasharray: none; }
    .training.dot { fill: #0072b2; }
    .validation.dot { fill: #d55e00; }
    .ring { fill: #fff; stroke-width: 2.5; stroke-dasharray: none; }
    @media (prefers-color-scheme: dark) {
    text { fill: #e6e6e6; }
    .paper { fill: #16181d; }
    .muted, .tick { fill: #a9adb5; }
    .note { stroke: #16181d; }
    .grid { stroke: #2c3038; }
    .axis, .bestline { stroke: #8a8f98; }
    .training { stroke: #56b4e9; }
    .validation { stroke: #e69f00; }
    .training.dot { fill: #56b4e9; }
    .validation.dot { fill: #e69f00; }
    .ring { fill: #16181d; }
    }
    """

  private var legend: [String] {
    var lines: [String] = []
    var x = 24.0
    let hasValidation = curves.panels.contains { !$0.validation.isEmpty }
    for (series, width) in [("training", 104.0)] + (hasValidation ? [("validation", 114.0)] : []) {
      lines.append(line(series, from: (x, 80), to: (x + 28, 80)))
      lines.append(text("key", x: x + 36, y: 84, series))
      x += width
    }
    if let bestEpoch = curves.bestEpoch {
      lines.append(
        "<circle class=\"validation ring\" cx=\"\(Self.number(x + 6))\" cy=\"80\" r=\"4.5\"/>")
      lines.append(
        text("key", x: x + 18, y: 84, "best epoch by the validation data: \(bestEpoch)"))
    }
    return lines
  }

  private func draw(_ panel: LearningCurves.Panel, left: Double) -> [String] {
    let (width, height, top) = Self.plot
    let bottom = top + height
    let last = curves.epochs
    func x(_ epoch: Int) -> Double {
      left + width * (last > 1 ? Double(epoch - 1) / Double(last - 1) : 0.5)
    }
    func y(_ value: Double) -> Double { bottom - height * panel.axis.position(of: value) }

    var lines = ["<g>", text("panel", x: left, y: top - 12, panel.title)]
    for tick in panel.axis.ticks {
      let y = y(tick.value)
      lines.append(line("grid", from: (left, y), to: (left + width, y)))
      lines.append(text("tick", x: left - 8, y: y + 4, tick.label, anchor: "end"))
    }
    lines.append(line("axis", from: (left, bottom), to: (left + width, bottom)))
    for epoch in CurveAxis.epochs(upTo: last, most: 6) {
      lines.append(line("axis", from: (x(epoch), bottom), to: (x(epoch), bottom + 5)))
      lines.append(
        text("tick", x: x(epoch), y: bottom + 19, Format.count(epoch), anchor: "middle"))
    }
    lines.append(text("muted", x: left + width / 2, y: bottom + 40, "epoch", anchor: "middle"))

    if let best = panel.best {
      lines.append(line("bestline", from: (x(best.epoch), top), to: (x(best.epoch), bottom)))
    }
    for (name, series) in [("training", panel.training), ("validation", panel.validation)] {
      let places = series.map { (x: x($0.epoch), y: y($0.value)) }
      if places.count > 1 {
        let points = places.map { "\(Self.number($0.x)),\(Self.number($0.y))" }
        lines.append("<polyline class=\"\(name)\" points=\"\(points.joined(separator: " "))\"/>")
      }
      // A line through a few epochs shows where they are.
      if places.count <= 12 {
        lines += places.map {
          "<circle class=\"\(name) dot\" cx=\"\(Self.number($0.x))\" cy=\"\(Self.number($0.y))\" "
            + "r=\"2\"/>"
        }
      }
    }
    if let best = panel.best {
      let place = (x: x(best.epoch), y: y(best.value))
      lines.append(
        "<circle class=\"validation ring\" cx=\"\(Self.number(place.x))\" "
          + "cy=\"\(Self.number(place.y))\" r=\"4.5\"/>")
      let isRight = place.x > left + width * 0.7
      // Where the curves have left room: above a ring in the lower half, below one in the upper.
      let isLow = place.y > top + height / 2
      lines.append(
        text(
          "note", x: place.x + (isRight ? -8 : 8), y: place.y + (isLow ? -14 : 24),
          Format.short(best.value), anchor: isRight ? "end" : "start"))
    }
    return lines + ["</g>"]
  }

  // MARK: Elements

  private func line(
    _ name: String, from start: (Double, Double), to end: (Double, Double)
  ) -> String {
    "<line class=\"\(name)\" x1=\"\(Self.number(start.0))\" y1=\"\(Self.number(start.1))\" "
      + "x2=\"\(Self.number(end.0))\" y2=\"\(Self.number(end.1))\"/>"
  }

  private func text(
    _ name: String, x: Double, y: Double, _ text: String, anchor: String? = nil
  ) -> String {
    let anchor = anchor.map { " text-anchor=\"\($0)\"" } ?? ""
    return "<text class=\"\(name)\" x=\"\(Self.number(x))\" y=\"\(Self.number(y))\"\(anchor)>"
      + "\(Self.escaped(text))</text>"
  }

  /// Text of at most so many letters: about what finds room in its line.
  package static func shortened(_ text: String, to count: Int) -> String {
    text.count > count ? "\(text.prefix(count - 1))…" : text
  }

  /// A coordinate, to a tenth of a pixel.
  package static func number(_ value: Double) -> String {
    let text = Format.fixed(value, 1)
    return text.hasSuffix(".0") ? String(text.dropLast(2)) : text
  }

  /// Text as XML can hold it: what it gives a meaning is escaped, control characters become spaces.
  package static func escaped(_ text: String) -> String {
    var result = ""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "&": result += "&amp;"
      case "<": result += "&lt;"
      case ">": result += "&gt;"
      case "\"": result += "&quot;"
      case _
      where scalar.value < 0x20 || (0x7F...0x9F).contains(scalar.value)
        || scalar.value & 0xFFFE == 0xFFFE:
        result += " "
      default: result.unicodeScalars.append(scalar)
      }
    }
    return result
  }
}
