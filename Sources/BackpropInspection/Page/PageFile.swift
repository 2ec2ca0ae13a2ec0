import Backprop
import CPage

/// A file of the page in the browser. They stand in the binary.
package struct PageFile: Sendable {
  /// Such as "step.js".
  package let name: String
  package let text: String

  /// All of them; a module stands behind those that it imports from.
  package static let all: [PageFile] = UnsafeBufferPointer(
    start: bp_page_all(), count: Int(bp_page_file_count)
  ).map { PageFile(name: String(cString: $0.name), text: String(cString: $0.bytes)) }
}
