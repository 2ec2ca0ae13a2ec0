#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// A file of our own that goes with this value: tables are read from files, and models written to them.
final class ScratchFile: Sendable {
  let path: String

  /// Makes a file with some bytes that nobody else may read.
  init(_ bytes: [UInt8] = []) throws {
    // As the system says where such files go; P_tmpdir of stdio.h where nobody says it.
    let folder = getenv("TMPDIR").map { String(cString: $0) } ?? ""
    let name = "/backprop-studio-" + String(repeating: "X", count: 6)
    var template = Array(((folder.isEmpty ? P_tmpdir : folder) + name).utf8CString)
    let descriptor = mkstemp(&template)
    guard descriptor >= 0 else {
      throw StudioError("no temporary file can be made: \(String(cString: strerror(errno)))")
    }
    defer { close(descriptor) }
    path = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    var start = 0
    while start < bytes.count {
      let count = bytes[start...].withUnsafeBytes { write(descriptor, $0.baseAddress, $0.count) }
      guard count > 0 else {
        throw StudioError(
          "the temporary file cannot be written: \(String(cString: strerror(errno)))")
      }
      start += count
    }
  }

  deinit { remove() }

  func remove() { unlink(path) }

  /// What stands in it now.
  func bytes() throws -> [UInt8] {
    let descriptor = open(path, O_RDONLY)
    guard descriptor >= 0 else { throw StudioError("a temporary file cannot be read") }
    defer { close(descriptor) }
    var result: [UInt8] = []
    var chunk = [UInt8](repeating: 0, count: 1 << 16)
    while true {
      let count = read(descriptor, &chunk, chunk.count)
      guard count > 0 else { return result }
      result += chunk[..<count]
    }
  }
}
