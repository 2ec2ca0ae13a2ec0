import CBackprop

// Everything that crosses into the C kernels, in one file: the element type and its table of
// kernels, the memory they work on, the pool that runs them, and the names of the closed sets that
// they share with Swift. No other file imports CBackprop.

/// The element type of a network: exactly `Float` and `Double`.
///
/// Training is in `Float`; the gradient check runs the same equations in `Double`. Generic code
/// orchestrates per layer; every element loop is a kernel, compiled for both.
public protocol Scalar: BinaryFloatingPoint, LosslessStringConvertible, Codable, Sendable
where RawSignificand: FixedWidthInteger {
  /// The kernels for this type. An implementation detail of the library.
  static var kernels: Kernels<Self> { get }
  /// "float" or "double", as files and the command line spell it.
  static var precisionName: String { get }
}

/// Rows that are read next: kernels fetch them on the way.
typealias RowsAhead = bp_rows

/// The table of kernels for one element type. Contracts stand in `CBackprop.h`.
public struct Kernels<T>: Sendable {
  typealias In = UnsafePointer<T>?
  typealias Out = UnsafeMutablePointer<T>?
  typealias Rows = UnsafePointer<UInt32>?
  typealias Pool = OpaquePointer?

  let affine:
    @Sendable (
      Pool, Int, Int, Int, In, Int, Rows, In, bp_activation, T, Out, Int, Out, Int
    ) -> Void
  let passDown:
    @Sendable (
      Pool, Int, Int, Int, In, Int, In, bp_activation, T, In, Int, Out, Int
    ) -> Void
  let parameterGradient:
    @Sendable (
      Pool, Int, Int, Int, In, Int, Rows, In, Int, UnsafePointer<RowsAhead>?, Out
    ) -> Void
  let pack: @Sendable (Int, Int, In, In, Out) -> Void
  let unpack: @Sendable (Int, Int, In, Out, Out) -> Void
  let activate: @Sendable (Int, Int, In, Int, bp_activation, T, Out, Int) -> Void
  let multiplyDerivative: @Sendable (Int, Int, In, Int, In, Int, bp_activation, T, Out, Int) -> Void
  let softmax: @Sendable (Int, Int, In, Int, Out, Int) -> Void
  let softmaxDelta: @Sendable (Int, Int, In, Int, In, Int, Out, Int) -> Void
  let maxout: @Sendable (Int, Int, Int, In, Int, Out, Int) -> Void
  let maxoutDelta: @Sendable (Int, Int, Int, In, Int, In, Int, Out, Int) -> Void
  let normalize: @Sendable (Int, Int, In, Int, Bool, T, In, Out, Out, Int) -> Void
  let normalizeDelta: @Sendable (Int, Int, In, Int, In, Int, Bool, In, In, Out, Int) -> Void
  let normalizeGradient: @Sendable (Int, Int, In, Int, In, Int, Bool, In, Out) -> Void
  let loss: @Sendable (bp_loss, T, Int, Int, In, Int, In, Int, In, T, Out) -> Void
  let lossGradient: @Sendable (bp_loss, T, Int, Int, In, Int, In, Int, In, T, Out, Int) -> Void
  let softmaxCrossEntropy: @Sendable (Int, Int, In, Int, In, Int, In, T, Out) -> Void
  let sigmoidCrossEntropy: @Sendable (Int, Int, In, Int, In, Int, In, T, Out) -> Void
  let canonicalDelta: @Sendable (Int, Int, In, Int, In, Int, In, T, Out, Int) -> Void
  let updateSGD: @Sendable (Pool, Int, Int, Int, In, T, T, Out) -> Void
  let updateMomentum: @Sendable (Pool, Int, Int, Int, In, T, T, Bool, T, Out, Out) -> Void
  let updateAdam:
    @Sendable (Pool, Int, Int, Int, In, T, T, T, T, T, T, T, T, T, Out, Out, Out) -> Void
  let updateAMSGrad:
    @Sendable (Pool, Int, Int, Int, In, T, T, T, T, T, T, T, T, T, Out, Out, Out, Out) -> Void
  let updateNAdam:
    @Sendable (Pool, Int, Int, Int, In, T, T, T, T, T, T, T, T, T, T, Out, Out, Out) -> Void
  let updateRMSProp: @Sendable (Pool, Int, Int, Int, In, T, T, T, T, T, Out, Out) -> Void
  let updateAdadelta: @Sendable (Pool, Int, Int, Int, In, T, T, T, T, T, Out, Out, Out) -> Void
  let updateLion: @Sendable (Pool, Int, Int, Int, In, T, T, T, T, T, T, Out, Out) -> Void
  let updateRPROP: @Sendable (Pool, Int, Int, Int, In, T, T, T, T, T, T, Out, Out, Out) -> Void
  let clip: @Sendable (Pool, Int, Int, T, T, Out) -> Void
  let addPenaltyGradient: @Sendable (Pool, Int, Int, Int, In, T, Out) -> Void
  let sumSquares: @Sendable (Int, Int, Int, In) -> Double
  let dropout:
    @Sendable (
      Pool, Int, Int, In, Int, UInt64, UInt64, Int, UInt32, T, Out, Int, Out, Int
    ) -> Void
  let addNormal: @Sendable (Pool, Int, Int, In, Int, UInt64, UInt64, Int, T, Out, Int) -> Void
  let multiply: @Sendable (Pool, Int, Int, In, Int, Out, Int) -> Void
  let mix: @Sendable (Int, Int, In, Int, UnsafePointer<UInt32>?, In, Out, Int) -> Void
  let scaleAndShift: @Sendable (Int, Int, In, Int, T, T, Out, Int) -> Void
  let addSignGradient: @Sendable (Pool, Int, Int, Int, In, T, Out) -> Void
  let sumWeightMagnitudes: @Sendable (Int, Int, Int, In) -> Double
  let limitNorms: @Sendable (Pool, Int, Int, Int, T, Out) -> Void
  let blend: @Sendable (Pool, Int, Int, In, T, Out) -> Void
  let gather: @Sendable (Pool, Int, Int, In, Int, UnsafePointer<UInt32>?, Out, Int) -> Void
  let gatherBytes:
    @Sendable (
      Pool, Int, Int, UnsafePointer<UInt8>?, Int, UnsafePointer<UInt32>?, UnsafePointer<UInt32>?, T,
      Out, Int
    ) -> Void
  let unpackDecimals:
    @Sendable (
      Int, Int, Int, UnsafeRawPointer?, Int, UnsafePointer<Int32>?, UnsafePointer<Double>?,
      UnsafePointer<Double>?, UnsafeMutablePointer<Double>?, Int
    ) -> Void
  let addMoments:
    @Sendable (Int, Int, UnsafePointer<Double>?, Int, UnsafeMutablePointer<Double>?, Int) -> Void
  typealias Standardize =
    @Sendable (
      Int, Int, UnsafePointer<Double>?, Int, UnsafePointer<Double>?, UnsafePointer<Double>?, Out,
      Int
    ) -> Bool
  let standardize: Standardize
  let columnSums: @Sendable (Int, Int, In, Int, Out) -> Void
  let sum: @Sendable (Int, In) -> Double
  let dot: @Sendable (Int, In, In) -> Double
  let sumMagnitudes: @Sendable (Int, In) -> Double
  let largestMagnitude: @Sendable (Int, In) -> Double
  let combine: @Sendable (Int, T, In, T, In, Out) -> Void
  let firstNonfinite: @Sendable (Int, Int, In, Int) -> Int
  let map: @Sendable (bp_function, Int, In, Out) -> Void
}

