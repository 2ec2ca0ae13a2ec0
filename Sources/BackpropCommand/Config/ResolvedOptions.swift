import Backprop
import BackpropInspection

extension TrainingJob {
  /// The options of the run as `inspect --config` shows them: each with the value that was used.
  ///
  /// What was given, and what `train` chose for want of it, stand in the order of the help under the
  /// names of the command line. Given again, they lead to the same model, and to themselves. Options
  /// that do not enter into the model are left out, and so is what was not given and has no one value:
  /// an initializer that suits each activation, the usual metric to monitor.
  ///
  /// - Parameter held: How many rows of the data were held out.
  func resolvedOptions<T: Scalar>(
    _ network: Network<T>, _ configuration: TrainingConfiguration, task: LearningTask,
    held: Int
  ) -> JSONValue {
    let table = TrainOptionTable.train
    var options = table.given(by: arguments)
    options.merge(chosen(network, configuration)) { $1 }
    options["task"] = .string(task.rawValue)
    options["data"] = .string(command.data)
    // Too few rows to hold any out are so the next time too.
    if held > 0 {
      options["validation"] = JSONValue(
        command.training.validation ?? RunOptions.defaultValidation)
    }
    return .object(
      table.order.compactMap { name in
        guard !TrainOptionTable.ofOneCall.contains(name) else { return nil }
        return options[name].map { JSONMember(name, $0) }
      })
  }

  private func chosen<T: Scalar>(
    _ network: Network<T>, _ configuration: TrainingConfiguration
  ) -> [String: JSONValue] {
    let hidden = network.layers.hiddenDense
    let activations = hidden.map(\.activation.description)
    let rule = configuration.optimizer
    var options: [String: JSONValue] = [
      "hidden": hidden.isEmpty ? "none" : JSONValue(hidden.map(\.outputs)),
      "output-activation": .string(network.outputActivation.description),
      "loss": .string(network.loss.description),
      "reduction": .string(network.reduction.rawValue),
      "precision": .string(T.precisionName),
      "optimizer": .string(rule.name),
      "learning-rate": JSONValue(configuration.learningRate),
      "weight-decay": JSONValue(configuration.weightDecay),
      "l2": JSONValue(configuration.l2Penalty),
      "schedule": .string(configuration.schedule.description),
      "epochs": JSONValue(configuration.epochs),
      "seed": JSONValue(configuration.seed),
    ]
    if let first = activations.first {
      let areAlike = activations.allSatisfy { $0 == first }
      options["activation"] = areAlike ? .string(first) : JSONValue(activations)
    }
    let norms = hidden.map { $0.normalization?.rawValue ?? "none" }
    if let first = norms.first, network.layers.contains(where: { $0.normalization != nil }) {
      options["norm"] = norms.allSatisfy { $0 == first } ? .string(first) : JSONValue(norms)
    }
    if !hidden.isEmpty, hidden.allSatisfy(\.isParametric) { options["parametric"] = true }
    if network.layers[0].dense == nil { options["scale-inputs"] = true }
    switch rule {
    case .lbfgs(let memory): options["optimizer"] = .string("\(rule.name):\(memory)")
    // Where it moves, --cycle-momentum tells of it.
    case _ where configuration.cycleMomentum != nil: break
    case .momentum(let momentum), .nesterov(let momentum):
      options["momentum"] = JSONValue(momentum)
    default: break
    }
    if !rule.takesAllExamples { options["batch-size"] = JSONValue(configuration.batchSize) }
    if case .cosine(let warmUp) = configuration.schedule {
      options["warm-up"] = JSONValue(warmUp)
    } else if let warmUp = configuration.warmUp {
      options["warm-up"] = JSONValue(warmUp)
    }
    if let block = configuration.shuffleBlock, configuration.shuffles {
      options["shuffle-block"] = JSONValue(block.rows)
      options["shuffle-window"] = JSONValue(block.window)
    }
    if let patience = configuration.patience { options["patience"] = JSONValue(patience) }
    return options
  }
}
