/// Text from outside (names of columns and files, labels, cells, options, strings of a model file)
/// before anyone sees it.
///
/// Whoever made a file must not move the cursor of its reader's terminal, forge a line of output, or
/// turn the order of letters around.
extension String {
  /// The text on one line: what cannot be seen is written out, `\u{1b}`, and what is long loses its
  /// middle.
  ///
  /// - Parameter limit: The most scalars that are kept, at least 1; the rest becomes "…".
  package func shown(limit: Int = 60) -> String {
    guard utf8.count > limit || unicodeScalars.contains(where: \.isUnseen) else { return self }
    let scalars = unicodeScalars
    var text = ""
    func add(_ part: some Sequence<Unicode.Scalar>) {
      for scalar in part {
        if scalar.isUnseen {
          text += "\\u{\(String(scalar.value, radix: 16))}"
        } else {
          text.unicodeScalars.append(scalar)
        }
      }
    }
    // Counts no further than it must.
    let end = scalars.index(scalars.startIndex, offsetBy: limit, limitedBy: scalars.endIndex)
    guard let end, end < scalars.endIndex else {
      add(scalars)
      return text
    }
    // The end tells as much as the beginning: of a path its file, of a message how to mend it.
    add(scalars.prefix(limit - limit / 3))
    text += "…"
    add(scalars.suffix(limit / 3))
    return text
  }

  /// `shown`, between quotes.
  package var quoted: String { "\"\(shown())\"" }
}

extension Unicode.Scalar {
  /// Whether a terminal or an editor would obey this scalar, and not draw it: controls (C0, DEL, C1),
  /// line separators, marks that change the direction of writing. Joiners, which emoji and many
  /// scripts need, are no such thing.
  package var isUnseen: Bool {
    if value < 0x80 { return value < 0x20 || value == 0x7F }
    switch properties.generalCategory {
    case .control, .lineSeparator, .paragraphSeparator, .surrogate: return true
    case .format: return value != 0x200C && value != 0x200D
    default: return false
    }
  }
}
