import CZlib

/// The members of a zip archive, stored or deflated, with the 64-bit extensions.
///
/// PKWARE's APPNOTE 6.3, sections 4.3 and 4.5.3. Sizes come from the central directory; all of them
/// are checked against the file before they are used. Encrypted and split archives are refused.
final class ZipArchive {
  struct Member {
    var name: String
    var isDeflated: Bool
    var checksum: UInt32
    var storedSize: Int
    var size: Int
    fileprivate var headerOffset: Int
  }

  let path: String
  let members: [Member]
  private let file: InputFile

  private static let memberLimit = 10_000
  private static let directoryLimit = 16 << 20

  /// Whether a file that begins with these bytes is a zip archive (perhaps an empty one).
  static func isZip(_ head: [UInt8]) -> Bool {
    head.starts(with: [0x50, 0x4B, 3, 4]) || head.starts(with: [0x50, 0x4B, 5, 6])
  }

  /// Reads the central directory.
  init(path: String) throws(DataError) {
    self.path = path
    file = try InputFile(path: path)
    members = try Self.directory(of: file)
  }

  private static func damaged(_ path: String, _ problem: String) -> DataError {
    DataError(file: path, "is a damaged zip archive: \(problem)", remedy: "fetch or write it again")
  }

  private static func directory(of file: borrowing InputFile) throws(DataError) -> [Member] {
    let path = file.path
    let size = file.identity.size
    // The end record has 22 bytes and a comment of up to 65,535, behind which nothing follows.
    let tailStart = max(0, size - 22 - 65_535)
    let tail = Fields(try file.bytes(at: tailStart, count: size - tailStart))
    var end = tail.bytes.count - 22
    while end >= 0 {
      if tail.number(end, 4) == 0x0605_4B50, tail.number(end + 20, 2) == tail.bytes.count - end - 22
      {
        break
      }
      end -= 1
    }
    guard end >= 0 else { throw damaged(path, "it has no directory, perhaps it is cut off") }
    guard tail.number(end + 4, 2) == 0, tail.number(end + 6, 2) == 0 else {
      throw DataError(file: path, "is one part of a split zip archive", remedy: "join its parts")
    }
    var count = tail.number(end + 10, 2)
    var length = tail.number(end + 12, 4)
    var start = tail.number(end + 16, 4)
    let locator = end - 20
    if locator >= 0, tail.number(locator, 4) == 0x0706_4B50 {
      let record = Fields(try file.bytes(at: try offset(tail, locator + 8, path), count: 56))
      guard record.bytes.count == 56, record.number(0, 4) == 0x0606_4B50 else {
        throw damaged(path, "its 64-bit end record is not where it should be")
      }
      count = try offset(record, 32, path)
      length = try offset(record, 40, path)
      start = try offset(record, 48, path)
    }
    guard count <= memberLimit, length <= directoryLimit else {
      throw DataError(file: path, "a zip archive of \(count) members is more than is read")
    }
    guard start <= size, length <= size - start else {
      throw damaged(path, "its directory lies outside of the file")
    }
    let directory = Fields(try file.bytes(at: start, count: length))
    var members: [Member] = []
    var at = 0
    for _ in 0..<count {
      members.append(try member(directory, &at, limit: start, path))
    }
    guard Set(members.map(\.name)).count == count else {
      throw damaged(path, "two members have the same name")
    }
    return members
  }

  private static func member(
    _ directory: Fields, _ at: inout Int, limit: Int, _ path: String
  ) throws(DataError) -> Member {
    let end = directory.bytes.count
    guard at + 46 <= end, directory.number(at, 4) == 0x0201_4B50 else {
      throw damaged(path, "its directory ends early")
    }
    let nameEnd = at + 46 + directory.number(at + 28, 2)
    let extraEnd = nameEnd + directory.number(at + 30, 2)
    let next = extraEnd + directory.number(at + 32, 2)
    guard next <= end else { throw damaged(path, "its directory ends early") }
    let name = String(decoding: directory.bytes[(at + 46)..<nameEnd], as: UTF8.self)
    guard directory.number(at + 8, 2) & 1 == 0 else {
      throw DataError(file: path, "the member \(name.quoted) is encrypted")
    }
    let method = directory.number(at + 10, 2)
    guard method == 0 || method == 8 else {
      throw DataError(
        file: path, "the member \(name.quoted) is compressed by method \(method)",
        remedy: "only stored and deflated members are read")
    }
    var sizes = [24, 20, 42].map { directory.number(at + $0, 4) }
    var extra = nameEnd
    while extra + 4 <= extraEnd {
      let fieldEnd = extra + 4 + directory.number(extra + 2, 2)
      guard fieldEnd <= extraEnd else { break }
      if directory.number(extra, 2) == 1 {
        // The 64-bit field holds, in this order, those sizes that the record itself cannot.
        var field = extra + 4
        for index in sizes.indices where sizes[index] == 0xFFFF_FFFF {
          guard field + 8 <= fieldEnd else { throw damaged(path, "a 64-bit size is missing") }
          sizes[index] = try offset(directory, field, path)
          field += 8
        }
        break
      }
      extra = fieldEnd
    }
    let (size, storedSize, headerOffset) = (sizes[0], sizes[1], sizes[2])
    guard headerOffset <= limit, storedSize <= limit - headerOffset else {
      throw damaged(path, "the member \(name.quoted) lies outside of the file")
    }
    guard method == 8 ? size / 1032 <= storedSize : size == storedSize else {
      throw damaged(path, "the size of the member \(name.quoted) cannot be true")
    }
    let checksum = UInt32(directory.number(at + 16, 4))
    at = next
    return Member(
      name: name, isDeflated: method == 8, checksum: checksum,
      storedSize: storedSize, size: size, headerOffset: headerOffset)
  }

