import Backprop

/// The state of the layers after an epoch of a run, as `train --diagnose` shows it.
///
/// Only what is cheap: the flow of the error and the units on some training examples, and the update
/// that the run's own optimizer would make next. The trials of `Diagnosis` are not part of it.
package struct EpochDiagnosis: Codable, Sendable {
  /// The epoch that has just ended; 0 before the first step.
  package let epoch: Int
  /// Layers 2 … L; dead and saturated units are those of the measured examples.
  package let layers: [LayerDiagnosis]
  /// The most severe first.
  package let findings: [Finding]
}

/// Diagnoses a run before its first step and after each epoch.
package final class DiagnosisObserver<T: Scalar>: TrainingObserver {
  private var options: DiagnosisOptions
  private let report: (EpochDiagnosis) -> Void
  private var probe: DiagnosisProbe<T>?

  /// - Parameters:
  ///   - options: What is looked at. The run's configuration takes the place of the one that
  ///   stands there.
  ///   - report: Receives each diagnosis, on the trainer's thread.
  /// - Precondition: At least one example is looked at.
  package init(_ options: DiagnosisOptions, report: @escaping (EpochDiagnosis) -> Void) {
    precondition(options.examples >= 1, "a diagnosis of \(options.examples) examples")
    self.options = options
    self.report = report
  }

  package func begin(
    on training: TrainingExamples<T>, configuration: TrainingConfiguration
  ) throws(FileError) {
    options.configuration = configuration
    probe = DiagnosisProbe(
      on: try training.subset(options.rows(of: training.count)), of: training.count,
      options: options)
  }

  package func epochEnded(
    _ state: EpochState<T>, workspace: borrowing Workspace<T>
  ) {
    guard let probe else { return }
    report(
      probe.diagnosis(
        after: state.epoch, of: state.network, optimizer: state.optimizer,
        rate: state.learningRate, pool: state.pool))
  }
}

/// Diagnoses a run between its epochs, on copies: not one bit of the run depends on it.
struct DiagnosisProbe<T: Scalar> {
  private let measured: Batch<T>
  /// As many of the measured examples as a step takes, for the update.
  private let step: Batch<T>
  private let options: DiagnosisOptions
  private let examples: Int

  /// A schedule that has come down below this share of its peak makes the updates small by itself.
  private static var leastShareOfPeak: Double { 0.1 }

  /// - Parameters:
  ///   - data: The training examples that are measured on.
  ///   - examples: How many there are in all.
  ///   - options: What is looked at; its configuration must be the run's.
  init(on data: Dataset<T>, of examples: Int, options: DiagnosisOptions) {
    let rows = Array(0..<UInt32(data.count))
    measured = Batch(data, rows: rows)
    step = Batch(
      data, rows: Array(rows.prefix(options.configuration.examplesPerStep(of: examples))))
    self.options = options
    self.examples = examples
  }

  /// Looks at a network between two steps.
  ///
  /// - Parameters:
  ///   - epoch: The epoch that has just ended; 0 before the first step.
  ///   - network: Its state now.
  ///   - optimizer: The run's, with its moments; a copy makes one step.
  ///   - rate: η of that step.
  func diagnosis(
    after epoch: Int, of network: Network<T>, optimizer: Optimizer<T>, rate: Double,
    pool: ThreadPool?
  ) -> EpochDiagnosis {
    let bounds = options.thresholds
    var workspace = Workspace(for: network, capacity: measured.count)
    var gradient = network.makeGradient()
    var moved = network.parameters
    var optimizer = optimizer
    network.forward(step, in: &workspace, pool: pool)
    network.backward(in: &workspace, into: &gradient, pool: pool)
    gradient.addGradient(
      of: options.configuration.penalties(examples: examples, batch: step.count),
      at: network.parameters, pool: pool)
    gradient.clip(
      toNorm: options.configuration.clipNorm, value: options.configuration.clipValue, pool: pool)
    optimizer.update(&moved, along: gradient, rate: rate, pool: pool)

    let total = network.forward(measured, in: &workspace, pool: pool)
    let loss = network.reduction == .mean ? total : total / Double(measured.count)
    network.backward(in: &workspace, into: &gradient, pool: pool)
    var activity = ActivityCount(
      for: network, saturatedDerivative: bounds[.saturatedDerivative])
    activity.add(workspace)
    let layers = network.layerDiagnoses(
      in: workspace, activity: activity,
      updates: moved.updateRatios(from: network.parameters))
    var findings = bounds.findings(
      in: layers,
      judgesSmallUpdates: rate >= Self.leastShareOfPeak * options.configuration.learningRate,
      errorResolution: network.errorResolution(in: workspace))
    if epoch == 0, options.isUntrained,
      let finding = bounds.finding(
        lossAtStart: loss, of: network.lossOfGuessing.map { $0 * measured.meanWeight })
    {
      findings.append(finding)
    }
    return EpochDiagnosis(
      epoch: epoch, layers: layers,
      findings: findings.ranked().map {
        $0.advised(
          in: layers, scalesInputs: measured.largestInput(of: network.layers) > bounds[.inputSize])
      })
  }
}
