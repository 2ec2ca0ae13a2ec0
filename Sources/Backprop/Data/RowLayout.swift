/// How the rows of a text file lie in its lines: what a reader must know beside the bytes themselves.
struct RowLayout: Sendable, Equatable {
  /// What begins with a mark and is none of the table.
  enum Comments: Sendable, Equatable {
    /// No line.
    case none
    /// Every line that begins with this byte.
    case lines(UInt8)
    /// A line that begins with this byte and would not make a row of so many cells.
    case unlikeRows(UInt8, cells: Int)

    /// The byte; 0, which no text has, for none.
    var mark: UInt8 {
      switch self {
      case .none: 0
      case .lines(let mark), .unlikeRows(let mark, _): mark
      }
    }
  }

  /// What stands between cells: a byte, or any run of spaces and tabs.
  enum Delimiter: Sendable, Equatable {
    case byte(UInt8)
    case spaces

    /// The byte; a space for a run of them.
    var byte: UInt8 { if case .byte(let byte) = self { byte } else { UInt8(ascii: " ") } }

    /// As a message calls it.
    var name: String {
      switch self {
      case .spaces: "space"
      case .byte(UInt8(ascii: "\t")): "tab"
      case .byte(let byte): "\"\(Character(Unicode.Scalar(byte)))\""
      }
    }
  }

  var delimiter: Delimiter
  /// Lines at the top that are none of the table.
  var skippedLines = 0
  var comments = Comments.none
  /// Whether every row ends with a delimiter, behind which there is no cell.
  var rowsEndWithDelimiter = false
  /// Whether a blank line is a row with a missing value, as in a table of one column. Those at the end
  /// and before the first row never are.
  var blankLinesAreRows = false
}

/// Lines that a reader has passed over, for whoever tells of them.
struct PassedLines: Equatable {
  /// Blank lines between rows.
  var blank = 0
  /// Comments.
  var comments = 0
  var firstComment = 0
  /// The first row that begins as a comment does.
  var rowLikeComment: Int?
  /// The first row that is one of numbers but for that.
  var rowLikeCommentOfNumbers: Int?
}
