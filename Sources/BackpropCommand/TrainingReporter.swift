import Backprop
import BackpropInspection

/// Subscribes to a run and tells about it: JSON lines or a summary on standard output, progress on
/// standard error.
final class TrainingReporter {
  let json: Bool
  let language: Language
  private let quiet: Bool
  /// Names in what standard output is told, and in the notes.
  let (results, notes): (Terms, Terms)
  private var progress: ProgressDisplay
  private var lastEpoch: EpochReport?
  /// JSON lines that wait for the start, which carries the schema and comes first.
  private var waiting: [JSONValue]? = []
  private var hasStarted = false
  /// The checkpoint that the run goes on from; nil if it begins.
  var resumedFile: String?
  /// The folder of the last checkpoint that was saved; nil if there is none.
  var checkpointFolder: String?
  private var isOutputClosed = false
  /// The fold that is under way, from 1; nil outside a cross-validation.
  var fold: (number: Int, count: Int)? {
    didSet {
      // The time that is left is that of the fold.
      progress.finish()
      progress = ProgressDisplay(isInteractive: Terminal.isInteractive, notes)
    }
  }
  /// The settings of an ensemble, whose members are told of in their order when all are done: what happens to them
  /// happens side by side. Outside a cross-validation they are the folds. Nil of all else.
  var ensemble: TrainingConfiguration?
  private var isCrossValidation = false
  var isEnsemble: Bool { ensemble != nil }
  /// How many of its members the model has; they are fewer where it was interrupted.
  var networks = (saved: 0, asked: 0)
  /// What a cross-validation has shown, for the last line.
  var foldsSummary: JSONValue?
  private var warnings: Set<String> = []
  /// Whether the loss of examples as they are is the log loss, which people are told by that name alone.
  private(set) var lossIsLogLoss = false
  /// Why lines of standard output were lost; nil if none were, or nobody wanted them.
  private(set) var outputFailure: OutputError?

  init(json: Bool, _ output: OutputOptions) throws {
    self.json = json
    quiet = output.quiet
    language = try output.language()
    (results, notes) = (Terms(language), Terms(language))
    progress = ProgressDisplay(isInteractive: Terminal.isInteractive, notes)
  }

  /// Says that a file is being read, until there is more to say.
  func reading(_ path: String) {
    if !quiet { progress.showReading(path) }
  }

  /// - Parameter evenIfQuiet: Whether it tells of data that was lost, and is said in any case.
  func warn(code: String, _ message: String, evenIfQuiet: Bool = false) {
    // What is true of one fold is true of most others.
    guard warnings.insert("\(code) \(message)").inserted || fold == nil else { return }
    printJSON(["event": "warning", "code": .string(code), "message": .string(message)])
    if !quiet {
      progress.note("warning: \(message)")
    } else if evenIfQuiet {
      Terminal.printError("warning: \(message)")
    }
  }

  /// Tells that a checkpoint is on disk.
  func saved(_ path: String, epoch: Int, step: Int, seconds: Double?) {
    checkpointFolder = Folder.split(path).folder
    printJSON(
      [
        "event": "checkpoint", "epoch": JSONValue(epoch), "step": JSONValue(step),
        "file": .string(path), "seconds": seconds.map { JSONValue($0) } ?? .null,
      ])
  }

  /// A remark on the run.
  func note(_ text: String) {
    if !quiet { progress.note(text) }
  }

