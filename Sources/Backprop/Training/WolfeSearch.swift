/// A point on a line: t, φ(t) = C(θ + t d), and φ′(t) = ∇C(θ + t d)ᵀ d.
struct Trial: Equatable {
  var length: Double
  var value: Double
  var slope: Double
}

/// A search for a t > 0 that meets the strong Wolfe conditions
///
///     φ(t) ≤ φ(0) + c₁ t φ′(0)   and   |φ′(t)| ≤ c₂ |φ′(0)|
///
/// (Nocedal & Wright 2006, algorithms 3.5 and 3.6), in the variant of PyTorch's. It is told the value
/// at each point that it asks for, and never sees a vector.
struct WolfeSearch {
  private enum Phase {
    /// Lengths grow until a bracket is found.
    case bracketing
    /// The bracket shrinks.
    case zooming
  }

  /// The two ends of the bracket; no array, because a step must not allocate.
  private struct Ends {
    var first: Trial
    var second: Trial

    subscript(index: Int) -> Trial {
      get { index == 0 ? first : second }
      set { if index == 0 { first = newValue } else { second = newValue } }
    }
  }

  private let start: Trial
  private let largestElement: Double
  private var phase = Phase.bracketing
  private var trials = 0
  private var previous: Trial
  private var ends: Ends
  /// Which end has the lower value.
  private var low = 0
  private var hasStalled = false

  /// The point with the lowest value that meets what can be met.
  var best: Trial { ends[low] }

  /// - Parameters:
  ///   - start: φ and φ′ at t = 0; the slope is negative.
  ///   - largestElement: ‖d‖∞: a bracket in which no parameter moves by more than the tolerance is
  ///     not cut further.
  init(start: Trial, largestElement: Double) {
    self.start = start
    self.largestElement = largestElement
    previous = start
    ends = Ends(first: start, second: start)
  }

  /// Takes note of a point.
  ///
  /// - Returns: The t that is to be tried next; nil if the search is at its end.
  mutating func next(after trial: Trial) -> Double? {
    switch phase {
    case .bracketing: bracket(trial)
    case .zooming: zoom(trial)
    }
  }

  private func hasDecreased(_ trial: Trial) -> Bool {
    trial.value
      <= start.value + LBFGS<Double>.sufficientDecrease * trial.length * start.slope
  }

  private func isFlat(_ trial: Trial) -> Bool {
    abs(trial.slope) <= -LBFGS<Double>.curvature * start.slope
  }

  /// Algorithm 3.5.
  private mutating func bracket(_ trial: Trial) -> Double? {
    // Before this point `trials` others were tried.
    let mostTrials = LBFGS<Double>.mostTrials
    guard trials < mostTrials else {
      setEnds(start, trial)
      return nil
    }
    if !hasDecreased(trial) || (trials > 1 && trial.value >= previous.value) {
      setEnds(previous, trial)
      return cut()
    }
    if isFlat(trial) {
      setEnds(trial, trial)
      return nil
    }
    if trial.slope >= 0 {
      setEnds(previous, trial)
      return cut()
    }
    let length = Self.cubicMinimum(
      previous, trial, from: trial.length + 0.01 * (trial.length - previous.length),
      to: trial.length * 10)
    previous = trial
    trials += 1
    return length
  }

  private mutating func setEnds(_ first: Trial, _ second: Trial) {
    ends = Ends(first: first, second: second)
    low = first.value <= second.value ? 0 : 1
    phase = .zooming
  }

  /// The next t inside the bracket; nil if it is too small to be cut.
  private mutating func cut() -> Double? {
    let least = min(ends[0].length, ends[1].length)
    let most = max(ends[0].length, ends[1].length)
    guard trials < LBFGS<Double>.mostTrials,
      (most - least) * largestElement >= LBFGS<Double>.changeTolerance
    else { return nil }
    var length = Self.cubicMinimum(ends[0], ends[1], from: least, to: most)
    // Near an end twice in a row, or at it: a tenth of the bracket away from it.
    let margin = 0.1 * (most - least)
    if min(most - length, length - least) < margin {
      if hasStalled || length >= most || length <= least {
        length = abs(length - most) < abs(length - least) ? most - margin : least + margin
        hasStalled = false
      } else {
        hasStalled = true
      }
    } else {
      hasStalled = false
    }
    return length
  }

  /// Algorithm 3.6.
  private mutating func zoom(_ trial: Trial) -> Double? {
    trials += 1
    let high = 1 - low
    if !hasDecreased(trial) || trial.value >= ends[low].value {
      ends[high] = trial
      low = ends[0].value <= ends[1].value ? 0 : 1
      return cut()
    }
    let isDone = isFlat(trial)
    if !isDone, trial.slope * (ends[high].length - ends[low].length) >= 0 {
      ends[high] = ends[low]
    }
    ends[low] = trial
    return isDone ? nil : cut()
  }

  /// The minimum of the cubic through two points with their slopes (equation 3.59), or an end of the
  /// interval if it lies beyond; the middle where the cubic has none, or a number is not finite.
  static func cubicMinimum(_ a: Trial, _ b: Trial, from least: Double, to most: Double) -> Double {
    let d1 = a.slope + b.slope - 3 * (a.value - b.value) / (a.length - b.length)
    let square = d1 * d1 - a.slope * b.slope
    guard square >= 0 else { return (least + most) / 2 }
    let d2 = square.squareRoot()
    let length =
      a.length <= b.length
      ? b.length - (b.length - a.length) * ((b.slope + d2 - d1) / (b.slope - a.slope + 2 * d2))
      : a.length - (a.length - b.length) * ((a.slope + d2 - d1) / (a.slope - b.slope + 2 * d2))
    guard length.isFinite else { return (least + most) / 2 }
    return min(max(length, least), most)
  }
}
