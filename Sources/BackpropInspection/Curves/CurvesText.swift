import Backprop

/// Learning curves in letters for a terminal: dots of Braille, or plain ASCII.
package struct CurvesText {
  package let curves: LearningCurves
  /// Columns, at least 40.
  package let width: Int
  package let isASCII: Bool
  package let hasColor: Bool
  package let language: Language

  package init(
    curves: LearningCurves, width: Int, isASCII: Bool, hasColor: Bool, language: Language = .english
  ) {
    self.curves = curves
    self.width = width
    self.isASCII = isASCII
    self.hasColor = hasColor
    self.language = language
  }

  package var lines: [String] {
    let panels = curves.panels(Terms(language))
    guard !panels.isEmpty else { return [] }
    let hasValidation = panels.contains { !$0.validation.isEmpty }
    var legend =
      "\(language.text(.learningCurves))   \(sample(of: .training)) \(language.text(.training))"
    if hasValidation { legend += "   \(sample(of: .validation)) \(language.text(.validation))" }
    if let best = curves.bestEpoch {
      legend += "   \(marker) \(language.text(.bestEpoch)) \(best)"
    }
    return [legend] + panels.flatMap { [""] + draw($0, hasValidation: hasValidation) }
  }

  private enum Line {
    case training, validation
  }

  private var marker: String { isASCII ? "^" : "▲" }

  private func sample(of line: Line) -> String {
    switch line {
    case .training: colored(isASCII ? "***" : "⠤⠤⠤", line)
    case .validation: colored(isASCII ? "ooo" : "⠤⠄⠠⠤", line)
    }
  }

  private func draw(_ panel: LearningCurves.Panel, hasValidation: Bool) -> [String] {
    let labelWidth = max(6, panel.axis.ticks.map(\.label.count).max() ?? 0)
    let endWidth = 2 + (hasValidation ? "validation" : "training").count + 10
    let columns = max(8, width - labelWidth - 2 - endWidth)
    // So many rows that ticks of equal distance stand at equal distances, 9 to 13.
    let steps = panel.axis.ticks.count - 1
    let height = max(2, 9 / steps) * steps + 1
    var canvas = DotCanvas(columns: columns, rows: height, isASCII: isASCII)
    for (line, series) in [(Line.training, panel.training), (.validation, panel.validation)] {
      canvas.draw(
        series.map { (x: position(of: $0.epoch), y: panel.axis.position(of: $0.value)) },
        layer: line == .training ? 0 : 1)
    }

    var labels: [Int: String] = [:]
    for tick in panel.axis.ticks {
      labels[Self.row(at: panel.axis.position(of: tick.value), of: height)] = tick.label
    }
    let ends = endLabels(panel, height: height)
    var lines = [String(repeating: " ", count: labelWidth + 1) + panel.title]
    for row in 0..<height {
      let label = labels[row]
      let edge = isASCII ? (label == nil ? "|" : "+") : (label == nil ? "│" : "┤")
      let cells = canvas.cells[row].map { cell in
        cell.layer.map { colored(cell.text, $0 == 0 ? .training : .validation) } ?? cell.text
      }
      let end = ends[row].map { "  \($0)" } ?? ""
      lines.append(
        trimmed("\(Format.left(label ?? "", labelWidth)) \(edge)\(cells.joined())\(end)"))
    }

    // The axis of epochs: its line, the best epoch on it, and the numbers.
    let ticks = CurveAxis.epochs(upTo: curves.epochs, most: max(2, min(8, columns / 8)))
    func column(_ epoch: Int) -> Int {
      min(columns - 1, Int((position(of: epoch) * Double(columns - 1)).rounded()))
    }
    var rule = [String](repeating: isASCII ? "-" : "─", count: columns)
    for tick in ticks { rule[column(tick)] = isASCII ? "+" : "┬" }
    if let best = panel.best { rule[column(best.epoch)] = marker }
    lines.append(
      String(repeating: " ", count: labelWidth + 1) + (isASCII ? "+" : "└") + rule.joined())
    var numbers = ""
    for tick in ticks {
      let text = String(tick)
      let start = max(0, column(tick) - (text.count - 1) / 2)
      guard numbers.isEmpty || start > numbers.count else { continue }
      numbers += String(repeating: " ", count: start - numbers.count) + text
    }
    let name = "  " + language.text(.epochs)
    lines.append(
      String(repeating: " ", count: labelWidth + 2)
        + Format.right(numbers, columns) + name)
    return lines
  }

  /// The last values beside the ends of their lines, each in a row of its own.
  private func endLabels(_ panel: LearningCurves.Panel, height: Int) -> [Int: String] {
    var ends: [(line: Line, name: String, position: Double, value: Double)] = []
    for (line, name, series) in [
      (Line.training, language.text(.training), panel.training),
      (.validation, language.text(.validation), panel.validation),
    ] {
      if let last = series.last {
        ends.append((line, name, panel.axis.position(of: last.value), last.value))
      }
    }
    ends.sort { $0.position > $1.position }
    var labels: [Int: String] = [:]
    var next = 0
    for (index, end) in ends.enumerated() {
      let lowest = height - ends.count + index
      let row = min(max(Self.row(at: end.position, of: height), next), lowest)
      let name = Format.right(end.name, panel.validation.isEmpty ? 8 : 10)
      labels[row] = "\(colored(name, end.line)) \(Format.short(end.value))"
      next = row + 1
    }
    return labels
  }

  private func position(of epoch: Int) -> Double {
    curves.epochs > 1 ? Double(epoch - 1) / Double(curves.epochs - 1) : 0.5
  }

  private static func row(at position: Double, of height: Int) -> Int {
    min(height - 1, max(0, Int(((1 - position) * Double(height - 1)).rounded())))
  }

  private func colored(_ text: String, _ line: Line) -> String {
    hasColor ? "\u{1B}[\(line == .training ? 36 : 33)m\(text)\u{1B}[0m" : text
  }

  private func trimmed(_ line: String) -> String {
    String(line.reversed().drop { $0 == " " || $0 == "\u{2800}" }.reversed())
  }
}

