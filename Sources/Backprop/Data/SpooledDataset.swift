#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// Encoded examples in a temporary file, for data that is larger than memory.
///
/// The numbers are those of a `Dataset`, bit for bit: all inputs row by row, then all targets (of classes
/// their codes), then the weights, without padding. The file has no name from the moment it is open, so nothing is left of it
/// however the process ends.
public final class SpooledDataset<T: Scalar>: Sendable {
  /// Number of examples.
  package let count: Int
  /// Numbers of an example.
  package let inputCount: Int
  package let targetCount: Int
  package let hasWeights: Bool
  /// Number of classes, if the targets are their codes.
  let classCount: Int?
  /// Which inputs say of what category an example is; empty where that is not known.
  let categories: [CategoryInputs]
  private let folder: String
  private let descriptor: Int32

  /// Makes room for so many examples.
  ///
  /// - Parameters:
  ///   - count: Number of examples, at least 0.
  ///   - inputs: Numbers of an input.
  ///   - targets: Numbers of a target, 1 for classes.
  ///   - classes: Number of classes; nil for numbers.
  ///   - hasWeights: Whether each has a weight.
  ///   - categories: Which inputs say of what category an example is.
  ///   - folder: Where the file is made.
  /// - Throws: `FileError` if the folder is missing or the disk has no room for it, which is found out
  ///   at once.
  package init(
    count: Int, inputs: Int, targets: Int, classes: Int? = nil, hasWeights: Bool,
    categories: [CategoryInputs] = [], in folder: String
  ) throws(FileError) {
    self.categories = categories
    self.count = count
    inputCount = inputs
    targetCount = targets
    classCount = classes
    self.hasWeights = hasWeights
    self.folder = folder
    let bytes = count * Self.bytesPerExample(inputs, targets, hasWeights)
    var disk = statvfs()
    guard statvfs(folder, &disk) == 0 else { throw .last("spool into", folder) }
    let free = Int(disk.f_bavail) * Int(disk.f_frsize)
    guard bytes <= free else { throw Self.full(folder, needed: bytes, free: free) }
    guard let file = TemporaryFile(for: "\(folder)/backprop-spool", permissions: 0o600) else {
      throw .last("spool into", folder)
    }
    file.remove()
    descriptor = file.descriptor
    #if !canImport(Darwin)
      // Reserved now, so that another process cannot take the room away while the data is read.
      if bytes > 0, posix_fallocate(descriptor, 0, off_t(bytes)) == ENOSPC {
        throw Self.full(folder, needed: bytes, free: free)
      }
    #endif
  }

  deinit { if descriptor >= 0 { close(descriptor) } }

  /// Bytes of an example in the file.
  package static func bytesPerExample(_ inputs: Int, _ targets: Int, _ hasWeights: Bool) -> Int {
    (inputs + targets + (hasWeights ? 1 : 0)) * MemoryLayout<T>.size
  }

  private static func full(_ folder: String, needed: Int, free: Int) -> FileError {
    .failed(
      verb: "spool into", path: folder,
      reason: "the encoded data needs \(needed) bytes of disk, and \(free) are free; "
        + "make room, or choose another folder")
  }

  /// Places of the three parts in the file.
  private func offset(ofInputs row: Int) -> Int { row * inputCount * MemoryLayout<T>.size }
  private func offset(ofTargets row: Int) -> Int {
    (count * inputCount + row * targetCount) * MemoryLayout<T>.size
  }
  private func offset(ofWeights row: Int) -> Int {
    (count * (inputCount + targetCount) + row) * MemoryLayout<T>.size
  }

  // MARK: Writing

  /// Writes examples from compact matrices.
  func write(_ piece: Dataset<T>, rows: Int, at row: Int) throws(FileError) {
    precondition(
      row + rows <= count && rows <= piece.count
        && (rows <= 1
          || piece.inputs.stride == inputCount
            && piece.storedTargets.matrix.stride == targetCount),
      "rows \(row) ..< \(row + rows) of \(count)")
    let size = MemoryLayout<T>.size
    try write(piece.inputs.start, rows * inputCount * size, at: offset(ofInputs: row))
    try write(
      piece.storedTargets.matrix.start, rows * targetCount * size, at: offset(ofTargets: row))
    guard let weights = piece.weights else { return }
    try weights.withUnsafeBufferPointer { (buffer) throws(FileError) in
      guard let start = buffer.baseAddress else { return }
      try write(start, rows * size, at: offset(ofWeights: row))
    }
  }

  private func write(_ source: UnsafeRawPointer, _ bytes: Int, at offset: Int) throws(FileError) {
    var done = 0
    while done < bytes {
      let written = pwrite(descriptor, source + done, bytes - done, off_t(offset + done))
      if written < 0 {
        if errno == EINTR { continue }
        throw .last("spool into", folder)
      }
      done += written
    }
  }

