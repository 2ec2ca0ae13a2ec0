import Foundation
import Testing

@testable import Backprop
@testable import BackpropInspection

@Suite("Files that appear as a whole")
struct AtomicFileTests {
  /// A folder that goes with the value.
  private final class Place {
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent(UUID().uuidString)

    init() throws {
      try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    }

    deinit { try? FileManager.default.removeItem(at: folder) }

    func path(_ name: String) -> String { folder.appendingPathComponent(name).path }

    var names: [String] {
      get throws { try FileManager.default.contentsOfDirectory(atPath: folder.path).sorted() }
    }

    func text(_ name: String) throws -> String {
      try String(contentsOfFile: path(name), encoding: .utf8)
    }

    func write(_ name: String, _ text: String) throws {
      try Data(text.utf8).write(to: folder.appendingPathComponent(name))
    }

    func link(_ name: String, to target: String) throws {
      try FileManager.default.createSymbolicLink(atPath: path(name), withDestinationPath: target)
    }

    func isLink(_ name: String) -> Bool {
      (try? FileManager.default.destinationOfSymbolicLink(atPath: path(name))) != nil
    }
  }

  private let place: Place

  init() throws { place = try Place() }

  @Test("Writers of one path do not meet: each commit is whole, and one that ends removes nothing")
  func twoWriters() throws {
    let path = place.path("m")
    let first = try AtomicFile(path)
    try first.write(Array("first ".utf8))
    do {
      let second = try AtomicFile(path)
      try second.write(Array("second".utf8))
      try first.write(Array("half".utf8))
      try second.commit()
      #expect(try place.text("m") == "second")
      // It takes the place that the name of the second one had.
      let third = try AtomicFile(path)
      try third.write(Array("third".utf8))
      _ = consume second
      try third.commit()
    }
    #expect(try place.text("m") == "third")
    try first.commit()
    #expect(try place.text("m") == "first half")
    #expect(try place.names == ["m"])
  }

  @Test("What a killed writer of the same path left is removed, and nothing that is still written")
  func abandoned() throws {
    let live = try AtomicFile(place.path("m"))
    try live.write([1])
    let names = try place.names
    #expect(names.count == 1)
    for name in [".m.0123456789abcdef.tmp", ".n.0123456789abcdef.tmp", ".m.mine.tmp"] {
      try place.write(name, "left")
    }
    try FileManager.default.setAttributes(
      [.posixPermissions: 0o400], ofItemAtPath: place.path(".m.0123456789abcdef.tmp"))
    try place.link(".m.ffffffffffffffff.tmp", to: "elsewhere")
    do {
      let next = try AtomicFile(place.path("m"))
      try next.commit()
    }
    #expect(
      try place.names
        == (names + [
          ".m.ffffffffffffffff.tmp", ".m.mine.tmp", ".n.0123456789abcdef.tmp", "m",
        ]).sorted())
    try live.commit()
    #expect(try Data(contentsOf: place.folder.appendingPathComponent("m")) == Data([1]))
  }

  @Test("A link stays one, and what it leads to is written, also where nothing is there yet")
  func links() throws {
    try FileManager.default.createDirectory(
      atPath: place.path("sub"), withIntermediateDirectories: true)
    try place.write("sub/old", "old")
    try place.link("a", to: "sub/old")
    try place.link("b", to: "c")
    try place.link("c", to: place.path("sub/new"))
    for name in ["a", "b"] {
      try Folder.checkWritable(for: place.path(name))
      let file = try AtomicFile(place.path(name))
      try file.write(Array(name.utf8))
      try file.commit()
      #expect(place.isLink(name) && place.isLink("c"))
    }
    #expect(try place.text("sub/old") == "a" && place.text("sub/new") == "b")

    try place.link("nowhere", to: "no/such")
    try place.link("loop", to: "loop")
    for name in ["nowhere", "loop", "sub"] {
      #expect(throws: FileError.self) { try Folder.checkWritable(for: place.path(name)) }
      #expect(throws: FileError.self) { try AtomicFile(place.path(name)) }
      #expect(name == "sub" || place.isLink(name))
    }
  }

  @Test("A file that is missing is not proposed in its own place")
  func proposals() throws {
    try place.write("iris.csv", "")
    let path = place.path("iris.cvs")
    #expect(
      FileError.missing(path: path).description.hasSuffix("did you mean \(place.path("iris.csv"))?")
    )
    try place.link("iris.cvs", to: "gone.csv")
    #expect(
      FileError.missing(path: path).description
        == "\(path) is a link to gone.csv, which is not there")
    try place.link("loop", to: "loop")
    do throws(FileError) {
      try Folder.checkExists(place.path("loop"))
      Issue.record("a loop leads somewhere")
    } catch {
      #expect(error.description.hasPrefix("cannot read \(place.path("loop")): "))
      #expect(!error.description.contains("did you mean"))
    }
  }

  @Test("A name as long as a file system takes is written", arguments: ["n", "é", "👩‍🚀"])
  func longName(letter: String) throws {
    let folder = FileManager.default.temporaryDirectory
      .appendingPathComponent("long-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    let name = String(repeating: letter, count: 255 / letter.utf8.count)
    let file = try AtomicFile(folder.appendingPathComponent(name).path)
    try file.write([1, 2, 3])
    try file.commit()
    #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path) == [name])
  }
}
