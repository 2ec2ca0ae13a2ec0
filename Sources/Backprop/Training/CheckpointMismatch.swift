/// Why a checkpoint does not belong to the run that is to go on from it.
package struct CheckpointMismatch: UserError, Equatable {
  /// One thing that is not as it was.
  package struct Difference: Hashable, Sendable {
    /// What it is: "network", "training data", or a key of the configuration such as "epochs".
    package let name: String
    package let now: String
    package let before: String
    /// Whether a run can go on all the same, if that is what is wanted.
    package let canBeForced: Bool

    package init(_ name: String, now: String, before: String, canBeForced: Bool = true) {
      self.name = name
      self.now = now
      self.before = before
      self.canBeForced = canBeForced
    }
  }

  package let differences: [Difference]

  package var message: String {
    let list = differences.map { "\($0.name): \($0.now), the checkpoint has \($0.before)" }
    return "the checkpoint is of another run: \(list.joined(separator: "; "))"
  }
}

extension Checkpoint {
  /// What is not as it was when the checkpoint was made; empty if a run can go on with the same bits.
  ///
  /// - Parameters:
  ///   - configuration: The configuration of the run that is to go on.
  ///   - network: Its network, whose weights are not looked at.
  ///   - data: Its data.
  ///   - metrics: How outputs are judged.
  ///   - version: The version of the engine.
  package func differences(
    from configuration: TrainingConfiguration, _ network: Network<T>, _ data: DataFingerprint,
    metrics: MetricKind, version: String = EngineVersion.current
  ) -> [CheckpointMismatch.Difference] {
    let configuration = configuration.resolved(
      examples: data.training.examples, hasValidation: data.validation != nil)
    return networkDifferences(network) + optimizerDifferences(configuration, network)
      + configurationDifferences(configuration)
      + dataDifferences(data, metrics: metrics)
      + blockDifferences(configuration, network, data)
      + (version == self.version
        ? [] : [CheckpointMismatch.Difference("version", now: version, before: self.version)])
  }

  private func networkDifferences(_ other: Network<T>) -> [CheckpointMismatch.Difference] {
    func text(_ layers: [Layer]) -> String {
      let sizes = ([layers[0].inputs] + layers.map(\.outputs)).map(String.init)
      return sizes.joined(separator: "–")
        + " (\(layers.map(\.functions).joined(separator: ", ")))"
        + (layers.haveDropout
          ? ", dropout \(layers.hiddenDense.map(\.dropout.description).joined(separator: ", "))"
          : "")
    }
    var differences: [CheckpointMismatch.Difference] = []
    func compare(_ name: String, _ now: String, _ before: String) {
      guard now != before else { return }
      differences.append(.init(name, now: now, before: before, canBeForced: false))
    }
    if other.layers != network.layers {
      let (now, before) = (text(other.layers), text(network.layers))
      compare("network", now, now == before ? "other layers" : before)
    }
    compare("loss", other.loss.description, network.loss.description)
    compare("reduction", other.reduction.rawValue, network.reduction.rawValue)
    return differences
  }

  /// A rule that keeps other tensors cannot take over.
  private func optimizerDifferences(
    _ configuration: TrainingConfiguration, _ network: Network<T>
  ) -> [CheckpointMismatch.Difference] {
    let name = configuration.optimizer.name
    let before = self.configuration.optimizer.name
    let names = moments.map(\.name).filter { $0 != WeightAverage<T>.name }
    let averages = moments.contains { $0.name == WeightAverage<T>.name }
    guard
      name != before || !configuration.optimizer.accepts(momentNames: names)
        || averages != (configuration.averaging != nil)
    else { return [] }
    return [
      .init(
        "optimizer", now: name, before: name == before ? "other moments" : before,
        canBeForced: false)
    ]
  }

  /// A batch that is cut in another way is summed in another order.
  private func blockDifferences(
    _ configuration: TrainingConfiguration, _ network: Network<T>, _ data: DataFingerprint
  ) -> [CheckpointMismatch.Difference] {
    let now = configuration.blocksOfBatch(
      examples: data.training.examples, parameters: network.parameterCount)
    return now == blocks ? [] : [.init("blocks of a batch", now: "\(now)", before: "\(blocks)")]
  }

