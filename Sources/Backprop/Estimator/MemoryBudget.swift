/// What a run with a budget of memory takes, in bytes: counted before it is allocated.
struct MemoryBudget {
  let memory: Int
  /// As the user gave it.
  let text: String

  /// The program itself, what reading a file takes, and threads.
  static let base = 24_000_000
  /// The part of what is left that a window may take; the rest is for what is not counted.
  static let share = 0.7

  /// Refuses a table whose rows cannot be counted and split.
  ///
  /// - Parameter targets: Number of target columns that are numbers; 0 for labels.
  func checkReading(rows: Int, targets: Int, file: String?) throws {
    // Of each row: its code twice (2 + 4), its place in the split twice (4 + 4) and whether it is
    // held out (1); or its numbers.
    let perRow = 15 + 8 * targets
    let needed = Self.base + rows * perRow
    guard needed <= memory else {
      throw DataError(
        file: file,
        "\(rows) rows need \(Self.text(needed)) to be split, and \(text) of memory are less",
        remedy: "give \(Self.text(needed + needed / 4))")
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
      throw ConfigurationError(
        "memory",
        "\(text) is too little: \(Self.text(fixed)) for the network, its batches and the "
          + "split, and a window of \(wanted) rows of \(perRow) bytes, need "
          + "\(Self.text(needed)); give more, or a smaller "
          + (configuration.shuffleBlock == nil ? "batch size" : "shuffle block"))
    }
    if let block = configuration.shuffleBlock { return block }
    let blocks = window ?? ShuffleBlock.usualWindow
    guard most >= blocks else {
      throw ConfigurationError(
        "shuffleWindow",
        "\(blocks): \(text) of memory have room for \(most) rows at a time; give at most so many")
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
