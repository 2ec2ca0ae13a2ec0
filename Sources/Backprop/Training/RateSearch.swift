/// Searches a learning rate for a network, its data and its rule, by two tests that are short beside
/// a run.
///
/// The range test (Smith 2017, arXiv 1506.01186): the rate grows exponentially from step to step while
/// the network trains, and the loss of the steps, smoothed, tells at which rates it learns, and at
/// which it explodes. The threshold search (Nielsen 2015, ch. 3): the largest rate, first in powers of
/// ten and then at 2 and 5 times them, at which the loss falls throughout the first epochs.
///
/// The rate that is proposed is the smaller of two: three tenths of that at which the smoothed loss of the
/// range test was lowest (there it is about to rise, and the network was already trained by then), and
/// half of Nielsen's threshold (his own advice). Both tests train copies; the same seed gives the same
/// answer for any number of threads.
///
/// ```swift
/// let search = try RateSearch(configuration: TrainingConfiguration(optimizer: .sgd, seed: 1))
/// let found = search.run(network, on: training, metrics: .classification(probabilities: true))
/// configuration.learningRate = found.proposed ?? configuration.learningRate
/// ```
package struct RateSearch: Sendable {
  /// Rule, batch size, penalties and seed of the run that a rate is wanted for. Its own rate, schedule,
  /// epochs and patience play no part.
  package let configuration: TrainingConfiguration
  package let options: RateSearchOptions
  package let threads: Int

  /// - Throws: `ConfigurationError` if a number lies outside its range.
  /// - Precondition: The rule follows a learning rate: neither `rprop` nor `lbfgs` does.
  package init(
    configuration: TrainingConfiguration, options: RateSearchOptions = RateSearchOptions(),
    threads: Int = 1
  ) throws(ConfigurationError) {
    precondition(
      !configuration.optimizer.ignoresSchedule, "\(configuration.optimizer.name) finds its own rate"
    )
    try configuration.validate()
    try options.validate()
    guard (configuration.accumulate ?? 1) == 1 else {
      throw ConfigurationError(
        "accumulate", "has no meaning for a search: give the batch that an update takes")
    }
    self.configuration = configuration
    self.options = options
    self.threads = threads
  }

  /// Makes both tests.
  ///
  /// - Parameters:
  ///   - network: Where the run would begin; left as it is.
  ///   - training: At least one example.
  ///   - metrics: How outputs are judged; no measure of the search.
  ///   - report: Told of each attempt of the threshold search as it ends.
  /// - Throws: `ConfigurationError` if the configuration does not suit the network.
  /// - Complexity: The range test costs `options.steps` steps, each attempt `options.epochs` epochs.
  @specialized(where T == Float)
  @specialized(where T == Double)
  package func run<T: Scalar>(
    _ network: Network<T>, on training: Dataset<T>, metrics: MetricKind,
    report: (RateAttempt) -> Void = { _ in }
  ) throws(ConfigurationError) -> RateSearchResult {
    try configuration.validate(for: network)
    let range = rangeTest(network, on: training, metrics: metrics)
    let attempts = thresholdSearch(network, on: training, metrics: metrics, report: report)
    return RateSearchResult(rangeTest: range, attempts: attempts)
  }

  // MARK: Smith

  private func rangeTest<T: Scalar>(
    _ network: Network<T>, on training: Dataset<T>, metrics: MetricKind
  ) -> RateRangeTest {
    let ramp = RateRamp(options)
    var copy = network
    let stepsPerEpoch = Self.stepsPerEpoch(configuration, training.count)
    // Examples in memory are always there to be read.
    var noFailure: FileError?
    _ = trainer(
      rate: options.lowest, epochs: (options.steps + stepsPerEpoch - 1) / stepsPerEpoch
    ).run(
      &copy, on: .memory(training), validation: nil, metrics: metrics, data: nil, from: nil,
      checkpoints: nil, ramp: ramp, report: { _ in }, isInterrupted: { ramp.isFinished },
      failure: &noFailure)
    return RateRangeTest(points: ramp.points, hasExploded: ramp.hasExploded)
  }

  // MARK: Nielsen

  /// Steps that an attempt takes at least, so that an epoch of one step does not decide.
  private static let fewestSteps = 30

  private func thresholdSearch<T: Scalar>(
    _ network: Network<T>, on training: Dataset<T>, metrics: MetricKind,
    report: (RateAttempt) -> Void
  ) -> [RateAttempt] {
    var attempts: [RateAttempt] = []
    let pool = ThreadPool.of(threads)
    var workspace = Workspace(for: network, capacity: network.chunk(of: training.count))
    let start = network.evaluate(on: training, metrics: metrics, in: &workspace, pool: pool).loss
    /// Whether the loss falls at mantissa · 10^exponent.
    func falls(_ mantissa: Int, _ exponent: Int) -> Bool {
      let attempt = attempt(
        Double("\(mantissa)e\(exponent)") ?? .nan, network, on: training, metrics: metrics,
        start: start)
      attempts.append(attempt)
      report(attempt)
      return attempt.falls
    }
    func power(_ exponent: Int) -> Double { Double("1e\(exponent)") ?? .nan }
    // Nielsen begins at 0.01; what is usual under the rule is nearer to the answer.
    let usual = configuration.optimizer.suggestedLearningRate
    var exponent = -12
    while power(exponent + 1) <= usual * 3.2 { exponent += 1 }
    while power(exponent) > options.highest { exponent -= 1 }
    guard power(exponent) >= options.lowest else { return [] }
    if falls(1, exponent) {
      while power(exponent + 1) <= options.highest, falls(1, exponent + 1) { exponent += 1 }
    } else {
      repeat { exponent -= 1 } while power(exponent) >= options.lowest && !falls(1, exponent)
      if power(exponent) < options.lowest { return attempts.sorted { $0.rate < $1.rate } }
    }
    for mantissa in [5, 2] where Double(mantissa) * power(exponent) <= options.highest {
      if falls(mantissa, exponent) { break }
    }
    return attempts.sorted { $0.rate < $1.rate }
  }

  private func attempt<T: Scalar>(
    _ rate: Double, _ network: Network<T>, on training: Dataset<T>, metrics: MetricKind,
    start: Double
  ) -> RateAttempt {
    let stepsPerEpoch = Self.stepsPerEpoch(configuration, training.count)
    // As many epochs for each of the parts as give it its share of the steps.
    let span = max(
      1, (Self.fewestSteps + stepsPerEpoch * options.epochs - 1) / (stepsPerEpoch * options.epochs))
    var losses: [Double] = [start]
    var sum = 0.0
    var copy = network
    let summary = trainer(rate: rate, epochs: options.epochs * span).trainChecked(
      &copy, on: training, metrics: metrics
    ) { event in
      guard case .epoch(let report) = event else { return }
      sum += report.dataLoss
      if report.epoch.isMultiple(of: span) {
        losses.append(sum / Double(span))
        sum = 0
      }
    }
    if summary.reason == .diverged { losses.append(.infinity) }
    return RateAttempt(rate: rate, losses: losses)
  }

  private func trainer<T: Scalar>(rate: Double, epochs: Int) -> Trainer<T> {
    var configuration = configuration
    configuration.learningRate = rate
    configuration.rateSchedule = .constant
    configuration.warmUp = nil
    configuration.epochs = epochs
    configuration.patience = nil
    configuration.monitor = nil
    return Trainer(checked: configuration, threads: threads)
  }

  private static func stepsPerEpoch(_ configuration: TrainingConfiguration, _ count: Int) -> Int {
    let size = configuration.examplesPerStep(of: count)
    return max(1, (count + size - 1) / size)
  }
}

