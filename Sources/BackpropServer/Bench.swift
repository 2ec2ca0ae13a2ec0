import Backprop
import BackpropInspection
import Synchronization

/// What the page asks about the network that stands or runs, each answer a document of its own command where there is one.
/// Nothing here computes a quantity: trace, check, diagnosis and experiments do.
protocol Bench: Sendable {
  var events: EventStream { get }
  var description: JSONValue { get }
  func start()
  func oneStep()
  func oneEpoch()
  func pause()
  func rewind()
  func stop()
  func change(rate: Double)
  func back(to epoch: Int) -> Bool
  /// The document of the view Step.
  func step(rows: [Int]?) throws -> String
  func nudges(rows: [Int]?, layer: Int, neuron: Int) throws -> JSONValue
  func setWeight(layer: Int, to: Int, from: Int, value: Double?) throws
  func check(mutant: Mutant?) throws -> JSONValue
  func diagnosis() throws -> JSONValue
  func whatIf(_ experiments: [Experiment], mutants: Bool) throws -> JSONValue
  func boundary(x: Int, y: Int) throws -> JSONValue
  func confusion() throws -> JSONValue
  func model() throws -> [UInt8]
}

/// A refusal that the page shows.
struct StudioError: Error, CustomStringConvertible {
  let description: String

  init(_ description: String) { self.description = description }
}

/// The bench of a network of one precision.
final class BenchOf<T: Scalar>: Bench {
  private let run: Run<T>
  private var subject: Subject<T> { run.subject }
  /// The network before somebody set a weight by hand; nil if nobody has.
  private let unedited = Mutex<Network<T>?>(nil)
  /// The rows that are asked about by default.
  private let defaultRow = Mutex<UInt32?>(nil)

  /// The most rows that a page shows in a step.
  static var mostRows: Int { 64 }
  private static var rowsOfCheck: Int { 32 }
  private static var entriesOfCheck: Int { 24 }
  private static var rowsOfExperiments: Int { 500 }
  private static var fewRows: Int { 16 }
  private static var rowsOfConfusion: Int { 5_000 }
  private static var gridOfBoundary: Int { 40 }
  private static var pointsOfBoundary: Int { 300 }

  init(_ subject: Subject<T>, threads: Int) { run = Run(subject, threads: threads) }

  var events: EventStream { run.events }
  func start() { leavingEdits(run.start) }
  func oneStep() { leavingEdits(run.oneStep) }
  func oneEpoch() { leavingEdits(run.oneEpoch) }
  func pause() { run.pause() }
  func rewind() {
    unedited.withLock { $0 = nil }
    run.rewind()
  }
  func stop() { run.stop() }
  func change(rate: Double) { leavingEdits { run.change(rate: rate) } }
  func back(to epoch: Int) -> Bool {
    unedited.withLock { $0 = nil }
    return run.back(to: epoch)
  }

  /// Training goes on without what was set by hand; a run that has ended stays as it is.
  private func leavingEdits(_ order: () -> Void) {
    if run.description["status"]?.string != Run<T>.Status.ended.rawValue {
      unedited.withLock { $0 = nil }
    }
    order()
  }

  var description: JSONValue {
    let (target, network) = (subject.coders.target, subject.network)
    return [
      "schema": "backprop.studio/1", "model": .string(subject.names.model.shown()),
      "data": .string(subject.names.data.shown()), "rows": JSONValue(subject.table.rowCount),
      "columns": .array(
        subject.table.columns.prefix(200).map { .string($0.name.shown()) }),
      "target": JSONValue(target.columns.map { $0.shown() }),
      "labels": JSONValue(target.labels.prefix(200).map { $0.shown() }),
      "inputs": JSONValue(inputNames), "sizes": JSONValue(network.sizes),
      "parameters": JSONValue(network.parameterCount),
      "training": JSONValue(subject.training.count),
      "validation": JSONValue(subject.validation?.count ?? 0),
      "loss": .string(network.loss.description),
      "activations": .array(network.layers.map { .string($0.activation.description) }),
      "configuration": subject.configuration.json, "run": run.description,
      "warnings": JSONValue(subject.warnings.map { $0.shown(limit: 300) }),
    ]
  }

