/// How many examples of each actual class were given each predicted one: a confusion matrix of which
/// only the cells that are not 0 take memory.
///
/// K classes have K² cells, but n examples fill at most n of them: 10,000 classes would take 800 MB,
/// and of 100,000 examples take 4. Cells stand in a table with open addressing (Knuth 1998, vol. 3,
/// 6.4); where K² cells are no more than the table has places, each has its own.
package struct ConfusionCounts: Sendable {
  /// A cell of the matrix.
  package struct Cell: Hashable, Sendable {
    package let actual: Int
    package let predicted: Int
    /// Examples, at least 1.
    package let count: Int
  }

  /// Number of classes, 0 if the task has none.
  package let classCount: Int
  /// `actual · classes + predicted` and the count; the count of an empty place is 0.
  private var places: [(key: Int, count: Int)]
  private var used = 0

  /// The most places that are made before there are examples to fill them.
  private static let mostAtFirst = 1 << 16

  /// Nothing counted yet.
  ///
  /// - Parameters:
  ///   - classes: Number of classes, at least 0.
  ///   - examples: How many are going to be counted, as far as that is known: so many need no memory
  ///     later on, up to some ten thousand.
  package init(classes: Int, examples: Int = 2048) {
    classCount = classes
    let most = min(classes.multipliedReportingOverflow(by: classes).partialValue, 2 * examples)
    // One place is always empty, where a search ends.
    var capacity = classes > 0 ? 2 : 0
    while capacity < min(most, Self.mostAtFirst) { capacity *= 2 }
    places = Array(repeating: (0, 0), count: capacity)
  }

  /// From a file: actual class, predicted class and examples of each cell, one after the other.
  ///
  /// - Returns: nil if they are no cells of so many classes in ascending order, or count more than 2⁵³
  ///   examples.
  init?(classes: Int, cells: [Int]) {
    self.init(classes: classes, examples: cells.count / 3)
    var (last, total) = (-1, 0)
    for at in stride(from: 0, to: cells.count - 2, by: 3) {
      let (actual, predicted, count) = (cells[at], cells[at + 1], cells[at + 2])
      let most = (1 << 53) - total
      guard (0..<classes).contains(actual), (0..<classes).contains(predicted),
        actual * classes + predicted > last, count >= 1, count <= most
      else { return nil }
      add(actual: actual, predicted: predicted, count: count)
      last = actual * classes + predicted
      total += count
    }
  }

  /// The place of a cell: the one that holds it, or the empty one where it belongs.
  private func place(of key: Int) -> Int {
    var place = key
    if places.count < classCount * classCount {
      // Knuth's multiplicative hashing, 2⁶⁴ / φ, so that neighbours do not crowd.
      place = Int(
        truncatingIfNeeded: (UInt64(truncatingIfNeeded: key) &* 0x9E37_79B9_7F4A_7C15) >> 32)
    }
    place &= places.count - 1
    while places[place].count > 0, places[place].key != key {
      place = (place + 1) & (places.count - 1)
    }
    return place
  }

  /// Counts examples of one class that were given one class.
  mutating func add(actual: Int, predicted: Int, count: Int = 1) {
    add(key: actual * classCount + predicted, count)
  }

  private mutating func add(key: Int, _ count: Int) {
    var place = place(of: key)
    if places[place].count == 0 {
      if 2 * used >= places.count, places.count < classCount * classCount {
        grow()
        place = self.place(of: key)
      }
      places[place].key = key
      used += 1
    }
    places[place].count += count
  }

  private mutating func grow() {
    let old = places
    places = Array(repeating: (0, 0), count: 2 * old.count)
    for cell in old where cell.count > 0 { places[place(of: cell.key)] = cell }
  }

  /// Adds the counts of other examples.
  mutating func merge(_ other: ConfusionCounts) {
    for index in other.places.indices where other.places[index].count > 0 {
      add(key: other.places[index].key, other.places[index].count)
    }
  }

  /// Forgets all examples and keeps the memory.
  mutating func removeAll() {
    places.withUnsafeMutableBufferPointer { $0.update(repeating: (0, 0)) }
    used = 0
  }

  // MARK: Reading

  /// The examples of one class that were given one class.
  package subscript(actual: Int, predicted: Int) -> Int {
    precondition(
      (0..<classCount).contains(actual) && (0..<classCount).contains(predicted),
      "the cell \(actual), \(predicted) of \(classCount) classes")
    return places[place(of: actual * classCount + predicted)].count
  }

  /// The cells that are not 0, by actual and then by predicted class.
  ///
  /// - Complexity: O(cells log cells).
  package var cells: [Cell] {
    places.filter { $0.count > 0 }.sorted { $0.key < $1.key }.map { key, count in
      Cell(actual: key / classCount, predicted: key % classCount, count: count)
    }
  }

  /// The whole matrix, actual classes as rows, predicted ones as columns.
  ///
  /// - Complexity: O(K²).
  package var rows: [[Int]] {
    var rows = Array(repeating: Array(repeating: 0, count: classCount), count: classCount)
    for cell in cells { rows[cell.actual][cell.predicted] = cell.count }
    return rows
  }
}

extension ConfusionCounts: Equatable {
  package static func == (left: ConfusionCounts, right: ConfusionCounts) -> Bool {
    left.classCount == right.classCount && left.cells == right.cells
  }
}
