import Synchronization

/// The cells of a table that training did not see: how many of which column, and what they say.
package final class UnknownCells: Sendable {
  package struct Column: Sendable {
    package let name: String
    /// Whether the network has an entry for what nobody knows.
    var isCoded = false
    package var count = 0
    /// The first few, in order of appearance.
    package var texts: [String] = []
    /// For each of them the nearest category of the training, if one is near.
    package var nearest: [String?] = []
  }

  private let columns = Mutex<[Column]>([])
  private static let most = 3

  /// By column, in the order of the features.
  package var all: [Column] { columns.withLock { $0 } }

  /// One line a column.
  package var lines: [String] {
    all.map { column in
      let texts = zip(column.texts, column.nearest).map { text, near in
        text.quoted + (near.map { " (near to \($0.quoted))" } ?? "")
      }
      return
        "column \(column.name.quoted): \(Format.count(column.count, "cell")) that training did not see, "
        + "\(texts.joined(separator: ", "))\(column.texts.count < Self.most ? "" : ", …"); "
        + (column.isCoded
          ? "each has the entry of what nobody knows"
          : "each enters as the mean of the training rows")
    }
  }

  /// Takes what a pass found, in place of what an earlier one of the same columns did.
  func note(_ found: [Column]) {
    columns.withLock { columns in
      for column in found {
        columns.removeAll { $0.name == column.name }
        if column.count > 0 { columns.append(column) }
      }
    }
  }
}