extension Float: Scalar {
  public static let precisionName = "float"
  public static let kernels = Kernels<Float>(
    affine: bp_affine_f32, passDown: bp_pass_down_f32,
    parameterGradient: bp_parameter_gradient_f32, pack: bp_pack_f32, unpack: bp_unpack_f32,
    activate: bp_activate_f32, multiplyDerivative: bp_multiply_derivative_f32,
    softmax: bp_softmax_f32, softmaxDelta: bp_softmax_delta_f32, maxout: bp_maxout_f32,
    maxoutDelta: bp_maxout_delta_f32, normalize: bp_normalize_f32,
    normalizeDelta: bp_normalize_delta_f32, normalizeGradient: bp_normalize_gradient_f32,
    loss: bp_loss_f32, lossGradient: bp_loss_gradient_f32,
    softmaxCrossEntropy: bp_softmax_cross_entropy_f32,
    sigmoidCrossEntropy: bp_sigmoid_cross_entropy_f32, canonicalDelta: bp_canonical_delta_f32,
    updateSGD: bp_update_sgd_f32, updateMomentum: bp_update_momentum_f32,
    updateAdam: bp_update_adam_f32,
    updateAMSGrad: bp_update_amsgrad_f32,
    updateNAdam: bp_update_nadam_f32,
    updateRMSProp: bp_update_rmsprop_f32,
    updateAdadelta: bp_update_adadelta_f32,
    updateLion: bp_update_lion_f32,
    updateRPROP: bp_update_rprop_f32,
    clip: bp_clip_f32, addPenaltyGradient: bp_add_penalty_gradient_f32,
    sumSquares: bp_sum_squares_f32, dropout: bp_dropout_f32, addNormal: bp_add_normal_f32,
    multiply: bp_multiply_f32, mix: bp_mix_f32, scaleAndShift: bp_scale_and_shift_f32,
    addSignGradient: bp_add_sign_gradient_f32, sumWeightMagnitudes: bp_sum_weight_magnitudes_f32,
    limitNorms: bp_limit_norms_f32, blend: bp_blend_f32,
    gather: bp_gather_f32, gatherBytes: bp_gather_bytes_f32,
    unpackDecimals: bp_unpack_decimals_f32, addMoments: bp_add_moments_f32,
    standardize: bp_standardize_f32, columnSums: bp_column_sums_f32,
    sum: bp_sum_f32, dot: bp_dot_f32, sumMagnitudes: bp_sum_magnitudes_f32,
    largestMagnitude: bp_largest_magnitude_f32, combine: bp_combine_f32,
    firstNonfinite: bp_first_nonfinite_f32, map: bp_map_f32)
}

