import ArgumentParser
import Backprop
import BackpropInspection

/// Which rows of the data judge.
struct PartOptions: ParsableArguments {
  @Option(
    name: .long,
    help:
      "Judge one part of the data that the model was trained on: test, held-out or training. The data must be the same."
  )
  var part: String?

  func role() throws -> TrainedRows.Role? {
    guard let part else { return nil }
    guard let role = TrainedRows.Role(rawValue: part) else {
      throw UsageError(
        "--part \(part.shown()): give "
          + TrainedRows.Role.allCases.reversed().map(\.rawValue).joined(separator: ", "))
    }
    return role
  }
}

/// Which rows of the data judge, and how classes are told apart.
struct JudgingOptions: ParsableArguments {
  @OptionGroup var part: PartOptions

  @Option(
    name: .long,
    help: "Two classes: the label that is the positive one. (default: the rarest in training)")
  var positive: String?

  @Option(
    name: .long,
    help:
      "Two classes: the probability above which the positive one is predicted, or best-f1, which chooses it on DATA and says so. (default: 0.5)"
  )
  var threshold: String?

  /// Checks what can be checked before any data is read.
  func check() throws {
    _ = try part.role()
    if let threshold, threshold != "best-f1" { _ = try Self.number(threshold) }
  }

  /// A threshold of the command line.
  static func number(_ text: String) throws -> Double {
    guard let number = Double(text), number >= 0, number <= 1 else {
      throw UsageError("--threshold \(text.shown()): give a probability from 0 to 1")
    }
    return number
  }

  /// The class that is the positive one of two.
  ///
  /// - Parameter option: Named where there are not two.
  static func positive(
    _ label: String?, of target: TargetEncoder, _ rows: TrainedRows?
  ) throws -> (code: Int, isRarest: Bool) {
    if let label {
      guard
        let code = target.labels.firstIndex(of: label)
          ?? target.labels.firstIndex(where: {
            isSame($0, label)
          })
      else {
        throw UsageError(
          "--positive \(label.shown()): there is no such label; the labels are "
            + Format.list(target.labels, limit: 12))
      }
      return (code, false)
    }
    guard let means = rows?.baseline, let last = means.last else { return (1, false) }
    let share = target.coding == .plusMinusOne ? (last + 1) / 2 : last
    // Of equal classes the second, as in every picture of two classes 0 and 1.
    return (share > 0.5 ? 0 : 1, share != 0.5)
  }

  /// Whether two labels are one class: 1 and 1.0, TRUE and true, Yes and yes.
  private static func isSame(_ label: String, _ other: String) -> Bool {
    if let number = Double(label), let other = Double(other) { return number == other }
    let word = label.lowercased()
    let isBoolean = BooleanWords.allCases.contains { [$0.words.no, $0.words.yes].contains(word) }
    return isBoolean && word == other.lowercased()
  }
}

/// The rows that judge, encoded, and what the model knows of them.
struct JudgedRows<T: Scalar> {
  let dataset: Dataset<T>
  var known: EvaluationReport.KnownRows?

  init(
    _ opened: LabelledData, _ network: Network<T>, part: TrainedRows.Role?, path: String
  ) throws {
    let (model, table, coders) = (opened.model, opened.table, opened.coders)
    let rows = model.rows
    let counts = [rows?.validation?.examples ?? 0, rows?.test?.examples ?? 0]
    let learned = rows?.training.examples ?? 0
    let totals = [0, counts[0], counts[1], counts[0] + counts[1]].map { learned + $0 }
    var split: Split?
    if rows != nil, totals.contains(table.rowCount) {
      split = model.split(
        rowCount: table.rowCount, codes: try coders.target.codes(of: table))
    }
    guard let part else {
      dataset = try opened.dataset(for: network)
      guard let rows else { return }
      if let role = rows.role(of: dataset) {
        known = .part(role, isAsked: false)
      } else if let split, split.training.count < table.rowCount,
        rows.role(of: dataset.subset(split.training)) == .training
      {
        known = .all(
          parts: [.test, .heldOut].filter { !split.rows($0).isEmpty })
      }
      return
    }
    guard let rows else {
      throw UsageError(
        "--part \(part.rawValue): the model does not know which rows it was trained on; train it anew"
      )
    }
    let others = DataError(
      file: table.file, "is not the data that the model was trained on, and has no part of it",
      remedy: "give the file that it was trained on, or leave --part out")
    // A part of the rows, or a table of its own: one that the data brings, or all of it.
    let candidates: [(table: Table, rows: [UInt32]?)] =
      [(table, split?.rows(part) ?? [])]
      + [table, opened.validation, opened.test].compactMap {
        $0.map { ($0, nil) }
      }
    for (table, indices) in candidates
    where (indices?.count ?? table.rowCount) == rows.rows(part)?.examples && indices != [] {
      let found = try opened.dataset(for: network, of: table, rows: indices)
      guard rows.rows(part)?.hasExamples(of: DataFingerprint.Part(found)) == true else { continue }
      dataset = found
      known = .part(part, isAsked: true)
      return
    }
    let settings = model.configuration?.stopping
    let file =
      part == .test ? settings?.testFile : part == .heldOut ? settings?.validationData : nil
    guard rows.rows(part) == nil else {
      guard let file else { throw others }
      throw DataError(
        file: table.file,
        "has no \(part.rawValue) rows of the model, which are those of \(file.shown())",
        remedy: "give that file, or leave --part out")
    }
    if part == .heldOut, settings?.isEnsemble == true {
      throw DataError(
        file: table.file,
        "every row was held out by one member of the ensemble and learned from by the others",
        remedy: "train tells the score out of fold; for other rows train with --test 0.2")
    }
    throw DataError(
      file: table.file, "no row of it was \(part == .test ? "set apart for a test" : "held out")",
      remedy: part == .test ? "train with --test 0.2" : nil)
  }
}
