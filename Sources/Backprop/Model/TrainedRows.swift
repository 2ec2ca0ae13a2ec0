/// The rows that a model learned from, as far as it must know them again: so that nobody takes a score on
/// them for one on others, and so that the rows that were held out or set apart can be found once more.
package struct TrainedRows: Codable, Hashable, Sendable {
  /// What a row was for.
  package enum Role: String, CaseIterable, Sendable {
    case training
    case heldOut = "held-out"
    case test
  }

  package let training: DataFingerprint.Part
  package let validation: DataFingerprint.Part?
  package let test: DataFingerprint.Part?
  /// The mean of each target over the training rows, each counting once: what a model gives that looks at
  /// no column. Of classes it is their shares.
  package let baseline: [Double]

  /// - Throws: `FileError` if spooled rows cannot be read.
  /// - Complexity: O(numbers in the data); some 2 GB a second.
  init<T: Scalar>(
    training: TrainingExamples<T>, validation: TrainingExamples<T>?, test: TrainingExamples<T>?
  ) throws(FileError) {
    let rows = try DataFingerprint(training: training, validation: validation)
    self.training = rows.training
    self.validation = rows.validation
    if let test { self.test = try DataFingerprint.Part(test) } else { self.test = nil }
    baseline = try training.targetMeans()
  }

  /// What these rows were for, all of them in their order; nil if they are others.
  package func role<T: Scalar>(of dataset: Dataset<T>) -> Role? {
    let count = dataset.count
    let known: [(Role, DataFingerprint.Part?)] = [
      (.training, training), (.heldOut, validation), (.test, test),
    ]
    guard known.contains(where: { $0.1?.examples == count }) else { return nil }
    let part = DataFingerprint.Part(dataset)
    return known.first { $0.1?.hasExamples(of: part) == true }?.0
  }

  /// What the rows of the test were for beside it; nil if for nothing.
  var roleOfTest: Role? {
    guard let test else { return nil }
    if test.hasExamples(of: training) { return .training }
    return validation.map(test.hasExamples) == true ? .heldOut : nil
  }

  /// The fingerprint of the rows of a role.
  package func rows(_ role: Role) -> DataFingerprint.Part? {
    switch role {
    case .training: training
    case .heldOut: validation
    case .test: test
    }
  }
}

extension MetricKind {
  /// The class that is the positive one of two unless another is named: the rarer one of the training rows; of
  /// equal ones the second, as in every picture of two classes 0 and 1.
  ///
  /// - Parameter means: Of the training targets.
  package func positiveClass(means: [Double]) -> Int {
    guard case .classification(let threshold, _) = self, let last = means.last else { return 1 }
    return last > (means.count == 2 ? means[0] : threshold) ? 0 : 1
  }
}

extension Split {
  /// The rows of a role.
  package func rows(_ role: TrainedRows.Role) -> [UInt32] {
    switch role {
    case .training: training
    case .heldOut: validation
    case .test: test
    }
  }
}

extension Model {
  /// How training split a table of so many rows: a function of classes, parts and seed.
  ///
  /// - Parameter codes: The class of each row, where there are any.
  /// - Returns: nil if the model was not trained on so many rows, or does not know.
  package func split(rowCount: Int, codes: [UInt32]?) -> Split? {
    guard let rows, let configuration else { return nil }
    let settings = configuration.stopping
    // What came from files is no part of this one.
    let (test, validation) = (settings.testPart ?? 0, settings.validation ?? 0)
    let split = Split(
      count: rowCount, codes: codes, test: test, validation: { _ in validation },
      seed: configuration.seed)
    let isKnown =
      split.training.count == rows.training.examples
      && (validation == 0 || split.validation.count == rows.validation?.examples ?? 0)
      && (test == 0 || split.test.count == rows.test?.examples ?? 0)
    return isKnown ? split : nil
  }
}

extension TrainingExamples {
  /// The mean of each target, every example counting once.
  func targetMeans() throws(FileError) -> [Double] {
    let classes: Int?
    let columns: Int
    switch self {
    case .memory(let data):
      (classes, columns) = (data.storedTargets.classCount, data.storedTargets.columns)
    case .spooled(let data): (classes, columns) = (data.classCount, data.targetCount)
    }
    var sums = [Double](repeating: 0, count: classes ?? columns)
    var place = 0
    func add(_ value: T) {
      if classes != nil {
        sums[Int(value)] += 1
      } else {
        sums[place] += Double(value)
        place = place + 1 == sums.count ? 0 : place + 1
      }
    }
    switch self {
    case .memory(let data):
      let stored = data.storedTargets.matrix
      for row in 0..<stored.rows {
        for column in 0..<stored.columns { add(stored[row, column]) }
      }
    case .spooled(let data): try data.forEachPiece(ofTargets: true) { $0.forEach(add) }
    }
    return sums.map { $0 / Double(Swift.max(1, count)) }
  }
}
