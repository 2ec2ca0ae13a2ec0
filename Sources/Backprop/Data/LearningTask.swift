/// What is to be learned.
public enum LearningTask: String, Codable, Sendable, CaseIterable {
  /// One of several labels for an example.
  case classification
  /// Numbers.
  case regression
  /// For each target column, yes or no.
  case multilabel = "multi-label"
}

/// How targets become the numbers that a network is trained on.
package enum TargetCoding: String, Codable, Sendable, CaseIterable {
  /// A column per label, 1 for the right one. For softmax.
  case oneHot = "one-hot"
  /// One column, 0 for the first of two labels and 1 for the second. For a sigmoid.
  case zeroOne = "zero-one"
  /// One column, −1 for the first of two labels and +1 for the second. For the hinge loss.
  case plusMinusOne = "plus-minus-one"
  /// Numbers, shifted and scaled to mean 0 and standard deviation 1 of the training rows.
  case standardized
  /// Numbers as they are.
  case raw
}
