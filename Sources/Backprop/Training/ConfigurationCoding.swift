// A configuration as JSON: its groups, and in each what was given, under the names of `Setting`.
//
//     {"network": {"hidden": [64, 64]}, "updates": {"learningRate": 0.001}}

extension TrainingConfiguration: Codable {
  package var json: JSONValue {
    .object(
      Setting.Group.allCases.compactMap { group in
        var members: [JSONMember] = []
        for setting in Setting.all where setting.group == group {
          // --header and --no-header are one thing.
          guard setting.name != Setting.noHeader.name, let value = setting.read(self) else {
            continue
          }
          members.append(JSONMember(setting.property, value))
        }
        return members.isEmpty ? nil : JSONMember(group.rawValue, .object(members))
      })
  }

  /// Takes over what a document says.
  ///
  /// Settings stand in their groups or by themselves, under the names of JSON or of options.
  ///
  /// - Throws: `ConfigurationError` for a name that is none, or a value out of its range.
  package mutating func take(_ document: JSONValue) throws(ConfigurationError) {
    for member in document.object ?? [] {
      if Setting.Group(rawValue: member.key) != nil, let members = member.value.object {
        for member in members { try take(member) }
      } else {
        try take(member)
      }
    }
  }

  private mutating func take(_ member: JSONMember) throws(ConfigurationError) {
    guard let setting = Setting.named(member.key) else {
      let names = Setting.all.map(\.property)
      throw ConfigurationError(
        member.key.shown(),
        "is no setting; "
          + (nearMatch(member.key, in: names).map { "did you mean \($0)?" }
            ?? "the settings are \(names.joined(separator: ", "))"))
    }
    try setting.set(&self, to: member.value)
  }

  public init(from decoder: any Decoder) throws {
    self.init()
    do {
      try take(JSONValue(from: decoder))
    } catch let error as ConfigurationError {
      throw DecodingError.dataCorrupted(
        .init(codingPath: decoder.codingPath, debugDescription: error.description))
    }
  }

  public func encode(to encoder: any Encoder) throws { try json.encode(to: encoder) }
}