  private var inputNames: [String] {
    let names = subject.coders.encoder?.outputNames ?? []
    return names.count == subject.network.inputCount
      ? names.prefix(500).map { $0.shown() }
      : (1...subject.network.inputCount).prefix(500).map { "x\($0)" }
  }

  // MARK: Step

  /// Rows from 1 as those of the table from 0, ascending; the one with the largest loss if none is named.
  private func rows(_ numbers: [Int]?, _ network: Network<T>) throws -> [UInt32] {
    if let numbers {
      let count = subject.table.rowCount
      guard !numbers.isEmpty, numbers.count <= Self.mostRows else {
        throw StudioError("a step shows 1 to \(Self.mostRows) rows")
      }
      guard numbers.allSatisfy({ (1...count).contains($0) }) else {
        throw StudioError("the data has \(Format.count(count, "row")), numbered from 1")
      }
      return Set(numbers.map { UInt32($0 - 1) }).sorted()
    }
    return try defaultRow.withLock { row in
      if let row { return [row] }
      let some = subject.randomRows(Self.rowsOfConfusion)
      let found = network.rowOfLargestLoss(
        in: try subject.examples(some), metrics: subject.metrics, pool: nil)
      row = some[Int(found.row ?? 0)]
      return [row ?? 0]
    }
  }

  func step(rows numbers: [Int]?) throws -> String {
    let network = run.network
    let rows = try rows(numbers, network)
    var configuration = subject.configuration
    configuration.learningRate = run.learningRate
    let (rule, rate) = ExplainedStep<T>.rule(nil, of: configuration)
    let step = ExplainedStep(
      network, on: try subject.examples(rows), numbers: rows.map { Int($0) + 1 }, rule: rule,
      learningRate: rate, configuration: subject.configuration, pool: nil)
    let json = ExplainJSON(
      trace: step.trace, verification: step.verification,
      isVerified: step.verification.verified)
    return StepPage(
      json, .english, model: subject.names.model, data: subject.names.data, coders: subject.coders
    ).json
  }

  func nudges(rows numbers: [Int]?, layer: Int, neuron: Int) throws -> JSONValue {
    let network = run.network.inOrdinaryForm
    let experiment = DeltaExperiment(
      network, on: try subject.examples(try rows(numbers, network)))
    guard let losses = experiment.losses(layer: layer, neuron: neuron) else { return .null }
    return ["changes": JSONValue(DeltaExperiment<T>.changes), "losses": JSONValue(losses)]
  }

  func setWeight(layer: Int, to: Int, from: Int, value: Double?) throws {
    guard run.description["status"]?.string != Run<T>.Status.running.rawValue else {
      throw StudioError("a weight can be set while the run is paused")
    }
    let network = run.network
    guard !network.layers.contains(where: \.isNTK) else {
      throw StudioError(
        "weights of a network in NTK form stand for others, and are not set by hand")
    }
    guard let value else {
      if let before = unedited.withLock({ before in
        defer { before = nil }
        return before
      }) {
        run.show(before)
      }
      return
    }
    guard
      let tensor = network.parameters.layout.tensors.first(where: {
        $0.layer + 2 == layer && $0.role == .weight
      }), (1...tensor.shape[0]).contains(to), (1...tensor.shape[1]).contains(from)
    else { throw StudioError("there is no weight of layer \(layer) to \(to) from \(from)") }
    guard value.isFinite, T(value).isFinite else {
      throw StudioError("\(value) is no finite number of \(T.precisionName) precision")
    }
    unedited.withLock { $0 = $0 ?? network }
    var edited = network
    var elements = edited.parameters.elements(of: tensor)
    elements[(to - 1) * tensor.shape[1] + from - 1] = T(value)
    edited.parameters.setElements(of: tensor, to: elements)
    run.show(edited)
  }

