import Foundation

@testable import Backprop
@testable import BackpropInspection

/// Files for tests, in a folder that goes when the last test that uses it is done.
final class DataFixture {
  let folder: URL

  init() throws {
    folder = FileManager.default.temporaryDirectory
      .appendingPathComponent("backprop-data-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
  }

  deinit { try? FileManager.default.removeItem(at: folder) }

  func file(_ bytes: some Sequence<UInt8>, name: String = "t.csv") throws -> String {
    let url = folder.appendingPathComponent(name)
    try FileManager.default.createDirectory(
      at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
    try Data(bytes).write(to: url)
    return url.path
  }

  func file(_ text: String, name: String = "t.csv") throws -> String {
    try file(text.utf8, name: name)
  }

  func table(_ text: String, _ options: TableOptions = TableOptions()) throws -> Table {
    try Table(contentsOf: file(text), options: options)
  }

  /// The message of the error that `body` throws, without the folder of the file; "" if none.
  func message(_ body: () throws -> Void) -> String {
    do {
      try body()
      return ""
    } catch {
      return "\(error)".replacingOccurrences(of: folder.path + "/", with: "")
    }
  }

  /// All cells of a file, as text.
  func cells(_ text: some Sequence<UInt8>, delimiter: Character = ",") throws -> [[String]] {
    var reader = try CSVReader(
      ByteStream(path: file(text)), delimiter: delimiter.asciiValue ?? 0)
    var rows: [[String]] = []
    while try reader.next() {
      var row: [String] = []
      for index in 0..<reader.count { row.append(reader.text(index)) }
      rows.append(row)
    }
    return rows
  }
}
