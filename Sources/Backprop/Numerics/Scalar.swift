import CBackprop

// Everything that crosses into the C kernels, in one file: the element type and its table of
// kernels, the memory they work on, the pool that runs them, and the names of the closed sets that
// they share with Swift. No other file imports CBackprop.

/// The element type of a network: exactly `Float` and `Double`.
///
/// Training is in `Float`; the gradient check runs the same equations in `Double`. Generic code
/// orchestrates per layer; every element loop is a kernel, compiled for both.
public protocol Scalar: BinaryFloatingPoint, LosslessStringConvertible, Codable, BitwiseCopyable,
  Sendable
where RawSignificand: FixedWidthInteger {
  /// "float" or "double", as files and the command line spell it.
  static var precisionName: String { get }
}

/// Rows that are read next: kernels fetch them on the way.
typealias RowsAhead = bp_rows
/// Some rows of a tensor.
typealias KernelPanels = bp_panels
/// The same with the rate, the decay and the ε that a step of an optimiser has for them.
typealias UpdateSpan = bp_span

/// The order of a sum over rows.
typealias SumOverBlocks = bp_blocks

extension Scalar {
  /// The kernels for this type, of the instruction set that is active. Their names and contracts
  /// stand in `CBackpropKernels.h`.
  @inline(__always)
  static var kernels: bp_kernels {
    bp_active_kernels(MemoryLayout<Self>.size == MemoryLayout<Float>.size ? BP_F32 : BP_F64).pointee
  }
}

extension Float: Scalar {
  public static let precisionName = "float"
}

extension Double: Scalar {
  public static let precisionName = "double"
}

extension MatrixView {
  /// This matrix as an argument of a kernel.
  var operand: bp_matrix { bp_matrix(start: start, stride: stride) }
  /// The same for a kernel that may do without: no start where nothing is kept.
  var optionalOperand: bp_matrix { bp_matrix(start: isKept ? start : nil, stride: stride) }
}

extension MatrixView {
  /// These rows as what columns are scaled of: this, or this less `from`.
  func scaling(_ rows: Int, from: MatrixView = .none) -> bp_scaling {
    bp_scaling(
      rows: rows, columns: columns, x: operand, x_rows: self.rows, from: from.optionalOperand)
  }
}

extension UnsafeBufferPointer where Element: Scalar {
  /// Where the first NaN or infinity stands; negative if there is none.
  var firstNonfinite: Int {
    Element.kernels.first_nonfinite(
      1, count, bp_matrix(start: UnsafeMutableRawPointer(mutating: baseAddress), stride: count))
  }
}

extension Normalization {
  /// z of a batch and the moments of its rows.
  func operand<T: Scalar>(_ rows: Int, _ state: NormalizationState<T>) -> bp_normalization {
    bp_normalization(
      rows: rows, columns: state.weightedInputs.columns, centred: isCentred,
      z: state.weightedInputs.operand, moments: state.moments)
  }
}

extension Workspace {
  /// y and w of some rows of the batch, as the kernels of a loss take them.
  func kernelTargets(_ rows: Range<Int>) -> bp_targets {
    bp_targets(
      rows: rows.count, columns: targets.columns, y: targets.dropping(rows.lowerBound).operand,
      weights: weights.map { $0 + rows.lowerBound }, scale: Double(scale))
  }
}

