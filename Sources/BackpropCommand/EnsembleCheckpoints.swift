import Backprop
import Synchronization

/// The checkpoints of an ensemble: in the folder of the run one for each network, member-1, member-2, ….
///
/// Each network is a run of its own, saved and gone on with on its own thread. What the settings of the whole were
/// stands in every checkpoint.
struct EnsembleCheckpoints: Sendable {
  /// The folder of the run.
  let path: String
  private let interval: CheckpointInterval
  private let keep: Int
  private let options: JSONValue
  /// The folder with the states that the networks go on from; nil for a run that begins.
  let resumed: String?
  private let record: Record

  /// The attachment with the settings of the ensemble.
  static let configurationKey = "backprop.ensemble"

  /// What the networks have to tell, on whatever thread they are.
  enum Event: Sendable {
    case saved(path: String, epoch: Int, step: Int)
    case failed(String)
  }

  private final class Record: Sendable {
    /// Whether what stands in the folder is of another run, and goes with the first checkpoint of this.
    let replaces: Mutex<Bool>
    /// The networks whose last state could not be saved.
    let failing = Mutex<Set<Int>>([])
    let events = Mutex<[Event]>([])

    init(replaces: Bool) { self.replaces = Mutex(replaces) }
  }

  init(_ writer: CheckpointWriter, resumed: String?) {
    path = writer.folder.path
    (interval, keep, options) = (writer.interval, writer.keep, writer.options)
    record = Record(replaces: writer.replaces)
    self.resumed = resumed
  }

  /// What has happened since the last call.
  func takeEvents() -> [Event] {
    record.events.withLock { events in
      defer { events = [] }
      return events
    }
  }

  /// The newest whole checkpoint of the first network that has one, and why there is none of those before.
  static func newest(
    in path: String
  ) throws -> (file: CheckpointFile, damaged: [CheckpointError]) {
    var damaged: [CheckpointError] = []
    for number in CheckpointFolder.members(in: path) {
      do {
        let found = try CheckpointFolder.newest(
          in: CheckpointFolder.path(ofMember: number, in: path))
        return (found.file, damaged + found.damaged)
      } catch let error as CheckpointError {
        guard case .noneWhole = error else { throw error }
        damaged.append(error)
      }
    }
    throw damaged.first ?? CheckpointError.noCheckpoint(folder: path)
  }

  /// What saves and goes on with the networks of a run. All is read here, before the first step.
  ///
  /// - Parameter warn: Is told of what is damaged.
  /// - Returns: That, and the numbers of the networks that have a state.
  func members<T: Scalar>(
    _ prepared: PreparedFit<T>, warn: (String) -> Void
  ) throws -> (checkpoints: MemberCheckpoints<T>, resumed: [Int]) {
    var attachments = try prepared.coders.attachments
    attachments[CheckpointOptions.attachmentKey] = options.description
    attachments[Self.configurationKey] = prepared.configuration.json.description
    let kept = attachments
    let numbers = 1...prepared.configuration.stopping.networkCount
    for number in numbers {
      let member = CheckpointFolder.path(ofMember: number, in: path)
      // What a folder from elsewhere holds must not choose where is written.
      if let target = Folder.link(at: member) {
        throw DataError(
          file: member, "is a link to \(target), and no folder of this run",
          remedy: "remove it, or name another folder")
      }
    }
    var states: [Int: Checkpoint<T>] = [:]
    if let resumed {
      for number in CheckpointFolder.members(in: resumed) where numbers.contains(number) {
        do {
          let (file, damaged) = try CheckpointFolder.newest(
            in: CheckpointFolder.path(ofMember: number, in: resumed))
          damaged.forEach { warn("\($0.description); going on from the one before") }
          states[number] = try Checkpoint<T>(file)
        } catch let error as CheckpointError {
          guard case .noneWhole(let folder, _, let reason) = error else { throw error }
          warn(
            "\(folder) has no whole checkpoint (the newest: \(reason)); network \(number) begins anew"
          )
        }
      }
    }
    let found = states
    @Sendable func keepState(_ checkpoint: Checkpoint<T>, of number: Int) {
      var checkpoint = checkpoint
      checkpoint.attachments = kept
      save(checkpoint, of: number, among: numbers.count)
    }
    let isElsewhere = resumed.map { !OutputFile.areSame($0, path) } ?? false
    return (
      MemberCheckpoints(
        resume: { found[$0] },
        begin: {
          // A network that is done, or whose turn is late, would have no state where the others have theirs.
          guard isElsewhere else { return }
          for number in found.keys.sorted() {
            if let state = found[number] { keepState(state, of: number) }
          }
        },
        receiver: { number in
          var checkpoints = Checkpoints<T>(every: interval) { keepState($0, of: number) }
          checkpoints.includesLast = true
          return checkpoints
        }), found.keys.sorted()
    )
  }

  /// Saves a state, and takes note of it. A disk that is full is told of once for each network.
  private func save<T: Scalar>(_ checkpoint: Checkpoint<T>, of number: Int, among count: Int) {
    var event: Event?
    do {
      let path = try write(checkpoint, of: number, among: count)
      record.failing.withLock { _ = $0.remove(number) }
      event = .saved(path: path, epoch: checkpoint.epoch, step: checkpoint.step)
    } catch {
      let isNew = record.failing.withLock { $0.insert(number).inserted }
      if isNew || Interruption.isRequested {
        event = .failed(
          "no checkpoint of network \(number) after step \(checkpoint.step): \(error)")
      }
    }
    if let event { record.events.withLock { $0.append(event) } }
  }

  /// The first state of a run that takes the place of another removes what that has.
  private func write<T: Scalar>(
    _ checkpoint: Checkpoint<T>, of number: Int, among count: Int
  ) throws -> String {
    try record.replaces.withLock { replaces in
      let folder = try CheckpointFolder(CheckpointFolder.path(ofMember: number, in: path))
      let file = try folder.save(checkpoint, keep: keep, replacing: replaces)
      if replaces { CheckpointFolder.removeOthers(in: path, than: number, of: count) }
      replaces = false
      return file
    }
  }
}

extension ModelData {
  /// What a checkpoint holds of them.
  var attachments: [String: String] {
    get throws {
      var attachments = [ModelKey.target: try JSONValue(encoding: target).description]
      if let encoder {
        attachments[ModelKey.encoder] = try JSONValue(encoding: encoder).description
      }
      if let weights {
        attachments[ModelKey.weights] = try JSONValue(encoding: weights).description
      }
      return attachments
    }
  }
}