extension Double: Scalar {
  public static let precisionName = "double"
  public static let kernels = Kernels<Double>(
    affine: bp_affine_f64, passDown: bp_pass_down_f64,
    parameterGradient: bp_parameter_gradient_f64, pack: bp_pack_f64, unpack: bp_unpack_f64,
    activate: bp_activate_f64, multiplyDerivative: bp_multiply_derivative_f64,
    softmax: bp_softmax_f64, softmaxDelta: bp_softmax_delta_f64, maxout: bp_maxout_f64,
    maxoutDelta: bp_maxout_delta_f64, normalize: bp_normalize_f64,
    normalizeDelta: bp_normalize_delta_f64, normalizeGradient: bp_normalize_gradient_f64,
    loss: bp_loss_f64, lossGradient: bp_loss_gradient_f64,
    softmaxCrossEntropy: bp_softmax_cross_entropy_f64,
    sigmoidCrossEntropy: bp_sigmoid_cross_entropy_f64, canonicalDelta: bp_canonical_delta_f64,
    updateSGD: bp_update_sgd_f64, updateMomentum: bp_update_momentum_f64,
    updateAdam: bp_update_adam_f64,
    updateAMSGrad: bp_update_amsgrad_f64,
    updateNAdam: bp_update_nadam_f64,
    updateRMSProp: bp_update_rmsprop_f64,
    updateAdadelta: bp_update_adadelta_f64,
    updateLion: bp_update_lion_f64,
    updateRPROP: bp_update_rprop_f64,
    clip: bp_clip_f64, addPenaltyGradient: bp_add_penalty_gradient_f64,
    sumSquares: bp_sum_squares_f64, dropout: bp_dropout_f64, addNormal: bp_add_normal_f64,
    multiply: bp_multiply_f64, mix: bp_mix_f64, scaleAndShift: bp_scale_and_shift_f64,
    addSignGradient: bp_add_sign_gradient_f64, sumWeightMagnitudes: bp_sum_weight_magnitudes_f64,
    limitNorms: bp_limit_norms_f64, blend: bp_blend_f64,
    gather: bp_gather_f64, gatherBytes: bp_gather_bytes_f64,
    unpackDecimals: bp_unpack_decimals_f64, addMoments: bp_add_moments_f64,
    standardize: bp_standardize_f64, columnSums: bp_column_sums_f64,
    sum: bp_sum_f64, dot: bp_dot_f64, sumMagnitudes: bp_sum_magnitudes_f64,
    largestMagnitude: bp_largest_magnitude_f64, combine: bp_combine_f64,
    firstNonfinite: bp_first_nonfinite_f64, map: bp_map_f64)
}

extension Activation {
  /// The elementwise kernel; softmax and maxout have kernels of their own, a user's own has none.
  var kernel: bp_activation {
    switch self {
    case .identity, .softmax, .maxout, .own: BP_IDENTITY
    case .sigmoid: BP_SIGMOID
    case .tanh: BP_TANH
    case .relu: BP_RELU
    case .leakyReLU: BP_LEAKY_RELU
    case .elu: BP_ELU
    case .selu: BP_SELU
    case .softplus: BP_SOFTPLUS
    case .gelu: BP_GELU
    case .silu: BP_SILU
    case .mish: BP_MISH
    }
  }

  var kernelParameter: Double {
    switch self {
    case .leakyReLU(let slope): slope
    case .elu(let alpha): alpha
    default: 0
    }
  }

  /// Whether σ′ is computed from z; else it is computed from a = σ(z).
  var derivativeUsesWeightedInputs: Bool { bp_derivative_uses_z(kernel) }
}

