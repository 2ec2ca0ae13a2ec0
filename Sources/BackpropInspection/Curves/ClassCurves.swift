import Backprop

/// The curves of two classes: how many of the positive examples are found at which price (ROC), and whether
/// a probability is what it says (calibration).
package struct ClassCurves {
  package let roc: [ClassCurvePoint]
  package let calibration: [ClassCurvePoint]
  /// The positive class.
  package let label: String
  package let language: Language

  package init(
    _ predictions: EvaluatedPredictions, positive: Int, label: String, hasProbabilities: Bool,
    language: Language
  ) {
    roc = predictions.rocCurve(for: positive)
    calibration = hasProbabilities ? predictions.calibrationCurve(for: positive) : []
    self.label = label.shown(limit: 24)
    self.language = language
  }

  private struct Panel {
    let title: String
    let x: String
    let y: String
    let points: [ClassCurvePoint]
  }

  private func panels(_ language: Language) -> [Panel] {
    [
      Panel(
        title: language.text(.rocCurve), x: language.text(.falsePositives, label),
        y: language.text(.truePositives, label), points: roc),
      Panel(
        title: language.text(.calibration), x: language.text(.predictedShare, label),
        y: language.text(.actualShare, label), points: calibration),
    ].filter { !$0.points.isEmpty }
  }

  private static let ticks = CurveAxis(linear: 0...1, limits: 0...1).ticks
  private static let diagonal = [ClassCurvePoint(x: 0, y: 0), ClassCurvePoint(x: 1, y: 1)]

  // MARK: Text

  /// For a terminal: dots of Braille, or plain ASCII; the diagonal is dashed.
  package func lines(isASCII: Bool) -> [String] {
    let (columns, rows, margin) = (42, 11, 5)
    return panels(language).flatMap { panel -> [String] in
      var canvas = DotCanvas(columns: columns, rows: rows, isASCII: isASCII)
      canvas.draw(Self.diagonal.map { ($0.x, $0.y) }, layer: 1)
      canvas.draw(panel.points.map { ($0.x, $0.y) }, layer: 0)
      var lines = ["", "\(panel.title): \(panel.y) ↑  \(panel.x) →"]
      for row in 0..<rows {
        let tick = Self.ticks.first {
          Int(((1 - $0.value) * Double(rows - 1)).rounded()) == row
        }
        let edge = isASCII ? (tick == nil ? "|" : "+") : (tick == nil ? "│" : "┤")
        let line =
          Format.left(tick?.label ?? "", margin) + " " + edge
          + canvas.cells[row].map(\.text).joined()
        lines.append(String(line.reversed().drop { $0 == " " }.reversed()))
      }
      let line = String(repeating: isASCII ? "-" : "─", count: columns)
      lines.append(String(repeating: " ", count: margin + 1) + (isASCII ? "+" : "└") + line)
      lines.append(
        String(repeating: " ", count: margin + 2) + "0" + Format.left("1", columns - 1))
      return lines
    }
  }

  // MARK: Picture

  /// As a standalone SVG picture; the same curves give the same bytes.
  package func picture(title: String, subtitle: String) -> String {
    let (side, top, lefts) = (372.0, 122.0, [66.0, 526.0])
    func number(_ value: Double) -> String { CurvesPicture.number(value) }
    func text(_ name: String, _ x: Double, _ y: Double, _ text: String, _ anchor: String? = nil)
      -> String
    {
      "<text class=\"\(name)\" x=\"\(number(x))\" y=\"\(number(y))\""
        + (anchor.map { " text-anchor=\"\($0)\"" } ?? "") + ">\(CurvesPicture.escaped(text))</text>"
    }
    var lines = [
      CurvesPicture.start(width: 920, height: top + side + 64),
      "<title id=\"title\">\(CurvesPicture.escaped(title))</title>",
      "<desc id=\"desc\">\(CurvesPicture.escaped(subtitle))</desc>",
      "<style>", CurvesPicture.style, "</style>",
      "<rect class=\"paper\" width=\"100%\" height=\"100%\"/>",
      text("heading", 24, 36, CurvesPicture.shortened(title, to: 80)),
      text("muted", 24, 58, CurvesPicture.shortened(subtitle, to: 130)),
    ]
    for (panel, left) in zip(panels(.english), lefts) {
      func place(_ point: ClassCurvePoint) -> String {
        "\(number(left + side * point.x)),\(number(top + side * (1 - point.y)))"
      }
      func path(_ name: String, _ points: [ClassCurvePoint]) -> String {
        "<polyline class=\"\(name)\" points=\"\(points.map(place).joined(separator: " "))\"/>"
      }
      lines += ["<g>", text("panel", left, top - 24, panel.title)]
      lines.append(text("muted", left, top - 8, "↑ \(panel.y)"))
      for tick in Self.ticks {
        let y = tick.value
        lines.append(path("grid", [ClassCurvePoint(x: 0, y: y), ClassCurvePoint(x: 1, y: y)]))
        lines.append(text("tick", left - 8, top + side * (1 - y) + 4, tick.label, "end"))
        lines.append(text("tick", left + side * y, top + side + 19, tick.label, "middle"))
      }
      lines.append(path("bestline", Self.diagonal))
      lines.append(path("training", panel.points))
      if panel.points.count <= 12 {
        lines += panel.points.map { point in
          "<circle class=\"training dot\" cx=\"\(number(left + side * point.x))\" "
            + "cy=\"\(number(top + side * (1 - point.y)))\" r=\"3\"/>"
        }
      }
      lines.append(text("muted", left + side / 2, top + side + 42, panel.x, "middle"))
      lines.append("</g>")
    }
    return lines.joined(separator: "\n") + "\n</svg>\n"
  }
}