  // MARK: Check, doctor, what if

  private var inDouble: Network<Double> { run.network.converted(to: Double.self) }

  private func examplesInDouble(
    _ rows: [UInt32], _ network: Network<Double>
  ) throws -> Dataset<Double> {
    try subject.coders.dataset(of: subject.table, rows: rows, for: network)
  }

  private func require(_ loss: Double) throws {
    guard loss.isFinite else {
      throw StudioError("the loss is \(loss.shortestText), so it has no gradient: rewind the run")
    }
  }

  func check(mutant: Mutant?) throws -> JSONValue {
    let network = inDouble
    let data = try examplesInDouble(subject.randomRows(Self.rowsOfCheck), network)
    try require(network.evaluate(on: data, metrics: subject.metrics).loss)
    if let mutant, !mutant.differs(for: network, on: data) {
      throw StudioError("\(mutant.rawValue) is no mistake for this network on these examples")
    }
    var check = GradientCheck(entriesPerTensor: Self.entriesOfCheck)
    check.l1Penalty = subject.configuration.l1Penalty ?? 0
    let gradient = check.run(
      network, on: data, pool: nil,
      backward: mutant.map { mutant in
        { network, workspace, gradient in
          mutant.backward(network, in: &workspace, into: &gradient)
        }
      })
    let assumptions = AssumptionCheck(seed: 0)
    return CheckResult(
      model: subject.names.model, data: subject.names.data, rows: subject.table.rowCount,
      network: network, gradient: gradient,
      assumptionI: assumptions.sumOverExamples(network, data),
      assumptionII: assumptions.functionOfOutputs(network, data), mutant: mutant,
      hasFixedStep: false
    ).document()
  }

  func diagnosis() throws -> JSONValue {
    var options = DiagnosisOptions(configuration: subject.configuration)
    options.isUntrained = !subject.isTrained && run.description["step"]?.int == 0
    return try Diagnosis(
      of: run.network, on: subject.training, metrics: subject.metrics, options: options, pool: nil
    ).json
  }

  func whatIf(_ experiments: [Experiment], mutants: Bool) throws -> JSONValue {
    let network = inDouble
    let data = try examplesInDouble(subject.randomRows(Self.rowsOfExperiments), network)
    guard data.count >= 2 else { throw StudioError("an experiment needs at least 2 rows") }
    try require(network.evaluate(on: data, metrics: subject.metrics).loss)
    var random = RandomSource(seed: 0, purpose: .sampling, index: 1)
    let few = data.subset(random.permutation(of: data.count).prefix(Self.fewRows).sorted())
    let whatIf = WhatIfSubject(
      source: (subject.names.model, subject.names.data), network: network,
      freshNetwork: network.freshlyDrawn(seed: 0), data: data, metrics: subject.metrics)
    let lab = MutantLab(seed: 0)
    let laboratory = ExperimentLab(seed: 0)
    let reports = try experiments.map {
      try laboratory.run($0, network, on: $0.brokenAssumption == "I" ? data : few)
    }
    return WhatIfResult(
      subject: whatIf, experiments: reports,
      mutants: mutants
        ? lab.run(whatIf.freshNetwork, on: data, checking: few, metrics: subject.metrics) : [],
      lab: lab
    ).document
  }

  // MARK: Pictures of what the network says

