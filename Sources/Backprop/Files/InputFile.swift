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
  private var position = 0

  /// - Throws: `DataError` if it is missing, a folder, not a regular file, or may not be read.
  init(path: String) throws(DataError) {
    self.path = path
    let descriptor: Int32
    let status: stat
    do throws(FileError) {
      if path == StandardInput.path, let kept = StandardInput.descriptor {
        var keptStatus = stat()
        descriptor = fcntl(kept, F_DUPFD_CLOEXEC, 0)
        guard descriptor >= 0, fstat(descriptor, &keptStatus) == 0 else {
          throw .last("read", StandardInput.name)
        }
        status = keptStatus
      } else {
        (descriptor, status) = try openRegularFile(path)
      }
    } catch {
      throw DataError(error.description)
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
    if path == StandardInput.path, StandardInput.descriptor != nil { return false }
    var status = stat()
    return stat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFDIR
  }

  /// Fills the front of `target` with what comes next; returns how many bytes, 0 only at the end.
  mutating func read(into target: UnsafeMutableBufferPointer<UInt8>) throws(DataError) -> Int {
    // At a position, for several may read what standard input brought.
    while true {
      let count = pread(descriptor, target.baseAddress, target.count, off_t(position))
      if count >= 0 {
        position += count
        return count
      }
      if errno != EINTR { throw DataError(FileError.last("read", path).description) }
    }
  }

  /// Fills the front of `target` with what stands at a position; returns how many bytes, fewer only at
  /// the end of the file.
  func read(
    into target: UnsafeMutableBufferPointer<UInt8>, at offset: Int
  ) throws(DataError) -> Int {
    var done = 0
    while done < target.count {
      let read = pread(
        descriptor, target.baseAddress.map { $0 + done }, target.count - done,
        off_t(offset + done))
      if read < 0, errno == EINTR { continue }
      if read < 0 { throw DataError(FileError.last("read", path).description) }
      if read == 0 { break }
      done += read
    }
    return done
  }

  /// The bytes at a position, fewer at the end of the file.
  func bytes(at offset: Int, count: Int) throws(DataError) -> [UInt8] {
    var result = [UInt8](repeating: 0, count: max(0, min(count, identity.size - offset)))
    let done = try result.withUnsafeMutableBufferPointer { (buffer) throws(DataError) in
      try read(into: buffer, at: offset)
    }
    result.removeLast(result.count - done)
    return result
  }
}
