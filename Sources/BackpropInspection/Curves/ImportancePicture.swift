import Backprop

extension ImportanceReport {
  /// Columns that have a bar; the rest is of little importance.
  private static let mostBars = 24
  private static let mostSeries = 6
  private static let side = (width: 372.0, height: 220.0)
  /// Okabe and Ito's colours, of which the first two are those of the learning curves.
  private static let colors = ["#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9"]

  /// Importance as bars with their intervals, and below them the dependences, as a standalone SVG picture;
  /// the same report gives the same bytes.
  package func picture(title: String, subtitle: String) -> String {
    let bars = importance.columns.filter { Self.isDrawable($0.importance) }.prefix(Self.mostBars)
    let panels = dependences.compactMap { Panel($0, shown: shown(of: $0, most: Self.mostSeries)) }
    let below = 106 + Double(bars.count) * 22 + 60
    let height = below + Double((panels.count + 1) / 2) * (Self.side.height + 112)
    var lines = [
      CurvesPicture.start(width: 920, height: height),
      "<title id=\"title\">\(CurvesPicture.escaped(title))</title>",
      "<desc id=\"desc\">\(CurvesPicture.escaped(subtitle))</desc>",
      "<style>", CurvesPicture.style, ".bar { fill: #0072b2; opacity: 0.75; }",
      ".whisker { stroke: #222; stroke-width: 1.5; }",
    ]
    lines += Self.colors.enumerated().map {
      ".series\($0) { stroke: \($1); fill: none; stroke-width: 2; stroke-linejoin: round; } "
        + ".dot\($0) { fill: \($1); }"
    }
    lines += [
      "@media (prefers-color-scheme: dark) { .bar { fill: #56b4e9; } .whisker { stroke: #e6e6e6; } }",
      "</style>", "<rect class=\"paper\" width=\"100%\" height=\"100%\"/>",
      Self.text("heading", 24, 36, CurvesPicture.shortened(title, to: 80)),
      Self.text("muted", 24, 58, CurvesPicture.shortened(subtitle, to: 130)),
    ]
    lines += draw(Array(bars))
    for (index, panel) in panels.enumerated() {
      let row = Double(index / 2)
      lines += panel.draw(
        left: index % 2 == 0 ? 66 : 526, top: below + 56 + row * (Self.side.height + 112))
    }
    return lines.joined(separator: "\n") + "\n</svg>\n"
  }

  private func draw(_ bars: [PermutationImportance.Column]) -> [String] {
    guard !bars.isEmpty else { return [Self.text("muted", 24, 100, "No importance is a number.")] }
    let (left, width, top) = (220.0, 660.0, 94.0)
    let bottom = top + Double(bars.count) * 22
    let ends = bars.flatMap { bar in
      [0, bar.importance, bar.interval.low, bar.interval.high].filter(Self.isDrawable)
        .map(Self.drawn)
    }
    let axis = CurveAxis(linear: (ends.min() ?? 0)...(ends.max() ?? 0))
    func x(_ value: Double) -> Double { left + width * axis.position(of: Self.drawn(value)) }
    var lines = ["<g>"]
    for tick in axis.ticks {
      lines.append(Self.line(tick.value == 0 ? "axis" : "grid", x(tick.value), top, nil, bottom))
      lines.append(Self.text("tick", x(tick.value), bottom + 17, tick.label, "middle"))
    }
    for (index, bar) in bars.enumerated() {
      let middle = top + Double(index) * 22 + 11
      let (low, high) = (x(min(0, bar.importance)), x(max(0, bar.importance)))
      lines.append(
        "<rect class=\"bar\" x=\"\(Self.number(low))\" y=\"\(Self.number(middle - 7))\" "
          + "width=\"\(Self.number(high - low))\" height=\"14\"/>")
      if Self.isDrawable(bar.interval.low) {
        lines.append(
          Self.line("whisker", x(bar.interval.low), middle, x(bar.interval.high), middle))
      }
      lines.append(
        Self.text("key", left - 10, middle + 4, bar.column.name.shown(limit: 28), "end"))
    }
    let name = MetricText.name(options.metric)
    let change = options.metric.isHigherBetter ? "fall of the" : "rise of the"
    let rest = importance.columns.count - bars.count
    lines.append(
      Self.text(
        "muted", left + width / 2, bottom + 38,
        "\(change) \(name) once a column is permuted"
          + (rest > 0 ? "; of less importance: \(Format.count(rest, "column"))" : ""), "middle"))
    return lines + ["</g>"]
  }

  // MARK: A dependence

  private struct Panel {
    let dependence: PartialDependence
    let shown: [Int]
    let points: [PartialDependence.Point]
    let isNumber: Bool
    let axis: CurveAxis

