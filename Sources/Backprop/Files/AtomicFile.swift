import Synchronization

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// A file that appears under its name when it is complete, and never before.
///
/// It is written beside its goal under a temporary name, synchronised and renamed. If anything
/// fails, or `commit` is never called, the temporary file is removed and the goal is as it was; what
/// a writer of the same goal left that was killed is removed too. Several writers of one goal do not
/// meet: the last one to commit is the one whose file stays.
///
/// A goal that is a symbolic link stays one, and what it leads to is written, also where nothing is
/// there yet. One that is no regular file (a pipe, /dev/stdout) is written to directly.
package final class AtomicFile {
  package let path: String
  private let goal: String
  private let descriptor: Int32
  /// Nil where there is none, or no longer.
  private var temporary: TemporaryFile?

  /// Opens the temporary file beside `path`.
  ///
  /// - Throws: `FileError` if the folder is missing or not to be written to, if the path leads to a
  ///   folder, or nowhere because its links go round in a circle.
  package init(_ path: String) throws(FileError) {
    self.path = path
    let destination = try Destination(path)
    goal = destination.path
    if let status = destination.status, status.st_mode & S_IFMT != S_IFREG {
      descriptor = open(path, O_WRONLY | O_CLOEXEC)
      guard descriptor >= 0 else { throw .last("write", path) }
      return
    }
    guard let temporary = TemporaryFile(for: goal) else { throw .last("write", path) }
    self.temporary = temporary
    descriptor = temporary.descriptor
    if let status = destination.status { fchmod(descriptor, status.st_mode & 0o777) }
  }

  /// Whether the goal is a terminal, which obeys what is written to it.
  package var isTerminal: Bool { isatty(descriptor) == 1 }

  /// Appends bytes.
  package func write(_ bytes: [UInt8]) throws(FileError) {
    try bytes.withUnsafeBufferPointer { (buffer) throws(FileError) in
      try write(UnsafeRawBufferPointer(buffer))
    }
  }

  private func write(_ buffer: UnsafeRawBufferPointer) throws(FileError) {
    var done = 0
    while done < buffer.count {
      let rest = UnsafeRawBufferPointer(rebasing: buffer[done...])
      #if canImport(Glibc)
        let count = Glibc.write(descriptor, rest.baseAddress, rest.count)
      #elseif canImport(Musl)
        let count = Musl.write(descriptor, rest.baseAddress, rest.count)
      #else
        let count = Darwin.write(descriptor, rest.baseAddress, rest.count)
      #endif
      if count < 0 {
        if errno == EINTR { continue }
        throw .last("write", path)
      }
      done += count
    }
  }

  /// Makes the file visible under its name, complete and on disk.
  package func commit() throws(FileError) {
    guard let temporary else { return }
    guard fsync(descriptor) == 0 else { throw .last("write", path) }
    guard rename(temporary.path, goal) == 0 else { throw .last("write", path) }
    temporary.forget()
    self.temporary = nil
    // The name itself is on disk only when its folder is.
    let folder = open(Folder.split(goal).folder, O_RDONLY | O_CLOEXEC)
    if folder >= 0 {
      fsync(folder)
      close(folder)
    }
  }

  deinit {
    temporary?.remove()
    close(descriptor)
  }
}

/// The name of the temporary file that was begun last, as a C string that is never freed; 0 for none.
private let lastTemporary = Atomic<UInt>(0)

/// A new file for reading and writing under a name that is nobody else's, beside the file that it
/// will become: `.NAME.0123456789abcdef.tmp`.
///
/// It is locked for as long as it is open. The system takes the lock from a writer that is killed, so
/// the next writer of the same goal can tell what was left behind from what is still being written.
package struct TemporaryFile {
  let path: String
  let descriptor: Int32
  private let name: UInt

  private static let ending = ".tmp"
  private static let digits = 16
  private static let longestName = 200

  /// Makes the file, and removes those that killed writers of the same goal left.
  ///
  /// - Parameters:
  ///   - goal: The file that it will become.
  ///   - permissions: What others may do with it, of which the process's mask is taken.
  /// - Returns: Nil if it cannot be made; `errno` says why.
  init?(for goal: String, permissions: mode_t = 0o666) {
    var (folder, name) = Folder.split(goal)
    // A name may have 255 bytes; the goal's own may be as long.
    while name.utf8.count > Self.longestName { name.unicodeScalars.removeLast() }
    let start = "\(folder)/.\(name)."
    Self.removeAbandoned(start)
    while true {
      let number = String(UInt64.random(in: 0 ... .max), radix: 16)
      let zeros = String(repeating: "0", count: Self.digits - number.count)
      self.init(opening: start + zeros + number + Self.ending, permissions)
      guard descriptor >= 0 else {
        forget()
        return nil
      }
      while flock(descriptor, LOCK_EX) != 0, errno == EINTR {}
      // Before it was locked another writer may have taken it for one that was left behind.
      if Folder.exists(path) { return }
      close(descriptor)
    }
  }

  private init(opening path: String, _ permissions: mode_t) {
    self.path = path
    name = UInt(bitPattern: strdup(path))
    // Before it is there: a signal may come at any time.
    lastTemporary.store(name, ordering: .releasing)
    descriptor = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, permissions)
  }

  /// Removes the name; who has the file open keeps it.
  func remove() {
    unlink(path)
    forget()
  }

  /// To be called when nothing has the name any longer.
  func forget() {
    _ = lastTemporary.compareExchange(expected: name, desired: 0, ordering: .acquiringAndReleasing)
  }

  /// Removes the temporary file that is being written, for the handler of a signal that ends the
  /// program: by what POSIX allows there, an atomic and `unlink`. A handler may call it once it has
  /// been called elsewhere.
  package static func removeLast() {
    let address = lastTemporary.load(ordering: .acquiring)
    if let name = UnsafePointer<CChar>(bitPattern: address) { unlink(name) }
  }

  private static func removeAbandoned(_ start: String) {
    let (folder, beginning) = Folder.split(start)
    for name in Folder.names(in: folder) {
      guard name.hasPrefix(beginning), name.hasSuffix(ending) else { continue }
      let middle = name.dropFirst(beginning.count).dropLast(ending.count)
      guard middle.count == digits, middle.allSatisfy(\.isHexDigit) else { continue }
      let path = "\(folder)/\(name)"
      // Some file systems lock only what can be written; some files can only be read.
      let descriptor = [O_RDWR, O_RDONLY].lazy
        .map { open(path, $0 | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC) }.first { $0 >= 0 }
      guard let descriptor else { continue }
      if flock(descriptor, LOCK_EX | LOCK_NB) == 0 { unlink(path) }
      close(descriptor)
    }
  }
}