/// Two layers of dots, four above each other and two side by side in a letter of Braille; in ASCII
/// one a letter.
package struct DotCanvas {
  private let columns: Int
  private let rows: Int
  private let isASCII: Bool
  private let dots: (across: Int, down: Int)
  /// For each cell and layer which dots are set, as Unicode numbers them.
  private var masks: [[(UInt8, UInt8)]]

  package init(columns: Int, rows: Int, isASCII: Bool) {
    self.columns = columns
    self.rows = rows
    self.isASCII = isASCII
    dots = isASCII ? (1, 1) : (2, 4)
    masks = [[(UInt8, UInt8)]](
      repeating: [(UInt8, UInt8)](repeating: (0, 0), count: columns), count: rows)
  }

  /// Draws a line through points, whose coordinates run from 0 to 1 to the right and upwards. The
  /// line of layer 1 is dashed.
  package mutating func draw(_ points: [(x: Double, y: Double)], layer: Int) {
    let (width, height) = (columns * dots.across, rows * dots.down)
    let places = points.map { point in
      (
        x: min(max(point.x, 0), 1) * Double(width - 1),
        y: (1 - min(max(point.y, 0), 1)) * Double(height - 1)
      )
    }
    guard let first = places.first else { return }
    // A run of one epoch is a mark.
    if places.count == 1 { set(first, layer) }
    for (from, to) in zip(places, places.dropFirst()) {
      let steps = max(1, Int(max(abs(to.x - from.x), abs(to.y - from.y)).rounded(.up)))
      for step in 0...steps {
        let t = Double(step) / Double(steps)
        let place = (x: from.x + t * (to.x - from.x), y: from.y + t * (to.y - from.y))
        if layer == 0 || isASCII || Int(place.x.rounded()) % 6 < 4 { set(place, layer) }
      }
    }
  }

  private mutating func set(_ place: (x: Double, y: Double), _ layer: Int) {
    let (x, y) = (Int(place.x.rounded()), Int(place.y.rounded()))
    // Dots 1 to 3 and 7 stand on the left, 4 to 6 and 8 on the right (Unicode, U+2800 ff.).
    let numbers: [[UInt8]] = [[0x01, 0x02, 0x04, 0x40], [0x08, 0x10, 0x20, 0x80]]
    let bit = isASCII ? 1 : numbers[x % 2][y % 4]
    if layer == 0 {
      masks[y / dots.down][x / dots.across].0 |= bit
    } else {
      masks[y / dots.down][x / dots.across].1 |= bit
    }
  }

  /// The letters, each with the layer that gives it its colour.
  package var cells: [[(text: String, layer: Int?)]] {
    masks.map { row in
      row.map { lower, upper in
        let layer = upper != 0 ? 1 : lower != 0 ? 0 : nil
        guard let layer else { return (" ", nil) }
        if isASCII { return (layer == 1 ? "o" : "*", layer) }
        let scalar = UnicodeScalar(0x2800 + UInt32(lower | upper))
        return (scalar.map { String($0) } ?? " ", layer)
      }
    }
  }
}
