import Foundation
import Testing

@testable import Backprop
@testable import BackpropInspection

@Suite("Early stopping")
struct EarlyStoppingTests {
  /// An evaluation of `right` of 8 examples in one of two classes, with a loss.
  func evaluation(right: Int, loss: Double, watched: WatchedMetric? = nil) -> Evaluation {
    var metrics = Metrics(kind: .classification(probabilities: false), outputs: 1)
    let a = Matrix((0..<8).map { [$0 < right ? 1.0 : 0] })
    let y = Matrix((0..<8).map { _ in [1.0] })
    metrics.add(outputs: a.view(from: 0), targets: y.view(from: 0), rows: 0..<8)
    var evaluation = Evaluation(loss: loss, metrics: metrics)
    evaluation.watched = watched
    return evaluation
  }

  /// Plays a sequence of epochs, and returns the best and the one after which the run stops.
  func play(
    patience: Int, _ monitor: Monitor?, _ epochs: [Evaluation]
  ) throws -> (best: Int, end: Int?) {
    let parameters = try Network<Float>(
      sizes: [1, 1], activations: [.identity], loss: .squaredError
    ).parameters
    var stopping = EarlyStopping(patience: patience, monitor: monitor, initial: parameters)
    for (index, evaluation) in epochs.enumerated() {
      _ = stopping.record(epoch: index + 1, evaluation: evaluation, parameters: parameters)
      if stopping.isExhausted(after: index + 1) { return (stopping.bestEpoch, index + 1) }
    }
    return (stopping.bestEpoch, nil)
  }

  @Test("Without a monitor the lowest loss is the best, of classes too; patience counts from it")
  func usual() throws {
    let epochs = [(4, 1.0), (6, 0.9), (5, 0.1), (6, 0.8), (7, 0.6)]
      .map { evaluation(right: $0.0, loss: $0.1) }
    #expect(try play(patience: 2, nil, epochs) == (3, 5))
    #expect(try play(patience: 3, nil, epochs) == (3, nil))
  }

  @Test("By accuracy the highest is the best, of equals the one with the lowest loss")
  func byAccuracy() throws {
    let monitor = Monitor(metric: .accuracy)
    let epochs = [(4, 1.0), (6, 0.9), (5, 0.1), (6, 0.8), (6, 0.8), (5, 0.7), (7, 0.6)]
      .map { evaluation(right: $0.0, loss: $0.1) }
    // Better: 1, 2, 4 (same accuracy, lower loss). Epochs 5 and 6 are not: patience 2 ends after 6.
    #expect(try play(patience: 2, monitor, epochs) == (4, 6))
    #expect(try play(patience: 3, monitor, epochs) == (7, nil))
    #expect(try play(patience: 1, monitor, epochs) == (2, 3))
  }

  @Test("A loss is watched downwards; improvements below δ keep weights but renew no patience")
  func minimumDelta() throws {
    let losses = [1.0, 0.875, 0.8125, 0.75, 0.75, 0.5, 0.4375, 0.40625]
    let epochs = losses.map { evaluation(right: 4, loss: $0) }
    // δ = ¼, from 1: 0.875 and 0.8125 are less than ¼ better, 0.75 is exactly ¼ better (epoch 4).
    // From 0.75: 0.5 is (6). From 0.5: 0.4375, 0.40625 are not, but they are the best weights.
    let monitor = Monitor(metric: .loss, minimumDelta: 0.25)
    #expect(try play(patience: 3, monitor, epochs) == (8, nil))
    #expect(try play(patience: 2, monitor, epochs) == (3, 3))
    let longer = epochs + [evaluation(right: 4, loss: 0.390625)]
    #expect(try play(patience: 3, monitor, longer) == (9, 9))
    // Without δ every epoch but the fifth is better.
    #expect(try play(patience: 2, Monitor(metric: .loss), epochs) == (8, nil))
    // By accuracy: with δ = ¼ two more of 8 are needed, whatever the loss.
    let right = [4, 5, 6, 7, 7].map { evaluation(right: $0, loss: 1 / Double($0)) }
    #expect(try play(patience: 2, Monitor(metric: .accuracy, minimumDelta: 0.25), right) == (4, 5))
  }

