import CBackprop
import CReference
import Testing

@testable import Backprop
@testable import BackpropInspection

@Suite("Memory and threads of the kernels")
struct MemoryAndPoolTests {
  @Test(
    "Buffers are aligned, zero at first and readable beyond their end",
    arguments: [
      0, 1, 63, 4096, 1 << 20, (4 << 20) - 1, 4 << 20, (8 << 20) + 5,
    ])
  func buffers(bytes: Int) throws {
    let buffer = try #require(bp_buffer_create(bytes))
    #expect(Int(bitPattern: buffer) % (bytes >= 4 << 20 ? 2 << 20 : 64) == 0)
    let memory = buffer.assumingMemoryBound(to: UInt8.self)
    for offset in Swift.stride(from: 0, to: bytes + 4096, by: 1021) { #expect(memory[offset] == 0) }
    #expect(memory[bytes + 4095] == 0)
    if bytes > 0 { memory[bytes - 1] = 1 }
    bp_buffer_destroy(buffer, bytes)
  }

  @Test("A buffer larger than the address space is refused")
  func tooLarge() {
    #expect(bp_buffer_create(Int.max) == nil)
  }

  @Test("Pools start, work, sleep and stop", arguments: [1, 2, 3, 5])
  func pools(threads: Int32) async throws {
    for round in 0..<20 {
      let pool = bp_pool_create(threads)
      #expect(bp_pool_threads(pool) == threads)
      // Some rounds leave the workers time to fall asleep.
      if round % 5 == 0 { try await Task.sleep(for: .milliseconds(5)) }
      #expect(ref_check_updates_f32(BP_BASELINE, pool, 3, 1501) == nil)
      bp_pool_destroy(pool)
    }
  }

  @Test("Callers that share a pool get the bits of one that works alone", .timeLimit(.minutes(1)))
  func sharedPool() async throws {
    let network = try Network<Float>(
      sizes: [64, 256, 128, 8], activations: [.relu, .tanh, .softmax], loss: .crossEntropy, seed: 1)
    var inputs = Matrix<Float>(rows: 100, columns: 64)
    for row in 0..<100 {
      for column in 0..<64 { inputs[row, column] = Float((row * 37 + column * 11) % 23) / 23 }
    }
    let pool = ThreadPool(threads: 3)
    let examples = inputs
    let expected = network.predictions(for: examples)
    await withTaskGroup(of: Bool.self) { group in
      for _ in 0..<4 {
        group.addTask {
          (0..<20).allSatisfy { _ in network.predictions(for: examples, pool: pool) == expected }
        }
      }
      for await isSame in group { #expect(isSame) }
    }
  }

  @Test("Two things done at the same time give what they give one after the other")
  func both() {
    for count in 0..<40 {
      let (sum, text) = ThreadPool.both(threads: 2, { (0..<count).reduce(0, +) }, { String(count) })
      #expect(sum == count * (count - 1) / 2)
      #expect(text == String(count))
    }
    let (inner, outer) = ThreadPool.both(
      threads: 2, { ThreadPool.both(threads: 1, { 1 }, { 2 }) }, { 3 })
    #expect(inner.0 == 1 && inner.1 == 2 && outer == 3)
  }
}
