import CZlib
import Foundation
import Testing

/// What memory cannot hold is an error of one line, however it was packed, and whatever limits it.
@Suite("Memory")
struct MemoryCommandTests {
  private let runner: CommandRunner

  init() throws { runner = try CommandRunner() }

  /// Runs a command that may take `megabytes` of address space beside what it takes without any data.
  private func run(_ arguments: String, megabytes: Int) throws -> (exitCode: Int32, errors: String)
  {
    let command = CommandRunner.executable.path
    let status = try runner.shell(
      "ulimit -v \((try baseMegabytes() + megabytes) * 1024) && exec '\(command)' \(arguments) > out 2> err"
    )
    return (status, String(decoding: try runner.read("err"), as: UTF8.self))
  }

  /// The least address space in which the command can say which version it is.
  private func baseMegabytes() throws -> Int {
    let command = CommandRunner.executable.path
    for megabytes in stride(from: 50, to: 2000, by: 50)
    where try runner.shell(
      "ulimit -v \(megabytes * 1024) && exec '\(command)' --version > /dev/null 2>&1") == 0
    {
      return megabytes
    }
    throw POSIXError(.ENOMEM)
  }

  private func expectFailure(
    _ arguments: String, megabytes: Int, containing parts: String..., exitCode: Int32 = 1
  ) throws {
    let before = try runner.files.filter { $0 != "out" && $0 != "err" }
    let result = try run(arguments, megabytes: megabytes)
    #expect(result.exitCode == exitCode, "\(result.errors)")
    #expect(result.errors.hasPrefix("error: "), "\(result.errors)")
    #expect(result.errors.split(separator: "\n").count == 1, "\(result.errors)")
    for part in parts { #expect(result.errors.contains(part), "\(part) in \(result.errors)") }
    #expect(try runner.files.filter { $0 != "out" && $0 != "err" } == before)
  }

  /// gzip, or raw deflate, of so many zeros behind some bytes.
  private func deflated(_ head: [UInt8], zeros: Int, window: Int32) -> [UInt8] {
    var stream = z_stream()
    deflateInit2_(
      &stream, 9, Z_DEFLATED, window, 8, Z_DEFAULT_STRATEGY, ZLIB_VERSION,
      Int32(MemoryLayout<z_stream>.size))
    defer { deflateEnd(&stream) }
    var result: [UInt8] = []
    var target = [UInt8](repeating: 0, count: 1 << 20)
    func add(_ bytes: [UInt8], _ flush: Int32) {
      var bytes = bytes
      bytes.withUnsafeMutableBufferPointer { source in
        stream.next_in = source.baseAddress
        stream.avail_in = UInt32(source.count)
        repeat {
          target.withUnsafeMutableBufferPointer {
            stream.next_out = $0.baseAddress
            stream.avail_out = UInt32($0.count)
            deflate(&stream, flush)
          }
          result += target[..<(target.count - Int(stream.avail_out))]
        } while stream.avail_out == 0
      }
    }
    add(head, Z_NO_FLUSH)
    let block = [UInt8](repeating: 0, count: 1 << 20)
    for start in stride(from: 0, to: zeros, by: block.count) {
      add(Array(block[..<min(block.count, zeros - start)]), Z_NO_FLUSH)
    }
    add([], Z_FINISH)
    return result
  }

  private func bigEndian(_ value: Int) -> [UInt8] {
    [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: value >> $0) }
  }

  @Test("Images that are a few hundred kilobytes in gzip and more than memory outside of it")
  func images() throws {
    let (count, size) = (400_000, 784)
    try runner.write(
      "train-images-idx3-ubyte.gz",
      deflated(
        [0, 0, 8, 3] + bigEndian(count) + bigEndian(28) + bigEndian(28), zeros: count * size,
        window: 31))
    try runner.write(
      "train-labels-idx1-ubyte.gz",
      deflated([0, 0, 8, 1] + bigEndian(count), zeros: count, window: 31))
    try expectFailure(
      "train .", megabytes: 200, containing: "train-images-idx3-ubyte.gz",
      "314 MB of memory are needed")
  }

  @Test("Layers that memory cannot hold are refused before anything is allocated")
  func layers() throws {
    try runner.writeClassification()
    try expectFailure(
      "train classes.csv --target label --hidden 8000,8000 --quiet", megabytes: 300,
      containing: "8000", "memory are needed", "smaller layers", exitCode: 2)
    try expectFailure(
      "create --sizes 9000,9000,1 --activation tanh,identity --loss squared-error -o m.safetensors",
      megabytes: 300, containing: "9000", "memory are needed", exitCode: 2)
  }

  @Test("Whatever the limit is, a run ends well or with one line")
  func anyLimit() throws {
    try runner.writeClassification(rows: 3000)
    for megabytes in stride(from: 0, through: 100, by: 4) {
      let result = try run(
        "train classes.csv --target label --hidden 600,600 --epochs 1 --batch-size 3000 --quiet --threads 2",
        megabytes: megabytes)
      if result.exitCode == 0 { continue }
      #expect([1, 2].contains(result.exitCode), "\(megabytes): \(result)")
      #expect(result.errors.split(separator: "\n").count == 1, "\(megabytes): \(result.errors)")
      #expect(result.errors.hasPrefix("error: "), "\(megabytes): \(result.errors)")
    }
  }
}
