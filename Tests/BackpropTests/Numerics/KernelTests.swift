import CBackprop
import CReference
import Testing

@testable import Backprop
@testable import BackpropInspection

/// The variants that this processor can run.
let supportedVariants = [BP_BASELINE, BP_FMA128, BP_AVX2, BP_AVX512, BP_NEON].filter {
  bp_variant_supported($0)
}

extension bp_variant: @retroactive CustomTestStringConvertible {
  public var testDescription: String {
    switch self {
    case BP_BASELINE: "baseline"
    case BP_FMA128: "FMA, 128 bits"
    case BP_AVX2: "AVX2"
    case BP_AVX512: "AVX-512"
    case BP_NEON: "NEON"
    default: "variant \(rawValue)"
    }
  }
}

/// Each kernel is called through its variant's own table, so that nothing here changes what other
/// suites run on. The loops to compare with stand in CReference.
@Suite("Kernels")
struct KernelTests {
  private static func expectNone(_ fault: UnsafePointer<CChar>?, _ sizes: Int...) {
    if let fault { Issue.record("\(String(cString: fault)) at \(sizes)") }
  }

  @Test("Products agree with plain loops in every bit, at every size", arguments: supportedVariants)
  func products(variant: bp_variant) {
    let others = [1, 2, 3, 5, 7, 8, 13, 14, 16, 17, 25, 31, 32, 33, 47, 48, 63, 65, 0]
    for size in 0...67 {
      for turn in 0..<2 {
        let p = others[(size * 5 + turn * 8) % others.count]
        let q = others[(size * 7 + turn * 3 + 9) % others.count]
        for (m, k, n) in [(size, p, q), (q, size, p), (p, q, size)] {
          Self.expectNone(ref_check_products_f32(variant, nil, m, k, n), m, k, n)
          Self.expectNone(ref_check_products_f64(variant, nil, m, k, n), m, k, n)
        }
      }
    }
  }

  @Test(
    "Products across blocks, chunks and threads agree with plain loops in every bit",
    arguments: supportedVariants)
  func largeProducts(variant: bp_variant) {
    let pool = bp_pool_create(2)
    defer { bp_pool_destroy(pool) }
    for (m, k, n) in [
      (1, 600, 300), (2, 700, 400), (17, 300, 70), (600, 40, 20), (200, 260, 270), (32, 784, 30),
    ] {
      Self.expectNone(ref_check_products_f32(variant, pool, m, k, n), m, k, n)
      Self.expectNone(ref_check_products_f32(variant, nil, m, k, n), m, k, n)
    }
    for (m, k, n) in [(1, 600, 300), (3, 300, 70), (600, 20, 10), (97, 260, 260)] {
      Self.expectNone(ref_check_products_f64(variant, pool, m, k, n), m, k, n)
    }
  }

  @Test(
    "A row has the same bits in a batch of thousands and in one of seven",
    arguments: supportedVariants)
  func batches(variant: bp_variant) {
    // So many that the last of the packed chunks has two rows, with tiles of 12 rows and of 6.
    for m in [2882, 5954] {
      Self.expectNone(ref_check_batches_f32(variant, m, 256, 256), m, 256, 256)
    }
    Self.expectNone(ref_check_batches_f64(variant, 2882, 256, 256), 2882, 256, 256)
    Self.expectNone(ref_check_batches_f64(variant, 300, 20, 600), 300, 20, 600)
  }

  @Test("Losses and their gradients agree with the formulas", arguments: supportedVariants)
  func losses(variant: bp_variant) {
    for columns in 0...67 {
      Self.expectNone(ref_check_losses_f32(variant, 3, columns), 3, columns)
      Self.expectNone(ref_check_losses_f64(variant, 3, columns), 3, columns)
    }
  }

