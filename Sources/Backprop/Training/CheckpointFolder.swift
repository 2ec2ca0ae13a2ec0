#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// A folder with the checkpoints of one run, of which the newest few are kept.
///
/// The files are called `checkpoint-000000001200.safetensors` after the steps that were made, so that
/// the order of names is the order in time. Each is written under another name, synchronised, and
/// renamed; only then the oldest is removed. So at every moment, a power failure included, the last
/// checkpoint that was announced is there and whole.
///
/// Only one run at a time has the folder: it is locked until the value goes away, and the system takes
/// the lock from a run that is killed.
public final class CheckpointFolder: Sendable {
  /// The folder, as the user named it.
  package let path: String
  private let descriptor: Int32
  /// Whether it was not there before.
  private let isNew: Bool

  /// How many are kept if nobody says so: if the newest should be damaged there is another one.
  package static let usualKeep = 3

  /// Opens a folder, or makes it, and removes what a killed run left half-written.
  ///
  /// - Parameter path: The folder. It is made if it is missing, and goes again with this value if it is
  ///   still empty; the folder above must be there.
  /// - Throws: `FileError` if there can be no such folder, `CheckpointError.folderInUse`.
  public init(_ path: String) throws {
    self.path = path
    if let target = Folder.link(at: path), !Folder.exists(path) {
      throw FileError.failed(
        verb: "make the folder", path: path,
        reason: "it is a link to \(target), which leads nowhere")
    }
    isNew = mkdir(path, 0o777) == 0
    if isNew {
      Self.synchronize(Folder.split(path).folder)
    } else if errno != EEXIST {
      throw FileError.last("make the folder", path)
    }
    let descriptor = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    guard descriptor >= 0 else { throw FileError.last("open the folder", path) }
    self.descriptor = descriptor
    // A file system without locks is no reason not to train.
    if flock(descriptor, LOCK_EX | LOCK_NB) != 0, errno == EWOULDBLOCK {
      throw CheckpointError.folderInUse(folder: path)
    }
    guard access(path, W_OK) == 0 else { throw FileError.last("write to the folder", path) }
    for name in Folder.names(in: path)
    where name.hasPrefix(".checkpoint-") && name.hasSuffix(".tmp") {
      unlink("\(path)/\(name)")
    }
  }

  deinit {
    // A run that was refused leaves no folder behind; one with checkpoints in it does not go.
    if isNew { rmdir(path) }
    close(descriptor)
  }

  /// The names of the checkpoints, from the oldest to the newest, whole or not.
  package var names: [String] { Self.steps(in: path).map { Self.name(after: $0) } }

  /// The path that the checkpoint after so many steps has.
  package func path(after step: Int) -> String { "\(path)/\(Self.name(after: step))" }

  /// Writes a checkpoint; then removes those that are older than the `keep` newest, and those of
  /// later steps, which this run has not reached: they are damaged, or of a run that is replaced.
  ///
  /// - Parameters:
  ///   - checkpoint: What to write.
  ///   - keep: How many are kept, at least 1.
  ///   - replacing: Whether all others go, whatever their steps: they are of another run, which this
  ///     one takes the place of.
  /// - Returns: The path of the file.
  /// - Throws: `FileError`; the checkpoints that are there then stay.
  @discardableResult
  public func save<T: Scalar>(
    _ checkpoint: Checkpoint<T>, keep: Int = 3, replacing: Bool = false
  ) throws -> String {
    precondition(keep >= 1, "keeping \(keep) checkpoints")
    let goal = path(after: checkpoint.step)
    // A folder that came from elsewhere must not choose what is written.
    if Folder.link(at: goal) != nil { unlink(goal) }
    try checkpoint.write(to: goal)
    let steps = Self.steps(in: path)
    let later = steps.filter { $0 > checkpoint.step }
    let older = steps.filter { $0 < checkpoint.step }.dropLast(replacing ? 0 : keep - 1)
    for step in later + older { unlink(path(after: step)) }
    return goal
  }

