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

  /// The schema of such a document, which it may name.
  package static let schema = "backprop.config/2"

  /// Takes over what a document says.
  ///
  /// Settings stand in their groups or by themselves, under the names of JSON or of options.
  ///
  /// - Throws: `ConfigurationError` for a name that is none, a value out of its range, or a setting that is
  ///   given twice.
  package mutating func take(_ document: JSONValue) throws(ConfigurationError) {
    guard let members = document.object else {
      throw ConfigurationError("configuration", "expected an object with a setting a key")
    }
    var taken: Set<String> = []
    for member in members {
      if member.key == "schema" {
        guard member.value == .string(Self.schema) else {
          throw ConfigurationError("schema", "expected \"\(Self.schema)\"")
        }
      } else if let group = Setting.Group(rawValue: member.key), group.isObject(member.value) {
        for member in member.value.object ?? [] { try take(member, of: group, &taken) }
      } else {
        try take(member, of: nil, &taken)
      }
    }
  }

  private mutating func take(
    _ member: JSONMember, of group: Setting.Group?, _ taken: inout Set<String>
  ) throws(ConfigurationError) {
    guard let setting = Setting.named(member.key) else {
      if group == nil, Setting.Group(rawValue: member.key) != nil {
        throw ConfigurationError(
          member.key, "is a group of settings: give an object with a setting a key")
      }
      let names =
        Setting.all.map(\.property) + (group == nil ? Setting.Group.allCases.map(\.rawValue) : [])
      throw ConfigurationError(
        member.key.shown(),
        "is no setting; "
          + (nearMatch(member.key, in: names).map { "did you mean \($0)?" }
            ?? "the settings are \(names.joined(separator: ", "))"))
    }
    if let group, group != setting.group {
      throw ConfigurationError(
        member.key, "stands in \(setting.group.rawValue), not in \(group.rawValue)")
    }
    guard taken.insert(setting.place).inserted else {
      throw ConfigurationError(member.key, "is given twice: leave one out")
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

extension Setting.Group {
  /// Whether a value is that of the group, and not of the setting of the same name.
  fileprivate func isObject(_ value: JSONValue) -> Bool {
    value.object != nil || (value == .null && Setting.named(rawValue) == nil)
  }
}
