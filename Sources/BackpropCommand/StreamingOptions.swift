import ArgumentParser
import Backprop
import BackpropInspection

/// How much memory the data may take, and in which order and parts it is summed.
struct StreamingOptions: ParsableArguments {
  @Option(
    name: .long, parsing: .unconditional,
    help:
      "Train in so much memory, such as 500MB or 2GB, from data of any size: encoded rows are kept in a temporary file and shuffled in blocks. For delimited text. (default: all in memory)"
  )
  var memory: String?

  @Option(
    name: .long,
    help:
      "The folder of the temporary file of --memory, which vanishes with the run. (default: the model's)"
  )
  var spool: String?

  @Option(
    name: .long, parsing: .unconditional,
    help:
      "Shuffle blocks of so many rows, and rows within --shuffle-window blocks; the same order with or without --memory. (default: single rows; with --memory what fits)"
  )
  var shuffleBlock: Int?

  @Option(
    name: .long, parsing: .unconditional,
    help: "Blocks that are shuffled together. (default: \(ShuffleBlock.usualWindow))")
  var shuffleWindow: Int?

  @Option(
    name: .long, parsing: .unconditional,
    help:
      "Cut each batch into so many blocks, whose gradients are added in a fixed tree; part of the run's bits. (default: by batch and network)"
  )
  var shards: Int?

  /// Checks what can be checked before any data is read.
  func check(_ training: RunOptions) throws {
    // With --memory, the rows of a block may follow from it.
    let block = ShuffleBlock(
      rows: shuffleBlock ?? 1, window: shuffleWindow ?? ShuffleBlock.usualWindow)
    try UsageError.unless { () throws(ConfigurationError) in try block.validate() }
    _ = try bytes
    if memory == nil {
      if spool != nil { throw UsageError("--spool needs --memory") }
      if shuffleWindow != nil, shuffleBlock == nil {
        throw UsageError("--shuffle-window needs --shuffle-block or --memory")
      }
      if shuffleBlock != nil, training.noShuffle {
        throw UsageError("--shuffle-block has no meaning with --no-shuffle; leave one out")
      }
      return
    }
    let rule = try training.configuration(examples: 1, hasValidation: false).optimizer
    if rule.takesAllExamples {
      throw UsageError(
        "--memory has no meaning for \(rule.name), whose steps take all examples at once; leave it "
          + "out, or use --optimizer sgd")
    }
  }

  /// `--memory` in bytes.
  var bytes: Int? {
    get throws {
      guard let memory else { return nil }
      let units: [(String, Double)] = [
        ("KIB", 1024), ("MIB", 1_048_576), ("GIB", 1_073_741_824), ("TIB", 1_099_511_627_776),
        ("KB", 1e3), ("MB", 1e6), ("GB", 1e9), ("TB", 1e12), ("K", 1e3), ("M", 1e6), ("G", 1e9),
      ]
      let text = memory.uppercased()
      if let (unit, factor) = units.first(where: { text.hasSuffix($0.0) }),
        let number = Double(Names.trimmed(String(text.dropLast(unit.utf8.count)))),
        number.isFinite, number > 0, number * factor < 1e15
      {
        return Int(number * factor)
      }
      throw UsageError("--memory \(memory): give a size such as 500MB or 2GB")
    }
  }

  /// The configuration with the order and the shards that are asked for.
  func applied(to configuration: TrainingConfiguration) -> TrainingConfiguration {
    var configuration = configuration
    configuration.shuffleBlock = shuffleBlock.map {
      ShuffleBlock(rows: $0, window: shuffleWindow ?? ShuffleBlock.usualWindow)
    }
    configuration.shards = shards
    return configuration
  }
}

/// What a run with `--memory` takes, in bytes: counted before it is allocated.
struct MemoryBudget {
  let memory: Int
  let option: String

  /// The command itself, what reading a file takes, and threads.
  static let base = 24_000_000
  /// The part of what is left that a window may take; the rest is for what is not counted.
  static let share = 0.7

  /// Refuses a table whose rows cannot be counted and split.
  ///
  /// - Parameter targets: Number of target columns that are numbers; 0 for labels.
  func checkReading(rows: Int, targets: Int, file: String) throws {
    // Of each row: its code twice (2 + 4), its place in the split twice (4 + 4) and whether it is
    // held out (1); or its numbers.
    let perRow = 15 + 8 * targets
    let needed = Self.base + rows * perRow
    guard needed <= memory else {
      throw DataError(
        file: file,
        "\(rows) rows need \(Self.text(needed)) to be split, and --memory \(option) is less",
        remedy: "give --memory \(Self.text(needed + needed / 4))")
    }
  }

  /// The blocks that fit beside a network.
  ///
  /// - Parameters:
  ///   - wanted: What the user says.
  ///   - window: Blocks that are shuffled together, if the user says so.
  func block<T: Scalar>(
    for network: Network<T>, rows: Int, inputs: Int, target: TargetEncoder,
    configuration: TrainingConfiguration, hasCheckpoints: Bool, keptPerRow: Int, window: Int?
  ) throws -> ShuffleBlock {
    let size = MemoryLayout<T>.size
    let widths = network.layers.reduce(0) { $0 + 4 * ($1.outputs + 16) }
    // In the workspace, and in the two batches that a reader makes in turn.
    let perExample = (3 * (inputs + target.outputCount) + widths + 64) * size
    // θ, the gradient, the best, the first and up to three moments; written, each once more as bytes.
    let copies = hasCheckpoints ? 14 : 8
    let fixed =
      Self.base + network.parameterCount * 5 / 4 * size * copies
      + (configuration.batchSize + network.chunk(of: rows)) * perExample + rows * keptPerRow
      + Self.confusion(classes: target.labels.count, rows: rows)
    let perRow = SpooledDataset<T>.bytesPerExample(inputs, target.columns.count, true) + 8
    let least = min(rows, max(configuration.batchSize, 64))
    let available = Int(Double(max(0, memory - fixed)) * Self.share)
    let most = available / perRow
    let wanted = configuration.shuffleBlock.map { min(rows, $0.rows * $0.window) } ?? least
    guard most >= wanted else {
      let needed = fixed + Int(Double(wanted * perRow) / Self.share) + 1
      throw UsageError(
        "--memory \(option) is too little: \(Self.text(fixed)) for the network, its batches and the "
          + "split, and a window of \(wanted) rows of \(perRow) bytes, need "
          + "\(Self.text(needed)); give more, or a smaller "
          + (configuration.shuffleBlock == nil ? "--batch-size" : "--shuffle-block"))
    }
    if let block = configuration.shuffleBlock { return block }
    let blocks = window ?? ShuffleBlock.usualWindow
    guard most >= blocks else {
      throw UsageError(
        "--shuffle-window \(blocks): --memory \(option) has room for \(most) rows at a time; give "
          + "at most so many")
    }
    return ShuffleBlock(rows: max(1, min(most, rows + blocks - 1) / blocks), window: blocks)
  }

  /// The cells of three confusion matrices that rows can fill, of the epoch, its validation and the best;
  /// a table of them is a quarter full at least.
  private static func confusion(classes: Int, rows: Int) -> Int {
    3 * 4 * 16 * min(classes * classes, rows)
  }

  /// "250MB", rounded up.
  static func text(_ bytes: Int) -> String { "\((bytes + 999_999) / 1_000_000)MB" }
}
