import ArgumentParser
import Backprop
import BackpropInspection

/// One call of `explain`, once its options are known to be good.
struct ExplainJob {
  let data: LabelledData
  let focus: ExplainFocus
  let language: Language
  let format: ExplainFormat
  /// The one phase to show; nil for all of them.
  let step: ExplainStep?
  /// Whether a walk stops at every phase.
  let walks: Bool
  let isASCII: Bool
  let modelName: String
  let dataName: String
  /// Where the explanation goes; nil for standard output.
  let output: AtomicFile?
  let pool: ThreadPool?

  /// Neurons of each layer whose δ a page can show as an experiment.
  private static let nudgedNeurons = 16

  func write(_ text: String) throws {
    guard let output else { return try Terminal.writeOutput(text) }
    try output.write(Array(text.utf8))
  }

  /// Puts the file in its place, once all of it is written.
  func finish() throws { try output?.commit() }

  /// Examples that show assumption I, when only one is explained.
  static let mostForAdditivity = 3

  /// - Parameter rows: The rows to explain, from 0 and ascending; nil for the one with the largest loss.
  func run<T: Scalar>(
    _ network: Network<T>, rows given: [UInt32]?, rule: OptimizerRule, learningRate: Double
  ) throws {
    // The step that is shown is that of the weights as they are, under any rule.
    let isNTK = network.layers.contains(where: \.isNTK)
    let network = network.inOrdinaryForm
    guard T(learningRate).isFinite, T(learningRate) > 0 else {
      throw UsageError(
        "--learning-rate \(JSONValue(learningRate)) is no number of \(T.precisionName) precision, in "
          + "which the model computes; give one within its range")
    }
    if isNTK {
      data.output.note(language.text(.ordinarySteps))
    }
    let rows = try given ?? [rowOfLargestLoss(network)]
    let (batch, companions) = try examples(of: network, rows)
    let step = ExplainedStep(
      network, on: batch, numbers: rows.map { Int($0) + 1 }, rule: rule,
      learningRate: learningRate, configuration: data.model.configuration, pool: pool)
    let (trace, verification) = (step.trace, step.verification)
    guard trace.isFinite else { throw NonfinitePassError(model: modelName, loss: trace.loss) }
    let additivity = additivity(of: network, companions.dataset, companions.numbers)
    let isVerified = verification.verified && additivity.holds
    let json = ExplainJSON(trace: trace, verification: verification, isVerified: isVerified)
    switch format {
    case .json: try write(json.text + "\n")
    case .html:
      var page = StepPage(json, language, model: modelName, data: dataName, coders: data.coders)
      page.nudges = DeltaExperiment(network, on: batch).json(neuronsPerLayer: Self.nudgedNeurons)
      try write(page.html)
    case .text, .markdown, .latex:
      let explanation = Explanation(
        trace: trace, network: network, language: language, focus: focus,
        inputNames: data.coders.encoder?.outputNames ?? [], additivity: additivity)
      try write(explanation, verification, isVerified, isLargest: given == nil)
    }
    try finish()
    guard isVerified else {
      verification.failures.forEach { Terminal.printError("error: \($0)") }
      if !additivity.holds { Terminal.printError("error: assumption I does not hold") }
      throw ExitCode(CommandFailure.badData)
    }
  }

  /// The row, from 0, with the largest loss of all.
  private func rowOfLargestLoss<T: Scalar>(_ network: Network<T>) throws -> UInt32 {
    let found = network.rowOfLargestLoss(
      in: try data.dataset(for: network),
      metrics: data.coders.target.metrics(outputActivation: network.outputActivation), pool: pool)
    guard let row = found.row else {
      throw NonfinitePassError(model: modelName, loss: found.loss)
    }
    return row
  }

  /// The examples to explain, and those that show assumption I: the batch itself, or the example and
  /// the rows that follow it.
  private func examples<T: Scalar>(
    of network: Network<T>, _ rows: [UInt32]
  ) throws -> (batch: Dataset<T>, companions: (dataset: Dataset<T>, numbers: [Int])) {
    if rows.count > 1 {
      let batch = try data.dataset(for: network, rows: rows)
      return (batch, (batch, rows.map { Int($0) + 1 }))
    }
    let count = min(Self.mostForAdditivity, data.table.rowCount)
    let all = (0..<count).map { (rows[0] + UInt32($0)) % UInt32(data.table.rowCount) }.sorted()
    guard let dataset: Dataset<T> = try? data.dataset(for: network, rows: all) else {
      // A neighbour with a fault is no reason to refuse the example that was asked for.
      let alone: Dataset<T> = try data.dataset(for: network, rows: rows)
      var good = rows
      for row in all where row != rows[0] {
        if (try? data.dataset(for: network, rows: [row]) as Dataset<T>) != nil { good.append(row) }
      }
      good.sort()
      let companions: Dataset<T> = try data.dataset(for: network, rows: good)
      return (alone, (companions, good.map { Int($0) + 1 }))
    }
    let place = UInt32(all.firstIndex(of: rows[0]) ?? 0)
    return (dataset.subset([place]), (dataset, all.map { Int($0) + 1 }))
  }