  /// The newest checkpoint that is whole, to go on from.
  ///
  /// - Parameters:
  ///   - losses: Losses of your own that it may name.
  ///   - activations: Activations of your own that it may name.
  /// - Throws: `CheckpointError` if there is none, or it is of another precision.
  public func newestCheckpoint<T: Scalar>(
    losses: [any ExampleLoss] = [], activations: [any ElementwiseActivation] = []
  ) throws -> Checkpoint<T> {
    try Checkpoint(newest().file, losses: losses, activations: activations)
  }

  /// The newest checkpoint that is whole, and why newer ones are not.
  ///
  /// - Throws: `CheckpointError.noCheckpoint` or `.noneWhole`; `.otherFormat` for one that is whole and
  ///   of another version.
  package func newest() throws -> (file: CheckpointFile, damaged: [CheckpointError]) {
    try Self.newest(in: path)
  }

  /// The same of a folder that is only read.
  package static func newest(
    in path: String
  ) throws -> (file: CheckpointFile, damaged: [CheckpointError]) {
    let steps = steps(in: path)
    guard !steps.isEmpty else { throw CheckpointError.noCheckpoint(folder: path) }
    var damaged: [CheckpointError] = []
    for step in steps.reversed() {
      let file = "\(path)/\(name(after: step))"
      do {
        return (try CheckpointFile(contentsOf: file), damaged)
      } catch let error as CheckpointError {
        guard case .damaged = error else { throw error }
        damaged.append(error)
      } catch let error as FileError {
        damaged.append(.damaged(path: file, reason: error.description))
      }
    }
    throw CheckpointError.noneWhole(
      folder: path, count: steps.count, reason: damaged[0].description)
  }

  /// The folder of one network of an ensemble, from 1, within that of the run.
  package static func path(ofMember number: Int, in path: String) -> String {
    "\(path)\(path.hasSuffix("/") ? "" : "/")member-\(number)"
  }

  /// The numbers of the networks of an ensemble that have a checkpoint in a folder, ascending. A link is none of
  /// them: a folder that came from elsewhere must not choose what is read and removed.
  package static func members(in path: String) -> [Int] {
    Folder.names(in: path).compactMap { name -> Int? in
      guard let number = Int(name.dropFirst("member-".count)), number >= 1,
        name == "member-\(number)",
        case let folder = Self.path(ofMember: number, in: path), Folder.link(at: folder) == nil,
        !steps(in: folder).isEmpty
      else { return nil }
      return number
    }.sorted()
  }

  /// Removes what a folder holds of a run that another one takes the place of: one network's, which has saved its
  /// own first state, or an ensemble's.
  ///
  /// - Parameters:
  ///   - member: The network of an ensemble that has saved its first state; nil for a run of one network.
  ///   - count: The networks of the run, whose folders stay.
  package static func removeOthers(in path: String, than member: Int?, of count: Int) {
    for number in members(in: path) where number != member {
      let folder = Self.path(ofMember: number, in: path)
      for step in steps(in: folder) { unlink("\(folder)/\(name(after: step))") }
      if member == nil || number > count { rmdir(folder) }
    }
    guard member != nil else { return }
    for step in steps(in: path) { unlink("\(path)/\(name(after: step))") }
  }

  private static func name(after step: Int) -> String {
    let digits = String(step)
    return "checkpoint-\(String(repeating: "0", count: max(0, 12 - digits.count)))\(digits)"
      + ".safetensors"
  }

  /// The steps of the checkpoints in a folder, ascending.
  private static func steps(in folder: String) -> [Int] {
    Folder.names(in: folder).compactMap { text -> Int? in
      let digits = text.dropFirst("checkpoint-".count).prefix { $0.isASCII && $0.isNumber }
      guard let step = Int(digits), name(after: step) == text else { return nil }
      return step
    }.sorted()
  }

  private static func synchronize(_ folder: String) {
    let descriptor = open(folder, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { return }
    fsync(descriptor)
    close(descriptor)
  }
}