  /// A 64-bit number that must be a position or size in a file.
  private static func offset(
    _ fields: Fields, _ at: Int, _ path: String
  ) throws(DataError) -> Int {
    let (low, high) = (fields.number(at, 4), fields.number(at + 4, 4))
    guard high < 1 << 31 else { throw damaged(path, "a size of more than 2⁶³") }
    return high << 32 | low
  }

  /// Opens a member for reading from first to last.
  func stream(of member: Member) throws(DataError) -> MemberStream {
    let header = Fields(try file.bytes(at: member.headerOffset, count: 30))
    guard header.bytes.count == 30, header.number(0, 4) == 0x0403_4B50 else {
      throw Self.damaged(
        path, "the member \(member.name.quoted) is not where it should be")
    }
    let start = member.headerOffset + 30 + header.number(26, 2) + header.number(28, 2)
    guard start <= file.identity.size, member.storedSize <= file.identity.size - start else {
      throw Self.damaged(path, "the member \(member.name.quoted) is cut off")
    }
    return MemberStream(archive: self, member: member, start: start)
  }

  /// Little-endian numbers in a record.
  fileprivate struct Fields {
    let bytes: [UInt8]

    init(_ bytes: [UInt8]) { self.bytes = bytes }

    func number(_ at: Int, _ count: Int) -> Int {
      bytes[at..<at + count].reversed().reduce(0) { $0 << 8 | Int($1) }
    }
  }

  /// The contents of a member; their checksum is verified when the last byte is read.
  struct MemberStream: ByteSource {
    let path: String
    let isCompressed: Bool
    let sizeLimit: Int
    private let archive: ZipArchive
    private let member: Member
    private let inflater: Inflater?
    private var stored: Range<Int>
    private var piece: ArraySlice<UInt8> = []
    private var remaining: Int
    private var checksum: UInt

    fileprivate init(archive: ZipArchive, member: Member, start: Int) {
      path = "\(archive.path) (\(member.name))"
      isCompressed = member.isDeflated
      sizeLimit = member.size
      self.archive = archive
      self.member = member
      inflater = member.isDeflated ? Inflater(format: .raw) : nil
      stored = start..<start + member.storedSize
      remaining = member.size
      checksum = crc32(0, nil, 0)
    }

    mutating func read(into target: UnsafeMutableBufferPointer<UInt8>) throws(DataError) -> Int {
      let wanted = UnsafeMutableBufferPointer(
        rebasing: target[..<min(target.count, remaining, 1 << 20)])
      if wanted.isEmpty { return 0 }
      let count = try next(into: wanted)
      guard count > 0 else {
        throw ZipArchive.damaged(archive.path, "\(member.name.quoted) ends early")
      }
      checksum = crc32(checksum, wanted.baseAddress, UInt32(count))
      remaining -= count
      if remaining == 0, checksum != UInt(member.checksum) {
        throw ZipArchive.damaged(
          archive.path, "the checksum of \(member.name.quoted) is wrong")
      }
      return count
    }

    private mutating func next(
      into target: UnsafeMutableBufferPointer<UInt8>
    ) throws(DataError) -> Int {
      guard let inflater else {
        let count = try archive.file.read(into: target, at: stored.lowerBound)
        stored = (stored.lowerBound + count)..<stored.upperBound
        return count
      }
      while true {
        if piece.isEmpty {
          let count = min(stored.count, 1 << 18)
          piece = try archive.file.bytes(at: stored.lowerBound, count: count)[...]
          guard !piece.isEmpty else { return 0 }
          stored = (stored.lowerBound + piece.count)..<stored.upperBound
        }
        let step = piece.withUnsafeBufferPointer { inflater.step($0, into: target) }
        piece = piece.dropFirst(step.consumed)
        if case .damaged(let reason) = step.state {
          throw ZipArchive.damaged(archive.path, "\(member.name.quoted): \(reason)")
        }
        if step.produced > 0 { return step.produced }
        if case .ended = step.state { return 0 }
      }
    }
  }
}