    /// Nil where nothing can be drawn.
    init?(_ dependence: PartialDependence, shown: [Int]) {
      self.dependence = dependence
      self.shown = shown
      isNumber = dependence.isOfNumbers
      // What is missing has no place among numbers.
      points = dependence.points.filter { !(dependence.isOfNumbers && $0.value == .missing) }
      let means = points.flatMap { point in shown.map { point.means[$0] } }
      guard let low = means.min(), let high = means.max(),
        means.allSatisfy(ImportanceReport.isDrawable)
      else { return nil }
      axis = CurveAxis(
        linear: ImportanceReport.drawn(low)...ImportanceReport.drawn(high),
        limits: dependence.meaning == .value ? nil : 0...1)
    }

    func draw(left: Double, top: Double) -> [String] {
      let (width, height) = ImportanceReport.side
      let bottom = top + height
      let name = dependence.column.shown(limit: 32)
      var lines = ["<g>", ImportanceReport.text("panel", left, top - 30, name)]
      for tick in axis.ticks {
        let y = bottom - height * axis.position(of: tick.value)
        lines.append(ImportanceReport.line("grid", left, y, left + width, y))
        lines.append(ImportanceReport.text("tick", left - 8, y + 4, tick.label, "end"))
      }
      lines.append(ImportanceReport.line("axis", left, bottom, left + width, bottom))
      let places = self.places(&lines, left: left, bottom: bottom)
      let room = width / Double(shown.count)
      for (series, output) in shown.enumerated() {
        let path = zip(places, points).map { place, point in
          (
            x: place,
            y: bottom - height * axis.position(of: ImportanceReport.drawn(point.means[output]))
          )
        }
        // Between levels there is nothing.
        if isNumber {
          let corners = path.map {
            "\(ImportanceReport.number($0.x)),\(ImportanceReport.number($0.y))"
          }
          lines.append(
            "<polyline class=\"series\(series)\" points=\"\(corners.joined(separator: " "))\"/>")
        }
        lines += path.map {
          "<circle class=\"dot\(series)\" cx=\"\(ImportanceReport.number($0.x))\" "
            + "cy=\"\(ImportanceReport.number($0.y))\" r=\"\(isNumber ? 2.5 : 4)\"/>"
        }
        let key = left + room * Double(series)
        lines.append(
          "<circle class=\"dot\(series)\" cx=\"\(ImportanceReport.number(key + 4))\" "
            + "cy=\"\(ImportanceReport.number(top - 14))\" r=\"4\"/>")
        let label = dependence.outputs[output].shown(limit: max(3, Int(room / 7) - 3))
        lines.append(ImportanceReport.text("key", key + 12, top - 10, label))
      }
      let what =
        switch dependence.meaning {
        case .probability: "mean probability"
        case .share: "share of the rows"
        case .value: "mean prediction"
        }
      lines.append(
        ImportanceReport.text(
          "muted", left + width / 2, bottom + 40, "\(what) by \(name)", "middle"))
      return lines + ["</g>"]
    }

    /// Where the points stand, with their ticks.
    private func places(_ lines: inout [String], left: Double, bottom: Double) -> [Double] {
      let width = ImportanceReport.side.width
      guard isNumber else {
        let room = width / Double(points.count)
        let places = points.indices.map { left + room * (Double($0) + 0.5) }
        for (place, point) in zip(places, points) {
          let label = point.value.text(in: .english).shown(limit: max(2, Int(room / 7)))
          lines.append(ImportanceReport.text("tick", place, bottom + 19, label, "middle"))
        }
        return places
      }
      let numbers = points.map { point in
        if case .number(let number) = point.value { return ImportanceReport.drawn(number) }
        return 0
      }
      let (low, high) = (numbers.min() ?? 0, numbers.max() ?? 0)
      let axis = CurveAxis(linear: low...high)
      for tick in axis.ticks {
        let x = left + width * axis.position(of: tick.value)
        lines.append(ImportanceReport.line("axis", x, bottom, x, bottom + 5))
        lines.append(ImportanceReport.text("tick", x, bottom + 19, tick.label, "middle"))
      }
      return numbers.map { left + width * axis.position(of: $0) }
    }
  }

  // MARK: Elements

  private static func isDrawable(_ value: Double) -> Bool { abs(value) < 1e100 }
  private static func drawn(_ value: Double) -> Double {
    abs(value) < 1e-100 ? 0 : min(max(value, -1e100), 1e100)
  }

  private static func number(_ value: Double) -> String { CurvesPicture.number(value) }

  private static func text(
    _ name: String, _ x: Double, _ y: Double, _ text: String, _ anchor: String? = nil
  ) -> String {
    "<text class=\"\(name)\" x=\"\(number(x))\" y=\"\(number(y))\""
      + (anchor.map { " text-anchor=\"\($0)\"" } ?? "") + ">\(CurvesPicture.escaped(text))</text>"
  }

  /// - Parameter x2: Nil for a vertical line.
  private static func line(
    _ name: String, _ x1: Double, _ y1: Double, _ x2: Double?, _ y2: Double
  ) -> String {
    "<line class=\"\(name)\" x1=\"\(number(x1))\" y1=\"\(number(y1))\" x2=\"\(number(x2 ?? x1))\" "
      + "y2=\"\(number(y2))\"/>"
  }
}
