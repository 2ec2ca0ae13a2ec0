import CBackprop
import Testing

@testable import Backprop
@testable import BackpropInspection

extension Matrix {
  /// This matrix as an argument that a kernel writes.
  var target: bp_matrix {
    mutating get { bp_matrix(start: mutableStart, stride: stride) }
  }
}

/// The kernels of noise beside plain loops over `RandomSource.philox`, through each variant's table.
@Suite("Kernels of noise")
struct NoiseKernelTests {
  static let seed: UInt64 = 0x0123_4567_89AB_CDEF
  static let stream: UInt64 = 77 << 32 | 3 << 8 | 4

  /// Word j of the example at a position, as the header has it.
  static func word(_ position: Int, _ j: Int) -> UInt32 {
    let words = RandomSource.philox(
      counter: (
        UInt32(16 * (j / 64) + j % 16), UInt32(position), UInt32(truncatingIfNeeded: stream),
        UInt32(stream >> 32)
      ),
      key: (UInt32(truncatingIfNeeded: seed), UInt32(seed >> 32)))
    return [words.0, words.1, words.2, words.3][j / 16 % 4]
  }

  static func numbers<T: Scalar>(_ rows: Int, _ columns: Int, seed: UInt64) -> Matrix<T> {
    var random = RandomSource(seed: seed, purpose: .sampling)
    var matrix = Matrix<T>(rows: rows, columns: columns)
    for row in 0..<rows {
      for column in 0..<columns { matrix[row, column] = T(random.normal()) }
    }
    return matrix
  }

  static func soiled<T: Scalar>(_ rows: Int, _ columns: Int) -> Matrix<T> {
    var matrix = Matrix<T>(rows: rows, columns: columns)
    for row in 0..<rows { for column in 0..<columns { matrix[row, column] = .nan } }
    return matrix
  }

  static func noise<T: Scalar>(_ x: Matrix<T>, first: Int = 0) -> bp_noise {
    bp_noise(
      rows: x.rows, columns: x.columns, x: x.operand, seed: seed, stream: stream, first: first)
  }

  static let sizes = [
    (1, 1), (3, 7), (2, 15), (5, 16), (4, 17), (3, 63), (2, 64), (3, 65), (1, 130), (300, 150),
  ]

  @Test("A mask is the words of Philox below the threshold, for any threads", arguments: sizes)
  func dropout(size: (rows: Int, columns: Int)) {
    let (rows, columns) = size
    let pool = bp_pool_create(2)
    defer { bp_pool_destroy(pool) }
    let threshold: UInt32 = 0x5000_0000
    for variant in supportedVariants {
      let x: Matrix<Float> = Self.numbers(rows, columns, seed: 1)
      let y: Matrix<Double> = Self.numbers(rows, columns, seed: 1)
      var mask: Matrix<Float> = Self.soiled(rows, columns)
      var out = mask
      var mask2: Matrix<Double> = Self.soiled(rows, columns)
      var out2 = mask2
      bp_kernels_of(variant, BP_F32)?.pointee.dropout(
        pool, Self.noise(x, first: 5), threshold, 1.5, mask.target, out.target)
      bp_kernels_of(variant, BP_F64)?.pointee.dropout(
        pool, Self.noise(y, first: 5), threshold, 1.5, mask2.target, out2.target)
      var faults = 0
      for row in 0..<rows {
        for column in 0..<columns {
          let factor: Float = Self.word(5 + row, column) < threshold ? 0 : 1.5
          if mask[row, column] != factor || out[row, column] != factor * x[row, column]
            || mask2[row, column] != Double(factor)
            || out2[row, column] != Double(factor) * y[row, column]
          {
            faults += 1
          }
        }
      }
      #expect(faults == 0, "\(variant)")
    }
  }

  @Test("Gaussian noise is the inverse distribution function of the words", arguments: sizes)
  func normal(size: (rows: Int, columns: Int)) {
    let (rows, columns) = size
    for variant in supportedVariants {
      let x = Matrix<Float>(rows: rows, columns: columns)
      let y = Matrix<Double>(rows: rows, columns: columns)
      var out: Matrix<Float> = Self.soiled(rows, columns)
      var out2: Matrix<Double> = Self.soiled(rows, columns)
      bp_kernels_of(variant, BP_F32)?.pointee.add_normal(nil, Self.noise(x), 1, out.target)
      bp_kernels_of(variant, BP_F64)?.pointee.add_normal(nil, Self.noise(y), 1, out2.target)
      var worst = 0.0
      var worst2 = 0.0
      for row in 0..<rows {
        for column in 0..<columns {
          let word = Self.word(row, column)
          let tail = (Double(word & 0x7FFF_FFFF) + 0.5) * 0x1p-32
          let magnitude = -RandomSource.normalQuantile(tail)
          let exact = word >> 31 == 1 ? -magnitude : magnitude
          worst = max(worst, abs(Double(out[row, column]) - exact))
          worst2 = max(worst2, abs(out2[row, column] - exact))
        }
      }
      #expect(worst < 2e-6 && worst2 < 1e-14, "\(variant): \(worst), \(worst2)")
    }
  }

  @Test("Products, mixtures and smoothed targets agree with plain loops", arguments: sizes)
  func plain(size: (rows: Int, columns: Int)) {
    let (rows, columns) = size
    for variant in supportedVariants {
      guard let kernels = bp_kernels_of(variant, BP_F64)?.pointee else { continue }
      let x: Matrix<Double> = Self.numbers(rows, columns, seed: 1)
      let start: Matrix<Double> = Self.numbers(rows, columns, seed: 2)
      var product = start
      kernels.multiply(nil, rows, columns, x.operand, product.target)
      let partners = (0..<rows).map { UInt32(rows - 1 - $0) }
      let shares = (0..<rows).map { 0.5 + 0.5 / Double($0 + 1) }
      var mixed: Matrix<Double> = Self.soiled(rows, columns)
      kernels.mix(rows, columns, x.operand, partners, shares, mixed.target)
      var smooth: Matrix<Double> = Self.soiled(rows, columns)
      kernels.scale_and_shift(rows, columns, x.operand, 0.9, 0.025, smooth.target)
      for row in 0..<rows {
        for column in 0..<columns {
          let value = x[row, column]
          let other = x[rows - 1 - row, column]
          #expect(product[row, column] == start[row, column] * value)
          let mixture = shares[row] * value + (1 - shares[row]) * other
          #expect(abs(mixed[row, column] - mixture) < 1e-15 * (abs(value) + abs(other)))
          #expect(abs(smooth[row, column] - (0.9 * value + 0.025)) < 1e-15 * (1 + abs(value)))
        }
      }
    }
  }
}