  private func configurationDifferences(
    _ other: TrainingConfiguration
  ) -> [CheckpointMismatch.Difference] {
    var differences: [CheckpointMismatch.Difference] = []
    func settings(_ group: Setting.Group, _ configuration: TrainingConfiguration) -> JSONValue {
      var members = configuration.ofSteps.ofRun.json[group.rawValue]?.object ?? []
      // A rule as an object, so that it is its numbers that differ.
      if let index = members.firstIndex(where: { $0.key == Setting.optimizer.property }),
        let rule = try? JSONValue(encoding: configuration.optimizer)
      {
        members[index].value = rule
      }
      return .object(members)
    }
    for group in Setting.Group.allCases {
      compare(settings(group, other), settings(group, configuration), name: "") {
        name, now, before in
        if name == "optimizer.rule" { return }
        let canBeForced = name != "epochs" || other.epochs >= epoch
        differences.append(
          .init(
            name, now: now,
            before: canBeForced ? before : "\(before), and is in epoch \(epoch) already",
            canBeForced: canBeForced))
      }
    }
    return differences
  }

  /// Finds the leaves in which two documents differ. What is missing in one is "none".
  private func compare(
    _ now: JSONValue?, _ before: JSONValue?, name: String,
    _ report: (_ name: String, _ now: String, _ before: String) -> Void
  ) {
    guard now != before else { return }
    guard let left = now?.object, let right = before?.object else {
      report(name, now?.description ?? "none", before?.description ?? "none")
      return
    }
    let keys =
      left.map(\.key) + right.map(\.key).filter { key in left.allSatisfy { $0.key != key } }
    for key in keys {
      compare(now?[key], before?[key], name: name.isEmpty ? key : "\(name).\(key)", report)
    }
  }

  private func dataDifferences(
    _ other: DataFingerprint, metrics: MetricKind
  ) -> [CheckpointMismatch.Difference] {
    var differences: [CheckpointMismatch.Difference] = []
    if let (now, before) = other.training.difference(from: data.training) {
      differences.append(.init("training data", now: now, before: before))
    }
    switch (other.validation, data.validation) {
    case (nil, nil): break
    case (let now?, let before?):
      if let (now, before) = now.difference(from: before) {
        differences.append(.init("validation data", now: now, before: before))
      }
    case (let now, let before):
      differences.append(
        .init(
          "validation data", now: now.map { "\($0.examples) examples" } ?? "none",
          before: before.map { "\($0.examples)" } ?? "none"))
    }
    if metrics != running.metrics.kind {
      differences.append(.init("metrics", now: "\(metrics)", before: "\(running.metrics.kind)"))
    }
    return differences
  }

  /// The checkpoint as a run can go on from it in spite of differences.
  ///
  /// Weights, moments, t and the epoch stay. If the order of the examples is another one (other data,
  /// batch size, seed or shuffling), the epoch begins anew; if scores cannot be compared (other data or
  /// metrics), the weights so far are taken for the best until an epoch is finished.
  func forced(
    through differences: [CheckpointMismatch.Difference], metrics: MetricKind
  ) -> Checkpoint {
    let names = Set(differences.map(\.name))
    var running = running
    let isOtherBlock = names.contains { $0.hasPrefix("shuffleBlock") }
    if isOtherBlock
      || !names.isDisjoint(with: [
        "training data", "metrics", "batchSize", "accumulate", "seed", "noShuffle",
      ])
    {
      running = RunningEpoch(
        epoch: epoch, metrics: Metrics(kind: metrics, outputs: network.outputCount),
        learningRate: running.learningRate)
    }
    var best = best
    if !names.isDisjoint(with: ["training data", "validation data", "metrics"]) {
      best = BestEpoch(
        epoch: epoch - 1, evaluation: nil, parameters: network.parameters,
        lastImprovement: epoch - 1, reference: nil)
    }
    return Checkpoint(
      network: network, configuration: configuration, step: step, moments: moments,
      lineSearch: lineSearch, averaged: averaged, blocks: blocks, best: best,
      running: running, plateau: plateau, data: data, version: version, attachments: attachments)
  }
}
