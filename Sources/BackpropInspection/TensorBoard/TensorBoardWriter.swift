import Backprop

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// Subscribes to a run and writes it as an event file for TensorBoard.
///
/// After each epoch come the scalars `loss` (the objective), `dataLoss`, each metric,
/// `validation/loss` and `validation/…`, `learningRate` and `examplesPerSecond`; and, if it is
/// handed distributions, histograms from before the first step on: `weights/layer2`,
/// `weightGradient/layer2`, `biases/layer2`, `biasGradient/layer2`, likewise of the gains, shifts, scales
/// and slopes that a layer has, `delta/layer2`, and so on to layer L. The step of all of them is the epoch.
/// A resumed run says so first, and TensorBoard forgets what the folder has of its first epoch and later
/// ones.
///
/// ```swift
/// let board = try TensorBoardWriter(folder: "runs/1")
/// try trainer.train(&network, on: training, metrics: metrics) { event in
///   do { try board.write(event) } catch { print(error) }
/// }
/// ```
///
/// Format: TensorFlow's TFRecord with `Event` messages of version 2. Each event is with the system
/// when `write` returns, so that TensorBoard follows a run while it lasts; the end of the run waits
/// for the disk.
public final class TensorBoardWriter {
  /// The event file: events.out.tfevents.<seconds>.<host>.<process>.<n>.v2.
  package var path: String { file.path }

  private let file: AppendedFile
  private let now: () -> Double

  /// Begins an event file in a folder, which is made if there is none.
  ///
  /// - Throws: `FileError` if folder or file cannot be made, or not written.
  public convenience init(folder: String) throws(FileError) {
    try self.init(folder: folder, now: Self.wallTime)
  }

  /// - Parameter now: The time of an event, seconds since 1970.
  init(folder: String, now: @escaping () -> Double) throws(FileError) {
    try Folder.create(folder)
    self.now = now
    let start = now()
    let separator = folder.hasSuffix("/") ? "" : "/"
    let name = "events.out.tfevents.\(Int(start)).\(Self.host).\(getpid())"
    // Runs of one process that begin within a second differ in the last number.
    var number = 0
    var file: AppendedFile?
    while file == nil {
      file = try AppendedFile(new: "\(folder)\(separator)\(name).\(number).v2")
      number += 1
    }
    guard let file else { preconditionFailure("the loop ends with a file") }
    self.file = file
    try append(Event(wallTime: start, content: .fileVersion("brain.Event:2")))
  }

  /// Takes note of an event of a run.
  ///
  /// - Throws: `FileError` if it cannot be written; the file then ends with the event before.
  public func write(_ event: TrainingEvent) throws(FileError) {
    switch event {
    case .epoch(let report): try append(Self.values(of: report), step: report.epoch)
    case .end: try file.synchronize()
    case .start(let start):
      guard let resumed = start.resumedFrom else { return }
      try append(Event(wallTime: now(), step: resumed.epoch, content: .sessionStart))
    case .progress, .warning: break
    }
  }

  /// Takes note of the distributions between two epochs.
  ///
  /// - Throws: `FileError` likewise.
  package func write(_ distributions: EpochDistributions) throws(FileError) {
    try append(Self.values(of: distributions), step: distributions.epoch)
  }

  private func append(_ values: [SummaryValue], step: Int) throws(FileError) {
    try append(Event(wallTime: now(), step: step, content: .summary(values)))
  }

  private func append(_ event: Event) throws(FileError) {
    try file.append(EventRecord.framed(event.bytes))
  }

  private static func values(of report: EpochReport) -> [SummaryValue] {
    var scalars = [("loss", report.loss), ("dataLoss", report.dataLoss)]
    scalars += report.metrics.values.map { ($0.name, $0.value) }
    if let validation = report.validation {
      scalars.append(("validation/loss", validation.loss))
      scalars += validation.metrics.values.map { ("validation/\($0.name)", $0.value) }
    }
    scalars.append(("learningRate", report.learningRate))
    scalars.append(("examplesPerSecond", report.examplesPerSecond))
    return scalars.map { SummaryValue(tag: $0.0, content: .scalar(Float($0.1))) }
  }

  private static func values(of distributions: EpochDistributions) -> [SummaryValue] {
    distributions.layers.flatMap { layer in
      (layer.tensors.flatMap { tensor in
        [(tensor.role.plural, tensor.values), ("\(tensor.role.rawValue)Gradient", tensor.gradient)]
      } + [("delta", layer.delta)])
      .map { SummaryValue(tag: "\($0.0)/layer\(layer.layer)", content: .histogram($0.1)) }
    }
  }

  private static func wallTime() -> Double {
    var time = timespec()
    clock_gettime(CLOCK_REALTIME, &time)
    return Double(time.tv_sec) + Double(time.tv_nsec) * 1e-9
  }

  /// The name of the machine, in letters that a file name can have.
  private static var host: String {
    var buffer = [CChar](repeating: 0, count: 256)
    // The last byte stays 0, whatever the system does with a name that is too long.
    guard gethostname(&buffer, buffer.count - 1) == 0 else { return "localhost" }
    let name = buffer.prefix { $0 != 0 }.map { byte in
      let letter = Character(UnicodeScalar(UInt8(bitPattern: byte)))
      return letter.isASCII && (letter.isLetter || letter.isNumber || "-.".contains(letter))
        ? letter : "-"
    }
    return name.isEmpty ? "localhost" : String(name)
  }
}