extension Matrix {
  /// This matrix as an argument that a kernel reads.
  var operand: bp_matrix {
    bp_matrix(start: UnsafeMutableRawPointer(mutating: start), stride: stride)
  }
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

extension OptimizerRule {
  /// The kernel's rule with the numbers that are its own: what a step is to do is still to be said.
  var kernel: bp_update {
    var update = bp_update()
    switch self {
    case .gradientDescent, .sgd: update.rule = BP_SGD
    case .momentum(let momentum): (update.rule, update.beta1) = (BP_MOMENTUM, momentum)
    case .nesterov(let momentum): (update.rule, update.beta1) = (BP_NESTEROV, momentum)
    case .adaGrad: (update.rule, update.beta2, update.other2) = (BP_RMSPROP, 1, 1)
    case .rmsProp(let smoothing, _):
      (update.rule, update.beta2, update.other2) = (BP_RMSPROP, smoothing, 1 - smoothing)
    case .adadelta(let smoothing, _):
      (update.rule, update.beta2, update.other2) = (BP_ADADELTA, smoothing, 1 - smoothing)
    case .adam(let beta1, let beta2, _), .adamW(let beta1, let beta2, _),
      .rAdam(let beta1, let beta2, _):
      update.setMoments(BP_ADAM, beta1, beta2)
    case .amsGrad(let beta1, let beta2, _): update.setMoments(BP_AMSGRAD, beta1, beta2)
    case .nAdam(let beta1, let beta2, _, _): update.setMoments(BP_NADAM, beta1, beta2)
    case .lion(let beta1, let beta2): update.setMoments(BP_LION, beta1, beta2)
    case .rprop(let shrinkage, let growth, let smallest, let largest):
      (update.rule, update.shrink, update.grow) = (BP_RPROP, shrinkage, growth)
      (update.smallest, update.largest) = (smallest, largest)
    case .lbfgs: preconditionFailure("L-BFGS searches along lines")
    }
    return update
  }
}

extension bp_update {
  fileprivate mutating func setMoments(_ rule: bp_rule, _ beta1: Double, _ beta2: Double) {
    self.rule = rule
    (self.beta1, other1) = (beta1, 1 - beta1)
    (self.beta2, other2) = (beta2, 1 - beta2)
  }
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
    withUnsafeMutablePointer(to: &result) { kernels.map(BP_LOG, 1, $0, $0) }
    return result
  }

  /// The same for each of the first numbers, in place.
  static func formLogarithms(of x: UnsafeMutableBufferPointer<Double>, count: Int) {
    kernels.map(BP_LOG, count, x.baseAddress, x.baseAddress)
  }

  /// eˣ by our own polynomial.
  static func naturalExponential(_ x: Double) -> Double {
    var result = x
    withUnsafeMutablePointer(to: &result) { kernels.map(BP_EXP, 1, $0, $0) }
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
    let (bytes, overflow) = count.multipliedReportingOverflow(by: MemoryLayout<Element>.stride)
    guard !overflow, let memory = bp_buffer_create(bytes) else {
      bp_exhausted(overflow ? .max : bytes)
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

extension Memory {
  /// What `ulimit -v` and `ulimit -d` leave; nil without limits.
  static var leftOfLimits: Int? {
    let bytes = bp_limit_left()
    return bytes < .max ? Int(bytes) : nil
  }

  /// Sets what ends the process where memory fails that no error can tell of: a program's own last
  /// line, as a library's is a trap.
  package static func onExhaustion(_ handler: @escaping @convention(c) (_ bytes: Int) -> Void) {
    bp_on_exhaustion(handler)
  }
}

/// What the threads of a pool do side by side.
protocol PoolWork: AnyObject {
  /// Does one part of the work, which touches no memory that another part writes.
  ///
  /// - Parameters:
  ///   - part: From 0.
  ///   - parts: How many there are, at least 1.
  func run(part: Int, of parts: Int)
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

  /// Does some work in as many parts as there are threads, each on its own. Without a pool, or while it
  /// serves another caller, all of it is one part.
  static func run(_ work: any PoolWork, on pool: ThreadPool?) {
    guard let handle = pool?.handle else { return work.run(part: 0, of: 1) }
    withUnsafePointer(to: work) { work in
      bp_pool_run(
        handle,
        { context, part, parts in
          context?.assumingMemoryBound(to: (any PoolWork).self).pointee.run(
            part: Int(part), of: Int(parts))
        }, UnsafeMutableRawPointer(mutating: work))
    }
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
