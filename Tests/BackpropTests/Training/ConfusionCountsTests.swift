import CReference
import Testing

@testable import Backprop
@testable import BackpropInspection

@Suite("Confusion counts")
struct ConfusionCountsTests {
  @Test("Cells, rows and single counts of three classes")
  func small() {
    var counts = ConfusionCounts(classes: 3)
    for (actual, predicted) in [(0, 0), (2, 1), (0, 0), (1, 2)] {
      counts.add(actual: actual, predicted: predicted)
    }
    #expect(counts.rows == [[2, 0, 0], [0, 0, 1], [0, 1, 0]])
    #expect(counts[0, 0] == 2 && counts[2, 1] == 1 && counts[1, 1] == 0)
    #expect(
      counts.cells == [
        .init(actual: 0, predicted: 0, count: 2), .init(actual: 1, predicted: 2, count: 1),
        .init(actual: 2, predicted: 1, count: 1),
      ])
    counts.removeAll()
    #expect(
      counts == ConfusionCounts(classes: 3) && counts.rows == [[0, 0, 0], [0, 0, 0], [0, 0, 0]])
  }

  @Test(
    "The counts are those of a dictionary, whatever the room at first, and whatever the parts",
    arguments: [1, 2, 3, 70, 10_000], [0, 10, 5000])
  func random(classes: Int, examples: Int) {
    var random = RandomSource(seed: 7, purpose: .sampling)
    var whole = ConfusionCounts(classes: classes, examples: examples)
    var merged = ConfusionCounts(classes: classes, examples: 0)
    var part = ConfusionCounts(classes: classes, examples: 16)
    var expected: [[Int]: Int] = [:]
    for number in 1...3000 {
      let (actual, predicted) = (random.index(below: classes), random.index(below: classes))
      whole.add(actual: actual, predicted: predicted)
      part.add(actual: actual, predicted: predicted)
      expected[[actual, predicted], default: 0] += 1
      if number.isMultiple(of: 16) {
        merged.merge(part)
        part.removeAll()
      }
    }
    merged.merge(part)
    #expect(whole == merged)
    let cells = whole.cells
    #expect(
      Dictionary(uniqueKeysWithValues: cells.map { ([$0.actual, $0.predicted], $0.count) })
        == expected)
    #expect(
      cells.map { $0.actual * classes + $0.predicted }
        == cells.map { $0.actual * classes + $0.predicted }.sorted())
    let read = ConfusionCounts(
      classes: classes, cells: cells.flatMap { [$0.actual, $0.predicted, $0.count] })
    #expect(read == whole)
  }

  @Test("Numbers that are no counts are refused, and none of them traps")
  func refused() {
    #expect(ConfusionCounts(classes: 3, cells: [0, 1, 5, 2, 0, 1]) != nil)
    for cells in [
      [3, 0, 1], [0, 3, 1], [-1, 0, 1], [0, 0, 0], [0, 0, -1], [0, 1, 1, 0, 0, 1],
      [0, 1, 1, 0, 1, 1], [0, 0, .max], [0, 0, 1 << 53, 0, 1, 1], [.max, .max, .max],
    ] {
      #expect(ConfusionCounts(classes: 3, cells: cells) == nil, "\(cells)")
    }
  }
}

@Suite("Metrics of parts")
struct MetricPartsTests {
  static let kinds: [MetricKind] = [
    .classification(probabilities: true), .multiLabel(), .regression(scales: [1, 20, 3]),
  ]

  /// Outputs, targets and weights of 40 examples with three outputs. A large mean of the targets would
  /// show a sum of squares about another shift.
  static func examples(_ kind: MetricKind) -> (a: Matrix<Float>, y: Matrix<Float>, w: Matrix<Float>)
  {
    var random = RandomSource(seed: 5, purpose: .sampling)
    let isRegression = if case .regression = kind { true } else { false }
    func row(_ body: (Int) -> Double) -> [Float] { (0..<3).map { Float(body($0)) } }
    let a = (0..<40).map { _ in row { _ in random.uniform() } }
    let y = (0..<40).map { index in
      row { isRegression ? 1000 + random.uniform() : $0 == index % 3 ? 1 : 0 }
    }
    return (Matrix(a), Matrix(y), Matrix([(0..<40).map { Float($0 % 4) }]))
  }

  static func metrics(_ kind: MetricKind, rows: Range<Int>) -> Metrics {
    let (a, y, w) = examples(kind)
    var metrics = Metrics(kind: kind, outputs: 3, examples: rows.count)
    metrics.add(outputs: a.view(from: 0), targets: y.view(from: 0), weights: w.start, rows: rows)
    return metrics
  }

  @Test(
    "Parts that are merged are the whole; a part that is merged into nothing is itself",
    arguments: kinds)
  func merged(kind: MetricKind) {
    let whole = Self.metrics(kind, rows: 0..<40)
    var alone = Metrics(kind: kind, outputs: 3)
    alone.merge(whole)
    #expect(alone == whole)

    let parts = [0..<13, 13..<13, 13..<14, 14..<40].map { Self.metrics(kind, rows: $0) }
    var merged = Metrics(kind: kind, outputs: 3)
    for part in parts { merged.merge(part) }
    #expect(merged.count == 40 && merged.confusion == whole.confusion)
    #expect(merged.values.map(\.name) == whole.values.map(\.name))
    for (found, expected) in zip(merged.values, whole.values) {
      #expect(relativeDifference([found.value], [expected.value]) < 1e-12, "\(found)")
    }
    merged.removeAll()
    merged.merge(whole)
    #expect(merged == whole)
  }

  @Test("Nothing is allocated by adding, merging and beginning anew", arguments: kinds)
  func allocations(kind: MetricKind) {
    guard allocation_count() >= 0 else { return }
    let (a, y, w) = Self.examples(kind)
    var total = Metrics(kind: kind, outputs: 3)
    var part = Metrics(kind: kind, outputs: 3, examples: 20)
    var counts = [Int64](repeating: 0, count: 10)
    for step in counts.indices {
      part.removeAll()
      part.add(
        outputs: a.view(from: 0), targets: y.view(from: 0), weights: w.start,
        rows: (4 * step)..<40)
      total.merge(part)
      counts[step] = allocation_count()
    }
    #expect(counts[9] == counts[1])
  }
}