extension Loss {
  /// The kernel and its parameter, or nil for a custom loss.
  var kernel: (kind: bp_loss, parameter: Double)? {
    switch self {
    case .squaredError: (BP_SQUARED_ERROR, 0)
    case .absoluteError: (BP_ABSOLUTE_ERROR, 0)
    case .huber(let delta): (BP_HUBER, delta)
    case .binaryCrossEntropy: (BP_BINARY_CROSS_ENTROPY, 0)
    case .crossEntropy: (BP_CROSS_ENTROPY, 0)
    case .hinge: (BP_HINGE, 0)
    case .poisson: (BP_POISSON, 0)
    case .quantile(let quantile): (BP_QUANTILE, quantile)
    case .custom: nil
    }
  }
}

extension Double {
  /// log x by our own polynomial, so that no libm can change a bit.
  static func naturalLogarithm(_ x: Double) -> Double {
    var result = x
    withUnsafeMutablePointer(to: &result) { bp_map_f64(BP_LOG, 1, $0, $0) }
    return result
  }

  /// The same for each of the first numbers, in place.
  static func formLogarithms(of x: UnsafeMutableBufferPointer<Double>, count: Int) {
    bp_map_f64(BP_LOG, count, x.baseAddress, x.baseAddress)
  }

  /// eˣ by our own polynomial.
  static func naturalExponential(_ x: Double) -> Double {
    var result = x
    withUnsafeMutablePointer(to: &result) { bp_map_f64(BP_EXP, 1, $0, $0) }
    return result
  }
}

/// Memory for kernels: 64-byte aligned, zero at first, with readable slack behind the last element.
///
/// It is Sendable because every owner (`Matrix`, `Parameters`, `Workspace`) copies before it writes
/// unless it is the only one.
@usableFromInline
final class AlignedBuffer<Element: Scalar>: @unchecked Sendable {
  @usableFromInline let start: UnsafeMutablePointer<Element>
  @usableFromInline let count: Int

  @usableFromInline
  init(count: Int) {
    let bytes = count * MemoryLayout<Element>.stride
    guard let memory = bp_buffer_create(bytes) else {
      preconditionFailure("out of memory: \(bytes) bytes for \(count) numbers")
    }
    start = memory.bindMemory(to: Element.self, capacity: count)
    self.count = count
  }

  @usableFromInline
  func copy() -> AlignedBuffer {
    let copy = AlignedBuffer(count: count)
    copy.start.update(from: start, count: count)
    return copy
  }

  deinit {
    bp_buffer_destroy(start, count * MemoryLayout<Element>.stride)
  }
}

/// A pool of threads that split the output tiles of a kernel, never a sum; so the number of threads
/// changes the time and not one bit of the result. A pool serves one caller at a time; a
/// second one meanwhile works alone.
public final class ThreadPool: @unchecked Sendable {
  let handle: OpaquePointer?

  /// Number of threads that the system gave, the caller's included.
  public let threads: Int

  /// Starts the pool.
  ///
  /// - Parameter threads: At least 1, the caller's included.
  public init(threads: Int) {
    precondition(threads >= 1 && threads <= 1 << 16, "a pool of \(threads) threads")
    handle = threads == 1 ? nil : bp_pool_create(Int32(threads))
    self.threads = Int(bp_pool_threads(handle))
  }

  deinit {
    if let handle { bp_pool_destroy(handle) }
  }

  /// Does two things at the same time, the first on the caller's thread, if there may be two threads and
  /// the system gives them; else one after the other.
  static func both<First, Second: Sendable>(
    threads: Int, _ first: () -> First, _ second: @Sendable () -> Second
  ) -> (First, Second) {
    let pool = ThreadPool(threads: min(threads, 2))
    var (one, other): (First?, Second?) = (nil, nil)
    // Each part writes to its own variable, and the region is over before either is read.
    withoutActuallyEscaping(first) { first in
      withoutActuallyEscaping(second) { second in
        withUnsafeMutablePointer(to: &one) { one in
          withUnsafeMutablePointer(to: &other) { other in
            var body: (Int32, Int32) -> Void = { part, parts in
              if part == 0 { one.pointee = first() }
              if part == parts - 1 { other.pointee = second() }
            }
            withUnsafeMutablePointer(to: &body) { body in
              bp_pool_run(
                pool.handle,
                { context, part, parts in
                  context?.assumingMemoryBound(to: ((Int32, Int32) -> Void).self).pointee(
                    part, parts)
                }, body)
            }
          }
        }
      }
    }
    guard let one, let other else { preconditionFailure("a part of a region was left out") }
    return (one, other)
  }
}

extension UnsafeMutableBufferPointer {
  /// Asks for huge pages where the memory is large enough to gain by them; nothing of it may have been
  /// touched. One fault then stands for 512, and the rows of a batch share entries of the TLB.
  func preferHugePages() {
    bp_prefer_huge_pages(baseAddress, count * MemoryLayout<Element>.stride)
  }
}
