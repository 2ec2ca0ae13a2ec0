/// One setting of a run: what it is called, where it stands in a `TrainingConfiguration`, what values it
/// takes, and what it means.
///
/// Options of the command, configuration files, the JSON of models and checkpoints, and the check of a
/// configuration all come from the one list `Setting.all`.
package struct Setting: Sendable {
  /// The part of a configuration that a setting stands in.
  package enum Group: String, CaseIterable, Sendable {
    case data, network, updates, schedule, noise, stopping
  }

  /// As an option is called: "learning-rate".
  package let name: String
  package let group: Group
  /// What it means, with its default.
  package let help: String
  /// Whether it is yes or no, and takes no value on a command line.
  package let isFlag: Bool
  /// Whether its value is a number, which may begin with a minus.
  package let isNumber: Bool
  /// Its value as JSON; nil if it is not given.
  package let read: @Sendable (TrainingConfiguration) -> JSONValue?
  /// Its value as an error shows it, also one that no document can say; nil if it is not given.
  let shown: @Sendable (TrainingConfiguration) -> String?
  /// Whether two configurations say the same.
  let isSame: @Sendable (TrainingConfiguration, TrainingConfiguration) -> Bool
  /// Takes a value as JSON, or as the text of a command line has it; null is as if it were not given.
  private let write:
    @Sendable (inout TrainingConfiguration, JSONValue) throws(ConfigurationError) -> Void
  /// Checks the value against its range.
  package let check: @Sendable (TrainingConfiguration) throws(ConfigurationError) -> Void

  /// As JSON and the library call it: "learningRate".
  package var property: String { Self.property(name) }

  /// What it sets: --header and --no-header are two words for one thing.
  var place: String { name == Self.noHeader.name ? Self.header.name : name }

  static func property(_ name: String) -> String {
    let words = name.split(separator: "-")
    return words.dropFirst().reduce(String(words.first ?? "")) {
      $0 + $1.prefix(1).uppercased() + $1.dropFirst()
    }
  }

  /// The name of the option of a property: "learning-rate" of "learningRate".
  package static func name(ofProperty property: String) -> String {
    property.reduce(into: "") { name, character in
      if character.isUppercase { name += "-" }
      name += character.lowercased()
    }
  }

  /// Puts a value into a configuration.
  ///
  /// - Throws: `ConfigurationError` if it is none of this setting.
  package func set(
    _ configuration: inout TrainingConfiguration, to value: JSONValue
  ) throws(ConfigurationError) {
    let before = configuration
    do {
      try write(&configuration, value)
      try check(configuration)
    } catch {
      configuration = before
      throw error
    }
  }

  /// The setting of a name, as an option or JSON spells it; "monitor" is what `metric` was called in models
  /// of before.
  package static func named(_ name: String) -> Setting? { byName[name] }

  private static let byName = Dictionary(
    all.flatMap { [($0.name, $0), ($0.property, $0)] } + [("monitor", metric)],
    uniquingKeysWith: { first, _ in first })
}

// MARK: Kinds of settings

extension Setting {
  typealias Place<Value> = WritableKeyPath<TrainingConfiguration, Value?> & Sendable

  /// A setting whose value is read from text by `parse` and written as JSON by `json`.
  private init<Value: Equatable & Sendable>(
    _ name: String, _ group: Group, _ place: Place<Value>, isFlag: Bool = false,
    isNumber: Bool = false, help: String,
    json: @escaping @Sendable (Value) -> JSONValue?,
    parse: @escaping @Sendable (JSONValue, _ property: String) throws(ConfigurationError) -> Value,
    check: @escaping @Sendable (Value, _ property: String) throws(ConfigurationError) -> Void = {
      (_, _) throws(ConfigurationError) in
    }
  ) {
    let property = Self.property(name)
    self.name = name
    self.group = group
    self.help = help
    self.isFlag = isFlag
    self.isNumber = isNumber
    read = { $0[keyPath: place].flatMap(json) }
    shown = { $0[keyPath: place].map { json($0)?.shown ?? "\($0)" } }
    isSame = { $0[keyPath: place] == $1[keyPath: place] }
    write = { (configuration, value) throws(ConfigurationError) in
      configuration[keyPath: place] = value == .null ? nil : try parse(value, property)
    }
    self.check = { (configuration) throws(ConfigurationError) in
      guard let value = configuration[keyPath: place] else { return }
      try check(value, property)
      // What cannot be read back is no value of this setting.
      if let json = json(value) { _ = try parse(json, property) }
    }
  }