/// Where and how long a rate is searched.
package struct RateSearchOptions: Codable, Hashable, Sendable {
  /// The rate of the first step of the range test, and of its last; positive, ascending.
  package var lowest: Double
  package var highest: Double
  /// Steps of the range test, at least 20.
  package var steps: Int
  /// Epochs of an attempt of the threshold search, at least 2.
  package var epochs: Int

  package init(
    lowest: Double = 1e-6, highest: Double = 100, steps: Int = 200, epochs: Int = 3
  ) {
    self.lowest = lowest
    self.highest = highest
    self.steps = steps
    self.epochs = epochs
  }

  /// - Throws: `ConfigurationError` with the first number that lies outside its range.
  package func validate() throws(ConfigurationError) {
    let rates = NumberRange(text: "from 1e-12 to 1e12") { $0 >= 1e-12 && $0 <= 1e12 }
    try rates.check(lowest, "lowest")
    try rates.check(highest, "highest")
    try NumberRange(text: "greater than \(JSONValue(lowest))") { $0 > lowest }
      .check(highest, "highest")
    try NumberRange.whole(20...1_000_000).check(steps, "steps")
    try NumberRange.whole(2...1000).check(epochs, "epochs")
  }
}

/// The loss of a network whose rate grows from step to step.
package struct RateRangeTest: Codable, Hashable, Sendable {
  package struct Point: Codable, Hashable, Sendable {
    /// η of the step.
    package let rate: Double
    /// C of its batch before it, per example, penalties included.
    package let loss: Double
    /// The exponential average of the losses so far, over some ten steps and corrected for its start.
    package let smoothed: Double
  }

  /// In ascending order of rates; the last one may not be finite.
  package let points: [Point]
  /// The rate at which the smoothed loss had grown beyond `explosion` times its lowest; nil if it did
  /// not within the range.
  package let exploded: Double?

  /// A smoothed loss so many times the lowest one ends the test.
  package static let explosion = 4.0

  init(points: [Point], hasExploded: Bool) {
    self.points = points
    exploded = hasExploded ? points.last?.rate : nil
  }

  /// Points whose average takes in ten steps; what comes before is the noise of a batch or two.
  package var settled: ArraySlice<Point> { points.dropFirst(Self.span) }

  static let span = 10

  /// The rate at which the smoothed loss was lowest.
  package var lowest: Point? {
    settled.filter(\.smoothed.isFinite).min { $0.smoothed < $1.smoothed }
  }

  /// The rate at which the smoothed loss fell most steeply over the logarithm of the rate, before it
  /// was lowest.
  package var steepest: Point? {
    guard let lowest, let end = settled.firstIndex(of: lowest) else { return nil }
    let first = settled.startIndex + Self.span
    guard end >= first else { return nil }
    return (first...end)
      .map { (points[$0 - Self.span / 2], points[$0 - Self.span].smoothed - points[$0].smoothed) }
      .max { $0.1 < $1.1 }?.0
  }

  /// Whether the smoothed loss at its lowest is below that of the beginning by more than a fifth:
  /// noise alone moves an average of ten batches by less.
  package var hasFallen: Bool {
    guard let lowest, let first = settled.first else { return false }
    return lowest.smoothed < 0.8 * first.smoothed
  }
}

