/// The name among `candidates` that a user who typed `name` most likely meant, for an error message.
///
/// Fewest edits (insertion, deletion, substitution, transposition of neighbours: the optimal string
/// alignment distance of Damerau 1964, doi:10.1145/363958.363994), upper and lower case being equal;
/// the first of equals. Nil if nothing is within a third of the name's length (at least one edit), or
/// shares a letter with it.
///
/// - Complexity: O(candidates × length²); names beyond 64 characters are not compared.
package func nearMatch(_ name: String, in candidates: some Sequence<String>) -> String? {
  let goal = Array(name.lowercased())
  guard goal.count <= 64 else { return nil }
  var best: String?
  var fewest = max(1, goal.count / 3) + 1
  for candidate in candidates.prefix(10_000) {
    let letters = Array(candidate.lowercased())
    guard letters.count <= 64, abs(letters.count - goal.count) < fewest else { continue }
    let edits = editDistance(goal, letters)
    if edits < min(fewest, max(goal.count, letters.count)) || edits == 0 {
      (best, fewest) = (candidate, edits)
    }
  }
  return best
}

private func editDistance(_ left: [Character], _ right: [Character]) -> Int {
  var beforeLast: [Int] = []
  var last = Array(0...right.count)
  for i in left.indices {
    var row = [i + 1]
    for j in right.indices {
      var edits = min(last[j + 1] + 1, row[j] + 1, last[j] + (left[i] == right[j] ? 0 : 1))
      if i > 0, j > 0, left[i] == right[j - 1], left[i - 1] == right[j] {
        edits = min(edits, beforeLast[j - 1] + 1)
      }
      row.append(edits)
    }
    (beforeLast, last) = (last, row)
  }
  return last[right.count]
}
