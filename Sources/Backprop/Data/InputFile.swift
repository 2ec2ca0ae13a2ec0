#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// A regular file, open for reading.
struct InputFile: ~Copyable {
  /// What identifies the contents of a file as long as nobody writes to it.
  struct Identity: Equatable, Sendable {
    var size: Int
    var seconds: Int
    var nanoseconds: Int
  }

  let path: String
  let identity: Identity
  private let descriptor: Int32

  /// - Throws: `DataError` if it is missing, a folder, not a regular file, or may not be read.
  init(path: String) throws(DataError) {
    self.path = path
    // Without O_NONBLOCK, opening a pipe would wait for its writer instead of being refused below.
    let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
    guard descriptor >= 0 else { throw Self.systemError(errno, path) }
    var status = stat()
    guard fstat(descriptor, &status) == 0 else {
      let code = errno
      close(descriptor)
      throw Self.systemError(code, path)
    }
    guard status.st_mode & S_IFMT == S_IFREG else {
      close(descriptor)
      if status.st_mode & S_IFMT == S_IFDIR {
        throw DataError(file: path, "is a folder, not a file")
      }
      throw DataError(
        file: path, "is not a regular file",
        remedy: "data is read several times, so save it to a file first")
    }
    #if canImport(Darwin)
      let modified = status.st_mtimespec
    #else
      let modified = status.st_mtim
    #endif
    identity = Identity(
      size: Int(status.st_size), seconds: Int(modified.tv_sec), nanoseconds: Int(modified.tv_nsec))
    self.descriptor = descriptor
  }

  deinit { close(descriptor) }

  /// Whether there is a folder at a path.
  static func isFolder(_ path: String) -> Bool {
    var status = stat()
    return stat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFDIR
  }

  /// Whether there is something at a path.
  static func exists(_ path: String) -> Bool { access(path, F_OK) == 0 }

  /// Fills the front of `target` with what comes next; returns how many bytes, 0 only at the end.
  func read(into target: UnsafeMutableBufferPointer<UInt8>) throws(DataError) -> Int {
    while true {
      #if canImport(Glibc)
        let count = Glibc.read(descriptor, target.baseAddress, target.count)
      #elseif canImport(Musl)
        let count = Musl.read(descriptor, target.baseAddress, target.count)
      #else
        let count = Darwin.read(descriptor, target.baseAddress, target.count)
      #endif
      if count >= 0 { return count }
      if errno != EINTR { throw Self.systemError(errno, path) }
    }
  }

  /// The bytes at a position, fewer at the end of the file.
  func bytes(at offset: Int, count: Int) throws(DataError) -> [UInt8] {
    let count = max(0, min(count, identity.size - offset))
    var result = [UInt8](repeating: 0, count: count)
    var done = 0
    while done < count {
      let read = result.withUnsafeMutableBytes {
        pread(descriptor, $0.baseAddress.map { $0 + done }, count - done, off_t(offset + done))
      }
      if read < 0, errno == EINTR { continue }
      if read < 0 { throw Self.systemError(errno, path) }
      if read == 0 { break }
      done += read
    }
    result.removeLast(count - done)
    return result
  }

  private static func systemError(_ code: Int32, _ path: String) -> DataError {
    switch code {
    case ENOENT: DataError(file: path, "no such file", remedy: "check the path")
    case EACCES: DataError(file: path, "may not be read", remedy: "check its permissions")
    default: DataError(file: path, "cannot be read: \(String(cString: strerror(code)))")
    }
  }
}
