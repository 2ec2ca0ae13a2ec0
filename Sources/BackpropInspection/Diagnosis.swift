import Backprop

/// What a diagnosis looks at, and by which bounds.
public struct DiagnosisOptions: Sendable {
  /// The run that the trial imitates: rule, learning rate, batch size, penalties, seed. Its schedule
  /// is not followed: the trial keeps to the full learning rate.
  public var configuration: TrainingConfiguration
  /// Examples, drawn at random, on which the flow of the error is measured; at least 1.
  package var examples = 256
  /// Steps of the trial, at least 1.
  package var steps = 50
  /// Examples to be learned by heart, at least 1.
  package var overfitExamples = 20
  /// The most steps that may take, at least 1.
  package var overfitSteps = 300
  /// Whether the network was never trained, so that its loss should be that of guessing.
  package var isUntrained = false
  package var thresholds = DiagnosisThresholds()

  /// Options with the usual numbers of examples and steps, and the usual bounds.
  ///
  /// - Parameter configuration: The run that the trial imitates; checked where the diagnosis begins.
  public init(configuration: TrainingConfiguration = TrainingConfiguration()) {
    self.configuration = configuration
  }

  /// - Throws: `ConfigurationError` with the first number that lies outside its range.
  package func validate() throws(ConfigurationError) {
    try configuration.validate()
    let counts = NumberRange.whole(1...100_000_000)
    for (name, value) in [
      ("examples", examples), ("steps", steps), ("overfitExamples", overfitExamples),
      ("overfitSteps", overfitSteps),
    ] { try counts.check(value, name) }
  }

  /// Rows of a data set to measure on, drawn without repetition, in ascending order.
  func rows(of count: Int) -> [UInt32] {
    guard examples < count else { return [UInt32](0..<UInt32(count)) }
    var random = RandomSource(seed: configuration.seed, purpose: .sampling)
    return random.permutation(of: count).prefix(examples).sorted()
  }
}

/// What the engine does with a user's own network and data: measures, and what is out of bounds.
///
/// Forward and backward passes, the optimizer and the trainer are the ones that train; all of them
/// work on copies. The same network, data and options give the same diagnosis, bit for bit.
///
/// ```swift
/// let diagnosis = try Diagnosis(of: network, on: data, metrics: .classification(probabilities: true))
/// for finding in diagnosis.findings { print(finding.code, finding.layer ?? 0, finding.whatToDo) }
/// ```
public struct Diagnosis: Codable, Sendable {
  /// Examples of the data set: dead and saturated units are counted over all of them.
  package let examples: Int
  /// Examples on which the flow of the error was measured.
  package let measuredExamples: Int
  /// C averaged over the data set, without penalties.
  public let loss: Double
  /// Layers 2 … L.
  public let layers: [LayerDiagnosis]
  /// Nil if the network gave numbers that are not finite before any step.
  package let trial: DiagnosisTrial?
  /// Nil likewise, and if the examples have nothing to tell apart.
  package let overfit: OverfitTrial?
  /// The first number of the pass over the data that is not finite, or the first such weight.
  package let firstNonfinite: Divergence?
  /// What follows from the most likely cause first, then the most severe.
  public let findings: [Finding]
  /// What most likely lies behind them, or held training back though nothing is out of bounds; nil if no
  /// cause has evidence.
  package let mostLikely: Cause?
  package let thresholds: DiagnosisThresholds

