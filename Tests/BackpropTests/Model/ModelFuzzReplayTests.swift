import Foundation
import Testing

@testable import Backprop
@testable import BackpropInspection

@Suite("Inputs of the fuzz targets for models")
struct ModelFuzzReplayTests {
  /// What the fuzz targets start from, and whatever once broke them.
  private static func files(_ target: String) -> [String] {
    let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
      .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
      .appendingPathComponent("Fuzz")
    return ["Corpus", "FailCases"].flatMap { folder in
      let path = root.appendingPathComponent("\(folder)/\(target)").path
      let names = (try? FileManager.default.contentsOfDirectory(atPath: path)) ?? []
      return names.filter { !$0.hasPrefix(".") }.sorted().map { "\(path)/\($0)" }
    }
  }

  @Test("A model survives being written, and anything else is refused in one line")
  func models() throws {
    let files = Self.files("safetensors")
    #expect(files.count >= 3)
    for file in files {
      do {
        let model = try Model(contentsOf: file)
        let bytes = try model.safeTensors().bytes
        #expect(try Model(SafeTensors(bytes: bytes)).safeTensors().bytes == bytes)
      } catch let error as any UserError {
        #expect(!error.description.contains { $0.isNewline })
      }
    }
  }

  @Test("A document survives being written, and anything else is refused in one line")
  func documents() throws {
    let files = Self.files("json")
    #expect(files.count >= 2)
    for file in files {
      do {
        let value = try JSONValue(parsing: Array(Data(contentsOf: URL(fileURLWithPath: file))))
        #expect(try JSONValue(parsing: value.utf8) == value)
      } catch let error as JSONError {
        #expect(!error.description.contains { $0.isNewline })
      }
    }
  }
}