  /// C of the examples together and of each alone.
  private func additivity<T: Scalar>(
    of network: Network<T>, _ dataset: Dataset<T>, _ numbers: [Int]
  ) -> Explanation<T>.Additivity {
    var workspace = Workspace(for: network, capacity: dataset.count)
    let total = network.forward(dataset.batch, in: &workspace)
    let losses = (0..<dataset.count).map { row in
      network.forward(dataset.subset([UInt32(row)]).batch, in: &workspace)
    }
    let scale: Double = network.reduction.scale(count: dataset.count)
    let magnitude = scale * losses.reduce(0) { $0 + abs($1) }
    return .init(
      examples: numbers, count: data.table.rowCount, losses: losses, scale: scale, total: total,
      tolerance: Double(losses.count + 8) * Double(T.ulpOfOne) * magnitude)
  }

  func renderer() -> any ExplainRenderer {
    switch format {
    case .markdown: MarkdownRenderer()
    case .latex: LaTeXRenderer(language: language)
    default: TextRenderer(width: Terminal.outputWidth, isASCII: isASCII)
    }
  }

  private func write<T: Scalar>(
    _ explanation: Explanation<T>, _ verification: Verification, _ isVerified: Bool, isLargest: Bool
  ) throws {
    let renderer = renderer()
    let document = document(explanation, isLargest: isLargest)
    try write(renderer.begin(document))
    var index = 0
    while index < document.phases.count {
      let phase = document.phases[index]
      if step == nil || step == phase.step {
        try write(renderer.phase(phase, number: index + 1))
      }
      switch walks ? Terminal.askForStep(language.text("explain.keys")) : .next {
      case .next: index += 1
      case .back: index = max(0, index - 1)
      case .quit: return
      }
    }
    let count = Format.count(verification.equations)
    let verdict =
      isVerified
      ? language.text("explain.verified", count, Notation.number(verification.worstResidual))
      : language.text("explain.notVerified", "\(verification.failures.count)", count)
    try write(renderer.end(.verdict(verdict, holds: isVerified)))
  }

  private func document<T: Scalar>(
    _ explanation: Explanation<T>, isLargest: Bool
  ) -> ExplainDocument {
    let trace = explanation.trace
    let numbers = trace.examples
    let title =
      numbers.count == 1
      ? language.text(
        "explain.title", Inline.outside(modelName), "\(numbers[0])",
        Inline.outside(dataName))
      : language.text(
        "explain.titleBatch", Inline.outside(modelName), Format.count(numbers.count),
        Format.list(numbers.map { "\($0)" }), Inline.outside(dataName))
    var document = ExplainDocument(title: title)
    let sizes = trace.sizes.map { "\($0)" }.joined(separator: "–")
    let activations = explanation.network.layers.map(\.functions).joined(separator: ", ")
    document.introduction.append(
      .text(
        language.text(
          "explain.network", sizes, activations, Terms(language).name(explanation.network.loss),
          trace.precision)))
    if explanation.network.layers.haveDropout {
      document.introduction.append(.text(language.text("explain.dropoutOff")))
    }
    if let target = target(of: explanation) { document.introduction.append(.text(target)) }
    if isLargest, !explanation.isLearned, data.table.rowCount > 1 {
      document.introduction.append(
        .text(
          language.text(
            "explain.largestLoss", "\(numbers[0])", Notation.number(trace.loss),
            Format.count(data.table.rowCount))))
    }
    if explanation.isLearned {
      document.introduction.append(
        .text(
          language.text(
            isLargest ? "explain.allLearned" : "explain.learned", Notation.number(trace.loss),
            Notation.number(explanation.outputErrorNorm))))
    }
    document.phases = explanation.phases(isAlone: step != nil)
    return document
  }

  /// What the model says of the example, if it knows labels.
  private func target<T: Scalar>(of explanation: Explanation<T>) -> String? {
    guard !explanation.isBatch, data.coders.target.task == .classification,
      let prediction = try? data.coders.target.decode(explanation.last.outputs),
      let truth = try? data.coders.target.decode(explanation.trace.targets)
    else { return nil }
    return language.text(
      "explain.labels", Inline.outside(truth.text(row: 0)), Inline.outside(prediction.text(row: 0)))
  }
}

/// A pass whose equations say nothing, because it met a NaN or an infinity.
struct NonfinitePassError: UserError {
  let model: String
  let loss: Double

  var message: String {
    let fault =
      loss.isFinite
      ? "a gradient of \(model) on these examples is not finite"
      : "the loss of \(model) on these examples is \(Format.fixed(loss, 0))"
    return
      "\(fault), so no equation can be shown: use a model that has not diverged, or data in the "
      + "range that it was made for; `backprop doctor` names the first number at fault"
  }
}
