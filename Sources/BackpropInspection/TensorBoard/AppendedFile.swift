import Backprop

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// A new file that grows while others read it. What a failed write began is cut off again, so that
/// the file always ends where an append ended.
final class AppendedFile {
  let path: String
  private let descriptor: Int32
  private var size = 0

  /// Makes the file.
  ///
  /// - Returns: Nil if there is one of that name.
  init?(new path: String) throws(FileError) {
    descriptor = open(path, O_WRONLY | O_CREAT | O_EXCL | O_APPEND | O_CLOEXEC, 0o666)
    self.path = path
    guard descriptor >= 0 else {
      if errno == EEXIST { return nil }
      throw .last("write", path)
    }
  }

  deinit { if descriptor >= 0 { close(descriptor) } }

  /// Appends bytes; they are with the system, and in the reach of readers, when this returns.
  func append(_ bytes: [UInt8]) throws(FileError) {
    var done = 0
    while done < bytes.count {
      let count = bytes.withUnsafeBytes { buffer in
        let rest = UnsafeRawBufferPointer(rebasing: buffer[done...])
        return write(descriptor, rest.baseAddress, rest.count)
      }
      if count < 0 {
        if errno == EINTR { continue }
        let failure = FileError.last("write", path)
        ftruncate(descriptor, off_t(size))
        throw failure
      }
      done += count
    }
    size += done
  }

  /// Waits until all is on the disk.
  func synchronize() throws(FileError) {
    guard fsync(descriptor) == 0 else { throw .last("write", path) }
  }
}

extension Folder {
  /// Makes a folder, with those above it that are missing. One that exists is left as it is.
  static func create(_ path: String) throws(FileError) {
    var above = path.hasPrefix("/") ? "/" : ""
    for name in path.split(separator: "/") {
      above += (above.isEmpty || above.hasSuffix("/") ? "" : "/") + name
      guard mkdir(above, 0o777) != 0 else { continue }
      let code = errno
      if isFolder(above) { continue }
      throw .failed(
        verb: "create", path: path,
        reason: code == EEXIST ? "\(above) is a file" : String(cString: strerror(code)))
    }
  }

  /// Whether `create` can make a folder, and a file in it: an error says why not. Nothing is made.
  package static func checkCreatable(_ path: String) throws(FileError) {
    func withoutEndingSlashes(_ path: String) -> String {
      var path = path
      while path.hasSuffix("/"), path != "/" { path.removeLast() }
      return path
    }
    var above = withoutEndingSlashes(path)
    while !exists(above), above != ".", above != "/" {
      if let target = link(at: above) {
        throw .failed(
          verb: "write into", path: path,
          reason: "\(above) is a link to \(target), which leads nowhere")
      }
      above = withoutEndingSlashes(split(above).folder)
    }
    guard isFolder(above) else {
      throw .failed(verb: "write into", path: path, reason: "\(above) is a file, not a folder")
    }
    guard access(above, W_OK | X_OK) == 0 else { throw .last("write into", path) }
  }

  private static func isFolder(_ path: String) -> Bool {
    var status = stat()
    return stat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFDIR
  }
}
