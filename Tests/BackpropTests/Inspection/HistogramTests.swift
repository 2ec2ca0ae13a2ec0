import Testing

@testable import Backprop
@testable import BackpropInspection

@Suite("Histograms, and the distributions of a run")
struct HistogramTests {
  private func rows(_ histogram: Histogram) -> [[Double]] {
    histogram.buckets.map { [$0.left, $0.right, Double($0.count)] }
  }

  @Test("A bucket holds its left edge, and the last one both")
  func byHand() {
    // Width (2 − (−2)) / 4 = 1: −2 | −1, −1 | 0.5 | 1, 2.
    let histogram = Histogram(of: [1, -1, -2, 0.5, 2, -1] as [Double], buckets: 4)
    #expect(rows(histogram) == [[-2, -1, 1], [-1, 0, 2], [0, 1, 1], [1, 2, 2]])
    #expect(histogram.count == 6 && histogram.nonFinite == 0)
  }

  @Test("One value, none, and a range without a width in double precision stay whole")
  func extremes() {
    #expect(rows(Histogram(of: [3, 3] as [Float], buckets: 2)) == [[3, 3, 0], [3, 3, 2]])
    #expect(rows(Histogram(of: [] as [Float], buckets: 2)) == [[0, 0, 0], [0, 0, 0]])
    let tiny = Double.leastNonzeroMagnitude
    #expect(rows(Histogram(of: [0, tiny], buckets: 3)) == [[0, 0, 0], [0, 0, 0], [0, tiny, 2]])
    let huge = Double.greatestFiniteMagnitude
    #expect(rows(Histogram(of: [-huge, huge], buckets: 1)) == [[-huge, huge, 2]])
  }

  @Test("Infinities and NaN are counted apart")
  func nonFinite() {
    let histogram = Histogram(of: [.nan, 1, .infinity, 2, -.infinity] as [Float], buckets: 2)
    #expect(rows(histogram) == [[1, 1.5, 1], [1.5, 2, 1]])
    #expect(histogram.nonFinite == 3)
  }

  private func run(
    _ options: DistributionOptions?, l2Penalty: Double = 1e-3
  ) throws -> (network: Network<Float>, found: [EpochDistributions]) {
    var network: Network<Float> = try TrainerTests.network()
    var found: [EpochDistributions] = []
    try Trainer<Float>(
      configuration: TrainingConfiguration(
        batchSize: 20, epochs: 3, l2Penalty: l2Penalty, seed: 2)
    ).train(
      &network, on: TrainerTests.spirals(90, seed: 1), metrics: TrainerTests.metrics,
      observers: options.map { [DistributionObserver($0) { found.append($0) }] } ?? [])
    return (network, found)
  }

  @Test("They come before the first step and after each epoch, and change no bit of the run")
  func sameBits() throws {
    let without = try run(nil)
    let with = try run(DistributionOptions())
    #expect(with.network.parameters == without.network.parameters)
    #expect(without.found.isEmpty)
    #expect(with.found.map(\.epoch) == [0, 1, 2, 3] && with.found.map(\.step) == [0, 5, 10, 15])
    #expect(with.found.allSatisfy { $0.examples == 90 && $0.layers.map(\.layer) == [2, 3, 4] })
    // [2, 32, 24, 3]
    let layer = with.found[3].layers[1]
    #expect(layer.tensors.map(\.role) == [.weight, .bias])
    #expect(layer.tensors.map(\.values.count) == [32 * 24, 24])
    #expect(layer.tensors.map(\.gradient.count) == [32 * 24, 24])
    #expect(layer.delta.count == 90 * 24)
  }

  @Test("They are those of the weights, of the objective's gradient and of δ at that moment")
  func values() throws {
    var options = DistributionOptions()
    options.buckets = 7
    let (network, found) = try run(options)
    let data = TrainerTests.spirals(90, seed: 1)
    var workspace = Workspace(for: network, capacity: 90)
    var gradient = network.makeGradient()
    network.forward(Batch(inputs: data.inputs, targets: data.targets), in: &workspace)
    network.backward(in: &workspace, into: &gradient)
    for (index, layer) in found[3].layers.enumerated() {
      let (weights, biases) = network.parameters.denseTensors(of: index)
      #expect(layer.tensors[0].values == Histogram(of: weights, buckets: 7))
      #expect(layer.tensors[1].values == Histogram(of: biases, buckets: 7))
      // The penalty ½ λ ‖W‖² adds λ W.
      let slopes = zip(gradient.denseTensors(of: index).weights, weights).map {
        $0.addingProduct(1e-3, $1)
      }
      let expected = Histogram(of: slopes, buckets: 7)
      #expect(layer.tensors[0].gradient.buckets.map(\.count) == expected.buckets.map(\.count))
      #expect(
        layer.tensors[1].gradient
          == Histogram(of: gradient.denseTensors(of: index).biases, buckets: 7))
      let delta = workspace.delta(of: index)
      let deltas = (0..<90).flatMap { Array(delta[row: $0]) }
      #expect(layer.delta == Histogram(of: deltas, buckets: 7))
    }
  }
}