  // MARK: Reading

  /// Reads consecutive examples into compact matrices.
  func read(
    _ rows: Range<Int>, inputs: UnsafeMutablePointer<T>, targets: UnsafeMutablePointer<T>,
    weights: UnsafeMutablePointer<T>?
  ) throws(FileError) {
    let size = MemoryLayout<T>.size
    let row = rows.lowerBound
    try read(inputs, rows.count * inputCount * size, at: offset(ofInputs: row))
    try read(targets, rows.count * targetCount * size, at: offset(ofTargets: row))
    if hasWeights, let weights {
      try read(weights, rows.count * size, at: offset(ofWeights: row))
    }
  }

  private func read(
    _ target: UnsafeMutableRawPointer, _ bytes: Int, at offset: Int
  ) throws(FileError) {
    var done = 0
    while done < bytes {
      let found = pread(descriptor, target + done, bytes - done, off_t(offset + done))
      if found < 0 {
        if errno == EINTR { continue }
        throw .last("read what was spooled into", folder)
      }
      guard found > 0 else {
        throw .endedEarly(path: folder, expected: offset + bytes, found: offset + done)
      }
      done += found
    }
  }

  /// Asks the system to read examples ahead, while the run works on others.
  func willRead(_ rows: Range<Int>) {
    #if !canImport(Darwin)
      let size = MemoryLayout<T>.size
      posix_fadvise(
        descriptor, off_t(offset(ofInputs: rows.lowerBound)),
        off_t(rows.count * inputCount * size), POSIX_FADV_WILLNEED)
      posix_fadvise(
        descriptor, off_t(offset(ofTargets: rows.lowerBound)),
        off_t(rows.count * targetCount * size), POSIX_FADV_WILLNEED)
    #endif
  }

  /// The examples of some rows, in memory.
  package func subset(_ rows: [UInt32]) throws(FileError) -> Dataset<T> {
    precondition(rows.allSatisfy { Int($0) < count }, "a row past the last of \(count) examples")
    var inputs = Matrix<T>(rows: rows.count, columns: inputCount, isCompact: true)
    var targets = Matrix<T>(rows: rows.count, columns: targetCount, isCompact: true)
    var weights = Matrix<T>(rows: 1, columns: rows.count, isCompact: true)
    let starts = (inputs.mutableStart, targets.mutableStart, weights.mutableStart)
    for (place, row) in rows.enumerated() {
      try read(
        Int(row)..<(Int(row) + 1), inputs: starts.0 + place * inputCount,
        targets: starts.1 + place * targetCount, weights: starts.2 + place)
    }
    var subset = Dataset(
      inputs: .numbers(inputs), targets: StoredTargets(targets, classCount: classCount),
      weights: hasWeights ? weights[row: 0] : nil)
    subset.categories = categories
    return subset
  }

  /// All numbers of a part of the file, some at a time: what a hash is made of.
  func forEachPiece(
    ofTargets: Bool = false, ofWeights: Bool = false, _ body: ([T]) -> Void
  ) throws(FileError) {
    let width = ofWeights ? 1 : ofTargets ? targetCount : inputCount
    let start =
      ofWeights ? offset(ofWeights: 0) : ofTargets ? offset(ofTargets: 0) : offset(ofInputs: 0)
    let total = count * width
    var done = 0
    var piece = [T](repeating: 0, count: min(total, 25_000))
    while done < total {
      let length = min(piece.count, total - done)
      if length < piece.count { piece.removeLast(piece.count - length) }
      try piece.withUnsafeMutableBufferPointer { (buffer) throws(FileError) in
        guard let target = buffer.baseAddress else { return }
        try read(
          target, length * MemoryLayout<T>.size, at: start + done * MemoryLayout<T>.size)
      }
      body(piece)
      done += length
    }
  }
}

/// Examples of a run: in memory, or in a file that is read in blocks.
public enum TrainingExamples<T: Scalar>: Sendable {
  /// All examples at once.
  case memory(Dataset<T>)
  /// In a temporary file, a block at a time.
  case spooled(SpooledDataset<T>)

  /// Number of examples.
  public var count: Int {
    switch self {
    case .memory(let data): data.count
    case .spooled(let data): data.count
    }
  }

  /// Which inputs say of what category an example is; empty where that is not known.
  var categories: [CategoryInputs] {
    switch self {
    case .memory(let data): data.categories
    case .spooled(let data): data.categories
    }
  }

  /// The examples of some rows; for all rows the data as it is.
  package func subset(_ rows: [UInt32]) throws(FileError) -> Dataset<T> {
    switch self {
    case .memory(let data): data.subset(rows)
    case .spooled(let data): try data.subset(rows)
    }
  }
}