  /// What the network says in the plane of two inputs, the others at their median. Inputs are as the network has them,
  /// scaled.
  func boundary(x: Int, y: Int) throws -> JSONValue {
    let inputs = subject.training.inputs
    let names = inputNames
    guard inputs.columns >= 2, x != y, names.indices.contains(x), names.indices.contains(y) else {
      throw StudioError("give two of the first \(names.count) inputs, from 0")
    }
    let shown = Array(
      stride(
        from: 0, to: inputs.rows, by: max(1, inputs.rows / Self.pointsOfBoundary)))
    let columns = (0..<inputs.columns).map { column in shown.map { inputs[$0, column] }.sorted() }
    let medians = columns.map { $0[$0.count / 2] }
    func axis(_ column: Int) -> [T] {
      let (low, high) = (columns[column][0], columns[column][columns[column].count - 1])
      let room = (high - low) / 10 + (high > low ? 0 : 1)
      let step = (high - low + 2 * room) / T(Self.gridOfBoundary - 1)
      return (0..<Self.gridOfBoundary).map { low - room + T($0) * step }
    }
    let (xs, ys) = (axis(x), axis(y))
    var grid = Matrix<T>(rows: xs.count * ys.count, columns: inputs.columns)
    for (row, valueOfY) in ys.enumerated() {
      for (place, valueOfX) in xs.enumerated() {
        var values = medians
        (values[x], values[y]) = (valueOfX, valueOfY)
        grid.setRow(row * xs.count + place, to: values)
      }
    }
    let network = run.network
    let says = answers(network.predictions(for: grid, pool: nil))
    let truth = classes(of: subject.training)
    return [
      "x": ["name": .string(names[x]), "values": JSONValue(xs)],
      "y": ["name": .string(names[y]), "values": JSONValue(ys)],
      "says": .array(
        says.map { [JSONValue($0.answer), JSONValue($0.confidence)] }),
      "points": .array(
        shown.map { row in
          [
            JSONValue(inputs[row, x]), JSONValue(inputs[row, y]),
            truth.map { JSONValue($0[row]) } ?? JSONValue(subject.training.targets[row, 0]),
          ]
        }),
      "isClassification": JSONValue(truth != nil),
    ]
  }

  /// The class and how sure the network is of it; of a regression the number, in its own scale.
  private func answers(_ outputs: Matrix<T>) -> [(answer: Double, confidence: Double)] {
    let isClassification = subject.coders.target.task == .classification
    return (0..<outputs.rows).map { row in
      let values = (0..<outputs.columns).map { Double(outputs[row, $0]) }
      guard isClassification else { return (values[0], 1) }
      if values.count == 1 {
        return values[0] > 0.5 ? (1, values[0]) : (0, 1 - values[0])
      }
      let best = values.indices.reduce(0) { values[$1] > values[$0] ? $1 : $0 }
      return (Double(best), values[best])
    }
  }

  private func classes(of examples: Dataset<T>) -> [Int]? {
    let target = subject.coders.target
    guard target.task == .classification else { return nil }
    let codes: [Int] = target.codes(of: examples)
    return codes
  }

  func confusion() throws -> JSONValue {
    let rows = subject.randomRows(Self.rowsOfConfusion)
    let examples = try subject.examples(rows)
    guard let truth = classes(of: examples) else {
      throw StudioError("a confusion matrix is of classes")
    }
    let labels = subject.coders.target.labels
    guard labels.count <= 50 else { throw StudioError("there are more than 50 classes") }
    let says = answers(run.network.predictions(for: examples.inputs, pool: nil))
    var counts = [[Int]](repeating: .init(repeating: 0, count: labels.count), count: labels.count)
    var some = [[[Int]]](repeating: .init(repeating: [], count: labels.count), count: labels.count)
    for (place, row) in rows.enumerated() {
      let (own, said) = (truth[place], Int(says[place].answer))
      counts[own][said] += 1
      if some[own][said].count < 8 { some[own][said].append(Int(row) + 1) }
    }
    return [
      "labels": JSONValue(labels.map { $0.shown() }),
      "counts": .array(counts.map { JSONValue($0) }),
      "rows": .array(some.map { .array($0.map { JSONValue($0) }) }),
      "examples": JSONValue(rows.count),
    ]
  }

  func model() throws -> [UInt8] {
    let model = Model(
      members: [AnyNetwork(run.network)], encoder: subject.coders.encoder,
      targetEncoder: subject.coders.target, configuration: subject.configuration,
      weights: subject.coders.weights)
    let file = try ScratchFile()
    _ = try model.write(to: file.path)
    return try file.bytes()
  }
}
