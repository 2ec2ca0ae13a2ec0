import Foundation
import Testing

@testable import Backprop
@testable import BackpropInspection

@Suite struct FuzzReplayTests {
  /// What the fuzz targets start from, and whatever once broke them.
  private static let files: [String] = {
    let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
      .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
      .appendingPathComponent("Fuzz")
    return ["Corpus", "FailCases"].flatMap { folder in
      ["csv", "idx", "npy", "npz"].flatMap { target -> [String] in
        let path = root.appendingPathComponent(folder).appendingPathComponent(target).path
        let names = (try? FileManager.default.contentsOfDirectory(atPath: path)) ?? []
        return names.filter { !$0.hasPrefix(".") }.sorted().map { "\(path)/\($0)" }
      }
    }
  }()

  @Test("There are inputs to replay")
  func inputs() { #expect(Self.files.count >= 11) }

  @Test("No input of the fuzz targets does more harm than an error of one line", arguments: files)
  func replay(path: String) {
    do {
      let source = try DataSource.open(path: path)
      guard let name = source.targets.first ?? source.training.columns.last?.name else { return }
      let prepared = try PreparedTable<Double>(
        source.training, target: name, validation: 0.25, seed: 1)
      let count = prepared.training.count + (prepared.validation?.count ?? 0)
      #expect(count == source.training.rowCount)
    } catch {
      let message = "\(error)"
      #expect(!message.contains { $0.isNewline })
    }
  }
}
