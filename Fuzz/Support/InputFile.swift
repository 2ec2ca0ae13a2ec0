import Foundation

/// A file that is written anew for each input. It stands in memory where the system allows that.
public enum InputFile {
  private static let path: String = {
    let memory = "/dev/shm"
    let folder =
      FileManager.default.fileExists(atPath: memory)
      ? memory : FileManager.default.temporaryDirectory.path
    return "\(folder)/backprop-fuzz-\(ProcessInfo.processInfo.processIdentifier)"
  }()

  /// Writes the file and returns its path.
  public static func write(_ bytes: [UInt8]) -> String {
    let descriptor = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0o600)
    guard descriptor >= 0, Foundation.write(descriptor, bytes, bytes.count) == bytes.count else {
      preconditionFailure("cannot write \(path)")
    }
    close(descriptor)
    return path
  }

  public static func remove() { unlink(path) }
}