  /// Diagnoses a network on data. Neither is changed.
  ///
  /// - Parameters:
  ///   - network: The network.
  ///   - data: At least one example, of as many inputs and outputs as the network has.
  ///   - metrics: How outputs are judged.
  ///   - options: What is looked at.
  ///   - pool: Threads to use; nil for the caller's alone. Changes no bit.
  /// - Throws: `ConfigurationError` if a number of the options lies outside its range.
  public init<T: Scalar>(
    of network: Network<T>, on data: Dataset<T>, metrics: MetricKind,
    options: DiagnosisOptions = DiagnosisOptions(), pool: ThreadPool? = nil
  ) throws(ConfigurationError) {
    precondition(data.count >= 1, "a diagnosis without examples")
    try options.validate()
    try options.configuration.validate(for: network)
    let bounds = options.thresholds
    let survey = Survey(of: network, on: data, bounds, pool: pool)
    let measured = Batch(data, rows: options.rows(of: data.count))
    var workspace = Workspace(for: network, capacity: measured.count)
    var gradient = network.makeGradient()
    network.forward(measured, in: &workspace, pool: pool)
    network.backward(in: &workspace, into: &gradient, pool: pool)

    let isSound = survey.fault == nil
    let run =
      isSound
      ? TrialRun(of: network, on: data, measured: measured, options: options, pool: pool) : nil
    examples = data.count
    measuredExamples = measured.count
    loss = survey.loss
    layers = network.layerDiagnoses(
      in: workspace, activity: survey.activity, updates: run?.updates ?? [])
    trial = run?.record
    overfit =
      isSound
      ? OverfitTrial(
        of: network, on: data, metrics: metrics, options: options, threads: pool?.threads ?? 1)
      : nil
    firstNonfinite = survey.fault
    thresholds = bounds

    var findings: [Finding] = []
    if let fault = survey.fault { findings.append(Finding(nonFinite: fault)) }
    let constantLoss = network.loss.ofConstant(measured) ?? 0
    // Of some rows the constant may be better than of all, by which a trained network was made: with fresh
    // moments it wanders, and has diverged only where it knows less than that.
    let knowsNothing =
      options.isUntrained
      ? constantLoss : max(constantLoss, network.loss.ofConstant(data.batch) ?? 0)
    let ofTrial = trial.map {
      bounds.findings(
        in: $0, constantLoss: knowsNothing,
        findsSteps: options.configuration.optimizer.ignoresSchedule)
    }
    findings += ofTrial ?? []
    // A trial that blew up may end where nothing moves any more; a larger rate would be no remedy.
    let hasDiverged = findings.contains { $0.code == .divergence }
    // What a trial at the run's own settings makes of a network shows what they do.
    let end = hasDiverged ? nil : trial?.losses.last
    let share = [trial?.losses[0], end].compactMap { $0 }.reduce(0, max) / constantLoss
    let isConstant =
      !options.isUntrained && constantLoss > 0 && share > bounds[.constantShare]
    if isConstant {
      findings.append(
        Finding(.constantAnswers, value: share, threshold: bounds[.constantShare]))
    }
    // Nor would it be one for a network that has learned: its updates are small because it is done.
    // Else they are too small if the network would learn more from larger ones.
    // A rule that finds its own steps begins with some that do not matter if C comes down in the end.
    let finds = options.configuration.optimizer.ignoresSchedule
    findings += bounds.findings(
      in: layers,
      judgesSmallUpdates: !hasDiverged
        && (options.isUntrained || isConstant
          || layers.contains { $0.weightUpdateRatio ?? .infinity < bounds[.updateSmall] }
            && bounds.gains(network, on: data, measured, options, pool: pool)),
      judgesLargeUpdates: !finds || hasDiverged,
      errorResolution: network.errorResolution(in: workspace))
    if options.isUntrained, isSound,
      let finding = bounds.finding(
        lossAtStart: loss, of: network.lossOfGuessing.map { $0 * data.batch.meanWeight })
    {
      findings.append(finding)
    }
    if let overfit {
      let bound = bounds[overfit.measure.threshold]
      if !(overfit.score >= bound) {
        findings.append(Finding(.cannotOverfit, value: overfit.score, threshold: bound))
      }
    }
    let inputSize = measured.largestInput(of: network.layers)
    let cause = Cause(
      of: findings, in: network, on: data, loss: loss, inputSize: inputSize, options: options,
      pool: pool)
    mostLikely = cause
    let layers = layers
    self.findings = findings.ranked(by: cause).map {
      $0.advised(in: layers, scalesInputs: inputSize > bounds[.inputSize])
    }
  }
}

/// One forward pass over all data: its loss, what the units do, and the first number at fault.
private struct Survey<T: Scalar> {
  var loss = 0.0
  var activity: ActivityCount<T>
  var fault: Divergence?

  init(
    of network: Network<T>, on data: Dataset<T>, _ bounds: DiagnosisThresholds, pool: ThreadPool?
  ) {
    activity = ActivityCount(for: network, saturatedDerivative: bounds[.saturatedDerivative])
    var workspace = Workspace(for: network, capacity: network.chunk(of: data.count))
    let batches = Batches(
      inputs: data.storedInputs, targets: data.storedTargets,
      weights: data.weights.map { Matrix([$0]) },
      order: nil, size: network.chunk(of: data.count))
    if let fault = network.firstFaultOfParameters() {
      self.fault = Divergence(step: 0, epoch: 0, at: fault)
    }
    for batch in batches {
      let total = network.forward(batch, in: &workspace, scale: 1, pool: pool)
      if !total.isFinite, fault == nil {
        fault = Divergence(step: 0, epoch: 0, at: network.firstFault(in: workspace))
      }
      loss += total
      activity.add(workspace)
    }
    loss /= Double(data.count)
  }
}

extension Finding {
  fileprivate init(nonFinite fault: Divergence) {
    self.init(.nonFinite, layer: fault.layer, value: Double(fault.step), threshold: 0)
  }
}

extension DiagnosisThresholds {
  /// What a trial found.
  ///
  /// - Parameter constantLoss: C of the best constant outputs. Against it, too, the rise of C is
  ///   judged, so that a trained network whose C is near 0 does not seem to diverge when a step at
  ///   the full learning rate shakes it.
  /// - Parameter findsSteps: Whether the rule finds the size of its steps by itself; C is then judged
  ///   by where it ends.
  fileprivate func findings(
    in trial: DiagnosisTrial, constantLoss: Double, findsSteps: Bool
  ) -> [Finding] {
    var findings: [Finding] = []
    let start = max(trial.losses[0], constantLoss)
    // A rule that finds its own steps may begin with one far too large, and makes up for it.
    let rise = rise(of: trial.losses, constantLoss: constantLoss, isOfEnd: findsSteps)
    if let fault = trial.firstNonfinite {
      findings.append(Finding(nonFinite: fault))
      findings.append(Finding(.divergence, value: .infinity, threshold: self[.lossRise]))
    } else if rise > self[.lossRise] {
      findings.append(Finding(.divergence, value: rise, threshold: self[.lossRise]))
    }
    let ratio = trial.realChange / trial.predictedChange
    // One step that overshoots is no harm if those after it make up for it.
    let isMadeUpFor = trial.losses[trial.losses.count - 1] <= start
    if trial.predictedChange < 0, ratio < self[.changeRatio],
      !isMadeUpFor || !findings.isEmpty
    {
      findings.append(
        Finding(.stepTooLarge, .warning, value: ratio, threshold: self[.changeRatio]))
    }
    return findings
  }
}