  /// What is about to be trained, in a few lines.
  func describe<T: Scalar>(_ prepared: PreparedFit<T>, data: String) {
    let (coders, network, configuration) = (
      prepared.coders, prepared.network, prepared.configuration
    )
    let (target, layers) = (coders.target, network.layers)
    let heavyTails = coders.encoder?.heavyTails ?? []
    if let plan = prepared.plan {
      printJSON(plan.json(heavyTails: heavyTails, for: configuration))
    }
    lossIsLogLoss =
      target.task == .classification && network.loss.isLogLoss(outputs: target.outputCount)
    defer {
      describe(
        coders.weights, mean: prepared.meanWeight, labels: target.labels,
        reduction: network.reduction)
    }
    guard !quiet else { return }
    let what =
      target.task == .classification
      ? "\(language.count(target.labels.count, .classes)): \(Format.list(target.labels, limit: 10))"
      : target.task.text(in: language)
    let features =
      coders.encoder.map { language.columns(of: $0) } ?? language.count(layers[0].inputs, .column)
    progress.note(
      language.text(
        .data, data.shown(), language.count(prepared.rowCount, .row), features,
        Format.list(target.columns), what))
    prepared.plan?.lines(heavyTails: heavyTails, for: configuration, in: language)
      .forEach { progress.note($0) }
    let activations = layers.map(\.functions).joined(separator: ", ")
    let noise = [layers.dropoutText(in: language), configuration.noiseText(in: language)]
      .compactMap(\.self)
    let batch = configuration.examplesPerStep(of: prepared.training.count)
    let metric = target.metrics(outputActivation: network.outputActivation).metricsOfEveryEpoch[0]
    progress.note(
      language.text(
        .run, network.sizes.map(String.init).joined(separator: "–"), activations,
        language.count(network.parameterCount, .parameter), notes.name(network.loss),
        configuration.optimizer.name, language.text(.batches, String(batch)),
        language.count(configuration.epochs, .epoch), notes.name(metric))
        + (noise.isEmpty ? "" : "; \(noise.joined(separator: ", "))"))
  }

  /// Weights whose mean lies outside change the size of a step so much that the user should know.
  private static let usualMeanWeight = 0.1...10.0

  /// What the training examples weigh, in a line; nothing if all weigh the same.
  private func describe(
    _ weights: ExampleWeights?, mean: Double, labels: [String], reduction: Reduction
  ) {
    guard let weights else { return }
    if !quiet {
      progress.note(
        language.text(
          .weightsOfRun, weights.text(labels: labels, in: language), Format.short(mean)))
    }
    if reduction == .mean, !Self.usualMeanWeight.contains(mean) {
      warn(
        code: "weights",
        "weights average \(Format.short(mean)), and so many times as large are loss and gradient: "
          + "divide the weights by their mean, or choose --learning-rate accordingly")
    }
  }

  /// Receives the events of the trainer.
  func report(_ event: TrainingEvent) {
    switch event {
    case .start(let start):
      // One for all folds, and for all trials of a search.
      if hasStarted, fold != nil { return }
      hasStarted = true
      var members: [JSONMember] = [
        JSONMember("schema", "backprop.train/2"), JSONMember("event", "start"),
        JSONMember("examples", JSONValue(start.examples)),
        JSONMember("validationExamples", JSONValue(start.validationExamples)),
        JSONMember("parameters", JSONValue(start.parameters)),
        JSONMember("sizes", JSONValue(start.sizes)),
        JSONMember("blocks", JSONValue(start.blocks)),
        JSONMember("configuration", (ensemble ?? start.configuration).json),
      ]
      if let fold {
        members.append(
          JSONMember(isEnsemble && !isCrossValidation ? "members" : "folds", JSONValue(fold.count)))
      }
      if start.dropout.contains(where: { $0 > 0 }) {
        members.append(JSONMember("dropout", .array(start.dropout.map { JSONValue($0) })))
      }
      if let position = start.resumedFrom {
        members.append(
          JSONMember(
            "resumedFrom",
            [
              "file": resumedFile.map { .string($0) } ?? .null, "epoch": JSONValue(position.epoch),
              "step": JSONValue(position.step),
            ]))
      }
      printJSON(.object(members))
    case .progress(let report): if !quiet { progress.show(report) }
    case .epoch(let report):
      lastEpoch = report
      if !isEnsemble { printJSON(Self.json(report, fold: fold?.number)) }
      // A log has a line a fold.
      if !quiet, fold == nil || Terminal.isInteractive { progress.show(report) }
    case .warning(let code, let message): warn(code: code, message)
    case .end: break
    }
  }

