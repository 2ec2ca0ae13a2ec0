import Foundation
import Testing

@testable import Backprop

/// Small files as people have them, one kind a file, and beside each what it should be read as, by hand
/// (`Fixtures/tables`).
@Suite struct TableFilesTests {
  let fixture: DataFixture

  init() throws { fixture = try DataFixture() }

  static let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
    .deletingLastPathComponent().appendingPathComponent("Fixtures/tables")

  static let names =
    (try? FileManager.default.contentsOfDirectory(atPath: folder.path))?
    .filter { $0.hasSuffix(".json") }.map { String($0.dropLast(5)) }.sorted() ?? []

  enum Form: CaseIterable { case kept, streamed, compressed }

  @Test("There are at least 60")
  func count() { #expect(Self.names.count >= 60) }

  @Test("A file is read as it is meant, or refused as said", arguments: Self.names)
  func reading(name: String) throws {
    let bytes = [UInt8](try Data(contentsOf: Self.folder.appendingPathComponent(name + ".csv")))
    let json = try String(
      contentsOf: Self.folder.appendingPathComponent(name + ".json"), encoding: .utf8)
    let meant = try JSONValue(parsing: json)
    var configuration = TrainingConfiguration()
    if let settings = meant["settings"] { try configuration.take(settings) }
    for form in Form.allCases {
      if form == .streamed { configuration.data.memory = "500MB" }
      let options = try TableOptions(configuration.data)
      let path = try fixture.file(
        form == .compressed ? ArrayFile.deflated(bytes, window: 31) : bytes,
        name: form == .compressed ? "t.csv.gz" : "t.csv")
      if let refused = meant["refused"]?.string {
        let message = fixture.message {
          let table = try Table(contentsOf: path, options: options)
          for column in table.columns { if let question = column.question { throw question } }
        }
        #expect(message.contains(refused), "\(form): \(message)")
        continue
      }
      let table = try Table(contentsOf: path, options: options)
      if let warnings = meant["warns"]?.array {
        #expect(
          table.columnWarnings.count == warnings.count
            && zip(table.columnWarnings, warnings).allSatisfy { $0.contains($1.string ?? "?") },
          "\(form): \(table.columnWarnings)")
      } else {
        #expect(table.columnWarnings.isEmpty, "\(form): \(table.columnWarnings)")
      }
      for member in meant["columns"]?.object ?? [] {
        let position = try table.position(of: member.key)
        let column = table.columns[position]
        #expect(column.kind.rawValue == member.value["kind"]?.string, "\(form): \(member.key)")
        let values = try cells(of: table, position)
        #expect(values == member.value["values"]?.array, "\(form): \(member.key) \(values)")
        #expect(column.missing == values.count { $0 == .null }, "\(form): \(member.key)")
      }
    }
  }

  /// The values of a column: numbers, 0 and 1, texts, dates as texts, null where missing.
  private func cells(of table: Table, _ position: Int) throws -> [JSONValue] {
    let column = table.columns[position]
    var request = ColumnRequest(
      column: position, reading: .numbers(column.style), textsKept: column.reading.textsKept)
    var index: CategoryIndex?
    switch column.reading {
    case .numbers, .dates: break
    case .booleans(let words): index = CategoryIndex(words)
    case .categories: index = CategoryIndex(limit: 1000)
    }
    if let index { request.reading = .categories(index) }
    var values: [JSONValue] = []
    try table.read([request]) { (chunk) throws(DataError) in
      for row in 0..<chunk.count {
        let value = chunk.values[row]
        switch column.reading {
        case .numbers: values.append(value.isNaN ? .null : JSONValue(value))
        case .dates: values.append(value.isNaN ? .null : .string(DateStyle.text(ofDays: value)))
        case .booleans: values.append(value < 0 ? .null : JSONValue(value))
        case .categories:
          let code = Int(value)
          values.append(code < 0 ? .null : .string(index?.categories[code] ?? ""))
        }
      }
    }
    return values
  }

  @Test(
    "An encoder that is fitted on a file encodes it kept, streamed and compressed to the same bits")
  func encoding() throws {
    for name in Self.names {
      let bytes = [UInt8](try Data(contentsOf: Self.folder.appendingPathComponent(name + ".csv")))
      let json = try String(
        contentsOf: Self.folder.appendingPathComponent(name + ".json"), encoding: .utf8)
      let meant = try JSONValue(parsing: json)
      if meant["refused"] != nil { continue }
      var configuration = TrainingConfiguration()
      if let settings = meant["settings"] { try configuration.take(settings) }
      let kept = try Table(
        contentsOf: fixture.file(bytes), options: TableOptions(configuration.data))
      configuration.data.memory = "500MB"
      let streamed = try Table(
        contentsOf: fixture.file(bytes), options: TableOptions(configuration.data))
      guard let encoder = try? FeatureEncoder(fitting: kept, excluding: ["y"]) else { continue }
      #expect(try FeatureEncoder(fitting: streamed, excluding: ["y"]) == encoder, "\(name)")
      let (one, other): (Matrix<Double>, Matrix<Double>) = (
        try encoder.encode(kept), try encoder.encode(streamed)
      )
      #expect(one.elements == other.elements, "\(name)")
      // What is stored reads the same.
      let text = try JSONEncoder().encode(encoder)
      #expect(try JSONDecoder().decode(FeatureEncoder.self, from: text) == encoder, "\(name)")
    }
  }
}
