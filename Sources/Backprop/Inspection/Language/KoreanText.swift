/// The Korean text of the commands that explain. Keys are the same as in the other language's file.
enum KoreanText {
  static let all: [String: String] = [explain, check, whatIf, doctor].reduce(into: [:]) {
    $0.merge($1) { first, _ in first }
  }

  // MARK: explain

  private static let explain: [String: String] = [
    "explain.title": "{0}의 역전파, 한 단계씩"
  ]

  // MARK: check

  private static let check: [String: String] = [
    "check.title": "{0}의 기울기 검사"
  ]

  // MARK: whatif

  private static let whatIf: [String: String] = [
    "whatif.title": "만약에: {0}"
  ]

  // MARK: doctor

  private static let doctor: [String: String] = [
    "doctor.title": "{0} 진단"
  ]
}