/// A short run at one rate.
package struct RateAttempt: Codable, Hashable, Sendable {
  package let rate: Double
  /// C of the training data before the first step, then the mean over each part of the attempt, in
  /// general an epoch; not finite in the end if the run diverged.
  package let losses: [Double]

  /// A loss below this share of the first is that of a task that has been learned. Whether it falls
  /// further is a matter of noise, and it need only not double.
  package static let learnedShare = 0.1

  /// Whether each loss is below the one before, or the task has been learned by then.
  package var falls: Bool {
    zip(losses, losses.dropFirst()).allSatisfy { before, loss in
      loss < before || loss < min(Self.learnedShare * losses[0], 2 * before)
    }
  }
}

/// What a search has found.
package struct RateSearchResult: Codable, Hashable, Sendable {
  package let rangeTest: RateRangeTest
  /// In ascending order of rates.
  package let attempts: [RateAttempt]

  /// The largest rate at which the loss fell; nil if it fell at none.
  package var threshold: Double? { attempts.filter(\.falls).map(\.rate).max() }

  /// The share of the rate with the lowest smoothed loss, and of the threshold.
  package static let shares = (lowest: 0.3, threshold: 0.5)

  /// The smaller of three tenths of the rate whose smoothed loss was lowest and half of the threshold, to
  /// two digits; nil if the loss fell in neither test.
  package var proposed: Double? {
    let candidates = [
      rangeTest.hasFallen ? rangeTest.lowest.map { $0.rate * Self.shares.lowest } : nil,
      threshold.map { $0 * Self.shares.threshold },
    ].compactMap(\.self)
    return candidates.min().map(Self.rounded)
  }

  /// To two digits.
  private static func rounded(_ value: Double) -> Double {
    var exponent = 0
    var mantissa = value
    while mantissa < 10 { (mantissa, exponent) = (mantissa * 10, exponent - 1) }
    while mantissa >= 100 { (mantissa, exponent) = (mantissa / 10, exponent + 1) }
    return Double("\(Int(mantissa.rounded()))e\(exponent)") ?? value
  }
}

/// The rates of a range test, and the losses that its steps had.
final class RateRamp {
  private let options: RateSearchOptions
  private let factor: Double
  private(set) var points: [RateRangeTest.Point] = []
  private(set) var hasExploded = false
  private var average = 0.0
  private var remainder = 1.0
  private var least = Double.infinity

  /// Of the average: some ten steps.
  private static let smoothing = 0.9

  init(_ options: RateSearchOptions) {
    self.options = options
    factor =
      Double.naturalLogarithm(options.highest / options.lowest) / Double(options.steps - 1)
    points.reserveCapacity(options.steps)
  }

  var isFinished: Bool { hasExploded || points.count >= options.steps }

  func rate(at step: Int) -> Double {
    options.lowest * Double.naturalExponential(factor * Double(step))
  }

  func record(_ loss: Double, of count: Int, under reduction: Reduction) {
    guard !isFinished else { return }
    let loss = reduction == .sum ? loss / Double(max(count, 1)) : loss
    average = Self.smoothing * average + (1 - Self.smoothing) * loss
    remainder *= Self.smoothing
    let smoothed = average / (1 - remainder)
    points.append(
      RateRangeTest.Point(rate: rate(at: points.count), loss: loss, smoothed: smoothed))
    if points.count > RateRangeTest.span { least = min(least, smoothed) }
    hasExploded = !(smoothed <= RateRangeTest.explosion * least)
  }
}
