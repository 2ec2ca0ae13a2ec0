/// The network and the data of `backprop whatif` where none are given.
///
/// Two inputs, three classes: six clouds on a circle, whose classes take turns, so that no line
/// separates them and the hidden layers have something to do. Everything is a function of the seed.
public struct LabExample: Sendable {
  public let network: Network<Double>
  public let data: Dataset<Double>

  /// Widths, activations and loss of the network.
  public static let sizes = [2, 8, 8, 3]

  /// - Parameters:
  ///   - seed: Draws the weights and the clouds.
  ///   - count: Examples, as many of each class as of the others, but for a rest.
  public init(seed: UInt64 = 0, count: Int = 180) throws(NetworkError) {
    network = try Network(
      sizes: Self.sizes, activations: [.tanh, .tanh, .softmax], loss: .crossEntropy, seed: seed)
    var random = RandomSource(seed: seed, purpose: .sampling)
    var inputs = Matrix<Double>(rows: count, columns: 2)
    var targets = Matrix<Double>(rows: count, columns: 3)
    // cos and sin of 0°, 60°, … 300°.
    let half = 0.75.squareRoot()
    let centers = [(1, 0), (0.5, half), (-0.5, half), (-1, 0), (-0.5, -half), (0.5, -half)]
    for row in 0..<count {
      let cloud = row % centers.count
      inputs[row, 0] = 2 * centers[cloud].0 + 0.4 * random.normal()
      inputs[row, 1] = 2 * centers[cloud].1 + 0.4 * random.normal()
      targets[row, cloud % 3] = 1
    }
    data = Dataset(inputs: inputs, targets: targets)
  }
}