extension DiagnosisThresholds {
  /// By what factor C rises above its start, or above that of constant outputs where that is more. A network
  /// that was shaken and in the end knows more than a constant again does not count as risen.
  ///
  /// - Parameter isOfEnd: Whether only the end counts, not the way there.
  func rise(of losses: [Double], constantLoss: Double, isOfEnd: Bool = false) -> Double {
    let (start, end) = (max(losses[0], constantLoss), losses[losses.count - 1])
    // Where nothing can be lost there is nothing to rise above.
    guard start > 0, !(end < bound(below: constantLoss)) else { return 0 }
    return end.isFinite ? (isOfEnd ? end : losses.max() ?? end) / start : .infinity
  }

  /// Whether a network learns more in the same steps at the usual rate and without clipping.
  fileprivate func gains<T: Scalar>(
    _ network: Network<T>, on data: Dataset<T>, _ measured: Batch<T>, _ options: DiagnosisOptions,
    pool: ThreadPool?
  ) -> Bool {
    var options = options
    let usual = options.configuration.optimizer.suggestedLearningRate
    let isSlow = options.configuration.learningRate < usual
    let updates = options.configuration.updates
    guard isSlow || updates.clipNorm != nil || updates.clipValue != nil else { return false }
    if isSlow { options.configuration.learningRate = usual }
    (options.configuration.updates.clipNorm, options.configuration.updates.clipValue) = (nil, nil)
    let losses = TrialRun(
      of: network, on: data, measured: measured, options: options, pool: pool
    ).record.losses
    return losses[losses.count - 1] < bound(below: losses[0])
  }
}

extension Loss {
  /// C, averaged over examples, of good outputs that are the same for all of them: their mean target,
  /// which is the best for squared error and the cross-entropies; 0, the undecided, for a hinge. Nil for
  /// a loss of a user's own.
  func ofConstant<T: Scalar>(_ batch: Batch<T>) -> Double? {
    if case .custom = self { return nil }
    let rows: [Int] =
      switch batch.rows {
      case .range(let range): Array(range)
      case .indices(let indices): indices.map(Int.init)
      }
    let weights = rows.map { row in batch.weights.map { Double($0[0, row]) } ?? 1 }
    let total = weights.reduce(0, +)
    guard total > 0 else { return nil }
    let y = batch.targets.selecting(rows.map { UInt32($0) }).numbers
    var constant = (0..<y.columns).map { column in
      zip(weights, rows.indices).reduce(0) { $0 + $1.0 * Double(y[$1.1, column]) } / total
    }
    if self == .hinge { constant = constant.map { _ in 0 } }
    let sum = zip(weights, rows.indices).reduce(0) { sum, example in
      let targets = y[row: example.1].map { Double($0) }
      let terms = textbookTerms(outputs: constant, targets: targets) ?? []
      return sum + example.0 * terms.reduce(0, +)
    }
    return sum / Double(rows.count)
  }
}

extension Batch {
  /// Σ wₓ / m: what a loss per example is multiplied by when it is averaged over the examples.
  var meanWeight: Double {
    guard let weights, count > 0 else { return 1 }
    let sum =
      switch rows {
      case .range(let range): range.reduce(0.0) { $0 + Double(weights[0, $1]) }
      case .indices(let indices): indices.reduce(0.0) { $0 + Double(weights[0, Int($1)]) }
      }
    return sum / Double(count)
  }

  /// The largest root mean square of an input that is a number.
  ///
  /// - Parameter layers: Of the network, whose first may look inputs up.
  func largestInput(of layers: [Layer]) -> Double {
    let codes = layers[0].columns?.codes ?? []
    let rows: [UInt32] =
      switch rows {
      case .range(let range): range.map { UInt32($0) }
      case .indices(let indices): Array(indices)
      }
    let x = inputs.selecting(rows).matrix(of: 0..<rows.count)
    return (0..<x.columns).filter { !codes.contains($0) }.map { column in
      (rows.indices.reduce(0) { $0 + Double(x[$1, column]) * Double(x[$1, column]) }
        / Double(rows.count)).squareRoot()
    }.max() ?? 0
  }

  /// Some rows of a data set.
  init(_ data: Dataset<T>, rows: [UInt32]) {
    self.init(
      inputs: data.storedInputs, targets: data.storedTargets,
      weights: data.weights.map { Matrix([$0]) },
      rows: .indices(rows[...]))
  }
}