  /// A number in a range.
  static func number(
    _ name: String, _ group: Group, _ place: Place<Double>, _ range: NumberRange, _ help: String
  ) -> Setting {
    Setting(
      name, group, place, isNumber: true, help: help, json: { JSONValue($0) },
      parse: { (value, property) throws(ConfigurationError) in
        guard let number = value.number else {
          throw ConfigurationError(property, "\(value.shown): give a number \(range.text)")
        }
        return number
      }, check: { (value, name) throws(ConfigurationError) in try range.check(value, name) })
  }

  /// A whole number in a range.
  static func whole(
    _ name: String, _ group: Group, _ place: Place<Int>, _ range: ClosedRange<Int>, _ help: String
  ) -> Setting {
    let bounds = NumberRange.whole(range)
    return Setting(
      name, group, place, isNumber: true, help: help, json: { JSONValue($0) },
      parse: { (value, property) throws(ConfigurationError) in
        guard let number = value.int ?? value.string.flatMap({ Int($0) }) else {
          throw ConfigurationError(property, "\(value.shown): give a whole number \(bounds.text)")
        }
        return number
      }, check: { (value, name) throws(ConfigurationError) in try bounds.check(value, name) })
  }

  /// Yes or no.
  static func flag(
    _ name: String, _ group: Group, _ place: Place<Bool>, isNegated: Bool = false, _ help: String
  ) -> Setting {
    Setting(
      name, group, place, isFlag: true, help: help, json: { JSONValue($0 != isNegated) },
      parse: { (value, property) throws(ConfigurationError) in
        guard let isSet = value.bool else {
          throw ConfigurationError(property, "\(value.shown): give true or false")
        }
        return isSet != isNegated
      })
  }

  /// Any text.
  static func text(
    _ name: String, _ group: Group, _ place: Place<String>, _ help: String,
    check: @escaping @Sendable (String, _ property: String) throws(ConfigurationError) -> Void = {
      (_, _) throws(ConfigurationError) in
    }
  ) -> Setting {
    Setting(
      name, group, place, help: help, json: { .string($0) },
      parse: { (value, property) throws(ConfigurationError) in
        guard let text = value.scalar else {
          throw ConfigurationError(property, "\(value.shown): give a text")
        }
        return text
      }, check: check)
  }

  /// One of a closed set, by its name.
  static func named<Value: Equatable & Sendable>(
    _ name: String, _ group: Group, _ place: Place<Value>, of names: [String], _ help: String,
    json: @escaping @Sendable (Value) -> JSONValue?,
    parse: @escaping @Sendable (String) -> Value?,
    fromObject:
      @escaping @Sendable (JSONValue, _ property: String) throws(ConfigurationError) -> Value? = {
        (_, _) throws(ConfigurationError) in nil
      },
    check: @escaping @Sendable (Value, _ property: String) throws(ConfigurationError) -> Void = {
      (_, _) throws(ConfigurationError) in
    }
  ) -> Setting {
    Setting(
      name, group, place, help: help, json: json,
      parse: { (value, property) throws(ConfigurationError) in
        if let value = try fromObject(value, property) { return value }
        return try NamedChoice.value(value.scalar ?? value.shown, property, names, parse)
      }, check: check)
  }

  /// What a text stands for.
  ///
  /// - Parameter expected: What to give, for an error.
  static func parsed<Value: Equatable & Sendable>(
    _ name: String, _ group: Group, _ place: Place<Value>, expected: String, _ help: String,
    json: @escaping @Sendable (Value) -> JSONValue, parse: @escaping @Sendable (String) -> Value?,
    check: @escaping @Sendable (Value, _ property: String) throws(ConfigurationError) -> Void = {
      (_, _) throws(ConfigurationError) in
    }
  ) -> Setting {
    Setting(
      name, group, place, isNumber: true, help: help, json: json,
      parse: { (value, property) throws(ConfigurationError) in
        guard let value = value.scalar.flatMap(parse) else {
          throw ConfigurationError(property, "\(value.shown): give \(expected)")
        }
        return value
      }, check: check)
  }