  @Test("Updates agree with plain loops in every bit", arguments: supportedVariants)
  func updates(variant: bp_variant) {
    let pool = bp_pool_create(2)
    defer { bp_pool_destroy(pool) }
    for rows in 1...67 {
      Self.expectNone(ref_check_updates_f32(variant, nil, 3, rows), 3, rows)
      Self.expectNone(ref_check_updates_f64(variant, nil, 3, rows), 3, rows)
    }
    Self.expectNone(ref_check_updates_f32(variant, pool, 3, 1501), 3, 1501)
    Self.expectNone(ref_check_updates_f64(variant, pool, 3, 1501), 3, 1501)
  }

  @Test(
    "The first step of Adam is one learning rate long, however near to one β₂ is",
    arguments: [0.999, 0.9999, 0.99999, 0.999_999, 0.999_999_9, 0.999_999_99])
  func firstStepOfAdam(beta2: Double) throws {
    // m/c₁ = g and v/c₂ = g², so θ moves by η g / |g|; Float has no number between 0.99999994 and 1.
    func step<T: Scalar>(_ type: T.Type) throws -> Double {
      var parameters = try Network<T>(
        sizes: [1, 1], activations: [.identity], loss: .squaredError, seed: 1
      ).parameters
      var gradient = parameters
      gradient.mutableStart[0] = 2
      parameters.mutableStart[0] = 0
      var optimizer = Optimizer<T>(rule: .adam(beta2: beta2), for: parameters.layout)
      optimizer.update(&parameters, along: gradient, rate: 1)
      return Double(parameters.start[0])
    }
    #expect(abs(try step(Float.self) + 1) < 1e-6)
    #expect(abs(try step(Double.self) + 1) < 1e-7)
  }

  @Test(
    "Rows, selections and elementwise kernels agree with plain loops", arguments: supportedVariants)
  func rows(variant: bp_variant) {
    for columns in 0...67 {
      Self.expectNone(ref_check_rows_f32(variant, nil, 3, columns), 3, columns)
      Self.expectNone(ref_check_rows_f64(variant, nil, 2, columns), 2, columns)
    }
    let pool = bp_pool_create(2)
    defer { bp_pool_destroy(pool) }
    Self.expectNone(ref_check_rows_f32(variant, pool, 33, 67), 33, 67)
  }

  @Test(
    "A factor for each column agrees with plain loops in every bit", arguments: supportedVariants)
  func scaling(variant: bp_variant) {
    for columns in 0...67 {
      for (rows, blocks) in [(0, 1), (1, 1), (5, 1), (7, 3), (20, 5), (33, 16), (3, 9)] {
        Self.expectNone(ref_check_scaling_f32(variant, rows, columns, blocks), rows, columns)
        Self.expectNone(ref_check_scaling_f64(variant, rows, columns, blocks), rows, columns)
      }
    }
  }

  @Test("Cells are read as decimals as digit by digit", arguments: supportedVariants)
  func decimals(variant: bp_variant) {
    Self.expectNone(ref_check_decimals_f32(variant))
    Self.expectNone(ref_check_decimals_f64(variant))
  }

  @Test("All variants with FMA give the same bits, for one thread and for two")
  func sameBits() {
    let pool = bp_pool_create(2)
    defer { bp_pool_destroy(pool) }
    let fused = supportedVariants.filter { ref_fuses($0) }
    #expect(Set(fused.map { ref_fingerprint_f32($0, nil) }).count <= 1)
    #expect(Set(fused.map { ref_fingerprint_f64($0, nil) }).count <= 1)
    for variant in fused {
      #expect(ref_fingerprint_f32(variant, pool) == ref_fingerprint_f32(variant, nil))
      #expect(ref_fingerprint_f64(variant, pool) == ref_fingerprint_f64(variant, nil))
    }
  }

  @Test("Blocks of an inner sum cover it and stay within the longest")
  func blocks() {
    for extent in 1...5000 {
      let block = bp_inner_block(extent)
      #expect(block >= 1 && block <= 575 && (extent <= block || block % 16 == 0))
    }
  }
}
