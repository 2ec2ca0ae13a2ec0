/// The English text of the commands that explain. Keys are the same as in the other language's file.
enum EnglishText {
  static let all: [String: String] = [explain, check, whatIf, doctor].reduce(into: [:]) {
    $0.merge($1) { first, _ in first }
  }

  // MARK: explain

  private static let explain: [String: String] = [
    "explain.title": "Backpropagation of {0}, step by step"
  ]

  // MARK: check

  private static let check: [String: String] = [
    "check.title": "Gradient check of {0}"
  ]

  // MARK: whatif

  private static let whatIf: [String: String] = [
    "whatif.title": "What if {0}"
  ]

  // MARK: doctor

  private static let doctor: [String: String] = [
    "doctor.title": "Diagnosis of {0}"
  ]
}
