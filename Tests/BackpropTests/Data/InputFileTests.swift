import Foundation
import Testing

@testable import Backprop
@testable import BackpropInspection

@Suite struct InputFileTests {
  @Test("Data, models and weights that cannot be read are refused in the same words")
  func words() throws {
    let fixture = try DataFixture()
    let pipe = fixture.folder.appendingPathComponent("pipe").path
    #expect(mkfifo(pipe, 0o600) == 0)
    _ = try fixture.file("a,b\n1,2\n", name: "birds.csv")
    let cases = [
      ("pipe", "pipe is not a regular file; it is read more than once, so save it to a file first"),
      ("bird.csv", "no such file: bird.csv; did you mean birds.csv?"),
      ("", " is a folder, not a file"),
    ]
    for (name, expected) in cases {
      let path = fixture.folder.path + "/" + name
      if !name.isEmpty {
        #expect(fixture.message { _ = try DataSource.open(path: path) } == expected)
      }
      #expect(fixture.message { _ = try Model(contentsOf: path) } == expected)
      #expect(
        fixture.message {
          let _: Network<Float> = try WeightFile.network(
            from: path, layers: [], loss: .squaredError)
        } == expected)
    }
  }
}
