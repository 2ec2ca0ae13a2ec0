/// The inputs that a column of categories becomes, and what they are of a category that nobody knows.
package struct CategoryInputs: Hashable, Sendable {
  /// The first of them.
  let offset: Int
  /// Those of an unknown category: the training shares of the levels, or of yes; or its code.
  let unknown: [Double]

  /// Makes the category of an example an unknown one.
  ///
  /// - Parameter inputs: The inputs of the example.
  func formUnknown<T: Scalar>(_ inputs: UnsafeMutablePointer<T>) {
    // By index: without optimisation an array's iterator allocates, and a step must not.
    for place in unknown.indices { inputs[offset + place] = T(unknown[place]) }
  }
}

extension FeatureEncoder {
  /// The columns of categories and booleans, by their inputs.
  package var categoryInputs: [CategoryInputs] {
    var offset = 0
    return features.compactMap { feature in
      defer { offset += feature.outputCount }
      if let codes = feature.codeCount {
        return CategoryInputs(offset: offset, unknown: [Double(codes - 1)])
      }
      return feature.levelShares.map { CategoryInputs(offset: offset, unknown: scaling.means($0)) }
    }
  }
}
