/// How far training chunk by chunk has come: the moments of the rule, and the passes that were made.
public struct PartialTraining<T: Scalar>: Sendable {
  /// The rule with its moments and its steps t.
  package internal(set) var optimizer: Optimizer<T>
  /// Chunks that were trained on.
  package private(set) var passes = 0
  /// Batches that they were cut into, of which each has its random numbers.
  private(set) var batches = 0

  /// Begins with zero moments.
  ///
  /// - Parameters:
  ///   - network: The network that is going to be trained.
  ///   - configuration: Its rule, its decay and the factors of both.
  /// - Throws: `ConfigurationError` if it does not suit the network, or cannot be trained by chunk.
  public init(
    for network: Network<T>, configuration: TrainingConfiguration
  ) throws(ConfigurationError) {
    try configuration.validate(byChunk: network)
    optimizer = Optimizer(
      rule: configuration.optimizer, weightDecay: configuration.weightDecay,
      factors: configuration.tensorFactors, for: network.parameters.layout)
  }

  fileprivate mutating func goOn(with optimizer: consuming Optimizer<T>, batches: Int) {
    self.optimizer = optimizer
    passes += 1
    self.batches += batches
  }
}

extension Trainer {
  /// Trains on one chunk of data, once through, and keeps what the rule remembers for the next.
  ///
  /// For data that arrive over time, or do not fit into memory; as `partial_fit` of scikit-learn, a call
  /// is one pass over the chunk in batches of `UpdateSettings.batchSize`. Moments and the count of steps t
  /// go on from chunk to chunk, so that without shuffling two calls with a batch each end with the bits of
  /// one epoch over both, the moments among them.
  ///
  /// ```swift
  /// let configuration = TrainingConfiguration(schedule: .constant)
  /// let trainer = try Trainer<Float>(configuration: configuration)
  /// var state = try PartialTraining(for: network, configuration: configuration)
  /// for chunk in chunks {
  ///   try trainer.partialFit(&network, on: chunk, metrics: metrics, state: &state)
  /// }
  /// ```
  ///
  /// Nobody knows how many chunks are to come, so the rate is constant; for another one go on with
  /// another trainer. Epochs, patience and monitor are not looked at. The examples of chunk n are
  /// shuffled as those of epoch n of a run. Batches are joined within a chunk, whose last update may
  /// hold fewer of them, and the n of `L2Scaling.perExample` is that of the chunk. Weights are not
  /// averaged: an average would have to outlive the call.
  ///
  /// - Parameters:
  ///   - network: Trained in place.
  ///   - chunk: At least one example.
  ///   - metrics: How outputs are judged.
  ///   - state: Where training has come to; changed with the network.
  /// - Returns: Loss and metrics of the chunk, as each batch met them.
  /// - Throws: `ConfigurationError` if the configuration does not suit the network, or has another schedule
  ///   than a constant one, an average of the weights or a rule that takes all examples; `DivergenceError`
  ///   if a number is not finite any more. Network and state are then as before the call.
  /// - Precondition: The rule is that of the state, which is of this network.
  @discardableResult
  public func partialFit(
    _ network: inout Network<T>, on chunk: Dataset<T>, metrics: MetricKind,
    state: inout PartialTraining<T>
  ) throws -> EpochReport {
    try configuration.validate(byChunk: network)
    let rule = configuration.optimizer
    precondition(
      state.optimizer.rule == rule, "rule \(rule), the state has \(state.optimizer.rule)")
    precondition(chunk.count >= 1, "a chunk without examples")
    let run = Run(self, network, .memory(chunk), nil, metrics)
    run.optimizer = state.optimizer
    run.batchesBefore = state.batches
    var last: EpochReport?
    let end = run.epoch(state.passes + 1, &network, { false }) { event in
      if case .epoch(let report) = event { last = report }
    }
    guard end != .diverged, let last else {
      // No epoch is the best one yet, so these are the weights of the start.
      let summary = run.finish(&network, .diverged)
      throw DivergenceError(divergence: summary.divergence)
    }
    state.goOn(
      with: run.optimizer, batches: (chunk.count + run.batchSize - 1) / run.batchSize)
    return last
  }
}

extension TrainingConfiguration {
  /// - Throws: `ConfigurationError` for what does not suit the network, or where more chunks are to come.
  fileprivate func validate<T: Scalar>(byChunk network: Network<T>) throws(ConfigurationError) {
    try validate(for: network)
    let rule = optimizer
    for (name, isGiven, problem) in [
      (
        "schedule", rateSchedule != .constant,
        "\(rateSchedule) needs to know how many chunks are to come: give constant"
      ),
      (
        "warmUp", warmUp ?? 0 > 0, "needs to know how many chunks are to come: give 0"
      ),
      (
        "optimizer", rule.takesAllExamples,
        "\(rule.name) takes all examples a step: use one that takes batches"
      ),
      (
        "ema", updates.ema != nil,
        "is an average that would end with the call: leave it out"
      ),
      (
        "swa", updates.swa != nil,
        "is an average that would end with the call: leave it out"
      ),
    ] where isGiven {
      throw ConfigurationError(name, problem)
    }
  }
}

/// A chunk on which a number became NaN or infinite.
public struct DivergenceError: UserError, Equatable {
  /// Where the first number arose that is not finite; nil if that is not known.
  public let divergence: Divergence?

  public var message: String {
    "\(divergence?.description ?? "the run diverged"); try a smaller learning rate"
  }
}
