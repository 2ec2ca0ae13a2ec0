import Synchronization

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// Data that comes by standard input: kept in a temporary file, for a table is read more than once.
///
/// The file has no name from the moment it is open, so nothing is left of it however the process ends.
package enum StandardInput {
  /// The path that stands for it; a file of this name is called "./-".
  package static let path = "-"
  /// As messages call it.
  static let name = "standard input"

  /// The file that keeps it; nil before `spool`.
  private static let kept = Mutex<Int32?>(nil)

  /// Reads all of it, once; files of the path `-` are then what came.
  ///
  /// - Throws: `FileError` if it is a terminal, closed, or the disk has no room for it.
  package static func spool() throws(FileError) {
    guard descriptor == nil else {
      throw .failed(
        verb: "read", path: name, reason: "it is read already, and can be read only once")
    }
    var status = stat()
    guard fstat(STDIN_FILENO, &status) == 0, status.st_mode & S_IFMT != S_IFDIR else {
      throw .failed(verb: "read", path: name, reason: "it is closed, or a folder")
    }
    guard isatty(STDIN_FILENO) == 0 else {
      throw .failed(
        verb: "read", path: name,
        reason: "it is a terminal; give a file, or the output of a program")
    }
    let folder = getenv("TMPDIR").map { String(cString: $0) } ?? ""
    let goal = "\(folder.isEmpty ? "/tmp" : folder)/backprop-input"
    guard let file = TemporaryFile(for: goal, permissions: 0o600) else {
      throw .last("spool standard input into", Folder.split(goal).folder)
    }
    file.remove()
    let buffer = UnsafeMutableRawPointer.allocate(byteCount: 1 << 18, alignment: 64)
    defer { buffer.deallocate() }
    while true {
      let count = read(STDIN_FILENO, buffer, 1 << 18)
      if count < 0, errno == EINTR { continue }
      guard count >= 0 else {
        let error = FileError.last("read", name)
        close(file.descriptor)
        throw error
      }
      if count == 0 { break }
      var done = 0
      while done < count {
        let written = write(file.descriptor, buffer + done, count - done)
        if written < 0, errno == EINTR { continue }
        guard written > 0 else {
          let error = FileError.last("spool standard input into", Folder.split(goal).folder)
          close(file.descriptor)
          throw error
        }
        done += written
      }
    }
    kept.withLock { $0 = file.descriptor }
  }

  /// The file that keeps what came; nil if nobody has asked for it.
  static var descriptor: Int32? { kept.withLock { $0 } }
}