  /// Receives that a fold of a cross-validation begins.
  func begin(fold number: Int, of count: Int, _ configuration: TrainingConfiguration) {
    isCrossValidation = true
    ensemble = configuration.stopping.isEnsemble ? configuration : nil
    fold = (number, count)
  }

  /// Receives that all folds are done: what follows is the run of the model.
  func endFolds() {
    (isCrossValidation, hasStarted) = (false, false)
    ensemble = nil
    fold = nil
  }

  /// Receives what `--diagnose` finds.
  func report(_ diagnosis: EpochDiagnosis) {
    printJSON(diagnosis.json)
    if !quiet { diagnosis.lines(in: language).forEach(progress.note) }
  }

  /// Takes the line of progress away.
  func finishProgress() { progress.finish() }

  /// Reports the end: what was reached, where it is saved, what to do next.
  ///
  /// - Parameters:
  ///   - scores: What the model is worth; nil of a run that did not come to its end.
  ///   - examples: That were learned from, and that chose the epoch.
  func finish(
    _ summary: TrainingSummary, _ scores: RunScores?, examples: (training: Int, validation: Int),
    saved: (path: String, sha256: String)?, data: String, configuration: TrainingConfiguration,
    curves: String? = nil
  ) {
    progress.finish()
    if !quiet { progress.showBest(of: summary) }
    // Standard output is for JSON alone where JSON is asked for.
    if let curves { json ? Terminal.writeError(curves + "\n") : write(curves + "\n") }
    if json { printEnd(summary, scores, saved) }
    if let text = summary.note { note(text) }
    let (model, path) = (Self.quoted(saved?.path ?? ""), Self.quoted(data))
    if !json, summary.bestEpoch > 0 {
      let target = configuration.data.target ?? []
      printSummary(
        summary, scores, examples,
        causes: [
          "backprop doctor \(model) \(path)",
          "backprop columns \(path)"
            + (target.isEmpty ? "" : " --target \(Self.quoted(target.joined(separator: ",")))"),
        ].compactMap(\.self))
    }
    switch summary.reason {
    case .completed, .earlyStop:
      guard !json, let saved else { return }
      print(.saved, saved.path)
      let isPart = configuration.stopping.testPart != nil && scores?.test != nil
      print(
        .next,
        isPart
          ? "backprop evaluate \(model) \(path) --part test" : "backprop predict \(model) \(path)")
    case .interrupted:
      let which =
        isEnsemble
        ? language.text(
          .networksSoFar, String(networks.saved), String(networks.asked))
        : summary.bestEpoch > 0
          ? language.text(.bestSoFar, String(summary.bestEpoch))
          : language.text(.modelAfterStep, String(summary.steps))
      Terminal.printError(
        language.text(.interrupted, which, saved?.path ?? "") + howToGoOn(to: saved?.path))
    case .diverged:
      let rescue =
        saved.map { "; the best model so far (epoch \(summary.bestEpoch)) is saved in \($0.path)" }
        ?? "; nothing is saved, because no epoch was finished"
      Terminal.printError(
        "error: \(summary.divergence?.description ?? "the run diverged"); try a smaller --learning-rate\(rescue)"
      )
    }
  }

  /// Where the states of an interrupted run are, and how it goes on; empty if it has saved none.
  ///
  /// - Parameter output: Where its model is, or would have been, saved.
  func howToGoOn(to output: String?) -> String {
    guard let checkpointFolder else { return "" }
    return language.text(
      .goOnWith,
      "--resume \(Self.quoted(checkpointFolder))" + (output.map { " -o \(Self.quoted($0))" } ?? ""))
  }

  /// The last JSON line of runs that came to nothing.
  func endWithNothing(_ reason: TrainingSummary.Reason) {
    finishProgress()
    printJSON([
      "event": "end", "reason": .string(reason.rawValue), "bestEpoch": nil, "validation": nil,
      "test": nil, "model": nil, "sha256": nil, "folds": nil,
    ])
  }

