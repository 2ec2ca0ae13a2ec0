import Backprop
import BackpropInspection

/// What the examples of a run are, and in which blocks they are shuffled.
struct RunExamples<T: Scalar> {
  let training: TrainingExamples<T>
  let validation: TrainingExamples<T>?
  let meanWeight: Double
  let configuration: TrainingConfiguration
}

extension TrainingJob {
  /// The budget of `--memory`, if there is one; refuses data that is not streamed.
  func memoryBudget(for table: Table) throws -> MemoryBudget? {
    guard let option = command.streaming.memory, let bytes = try command.streaming.bytes else {
      return nil
    }
    guard table.isStreamed else {
      throw DataError(
        file: command.data, "is an array or images, which are read whole: --memory has no meaning",
        remedy: "leave --memory out, or convert the data to CSV")
    }
    return MemoryBudget(memory: bytes, option: option)
  }

  /// Encodes a table into temporary files, within the budget.
  func spooled<T: Scalar>(
    _ table: Table, validation path: String?, options: TableOptions, split: Split,
    data: ModelData, network: Network<T>, budget: MemoryBudget
  ) throws -> RunExamples<T> {
    guard let encoder = data.encoder else {
      throw UsageError("--memory needs a model with an encoder, which --from names none of")
    }
    let streaming = command.streaming
    let count = split.training.count
    var configuration = try configuration(
      for: network, examples: count, hasValidation: path != nil || !split.validation.isEmpty)
    configuration.shuffleBlock = try budget.block(
      for: network, rows: count, inputs: encoder.outputCount, target: data.target,
      configuration: configuration, hasCheckpoints: checkpoints != nil, keptPerRow: 4,
      window: streaming.shuffleWindow)
    let folder = streaming.spool ?? Folder.split(output).folder
    func encode(_ table: Table, _ split: Split, _ weights: ExampleWeights?) throws
      -> SpooledDataset<T>.Parts
    {
      try SpooledDataset<T>.encoding(
        table, features: encoder, target: data.target, weights: weights, loss: network.loss,
        split: split, in: folder)
    }
    let parts = try encode(table, split, data.weights)
    var validation = parts.validation
    if let path {
      let table = try DataSource.open(path, options).training
      let all = Split.random(count: table.rowCount, fraction: 0, seed: 0)
      let weighing = data.weighing(table, required: command.weights.weightColumn != nil)
      validation = try encode(table, all, weighing.weights).training
    }
    return RunExamples(
      training: .spooled(parts.training), validation: validation.map { .spooled($0) },
      meanWeight: parts.meanWeight, configuration: configuration)
  }
}
