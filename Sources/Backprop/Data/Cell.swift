/// One value of a row, as a program has it.
///
/// ```swift
/// let row: [String: Cell] = ["island": "Biscoe", "year": 2008, "sex": nil]
/// ```
public enum Cell: Hashable, Sendable {
  /// NaN is missing.
  case number(Double)
  /// A category; in a column of numbers the number that it spells.
  case text(String)
  /// No value.
  case missing
}

extension Cell: ExpressibleByStringLiteral, ExpressibleByFloatLiteral, ExpressibleByIntegerLiteral,
  ExpressibleByBooleanLiteral, ExpressibleByNilLiteral
{
  public init(stringLiteral value: String) { self = .text(value) }
  public init(floatLiteral value: Double) { self = .number(value) }
  public init(integerLiteral value: Int) { self = .number(Double(value)) }
  public init(booleanLiteral value: Bool) { self = .text(value ? "true" : "false") }
  public init(nilLiteral: ()) { self = .missing }
}
