import ArgumentParser
import Backprop
import BackpropInspection

/// How much examples weigh.
struct WeightOptions: ParsableArguments {
  @Option(
    name: .long,
    help:
      "A column with the weight of each example, a number of at least 0, in loss, metrics and early stopping; it is no feature. Under --reduction sum a weight of 2 is the same as the row twice; under mean the loss of a batch of m is Σ w C / m."
  )
  var weightColumn: String?

  @Option(
    name: .long,
    help:
      "The weight of each class: balanced, which is n/(K·nₖ), or a=1,b=5; a class that is not named weighs 1. (default: none)"
  )
  var classWeight: String?

  /// What the weights of classes are to be.
  enum Classes: Equatable {
    case none
    case balanced
    case named(String)
  }

  var classes: Classes? {
    switch classWeight {
    case nil: nil
    case "none": Classes.none
    case "balanced": .balanced
    case let text?: .named(text)
    }
  }

  /// Refuses a weight column that is to be learned as well, or that a model takes for a feature.
  static func check(_ column: String?, targets: [String], encoder: FeatureEncoder?) throws {
    guard let column else { return }
    if targets.contains(column) {
      throw UsageError("--weight-column \(column) is a target; name another column")
    }
    if encoder?.columns.contains(where: { $0.name == column }) ?? false {
      throw UsageError(
        "--weight-column \(column) is a feature of the model; train a model with this option")
    }
  }

  /// The weights of a run.
  ///
  /// - Parameters:
  ///   - model: What the model to go on from says.
  ///   - table: The training table.
  ///   - target: Task and labels.
  ///   - codes: The class of each row, of a classification.
  ///   - rows: The training rows; nil for all.
  func weights(
    after model: ExampleWeights?, table: Table, task: LearningTask, labels: [String],
    codes: [UInt32]?, rows: [UInt32]?
  ) throws -> ExampleWeights {
    var weights = ExampleWeights(column: weightColumn, classes: model?.classes)
    if weightColumn == nil, let column = model?.column, table.has(column) {
      weights.column = column
    }
    guard let classes else { return weights }
    guard task == .classification, let codes else {
      throw UsageError(
        "--class-weight is for a classification, and this is \(task.rawValue); weigh rows by "
          + "--weight-column")
    }
    switch classes {
    case .none: weights.classes = nil
    case .balanced:
      let rowWeights = try weights.rowWeights(of: table)
      weights.classes = try ExampleWeights.balanced(
        codes: codes, labels: labels, weights: rowWeights, rows: rows)
    case .named(let text): weights.classes = try Self.factors(text, labels: labels)
    }
    return weights
  }

  /// The factors of "a=1,b=5". A label may have commas and equals signs itself.
  static func factors(_ text: String, labels: [String]) throws -> [Double] {
    func problem(_ what: String) -> UsageError { UsageError("--class-weight \(text): \(what)") }
    var factors = [Double](repeating: 1, count: labels.count)
    var named: Set<Int> = []
    // What may be the beginning of a label with commas.
    var begun: String?
    let emptyPart = problem("nothing stands before or after a comma; take it out")
    for part in text.split(separator: ",", omittingEmptySubsequences: false) {
      if begun == nil, Names.trimmed(String(part)).isEmpty, text.contains(","),
        !labels.contains(where: { $0.hasPrefix("\(part),") })
      {
        throw emptyPart
      }
      let pending = begun.map { "\($0),\(part)" } ?? String(part)
      begun = pending
      guard let sign = pending.lastIndex(of: "="),
        let factor = Double(Names.trimmed(String(pending[pending.index(after: sign)...])))
      else { continue }
      let label = Names.trimmed(String(pending[..<sign]))
      begun = nil
      guard let index = labels.firstIndex(of: label) else {
        throw problem(
          "there is no label \(label.quoted); "
            + (nearMatch(label, in: labels).map { "did you mean \($0)?" }
              ?? "the labels are \(Format.list(labels, limit: 12))"))
      }
      guard factor >= 0, factor.isFinite else {
        throw problem("the weight of \(label.quoted) must be a number of at least 0")
      }
      guard named.insert(index).inserted else { throw problem("\(label.quoted) is named twice") }
      factors[index] = factor
    }
    if let begun {
      if text.contains(","), Names.trimmed(begun).isEmpty { throw emptyPart }
      throw problem("\(begun.quoted) has no number; write balanced, or label=weight,label=weight")
    }
    guard factors.contains(where: { $0 > 0 }) else {
      throw problem("all weights are 0, so that nothing counts")
    }
    return factors
  }
}

extension Table {
  func has(_ column: String) -> Bool { columns.contains { $0.name == column } }
}

extension ExampleWeights {
  /// "column w; classes a=1, b=5".
  func text(labels: [String]) -> String {
    var parts: [String] = []
    if let column { parts.append("column \(column.shown())") }
    if let classes {
      let named = zip(labels, classes).map { "\($0.shown())=\(Format.short($1))" }
      parts.append("classes \(Format.list(named, limit: 12))")
    }
    return parts.joined(separator: "; ")
  }

  func json(labels: [String]) -> JSONValue {
    [
      "column": column.map { .string($0) } ?? .null,
      "classes": classes.map { classes in
        .object(zip(labels, classes).map { JSONMember($0, JSONValue($1)) })
      } ?? .null,
    ]
  }
}
