import Foundation

/// The targets by name, as `Fuzz/run` calls them. To add one: write a function, name it here, put two
/// or three small inputs into `Corpus/<name>`.
private let targets: [String: @Sendable ([UInt8]) -> Void] = [
  "csv": fuzzTable,
  "idx": fuzzTable,
  "json": fuzzJSON,
  "npy": fuzzTable,
  "npz": fuzzArchive,
  "safetensors": fuzzModel,
]

private let target: @Sendable ([UInt8]) -> Void = {
  let name = ProcessInfo.processInfo.environment["FUZZ_TARGET"] ?? ""
  guard let target = targets[name] else {
    print("FUZZ_TARGET must be one of \(targets.keys.sorted().joined(separator: " "))")
    exit(2)
  }
  return target
}()

@_cdecl("LLVMFuzzerTestOneInput")
public func testOneInput(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
  target(Array(UnsafeBufferPointer(start: start, count: count)))
  return 0
}

/// A file that is written anew for each input. It stands in memory where the system allows that.
enum InputFile {
  static let path: String = {
    let folder =
      FileManager.default.fileExists(atPath: "/dev/shm")
      ? "/dev/shm" : FileManager.default.temporaryDirectory.path
    return "\(folder)/backprop-fuzz-\(ProcessInfo.processInfo.processIdentifier)"
  }()

  static func write(_ bytes: [UInt8]) -> String {
    let descriptor = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0o600)
    guard descriptor >= 0, Foundation.write(descriptor, bytes, bytes.count) == bytes.count else {
      print("cannot write \(path)")
      exit(2)
    }
    close(descriptor)
    return path
  }
}
