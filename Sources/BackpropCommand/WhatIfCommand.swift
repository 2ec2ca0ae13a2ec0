import ArgumentParser
import Backprop
import BackpropInspection

/// `backprop whatif`: the assumptions of backpropagation, and its mistakes, as experiments.
struct WhatIfCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "whatif",
    abstract: "Break the assumptions of backpropagation, or its equations, and see what happens.",
    discussion: """
      \(Question.allCases.map { "\($0.rawValue): \($0.text(.english)). " }.joined())\
      Without MODEL and DATA a small network and made-up data serve, and without a question the \
      questions are listed. Exit code 1 if something is not as the theory says.

      EXAMPLES:
        backprop whatif product
        backprop whatif mutants model.safetensors iris.csv --epochs 50
      """)

  /// What can be asked.
  enum Question: String, CaseIterable {
    case product
    case hiddenPenalty = "hidden-penalty"
    case l2
    case mutants
    case all

    /// What it shows.
    func text(_ language: Language) -> String { language.text("whatif.shows.\(rawValue)") }

    static let list = allCases.map(\.rawValue).joined(separator: ", ")

    static func named(_ name: String) throws -> Question {
      if let question = Question(rawValue: name) { return question }
      let suggestion =
        nearMatch(name, in: allCases.map(\.rawValue)).map { "did you mean \($0)? " } ?? ""
      throw UsageError(
        "there is no experiment \(name.quoted); \(suggestion)the names are \(list)")
    }

    var experiments: [Experiment] {
      switch self {
      case .product: [.product, .logarithm]
      case .hiddenPenalty: [.hiddenPenalty]
      case .l2: [.l2]
      case .mutants: []
      case .all: Experiment.allCases
      }
    }
  }

  @Argument(help: "\(Question.list). (default: list them)")
  var question: String?

  @Argument(help: "A model file; its weights for the experiments, its shape for the mutants.")
  var model: String?

  @Argument(help: "The data: a file, - for standard input, or a folder with IDX files.")
  var data: String?

  @Option(name: .long, help: "Targets of a model that names none: columns a,b,…")
  var target: String?

  @OptionGroup
  var member: MemberOption

  @OptionGroup(title: "Reading the data")
  var table: TableReadingOptions

  @Option(
    name: .long, parsing: .unconditional,
    help: "Examples of DATA to train the mutants on. (default: \(Self.defaultExamples))")
  var examples: Int?

  @Option(
    name: .long, parsing: .unconditional,
    help: "Epochs that each mutant is trained for. (default: \(MutantLab().epochs))")
  var epochs: Int?

  @Option(
    name: .long, parsing: .unconditional,
    help: "Learning rate of the mutants. (default: \(MutantLab().learningRate))")
  var learningRate: Double?

  @Option(
    name: .long, parsing: .unconditional, help: "The same seed gives the same weights and data.")
  var seed: UInt64 = 0

  @OptionGroup(title: "Output")
  var output: OutputOptions

  private static let defaultExamples = 500
  /// Examples of the experiments and of the gradient checks.
  private static let fewExamples = 16

  func run() throws {
    _ = try output.threadCount()
    let language = try output.language()
    guard let name = question else {
      if output.json { throw UsageError("--json without a question: give one of \(Question.list)") }
      return try printQuestions(language)
    }
    let question = try Question.named(name)
    let lab = try mutantLab()
    let subject = try subject()
    // Drawn, for files are often sorted by class.
    var random = RandomSource(seed: seed, purpose: .sampling, index: 1)
    let order = random.permutation(of: subject.data.count)
    let few = subject.data.subset(order.prefix(Self.fewExamples).sorted())
    let experimentLab = ExperimentLab(seed: seed)
    let experiments = try question.experiments.compactMap { experiment in
      do {
        // A product takes a few factors by itself, and wants to choose.
        return try experimentLab.run(
          experiment, subject.network, on: experiment.brokenAssumption == "I" ? subject.data : few)
      } catch let error as ExperimentError where question == .all {
        // The others may be possible all the same.
        output.note("warning: \(experiment.rawValue) is left out: \(error)")
        return nil
      }
    }
    let mutants =
      question == .mutants || question == .all
      ? lab.run(subject.freshNetwork, on: subject.data, checking: few, metrics: subject.metrics)
      : []
    let result = WhatIfResult(
      subject: subject, experiments: experiments, mutants: mutants, lab: lab)
    if output.json {
      try Terminal.printOutput(result.document.description)
    } else {
      for line in WhatIfText(result, language).lines { try Terminal.printOutput(line) }
    }
    if !result.passed { throw ExitCode(CommandFailure.badData) }
  }

  private func printQuestions(_ language: Language) throws {
    for line in LineBreaks.lines(of: language.text("whatif.questions"), width: 80) {
      try Terminal.printOutput(line)
    }
    for question in Question.allCases {
      try Terminal.printOutput("")
      try Terminal.printOutput("  backprop whatif \(question.rawValue)")
      try Terminal.printOutput("      \(question.text(language))")
    }
  }

  private func mutantLab() throws -> MutantLab {
    var lab = MutantLab(seed: seed)
    if let epochs {
      guard epochs >= 1 else { throw UsageError("--epochs \(epochs): give at least 1") }
      lab.epochs = epochs
    }
    if let learningRate {
      guard learningRate > 0, learningRate.isFinite else {
        throw UsageError("--learning-rate \(learningRate): give a number above 0")
      }
      lab.learningRate = learningRate
    }
    return lab
  }

  /// What the experiments are made with: the user's model and data, or the built-in ones.
  private func subject() throws -> WhatIfSubject {
    let count = examples ?? Self.defaultExamples
    guard count >= 2 else { throw UsageError("--examples \(count): give at least 2") }
    if model == nil, let number = member.member {
      throw UsageError("--member \(number) without a MODEL: give one, or leave it out")
    }
    guard let model else {
      let example = try LabExample(seed: seed)
      return WhatIfSubject(
        source: nil, network: example.network, freshNetwork: example.network, data: example.data,
        metrics: .classification(probabilities: true))
    }
    guard let data else {
      throw UsageError("MODEL \(model) without DATA: give both, or neither")
    }
    var arguments = LabelledDataArguments()
    arguments.model = model
    arguments.data = data
    arguments.target = target
    arguments.member = member
    arguments.table = table
    let opened = try arguments.open(output)
    let network: Network<Double> =
      switch opened.model.network {
      case .float(let network): network.converted(to: Double.self)
      case .double(let network): network
      }
    let dataset = try opened.dataset(for: network, rows: opened.randomRows(count, seed: seed))
    guard dataset.count >= 2 else {
      throw DataError(
        file: opened.table.file, Format.count(dataset.count, "example"),
        remedy: "an experiment needs at least 2")
    }
    let metrics = opened.coders.target.metrics(outputActivation: network.outputActivation)
    let loss = network.evaluate(on: dataset, metrics: metrics).loss
    guard loss.isFinite else { throw NonfiniteLossError(model: model, loss: loss) }
    // A trained network has little left to learn, under a mutant or not: its shape begins anew.
    let fresh = network.freshlyDrawn(seed: seed)
    return WhatIfSubject(
      source: (model, data), network: network, freshNetwork: fresh, data: dataset, metrics: metrics)
  }
}