  /// Several of a kind: "a,b" or a list.
  ///
  /// - Parameters:
  ///   - isText: Whether a text is one of them, whatever commas it has.
  ///   - none: What stands for none of them.
  static func list<Value: Equatable & Sendable>(
    _ name: String, _ group: Group, _ place: Place<[Value]>, isNumber: Bool = false,
    isText: Bool = false, none: String? = nil, _ help: String,
    json: @escaping @Sendable (Value) -> JSONValue?,
    parse: @escaping @Sendable (String, _ property: String) throws(ConfigurationError) -> Value,
    check: @escaping @Sendable ([Value], _ property: String) throws(ConfigurationError) -> Void = {
      (_, _) throws(ConfigurationError) in
    }
  ) -> Setting {
    Setting(
      name, group, place, isNumber: isNumber, help: help,
      json: { values in
        let texts = values.compactMap(json)
        guard texts.count == values.count else { return nil }
        // One by itself, unless it would be taken for several, or for none.
        guard texts.count == 1, let text = texts[0].scalar,
          isText
            || (!text.isEmpty && text == text.trimmingSpaces && !text.contains(",")
              && !text.hasPrefix("\""))
        else { return .array(texts) }
        return texts[0]
      },
      parse: { (value, property) throws(ConfigurationError) in
        var values: [Value] = []
        if let none, value == .string(none) { return values }
        if isText, let text = value.scalar { return [try parse(text, property)] }
        for part in try NamedChoice.parts(of: value, property) {
          values.append(try parse(part, property))
        }
        return values
      }, check: check)
  }
}

extension JSONValue {
  /// A number, or a text that is one.
  fileprivate var number: Double? { double ?? string.flatMap { Double($0) } }

  /// A text, or a number letter by letter.
  package var scalar: String? {
    if case .number(let number) = self { number.description } else { string }
  }

  /// As an error shows it.
  package var shown: String { (scalar ?? description).shown() }
}

/// Reading names and lists, with errors that list what there is.
package enum NamedChoice {
  /// The value of a name in a closed set.
  ///
  /// - Parameters:
  ///   - text: The name, perhaps with an argument behind a colon.
  ///   - property: What is to be one of them.
  ///   - names: As they may be written.
  package static func value<Value>(
    _ text: String, _ property: String, _ names: [String], _ parse: (String) -> Value?
  ) throws(ConfigurationError) -> Value {
    if let value = parse(text) { return value }
    let bare = names.map { String($0.prefix { $0 != "[" && $0 != ":" }) }
    let name = String(text.prefix { $0 != ":" })
    if let index = bare.firstIndex(of: name) {
      throw ConfigurationError(
        property,
        "\(text.quoted): expected \(names[index]), with a number in its range where one is given")
    }
    let suggestion = nearMatch(name, in: bare).map { "did you mean \($0)? " } ?? ""
    throw ConfigurationError(
      property,
      "\(text.quoted): there is no such name; \(suggestion)the names are "
        + names.joined(separator: ", "))
  }

  /// The parts of a list, or of "a,b,c" without spaces around them; none of an empty text.
  ///
  /// - Throws: `ConfigurationError` for a comma too many.
  package static func parts(
    of value: JSONValue, _ property: String
  ) throws(ConfigurationError) -> [String] {
    if let items = value.array {
      var parts: [String] = []
      for item in items {
        guard let part = item.scalar else {
          throw ConfigurationError(property, "\(value.shown): a list holds texts or numbers")
        }
        parts.append(part)
      }
      return parts
    }
    guard let text = value.scalar else {
      throw ConfigurationError(property, "\(value.shown): give one, or a list")
    }
    let parts = text.partsAtCommas
    if parts == [""] { return [] }
    guard !parts.contains("") else {
      throw ConfigurationError(
        property, "\(text.shown()): nothing stands before or after a comma; take it out")
    }
    return parts
  }
}
