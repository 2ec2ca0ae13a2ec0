import ArgumentParser
import Backprop
import BackpropInspection

/// What is kept of a run beside its model.
struct RecordOptions: ParsableArguments {
  @Option(
    name: .long,
    help: "Draw the learning curves into this SVG file, anew while the run goes on.")
  var plot: String?

  @Flag(name: .long, help: "Draw the learning curves in the terminal when the run is over.")
  var curves = false

  @Option(
    name: .customLong("tensorboard"),
    help:
      "Write scalars, and histograms of weights, gradients and δ, into this folder for TensorBoard; it is made if there is none."
  )
  var tensorBoard: String?

  /// Checks what can be checked before any data is read.
  ///
  /// - Parameters:
  ///   - model: Where the model will be saved.
  ///   - inputs: Files that are read.
  ///   - force: Whether a file that is no picture of ours may be replaced.
  func check(model: String, inputs: [String?], force: Bool) throws {
    if let plot { try Self.check(plot: plot, model: model, inputs: inputs, force: force) }
    if let folder = tensorBoard {
      guard !folder.isEmpty else {
        throw UsageError("--tensorboard \"\": give the name of a folder")
      }
      do {
        try Folder.checkCreatable(folder)
      } catch {
        throw UsageError("--tensorboard: \(error.description)")
      }
    }
  }

  /// - Parameters:
  ///   - model: Where a model is saved; nil for nowhere.
  ///   - force: Whether a file that is no picture of ours may be replaced; nil for a command that does
  ///     not ask.
  static func check(plot: String, model: String?, inputs: [String?], force: Bool?) throws {
    if plot == "-" {
      throw UsageError("--plot - is no file; --curves draws in the terminal")
    }
    let ending = Folder.split(plot).name.split(separator: ".").last.map { $0.lowercased() }
    if let ending, Self.otherPictures.contains(ending) {
      throw UsageError("--plot \(plot): the picture is SVG; give a name that ends in .svg")
    }
    try OutputFile.check(plot, option: "--plot", isNoneOf: inputs)
    if let model, OutputFile.areSame(plot, model) {
      throw UsageError("--plot \(plot) is where the model is saved; give another name")
    }
    try OutputFile.checkPicture(plot, force: force)
  }

  private static let otherPictures: Set<String> = [
    "png", "jpg", "jpeg", "gif", "webp", "pdf", "eps",
  ]
}

/// Subscribes to a run and keeps its records: the curves, and TensorBoard's events.
///
/// A record that cannot be written does not stop the run, and costs nobody the model: a warning says
/// so at once, and in the end it is the error of a command that did not do all it was asked for.
final class RunRecords {
  private let options: RecordOptions
  private let title: String
  private let warn: (_ code: String, _ message: String) -> Void
  private var subtitle = ""
  private var curves = LearningCurves()
  private var monitored: Metric?
  private var board: TensorBoardWriter?
  private var boardFailure: FileError?
  private var plotFailure: FileError?
  private let clock = ContinuousClock()
  private var lastPlot: ContinuousClock.Instant?

  /// The picture is drawn again so often at most: each time waits for the disk.
  private static let plotInterval = Duration.seconds(2)

  /// Why a record is not what was asked for; nil if all are.
  var failure: FileError? { boardFailure ?? plotFailure }

  /// - Parameters:
  ///   - options: What is kept; they have been checked.
  ///   - data: What the network learns from; its name stands above the curves.
  ///   - target: The columns that it learns.
  ///   - warn: Is told of a record that cannot be written.
  init(
    _ options: RecordOptions, data: String, target: [String],
    warn: @escaping (_ code: String, _ message: String) -> Void
  ) {
    self.options = options
    // A picture that is shown to others need not tell where the file was.
    let name = Folder.split(data).name
    title = "\((name.isEmpty ? data : name).shown()) → \(Format.list(target))"
    self.warn = warn
  }

  /// Whoever has to measure a run for the records.
  func observers<T: Scalar>() -> [any TrainingObserver<T>] {
    options.tensorBoard == nil
      ? []
      : [
        DistributionObserver<T> { distributions in
          self.record { (board) throws(FileError) in try board.write(distributions) }
        }
      ]
  }

  /// Receives the events of the trainer.
  func report(_ event: TrainingEvent) {
    record { (board) throws(FileError) in try board.write(event) }
    switch event {
    case .start(let start):
      subtitle = Self.subtitle(start)
      monitored = start.configuration.monitor?.metric
    case .epoch(let report):
      curves.add(report, monitored: monitored)
      guard options.plot != nil else { return }
      let now = clock.now
      if let lastPlot, now - lastPlot < Self.plotInterval { return }
      writePlot()
      lastPlot = clock.now
    case .end: writePlot()
    default: break
    }
  }

  /// What a checkpoint keeps, so that the curves of a resumed run are those of one without a break.
  var curvesText: String? { (try? JSONValue(encoding: curves))?.description }

  /// Goes on with the curves of a checkpoint.
  func goOn(from curves: LearningCurves?) {
    if let curves { self.curves = curves }
  }

  /// The curves for the terminal, if they are wanted and there are any.
  ///
  /// - Parameter isResult: Whether they go to standard output, and not to standard error.
  func textForTerminal(isResult: Bool, _ language: Language) -> String? {
    guard options.curves else { return nil }
    let lines = CurvesText(
      curves: curves, width: Terminal.outputWidth, isASCII: Terminal.isDumb,
      hasColor: isResult ? Terminal.outputHasColor : Terminal.hasColor,
      language: language
    ).lines
    return lines.isEmpty ? nil : lines.joined(separator: "\n") + "\n"
  }

  /// Writes to TensorBoard's file, as long as that goes well.
  private func record(_ write: (TensorBoardWriter) throws(FileError) -> Void) {
    guard boardFailure == nil, let folder = options.tensorBoard else { return }
    do throws(FileError) {
      if board == nil { board = try TensorBoardWriter(folder: folder) }
      if let board { try write(board) }
    } catch {
      boardFailure = error
      warn("tensorboard", "\(error.description); the run goes on without TensorBoard's events")
    }
  }

  private func writePlot() {
    guard let path = options.plot else { return }
    do {
      let picture = CurvesPicture(curves: curves, title: title, subtitle: subtitle)
      let file = try AtomicFile(path)
      try file.write(Array(picture.text.utf8))
      try file.commit()
      plotFailure = nil
    } catch {
      if plotFailure == nil { warn("plot", "\(error.description); the run goes on") }
      plotFailure = error
    }
  }

  /// "4–64–64–3, 4,739 parameters, adam, batches of 32, 120 examples and 30 held out"
  private static func subtitle(_ start: TrainingStart) -> String {
    let configuration = start.configuration
    let held =
      start.validationExamples > 0
      ? " and \(Format.count(start.validationExamples)) held out" : ""
    return [
      "network \(start.sizes.map(String.init).joined(separator: "–"))",
      Format.count(start.parameters, "parameter"), configuration.optimizer.name,
      "batches of \(configuration.examplesPerStep(of: start.examples))",
      Format.count(start.examples, "example") + held,
    ].joined(separator: ", ")
  }
}
