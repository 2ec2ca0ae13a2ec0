import Backprop
import BackpropInspection

extension RecipePlan {
  /// What the recipe `auto` came to and why, a line each.
  ///
  /// - Parameters:
  ///   - heavyTails: Columns whose quantiles became those of a normal distribution.
  ///   - configuration: That of the run, with what was given in it.
  func lines(
    heavyTails: [String], for configuration: TrainingConfiguration, in language: Language
  ) -> [String] {
    var lines = [language.text(.plan, recipe.rawValue, reason.text(in: language))]
    if let members = configuration.stopping.members, members > 1 {
      lines.append(language.text(.planMembers, String(members)))
    } else if let oneRun {
      lines.append(language.text(.planOneRun, oneRun))
    }
    if triesNothing { lines.append(language.text(.planNoSearch)) }
    if !heavyTails.isEmpty {
      lines.append(
        language.text(
          .planHeavyTails, Format.list(heavyTails, limit: 5),
          String(QuantileMap.heavyTail)))
    }
    if let more, let members = configuration.stopping.members, configuration.epochs == epochs {
      let seconds = String(Int(min(more.seconds.rounded(.up), 1e9)))
      lines.append(
        more.width.map { language.text(.planMore, String($0), String(members), seconds) }
          ?? language.text(.planSearch, seconds))
    }
    return lines
  }

  func json(heavyTails: [String], for configuration: TrainingConfiguration) -> JSONValue {
    [
      "event": "plan", "recipe": .string(recipe.rawValue),
      "reason": .string(reason.text(in: .english)),
      "members": JSONValue(configuration.stopping.members ?? 1),
      "oneRun": oneRun.map { .string($0) } ?? .null,
      "hidden": JSONValue(configuration.network.hidden ?? []),
      "epochs": JSONValue(configuration.epochs),
      "heavyTails": .array(heavyTails.map { .string($0) }),
      "multiplyAdds": multiplyAdds.map { JSONValue($0) } ?? .null,
    ]
  }
}

extension RecipePlan.Reason {
  func text(in language: Language) -> String {
    switch self {
    case .fewRows(let rows):
      language.text(
        .planFewRows, language.count(rows, .row), String(RecipePlan.fewestRows))
    case .pixels(let count): language.text(.planPixels, String(count))
    case .labels(let count): language.text(.planLabels, String(count))
    case .rule(let name): language.text(.planRule, name)
    case .time: language.text(.planNoTime)
    case .table(let rows, let columns):
      language.text(.planTable, language.count(rows, .row), language.count(columns, .column))
    }
  }
}
