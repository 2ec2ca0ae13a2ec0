/// How the cells of a column become values: decided once, on the whole column, and kept with a model, so
/// that a cell never reads otherwise in training than afterwards.
package enum ColumnReading: Hashable, Sendable {
  case numbers(NumberStyle)
  case dates(DateStyle)
  case booleans(BooleanWords)
  case categories(TextsKept)

  /// Which cells that look missing are texts all the same. An empty one never is.
  package enum TextsKept: String, Codable, Sendable {
    /// None.
    case none
    /// Those in quotes: a level that is really called NA.
    case quoted
    /// Those in quotes, and a minus: the column has a plus as well.
    case signs
    /// All of them.
    case all
  }

  var kind: Table.Kind {
    switch self {
    case .numbers: .numeric
    case .dates: .date
    case .booleans: .boolean
    case .categories: .categorical
    }
  }

  var textsKept: TextsKept { if case .categories(let kept) = self { kept } else { .none } }
}

/// The two words of a column of booleans, in any case.
package enum BooleanWords: String, Codable, CaseIterable, Sendable {
  case trueFalse
  case yesNo
  case onOff
  case tf
  case yn

  /// For 0 and for 1.
  package var words: (no: String, yes: String) {
    switch self {
    case .trueFalse: ("false", "true")
    case .yesNo: ("no", "yes")
    case .onOff: ("off", "on")
    case .tf: ("f", "t")
    case .yn: ("n", "y")
    }
  }

  /// 0 or 1, in lower case or not; nil for another word.
  package func code(of text: UnsafeBufferPointer<UInt8>) -> Int? {
    if Self.matches(text, words.no) { return 0 }
    return Self.matches(text, words.yes) ? 1 : nil
  }

  private static func matches(_ text: UnsafeBufferPointer<UInt8>, _ word: String) -> Bool {
    let word = word.utf8
    return text.count == word.count && zip(text, word).allSatisfy { $0 | 0x20 == $1 }
  }
}

/// What a cell that is no plain decimal may be.
struct CellShapes: OptionSet {
  let rawValue: UInt8

  static let number = CellShapes(rawValue: 1)
  static let date = CellShapes(rawValue: 2)
  static let all = CellShapes(rawValue: 127)

  static func boolean(_ words: BooleanWords) -> CellShapes {
    CellShapes(rawValue: 4 << UInt8(BooleanWords.allCases.firstIndex(of: words) ?? 0))
  }

  /// The one kind of booleans that all cells may be.
  var booleans: BooleanWords? { BooleanWords.allCases.first { contains(.boolean($0)) } }

  /// Those of these shapes that a cell has too.
  func intersection(of text: UnsafeBufferPointer<UInt8>) -> CellShapes {
    var shapes: CellShapes = []
    if text.count <= 5 {
      for words in BooleanWords.allCases
      where contains(.boolean(words)) && words.code(of: text) != nil {
        shapes.insert(.boolean(words))
      }
    }
    if contains(.number), let number = DressedNumber(text),
      NumberStyle.hypotheses.contains(where: { number.value(in: $0).isFinite })
    {
      shapes.insert(.number)
    }
    if contains(.date), DateText(text) != nil { shapes.insert(.date) }
    return shapes
  }
}
