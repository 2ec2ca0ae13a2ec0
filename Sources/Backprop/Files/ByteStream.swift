import CZlib

/// The bytes of a file from first to last, inflated on the way if it is gzip.
///
/// Whether a file is compressed is read from its first two bytes, not from its name. A file may hold
/// several gzip members (`cat a.gz b.gz`).
struct ByteStream: ~Copyable {
  let path: String
  let isCompressed: Bool
  private var file: InputFile
  private let inflater: Inflater?
  private let compressed: UnsafeMutableBufferPointer<UInt8>
  private var compressedRange = 0..<0
  private var memberIsOpen = false
  private var reachedEnd = false

  /// Opens a regular file.
  ///
  /// - Throws: `DataError` if it is missing, a folder, not a regular file, or may not be read.
  init(path: String) throws(DataError) {
    let file = try InputFile(path: path)
    let isCompressed = try file.bytes(at: 0, count: 2) == [0x1F, 0x8B]
    self.path = path
    self.isCompressed = isCompressed
    compressed = .allocate(capacity: isCompressed ? 1 << 18 : 0)
    inflater = isCompressed ? Inflater(format: .gzip) : nil
    self.file = file
  }

  var identity: InputFile.Identity { file.identity }

  /// The most bytes that this stream can have: deflate makes at most 1,032 bytes of one.
  var sizeLimit: Int {
    isCompressed ? min(file.identity.size, .max / 1032) * 1032 : file.identity.size
  }

  deinit {
    compressed.deallocate()
  }

  /// Fills the front of `target`; returns how many bytes came, 0 only at the end of the file.
  mutating func read(into target: UnsafeMutableBufferPointer<UInt8>) throws(DataError) -> Int {
    isCompressed ? try readInflated(into: target) : try file.read(into: target)
  }

  private mutating func readInflated(
    into target: UnsafeMutableBufferPointer<UInt8>
  ) throws(DataError) -> Int {
    guard let inflater, !target.isEmpty else { return 0 }
    while !reachedEnd {
      if compressedRange.isEmpty {
        compressedRange = 0..<(try file.read(into: compressed))
        if compressedRange.isEmpty {
          if memberIsOpen { throw damaged("ends in the middle of its compressed data") }
          reachedEnd = true
          break
        }
      }
      if !memberIsOpen {
        // gzip allows zeros behind the last member (blocks of a tape); anything else must be one more.
        if compressed[compressedRange.lowerBound] == 0 {
          compressedRange = compressedRange.dropFirst()
          continue
        }
        inflater.reset()
        memberIsOpen = true
      }
      let source = UnsafeBufferPointer(rebasing: UnsafeBufferPointer(compressed)[compressedRange])
      let step = inflater.step(source, into: target)
      compressedRange = (compressedRange.lowerBound + step.consumed)..<compressedRange.upperBound
      switch step.state {
      case .running: break
      case .ended: memberIsOpen = false
      case .damaged(let reason): throw damaged("is damaged gzip data (\(reason))")
      }
      if step.produced > 0 { return step.produced }
    }
    return 0
  }

  private func damaged(_ problem: String) -> DataError {
    DataError(file: path, problem, remedy: "fetch or compress it again")
  }
}

/// zlib's inflate, fed piece by piece.
final class Inflater {
  enum Format: Int32 {
    case raw = -15
    case gzip = 31
  }

  enum State: Equatable {
    case running
    case ended
    case damaged(String)
  }

  struct Step {
    var consumed: Int
    var produced: Int
    var state: State
  }

  // zlib keeps a pointer from its state back to this record, so the record must not move.
  private let stream: UnsafeMutablePointer<z_stream>

  init(format: Format) {
    stream = .allocate(capacity: 1)
    stream.initialize(to: z_stream())
    let status = inflateInit2_(
      stream, format.rawValue, ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size))
    precondition(status == Z_OK, "zlib cannot start: \(status)")
  }

  deinit {
    inflateEnd(stream)
    stream.deallocate()
  }

  func reset() { inflateReset(stream) }

  /// Inflates as much of `source` as fits into `target`.
  func step(
    _ source: UnsafeBufferPointer<UInt8>, into target: UnsafeMutableBufferPointer<UInt8>
  ) -> Step {
    let inCount = min(source.count, 1 << 30)
    let outCount = min(target.count, 1 << 30)
    stream.pointee.next_in = UnsafeMutablePointer(mutating: source.baseAddress)
    stream.pointee.avail_in = UInt32(inCount)
    stream.pointee.next_out = target.baseAddress
    stream.pointee.avail_out = UInt32(outCount)
    let status = inflate(stream, Z_NO_FLUSH)
    let state: State
    switch status {
    case Z_OK, Z_BUF_ERROR: state = .running
    case Z_STREAM_END: state = .ended
    default: state = .damaged(stream.pointee.msg.map { String(cString: $0) } ?? "code \(status)")
    }
    return Step(
      consumed: inCount - Int(stream.pointee.avail_in),
      produced: outCount - Int(stream.pointee.avail_out), state: state)
  }
}

/// Where bytes are read from, front to back: a file, or a member of an archive.
protocol ByteSource: ~Copyable {
  var path: String { get }
  var isCompressed: Bool { get }
  /// The most bytes that there can be; exactly so many if not compressed.
  var sizeLimit: Int { get }
  /// Fills the front of `target`; returns how many bytes came, 0 only at the end.
  mutating func read(into target: UnsafeMutableBufferPointer<UInt8>) throws(DataError) -> Int
}

extension ByteSource where Self: ~Copyable {
  /// The next bytes; fewer at the end. Memory costs something only where bytes come to stand in it.
  ///
  /// - Throws: `DataError` if there is not so much memory, before any of it is taken.
  mutating func bytes(upTo count: Int) throws(DataError) -> [UInt8] {
    let most = min(count, sizeLimit)
    if let shortage = Memory.shortage(most) { throw DataError(file: path, shortage) }
    var failure: DataError?
    let result = [UInt8](unsafeUninitializedCapacity: most) { buffer, filled in
      buffer.preferHugePages()
      do throws(DataError) {
        while filled < most {
          let got = try read(into: UnsafeMutableBufferPointer(rebasing: buffer[filled..<most]))
          if got == 0 { break }
          filled += got
        }
      } catch {
        failure = error
      }
    }
    if let failure { throw failure }
    return result
  }
}

extension ByteStream: ByteSource {}
