import Backprop

/// One step of training as `explain` and the page show it, verified.
package struct ExplainedStep<T: Scalar> {
  /// With the weights as they are, under any rule.
  package let network: Network<T>
  package let trace: Trace<T>
  package let verification: Verification

  /// Makes the step.
  ///
  /// - Parameters:
  ///   - numbers: Those of the examples in their data, from 1.
  ///   - configuration: That of the run which made the network; its penalties are those of the step.
  package init(
    _ network: Network<T>, on batch: Dataset<T>, numbers: [Int], rule: OptimizerRule,
    learningRate: Double, configuration: TrainingConfiguration?, pool: ThreadPool?
  ) {
    self.network = network.inOrdinaryForm
    let isOwnRule = configuration?.optimizer.name == rule.name
    let optimizer = Optimizer<T>(
      rule: rule,
      weightDecay: isOwnRule ? configuration?.weightDecay ?? 0 : rule.suggestedWeightDecay,
      for: self.network.parameters.layout)
    trace = self.network.trace(
      batch.batch, examples: numbers, optimizer: optimizer, learningRate: learningRate,
      l2Penalty: configuration?.effectiveL2Penalty(batch: batch.count) ?? 0,
      l1Penalty: configuration?.l1Penalty ?? 0, pool: pool)
    verification = trace.verification(for: self.network)
  }

  /// The rule of the step and its η: plain descent, unless another one is asked for; of the run's own rule with its
  /// numbers.
  package static func rule(
    _ asked: OptimizerRule?, of configuration: TrainingConfiguration?
  ) -> (rule: OptimizerRule, learningRate: Double) {
    let rule = asked ?? .sgd
    guard let configuration, configuration.optimizer.name == rule.name else {
      return (rule, rule.suggestedLearningRate)
    }
    return (configuration.optimizer, configuration.learningRate)
  }
}

extension Network {
  /// The row, from 0, with the largest loss of all, and the loss of all; nil if that is no finite number.
  package func rowOfLargestLoss(
    in dataset: Dataset<T>, metrics: MetricKind, pool: ThreadPool?
  ) -> (row: UInt32?, loss: Double) {
    let (evaluation, predictions) = evaluateKeepingPredictions(
      on: dataset, metrics: metrics, for: [], pool: pool)
    guard evaluation.loss.isFinite else { return (nil, evaluation.loss) }
    let losses = predictions.losses
    return (
      UInt32(losses.indices.reduce(0) { losses[$1] > losses[$0] ? $1 : $0 }), evaluation.loss
    )
  }
}