  /// The last JSON line. Its metrics of the test data rank all outputs, which takes a while.
  private func printEnd(
    _ summary: TrainingSummary, _ scores: RunScores?,
    _ saved: (path: String, sha256: String)?
  ) {
    var end: [JSONMember] = [
      JSONMember("event", "end"), JSONMember("reason", .string(summary.reason.rawValue)),
      JSONMember("bestEpoch", JSONValue(summary.bestEpoch)),
      JSONMember("validation", summary.validation.map(Self.json) ?? .null),
      JSONMember("test", scores.flatMap(Self.json) ?? .null),
      JSONMember("training", (scores?.training).map(Self.json) ?? .null),
      JSONMember("baseline", (scores?.baseline).map(Self.json) ?? .null),
      JSONMember("model", saved.map { .string($0.path) } ?? .null),
      JSONMember("sha256", saved.map { .string($0.sha256) } ?? .null),
    ]
    if let outOfFold = scores?.outOfFold {
      end.append(JSONMember("outOfFold", Self.json(outOfFold)))
    }
    if let intervals = scores?.intervals {
      end.append(JSONMember("interval", intervals.json(scores?.intervalScore)))
    }
    end += Self.searchMembers(summary)
    if let foldsSummary { end.append(JSONMember("folds", foldsSummary)) }
    printJSON(.object(end))
  }

  /// Test beside held-out beside training, each called what it is, and what a model that looks at no column
  /// reaches.
  ///
  /// - Parameter causes: Commands that tell why a model is no better than that.
  private func printSummary(
    _ summary: TrainingSummary, _ scores: RunScores?, _ examples: (training: Int, validation: Int),
    causes: [String]
  ) {
    let epochs =
      summary.reason == .earlyStop
      ? language.text(.stoppedEarly, String(summary.epochs))
      : language.text(.epochsOf, String(summary.epochs))
    func judged(_ evaluation: Evaluation, _ examples: Int, _ interval: MetricInterval?) -> String {
      language.text(
        .onExamples, results.text(evaluation, interval), language.count(examples, .example))
    }
    let test = scores?.test
    if let test {
      print(
        .test,
        language.text(
          .choseNothing, judged(test, test.metrics.count, scores?.testInterval)))
    }
    if let outOfFold = scores?.outOfFold {
      print(.outOfFold, judged(outOfFold, outOfFold.examples, nil))
      printRemark(
        language.text(.judgedByMembers) + (test == nil ? language.text(.testChoosesNothing) : ""))
      if let scores {
        print(
          .training, language.text(.learnedFrom, judged(scores.training, examples.training, nil)))
      }
    } else if let validation = scores?.heldOut ?? summary.validation {
      print(
        .heldOut,
        judged(validation, examples.validation, test == nil ? scores?.heldOutInterval : nil)
          + ", \(language.text(.bestEpoch)) \(summary.bestEpoch)\(epochs)")
      if test == nil { printRemark(language.text(.chosenByHeldOut)) }
      if let scores {
        print(
          .training,
          language.text(.learnedFrom, judged(scores.training, examples.training, nil)))
      }
    } else if let scores {
      print(
        .training,
        language.text(
          .learnedFrom, judged(scores.training, examples.training, nil))
          + language.text(.andNothingHeldOut))
    } else if let last = lastEpoch {
      let values = last.metrics.shown.map(results.text)
      print(
        .training,
        language.text(.ofTraining, values.joined(separator: ", "), String(last.epoch)))
    }
    guard let scores else { return }
    if let intervals = scores.intervals {
      print(.predictionInterval, results.text(intervals, scores.intervalScore))
    }
    if scores.leavesOutWeights { printRemark(language.text(.scoresCountOnce)) }
    guard let baseline = scores.baseline, baseline.loss.isFinite else { return }
    print(.baseline, results.text(baseline: baseline, usual: scores.usualLabel))
    let model = test ?? scores.outOfFold ?? scores.heldOut ?? scores.training
    if let text = results.text(failuresOf: model, against: baseline, commands: causes) {
      printRemark(text)
    }
  }

  /// Below the line that it is about.
  private func printRemark(_ text: String) {
    print(String(repeating: " ", count: 10) + text)
  }

  // MARK: Forms

