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
  /// Whether what stands there is of another run.
  private let replaces: Bool
  /// The folder with the states that the networks go on from; nil for a run that begins.
  let resumed: String?
  /// Why states were not saved, once for each network.
  private let failures = Failures()

  /// The attachment with the settings of the ensemble.
  static let configurationKey = "backprop.ensemble"

  private final class Failures: Sendable {
    let texts = Mutex<[Int: String]>([:])
  }

  init(_ writer: CheckpointWriter, resumed: String?) {
    path = writer.folder.path
    (interval, keep, options) = (writer.interval, writer.keep, writer.options)
    replaces = writer.replaces
    self.resumed = resumed
  }

  var warnings: [String] { failures.texts.withLock { $0.sorted { $0.key < $1.key }.map(\.value) } }

  /// The newest whole checkpoint of the first network that has one, and damaged ones that are newer.
  static func newest(
    in path: String
  ) throws -> (file: CheckpointFile, damaged: [CheckpointError]) {
    guard let number = CheckpointFolder.members(in: path).first else {
      throw CheckpointError.noCheckpoint(folder: path)
    }
    return try CheckpointFolder.newest(in: CheckpointFolder.path(ofMember: number, in: path))
  }

  /// What saves and goes on with the networks of a run.
  func members<T: Scalar>(_ prepared: PreparedFit<T>) throws -> MemberCheckpoints<T> {
    var attachments = try prepared.coders.attachments
    attachments[CheckpointOptions.attachmentKey] = options.description
    attachments[Self.configurationKey] = prepared.configuration.json.description
    let kept = attachments
    return MemberCheckpoints(
      resume: { number in
        guard let resumed else { return nil }
        guard CheckpointFolder.members(in: resumed).contains(number) else { return nil }
        let folder = CheckpointFolder.path(ofMember: number, in: resumed)
        return try Checkpoint<T>(CheckpointFolder.newest(in: folder).file)
      },
      receiver: { number in
        let folder = try CheckpointFolder(CheckpointFolder.path(ofMember: number, in: path))
        let isFirst = Mutex(replaces)
        return Checkpoints(every: interval) { checkpoint in
          var checkpoint = checkpoint
          checkpoint.attachments = kept
          do {
            try folder.save(
              checkpoint, keep: keep, replacing: isFirst.withLock { $0 })
            isFirst.withLock { $0 = false }
          } catch {
            failures.texts.withLock {
              $0[number] =
                $0[number]
                ?? "no checkpoint of network \(number) after step \(checkpoint.step): \(error)"
            }
          }
        }
      })
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
