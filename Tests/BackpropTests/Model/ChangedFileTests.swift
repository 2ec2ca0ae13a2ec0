import Foundation
import Testing

@testable import Backprop
@testable import BackpropInspection

/// Numbers from a file never trap: each place of models and checkpoints is changed to some of
/// `ChangedFile.values`, and the result is run. A trap ends the tests.
@Suite("Models and checkpoints that somebody changed")
struct ChangedFileTests {
  private let fixture: DataFixture

  init() throws { fixture = try DataFixture() }

  @Test(
    "Any value in any place ends in a result or in one line",
    arguments: ForeignRun.Sample.allCases)
  func everyPlace(sample: ForeignRun.Sample) throws {
    for (file, run) in try files(of: sample) {
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
          _ = try run(changed)
        }
      }
    }
  }

  @Test(
    "An unchanged file runs, so that the changed ones are refused for their change",
    arguments: ForeignRun.Sample.allCases)
  func unchanged(sample: ForeignRun.Sample) throws {
    for (file, run) in try files(of: sample) { #expect(try run(file)) }
  }

  /// A model and a checkpoint, and what runs such a file and says whether it came to a step.
  private func files(
    of sample: ForeignRun.Sample
  ) throws -> [(file: ChangedFile, run: (ChangedFile) throws -> Bool)] {
    let path = try fixture.file("", name: "changed")
    let files = try ForeignRun.files(of: sample, by: path)
    return try [
      (files.model, ForeignRun.model), (files.checkpoint, ForeignRun.checkpoint),
    ].map { bytes, run in
      let file = try #require(ChangedFile(bytes))
      return (
        file,
        {
          try Data($0.bytes).write(to: URL(fileURLWithPath: path))
          return run(path)
        }
      )
    }
  }
}
