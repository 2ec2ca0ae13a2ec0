import ArgumentParser
import Backprop
import BackpropInspection

/// `backprop check MODEL DATA`: the gradient of a model against differences of its loss.
struct CheckCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "check",
    abstract: "Check backpropagation of a model against central differences of its loss.",
    discussion: """
      The four equations run on some examples, in double precision; some entries of every tensor \
      are compared with differences of the loss alone, and the failing ones name the equation that is \
      wrong. Then both assumptions about the loss are certified. --mutant breaks an equation on \
      purpose, to see the check fail. Exit code 1 if the check fails.

      EXAMPLES:
        backprop check model.safetensors iris.csv
        backprop check model.safetensors iris.csv --mutant no-bp3 --language ko
      """)

  @OptionGroup
  var arguments: LabelledDataArguments

  @Option(
    name: .long, parsing: .unconditional,
    help: "Examples to check on, drawn at random. (default: \(Self.defaultExamples))")
  var examples: Int?

  @Option(
    name: .long, parsing: .unconditional,
    help: "Entries of each tensor, or all. (default: \(Self.defaultEntries))")
  var parameters: String?

  @Option(
    name: .customLong("h"), parsing: .unconditional,
    help: "The step of the differences: auto, or a number such as 1e-5. (default: auto)")
  var step: String?

  @Option(
    name: .long, parsing: .unconditional, help: "The same seed draws the same examples and entries."
  )
  var seed: UInt64 = 0

  @Option(name: .long, help: "Break the engine: \(MutantNames.list).")
  var mutant: String?

  @OptionGroup(title: "Output")
  var output: OutputOptions

  private static let defaultExamples = 32
  private static let defaultEntries = 24
  /// λ of the regulariser's check if the model was trained without: any number serves.
  private static let defaultPenalty = 1e-3

  func run() throws {
    let threads = try output.threadCount()
    let language = try output.language()
    let count = examples ?? Self.defaultExamples
    guard count >= 1 else { throw UsageError("--examples \(count): give at least 1") }
    let mutant = try mutant.map(MutantNames.mutant)
    let step = try stepSize()
    let entries = try entriesPerTensor()
    let opened = try arguments.open(preferringTest: true, output)
    let network: Network<Double> =
      switch opened.model.network {
      case .float(let network): network.converted(to: Double.self)
      case .double(let network): network
      }
    // Of a whole batch, where the batch has a part in it.
    let penalty = opened.model.configuration?.effectiveL2Penalty() ?? 0
    var check = GradientCheck(
      entriesPerTensor: entries, step: step,
      l2Penalty: penalty > 0 ? penalty : Self.defaultPenalty, seed: seed)
    check.l1Penalty = opened.model.configuration?.l1Penalty ?? 0
    let data = try opened.dataset(for: network, rows: opened.randomRows(count, seed: seed))
    guard data.count > 0 else {
      throw DataError(file: opened.table.file, "no examples", remedy: "give at least one row")
    }
    if let mutant { try MutantNames.require(mutant, isMistakeOf: network, on: data) }
    let loss = network.evaluate(
      on: data, metrics: opened.coders.target.metrics(outputActivation: network.outputActivation)
    ).loss
    guard loss.isFinite else { throw NonfiniteLossError(model: arguments.model, loss: loss) }

    let pool =
      network.parameterCount * data.count > Self.smallWork ? ThreadPool.of(threads) : nil
    let gradient = check.run(
      network, on: data, pool: pool,
      backward: mutant.map { mutant in
        { network, workspace, gradient in
          mutant.backward(network, in: &workspace, into: &gradient)
        }
      })
    let assumptions = AssumptionCheck(seed: seed)
    let result = CheckResult(
      model: arguments.model, data: arguments.data, rows: opened.table.rowCount,
      network: network, gradient: gradient,
      assumptionI: assumptions.sumOverExamples(network, data),
      assumptionII: assumptions.functionOfOutputs(network, data), mutant: mutant,
      hasFixedStep: step != .auto)
    if output.json {
      try Terminal.printOutput(result.document().description)
    } else {
      for text in CheckText(result, language).lines {
        // A text may have several lines.
        for line in text.split(separator: "\n", omittingEmptySubsequences: false) {
          try Terminal.printOutput(String(line))
        }
      }
    }
    if !result.passed { throw ExitCode(CommandFailure.badData) }
  }

  /// Multiplications of a pass below which threads cost more than they bring.
  private static let smallWork = 500_000

  private func stepSize() throws -> GradientCheck.Step {
    guard let step, step != "auto" else { return .auto }
    guard let h = Double(step), h > 0, h.isFinite else {
      throw UsageError("--h \(step): give auto, or a number above 0 such as 1e-5")
    }
    return .fixed(h)
  }

  private func entriesPerTensor() throws -> Int? {
    guard let parameters else { return Self.defaultEntries }
    if parameters == "all" { return nil }
    guard let count = Int(parameters), count >= 1 else {
      throw UsageError("--parameters \(parameters): give all, or a number of at least 1")
    }
    return count
  }
}

/// The names of mutants on the command line.
enum MutantNames {
  static let list = Mutant.allCases.map(\.rawValue).joined(separator: ", ")

  static func mutant(_ name: String) throws -> Mutant {
    if let mutant = Mutant(rawValue: name) { return mutant }
    let suggestion =
      nearMatch(name, in: Mutant.allCases.map(\.rawValue)).map { "did you mean \($0)? " } ?? ""
    throw UsageError("there is no mutant \(name.quoted); \(suggestion)the names are \(list)")
  }

  /// Refuses a mutant that is no mistake for this network on these examples.
  static func require(
    _ mutant: Mutant, isMistakeOf network: Network<Double>, on examples: Dataset<Double>
  ) throws {
    guard !mutant.differs(for: network, on: examples) else { return }
    let others = Mutant.allCases.filter { $0.differs(for: network, on: examples) }.map(\.rawValue)
    guard !others.isEmpty else {
      throw UsageError(
        "--mutant \(mutant.rawValue) is no mistake here, nor is any other: the gradient of this "
          + "network is 0 on these examples")
    }
    throw UsageError(
      "--mutant \(mutant.rawValue) is no mistake for a network "
        + "\(network.sizes.map(String.init).joined(separator: "–")) with "
        + "\(network.layers.map(\.activation.description).joined(separator: ",")): use one of "
        + others.joined(separator: ", "))
  }
}

/// A model whose loss says nothing.
struct NonfiniteLossError: UserError {
  let model: String
  let loss: Double

  var message: String {
    "the loss of \(model) on these examples is \(Format.fixed(loss, 0)), so it has no gradient: use a "
      + "model that has not diverged, or data in the range that it was made for"
  }
}