  func printJSON(_ document: JSONValue) {
    guard json else { return }
    if let lines = waiting {
      guard document["schema"] != nil else {
        waiting = lines + [document]
        return
      }
      waiting = nil
      ([document] + lines).forEach(printJSON)
      return
    }
    print(document.description)
  }

  /// Writes a line to standard output. A failure is no reason to lose the model: it is remembered,
  /// unless whoever read the lines has just gone, and nothing more is written.
  func print(_ line: String) { write(line.shown(limit: .max) + "\n") }

  /// The same with what the line tells of in front.
  func print(_ name: Text, _ line: String) {
    print(Format.right(language.text(name), 10) + line)
  }

  private func write(_ text: String) {
    guard !isOutputClosed else { return }
    do {
      try Terminal.writeOutput(text)
    } catch {
      isOutputClosed = true
      if !error.isBrokenPipe { outputFailure = error }
    }
  }

  /// `{"loss": …, "accuracy": …}`
  static func json(_ evaluation: Evaluation) -> JSONValue {
    .object(
      [JSONMember("loss", JSONValue(evaluation.loss))]
        + evaluation.metrics.values.map { JSONMember($0.name, JSONValue($0.value)) }
        + [evaluation.watched].compactMap(\.self).map {
          JSONMember($0.metric.key, JSONValue($0.value))
        })
  }

  /// What only a rule that searches along lines has to tell in the end.
  private static func searchMembers(_ summary: TrainingSummary) -> [JSONMember] {
    guard let evaluations = summary.evaluations else { return [] }
    return [
      JSONMember("evaluations", JSONValue(evaluations)),
      JSONMember("note", summary.note.map { .string($0) } ?? .null),
    ]
  }

  /// The test with all metrics that an evaluation shows; where its rows are in a file, with those of an
  /// epoch.
  private static func json(_ scores: RunScores) -> JSONValue? {
    scores.test.map { test in
      scores.testPredictions.map { json($0, loss: test.loss) } ?? json(test)
    }
  }

  /// The same with all metrics that an evaluation shows.
  private static func json(_ predictions: EvaluatedPredictions, loss: Double) -> JSONValue {
    let metrics = Metric.usual(for: predictions.kind, outputs: predictions.outputs)
    return .object(
      [JSONMember("loss", JSONValue(loss))]
        + zip(metrics, predictions.values(of: metrics)).map { JSONMember($0.key, JSONValue($1)) })
  }

  static func json(_ metrics: Metrics) -> JSONValue {
    .object(metrics.values.map { JSONMember($0.name, JSONValue($0.value)) })
  }

  private static func json(_ report: EpochReport, fold: Int?) -> JSONValue {
    .object(
      [JSONMember("event", "epoch")] + (fold.map { [JSONMember("fold", JSONValue($0))] } ?? [])
        + [
          JSONMember("epoch", JSONValue(report.epoch)), JSONMember("step", JSONValue(report.step)),
          JSONMember("loss", JSONValue(report.loss)),
          JSONMember("dataLoss", JSONValue(report.dataLoss)),
          JSONMember("metrics", json(report.metrics)),
          JSONMember("validation", report.validation.map(json) ?? .null),
          JSONMember("learningRate", JSONValue(report.learningRate)),
          JSONMember("seconds", JSONValue(report.seconds)),
          JSONMember("examplesPerSecond", JSONValue(report.examplesPerSecond)),
        ])
  }

  /// "loss 0.1234", or nothing where that is the log loss, which divides by the weights of the examples
  /// and not by their number: two numbers for one quantity.
  func lossText(_ loss: Double, _ terms: Terms) -> [String] {
    lossIsLogLoss ? [] : [terms.text(.loss, loss)]
  }

  /// A path that can be pasted into a shell.
  private static func quoted(_ path: String) -> String {
    let isPlain = path.allSatisfy { $0.isLetter || $0.isNumber || "/._-+=:@,".contains($0) }
    return isPlain
      ? path
      : "'"
        + path.split(separator: "'", omittingEmptySubsequences: false)
        .joined(separator: "'\\''") + "'"
  }
}