  @Test("A metric that is not defined is worse than any number; among its like the loss decides")
  func undefined() throws {
    func watched(_ value: Double, _ loss: Double) -> Evaluation {
      evaluation(right: 4, loss: loss, watched: WatchedMetric(metric: .rocAUC, value: value))
    }
    let monitor = Monitor(metric: .rocAUC)
    #expect(
      try play(patience: 2, monitor, [watched(.nan, 3), watched(.nan, 2), watched(.nan, 4)]) == (
        2, nil
      )
    )
    #expect(
      try play(patience: 2, monitor, [watched(.nan, 1), watched(0.5, 2), watched(.nan, 0)]) == (
        2, nil
      ))
    #expect(
      try play(patience: 2, monitor, [watched(0.75, 1), watched(0.5, 0), watched(0.25, 0)]) == (
        1, 3
      ))
  }

  @Test("A run keeps the epoch with the best watched metric, computed of its own outputs")
  func run() throws {
    var random = RandomSource(seed: 1, purpose: .sampling)
    let x = (0..<60).map { _ in [random.normal(), random.normal()] }
    let y = x.map { [$0[0] + 0.5 * $0[1] + random.normal() > 0 ? 1.0 : 0] }
    let all = Dataset<Float>(
      inputs: Matrix<Double>(x).converted(), targets: Matrix<Double>(y).converted())
    let (training, validation) = (all.subset(Array(0..<40)), all.subset(Array(40..<60)))
    let start = try Network<Float>(
      sizes: [2, 8, 1], activations: [.tanh, .sigmoid], loss: .binaryCrossEntropy, seed: 2)
    let kind = MetricKind.classification(probabilities: true)
    for metric: Metric in [.rocAUC, .brier, .matthewsCorrelation, .logLoss] {
      var network = start
      var best: (epoch: Int, value: Double)?
      let trainer = try Trainer<Float>(
        configuration: TrainingConfiguration(
          learningRate: 0.05, epochs: 12, monitor: Monitor(metric: metric)))
      let summary = try trainer.train(&network, on: training, validation: validation, metrics: kind)
      {
        guard case .epoch(let report) = $0, let value = report.validation?.value(of: metric) else {
          return
        }
        let isBetter = best.map { metric.isHigherBetter ? value > $0.value : value < $0.value }
        if isBetter ?? true { best = (report.epoch, value) }
      }
      #expect(summary.validation?.value(of: metric) == best?.value, "\(metric)")
      #expect(
        network.evaluateKeepingPredictions(on: validation, metrics: kind).predictions
          .value(of: metric) == best?.value)
      #expect(metric == .matthewsCorrelation || summary.bestEpoch == best?.epoch)
    }
  }

  @Test("A configuration of before there were monitors is still read, and one without writes none")
  func oldConfigurations() throws {
    let old = try JSONEncoder().encode(TrainingConfiguration(patience: 3))
    #expect(!String(decoding: old, as: UTF8.self).contains("metric"))
    #expect(try JSONDecoder().decode(TrainingConfiguration.self, from: old).monitor == nil)
    let older = Array(#"{"stopping": {"monitor": "roc-auc"}}"#.utf8)
    #expect(
      try JSONDecoder().decode(TrainingConfiguration.self, from: Data(older)).stopping.metric
        == .rocAUC)
    let new = TrainingConfiguration(monitor: Monitor(metric: .topK(3), minimumDelta: 0.01))
    let data = try JSONEncoder().encode(new)
    #expect(try JSONDecoder().decode(TrainingConfiguration.self, from: data) == new)
  }
}
