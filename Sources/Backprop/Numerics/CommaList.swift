extension String {
  /// Without the spaces at both ends.
  package var trimmingSpaces: String {
    String(drop { $0 == " " }.reversed().drop { $0 == " " }.reversed())
  }

  /// The parts of "a,b,c" without spaces around them. A part in double quotes may have commas itself, and a
  /// doubled quote is one, as in a file of such cells.
  package var partsAtCommas: [String] {
    var parts: [String] = []
    var rest = self[...]
    while true {
      rest = rest.drop { $0 == " " }
      if let (part, end) = Self.quotedPart(rest) {
        parts.append(part)
        rest = rest[end...]
      } else {
        let end = rest.firstIndex(of: ",") ?? rest.endIndex
        parts.append(String(rest[..<end]).trimmingSpaces)
        rest = rest[end...]
      }
      guard !rest.isEmpty else { return parts }
      rest = rest.dropFirst()
    }
  }

  /// A part in quotes, and where the comma behind it or the end is; nil if none begins here.
  private static func quotedPart(_ text: Substring) -> (part: String, end: Substring.Index)? {
    guard text.first == "\"" else { return nil }
    var part = ""
    var at = text.index(after: text.startIndex)
    while at < text.endIndex {
      let next = text.index(after: at)
      if text[at] != "\"" {
        part.append(text[at])
        at = next
      } else if next < text.endIndex, text[next] == "\"" {
        part.append("\"")
        at = text.index(after: next)
      } else {
        let behind = text[next...].drop { $0 == " " }
        return behind.isEmpty || behind.first == "," ? (part, behind.startIndex) : nil
      }
    }
    return nil
  }
}
