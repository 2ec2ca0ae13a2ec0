#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

// Files by the system's own calls, in one place: reads at a position, and what names lead to.

/// Why a file could not be read or written.
public enum FileError: UserError, Equatable {
  /// There is no such file, or it is a link that leads nowhere.
  case missing(path: String)
  /// A folder where a file is wanted.
  case isFolder(path: String)
  /// A pipe, a device: what can only be read once, from front to back.
  case notRegular(path: String)
  /// The system's own words stand in `reason`.
  case failed(verb: String, path: String, reason: String)
  /// The file was cut while it was read; `expected` and `found` are bytes from its start.
  case endedEarly(path: String, expected: Int, found: Int)

  public var message: String {
    switch self {
    case .missing(let path):
      if let target = Folder.link(at: path) {
        "\(path) is a link to \(target), which is not there"
      } else {
        "no such file: \(path)"
          + (Folder.nearMatch(to: path).map { "; did you mean \($0)?" } ?? "")
      }
    case .isFolder(let path): "\(path) is a folder, not a file"
    case .notRegular(let path):
      "\(path) is not a regular file; it is read more than once, so save it to a file first"
    case .failed(let verb, let path, let reason): "cannot \(verb) \(path): \(reason)"
    case .endedEarly(let path, let expected, let found):
      "\(path) ends after \(found) bytes of \(expected): it was cut while it was read"
    }
  }

  /// The error of the last system call.
  package static func last(_ verb: String, _ path: String) -> FileError {
    let code = errno
    if code == ENOENT, verb == "read" {
      return .missing(path: path)
    }
    return .failed(verb: verb, path: path, reason: String(cString: strerror(code)))
  }
}

/// Opens a regular file for reading. The caller closes the descriptor.
///
/// - Throws: `FileError` if it is missing, a folder, a pipe or a device, or may not be read.
func openRegularFile(_ path: String) throws(FileError) -> (descriptor: Int32, status: stat) {
  // Without O_NONBLOCK, opening a pipe would wait for its writer instead of being refused below.
  let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
  guard descriptor >= 0 else { throw .last("read", path) }
  var status = stat()
  let failure: FileError
  if fstat(descriptor, &status) != 0 {
    failure = .last("read", path)
  } else {
    switch status.st_mode & S_IFMT {
    case S_IFREG: return (descriptor, status)
    case S_IFDIR: failure = .isFolder(path: path)
    default: failure = .notRegular(path: path)
    }
  }
  close(descriptor)
  throw failure
}

/// A file that is open for reading at any position.
final class OpenFile: Sendable {
  let path: String
  /// Bytes when it was opened.
  let size: Int
  private let descriptor: Int32

  init(_ path: String) throws(FileError) {
    let (descriptor, status) = try openRegularFile(path)
    self.path = path
    self.descriptor = descriptor
    size = Int(status.st_size)
  }

  deinit { close(descriptor) }

  /// Fills a buffer with the bytes from `offset` on.
  func read(into buffer: UnsafeMutableRawBufferPointer, at offset: Int) throws(FileError) {
    var done = 0
    while done < buffer.count {
      let rest = UnsafeMutableRawBufferPointer(rebasing: buffer[done...])
      let count = pread(descriptor, rest.baseAddress, rest.count, off_t(offset + done))
      if count < 0 {
        if errno == EINTR { continue }
        throw .last("read", path)
      }
      guard count > 0 else {
        throw .endedEarly(path: path, expected: size, found: offset + done)
      }
      done += count
    }
  }

  /// The bytes of a range that lies within the file.
  func bytes(at offset: Int, count: Int) throws(FileError) -> [UInt8] {
    var bytes = [UInt8](repeating: 0, count: count)
    try bytes.withUnsafeMutableBufferPointer { (buffer) throws(FileError) in
      try read(into: UnsafeMutableRawBufferPointer(buffer), at: offset)
    }
    return bytes
  }
}

/// What a path leads to through symbolic links: where something is, or will be when it is written.
struct Destination {
  let path: String
  /// Nil if nothing is there yet.
  let status: stat?

  init(_ path: String) throws(FileError) {
    var status = stat()
    guard stat(path, &status) != 0 else {
      if status.st_mode & S_IFMT == S_IFDIR { throw .isFolder(path: path) }
      self.path = Folder.resolved(path)
      self.status = status
      return
    }
    guard errno == ENOENT else { throw .last("write", path) }
    self.path = Folder.end(of: path)
    self.status = nil
  }
}

/// Questions about names in folders.
package enum Folder {
  /// The folder of a path ("." if none is named) and the name within it.
  package static func split(_ path: String) -> (folder: String, name: String) {
    guard let slash = path.utf8.lastIndex(of: UInt8(ascii: "/")) else { return (".", path) }
    let name = String(path[path.utf8.index(after: slash)...])
    return (slash == path.startIndex ? "/" : String(path[..<slash]), name)
  }

  /// Whether a file can be written under a path, in the folder that its links lead to: an error says
  /// why not.
  package static func checkWritable(for path: String) throws(FileError) {
    guard !split(path).name.isEmpty else { throw .isFolder(path: path) }
    let destination = try Destination(path)
    if let status = destination.status, status.st_mode & S_IFMT != S_IFREG { return }
    let folder = split(destination.path).folder
    guard access(folder, F_OK) == 0 else {
      throw .failed(verb: "write", path: path, reason: "there is no folder \(folder)")
    }
    guard access(folder, W_OK) == 0 else { throw .last("write", path) }
  }

  package static func exists(_ path: String) -> Bool { access(path, F_OK) == 0 }

  /// Whether anything is under a path: an error says why nothing can be found there.
  package static func checkExists(_ path: String) throws(FileError) {
    guard access(path, F_OK) == 0 else { throw .last("read", path) }
  }

  /// What a symbolic link says that it leads to; nil if a path is no link.
  package static func link(at path: String) -> String? {
    var target = [CChar](repeating: 0, count: Int(PATH_MAX))
    let count = readlink(path, &target, target.count)
    guard count > 0 else { return nil }
    return String(decoding: target[..<count].map(UInt8.init(bitPattern:)), as: UTF8.self)
  }

  /// The path that symbolic links lead to, where nothing need be.
  package static func end(of path: String) -> String {
    var end = path
    // No system follows more of them.
    for _ in 0..<40 {
      guard let target = link(at: end) else { break }
      end = target.hasPrefix("/") ? target : "\(split(end).folder)/\(target)"
    }
    return end
  }

  /// A file of a similar name in the same folder.
  static func nearMatch(to path: String) -> String? {
    let (folder, name) = split(path)
    let names = names(in: folder, limit: 10_000).filter { !$0.hasPrefix(".") && $0 != name }
    guard let near = Backprop.nearMatch(name, in: names.sorted()) else { return nil }
    return folder == "." && !path.hasPrefix("./") ? near : "\(folder == "/" ? "" : folder)/\(near)"
  }

  /// The names in a folder, hidden ones too, in no order; none if it cannot be read.
  static func names(in folder: String, limit: Int = .max) -> [String] {
    guard let stream = opendir(folder) else { return [] }
    defer { closedir(stream) }
    var names: [String] = []
    while let entry = readdir(stream), names.count < limit {
      names.append(
        withUnsafePointer(to: &entry.pointee.d_name) {
          $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
        })
    }
    return names
  }

  static func resolved(_ path: String) -> String {
    guard let real = realpath(path, nil) else { return path }
    defer { free(real) }
    return String(cString: real)
  }
}
