import Testing

@testable import Backprop
@testable import BackpropInspection

@Suite("Blocks of a batch")
struct BlocksTests {
  @Test("The number of blocks is a power of two that batch and network decide")
  func rule() {
    let small = [
      0: 1, 1: 1, 15: 1, 16: 2, 32: 2, 63: 2, 64: 2, 127: 2, 128: 4, 255: 4, 256: 8, 512: 16,
      8192: 16, 8193: 32, 60_000: 128, 1_000_000: 2048, 1 << 25: 65_536, 1 << 26: 65_536,
      1 << 40: 65_536,
    ]
    for (rows, count) in small {
      #expect(Blocks.count(rows: rows, parameters: 1000) == count, "\(rows) rows")
    }
    let large = [15: 1, 16: 2, 32: 2, 64: 4, 255: 8, 256: 16, 1024: 16, 8192: 16]
    for (rows, count) in large {
      #expect(Blocks.count(rows: rows, parameters: 1 << 22) == count, "\(rows) rows")
    }
  }

  @Test("Blocks hold each row once, in order", arguments: [1, 2, 3, 7, 16, 40])
  func partition(count: Int) {
    for rows in [0, 1, 16, 33, 100] {
      let blocks = Blocks(rows: rows, count: count)
      #expect((0..<count).flatMap { Array(blocks.rows(of: $0)) } == Array(0..<rows))
    }
  }

  @Test("Values that come one after the other are joined by the same tree")
  func runningTree() {
    for count in 1...40 {
      let numbers = (0..<count).map { 1 / Double(3 + $0) }
      var tree = BlockTree<Double>()
      for number in numbers { tree.add(number) { $0 += $1 } }
      var withLast = BlockTree<Double>()
      for number in numbers.dropLast() { withLast.add(number) { $0 += $1 } }
      let expected = Blocks(rows: count, count: count).sum { numbers[$0] }
      #expect(tree.sum { $0 += $1 } == expected)
      #expect(withLast.sum(with: numbers[count - 1]) { $0 += $1 } == expected)
    }
    #expect(BlockTree<Double>().sum { $0 += $1 } == nil)
  }

  @Test("Numbers and values are added by the tree, left part the largest power of two below")
  func tree() {
    for count in 1...9 {
      // Rounding tells one order from another.
      let numbers = (0..<count).map { 1 / Double(3 + $0) }
      func sum(_ range: Range<Int>) -> Double {
        if range.count == 1 { return numbers[range.lowerBound] }
        var half = 1
        while 2 * half < range.count { half *= 2 }
        return sum(range.lowerBound..<range.lowerBound + half)
          + sum(range.lowerBound + half..<range.upperBound)
      }
      let blocks = Blocks(rows: 100, count: count)
      #expect(blocks.sum { numbers[$0] } == sum(0..<count))
      var values = numbers
      values.withUnsafeMutableBufferPointer { blocks.merge($0) { $0 += $1 } }
      #expect(values[0] == sum(0..<count))
    }
  }

  @Test(
    "Block by block and product by product give the same bits",
    arguments: [(16, 2), (100, 2), (130, 4), (600, 16), (40, 5)])
  func modes(rows: Int, count: Int) throws {
    let network = try Network<Float>(
      sizes: [2, 20, 17, 3], activations: [.gelu, .maxout(pieces: 3), .softmax],
      loss: .crossEntropy, dropout: [0.3, 0], normalizations: [.layer, nil], seed: 3)
    let batch = SameBitsTests.weighted(rows).batch
    let regularization = StochasticRegularization(
      seed: 1, step: 3, inputDeviation: 0.1, labelSmoothing: 0.1, mixup: 0.4)
    var results: [(Double, Parameters<Float>, [Int])] = []
    for (most, threads) in [(1, 1), (1, 2), (count, 2), (count, 3)] {
      let pool = threads > 1 ? ThreadPool(threads: threads) : nil
      var workspace = Workspace(for: network, capacity: rows, regularization: regularization)
      workspace.shards = count
      var gradient = network.makeGradient()
      let judged = UnsafeMutableBufferPointer<Int>.allocate(capacity: count)
      defer { judged.deallocate() }
      judged.initialize(repeating: 0)
      let passes = BlockPasses<Float>(for: network.parameters.layout, blocks: most) {
        judged[$0] += $1.count
        _ = $2.rows
      }
      let loss = network.forwardAndBackward(
        batch, in: &workspace, scale: 1 / Float(rows), under: regularization, into: &gradient,
        through: passes, pool: pool)
      #expect(passes.suit(workspace.blocks, width: workspace.width, pool: pool) == (most > 1))
      results.append((loss, gradient, Array(judged)))
    }
    for result in results {
      #expect(result.0 == results[0].0 && result.1 == results[0].1 && result.2 == results[0].2)
    }
    #expect(results[0].2.reduce(0, +) == rows)
  }

  @Test("An example is mixed with one of its own block")
  func mixup() throws {
    let network = try Network<Double>(
      sizes: [1, 1], activations: [.identity], loss: .squaredError, seed: 1)
    // x is the number of the block times 1000.
    let blocks = Blocks(rows: 64, count: 4)
    let x = (0..<64).map { row in
      [Double((0..<4).first { blocks.rows(of: $0).contains(row) } ?? 9) * 1000]
    }
    let regularization = StochasticRegularization(seed: 4, mixup: 1)
    var workspace = Workspace(for: network, capacity: 64, regularization: regularization)
    workspace.shards = 4
    network.forward(
      Batch(inputs: Matrix(x), targets: Matrix(x)), in: &workspace, under: regularization)
    let mixed = workspace.copy(workspace.inputs).elements
    for row in 0..<64 { #expect(abs(mixed[row][0] - x[row][0]) < 1e-9) }
    #expect(Set(workspace.regularized.partners.prefix(64)).count == 64)
    #expect(zip(0..<64, workspace.regularized.partners).contains { $0 != Int($1) })
  }
}
