import Foundation
import Testing

@testable import Backprop

/// Numbers from a file never trap: each place of models and checkpoints is changed to each of
/// `ChangedFile.values`, and the result is run.
@Suite("Models and checkpoints that somebody changed")
struct ChangedFileTests {
  private let fixture: DataFixture

  init() throws { fixture = try DataFixture() }

  @Test(
    "Any value in any place ends in a result or in one line",
    arguments: ForeignRun.Sample.allCases)
  func everyPlace(sample: ForeignRun.Sample) throws {
    let path = try fixture.file("", name: "changed")
    let files = try ForeignRun.files(of: sample, by: path)
    for (bytes, run) in [
      (files.model, ForeignRun.model), (files.checkpoint, ForeignRun.checkpoint),
    ] {
      let file = try #require(ChangedFile(bytes))
      #expect(file.places.count > 30)
      // All values in all places take minutes; the fuzz target `run` goes on where this ends.
      var next = 0
      for place in file.places {
        // Of counts that something is allocated or multiplied by, all.
        let isCount = [.key("memory"), .key("accumulate"), .key("step")].contains(place.last)
        for _ in 0..<(isCount ? ChangedFile.values.count : 4) {
          var changed = file
          changed.change(place, to: ChangedFile.values[next % ChangedFile.values.count])
          next += 5
          try Data(changed.bytes).write(to: URL(fileURLWithPath: path))
          _ = run(path)
        }
      }
    }
  }

  @Test(
    "An unchanged file runs, so that the changed ones are refused for their change",
    arguments: ForeignRun.Sample.allCases)
  func unchanged(sample: ForeignRun.Sample) throws {
    let path = try fixture.file("", name: "copy")
    let files = try ForeignRun.files(of: sample, by: path)
    let checkpoint = try #require(ChangedFile(files.checkpoint))
    try Data(checkpoint.bytes).write(to: URL(fileURLWithPath: path))
    #expect(ForeignRun.checkpoint(contentsOf: path))
    let model = try #require(ChangedFile(files.model))
    try Data(model.bytes).write(to: URL(fileURLWithPath: path))
    #expect(ForeignRun.model(contentsOf: path))
  }
}
